-- SPDX-License-Identifier: MIT
-- Keys for specs. They are made on first use, and kept as long as the process lives. No key is stored in this file: it would be
-- known to everybody, and sooner or later somebody would trust it.

local token_verifier = require "token_verifier";
local kept = require "token_verifier.testing.kept";

local how_made = { RSA = { bits = 2048 } };
for _, row in pairs(token_verifier.algorithms) do
	if row.curve then
		how_made[row.curve] = { curve = row.curve };
	end
end

-- A JWK of the public half, with its kid.
local function named_jwk(key, kid)
	local quoted = kid:gsub('[%c"\\]', function (c) return ("\\u%04x"):format(c:byte()); end);
	return (key:jwk():gsub("^{", ('{"kid":"%s",'):format(quoted), 1));
end

local function make(kind, kid)
	local private = assert(token_verifier.generate_key(how_made[kind]));
	local public = assert(token_verifier.key(private)); -- a private key is taken for its public half
	return { kid = kid, kind = kind, private = private, public = public:pem(), jwk = named_jwk(public, kid) };
end

-- Returns the key with this kid and kind: "RSA" (the default), "P-256", "P-384", "P-521", "Ed25519" or "Ed448". It is a table with
-- `kid`, `kind`, `private` and `public` as PEM, and `jwk`, the JSON of its public half.
local function key(kid, kind)
	kind = kind or "RSA";
	if not how_made[kind] then
		error(("a kind of key is expected, RSA or the name of a curve, not %s"):format(tostring(kind)), 2);
	end
	kid = kid or "test-"..kind:lower();
	local name = kind.." "..kid;
	kept.keys[name] = kept.keys[name] or make(kind, kid);
	return kept.keys[name];
end

-- Converts `keys` to a table from kid to the PEM of a public key. It is a list of results of key(), or a table from kid to such a
-- result or to a PEM.
local function by_kid(keys)
	local found = {};
	for kid, given in pairs(keys or { key() }) do
		local pem = type(given) == "table" and given.public or given;
		if type(kid) == "number" then
			kid = type(given) == "table" and given.kid or nil;
		end
		if type(kid) ~= "string" or type(pem) ~= "string" then
			error("keys are a list of what key() returns, or a table from kid to that or to a PEM", 3);
		end
		found[kid] = pem;
	end
	return found;
end

-- The JSON of a JWK Set. `pems`: kid -> PEM.
local function jwk_set(pems)
	local list = {};
	for kid, pem in pairs(pems) do
		list[#list + 1] = named_jwk(assert(token_verifier.key(pem)), kid);
	end
	table.sort(list);
	return '{"keys":['..table.concat(list, ",").."]}";
end

-- A key store filled by hand.
local function keystore(keys)
	local store = token_verifier.keystore();
	for kid, pem in pairs(by_kid(keys)) do
		assert(store:put(kid, pem));
	end
	return store;
end

return { key = key, by_kid = by_kid, jwk_set = jwk_set, keystore = keystore };
