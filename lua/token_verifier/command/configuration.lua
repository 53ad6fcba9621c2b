-- SPDX-License-Identifier: MIT
-- A Prosody configuration as the plugins would see it: hosts that accept tokens, and their settings.

local config = require "token_verifier.options.config";
local configuration_file = require "token_verifier.explain.configuration_file";
local format = require "util.format".format;
local host_view = require "token_verifier.explain.host_view";
local hosts_of = require "token_verifier.explain.hosts";
local quote = require "token_verifier.plugin.report".quote;

local default_data_path = "/var/lib/prosody";

-- A stand-in for the module API of a plugin on `host`.
local context = {};
context.__index = context;

function context:get_option(name, default)
	local value = self.configuration:get(self.host, name);
	if value == nil then
		return default;
	end
	return value;
end

function context:get_option_string(name, default)
	local value = self:get_option(name, default);
	return value ~= nil and tostring(value) or nil;
end

function context:get_option_path(name, default)
	local value = self:get_option_string(name, default);
	return value and configuration_file.resolve(self.configuration.folder, value);
end

-- The folders where Prosody searches plugins: first that of its installer, then the configured ones.
local function plugin_folders(configuration)
	local data_path = configuration:get("*", "data_path") or default_data_path;
	local of_installer = configuration:get("*", "installer_plugin_path") or "custom_plugins";
	local folders = { configuration_file.resolve(tostring(data_path), tostring(of_installer)) };
	local more = configuration:get("*", "plugin_paths");
	for _, folder in ipairs(type(more) == "table" and more or {}) do
		folders[#folders + 1] = configuration_file.resolve(configuration.folder, tostring(folder));
	end
	return table.concat(folders, package.config:sub(3, 3));
end

local function new_context(configuration, host)
	return setmetatable({
		configuration = configuration, host = host, sections = configuration.sections, plugin_folders = plugin_folders(configuration),
	}, context);
end

-- The name of a host in the configuration. Ends the command if there is no such host.
local function find_host(configuration, host, terminal)
	if not configuration.sections[host:lower()] then
		local hosts = hosts_of.token_hosts(configuration);
		terminal.fail(("%s has no host %s%s"):format(configuration.path, quote(host),
			#hosts > 0 and "; tokens are taken by "..table.concat(hosts, ", ") or ""));
	end
	return host:lower();
end

-- Returns the settings of a host as the plugins read them, the complaints about them as a list of { level, cause, text } (see
-- options/host_log.lua), and whether tokens can be verified.
local function settings_of(configuration, host)
	local complaints = {};
	local plugin = new_context(configuration, host);
	local settings, usable = config.read(plugin, plugin, nil, function (level, cause, ...)
		complaints[#complaints + 1] = { level = level, cause = cause, text = format(...) };
	end);
	return settings, complaints, usable;
end

-- The view of a host that accepts tokens. It must be closed.
local function view(configuration, host)
	local settings, complaints = settings_of(configuration, host);
	local texts = {};
	for _, note in ipairs(configuration.notes) do
		texts[#texts + 1] = "note: "..note.text;
	end
	for _, complaint in ipairs(complaints) do
		texts[#texts + 1] = ("%s: %s"):format(complaint.level, complaint.text);
	end
	local muc_host = hosts_of.muc_host_of(configuration, host);
	local others = not muc_host and hosts_of.rooms_of_others(configuration, host) or {};
	if others[1] then
		muc_host = others[1][1];
		texts[#texts + 1] = ("warn: %s has no rooms of its own, and those of %s refuse its users: see token-verifier check"):format(
			host, muc_host);
	end
	return host_view.new(host, settings, texts, muc_host, configuration);
end

return { find_host = find_host, settings_of = settings_of, view = view };
