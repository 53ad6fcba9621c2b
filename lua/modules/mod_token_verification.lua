-- SPDX-License-Identifier: MIT
-- Lets users enter the rooms of a MUC component, and send requests to them, only if their verified token allows it.

if _VERSION ~= "Lua 5.4" then -- whose modules this Lua does not even find
	module:log("error", "token_verifier needs Lua 5.4, this Prosody runs on %s: the rooms are closed", _VERSION:match("%S+$"));
	local function close(event)
		event.origin.send(require "util.stanza".error_reply(event.stanza, "cancel", "not-allowed"));
		return true;
	end
	module:hook("muc-room-pre-create", close, 99);
	module:hook("muc-occupant-pre-join", close, 99);
	return;
end

local configmanager = require "core.configmanager";
local jid_bare = require "util.jid".bare;
local jid_prep = require "util.jid".prep;
local jid_resource = require "util.jid".resource;
local set = require "util.set";
local st = require "util.stanza";
local new_metrics = require "token_verifier.plugin.metrics".new;
local parent_of = require "token_verifier.plugin.verified".parent_of;
local unknown_options = require "token_verifier.options.unknown_options";

local xmlns_error = "http://jitsi.org/jitmeet";
local xmlns_muc = "http://jabber.org/protocol/muc";

local function log(level, ...)
	module:log(level, ...);
end

local own_host = prosody.hosts[module.host];
if own_host.type == "local" and not own_host.modules.muc then -- for example, if it is enabled for all hosts
	log("error", "There are no rooms on %s to guard: token_verification belongs to the 'modules_enabled' of the component of the rooms",
		module.host);
	return;
end

local complain = require "token_verifier.options.host_log".logged_by(log);
local reader = require "token_verifier.options.option_reader".new(module, complain);

-- The admins, from an option of Prosody. An unreadable value must not keep this plugin from loading: the rooms would be left
-- unguarded.
local function addresses(option)
	local ok, entries = pcall(module.get_option_inherited_set, module, option, {});
	if not ok then
		log("error", "Option '%s' cannot be read and is ignored: %s", option, entries);
		return set.new();
	end
	return entries / function (entry)
		if type(entry) ~= "string" then
			log("error", "Option '%s' must be a list of addresses, but holds a %s, which is ignored", option, type(entry));
			return nil;
		end
		return jid_prep(entry);
	end;
end

local function read_allow_list()
	local allow_list = set.new();
	for _, entry in ipairs(reader:value("token_verification_allowlist")) do
		local address = jid_prep(entry);
		if address then
			allow_list:add(address);
		else
			log("error", "Option 'token_verification_allowlist' holds %q, which is no address and is ignored", entry);
		end
	end
	return allow_list;
end

local function read_options()
	return {
		require_token_for_moderation = reader:value("token_verification_require_token_for_moderation");
		allow_list = read_allow_list();
		admins = addresses("admins");
	};
end

-- The host whose options are used to verify tokens: the configured one, else the one above this component. Nil if the option is
-- invalid.
local function read_judge()
	local named = reader:value("token_verification_host");
	if named == nil and reader:raw("token_verification_host") == nil then
		return parent_of(module.host);
	end
	return named and jid_prep(named) or named;
end

-- A host may be activated later than this component. A host that is not in the configuration gets the global options.
local function is_host(name)
	return name ~= "*" and (rawget(configmanager.getconfig(), name) ~= nil or rawget(prosody.hosts, name) ~= nil);
end

-- Why the options of a host cannot be used to verify tokens; nil if they can.
local function why_not(host)
	if not host then
		return "the option 'token_verification_host' does not name a host";
	elseif not is_host(host) then
		return ("its tokens are verified with the options of %q, but there is no such host"):format(host);
	elseif module:context(host):get_option("app_id") == nil then
		return ("its tokens are verified with the options of %q, but 'app_id' is not among them"):format(host);
	end
	return nil;
end

local door = require "token_verifier.plugin.door".new(module.host, nil, read_options(), nil, log);
local new_token_util = module:require "token/util".new;
local made = {}; -- { host, token_util }: only the last one is kept, since it decides which claims count for the rooms
local judge, said;

-- Finds the object that verifies tokens. As long as there is none, only exempt users may enter: whoever loads this plugin wants
-- the rooms guarded.
local function find_token_util()
	local problem = why_not(judge);
	if problem and problem ~= said then
		log("error", "No token opens a room of %s: %s. Set 'token_verification_host' of %s to the host where users log in. Until then "
			.."only admins and users in 'token_verification_allowlist' can enter", module.host, problem, module.host);
	elseif not problem and (made.host ~= judge or not made.token_util) then
		made = { host = judge, token_util = new_token_util(module:context(judge)) }; -- logs an error if there is none
	end
	said = problem;
	door.token_util = not problem and made.token_util or nil;
end

local function configure()
	local former = judge;
	judge = read_judge();
	if judge ~= module.host then -- otherwise token_util does this itself
		unknown_options.check_component(module.host, complain);
	end
	if not door.count or judge ~= former then
		door.count = new_metrics(module, judge or module.host);
	end
	find_token_util();
end

configure();
module:hook_global("config-reloaded", function ()
	door.options = read_options();
	configure();
end);
module:hook_global("host-activated", function (host) -- the host may not be in the configuration
	if said and host == judge then
		find_token_util();
	end
end);

-- Ends the event.
local function refuse(origin, stanza, error_name, reason)
	local reply = st.error_reply(stanza, "cancel", "not-allowed", reason);
	if error_name then
		reply:tag(error_name, { xmlns = xmlns_error });
	end
	origin.send(reply);
	return true;
end

-- As in Jitsi's module, so that dashboards for it work with ours.
local count_success, count_fail = module:measure("success", "counter"), module:measure("fail", "counter");

local function check_entry(event)
	local origin, stanza = event.origin, event.stanza;
	local allowed, error_name, reason = door:may_enter(origin, stanza.attr.from, stanza.attr.to);
	(allowed and count_success or count_fail)(1);
	if not allowed then
		return refuse(origin, stanza, error_name, reason or "Room and token mismatched");
	end
end

module:hook("muc-room-pre-create", check_entry, 99);
module:hook("muc-occupant-pre-join", check_entry, 99);

-- Stanzas of this server's own components, and of external components.
local services = { component = true, ["local"] = true };

-- Stanzas that are never answered.
local function is_answer(stanza)
	return stanza.attr.type == "error" or stanza.name == "iq" and stanza.attr.type == "result" and jid_resource(stanza.attr.to) == nil;
end

-- Stanzas that Prosody answers if the room was destroyed or does not exist, although they are not requests.
local function is_last_word(stanza)
	return stanza.name == "presence" and stanza.attr.type == "unavailable" or stanza.name == "iq" and stanza.attr.type == "result";
end

local function is_destroyed(room)
	return room and room._data ~= nil and room._data.destroyed;
end

-- Nobody can enter a destroyed room; Prosody answers with the reason and another address.
local function is_entry(stanza, room)
	return stanza.name == "presence" and stanza.attr.type == nil and stanza:get_child("x", xmlns_muc) ~= nil and not is_destroyed(room);
end

-- Everything else that is sent to a room or to an occupant: without entering, one could read its archive, or request its password.
local function check_question(event)
	local origin, stanza = event.origin, event.stanza;
	local muc = prosody.hosts[module.host].modules.muc;
	if not muc or services[origin.type] or is_answer(stanza) then
		return;
	end
	local room_jid = jid_bare(stanza.attr.to);
	local room = muc.get_room_from_jid(room_jid);
	if is_entry(stanza, room) or room == nil and room_jid == module.host then -- sent to the component itself
		return;
	elseif is_last_word(stanza) then
		return (not room or is_destroyed(room)) and not door:is_exempt(origin, stanza.attr.from) or nil; -- refused without an answer
	end
	local allowed, error_name, reason = door:may_ask(origin, stanza.attr.from, stanza.attr.to, room);
	if not allowed then
		return refuse(origin, stanza, error_name, reason or "Room and token mismatched");
	end
end

-- Prosody's own handlers have priorities up to 0, those of its plugins up to 1.
for _, event in ipairs({
	"iq/bare", "iq/full", "message/bare", "message/full", "presence/bare", "presence/full",
	-- A room can have the address of the component, which answers other requests itself.
	"message/host", "presence/host",
	"iq/host/http://jabber.org/protocol/muc#admin:query", "iq/host/http://jabber.org/protocol/muc#owner:query",
}) do
	module:hook(event, check_question, 99);
end

-- A session was resumed with a new token: may it stay in its room?
module:hook_global("jitsi-verify-session-rooms", function (event)
	local allowed, error_name, reason = door:may_stay(event.session);
	if not allowed then
		return { res = false, error = error_name or "not-allowed", reason = reason };
	end
end);

local function check_moderation(event)
	local origin, stanza = event.origin, event.stanza;
	if not door:may_moderate(origin, stanza.attr.from, stanza.attr.to) then
		return refuse(origin, stanza, nil, "Room modification disabled for guests");
	end
end

-- Prosody's own handlers have priority -2.
module:hook("iq-set/bare/http://jabber.org/protocol/muc#owner:query", check_moderation, -1);
module:hook("iq-set/host/http://jabber.org/protocol/muc#owner:query", check_moderation, -1);
