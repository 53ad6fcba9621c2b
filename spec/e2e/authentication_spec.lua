-- SPDX-License-Identifier: MIT
-- What other plugins see and decide in a log-in, and that the log-ins of other hosts are not changed.

local json = require "dkjson";
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-authentication-spec-0123456789";
local other_secret = "the-shared-secret-of-another-host-0123456789abcdef";

-- The event that mod_smacks of this version fires.
local resumed_event = os.getenv("PROSODY") == "13" and "c2s-session-updated" or "smacks-hibernation-end";

lazy_setup(function ()
	world.start_prosody({
		hosts = world.host("meet.example", { app_secret = secret, modules_enabled = { "e2e_events", "e2e_sessions", "smacks" } })
			..world.host("other.example", { app_secret = other_secret })
			..world.host("sister.example", { app_secret = secret })
			..'VirtualHost "anonymous.example"\n\tauthentication = "anonymous"\n';
	});
end);

lazy_teardown(world.close);

before_each(function ()
	world.http({ path = "/events", host = "meet.example" }); -- forgets what was
end);

local function events()
	return json.decode(world.http({ path = "/events", host = "meet.example" }));
end

local function names(list)
	local found = {};
	for i, event in ipairs(list) do
		found[i] = event.event;
	end
	return found;
end

local function log_in(fields)
	local login = { host = "meet.example", token = world.mint({ secret = secret, claims = { room = "planning" } }) };
	for name, value in pairs(fields or {}) do
		login[name] = value;
	end
	return world.log_in(login);
end

for _, transport in ipairs({ "websocket", "bosh" }) do
	describe("a log-in over "..transport, function ()
		it("fires its events in order, with the data of the connection", function ()
			local outcome = log_in({
				transport = transport, room = "Planning", prefix = "acme", previd = "p1", customusername = "somebody",
				headers = { ["X-Proxy-Region"] = "eu-1", ["User-Agent"] = "spec/1" },
			});
			assert.equal("accepted", outcome.outcome);
			local list = events();
			assert.same({
				"pre-jitsi-authentication-fetch-key", "jitsi-authentication-token-verified", "jitsi-access-ban-check",
				"pre-jitsi-authentication", "post-jitsi-authentication", "jitsi-pre-session-unbind",
			}, names(list));
			local first, second, last = list[1], list[2], list[#list];
			assert.is_true(first.has_token);
			assert.same({ "Planning", "acme", "p1", "somebody", "eu-1" }, {
				first.jitsi_web_query_room, first.jitsi_web_query_prefix, first.previd, first.customusername, first.user_region,
			});
			-- Newer releases of nbxmpp insist on their own.
			assert.truthy(first.user_agent_header:match("^spec/1$") or first.user_agent_header:match("^nbxmpp/"));
			assert.is_nil(first.jitsi_meet_room);
			assert.equal("planning", second.jitsi_meet_room);
			assert.is_nil(list[5]._jitsi_auth_done);
			assert.equal(outcome.jid, last.jid);
			assert.is_true(last.is_its_session);
		end);

		it("gets the name that a plugin returns, or a new one", function ()
			assert.equal("chosen@meet.example", log_in({ transport = transport, customusername = "name-chosen" }).jid:match("^[^/]+"));
			local one, another = log_in({ transport = transport }).jid, log_in({ transport = transport }).jid;
			assert.truthy(one:match("^%x+%-%x+%-%x+%-%x+%-%x+@"), one);
			assert.not_equal(one:match("^[^/]+"), another:match("^[^/]+"));
		end);

		for _, event in ipairs({ "pre-jitsi-authentication-fetch-key", "post-jitsi-authentication" }) do
			it("ends if a plugin denies it at "..event, function ()
				local log, outcome = world.logged("main", function ()
					return log_in({ transport = transport, customusername = "deny-"..event });
				end);
				assert.same({ "refused", "policy-violation", "a plugin says no" }, { outcome.outcome, outcome.condition, outcome.text });
				assert.equal(event, names(events())[event:find("^pre") and 1 or 5]);
				assert.equal(1, select(2, log:gsub("refused: ", "")), log);
			end);
		end

		it("ends for the banned", function ()
			local log, outcome = world.logged("main", function () return log_in({ transport = transport, customusername = "banned" }); end);
			assert.same({ "refused", "not-allowed" }, { outcome.outcome, outcome.condition });
			assert.equal(1, select(2, log:gsub("refused: ", "")), log);
		end);

		it("is Prosody's own on a host with anonymous users", function ()
			assert.equal("accepted", world.log_in({ host = "anonymous.example", transport = transport }).outcome);
			assert.equal("refused", world.log_in({ host = "meet.example", transport = transport }).outcome);
			assert.same({}, { table.unpack(names(events()), 2) }, "no event of the other host, and no further one of the refused");
			assert.equal("accepted", world.log_in({ host = "anonymous.example", transport = transport, token = "junk" }).outcome);
		end);
	end);
end

describe("a session resumed over a connection that logged in at another host", function ()
	local function resume(other, claims, its_secret)
		local client = world.begin({ host = "meet.example", token = world.mint({ secret = secret, claims = { room = "before" } }) });
		assert.equal("accepted", world.outcome({ client = client }).outcome);
		local elsewhere = world.begin({ host = other, token = world.mint({ secret = its_secret, claims = claims }) });
		local outcome = world.outcome({ client = elsewhere });
		local log = world.logged("main", function ()
			world.http({ path = ("/events/resume?host=%s&event=%s"):format(other, resumed_event), host = "meet.example" });
			world.run({ seconds = 0.2 });
		end);
		local list = json.decode(world.http({ path = "/sessions", host = "meet.example" }));
		world.leave({ client = client });
		world.leave({ client = elsewhere });
		return list, log, outcome.outcome;
	end

	it("takes over its claims if this host accepts them, too", function ()
		local list = resume("sister.example", { room = "after", context = { group = "g" } }, secret);
		assert.equal(1, #list);
		assert.same({ "after", "g" }, { list[1].jitsi_meet_room, list[1].jitsi_meet_context_group });
		local verified = {};
		for _, event in ipairs(events()) do
			verified[#verified + 1] = event.event == "jitsi-authentication-token-verified" and event.jitsi_meet_room or nil;
		end
		assert.same({ "before", "after", "after" }, verified, "here, there, and here again");
	end);

	it("is closed if this host does not accept that token", function ()
		local list, log, outcome = resume("other.example", { room = "after" }, other_secret);
		assert.equal("accepted", outcome);
		assert.same({}, list);
		assert.truthy(log:find("Token refused: bad-signature", 1, true), log);
	end);
end);
