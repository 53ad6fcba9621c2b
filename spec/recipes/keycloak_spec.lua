-- SPDX-License-Identifier: MIT
-- docs/recipes/keycloak.md. A server with the documents of a realm stands for Keycloak.

local json = require "dkjson";
local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("Keycloak", function ()
	local page = recipe.open("keycloak");
	local realm;

	lazy_setup(function ()
		realm = world.start_bad_server().url.."/document/realms/meet";
		page:substitute({ ["https://sso.example.org/realms/meet"] = realm,
			["/srv/keycloak-keys"] = world.make_folder({ name = "srv/keycloak-keys" }) });
		-- A realm has a key to sign with, and one for encryption beside it.
		local set = json.decode(world.run_commands({ text = "token-verifier keygen --out realm.pem >/dev/null; "
			.."token-verifier keygen --out encryption.pem >/dev/null; "
			.."token-verifier pem-to-jwks realm-key=realm.pem encryption-key=encryption.pem" }).output);
		set.keys[2].use, set.keys[2].alg = "enc", "RSA-OAEP";
		world.publish_document({ path = "realms/meet/protocol/openid-connect/certs", body = json.encode(set) });
		world.publish_document({ path = "realms/meet/.well-known/openid-configuration", body =
			('{"issuer":"%s","jwks_uri":"%s/protocol/openid-connect/certs"}'):format(realm, realm) });
		world.write_file({ name = "claims.json", text = page:text("claims") });
	end);

	lazy_teardown(world.close);

	local function token(key)
		return world.remember({ token = assert(world.run_commands({
			text = ("token-verifier sign @claims.json --key %s --kid realm-key"):format(key or "realm.pem") }).output:match("%S+")) });
	end

	local function log_in(with, enter)
		return recipe.visit({ host = "meet.example.org", token = with, enter = enter });
	end

	it("names its issuer", function ()
		assert.equal(('"issuer":"%s"'):format(realm), page:run("issuer"));
	end);

	it("lets people in by its JWK Set, and nobody with another realm's key", function ()
		page:start(page:text("set"));
		assert.equal("joined", (log_in(token(), "planning@conference.meet.example.org")));
		local outcome, log = log_in(token("encryption.pem"));
		assert.equal("refused", outcome);
		page:shows("other", log);
	end);

	it("lets people in by PEM files", function ()
		page:run("bridge");
		page:start(page:text("pem"), { name = "pem" });
		for key, expected in pairs({ ["realm.pem"] = "accepted", ["encryption.pem"] = "refused" }) do
			assert.equal(expected, world.log_in({ name = "pem", host = "meet.example.org", token = token(key) }).outcome);
		end
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
