-- SPDX-License-Identifier: MIT
-- Plugins of every kind that operators have, each of which uses the library or the session's fields in its own way.

local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

local secret = "the-shared-secret-of-the-plugin-kinds-spec-0123456789";
local own;

lazy_setup(function ()
	local nginx = world.start_nginx();
	local bad = world.start_bad_server();
	world.new_key({ kid = "users", publish = { "nginx", "bad" } });
	world.new_key({ kid = "system", publish = { "bad" } });
	own = world.new_key({ kid = "own" });
	local private_key = world.write_file({ name = "signer.pem", text = own.private });
	local function rooms(...)
		return { modules_enabled = { "token_verification", ... } };
	end
	world.start_prosody({
		hosts = world.host("keys.example", { asap_key_server = nginx.url, modules_enabled = { "e2e_room_size" } })
			..world.host("slow.example", { asap_key_server = bad.url.."/slow-500", modules_enabled = { "e2e_room_size" } })
			..world.host("jitsi.example", {
				asap_key_server = nginx.url, muc_mapper_domain_base = "jitsi.example", modules_enabled = { "e2e_room_size" } })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true, modules_enabled = { "e2e_room_size" } })
			..world.host("api.example", {
				asap_key_server = nginx.url, e2e_system_key_server = bad.url.."/good", modules_enabled = { "e2e_system_api" } })
			..world.host("closed.example", { asap_key_server = nginx.url, modules_enabled = { "e2e_system_api" } })
			..world.host("hybrid.example", { app_secret = secret, modules_enabled = { "e2e_hybrid" } })
			..world.host("jwk.example", {
				asap_key_server = nginx.url, e2e_own_jwk = tv.key(own.public):jwk(), modules_enabled = { "e2e_own_key" } })
			..('Component "signer.example" "e2e_signer"\n\te2e_users = "keys.example"\n\tasap_key_path = %q\n\tasap_issuer = "signer"\n')
				:format(private_key)
			..world.host("moderated.example", { app_secret = secret }, rooms("e2e_affiliation"))
			..world.host("secured.example", { app_secret = secret }, rooms("e2e_security"))
			..world.host("recorded.example", { app_secret = secret, modules_enabled = { "e2e_recorder" } })
			..'VirtualHost "auth.example"\n\tauthentication = "internal_hashed"\n';
		settings = 'admins = { "focus@auth.example" }';
	});
	world.shell({ command = { "user", "create", "focus@auth.example", "a-password" } });
end);

lazy_teardown(world.close);

local function begin(host, claims, key)
	local token = world.mint({ secret = not key and secret or nil, key = key, claims = claims });
	local client = world.begin({ host = host, token = token });
	local outcome = world.outcome({ client = client });
	assert.equal("accepted", outcome.outcome, outcome.text);
	return client;
end

describe("an HTTP API for those who have a room's token", function ()
	local function size(host, token, parameters)
		local query = { "room=planning", token and "token="..token, table.unpack(parameters or {}) };
		return world.http({ path = "/room-size?"..table.concat(query, "&"), host = host });
	end

	local function users_token(claims)
		return world.mint({ key = "users", claims = claims });
	end

	it("answers only them", function ()
		local claims = { room = "planning", sub = "keys.example" };
		assert.equal("404", size("keys.example", users_token(claims)));
		local client = begin("keys.example", claims, "users");
		assert.equal("joined", world.enter({ client = client, room = "planning@conference.keys.example" }).outcome);
		assert.equal("1", size("keys.example", users_token(claims)));
		assert.equal("403 token required", size("keys.example", nil));
		local wrong = world.with_wrong_signature({ token = users_token(claims) });
		assert.matches("^403 .*signature", size("keys.example", wrong));
		assert.equal("403 another room's token", size("keys.example", users_token({ room = "finance", sub = "keys.example" })));
		assert.equal("403 another room's token", size("keys.example", users_token({ room = "planning", sub = "else.example" })));
		world.leave({ client = client });
	end);

	it("waits for the key, as a log-in does", function ()
		local claims = { room = "planning", sub = "slow.example" };
		assert.equal("404", size("slow.example", users_token(claims)));
		assert.equal(1, #world.bad_requests({ part = "/slow-500/" }));
	end);

	it("recognizes guests only by the missing token", function ()
		assert.equal("404", size("guests.example", nil));
		assert.matches("^403 .*alg is", size("guests.example", users_token()));
		assert.equal("404", size("guests.example", nil));
	end);

	it("finds the rooms of tenants in a deployment like Jitsi's", function ()
		local focus = world.begin({ host = "auth.example", username = "focus", password = "a-password" });
		assert.equal("accepted", world.outcome({ client = focus }).outcome);
		local acme = { "domain=jitsi.example", "subdomain=acme" };
		assert.equal("403 room-does-not-exist", size("jitsi.example", users_token({ room = "planning", sub = "acme" }), acme));
		for _, room in ipairs({ "[acme]planning", "planning" }) do
			assert.equal("joined", world.enter({ client = focus, room = room.."@conference.jitsi.example" }).outcome);
		end
		assert.equal("1", size("jitsi.example", users_token({ room = "planning", sub = "acme" }), acme));
		assert.equal("403 another room's token", size("jitsi.example", users_token({ room = "planning", sub = "other" }), acme));
		-- The address that the tenant's pages use, which is no host of this server.
		local virtual = { "domain=acme.jitsi.example" };
		assert.equal("1", size("jitsi.example", users_token({ room = "planning", sub = "acme.jitsi.example" }), virtual));
		assert.equal("403 another room's token",
			size("jitsi.example", users_token({ room = "planning", sub = "other.jitsi.example" }), virtual));
		world.leave({ client = focus });
	end);
end);

describe("an API for systems, with a key server of its own", function ()
	local function call(host, token)
		return world.http({ path = "/system-api", bearer = token, host = host });
	end

	local function try_all()
		local system, user = world.mint({ key = "system", claims = { iss = "system" } }), world.mint({ key = "users" });
		assert.equal("true - -", call("api.example", system));
		-- No key of the users' does, nor is an issuer of theirs accepted; and systems do not log in.
		assert.equal("false not-allowed iss is not accepted", call("api.example", user));
		assert.equal("false not-allowed iss is not accepted", call("api.example", world.mint({ key = "system" })));
		assert.matches("^false not%-allowed token required", call("api.example", nil));
		assert.equal("accepted", world.log_in({ host = "api.example", token = user }).outcome);
		assert.equal("refused", world.log_in({ host = "api.example", token = system }).outcome);
		-- Where none is configured nobody is a system.
		for _, token in ipairs({ system, user, world.mint({ key = "users", claims = { iss = "system" } }) }) do
			assert.equal("false not-allowed could not obtain public key", call("closed.example", token));
		end
		assert.equal("accepted", world.log_in({ host = "closed.example", token = user }).outcome);
	end

	it("accepts the tokens of systems, and log-ins continue with their own", try_all);

	it("does so after a reload of the configuration", function ()
		world.shell({ command = { "config", "reload" } });
		try_all();
	end);
end);

describe("a log-in on behalf of another system", function ()
	local function log_in(token)
		local outcome = world.log_in({ host = "hybrid.example", token = token, enter = "hall@conference.hybrid.example" });
		return outcome.outcome, outcome.condition, outcome.entry and outcome.entry.outcome;
	end

	it("uses the token that the plugin signed", function ()
		assert.same({ "accepted", nil, "joined" }, { log_in("ticket-of-alice") });
		assert.same({ "refused", "not-authorized" }, { log_in("ticket-of-nobody") });
	end);

	it("does not accept tokens that clients sign with the plugin's secret", function ()
		assert.same({ "refused", "not-allowed" }, { log_in(world.forge({ header = { typ = "JWT", alg = "HS256" }, secret = "notused" })) });
		assert.same({ "accepted", nil, "joined" }, { log_in(world.mint({ secret = secret })) });
	end);
end);

describe("a key that a plugin has as a JWK", function ()
	it("is used for its log-ins, instead of the key server's", function ()
		assert.equal("accepted", world.log_in({ host = "jwk.example", token = world.mint({ key = "own", kid = false }) }).outcome);
		assert.equal("refused", world.log_in({ host = "jwk.example", token = world.mint({ key = "users" }) }).outcome);
	end);
end);

describe("a component that signs", function ()
	local function get(path)
		return world.http({ path = path, host = "signer.example" });
	end

	it("makes tokens with the key and the names of its own block", function ()
		for audience, path in pairs({ jitsi = "/asap-token", transcriber = "/asap-token?audience=transcriber" }) do
			local token = get(path):match("^Bearer (.*)$");
			local claims, header = assert(tv.verify(token, { key = own.public, accepted_audiences = { audience } }));
			assert.same({ "signer", 3600, "jitsi" }, { claims.iss, claims.exp - claims.nbf, header.kid });
			world.remember({ token = token });
		end
		assert.equal(get("/asap-token"), get("/asap-token"));
	end);

	it("returns the public keys of the users it serves, and waits for them", function ()
		assert.equal(tv.key(world.public_key({ kid = "users" })):thumbprint(), tv.key(get("/public-key?kid=users")):thumbprint());
		assert.equal("none", get("/public-key?kid=nobody"));
	end);
end);

describe("a room's moderator", function ()
	it("is the user in the token's context.user", function ()
		local room = "hall@conference.moderated.example";
		local creator = begin("moderated.example", { context = { user = { id = "creator" } } });
		assert.equal("joined", world.enter({ client = creator, room = room }).outcome);
		for _, case in ipairs({
			{ { affiliation = "owner" }, "done" }, { { moderator = true }, "done" }, { { moderator = "true" }, "done" },
			{ { affiliation = "member" }, "refused" }, { { moderator = false }, "refused" }, { { moderator = "false" }, "refused" },
		}) do
			local user, expected = table.unpack(case);
			local client = begin("moderated.example", { context = { user = user } });
			assert.equal("joined", world.enter({ client = client, room = room }).outcome);
			assert.equal(expected, world.configure_room({ client = client, room = room }).outcome, next(user));
			world.leave({ client = client });
		end
		world.leave({ client = creator });
	end);
end);

describe("a room whose password and lobby are in the token", function ()
	local creators = {};

	local function enter(room, user, password)
		local client = begin("secured.example", { context = { user = user } });
		local entry = world.enter({ client = client, room = room.."@conference.secured.example", password = password });
		world.leave({ client = client });
		return entry.outcome, entry.condition;
	end

	lazy_setup(function ()
		for room, wishes in pairs({ locked = { password = "open sesame" }, lobby = { lobby = true }, lobby2 = { lobby = "true" } }) do
			local creator = begin("secured.example", { context = { room = wishes } });
			local entry = world.enter({ client = creator, room = room.."@conference.secured.example" });
			assert.equal("joined", entry.outcome, entry.condition);
			creators[#creators + 1] = creator;
		end
	end);

	lazy_teardown(function ()
		for _, creator in ipairs(creators) do
			world.leave({ client = creator });
		end
	end);

	it("requires the password", function ()
		assert.same({ "refused", "not-authorized" }, { enter("locked", {}) });
		assert.same({ "joined" }, { enter("locked", {}, "open sesame") });
		assert.same({ "joined" }, { enter("locked", { security_bypass = true }) });
	end);

	it("keeps people in its lobby, except those who may bypass it", function ()
		for _, room in ipairs({ "lobby", "lobby2" }) do
			assert.same({ "refused", "registration-required" }, { enter(room, { lobby_bypass = false }) });
			assert.same({ "joined" }, { enter(room, { lobby_bypass = true }) });
			assert.same({ "joined" }, { enter(room, { lobby_bypass = "true" }) });
		end
	end);
end);

describe("a recording", function ()
	it("is started by those who have the feature", function ()
		for _, case in ipairs({
			{ { recording = true }, "file", "done" }, { { recording = "true" }, "file", "done" },
			{ { recording = true }, "stream", "refused" }, { { livestreaming = "true" }, "stream", "done" },
			{ { recording = false }, "file", "refused" }, { nil, "file", "refused" },
		}) do
			local features, mode, expected = table.unpack(case, 1, 3);
			local client = begin("recorded.example", { context = { features = features, user = { id = "u" } } });
			local answer = world.ask_for_recording({ client = client, to = "recorded.example", mode = mode });
			assert.equal(expected, answer.outcome);
			assert.equal(expected == "refused" and "forbidden" or nil, answer.condition);
			world.leave({ client = client });
		end
	end);
end);
