-- SPDX-License-Identifier: MIT
-- A kit for specs of code that uses tokens: keys, valid and invalid tokens, a clock, a key server that can be told to fail,
-- stand-ins for Prosody, and assertions for busted. docs/testing.md explains it.

local clock = require "token_verifier.testing.clock";
local keys = require "token_verifier.testing.keys";
local rooms = require "token_verifier.testing.rooms";
local tokens = require "token_verifier.testing.tokens";

if pcall(require, "luassert") then
	require "token_verifier.testing.assertions";
end

local testing = {
	absent = tokens.absent,
	claims = tokens.claims,
	clock = clock,
	forge = tokens.forge,
	jwk_set = function (given) return keys.jwk_set(keys.by_kid(given)); end,
	key = keys.key,
	keystore = keys.keystore,
	mint = tokens.mint,
	room = rooms.room,
	secret = tokens.secret,
};

function testing.key_server(with_keys)
	return require "token_verifier.testing.key_server".start(with_keys);
end

-- The stand-ins need Prosody's own libraries, so they are loaded on first use.
return setmetatable(testing, {
	__index = function (_, name)
		if name == "prosody" then
			testing.prosody = require "token_verifier.testing.prosody";
			return testing.prosody;
		end
		return nil;
	end;
});
