-- SPDX-License-Identifier: MIT
-- Tokens from the libraries that people use to make them.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-libraries-spec-0123456789-0123456789-01";

local node = world.install_npm();

lazy_setup(function ()
	local nginx = world.start_nginx();
	world.new_key({ kid = "key", publish = { "nginx" } });
	local hosts = {};
	for _, size in ipairs({ "256", "384", "512" }) do
		hosts[#hosts + 1] = world.host("hs"..size..".example", { app_secret = secret, signature_algorithm = "HS"..size });
		hosts[#hosts + 1] = world.host("rs"..size..".example", {
			asap_key_server = nginx.url, signature_algorithm = "RS"..size });
	end
	world.start_prosody({ hosts = table.concat(hosts, "\n") });
end);

lazy_teardown(world.close);

describe("a token minted by", function ()
	for _, library in ipairs({ "PyJWT", "jose", "jsonwebtoken" }) do
		for _, algorithm in ipairs({ "HS256", "HS384", "HS512", "RS256", "RS384", "RS512" }) do
			it(("%s as %s logs in where its algorithm is accepted, and nowhere else"):format(library, algorithm), function ()
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
				for _, other in ipairs({ "hs256", "hs384", "hs512", "rs256", "rs384", "rs512" }) do
					local outcome = world.log_in({ host = other..".example", token = token });
					assert.equal(other == algorithm:lower() and "accepted" or "refused", outcome.outcome, other);
				end
			end);
		end
	end
end);
