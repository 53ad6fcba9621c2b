-- SPDX-License-Identifier: MIT
-- Puts the claims of a verified token into the session, where other plugins read them.

local token_verifier = require "token_verifier";
local is_array = require "token_verifier.plugin.list".is_array;

local null = token_verifier.null;

-- The session fields that a token sets. All are assigned for each token, so that nothing of an earlier token remains.
local fields = {
	"jitsi_meet_room", "jitsi_meet_domain", "jitsi_meet_auth_issuer", "jitsi_meet_str_tenant",
	"jitsi_meet_context_user", "jitsi_meet_context_group", "jitsi_meet_context_features",
	"jitsi_meet_context_room", "jitsi_meet_tenant_mismatch",
};

local nothing = {};

local function present(value)
	if value == null then
		return nil;
	end
	return value;
end

-- The claim `context` if it is a JSON object.
local function context_of(claims)
	local context = claims.context;
	if type(context) == "table" and not is_array(context) then
		return context;
	end
	return nil;
end

-- Returns the context object, or nil.
local function assign(session, claims)
	local context = context_of(claims);
	local from = context or claims.user_id ~= nil and { user = { id = claims.user_id } } or nothing;
	session.jitsi_meet_room = present(claims.room);
	session.jitsi_meet_domain = present(claims.sub);
	session.jitsi_meet_auth_issuer = present(claims.iss);
	session.jitsi_meet_str_tenant = from.tenant;
	session.jitsi_meet_context_user = from.user;
	session.jitsi_meet_context_group = from.group;
	session.jitsi_meet_context_features = from.features;
	session.jitsi_meet_context_room = from.room;
	session.jitsi_meet_tenant_mismatch = nil;
	return context;
end

return { fields = fields, assign = assign, context_of = context_of };
