-- SPDX-License-Identifier: MIT
-- What a fix tells people to paste: values as Lua for the configuration. They are whole, or not suggested at all.

local replace = require "token_verifier.plugin.printable".replace;

-- In bytes. A longer value is no issuer, audience or type that somebody should accept.
local longest = 1024;

local function for_lua(code, byte)
	if byte or code < 0x80 then
		return ("\\x%02x"):format(byte or code);
	end
	return ("\\u{%x}"):format(code);
end

-- The text as a string in Lua that a terminal shows unchanged.
local function lua(text)
	return '"'..replace(text:gsub('["\\]', "\\%0"), for_lua)..'"';
end

-- Whether somebody may accept this value in a list of an option: "*" would accept any.
local function is_listable(value)
	return type(value) == "string" and value ~= "" and value ~= "*" and #value <= longest;
end

-- A setting as it is written in the configuration, with a list of strings.
local function setting(option, list)
	local items = {};
	for i, item in ipairs(list) do
		items[i] = lua(item);
	end
	return ("%s = {%s}"):format(option, items[1] and (" %s "):format(table.concat(items, ", ")) or "");
end

-- A copy of the list in which the item `old` is replaced by some values; without `old` they come at its end. None comes twice.
local function with(list, values, old)
	local result, seen = {}, {};
	local function add(item)
		result[#result + 1], seen[item] = not seen[item] and item or nil, true;
	end
	for _, item in ipairs(list) do
		if item ~= old then
			add(item);
		else
			for _, value in ipairs(values) do
				add(value);
			end
		end
	end
	for _, value in ipairs(values) do
		add(value);
	end
	return result;
end

return { lua = lua, is_listable = is_listable, setting = setting, with = with };
