-- SPDX-License-Identifier: MIT
-- Timing for the benchmarks: what is compared is measured in turns, slice by slice, so that noise meets all alike.

local measure = {};

-- The middle one of a list of numbers.
function measure.median(numbers)
	local sorted = table.move(numbers, 1, #numbers, 1, {});
	table.sort(sorted);
	return sorted[(#sorted + 1) // 2];
end

-- Nanoseconds of processor time that `run(calls)` takes per call.
function measure.ns(run, calls)
	local start = os.clock();
	run(calls);
	return (os.clock() - start) * 1e9 / calls;
end

-- Calls every `cases[i]()`, which gives a number, in turn, so many times; the medians in the order of the cases.
function measure.in_turns(cases, slices)
	local results = {};
	for i = 1, #cases do
		results[i] = {};
	end
	for slice = 1, slices do
		for i, case in ipairs(cases) do
			results[i][slice] = case();
		end
	end
	for i = 1, #cases do
		results[i] = measure.median(results[i]);
	end
	return results;
end

-- Bytes of memory that the process takes up.
function measure.resident()
	local pages = io.open("/proc/self/statm"):read("a"):match("^%d+ (%d+)");
	return tonumber(pages) * 4096;
end

return measure;
