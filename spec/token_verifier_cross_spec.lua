-- SPDX-License-Identifier: MIT
-- Keys as another library sees them: node's crypto makes the JWK and the thumbprint of each key too.

local tv = require "token_verifier";
local json = require "dkjson";

-- Reads { pem = { private PEM, ... } } and writes what node makes of each public half.
local script = [[
const crypto = require("crypto");
const members = { RSA: ["e", "kty", "n"], EC: ["crv", "kty", "x", "y"], OKP: ["crv", "kty", "x"] };
const made = JSON.parse(process.argv[1]).map(([type, options]) => {
	const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options);
	const jwk = publicKey.export({ format: "jwk" });
	const canonical = {};
	for (const name of members[jwk.kty]) canonical[name] = jwk[name];
	return {
		type: jwk.kty, jwk, canonical: JSON.stringify(canonical),
		thumbprint: crypto.createHash("sha256").update(JSON.stringify(canonical)).digest("base64url"),
		private_jwk: privateKey.export({ format: "jwk" }),
		spki: publicKey.export({ format: "pem", type: "spki" }),
		pkcs8: privateKey.export({ format: "pem", type: "pkcs8" }),
		pkcs1: type === "rsa" ? publicKey.export({ format: "pem", type: "pkcs1" }) : undefined,
		der: publicKey.export({ format: "der", type: "spki" }).toString("hex"),
	};
});
process.stdout.write(JSON.stringify(made));
]];

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

local function quoted(text)
	return "'"..text:gsub("'", "'\\''").."'";
end

-- What node makes, or nil if there is no node.
local function ask_node()
	local pipe = io.popen(("node -e %s -- %s 2>/dev/null"):format(quoted(script), quoted(json.encode(kinds))));
	local output = pipe:read("a");
	return pipe:close() and json.decode(output) or nil;
end

describe("a key made by node", function ()
	local made;

	lazy_setup(function ()
		made = ask_node();
	end);

	local function each_key(check)
		if not made then
			pending("node is not installed: no other library to compare with");
			return;
		end
		assert.equal(#kinds, #made);
		for index, key in ipairs(made) do
			check(key, kinds[index][1].." "..index);
		end
	end

	it("is the same JWK in every form that it comes in", function ()
		each_key(function (other, name)
			local der = other.der:gsub("%x%x", function (digits) return string.char(tonumber(digits, 16)); end);
			for _, text in ipairs{ other.spki, other.pkcs8, der, json.encode(other.jwk), json.encode(other.private_jwk),
				other.pkcs1 or other.spki } do
				local key = assert(tv.key(text));
				assert.equal(other.canonical, key:jwk(), name);
				assert.equal(other.type, key:type(), name);
			end
		end);
	end);

	it("has the thumbprint that node takes of it", function ()
		each_key(function (other, name)
			assert.equal(other.thumbprint, assert(tv.key(other.spki)):thumbprint(), name);
		end);
	end);

	it("has the PEM that node writes", function ()
		each_key(function (other, name)
			assert.equal(other.spki, assert(tv.key(json.encode(other.jwk))):pem(), name);
		end);
	end);
end);
