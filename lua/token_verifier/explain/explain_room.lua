-- SPDX-License-Identifier: MIT
-- Which rooms a token allows: compares the claims room, sub and context.tenant with the wanted room.

local token_verifier = require "token_verifier";
local claims_fields = require "token_verifier.plugin.claims";
local find = require "token_verifier.explain.causes".find;
local judging = require "token_verifier.explain.explain_claims";
local misspelt = require "token_verifier.explain.explain_names".misspelt;
local quote = require "token_verifier.plugin.report".quote;
local room_rules = require "token_verifier.plugin.room";
local url_decode = require "token_verifier.explain.encodings".url_decode;

local null = token_verifier.null;

-- Splits a room as people write it: "planning", "acme/planning", "[acme]planning", its JID or its web address. Returns its name,
-- tenant, website host and MUC host; the last three may be nil.
local function split(text)
	local address = text:match("^%a[%w+.-]*://([^?#]*)");
	if address then
		local host, path = address:match("^([^/]*)/*(.*)$");
		local tenant, name = path:match("^([^/]+)/([^/]+)/*$");
		return (name or path:gsub("/*$", "")):lower(), tenant and tenant:lower(), (host:gsub(":%d+$", ""));
	end
	local node, host = text:match("^([^@/]*)@([^/]+)");
	node = node or text;
	local tenant, name = node:match("^%[([^%]]+)%](.+)$");
	if not tenant then
		tenant, name = node:match("^([^/]+)/([^/]+)$");
	end
	return (name or node):lower(), tenant and tenant:lower(), nil, host and host:lower();
end

-- The host of the rooms if the settings contain it, else nil.
local function muc_domain_of(settings)
	local domain = settings.muc_domain or settings.muc_host;
	if not domain and settings.host then
		domain = settings.muc_domain_prefix.."."..settings.host;
	end
	return domain;
end

local function without_prefix(settings, domain)
	local prefix = settings.muc_domain_prefix..".";
	if domain and domain:sub(1, #prefix) == prefix then
		return domain:sub(#prefix + 1);
	end
	return nil;
end

-- The domain in a room's address, or nil.
local function domain_of(text, prefix)
	local _, _, site, host = split(text);
	return site or host and host:gsub("^"..prefix:gsub("%p", "%%%0").."%.", "");
end

-- The wanted room: { name, tenant, address, muc_domain, domain }. `address` is nil if the host is not known. `domain` is what sub
-- must be for rooms without a tenant.
local function place(settings, text)
	local muc_domain = muc_domain_of(settings);
	local asked = {};
	if text then
		local site, host;
		asked.name, asked.tenant, site, host = split(text);
		muc_domain = muc_domain or host or site and settings.muc_domain_prefix.."."..site;
		-- Jitsi's own addresses of a tenant's rooms: room@conference.tenant.domain.
		local base = settings.muc_domain_base;
		local inner = base and host and without_prefix(settings, host);
		if inner and inner:sub(-#base - 1) == "."..base and not asked.tenant then
			asked.tenant, host = inner:sub(1, -#base - 2), nil;
		end
		host = host or muc_domain;
		if host then
			asked.address = (asked.tenant and ("[%s]%s@%s") or "%s%s@%s"):format(asked.tenant or "", asked.name, host);
		end
	end
	if not settings.domain_unknown then
		asked.muc_domain, asked.domain = muc_domain, without_prefix(settings, muc_domain);
	end
	return asked;
end

-- The session of a user who logged in with these claims, changed by `changes`.
local function session_of(claims, asked, changes)
	local all = {};
	for name, value in pairs(claims) do
		all[name] = value;
	end
	for name, value in pairs(changes or {}) do
		all[name] = value;
	end
	local session = { auth_token = "", jitsi_web_query_prefix = asked.tenant or "" };
	claims_fields.assign(session, all);
	return session;
end

-- The decision of the plugins, for a room that exists.
local function may_enter(settings, claims, asked, changes)
	local quiet = setmetatable({ log = function () end }, { __index = settings });
	return room_rules.verify(quiet, session_of(claims, asked, changes), asked.address, function () return {}; end);
end

local function is_pattern(claims)
	local context = claims_fields.context_of(claims);
	return context ~= nil and room_rules.is_pattern(context.room);
end

-- Only up to the maximum length of a pattern: string.find() is slow on long texts full of brackets.
local function looks_like_pattern(text)
	return text ~= "*" and #text <= room_rules.max_pattern_length
		and (text:find("[*^$]") or text:find("%.%+") or text:find("%%[adlswx]") or text:find("%[[^%]]+%]")) ~= nil;
end

-- The finding for a room claim that contains more than a room's name, or nil. The claim is always compared unchanged.
local function shape_finding(claim, asked)
	local web_name = claim:find("^https?://") and split(claim);
	local inner = claim:match("^%[[^%]]+%](.+)$") or claim:match("^[^/]+/([^/]+)$");
	if web_name then
		return find("room-url", { suggested = quote(web_name) });
	elseif claim:find("@", 1, true) then
		return find("room-full-jid", { suggested = quote((claim:match("^([^@]*)@"):gsub("^%[[^%]]+%]", ""))) });
	elseif inner then
		return find("room-with-tenant", { suggested = quote(inner) });
	elseif claim:find("%%%x%x") then
		return find(asked and "room-url-encoded" or "room-maybe-encoded", { suggested = quote(url_decode(claim)) });
	elseif asked and asked.name:find("%%%x%x") and url_decode(asked.name):lower() == claim:lower() then
		return find("room-not-encoded", { suggested = quote(asked.name) });
	elseif looks_like_pattern(claim) then
		return find("room-pattern-not-declared");
	end
	return nil;
end

local function room_finding(claims, asked, error_name)
	if error_name == "invalid-regex" then
		return find("room-pattern-refused");
	elseif is_pattern(claims) then
		return find("room-pattern-mismatch");
	end
	return shape_finding(claims.room, asked) or find("room-not-accepted");
end

local function has_capitals(claims)
	return not is_pattern(claims) and claims.room ~= claims.room:lower();
end

-- Whether there are claims that only OpenID providers set.
local function is_openid(claims)
	return claims.azp ~= nil or claims.nonce ~= nil or claims.preferred_username ~= nil or claims.auth_time ~= nil;
end

local function room_row(claims, options, more, asked)
	local value = claims.room;
	local ok, message, code = judging.judge("room", claims, { "room" }, options, 0);
	local wanted = asked.name and quote(asked.name) or options.room and quote(options.room) or options.require_room and "a name" or "anything";
	if code == "room-not-accepted" then
		return ok, message, { room_finding(claims, { name = options.room:lower() }) };
	elseif not ok then
		return ok, message, { code == "room-missing" and (misspelt(claims, "room") or is_openid(claims) and find("room-missing-openid"))
			or find(code) };
	elseif type(value) ~= "string" then
		return ok, judging.found(value, wanted), { misspelt(claims, "room") };
	end
	local text = judging.found(value, wanted..(is_pattern(claims) and ", by this pattern" or ""));
	if asked.address then
		local allowed, error_name = may_enter(more.settings, claims, asked, { sub = "*" });
		if not allowed and error_name ~= "server-missing-config" then
			return false, text, { room_finding(claims, asked, error_name) };
		end
	end
	local finding = not asked.address and not options.room and not is_pattern(claims) and shape_finding(value) or nil;
	return ok, text, { finding or has_capitals(claims) and find("room-case") or nil };
end

-- Whether sub looks like the id of a user, as in OpenID.
local function is_user(sub)
	return sub:find("^%x+%-%x+%-%x+%-%x+%-%x+$") ~= nil or sub:find("[|@:]") ~= nil or sub:find("^%x+$") ~= nil and #sub >= 16
		or sub:find("^%d+$") ~= nil and #sub >= 6;
end

-- The finding if no domain in sub can fit the host of the rooms; else nil.
local function prefix_finding(settings, asked)
	if not asked.muc_domain or asked.tenant or settings.muc_domain_base or without_prefix(settings, asked.muc_domain) then
		return nil;
	end
	return find("muc-prefix", {
		host = asked.muc_domain, prefix = quote(settings.muc_domain_prefix), suggested = quote(asked.muc_domain:match("^[^.]*")),
	});
end

local function sub_finding(settings, sub, asked)
	local misnamed = prefix_finding(settings, asked);
	if misnamed then
		return misnamed;
	end
	local expected = asked.tenant or asked.domain;
	local values = {
		suggested = expected and quote(expected) or "the domain", tenant = asked.tenant and quote(asked.tenant),
		sub = #sub <= 64 and sub:match("^[%w_-]+$") or "TENANT", prefix = settings.muc_domain_prefix,
	};
	local lower = sub:lower();
	if lower == asked.muc_domain or without_prefix(settings, lower) then
		values.suggested = quote(asked.tenant or without_prefix(settings, lower) or lower);
		return find("sub-conference-host", values);
	elseif is_user(sub) then
		return find("sub-user", values);
	elseif asked.tenant and lower == asked.domain then
		return find("sub-domain-for-tenant", values);
	elseif asked.name and not asked.tenant and settings.muc_domain_base and not sub:find(".", 1, true) then
		return find("sub-tenant-for-domain", values);
	end
	return find("sub-other", values);
end

-- Without a wanted room: which rooms the token allows.
local function sub_without_room(settings, sub, asked)
	local lower = sub:lower();
	local misnamed = prefix_finding(settings, asked);
	if sub == "*" then
		return "found \"*\": any domain and tenant", {};
	elseif misnamed then
		return judging.found(sub, "the domain"), { misnamed };
	elseif lower == asked.domain then
		return judging.found(sub, quote(sub).." for rooms without a tenant"), {};
	elseif asked.domain and settings.muc_domain_base and not is_user(sub) and not without_prefix(settings, lower) then
		return ("found %s; good for the rooms of that tenant; %s for rooms without one"):format(quote(sub), quote(asked.domain)), {};
	elseif not asked.domain and not is_user(sub) and not without_prefix(settings, lower) then
		return judging.found(sub, "the domain or the tenant"), {};
	end
	return judging.found(sub, asked.domain and quote(asked.domain) or "the domain or the tenant"), { sub_finding(settings, sub, asked) };
end

local function sub_row(claims, options, more, asked)
	local ok, message, code = judging.judge("sub", claims, { "sub" }, options, 0);
	local expected = asked.tenant or asked.domain;
	if not ok then
		return ok, message, { code == "sub-missing" and misspelt(claims, "sub")
			or find(code, { suggested = expected and quote(expected) or "the domain, to the tenant, or to \"*\"" }) };
	end
	local settings, sub = more.settings, claims.sub;
	if not settings or type(sub) ~= "string" then
		return ok, judging.found(sub, options.require_sub and "a name" or "anything");
	elseif not settings.enableDomainVerification then
		return ok, judging.found(sub, "anything, as enable_domain_verification is off");
	elseif not asked.address or settings.domain_unknown and not asked.tenant then
		local text, findings = sub_without_room(settings, sub, asked);
		return ok, text, findings;
	end
	local allowed, error_name = may_enter(settings, claims, asked, { room = "*" });
	local text = judging.found(sub, expected and quote(expected) or "the domain");
	if not allowed then
		return false, text, { error_name == "server-missing-config" and find("muc-domain-base-missing")
			or sub_finding(settings, sub, asked) };
	end
	return ok, text, {};
end

local function tenant_row(claims, asked)
	local context = type(claims.context) == "table" and claims.context or {};
	local tenant = context.tenant;
	if tenant == nil or tenant == null or not asked.name then
		return nil;
	end
	local wanted = asked.tenant or "";
	local text = judging.found(tenant, quote(wanted));
	if tostring(tenant):lower() == wanted then
		return true, text;
	end
	return true, text, { find("tenant-mismatch", {
		found = judging.quoted(tenant), tenant = wanted ~= "" and quote(wanted) or "no tenant", suggested = quote(wanted),
	}) };
end

-- Returns the checks of a token's rooms. `more.settings` are the fields of a token_util object, with `host` and `muc_host`, or
-- nil; its field `domain_unknown` means that the domain is a placeholder. `more.room` is the wanted room, or nil. The result is
-- { room =, sub =, tenant =: f(claims, options) as in explain_claims, verdict = f(claims) }. verdict() returns true; or false,
-- the name of an error and a reason; or nil if no room is wanted.
local function open(more)
	local asked = more.settings and place(more.settings, more.room) or {};
	return {
		room = function (claims, options) return room_row(claims, options, more, asked); end;
		sub = function (claims, options) return sub_row(claims, options, more, asked); end;
		tenant = function (claims) return tenant_row(claims, asked); end;
		verdict = function (claims)
			if not asked.address or type(claims.sub) ~= "string" then
				return nil;
			end
			local any_domain = more.settings.domain_unknown and not asked.tenant and { sub = "*" } or nil;
			return may_enter(more.settings, claims, asked, any_domain);
		end;
	};
end

return { open = open, domain_of = domain_of };
