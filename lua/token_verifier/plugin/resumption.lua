-- SPDX-License-Identifier: MIT
-- The claims of a session whose client resumes it over another connection, perhaps with another token (XEP-0198).

local claims_fields = require "token_verifier.plugin.claims".fields;

-- Fields that a session takes over from the connection that resumed it; those that the connection lacks are cleared.
local resumed_fields = { "auth_token", "jitsi_breakout_main_jid", table.unpack(claims_fields) };

local function exchange(session, values)
	local former = {};
	for _, field in ipairs(resumed_fields) do
		former[field], session[field] = session[field], values[field];
	end
	return former;
end

-- Gives the session the claims of the new connection, unless it is in a room that they do not cover.
local function take_over_claims(session, connection, log)
	local former = exchange(session, connection);
	local ok, answer = pcall(_G.prosody.events.fire_event, "jitsi-verify-session-rooms", { session = session });
	if not ok then
		log("error", "Error in a handler of jitsi-verify-session-rooms: %s", answer);
	end
	if not ok or type(answer) == "table" and answer.res == false then
		exchange(session, former);
		log("info", "A resumed session keeps the claims of its former token: the new one does not cover its room");
	end
end

-- `session` of `host` is resumed over `connection`, the session object of the client's new connection. `log_in` is the log-in of
-- `host`. Returns whether the session may continue.
local function resume(host, session, connection, log_in, log)
	if session.host ~= host or connection.auth_token == nil then
		return true;
	end
	if connection.host ~= host then -- its token was verified by the options of that host, or not at all
		connection._jitsi_auth_done = nil;
		log_in:authenticate(connection);
	end
	if connection._jitsi_auth_done then
		take_over_claims(session, connection, log);
		return true;
	end
	return false;
end

return { resume = resume };
