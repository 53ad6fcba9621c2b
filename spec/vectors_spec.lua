-- SPDX-License-Identifier: MIT
-- Runs the vectors that are tokens: test/vectors/README.md has the form of a line. TV_VECTORS in the environment names other files.

require "spec.support.prosody";
local base64 = require "util.encodings".base64;
local json = require "dkjson";
local tv = require "token_verifier";

local now = 1700000000;

local function from_hex(digits)
	return (digits:gsub("%x%x", function (byte) return string.char(tonumber(byte, 16)); end));
end

local function from_base64url(text)
	return base64.decode((text:gsub("[-_]", { ["-"] = "+", ["_"] = "/" }))..("="):rep(-#text % 4));
end

-- A string, or a list of strings, of { string, count } and of { hex = digits }.
local function token_of(pieces)
	if type(pieces) == "string" then
		return pieces;
	end
	local parts = {};
	for index, piece in ipairs(pieces) do
		parts[index] = type(piece) == "string" and piece or piece.hex and from_hex(piece.hex) or piece[1]:rep(piece[2]);
	end
	return table.concat(parts);
end

local function options_of(case, texts)
	local options = {};
	for name, value in pairs(case.options or {}) do
		options[name] = value;
	end
	for _, role in ipairs({ "secret", "key" }) do
		if case[role] then
			options[role] = assert(texts[case[role]], "undefined: "..case[role]);
		end
	end
	if case.kids then
		options.keys = assert(tv.keystore({}));
		for kid, name in pairs(case.kids) do
			options.keys:put(kid, assert(tv.key(texts[name])));
		end
	end
	if case.call == "verify" and not options.now then
		options.now = now;
	end
	return options;
end

local function check_result(case, token, first, second)
	local header, payload = token:match("^([^.]*)%.([^.]*)%.");
	local header_text, payload_text = from_base64url(header), from_base64url(payload);
	if case.call == "inspect" then
		first, second = second, first;
	end
	assert.same(json.decode(header_text, 1, tv.null, nil), second);
	if case.call == "verify_jws" then
		assert.equal(case.payload or payload_text, first);
		assert.equal(payload_text, first);
	else
		assert.same(json.decode(payload_text, 1, tv.null, nil), first);
	end
end

local function check_failure(case, token, result, message, code)
	assert.is_nil(result, "accepted");
	assert.is_string(message);
	assert.is_string(tv.codes[code], code);
	-- A sentence that can go into a log: no signature in it, and nothing that would break a line.
	local signature = token:match("%.([^.]*)$");
	assert.is_nil(#(signature or "") >= 16 and message:find(signature, 1, true) or nil, "the signature is in the message");
	assert.is_nil(message:find("%c"), "a control character is in the message");
	assert.is_true(#message > 10 and #message < 600, message);
	if case.code == "refused" then
		assert.not_equal("crypto-failure", code);
	else
		assert.equal(case.code, code, message);
	end
end

local function run(case, texts)
	local token = token_of(case.token);
	local call = assert(tv[case.call]);
	if case.code == "ok" then
		local first, second, code;
		if case.call == "inspect" then
			first, second, code = call(token);
		else
			first, second, code = call(token, options_of(case, texts));
		end
		assert.truthy(first, code and code..": "..second);
		check_result(case, token, first, second);
	elseif case.call == "inspect" then
		check_failure(case, token, call(token));
	else
		check_failure(case, token, call(token, options_of(case, texts)));
	end
end

local function files()
	if os.getenv("TV_VECTORS") then
		return os.getenv("TV_VECTORS"):gmatch("[^\n]+");
	end
	local pipe = assert(io.popen("ls test/vectors/tokens/*.jsonl"));
	local names = pipe:read("a");
	assert(pipe:close(), "there are no vectors (the specs run in the project's top folder)");
	return names:gmatch("[^\n]+");
end

for path in files() do
	describe(path, function ()
		local texts, cases = {}, 0;
		for line in io.lines(path) do
			local case = assert(json.decode(line));
			if case.define then
				texts[case.define] = case.hex and from_hex(case.hex) or case.text;
			else
				cases = cases + 1;
				assert(case.source and case.class, case.name);
				it(case.class..": "..case.name, function ()
					run(case, texts);
				end);
			end
		end
		it("has cases", function ()
			assert.is_true(cases > 0);
		end);
	end);
end
