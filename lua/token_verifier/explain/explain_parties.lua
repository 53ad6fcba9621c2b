-- SPDX-License-Identifier: MIT
-- Whom a token names: its issuer and its audience. Each fix is tried before it is suggested.

local token_verifier = require "token_verifier";
local find = require "token_verifier.explain.causes".find;
local has = require "token_verifier.plugin.list".has;
local misspelt = require "token_verifier.explain.explain_names".misspelt;
local json = require "token_verifier.plugin.printable".json;
local provider = require "token_verifier.explain.provider";
local suggestion = require "token_verifier.explain.suggestion";

local null = token_verifier.null;

-- Blanks and quotes that people copy together with a value, as bytes of UTF-8: no-break spaces, zero widths, typographic quotes.
local clutter = {
	"[%s\"'`]", "\194\160", "\194\171", "\194\187", "\226\128[\128-\143]", "\226\128[\152-\159]", "\226\128[\168-\175]", "\226\129\160",
	"\227\128\128", "\239\187\191",
};

-- Limits of time: a longer text is no accepted value, and the others of many are not compared.
local longest, most_clutter, most_compared = 1024, 64, 8;

-- The text without blanks, invisible characters and quotes around it.
local function bare(text)
	for _ = 1, #text <= longest and most_clutter or 0 do
		local before = text;
		for _, pattern in ipairs(clutter) do
			text = text:match("^"..pattern.."(.*)$") or text;
			text = text:match("^(.*)"..pattern.."$") or text;
		end
		if text == before then
			break;
		end
	end
	return text;
end

-- The values in a text that should have been a list, each bare; nil if there is only one.
local function parts_of(text)
	local parts = {};
	for part in text:gmatch("[^,;]+") do
		part = bare(part);
		parts[#parts + 1] = part ~= "" and part or nil;
	end
	return #parts > 1 and parts or nil;
end

-- The ways in which two values are nearly equal, except for clutter: { key of the cause, f(text) -> what must be equal }.
local likenesses = {
	{ "trailing-slash", function (text) return (text:gsub("/$", "")); end };
	{ "other-scheme", function (text) return (text:gsub("^https?://", "")); end };
	{ "keycloak-path", function (text) return (text:gsub("^(https?://[^/]+)/auth/realms/", "%1/realms/")); end };
	{ "other-case", string.lower };
};

-- The key of the cause if a value is nearly the accepted one, and the list in which both are accepted; else nil.
local function near_miss(value, candidate, accepted)
	local a, b, parts = bare(value), bare(candidate), parts_of(candidate);
	if a == "" then
		return nil;
	elseif #value > longest then
		return nil;
	elseif parts and has(parts, value) then
		return "configured-in-one", suggestion.with(accepted, parts, candidate);
	elseif a == b then
		return value == a and "configured-blank" or "claim-blank", suggestion.with(accepted, { value }, value == a and candidate or nil);
	end
	for _, likeness in ipairs(likenesses) do
		if likeness[2](a) == likeness[2](b) then
			return likeness[1], suggestion.with(accepted, { value });
		end
	end
	return nil;
end

-- The accepted values that a token may be told to have: whole, and without clutter.
local function suggested(accepted, otherwise)
	for _, value in ipairs(accepted) do
		if suggestion.is_listable(value) and bare(value) == value and not parts_of(value) then
			return json(value);
		end
	end
	return otherwise;
end

-- The strings in a claim.
local function strings(value)
	local list = {};
	for _, item in ipairs(type(value) == "table" and value or { value }) do
		list[#list + 1] = type(item) == "string" and item or nil;
	end
	return list;
end

local function is_empty(value)
	for _, text in ipairs(strings(value)) do
		if bare(text) ~= "" then
			return false;
		end
	end
	return type(value) ~= "table" or #strings(value) == #value;
end

-- The setting with this list, if the token is accepted with it; else nil. `try` is that of explain_claims.
local function setting(try, option, list)
	return try.list(list) and suggestion.setting(option, list) or nil;
end

-- The finding for a claim whose value is nearly an accepted one, or nil.
local function nearly_accepted(claim, value, accepted, option, try)
	for i, text in ipairs(strings(value)) do
		for _, candidate in ipairs(i <= most_compared and accepted or {}) do
			local key, list = near_miss(text, candidate, accepted);
			local is_whole = key and suggestion.is_listable(text) and suggestion.is_listable(candidate);
			if is_whole then
				return find(key, { claim = claim, near = json(candidate), setting = setting(try, option, list),
					suggested = suggested({ candidate }, json(bare(candidate))) });
			end
		end
	end
	return nil;
end

-- The finding if the issuer stands in aud and the audience in iss, or nil.
local function swapped(claims, options)
	local audiences, issuers = options.accepted_audiences or {}, options.accepted_issuers or {};
	local issuer = strings(claims.iss)[1];
	for _, audience in ipairs(strings(claims.aud)) do
		if issuer and issuer ~= "*" and has(issuers, audience) and not has(issuers, issuer)
			and (has(audiences, issuer) or has(audiences, "*")) then
			return find("issuer-and-audience-swapped", { issuer = json(audience), audience = json(issuer) });
		end
	end
	return nil;
end

-- The tenant and the version in an address of Microsoft Entra ID, also in one that is no issuer; nil if it is none.
local function azure(address)
	local host, tenant, rest = address:match("^https://([^/]+)/([^/]+)/?(.*)$");
	if host == "sts.windows.net" then
		return tenant, "v1.0";
	elseif host and host:find("^login%.microsoftonline%.%a+$") then
		return tenant, rest:find("^v2%.0") and "v2.0" or nil;
	end
	return nil;
end

-- The finding for an issuer of Microsoft Entra ID of which another form is accepted, or nil. In an issuer, the tenant is an ID; people
-- write "common", a domain or a placeholder there.
local function of_azure(value, accepted, try)
	local tenant, version = azure(value);
	for _, candidate in ipairs(version and accepted or {}) do
		local its_tenant, its_version = azure(candidate);
		local is_issuer = its_tenant and its_tenant:find("^%x+%-%x+%-%x+%-%x+%-%x+$");
		local values = { near = json(candidate), found = version, version = version == "v1.0" and "2" or "1" };
		if its_tenant and not is_issuer then
			values.setting = setting(try, "asap_accepted_issuers", suggestion.with(accepted, { value }, candidate));
			return values.setting and find("azure-tenant", values);
		elseif its_tenant == tenant and its_version and its_version ~= version then
			values.setting = setting(try, "asap_accepted_issuers", suggestion.with(accepted, { value }));
			return values.setting and find("azure-version", values);
		end
	end
	return nil;
end

-- The findings for an issuer that is not accepted. `more.provider` is the row of the provider, or nil; `more.issuer_of_key` the issuer
-- to whose source of keys the key belongs, if that is known and not the token's.
local function of_issuer(claims, options, code, try, more)
	local value, accepted, maker = claims.iss, options.accepted_issuers, more.provider;
	local values = { suggested = suggested(accepted, "the value of app_id") };
	if value == nil or value == null then
		return { misspelt(claims, "iss") or find("issuer-missing", values) };
	elseif type(value) == "table" then
		return { find("issuer-array", values) };
	elseif code ~= "issuer-not-accepted" then
		return { find("issuer-invalid", values) };
	elseif is_empty(value) then
		return { find("issuer-empty", values) };
	elseif more.issuer_of_key and try.claim(more.issuer_of_key) then
		return { find("issuer-of-other-key", { near = json(more.issuer_of_key), found = suggestion.lua(value),
			accepted = suggestion.lua(more.issuer_of_key) }) };
	end
	local finding = swapped(claims, options) or of_azure(value, accepted, try)
		or nearly_accepted("iss", value, accepted, "asap_accepted_issuers", try);
	if finding then
		return { finding };
	end
	values.setting = suggestion.is_listable(value) and setting(try, "asap_accepted_issuers", suggestion.with(accepted, { value }));
	if not values.setting then
		return { find("issuer-unusable", values) };
	elseif maker and (maker.source or maker.own_sub) then
		values.provider = provider.name(maker);
		return { find("provider-issuer", values) };
	end
	return { find("issuer-not-accepted", values) };
end

-- Audiences that no service has of its own: clients of every realm of Keycloak.
local shared = { account = true, broker = true, ["realm-management"] = true };

-- The member of aud to accept: one of a service, if there is one.
local function own_audience(value)
	local list = strings(value);
	for _, item in ipairs(list) do
		if suggestion.is_listable(item) and not shared[item] and not item:find("/userinfo$") then
			return item;
		end
	end
	return suggestion.is_listable(list[1]) and list[1] or nil;
end

local function of_cognito(claims, accepted, try)
	local client = claims.token_use == "access" and claims.client_id;
	if not suggestion.is_listable(client) then
		return nil;
	end
	local list = suggestion.with(accepted, { client });
	local is_open = has(accepted, "*") or has(accepted, client);
	if not try.claim(client, list) then
		return nil;
	end
	return find(is_open and "cognito-access-token" or "cognito-access-token-accept",
		{ client = json(client), setting = suggestion.setting("asap_accepted_audiences", list) });
end

-- The findings for an audience that is not accepted.
local function of_audience(claims, options, code, try, more)
	local value, accepted, maker = claims.aud, options.accepted_audiences, more.provider;
	local values = { suggested = suggested(accepted, "\"jitsi\", or whatever names this service") };
	if value == nil or value == null then
		return { misspelt(claims, "aud") or maker and maker.findings and maker.findings["no aud"] and of_cognito(claims, accepted, try)
			or find("audience-missing", values) };
	elseif type(value) ~= "string" and type(value) ~= "table" or type(value) == "table" and next(value) ~= nil and value[1] == nil then
		return { find("audience-invalid", values) };
	elseif is_empty(value) then
		return { find("audience-empty", values) };
	elseif code ~= "audience-not-accepted" then
		return { find("audience-invalid", values) };
	end
	local finding = provider.finding(maker, "aud", values) or swapped(claims, options)
		or nearly_accepted("aud", value, accepted, "asap_accepted_audiences", try);
	if finding then
		return { finding };
	end
	local own = own_audience(value);
	values.setting = own and setting(try, "asap_accepted_audiences", suggestion.with(accepted, { own }));
	if not values.setting then
		return { find("audience-unusable", values) };
	elseif shared[own] then
		values.found = json(own);
		return { find("keycloak-account", values) };
	elseif maker and maker.audience then
		values.provider, values.audience = provider.name(maker):gsub("^%l", string.upper), maker.audience;
		return { find("provider-audience", values) };
	end
	return { find(type(value) == "table" and "audience-array" or "audience-not-accepted", values) };
end

return { of_issuer = of_issuer, of_audience = of_audience };
