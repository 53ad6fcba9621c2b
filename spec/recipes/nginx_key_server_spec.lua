-- SPDX-License-Identifier: MIT
-- docs/recipes/nginx-key-server.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("a key server with nginx", function ()
	local page = recipe.open("nginx-key-server");
	local site;

	lazy_setup(function ()
		local port, certificate = world.free_port(), world.issue_certificate();
		page:substitute({
			["/srv/keys"] = world.make_folder({ name = "srv/keys" });
			["https://keys.example.org"] = ("https://localhost:%d"):format(port);
			["listen 443 ssl"] = ("listen 127.0.0.1:%d ssl"):format(port);
			["/etc/ssl/keys.example.org.pem"] = certificate.file;
			["/etc/ssl/private/keys.example.org.pem"] = certificate.file;
			["curl -fsS"] = "curl -fsS --cacert "..certificate.ca_file; -- the page's certificate is one that everybody trusts
		});
		page:run("key");
		page:run("publish");
		site = world.start_site({ blocks = page:text("site"), ports = { port } });
		page:start(page:text("prosody"), { settings = ("token_key_ca_file = %q"):format(certificate.ca_file) });
	end);

	lazy_teardown(world.close);

	local function visit(token, room)
		local address = room.."@conference.meet.example.org";
		return recipe.visit({ host = "meet.example.org", token = token, room = room, enter = address });
	end

	it("serves the key, also if its file was made by hand", function ()
		local by_command = page:run("look");
		page:shows("looked", by_command);
		page:run("by-hand");
		assert.equal(by_command, page:run("look"));
	end);

	it("is logged at start", function ()
		page:shows("started", world.log_since({ position = 0 }));
	end);

	it("serves its key for the first log-in, and is not asked again", function ()
		local before = #world.read_file({ name = "site/access.log", holding = "(?s)\n.*\n" }); -- of those who have looked
		local token = page:token("token");
		for _ = 1, 3 do
			assert.equal("joined", (visit(token, "planning")));
		end
		local requests = world.read_file({ name = "site/access.log", holding = "(?s)^.{"..before.."}.*\n" }):sub(before + 1);
		page:shows("access", requests);
		assert.equal(1, select(2, requests:gsub("\n", "")));
		assert.equal("refused", (visit(token, "finance")));
	end);

	it("does not serve another key", function ()
		world.new_key({ kid = "other-key" });
		local outcome, log = visit(world.mint({ key = "other-key", claims = { iss = "my-app", aud = "jitsi" } }), "planning");
		assert.equal("refused", outcome);
		page:shows("missing", log);
	end);

	it("runs every example of its page", function ()
		page:finish();
		assert.is_string(site);
	end);
end);
