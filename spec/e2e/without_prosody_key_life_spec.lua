-- SPDX-License-Identifier: MIT
-- The life of a key on a key server, in plain Lua: rotated, replaced, withdrawn, and a server that goes and comes back.
-- The times are set short, since the clock cannot be moved.

local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

local nginx, bad;

lazy_setup(function ()
	nginx = world.start_nginx();
	bad = world.start_bad_server();
end);

lazy_teardown(world.close);

local function sleep(seconds)
	os.execute("sleep "..seconds);
end

local names = 0;
local function new_store(options)
	names = names + 1;
	local path = ("/good/life-%d/"):format(names);
	local all = { asap_key_server = bad.url..path, default_ttl = 1, min_ttl = 1, negative_ttl = 1 };
	for name, value in pairs(options or {}) do
		all[name] = value;
	end
	return assert(tv.keystore(all)), function () return #world.bad_requests({ part = path }); end;
end

local function code_of(...)
	return (select(3, ...));
end

describe("a key", function ()
	it("that is rotated is fetched with its first use", function ()
		world.new_key({ kid = "old", publish = { "bad" } });
		local new = world.new_key({ kid = "new" });
		local store, requests = new_store({ default_ttl = 60 });
		assert(store:get("old", true));
		world.publish({ key = "new", kids = { "new" }, places = { "bad" } });
		assert.equal(new.public, assert(store:get("new", true)):pem());
		assert(store:get("old", true));
		assert.equal(2, requests());
		store:close();
	end);

	it("that is replaced under its kid is the new one after its freshness", function ()
		local old, new = world.new_key({ kid = "replaced", publish = { "bad" } }), world.new_key({ kid = "new" });
		local store, requests = new_store({ default_ttl = 2 });
		assert.equal(old.public, assert(store:get("replaced", true)):pem());
		world.publish({ key = "new", kids = { "replaced" }, places = { "bad" } });
		assert.equal(old.public, assert(store:get("replaced", true)):pem());
		sleep(2.1);
		assert.equal(new.public, assert(store:get("replaced", true)):pem());
		assert.equal(2, requests());
		store:close();
	end);

	it("that is withdrawn is refused after its freshness", function ()
		world.new_key({ kid = "withdrawn", publish = { "bad" } });
		local store, requests = new_store({ default_ttl = 2 });
		assert(store:get("withdrawn", true));
		world.withdraw({ kid = "withdrawn", place = "bad" });
		assert(store:get("withdrawn", true));
		sleep(2.1);
		assert.equal("key-not-found", code_of(store:get("withdrawn", true)));
		assert.equal("key-not-found", code_of(store:get("withdrawn", true)));
		assert.equal(2, requests());
		store:close();
	end);
end);

describe("a key server that goes down", function ()
	it("is not needed until the stale limit, and used again when it is back", function ()
		world.new_key({ kid = "held", publish = { "nginx" } });
		local store = assert(tv.keystore({
			asap_key_server = nginx.url, default_ttl = 1, min_ttl = 1, max_stale = 4, back_off_min = 0.2, back_off_max = 0.4;
		}));
		assert(store:get("held", true));
		world.stop_nginx();
		sleep(1.2);
		assert(store:get("held", true));
		assert.equal(1, store:stats().stale);
		sleep(0.8);
		assert(store:get("held", true));
		sleep(3.1);
		assert.equal("key-source-unavailable", code_of(store:get("held", true)));
		world.restart_nginx();
		sleep(0.8);
		assert(store:get("held", true));
		assert.equal(0, store:stats().stale);
		assert.equal(2, #world.requests({ kid = "held" }));
		store:close();
	end);
end);
