-- SPDX-License-Identifier: MIT
-- Log-ins by tokens of every asymmetric algorithm, with the key as PEM from a key server and as JWK from a set.

local json = require "dkjson";
local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

-- Name, what its keys are made on (nil: RSA), and whether the key is made for nothing else.
local algorithms = {
	{ "RS256" }, { "PS256" }, { "PS384" }, { "PS512" },
	{ "ES256", "P-256" }, { "ES384", "P-384" }, { "ES512", "P-521" },
	{ "EdDSA", "ED25519" }, { "EdDSA", "ED448" },
};

-- One key each; RSA's differ too, so that no kid is right for two algorithms by chance.
local function kid_of(name, curve)
	return curve and name.."-"..curve or name;
end

local names = {};

local function jwk(key, members)
	local set_member = json.decode(tv.key(key.public):jwk());
	for name, value in pairs(members) do
		set_member[name] = value;
	end
	return set_member;
end

lazy_setup(function ()
	local nginx = world.start_nginx();
	world.start_bad_server();
	local set, named = {}, {};
	for _, algorithm in ipairs(algorithms) do
		local name, curve = table.unpack(algorithm);
		local kid = kid_of(name, curve);
		local key = world.new_key({ kid = kid, publish = { "nginx" }, curve = curve });
		set[#set + 1] = jwk(key, { kid = kid });
		named[#named + 1] = jwk(key, { kid = kid, alg = name, use = "sig" });
		if not names[name] then
			names[#names + 1], names[name] = name, true;
		end
	end
	local function publish(path, keys)
		return world.publish_document({ path = path, body = json.encode({ keys = keys }) });
	end
	local hosts = {
		world.host("all.example", { asap_key_server = nginx.url, signature_algorithm = names });
		world.host("set.example", { cache_keys_url = publish("set", set), signature_algorithm = names });
		world.host("named.example", { cache_keys_url = publish("named", named), signature_algorithm = names });
		world.host("default.example", { asap_key_server = nginx.url });
	};
	for _, name in ipairs(names) do
		hosts[#hosts + 1] = world.host(name:lower()..".example", { asap_key_server = nginx.url, signature_algorithm = name });
	end
	world.start_prosody({ hosts = table.concat(hosts, "\n") });
end);

lazy_teardown(world.close);

local function log_in(host, token)
	local log, outcome = world.logged("main", function ()
		return world.log_in({ host = host..".example", token = token });
	end);
	return outcome.outcome == "accepted" and "accepted" or log:match("Token refused: ([%w-]+)") or log;
end

for _, algorithm in ipairs(algorithms) do
	local name, curve = table.unpack(algorithm);

	describe(("a token signed by %s%s"):format(name, curve and " on "..curve or ""), function ()
		local kid = kid_of(name, curve);
		local token;

		lazy_setup(function ()
			token = world.mint({ key = kid, algorithm = name });
		end);

		it("logs in with a PEM of a key server, if one algorithm is accepted and if all are", function ()
			assert.equal("accepted", log_in(name:lower(), token));
			assert.equal("accepted", log_in("all", token));
		end);

		it("logs in with a JWK of a set, with or without this alg", function ()
			assert.equal("accepted", log_in("set", token));
			assert.equal("accepted", log_in("named", token));
		end);

		it("is refused with one flipped bit in its signature", function ()
			local forged = world.with_wrong_signature({ token = token });
			for _, host in ipairs({ "all", "set", "named" }) do
				assert.equal("bad-signature", log_in(host, forged), host);
			end
		end);

		it("is refused if its algorithm is not accepted", function ()
			assert.equal(name == "RS256" and "accepted" or "algorithm-not-accepted", log_in("default", token));
			assert.equal("algorithm-not-accepted", log_in(name == "ES256" and "es384" or "es256", token));
		end);
	end);
end

describe("a token whose kid names a key of another kind", function ()
	for _, case in ipairs({
		{ "PS256", "PS256", "ES256-P-256" }, { "ES256", "ES256-P-256", "ES384-P-384" },
		{ "ES512", "ES512-P-521", "EdDSA-ED25519" }, { "EdDSA", "EdDSA-ED448", "PS256" },
	}) do
		local name, own, other = table.unpack(case);
		it(("(%s, the key is %s) is refused"):format(name, other), function ()
			local token = world.mint({ key = own, kid = other, algorithm = name });
			for _, host in ipairs({ "all", "set", "named" }) do
				assert.equal("key-algorithm-mismatch", log_in(host, token), host);
			end
		end);
	end
end);

it("a JWK made for one RSA algorithm is used for no other", function ()
	local token = world.mint({ key = "PS256", algorithm = "RS256" });
	assert.equal("accepted", log_in("set", token));
	assert.equal("key-algorithm-mismatch", log_in("named", token));
end);
