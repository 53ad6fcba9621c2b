-- SPDX-License-Identifier: MIT
-- Shows which fields the log-in left on this host's sessions, as other plugins read them: never the token.

local json = require "util.json";

module:depends("http");
module:provides("http", {
	default_path = "/sessions";
	route = {
		GET = function ()
			local found = {};
			for username, user in pairs(prosody.hosts[module.host].sessions) do
				for _, session in pairs(user.sessions) do
					local fields = { username = username, has_token = session.auth_token ~= nil };
					for name, value in pairs(session) do
						if type(name) == "string" and name:find("^jitsi_") then
							fields[name] = value;
						end
					end
					found[#found + 1] = fields;
				end
			end
			return json.encode(found);
		end;
	};
});
