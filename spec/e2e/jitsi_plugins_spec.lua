-- SPDX-License-Identifier: MIT
-- Only the drop-in, under plugins that log in and guard rooms like Jitsi's: with their own SASL mechanism for the whole process, and
-- only token/util from this project.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-jitsi-plugins-spec-0123456789";
local here = assert(io.popen("pwd")):read("l");

lazy_setup(function ()
	local nginx = world.start_nginx();
	world.new_key({ kid = "users", publish = { "nginx" } });
	world.start_prosody({
		settings = ("plugin_paths = { %q, %q, %q }"):format(here.."/lua/dropin", here.."/spec/e2e/jitsi_plugins", here.."/spec/e2e/plugins");
		hosts = world.host("secret.example", { app_secret = secret, modules_enabled = { "e2e_hybrid" } })
			..world.host("keys.example", { asap_key_server = nginx.url })
			..world.host("odd.example", { app_secret = secret, token_required_claims = { "odd\1\2" } })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true });
	});
end);

lazy_teardown(world.close);

local function log_in(host, token, enter)
	return world.log_in({ host = host, token = token, enter = enter });
end

describe("log-ins through plugins like Jitsi's", function ()
	it("are accepted and refused by each host's own options", function ()
		assert.equal("accepted", log_in("secret.example", world.mint({ secret = secret })).outcome);
		assert.equal("accepted", log_in("keys.example", world.mint({ key = "users" })).outcome);
		assert.equal("refused", log_in("secret.example", world.mint({ key = "users" })).outcome);
		assert.equal("refused", log_in("keys.example", world.mint({ secret = secret })).outcome);
	end);

	it("tell the client why, with the condition and the text where the web client reads them", function ()
		local expired = log_in("keys.example", world.mint({ key = "users", claims = { exp = os.time() - 60 } }));
		assert.equal("refused", expired.outcome);
		assert.truthy(expired.text:find("exp", 1, true), expired.text);
		local unknown = log_in("keys.example", world.mint({ key = "users", kid = "unknown" }));
		assert.equal("could not obtain public key", unknown.text);
		assert.equal("token required", log_in("secret.example").text);
	end);

	it("are answered whatever the reason contains", function ()
		local odd = log_in("odd.example", world.mint({ secret = secret }));
		assert.same({ "refused", 'the claim "odd\\x01\\x02" is missing' }, { odd.outcome, odd.text });
	end);

	it("accept guests without a token, but not with an invalid one", function ()
		assert.equal("accepted", log_in("guests.example").outcome);
		assert.equal("refused", log_in("guests.example", world.mint({ secret = secret:reverse() })).outcome);
	end);

	it("use the key and the token that another plugin sets", function ()
		assert.equal("accepted", log_in("secret.example", "ticket-of-alice").outcome);
		assert.equal("refused", log_in("secret.example", "ticket-of-nobody").outcome);
	end);

	it("open the room of the token and no other", function ()
		local token = world.mint({ key = "users", claims = { room = "Planning", sub = "keys.example" } });
		local entry = log_in("keys.example", token, "planning@conference.keys.example").entry;
		assert.equal("joined", entry.outcome, entry.text);
		entry = log_in("keys.example", token, "finance@conference.keys.example").entry;
		assert.same({ "refused", "not-allowed", "Room and token mismatched" }, { entry.outcome, entry.condition, entry.text });
	end);
end);
