-- SPDX-License-Identifier: MIT
-- The log line of a refusal, and the text that the client gets.

local token_verifier = require "token_verifier";

local max_quoted = 64;
local max_header = 2048; -- enough for the longest kid

-- Whether a message may contain the source of keys. The client only learns that there was no key.
local function is_about_keys(code)
	local class = token_verifier.code_classes[code];
	return (class == "key" or class == "source") and code ~= "key-pending";
end

-- Whether a code is about the claims room or sub.
local function is_about_rooms(code)
	return token_verifier.code_classes[code] == "claim" and (code:find("^room%-") or code:find("^sub%-"));
end

-- Makes text from elsewhere safe for a log line.
local function quote(text)
	if #text > max_quoted then
		text = text:sub(1, max_quoted).."...";
	end
	return '"'..text:gsub('[%c\127-\255"\\]', function (char)
		return ("\\x%02x"):format(char:byte());
	end)..'"';
end

local function add(parts, name, value)
	if type(value) == "string" then
		parts[#parts + 1] = name.."="..quote(value);
	end
end

local function where(session, parts)
	add(parts, "tenant", session.jitsi_web_query_prefix);
	add(parts, "room", session.jitsi_web_query_room);
	add(parts, "client", session.ip);
end

-- The decoded header of a token whose other parts may be malformed; nil if it cannot be decoded. "e30" is "{}" in base64url.
local function header_of(token)
	return (token_verifier.inspect(token:match("^[^.]*")..".e30."));
end

-- The kid of a token that was not parsed yet, read from its header alone, and only if the header is not too long.
local function kid_of(token)
	local header = type(token) == "string" and #token:match("^[^.]*") <= max_header and header_of(token);
	return header and header.kid or nil;
end

-- Fields of the log line of a refused token. `facts` are those of its verification, with the issuer if the signature was valid.
local function refused_token(session, token, facts)
	local parts = {};
	add(parts, "kid", facts and facts.kid or not facts and kid_of(token));
	where(session, parts);
	add(parts, "iss", facts and facts.issuer);
	return table.concat(parts, " ");
end

-- Fields of the log line of a session that was refused a room, after its token had been verified.
local function refused_room(session, room_address)
	local parts = {};
	add(parts, "asked", room_address);
	where(session, parts);
	add(parts, "iss", session.jitsi_meet_auth_issuer);
	return table.concat(parts, " ");
end

-- Makes text from elsewhere safe for a stanza: Prosody accepts only UTF-8 without control characters.
local function for_stanza(text)
	if utf8.len(text) and not text:find("[%z\1-\8\11\12\14-\31]") then
		return text;
	end
	return (text:gsub("[^ -~]", "?"));
end

-- Do not tell clients which issuers or audiences are accepted.
local without_list = {
	["issuer-not-accepted"] = "iss is not accepted", ["audience-not-accepted"] = "aud is not accepted",
};

-- The SASL condition and the text for a code: the message of the log line, unless clients must not see it.
local function answer(code, message)
	if is_about_keys(code) then
		message = "could not obtain public key";
	end
	return is_about_rooms(code) and "not-authorized" or "not-allowed", without_list[code] or message;
end

return {
	header_of = header_of, quote = quote, for_stanza = for_stanza, refused_token = refused_token, refused_room = refused_room,
	answer = answer,
};
