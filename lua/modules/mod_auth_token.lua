-- SPDX-License-Identifier: MIT
-- Authentication by the token that a client brings along when it connects over WebSocket or BOSH.

local formdecode = require "util.http".formdecode;
local new_sasl = require "util.sasl".new;
local generate_uuid = require "util.uuid".generate;
local claims_fields = require "token_verifier.claims".fields;

local token_util = module:require "token/util".new(module);
if not token_util then
	return;
end

local host = module.host;
local fire_global = prosody.events.fire_event;

-- Sessions that were refused, with the condition and the text. Their token is gone, and must not be forgotten with it:
-- a second attempt on the same connection would pass as a guest.
local refused = setmetatable({}, { __mode = "k" });

local function bearer_token(request)
	local authorization = request.headers.authorization;
	local scheme, token = (authorization or ""):match("^(%S+)%s+(%S+)%s*$");
	if scheme and scheme:lower() == "bearer" then
		return token;
	end
	return nil;
end

local function set_up_session(event)
	local session, request = event.session, event.request;
	session.auth_token = bearer_token(request) or session.auth_token;
	local query = request.url and request.url.query;
	if query then
		local parameters = formdecode(query);
		if type(parameters) ~= "table" then -- a query without any "=" decodes to a text
			parameters = {};
		end
		session.auth_token = parameters.token or session.auth_token;
		session.jitsi_web_query_room = parameters.room;
		session.jitsi_web_query_prefix = parameters.prefix or "";
		session.previd = parameters.previd;
		session.customusername = parameters.customusername;
	end
	local region_header = module:get_option_string("region_header_name", "x_proxy_region");
	session.user_region = request.headers[region_header];
	session.user_agent_header = request.headers.user_agent;
end

module:hook_global("bosh-session", set_up_session, 1);
module:hook_global("websocket-session", set_up_session, 1);

-- The user of the session that is to be resumed, so that the new connection gets the same address.
local function username_of_resumed(previd)
	for username, user in pairs(previd and prosody.hosts[host].sessions or {}) do
		for _, session in pairs(user.sessions) do
			if session.resumption_token == previd then
				return username;
			end
		end
	end
	return nil;
end

local function deny(session, by, condition, text, keep_token)
	module:log("info", "Log-in refused by a handler of %s: %s: %s (client=%s)", by, condition, text, session.ip);
	return nil, condition or "not-allowed", text, keep_token;
end

local function is_denial(answer)
	return type(answer) == "table" and answer.res == false;
end

-- Takes a session through the whole log-in. Returns its username, or nil, a SASL condition, a text, and whether the
-- token is left in place.
local function log_in(session)
	local answer = fire_global("pre-jitsi-authentication-fetch-key", session);
	if is_denial(answer) then
		return deny(session, "pre-jitsi-authentication-fetch-key", answer.error, answer.reason);
	end
	local verified, condition, text = token_util:process_and_verify_token(session);
	if not verified then
		return nil, condition, text;
	elseif session.destroyed then
		return nil, "not-allowed", "the client has gone";
	end
	if fire_global("jitsi-access-ban-check", session) == false then
		return deny(session, "jitsi-access-ban-check", "not-allowed", "user is banned", true);
	end
	local username = fire_global("pre-jitsi-authentication", session);
	if type(username) ~= "string" then
		username = username_of_resumed(session.previd) or generate_uuid();
	end
	answer = fire_global("post-jitsi-authentication", session);
	if is_denial(answer) then
		return deny(session, "post-jitsi-authentication", answer.error, answer.reason);
	end
	return username;
end

-- The log-in of a SASL exchange: it always ends in an answer, as a client that gets none waits for ever.
local function authenticate(session)
	if refused[session] and session.auth_token == nil then
		return nil, table.unpack(refused[session], 1, 2);
	end
	local ok, username, condition, text, keep_token = pcall(log_in, session);
	if not ok then
		module:log("error", "Error while a client logged in: %s", username);
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

-- Prosody's own ANONYMOUS calls the profile until it agrees, so a refusal would never end. And util.sasl's mechanisms
-- are the same for all hosts. So this handler brings its own.
local function new_sasl_handler(session)
	local handler = new_sasl(host, { mechanisms = { ANONYMOUS = true } });
	function handler:process()
		local base_type = session.base_type;
		local username, condition, text = authenticate(session);
		if session.destroyed then -- while it waited: Prosody 13 has emptied it, and fails over what is missing
			session.base_type = base_type;
		end
		if not username then
			return "failure", condition, text;
		end
		self.username = username;
		return "success";
	end
	function handler.clean_clone()
		return new_sasl_handler(session);
	end
	return handler;
end

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
local function take_over_claims(session, connection)
	local former = exchange(session, connection);
	local ok, answer = pcall(fire_global, "jitsi-verify-session-rooms", { session = session });
	if not ok then
		module:log("error", "Error in a handler of jitsi-verify-session-rooms: %s", answer);
	end
	if not ok or is_denial(answer) then
		exchange(session, former);
		module:log("info", "A resumed session keeps the claims of its former token: the new one does not cover its room");
	end
end

-- `session` goes on over `connection`, the session of the client's new connection.
local function on_resumed(session, connection)
	if session.host ~= host or connection.auth_token == nil then
		return;
	end
	if connection.host ~= host then -- its token was verified as that host says, if at all
		connection._jitsi_auth_done = nil;
		authenticate(connection);
	end
	if connection._jitsi_auth_done then
		return take_over_claims(session, connection);
	end
	module:log("info", "A resumed session is closed: its new connection did not log in with a token (client=%s)",
		connection.ip);
	module:add_timer(0, function () -- once mod_smacks is done with it
		if not session.destroyed then
			session:close({ condition = "not-authorized", text = "the token was refused" });
		end
	end);
end

module:hook_global("c2s-session-updated", function (event)
	on_resumed(event.session, event.from_session);
end);

-- COMPAT Prosody 0.12. In 13 the connection's session is empty by now, and nothing happens.
module:hook("smacks-hibernation-end", function (event)
	on_resumed(event.resumed, event.origin);
end);

module:hook("pre-resource-unbind", function (event)
	local session = event.session;
	fire_global("jitsi-pre-session-unbind", { jid = session.full_jid, session = session, error = event.error });
end, 11);

local provider = {};

function provider.get_sasl_handler(session)
	return new_sasl_handler(session);
end

function provider.test_password()
	return nil, "Password based auth not supported";
end

function provider.get_password()
	return nil, "Password not available";
end

function provider.set_password()
	return nil, "Password based auth not supported";
end

function provider.user_exists()
	return nil, "Only users with a token are supported";
end

function provider.create_user()
	return nil, "Account creation not supported";
end

function provider.delete_user()
	return nil, "Account deletion not supported";
end

function provider.users()
	return next, prosody.hosts[host].sessions, nil;
end

module:provides("auth", provider);
