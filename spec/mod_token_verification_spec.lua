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
		it("opens for the room of the token, and that is remembered", function ()
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

		it("names the error", function ()
			load_module({ enable_domain_verification = false });
			local session = new_session();
			assert.is_true(enter(event, session, "room2"));
			assert.truthy(the_error(session):get_child("room-mismatch", "http://jitsi.org/jitmeet"));
		end);

		it("is at priority 99", function ()
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

	it("asks for a token that was verified, not for one that was brought", function ()
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

	it("stays shut where tokens are configured and cannot be verified, for all but the exempt", function ()
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

	it("is as without the module where the parent has no token options at all", function ()
		local all = { ["example.org"] = {}, [muc] = {} };
		prosody.new_server(all);
		prosody.load_plugin("lua/modules/mod_token_verification.lua", muc, all);
		assert.is_nil(enter("muc-occupant-pre-join", without_token(), "room1"));
		assert.equal(1, #prosody.logged("error", "'app_id' must be set"));
	end);

	it("knows admins however they are written, and not by their host alone", function ()
		load_module({}, { admins = { "Boss@Example.org" } });
		assert.is_nil(enter("muc-occupant-pre-join", without_token(), "room9", "boss@example.org/r"));
		assert.is_true(enter("muc-occupant-pre-join", without_token(), "room9", "example.org"));
	end);

	it("stays guarded where an address in the options is none, and says so", function ()
		for _, value in ipairs({ 5, true, { 5, "friends.example.org" }, { {} } }) do
			load_module({}, { token_verification_allowlist = value }, { admins = value });
			for _, option in ipairs({ "admins", "token_verification_allowlist" }) do
				assert.equal(1, #prosody.logged("error", ("Option '%s' must be a list of addresses"):format(option)));
			end
			assert.is_true(enter("muc-occupant-pre-join", new_session(), "room2"));
			local exempt = type(value) == "table" and value[2] ~= nil;
			local friend = "someone@friends.example.org/r";
			assert.equal(not exempt, enter("muc-occupant-pre-join", new_session(), "room2", friend) == true);
		end
	end);

	it("stays guarded where Prosody cannot read its options", function ()
		load_module({}, { token_verification_allowlist = { 0/0 } }, { admins = { 0/0 } });
		assert.equal(2, #prosody.logged("error", "cannot be read and is ignored"));
		assert.is_true(enter("muc-occupant-pre-join", new_session(), "room2"));
	end);

	it("remembers the room of local users only", function ()
		load_module({ muc_mapper_domain_base = "example.org" });
		local remote = without_token({ type = "s2sin" });
		assert.is_nil(enter("muc-occupant-pre-join", remote, "room1", "u@remote.org/r"));
		assert.is_nil(remote.jitsi_meet_verified_room);
		load_module({ allow_empty_token = true });
		remote = without_token({ type = "s2sin" });
		assert.is_nil(enter("muc-occupant-pre-join", remote, "room1", "u@remote.org/r"));
		assert.is_nil(remote.jitsi_meet_verified_room);
	end);

	it("is one line in the log with a code where it stays shut", function ()
		load_module();
		enter("muc-occupant-pre-join", without_token({ ip = "192.0.2.7", jitsi_web_query_prefix = "acme" }), "room9");
		local lines = prosody.logged("info", "refused: ");
		assert.equal(1, #lines);
		assert.truthy(lines[1]:find('Room refused: token-required: a token is required (asked="room9@'..muc
			..'/nick" tenant="acme" client="192.0.2.7")', 1, true), lines[1]);
		local values = prosody.metrics();
		assert.equal(1, values['prosody_mod_token_verifier__rooms_refused_total{host="example.org",error="token-required"}']);
	end);

	it("takes its options anew when the configuration is reloaded", function ()
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

	it("are nobody's business unless that is asked for", function ()
		load_module();
		assert.is_nil(change(new_session({ auth_token = false })));
	end);

	it("need a token then, but not from admins", function ()
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

	for kind in pairs(address_by) do
		it("are asked about after other plugins and before Prosody itself ("..kind..")", function ()
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

	it("are the MUC's to say, not the parent's", function ()
		load_module({ token_verification_require_token_for_moderation = true });
		assert.is_nil(change(new_session({ auth_token = false })));
	end);
end);

describe("the room of a resumed session", function ()
	local function ask(changes)
		load_module();
		return _G.prosody.events.fire_event("jitsi-verify-session-rooms", { session = new_session(changes) });
	end

	it("is fine if the new claims cover it", function ()
		assert.is_nil(ask({ jitsi_meet_verified_room = "room1@"..muc }));
		assert.is_nil(ask());
		assert.is_nil(ask({ jitsi_meet_verified_room = "room2@elsewhere.example.org" }));
	end);

	it("is not if they do not", function ()
		local answer = ask({ jitsi_meet_verified_room = "room2@"..muc });
		assert.is_false(answer.res);
		assert.equal("not-allowed", answer.error);
	end);

	it("is fine if the room is gone", function ()
		load_module({ muc_mapper_domain_base = "example.org" });
		_G.prosody.hosts[muc].modules.muc.get_room_from_jid = function () return nil; end;
		local session = new_session({ jitsi_meet_verified_room = "room1@"..muc });
		assert.is_nil(_G.prosody.events.fire_event("jitsi-verify-session-rooms", { session = session }));
	end);
end);
