-- SPDX-License-Identifier: MIT
-- A helper of busted: turns the collector's stress on before the specs and tells at the end what it did. See collector.c.
-- COLLECTOR_EVERY: each n-th allocation instead of every one.

local collector = require "collector";
local busted = require "busted";

local every = tonumber(os.getenv("COLLECTOR_EVERY") or 1);

busted.subscribe({ "suite", "start" }, function ()
	collector.start(every);
	return nil, true;
end);

busted.subscribe({ "suite", "end" }, function ()
	local collections, allocations = collector.stop();
	print(("collector: %d collections at %d allocations"):format(collections, allocations));
	return nil, true;
end);
