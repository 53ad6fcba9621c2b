-- SPDX-License-Identifier: MIT
-- Log-ins whose keys come from a JWK Set, an OpenID provider, a folder, or a source bound to an issuer; and the effect of a reload of
-- the configuration.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local key_server = require "spec.support.key_server";
local temporary = require "spec.support.temporary";
local token_verifier = require "token_verifier";

local rsa, second_rsa, third_rsa = tokens.new_key(), tokens.new_key(), tokens.new_key();
local secret = ("s"):rep(32);

local function rs(kid, key, iss)
	return tokens.rs256(tokens.claims({ iss = iss }), key or rsa, kid);
end

describe("the source of a key", function ()
	local server, modules;

	local function new_plugin(options)
		options.app_id = "app";
		local token_util, module, all = prosody.new_token_util(options);
		modules[#modules + 1] = module;
		return token_util, function (changed)
			changed.app_id = "app";
			all["example.org"] = changed;
			_G.prosody.events.fire_event("config-reloaded");
		end;
	end

	local function process(token_util, token)
		return token_util:process_and_verify_token({ auth_token = token });
	end

	-- "accepted", or the code in the log.
	local function log_in(token_util, token)
		prosody.clear_log();
		if prosody.run(process, token_util, token) then
			return "accepted";
		end
		return prosody.logged("info", "Token refused: ")[1]:match("Token refused: ([%w-]+):");
	end

	local function wait_for_requests(count)
		prosody.run_until(function () return #server.requests >= count; end);
		local turns = 0;
		prosody.run_until(function () turns = turns + 1; return turns > 20; end); -- and not one more
		assert.equal(count, #server.requests);
	end

	before_each(function ()
		modules = {};
		server = key_server.start({ served = rsa.public });
	end);

	after_each(function ()
		for _, module in ipairs(modules) do
			module:unload();
		end
		server.stop();
	end);

	describe("that is a JWK Set", function ()
		it("is fetched when the plugin is loaded, but only once the event loop runs", function ()
			local before = select(2, token_verifier.step());
			local token_util = new_plugin({ cache_keys_url = server.publish_set("one", { a = rsa.public, b = second_rsa.public }) });
			assert.equal(before, (select(2, token_verifier.step())));
			wait_for_requests(1);
			assert.same({ true }, { process(token_util, rs("a")) }); -- no need to wait
			assert.same({ true }, { process(token_util, rs("b", second_rsa)) });
			assert.equal(1, #server.requests);
		end);

		it("is fetched once for several plugins", function ()
			local url = server.publish_set("one", { a = rsa.public });
			local first = new_plugin({ cache_keys_url = url });
			new_plugin({ cache_keys_url = url });
			wait_for_requests(1);
			new_plugin({ cache_keys_url = url });
			assert.equal("accepted", log_in(first, rs("a")));
			wait_for_requests(1);
		end);

		it("is not fetched for a plugin that was unloaded at once", function ()
			new_plugin({ cache_keys_url = server.publish_set("one", { a = rsa.public }) });
			modules[1]:unload();
			wait_for_requests(0);
		end);

		it("makes an early log-in wait for it", function ()
			server.delay = 0.2;
			local token_util = new_plugin({ cache_keys_url = server.publish_set("one", { a = rsa.public }) });
			assert.equal("accepted", log_in(token_util, rs("a")));
			assert.equal("bad-signature", log_in(token_util, rs("a", second_rsa)));
			assert.equal(1, #server.requests);
		end);

		it("refuses an unknown kid, with one more request for all of them", function ()
			local token_util = new_plugin({ cache_keys_url = server.publish_set("one", { a = rsa.public }) });
			assert.equal("accepted", log_in(token_util, rs("a")));
			for i = 1, 3 do
				assert.equal("key-not-found", log_in(token_util, rs("x"..i)));
			end
			assert.equal(2, #server.requests);
		end);

		it("is never used together with a secret", function ()
			for _, url in ipairs({ server.publish_set("one", { a = rsa.public }), "nonsense", "", {}, false }) do
				local token_util = new_plugin({ cache_keys_url = url, app_secret = secret, signature_algorithm = "HS256" });
				assert.is_false((prosody.run(process, token_util, tokens.hs256(tokens.claims(), secret))), tostring(url));
				assert.is_true(#prosody.logged("error", "cache_keys_url") == 1 or url == server.base.."/sets/one");
			end
		end);

		it("is used before the key server, which is asked for missing keys", function ()
			local token_util = new_plugin({
				cache_keys_url = server.publish_set("one", { a = rsa.public }), asap_key_server = server.url,
			});
			assert.equal("accepted", log_in(token_util, rs("a")));
			assert.equal("accepted", log_in(token_util, rs("served")));
			assert.equal("key-not-found", log_in(token_util, rs("nobody")));
			assert.equal(1, server.count(token_verifier.key_file_name("served")));
		end);

		it("stays when a plugin sets another key server, or one without keys", function ()
			local token_util = new_plugin({
				cache_keys_url = server.publish_set("one", { a = rsa.public }), asap_key_server = server.url,
			});
			token_util:set_asap_key_server("");
			assert.equal("accepted", log_in(token_util, rs("a")));
			assert.equal("key-not-found", log_in(token_util, rs("served")));
			assert.equal(0, server.count("/keys/"));
			assert.equal("RS256", token_util.signatureAlgorithm);
		end);

		it("is the only source if the key server is just the word true", function ()
			local token_util = new_plugin({ cache_keys_url = server.publish_set("one", { a = rsa.public }), asap_key_server = true });
			assert.is_nil(token_util.asapKeyServer);
			assert.equal("accepted", log_in(token_util, rs("a")));
		end);

		it("does not prevent asking the key server when it is down, has moved or has a wrong URL", function ()
			for _, url in ipairs({ "http://127.0.0.1:1/set", "nonsense", server.url.."/moved.json", server.publish_set("none", {}) }) do
				local token_util = new_plugin({ cache_keys_url = url, asap_key_server = server.url });
				assert.equal("accepted", log_in(token_util, rs("served")));
			end
		end);

		it("serves a token without a kid only if that is allowed", function ()
			local url = server.publish_set("one", { a = rsa.public });
			assert.equal("key-id-missing", log_in(new_plugin({ cache_keys_url = url }), rs(nil)));
			assert.equal("accepted", log_in(new_plugin({ cache_keys_url = url, token_allow_missing_kid = true }), rs(nil)));
			local null = tokens.rs256(tokens.claims(), rsa, tokens.null);
			assert.equal("key-id-invalid", log_in(new_plugin({
				cache_keys_url = server.publish_set("null", { a = rsa.public }), token_allow_missing_kid = true,
			}), null));
			local token_util = new_plugin({ cache_keys_url = url });
			assert.equal("key-id-missing", log_in(token_util, rs(nil)));
			token_util.allowMissingKid = true;
			assert.equal("accepted", log_in(token_util, rs(nil)));
			url = server.publish_set("two", { a = rsa.public, b = second_rsa.public });
			assert.equal("key-not-found", log_in(new_plugin({ cache_keys_url = url, token_allow_missing_kid = true }), rs(nil)));
		end);
	end);

	describe("that is an OpenID provider", function ()
		it("needs one line of configuration", function ()
			local issuer = server.publish_provider("sso", { a = rsa.public });
			local token_util = new_plugin({ openid_issuer = issuer });
			assert.equal("RS256", token_util.signatureAlgorithm);
			assert.same({ "app", issuer }, token_util.acceptedIssuers);
			wait_for_requests(2);
			assert.same({ true }, { process(token_util, rs("a", rsa, issuer)) });
			assert.equal("issuer-not-accepted", log_in(token_util, rs("a", rsa, "other")));
			assert.equal("accepted", log_in(token_util, rs("a", rsa, "app"))); -- nobody else's keys could be meant
		end);

		it("is valid only for its own issuer if there are several providers, or another source", function ()
			local one = server.publish_provider("one", { same = rsa.public });
			local two = server.publish_provider("two", { same = second_rsa.public });
			local token_util = new_plugin({ openid_issuer = { one, two }, asap_key_server = server.url });
			assert.equal("accepted", log_in(token_util, rs("same", rsa, one)));
			assert.equal("accepted", log_in(token_util, rs("same", second_rsa, two)));
			assert.equal("issuer-not-accepted", log_in(token_util, rs("same", rsa, two)));
			assert.equal("issuer-not-accepted", log_in(token_util, rs("same", rsa, "app")));
			assert.equal("accepted", log_in(token_util, rs("served", rsa, "app")));
			assert.equal("issuer-not-accepted", log_in(token_util, rs("served", rsa, one)));
			token_util = new_plugin({ openid_issuer = one, asap_key_server = server.url });
			assert.equal("issuer-not-accepted", log_in(token_util, rs("served", rsa, one)));
		end);

		it("is replaced by a key server that a plugin sets", function ()
			local issuer = server.publish_provider("sso", { a = rsa.public });
			for _, url in ipairs({ "", server.url }) do
				local token_util, reload = new_plugin({ openid_issuer = issuer, token_issuers = { x = { openid_issuer = true } } });
				token_util:set_asap_key_server(url);
				reload({ openid_issuer = issuer });
				assert.equal("key-not-found", log_in(token_util, rs("a", rsa, issuer)));
				token_util:set_asap_key_server(nil);
				assert.equal("key-not-found", log_in(token_util, rs("a", rsa, issuer)));
			end
		end);

		it("with a wrong URL is logged, and no secret is used then", function ()
			local token_util = new_plugin({ openid_issuer = "nonsense", app_secret = secret, signature_algorithm = "HS256" });
			assert.equal(1, #prosody.logged("error", "openid_issuer"));
			assert.is_false((prosody.run(process, token_util, tokens.hs256(tokens.claims(), secret))));
			token_util = new_plugin({ openid_issuer = "nonsense", asap_key_server = server.url });
			assert.equal("issuer-not-accepted", log_in(token_util, rs("served", rsa, "nonsense"))); -- nobody speaks for it
			assert.equal("accepted", log_in(token_util, rs("served")));
		end);
	end);

	describe("that is bound to an issuer", function ()
		it("is valid only for that issuer, and the others for every other one", function ()
			local provider = server.publish_provider("sso", { sso = third_rsa.public });
			local token_util = new_plugin({
				token_issuers = {
					["https://set.example"] = { jwks_url = server.publish_set("one", { same = rsa.public }) },
					["https://server.example"] = { asap_key_server = server.url },
					[provider] = { openid_issuer = true },
				},
				cache_keys_url = server.publish_set("two", { same = second_rsa.public }),
			});
			for _, case in ipairs({
				{ "same", rsa, "https://set.example", "accepted" },
				{ "same", rsa, "https://server.example", "issuer-not-accepted" },
				{ "same", rsa, "app", "issuer-not-accepted" },
				{ "served", rsa, "https://server.example", "accepted" },
				{ "served", rsa, "https://set.example", "issuer-not-accepted" },
				{ "sso", third_rsa, provider, "accepted" },
				{ "sso", third_rsa, "https://set.example", "issuer-not-accepted" },
				{ "same", second_rsa, "app", "accepted" },
				{ "same", second_rsa, "https://set.example", "issuer-not-accepted" },
				{ "same", second_rsa, "https://unknown.example", "issuer-not-accepted" },
				{ "nobody", rsa, "https://set.example", "key-not-found" },
			}) do
				assert.equal(case[4], log_in(token_util, rs(case[1], case[2], case[3])), case[1].." "..case[3]);
			end
		end);

		it("is the last one that was assigned", function ()
			local token_util = new_plugin({
				token_issuers = { one = { asap_key_server = server.url } }, asap_accepted_issuers = { "two" },
			});
			assert.same({ "two", "one" }, token_util.acceptedIssuers);
			assert.equal("accepted", log_in(token_util, rs("served", rsa, "one")));
			token_util.tokenIssuers = { two = token_util.tokenIssuers.one };
			assert.equal("issuer-not-accepted", log_in(token_util, rs("served", rsa, "one")));
			assert.equal("accepted", log_in(token_util, rs("served", rsa, "two")));
			for _, nonsense in ipairs({ "x", { two = "x" }, { two = true }, { two = {} } }) do
				token_util.tokenIssuers = nonsense;
				token_util:clear_asap_cache();
				assert.equal("key-not-found", log_in(token_util, rs("served", rsa, "two")));
			end
		end);

		it("is not accepted by a plugin that accepts others", function ()
			local token_util = new_plugin({ token_issuers = { one = { asap_key_server = server.url } }, asap_key_server = server.url });
			assert.equal("accepted", log_in(token_util, rs("served", rsa, "one")));
			for _, issuers in ipairs({ { "system" }, {} }) do
				token_util:set_asap_accepted_issuers(issuers);
				assert.equal("issuer-not-accepted", log_in(token_util, rs("served", rsa, "one")));
			end
			token_util:set_asap_accepted_issuers({ "*" });
			assert.equal("accepted", log_in(token_util, rs("served", rsa, "one")));
		end);

		for what, entry in pairs({
			["no table"] = "https://x.example", ["two sources"] = { jwks_url = "http://x.example", directory = "/x" },
			["no source"] = {}, ["an unknown one"] = { url = "http://x.example" }, ["no URL"] = { jwks_url = "x" },
			["another provider"] = { openid_issuer = "https://y.example" },
		}) do
			it("and whose entry is "..what.." is complained about, and nobody speaks for it", function ()
				local token_util = new_plugin({
					token_issuers = { ["https://bad.example"] = entry }, asap_key_server = server.url,
					asap_accepted_issuers = { "*" },
				});
				assert.equal(1, #prosody.logged("error", "token_issuers"));
				assert.equal("issuer-not-accepted", log_in(token_util, rs("served", rsa, "https://bad.example")));
				assert.equal("accepted", log_in(token_util, rs("served")));
			end);
		end

		it("and not given as a table leaves no key, and no secret is used then", function ()
			for _, value in ipairs({ "x", 5, { "x" }, { ["*"] = { asap_key_server = server.url } } }) do
				local token_util = new_plugin({ token_issuers = value, app_secret = secret, signature_algorithm = "HS256" });
				assert.equal(1, #prosody.logged("error", "token_issuers"));
				assert.is_false((prosody.run(process, token_util, tokens.hs256(tokens.claims(), secret))));
				token_util.signatureAlgorithm = "RS256";
				assert.equal("key-not-found", log_in(token_util, rs("served")));
			end
		end);
	end);

	it("is a different one even if only the password differs", function ()
		local url = server.url:gsub("//", "//user:%%s@");
		local token_util = new_plugin({ asap_key_server = url:format("one") });
		assert.equal("accepted", log_in(token_util, rs("served")));
		server.keys.served = second_rsa.public;
		token_util:set_asap_key_server(url:format("two"));
		assert.equal("bad-signature", log_in(token_util, rs("served")));
		assert.equal("accepted", log_in(token_util, rs("served", second_rsa)));
	end);

	it("may be a list of key servers; the next one is asked if one fails, but not if it has no key", function ()
		local other = key_server.start({ other = second_rsa.public, served = second_rsa.public });
		local token_util = new_plugin({ asap_key_server = { "http://127.0.0.1:1/", server.url, other.url } });
		assert.equal("accepted", log_in(token_util, rs("served")));
		assert.equal("key-not-found", log_in(token_util, rs("other", second_rsa)));
		assert.equal(0, #other.requests);
		other.stop();
	end);

	it("may be a folder", function ()
		local folder = temporary.folder();
		local file = folder.."/"..token_verifier.key_file_name("in folder");
		local out = assert(io.open(file, "w"));
		out:write(rsa.public);
		out:close();
		for _, options in ipairs({
			{ asap_key_server = "file://"..folder }, { token_issuers = { app = { directory = folder } } },
		}) do
			local token_util = new_plugin(options);
			assert.same({ true }, { process(token_util, rs("in folder")) });
			assert.equal("key-not-found", log_in(token_util, rs("nobody")));
		end
		os.remove(file);
		os.remove(folder);
	end);

	describe("after a reload of the configuration", function ()
		it("keeps its keys if it is still configured, else loses them", function ()
			local one, two = server.publish_set("one", { a = rsa.public }), server.publish_set("two", { b = second_rsa.public });
			local token_util, reload = new_plugin({ cache_keys_url = one, asap_key_server = server.url });
			assert.equal("accepted", log_in(token_util, rs("a")));
			assert.equal("accepted", log_in(token_util, rs("served")));
			local first = server.count("/sets/one");
			reload({ cache_keys_url = two, asap_key_server = server.url });
			wait_for_requests(#server.requests + 1); -- fetched without being asked for
			assert.same({ true }, { process(token_util, rs("b", second_rsa)) });
			assert.equal("accepted", log_in(token_util, rs("served")));
			assert.equal(1, server.count(token_verifier.key_file_name("served")));
			reload({ cache_keys_url = one });
			assert.equal(first, server.count("/sets/one"));
			assert.equal("accepted", log_in(token_util, rs("a")));
			assert.equal("key-not-found", log_in(token_util, rs("served")));
		end);

		it("accepts added issuers, and removed ones no longer", function ()
			local one = server.publish_provider("one", { a = rsa.public });
			local two = server.publish_provider("two", { a = rsa.public });
			local token_util, reload = new_plugin({ openid_issuer = one });
			assert.equal("accepted", log_in(token_util, rs("a", rsa, one)));
			reload({ openid_issuer = two });
			assert.equal("accepted", log_in(token_util, rs("a", rsa, two)));
			assert.equal("issuer-not-accepted", log_in(token_util, rs("a", rsa, one)));
		end);

		it("does not undo assignments", function ()
			local token_util, reload = new_plugin({ cache_keys_url = server.publish_set("one", { a = rsa.public }) });
			token_util.cacheKeysUrl = server.publish_set("two", { b = rsa.public });
			token_util.allowMissingKid = true;
			reload({ cache_keys_url = server.base.."/sets/one" });
			assert.equal("accepted", log_in(token_util, rs("b")));
			assert.equal("accepted", log_in(token_util, rs(nil)));
			assert.equal("key-not-found", log_in(token_util, rs("a")));
		end);

		it("still serves log-ins that wait for a key", function ()
			server.delay = 0.3;
			local token_util, reload = new_plugin({ asap_key_server = server.url });
			local result;
			prosody.async.runner(function () result = process(token_util, rs("served")); end):run(true);
			prosody.run_until(function () return #server.requests == 1; end);
			reload({ cache_keys_url = server.publish_set("one", {}) });
			prosody.run_until(function () return result ~= nil; end);
			assert.is_true(result);
		end);

		it("uses new settings, and says if they do not apply to a source in use", function ()
			local token_util, reload = new_plugin({ asap_key_server = server.url });
			assert.equal("accepted", log_in(token_util, rs("served")));
			reload({ asap_key_server = server.url, token_key_negative_ttl = 5 });
			assert.equal(0, #prosody.logged("warn", "negative_ttl")); -- nobody else has it
			local other <close> = token_verifier.keystore({ asap_key_server = server.url });
			reload({ asap_key_server = server.url, token_key_negative_ttl = 6 });
			assert.equal(1, #prosody.logged("warn", "negative_ttl"));
			assert.truthy(other:id());
			assert.same({ true }, { process(token_util, rs("served")) });
			assert.equal(1, #server.requests);
		end);
	end);

	describe("that is one of several", function ()
		local token_util;

		before_each(function ()
			token_util = new_plugin({
				cache_keys_url = server.publish_set("one", { a = rsa.public }), asap_key_server = server.url,
				token_issuers = { ["https://x.example"] = { jwks_url = server.publish_set("two", { b = second_rsa.public }) } },
			});
		end);

		it("is forgotten with the others", function ()
			assert.equal("accepted", log_in(token_util, rs("a")));
			assert.equal("accepted", log_in(token_util, rs("b", second_rsa, "https://x.example")));
			assert.equal("accepted", log_in(token_util, rs("served")));
			server.publish_set("one", { a = third_rsa.public });
			server.publish_set("two", { b = third_rsa.public });
			server.keys.served = third_rsa.public;
			token_util:clear_asap_cache();
			assert.equal("bad-signature", log_in(token_util, rs("a")));
			assert.equal("bad-signature", log_in(token_util, rs("b", second_rsa, "https://x.example")));
			assert.equal("bad-signature", log_in(token_util, rs("served")));
		end);

		it("returns its public keys", function ()
			local function pem_of(kid)
				return (prosody.run(token_util.get_public_key, token_util, kid));
			end
			assert.equal(rsa.public, pem_of("a"));
			assert.equal(second_rsa.public, pem_of("b"));
			assert.equal(rsa.public, pem_of("served"));
			assert.is_nil(pem_of("nobody"));
			assert.equal(1, #prosody.logged("info", "No public key: key-not-found"));
		end);

		it("returns the key of the first source that has it, even a slow one", function ()
			local quick = key_server.start({ same = second_rsa.public });
			server.delay = 0.2;
			for i, url in ipairs({ quick.url, "http://127.0.0.1:1/" }) do
				local one = new_plugin({
					cache_keys_url = server.publish_set("slow"..i, { same = rsa.public }), asap_key_server = url,
				});
				assert.equal(rsa.public, (prosody.run(one.get_public_key, one, "same")));
			end
			quick.stop();
		end);
	end);
end);
