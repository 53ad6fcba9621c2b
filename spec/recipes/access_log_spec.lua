-- SPDX-License-Identifier: MIT
-- docs/recipes/access-log.md, with an nginx in front of Prosody.

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("nginx's logs", function ()
	local page = recipe.open("access-log");
	local secret = "the secret of those whose tokens are looked for in nginx's logs";
	local token, port;

	lazy_setup(function ()
		token = world.mint({ secret = secret });
		port = world.free_port();
		local prosody = world.start_prosody({ hosts = world.host("meet.example.org", { app_secret = secret }) });
		page:substitute({
			["listen 80"] = ("listen 127.0.0.1:%d"):format(port), ["127.0.0.1:5280"] = ("127.0.0.1:%d"):format(prosody.port),
			["/var/log/nginx"] = world.folder().."/site",
		});
		world.start_site({ blocks = page:text("before"), ports = { port } });
	end);

	lazy_teardown(world.close);

	local function log_in()
		return world.log_in_at({ url = ("ws://127.0.0.1:%d/xmpp-websocket?token=%s"):format(port, token), host = "meet.example.org",
			headers = { Referer = "https://meet.example.org/planning?jwt="..token } }).outcome;
	end

	it("contain tokens by default", function ()
		assert.equal("accepted", log_in());
		local log = world.read_file({ name = "site/access.log", holding = "\n" });
		assert.truthy(log:find("token="..token, 1, true));
		assert.truthy(log:find("jwt="..token, 1, true));
		assert.truthy(page:run("search"):find("site/access.log", 1, true));
		world.stop_prosody();
		log_in();
		assert.truthy(world.read_file({ name = "site/error.log" }):find("token="..token, 1, true));
		world.run_commands({ text = "rm site/*.log" });
	end);

	it("contain no tokens with the page's configuration, whether Prosody runs or not", function ()
		world.change_site({ blocks = page:text("after") });
		log_in(); -- while it is down
		world.restart_prosody();
		assert.equal("accepted", log_in());
		page:shows("line", world.read_file({ name = "site/meet.log", holding = '" 101 ' }));
		assert.truthy(world.read_file({ name = "site/meet.log", holding = '" 502 ' }));
		local logs = world.run_commands({ text = "cat site/*.log" }).output;
		assert.is_nil(logs:find("eyJ", 1, true), logs);
		assert.equal("none", page:run("search"));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
