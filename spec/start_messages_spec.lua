-- SPDX-License-Identifier: MIT
-- Messages at start about a host's token options: the settings in force, errors, and settings that may not be intended.

local prosody = require "spec.support.prosody";
local spelling = require "token_verifier.options.spelling";
local temporary = require "spec.support.temporary";

local secret = ("s"):rep(32);
local in_force = "Tokens of example.org are verified with ";

local function new(options, own_options)
	options.app_id = options.app_id or "app";
	return prosody.new_token_util(options, own_options);
end

local function said(level, text)
	return #prosody.logged(level, text);
end

describe("at start one line", function ()
	-- { what, options, what it says }
	for _, case in ipairs({
		{ "a shared secret", { app_secret = secret },
			'the shared secret; algorithms: HS256; issuers: "app"; audiences: any; leeway: 0 s; guests: refused; '
				.."domain verification: on" },
		{ "other settings", { app_secret = secret, signature_algorithm = { "HS512", "HS256" }, token_leeway = 5,
			asap_accepted_issuers = { "a", "b" }, asap_accepted_audiences = { "c" }, allow_empty_token = true,
			enable_domain_verification = false },
			'the shared secret; algorithms: HS512, HS256; issuers: "a", "b"; audiences: "c"; leeway: 5 s; guests: let in; '
				.."domain verification: off" },
		{ "a key server, without its password", { asap_key_server = "https://user:pass@keys.example/a?key=value" },
			"keys from https://keys.example/a; algorithms: RS256;" },
		{ "several sources", { cache_keys_url = "https://set.example/k",
			asap_key_server = { "https://one.example/", "https://two.example/" } },
			"keys from https://set.example/k, https://one.example/, https://two.example/;" },
		{ "a source that speaks for one issuer", { token_issuers = { party = { jwks_url = "https://set.example/k" } } },
			'keys from https://set.example/k (for "party"); algorithms: RS256; issuers: "app", "party";' },
		{ "a provider", { openid_issuer = "https://sso.example/x" },
			'keys from https://sso.example/x; algorithms: RS256; issuers: "app", "https://sso.example/x";' },
		{ "an issuer once", { openid_issuer = "https://sso.example/x", asap_accepted_issuers = { "b", "https://sso.example/x", "b" } },
			'issuers: "b", "https://sso.example/x"; audiences' },
		{ "any issuer", { app_secret = secret, asap_accepted_issuers = { "*" } }, "issuers: any;" },
		{ "no issuer", { app_secret = secret, asap_accepted_issuers = {} }, "issuers: none;" },
		{ "guests alone", { allow_empty_token = true }, "no key;" },
		{ "line ends in an issuer", { app_secret = secret, asap_accepted_issuers = { "a\nb" } }, 'issuers: "a\\x0ab";' },
	}) do
		it("shows the settings in force: "..case[1], function ()
			new(case[2]);
			local line = prosody.logged("info", in_force);
			assert.equal(1, #line);
			assert.truthy(line[1]:find(case[3], 1, true), line[1]);
			for _, logged in ipairs(prosody.log_lines) do
				assert.falsy(logged:find("pass", 1, true) or logged:find("value", 1, true) or logged:find(secret, 1, true));
			end
		end);
	end

	it("says it once for a host, not for each plugin, and again when it has changed", function ()
		local _, _, all = new({ app_secret = secret, asap_accepted_issuers = { "*" }, token_leway = 1, token_leeway = "x" });
		local function load_plugin(host)
			local module = prosody.new_module(host, all, "another");
			return module:require "token/util".new(module:context("example.org"));
		end
		load_plugin("example.org");
		load_plugin("conference.example.org");
		load_plugin("*");
		for level, text in pairs({ info = in_force, warn = "any issuer", error = "token_leeway" }) do
			assert.equal(1, said(level, text), text);
		end
		assert.equal(1, said("warn", "token_leway"));
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal(1, said("info", in_force));
		all["example.org"].asap_accepted_issuers = { "other" };
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal(2, said("info", in_force));
		all["example.org"].asap_accepted_issuers = { "*" };
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal(3, said("info", in_force));
		assert.equal(2, said("warn", "any issuer"));
	end);

	it("says it once even if a plugin of another host is loaded before the host", function ()
		local all = { ["example.org"] = { app_id = "app", app_secret = secret }, ["conference.example.org"] = {} };
		local hosts = prosody.new_server(all).hosts;
		local host = hosts["example.org"];
		hosts["example.org"] = nil;
		local module = prosody.new_module("conference.example.org", all);
		module:require "token/util".new(module:context("example.org"));
		assert.equal(1, said("info", "conference.example.org:spec example.org: "..in_force)); -- whose options these are
		hosts["example.org"] = host;
		module = prosody.new_module("example.org", all);
		module:require "token/util".new(module);
		assert.equal(1, said("info", in_force));
	end);

	it("says it to a caller that reads the options aside, and still to the log", function ()
		local all = { ["example.org"] = { app_id = "app", app_secret = secret, token_leway = 1 } };
		prosody.new_server(all);
		local module = prosody.new_module("example.org", all);
		for _ = 1, 2 do
			local lines = {};
			require "token_verifier.options.config".read(module, module, nil, function (level) lines[#lines + 1] = level; end);
			assert.same({ "warn", "info" }, lines);
		end
		module:require "token/util".new(module);
		assert.same({ 1, 1 }, { said("warn"), said("info", in_force) });
	end);

	it("says it for each host", function ()
		local all = { ["a.example"] = { app_id = "a", app_secret = secret }, ["b.example"] = { app_id = "b", app_secret = secret } };
		prosody.new_server(all);
		for host in pairs(all) do
			local module = prosody.new_module(host, all);
			module:require "token/util".new(module);
			assert.equal(1, said("info", "Tokens of "..host));
		end
	end);

	it("is the only message for good settings", function ()
		new({ app_secret = secret });
		assert.equal(1, #prosody.log_lines);
		new({ asap_key_server = "https://keys.example/" });
		assert.equal(1, #prosody.log_lines);
	end);
end);

describe("at start a warning", function ()
	-- { what, options, text, global options }
	for _, case in ipairs({
		{ "guests", { app_secret = secret, allow_empty_token = true }, "allow_empty_token" },
		{ "any issuer", { app_secret = secret, asap_accepted_issuers = { "app", "*" } }, "any issuer" },
		{ "any issuer, set globally", { app_secret = secret }, "any issuer", { asap_accepted_issuers = { "*" } } },
		{ "a short secret", { app_secret = "short" }, "The shared secret is weak: the shared secret is 5 bytes long" },
		{ "a secret that is short for its algorithm", { app_secret = secret, signature_algorithm = "HS512" }, "HS512 wants at least 64" },
		{ "a key server over plain http", { asap_key_server = "http://keys.example/a" }, "plain http from http://keys.example/a" },
		{ "one of several over plain http", { asap_key_server = { "https://a.example", "http://b.example" } },
			"plain http from http://b.example" },
		{ "plain http that only looks like loopback", { asap_key_server = "http://127.0.0.1.example/a" }, "plain http" },
		{ "plain http with a user like loopback", { asap_key_server = "http://localhost@keys.example/a" }, "plain http" },
		{ "plain http over IPv6", { asap_key_server = "http://[2001:db8::1]/a" }, "plain http" },
		{ "a JWK Set over plain http", { cache_keys_url = "http://keys.example/set" }, "plain http" },
		{ "a provider over plain http", { openid_issuer = "http://sso.example" }, "plain http" },
		{ "an issuer's source over plain http", { token_issuers = { x = { jwks_url = "http://k.example" } } }, "plain http" },
		{ "a key server that is the boolean true", { app_secret = secret, asap_key_server = true }, "asap_key_server" },
		{ "a MUC that is not under the prefix", { app_secret = secret, muc_mapper_domain_base = "example.org",
			muc_mapper_domain = "muc.example.org" }, '"muc.example.org"' },
		{ "a MUC in upper case", { app_secret = secret, muc_mapper_domain_base = "Example.org" }, "muc_mapper_domain" },
		{ "a misspelt option", { app_secret = secret, token_leway = 5 }, "'token_leway' is unknown here: did you mean 'token_leeway'?" },
		{ "a misspelt option, set globally", { app_secret = secret }, "did you mean 'token_leeway'?", { token_lewway = 5 } },
		{ "an option with swapped letters", { app_secret = secret, token_max_lifetiem = 5 }, "did you mean 'token_max_lifetime'?" },
		{ "an option in upper case", { app_secret = secret, token_Leeway = 5 }, "did you mean 'token_leeway'?" },
		{ "a host whose tokens count, but that is not there", { app_secret = secret, token_verification_hosts = { "nowhere.example" } },
			"Option 'token_verification_hosts' names \"nowhere.example\", and there is no such host" },
		{ "a misspelt option of the MUC", { app_secret = secret, token_verification_whitelist = {} }, "'token_verification_allowlist'?" },
		{ "an unknown option like no other", { app_secret = secret, token_frobnicate = 5 }, "'token_frobnicate' is unknown here" },
		{ "a misspelt older option", { app_secret = secret, asap_accepted_issuer = {} }, "did you mean 'asap_accepted_issuers'?" },
	}) do
		it("reports "..case[1], function ()
			assert.truthy(new(case[2], case[4]));
			assert.equal(1, said("warn", case[3]), case[3]);
			assert.equal(1, said("warn"));
		end);
	end

	-- { what, options }
	for _, case in ipairs({
		{ "plain http on loopback", { asap_key_server = { "http://127.0.0.1:80/a", "http://localhost/", "http://[::1]:8/" } } },
		{ "a secret as long as its hash", { app_secret = secret..secret, signature_algorithm = { "HS256", "HS512" } } },
		{ "a short secret beside a key server", { app_secret = "short", asap_key_server = "https://k.example/" } },
		{ "an option of another plugin", { app_secret = secret, asap_other_thing = 5, tokens = 1, muc_mapper_domian = "x" } },
		{ "an option of the MUC", { app_secret = secret, token_verification_allowlist = {},
			token_verification_require_token_for_moderation = true } },
		{ "a MUC that tokens name", { app_secret = secret, muc_mapper_domain_base = "example.org" } },
		{ "a MUC that tokens do not name, without domain verification", { app_secret = secret,
			muc_mapper_domain_base = "example.org", muc_mapper_domain = "muc.example.org", enable_domain_verification = false } },
		{ "a MUC under another prefix", { app_secret = secret, muc_mapper_domain_base = "example.org",
			muc_mapper_domain_prefix = "muc", muc_mapper_domain = "muc.other.org" } },
	}) do
		it("leaves out "..case[1], function ()
			new(case[2]);
			assert.equal(0, said("warn"), case[1]);
		end);
	end

	it("reports algorithms that fit no configured key, but may fit another plugin's key", function ()
		for options, why in pairs({
			[{ app_secret = secret, signature_algorithm = "RS256" }] = "app_secret needs HS*",
			[{ asap_key_server = "https://k.example/", signature_algorithm = { "HS256" } }] = "public keys cannot check HS*",
		}) do
			assert.truthy(new(options));
			assert.equal(1, said("error", why));
			assert.equal(1, said("error", "fits no configured key"));
		end
	end);

	it("does not compare the names of other plugins' options, which would take time", function ()
		local nearest, compared = spelling.nearest, {};
		spelling.nearest = function (name, ...)
			compared[#compared + 1] = name;
			return nearest(name, ...);
		end;
		new({ app_secret = secret, some_option = 1, another_option = 2, token_leway = 3, asap_kee_path = "x" });
		spelling.nearest = nearest;
		assert.same({ "asap_kee_path", "token_leway" }, compared);
	end);

	it("reports a bearer token that is sent over plain http", function ()
		local path = temporary.file();
		new({ asap_key_server = "http://keys.example/a", token_key_bearer_token_file = path });
		assert.equal(1, said("warn", "bearer token"));
		new({ asap_key_server = "https://keys.example/a", token_key_bearer_token_file = path });
		new({ asap_key_server = "http://127.0.0.1/a", token_key_bearer_token_file = path });
		assert.equal(0, said("warn"));
		os.remove(path);
	end);

	it("reports libraries that are loaded instead of ours", function ()
		local folder = temporary.folder();
		assert(os.execute(("mkdir -p %s/token %s/empty"):format(folder, folder)));
		for _, name in ipairs({ "token/util", "luajwtjitsi", "token/jwk" }) do
			local file = assert(io.open(("%s/%s.lib.lua"):format(folder, name), "w"));
			file:write("return {};");
			file:close();
		end
		local all = { ["example.org"] = { app_id = "app", app_secret = secret } };
		-- { plugin paths, warnings }
		for _, case in ipairs({
			{ folder..";lua/dropin", 3 }, { folder.."/empty;lua/dropin;"..folder, 0 }, { "/nowhere;lua/dropin", 0 }, { nil, 0 },
		}) do
			prosody.new_server(all).paths.plugins = case[1];
			local module = prosody.new_module("example.org", all);
			module:require "token/util".new(module);
			assert.equal(case[2], said("warn"));
			assert.equal(case[2] / 3, said("warn", "'token/util' is loaded from "..folder.."/token/util.lib.lua"));
		end
		os.execute("rm -r "..folder);
	end);

	it("reports a MUC component that no token can name", function ()
		for host, expected in pairs({ ["rooms.example.org"] = 1, ["conference.example.org"] = 0 }) do
			local all = { ["example.org"] = { app_id = "app", app_secret = secret }, [host] = { component_module = "muc" } };
			prosody.new_server(all);
			local module = prosody.new_module(host, all);
			module:require "token/util".new(module:context("example.org"));
			assert.equal(expected, said("warn", '"rooms.example.org"'));
			assert.equal(expected, said("warn"));
		end
	end);
end);

describe("a token_util object that cannot be made", function ()
	-- { what, options, text of the one error line }
	for _, case in ipairs({
		{ "no app_id", { app_secret = secret }, "'app_id' must be set" },
		{ "no app_id and nothing else", {}, "'app_id' must be set" },
		{ "an app_id that is no string", { app_id = {}, app_secret = secret }, "app_id" },
		{ "no key", { app_id = "app" }, "'app_secret' or 'asap_key_server' must be set" },
		{ "an empty secret", { app_id = "app", app_secret = "" }, "option 'app_secret' is not used" },
		{ "a left-over secret", { app_id = "app", app_secret = "<no value>" }, "option 'app_secret' is not used" },
		{ "a secret that is no string", { app_id = "app", app_secret = {} }, "option 'app_secret' must be a string" },
		{ "a short secret where none is wanted", { app_id = "app", app_secret = "short", token_strict_secrets = true }, "at least 32" },
		{ "a secret too short for one of its algorithms", { app_id = "app", app_secret = secret, token_strict_secrets = true,
			signature_algorithm = { "HS256", "HS384" } }, "at least 48" },
		{ "a secret in no file", { app_id = "app", app_secret_file = "/nowhere" }, "option 'app_secret_file'" },
		{ "no key besides the word true", { app_id = "app", asap_key_server = "true" }, "asap_key_server" },
		{ "several things wrong", { app_id = "app", token_leeway = "x", allow_empty_token = "perhaps" }, "app_secret" },
	}) do
		it("leaves one error line: "..case[1], function ()
			assert.is_nil((prosody.new_token_util(case[2])));
			assert.equal(1, said("error", case[3]), table.concat(prosody.log_lines, "\n"));
			assert.equal(1, said("error"));
			assert.equal(0, said("info", in_force));
		end);
	end

	it("leaves a line with the host whose options are not sufficient", function ()
		local all = { ["example.org"] = { app_id = "app" }, ["conference.example.org"] = {} };
		prosody.new_server(all);
		local module = prosody.new_module("conference.example.org", all);
		assert.is_nil(module:require "token/util".new(module:context("example.org")));
		assert.equal(1, said("error", "example.org: Option 'app_secret' or 'asap_key_server' must be set"));
	end);

	it("leaves a line for each plugin", function ()
		local all = { ["example.org"] = { app_id = "app" } };
		prosody.new_server(all);
		for count = 1, 2 do
			local module = prosody.new_module("example.org", all);
			assert.is_nil(module:require "token/util".new(module));
			assert.equal(count, said("error", "app_secret"));
		end
	end);
end);

it("the nearest name has the fewest changes", function ()
	for _, case in ipairs({
		{ "", "", 0 }, { "abc", "abc", 0 }, { "abc", "", 3 }, { "", "abc", 3 }, { "abc", "abd", 1 }, { "abc", "ab", 1 },
		{ "abc", "xabc", 1 }, { "abcd", "abdc", 1 }, { "ca", "abc", 3 }, { "kitten", "sitting", 3 },
	}) do
		assert.equal(case[3], spelling.distance(case[1], case[2]));
		assert.equal(case[3], spelling.distance(case[2], case[1]));
	end
	local names = { token_leeway = true, token_max_lifetime = true };
	assert.equal("token_leeway", (spelling.nearest("token_lewey", names)));
	assert.is_nil((spelling.nearest("something", names)));
	assert.is_nil((spelling.nearest("token_leeway", {})));
end);

describe("on another Lua", function ()
	-- What ends the one line that each file logs. A file requires nothing of ours, since that Lua does not find it.
	for file, ending in pairs({
		["modules/mod_auth_token"] = ": nobody can log in here", ["modules/mod_token_verification"] = ": the rooms are closed",
		["dropin/mod_token_verifier"] = "", ["dropin/token/util.lib"] = "",
	}) do
		it("one line says which Lua is needed: "..file, function ()
			local lines, hooks, sent = {}, {}, {};
			local module = {
				log = function (_, level, ...) lines[#lines + 1] = level.." "..string.format(...); end;
				hook = function (_, event, handler) hooks[event] = handler; end;
				set_global = function () end;
			};
			local stanza = { error_reply = function (...) return table.concat({ ... }, " "); end };
			local env = setmetatable({ _VERSION = "Lua 5.2", module = module,
				require = function (name) return name == "util.stanza" and stanza or error(name); end }, { __index = _G });
			local result = assert(loadfile(("lua/%s.lua"):format(file), "t", env))();
			assert.same({ "error token_verifier needs Lua 5.4, this Prosody runs on 5.2"..ending }, lines);
			if file:find("util.lib", 1, true) then
				assert.is_nil(result.new(module));
			elseif file:find("verification") then
				for _, event in ipairs({ "muc-room-pre-create", "muc-occupant-pre-join" }) do
					local origin = { send = function (text) sent[#sent + 1] = text; end };
					assert.is_true(hooks[event]({ origin = origin, stanza = "presence" }));
				end
				assert.same({ "presence cancel not-allowed", "presence cancel not-allowed" }, sent);
			end
		end);
	end
end);
