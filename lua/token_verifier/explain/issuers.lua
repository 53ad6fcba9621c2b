-- SPDX-License-Identifier: MIT
-- Which issuer the tokens have that are signed with the keys of an address: of well-known providers, by the address alone.

-- Rows of { pattern of the address without its query, issuer, how sure }. "%1" and so on are the pattern's captures. How sure:
--   "fixed"    the provider always writes this issuer
--   "usual"    it is the default; servers that one runs oneself may be known by another name, and some can be told another issuer
--   "begins"   all issuers of the provider begin like this
-- The first row that fits counts. Further fields: `also`, a second issuer; `cut`, a pattern: the issuer is the address without it;
-- `anywhere`, with "begins": the part need not stand at the beginning; `is_url`, with "usual": the issuer is always some URL.
local rows = {
	{ "^https?://jaas%-public%-keys%.jitsi%.net/jitsi%-components/", "jaas-components", "fixed" };
	{ "^https?://.*/realms/[^/]+/protocol/openid%-connect/certs$", "", "usual", cut = "/protocol/openid%-connect/certs$",
		is_url = true }; -- Keycloak
	{ "^https://www%.googleapis%.com/oauth2/v[123]/certs$", "https://accounts.google.com", "fixed", also = "accounts.google.com" };
	{ "^https://www%.googleapis%.com/.*securetoken@system%.gserviceaccount%.com$", "https://securetoken.google.com/", "begins" };
	{ "^https://www%.googleapis%.com/.*/([%w.-]+@[%w.-]+%.gserviceaccount%.com)$", "%1", "fixed" };
	{ "^https://login%.microsoftonline%.com/([%x-]+)/discovery/v2%.0/keys$", "https://login.microsoftonline.com/%1/v2.0", "fixed",
		also = "https://sts.windows.net/%1/" };
	{ "^https://login%.microsoftonline%.com/([%x-]+)/discovery/keys$", "https://sts.windows.net/%1/", "fixed",
		also = "https://login.microsoftonline.com/%1/v2.0" };
	{ "^https://login%.microsoftonline%.com/[^/]+/discovery/", "https://login.microsoftonline.com/", "begins",
		also = "https://sts.windows.net/" }; -- "common" and others, or the tenant by its domain: tokens have its id
	{ "^https://([%w-]+)%.b2clogin%.com/", "https://%1.b2clogin.com/", "begins" };
	{ "^https://([%w-]+)%.ciamlogin%.com/", ".ciamlogin.com/", "begins", anywhere = true };
	{ "^(https://[%w.-]+%.auth0%.com)/%.well%-known/jwks%.json$", "%1/", "fixed" };
	{ "^(https://cognito%-idp%.[%w-]+%.amazonaws%.com/[^/]+)/%.well%-known/jwks%.json$", "%1", "fixed" };
	{ "^(https://[%w.-]+%.okta%.com/oauth2/[%w]+)/v1/keys$", "%1", "fixed" };
	{ "^(https://[%w.-]+%.okta%.com)/oauth2/v1/keys$", "%1", "fixed" };
	{ "^(https://[%w-]+%.supabase%.co/auth/v1)/%.well%-known/jwks%.json$", "%1", "fixed" };
	{ "^(https://[%w.-]+%.clerk%.accounts%.dev)/%.well%-known/jwks%.json$", "%1", "fixed" };
	{ "^(https://[%w-]+%.cloudflareaccess%.com)/cdn%-cgi/access/certs$", "%1", "fixed" };
	{ "^(https://token%.actions%.githubusercontent%.com)/%.well%-known/jwks$", "%1", "fixed" };
	{ "^(https://appleid%.apple%.com)/auth/keys$", "%1", "fixed" };
	{ "^(https://[%w-]+%.onelogin%.com/oidc/2)/certs$", "%1", "fixed" };
	{ "^(https?://[^/]+)/oauth/v2/keys$", "%1", "usual" }; -- Zitadel
	{ "^(https?://[^/]+/application/o/[^/]+/)jwks$", "%1", "usual" }; -- Authentik
	{ "^(https?://[^/]+)/oauth/discovery/keys$", "%1", "usual" }; -- GitLab
	{ "^(https?://[^/]+/oauth2/openid/[^/]+)/public_key%.jwk$", "%1", "usual" }; -- Kanidm
	{ "^(https?://[^/]+/oidc)/jwks$", "%1", "usual" }; -- Logto
	{ "^(https?://[^/]+/dex)/keys$", "%1", "usual" };
	{ "^(https?://[^/]+/adfs)/discovery/keys$", "%1", "usual" };
};

-- The address as the patterns have it: no query, no slash at the end, the scheme and the host in lower case.
local function normal(url)
	local scheme, host, path = url:match("^(%a+)://([^/?#]*)([^?#]*)");
	if not scheme then
		return nil;
	end
	host = host:lower():gsub(scheme:lower() == "https" and ":443$" or ":80$", "");
	return scheme:lower().."://"..host..path:gsub("/+$", "");
end

-- What the tokens of an address have as issuer, or nil if that is not known: the fields of a row, with `issuer` and `sure`.
local function of_address(url)
	local address = type(url) == "string" and normal(url);
	for _, row in ipairs(address and rows or {}) do
		local first, second = address:match(row[1]);
		if first then
			local function filled(text)
				return text and (text:gsub("%%(%d)", { ["1"] = first, ["2"] = second }));
			end
			local issuer = row.cut and address:gsub(row.cut, "") or filled(row[2]);
			return { issuer = issuer, sure = row[3], also = filled(row.also), anywhere = row.anywhere, is_url = row.is_url };
		end
	end
	return nil;
end

-- The end of an issuer that stays the same whatever name its server is known by: the path, or all of it. The path of Keycloak may begin
-- with more than one knows inside.
local function path_of(issuer)
	return issuer:match("/realms/.+$") or issuer:match("^%a+://[^/]+(/.+)$") or issuer;
end

local function fits(expected, issuer, accepted)
	if expected.sure == "begins" then
		local from = accepted:find(issuer, 1, true);
		return from ~= nil and (from == 1 or expected.anywhere == true);
	elseif accepted == issuer then
		return true;
	end
	-- The server's public name is another than that in the address, perhaps.
	local path = path_of(issuer);
	return expected.sure == "usual" and accepted:find("^%a+://") ~= nil
		and (path == issuer or accepted:sub(-#path) == path);
end

-- Whether one of the accepted issuers may be in a token with the keys of an address. `expected` comes from of_address().
local function is_accepted(expected, accepted)
	for _, name in ipairs(accepted) do
		if name == "*" or fits(expected, expected.issuer, name) or expected.also and fits(expected, expected.also, name) then
			return true;
		end
	end
	return false;
end

return { of_address = of_address, is_accepted = is_accepted };
