-- SPDX-License-Identifier: MIT
-- A plugin that brings the key for a log-in by itself, as Jitsi's plugins may.

local key = module:get_option_string("e2e_own_key");

module:hook_global("pre-jitsi-authentication-fetch-key", function (session)
	if session.host == module.host then
		session.public_key = key;
	end
end);
