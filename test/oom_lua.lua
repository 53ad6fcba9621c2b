-- SPDX-License-Identifier: MIT
-- The operations that oom_lua.c lets run out of memory: run(prepare()) is called without; what it gives with memory
-- is checked by good(), or is nil, a message and `code`. after() is called after each failure.

local tv, drive, url = ...;

-- What is made at its first use and kept in the registry: removed before each try, so that its making lacks memory too, and
-- whole once it is used again.
local at_once = {};
for name in pairs(debug.getregistry()) do
	at_once[name] = true;
end

local function each_made()
	local names = {};
	for name, value in pairs(debug.getregistry()) do
		if type(name) == "string" and name:find("^token_verifier%.") and not at_once[name] then
			names[name] = value;
		end
	end
	return pairs(names);
end

local function forget_made()
	for name in each_made() do
		debug.getregistry()[name] = nil;
	end
end

local function check_made()
	for name, value in each_made() do
		assert(value.__gc or value.__jsontype or (getmetatable(value) or {}).__mode, name.." is not whole");
	end
end

local function read(name)
	local file = assert(io.open("test/vectors/"..name, "rb"));
	local text = file:read("a");
	file:close();
	return text;
end

local hs256, rs256 = read("rfc7515/a1.json"), read("rfc7515/a2.json");
local secret_jwk, public_jwk = hs256:match('"key": (%b{})'), rs256:match('"key": (%b{})');
hs256, rs256 = hs256:match('"compact": "([^"]*)"'), rs256:match('"compact": "([^"]*)"');
local pem, ec_pem = read("keys/rsa.pem"), read("keys/ec.pem");
local forged = rs256:sub(1, -10).."AAAAAAAAA";

local tries = 0;

-- A text that no call has remembered yet.
local function fresh(text)
	return function ()
		tries = tries + 1;
		return (" "):rep(tries % 500)..text;
	end
end

local function options(more)
	local made = { accepted_types = { "*" }, now = 1300819379, accepted_issuers = { "joe", "jane" }, required_claims = { "exp" } };
	for name, value in pairs(more) do
		made[name] = value;
	end
	return made;
end

local function check_claims(claims, header)
	assert(claims.iss == "joe" and claims.exp == 1300819380 and claims["http://example.com/is_root"] == true);
	assert(header.alg == "HS256" or header.alg == "RS256");
end

local function check_rsa(key)
	assert(key:type() == "RSA" and key:bits() == 2048 and #key:algorithms() >= 3 and key:thumbprint() == tv.key(pem):thumbprint());
end

local secret_options = options({ secret = secret_jwk });
local key_options = options({ key = tv.key(public_jwk), algorithms = { "RS256" } });
local verifier = assert(tv.new(key_options));
local rsa_of_rfc = assert(tv.key(public_jwk));
local rsa, by_hand = assert(tv.key(pem)), assert(tv.keystore());
local server = assert(tv.keystore({ asap_key_server = url }));

-- Either not there or wholly there; then gone.
local function check_put()
	local key, _, code = by_hand:get("kid", false);
	if key then
		check_rsa(key);
	else
		assert(code == "key-not-found", code);
	end
	by_hand:forget();
	assert(#by_hand:keys() == 0);
end

local function check_signed(token)
	assert(tv.verify(token, { secret = "secret", accepted_types = { "*" } }).list[1] == nil);
end

-- One member, since Lua's order of more is another in each process, and the second text is compared with the first.
local empty = assert(tv.sign({ list = setmetatable({}, { __jsontype = "array" }) }, { secret = "secret" }));
local private_pem = read("keys/rsa.private.pem");

local operations = {
	{
		name = "page_room",
		run = function () return tv.page_room("R%C3%A4ksm"); end,
		good = function (room) assert(room == "r%c3%a4ksm"); end,
	},
	{
		name = "verify with a secret",
		run = function () return tv.verify(hs256, secret_options); end,
		good = check_claims,
	},
	{
		name = "verify with a fresh secret",
		prepare = fresh "secret",
		run = function (secret) return tv.verify(hs256, { secret = secret, accepted_types = { "*" } }); end,
		code = "bad-signature",
	},
	{
		name = "verify with a fresh key",
		prepare = fresh(public_jwk),
		run = function (key) return tv.verify(rs256, options({ key = key })); end,
		good = check_claims,
	},
	{
		name = "verify a forged token",
		run = function () return tv.verify(forged, key_options); end,
		code = "bad-signature",
	},
	{
		name = "verify with another key",
		run = function () return tv.verify(rs256, options({ key = rsa })); end,
		code = "bad-signature",
	},
	{
		name = "new",
		prepare = fresh(public_jwk),
		run = function (key) return tv.new(options({ key = key, accepted_types = { "JWT", "*" }, leeway = 3 })); end,
		good = function (made) check_claims(made:verify(rs256, { now = 1300819379 })); end,
	},
	{
		name = "verifier:verify",
		run = function () return verifier:verify(rs256, { now = 1300819379 }); end,
		good = check_claims,
	},
	{
		name = "verifier:verify, expired",
		run = function () return verifier:verify(rs256, { now = 1300819380 }); end,
		code = "expired",
	},
	{
		name = "verify a token with an empty list, and sign it again",
		run = function ()
			local claims, message, code = tv.verify(empty, { secret = "secret", accepted_types = { "*" } });
			if not claims then
				return nil, message, code;
			end
			return tv.sign(claims, { secret = "secret" });
		end,
		good = function (token) assert(token == empty); check_signed(token); end,
	},
	{
		name = "sign with a private key",
		run = function () return tv.sign({ sub = "a" }, { private_key = private_pem, algorithm = "RS256" }); end,
		good = function (token) assert(tv.verify_jws(token, { key = rsa, algorithms = { "RS256" } }) == '{"sub":"a"}'); end,
	},
	{
		name = "sign texts",
		run = function () return tv.sign('{"b":[],"a":{}}', { secret = "secret", header = '{"x":1}', kid = "k" }); end,
		good = function (token) assert(tv.verify_jws(token, { secret = "secret" }) == '{"b":[],"a":{}}'); end,
	},
	{
		name = "sign a text that has a member twice",
		run = function () return tv.sign('{"a":1,"a":2}', { secret = "secret" }); end,
		code = "malformed-payload",
	},
	{
		name = "generate_key",
		run = function () return tv.generate_key({ curve = "P-256" }); end,
		good = function (pem_text, jwk) assert(tv.sign({}, { private_key = pem_text, algorithm = "ES256" }) and jwk:find('"d":', 1, true)); end,
	},
	{
		name = "decode_json",
		run = function () return tv.decode_json('{"a":[]}'); end,
		good = function (value) assert(#value.a == 0); end,
	},
	{
		name = "verify_jws",
		run = function () return tv.verify_jws(rs256, { key = rsa_of_rfc, algorithms = { "RS256" } }); end,
		good = function (payload, header) assert(#payload > 10 and header.alg == "RS256"); end,
	},
	{
		name = "generate_key",
		run = function () return tv.generate_key({ curve = "P-256" }); end,
		good = function (made, jwk) assert(tv.key(made):thumbprint() == tv.key(jwk):thumbprint()); end,
	},
	{
		name = "decode_json",
		run = function () return tv.decode_json('{"list":[],"object":{"a":[1,2.5,null,"text"]}}'); end,
		good = function (value) assert(value.object.a[2] == 2.5); end,
	},
	{
		name = "a JSON text that is none",
		run = function () return tv.decode_json('{"a":1,"a":2}'); end,
		code = "malformed-payload",
	},
	{
		name = "inspect",
		run = function () return tv.inspect(rs256); end,
		good = function (header, claims) check_claims(claims, header); end,
	},
	{
		name = "key",
		run = function () return tv.key(ec_pem); end,
		good = function (key) assert(key:curve() == "P-256"); end,
	},
	{
		name = "a key that is none",
		run = function () return tv.key("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"); end,
		code = "malformed-key",
	},
	{
		name = "the forms of a key",
		run = function ()
			for _, form in ipairs({ "pem", "jwk", "thumbprint" }) do
				local text, message, code = rsa[form](rsa);
				if not text then
					return nil, message, code;
				end
			end
			return rsa:pem();
		end,
		good = function (text) assert(text == pem); end,
	},
	{
		name = "what a key is",
		run = function () return tostring(rsa), rsa:algorithms(); end,
		good = function (text, algorithms) assert(text == "token_verifier.key (RSA, 2048 bits)" and #algorithms >= 3); end,
	},
	{
		name = "keystore by hand",
		run = function () return tv.keystore({ cache_size = 5 }); end,
		good = function (store) assert(#store:keys() == 0); end,
	},
	{
		name = "keystore of a folder",
		run = function () return tv.keystore({ directory = "/nowhere", ca_file = "/a" }); end,
		good = function (store) assert(store:source() == "/nowhere"); end,
	},
	{
		name = "keystore that is shared",
		run = function () return tv.keystore({ asap_key_server = url, max_ttl = 70 }); end,
		good = function (store, warning) assert(store:id() == server:id() and warning:find("max_ttl", 1, true)); end,
	},
	{
		name = "keystore:put a key",
		run = function () return by_hand:put("kid", rsa); end,
		good = check_put, after = check_put,
	},
	{
		name = "keystore:put a text",
		run = function () return by_hand:put("kid", pem, 100); end,
		good = check_put, after = check_put,
	},
	{
		name = "keystore:keys",
		prepare = function () by_hand:put("kid", rsa); end,
		run = function () return by_hand:keys(); end,
		good = function (keys) assert(#keys == 1 and keys[1].kid == "kid"); check_rsa(keys[1].key); end,
	},
	{
		name = "keystore:stats",
		run = function () return by_hand:stats(); end,
		good = function (stats) assert(stats.held == 1); end,
	},
	{
		name = "keystore:get",
		run = function () return by_hand:get("kid"); end,
		good = check_rsa,
	},
	{
		name = "keystore:get, not found",
		run = function () return by_hand:get("another"); end,
		code = "key-not-found",
	},
	{
		-- What has an outcome is told, by this call or by the next.
		name = "step",
		prepare = function ()
			server:forget();
			local _, _, code = server:get("kid", false);
			assert(code == "key-pending", code);
			drive();
		end,
		run = function () return tv.step(0); end,
		good = function (outcomes)
			assert(#outcomes == 1 and outcomes[1].kid == "kid" and outcomes[1].store:id() == server:id());
			check_rsa(outcomes[1].key);
		end,
		after = function ()
			local outcomes = tv.step(0);
			assert(#outcomes == 1 and outcomes[1].kid == "kid" and outcomes[1].key, "an outcome is lost");
		end,
	},
};

for _, operation in ipairs(operations) do
	operation.forget, operation.check = forget_made, check_made;
end

return operations;
