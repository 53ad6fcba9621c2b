-- SPDX-License-Identifier: MIT
-- token_util: what it accepts and refuses, how it uses its options, and which fields of a session it sets.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local token_verifier = require "token_verifier";
local report = require "token_verifier.plugin.report";

local secret = ("s"):rep(32);
local rsa = tokens.new_key();
local absent, null = tokens.absent, tokens.null;

local function options(changes)
	local result = { app_id = "app", app_secret = secret };
	for name, value in pairs(changes or {}) do
		if value == absent then
			result[name] = nil;
		else
			result[name] = value;
		end
	end
	return result;
end

local function hs(claim_changes, header)
	return tokens.hs256(tokens.claims(claim_changes), secret, header);
end

local function process(token_util, token, session)
	session = session or {};
	session.auth_token = token;
	local result, condition, reason = prosody.run(token_util.process_and_verify_token, token_util, session);
	return { result, condition, reason }, session;
end

local not_allowed, not_authorized = "not-allowed", "not-authorized";

-- { what, token, options, expected condition (nil: accepted), text of the reason }
local now = os.time();
local cases = {
	{ "a good token", hs() },
	{ "without exp", hs({ exp = absent }) },
	{ "expired now", hs({ exp = now }), nil, not_allowed, "exp" },
	{ "expired within the leeway", hs({ exp = now - 5 }), { token_leeway = 60 } },
	{ "expired beyond the leeway", hs({ exp = now - 61 }), { token_leeway = 60 }, not_allowed, "exp" },
	{ "exp null", hs({ exp = null }), nil, not_allowed, "exp" },
	{ "exp a string", hs({ exp = "2524608000" }), nil, not_allowed, "exp" },
	{ "exp false", hs({ exp = false }), nil, not_allowed, "exp" },
	{ "exp in milliseconds", hs({ exp = (now + 60) * 1000 }), nil, not_allowed, "milliseconds" },
	{ "nbf now", hs({ nbf = now }) },
	{ "nbf to come", hs({ nbf = now + 60 }), nil, not_allowed, "nbf" },
	{ "nbf a string", hs({ nbf = "1" }), nil, not_allowed, "nbf" },
	{ "another secret", tokens.hs256(tokens.claims(), ("x"):rep(32)), nil, not_allowed, "signature" },
	{ "no issuer", hs({ iss = absent }), nil, not_allowed, "iss" },
	{ "issuer null", hs({ iss = null }), nil, not_allowed, "iss" },
	{ "another issuer", hs({ iss = "other" }), nil, not_allowed, "iss" },
	{ "a listed issuer", hs({ iss = "other" }), { asap_accepted_issuers = { "app", "other" } } },
	{ "app_id where issuers are listed", hs(), { asap_accepted_issuers = { "other" } }, not_allowed, "iss" },
	{ "any issuer", hs({ iss = "whoever" }), { asap_accepted_issuers = { "*" } } },
	{ "any issuer, and none", hs({ iss = absent }), { asap_accepted_issuers = { "*" } }, not_allowed, "iss" },
	{ "no audience", hs({ aud = absent }), nil, not_allowed, "aud" },
	{ "audience null", hs({ aud = null }), nil, not_allowed, "aud" },
	{ "a listed audience", hs(), { asap_accepted_audiences = { "x", "jitsi" } } },
	{ "another audience", hs(), { asap_accepted_audiences = { "x" } }, not_allowed, "aud" },
	{ "one of several audiences", hs({ aud = { "a", "jitsi" } }), { asap_accepted_audiences = { "jitsi" } } },
	{ "an audience that is no string", hs({ aud = { "jitsi", 1 } }), nil, not_allowed, "aud" },
	{ "no room", hs({ room = absent }), nil, not_authorized, "room" },
	{ "room null", hs({ room = null }), nil, not_authorized, "room" },
	{ "no room where none is required", hs({ room = absent }), { asap_require_room_claim = false } },
	{ "room a number", hs({ room = 1 }), { asap_require_room_claim = false }, not_authorized, "room" },
	{ "no sub", hs({ sub = absent }), nil, not_authorized, "sub" },
	{ "sub null", hs({ sub = null }), nil, not_authorized, "sub" },
	{ "sub a number", hs({ sub = 1 }), nil, not_authorized, "sub" },
	{ "another typ", hs(nil, { typ = "at+jwt" }), nil, not_allowed, "typ" },
	{ "no signature", hs():match("^.*%."), nil, not_allowed, "" },
	{ "alg none", hs(nil, { alg = "none" }), nil, not_allowed, "alg" },
	{ "an algorithm that is not configured", hs(), { signature_algorithm = "HS512" }, not_allowed, "alg" },
	{ "a listed algorithm", hs(), { signature_algorithm = { "HS512", "HS256" } } },
	{ "an empty token", "", nil, not_allowed, "" },
	{ "an empty token where guests are allowed", "", { allow_empty_token = true }, not_allowed, "" },
	{ "a bad token where guests are allowed", "x.y.z", { allow_empty_token = true }, not_allowed, "" },
	{ "no token", nil, nil, not_allowed, "token required" },
	{ "no token where guests are allowed", nil, { allow_empty_token = true } },
	{ "a token that is no string", 5, nil, not_allowed, "" },
	{ "a payload null", tokens.hs256("null", secret), nil, not_allowed, "" },
	{ "a payload that is a string", tokens.hs256('"x"', secret), nil, not_allowed, "" },
	{ "duplicate members", tokens.hs256('{"iss":"app","iss":"app"}', secret), nil, not_allowed, "" },
	{ "app_id empty", hs({ iss = "" }), { app_id = "" } },
	-- options that cannot be right: nothing is accepted by guessing
	{ "HMAC mixed with others", hs(), { signature_algorithm = { "HS256", "RS256" } }, not_allowed, "algorithm" },
	{ "an unknown algorithm", hs(), { signature_algorithm = "HS265" }, not_allowed, "algorithm" },
	{ "an algorithm that no secret has", hs(), { signature_algorithm = "RS256" }, not_allowed, "algorithm" },
	{ "issuers that are no list", hs(), { asap_accepted_issuers = 5 }, not_allowed, "iss" },
	{ "issuers that are no strings", hs(), { asap_accepted_issuers = { 5 } }, not_allowed, "iss" },
	{ "a key server that is no URL", hs(), { asap_key_server = "nonsense" }, not_allowed, "" },
	{ "an empty key server", hs(), { asap_key_server = "" }, not_allowed, "" },
	{ "a key server that is the boolean true", hs(), { asap_key_server = true } },
};

describe("token_util", function ()
	for _, case in ipairs(cases) do
		it((case[4] and "refuses " or "accepts ")..case[1], function ()
			local token_util = prosody.new_token_util(options(case[3]));
			local result = process(token_util, case[2]);
			assert.same({ case[4] == nil, case[4] }, { result[1], result[2] }, result[3]);
			if case[5] then
				assert.truthy(result[3]:find(case[5], 1, true), result[3]);
				assert.equal(1, #prosody.logged("info", "Token refused: "));
			end
			for _, line in ipairs(prosody.log_lines) do
				assert.falsy(line:find(secret, 1, true), line);
				assert.falsy(type(case[2]) == "string" and #case[2] > 20 and line:find(case[2]:sub(-20), 1, true), line);
			end
		end);
	end

	-- { what, options, text of the error line }
	for _, case in ipairs({
		{ "app_id is not set", { app_id = absent }, "app_id" },
		{ "app_id is no string", { app_id = {} }, "app_id" },
		{ "there is no key", { app_secret = absent }, "asap_key_server" },
		{ "the secret is empty", { app_secret = "" }, "app_secret" },
		{ "the secret is a template's left-over", { app_secret = "<no value>" }, "app_secret" },
		{ "the key server is only the word true", { app_secret = absent, asap_key_server = "true" }, "asap_key_server" },
	}) do
		it("is not made if "..case[1], function ()
			assert.is_nil(prosody.new_token_util(options(case[2])));
			assert.is_true(#prosody.logged("error", case[3]) >= 1);
		end);
	end

	it("never uses a placeholder secret, not even if guests are allowed", function ()
		local token_util = prosody.new_token_util(options({ app_secret = "<no value>", allow_empty_token = true }));
		assert.is_nil(token_util.appSecret);
		assert.same({ true }, (process(token_util, nil)));
		assert.is_false(process(token_util, tokens.hs256(tokens.claims(), "<no value>"))[1]);
		token_util.appSecret = "";
		assert.is_false(process(token_util, tokens.hs256(tokens.claims(), ""))[1]);
	end);

	it("opens only the room of the claim itself where token_room_matching is misspelt", function ()
		assert.equal("claim", prosody.new_token_util(options({ token_room_matching = "adress" })).roomMatching);
		assert.equal(1, #prosody.logged("error", 'must be one of "claim", "address": "claim" is taken'));
	end);

	it("says so when an option is not supported, mixed up or of the wrong type", function ()
		for name, value in pairs({
			cache_keys_url = "x y", signature_algorithm = { "HS256", "RS256" },
			allow_empty_token = "perhaps", asap_require_room_claim = 5, enable_domain_verification = {},
			asap_accepted_audiences = 1, token_leeway = 301, jwt_pubkey_cache_size = "many", asap_key_server = "x y",
			openid_issuer = 5, token_issuers = "x", token_allow_missing_kid = "perhaps", token_room_matching = "adress",
		}) do
			prosody.new_token_util(options({ [name] = value }));
			assert.equal(1, #prosody.logged("error", name), name);
		end
	end);

	it("uses the stricter value for an invalid boolean", function ()
		local token_util = prosody.new_token_util(options({
			allow_empty_token = "perhaps", asap_require_room_claim = 5, enable_domain_verification = {},
			token_allow_missing_kid = "perhaps",
		}));
		assert.same({ false, true, true, false }, {
			token_util.allowEmptyToken, token_util.requireRoomClaim, token_util.enableDomainVerification,
			token_util.allowMissingKid,
		});
	end);

	it("has the fields that others read", function ()
		local token_util = prosody.new_token_util(options({
			muc_mapper_domain_base = "example.org", muc_mapper_domain_prefix = "muc", asap_key_server = "http://127.0.0.1:1/",
		}));
		assert.same({
			"app", secret, "http://127.0.0.1:1/", "RS256", false, { "app" }, { "*" }, true, true, "muc", "example.org",
			"muc.example.org", true, 128, 3,
		}, {
			token_util.appId, token_util.appSecret, token_util.asapKeyServer, token_util.signatureAlgorithm,
			token_util.allowEmptyToken, token_util.acceptedIssuers, token_util.acceptedAudiences,
			token_util.requireRoomClaim, token_util.enableDomainVerification, token_util.muc_domain_prefix,
			token_util.muc_domain_base, token_util.muc_domain, token_util.regexEnabled, token_util.regexRoomMaxLength,
			token_util.regexRoomMaxQuantifiers,
		});
		token_util = prosody.new_token_util(options());
		assert.same({ "conference", "HS256" }, { token_util.muc_domain_prefix, token_util.signatureAlgorithm });
		assert.is_nil(token_util.muc_domain);
		assert.is_nil(token_util.asapKeyServer);
	end);

	it("uses the value of a setter or a changed field at the next call", function ()
		local token_util = prosody.new_token_util(options());
		local token = hs({ iss = "other", aud = "x", room = absent });
		assert.is_false(process(token_util, token)[1]);
		token_util:set_asap_accepted_issuers({ "other" });
		token_util:set_asap_accepted_audiences({ "x" });
		token_util:set_asap_require_room_claim(false);
		assert.same({ true }, (process(token_util, token)));
		table.remove(token_util.acceptedIssuers);
		assert.is_false(process(token_util, token)[1]);
		table.insert(token_util.acceptedIssuers, "*");
		assert.same({ true }, (process(token_util, token)));
		token_util.requireRoomClaim = true;
		assert.equal(not_authorized, process(token_util, token)[2]);
		token_util.requireRoomClaim = false;
		token_util.appSecret = ("n"):rep(32);
		assert.is_false(process(token_util, token)[1]);
		token_util.appSecret = secret;
		token_util.signatureAlgorithm = "HS384";
		assert.is_false(process(token_util, token)[1]);
		token_util.signatureAlgorithm = { "HS384", "HS256" };
		assert.same({ true }, (process(token_util, token)));
		token_util.acceptedAudiences = nil;
		assert.is_false(process(token_util, token)[1]);
	end);

	it("takes over a reloaded configuration, but undoes nothing that was set", function ()
		local token_util, module, all = prosody.new_token_util(options());
		token_util:set_asap_accepted_issuers({ "app" }); -- the same as configured, and yet set
		token_util.requireRoomClaim = true;
		table.insert(token_util.acceptedAudiences, "more");
		all["example.org"] = options({
			asap_accepted_issuers = { "other" }, asap_require_room_claim = false, asap_accepted_audiences = { "y" },
			app_secret = ("n"):rep(32), asap_key_server = "http://127.0.0.1:1/",
		});
		_G.prosody.events.fire_event("config-reloaded");
		assert.same({ { "app" }, true, { "*", "more" }, ("n"):rep(32), "http://127.0.0.1:1/" }, {
			token_util.acceptedIssuers, token_util.requireRoomClaim, token_util.acceptedAudiences, token_util.appSecret,
			token_util.asapKeyServer,
		});
		token_util:set_asap_key_server("");
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal("", token_util.asapKeyServer);
		module:unload();
	end);

	it("stops using a secret that was removed by a reload of the configuration, and says so", function ()
		local token_util, _, all = prosody.new_token_util(options());
		assert.same({ true }, (process(token_util, hs())));
		for _, changed in ipairs({ options({ app_secret = absent }), options({ app_secret = "<no value>" }) }) do
			all["example.org"] = changed;
			prosody.clear_log();
			_G.prosody.events.fire_event("config-reloaded");
			assert.is_false(process(token_util, hs())[1]);
			assert.is_true(#prosody.logged("error", "app_secret") >= 1);
		end
		all["example.org"] = options({ app_id = absent });
		_G.prosody.events.fire_event("config-reloaded");
		assert.is_false(process(token_util, hs())[1]);
		assert.equal(1, #prosody.logged("error", "app_id"));
		all["example.org"] = options();
		_G.prosody.events.fire_event("config-reloaded");
		assert.same({ true }, (process(token_util, hs())));
	end);

	it("does not accept a session as a guest after its token was refused", function ()
		local token_util = prosody.new_token_util(options({ allow_empty_token = true }));
		local result, session = process(token_util, hs({ exp = 1 }));
		assert.is_false(result[1]);
		assert.same({ false, not_allowed, "token required" }, (process(token_util, nil, session)));
		assert.same({ false, not_allowed, "token required" }, (process(token_util, nil, session)));
		assert.same({ true }, (process(token_util, hs(), session)));
		assert.same({ true }, (process(token_util, nil, session)));
		assert.same({ true }, (process(token_util, nil)));
	end);

	it("says why it refused a session until it accepts it, also one that first came without a token", function ()
		local token_util = prosody.new_token_util(options());
		local _, session = process(token_util, nil);
		assert.are.equal("token-required", (token_util:why_refused(session)));
		process(token_util, "x.y.z", session);
		assert.are.equal("malformed-token", (token_util:why_refused(session)));
		process(token_util, hs(), session);
		assert.is_nil(token_util:why_refused(session));
		_, session = process(token_util, nil);
		process(token_util, hs(), session);
		assert.is_nil(token_util:why_refused(session));
	end);

	it("treats an empty key server as one without keys, and only nil as no key server", function ()
		local token_util = prosody.new_token_util(options());
		assert.same({ true }, (process(token_util, hs())));
		token_util:set_asap_key_server("");
		assert.same({ false, not_allowed, "could not obtain public key" }, (process(token_util, hs())));
		assert.truthy(prosody.logged("info", "key-not-found: the configured source of keys holds no key")[1]);
		assert.is_nil(token_util:get_public_key("k"));
		token_util:set_asap_key_server(nil);
		assert.same({ true }, (process(token_util, hs())));
		assert.equal("HS256", token_util.signatureAlgorithm);
	end);
end);

describe("a key in the session", function ()
	local rs = tokens.rs256(tokens.claims(), rsa);
	local forged = tokens.hs256(tokens.claims(), rsa.public);
	local bare = rsa.public:gsub("%-%-%-%-%-[^\n]*", ""):gsub("%s", "");
	local jwk = '{"kty":"oct","k":"'..tokens.base64url(secret)..'"}';

	for _, case in ipairs({
		{ "a PEM, where RS256 is accepted", rsa.public, rs, { signature_algorithm = "RS256" }, true },
		{ "a PEM, where only HS256 is", rsa.public, rs, {}, false },
		{ "a PEM, for a token signed with it as a secret", rsa.public, forged, {}, false },
		{ "a broken PEM, for a token signed with it as a secret", "-----BEGIN PUBLIC KEY-----\nxx",
			tokens.hs256(tokens.claims(), "-----BEGIN PUBLIC KEY-----\nxx"), {}, false },
		{ "a JWK, for a token signed with its text as a secret", jwk, tokens.hs256(tokens.claims(), jwk), {}, false },
		{ "a secret", "notused", tokens.hs256(tokens.claims(), "notused"), {}, true },
		{ "a secret, beside a key server", "notused", tokens.hs256(tokens.claims(), "notused"),
			{ asap_key_server = "http://127.0.0.1:1/", signature_algorithm = "HS256" }, true },
		{ "a secret, where only RS256 is accepted", "notused", tokens.hs256(tokens.claims(), "notused"),
			{ signature_algorithm = "RS256" }, false },
		{ "an empty secret", "", tokens.hs256(tokens.claims(), ""), {}, false },
		{ "a left-over secret", "<no value>", tokens.hs256(tokens.claims(), "<no value>"), {}, false },
		{ "the bare inside of a PEM, for a token signed with it as a secret", bare, tokens.hs256(tokens.claims(), bare), {},
			false },
		{ "a JWK behind a byte order mark, for a token signed with it as a secret", "\239\187\191"..jwk,
			tokens.hs256(tokens.claims(), "\239\187\191"..jwk), {}, false },
		{ "a secret that looks like the inside of a PEM", ("s"):rep(80), tokens.hs256(tokens.claims(), ("s"):rep(80)), {},
			true },
		{ "another type", { "notused" }, tokens.hs256(tokens.claims(), "notused"), {}, false },
		{ "app_secret is not asked then", "notused", hs(), {}, false },
	}) do
		it(case[1], function ()
			local token_util = prosody.new_token_util(options(case[4]));
			assert.equal(case[5], process(token_util, case[3], { public_key = case[2] })[1]);
		end);
	end
end);

describe("a session after its log-in", function ()
	local function logged_in(claims, session)
		local token_util = prosody.new_token_util(options({ asap_require_room_claim = false }));
		local result, after = process(token_util, hs(claims), session);
		assert.same({ true }, result);
		after.auth_token = nil;
		return after;
	end

	it("has the claims with their types", function ()
		assert.same({
			jitsi_meet_room = "Room1", jitsi_meet_domain = "example.org", jitsi_meet_auth_issuer = "app",
			jitsi_meet_str_tenant = "t", jitsi_meet_context_group = "g",
			jitsi_meet_context_user = { id = 12345, moderator = true, role = "true", email = token_verifier.null },
			jitsi_meet_context_features = { recording = "true", flip = false },
			jitsi_meet_context_room = { regex = false, lobby = 1.5 },
		}, logged_in({ room = "Room1", context = {
			tenant = "t", group = "g", user = { id = 12345, moderator = true, role = "true", email = null },
			features = { recording = "true", flip = false }, room = { regex = false, lobby = 1.5 },
		} }));
		local id = logged_in({ context = { user = { id = 12345 } } }).jitsi_meet_context_user.id;
		assert.equal("integer", math.type(id));
	end);

	it("has user_id if there is no context object", function ()
		for _, context in ipairs({ absent, null, "x", 5, true, { 1, 2 } }) do
			assert.same({ id = "u1" }, logged_in({ user_id = "u1", context = context }).jitsi_meet_context_user);
		end
		assert.is_nil(logged_in({ user_id = "u1", context = { group = "g" } }).jitsi_meet_context_user);
	end);

	it("has no room if the claim is null", function ()
		assert.is_nil(logged_in({ room = null }).jitsi_meet_room);
	end);

	it("keeps nothing of an earlier token", function ()
		assert.same({ jitsi_meet_domain = "example.org", jitsi_meet_auth_issuer = "app", unrelated = 1 },
			logged_in({ room = absent }, {
				jitsi_meet_room = "old", jitsi_meet_str_tenant = "old", jitsi_meet_context_user = {},
				jitsi_meet_context_group = "old", jitsi_meet_context_features = {}, jitsi_meet_context_room = {},
				jitsi_meet_tenant_mismatch = true, unrelated = 1,
			}));
	end);

	it("is announced with its claims", function ()
		local token_util = prosody.new_token_util(options());
		local seen;
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function (event)
			seen = event;
			return false;
		end);
		local result, session = process(token_util, hs({ extra = "x" }));
		assert.same({ true }, result);
		assert.equal(session, seen.session);
		assert.equal("x", seen.claims.extra);
	end);

	it("is refused, not left hanging, if a handler fails", function ()
		local token_util = prosody.new_token_util(options());
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function () error("oops"); end);
		assert.equal(not_allowed, process(token_util, hs())[2]);
	end);

	it("is refused if a context is required and missing", function ()
		local token_util = prosody.new_token_util(options());
		local result, session = process(token_util, hs(), { contextRequired = true });
		assert.equal(not_allowed, result[2]);
		assert.is_nil(session.jitsi_meet_room);
		assert.same({ true }, (process(token_util, hs({ context = { group = "g" } }), { contextRequired = true })));
	end);
end);

describe("the line for a refusal", function ()
	local function line_for(token, session)
		local token_util = prosody.new_token_util(options());
		process(token_util, token, session);
		return prosody.logged("info", "Token refused")[1];
	end

	it("says who was refused, where and why", function ()
		local line = line_for(tokens.hs256(tokens.claims({ exp = 1 }), secret, { kid = "k\n1" }), {
			jitsi_web_query_prefix = "acme", jitsi_web_query_room = "room1", ip = "192.0.2.1",
		});
		for _, text in ipairs({ "expired: ", 'kid="k\\x0a1"', 'tenant="acme"', 'room="room1"', 'client="192.0.2.1"',
				'iss="app"' }) do
			assert.truthy(line:find(text, 1, true), line);
		end
	end);

	-- { claims, the code }: judged once the signature held, so that the issuer is told
	for _, case in ipairs({
		{ { exp = 1 }, "expired" }, { { exp = "x" }, "invalid-claim" }, { { nbf = os.time() + 60 }, "not-yet-valid" },
		{ { aud = absent }, "missing-claim" }, { { aud = { "jitsi", 1 } }, "invalid-claim" },
		{ { room = absent }, "room-missing" }, { { room = 5 }, "room-invalid" }, { { sub = absent }, "sub-missing" },
		{ { sub = 5 }, "sub-invalid" },
	}) do
		it("has the issuer after "..case[2], function ()
			local line = line_for(hs(case[1]));
			assert.truthy(line:find("Token refused: "..case[2]..": ", 1, true), line);
			assert.truthy(line:find('iss="app"', 1, true), line);
		end);
	end

	it("tells a client about keys only that there was none", function ()
		for _, code in ipairs({
			"key-not-found", "key-source-unavailable", "key-source-overloaded", "key-unusable", "malformed-key", "unsupported-key",
			"weak-key", "weak-secret",
		}) do
			assert.truthy(token_verifier.codes[code]);
			assert.same({ "not-allowed", "could not obtain public key" }, { report.answer(code, "http://keys.internal") });
		end
	end);

	it("contains the issuer only if the signature was valid", function ()
		assert.falsy(line_for(tokens.hs256(tokens.claims(), ("x"):rep(32))):find("iss=", 1, true));
	end);

	it("is one line of ASCII, and input in it is quoted and cannot end the quotes", function ()
		local line = line_for(tokens.hs256(tokens.claims(), ("x"):rep(32), { kid = 'a"b\\c\n\127Zo\195\171' }));
		assert.truthy(line:find([[kid="a\x22b\x5cc\x0a\x7fZo\xc3\xab"]], 1, true), line);
		assert.is_nil(line:find("[^ -~]"), line);
	end);

	-- What is read for it has a payload that nobody has signed, and may be dear to read.
	it("is made without reading a payload whose signature was not verified", function ()
		local inspect = token_verifier.inspect;
		finally(function () token_verifier.inspect = inspect; end);
		token_verifier.inspect = function ()
			error("a token was read once more");
		end;
		for _, payload in ipairs({ "no JSON", '{"iss":"app"', "[]", '{"iss":"app"}' }) do
			local line = line_for(tokens.hs256(payload, ("x"):rep(32), { kid = "k1" }));
			assert.truthy(line:find('bad%-signature: .* %(kid="k1"%)$'), line);
			line = line_for(tokens.base64url('{"typ":"JWT","alg":"RS256","kid":"k1"}').."."..tokens.base64url(payload)..".AAAA");
			assert.truthy(line:find('algorithm%-not%-accepted: .* %(kid="k1"%)$'), line);
		end
	end);

	it("has the kid of a token with a valid signature and a malformed payload", function ()
		local line = line_for(tokens.hs256('{"iss":"app"', secret, { kid = "k1" }));
		assert.truthy(line:find('malformed%-payload: .* %(kid="k1"%)$'), line);
	end);

	it("has kid and issuer of a valid token that was refused later", function ()
		local token_util = prosody.new_token_util(options());
		process(token_util, tokens.hs256(tokens.claims(), secret, { kid = "k1" }), { contextRequired = true });
		local line = prosody.logged("info", "Token refused")[1];
		assert.truthy(line:find('missing%-claim: .* %(kid="k1" iss="app"%)$'), line);
	end);

	it("reads an unverified header only if it is short", function ()
		local function line(kid)
			return report.refused_token({}, tokens.hs256("no JSON", secret, { kid = kid }));
		end
		assert.equal('kid="k1"', line("k1"));
		assert.equal("", line(("k"):rep(2000)));
		assert.equal("", report.refused_token({}, "x.y.z"));
		assert.equal("", report.refused_token({}, 5));
		assert.equal("", report.refused_token({}, nil));
	end);

	it("does not grow with the client's input", function ()
		local line = line_for(tokens.hs256(tokens.claims(), ("x"):rep(32), { kid = ("k"):rep(5000) }));
		assert.is_true(#line < 400, line);
	end);
end);

describe("verify_room", function ()
	it("asks the MUC component for the room", function ()
		local token_util, module = prosody.new_token_util(options({
			muc_mapper_domain_base = "example.org", allow_empty_token = true,
		}));
		local rooms = { ["closed@conference.example.org"] = { _data = { allowUnauthenticatedAccess = false } } };
		rooms["open@conference.example.org"] = { _data = {} };
		_G.prosody.hosts["conference.example.org"] = { modules = { muc = {
			get_room_from_jid = function (jid) return rooms[jid]; end;
		} } };
		assert.same({ true }, { token_util:verify_room({}, "open@conference.example.org/nick") });
		local allowed, error_name = token_util:verify_room({}, "closed@conference.example.org");
		assert.same({ false, "authentication-required" }, { allowed, error_name });
		assert.equal("room-does-not-exist", select(2, token_util:verify_room({}, "none@conference.example.org")));
		assert.truthy(prosody.logged("info", "Room refused: authentication-required")[1]);
		module:unload();
	end);

	it("counts the claims that are patterns and name the room, as Jitsi's library does, and says so", function ()
		local token_util, module = prosody.new_token_util(options());
		local session = { jitsi_meet_room = "room.", jitsi_meet_domain = "example.org", jitsi_meet_context_room = { regex = true } };
		assert.is_true((token_util:verify_room(session, "room1@conference.example.org/nick")));
		assert.is_false((token_util:verify_room(session, "aroom@conference.example.org/nick")));
		session.jitsi_meet_room, session.jitsi_meet_context_room = "room1", nil;
		assert.is_true((token_util:verify_room(session, "room1@conference.example.org/nick")));
		assert.same({ regex_room_claim = 1 }, module.measured);
		assert.equal(1, #prosody.logged("info", "Room claim is a pattern that names the room: \"room.\""));
		module:unload();
	end);

	it("refuses instead of raising an error in the MUC's event, if a field or the MUC makes it fail", function ()
		local session = { auth_token = "checked", jitsi_meet_room = "*", jitsi_meet_domain = "*" };
		for _, spoil in ipairs({
			function (token_util) token_util.muc_domain_prefix = nil; session.jitsi_meet_domain = "example.org"; end,
			function (token_util) token_util.muc_domain_base = true; end,
			function ()
				_G.prosody.hosts["conference.example.org"] = { modules = { muc = { get_room_from_jid = function () error("broken"); end } } };
			end,
		}) do
			local token_util, module = prosody.new_token_util(options());
			spoil(token_util);
			assert.same({ false, nil, "the room could not be checked" }, { token_util:verify_room(session, "room@conference.example.org/nick") });
			assert.equal(1, #prosody.logged("error", "Error while a room was checked"));
			assert.equal(1, #prosody.logged("info", "Room refused: "));
			module:unload();
		end
	end);
end);
