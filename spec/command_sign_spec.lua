-- SPDX-License-Identifier: MIT
-- token-verifier sign writes claims and the header's members in the order in which they are given.

local tv = require "token_verifier";
local command = require "spec.support.command";

local secret = "a shared secret of more than thirty-two bytes";
local folder;

setup(function ()
	folder = command.folder();
	command.write(folder.."/secret", secret);
	command.write(folder.."/claims", '\n{ "b": 1.50,\n  "a": {"d":[1, 2], "c":"}\\""} , "exp" : 9, "iat":8}\n');
end);

local function sign(arguments)
	local output, errors = command.shell(folder, "$tv sign --secret-file secret --now 5 "..arguments);
	return output:gsub("\n$", ""), errors;
end

describe("sign", function ()
	local cases = {
		{ [['{"room":"r","iss":"a"}']], '{"room":"r","iss":"a","iat":5,"exp":3605}' },
		{ "", '{"iat":5,"exp":3605}' },
		{ "@claims", '{ "b": 1.50,\n  "a": {"d":[1, 2], "c":"}\\""} , "exp" : 9, "iat":8}' }, -- nothing to add: the very text
		{ "@claims --expires 1min", '{"b":1.50,"a":{"d":[1, 2], "c":"}\\""},"exp":65,"iat":8}' },
		{ "@claims --expires never", '{"b":1.50,"a":{"d":[1, 2], "c":"}\\""},"iat":8}' },
		{ "@claims --claim b:='[ ]' --claim z=1", '{"b":[ ],"a":{"d":[1, 2], "c":"}\\""},"exp":9,"iat":8,"z":"1"}' },
		{ "--sub s --room r --aud y --iss i --aud x --nbf 3", '{"sub":"s","room":"r","aud":["y","x"],"iss":"i","nbf":3,"iat":5,"exp":3605}' },
		{ "--room a --sub s --room b --claim exp:=7", '{"room":"b","sub":"s","exp":7,"iat":5}' },
		{ [['{"a\u0062":1,"iat":1,"exp":2}' --claim ab=x --claim 'q"=\']], [[{"a\u0062":"x","iat":1,"exp":2,"q\"":"\\"}]] },
		{ [['{"n":12345678901234567890123,"f":[],"t":true,"e":1E+2,"x":"[{"}']],
			'{"n":12345678901234567890123,"f":[],"t":true,"e":1E+2,"x":"[{","iat":5,"exp":3605}' },
	};
	for _, case in ipairs(cases) do
		it("keeps the order of "..(case[1] == "" and "nothing" or case[1]), function ()
			local token, errors = sign(case[1]);
			assert.equal("", errors);
			assert.equal(case[2], (tv.verify_jws(token, { secret = secret })));
		end);
	end

	it("keeps the order of the header, and adds to it", function ()
		local token = sign("--header zip=a --header cty:=true --header zip=b --kid k");
		local again = assert(tv.sign('{"iat":5,"exp":3605}', { secret = secret, kid = "k", header = '{"zip":"b","cty":true}' }));
		assert.equal(again, token);
	end);

	it("refuses what is not JSON, with a sentence", function ()
		for _, case in ipairs({
			{ [['{"a":1,"a":2}']], "the member \"a\" twice" }, { [[--iss "$(printf '\377')"]], "invalid UTF-8" },
			{ "--claim 'a:=1,\"b\":2'", "is not JSON" },
			{ "--claim a:=", "is not JSON" }, { "--header alg=none", "must not have 'alg'" },
		}) do
			local output, errors = sign(case[1]);
			assert.equal("", output);
			assert.matches("^token%-verifier: [^\n]+\n$", errors);
			assert.truthy(errors:find(case[2], 1, true), errors);
		end
	end);
end);
