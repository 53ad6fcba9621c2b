-- SPDX-License-Identifier: MIT
-- Which issuer the tokens of well-known addresses have.

local issuers = require "token_verifier.explain.issuers";

local azure = "0b1f6d3c-6c8e-4d2a-9f1e-1234567890ab";

-- { address, issuer or nil, how sure, an issuer that may be in a token [, another] }
local cases = {
	{ "https://jaas-public-keys.jitsi.net/jitsi-components/prod-8x8", "jaas-components", "fixed" },
	{ "https://sso.example.org/realms/meet/protocol/openid-connect/certs", "https://sso.example.org/realms/meet", "usual",
		"https://login.example.com/realms/meet", "https://login.example.com/auth/realms/meet" },
	{ "http://keycloak:8080/auth/realms/meet/protocol/openid-connect/certs/", "http://keycloak:8080/auth/realms/meet", "usual",
		"https://sso.example.org/realms/meet" },
	{ "https://www.googleapis.com/oauth2/v3/certs", "https://accounts.google.com", "fixed" },
	{ "https://www.googleapis.com/oauth2/v1/certs?x=1", "https://accounts.google.com", "fixed" },
	{ "https://www.googleapis.com/robot/v1/metadata/x509/securetoken@system.gserviceaccount.com", "https://securetoken.google.com/", "begins",
		"https://securetoken.google.com/my-project" },
	{ "https://www.googleapis.com/robot/v1/metadata/x509/me@p.iam.gserviceaccount.com", "me@p.iam.gserviceaccount.com", "fixed" },
	{ "https://login.microsoftonline.com/"..azure.."/discovery/v2.0/keys", "https://login.microsoftonline.com/"..azure.."/v2.0", "fixed",
		"https://sts.windows.net/"..azure.."/" },
	{ "https://login.microsoftonline.com/"..azure.."/discovery/keys", "https://sts.windows.net/"..azure.."/", "fixed",
		"https://login.microsoftonline.com/"..azure.."/v2.0" },
	{ "https://login.microsoftonline.com/common/discovery/v2.0/keys", "https://login.microsoftonline.com/", "begins",
		"https://login.microsoftonline.com/"..azure.."/v2.0", "https://sts.windows.net/"..azure.."/" },
	{ "https://login.microsoftonline.com/contoso.onmicrosoft.com/discovery/v2.0/keys", "https://login.microsoftonline.com/", "begins" },
	{ "https://contoso.b2clogin.com/contoso.onmicrosoft.com/b2c_1_in/discovery/v2.0/keys", "https://contoso.b2clogin.com/", "begins",
		"https://contoso.b2clogin.com/"..azure.."/v2.0/" },
	{ "https://contoso.ciamlogin.com/"..azure.."/discovery/v2.0/keys", ".ciamlogin.com/", "begins",
		"https://"..azure..".ciamlogin.com/"..azure.."/v2.0" },
	{ "https://T.eu.auth0.com:443/.well-known/jwks.json", "https://t.eu.auth0.com/", "fixed" },
	{ "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12/.well-known/jwks.json",
		"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab12", "fixed" },
	{ "https://dev-1.okta.com/oauth2/default/v1/keys", "https://dev-1.okta.com/oauth2/default", "fixed" },
	{ "https://dev-1.okta.com/oauth2/v1/keys", "https://dev-1.okta.com", "fixed" },
	{ "https://abc.supabase.co/auth/v1/.well-known/jwks.json", "https://abc.supabase.co/auth/v1", "fixed" },
	{ "https://big.one.clerk.accounts.dev/.well-known/jwks.json", "https://big.one.clerk.accounts.dev", "fixed" },
	{ "https://team.cloudflareaccess.com/cdn-cgi/access/certs", "https://team.cloudflareaccess.com", "fixed" },
	{ "https://token.actions.githubusercontent.com/.well-known/jwks", "https://token.actions.githubusercontent.com", "fixed" },
	{ "https://appleid.apple.com/auth/keys", "https://appleid.apple.com", "fixed" },
	{ "https://x.onelogin.com/oidc/2/certs", "https://x.onelogin.com/oidc/2", "fixed" },
	{ "https://x.zitadel.cloud/oauth/v2/keys", "https://x.zitadel.cloud", "usual", "https://id.example.org" },
	{ "https://id.example.org/application/o/jitsi/jwks/", "https://id.example.org/application/o/jitsi/", "usual",
		"https://sso.example.org/application/o/jitsi/" },
	{ "https://gitlab.example.org/oauth/discovery/keys", "https://gitlab.example.org", "usual" },
	{ "https://idm.example.org/oauth2/openid/jitsi/public_key.jwk", "https://idm.example.org/oauth2/openid/jitsi", "usual" },
	{ "https://x.logto.app/oidc/jwks", "https://x.logto.app/oidc", "usual" },
	{ "https://id.example.org/dex/keys", "https://id.example.org/dex", "usual" },
	{ "https://fs.example.org/adfs/discovery/keys", "https://fs.example.org/adfs", "usual" },
	{ "https://keys.example.org/jwks.json" },
	{ "https://login.microsoftonline.com.example.org/common/discovery/v2.0/keys" },
	{ "https://www.googleapis.com.example.org/oauth2/v3/certs" },
	{ "https://example.org/realms/meet" },
	{ "file:///etc/keys" },
	{ "" },
};

describe("the issuer of an address", function ()
	for _, case in ipairs(cases) do
		it(("is known, or not: %s"):format(case[1]), function ()
			local found = issuers.of_address(case[1]);
			assert.equal(case[2], found and found.issuer);
			assert.equal(case[3], found and found.sure);
			if not found then
				return;
			end
			for _, accepted in ipairs({ "my-app", "https://else.example/realms/other", "https://accounts.google.com.example.org" }) do
				local is_any_url = found.sure == "usual" and not found.issuer:find("^%a+://[^/]+/.") and accepted:find("^https:");
				assert.equal(is_any_url ~= nil and is_any_url ~= false, issuers.is_accepted(found, { accepted }), accepted);
			end
			assert.is_true(issuers.is_accepted(found, { "my-app", "*" }));
			for _, accepted in ipairs(case[3] == "begins" and { case[4], case[5] } or { case[2], case[4], case[5] }) do
				assert.is_true(issuers.is_accepted(found, { "my-app", accepted }), accepted);
			end
		end);
	end

	it("is not asked for what is no text", function ()
		assert.is_nil(issuers.of_address(nil));
		assert.is_nil(issuers.of_address(false));
	end);
end);
