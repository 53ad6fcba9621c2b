-- SPDX-License-Identifier: MIT
-- Decides who may enter the rooms of a MUC component, send requests to them, and change their settings: users accepted by
-- token_util, and users who are exempt (who need no token).

local jid_bare = require "util.jid".bare;
local jid_split = require "util.jid".split;
local report = require "token_verifier.plugin.report";
local verified = require "token_verifier.plugin.verified";

local methods = {};
local mt = { __index = methods };

function methods:is_admin(jid)
	return self.options.admins:contains(jid_bare(jid));
end

-- With mod_s2s_bidi, stanzas of another server arrive over the connection that this server has opened (s2sout).
local remote = { s2sin = true, s2sout = true };

function methods:is_exempt(origin, jid)
	local _, host = jid_split(jid);
	local allow_list = self.options.allow_list;
	-- Without a Jitsi deployment (muc_domain_base) Prosody federates, so a remote user needs a token like any other.
	local trusted_remote = remote[origin.type] and self.token_util ~= nil and self.token_util.muc_domain_base ~= nil;
	return trusted_remote or self:is_admin(jid) or allow_list:contains(host) or allow_list:contains(jid_bare(jid));
end

-- Without a Jitsi deployment, users of other hosts and servers can send stanzas to the rooms, too. Their session may contain a
-- token that nobody has verified: only a verified token sets the issuer.
function methods:is_stranger(origin)
	return self.token_util.muc_domain_base == nil and origin.jitsi_meet_auth_issuer == nil;
end

local function refuse(self, origin, room_address, code, words)
	self.log("info", "Room refused: %s: %s (%s)", code, words, report.refused_room(origin, room_address));
	self.count:room_refused(code);
end

-- Whether a session that is not exempt may enter the room. If not: false, the name of the error (may be absent), and a reason.
function methods:is_open(origin, room_address)
	if not self.token_util then
		refuse(self, origin, room_address, "server-missing-config", "no token can be verified here, the error line at the start says why");
		return false, "server-missing-config", "Tokens cannot be verified";
	end
	local session = origin;
	if self:is_stranger(origin) then
		if self.token_util.allowEmptyToken ~= true then
			refuse(self, origin, room_address, "token-required", verified.why_token_required(origin));
			return false, nil, "A token is required";
		end
		session = { ip = origin.ip }; -- a guest, even if there is a token
	end
	return self.token_util:verify_room(session, room_address);
end

-- Whether the user may enter. If not: false, the name of the error (may be absent), and a reason.
function methods:may_enter(origin, from, room_address)
	if self:is_exempt(origin, from) then
		return true;
	end
	local allowed, error_name, reason = self:is_open(origin, room_address);
	if not allowed then
		return false, error_name, reason;
	end
	if origin.type == "c2s" then
		origin.jitsi_meet_verified_room = jid_bare(room_address);
	end
	return true;
end

-- Whether the user may send requests to a room without having entered it: only users who may enter it. `room` is nil if there
-- is no such room. Returns the same as may_enter().
function methods:may_ask(origin, from, room_address, room)
	if room and room:get_occupant_jid(from) or self:is_exempt(origin, from) then
		return true;
	elseif room == nil and self.token_util and self.token_util.muc_domain_base then
		return true; -- Prosody answers that the room does not exist; in a Jitsi deployment everybody may learn that
	end
	return self:is_open(origin, room_address);
end

-- Whether a session that has new claims may stay in its room. If not: false, the name of the error and a reason.
function methods:may_stay(session)
	local room_jid = session.jitsi_meet_verified_room;
	local _, room_host = jid_split(room_jid);
	if room_host ~= self.host then
		return true;
	elseif not self.token_util then
		return false, "server-missing-config", "Tokens cannot be verified";
	end
	local allowed, error_name, reason = self.token_util:verify_room(session, room_jid);
	if allowed or error_name == "room-does-not-exist" then
		return true;
	end
	return false, error_name, reason;
end

-- Whether the user may change the settings of a room, as far as tokens decide about that.
function methods:may_moderate(origin, from, room_address)
	if not self.options.require_token_for_moderation or self:is_admin(from) then
		return true;
	elseif self.token_util and origin.auth_token and origin.jitsi_meet_room and verified.counts(self.token_util, origin) then
		return true;
	end
	self.log("info", "Moderation refused: token-required: %s (%s)", verified.why_token_required(origin),
		report.refused_room(origin, room_address));
	return false;
end

-- Returns an object that guards the rooms on `host`. `options` is { admins, allow_list, require_token_for_moderation }.
-- `token_util` verifies tokens; if it is nil, only exempt users may enter. `count` counts refusals. All these fields may be
-- replaced later.
local function new(host, token_util, options, count, log)
	return setmetatable({ host = host, token_util = token_util, options = options, count = count, log = log }, mt);
end

return { new = new };
