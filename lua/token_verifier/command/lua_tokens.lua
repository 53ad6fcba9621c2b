-- SPDX-License-Identifier: MIT
-- Splits Lua's source into tokens, for changes of a text that Lua accepts.

-- The offset after the long bracket that begins at `at` with this many "=".
local function after_long(text, at, level)
	local _, last = text:find("]"..level.."]", at, true);
	return (last or #text) + 1;
end

local function after_quoted(text, at)
	local quote = text:sub(at, at);
	at = at + 1;
	while at <= #text and text:sub(at, at) ~= quote do
		at = at + (text:sub(at, at) == "\\" and 2 or 1);
	end
	return at + 1;
end

-- The offset after the comment that begins at `at`, or nil if none does.
local function after_comment(text, at)
	if text:sub(at, at + 1) ~= "--" then
		return nil;
	end
	local level = text:match("^%[(=*)%[", at + 2);
	return level and after_long(text, at + 2, level) or (text:find("\n", at, true) or #text + 1);
end

local function after_token(text, at)
	local level = text:match("^%[(=*)%[", at);
	if level then
		return after_long(text, at, level);
	elseif text:find("^[\"']", at) then
		return after_quoted(text, at);
	end
	return text:match("^[%a_][%w_]*()", at) or text:match("^%.?%d[%w.]*()", at) or text:match("^[=~<>]=()", at)
		or text:match("^%.%.%.?()", at) or text:match("^::()", at) or at + 1;
end

-- Returns the tokens as a list of { text, first, last, line }: offsets of bytes, and the line of the first. Comments are left out.
local function tokens_of(text)
	local tokens, at, line, counted = {}, 1, 1, 1;
	while true do
		at = text:find("%S", at);
		if not at then
			return tokens;
		end
		local after = after_comment(text, at);
		if not after then
			after = after_token(text, at);
			line = line + select(2, text:sub(counted, at - 1):gsub("\n", ""));
			counted = at;
			tokens[#tokens + 1] = { text = text:sub(at, after - 1), first = at, last = after - 1, line = line };
		end
		at = after;
	end
end

return { tokens_of = tokens_of };
