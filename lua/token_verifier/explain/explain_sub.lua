-- SPDX-License-Identifier: MIT
-- What else than a domain or a tenant the claim "sub" is.

local find = require "token_verifier.explain.causes".find;
local provider = require "token_verifier.explain.provider";

-- Whether sub looks like the id of a user, as in OpenID, or is one, as the provider (a row of providers.lua, or nil) sets it itself.
-- A token that an address issued, without "context", was not made for Jitsi.
local function is_user(sub, maker, claims)
	local is_foreign = type(claims.iss) == "string" and claims.iss:find("^https?://") and claims.context == nil;
	return maker ~= nil and maker.own_sub == true or sub:find("^%x+%-%x+%-%x+%-%x+%-%x+$") ~= nil or sub:find("[|@:]") ~= nil
		or sub:find("^%x+$") ~= nil and #sub >= 16 or sub:find("^%d+$") ~= nil and #sub >= 6
		or is_foreign and not sub:find(".", 1, true) or false;
end

-- The domain in an address or a text with more than the domain in it, in lower case; nil if sub is nothing like that.
local function domain_in(sub)
	if #sub > 256 then
		return nil;
	end
	local text = sub:match("^%s*(.-)%s*$");
	local rest = text:match("^%a[%w+.-]*://(.*)$");
	local host = (rest or text):match("^[^/?#]*"):gsub(":%d+$", ""):gsub("%.$", ""):gsub("^[wW][wW][wW]%.", "");
	if host == sub or not (rest or host:find("%.")) or host:find("[%s|@:]") or host == "" then
		return nil;
	end
	return host:lower();
end

-- The finding for a sub that is no name of a domain or tenant at all, or nil. `values` are those of the texts of causes, of which
-- `suggested` is what sub must be. `enters_without()` tells whether the user may enter without the verification of domains.
local function of_shape(sub, values, maker, enters_without)
	if not sub:find("%S") then
		return find("sub-empty", values);
	elseif domain_in(sub) then
		return find("sub-address", values);
	end
	local finding = provider.finding(maker, "sub", values);
	if not finding and maker and maker.own_sub and enters_without() then
		values.provider = provider.name(maker);
		finding = find("provider-sub", values);
	end
	return finding;
end

-- The finding for a token without room, if it is known what its provider can do about that; else nil.
local function of_missing_room(maker)
	if not maker then
		return nil;
	end
	return find(maker.claims and "provider-room" or maker.own_sub and "provider-room-never" or "room-missing",
		{ provider = provider.name(maker), how = maker.claims });
end

return { is_user = is_user, of_shape = of_shape, of_missing_room = of_missing_room };
