-- SPDX-License-Identifier: MIT
-- Which hosts' options verified the token of a session, and so for which rooms it counts. This is recorded outside of the
-- session object, so that no client, claim or plugin can set it by accident.

local claims_fields = require "token_verifier.plugin.claims".fields;
local has = require "token_verifier.plugin.list".has;

-- The session fields that come from a token.
local fields = { "auth_token", table.unpack(claims_fields) };

-- Fields that other plugins set for a guest, too, such as features granted by a moderator. All others come only from a log-in.
local given = { jitsi_meet_context_features = true, jitsi_meet_tenant_mismatch = true };

-- Session -> { token, hosts, is_verified, successor, hidden }. `hosts` is the list of hosts that verified `token`; if token_util
-- has not verified it (`is_verified` is not set), the result of origin_of(). `successor` is the record of the connection that
-- last resumed the session; the session may have taken over its token or not. `hidden` is the former `hosts` while the claims
-- are removed.
local records = setmetatable({}, { __mode = "k" });

local nobody = {};

-- The hosts that may have set the fields of a session that token_util has not verified: the host where the client logged in. Nil
-- for a table that a plugin made itself, and for the server's own hosts, which are not checked. An empty list for remote servers.
local function origin_of(session)
	local kind, host = session.type, session.host;
	if kind == "s2sin" or kind == "s2sout" then -- its `host` may be the remote host or ours
		return nobody;
	elseif host == nil or _G.prosody.hosts[host] == session then
		return nil;
	end
	return { host };
end

local function record_of(session)
	local record = records[session];
	if not record then
		record = { token = session.auth_token, hosts = origin_of(session) };
		records[session] = record;
	end
	return record;
end

-- Returns the record of the session's current token: its own record, or that of the connection that resumed it; and whether the
-- record is really about this token.
local function current_of(record, session)
	local successor = record.successor;
	if record.token ~= session.auth_token and successor and successor.token == session.auth_token then
		return successor, true;
	end
	return record, record.token == session.auth_token;
end

-- Records the session's current token and the hosts for which it counts.
local function renew(record, session, hosts)
	record.token, record.hosts, record.is_verified, record.successor = session.auth_token, hosts, true, nil;
end

-- The hosts other than `host` that have verified the session's current token.
local function others_of(record, session, host)
	local others = {};
	local current, is_its_own = current_of(record, session);
	for _, name in ipairs(is_its_own and current.is_verified and current.hosts or nobody) do
		if name ~= host then
			others[#others + 1] = name;
		end
	end
	return others;
end

-- Records that the session's current token was verified by the options of `host`.
local function set(session, host)
	local record = record_of(session);
	renew(record, session, { host, table.unpack(others_of(record, session, host)) });
end

-- Records that the session's current token was refused by the options of `host`. It still counts for other hosts that have
-- verified it. Claims left from an earlier token no longer count anywhere.
local function refuse(session, host)
	local record = records[session];
	if record then
		renew(record, session, others_of(record, session, host));
	end
end

-- Records that the session's current token and claims count nowhere.
local function clear(session)
	renew(record_of(session), session, nobody);
end

-- Records that the session was resumed over another connection, whose token it may take over.
local function resume(session, connection)
	if connection.auth_token == nil then -- or it was emptied
		return;
	end
	local record = record_of(session);
	local current = current_of(record, session);
	record.token, record.hosts, record.is_verified = current.token, current.hosts, current.is_verified;
	record.successor = record_of(connection);
end

-- The hosts whose options verified the session's current token; nil for sessions that are not checked.
local function hosts_of(session)
	local record = records[session];
	if not record then
		return origin_of(session);
	elseif record.hidden then
		return nobody;
	end
	return current_of(record, session).hosts;
end

-- Whether a session has neither a token nor claims from elsewhere.
local function is_guest(session)
	local record = records[session];
	if record and record.hidden then
		return false;
	end
	for _, field in ipairs(fields) do
		if session[field] ~= nil and not given[field] then
			return false;
		end
	end
	return true;
end

-- Hosts with the same main domain are one Jitsi deployment.
local function is_same_deployment(settings, host)
	local base = settings.muc_domain_base;
	return type(base) == "string" and base ~= "" and settings._base_of ~= nil and settings._base_of(host) == base;
end

-- The host above a component, by its name: conference.example.org serves the users of example.org.
local function parent_of(component)
	return (component:gsub("^[^.]+%.", ""));
end

-- Whether the settings are those of a rooms' component below `host`: its rooms belong to the host above it.
local function is_parent(settings, host)
	local own = settings._host and _G.prosody.hosts[settings._host];
	return own ~= nil and own.type == "component" and parent_of(settings._host) == host;
end

-- Whether the session's token counts for the rooms of `settings`, a token_util object. If not, the session is treated as one
-- without a token.
local function counts(settings, session)
	local hosts = hosts_of(session);
	if hosts == nil then
		return true;
	end
	for _, host in ipairs(hosts) do
		if host == settings._host or is_same_deployment(settings, host) or has(settings.verificationHosts, host)
			or is_parent(settings, host) then
			return true;
		end
	end
	-- In a Jitsi deployment, guests, recorders and remote users of any host are checked as before: they have no claims.
	return settings.muc_domain_base ~= nil and is_guest(session);
end

-- Adds the traceback now: it is lost when the error is raised again.
local function with_traceback(err)
	return type(err) == "string" and debug.traceback(err, 2) or err;
end

-- Restores the removed fields, and returns or raises what the call did.
local function put_back(session, values, ok, ...)
	records[session].hidden = nil;
	if session.auth_token == nil then -- otherwise it was resumed or verified again during a wait, and these values are old
		for field, value in pairs(values) do
			session[field] = value;
		end
	end
	if not ok then
		error(..., 0);
	end
	return ...;
end

-- Runs f(...) while the session's token and claims are removed, and restores them, also after an error. A to-be-closed variable
-- would not do: after an error Prosody drops the coroutine without closing it.
local function without(session, f, ...)
	local record = record_of(session);
	if record.hidden then
		return f(...);
	end
	local values = {};
	record.hidden = hosts_of(session) or nobody;
	for _, field in ipairs(fields) do
		values[field], session[field] = session[field], nil;
	end
	return put_back(session, values, xpcall(f, with_traceback, ...));
end

-- Why a token is required, for the log.
local function why_token_required(session)
	local record = records[session];
	local hosts = record and record.hidden or session.auth_token ~= nil and hosts_of(session) or nobody;
	if not hosts[1] then
		return "a token is required";
	end
	return ("a token is required: what %s has verified does not count here; token_verification_hosts can say that it does"):format(hosts[1]);
end

return {
	set = set, refuse = refuse, clear = clear, resume = resume, counts = counts, is_guest = is_guest, without = without,
	why_token_required = why_token_required, parent_of = parent_of,
};
