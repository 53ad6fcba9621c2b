-- SPDX-License-Identifier: MIT
-- Why a signature is invalid: tries it with common mistakes in the configured secret, and with the other keys.

local token_verifier = require "token_verifier";
local encodings = require "token_verifier.explain.encodings";
local find = require "token_verifier.explain.causes".find;
local from_utf16 = require "token_verifier.explain.pasted_characters".from_utf16;
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

-- The text in a file that is not plain UTF-8: without a byte order mark, or out of UTF-16; or nil.
local function plain_text(bytes)
	local text = bytes:find("^\239\187\191") and bytes:sub(4) or from_utf16(bytes);
	return text and text:gsub("\r?\n$", "") or nil;
end

-- What decoders make of a text that is not base64: they skip other characters, and some take "-" and "_" for those of base64url.
local function decode_leniently(text)
	local results = {};
	for i, others in ipairs({ "[^%w+/]", "[^%w+/_-]" }) do
		local digits = text:gsub(others, "");
		results[i] = encodings.base64_decode(digits:sub(1, #digits // 4 * 4));
		results[i + 2] = encodings.base64_decode(#digits % 4 == 1 and digits:sub(1, -2) or digits);
	end
	return results;
end

-- Common mistakes: { key of the cause, f(secret, app_id) -> list of secrets to try }.
local variants = {
	{ "secret-base64-decoded", function (secret) return { encodings.base64_decode((secret:gsub("%s", ""))) }; end };
	{ "secret-base64-encoded", function (secret)
		local text = encodings.base64_encode(secret);
		local url_safe = encodings.base64url_of(text);
		return { text, url_safe, (text:gsub("=", "")), (url_safe:gsub("=", "")) };
	end };
	{ "secret-base64-leniently", function (secret)
		return encodings.base64_decode(secret) and {} or decode_leniently(secret);
	end };
	{ "secret-hex-decoded", function (secret) return { encodings.hex_decode(secret) }; end };
	{ "secret-quoted", function (secret) return { unquote(secret) }; end };
	{ "secret-quoted-by-issuer", function (secret) return { '"'..secret..'"', "'"..secret.."'" }; end };
	{ "secret-line-end", function (secret) return { secret:match("^(.-)\r?\n$"), secret:match("^%s*(.-)%s*$"),
		secret:match("^(.*)\\n$") }; end };
	{ "secret-line-end-by-issuer", function (secret) return { secret.."\n", secret.."\r\n", secret.." ", secret.."\\n" }; end };
	{ "secret-other-text", function (secret) return { plain_text(secret) }; end };
	{ "secret-dollars", function (secret) return { (secret:gsub("%$%$", "$")) }; end };
	{ "secret-dollars-by-issuer", function (secret) return { (secret:gsub("%$", "$$")) }; end };
	{ "secret-url-encoded", function (secret) return { encodings.url_decode(secret) }; end };
	{ "secret-is-app-id", function (_, app_id) return { app_id }; end };
	{ "secret-is-file-name", function (secret) return { read_file(secret) }; end };
};

-- Secrets that everybody knows: of the pages of jwt.io, Jitsi's env.example and manuals.
local well_known = {
	"your-256-bit-secret", "your-384-bit-secret", "your-512-bit-secret", "a-string-secret-at-least-256-bits-long",
	"a-valid-string-secret-that-is-at-least-384-bits-long", "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
	"secret", "my_jitsi_app_secret", "my_secret_key", "example_app_secret", "your_app_secret", "changeme",
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
	for _, known in ipairs(well_known) do
		if known ~= secret and holds(token, alg, "secret", known) then
			return find("secret-well-known", { found = quote(known) });
		end
	end
	return find("other-secret");
end

-- The two numbers of an ECDSA signature in DER, side by side with `size` bytes each; nil if it is no DER.
local function side_by_side(der, size)
	local long = der:byte(2) == 0x81 and 1 or 0;
	local at = 3 + long;
	local numbers = {};
	for i = 1, der:byte(1) == 0x30 and 2 or 0 do
		local tag, length = der:byte(at, at + 1);
		local digits = tag == 2 and length and der:sub(at + 2, at + 1 + length):gsub("^%z+", "");
		if not digits or #digits > size then
			return nil;
		end
		at = at + 2 + length;
		numbers[i] = ("\0"):rep(size - #digits)..digits;
	end
	return numbers[2] and at == #der + 1 and table.concat(numbers) or nil;
end

-- What a signature in a wrong form should have been: { key of the cause, f(its text, its bytes, row of the algorithm) -> bytes }.
local forms = {
	{ "signature-hex", function (text) return encodings.hex_decode(text); end };
	{ "signature-hex", function (_, bytes) return encodings.hex_decode(bytes); end };
	{ "signature-der", function (_, bytes, row)
		return row.key_type == "EC" and side_by_side(bytes, row.signature_size // 2) or nil;
	end };
};

-- The finding for a signature that is valid in another form, or nil. `name` and `value` are those of holds().
local function of_form(token, alg, name, value)
	local input, text = token:match("^([^.]*%.[^.]*)%.([^.]*)$");
	local bytes, row = text and #text <= 2048 and encodings.base64_decode(text), token_verifier.algorithms[alg];
	for _, form in ipairs(bytes and row and value and forms or {}) do
		local meant = form[2](text, bytes, row);
		local digits = meant and encodings.base64url_of(encodings.base64_encode(meant)):gsub("=", "");
		if digits and holds(input.."."..digits, alg, name, value) then
			return find(form[1]);
		end
	end
	return nil;
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

-- The finding for a token whose kid is not in the set (facts of the failure), if one of the set's keys holds its signature; else nil.
local function of_missing_kid(token, header, facts, stores)
	if facts.reason ~= "not-in-set" then
		return nil;
	end
	for _, held in ipairs(key_findings.held_keys(stores)) do
		if holds(token, header.alg, "key", held.key) then
			local values = { near = held.kid ~= "" and quote(held.kid) or nil, kid = quote(header.kid) };
			local number = held.kid_type == "number" and tonumber(header.kid);
			return find(values.near and "key-under-other-kid" or number and "key-with-number" or "key-without-kid", values);
		end
	end
	return nil;
end

-- The finding for an invalid signature. `more.app_id` is the option of the configuration; `more.renew(stores)` fetches the held
-- keys again and waits for that.
local function of_failure(token, header, options, more)
	local alg = header.alg;
	local keys = key_findings.objects(options, header);
	local name = type(options.secret) == "string" and "secret" or "key";
	local formed = of_form(token, alg, name, options.secret or keys[1]) or text_findings.of_signature(token, alg, keys[1]);
	if formed then
		return formed;
	elseif type(options.secret) == "string" then
		return of_secret(token, alg, options.secret, more.app_id);
	elseif options.key then
		return find("other-configured-key", { thumbprint = keys[1] and thumbprints_of(keys) });
	end
	return of_keys(token, alg, header, options, more.renew);
end

return { of_failure = of_failure, of_missing_kid = of_missing_kid, well_known = well_known };
