-- SPDX-License-Identifier: MIT
-- Keys of node's crypto and jose: we read every form that they write, and they read ours.

local tv = require "token_verifier";
local json = require "dkjson";
local process = require "spec.cross.process";
local temporary = require "spec.support.temporary";

local algorithm_of = { RSA = "PS256", ["P-256"] = "ES256", ["P-384"] = "ES384", ["P-521"] = "ES512", Ed25519 = "EdDSA", Ed448 = "EdDSA" };

local kinds = {
	{ "rsa", { modulusLength = 2048 } }, { "rsa", { modulusLength = 3072, publicExponent = 3 } },
	{ "ec", { namedCurve = "P-256" } }, { "ec", { namedCurve = "P-384" } }, { "ec", { namedCurve = "P-521" } },
	{ "ed25519", { label = "" } }, { "ed448", { label = "" } },
};

-- Coordinates that begin with a zero byte are the ones that libraries disagree on: several of each curve.
for _ = 1, 60 do
	kinds[#kinds + 1] = { "ec", { namedCurve = "P-256" } };
end
for _ = 1, 10 do
	kinds[#kinds + 1] = { "ec", { namedCurve = "P-521" } };
end

for _, algorithm in ipairs({ "RS256", "PS256", "ES256", "ES384", "ES512", "EdDSA", "Ed25519" }) do
	kinds[#kinds + 1] = { "jose", algorithm };
end

local function certificate_of(private_pem)
	local path = temporary.file(private_pem);
	local pipe = io.popen("openssl req -x509 -new -key "..path.." -subj /CN=example -days 1 2>/dev/null");
	local certificate = pipe:read("a");
	pipe:close();
	os.remove(path);
	return certificate;
end

describe("a key made by node or jose", function ()
	local node, missing = process.node();
	local made;

	lazy_setup(function ()
		made = node and node:ask({ operation = "newKeys", kinds = kinds });
	end);

	lazy_teardown(function ()
		if node then
			node:close();
		end
	end);

	local function each_key(check)
		if not node then
			pending(missing);
		end
		assert.equal(#kinds, #made);
		for index, key in ipairs(made) do
			check(key, ("%s, key %d"):format(key.jwk.crv or key.jwk.kty, index), algorithm_of[key.jwk.crv or key.jwk.kty]);
		end
	end

	it("is the same JWK in every form that it comes in", function ()
		each_key(function (other, name)
			local der = other.der:gsub("%x%x", function (digits) return string.char(tonumber(digits, 16)); end);
			for _, form in ipairs({ other.spki, other.pkcs8, der, json.encode(other.jwk), json.encode(other.privateJwk), other.pkcs1 }) do
				local key = assert(tv.key(form));
				assert.equal(other.canonical, key:jwk(), name);
				assert.equal(other.jwk.kty, key:type(), name);
			end
		end);
	end);

	it("is the same in a certificate", function ()
		local seen = {};
		each_key(function (other, name, algorithm)
			if not seen[algorithm] then
				seen[algorithm] = true;
				assert.equal(other.canonical, assert(tv.key(certificate_of(other.pkcs8))):jwk(), name);
			end
		end);
	end);

	it("has the same thumbprint as with jose", function ()
		each_key(function (other, name)
			assert.equal(other.thumbprint, assert(tv.key(other.spki)):thumbprint(), name);
		end);
	end);

	it("has the same PEM as with node", function ()
		each_key(function (other, name)
			assert.equal(other.spki, assert(tv.key(json.encode(other.jwk))):pem(), name);
		end);
	end);

	it("signs in every private form, and node and jose read what we write", function ()
		each_key(function (other, name, algorithm)
			local key = assert(tv.key(other.spki));
			for _, form in ipairs({ other.pkcs8, json.encode(other.privateJwk), other.privatePkcs1 or other.pkcs8, other.sec1 or other.pkcs8 }) do
				local token = assert(tv.sign({ iss = "app" }, { private_key = form, algorithm = algorithm }));
				assert.equal("app", assert(tv.verify(token, { key = key, algorithms = { algorithm } })).iss, name);
				for _, written in ipairs({ { jwk = json.decode(key:jwk()) }, { pem = key:pem() } }) do
					written.operation, written.token, written.algorithm = "readBack", token, algorithm;
					assert.equal("app", node:ask(written).iss, name);
				end
			end
		end);
	end);
end);
