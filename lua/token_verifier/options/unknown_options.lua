-- SPDX-License-Identifier: MIT
-- Warns about options that nobody reads, because their names are misspelt.

local _, configmanager = pcall(require, "core.configmanager"); -- absent in the command
local names_of = require "token_verifier.plugin.list".names_of;
local spelling = require "token_verifier.options.spelling";
local token_options = require "token_verifier.plugin.token_options";

local of_component = {}; -- those of mod_token_verification
for _, section in ipairs(token_options.sections) do
	for _, row in ipairs(section.name == "moderation" and section.rows or {}) do
		of_component[row[1]] = row;
	end
end

-- Names that people write instead of ours, and that are not spelt like them: from containers, other programs, or from memory. All in
-- lower case.
local mistaken = {
	app_id = { "ap_id", "appid", "application_id", "jwt_app_id", "token_app_id" };
	app_secret = {
		"app_key", "appsecret", "jwt_app_secret", "jwt_key", "jwt_secret", "jwt_secret_key", "secret", "secret_key", "shared_secret",
		"token_secret",
	};
	cache_keys_url = { "jwks", "jwks_uri", "jwks_url", "jwt_jwks_url", "keys_url" };
	asap_key_server = { "asap_keyserver", "jwt_asap_keyserver", "key_server", "keyserver" };
	openid_issuer = { "issuer_url", "oidc_issuer" };
	asap_accepted_issuers = { "accepted_issuers", "jwt_accepted_issuers" };
	asap_accepted_audiences = { "accepted_audiences", "jwt_accepted_audiences" };
	signature_algorithm = { "jwt_algorithm", "jwt_sign_type" };
	allow_empty_token = { "allow_empty", "jwt_allow_empty" };
	enable_domain_verification = { "jwt_enable_domain_verification" };
	authentication = { "authentification" };
};

local meant_by, is_key = {}, { app_secret = true, app_secret_file = true };
for option, names in pairs(mistaken) do
	for _, name in ipairs(names) do
		meant_by[name] = option;
	end
end
for _, row in ipairs(token_options.sources) do
	is_key[row[1]] = true;
end

-- The names in the block of `host` and in the global section.
local function configured_names(host, config)
	local names = {};
	for _, section in ipairs({ "*", host }) do
		for name in pairs(rawget(config, section) or {}) do
			if type(name) == "string" then
				names[name] = true;
			end
		end
	end
	return names;
end

local function is_set(host, option, config)
	for _, section in ipairs({ host, "*" }) do
		if (rawget(config, section) or {})[option] ~= nil then
			return true;
		end
	end
	return false;
end

-- The option that was meant by a name of the table above, if nothing is set in its place; else nil.
local function mistaken_for(name, host, config)
	local lower = name:lower();
	local meant = meant_by[lower] or lower ~= name and token_options.by_name[lower] and lower or nil;
	if meant and is_key[meant] then
		for option in pairs(is_key) do
			meant = not is_set(host, option, config) and meant or nil;
		end
	end
	return meant and not is_set(host, meant, config) and meant or nil;
end

-- The name that is set for a host where `option` is meant; nil if there is none, or if the option is set.
local function written_for(option, host, config)
	return names_of(configured_names(host, config), function (name) return mistaken_for(name, host, config) == option; end)[1];
end

-- An unknown option with the prefix `token_` is always reported: the prefix is ours. Other plugins have options with the prefix
-- `asap_`, so these are reported only if one of ours has a similar name; all other names likewise, but only with `thorough`,
-- since that takes time. `taken_for` is the option that is known to be meant, or nil.
local function report(name, known, complain, thorough, taken_for)
	local is_ours = name:find("^token_") ~= nil;
	if not taken_for and not is_ours and not name:find("^asap_") and not (thorough and #name >= 6) then
		return;
	end
	local meant, distance = taken_for, 0;
	if not meant then
		meant, distance = spelling.nearest(name, known);
	end
	if meant and (is_ours or distance <= 2) then
		complain("warn", { "option-misspelt", found = name, expected = meant }, "Option '%s' is unknown here: did you mean '%s'?", name, meant);
	elseif is_ours then
		complain("warn", { "option-unknown", found = name }, "Option '%s' is unknown here", name);
	end
end

-- Warns about unknown options of `host`. `config` has the options by host; the default is the configuration of the running
-- Prosody.
local function check(host, complain, config)
	local thorough = config ~= nil;
	config = config or configmanager.getconfig();
	local known = token_options.by_name;
	for _, name in ipairs(names_of(configured_names(host, config), function (name) return not known[name]; end)) do
		report(name, known, complain, thorough, mistaken_for(name, host, config));
	end
end

-- Warns about unknown options of a MUC component whose names start like those of mod_token_verification.
local function check_component(host, complain)
	for name in pairs(rawget(configmanager.getconfig(), host) or {}) do
		if type(name) == "string" and name:find("^token_verif") and not of_component[name] then
			report(name, of_component, complain);
		end
	end
end

-- Warns about hosts in an option that do not exist. `config` as above.
local function check_hosts(option, names, complain, config)
	config = config or configmanager.getconfig();
	for _, name in ipairs(names) do
		if rawget(config, name) == nil or name == "*" then
			complain("warn", { "host-unknown", option = option, found = name }, "Option '%s' names %q, and there is no such host", option,
				name);
		end
	end
end

return { written_for = written_for, check = check, check_hosts = check_hosts, check_component = check_component };
