-- SPDX-License-Identifier: MIT
-- docs/recipes/docker-jitsi-meet.md: the configuration that the variables result in. The image itself is not used.

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("docker-jitsi-meet's configuration", function ()
	local page = recipe.open("docker-jitsi-meet");

	lazy_setup(function ()
		local nginx = world.start_nginx();
		world.new_key({ kid = "my-key", publish = { "nginx" } });
		page:substitute({ ["https://keys.example.org/asap"] = nginx.url });
	end);

	lazy_teardown(world.close);

	-- The value of a variable in a block of .env.
	local function variable(block, name)
		return assert(page:text(block):match("%f[^\n\0]"..name.."=([^\n]*)"), name);
	end

	local function visit(name, token)
		local outcome = world.log_in({ name = name, host = "meet.jitsi", token = token, enter = "planning@muc.meet.jitsi" });
		return outcome.entry and outcome.entry.outcome or outcome.outcome;
	end

	it("has a shared secret", function ()
		world.start_prosody({ name = "secret", hosts = page:text("secret") });
		local claims = { iss = variable("env-secret", "JWT_APP_ID"), aud = variable("env-secret", "JWT_ACCEPTED_AUDIENCES"),
			sub = "meet.example.org", room = "planning" };
		local secret = variable("env-secret", "JWT_APP_SECRET");
		assert.equal("joined", visit("secret", world.mint({ secret = secret, claims = claims })));
		assert.equal("refused", visit("secret", world.mint({ secret = '"'..secret..'"', claims = claims })));
	end);

	it("has a key server, and ignores a placeholder secret", function ()
		world.start_prosody({ name = "keys", hosts = page:text("keys") });
		assert.truthy(page:text("keys"):find(variable("env-keys", "GLOBAL_CONFIG"):gsub("\\n", "\n"), 1, true));
		local log = world.log_since({ name = "keys", position = 0 });
		page:shows("in-force", log);
		page:shows("left-over", log);
		local claims = { iss = variable("env-keys", "JWT_ACCEPTED_ISSUERS"), sub = "meet.example.org", room = "planning" };
		assert.equal("joined", visit("keys", world.mint({ key = "my-key", claims = claims })));
		assert.equal("refused", visit("keys", world.mint({ secret = "<no value>", claims = claims })));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
