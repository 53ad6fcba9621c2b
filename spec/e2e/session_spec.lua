-- SPDX-License-Identifier: MIT
-- The session fields that a log-in sets for other plugins, and their values after a client has resumed its session.

local json = require "dkjson";
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-session-spec-0123456789";

lazy_setup(function ()
	world.start_prosody({
		hosts = world.host("meet.example", { app_secret = secret, modules_enabled = { "e2e_sessions", "smacks" } });
	});
end);

lazy_teardown(world.close);

local function sessions()
	return json.decode(world.http({ path = "/sessions", host = "meet.example" }));
end

local function begin(claims, fields)
	local login = { host = "meet.example", token = world.mint({ secret = secret, claims = claims }) };
	for name, value in pairs(fields or {}) do
		login[name] = value;
	end
	local client = world.begin(login);
	assert.equal("accepted", world.outcome({ client = client }).outcome);
	return client;
end

describe("a session", function ()
	it("carries the claims with their types, and what the URL said", function ()
		local client = begin({
			room = "Planning"; sub = "meet.example";
			context = {
				tenant = "acme"; group = "g1";
				user = { id = "u-1", name = "Zoë", moderator = true, affiliation = "owner", number = 12345 };
				features = { recording = "true", flip = false };
				room = { lobby = true };
			};
		}, { room = "planning", prefix = "acme" });
		local list = sessions();
		world.leave({ client = client });
		assert.equal(1, #list);
		local session = list[1];
		assert.is_true(session.has_token);
		assert.same({
			"Planning", "meet.example", "issuer", "acme", "g1", "planning", "acme",
		}, {
			session.jitsi_meet_room, session.jitsi_meet_domain, session.jitsi_meet_auth_issuer, session.jitsi_meet_str_tenant,
			session.jitsi_meet_context_group, session.jitsi_web_query_room, session.jitsi_web_query_prefix,
		});
		assert.same({ id = "u-1", name = "Zoë", moderator = true, affiliation = "owner", number = 12345 },
			session.jitsi_meet_context_user);
		assert.same({ recording = "true", flip = false }, session.jitsi_meet_context_features);
		assert.same({ lobby = true }, session.jitsi_meet_context_room);
	end);

	it("without a context has user_id", function ()
		local client = begin({ user_id = "u-2" });
		local list = sessions();
		world.leave({ client = client });
		assert.same({ id = "u-2" }, list[1].jitsi_meet_context_user);
		assert.equal("", list[1].jitsi_web_query_prefix);
	end);
end);

describe("a client whose connection was lost", function ()
	it("resumes its session, which takes over the claims of the new token", function ()
		local client = begin({ room = "planning", context = { user = { id = "before" }, group = "old" } }, { resumable = true });
		assert.equal("joined", world.enter({ client = client, room = "planning@conference.meet.example" }).outcome);
		local username = sessions()[1].username;
		local outcome = world.come_back({
			client = client;
			token = world.mint({ secret = secret, claims = { room = "planning", context = { user = { id = "after" } } } });
		});
		assert.equal("resumed", outcome.outcome);
		local list = sessions();
		assert.equal(1, #list);
		assert.same({ username, "after" }, { list[1].username, list[1].jitsi_meet_context_user.id });
		assert.is_nil(list[1].jitsi_meet_context_group);
		world.leave({ client = client });
	end);

	it("keeps the old claims if the new ones do not cover the room it is in", function ()
		local client = begin({ room = "planning", context = { user = { id = "before" } } }, { resumable = true });
		assert.equal("joined", world.enter({ client = client, room = "planning@conference.meet.example" }).outcome);
		world.come_back({
			client = client;
			token = world.mint({ secret = secret, claims = { room = "finance", context = { user = { id = "after" } } } });
		});
		for _, session in ipairs(sessions()) do
			assert.not_equal("after", (session.jitsi_meet_context_user or {}).id);
		end
		world.leave({ client = client });
	end);

	it("cannot resume with an invalid token", function ()
		local client = begin({}, { resumable = true });
		local outcome = world.come_back({ client = client, token = world.mint({ secret = secret:reverse() }) });
		assert.equal("refused", outcome.outcome);
		world.leave({ client = client });
	end);
end);
