-- SPDX-License-Identifier: MIT
-- Authentication by the token that a client sends in the URL when it connects over WebSocket or BOSH.

if _VERSION ~= "Lua 5.4" then -- whose modules this Lua does not even find
	module:log("error", "token_verifier needs Lua 5.4, this Prosody runs on %s: nobody can log in here", _VERSION:match("%S+$"));
	return;
end

local new_sasl = require "util.sasl".new;
local connection_fields = require "token_verifier.plugin.connection";
local option_reader = require "token_verifier.options.option_reader";
local resumption = require "token_verifier.plugin.resumption";
local shadow = require "token_verifier.plugin.shadow";

local host = module.host;

local function log(level, ...)
	module:log(level, ...);
end

local complain = require "token_verifier.options.host_log".logged_by(log);

shadow.check(complain);

local token_util = module:require "token/util".new(module);
if not token_util then
	return;
end

-- As in Jitsi's module, so that dashboards for it work with ours.
local count = {};
for _, name in ipairs({ "pre_fetch_fail", "verify_fail", "success", "ban", "post_auth_fail" }) do
	count[name] = module:measure(name, "counter");
end

local log_in = require "token_verifier.plugin.log_in".new(host, token_util, log, count);

local region_header;
local function read_options()
	region_header = option_reader.new(module, complain):value("region_header_name");
end
read_options();
module:hook_global("config-reloaded", read_options);

local function set_up_session(event)
	connection_fields.set_up(event.session, event.request, region_header);
end

module:hook_global("bosh-session", set_up_session, 1);
module:hook_global("websocket-session", set_up_session, 1);

-- This handler has its own SASL mechanism, for two reasons: Prosody's ANONYMOUS calls the profile until it accepts, so a refusal
-- would never end; and the mechanisms of util.sasl are shared by all hosts.
local function new_sasl_handler(session)
	local handler = new_sasl(host, { mechanisms = { ANONYMOUS = true } });
	function handler:process()
		local base_type = session.base_type;
		local username, condition, text = log_in:authenticate(session);
		if session.destroyed then -- while it waited: Prosody 13 has cleared its fields, and would raise an error
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

local function on_resumed(session, connection)
	if resumption.resume(host, session, connection, log_in, log) then
		return;
	end
	module:log("info", "A resumed session is closed: its new connection did not log in with a token (client=%s)",
		connection.ip);
	module:add_timer(0, function () -- after mod_smacks has finished with it
		if not session.destroyed then
			session:close({ condition = "not-authorized", text = "the token was refused" });
		end
	end);
end

module:hook_global("c2s-session-updated", function (event)
	on_resumed(event.session, event.from_session);
end);

-- COMPAT Prosody 0.12. In 13 the connection's session is already empty here, so this does nothing.
module:hook("smacks-hibernation-end", function (event)
	on_resumed(event.resumed, event.origin);
end);

module:hook("pre-resource-unbind", function (event)
	local session = event.session;
	prosody.events.fire_event("jitsi-pre-session-unbind", {
		jid = session.full_jid, session = session, error = event.error,
	});
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
