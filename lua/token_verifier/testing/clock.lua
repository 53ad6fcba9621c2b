-- SPDX-License-Identifier: MIT
-- The time at which tokens are made and judged in specs: a clock to set. It is put into the functions that verify while it is
-- set, in this process, so that a plugin's token/util goes by it too. Production code has no such place.

local token_verifier = require "token_verifier";
local kept = require "token_verifier.testing.kept";

local clock = {};

local function with_now(options)
	if type(options) ~= "table" and options ~= nil or getmetatable(options) ~= nil then
		return options; -- for the module to judge
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

-- From now on it is `time`, in seconds since 1970, and stays so.
function clock.set(time)
	if math.type(time) == nil then
		error("a time in seconds since 1970 is expected", 2);
	end
	put_in();
	kept.time = time;
end

-- So many seconds pass.
function clock.advance(seconds)
	clock.set(clock.now() + seconds);
end

function clock.now()
	return kept.time or os.time();
end

-- The clock of the machine again.
function clock.reset()
	if kept.restore then
		kept.restore();
	end
end

clock.reset(); -- each file begins with it

return clock;
