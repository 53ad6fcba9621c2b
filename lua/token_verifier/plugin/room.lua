-- SPDX-License-Identifier: MIT
-- Decides whether a session whose token was verified may enter a room, by the room's address.

local jid_split = require "util.jid".split;
local null = require "token_verifier".null;
local pattern = require "token_verifier.plugin.pattern";
local quote = require "token_verifier.plugin.report".quote;
local room_of_name = require "token_verifier.room_address".of_name;
local verified = require "token_verifier.plugin.verified";

local max_pattern_length = 256;

local function at_most(value, limit)
	return type(limit) == "number" and value <= limit;
end

-- Matches `name` against a room claim that is a pattern. Returns the first capture, else the matched text; or nil and the name
-- of the error.
local function match_pattern(settings, claim, name)
	local items = settings.regexEnabled and type(claim) == "string" and #claim <= max_pattern_length
		and at_most(#name, settings.regexRoomMaxLength) and pattern.parse(claim);
	if not items or not at_most(items.quantifiers, settings.regexRoomMaxQuantifiers) then
		return nil, "invalid-regex";
	end
	-- Matched at the start only: a match of the whole name begins there.
	local matched = pattern.match(items, name);
	if not matched then
		return nil, "room-name-does-not-match";
	end
	return tostring(matched); -- a number if it is a position capture
end

-- Whether the room claim is a pattern, according to context.room of the token.
local function is_pattern(context_room)
	local regex = type(context_room) == "table" and context_room.regex;
	return regex == true or regex == "true";
end

-- Whether a room claim that is no pattern names this room.
local function names_room(settings, claim, name)
	return name ~= nil and (claim:lower() == name or settings.roomMatching == "address" and room_of_name(claim) == name);
end

-- The name of the room that the claim allows, where the user wants to enter `name`; or nil and the name of the error.
local function allowed_room(settings, session, name)
	local claim = session.jitsi_meet_room;
	if claim == "*" then
		return name;
	elseif is_pattern(session.jitsi_meet_context_room) then
		return match_pattern(settings, claim, name);
	elseif type(claim) ~= "string" then
		return nil, "room-name-does-not-match";
	end
	return names_room(settings, claim, name) and name or claim:lower();
end

-- Splits `[tenant]name`: returns the tenant and the name, or nil and the node if it has no tenant. Returns nil alone if it starts
-- like that, but the tenant is empty or contains brackets, or the name is empty: such a node is ambiguous and belongs to nobody.
local function split_node(node)
	local tenant, name = node:match("^%[(.-)%](.*)$");
	if not tenant then
		return nil, node;
	elseif tenant == "" or tenant:find("[", 1, true) or name == "" then
		return nil;
	end
	return tenant, name;
end

local function verify_name_only(settings, session, node)
	local claim = session.jitsi_meet_room;
	if claim == nil or claim == "*" then
		return true;
	end
	local _, room_name = split_node(node);
	if type(claim) == "string" and (names_room(settings, claim, node) or names_room(settings, claim, room_name)) then
		return true;
	end
	local reason = "the token is for another room";
	return false, "room-mismatch", reason, type(claim) == "string" and reason..": its room is "..quote(claim);
end

-- Whether the token was made for a tenant other than the one in the client's URL.
local function is_tenant_mismatch(session)
	local tenant = session.jitsi_meet_str_tenant;
	if tenant == nil or tenant == null then
		return false;
	end
	return tostring(tenant):lower() ~= session.jitsi_web_query_prefix;
end

-- Jitsi's library gives no error and no reason for this refusal, so the explanation is only for the log.
local function covers(of_token, address)
	if of_token == address then
		return true;
	end
	return false, nil, nil, "the token is for another room or tenant: its room and sub make "..quote(of_token);
end

local function verify_address(settings, session, muc_domain, address, tenant, room_name)
	local sub = session.jitsi_meet_domain;
	if type(sub) ~= "string" then
		return false;
	end
	sub = sub:lower();
	if sub == "" or sub:find("[%[%]@/]") then -- no domain, and no tenant: `[a]b]room` is a room of the tenant "a"
		return false, nil, nil, "the token is for no domain or tenant: its sub is "..quote(sub);
	elseif tenant then
		if not settings.muc_domain_base then
			return false, "server-missing-config", "muc_mapper_domain_base is not set";
		end
		local expected_tenant = sub == "*" and tenant or sub;
		return covers(("[%s]%s@%s"):format(expected_tenant, room_name, muc_domain), address);
	end
	local domain = sub == "*" and muc_domain or settings.muc_domain_prefix.."."..sub;
	return covers(room_name.."@"..domain, address);
end

local function requires_authentication(room)
	return room ~= nil and room._data ~= nil and room._data.allowUnauthenticatedAccess == false;
end

-- The MUC host where a room is looked up. Without a main domain it is `host`, the host of the room's address.
local function muc_domain_of(settings, host)
	if not settings.muc_domain_base then
		return host;
	end
	return settings.muc_domain or settings.muc_domain_prefix.."."..settings.muc_domain_base;
end

local function verify_domain(settings, session, asked, room)
	local tenant, target = split_node(asked.node);
	if session.jitsi_meet_room == nil then
		if settings.requireRoomClaim then
			return false, "room-name-does-not-match", "the token names no room";
		end
		return true;
	end
	if not target then
		return false, nil, nil, "the name of the room is odd: no tenant, or one with brackets, or nothing behind it";
	end
	local room_name, refusal = allowed_room(settings, session, target);
	if not room_name then
		local claim, reason = session.jitsi_meet_room, "the token's room claim does not cover this room";
		return false, refusal, reason, type(claim) == "string" and reason..": it is the pattern "..quote(claim);
	end
	if is_tenant_mismatch(session) then
		session.jitsi_meet_tenant_mismatch = true;
		local words = ("token's context.tenant is %s, and the URL's is %s"):format(quote(tostring(session.jitsi_meet_str_tenant)),
			quote(session.jitsi_web_query_prefix or ""));
		if requires_authentication(room) then
			return false, nil, nil, "the "..words;
		end
		settings.log("warn", "The %s", words);
	end
	return verify_address(settings, session, asked.muc_domain, asked.node.."@"..asked.host, tenant, room_name);
end

-- The room with this JID on this server, or nil.
local function find(room_jid)
	local host = _G.prosody.hosts[room_jid:match("@(.*)$")];
	local muc = host and host.modules and host.modules.muc;
	return muc and muc.get_room_from_jid(room_jid);
end

-- Decides whether the session may enter the room. `settings` is a token_util object; `room_address` may have a nick;
-- `find_room(room_jid)` is find() where there is a server. Returns true; or false, the name of the error, a reason, the text for
-- the log if it says more than the reason, and the code for the log if it is not the name of the error. Each may be nil.
local function verify(settings, session, room_address, find_room)
	local node, host;
	if type(room_address) == "string" then
		node, host = jid_split(room_address);
	end
	if not node then
		return false, "invalid-room-address", "the address names no room";
	end
	local muc_domain = muc_domain_of(settings, host);
	local room = find_room(node.."@"..muc_domain);
	if settings.muc_domain_base and not room then
		return false, "room-does-not-exist", "the room does not exist",
			"the room does not exist; where muc_mapper_domain_base is set, Jitsi's focus must have made it";
	end
	local counts = verified.counts(settings, session);
	if settings.allowEmptyToken == true and (session.auth_token == nil or not counts) then
		if requires_authentication(room) then
			return false, "authentication-required", "the room does not admit guests";
		end
		return true;
	elseif not counts then
		return false, nil, "A token is required", verified.why_token_required(session), "token-required";
	end
	if not settings.enableDomainVerification then
		return verify_name_only(settings, session, node);
	end
	return verify_domain(settings, session, { node = node, host = host, muc_domain = muc_domain }, room);
end

return {
	find = find, is_pattern = is_pattern, max_pattern_length = max_pattern_length, muc_domain_of = muc_domain_of, verify = verify,
};
