-- SPDX-License-Identifier: MIT
-- docs/recipes/key-folder.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("a folder of keys", function ()
	local page = recipe.open("key-folder");

	local folder = world.make_folder({ name = "token-keys" });

	lazy_setup(function ()
		page:substitute({ ["/etc/prosody/token-keys"] = folder });
		page:run("publish");
		page:start(page:text("prosody"));
	end);

	lazy_teardown(world.close);

	it("accepts tokens signed with one of the keys, until its file is removed", function ()
		local login = { host = "meet.example.org", token = page:token("token"), room = "planning",
			enter = "planning@conference.meet.example.org" };
		assert.equal("joined", (recipe.visit(login)));
		page:run("withdraw");
		local outcome, log = recipe.visit(login);
		assert.equal("refused", outcome);
		page:shows("refused", log);
		world.run_commands({ text = "token-verifier publish folder-key.private.pem --kid folder-key --dir "..folder });
		assert.equal("joined", (recipe.visit(login)));
	end);

	it("runs every example of its page", function ()
		page:finish();
	end);
end);
