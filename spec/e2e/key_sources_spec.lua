-- SPDX-License-Identifier: MIT
-- Log-ins at a real Prosody whose keys come from a JWK Set, an OpenID provider, or a source bound to an issuer.

local json = require "dkjson";
local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

local bad, one, two;

local function jwk(key, kid)
	local members = json.decode(tv.key(key.public):jwk());
	members.kid = kid;
	return members;
end

-- Gives the URL of the set.
local function publish_set(path, ...)
	return world.publish_document({ path = path, body = json.encode({ keys = { ... } }) });
end

-- Gives the provider's issuer.
local function publish_provider(path, ...)
	local issuer = ("%s/document/%s"):format(bad.url, path);
	local set = publish_set(path.."/keys", ...);
	world.publish_document({
		path = path.."/.well-known/openid-configuration", body = json.encode({ issuer = issuer, jwks_uri = set }),
	});
	return issuer;
end

local function count(path)
	return #world.bad_requests({ part = "/document/"..path });
end

-- A host with an option that is a table with names.
local function host_with(name, options, option, text)
	return (world.host(name, options):gsub("\n", "\n\t"..option.." = "..text.."\n", 1));
end

lazy_setup(function ()
	bad = world.start_bad_server();
	one, two = world.new_key({ kid = "one" }), world.new_key({ kid = "two" });
	world.new_key({ kid = "served", publish = { "bad" } });
end);

lazy_teardown(world.close);

for _, how in ipairs({ { name = "plain" }, { name = "forked", daemonize = true } }) do
	local name = how.name;

	describe("Prosody, "..name, function ()
		local issuer, bound;

		local function log_in(host, request)
			local token = world.mint(request);
			local log, outcome = world.logged(name, function ()
				return world.log_in({ name = name, host = host.."."..name..".example", token = token });
			end);
			return outcome.outcome == "accepted" and "accepted" or log:match("Token refused: ([%w-]+)") or log;
		end

		lazy_setup(function ()
			local set = publish_set(name.."/set", jwk(one, "one"), jwk(two, "two"));
			issuer = publish_provider(name.."/provider", jwk(one, "one"));
			bound = publish_provider(name.."/bound", jwk(two, "one"));
			world.start_prosody({
				name = name, daemonize = how.daemonize;
				hosts = world.host("set."..name..".example", { cache_keys_url = set })
					..world.host("both."..name..".example",
						{ cache_keys_url = set, asap_key_server = bad.url.."/good/"..name })
					..world.host("sso."..name..".example", { openid_issuer = issuer })
					..host_with("bound."..name..".example", { openid_issuer = issuer }, "token_issuers",
						("{ [%q] = { openid_issuer = true } }"):format(bound));
			});
		end);

		it("fetches its sets once, before the first token", function ()
			for _ = 1, 50 do
				if count(name.."/bound/keys") > 0 and count(name.."/provider/keys") > 0 and count(name.."/set") > 0 then
					break;
				end
				world.run({ seconds = 0.1 });
			end
			assert.same({ 1, 1, 1 }, { count(name.."/set"), count(name.."/provider/keys"), count(name.."/bound/keys") });
		end);

		it("takes keys from a JWK Set", function ()
			assert.equal("accepted", log_in("set", { key = "one" }));
			assert.equal("accepted", log_in("set", { key = "two" }));
			assert.equal("bad-signature", log_in("set", { key = "one", kid = "two" }));
			assert.equal(1, count(name.."/set"));
			assert.equal("key-not-found", log_in("set", { key = "served" }));
			assert.equal("key-not-found", log_in("set", { key = "served" }));
			assert.equal(2, count(name.."/set"));
		end);

		it("asks the key server for keys that are not in the set", function ()
			assert.equal("accepted", log_in("both", { key = "one" }));
			assert.equal("accepted", log_in("both", { key = "served" }));
			assert.equal(1, #world.bad_requests({ part = "/good/"..name.."/"..tv.key_file_name("served") }));
		end);

		it("takes keys from an OpenID provider, whose issuer is accepted", function ()
			assert.equal("accepted", log_in("sso", { key = "one", claims = { iss = issuer } }));
			assert.equal("issuer-not-accepted", log_in("sso", { key = "one", claims = { iss = "elsewhere" } }));
			assert.equal("bad-signature", log_in("sso", { key = "two", kid = "one", claims = { iss = issuer } }));
		end);

		it("accepts each issuer only with keys of its own source", function ()
			assert.equal("accepted", log_in("bound", { key = "one", claims = { iss = issuer } }));
			assert.equal("accepted", log_in("bound", { key = "two", kid = "one", claims = { iss = bound } }));
			assert.equal("issuer-not-accepted", log_in("bound", { key = "one", claims = { iss = bound } }));
			assert.equal("issuer-not-accepted", log_in("bound", { key = "two", kid = "one", claims = { iss = issuer } }));
			assert.equal(1, count(name.."/provider/keys"));
		end);

		it("logs no error", function ()
			assert.falsy(world.log_since({ name = name, position = 0 }):find("\terror\t", 1, true));
			world.stop_prosody({ name = name });
		end);
	end);
end

describe("Prosody with a set behind mutual TLS", function ()
	local files;

	local function log_in(kid, key)
		local log, outcome = world.logged("reload", function ()
			return world.log_in({ name = "reload", host = "tls.example", token = world.mint({ key = key or kid, kid = kid }) });
		end);
		return outcome.outcome == "accepted" and "accepted" or log:match("Token refused: ([%w-]+)") or log;
	end

	-- Changes the configuration as a person with an editor would, and lets Prosody read it.
	local function reconfigure(pattern, replacement)
		local path = world.folder().."/reload/prosody/prosody.cfg.lua";
		local file = assert(io.open(path));
		local text, changes = file:read("a"):gsub(pattern, replacement);
		file:close();
		assert.equal(1, changes);
		file = assert(io.open(path, "w"));
		file:write(text);
		file:close();
		world.shell({ name = "reload", command = { "config", "reload" } });
	end

	lazy_setup(function ()
		files = world.start_tls_servers();
		publish_set("reload/first", jwk(one, "one"));
		publish_set("reload/second", jwk(two, "two"));
		world.start_prosody({ name = "reload", hosts = world.host("tls.example", {
			cache_keys_url = files.urls.mutual.."/document/reload/first"; asap_key_server = bad.url.."/good/reload";
			token_key_ca_file = "../../"..files.ca_file:match("[^/]+/[^/]+$"); -- from the folder of the configuration
			token_key_client_cert = files.client_cert; token_key_client_key = files.client_cert; token_key_penalty = 4000;
		}) });
	end);

	it("reaches it with its options, and logs one that is out of range", function ()
		local log = world.log_since({ name = "reload", position = 0 });
		-- Whichever plugin is loaded first says it, one on another host with the name of this one in front.
		assert.matches("\terror\t[^\n]*Option 'token_key_penalty' must be a whole number from 1 to 3600: 10 is taken\n", log);
		assert.equal("accepted", log_in("one"));
		assert.equal("accepted", log_in("served"));
	end);

	it("uses another certificate after a reload, and keeps the other keys", function ()
		assert.equal(0, count("reload/second"));
		reconfigure("reload/first", "reload/second");
		assert.equal("accepted", log_in("two"));
		assert.equal("accepted", log_in("served"));
		assert.equal("key-not-found", log_in("one"));
		assert.equal(1, #world.bad_requests({ part = "/good/reload/"..tv.key_file_name("served") }));
	end);
end);
