-- SPDX-License-Identifier: MIT
-- Chooses the key that a session's token must be verified with, and keeps the verifiers made for it.

local token_verifier = require "token_verifier";
local algorithms = require "token_verifier.plugin.algorithms";
local sources = require "token_verifier.plugin.sources";

local as_list = sources.as_list;

-- Verifiers kept; each stands for one combination of key and settings.
local max_verifiers = 32;

local methods = {};
local mt = { __index = methods };

-- The names in `configured` that go with a secret, or with a public key: never both, whatever is configured.
local function algorithms_for(configured, with_secret)
	local names = {};
	for _, name in ipairs(as_list(configured)) do
		if type(name) == "string" and algorithms.is_symmetric(name) == with_secret then
			names[#names + 1] = name;
		end
	end
	return names;
end

-- Whether a text is a public key, be it one that is not accepted.
local function is_key(text)
	local key, _, code = token_verifier.key(text);
	return key ~= nil or code ~= "malformed-key";
end

-- Whether a text is meant to be a public key, even if it turns out to be a broken one. In any other spelling it is refused
-- as a secret.
local function is_public(text)
	text = text:gsub("^\239\187\191", ""); -- a byte order mark
	return text:find("-----BEGIN", 1, true) ~= nil or text:find("^%s*{") ~= nil or is_key(text);
end

local function from_text(text)
	if type(text) ~= "string" then
		return nil, ("session.public_key is a %s, not a string"):format(type(text)), "malformed-key";
	elseif is_public(text) then
		return { option = "key", value = text };
	end
	return { option = "secret", value = text };
end

function methods:choose(settings, session)
	if session.public_key ~= nil then
		return from_text(session.public_key);
	elseif sources.is_configured(settings) then
		return self.sources:choice(settings);
	elseif type(settings.appSecret) ~= "string" then
		return nil, "no secret and no source of keys is configured", "key-not-found";
	end
	return { option = "secret", value = settings.appSecret };
end

local function append(parts, value)
	local text = tostring(value);
	parts[#parts + 1] = ("%s%d:%s"):format(type(value), #text, text);
end

local function append_list(parts, list)
	append(parts, #list);
	for _, value in ipairs(list) do
		append(parts, value);
	end
end

local function append_stores(parts, stores)
	append(parts, #stores);
	for _, store in ipairs(stores) do
		append(parts, store:id());
	end
end

local function append_key(parts, choice)
	append(parts, choice.option);
	if choice.option == "keys" then
		append_stores(parts, choice.value);
	elseif choice.option == "issuers" then
		local issuers = {};
		for issuer in pairs(choice.value) do
			issuers[#issuers + 1] = issuer;
		end
		table.sort(issuers);
		append(parts, #issuers);
		for _, issuer in ipairs(issuers) do
			append(parts, issuer);
			append_stores(parts, choice.value[issuer]);
		end
	else
		append(parts, choice.value);
	end
end

-- A text that differs whenever the verifier would. It is cheaper than a verifier, and lists may be changed in place.
local function fingerprint(choice, options)
	local parts = {};
	append_key(parts, choice);
	append_list(parts, options.algorithms);
	append_list(parts, options.accepted_issuers);
	append_list(parts, options.accepted_audiences);
	append(parts, options.require_room);
	append_list(parts, options.accepted_types);
	append_list(parts, options.required_claims);
	append(parts, options.leeway);
	append(parts, options.max_lifetime);
	append(parts, options.accept_milliseconds);
	append(parts, options.strict_secrets);
	append(parts, options.min_rsa_bits);
	append(parts, options.allow_missing_kid);
	return table.concat(parts);
end

function methods:kept(choice, options)
	local name = fingerprint(choice, options);
	local verifier = self.verifiers[name];
	if verifier then
		return verifier;
	end
	local ok, result, message, code = pcall(token_verifier.new, options);
	if not ok then
		self.log("error", "Tokens cannot be verified with these settings: %s", result);
		return nil, "the settings for tokens are not usable", "key-source-unavailable";
	elseif not result then
		return nil, message, code;
	end
	if self.count >= max_verifiers then
		self.verifiers, self.count = {}, 0;
	end
	self.verifiers[name], self.count = result, self.count + 1;
	return result;
end

-- What token_verifier.new() is to be given for a session under the settings of this moment (a token_util object), then
-- the key that was chosen: { option, value, stores }. Otherwise nil, message, code.
function methods:options(settings, session)
	local choice, message, code = self:choose(settings, session);
	if not choice then
		return nil, message, code;
	end
	local options = {
		[choice.option] = choice.value,
		algorithms = algorithms_for(settings.signatureAlgorithm, choice.option == "secret"),
		accepted_issuers = as_list(settings.acceptedIssuers),
		accepted_audiences = as_list(settings.acceptedAudiences),
		require_room = settings.requireRoomClaim and true or false,
		require_sub = true,
		accepted_types = as_list(settings.acceptedTypes),
		required_claims = as_list(settings.requiredClaims),
		leeway = settings.leeway,
		max_lifetime = settings.maxLifetime,
		accept_milliseconds = settings.acceptMilliseconds == true,
		strict_secrets = settings.strictSecrets == true,
		min_rsa_bits = settings.keyOptions.min_rsa_bits,
		allow_missing_kid = choice.stores ~= nil and settings.allowMissingKid == true,
		wait = false,
	};
	if #options.algorithms == 0 then
		return nil, ("no accepted algorithm goes with a %s"):format(
			choice.option == "secret" and "shared secret" or "public key"), "algorithm-not-accepted";
	end
	return options, choice;
end

-- What a verifier was made of last, so that it is seen whether that is still so faster than any text of it is made. A
-- token_util object counts the assignments to its fields in `_changes`; what is left are changes inside of lists.

local lists = {
	"asapKeyServer", "openidIssuer", "signatureAlgorithm", "acceptedIssuers", "acceptedAudiences", "acceptedTypes",
	"requiredClaims",
};

local function note(settings, session, verifier, stores)
	local noted = {
		settings = settings, changes = settings._changes, min_rsa_bits = settings.keyOptions.min_rsa_bits,
		public_key = session.public_key, verifier = verifier, stores = stores,
	};
	for _, field in ipairs(lists) do
		local list = settings[field];
		if type(list) == "table" then
			noted[#noted + 1] = list;
			noted[#noted + 1] = table.move(list, 1, #list, 1, {});
		end
	end
	return noted;
end

local function is_as_noted(noted, settings, session)
	if noted.settings ~= settings or noted.changes ~= settings._changes or noted.public_key ~= session.public_key
		or noted.min_rsa_bits ~= settings.keyOptions.min_rsa_bits then
		return false;
	end
	for i = 1, #noted, 2 do -- each list and its copy; without a call for each, since this is done for every token
		local list, copy = noted[i], noted[i + 1];
		local count = #list;
		if count ~= #copy then
			return false;
		end
		for j = 1, count do
			if list[j] ~= copy[j] then
				return false;
			end
		end
	end
	return true;
end

-- The verifier for a session, then the stores it asks. Otherwise nil, message, code.
function methods:verifier(settings, session)
	local noted = self.noted;
	if noted and is_as_noted(noted, settings, session) then
		return noted.verifier, noted.stores;
	end
	local options, choice, code = self:options(settings, session);
	if not options then
		return nil, choice, code;
	end
	local verifier, message;
	verifier, message, code = self:kept(choice, options);
	if not verifier then
		return nil, message, code;
	end
	local stores = choice.stores or {};
	-- Sources that speak for one issuer are tables of tables; a source that could not be opened is tried again.
	self.noted = settings._changes and settings.tokenIssuers == nil and self.sources:is_whole(settings)
		and note(settings, session, verifier, stores) or nil;
	return verifier, stores;
end

-- Drops what was made.
function methods:clear()
	self.verifiers, self.count, self.noted = {}, 0, nil;
end

-- Takes over new settings of where keys come from; `configured` are those of the configuration alone.
function methods:configure(settings, configured)
	self:clear();
	self.sources:configure(settings, settings.keyOptions, configured);
end

-- As sources.lua has it.
function methods:close(seconds)
	self:clear();
	self.sources:close(seconds);
end

local function new(key_options, log)
	return setmetatable({ sources = sources.new(key_options, log), log = log, verifiers = {}, count = 0 }, mt);
end

return { new = new };
