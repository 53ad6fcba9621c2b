-- SPDX-License-Identifier: MIT
-- What verifying a token takes, beside OpenSSL alone (bench/floor.c). The first argument is the program built from it.

local measure = require "bench.measure";
local tokens = require "spec.support.tokens";
local tv = require "token_verifier";

local floor_program = assert(arg[1], "usage: verify.lua FLOOR");
local slices = 15;

local function floor_of(name)
	return function ()
		local pipe = assert(io.popen(("%s %s 40"):format(floor_program, name)));
		local ns = assert(pipe:read("n"), "the floor told nothing");
		pipe:close();
		return ns;
	end;
end

local function verifying(verifier, token, calls)
	assert(verifier:verify(token));
	local function run(count)
		for _ = 1, count do
			assert(verifier:verify(token));
		end
	end
	return function () return measure.ns(run, calls); end;
end

local claims = tokens.claims{ context = { user = { id = "u-1", name = "Ada", email = "ada@example.org", moderator = true } } };
local secret = ("s"):rep(32);
local key = tokens.new_key();
local store = tv.keystore();
assert(store:put("key", key.public));

local policy = { accepted_issuers = { "app" }, accepted_audiences = { "jitsi" } };
local function new_verifier(source)
	for name, value in pairs(policy) do
		source[name] = value;
	end
	return assert(tv.new(source));
end

local hs256, rs256 = tokens.hs256(claims, secret), tokens.rs256(claims, key, "key");
local results = measure.in_turns({
	floor_of("hs256"), verifying(new_verifier{ secret = secret }, hs256, 10000),
	floor_of("rs256"), verifying(new_verifier{ keys = store }, rs256, 1500),
}, slices);

print(("verifying a token of %d bytes, ns per call: medians of %d slices in turns"):format(#rs256, slices));
print("");
print("| | OpenSSL alone | verifier:verify, claims as a table | times |");
print("|---|---:|---:|---:|");
for i, name in ipairs{ "HS256", "RS256, 2048 bits, key by kid" } do
	local floor, whole = results[2 * i - 1], results[2 * i];
	print(("| %s | %.0f | %.0f | %.2f |"):format(name, floor, whole, whole / floor));
end
