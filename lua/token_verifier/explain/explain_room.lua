-- SPDX-License-Identifier: MIT
-- Which rooms a token allows: compares the claims room, sub and context.tenant with the wanted room.

local token_verifier = require "token_verifier";
local claims_fields = require "token_verifier.plugin.claims";
local find = require "token_verifier.explain.causes".find;
local judging = require "token_verifier.explain.explain_claims";
local explain_sub = require "token_verifier.explain.explain_sub";
local misspelt = require "token_verifier.explain.explain_names".misspelt;
local quote = require "token_verifier.plugin.printable".json;
local room_address = require "token_verifier.room_address";
local room_rules = require "token_verifier.plugin.room";
local shown = require "token_verifier.plugin.printable".shown;

local is_user = explain_sub.is_user;
local null = token_verifier.null;

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
	local found = room_address.read(text);
	return found.site ~= "" and found.site or found.host and found.host:gsub("^"..prefix:gsub("%p", "%%%0").."%.", "") or nil;
end

-- The wanted room: what room_address.read() returns, and { address, muc_domain, domain, unguarded }. `address` is nil if there is no
-- room or its host is not known. `domain` is what sub must be for rooms without a tenant. `unguarded` is the host of the room if it
-- is known that nothing verifies tokens there.
local function place(settings, text)
	local muc_domain = muc_domain_of(settings);
	local asked = text and room_address.read(text, settings.host) or {};
	local host = asked.host;
	muc_domain = muc_domain or host or asked.site and settings.muc_domain_prefix.."."..asked.site;
	-- Jitsi's own addresses of a tenant's rooms: room@conference.tenant.domain.
	local base = settings.muc_domain_base;
	local inner = base and host and without_prefix(settings, host);
	if inner and inner:sub(-#base - 1) == "."..base and not asked.tenant then
		asked.tenant, host = inner:sub(1, -#base - 2), nil;
		asked.prefix = asked.tenant;
	end
	host = host or muc_domain;
	if asked.name and host and not asked.problem then
		asked.address = (asked.tenant and ("[%s]%s@%s") or "%s%s@%s"):format(asked.tenant or "", asked.name, host);
		asked.unguarded = settings.is_unguarded and settings.is_unguarded(host) and host or nil;
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
	local session = { auth_token = "", jitsi_web_query_prefix = asked.prefix or "" };
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

-- What else a room claim is that is not only the name of a room: the key of the cause and the name in it; else nil.
local function misread(claim)
	local found = room_address.read(claim);
	if not found.name then
		return nil;
	elseif claim:find("^%a[%w+.-]*://") then
		return "room-url", found.name;
	elseif found.host then
		return "room-full-jid", found.name;
	elseif found.tenant then
		return "room-with-tenant", found.name;
	end
	return nil;
end

-- The finding for a claim that is not the name of the wanted room, but stands for that room in some other form; or nil. So every
-- suggestion is the name of the wanted room.
local function form_finding(claim, asked)
	local key, name = misread(claim);
	local values = { suggested = quote(asked.name), name = quote(asked.name) };
	if key and name == asked.name then
		return find(key, values);
	elseif room_address.of_name(claim) == asked.name then
		return find("room-not-encoded", values);
	end
	local once = room_address.decoded(claim);
	if once ~= claim and (once:lower() == asked.name or room_address.of_name(once) == asked.name) then
		return find("room-url-encoded", values);
	end
	return nil;
end

-- The finding for a room claim where no room is wanted, or nil.
local function shape_finding(claim, settings)
	local key, name = misread(claim);
	local of_page = room_address.of_name(claim);
	if key then
		return find(key, { suggested = quote(name) });
	elseif of_page == claim:lower() and claim:find("%", 1, true) then
		return find("room-encoded", { text = quote(room_address.decoded(of_page)) });
	elseif looks_like_pattern(claim) then
		return find("room-pattern-not-declared");
	elseif of_page and of_page ~= claim:lower() and not (settings and settings.roomMatching == "address") then
		return find("room-not-of-page", { suggested = quote(of_page) });
	end
	return nil;
end

local function room_finding(claims, asked, error_name, settings)
	local values = { suggested = quote(asked.name), name = quote(asked.name) };
	if error_name == "invalid-regex" then
		return find("room-pattern-refused");
	elseif is_pattern(claims) then
		local is_regex = claims.room:find("[|\\]") or claims.room:find("%(%?") or claims.room:find("[%w%])]{%d");
		return find(is_regex and "room-pattern-of-regex" or "room-pattern-mismatch", values);
	end
	local finding = form_finding(claims.room, asked);
	if not finding and looks_like_pattern(claims.room) and (not asked.address
		or may_enter(settings, claims, asked, { sub = "*", context = { room = { regex = true } } })) then
		return find("room-pattern-not-declared");
	end
	return finding or find("room-not-accepted", values);
end

local function has_capitals(claims)
	return not is_pattern(claims) and claims.room ~= claims.room:lower();
end

-- Whether there are claims that only OpenID providers set.
local function is_openid(claims)
	return claims.azp ~= nil or claims.nonce ~= nil or claims.preferred_username ~= nil or claims.auth_time ~= nil;
end

-- The finding if there is no wanted room, or nobody verifies tokens there; else nil. Only the main rooms should be verified.
local function place_finding(settings, asked)
	local values = { name = asked.name and quote(asked.name), host = asked.unguarded };
	if asked.problem then
		return find(asked.problem == "no-room" and "room-address-without-room" or "room-"..asked.problem, values);
	elseif asked.unguarded then
		local is_main = asked.unguarded == settings.muc_domain or without_prefix(settings, asked.unguarded) == settings.host;
		return find(is_main and "rooms-not-verified" or "room-without-verification", values);
	end
	return nil;
end

-- The finding for an address of a website that is not known to be this host's, or nil. "meet.jitsi" and the like are names inside of
-- containers, which no website has.
local function site_finding(settings, asked)
	local site, host = asked.site, settings.host;
	if not site or site == "" or not host or site == host or site == settings.muc_domain_base or host:find("%.jitsi$") then
		return nil;
	end
	return find("room-of-other-site", { site = site, host = host });
end

-- The name of the wanted room, and what it was made of if that is not the same.
local function wanted_name(asked)
	if asked.typed and asked.typed:lower() ~= asked.name then
		return ("%s, which Jitsi's page makes of %s"):format(shown(asked.name), shown(asked.typed));
	end
	return shown(asked.name);
end

-- The row about a room that is wanted, with the settings known.
local function wanted_room_row(claims, text, settings, asked)
	local findings = { site_finding(settings, asked) };
	if asked.tenant and asked.tenant:find("[\128-\255]") then
		findings[#findings + 1] = find("tenant-guessed", { tenant = quote(asked.tenant) });
	end
	local allowed, error_name = true, nil;
	if not asked.unguarded then
		allowed, error_name = may_enter(settings, claims, asked, { sub = "*" });
	end
	if not allowed and error_name ~= "server-missing-config" then
		table.insert(findings, 1, room_finding(claims, asked, error_name, settings));
		return false, text, findings;
	elseif has_capitals(claims) and claims.room:lower() == asked.name then
		findings[#findings + 1] = find("room-case");
	end
	findings[#findings + 1] = place_finding(settings, asked);
	return true, text, findings;
end

local function room_row(claims, options, more, asked)
	local value = claims.room;
	local ok, message, code = judging.judge("room", claims, { "room" }, options, 0);
	if asked.problem then
		return false, "no room can be entered by "..shown(more.room), { place_finding(more.settings, asked) };
	end
	local wanted = asked.name and wanted_name(asked) or options.room and shown(options.room)
		or options.require_room and "a name" or "anything";
	if code == "room-not-accepted" then
		return ok, message, { room_finding(claims, { name = options.room:lower() }) };
	elseif not ok then
		return ok, message, { code == "room-missing" and (misspelt(claims, "room") or explain_sub.of_missing_room(more.provider)
			or is_openid(claims) and find("room-missing-openid")) or find(code) };
	elseif type(value) ~= "string" then
		return ok, judging.found(value, wanted), { misspelt(claims, "room") };
	end
	if asked.unguarded then
		wanted = "anything, as nothing verifies tokens there";
	end
	local text = judging.found(value, wanted..(is_pattern(claims) and ", by this pattern" or ""));
	if asked.address then
		return wanted_room_row(claims, text, more.settings, asked);
	end
	local finding = not options.room and not is_pattern(claims) and shape_finding(value, more.settings) or nil;
	return ok, text, { finding or has_capitals(claims) and find("room-case") or nil };
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

-- `maker` is the provider of the token, if it is known; `claims` are those of the token.
local function sub_finding(settings, claims, asked, maker)
	local sub = claims.sub;
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
	if lower == expected and asked.host and asked.muc_domain and asked.host ~= asked.muc_domain then
		return find("room-on-other-host", { found = asked.host, host = asked.muc_domain });
	elseif lower == asked.muc_domain or without_prefix(settings, lower) then
		values.suggested = quote(asked.tenant or without_prefix(settings, lower) or lower);
		return find("sub-conference-host", values);
	end
	local finding = explain_sub.of_shape(sub, values, maker, function ()
		local without = setmetatable({ enableDomainVerification = false }, { __index = settings });
		return not asked.address or may_enter(without, claims, asked, { room = "*" });
	end);
	if finding then
		return finding;
	elseif is_user(sub, nil, claims) then
		return find("sub-user", values);
	elseif asked.tenant and lower == asked.domain then
		return find("sub-domain-for-tenant", values);
	elseif asked.name and not asked.tenant and settings.muc_domain_base and not sub:find(".", 1, true) then
		return find("sub-tenant-for-domain", values);
	end
	return find("sub-other", values);
end

-- Without a wanted room: which rooms the token allows.
local function sub_without_room(settings, claims, asked, maker)
	local sub = claims.sub;
	local lower = sub:lower();
	local misnamed = prefix_finding(settings, asked);
	if sub == "*" then
		return "found \"*\": any domain and tenant", {};
	elseif misnamed then
		return judging.found(sub, "the domain"), { misnamed };
	elseif lower == asked.domain then
		return judging.found(sub, shown(sub).." for rooms without a tenant"), {};
	elseif asked.domain and settings.muc_domain_base and not is_user(sub, maker, claims) and not without_prefix(settings, lower) then
		return ("found %s; good for the rooms of that tenant; %s for rooms without one"):format(shown(sub), shown(asked.domain)), {};
	elseif not asked.domain and not is_user(sub, maker, claims) and not without_prefix(settings, lower) then
		return judging.found(sub, "the domain or the tenant"), {};
	end
	return judging.found(sub, asked.domain and quote(asked.domain) or "the domain or the tenant"),
		{ sub_finding(settings, claims, asked, maker) };
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
		local text, findings = sub_without_room(settings, claims, asked, more.provider);
		return ok, text, findings;
	end
	local text = judging.found(sub, expected and shown(expected) or "the domain");
	if asked.unguarded then
		return ok, judging.found(sub, "anything"), {};
	end
	local allowed, error_name = may_enter(settings, claims, asked, { room = "*" });
	if not allowed then
		return false, text, { error_name == "server-missing-config" and find("muc-domain-base-missing")
			or sub_finding(settings, claims, asked, more.provider) };
	end
	return ok, text, {};
end

local function tenant_row(claims, asked)
	local context = type(claims.context) == "table" and claims.context or {};
	local tenant = context.tenant;
	if tenant == nil or tenant == null or not asked.name then
		return nil;
	end
	local wanted = asked.prefix or "";
	local text = judging.found(tenant, shown(wanted));
	if tostring(tenant):lower() == wanted then
		return true, text;
	end
	return true, text, { find("tenant-mismatch", {
		found = judging.quoted(tenant), tenant = wanted ~= "" and quote(wanted) or "no tenant", suggested = quote(wanted),
	}) };
end

local reasons = {
	["no-room"] = "the address has no room", ["name-refused"] = "Prosody accepts no room of that name",
	["name-unusable"] = "no room can have that name",
};

-- Returns the checks of a token's rooms. `more.settings` are the fields of a token_util object, with `host`, `muc_host` and
-- `is_unguarded`, or nil; its field `domain_unknown` means that the domain is a placeholder. `more.room` is the wanted room, or nil.
-- The result is { room =, sub =, tenant =: f(claims, options) as in explain_claims, verdict = f(claims) }. verdict() returns true;
-- or false, the name of an error and a reason; or nil if no room is wanted.
local function open(more)
	local asked = more.settings and place(more.settings, more.room) or {};
	return {
		room = function (claims, options) return room_row(claims, options, more, asked); end;
		sub = function (claims, options) return sub_row(claims, options, more, asked); end;
		tenant = function (claims) return tenant_row(claims, asked); end;
		verdict = function (claims)
			if asked.problem then
				return false, "invalid-room-address", reasons[asked.problem];
			elseif asked.unguarded then
				return true;
			elseif not asked.address or type(claims.sub) ~= "string" then
				return nil;
			end
			local any_domain = more.settings.domain_unknown and not asked.tenant and { sub = "*" } or nil;
			return may_enter(more.settings, claims, asked, any_domain);
		end;
	};
end

return { open = open, domain_of = domain_of };
