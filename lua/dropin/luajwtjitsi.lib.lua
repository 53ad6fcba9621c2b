-- SPDX-License-Identifier: MIT
-- Token functions with the names and arguments of luajwtjitsi.

local token_verifier = require "token_verifier";

local function check_list(name, list)
	if list ~= nil and type(list) ~= "table" then
		error(("%s must be a list, not a %s"):format(name, type(list)), 0);
	end
end

local function check_string(name, value)
	if type(value) ~= "string" then
		error(("%s must be a string, not a %s"):format(name, type(value)), 0);
	end
end

local function verify_or_raise(token, algorithm, key, accepted_issuers, accepted_audiences)
	check_string("token", token);
	check_string("algorithm", algorithm);
	check_string("key", key);
	check_list("accepted issuers", accepted_issuers);
	check_list("accepted audiences", accepted_audiences);
	return token_verifier.verify(token, {
		[algorithm:sub(1, 2) == "HS" and "secret" or "key"] = key,
		algorithms = { algorithm },
		accepted_issuers = accepted_issuers,
		accepted_audiences = accepted_audiences,
	});
end

-- Verifies a token with one algorithm and its key, a secret for HS* and a PEM for the others. `iss` and `aud` are only
-- judged if the list for them is given. Returns the claims, or nil and a message, also for arguments that are wrong.
local function verify(token, algorithm, key, accepted_issuers, accepted_audiences)
	local ok, claims, message = pcall(verify_or_raise, token, algorithm, key, accepted_issuers, accepted_audiences);
	if not ok then
		return nil, claims;
	elseif not claims then
		return nil, message;
	end
	return claims;
end

return { verify = verify };
