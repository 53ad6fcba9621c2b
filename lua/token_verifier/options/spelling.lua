-- SPDX-License-Identifier: MIT
-- Finds the name that was probably intended by a misspelt one.

-- The number of insertions, deletions, substitutions and transpositions of neighbours between two texts ("optimal string
-- alignment" distance: Damerau-Levenshtein, no part edited twice).
local function distance(a, b)
	local before_last, last = {}, {};
	for j = 0, #b do
		last[j] = j;
	end
	for i = 1, #a do
		local row = { [0] = i };
		for j = 1, #b do
			local same = a:byte(i) == b:byte(j);
			row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (same and 0 or 1));
			if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
				row[j] = math.min(row[j], before_last[j - 2] + 1);
			end
		end
		before_last, last = last, row;
	end
	return last[#b];
end

-- The nearest of `names` (a table with names as keys) to `name`, and the distance; nil if more than a third of the letters would
-- have to change.
local function nearest(name, names)
	local best, best_distance;
	for candidate in pairs(names) do
		local limit = #candidate / 3;
		local this = math.abs(#name - #candidate) <= limit and distance(name:lower(), candidate) or math.huge;
		if this <= limit and (not best or this < best_distance or this == best_distance and candidate < best) then
			best, best_distance = candidate, this;
		end
	end
	return best, best_distance;
end

return { distance = distance, nearest = nearest };
