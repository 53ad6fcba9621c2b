-- SPDX-License-Identifier: MIT
-- Matches Lua patterns in time proportional to the length of the pattern times the length of the text. string.match() can take
-- exponential time, since it tries the same positions again and again; this code remembers which pairs of item and position
-- failed. That is correct because back-references, %f and %b, whose result depends on more than this pair, are not supported.

local max_captures = 32; -- LUA_MAXCAPTURES

-- The position after the class that starts at `position`, or nil if it does not end.
local function class_end(pattern, position)
	position = position + 1;
	if pattern:sub(position, position) == "^" then
		position = position + 1;
	end
	repeat -- the first character is a member even if it is a "]"
		local escape = pattern:sub(position, position) == "%";
		position = position + (escape and 2 or 1);
		if position > #pattern then
			return nil;
		end
	until pattern:sub(position, position) == "]";
	return position + 1;
end

-- The position after the single character or class at `position`, or nil if it is malformed or not supported.
local function single_end(pattern, position)
	local char = pattern:sub(position, position);
	if char == "[" then
		return class_end(pattern, position);
	elseif char ~= "%" then
		return position + 1;
	end
	local escaped = pattern:sub(position + 1, position + 1);
	if escaped == "" or escaped:find("[%dfb]") then
		return nil;
	end
	return position + 2;
end

-- Adds a "(" or ")" to `items`. Returns whether it is allowed there.
local function add_parenthesis(items, open, kind)
	items[#items + 1] = { kind = kind };
	if kind == "(" then
		items.captures = items.captures + 1;
		open[#open + 1] = #items;
		return items.captures <= max_captures;
	end
	local opened = table.remove(open);
	if opened then
		items[opened].closed_by = #items;
	end
	return opened ~= nil;
end

-- Parses a pattern: a list of { kind, text } with the fields `captures` and `quantifiers`, the number of each (quantifiers are
-- counted as characters outside of classes). Returns nil if the pattern is malformed, even in a part that string.match() might
-- never reach, or not supported.
local function parse(pattern)
	local items, open = { captures = 0, quantifiers = 0 }, {};
	local position = pattern:sub(1, 1) == "^" and 2 or 1;
	while position <= #pattern do
		local char = pattern:sub(position, position);
		if char == "(" or char == ")" then
			if not add_parenthesis(items, open, char) then
				return nil;
			end
			position = position + 1;
		elseif char == "$" and position == #pattern then
			items[#items + 1] = { kind = "$" };
			position = position + 1;
		else
			local next_position = single_end(pattern, position);
			if not next_position then
				return nil;
			end
			local quantifier = pattern:match("^[*+%-?]", next_position);
			items[#items + 1] = { kind = quantifier or "", text = pattern:sub(position, next_position - 1), accepted = {} };
			items.quantifiers = items.quantifiers + (quantifier and 1 or 0) + (char:find("^[*+%-?]") and 1 or 0);
			position = next_position + #(quantifier or "");
		end
	end
	return #open == 0 and items or nil;
end

-- Whether a single item matches the character of the text at `position`. The result is kept for each character.
local function accepts(text, item, position)
	local char = text:sub(position, position);
	local known = item.accepted[char];
	if known == nil then
		if char == "" then
			known = false;
		elseif #item.text == 1 and item.text ~= "." then
			known = char == item.text;
		else
			known = char:find(item.text) ~= nil;
		end
		item.accepted[char] = known;
	end
	return known;
end

-- The end of the run of characters that an item matches.
local function run_end(text, item, position)
	while accepts(text, item, position) do
		position = position + 1;
	end
	return position;
end

local steps = {};

steps["("] = function (match, i, position)
	return match:from(i + 1, position);
end
steps[")"] = steps["("];

steps["$"] = function (match, i, position)
	return position > #match.text and match:from(i + 1, position) or nil;
end

steps[""] = function (match, i, position)
	return accepts(match.text, match.items[i], position) and match:from(i + 1, position + 1) or nil;
end

steps["?"] = function (match, i, position)
	return steps[""](match, i, position) or match:from(i + 1, position);
end

-- Matches at least `least` characters with an item, from `begin` on, and then the rest of the pattern, which is tried at each
-- position from `first` to `last`. If all fail, they also fail for a later `begin` in the same run.
local function repeated(match, i, begin, least, first, last)
	for position = first, last, first <= last and 1 or -1 do
		local behind = match:from(i + 1, position);
		if behind then
			return behind;
		end
	end
	for position = begin, math.max(first, last) - least do
		match:fail(i, position);
	end
	return nil;
end

-- Whether only the smallest number of repetitions needs to be tried, because more are already known to fail.
local function only_fewest(match, i, position)
	return match:has_failed(i, position + 1) and accepts(match.text, match.items[i], position);
end

steps["*"] = function (match, i, position)
	if only_fewest(match, i, position) then
		return match:from(i + 1, position);
	end
	return repeated(match, i, position, 0, run_end(match.text, match.items[i], position), position);
end

steps["-"] = function (match, i, position)
	if only_fewest(match, i, position) then
		return match:from(i + 1, position);
	end
	return repeated(match, i, position, 0, position, run_end(match.text, match.items[i], position));
end

steps["+"] = function (match, i, position)
	if only_fewest(match, i, position) then
		return match:from(i + 1, position + 1);
	end
	local last = run_end(match.text, match.items[i], position);
	return last > position and repeated(match, i, position, 1, last, position + 1) or nil;
end

local methods = {};
local mt = { __index = methods };

function methods:fail(i, position)
	self.failed[i * (#self.text + 3) + position] = true;
end

function methods:has_failed(i, position)
	return self.failed[i * (#self.text + 3) + position];
end

-- The position after what the items from `i` on match at `position`, or nil.
function methods:from(i, position)
	local item = self.items[i];
	if not item then
		return position;
	elseif self:has_failed(i, position) then
		return nil;
	end
	local behind = steps[item.kind](self, i, position);
	if behind then
		item.position = position; -- final: the whole match has succeeded, so no other position is tried
	else
		self:fail(i, position);
	end
	return behind;
end

-- The same as text:match("^"..pattern) with the result of parse() for the pattern, whether or not it starts with "^". Returns
-- the first capture, else the matched text.
local function match(items, text)
	local behind = setmetatable({ items = items, text = text, failed = {} }, mt):from(1, 1);
	if not behind then
		return nil;
	end
	for _, item in ipairs(items) do
		if item.kind == "(" then
			local close = items[item.closed_by];
			if items[item.closed_by - 1] == item then
				return item.position; -- "()" captures the position
			end
			return text:sub(item.position, close.position - 1);
		end
	end
	return text:sub(1, behind - 1);
end

return { parse = parse, match = match };
