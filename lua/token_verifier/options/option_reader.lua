-- SPDX-License-Identifier: MIT
-- Reads single options of a host, and logs those with a wrong type or out of range.

local has = require "token_verifier.plugin.list".has;
local plain_file = require "token_verifier.plugin.plain_file";
local token_options = require "token_verifier.plugin.token_options";

local reader = {};
reader.__index = reader;

function reader:wrong(name, expected, value, consequence)
	self.complain("error", { "option-of-another-type", option = name, expected = expected },
		"Option '%s' must be %s, not a %s: %s", name, expected, type(value), consequence);
end

-- The value as it is in the configuration.
function reader:raw(name)
	return self.context:get_option(name);
end

-- The values of `read` in a row: f(reader, row) -> the value, or nil for the default.
local read = {};

function read:string(row)
	local value = self:raw(row[1]);
	if type(value) == "number" then
		return tostring(value); -- like Prosody's get_option_string()
	elseif value ~= nil and type(value) ~= "string" then
		self:wrong(row[1], "a string", value, "it is ignored");
		return nil;
	end
	return value;
end

function read:choice(row)
	local value = self:raw(row[1]);
	if value ~= nil and not has(row.choices, value) then
		self.complain("error", { "option-invalid" }, "Option '%s' must be one of \"%s\": \"%s\" is taken", row[1],
			table.concat(row.choices, '", "'), row.safe);
		return row.safe;
	end
	return value;
end

-- A file or folder that should exist; relative to the folder of the configuration.
function read:path(row)
	if read.string(self, row) == nil then
		return nil;
	end
	local path = self.context:get_option_path(row[1], nil, "config");
	if row.unchecked then
		return path;
	end
	local readable, problem = plain_file.can_open(path);
	if not readable then
		self.complain("error", { "option-invalid" }, "Option '%s' names a file or folder that cannot be read: %s", row[1], problem);
	end
	return path; -- kept even if it does not exist: it may appear later, and nothing else must be used instead
end

local booleans = { [true] = true, ["true"] = true, [1] = true, [false] = false, ["false"] = false, [0] = false };

function read:boolean(row)
	local value = self:raw(row[1]);
	local known = booleans[value];
	if value ~= nil and known == nil then
		self:wrong(row[1], "true or false", value, ("%s is taken"):format(row.safe));
		return row.safe;
	end
	return known;
end

function read:number(row)
	local value = self:raw(row[1]);
	local number = tonumber(value);
	if value == nil then
		return nil;
	elseif not number or not (number >= row.least and number <= row.most) or row.whole and number % 1 ~= 0 then
		local expected = ("a %s from %.10g to %.10g"):format(row.whole and "whole number" or "number", row.least, row.most);
		self.complain("error", { "option-of-another-type", option = row[1], expected = expected },
			"Option '%s' must be %s: %.10g is taken", row[1], expected, row.safe or row.default);
		return row.safe;
	end
	return number;
end

-- A list of strings. Other values are removed, so that they accept nothing.
function read:list(row)
	local name, value = row[1], self:raw(row[1]);
	if value == nil then
		return nil;
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
		self.complain("error", { "option-invalid" }, "Option '%s' holds no string: nothing is accepted", name);
	end
	return list;
end

-- Reads the option with this name as its row in token_options says, or as `how` says ("string", "list" and so on).
function reader:value(name, how)
	local row = token_options.by_name[name];
	local value = read[how or row.read](self, row);
	if value == nil then
		return token_options.default_of(row);
	end
	return value;
end

-- Returns a reader. It reads through `context`, a module API object, and calls `complain` as host_log.new() describes.
local function new(context, complain)
	return setmetatable({ context = context, complain = complain }, reader);
end

return { new = new };
