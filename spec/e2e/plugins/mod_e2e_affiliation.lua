-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: who moderates a room is what the token's context.user says.

module:hook("muc-occupant-joined", function (event)
	local user = event.origin.jitsi_meet_context_user;
	if event.origin.auth_token and user then
		local moderates = user.affiliation == "owner" or user.moderator == true or user.moderator == "true";
		event.room:set_affiliation(true, event.occupant.bare_jid, moderates and "owner" or "member");
	end
end);
