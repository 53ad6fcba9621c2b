-- SPDX-License-Identifier: MIT
-- What token-verifier check says of log-ins and rooms: whether hosts ask for tokens, rooms demand them, and the two belong together.

local find = require "token_verifier.explain.causes".find;
local hosts = require "token_verifier.explain.hosts";
local list = require "token_verifier.plugin.list";
local quote = require "token_verifier.plugin.report".quote;
local sources = require "token_verifier.plugin.sources";
local spelling = require "token_verifier.options.spelling";
local written = require "token_verifier.command.check_values".written;
local written_for = require "token_verifier.options.unknown_options".written_for;

local function row(check, mark, text, finding)
	return { check = check, mark = mark, text = text, findings = { finding } };
end

-- A copy of a list with one more value.
local function with(values, value)
	local copy = table.move(list.as_list(values), 1, #list.as_list(values), 1, {});
	copy[#copy + 1] = value;
	return copy;
end

-- What people write for "token".
local names_of_token = {
	asap = true, auth_token = true, jwt = true, mod_auth_token = true, token = true, token_verification = true, tokens = true,
};

-- The first parts of hosts where Jitsi's own parts log in: focus, video bridges, recorders.
local services = { auth = true, hidden = true, recorder = true };

local function is_on(value)
	return value == true or value == "true" or value == 1;
end

local function is_service(host)
	return services[host:match("^[^.]*")] == true;
end

local function authentication_of(file, host)
	local authentication = file:get(host, "authentication");
	if type(authentication) == "table" then
		return "a list";
	end
	return authentication ~= nil and quote(tostring(authentication)) or "not set";
end

-- Whether this value of authentication was meant to be "token". A list is none of Prosody's values.
local function is_meant_as_token(value)
	local name = type(value) == "table" and value[1] or value;
	return value ~= "token" and names_of_token[tostring(name):lower():match("^%s*(.-)%s*$")] ~= nil;
end

-- Whether users with tokens of another host, or users without tokens, may enter the rooms of a host.
local function others_enter(file, host, rooms)
	for _, other in ipairs(hosts.token_hosts(file)) do
		if hosts.counts_for(file, other, host) and hosts.asks_for_tokens(file, other) ~= false then
			return true;
		end
	end
	for _, component in ipairs(rooms) do
		if file:get(component, "token_verification_allowlist") ~= nil then
			return true;
		end
	end
	return is_on(file:get(host, "allow_empty_token"));
end

local function add_log_in(rows, file, host)
	local authentication, rooms = file:get(host, "authentication"), hosts.guarded_by(file, host);
	local found = authentication_of(file, host);
	if is_meant_as_token(authentication) then
		rows[#rows + 1] = row("log-in", "FAIL", "authentication is "..found, find("authentication-misspelt", { found = found }));
	elseif hosts.asks_for_tokens(file, host) ~= false then
		return;
	elseif #rooms > 0 and not others_enter(file, host, rooms) then
		rows[#rows + 1] = row("log-in", "FAIL", "authentication is "..found,
			find("nobody-enters", { rooms = table.concat(rooms, ", "), host = host, found = found }));
	elseif #rooms == 0 or not others_enter(file, host, {}) or is_on(file:get(host, "allow_empty_token")) then
		rows[#rows + 1] = row("log-in", "WARN", "authentication is "..found, find("authentication-takes-no-tokens", { found = found }));
	end
end

-- Where else token_verification is enabled: the words for it, or nil.
local function misplaced_module(file, host)
	for _, place in ipairs({ host, "*" }) do
		if list.has((file.sections[place] or {}).modules_enabled, "token_verification") then
			return place == "*" and "for all hosts" or "of "..place;
		end
	end
	return nil;
end

-- The name in a component's modules_enabled that was meant to be token_verification, or nil.
local function misspelt_module(file, component)
	local enabled = file.sections[component].modules_enabled;
	for _, name in ipairs(type(enabled) == "table" and enabled or {}) do
		-- my_token_verification may be a module of somebody's own: docker-jitsi-meet has a variable for its name.
		local is_own = type(name) == "string" and name:find("^[%l_]+_token_verification$") and not name:find("^mod_");
		local distance = type(name) == "string" and not is_own
			and spelling.distance(name:lower():gsub("^mod_", ""):gsub("%-", "_"), "token_verification");
		if distance and distance <= 3 then
			return name;
		end
	end
	return nil;
end

local function add_unguarded(rows, file, host, component)
	local enabled = file.sections[component].modules_enabled;
	if file:loads(component, "token_verification") or type(enabled) == "string" then
		return;
	end
	local text = ("%s does not load token_verification"):format(component);
	if list.has(enabled, "token_verification") then
		rows[#rows + 1] = row("rooms", "FAIL", text, find("rooms-module-disabled", { host = component }));
		return;
	end
	local misspelt, elsewhere = misspelt_module(file, component), misplaced_module(file, host);
	if misspelt then
		rows[#rows + 1] = row("rooms", "FAIL", text, find("rooms-module-misspelt", { host = component, found = quote(misspelt) }));
	elseif elsewhere then
		rows[#rows + 1] = row("rooms", "FAIL", text, find("rooms-module-elsewhere", {
			host = component, place = elsewhere, suggested = "modules_enabled = "..written(with(enabled, "token_verification")),
		}));
	else
		rows[#rows + 1] = row("rooms", "WARN", text, find("rooms-not-verified", { host = component }));
	end
end

-- The options that make the rooms be on `component`, as they are written in a configuration.
local function options_for(file, host, option, component)
	local first, rest = component:match("^([^.]+)%.(.+)$");
	if option == "main_muc" then
		return ("main_muc = %q"):format(component);
	elseif option == "muc_mapper_domain" then
		local prefix = first ~= hosts.prefix_of(file, host) and (" and muc_mapper_domain_prefix = %q"):format(first) or "";
		return ("muc_mapper_domain = %q%s"):format(component, prefix);
	end
	return ("muc_mapper_domain_prefix = %q and muc_mapper_domain_base = %q"):format(first, rest);
end

-- The row about a component of this name that has no rooms, as its kind is not given; or nil.
local function without_kind(file, component)
	if (file.sections[component] or {}).component_module ~= "component" then
		return nil;
	end
	return row("rooms", "FAIL", ("%s has no rooms"):format(component), find("rooms-without-kind", { host = component }));
end

-- The row about a component that options name and that does not exist, or nil.
local function missing_rooms(file, host)
	local named, option = hosts.named_rooms(file, host);
	if not named or list.has(file:hosts("muc"), named) then
		return nil;
	end
	local kindless = without_kind(file, named);
	if kindless then
		return kindless;
	end
	local found = hosts.found_rooms(file, host);
	-- Without a base this option is not read.
	local mark = option == "muc_mapper_domain" and file:get(host, "muc_mapper_domain_base") == nil and found and "WARN" or "FAIL";
	local finding = find(found and "rooms-not-there" or "rooms-to-add", {
		option = option == "muc_mapper_domain_base" and "muc_mapper_domain_base (with muc_mapper_domain_prefix)" or option, host = named,
		suggested = found and options_for(file, host, option, found),
	});
	return row("rooms", mark, ("there is no %s"):format(named), finding);
end

-- The row about a host whose users no component admits, or nil. `settings` are those of the host.
local function outside(file, host, settings)
	local others = hosts.rooms_of_others(file, host);
	if not others then
		return nil;
	elseif is_service(host) and file:get(host, "authentication") == "token" then
		return row("log-in", "WARN", ("%s asks for tokens"):format(host), find("service-asks-for-tokens", { host = host }));
	elseif #others == 0 then
		return without_kind(file, hosts.prefix_of(file, host).."."..host)
			or row("rooms", "WARN", "there are no rooms", find("no-rooms", { host = host }));
	end
	local component, judge = table.unpack(others[1]);
	local is_of_guests = settings.allowEmptyToken and not settings.appSecret and not sources.is_configured(settings);
	local allowed = file:get(component, "token_verification_allowlist");
	if is_of_guests and (list.has(allowed, host) or is_on(file:get(judge, "allow_empty_token"))) then
		return nil;
	end
	local key = is_of_guests and "guests-without-rooms" or settings.allowEmptyToken and "host-and-guests-without-rooms"
		or "host-without-rooms";
	return row("rooms", "WARN", ("no rooms are for users of %s"):format(host),
		find(key, {
			host = host, rooms = component, judge = judge,
			list = written(with(is_of_guests and allowed or file:get(judge, "token_verification_hosts"), host)),
		}));
end

-- The row about rooms whose address fits no sub but "*", or nil.
local function unnamed(host, settings, component)
	local prefix = settings.muc_domain_prefix..".";
	if settings.muc_domain_base or not settings.enableDomainVerification or component:sub(1, #prefix) == prefix then
		return nil; -- with a base, config.lua says it
	end
	return row("rooms", "WARN", ("the rooms of %s are on %s"):format(host, component), find("muc-prefix", {
		host = component, prefix = quote(settings.muc_domain_prefix), suggested = quote(component:match("^[^.]*")),
	}));
end

-- Adds what the options of a token host alone do not show: whether the host and its rooms use tokens.
local function add(rows, file, host, settings)
	add_log_in(rows, file, host);
	if list.has(settings.acceptedIssuers, "jaas-components") then
		return; -- services of JaaS, which enter no room with their tokens
	end
	local missing, component = missing_rooms(file, host), hosts.muc_host_of(file, host);
	rows[#rows + 1] = missing;
	if component then
		add_unguarded(rows, file, host, component);
	end
	for _, name in ipairs(missing and {} or component and { component } or hosts.guarded_by(file, host)) do
		rows[#rows + 1] = unnamed(host, settings, name);
	end
	if not missing and (not component or hosts.judge_of(file, component) ~= host) then
		rows[#rows + 1] = outside(file, host, settings);
	end
end

-- The host in a configuration that a wrong name was meant to be: a token host with a similar name, or the only one; or nil.
local function meant_host(file, wrong)
	local all, names = hosts.token_hosts(file), {};
	for _, name in ipairs(all) do
		names[name] = true;
	end
	return spelling.nearest(wrong, names) or #all == 1 and all[1] or nil;
end

-- The name that a component was meant to have, if the name of its host is misspelt in it; else nil.
local function meant_component(file, component, judge)
	local names = {};
	for _, host in ipairs(hosts.token_hosts(file)) do
		names[host] = true;
	end
	local host, distance = spelling.nearest(judge, names);
	local name = host and distance <= 2 and hosts.prefix_of(file, host).."."..host;
	if name and not file.sections[name] and not file.sections[judge] and component == hosts.prefix_of(file, host).."."..judge then
		return name;
	end
	return nil;
end

-- The finding for a component that demands tokens which no host can verify.
local function why_unjudged(file, component, judge)
	local meant, key = meant_host(file, judge), "rooms-without-judge";
	local misspelt = meant_component(file, component, judge);
	if misspelt then
		return find("rooms-misspelt", { host = component, found = quote(judge), suggested = quote(misspelt) });
	end
	if file.sections[judge] and judge ~= "*" then
		key = "rooms-of-host-without-tokens";
	elseif meant then
		key = "rooms-judge-elsewhere";
	end
	return find(key, {
		host = component, found = key == "rooms-of-host-without-tokens" and judge or quote(judge), suggested = meant and ("%q"):format(meant),
	});
end

-- Rows for components that require tokens which no host can verify. `reported` is the set of hosts whose own row says why.
local function unjudged(file, reported)
	local rows = {};
	for _, component in ipairs(file:hosts("muc")) do
		local judge = hosts.judge_of(file, component);
		local is_judged = judge ~= "*" and (reported[judge] or file.sections[judge] and file:get(judge, "app_id") ~= nil);
		if file:loads(component, "token_verification") and not is_judged then
			local allowed = file:get(component, "token_verification_allowlist");
			local mark = type(allowed) == "table" and next(allowed) ~= nil and "WARN" or "FAIL"; -- the rooms may be for those alone
			rows[#rows + 1] = row("rooms", mark, ("no token opens a room of %s"):format(component), why_unjudged(file, component, judge));
		end
	end
	return rows;
end

-- Whether app_id stands in the block of a component, where nobody reads it.
local function has_misplaced_app_id(file)
	for _, section in pairs(file.sections) do
		if section.component_module and section.app_id ~= nil then
			return true;
		end
	end
	return false;
end

-- The name that is written where app_id is meant, if the host is meant to take tokens; else nil.
local function written_for_app_id(file, host)
	local name = written_for("app_id", host, file.sections);
	local is_meant = file:get(host, "authentication") == "token" or #hosts.guarded_by(file, host) > 0 or #hosts.token_hosts(file) == 0;
	return is_meant and name or nil;
end

-- The row about a host where nobody can log in, since there is no app_id.
local function log_in_without_app_id(file, host)
	local instead, near, key = written_for_app_id(file, host), hosts.token_hosts(file)[1], "app-id-missing";
	local rooms = near and hosts.muc_host_of(file, near);
	if instead then
		key = "app-id-misspelt";
	elseif is_service(host) then
		key = "service-asks-for-tokens";
	elseif rooms and (host:find("^guest") or is_on(file:get(host, "allow_empty_token"))) and #hosts.guarded_by(file, host) == 0 then
		key = "app-id-missing-for-guests";
	end
	return row("log-in", "FAIL", ("%s has no app_id"):format(host), find(key, {
		host = host, found = instead, rooms = rooms,
		list = rooms and written(with(file:get(rooms, "token_verification_allowlist"), host)),
	}));
end

-- Hosts that are meant to take tokens and have no app_id: their rows, and the set of these hosts. If app_id stands in the block of a
-- component, that is said elsewhere.
local function without_app_id(file)
	local rows, found = {}, {};
	local is_misplaced = has_misplaced_app_id(file) and #hosts.token_hosts(file) == 0;
	for _, host in ipairs(file:hosts(nil)) do
		if file:get(host, "app_id") == nil and (file:get(host, "authentication") == "token" or written_for_app_id(file, host)) then
			found[host] = true;
			rows[#rows + 1] = not is_misplaced and log_in_without_app_id(file, host) or nil;
		end
	end
	return rows, found;
end

-- Rows for options that should be lists of modules and are texts.
local function not_lists(file)
	local rows = {};
	for _, name in ipairs(list.names_of(file.sections, function (_, section) return type(section.modules_enabled) == "string"; end)) do
		local place = name == "*" and "for all hosts" or "of "..name;
		rows[#rows + 1] = row("file", "FAIL", ("modules_enabled %s is %s"):format(place, quote(file.sections[name].modules_enabled)),
			find("modules-not-a-list", { place = place, suggested = written({ file.sections[name].modules_enabled }) }));
	end
	return rows;
end

return { add = add, unjudged = unjudged, without_app_id = without_app_id, not_lists = not_lists };
