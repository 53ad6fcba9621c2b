-- SPDX-License-Identifier: MIT
-- Answers to an operator's questions about a host: why a token is refused, which keys are held, what was fetched.

local configmanager = require "core.configmanager";
local format = require "util.format".format;
local config = require "token_verifier.options.config";
local explain_lines = require "token_verifier.explain.explain_lines".lines;
local host_view = require "token_verifier.explain.host_view";
local hosts_of = require "token_verifier.explain.hosts";
local key_findings = require "token_verifier.explain.explain_key";
local list = require "token_verifier.plugin.list";
local plain_file = require "token_verifier.plugin.plain_file";
local printable = require "token_verifier.plugin.printable".printable;
local quote = require "token_verifier.plugin.report".quote;
local span = require "token_verifier.explain.time_words".span;
local waiting = require "token_verifier.plugin.waiting";

local max_file_length = 64 * 1024;

-- The hosts of the running server, with the methods that hosts.lua needs.
local function running(module)
	local configuration = {};
	function configuration:get(host, name) -- luacheck: ignore 212/self
		return module:context(host):get_option(name);
	end
	function configuration:hosts(kind)
		return list.names_of(_G.prosody.hosts, function (name, host)
			return (self:get(name, "component_module") or host.type == "component" or nil) == kind;
		end);
	end
	function configuration:loads(component, name) -- luacheck: ignore 212/self
		if _G.prosody.process_type == "prosodyctl" then -- which loads no modules
			local options = rawget(configmanager.getconfig(), component) or {}; -- raw: without those for all hosts
			return list.has(list.as_list(rawget(options, "modules_enabled")), name);
		end
		return (_G.prosody.hosts[component].modules or {})[name] ~= nil;
	end
	return configuration;
end

-- The host with this name, or without a name the only host. If there is none: nil and a message.
local function choose_host(module, name)
	local hosts = hosts_of.token_hosts(running(module));
	for _, host in ipairs(hosts) do
		if host == name or name == nil and #hosts == 1 then
			return host;
		end
	end
	if #hosts == 0 then
		return nil, "no host has authentication = \"token\" and app_id, so none takes tokens";
	elseif name == nil then
		return nil, "more than one host takes tokens, name one of "..table.concat(hosts, ", ");
	end
	return nil, ("%s takes no tokens; there is %s"):format(quote(name), table.concat(hosts, ", "));
end

-- Opens the view of a host, which must be closed. Returns nil and a message if there is no such host, or if it cannot verify
-- tokens (unless `anyway` is true).
local function open(module, host_name, anyway)
	local host, problem = choose_host(module, host_name);
	if not host then
		return nil, problem;
	end
	local complaints = {};
	local settings, usable = config.read(module:context(host), module, nil, function (level, _, ...)
		complaints[#complaints + 1] = ("%s: %s"):format(level, format(...));
	end);
	if not usable and not anyway then
		return nil, printable(("%s cannot verify tokens: %s"):format(host, table.concat(complaints, "; ")));
	end
	return host_view.new(host, settings, complaints, hosts_of.muc_host_of(running(module), host), running(module));
end

local function is_good(result)
	return result.accepted and (not result.room or result.room.accepted);
end

-- Starts to fetch all held keys and all sets again.
local function refresh(stores)
	for _, store in ipairs(stores) do
		store:refresh();
	end
end

-- Explains a token in a running server, without blocking it. `room` may be nil, `watch` is the caller's loop.attach(),
-- `wait_for_fetches(stores, seconds)` waits until no fetch is running. Returns lines, and whether the token is accepted, for the
-- room too.
local function explain_in_server(view, text, room, watch, wait_for_fetches)
	local result = view:explain(text, {
		room = room;
		ask = function (verifier, token, stores, wait_limit)
			return waiting.ask_and_wait(watch, {}, stores, wait_limit, function ()
				return verifier:verify(token, { detail = true });
			end);
		end;
		renew = function (stores)
			refresh(stores);
			watch:start();
			wait_for_fetches(stores, view.settings.keyOptions.wait_limit);
		end;
	});
	return explain_lines(result), is_good(result);
end

-- The same outside of a server: it may block.
local function explain_alone(view, text, room)
	local result = view:explain(text, { room = room });
	return explain_lines(result), is_good(result);
end

local function describe_key(held)
	local came = held.age and ("fetched %s ago"):format(span(held.age)) or "a file";
	local fresh = "";
	if held.fresh_for then
		fresh = (held.fresh_for >= 0 and ", fresh for %s" or ", stale for %s"):format(span(held.fresh_for));
	end
	local warning = held.warning and "; "..held.warning or "";
	return ("  %s  %s  %s%s%s"):format(key_findings.name_of(held), key_findings.kind_of(held.key), came, fresh, warning);
end

-- Lines that show the held keys, and those of a set that cannot be used, with the reason; and the number of held keys.
local function show_keys(stores)
	local lines, count = {}, 0;
	for _, store in ipairs(stores) do
		local keys, unusable = store:keys();
		count = count + #keys;
		lines[#lines + 1] = printable(store:source())..":";
		for _, held in ipairs(keys) do
			lines[#lines + 1] = describe_key(held);
		end
		for _, held in ipairs(unusable) do
			lines[#lines + 1] = ("  %s  cannot be used: %s"):format(key_findings.name_of(held), held.message);
		end
	end
	return lines, count;
end

local order_of_stats = {
	"held", "fresh", "stale", "negative", "hits", "misses", "fetches", "not_modified", "failed_network", "failed_status",
	"failed_key", "skipped", "overloaded", "in_flight", "queued",
};

local function show_stats(stores)
	local lines = {};
	for _, store in ipairs(stores) do
		local stats = store:stats();
		lines[#lines + 1] = printable(store:source())..":";
		for _, name in ipairs(order_of_stats) do
			lines[#lines + 1] = ("  %-14s %d"):format(name, stats[name]);
		end
	end
	return lines;
end

-- Makes the stores forget a key, or that it is missing. Returns the number of stores that knew it, and a line for each that has also
-- forgotten others: the keys of a set come and go together.
local function forget(stores, kid)
	local count, lines = 0, {};
	for _, store in ipairs(stores) do
		local before = store:stats();
		store:forget(kid);
		local after = store:stats();
		local keys = before.held + before.skipped - after.held - after.skipped;
		if keys > 0 or after.negative < before.negative then
			count = count + 1;
		end
		if keys > 1 then
			lines[#lines + 1] = ("%s: all %d keys are forgotten, since a JWK Set is only fetched as a whole")
				:format(printable(store:source()), keys);
		end
	end
	return count, lines;
end

-- Returns { ended, failed }: how many fetches have ended, and how many of them failed.
local function fetched(stores)
	local ended, failed = 0, 0;
	for _, store in ipairs(stores) do
		local stats = store:stats();
		ended = ended + stats.fetches - stats.in_flight;
		failed = failed + stats.failed_network + stats.failed_status + stats.failed_key;
	end
	return { ended = ended, failed = failed };
end

local function under_way(stores)
	local count = 0;
	for _, store in ipairs(stores) do
		local stats = store:stats();
		count = count + stats.in_flight + stats.queued;
	end
	return count;
end

-- Reads a token argument: the token itself, or "@" and the name of a file that contains it. Returns nil and a message if the file
-- cannot be read.
local function read_token(text, input)
	if type(text) ~= "string" then
		return nil;
	elseif text == "-" and input then
		return input:read(max_file_length) or "";
	elseif text:sub(1, 1) ~= "@" then
		return text;
	end
	local token, problem = plain_file.read(text:sub(2), max_file_length, io.open);
	if problem then
		-- prosodyctl, too, has already changed its user and its folder.
		return nil, ("cannot read the token from %s. Prosody's user opens it, in Prosody's folder: give a whole path that it may read%s")
			:format(printable(problem), input and ", or - and <FILE" or "");
	end
	return token, not token and printable(text:sub(2)).." is empty or cannot be read" or nil;
end

return {
	open = open, explain_in_server = explain_in_server, explain_alone = explain_alone,
	read_token = read_token, show_keys = show_keys, show_stats = show_stats, forget = forget, refresh = refresh,
	fetched = fetched, under_way = under_way,
};
