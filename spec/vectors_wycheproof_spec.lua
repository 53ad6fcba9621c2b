-- SPDX-License-Identifier: MIT
-- How scripts/vectors-wycheproof converts both layouts of Project Wycheproof's files, and those with JSON Web Signatures.

local json = require "dkjson";
local temporary = require "spec.support.temporary";

local python = os.getenv("PYTHON") or "/usr/bin/python3";
local has_python = os.execute(python.." -c '' 2>/dev/null");

local function lines_of(document)
	local path = temporary.file(json.encode(document));
	local pipe = assert(io.popen(python.." scripts/vectors-wycheproof --lines "..path.." 2>/dev/null"));
	local texts, cases = {}, {};
	for line in pipe:lines() do
		local found = assert(json.decode(line), line);
		if found.define then
			texts[found.define] = found;
		else
			cases[#cases + 1] = found;
		end
	end
	assert(pipe:close());
	os.remove(path);
	return cases, texts;
end

local function test(id, fields)
	fields.tcId, fields.comment = id, "test "..id;
	fields.flags = fields.flags or {};
	return fields;
end

-- One group of a file in each layout.
local function group_of(kind, key, tests, more)
	local group = { type = kind, tests = tests };
	for _, from in ipairs({ key, more or {} }) do
		for name, value in pairs(from) do
			group[name] = value;
		end
	end
	return { algorithm = "x", testGroups = { group } };
end

local ec_keys = {
	old = { key = { curve = "secp256r1" }, keyPem = "PEM", keyDer = "00" },
	new = { publicKey = { curve = "secp256r1" }, publicKeyPem = "PEM", publicKeyDer = "00" },
};

describe("Wycheproof's files", function ()
	if not has_python then
		pending("are read by a script in Python, which is not at hand");
		return;
	end

	for layout, key in pairs(ec_keys) do
		it("of ECDSA become raw signatures, in the "..layout.." layout", function ()
			local raw = ("ab"):rep(64);
			local cases, texts = lines_of(group_of("EcdsaP1363Verify", key, {
				test(1, { msg = "6869", sig = raw, result = "valid" }),
				test(2, { msg = "", sig = raw, result = "invalid" }),
				test(3, { msg = "", sig = raw, result = "acceptable", flags = { "SigSize" } }),
				test(4, { msg = "", sig = raw, result = "acceptable", flags = { "Unknown" } }),
			}, { sha = "SHA-256" }));
			assert.equal(3, #cases);
			assert.same({ "ok", "refused", "refused" }, { cases[1].code, cases[2].code, cases[3].code });
			assert.same({ "ES256", "6869", raw }, { cases[1].algorithm, cases[1].input, cases[1].signature });
			assert.equal("PEM", texts[cases[1].key].text);
		end);
	end

	it("of ECDSA in DER become raw signatures if they are valid DER, and stay unchanged if not", function ()
		local cases = lines_of(group_of("EcdsaVerify", ec_keys.old, {
			test(1, { msg = "", sig = "3006020101020200ff", result = "invalid" }),
			test(2, { msg = "", sig = "3007020101020200ff", result = "valid" }),
			test(3, { msg = "", sig = "300702010102020001", result = "acceptable", flags = { "BER" } }),
		}, { sha = "SHA-256" }));
		assert.equal("3006020101020200ff", cases[1].signature);
		assert.equal(("0"):rep(63).."1"..("0"):rep(62).."ff", cases[2].signature);
		assert.same({ "refused", "ok", "refused" }, { cases[1].code, cases[2].code, cases[3].code });
		assert.equal("300702010102020001", cases[3].signature);
	end);

	it("of curves and hashes that JOSE does not pair are left out", function ()
		local tests = { test(1, { msg = "", sig = "", result = "valid" }) };
		assert.same({}, (lines_of(group_of("EcdsaVerify", ec_keys.old, tests, { sha = "SHA-512" }))));
	end);

	it("of RSA follow RFC 7518: the length of the salt, and keys that are long enough", function ()
		local long, short = "00"..("f"):rep(512), "00"..("f"):rep(256);
		local tests = { test(1, { msg = "", sig = "00", result = "valid" }) };
		local function code(kind, fields)
			fields.sha, fields.keyPem, fields.publicKeyPem = "SHA-256", "PEM", "PEM";
			return lines_of(group_of(kind, fields, tests))[1].code;
		end
		assert.equal("ok", code("RsassaPkcs1Verify", { n = long, e = "010001" }));
		assert.equal("ok", code("RsassaPkcs1Verify", { publicKey = { modulus = long, publicExponent = "010001" } }));
		assert.equal("weak-key", code("RsassaPkcs1Verify", { n = short, e = "010001" }));
		assert.equal("ok", code("RsassaPssVerify", { n = long, e = "010001", mgf = "MGF1", mgfSha = "SHA-256", sLen = 32 }));
		assert.equal("refused", code("RsassaPssVerify", { n = long, e = "010001", mgf = "MGF1", mgfSha = "SHA-256", sLen = 20 }));
		assert.equal("refused", code("RsassaPssVerify", { n = long, e = "010001", mgf = "MGF1", mgfSha = "SHA-1", sLen = 32 }));
	end);

	it("of HMAC require the whole tag", function ()
		local document = { algorithm = "HMACSHA256", testGroups = {} };
		for index, size in ipairs({ 256, 128 }) do
			local tests = { test(index, { key = "ab", msg = "", tag = "cd", result = "valid" }) };
			document.testGroups[index] = { type = "MacTest", tagSize = size, tests = tests };
		end
		local cases, texts = lines_of(document);
		assert.same({ "ok", "refused" }, { cases[1].code, cases[2].code });
		assert.equal("ab", texts[cases[1].secret].hex);
	end);

	it("of JSON Web Signatures become tokens, each with the key that it means", function ()
		local rsa, ec = { kty = "RSA", kid = "a", n = "x", e = "x" }, { kty = "EC", crv = "P-256", alg = "ES256", x = "x", y = "y" };
		-- {"alg":"RS256","kid":"a"}, {"alg":"ES256"} and {"alg":"none"}
		local by_kid, by_alg = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.AA", "eyJhbGciOiJFUzI1NiJ9.e30.AA";
		local none = "eyJhbGciOiJub25lIn0.e30.";
		local cases, texts = lines_of({ testGroups = {
			{ type = "JsonWebSignature", public = ec, tests = {
				test(1, { jws = by_alg, result = "valid" }), test(2, { jws = none, result = "invalid" }) } },
			{ type = "JsonWebSignature", private = { kty = "oct", k = "AA" }, tests = { test(3, { jws = none, result = "invalid" }) } },
			{ type = "JsonWebKeyset", public = { keys = { rsa, ec } }, tests = {
				test(4, { jws = by_kid, result = "valid" }), test(5, { jws = by_alg, result = "valid" }),
				test(6, { jws = none, result = "valid" }),
				test(7, { jws = { payload = "x" }, result = "invalid" }), test(8, { jws = { payload = "x" }, result = "valid" }) } },
		} });
		local found = {};
		for index, case in ipairs(cases) do
			found[index] = case.name:match("%d+: ")..case.code..": "..json.decode(texts[case.key].text).kty;
			assert.equal("verify_jws", case.call);
		end
		assert.same({ "1: ok: EC", "2: refused: EC", "3: refused: oct", "4: ok: RSA", "5: ok: EC" }, found);
		assert.is_nil(cases[1].options);
		assert.same({ "HS256", "HS384", "HS512" }, cases[3].options.algorithms);
	end);
end);
