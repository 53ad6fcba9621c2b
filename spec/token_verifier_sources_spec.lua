-- SPDX-License-Identifier: MIT
-- Sources of keys other than one key server: JWK Sets, OpenID providers, folders, lists, and issuers bound to a source.

local json = require "dkjson";
local http_server = require "spec.support.http_server";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local tv = require "token_verifier";

local key, second, third, bad;

lazy_setup(function ()
	bad = http_server.start();
	key, second = tokens.new_key(), tokens.new_key();
	bad.publish("key", key.public);
	bad.publish("second", second.public);
	third = tokens.new_key();
end);

lazy_teardown(function () bad.close(); end);

local names = 0;
local function new_name(name)
	names = names + 1;
	return name..names;
end

local function sleep(seconds)
	os.execute("sleep "..seconds);
end

local function code_of(...)
	return (select(3, ...));
end

local function jwk(pem, members)
	local all = json.decode(tv.key(pem):jwk());
	for name, value in pairs(members or {}) do
		all[name] = value;
	end
	return all;
end

-- Publishes a JWK Set; gives its URL, and how often it was asked for.
local function publish_set(keys, headers, path, status)
	path = path or new_name("set");
	local url = bad.publish_document({ path = path, body = json.encode({ keys = keys }), headers = headers, status = status });
	return url, function () return #bad.requests({ part = "/document/"..path }); end, path;
end

local function token(claims, signer, kid, header)
	return tokens.rs256(claims or { sub = "x" }, signer or key, kid, header);
end

describe("a JWK Set", function ()
	it("is fetched once for all its keys", function ()
		local url, requests = publish_set({ jwk(key.public, { kid = "key" }), jwk(second.public, { kid = "second" }) });
		local store = tv.keystore({ jwks_url = url });
		assert.equal(key.public, assert(store:get("key", true)):pem());
		assert.equal(second.public, assert(store:get("second", true)):pem());
		assert.equal("x", assert(tv.verify(token(nil, second, "second"), { keys = store, wait = true })).sub);
		assert.equal(1, requests());
		assert.equal(2, store:stats().held);
		assert.equal(2, #store:keys());
		store:close();
	end);

	it("without the kid is fetched once more, and not again during the penalty", function ()
		local url, requests = publish_set({ jwk(key.public, { kid = "key" }) });
		local store = tv.keystore({ jwks_url = url, penalty = 3 });
		assert(store:get("key", true));
		for i = 1, 5 do
			local _, message, code = store:get("made-up-"..i, true);
			assert.equal("key-not-found", code, message);
			assert.truthy(message:find("among its 1", 1, true), message);
			assert(store:get("key", true));
		end
		assert.equal(2, requests());
		sleep(3.1);
		assert.equal("key-not-found", code_of(store:get("made-up", true)));
		assert.equal(3, requests());
		store:close();
	end);

	it("gets new keys when an unknown one is requested", function ()
		local url, _, path = publish_set({ jwk(key.public, { kid = "key" }) });
		local store = tv.keystore({ jwks_url = url });
		assert(store:get("key", true));
		publish_set({ jwk(second.public, { kid = "second" }) }, nil, path);
		assert(store:get("second", true));
		assert.equal("key-not-found", code_of(store:get("key", true))); -- withdrawn with it
		store:close();
	end);

	it("is fetched once for a waiting caller, whatever fails", function ()
		local path = new_name("down");
		local url = bad.publish_document({ path = path, body = "down", status = 503 });
		local store = tv.keystore({ jwks_url = url, back_off_min = 0.001, back_off_max = 0.001 });
		assert.equal("key-source-unavailable", code_of(store:get("key", true)));
		assert.equal(1, #bad.requests({ part = path }));
		store:close();
	end);

	it("reports what it skips, and a refresh that fails", function ()
		local url, _, path = publish_set({ { kty = "PQ" }, jwk(key.public, { kid = "key" }) });
		local store = tv.keystore({ jwks_url = url });
		local function warnings()
			local found = {};
			repeat
				local items, running = tv.step(0.1);
				for _, item in ipairs(items) do
					if item.store == store and item.warning then
						assert.is_nil(item.code);
						found[#found + 1] = item.warning;
					end
				end
			until running == 0;
			return table.concat(found, "\n");
		end
		assert(store:get("key", true));
		assert.truthy(warnings():find("kty", 1, true));
		bad.publish_document({ path = path, body = "no", status = 403 });
		store:refresh();
		assert.truthy(warnings():find("HTTP 403", 1, true));
		assert(store:get("key", true));
		store:close();
	end);

	it("may be limited in its keys", function ()
		local url = publish_set({ jwk(key.public, { kid = "key" }), { kty = "PQ" } });
		local _, message, code = tv.keystore({ jwks_url = url, max_set_keys = 1 }):get("key", true);
		assert.equal("key-unusable", code);
		assert.truthy(message:find("has 2 keys; at most 1 are read", 1, true), message);
		assert.has_error(function () tv.keystore({ max_set_keys = 257 }); end);
	end);

	it("is refreshed in the background near the end of its freshness, if that is wanted", function ()
		local cases = {};
		for ahead, expected in pairs({ [0] = 1, [50] = 2 }) do
			local url, requests = publish_set({ jwk(key.public, { kid = "key" }) });
			local store = tv.keystore({ jwks_url = url, default_ttl = 4, min_ttl = 4, refresh_ahead = ahead });
			assert(store:get("key", true));
			cases[#cases + 1] = { store = store, requests = requests, expected = expected, ahead = ahead };
		end
		sleep(3.1); -- the second half begins a quarter earlier or later
		for _, case in ipairs(cases) do
			assert(case.store:get("key", true));
			repeat until select(2, tv.step(0.1)) == 0;
			assert.equal(case.expected, case.requests(), case.ahead);
			case.store:close();
		end
		assert.has_error(function () tv.keystore({ refresh_ahead = 51 }); end);
	end);

	it("uses its good keys, and says of each of the others why it cannot be used", function ()
		-- { JWK, code, words }
		local others = {
			{ { kty = "oct", kid = "oct", k = "c2VjcmV0c2VjcmV0c2VjcmV0" }, "key-unusable", "a JWK whose kty is none of RSA, EC and OKP" },
			{ { kty = "RSA", kid = "broken", n = "AQAB" }, "key-unusable", 'a JWK without "e"' },
			{ { kid = "odd", kty = "PQ" }, "key-unusable", "kty" },
			{ jwk(key.public, { kid = "alg", alg = 256 }), "key-unusable", '"alg" is a JSON number' },
			{ { kty = "RSA", kid = "weak", n = "AQAB", e = "AQAB" }, "weak-key", "has an RSA modulus of 17 bits; at least 2048" },
			{ { kty = "RSA" }, "key-unusable", 'a JWK without "n"' },
			{ { kty = "RSA", kid = 5 }, "key-unusable", 'a JWK without "n"' },
		};
		local set = { jwk(key.public, { kid = "key" }) };
		for i, case in ipairs(others) do
			set[i + 1] = case[1];
		end
		local url = publish_set(set);
		local store = tv.keystore({ jwks_url = url });
		assert.equal(key.public, assert(store:get("key", true)):pem());
		for _, case in ipairs(others) do
			if type(case[1].kid) == "string" then
				local object, message, code, facts = store:get(case[1].kid, { wait = true, detail = true });
				assert.is_nil(object);
				assert.equal(case[2], code, message);
				assert.truthy(message:find(("the key that %s has for kid %q "):format(url, case[1].kid), 1, true), message);
				assert.truthy(message:find(case[3], 1, true), message);
				assert.same({ "key-of-set", url }, { facts.asked, facts.url });
				assert.is_nil(facts.file);
				assert.equal(code, code_of(tv.verify(token(nil, key, case[1].kid), { keys = store, wait = true })));
			end
		end
		assert.same({ 1, #others }, { store:stats().held, store:stats().skipped });
		local held, unusable = store:keys();
		assert.same({ 1, #others }, { #held, #unusable });
		for i, found in ipairs(unusable) do
			local kid = others[i][1].kid;
			assert.same({ type(kid) == "string" and kid or "", type(kid) == "number" and "number" or nil, others[i][2], url },
				{ found.kid, found.kid_type, found.code, found.source });
			assert.truthy(found.message:find("^the key "), found.message);
			assert.truthy(found.message:find(others[i][3], 1, true), found.message);
			assert.equal("key-of-set", found.facts.asked);
		end
		assert.equal("key-not-found", code_of(store:get("5", true)));
		assert.truthy(select(2, store:get("5", true)):find('has no key for kid "5" among its 8; one has a "kid" that is a JSON number', 1, true));
		store:close();
	end);

	it("does not keep a key that a refresh says cannot be used", function ()
		local url, _, path = publish_set({ jwk(key.public, { kid = "key" }), jwk(second.public, { kid = "second" }) });
		local store = tv.keystore({ jwks_url = url });
		assert.is_table(tv.verify(token(nil, key, "key"), { keys = store, wait = true }));
		publish_set({ jwk(key.public, { kid = "key", use = 1 }), jwk(second.public, { kid = "second" }) }, nil, path);
		store:refresh();
		local warning;
		repeat
			local items, running = tv.step(0.1);
			for _, item in ipairs(items) do
				warning = item.store == store and item.warning or warning;
			end
		until running == 0;
		assert.truthy(warning:find('has for kid "key" is a JWK whose "use" is a JSON number', 1, true), warning);
		local _, message, code = tv.verify(token(nil, key, "key"), { keys = store, wait = true });
		assert.equal("key-unusable", code);
		assert.truthy(message:find('"use" is a JSON number', 1, true), message);
		assert.is_table(tv.verify(token(nil, second, "second"), { keys = store, wait = true }));
		store:close();
	end);

	it("warns of the first key that cannot be used, and counts the others", function ()
		local store = tv.keystore({ jwks_url = publish_set({ { kty = "PQ", kid = "a" }, { kty = "PQ", kid = "b" }, { kty = "PQ" } }) });
		store:get("x", true);
		local warnings = {};
		for _, item in ipairs((tv.step())) do
			if item.store == store then
				warnings[#warnings + 1] = item.warning;
				assert.equal("", item.kid);
			end
		end
		assert.equal(1, #warnings);
		assert.truthy(warnings[1]:find('has for kid "a" is a JWK whose kty is none of .* %(and 2 more of its keys cannot be used%)$'));
		store:close();
	end);

	it("answers a token without kid with what is wrong with its only key", function ()
		local url = publish_set({ { kty = "RSA", n = "AQAB", e = "AQAB" } });
		local options = { jwks_url = url, wait = true, allow_missing_kid = true };
		local _, message, code = tv.verify(token(), options);
		assert.equal("weak-key", code, message);
		options.jwks_url = publish_set({ { kty = "RSA", n = "AQAB", e = "AQAB" }, jwk(key.public) });
		assert.is_table(tv.verify(token(), options));
	end);

	it("warns of a certificate of another key", function ()
		local file <close> = assert(io.open("test/vectors/keys/rsa.certificate.pem"));
		local body = file:read("a"):match("BEGIN CERTIFICATE%-+\n(.-)%-"):gsub("%s", "");
		local store = tv.keystore({ jwks_url = publish_set({ jwk(key.public, { kid = "key", x5c = { body } }), jwk(second.public) }) });
		assert(store:get("key", true));
		local held = store:keys();
		assert.truthy(held[1].warning:find('a certificate of another key in "x5c"', 1, true));
		assert.is_nil(held[2].warning);
		store:close();
	end);

	it("distinguishes keys with the same kid by their algorithm", function ()
		local url = publish_set({
			jwk(second.public, { kid = "key", alg = "RS512" }), jwk(third.public, { kid = "key", use = "enc" }),
			jwk(key.public, { kid = "key", alg = "RS256" }),
		});
		assert.is_table(tv.verify(token(nil, key, "key"), { jwks_url = url, wait = true }));
		local _, message, code = tv.verify(token(nil, key, "key"), { jwks_url = publish_set({
			jwk(key.public, { kid = "key", use = "enc" }) }), wait = true });
		assert.equal("key-algorithm-mismatch", code, message);
	end);

	describe("tries the keys of one kid in their order", function ()
		local sets = {
			{ "the second", { "second", "key" }, true }, { "the fourth", { "second", "third", "second", "key" }, true },
			{ "not the fifth", { "second", "third", "second", "third", "key" }, false },
			{ "none", { "second", "third" }, false },
		};
		for _, case in ipairs(sets) do
			it("and finds: "..case[1], function ()
				local keys, set = { key = key, second = second, third = third }, {};
				for i, name in ipairs(case[2]) do
					set[#set + 1] = jwk(keys[name].public, { kid = "key" });
					-- What cannot be used, or not for this algorithm, does not count.
					set[#set + 1] = i == 1 and { kty = "RSA", kid = "key" } or jwk(third.public, { kid = "key", alg = "RS512" });
				end
				local url = publish_set(set);
				local signed = token({ iss = "a" }, key, "key");
				local options = { jwks_url = url, wait = true };
				local verifier = assert(tv.new(options));
				local expected = not case[3] and "bad-signature" or nil;
				assert.equal(expected, code_of(tv.verify(signed, options)));
				assert.equal(expected, code_of(verifier:verify(signed)));
				assert.equal(expected, code_of(tv.verify_jws(signed, options)));
				local store = tv.keystore({ jwks_url = url });
				assert.equal(expected, code_of(tv.verify(signed, { issuers = { ["*"] = store }, wait = true })));
				store:close();
			end);
		end

		it("unless one was put by hand", function ()
			local store = tv.keystore({ jwks_url = publish_set({ jwk(second.public, { kid = "key" }), jwk(key.public, { kid = "key" }) }) });
			assert.is_table(tv.verify(token(nil, key, "key"), { keys = store, wait = true }));
			store:put("key", third.public);
			assert.equal("bad-signature", code_of(tv.verify(token(nil, key, "key"), { keys = store, wait = true })));
			store:close();
		end);

		it("and says what is wrong with the claims of the one that holds", function ()
			local url = publish_set({ jwk(second.public, { kid = "key" }), jwk(key.public, { kid = "key" }) });
			assert.equal("expired", code_of(tv.verify(token({ exp = 1 }, key, "key"), { jwks_url = url, wait = true })));
		end);
	end);

	it("serves a token without kid only if that is allowed and its key is the only one", function ()
		local one = publish_set({ jwk(key.public, { kid = "key" }), jwk(second.public, { kid = "other", use = "enc" }) });
		local two = publish_set({ jwk(key.public), jwk(second.public) });
		assert.equal("key-id-missing", code_of(tv.verify(token(), { jwks_url = one, wait = true })));
		assert.is_table(tv.verify(token(), { jwks_url = one, wait = true, allow_missing_kid = true }));
		assert.equal("key-not-found", code_of(tv.verify(token(), { jwks_url = two, wait = true, allow_missing_kid = true })));
	end);

	it("serves a token without kid also after a source that needs one", function ()
		local set = publish_set({ jwk(key.public, { kid = "key" }) });
		local server, one = tv.keystore({ asap_key_server = http_server.closed_url() }), tv.keystore({ jwks_url = set });
		assert.is_table(tv.verify(token(), { keys = { server, one }, wait = true, allow_missing_kid = true }));
		assert.equal("key-id-missing", code_of(tv.verify(token(), { keys = { server }, wait = true, allow_missing_kid = true })));
		server:close();
		one:close();
	end);

	it("is revalidated, and held as long as its headers say", function ()
		local url, requests = publish_set({ jwk(key.public, { kid = "key" }) }, { ETag = '"one"', ["Cache-Control"] = "max-age=1" });
		local store = tv.keystore({ jwks_url = url, min_ttl = 1 });
		assert(store:get("key", true));
		sleep(1.1);
		assert(store:get("key", true));
		assert.equal(2, requests());
		assert.equal(1, store:stats().not_modified);
		assert.equal(1, store:stats().fresh);
		store:close();
	end);

	it("that cannot be refreshed serves stale keys, then none", function ()
		local url, _, path = publish_set({ jwk(key.public, { kid = "key" }) });
		local store = tv.keystore({ jwks_url = url, default_ttl = 1, min_ttl = 1, max_stale = 2, back_off_min = 0.1 });
		assert(store:get("key", true));
		bad.publish_document({ path = path, body = "down", status = 503 });
		sleep(1.1);
		assert(store:get("key", true));
		assert.equal(1, store:stats().stale);
		sleep(2.1);
		assert.equal("key-source-unavailable", code_of(store:get("key", true)));
		publish_set({ jwk(key.public, { kid = "key" }) }, nil, path);
		sleep(0.5);
		assert(store:get("key", true));
		store:close();
	end);

	for name, case in pairs({
		["a page"] = { "<html>", 200, "an HTML or XML page" }, ["nothing"] = { "", 200, "an empty text" },
		["other JSON"] = { '{"error":"x"}', 200, 'is a JSON error "x"' }, ["cut JSON"] = { '{"keys":[', 200, "not JSON" },
		["403"] = { "no", 403, "HTTP 403" }, ["404"] = { "no", 404, "HTTP 404" },
		["no end"] = { ('{"keys":["%s"]}'):format(("x"):rep(600000)), 200, "longer than 524288 bytes" },
	}) do
		it("answered with "..name.." is not usable, and says so", function ()
			local path = new_name("wrong");
			local store = tv.keystore({ jwks_url = bad.publish_document({ path = path, body = case[1], status = case[2] }) });
			for _ = 1, 3 do
				local _, message, code = store:get("key", true);
				assert.equal("key-unusable", code, message);
				assert.truthy(message:find(case[3], 1, true), message);
			end
			assert.equal(1, #bad.requests({ part = path }));
			store:close();
		end);
	end

	it("may be Google's map of kid to certificate", function ()
		local file, certificate = temporary.file(key.private), temporary.file();
		assert(os.execute(("openssl req -x509 -new -key %s -subj /CN=x -days 1 -out %s 2>/dev/null"):format(file, certificate)));
		local pem = io.open(certificate):read("a");
		local url = bad.publish_document({ path = new_name("google"), body = json.encode({ ["google-kid"] = pem }) });
		assert.is_table(tv.verify(token(nil, key, "google-kid"), { jwks_url = url, wait = true }));
		os.remove(file);
		os.remove(certificate);
	end);

	it("has an outcome for each kid that callers wait for", function ()
		local url, requests = publish_set({ jwk(key.public, { kid = "key" }) });
		local store = tv.keystore({ jwks_url = url });
		for _, kid in ipairs({ "key", "other", "key" }) do
			assert.equal("key-pending", code_of(store:get(kid, false)));
		end
		local settled = {};
		repeat
			local items, running = tv.step(0.1);
			for _, item in ipairs(items) do
				settled[item.kid] = item.key and "key" or item.code;
			end
		until running == 0;
		assert.same({ key = "key", other = "key-not-found" }, settled);
		-- The set is asked for once more where "other" was asked for a millisecond after the fetch began.
		local count = requests();
		assert.is_true(count == 1 or count == 2, count);
		store:close();
	end);
end);

-- Publishes an OpenID provider; gives its issuer.
local function publish_provider(keys, changes)
	local path = new_name("provider");
	local issuer = ("%s/document/%s"):format(bad.url, path);
	local configuration = { issuer = issuer, jwks_uri = (publish_set(keys)) };
	for name, value in pairs(changes or {}) do
		configuration[name] = value;
	end
	bad.publish_document({ path = path.."/.well-known/openid-configuration", body = json.encode(configuration) });
	return issuer;
end

describe("an OpenID provider", function ()
	it("is configured by its issuer, which is added to the accepted ones", function ()
		local issuer = publish_provider({ jwk(key.public, { kid = "key" }) });
		local opts = { openid_issuer = issuer, wait = true };
		assert.is_table(tv.verify(token({ iss = issuer }, key, "key"), opts));
		assert.equal("issuer-not-accepted", code_of(tv.verify(token({ iss = "other" }, key, "key"), opts)));
		opts.accepted_issuers = { "other" };
		assert.is_table(tv.verify(token({ iss = "other" }, key, "key"), opts));
	end);

	for name, case in pairs({
		["names another issuer"] = { { issuer = "https://elsewhere.example" }, "another issuer" };
		["differs by a slash"] = { { issuer = "/" }, "another issuer" };
		["has no jwks_uri"] = { { jwks_uri = 5 }, "no jwks_uri" };
		["has a file as jwks_uri"] = { { jwks_uri = "file:///etc/passwd" }, "" };
	}) do
		it("that "..name.." is refused", function ()
			local issuer = publish_provider({ jwk(key.public, { kid = "key" }) }, case[1]);
			local _, message, code = tv.keystore({ openid_issuer = issuer }):get("key", true);
			assert.equal("key-unusable", code, message);
			assert.truthy(message:find(case[2], 1, true), message);
		end);
	end

	it("has our credentials shown to it, and to no other host that it names", function ()
		local file = temporary.file(bad.bearer());
		bad.publish("set", json.encode({ keys = { jwk(key.public, { kid = "key" }) } }));
		for host, shown in pairs({ ["127.0.0.1"] = true, localhost = false }) do
			local url = ("%s/bearer/%s"):format(bad.url:gsub("127.0.0.1", host), tv.key_file_name("set"));
			local store = tv.keystore({ openid_issuer = publish_provider({}, { jwks_uri = url }), bearer_token_file = file });
			local got, message, code = store:get("key", true);
			assert.equal(shown and key.public or nil, got and got:pem(), message);
			assert.equal(not shown and "key-unusable" or nil, code, message);
			store:close();
		end
		os.remove(file);
	end);

	it("with an invalid URL is refused when it is configured, also among others", function ()
		for _, issuers in ipairs({ { "ftp://one.example" }, { "https://one.example", "ftp://two.example" } }) do
			local verifier, message, code = tv.new({ openid_issuer = issuers });
			assert.is_nil(verifier);
			assert.equal("key-source-unavailable", code);
			assert.truthy(message:find(issuers[#issuers], 1, true), message);
		end
	end);

	it("is valid only for its own issuer if there are several", function ()
		local one = publish_provider({ jwk(key.public, { kid = "same" }) });
		local two = publish_provider({ jwk(second.public, { kid = "same" }) });
		local opts = { openid_issuer = { one, two }, wait = true };
		assert.is_table(tv.verify(token({ iss = one }, key, "same"), opts));
		assert.is_table(tv.verify(token({ iss = two }, second, "same"), opts));
		assert.equal("issuer-not-accepted", code_of(tv.verify(token({ iss = two }, key, "same"), opts)));
		assert.equal("issuer-not-accepted", code_of(tv.verify(token({ iss = one }, second, "same"), opts)));
		assert.equal("bad-signature", code_of(tv.verify(token({ iss = one }, third, "same"), opts)));
	end);
end);

describe("issuers bound to their sources", function ()
	it("must be accepted, too", function ()
		local one = tv.keystore();
		one:put("kid", key.public);
		local verifier = assert(tv.new({ issuers = { ["https://one"] = one }, accepted_issuers = { "system" } }));
		assert.equal("issuer-not-accepted", code_of(verifier:verify(token({ iss = "https://one" }, key, "kid"))));
		assert.equal("issuer-not-accepted", code_of(verifier:verify(token({ iss = "system" }, key, "kid"))));
	end);

	it("continue with the next source if one has a key of that kid for another use, but not after a check of the signature", function ()
		local one, two = tv.keystore(), tv.keystore();
		one:put("same", (assert(tv.generate_key({ curve = "P-256" }))));
		two:put("same", key.public);
		-- Tables have no order: one of them is asked first.
		for _, case in ipairs({ { "https://one", "https://two" }, { "https://two", "https://one" } }) do
			local verifier = assert(tv.new({ issuers = { [case[1]] = one, [case[2]] = two } }));
			assert.is_table(verifier:verify(token({ iss = case[2] }, key, "same")));
			assert.equal("issuer-not-accepted", code_of(verifier:verify(token({ iss = case[1] }, key, "same"))));
			assert.equal("expired", code_of(verifier:verify(token({ iss = case[2], exp = 5 }, key, "same"))));
		end
	end);

	it("are not mistaken for others if their names contain a NUL", function ()
		local one = tv.keystore();
		one:put("kid", key.public);
		for _, issuer in ipairs({ "*\0y", "*\0", "\0*", "https://one\0" }) do
			local verifier = assert(tv.new({ issuers = { [issuer] = one } }));
			for _, other in ipairs({ "*", "y", "https://one", "https://anybody" }) do
				assert.equal("issuer-not-accepted", code_of(verifier:verify(token({ iss = other }, key, "kid"))));
			end
		end
		for _, accepted in ipairs({ "*\0y", "*\0", "https://one\0" }) do
			local verifier = assert(tv.new({ key = key.public, accepted_issuers = { accepted }, accepted_audiences = { accepted } }));
			assert.equal("issuer-not-accepted", code_of(verifier:verify(token({ iss = "https://one", aud = "a" }, key, "kid"))));
		end
		local verifier = assert(tv.new({ key = key.public, accepted_audiences = { "*\0y" } }));
		assert.equal("audience-not-accepted", code_of(verifier:verify(token({ iss = "a", aud = "b" }, key, "kid"))));
		verifier = assert(tv.new({ key = key.public, accepted_types = { "*\0y" } }));
		assert.equal("type-not-accepted", code_of(verifier:verify(token({ iss = "a" }, key, "kid"))));
		verifier = assert(tv.new({ key = key.public, required_claims = { "iss\0" } }));
		assert.equal("missing-claim", code_of(verifier:verify(token({ iss = "a" }, key, "kid"))));
	end);

	it("are each accepted only with keys of their own source", function ()
		local one, two, rest = tv.keystore(), tv.keystore(), tv.keystore();
		one:put("same", key.public);
		two:put("same", second.public);
		rest:put("rest", third.public);
		local verifier = assert(tv.new({ issuers = { ["https://one"] = one, ["https://two"] = { two }, ["*"] = rest } }));
		local function ask(iss, signer, kid)
			local claims, _, code = verifier:verify(token({ iss = iss }, signer, kid));
			return claims and "accepted" or code;
		end
		assert.equal("accepted", ask("https://one", key, "same"));
		assert.equal("accepted", ask("https://two", second, "same"));
		assert.equal("issuer-not-accepted", ask("https://two", key, "same"));
		assert.equal("issuer-not-accepted", ask("https://one", second, "same"));
		assert.equal("accepted", ask("https://anybody", third, "rest"));
		assert.equal("issuer-not-accepted", ask("https://one", third, "rest"));
		assert.equal("missing-claim", ask(nil, third, "rest"));
		assert.equal("key-not-found", ask("https://one", key, "nobody"));
	end);
end);

describe("several key servers", function ()
	it("are asked in turn if one fails, never if it has no key", function ()
		local good = ("%s/good/%s"):format(bad.url, new_name("list"));
		local store = tv.keystore({ asap_key_server = { http_server.closed_url(), good } });
		assert.equal(key.public, assert(store:get("key", true)):pem());
		assert.equal("key-not-found", code_of(store:get("nobody", true)));
		store:close();
		local path = new_name("no");
		store = tv.keystore({ asap_key_server = { ("%s/status-404/%s"):format(bad.url, path), good } });
		assert.equal("key-not-found", code_of(store:get("key", true)));
		store:close();
		store = tv.keystore({ asap_key_server = { ("%s/status-503/%s"):format(bad.url, path), good } });
		assert(store:get("key", true));
		assert(store:get("second", true));
		assert.equal(1, #bad.requests({ part = "/status-503/"..path })); -- left alone meanwhile
		store:close();
	end);

	it("that are all down give the failure of the last one", function ()
		local store = tv.keystore({ asap_key_server = { http_server.closed_url(), ("%s/status-500/x"):format(bad.url) } });
		local _, message, code = store:get("key", true);
		assert.equal("key-source-unavailable", code);
		assert.truthy(message:find("500", 1, true), message);
		store:close();
	end);
end);

describe("a key server's key", function ()
	local function publish(path, body, headers, status)
		return bad.publish_document({ path = path.."/"..tv.key_file_name("key"), body = body, headers = headers, status = status });
	end

	local function new_server(headers, options)
		local path = new_name("server");
		publish(path, key.public, headers);
		options.asap_key_server = ("%s/document/%s"):format(bad.url, path);
		return tv.keystore(options), path;
	end

	it("that is private, or cannot be refreshed, is reported", function ()
		local store, path = new_server(nil, {});
		publish(path, key.private);
		local function warning()
			repeat
				local items, running = tv.step(0.1);
				for _, item in ipairs(items) do
					if item.store == store and item.warning then
						assert(item.key);
						return item.warning;
					end
				end
			until running == 0;
		end
		assert(store:get("key", true));
		assert.truthy(warning():find("publishes a private key", 1, true));
		publish(path, "no", nil, 500);
		store:refresh();
		assert.truthy(warning():find("HTTP 500", 1, true));
		store:close();
	end);

	it("is revalidated by ETag and Last-Modified", function ()
		local store = new_server({ ETag = '"a"', ["Cache-Control"] = "max-age=0" }, { min_ttl = 1 });
		assert(store:get("key", true));
		sleep(1.1);
		assert(store:get("key", true));
		assert.equal(1, store:stats().not_modified);
		store:close();
	end);

	it("is replaced under the same kid, and dropped when withdrawn", function ()
		local store, path = new_server(nil, { default_ttl = 1, min_ttl = 1 });
		assert(store:get("key", true));
		publish(path, second.public);
		sleep(1.1);
		assert.equal(second.public, store:get("key", true):pem());
		publish(path, "gone", nil, 410);
		sleep(1.1);
		assert.equal("key-not-found", code_of(store:get("key", true)));
		assert.equal(0, store:stats().held);
		store:close();
	end);

	it("stays in use if its refresh returns something else", function ()
		local store, path = new_server(nil, { default_ttl = 1, min_ttl = 1, negative_ttl = 1 });
		assert(store:get("key", true));
		publish(path, "<html>");
		sleep(1.1);
		assert.equal(key.public, store:get("key", true):pem());
		assert.equal(1, store:stats().failed_key);
		store:close();
	end);

	it("that is slow to refresh makes log-ins wait one second at most", function ()
		local path = new_name("slow");
		local store = tv.keystore({ asap_key_server = ("%s/later-5000/%s"):format(bad.url, path), default_ttl = 1, min_ttl = 1,
			stale_wait = 0.1 });
		assert(store:get("key", true));
		sleep(1.1);
		local started = require "util.time".monotonic();
		assert(store:get("key", true));
		local took = require "util.time".monotonic() - started;
		assert.is_true(took > 0.08 and took < 3, took);
		store:close();
	end);

	it("is not requested before the time in Retry-After", function ()
		local path = new_name("busy");
		publish(path, "busy", { ["Retry-After"] = "2" }, 429);
		local store = tv.keystore({ asap_key_server = ("%s/document/%s"):format(bad.url, path), back_off_min = 0.1 });
		for _ = 1, 3 do
			assert.equal("key-source-unavailable", code_of(store:get("key", true)));
			sleep(0.4);
		end
		assert.equal(1, #bad.requests({ part = path }));
		publish(path, key.public);
		sleep(1);
		assert(store:get("key", true));
		store:close();
	end);

	it("may need a bearer token, which is read again for each fetch", function ()
		local file = temporary.file();
		local store = new_server(nil, { bearer_token_file = file, back_off_min = 0.01, back_off_max = 0.01 });
		local _, message, code = store:get("key", true);
		assert.equal("key-source-unavailable", code);
		assert.truthy(message:find("bearer token", 1, true), message);
		local out = io.open(file, "w");
		out:write("abc\n");
		out:close();
		sleep(0.1);
		assert(store:get("key", true));
		os.remove(file);
		store:close();
	end);

	for option, what in pairs({
		bearer_token_file = "bearer token", ca_file = "CA certificates", client_cert = "client's certificate", client_key = "client's key",
	}) do
		it("is not asked with a pipe as "..option..", which would have to be waited for", function ()
			local pipe, path = temporary.file(), new_name("pipe");
			os.remove(pipe);
			-- Whoever opens the pipe gets an end of file out of it, after a while.
			assert(os.execute(("mkfifo %s && { (sleep 1; timeout 5 sh -c ': >%s') & }"):format(pipe, pipe)));
			-- The files of TLS are read for https alone.
			local url = option == "bearer_token_file" and bad.url or bad.url:gsub("^http:", "https:");
			local options = { asap_key_server = ("%s/good/%s"):format(url, path), [option] = pipe };
			if option:find("^client") then
				options.client_cert, options.client_key = options.client_cert or "/etc/passwd", options.client_key or "/etc/passwd";
			end
			local store = tv.keystore(options);
			local _, message, code = store:get("key", true);
			assert.equal("key-source-unavailable", code);
			assert.truthy(message:find("the file with the "..what, 1, true), message);
			assert.equal(0, #bad.requests({ part = path }));
			os.remove(pipe);
			store:close();
		end);
	end
end);

describe("a local folder", function ()
	local folder;

	before_each(function ()
		folder = temporary.folder();
	end);

	local function write(kid, text)
		local path = folder.."/"..tv.key_file_name(kid);
		local file = assert(io.open(path..".new", "w"));
		file:write(text);
		file:close();
		assert(os.rename(path..".new", path));
	end

	it("is read without waiting, and again when a file changes", function ()
		for _, source in ipairs({ { asap_key_server = "file://"..folder }, { directory = folder.."/" } }) do
			local store = tv.keystore(source);
			write("key", key.public);
			assert.equal(key.public, assert(store:get("key", false)):pem());
			assert.equal(key.public, store:get("key", false):pem());
			assert.equal(1, store:stats().fetches);
			local held = store:keys()[1];
			assert.is_nil(held.age or held.fresh_for); -- it is kept while the file is the same
			write("key", second.public);
			assert.equal(second.public, store:get("key", false):pem());
			write("key", "nonsense");
			local _, message, code = store:get("key", false);
			assert.equal("key-unusable", code, message);
			os.remove(folder.."/"..tv.key_file_name("key"));
			_, message, code = store:get("key", false);
			assert.equal("key-not-found", code);
			assert.truthy(message:find(("the file %s/%s for kid \"key\" does not exist"):format(folder, tv.key_file_name("key")), 1, true), message);
			assert.equal(0, #store:keys());
			store:close();
		end
	end);

	it("reads only plain files", function ()
		os.execute(("mkfifo '%s/%s'"):format(folder, tv.key_file_name("pipe")));
		assert.equal("key-unusable", code_of(tv.keystore({ directory = folder }):get("pipe", false)));
	end);

	it("accepts no key by put()", function ()
		assert.has_error(function () tv.keystore({ directory = folder }):put("kid", key.public); end);
	end);

	it("needs an absolute path", function ()
		local message = select(2, tv.keystore({ directory = folder.."/odd\1\n\255" }):get("kid", false));
		assert.truthy(message:find("/odd\\x01\\x0a\\xff/", 1, true), message);
		assert.has_error(function () tv.keystore({ directory = "keys" }); end);
		assert.has_error(function () tv.keystore({ asap_key_server = "file://keys" }); end);
	end);
end);

describe("every form of a key", function ()
	local function openssl(command)
		local pipe = assert(io.popen("openssl "..command.." 2>/dev/null"));
		local output = pipe:read("a");
		pipe:close();
		return output;
	end

	local kinds = {
		{ "EC -pkeyopt ec_paramgen_curve:P-256", "EC", "P-256", 256 }, { "EC -pkeyopt ec_paramgen_curve:P-384", "EC", "P-384", 384 },
		{ "EC -pkeyopt ec_paramgen_curve:P-521", "EC", "P-521", 521 }, { "ED25519", "OKP", "Ed25519" }, { "ED448", "OKP", "Ed448" },
		{ "RSA", "RSA", nil, 2048 },
	};
	for _, kind in ipairs(kinds) do
		local algorithm, type, curve, bits = table.unpack(kind, 1, 4);
		it("goes to a JWK and back: "..(curve or type), function ()
			local private = openssl("genpkey -algorithm "..algorithm);
			local object, warning = assert(tv.key(private));
			assert.truthy(warning:find("private", 1, true));
			assert.equal(type, object:type());
			assert.equal(curve, object:curve());
			assert.equal(bits or object:bits(), object:bits());
			local again = assert(tv.key(object:jwk()));
			assert.equal(object:pem(), again:pem());
			assert.equal(object:thumbprint(), again:thumbprint());
			assert.equal(43, #object:thumbprint());
		end);
	end

	it("has the thumbprint of RFC 8037 appendix A.3", function ()
		local object = assert(tv.key[[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]]);
		assert.equal("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", object:thumbprint());
	end);

	local point = [["x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"]];
	for name, case in pairs({
		["a point off its curve"] = { [[{"kty":"EC","crv":"P-256",]]..point:gsub("IFyM", "IFyA").."}", "weak-key", "not on its curve" };
		["a short coordinate"] = { [[{"kty":"EC","crv":"P-256","x":"AAAA","y":"AAAA"}]], "malformed-key", "not 32 bytes long" };
		["a curve JOSE does not have"] = { [[{"kty":"EC","crv":"secp256k1",]]..point.."}", "unsupported-key", "curve" };
		["a secret"] = { [[{"kty":"oct","k":"c2VjcmV0"}]], "unsupported-key", "kty" };
		["a coordinate with other characters"] = { [[{"kty":"EC","crv":"P-256","x":"!","y":"AAAA"}]], "malformed-key", '"x" is not base64url' };
		["a number where text belongs"] = { [[{"kty":"EC","crv":"P-256",]]..point..[[,"alg":256}]], "malformed-key", '"alg" is a JSON number' };
	}) do
		it("is refused with its own message: "..name, function ()
			local object, message, code = tv.key(case[1]);
			assert.is_nil(object);
			assert.equal(case[2], code, message);
			assert.truthy(message:find(case[3], 1, true), message);
		end);
	end

	it("is used beside a certificate of another key, with a warning", function ()
		local file <close> = assert(io.open("test/vectors/keys/rsa.certificate.pem"));
		local body = file:read("a"):match("BEGIN CERTIFICATE%-+\n(.-)%-"):gsub("%s", "");
		local members = [[{"kty":"EC","crv":"P-256",]]..point..',"x5c":["'..body..'"]}';
		local object, warning = tv.key(members);
		assert.equal("P-256", object:curve());
		assert.truthy(warning:find("a certificate of another key", 1, true), warning);
		assert.is_nil(select(2, tv.key((members:gsub('%[".*"%]', '["AAAA"]')))));
	end);

	it("takes DER too", function ()
		local object = assert(tv.key(tokens.der(key.public)));
		assert.equal(key.public, object:pem());
		assert.equal("malformed-key", code_of(tv.key(tokens.der(key.public).."\0")));
	end);
end);

describe("a bound source that has not answered yet", function ()
	-- Whichever of the two is asked first: tables have no order.
	for _, case in ipairs({ { "https://one", "https://two" }, { "https://two", "https://one" } }) do
		local here, there = table.unpack(case);
		it(("makes the caller wait, though another has a key of that kid for another issuer: %s"):format(here), function ()
			local held = tv.keystore();
			held:put("key", key.public);
			local slow = tv.keystore({ asap_key_server = ("%s/slow-200/%s"):format(bad.url, new_name("bound")) });
			local verifier = assert(tv.new({ wait = false, issuers = { [here] = held, [there] = slow } }));
			local signed = token({ iss = there }, key, "key");
			assert.equal("key-pending", code_of(verifier:verify(signed)));
			repeat until select(2, tv.step(0.1)) == 0;
			assert.is_table(verifier:verify(signed));
			slow:close();
		end);
	end
end);
