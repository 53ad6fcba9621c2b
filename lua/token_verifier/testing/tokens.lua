-- SPDX-License-Identifier: MIT
-- Tokens for specs: valid by default, or invalid in many ways.

local token_verifier = require "token_verifier";
local clock = require "token_verifier.testing.clock";
local keys = require "token_verifier.testing.keys";

local tokens = {
	secret = "the shared secret of token_verifier.testing, which everybody knows";
	absent = setmetatable({}, { __tostring = function () return "absent"; end });
};

-- The kind of key that an algorithm needs.
local function kind_of(row)
	return row.key_type == "RSA" and "RSA" or row.curve or "Ed25519";
end

local option_types = {
	alg = "string", header = "table", key = "table", secret = "string", lifetime = "number", wrong_signature = "boolean",
};

local function check_options(options)
	for name, value in pairs(options) do
		local expected = option_types[name];
		if name == "kid" then
			expected = value ~= false and "string" or "boolean";
		elseif name == "expired" or name == "not_before" then
			expected = type(value) == "boolean" and "boolean" or "number";
		elseif not expected then
			error(("unknown option '%s'"):format(name), 3);
		end
		if type(value) ~= expected then
			error(("bad option '%s' (%s expected, got %s)"):format(name, expected, type(value)), 3);
		end
	end
end

-- The seconds of an option: its number, or 60 if it is true.
local function seconds(option)
	return option == true and 60 or option or nil;
end

local function dates(options)
	local now, lifetime = clock.now(), options.lifetime or 3600;
	local expired, not_before = seconds(options.expired), seconds(options.not_before);
	local expires = expired and now - expired or now + (not_before or 0) + lifetime;
	return { iat = expires - lifetime - (not_before or 0), nbf = not_before and now + not_before, exp = expires };
end

-- The claims of a valid token, with changes.
function tokens.claims(changes, options)
	local claims = { iss = "my-app", aud = "jitsi", sub = "*", room = "*" };
	for _, source in ipairs({ dates(options or {}), changes or {} }) do
		for name, value in pairs(source) do
			claims[name] = value;
		end
	end
	for name, value in pairs(claims) do
		if value == tokens.absent then
			claims[name] = nil;
		end
	end
	return claims;
end

local function header_of(options, kid)
	local header = {};
	for name, value in pairs(options.header or {}) do
		header[name] = value;
	end
	header.kid = kid;
	return header;
end

-- The same token with one character of its signature changed: in the middle, since not all bits of the last one are significant.
function tokens.with_wrong_signature(token)
	local signed, signature = token:match("^(.*%.)([^.]*)$");
	local middle = #signature // 2;
	local other = signature:sub(middle, middle) == "A" and "B" or "A";
	return signed..signature:sub(1, middle - 1)..other..signature:sub(middle + 1);
end

-- A signed token that is accepted by default. `claims` override the default ones; the value `absent` removes one. Options: `alg`
-- (RS256), `kid` (that of the key; false for none), `key` (a result of key()), `secret`, `header` (more members), `lifetime`
-- (3600 s), `expired` (seconds ago, or true), `not_before` (seconds from now, or true), `wrong_signature`.
function tokens.mint(claims, options)
	options = options or {};
	check_options(options);
	local alg = options.alg or options.secret and "HS256" or "RS256";
	local kid, sign_options = options.kid, { algorithm = alg };
	local row = token_verifier.algorithms[alg];
	if not row then
		error(("no algorithm '%s': what nobody should sign with is made by forge()"):format(alg), 2);
	elseif row.symmetric then
		sign_options.secret = options.secret or tokens.secret;
	else
		local key = options.key or keys.key(nil, kind_of(row));
		sign_options.private_key = key.private;
		if kid == nil then
			kid = key.kid;
		end
	end
	sign_options.header = header_of(options, kid or nil);
	local token, message = token_verifier.sign(tokens.claims(claims, options), sign_options);
	if not token then
		error("no token: "..message, 2);
	end
	return options.wrong_signature and tokens.with_wrong_signature(token) or token;
end

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function tokens.base64url(text)
	local parts = {};
	for i = 1, #text, 3 do
		local a, b, c = text:byte(i, i + 2);
		local bits = a << 16 | (b or 0) << 8 | (c or 0);
		for j = 0, c and 3 or b and 2 or 1 do
			local index = (bits >> (18 - 6 * j) & 63) + 1;
			parts[#parts + 1] = alphabet:sub(index, index);
		end
	end
	return table.concat(parts);
end

-- A part of a token in base64url: the bytes of a string, or the JSON of a table.
local function part(value)
	if type(value) == "string" then
		return tokens.base64url(value);
	end
	local token, message = token_verifier.sign(value, { secret = tokens.secret });
	return assert(token, message):match("%.(.-)%.");
end

-- A token that no library would make: exactly this header and this payload, each a table or a string, and these bytes as
-- signature; by default none.
function tokens.forge(header, payload, signature)
	return part(header).."."..part(payload or tokens.claims()).."."..tokens.base64url(signature or "");
end

return tokens;
