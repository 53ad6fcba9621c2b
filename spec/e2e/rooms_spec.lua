-- SPDX-License-Identifier: MIT
-- Who may enter a room with which room claim, in a plain Prosody and in a deployment like Jitsi's.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-rooms-spec-0123456789";

lazy_setup(function ()
	world.start_prosody({
		hosts = world.host("meet.example", { app_secret = secret })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true })
			..world.host("moderated.example", { app_secret = secret, allow_empty_token = true },
				{ token_verification_require_token_for_moderation = true })
			..world.host("broken.example", { app_secret = "<no value>" })
			..world.host("listed.example", { app_secret = secret }, { token_verification_allowlist = { "guests.example" } })
			..world.host("jitsi.example", { app_secret = secret, muc_mapper_domain_base = "jitsi.example" })
			..world.host("mapped.example", {
				app_secret = secret, muc_mapper_domain_base = "mapped.example", modules_enabled = { "e2e_domain_mapper" } })
			..'VirtualHost "auth.jitsi.example"\n\tauthentication = "internal_hashed"\n';
		settings = 'admins = { "focus@auth.jitsi.example" }';
	});
	world.shell({ command = { "user", "create", "focus@auth.jitsi.example", "a-password" } });
end);

lazy_teardown(world.close);

local function enter(room, claims, fields)
	local login = { host = "meet.example", token = world.mint({ secret = secret, claims = claims }), enter = room };
	for name, value in pairs(fields or {}) do
		login[name] = value;
	end
	local log, outcome = world.logged("main", function () return world.log_in(login); end);
	assert.equal("accepted", outcome.outcome, log);
	return outcome.entry, log;
end

describe("a room", function ()
	for _, case in ipairs({
		{ "its own room claim", "planning", { room = "planning", sub = "meet.example" } },
		{ "a room claim in capitals", "planning", { room = "PLANNING", sub = "Meet.Example" } },
		{ "any room", "whatever", { room = "*", sub = "meet.example" } },
		{ "any sub", "planning", { room = "planning", sub = "*" } },
		{ "another room's claim", "finance", { room = "planning", sub = "meet.example" }, true },
		{ "another domain in sub", "planning", { room = "planning", sub = "else.example" }, true },
		{ "a claim that only begins like it", "planning2", { room = "planning", sub = "meet.example" }, true },
	}) do
		local what, room, claims, refused = table.unpack(case, 1, 4);
		it(("%s %s"):format(refused and "stays shut for" or "opens for", what), function ()
			local entry, log = enter(room.."@conference.meet.example", claims);
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
		local outcome = world.log_in({ host = "guests.example", enter = "lobby@conference.guests.example" });
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

describe("an owner's form", function ()
	local function configure(token)
		local client = world.begin({ host = "moderated.example", token = token });
		assert.equal("accepted", world.outcome({ client = client }).outcome);
		local room = ("%s@conference.moderated.example"):format(token and "owned" or "open");
		assert.equal("joined", world.enter({ client = client, room = room }).outcome);
		local answer = world.configure_room({ client = client, room = room });
		world.leave({ client = client });
		return answer;
	end

	it("is accepted from an owner with a token, and from no guest, if moderation needs one", function ()
		assert.equal("done", configure(world.mint({ secret = secret })).outcome);
		local answer = configure(nil);
		assert.same({ "refused", "not-allowed" }, { answer.outcome, answer.condition });
	end);

	it("is accepted from an admin without a token, as far as Prosody allows, and from no user with a token who is not an owner", function ()
		local room = "board@conference.moderated.example";
		local owner = world.begin({ host = "auth.jitsi.example", username = "focus", password = "a-password" });
		assert.equal("accepted", world.outcome({ client = owner }).outcome);
		assert.equal("joined", world.enter({ client = owner, room = room }).outcome);
		assert.equal("done", world.configure_room({ client = owner, room = room }).outcome);
		local member = world.begin({ host = "moderated.example", token = world.mint({ secret = secret }) });
		assert.equal("accepted", world.outcome({ client = member }).outcome);
		assert.equal("joined", world.enter({ client = member, room = room }).outcome);
		assert.equal("forbidden", world.configure_room({ client = member, room = room }).condition);
		world.leave({ client = member });
		world.leave({ client = owner });
	end);
end);

describe("an allow list", function ()
	it("lets in only its users without a token", function ()
		local room = "hall@conference.listed.example";
		assert.equal("joined", world.log_in({ host = "guests.example", enter = room }).entry.outcome);
		assert.equal("refused", world.log_in({ host = "moderated.example", enter = room }).entry.outcome);
	end);
end);

it("the rooms of a host that cannot verify tokens stay shut, also for users of other hosts", function ()
	local entry = world.log_in({ host = "guests.example", enter = "hall@conference.broken.example" }).entry;
	assert.same({ "refused", "not-allowed" }, { entry.outcome, entry.condition });
end);

describe("a deployment like Jitsi's", function ()
	local muc = "@conference.jitsi.example";
	local focus;

	lazy_setup(function ()
		focus = world.begin({ host = "auth.jitsi.example", username = "focus", password = "a-password" });
		assert.equal("accepted", world.outcome({ client = focus }).outcome);
	end);

	local function try(room, claims, fields)
		return enter(room..muc, claims, { host = "jitsi.example", prefix = fields and fields.prefix });
	end

	it("lets nobody create a room but the focus", function ()
		local entry = try("planning", { room = "planning", sub = "jitsi.example" });
		assert.same({ "refused", "room-does-not-exist" }, { entry.outcome, entry.reason });
		assert.equal("joined", world.enter({ client = focus, room = "planning"..muc }).outcome);
		assert.equal("joined", try("planning", { room = "planning", sub = "jitsi.example" }).outcome);
	end);

	it("keeps the rooms of tenants apart", function ()
		assert.equal("joined", world.enter({ client = focus, room = "[acme]planning"..muc }).outcome);
		local acme, other = { room = "planning", sub = "acme" }, { room = "planning", sub = "other" };
		assert.equal("joined", try("[acme]planning", acme, { prefix = "acme" }).outcome);
		local entry = try("[acme]planning", other, { prefix = "acme" });
		assert.same({ "refused", "not-allowed" }, { entry.outcome, entry.condition });
	end);

	it("accepts the address that a tenant's pages use, only with the tenant's tokens", function ()
		local virtual = "standup@conference.acme.mapped.example";
		local function enter_virtual(sub, prefix)
			local token = world.mint({ secret = secret, claims = { room = "standup", sub = sub } });
			return world.log_in({ host = "mapped.example", token = token, enter = virtual, prefix = prefix }).entry;
		end
		assert.equal("room-does-not-exist", enter_virtual("acme", "acme").reason);
		assert.equal("joined", world.enter({ client = focus, room = "[acme]standup@conference.mapped.example" }).outcome);
		assert.equal("joined", enter_virtual("acme", "acme").outcome);
		assert.equal("joined", enter_virtual("ACME", "acme").outcome);
		assert.equal("joined", enter_virtual("*", "acme").outcome);
		for _, sub in ipairs({ "other", "mapped.example", "acme.mapped.example" }) do
			local entry = enter_virtual(sub, "acme");
			assert.same({ "refused", "not-allowed" }, { entry.outcome, entry.condition }, sub);
		end
	end);
end);
