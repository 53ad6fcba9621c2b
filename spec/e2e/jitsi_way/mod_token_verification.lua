-- SPDX-License-Identifier: MIT
-- Guards rooms the way Jitsi's plugin of this name does, by the token_util of the parent host.

local st = require "util.stanza";

local token_util = module:require "token/util".new(module:context((module.host:gsub("^[^.]+%.", ""))));
if token_util == nil then
	return;
end

module:log("debug", "guarding rooms for %s, secret set: %s, guests: %s", token_util.appId, token_util.appSecret ~= nil,
	token_util.allowEmptyToken);

local function guard(event)
	local session, stanza = event.origin, event.stanza;
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
