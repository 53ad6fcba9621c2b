-- SPDX-License-Identifier: MIT
-- verify(token, opts) remembers the verifier of an options table, but a change anywhere in the table takes effect at the next call.

local tokens = require "spec.support.tokens";
local tv = require "token_verifier";

local secret, other_secret = ("s"):rep(32), ("o"):rep(32);
local claims = tokens.claims({ aud = { "jitsi", "other" } });
local token = tokens.hs256(claims, secret);
local rsa, other_rsa = tokens.new_key(), tokens.new_key();
local rsa_token = tokens.rs256(claims, rsa, "key");

-- Often enough that it is remembered.
local function settle(given, opts)
	for _ = 1, 4 do
		local found, message = tv.verify(given, opts);
		assert.is_table(found, message);
	end
end

local function refused(code, given, opts)
	for _ = 1, 4 do
		local found, _, found_code = tv.verify(given, opts);
		assert.is_nil(found);
		assert.equal(code, found_code);
	end
end

local function raises(text, given, opts)
	for _ = 1, 4 do
		local ok, err = pcall(tv.verify, given, opts);
		assert.is_false(ok);
		assert.truthy(err:find(text, 1, true), err);
	end
end

local function hmac_options()
	return { secret = secret, algorithms = { "HS256" }, accepted_issuers = { "app" }, accepted_audiences = { "jitsi" },
		accepted_types = { "JWT" }, required_claims = { "room" }, leeway = 0, require_room = true, require_sub = true };
end

local long_secret = ("l"):rep(100);

-- name, what is changed, the code that it then gives, and what puts it back
local changes = {
	{ "another secret", function (o) o.secret = other_secret; end, "bad-signature", function (o) o.secret = secret; end };
	{ "a long secret", function (o) o.secret = long_secret; end, "bad-signature", function (o) o.secret = secret; end };
	{ "an algorithm in its list", function (o) o.algorithms[1] = "HS512"; end, "algorithm-not-accepted",
		function (o) o.algorithms[1] = "HS256"; end };
	{ "another list of algorithms", function (o) o.algorithms = { "HS384" }; end, "algorithm-not-accepted",
		function (o) o.algorithms = { "HS256" }; end };
	{ "an issuer in its list", function (o) o.accepted_issuers[1] = "App"; end, "issuer-not-accepted",
		function (o) o.accepted_issuers[1] = "app"; end };
	{ "no issuer in its list", function (o) o.accepted_issuers[1] = nil; end, "issuer-not-accepted",
		function (o) o.accepted_issuers[1] = "app"; end };
	{ "another list of issuers", function (o) o.accepted_issuers = { "a", "b", "c" }; end, "issuer-not-accepted",
		function (o) o.accepted_issuers = { "a", "app" }; end };
	{ "the last issuer of two", function (o) o.accepted_issuers[2] = "b"; end, "issuer-not-accepted",
		function (o) o.accepted_issuers[2] = "app"; end };
	{ "an audience", function (o) o.accepted_audiences[1] = "nobody"; end, "audience-not-accepted",
		function (o) o.accepted_audiences[1] = "*"; end };
	{ "a type", function (o) o.accepted_types[1] = "at+jwt"; end, "type-not-accepted",
		function (o) o.accepted_types[1] = "JWT"; end };
	{ "one more claim that is required", function (o) o.required_claims[2] = "email"; end, "missing-claim",
		function (o) o.required_claims[2] = nil; end };
	{ "a list that was not there", function (o) o.required_claims, o.accepted_types = { "sub" }, { "X" }; end, "type-not-accepted",
		function (o) o.accepted_types = nil; end };
	{ "a lifetime", function (o) o.max_lifetime = 60; end, "missing-claim", function (o) o.max_lifetime = nil; end };
	{ "a lifetime of another number", function (o) o.max_lifetime = 0; o.required_claims = { "nbf" }; end, "missing-claim",
		function (o) o.required_claims = nil; end };
	{ "strict secrets", function (o) o.secret, o.strict_secrets = "short", true; end, "weak-secret",
		function (o) o.secret, o.strict_secrets = secret, false; end };
	{ "the room asked for", function (o) o.room = "other"; end, "room-not-accepted", function (o) o.room = "ROOM1"; end };
	{ "no room asked for", function (o) o.room = "elsewhere"; end, "room-not-accepted", function (o) o.room = nil; end };
	{ "the moment", function (o) o.now = claims.exp; end, "expired", function (o) o.now = claims.exp - 1; end };
	{ "the leeway", function (o) o.now = claims.exp; end, "expired", function (o) o.leeway = 1; end };
	{ "no leeway any more", function (o) o.leeway = 0; end, "expired", function (o) o.now = nil; end };
};

-- name, what is changed, what the error says
local misuses = {
	{ "an unknown option", function (o) o.nonsense = true; end, "unknown option 'nonsense'" };
	{ "an option of another type", function (o) o.require_room = "true"; end, "option 'require_room' must be a boolean" };
	{ "an element of another type", function (o) o.accepted_issuers[1] = 5; end, "element 1 is a number" };
	{ "a key in a list", function (o) o.accepted_issuers.app = true; end, "without other keys" };
	{ "a second source of keys", function (o) o.key = rsa.public; end, "exclude each other" };
	{ "no source of keys", function (o) o.secret = nil; end, "is needed" };
	{ "a metatable", function (o) setmetatable(o, { __index = {} }); end, "without metatable" };
	{ "a room of another type", function (o) o.room = 5; end, "option 'room' must be a string" };
	{ "a moment of another type", function (o) o.now = "0"; end, "option 'now' must be a number" };
	{ "a moment that is none", function (o) o.now = 0 / 0; end, "must be a finite number" };
	{ "a number for a name", function (o) o[1] = "HS256"; end, "option names must be strings" };
	{ "leeway beyond the limit", function (o) o.leeway = 301; end, "'leeway'" };
};

describe("options that were remembered", function ()
	it("are read again once anything in them has changed", function ()
		local opts = hmac_options();
		for _, change in ipairs(changes) do
			local name, make, code, back = table.unpack(change);
			settle(token, opts);
			make(opts);
			local found, _, found_code = tv.verify(token, opts);
			assert.is_nil(found, name);
			assert.equal(code, found_code, name);
			refused(code, token, opts);
			back(opts);
			assert.is_table(tv.verify(token, opts), name);
		end
	end);

	for _, misuse in ipairs(misuses) do
		it("raise for "..misuse[1], function ()
			local opts = hmac_options();
			settle(token, opts);
			misuse[2](opts);
			raises(misuse[3], token, opts);
		end);
	end

	it("notice a change from true to false and back", function ()
		local roomless = tokens.hs256(tokens.claims({ room = tokens.absent }), secret);
		local opts = { secret = secret, require_room = false };
		settle(roomless, opts);
		opts.require_room = true;
		refused("room-missing", roomless, opts);
		opts.require_room = false;
		settle(roomless, opts);
	end);

	it("notice a change while other things stay", function ()
		local opts, other = hmac_options(), hmac_options();
		other.secret = other_secret;
		for _ = 1, 5 do
			settle(token, opts);
			refused("bad-signature", token, other);
		end
	end);

	it("are those of one table, though two share their lists", function ()
		local opts = hmac_options();
		local other = { secret = secret, accepted_issuers = opts.accepted_issuers };
		settle(token, opts);
		settle(token, other);
		opts.accepted_issuers[1] = "nobody";
		refused("issuer-not-accepted", token, opts);
		refused("issuer-not-accepted", token, other);
	end);

	it("notice another key", function ()
		local opts = { key = rsa.public };
		settle(rsa_token, opts);
		opts.key = other_rsa.public;
		refused("bad-signature", rsa_token, opts);
		opts.key = tv.key(rsa.public);
		settle(rsa_token, opts);
		opts.key = tv.key(other_rsa.public);
		refused("bad-signature", rsa_token, opts);
		opts.key, opts.min_rsa_bits = rsa.public, 4096;
		refused("weak-key", rsa_token, opts);
		opts.min_rsa_bits = 2048;
		settle(rsa_token, opts);
	end);

	it("compare one RSA key with min_rsa_bits of each table", function ()
		local key = tv.key(rsa.public);
		local loose, strict = { key = key, min_rsa_bits = 1024 }, { key = key, min_rsa_bits = 3072 };
		for _ = 1, 3 do
			settle(rsa_token, loose);
			refused("weak-key", rsa_token, strict);
		end
	end);

	it("notice changes of a key store", function ()
		local store, empty = tv.keystore(), tv.keystore();
		store:put("key", rsa.public);
		local opts = { keys = store };
		settle(rsa_token, opts);
		store:put("key", other_rsa.public);
		refused("bad-signature", rsa_token, opts);
		store:put("key", rsa.public);
		settle(rsa_token, opts);
		opts.keys = empty;
		refused("key-not-found", rsa_token, opts);
		opts.keys = { empty, store };
		settle(rsa_token, opts);
		opts.keys[2] = nil;
		refused("key-not-found", rsa_token, opts);
		opts.keys[2] = store;
		settle(rsa_token, opts);
		store:close();
		raises("the key store is closed", rsa_token, opts);
	end);

	it("notice a change in an issuer's sources", function ()
		local store, empty = tv.keystore(), tv.keystore();
		store:put("key", rsa.public);
		local opts = { issuers = { app = { empty, store }, ["*"] = empty } };
		settle(rsa_token, opts);
		opts.issuers.app[2] = empty;
		refused("key-not-found", rsa_token, opts);
		opts.issuers.app[2] = store;
		settle(rsa_token, opts);
		opts.issuers.other, opts.issuers.app = opts.issuers.app, nil;
		refused("issuer-not-accepted", rsa_token, opts);
	end);

	it("notice a change for an issuer that is named like an option of one call", function ()
		local store, empty = tv.keystore(), tv.keystore();
		store:put("key", rsa.public);
		for _, issuer in ipairs({ "room", "now" }) do
			local opts = { issuers = { [issuer] = store, ["*"] = empty } };
			local given = tokens.rs256(tokens.claims({ iss = issuer }), rsa, "key");
			settle(given, opts);
			opts.issuers[issuer] = empty;
			refused("key-not-found", given, opts);
		end
	end);

	it("are read again by a finalizer that comes after the verifier's", function ()
		local found;
		do
			local holder = setmetatable({}, { __gc = function (self)
				found = tv.verify(token, self.options);
			end });
			holder.options = hmac_options();
			settle(token, holder.options);
		end
		collectgarbage();
		collectgarbage();
		assert.is_table(found);
	end);

	it("do not keep the table alive", function ()
		local watched = setmetatable({}, { __mode = "k" });
		do
			local opts = hmac_options();
			settle(token, opts);
			watched[opts] = true;
		end
		collectgarbage();
		collectgarbage();
		assert.is_nil(next(watched));
	end);

	it("may be many, and long", function ()
		local all = {};
		for i = 1, 40 do
			all[i] = hmac_options();
			all[i].accepted_issuers = {};
			for j = 1, i * 10 do
				all[i].accepted_issuers[j] = ("issuer %d"):format(j);
			end
			table.insert(all[i].accepted_issuers, "app");
		end
		for _ = 1, 4 do
			for _, opts in ipairs(all) do
				assert.is_table(tv.verify(token, opts));
			end
		end
		for _, opts in ipairs(all) do
			settle(token, opts);
			table.remove(opts.accepted_issuers);
			refused("issuer-not-accepted", token, opts);
		end
	end);

	it("are as exact for verify_jws", function ()
		local opts = { secret = secret };
		for _ = 1, 4 do
			assert.is_string(tv.verify_jws(token, opts));
		end
		opts.secret = other_secret;
		assert.equal("bad-signature", select(3, tv.verify_jws(token, opts)));
		opts.secret, opts.algorithms = secret, { "HS256" };
		for _ = 1, 4 do
			assert.is_string(tv.verify_jws(token, opts));
		end
		opts.algorithms[1] = "HS512";
		assert.equal("algorithm-not-accepted", select(3, tv.verify_jws(token, opts)));
		opts.algorithms[1] = "HS256";
		-- What verify() made of the same table has options that this has not, and the other way round.
		opts = { secret = secret, room = "room1" };
		settle(token, opts);
		opts.room = nil;
		for _ = 1, 4 do
			assert.is_string(tv.verify_jws(token, opts));
		end
		settle(token, opts);
		opts.room = "room1";
		settle(token, opts);
		assert.has_error(function () tv.verify_jws(token, opts); end, "unknown option 'room'");
	end);
end);
