-- SPDX-License-Identifier: MIT
-- Rooms for specs, as Jitsi's page makes them of an address or a name.

local room_address = require "token_verifier.room_address";

local rooms = {};

-- The name of the room that a text is (see room_address.lua), and its tenant if it has one. Raises an error if there is no room.
function rooms.room(text)
	local found = room_address.read(text);
	if found.problem then
		error(("there is no room for %q: %s"):format(text, found.problem), 2);
	end
	return found.name, found.tenant;
end

return rooms;
