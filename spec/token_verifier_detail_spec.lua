-- SPDX-License-Identifier: MIT
-- The facts of a failure, which a call returns if its options have `detail`.

local http_server = require "spec.support.http_server";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local tv = require "token_verifier";

local secret = ("s"):rep(40);
local long = ("x"):rep(70);
local bad, key, tls, closed;

lazy_setup(function ()
	bad, closed = http_server.start(), http_server.closed_url();
	tls = bad.start_tls({ folder = temporary.folder() });
	key = tokens.new_key();
	bad.publish("key", key.public);
end);

lazy_teardown(function () bad.close(); end);

-- Everything but the message, of a call that fails.
local function failure(result, message, code, facts)
	assert.is_nil(result);
	assert.is_string(message);
	return code, facts;
end

local function options(more)
	local all = { secret = secret, now = 1000, detail = true };
	for name, value in pairs(more or {}) do
		all[name] = value;
	end
	return all;
end

local function hs256(claims, header)
	return tokens.hs256(claims, secret, header);
end

describe("the facts of a token", function ()
	-- { what, token, options, code, facts }
	local cases = {
		{ "in two parts", "a.b", {}, "malformed-token", { reason = "parts", number = 2 } },
		{ "that is not base64url", "!.e30.e30", {}, "malformed-token", { reason = "not-base64url", part = "header" } },
		{ "that is too long", ("x"):rep(16385), {}, "token-too-large", { reason = "length", number = 16385, limit = 16384 } },
		{ "with a member twice", tokens.base64url('{"alg":"HS256","alg":"none"}')..".e30.", {}, "malformed-header",
			{ reason = "duplicate-member", part = "header", found = "alg" } },
		{ "of another typ", hs256({}, { typ = long }), { accepted_types = { "JWT", "at+jwt" } }, "type-not-accepted",
			{ reason = "not-accepted", member = "typ", found = long:sub(1, 64), expected = { "JWT", "at+jwt" } } },
		{ "of another algorithm", tokens.base64url('{"alg":"none"}')..".e30.", { accepted_types = { "*" } }, "algorithm-not-accepted",
			{ reason = "not-accepted", member = "alg", found = "none", expected = { "HS256" } } },
		{ "with another signature", tokens.hs256({ iss = "me" }, "another secret", { kid = "k" }), {}, "bad-signature", { kid = "k" } },
		{ "that has expired", hs256({ exp = 5.5, iss = "me" }, { kid = "k" }), {}, "expired",
			{ reason = "time", claim = "exp", number = 5.5, limit = 1000, kid = "k", issuer = "me" } },
		{ "of the future", hs256({ nbf = 1500 }), {}, "not-yet-valid", { reason = "time", claim = "nbf", number = 1500, limit = 1000 } },
		{ "that lives too long", hs256({ iat = 900, exp = 1100 }), { max_lifetime = 60 }, "lifetime-too-long",
			{ reason = "lifetime", claim = "exp", number = 200, limit = 60 } },
		{ "whose exp is text", hs256({ exp = "soon" }), {}, "invalid-claim", { reason = "wrong-type", claim = "exp", found = "soon" } },
		{ "of another issuer", hs256({ iss = "\0\27 eve" }), { accepted_issuers = { "me", "you" } }, "invalid-claim",
			{ reason = "nul-character", claim = "iss", issuer = "\0\27 eve" } },
		{ "for others", hs256({ aud = { "a", "b" } }), { accepted_audiences = { "1", "2", "3", "4", "5", "6", "7", "8", "9" } },
			"audience-not-accepted", { reason = "no-element-accepted", claim = "aud", found = "a", number = 2,
				expected = { "1", "2", "3", "4", "5", "6", "7", "8" } } },
		{ "with a number for an audience", hs256({ aud = { "a", 5 } }), { accepted_audiences = { "a" } }, "invalid-claim",
			{ reason = "wrong-type", claim = "aud" } },
		{ "where no audience is accepted", hs256({ aud = "a" }), { accepted_audiences = {} }, "audience-not-accepted",
			{ reason = "not-accepted", claim = "aud", found = "a", expected = {} } },
		{ "for another room", hs256({ room = "hall" }), { room = "attic" }, "room-not-accepted",
			{ reason = "not-accepted", claim = "room", found = "hall", expected = { "attic" } } },
		{ "without a claim", hs256({}), { required_claims = { "context" } }, "missing-claim", { reason = "missing", claim = "context" } },
	};
	for _, case in ipairs(cases) do
		it(case[1], function ()
			local expected = { case[4], case[5] };
			assert.same(expected, { failure(tv.verify(case[2], options(case[3]))) });
			local verifier = assert(tv.new(options(case[3])));
			assert.same(expected, { failure(verifier:verify(case[2], { detail = true })) });
			assert.equal(3, select("#", verifier:verify(case[2])));
			local quiet = options(case[3]);
			quiet.detail = nil;
			assert.equal(3, select("#", tv.verify(case[2], quiet)));
		end);
	end

	it("are read at every call of the same options", function ()
		local same = { secret = secret };
		for _, wanted in ipairs({ true, true, false, true }) do
			same.detail = wanted;
			assert.equal(wanted and 4 or 3, select("#", tv.verify("x", same)));
			assert.equal(wanted and 4 or 3, select("#", tv.verify_jws("x", same)));
		end
	end);

	it("do not exist for an accepted token", function ()
		assert.equal(2, select("#", tv.verify(hs256({}), options())));
	end);
end);

describe("the facts", function ()
	-- { of what, function, code, facts }
	for _, case in ipairs({
		{ "a verifier", function () return tv.new({ secret = "", detail = true }); end, "weak-secret", { reason = "empty" } },
		{ "options", function () return tv.verify(hs256({}, { kid = "k" }), { secret = "<no value>", detail = true }); end, "weak-secret",
			{ reason = "template", kid = "k" } },
		{ "a short secret", function () return tv.new({ secret = "x", strict_secrets = true, detail = true }); end, "weak-secret",
			{ reason = "short-secret", number = 1, limit = 32 } },
		{ "a key", function () return tv.key("<html>", { detail = true }); end, "malformed-key", { reason = "web-page" } },
		{ "a JWK", function () return tv.key('{"kty":"RSA","n":"AQAB"}', { detail = true }); end, "malformed-key",
			{ reason = "missing", member = "e" } },
		{ "a weak key", function () return tv.key('{"kty":"RSA","n":"AQAB","e":"AQAB"}', { detail = true }); end, "weak-key",
			{ reason = "modulus-bits", number = 17, limit = 2048 } },
		{ "a token that is inspected", function () return tv.inspect("e30.e30.", { detail = true }); end, "algorithm-not-accepted",
			{ reason = "missing", member = "alg" } },
		{ "a store", function () return tv.keystore({ asap_key_server = "http://me:word@", detail = true }); end, "key-source-unavailable",
			{ reason = "network", class = "url", found = "http://...@" } },
		{ "a folder", function () return tv.keystore({ directory = "/nonexistent" }):get("k", { detail = true }); end, "key-not-found",
			{ reason = "file", folder = "/nonexistent", file = tv.key_file_name("k"), kid = "k", asked = "key" } },
		{ "a store without a source", function () return tv.keystore():get("k", { detail = true }); end, "key-not-found",
			{ reason = "no-source", kid = "k" } },
		{ "a kid", function () return tv.keystore():get(("k"):rep(1025), { detail = true }); end, "key-id-invalid",
			{ reason = "length", member = "kid", number = 1025, limit = 1024 } },
	}) do
		it("of "..case[1], function ()
			assert.same({ case[3], case[4] }, { failure(case[2]()) });
		end);
	end

	it("are not requested by other arguments of a call", function ()
		assert.is_truthy(tv.key(tv.generate_key({ curve = "P-256" })));
		assert.equal(3, select("#", tv.inspect("x", "y")));
	end);

	it("are requested with a boolean in a table", function ()
		for _, call in ipairs({
			function () tv.key("x", { detail = 1 }); end, function () tv.key("x", { details = true }); end,
			function () tv.inspect("x", { detail = "yes" }); end,
			function () tv.new({ secret = secret, detail = 1 }); end, function () tv.keystore({ detail = 1 }); end,
			function () tv.keystore():get("k", { detail = 1 }); end, function () tv.keystore():get("k", { other = true }); end,
			function () tv.verify("x", { secret = secret, detail = 1 }); end,
		}) do
			assert.is_false((pcall(call)));
		end
	end);
end);

describe("the facts of a source", function ()
	-- { what, its URL, options of the store, code, facts besides kid, url and asked }
	local function check(what, url, more, code, facts)
		it("that "..what, function ()
			local all = { asap_key_server = url(), timeout = facts.class == "timeout" and 0.5 or 30, wait_limit = 60 };
			for name, value in pairs(more or {}) do
				all[name] = type(value) == "function" and value() or value;
			end
			local store <close> = assert(tv.keystore(all));
			local expected = { kid = "no key", url = store:source(), asked = "key" };
			for name, value in pairs(facts) do
				expected[name] = value;
			end
			local asked, found = failure(store:get("no key", { wait = true, detail = true }));
			assert.same({ code, expected }, { asked, found });
			local verifier = assert(tv.new({ keys = store, wait = true }));
			asked, found = failure(verifier:verify(tokens.rs256({}, key, "no key"), { detail = true }));
			assert.same({ code, expected }, { asked, found });
		end);
	end

	local function bad_url(path)
		return function () return bad.url..path; end;
	end
	local function tls_url(name)
		return function () return tls.urls[name].."/good"; end;
	end
	local authority = { ca_file = function () return tls.ca_file; end };
	local file = tv.key_file_name("no key");

	check("has no such key", bad_url("/status-404/facts"), nil, "key-not-found", { reason = "http-status", status = 404, file = file });
	check("refuses", bad_url("/status-403/facts"), nil, "key-unusable", { reason = "http-status", status = 403, file = file });
	check("redirects", bad_url("/to-http/facts"), nil, "key-unusable",
		{ reason = "http-status", status = 302, class = "redirect", file = file });
	check("has a fault", bad_url("/status-500/facts"), nil, "key-source-unavailable", { reason = "http-status", status = 500 });
	check("has a page", bad_url("/garbage/facts"), nil, "key-unusable", { reason = "web-page", file = file });
	check("does not answer", bad_url("/silent/facts"), nil, "key-source-unavailable", { reason = "network", class = "timeout" });
	check("is not there", function () return closed.."/facts"; end, nil, "key-source-unavailable",
		{ reason = "network", class = "connect" });
	check("has no address", function () return ("http://%s.example"):format(("x"):rep(64)); end, nil, "key-source-unavailable",
		{ reason = "network", class = "resolve" });
	check("has the certificate of another", tls_url("wrong_name"), authority, "key-source-unavailable",
		{ reason = "network", class = "tls-name" });
	check("is certified by a stranger", tls_url("unknown_ca"), authority, "key-source-unavailable",
		{ reason = "network", class = "tls-authority" });
	check("has a certificate that expired", tls_url("expired"), authority, "key-source-unavailable",
		{ reason = "network", class = "tls-expired" });
	check("speaks an old TLS", tls_url("tls_1_1"), authority, "key-source-unavailable", { reason = "network", class = "tls-version" });
	check("speaks no TLS", function () return (bad.url:gsub("^http:", "https:")).."/facts"; end, authority, "key-source-unavailable",
		{ reason = "network", class = "tls" });
	check("cannot be shown who asks", bad_url("/good/facts"), { bearer_token_file = "/nonexistent" }, "key-source-unavailable",
		{ reason = "network", class = "credentials" });
end);
