-- SPDX-License-Identifier: MIT
-- We accept tokens of other libraries, and they accept ours, with every algorithm that both support.

local tv = require "token_verifier";
local json = require "dkjson";
local process = require "spec.cross.process";

local now = 1700000000;

local function numbered_claims(number)
	return { iss = "app", aud = "jitsi", sub = "example.org", room = "planning", exp = now + 60, jti = "token "..number,
		context = { user = { name = "Zoë" } } };
end

local node, missing = process.node();
local python = process.python();
local jwks = json.decode(assert(io.open("spec/cross/keys.json")):read("a"));

-- Of each type or curve the two keys in keys.json.
local key_names = { oct = "secret", RSA = "rsa", ["P-256"] = "p256", ["P-384"] = "p384", ["P-521"] = "p521",
	Ed25519 = "ed25519", Ed448 = "ed448" };

-- Another one that the key could be used with, if there is one.
local other_algorithm = { HS256 = "HS384", HS384 = "HS512", HS512 = "HS256", RS256 = "PS256", RS384 = "RS512", RS512 = "PS512",
	PS256 = "PS384", PS384 = "RS384", PS512 = "RS512",
	EdDSA = { ed25519 = "Ed25519", ed448 = "Ed448" }, Ed25519 = "EdDSA", Ed448 = "EdDSA" };

-- Numbers of ECDSA that begin with zero bits are what libraries disagree on: one in 128 signatures has one. A program that is
-- started anew for each token is asked less often.
local function times(library, algorithm)
	return library == "latchset jose" and 1 or algorithm:find("^ES") and 20 or 3;
end

local function ours_for(jwk)
	local text = json.encode(jwk);
	return jwk.kty == "oct" and { secret = text } or { key = tv.key(text) };
end

local function verify(token, jwk, algorithm)
	local options = ours_for(jwk);
	options.algorithms, options.now = { algorithm }, now;
	options.accepted_issuers, options.accepted_audiences = { "app" }, { "jitsi" };
	return tv.verify(token, options);
end

local function sign(claims, jwk, algorithm)
	local text = json.encode(jwk);
	return assert(tv.sign(claims, { algorithm = algorithm, kid = "a-key",
		secret = jwk.kty == "oct" and text or nil, private_key = jwk.kty ~= "oct" and text or nil }));
end

-- The same token with another character in the middle of its payload.
local function with_other_payload(token)
	local first, last = token:find("%.[^.]+%.");
	local middle = (first + last) // 2;
	return token:sub(1, middle - 1)..(token:sub(middle, middle) == "A" and "B" or "A")..token:sub(middle + 1);
end

local function check_both_ways(peer, library, algorithm, key_name)
	local jwk, other_jwk = jwks[key_name], jwks[key_name.."-other"];
	local expected = { algorithms = { algorithm }, issuer = "app", audience = "jitsi", now = now };

	local function theirs_judge(token)
		return peer:ask({ operation = "judge", library = library, token = token, jwk = jwk, expected = expected });
	end

	it(("%s: a token of %s is accepted by us (%s)"):format(algorithm, library, key_name), function ()
		for number = 1, times(library, algorithm) do
			local claims = numbered_claims(number);
			local token = peer:ask({ operation = "mint", library = library, algorithm = algorithm, jwk = jwk, claims = claims,
				header = { kid = "a-key" } });
			local read, header = verify(token, jwk, algorithm);
			assert(read, header);
			assert.same(claims, read);
			assert.same({ algorithm, "a-key" }, { header.alg, header.kid });
			assert.equal("bad-signature", select(3, verify(with_other_payload(token), jwk, algorithm)));
			assert.equal("bad-signature", select(3, verify(token, other_jwk, algorithm)));
			local other = other_algorithm[algorithm];
			if other then
				other = type(other) == "table" and other[key_name] or other;
				assert.equal("algorithm-not-accepted", select(3, verify(token, jwk, other)));
			end
		end
	end);

	it(("%s: a token of ours is accepted by %s (%s)"):format(algorithm, library, key_name), function ()
		for number = 1, times(library, algorithm) do
			local claims = numbered_claims(number);
			local token = sign(claims, jwk, algorithm);
			local verdict = theirs_judge(token);
			assert.is_true(verdict.accepted, verdict.why);
			assert.same(claims, verdict.claims);
			assert.is_false(theirs_judge(with_other_payload(token)).accepted);
		end
	end);
end

describe("another library", function ()
	lazy_teardown(function ()
		python:close();
		if node then
			node:close();
		end
	end);

	local function each_library(peer)
		local libraries = peer:ask({ operation = "libraries" });
		local names = {};
		for library in pairs(libraries) do
			names[#names + 1] = library;
		end
		table.sort(names);
		for _, library in ipairs(names) do
			for kind, key_name in pairs(key_names) do
				for _, algorithm in ipairs(libraries[library][kind] or {}) do
					check_both_ways(peer, library, algorithm, key_name);
				end
			end
		end
		return #names;
	end

	local in_python = each_library(python);
	it("exists four times in Debian", function ()
		assert.equal(4, in_python);
	end);
	if node then
		each_library(node);
	else
		it("exists in npm", function () pending(missing); end);
	end
end);
