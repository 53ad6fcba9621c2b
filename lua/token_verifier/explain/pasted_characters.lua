-- SPDX-License-Identifier: MIT
-- Makes a pasted text readable for pasted_text.lua: UTF-16, invisible and typographic characters, escapes of HTML and JSON.

-- What is invisible or a blank is replaced by one of these bytes, so that it can be named where it stands in a token.
local marks = {
	["\1"] = "a byte order mark (BOM)", ["\2"] = "a no-break space", ["\3"] = "a zero-width space", ["\4"] = "a soft hyphen",
	["\5"] = "a mark of the direction of text", ["\6"] = "a blank that is not ASCII",
};
local replacements = {
	[0xfeff] = "\1", [0xa0] = "\2", [0x202f] = "\2", [0x200b] = "\3", [0x200c] = "\3", [0x200d] = "\3", [0x2060] = "\3", [0xad] = "\4",
	[0x200e] = "\5", [0x200f] = "\5", [0x61c] = "\5", [0x3000] = "\6", [0x1680] = "\6", [0x205f] = "\6", [0x2028] = "\n", [0x2029] = "\n",
	[0x2026] = "...", [0x2014] = "--", [0x2212] = "-",
};
for code = 0x2000, 0x200a do replacements[code] = "\6"; end
for code = 0x2010, 0x2013 do replacements[code] = "-"; end
for code = 0x202a, 0x202e do replacements[code] = "\5"; end
for code = 0x2066, 0x2069 do replacements[code] = "\5"; end
for _, code in ipairs({ 0x201c, 0x201d, 0x201e, 0x201f, 0xab, 0xbb, 0xff02 }) do replacements[code] = '"'; end
for _, code in ipairs({ 0x2018, 0x2019, 0x201a, 0x201b, 0x2039, 0x203a }) do replacements[code] = "'"; end

local function replace_character(bytes)
	return utf8.len(bytes) == 1 and replacements[utf8.codepoint(bytes)] or nil;
end

-- UTF-16 as UTF-8; nil if the text is not UTF-16. Without a BOM it is known by the NUL beside each of the first characters.
local function from_utf16(text)
	local order = (text:find("^\255\254") or text:find("^%g\0%g\0")) and "<" or (text:find("^\254\255") or text:find("^\0%g\0%g")) and ">";
	if not order then
		return nil;
	end
	local characters = {};
	for at = 1, #text - 1, 2 do
		local code = (order.."I2"):unpack(text, at);
		characters[#characters + 1] = code & 0xf800 == 0xd800 and "?" or utf8.char(code);
	end
	return (table.concat(characters):gsub("^\239\187\191", ""));
end

local entities = { amp = "&", quot = '"', apos = "'", lt = "<", gt = ">", nbsp = "\2", equals = "=", period = ".", num = "#" };

local function from_code(code)
	return code and code >= 32 and code < 127 and string.char(code) or nil;
end

-- Undoes the escapes of HTML and of JSON. No token has one.
local function unescape(text)
	text = text:gsub("&#[xX](%x%x?%x?%x?);", function (digits) return from_code(tonumber(digits, 16)); end);
	text = text:gsub("&#(%d%d?%d?);", function (digits) return from_code(tonumber(digits)); end):gsub("&(%l%l%l?%l?%l?%l?);", entities);
	for _ = 1, text:find("\\", 1, true) and 3 or 0 do
		text = text:gsub("\\u00(%x%x)", function (digits) return from_code(tonumber(digits, 16)); end)
			:gsub("\\x(%x%x)", function (digits) return from_code(tonumber(digits, 16)); end)
			:gsub("\\[rnt]", "\n"):gsub("\\([\\/\"'])", "%1");
	end
	return text;
end

-- The text with what is invisible or a blank as marks, typographic hyphens and quotes as those of ASCII, and escapes undone.
local function simplify(text)
	text = text:gsub("\r?\n$", ""):gsub("\27%[[%d;]*m", ""):gsub("[\1-\6]", " "):gsub("[\194-\239][\128-\191]+", replace_character);
	if text:find("[%w_.-]=\r?\n[%w_.-]") and text:find("=3D", 1, true) then -- a mail in quoted-printable (RFC 2045, section 6.7)
		text = text:gsub("=\r?\n", ""):gsub("=3D", "=");
	end
	return unescape(text);
end

-- The names of the marks in a text, or nil if it has none.
local function names_of_marks(text)
	local names = {};
	for mark, name in pairs(marks) do
		if text:find(mark, 1, true) then
			names[#names + 1] = name;
		end
	end
	table.sort(names);
	return #names > 0 and table.concat(names, " and ") or nil;
end

return { from_utf16 = from_utf16, simplify = simplify, names_of_marks = names_of_marks };
