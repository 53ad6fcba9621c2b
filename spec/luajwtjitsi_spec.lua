-- SPDX-License-Identifier: MIT
-- luajwtjitsi.verify: the claims, or nil and a message, whatever the arguments.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";

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
		{ "an unknown algorithm", { token, "HS257", secret }, "algorithm" },
		{ "no algorithm", { token, nil, secret }, "algorithm" },
		{ "no key", { token, "HS256", nil }, "key" },
		{ "an empty secret", { tokens.hs256({}, ""), "HS256", "" }, "secret" },
		{ "a key that is none", { tokens.rs256({}, rsa), "RS256", "nonsense" }, "key" },
		{ "no token", { nil, "HS256", secret }, "token" },
		{ "issuers that are no list", { token, "HS256", secret, "app" }, "issuers" },
		{ "audiences that are no list", { token, "HS256", secret, nil, "jitsi" }, "audiences" },
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
