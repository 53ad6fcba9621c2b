-- SPDX-License-Identifier: MIT
-- Key servers that answer wrongly, unusually or not at all, from plain Lua: the result of a store, how soon it comes, and after how
-- many requests.

local gettime = require "socket".gettime;
local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

local key, bad;

lazy_setup(function ()
	bad = world.start_bad_server();
	key = world.new_key({ kid = "key", publish = { "bad" } });
end);

lazy_teardown(world.close);

-- A key server of its own for each spec, since it is known by its URL.
local names = 0;
local function new_store(behaviour, options)
	names = names + 1;
	local path = ("/%s/%d/"):format(behaviour, names);
	local all = { asap_key_server = bad.url..path };
	for name, value in pairs(options or {}) do
		all[name] = value;
	end
	return assert(tv.keystore(all)), function () return #world.bad_requests({ part = path }); end;
end

-- What is told at once has this long to be told; who waits for a server waits 5 s.
local at_once = 3;

local function sleep(seconds)
	os.execute("sleep "..seconds);
end

local function resident_kib()
	return tonumber(io.open("/proc/self/status"):read("a"):match("VmRSS:%s*(%d+)"));
end

-- Asks twice: both answers are a failure with this code, the first in time and told so, the second without a request.
local function refuses(behaviour, options, code, words, limit)
	local store, requests = new_store(behaviour, options);
	local memory, started = resident_kib(), gettime();
	local found, message, got = store:get("key", true);
	local seconds = gettime() - started;
	assert.is_nil(found);
	assert.same({ code, 1 }, { got, requests() }, message);
	assert.truthy(message:lower():find(words, 1, true), message);
	assert.is_true(seconds < (limit or at_once), ("%.2f s"):format(seconds));
	assert.is_true(resident_kib() - memory < 4096);
	assert.equal(code, select(3, store:get("key", true)));
	assert.equal(1, requests());
	store:close();
end

describe("a key server that breaks off or never ends", function ()
	for _, case in ipairs({
		{ "silent", { timeout = 1 }, "key-source-unavailable", "tim", 4 };
		{ "slow-5000", { timeout = 1 }, "key-source-unavailable", "tim", 4 };
		{ "drip", { timeout = 2 }, "key-source-unavailable", "tim", 4.5 };
		{ "reset", {}, "key-source-unavailable", "" };
		{ "huge", {}, "key-unusable", "65536" };
		{ "flood", {}, "key-unusable", "65536" };
		{ "endless", {}, "key-unusable", "65536" };
		{ "hints", {}, "key-source-unavailable", "longer than 64 kib" };
		{ "trailers", {}, "key-source-unavailable", "longer than 64 kib" };
	}) do
		it(("(%s) is given up after one request"):format(case[1]), function ()
			refuses(table.unpack(case));
		end);
	end

	it("and is slow delays its log-ins within the limits", function ()
		local store, requests = new_store("slow-1000");
		assert.equal(key.public, assert(store:get("key", true)):pem());
		assert.equal(1, requests());
		store:close();
	end);
end);

describe("a key server that answers with no key", function ()
	for _, case in ipairs({
		{ "status-404", {}, "key-not-found", "404" };
		{ "status-403", {}, "key-unusable", "403" };
		{ "status-429", {}, "key-source-unavailable", "429" };
		{ "to-http", {}, "key-unusable", "302" };
		{ "to-file", {}, "key-unusable", "302" };
		{ "gzip", {}, "key-unusable", "" };
		{ "truncated", {}, "key-unusable", "" };
		{ "garbage", {}, "key-unusable", "html" };
		{ "empty", {}, "key-unusable", "empty" };
	}) do
		it(("(%s) is asked once"):format(case[1]), function ()
			refuses(table.unpack(case));
		end);
	end

	it("is not followed when it redirects", function ()
		assert.equal(0, #world.bad_requests({ part = "/good/" }));
	end);

	it("that refuses the connection is reported at once", function ()
		local store = assert(tv.keystore({ asap_key_server = world.closed_url() }));
		local started = gettime();
		local _, message, code = store:get("key", true);
		assert.equal("key-source-unavailable", code, message);
		assert.is_true(gettime() - started < at_once);
		store:close();
	end);
end);

describe("a key server that recovers", function ()
	it("from a 500 is asked again after the back-off, and not before", function ()
		local store, requests = new_store("once-500", { back_off_min = 1 });
		assert.equal("key-source-unavailable", select(3, store:get("key", true)));
		assert.equal("key-source-unavailable", select(3, store:get("key", true)));
		assert.equal(1, requests());
		sleep(1.1);
		assert.equal(key.public, assert(store:get("key", true)):pem());
		assert.equal(2, requests());
		store:close();
	end);

	it("is not asked before the time in its Retry-After", function ()
		local store, requests = new_store("retry-2", { back_off_min = 0.1 });
		assert.equal("key-source-unavailable", select(3, store:get("key", true)));
		sleep(1);
		assert.equal("key-source-unavailable", select(3, store:get("key", true)));
		assert.equal(1, requests());
		sleep(1.5);
		assert.equal("key-source-unavailable", select(3, store:get("key", true)));
		assert.equal(2, requests());
		store:close();
	end);
end);

describe("a key's content type", function ()
	for _, name in ipairs({ "pem", "certificate", "text", "octets", "html", "none" }) do
		it(("(%s) does not matter"):format(name), function ()
			local store, requests = new_store("type-"..name);
			assert.equal(key.public, assert(store:get("key", true)):pem());
			assert.equal(1, requests());
			store:close();
		end);
	end
end);
