-- SPDX-License-Identifier: MIT
-- Writes JSON for people and for diff(1): indented, members sorted by name.

local is_array = require "token_verifier.plugin.list".is_array;
local names_of = require "token_verifier.plugin.list".names_of;
local null = require "token_verifier".null;
local quoted = require "token_verifier.plugin.printable".json;

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
		for i, name in ipairs(names_of(value)) do
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

-- Marks a list, so that it is written as an array even if it is empty.
local function list(values)
	return setmetatable(values, { __jsontype = "array" });
end

return { encode = function (value) return encode(value, ""); end, list = list };
