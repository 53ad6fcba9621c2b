-- SPDX-License-Identifier: MIT
-- Logs in the way Jitsi's plugin of this name does: an ANONYMOUS of its own for the whole process, which asks the profile
-- function of the host; on top of whichever token/util comes first in the plugin paths.

local formdecode = require "util.http".formdecode;
local generate_uuid = require "util.uuid".generate;
local sasl = require "util.sasl";

local host = module.host;
local token_util = module:require "token/util".new(module);
if token_util == nil then
	return;
end

local function set_up(event)
	local session, request = event.session, event.request;
	local header = request.headers.authorization;
	local parameters = formdecode(request.url.query or "=");
	session.auth_token = parameters.token or header and header:sub(8);
	session.previd, session.jitsi_web_query_room = parameters.previd, parameters.room;
	session.jitsi_web_query_prefix = parameters.prefix or "";
end

module:hook_global("bosh-session", set_up);
module:hook_global("websocket-session", set_up);

local function fire(event, session)
	return prosody.events.fire_event(event, session);
end

-- Whose session it is that the client wants to resume.
local function user_of(previd)
	for _, session in pairs(previd and prosody.full_sessions or {}) do
		if session.resumption_token == previd then
			return session.username;
		end
	end
end

module:provides("auth", {
	get_sasl_handler = function (session)
		local function judge(self, proposed)
			local answer = fire("pre-jitsi-authentication-fetch-key", session);
			if answer ~= nil and answer.res == false then
				session.auth_token = nil;
				return answer.res, answer.error, answer.reason;
			end
			local res, condition, reason = token_util:process_and_verify_token(session);
			if res == false then
				session.auth_token = nil;
				return res, condition, reason;
			end
			if fire("jitsi-access-ban-check", session) == false then
				return false, "not-allowed", "user is banned";
			end
			self.username = fire("pre-jitsi-authentication", session) or user_of(session.previd) or proposed;
			answer = fire("post-jitsi-authentication", session);
			if answer ~= nil and answer.res == false then
				session.auth_token = nil;
				return answer.res, answer.error, answer.reason;
			end
			return res;
		end
		return sasl.new(host, { anonymous = judge });
	end;
});

sasl.registerMechanism("ANONYMOUS", { "anonymous" }, function (self)
	local result, condition, text = self.profile.anonymous(self, generate_uuid(), self.realm);
	if result == true then
		return "success";
	end
	return "failure", condition, text;
end);

-- What the new connection has goes to the session that it resumes.
local function take_over(session, connection)
	if not connection.auth_token or connection.host ~= host then
		return;
	end
	for name, value in pairs(connection) do
		if name == "auth_token" or type(name) == "string" and name:find("^jitsi_meet_") then
			session[name] = value;
		end
	end
end

module:hook_global("c2s-session-updated", function (event)
	take_over(event.session, event.from_session);
end, 1);

module:hook("smacks-hibernation-end", function (event)
	take_over(event.resumed, event.origin);
end, 1);
