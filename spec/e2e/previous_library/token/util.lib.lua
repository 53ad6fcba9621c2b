-- SPDX-License-Identifier: MIT
-- Stands for the library that an operator used before: the same interface with Prosody's own util.jwt.

local verify = require "util.jwt".verify;

local function new(context)
	local secret = context:get_option_string("app_secret");
	module:log("info", "The other library verifies tokens of %s", context.host);
	local object = {};

	function object.process_and_verify_token(_, session)
		local ok, claims = verify(secret, session.auth_token or "");
		if not ok then
			return false, "not-allowed", "refused by the other library";
		end
		session.jitsi_meet_room = claims.room;
		return true;
	end

	function object.verify_room(_, session, room_address)
		return session.jitsi_meet_room == "*" or room_address:match("^[^@]*") == session.jitsi_meet_room;
	end

	return object;
end

return { new = new };
