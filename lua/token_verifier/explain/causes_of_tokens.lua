-- SPDX-License-Identifier: MIT
-- What is the matter with a token's text, header, dates, names and claims: rows of the table of causes, see causes.lua.

return {
	-- The text that was given as the token.
	{ "token-too-large", "token-too-large", "token",
		"The token is longer than 16 KiB.",
		"Leave lists of groups and the like out of it, or name them by a short id. A token in a URL should stay below 4 KiB anyway." };
	{ "token-long-for-url", "ok", "token",
		"The token has {length} bytes. nginx refuses URLs of more than 8 KiB (414), and Prosody drops a request whose head is over 10 KiB: "
			.."then the log says nothing at all.",
		"Make it shorter: leave lists of groups and the like out of it." };
	{ "malformed-token", "malformed-token", "token",
		"This is not the text of a signed token: three parts of base64url, joined by two dots, with nothing else in it.",
		"Compare it with what the issuer gave out, byte by byte; copy it from there anew." };
	{ "empty-token", "malformed-token", "token",
		"The token is empty.",
		"Look at the address that the client used: ?jwt= or ?token= with nothing behind it is not the same as none. A guest leaves it away." };
	{ "token-is-file-name", "malformed-token", "command",
		"This is the name of a file, and no token.",
		"Put an @ in front of it; or give - in its place, and <FILE." };
	{ "opaque-token", "malformed-token", "token",
		"This is an opaque token: a random text that only its issuer can look up, not a JSON Web Token.",
		"Ask the provider for a signed JWT. Of an OpenID provider take the ID token, or have it issue JWTs as access tokens." };
	{ "cut-off", "malformed-token", "token",
		"The token is cut off: {missing}.",
		"Copy it whole. Look for a column of a database, a cookie or a URL whose length is limited." };
	{ "bearer-prefix", "ok", "text",
		"The text begins with \"Bearer\", which belongs to the HTTP header and not to the token. It was left away here.",
		"Put the token alone into ?jwt= or ?token=; \"Bearer \" goes only into the header Authorization." };
	{ "quoted-token", "ok", "text",
		"The token stands in quotes. They were left away here, but as part of ?jwt= or ?token= they make it malformed.",
		"Give the token without quotes: take the string out of the JSON that it came in." };
	{ "line-breaks", "ok", "text",
		"There are line breaks or spaces in or around the token. They were left away here, but they make a token malformed.",
		"Join the lines: base64 tools break them after 64 or 76 characters unless told not to (base64 -w 0)." };
	{ "url-encoded-token", "ok", "text",
		"The token is URL-encoded, although none of its characters needs that. It was decoded here.",
		"Encode it once at most: what encodes it again turns % into %25, and the server sees a malformed token." };
	{ "token-in-url", "ok", "text",
		"This is a whole address. The token in it was taken.",
		"Nothing: an address may be given here." };
	{ "base64-padding", "malformed-token", "token",
		"The parts are in plain base64, with \"=\", \"+\" or \"/\".",
		"Encode them as base64url without padding (RFC 7515, section 2), or better: use a JWT library." };
	{ "encrypted-token", "encrypted-token", "token",
		"The token is encrypted (JWE, five parts). Nobody but the holder of its key can read it.",
		"Have the issuer sign it only: turn off encryption of ID tokens for this client." };

	-- The header.
	{ "malformed-header", "malformed-header", "token",
		"The first part is not the JSON object of a header.",
		"Make the token with a JWT library." };
	{ "unsupported-critical", "unsupported-critical", "token",
		"The header demands an extension (\"crit\"), and none is known here.",
		"Issue the token without \"crit\" and \"b64\"." };
	{ "type-missing", "type-not-accepted", "token",
		"The header has no \"typ\".",
		"Have the issuer add \"typ\": \"JWT\" to the header; or, if it cannot, accept any with token_accepted_types = { \"*\" }." };
	{ "type-access-token", "type-not-accepted", "configuration",
		"This is an access token by RFC 9068 (typ is \"at+jwt\"), and that type is not accepted.",
		"Use the ID token, or accept the type with token_accepted_types = { \"JWT\", \"at+jwt\" }." };
	{ "type-not-accepted", "type-not-accepted", "token",
		"The header's \"typ\" is not accepted.",
		"Have the issuer set \"typ\": \"JWT\", or list the type in token_accepted_types." };
	{ "algorithm-missing", "algorithm-not-accepted", "token",
		"The header has no usable \"alg\", the name of the algorithm.",
		"Make the token with a JWT library." };
	{ "algorithm-none", "algorithm-not-accepted", "token",
		"The token is not signed at all (alg is \"none\"). Such a token is never accepted.",
		"Have the issuer sign it with {accepted}." };
	{ "algorithm-misspelt", "algorithm-not-accepted", "token",
		"The algorithm's name is misspelt: names are compared exactly.",
		"Write \"{meant}\" in the header's \"alg\"." };
	{ "secret-token-at-key-source", "algorithm-not-accepted", "token or configuration",
		"The token is signed with a shared secret ({alg}), but public keys verify tokens here.",
		"Sign it with the private key, as {accepted} and with a \"kid\". Or, if a secret is meant, set app_secret and take away "
			.."asap_key_server, cache_keys_url, openid_issuer and token_issuers." };
	{ "key-token-at-secret", "algorithm-not-accepted", "token or configuration",
		"The token is signed with a private key ({alg}), but a shared secret verifies tokens here.",
		"Take away app_secret and name the source of the public key: asap_key_server, cache_keys_url or openid_issuer. Or sign the token "
			.."with the secret, as {accepted}." };
	{ "algorithm-not-configured", "algorithm-not-accepted", "token or configuration",
		"The token is signed as {alg}, and only {accepted} is accepted.",
		"Sign it as {accepted}; or list it: signature_algorithm = {suggested}." };
	{ "algorithm-unknown", "algorithm-not-accepted", "token",
		"The token is signed as {alg}, an algorithm that is not known here.",
		"Sign it with one of RS, PS, ES (256, 384, 512), EdDSA, or HS with a shared secret." };

	-- Dates.
	{ "expired", "expired", "token",
		"The token's time is over.",
		"Have the issuer make a new one for each visit. If that is too short, let it set \"exp\" further ahead." };
	{ "expired-just-now", "expired", "clock or token",
		"The token's time has been over for less than five minutes: it was used late, or the clocks differ.",
		"Have both clocks set by NTP; token_leeway = {leeway} forgives that much." };
	{ "exp-is-duration", "expired", "token",
		"\"exp\" is a date in 1970: it looks like a length of time, and must be the date of the end.",
		"Set \"exp\" to the present time in seconds since 1970, plus that length." };
	{ "exp-missing", "ok", "token",
		"The token has no \"exp\": it never expires, and cannot be taken back.",
		"Have the issuer set \"exp\". token_max_lifetime refuses tokens without." };
	{ "not-yet-valid", "not-yet-valid", "token",
		"The token is not valid yet.",
		"Have the issuer set \"nbf\" to the present time, in UTC (or leave it away): hours ahead are often a time zone." };
	{ "clock-skew", "not-yet-valid", "clock",
		"It is not valid yet by less than five minutes: the clock of the issuer is ahead of this one.",
		"Have both clocks set by NTP (timedatectl, chronyc tracking); token_leeway = {leeway} forgives so much, or let \"nbf\" begin earlier." };
	{ "issued-ahead", "ok", "clock",
		"\"iat\" is still to come: the clock of the issuer is ahead of this one.",
		"Have both clocks set by NTP. It does no harm as long as \"nbf\" has passed." };
	{ "date-string", "invalid-claim", "token",
		"The date is a string, and must be a number of seconds since 1970.",
		"Write it as a JSON number: \"{claim}\": {number}, without quotes." };
	{ "date-milliseconds", "invalid-claim", "token",
		"The date is in milliseconds, as JavaScript's Date.now() has it, and must be in seconds.",
		"Divide it by 1000: \"{claim}\": {number}. Or accept it with token_accept_milliseconds = true." };
	{ "date-invalid", "invalid-claim", "token",
		"The date is not a number of seconds since 1970.",
		"Write it as a JSON number, as from date +%s." };
	{ "lifetime-too-long", "lifetime-too-long", "token or configuration",
		"From \"iat\" to \"exp\" it is longer than token_max_lifetime lets it be.",
		"Have the issuer set \"exp\" nearer, or raise token_max_lifetime." };
	{ "lifetime-unknown", "missing-claim", "token",
		"token_max_lifetime is set, and the token does not have both \"iat\" and \"exp\".",
		"Have the issuer set both." };

	-- Names of claims.
	{ "claim-misspelt", "missing-claim", "token",
		"There is a claim \"{found}\" where \"{expected}\" is the name.",
		"Call it \"{expected}\"." };
	{ "claim-in-context", "missing-claim", "token",
		"\"{expected}\" is inside \"context\", and is only looked for beside it.",
		"Move it up: to the top of the claims." };
	{ "invalid-claim", "invalid-claim", "token",
		"A claim has a type that it must not have.",
		"Set it to what is expected." };
	{ "missing-claim", "missing-claim", "token or configuration",
		"A claim is missing that token_required_claims lists.",
		"Have the issuer set it, or take it off token_required_claims." };

	-- Issuer and audience. {claim} is "iss" or "aud", {option} where the accepted ones are listed.
	{ "issuer-missing", "missing-claim", "token",
		"There is no \"iss\", the claim that names who issued the token.",
		"Have the issuer set \"iss\" to {suggested}." };
	{ "issuer-not-accepted", "issuer-not-accepted", "token or configuration",
		"The issuer is not one that is accepted.",
		"Set \"iss\" to {suggested}; or add it to asap_accepted_issuers, which otherwise is just app_id." };
	{ "issuer-array", "invalid-claim", "token",
		"\"iss\" is an array, and must be one string.",
		"Set \"iss\" to {suggested}." };
	{ "issuer-not-bound", "issuer-not-accepted", "token or configuration",
		"The signature holds, but with a key from a source that does not speak for this issuer.",
		"Sign with a key of the issuer's own source, or fix token_issuers: it says whose keys count for whom." };
	{ "audience-missing", "missing-claim", "token",
		"There is no \"aud\", the claim that names whom the token is for. It must be there even where any is accepted.",
		"Have the issuer set \"aud\" to {suggested}." };
	{ "audience-not-accepted", "audience-not-accepted", "token or configuration",
		"The token is for somebody else.",
		"Set \"aud\" to {suggested} (in Keycloak with a mapper \"Audience\"); or add it to asap_accepted_audiences." };
	{ "audience-array", "audience-not-accepted", "token or configuration",
		"\"aud\" is an array, which is fine, but none of its members is accepted.",
		"Add {suggested} to it; or add one of its members to asap_accepted_audiences." };
	{ "audience-invalid", "invalid-claim", "token",
		"\"aud\" is neither a string nor an array of strings.",
		"Set \"aud\" to {suggested}." };
	{ "trailing-slash", "issuer-not-accepted", "token or configuration",
		"\"{claim}\" and the accepted {near} differ only in a slash at the end. They are compared exactly.",
		"Write both alike: {option} = {list}." };
	{ "other-scheme", "issuer-not-accepted", "token or configuration",
		"\"{claim}\" and the accepted {near} differ in http and https. They are compared exactly.",
		"Write both alike; behind a proxy tell the provider its public address (for Keycloak KC_HOSTNAME)." };
	{ "other-case", "issuer-not-accepted", "token or configuration",
		"\"{claim}\" and the accepted {near} differ only in upper and lower case, or in spaces around. They are compared exactly.",
		"Write both alike." };
	{ "issuer-and-audience-swapped", "issuer-not-accepted", "token",
		"\"iss\" holds what is accepted as \"aud\": the two were mixed up.",
		"\"iss\" is who made the token (app_id), \"aud\" whom it is for." };

	-- Room.
	{ "room-missing", "room-missing", "token or configuration",
		"There is no claim \"room\".",
		"Set \"room\" to the name of the room, or to \"*\" for any; or set asap_require_room_claim = false." };
	{ "room-missing-openid", "room-missing", "token or configuration",
		"This is a token of an OpenID provider, which knows nothing of rooms: there is no claim \"room\".",
		"Have the provider add \"room\": \"*\" (in Keycloak a mapper \"Hardcoded claim\"); or set asap_require_room_claim = false. "
			.."Its \"sub\" is the user, so see there too." };
	{ "room-invalid", "room-invalid", "token",
		"The claim \"room\" is not a string.",
		"Set \"room\" to the name of one room, or to \"*\" for any. For several, issue a token each, or use a pattern." };
	{ "room-not-accepted", "room-not-accepted", "token",
		"The token is for another room.",
		"Issue one for this room, or with \"room\": \"*\" for any." };
	{ "room-case", "ok", "nowhere",
		"The claim \"room\" has upper-case letters. Rooms are compared in lower case, so that makes no difference.",
		"Nothing: it does no harm." };
	{ "room-full-jid", "room-not-accepted", "token",
		"The claim \"room\" is an address with a host, and must be the name alone.",
		"Write the part in front of the @: \"room\": {suggested}." };
	{ "room-url", "room-not-accepted", "token",
		"The claim \"room\" is a web address, and must be the name of the room alone.",
		"Write its last part: \"room\": {suggested}." };
	{ "room-with-tenant", "room-not-accepted", "token",
		"The claim \"room\" holds the tenant too, and must be the name of the room alone.",
		"Write \"room\": {suggested}, and put the tenant into \"sub\"." };
	{ "room-url-encoded", "room-not-accepted", "token",
		"The claim \"room\" is URL-encoded, and is compared as it is with the room's address, which is not.",
		"Write it decoded: \"room\": {suggested}." };
	{ "room-maybe-encoded", "ok", "nowhere",
		"The claim \"room\" is URL-encoded. It is compared as it is, so it is good for a room whose address is encoded too.",
		"Nothing, if the name has other characters than ASCII (Jitsi encodes those). Otherwise write it decoded: \"room\": {suggested}." };
	{ "room-not-encoded", "room-not-accepted", "token",
		"The room's address is URL-encoded, as Jitsi does with all but plain ASCII, and the claim \"room\" is not.",
		"Write it as the address has it: \"room\": {suggested}." };
	{ "room-pattern-not-declared", "room-not-accepted", "token",
		"The claim \"room\" looks like a pattern, but nothing says that it is one: it is compared as it is.",
		"Set context.room.regex to true in the token; or \"room\": \"*\" for any room." };
	{ "room-pattern-mismatch", "room-name-does-not-match", "token",
		"The claim \"room\" is a pattern, and does not match the whole name of this room.",
		"Fix the pattern. It is a Lua pattern: \"%d\" a digit, \"%-\" a hyphen, \".*\" anything; names are in lower case." };
	{ "room-pattern-refused", "invalid-regex", "token or configuration",
		"The claim \"room\" is a pattern that is not used: patterns are off, it is malformed or too long, or has too many of * + - ?.",
		"Write a simpler Lua pattern (a hyphen in a name is \"%-\"). The limits are token_regex_enabled, token_regex_max_quantifiers and "
			.."token_regex_room_max_length." };

	-- Tenant and domain.
	{ "sub-missing", "sub-missing", "token",
		"There is no claim \"sub\".",
		"Set \"sub\" to {suggested}." };
	{ "sub-invalid", "sub-invalid", "token",
		"The claim \"sub\" is not a string.",
		"Set \"sub\" to {suggested}." };
	{ "sub-domain-for-tenant", "room-mismatch", "token",
		"\"sub\" is the domain, but the room is one of the tenant {tenant}.",
		"Set \"sub\" to {suggested}, or to \"*\"." };
	{ "sub-tenant-for-domain", "room-mismatch", "token",
		"\"sub\" names a tenant, but the room is one without (its address is not /{sub}/room).",
		"Set \"sub\" to {suggested}, or to \"*\"; or send the client to /{sub}/room." };
	{ "sub-conference-host", "room-mismatch", "token",
		"\"sub\" is the host of the rooms, and must be the domain without \"{prefix}.\" in front.",
		"Set \"sub\" to {suggested}." };
	{ "sub-user", "room-mismatch", "token",
		"\"sub\" looks like the id of a user, as OpenID has it. Here it must name the domain or the tenant.",
		"Set \"sub\" to {suggested}, with a mapper at the provider; or set enable_domain_verification = false if there are no tenants." };
	{ "muc-prefix", "room-mismatch", "configuration",
		"The rooms are on {host}, and muc_mapper_domain_prefix is {prefix}: no \"sub\" but \"*\" makes their address.",
		"Set muc_mapper_domain_prefix = {suggested} in the VirtualHost's block; or enable_domain_verification = false if there are no tenants." };
	{ "sub-other", "room-mismatch", "token",
		"\"sub\" stands for other rooms than those of this domain or tenant.",
		"Set \"sub\" to {suggested}, or to \"*\"; or set enable_domain_verification = false if there are no tenants." };
	{ "tenant-mismatch", "ok", "token",
		"context.tenant is {found}, but the client comes from the pages of {tenant}. That is a warning, and a refusal only for rooms "
			.."that let in nobody without a token.",
		"Set context.tenant to {suggested}." };
	{ "muc-domain-base-missing", "server-missing-config", "configuration",
		"The room is one of a tenant, and muc_mapper_domain_base is not set.",
		"Set muc_mapper_domain_base to the main domain of the deployment." };

	-- Context.
	{ "context-missing", "missing-claim", "token",
		"There is no \"context\", and it is demanded here.",
		"Have the issuer add \"context\": { \"user\": { \"name\": ... } }." };
	{ "context-absent", "ok", "nowhere",
		"There is no \"context\": the user has no name, and plugins that demand one (lobby, moderation) refuse the token.",
		"Add \"context\": { \"user\": { \"name\": ... } } if names are to be shown." };
	{ "context-invalid", "missing-claim", "token",
		"\"context\" is no object, and so counts as absent.",
		"Write it as an object, not as a text with JSON in it." };
};
