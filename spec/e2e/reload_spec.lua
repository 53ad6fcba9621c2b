-- SPDX-License-Identifier: MIT
-- Reloads of plugins and of the configuration: cached keys and waiting log-ins survive them. No valid token is refused, over
-- WebSocket or BOSH, while the key server is slow or down.

local world = require "spec.e2e.world";

local reloads = {
	{ "module", "reload", "auth_token", "reload.example" },
	{ "module", "reload", "token_verification", "conference.reload.example" },
	{ "config", "reload" },
	{ "module", "reload", "auth_token", "down.example" },
};
local bad;

lazy_setup(function ()
	local nginx = world.start_nginx();
	bad = world.start_bad_server();
	world.new_key({ kid = "held", publish = { "nginx" } });
	world.new_key({ kid = "slow", publish = { "bad" } });
	world.start_prosody({ hosts = table.concat({
		world.host("reload.example", { asap_key_server = bad.url.."/slow-4000/reload" });
		world.host("down.example", { asap_key_server = nginx.url });
	}) });
end);

lazy_teardown(world.close);

local function log_ins(host, kid, count, commands)
	local logins = {};
	for i = 1, count do
		logins[i] = { host = host, token = world.mint({ key = kid }), transport = i % 2 == 0 and "bosh" or nil };
	end
	local outcomes = {};
	for _, outcome in ipairs(world.log_ins({ logins = logins, meanwhile = commands }).outcomes) do
		outcomes[outcome.outcome] = (outcomes[outcome.outcome] or 0) + 1;
	end
	return outcomes;
end

describe("reloads", function ()
	it("refuse no log-in that waits for a key", function ()
		local log, outcomes = world.logged("main", function ()
			return log_ins("reload.example", "slow", 40, { reloads[1], reloads[3] });
		end);
		assert.same({ accepted = 40 }, outcomes, log);
		assert.equal(1, #world.bad_requests({ part = "/reload/" }));
	end);

	it("lose no key while the key server is down", function ()
		assert.same({ accepted = 1 }, log_ins("down.example", "held", 1));
		world.stop_nginx();
		for round = 1, 8 do
			world.shell({ command = reloads[4] });
			if round % 2 == 0 then
				world.shell({ command = reloads[3] });
			end
			local log, outcomes = world.logged("main", function ()
				return log_ins("down.example", "held", 30, { reloads[round % 2 == 0 and 4 or 3] });
			end);
			assert.same({ accepted = 30 }, outcomes, log);
		end
	end);

	it("lose no key of a plugin that is not used for a while", function ()
		world.shell({ command = reloads[4] });
		world.run({ seconds = 2 });
		assert.same({ accepted = 10 }, log_ins("down.example", "held", 10));
	end);
end);
