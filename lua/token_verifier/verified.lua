-- SPDX-License-Identifier: MIT
-- By whose options the token of a session was verified, and for whose rooms it therefore counts. The process remembers this for
-- each session, beside it: no client, claim or plugin can set it by accident.

-- By session: { token, host, successor, hidden }. `host` verified `token`; false where a later one was refused. `successor` is
-- the record of the connection that resumed the session last: its token may have taken the place of the former one, or not.
-- `hidden` is set while the claims are taken away, and says whose they are.
local records = setmetatable({}, { __mode = "k" });

-- Where a session that token_util has not verified has its fields from: the host that the client has authenticated at. Nil for a
-- table that a plugin made for itself, and for the server's own hosts: these are asked nothing. False for remote servers.
local function origin_of(session)
	local kind, host = session.type, session.host;
	if kind == "s2sin" or kind == "s2sout" then -- its `host` is that of the other end, or ours
		return false;
	elseif host ~= nil and _G.prosody.hosts[host] == session then
		return nil;
	end
	return host;
end

local function record_of(session)
	local record = records[session];
	if not record then
		record = { token = session.auth_token, host = origin_of(session) };
		records[session] = record;
	end
	return record;
end

-- The token that the session has now was verified by the options of `host`.
local function set(session, host)
	local record = record_of(session); -- which may be the successor in another one, and must stay that
	record.token, record.host, record.successor = session.auth_token, host, nil;
end

-- The token that the session has now was refused. What an earlier one has left there counts nowhere.
local function clear(session)
	if records[session] then
		set(session, false);
	end
end

-- The session goes on over another connection, and may take over its token.
local function resume(session, connection)
	if connection.auth_token == nil then -- or it was emptied
		return;
	end
	local record = record_of(session);
	local last = record.successor;
	if last and record.token ~= session.auth_token and last.token == session.auth_token then
		record.token, record.host = last.token, last.host;
	end
	record.successor = record_of(connection);
end

-- The host whose options verified what the session has now; nil where nobody is to be asked, false where nobody did.
local function host_of(session)
	local record = records[session];
	if not record then
		return origin_of(session);
	elseif record.hidden ~= nil then
		return false;
	elseif record.token ~= session.auth_token then
		local successor = record.successor;
		if successor and successor.token == session.auth_token then
			return successor.host;
		end
	end
	return record.host;
end

local function is_named(list, host)
	for _, name in ipairs(type(list) == "table" and list or {}) do
		if name == host then
			return true;
		end
	end
	return false;
end

-- Hosts with the same main domain are one Jitsi deployment.
local function is_same_deployment(settings, host)
	local base = settings.muc_domain_base;
	return type(base) == "string" and base ~= "" and settings._base_of ~= nil and settings._base_of(host) == base;
end

-- A plugin of the rooms' component that reads that component's options: they are the rooms of the host above it.
local function is_parent(settings, host)
	local own = settings._host and _G.prosody.hosts[settings._host];
	return own ~= nil and own.type == "component" and settings._host:match("^[^.]+%.(.+)$") == host;
end

-- Whether what the session has counts for the rooms of a token_util object (its fields are the settings). Where it does not, the
-- session is that of a user without a token.
local function counts(settings, session)
	local host = host_of(session);
	if host == nil or host == settings._host then
		return true;
	elseif host == false then
		-- In a Jitsi deployment remote users are judged as ever: by what they have, which is nothing.
		return session.type == "s2sin" and settings.muc_domain_base ~= nil;
	end
	return is_same_deployment(settings, host) or is_named(settings.verificationHosts, host) or is_parent(settings, host);
end

-- Runs f(...) while `fields` of the session are not there, and puts them back, also after an error.
local function without(session, fields, f, ...)
	local record = record_of(session);
	if record.hidden ~= nil then
		return f(...);
	end
	local values = {};
	record.hidden = host_of(session) or false;
	for _, field in ipairs(fields) do
		values[field], session[field] = session[field], nil;
	end
	local _ <close> = setmetatable({}, { __close = function ()
		record.hidden = nil;
		if session.auth_token ~= nil then -- while `f` waited the session was resumed, or verified anew: these are of the past
			return;
		end
		for field, value in pairs(values) do
			session[field] = value;
		end
	end });
	return f(...);
end

-- Why a token is asked for, for the log.
local function why_token_required(session)
	local record = records[session];
	local host = record and record.hidden;
	if host == nil and session.auth_token ~= nil then
		host = host_of(session);
	end
	if not host then
		return "a token is required";
	end
	return ("a token is required: what %s has verified does not count here; token_verification_hosts can say that it does"):format(host);
end

return { set = set, clear = clear, resume = resume, counts = counts, without = without, why_token_required = why_token_required };
