-- SPDX-License-Identifier: MIT
-- docs/recipes/many-shards.md. `make bench-shards` measures how many requests are saved.

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("many shards", function ()
	local page = recipe.open("many-shards");

	lazy_setup(function ()
		local port, origin = world.free_port(), world.start_nginx();
		world.new_key({ kid = "first", publish = { "nginx" } });
		page:substitute({
			["/var/cache/nginx/keys"] = world.folder().."/cache";
			["listen 8080"] = ("listen 127.0.0.1:%d"):format(port);
			["http://keys-cache.internal:8080"] = ("http://127.0.0.1:%d"):format(port);
			["https://keys.example.org"] = origin.https_url:match("^https://[^/]+");
			["/etc/ssl/certs/ca-certificates.crt"] = origin.ca_file;
			["/asap"] = "/keys";
			["proxy_cache_valid 404 10s"] = "proxy_cache_valid 404 10s; proxy_cache_valid 200 10m"; -- this origin says nothing
		});
		world.start_site({ blocks = page:text("cache"), ports = { port } });
		for _, name in ipairs({ "one", "two", "three" }) do
			world.start_prosody({ name = name, hosts = 'VirtualHost "meet.example.org"\n\tauthentication = "token"\n\tapp_id = "issuer"\n'
				..page:text("shard")..'\n\tmodules_enabled = { "token_verifier" }\n' });
		end
	end);

	lazy_teardown(world.close);

	local function log_in(name, kid)
		return world.log_in({ name = name, host = "meet.example.org", token = world.mint({ key = kid }) }).outcome;
	end

	it("together ask the key server once for a key", function ()
		for _, name in ipairs({ "one", "two", "three" }) do
			assert.equal("accepted", log_in(name, "first"));
		end
		assert.equal(1, #world.requests({ kid = "first" }));
	end);

	it("ask once for a missing key, and get it when it is published", function ()
		world.new_key({ kid = "absent" });
		for _, name in ipairs({ "one", "two", "three" }) do
			assert.equal("refused", log_in(name, "absent"));
		end
		assert.equal(1, #world.requests({ kid = "absent" }));
	end);

	it("continue while the key server is down", function ()
		world.stop_nginx();
		for _, name in ipairs({ "one", "two", "three" }) do
			local said = world.shell({ name = name, command = { "token", "refresh", "meet.example.org" } });
			assert.truthy(said:find(" fetched, 0 failed", 1, true), said);
			assert.equal("accepted", log_in(name, "first"));
		end
	end);

	it("run every example of their page", function ()
		page:finish();
	end);
end);
