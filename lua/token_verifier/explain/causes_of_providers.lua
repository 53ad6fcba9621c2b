-- SPDX-License-Identifier: MIT
-- Problems of tokens that providers make: rows of the table of causes, see causes.lua; providers.lua says which provider has which.

return {
	{ "graph-token", "bad-signature", "token",
		"This is an access token for Microsoft Graph. Microsoft signs another text than it sends (the \"nonce\" in the header is changed), "
			.."so only Microsoft Graph can verify it. No configuration here makes it good.",
		"Request a token for your own application: the ID token, or an access token with a scope of an API that you registered "
			.."(Expose an API)." };
	{ "jaas-key", "algorithm-not-accepted", "token or configuration",
		"This is a token for JaaS (Jitsi as a service, by 8x8): its owner signs it, and gave the public key to 8x8. This host does not know "
			.."that key.",
		"Use it at 8x8.vc. Or put the public key of that pair into a folder (token-verifier publish PUBLIC-KEY --kid {kid} --dir FOLDER), "
			.."and set asap_key_server = \"file://FOLDER\", without app_secret." };
	{ "jaas-sub", "room-mismatch", "token or configuration",
		"\"sub\" is the AppID of JaaS (Jitsi as a service, by 8x8). On an own server it must name the domain or the tenant.",
		"Set \"sub\" to {suggested}, or to \"*\"; or set enable_domain_verification = false if there are no tenants." };
	{ "cognito-access-token", "missing-claim", "token",
		"This is an access token of Amazon Cognito, which has no \"aud\". \"aud\" is always required here.",
		"Send the ID token instead. Or add \"aud\": {client} with a Lambda trigger \"pre token generation\" (version 2)." };
	{ "cognito-access-token-accept", "missing-claim", "token or configuration",
		"This is an access token of Amazon Cognito, which has no \"aud\". \"aud\" is always required here.",
		"Set {setting}, and send the ID token instead. Or add \"aud\": {client} with a Lambda trigger \"pre token generation\" (version 2)." };
	{ "entra-application-key", "key-not-found", "configuration",
		"The set does not have this \"kid\". Probably the application has a signing key of its own (for a claims mapping policy, or for SAML), "
			.."and Microsoft publishes such keys at another address.",
		"Set cache_keys_url = \"https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys?appid={client}\" instead of what is set." };
	{ "okta-access-token", "key-not-found", "token",
		"This is an access token of Okta's own authorization server. Only Okta can verify it: its key is in no set. No configuration here makes "
			.."it good.",
		"Send the ID token; or request the access token from a custom authorization server (its issuer ends with /oauth2/default or "
			.."/oauth2/ID)." };
	{ "firebase-custom-token", "algorithm-not-accepted", "token",
		"This is a custom token of Firebase: it is only good for signing in at Firebase.",
		"Give it to signInWithCustomToken, and send what getIdToken returns then." };
	{ "provider-signs-with-secret", "algorithm-not-accepted", "token or configuration",
		"The provider of the token is {provider}. It signed with the secret of the client ({alg}), but this host verifies tokens with "
			.."public keys.",
		"{how} Or set app_secret to the client's secret, and remove asap_key_server, cache_keys_url, openid_issuer and token_issuers." };
	{ "provider-source", "algorithm-not-accepted", "configuration",
		"The provider of the token is {provider}. It signed with a private key ({alg}), but this host verifies tokens with a shared secret.",
		"Remove app_secret and set the provider as the source of keys, probably {source}." };
	{ "provider-issuer", "issuer-not-accepted", "configuration",
		"The issuer is not accepted: it is {provider}, which sets \"iss\" itself.",
		"If it is your provider, accept it: {setting}." };
	{ "provider-audience", "audience-not-accepted", "configuration",
		"The token is for another recipient. {provider} sets \"aud\" itself: it is {audience}.",
		"If it is yours, accept it: {setting}." };
	{ "keycloak-account", "audience-not-accepted", "token or configuration",
		"\"aud\" is {found}. Keycloak probably put it there: it adds each client of which the user has a role, and every user has one "
			.."of this client.",
		"Add {suggested} to \"aud\" with a mapper \"Audience\" of the client. Or accept it, if every client of the realm may make tokens for "
			.."this service: {setting}." };
	{ "keycloak-path", "issuer-not-accepted", "token or configuration",
		"\"iss\" and the accepted {near} differ only in /auth, which Keycloak has in its addresses up to version 16, and later only if "
			.."http-relative-path is set.",
		"Accept the address that the provider uses now: {setting}." };
	{ "azure-version", "issuer-not-accepted", "configuration",
		"\"iss\" is that of {found} tokens of Microsoft Entra ID, but the other version of the same tenant is accepted.",
		"Set requestedAccessTokenVersion (accessTokenAcceptedVersion) in the application's manifest to {version}; or accept this one too: "
			.."{setting}." };
	{ "azure-tenant", "issuer-not-accepted", "configuration",
		"The accepted {near} is no issuer of a token: the ID of the tenant must stand in it.",
		"If it is your tenant, write {setting}." };
	{ "provider-room", "room-missing", "token or configuration",
		"There is no claim \"room\": {provider} does not set it by itself.",
		"Let the provider add \"room\": \"*\" ({how}); or set asap_require_room_claim = false." };
	{ "provider-room-never", "room-missing", "configuration",
		"There is no claim \"room\", and {provider} cannot add it.",
		"Set asap_require_room_claim = false." };
	{ "provider-sub", "room-mismatch", "configuration",
		"\"sub\" is an ID that {provider} sets itself. Here it would have to name the domain or the tenant.",
		"Set enable_domain_verification = false, if there are no tenants. With tenants, make a token of your own for each user." };
	{ "page-complains", "ok", "nowhere",
		"If the connection fails, Jitsi's page tells the user that this is wrong in the token: {problems}.",
		"Nothing, if users can enter: the server does not look at it." };
};
