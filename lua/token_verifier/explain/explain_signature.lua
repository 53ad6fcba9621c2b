-- SPDX-License-Identifier: MIT
-- Why a signature is invalid: tries it with common mistakes in the configured secret, and with the other keys.

local token_verifier = require "token_verifier";
local encodings = require "token_verifier.explain.encodings";
local find = require "token_verifier.explain.causes".find;
local key_findings = require "token_verifier.explain.explain_key";
local plain_file = require "token_verifier.plugin.plain_file";
local quote = require "token_verifier.plugin.report".quote;
local text_findings = require "token_verifier.explain.explain_text";

local max_file_length = 64 * 1024;

local function read_file(name)
	local text = name:find("^/[%g ]+$") and not name:find("^/dev/") and plain_file.read(name, max_file_length);
	return text and text:gsub("\r?\n$", "") or nil;
end

local function unquote(text)
	return text:match('^"(.*)"$') or text:match("^'(.*)'$");
end

-- Common mistakes: { key of the cause, f(secret, app_id) -> list of secrets to try }.
local variants = {
	{ "secret-base64-decoded", function (secret) return { encodings.base64_decode((secret:gsub("%s", ""))) }; end };
	{ "secret-base64-encoded", function (secret)
		local text = encodings.base64_encode(secret);
		local url_safe = text:gsub("[+/]", { ["+"] = "-", ["/"] = "_" });
		return { text, url_safe, (text:gsub("=", "")), (url_safe:gsub("=", "")) };
	end };
	{ "secret-hex-decoded", function (secret) return { encodings.hex_decode(secret) }; end };
	{ "secret-quoted", function (secret) return { unquote(secret) }; end };
	{ "secret-quoted-by-issuer", function (secret) return { '"'..secret..'"', "'"..secret.."'" }; end };
	{ "secret-line-end", function (secret) return { secret:match("^(.-)\r?\n$"), secret:match("^%s*(.-)%s*$"),
		secret:match("^(.*)\\n$") }; end };
	{ "secret-line-end-by-issuer", function (secret) return { secret.."\n", secret.."\r\n", secret.." ", secret.."\\n" }; end };
	{ "secret-url-encoded", function (secret) return { encodings.url_decode(secret) }; end };
	{ "secret-is-app-id", function (_, app_id) return { app_id }; end };
	{ "secret-is-file-name", function (secret) return { read_file(secret) }; end };
};

-- Whether the signature is valid with this secret or key.
local function holds(token, alg, name, value)
	local ok, payload = pcall(token_verifier.verify_jws, token, { [name] = value, algorithms = { alg } });
	return ok and payload ~= nil;
end

local function of_secret(token, alg, secret, app_id)
	for _, variant in ipairs(variants) do
		local key, make = variant[1], variant[2];
		local candidates = make(secret, app_id);
		for i = 1, 4 do
			local candidate = candidates[i];
			if candidate and candidate ~= "" and candidate ~= secret and holds(token, alg, "secret", candidate) then
				return find(key);
			end
		end
	end
	return find("other-secret");
end

-- The stores that hold keys of the token's kid.
local function stores_with(stores, header)
	local list = {};
	for _, store in ipairs(stores) do
		if key_findings.of_kid({ store }, header)[1] then
			list[#list + 1] = store;
		end
	end
	return list;
end

local function thumbprints_of(keys)
	local texts = {};
	for i, key in ipairs(keys) do
		texts[i] = key:thumbprint();
	end
	return (texts[2] and "their thumbprints are " or "its thumbprint is ")..table.concat(texts, ", ");
end

local function of_keys(token, alg, header, options, renew)
	local before = key_findings.objects(options, header);
	for _, held in ipairs(key_findings.held_keys(options.stores)) do
		if held.kid ~= header.kid and holds(token, alg, "key", held.key) then
			return find("key-of-other-kid", { near = quote(held.kid) });
		end
	end
	if renew and before[1] then
		renew(stores_with(options.stores, header));
		for _, now in ipairs(key_findings.objects(options, header)) do
			if holds(token, alg, "key", now) then
				return find("key-changed");
			end
		end
	end
	return find("other-key", { thumbprint = before[1] and thumbprints_of(before) or "which it is is not known" });
end

-- The finding for an invalid signature. `more.app_id` is the option of the configuration; `more.renew(stores)` fetches the held
-- keys again and waits for that.
local function of_failure(token, header, options, more)
	local alg = header.alg;
	local keys = key_findings.objects(options, header);
	local cut = text_findings.of_signature(token, alg, keys[1]);
	if cut then
		return cut;
	elseif type(options.secret) == "string" then
		return of_secret(token, alg, options.secret, more.app_id);
	elseif options.key then
		return find("other-configured-key", { thumbprint = keys[1] and thumbprints_of(keys) });
	end
	return of_keys(token, alg, header, options, more.renew);
end

return { of_failure = of_failure };
