-- SPDX-License-Identifier: MIT
-- Makes the tokens that a plugin sends to other services, and keeps each one until it is about to expire.

local token_verifier = require "token_verifier";
local plain_file = require "token_verifier.plugin.plain_file";

-- Maximum number of tokens kept, one for each audience and combination of settings.
local max_tokens = 32;

local methods = {};
local mt = { __index = methods };

local function make(options, audience, now)
	local private_key, problem = plain_file.read(options.key_path, "a");
	if not private_key then
		return nil, ("the key cannot be read: %s"):format(problem);
	end
	return token_verifier.sign({ iss = options.issuer, aud = audience, nbf = now, exp = now + options.ttl }, {
		algorithm = "RS256", private_key = private_key, kid = options.key_id,
	});
end

local function name_of(options, audience)
	return ("%q %q %q %d %q"):format(options.key_path, options.key_id, options.issuer, options.ttl, audience);
end

-- Returns the token for an audience, or nil and a message. `options` are those that config.lua reads.
function methods:token(options, audience)
	local now = os.time();
	local name = name_of(options, audience);
	local kept = self.tokens[name];
	-- A token made while the clock was ahead is not valid yet.
	if kept and kept.made <= now and kept.made + options.ttl - now >= options.ttl_threshold then
		return kept.token;
	end
	local token, message = make(options, audience, now);
	if not token then
		return nil, message;
	end
	if not kept then
		if self.count >= max_tokens then
			self.tokens, self.count = {}, 0;
		end
		self.count = self.count + 1;
	end
	self.tokens[name] = { token = token, made = now };
	return token;
end

local function new()
	return setmetatable({ tokens = {}, count = 0 }, mt);
end

return { new = new };
