-- SPDX-License-Identifier: MIT
-- By whose options the token of a session was verified, and for whose rooms it therefore counts. The process remembers this for
-- each session, beside it: no client, claim or plugin can set it by accident.

local claims_fields = require "token_verifier.plugin.claims".fields;
local has = require "token_verifier.plugin.list".has;

-- What a session has of a token.
local fields = { "auth_token", table.unpack(claims_fields) };

-- What plugins of the rooms give to a guest: the features that a moderator has granted. The others come from a log-in only.
local given = { jitsi_meet_context_features = true, jitsi_meet_tenant_mismatch = true };

-- By session: { token, hosts, is_verified, successor, hidden }. `hosts` is a list of those who verified `token`, or where
-- token_util has not looked at it (then `is_verified` is not set) what origin_of() says. `successor` is the record of the
-- connection that resumed the session last: its token may have taken the place of the former one, or not. `hidden` is what
-- `hosts` was while the claims are taken away.
local records = setmetatable({}, { __mode = "k" });

local nobody = {};

-- Where a session that token_util has not verified has its fields from: the host that the client has authenticated at. Nil for a
-- table that a plugin made for itself, and for the server's own hosts: these are asked nothing. Nobody for remote servers.
local function origin_of(session)
	local kind, host = session.type, session.host;
	if kind == "s2sin" or kind == "s2sout" then -- its `host` is that of the other end, or ours
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

-- The record of the token that the session has now: its own, or that of the connection that has resumed it. Whether it is that
-- token's comes second.
local function current_of(record, session)
	local successor = record.successor;
	if record.token ~= session.auth_token and successor and successor.token == session.auth_token then
		return successor, true;
	end
	return record, record.token == session.auth_token;
end

-- Notes that the session has another token, or the same for other hosts.
local function renew(record, session, hosts)
	record.token, record.hosts, record.is_verified, record.successor = session.auth_token, hosts, true, nil;
end

-- The hosts other than `host` that have verified the token that the session has now.
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

-- The token that the session has now was verified by the options of `host`.
local function set(session, host)
	local record = record_of(session);
	renew(record, session, { host, table.unpack(others_of(record, session, host)) });
end

-- The token that the session has now was refused by the options of `host`; it still counts for others that have verified it. What
-- an earlier token has left there counts nowhere.
local function refuse(session, host)
	local record = records[session];
	if record then
		renew(record, session, others_of(record, session, host));
	end
end

-- What the session has now counts nowhere.
local function clear(session)
	renew(record_of(session), session, nobody);
end

-- The session goes on over another connection, and may take over its token.
local function resume(session, connection)
	if connection.auth_token == nil then -- or it was emptied
		return;
	end
	local record = record_of(session);
	local current = current_of(record, session);
	record.token, record.hosts, record.is_verified = current.token, current.hosts, current.is_verified;
	record.successor = record_of(connection);
end

-- The hosts whose options verified what the session has now; nil where nobody is to be asked.
local function hosts_of(session)
	local record = records[session];
	if not record then
		return origin_of(session);
	elseif record.hidden then
		return nobody;
	end
	return current_of(record, session).hosts;
end

-- Whether a session has come without a token, or claims from elsewhere.
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

-- A plugin of the rooms' component that reads that component's options: they are the rooms of the host above it.
local function is_parent(settings, host)
	local own = settings._host and _G.prosody.hosts[settings._host];
	return own ~= nil and own.type == "component" and parent_of(settings._host) == host;
end

-- Whether what the session has counts for the rooms of a token_util object (its fields are the settings). Where it does not, the
-- session is that of a user without a token.
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
	-- A Jitsi deployment judges its guests, recorders and remote users as ever, whichever host they are at: by what they have,
	-- which is nothing.
	return settings.muc_domain_base ~= nil and is_guest(session);
end

-- Where an error was raised is no longer seen once it is raised anew.
local function with_traceback(err)
	return type(err) == "string" and debug.traceback(err, 2) or err;
end

-- Puts back what was taken away, and passes on what the call gave or raised.
local function put_back(session, values, ok, ...)
	records[session].hidden = nil;
	if session.auth_token == nil then -- otherwise it was resumed or verified anew during a wait: these are of the past
		for field, value in pairs(values) do
			session[field] = value;
		end
	end
	if not ok then
		error(..., 0);
	end
	return ...;
end

-- Runs f(...) while the session has nothing of its token, and puts that back, also after an error: Prosody drops the coroutine then,
-- which closes no variables.
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

-- Why a token is asked for, for the log.
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
