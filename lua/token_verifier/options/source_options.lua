-- SPDX-License-Identifier: MIT
-- The options that name sources of keys. An unusable source becomes a source without keys, so that tokens are not verified with
-- something else instead.

local token_verifier = require "token_verifier";
local sources = require "token_verifier.plugin.sources";
local token_options = require "token_verifier.plugin.token_options";

-- Whether a source is usable: adds it to `found`, or logs why it is not.
local function is_usable(reader, option, source, found, issuer)
	local store, message = sources.open(source, found.key_options);
	if not store then
		reader.complain("error", { "no-source" }, "Option '%s' names no usable source of keys, so none comes from it: %s", option, message);
		return false;
	end
	found[#found + 1] = { text = store:source(), issuer = issuer };
	store:close();
	return true;
end

-- The value of a row's option: a URL, a list of URLs, or nil. `""` is a source without keys.
local function url(reader, row, found)
	local value = reader:raw(row[1]);
	if row.source == "asap_key_server" and (value == true or value == "true") then
		reader.complain("warn", { "option-to-remove", option = "asap_key_server" },
			"Option 'asap_key_server' is not a URL but 'true': it is ignored");
		return nil;
	elseif value == nil then
		return nil;
	end
	return is_usable(reader, row[1], { kind = row.source, value = value }, found) and value or "";
end

-- The list of the issuers of OpenID providers, or nil.
local function providers(reader, found)
	local issuers = reader:value("openid_issuer", "list");
	for _, issuer in ipairs(issuers or {}) do
		is_usable(reader, "openid_issuer", { kind = "openid_issuer", value = issuer }, found);
	end
	return issuers;
end

local kinds, is_kind = {}, {};
for i, row in ipairs(token_verifier.sources) do
	kinds[i], is_kind[row.name] = row.name, true;
end

-- The source in an entry of token_issuers, or nil and what is wrong with it.
local function source_of(issuer, entry)
	if type(entry) ~= "table" then
		return nil, ("it must be a table, not a %s"):format(type(entry));
	end
	local kind, value = next(entry);
	if not is_kind[kind] or next(entry, kind) ~= nil then
		return nil, ("it must have exactly one of %s and %s"):format(table.concat(kinds, ", ", 1, #kinds - 1), kinds[#kinds]);
	elseif kind == "openid_issuer" then
		if value ~= true and value ~= issuer then
			return nil, "openid_issuer must be true";
		end
		value = issuer;
	end
	return { kind = kind, value = value };
end

-- A table from issuer to its source, or nil. An issuer with an unusable entry gets a source without keys.
local function issuers_of(reader, found)
	local value = reader:raw("token_issuers");
	if value == nil then
		return nil;
	elseif type(value) ~= "table" then
		reader:wrong("token_issuers", "a table from issuer to source", value, "no key comes from it");
		return {};
	end
	local result = {};
	for issuer, entry in pairs(value) do
		if type(issuer) ~= "string" or issuer == "*" then
			reader.complain("error", { "option-invalid" }, "Option 'token_issuers' has an entry for %q, which is no issuer: it is ignored", issuer);
		else
			local source, problem = source_of(issuer, entry);
			if not source then
				reader.complain("error", { "option-invalid" }, "Option 'token_issuers', entry for %q: %s; no key comes from it", issuer,
					problem);
			elseif not is_usable(reader, "token_issuers", source, found, issuer) then
				source = nil;
			end
			result[issuer] = source or sources.none;
		end
	end
	return result;
end

-- Reads all these options into fields of `settings`. Returns the usable sources, for messages: a list of { text, issuer }, where
-- `issuer` is set for a source that is bound to it.
local function read(reader, settings)
	local found = { key_options = settings.keyOptions };
	for _, row in ipairs(token_options.sources) do
		if row.common then
			settings[row.field] = url(reader, row, found);
		end
	end
	settings.openidIssuer = providers(reader, found);
	settings.tokenIssuers = issuers_of(reader, found);
	return found;
end

return { read = read };
