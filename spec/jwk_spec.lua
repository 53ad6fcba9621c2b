-- SPDX-License-Identifier: MIT
-- token/jwk: the PEM of a JWK, compared with that of the openssl command for the same key.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local hex = require "util.hex";
local temporary = require "spec.support.temporary";

prosody.new_server({ ["example.org"] = {} });
local jwk_to_pem = prosody.new_module("example.org", {}):require "token/jwk".jwk_to_pem;

local function run(command)
	local pipe = assert(io.popen(command.." 2>/dev/null"));
	local output = pipe:read("a");
	assert(pipe:close(), command);
	return output;
end

-- A key of an algorithm of `openssl genpkey`, as PEM, and its modulus.
local function new_key(arguments)
	local path = temporary.file();
	run(("openssl genpkey -algorithm %s -out %s"):format(arguments, path));
	local pem = run(("openssl pkey -pubout -in %s"):format(path));
	local modulus = arguments:find("^RSA") and run(("openssl rsa -noout -modulus -in %s"):format(path)):match("=(%x+)");
	os.remove(path);
	return pem, modulus;
end

-- The end of the bytes in a PEM: a point, or its coordinates.
local function last_bytes(pem, from, to)
	local der = tokens.der(pem);
	return tokens.base64url(der:sub(-from, -to));
end

local function rsa(bits)
	local pem, modulus = new_key("RSA -pkeyopt rsa_keygen_bits:"..bits);
	return pem, { kty = "RSA", n = tokens.base64url(hex.from(modulus:lower())), e = "AQAB" };
end

local function ec(curve, size)
	local pem = new_key("EC -pkeyopt ec_paramgen_curve:"..curve);
	return pem, { kty = "EC", crv = curve, x = last_bytes(pem, 2 * size, size + 1), y = last_bytes(pem, size, 1) };
end

local function okp(curve, size)
	local pem = new_key(curve);
	return pem, { kty = "OKP", crv = curve, x = last_bytes(pem, size, 1) };
end

describe("jwk_to_pem", function ()
	for name, make in pairs({
		["RSA, 2048 bits"] = function () return rsa(2048); end,
		["RSA, 3072 bits"] = function () return rsa(3072); end,
		["P-256"] = function () return ec("P-256", 32); end,
		["P-384"] = function () return ec("P-384", 48); end,
		["P-521"] = function () return ec("P-521", 66); end,
		["Ed25519"] = function () return okp("Ed25519", 32); end,
		["Ed448"] = function () return okp("Ed448", 57); end,
	}) do
		it("returns the PEM of a key: "..name, function ()
			local pem, jwk = make();
			assert.equal(pem, jwk_to_pem(jwk));
			assert.equal(1, select("#", jwk_to_pem(jwk)));
			-- as they are in JWK Sets
			jwk.kid, jwk.use, jwk.alg, jwk.x5c, jwk.key_ops = "k", "sig", nil, { "x" }, { "verify" };
			jwk.comment = require "cjson".null;
			assert.equal(pem, jwk_to_pem(jwk));
		end);
	end

	it("reads what providers write: no kty, padded and plain base64", function ()
		local pem, jwk = rsa(2048);
		jwk.kty = nil;
		jwk.n, jwk.e = jwk.n:gsub("-", "+"):gsub("_", "/").."==", jwk.e.."\n";
		assert.equal(pem, jwk_to_pem(jwk));
	end);

	-- { what, JWK }
	for _, case in ipairs({
		{ "nothing", nil }, { "a text", '{"kty":"RSA"}' }, { "a number", 5 }, { "an empty table", {} }, { "a list", { "x" } },
		{ "a secret", { kty = "oct", k = "c2VjcmV0" } }, { "an unknown kty", { kty = "XYZ" } }, { "no modulus", { kty = "RSA", e = "AQAB" } },
		{ "a modulus that is no text", { kty = "RSA", n = 5, e = "AQAB" } }, { "a small key", { kty = "RSA", n = "AQAB", e = "AQAB" } },
		{ "a point off the curve", { kty = "EC", crv = "P-256", x = ("A"):rep(43), y = ("A"):rep(43) } },
		{ "an unknown curve", { kty = "EC", crv = "P-1", x = "AA", y = "AA" } }, { "a function", function () end },
		{ "members in a loop", (function () local t = { kty = "RSA" }; t.t = t; return t; end)() },
		{ "padding", { kty = "OKP", crv = "Ed25519", x = ("A"):rep(43).."=" } },
	}) do
		it("refuses with a message: "..case[1], function ()
			local pem, message = jwk_to_pem(case[2]);
			assert.is_nil(pem);
			assert.is_string(message);
		end);
	end
end);
