-- SPDX-License-Identifier: MIT
-- The door of a room: who gets in with which room claim, on a Prosody that is not Jitsi's.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-rooms-spec-0123456789";

lazy_setup(function ()
	world.secret{ text = secret };
	world.start_prosody{
		hosts = world.host("meet.example", { app_secret = secret })
			.. world.host("guests.example", { app_secret = secret, allow_empty_token = true });
	};
end);

lazy_teardown(world.close);

local function enter(room, claims, fields)
	local login = { host = "meet.example", token = world.mint{ secret = secret, claims = claims }, enter = room };
	for name, value in pairs(fields or {}) do
		login[name] = value;
	end
	local log, outcome = world.logged("main", function () return world.log_in(login); end);
	assert.equal("accepted", outcome.outcome, log);
	return outcome.entry, log;
end

describe("a room", function ()
	for _, case in ipairs{
		{ "its own room claim", "planning", { room = "planning", sub = "meet.example" } },
		{ "a room claim in capitals", "planning", { room = "PLANNING", sub = "Meet.Example" } },
		{ "any room", "whatever", { room = "*", sub = "meet.example" } },
		{ "any sub", "planning", { room = "planning", sub = "*" } },
		{ "another room's claim", "finance", { room = "planning", sub = "meet.example" }, true },
		{ "another domain in sub", "planning", { room = "planning", sub = "else.example" }, true },
		{ "a claim that only begins like it", "planning2", { room = "planning", sub = "meet.example" }, true },
	} do
		local what, room, claims, refused = table.unpack(case, 1, 4);
		it(("%s %s"):format(refused and "stays shut for" or "opens for", what), function ()
			local entry, log = enter(room .. "@conference.meet.example", claims);
			if refused then
				assert.equal("refused", entry.outcome);
				assert.equal("not-allowed", entry.condition);
				assert.truthy(log:find("room", 1, true), log);
			else
				assert.equal("joined", entry.outcome, log);
			end
		end);
	end

	it("opens for a guest where guests may enter", function ()
		local outcome = world.log_in{ host = "guests.example", enter = "lobby@conference.guests.example" };
		assert.equal("joined", outcome.entry.outcome);
	end);

	it("stays shut for a pattern that does not match", function ()
		local claims = { room = "team%-%d+", sub = "meet.example", context = { room = { regex = true } } };
		local entry = enter("team-x@conference.meet.example", claims);
		assert.same({ "refused", "room-name-does-not-match" }, { entry.outcome, entry.reason });
		assert.equal("joined", enter("team-7@conference.meet.example", claims).outcome);
	end);

	it("stays shut for a pattern that is too costly", function ()
		local claims = { room = ".*.*.*.*b", sub = "meet.example", context = { room = { regex = true } } };
		local entry = enter("aaaaaaaaaaaaaaab@conference.meet.example", claims);
		assert.same({ "refused", "invalid-regex" }, { entry.outcome, entry.reason });
	end);
end);

it("leaves no claims, signature or secret in the debug log", function ()
	assert.same({}, world.leaks());
end);
