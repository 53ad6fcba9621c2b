-- SPDX-License-Identifier: MIT
-- Key stores of the native module with a correct and a misbehaving key server.

local http_server = require "spec.support.http_server";
local tokens = require "spec.support.tokens";
local tv = require "token_verifier";
local monotonic = require "util.time".monotonic;

local key, second, bad;

lazy_setup(function ()
	bad = http_server.start();
	key, second = tokens.new_key(), tokens.new_key();
	bad.publish("key", key.public);
	bad.publish("second", second.public);
end);

lazy_teardown(function () bad.close(); end);

-- A store of its own for each spec: a key server is known by its URL.
local names = 0;
local function new_store(behaviour, options)
	names = names + 1;
	local all = { asap_key_server = ("%s/%s/%d"):format(bad.url, behaviour, names) };
	for name, value in pairs(options or {}) do
		all[name] = value;
	end
	local store = assert(tv.keystore(all));
	return store, function () return #bad.requests({ part = ("/%s/%d/"):format(behaviour, names) }); end;
end

-- Steps until nothing is under way; gives what settled.
local function settle(seconds)
	local settled, deadline = {}, monotonic() + (seconds or 10);
	repeat
		local items, running = tv.step(0.05);
		table.move(items, 1, #items, #settled + 1, settled);
	until running == 0 or monotonic() > deadline;
	return settled;
end

local function code_of(...)
	return (select(3, ...));
end

describe("a key store of a key server", function ()
	it("returns the key after one request", function ()
		local store, requests = new_store("good");
		assert.equal(key.public, assert(store:get("key", true)):pem());
		assert.equal(key.public, store:get("key", true):pem());
		assert.equal(1, requests());
		local stats = store:stats();
		assert.equal(1, stats.held);
		assert.equal(1, stats.fresh);
		assert.equal(1, stats.fetches);
		assert.equal(0, stats.failed_network + stats.failed_status + stats.failed_key);
		local held = store:keys()[1];
		assert.equal("key", held.kid);
		assert.is_true(held.fresh_for > 590 and held.fresh_for <= 600, held.fresh_for);
		assert.equal(store:source(), held.source);
		store:close();
	end);

	it("without waiting returns key-pending, starts no fetch before a step, and then has the outcome", function ()
		local store, requests = new_store("good");
		assert.equal("key-pending", code_of(store:get("key", false)));
		assert.equal(0, requests());
		local settled = settle();
		assert.equal(1, #settled);
		assert.equal("key", settled[1].kid);
		assert.equal(store, settled[1].store);
		assert.equal(key.public, settled[1].key:pem());
		assert.is_nil(settled[1].code);
		assert.equal(key.public, assert(store:get("key", false)):pem());
		store:close();
	end);

	it("makes one request for any number of callers", function ()
		local store, requests = new_store("slow-200");
		for _ = 1, 500 do
			assert.equal("key-pending", code_of(store:get("key", false)));
		end
		assert.equal(1, #settle());
		assert.equal(1, requests());
		store:close();
	end);

	it("remembers that a key does not exist", function ()
		local store, requests = new_store("good", { negative_ttl = 1 });
		local _, message, code = store:get("nobody", true);
		assert.equal("key-not-found", code);
		assert.truthy(message:find(tv.key_file_name("nobody"), 1, true), message);
		assert.equal("key-not-found", code_of(store:get("nobody", true)));
		assert.equal(1, requests());
		assert.equal(1, store:stats().negative);
		os.execute("sleep 1.1");
		assert.equal("key-not-found", code_of(store:get("nobody", true)));
		assert.equal(2, requests());
		store:close();
	end);

	it("fetches a key again when it is no longer fresh", function ()
		local store, requests = new_store("good", { default_ttl = 1, min_ttl = 1 });
		assert(store:get("key", true));
		os.execute("sleep 1.1");
		assert(store:get("key", true));
		assert.equal(2, requests());
		assert.equal(0, store:stats().stale);
		store:close();
	end);

	for behaviour, code in pairs({
		["status-404"] = "key-not-found", ["status-410"] = "key-not-found",
		["status-401"] = "key-unusable", ["status-403"] = "key-unusable", ["status-302"] = "key-unusable",
		["status-500"] = "key-source-unavailable", ["status-503"] = "key-source-unavailable", ["status-429"] = "key-source-unavailable",
		garbage = "key-unusable", huge = "key-unusable",
	}) do
		it(("of a server with %s says %s and asks once"):format(behaviour, code), function ()
			local store, requests = new_store(behaviour);
			for _ = 1, 3 do
				local found, message, got = store:get("key", true);
				assert.is_nil(found);
				assert.equal(code, got, message);
				local status = behaviour:match("%d+");
				assert.truthy(not status or message:find(status, 1, true), message);
			end
			assert.equal(1, requests());
			store:close();
		end);
	end

	for _, behaviour in ipairs({ "silent", "drip" }) do
		it(("that is %s is given up in time"):format(behaviour), function ()
			local store = new_store(behaviour, { timeout = 0.3 });
			local started = monotonic();
			assert.equal("key-source-unavailable", code_of(store:get("key", true)));
			local took = monotonic() - started;
			assert.is_true(took > 0.25 and took < 4.5, took);
			store:close();
		end);
	end

	it("that is unreachable is not contacted for a while, also for other kids", function ()
		local store = assert(tv.keystore({ asap_key_server = http_server.closed_url() }));
		assert.equal("key-source-unavailable", code_of(store:get("one", true)));
		local _, message, code = store:get("two", true);
		assert.equal("key-source-unavailable", code);
		assert.truthy(message:find("could not be asked", 1, true), message);
		assert.equal(1, store:stats().fetches);
		store:close();
	end);

	it("fetches a limited number of kids at once and fails fast beyond it", function ()
		collectgarbage(); -- verifiers of other specs hold their stores
		local store = new_store("silent", { timeout = 60 });
		for i = 1, 16 + 1024 do
			assert.equal("key-pending", code_of(store:get("made-up-"..i, false)));
		end
		local _, message, code = store:get("one-more", false);
		assert.equal("key-source-overloaded", code, message);
		assert.equal("key-pending", code_of(store:get("made-up-1", false)));
		local stats = store:stats();
		assert.equal(16, stats.in_flight);
		assert.equal(1024, stats.queued);
		assert.equal(1, stats.overloaded);
		store:close();
		local _, running = tv.step();
		assert.equal(0, running);
	end);

	it("shares the fetches of the process with other stores", function ()
		local few, other = new_store("slow-200", { max_fetches = 1 }), new_store("slow-200");
		local started = monotonic();
		few:get("key", false);
		other:get("second", false);
		settle();
		local took = monotonic() - started;
		assert.is_true(took > 0.4, took);
		few:close();
		other:close();
	end);

	it("counts the unknown kids of one client", function ()
		local store = new_store("silent", { timeout = 60 });
		local verifier = assert(tv.new({ keys = store, wait = false }));
		local function ask(kid, client)
			return code_of(verifier:verify(tokens.rs256({}, key, kid), { client = client }));
		end
		for i = 1, 8 do
			assert.equal("key-pending", ask("kid"..i, "192.0.2.1"));
		end
		assert.equal("key-source-overloaded", ask("kid9", "192.0.2.1"));
		assert.equal("key-pending", ask("kid8", "192.0.2.1"));
		assert.equal("key-pending", ask("kid10", "192.0.2.10"));
		assert.equal("key-pending", ask("kid11", nil));
		store:close();
	end);

	it("holds more keys than its size while callers wait for them", function ()
		local store, requests = new_store("good", { cache_size = 1 });
		assert.equal("key-pending", code_of(store:get("key", false)));
		assert.equal("key-pending", code_of(store:get("second", false)));
		assert.equal(2, #settle());
		assert.equal(key.public, assert(store:get("key", false)):pem());
		assert.equal(second.public, assert(store:get("second", false)):pem());
		assert.equal(2, requests());
		store:close();
	end);

	it("drops the least recently used key", function ()
		local store, requests = new_store("good", { cache_size = 1 });
		assert(store:get("key", true));
		assert(store:get("second", true));
		assert.equal(1, store:stats().held);
		assert.equal("second", store:keys()[1].kid);
		assert(store:get("key", true));
		assert.equal(3, requests());
		store:close();
	end);

	it("forgets keys on request, and refreshes", function ()
		local store, requests = new_store("good");
		assert(store:get("key", true));
		store:refresh();
		settle();
		assert.equal(2, requests());
		store:forget("second");
		assert.equal(1, store:stats().held);
		store:forget("key");
		assert.equal(0, store:stats().held);
		assert(store:get("key", true));
		store:forget();
		assert.equal(0, store:stats().held);
		store:close();
	end);

	it("is shared in the process for a URL, with or without slashes at its end", function ()
		local store, requests = new_store("good", { cache_size = 3 });
		local again, warning = tv.keystore({ asap_key_server = store:source().."//", cache_size = 5, timeout = 1 });
		assert.truthy(warning:find("'timeout'", 1, true), warning);
		assert(store:get("key", true));
		assert.equal(1, again:stats().held);
		store:close();
		assert(again:get("key", true));
		assert.equal(1, requests());
		again:close();
	end);

	it("is waited for until wait_limit", function ()
		local store = new_store("silent", { timeout = 60, wait_limit = 0.2 });
		local started = monotonic();
		local _, message, code = store:get("key", true);
		assert.equal("key-source-unavailable", code);
		assert.truthy(message:find("did not give a key within", 1, true), message);
		assert.is_true(monotonic() - started >= 0.2);
		assert.equal("key-pending", code_of(store:get("key", false))); -- its fetch goes on
		assert.equal(1, store:stats().fetches);
		store:close();
	end);

	it("ends its fetches when it is closed, and then raises errors", function ()
		collectgarbage(); -- verifiers of other specs hold their stores
		local store = new_store("silent", { timeout = 60 });
		store:get("key", false);
		assert.equal(1, select(2, tv.step()));
		store:close();
		store:close();
		assert.equal(0, select(2, tv.step()));
		assert.has_error(function () store:get("key"); end);
		assert.truthy(tostring(store):find("closed", 1, true));
	end);
end);

describe("a key store filled by put()", function ()
	it("holds the keys that were put, and makes no request", function ()
		local store = tv.keystore();
		assert.is_true(store:put("mine", key.public));
		assert.is_true(store:put("object", tv.key(second.public), 1));
		local freshness = {};
		for _, held in ipairs(store:keys()) do
			freshness[held.kid] = held.fresh_for or "for ever";
		end
		assert.equal("for ever", freshness.mine);
		assert.is_true(freshness.object <= 1, freshness.object);
		assert.equal(key.public, store:get("mine"):pem());
		local _, message, code = store:get("other", true);
		assert.equal("key-not-found", code, message);
		assert.equal("malformed-key", code_of(store:put("bad", "no key")));
		for _, kid in ipairs({ "", ("x"):rep(1025) }) do -- which no token may have
			local put, why, put_code = store:put(kid, key.public);
			assert.is_nil(put);
			assert.equal("key-id-invalid", put_code);
			assert.truthy(why:find("kid is", 1, true), why);
		end
		assert.equal("key-id-invalid", code_of(store:get(("x"):rep(1025))));
		assert.is_true(store:put(("x"):rep(1024), key.public));
		assert.equal(key.public, store:get(("x"):rep(1024)):pem());
		store:forget(("x"):rep(1024));
		os.execute("sleep 1.1");
		assert.equal("key-not-found", code_of(store:get("object")));
		assert.is_table(tv.verify(tokens.rs256({}, key, "mine"), { keys = store }));
		store:close();
	end);
end);

describe("a key store filled by put()", function ()
	it("holds any number of keys", function ()
		local store = tv.keystore();
		local object = tv.key(key.public);
		for i = 1, 1000 do
			store:put("kid"..i, object);
		end
		assert.equal(1000, store:stats().held);
		assert(store:get("kid1"));
		store:close();
	end);
end);

describe("a process without free descriptors", function ()
	for _, source in ipairs({ "asap_key_server", "jwks_url", "openid_issuer" }) do
		it("says so: "..source, function ()
			local script = ("local tv, files = require 'token_verifier', {}; for i = 1, 40 do files[i] = io.open('/dev/null') or false end;"
				.." print(select(2, tv.keystore{ %s = 'http://127.0.0.1:9/' }:get('kid', true)))"):format(source);
			local pipe = io.popen(('exec 2>&1; ulimit -n 40; lua5.4 -e "%s"'):format(script));
			local output = pipe:read("a");
			assert.truthy(pipe:close(), output);
			assert.truthy(output:find("no descriptor or memory left", 1, true), output);
		end);
	end
end);

describe("verify with key stores", function ()
	it("fetches and waits in plain Lua", function ()
		local url = ("%s/good/plain"):format(bad.url);
		local token = tokens.rs256({ sub = "x" }, key, "key");
		for _ = 1, 3 do
			assert.equal("x", assert(tv.verify(token, { asap_key_server = url, wait = true })).sub);
			collectgarbage();
		end
		assert.equal(1, #bad.requests({ part = "/good/plain/" }));
	end);

	it("asks the next store if one does not have the key or cannot be reached", function ()
		local empty, full = new_store("status-404"), new_store("good");
		local closed = assert(tv.keystore({ asap_key_server = http_server.closed_url() }));
		local token = tokens.rs256({ sub = "x" }, key, "key");
		assert.is_table(tv.verify(token, { keys = { empty, closed, full }, wait = true }));
		assert.equal("key-source-unavailable", code_of(tv.verify(token, { keys = { empty, closed }, wait = true })));
		assert.equal("key-not-found", code_of(tv.verify(token, { keys = { empty, empty }, wait = true })));
		local page = new_store("garbage");
		assert.is_table(tv.verify(token, { keys = { page, full }, wait = true }));
		assert.equal("key-unusable", code_of(tv.verify(token, { keys = { page, empty }, wait = true })));
		page:close();
		for _, store in ipairs({ empty, full, closed }) do
			store:close();
		end
	end);

	for name, case in pairs({
		["no kid"] = { nil, "key-id-missing" }, ["an empty kid"] = { "", "key-id-invalid" }, ["a number as kid"] = { 5, "key-id-invalid" },
		["a kid of 1025 bytes"] = { ("k"):rep(1025), "key-id-invalid" }, ["a kid like a path"] = { "../../etc/passwd", "key-not-found" },
	}) do
		it(("answers %s for %s"):format(case[2], name), function ()
			local store, requests = new_store("status-404");
			assert.equal(case[2], code_of(tv.verify(tokens.rs256({}, key, case[1]), { keys = store, wait = true })));
			assert.equal(case[2] == "key-not-found" and 1 or 0, requests());
			store:close();
		end);
	end
end);

describe("an invalid source", function ()
	for _, url in ipairs({ "", "ftp://127.0.0.1/keys", "127.0.0.1/keys", "http://", "gopher://x" }) do
		it(("%q is refused at once"):format(url), function ()
			local store, message, code = tv.keystore({ asap_key_server = url });
			assert.is_nil(store);
			assert.equal("key-source-unavailable", code);
			assert.truthy(message:find(("%q"):format(url), 1, true), message);
		end);
	end

	it("shows no password of an invalid URL, in a list too", function ()
		for _, url in ipairs({ "ftp://me:hush@keys.example/asap", { "http://keys.example", "ftp://me:hush@keys.example/asap" } }) do
			for _, make in ipairs({ tv.keystore, tv.new }) do
				local _, message, code = make({ asap_key_server = url });
				assert.equal("key-source-unavailable", code);
				assert.truthy(message:find('"ftp://...@keys.example/asap" cannot be asked', 1, true), message);
			end
		end
	end);

	it("shows none where the URL has more in front of it or behind it than a message has room for", function ()
		for url, shown in pairs({
			["a-scheme-of-nobody://me:hush@keys.example/asap"] = '"...@keys.example/asap" cannot be asked',
			["ftp://me:hush@"..("keys"):rep(50)] = '"ftp://...@'..("keys"):rep(13)..'ke..." cannot be asked',
		}) do
			local _, message = tv.keystore({ asap_key_server = url });
			assert.truthy(message:find(shown, 1, true), message);
			assert.is_nil(message:find("hush", 1, true));
		end
	end);

	it("shows no password of a URL in a message", function ()
		local store = assert(tv.keystore({ asap_key_server = "http://me:hush@127.0.0.1:1/keys?token=hush" }));
		local _, message = store:get("kid", true);
		assert.truthy(message:find("http://127.0.0.1:1/keys", 1, true), message);
		assert.is_nil((message..tostring(store)..store:source()):find("hush", 1, true));
		store:close();
	end);

	for name, case in pairs({
		["an unknown option"] = { { asap_server = "x" }, "unknown option 'asap_server'" };
		["a size of 0"] = { { cache_size = 0 }, "'cache_size' must be a whole number from 1" };
		["half a second of freshness"] = { { default_ttl = 0.5 }, "'default_ttl' must be from 1 to 315360000 seconds, without a fraction" };
		["no time at all"] = { { timeout = 0 }, "'timeout' must be from 0.001 to 315360000 seconds" };
		["limits the wrong way round"] = { { min_ttl = 5, max_ttl = 4 }, "'min_ttl' is greater than 'max_ttl'" };
		["two kinds of CA"] = { { ca_file = "a", ca_path = "b" }, "exclude each other" };
	}) do
		it("raises for "..name, function ()
			local ok, message = pcall(tv.keystore, case[1]);
			assert.is_false(ok);
			assert.truthy(message:find(case[2], 1, true), message);
		end);
	end
end);

describe("a key that is held", function ()
	for file, came_as in pairs({
		["rsa.pem"] = "public key", ["rsa.certificate.pem"] = "certificate", ["rsa.private.pem"] = "private key",
		["ed25519.pem"] = "public key", ["ec.private-sec1.pem"] = "private key",
	}) do
		it(("says the form in which the source had it: %s"):format(file), function ()
			local store <close> = tv.keystore();
			local text = assert(io.open("test/vectors/keys/"..file)):read("a");
			assert(store:put("k", text));
			assert.equal(came_as, store:keys()[1].came_as);
		end);
	end
end);

describe("a key store that was closed", function ()
	it("stays for a while if close() asked for it", function ()
		for i, seconds in ipairs({ 60, false }) do
			local url = "http://127.0.0.1:1/closed/"..i;
			local store = assert(tv.keystore({ asap_key_server = url }));
			store:put("key", key.public);
			local id = store:id();
			if seconds then
				store:close(seconds);
				store:close(seconds); -- once more does no harm
			else
				store:close();
			end
			local again <close> = assert(tv.keystore({ asap_key_server = url, max_stale = 5 }));
			assert.equal(seconds and id or id + 1, again:id());
			assert.equal(seconds and 1 or 0, again:stats().held);
		end
	end);

	it("accepts only a time from 0 to 3600 s", function ()
		local store <close> = tv.keystore();
		for _, seconds in ipairs({ -1, 3601, 0/0, math.huge, "soon" }) do
			assert.is_false(pcall(store.close, store, seconds));
			assert.equal(0, store:stats().held); -- still open
		end
		assert.is_true(pcall(store.close, store, 3600));
	end);

	it("is one of a limited number, even if options name many", function ()
		local function count()
			local found = 0;
			for _, store in ipairs(tv.stores()) do
				found = found + (store:source():find("/named/", 1, true) and 1 or 0);
			end
			return found;
		end
		local token = tokens.rs256(tokens.claims(), tokens.new_key(), "key");
		for i = 1, 500 do
			local _, _, code = tv.verify(token, { asap_key_server = "http://127.0.0.1:1/named/"..i, wait = false });
			assert.equal("key-pending", code);
		end
		collectgarbage();
		collectgarbage();
		local left = count();
		settle();
		assert.is_true(left >= 64 and left <= 128, left);
	end);
end);

describe("the descriptor", function ()
	it("is only one, is readable when there is work, and makes waiting optional", function ()
		local store, requests = new_store("good");
		-- In a process of its own, where nobody watches: it waits.
		local program = ([[io.write(require "token_verifier".keystore{ asap_key_server = %q }:get("key"):type())]]):format(store:source());
		local pipe = io.popen("lua5.4 -e '"..program.."'");
		assert.equal("RSA", pipe:read("a"));
		pipe:close();
		assert.equal(1, requests());
		assert.equal(key.public, store:get("key", true):pem());
		local fd = tv.pollfd();
		assert.equal("number", math.type(fd) and "number");
		assert.equal(fd, tv:pollfd());
		assert.equal("r", tv:events());
		assert.is_nil(tv:timeout());
		assert.equal("key-pending", code_of(store:get("second")));
		local socket = require "socket";
		local watched = { getfd = function () return fd; end };
		local settled = {};
		while #settled == 0 do
			assert.equal(watched, socket.select({ watched }, nil, 5)[1]);
			settled = tv:step();
		end
		assert.equal("second", settled[1].kid);
		assert.same({}, socket.select({ watched }, nil, 0.2));
		store:close();
	end);
end);
