-- SPDX-License-Identifier: MIT
-- Misuse by plugin authors raises an error that names the argument or the option.

require "spec.support.prosody";
local tv = require "token_verifier";

local function key(name)
	return assert(io.open("test/vectors/keys/"..name)):read("a");
end

local function raises(call, ...)
	local good, message = pcall(call, ...);
	assert.is_false(good, "it does not raise");
	return tostring(message);
end

describe("a key store's options that contradict each other", function ()
	local url = "https://keys.example";
	for sentence, options in pairs({
		["options 'asap_key_server' and 'jwks_url' exclude each other"] = { asap_key_server = url, jwks_url = url },
		["options 'ca_file' and 'ca_path' exclude each other"] = { jwks_url = url, ca_file = "/a", ca_path = "/b" },
		["option 'asap_key_server' holds a NUL character"] = { asap_key_server = url.."\0/x" },
		["option 'proxy' holds a NUL character"] = { jwks_url = url, proxy = "a\0b" },
		["option 'asap_key_server' must name 1 to"] = { asap_key_server = {} },
		["option 'jwks_url' must name 1 to 1 sources"] = { jwks_url = { url, url.."/2" } },
		["a folder cannot be one of several key servers"] = { asap_key_server = { url, "file:///keys" } },
		["option 'directory': a folder of keys must be an absolute path, not 'keys'"] = { directory = "keys" },
		["option 'asap_key_server': a folder of keys must be an absolute path, not 'keys'"] = { asap_key_server = "file://keys" },
		["option 'back_off_min' is greater than 'back_off_max'"] = { jwks_url = url, back_off_min = 20, back_off_max = 10 },
		["options 'client_cert' and 'client_key' go together"] = { jwks_url = url, client_cert = "/a" },
		["option 'cache_size'"] = { jwks_url = url, cache_size = 1.5 },
		["option 'max_queued'"] = { jwks_url = url, max_queued = 1e10 },
		["option 'timeout'"] = { jwks_url = url, timeout = -1 },
		["option 'wait_limit'"] = { jwks_url = url, wait_limit = 4e8 },
		["option 'min_ttl' must be from 1 to 315360000 seconds, without a fraction"] = { jwks_url = url, min_ttl = 0 },
		["option 'negative_ttl' must be from 1 to 315360000 seconds, without a fraction"] = { jwks_url = url, negative_ttl = 0 },
	}) do
		it(("raise: %s"):format(sentence), function ()
			local message = raises(tv.keystore, options);
			assert.truthy(message:find(sentence, 1, true), message);
		end);
	end
end);

describe("the part of its freshness in which a key is refreshed ahead", function ()
	for _, percent in ipairs({ -1, 51, 2.5, 1e3 }) do
		it(("is a whole number from 0 to 50, not %g"):format(percent), function ()
			local message = raises(tv.keystore, { jwks_url = "https://keys.example", refresh_ahead = percent });
			assert.truthy(message:find("option 'refresh_ahead' must be a whole number from 0 to 50", 1, true), message);
		end);
	end
end);

describe("a verifier's options that contradict each other", function ()
	local store = tv.keystore();
	local many = {};
	for i = 1, 40 do many[i] = "RS256"; end
	for sentence, options in pairs({
		["option 'algorithms' has more than"] = { key = key("rsa.pem"), algorithms = many },
		["option 'algorithms' mixes HMAC (HS256) with others (RS256)"] = { key = key("rsa.pem"), algorithms = { "RS256", "HS256" } },
		["option 'algorithms' is an empty list"] = { key = key("rsa.pem"), algorithms = {} },
		["option 'openid_issuer' is an empty list"] = { openid_issuer = {} },
		["option 'issuers' is empty"] = { issuers = {} },
		["'issuers' must be a table from issuer to key store"] = { issuers = store },
		["'keys' must be a key store or a list of key stores, not table"] = { keys = {} },
		["'keys' must be a key store or a list of key stores, not string"] = { keys = "https://keys.example" },
		["options 'secret' and 'key' exclude each other"] = { secret = "x", key = key("rsa.pem") },
	}) do
		it(("raise: %s"):format(sentence), function ()
			local message = raises(tv.new, options);
			assert.truthy(message:find(sentence, 1, true), message);
		end);
	end

	it("raise: issuers of which one has no store", function ()
		for _, issuers in ipairs({ { [1] = store }, { a = {} }, { a = 5 }, { a = "https://keys.example" } }) do
			assert.truthy(raises(tv.new, { issuers = issuers }):find("'issuers'", 1, true));
		end
	end);
end);

describe("a NUL does not end a name:", function ()
	local store = tv.keystore();
	for name, value in pairs({ secret = "x", leeway = 300, algorithms = { "HS256" }, require_room = false, now = 5, room = "a" }) do
		it(("the option %s with one behind it is unknown"):format(name), function ()
			local message = raises(tv.new, { key = key("rsa.pem"), [name.."\0"] = value });
			assert.truthy(message:find("unknown option '"..name.."', behind whose name is a NUL", 1, true), message);
			-- Where an options table is remembered, too.
			message = raises(tv.verify, "token", { key = key("rsa.pem"), [name.."\0"] = value });
			assert.truthy(message:find("unknown option", 1, true), message);
		end);
	end

	it("in what is compared or is a path", function ()
		for sentence, options in pairs({
			["'RS256' is no algorithm"] = { key = key("rsa.pem"), algorithms = { "RS256\0" } },
			["'directory' holds a NUL"] = { directory = "/tmp\0/x" },
			["'jwks_url' holds a NUL"] = { jwks_url = "http://127.0.0.1:1/\0x" },
			["'openid_issuer' holds a NUL"] = { openid_issuer = { "https://one.example\0" } },
			["'asap_key_server' holds a NUL"] = { asap_key_server = { "http://127.0.0.1:1/\0" } },
		}) do
			local message = raises(tv.new, options);
			assert.truthy(message:find(sentence, 1, true), message);
		end
		for _, name in ipairs({ "ca_file", "ca_path", "proxy", "client_cert", "client_key", "bearer_token_file" }) do
			local message = raises(tv.keystore, { jwks_url = "http://127.0.0.1:1/", [name] = "/tmp\0x" });
			assert.truthy(message:find("option '"..name.."' holds a NUL", 1, true), message);
		end
		assert.truthy(raises(tv.sign, {}, { secret = "x", algorithm = "HS256\0" }):find("no algorithm", 1, true));
		assert.truthy(raises(tv.generate_key, { curve = "P-256\0" }):find("no curve", 1, true));
	end);

	it("of an array's mark in claims to be signed", function ()
		local token = assert(tv.sign({ list = setmetatable({}, { __jsontype = "array\0" }) }, { secret = "x" }));
		local _, claims = tv.inspect(token);
		assert.is_nil(getmetatable(claims.list)); -- an object, as without a mark
	end);
	store:close();
end);

describe("a method", function ()
	for what, object in pairs({ ["no userdata"] = "key", ["a userdata of nobody"] = debug.upvalueid(raises, 1), ["a file"] = io.stdout }) do
		it(("raises if it is called with %s"):format(what), function ()
			assert.truthy(raises(tv.key(key("rsa.pem")).pem, object):find("token_verifier.key expected", 1, true));
			assert.truthy(raises(tv.new({ secret = "s" }).verify, object, "a.b.c"):find("token_verifier.verifier expected", 1, true));
		end);
	end
end);

describe("arguments out of range raise:", function ()
	it("the time that step may take", function ()
		for _, seconds in ipairs({ -1, 86401, 0/0 }) do
			assert.truthy(raises(tv.step, seconds):find("seconds from 0 to 86400", 1, true));
		end
	end);

	it("how long a key that is put lives", function ()
		local store <close> = tv.keystore();
		for _, ttl in ipairs({ -1, 0.0001, 1e9, 0/0 }) do
			assert.truthy(raises(store.put, store, "k", key("rsa.pem"), ttl):find("bad argument #", 1, true));
		end
		assert.is_nil((store:get("k", false)));
	end);

	it("a store that is closed", function ()
		local store = tv.keystore();
		store:close();
		assert.truthy(raises(store.get, store, "k"):find("the key store is closed", 1, true));
	end);
end);

describe("impossible requests get their codes:", function ()
	it("a key without a name", function ()
		local store <close> = tv.keystore();
		assert.equal("key-id-missing", (select(3, store:get("", false))));
	end);

	it("a key without a file, twice, and a refresh of a folder changes nothing", function ()
		local store <close> = tv.keystore({ directory = "/proc/self/fdinfo" });
		for _ = 1, 2 do
			assert.equal("key-not-found", (select(3, store:get("nobody", true))));
			store:refresh();
		end
		assert.same({}, store:keys());
	end);

	it("a payload with more values than a token has room for", function ()
		local values = {};
		for i = 1, 20000 do values[i] = true; end
		local token, message = tv.sign({ values = values }, { secret = ("s"):rep(32) });
		assert.is_nil(token);
		assert.truthy(message:find("more values than a token has room for", 1, true), message);
	end);
end);

describe("values that are not JSON cannot be signed:", function ()
	for what, value in pairs({
		["a light userdata that is not null"] = io.stdout and debug.upvalueid(raises, 1),
		["a function"] = print,
	}) do
		it(what, function ()
			local token, message, code = tv.sign({ claim = value }, { secret = ("s"):rep(32) });
			assert.is_nil(token);
			assert.is_string(code);
			assert.truthy(message:find(("holds %s"):format(what), 1, true), message);
		end);
	end
end);

describe("objects in a log tell what they are", function ()
	for file, text in pairs({
		["rsa.pem"] = "token_verifier.key (RSA, 2048 bits)", ["ec.pem"] = "token_verifier.key (EC P-256)",
		["ed25519.pem"] = "token_verifier.key (OKP Ed25519)",
	}) do
		it(file, function ()
			assert.equal(text, tostring(tv.key(key(file))));
		end);
	end

	it("and a verifier its algorithms", function ()
		assert.equal("token_verifier.verifier (RS256 PS256)", tostring(tv.new({ key = key("rsa.pem"), algorithms = { "RS256", "PS256" } })));
	end);
end);

describe("a key that is refused", function ()
	for sentence, text in pairs({
		["public exponent that is even, 1 or over 64 bits"] = '{"kty":"RSA","e":"Ag","n":"%s"}',
		["modulus that is even"] = '{"kty":"RSA","e":"AQAB","n":"%s"}',
		["modulus of more than 8192 bits and a public exponent that is greater than 65537"] = '{"kty":"RSA","e":"AQAD","n":"%s"}',
	}) do
		it(("has its message: %s"):format(sentence), function ()
			local modulus = ("w"):rep(sentence:find("8192") and 1373 or 341)..(sentence:find("that is even$") and "g" or "w");
			local made, message, code = tv.key(text:format(modulus));
			assert.is_nil(made);
			assert.is_string(code);
			assert.truthy(message:find(sentence, 1, true), message);
		end);
	end
end);
