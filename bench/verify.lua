-- SPDX-License-Identifier: MIT
-- What verifying a token takes beside the bare signature check of bench/floor.c, in one process, slice by slice in turns.

local kinds = require "bench.cases";
local measure = require "bench.measure";
local signed = require "bench.signed";
local tokens = require "spec.support.tokens";
local cjson = require "cjson";
local floor = require "floor";
local tv = require "token_verifier";

local rounds = tonumber(arg and arg[1]) or 200;
local only = arg and arg[2];

local payload = signed.payload(714);
local secret = ("s"):rep(32);

local policy = { accepted_issuers = { "app" }, accepted_audiences = { "jitsi" } };

local function options(source)
	for name, value in pairs(policy) do
		source[name] = value;
	end
	return source;
end

local cases = measure.cases(); -- name -> function (calls)

local function add_verifying(name, verifier, token)
	assert(verifier:verify(token));
	cases:add(name, function (count)
		for _ = 1, count do
			assert(verifier:verify(token));
		end
	end);
end

local function add_refused(name, verifier, token, code)
	local _, _, found = verifier:verify(token);
	assert(found == code, found);
	cases:add(name, function (count)
		for _ = 1, count do
			verifier:verify(token);
		end
	end);
end

-- The floor and the verifier of one algorithm, each refusing a damaged signature first.
local function add_algorithm(name, key)
	local token = signed.token(key, payload);
	local check = floor.check(name, key.secret or key.public, token.signature, token.input);
	assert(check());
	local _, damaged = signed.damaged(token);
	assert(not floor.check(name, key.secret or key.public, damaged, token.input)());
	cases:add("floor "..name, function (count)
		for _ = 1, count do
			assert(check());
		end
	end);
	local verifier = assert(tv.new(options({ [key.secret and "secret" or "key"] = key.secret or key.public, algorithms = { name } })));
	add_verifying("verify "..name, verifier, token.text);
	return token, verifier;
end

local rsa = tokens.new_key();
local pss = { algorithm = "PS256", private = rsa.private, public = rsa.public };
local hs256 = add_algorithm("HS256", { algorithm = "HS256", secret = secret });
local rs256, plain = add_algorithm("RS256", rsa);
add_algorithm("PS256", pss);
add_algorithm("ES256", tokens.new_key(nil, "ES256"));
add_algorithm("EdDSA", tokens.new_key(nil, "EdDSA"));

cases:add("cjson", function (count)
	for _ = 1, count do
		assert(cjson.decode(payload));
	end
end);

-- The same with a key by kid.
local store = tv.keystore();
assert(store:put("key", rsa.public));
local by_kid = assert(tv.new(options({ keys = store })));
add_verifying("keystore", by_kid, rs256.text);

-- The same with an options table.
local function add_with_options(name, given, token)
	assert(tv.verify(token, given));
	cases:add(name, function (count)
		for _ = 1, count do
			assert(tv.verify(token, given));
		end
	end);
end
add_with_options("options", options({ key = rsa.public }), rs256.text);
add_with_options("options keystore", options({ keys = store }), rs256.text);
add_with_options("options HS256", options({ secret = secret }), hs256.text);

-- token_util with a key server whose key is held, and with a secret.
local function add_token_util(name, key, token)
	local call = kinds.token_util(nil, key, token);
	cases:add(name, function (count)
		for _ = 1, count do
			assert(call());
		end
	end);
end
add_token_util("token_util", { pem = rsa.public }, rs256.text);
add_token_util("token_util HS256", { secret = secret }, hs256.text);

-- Refusals.
local input = rs256.text:match("^(.*)%.");
local other_typ = signed.token({ algorithm = "HS256", secret = secret }, payload, { alg = "RS256", typ = "JWS" }).text;
local unknown_kid = signed.token({ algorithm = "HS256", secret = secret }, payload, { alg = "RS256", kid = "other" }).text;
add_refused("two parts", plain, input, "malformed-token");
add_refused("bad character", plain, rs256.text:sub(1, -2).."*", "malformed-token");
add_refused("bad header", plain, "x"..rs256.text:sub(2), "malformed-header");
add_refused("wrong alg", plain, hs256.text, "algorithm-not-accepted");
add_refused("wrong typ", plain, other_typ, "type-not-accepted");
add_refused("unknown kid", by_kid, unknown_kid, "key-not-found");
add_refused("bad signature", plain, (signed.damaged(rs256)), "bad-signature");

-- The same with its log line, by token_util: whose payload costs most to look at, and an ordinary one.
local function add_refused_by_token_util(name, claims)
	local prosody = require "spec.support.prosody";
	local call = kinds.token_util(nil, { secret = secret }, hs256.text, claims);
	cases:add(name, function (count)
		for _ = 1, count do
			assert(not call());
		end
		prosody.clear_log();
	end);
end
add_refused_by_token_util("token_util refuses", signed.token({ algorithm = "HS256", secret = secret }, payload, { alg = "RS256" }).text);
add_refused_by_token_util("token_util refuses arrays", signed.token({ algorithm = "HS256", secret = secret },
	'{"x":['..("[],"):rep(3950).."[]]}", { alg = "RS256" }).text);

cases:run(rounds, only);

local unit = cases:median("floor RS256");

local function row(label, target, numbers)
	print(("| %s | %.3f | %.3f .. %.3f | %s |"):format(label, numbers[1], numbers[2], numbers[3], target));
end

print(("Verifying a token with %d bytes of claims (%d bytes with RS256); medians of %d slices in turns, 10th and 90th percentile."):format(
	#payload, #rs256.text, rounds));
print(("RS256 floor: %.0f ns; HS256 floor: %.0f ns; lua-cjson: %.0f ns; verify RS256: %.0f ns; verify HS256: %.0f ns"):format(unit,
	cases:median("floor HS256"), cases:median("cjson"), cases:median("verify RS256"), cases:median("verify HS256")));
print("");
print("| | times | 10 % .. 90 % | reach |");
print("|---|---:|---:|---:|");
for _, each in ipairs({ { "RS256", "1.20" }, { "PS256", "1.20" }, { "ES256", "1.06" }, { "EdDSA", "1.05" } }) do
	row(("verifier:verify, %s, of its floor"):format(each[1]), each[2], cases:ratios("verify "..each[1], "floor "..each[1]));
end
row("verifier:verify, HS256, of lua-cjson", "0.85", cases:ratios("verify HS256", "cjson"));
print("");
print("| in RS256 checks | more | 10 % .. 90 % | reach |");
print("|---|---:|---:|---:|");
row("the key from a warm key store", "0.02", cases:differences("keystore", "verify RS256", unit));
row("verify(token, opts), key", "0.05", cases:differences("options", "verify RS256", unit));
row("verify(token, opts), key store", "0.05", cases:differences("options keystore", "keystore", unit));
row("verify(token, opts), HS256", "0.05", cases:differences("options HS256", "verify HS256", unit));
row("process_and_verify_token, key server", "0.17", cases:differences("token_util", "keystore", unit));
row("process_and_verify_token, HS256", "0.17", cases:differences("token_util HS256", "verify HS256", unit));
print("");
print("| in RS256 checks | whole | 10 % .. 90 % | reach |");
print("|---|---:|---:|---:|");
for _, each in ipairs({ { "two parts", "0.03" }, { "bad character", "0.03" }, { "bad header", "0.03" }, { "wrong alg", "0.06" },
	{ "wrong typ", "0.06" }, { "unknown kid", "0.06" }, { "bad signature", "" } }) do
	row("refused: "..each[1], each[2], cases:ratios(each[1], "floor RS256"));
end
for _, each in ipairs({ { "ordinary claims", "" , "" }, { "16 KiB of empty arrays", " arrays", "2" } }) do
	row("refused by process_and_verify_token with its log line: "..each[1], each[3],
		cases:ratios("token_util refuses"..each[2], "floor RS256"));
end
