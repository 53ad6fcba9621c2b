-- SPDX-License-Identifier: MIT
-- What becomes of a session's claims when its client comes back with another connection and token (XEP-0198).

local claims_fields = require "token_verifier.plugin.claims".fields;

-- What a session takes over from the connection that resumed it; what that one lacks is cleared.
local resumed_fields = { "auth_token", "jitsi_breakout_main_jid", table.unpack(claims_fields) };

local function exchange(session, values)
	local former = {};
	for _, field in ipairs(resumed_fields) do
		former[field], session[field] = session[field], values[field];
	end
	return former;
end

-- Gives the session the new claims, unless it is in a room that they do not cover.
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

-- `session` of `host` goes on over `connection`, the session of the client's new connection. `log_in` is that of the
-- host. Returns whether the session may go on.
local function resume(host, session, connection, log_in, log)
	if session.host ~= host or connection.auth_token == nil then
		return true;
	end
	if connection.host ~= host then -- its token was verified as that host says, if at all
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
