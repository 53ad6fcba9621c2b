-- SPDX-License-Identifier: MIT
-- Log-ins that wait for a key: which are woken, when, how many requests the key server gets, and which descriptors are watched.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local key_server = require "spec.support.key_server";
local token_verifier = require "token_verifier";

local rsa, other_rsa = tokens.new_key(), tokens.new_key();
local token = tokens.rs256(tokens.claims(), rsa, "k1");
local server = prosody.server;

local watches, all_watches = 0, 0; -- descriptors of ours that are watched, and that ever were
local watchfd = server.watchfd;
server.watchfd = function (...)
	local handle = watchfd(...);
	local close = handle.close;
	watches, all_watches = watches + 1, all_watches + 1;
	handle.close = function (self)
		watches = watches - 1;
		return close(self);
	end;
	return handle;
end;

describe("a log-in that needs a key", function ()
	local keys, modules;

	-- A plugin with token_util for the key server; its own copy, as in Prosody.
	local function new_plugin(changes)
		local options = { app_id = "app", asap_key_server = keys.url };
		for name, value in pairs(changes or {}) do
			options[name] = value;
		end
		local token_util, module, all = prosody.new_token_util(options);
		modules[#modules + 1] = module;
		return token_util, module, all;
	end

	local function process(token_util, a_token, session)
		session = session or {};
		session.auth_token = a_token;
		return token_util:process_and_verify_token(session);
	end

	-- Starts a log-in and returns a table that gets its result.
	local function start(token_util, a_token, session)
		local pending = {};
		local runner = prosody.async.runner(function ()
			pending.result = { process(token_util, a_token, session) };
		end, { error = function (_, err) pending.error = err; end });
		runner:run(true);
		return pending;
	end

	local function finish(pending)
		for _, one in ipairs(pending) do
			prosody.run_until(function () return one.result or one.error; end);
			assert.is_nil(one.error);
		end
	end

	before_each(function ()
		modules = {};
		keys = key_server.start({ k1 = rsa.public });
	end);

	after_each(function ()
		for _, module in ipairs(modules) do
			module:unload();
		end
		keys.stop();
		assert.equal(0, watches);
	end);

	it("waits for it, and the next one does not", function ()
		local token_util = new_plugin();
		assert.equal(0, watches); -- not while a plugin loads
		assert.same({ true }, { prosody.run(process, token_util, token) });
		assert.equal(1, watches);
		assert.equal(1, #keys.requests);
		assert.same({ true }, { prosody.run(process, token_util, token) });
		assert.equal(1, #keys.requests);
		assert.is_false((prosody.run(process, token_util, tokens.rs256(tokens.claims(), other_rsa, "k1"))));
		assert.equal(1, #keys.requests);
	end);

	it("is counted with its waiting time, only if it waited", function ()
		local token_util = new_plugin();
		local function waits(suffix)
			return prosody.metrics()[('prosody_mod_token_verifier__key_wait_seconds%s{host="example.org"}'):format(suffix)];
		end
		assert.same({ false, "not-allowed", "key is being fetched" }, { process(token_util, token) }); -- where nobody can wait
		assert.equal(0, waits("_count"));
		prosody.run_until(function () return #keys.requests == 1; end);
		token_util:clear_asap_cache();
		keys.delay = 0.1;
		assert.is_true((prosody.run(process, token_util, token)));
		assert.equal(1, waits("_count"));
		assert.is_true(waits("_sum") > 0);
		assert.is_true((prosody.run(process, token_util, token)));
		assert.equal(1, waits("_count"));
		assert.is_false((prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, "k2"))));
		assert.equal(2, waits("_count"));
	end);

	it("is one of many that make one request, and the loop runs while they are woken", function ()
		local token_util = new_plugin();
		local pending, turns, woken_in_turn = {}, 0, {};
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function ()
			woken_in_turn[turns] = (woken_in_turn[turns] or 0) + 1;
		end);
		keys.delay = 0.1;
		for i = 1, 50 do
			pending[i] = start(token_util, token);
		end
		local count_turns = server.add_task(0, function () turns = turns + 1; return 0; end);
		finish(pending);
		server.timer.stop(count_turns);
		local largest = 0;
		for _, woken in pairs(woken_in_turn) do
			largest = math.max(largest, woken);
		end
		assert.is_true(largest <= 16, largest); -- 8 by the callback, 8 by a timer that follows at once
		for _, one in ipairs(pending) do
			assert.same({ true }, one.result);
		end
		assert.equal(1, #keys.requests);
	end);

	it("is refused with the server's answer if there is no such key", function ()
		local token_util = new_plugin();
		local result, condition, reason = prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, "k2"));
		assert.same({ false, "not-allowed", "could not obtain public key" }, { result, condition, reason });
		assert.truthy(prosody.logged("info", "key-not-found")[1]);
		prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, "k2"));
		assert.equal(1, #keys.requests);
	end);

	it("is refused in time if the server never answers, and delays nobody", function ()
		local token_util = new_plugin();
		keys.delay = false;
		local pending = { start(token_util, token) };
		local largest, last = 0, require "util.time".monotonic();
		local began = last;
		local ticks = server.add_task(0, function ()
			local time = require "util.time".monotonic();
			largest, last = math.max(largest, time - last), time;
			return 0.01;
		end);
		finish(pending);
		server.timer.stop(ticks);
		assert.is_false(pending[1].result[1]);
		assert.is_true(last - began < 9, last - began);
		assert.is_true(largest < 2, largest);
	end);

	it("is refused at once without a kid", function ()
		local token_util = new_plugin();
		local result = prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, nil));
		assert.is_false(result);
		assert.equal(0, #keys.requests);
		assert.truthy(prosody.logged("info", "key-id-missing")[1]);
	end);

	it("never uses the public key as a secret", function ()
		local token_util = new_plugin({ app_secret = rsa.public, signature_algorithm = "HS256" });
		local forged = tokens.hs256(tokens.claims(), rsa.public, { kid = "k1" });
		assert.is_false((prosody.run(process, token_util, forged)));
	end);

	it("starts the fetch if it cannot wait, and is accepted later", function ()
		local token_util = new_plugin();
		assert.same({ false, "not-allowed", "key is being fetched" }, { process(token_util, token) });
		prosody.run_until(function () return #keys.requests == 1 and process(token_util, token); end);
		assert.equal(1, #keys.requests);
	end);

	it("does nothing more for a client that has gone", function ()
		local token_util = new_plugin();
		local announced = false;
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function () announced = true; end);
		local session = {};
		keys.delay = 0.05;
		local pending = { start(token_util, token, session) };
		session.destroyed = true;
		finish(pending);
		assert.equal(false, pending[1].result[1]);
		assert.is_false(announced);
		assert.is_nil(session.jitsi_meet_room);
	end);

	it("fails when its plugin is unloaded, and those of other plugins continue", function ()
		keys.delay = 0.2;
		local first, first_module = new_plugin();
		local second = new_plugin();
		local pending = { start(first, token), start(second, token) };
		first_module:unload();
		prosody.run_until(function () return pending[1].result; end);
		assert.is_false(pending[1].result[1]);
		assert.is_nil(pending[2].result);
		finish(pending);
		assert.same({ true }, pending[2].result);
		assert.equal(1, #keys.requests);
		assert.equal(1, watches);
	end);

	-- As a reload does it: the plugin goes, and is there again before anything else happens.
	local function reload(module)
		module:unload();
		module.environment.prosody.hosts["example.org"].modules[module.name] = {};
	end

	it("continues when its plugin is reloaded, with the same fetch", function ()
		keys.delay = 0.3;
		local token_util, module = new_plugin();
		local pending = { start(token_util, token), start(token_util, token) };
		prosody.run_until(function () return #keys.requests == 1; end);
		reload(module);
		assert.equal(1, watches); -- for those who wait
		prosody.run_until(function () return pending[1].result; end);
		finish(pending);
		assert.same({ { true }, { true } }, { pending[1].result, pending[2].result });
		assert.equal(1, #keys.requests);
		assert.equal(0, watches);
	end);

	it("is verified with what a previous copy of its plugin has left", function ()
		local token_util, module = new_plugin();
		reload(module);
		assert.same({ true }, { prosody.run(process, token_util, token) });
		assert.same({ false, "not-allowed", "could not obtain public key" },
			{ prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, "k2")) });
	end);

	it("returns a public key after its plugin was reloaded", function ()
		keys.delay = 0.3;
		local token_util, module = new_plugin();
		local found;
		prosody.async.runner(function () found = token_util:get_public_key("k1"); end):run(true);
		prosody.run_until(function () return #keys.requests == 1; end);
		reload(module);
		prosody.run_until(function () return found; end);
		assert.equal(1, #keys.requests);
	end);

	it("needs no key server for keys that were held before its plugin was reloaded", function ()
		local token_util, module = new_plugin();
		assert.same({ true }, { prosody.run(process, token_util, token) });
		local _, id = next(token_util._keys.sources.stores);
		id = id:id();
		for _ = 1, 3 do
			reload(module);
			collectgarbage();
			collectgarbage();
			token_util, module = new_plugin();
			keys.keys = {}; -- withdrawn, or lost: it is not asked
			assert.same({ true }, { prosody.run(process, token_util, token) });
		end
		local _, store = next(token_util._keys.sources.stores);
		assert.equal(id, store:id());
		assert.equal(1, #keys.requests);
	end);

	it("has its store opened by the loaded copy, before any token arrives", function ()
		local token_util, module = new_plugin();
		assert.is_nil(next(token_util._keys.sources.stores)); -- not while it loads
		prosody.run_until(function () return next(token_util._keys.sources.stores); end);
		assert.equal(0, #keys.requests);
		module:unload();
	end);

	it("continues if waking another one fails", function ()
		local token_util = new_plugin();
		local waiter = prosody.async.waiter;
		prosody.async.waiter = function ()
			local wait, done = waiter();
			return wait, function ()
				done();
				error("a wake that fails");
			end;
		end;
		local pending = { start(token_util, token), start(token_util, token) };
		prosody.async.waiter = waiter;
		finish(pending);
		assert.same({ { true }, { true } }, { pending[1].result, pending[2].result });
		assert.equal(2, #prosody.logged("error", "a wake that fails"));
	end);

	it("watches one descriptor once, and another one after a fork", function ()
		local token_util = new_plugin();
		prosody.run(process, token_util, token);
		local watched = all_watches;
		prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, "k2"));
		assert.equal(watched, all_watches);
		local pollfd = token_verifier.pollfd;
		local child = require "socket".udp(); -- any other descriptor
		token_verifier.pollfd = function () return child:getfd(); end;
		process(token_util, tokens.rs256(tokens.claims(), rsa, "k3"));
		token_verifier.pollfd = pollfd;
		assert.same({ watched + 1, 1 }, { all_watches, watches });
	end);

	it("continues in the child of a fork that was called for its parent's descriptor", function ()
		local token_util = new_plugin();
		prosody.run(process, token_util, token);
		local watched, pollfd = all_watches, token_verifier.pollfd;
		local child = require "socket".udp();
		local step = token_verifier.step;
		token_verifier.step = function () -- the fork is noticed by what it finds
			token_verifier.pollfd = function () return child:getfd(); end;
			return step();
		end;
		process(token_util, tokens.rs256(tokens.claims(), rsa, "k3"));
		prosody.run_until(function () return all_watches > watched; end);
		token_verifier.pollfd, token_verifier.step = pollfd, step;
		assert.same({ watched + 1, 1 }, { all_watches, watches });
		prosody.run(process, token_util, tokens.rs256(tokens.claims(), rsa, "k4"));
		assert.same({ watched + 2, 1 }, { all_watches, watches });
	end);

	it("is woken by its own store, not by one whose URL differs in a password alone", function ()
		local url = keys.url:gsub("//", "//user:%%s@"); -- hidden in what people are shown
		local first = new_plugin({ asap_key_server = url:format("one") });
		local second = new_plugin({ asap_key_server = url:format("two") });
		keys.delay = 0.3;
		local slow = start(first, token);
		prosody.run_until(function () return #keys.requests == 1; end);
		keys.delay = 0;
		local fast = start(second, tokens.rs256(tokens.claims(), rsa, "k1"));
		finish({ fast, slow });
		assert.same({ { true }, { true } }, { fast.result, slow.result });
	end);

	it("waits no longer than configured", function ()
		local token_util = new_plugin({ token_key_wait_limit = 0.3 });
		keys.delay = false;
		local began = require "util.time".monotonic();
		assert.is_false((prosody.run(process, token_util, token)));
		assert.is_true(require "util.time".monotonic() - began < 4);
		assert.truthy(prosody.logged("info", "the key did not arrive in time")[1]);
	end);

	it("uses the key server that was set, and keeps each server's keys apart", function ()
		local second = key_server.start({ k1 = other_rsa.public });
		local token_util = new_plugin();
		assert.same({ true }, { prosody.run(process, token_util, token) });
		token_util:set_asap_key_server(second.url);
		assert.is_false((prosody.run(process, token_util, token)));
		assert.same({ true }, { prosody.run(process, token_util, tokens.rs256(tokens.claims(), other_rsa, "k1")) });
		token_util:set_asap_key_server(keys.url);
		assert.same({ true }, { prosody.run(process, token_util, token) });
		assert.same({ 1, 1 }, { #keys.requests, #second.requests });
		second.stop();
	end);

	it("leaves one warning about a source that publishes a private key, and a line when that has ended", function ()
		keys.keys.k1 = rsa.private;
		local token_util = new_plugin();
		prosody.clear_log();
		for _, expected in ipairs({ 1, 1 }) do
			finish({ start(token_util, token) });
			assert.equal(expected, #prosody.logged("warn", "publishes a private key"));
			token_util:clear_asap_cache();
		end
		keys.keys.k1 = rsa.public;
		finish({ start(token_util, token) });
		assert.equal(1, #prosody.logged("info", "serves keys again"));
	end);

	it("keeps a limited number of stores of key servers that were set, and those in use", function ()
		local token_util = new_plugin();
		assert.same({ true }, { prosody.run(process, token_util, token) });
		local function count()
			local open = 0;
			for _, stores in ipairs({ token_util._keys.sources.set, token_util._keys.sources.set_before }) do
				for _ in pairs(stores) do
					open = open + 1;
				end
			end
			return open;
		end
		local before, most = #token_verifier.stores(), 0;
		for i = 1, 1001 do
			token_util:set_asap_key_server(("%s/tenant-%d"):format(keys.url, i % 7 == 0 and 0 or i));
			token_util:get_public_key("k1"); -- nobody can wait here
			most = math.max(most, count());
		end
		assert.is_true(most <= 128 and most > 64, most);
		assert.is_true(#token_verifier.stores() - before <= 128 + 256);
		local often = ("asap_key_server\n%s/tenant-0"):format(keys.url);
		assert.truthy(token_util._keys.sources:opened(often)); -- used again and again, it stays
		token_util:set_asap_key_server(keys.url); -- and so does what is configured
		keys.keys = {};
		assert.same({ true }, { prosody.run(process, token_util, token) });
	end);

	it("can be given many issuers at run time, each with its key server", function ()
		local token_util = new_plugin({ asap_key_server = false, app_secret = "secret" });
		local sources = {};
		for i = 1, 300 do
			sources["issuer "..i] = { kind = "asap_key_server", value = ("%s/%d"):format(keys.url, i) };
		end
		token_util.tokenIssuers = sources;
		for _ = 1, 2 do
			local choice = assert(token_util._keys:choose(token_util, {}));
			assert.equal(300, #choice.stores);
			for _, store in ipairs(choice.stores) do
				assert.truthy(store:id());
			end
		end
	end);

	it("keeps the keys of a key server that was set after a reload of the configuration", function ()
		local token_util, _, all = new_plugin({ asap_key_server = "http://127.0.0.1:1/" });
		token_util:set_asap_key_server(keys.url);
		assert.same({ true }, { prosody.run(process, token_util, token) });
		assert.truthy(all);
		_G.prosody.events.fire_event("config-reloaded");
		keys.keys = {};
		assert.same({ true }, { prosody.run(process, token_util, token) });
		assert.equal(1, #keys.requests);
	end);

	it("waits for the key server that was set when it began", function ()
		local second = key_server.start({ k1 = other_rsa.public });
		local token_util = new_plugin();
		keys.delay = 0.2;
		local found;
		prosody.async.runner(function () found = token_util:get_public_key("k1"); end):run(true);
		token_util:set_asap_key_server(second.url); -- by another log-in
		prosody.run_until(function () return found; end);
		assert.equal((rsa.public:gsub("%s", "")), (found:gsub("%s", "")));
		second.stop();
	end);

	it("asks again for a key that was forgotten", function ()
		local token_util = new_plugin();
		assert.same({ true }, { prosody.run(process, token_util, token) });
		keys.keys.k1 = other_rsa.public;
		token_util:clear_asap_cache();
		assert.is_false((prosody.run(process, token_util, token)));
		assert.equal(2, #keys.requests);
	end);

	it("returns public keys, too", function ()
		local token_util = new_plugin();
		assert.equal((rsa.public:gsub("%s", "")), (prosody.run(token_util.get_public_key, token_util, "k1"):gsub("%s", "")));
		assert.is_nil((prosody.run(token_util.get_public_key, token_util, "k2")));
		assert.is_nil((prosody.run(token_util.get_public_key, token_util, nil)));
		assert.is_nil(token_util:get_public_key("k3")); -- nobody can wait here
		assert.equal(2, #keys.requests);
	end);

	it("counts unknown kids by client, but not on loopback", function ()
		local token_util = new_plugin();
		keys.delay = 0.3;
		local from_outside, from_loopback = {}, {};
		for i = 1, 12 do
			from_outside[i] = start(token_util, tokens.rs256(tokens.claims(), rsa, "x"..i), { ip = "192.0.2.7" });
			from_loopback[i] = start(token_util, tokens.rs256(tokens.claims(), rsa, "y"..i), { ip = "127.0.0.1" });
		end
		finish(from_outside);
		finish(from_loopback);
		assert.equal(4, #prosody.logged("info", "key-source-overloaded"));
		assert.equal(8 + 12, #keys.requests);
	end);
end);
