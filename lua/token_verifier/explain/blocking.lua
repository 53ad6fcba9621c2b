-- SPDX-License-Identifier: MIT
-- Asks for keys and waits for them, where it may block; in a running server, plugin/waiting.lua waits.

local token_verifier = require "token_verifier";

local blocking = {};

-- Called before each wait with f() -> result, message, code, facts, which asks without waiting. A program may replace it, to say
-- what it waits for.
function blocking.before_waiting(_) end

-- The same as store:get() with `detail`.
function blocking.get(store, kid)
	blocking.before_waiting(function ()
		return store:get(kid, { wait = false, detail = true });
	end);
	return store:get(kid, { wait = true, detail = true });
end

-- Verifies as `verifier` does, which was made with `options`, those of token_verifier.new(). Also returns the facts of a failure.
function blocking.verify(verifier, options, token)
	local impatient;
	blocking.before_waiting(function ()
		if not impatient then
			local copy = {};
			for name, value in pairs(options) do
				copy[name] = value;
			end
			copy.wait = false;
			impatient = token_verifier.new(copy);
		end
		return impatient:verify(token, { detail = true });
	end);
	return verifier:verify(token, { detail = true });
end

return blocking;
