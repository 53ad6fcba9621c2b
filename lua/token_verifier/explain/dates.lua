-- SPDX-License-Identifier: MIT
-- Dates that are not written as seconds since 1970: what they probably are, and the number that was meant.

local find = require "token_verifier.explain.causes".find;
local time_words = require "token_verifier.explain.time_words";

-- As in src/token/claims.c.
local twelve_digits_from, never_from, milliseconds_from = 1e11, 253370764800, 253402300800;

-- Between these, the years 2000 and 2100, a number is taken for a date that somebody meant.
local earliest, latest = 946684800, 4102444800;

-- Below it, in the year 2001, a number of seconds is no time of a token, but a length of time.
local longest_duration = 1e9;

-- What people write instead of seconds since 1970: { key of the cause, what it is, per second, seconds of its zero before 1970 }.
local units = {
	{ "date-milliseconds", "milliseconds", 1e3, 0 };
	{ "date-unit", "microseconds", 1e6, 0 };
	{ "date-unit", "nanoseconds", 1e9, 0 };
	{ "date-unit", "100 nanoseconds since the year 1 (ticks of .NET)", 1e7, 62135596800 };
	{ "date-unit", "100 nanoseconds since 1601 (a file time of Windows)", 1e7, 11644473600 };
};

-- A date of the token in seconds, as the native module reads it, or nil.
local function seconds(options, date)
	if math.type(date) == nil or math.abs(date) > 2^53 or date >= twelve_digits_from and date < never_from then
		return nil;
	elseif date < milliseconds_from then
		return date;
	end
	return options.accept_milliseconds and date / 1000 or nil;
end

local function is_likely(date)
	return date >= earliest and date < latest;
end

-- Days from 1970 to a day of the Gregorian calendar, or nil if there is no such day.
local function days_to(year, month, day)
	local lengths = { 31, (year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)) and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if not lengths[month] or day < 1 or day > lengths[month] then
		return nil;
	end
	local days = (year - 1970) * 365 + (year - 1969) // 4 - (year - 1901) // 100 + (year - 1601) // 400;
	for i = 1, month - 1 do
		days = days + lengths[i];
	end
	return days + day - 1;
end

-- A calendar date in digits (yyyymmdd, and then hhmm or hhmmss) or as ISO 8601 and SQL write it, in UTC where it names no zone;
-- in seconds, or nil.
local function calendar(text)
	local year, month, day, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)(.*)$");
	if not year then
		year, month, day, rest = text:match("^(%d%d%d%d)(%d%d)(%d%d)(%d*)$");
	end
	local days = year and days_to(tonumber(year), tonumber(month), tonumber(day));
	if not days then
		return nil;
	end
	local hour, minute, second, zone = rest:match("^[T ]?(%d%d):?(%d%d):?(%d?%d?)%.?%d*%s*(.*)$");
	if rest ~= "" and not hour then
		return nil;
	end
	local sign, zone_hour, zone_minute = (zone or ""):match("^([+-])(%d%d):?(%d?%d?)$");
	if zone and zone ~= "" and zone ~= "Z" and zone ~= "UTC" and not sign then
		return nil;
	end
	local offset = sign and (tonumber(zone_hour) * 3600 + (tonumber(zone_minute) or 0) * 60) * (sign == "-" and -1 or 1) or 0;
	local date = days * 86400 + (tonumber(hour) or 0) * 3600 + (tonumber(minute) or 0) * 60 + (tonumber(second) or 0) - offset;
	return is_likely(date) and date or nil;
end

-- What a value probably means: { key of the cause, what it is, the seconds since 1970 }, or nil.
local function meaning(value)
	local number = tonumber(value);
	if not number or number ~= number or math.abs(number) == math.huge then
		local date = type(value) == "string" and #value <= 64 and calendar(value);
		return date and { "date-calendar", "a calendar date", date } or nil;
	end
	local whole = math.tointeger(number) or number;
	if is_likely(number) then
		return type(value) == "string" and { "date-string", "a string", whole } or nil;
	end
	for _, unit in ipairs(units) do
		local date = number / unit[3] - unit[4];
		if is_likely(date) then
			return { type(value) == "string" and "date-string" or unit[1], "in "..unit[2], math.floor(date), unit = unit[2] };
		end
	end
	local date = calendar(("%.0f"):format(number));
	return date and { "date-calendar", "a calendar date", date } or nil;
end

-- The finding for a date that the native module cannot use. `accepts(date)` tells whether it would accept these seconds in its place:
-- only then the number is suggested.
local function of_unusable(claim, value, accepts)
	local is_nines = type(value) == "number" and value >= twelve_digits_from and ("%.0f"):format(value):find("^9+$") ~= nil;
	local meant = not is_nines and meaning(value);
	if is_nines and accepts(never_from) then
		return find("date-nines", { claim = claim });
	elseif meant then
		local date = meant[3];
		local words = time_words.date(date);
		if accepts(date) then
			return find(meant[1], { claim = claim, number = ("%.0f"):format(date), unit = meant.unit, date = words });
		end
		return find("date-passed", { form = meant[2], date = words });
	elseif type(value) == "number" and value >= twelve_digits_from and value < never_from then
		return find("date-digits", { claim = claim });
	elseif type(value) == "string" and value:lower():find("^%s*%d+%.?%d*%s*[smhdwy]%a*%s*$") then
		return find("date-lifetime", { claim = claim });
	end
	return find("date-invalid");
end

-- The finding for a date in seconds that is too long ago to be meant as one, or nil.
local function of_small(claim, value, accepts)
	if value <= 0 or value >= longest_duration then
		return nil;
	elseif meaning(value) then
		return of_unusable(claim, value, accepts);
	end
	return find(claim == "exp" and "exp-is-duration" or "date-is-duration", { claim = claim, span = time_words.span(value) });
end

return { of_small = of_small, of_unusable = of_unusable, seconds = seconds };
