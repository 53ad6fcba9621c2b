-- SPDX-License-Identifier: MIT
-- generate_key() and decode_json().

local base64url = require "spec.support.tokens".base64url;
local temporary = require "spec.support.temporary";
local tv = require "token_verifier";

local kinds = {
	{ { bits = 2048 }, "RSA", "RS256" };
	{ { curve = "P-256" }, "EC", "ES256" };
	{ { curve = "P-384" }, "EC", "ES384" };
	{ { curve = "P-521" }, "EC", "ES512" };
	{ { curve = "Ed25519" }, "OKP", "EdDSA" };
	{ { curve = "Ed448" }, "OKP", "EdDSA" };
};

describe("generate_key()", function ()
	for _, kind in ipairs(kinds) do
		local options, key_type, algorithm = table.unpack(kind);
		it("makes a key for "..algorithm..", as PEM and JWK: "..(options.curve or options.bits), function ()
			local pem, jwk = tv.generate_key(options);
			local public = assert(tv.key(pem));
			assert.equal(key_type, public:type());
			assert.equal(options.curve, public:curve());
			assert.equal(public:thumbprint(), assert(tv.key(jwk)):thumbprint());
			for _, text in ipairs({ pem, jwk }) do
				local token = assert(tv.sign({ room = "planning" }, { private_key = text }));
				assert.same({ room = "planning" }, (assert(tv.verify(token, { key = public:pem(), algorithms = { algorithm } }))));
			end
		end);
	end

	it("makes another one each time", function ()
		assert.not_equal(tv.generate_key({ curve = "P-256" }), (tv.generate_key({ curve = "P-256" })));
	end);

	it("writes a pair that OpenSSL accepts, and its numbers as a JWK", function ()
		local pem, jwk = tv.generate_key({ bits = 2048 });
		local name = temporary.file();
		local file = assert(io.open(name, "w"));
		assert(file:write(pem):close());
		-- The check is whether the numbers belong together.
		local openssl = io.popen("openssl pkey -check -noout -text -in "..name.." 2>&1");
		local text = openssl:read("a").."end";
		openssl:close();
		os.remove(name);
		assert.truthy(text:find("Key is valid\n", 1, true), text);
		local expected = { kty = "RSA", e = "AQAB" };
		for member, title in pairs({ n = "modulus", d = "privateExponent", p = "prime1", q = "prime2", dp = "exponent1", dq = "exponent2",
			qi = "coefficient" }) do
			local number = text:match("\n"..title..":%s+([%x:%s]-)\n%a"):gsub("[:%s]", ""):gsub("^00", "");
			expected[member] = base64url((number:gsub("%x%x", function (digits) return string.char(tonumber(digits, 16)); end)));
		end
		assert.same(expected, tv.decode_json(jwk));
	end);

	for _, case in ipairs({
		{ {}, "exactly one of the options 'bits' and 'curve' is needed" };
		{ { bits = 2048, curve = "P-256" }, "exactly one of the options 'bits' and 'curve' is needed" };
		{ { bits = 1024 }, "option 'bits' must be 2048 at least for a new key" };
		{ { bits = 32768 }, "option 'bits' must be a whole number from 1024 to 16384" };
		{ { bits = "2048" }, "option 'bits' must be a number, not string" };
		{ { curve = "secp256k1" }, "option 'curve': 'secp256k1' is no curve that is supported" };
		{ { type = "RSA" }, "unknown option 'type'" };
	}) do
		it("raises: "..case[2], function ()
			assert.error(function () tv.generate_key(case[1]); end, case[2]);
		end);
	end
end);

describe("decode_json()", function ()
	it("keeps the types of JSON", function ()
		local value = assert(tv.decode_json('{"integer":1,"float":1.0,"null":null,"list":[],"object":{},"true":true}'));
		assert.equal("integer", math.type(value.integer));
		assert.equal("float", math.type(value.float));
		assert.equal(tv.null, value.null);
		assert.equal("array", getmetatable(value.list).__jsontype);
		assert.is_nil(getmetatable(value.object));
		assert.is_true(value["true"]);
	end);

	for _, case in ipairs({
		{ "", "the JSON text is empty" };
		{ "[]", "the JSON text is a JSON array where an object is expected" };
		{ "{", "the JSON text is not JSON: unexpected end of data at byte 1" };
		{ '{"a":1} ', nil };
		{ '{"a":1}x', "the JSON text is not JSON: unexpected content after document at byte 7" };
		{ '{"a":1,"\\u0061":2}', 'the JSON text has the member "a" twice in one object' };
		{ '{"a":'..("["):rep(40)..("]"):rep(40).."}", "the JSON text nests objects and arrays more than 32 deep" };
		{ (" "):rep(1024 * 1024 + 1), "the JSON text is 1048577 bytes long; at most 1048576 are read" };
	}) do
		it("says of "..("%q"):format(case[1]:sub(1, 20))..": "..tostring(case[2]), function ()
			local value, message, code = tv.decode_json(case[1]);
			assert.equal(case[2], message);
			assert.equal(case[2] and "malformed-payload", code);
			assert.equal(case[2] == nil, value ~= nil);
		end);
	end
end);
