-- SPDX-License-Identifier: MIT
-- Key servers with valid and invalid TLS, a proxy, mutual TLS and a bearer token, from plain Lua.

local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

local nginx, bad, tls, key;

lazy_setup(function ()
	nginx = world.start_nginx();
	bad = world.start_bad_server();
	tls = world.start_tls_servers();
	key = world.new_key({ kid = "key", publish = { "nginx", "bad" } });
end);

lazy_teardown(world.close);

local names = 0;
local function new_store(url, options)
	names = names + 1;
	local path = ("/good/tls-%d/"):format(names);
	local all = { asap_key_server = url..path, ca_file = tls.ca_file };
	for name, value in pairs(options or {}) do
		all[name] = value or nil;
	end
	return assert(tv.keystore(all)), function () return #world.bad_requests({ part = path }); end;
end

local function brings_the_key(store)
	assert.equal(key.public, assert(store:get("key", true)):pem());
	store:close();
end

local function fails(store, code, words)
	local found, message, got = store:get("key", true);
	store:close();
	assert.is_nil(found);
	assert.equal(code, got, message);
	assert.truthy(message:lower():find(words, 1, true), message);
end

describe("a real nginx behind https", function ()
	it("is trusted by its own CA", function ()
		local store = tv.keystore({ asap_key_server = nginx.https_url, ca_file = nginx.ca_file });
		local claims = assert(tv.verify(world.mint({ key = "key" }), {
			keys = store, accepted_issuers = { "issuer" }, accepted_audiences = { "meet" }, wait = true;
		}));
		assert.equal("issuer", claims.iss);
		assert.equal(1, #world.requests({ kid = "key" }));
		store:close();
	end);

	it("is asked for many keys although it closes each connection after a few", function ()
		local kids, store = {}, tv.keystore({ asap_key_server = nginx.https_url.."/.", ca_file = nginx.ca_file });
		for i = 1, 100 do
			kids[i] = "key-"..i;
		end
		world.publish({ key = "key", kids = kids, places = { "nginx" } });
		for _, kid in ipairs(kids) do
			assert.equal("key-pending", select(3, store:get(kid, false)));
		end
		repeat
			local settled, running = tv.step(5);
			for _, item in ipairs(settled) do
				assert.is_nil(item.code, item.message);
			end
		until running == 0;
		for _, kid in ipairs(kids) do
			assert(store:get(kid, false));
		end
		store:close();
	end);

	it("is refused without the CA", function ()
		-- Not even while somebody else trusts it, at the same URL.
		local store = tv.keystore({ asap_key_server = nginx.https_url, ca_file = nginx.ca_file });
		assert(store:get("key", true));
		fails(tv.keystore({ asap_key_server = nginx.https_url }), "key-source-unavailable", "certificate");
		store:close();
	end);
end);

describe("a key server behind TLS", function ()
	it("returns the key", function ()
		local store, requests = new_store(tls.urls.good);
		brings_the_key(store);
		assert.equal(1, requests());
	end);

	for wrong, words in pairs({
		unknown_ca = "certificate", wrong_name = "for another host name", expired = "certificate", tls_1_1 = "",
	}) do
		it(("(%s) is not asked for it"):format(wrong), function ()
			if wrong == "tls_1_1" then
				assert.equal("TLSv1.1", world.tls_version({ url = tls.urls.tls_1_1 })); -- it works for those who let it
			end
			local store, requests = new_store(tls.urls[wrong]);
			fails(store, "key-source-unavailable", words);
			assert.equal(0, requests());
		end);
	end

	it("is not trusted because of the system's CAs", function ()
		local store, requests = new_store(tls.urls.good, { ca_file = false });
		fails(store, "key-source-unavailable", "certificate");
		assert.equal(0, requests());
	end);
end);

describe("a key server that authenticates its clients", function ()
	it("accepts a certificate of its CA", function ()
		brings_the_key(new_store(tls.urls.mutual, { client_cert = tls.client_cert, client_key = tls.client_cert }));
	end);

	it("accepts no missing certificate, and none of another CA", function ()
		fails(new_store(tls.urls.mutual), "key-source-unavailable", "");
		local stranger = { client_cert = tls.stranger_cert, client_key = tls.stranger_cert };
		fails(new_store(tls.urls.mutual, stranger), "key-source-unavailable", "");
	end);

	it("accepts the bearer token of the file, which may change", function ()
		local file = world.write_file({ name = "bearer", text = "not-the-token\n" });
		local function store(name)
			return tv.keystore({ asap_key_server = ("%s/bearer/%s"):format(bad.url, name), bearer_token_file = file });
		end
		fails(store("a"), "key-unusable", "401");
		world.write_file({ name = "bearer", text = world.bearer().."\n" });
		brings_the_key(store("b"));
		fails(tv.keystore({ asap_key_server = bad.url.."/bearer/c" }), "key-unusable", "401");
	end);
end);

describe("a proxy", function ()
	it("is asked if it is configured, and only then", function ()
		local proxy = world.start_proxy();
		local store, requests = new_store(bad.url, { proxy = proxy });
		brings_the_key(store);
		assert.equal(2, requests()); -- that of the store, and the proxy's own
		assert.equal(1, #world.bad_requests({ part = "proxy "..bad.url }));
		brings_the_key((new_store(bad.url)));
		assert.equal(1, #world.bad_requests({ part = "proxy" }));
	end);

	it("that is down is not bypassed", function ()
		local store, requests = new_store(bad.url, { proxy = world.closed_url() });
		fails(store, "key-source-unavailable", "");
		assert.equal(0, requests());
	end);

	it("of the environment is not used", function ()
		local program = ([[
			local tv = require "token_verifier";
			local store = assert(tv.keystore{ asap_key_server = "%s/good/environment" });
			assert(store:get("key", true));
		]]):format(bad.url);
		local path = world.write_file({ name = "environment.lua", text = program });
		local cpath = package.cpath:gsub(";;.*", "");
		assert(os.execute(("http_proxy=%s LUA_CPATH='%s' lua5.4 %s"):format(world.closed_url(), cpath, path)));
	end);
end);
