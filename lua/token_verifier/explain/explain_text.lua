-- SPDX-License-Identifier: MIT
-- What is wrong with a text that is not a token, and whether a signature is cut off.

local token_verifier = require "token_verifier";
local encodings = require "token_verifier.explain.encodings";
local find = require "token_verifier.explain.causes".find;
local plain_file = require "token_verifier.plugin.plain_file";

local longest_name = 255; -- of a file, in bytes

local function parts_of(token)
	local parts = {};
	for part in (token.."."):gmatch("(.-)%.") do
		parts[#parts + 1] = part;
	end
	return parts;
end

local function is_header(part)
	local text = encodings.base64_decode(part) or encodings.base64_decode(part:sub(1, -2)); -- it may be cut off anywhere
	return text ~= nil and text:find('^{%s*"[%w_]+"') ~= nil;
end

-- The finding about what a token lacks whose header can be decoded, or nil.
local function what_is_cut(token, parts, code)
	if token:find("%.%.%.$") or token:find("\226\128\166$") then
		return "it ends with \"...\"";
	elseif token:find("%w%.%.%.+%w") or token:find("\226\128\166") then
		return "there is \"...\" in it, in place of the rest";
	elseif #parts == 1 then
		return "there is nothing behind the first part";
	elseif #parts == 2 then
		return "there is no third part, the signature";
	elseif #parts == 3 and code == "malformed-token" and not token:find("[^%w._-]") then
		return "a part of it ends in the middle of a character";
	end
	return nil;
end

-- Whether a text may be made by chance: one long word with digits, or with letters of both kinds.
local function is_random(token)
	return #token >= 12 and not token:find("[^%w._~+/=:-]") and (token:find("%d") or token:find("%l") and token:find("%u")) ~= nil;
end

-- The finding for a text that is not a token; `code` is that of the native module, `named` what pasted_text.lua knows of it.
local function of_shape(token, code, named)
	if #token <= longest_name and plain_file.can_open(token) then
		return find("token-is-file-name");
	elseif named then
		return named;
	elseif token == "" then
		return find("empty-token");
	end
	local parts = parts_of(token);
	local header = is_header(parts[1]);
	local cut = header and code ~= "token-too-large" and what_is_cut(token, parts, code);
	if cut then
		return find("cut-off", { missing = cut });
	elseif code == "encrypted-token" or code == "token-too-large" then
		return find(code);
	elseif #parts == 3 and token:find("[=+/]") and not token:find("[^%w.=+/_-]") then
		return find("base64-padding");
	elseif not header and #parts < 3 and is_random(token) then
		return find("opaque-token");
	elseif #parts > 3 and header then
		return find("more-than-three-parts", { count = #parts });
	end
	return find("malformed-token");
end

-- The finding for a payload that is not an object of claims.
local function of_payload(token)
	local text = encodings.base64_decode(parts_of(token)[2] or "");
	if text and text:find("^\239\187\191") then
		return find("payload-with-mark");
	elseif text and not utf8.len(text) then
		return find("payload-not-utf-8");
	elseif text and text:find("^%s*{%s*\".*}%s*$") and token_verifier.inspect("e30."..parts_of(token)[2]..".") == nil then
		return find("payload-not-json");
	end
	return find("malformed-payload");
end

-- The size of a signature in bytes; nil if it is unknown. For OKP keys, the curve is also the name of an algorithm (RFC 9864).
local function size_of(alg, key)
	local rows = token_verifier.algorithms;
	local row = rows[key and key:curve()] or rows[alg];
	return key and key:type() == "RSA" and key:bits() // 8 or row and (row.signature_size
		or row.key_type == "OKP" and rows.Ed25519.signature_size) or nil; -- the shorter one
end

-- Another algorithm for the same kind of key whose signatures have this size, or nil.
local function other_of_size(alg, size)
	local row = token_verifier.algorithms[alg];
	for name, other in pairs(row and token_verifier.algorithms or {}) do
		if name ~= alg and other.signature_size == size and other.key_type == row.key_type then
			return name;
		end
	end
	return nil;
end

-- The finding for a signature that is too short for `alg`, so the token was cut off, or that is of another algorithm. `key` is the key
-- used for the signature, or nil.
local function of_signature(token, alg, key)
	local parts = parts_of(token);
	local expected = size_of(alg, key);
	local found = #(parts[3] or "") * 3 // 4;
	local other = expected and found ~= expected and other_of_size(alg, found);
	if other then
		return find("signature-of-other-algorithm", { found = found, alg = alg, expected = expected, near = other });
	elseif expected and found < expected then
		return find("signature-cut-off", { found = found, alg = alg, expected = expected });
	end
	return nil;
end

return { of_shape = of_shape, of_signature = of_signature, of_payload = of_payload };
