-- SPDX-License-Identifier: MIT
-- What Jitsi's page finds wrong in a token. It looks when the connection has failed, and only to tell the user; the server decides
-- without it.

local find = require "token_verifier.explain.causes".find;
local json = require "token_verifier.plugin.printable".shown;
local names_of = require "token_verifier.plugin.list".names_of;
local null = require "token_verifier".null;
local spelling = require "token_verifier.options.spelling";

-- What the page knows in context.features, in 2026.
local features = {};
for name in ("branding calendar create-polls file-upload flip inbound-call livestreaming lobby moderation outbound-call recording room "
	.."screen-sharing send-groupchat list-visitors sip-inbound-call sip-outbound-call transcription"):gmatch("%S+") do
	features[name] = true;
end

local most_named = 5;

-- Whether JavaScript can make a date of these seconds, to the millisecond.
local function is_date(value)
	return math.type(value) ~= nil and math.abs(value) <= 8.64e12 and value * 1000 == math.floor(value * 1000);
end

local function near_feature(name)
	return names_of(features, function (known) return spelling.distance(name:lower(), known) <= 2; end)[1];
end

local function add_features(list, context)
	local values = context.features;
	for _, name in ipairs(names_of(values)) do
		local value = values[name];
		local near = not features[name] and #list < most_named and #name <= 32 and near_feature(name);
		if not features[name] then
			list[#list + 1] = ("the unknown feature %s%s"):format(json(name), near and (" (probably %s is meant)"):format(json(near)) or "");
		elseif type(value) ~= "boolean" and value ~= "true" and value ~= "false" then
			list[#list + 1] = ("the value of the feature %s, which must be true or false"):format(json(name));
		end
	end
	if values[1] ~= nil then
		list[#list + 1] = "\"features\", which must be an object";
	end
end

-- What it demands of tokens of JaaS.
local function add_jaas(list, claims, header)
	local kid = type(header) == "table" and type(header.kid) == "string" and header.kid or "";
	if kid:match("^(.-)/") ~= claims.sub then
		list[#list + 1] = "\"kid\", which must begin with the AppID in \"sub\" and a slash";
	end
	if claims.aud ~= "jitsi" then
		list[#list + 1] = "\"aud\", which must be \"jitsi\" for JaaS";
	end
	if claims.iss ~= "chat" then
		list[#list + 1] = "\"iss\", which must be \"chat\" for JaaS";
	end
	if type(claims.context) ~= "table" or type(claims.context.features) ~= "table" then
		list[#list + 1] = "\"features\" in \"context\", which JaaS needs";
	end
end

-- The finding about all that the page would complain of, or nil. The rows of the claims already name what the server refuses.
local function of(claims, header)
	local list, context = {}, claims.context;
	if type(claims.sub) == "string" and claims.sub:find("^vpaas%-magic%-cookie") then
		add_jaas(list, claims, header);
	end
	for _, name in ipairs({ "nbf", "exp" }) do
		local value = claims[name];
		if name == "exp" and (value == nil or value == null) then
			list[#list + 1] = "\"exp\", which is missing";
		elseif value ~= nil and value ~= null and value ~= 0 and not is_date(value) then
			list[#list + 1] = ("%q, which is no date in whole milliseconds"):format(name);
		end
	end
	if context == nil or context == null or context == "" or context == false or context == 0 then
		list[#list + 1] = "\"context\", which is missing";
	elseif type(context) == "table" and type(context.features) == "table" then
		add_features(list, context);
	end
	if #list == 0 then
		return nil;
	end
	local more = #list > most_named and (" and %d more"):format(#list - most_named) or "";
	return find("page-complains", { problems = table.concat(list, "; ", 1, math.min(#list, most_named))..more });
end

return { of = of };
