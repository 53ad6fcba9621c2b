-- SPDX-License-Identifier: MIT
-- Tokens by the libraries people mint them with, and log-ins by another XMPP client.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-libraries-spec-0123456789-0123456789-01";

local node = world.install_npm();

lazy_setup(function ()
	local nginx = world.start_nginx();
	world.secret{ text = secret };
	world.new_key{ kid = "key", publish = { "nginx" } };
	local hosts = {};
	for _, size in ipairs{ "256", "384", "512" } do
		hosts[#hosts + 1] = world.host("hs" .. size .. ".example", { app_secret = secret, signature_algorithm = "HS" .. size });
		hosts[#hosts + 1] = world.host("rs" .. size .. ".example", {
			asap_key_server = nginx.url, signature_algorithm = "RS" .. size });
	end
	world.start_prosody{ hosts = table.concat(hosts, "\n") };
end);

lazy_teardown(world.close);

describe("a token minted by", function ()
	for _, library in ipairs{ "PyJWT", "jose", "jsonwebtoken" } do
		for _, algorithm in ipairs{ "HS256", "HS384", "HS512", "RS256", "RS384", "RS512" } do
			it(("%s as %s logs in where it is expected, and nowhere else"):format(library, algorithm), function ()
				local request = { library = library, algorithm = algorithm };
				request[algorithm:find("^H") and "secret" or "key"] = algorithm:find("^H") and secret or "key";
				local token;
				if library == "PyJWT" then
					request.library = nil;
					token = world.mint(request);
				elseif node then
					token = world.mint_by_npm(request);
				else
					pending("node and npm are not installed");
				end
				for _, other in ipairs{ "hs256", "hs384", "hs512", "rs256", "rs384", "rs512" } do
					local outcome = world.log_in{ host = other .. ".example", token = token };
					assert.equal(other == algorithm:lower() and "accepted" or "refused", outcome.outcome, other);
				end
			end);
		end
	end
end);

describe("@xmpp/client", function ()
	-- busted takes pending() in the body of a spec only.
	local function need_node_20()
		if not node or node < 20 then
			pending("node 20 and npm are not installed");
		end
	end

	it("logs in with a good token and enters its room only", function ()
		need_node_20();
		local token = world.mint{ key = "key", claims = { room = "planning" } };
		local function enter(room)
			return world.log_in_by_npm{ host = "rs256.example", token = token, enter = room .. "@conference.rs256.example" };
		end
		assert.equal("joined", enter("planning").entry.outcome);
		local entry = enter("finance").entry;
		assert.same({ "refused", "not-allowed" }, { entry.outcome, entry.condition });
	end);

	it("sees a bad token refused", function ()
		need_node_20();
		local token = world.with_wrong_signature{ token = world.mint{ key = "key" } };
		local outcome = world.log_in_by_npm{ host = "rs256.example", token = token };
		assert.same({ "refused", "not-allowed" }, { outcome.outcome, outcome.condition });
	end);
end);

it("leaves no claims, signature or secret in the debug log", function ()
	assert.same({}, world.leaks());
end);
