-- SPDX-License-Identifier: MIT
-- A clock that specs can set: the time at which tokens are made and verified. While it is set, it replaces the verifying functions
-- in this process, so that a plugin's token/util uses it, too. Production code has no such hook.

local token_verifier = require "token_verifier";
local kept = require "token_verifier.testing.kept";

local clock = {};

local function with_now(options)
	if type(options) ~= "table" and options ~= nil or getmetatable(options) ~= nil then
		return options; -- left for the module to refuse
	end
	local copy = { now = kept.time };
	for name, value in pairs(options or {}) do
		copy[name] = value;
	end
	return copy;
end

local function methods()
	local verifier = assert(token_verifier.new({ secret = "only to get at the methods of a verifier" }));
	return debug.getmetatable(verifier).__index;
end

local function put_in()
	if kept.restore then
		return;
	end
	local index, module = methods(), token_verifier;
	local verify_by_verifier, verify = index.verify, module.verify;
	index.verify = function (verifier, token, request)
		return verify_by_verifier(verifier, token, with_now(request));
	end
	module.verify = function (token, options)
		return verify(token, with_now(options));
	end
	function kept.restore()
		index.verify, module.verify = verify_by_verifier, verify;
		kept.restore, kept.time = nil, nil;
	end
end

-- Sets and stops the clock. `time` is in seconds since 1970.
function clock.set(time)
	if math.type(time) == nil then
		error("a time in seconds since 1970 is expected", 2);
	end
	put_in();
	kept.time = time;
end

-- Moves the clock forward.
function clock.advance(seconds)
	clock.set(clock.now() + seconds);
end

function clock.now()
	return kept.time or os.time();
end

-- Returns to the clock of the machine.
function clock.reset()
	if kept.restore then
		kept.restore();
	end
end

clock.reset(); -- each spec file starts with the clock of the machine

return clock;
