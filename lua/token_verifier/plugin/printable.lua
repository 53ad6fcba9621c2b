-- SPDX-License-Identifier: MIT
-- Makes text from elsewhere safe for a terminal: characters that control it, change the direction of text or are invisible are
-- written as escapes.

-- Control characters, and Unicode's code points without a glyph: formats, fillers, selectors, tags and noncharacters.
local hidden = {
	{ 0x00, 0x1f }, { 0x7f, 0x9f }, { 0xad, 0xad }, { 0x34f, 0x34f }, { 0x61c, 0x61c }, { 0x115f, 0x1160 }, { 0x17b4, 0x17b5 },
	{ 0x180b, 0x180f }, { 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f }, { 0x3164, 0x3164 }, { 0xfdd0, 0xfdef },
	{ 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff }, { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a },
	{ 0xe0000, 0xe0fff },
};

local function is_hidden(code)
	if code & 0xfffe == 0xfffe then
		return true;
	end
	for _, range in ipairs(hidden) do
		if code <= range[2] then
			return code >= range[1];
		end
	end
	return false;
end

-- Replaces each code point found by is_hidden() with `escape(code)`, and each byte that is not UTF-8 with `escape(nil, byte)`.
local function replace(text, escape)
	return (text:gsub("[%c\127-\255]+", function (run)
		local parts, at = {}, 1;
		while at <= #run do
			local length = 1;
			if utf8.len(run, at, at) then
				length = utf8.offset(run, 2, at) - at;
				local code = utf8.codepoint(run, at);
				parts[#parts + 1] = is_hidden(code) and escape(code) or run:sub(at, at + length - 1);
			else
				parts[#parts + 1] = escape(nil, run:byte(at));
			end
			at = at + length;
		end
		return table.concat(parts);
	end));
end

local function for_people(code, byte)
	if byte or code < 0x80 then
		return ("\\x%02x"):format(byte or code);
	end
	return ("\\u{%x}"):format(code);
end

-- The text as one line that a terminal shows unchanged.
local function printable(text)
	return replace(text, for_people);
end

local escapes = { [0x0a] = "\\n", [0x0d] = "\\r", [0x09] = "\\t" };

-- File names and options may contain bytes that are not UTF-8; JSON cannot.
local function for_json(code)
	if not code then
		return "\239\191\189"; -- U+FFFD
	elseif code >= 0x10000 then
		return ("\\u%04x\\u%04x"):format(0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
	end
	return escapes[code] or ("\\u%04x"):format(code);
end

-- The whole text as a JSON string that a terminal shows unchanged: to be read, and to be pasted into claims.
local function json(text)
	return '"'..replace(text:gsub('["\\]', "\\%0"), for_json)..'"';
end

local max_shown = 256; -- bytes

-- The same of a text that is only shown: one of more than `most` bytes is cut off between two characters.
local function shown(text, most)
	most = most or max_shown;
	if #text <= most then
		return json(text);
	end
	local last = most;
	while last > most - 4 and text:byte(last + 1) & 0xc0 == 0x80 do
		last = last - 1;
	end
	return json(text:sub(1, last).."...");
end

return { printable = printable, replace = replace, json = json, shown = shown };
