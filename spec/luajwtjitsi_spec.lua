-- SPDX-License-Identifier: MIT
-- luajwtjitsi: verify and encode return a result, or nil and a message, for any arguments; and the internals that test suites of
-- plugins use.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local base64 = require "util.encodings".base64;
local json = require "util.json";
local token_verifier = require "token_verifier";

prosody.new_server({ ["example.org"] = {} });
local luajwtjitsi = prosody.new_module("example.org", {}):require "luajwtjitsi";

local secret = ("s"):rep(32);
local rsa = tokens.new_key();
local token = tokens.hs256({ iss = "app", aud = "jitsi", n = 5 }, secret);

describe("luajwtjitsi.verify", function ()
	it("returns the claims", function ()
		assert.same({ iss = "app", aud = "jitsi", n = 5 }, luajwtjitsi.verify(token, "HS256", secret));
		assert.equal(1, select("#", luajwtjitsi.verify(token, "HS256", secret)));
		assert.same({ a = 1 }, luajwtjitsi.verify(tokens.rs256({ a = 1 }, rsa), "RS256", rsa.public));
	end);

	-- { what, arguments, text of the message (nil: accepted) }
	local nothing = tokens.hs256({ n = 5 }, secret);
	for _, case in ipairs({
		{ "another secret", { token, "HS256", "x" }, "signature" },
		{ "another algorithm", { token, "HS384", secret }, "alg" },
		{ "an unknown algorithm", { token, "HS257", secret }, "Algorithm" },
		{ "no algorithm", { token, nil, secret }, "algorithm" },
		{ "no key", { token, "HS256", nil }, "key" },
		{ "a public key's PEM for a secret", { tokens.hs256({}, rsa.public), "HS256", rsa.public }, "secret" },
		{ "a token that is no string", { 5, "HS256", secret }, "token" },
		{ "a key that is no string", { token, "HS256", {} }, "key" },
		{ "an empty secret", { tokens.hs256({}, ""), "HS256", "" }, "secret" },
		{ "a key that is none", { tokens.rs256({}, rsa), "RS256", "nonsense" }, "key" },
		{ "no token", { nil, "HS256", secret }, "token" },
		{ "issuers that are no list", { token, "HS256", secret, "app" }, "acceptedIssuers" },
		{ "audiences that are no list", { token, "HS256", secret, nil, "jitsi" }, "acceptedAudiences" },
		{ "another issuer", { token, "HS256", secret, { "other" } }, "iss" },
		{ "the issuer", { token, "HS256", secret, { "app" } } },
		{ "any issuer", { token, "HS256", secret, { "*" } } },
		{ "any issuer, and none", { nothing, "HS256", secret, { "*" } }, "iss" },
		{ "no issuer asked for, and none", { nothing, "HS256", secret } },
		{ "another audience", { token, "HS256", secret, nil, { "other" } }, "aud" },
		{ "the audience", { token, "HS256", secret, nil, { "jitsi" } } },
		{ "no audience", { nothing, "HS256", secret, nil, { "*" } }, "aud" },
		{ "an expired token", { tokens.hs256({ exp = 1 }, secret), "HS256", secret }, "exp" },
		{ "another typ", { tokens.hs256({}, secret, { typ = "x" }), "HS256", secret }, "typ" },
	}) do
		it((case[3] and "refuses " or "accepts ")..case[1], function ()
			local claims, message = luajwtjitsi.verify(table.unpack(case[2], 1, 5));
			assert.equal(case[3] == nil, claims ~= nil, message);
			if case[3] then
				assert.truthy(message:find(case[3], 1, true), message);
			end
		end);
	end
end);

describe("the messages of luajwtjitsi", function ()
	local function part(text) return tokens.base64url(text); end
	local typ = tokens.hs256({}, secret, { typ = "at+jwt" });
	local input, signature = token:match("^(.*)%.(.*)$");
	local issuers, audiences = { "app" }, { "jitsi" };

	-- As Jitsi's library has them: { words, arguments of verify }
	for _, case in ipairs({
		{ "token argument must be string", { 5, "HS256", secret } },
		{ "algorithm argument must be string", { token, 5, secret } },
		{ "key argument must be string", { token, "HS256", 5 } },
		{ "acceptedIssuers argument must be table", { token, "HS256", secret, "app" } },
		{ "acceptedAudiences argument must be table", { token, "HS256", secret, nil, "jitsi" } },
		{ "Algorithm not supported", { token, "none", secret } },
		{ "Algorithm not supported", { token, "RS999", rsa.public } },
		{ "Invalid token", { "", "HS256", secret } },
		{ "Invalid token", { "a.b", "HS256", secret } },
		{ "Invalid token", { token..".d", "HS256", secret } },
		{ "Invalid header", { "!."..part("{}")..".AA", "HS256", secret } },
		{ "Invalid header", { part("[]").."."..part("{}")..".AA", "HS256", secret } },
		{ "Invalid body", { input:match("^[^.]*")..".!.AA", "HS256", secret } },
		{ "Invalid body", { tokens.hs256("[]", secret), "HS256", secret } },
		{ "Invalid signature", { input..".!", "HS256", secret } },
		{ "Invalid typ", { typ, "HS256", secret } },
		{ "Invalid or incorrect alg", { token, "HS384", secret..secret } },
		{ "Invalid or incorrect alg", { token, "RS256", rsa.public } },
		{ "Invalid signature", { token, "HS256", secret.."x" } },
		{ "Invalid signature", { input.."."..signature:reverse():gsub("^.", "A"):reverse(), "HS256", secret } },
		{ "exp must be number", { tokens.hs256({ exp = "5" }, secret), "HS256", secret } },
		{ "nbf must be number", { tokens.hs256({ nbf = true }, secret), "HS256", secret } },
		{ "Not acceptable by exp", { tokens.hs256({ exp = 5 }, secret), "HS256", secret } },
		{ "Not acceptable by nbf", { tokens.hs256({ nbf = os.time() + 100 }, secret), "HS256", secret } },
		{ "'iss' claim is missing", { tokens.hs256({}, secret), "HS256", secret, issuers } },
		{ "'aud' claim is missing", { tokens.hs256({}, secret), "HS256", secret, nil, audiences } },
		{ "invalid 'iss' claim", { tokens.hs256({ iss = "x" }, secret), "HS256", secret, issuers } },
		{ "invalid 'aud' claim", { tokens.hs256({ aud = "x" }, secret), "HS256", secret, nil, audiences } },
	}) do
		it("are "..case[1], function ()
			prosody.clear_log();
			local results = table.pack(luajwtjitsi.verify(table.unpack(case[2], 1, 5)));
			assert.same({ nil, case[1], n = 2 }, results);
		end);
	end

	it("have their details in a line of the debug log", function ()
		prosody.clear_log();
		luajwtjitsi.verify(tokens.hs256({ exp = 5 }, secret), "HS256", secret);
		assert.equal(1, #prosody.logged("debug", "expired: exp is 5, which has passed "));
	end);

	it("are our own if Jitsi's library accepts what is refused here", function ()
		for text, claims in pairs({
			["the claim exp is 1700000000000, which looks like milliseconds"] = { exp = 1700000000000 },
			["the claim iat is a string"] = { iat = "x" },
		}) do
			assert.truthy(select(2, luajwtjitsi.verify(tokens.hs256(claims, secret), "HS256", secret)):find(text, 1, true));
		end
		assert.truthy(select(2, luajwtjitsi.verify(token, "HS256", "")):find("secret is empty", 1, true));
	end);

	it("are the same for encode and _internals", function ()
		assert.same({ nil, "Argument #1 must be table" }, { luajwtjitsi.encode("{}", secret) });
		assert.same({ nil, "Argument #2 must be string" }, { luajwtjitsi.encode({}, 5) });
		assert.same({ nil, "Algorithm not supported" }, { luajwtjitsi.encode({}, secret, "none") });
		assert.same({ nil, "Algorithm not supported" }, { luajwtjitsi.encode({}, secret, 5) });
		for text, bad in pairs({
			["Invalid token"] = "a.b", ["Invalid header"] = "!.!.!", ["Invalid body"] = part("{}")..".!.AA", ["Invalid signature"] = input..".!",
		}) do
			assert.equal(text, (select(4, luajwtjitsi._internals.parse_token(bad))));
		end
		assert.equal("Invalid token", (select(4, luajwtjitsi._internals.strip_signature("a.b"))));
	end);
end);

describe("luajwtjitsi.encode", function ()
	local ec_key = assert(io.popen("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null")):read("a");
	local header_of = function (made) return (token_verifier.inspect(made)); end

	it("makes HS256 tokens that others read", function ()
		local made = luajwtjitsi.encode({ iss = "app", n = 5 }, secret);
		local input, signature = made:match("^(.*)%.(.*)$");
		assert.equal(tokens.base64url(require "util.hashes".hmac_sha256(secret, input)), signature);
		assert.same({ iss = "app", n = 5 }, json.decode(base64.decode(input:match("%.(.*)"):gsub("[-_]", { ["-"] = "+", ["_"] = "/" }).."==")));
		assert.equal(1, select("#", luajwtjitsi.encode({}, secret)));
	end);

	for _, algorithm in ipairs({ "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "ES256" }) do
		it("and verify agree on "..algorithm, function ()
			local is_hmac = algorithm:find("^HS");
			local private = algorithm:find("^ES") and ec_key or rsa.private;
			local public = token_verifier.key(private):pem();
			local claims = { iss = "app", list = { 1, 2.5, "x" }, deep = { yes = true, no = false, null = token_verifier.null } };
			local made = assert(luajwtjitsi.encode(claims, is_hmac and secret..secret or private, algorithm));
			assert.same(claims, luajwtjitsi.verify(made, algorithm, is_hmac and secret..secret or public));
			assert.same({ typ = "JWT", alg = algorithm }, header_of(made));
			local other = algorithm:gsub("%d+", { ["256"] = "384", ["384"] = "512", ["512"] = "256" });
			assert.is_nil((luajwtjitsi.verify(made, other, is_hmac and secret..secret or public)));
		end);
	end

	it("keeps other members of the header, and sets typ and alg", function ()
		local given = { kid = "k", typ = "x", alg = "none", x = { 1 } };
		local made = luajwtjitsi.encode({}, secret, "HS256", given);
		assert.same({ kid = "k", typ = "JWT", alg = "HS256", x = { 1 } }, header_of(made));
		assert.same({ kid = "k", typ = "x", alg = "none", x = { 1 } }, given);
	end);

	it("keeps [] and {} as they were", function ()
		local made = tokens.hs256('{"a":[],"o":{},"n":{"a":[[],{}]}}', secret);
		local again = luajwtjitsi.encode(luajwtjitsi.verify(made, "HS256", secret), secret);
		local _, payload = again:match("^([^.]*)%.([^.]*)");
		local text = base64.decode(payload..("="):rep(-#payload % 4));
		for _, part in ipairs({ '"a":[]', '"o":{}', '"n":{"a":[[],{}]}' }) do
			assert.truthy(text:find(part, 1, true), text);
		end
	end);

	-- { what, arguments }
	for _, case in ipairs({
		{ "no claims", { nil, secret } }, { "claims that are a text", { "{}", secret } }, { "no key", { {}, nil } },
		{ "a key that is no string", { {}, {} } }, { "an empty secret", { {}, "" } }, { "a left-over secret", { {}, "<no value>" } },
		{ "an algorithm that is no string", { {}, secret, 5 } }, { "an unknown algorithm", { {}, secret, "HS257" } },
		{ "no algorithm at all", { {}, secret, "none" } }, { "a header that is no table", { {}, secret, "HS256", "x" } },
		{ "a public key to sign with", { {}, rsa.public, "RS256" } }, { "a secret to sign RS256 with", { {}, secret, "RS256" } },
		{ "a private key as a secret", { {}, rsa.public, "HS256" } }, { "a key of another type", { {}, rsa.private, "ES256" } },
		{ "a claim that JSON does not have", { { f = print }, secret } }, { "claims in a loop", { (function ()
			local t = {};
			t.t = t;
			return t;
		end)(), secret } },
		{ "a header with crit", { {}, secret, "HS256", { crit = { "x" } } } },
	}) do
		it("refuses "..case[1], function ()
			local made, message = luajwtjitsi.encode(table.unpack(case[2], 1, 4));
			assert.is_nil(made);
			assert.is_string(message);
			assert.falsy(message:find(secret, 1, true));
		end);
	end
end);

describe("luajwtjitsi._internals", function ()
	local internals = luajwtjitsi._internals;
	local input, signature = token:match("^(.*)%.(.*)$");

	it("split_token returns the segments", function ()
		assert.same({ "a", "b", "c" }, internals.split_token("a.b.c"));
		assert.same({ "a", "", "c" }, internals.split_token("a..c"));
		assert.same({ "a" }, internals.split_token("a"));
		assert.equal(3, #internals.split_token(token));
	end);

	it("parse_token returns header, body and signature, verified or not", function ()
		local header, body, bytes, message = internals.parse_token(token);
		assert.same({ typ = "JWT", alg = "HS256" }, header);
		assert.same({ iss = "app", aud = "jitsi", n = 5 }, body);
		assert.equal(signature, tokens.base64url(bytes));
		assert.is_nil(message);
		for length = 1, 4 do -- whatever padding it would have had
			local any = ("\255\254\253\252"):sub(1, length);
			assert.equal(any, (select(3, internals.parse_token(input.."."..tokens.base64url(any)))));
		end
	end);

	it("parse_token and strip_signature return nil, nil, nil and a message for a text that is not a token", function ()
		for _, name in ipairs({ "parse_token", "strip_signature" }) do
			for _, bad in ipairs({ "", "a", "a.b", "a.b.c.d", 5, {} }) do
				local results = table.pack(internals[name](bad));
				assert.same({ 4, "string" }, { results.n, type(results[4]) });
				assert.is_nil(results[1] or results[2] or results[3]);
			end
			assert.is_string((select(4, internals[name](nil))));
		end
		assert.is_string((select(4, internals.parse_token("!.!.!"))));
	end);

	it("strip_signature returns the signed part", function ()
		assert.equal(input, internals.strip_signature(token));
		assert.equal("a.b", internals.strip_signature("a.b.c"));
	end);

	it("verify_claim says whether a value is in a list", function ()
		for _, case in ipairs({
			{ "a", { "a" }, true }, { "a", { "b", "a" }, true }, { "a", { "b" }, false }, { "a", {}, false }, { "a", { "*" }, true },
			{ nil, { "*" }, true }, { nil, { "a" }, false }, { "*", { "a" }, false }, { "A", { "a" }, false },
		}) do
			assert.equal(case[3], internals.verify_claim(case[1], case[2]));
		end
	end);
end);
