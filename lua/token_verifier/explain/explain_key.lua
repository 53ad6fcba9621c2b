-- SPDX-License-Identifier: MIT
-- Why there is no key for a token, and what is remarkable about the one there is. It goes by the code and the sentence of
-- the native module: each of its sentences that is told apart here has a spec that gets it from a real server.

local token_verifier = require "token_verifier";
local find = require "token_verifier.explain.causes".find;
local quote = require "token_verifier.plugin.report".quote;
local spelling = require "token_verifier.options.spelling";

local max_listed = 8;

-- The texts as a shell takes them, where they may be shown at all.
local function shell_word(text)
	if text:find("^[%w._/:-]+$") then
		return text;
	elseif #text > 128 or text:find("[^\32-\126]") then
		return nil;
	end
	return "'"..text:gsub("'", "'\\''").."'";
end

-- The command that puts a public key where it is looked for; without a kid, one under a kid that is still to be chosen.
local function publish_command(kid, folder)
	return ("token-verifier publish PUBLIC-KEY.pem --kid %s --dir %s"):format(
		kid and (shell_word(kid) or "KID") or "NEW-KID", folder and shell_word(folder) or "FOLDER-OF-THE-KEYS");
end

local function held_keys(stores)
	local list = {};
	for _, store in ipairs(stores or {}) do
		for _, held in ipairs(store:keys()) do
			list[#list + 1] = held;
		end
	end
	return list;
end

local function list_kids(keys)
	local names = {};
	for i, held in ipairs(keys) do
		if i > max_listed then
			names[i] = ("and %d more"):format(#keys - max_listed);
			break;
		end
		names[i] = quote(held.kid);
	end
	return #names > 0 and table.concat(names, ", ") or "none";
end

local function squeeze(kid)
	return (kid:lower():gsub("[%s_-]", ""));
end

-- The kid that is nearly the same as one that is not there.
local function near_kid(kid, keys)
	for _, held in ipairs(keys) do
		local comparable = #kid >= 6 and #kid <= 128 and math.abs(#kid - #held.kid) <= 2;
		local distance = comparable and spelling.distance(kid, held.kid) or math.huge;
		if squeeze(held.kid) == squeeze(kid) or distance <= 2 and distance < #kid / 3 then
			return held.kid;
		end
	end
	return nil;
end

-- What a sentence names: an address, its host and port, an HTTP status, a file.
local function named_in(message, kid)
	local url = message:match("https?://[^%s,\"]+");
	local authority = url and url:match("^https?://([^/]+)") or "";
	local file = message:match("/(%x+%.pem) for ") or message:match("%(file (%x+%.pem)%)");
	local asked = file or url and message:find("^the key that ") and token_verifier.key_file_name(kid);
	local address = url and asked and url:gsub("/*$", "/"..asked) or url;
	return {
		url = address and shell_word(address) or address, host = authority:match("^(.-):%d+$") or authority ~= "" and authority,
		port = authority:match(":(%d+)$") or (url and url:find("^https") and "443" or "80"),
		status = message:match("HTTP (%d%d%d)"), file = file, command = publish_command(kid),
	};
end

-- { part of a sentence, key of the cause }; the first that is in it counts. libcurl's words differ by its version.
local unavailable = {
	{ "did not give a key within", "source-time-out" };
	{ "[Tt]imeout was reached", "source-time-out" };
	{ "[Tt]imed out", "source-time-out" };
	{ " resolve ", "source-dns" };
	{ "HTTP %d%d%d", "source-error" };
	{ "has expired", "source-tls-expired" };
	{ "not yet valid", "source-tls-expired" };
	{ "issuer certificate", "source-tls-authority" };
	{ "self.signed certificate", "source-tls-authority" };
	{ "verify the first certificate", "source-tls-authority" };
	{ "CA cert", "source-tls-authority" };
	{ "for another host name", "source-tls-name" };
	{ "peer certificate", "source-tls" };
	{ "SSL", "source-tls" };
	{ "TLS", "source-tls" };
	{ "connect to server", "source-refused" };
};

local unusable = {
	{ "^the OpenID configuration", "discovery-unusable" };
	{ "HTTP 40[13]", "key-forbidden" };
	{ "HTTP 3%d%d", "key-redirect" };
	{ "^the JWK Set .* HTTP %d%d%d", "set-not-there" };
	{ "^the JWK Set", "set-is-page" };
	{ "^the file ", "key-file-unreadable" };
	{ "HTTP %d%d%d", "key-status" };
	{ "an HTML or XML page", "key-is-page" };
	{ "an empty text", "key-empty" };
	{ "RSA modulus of", "weak-key" };
};

local bad_secrets = {
	{ "what cannot be read", "secret-file-unreadable" };
	{ "is a public key", "secret-is-public-key" };
	{ "template", "secret-left-over" };
	{ "is empty", "secret-left-over" };
};

local function first_of(list, message, otherwise)
	for _, row in ipairs(list) do
		if message:find(row[1]) then
			return row[2];
		end
	end
	return otherwise;
end

local function not_found(message, kid, values, stores)
	local folder = message:match("^the file (.*)/%x+%.pem for ");
	if folder then
		local opened = io.open(folder);
		if not opened then
			return find("folder-missing");
		end
		opened:close();
		values.command = publish_command(kid, folder);
		return find("key-file-missing-locally", values);
	elseif values.file then
		return find("key-file-missing", values);
	elseif not message:find(" among its ", 1, true) then
		return find("key-not-found");
	end
	local keys = held_keys(stores);
	local near = near_kid(kid, keys);
	if near then
		return find("key-id-near", { near = quote(near) });
	end
	return find("not-in-set", { kids = list_kids(keys) });
end

local function bad_kid(code, kid)
	if kid == "" then
		return find("key-id-empty");
	elseif type(kid) == "number" then
		return find("key-id-number", { kid = tostring(kid) });
	end
	return find(code);
end

-- Why there is no key, from the native module's answer. `header` is the token's, `stores` those that were asked.
local function of_failure(code, message, header, stores)
	local kid = header and header.kid;
	if code == "key-id-missing" or code == "key-id-invalid" then
		return bad_kid(code, kid);
	end
	kid = type(kid) == "string" and kid or "";
	local values = named_in(message, kid);
	if code == "key-not-found" then
		return not_found(message, kid, values, stores);
	elseif code == "key-source-unavailable" then
		return find(first_of(unavailable, message, code), values);
	elseif code == "key-unusable" then
		local default = message:find("^the key that ") and "key-no-key" or code;
		return find(first_of(unusable, message, default), values);
	elseif code == "weak-secret" then
		return find(first_of(bad_secrets, message, code));
	end
	return find(code, values);
end

-- The key of `kid` in the stores, as store:keys() has it, or nil.
local function held(stores, kid)
	for _, key in ipairs(held_keys(stores)) do
		if key.kid == kid then
			return key;
		end
	end
	return nil;
end

-- What is remarkable about the key that was found: a list of findings.
local function of_success(header, options)
	local findings = {};
	if options.secret or options.key then
		if header.kid ~= nil then
			findings[1] = find("key-id-unneeded");
		end
		return findings;
	end
	local key = held(options.stores, header.kid);
	if key and key.came_as == "private key" then
		findings[1] = find("key-private", { command = publish_command() });
	elseif key and key.came_as == "certificate" then
		findings[1] = find("key-certificate");
	end
	return findings;
end

-- "RSA, 2048 bits" or "EC, P-256".
local function kind_of(key)
	return ("%s, %s"):format(key:type(), key:curve() or ("%d bits"):format(key:bits()));
end

-- In words, where the key of a token was found.
local function describe(options, header)
	if options.secret then
		return "the shared secret";
	elseif options.key then
		return "the key that is configured";
	end
	local kid = header and header.kid;
	local key = held(options.stores, kid);
	if not key then
		return ("kid %s"):format(type(kid) == "string" and quote(kid) or tostring(kid));
	end
	return ("kid %s is %s, from %s"):format(quote(kid), kind_of(key.key), key.source);
end

-- The key object that the token is checked with, where it is a public one that is at hand.
local function object(options, header)
	if options.key then
		return type(options.key) == "string" and token_verifier.key(options.key) or nil;
	end
	local key = held(options.stores, header and header.kid);
	return key and key.key;
end

return {
	of_failure = of_failure, of_success = of_success, describe = describe, object = object, held = held, held_keys = held_keys,
	kind_of = kind_of,
};
