-- SPDX-License-Identifier: MIT
-- Writes JSON for people and for diff(1): indented, members sorted by name.

local is_array = require "token_verifier.plugin.list".is_array;
local names_of = require "token_verifier.plugin.list".names_of;
local null = require "token_verifier".null;
local replace = require "token_verifier.plugin.printable".replace;

local escapes = { [0x0a] = "\\n", [0x0d] = "\\r", [0x09] = "\\t" };

-- File names and options may contain bytes that are not UTF-8; JSON cannot.
local function escape(code)
	if not code then
		return "\239\191\189"; -- U+FFFD
	elseif code >= 0x10000 then
		return ("\\u%04x\\u%04x"):format(0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	end
	return escapes[code] or ("\\u%04x"):format(code);
end

-- Escapes the text so that a terminal shows it unchanged; its meaning in JSON stays the same.
local function quoted(text)
	return '"'..replace(text:gsub('["\\]', "\\%0"), escape)..'"';
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
