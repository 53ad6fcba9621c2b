-- SPDX-License-Identifier: MIT
-- Puts folders in front of the others in the option plugin_paths of a configuration's text, and takes them out again so that each
-- byte is as it was. Functions that change a text return the new one.

local tokens_of = require "token_verifier.command.lua_tokens".tokens_of;

local option = "plugin_paths";

-- After the line of an option that was not there before.
local mark = " -- by token-verifier enable";
-- Around a list that is not written in braces.
local before_value, after_value = "table.unpack(--[[token-verifier]] ", ")";

local opening = { ["("] = true, ["{"] = true, ["["] = true };
local closing = { [")"] = true, ["}"] = true, ["]"] = true };

-- Tokens before a name that is no statement of its own.
local not_a_statement = { ["."] = true, [":"] = true, [","] = true, ["local"] = true };

local between_operands = { ["and"] = true, ["or"] = true, ["not"] = true };

-- Whether an expression can end with this token, and a statement begin with the next.
local function is_end(token, next_token)
	local text = token.text;
	local ends = closing[text] or text == "..." or text:find("^[%w_\"']") and not between_operands[text] or text:find("^%[=*%[");
	return ends and (not next_token or next_token.text == ";" or next_token.text:find("^[%a_:]") and next_token.text ~= ":"
		and not between_operands[next_token.text]);
end

local function last_of_value(tokens, first)
	local depth = 0;
	for i = first, #tokens do
		local text = tokens[i].text;
		depth = depth + (opening[text] and 1 or closing[text] and -1 or 0);
		if depth == 0 and is_end(tokens[i], tokens[i + 1]) then
			return i;
		end
	end
	return #tokens;
end

-- The items of a list in braces; nil for another expression. An item has the offsets `first` and `last`, `separator` if one
-- follows, and `value` if it is a text.
local function items_of(tokens, first, last)
	if tokens[first].text ~= "{" then
		return nil;
	end
	local items, depth, item = {}, 0, nil;
	for i = first + 1, last - 1 do
		local token = tokens[i];
		if depth == 0 and token.text == "}" then -- as in { "a" } or { "b" }
			return nil;
		elseif depth == 0 and (token.text == "," or token.text == ";") then
			item.separator, item = token.first, nil;
		else
			depth = depth + (opening[token.text] and 1 or closing[token.text] and -1 or 0);
			if item then
				item.last, item.value = token.last, nil;
			else
				item = { first = token.first, last = token.last };
				item.value = token.text:find("^[\"'%[]") and #token.text > 1 and load("return "..token.text, "=", "t", {})() or nil;
				items[#items + 1] = item;
			end
		end
	end
	return items;
end

-- The statements that set the option, outside of all brackets: offsets `first`, `value` (where its value begins) and `last`, lines
-- `from` and `to`, and `items`.
local function statements_of(text)
	local tokens, statements, depth = tokens_of(text), {}, 0;
	for i, token in ipairs(tokens) do
		depth = depth + (opening[token.text] and 1 or closing[token.text] and -1 or 0);
		local value = tokens[i + 2];
		if depth == 0 and token.text == option and value and tokens[i + 1].text == "="
			and not (tokens[i - 1] and not_a_statement[tokens[i - 1].text]) then
			local last = last_of_value(tokens, i + 2);
			statements[#statements + 1] = {
				first = token.first, value = value.first, last = tokens[last].last, from = token.line, to = tokens[last].line,
				items = items_of(tokens, i + 2, last),
			};
		end
	end
	return statements, tokens;
end

-- The number of the statement that was executed at `line`; nil if there is none of a known form.
local function find(text, line)
	local statements = statements_of(text);
	for i = #statements, 1, -1 do
		if statements[i].from <= line and line <= statements[i].to then
			return i;
		end
	end
	return nil;
end

local function splice(text, first, last, new)
	return text:sub(1, first - 1)..new..text:sub(last + 1);
end

local function quoted(folders)
	local list = {};
	for i, folder in ipairs(folders) do
		list[i] = ("%q"):format(folder);
	end
	return list;
end

-- Adds the folders in front, in statement `number`.
local function add(text, number, folders)
	local statement = statements_of(text)[number];
	local list = quoted(folders);
	local items = statement.items;
	if not items then
		local value = text:sub(statement.value, statement.last);
		return splice(text, statement.value, statement.last,
			("{ %s, %s%s%s }"):format(table.concat(list, ", "), before_value, value, after_value));
	elseif not items[1] then
		return splice(text, statement.value + 1, statement.value, table.concat(list, ", ")..",");
	end
	local first = items[1].first;
	local gap = text:sub(1, first - 1):match("\r?\n[ \t]*$") or " ";
	return splice(text, first, first - 1, table.concat(list, ","..gap)..","..gap);
end

-- Adds a line with the option, before the first statement.
local function add_option(text, folders)
	local _, tokens = statements_of(text);
	local at = tokens[1] and tokens[1].first or 1;
	return splice(text, at, at - 1, ("%s = { %s }%s%s"):format(option, table.concat(quoted(folders), ", "), mark,
		text:find("\r\n", 1, true) and "\r\n" or "\n"));
end

local function remove_item(text, items, i)
	local item, previous = items[i], items[i - 1];
	if item.separator and items[i + 1] then
		return splice(text, item.first, text:find("%S", item.separator + 1) - 1, "");
	elseif item.separator then
		return splice(text, item.first, item.separator, "");
	elseif previous and not text:sub(previous.separator + 1, item.first - 1):find("%S") then
		return splice(text, previous.separator, item.last, "");
	end
	return splice(text, item.first, item.last, "");
end

-- Takes away what was around the folders, if it is ours and nothing else is in it.
local function remove_surroundings(text, statement)
	local value = text:sub(statement.value, statement.last);
	local before, after = "{ "..before_value, after_value.." }";
	if value:sub(1, #before) == before and value:sub(-#after) == after then
		return splice(text, statement.value, statement.last, value:sub(#before + 1, -#after - 1));
	end
	local rest = text:sub(statement.last + 1);
	local line_end = rest:sub(1, #mark) == mark and rest:match("^\r?\n()", #mark + 1);
	if #statement.items == 0 and line_end then
		return splice(text, statement.first, statement.last + line_end - 1, "");
	end
	return text;
end

-- Takes out of statement `number` each folder for which `is_ours` is true.
local function remove(text, number, is_ours)
	local statement = statements_of(text)[number];
	for i, item in ipairs(statement.items or {}) do
		if item.value and is_ours(item.value) then
			return remove(remove_item(text, statement.items, i), number, is_ours);
		end
	end
	return statement.items and remove_surroundings(text, statement) or text;
end

return { find = find, add = add, add_option = add_option, remove = remove };
