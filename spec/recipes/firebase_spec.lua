-- SPDX-License-Identifier: MIT
-- docs/recipes/firebase.md. A server with a map of certificates stands for Google.

local json = require "dkjson";
local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("Firebase", function ()
	local page = recipe.open("firebase");

	lazy_setup(function ()
		local google = world.start_bad_server().url.."/document/certificates";
		page:substitute({ ["https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com"] = google });
		local certificate = world.run_commands({ text = "openssl req -x509 -newkey rsa:2048 -nodes -keyout google.pem -days 14 "
			.."-subj /CN=securetoken.system.gserviceaccount.com 2>/dev/null" }).output;
		world.publish_document({ path = "certificates", body = json.encode({ ["google-key"] = certificate }),
			headers = { ["Cache-Control"] = "public, max-age=20000, must-revalidate, no-transform" } });
		world.write_file({ name = "claims.json", text = page:text("claims") });
		page:start(page:text("prosody"));
	end);

	lazy_teardown(world.close);

	local function visit(more)
		local token = world.run_commands({ text = "token-verifier sign @claims.json --key google.pem --kid google-key "..(more or "") });
		return recipe.visit({ host = "meet.example.org", token = world.remember({ token = assert(token.output:match("%S+"), token.errors) }),
			enter = "planning@conference.meet.example.org" });
	end

	it("accepts a token of the project", function ()
		assert.equal("joined", (visit()));
	end);

	it("refuses other tokens", function ()
		local outcome, log = visit("--aud another-project");
		assert.equal("refused", outcome);
		page:shows("other", log);
		assert.equal("refused", (visit("--iss https://securetoken.google.com/another-project")));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
