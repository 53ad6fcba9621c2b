-- SPDX-License-Identifier: MIT
-- docs/recipes/rotate.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("rotating a key", function ()
	local page = recipe.open("rotate");
	local keys;

	lazy_setup(function ()
		local nginx = world.start_nginx();
		keys = world.make_folder({ name = "nginx/www/keys" });
		page:substitute({
			["https://keys.example.org/asap"] = nginx.https_url, ["/srv/keys"] = keys,
			["curl -fsS"] = "curl -fsS --cacert "..nginx.ca_file,
		});
		page:run("first");
		page:start(page:text("prosody"), { settings = ("token_key_ca_file = %q; token_key_min_ttl = 1; "
			.."token_key_default_ttl = 1; token_key_negative_ttl = 1"):format(nginx.ca_file) }); -- so that ten minutes are one second
	end);

	lazy_teardown(world.close);

	local function log_in(token)
		local log, outcome = recipe.log_of(function () return world.log_in({ host = "meet.example.org", token = token }); end);
		return outcome.outcome, log;
	end

	it("refuses no token", function ()
		assert.equal("accepted", log_in(page:token("old")));
		page:run("publish");
		assert.equal("Public-Key: (2048 bit)", page:run("look"));
		assert.equal("accepted", log_in(page:token("old")));
		assert.equal("accepted", log_in(page:token("new")));
		assert.equal("accepted", log_in(page:token("old")));
	end);

	it("ends the old key's time", function ()
		page:run("withdraw");
		local deadline = os.time() + 20;
		local outcome, log;
		repeat
			world.run({ seconds = 0.2 });
			outcome, log = log_in(page:token("old"));
		until outcome == "refused" or os.time() > deadline;
		assert.equal("refused", outcome);
		assert.truthy(log:find("key-not-found", 1, true), log);
		assert.equal("accepted", log_in(page:token("new")));
	end);

	it("must start with publishing: a missing key is remembered for a while", function ()
		world.new_key({ kid = "too-soon" });
		local token = world.mint({ key = "too-soon", claims = { iss = "my-app", aud = "jitsi" } });
		assert.equal("refused", log_in(token));
		world.publish({ key = "too-soon", kids = { "too-soon" }, places = { "nginx" } });
		assert.equal("refused", log_in(token));
		local deadline = os.time() + 20;
		local outcome;
		repeat
			world.run({ seconds = 0.2 });
			outcome = log_in(token);
		until outcome == "accepted" or os.time() > deadline;
		assert.equal("accepted", outcome);
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
