-- SPDX-License-Identifier: MIT
-- Encodings, only for diagnosis: the native module decodes what it verifies. Base64 is accepted in both alphabets, with and
-- without padding.

local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

local value_of = { ["-"] = 62, ["_"] = 63 };
for i = 1, #alphabet do
	value_of[alphabet:sub(i, i)] = i - 1;
end

-- The bytes, or nil if the text is not base64.
local function base64_decode(text)
	local last = #text;
	while text:byte(last) == 61 do -- "="; no pattern here: it would be slow on long runs of "="
		last = last - 1;
	end
	text = text:sub(1, last);
	if #text % 4 == 1 or text:find("[^%w+/_-]") then
		return nil;
	end
	local bytes, bits, count = {}, 0, 0;
	for char in text:gmatch(".") do
		bits, count = bits << 6 | value_of[char], count + 6;
		if count >= 8 then
			count = count - 8;
			bytes[#bytes + 1] = string.char(bits >> count);
			bits = bits & (1 << count) - 1;
		end
	end
	return table.concat(bytes);
end

-- Encodes with padding, in the standard alphabet.
local function base64_encode(bytes)
	local chars = {};
	for i = 1, #bytes, 3 do
		local a, b, c = bytes:byte(i, i + 2);
		local bits = a << 16 | (b or 0) << 8 | (c or 0);
		for j = 18, 0, -6 do
			local value = bits >> j & 63;
			chars[#chars + 1] = alphabet:sub(value + 1, value + 1);
		end
	end
	local rest = -#bytes % 3;
	return table.concat(chars, "", 1, #chars - rest)..("="):rep(rest);
end

-- The text of base64url for that of base64, padding unchanged.
local function base64url_of(text)
	return (text:gsub("[+/]", { ["+"] = "-", ["/"] = "_" }));
end

local function byte_of(digits)
	return string.char(tonumber(digits, 16));
end

-- The bytes, or nil if the text does not consist of pairs of hexadecimal digits.
local function hex_decode(text)
	return #text % 2 == 0 and text:find("^%x+$") and text:gsub("%x%x", byte_of) or nil;
end

local function url_decode(text)
	return (text:gsub("%%(%x%x)", byte_of));
end

return {
	base64_decode = base64_decode, base64_encode = base64_encode, base64url_of = base64url_of, hex_decode = hex_decode,
	url_decode = url_decode,
};
