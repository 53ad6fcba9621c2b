-- SPDX-License-Identifier: MIT
-- Copies what a WebSocket or BOSH request contains into its session, where other plugins read it too.

local formdecode = require "util.http".formdecode;

local function bearer_token(request)
	local scheme, token = (request.headers.authorization or ""):match("^(%S+)%s+(%S+)%s*$");
	if scheme and scheme:lower() == "bearer" then
		return token;
	end
	return nil;
end

-- `region_header` is the name of the header that contains the user's region.
local function set_up(session, request, region_header)
	session.auth_token = bearer_token(request) or session.auth_token;
	local query = request.url and request.url.query;
	if query then
		local parameters = formdecode(query);
		if type(parameters) ~= "table" then -- a query without any "=" decodes to a string
			parameters = {};
		end
		session.auth_token = parameters.token or session.auth_token;
		session.jitsi_web_query_room = parameters.room;
		session.jitsi_web_query_prefix = parameters.prefix or "";
		session.previd = parameters.previd;
		session.customusername = parameters.customusername;
	end
	session.user_region = request.headers[region_header];
	session.user_agent_header = request.headers.user_agent;
end

return { set_up = set_up };
