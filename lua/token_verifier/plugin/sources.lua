-- SPDX-License-Identifier: MIT
-- The key stores for the sources of a token_util object: a JWK Set, key servers, OpenID providers, and sources that are bound
-- to one issuer.

local token_verifier = require "token_verifier";
local as_list = require "token_verifier.plugin.list".as_list;
local token_options = require "token_verifier.plugin.token_options";

-- Maximum number of open stores for URLs that were set at run time; beyond it the least recently used ones are closed. Stores
-- of sources in the configuration do not count.
local max_set_stores = 128;

-- Seconds for which a closed store keeps its keys and its fetches, in case it is opened again, by a reloaded plugin or a log-in
-- that still waits. No log-in waits longer.
local stay = 60;

-- Kinds of sources whose keys are fetched together, as a set.
local is_set = {};
for _, row in ipairs(token_verifier.sources) do
	is_set[row.name] = row.is_set;
end

-- A source is { kind, value }: the name of an option of token_verifier.keystore(), and its value.
-- This source has no keys.
local none = {};

local methods = {};
local mt = { __index = methods };

-- Opens a store. Returns it and perhaps a warning, or nil and a message.
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

-- A string that identifies a source.
local function name_of(source)
	local parts = { tostring(source.kind) };
	for _, value in ipairs(as_list(source.value)) do
		parts[#parts + 1] = tostring(value);
	end
	return table.concat(parts, "\n");
end

-- Whether a source of keys is configured; if so, a secret is never used.
local function is_configured(settings)
	for _, row in ipairs(token_options.sources) do
		if settings[row.field] ~= nil then
			return true;
		end
	end
	return false;
end

-- The sources for any accepted issuer, in the order in which they are asked. An empty string is a source without keys.
local function common_sources(settings)
	local list = {};
	for _, row in ipairs(token_options.sources) do
		local value = settings[row.field];
		if row.common and value ~= nil and value ~= "" then
			list[#list + 1] = { kind = row.source, value = value };
		end
	end
	return list;
end

-- Returns the sources in force: a list of those for any accepted issuer, and a table from issuer to a list of those bound to it.
-- A provider that is the only source does not need to be bound.
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

-- All sources, with one { kind, value } for each URL.
local function single_sources(settings)
	local list = {};
	for _, source in ipairs(all_sources(settings)) do
		for _, value in ipairs(as_list(source.kind and source.value)) do
			list[#list + 1] = { kind = source.kind, value = value };
		end
	end
	return list;
end

local function close_all(stores, seconds)
	for name, store in pairs(stores) do
		stores[name] = nil;
		store:close(seconds or stay);
	end
end

-- Keeps the store of a URL that was set at run time. There are two halves: when the newer one is full, the older one, with the
-- stores that were not used in the meantime, is closed and replaced by it.
function methods:keep_set(name, store)
	if self.set_count >= self.half then
		close_all(self.set_before);
		self.set_before, self.set, self.set_count = self.set, {}, 0;
	end
	self.set[name], self.set_count = store, self.set_count + 1;
end

-- The store with this name if it is open, else nil.
function methods:opened(name)
	local store = self.stores[name] or self.set[name];
	if store then
		return store;
	end
	store = self.set_before[name];
	if store then
		self.set_before[name] = nil;
		self:keep_set(name, store);
	end
	return store;
end

-- The store of one source. It is opened when it is first needed, since no key is needed while a plugin loads.
function methods:store(source)
	local name = name_of(source);
	local held = self:opened(name);
	if held then
		return held;
	end
	local store, message = open(source, self.key_options);
	if not store then
		return nil, message, "key-source-unavailable";
	elseif message then
		self.log("warn", "Keys: %s until Prosody is restarted; hosts with the same source of keys need the same settings", message);
	end
	if self.configured[name] or source == none then
		self.stores[name] = store;
	else
		self:keep_set(name, store);
	end
	return store;
end

-- The stores of those sources in `list` that can be opened. If there is none: nil, message, code.
function methods:stores_of(list)
	self.half = math.max(self.half, #list); -- sources in force must not push each other out
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

-- The sources in force now, for stores_of(): they may change while a log-in waits.
function methods.in_force(_, settings)
	return all_sources(settings);
end

-- Whether the stores of all sources in force have been opened.
function methods:is_whole(settings)
	for _, source in ipairs(all_sources(settings)) do
		if not self:opened(name_of(source)) then
			return false;
		end
	end
	return true;
end

-- Returns { option, value, stores }: an option of token_verifier.new() with its value, and all its stores; or nil, message, code.
function methods:choice(settings)
	local common, bound = plan(settings);
	self.half = math.max(self.half, #all_sources(settings));
	local others, message, code = self:stores_of(common);
	if next(bound) == nil then
		return others and { option = "keys", value = others, stores = others }, message, code;
	end
	local issuers, stores = { ["*"] = others }, table.move(others or {}, 1, #(others or {}), 1, {});
	for issuer, list in pairs(bound) do
		-- An issuer whose sources cannot be opened gets a store without keys; otherwise the common sources would be valid for it.
		local of_issuer = self:stores_of(list) or { self:store(none) };
		issuers[issuer] = of_issuer;
		table.move(of_issuer, 1, #of_issuer, #stores + 1, stores);
	end
	return { option = "issuers", value = issuers, stores = stores };
end

-- Opens the stores, so that the keys of a previous copy of the plugin are kept until the first token arrives, and starts to fetch
-- the JWK Sets that are not cached. Returns whether a fetch was started.
function methods:prefetch(settings)
	local begun = false;
	for _, source in ipairs(all_sources(settings)) do
		local store = self:store(source);
		if store and is_set[source.kind] and store:stats().held == 0 then
			store:refresh(); -- has no effect if a fetch is already running
			begun = true;
		end
	end
	return begun;
end

-- Records which sources are in the configuration.
function methods:note_configured(settings)
	self.configured = {};
	for _, source in ipairs(all_sources(settings)) do
		self.configured[name_of(source)] = true;
	end
end

-- Takes over new settings for the stores. Stores of sources that are in force are opened again and keep their keys. If another
-- plugin has the same store open, its settings stay, and a warning is logged. `configured` are the settings as read from the
-- configuration.
function methods:configure(settings, key_options, configured)
	self.key_options = key_options;
	local former = {};
	for _, stores in ipairs{ self.set_before, self.set, self.stores } do
		for name in pairs(stores) do
			former[name] = true;
		end
	end
	self:close();
	self:note_configured(configured);
	for _, source in ipairs(all_sources(settings)) do
		if former[name_of(source)] then
			self:store(source);
		end
	end
end

-- Closes all stores. `seconds`: how long they keep their keys in case they are opened again; default `stay`.
function methods:close(seconds)
	close_all(self.stores, seconds);
	close_all(self.set, seconds);
	close_all(self.set_before, seconds);
	self.set_count = 0;
end

local function new(key_options, log)
	return setmetatable({
		key_options = key_options, log = log,
		configured = {}, stores = {}, -- by name: sources in the configuration, and their open stores
		set = {}, set_before = {}, set_count = 0, half = max_set_stores // 2, -- see keep_set(): the newer and the older half
	}, mt);
end

return { new = new, open = open, none = none, is_configured = is_configured, single_sources = single_sources };
