-- SPDX-License-Identifier: MIT
-- docs/recipes/guests.md

local recipe = require "spec.recipes.recipe";
local world = require "spec.e2e.world";

describe("guests", function ()
	local page = recipe.open("guests");
	local secret;
	local member = { host = "meet.example.org" };
	local room = "planning@conference.meet.example.org";

	lazy_setup(function ()
		page:substitute({ ["/etc/prosody"] = world.make_folder({ name = "etc" }), ["chown prosody:"] = ": chown prosody:" });
		page:run("secret");
		secret = world.read_file({ name = "etc/token-secret" }):gsub("\n", "");
		member.token = world.mint({ secret = secret, claims = { iss = "my-app", sub = "meet.example.org", room = "planning" } });
	end);

	lazy_teardown(world.close);

	local function visit(name, login, into)
		local all = { name = name, enter = into or room, host = login.host, token = login.token };
		local log, outcome = world.logged(name, function () return world.log_in(all); end);
		return outcome.entry and outcome.entry.outcome or outcome.outcome, log;
	end

	-- Whether a client may change a room, and what is logged.
	local function moderate(name, login)
		local log, outcome = world.logged(name, function ()
			local client = world.begin({ name = name, host = login.host, token = login.token });
			world.outcome({ client = client });
			world.enter({ client = client, room = room });
			local answer = world.configure_room({ client = client, room = room });
			world.leave({ client = client });
			return answer;
		end);
		return outcome.outcome, log;
	end

	local function check_table(name, guest)
		assert.equal("joined", (visit(name, member)));
		assert.equal("refused", (visit(name, member, "finance@conference.meet.example.org")));
		assert.equal("joined", (visit(name, guest)));
		assert.equal("joined", (visit(name, guest, "finance@conference.meet.example.org")));
		local expired = { host = member.host, token = world.mint({ secret = secret, claims = { iss = "my-app", exp = 1 } }) };
		assert.equal("refused", (visit(name, expired)));
		local outcome, log = moderate(name, guest);
		assert.equal("refused", outcome);
		assert.equal("done", (moderate(name, member)));
		return log;
	end

	it("are on the members' host", function ()
		page:start(page:text("one-host"), { name = "one" });
		page:shows("started", world.log_since({ name = "one", position = 0 }));
		page:shows("moderation", check_table("one", { host = "meet.example.org" }));
	end);

	it("have a host of their own", function ()
		page:start(page:text("two-hosts"), { name = "two" });
		check_table("two", { host = "guest.meet.example.org" });
		local strict, count = page:text("two-hosts"):gsub("    token_verification_allowlist = [^\n]*\n", "");
		assert.equal(1, count);
		page:start(strict, { name = "strict" });
		local outcome, log = visit("strict", { host = "guest.meet.example.org" });
		assert.equal("refused", outcome);
		page:shows("no-allowlist", log);
	end);

	it("run every example of their page", function ()
		page:finish();
	end);
end);
