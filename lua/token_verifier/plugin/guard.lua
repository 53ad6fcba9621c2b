-- SPDX-License-Identifier: MIT
-- A user whose token does not count for the rooms of a component is treated there as a user without a token: while such a
-- user's stanza is handled, the session has no claims. This is necessary because other plugins read the claims directly, without
-- asking whether they count.
-- Besides, a session that is resumed with another token takes its claims over only if they cover every room that it is in.

local jid = require "util.jid";
local find_room = require "token_verifier.plugin.room".find;
local verified = require "token_verifier.plugin.verified";

-- Module API of a plugin -> the token_util object that decides. The plugin makes a new object when its token host changes.
local deciding = setmetatable({}, { __mode = "k" });

-- Session -> { rooms, count, limit }. `rooms` is the set of rooms that a token_util let it into; it may have left some of them.
local entered = setmetatable({}, { __mode = "k" });
local first_limit = 8;

local function is_in(session, room_jid)
	local room = find_room(room_jid);
	return room ~= nil and session.full_jid ~= nil and room:get_occupant_jid(session.full_jid) ~= nil;
end

-- Drops the rooms that the session has left. The next time is when the set has doubled in size.
local function drop_left(session, noted)
	for room_jid in pairs(noted.rooms) do
		if not is_in(session, room_jid) then
			noted.rooms[room_jid], noted.count = nil, noted.count - 1;
		end
	end
	noted.limit = math.max(first_limit, 2 * noted.count);
end

-- Records that a client's session was let into a room.
local function note(session, room_address)
	if session.type ~= "c2s" then
		return;
	end
	local noted = entered[session] or { rooms = {}, count = 0, limit = first_limit };
	entered[session] = noted;
	local room_jid = jid.bare(room_address);
	if noted.rooms[room_jid] then
		return;
	elseif noted.count >= noted.limit then
		drop_left(session, noted);
	end
	noted.rooms[room_jid], noted.count = true, noted.count + 1;
end

-- The answer of a handler of jitsi-verify-session-rooms: a denial if the session is in a room on `host` that `token_util` does
-- not let it into; nil if it may take over its new claims.
local function may_stay(host, token_util, session)
	for room_jid in pairs(entered[session] and entered[session].rooms or {}) do
		if jid.host(room_jid) == host and is_in(session, room_jid) then
			local allowed, error_name, reason = token_util:verify_room(session, room_jid);
			if not allowed then
				return { res = false, room = room_jid, error = error_name or "not-allowed", reason = reason };
			end
		end
	end
	return nil;
end

-- Installs the guard if `module` is the plugin that guards the rooms, with its object `token_util` to decide. Other plugins of a
-- component may have token_util objects for other purposes; for those this does nothing.
local function install(module, token_util)
	local host = _G.prosody.hosts[module.host];
	if module.name ~= "token_verification" or not host or host.type ~= "component" then
		return;
	end
	local installed = deciding[module] ~= nil;
	deciding[module] = token_util;
	if installed then
		return;
	end
	local function handle(handlers, event, data)
		local origin = data.origin;
		if origin == nil or verified.is_guest(origin) or verified.counts(deciding[module], origin) then
			return handlers(event, data);
		end
		return verified.without(origin, handlers, event, data);
	end
	for _, kind in ipairs({ "presence", "message", "iq" }) do
		for _, address in ipairs({ "full", "bare", "host" }) do
			module:wrap_event(kind.."/"..address, handle);
		end
	end
	module:hook_global("jitsi-verify-session-rooms", function (event)
		return may_stay(module.host, deciding[module], event.session);
	end);
end

return { install = install, note = note };
