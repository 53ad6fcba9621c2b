-- SPDX-License-Identifier: MIT
-- docs/recipes/shared-secret.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("a shared secret", function ()
	local page = recipe.open("shared-secret");
	local folder = world.make_folder({ name = "etc" });

	lazy_setup(function ()
		page:substitute({ ["/etc/prosody"] = folder, ["chown prosody:"] = ": chown prosody:" });
		page:run("secret");
		local prosody = page:start(page:text("prosody"));
		page:substitute({ ["127.0.0.1:5280"] = ("127.0.0.1:%d"):format(prosody.port) });
	end);

	lazy_teardown(world.close);

	local function planning(token, room)
		local address = (room or "planning").."@conference.meet.example.org";
		return recipe.visit({ host = "meet.example.org", token = token, room = room or "planning", enter = address });
	end

	it("is logged at start", function ()
		page:shows("started", world.log_since({ position = 0 }));
	end);

	it("verifies a token made by the command, only for its room", function ()
		local token = page:token("token");
		assert.equal("joined", planning(token));
		local outcome, log = planning(token, "finance");
		assert.equal("refused", outcome);
		page:shows("refused", log);
	end);

	it("verifies a token of PyJWT", function ()
		world.write_file({ name = "mint.py", text = page:text("pyjwt") });
		local done = world.run_commands({ text = "/usr/bin/python3 mint.py" });
		assert.equal("joined", planning(world.remember({ token = done.output:gsub("\n", "") })), done.errors);
	end);

	it("verifies a token of jsonwebtoken", function ()
		local script = page:text("jsonwebtoken");
		if not world.install_npm() then
			pending("node and npm are not installed");
		end
		assert.equal("joined", planning(world.run_script({ text = script })));
	end);

	it("verifies a token that curl logs in with, and tells curl why it is refused", function ()
		world.write_file({ name = "token", text = page:token("token") });
		page:shows("logged-in", page:run("log-in"));
		world.write_file({ name = "token", text = "x" });
		assert.truthy(page:run("log-in"):find("<failure [^>]*><not%-allowed/><text>the token has 1 part"));
	end);

	it("logs a token that is signed with another secret", function ()
		local outcome, log = planning(world.mint({ secret = ("another secret "):rep(3), claims = { iss = "my-app", aud = "jitsi" } }));
		assert.equal("refused", outcome);
		page:shows("wrong", log);
	end);

	it("explains a token", function ()
		assert.truthy(page:run("explain"):find("The token is accepted", 1, true));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
