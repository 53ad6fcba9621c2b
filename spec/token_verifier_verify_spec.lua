-- SPDX-License-Identifier: MIT
-- verify(), new(), inspect() and key() of the native module: their results, failures and errors.

local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local tv = require "token_verifier";

local secret = "a-secret-that-is-longer-than-the-hash-of-hs256";
local now = 1700000000;
local key, other_key;

local function claims(changes)
	local all = { iss = "app", aud = "jitsi", sub = "example.org", room = "Room1", exp = now + 60, nbf = now - 60 };
	for name, value in pairs(changes or {}) do
		if value == tokens.absent then
			all[name] = nil;
		else
			all[name] = value;
		end
	end
	return all;
end

local function options(changes)
	local all = { secret = secret, now = now };
	for name, value in pairs(changes or {}) do
		all[name] = value;
	end
	return all;
end

lazy_setup(function ()
	key, other_key = tokens.new_key(), tokens.new_key();
end);

describe("the module", function ()
	it("has a version and an explanation for each code", function ()
		local header <close> = assert(io.open("src/base/version.h"));
		assert.equal(header:read("a"):match('#define TV_VERSION "(%d+%.%d+%.%d+)"'), tv._VERSION);
		assert.is_string(tv.codes["bad-signature"]);
		assert.is_nil(tv.codes["no-memory"]);
		for code, explanation in pairs(tv.codes) do
			assert.truthy(code:match("^[a-z][a-z-]+$"), code);
			assert.truthy(#explanation > 10, code);
		end
	end);

	it("names key files like key servers do", function ()
		assert.equal("b67bee595176d122d03c19af5b2a83e0a1c6485add7c0f47c8d87a5a367a1c82.pem", tv.key_file_name("jitsi"));
	end);
end);

describe("a valid token", function ()
	it("returns its claims and header with their JSON types", function ()
		local token = tokens.hs256([[{"exp":1700000060,"sub":"s","i":12345,"big":18446744073709551615,"f":1.5,"t":true,"n":null,
			"s":"Zo\u00eb","empty":[],"object":{},"list":[1,"two",[3] ]}]], secret, { kid = "unused" });
		local got, header = assert(tv.verify(token, options()));
		assert.equal("integer", math.type(got.i));
		assert.equal(12345, got.i);
		assert.equal("float", math.type(got.big));
		assert.equal(1.5, got.f);
		assert.is_true(got.t);
		assert.equal(tv.null, got.n);
		assert.equal("userdata", type(got.n));
		assert.equal("Zo\u{eb}", got.s);
		assert.same({ 1, "two", { 3 } }, got.list);
		assert.is_nil(next(got.empty));
		assert.is_nil(next(got.object));
		assert.not_nil(getmetatable(got.empty));
		assert.is_nil(getmetatable(got.object));
		assert.same({ typ = "JWT", alg = "HS256", kid = "unused" }, header);
	end);

	-- Names are remembered by a number made of some of their bytes: "aaaa" and "`aaaa" have the same, and "" that of no name at all.
	it("returns the names of its members unchanged, the first time and later", function ()
		local token = tokens.hs256([[{"":0,"aaaa":1,"`aaaa":2,"exp":1700000060}]], secret);
		local program = ([[local tv = require "token_verifier";
			for _ = 1, 3 do local got = assert(tv.verify(%q, { secret = %q, now = %d })); print(got[""], got["aaaa"], got["`aaaa"]); end]])
			:format(token, secret, now);
		local file = temporary.file(program);
		local pipe = io.popen("lua5.4 "..file.." 2>&1"); -- which remembers none yet
		assert.equal(("0\t1\t2\n"):rep(3), pipe:read("a"));
		pipe:close();
		os.remove(file);
	end);

	it("gives names that differ in their middle alone as they are", function ()
		local token = tokens.hs256([[{"abcdefgh-1-ijklmnop":1,"abcdefgh-2-ijklmnop":2,"exp":1700000060}]], secret);
		for _ = 1, 3 do
			local got = assert(tv.verify(token, { secret = secret, now = now }));
			assert.same({ 1, 2 }, { got["abcdefgh-1-ijklmnop"], got["abcdefgh-2-ijklmnop"] });
		end
	end);

	it("of RS256 is accepted with every form of the key", function ()
		local token = tokens.rs256(claims(), key, "any");
		local object = assert(tv.key(key.public));
		for _, form in ipairs({ key.public, object, object:jwk(), object:pem() }) do
			assert.equal("app", assert(tv.verify(token, { key = form, now = now })).iss);
		end
		assert.same({ nil, "bad-signature" }, { nil, (select(3, tv.verify(token, { key = other_key.public, now = now }))) });
	end);
end);

describe("a refusal", function ()
	-- what is changed, the options, the code, what the sentence names
	local cases = {
		{ "the secret", { secret = "another" }, {}, "bad-signature", "signature" };
		{ "exp now", {}, { exp = now }, "expired", "exp" };
		{ "exp in the past", {}, { exp = now - 100 }, "expired", "100 s ago" };
		{ "exp within the leeway", { leeway = 10 }, { exp = now - 9 } };
		{ "exp at the end of the leeway", { leeway = 10 }, { exp = now - 10 }, "expired", "exp" };
		{ "nbf ahead", {}, { nbf = now + 5 }, "not-yet-valid", "5 s ahead" };
		{ "nbf within the leeway", { leeway = 5 }, { nbf = now + 5 } };
		{ "exp as a string", {}, { exp = "1700000060" }, "invalid-claim", "exp is a string" };
		{ "exp in milliseconds", {}, { exp = now * 1000 }, "invalid-claim", "exp is 1700000000000, which looks like milliseconds" };
		{ "exp in milliseconds, accepted", { accept_milliseconds = true }, { exp = now * 1000 + 60000 } };
		{ "no exp", {}, { exp = tokens.absent } };
		{ "no exp though required", { required_claims = { "exp" } }, { exp = tokens.absent }, "missing-claim", "exp" };
		{ "a lifetime", { max_lifetime = 60 }, { iat = now } };
		{ "a long lifetime", { max_lifetime = 60 }, { iat = now - 1 }, "lifetime-too-long", "61" };
		{ "no iat", { max_lifetime = 60 }, {}, "missing-claim", "iat" };
		{ "another iss", { accepted_issuers = { "x", "y" } }, {}, "issuer-not-accepted", 'iss is "app"; accepted: "x", "y"' };
		{ "any iss", { accepted_issuers = { "*" } }, {} };
		{ "no iss though any", { accepted_issuers = { "*" } }, { iss = tokens.absent }, "missing-claim", "iss" };
		{ "iss null", { accepted_issuers = { "*" } }, { iss = tokens.null }, "missing-claim", "iss" };
		{ "iss a number", { accepted_issuers = { "*" } }, { iss = 5 }, "invalid-claim", "iss is a number" };
		{ "iss longer by a NUL", { accepted_issuers = { "app" } }, { iss = "app\0" }, "invalid-claim", "NUL" };
		{ "iss in other case", { accepted_issuers = { "App" } }, {}, "issuer-not-accepted", "iss" };
		{ "an accepted aud", { accepted_audiences = { "jitsi" } }, {} };
		{ "another aud", { accepted_audiences = { "x" } }, {}, "audience-not-accepted", 'aud is "jitsi"' };
		{ "aud array", { accepted_audiences = { "jitsi" } }, { aud = { "a", "jitsi" } } };
		{ "aud array without it", { accepted_audiences = { "jitsi" } }, { aud = { "a", "b" } }, "audience-not-accepted", "array of 2" };
		{ "aud array with a number", { accepted_audiences = { "jitsi" } }, { aud = { "jitsi", 1 } }, "invalid-claim", "element of aud" };
		{ "the room", { room = "room1" }, {} };
		{ "another room", { room = "room2" }, {}, "room-not-accepted", 'room is "Room1"' };
		{ "any room", { room = "room2" }, { room = "*" } };
		{ "no room", { require_room = true }, { room = tokens.absent }, "room-missing", "room" };
		{ "room a number", {}, { room = 7 }, "room-invalid", "room is a number" };
		{ "no sub", { require_sub = true }, { sub = tokens.null }, "sub-missing", "sub" };
		{ "sub a table", {}, { sub = { "x" } }, "sub-invalid", "sub is an array" };
		{ "another alg", { algorithms = { "HS384", "HS512" } }, {}, "algorithm-not-accepted", 'alg is "HS256"; accepted: "HS384", "HS512"' };
		{ "another typ", { accepted_types = { "at+jwt" } }, {}, "type-not-accepted", 'typ is "JWT"; accepted: "at+jwt"' };
	};
	for _, case in ipairs(cases) do
		local name, opts, changes, code, words = table.unpack(case, 1, 5);
		it(("with %s: %s"):format(name, code or "accepted"), function ()
			local token = tokens.hs256(claims(changes), secret);
			local got, message, got_code = tv.verify(token, options(opts));
			assert.equal(code, got_code, message);
			if not code then
				return assert.is_table(got);
			end
			assert.is_nil(got);
			assert.truthy(tv.codes[code], code);
			assert.truthy(message:find(words, 1, true), message);
			assert.is_nil(message:find("the claim an ", 1, true));
			assert.is_nil(message:find("\n"));
		end);
	end

	local input = ("."):rep(2);
	for name, case in pairs({
		["an empty text"] = { "", "malformed-token" };
		["two dots"] = { input, "malformed-header" };
		["five parts"] = { "a.b.c.d.e", "malformed-token" };
		["five parts with enc"] = { tokens.base64url('{"alg":"dir","enc":"A128GCM"}')..".b.c.d.e", "encrypted-token" };
		["thousands of dots"] = { ("."):rep(16384), "malformed-token" };
		["too many bytes"] = { ("a"):rep(16385), "token-too-large" };
		["padding"] = { "e30=.e30.e30", "malformed-token" };
		["a NUL"] = { "e30.e30.e3\0", "malformed-token" };
		["bits left over"] = { "e31.e30.AB", "malformed-token" };
		["crit"] = { tokens.hs256({}, secret, { crit = { "exp" } }), "unsupported-critical" };
		["alg none"] = { tokens.base64url('{"typ":"JWT","alg":"none"}')..".e30.", "algorithm-not-accepted" };
		["no alg"] = { tokens.base64url('{"typ":"JWT"}')..".e30.", "algorithm-not-accepted" };
		["a payload that is a string"] = { tokens.hs256('"x"', secret), "malformed-payload" };
		["a member twice"] = { tokens.hs256('{"a":1,"\\u0061":2}', secret), "malformed-payload" };
	}) do
		it("of "..name..": "..case[2], function ()
			local got, message, code = tv.verify(case[1], options());
			assert.is_nil(got);
			assert.equal(case[2], code, message);
		end);
	end

	it("of a required claim shows its name unquoted if it is a word, else quoted", function ()
		for name, shown in pairs({
			jti = "jti", ["urn:x/y"] = "urn:x/y", ["x\0\255"] = '"x\\x00\\xff"', [""] = '""', ["a b"] = '"a b"', ['"'] = [["\""]],
			["x\127"] = '"x\\x7f"', [("x"):rep(64)] = ("x"):rep(64), [("x"):rep(65)] = ('"%s..."'):format(("x"):rep(64)),
		}) do
			local _, message = tv.verify(tokens.hs256(claims(), secret), options({ required_claims = { name } }));
			assert.equal(("the claim %s is missing"):format(shown), message);
		end
	end);

	it("never shows the token, its signature or unprintable bytes", function ()
		local token = tokens.hs256(claims({ iss = ("\n\27[31m\u{202e}x"):rep(40) }), secret);
		local _, message = tv.verify(token, options({ accepted_issuers = { "app" } }));
		assert.truthy(message:find("\\x0a\\x1b[31m\\xe2\\x80\\xae", 1, true), message);
		assert.is_nil(message:find("[^\32-\126]"));
		assert.is_true(#message < 500);
		assert.is_nil(message:find(token:match("[^.]+$"), 1, true));
	end);

	it("of an HMAC token made with the public key's text: the algorithm is not the token's to choose", function ()
		local token = tokens.hs256(claims(), key.public);
		assert.equal("algorithm-not-accepted", select(3, tv.verify(token, { key = key.public, now = now })));
		assert.equal("key-algorithm-mismatch", select(3, tv.verify(token, { key = key.public, algorithms = { "HS256" }, now = now })));
	end);
end);

describe("a placeholder secret", function ()
	for _, left_over in ipairs({ "", "<no value>", "{{ .Secret }}", "${SECRET}" }) do
		it(("%q is refused, never used"):format(left_over), function ()
			local verifier, message, code = tv.new({ secret = left_over });
			assert.is_nil(verifier);
			assert.equal("weak-secret", code, message);
		end);
	end
end);

-- Shape and header are judged before any key is touched: of a token for others it is not said what is wrong with a key.
describe("a key that cannot be used", function ()
	local curve_key = assert(tv.key(assert(tv.generate_key({ curve = "P-256" })))):pem();
	local good = tokens.hs256(claims(), secret);
	local unsecured = tokens.base64url('{"typ":"JWT","alg":"none"}').."."..tokens.base64url("{}")..".";
	local signed_as = function (algorithm) return tokens.hs256(claims(), secret, { alg = algorithm }); end

	-- { what, token, options, code }
	for _, case in ipairs({
		{ "no token at all", "x", { secret = "" }, "malformed-token" },
		{ "more than a token may have", ("x"):rep(16385), { secret = "" }, "token-too-large" },
		{ "a header without typ", tokens.hs256(claims(), secret, { typ = false }), { secret = "" }, "type-not-accepted" },
		{ "alg none", unsecured, { secret = "" }, "algorithm-not-accepted" },
		{ "ES256, the key being for nothing else", signed_as("ES256"), { key = curve_key }, "algorithm-not-accepted" },
		{ "another algorithm than the one given, the key none", good, { key = "none", algorithms = { "RS256" } }, "algorithm-not-accepted" },
		{ "HS256, for a URL that is none", good, { jwks_url = "none" }, "algorithm-not-accepted" },
		{ "nothing wrong with it, the secret being empty", good, { secret = "" }, "weak-secret" },
		{ "nothing wrong with it, the key being none", good, { key = "none" }, "malformed-key" },
		{ "nothing wrong with it, the key being for others", signed_as("RS256"), { key = curve_key }, "key-algorithm-mismatch" },
		{ "nothing wrong with it, the URL being none", signed_as("RS256"), { jwks_url = "none" }, "key-source-unavailable" },
	}) do
		it("is reported after problems of the token: "..case[1], function ()
			local got, message, code = tv.verify(case[2], case[3]);
			assert.is_nil(got);
			assert.equal(case[4], code, message);
			assert.equal(case[4], select(3, tv.verify(case[2], case[3]))); -- of a table that was seen before, too
			if code ~= "type-not-accepted" then
				assert.equal(case[4], select(3, tv.verify_jws(case[2], case[3])));
			end
		end);
	end
end);

describe("a secret in another form", function ()
	it("is the k of a JWK whose kty is oct", function ()
		local jwk = ('{"kty":"oct","k":"%s"}'):format(tokens.base64url(secret));
		assert.is_table(tv.verify(tokens.hs256(claims(), secret), options({ secret = jwk })));
		assert.equal("bad-signature", select(3, tv.verify(tokens.hs256(claims(), jwk), options({ secret = jwk }))));
		assert.equal("weak-secret", select(3, tv.new({ secret = '{"kty":"oct"}' })));
		assert.is_table(tv.verify(tokens.hs256(claims(), "{brace"), options({ secret = "{brace" })));
	end);

	for what, jwk in pairs({
		["names a member twice"] = '{"kty":"oct","k":"c2VjcmV0","k":"c2VjcmV0"}',
		["has a number as alg"] = '{"kty":"oct","k":"c2VjcmV0","alg":5}',
		["stands in a list"] = '[{"kty":"oct","k":"c2VjcmV0"}]', ["has text behind it"] = '{"kty":"oct","k":"c2VjcmV0"},',
	}) do
		it("is not a JWK that "..what..", and it is said so", function ()
			local _, message, code = tv.new({ secret = jwk });
			assert.equal("weak-secret", code);
			assert.truthy(message:find("a JWK that is not in order", 1, true), message);
		end);
	end

	it("is never a public key, which everybody may know", function ()
		local jwk = tv.key(key.public):jwk();
		for _, text in ipairs({ key.public, jwk, '{"keys":['..jwk.."]}" }) do
			local _, message, code = tv.new({ secret = text });
			assert.equal("weak-secret", code);
			assert.truthy(message:find("public key", 1, true), message);
		end
		assert.equal("key-algorithm-mismatch", select(3, tv.new({ secret = '{"kty":"oct","k":"c2VjcmV0","use":"enc"}' })));
	end);
end);

describe("a finalizer that interferes", function ()
	local function every_cycle(action)
		local running = true;
		local function litter()
			setmetatable({}, { __gc = function ()
				action();
				if running then litter(); end
			end });
		end
		litter();
		return function () running = false; collectgarbage(); end
	end

	it("with a list that is being read causes an error", function ()
		local store = tv.keystore();
		local list = { "a" };
		local stores = { store };
		local stop = every_cycle(function ()
			list[1] = ("x"):rep(5000);
			for i = 2, 200 do stores[i] = store; end
		end);
		for _ = 1, 5000 do
			list[1] = "a";
			for i = #stores, 2, -1 do stores[i] = nil; end
			pcall(tv.new, { secret = secret, accepted_issuers = list });
			pcall(tv.new, { keys = stores });
		end
		stop();
	end);

	it("with a store that is being asked changes nothing", function ()
		local store = tv.keystore();
		local stop = every_cycle(function () store:forget(); end);
		local found = 0;
		for _ = 1, 2000 do
			store:put("kid", key.public);
			local object = store:get("kid");
			found = found + (object and object:bits() == 2048 and 1 or 0);
		end
		stop();
		assert.is_true(found > 0);
	end);

	it("with a collected key or verifier gets an error", function ()
		local errors = {};
		do
			local holder = setmetatable({}, { __gc = function (self)
				errors[1] = select(2, pcall(self.key.bits, self.key));
				errors[2] = select(2, pcall(self.verifier.verify, self.verifier, "x"));
			end });
			holder.key, holder.verifier = tv.key(key.public), tv.new({ key = key.public });
		end
		collectgarbage();
		collectgarbage();
		for i = 1, 2 do
			assert.truthy(errors[i]:find("has been collected", 1, true), errors[i]);
		end
	end);

	it("at the end of the Lua state, when remembered options are gone, still verifies", function ()
		local program = ([[
			local tv = require "token_verifier";
			local secret, token, text = "%s", "%s", "%s";
			local store;
			-- Made before everything else, so that its finalizer comes after theirs.
			last = setmetatable({}, { __gc = function ()
				print(tv.verify(token, { secret = secret }) ~= nil, tv.key(text) ~= nil, tv.verify(token, { key = text }));
				print(pcall(tv.new, { keys = store }));
			end });
			store = tv.keystore();
			print(tv.verify(token, { secret = secret }) ~= nil, tv.verify(token, { key = text }));
		]]):format(secret, tokens.hs256(claims({ exp = tokens.absent }), secret), (key.public:gsub("\n", "\\n")));
		local pipe = io.popen("lua5.4 -e '"..program.."'");
		local output = pipe:read("a");
		assert.is_true(pipe:close());
		assert.truthy(output:find("\ntrue\ttrue\tnil\t[^\n]+algorithm%-not%-accepted\n"), output);
		assert.truthy(output:find("option 'keys': the key store is closed", 1, true), output);
	end);
end);

describe("misuse", function ()
	for name, case in pairs({
		["an unknown option"] = { { secret = "s", algorithm = "HS256" }, "unknown option 'algorithm'" };
		["no key source"] = { {}, "one of the options 'secret', 'key', 'keys', 'issuers'," };
		["two key sources"] = { { secret = "s", key = "k" }, "'secret' and 'key' exclude each other" };
		["an unknown algorithm"] = { { secret = "s", algorithms = { "none" } }, "'none'" };
		["a mixed list"] = { { secret = "s", algorithms = { "HS256", "RS256" } }, "mixes HMAC" };
		["an empty list of algorithms"] = { { secret = "s", algorithms = {} }, "'algorithms' is an empty list" };
		["a list with a number"] = { { secret = "s", accepted_issuers = { "a", 5 } },
			"'accepted_issuers' must be a list of strings, but element 2" };
		["a string for a list"] = { { secret = "s", accepted_audiences = "a" }, "'accepted_audiences' must be a list of strings, not string" };
		["a secret that is a number"] = { { secret = 5 }, "'secret' must be a string, not number" };
		["a key that is a table"] = { { key = {} }, "'key' must be key text or a key object, not table" };
		["leeway too long"] = { { secret = "s", leeway = 301 }, "'leeway' must be from 0 to 300 seconds" };
		["leeway negative"] = { { secret = "s", leeway = -1 }, "'leeway'" };
		["leeway a string"] = { { secret = "s", leeway = "5" }, "'leeway' must be a number, not string" };
		["wait a number"] = { { secret = "s", wait = 1 }, "'wait' must be a boolean, not number" };
		["now not a number"] = { { secret = "s", now = 0 / 0 }, "'now' must be a finite number" };
		["a table with a metatable, behind which a check could hide"] = { setmetatable({ secret = "s" }, { __index = { room = "x" } }),
			"options must be a table without metatable" };
		["a set in place of a list"] = { { secret = "s", required_claims = { exp = true } }, "'required_claims' must be a list of strings" };
		["a list with a hole"] = { { secret = "s", accepted_issuers = { "a", nil, "c", [7] = "x" } }, "'accepted_issuers' must be a list" };
		["keys that are none"] = { { keys = { "x" } }, "element 1 is a string" };
		["an option name that is a number"] = { { [1] = "s" }, "option names must be strings" };
	}) do
		it("raises for "..name, function ()
			local ok, message = pcall(tv.new, case[1]);
			assert.is_false(ok);
			assert.truthy(message:find(case[2], 1, true), message);
		end);
	end

	it("raises for arguments of the wrong type", function ()
		assert.has_error(function () tv.verify(nil, { secret = "s" }); end);
		assert.has_error(function () tv.verify(5, { secret = "s" }); end);
		assert.has_error(function () tv.verify("x"); end);
		assert.has_error(function () tv.inspect({}); end);
		assert.has_error(function () tv.key(nil); end);
		assert.has_error(function () tv.new("x"); end);
		assert.has_error(function () tv.new({ secret = "s" }):verify("x", { rom = "y" }); end);
	end);
end);

describe("a verifier", function ()
	it("uses room and time of each call instead of those it was made with", function ()
		local verifier = assert(tv.new(options({ room = "room2" })));
		local token = tokens.hs256(claims(), secret);
		assert.equal("room-not-accepted", select(3, verifier:verify(token)));
		assert.is_table(verifier:verify(token, { room = "ROOM1" }));
		assert.equal("expired", select(3, verifier:verify(token, { room = "room1", now = now + 60 })));
	end);

	it("does not follow changes of its table, but verify() does", function ()
		local opts = options({ accepted_issuers = { "app" } });
		local verifier = assert(tv.new(opts));
		local token = tokens.hs256(claims(), secret);
		assert.is_table(tv.verify(token, opts));
		opts.accepted_issuers[1] = "other";
		assert.equal("issuer-not-accepted", select(3, tv.verify(token, opts)));
		collectgarbage();
		assert.is_table(verifier:verify(token));
	end);

	it("returns the facts of a refused token on request", function ()
		local rejected = tokens.new_key();
		local verifier = assert(tv.new(options({ accepted_audiences = { "jitsi" }, accepted_issuers = { "app" } })));
		local function facts(token)
			local result = table.pack(verifier:verify(token, { detail = true }));
			assert.is_nil(result[1]);
			assert.equal(4, result.n);
			return result[4], result[3];
		end
		local header = { kid = "k1" };
		for _, case in ipairs({
			{ "x", {}, "malformed-token" };
			{ "!.e30.", {}, "malformed-token" };
			{ tokens.base64url("[]")..".e30.", {}, "malformed-header" };
			{ tokens.rs256(claims(), rejected, "k1"), { kid = "k1" }, "algorithm-not-accepted" };
			{ tokens.hs256(claims(), secret.."x", header), { kid = "k1" }, "bad-signature" };
			{ tokens.hs256("no JSON", secret, header), { kid = "k1" }, "malformed-payload" };
			{ tokens.hs256(claims({ exp = 1 }), secret, header), { kid = "k1", issuer = "app" }, "expired" };
			{ tokens.hs256(claims({ iss = "other" }), secret, { kid = 5 }), { issuer = "other" }, "issuer-not-accepted" };
			{ tokens.hs256(claims({ iss = 5 }), secret, { kid = "a\0b" }), { kid = "a\0b" }, "invalid-claim" };
		}) do
			local found, code = facts(case[1]);
			assert.equal(case[3], code);
			assert.same(case[2], { kid = found.kid, issuer = found.issuer });
		end
		local good = tokens.hs256(claims(), secret);
		assert.equal(2, select("#", verifier:verify(good, { detail = true })));
		assert.equal(3, select("#", verifier:verify("x", { detail = false })));
		assert.equal(3, select("#", verifier:verify("x")));
		assert.has_error(function () verifier:verify(good, { detail = 1 }); end);
	end);

	it("returns no issuer of a token that was only checked with another source's key", function ()
		local mine, others = tokens.new_key(), tokens.new_key();
		local store = tv.keystore();
		store:put("k1", others.public);
		local verifier = assert(tv.new({ keys = store, accepted_issuers = { "app" } }));
		local _, _, code, facts = verifier:verify(tokens.rs256(claims(), mine, "k1"), { detail = true });
		assert.equal("bad-signature", code);
		assert.same({ kid = "k1" }, facts);
	end);

	it("verifies inside a finalizer that runs during another verification", function ()
		local verifier = assert(tv.new(options()));
		local token = tokens.hs256(claims({ list = { "a", "b", { "c" } } }), secret);
		local inner, stop = 0, false;
		local function litter()
			setmetatable({}, { __gc = function ()
				inner = inner + (verifier:verify(token) and 1 or -1000);
				if not stop then litter(); end
			end });
		end
		litter();
		for _ = 1, 3000 do
			assert.same({ "a", "b", { "c" } }, verifier:verify(token).list);
		end
		stop = true;
		collectgarbage();
		assert.is_true(inner > 0, inner);
	end);
end);

describe("inspect", function ()
	it("shows header and claims of an invalid token", function ()
		local header, got = assert(tv.inspect(tokens.base64url('{"alg":"none"}').."."..tokens.base64url('{"exp":"x"}').."."));
		assert.same({ alg = "none" }, header);
		assert.same({ exp = "x" }, got);
	end);

	it("says why it cannot", function ()
		assert.equal("malformed-token", select(3, tv.inspect("a.b")));
	end);
end);

describe("a key", function ()
	it("describes itself", function ()
		local object = assert(tv.key(key.public));
		assert.equal("RSA", object:type());
		assert.equal(2048, object:bits());
		assert.is_nil(object:curve());
		assert.same({ "RS256", "RS384", "RS512", "PS256", "PS384", "PS512" }, object:algorithms());
		assert.equal(key.public, object:pem());
		assert.equal("token_verifier.key (RSA, 2048 bits)", tostring(object));
		assert.equal(object:thumbprint(), tv.key(object:jwk()):thumbprint());
	end);

	it("has the thumbprint of RFC 7638 section 3.1", function ()
		local jwk = [[{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZC]]
			..[[iFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL]]
			..[[5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",]]
			..[["e":"AQAB","alg":"RS256","kid":"2011-04-29"}]];
		local object = assert(tv.key(jwk));
		assert.equal("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", object:thumbprint());
		assert.same({ "RS256" }, object:algorithms());
	end);

	it("that is private is used for its public half, with a warning", function ()
		local object, warning = tv.key(key.private);
		assert.equal(key.public, object:pem());
		assert.truthy(warning:find("private", 1, true));
	end);

	for name, case in pairs({
		["nothing"] = { "", "malformed-key", "an empty text" };
		["a page"] = { "<!DOCTYPE html><html>", "malformed-key", "HTML" };
		["JSON that is no JWK"] = { '{"error":"not found"}', "malformed-key", 'is a JSON error "not found"' };
		["a JWK of another type"] = { '{"kty":"oct","k":"AA"}', "unsupported-key", "kty" };
		["a cut PEM"] = { "-----BEGIN PUBLIC KEY-----\nMIIB", "malformed-key", "a PEM that is cut off" };
		["words"] = { "hello", "malformed-key", "neither PEM nor JWK" };
	}) do
		it("cannot be made from "..name, function ()
			local object, message, code = tv.key(case[1]);
			assert.is_nil(object);
			assert.equal(case[2], code);
			assert.truthy(message:find(case[3], 1, true), message);
		end);
	end

	it("of 1024 bits is refused because of its size", function ()
		local object, message, code = tv.key(tokens.new_key(1024).public);
		assert.is_nil(object);
		assert.equal("weak-key", code);
		assert.truthy(message:find("1024 bits; at least 2048", 1, true), message);
	end);
end);
