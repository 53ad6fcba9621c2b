-- SPDX-License-Identifier: MIT
-- Guards rooms the way Jitsi's plugin of this name does, by the token_util of the parent host.

local jid_bare = require "util.jid".bare;
local st = require "util.stanza";

local token_util = module:require "token/util".new(module:context((module.host:gsub("^[^.]+%.", ""))));
if token_util == nil then
	return;
end

module:log("debug", "guarding rooms for %s, secret set: %s, guests: %s", token_util.appId, token_util.appSecret ~= nil,
	token_util.allowEmptyToken);

local function is_admin(jid)
	return module:get_option_inherited_set("admins", {}):contains(jid_bare(jid));
end

local function guard(event)
	local session, stanza = event.origin, event.stanza;
	if is_admin(stanza.attr.from) then
		return nil;
	end
	local res, name, reason = token_util:verify_room(session, stanza.attr.to);
	if res then
		return nil;
	end
	if not name and not reason then
		reason = "Room and token mismatched";
	end
	local reply = st.error_reply(stanza, "cancel", "not-allowed", reason);
	if name then
		reply:tag(name, { xmlns = "http://jitsi.org/jitmeet" });
	end
	session.send(reply);
	return true;
end

module:hook("muc-room-pre-create", guard, 99);
module:hook("muc-occupant-pre-join", guard, 99);

module:hook("iq-set/bare/http://jabber.org/protocol/muc#owner:query", function (event)
	local session, stanza = event.origin, event.stanza;
	if not module:get_option_boolean("token_verification_require_token_for_moderation") or is_admin(stanza.attr.from)
		or session.auth_token and session.jitsi_meet_room then
		return nil;
	end
	session.send(st.error_reply(stanza, "cancel", "not-allowed", "Room modification disabled for guests"));
	return true;
end, -1);
