-- SPDX-License-Identifier: MIT
-- assert.accepts(token, by) and assert.refuses(token, by, code) for busted. `by` are the options of verify(), a verifier, or a
-- token_util object.

local luassert = require "luassert";
local token_verifier = require "token_verifier";
local keys = require "token_verifier.testing.keys";

local sources = { "secret", "key", "keys", "asap_key_server", "jwks_url", "openid_issuer", "directory", "issuers" };

-- Options that name no keys mean those of this kit.
local function with_keys(options)
	local copy = { wait = true };
	for name, value in pairs(options) do
		copy[name] = value;
	end
	for _, source in ipairs(sources) do
		if copy[source] ~= nil then
			return copy;
		end
	end
	copy.keys = keys.keystore();
	return copy;
end

-- A token_util object gives a condition; its code stands in the log.
local function ask_token_util(util, token)
	local prosody = require "token_verifier.testing.prosody";
	local session = prosody.session({ auth_token = token });
	local position = #prosody.logged("info", "Token refused: ");
	local accepted, _, reason = prosody.run(util.process_and_verify_token, util, session);
	if accepted then
		return session;
	end
	local line = prosody.logged("info", "Token refused: ")[position + 1] or "";
	return nil, reason, line:match("Token refused: (%S+): ");
end

-- As verify() answers: the claims and the header, or nil, message, code.
local function judge(token, by)
	if type(by) == "userdata" then
		return by:verify(token);
	elseif type(by) == "table" and type(by.process_and_verify_token) == "function" then
		return ask_token_util(by, token);
	elseif by ~= nil and type(by) ~= "table" then
		error("options of verify(), a verifier or a token_util object expected as the second argument");
	end
	return token_verifier.verify(token, with_keys(by or {}));
end

local function accepts(state, arguments)
	local claims, header_or_message, code = judge(arguments[1], arguments[2]);
	if claims then
		state.failure_message = "The token is accepted; it was expected to be refused.";
		return true, { claims, header_or_message };
	end
	state.failure_message = ("The token is refused; it was expected to be accepted.\n%s: %s"):format(code, header_or_message);
	return false;
end

local function refuses(state, arguments)
	local expected = arguments[3];
	if expected ~= nil and not token_verifier.codes[expected] and expected ~= "token-required" and expected ~= "internal-error" then
		error(("there is no code '%s'"):format(tostring(expected)));
	end
	local claims, message, code = judge(arguments[1], arguments[2]);
	if claims then
		state.failure_message = ("The token is accepted; it was expected to be refused%s.")
			:format(expected and " with "..expected or "");
		return false;
	end
	state.failure_message = ("The token is refused%s\n%s: %s"):format(
		expected and code ~= expected and (", but for another reason than %s:"):format(expected) or ":", code, message);
	return expected == nil or code == expected, { message, code };
end

luassert:register("assertion", "accepts", accepts);
luassert:register("assertion", "refuses", refuses);
