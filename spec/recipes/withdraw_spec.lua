-- SPDX-License-Identifier: MIT
-- docs/recipes/withdraw.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("withdrawing a key", function ()
	local page = recipe.open("withdraw");
	local token;

	lazy_setup(function ()
		local nginx = world.start_nginx();
		page:substitute({
			["https://keys.example.org/asap"] = nginx.url, ["/srv/keys"] = world.make_folder({ name = "nginx/www/keys" }),
			["/etc/prosody"] = world.make_folder({ name = "etc" }),
		});
		world.new_key({ kid = "my-key", publish = { "nginx" } });
		token = world.mint({ key = "my-key", claims = { iss = "my-app", aud = "jitsi" } });
		world.run_commands({ text = page:text("secret"):gsub("%-%-force ", "") });
		page:start(page:text("prosody")..[[

VirtualHost "secret.example.org"
    authentication = "token"
    modules_enabled = { "websocket" }
    app_id = "my-app"
    app_secret_file = "]]..world.folder()..[[/etc/token-secret"
]]);
	end);

	lazy_teardown(world.close);

	local function log_in(with, host)
		local log, outcome = recipe.log_of(function ()
			return world.log_in({ host = host or "meet.example.org", token = with });
		end);
		return outcome.outcome, log;
	end

	it("leaves it in force until Prosody forgets it", function ()
		assert.equal("accepted", log_in(token));
		assert.truthy(page:run("keys"):find("my-key", 1, true));
		page:run("withdraw");
		assert.equal("accepted", log_in(token));
		page:run("forget");
		local outcome, log = log_in(token);
		assert.equal("refused", outcome);
		page:shows("refused", log);
		page:shows("again", log);
		assert.is_nil(page:run("keys"):find("my-key", 1, true));
	end);

	it("that is a shared secret means changing it", function ()
		local before = world.remember({ token = world.run_commands({
			text = "token-verifier sign --secret-file etc/token-secret --iss my-app --aud jitsi --sub '*' --room '*'" }).output:match("%S+") });
		assert.equal("accepted", log_in(before, "secret.example.org"));
		page:run("secret");
		world.shell({ command = { "config", "reload" } });
		assert.equal("refused", log_in(before, "secret.example.org"));
		local after = world.remember({ token = world.run_commands({
			text = "token-verifier sign --secret-file etc/token-secret --iss my-app --aud jitsi --sub '*' --room '*'" }).output:match("%S+") });
		assert.equal("accepted", log_in(after, "secret.example.org"));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
