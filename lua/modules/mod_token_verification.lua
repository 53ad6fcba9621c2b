-- SPDX-License-Identifier: MIT
-- Lets users into the rooms of a MUC component only as their verified token allows.

local st = require "util.stanza";
local jid_bare = require "util.jid".bare;
local jid_prep = require "util.jid".prep;
local jid_split = require "util.jid".split;

local xmlns_error = "http://jitsi.org/jitmeet";

-- conference.example.org serves the users of example.org, and their tokens are verified as that host says.
local parent_host = module.host:gsub("^[^.]+%.", "");
local token_util = module:require "token/util".new(module:context(parent_host));
if not token_util then
	return;
end

local require_token_for_moderation, allow_list, admins;

local function load_config()
	require_token_for_moderation = module:get_option_boolean("token_verification_require_token_for_moderation", false);
	allow_list = module:get_option_set("token_verification_allowlist", {});
	admins = module:get_option_inherited_set("admins", {}) / jid_prep;
end
load_config();
module:hook_global("config-reloaded", load_config);

local function is_admin(jid)
	return admins:contains(jid_bare(jid));
end

local function is_exempt(origin, jid)
	local _, host = jid_split(jid);
	-- A plain Prosody federates, so there a remote user is asked for a token like any other.
	local trusted_remote = origin.type == "s2sin" and token_util.muc_domain_base ~= nil;
	return trusted_remote or is_admin(jid) or allow_list:contains(host) or allow_list:contains(jid_bare(jid));
end

local function refuse(origin, stanza, error_name, reason)
	local reply = st.error_reply(stanza, "cancel", "not-allowed", reason or "Room and token mismatched");
	if error_name then
		reply:tag(error_name, { xmlns = xmlns_error });
	end
	origin.send(reply);
	return true;
end

-- On a plain Prosody users of other hosts and servers come to the door too. They have not logged in with a token, though
-- they may have brought one: only what was verified has left an issuer.
local function is_stranger(origin)
	return token_util.muc_domain_base == nil and origin.jitsi_meet_auth_issuer == nil;
end

-- Returns true, which ends the event, if the user may not enter.
local function check_entry(event)
	local origin, stanza = event.origin, event.stanza;
	if is_exempt(origin, stanza.attr.from) then
		return;
	end
	local session = origin;
	if is_stranger(origin) then
		if token_util.allowEmptyToken ~= true then
			module:log("info", "Room refused: a token is required (from=%s)", stanza.attr.from);
			return refuse(origin, stanza, nil, "A token is required");
		end
		session = { ip = origin.ip }; -- a guest, whatever token was brought
	end
	local allowed, error_name, reason = token_util:verify_room(session, stanza.attr.to);
	if not allowed then
		return refuse(origin, stanza, error_name, reason);
	end
	if origin.type == "c2s" then
		origin.jitsi_meet_verified_room = jid_bare(stanza.attr.to);
	end
end

module:hook("muc-room-pre-create", check_entry, 99);
module:hook("muc-occupant-pre-join", check_entry, 99);

-- A session that is resumed with a new token: may it stay in the room that it is in?
module:hook_global("jitsi-verify-session-rooms", function (event)
	local session = event.session;
	local room_jid = session.jitsi_meet_verified_room;
	local _, room_host = jid_split(room_jid);
	if room_host ~= module.host then
		return;
	end
	local allowed, error_name, reason = token_util:verify_room(session, room_jid);
	if not allowed and error_name ~= "room-does-not-exist" then
		return { res = false, error = error_name or "not-allowed", reason = reason };
	end
end);

local function check_moderation(event)
	local origin, stanza = event.origin, event.stanza;
	if not require_token_for_moderation or is_admin(stanza.attr.from) then
		return;
	end
	if not origin.auth_token or not origin.jitsi_meet_room then
		module:log("info", "Moderation refused: a token is required (client=%s)", tostring(origin.ip));
		return refuse(origin, stanza, nil, "Room modification disabled for guests");
	end
end

-- Prosody's own handlers are at -2.
module:hook("iq-set/bare/http://jabber.org/protocol/muc#owner:query", check_moderation, -1);
module:hook("iq-set/host/http://jabber.org/protocol/muc#owner:query", check_moderation, -1);
