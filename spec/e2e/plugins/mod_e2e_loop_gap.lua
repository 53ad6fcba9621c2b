-- SPDX-License-Identifier: MIT
-- Tells the largest gap, in milliseconds, between two turns of a 10 ms timer since it was last asked, and how many turns.
-- What the process waited for a processor meanwhile is no fault of the loop, and is left out.

local monotonic = require "util.time".monotonic;

local last, largest, turns = nil, 0, 0;

-- The clock without the time that other processes had the processors; where the kernel does not tell that, the clock.
local waited = 0;
local function own_time()
	local file = io.open("/proc/self/schedstat");
	if file then
		waited = select(2, file:read("n", "n")) or waited;
		file:close();
	end
	return monotonic() - waited / 1e9;
end

module:add_timer(0.01, function ()
	local now = own_time();
	if last then
		largest = math.max(largest, now - last);
	end
	last, turns = now, turns + 1;
	return 0.01;
end);

module:depends("http");
module:provides("http", {
	default_path = "/loop-gap";
	route = {
		GET = function ()
			local answer = ("%.1f %d"):format(largest * 1000, turns);
			largest, turns = 0, 0;
			return answer;
		end;
	};
});
