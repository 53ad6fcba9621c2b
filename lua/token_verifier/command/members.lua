-- SPDX-License-Identifier: MIT
-- The members of a JSON object in the order of its text, to be changed without touching the others: a Lua table has no order, and
-- changes numbers that Lua does not have.

local decode_json = require "token_verifier".decode_json;

-- The last byte of the string that begins at `at`.
local function string_end(text, at)
	repeat
		at = text:find('["\\]', at + 1);
		local is_escape = text:sub(at, at) == "\\";
		at = is_escape and at + 1 or at;
	until not is_escape;
	return at;
end

-- The last byte of the value that begins at `at`, in a text that decode_json() has accepted.
local function value_end(text, at)
	local depth = 0;
	repeat
		local first = text:sub(at, at);
		if first == '"' then
			at = string_end(text, at);
		elseif first:find("[%[{]") then
			depth = depth + 1;
		elseif first:find("[%]}]") then
			depth = depth - 1;
		elseif first:find("[%w+-]") then
			at = select(2, text:find("^[%w.+-]+", at));
		end
		at = at + 1;
	until depth == 0;
	return at - 1;
end

local members = {};
members.__index = members;

-- The JSON text of a string. Bytes that are not UTF-8 stay, and are refused by whoever reads the text.
function members.quoted(text)
	return '"'..text:gsub('["\\]', "\\%0"):gsub("%c", function (control) return ("\\u%04x"):format(control:byte()); end)..'"';
end

-- Of the text of a JSON object; or nil, message, code of decode_json().
function members.read(text)
	local decoded, message, code = decode_json(text);
	if not decoded then
		return nil, message, code;
	end
	local self = setmetatable({ whole = text, by_name = {} }, members);
	local at = text:find('["}]', text:find("{", 1, true) + 1);
	while text:sub(at, at) == '"' do
		local last = string_end(text, at);
		local member = { quoted = text:sub(at, last) };
		member.name = next((decode_json("{"..member.quoted..":0}")));
		at = text:find("[^%s:]", last + 1);
		last = value_end(text, at);
		member.value = text:sub(at, last);
		self[#self + 1], self.by_name[member.name] = member, member;
		at = text:find('["}]', last + 1);
	end
	return self;
end

-- Sets a member to the JSON text `value`: in its place, or after the others.
function members:set(name, value)
	local member = self.by_name[name];
	if not member then
		member = { name = name, quoted = members.quoted(name) };
		self[#self + 1], self.by_name[name] = member, member;
	end
	member.value, self.whole = value, nil;
end

function members:remove(name)
	for i, member in ipairs(self) do
		if member.name == name then
			table.remove(self, i);
			self.by_name[name], self.whole = nil, nil;
			return;
		end
	end
end

function members:has(name)
	return self.by_name[name] ~= nil;
end

-- The text of the object: as it was read, if nothing has been changed.
function members:text()
	local texts = {};
	for i, member in ipairs(self) do
		texts[i] = member.quoted..":"..member.value;
	end
	return self.whole or "{"..table.concat(texts, ",").."}";
end

return members;
