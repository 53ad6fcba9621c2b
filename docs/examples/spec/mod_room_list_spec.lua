-- SPDX-License-Identifier: MIT
-- The example's own spec. Run `busted` in docs/examples once the module is installed, or `make example` in a checkout.

local testing = require "token_verifier.testing";
local prosody = testing.prosody; -- Prosody's own libraries can be required from here on
local json = require "util.json";

-- The claims of a service, as its tokens have them.
local service = { iss = "dashboard", aud = "room-list", sub = "dashboard", room = testing.absent };

-- A room as far as the plugin looks at it: Prosody's own room objects have these methods.
local function room(jid, ...)
	local nicks = { ... };
	return { jid = jid, each_occupant = function () return ipairs(nicks); end };
end

-- Loads the plugin into a new server that has two rooms. Returns what asks it with a token.
local function load_plugin(key_server)
	local hosts = prosody.new_server({
		["meet.example.org"] = {
			app_id = "my-app", app_secret = testing.secret, -- for people
			room_list_key_server = key_server, room_list_issuers = { "dashboard" },
		},
		["conference.meet.example.org"] = {},
	}).hosts;
	local rooms = { room("two@conference.meet.example.org", "ada", "bob"), room("one@conference.meet.example.org", "eve") };
	hosts["conference.meet.example.org"].modules.muc = {
		live_rooms = function ()
			local i = 0;
			return function () i = i + 1; return rooms[i]; end;
		end;
	};
	local plugin = prosody.load_plugin("mod_room_list.lua", "meet.example.org");
	return function (token)
		local authorization = token and "Bearer "..token;
		return prosody.run(plugin.provided.http.route.GET, { request = { headers = { authorization = authorization } } });
	end, plugin;
end

describe("the list of rooms", function ()
	local server;

	lazy_setup(function () server = testing.key_server(); end);
	lazy_teardown(function () server:close(); end);
	after_each(function ()
		server:recover();
		testing.clock.reset();
	end);

	it("is sent to a client with a token", function ()
		local ask = load_plugin(server.url);
		local answer = ask(testing.mint(service));
		assert.equal(200, answer.status_code, answer.body);
		assert.same({
			{ room = "one@conference.meet.example.org", occupants = 1 }, { room = "two@conference.meet.example.org", occupants = 2 },
		}, json.decode(answer.body));
	end);

	-- { what, claims, options, the code logged }
	for _, case in ipairs({
		{ "that has expired", {}, { expired = true }, "expired" },
		{ "of somebody who may enter rooms", { iss = "my-app" }, {}, "issuer-not-accepted" },
		{ "for another service", { aud = "jitsi" }, {}, "audience-not-accepted" },
		{ "with a changed signature", {}, { wrong_signature = true }, "bad-signature" },
		{ "under another key's name", {}, { kid = "never-published" }, "key-not-found" },
		{ "signed with the shared secret", {}, { alg = "HS256" }, "algorithm-not-accepted" },
	}) do
		it("is not sent to a client with a token "..case[1], function ()
			local ask = load_plugin(server.url);
			local claims = {};
			for _, source in ipairs({ service, case[2] }) do
				for name, value in pairs(source) do
					claims[name] = value;
				end
			end
			assert.equal(401, ask(testing.mint(claims, case[3])).status_code);
			assert.equal(1, #prosody.logged("info", "Token refused: "..case[4]));
		end);
	end

	it("is not sent to a client without a token", function ()
		local ask = load_plugin(server.url);
		assert.equal(401, ask(nil).status_code);
	end);

	it("is not sent to anybody if no key server is configured", function ()
		local ask = load_plugin(nil);
		assert.equal(401, ask(testing.mint(service)).status_code);
	end);

	it("is not sent after the token has expired", function ()
		local ask = load_plugin(server.url);
		local token = testing.mint(service, { lifetime = 60 });
		assert.equal(200, ask(token).status_code);
		testing.clock.advance(61);
		assert.equal(401, ask(token).status_code);
	end);

	it("is sent again after the key server has recovered", function ()
		local key = testing.key("a-key-not-yet-asked-for");
		local ask, plugin = load_plugin(server.url);
		server:publish({ key });
		server:fail("status", 503);
		assert.equal(401, ask(testing.mint(service, { key = key })).status_code);
		assert.equal(1, #prosody.logged("info", "Token refused: key-source-unavailable"));
		server:recover();
		prosody.unload(plugin); -- with the last plugin that uses it the store forgets that the server failed
		collectgarbage();
		ask = load_plugin(server.url);
		assert.equal(200, ask(testing.mint(service, { key = key })).status_code);
	end);
end);
