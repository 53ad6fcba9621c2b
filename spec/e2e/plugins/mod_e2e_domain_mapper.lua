-- SPDX-License-Identifier: MIT
-- As Jitsi's mapper of domains does: clients speak of room@conference.TENANT.DOMAIN, which is no host of this server, and
-- the server of [TENANT]room@conference.DOMAIN.

local filters = require "util.filters";
local jid = require "util.jid";

local host = module.host;
local muc_host = "conference."..host;

local function to_server(address)
	local node, domain, resource = jid.split(address);
	local tenant = domain and domain:match("^conference%.([^.]+)%.(.*)$");
	if node and tenant and domain == ("conference.%s.%s"):format(tenant, host) then
		return jid.join(("[%s]%s"):format(tenant, node), muc_host, resource);
	end
	return address;
end

local function to_client(address)
	local node, domain, resource = jid.split(address);
	local tenant, room = (node or ""):match("^%[([^%]]+)%](.+)$");
	if tenant and domain == muc_host then
		return jid.join(room, ("conference.%s.%s"):format(tenant, host), resource);
	end
	return address;
end

local function mapper(attribute, map)
	return function (stanza, session)
		if session.host == host and stanza.attr and stanza.attr[attribute] then
			stanza.attr[attribute] = map(stanza.attr[attribute]);
		end
		return stanza;
	end
end

local function add_to(session)
	filters.add_filter(session, "stanzas/in", mapper("to", to_server));
	filters.add_filter(session, "stanzas/out", mapper("from", to_client));
end

filters.add_filter_hook(add_to);

function module.unload()
	filters.remove_filter_hook(add_to);
end
