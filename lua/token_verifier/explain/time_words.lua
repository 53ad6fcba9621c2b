-- SPDX-License-Identifier: MIT
-- Times in words.

local units = {
	{ 365 * 86400, "y" }, { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" },
};

local short_year, average_year = 365 * 86400, 365.2425 * 86400; -- of the Gregorian calendar

-- A length of time in its two largest units: "3 h 12 min"; from ten years on only the years.
local function span(seconds)
	local rest = math.floor(math.abs(seconds) + 0.5);
	if rest >= 10 * average_year then
		return ("%.0f y"):format(rest // (rest % short_year == 0 and short_year or average_year));
	end
	local parts = {};
	for i, unit in ipairs(units) do
		local size, name = unit[1], unit[2];
		if rest >= size or i == #units and #parts == 0 then
			parts[#parts + 1] = ("%.0f %s"):format(rest // size, name);
			rest = rest % size;
		elseif #parts > 0 then
			break; -- "1 d 5 s" would say more than it means
		end
		if #parts == 2 or rest == 0 and #parts > 0 then
			break;
		end
	end
	return table.concat(parts, " ");
end

-- A Unix time as a date, if it can be shown as one.
local function date(seconds)
	local whole = math.tointeger(math.floor(seconds));
	local ok, text = pcall(os.date, "!%Y-%m-%d %H:%M:%S UTC", whole);
	return ok and whole and text or ("%.0f"):format(seconds);
end

return { span = span, date = date };
