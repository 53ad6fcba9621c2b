-- SPDX-License-Identifier: MIT
-- A key server behind https, fetched in plain Lua from a real nginx whose certificate is of a CA of our own.

local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";" .. package.cpath);

local nginx, key;

lazy_setup(function ()
	nginx = world.start_nginx();
	key = world.new_key{ kid = "key", publish = { "nginx" } };
end);

lazy_teardown(world.close);

describe("a key server behind https", function ()
	local tv = require "token_verifier";

	it("is trusted by its own CA", function ()
		local token = world.mint{ key = "key" };
		local store = tv.keystore{ asap_key_server = nginx.https_url, ca_file = nginx.ca_file };
		local claims = assert(tv.verify(token, {
			keys = store, accepted_issuers = { "issuer" }, accepted_audiences = { "meet" }, wait = true;
		}));
		assert.equal("issuer", claims.iss);
		assert.equal(key.public, store:get("key"):pem());
		assert.equal(1, #world.requests{ kid = "key" });
		store:close();
	end);

	it("is refused without it", function ()
		-- Another spelling of the URL: stores are shared by URL, and the first one's settings win.
		local store = tv.keystore{ asap_key_server = nginx.https_url .. "/./" };
		local found, message, code = store:get("key", true);
		assert.is_nil(found);
		assert.equal("key-source-unavailable", code);
		assert.truthy(message:lower():find("certificate"), message);
		store:close();
	end);
end);
