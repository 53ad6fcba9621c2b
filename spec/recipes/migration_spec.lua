-- SPDX-License-Identifier: MIT
-- docs/migration.md: the steps before and after the migration.

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("migrating from Jitsi's Lua library", function ()
	local page = recipe.open("../migration");
	local nginx;

	-- A configuration as Jitsi's documents have it, options of theirs alone.
	local function hosts(options)
		return ([[
VirtualHost "meet.example.org"
	authentication = "token"
	app_id = "my-app"
	asap_key_server = %q
	asap_accepted_issuers = { "my-app" }
	asap_accepted_audiences = { "jitsi" }
	%s
Component "conference.meet.example.org" "muc"
	modules_enabled = { "token_verification" }
]]):format(nginx.url, options or "");
	end

	lazy_setup(function ()
		nginx = world.start_nginx();
		world.new_key({ kid = "my-key", publish = { "nginx" } });
		page:substitute({
			["/etc/prosody/prosody.cfg.lua"] = world.folder().."/main/prosody/prosody.cfg.lua",
			["https://keys.example.org/asap"] = nginx.url,
		});
		world.start_prosody({ hosts = hosts() });
	end);

	lazy_teardown(world.close);

	local function write_token(claims)
		local all = { iss = "my-app", aud = "jitsi", sub = "meet.example.org", room = "planning" };
		for name, value in pairs(claims or {}) do
			all[name] = value;
		end
		world.write_file({ name = "token", text = world.mint({ key = "my-key", claims = all }) });
	end

	it("starts with checking the configuration", function ()
		page:run("check");
		world.configure({ hosts = hosts('signature_algorithm = "RS265"') });
		local done = world.run_commands({ text = page:text("check") });
		assert.equal(1, done.status);
		assert.truthy(done.output:find("RS265", 1, true), done.output);
		world.configure({ hosts = hosts() });
	end);

	it("continues with checking tokens", function ()
		write_token();
		page:run("explain");
		write_token({ exp = 4102444800000 });
		local done = world.run_commands({ text = page:text("explain") });
		assert.equal(1, done.status);
		assert.truthy(done.output:find("milliseconds", 1, true), done.output);
	end);

	it("is visible in the log at start", function ()
		page:shows("started", world.log_since({ position = 0 }));
	end);

	it("runs every example of its page", function ()
		page:leave_out("plugin-paths", "the end-to-end specs of operating.md swap libraries in and out");
		page:finish();
	end);
end);
