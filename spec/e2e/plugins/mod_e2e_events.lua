-- SPDX-License-Identifier: MIT
-- Notes the events around this host's log-ins, and answers them as the connection's customusername asks. Also lets a
-- session go on over the connection of another one.

local json = require "util.json";
local formdecode = require "util.http".formdecode;

local seen = {};

local noted_fields = {
	"jitsi_web_query_room", "jitsi_web_query_prefix", "previd", "customusername", "user_agent_header", "user_region",
	"jitsi_meet_room", "_jitsi_auth_done",
};

local function note(event, session)
	local fields = { event = event, has_token = session.auth_token ~= nil };
	for _, name in ipairs(noted_fields) do
		fields[name] = session[name];
	end
	seen[#seen + 1] = fields;
end

for _, event in ipairs({
	"pre-jitsi-authentication-fetch-key", "jitsi-access-ban-check", "pre-jitsi-authentication", "post-jitsi-authentication",
}) do
	module:hook_global(event, function (session)
		if session.host ~= module.host then
			return;
		end
		note(event, session);
		local wish = session.customusername or "";
		if wish == "deny-"..event then
			return { res = false, error = "policy-violation", reason = "a plugin says no" };
		elseif wish == "banned" and event == "jitsi-access-ban-check" then
			return false;
		elseif wish:find("^name%-") and event == "pre-jitsi-authentication" then
			return wish:sub(6);
		end
	end);
end

module:hook_global("jitsi-authentication-token-verified", function (event)
	note("jitsi-authentication-token-verified", event.session);
end);

module:hook_global("jitsi-pre-session-unbind", function (event)
	if event.session.host == module.host then
		seen[#seen + 1] = { event = "jitsi-pre-session-unbind", jid = event.jid, is_its_session = event.session.full_jid == event.jid };
	end
end);

local function any_session(host)
	local _, user = next(prosody.hosts[host].sessions);
	local _, session = next(user and user.sessions or {});
	return session;
end

module:depends("http");
module:provides("http", {
	default_path = "/events";
	route = {
		GET = function ()
			local answer = json.encode(seen);
			seen = {};
			return answer;
		end;
		-- As mod_smacks does when a client comes back, but with a connection of another host. ?host=HOST&event=EVENT
		["GET /resume"] = function (event)
			local asked = formdecode(event.request.url.query);
			local session, connection = any_session(module.host), any_session(asked.host);
			if asked.event == "c2s-session-updated" then
				prosody.events.fire_event(asked.event, { session = session, from_session = connection });
			else
				module:fire_event(asked.event, { resumed = session, origin = connection });
			end
			return "done";
		end;
	};
});
