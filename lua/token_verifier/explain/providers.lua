-- SPDX-License-Identifier: MIT
-- Who makes tokens that people send to Jitsi Meet, how to recognize them, and what they can put into a token: data.

-- Rows of
--   name      as people know the provider
--   marks     any of these recognizes it: { where, pattern [, where, pattern] }, all patterns of one mark must match; places are
--             "kid" and "nonce" of the header and names of claims
--   is_guess  the marks are not the provider's alone
--   claims    how the provider adds a claim like "room" to its tokens, or nil if it cannot
--   own_sub   the provider sets "sub" itself, to the ID of the user
--   audience  what "aud" is there
--   source    the option that verifies its tokens, what is added to "iss" for it, and the pattern that is removed from "iss" before
--   keys      what makes it sign with a private key, if it may sign with a secret instead
--   findings  check -> key of a cause that says more than the general one
--   never     key of the cause why nobody else can verify its tokens: the only one that is shown, unless the signature is valid
local microsoft_v1, microsoft_v2 = "^https://sts%.windows%.net/", "^https://login%.microsoftonline%.%a+/";
local firebase = { alg = "firebase-custom-token", key = "firebase-custom-token", signature = "firebase-custom-token" };
local okta = "^https://[^/]+%.okta[%w-]*%.com$";

return {
	{ name = "Microsoft Graph", never = "graph-token", own_sub = true, marks = {
		{ "nonce", ".", "iss", microsoft_v1 }, { "nonce", ".", "iss", microsoft_v2 },
		{ "aud", "^00000003%-0000%-0000%-c000%-000000000000$", "iss", "^https://" },
		{ "aud", "^https://graph%.microsoft%.[a-z]+/?$", "iss", "^https://" },
	} };
	{ name = "Microsoft Entra ID (Azure)", marks = { { "iss", microsoft_v1 }, { "iss", microsoft_v2 } }, own_sub = true,
		findings = { ["key of set"] = "entra-application-key" },
		claims = "with a claims mapping policy", audience = "the ID of the application that the token was requested for",
		source = { "openid_issuer", "" } };
	{ name = "Microsoft Entra External ID", marks = { { "iss", "^https://[^/]+%.ciamlogin%.com/" } }, own_sub = true,
		claims = "with a custom claims provider", audience = "the ID of the application", source = { "openid_issuer", "" } };
	{ name = "Azure AD B2C", marks = { { "iss", "^https://[^/]+%.b2clogin%.com/" } }, own_sub = true, claims = "with a custom attribute",
		audience = "the ID of the application" };
	{ name = "JaaS (Jitsi as a service, by 8x8)", marks = {
		{ "kid", "^vpaas%-magic%-cookie%-[^/]+/" }, { "sub", "^vpaas%-magic%-cookie%-", "iss", "^chat$" },
	}, findings = { alg = "jaas-key", key = "jaas-key", sub = "jaas-sub" } };
	{ name = "Amazon Cognito", marks = { { "iss", "^https://cognito%-idp%.[^/]+%.amazonaws%.com" } }, own_sub = true,
		claims = "by a Lambda trigger \"pre token generation\"", audience = "the ID of the app client", source = { "openid_issuer", "" },
		findings = { ["no aud"] = "cognito-access-token" } };
	{ name = "Firebase, for signing in there", marks = { { "aud", "^https://identitytoolkit%.googleapis%.com/" } },
		findings = firebase };
	{ name = "Firebase", marks = { { "iss", "^https://securetoken%.google%.com/" } }, own_sub = true,
		claims = "with setCustomUserClaims of the Admin SDK", audience = "the ID of the project", source = { "openid_issuer", "" } };
	{ name = "Google", marks = { { "iss", "^https://accounts%.google%.com$" }, { "iss", "^accounts%.google%.com$" } }, own_sub = true,
		audience = "the ID of the OAuth client", source = { "openid_issuer", "" } };
	{ name = "Supabase", marks = { { "iss", "^https://[^/]+%.supabase%.co/auth/v1" } }, own_sub = true,
		keys = "In Supabase, use JWT Signing Keys in place of the legacy secret.", claims = "by a custom access token hook",
		audience = "\"authenticated\" for every user",
		source = { "cache_keys_url", "/.well-known/jwks.json" } };
	{ name = "Auth0", marks = { { "iss", "^https://[^/]+%.auth0%.com/" }, { "sub", "^auth0|" }, { "sub", "^google%-oauth2|" },
		{ "sub", "^samlp|" } }, own_sub = true,
		keys = "In Auth0, set the application's JsonWebToken Signature Algorithm to RS256 (Advanced Settings, OAuth).",
		claims = "in an Action, with setCustomClaim", audience = "the ID of the application or of the API",
		source = { "openid_issuer", "" } };
	{ name = "Okta", marks = { { "iss", okta, "cid", "." } }, own_sub = true, audience = "the address of the organization",
		findings = { ["key of set"] = "okta-access-token" } };
	{ name = "Okta", marks = { { "iss", okta }, { "iss", (okta:gsub("%$$", "/oauth2/")) } }, own_sub = true,
		claims = "with a claim of a custom authorization server",
		audience = "the ID of the application, or what the authorization server has as audience", source = { "openid_issuer", "" } };
	{ name = "AD FS", marks = { { "iss", "^https?://[^/]+/adfs$" }, { "iss", "^https?://[^/]+/adfs/services/trust$" } }, own_sub = true,
		claims = "with an issuance transform rule", audience = "the ID of the client or of the Web API",
		source = { "cache_keys_url", "/discovery/keys", "/services/trust$" } };
	{ name = "authentik", marks = { { "iss", "^https?://[^/]+/application/o/[^/]+/$" } }, own_sub = true,
		keys = "In authentik, choose a Signing Key in the settings of the provider.", claims = "with a scope mapping",
		audience = "the ID of the client", source = { "openid_issuer", "" } };
	{ name = "ZITADEL", marks = { { "iss", "^https://[^/]+%.zitadel%.cloud$" }, { "iss", "^https://[^/]+%.zitadel%.app$" },
		{ "urn:zitadel:iam:user:resourceowner:id", "." } }, own_sub = true, claims = "with an action that complements tokens",
		audience = "the IDs of the project and of its applications", source = { "openid_issuer", "" } };
	{ name = "GitLab", marks = { { "iss", "^https://gitlab%.com$" }, { "iss", "^https?://[^/]*gitlab[^/]*$" },
		{ "sub", "^project_path:" } }, own_sub = true, audience = "the ID of the application, or in a job what id_tokens says",
		source = { "openid_issuer", "" } };
	{ name = "GitHub Actions", marks = { { "iss", "^https://token%.actions%.githubusercontent%.com" } }, own_sub = true,
		audience = "what the job asked for", source = { "openid_issuer", "" } };
	{ name = "Apple", marks = { { "iss", "^https://appleid%.apple%.com$" } }, own_sub = true, audience = "the ID of the app or service",
		source = { "openid_issuer", "" } };
	{ name = "Clerk", marks = { { "iss", "^https://[^/]+%.clerk%.accounts%.dev$" } }, own_sub = true, claims = "in a JWT template",
		audience = "what the JWT template says", source = { "openid_issuer", "" } };
	{ name = "Keycloak", marks = { { "iss", "^https?://[^/]+/realms/[^/]+$" }, { "iss", "^https?://[^/]+/.*/realms/[^/]+$" } },
		is_guess = true, claims = "with a mapper \"Hardcoded claim\"", source = { "openid_issuer", "" } };
};
