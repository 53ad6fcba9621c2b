-- SPDX-License-Identifier: MIT
-- mod_token_verification: who may enter a room, who is exempt, and who may change its settings.

local prosody = require "spec.support.prosody";
local st = require "util.stanza";

local muc = "conference.example.org";

local function load_module(parent_options, muc_options, global_options)
	local options = { app_id = "app", app_secret = ("s"):rep(32) };
	for name, value in pairs(parent_options or {}) do
		options[name] = value;
	end
	local all = { ["example.org"] = options, [muc] = muc_options or {}, ["*"] = global_options };
	prosody.new_server(all);
	_G.prosody.hosts[muc].modules.muc = { get_room_from_jid = function () return { _data = {} }; end };
	return prosody.load_plugin("lua/modules/mod_token_verification.lua", muc, all);
end

local function new_session(changes)
	local session = {
		type = "c2s", auth_token = "t", jitsi_meet_room = "room1", jitsi_meet_domain = "example.org", sent = {},
		jitsi_meet_auth_issuer = "app",
	};
	for name, value in pairs(changes or {}) do
		session[name] = value;
	end
	function session.send(stanza)
		session.sent[#session.sent + 1] = stanza;
	end
	return session;
end

local function fire(event, session, stanza)
	return _G.prosody.hosts[muc].events.fire_event(event, { origin = session, stanza = stanza });
end

local function enter(event, session, room, from)
	return fire(event, session, st.presence({ from = from or "u@example.org/r", to = room.."@"..muc.."/nick" }));
end

local function the_error(session)
	assert.equal(1, #session.sent);
	local reply = session.sent[1]:get_child("error");
	assert.truthy(reply:get_child("not-allowed", "urn:ietf:params:xml:ns:xmpp-stanzas"));
	return reply;
end

for _, event in ipairs({ "muc-room-pre-create", "muc-occupant-pre-join" }) do
	describe("the door of a room, "..event, function ()
		it("opens for the room of the token, and this is recorded", function ()
			load_module();
			local session = new_session();
			assert.is_nil(enter(event, session, "room1"));
			assert.same({}, session.sent);
			assert.equal("room1@"..muc, session.jitsi_meet_verified_room);
		end);

		it("stays shut for another", function ()
			load_module();
			local session = new_session();
			assert.is_true(enter(event, session, "room2"));
			assert.equal("Room and token mismatched", the_error(session):get_child_text("text", "urn:ietf:params:xml:ns:xmpp-stanzas"));
			assert.is_nil(session.jitsi_meet_verified_room);
			assert.equal(1, #prosody.logged("info", "Room refused"));
		end);

		it("contains the name of the error", function ()
			load_module({ enable_domain_verification = false });
			local session = new_session();
			assert.is_true(enter(event, session, "room2"));
			assert.truthy(the_error(session):get_child("room-mismatch", "http://jitsi.org/jitmeet"));
		end);

		it("has priority 99", function ()
			load_module();
			local order = {};
			for _, priority in ipairs({ 98, 100 }) do
				_G.prosody.hosts[muc].events.add_handler(event, function () order[#order + 1] = priority; end, priority);
			end
			enter(event, new_session(), "room2");
			assert.same({ 100 }, order);
		end);

		it("comes before Prosody's own checks", function ()
			load_module();
			local order = {};
			_G.prosody.hosts[muc].events.add_handler(event, function () order[#order + 1] = "later"; end, 98);
			enter(event, new_session(), "room2");
			assert.same({}, order);
			enter(event, new_session(), "room1");
			assert.same({ "later" }, order);
		end);
	end);
end

describe("the door of a room", function ()
	local admin, guest, robot = "boss@example.org", "u@example.org/r", "robot@recorder.example.org/r";

	local function without_token(changes)
		local session = new_session(changes);
		session.auth_token, session.jitsi_meet_room, session.jitsi_meet_auth_issuer = nil, nil, nil;
		return session;
	end

	-- { what, options of the parent, of the MUC, global, address, type of the session, opens }
	for _, case in ipairs({
		{ "one without a token", {}, {}, nil, guest, "c2s", false },
		{ "a global admin", {}, {}, { admins = { admin } }, admin.."/r", "c2s", true },
		{ "an admin of the host", {}, { admins = { admin } }, nil, admin.."/r", "c2s", true },
		{ "a global admin where the host has its own", {}, { admins = { "other@example.org" } }, { admins = { admin } },
			admin.."/r", "c2s", true },
		{ "somebody who is no admin", {}, { admins = { admin } }, nil, guest, "c2s", false },
		{ "an allowed domain", {}, { token_verification_allowlist = { "recorder.example.org" } }, nil, robot, "c2s", true },
		{ "an allowed domain or address in capitals", {}, { token_verification_allowlist = { "Robot@Recorder.example.org" } }, nil,
			robot, "c2s", true },
		{ "an allowed address", {}, { token_verification_allowlist = { "robot@recorder.example.org" } }, nil, robot, "c2s",
			true },
		{ "an address that is not allowed", {}, { token_verification_allowlist = { "other@recorder.example.org" } }, nil,
			robot, "c2s", false },
		{ "a remote user of a plain server", {}, {}, nil, "u@remote.org/r", "s2sin", false },
		{ "a remote user of a plain server that requires no room claim", { asap_require_room_claim = false }, {}, nil,
			"u@remote.org/r", "s2sin", false },
		{ "a local user of another host of such a server", { enable_domain_verification = false }, {}, nil,
			"u@other.org/r", "c2s", false },
		{ "a remote user where guests are allowed", { allow_empty_token = true }, {}, nil, "u@remote.org/r", "s2sin", true },
		{ "one without a token in a Jitsi deployment that requires no room claim",
			{ asap_require_room_claim = false, muc_mapper_domain_base = "example.org" }, {}, nil, guest, "c2s", true },
		{ "a remote user of a Jitsi deployment", { muc_mapper_domain_base = "example.org" }, {}, nil, "u@remote.org/r",
			"s2sin", true },
	}) do
		it((case[7] and "opens for " or "stays shut for ")..case[1], function ()
			load_module(case[2], case[3], case[4]);
			local session = without_token({ type = case[6] });
			local refused = enter("muc-occupant-pre-join", session, "room9", case[5]);
			assert.equal(not case[7], refused == true);
			assert.equal(case[7] and 0 or 1, #session.sent);
		end);
	end

	it("requires a verified token, not just any token", function ()
		local function come_with_junk(parent_options, room_data)
			load_module(parent_options);
			_G.prosody.hosts[muc].modules.muc.get_room_from_jid = function () return { _data = room_data or {} }; end;
			local session = without_token({});
			session.auth_token = "junk";
			return enter("muc-occupant-pre-join", session, "room9", "u@other.org/r");
		end
		assert.is_true(come_with_junk({ enable_domain_verification = false }));
		assert.is_true(come_with_junk({ asap_require_room_claim = false }));
		assert.is_nil(come_with_junk({ allow_empty_token = true }));
		assert.is_true(come_with_junk({ allow_empty_token = true, enable_domain_verification = false },
			{ allowUnauthenticatedAccess = false }));
	end);

	it("takes token options from the parent, and those of its own from the MUC", function ()
		load_module({ token_verification_allowlist = { "recorder.example.org" } }, { app_id = "else", app_secret = "" });
		assert.is_true(enter("muc-occupant-pre-join", without_token(), "room9", robot));
		assert.is_nil(enter("muc-occupant-pre-join", new_session(), "room1"));
	end);

	it("counts as Jitsi's module does", function ()
		local module = load_module();
		enter("muc-occupant-pre-join", new_session(), "room1");
		enter("muc-room-pre-create", new_session(), "room9");
		enter("muc-occupant-pre-join", new_session(), "room9");
		assert.same({ success = 1, fail = 2 }, module.measured);
	end);

	it("stays shut for all but exempt users if tokens are configured and cannot be verified", function ()
		for _, options in ipairs({ { app_secret = "" }, { app_secret = "<no value>" }, { app_secret_file = "/nowhere", app_secret = "none" } }) do
			options.app_secret = options.app_secret ~= "none" and options.app_secret or nil;
			load_module(options, { token_verification_allowlist = { "recorder.example.org" } }, { admins = { admin } });
			assert.equal(1, #prosody.logged("error", "There is no key to verify tokens with"));
			assert.is_true(enter("muc-room-pre-create", without_token(), "room1"));
			assert.is_true(enter("muc-occupant-pre-join", new_session(), "room1"));
			assert.is_true(enter("muc-occupant-pre-join", without_token({ type = "s2sin" }), "room1", "u@remote.org/r"));
			assert.is_nil(enter("muc-occupant-pre-join", without_token(), "room1", admin.."/r"));
			assert.is_nil(enter("muc-occupant-pre-join", without_token(), "room1", robot));
		end
	end);

	it("recognizes admins in any spelling, and not by their host alone", function ()
		load_module({}, { admins = { "Boss@Example.org" } });
		assert.is_nil(enter("muc-occupant-pre-join", without_token(), "room9", "boss@example.org/r"));
		assert.is_true(enter("muc-occupant-pre-join", without_token(), "room9", "example.org"));
	end);

	it("stays guarded if an address in the options is invalid, and says so", function ()
		for _, value in ipairs({ 5, true, { 5, "friends.example.org" }, { {} } }) do
			load_module({}, { token_verification_allowlist = value }, { admins = value });
			assert.equal(1, #prosody.logged("error", "Option 'admins' must be a list of addresses"));
			assert.equal(1, #prosody.logged("error", "Option 'token_verification_allowlist' must be a list of strings"));
			assert.is_true(enter("muc-occupant-pre-join", new_session(), "room2"));
			local exempt = type(value) == "table" and value[2] ~= nil;
			local friend = "someone@friends.example.org/r";
			assert.equal(not exempt, enter("muc-occupant-pre-join", new_session(), "room2", friend) == true);
		end
	end);

	it("stays guarded if Prosody cannot read its options", function ()
		load_module({}, { token_verification_allowlist = { 0/0 } }, { admins = { 0/0 } });
		assert.equal(1, #prosody.logged("error", "Option 'admins' cannot be read and is ignored"));
		assert.equal(1, #prosody.logged("error", "Option 'token_verification_allowlist' must be a list of strings"));
		assert.is_true(enter("muc-occupant-pre-join", new_session(), "room2"));
	end);

	it("says which address on the list is invalid", function ()
		load_module({}, { token_verification_allowlist = { "a@b@c", "friends.example.org" } });
		assert.equal(1, #prosody.logged("error", "Option 'token_verification_allowlist' holds \"a@b@c\", which is no address"));
		assert.is_nil(enter("muc-occupant-pre-join", new_session(), "room2", "someone@friends.example.org/r"));
	end);

	it("records the room of local users only", function ()
		load_module({ muc_mapper_domain_base = "example.org" });
		local remote = without_token({ type = "s2sin" });
		assert.is_nil(enter("muc-occupant-pre-join", remote, "room1", "u@remote.org/r"));
		assert.is_nil(remote.jitsi_meet_verified_room);
		load_module({ allow_empty_token = true });
		remote = without_token({ type = "s2sin" });
		assert.is_nil(enter("muc-occupant-pre-join", remote, "room1", "u@remote.org/r"));
		assert.is_nil(remote.jitsi_meet_verified_room);
	end);

	it("is one log line with a code if it stays shut", function ()
		load_module();
		enter("muc-occupant-pre-join", without_token({ ip = "192.0.2.7", jitsi_web_query_prefix = "acme" }), "room9");
		local lines = prosody.logged("info", "refused: ");
		assert.equal(1, #lines);
		assert.truthy(lines[1]:find('Room refused: token-required: a token is required (asked="room9@'..muc
			..'/nick" tenant="acme" client="192.0.2.7")', 1, true), lines[1]);
		local values = prosody.metrics();
		assert.equal(1, values['prosody_mod_token_verifier__rooms_refused_total{host="example.org",error="token-required"}']);
	end);

	it("reads its options again when the configuration is reloaded", function ()
		local muc_options = {};
		load_module({}, muc_options);
		muc_options.token_verification_allowlist = { "recorder.example.org" };
		assert.is_true(enter("muc-occupant-pre-join", without_token(), "room9", robot));
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_nil(enter("muc-occupant-pre-join", without_token(), "room9", robot));
	end);
end);

describe("the settings of a room", function ()
	local address_by = { bare = "room1@"..muc, host = muc };

	local function change(session, from, kind)
		kind = kind or "bare";
		return fire(("iq-set/%s/http://jabber.org/protocol/muc#owner:query"):format(kind), session,
			st.iq({ type = "set", id = "1", from = from or "u@example.org/r", to = address_by[kind] }));
	end

	it("are not guarded by default", function ()
		load_module();
		assert.is_nil(change(new_session({ auth_token = false })));
	end);

	it("need a token if configured, but not from admins", function ()
		load_module({}, { token_verification_require_token_for_moderation = true, admins = { "boss@example.org" } });
		assert.is_nil(change(new_session()));
		local session = new_session({ auth_token = false });
		assert.is_true(change(session));
		assert.equal("Room modification disabled for guests",
			the_error(session):get_child_text("text", "urn:ietf:params:xml:ns:xmpp-stanzas"));
		assert.is_nil(change(new_session({ auth_token = false }), "boss@example.org/r"));
		session = new_session({ jitsi_meet_room = false });
		assert.is_true(change(session));
		assert.is_true(change(new_session({ auth_token = false }), nil, "host"));
		assert.equal(3, #prosody.logged("info", "Moderation refused: token-required: "));
	end);

	it("need one, too, if the option is not a boolean", function ()
		for _, value in ipairs({ "yes", "on", 2, {} }) do
			load_module({}, { token_verification_require_token_for_moderation = value });
			assert.equal(1, #prosody.logged("error", "Option 'token_verification_require_token_for_moderation' must be true or false"));
			assert.is_true(change(new_session({ auth_token = false })));
			assert.is_nil(change(new_session()));
		end
		load_module({}, { token_verification_require_token_for_moderation = "false" });
		assert.is_nil(change(new_session({ auth_token = false })));
	end);

	for kind in pairs(address_by) do
		it("are checked after other plugins and before Prosody itself ("..kind..")", function ()
			load_module({}, { token_verification_require_token_for_moderation = true });
			local order = {};
			for _, priority in ipairs({ 0, -2 }) do
				_G.prosody.hosts[muc].events.add_handler(("iq-set/%s/http://jabber.org/protocol/muc#owner:query"):format(kind),
					function () order[#order + 1] = priority; end, priority);
			end
			change(new_session({ auth_token = false }), nil, kind);
			assert.same({ 0 }, order);
			order = {};
			change(new_session(), nil, kind);
			assert.same({ 0, -2 }, order);
		end);
	end

	it("are guarded by the option of the MUC, not of the parent", function ()
		load_module({ token_verification_require_token_for_moderation = true });
		assert.is_nil(change(new_session({ auth_token = false })));
	end);
end);

it("only says that there are no rooms to guard if it is loaded on a host of users", function ()
	local all = { ["example.org"] = { app_id = "app", app_secret = ("s"):rep(32) } };
	prosody.new_server(all);
	prosody.load_plugin("lua/modules/mod_token_verification.lua", "example.org", all);
	assert.equal(1, #prosody.logged("error", "There are no rooms on example.org to guard: token_verification belongs to the "
		.."'modules_enabled' of the component of the rooms"));
	assert.equal(1, #prosody.logged("error", ""));
end);

describe("an option of the component that nobody reads", function ()
	it("is reported as unknown, but not one of the host's own or of another plugin", function ()
		load_module({ token_leeway = 5 }, {
			token_verification_require_token_for_moderatoin = true, token_verification_hosts = { "b.example" },
			token_verification_allowlist = {}, muc_room_locking = false, asap_key_id = "x",
		}, { token_max_lifetime = 60 });
		local unknown = prosody.logged("warn", "is unknown here");
		assert.equal(2, #unknown);
		assert.equal(1, #prosody.logged("warn", "Option 'token_verification_require_token_for_moderatoin' is unknown here: "
			.."did you mean 'token_verification_require_token_for_moderation'?"));
		assert.equal(1, #prosody.logged("warn", "Option 'token_verification_hosts' is unknown here"));
	end);
end);

describe("the room of a resumed session", function ()
	local function ask(changes)
		load_module();
		return _G.prosody.events.fire_event("jitsi-verify-session-rooms", { session = new_session(changes) });
	end

	it("is kept if the new claims cover it", function ()
		assert.is_nil(ask({ jitsi_meet_verified_room = "room1@"..muc }));
		assert.is_nil(ask());
		assert.is_nil(ask({ jitsi_meet_verified_room = "room2@elsewhere.example.org" }));
	end);

	it("is not kept if they do not", function ()
		local answer = ask({ jitsi_meet_verified_room = "room2@"..muc });
		assert.is_false(answer.res);
		assert.equal("not-allowed", answer.error);
	end);

	it("is kept if the room no longer exists", function ()
		load_module({ muc_mapper_domain_base = "example.org" });
		_G.prosody.hosts[muc].modules.muc.get_room_from_jid = function () return nil; end;
		local session = new_session({ jitsi_meet_verified_room = "room1@"..muc });
		assert.is_nil(_G.prosody.events.fire_event("jitsi-verify-session-rooms", { session = session }));
	end);
end);

-- A component whose rooms are judged by the options of another host than its name says.
describe("the host whose options are used", function ()
	local component = "conference-meet.example";
	local admin, robot, user = "boss@example.org/r", "robot@recorder.example.org/r", "u@meet.example/r";

	-- What is refused to whom, of { what = refused }, with these options by host.
	local function load_on(name, all)
		all[name] = all[name] or {};
		all[name].token_verification_allowlist = { "recorder.example.org" };
		all["*"] = all["*"] or {};
		all["*"].admins = { "boss@example.org" };
		prosody.new_server(all);
		_G.prosody.hosts[name].modules.muc = { get_room_from_jid = function () return { _data = {}, get_occupant_jid = function () end }; end };
		prosody.load_plugin("lua/modules/mod_token_verification.lua", name, all);
		return function (session, from, room)
			return _G.prosody.hosts[name].events.fire_event("muc-room-pre-create", {
				origin = session, stanza = st.presence({ from = from, to = (room or "room1").."@"..name.."/nick" }) }) == true;
		end;
	end

	local function assert_shut(is_refused)
		assert.is_true(is_refused(new_session(), user));
		assert.is_true(is_refused(new_session({ jitsi_meet_room = "*", jitsi_meet_domain = "*" }), user));
		local guest = new_session();
		guest.auth_token, guest.jitsi_meet_room, guest.jitsi_meet_auth_issuer = nil, nil, nil;
		assert.is_true(is_refused(guest, user));
		assert.is_true(is_refused(new_session({ type = "s2sin" }), "u@remote.org/r"));
		assert.is_false(is_refused(guest, admin));
		assert.is_false(is_refused(guest, robot));
	end

	local meet = { app_id = "app", app_secret = ("s"):rep(32), allow_empty_token = true };
	for _, case in ipairs({
		{ "is no host", component, { ["meet.example"] = meet }, '"example"', "there is no such host" },
		{ "is no host, though all hosts have an app_id", component, { ["meet.example"] = {}, ["*"] = meet }, '"example"',
			"there is no such host" },
		{ "is no host, one label further", "rooms.muc.meet.example", { ["meet.example"] = meet }, '"muc.meet.example"',
			"there is no such host" },
		{ "has a misspelt app_id", "conference.meet.example", { ["meet.example"] = { ap_id = "app", app_secret = ("s"):rep(32),
			allow_empty_token = true } }, '"meet.example"', "'app_id' is not among them" },
		{ "is a component without app_id", "rooms.muc.meet.example", { ["meet.example"] = meet, ["muc.meet.example"] = {} },
			'"muc.meet.example"', "'app_id' is not among them" },
		{ "is named, and is none", "conference.meet.example", { ["meet.example"] = meet, ["conference.meet.example"] = {
			token_verification_host = "else.example" } }, '"else.example"', "there is no such host" },
		{ "is all hosts", "conference.meet.example", { ["meet.example"] = meet, ["conference.meet.example"] = {
			token_verification_host = "*" } }, '"*"', "there is no such host" },
		{ "is named by nothing", "conference.meet.example", { ["meet.example"] = meet, ["conference.meet.example"] = {
			token_verification_host = "" } }, '""', "there is no such host" },
	}) do
		local what, name, all, host, reason = table.unpack(case);
		it("keeps all rooms shut for all but exempt users if it "..what, function ()
			local is_refused = load_on(name, all);
			local lines = prosody.logged("error", "");
			assert.equal(1, #lines, table.concat(lines, "\n"));
			for _, part in ipairs({ "No token opens a room of "..name..": ", "its tokens are verified with the options of "..host..", but", reason,
				"Set 'token_verification_host' of "..name }) do
				assert.truthy(lines[1]:find(part, 1, true), lines[1]);
			end
			assert_shut(is_refused);
			assert.truthy(prosody.logged("info", "Room refused: server-missing-config: ")[1]);
		end);
	end

	it("keeps them shut if the option is not a string", function ()
		assert_shut(load_on("conference.meet.example", { ["meet.example"] = meet,
			["conference.meet.example"] = { token_verification_host = { "meet.example" } } }));
		assert.equal(1, #prosody.logged("error", "Option 'token_verification_host' must be a string, not a table"));
		assert.equal(1, #prosody.logged("error", "the option 'token_verification_host' does not name a host"));
	end);

	it("keeps a session with new claims from changing them", function ()
		load_on(component, { ["meet.example"] = meet });
		local session = new_session({ jitsi_meet_verified_room = "room1@"..component });
		assert.is_false(_G.prosody.events.fire_event("jitsi-verify-session-rooms", { session = session }).res);
	end);

	it("can be configured, in any spelling", function ()
		local is_refused = load_on(component, { [component] = { token_verification_host = "Meet.Example" },
			["meet.example"] = { app_id = "app", app_secret = ("s"):rep(32) } });
		assert.same({}, prosody.logged("error", ""));
		local session = new_session({ jitsi_meet_domain = "*" });
		assert.is_false(is_refused(session, user));
		assert.is_true(is_refused(session, user, "room2"));
	end);

	it("may be a host that is activated later", function ()
		local all = { [component] = { token_verification_host = "meet.example" }, ["meet.example"] = meet };
		local is_refused = load_on(component, all);
		_G.prosody.hosts["meet.example"] = nil;
		prosody.load_plugin("lua/modules/mod_token_verification.lua", component, all);
		assert.is_false(is_refused(new_session({ jitsi_meet_domain = "*" }), user));
		assert.same({}, prosody.logged("error", ""));
	end);

	it("is used as soon as its options are sufficient, and as long as they are", function ()
		local all = { [component] = {} };
		local is_refused = load_on(component, all);
		local session = new_session({ jitsi_meet_domain = "*" });
		assert.is_true(is_refused(session, user));

		all["meet.example"] = { app_id = "app", app_secret = ("s"):rep(32) }; -- which no reload tells of
		all[component].token_verification_host = "meet.example";
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_false(is_refused(session, user));
		assert.is_true(is_refused(session, user, "room2"));
		assert.is_true(is_refused({ type = "c2s", send = function () end }, user));
		local values = prosody.metrics();
		assert.equal(1, values['prosody_mod_token_verifier__rooms_refused_total{host="example",error="server-missing-config"}']);
		for _, code in ipairs({ "room-mismatch", "token-required" }) do
			assert.equal(1, values[('prosody_mod_token_verifier__rooms_refused_total{host="meet.example",error="%s"}'):format(code)]);
		end

		all["meet.example"].app_id = nil;
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_true(is_refused(session, user));
		assert.equal(1, #prosody.logged("error", "'app_id' is not among them"));
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal(1, #prosody.logged("error", "'app_id' is not among them"));
	end);

	it("is used when it is activated without being in the configuration", function ()
		local is_refused = load_on(component, { ["*"] = { app_id = "app", app_secret = ("s"):rep(32) } });
		local session = new_session({ jitsi_meet_domain = "*" });
		assert.is_true(is_refused(session, user));
		_G.prosody.hosts["example"] = { events = require "util.events".new(), sessions = {}, modules = {}, type = "local" };
		_G.prosody.events.fire_event("host-activated", "example");
		assert.is_false(is_refused(session, user));
	end);

	it("is tried again after a reload if it had no key", function ()
		local all = { ["meet.example"] = { app_id = "app" } };
		local is_refused = load_on("conference.meet.example", all);
		_G.prosody.events.fire_event("host-activated", "meet.example");
		assert.equal(1, #prosody.logged("error", "there is no key to verify tokens with"));
		local session = new_session({ jitsi_meet_domain = "meet.example" });
		assert.is_true(is_refused(session, user));
		all["meet.example"].app_secret = ("s"):rep(32);
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_false(is_refused(session, user));
	end);
end);

describe("a request to a room from outside", function ()
	local xmlns = { mam = "urn:xmpp:mam:2", info = "http://jabber.org/protocol/disco#info", muc = "http://jabber.org/protocol/muc" };
	local rooms, member = {}, "member@example.org/r";

	before_each(function ()
		rooms = {};
		for _, name in ipairs({ "room1", "room2" }) do
			rooms[name.."@"..muc] = { _data = {}, get_occupant_jid = function (_, jid) return jid == member and "nick" or nil; end };
		end
	end);

	local function load_with_rooms(...)
		load_module(...);
		_G.prosody.hosts[muc].modules.muc.get_room_from_jid = function (jid) return rooms[jid]; end;
	end

	local function ask(session, stanza, kind)
		return fire(("%s/%s"):format(stanza.name, kind or (stanza.attr.to:find("/", 1, true) and "full" or "bare")), session, stanza);
	end

	local function iq(attributes, name, namespace)
		attributes.id, attributes.type, attributes.from = "1", attributes.type or "get", attributes.from or "u@example.org/r";
		return st.iq(attributes):tag(name or "query", { xmlns = namespace or xmlns.info });
	end

	local function query(room, from)
		return iq({ to = room.."@"..muc, from = from });
	end

	for _, case in ipairs({
		{ "an archive", function (to) return iq({ to = to, type = "set" }, "query", xmlns.mam); end },
		{ "what it is", function (to) return iq({ to = to }); end },
		{ "a vCard", function (to) return iq({ to = to }, "vCard", "vcard-temp"); end },
		{ "a seat", function (to) return iq({ to = to, type = "set" }, "query", "jabber:iq:register"); end },
		{ "who is in it", function (to) return iq({ to = to }, "query", xmlns.muc.."#admin"); end },
		{ "another configuration", function (to) return iq({ to = to, type = "set" }, "query", xmlns.muc.."#owner"); end },
		{ "somebody in it", function (to) return iq({ to = to.."/nick" }, "ping", "urn:xmpp:ping"); end },
		{ "to pass a message on", function (to) return st.message({ to = to, from = "u@example.org/r", type = "groupchat" }, "hello"); end },
		{ "to invite somebody", function (to)
			return st.message({ to = to, from = "u@example.org/r" }):tag("x", { xmlns = xmlns.muc.."#user" });
		end },
		{ "to pass a private message on", function (to)
			return st.message({ to = to.."/nick", from = "u@example.org/r", type = "chat" }, "hello");
		end },
		{ "whether somebody is there", function (to) return st.presence({ to = to.."/nick", from = "u@example.org/r", type = "probe" }); end },
		{ "to be told of it", function (to) return st.presence({ to = to, from = "u@example.org/r", type = "subscribe" }); end },
		{ "to be seen without entering", function (to) return st.presence({ to = to.."/nick", from = "u@example.org/r" }); end },
	}) do
		it(("is refused, and nothing else handles it: %s"):format(case[1]), function ()
			load_with_rooms();
			local session = new_session();
			local stanza = case[2]("room2@"..muc);
			local seen = 0;
			local name = ("%s/%s"):format(stanza.name, stanza.attr.to:find("/", 1, true) and "full" or "bare");
			_G.prosody.hosts[muc].events.add_handler(name, function () seen = seen + 1; end, 98);
			assert.is_true(ask(session, stanza));
			assert.equal("Room and token mismatched", the_error(session):get_child_text("text", "urn:ietf:params:xml:ns:xmpp-stanzas"));
			assert.equal(0, seen);
			assert.equal(1, #prosody.logged("info", "Room refused: room-mismatch"));

			assert.is_nil(ask(session, case[2]("room1@"..muc))); -- which the token covers
			assert.equal(1, seen);
			assert.is_nil(session.jitsi_meet_verified_room); -- nobody is in it for asking
		end);
	end

	it("is answered to occupants, admins, the allow list and this server's services", function ()
		load_with_rooms({}, { token_verification_allowlist = { "recorder.example.org" }, admins = { "boss@example.org" } });
		local session = new_session();
		for _, from in ipairs({ member, "boss@example.org/r", "robot@recorder.example.org/r" }) do
			assert.is_nil(ask(session, query("room2", from)), from);
		end
		assert.is_nil(ask(new_session({ type = "component" }), query("room2", "focus.example.org")));
		assert.is_nil(ask(new_session({ type = "local" }), query("room2", "example.org")));
		assert.is_true(ask(session, query("room2")));
		assert.equal(1, #session.sent);
	end);

	it("is answered to guests if they may enter", function ()
		load_with_rooms({ allow_empty_token = true });
		local guest = new_session();
		guest.auth_token, guest.jitsi_meet_room, guest.jitsi_meet_auth_issuer = nil, nil, nil;
		assert.is_nil(ask(guest, query("room2")));
		rooms["room2@"..muc]._data.allowUnauthenticatedAccess = false;
		assert.is_true(ask(guest, query("room2")));
		assert.truthy(the_error(guest):get_child("authentication-required", "http://jitsi.org/jitmeet"));
	end);

	it("is refused to strangers, and to other servers except in a Jitsi deployment", function ()
		for _, kind in ipairs({ "s2sin", "s2sout", "c2s" }) do
			load_with_rooms();
			local stranger = new_session({ type = kind });
			stranger.auth_token, stranger.jitsi_meet_room, stranger.jitsi_meet_auth_issuer = nil, nil, nil;
			assert.is_true(ask(stranger, query("room2", "u@remote.org/r")));
			assert.equal("A token is required", the_error(stranger):get_child_text("text", "urn:ietf:params:xml:ns:xmpp-stanzas"));
			load_with_rooms({ muc_mapper_domain_base = "example.org" });
			assert.equal(kind == "c2s", ask(stranger, query("room2", "u@remote.org/r")) == true);
		end
	end);

	it("is left to Prosody in a Jitsi deployment if there is no such room", function ()
		load_with_rooms({ muc_mapper_domain_base = "example.org" });
		assert.is_nil(ask(new_session(), query("room9")));
		assert.same({}, prosody.logged("info", "Room refused"));
		assert.is_true(ask(new_session(), query("room2")));
		load_with_rooms();
		assert.is_true(ask(new_session(), query("room9"))); -- here it is told to nobody whether there is one
		rooms["room9@"..muc] = false; -- of which nobody can say, because its store cannot be read
		load_with_rooms({ muc_mapper_domain_base = "example.org" });
		assert.is_true(ask(new_session(), query("room9")));
	end);

	it("is refused if nothing can verify tokens", function ()
		load_with_rooms({ app_secret = "" });
		assert.is_true(ask(new_session(), query("room1")));
		assert.is_true(ask(new_session(), query("room9")));
		assert.is_nil(ask(new_session(), query("room1", member)));
	end);

	it("is not an answer, nor leaving or entering", function ()
		load_with_rooms();
		local session = new_session();
		for _, stanza in ipairs({
			st.iq({ type = "result", id = "1", from = "u@example.org/r", to = "room2@"..muc }),
			st.iq({ type = "error", id = "1", from = "u@example.org/r", to = "room2@"..muc.."/nick" }),
			st.message({ type = "error", from = "u@example.org/r", to = "room2@"..muc.."/nick" }),
			st.presence({ type = "error", from = "u@example.org/r", to = "room2@"..muc.."/nick" }),
			st.presence({ type = "unavailable", from = member, to = "room2@"..muc.."/nick" }),
			st.iq({ type = "result", id = "1", from = member, to = "room2@"..muc.."/nick" }),
			st.presence({ from = "u@example.org/r", to = "room2@"..muc.."/nick" }):tag("x", { xmlns = xmlns.muc }),
		}) do
			assert.is_nil(ask(session, stanza), tostring(stanza));
		end
		assert.same({}, session.sent);
	end);

	it("is dropped without an answer if it leaves or answers a room that no longer exists", function ()
		load_with_rooms({}, { admins = { "boss@example.org" } });
		local session = new_session();
		local function say(room, from, expected)
			for _, stanza in ipairs({
				st.presence({ type = "unavailable", from = from, to = room.."@"..muc.."/nick" }),
				st.presence({ type = "unavailable", from = from, to = room.."@"..muc }),
				st.iq({ type = "result", id = "1", from = from, to = room.."@"..muc.."/nick" }),
			}) do
				assert.equal(expected, ask(session, stanza), tostring(stanza));
			end
		end
		say("room2", "u@example.org", nil); -- the server of somebody in it answers for his address without a resource
		say("room9", "u@example.org/r", true);
		rooms["room2@"..muc]._data.destroyed = true;
		say("room2", "u@example.org/r", true);
		for _, room in ipairs({ "room2", "room9" }) do
			say(room, "boss@example.org/r", nil);
		end
		assert.same({}, session.sent);
		assert.same({}, prosody.logged("info", "Room refused"));
	end);

	it("is refused if it is a message of an unknown type", function ()
		load_with_rooms();
		for _, kind in ipairs({ "unavailable", "result" }) do
			local session = new_session();
			assert.is_true(ask(session, st.message({ type = kind, from = "u@example.org/r", to = "room2@"..muc.."/nick" })));
			the_error(session);
		end
	end);

	it("is refused if it enters a destroyed room, which would answer with the reason", function ()
		load_with_rooms();
		rooms["room2@"..muc]._data.destroyed = true;
		local session = new_session();
		local entry = st.presence({ from = "u@example.org/r", to = "room2@"..muc.."/nick" }):tag("x", { xmlns = xmlns.muc });
		assert.is_true(ask(session, entry));
		the_error(session);
	end);

	it("is not a request to the component itself, unless a room has its address", function ()
		load_with_rooms();
		local owner = "iq/host/http://jabber.org/protocol/muc#owner:query";
		local session = new_session();
		local invitation = st.message({ to = muc, from = "u@example.org/r" }):tag("x", { xmlns = xmlns.muc.."#user" });
		assert.is_nil(ask(session, invitation, "host"));
		assert.is_nil(fire(owner, session, iq({ to = muc, type = "set" }, "query", xmlns.muc.."#owner")));
		rooms[muc] = { _data = {}, get_occupant_jid = function () end };
		assert.is_true(ask(session, invitation, "host"));
		assert.is_true(fire(owner, session, iq({ to = muc, type = "set" }, "query", xmlns.muc.."#owner")));
		assert.is_nil(ask(session, iq({ to = muc }), "host"));
	end);

	it("is ignored where there are no rooms", function ()
		load_with_rooms();
		_G.prosody.hosts[muc].modules.muc = nil;
		assert.is_nil(ask(new_session(), query("room2")));
	end);
end);
