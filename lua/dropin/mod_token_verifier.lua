-- SPDX-License-Identifier: MIT
-- An optional plugin for operators: shell commands about tokens and keys, metrics of keys, and `prosodyctl mod_token_verifier`.
-- It does not matter which plugins verify the tokens.

module:set_global();

if _VERSION ~= "Lua 5.4" then -- whose modules this Lua does not even find
	module:log("error", "token_verifier needs Lua 5.4, this Prosody runs on %s", _VERSION:match("%S+$"));
	return;
end

local async = require "util.async";
local key_metrics = require "token_verifier.plugin.key_metrics";
local loop = require "token_verifier.loop";
local operator = require "token_verifier.explain.operator";
local host_log = require "token_verifier.options.host_log";
local shadow = require "token_verifier.plugin.shadow";

local poll_interval = 0.05;

local watch = loop.attach();

shadow.check(host_log.logged_by(function (...)
	module:log(...);
end));

local count_keys = key_metrics.open(module);

module:hook("stats-update", count_keys);

local waiting = {}; -- set of f(): ends the wait
local unloaded = false;

-- Waits until all started fetches have ended, or this module is unloaded, since its timers stop then. Does nothing if the caller
-- cannot wait.
local function wait_for_fetches(stores, limit)
	local left = math.ceil(limit / poll_interval);
	if unloaded or not async.ready() then
		return;
	end
	local wait, done = async.waiter();
	local function finish()
		if waiting[finish] then
			waiting[finish] = nil;
			done();
		end
	end
	waiting[finish] = true;
	module:add_timer(poll_interval, function ()
		left = left - 1;
		if left > 0 and operator.under_way(stores) > 0 then
			return poll_interval;
		end
		finish();
	end);
	wait();
end

-- name: { what it does, arguments, f(print, view, stores, ...), whether it needs stores }. The host is added after the arguments,
-- and may be omitted if only one host accepts tokens; optional arguments follow it.
local commands = {};

commands.explain = {
	desc = "Show why a token is accepted or refused, check by check; @FILE reads the token from a file of the server";
	args = { "token" };
	optional = { "room" };
	needs_no_key = true; -- it explains why there is none
	run = function (print, view, _, text, room)
		local token, problem = operator.read_token(text);
		if not token then
			return nil, problem;
		end
		local lines, accepted = operator.explain_in_server(view, token, room, watch, wait_for_fetches);
		for _, line in ipairs(lines) do
			print(line);
		end
		return true, accepted and "accepted" or "refused";
	end;
};

commands.keys = {
	desc = "List the keys held for a host";
	args = {};
	needs_stores = true;
	run = function (print, _, stores)
		local lines, count = operator.show_keys(stores);
		for _, line in ipairs(lines) do
			print(line);
		end
		return true, ("%d held"):format(count);
	end;
};

commands.stats = {
	desc = "Show what the sources of keys of a host have done since they were opened";
	args = {};
	needs_stores = true;
	run = function (print, _, stores)
		for _, line in ipairs(operator.show_stats(stores)) do
			print(line);
		end
		return true, ("%d sources"):format(#stores);
	end;
};

commands.refresh = {
	desc = "Fetch all keys held for a host anew; the old ones serve meanwhile";
	args = {};
	needs_stores = true;
	run = function (_, view, stores)
		local before = operator.fetched(stores);
		operator.refresh(stores);
		watch:start();
		wait_for_fetches(stores, view.settings.keyOptions.wait_limit);
		local after = operator.fetched(stores);
		local failed, running = after.failed - before.failed, operator.under_way(stores);
		return failed == 0 or nil, ("%d fetched, %d failed%s"):format(after.ended - before.ended - failed, failed,
			running > 0 and (", %d still under way"):format(running) or "");
	end;
};

commands.forget = {
	desc = "Forget a key (of a JWK Set, all keys), or that there is none; it is fetched again when it is asked for";
	args = { "kid" };
	needs_stores = true;
	run = function (_, _, stores, kid)
		local count, others = operator.forget(stores, kid);
		if count == 0 then
			return nil, "nothing was known of that kid";
		end
		return true, others[1] and table.concat(others, "; ") or "forgotten";
	end;
};

-- The names of all arguments, in order.
local function names_of(command)
	local names = table.move(command.args, 1, #command.args, 1, {});
	names[#names + 1] = "host";
	return table.move(command.optional or {}, 1, #(command.optional or {}), #names + 1, names);
end

local function usage(name)
	local names = names_of(commands[name]);
	return ("usage: token:%s(\"%s\")"):format(name, table.concat(names, "\", \""));
end

-- Runs a command with its arguments. Returns true or nil, and a message, as the shell expects.
local function run(name, print, ...)
	local command = commands[name];
	local count, needed, possible = select("#", ...), #command.args, #names_of(command);
	local given = { ... };
	for i = 1, math.max(count, needed) do
		local left_out = i > needed and given[i] == nil;
		if not left_out and type(given[i]) ~= "string" or i > possible then
			return nil, usage(name);
		end
	end
	local host = given[needed + 1];
	local arguments = table.move(given, needed + 2, possible, needed + 1, table.move(given, 1, needed, 1, {}));
	local view, problem = operator.open(module, host, command.needs_no_key);
	if not view then
		return nil, problem;
	end
	local ok, result, message = pcall(function ()
		local stores, reason;
		if command.needs_stores then
			stores, reason = view:stores();
			if not stores then
				return nil, reason;
			end
		end
		return command.run(print, view, stores, table.unpack(arguments, 1, possible - 1));
	end);
	count_keys(); -- now, since a store that nobody else uses is closed here
	view:close();
	if not ok then
		module:log("error", "Error in the command token:%s(): %s", name, result);
		return nil, "the command failed, see the log";
	end
	return result, message;
end

-- Prosody 13 takes the commands and their descriptions from items. COMPAT Prosody 0.12 only has the table where both versions
-- look them up.
local shell = module:shared("/*/admin_shell/env");
local section = shell.token or {};
shell.token = section;

for name, command in pairs(commands) do
	local function handler(self, ...)
		return run(name, self.session.print, ...);
	end
	local args = {};
	for i, argument in ipairs(names_of(command)) do
		args[i] = { name = argument, type = "string" };
	end
	command.handler = handler;
	section[name] = handler;
	module:add_item("shell-command", {
		section = "token", section_desc = "Commands about tokens and the keys that verify them",
		name = name, desc = command.desc, args = args, handler = handler,
	});
end

function module.unload()
	unloaded = true;
	watch:detach();
	for finish in pairs(waiting) do
		finish();
	end
	for name, command in pairs(commands) do
		if section[name] == command.handler then
			section[name] = nil;
		end
	end
	if next(section) == nil and shell.token == section then
		shell.token = nil;
	end
end

-- Without a server: prosodyctl mod_token_verifier explain TOKEN [HOST [ROOM]].
function module.command(arg)
	local name, text, host, room = table.unpack(arg, 1, 4);
	if name ~= "explain" or not text or #arg > 4 then
		print("usage: prosodyctl mod_token_verifier explain TOKEN|@FILE|- [HOST [ROOM]]");
		return 2;
	end
	local token, problem = operator.read_token(text, io.stdin);
	local view;
	if token then
		view, problem = operator.open(module, host, true);
	end
	if not view then
		print(problem);
		return 2;
	end
	local lines, accepted = operator.explain_alone(view, token, room);
	view:close();
	print(table.concat(lines, "\n"));
	return accepted and 0 or 1;
end
