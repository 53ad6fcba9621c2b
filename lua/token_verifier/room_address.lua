-- SPDX-License-Identifier: MIT
-- Which room a web address or a name is: the same as Jitsi's page makes of it. The native module knows how a name is written
-- (tv.page_room); this file takes the address apart, as a browser, the page and its web server do.

local page_room = require "token_verifier".page_room;

local max_length = 16 * 1024; -- of a text, in bytes

-- Folders of the page's files, as in Jitsi's configuration of nginx.
local folders = { css = true, fonts = true, images = true, lang = true, libs = true, sounds = true, static = true };

-- Prosody's library; the replacement that the command has outside of Prosody cannot prepare names.
local _, encodings = pcall(require, "util.encodings");
local stringprep = type(encodings) == "table" and encodings.stringprep or {};

-- The node of a JID as Prosody has it.
local function prepare(node)
	return stringprep.nodeprep and stringprep.nodeprep(node) or node:lower();
end

-- Whether Prosody accepts a room of this name (RFC 6122, appendix A.5).
local function is_accepted(name)
	return not name:find("[%c \"&'/:<>@]");
end

-- The room for the last part of an address's path. What a browser encodes stays; of the rest, the page removes these.
local function of_part(part)
	return page_room((part:gsub("[:?#%[%]@!$&'()*+,;=]", "")));
end

-- The room that the page makes of a name as people type it, or nil if it makes none. The page's field encodes the name with
-- encodeURIComponent() and makes an address of it, so only these characters are still removed. The field takes no "%": a name
-- that is encoded already is read like the part of an address.
local function of_name(name)
	local rest = name:gsub("%%%x%x", "");
	if rest ~= name and not rest:find("%", 1, true) then
		return of_part(name);
	end
	return page_room((name:gsub("[!'()*]", "")));
end

local function byte_of(digits)
	return string.char(tonumber(digits, 16));
end

-- The same text without percent-encoding; for a name of page_room(), which is UTF-8 then, normalized and in lower case.
local function decoded(text)
	return (text:gsub("%%(%x%x)", byte_of));
end

-- The parts of a path between slashes, without empty ones and with "." and ".." resolved, as by browsers and nginx. An address
-- that ends in a slash has an empty last part.
local function parts_of(path)
	local parts = {};
	for part in (path:gsub("\\", "/").."/"):gmatch("([^/]*)/") do
		local dots = part:lower():gsub("%%2e", ".");
		if parts[#parts] == "" then
			parts[#parts] = nil;
		end
		if dots == "." or dots == ".." then
			parts[dots == ".." and #parts or #parts + 1] = nil;
			part = "";
		end
		parts[#parts + 1] = part;
	end
	return parts;
end

-- Takes apart the path of an address. The tenant is the last part but one; Jitsi's configuration turns its dots into "_", as it
-- becomes a label of the host, and tells Prosody the part as it is, too.
local function of_path(path)
	local parts = parts_of(path:match("^[^?#]*"));
	local last = #parts;
	if parts[last] == "" or last > 1 and folders[parts[1]:lower()] then
		return { problem = "no-room" };
	end
	local found = { name = of_part(parts[last]), typed = parts[last] };
	local prefix = last > 1 and page_room(parts[last - 1]);
	if prefix then
		found.prefix = decoded(prefix);
		found.tenant = found.prefix:gsub("%.", "_");
	end
	found.problem = not found.name and "name-unusable" or nil;
	return found;
end

local function of_address(text)
	local authority, path = text:gsub("[\t\r\n]", ""):match("^([^/\\?#]*)(.*)$");
	local found = of_path((path:gsub("^[/\\]+", "")));
	found.site = authority:gsub("^.*@", ""):gsub(":%d*$", ""):gsub("%.$", ""):lower();
	return found;
end

-- Without blanks and control characters around, which browsers do not take for parts of an address.
local function trim(text)
	local first, last = text:find("[^%c ]") or #text + 1, #text;
	while last >= first and text:find("^[%c ]", last) do -- no pattern for both: it would be slow on long runs of blanks
		last = last - 1;
	end
	return text:sub(first, last);
end

-- Whether the text before the first slash is a website and no tenant.
local function is_site(text, own)
	local host = text:gsub("^.*@", ""):gsub(":%d+$", ""):lower();
	return host == own or host == "localhost" or host ~= text:lower()
		or host:find("^[%w\128-\255-][%w.\128-\255-]*%.[%w\128-\255-]+%.?$") ~= nil;
end

-- "[tenant]name", as Prosody has the rooms of tenants.
local function of_node(node)
	local tenant, name = node:match("^%[([^%[%]]+)%](.+)$");
	return tenant, name or node;
end

local function of_jid(node, host)
	local tenant, name = of_node(node);
	tenant = tenant and prepare(tenant);
	return { name = prepare(name), tenant = tenant, prefix = tenant, host = host:lower() };
end

-- Takes apart a room as people write it. `own` is the name of the host that the room should be on, or nil.
--   https://meet.example.org/acme/planning, also without the scheme: an address
--   planning@conference.meet.example.org: a JID, whose name is used as it is
--   acme/planning, [acme]planning: a name and its tenant
--   anything else: a name as people type it into the page
-- Returns a table: `name`, how Prosody names the room; `tenant`, and `prefix`, what Prosody is told of the tenant beside the room's
-- address; `site`, the website of an address; `host` of a JID. All are in lower case, and each may be nil. `typed` is the part that
-- the page made the name of. `problem` says why there is no room: "no-room", the page of that address is no room; "name-refused",
-- Prosody accepts no room of that name; "name-unusable", the text is not UTF-8, the name is longer than 1023 bytes, or all of it is
-- removed by the page.
local function read(text, own)
	if #text > max_length then
		return { problem = "name-unusable" };
	end
	local trimmed = trim(text);
	local address = trimmed:match("^%a[%w+.-]*://(.*)$") or trimmed:match("^//(.*)$");
	local node, host = trimmed:match("^([^@/]*)@([%w.\128-\255-]+)");
	local first = trimmed:match("^([^/]*)");
	local found;
	if address then
		found = of_address(address);
	elseif node and (host:find(".", 1, true) or host:lower() == own) then
		found = of_jid(node, host);
	elseif first ~= trimmed and first ~= "" and is_site(first, own) or first:lower() == own then
		found = of_address(trimmed);
	elseif trimmed:find("/", 1, true) then
		found = of_path((trimmed:gsub("^/+", "")));
	else
		local tenant, name = of_node(text);
		tenant = tenant and tenant:lower();
		found = { name = of_name(name), typed = name, tenant = tenant, prefix = tenant };
		found.problem = not found.name and "name-unusable" or nil;
	end
	if text == "" or found.name == "" then
		found.problem = "no-room";
	elseif found.name and not is_accepted(found.name) then
		found.problem = "name-refused";
	elseif found.name and #found.name > 1023 or found.tenant and #found.tenant > 1023 then
		found.problem = "name-unusable";
	end
	return found;
end

return { read = read, of_name = of_name, decoded = decoded };
