-- SPDX-License-Identifier: MIT
-- token_util remembers the verifier of the last session, but a change of any field, also inside a list, takes effect at once.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local token_options = require "token_verifier.plugin.token_options";
local token_verifier = require "token_verifier";

local secret, other_secret = ("s"):rep(32), ("o"):rep(32);
local token = tokens.hs256(tokens.claims(), secret);
local key, other_key = tokens.new_key(), tokens.new_key();
local rsa_token = tokens.rs256(tokens.claims(), key, "key");

local function process(token_util, given, public_key)
	return token_util:process_and_verify_token{ auth_token = given, public_key = public_key };
end

local function accepts(token_util, given, public_key)
	for _ = 1, 3 do
		assert.same({ true }, { process(token_util, given, public_key) });
	end
end

local function refuses(token_util, given, public_key)
	for _ = 1, 3 do
		assert.is_false((process(token_util, given, public_key)));
	end
end

-- Fields: what is assigned or done, and what takes it back.
local changes = {
	{ "appSecret", function (u) u.appSecret = other_secret; end, function (u) u.appSecret = secret; end };
	{ "signatureAlgorithm", function (u) u.signatureAlgorithm = "HS512"; end, function (u) u.signatureAlgorithm = { "HS256" }; end };
	{ "an element of signatureAlgorithm", function (u) u.signatureAlgorithm[1] = "HS384"; end,
		function (u) u.signatureAlgorithm[2] = "HS256"; end };
	{ "acceptedIssuers", function (u) u.acceptedIssuers = { "nobody" }; end, function (u) u.acceptedIssuers = { "a", "app" }; end };
	{ "an element of acceptedIssuers", function (u) u.acceptedIssuers[2] = "b"; end, function (u) u.acceptedIssuers[3] = "app"; end };
	{ "fewer elements of acceptedIssuers", function (u) u.acceptedIssuers[3] = nil; end,
		function (u) table.insert(u.acceptedIssuers, "app"); end };
	{ "an element of acceptedAudiences", function (u) u.acceptedAudiences[1] = "nobody"; end,
		function (u) u.acceptedAudiences[1] = "*"; end };
	{ "the setter of audiences", function (u) u:set_asap_accepted_audiences{ "nobody" }; end,
		function (u) u:set_asap_accepted_audiences{ "jitsi" }; end };
	{ "acceptedTypes", function (u) u.acceptedTypes = { "at+jwt" }; end, function (u) u.acceptedTypes = { "JWT" }; end };
	{ "an element of acceptedTypes", function (u) u.acceptedTypes[1] = "at+jwt"; end, function (u) u.acceptedTypes[1] = "JWT"; end };
	{ "requiredClaims", function (u) u.requiredClaims = { "email" }; end, function (u) u.requiredClaims = { "room" }; end };
	{ "an element of requiredClaims", function (u) u.requiredClaims[2] = "email"; end, function (u) u.requiredClaims[2] = nil; end };
	{ "maxLifetime", function (u) u.maxLifetime = 1; end, function (u) u.maxLifetime = nil; end };
	{ "strictSecrets", function (u) u.appSecret = "short"; u.strictSecrets = true; end,
		function (u) u.appSecret = secret; u.strictSecrets = false; end };
	{ "asapKeyServer", function (u) u:set_asap_key_server(""); end, function (u) u:set_asap_key_server(nil); end };
	{ "cacheKeysUrl", function (u) u.cacheKeysUrl = ""; end, function (u) u.cacheKeysUrl = nil; end };
	{ "tokenIssuers", function (u) u.tokenIssuers = { app = "" }; end, function (u) u.tokenIssuers = nil; end };
};

describe("token_util", function ()
	it("uses every change of its fields at once", function ()
		local token_util = prosody.new_token_util{ app_id = "app", app_secret = secret };
		for _, change in ipairs(changes) do
			accepts(token_util, token);
			change[2](token_util);
			assert.is_false((process(token_util, token)), change[1]);
			refuses(token_util, token);
			change[3](token_util);
			assert.is_true((process(token_util, token)), change[1]);
		end
	end);

	it("uses relaxed settings at once", function ()
		local token_util = prosody.new_token_util{ app_id = "app", app_secret = secret };
		local roomless = tokens.hs256(tokens.claims{ room = tokens.absent }, secret);
		refuses(token_util, roomless);
		accepts(token_util, token);
		token_util:set_asap_require_room_claim(false);
		accepts(token_util, roomless);
		token_util.requireRoomClaim = true;
		refuses(token_util, roomless);
		local late = tokens.hs256(tokens.claims{ exp = os.time() - 10 }, secret);
		accepts(token_util, token);
		refuses(token_util, late);
		token_util.leeway = 60;
		accepts(token_util, late);
		token_util.leeway = 0;
		refuses(token_util, late);
	end);

	it("verifies each session with its own key", function ()
		local token_util = prosody.new_token_util{ app_id = "app", app_secret = secret, signature_algorithm = { "RS256" } };
		for _ = 1, 3 do
			accepts(token_util, rsa_token, key.public);
			refuses(token_util, rsa_token, other_key.public);
			accepts(token_util, rsa_token, key.public);
			refuses(token_util, rsa_token);
		end
		token_util.keyOptions.min_rsa_bits = 3072;
		refuses(token_util, rsa_token, key.public);
		token_util.keyOptions.min_rsa_bits = nil;
		accepts(token_util, rsa_token, key.public);
	end);

	it("uses the new values after a reload of the configuration", function ()
		local token_util, _, all = prosody.new_token_util{ app_id = "app", app_secret = secret };
		accepts(token_util, token);
		all["example.org"].app_secret = other_secret;
		_G.prosody.events.fire_event("config-reloaded");
		refuses(token_util, token);
		all["example.org"].app_secret = secret;
		_G.prosody.events.fire_event("config-reloaded");
		accepts(token_util, token);
	end);

	it("uses another list of key servers, and notices a removed key", function ()
		local token_util = prosody.new_token_util{ app_id = "app", asap_key_server = "http://127.0.0.1:9/one/" };
		local one = assert(token_verifier.keystore{ asap_key_server = "http://127.0.0.1:9/one/" });
		local two = assert(token_verifier.keystore{ asap_key_server = "http://127.0.0.1:9/two/" });
		one:put("key", key.public);
		two:put("key", other_key.public);
		accepts(token_util, rsa_token);
		token_util:set_asap_key_server("http://127.0.0.1:9/two/");
		refuses(token_util, rsa_token);
		token_util:set_asap_key_server{ "http://127.0.0.1:9/one/" };
		accepts(token_util, rsa_token);
		token_util.asapKeyServer[1] = "http://127.0.0.1:9/two/";
		refuses(token_util, rsa_token);
		token_util.asapKeyServer[1] = "http://127.0.0.1:9/one/";
		accepts(token_util, rsa_token);
		one:put("key", other_key.public);
		refuses(token_util, rsa_token);
		one:close();
		two:close();
	end);

	-- What a field may be set to, other than it is.
	local function another(row, value)
		if row.read == "boolean" then
			return not value;
		elseif row.read == "number" then
			return value == row.most and row.least or row.most;
		end
		return { row.verifier == "algorithms" and "HS512" or "another" };
	end

	for _, row in ipairs(token_options.of_verifier) do
		it(("never uses a verifier that was made with another value of %s"):format(row[1]), function ()
			local token_util = prosody.new_token_util{ app_id = "app", app_secret = secret };
			local place = row.within and token_util[row.within] or token_util;
			local function verifier()
				return (assert(token_util._keys:verifier(token_util._values, {})));
			end
			local value, former = place[row.field], verifier();
			place[row.field] = another(row, value);
			assert.not_equal(former, verifier());
			assert.equal(verifier(), verifier());
			if row.read ~= "boolean" and row.read ~= "number" then -- also if a list changes in place
				local second = verifier();
				table.insert(place[row.field], row.verifier == "algorithms" and "HS384" or "third");
				assert.not_equal(second, verifier());
			end
			place[row.field] = value;
			assert.equal(former, verifier());
		end);
	end
end);
