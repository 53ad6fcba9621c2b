-- SPDX-License-Identifier: MIT
-- token_verifier.testing: the kit for specs of plugin authors.

local testing = require "token_verifier.testing";
local tv = require "token_verifier";
local base64 = require "spec.support.tokens".base64url;
local temporary = require "spec.support.temporary";
local prosody = testing.prosody;

after_each(testing.clock.reset);

describe("a minted token", function ()
	it("is accepted, and has the default claims", function ()
		local claims, header = assert.accepts(testing.mint());
		assert.same({ "my-app", "jitsi", "*", "*" }, { claims.iss, claims.aud, claims.sub, claims.room });
		assert.equal(3600, claims.exp - claims.iat);
		assert.same({ alg = "RS256", typ = "JWT", kid = "test-rsa" }, header);
	end);

	it("has other claims, and lacks one that is absent", function ()
		local claims = assert.accepts(testing.mint({ room = "planning", iss = testing.absent, context = { group = "a" } }));
		assert.equal("planning", claims.room);
		assert.is_nil(claims.iss);
		assert.same({ group = "a" }, claims.context);
	end);

	for alg, kind in pairs({ RS384 = "RSA", PS256 = "RSA", ES256 = "P-256", ES384 = "P-384", ES512 = "P-521", EdDSA = "Ed25519",
		Ed25519 = "Ed25519", Ed448 = "Ed448" }) do
		it("is signed as "..alg, function ()
			local key = testing.key(nil, kind);
			assert.accepts(testing.mint(nil, { alg = alg }), { key = key.public, algorithms = { alg } });
			assert.refuses(testing.mint(nil, { alg = alg, wrong_signature = true }), { key = key.public, algorithms = { alg } },
				"bad-signature");
		end);
	end

	it("is signed with the shared secret, or another", function ()
		assert.accepts(testing.mint(nil, { alg = "HS256" }), { secret = testing.secret });
		local other = ("another "):rep(5);
		assert.accepts(testing.mint(nil, { secret = other }), { secret = other });
		assert.accepts(testing.mint(nil, { secret = other, alg = "HS512" }), { secret = other, algorithms = { "HS512" } });
		assert.refuses(testing.mint(nil, { secret = other }), { secret = testing.secret }, "bad-signature");
	end);

	-- { options, the code }
	for _, case in ipairs({
		{ { expired = true }, "expired" }, { { expired = 1 }, "expired" }, { { lifetime = -1 }, "expired" },
		{ { not_before = true }, "not-yet-valid" }, { { not_before = 5 }, "not-yet-valid" },
		{ { wrong_signature = true }, "bad-signature" }, { { kid = "unknown" }, "key-not-found" }, { { kid = false }, "key-id-missing" },
		{ { alg = "ES256" }, "algorithm-not-accepted" }, { { header = { typ = "at+jwt" } }, "type-not-accepted" },
		{ { alg = "HS256" }, "algorithm-not-accepted" },
	}) do
		it("is refused for one reason: "..case[2]..", "..next(case[1]), function ()
			assert.refuses(testing.mint(nil, case[1]), nil, case[2]);
		end);
	end

	it("is for a room as Jitsi's page makes it", function ()
		assert.same({ "r%c3%a4ksm", "acme" }, { testing.room("https://meet.example.org/acme/Räksm") });
		assert.equal("a%2bb", (testing.room("a+b")));
		assert.error_matches(function () testing.room("https://meet.example.org/"); end, "no room for .*no%-room");
		assert.accepts(testing.mint({ room = "my%20room" }), { room = "https://meet.example.org/My%20Room" });
		assert.accepts(testing.mint({ room = "my%20room" }), { room = "My Room" });
		assert.refuses(testing.mint({ room = "My Room" }), { room = "My Room" }, "room-not-accepted");
	end);

	it("raises for an unknown option, or one with a wrong type", function ()
		assert.error_matches(function () testing.mint(nil, { expires = true }); end, "unknown option 'expires'");
		assert.error_matches(function () testing.mint(nil, { alg = 1 }); end, "bad option 'alg' %(string expected, got number%)");
		assert.error_matches(function () testing.mint(nil, { alg = "none" }); end, "no algorithm 'none'");
	end);

	it("can contain anything with forge()", function ()
		assert.refuses(testing.forge({ alg = "none", typ = "JWT" }), nil, "algorithm-not-accepted");
		assert.refuses(testing.forge("not JSON", {}), nil, "malformed-header");
		assert.equal(base64("h").."."..base64("p").."."..base64("sig"), testing.forge("h", "p", "sig"));
		for length = 0, 7 do
			local text = ("\255\0x"):rep(3):sub(1, length);
			assert.equal(base64(text).."..", testing.forge(text, ""));
		end
	end);
end);

describe("keys", function ()
	it("are made once, and different for each name", function ()
		assert.equal(testing.key(), testing.key());
		assert.equal(testing.key("one").private, testing.key("one").private);
		assert.not_equal(testing.key("one").public, testing.key().public);
	end);

	it("stay the same although busted loads modules again for each file", function ()
		local before = testing.key();
		for name in pairs(package.loaded) do
			if name:find("^token_verifier%.testing") then
				package.loaded[name] = nil;
			end
		end
		assert.equal(before.private, require "token_verifier.testing".key().private);
	end);

	it("are given as PEM and JWK", function ()
		local key = testing.key("name \"\\\n");
		assert.equal(key.public, tv.key(key.jwk):pem());
		assert.equal(key.public, tv.keystore and tv.key(key.public):pem());
		assert.is_truthy(key.private:find("PRIVATE KEY", 1, true));
		assert.equal(key.kid, require "util.json".decode(key.jwk).kid);
	end);

	it("of an unknown kind, or invalid keys, raise an error", function ()
		assert.error_matches(function () testing.key("x", "DSA"); end, "a kind of key is expected");
		assert.error_matches(function () testing.keystore({ "text" }); end, "keys are a list");
	end);

	it("are in a store under their own or other names", function ()
		local key = testing.key();
		local store = testing.keystore({ key, other = key, third = key.public });
		for _, kid in ipairs({ key.kid, "other", "third" }) do
			assert.accepts(testing.mint(nil, { kid = kid }), { keys = store });
		end
	end);
end);

describe("a refusal", function ()
	local token;
	before_each(function () token = testing.mint({ exp = "soon" }, { alg = "HS256" }); end);

	it("is compared by its facts", function ()
		local by = { secret = testing.secret };
		local verifier = tv.new(by);
		for _, judge in ipairs({ by, verifier }) do
			assert.refuses(token, judge, { reason = "wrong-type" });
			local _, code, facts = assert.refuses(token, judge, { code = "invalid-claim", reason = "wrong-type", claim = "exp", found = "soon" });
			assert.same({ "invalid-claim", "exp" }, { code, facts.claim });
		end
		assert.refuses(testing.mint({ aud = "b" }, { alg = "HS256" }), { secret = testing.secret, accepted_audiences = { "a" } },
			{ expected = { "a" } });
	end);

	it("for another reason shows the differences", function ()
		local by = { secret = testing.secret };
		assert.error_matches(function () assert.refuses(token, by, { reason = "missing" }); end, 'reason is "wrong%-type", not "missing"');
		assert.error_matches(function () assert.refuses(token, by, { claim = "nbf", code = "invalid-claim" }); end, 'claim is "exp", not "nbf"');
		assert.error_matches(function () assert.refuses(token, by, { expected = { "a" } }); end, 'expected is nil, not { "a" }');
		assert.error_matches(function () assert.refuses(token, by, { code = "expired" }); end, "but for another reason than expired");
		assert.error_matches(function () assert.refuses(token, by, { code = "no such code" }); end, "there is no code");
	end);
end);

describe("the clock", function ()
	it("is used by verify, by verifiers made before and after, and by mint", function ()
		local opts = { secret = testing.secret };
		local verifier = tv.new(opts);
		local token = testing.mint(nil, { alg = "HS256", lifetime = 10 });
		testing.clock.advance(11);
		for _, by in ipairs({ opts, verifier, tv.new(opts) }) do
			assert.refuses(token, by, "expired");
			assert.accepts(testing.mint(nil, { alg = "HS256", lifetime = 10 }), by);
		end
		testing.clock.reset();
		assert.accepts(token, opts);
		assert.accepts(token, verifier);
	end);

	it("can be set to any time, and stops there", function ()
		testing.clock.set(1000);
		local token = testing.mint();
		assert.equal(1000, assert.accepts(token).iat);
		assert.equal(1000, testing.clock.now());
		assert.accepts(token, { keys = testing.keystore(), now = 4599 });
		assert.refuses(token, { keys = testing.keystore(), now = 4600 }, "expired");
		assert.error_matches(function () testing.clock.set("noon"); end, "a time in seconds");
	end);

	it("leaves misuse to be reported by the module", function ()
		testing.clock.set(1000);
		assert.error_matches(function () tv.verify(testing.mint(), setmetatable({}, {})); end, "metatable");
		assert.error_matches(function () tv.verify(testing.mint(), 1); end, "table");
	end);
end);

describe("the key server", function ()
	local server;
	before_each(function () server = testing.key_server(); end);
	after_each(function () server:close(); end);

	it("serves the key as a file, in a JWK Set and as a provider", function ()
		local token = testing.mint({ iss = server.issuer });
		assert.accepts(token, { asap_key_server = server.url });
		assert.accepts(token, { jwks_url = server.jwks_url });
		assert.accepts(token, { openid_issuer = server.issuer });
		assert.equal(1, #server:requests("test-rsa"));
		assert.same({ "/jwks.json", "/.well-known/openid-configuration", "/jwks.json" },
			{ table.unpack(server:requests(), 2) });
	end);

	-- { how it fails, code }
	for _, case in ipairs({
		{ { "down" }, "key-source-unavailable" }, { { "silent" }, "key-source-unavailable" }, { { "html" }, "key-unusable" },
		{ { "status", 403 }, "key-unusable" }, { { "status", 503 }, "key-source-unavailable" }, { { "status", 404 }, "key-not-found" },
		{ { "slow", 10 }, "key-source-unavailable" },
	}) do
		it("fails on request: "..table.concat(case[1], " "), function ()
			server:fail(table.unpack(case[1]));
			local store <close> = tv.keystore({ asap_key_server = server.url, timeout = 0.2 });
			assert.refuses(testing.mint(), { keys = store }, case[2]);
			server:recover();
			store:forget();
			local other <close> = tv.keystore({ asap_key_server = server.url.."/../keys" }); -- one that knows of no failure
			assert.accepts(testing.mint(), { keys = other });
		end);
	end

	it("is slow on request, and serves others meanwhile", function ()
		server:fail("slow", 0.3);
		local one <close> = tv.keystore({ asap_key_server = server.url });
		local two <close> = tv.keystore({ jwks_url = server.jwks_url });
		local began = prosody.monotonic();
		one:get("test-rsa", false);
		assert.accepts(testing.mint(), { keys = two });
		assert.accepts(testing.mint(), { keys = one });
		tv.step(); -- what was asked for without waiting is told of, here and to nobody else
		local took = prosody.monotonic() - began;
		assert.is_true(took >= 0.3, took);
	end);

	it("serves another key from its publication until its withdrawal", function ()
		local key = testing.key("one");
		server:publish({ key, second = key.public });
		local by = { asap_key_server = server.url };
		assert.accepts(testing.mint(nil, { key = key }), by);
		assert.accepts(testing.mint(nil, { key = key, kid = "second" }), by);
		server:withdraw("one");
		local store <close> = tv.keystore({ asap_key_server = server.url });
		store:forget();
		assert.refuses(testing.mint(nil, { key = key }), by, "key-not-found");
		assert.accepts(testing.mint(nil, { key = key, kid = "second" }), { jwks_url = server.jwks_url });
		assert.refuses(testing.mint(nil, { key = key }), { jwks_url = server.jwks_url }, "key-not-found");
	end);

	it("sends the lifetime of its keys", function ()
		server:max_age(7200);
		local store <close> = tv.keystore({ asap_key_server = server.url });
		assert.accepts(testing.mint(), { keys = store });
		assert.is_true(store:keys()[1].fresh_for > 7000);
	end);

	it("serves other documents", function ()
		server:document("/other.json", testing.jwk_set({ testing.key() }));
		assert.accepts(testing.mint(), { jwks_url = server.issuer.."/other.json" });
	end);

	it("raises for an unknown failure, and after it was closed", function ()
		assert.error_matches(function () server:fail("badly"); end, "expected is \"down\"");
		assert.error_matches(function () server:fail("status"); end, "expected is \"down\"");
		server:close();
		assert.error_matches(function () server:requests(); end, "has been closed");
	end);

	it("ends when it is closed", function ()
		local function listens()
			local connection = require "socket".connect("127.0.0.1", tonumber(server.issuer:match("%d+$")));
			return connection ~= nil and connection:close() == 1;
		end
		assert.is_true(listens());
		server:close();
		local deadline = prosody.monotonic() + 5;
		while listens() and prosody.monotonic() < deadline do
			require "socket".sleep(0.01);
		end
		assert.is_false(listens());
	end);
end);

describe("the assertions", function ()
	local function message_of(f)
		local ok, err = pcall(f);
		assert.is_false(ok);
		return type(err) == "table" and err.message or tostring(err);
	end

	it("say why a token is refused", function ()
		testing.clock.set(1700000000);
		local message = message_of(function () assert.accepts(testing.mint(nil, { expired = 60 })); end);
		assert.matches("expected to be accepted.\nexpired: exp is %d+, which has passed 60 s ago", message);
	end);

	it("say that it is accepted", function ()
		assert.matches("The token is accepted; it was expected to be refused with expired",
			message_of(function () assert.refuses(testing.mint(), nil, "expired"); end));
		assert.matches("The token is accepted", message_of(function () assert.is_not.accepts(testing.mint()); end));
	end);

	it("say that it is refused for another reason", function ()
		local message = message_of(function () assert.refuses(testing.mint(nil, { expired = true }), nil, "not-yet-valid"); end);
		assert.matches("but for another reason than not%-yet%-valid:\nexpired: ", message);
	end);

	it("never show the token", function ()
		local token = testing.mint(nil, { expired = true });
		assert.is_nil(message_of(function () assert.accepts(token); end):find(token:match("%.(.-)%."), 1, true));
	end);

	it("know the codes", function ()
		assert.matches("there is no code 'too%-late'", message_of(function () assert.refuses(testing.mint(), nil, "too-late"); end));
	end);

	it("accept any reason if none is given", function ()
		local _, code = assert.refuses(testing.mint(nil, { expired = true }));
		assert.equal("expired", code);
	end);

	it("accept a token_util object", function ()
		local util = prosody.new_token_util({ app_id = "my-app", app_secret = testing.secret });
		local session = assert.accepts(testing.mint({ room = "planning" }, { alg = "HS256" }), util);
		assert.equal("planning", session.jitsi_meet_room);
		local reason, code = assert.refuses(testing.mint(nil, { alg = "HS256", expired = true }), util, "expired");
		assert.same({ "expired", true }, { code, reason:find("exp", 1, true) ~= nil });
		assert.refuses(nil, util, "token-required");
		assert.refuses(testing.mint({ exp = "soon" }, { alg = "HS256" }), util, { code = "invalid-claim", reason = "wrong-type", claim = "exp" });
		testing.clock.advance(-7200);
		assert.accepts(testing.mint(nil, { alg = "HS256" }), util);
		testing.clock.advance(7200);
		assert.refuses(testing.mint(nil, { alg = "HS256", not_before = 3 }), util, "not-yet-valid");
	end);
end);

describe("the stand-ins", function ()
	it("let a plugin load, handle events and be unloaded", function ()
		local path = temporary.file([[
			local token_util = module:require "token/util".new(module);
			module:hook("greet", function (event) event.session.send(token_util.appId..module:get_option_number("greetings")); end);
			function module.unload() prosody.unloaded = true; end
		]]);
		local server = prosody.new_server({ ["meet.example.org"] = { app_id = "my-app", app_secret = testing.secret, greetings = "3" } });
		local plugin = prosody.load_plugin(path, "meet.example.org");
		local session = prosody.session({ host = "meet.example.org" });
		plugin:fire_event("greet", { session = session });
		assert.same({ "my-app3" }, session.sent);
		prosody.unload(plugin);
		plugin:fire_event("greet", { session = session });
		assert.equal(1, #session.sent);
		assert.is_true(server.unloaded);
		session:close("gone");
		assert.same({ true, "gone" }, { session.destroyed, session.closed_for });
		os.remove(path);
	end);

	it("loads a plugin that calls what plugins call while they load", function ()
		local path = temporary.file([[
			module:add_feature("urn:example"); module:add_identity("component", "x"); module:add_extension({});
			module:default_permission("prosody:user", ":x"); module:set_status("info", "loaded"); module:log_status("info", "loaded");
			local measure, timed = module:measure("entries", "counter"), module:measure("time", "times");
			measure(1); timed()();
			local store = module:open_store("map");
			store:set("ada", { 1 });
			module:hook_tag("urn:example", "ping", function (session) session.pinged = true; end);
			module:depends("disco");
			module:add_item("result", { module:get_host(), module:get_host_type(), module:get_option_integer("limit", 3),
				module:get_option_enum("mode", "fast", "slow"), store:get("ada")[1], store:get("bob") == nil });
		]]);
		prosody.new_server({ ["meet.example.org"] = { app_id = "my-app", mode = "slow" } });
		local plugin = prosody.load_plugin(path, "meet.example.org");
		assert.same({ { "meet.example.org", "local", 3, "slow", 1, true } }, plugin.items.result);
		local session = prosody.session();
		plugin:fire_event("stanza/urn:example:ping", session);
		assert.is_true(session.pinged);
		os.remove(path);
	end);
end);

-- What the page on the kit shows are specs themselves.
describe("docs/testing.md", function ()
	local file = assert(io.open("docs/testing.md"));
	local page = file:read("a");
	file:close();
	local count = 0;
	for block in page:gmatch("\n```lua\n(.-)\n```") do
		count = count + 1;
		assert(load(block, "=docs/testing.md, block "..count, "t", _ENV))();
	end

	it("explains every function, and no other", function ()
		assert.is_true(count >= 5);
		for name in pairs(testing) do
			assert.is_truthy(page:find("testing."..name, 1, true), name);
		end
		for name in page:gmatch("`testing%.([a-z_]+)") do
			assert.is_truthy(testing[name], name);
		end
		for name in page:gmatch("`prosody%.([a-z_]+)%(") do
			assert.is_function(prosody[name], name);
		end
		for name in page:gmatch("`server:([a-z_]+)%(") do
			assert.is_function(debug.getmetatable(testing.key_server()).__index[name], name);
		end
	end);
end);
