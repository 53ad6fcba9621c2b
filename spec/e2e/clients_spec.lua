-- SPDX-License-Identifier: MIT
-- Log-ins with other projects' clients: @xmpp/client, strophe.js and curl.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-clients-spec-0123456789";
local node = world.install_npm();

-- What @xmpp/client and strophe.js need of node.
local function by_npm(script, transport)
	return function (request)
		request.script, request.transport = script, transport;
		return world.log_in_by_npm(request);
	end, node and node >= 20;
end

local clients = {
	{ "@xmpp/client over WebSocket", by_npm("log_in_xmpp.js") };
	{ "strophe.js over WebSocket", by_npm("log_in_strophe.js", "websocket") };
	{ "strophe.js over BOSH", by_npm("log_in_strophe.js", "bosh") };
	{ "curl over BOSH", function (request)
		request.transport = "bosh by curl";
		return world.log_in(request);
	end, true };
};

lazy_setup(function ()
	local nginx = world.start_nginx();
	local bad = world.start_bad_server();
	world.new_key({ kid = "key", publish = { "nginx" } });
	world.start_prosody({
		hosts = world.host("shared.example", { app_secret = secret })
			..world.host("keys.example", { asap_key_server = nginx.url })
			..world.host("slow.example", { asap_key_server = bad.url.."/slow-500" })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true });
	});
end);

lazy_teardown(world.close);

-- What is brought, to which host, the token, and a word of the text that the client gets (nil: accepted).
local cases = {
	{ "a shared secret's token", "shared.example", function () return world.mint({ secret = secret }); end };
	{ "a key server's token", "keys.example", function () return world.mint({ key = "key" }); end };
	{ "a wrong signature", "keys.example", function ()
		return world.with_wrong_signature({ token = world.mint({ key = "key" }) });
	end, "signature" };
	{ "an expired token", "shared.example", function ()
		return world.mint({ secret = secret, claims = { exp = os.time() - 60 } });
	end, "exp" };
	{ "a kid that nobody knows", "keys.example", function () return world.mint({ key = "key", kid = "unknown" }); end, "key" };
	{ "no token", "shared.example", function () return nil; end, "token required" };
	{ "no token, where guests may enter", "guests.example", function () return nil; end };
};

for i, client in ipairs(clients) do
	local name, log_in, at_hand = table.unpack(client);

	describe(name, function ()
		-- busted takes pending() in the body of a spec only.
		local function need_client()
			if not at_hand then
				pending("node 20 and npm are not installed");
			end
		end

		for _, case in ipairs(cases) do
			local what, host, make_token, word = table.unpack(case, 1, 4);
			it(("with %s is %s"):format(what, word and "refused, and told so" or "logged in"), function ()
				need_client();
				local outcome = log_in({ host = host, token = make_token() });
				if word then
					assert.same({ "refused", "not-allowed" }, { outcome.outcome, outcome.condition });
					assert.truthy(outcome.text and outcome.text:find(word, 1, true), "text: "..tostring(outcome.text));
				else
					assert.equal("accepted", outcome.outcome, tostring(outcome.text));
				end
			end);
		end

		it("waits while its key is fetched", function ()
			need_client();
			local kid = "key-"..i;
			world.new_key({ kid = kid, publish = { "bad" } });
			assert.equal("accepted", log_in({ host = "slow.example", token = world.mint({ key = kid }) }).outcome);
			assert.equal(1, #world.bad_requests({ part = world.key_file_name({ kid = kid }) }));
		end);

		if not name:find("curl", 1, true) then
			it("enters its room only", function ()
				need_client();
				local token = world.mint({ key = "key", claims = { room = "planning" } });
				local function enter(room)
					return log_in({ host = "keys.example", token = token, enter = room.."@conference.keys.example" }).entry;
				end
				assert.equal("joined", enter("planning").outcome);
				local refused = enter("finance");
				assert.same({ "refused", "not-allowed" }, { refused.outcome, refused.condition });
			end);
		end
	end);
end
