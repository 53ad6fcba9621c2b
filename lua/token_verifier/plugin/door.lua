-- SPDX-License-Identifier: MIT
-- Who may enter the rooms of a MUC component, who may ask something of them, and who may change them: those whom
-- token_util lets in, and those who need no token.

local jid_bare = require "util.jid".bare;
local jid_split = require "util.jid".split;
local report = require "token_verifier.plugin.report";
local verified = require "token_verifier.plugin.verified";

local methods = {};
local mt = { __index = methods };

function methods:is_admin(jid)
	return self.options.admins:contains(jid_bare(jid));
end

-- With mod_s2s_bidi the stanzas of another server come in over the connection that this one has opened.
local remote = { s2sin = true, s2sout = true };

function methods:is_exempt(origin, jid)
	local _, host = jid_split(jid);
	local allow_list = self.options.allow_list;
	-- A plain Prosody federates, so there a remote user is asked for a token like any other.
	local trusted_remote = remote[origin.type] and self.token_util ~= nil and self.token_util.muc_domain_base ~= nil;
	return trusted_remote or self:is_admin(jid) or allow_list:contains(host) or allow_list:contains(jid_bare(jid));
end

-- On a plain Prosody users of other hosts and servers come to the door too. They have not logged in with a token, though
-- they may have brought one: only what was verified has left an issuer.
function methods:is_stranger(origin)
	return self.token_util.muc_domain_base == nil and origin.jitsi_meet_auth_issuer == nil;
end

local function refuse(self, origin, room_address, code, words)
	self.log("info", "Room refused: %s: %s (%s)", code, words, report.refused_room(origin, room_address));
	self.count:room_refused(code);
end

-- Whether the room is open to a session that is not exempt. Otherwise false, the name of the error, which may be absent, and
-- a reason.
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
		session = { ip = origin.ip }; -- a guest, whatever token was brought
	end
	return self.token_util:verify_room(session, room_address);
end

-- Whether the user may enter. Otherwise false, the name of the error, which may be absent, and a reason.
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

-- Whether the user may send a room something without being let in first: only who may enter may. `room` is nil if there is no
-- such room. Otherwise as above.
function methods:may_ask(origin, from, room_address, room)
	if room and room:get_occupant_jid(from) or self:is_exempt(origin, from) then
		return true;
	elseif room == nil and self.token_util and self.token_util.muc_domain_base then
		return true; -- Prosody answers that there is none, which is not refused to anybody in a Jitsi deployment
	end
	return self:is_open(origin, room_address);
end

-- Whether a session that has new claims may stay in the room that it is in. Otherwise false, the name of the error and a
-- reason.
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

-- Whether the user may change the settings of a room, as far as that takes a token.
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

-- The door of the rooms on `host`. `options` is { admins, allow_list, require_token_for_moderation }. Its field `token_util`
-- is what verifies; without one the rooms are open to nobody but the exempt. `count` counts refusals. All may be replaced.
local function new(host, token_util, options, count, log)
	return setmetatable({ host = host, token_util = token_util, options = options, count = count, log = log }, mt);
end

return { new = new };
