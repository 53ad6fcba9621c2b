-- SPDX-License-Identifier: MIT
-- mod_auth_token: the data of a connection, the log-in with its events, and what a resumed session takes over.

local prosody = require "spec.support.prosody";
local st = require "util.stanza";
local tokens = require "spec.support.tokens";

local secret = ("s"):rep(32);

local function load_module(changes)
	local options = { app_id = "app", app_secret = secret };
	for name, value in pairs(changes or {}) do
		options[name] = value;
	end
	local all = { ["example.org"] = options };
	prosody.new_server(all);
	return prosody.load_plugin("lua/modules/mod_auth_token.lua", "example.org", all);
end

local function good_token(changes)
	return tokens.hs256(tokens.claims(changes), secret);
end

local bad_token = tokens.hs256(tokens.claims(), ("x"):rep(32));

local function hook(event, handler)
	_G.prosody.events.add_handler(event, handler);
end

-- Goes through SASL as mod_saslauth does. Returns the status, then the username, or the condition and the text.
local function authenticate(module, session, handler)
	return prosody.run(function ()
		handler = handler or module.provided.auth.get_sasl_handler(session);
		assert.same({ ANONYMOUS = true }, handler:mechanisms());
		assert.is_true(handler:select("ANONYMOUS"));
		local status, condition, text = handler:process("");
		if status == "success" then
			return status, handler.username;
		end
		return status, condition, text, handler:clean_clone();
	end);
end

describe("a connection", function ()
	-- { what, query, headers, expected fields of the session }
	for _, case in ipairs({
		{ "with everything in its URL", "token=t%2B1&room=Room1&prefix=acme&previd=p&customusername=u",
			{ user_agent = "ua", x_proxy_region = "eu" }, {
				auth_token = "t+1", jitsi_web_query_room = "Room1", jitsi_web_query_prefix = "acme", previd = "p",
				customusername = "u", user_agent_header = "ua", user_region = "eu",
			} },
		{ "with nothing", nil, {}, {} },
		{ "with a room only", "room=r", {}, { jitsi_web_query_room = "r", jitsi_web_query_prefix = "" } },
		{ "with a query that is only a word", "word", {}, { jitsi_web_query_prefix = "" } },
		{ "with a bearer token", nil, { authorization = "Bearer t2" }, { auth_token = "t2" } },
		{ "with a bearer token in another case", nil, { authorization = "bearer t2" }, { auth_token = "t2" } },
		{ "with another kind of authorization", nil, { authorization = "Basic dTpw" }, {} },
		{ "with both", "token=t1", { authorization = "Bearer t2" }, { auth_token = "t1", jitsi_web_query_prefix = "" } },
		{ "with an empty token", "token=", {}, { auth_token = "", jitsi_web_query_prefix = "" } },
	}) do
		for _, event in ipairs({ "websocket-session", "bosh-session" }) do
			it(case[1].." ("..event..")", function ()
				load_module();
				local session = {};
				_G.prosody.events.fire_event(event, {
					session = session, request = { headers = case[3], url = { query = case[2] } },
				});
				assert.same(case[4], session);
			end);
		end
	end

	for _, event in ipairs({ "websocket-session", "bosh-session" }) do
		it("has all that before other plugins look ("..event..")", function ()
			load_module();
			local tokens_seen = {};
			for _, priority in ipairs({ 2, 0 }) do
				_G.prosody.events.add_handler(event, function (e)
					tokens_seen[#tokens_seen + 1] = e.session.auth_token or "none yet";
				end, priority);
			end
			_G.prosody.events.fire_event(event, { session = {}, request = { headers = {}, url = { query = "token=t" } } });
			assert.same({ "none yet", "t" }, tokens_seen);
		end);
	end

	it("takes its region from the configured header", function ()
		load_module({ region_header_name = "x_region" });
		local session = {};
		_G.prosody.events.fire_event("websocket-session", {
			session = session, request = { headers = { x_region = "us" }, url = {} },
		});
		assert.equal("us", session.user_region);
	end);

	it("takes its region from the default header if the option is invalid, until the configuration is fixed", function ()
		local module = load_module({ region_header_name = { "x_region" } });
		assert.equal(1, #prosody.logged("error", "Option 'region_header_name' must be a string, not a table"));
		local function region()
			local session = {};
			_G.prosody.events.fire_event("websocket-session", {
				session = session, request = { headers = { x_region = "us", x_proxy_region = "eu" }, url = {} },
			});
			return session.user_region;
		end
		assert.equal("eu", region());
		module.options["example.org"].region_header_name = "x_region";
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal("us", region());
	end);
end);

describe("a log-in", function ()
	it("succeeds with a good token, as a new user each time", function ()
		local module = load_module();
		local session = { auth_token = good_token() };
		local status, username = authenticate(module, session);
		assert.equal("success", status);
		assert.is_true(session._jitsi_auth_done);
		assert.truthy(session.auth_token);
		local _, other = authenticate(module, { auth_token = good_token() });
		assert.are_not.equal(username, other);
		assert.is_true(#other >= 32);
	end);

	it("ends with an answer when the token is bad, and the token is gone", function ()
		local module = load_module();
		local session = { auth_token = bad_token };
		local status, condition, text = authenticate(module, session);
		assert.same({ "failure", "not-allowed" }, { status, condition });
		assert.truthy(text:find("signature"), text);
		assert.is_nil(session.auth_token);
		assert.is_nil(session._jitsi_auth_done);
		assert.equal("not-authorized", select(2, authenticate(module, { auth_token = good_token({ sub = tokens.absent }) })));
	end);

	it("does not succeed as a guest after the token was refused", function ()
		local module = load_module({ allow_empty_token = true });
		local session = { auth_token = bad_token };
		local _, _, text, clone = authenticate(module, session);
		assert.truthy(clone, "what the next attempt of the connection goes through");
		assert.same({ "failure", "not-allowed", text }, { table.unpack({ authenticate(module, session, clone) }, 1, 3) });
		assert.equal("failure", (authenticate(module, session)));
		assert.equal("success", (authenticate(module, {})));
	end);

	it("leaves Prosody's own ANONYMOUS to other hosts", function ()
		load_module();
		local handler = require "util.sasl".new("other.org", { anonymous = function () return true; end });
		assert.is_true(handler:select("ANONYMOUS"));
		assert.equal("success", handler:process(""));
		assert.truthy(handler.username);
	end);

	it("fires its events in order, each with the session", function ()
		local module = load_module();
		local session = { auth_token = good_token() };
		local order = {};
		for _, event in ipairs({
			"post-jitsi-authentication", "jitsi-access-ban-check", "pre-jitsi-authentication-fetch-key",
			"pre-jitsi-authentication", "jitsi-authentication-token-verified",
		}) do
			hook(event, function (argument)
				order[#order + 1] = event;
				assert.equal(session, argument.session or argument);
			end);
		end
		authenticate(module, session);
		assert.same({
			"pre-jitsi-authentication-fetch-key", "jitsi-authentication-token-verified", "jitsi-access-ban-check",
			"pre-jitsi-authentication", "post-jitsi-authentication",
		}, order);
	end);

	for _, event in ipairs({ "pre-jitsi-authentication-fetch-key", "post-jitsi-authentication" }) do
		it("is denied by "..event, function ()
			local module = load_module();
			hook(event, function () return { res = false, error = "policy-violation", reason = "no" }; end);
			local session = { auth_token = good_token() };
			assert.same({ "failure", "policy-violation", "no" },
				{ table.unpack({ authenticate(module, session) }, 1, 3) });
			assert.is_nil(session.auth_token);
			assert.is_nil(session._jitsi_auth_done);
		end);

		it("is denied with not-allowed if no error is given: "..event, function ()
			local module = load_module();
			hook(event, function () return { res = false }; end);
			assert.same({ "failure", "not-allowed" }, { table.unpack({ authenticate(module, { auth_token = good_token() }) }, 1, 2) });
		end);

		it("is denied with text that is valid in a stanza, whatever a handler returns: "..event, function ()
			-- { error, reason, text for the client }
			for _, case in ipairs({
				{ 5, {} }, { true, 5 }, { "Not Allowed!", "no\0\1", "no??" }, { "a>b", "\255", "?" }, { "", "Zo\195\171 \n", "Zo\195\171 \n" },
			}) do
				local module = load_module();
				hook(event, function () return { res = false, error = case[1], reason = case[2] }; end);
				local answer = { table.unpack({ authenticate(module, { auth_token = good_token() }) }, 1, 3) };
				assert.same({ "failure", "not-allowed", case[3] }, answer);
				st.stanza("failure"):tag(answer[2]):up():tag("text"):text(answer[3] or "");
			end
		end);

		it("is not denied by another answer to "..event, function ()
			local module = load_module();
			hook(event, function () return { res = true }; end);
			assert.equal("success", (authenticate(module, { auth_token = good_token() })));
		end);
	end

	it("uses the key that a handler sets", function ()
		local module = load_module();
		hook("pre-jitsi-authentication-fetch-key", function (session) session.public_key = "notused"; end);
		assert.equal("success", (authenticate(module, { auth_token = tokens.hs256(tokens.claims(), "notused") })));
		assert.equal("failure", (authenticate(module, { auth_token = good_token() })));
	end);

	it("is denied to the banned, who keep their token", function ()
		local module = load_module();
		hook("jitsi-access-ban-check", function () return false; end);
		local session = { auth_token = good_token() };
		assert.same({ "failure", "not-allowed" }, { table.unpack({ authenticate(module, session) }, 1, 2) });
		assert.truthy(session.auth_token);
	end);

	it("is not denied by other answers to the ban check, and never counts as logged in when denied", function ()
		for _, answer in ipairs({ true, "no", 0 }) do
			local module = load_module();
			hook("jitsi-access-ban-check", function () return answer; end);
			assert.equal("success", (authenticate(module, { auth_token = good_token() })));
		end
		local module = load_module();
		hook("jitsi-access-ban-check", function () return false; end);
		local session = { auth_token = good_token() };
		authenticate(module, session);
		assert.is_nil(session._jitsi_auth_done);
	end);

	-- The counters of Jitsi's module: what happens, the handler that denies, and the counter.
	for _, case in ipairs({
		{ "a good token", nil, "success" }, { "a bad token", nil, "verify_fail" },
		{ "a denial before the key is fetched", "pre-jitsi-authentication-fetch-key", "pre_fetch_fail" },
		{ "a ban", "jitsi-access-ban-check", "ban" }, { "a denial at the end", "post-jitsi-authentication", "post_auth_fail" },
	}) do
		it("is counted as in Jitsi's module: "..case[1], function ()
			local module = load_module();
			if case[2] then
				hook(case[2], function ()
					if case[3] == "ban" then
						return false;
					end
					return { res = false, error = "not-allowed" };
				end);
			end
			authenticate(module, { auth_token = case[3] == "verify_fail" and bad_token or good_token() });
			assert.same({ [case[3]] = 1 }, module.measured);
		end);
	end

	it("is complete only after post-jitsi-authentication has passed", function ()
		local module = load_module();
		local done = "not fired";
		hook("post-jitsi-authentication", function (session) done = session._jitsi_auth_done; end);
		authenticate(module, { auth_token = good_token() });
		assert.is_nil(done);
	end);

	it("fires its events for the whole server", function ()
		local module = load_module();
		local fired = false;
		for _, event in ipairs({ "pre-jitsi-authentication-fetch-key", "pre-jitsi-authentication", "post-jitsi-authentication" }) do
			_G.prosody.hosts["example.org"].events.add_handler(event, function () fired = true; end);
		end
		authenticate(module, { auth_token = good_token() });
		assert.is_false(fired);
	end);

	it("is one line in the log if it is refused, whoever refuses it, also the second time", function ()
		local by_event = { ["pre-jitsi-authentication-fetch-key"] = { res = false }, ["jitsi-access-ban-check"] = false,
			["post-jitsi-authentication"] = { res = false } };
		local function refused_lines(session, handler)
			prosody.clear_log();
			local module = load_module();
			if handler then
				hook(handler, function () return by_event[handler]; end);
			end
			local clone = select(4, authenticate(module, session));
			local lines = prosody.logged("info", "refused: ");
			assert.equal(1, #lines);
			prosody.clear_log();
			if not session.auth_token then
				authenticate(module, session, clone);
				assert.equal(1, #prosody.logged("info", "refused: "));
			end
			return lines[1];
		end
		local known = { jitsi_web_query_room = "r\n1", jitsi_web_query_prefix = "acme", ip = "192.0.2.7" };
		local function session_with(token)
			return setmetatable({ auth_token = token }, { __index = known });
		end
		local line = refused_lines(session_with(bad_token));
		assert.truthy(line:find('Token refused: bad-signature: ', 1, true), line);
		assert.truthy(line:find('(tenant="acme" room="r\\x0a1" client="192.0.2.7")', 1, true), line);
		line = refused_lines(session_with(good_token({ iss = "somebody" })));
		assert.truthy(line:find('client="192.0.2.7" iss="somebody")', 1, true), line);
		for event in pairs(by_event) do
			line = refused_lines(session_with(good_token()), event);
			assert.truthy(line:find("Log-in refused: denied by a handler of "..event, 1, true), line);
			assert.truthy(line:find('(tenant="acme" room="r\\x0a1" client="192.0.2.7")', 1, true), line);
		end
		for _, logged in ipairs(prosody.log_lines) do
			assert.is_nil(logged:find(good_token():match("%.(.*)%."), 1, true), logged);
		end
	end);

	it("gets the username that a handler chose", function ()
		local module = load_module();
		_G.prosody.hosts["example.org"].sessions.someone = { sessions = { r = { resumption_token = "p1" } } };
		hook("pre-jitsi-authentication", function () return "chosen"; end);
		assert.same({ "success", "chosen" }, { authenticate(module, { auth_token = good_token(), previd = "p1" }) });
	end);

	it("gets no username from a handler that answers with something else", function ()
		for _, answer in ipairs({ true, 5, {}, { res = false } }) do
			local module = load_module();
			hook("pre-jitsi-authentication", function () return answer; end);
			local status, username = authenticate(module, { auth_token = good_token() });
			assert.same({ "success", "string" }, { status, type(username) });
		end
	end);

	it("gets the username of the session that it resumes, of this host only", function ()
		local module = load_module();
		_G.prosody.hosts["example.org"].sessions.someone = { sessions = { r = { resumption_token = "p1" } } };
		assert.same({ "success", "someone" }, { authenticate(module, { auth_token = good_token(), previd = "p1" }) });
		assert.are_not.equal("someone", select(2, authenticate(module, { auth_token = good_token(), previd = "p2" })));
		assert.are_not.equal("someone", select(2, authenticate(module, { auth_token = good_token() })));
	end);

	it("ends with an answer when a handler fails", function ()
		local module = load_module();
		hook("pre-jitsi-authentication", function () error("oops"); end);
		local session = { auth_token = good_token() };
		assert.same({ "failure", "temporary-auth-failure" }, { table.unpack({ authenticate(module, session) }, 1, 2) });
		assert.is_nil(session.auth_token);
	end);

	it("leaves a session that was closed in the meantime as Prosody 13 needs it", function ()
		local module = load_module({ allow_empty_token = true });
		local session = { auth_token = good_token(), base_type = "c2s" };
		hook("pre-jitsi-authentication-fetch-key", function ()
			for name in pairs(session) do
				session[name] = nil;
			end
			session.destroyed = true;
		end);
		local went_on = false;
		hook("pre-jitsi-authentication", function () went_on = true; end);
		assert.equal("failure", (authenticate(module, session)));
		assert.equal("c2s", session.base_type);
		assert.is_false(went_on);
	end);

	it("is not possible without a key, and nothing breaks", function ()
		local options = { ["example.org"] = { app_id = "app" } };
		prosody.new_server(options);
		local module = prosody.load_plugin("lua/modules/mod_auth_token.lua", "example.org", options);
		assert.is_nil(module.provided.auth);
	end);
end);

describe("a session that ends", function ()
	it("is announced to all plugins", function ()
		load_module();
		local seen;
		hook("jitsi-pre-session-unbind", function (event) seen = event; end);
		local session = { full_jid = "u@example.org/r" };
		assert.is_nil(_G.prosody.hosts["example.org"].events.fire_event("pre-resource-unbind", {
			session = session, error = "e",
		}));
		assert.same({ jid = "u@example.org/r", session = session, error = "e" }, seen);
	end);

	it("is announced before mod_smacks keeps it, at priority 11", function ()
		load_module();
		local order = {};
		hook("jitsi-pre-session-unbind", function () order[#order + 1] = "announced"; end);
		for _, priority in ipairs({ 10, 12 }) do
			_G.prosody.hosts["example.org"].events.add_handler("pre-resource-unbind", function ()
				order[#order + 1] = priority;
			end, priority);
		end
		_G.prosody.hosts["example.org"].events.fire_event("pre-resource-unbind", { session = {} });
		assert.same({ 12, "announced", 10 }, order);
	end);
end);

describe("a session that is resumed", function ()
	local former = {
		host = "example.org", auth_token = "old", jitsi_meet_room = "old", jitsi_meet_domain = "old",
		jitsi_meet_tenant_mismatch = true, jitsi_breakout_main_jid = "old", jitsi_meet_context_group = "old",
	};

	local function resume(connection, on_verify_rooms)
		local session, closed = {}, nil;
		for name, value in pairs(former) do
			session[name] = value;
		end
		function session:close(reason)
			closed = reason;
			self.destroyed = true;
		end
		hook("jitsi-verify-session-rooms", on_verify_rooms or function () end);
		connection.host = connection.host or "example.org";
		return session, function () return closed; end;
	end

	-- The event of Prosody 13, and that of 0.12.
	local ways = {
		["c2s-session-updated"] = function (session, connection)
			_G.prosody.events.fire_event("c2s-session-updated", { session = session, from_session = connection });
		end,
		["smacks-hibernation-end"] = function (session, connection)
			_G.prosody.hosts[session.host].events.fire_event("smacks-hibernation-end", {
				resumed = session, origin = connection,
			});
		end,
	};

	for name, fire in pairs(ways) do
		local function it_also(what, test)
			it(what.." ("..name..")", function ()
				local module = load_module();
				test(module, function (session, connection)
					prosody.run(fire, session, connection);
					local turned = false;
					prosody.server.add_task(0.01, function () turned = true; end);
					prosody.run_until(function () return turned; end);
				end);
			end);
		end

		it_also("takes over all claims of the new token", function (module, go)
			local connection = { auth_token = good_token({ room = "new", context = { user = { id = "u" } } }) };
			authenticate(module, connection);
			local verified;
			local session, closed = resume(connection, function (event) verified = event.session; end);
			go(session, connection);
			assert.equal("new", session.jitsi_meet_room);
			assert.equal(connection.auth_token, session.auth_token);
			assert.same({ id = "u" }, session.jitsi_meet_context_user);
			assert.is_nil(session.jitsi_meet_context_group);
			assert.is_nil(session.jitsi_meet_tenant_mismatch);
			assert.is_nil(session.jitsi_breakout_main_jid);
			assert.equal(session, verified);
			assert.is_nil(closed());
		end);

		it_also("takes over every field that a token sets, and clears what the new one lacks", function (_, go)
			local fields = {
				"auth_token", "jitsi_meet_room", "jitsi_meet_domain", "jitsi_meet_auth_issuer", "jitsi_meet_str_tenant",
				"jitsi_meet_context_user", "jitsi_meet_context_group", "jitsi_meet_context_features", "jitsi_meet_context_room",
				"jitsi_meet_tenant_mismatch", "jitsi_breakout_main_jid",
			};
			local connection = { _jitsi_auth_done = true };
			for _, field in ipairs(fields) do
				connection[field] = "new "..field;
			end
			local session = resume(connection);
			go(session, connection);
			for _, field in ipairs(fields) do
				assert.equal("new "..field, session[field]);
			end
			local bare = { _jitsi_auth_done = true, auth_token = "t" };
			session = resume(bare);
			for _, field in ipairs(fields) do
				session[field] = "old";
			end
			go(session, bare);
			for i = 2, #fields do
				assert.is_nil(session[fields[i]], fields[i]);
			end
		end);

		it_also("keeps its claims if the new ones do not cover its room", function (module, go)
			local connection = { auth_token = good_token({ room = "new" }) };
			authenticate(module, connection);
			local session, closed = resume(connection, function () return { res = false }; end);
			go(session, connection);
			for field, value in pairs(former) do
				assert.equal(value, session[field], field);
			end
			assert.is_nil(closed());
		end);

		it_also("keeps its claims if a handler fails", function (module, go)
			local connection = { auth_token = good_token({ room = "new" }) };
			authenticate(module, connection);
			local session = resume(connection, function () error("oops"); end);
			go(session, connection);
			assert.equal("old", session.jitsi_meet_room);
		end);

		it_also("is left alone by a connection without a token", function (_, go)
			local session, closed = resume({});
			go(session, { host = "example.org" });
			assert.equal("old", session.jitsi_meet_room);
			assert.is_nil(closed());
		end);

		it_also("is closed if the connection has a token and never logged in with it", function (_, go)
			local connection = { auth_token = good_token() };
			local session, closed = resume(connection);
			go(session, connection);
			assert.equal("not-authorized", closed().condition);
		end);

		it_also("of another host is left alone", function (_, go)
			local connection = { auth_token = bad_token, host = "other.org" };
			local session, closed = resume(connection);
			session.host = "other.org";
			_G.prosody.hosts["other.org"] = { events = require "util.events".new() };
			go(session, connection);
			assert.equal("old", session.jitsi_meet_room);
			assert.is_nil(closed());
		end);

		it_also("by a connection of another host is logged in here first", function (_, go)
			local connection = { auth_token = good_token({ room = "new" }), host = "other.org", _jitsi_auth_done = true };
			local session, closed = resume(connection);
			go(session, connection);
			assert.equal("new", session.jitsi_meet_room);
			assert.is_nil(closed());

			connection = { auth_token = bad_token, host = "other.org", _jitsi_auth_done = true };
			session, closed = resume(connection);
			go(session, connection);
			assert.truthy(closed());
			assert.equal("old", session.jitsi_meet_room);
		end);
	end
end);
