-- SPDX-License-Identifier: MIT
-- Tokens as people paste them: removes what is around a token, and finds out what is wrong with a text that is not a token.

local token_verifier = require "token_verifier";
local encodings = require "token_verifier.explain.encodings";
local find = require "token_verifier.explain.causes".find;
local plain_file = require "token_verifier.plugin.plain_file";

-- Limits; nobody pastes more, or with more layers around it.
local max_length = 64 * 1024;
-- Web servers refuse URLs of more than 8 KiB: from this length on a token may not fit.
local longest_in_url, longest_token = 8000, 16384;
local max_wrappings = 8;
local longest_name = 255; -- of a file, in bytes

-- What people leave around a token, outermost first: { key of the cause, f(text) -> what is inside, or nil }.
local wrappings = {
	{ "token-in-url", function (text)
		return text:match("^%a[%w+.-]*://.*[?&#]jwt=([^&#]*)") or text:match("^%a[%w+.-]*://.*[?&#]%a*token=([^&#]*)");
	end };
	{ "bearer-prefix", function (text)
		return text:match("^[Aa]uthorization:%s*[Bb]earer%s+(.*)$") or text:match("^[Bb]earer[%s:]+(.*)$");
	end };
	{ "quoted-token", function (text)
		return text:match('^"(.*)"[,;]?$') or text:match("^'(.*)'[,;]?$") or text:match("^`(.*)`$") or text:match("^<(.*)>$");
	end };
	{ "url-encoded-token", function (text)
		return text:find("%%%x%x") and encodings.url_decode(text);
	end };
	{ "line-breaks", function (text)
		return text:find("%s") and text:gsub("%s", "") or text:find("\\[rn]") and text:gsub("\\[rn]", "");
	end };
};

-- Trims blanks. The end is searched backwards: the pattern "%s*$" is slow on many blanks.
local function trim(text)
	local first = text:match("^%s*()");
	local last = #text - text:reverse():match("^%s*()") + 1;
	return text:sub(first, last);
end

-- Returns what is inside the outermost layer around a token, and the key of its cause; nil if there is no layer.
local function unwrap(text)
	local trimmed = trim(text);
	for _, wrapping in ipairs(wrappings) do
		local key, inside = wrapping[1], wrapping[2];
		local inner = inside(key == "line-breaks" and text or trimmed);
		if inner and inner ~= text then
			return inner, key;
		end
	end
	return nil;
end

-- Removes what is around a token. Returns the token, and a list of findings. A line end after the token is not a finding.
local function clean(text)
	local findings, seen = {}, {};
	text = text:gsub("\r?\n$", "");
	for _ = 1, #text <= max_length and max_wrappings or 0 do
		local inner, key = unwrap(text);
		if not inner then
			break;
		end
		text = inner;
		if not seen[key] then
			seen[key], findings[#findings + 1] = true, find(key);
		end
	end
	if #text > longest_in_url and #text <= longest_token then
		findings[#findings + 1] = find("token-long-for-url", { length = tostring(#text) });
	end
	return text, findings;
end

local function parts_of(token)
	local parts = {};
	for part in (token.."."):gmatch("(.-)%.") do
		parts[#parts + 1] = part;
	end
	return parts;
end

local function is_header(part)
	local text = encodings.base64_decode(part) or encodings.base64_decode(part:sub(1, -2)); -- it may be cut off anywhere
	return text ~= nil and text:find('^{%s*"[%w_]+"') ~= nil;
end

-- The finding about what a token lacks whose header can be decoded, or nil.
local function what_is_cut(token, parts, code)
	if token:find("%.%.%.$") or token:find("\226\128\166$") then
		return "it ends with \"...\"";
	elseif #parts == 1 then
		return "there is nothing behind the first part";
	elseif #parts == 2 then
		return "there is no third part, the signature";
	elseif #parts == 3 and code == "malformed-token" and not token:find("[^%w._-]") then
		return "a part of it ends in the middle of a character";
	end
	return nil;
end

-- The finding for a text that is not a token; `code` is that of the native module.
local function of_shape(token, code)
	if token == "" then
		return find("empty-token");
	end
	if #token <= longest_name and plain_file.can_open(token) then
		return find("token-is-file-name");
	end
	local parts = parts_of(token);
	local header = is_header(parts[1]);
	local cut = header and code ~= "token-too-large" and what_is_cut(token, parts, code);
	if cut then
		return find("cut-off", { missing = cut });
	elseif code == "encrypted-token" or code == "token-too-large" then
		return find(code);
	elseif #parts == 3 and token:find("[=+/]") and not token:find("[^%w.=+/_-]") then
		return find("base64-padding");
	elseif not header and #parts < 3 then
		return find("opaque-token");
	end
	return find("malformed-token");
end

-- The size of a signature in bytes; nil if it is unknown. For OKP keys, the curve is also the name of an algorithm (RFC 9864).
local function size_of(alg, key)
	local rows = token_verifier.algorithms;
	local row = rows[key and key:curve()] or rows[alg];
	return key and key:type() == "RSA" and key:bits() // 8 or row and (row.signature_size
		or row.key_type == "OKP" and rows.Ed25519.signature_size) or nil; -- the shorter one
end

-- Whether the signature is too short for `alg`, so the token was cut off. `key` is the key used for the signature, or nil.
local function of_signature(token, alg, key)
	local parts = parts_of(token);
	local expected = size_of(alg, key);
	local found = #(parts[3] or "") * 3 // 4;
	if expected and found < expected then
		return find("signature-cut-off", { found = found, alg = alg, expected = expected });
	end
	return nil;
end

return { clean = clean, trim = trim, of_shape = of_shape, of_signature = of_signature };
