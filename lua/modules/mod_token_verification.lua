-- SPDX-License-Identifier: MIT
-- Lets users into the rooms of a MUC component only as their verified token allows.

local st = require "util.stanza";
local jid_prep = require "util.jid".prep;
local set = require "util.set";

local xmlns_error = "http://jitsi.org/jitmeet";

-- conference.example.org serves the users of example.org, and their tokens are verified as that host says.
local parent_host = module.host:gsub("^[^.]+%.", "");
local parent = module:context(parent_host);
local token_util = module:require "token/util".new(parent);
if not token_util then
	if parent:get_option("app_id") == nil then
		return; -- that host has nothing to do with tokens
	end
	-- It has, but cannot verify any: then none opens a room.
	token_util = { verify_room = function () return false, nil, "Tokens cannot be verified"; end };
end

-- The addresses in a set. What is none must not keep this plugin from loading: nothing would guard the rooms then.
local function addresses(option, get)
	local ok, entries = pcall(get, module, option, {});
	if not ok then
		module:log("error", "Option '%s' cannot be read and is ignored: %s", option, entries);
		return set.new();
	end
	return entries / function (entry)
		if type(entry) ~= "string" then
			module:log("error", "Option '%s' must be a list of addresses, but holds a %s, which is ignored", option, type(entry));
			return nil;
		end
		return jid_prep(entry);
	end;
end

local function read_options()
	return {
		require_token_for_moderation = module:get_option_boolean("token_verification_require_token_for_moderation", false);
		allow_list = addresses("token_verification_allowlist", module.get_option_set);
		admins = addresses("admins", module.get_option_inherited_set);
	};
end

local count = require "token_verifier.metrics".new(module, parent_host);
local door = require "token_verifier.door".new(module.host, token_util, read_options(), count, function (level, ...)
	module:log(level, ...);
end);

module:hook_global("config-reloaded", function ()
	door.options = read_options();
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
