-- SPDX-License-Identifier: MIT
-- Lists, as they occur in options and claims.

-- Whether a value is in a list, which may have holes. False if `list` is not a table.
local function has(list, value)
	for _, item in pairs(type(list) == "table" and list or {}) do
		if item == value then
			return true;
		end
	end
	return false;
end

-- Returns a list unchanged, a single value as a list of one, nil as an empty list.
local function as_list(value)
	if value == nil then
		return {};
	end
	return type(value) == "table" and value or { value };
end

-- The string keys of a table in alphabetical order; only those for which `is_wanted(key, value)` is true, if it is given.
local function names_of(by_name, is_wanted)
	local names = {};
	for name, value in pairs(by_name) do
		if type(name) == "string" and (not is_wanted or is_wanted(name, value)) then
			names[#names + 1] = name;
		end
	end
	table.sort(names);
	return names;
end

-- Whether a value of decoded JSON, or one to be encoded, is an array. Empty arrays are recognized by their mark.
local function is_array(value)
	local metatable = getmetatable(value);
	return value[1] ~= nil or type(metatable) == "table" and metatable.__jsontype == "array";
end

return { has = has, is_array = is_array, as_list = as_list, names_of = names_of };
