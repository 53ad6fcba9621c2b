-- SPDX-License-Identifier: MIT
-- Users of another server at the door of a room: two Prosodies that federate over s2s and dialback.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-federation-spec-0123456789";
local remote_secret = "the-shared-secret-of-the-other-server-0123456789";

lazy_setup(function ()
	local port, remote_port = world.free_port(), world.free_port();
	local function settings(own_port, others_port, domains, more)
		local routes = {};
		for i, domain in ipairs(domains) do
			routes[i] = ("[%q] = %d"):format(domain, others_port);
		end
		return ([[
			modules_disabled = { "tls" }
			modules_enabled = { "saslauth", "ping", "websocket", "admin_shell", "s2s", "dialback", "e2e_routes" }
			s2s_ports = { %d }
			s2s_require_encryption = false
			e2e_routes = { %s }
			%s
		]]):format(own_port, table.concat(routes, ", "), more or "");
	end
	local own = { "plain", "guests", "jitsi", "listed", "moderated" };
	local own_domains = {};
	for i, name in ipairs(own) do
		own_domains[i] = ("conference.%s.example"):format(name);
	end
	world.start_prosody({
		settings = settings(port, remote_port, { "remote.example", "accounts.example" }, 'admins = { "boss@accounts.example" }');
		hosts = world.host("plain.example", { app_secret = secret })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true })
			..world.host("jitsi.example", { app_secret = secret, muc_mapper_domain_base = "jitsi.example" })
			..world.host("listed.example", { app_secret = secret },
				{ token_verification_allowlist = { "remote.example", "Bob@accounts.example" } })
			..world.host("moderated.example", { app_secret = secret, allow_empty_token = true },
				{ token_verification_require_token_for_moderation = true });
	});
	world.start_prosody({
		name = "remote";
		settings = settings(remote_port, port, own_domains);
		hosts = world.host("remote.example", { app_secret = remote_secret })
			..'VirtualHost "accounts.example"\n\tauthentication = "internal_hashed"\n';
	});
	for _, user in ipairs({ "boss", "bob", "eve" }) do
		world.shell({ name = "remote", command = { "user", "create", user.."@accounts.example", "a-password" } });
	end
end);

lazy_teardown(world.close);

local function begin(login)
	login.name = login.name or "remote";
	local client = world.begin(login);
	local outcome = world.outcome({ client = client });
	assert.equal("accepted", outcome.outcome, outcome.text);
	return client;
end

local function user(name)
	return begin({ host = "accounts.example", username = name, password = "a-password" });
end

-- Somebody who logged in with a token at the other server; here nobody has verified it.
local function token_user()
	return begin({ host = "remote.example", token = world.mint({ secret = remote_secret, claims = { room = "*" } }) });
end

-- What becomes of a client's entry into the room of that name, and what this server logged.
local function enter(client, host, room)
	local log, entry = world.logged("main", function ()
		local entry = world.enter({ client = client, room = ("%s@conference.%s.example"):format(room or "hall", host) });
		world.leave({ client = client });
		return entry;
	end);
	return entry, log;
end

describe("a user of another server", function ()
	it("needs a token of this server, which it cannot send", function ()
		local entry, log = enter(token_user(), "plain");
		assert.same({ "refused", "not-allowed", "A token is required" }, { entry.outcome, entry.condition, entry.text });
		assert.truthy(log:find('Room refused: token-required: a token is required (asked="hall@conference.plain.example/', 1, true), log);
	end);

	it("is a guest if guests may enter", function ()
		assert.equal("joined", enter(token_user(), "guests").outcome);
	end);

	it("enters any room, and creates it, in a deployment like Jitsi's", function ()
		assert.equal("joined", enter(token_user(), "jitsi").outcome);
	end);

	it("enters if the domain or the address is on the allow list", function ()
		assert.equal("joined", enter(token_user(), "listed").outcome);
		assert.equal("joined", enter(user("bob"), "listed").outcome);
		assert.equal("refused", enter(user("eve"), "listed").outcome);
	end);

	it("enters as an admin of this server", function ()
		assert.equal("joined", enter(user("boss"), "plain").outcome);
		assert.equal("refused", enter(user("eve"), "plain").outcome);
	end);

	it("does not change a room if that needs a token, even its own room, unless it is an admin", function ()
		for name, expected in pairs({ boss = "done", eve = "refused" }) do
			local client = user(name);
			local room = name.."@conference.moderated.example";
			assert.equal("joined", world.enter({ client = client, room = room }).outcome);
			local answer = world.configure_room({ client = client, room = room });
			assert.same({ expected, expected == "refused" and "not-allowed" or nil }, { answer.outcome, answer.condition });
			world.leave({ client = client });
		end
	end);
end);

it("a request from a user of another server to a room is answered if the user may enter", function ()
	local eve = user("eve");
	local function ask(host)
		local room = ("yard@conference.%s.example"):format(host);
		local token = world.mint({ secret = secret, claims = { room = "yard", sub = host..".example" } });
		local keeper = begin({ name = "main", host = host..".example", token = token });
		world.enter({ client = keeper, room = room });
		local answer = world.say({ client = eve, remote = true, text = ("<iq xmlns='jabber:client' type='get' to='%s'>"
			.."<query xmlns='http://jabber.org/protocol/disco#info'/></iq>"):format(room) });
		world.leave({ client = keeper });
		return answer.condition or answer.outcome;
	end
	assert.equal("done", ask("guests"));
	assert.equal("not-allowed", ask("plain"));
	local boss = user("boss"); -- who makes the room, where tokens make none
	assert.equal("joined", world.enter({ client = boss, room = "yard@conference.jitsi.example" }).outcome);
	assert.equal("done", ask("jitsi"));
	world.leave({ client = boss });
	world.leave({ client = eve });
end);

it("a user of this server still needs a token for the room", function ()
	local function try(room)
		local token = world.mint({ secret = secret, claims = { room = "hall", sub = "plain.example" } });
		return enter(begin({ name = "main", host = "plain.example", token = token }), "plain", room).outcome;
	end
	assert.same({ "joined", "refused" }, { try("hall"), try("office") });
end);
