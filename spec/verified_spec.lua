-- SPDX-License-Identifier: MIT
-- For which rooms a token counts: those of the host whose options verified it, and of the hosts that trust this host.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local verified = require "token_verifier.plugin.verified";
local st = require "util.stanza";

local a, b = "a.example", "b.example";
local rooms_of = "conference.";

-- What a case changes in the options of the two hosts, or of all.
local function new_server(changes)
	local all = {
		[a] = { app_id = "app", app_secret = ("a"):rep(32) }, [b] = { app_id = "app", app_secret = ("b"):rep(32) },
		[rooms_of..a] = {}, [rooms_of..b] = {}, ["*"] = {},
	};
	for host, options in pairs(changes or {}) do
		for name, value in pairs(options) do
			all[host][name] = value;
		end
	end
	prosody.new_server(all);
	for _, host in ipairs({ rooms_of..a, rooms_of..b }) do
		local object = _G.prosody.hosts[host];
		object.type, object.host = "component", host;
		object.modules.muc = { get_room_from_jid = function () return { _data = {}, get_occupant_jid = function () return "nick"; end }; end };
	end
	for _, host in ipairs({ "muc.a.example", "conference.x", "conference." }) do -- where a main domain says that rooms are
		_G.prosody.hosts[host] = { modules = _G.prosody.hosts[rooms_of..a].modules };
	end
	return all;
end

-- The token_util of a host, as a plugin of its own gets it, or of the host's rooms as the plugin that guards them does.
local function token_util_of(host, loaded_on, name)
	local module = prosody.new_module(loaded_on or host, nil, name);
	return (module:require "token/util".new(module:context(host))), module;
end

local function token(host, claims)
	local all = { iss = "app", aud = "x", room = "*", sub = "*" };
	for field, value in pairs(claims or {}) do
		all[field] = value;
	end
	return tokens.hs256(all, host:sub(1, 1):rep(32));
end

local function session_of(host, claims)
	local session = { type = "c2s", host = host, auth_token = token(host, claims), sent = {} };
	function session.send(stanza)
		session.sent[#session.sent + 1] = stanza;
	end
	assert.is_true(prosody.run(function ()
		local token_util = token_util_of(host);
		return (token_util:process_and_verify_token(session));
	end));
	return session;
end

local function room(host)
	return "room@"..rooms_of..host.."/nick";
end

local shut, open = { false, nil, "A token is required" }, { true };
local only_names = { ["*"] = { enable_domain_verification = false, asap_require_room_claim = false } };

-- { what, options, what b's token does at a's rooms, likewise a's at b's }
local cases = {
	{ "two hosts", {}, shut, shut },
	{ "two hosts that look at names only, and require none", only_names, shut, shut },
	{ "a deployment beside a plain host", { [a] = { muc_mapper_domain_base = a } }, shut, shut },
	{ "two deployments", { [a] = { muc_mapper_domain_base = a }, [b] = { muc_mapper_domain_base = b } }, shut, shut },
	{ "a main domain that is empty", { ["*"] = { muc_mapper_domain_base = "", enable_domain_verification = false } }, shut, shut },
	{ "one deployment", { ["*"] = { muc_mapper_domain_base = a, muc_mapper_domain = "muc.a.example", enable_domain_verification = false } },
		open, open, exists = "muc.a.example" },
	{ "one deployment, told host by host", {
		[a] = { muc_mapper_domain_base = "x", enable_domain_verification = false },
		[b] = { muc_mapper_domain_base = "x", enable_domain_verification = false } }, open, open },
	{ "a host that trusts the other", { [a] = { token_verification_hosts = { "else.example", "B.Example" } } }, open, shut },
	{ "a host that trusts the other, as a word", { [a] = { token_verification_hosts = b } }, open, shut },
	{ "a host that trusts its own name", { [a] = { token_verification_hosts = { a } } }, shut, shut },
	{ "a host whose list is of another type", { [a] = { token_verification_hosts = true } }, shut, shut },
	{ "a host whose list holds no names", { [a] = { token_verification_hosts = { true, 5 } } }, shut, shut },
	{ "a host whose list has a wildcard", { [a] = { token_verification_hosts = { "*" } } }, shut, shut },
	{ "hosts that admit guests", { ["*"] = { allow_empty_token = true } }, open, open },
};

describe("a token that another host has verified", function ()
	for _, case in ipairs(cases) do
		it("counts as it should: "..case[1], function ()
			new_server(case[2]);
			local of_a, of_b = session_of(a), session_of(b);
			assert.same(case[3], { token_util_of(a):verify_room(of_b, room(a)) });
			assert.same(case[4], { token_util_of(b):verify_room(of_a, room(b)) });
			assert.same(open, { token_util_of(a):verify_room(of_a, room(a)) });
			assert.same(open, { token_util_of(b):verify_room(of_b, room(b)) });
		end);
	end
end);

local function may_enter(host, session)
	return (token_util_of(host):verify_room(session, room(host)));
end

local function verify(host, session)
	return prosody.run(function ()
		local token_util = token_util_of(host);
		return (token_util:process_and_verify_token(session));
	end);
end

describe("a session that token_util has not verified", function ()
	local claims = { auth_token = "of another kind", jitsi_meet_room = "*", jitsi_meet_domain = "*" };

	local function with(fields)
		local session = {};
		for _, source in ipairs({ claims, fields }) do
			for name, value in pairs(source) do
				session[name] = value;
			end
		end
		return session;
	end

	-- { what, fields, at a's rooms, at b's, options of a }
	for _, case in ipairs({
		{ "a client of a, whom another module has logged in", { type = "c2s", host = a }, true, false },
		{ "a client of b", { type = "c2s", host = b }, false, true },
		{ "a component", { type = "component", host = "bridge.example" }, false, false },
		{ "a table that a plugin made", {}, true, true },
		{ "a table that a plugin made, with a host", { host = b }, false, true },
		{ "a remote server", { type = "s2sin", host = a, from_host = "remote.example" }, false, false },
		{ "a remote server, in a Jitsi deployment", { type = "s2sin", host = a }, false, false, { muc_mapper_domain_base = a } },
	}) do
		local what, fields, at_a, at_b, options = table.unpack(case, 1, 5);
		it("belongs to the host it comes from: "..what, function ()
			new_server({ [a] = options });
			assert.same({ at_a, at_b }, { may_enter(a, with(fields)), may_enter(b, with(fields)) });
		end);
	end

	it("is not checked if it is the server's own host", function ()
		new_server({ ["*"] = { enable_domain_verification = false } });
		local host = _G.prosody.hosts[b];
		host.host = b;
		assert.is_true(may_enter(a, host));
		assert.is_false(may_enter(a, { type = "local", host = b }));
	end);

	it("has no claims from elsewhere where none are required", function ()
		new_server({ ["*"] = { enable_domain_verification = false, asap_require_room_claim = false } });
		assert.is_true(may_enter(a, { type = "c2s", host = a }));
		assert.is_false(may_enter(a, { type = "c2s", host = b }));
	end);
end);

describe("a session without a token", function ()
	-- { what, fields, options of a, whether a's rooms are open }
	local jitsi = { muc_mapper_domain_base = a, enable_domain_verification = false };
	local strict = { muc_mapper_domain_base = a };
	for _, case in ipairs({
		{ "a guest or recorder at another host of a Jitsi deployment, whose rooms are open", { type = "c2s", host = b }, jitsi, true },
		{ "a remote user there", { type = "s2sin", host = "remote.example" }, jitsi, true },
		{ "a remote user there, over the connection that this server has opened", { type = "s2sout", host = b }, jitsi, true },
		{ "a guest to whom a moderator there has granted something",
			{ type = "c2s", host = b, jitsi_meet_context_features = {} }, jitsi, true },
		{ "a client of another host there, with a token that nobody has verified", { type = "c2s", host = b, auth_token = "x" }, jitsi, false },
		{ "a client of another host there, with claims", { type = "c2s", host = b, jitsi_meet_domain = "*" }, jitsi, false },
		{ "a guest of another host, where a token must name a room", { type = "c2s", host = b }, strict, false },
		{ "a guest of another host of a plain Prosody", { type = "c2s", host = b }, { enable_domain_verification = false }, false },
	}) do
		it("is treated as such: "..case[1], function ()
			new_server({ [a] = case[3] });
			assert.equal(case[4], may_enter(a, case[2]));
		end);
	end

	it("is not one whose claims are hidden at the moment", function ()
		new_server({ [a] = jitsi });
		local session = session_of(b);
		verified.without(session, function () assert.is_false(may_enter(a, session)); end);
		assert.is_false(may_enter(a, session));
	end);
end);

describe("a session's token", function ()
	it("counts for the host that verified it, whichever the client is at", function ()
		new_server();
		local session = session_of(a);
		session.host = b;
		assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
		session = session_of(a);
		session.host, session.type = nil, nil;
		assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
	end);

	it("counts for the last host that verified one", function ()
		new_server();
		local session = session_of(a);
		session.auth_token = token(b);
		assert.is_true(verify(b, session));
		assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
	end);

	it("counts for each host that has verified it, even if others refuse it", function ()
		new_server({ [b] = { app_secret = ("a"):rep(32), asap_accepted_audiences = { "x" } } });
		local session = session_of(a);
		assert.is_true(verify(b, session));
		assert.same({ true, true }, { may_enter(a, session), may_enter(b, session) });
		assert.is_true(verify(a, session));
		assert.same({ true, true }, { may_enter(a, session), may_enter(b, session) });
		new_server();
		session = session_of(a);
		assert.is_false(verify(b, session));
		assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
	end);

	it("that replaced another one at a resumption counts for each host that has verified it", function ()
		new_server({ [b] = { app_secret = ("a"):rep(32) } });
		local session, connection = session_of(a, { jti = "1" }), session_of(a, { jti = "2" });
		verified.resume(session, connection);
		session.auth_token = connection.auth_token;
		assert.is_true(verify(b, session));
		assert.same({ true, true }, { may_enter(a, session), may_enter(b, session) });
		session.auth_token = token(a, { jti = "3" });
		assert.is_true(verify(b, session));
		assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
	end);

	it("is not verified by just belonging to a client of a host", function ()
		new_server({ [b] = { app_secret = ("a"):rep(32) } });
		local session = { type = "c2s", host = a, auth_token = token(a) };
		assert.is_true(verify(b, session));
		assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
	end);

	it("counts nowhere once the host that verified it refuses it", function ()
		local all = new_server({ ["*"] = { enable_domain_verification = false } });
		local session = session_of(a);
		all[a].app_secret = ("z"):rep(32);
		assert.is_false(verify(a, session));
		assert.is_false(may_enter(a, session));
	end);

	it("counts nowhere after its claims were removed", function ()
		new_server({ ["*"] = { enable_domain_verification = false, asap_require_room_claim = false }, [b] = { app_secret = ("a"):rep(32) } });
		local session = session_of(a, { room = "another" });
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function () error("oops"); end);
		assert.is_false(verify(b, session));
		assert.same({ false, false }, { may_enter(a, session), may_enter(b, session) });
	end);

	it("counts nowhere after a later one was refused", function ()
		new_server();
		local session = session_of(b);
		session.host = a;
		session.auth_token = token(b, { jti = "2" });
		assert.is_false(verify(a, session));
		assert.same({ false, false }, { may_enter(a, session), may_enter(b, session) });
		session = session_of(a);
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function () error("oops"); end);
		assert.is_false(verify(a, session));
		assert.is_false(may_enter(a, session));
	end);

	it("that was refused counts nowhere in a Jitsi deployment either, nor does an earlier one", function ()
		new_server({ [a] = { muc_mapper_domain_base = a, enable_domain_verification = false } });
		local session, connection = session_of(b), session_of(a, { jti = "2" });
		verified.resume(session, connection);
		session.auth_token = token(b, { jti = "3" });
		assert.is_false(verify(a, session));
		assert.is_false(may_enter(a, session));
		session.auth_token = connection.auth_token;
		assert.is_false(may_enter(a, session));
	end);

	it("does not count for a host below the one that verified it", function ()
		new_server({ ["*"] = { app_id = "app", app_secret = ("c"):rep(32) } });
		local below = "x."..b;
		_G.prosody.hosts[below] = { type = "local", events = require "util.events".new(), modules = {} };
		assert.is_false((token_util_of(below):verify_room(session_of(b), room(below))));
	end);

	it("counts for rooms whose plugins read the options of their component", function ()
		new_server({ ["*"] = { app_id = "app", app_secret = ("c"):rep(32) } });
		local token_util = token_util_of(rooms_of..a);
		assert.is_true((token_util:verify_room(session_of(a), room(a))));
		assert.is_false((token_util:verify_room(session_of(b), room(a))));
	end);

	it("counts according to the configuration after a reload, and to what a plugin has set", function ()
		local all = new_server();
		local token_util, session = token_util_of(a), session_of(b);
		local function allowed()
			return (token_util:verify_room(session, room(a)));
		end
		assert.is_false(allowed());
		all[a].token_verification_hosts = { b };
		assert.is_false(allowed());
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_true(allowed());
		all[a].token_verification_hosts = { {} };
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_false(allowed());
		assert.equal(1, #prosody.logged("error", "Option 'token_verification_hosts' must be a list of strings"));
		token_util.verificationHosts = { b };
		assert.is_true(allowed());
		token_util.verificationHosts = b;
		assert.is_false(allowed());
	end);
end);

describe("a token that a resumed session takes over", function ()
	local ways = {
		["c2s-session-updated"] = function (session, connection)
			_G.prosody.events.fire_event("c2s-session-updated", { session = session, from_session = connection });
		end,
		["smacks-hibernation-end"] = function (session, connection)
			_G.prosody.hosts[a].events.fire_event("smacks-hibernation-end", { resumed = session, origin = connection });
		end,
	};

	-- As Jitsi's plugins do it, that know nothing of who verified it; `verdict` says whether they take it over.
	local function take_over(event, priority, verdict)
		local function copy(session, connection)
			local token_before, room_before = session.auth_token, session.jitsi_meet_room;
			session.auth_token, session.jitsi_meet_room = connection.auth_token, connection.jitsi_meet_room;
			if verdict and verdict(session) == false then
				session.auth_token, session.jitsi_meet_room = token_before, room_before;
			end
		end
		_G.prosody.events.add_handler("c2s-session-updated", function (data) copy(data.session, data.from_session); end, priority);
		_G.prosody.hosts[a].events.add_handler("smacks-hibernation-end", function (data) copy(data.resumed, data.origin); end, priority);
		return ways[event];
	end

	for event in pairs(ways) do
		local function it_also(what, test)
			it(what.." ("..event..")", function ()
				new_server();
				token_util_of(a);
				test();
			end);
		end

		it_also("counts for who verified it", function ()
			local session, connection = session_of(a, { jti = "1" }), session_of(b, { jti = "2" });
			take_over(event, 1)(session, connection);
			assert.equal(connection.auth_token, session.auth_token);
			assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
			take_over(event, 1)(session, session_of(a, { jti = "3" }));
			assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
		end);

		it_also("is judged so before it is taken over, and the former one counts as before if it is not", function ()
			local session, seen = session_of(a, { jti = "1" }), nil;
			local resume = take_over(event, 1, function (taken)
				seen = may_enter(a, taken);
				return seen;
			end);
			resume(session, session_of(b, { jti = "2" }));
			assert.is_false(seen);
			assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
			resume(session, session_of(b, { jti = "3" }));
			assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
			resume(session, session_of(a, { jti = "4" }));
			assert.is_true(seen);
			resume(session, session_of(b, { jti = "5" }));
			assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
		end);

		it_also("still counts for who verified it if the next one is not taken over", function ()
			local session, taken = session_of(a, { jti = "1" }), true;
			local resume = take_over(event, 1, function () return taken; end);
			resume(session, session_of(b, { jti = "2" }));
			taken = false;
			resume(session, session_of(b, { jti = "3" }));
			assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
			resume(session, session_of(a, { jti = "4" }));
			assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
		end);

		it_also("counts for who verifies it meanwhile", function ()
			local session, connection = session_of(a, { jti = "1" }), session_of(b, { jti = "2" });
			local resume = take_over(event, 1, function ()
				connection.auth_token = token(a, { jti = "3" });
				assert.is_true(verify(a, connection));
				session.auth_token = connection.auth_token;
			end);
			resume(session, connection);
			assert.same({ true, false }, { may_enter(a, session), may_enter(b, session) });
		end);

		it_also("counts for the host of a client that another module has logged in", function ()
			local session = session_of(a);
			take_over(event, 1)(session, { type = "c2s", host = b, auth_token = "x", jitsi_meet_room = "*" });
			assert.same({ false, true }, { may_enter(a, session), may_enter(b, session) });
		end);

		it_also("is none where the connection has none", function ()
			local session, connection = session_of(a), { type = "c2s", host = b };
			ways[event](session, connection);
			assert.is_true(may_enter(a, session));
			session = session_of(b);
			ways[event](session, {}); -- as Prosody leaves it behind
			session.auth_token = nil;
			assert.is_false(may_enter(a, session));
		end);
	end
end);

describe("the claims of a token that does not count", function ()
	local seen;

	-- A plugin of a's rooms that looks at claims by itself, and the one that guards them.
	local function load_guard(options, on_presence)
		local all = new_server({ [a] = options });
		local module = prosody.load_plugin("lua/modules/mod_token_verification.lua", rooms_of..a, all);
		seen = {};
		for _, kind in ipairs({ "presence", "message", "iq" }) do
			for _, address in ipairs({ "full", "bare", "host" }) do
				_G.prosody.hosts[rooms_of..a].events.add_handler(kind.."/"..address, function (event)
					seen[#seen + 1] = event.origin.jitsi_meet_context_user or false;
					return on_presence and on_presence(event);
				end);
			end
		end
		return module, all;
	end

	local function fire(session, event, host)
		return _G.prosody.hosts[rooms_of..(host or a)].events.fire_event(event or "presence/full", {
			origin = session, stanza = st.presence({ from = "u@"..session.host.."/r", to = room(host or a) }),
		});
	end

	local user = { id = "u", moderator = true };
	local claims = { context = { user = user, tenant = "t", group = "g", features = { recording = true }, room = { lobby = true } } };

	local function copy_of(session)
		local copy = {};
		for name, value in pairs(session) do
			copy[name] = value;
		end
		return copy;
	end

	it("are removed while a stanza of that user is handled, and restored afterwards", function ()
		load_guard({}, function (event)
			for name in pairs(event.origin) do
				assert.is_nil(name:match("^jitsi_") or name:match("^auth"));
			end
			return "handled";
		end);
		local session = session_of(b, claims);
		local before = copy_of(session);
		for _, kind in ipairs({ "presence", "message", "iq" }) do
			for _, address in ipairs({ "full", "bare", "host" }) do
				assert.equal("handled", fire(session, kind.."/"..address));
				assert.same(before, session);
			end
		end
		assert.same({ false, false, false, false, false, false, false, false, false }, seen);
	end);

	it("stay in the user's own rooms, and in those of hosts that trust the user's host", function ()
		load_guard({ token_verification_hosts = { b } });
		fire(session_of(b, claims));
		fire(session_of(a, claims));
		assert.same({ user, user }, seen);
	end);

	it("are those that do not count for the current token host, not for an earlier one", function ()
		local _, all = load_guard({});
		for _, judge in ipairs({ b, a, b }) do
			all[rooms_of..a].token_verification_host = judge;
			_G.prosody.events.fire_event("config-reloaded");
			seen = {};
			fire(session_of(a, claims));
			fire(session_of(b, claims));
			assert.same({ judge == a and user, judge == b and user }, seen);
		end
	end);

	it("are restored after an error, which is passed on unchanged", function ()
		load_guard({}, function () error({ "oops" }); end);
		local session = session_of(b, claims);
		local before = copy_of(session);
		local ok, err = pcall(fire, session);
		assert.same({ false, { "oops" } }, { ok, err });
		assert.same(before, session);
	end);

	it("are restored after an error that ends the coroutine, as Prosody runs a client's stanzas, and the traceback is kept", function ()
		local function broken()
			error("oops");
		end
		load_guard({}, broken);
		local session = session_of(b, claims);
		local before = copy_of(session);
		local ok, err = coroutine.resume(coroutine.create(fire), session);
		assert.is_false(ok);
		assert.same(before, session);
		assert.is_true(may_enter(b, session));
		assert.truthy(err:find("oops\nstack traceback:", 1, true), err);
	end);

	it("are restored after a wait", function ()
		load_guard({}, function () return coroutine.yield("waiting"); end);
		local session = session_of(b, claims);
		local before = copy_of(session);
		local thread = coroutine.create(fire);
		assert.same({ true, "waiting" }, { coroutine.resume(thread, session) });
		assert.is_nil(session.auth_token);
		assert.same({ true, "handled" }, { coroutine.resume(thread, "handled") });
		assert.same(before, session);
	end);

	it("do not include fields that plugins of the rooms set for a guest", function ()
		local features;
		load_guard({ allow_empty_token = true }, function (event) features = event.origin.jitsi_meet_context_features; end);
		local granted = { recording = true };
		fire({ type = "c2s", host = b, jitsi_meet_context_features = granted });
		assert.equal(granted, features);
		local log_ins = { "auth_token", "jitsi_meet_room", "jitsi_meet_domain", "jitsi_meet_context_user", "jitsi_meet_context_group" };
		for _, brought in ipairs(log_ins) do
			features = nil;
			fire({ type = "c2s", host = b, jitsi_meet_context_features = granted, [brought] = "x" });
			assert.is_nil(features);
		end
	end);

	it("are also removed for everything that such a stanza triggers", function ()
		local depth = 0;
		load_guard({}, function (event)
			depth = depth + 1;
			if depth < 3 then
				fire(event.origin, "message/bare");
				assert.is_nil(event.origin.auth_token);
			end
		end);
		local session = session_of(b, claims);
		fire(session);
		assert.same({ false, false, false }, seen);
		assert.same(user, session.jitsi_meet_context_user);
	end);

	it("do not overwrite those of a session that was resumed or verified meanwhile", function ()
		local session, connection;
		load_guard({}, function ()
			for _, field in ipairs({ "auth_token", "jitsi_meet_room", "jitsi_meet_domain" }) do
				session[field] = connection[field];
			end
		end);
		session, connection = session_of(b, claims), session_of(b, { jti = "2" });
		verified.resume(session, connection);
		fire(session);
		assert.equal(connection.auth_token, session.auth_token);
		assert.is_nil(session.jitsi_meet_context_user);
		assert.is_false(may_enter(a, session));
		assert.is_true(may_enter(b, session));
	end);

	it("do not affect the decision about the room, also with domain verification off", function ()
		local allowed = {};
		load_guard({ enable_domain_verification = false, asap_require_room_claim = false }, function (event)
			allowed[#allowed + 1] = may_enter(a, event.origin);
			if #allowed == 1 then
				fire(event.origin, "message/bare");
				allowed[#allowed + 1] = may_enter(a, event.origin);
			end
		end);
		local function decisions_about(session)
			allowed = {};
			fire(session);
			return allowed;
		end
		assert.same({ false, false, false }, decisions_about(session_of(b, claims)));
		assert.same({ true, true, true }, decisions_about(session_of(a, claims)));
		local resumed, connection = session_of(a, claims), session_of(b, { jti = "2" });
		verified.resume(resumed, connection);
		resumed.auth_token = connection.auth_token;
		assert.same({ false, false, false }, decisions_about(resumed));
	end);

	it("count again after the plugin was unloaded: nothing guards the rooms then", function ()
		local module = load_guard();
		prosody.unload(module);
		fire(session_of(b, claims));
		assert.same({ user }, seen);
	end);

	it("are not removed by plugins that use token_util for another purpose, nor on a host of users", function ()
		load_guard();
		token_util_of(a, rooms_of..b, "some_api");
		token_util_of(a, b, "token_verification");
		local own = session_of(b, claims);
		_G.prosody.hosts[rooms_of..b].events.add_handler("presence/full", function (event) seen[1] = event.origin.jitsi_meet_context_user; end);
		_G.prosody.hosts[b].events.add_handler("presence/full", function (event) seen[2] = event.origin.jitsi_meet_context_user; end);
		fire(own, "presence/full", b);
		_G.prosody.hosts[b].events.fire_event("presence/full", { origin = own });
		assert.same({ user, user }, seen);
	end);

	it("do not make a moderator, and the log says why", function ()
		local said;
		new_server();
		local token_util = token_util_of(a);
		local set = require "util.set";
		local door = require "token_verifier.plugin.door".new(rooms_of..a, token_util, {
			admins = set.new(), allow_list = set.new(), require_token_for_moderation = true,
		}, nil, function (level, ...) said = level.." "..string.format(...); end);
		assert.is_true(door:may_moderate(session_of(a), "u@a.example/r", room(a)));
		assert.is_false(door:may_moderate(session_of(b), "u@b.example/r", room(a)));
		assert.truthy(said:find("info Moderation refused: token-required: a token is required: what b.example has verified", 1, true));
	end);
end);

describe("a session that is resumed with another token", function ()
	local other = "conference.c.example";

	-- A session of a's that was let into rooms there, and then into one where no token is needed. `rooms` is whom it is in.
	local function enter_rooms(count, rooms)
		local all = new_server({ [a] = { asap_require_room_claim = false } });
		prosody.load_plugin("lua/modules/mod_token_verification.lua", rooms_of..a, all);
		local looked = 0;
		_G.prosody.hosts[rooms_of..a].modules.muc.get_room_from_jid = function (room_jid)
			looked = looked + 1;
			return { _data = {}, get_occupant_jid = function () return rooms[room_jid] and "nick"; end };
		end;
		local session, token_util = session_of(a), token_util_of(a);
		session.full_jid = "u@a.example/r";
		for i = 1, count do
			assert.is_true((token_util:verify_room(session, ("room%d@%s/nick"):format(i, rooms_of..a))));
		end
		session.jitsi_meet_verified_room = "room@"..other;
		return session, function (claim)
			session.jitsi_meet_room = claim;
			return _G.prosody.events.fire_event("jitsi-verify-session-rooms", { session = session });
		end, function () return looked; end;
	end

	it("takes over its claims if they cover every room that the session is in", function ()
		local rooms = { ["room1@"..rooms_of..a] = true };
		local _, ask = enter_rooms(3, rooms);
		assert.is_nil(ask("room1"));
		assert.is_nil(ask("*"));
		assert.same({ false, "room1@"..rooms_of..a, "not-allowed" }, { ask("room2").res, ask("room2").room, ask("room2").error });
		rooms["room1@"..rooms_of..a] = nil;
		assert.is_nil(ask("room2"));
	end);

	it("is checked only for its current rooms, in a time that does not grow with the rooms it has left", function ()
		local rooms = { ["room1@"..rooms_of..a] = true };
		local _, ask, looked = enter_rooms(1000, rooms);
		assert.is_true(looked() < 5000, looked());
		local before = looked();
		assert.is_false(ask("room2").res);
		assert.is_true(looked() - before < 40);
	end);

	it("has not entered a room where it was refused", function ()
		local session, ask = enter_rooms(0, { ["room1@"..rooms_of..a] = true });
		session.jitsi_meet_room = "room1";
		assert.is_false((token_util_of(a):verify_room(session, "room2@"..rooms_of..a)));
		assert.is_nil(ask("room2"));
	end);
end);
