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

-- A number of a list: 0.5 is the median, 0.1 the 10th percentile.
function measure.quantile(numbers, which)
	local sorted = table.move(numbers, 1, #numbers, 1, {});
	table.sort(sorted);
	return sorted[math.min(#sorted, math.floor(#sorted * which) + 1)];
end

-- Cases by name, that are measured in turns.

local slice_ns = 2e6;

local methods = {};
local mt = { __index = methods };

function measure.cases()
	return setmetatable({ names = {}, by_name = {} }, mt);
end

-- `run(calls)` does so many calls.
function methods:add(name, run)
	self.names[#self.names + 1] = name;
	self.by_name[name] = { run = run, ns = {} };
end

-- So many slices of each case, all cases in turn; a slice has as many calls as fill it.
function methods:run(rounds)
	for _, name in ipairs(self.names) do
		local case = self.by_name[name];
		case.run(20);
		case.calls = math.max(1, slice_ns // measure.ns(case.run, 20));
	end
	for round = 1, rounds do
		for _, name in ipairs(self.names) do
			local case = self.by_name[name];
			collectgarbage();
			case.ns[round] = measure.ns(case.run, case.calls);
		end
	end
end

function methods:median(name)
	return measure.quantile(self.by_name[name].ns, 0.5);
end

-- `judge` of the times of two cases in the same round: median, 10th and 90th percentile.
local function paired(self, name, other, judge)
	local numbers = {};
	for round, ns in ipairs(self.by_name[name].ns) do
		numbers[round] = judge(ns, self.by_name[other].ns[round]);
	end
	return { measure.quantile(numbers, 0.5), measure.quantile(numbers, 0.1), measure.quantile(numbers, 0.9) };
end

function methods:ratios(name, other)
	return paired(self, name, other, function (a, b) return a / b; end);
end

function methods:differences(name, other, unit)
	return paired(self, name, other, function (a, b) return (a - b) / unit; end);
end

-- Bytes of memory that the process takes up.
function measure.resident()
	local pages = io.open("/proc/self/statm"):read("a"):match("^%d+ (%d+)");
	return tonumber(pages) * 4096;
end

return measure;
