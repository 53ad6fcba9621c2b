-- SPDX-License-Identifier: MIT
-- Other plugins on top of ours, and modules that are loaded and unloaded while log-ins wait.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-plugins-spec-0123456789";
local own;

lazy_setup(function ()
	local nginx = world.start_nginx();
	local bad = world.start_bad_server();
	world.new_key({ kid = "users", publish = { "nginx" } });
	world.new_key({ kid = "systems", publish = { "bad" } });
	own = world.new_key({ kid = "own" });
	local function with(plugin, options)
		options.modules_enabled = { plugin };
		return options;
	end
	world.start_prosody({
		hosts = world.host("closed-api.example", with("e2e_system_api", {
				app_secret = secret }))
			..world.host("own-key.example", with("e2e_own_key", { asap_key_server = nginx.url, e2e_own_key = own.public }))
			..world.host("own-secret.example", with("e2e_own_key", {
				app_secret = secret, e2e_own_key = own.public }))
			..world.host("reload.example", { asap_key_server = bad.url.."/held/reload", token_key_timeout = 60, token_key_wait_limit = 60 })
			..world.host("unload.example", { asap_key_server = bad.url.."/held/unload", token_key_timeout = 60, token_key_wait_limit = 60 })
			..world.host("bystander.example", with("e2e_loop_gap", { app_secret = secret }));
	});
end);

lazy_teardown(world.close);

describe("a plugin whose key server is not configured", function ()
	it("refuses every token, also those that are valid for log-ins", function ()
		local claims = { iss = "system" };
		for _, token in ipairs({
			world.mint({ secret = secret, claims = claims }), world.mint({ secret = secret }), world.mint({ key = "users", claims = claims }),
		}) do
			local answer = world.http({ path = "/system-api", bearer = token, host = "closed-api.example" });
			assert.truthy(answer:find("^false not%-allowed"), answer);
		end
	end);

	it("does not change how users log in", function ()
		assert.equal("accepted", world.log_in({ host = "closed-api.example", token = world.mint({ secret = secret }) }).outcome);
	end);
end);

describe("a key that another plugin sets", function ()
	it("is used instead of the key server, without a kid", function ()
		local token = world.mint({ key = "own", kid = false });
		assert.equal("accepted", world.log_in({ host = "own-key.example", token = token }).outcome);
		assert.equal("refused", world.log_in({ host = "own-key.example", token = world.mint({ key = "users" }) }).outcome);
		assert.equal(0, #world.requests());
	end);

	it("verifies no HS256 token forged with its PEM", function ()
		for _, host in ipairs({ "own-key.example", "own-secret.example" }) do
			local token = world.forge({ header = { typ = "JWT", alg = "HS256" }, secret = own.public });
			assert.equal("refused", world.log_in({ host = host, token = token }).outcome);
		end
	end);
end);

describe("mod_auth_token", function ()
	for _, case in ipairs({ { "unload", "refused", "refuses it at once" }, { "reload", "accepted", "lets it go on" } }) do
		local how, expected, does = table.unpack(case);
		it(("%sed while a log-in waits, %s and harms nobody"):format(how, does), function ()
			local host = how..".example";
			local token = world.mint({ key = "systems" });
			local function requests()
				return #world.bad_requests({ part = "/held/"..how.."/" });
			end
			local log, outcome = world.logged("main", function ()
				local client = world.begin({ host = host, token = token });
				for _ = 1, 100 do
					world.run({ seconds = 0.05 });
					if requests() > 0 then
						break;
					end
				end
				world.loop_gap({ host = "bystander.example" });
				world.shell({ command = { "module", how, "auth_token", host } });
				if how == "reload" then
					world.release();
				end
				local outcome = world.outcome({ client = client });
				world.leave({ client = client });
				return outcome;
			end);
			assert.equal(expected, outcome.outcome, log);
			assert.is_nil(log:lower():match("traceback[^\n]*"));
			local gap = world.loop_gap({ host = "bystander.example" });
			world.note({ row = how.." with a fetch in flight", gap_ms = gap, requests = requests() });
			assert.equal(1, requests());
			assert.is_true(gap < 500, "largest gap: "..gap);
			local token_of_bystander = world.mint({ secret = secret });
			assert.equal("accepted", world.log_in({ host = "bystander.example", token = token_of_bystander }).outcome);
		end);
	end

	it("reloaded, takes log-ins again", function ()
		assert.equal("accepted", world.log_in({ host = "reload.example", token = world.mint({ key = "systems" }) }).outcome);
	end);
end);
