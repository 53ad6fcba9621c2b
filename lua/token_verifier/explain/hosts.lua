-- SPDX-License-Identifier: MIT
-- What the parts of a configuration make together: which hosts take tokens, and which component has the rooms of a host.
--
-- `configuration` is an object with the methods
--   hosts(component_module or nil)   names of components, or of VirtualHosts, sorted
--   get(host, option)                the option in force for a host, or globally for "*"
--   loads(component, module)         whether a component loads a module

local list = require "token_verifier.plugin.list";
local parent_of = require "token_verifier.plugin.verified".parent_of;
local token_options = require "token_verifier.plugin.token_options";

local prefix_by_default = token_options.by_name.muc_mapper_domain_prefix.default;

-- Values of `authentication` whose modules ask for no token of ours. Prosody's default is one of them.
local without_tokens = {};
for _, name in ipairs({
	"anonymous", "cyrus", "dovecot", "http", "imap", "insecure", "internal_hashed", "internal_plain", "jitsi-anonymous", "jitsi-shared-secret",
	"ldap", "ldap2", "matrix_user_verification", "pam", "sql",
}) do
	without_tokens[name] = true;
end

-- Options that name a key, and so show that a host is meant to verify tokens.
local key_options = { "app_secret", "app_secret_file" };
for _, row in ipairs(token_options.sources) do
	key_options[#key_options + 1] = row[1];
end

-- Whether users of a host log in with tokens: true, or false, or nil if its module is not known here.
local function asks_for_tokens(configuration, host)
	local authentication = configuration:get(host, "authentication");
	if authentication == "token" then
		return true;
	elseif authentication == nil or without_tokens[authentication] then
		return false;
	end
	return nil;
end

-- The name of the host whose options verify the tokens of a guarded component; "" if the option names none.
local function judge_of(configuration, component)
	local named = configuration:get(component, "token_verification_host");
	if named == nil then
		return parent_of(component);
	end
	return type(named) == "table" and "" or tostring(named):lower();
end

-- The components with rooms that are guarded with the options of a host.
local function guarded_by(configuration, host)
	local found = {};
	for _, component in ipairs(configuration:hosts("muc")) do
		if configuration:loads(component, "token_verification") and judge_of(configuration, component) == host then
			found[#found + 1] = component;
		end
	end
	return found;
end

-- Whether an option is set for a host itself, to something else than for all hosts.
local function has_own(configuration, host, option)
	local value = configuration:get(host, option);
	return value ~= nil and value ~= configuration:get("*", option);
end

local function has_own_key(configuration, host)
	for _, option in ipairs(key_options) do
		if has_own(configuration, host, option) then
			return true;
		end
	end
	return false;
end

-- Whether a host is meant to verify tokens. With another kind of log-in, app_id alone does not show that: it may be global, a copy,
-- or for another module.
local function takes_tokens(configuration, host)
	if configuration:get(host, "app_id") == nil then
		return false;
	end
	return asks_for_tokens(configuration, host) ~= false or has_own_key(configuration, host) or #guarded_by(configuration, host) > 0
		or configuration:get(host, "authentication") == nil and has_own(configuration, host, "app_id");
end

-- The hosts that accept tokens.
local function token_hosts(configuration)
	local hosts = {};
	for _, name in ipairs(configuration:hosts(nil)) do
		hosts[#hosts + 1] = takes_tokens(configuration, name) and name or nil;
	end
	return hosts;
end

-- A name of a host in an option, in lower case; nil if the option is not set or no string.
local function name_in(configuration, host, option)
	local value = configuration:get(host, option);
	return type(value) == "string" and value ~= "" and value:lower() or nil;
end

local function prefix_of(configuration, host)
	return name_in(configuration, host, "muc_mapper_domain_prefix") or prefix_by_default;
end

-- The component that the options name for the rooms of a host, which may not exist, and the name of the option; or nil.
local function named_rooms(configuration, host)
	local domain = name_in(configuration, host, "muc_mapper_domain");
	if domain then
		return domain, "muc_mapper_domain";
	end
	local base = name_in(configuration, host, "muc_mapper_domain_base");
	if base then
		return prefix_of(configuration, host).."."..base, "muc_mapper_domain_base";
	end
	local main = name_in(configuration, host, "main_muc");
	return main, main and "main_muc";
end

local asides = { lobby = true, breakout = true, internal = true, auth = true };

-- Whether a component has rooms that people do not open themselves: lobbies, breakout rooms, those of Jitsi's own parts.
local function is_aside(configuration, host, component)
	if component == name_in(configuration, host, "lobby_muc") or component == name_in(configuration, host, "breakout_rooms_muc") then
		return true;
	end
	local labels = component:sub(-#host - 1) == "."..host and component:sub(1, -#host - 2) or component:match("^[^.]*");
	for label in labels:gmatch("[^.]+") do
		if asides[label:match("^[^-]*")] then
			return true;
		end
	end
	return false;
end

-- Whether the rooms of a component may be those of a host's users.
local function may_serve(configuration, host, component)
	if is_aside(configuration, host, component) then
		return false;
	end
	local judge = judge_of(configuration, component);
	return component:sub(-#host - 1) == "."..host or judge == host
		or list.has(list.as_list(configuration:get(judge, "token_verification_hosts")), host);
end

-- The component with the rooms of a host's users, without a look at the options that name one; or nil.
local function found_rooms(configuration, host)
	local components, is_muc, guarded = {}, {}, {};
	for _, component in ipairs(configuration:hosts("muc")) do
		is_muc[component] = true;
		if may_serve(configuration, host, component) then
			components[#components + 1] = component;
			guarded[#guarded + 1] = configuration:loads(component, "token_verification") and component or nil;
		end
	end
	for _, prefix in ipairs({ prefix_of(configuration, host), prefix_by_default }) do
		if is_muc[prefix.."."..host] then
			return prefix.."."..host;
		end
	end
	return #components == 1 and components[1] or #guarded == 1 and guarded[1] or nil;
end

-- The component with the rooms of a host's users, or nil if there is none or it cannot be told.
local function muc_host_of(configuration, host)
	local named = named_rooms(configuration, host);
	if named and list.has(configuration:hosts("muc"), named) then
		return named;
	end
	return found_rooms(configuration, host);
end

-- Whether tokens that another host verifies count for the rooms of a host.
local function counts_for(configuration, other, host)
	local base = configuration:get(host, "muc_mapper_domain_base");
	return other ~= host and (base ~= nil and configuration:get(other, "muc_mapper_domain_base") == base
		or list.has(list.as_list(configuration:get(host, "token_verification_hosts")), other));
end

-- The guarded components of other hosts, as a list of { component, judge }; nil if a host's users need none of them: they have
-- rooms that are open, or that their tokens count for, or it cannot be told whose the rooms are.
local function rooms_of_others(configuration, host)
	local found = {};
	for _, component in ipairs(configuration:hosts("muc")) do
		local judge = judge_of(configuration, component);
		if not configuration:loads(component, "token_verification") then
			if not is_aside(configuration, host, component) then
				return nil;
			end
		elseif judge == host or counts_for(configuration, host, judge) or not list.has(configuration:hosts(nil), judge)
			or configuration:get(judge, "app_id") == nil then
			return nil;
		else
			found[#found + 1] = { component, judge };
		end
	end
	return found;
end

return {
	asks_for_tokens = asks_for_tokens, judge_of = judge_of, guarded_by = guarded_by, token_hosts = token_hosts, muc_host_of = muc_host_of,
	named_rooms = named_rooms, found_rooms = found_rooms, prefix_of = prefix_of, key_options = key_options, counts_for = counts_for,
	rooms_of_others = rooms_of_others,
};
