-- SPDX-License-Identifier: MIT
-- The explanation of a token: which checks fail, that later checks run after a failure, and what it never shows.

require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local checks = require "token_verifier.explain.explain_claims".checks;
local explain = require "token_verifier.explain.explain";
local lines = require "token_verifier.explain.explain_lines".lines;
local time_words = require "token_verifier.explain.time_words";
local token_options = require "token_verifier.plugin.token_options";
local token_verifier = require "token_verifier";

local now = 1700000000;
local secret = "a secret that explain must not show, ever";
local key, other_key = tokens.new_key(), tokens.new_key();

local function verify(token, options)
	return token_verifier.verify(token, options);
end

local function options_with(changes)
	local options = {
		secret = secret, now = now, accepted_issuers = { "app", "other-app" }, accepted_audiences = { "jitsi" },
		require_room = true, require_sub = true,
	};
	for name, value in pairs(changes or {}) do
		if value == tokens.absent then
			options[name] = nil;
		else
			options[name] = value;
		end
	end
	return options;
end

local function claims_with(changes)
	local claims = { iat = now - 60, exp = now + 3540 };
	for name, value in pairs(changes or {}) do
		claims[name] = value;
	end
	return tokens.claims(claims);
end

-- Explains; returns the marks by check ("+" ok, "!" failed, "-" not checked), the texts by check, and all there is.
local function explained(token, options)
	local result = explain.explain(token, options or options_with(), verify);
	local marks, texts = {}, {};
	for _, row in ipairs(result.rows) do
		assert.is_nil(marks[row.check], row.check);
		marks[row.check] = assert(({ ok = "+", WARN = "w", FAIL = "!", ["--"] = "-" })[row.mark], row.mark);
		texts[row.check] = row.text;
	end
	return marks, texts, result;
end

local function hs256(changes, header)
	return tokens.hs256(claims_with(changes), secret, header);
end

local function failing(marks)
	local list = {};
	for check, mark in pairs(marks) do
		if mark == "!" then
			list[#list + 1] = check;
		end
	end
	table.sort(list);
	return table.concat(list, " ");
end

it("shows a refusal that no row explains, with the message of the native module", function ()
	local result = explain.explain(hs256(), options_with(), function () return nil, "jti is a number", "jti-invalid"; end);
	local row = result.rows[#result.rows];
	assert.same({ "claims", "FAIL", "jti is a number" }, { row.check, row.mark, row.text });
	result = explain.explain(hs256({ exp = now - 5 }), options_with(), verify);
	assert.not_equal("claims", result.rows[#result.rows].check);
end);

describe("a valid token", function ()
	it("passes every check, and each says what was found and expected", function ()
		local marks, texts, result = explained(hs256());
		assert.is_true(result.accepted);
		assert.same({ form = "+", header = "+", typ = "+", alg = "+", key = "+", signature = "+", payload = "+", exp = "+",
			nbf = "+", iat = "+", iss = "+", aud = "+", room = "+", sub = "+", context = "+" }, marks);
		assert.equal('found "JWT"; expected "JWT"', texts.typ);
		assert.equal('found "HS256"; expected "HS256"', texts.alg);
		assert.equal('found "app"; expected "app", "other-app"', texts.iss);
		assert.equal('found "jitsi"; expected "jitsi"', texts.aud);
		assert.equal("the shared secret", texts.key);
		assert.equal("expires in 59 min (2023-11-14 23:12:20 UTC)", texts.exp);
		assert.equal("issued 1 min ago (2023-11-14 22:12:20 UTC)", texts.iat);
		assert.equal("there is none", texts.nbf);
	end);

	it("is shown as different from one that was not checked", function ()
		local marks, texts = explained(hs256(), options_with({
			accepted_issuers = tokens.absent, accepted_audiences = tokens.absent, max_lifetime = 7200,
			required_claims = { "room", "sub" }, accepted_types = { "*" },
		}));
		assert.same({ nil, nil, "+", "+" }, { marks.iss, marks.aud, marks.lifetime, marks.required });
		assert.equal('found "JWT"; expected any', texts.typ);
		assert.equal("at most 2 h", texts.lifetime);
	end);
end);

local long, many = "https://login.example.org/"..("a"):rep(100), {};
for i = 1, 20 do
	many[i] = "a"..i;
end

-- { what, token, changes of the options, the checks that fail, code, part of a text, its check }
for _, case in ipairs({
	{ "expired", function () return hs256({ iat = now - 15120, exp = now - 11520 }); end, {}, "exp", "expired",
		"expired 3 h 12 min ago (2023-11-14 19:01:20 UTC), was valid for 1 h", "exp" },
	{ "not valid yet", function () return hs256({ nbf = now + 90 }); end, {}, "nbf", "not-yet-valid",
		"not valid for another 1 min 30 s (until 2023-11-14 22:14:50 UTC)", "nbf" },
	{ "of two bad dates and another issuer", function ()
		return hs256({ exp = now - 5, nbf = now + 90, iss = "somebody", aud = { "a", "b" } });
	end, {}, "aud exp iss nbf", "expired", 'iss is "somebody"; accepted: "app", "other-app"', "iss" },
	{ "of a long issuer", function () return hs256({ iss = long.."/realms/b" }); end, { accepted_issuers = { long.."/realms/a" } }, "iss",
		"issuer-not-accepted", ('iss is "%s/realms/b"; accepted: "%s/realms/a"'):format(long, long), "iss" },
	{ "of an issuer that is no name", function () return hs256({ iss = "é\226\128\174\27"..("x"):rep(2000) }); end, {}, "iss",
		"issuer-not-accepted", ('iss is "é\\u202e\\u001b%s..."; accepted: "app"'):format(("x"):rep(1018)), "iss" },
	{ "for several", function () return hs256({ aud = { long, "b", long.."c" } }); end, {}, "aud", "audience-not-accepted",
		('aud is an array: "%s", "b", "%sc"; accepted: '):format(long, long), "aud" },
	{ "for many", function () return hs256({ aud = many }); end, { accepted_audiences = { "x" } }, "aud", "audience-not-accepted",
		'"a15", "a16", and 4 more; accepted: "x"', "aud" },
	{ "without all that is needed", function ()
		return hs256({ iss = tokens.absent, aud = tokens.absent, room = tokens.absent, sub = tokens.absent });
	end, { required_claims = { "context" } }, "aud iss required room sub", "missing-claim" },
	{ "with claims of the wrong types", function ()
		return hs256({ exp = "soon", nbf = true, iat = {}, iss = 5, aud = {}, room = 1, sub = {} });
	end, { max_lifetime = 60 }, "aud exp iat iss lifetime nbf room sub", "invalid-claim" },
	{ "with a date of null", function () return hs256({ exp = tokens.null }); end, {}, "exp", "invalid-claim" },
	{ "in milliseconds", function () return hs256({ exp = now * 1000 + 5000 }); end, {}, "exp", "invalid-claim", "milliseconds",
		"exp" },
	{ "in milliseconds, expired", function () return hs256({ exp = now * 1000 - 5000 }); end, { accept_milliseconds = true },
		"exp", "expired", "expired 5 s ago", "exp" },
	{ "valid for too long", function () return hs256({ exp = now + 86400 }); end, { max_lifetime = 3600 }, "lifetime",
		"lifetime-too-long" },
	{ "expired, and valid for too long", function () return hs256({ iat = now - 90000, exp = now - 10 }); end,
		{ max_lifetime = 3600 }, "exp lifetime", "expired" },
	{ "for another room", function () return hs256(); end, { room = "finance" }, "room", "room-not-accepted" },
	{ "of another type", function () return hs256({}, { typ = "at+jwt" }); end, {}, "typ", "type-not-accepted", "at+jwt", "typ" },
	{ "of another type and expired", function () return hs256({ exp = now - 1 }, { typ = "at+jwt" }); end, {}, "exp typ",
		"type-not-accepted" },
	{ "of another signature, and expired", function ()
		return tokens.hs256(claims_with({ exp = now - 1 }), ("y"):rep(40));
	end, {}, "exp signature", "bad-signature" },
	{ "HS512 where HS256 is accepted, but nothing else", function ()
		return hs256({ exp = now - 1 }, { alg = "none" });
	end, {}, "alg exp", "algorithm-not-accepted" },
	{ "RS256 by a shared secret", function () return tokens.rs256(claims_with({ iss = "x" }), key, "k"); end, {}, "alg iss",
		"algorithm-not-accepted" },
	{ "HS256 by a public key", function () return hs256(); end,
		{ secret = tokens.absent, key = key.public }, "alg", "algorithm-not-accepted" },
	{ "by another key", function () return tokens.rs256(claims_with(), other_key, "k"); end,
		{ secret = tokens.absent, key = key.public }, "signature", "bad-signature" },
}) do
	local what, make, changes, fails, code, text, check = table.unpack(case, 1, 7);
	it(("a token %s fails by just that: %s"):format(what, fails), function ()
		local marks, texts, result = explained(make(), options_with(changes));
		assert.equal(fails, failing(marks));
		assert.is_false(result.accepted);
		assert.equal(code, result.code);
		if text then
			assert.truthy(texts[check]:find(text, 1, true), texts[check]);
		end
	end);
end

describe("a check that fails", function ()
	it("does not prevent later checks", function ()
		local marks = explained(hs256({}, { typ = "at+jwt" }));
		assert.same({ "!", "+", "+", "+", "+" }, { marks.typ, marks.alg, marks.key, marks.signature, marks.payload });
		marks = explained(tokens.rs256(claims_with(), key, "k"), options_with({
			secret = tokens.absent, key = key.public, algorithms = { "RS512" },
		}));
		assert.same({ "!", "+", "+", "+" }, { marks.alg, marks.key, marks.signature, marks.payload });
	end);

	it("says no lifetime if there was none", function ()
		local _, texts = explained(hs256({ iat = now - 50, exp = now - 100 }));
		assert.equal("expired 1 min 40 s ago (2023-11-14 22:11:40 UTC)", texts.exp);
	end);

	it("shows only the beginning of a long list", function ()
		local _, texts = explained(hs256({ aud = { "1", "2", "3", "4", "5", "6", "7", "8", "9", "jitsi" } }));
		assert.equal('found "1", "2", "3", "4", "5", "6", "7", "8", ...; expected "jitsi"', texts.aud);
	end);
end);

describe("a check that cannot run", function ()
	it("is shown as such, and claims are checked all the same", function ()
		local marks, texts, result = explained(tokens.rs256(claims_with({ exp = now - 1 }), key, "k"), options_with({
			secret = tokens.absent, keys = token_verifier.keystore(),
		}));
		assert.same({ "+", "!", "-", "-", "!", "+" }, {
			marks.alg, marks.key, marks.signature, marks.payload, marks.exp, marks.iss,
		});
		assert.equal("key-not-found", result.code);
		assert.equal("not checked, because of key", texts.signature);
		assert.is_false(result.proven);
		assert.truthy(table.concat(lines(result), "\n"):find("\n      The following claims are not proven, "
			.."because the signature was not verified:\nFAIL  exp "));
	end);

	it("does not exist if the signature is valid", function ()
		local _, _, result = explained(hs256());
		assert.is_true(result.proven);
		assert.is_nil(table.concat(lines(result), "\n"):find("not proven"));
	end);

	for _, case in ipairs({
		{ "", "form", "malformed-token" }, { "a.b", "form", "malformed-token" }, { ("x"):rep(20000), "form", "token-too-large" },
		{ "a.b.c.d.e", "form", "malformed-token" },
		{ tokens.base64url('{"alg":"dir","enc":"A128GCM"}')..".b.c.d.e", "form", "encrypted-token" },
		{ tokens.base64url("[]")..".e30.", "header", "malformed-header" },
		{ tokens.base64url('{"alg":"HS256","typ":"JWT","crit":["x"]}')..".e30.", "header", "unsupported-critical" },
	}) do
		it("is all that follows "..case[3].." ("..#case[1].." bytes)", function ()
			local marks, _, result = explained(case[1]);
			assert.equal(case[2], failing(marks));
			assert.equal(case[3], result.code);
			assert.equal("-", marks.signature);
			assert.is_nil(marks.exp);
		end);
	end

	it("is every claim of a payload that is not an object", function ()
		local marks, _, result = explained(tokens.hs256("[1]", secret));
		assert.equal("payload", failing(marks));
		assert.equal("malformed-payload", result.code);
		assert.same({ "+", nil }, { marks.signature, marks.exp });
		marks = explained(tokens.hs256("[1]", secret, { alg = "none" }));
		assert.equal("alg", failing(marks));
	end);
end);

describe("a key", function ()
	local store = token_verifier.keystore();
	store:put("k", key.public);

	it("is described", function ()
		local _, texts = explained(tokens.rs256(claims_with(), key, "k"), options_with({
			secret = tokens.absent, keys = { store }, stores = { store },
		}));
		assert.truthy(texts.key:find('^kid "k" is RSA, 2048 bits'), texts.key);
	end);

	it("of another issuer is found, whatever else is wrong", function ()
		local theirs = token_verifier.keystore();
		local function bound(claims, of_app)
			return explained(tokens.rs256(claims, key, "k"), options_with({
				secret = tokens.absent, issuers = { app = of_app, ["other-app"] = of_app == store and theirs or store },
			}));
		end
		local marks, _, result = bound(claims_with(), store);
		assert.is_true(result.accepted);
		assert.equal("+", marks.binding);
		marks, _, result = bound(claims_with(), theirs);
		assert.same({ "!", "+", "issuer-not-accepted" }, { marks.binding, marks.iss, result.code });
		marks = bound(claims_with({ exp = now - 1, aud = "else" }), theirs);
		assert.equal("aud binding exp", failing(marks));
		marks = bound(claims_with({ exp = now - 1, aud = "else" }), store);
		assert.equal("aud exp", failing(marks));
	end);
end);

-- What a command line does not meet: { code, facts, key of the cause }
describe("a failure", function ()
	for _, case in ipairs({
		{ "key-source-unavailable", {}, "key-source-unavailable" },
		{ "key-source-unavailable", { reason = "network", class = "broken" }, "key-source-unavailable" },
		{ "key-source-unavailable", { reason = "network", class = "tls-authority" }, "source-tls-authority" },
		{ "key-source-unavailable", { reason = "network", class = "tls-expired" }, "source-tls-expired" },
		{ "key-source-unavailable", { reason = "network", class = "tls-name" }, "source-tls-name" },
		{ "key-source-unavailable", { reason = "network", class = "tls-version" }, "source-tls" },
		{ "key-source-unavailable", { reason = "network", class = "tls" }, "source-tls" },
		{ "key-source-unavailable", { reason = "network", class = "timeout" }, "source-time-out" },
		{ "key-source-unavailable", { reason = "waited", limit = 6 }, "source-time-out" },
		{ "key-source-unavailable", { reason = "network", class = "resolve" }, "source-dns" },
		{ "key-source-unavailable", { reason = "network", class = "connect" }, "source-refused" },
		{ "key-source-overloaded", { reason = "client-limit", limit = 8 }, "key-source-overloaded" },
		{ "key-pending", { asked = "key" }, "key-pending" },
		{ "key-unusable", {}, "key-unusable" },
		{ "key-not-found", {}, "key-not-found" },
		{ "crypto-failure", {}, "crypto-failure" },
	}) do
		local facts = case[2];
		facts.url = "https://k.example/a";
		it(("has its cause: %s %s: %s"):format(facts.reason or case[1], facts.class or "", case[3]), function ()
			local result = explain.explain(hs256(), options_with(), function ()
				return nil, "a sentence that nobody reads", case[1], facts;
			end);
			local findings = {};
			for _, row in ipairs(result.rows) do
				if row.mark == "FAIL" then
					findings[#findings + 1] = row.findings[1].key;
				end
			end
			assert.same({ case[3] }, findings);
			assert.equal(case[1], result.code);
		end);
	end
end);

describe("an explanation", function ()
	it("never shows the signature, the payload, the whole token or a secret", function ()
		for _, token in ipairs({
			hs256(), hs256({ exp = now - 1 }), tokens.hs256(claims_with(), ("y"):rep(40)),
			tokens.rs256(claims_with(), key, "k"), hs256()..".x", (hs256():gsub("%.", "!")),
		}) do
			local text = table.concat(lines(explain.explain(token, options_with(), verify)), "\n");
			for part in token:gmatch("[^.!]+") do
				assert.is_nil(#part > 12 and text:find(part, 1, true) or nil, text);
			end
			assert.is_nil(text:find(secret, 1, true));
		end
	end);

	it("can be shown on a terminal whatever the token contains", function ()
		local nasty = "\27[31m\n\0\255";
		local token = tokens.hs256(tokens.claims({ exp = now + 1, aud = { nasty }, room = nasty, sub = ("s"):rep(500) }), secret);
		local options = options_with({ accepted_issuers = { "*" }, accepted_audiences = { "*" } });
		for _, line in ipairs(lines(explain.explain(token, options, verify))) do
			assert.is_nil(line:find("[^\32-\126]"), line);
			assert.is_true(#line < 300, line);
		end
	end);
end);

describe("whatever a token contains", function ()
	local random_values = {
		tokens.null, true, 0, -1, 1.5, 1e300, 2^53, now * 1000, "", "x", "*", "nan", "0x10", tostring(now), "a@b", "https://x/y", "https://",
			"[a]b",
		"a/b", "%zz", "%41", "[", "conference.", "conference.meet.example.org", "meet.example.org", ("x"):rep(3000), "\0", "\27[31m", {}, { 1,
			2 },
		{ {} }, { room = { regex = true } }, { room = "x" }, { room = { name = "x" } }, { tenant = 5 }, { tenant = {} },
	};
	local names = { "iss", "aud", "sub", "room", "exp", "nbf", "iat", "context", "bnf", "audience", "" };
	local headers = { tokens.null, "HS256", "RS256", "none", "hs256", "", 5, {}, "at+jwt", true };
	local rooms = { "planning", "[a]b", "a/b", "", "@", "a@", "@b", "https://", "https://x", "https://x/", "[", "/", "a@b@c",
		("y"):rep(2000), "\0" };
	local settings = {
		muc_domain_prefix = "conference", muc_domain_base = "meet.example.org", muc_domain = "conference.meet.example.org",
			enableDomainVerification = true,
		requireRoomClaim = true, regexEnabled = true, regexRoomMaxLength = 128, regexRoomMaxQuantifiers = 3, host = "meet.example.org",
	};
	local plain_settings = { muc_domain_prefix = "conference", enableDomainVerification = true, host = "meet.example.org" };

	local function one_of(list)
		return list[math.random(#list)];
	end

	local function random_token()
		local claims, header = {}, {};
		for _ = 1, math.random(0, 8) do
			claims[one_of(names)] = one_of(random_values);
		end
		if math.random(3) == 1 then
			header[one_of({ "typ", "kid", "crit", "alg" })] = one_of(headers);
		end
		local token = tokens.hs256(claims, secret, header);
		if math.random(3) == 1 then
			local at = math.random(#token);
			token = one_of({ token:sub(1, at), token:sub(at), token:sub(1, at - 1)..string.char(math.random(0, 255))..token:sub(at + 1) });
		end
		return token;
	end

	it("no error is raised, the verdict is the native module's, and each failure has a cause", function ()
		math.randomseed(1);
		for _ = 1, 500 do
			local token = random_token();
			local options = options_with({ require_room = math.random(2) == 1, max_lifetime = math.random(3) == 1 and 60 or nil,
				required_claims = math.random(3) == 1 and { "context" } or nil, secret = math.random(3) == 1 and secret.."\n" or nil });
			local result = explain.explain(token, options, verify, {
				settings = one_of({ settings, plain_settings }), room = math.random(2) == 1 and one_of(rooms) or nil, app_id = "app",
			});
			assert.equal(verify(token, options) ~= nil, result.accepted);
			local failed = false;
			for _, row in ipairs(result.rows) do
				failed = failed or row.mark == "FAIL" and row.check ~= "room" and row.check ~= "sub";
				assert.is_true(row.mark ~= "FAIL" or #row.findings > 0, row.check..": "..row.text);
			end
			assert.is_true(result.accepted ~= failed or result.code:find("^room") ~= nil or result.code:find("^sub") ~= nil, token);
			for _, line in ipairs(lines(result)) do
				assert.is_nil(line:find("[%c\127]"), line);
				assert.truthy(utf8.len(line), line);
				assert.is_true(#line < 1500, line);
			end
		end
	end);
end);

describe("a text that is made to take time", function ()
	-- Each of these took seconds to minutes with patterns that go back: Prosody's loop would stand still.
	for _, piece in ipairs({ "[", "[]", "=", " ", "\"", "%25", "Bearer ", "&token=" }) do
		it(("does not: full %s"):format(piece), function ()
			local full = piece:rep(60000 // #piece);
			for _, text in ipairs({ full, "x"..full.."x", hs256({ room = full:sub(1, 5000), sub = full:sub(1, 5000) }) }) do
				assert.is_table(explain.explain(text, options_with(), verify, { settings = { muc_domain_prefix = "conference",
					enableDomainVerification = true,
					host = "example.org" } }));
			end
		end);
	end
end);

describe("times in words", function ()
	for seconds, words in pairs({
		[0] = "0 s", [1] = "1 s", [59.6] = "1 min", [61] = "1 min 1 s", [3600] = "1 h", [3605] = "1 h", [11520] = "3 h 12 min",
		[90061] = "1 d 1 h", [-5] = "5 s", [86400 * 400] = "1 y 35 d",
	}) do
		it(("are %s for %s s"):format(words, seconds), function ()
			assert.equal(words, time_words.span(seconds));
		end);
	end

	it("are dates if possible", function ()
		assert.equal("1970-01-01 00:00:01 UTC", time_words.date(1.5));
		assert.equal("1"..("0"):rep(18), time_words.date(1e18));
		assert.truthy(time_words.date(1e300));
	end);
end);

it("each option of token_verifier.new() belongs to a check of the explanation", function ()
	local subjects = { token = true, claims = true, room = true };
	for _, row in ipairs(token_options.of_verifier) do
		assert.truthy(subjects[row.about] or checks[row.about], row[1]);
	end
end);
