-- SPDX-License-Identifier: MIT
-- Claims from jose through this module, back to jose and to this module, keep their JSON types.

local tv = require "token_verifier";
local json = require "dkjson";
local process = require "spec.cross.process";

-- The text of a claim, and what is wrong with it in JavaScript, whose numbers are all doubles.
local values = {
	{ "null" }, { "true" }, { "false" },
	{ "0" }, { "1" }, { "-1" }, { "1700000000" }, { "9007199254740992" },
	{ "9007199254740993", "past 2^53" }, { "9223372036854775807", "past 2^53" }, { "-9223372036854775808" },
	{ "-9223372036854775807", "past 2^53" },
	{ "0.0" }, { "1.0" }, { "-1.0" }, { "1700000000.0" }, { "9007199254740993.0", "past 2^53" }, { "1e0" }, { "1e15" }, { "1e16" },
	{ "1e300" },
	{ "-0.0" }, { "0.1" }, { "0.30000000000000004" }, { "1.7976931348623157e308" }, { "2.2250738585072014e-308" }, { "5e-324" },
	{ "-5e-324" }, { "1e-7" }, { "123456789.12345679" },
	{ '""' }, { '"text"' }, { '"\\u0000"' }, { '"\\"\\\\\\/\\b\\f\\n\\r\\t"' }, { '"\\u001f\\u007f"' }, { '"Zoë, \\u00e9, 中文, \u{1f600}"' },
	{ '"\\ud83d\\ude00"' }, { '"\\u2028\\u2029\\ufeff\\uffff"' }, { '"1"' }, { '"null"' },
	{ "[]" }, { "{}" }, { "[[]]" }, { "[{}]" }, { '{"":{}}' }, { '{"a":[]}' }, { "[null]" }, { "[null,null]" }, { "[1,null,1.0]" },
	{ "[1,2,3]" }, { '{"1":1,"2":2}' }, { '{"n":null}' }, { '[[[{"a":[{},[],[[]],"",0,0.5,false,null]}]]]' },
	{ '{"__proto__":1,"constructor":{}}' }, { '{"\\u0000":0,"é":1,"\u{1f600}":2}' },
	{ ("["):rep(30)..("]"):rep(30) },
};

describe("a claim that goes through us", function ()
	local node, missing = process.node();
	local python = process.python();
	local jwk = json.decode(assert(io.open("spec/cross/keys.json")):read("a")).p256;
	local text_of_key = json.encode(jwk);
	local key = tv.key(text_of_key);

	lazy_teardown(function ()
		python:close();
		if node then
			node:close();
		end
	end);

	-- The payload's text by jose, our claims of it, the payload's text by us as jose gives it.
	local function there_and_back(text)
		local token = node:ask({ operation = "signText", algorithm = "ES256", jwk = jwk, payload = text });
		local claims = assert(tv.verify(token, { key = key, algorithms = { "ES256" } }));
		local ours = assert(tv.sign(claims, { private_key = text_of_key }));
		return claims, ours, node:ask({ operation = "payloadText", token = ours, jwk = jwk });
	end

	for _, row in ipairs(values) do
		local value, beyond_javascript = row[1], row[2];
		it("stays "..value, function ()
			if not node then
				pending(missing);
			end
			local text = '{"claim":'..value..'}';
			local claims, ours, back = there_and_back(text);
			assert.is_true(python:ask({ operation = "same_json", left = text, right = back }), back);
			assert.is_true(node:ask({ operation = "sameJson", left = text, right = back }));
			local again = assert(tv.verify(ours, { key = key, algorithms = { "ES256" } }));
			assert.same(claims, again);
			assert.equal(math.type(claims.claim), math.type(again.claim));
			-- What JavaScript itself would write is another number: hence the comparison in Python.
			local in_javascript = node:ask({ operation = "rewritten", text = text });
			if beyond_javascript then
				assert.is_false(python:ask({ operation = "same_json", left = text, right = in_javascript }));
			end
		end);
	end

	it("becomes a float past 2^63 - 1", function ()
		if not node then
			pending(missing);
		end
		for integer, float in pairs({ ["9223372036854775808"] = 2.0^63, ["18446744073709551615"] = 2.0^64,
			["-9223372036854775809"] = -2.0^63 }) do
			local claims, _, back = there_and_back('{"claim":'..integer..'}');
			assert.equal("float", math.type(claims.claim));
			assert.equal(float, claims.claim);
			assert.is_true(python:ask({ operation = "same_json", left = ('{"claim":%.17g}'):format(float):gsub("}", ".0}"):gsub("(e%+%d+)%.0", "%1"),
				right = back }), back);
		end
	end);
end);
