-- SPDX-License-Identifier: MIT
-- Reads single options of a host, and complains about those that are of the wrong type or out of range.

local plain_file = require "token_verifier.plugin.plain_file";

local reader = {};
reader.__index = reader;

function reader:wrong(name, expected, value, consequence)
	self.log("error", "Option '%s' must be %s, not a %s: %s", name, expected, type(value), consequence);
end

-- The value as the configuration has it.
function reader:raw(name)
	self.asked[name] = true;
	return self.context:get_option(name);
end

function reader:string(name)
	local value = self:raw(name);
	if type(value) == "number" then
		return tostring(value); -- as Prosody's own get_option_string() does
	elseif value ~= nil and type(value) ~= "string" then
		self:wrong(name, "a string", value, "it is ignored");
		return nil;
	end
	return value;
end

-- A file or folder that must be there; relative to the folder of the configuration.
function reader:path(name)
	if self:string(name) == nil then
		return nil;
	end
	local path = self.context:get_option_path(name, nil, "config");
	local file, problem = plain_file.open(path);
	if not file then
		self.log("error", "Option '%s' names what cannot be read: %s", name, problem);
	else
		file:close();
	end
	return path; -- it may come later, and nothing else must be used in its place
end

local booleans = { [true] = true, ["true"] = true, [1] = true, [false] = false, ["false"] = false, [0] = false };

-- `safe` is taken in place of what is no boolean; it is the value that lets fewer people in.
function reader:boolean(name, default, safe)
	local value = self:raw(name);
	if value == nil then
		return default;
	end
	local known = booleans[value];
	if known == nil then
		self:wrong(name, "true or false", value, ("%s is taken"):format(safe));
		return safe;
	end
	return known;
end

-- A number from `min` to `max`; with `whole` it has no fraction. `safe` is taken in place of another one, or the default.
function reader:number(name, default, min, max, whole, safe)
	local value = self:raw(name);
	if value == nil then
		return default;
	end
	local number = tonumber(value);
	if not number or not (number >= min and number <= max) or whole and number % 1 ~= 0 then
		self.log("error", "Option '%s' must be a %s from %.10g to %.10g: %.10g is taken", name,
			whole and "whole number" or "number", min, max, safe or default);
		return safe or default;
	end
	return number;
end

-- A list of strings; what is no string is left out, so that it accepts nothing.
function reader:list(name, default)
	local value = self:raw(name);
	if value == nil then
		return default;
	elseif type(value) == "string" then
		return { value };
	elseif type(value) ~= "table" then
		self:wrong(name, "a list of strings", value, "nothing is accepted");
		return {};
	end
	local list = {};
	for _, entry in ipairs(value) do
		if type(entry) == "string" then
			list[#list + 1] = entry;
		else
			self:wrong(name, "a list of strings", entry, "that entry is ignored");
		end
	end
	if next(value) ~= nil and #list == 0 then
		self.log("error", "Option '%s' holds no string: nothing is accepted", name);
	end
	return list;
end

-- Reads through `context`, a module API object. Complaints go to `log`, the names of the options to `asked`.
local function new(context, log, asked)
	return setmetatable({ context = context, log = log, asked = asked }, reader);
end

return { new = new };
