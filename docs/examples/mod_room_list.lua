-- SPDX-License-Identifier: MIT
-- Lists the rooms of a server, for services that send a token: GET /rooms, with "Authorization: Bearer TOKEN".
--
--   VirtualHost "meet.example.org"
--       modules_enabled = { "room_list" }
--       app_id = "my-app"
--       room_list_key_server = "https://keys.example.org/services"   -- not the key server of users' tokens
--       room_list_issuers = { "dashboard" }
--       room_list_muc = "conference.meet.example.org"

local json = require "util.json";

local muc_host = module:get_option_string("room_list_muc", "conference."..module.host);
local key_server = module:get_option_string("room_list_key_server", "");
local issuers = module:get_option_array("room_list_issuers", {});

-- The plugin makes its own object, with its own settings. It uses its own key server, because a token for a room must not be
-- accepted here. With "" no token is accepted, and the host's shared secret, if there is one, is not used.
local token_util = module:require "token/util".new(module);
if not token_util then
	return; -- the host's own options cannot be used; an error line says why
end
token_util.signatureAlgorithm = "RS256";
token_util:set_asap_key_server(key_server);
token_util:set_asap_accepted_issuers(issuers);
token_util:set_asap_accepted_audiences({ "room-list" });
token_util:set_asap_require_room_claim(false);

local function count_occupants(room)
	local count = 0;
	for _ in room:each_occupant() do
		count = count + 1;
	end
	return count;
end

local function list_rooms()
	local muc = prosody.hosts[muc_host] and prosody.hosts[muc_host].modules.muc;
	local rooms = {};
	for room in muc and muc.live_rooms() or function () end do
		rooms[#rooms + 1] = { room = room.jid, occupants = count_occupants(room) };
	end
	table.sort(rooms, function (a, b) return a.room < b.room; end);
	return json.encode(rooms);
end

-- An HTTP handler runs in an async runner, so it may wait for the key.
local function handle(event)
	local scheme, token = (event.request.headers.authorization or ""):match("^(%S+) (%S+)$");
	local session = { auth_token = scheme and scheme:lower() == "bearer" and token or nil, ip = event.request.ip };
	local accepted, _, reason = token_util:process_and_verify_token(session);
	if not accepted or not session.auth_token then
		return { status_code = 401, headers = { www_authenticate = "Bearer" }, body = reason or "token required" };
	end
	return { status_code = 200, headers = { content_type = "application/json" }, body = list_rooms() };
end

module:depends("http");
module:provides("http", { default_path = "/rooms", route = { ["GET"] = handle } });
