-- SPDX-License-Identifier: MIT
-- Whether memory grows: a million verifications of each kind, accepted and refused (a tenth of the slow ones), and what the
-- process takes up after each tenth of them. Fails if it grows in the second half, by half a byte a call or more.

local measure = require "bench.measure";
local signed = require "bench.signed";
local tokens = require "spec.support.tokens";
local prosody = require "spec.support.prosody";
local tv = require "token_verifier";

local calls = tonumber(arg and arg[1]) or 1000000;
local only = arg and arg[2] or "";
local tenth = calls // 10;

local payload, secret = signed.payload(714), ("s"):rep(32);
local function hs256(text, header)
	return signed.token({ algorithm = "HS256", secret = secret }, text, header);
end
local rsa, ec, okp = tokens.new_key(), tokens.new_key(nil, "ES256"), tokens.new_key(nil, "EdDSA");
local good = hs256(payload);
local expired = hs256((payload:gsub("4102444800", "1600000000")));
local store = tv.keystore();
assert(store:put("key", rsa.public));

local function verifier(options)
	options.accepted_issuers, options.accepted_audiences = { "app" }, { "jitsi" };
	return assert(tv.new(options));
end

local by_secret = verifier({ secret = secret });
local by_kid = verifier({ keys = store });
local kept_options = { secret = secret, accepted_issuers = { "app" } };
local token_util = assert(prosody.new_token_util({ app_id = "app", app_secret = secret, asap_accepted_audiences = { "jitsi" } }));
local session = { auth_token = good.text, ip = "192.0.2.1" };

local function verifying(of, token, code)
	return function ()
		local claims, _, found = of:verify(token);
		assert((claims and "accepted" or found) == (code or "accepted"), found);
	end
end

local function of_key(key, name)
	local token = signed.token(key, payload);
	return verifying(verifier({ key = key.public, algorithms = { name } }), token.text),
		verifying(verifier({ key = key.public, algorithms = { name } }), (signed.damaged(token)), "bad-signature");
end

local rs256, rs256_refused = of_key(rsa, "RS256");
local es256, es256_refused = of_key(ec, "ES256");
local ed25519, ed25519_refused = of_key(okp, "EdDSA");

-- name, call, and by how much fewer of them there are
local kinds = {
	{ "HS256, accepted", verifying(by_secret, good.text), 1 };
	{ "HS256, bad signature", verifying(by_secret, (signed.damaged(good)), "bad-signature"), 1 };
	{ "expired", verifying(by_secret, expired.text, "expired"), 1 };
	{ "malformed", verifying(by_secret, good.input, "malformed-token"), 1 };
	{ "wrong alg", verifying(by_kid, good.text, "algorithm-not-accepted"), 1 };
	{ "unknown kid", verifying(by_kid, hs256(payload, { alg = "RS256", kid = "other" }).text, "key-not-found"), 1 };
	{ "verify(token, opts), kept", function () assert(tv.verify(good.text, kept_options)); end, 1 };
	{ "verify(token, opts), anew", function () assert(tv.verify(good.text, { secret = secret, accepted_issuers = { "app" } })); end, 1 };
	{ "process_and_verify_token", function () assert(token_util:process_and_verify_token(session)); end, 1 };
	{ "RS256, accepted", rs256, 1 };
	{ "RS256, bad signature", rs256_refused, 10 };
	{ "ES256, accepted", es256, 10 };
	{ "ES256, bad signature", es256_refused, 10 };
	{ "EdDSA, accepted", ed25519, 10 };
	{ "EdDSA, bad signature", ed25519_refused, 10 };
};

print("| | calls | first half, KiB | second half, KiB |");
print("|---|---:|---:|---:|");
local failed = false;
for _, kind in ipairs(kinds) do
	local name, call, fewer = table.unpack(kind);
	local before, half = measure.resident(), nil;
	for part = 1, name:find(only, 1, true) and 10 or 0 do
		for _ = 1, tenth // fewer do
			call();
		end
		collectgarbage();
		collectgarbage();
		half = part == 5 and measure.resident() or half;
	end
	if half then
		local grown = measure.resident() - half;
		print(("| %s | %d | %.0f | %.0f |"):format(name, tenth // fewer * 10, (half - before) / 1024, grown / 1024));
		failed = failed or grown > math.max(calls / fewer / 4, 65536);
	end
end

-- A plugin for many tenants sets a key server for each log-in, and asks it for a key, before anything is verified.

local tenants, window = 30000, 500;
local many = assert(prosody.new_token_util({ app_id = "app", app_secret = secret }));

local function of_tenants(first)
	local began = os.clock();
	for i = first, first + window - 1 do
		many:set_asap_key_server(("http://127.0.0.1:1/tenant-%d"):format(i));
		many:get_public_key("key"); -- nobody can wait here, and nothing drives the fetch
	end
	return (os.clock() - began) / window;
end

if ("key servers set at run time"):find(only, 1, true) then
	local costs, memory = {}, {};
	for i = 1, tenants // window do
		costs[i] = of_tenants((i - 1) * window);
		prosody.clear_log();
		collectgarbage();
		memory[i] = measure.resident();
	end
	local early, late = measure.median(table.move(costs, 2, 6, 1, {})), measure.median(table.move(costs, #costs - 4, #costs, 1, {}));
	local grown = memory[#memory] - memory[#memory // 2];
	print(("\n%d key servers set at run time: a call at the end takes %.2f times what it took at first; second half, KiB: %.0f"):format(
		tenants, late / early, grown / 1024));
	failed = failed or late > 2 * early or grown > 2 ^ 20;
end
os.exit(not failed, true);
