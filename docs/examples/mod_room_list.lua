-- SPDX-License-Identifier: MIT
-- Lists the rooms of a server, for services that show a token: GET /rooms, with "Authorization: Bearer TOKEN".
--
--   VirtualHost "meet.example.org"
--       modules_enabled = { "room_list" }
--       app_id = "my-app"
--       room_list_key_server = "https://keys.example.org/services"   -- not where people's keys are
--       room_list_issuers = { "dashboard" }
--       room_list_muc = "conference.meet.example.org"

local json = require "util.json";

local muc_host = module:get_option_string("room_list_muc", "conference."..module.host);
local key_server = module:get_option_string("room_list_key_server", "");
local issuers = module:get_option_array("room_list_issuers", {});

-- One's own object, with its own settings. A key server of its own, since somebody who may enter a room must not get in here
-- with that token; with "" no token gets in. Nor does the host's shared secret count, if it has one.
local token_util = module:require "token/util".new(module);
if not token_util then
	return; -- the host's own options do not do; an error line has said why
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

-- An HTTP handler runs in a runner, so it may wait for the key.
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
