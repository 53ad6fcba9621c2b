-- SPDX-License-Identifier: MIT
-- Public keys as in JWK Sets.

local json = require "util.json";
local token_verifier = require "token_verifier";

local function to_pem(jwk)
	if type(jwk) ~= "table" then
		error(("the JWK must be a table, not a %s"):format(type(jwk)), 0);
	end
	local members = {};
	for name, value in pairs(jwk) do
		-- Other members are not part of the key itself, and may contain another JSON library's value for null.
		if type(name) == "string" and type(value) == "string" then
			members[name] = value;
		end
	end
	local key, message = token_verifier.key(json.encode(members));
	if not key then
		error(message, 0);
	end
	return key:pem();
end

-- The PEM (SubjectPublicKeyInfo) of a JWK given as a decoded table, or nil and a message.
local function jwk_to_pem(jwk)
	local ok, pem, message = pcall(to_pem, jwk);
	if not ok then
		return nil, pem;
	elseif not pem then
		return nil, message;
	end
	return pem;
end

return { jwk_to_pem = jwk_to_pem };
