-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: who comes with a ticket of another system in place of a token is looked up there, and gets
-- a token that this plugin signs itself, with a secret that is none.

local jwt = module:require "luajwtjitsi";

local tickets = { ["ticket-of-alice"] = { name = "Alice" }, ["ticket-of-nobody"] = false };
local secret = "notused";

module:hook_global("pre-jitsi-authentication-fetch-key", function (session)
	local user;
	if session.host == module.host then
		user = tickets[session.auth_token];
	end
	if user == false then
		return { res = false, error = "not-authorized", reason = "the ticket is not valid" };
	elseif user then
		session.auth_token = assert(jwt.encode({
			iss = "issuer", aud = "jitsi", sub = module.host, room = "*", exp = os.time() + 60, context = { user = user },
		}, secret));
		session.public_key = secret;
	end
end);
