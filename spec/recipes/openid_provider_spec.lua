-- SPDX-License-Identifier: MIT
-- docs/recipes/openid-provider.md, with oidc-provider from npm.

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("an OpenID provider", function ()
	local page = recipe.open("openid-provider");
	local version = world.install_npm();
	local node = version and version >= 20; -- what logs in at the provider asks fetch() for more than 18 has
	local token;

	lazy_setup(function ()
		if not node then
			return;
		end
		page:substitute({ ["https://sso.example.org"] = world.start_openid_provider() });
		token = world.log_in_at_provider({ user = "ada" });
		page:start(page:text("prosody"));
	end);

	lazy_teardown(world.close);

	local function visit(with_token, room)
		if not node then
			pending("node 20 and npm are not installed");
		end
		return recipe.visit({ host = "meet.example.org", token = with_token or token,
			enter = (room or "planning").."@conference.meet.example.org" });
	end

	it("issues a token that logs in", function ()
		local outcome, log = visit();
		assert.equal("joined", outcome, log);
	end);

	-- The page's options in the place of those that the host has.
	local function with(option, block)
		local hosts, count = page:text("prosody"):gsub("    "..option.." = [^\n]*", (block:gsub("%%", "%%%%")));
		assert.equal(1, count);
		return hosts;
	end

	it("puts a room into the token if configured, and the token is for that room", function ()
		visit();
		local bobs = world.log_in_at_provider({ user = "bob" });
		assert.equal("joined", (visit(bobs)));
		assert.equal("refused", (visit(bobs, "finance")));
		page:reconfigure((page:text("prosody"):gsub("enable_domain_verification = false", "")));
		assert.equal("refused", (visit(bobs)));
		assert.equal("joined", (visit()));
	end);

	it("is one of several", function ()
		visit();
		page:reconfigure(with("openid_issuer", page:text("several")));
		local outcome, log = visit();
		assert.equal("joined", outcome, log);
	end);

	it("may leave out typ", function ()
		visit();
		page:reconfigure(with("asap_require_room_claim", "    asap_require_room_claim = false\n"..page:text("typ")));
		local outcome, log = visit();
		assert.equal("joined", outcome, log);
	end);

	it("has other clients, whose tokens are refused", function ()
		visit();
		page:reconfigure(with("asap_accepted_audiences", '    asap_accepted_audiences = { "another-client" }'));
		local outcome, log = visit();
		assert.equal("refused", outcome);
		page:shows("other", log);
	end);

	it("runs every example of its page", function ()
		if node then
			page:finish();
		end
	end);
end);
