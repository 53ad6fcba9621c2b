-- SPDX-License-Identifier: MIT
-- The tokens of every host at the rooms of every other host: hosts with their own secrets in one Prosody, with our modules, and with
-- only the drop-in under plugins like Jitsi's.

local json = require "dkjson";
local world = require "spec.e2e.world";

local here = assert(io.popen("pwd")):read("l");

-- A host's name and what it has besides a secret of its own.
local hosts = {
	{ "a.example" },
	{ "b.example", { modules_enabled = { "e2e_sessions", "smacks" } } },
	{ "base-a.example", { muc_mapper_domain_base = "base-a.example" } },
	{ "base-b.example", { muc_mapper_domain_base = "base-b.example" } },
	{ "one.example", { muc_mapper_domain_base = "one.example" } },
	{ "two.example", { muc_mapper_domain_base = "one.example" } },
	{ "trusting.example", { token_verification_hosts = { "b.example" } } },
	{ "lax.example", { asap_require_room_claim = false, enable_domain_verification = false } },
	{ "guests.example", { allow_empty_token = true, modules_enabled = { "smacks" } },
		{ modules_enabled = { "token_verification", "e2e_affiliation" } } },
	{ "moderated.example", { allow_empty_token = true },
		{ modules_enabled = { "token_verification", "e2e_affiliation" }, token_verification_require_token_for_moderation = true } },
};

-- The rooms of two.example are those of one.example.
local trusted = { ["one.example"] = { "two.example" }, ["two.example"] = {}, ["trusting.example"] = { "b.example" } };

local function secret_of(host)
	return ("the-secret-of-%s-in-the-hosts-spec-0123456789"):format(host);
end

local function token_of(host, claims)
	local all = { room = "*", sub = "*", context = { user = { id = "u", moderator = true, affiliation = "owner" } } };
	for name, value in pairs(claims or {}) do
		all[name] = value;
	end
	return world.mint({ secret = secret_of(host), claims = all });
end

local function begin(host, claims, fields)
	local login = { host = host, token = claims ~= false and token_of(host, claims) or nil };
	for name, value in pairs(fields or {}) do
		login[name] = value;
	end
	local client = world.begin(login);
	local outcome = world.outcome({ client = client });
	assert.equal("accepted", outcome.outcome, outcome.text);
	return client;
end

local function enter(client, room)
	return world.enter({ client = client, room = room });
end

local function joined(client, room)
	local entry = enter(client, room);
	assert.equal("joined", entry.outcome, room..": "..tostring(entry.text));
end

local function counts(verifier, host)
	for _, name in ipairs(trusted[host] or {}) do
		if name == verifier then
			return true;
		end
	end
	return verifier == host;
end

for _, way in ipairs({ "our modules", "the drop-in alone" }) do
	describe("with "..way, function ()
		lazy_setup(function ()
			local configuration = {};
			for i, host in ipairs(hosts) do
				local options = { app_secret = secret_of(host[1]) };
				for name, value in pairs(host[2] or {}) do
					options[name] = value;
				end
				configuration[i] = world.host(host[1], options, host[3]);
			end
			local paths = ("plugin_paths = { %q, %q, %q }\n"):format(here.."/lua/dropin", here.."/spec/e2e/jitsi_plugins",
				here.."/spec/e2e/plugins");
			world.start_prosody({
				hosts = table.concat(configuration)..'VirtualHost "auth.example"\n\tauthentication = "internal_hashed"\n';
				settings = (way == "our modules" and "" or paths)..'admins = { "focus@auth.example" }';
			});
			world.shell({ command = { "user", "create", "focus@auth.example", "a-password" } });
			local focus = begin("auth.example", false, { username = "focus", password = "a-password" });
			for _, host in ipairs(hosts) do
				joined(focus, "planning@conference."..host[1]);
				if (host[2] or {}).muc_mapper_domain_base then
					joined(focus, "[acme]planning@conference."..host[1]);
				end
			end
		end);

		lazy_teardown(world.close);

		for _, verifier in ipairs(hosts) do
			it(("a token of %s opens the rooms of the hosts that it counts for, and no others"):format(verifier[1]), function ()
				local client = begin(verifier[1]);
				for _, host in ipairs(hosts) do
					local options = host[2] or {};
					local rooms = { "planning@conference."..host[1] };
					rooms[2] = options.muc_mapper_domain_base and "[acme]"..rooms[1]
						or ("new-%s@conference.%s"):format(verifier[1], host[1]);
					for _, room in ipairs(host[1] == "two.example" and {} or rooms) do
						local entry = enter(client, room);
						local expected = (counts(verifier[1], host[1]) or options.allow_empty_token) and "joined" or "refused";
						assert.equal(expected, entry.outcome, ("%s: %s"):format(room, entry.text));
						if expected == "refused" then
							assert.same({ "not-allowed", "A token is required" }, { entry.condition, entry.text }, room);
						end
					end
				end
				world.leave({ client = client });
			end);
		end

		it("nor by the room's name and the domain or tenant in sub", function ()
			for _, case in ipairs({
				{ "b.example", "a.example", "planning@conference.a.example", "a.example" },
				{ "base-b.example", "base-a.example", "planning@conference.base-a.example", "base-a.example" },
				{ "base-b.example", "base-a.example", "[acme]planning@conference.base-a.example", "acme" },
				{ "two.example", "one.example", "[acme]planning@conference.one.example", "acme", true },
			}) do
				local verifier, host, room, sub, opens = table.unpack(case, 1, 5);
				local claims = { room = "planning", sub = sub };
				local client = begin(verifier, claims);
				assert.equal(opens and "joined" or "refused", enter(client, room).outcome, room);
				world.leave({ client = client });
				client = begin(host, claims);
				joined(client, room);
				world.leave({ client = client });
			end
		end);

		it("the log says which host verified the token", function ()
			local client = begin("b.example");
			local log = world.logged("main", function () enter(client, "planning@conference.a.example"); end);
			local line = "Room refused: token-required: a token is required: what b.example has verified does not count here";
			assert.truthy(log:find(line, 1, true), log);
			world.leave({ client = client });
		end);

		-- What an owner's form is answered in a room that somebody else has made.
		local function form(client, room)
			local answer = world.configure_room({ client = client, room = room });
			return answer.outcome == "done" and "done" or answer.condition;
		end

		local function nobody_is_believed()
			local client = begin("b.example", {}, { resumable = true });
			local room = "planning@conference.guests.example";
			joined(client, room);
			assert.equal("forbidden", form(client, room));
			joined(client, "planning@conference.moderated.example");
			assert.equal("not-allowed", form(client, "planning@conference.moderated.example"));
			joined(client, "made-by-b@conference.moderated.example");
			assert.equal("not-allowed", form(client, "made-by-b@conference.moderated.example"));
			local outcome = world.come_back({ client = client, token = token_of("b.example", { user_id = "again" }) });
			assert.equal("resumed", outcome.outcome);
			assert.equal("forbidden", form(client, room));
			joined(client, "later@conference.moderated.example");
			assert.equal("not-allowed", form(client, "later@conference.moderated.example"));
			assert.equal("refused", enter(client, "planning@conference.a.example").outcome);
			-- In b's own rooms everything is as it was.
			joined(client, "own@conference.b.example");
			local session = json.decode(world.http({ path = "/sessions", host = "b.example" }))[1];
			assert.same({ "*", "*", "issuer", true }, { session.jitsi_meet_room, session.jitsi_meet_domain, session.jitsi_meet_auth_issuer,
				session.has_token });
			assert.is_true(session.jitsi_meet_context_user.moderator);
			world.leave({ client = client });
		end

		it("moderator claims do not count for a guest whose token is another host's", nobody_is_believed);

		it("also after a reload of the plugin that guards the rooms", function ()
			for _, host in ipairs({ "guests.example", "moderated.example", "a.example" }) do
				world.shell({ command = { "module", "reload", "token_verification", "conference."..host } });
			end
			nobody_is_believed();
		end);

		it("the host's own count, also after a resumption", function ()
			local room = "planning@conference.guests.example";
			local client = begin("guests.example", {}, { resumable = true });
			joined(client, room);
			assert.equal("done", form(client, room));
			local outcome = world.come_back({ client = client, token = token_of("guests.example", { user_id = "again" }) });
			assert.equal("resumed", outcome.outcome);
			joined(client, "another@conference.guests.example");
			assert.equal("done", form(client, "another@conference.guests.example"));
			world.leave({ client = client });
			client = begin("moderated.example");
			joined(client, "planning@conference.moderated.example");
			assert.equal("done", form(client, "planning@conference.moderated.example"));
			world.leave({ client = client });
		end);

		if way == "our modules" then
			it("a client that resumes keeps its claims unless the new ones cover every room that it is in", function ()
				local client = begin("b.example", {}, { resumable = true });
				joined(client, "own@conference.b.example");
				joined(client, "planning@conference.guests.example");
				local outcome = world.come_back({ client = client, token = token_of("b.example", { room = "else" }) });
				assert.equal("resumed", outcome.outcome);
				local session = json.decode(world.http({ path = "/sessions", host = "b.example" }))[1];
				assert.equal("*", session.jitsi_meet_room);
				world.leave({ client = client });
			end);
		end

		it("a reload of the configuration takes the trust away", function ()
			local configuration = {};
			for i, host in ipairs(hosts) do
				local options = { app_secret = secret_of(host[1]) };
				for name, value in pairs(host[2] or {}) do
					options[name] = value;
				end
				options.token_verification_hosts = nil;
				configuration[i] = world.host(host[1], options, host[3]);
			end
			local client = begin("b.example");
			joined(client, "planning@conference.trusting.example");
			local paths = ("plugin_paths = { %q, %q, %q }\n"):format(here.."/lua/dropin", here.."/spec/e2e/jitsi_plugins",
				here.."/spec/e2e/plugins");
			world.configure({
				hosts = table.concat(configuration)..'VirtualHost "auth.example"\n\tauthentication = "internal_hashed"\n';
				settings = (way == "our modules" and "" or paths)..'admins = { "focus@auth.example" }';
			});
			world.shell({ command = { "config", "reload" } });
			assert.equal("refused", enter(client, "later@conference.trusting.example").outcome);
			world.leave({ client = client });
		end);
	end);
end
