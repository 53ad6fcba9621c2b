-- SPDX-License-Identifier: MIT
-- docs/recipes/docker-jitsi-meet.md: the configurations that the variables result in. The image itself is not used.

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("docker-jitsi-meet's configuration", function ()
	local page = recipe.open("docker-jitsi-meet");
	local room = "planning@muc.meet.jitsi";

	lazy_setup(function ()
		local nginx = world.start_nginx();
		world.new_key({ kid = "my-key", publish = { "nginx" } });
		page:substitute({ ["https://keys.example.org/asap"] = nginx.url, ["https://keys.example.org/set.json"] = world.start_bad_server().url
			.."/document/set.json", ["jitsi-anonymous"] = "anonymous" });
		world.publish_document({ path = "set.json", body = world.run_commands({
			text = "token-verifier keygen --out provider.pem >/dev/null; token-verifier pem-to-jwks my-key=provider.pem" }).output });
	end);

	lazy_teardown(world.close);

	-- The value of a variable in a block of .env.
	local function variable(block, name)
		return assert(page:text(block):match("%f[^\n\0]"..name.."=([^\n]*)"), name);
	end

	-- Whether the configuration has each line that the image makes of a variable, by splitting it at `separator`.
	local function has_lines_of(label, name, separator)
		for line in (variable("env-"..label, name):gsub(separator, "\n").."\n"):gmatch("([^\n]+)\n") do
			assert.truthy(("\n"..page:text(label):gsub("\n +", "\n").."\n"):find("\n"..line.."\n", 1, true), line);
		end
	end

	local function visit(name, token, host)
		local outcome = world.log_in({ name = name, host = host or "meet.jitsi", token = token, enter = room });
		return outcome.entry and outcome.entry.outcome or outcome.outcome;
	end

	local function claims_of(label, changed)
		local claims = { iss = variable("env-"..label, "JWT_APP_ID"), sub = "meet.example.org", room = "planning" };
		for name, value in pairs(changed or {}) do
			claims[name] = value;
		end
		return claims;
	end

	it("has a shared secret", function ()
		world.start_prosody({ name = "secret", hosts = page:text("secret") });
		local claims = claims_of("secret", { aud = variable("env-secret", "JWT_ACCEPTED_AUDIENCES") });
		local secret = variable("env-secret", "JWT_APP_SECRET");
		assert.equal("joined", visit("secret", world.mint({ secret = secret, claims = claims })));
		assert.equal("refused", visit("secret", world.mint({ secret = '"'..secret..'"', claims = claims })));
	end);

	it("has a key server", function ()
		world.start_prosody({ name = "key-server", hosts = page:text("keys") });
		has_lines_of("keys", "GLOBAL_CONFIG", "\\n");
		page:shows("in-force", world.log_since({ name = "key-server", position = 0 }));
		for issuer in variable("env-keys", "JWT_ACCEPTED_ISSUERS"):gmatch("[^,]+") do
			assert.equal("joined", visit("key-server", world.mint({ key = "my-key", claims = claims_of("keys", { iss = issuer }) })));
		end
		assert.equal("refused", visit("key-server", world.mint({ key = "my-key", claims = claims_of("keys", { iss = "another" }) })));
	end);

	it("has a JWK Set", function ()
		world.start_prosody({ name = "set", hosts = page:text("set") });
		has_lines_of("set", "XMPP_CONFIGURATION", ",");
		local sign = "token-verifier sign --key provider.pem --kid my-key --room planning --aud jitsi --iss "
			..variable("env-set", "JWT_ACCEPTED_ISSUERS");
		for of_token, expected in pairs({ [" --sub meet.example.org"] = "joined", [""] = "refused" }) do
			local token = world.run_commands({ text = sign..of_token }).output:match("%S+");
			assert.equal(expected, visit("set", world.remember({ token = token })), of_token);
		end
	end);

	it("has guests on a host of their own", function ()
		world.start_prosody({ name = "guests", hosts = page:text("guests") });
		has_lines_of("guests", "XMPP_MUC_CONFIGURATION", ",");
		local token = world.mint({ secret = variable("env-guests", "JWT_APP_SECRET"), claims = claims_of("guests") });
		assert.equal("joined", visit("guests", token));
		assert.equal("refused", visit("guests", nil));
		assert.equal("joined", visit("guests", nil, "guest.meet.jitsi"));
		world.start_prosody({ name = "closed", hosts = page:text("guests"):gsub("[^\n]*allowlist[^\n]*", "") });
		assert.equal("refused", visit("closed", nil, "guest.meet.jitsi"));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
