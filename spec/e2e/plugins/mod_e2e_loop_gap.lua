-- SPDX-License-Identifier: MIT
-- Tells the largest gap, in milliseconds, between two turns of a 10 ms timer since it was last asked, and how many turns.

local monotonic = require "util.time".monotonic;

local last, largest, turns = nil, 0, 0;

module:add_timer(0.01, function ()
	local now = monotonic();
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
