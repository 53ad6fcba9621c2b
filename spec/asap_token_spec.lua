-- SPDX-License-Identifier: MIT
-- generateAsapToken: the contents of the tokens, how long one is kept, and the result without a key.

local prosody = require "spec.support.prosody";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local token_verifier = require "token_verifier";

local secret = ("s"):rep(32);
local rsa, other_rsa = tokens.new_key(), tokens.new_key();

describe("generateAsapToken", function ()
	local path, clock, real_time;

	local function write(pem)
		local file = assert(io.open(path, "w"));
		file:write(pem);
		file:close();
	end

	-- A plugin on a component that signs tokens, with `own` options in its block.
	local function new(own)
		local all = { ["example.org"] = { app_id = "app", app_secret = secret }, ["signer.example.org"] = own };
		own.asap_key_path = own.asap_key_path or path;
		prosody.new_server(all);
		local module = prosody.new_module("signer.example.org", all);
		return module:require "token/util".new(module:context("example.org")), all;
	end

	-- The claims and the header of what it gave, verified.
	local function verified(authorization, key)
		local token = authorization:match("^Bearer ([%w_.-]+)$");
		assert.truthy(token, authorization);
		return assert(token_verifier.verify(token, { key = (key or rsa).public, now = clock }));
	end

	before_each(function ()
		path = temporary.file();
		write(rsa.private);
		clock, real_time = 1700000000, os.time;
		os.time = function () return clock; end; -- luacheck: ignore 122
	end);

	after_each(function ()
		os.time = real_time; -- luacheck: ignore 122
		os.remove(path);
	end);

	it("returns an RS256 token with iss, aud, nbf, exp and kid", function ()
		local claims, header = verified(new({}):generateAsapToken());
		assert.same({ iss = "jitsi", aud = "jitsi", nbf = clock, exp = clock + 3600 }, claims);
		assert.same({ typ = "JWT", alg = "RS256", kid = "jitsi" }, header);
		claims, header = verified(new({
			asap_key_id = "k", asap_issuer = "i", asap_audience = "a", asap_ttl = 60, asap_ttl_threshold = 5,
		}):generateAsapToken());
		assert.same({ iss = "i", aud = "a", nbf = clock, exp = clock + 60 }, claims);
		assert.equal("k", header.kid);
	end);

	it("uses the given audience", function ()
		local token_util = new({});
		assert.equal("x", verified(token_util:generateAsapToken("x")).aud);
		assert.equal("y", verified(token_util:generateAsapToken("y")).aud);
		assert.equal("jitsi", verified(token_util:generateAsapToken()).aud);
	end);

	it("returns the same token until less than the threshold remains", function ()
		local token_util = new({ asap_ttl = 100, asap_ttl_threshold = 30 });
		local first, for_x = token_util:generateAsapToken(), token_util:generateAsapToken("x");
		clock = clock + 70;
		os.remove(path); -- it is not even read
		assert.same({ first, for_x }, { token_util:generateAsapToken(), token_util:generateAsapToken("x") });
		write(rsa.private);
		clock = clock + 1;
		local second = token_util:generateAsapToken();
		assert.not_equal(first, second);
		assert.equal(clock + 100, verified(second).exp);
		clock = clock - 10; -- set back: the second is not good yet
		assert.equal(clock, verified(token_util:generateAsapToken()).nbf);
	end);

	it("keeps it until less than 600 seconds remain if no threshold is given", function ()
		local token_util = new({});
		local first = token_util:generateAsapToken();
		clock = clock + 3000;
		assert.equal(first, token_util:generateAsapToken());
		clock = clock + 1;
		assert.not_equal(first, token_util:generateAsapToken());
	end);

	it("reads the key where Jitsi's packages put it by default", function ()
		local all = { ["example.org"] = { app_id = "app", app_secret = secret } };
		prosody.new_server(all);
		local module = prosody.new_module("example.org", all);
		assert.equal("/etc/prosody/certs/asap.key", module:require "token/util".new(module).asapToken.key_path);
	end);

	it("makes a new one each time if the threshold is as long as the lifetime", function ()
		local token_util = new({ asap_ttl = 60, asap_ttl_threshold = 61 });
		verified(token_util:generateAsapToken());
		write(other_rsa.private);
		verified(token_util:generateAsapToken(), other_rsa);
	end);

	it("takes over a reloaded configuration", function ()
		local token_util, all = new({});
		assert.equal("jitsi", verified(token_util:generateAsapToken()).iss);
		all["signer.example.org"].asap_issuer = "other";
		_G.prosody.events.fire_event("config-reloaded");
		assert.equal("other", verified(token_util:generateAsapToken()).iss);
	end);

	it("keeps a limited number of tokens", function ()
		local token_util = new({});
		for i = 1, 100 do
			assert.equal("a"..i, verified(token_util:generateAsapToken("a"..i)).aud);
			assert.is_true(token_util._asap_tokens.count <= 32);
		end
	end);

	-- { what, text of the key's file (nil: none), text of the warning }
	for _, case in ipairs({
		{ "no file", nil, "cannot be read" }, { "an empty file", "", "the key" }, { "nonsense", "nonsense", "the key" },
		{ "a public key", rsa.public, "the key" }, { "a weak key", tokens.new_key(1024).private, "1024" },
	}) do
		it("returns \"\" after a warning for "..case[1], function ()
			local token_util = new({ asap_key_path = case[2] == nil and "/nowhere" or nil });
			write(case[2] or "");
			assert.equal("", token_util:generateAsapToken());
			assert.equal(1, #prosody.logged("warn", case[3]), table.concat(prosody.log_lines, "\n"));
			assert.equal(0, #prosody.logged("error"));
			for _, line in ipairs(prosody.log_lines) do
				assert.falsy(line:find("PRIVATE KEY", 1, true));
			end
		end);
	end

	it("returns \"\" for an audience that is not a string", function ()
		local token_util = new({});
		for _, audience in ipairs({ 5, {}, true, false }) do
			assert.equal("", token_util:generateAsapToken(audience));
		end
		assert.equal(4, #prosody.logged("warn", "the audience is a"));
	end);

	it("reads no file before it is called, and logs nothing if it never is", function ()
		new({ asap_key_path = "/nowhere" });
		assert.equal(0, #prosody.logged("warn") + #prosody.logged("error"));
	end);
end);
