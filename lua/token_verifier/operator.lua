-- SPDX-License-Identifier: MIT
-- What an operator can ask about a host: why a token is refused, which keys are held, what was fetched.

local format = require "util.format".format;
local token_verifier = require "token_verifier";
local config = require "token_verifier.config";
local explain = require "token_verifier.explain";
local keys = require "token_verifier.keys";
local quote = require "token_verifier.report".quote;
local span = require "token_verifier.time_words".span;
local waiting = require "token_verifier.waiting";

local max_file_length = 64 * 1024;

local methods = {};
local mt = { __index = methods };

-- The hosts whose options name whose tokens they take.
local function token_hosts(module)
	local hosts = {};
	for name, host in pairs(_G.prosody.hosts) do
		local context = module:context(name);
		local is_component = context:get_option_string("component_module") ~= nil or host.type == "component";
		if not is_component and context:get_option("app_id") ~= nil then
			hosts[#hosts + 1] = name;
		end
	end
	table.sort(hosts);
	return hosts;
end

-- The host that is meant: the one named, or the only one there is. Otherwise nil and a message.
local function choose_host(module, name)
	local hosts = token_hosts(module);
	for _, host in ipairs(hosts) do
		if host == name or name == nil and #hosts == 1 then
			return host;
		end
	end
	if #hosts == 0 then
		return nil, "no host has the option app_id, so none takes tokens";
	elseif name == nil then
		return nil, "more than one host takes tokens, name one of "..table.concat(hosts, ", ");
	end
	return nil, ("%s takes no tokens; there is %s"):format(quote(name), table.concat(hosts, ", "));
end

-- Opens a host's settings, as a plugin that is loaded now would read them, and its stores of keys. Returns nil and a
-- message if there is no such host or it cannot verify tokens. To be closed.
local function open(module, host_name)
	local host, problem = choose_host(module, host_name);
	if not host then
		return nil, problem;
	end
	local complaints = {};
	local function log(level, ...)
		complaints[#complaints + 1] = ("%s: %s"):format(level, format(...));
	end
	local settings, usable = config.read(module:context(host), module, log, true);
	if not usable then
		return nil, ("%s cannot verify tokens: %s"):format(host, table.concat(complaints, "; "));
	end
	return setmetatable({
		host = host, settings = settings, complaints = complaints, key_set = keys.new(settings.keyOptions, log),
	}, mt);
end

function methods:close()
	self.key_set:close();
end

-- The stores of the host's keys, or nil and why there is none.
function methods:stores()
	local stores, message = self.key_set.sources:all(self.settings);
	if not stores and self.settings.appSecret then
		message = "tokens are verified with a shared secret";
	end
	return stores, message and ("%s has no source of keys: %s"):format(self.host, message);
end

-- Verifies with options of token_verifier.new(), and waits for the key: through the event loop if there is a watch on it.
local function verify(options, stores, wait_limit, watch, token)
	options.wait = watch == nil;
	local ok, verifier, message, code = pcall(token_verifier.new, options);
	if not ok then
		return nil, verifier, "internal-error";
	elseif not verifier or not watch then
		if verifier then
			return verifier:verify(token);
		end
		return nil, message, code;
	end
	return waiting.ask_and_wait(watch, {}, stores, wait_limit, function ()
		local header = token_verifier.inspect(token);
		return type(header.kid) == "string" and header.kid or "";
	end, function ()
		return verifier:verify(token);
	end);
end

-- Explains a token. `watch` is the caller's loop.attach() where a server runs. Returns lines, and whether it is accepted.
function methods:explain(token, watch)
	local lines = { ("As %s verifies tokens:"):format(self.host) };
	for _, complaint in ipairs(self.complaints) do
		lines[#lines + 1] = "      configuration: "..complaint;
	end
	local options, choice, code = self.key_set:options(self.settings, {});
	if not options then
		lines[#lines + 1] = ("Every token is refused: %s: %s"):format(code, choice);
		return lines, false;
	end
	options.stores = choice.stores;
	local result = explain.explain(explain.clean(token), options, function (the_token, the_options)
		return verify(the_options, choice.stores or {}, self.settings.keyOptions.wait_limit, watch, the_token);
	end);
	table.move(explain.lines(result), 1, #result.rows + 2, #lines + 1, lines);
	return lines, result.accepted;
end

local function describe_key(held)
	local size = held.key:curve() or ("%d bits"):format(held.key:bits());
	local came = held.age and ("fetched %s ago"):format(span(held.age)) or "a file";
	local fresh = "";
	if held.fresh_for then
		fresh = (held.fresh_for >= 0 and ", fresh for %s" or ", stale for %s"):format(span(held.fresh_for));
	end
	return ("  %s  %s, %s  %s%s"):format(quote(held.kid), held.key:type(), size, came, fresh);
end

-- Lines that show the keys held, and their number.
local function show_keys(stores)
	local lines, count = {}, 0;
	for _, store in ipairs(stores) do
		lines[#lines + 1] = store:source()..":";
		for _, held in ipairs(store:keys()) do
			count = count + 1;
			lines[#lines + 1] = describe_key(held);
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
		lines[#lines + 1] = store:source()..":";
		for _, name in ipairs(order_of_stats) do
			lines[#lines + 1] = ("  %-14s %d"):format(name, stats[name]);
		end
	end
	return lines;
end

-- Makes the stores forget a key, and that there was none. Returns how many knew something of it.
local function forget(stores, kid)
	local count = 0;
	for _, store in ipairs(stores) do
		local before = store:stats();
		store:forget(kid);
		local after = store:stats();
		if after.held + after.negative < before.held + before.negative then
			count = count + 1;
		end
	end
	return count;
end

-- How many fetches have ended, and how many of them failed.
local function fetched(stores)
	local ended, failed = 0, 0;
	for _, store in ipairs(stores) do
		local stats = store:stats();
		ended = ended + stats.fetches - stats.in_flight;
		failed = failed + stats.failed_network + stats.failed_status + stats.failed_key;
	end
	return { ended = ended, failed = failed };
end

-- Begins to fetch all keys held, and all sets, anew.
local function refresh(stores)
	for _, store in ipairs(stores) do
		store:refresh();
	end
end

local function under_way(stores)
	local count = 0;
	for _, store in ipairs(stores) do
		local stats = store:stats();
		count = count + stats.in_flight + stats.queued;
	end
	return count;
end

-- A token as it was typed: itself, or "@" and the name of a file that holds it. Returns nil and a message if that cannot
-- be read.
local function read_token(text, input)
	if type(text) ~= "string" or text == "" then
		return nil;
	elseif text == "-" and input then
		return input:read(max_file_length) or "";
	elseif text:sub(1, 1) ~= "@" then
		return text;
	end
	local file, problem = io.open(text:sub(2), "rb");
	if not file then
		return nil, problem;
	end
	local token = file:read(max_file_length);
	file:close();
	if not token then
		return nil, text:sub(2).." is empty or cannot be read";
	end
	return token;
end

return {
	open = open, read_token = read_token, show_keys = show_keys, show_stats = show_stats, forget = forget, refresh = refresh,
	fetched = fetched, under_way = under_way,
};
