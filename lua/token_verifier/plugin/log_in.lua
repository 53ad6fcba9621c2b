-- SPDX-License-Identifier: MIT
-- The log-in with a token: fires its events in order, denies what their handlers deny, and chooses the username.

local generate_uuid = require "util.uuid".generate;
local printable = require "token_verifier.plugin.printable".printable;
local report = require "token_verifier.plugin.report";

local methods = {};
local mt = { __index = methods };

-- Refused session -> { condition, text }. The token of such a session was removed; without this record a second attempt on the
-- same connection would pass as a guest.
local refused = setmetatable({}, { __mode = "k" });

local function is_denial(answer)
	return type(answer) == "table" and answer.res == false;
end

local function fire(event, session)
	return _G.prosody.events.fire_event(event, session);
end

-- The username of the session that will be resumed, so that the new connection gets the same address.
function methods:username_of_resumed(previd)
	for username, user in pairs(previd and _G.prosody.hosts[self.host].sessions or {}) do
		for _, session in pairs(user.sessions) do
			if session.resumption_token == previd then
				return username;
			end
		end
	end
	return nil;
end

-- Refuses the log-in because a handler denied it. What the handler answered is sent to the client as the SASL condition and its
-- text, if these are valid there.
function methods:deny(session, by, condition, text, keep_token)
	condition = type(condition) == "string" and condition:match("^%l[%l-]*$") or "not-allowed";
	text = type(text) == "string" and report.for_stanza(text) or nil;
	self.log("info", "Log-in refused: denied by a handler of %s: %s: %s (%s)", by, condition, printable(text or ""),
		report.refused_token(session, session.auth_token));
	return nil, condition, text, keep_token;
end

-- Takes a session through the whole log-in. Returns its username, or nil, a SASL condition, a text, and whether the session
-- keeps its token.
function methods:go_through(session)
	local answer = fire("pre-jitsi-authentication-fetch-key", session);
	if is_denial(answer) then
		self.count.pre_fetch_fail(1);
		return self:deny(session, "pre-jitsi-authentication-fetch-key", answer.error, answer.reason);
	end
	local verified, condition, text = self.token_util:process_and_verify_token(session);
	if not verified then
		self.count.verify_fail(1);
		return nil, condition, text;
	elseif session.destroyed then
		return nil, "not-allowed", "the client has gone";
	end
	if fire("jitsi-access-ban-check", session) == false then
		self.count.ban(1);
		return self:deny(session, "jitsi-access-ban-check", "not-allowed", "user is banned", true);
	end
	local username = fire("pre-jitsi-authentication", session);
	if type(username) ~= "string" then
		username = self:username_of_resumed(session.previd) or generate_uuid();
	end
	answer = fire("post-jitsi-authentication", session);
	if is_denial(answer) then
		self.count.post_auth_fail(1);
		return self:deny(session, "post-jitsi-authentication", answer.error, answer.reason);
	end
	self.count.success(1);
	return username;
end

-- The log-in of a SASL exchange. It never raises: a client that gets no answer would wait forever. Returns the username, or
-- nil, a condition and a text.
function methods:authenticate(session)
	if refused[session] and session.auth_token == nil then
		local condition, text = table.unpack(refused[session], 1, 2);
		self.log("info", "Log-in refused: as it was before on this connection: %s: %s (%s)", condition, printable(text or ""),
			report.refused_token(session));
		return nil, condition, text;
	end
	local ok, username, condition, text, keep_token = pcall(self.go_through, self, session);
	if not ok then
		self.log("error", "Error while a client logged in: %s", username);
		username, condition, text = nil, "temporary-auth-failure", "the log-in failed";
	end
	if not username then
		if not keep_token then
			session.auth_token = nil;
		end
		refused[session] = { condition, text };
		return nil, condition, text;
	end
	session._jitsi_auth_done = true;
	return username;
end

-- Returns the log-in for users of `host`, whose tokens `token_util` verifies. `count` has a function for each outcome: "success",
-- "pre_fetch_fail", "verify_fail", "ban" and "post_auth_fail".
local function new(host, token_util, log, count)
	return setmetatable({ host = host, token_util = token_util, log = log, count = count }, mt);
end

return { new = new };
