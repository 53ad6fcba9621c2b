-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: the token's context.room gives a room its password and its lobby, and context.user says
-- who passes them by.

local st = require "util.stanza";

local xmlns_muc = "http://jabber.org/protocol/muc";

module:hook("muc-room-created", function (event)
	local wishes = event.origin.jitsi_meet_context_room;
	if wishes then
		event.room:set_password(wishes.password);
		event.room:set_members_only(wishes.lobby == true or wishes.lobby == "true");
	end
end);

-- Prosody asks for the password at -20, and for the membership at -5.
module:hook("muc-occupant-pre-join", function (event)
	local user, room = event.origin.jitsi_meet_context_user or {}, event.room;
	if user.lobby_bypass == true or user.lobby_bypass == "true" then
		room:set_affiliation(true, event.occupant.bare_jid, "member");
	end
	if user.security_bypass == true then
		local x = event.stanza:get_child("x", xmlns_muc);
		x:add_child(st.stanza("password", { xmlns = xmlns_muc }):text(room:get_password() or ""));
	end
end, 10);
