-- SPDX-License-Identifier: MIT
-- A host's options as a plugin that is loaded now would have them, and what becomes of a token under them.

local token_verifier = require "token_verifier";
local find = require "token_verifier.causes".find;
local explain = require "token_verifier.explain";
local key_findings = require "token_verifier.explain_key";
local keys = require "token_verifier.keys";

local methods = {};
local mt = { __index = methods };

function methods:close()
	self.key_set:close();
end
mt.__close = methods.close;

-- The stores of the host's keys, or nil and why there is none.
function methods:stores()
	local stores, message = self.key_set.sources:all(self.settings);
	if not stores and self.settings.appSecret then
		message = "tokens are verified with a shared secret";
	end
	return stores, message and ("%s has no source of keys: %s"):format(self.host, message);
end

-- Verifies with options of token_verifier.new(). `ask(verifier, token)` calls its verify() and waits for the key; without it
-- the native module waits.
local function verify(options, token, ask)
	options.wait = ask == nil;
	local ok, verifier, message, code = pcall(token_verifier.new, options);
	if not ok then
		return nil, verifier, "internal-error";
	elseif not verifier then
		return nil, message, code;
	end
	return (ask or verifier.verify)(verifier, token);
end

-- What the native module raises for these options, or nil.
local function problem_of(options)
	local ok, message = pcall(token_verifier.new, options);
	return not ok and tostring(message) or nil;
end

-- Why no token can be accepted: code, message, finding.
local function why_hopeless(settings, message, code)
	if settings.secretProblem then
		return "weak-secret", settings.secretProblem, key_findings.of_failure("weak-secret", settings.secretProblem);
	elseif code == "algorithm-not-accepted" then
		return code, message, find("algorithm-fits-no-key");
	elseif message:find("no secret and no source", 1, true) then
		return code, message, find(settings.allowEmptyToken and "guests-only" or "no-key-configured");
	end
	return code, message, find("no-source");
end

-- Explains a text that is given as a token. `how`, which may be absent:
--   ask     f(verifier, token, stores, wait_limit): as verifier:verify(token), where a server runs that must not be blocked
--   renew   f(stores): fetches the keys held anew, and waits for it
--   room    the room to be entered
--   now     the time to judge by
-- Returns what explain.explain() does, with `host` and `configuration`, a list of what there is to say of the options.
function methods:explain(text, how)
	how = how or {};
	local options, choice, code = self.key_set:options(self.settings, {});
	local raised = options and problem_of(options);
	local result;
	if raised then
		result = explain.hopeless(text, "key-source-unavailable", "the settings for tokens are not usable: "..raised, find("settings-unusable"));
	elseif not options then
		local message, finding;
		code, message, finding = why_hopeless(self.settings, choice, code);
		result = explain.hopeless(text, code, message, finding);
	else
		local stores = choice.stores or {};
		options.stores, options.now = choice.stores, how.now;
		result = explain.explain(text, options, function (token, the_options)
			return verify(the_options, token, how.ask and function (verifier, the_token)
				return how.ask(verifier, the_token, stores, self.settings.keyOptions.wait_limit);
			end);
		end, {
			settings = setmetatable({ host = self.host, muc_host = self.muc_host }, { __index = self.settings }),
			room = how.room, app_id = self.settings.appId, renew = how.renew,
		});
	end
	result.host, result.configuration = self.host, self.complaints;
	return result;
end

-- `settings` are those of config.read(), `complaints` what it said, as texts. `muc_host` is the host of the rooms, where it is
-- known otherwise than by the options. To be closed.
local function new(host, settings, complaints, muc_host)
	return setmetatable({
		host = host, settings = settings, complaints = complaints, muc_host = muc_host,
		key_set = keys.new(settings.keyOptions, function (level, text, ...)
			complaints[#complaints + 1] = ("%s: "..text):format(level, ...);
		end),
	}, mt);
end

return { new = new };
