-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: tells whoever has a token for a room how many are in it, over HTTP. There is no client's
-- session, so it makes a table that has the token and nothing else.

local formdecode = require "util.http".formdecode;
local iterators = require "util.iterators";

local util = module:require "token/util".new(module);

local function has_token_for(room_address, token)
	local session = { auth_token = token };
	local verified, _, reason = util:process_and_verify_token(session);
	if not verified then
		return false, reason;
	end
	local allowed, error_name = util:verify_room(session, room_address);
	return allowed, error_name or "another room's token";
end

module:depends("http");
module:provides("http", {
	default_path = "/room-size";
	route = {
		-- ?room=NAME[&domain=DOMAIN][&subdomain=TENANT][&token=TOKEN]
		GET = function (event)
			local asked = formdecode(event.request.url.query);
			local node = (asked.subdomain and ("[%s]"):format(asked.subdomain) or "")..asked.room;
			local muc_host = "conference."..module.host;
			local allowed, reason = has_token_for(("%s@conference.%s"):format(node, asked.domain or module.host), asked.token);
			if not allowed then
				return "403 "..reason;
			end
			local room = prosody.hosts[muc_host].modules.muc.get_room_from_jid(node.."@"..muc_host);
			return room and tostring(iterators.count(room:each_occupant())) or "404";
		end;
	};
});
