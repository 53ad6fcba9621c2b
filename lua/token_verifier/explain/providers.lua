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
--   source    the option that verifies its tokens, and what is added to "iss" for it
--   findings  check -> key of a cause that says more than the general one
local microsoft_v1, microsoft_v2 = "^https://sts%.windows%.net/", "^https://login%.microsoftonline%.%a+/";
local graph = { alg = "graph-token", key = "graph-token", signature = "graph-token", aud = "graph-token" };

return {
	{ name = "Microsoft Graph", findings = graph, own_sub = true, marks = {
		{ "nonce", ".", "iss", microsoft_v1 }, { "nonce", ".", "iss", microsoft_v2 },
		{ "aud", "^00000003%-0000%-0000%-c000%-000000000000$", "iss", "^https://" },
		{ "aud", "^https://graph%.microsoft%.[a-z]+/?$", "iss", "^https://" },
	} };
	{ name = "Microsoft Entra ID (Azure)", marks = { { "iss", microsoft_v1 }, { "iss", microsoft_v2 } }, own_sub = true,
		claims = "with a claims mapping policy", audience = "the ID of the application that the token was requested for",
		source = { "openid_issuer", "" } };
	{ name = "Azure AD B2C", marks = { { "iss", "^https://[^/]+%.b2clogin%.com/" } }, own_sub = true, claims = "with a custom attribute",
		audience = "the ID of the application" };
	{ name = "JaaS (Jitsi as a service, by 8x8)", marks = {
		{ "kid", "^vpaas%-magic%-cookie%-[^/]+/" }, { "sub", "^vpaas%-magic%-cookie%-", "iss", "^chat$" },
	}, findings = { alg = "jaas-key", key = "jaas-key", sub = "jaas-sub" } };
	{ name = "Amazon Cognito", marks = { { "iss", "^https://cognito%-idp%.[^/]+%.amazonaws%.com" } }, own_sub = true,
		claims = "by a Lambda trigger \"pre token generation\"", audience = "the ID of the app client", source = { "openid_issuer", "" },
		findings = { ["no aud"] = "cognito-access-token" } };
	{ name = "Firebase", marks = { { "iss", "^https://securetoken%.google%.com/" } }, own_sub = true,
		claims = "with setCustomUserClaims of the Admin SDK", audience = "the ID of the project", source = { "openid_issuer", "" } };
	{ name = "Google", marks = { { "iss", "^https://accounts%.google%.com$" }, { "iss", "^accounts%.google%.com$" } }, own_sub = true,
		audience = "the ID of the OAuth client", source = { "openid_issuer", "" } };
	{ name = "Supabase", marks = { { "iss", "^https://[^/]+%.supabase%.co/auth/v1" } }, own_sub = true,
		claims = "by a custom access token hook", audience = "\"authenticated\" for every user",
		source = { "cache_keys_url", "/.well-known/jwks.json" } };
	{ name = "Auth0", marks = { { "iss", "^https://[^/]+%.auth0%.com/" }, { "sub", "^auth0|" }, { "sub", "^google%-oauth2|" },
		{ "sub", "^samlp|" } }, own_sub = true,
		claims = "in an Action, with setCustomClaim", audience = "the ID of the application or of the API",
		source = { "openid_issuer", "" } };
	{ name = "Keycloak", marks = { { "iss", "^https?://[^/]+/realms/[^/]+$" }, { "iss", "^https?://[^/]+/.*/realms/[^/]+$" } },
		is_guess = true, claims = "with a mapper \"Hardcoded claim\"", source = { "openid_issuer", "" } };
};
