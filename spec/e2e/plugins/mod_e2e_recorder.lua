-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: only who has the feature in the token's context.features may start a recording.

local st = require "util.stanza";

module:hook("iq-set/host/http://jitsi.org/protocol/jibri:jibri", function (event)
	local origin, stanza = event.origin, event.stanza;
	local features = origin.jitsi_meet_context_features or {};
	local wanted = stanza.tags[1].attr.recording_mode == "file" and "recording" or "livestreaming";
	if features[wanted] == true or features[wanted] == "true" then
		origin.send(st.reply(stanza));
	else
		origin.send(st.error_reply(stanza, "auth", "forbidden"));
	end
	return true;
end);
