-- SPDX-License-Identifier: MIT
-- The view of a host: its settings, as a plugin that is loaded now would read them, and explanations of tokens under them.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local find = require "token_verifier.explain.causes".find;
local explain = require "token_verifier.explain.explain";
local key_findings = require "token_verifier.explain.explain_key";
local has = require "token_verifier.plugin.list".has;
local keys = require "token_verifier.plugin.keys";
local sources = require "token_verifier.plugin.sources";
local token_options = require "token_verifier.plugin.token_options";

local methods = {};
local mt = { __index = methods };

function methods:close()
	self.key_set:close(0); -- at once: a view only looks, so its stores need not stay
end
mt.__close = methods.close;

-- The key stores of the host, or nil and why there are none.
function methods:stores()
	local stores, message = self.key_set.sources:all(self.settings);
	if not stores and self.settings.appSecret then
		message = "tokens are verified with a shared secret";
	end
	return stores, message and ("%s has no source of keys: %s"):format(self.host, message);
end

-- Verifies with options of token_verifier.new(); returns the facts of a failure too. `ask(verifier, token)` calls verify() and
-- waits for the key; without it, the native module waits.
local function verify(options, token, ask)
	options.wait = ask == nil;
	local ok, verifier, message, code, facts = pcall(token_verifier.new, options);
	if not ok then
		return nil, verifier, "internal-error";
	elseif not verifier then
		return nil, message, code, facts;
	end
	if ask then
		return ask(verifier, token);
	end
	return blocking.verify(verifier, options, token);
end

-- Why no token can be accepted, from the failure of keys:options(): { code, message, finding }.
local function why_hopeless(settings, message, code, facts)
	local problem = settings.secretProblem;
	if problem then
		return { code = "weak-secret", message = problem.message,
			finding = key_findings.of_failure("weak-secret", problem.facts) };
	elseif code == "algorithm-not-accepted" then
		return { code = code, message = message, finding = find("algorithm-fits-no-key") };
	elseif facts and facts.reason == "no-source" then
		return { code = code, message = message, finding = find(settings.allowEmptyToken and "guests-only" or "no-key-configured") };
	end
	return { code = code, message = message, finding = find("no-source") };
end

-- The error that the native module raises for these options, as a failure like above; or nil.
local function why_unusable(options)
	local ok, message = pcall(token_verifier.new, options);
	if ok then
		return nil;
	end
	return { code = "key-source-unavailable", message = "the settings for tokens are not usable: "..tostring(message),
		finding = find("settings-unusable") };
end

-- The settings with a dummy secret as the only key, to check claims.
local function with_a_secret(settings)
	local result = { appSecret = ("?"):rep(64), signatureAlgorithm = "HS256" };
	for _, field in ipairs(token_options.fields) do
		result[field] = result[field] or settings[field];
	end
	for _, row in ipairs(token_options.sources) do
		result[row.field] = nil;
	end
	return result;
end

-- Explains a text that is given as a token. `how` may be absent; its fields:
--   ask     f(verifier, token, stores, wait_limit): the same as verifier:verify(token, { detail = true }), but without blocking;
--           needed in a running server
--   renew   f(stores): fetches the held keys again, and waits for that
--   room    the room to enter
--   now     the time to use instead of the clock
-- Returns the same as explain.explain(), with `host` and `configuration`, a list of messages about the options.
function methods:explain(text, how)
	how = how or {};
	local more = {
		settings = setmetatable({ host = self.host, muc_host = self.muc_host, is_unguarded = self.is_unguarded }, { __index = self.settings }),
		room = how.room, app_id = self.settings.appId, renew = how.renew,
		open = not how.ask and function (source) return sources.open(source, self.settings.keyOptions); end or nil,
	};
	local options, choice, code, facts = self.key_set:options(self.settings, {});
	local failure = not options and why_hopeless(self.settings, choice, code, facts) or options and why_unusable(options);
	options = options or self.key_set:options(with_a_secret(self.settings), {});
	options.now = how.now;
	local result;
	if failure then
		options.secret, options.key, options.keys, options.issuers, options.algorithms = nil, nil, nil, nil, nil;
		if options.required_claims[1] == false then -- the mark of an invalid option, which new() would refuse
			options.required_claims = nil;
		end
		result = explain.without_key(text, options, failure, more);
		result.hopeless = true;
	else
		options.stores = choice.stores;
		result = explain.explain(text, options, function (token, the_options)
			return verify(the_options, token, how.ask and function (verifier, the_token)
				return how.ask(verifier, the_token, choice.stores or {}, self.settings.keyOptions.wait_limit);
			end);
		end, more);
	end
	result.host, result.configuration = self.host, self.complaints;
	return result;
end

-- Returns a view, which must be closed. `settings` come from config.read(), `complaints` are its messages. `muc_host` is the host
-- of the rooms, if it is known from elsewhere than the options. `configuration` knows all hosts of the server: `hosts(component_module)`
-- and `loads(component, module)`.
local function new(host, settings, complaints, muc_host, configuration)
	local key_set = keys.new(settings.keyOptions, function (level, text, ...)
		complaints[#complaints + 1] = ("%s: "..text):format(level, ...);
	end);
	key_set.sources:note_configured(settings);
	-- Whether this is a component for rooms in which nothing verifies tokens.
	local function is_unguarded(name)
		return has(configuration:hosts("muc"), name) and not configuration:loads(name, "token_verification");
	end
	return setmetatable({
		host = host, settings = settings, complaints = complaints, muc_host = muc_host, key_set = key_set, is_unguarded = is_unguarded,
	}, mt);
end

return { new = new };
