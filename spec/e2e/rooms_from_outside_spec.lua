-- SPDX-License-Identifier: MIT
-- What users can learn about a room without entering it: its archive, its description, its occupants and its settings.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-questions-spec-0123456789";
local other_secret = "the-shared-secret-of-another-host-0123456789abcdef";

local words = "the treasure lies under the old oak";

local function rooms_with(options)
	local all = { modules_enabled = { "token_verification", "muc_mam" } };
	for name, value in pairs(options or {}) do
		all[name] = value;
	end
	return all;
end

-- Three components that no host's name leads to, and one whose host has no app_id.
local unguarded = [[
	VirtualHost "loose.example"
		authentication = "token"
		app_id = "issuer"
		app_secret = %q
	Component "conference-loose.example" "muc"
		modules_enabled = { "token_verification", "muc_mam" }
	Component "rooms.muc.loose.example" "muc"
		modules_enabled = { "token_verification", "muc_mam" }
	Component "named.rooms.loose.example" "muc"
		modules_enabled = { "token_verification", "muc_mam" }
		token_verification_host = "loose.example"
	VirtualHost "misspelt.example"
		authentication = "internal_hashed"
		ap_id = "issuer"
		app_secret = %q
	Component "conference.misspelt.example" "muc"
		modules_enabled = { "token_verification" }
]];

local service_secret = "the-secret-of-a-component";
local hosts, settings, service_port;

lazy_setup(function ()
	hosts = world.host("meet.example", { app_secret = secret }, rooms_with())
		..world.host("guests.example", { app_secret = secret, allow_empty_token = true }, rooms_with())
		..world.host("jitsi.example", { app_secret = secret, muc_mapper_domain_base = "jitsi.example" }, rooms_with())
		..world.host("mapped.example", { app_secret = secret, muc_mapper_domain_base = "mapped.example",
			modules_enabled = { "e2e_domain_mapper" } }, rooms_with())
		..unguarded:format(other_secret, other_secret)
		..'VirtualHost "accounts.example"\n\tauthentication = "internal_hashed"\n'
		..('Component "bot.example"\n\tcomponent_secret = %q\n'):format(service_secret);
	service_port = world.free_port();
	settings = ('admins = { "boss@accounts.example" }\ncomponent_ports = { %d }\ncomponent_interfaces = { "127.0.0.1" }'):format(service_port);
	world.start_prosody({ hosts = hosts, settings = settings });
	for _, user in ipairs({ "boss", "eve" }) do
		world.shell({ command = { "user", "create", user.."@accounts.example", "a-password" } });
	end
end);

lazy_teardown(world.close);

local function begin(login)
	local client = world.begin(login);
	local outcome = world.outcome({ client = client });
	assert.equal("accepted", outcome.outcome, outcome.text);
	return client;
end

local function user(name)
	return begin({ host = "accounts.example", username = name, password = "a-password" });
end

local function token_user(room, host, key)
	return begin({ host = host or "meet.example",
		token = world.mint({ secret = key or secret, claims = { room = room, sub = host or "meet.example" } }) });
end

local function escaped(text)
	return (text:gsub("[&<>]", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }));
end

local function say(client, text, ...)
	return world.say({ client = client, text = text:format(...) });
end

local function ask_archive(client, room)
	return say(client, "<iq xmlns='jabber:client' type='set' to='%s'><query xmlns='urn:xmpp:mam:2'/></iq>", room);
end

-- Somebody sits in the room and has said something, which the room sends back.
local function fill(room, client)
	assert.equal("joined", world.enter({ client = client, room = room }).outcome);
	assert.equal("done", say(client, "<message xmlns='jabber:client' type='groupchat' to='%s'><body>%s</body></message>", room,
		escaped(words)).outcome);
end

local function close(...)
	for _, client in ipairs({ ... }) do
		world.leave({ client = client });
	end
end

local function assert_nothing(answer, what)
	assert.same({ "refused", "not-allowed" }, { answer.outcome, answer.condition }, what);
	assert.is_nil(answer.heard:find(words, 1, true), what);
end

describe("a room's archive", function ()
	it("is read by occupants and users who may enter, and not with a token for another room", function ()
		local room = "vault@conference.meet.example";
		local keeper, heir, thief = token_user("vault"), token_user("vault"), token_user("hall");
		fill(room, keeper);
		assert.equal("joined", world.enter({ client = thief, room = "hall@conference.meet.example" }).outcome);
		for _, client in ipairs({ keeper, heir }) do
			local answer = ask_archive(client, room);
			assert.equal("done", answer.outcome);
			assert.truthy(answer.heard:find(words, 1, true), answer.heard);
		end
		local log, answer = world.logged("main", function () return ask_archive(thief, room); end);
		assert_nothing(answer);
		local _, lines = log:gsub("\n?[^\n]+", "");
		assert.equal(1, lines, log);
		assert.truthy(log:find('Room refused: room-mismatch: the token is for another room or tenant: its room and sub make '
			..'"hall@conference.meet.example" (asked="'..room..'"', 1, true), log);
		close(keeper, heir, thief);
	end);

	it("is read by admins without a token, and by nobody else without one", function ()
		local room = "attic@conference.meet.example";
		local keeper, boss, eve = token_user("attic"), user("boss"), user("eve");
		fill(room, keeper);
		assert.truthy(ask_archive(boss, room).heard:find(words, 1, true));
		assert_nothing(ask_archive(eve, room));
		assert.equal("A token is required", ask_archive(eve, room).text);
		close(keeper, boss, eve);
	end);

	it("is read by a component with a secret of its own", function ()
		local room = "cave@conference.meet.example";
		local keeper = token_user("cave");
		fill(room, keeper);
		local came = world.ask_as_component({ port = service_port, name = "bot.example", secret = service_secret,
			request = ("<iq type='set' id='1' from='somebody@bot.example' to='%s'><query xmlns='urn:xmpp:mam:2'/></iq>"):format(room) });
		assert.truthy(came:find(words, 1, true), came);
		close(keeper);
	end);

	it("is read by guests if they may enter", function ()
		local room = "lounge@conference.guests.example";
		local keeper, guest = token_user("lounge", "guests.example"), begin({ host = "guests.example" });
		fill(room, keeper);
		assert.truthy(ask_archive(guest, room).heard:find(words, 1, true));
		close(keeper, guest);
	end);

	it("is read in a Jitsi deployment as the token allows, and Prosody answers if there is no room", function ()
		local room = "vault@conference.jitsi.example";
		local boss, heir, thief = user("boss"), token_user("vault", "jitsi.example"), token_user("hall", "jitsi.example");
		assert.equal("item-not-found", ask_archive(heir, room).condition);
		assert.equal("item-not-found", ask_archive(thief, room).condition);
		fill(room, boss);
		assert.truthy(ask_archive(heir, room).heard:find(words, 1, true));
		assert_nothing(ask_archive(thief, room));
		close(boss, heir, thief);
	end);
end);

it("the archive of a tenant's room is read at the address that its pages use, only with its tokens", function ()
	local boss = user("boss");
	fill("[acme]standup@conference.mapped.example", boss);
	for sub, expected in pairs({ acme = "done", other = "not-allowed" }) do
		local client = begin({ host = "mapped.example", prefix = "acme",
			token = world.mint({ secret = secret, claims = { room = "standup", sub = sub } }) });
		local answer = ask_archive(client, "standup@conference.acme.mapped.example");
		assert.equal(expected, answer.condition or answer.outcome, sub);
		assert.equal(sub == "acme", answer.heard:find(words, 1, true) ~= nil, sub);
		close(client);
	end
	close(boss);
end);

describe("a room that a token does not cover", function ()
	local room = "cellar@conference.meet.example";
	local keeper, thief, nick;

	setup(function ()
		keeper, thief = token_user("cellar"), token_user("hall");
		fill(room, keeper);
		local x = "<x xmlns='jabber:x:data' type='submit'>"
			.."<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>"
			.."<field var='muc#roomconfig_roomsecret'><value>open sesame</value></field>"
			.."<field var='muc#roomconfig_roomdesc'><value>%s</value></field></x>";
		assert.equal("done", say(keeper, "<iq xmlns='jabber:client' type='set' to='%s'>"
			.."<query xmlns='http://jabber.org/protocol/muc#owner'>"..x.."</query></iq>", room, words).outcome);
		local seen = say(keeper, "<iq xmlns='jabber:client' type='get' to='%s'>"
			.."<query xmlns='http://jabber.org/protocol/muc#admin'><item role='moderator'/></query></iq>", room).heard;
		nick = assert(seen:match("guest%x+"), seen);
	end);

	teardown(function ()
		close(keeper, thief);
	end);

	local function iq(kind, to, content)
		return ("<iq xmlns='jabber:client' type='%s' to='%s'>%s</iq>"):format(kind, to, content);
	end

	local function message(kind, to, content)
		return ("<message xmlns='jabber:client' type='%s' to='%s'>%s</message>"):format(kind, to, content);
	end

	local function muc(part, content)
		return ("<query xmlns='http://jabber.org/protocol/muc#%s'>%s</query>"):format(part, content or "");
	end

	local someone = room.."/NICK";
	local join = "<x xmlns='http://jabber.org/protocol/muc'><password>open sesame</password></x>";
	local invite = "<x xmlns='http://jabber.org/protocol/muc#user'><invite to='THIEF'/></x>";

	-- { what, stanza, what somebody who may enter gets of it from Prosody }
	local cases = {
		{ "its description", iq("get", room, "<query xmlns='http://jabber.org/protocol/disco#info'/>"), "done" },
		{ "its items", iq("get", room, "<query xmlns='http://jabber.org/protocol/disco#items'/>"), "done" },
		{ "its owners", iq("get", room, muc("admin", "<item affiliation='owner'/>")), "forbidden" },
		{ "to be its owner", iq("set", room, muc("admin", "<item affiliation='owner' jid='thief@meet.example'/>")), "not-allowed" },
		{ "its settings", iq("get", room, muc("owner")), "forbidden" },
		{ "its end", iq("set", room, muc("owner", "<destroy/>")), "forbidden" },
		{ "a nickname in it", iq("get", room, "<query xmlns='jabber:iq:register'/>"), "registration-required" },
		{ "a form of its archive", iq("get", room, "<query xmlns='urn:xmpp:mam:2'/>"), "done" },
		{ "its picture", iq("get", room, "<vCard xmlns='vcard-temp'/>") },
		{ "an answer of somebody in it", iq("get", someone, "<query xmlns='jabber:iq:version'/>"), "not-acceptable" },
		{ "somebody in it to be pinged", iq("get", someone, "<ping xmlns='urn:xmpp:ping'/>"), "not-acceptable" },
		{ "its password, by an invitation of oneself", message("normal", room, invite), "done" },
		{ "its attention", message("groupchat", room, "<body>hello</body>"), "not-acceptable" },
		{ "another subject", message("groupchat", room, "<subject>hello</subject>"), "not-acceptable" },
		{ "a word with somebody in it", message("chat", someone, "<body>hello</body>"), "not-acceptable" },
		{ "whether somebody is in it", ("<presence xmlns='jabber:client' type='probe' to='%s'/>"):format(someone), "not-acceptable" },
		{ "to be seen there without entering", ("<presence xmlns='jabber:client' to='%s/thief'/>"):format(room), "item-not-found" },
		{ "to enter it, with its password", ("<presence xmlns='jabber:client' to='%s/thief'>%s</presence>"):format(room, join), "done" },
	};

	local function stanza_of(case, client)
		return (case[2]:gsub("THIEF", world.outcome({ client = client }).jid):gsub("NICK", nick));
	end

	for _, case in ipairs(cases) do
		it("does not give its holder "..case[1], function ()
			local text = stanza_of(case, thief);
			local answer = say(thief, "%s", text);
			assert_nothing(answer, case[1]);
			assert.is_nil(answer.heard:find("open sesame", 1, true), answer.heard);
			assert.is_nil(answer.heard:find(nick, 1, true) and not text:find(nick, 1, true) or nil, answer.heard);
			local elsewhere = say(thief, "%s", (text:gsub("cellar@", "nowhere@")));
			assert.same({ answer.condition, answer.text }, { elsewhere.condition, elsewhere.text },
				"it is told that there is no such room");
		end);
	end

	it("gives users who may enter the answers of Prosody", function ()
		local heir = token_user("cellar");
		for _, case in ipairs(cases) do
			if case[3] then
				local answer = say(heir, "%s", stanza_of(case, heir));
				assert.equal(case[3], answer.condition or answer.outcome, case[1]);
			end
		end
		close(heir);
	end);
end);

describe("a room that was destroyed", function ()
	it("tells the reason only to users who may enter it, whatever they send", function ()
		local room = "crypt@conference.meet.example";
		local keeper, heir, thief = token_user("crypt"), token_user("crypt"), token_user("hall");
		fill(room, keeper);
		local owner = "<iq xmlns='jabber:client' type='set' to='%s'><query xmlns='http://jabber.org/protocol/muc#owner'>%s</query></iq>";
		assert.equal("done", say(keeper, owner, room, "<x xmlns='jabber:x:data' type='submit'>"
			.."<field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>"
			.."<field var='muc#roomconfig_persistentroom'><value>1</value></field></x>").outcome);
		assert.equal("done", say(keeper, owner, room, "<destroy><reason>"..words.."</reason></destroy>").outcome);
		for _, stanza in ipairs({
			"<presence xmlns='jabber:client' type='unavailable' to='%s/x'/>", "<presence xmlns='jabber:client' type='unavailable' to='%s'/>",
			"<presence xmlns='jabber:client' type='result' to='%s/x'/>", "<presence xmlns='jabber:client' type='error' to='%s/x'/>",
			"<message xmlns='jabber:client' type='unavailable' to='%s/x'/>", "<message xmlns='jabber:client' type='result' to='%s'/>",
			"<message xmlns='jabber:client' to='%s'/>", "<message xmlns='jabber:client' type='error' to='%s/x'/>",
			"<iq xmlns='jabber:client' type='result' to='%s/x'/>", "<iq xmlns='jabber:client' type='result' to='%s'/>",
			"<iq xmlns='jabber:client' type='error' to='%s/x'/>", "<iq xmlns='jabber:client' type='get' to='%s'/>",
			"<presence xmlns='jabber:client' to='%s/x'><x xmlns='http://jabber.org/protocol/muc'/></presence>",
		}) do
			local answer, elsewhere = say(thief, stanza, room), say(thief, stanza, "nowhere@conference.meet.example");
			assert.is_nil(answer.heard:find(words, 1, true), answer.heard);
			assert.same({ answer.outcome, answer.condition, answer.text }, { elsewhere.outcome, elsewhere.condition, elsewhere.text }, stanza);
		end
		local answer = say(heir, "<message xmlns='jabber:client' to='%s'/>", room);
		assert.same({ "gone", words }, { answer.condition, answer.text });
		close(keeper, heir, thief);
	end);
end);

describe("a component whose tokens no host verifies", function ()
	it("lets nobody in but admins, and says at start what to set", function ()
		local log = world.log_since({ name = "main", position = 0 });
		for _, case in ipairs({
			{ "conference-loose.example", 'its tokens are verified with the options of "example", but there is no such host' },
			{ "rooms.muc.loose.example", 'its tokens are verified with the options of "muc.loose.example", but there is no such host' },
			{ "conference.misspelt.example", "its tokens are verified with the options of \"misspelt.example\", but 'app_id' is not among them" },
		}) do
			local component, reason = case[1], case[2];
			local line = ("No token opens a room of %s: %s. Set 'token_verification_host' of %s to the host where users log in."):format(component,
				reason, component);
			local _, count = log:gsub(line:gsub("%p", "%%%0"), "");
			assert.equal(1, count, component);
			local room = "hall@"..component;
			local boss = user("boss");
			local any = begin({ host = "loose.example", token = world.mint({ secret = other_secret, claims = { room = "*", sub = "*" } }) });
			local guest = begin({ host = "guests.example" });
			for _, client in ipairs({ any, guest }) do
				local entry = world.enter({ client = client, room = room });
				assert.same({ "refused", "not-allowed", "server-missing-config" }, { entry.outcome, entry.condition, entry.reason }, component);
			end
			assert.equal("joined", world.enter({ client = boss, room = room }).outcome);
			assert.same({ "refused", "refused" }, { world.enter({ client = any, room = room }).outcome, ask_archive(any, room).outcome });
			close(boss, any, guest);
		end
	end);

	it("uses the configured host", function ()
		local function enter(claims)
			local client = begin({ host = "loose.example", token = world.mint({ secret = other_secret, claims = claims }) });
			local entry = world.enter({ client = client, room = "hall@named.rooms.loose.example" });
			close(client);
			return entry.outcome;
		end
		assert.same({ "joined", "refused" }, { enter({ room = "hall", sub = "*" }), enter({ room = "yard", sub = "*" }) });
	end);

	it("uses a host that is configured by a reload", function ()
		world.configure({ settings = settings, hosts = hosts:gsub('(Component "conference%-loose.example" "muc")',
			'%1\n\t\ttoken_verification_host = "loose.example"') });
		world.prosodyctl({ command = { "reload" } });
		local client = begin({ host = "loose.example", token = world.mint({ secret = other_secret, claims = { room = "hall", sub = "*" } }) });
		local outcome;
		for _ = 1, 50 do -- until the reload is done
			outcome = world.enter({ client = client, room = "hall@conference-loose.example" }).outcome;
			if outcome == "joined" then
				break;
			end
			world.run({ seconds = 0.1 });
		end
		assert.equal("joined", outcome);
		assert.equal("refused", world.enter({ client = client, room = "yard@conference-loose.example" }).outcome);
		close(client);
	end);
end);
