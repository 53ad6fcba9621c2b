-- SPDX-License-Identifier: MIT
-- For operators, and optional: shell commands about tokens and keys, metrics of keys, and `prosodyctl mod_token_verifier`.
-- It works beside whichever modules verify the tokens.

module:set_global();

local async = require "util.async";
local key_metrics = require "token_verifier.key_metrics";
local loop = require "token_verifier.loop";
local operator = require "token_verifier.operator";
local shadow = require "token_verifier.shadow";

local poll_interval = 0.05;

local watch = loop.attach();

shadow.check(function (...)
	module:log(...);
end);

local count_keys = key_metrics.open(module);

module:hook("stats-update", count_keys);

-- Waits until the fetches that were begun have ended, where the caller can wait.
local function settle(stores, limit)
	local left = math.ceil(limit / poll_interval);
	if not async.ready() then
		return;
	end
	local wait, done = async.waiter();
	module:add_timer(poll_interval, function ()
		left = left - 1;
		if left > 0 and operator.under_way(stores) > 0 then
			return poll_interval;
		end
		done();
	end);
	wait();
end

-- name: { what it does, arguments, f(print, view, stores, ...), whether it needs stores }. The host is the last argument;
-- where only one host takes tokens it may be left out.
local commands = {};

commands.explain = {
	desc = "Show why a token is accepted or refused, check by check; @FILE reads the token from a file of the server";
	args = { "token" };
	needs_no_key = true; -- it says why there is none
	run = function (print, view, _, text)
		local token, problem = operator.read_token(text);
		if not token then
			return nil, problem;
		end
		local lines, accepted = operator.explain_in_server(view, token, watch, settle);
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
		settle(stores, view.settings.keyOptions.wait_limit);
		local after = operator.fetched(stores);
		local failed, running = after.failed - before.failed, operator.under_way(stores);
		return failed == 0 or nil, ("%d fetched, %d failed%s"):format(after.ended - before.ended - failed, failed,
			running > 0 and (", %d still under way"):format(running) or "");
	end;
};

commands.forget = {
	desc = "Forget a key, or that there is none; it is fetched again when it is asked for";
	args = { "kid" };
	needs_stores = true;
	run = function (_, _, stores, kid)
		local count = operator.forget(stores, kid);
		if count == 0 then
			return nil, "nothing was known of that kid";
		end
		return true, "forgotten";
	end;
};

local function usage(name)
	local names = table.move(commands[name].args, 1, #commands[name].args, 1, {});
	names[#names + 1] = "host";
	return ("usage: token:%s(\"%s\")"):format(name, table.concat(names, "\", \""));
end

-- Runs a command with its arguments. Returns true or nil, and a message, as the shell takes it.
local function run(name, print, ...)
	local command = commands[name];
	local count = select("#", ...);
	local arguments = { ... };
	local host = arguments[#command.args + 1];
	for i = 1, math.max(count, #command.args) do
		local optional = i > #command.args and arguments[i] == nil;
		if not optional and type(arguments[i]) ~= "string" or i > #command.args + 1 then
			return nil, usage(name);
		end
	end
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
		return command.run(print, view, stores, table.unpack(arguments, 1, #command.args));
	end);
	count_keys(); -- a store that nobody else uses ends here
	view:close();
	if not ok then
		module:log("error", "Error in the command token:%s(): %s", name, result);
		return nil, "the command failed, see the log";
	end
	return result, message;
end

-- Prosody 13 learns the commands and their descriptions from items. COMPAT Prosody 0.12 only has the table that both
-- look them up in.
local shell = module:shared("/*/admin_shell/env");
local section = shell.token or {};
shell.token = section;

for name, command in pairs(commands) do
	local function handler(self, ...)
		return run(name, self.session.print, ...);
	end
	local args = {};
	for i, argument in ipairs(command.args) do
		args[i] = { name = argument, type = "string" };
	end
	args[#args + 1] = { name = "host", type = "string" };
	command.handler = handler;
	section[name] = handler;
	module:add_item("shell-command", {
		section = "token", section_desc = "Commands about tokens and the keys that verify them",
		name = name, desc = command.desc, args = args, handler = handler,
	});
end

function module.unload()
	watch:detach();
	for name, command in pairs(commands) do
		if section[name] == command.handler then
			section[name] = nil;
		end
	end
	if next(section) == nil and shell.token == section then
		shell.token = nil;
	end
end

-- Without a server: prosodyctl mod_token_verifier explain TOKEN [HOST].
function module.command(arg)
	local name, text, host = table.unpack(arg, 1, 3);
	if name ~= "explain" or not text or #arg > 3 then
		print("usage: prosodyctl mod_token_verifier explain TOKEN|@FILE|- [HOST]");
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
	local lines, accepted = operator.explain_alone(view, token);
	view:close();
	print(table.concat(lines, "\n"));
	return accepted and 0 or 1;
end
