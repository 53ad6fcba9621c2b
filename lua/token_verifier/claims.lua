-- SPDX-License-Identifier: MIT
-- Puts the claims of a verified token into the session, where other plugins read them.

local token_verifier = require "token_verifier";

local null = token_verifier.null;

-- What a token sets. All are assigned for each token, so that nothing is left of an earlier one.
local fields = {
	"jitsi_meet_room", "jitsi_meet_domain", "jitsi_meet_auth_issuer", "jitsi_meet_str_tenant",
	"jitsi_meet_context_user", "jitsi_meet_context_group", "jitsi_meet_context_features",
	"jitsi_meet_context_room", "jitsi_meet_tenant_mismatch",
};

local function present(value)
	if value == null then
		return nil;
	end
	return value;
end

local function is_array(value)
	local metatable = getmetatable(value);
	return value[1] ~= nil or metatable ~= nil and metatable.__jsontype == "array"; -- an empty one is marked
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
	for _, field in ipairs(fields) do
		session[field] = nil;
	end
	session.jitsi_meet_room = present(claims.room);
	session.jitsi_meet_domain = present(claims.sub);
	session.jitsi_meet_auth_issuer = present(claims.iss);
	local context = context_of(claims);
	if context then
		session.jitsi_meet_str_tenant = context.tenant;
		session.jitsi_meet_context_user = context.user;
		session.jitsi_meet_context_group = context.group;
		session.jitsi_meet_context_features = context.features;
		session.jitsi_meet_context_room = context.room;
	elseif claims.user_id ~= nil then
		session.jitsi_meet_context_user = { id = claims.user_id };
	end
	return context;
end

return { fields = fields, assign = assign };
