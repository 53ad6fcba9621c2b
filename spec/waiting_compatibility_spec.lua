-- SPDX-License-Identifier: MIT
-- Behaviour that Jitsi's configurations and plugins rely on, if no other spec shows it: how the library is loaded, which host's
-- options it reads, the effects of fields, setters and a reload of the configuration. It watches the descriptor, so it must run after
-- the specs that need it unwatched.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local key_server = require "spec.support.key_server";
local temporary = require "spec.support.temporary";
local token_options = require "token_verifier.plugin.token_options";
local token_verifier = require "token_verifier";

local secret, other_secret = ("s"):rep(32), ("o"):rep(32);
local rsa = tokens.new_key();
local absent = tokens.absent;

local function hs(changes, key)
	return tokens.hs256(tokens.claims(changes), key or secret);
end

-- What process_and_verify_token() returns for a token, in an async runner.
local function process(token_util, token, session)
	session = session or {};
	session.auth_token = token;
	return prosody.run(token_util.process_and_verify_token, token_util, session);
end

local function accepts(token_util, token)
	return (process(token_util, token));
end

local function reload()
	_G.prosody.events.fire_event("config-reloaded");
end

-- A plugin on `host` that reads the options of `context`, its own host's without one.
local function load_plugin(all, host, context)
	local module = prosody.new_module(host, all);
	return module:require "token/util".new(context and module:context(context) or module), module;
end

describe("the library is loaded", function ()
	local all = {
		["example.org"] = { app_id = "app", app_secret = secret },
		["other.org"] = { app_id = "app", app_secret = other_secret },
		["conference.example.org"] = {},
		["*"] = { app_id = "app", app_secret = ("g"):rep(32) },
	};

	-- { what, the plugin's host, context, whose secret counts }
	for _, case in ipairs({
		{ "in a plugin of the host", "example.org", nil, secret },
		{ "in a plugin of the host, with its own context", "example.org", "example.org", secret },
		{ "in a component, with the context of its host", "conference.example.org", "example.org", secret },
		{ "in a plugin of another host, with the context of the first", "other.org", "example.org", secret },
		{ "in a plugin of another host", "other.org", nil, other_secret },
		{ "in a global plugin", "*", nil, ("g"):rep(32) },
		{ "in a global plugin, with the context of a host", "*", "other.org", other_secret },
		{ "in a component, without a context", "conference.example.org", nil, ("g"):rep(32) },
	}) do
		it(case[1], function ()
			prosody.new_server(all);
			local token_util, module = load_plugin(all, case[2], case[3]);
			for _, key in ipairs({ secret, other_secret, ("g"):rep(32) }) do
				assert.equal(key == case[4], accepts(token_util, hs(nil, key)));
			end
			module:unload();
		end);
	end

	it("separately by each plugin, with separate fields", function ()
		prosody.new_server(all);
		local module = prosody.new_module("example.org", all);
		assert.not_equal(module:require "token/util", module:require "token/util");
		local first, second = load_plugin(all, "example.org"), load_plugin(all, "example.org");
		first:set_asap_accepted_issuers({ "nobody" });
		first.acceptedAudiences[1] = "nobody";
		assert.is_false(accepts(first, hs()));
		assert.is_true(accepts(second, hs()));
	end);

	it("in several copies that share only the keys of a source", function ()
		local server = key_server.start({ k1 = rsa.public });
		local with_server = {
			["a.example"] = { app_id = "app", asap_key_server = server.url },
			["b.example"] = { app_id = "other", asap_key_server = server.url.."/" },
			["c.example"] = { app_id = "app", app_secret = secret },
		};
		prosody.new_server(with_server);
		local a, a_module = load_plugin(with_server, "a.example");
		local b, b_module = load_plugin(with_server, "b.example");
		local c, c_module = load_plugin(with_server, "c.example");
		local token = tokens.rs256(tokens.claims(), rsa, "k1");
		assert.is_true(accepts(a, token));
		assert.is_false(accepts(b, token)); -- for another issuer
		assert.is_true(accepts(b, tokens.rs256(tokens.claims({ iss = "other" }), rsa, "k1")));
		assert.is_false(accepts(c, token));
		assert.equal(1, #server.requests);
		a_module:unload();
		b:set_asap_accepted_issuers({ "app" });
		assert.is_true(accepts(b, token)); -- held on, for those who still use it
		assert.equal(1, #server.requests);
		b_module:unload();
		c_module:unload();
		collectgarbage();
		assert.is_true(accepts(a, token)); -- an object that outlives its plugin, while the store stays
		assert.equal(1, #server.requests);
		server.stop();
	end);

	it("only by module:require, so that require finds the old rock with that name", function ()
		for _, name in ipairs({ "luajwtjitsi", "token/util", "token.util", "token/jwk" }) do
			assert.is_nil((package.searchpath(name, "lua/?.lua;lua/?/init.lua")));
		end
		local module = prosody.new_module("example.org", all);
		assert.is_function(module:require "luajwtjitsi".verify);
		assert.is_function(module:require "token/jwk".jwk_to_pem);
	end);

	it("and new() returns nil only for the documented reasons, not for an invalid option", function ()
		local wrong = { string = {}, path = {}, number = {}, boolean = {}, list = 5 };
		local values = {
			app_id = "", app_secret_file = "/nowhere", cache_keys_url = {}, asap_key_server = {}, openid_issuer = 5, token_issuers = 5,
			signature_algorithm = { "HS256", "RS256" }, token_required_claims = 5,
		};
		for _, row in ipairs(token_options.rows) do
			if row.field and row.read then
				values[row[1]] = values[row[1]] or wrong[row.read];
			end
		end
		for name, value in pairs(values) do
			local options = { app_id = "app", allow_empty_token = true };
			options.app_secret = name ~= "app_secret_file" and secret or nil;
			options[name] = value;
			local token_util = prosody.new_token_util(options);
			assert.truthy(token_util, name);
			assert.is_boolean(accepts(token_util, hs()), name);
			assert.is_boolean(token_util:verify_room({ auth_token = "t" }, "room1@conference.example.org"), name);
			assert.equal(value == "" and 0 or 1, #prosody.logged("error", name), name);
		end
	end);
end);

describe("the option", function ()
	local host, own, elsewhere = "example.org", "conference.example.org", "other.org";

	-- { option, value, field, what the field is then }: read through the context, so from the host or globally
	local cases = {
		{ "app_id", "another", "appId", "another" },
		{ "app_secret", other_secret, "appSecret", other_secret },
		{ "asap_key_server", "https://k.example/", "asapKeyServer", "https://k.example/" },
		{ "cache_keys_url", "https://k.example/", "cacheKeysUrl", "https://k.example/" },
		{ "signature_algorithm", "HS512", "signatureAlgorithm", "HS512" },
		{ "signature_algorithm", { "HS512", "HS256" }, "signatureAlgorithm", { "HS512", "HS256" } },
		{ "allow_empty_token", true, "allowEmptyToken", true },
		{ "allow_empty_token", "true", "allowEmptyToken", true },
		{ "allow_empty_token", 1, "allowEmptyToken", true },
		{ "asap_accepted_issuers", { "a", "b" }, "acceptedIssuers", { "a", "b" } },
		{ "asap_accepted_issuers", "a", "acceptedIssuers", { "a" } },
		{ "asap_accepted_audiences", { "a", "b" }, "acceptedAudiences", { "a", "b" } },
		{ "asap_require_room_claim", false, "requireRoomClaim", false },
		{ "enable_domain_verification", false, "enableDomainVerification", false },
		{ "enable_domain_verification", "false", "enableDomainVerification", false },
		{ "muc_mapper_domain_prefix", "muc", "muc_domain_prefix", "muc" },
		{ "muc_mapper_domain_base", "base.org", "muc_domain_base", "base.org" },
		{ "muc_mapper_domain_base", "base.org", "muc_domain", "conference.base.org" },
		{ "muc_mapper_domain", "muc.base.org", "muc_domain", nil }, -- only with a base
		{ "token_room_matching", "address", "roomMatching", "address" },
		{ "token_regex_enabled", false, "regexEnabled", false },
		{ "token_regex_room_max_length", 64, "regexRoomMaxLength", 64 },
		{ "token_regex_max_quantifiers", 1, "regexRoomMaxQuantifiers", 1 },
		{ "token_required_claims", { "exp" }, "requiredClaims", { "exp" } },
	};
	for _, row in ipairs(token_options.rows) do -- those that are ours
		local value = ({ boolean = not row.default, number = row.most, list = { "another" } })[row.read];
		if row.verifier and row.field and not row.within and row[1]:find("^token_") and value ~= nil then
			cases[#cases + 1] = { row[1], value, row.field, value };
		end
	end
	for _, case in ipairs(cases) do
		local option, value, field, expected = table.unpack(case, 1, 4);
		it(("%s is read through the context: %s"):format(option, field), function ()
			for _, where in ipairs({ host, "*" }) do
				local all = { [host] = { app_secret = secret }, [own] = {}, [elsewhere] = {}, ["*"] = { app_id = "app" } };
				if all[where][option] ~= nil or where == "*" and all[host][option] ~= nil then
					all[host][option] = nil;
				end
				all[where][option] = value;
				prosody.new_server(all);
				assert.same(expected, load_plugin(all, own, host)[field], where);
			end
			for _, where in ipairs({ own, elsewhere }) do
				local all = { [host] = { app_id = "app", app_secret = secret }, [own] = {}, [elsewhere] = {}, ["*"] = {} };
				all[where][option] = value;
				prosody.new_server(all);
				local without = load_plugin(all, "other.example", host)[field];
				assert.same(without, load_plugin(all, own, host)[field], where);
				assert.not_same(field == "muc_domain" and option == "muc_mapper_domain" and {} or expected, without);
			end
		end);
	end

	for option, field in pairs({
		asap_key_path = "key_path", asap_key_id = "key_id", asap_issuer = "issuer", asap_audience = "audience",
		asap_ttl = "ttl", asap_ttl_threshold = "ttl_threshold", jwt_pubkey_cache_size = "cache_size",
	}) do
		it(option.." is the loading plugin's own", function ()
			local function value_for(where)
				local all = { [host] = { app_id = "app", app_secret = secret }, [own] = {}, ["*"] = {} };
				if where then
					all[where][option] = field:find("^[tc]") and 601 or "/x";
				end
				prosody.new_server(all);
				local token_util = load_plugin(all, own, host);
				return (option:find("^asap") and token_util.asapToken or token_util.keyOptions)[field];
			end
			local default = value_for(nil);
			assert.equal(field:find("^[tc]") and 601 or "/x", value_for(own));
			assert.equal(field:find("^[tc]") and 601 or "/x", value_for("*"));
			assert.equal(default, value_for(host));
			assert.not_equal(default, value_for(own));
		end);
	end

	it("asap_key_server is joined with exactly one slash to the SHA-256 of the kid", function ()
		for _, ending in ipairs({ "", "/" }) do
			local server = key_server.start({ k1 = rsa.public });
			local token_util, module = prosody.new_token_util({ app_id = "app", asap_key_server = server.url..ending });
			assert.is_true(accepts(token_util, tokens.rs256(tokens.claims(), rsa, "k1")));
			assert.same({ "/keys/"..require "util.hashes".sha256("k1", true)..".pem" }, server.requests);
			module:unload();
			server.stop();
		end
	end);

	it("app_secret that is a placeholder counts as unset with a key server and for guests, with one error line", function ()
		for _, left_over in ipairs({ "", "<no value>", "{{ .Env.JWT_APP_SECRET }}", "${JWT_APP_SECRET}" }) do
			for _, beside in ipairs({ { "asap_key_server", "https://k.example/", "RS256" }, { "allow_empty_token", true, "HS256" } }) do
				local token_util = prosody.new_token_util({ app_id = "app", app_secret = left_over, [beside[1]] = beside[2] });
				assert.is_nil(token_util.appSecret);
				assert.equal(beside[3], token_util.signatureAlgorithm);
				assert.equal(1, #prosody.logged("error", "app_secret"));
				assert.equal(1, #prosody.logged("error"));
				token_util.signatureAlgorithm = "HS256";
				assert.is_false(accepts(token_util, hs(nil, left_over)));
				token_util.asapKeyServer, token_util.appSecret = nil, left_over;
				assert.is_false(accepts(token_util, hs(nil, left_over)));
			end
		end
	end);

	it("app_secret may be a number, as Prosody reads it", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = 12345678901234567 });
		assert.equal("12345678901234567", token_util.appSecret);
		assert.is_true(accepts(token_util, hs(nil, "12345678901234567")));
	end);

	it("app_secret_file names a file with the secret, read again when the configuration is reloaded", function ()
		local path = temporary.file();
		local function write(text)
			local file = assert(io.open(path, "wb"));
			file:write(text);
			file:close();
		end
		for ending, key in pairs({ [""] = secret, ["\n"] = secret, ["\r\n"] = secret, ["\n\n"] = secret.."\n", [" "] = secret.." " }) do
			write(secret..ending);
			local token_util = prosody.new_token_util({ app_id = "app", app_secret_file = path });
			assert.is_true(accepts(token_util, hs(nil, key)));
			assert.equal(key == secret, accepts(token_util, hs()));
		end
		local token_util, _, all = prosody.new_token_util({ app_id = "app", app_secret = secret, app_secret_file = path });
		assert.equal(1, #prosody.logged("error", "exclude each other"));
		write(other_secret);
		reload();
		assert.is_true(accepts(token_util, hs(nil, other_secret)));
		assert.is_false(accepts(token_util, hs()));
		for _, bad in ipairs({ "", "\n", "<no value>\n", ("x"):rep(65537) }) do -- app_secret does not take its place
			write(bad);
			reload();
			assert.is_nil(token_util.appSecret);
			assert.is_false(accepts(token_util, hs()));
		end
		for _, bad in ipairs({ path.."/nothing", "/", {}, true }) do
			all["example.org"] = { app_id = "app", app_secret_file = bad };
			prosody.clear_log();
			reload();
			assert.is_nil(token_util.appSecret);
			assert.equal(1, #prosody.logged("error", "app_secret_file"), tostring(bad));
		end
		os.remove(path);
		-- Whoever opens the pipe gets a secret out of it.
		assert(os.execute(("mkfifo %s && { timeout 5 sh -c 'echo %s >%s' & }"):format(path, secret, path)));
		all["example.org"] = { app_id = "app", app_secret_file = path };
		prosody.clear_log();
		reload();
		assert.is_nil(token_util.appSecret);
		assert.equal(1, #prosody.logged("error", "it is a named pipe, not a plain file"));
		os.remove(path);
	end);
end);

describe("a token is checked by", function ()
	local now = os.time();

	-- { option, value, claims, header, what the client reads of a refusal (nil: accepted) }
	for _, case in ipairs({
		{ "token_max_lifetime", 60, { iat = now, exp = now + 60 } },
		{ "token_max_lifetime", 60, { iat = now, exp = now + 61 }, nil, "61" },
		{ "token_max_lifetime", 60, { exp = now + 60 }, nil, "iat" },
		{ "token_max_lifetime", 60, { iat = now, exp = absent }, nil, "exp" },
		{ "token_max_lifetime", 0, { iat = now, exp = now + 1000000 } },
		{ "token_max_lifetime", "1h", { iat = now, exp = now + 60 }, nil, "60" }, -- taken for nearly none
		{ "token_max_lifetime", -1, { iat = now, exp = now + 60 }, nil, "60" },
		{ "token_accepted_types", { "JWT", "at+jwt" }, nil, { typ = "at+jwt" } },
		{ "token_accepted_types", { "JWT", "at+jwt" } },
		{ "token_accepted_types", "at+jwt", nil, { typ = "at+jwt" } },
		{ "token_accepted_types", { "at+jwt" }, nil, nil, "typ" },
		{ "token_accepted_types", 5, nil, nil, "typ" },
		{ "token_accepted_types", { 5 }, nil, nil, "typ" },
		{ "token_accept_milliseconds", true, { iat = now * 1000, nbf = now * 1000, exp = (now + 60) * 1000 } },
		{ "token_accept_milliseconds", true, { exp = (now - 60) * 1000 }, nil, "exp" },
		{ "token_accept_milliseconds", true, { nbf = (now + 60) * 1000 }, nil, "nbf" },
		{ "token_accept_milliseconds", true, { exp = now - 60 }, nil, "exp" },
		{ "token_accept_milliseconds", "perhaps", { exp = (now + 60) * 1000 }, nil, "milliseconds" },
		{ "token_required_claims", { "exp", "user_id" }, { user_id = "x" } },
		{ "token_required_claims", { "exp", "user_id" }, {}, nil, "user_id" },
		{ "token_required_claims", { "user_id" }, { user_id = tokens.null }, nil, "user_id" },
		{ "token_required_claims", "user_id", {}, nil, "user_id" },
		{ "token_required_claims", { "exp", 5 }, {}, nil, "" },
		{ "token_required_claims", { user_id = true }, {}, nil, "" },
		{ "token_required_claims", 5, {}, nil, "" },
	}) do
		local option, value, claims, header, reason = table.unpack(case, 1, 5);
		it(("%s, which %s"):format(option, reason and "refuses: "..reason or "accepts"), function ()
			local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, [option] = value });
			local result, condition, text = process(token_util, tokens.hs256(tokens.claims(claims), secret, header));
			assert.equal(reason == nil, result, text);
			if reason then
				assert.equal("not-allowed", condition);
				assert.truthy(text:find(reason, 1, true), text);
			end
		end);
	end
end);

describe("a field that a plugin sets", function ()
	local room = "room1@conference.example.org";
	local server;

	before_each(function ()
		server = key_server.start({ k1 = rsa.public });
	end);

	after_each(function ()
		server.stop();
	end);

	-- What somebody gets who comes with a token, from a tenant's page, and wants into a room.
	local function outcome(token_util, claims, address)
		local session = {};
		local verified = process(token_util, hs(claims), session);
		local allowed, error_name = token_util:verify_room(session, address or room);
		return { verified, allowed, error_name };
	end

	local pattern = { room = "ro%a+%d", context = { room = { regex = true } } };

	-- { field, what it is set to, claims, address, outcome before, outcome after }
	for _, case in ipairs({
		{ "appSecret", other_secret, nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "signatureAlgorithm", "HS384", nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "acceptedIssuers", { "x" }, nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "acceptedAudiences", { "x" }, nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "requireRoomClaim", false, { room = absent }, nil, { false, false, "room-name-does-not-match" }, { true, true } },
		{ "enableDomainVerification", false, { sub = "x" }, nil, { true, false }, { true, true } },
		{ "muc_domain_prefix", "muc", nil, "room1@muc.example.org", { true, false }, { true, true } },
		{ "muc_domain_base", "example.org", nil, nil, { true, true }, { true, false, "room-does-not-exist" } },
		{ "muc_domain", "x.org", { sub = "*" }, nil, { true, true }, { true, true } }, -- it takes a base
		{ "regexEnabled", false, pattern, nil, { true, true }, { true, false, "invalid-regex" } },
		{ "regexRoomMaxLength", 4, pattern, nil, { true, true }, { true, false, "invalid-regex" } },
		{ "regexRoomMaxQuantifiers", 0, pattern, nil, { true, true }, { true, false, "invalid-regex" } },
		{ "leeway", 60, { exp = os.time() - 5 }, nil, { false, false, "room-name-does-not-match" }, { true, true } },
		{ "requiredClaims", { "x" }, nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "acceptedTypes", { "x" }, nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "maxLifetime", 1, nil, nil, { true, true }, { false, false, "room-name-does-not-match" } },
		{ "acceptMilliseconds", true, { exp = (os.time() + 60) * 1000 }, nil, { false, false, "room-name-does-not-match" },
			{ true, true } },
	}) do
		local field, value, claims, address, before, after = table.unpack(case, 1, 6);
		it("counts at the next call, and after a reload too: "..field, function ()
			local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
			assert.same(before, outcome(token_util, claims, address));
			token_util[field] = value;
			assert.same(after, outcome(token_util, claims, address));
			reload();
			assert.same(value, token_util[field]);
			assert.same(after, outcome(token_util, claims, address));
		end);
	end

	it("counts at the next call, and after a reload too: allowEmptyToken", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		assert.is_false(accepts(token_util, nil));
		token_util.allowEmptyToken = true;
		assert.is_true(accepts(token_util, nil));
		assert.is_true((token_util:verify_room({}, room)));
		reload();
		assert.is_true(accepts(token_util, nil));
	end);

	it("accepts guests only as the boolean true", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		for _, value in ipairs({ "true", "false", 1, 0, {}, "" }) do
			token_util.allowEmptyToken = value;
			assert.is_false(accepts(token_util, nil));
			assert.is_false((token_util:verify_room({}, room)));
		end
	end);

	for _, case in ipairs({ { "asapKeyServer", "url" }, { "cacheKeysUrl", "set" } }) do
		it("counts at the next call, and after a reload too: "..case[1], function ()
			local token_util, module = prosody.new_token_util({
				app_id = "app", app_secret = secret, signature_algorithm = "RS256",
			});
			local token = tokens.rs256(tokens.claims(), rsa, "k1");
			assert.is_false(accepts(token_util, token));
			server.set = server.publish_set("one", { k1 = rsa.public });
			token_util[case[1]] = server[case[2]];
			assert.is_true(accepts(token_util, token));
			reload();
			assert.is_true(accepts(token_util, token));
			token_util[case[1]] = nil;
			reload();
			assert.is_false(accepts(token_util, token));
			module:unload();
		end);
	end

	it("with an invalid value makes tokens refused, and raises no error", function ()
		for _, field in ipairs({
			"appId", "appSecret", "asapKeyServer", "cacheKeysUrl", "signatureAlgorithm", "acceptedIssuers", "acceptedAudiences",
			"leeway", "maxLifetime", "acceptedTypes", "requiredClaims", "tokenIssuers", "openidIssuer",
		}) do
			for _, value in ipairs({ "", "nonsense", 5, -1, 0 / 0, true, {}, { {} }, { 5 }, { x = "y" }, function () end }) do
				local token_util, module = prosody.new_token_util({ app_id = "app", app_secret = secret });
				token_util[field] = value;
				local result, condition, reason = process(token_util, hs());
				assert.is_boolean(result);
				if not result then
					assert.same({ "string", "string" }, { type(condition), type(reason) });
				else -- it says nothing about this token
					assert.truthy(field == "appId" or field == "leeway" and value == 5 or field == "requiredClaims" and next(value) == nil
						or field == "cacheKeysUrl" and value == nil, ("%s: %s"):format(field, value));
				end
				assert.is_nil(prosody.run(token_util.get_public_key, token_util, "k"));
				token_util:clear_asap_cache();
				module:unload();
			end
		end
	end);
end);

describe("the verifier of one set of settings", function ()
	it("is not used for another: one field after the other is changed and changed back", function ()
		local weak = tokens.new_key(1024);
		-- { field, value, claims, secret of the session }: accepted before and after, not meanwhile
		for _, case in ipairs({
			{ "strictSecrets", true, nil, "notused" },
			{ "acceptedTypes", { "x" } }, { "requiredClaims", { "x" } }, { "maxLifetime", 1 },
			{ "acceptedIssuers", { "app2" } }, { "acceptedIssuers", { "ap", "p" } }, { "acceptedAudiences", {} },
			{ "requireRoomClaim", true, { room = absent } }, { "leeway", 0, { exp = os.time() - 5 } },
			{ "acceptMilliseconds", false, { exp = (os.time() + 60) * 1000 } }, { "signatureAlgorithm", { "HS512" } },
		}) do
			local field, value, claims, key = table.unpack(case, 1, 4);
			local token_util = prosody.new_token_util({
				app_id = "app", app_secret = secret, asap_require_room_claim = false, token_leeway = 60,
				token_accept_milliseconds = true,
			});
			local former = token_util[field];
			for _, expected in ipairs({ true, false, true }) do
				token_util[field] = expected and former or not expected and value;
				assert.equal(expected, (process(token_util, hs(claims, key), { public_key = key })), field);
			end
		end
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, signature_algorithm = "RS256" });
		local token = tokens.rs256(tokens.claims(), weak);
		for _, bits in ipairs({ 2048, 1024, 2048 }) do
			token_util.keyOptions.min_rsa_bits = bits;
			assert.equal(bits == 1024, (process(token_util, token, { public_key = weak.public })));
		end
	end);

	it("is different from one with the same texts in other options", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		token_util.acceptedIssuers, token_util.acceptedAudiences = { "app", "x" }, { "jitsi" };
		assert.is_true(accepts(token_util, hs()));
		token_util.acceptedIssuers, token_util.acceptedAudiences = { "app" }, { "x", "jitsi" };
		assert.is_false(accepts(token_util, hs({ iss = "x" })));
		assert.is_true(accepts(token_util, hs({ aud = "x" })));
		-- a secret is never a key, even of the same text
		token_util.signatureAlgorithm = { "HS256", "RS256" };
		assert.is_false((process(token_util, hs(nil, rsa.public), { public_key = rsa.public })));
		token_util.appSecret = rsa.public;
		assert.is_false(accepts(token_util, hs(nil, rsa.public)));
	end);

	it("is one of a limited number, for any number of session secrets", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		for i = 1, 100 do
			local key = ("%032d"):format(i);
			assert.is_true((process(token_util, hs(nil, key), { public_key = key })));
			local count = 0;
			for _ in pairs(token_util._keys.verifiers) do
				count = count + 1;
			end
			assert.is_true(count <= 32, count);
		end
	end);
end);

describe("a setter", function ()
	-- { setter, what is set, claims, accepted before, accepted after, what the configuration is reloaded with }
	for _, case in ipairs({
		{ "set_asap_accepted_issuers", { "x" }, { iss = "x" }, false, true, { asap_accepted_issuers = { "y" } } },
		{ "set_asap_accepted_audiences", { "x" }, nil, true, false, { asap_accepted_audiences = { "*" } } },
		{ "set_asap_require_room_claim", false, { room = absent }, false, true, { asap_require_room_claim = true } },
		{ "set_asap_key_server", "", nil, true, false, { asap_key_server = absent } },
	}) do
		local setter, value, claims, before, after, changes = table.unpack(case, 1, 6);
		it("takes effect at once and survives a reload: "..setter, function ()
			local token_util, _, all = prosody.new_token_util({ app_id = "app", app_secret = secret });
			assert.equal(before, accepts(token_util, hs(claims)));
			token_util[setter](token_util, value);
			assert.equal(after, accepts(token_util, hs(claims)));
			for name, changed in pairs(changes) do
				all["example.org"][name] = changed ~= absent and changed or nil;
			end
			reload();
			assert.equal(after, accepts(token_util, hs(claims)));
		end);
	end

	it("of a key server leaves the algorithm as it is, and the JWK Set", function ()
		local server = key_server.start({ k1 = rsa.public });
		for _, case in ipairs({
			{ "HS256" }, { "RS256", signature_algorithm = "RS256" }, { "RS256", cache_keys_url = server.url.."/jwks" },
			{ "RS384", asap_key_server = server.url, signature_algorithm = "RS384" },
		}) do
			local token_util, module = prosody.new_token_util({
				app_id = "app", app_secret = secret, signature_algorithm = case.signature_algorithm,
				cache_keys_url = case.cache_keys_url, asap_key_server = case.asap_key_server,
			});
			for _, url in ipairs({ server.url, "", false }) do
				token_util:set_asap_key_server(url or nil);
				assert.same({ case[1], case.cache_keys_url }, { token_util.signatureAlgorithm, token_util.cacheKeysUrl });
				-- The key does where there is a server that has it, and for RS256 alone.
				local expected = case[1] == "RS256" and url == server.url;
				assert.equal(expected, accepts(token_util, tokens.rs256(tokens.claims(), rsa, "k1")));
			end
			module:unload();
		end
		server.stop();
	end);

	it("of a system API's key server is not replaced by the users' one in a reload", function ()
		local server = key_server.start({ k1 = rsa.public });
		for _, url in ipairs({ "", "http://127.0.0.1:1/" }) do
			local options = { app_id = "app", app_secret = secret };
			local token_util, module, all = prosody.new_token_util(options);
			token_util:set_asap_key_server(url);
			all["example.org"] = { app_id = "app", app_secret = secret, asap_key_server = server.url };
			reload();
			assert.equal(url, token_util.asapKeyServer);
			for i, token in ipairs({ hs(), tokens.rs256(tokens.claims(), rsa, "k1") }) do
				local result, condition, reason = process(token_util, token);
				assert.same({ false, "not-allowed" }, { result, condition });
				assert.truthy(reason == "could not obtain public key" or i == 1 and reason:find("alg"), reason);
			end
			assert.equal(0, #server.requests);
			module:unload();
		end
		server.stop();
	end);

	it("with an invalid value lets nobody in", function ()
		for _, setter in ipairs({ "set_asap_accepted_issuers", "set_asap_accepted_audiences", "set_asap_key_server" }) do
			for _, value in ipairs({ "nonsense", "", 5, true, false, {}, { {} }, { 5 }, { x = "app" } }) do
				local token_util, module = prosody.new_token_util({ app_id = "app", app_secret = secret });
				token_util[setter](token_util, value);
				assert.is_false(accepts(token_util, hs()), setter);
				module:unload();
			end
		end
		for _, setter in ipairs({ "set_asap_accepted_issuers", "set_asap_accepted_audiences" }) do
			local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
			token_util[setter](token_util, nil);
			assert.is_false(accepts(token_util, hs()));
			reload();
			assert.is_false(accepts(token_util, hs()));
		end
	end);
end);

describe("a reload of the configuration", function ()
	it("uses new lists, secrets and switches without a restart", function ()
		local token_util, _, all = prosody.new_token_util({ app_id = "app", app_secret = secret });
		assert.is_true(accepts(token_util, hs()));
		-- { changes, claims, secret, accepted then }
		for _, case in ipairs({
			{ { app_secret = other_secret }, nil, secret, false }, { { app_secret = other_secret }, nil, other_secret, true },
			{ { asap_accepted_issuers = { "x" } }, nil, secret, false }, { { asap_accepted_issuers = { "x" } }, { iss = "x" }, secret, true },
			{ { app_id = "new" }, nil, secret, false }, { { app_id = "new" }, { iss = "new" }, secret, true },
			{ { asap_accepted_audiences = { "x" } }, nil, secret, false },
			{ { asap_require_room_claim = false }, { room = absent }, secret, true }, { {}, { room = absent }, secret, false },
			{ { token_leeway = 60 }, { exp = os.time() - 5 }, secret, true }, { {}, { exp = os.time() - 5 }, secret, false },
			{ { signature_algorithm = "HS512" }, nil, secret, false }, { {}, nil, secret, true },
		}) do
			all["example.org"] = { app_id = "app", app_secret = secret };
			for name, value in pairs(case[1]) do
				all["example.org"][name] = value;
			end
			reload();
			assert.equal(case[4], accepts(token_util, hs(case[2], case[3])));
		end
	end);

	-- While a log-in waits for its key: { what, what is done then, accepted all the same }
	for _, case in ipairs({
		{ "the key server is taken away", function (_, all)
			all["example.org"] = { app_id = "app", app_secret = secret };
			reload();
		end, true },
		{ "it comes several times", function () reload(); reload(); reload(); end, true },
		{ "all is taken away", function (_, all) all["example.org"] = {}; reload(); end, true },
		{ "a plugin sets another key server", function (token_util) token_util:set_asap_key_server(""); end, true },
		{ "a plugin accepts other issuers", function (token_util) token_util:set_asap_accepted_issuers({}); end, true },
		{ "the keys are forgotten", function (token_util) token_util:clear_asap_cache(); end, true },
		{ "the plugin is unloaded", function (_, _, module) module:unload(); end, false },
	}) do
		it("lets a log-in come to its end whose key is being fetched when "..case[1], function ()
			local server = key_server.start({ k1 = rsa.public });
			server.delay = 0.1;
			local token_util, module, all = prosody.new_token_util({ app_id = "app", asap_key_server = server.url });
			local token, result = tokens.rs256(tokens.claims(), rsa, "k1"), nil;
			prosody.async.runner(function ()
				result = table.pack(token_util:process_and_verify_token({ auth_token = token }));
			end):run(true);
			prosody.run_until(function () return #server.requests == 1; end);
			case[2](token_util, all, module);
			prosody.run_until(function () return result; end);
			assert.equal(case[3], result[1], result[3]);
			assert.equal(0, #prosody.logged("error", "rror in"));
			module:unload();
			server.stop();
		end);
	end

	it("does nothing for a plugin that was unloaded", function ()
		local token_util, module, all = prosody.new_token_util({ app_id = "app", app_secret = secret });
		module:unload();
		all["example.org"] = { app_id = "new", app_secret = secret };
		reload();
		assert.equal("app", token_util.appId);
	end);
end);

describe("process_and_verify_token", function ()
	local function count(...)
		return select("#", ...);
	end

	it("returns exactly true, or false, a condition and a reason", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		assert.equal(1, count(token_util:process_and_verify_token({ auth_token = hs() })));
		assert.equal(3, count(token_util:process_and_verify_token({ auth_token = "x" })));
		assert.equal(3, count(token_util:process_and_verify_token({})));
	end);

	it("needs no other fields in a table that an HTTP plugin makes", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		local session = { auth_token = hs({ context = { user = { id = "u" } } }) };
		assert.is_true(token_util:process_and_verify_token(session));
		assert.equal("u", session.jitsi_meet_context_user.id);
		assert.is_true((token_util:verify_room(session, "room1@conference.example.org")));
		for _, session_with in ipairs({ { ip = 5 }, { ip = {} }, { destroyed = false }, { jitsi_web_query_room = 5 } }) do
			session_with.auth_token = "x";
			assert.is_false((token_util:process_and_verify_token(session_with)));
		end
		for _, token in ipairs({ 5, {}, true, false }) do
			assert.same({ false, "not-allowed", ("the token is a %s, not a string"):format(type(token)) },
				{ token_util:process_and_verify_token({ auth_token = token }) });
		end
	end);

	it("starts the fetch in a timer if the caller cannot wait, and accepts when the key is there", function ()
		local server = key_server.start({ k1 = rsa.public });
		local token_util, module = prosody.new_token_util({ app_id = "app", asap_key_server = server.url });
		local token = tokens.rs256(tokens.claims(), rsa, "k1");
		local first, last;
		prosody.server.add_task(0, function ()
			last = table.pack(token_util:process_and_verify_token({ auth_token = token }));
			first = first or last;
			return not last[1] and 0.01 or nil;
		end);
		prosody.run_until(function () return last and last[1]; end);
		assert.same({ false, "not-allowed", "key is being fetched" }, { first[1], first[2], first[3] });
		assert.equal(1, #server.requests);
		module:unload();
		server.stop();
	end);

	it("represents JSON null as other plugins do: as cjson.null", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		local session = { auth_token = hs({ context = { user = { name = tokens.null } } }) };
		assert.is_true(token_util:process_and_verify_token(session));
		assert.equal(require "cjson".null, session.jitsi_meet_context_user.name);
	end);

	it("sets the fields, then fires the event, then requires a context", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
		local session = { auth_token = hs(), contextRequired = true };
		local seen;
		_G.prosody.events.add_handler("jitsi-authentication-token-verified", function (event)
			seen = { event.session == session, event.claims.room, session.jitsi_meet_room };
			return { res = false };
		end);
		assert.equal("not-allowed", select(2, token_util:process_and_verify_token(session)));
		assert.same({ true, "room1", "room1" }, seen);
		session.contextRequired = nil;
		assert.is_true(token_util:process_and_verify_token(session)); -- whatever the handler returned
	end);

	it("never evaluates a pattern, and keeps it unchanged", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, token_regex_enabled = false });
		for _, claim in ipairs({ "[", "(", "%", "ROOM%D", (".*"):rep(200) }) do
			local session = { auth_token = hs({ room = claim, context = { room = { regex = true } } }) };
			assert.is_true(token_util:process_and_verify_token(session));
			assert.equal(claim, session.jitsi_meet_room);
		end
	end);

	it("tells a client nothing of other issuers, audiences or sources", function ()
		local token_util = prosody.new_token_util({
			app_id = "app", app_secret = secret, asap_accepted_issuers = { "customer-a" }, asap_accepted_audiences = { "service-b" },
		});
		for _, claims in ipairs({ { iss = "x", aud = "service-b" }, { iss = "customer-a", aud = "x" } }) do
			local _, _, reason = process(token_util, hs(claims));
			assert.truthy(reason:find("is not accepted", 1, true));
			assert.falsy(reason:find("customer", 1, true) or reason:find("service", 1, true));
			assert.equal(1, #prosody.logged("info", claims.iss == "x" and 'accepted: "customer-a"' or 'accepted: "service-b"'));
		end
	end);
end);

describe("the key of a session", function ()
	local rs = tokens.rs256(tokens.claims(), rsa);

	-- A certificate of the key.
	local function certificate()
		local key_path = temporary.file(rsa.private);
		local pipe = io.popen(("openssl req -x509 -new -key %s -subj /CN=x -days 1 2>/dev/null"):format(key_path));
		local pem = pipe:read("a");
		pipe:close();
		os.remove(key_path);
		return pem;
	end

	it("is a PEM, a certificate or a JWK, only for asymmetric algorithms", function ()
		for _, key in ipairs({ rsa.public, certificate(), token_verifier.key(rsa.public):jwk() }) do
			-- { signature_algorithm, accepted }
			for _, case in ipairs({ { "RS256", true }, { "RS512", false }, { "HS256", false }, { { "RS512", "RS256" }, true } }) do
				local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, signature_algorithm = case[1] });
				assert.equal(case[2], (process(token_util, rs, { public_key = key })));
				for _, forged in ipairs({ tokens.hs256(tokens.claims(), key), hs() }) do
					assert.is_false((process(token_util, forged, { public_key = key })));
				end
			end
		end
	end);

	it("is not used as a secret even if it is too weak as a key", function ()
		local weak = tokens.new_key(1024);
		local bare = weak.public:gsub("%-%-%-%-%-[^\n]*", ""):gsub("%s", "");
		local certificate_text = certificate():gsub("%-%-%-%-%-[^\n]*", ""):gsub("%s", "");
		local utf16 = rsa.public:gsub(".", "%0\0");
		local hex = tokens.der(rsa.public):gsub(".", function (byte) return ("%02x"):format(byte:byte()); end);
		local jwk = token_verifier.key(rsa.public):jwk();
		for _, text in ipairs({
			weak.public, bare, tokens.der(weak.public), certificate_text, "\239\187\191"..weak.public, utf16, "\255\254"..utf16, hex,
			"\0"..tokens.der(rsa.public).."\0", jwk:gsub('"', "'"), jwk:gsub('"', '\\"'), "<RSAKeyValue>"..("x"):rep(60).."</RSAKeyValue>",
		}) do
			local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret });
			assert.is_false((process(token_util, hs(nil, text), { public_key = text })));
		end
	end);

	it("must have at least token_min_rsa_bits, like a fetched one", function ()
		local weak = tokens.new_key(1024);
		local token = tokens.rs256(tokens.claims(), weak, "k1");
		for bits, expected in pairs({ [1024] = true, [1025] = false, [2048] = false }) do
			local server = key_server.start({ k1 = weak.public });
			local token_util, module = prosody.new_token_util({
				app_id = "app", asap_key_server = server.url, token_min_rsa_bits = bits ~= 2048 and bits or nil,
			});
			assert.equal(expected, accepts(token_util, token));
			assert.equal(expected, (process(token_util, token, { public_key = weak.public })));
			module:unload();
			server.stop();
		end
	end);

	it("must be long enough if token_strict_secrets is set", function ()
		for strict, expected in pairs({ [true] = false, [false] = true }) do
			local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, token_strict_secrets = strict });
			assert.equal(expected, (process(token_util, hs(nil, "notused"), { public_key = "notused" })));
			assert.is_true(accepts(token_util, hs()));
		end
	end);

	it("is used only for its session", function ()
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, signature_algorithm = "HS256" });
		local token = hs(nil, "notused");
		assert.is_true((process(token_util, token, { public_key = "notused" })));
		assert.is_false((process(token_util, token)));
		assert.is_true((process(token_util, hs())));
		assert.is_false((process(token_util, hs(), { public_key = "notused" })));
	end);
end);
