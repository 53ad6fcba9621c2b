-- SPDX-License-Identifier: MIT
-- The watch on the key fetches, on every network back end of Prosody and after the fork of a daemon.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-loop-spec-0123456789";

lazy_setup(function ()
	world.start_bad_server();
	world.new_key({ kid = "key", publish = { "bad" } });
end);

lazy_teardown(world.close);

for _, how in ipairs({
	{ name = "epoll" }, { name = "event", backend = "event" }, { name = "select", backend = "select" },
	{ name = "daemon", daemonize = true },
}) do
	describe("Prosody as "..how.name, function ()
		it("lets a log-in wait for its key and the others go on", function ()
			world.start_prosody({
				name = how.name, backend = how.backend, daemonize = how.daemonize;
				hosts = world.host("slow.example", { asap_key_server = world.bad_url().."/slow-1500/"..how.name })
					..world.host("silent.example", {
						asap_key_server = world.bad_url().."/silent/"..how.name, token_key_timeout = 1.5 })
					..world.host("shared.example", { app_secret = secret, modules_enabled = { "e2e_loop_gap" } });
			});
			local result = world.log_ins({
				bystander = { name = how.name, host = "shared.example", token = world.mint({ secret = secret }) };
				logins = {
					{ name = how.name, host = "slow.example", token = world.mint({ key = "key" }) };
					{ name = how.name, host = "slow.example", token = world.mint({ key = "key" }), transport = "bosh" };
					{ name = how.name, host = "silent.example", token = world.mint({ key = "key" }) };
				};
			});
			-- The answers over WebSocket come first.
			local slow, silent, slow_bosh = table.unpack(result.outcomes);
			assert.same({ "accepted", "accepted", "refused" }, { slow.outcome, slow_bosh.outcome, silent.outcome });
			world.note({ row = "slow and silent, as "..how.name, gap_ms = result.gap, requests = 2 });
			assert.equal(2, #world.bad_requests({ part = ("/%s/"):format(how.name) })); -- a slow one and a silent one
			assert.is_true(result.gap < 500, "largest gap: "..result.gap);
			assert.is_true(silent.seconds < 4, "refused after "..silent.seconds);
			assert.is_true(result.longest_wait < 1, "longest ping: "..result.longest_wait);
			assert.is_true(result.pings > 10);
		end);

		lazy_teardown(function ()
			world.stop_prosody({ name = how.name });
		end);
	end);
end
