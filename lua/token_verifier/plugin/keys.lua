-- SPDX-License-Identifier: MIT
-- Chooses the key that a session's token must be verified with, and keeps the verifiers made for it.

local token_verifier = require "token_verifier";
local algorithms = require "token_verifier.plugin.algorithms";
local as_list = require "token_verifier.plugin.list".as_list;
local sources = require "token_verifier.plugin.sources";
local token_options = require "token_verifier.plugin.token_options";

-- Maximum number of verifiers kept, one for each combination of key and settings.
local max_verifiers = 32;

local methods = {};
local mt = { __index = methods };

-- The algorithms in `configured` that use a secret, or those that use a public key. Never both, or a token could be signed with
-- the public key as its secret.
local function algorithms_for(configured, with_secret)
	local names = {};
	for _, name in ipairs(as_list(configured)) do
		if type(name) == "string" and algorithms.is_symmetric(name) == with_secret then
			names[#names + 1] = name;
		end
	end
	return names;
end

-- Whether a text is a public key, even one that is not accepted.
local function is_key(text)
	local key, _, code = token_verifier.key(text);
	return key ~= nil or code ~= "malformed-key";
end

-- Whether a text is meant as a public key, even if the key is broken. (Where a secret is expected, such a text is refused.)
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
		return nil, "no secret and no source of keys is configured", "key-not-found", { reason = "no-source" };
	end
	return { option = "secret", value = settings.appSecret };
end

local function append(parts, value)
	local kind = type(value);
	local text = kind == "string" and value or tostring(value);
	parts[#parts + 1] = kind..#text..":"..text;
end

local function append_list(parts, list)
	parts[#parts + 1] = #list;
	for i = 1, #list do
		append(parts, list[i]);
	end
end

local function append_stores(parts, stores)
	append(parts, #stores);
	for _, store in ipairs(stores) do
		append(parts, store:id());
	end
end

-- `stores_of`: issuer -> list of its stores.
local function append_issuers(parts, stores_of)
	local issuers = {};
	for issuer in pairs(stores_of) do
		issuers[#issuers + 1] = issuer;
	end
	table.sort(issuers);
	append(parts, #issuers);
	for _, issuer in ipairs(issuers) do
		append(parts, issuer);
		append_stores(parts, stores_of[issuer]);
	end
end

local append_as = { keys = append_stores, issuers = append_issuers };

-- A string that identifies a verifier with these options: it contains every option, so different options give different strings.
-- Making it is cheaper than making a verifier. It is made from the current contents, since lists may be changed in place. The
-- order of pairs() is the same for tables that were filled in the same way; if it ever differs, one more verifier is made.
local function identity(options)
	local parts = {};
	for name, value in pairs(options) do
		parts[#parts + 1] = name;
		if type(value) == "boolean" then
			parts[#parts + 1] = value and "+" or "-";
		else
			local append_value = append_as[name] or type(value) == "table" and append_list or append;
			append_value(parts, value);
		end
	end
	return table.concat(parts);
end

function methods:kept(options)
	local name = identity(options);
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

-- Converts the value of a field, which a plugin may have set to anything, to what token_verifier.new() takes.
local function native_value(row, value)
	local kind = row.read;
	if kind == "boolean" then
		return value == true or value ~= nil and value ~= false and row.safe;
	elseif kind == "number" then
		return value;
	end
	return as_list(value);
end

-- Returns the options of token_verifier.new() for a session under the current settings (a token_util object), and the key that
-- was chosen: { option, value, stores }. On failure: nil, message, code, and perhaps facts.
function methods:options(settings, session)
	local choice, message, code, facts = self:choose(settings, session);
	if not choice then
		return nil, message, code, facts;
	end
	local options = { [choice.option] = choice.value, require_sub = true, wait = false };
	for _, row in ipairs(token_options.of_verifier) do
		options[row.verifier] = native_value(row, (row.within and settings[row.within] or settings)[row.field]);
	end
	options.algorithms = algorithms_for(options.algorithms, choice.option == "secret");
	if #options.algorithms == 0 then
		return nil, ("no accepted algorithm goes with a %s"):format(
			choice.option == "secret" and "shared secret" or "public key"), "algorithm-not-accepted";
	end
	return options, choice;
end

-- The last verifier is kept together with the settings it was made from: comparing these is faster than making the identity
-- string. A token_util object counts the assignments to its fields in `_changes`, so only changes inside tables are left to
-- compare: `listed` are the rows whose field may be a list, `nested` those whose field is inside another table.
local listed, nested = {}, {};
for _, row in ipairs(token_options.rows) do
	if row.field and (row.verifier or row.source) then
		table.insert(row.within and nested or listed, row);
	end
end

local function note(settings, session, verifier, stores)
	local noted = {
		settings = settings, changes = settings._changes, public_key = session.public_key, verifier = verifier, stores = stores,
	};
	for _, row in ipairs(listed) do
		local list = settings[row.field];
		if type(list) == "table" then
			noted[#noted + 1] = list;
			noted[#noted + 1] = table.move(list, 1, #list, 1, {});
		end
	end
	for _, row in ipairs(nested) do
		noted[row] = settings[row.within][row.field];
	end
	return noted;
end

local function is_as_noted(noted, settings, session)
	if noted.settings ~= settings or noted.changes ~= settings._changes or noted.public_key ~= session.public_key then
		return false;
	end
	for i = 1, #nested do
		local row = nested[i];
		if noted[row] ~= settings[row.within][row.field] then
			return false;
		end
	end
	for i = 1, #noted, 2 do -- each list and its copy; inlined, since this runs for every token
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

-- Returns the verifier for a session and the stores it asks. On failure: nil, message, code.
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
	verifier, message, code = self:kept(options);
	if not verifier then
		return nil, message, code;
	end
	local stores = choice.stores or {};
	-- Not kept with token_issuers (tables of tables, which is_as_noted() does not compare), nor if a source could not be opened:
	-- it is tried again.
	self.noted = settings._changes and settings.tokenIssuers == nil and self.sources:is_whole(settings)
		and note(settings, session, verifier, stores) or nil;
	return verifier, stores;
end

-- Drops all verifiers.
function methods:clear()
	self.verifiers, self.count, self.noted = {}, 0, nil;
end

-- Takes over new settings of key sources; `configured` are the settings as read from the configuration, without assignments.
function methods:configure(settings, configured)
	self:clear();
	self.sources:configure(settings, settings.keyOptions, configured);
end

-- `seconds`: see close() in sources.lua.
function methods:close(seconds)
	self:clear();
	self.sources:close(seconds);
end

local function new(key_options, log)
	return setmetatable({ sources = sources.new(key_options, log), log = log, verifiers = {}, count = 0 }, mt);
end

return { new = new };
