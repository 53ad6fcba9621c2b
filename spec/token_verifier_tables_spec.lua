-- SPDX-License-Identifier: MIT
-- The published tables of the module agree with its behaviour.

local tv = require "token_verifier";
local tokens = require "token_verifier.testing.tokens";

local secret = tokens.secret;
local url = "http://127.0.0.1:1/tables/";
local count = 0;

-- Options of a store of its own, whose pairs of least and greatest leave room for every value of one of them.
local function store_options(name, value)
	count = count + 1;
	local options = {
		jwks_url = url..count, min_ttl = 1, max_ttl = 315360000, back_off_min = 0.001, back_off_max = 315360000,
	};
	options[name] = value;
	return options;
end

local function verifier_options(name, value)
	return { secret = secret, [name] = value };
end

local function close(store)
	if type(store) == "userdata" and store.close then
		store:close();
	end
end

local function by_name(rows)
	local result = {};
	for _, row in ipairs(rows) do
		assert.is_nil(result[row.name], row.name);
		result[row.name] = row;
	end
	return result;
end

local function numbers(rows)
	local result = {};
	for _, row in ipairs(rows) do
		if row.most then
			result[#result + 1] = row;
		end
	end
	return result;
end

local makers = {
	verifier = { make = tv.new, options = verifier_options, least_rows = 3 };
	keystore = { make = tv.keystore, options = store_options, least_rows = 20 };
};

for kind, maker in pairs(makers) do
	local rows = tv.settings[kind];

	describe("tv.settings."..kind, function ()
		it("has a row with a text for each option", function ()
			by_name(rows);
			for _, row in ipairs(rows) do
				assert.is_string(row.type, row.name);
				assert.is_true(type(row.text) == "string" and #row.text > 5 and row.text:sub(-1) ~= ".", row.name);
				assert.is_true(row.default == nil or row.default_text == nil, row.name);
				assert.is_true(row.type == "number" or row.least == nil, row.name);
			end
			assert.is_true(#numbers(rows) >= maker.least_rows);
		end);

		for _, row in ipairs(numbers(rows)) do
			it("says from where to where "..row.name.." goes", function ()
				local step = row.whole and 1 or 0.0005;
				for _, value in ipairs{ row.least, row.most } do
					close((assert(maker.make(maker.options(row.name, value)))));
				end
				for _, value in ipairs{ row.least - step, row.most + (row.whole and 1 or 0.5), 0 / 0, 1 / 0 } do
					assert.error_matches(function () maker.make(maker.options(row.name, value)); end, "option '"..row.name.."' must be ");
				end
				local ok = pcall(maker.make, maker.options(row.name, row.least + 0.5));
				assert.equal(not row.whole, ok);
			end);
		end

		it("says the type of each", function ()
			local wrong = { number = "1", boolean = 1, string = true, list = "text" };
			for _, row in ipairs(rows) do
				local value = wrong[row.type];
				if value ~= nil and row.name ~= "secret" and not by_name(tv.sources)[row.name] then
					assert.error_matches(function () maker.make(maker.options(row.name, value)); end, "option '"..row.name.."' must be a");
				end
			end
		end);
	end);
end

describe("tv.settings.keystore", function ()
	it("says the defaults of a store", function ()
		local plain = { jwks_url = url.."plain" };
		local store = assert(tv.keystore(plain));
		for _, row in ipairs(tv.settings.keystore) do
			if math.type(row.default) then
				plain[row.name] = row.default;
				local same, differs = tv.keystore(plain);
				assert.is_nil(differs, row.name);
				assert.equal(store:id(), same:id(), row.name);
				same:close();
				plain[row.name] = row.default == row.most and row.default - 1 or row.default + 1;
				local other;
				other, differs = tv.keystore(plain);
				assert.is_true(other:id() ~= store:id() or differs:find("another '"..row.name.."'", 1, true) ~= nil, row.name);
				other:close();
				plain[row.name] = nil;
			end
		end
		store:close();
	end);
end);

describe("tv.settings.verifier", function ()
	local now = 1700000000;
	local rows = by_name(tv.settings.verifier);
	local function judged(claims, options)
		options.secret, options.now = secret, now;
		return select(3, tv.verify(assert(tv.sign(claims, { secret = secret })), options)) or "ok";
	end

	it("says the defaults of a verifier", function ()
		assert.equal(0, rows.leeway.default);
		assert.equal("expired", judged({ exp = now - 1 }, {}));
		assert.equal("ok", judged({ exp = now - 1 }, { leeway = rows.leeway.most }));
		assert.equal(0, rows.max_lifetime.default);
		assert.equal("ok", judged({ iat = now, exp = now + 2 * rows.max_lifetime.most }, {}));
		assert.equal("lifetime-too-long", judged({ iat = now, exp = now + 2 }, { max_lifetime = 1 }));
		for _, case in ipairs{
			{ "require_room", {}, "room-missing" }, { "require_sub", {}, "sub-missing" },
			{ "accept_milliseconds", { exp = now * 1000 + 1000 }, "ok", "invalid-claim" },
		} do
			local name, claims, with, without = table.unpack(case);
			assert.equal(false, rows[name].default);
			assert.equal(without or "ok", judged(claims, {}));
			assert.equal(with, judged(claims, { [name] = true }));
		end
		assert.equal(false, rows.strict_secrets.default);
		assert.truthy(tv.new({ secret = "short" }));
		assert.equal("weak-secret", select(3, tv.new({ secret = "short", strict_secrets = true })));
	end);

	it("marks the sources of keys", function ()
		local marked = {};
		for _, row in ipairs(tv.settings.verifier) do
			marked[#marked + 1] = row.key_source and "'"..row.name.."'";
		end
		local _, message = pcall(tv.new, {});
		assert.equal(("one of the options %s is needed"):format(table.concat(marked, ", ")), message);
		local names = by_name(tv.sources);
		for _, row in ipairs(tv.settings.keystore) do
			assert.equal(names[row.name] and true, row.key_source);
		end
	end);

	it("marks the options of verify_jws", function ()
		local jws = assert(tv.sign({}, { secret = secret }));
		local marked = 0;
		for name, row in pairs(rows) do
			local _, message = pcall(tv.verify_jws, jws, { [name] = {} });
			local is_unknown = message:find("unknown option '"..name.."'", 1, true) ~= nil;
			assert.equal(not row.jws, is_unknown, name);
			marked = marked + (row.jws and 1 or 0);
		end
		assert.equal(12, marked);
	end);
end);

describe("tv.sources", function ()
	it("are options of verify() and of stores", function ()
		local of_verifier, of_store = by_name(tv.settings.verifier), by_name(tv.settings.keystore);
		for _, source in ipairs(tv.sources) do
			assert.truthy(of_verifier[source.name] and of_store[source.name], source.name);
			assert.equal(of_store[source.name].text, source.text);
			local urls = {};
			for i = 1, source.most + 1 do
				urls[i] = source.name == "directory" and "/nonexistent/"..i or url..source.name..i;
			end
			assert.error_matches(function () tv.keystore({ [source.name] = urls }); end, "must name 1 to "..source.most.." sources");
			urls[#urls] = nil;
			close((assert(tv.keystore({ [source.name] = urls }))));
		end
		assert.equal(4, #tv.sources);
	end);

	it("exclude each other, in one sentence that names all", function ()
		local _, message = pcall(tv.new, {});
		for _, source in ipairs(tv.sources) do
			assert.truthy(message:find("'"..source.name.."'", 1, true), message);
			assert.error_matches(function () tv.new({ secret = secret, [source.name] = url }); end,
				"options 'secret' and '"..source.name.."' exclude each other");
		end
		assert.equal("one of the options 'secret', 'key', 'keys', 'issuers', 'asap_key_server', 'jwks_url', 'openid_issuer', "
			.."'directory' is needed", message);
	end);
end);

describe("tv.algorithms", function ()
	local function generate(row)
		local options = row.key_type == "RSA" and { bits = 2048 } or { curve = row.curve or "Ed25519" };
		return assert(tv.generate_key(options));
	end

	it("says what keys and signatures are like", function ()
		local names = {};
		for name, row in pairs(tv.algorithms) do
			assert.is_nil(names[row.order]);
			names[row.order] = name;
			local options = { algorithm = name };
			if row.symmetric then
				options.secret = secret;
			else
				options.private_key = generate(row);
				local key = assert(tv.key(options.private_key));
				assert.equal(row.key_type, key:type(), name);
				assert.equal(row.curve or key:curve(), key:curve(), name);
			end
			local signature = assert(tv.sign({}, options)):match("[^.]*$");
			assert.equal(row.signature_size or #signature * 3 // 4, #signature * 3 // 4, name);
			assert.equal(row.key_type == "oct" or nil, row.symmetric, name);
		end
		assert.equal("HS256 HS384 HS512 RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512 EdDSA Ed25519 Ed448", table.concat(names, " "));
	end);

	it("has the names of RFC 7518 for families and hashes", function ()
		local function row(family, key_type, hash, curve)
			return { family = family, key_type = key_type, hash = hash, curve = curve };
		end
		local expected = {
			HS384 = row("HMAC", "oct", "SHA-384"); RS256 = row("RSASSA-PKCS1-v1_5", "RSA", "SHA-256");
			PS512 = row("RSASSA-PSS", "RSA", "SHA-512"); ES512 = row("ECDSA", "EC", "SHA-512", "P-521");
			EdDSA = row("EdDSA", "OKP"); Ed448 = row("EdDSA", "OKP", nil, "Ed448");
		};
		for name, wanted in pairs(expected) do
			local found = tv.algorithms[name];
			assert.same(wanted, row(found.family, found.key_type, found.hash, found.curve), name);
		end
		assert.is_nil(tv.algorithms.none);
	end);
end);

describe("tv.code_classes", function ()
	it("has a class for each code", function ()
		local members = { token = 0, claim = 0, key = 0, source = 0, internal = 0 };
		for code in pairs(tv.codes) do
			local class = tv.code_classes[code];
			members[class] = members[class] + 1;
		end
		for code in pairs(tv.code_classes) do
			assert.is_string(tv.codes[code]);
		end
		for class, number in pairs(members) do
			assert.is_true(number > 0, class);
		end
	end);

	it("says whether the token, the key, the source or the caller is at fault", function ()
		for code, class in pairs{
			["bad-signature"] = "token", ["key-algorithm-mismatch"] = "token", expired = "claim", ["sub-invalid"] = "claim",
			["key-not-found"] = "key", ["weak-secret"] = "key", ["key-source-unavailable"] = "source", ["key-unusable"] = "source",
			["crypto-failure"] = "internal",
		} do
			assert.equal(class, tv.code_classes[code], code);
		end
	end);
end);
