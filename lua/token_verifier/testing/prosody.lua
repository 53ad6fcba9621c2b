-- SPDX-License-Identifier: MIT
-- Prosody's own libraries and event loop for specs, with stand-ins for what exists only in a running server: the module API, hosts
-- and sessions.

local source = os.getenv("PROSODY_SOURCE") or "/usr/lib/prosody";

-- Only once per process, although busted loads modules again for each file: each run of Prosody 13's loader, which makes util.x
-- and prosody.util.x the same, doubles the searchers.
if not rawget(package, "token_verifier_testing") then
	rawset(package, "token_verifier_testing", true);
	package.path = source.."/?.lua;"..package.path;
	package.cpath = source.."/?.so;"..package.cpath;
	pcall(require, "loader");
end
if not pcall(require, "util.async") then
	error(("Prosody's own libraries are needed, and not in %s; the variable PROSODY_SOURCE says where they are"):format(source), 0);
end

local server = require "net.server_epoll";
package.loaded["net.server"] = server;
local async = require "util.async";
async.set_nexttick(function (f) return server.add_task(0, f); end);
async.set_schedule_function(server.add_task);
local array = require "util.array";
local events = require "util.events";
local format = require "util.format".format;
local resolve_path = require "util.paths".resolve_relative_path;
local set = require "util.set";
local monotonic = require "util.time".monotonic;

local M = { server = server, async = async, monotonic = monotonic, log_lines = {} };

-- Everything that is logged, by our code or Prosody's.
require "util.logger".add_simple_sink(function (name, level, message)
	M.log_lines[#M.log_lines + 1] = ("%s %s %s"):format(level, name, message);
end);

function M.clear_log()
	M.log_lines = {};
end

-- The lines of a level that contain `text`.
function M.logged(level, text)
	local found = {};
	for _, line in ipairs(M.log_lines) do
		if line:sub(1, #level + 1) == level.." " and line:find(text or "", 1, true) then
			found[#found + 1] = line;
		end
	end
	return found;
end

-- The error that ends the event loop when a spec has seen enough: both versions of Prosody pass on errors of this kind.
local stop_loop = {};

local alarm = require "socket".udp();
alarm:setsockname("127.0.0.1", 0);
alarm:setpeername(alarm:getsockname());
server.watchfd(alarm:getfd(), function ()
	alarm:receive();
	error(stop_loop);
end);

-- Runs the event loop until `condition()` is true; raises an error after `seconds`.
function M.run_until(condition, seconds)
	local deadline = monotonic() + (seconds or 10);
	local held = false;
	local ticks = server.add_task(0, function ()
		held = condition();
		if held or monotonic() > deadline then
			alarm:send("stop");
			return nil;
		end
		return 0.005;
	end);
	local _, reason = pcall(server.loop);
	server.timer.stop(ticks);
	assert(reason == stop_loop, reason);
	assert(held, "the event loop ran for too long");
end

-- Runs `f` in an async runner, as Prosody does with a session's stanzas, and returns what it returns.
function M.run(f, ...)
	local results;
	local arguments = table.pack(...);
	local failure;
	local runner = async.runner(function ()
		results = table.pack(f(table.unpack(arguments, 1, arguments.n)));
	end, { error = function (_, err) failure = err; end });
	runner:run(true);
	M.run_until(function () return results or failure; end);
	assert(not failure, failure);
	return table.unpack(results, 1, results.n);
end

-- The part of Prosody's module API that the plugins use. Options come from tables by host ("*" for all hosts).
local api = {};

function api:get_option(name, default)
	local value = (self.options[self.host] or {})[name];
	if value == nil then
		value = (self.options["*"] or {})[name];
	end
	if value == nil then
		return default;
	end
	return value;
end

function api:get_option_string(name, default)
	local value = self:get_option(name, default);
	return value ~= nil and tostring(value) or nil;
end

function api:get_option_path(name, default, parent)
	local value = self:get_option_string(name, default);
	return value and resolve_path(_G.prosody.paths[parent], value);
end

function api:get_option_number(name, default)
	return tonumber(self:get_option(name, default));
end

function api:get_option_array(name, default)
	local value = self:get_option(name, default);
	return value ~= nil and array(type(value) == "table" and value or { value }) or nil;
end

function api:get_option_boolean(name, default)
	local value = self:get_option(name, default);
	return value == true or value == "true";
end

function api:get_option_set(name, default)
	local value = self:get_option(name, default);
	return value and set.new(type(value) == "table" and value or { value });
end

function api:get_option_inherited_set(name, default)
	return self:get_option_set(name, default) + (self:context("*"):get_option_set(name) or set.new());
end

-- The tables of options of the last server, by host.
local config;
package.loaded["core.configmanager"] = { getconfig = function () return config; end };

function api:context(host)
	return setmetatable({ host = host }, { __index = self });
end

function api:log(level, ...)
	require "util.logger".init(self.host..":"..self.name)(level, format(...));
end

function api:hook_object_event(object, event, handler, priority)
	table.insert(self.handlers, { object, event, handler });
	return object.add_handler(event, handler, priority);
end

function api:hook(event, handler, priority)
	local host = _G.prosody.hosts[self.host];
	return self:hook_object_event((host or _G.prosody).events, event, handler, priority);
end

function api:hook_global(event, handler, priority)
	return self:hook_object_event(_G.prosody.events, event, handler, priority);
end

function api:wrap_event(event, handler)
	return self:hook_object_event(_G.prosody.hosts[self.host].events.wrappers, event, handler);
end

function api:fire_event(...)
	local host = _G.prosody.hosts[self.host];
	return (host or _G.prosody).events.fire_event(...);
end

function api.depends()
end

function api:add_timer(delay, f)
	return server.add_task(delay, function ()
		if self.loaded ~= false then
			return f();
		end
	end);
end

-- Registers a metric where Prosody itself would.
function api:metric(type_, name, unit, description, label_keys, conf)
	assert(self.host == "*", "metrics of a host have a label more");
	local registry = M.statistics.metric_registry;
	return registry[type_](registry, "prosody_mod_"..self.name.."/"..name, unit, description, label_keys, conf);
end

function api:set_global()
	self.host = "*";
end

function api:add_item(kind, item)
	self.items[kind] = self.items[kind] or {};
	table.insert(self.items[kind], item);
end

function api.shared(_, path)
	M.shared[path] = M.shared[path] or {};
	return M.shared[path];
end

-- The rest of what plugins call while they load: it has no effect here.
for name in ("add_feature add_identity add_extension remove_item default_permission default_permissions set_status log_status "
	.."send broadcast"):gmatch("%S+") do
	api[name] = function () end;
end

function api:get_name()
	return self.name;
end

function api:get_host()
	return self.host;
end

function api:get_host_type()
	local host = _G.prosody.hosts[self.host];
	return host and host.type;
end

function api:get_option_integer(name, default)
	return math.tointeger(self:get_option_number(name, default));
end

function api:get_option_enum(name, ...)
	local value = self:get_option(name);
	return value ~= nil and value or (...);
end

function api:hook_tag(xmlns, name, handler, priority)
	return self:hook("stanza/"..(xmlns and xmlns..":" or "")..name, handler, priority);
end

-- A measurement of any kind; that of times returns a function that ends it. What a counter has counted is in `measured`.
function api:measure(name, kind)
	local measured = self.measured;
	return function (count)
		if kind == "counter" then
			measured[name] = (measured[name] or 0) + count;
		end
		return function () end;
	end;
end

-- A store in memory.
function api.open_store()
	local kept = {};
	return {
		get = function (_, user) return kept[user or ""]; end;
		set = function (_, user, data) kept[user or ""] = data; return true; end;
	};
end

function api:provides(name, item)
	self.provided[name] = item;
end

-- The folders of our plugins: installed, beside the Lua modules; in a checkout, above this file.
local own_folder = debug.getinfo(1, "S").source:match("^@(.*)testing/prosody%.lua$") or "./";
M.plugin_paths = { own_folder.."plugins/dropin", own_folder.."../dropin" };

function api:require(name)
	local paths = {};
	for i, folder in ipairs(M.plugin_paths) do
		paths[i] = folder.."/?.lib.lua";
	end
	local path = assert(package.searchpath(name, table.concat(paths, ";"), "", "/"));
	return assert(loadfile(path, "t", self.environment))();
end

-- Removes all event handlers, in any order, like Prosody.
function api:unload()
	for _, hooked in ipairs(self.handlers) do
		hooked[1].remove_handler(hooked[2], hooked[3]);
	end
	self.handlers = {};
	self.loaded = false;
end

-- Unloads a plugin like Prosody: first its own module.unload(), then its handlers.
function M.unload(module)
	local own = rawget(module, "unload");
	if own then
		own();
	end
	api.unload(module);
end

-- The metrics as mod_http_openmetrics shows them: a table from name and labels to the value.
function M.metrics()
	local values = {};
	for line in M.statistics.metric_registry:render():gmatch("[^\n]+") do
		local name, value = line:match("^([^#]%S*) (%S+)$");
		if name then
			assert(values[name] == nil, name);
			values[name] = tonumber(value);
		end
	end
	return values;
end

-- Starts a new server with `options` by host. Each key except "*" becomes a host. Returns the global `prosody`.
function M.new_server(options)
	M.clear_log();
	config = options;
	M.statistics = require "util.statistics".new();
	M.shared = {};
	_G.prosody = { hosts = {}, events = events.new(), full_sessions = {}, paths = { config = "." } };
	for host in pairs(options) do
		if host ~= "*" then
			_G.prosody.hosts[host] = { events = events.new(), sessions = {}, modules = {}, type = "local" };
		end
	end
	return _G.prosody;
end

-- Returns a plugin's module API object, with the environment for its code. The default options are those of new_server().
function M.new_module(host, options, name)
	local module = setmetatable({
		host = host, name = name or "spec", options = options or config, handlers = {}, provided = {}, measured = {},
		items = {},
	}, { __index = api });
	module.environment = setmetatable({ module = module, prosody = _G.prosody }, { __index = _G });
	return module;
end

-- Loads a plugin from a file. Returns its module API object: arguments of provides() are in `provided`, those of add_item() in
-- `items`.
function M.load_plugin(path, host, options)
	local module = M.new_module(host, options, path:match("mod_(.*)%.lua$"));
	assert(loadfile(path, "t", module.environment))();
	return module;
end

-- A session as a plugin sees it; stanzas for the client are kept in `sent`.
function M.session(fields)
	local session = { type = "c2s_unauthed", ip = "192.0.2.1", sent = {} };
	function session.send(stanza)
		session.sent[#session.sent + 1] = stanza;
		return true;
	end
	function session.close(_, reason)
		session.destroyed, session.closed_for = true, reason;
	end
	for name, value in pairs(fields or {}) do
		session[name] = value;
	end
	return session;
end

-- Returns a token_util object for `options` of the host "example.org", its module and all options.
function M.new_token_util(options, own_options)
	local all = { ["example.org"] = options, ["*"] = own_options };
	M.new_server(all);
	local module = M.new_module("example.org", all);
	local token_util = module:require "token/util".new(module);
	return token_util, module, all;
end

return M;
