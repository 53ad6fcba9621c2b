-- SPDX-License-Identifier: MIT
-- Options that nobody reads, because their names are misspelt.

local _, configmanager = pcall(require, "core.configmanager"); -- a command line has none
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

-- What begins with `token_` is ours. Other plugins have options that begin with `asap_`, so there it must be a slip; others
-- are compared where there is time for it, with `thorough`.
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

-- Complains about those that are set for `host` and are none of ours. `config` has the options by host, of a configuration that
-- is looked through; absent, it is that of the Prosody that runs.
local function check(host, log, config)
	local thorough = config ~= nil;
	config = config or configmanager.getconfig();
	local known = token_options.by_name;
	for _, name in ipairs(names_of(configured_names(host, config), function (name) return not known[name]; end)) do
		report(name, known, log, thorough);
	end
end

-- Complains about those of a component of rooms that are called as those of mod_token_verification are.
local function check_component(host, log)
	for name in pairs(rawget(configmanager.getconfig(), host) or {}) do
		if type(name) == "string" and name:find("^token_verif") and not of_component[name] then
			report(name, of_component, log);
		end
	end
end

-- Complains about names of hosts in an option that are none of the server's. `config` is as above.
local function check_hosts(option, names, log, config)
	config = config or configmanager.getconfig();
	for _, name in ipairs(names) do
		if rawget(config, name) == nil or name == "*" then
			log("warn", "Option '%s' names %q, and there is no such host", option, name);
		end
	end
end

return { check = check, check_hosts = check_hosts, check_component = check_component };
