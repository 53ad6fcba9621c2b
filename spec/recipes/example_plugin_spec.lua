-- SPDX-License-Identifier: MIT
-- The plugin of docs/examples on a real Prosody: its own spec knows only stand-ins.

local world = require "spec.e2e.world";

describe("the plugin of docs/examples", function ()
	local port;

	lazy_setup(function ()
		local nginx = world.start_nginx();
		local here = io.popen("pwd"):read("l");
		world.new_key({ kid = "service", publish = { "nginx" } });
		port = world.start_prosody({
			settings = ("plugin_paths = { %q, %q, %q }"):format(here.."/docs/examples", here.."/lua/modules", here.."/lua/dropin"),
			hosts = world.host("meet.example.org", {
				app_secret = "the secret of those who enter rooms, and of nobody else", modules_enabled = { "room_list" },
				room_list_key_server = nginx.url, room_list_issuers = { "dashboard" },
			}),
		}).port;
	end);

	lazy_teardown(world.close);

	local function ask(token)
		local bearer = token and ('-H "Authorization: Bearer %s"'):format(token) or "";
		return world.run_commands({ text = ('curl -s -w " %%{http_code}" -H "Host: meet.example.org" %s http://127.0.0.1:%d/rooms'):format(
			bearer, port) }).output;
	end

	it("lists the rooms only for a service", function ()
		local secret = "the secret of those who enter rooms, and of nobody else";
		local member = world.begin({ host = "meet.example.org", token = world.mint({ secret = secret }) });
		world.outcome({ client = member });
		world.enter({ client = member, room = "planning@conference.meet.example.org" });
		local claims = { iss = "dashboard", aud = "room-list", sub = "dashboard" };
		local answer = ask(world.mint({ key = "service", claims = claims, without = { "room" } }));
		assert.truthy(answer:find('"planning@conference.meet.example.org"', 1, true) and answer:find(" 200$"), answer);
		assert.truthy(ask():find(" 401$"));
		assert.truthy(ask(world.mint({ secret = secret, claims = claims })):find(" 401$"));
		assert.truthy(ask(world.mint({ key = "service" })):find(" 401$"));
		world.leave({ client = member });
	end);
end);
