-- SPDX-License-Identifier: MIT
-- Lists, as options and claims have them.

-- Whether a value is in a list, which may have holes; anything but a table holds nothing.
local function has(list, value)
	for _, item in pairs(type(list) == "table" and list or {}) do
		if item == value then
			return true;
		end
	end
	return false;
end

-- A list as it is, one value as a list of one, nil as an empty list.
local function as_list(value)
	if value == nil then
		return {};
	end
	return type(value) == "table" and value or { value };
end

-- The texts among the keys of a table, or those for which `is_wanted(key, value)` holds, in alphabetical order.
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

-- Whether a value of decoded JSON, or what is to become one, is an array. An empty one is marked.
local function is_array(value)
	local metatable = getmetatable(value);
	return value[1] ~= nil or type(metatable) == "table" and metatable.__jsontype == "array";
end

return { has = has, is_array = is_array, as_list = as_list, names_of = names_of };
