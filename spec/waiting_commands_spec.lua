-- SPDX-License-Identifier: MIT
-- mod_token_verifier: the shell's commands and their output, prosodyctl's command, and the metrics of keys. It watches the
-- descriptor, so it must run after the specs that need it unwatched.

local prosody = require "spec.support.prosody";
local key_server = require "spec.support.key_server";
local tokens = require "spec.support.tokens";
local operator = require "token_verifier.explain.operator";
local temporary = require "spec.support.temporary";
local token_verifier = require "token_verifier";

local secret = ("s"):rep(32);
local key = tokens.new_key();
local server, module, loaded;

local function unload()
	if loaded then
		loaded = false;
		module.unload();
		getmetatable(module).__index.unload(module);
	end
end

local function load(options)
	unload();
	prosody.new_server(options);
	module, loaded = prosody.load_plugin("lua/dropin/mod_token_verifier.lua", "example.org", options), true;
end

-- Runs a command as the shell does. Returns its result and message, and what it printed.
local function command(name, ...)
	local printed = {};
	local section = prosody.shared["/*/admin_shell/env"].token;
	local self = setmetatable({ session = { print = function (line)
		printed[#printed + 1] = line;
	end } }, { __index = section });
	local result, message = prosody.run(section[name], self, ...);
	return result, message, table.concat(printed, "\n");
end

local function has(text, part)
	assert.truthy(text:find(part, 1, true), ("no %q in: %s"):format(part, text));
end

lazy_setup(function ()
	server = key_server.start({ k1 = key.public });
end);

lazy_teardown(function ()
	unload();
	server.stop();
end);

local function two_hosts()
	load({
		["keys.org"] = { app_id = "app", asap_key_server = server.url },
		["shared.org"] = { app_id = "app", app_secret = secret },
		["plain.org"] = {},
		["conference.keys.org"] = { component_module = "muc", app_id = "app" },
	});
end

describe("a command", function ()
	before_each(two_hosts);

	for name, usage in pairs({
		explain = 'usage: token:explain("token", "host", "room")', keys = 'usage: token:keys("host")', stats = 'usage: token:stats("host")',
		refresh = 'usage: token:refresh("host")', forget = 'usage: token:forget("kid", "host")',
	}) do
		it(("says how it is used: %s"):format(name), function ()
			local given = { 5, "keys.org" };
			local function usage_of(...)
				local result, message = command(name, ...);
				assert.is_nil(result);
				return message;
			end
			assert.equal(usage, usage_of(table.unpack(given)), "a number");
			assert.equal(usage, usage_of("x", "y", "z", "more"), "too many");
			if name == "explain" or name == "forget" then
				assert.equal(usage, usage_of(), "too few");
			end
		end);

		it(("asks for the host where there are several: %s"):format(name), function ()
			local arguments = (name == "explain" or name == "forget") and { "x" } or {};
			local result, message = command(name, table.unpack(arguments));
			assert.is_nil(result);
			assert.equal("more than one host takes tokens, name one of keys.org, shared.org", message);
		end);
	end

	it("knows which hosts accept tokens", function ()
		for _, host in ipairs({ "plain.org", "conference.keys.org", "gone.org" }) do
			local _, message = command("keys", host);
			assert.equal(('"%s" takes no tokens; there is keys.org, shared.org'):format(host), message);
		end
		load({ ["plain.org"] = {} });
		assert.equal('no host has authentication = "token" and app_id, so none takes tokens', (select(2, command("keys"))));
		load({ ["only.org"] = { app_id = "app", app_secret = secret } });
		has(select(3, command("explain", "x")), "As only.org verifies tokens:");
	end);

	it("says why a host cannot verify any token", function ()
		load({ ["keys.org"] = { app_id = "app" } });
		local result, message = command("keys", "keys.org");
		assert.is_nil(result);
		has(message, "keys.org cannot verify tokens: error: Option 'app_secret' or 'asap_key_server' must be set");
		local _, verdict, printed = command("explain", "x", "keys.org");
		assert.equal("refused", verdict);
		has(printed, "configuration: error: Option 'app_secret' or 'asap_key_server' must be set: there is no key to verify tokens with\n");
		has(printed, "why: Nothing is configured to verify tokens with.");
		has(printed, "Every token is refused: key-not-found: ");
	end);

	it("is known to Prosody 13 with its arguments", function ()
		local known = {};
		for _, item in ipairs(module.items["shell-command"]) do
			local names = {};
			for i, argument in ipairs(item.args) do
				names[i] = argument.name;
			end
			known[item.name] = table.concat(names, " ");
			assert.equal("token", item.section);
			assert.equal(prosody.shared["/*/admin_shell/env"].token[item.name], item.handler);
		end
		assert.same({ explain = "token host room", keys = "host", stats = "host", refresh = "host", forget = "kid host" }, known);
	end);

	it("is removed with the module, without changing others' commands", function ()
		local env = prosody.shared["/*/admin_shell/env"];
		unload();
		assert.is_nil(env.token);
		local theirs = function () end;
		env.token = { other = theirs };
		local options = { ["keys.org"] = { app_id = "app", app_secret = secret } };
		module, loaded = prosody.load_plugin("lua/dropin/mod_token_verifier.lua", "example.org", options), true;
		assert.equal(theirs, env.token.other);
		assert.is_function(env.token.explain);
		env.token.stats = theirs;
		unload();
		assert.same({ other = theirs, stats = theirs }, env.token);
	end);

	it("that raises an error says so, and logs it", function ()
		local show_keys = operator.show_keys;
		finally(function () operator.show_keys = show_keys; end);
		operator.show_keys = function () error("oops"); end;
		local result, message = command("keys", "keys.org");
		assert.is_nil(result);
		assert.equal("the command failed, see the log", message);
		assert.equal(1, #prosody.logged("error", "oops"));
	end);
end);

describe("token:explain", function ()
	before_each(two_hosts);

	it("says whether the token is accepted, and shows what the configuration says", function ()
		local result, message, printed = command("explain", tokens.hs256(tokens.claims(), secret), "shared.org");
		assert.same({ true, "accepted" }, { result, message });
		has(printed, "As shared.org verifies tokens:\n      configuration: info: ");
		has(printed, "\nThe token is accepted.");
		result, message, printed = command("explain", tokens.hs256(tokens.claims({ exp = 1 }), secret), "shared.org");
		assert.same({ true, "refused" }, { result, message });
		has(printed, "configuration: info: "); -- also what was said before
		has(printed, "\nThe token is refused: expired: ");
	end);

	it("checks the given room", function ()
		local token = tokens.hs256(tokens.claims({ sub = "shared.org", room = "planning" }), secret);
		local _, message, printed = command("explain", token, "shared.org", "planning");
		assert.equal("accepted", message);
		has(printed, '\nok    room       found "planning"; expected "planning"\n');
		_, message, printed = command("explain", token, "shared.org", "finance@conference.shared.org");
		assert.equal("refused", message);
		has(printed, "\nThe token is accepted, but not for this room: room-mismatch: ");
		load({ ["only.org"] = { app_id = "app", app_secret = secret } });
		token = tokens.hs256(tokens.claims({ sub = "only.org", room = "planning" }), secret);
		assert.equal("accepted", (select(2, command("explain", token, nil, "planning"))));
	end);

	it("knows which component has the rooms", function ()
		local token = tokens.hs256(tokens.claims({ sub = "shared.org", room = "planning" }), secret);
		for main_muc, expected in pairs({ ["rooms.shared.org"] = "refused", ["gone.shared.org"] = "accepted" }) do
			load({
				["shared.org"] = { app_id = "app", app_secret = secret, main_muc = main_muc },
				["lobby.shared.org"] = { component_module = "muc" }, ["conference.shared.org"] = { component_module = "muc" },
				["rooms.shared.org"] = { component_module = "muc" },
			});
			_G.prosody.hosts["rooms.shared.org"].modules.token_verification = {};
			local _, message, printed = command("explain", token, "shared.org", "planning");
			assert.equal(expected, message, printed);
			assert.equal(expected == "refused", printed:find("The rooms are on rooms.shared.org", 1, true) ~= nil, printed);
		end
	end);

	it("ends when the module does", function ()
		server.delay = false;
		finally(function () server.delay = 0; end);
		load({ ["keys.org"] = { app_id = "app", asap_key_server = server.base.."/silent" } });
		prosody.server.add_task(0.1, unload);
		local started = os.time();
		local _, message, printed = command("explain", tokens.rs256(tokens.claims(), key, "silent"), "keys.org");
		assert.equal("refused", message);
		has(printed, "the plugin was unloaded");
		assert.is_true(os.time() - started <= 3);
	end);

	it("waits for the key", function ()
		server.delay = 0.1;
		finally(function () server.delay = 0; end);
		local token = tokens.rs256(tokens.claims(), key, "k1");
		has(select(3, command("explain", token, "keys.org")), 'kid "k1" is RSA, 2048 bits, from '..server.url);
		has(select(3, command("explain", tokens.rs256(tokens.claims(), key, "k2"), "keys.org")), "refused: key-not-found: ");
	end);

	it("waits for the key of a token whose claims cannot be read, too", function ()
		local _, _, printed = command("explain", tokens.rs256("no claims", key, "k4"), "keys.org");
		has(printed, "refused: key-not-found: ");
	end);

	it("finds out that a key was changed under its kid, and fetches the new one (\"key-changed\")", function ()
		local new_key = tokens.new_key();
		local url = server.base.."/./keys"; -- a store of its own, which a log-in would hold between the commands
		local held = assert(token_verifier.keystore({ asap_key_server = url }));
		load({ ["keys.org"] = { app_id = "app", asap_key_server = url } });
		server.keys.k3 = key.public;
		finally(function () held:close(); server.keys.k3 = nil; end);
		local _, _, printed = command("explain", tokens.rs256(tokens.claims(), key, "k3"), "keys.org");
		has(printed, "The token is accepted.");
		server.keys.k3 = new_key.public;
		local token = tokens.rs256(tokens.claims(), new_key, "k3");
		_, _, printed = command("explain", token, "keys.org");
		has(printed, "\nFAIL  signature ");
		has(printed, "why: The key was changed under the same \"kid\": the signature is valid with the key that the source has now");
		has(select(3, command("explain", token, "keys.org")), "The token is accepted.");
	end);

	it("shows no checks if no token can be accepted", function ()
		load({ ["keys.org"] = { app_id = "app", app_secret = secret, signature_algorithm = "RS256" } });
		local _, message, printed = command("explain", "x");
		assert.equal("refused", message);
		has(printed, "Every token is refused: algorithm-not-accepted: ");
	end);

	it("writes nothing into the log, at any level", function ()
		prosody.clear_log();
		local token = tokens.hs256(tokens.claims(), secret);
		command("explain", token, "shared.org");
		for _, line in ipairs(prosody.log_lines) do
			for part in token:gmatch("[^.]+") do
				assert.is_nil(line:find(part, 1, true), line);
			end
		end
	end);
end);

describe("keys", function ()
	before_each(two_hosts);

	it("are shown, refreshed and forgotten in the store that log-ins use", function ()
		local store = token_verifier.keystore({ asap_key_server = server.url });
		command("explain", tokens.rs256(tokens.claims(), key, "k1"), "keys.org");
		assert.truthy(store:get("k1", false));
		local result, message, printed = command("keys", "keys.org");
		assert.same({ true, "1 held" }, { result, message });
		has(printed, server.url..':\n  "k1"  RSA, 2048 bits  fetched ');
		has(printed, " s ago, fresh for ");

		local before = #server.requests;
		assert.same({ true, "1 fetched, 0 failed" }, { table.unpack({ command("refresh", "keys.org") }, 1, 2) });
		assert.equal(before + 1, #server.requests);
		two_hosts(); -- nobody drives fetches any more, until somebody asks for one
		server.delay = 0.2;
		finally(function () server.delay = 0; store:close(); end);
		assert.same({ true, "1 fetched, 0 failed" }, { table.unpack({ command("refresh", "keys.org") }, 1, 2) });
		assert.equal(0, store:stats().in_flight);
		server.delay = 0;

		has(select(3, command("stats", "keys.org")), "\n  fetches        "..store:stats().fetches.."\n");

		assert.same({ true, "forgotten" }, { table.unpack({ command("forget", "k1", "keys.org") }, 1, 2) });
		assert.equal(0, store:stats().held);
		assert.truthy(store:put("by-hand", key.public));
		assert.same({ nil, "nothing was known of that kid" }, { table.unpack({ command("forget", "k1", "keys.org") }, 1, 2) });
		command("explain", tokens.rs256(tokens.claims(), key, "k2"), "keys.org");
		assert.same({ true, "forgotten" }, { table.unpack({ command("forget", "k2", "keys.org") }, 1, 2) });
		assert.equal(1, store:stats().held);
	end);

	it("of a set are listed with those that cannot be used, and are forgotten together", function ()
		local jwk = token_verifier.key(key.public):jwk();
		server.documents["/set"] = ('{"keys":[%s,%s,{"kty":"oct","kid":"c"},{"kty":"RSA"}]}'):format(
			jwk:gsub("^{", '{"kid":"a",'), jwk:gsub("^{", '{"kid":"b",'));
		load({ ["keys.org"] = { app_id = "app", cache_keys_url = server.base.."/set" } });
		command("explain", tokens.rs256(tokens.claims(), key, "a"), "keys.org");
		local _, _, printed = command("keys", "keys.org");
		has(printed, '\n  "c"  cannot be used: the key is a JWK whose kty is none of RSA, EC and OKP');
		has(printed, '\n  a key without "kid"  cannot be used: the key is a JWK without "n"');
		local result, message = command("forget", "b", "keys.org");
		assert.is_true(result);
		assert.equal(server.base.."/set: all 4 keys are forgotten, since a JWK Set is only fetched as a whole", message);
		assert.same({ nil, "nothing was known of that kid" }, { table.unpack({ command("forget", "b", "keys.org") }, 1, 2) });
	end);

	it("that cannot be fetched anew are told of", function ()
		local store = token_verifier.keystore({ asap_key_server = server.base.."/else" });
		finally(function () store:close(); end);
		load({ ["keys.org"] = { app_id = "app", asap_key_server = server.base.."/else" } });
		store:put("by-hand", key.public);
		server.documents["/else/"..token_verifier.key_file_name("k3")] = key.public;
		command("explain", tokens.rs256(tokens.claims(), key, "k3"), "keys.org");
		server.documents["/else/"..token_verifier.key_file_name("k3")] = "no key";
		local result, message = command("refresh");
		assert.is_nil(result);
		has(message, "1 failed");
	end);

	it("are not waited for any longer when the module ends", function ()
		server.delay = false;
		finally(function () server.delay = 0; end);
		load({ ["keys.org"] = { app_id = "app", cache_keys_url = server.base.."/silent/set" } });
		prosody.server.add_task(0.1, unload);
		local started = os.time();
		local _, message = command("refresh", "keys.org");
		has(message, "1 still under way");
		assert.is_true(os.time() - started <= 3);
	end);

	it("are released when the command ends", function ()
		local open, view = operator.open, nil;
		finally(function () operator.open = open; end);
		operator.open = function (...)
			view = open(...);
			return view;
		end;
		assert.is_true(command("keys", "keys.org"));
		assert.same({}, view.key_set.sources.stores);
	end);

	it("are none if a shared secret is used", function ()
		for _, name in ipairs({ "keys", "stats", "refresh" }) do
			local result, message = command(name, "shared.org");
			assert.is_nil(result);
			assert.equal("shared.org has no source of keys: tokens are verified with a shared secret", message);
		end
	end);
end);

describe("the metrics of keys", function ()
	local function value(name, labels)
		_G.prosody.events.fire_event("stats-update");
		local all = prosody.metrics();
		return all[("prosody_mod_token_verifier__%s{source=\"%s\"%s}"):format(name, server.url, labels or "")];
	end

	it("add up the counts of each store, also after it and the module are reopened", function ()
		two_hosts();
		local before = value("key_fetches_total") or 0; -- of the process, so also of the specs above
		local function fetch()
			command("explain", tokens.rs256(tokens.claims(), key, "k1"), "keys.org");
		end
		fetch();
		assert.equal(before + 1, value("key_fetches_total"));
		collectgarbage(); -- nobody else uses the store, so it is closed with the verifier
		collectgarbage();
		for _, store in ipairs(token_verifier.stores()) do
			assert.not_equal(server.url, store:source());
		end
		assert.equal(before + 1, value("key_fetches_total"));
		fetch();
		assert.equal(before + 2, value("key_fetches_total"));
		collectgarbage();
		collectgarbage();
		assert.equal(0, value("keys_held", ',state="fresh"'));

		local store = token_verifier.keystore({ asap_key_server = server.url });
		local by_hand <close> = token_verifier.keystore();
		by_hand:put("k", key.public);
		finally(function () store:close(); end);
		fetch();
		assert.equal(before + 3, value("key_fetches_total"));
		assert.equal(1, value("keys_held", ',state="fresh"'));
		assert.equal(0, value("keys_held", ',state="stale"'));
		local hits = value("key_cache_hits_total");
		store:get("k1", false);
		assert.equal(hits + 1, value("key_cache_hits_total"));
		local statistics = prosody.statistics;
		unload();
		prosody.statistics = statistics;
		module = prosody.load_plugin("lua/dropin/mod_token_verifier.lua", "example.org", module.options);
		loaded = true;
		assert.equal(before + 3, value("key_fetches_total"));
		for name in pairs(prosody.metrics()) do
			assert.is_nil(name:find('source=""', 1, true), name);
		end
	end);
end);

describe("prosodyctl mod_token_verifier", function ()
	local real_print = print;
	local printed;

	local function run(...)
		printed = {};
		module.environment.print = function (...) printed[#printed + 1] = table.concat({ ... }, "\t"); end;
		local ok, status = pcall(module.command, { ... });
		assert(ok, status);
		return status, table.concat(printed, "\n");
	end

	before_each(function ()
		unload();
		local options = { ["keys.org"] = { app_id = "app", asap_key_server = server.url },
			["shared.org"] = { app_id = "app", app_secret = secret } };
		prosody.new_server(options);
		module = prosody.load_plugin("lua/dropin/mod_token_verifier.lua", "*", options);
	end);

	it("explains a token, with a matching exit status", function ()
		local status, output = run("explain", tokens.hs256(tokens.claims(), secret), "shared.org");
		assert.equal(0, status);
		has(output, "The token is accepted.");
		status, output = run("explain", tokens.hs256(tokens.claims({ exp = 1 }), secret), "shared.org");
		assert.equal(1, status);
		has(output, "The token is refused: expired: ");
	end);

	it("reads a token from a file", function ()
		local path = temporary.file(tokens.hs256(tokens.claims(), secret).."\n");
		assert.equal(0, (run("explain", "@"..path, "shared.org")));
		assert(io.open(path, "w")):close();
		assert.same({ 2, path.." is empty or cannot be read" }, { run("explain", "@"..path, "shared.org") });
		os.remove(path);
		local status, output = run("explain", "@"..path, "shared.org");
		assert.equal(2, status);
		has(output, "cannot read the token from "..path..": No such file or directory. Prosody's user opens it");
	end);

	it("says how it is used", function ()
		for _, arguments in ipairs({ {}, { "explain" }, { "keys", "x" }, { "explain", "x", "shared.org", "y", "z" } }) do
			local status, output = run(table.unpack(arguments));
			assert.equal(2, status);
			assert.equal("usage: prosodyctl mod_token_verifier explain TOKEN|@FILE|- [HOST [ROOM]]", output);
		end
		local status, output = run("explain", "x");
		assert.equal(2, status);
		has(output, "name one of");
	end);

	it("prints nowhere else", function ()
		assert.equal(real_print, print);
	end);
end);

describe("the metrics of many sources", function ()
	it("have their own labels for the first sources, and one label for all others", function ()
		prosody.new_server({ ["example.org"] = {} });
		local metrics = dofile(package.searchpath("token_verifier.plugin.key_metrics", package.path)); -- which has seen none
		local global = prosody.new_module("example.org", nil, "token_verifier");
		global:set_global();
		local update, stores = metrics.open(global), {};
		for i = 1, 300 do
			stores[i] = token_verifier.keystore({ asap_key_server = ("http://127.0.0.1:1/source/%d"):format(i) });
			stores[i]:put("k", key.public);
		end
		update();
		update();
		local labels, others = 0, nil;
		for name, value in pairs(prosody.metrics()) do
			local source = name:match('keys_held{source="([^"]*)",state="fresh"}');
			labels = labels + (source and 1 or 0);
			others = source == "others" and value or others;
		end
		assert.equal(257, labels);
		assert.is_true(others >= 300 - 256, others);
		for _, store in ipairs(stores) do
			store:close();
		end
		collectgarbage(); -- what update() has looked at holds a store until then
		collectgarbage();
		update();
		assert.equal(0, prosody.metrics()['prosody_mod_token_verifier__keys_held{source="http://127.0.0.1:1/source/1",state="fresh"}'] or 0);
	end);
end);
