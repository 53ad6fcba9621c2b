-- SPDX-License-Identifier: MIT
-- sign() and verify_jws(): what is signed is verified with the same JSON types, and bad input is refused with a reason.
local tv = require "token_verifier";
local cjson = require "cjson";
local tokens = require "spec.support.tokens";

local ED25519 = [[{"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",]]
	..[["x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"%s}]];
local OCT = [[{"kty":"oct","k":"c2VjcmV0"%s}]];

local function read(name)
	local file = assert(io.open("test/vectors/keys/"..name));
	local text = file:read("a");
	file:close();
	return text;
end

describe("sign", function ()
	local function round_trip(claims)
		local token = assert(tv.sign(claims, { secret = "secret" }));
		return (assert(tv.verify(token, { secret = "secret" })));
	end

	it("keeps the JSON types of what verify returned", function ()
		local text = [[{"i":9007199254740993,"m":-9223372036854775808,"f":1.5,"w":1.0,"t":1e-7,"b":false,"n":null,]]
			..[["s":"\u0000\u00e9\ud83d\ude00\"","a":[],"o":{},"l":[1,[],{"x":null}],"d":{"e":{"f":[{}]}}}]];
		local claims = select(2, assert(tv.inspect(tokens.hs256(text, "secret"))));
		local again = round_trip(claims);
		assert.equal("integer", math.type(again.i));
		assert.equal(9007199254740993, again.i);
		assert.equal(math.mininteger, again.m);
		assert.equal("float", math.type(again.w));
		assert.equal(1e-7, again.t);
		assert.equal(tv.null, again.n);
		assert.equal(cjson.null, again.l[3].x);
		assert.equal("\0é😀\"", again.s);
		assert.equal("array", getmetatable(again.a).__jsontype);
		assert.is_nil(getmetatable(again.o));
		local payload = tv.verify_jws(assert(tv.sign(again, { secret = "secret" })), { secret = "secret" });
		for _, member in ipairs({ '"a":[]', '"o":{}', '"w":1.0', '"f":[{}]' }) do
			assert.truthy(payload:find(member, 1, true), member);
		end
	end);

	it("writes a table without integer keys as an array only if its metatable says so", function ()
		for _, case in ipairs({
			{ { __jsontype = "array" }, '{"l":[]}' }, { { __jsontype = "object" }, '{"l":{}}' }, { { __jsontype = true }, '{"l":{}}' },
			{ {}, '{"l":{}}' }, { setmetatable({}, { __index = { __jsontype = "array" } }), '{"l":{}}' },
		}) do
			local token = assert(tv.sign({ l = setmetatable({}, case[1]) }, { secret = "secret" }));
			assert.equal(case[2], (tv.verify_jws(token, { secret = "secret" })));
		end
	end);

	local refused = {
		{ "a function", { f = print } }, { "a coroutine", { deep = { t = coroutine.create(print) } } },
		{ "a userdata", { u = io.stdout } },
		{ "NaN", { n = 0 / 0 } }, { "infinity", { n = 1 / 0 } }, { "bytes that are not UTF-8", { s = "\xff" } },
		{ "a name that is not UTF-8", { ["\xff"] = 1 } },
		{ "names and numbers together", { 1, x = 2 } }, { "a list with holes", { l = { 1, nil, 3, [9] = 1 } } },
		{ "a list", { 1, 2 } }, { "a boolean as name", { [true] = 1 } }, { "a float as name", { [1.5] = 1 } },
	};
	for _, case in ipairs(refused) do
		it("refuses "..case[1].." as malformed-payload", function ()
			local token, message, code = tv.sign(case[2], { secret = "secret" });
			assert.is_nil(token);
			assert.equal("malformed-payload", code);
			assert.matches("^the payload to be signed holds ", message);
		end);
	end

	it("refuses tables that contain themselves or each other", function ()
		local self = {};
		self.self = self;
		assert.equal("malformed-payload", select(3, tv.sign(self, { secret = "secret" })));
		local wide = {};
		for _ = 1, 31 do
			wide = { wide, wide };
		end
		assert.equal("malformed-payload", select(3, tv.sign({ wide = wide }, { secret = "secret" })));
		local deep = { a = 1 };
		for _ = 2, 32 do
			deep = { a = deep };
		end
		assert.is_string((tv.sign(deep, { secret = "secret" })));
		assert.equal("malformed-payload", select(3, tv.sign({ a = deep }, { secret = "secret" })));
		local many = {};
		for i = 1, 20000 do
			many[i] = wide;
		end
		assert.equal("malformed-payload", select(3, tv.sign({ many = many }, { secret = "secret" })));
	end);

	it("makes tokens up to the length that verify accepts, and no longer", function ()
		local longest = 0;
		for length = 12200, 12240 do
			local token, _, code = tv.sign({ x = ("y"):rep(length) }, { secret = "secret" });
			if token then
				assert.is_table(tv.verify(token, { secret = "secret" }));
				longest = #token;
			else
				assert.equal("token-too-large", code);
			end
		end
		assert.is_true(longest > 16384 - 3 and longest <= 16384, longest);
		assert.equal("token-too-large", select(3, tv.sign({ x = ("y"):rep(1000000) }, { secret = "secret" })));
	end);

	it("sets typ, alg and kid, and keeps other members of the header", function ()
		local token = assert(tv.sign({}, { secret = "secret", algorithm = "HS512", kid = "a", header = { cty = "x", typ = "at+jwt" } }));
		local header = tv.inspect(token);
		assert.same({ typ = "at+jwt", alg = "HS512", kid = "a", cty = "x" }, header);
		assert.same({ typ = "JWT", alg = "HS256" }, (tv.inspect(assert(tv.sign({}, { secret = "secret" })))));
		assert.equal("unsupported-critical", select(3, tv.sign({}, { secret = "secret", header = { crit = { "b64" } } })));
		assert.equal("unsupported-critical", select(3, tv.sign({}, { secret = "secret", header = { b64 = false } })));
		assert.equal("unsupported-critical", select(3, tv.sign({}, { secret = "secret", header = { b64 = 0 } })));
		assert.is_table(tv.verify(assert(tv.sign({}, { secret = "secret", header = { b64 = true } })), { secret = "secret" }));
		assert.equal("malformed-header", select(3, tv.sign({}, { secret = "secret", header = { x = print } })));
		assert.equal("malformed-header", select(3, tv.sign({}, { secret = "secret", header = { 1, 2 } })));
	end);

	local misuse = {
		{ "no key", {}, "one of the options 'secret' and 'private_key'" },
		{ "two keys", { secret = "a", private_key = "b" }, "exclude each other" },
		{ "an unknown option", { secret = "a", alg = "HS256" }, "unknown option 'alg'" },
		{ "an unknown algorithm", { secret = "a", algorithm = "none" }, "'none' is no algorithm" },
		{ "alg in the header", { secret = "a", header = { alg = "none" } }, "must not have 'alg'" },
		{ "kid twice", { secret = "a", kid = "a", header = { kid = "b" } }, "must not have 'kid'" },
		{ "alg in the text of the header", { secret = "a", header = '{"alg":"none"}' }, "must not have 'alg'" },
		{ "kid twice, once in a text", { secret = "a", kid = "a", header = '{"kid":null}' }, "must not have 'kid'" },
		{ "a header that is no table", { secret = "a", header = 1 }, "'header' must be a table or a string" },
		{ "a secret that is no string", { secret = 1 }, "'secret' must be a string" },
	};
	for _, case in ipairs(misuse) do
		it("raises for "..case[1], function ()
			assert.error_matches(function () tv.sign({}, case[2]); end, case[3], 1, true);
		end);
	end

	it("raises for claims that are neither a table nor a string", function ()
		assert.has_error(function () tv.sign(1, { secret = "a" }); end);
		assert.has_error(function () tv.sign({}); end);
	end);

	local defaults = {
		{ "a secret", { secret = "secret" }, "HS256" },
		{ "a secret JWK with alg", { secret = OCT:format(',"alg":"HS384"') }, "HS384" },
		{ "RSA", { private_key = read("rsa.private.pem") }, "RS256" },
		{ "RSA as PKCS#1", { private_key = read("rsa.private-pkcs1.pem") }, "RS256" },
		{ "P-256 as SEC 1", { private_key = read("ec.private-sec1.pem") }, "ES256" },
		{ "Ed25519", { private_key = ED25519:format("") }, "EdDSA" },
		{ "Ed25519 by name", { private_key = ED25519:format(',"alg":"Ed25519"') }, "Ed25519" },
	};
	for _, case in ipairs(defaults) do
		it("signs with "..case[1].." by "..case[3].." if nothing is said", function ()
			assert.equal(case[3], tv.inspect(assert(tv.sign({}, case[2]))).alg);
		end);
	end

	local bad_keys = {
		{ "a public PEM", read("rsa.pem"), "malformed-key" },
		{ "a certificate", read("rsa.certificate.pem"), "malformed-key" },
		{ "an encrypted PEM", read("rsa.encrypted-pkcs8.pem"), "malformed-key" },
		{ "another encrypted PEM", read("rsa.encrypted-pkcs1.pem"), "malformed-key" },
		{ "an empty text", "", "malformed-key" },
		{ "any text", "secret", "malformed-key" },
		{ "a public JWK", (ED25519:gsub('"d":"[^"]*",', "")):format(""), "malformed-key" },
		{ "a JWK of a secret", OCT:format(""), "unsupported-key" },
		{ "a JWK for encryption", ED25519:format(',"use":"enc"'), "key-algorithm-mismatch" },
		{ "a JWK that may verify only", ED25519:format(',"key_ops":["verify"]'), "key-algorithm-mismatch" },
		{ "a JWK with another alg", ED25519:format(',"alg":"RS256"'), "key-algorithm-mismatch" },
		{ "a JWK with an unknown alg", ED25519:format(',"alg":"ES256K"'), "key-algorithm-mismatch" },
		{ "a JWK of two halves", (ED25519:gsub("f2A", "f2E")):format(""), "malformed-key" },
		{ "more than 64 KiB", ("x"):rep(70000), "malformed-key" },
	};
	for _, case in ipairs(bad_keys) do
		it("refuses "..case[1].." as private key: "..case[3], function ()
			local token, message, code = tv.sign({}, { private_key = case[2] });
			assert.is_nil(token);
			assert.equal(case[3], code);
			assert.is_string(message);
		end);
	end

	it("does not sign with an RSA key of more than two primes", function ()
		local _, jwk = tv.generate_key({ bits = 2048 });
		local more = jwk:gsub("}%s*$", ',"oth":[{"r":"AQAB","d":"AQAB","t":"AQAB"}]}');
		assert.is_string(tv.sign({}, { private_key = jwk }));
		local token, message, code = tv.sign({}, { private_key = more });
		assert.is_nil(token);
		assert.equal("unsupported-key", code);
		assert.truthy(message:find("more than two primes", 1, true), message);
		assert.equal(tv.key(jwk):thumbprint(), tv.key(more):thumbprint()); -- its public half is as any other
	end);

	it("does not sign with a key of another family than the algorithm's", function ()
		assert.equal("key-algorithm-mismatch", select(3, tv.sign({}, { secret = "secret", algorithm = "RS256" })));
		assert.equal("key-algorithm-mismatch",
			select(3, tv.sign({}, { private_key = read("ec.private-sec1.pem"), algorithm = "ES384" })));
		assert.equal("key-algorithm-mismatch", select(3, tv.sign({}, { private_key = ED25519:format(""), algorithm = "Ed448" })));
	end);

	it("does not sign with an empty or placeholder secret", function ()
		assert.equal("weak-secret", select(3, tv.sign({}, { secret = "" })));
		assert.equal("weak-secret", select(3, tv.sign({}, { secret = "<no value>" })));
	end);
end);

describe("verify_jws", function ()
	it("returns any payload unchanged", function ()
		local token = assert(tv.sign({ a = 1 }, { secret = "secret" }));
		local payload, header = tv.verify_jws(token, { secret = "secret" });
		assert.equal('{"a":1}', payload);
		assert.same({ typ = "JWT", alg = "HS256" }, header);
		assert.equal("bad-signature", select(3, tv.verify_jws(token, { secret = "other" })));
		assert.equal("algorithm-not-accepted", select(3, tv.verify_jws(token, { secret = "secret", algorithms = { "HS512" } })));
	end);

	it("accepts an oct JWK as key, and its alg as the accepted algorithm", function ()
		local token = assert(tv.sign({}, { secret = "secret", algorithm = "HS384" }));
		assert.equal("{}", (tv.verify_jws(token, { key = OCT:format(',"alg":"HS384"') })));
		assert.equal("algorithm-not-accepted", select(3, tv.verify_jws(token, { key = OCT:format("") })));
		assert.equal("{}", (tv.verify_jws(token, { key = OCT:format(""), algorithms = { "HS384" } })));
		assert.equal("key-algorithm-mismatch",
			select(3, tv.verify_jws(token, { key = OCT:format(',"alg":"HS256"'), algorithms = { "HS384" } })));
	end);

	it("has no options about claims", function ()
		for _, name in ipairs({ "accepted_issuers", "room", "leeway", "now", "openid_issuer", "issuers", "accepted_types" }) do
			assert.error_matches(function () tv.verify_jws("a.b.c", { secret = "a", [name] = {} }); end,
				"unknown option '"..name.."'", 1, true);
		end
	end);

	it("accepts only RS256 with keys of a store by default", function ()
		local store = tv.keystore();
		store:put("rsa", read("rsa.pem"));
		store:put("ec", (tv.key(read("ec.private-sec1.pem"))));
		local token = assert(tv.sign({}, { private_key = read("rsa.private.pem"), kid = "rsa" }));
		assert.equal("{}", (tv.verify_jws(token, { keys = store })));
		token = assert(tv.sign({}, { private_key = read("ec.private-sec1.pem"), kid = "ec" }));
		assert.equal("algorithm-not-accepted", select(3, tv.verify_jws(token, { keys = store })));
	end);

	it("finds keys in a store by kid", function ()
		local store = tv.keystore();
		store:put("one", (tv.key(read("ec.private-sec1.pem"))));
		local token = assert(tv.sign({}, { private_key = read("ec.private-sec1.pem"), kid = "one" }));
		assert.equal("{}", (tv.verify_jws(token, { keys = store, algorithms = { "ES256" } })));
		assert.equal("key-not-found", select(3, tv.verify_jws(assert(tv.sign({}, { secret = "s", kid = "two" })),
			{ keys = store, algorithms = { "HS256" } })));
	end);
end);

describe("a secret shorter than the hash", function ()
	it("is warned about by new", function ()
		local verifier, warning = tv.new({ secret = ("x"):rep(31) });
		assert.is_truthy(verifier);
		assert.equal("the shared secret is 31 bytes long; HS256 wants at least 32", warning);
		assert.is_nil((select(2, tv.new({ secret = ("x"):rep(32) }))));
		assert.matches("HS512 wants at least 64", (select(2, tv.new({ secret = ("x"):rep(63), algorithms = { "HS256", "HS512" } }))));
	end);

	it("is refused if strict_secrets is set", function ()
		assert.equal("weak-secret", select(3, tv.new({ secret = "short", strict_secrets = true })));
		assert.equal("weak-secret", select(3, tv.verify(tokens.hs256({}, "short"), { secret = "short", strict_secrets = true })));
		assert.is_truthy(tv.new({ secret = ("x"):rep(32), strict_secrets = true }));
	end);
end);

describe("min_rsa_bits", function ()
	local weak_public = tokens.new_key(1024).public;
	local public = read("rsa.pem");

	it("accepts shorter keys down to its value", function ()
		assert.equal("weak-key", select(3, tv.new({ key = weak_public })));
		assert.is_truthy(tv.new({ key = weak_public, min_rsa_bits = 1024 }));
		assert.equal("weak-key", select(3, tv.new({ key = weak_public }))); -- it was not remembered
		assert.equal("weak-key", select(3, tv.new({ key = tv.key(public), min_rsa_bits = 3072 })));
		assert.equal("weak-key", select(3, tv.new({ key = public, min_rsa_bits = 2049 })));
	end);

	it("applies to the keys of a store that accepts shorter ones", function ()
		local store = tv.keystore({ min_rsa_bits = 1024 });
		assert.is_true(store:put("weak", weak_public));
		assert.equal("weak-key", select(3, tv.keystore():put("weak", weak_public)));
		local token = tokens.base64url('{"typ":"JWT","alg":"RS256","kid":"weak"}')..".e30."..tokens.base64url("no signature");
		assert.equal("weak-key", select(3, tv.verify(token, { keys = store })));
		assert.equal("bad-signature", select(3, tv.verify(token, { keys = store, min_rsa_bits = 1024 })));
	end);

	it("must be from 1024 to 16384", function ()
		for _, bits in ipairs({ 1023, 16385, 2048.5, 0, -1 }) do
			assert.error_matches(function () tv.new({ key = public, min_rsa_bits = bits }); end, "from 1024 to 16384", 1, true);
		end
	end);
end);

describe("stores", function ()
	it("lists every open store once, in the order of their ids", function ()
		collectgarbage();
		collectgarbage();
		local before = #tv.stores();
		local one, two = tv.keystore(), tv.keystore();
		local ids = {};
		for _, store in ipairs(tv.stores()) do
			ids[#ids + 1] = store:id();
		end
		assert.equal(before + 2, #ids);
		assert.equal(one:id(), ids[#ids - 1]);
		assert.equal(two:id(), ids[#ids]);
		two:close();
		collectgarbage();
		collectgarbage();
		assert.equal(before + 1, #tv.stores());
	end);
end);

describe("a shared secret", function ()
	it("never becomes a key object, nor a key of a store", function ()
		assert.equal("unsupported-key", select(3, tv.key(OCT:format(""))));
		assert.equal("unsupported-key", select(3, tv.keystore():put("a", OCT:format(""))));
	end);
end);

describe("claims and header as texts", function ()
	local secret = ("s"):rep(32);

	local function parts(...)
		local texts = {};
		for part in assert(tv.sign(...)):gmatch("[^.]+") do
			local encoded = part:gsub("[-_]", { ["-"] = "+", _ = "/" });
			texts[#texts + 1] = require "mime".unb64(encoded..("="):rep(-#encoded % 4));
		end
		return texts[1], texts[2];
	end

	for _, claims in ipairs({
		'{"sub":"b","aud":["z","a"],"iss":"x"}', '{}', ' { "b" : 1.50 ,\n"a":{"z":12345678901234567890,"y":"\\u00e9"}}\n', '{"é":"😀"}',
	}) do
		it("signs the very text of the claims "..claims:gsub("%c", " "), function ()
			assert.equal(claims, (select(2, parts(claims, { secret = secret }))));
		end);
	end

	local headers = {
		{ '{"x":"1","cty":"JWT","b64":true}', '{"x":"1","cty":"JWT","b64":true,"alg":"HS256","typ":"JWT"}' },
		{ '{"zip":"a","typ":"at+jwt","a":{}}', '{"zip":"a","typ":"at+jwt","a":{},"alg":"HS256"}' },
		{ '{}', '{"alg":"HS256","typ":"JWT"}' }, { ' { } \n', ' { "alg":"HS256","typ":"JWT"}' },
		{ '{"typ":null}', '{"typ":null,"alg":"HS256"}' }, -- as it was given
		{ '{"kid":"a"}', '{"kid":"a","alg":"HS256","typ":"JWT"}' },
		{ '{"x":"}"}', '{"x":"}","alg":"HS256","kid":"k\\"","typ":"JWT"}', kid = 'k"' },
	};
	for _, case in ipairs(headers) do
		it("keeps the order of the header "..case[1], function ()
			assert.equal(case[2], (parts({}, { secret = secret, header = case[1], kid = case.kid })));
		end);
	end

	local deep = ('{"a":'):rep(32).."{}"..("}"):rep(32);
	local refused = {
		{ "" }, { "x" }, { "[]" }, { '"a"' }, { "null" }, { '{"a":1,"a":2}' }, { '{"a":{"b":1,"\\u0062":2}}' }, { '{"a":1}{"b":2}' },
		{ '{"a":1}x' }, { '{"a":"\255"}' }, { '{"a":"\\ud800"}' }, { '{"a":1,}' }, { '{"a":1' }, { '{"a":NaN}' }, { "{'a':1}" }, { '{"a":1}\0' },
		{ deep }, { '{"a":"'..("x"):rep(16384)..'"}', "token-too-large" }, { ("x"):rep(2^20), "token-too-large" },
		{ '{"a":"'..("x"):rep(12271)..'"}', "token-too-large" }, -- it would fit but for the header
	};
	for _, case in ipairs(refused) do
		local text, code = case[1], case[2];
		it(("refuses %q"):format(text:sub(1, 30)), function ()
			local token, message, found = tv.sign(text, { secret = secret });
			assert.is_nil(token);
			assert.equal(code or "malformed-payload", found);
			assert.is_string(message);
			token, message, found = tv.sign({}, { secret = secret, header = text });
			assert.is_nil(token);
			assert.equal(code or "malformed-header", found);
			assert.is_string(message);
		end);
	end

	it("refuses what other verifiers would read in another way", function ()
		for _, header in ipairs({ '{"crit":[]}', '{"b64":false}', '{"b64":null}', '{"cr\\u0069t":["b64"]}' }) do
			assert.equal("unsupported-critical", select(3, tv.sign("{}", { secret = secret, header = header })), header);
		end
	end);

	it("makes tokens that verify", function ()
		local token = assert(tv.sign('{"room":"r","iss":"a"}', { secret = secret, header = '{"cty":"x"}', kid = "k" }));
		local claims, header = tv.verify(token, { secret = secret, accepted_issuers = { "a" } });
		assert.same({ room = "r", iss = "a" }, claims);
		assert.same({ cty = "x", alg = "HS256", kid = "k", typ = "JWT" }, header);
	end);
end);

describe("what is signed", function ()
	it("has its members sorted by name, also the inner ones and the header's, so that the same claims make the same token", function ()
		local secret = ("s"):rep(32);
		local names, forwards, backwards = {}, {}, {};
		for i = 1, 40 do
			names[i] = ("%s%02d"):format(i % 2 == 0 and "name" or "n", i);
		end
		for i = 1, #names do
			forwards[names[i]], backwards[names[#names + 1 - i]] = 1, 1;
		end
		local header = { zip = "a", cty = "b", ["x"] = "c" };
		local one = assert(tv.sign({ context = forwards }, { secret = secret, header = header, kid = "k" }));
		assert.equal(one, tv.sign({ context = backwards }, { secret = secret, header = header, kid = "k" }));
		local encoded = one:match("^[^.]*%.([^.]*)"):gsub("[-_]", { ["-"] = "+", _ = "/" });
		local text = require "mime".unb64(encoded..("="):rep(-#encoded % 4));
		local found = {};
		for name in text:gmatch('"(n[%w]*)":1') do
			found[#found + 1] = name;
		end
		table.sort(names);
		assert.same(names, found);
	end);
end);
