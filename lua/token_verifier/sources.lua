-- SPDX-License-Identifier: MIT
-- The key stores of the sources that a token_util object has: a JWK Set, key servers, OpenID providers, and sources
-- that speak for one issuer.

local token_verifier = require "token_verifier";

-- A source is { kind, value }: an option of token_verifier.keystore() and what it is set to.
-- This one holds no key.
local none = {};

local methods = {};
local mt = { __index = methods };

-- A list as it is, one value as a list of one, nil as an empty list.
local function as_list(value)
	if value == nil then
		return {};
	end
	return type(value) == "table" and value or { value };
end

-- Opens a store. Returns it and a warning, or nil and why not.
local function open(source, key_options)
	local options = { [source.kind or 1] = source.value };
	for name, value in pairs(source.kind and key_options or {}) do
		options[name] = value;
	end
	local ok, store, message = pcall(token_verifier.keystore, options);
	if not ok then
		return nil, store;
	end
	return store, message;
end

-- Tells sources apart.
local function name_of(source)
	local parts = { tostring(source.kind) };
	for _, value in ipairs(as_list(source.value)) do
		parts[#parts + 1] = tostring(value);
	end
	return table.concat(parts, "\n");
end

-- Whether keys come from a source; if so, never from a secret.
local function is_configured(settings)
	return settings.asapKeyServer ~= nil or settings.cacheKeysUrl ~= nil or settings.openidIssuer ~= nil
		or settings.tokenIssuers ~= nil;
end

-- The sources that speak for any accepted issuer, in the order in which they are asked. An empty text is a source that
-- holds no key.
local function common_sources(settings)
	local list = {};
	if settings.cacheKeysUrl ~= nil and settings.cacheKeysUrl ~= "" then
		list[#list + 1] = { kind = "jwks_url", value = settings.cacheKeysUrl };
	end
	if settings.asapKeyServer ~= nil and settings.asapKeyServer ~= "" then
		list[#list + 1] = { kind = "asap_key_server", value = settings.asapKeyServer };
	end
	return list;
end

-- The sources in force: a list of those that speak for any accepted issuer, then a table from issuer to a list of those
-- that speak for it alone. A provider that is the only source need not be told apart from others.
local function plan(settings)
	local common, bound = common_sources(settings), {};
	for issuer, source in pairs(type(settings.tokenIssuers) == "table" and settings.tokenIssuers or {}) do
		bound[issuer] = { type(source) == "table" and source or none };
	end
	local providers = as_list(settings.openidIssuer);
	if #providers == 1 and #common == 0 and next(bound) == nil then
		return { { kind = "openid_issuer", value = providers[1] } }, bound;
	end
	for _, issuer in ipairs(providers) do
		bound[issuer] = bound[issuer] or {};
		table.insert(bound[issuer], { kind = "openid_issuer", value = issuer });
	end
	return common, bound;
end

local function all_sources(settings)
	local list, bound = plan(settings);
	for _, of_issuer in pairs(bound) do
		table.move(of_issuer, 1, #of_issuer, #list + 1, list);
	end
	return list;
end

-- All that are to be asked, each URL of a list by itself: a list of { kind, value }.
local function single_sources(settings)
	local list = {};
	for _, source in ipairs(all_sources(settings)) do
		for _, value in ipairs(as_list(source.kind and source.value)) do
			list[#list + 1] = { kind = source.kind, value = value };
		end
	end
	return list;
end

-- The store of one source; opened when first needed, as no key is asked for while a plugin loads.
function methods:store(source)
	local name = name_of(source);
	if not self.stores[name] then
		local store, message = open(source, self.key_options);
		if not store then
			return nil, message, "key-source-unavailable";
		elseif message then
			self.log("warn", "Keys: %s until Prosody is restarted; hosts with the same source of keys need the same settings", message);
		end
		self.stores[name] = store;
	end
	return self.stores[name];
end

-- The stores of those sources that can be used. If there is none: nil, message, code.
function methods:stores_of(list)
	local stores, last_message, last_code = {}, "the configured source of keys holds no key", "key-not-found";
	for _, source in ipairs(list) do
		local store, message, code = self:store(source);
		if store then
			stores[#stores + 1] = store;
		else
			last_message, last_code = message, code;
		end
	end
	if #stores == 0 then
		return nil, last_message, last_code;
	end
	return stores;
end

-- All stores in force, in the order in which they are asked. If there is none: nil, message, code.
function methods:all(settings)
	return self:stores_of(all_sources(settings));
end

-- Whether the stores of all sources in force have been opened.
function methods:is_whole(settings)
	for _, source in ipairs(all_sources(settings)) do
		if not self.stores[name_of(source)] then
			return false;
		end
	end
	return true;
end

-- What token_verifier.new() is to be given: { option, value } and `stores`, all of them; or nil, message, code.
function methods:choice(settings)
	local common, bound = plan(settings);
	local others, message, code = self:stores_of(common);
	if next(bound) == nil then
		return others and { option = "keys", value = others, stores = others }, message, code;
	end
	local issuers, stores = { ["*"] = others }, table.move(others or {}, 1, #(others or {}), 1, {});
	for issuer, list in pairs(bound) do
		-- An issuer without keys must have none, or those of the others would speak for it.
		local of_issuer = self:stores_of(list) or { self:store(none) };
		issuers[issuer] = of_issuer;
		table.move(of_issuer, 1, #of_issuer, #stores + 1, stores);
	end
	return { option = "issuers", value = issuers, stores = stores };
end

-- Begins to fetch the JWK Sets that are not held. Returns whether there is any.
function methods:prefetch(settings)
	local begun = false;
	for _, source in ipairs(all_sources(settings)) do
		local store = (source.kind == "jwks_url" or source.kind == "openid_issuer") and self:store(source);
		if store and store:stats().held == 0 then
			store:refresh(); -- nothing new, if that is under way
			begun = true;
		end
	end
	return begun;
end

-- Takes other settings for the stores, and closes those of sources that are no longer in force. The others keep their
-- keys, and also their former settings, which is said.
function methods:configure(settings, key_options)
	self.key_options = key_options;
	local former = self.stores;
	self.stores = {};
	for _, source in ipairs(all_sources(settings)) do
		if former[name_of(source)] then
			self:store(source);
		end
	end
	for _, store in pairs(former) do
		store:close();
	end
end

function methods:close()
	for name, store in pairs(self.stores) do
		self.stores[name] = nil;
		store:close();
	end
end

local function new(key_options, log)
	return setmetatable({ key_options = key_options, log = log, stores = {} }, mt);
end

return {
	as_list = as_list, new = new, open = open, none = none, is_configured = is_configured, single_sources = single_sources,
};
