-- SPDX-License-Identifier: MIT
-- Recognizes the provider that made a token.

local rows = require "token_verifier.explain.providers";
local find = require "token_verifier.explain.causes".find;
local suggestion = require "token_verifier.explain.suggestion";

local of_header = { kid = true, nonce = true };

local function matches(value, pattern)
	if type(value) == "table" then
		value = value[1];
	end
	return type(value) == "string" and #value <= 2048 and value:find(pattern) ~= nil;
end

local function has_mark(mark, header, claims)
	for i = 1, #mark, 2 do
		local place, pattern = mark[i], mark[i + 1];
		if not matches((of_header[place] and header or claims)[place], pattern) then
			return false;
		end
	end
	return true;
end

-- The row of providers.lua for a token with this header and these claims, or nil. Both may be nil.
local function of(header, claims)
	header, claims = type(header) == "table" and header or {}, type(claims) == "table" and claims or {};
	for _, row in ipairs(rows) do
		for _, mark in ipairs(row.marks) do
			if has_mark(mark, header, claims) then
				return row;
			end
		end
	end
	return nil;
end

-- The provider's name, marked as a guess where it is one.
local function name(row)
	return row.is_guess and "probably "..row.name or row.name;
end

-- The finding that the provider has for a check of this token, or nil.
local function finding(row, check, values)
	local key = row and row.findings and row.findings[check];
	return key and find(key, values) or nil;
end

-- The setting with which this provider's tokens are probably verified, or nil.
local function source(row, claims)
	local issuer = claims and claims.iss;
	if not row or not row.source or not suggestion.is_listable(issuer) or not issuer:find("^https?://") then
		return nil;
	end
	local option, behind, removed = table.unpack(row.source);
	local address = issuer:gsub(removed or "^$", "");
	address = address ~= issuer and address:gsub("^http:", "https:") or address;
	return ("%s = %s"):format(option, suggestion.lua(address:gsub(behind ~= "" and "/$" or "^$", "")..behind));
end

-- Values for the texts about the keys of an application of Microsoft Entra ID: the IDs of its tenant and of itself, where they are known.
local function entra(claims)
	local id = "%x+%-%x+%-%x+%-%x+%-%x+";
	local issuer, audience = claims and claims.iss, claims and claims.aud;
	return {
		tenant = type(issuer) == "string" and #issuer < 256 and issuer:match("/("..id..")") or nil,
		client = type(audience) == "string" and #audience < 256 and audience:match(id) or nil,
	};
end

return { of = of, name = name, finding = finding, source = source, entra = entra };
