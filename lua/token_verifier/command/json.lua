-- SPDX-License-Identifier: MIT
-- Writes JSON for people and for diff(1): indented, members in the order of their names.

local null = require "token_verifier".null;

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" };

-- File names and options may hold bytes that are no UTF-8; JSON cannot.
local function quoted(text)
	if not utf8.len(text) then
		text = text:gsub("[\128-\255]", "\239\191\189"); -- U+FFFD
	end
	return '"'..text:gsub('[%c"\\\127]', function (char)
		return escapes[char] or ("\\u%04x"):format(char:byte());
	end)..'"';
end

local function scalar(value)
	if value == null then
		return "null";
	elseif type(value) == "string" then
		return quoted(value);
	elseif math.type(value) == "float" then
		return value == math.floor(value) and math.abs(value) < 1e15 and ("%.1f"):format(value) or ("%.17g"):format(value);
	end
	return tostring(value);
end

local function is_array(value)
	local mt = getmetatable(value);
	return #value > 0 or type(mt) == "table" and mt.__jsontype == "array";
end

local function encode(value, indent)
	if type(value) ~= "table" then
		return scalar(value);
	end
	local inner, parts = indent.."  ", {};
	if is_array(value) then
		for i, item in ipairs(value) do
			parts[i] = inner..encode(item, inner);
		end
	else
		local names = {};
		for name in pairs(value) do
			names[#names + 1] = name;
		end
		table.sort(names);
		for i, name in ipairs(names) do
			parts[i] = ("%s%s: %s"):format(inner, quoted(name), encode(value[name], inner));
		end
	end
	local open, close = "{", "}";
	if is_array(value) then
		open, close = "[", "]";
	end
	if #parts == 0 then
		return open..close;
	end
	return open.."\n"..table.concat(parts, ",\n").."\n"..indent..close;
end

-- A list that is written as one also where it is empty.
local function list(values)
	return setmetatable(values, { __jsontype = "array" });
end

return { encode = function (value) return encode(value, ""); end, list = list };
