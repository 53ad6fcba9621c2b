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

-- An unknown option with the prefix `token_` is always reported: the prefix is ours. Other plugins have options with the prefix
-- `asap_`, so these are reported only if one of ours has a similar name; all other names likewise, but only with `thorough`,
-- since that takes time.
local function report(name, known, log, thorough)
	local is_ours = name:find("^token_") ~= nil;
	if not is_ours and not name:find("^asap_") and not (thorough and #name >= 6) then
		return;
	end
	local meant, distance = spelling.nearest(name, known);
	if is_ours then
		log("warn", "Option '%s' is unknown here%s", name, meant and (": did you mean '%s'?"):format(meant) or "");
	elseif meant and distance <= 2 then
		log("warn", "Option '%s' is unknown here: did you mean '%s'?", name, meant);
	end
end

-- Warns about unknown options of `host`. `config` has the options by host; the default is the configuration of the running
-- Prosody.
local function check(host, log, config)
	local thorough = config ~= nil;
	config = config or configmanager.getconfig();
	local known = token_options.by_name;
	for _, name in ipairs(names_of(configured_names(host, config), function (name) return not known[name]; end)) do
		report(name, known, log, thorough);
	end
end

-- Warns about unknown options of a MUC component whose names start like those of mod_token_verification.
local function check_component(host, log)
	for name in pairs(rawget(configmanager.getconfig(), host) or {}) do
		if type(name) == "string" and name:find("^token_verif") and not of_component[name] then
			report(name, of_component, log);
		end
	end
end

-- Warns about hosts in an option that do not exist. `config` as above.
local function check_hosts(option, names, log, config)
	config = config or configmanager.getconfig();
	for _, name in ipairs(names) do
		if rawget(config, name) == nil or name == "*" then
			log("warn", "Option '%s' names %q, and there is no such host", option, name);
		end
	end
end

return { check = check, check_hosts = check_hosts, check_component = check_component };
