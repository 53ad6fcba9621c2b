-- SPDX-License-Identifier: MIT
-- Lets users into the rooms of a MUC component only as their verified token allows, and lets them ask nothing of the others.

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
if own_host.type == "local" and not own_host.modules.muc then -- as where it is enabled for all hosts, which components do not heed
	log("error", "There are no rooms on %s to guard: token_verification belongs to the 'modules_enabled' of the component of the rooms",
		module.host);
	return;
end

local reader = require "token_verifier.options.option_reader".new(module, log);

-- The admins, whose option is Prosody's. What it cannot read must not keep this plugin from loading: nothing would guard the
-- rooms then.
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

-- The host whose options judge the tokens: the one that is named, else the one above this component. Nil if the option cannot be read.
local function read_judge()
	local named = reader:value("token_verification_host");
	if named == nil and reader:raw("token_verification_host") == nil then
		return parent_of(module.host);
	end
	return named and jid_prep(named) or named;
end

-- A host may be activated later than this component. What has no entry in the table of options gets that of all hosts.
local function is_host(name)
	return name ~= "*" and (rawget(configmanager.getconfig(), name) ~= nil or rawget(prosody.hosts, name) ~= nil);
end

-- Why the options of a host cannot be used to verify tokens, or nil.
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
local made = {}; -- { host, token_util }: the last one alone, as the claims that count for the rooms are those that count for it
local judge, said;

-- Finds what verifies the tokens. While there is nothing the door stays shut for all but the exempt: who loads this plugin
-- wants the rooms guarded.
local function find_token_util()
	local problem = why_not(judge);
	if problem and problem ~= said then
		log("error", "No token opens a room of %s: %s. Set 'token_verification_host' of %s to the host where users log in. Until then "
			.."only admins and users in 'token_verification_allowlist' can enter", module.host, problem, module.host);
	elseif not problem and (made.host ~= judge or not made.token_util) then
		made = { host = judge, token_util = new_token_util(module:context(judge)) }; -- it says why there is none
	end
	said = problem;
	door.token_util = not problem and made.token_util or nil;
end

local function configure()
	local former = judge;
	judge = read_judge();
	if judge ~= module.host then -- otherwise token_util reads them all
		unknown_options.check_component(module.host, log);
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
module:hook_global("host-activated", function (host) -- it may be none of the configuration
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

local function check_entry(event)
	local origin, stanza = event.origin, event.stanza;
	local allowed, error_name, reason = door:may_enter(origin, stanza.attr.from, stanza.attr.to);
	if not allowed then
		return refuse(origin, stanza, error_name, reason or "Room and token mismatched");
	end
end

module:hook("muc-room-pre-create", check_entry, 99);
module:hook("muc-occupant-pre-join", check_entry, 99);

-- What this server's own components say, and those that have a secret for it.
local services = { component = true, ["local"] = true };

-- What nobody answers.
local function is_answer(stanza)
	return stanza.attr.type == "error" or stanza.name == "iq" and stanza.attr.type == "result" and jid_resource(stanza.attr.to) == nil;
end

-- What is no question, but Prosody answers it where a room was destroyed, or there is none.
local function is_last_word(stanza)
	return stanza.name == "presence" and stanza.attr.type == "unavailable" or stanza.name == "iq" and stanza.attr.type == "result";
end

local function is_destroyed(room)
	return room and room._data ~= nil and room._data.destroyed;
end

-- A room that was destroyed has no entry, but says why and where to go instead.
local function is_entry(stanza, room)
	return stanza.name == "presence" and stanza.attr.type == nil and stanza:get_child("x", xmlns_muc) ~= nil and not is_destroyed(room);
end

-- Everything else that is sent to a room or to somebody in it: an archive can be read, and a password asked for, from outside.
local function check_question(event)
	local origin, stanza = event.origin, event.stanza;
	local muc = prosody.hosts[module.host].modules.muc;
	if not muc or services[origin.type] or is_answer(stanza) then
		return;
	end
	local room_jid = jid_bare(stanza.attr.to);
	local room = muc.get_room_from_jid(room_jid);
	if is_entry(stanza, room) or room == nil and room_jid == module.host then -- the component itself is asked
		return;
	elseif is_last_word(stanza) then
		return (not room or is_destroyed(room)) and not door:is_exempt(origin, stanza.attr.from) or nil; -- without a word
	end
	local allowed, error_name, reason = door:may_ask(origin, stanza.attr.from, stanza.attr.to, room);
	if not allowed then
		return refuse(origin, stanza, error_name, reason or "Room and token mismatched");
	end
end

-- Prosody's own handlers are at 0 and below, those of its plugins at 1 at most.
for _, event in ipairs({
	"iq/bare", "iq/full", "message/bare", "message/full", "presence/bare", "presence/full",
	-- A room can have the address of the component, which has answers of its own to other requests.
	"message/host", "presence/host",
	"iq/host/http://jabber.org/protocol/muc#admin:query", "iq/host/http://jabber.org/protocol/muc#owner:query",
}) do
	module:hook(event, check_question, 99);
end

-- A session that is resumed with a new token: may it stay in the room that it is in?
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

-- Prosody's own handlers are at -2.
module:hook("iq-set/bare/http://jabber.org/protocol/muc#owner:query", check_moderation, -1);
module:hook("iq-set/host/http://jabber.org/protocol/muc#owner:query", check_moderation, -1);
