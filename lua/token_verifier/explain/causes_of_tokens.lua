-- SPDX-License-Identifier: MIT
-- Problems of a token's header, dates, names and claims: rows of the table of causes, see causes.lua.

return {
	-- The header.
	{ "malformed-header", "malformed-header", "token",
		"The first part is not the JSON object of a header.",
		"Make the token with a JWT library." };
	{ "unsupported-critical", "unsupported-critical", "token",
		"The header requires an extension (\"crit\"), and no extension is supported here.",
		"Issue the token without \"crit\" and \"b64\"." };
	{ "type-missing", "type-not-accepted", "token",
		"The header has no \"typ\".",
		"Let the issuer add \"typ\": \"JWT\" to the header. If it cannot, accept any type with token_accepted_types = { \"*\" }." };
	{ "type-access-token", "type-not-accepted", "configuration",
		"This is an access token as in RFC 9068 (typ is \"at+jwt\"), and that type is not accepted.",
		"Use the ID token, or accept the type with {setting}." };
	{ "type-not-accepted", "type-not-accepted", "token",
		"The header's \"typ\" is not accepted.",
		"Let the issuer set \"typ\": \"JWT\", or accept the type with {setting}." };
	{ "type-invalid", "type-not-accepted", "token",
		"The header's \"typ\" is no usable name of a type.",
		"Let the issuer set \"typ\": \"JWT\"." };
	{ "algorithm-missing", "algorithm-not-accepted", "token",
		"The header has no usable \"alg\", the name of the algorithm.",
		"Make the token with a JWT library." };
	{ "algorithm-none", "algorithm-not-accepted", "token",
		"The token is not signed at all (alg is \"none\"). Such a token is never accepted.",
		"Let the issuer sign it with {accepted}." };
	{ "algorithm-misspelt", "algorithm-not-accepted", "token",
		"The algorithm's name is misspelt: names are compared exactly.",
		"Write \"{meant}\" in the header's \"alg\"." };
	{ "secret-token-at-key-source", "algorithm-not-accepted", "token or configuration",
		"The token is signed with a shared secret ({alg}), but this host verifies tokens with public keys.",
		"Sign it with the private key, with {accepted} and a \"kid\". Or, if you want to use a secret, set app_secret and remove "
			.."asap_key_server, cache_keys_url, openid_issuer and token_issuers." };
	{ "key-token-at-secret", "algorithm-not-accepted", "token or configuration",
		"The token is signed with a private key ({alg}), but this host verifies tokens with a shared secret.",
		"Remove app_secret and set the source of the public key: asap_key_server, cache_keys_url or openid_issuer. Or sign the token "
			.."with the secret and {accepted}." };
	{ "algorithm-not-configured", "algorithm-not-accepted", "token or configuration",
		"The token is signed with {alg}, but only {accepted} is accepted.",
		"Sign it with {accepted}, or accept this algorithm too: {setting}." };
	{ "algorithm-unknown", "algorithm-not-accepted", "token",
		"The token is signed with {alg}, an algorithm that is not supported here.",
		"Sign it with {accepted}." };

	-- Dates.
	{ "expired", "expired", "token",
		"The token has expired.",
		"Let the issuer make a new token for each visit. If the lifetime is too short, let it set a later \"exp\"." };
	{ "expired-just-now", "expired", "clock or token",
		"The token expired less than five minutes ago: it was used late, or the clocks differ.",
		"Set both clocks with NTP; token_leeway = {leeway} allows for such a difference." };
	{ "never-valid", "expired", "token",
		"No clock makes this token valid: its \"exp\" ({exp}) is not after its \"nbf\" ({nbf}).",
		"Let the issuer set \"nbf\" to the current time in UTC, and \"exp\" to a later one. A difference of whole hours is often a time zone." };
	{ "expired-when-issued", "expired", "token",
		"The token had expired when it was made: its \"exp\" ({exp}) is not after its \"iat\" ({iat}).",
		"Let the issuer set \"exp\" to the current time in UTC, plus the lifetime. A difference of whole hours is often a time zone." };
	{ "exp-is-duration", "expired", "token",
		"\"exp\" looks like a duration ({span}, if it is in seconds), but must be the time at which the token expires.",
		"Set \"exp\" to the current time in seconds since 1970, plus the duration." };
	{ "date-is-duration", "ok", "token",
		"\"{claim}\" looks like a duration ({span}, if it is in seconds): as the time that it must be it is long ago.",
		"Set \"{claim}\" to the current time in seconds since 1970." };
	{ "exp-missing", "ok", "token",
		"The token has no \"exp\": it never expires and cannot be revoked.",
		"Let the issuer set \"exp\". With token_max_lifetime, tokens without \"exp\" are refused." };
	{ "not-yet-valid", "not-yet-valid", "token",
		"The token is not valid yet.",
		"Let the issuer set \"nbf\" to the current time in UTC, or omit it. A difference of whole hours is often a time zone." };
	{ "clock-skew", "not-yet-valid", "clock",
		"The token becomes valid in less than five minutes: the issuer's clock is ahead of this server's clock.",
		"Set both clocks with NTP (timedatectl, chronyc tracking); token_leeway = {leeway} allows for such a difference. Or set an earlier "
			.."\"nbf\"." };
	{ "issued-ahead", "ok", "clock",
		"\"iat\" is in the future: the issuer's clock is ahead of this server's clock.",
		"Set both clocks with NTP. It does no harm as long as \"nbf\" has passed." };
	{ "issued-far-ahead", "ok", "token",
		"\"iat\" is {span} in the future: the issuer does not set it to the time at which it makes the token.",
		"Let the issuer set \"iat\" to the current time in UTC. It does no harm, unless token_max_lifetime is set." };
	{ "date-string", "invalid-claim", "token",
		"The date is a string, but must be a number of seconds since 1970.",
		"Write it as a JSON number: \"{claim}\": {number}, without quotes." };
	{ "date-milliseconds", "invalid-claim", "token",
		"The date is in milliseconds, as from JavaScript's Date.now(), but must be in seconds.",
		"Divide it by 1000: \"{claim}\": {number}. Or accept it with token_accept_milliseconds = true." };
	{ "date-unit", "invalid-claim", "token",
		"The date is in {unit}, but must be in seconds.",
		"Let the issuer write the seconds since 1970: \"{claim}\": {number}." };
	{ "date-calendar", "invalid-claim", "token",
		"The date is a calendar date ({date}), but must be the number of seconds since 1970.",
		"Let the issuer write \"{claim}\": {number}, if the date is in UTC." };
	{ "date-passed", "invalid-claim", "token",
		"The date is {form}, but must be the number of seconds since 1970. It means {date}, at which the token is not valid now.",
		"Let the issuer write the seconds since 1970, as from date +%s, and make a new token." };
	{ "date-nines", "invalid-claim", "token",
		"The date is made of nines, probably to say \"never\".",
		"Write the end of the year 9999, which is accepted: \"{claim}\": 253402300799." };
	{ "date-digits", "invalid-claim", "token",
		"The date has twelve digits: seconds since 1970 have ten today, and milliseconds thirteen.",
		"Look where the issuer makes \"{claim}\": it must be the number of seconds since 1970, as from date +%s." };
	{ "date-lifetime", "invalid-claim", "token",
		"\"{claim}\" is a length of time in words, as JWT libraries take it in an option like expiresIn.",
		"Give it to that option of the library, and leave \"{claim}\" out of the claims. Or write the seconds since 1970, as from date +%s." };
	{ "date-far", "not-yet-valid", "token",
		"\"nbf\" is {span} in the future: it is probably no date in seconds.",
		"Let the issuer set \"nbf\" to the current time in seconds since 1970, or omit it." };
	{ "date-invalid", "invalid-claim", "token",
		"The date is not a number of seconds since 1970.",
		"Write the seconds since 1970 as a JSON number, as from date +%s." };
	{ "lifetime-too-long", "lifetime-too-long", "token or configuration",
		"The lifetime (\"iat\" to \"exp\") exceeds token_max_lifetime.",
		"Let the issuer set \"exp\" to at most {limit} seconds after \"iat\". Or allow this lifetime: token_max_lifetime = {allowed}." };
	{ "lifetime-unknown", "missing-claim", "token",
		"token_max_lifetime is set, but the token does not have both \"iat\" and \"exp\".",
		"Let the issuer set both." };

	-- Names of claims.
	{ "claim-misspelt", "missing-claim", "token",
		"There is a claim \"{found}\", but its name must be \"{expected}\".",
		"Rename it to \"{expected}\"." };
	{ "duration-claim", "missing-claim", "token",
		"There is a claim \"{found}\", a length of time; a token needs \"exp\", the time at which it expires.",
		"Set \"exp\" to the current time in seconds since 1970, plus \"{found}\"." };
	{ "claim-in-context", "missing-claim", "token",
		"\"{expected}\" is inside {path}, but must be a top-level claim.",
		"Move it to the top level of the claims." };
	{ "invalid-claim", "invalid-claim", "token",
		"A claim has the wrong type.",
		"Set it to the expected type." };
	{ "missing-claim", "missing-claim", "token or configuration",
		"A claim that token_required_claims lists is missing.",
		"Let the issuer set {names}. Or do not require what it cannot set: {setting}." };

	-- Issuer and audience. {claim} is "iss" or "aud", {option} where the accepted ones are listed.
	{ "issuer-missing", "missing-claim", "token",
		"There is no \"iss\", the claim that names the issuer of the token.",
		"Let the issuer set \"iss\" to {suggested}." };
	{ "issuer-not-accepted", "issuer-not-accepted", "token or configuration",
		"The issuer is not accepted.",
		"Set \"iss\" to {suggested}. Or, if you trust this issuer, accept it too: {setting}." };
	{ "issuer-empty", "issuer-not-accepted", "token",
		"\"iss\" is empty.",
		"Let the issuer set \"iss\" to {suggested}." };
	{ "issuer-unusable", "issuer-not-accepted", "token",
		"The issuer is not accepted.",
		"Set \"iss\" to {suggested}." };
	{ "issuer-invalid", "invalid-claim", "token",
		"\"iss\" is not a string.",
		"Set \"iss\" to {suggested}." };
	{ "issuer-array", "invalid-claim", "token",
		"\"iss\" is an array, but must be one string.",
		"Set \"iss\" to {suggested}." };
	{ "issuer-of-other-key", "issuer-not-accepted", "token or configuration",
		"The issuer is not accepted, and the key is from the source of another one in token_issuers: {near}.",
		"Set \"iss\" to {near}. Or, if these tokens are right, write [{found}] for [{accepted}] in token_issuers." };
	{ "issuer-not-bound", "issuer-not-accepted", "token or configuration",
		"The signature is valid, but the key comes from a source that is not configured for this issuer.",
		"Sign with a key of the issuer's own source, or fix token_issuers, which binds each issuer to its source of keys." };
	{ "audience-missing", "missing-claim", "token",
		"There is no \"aud\", the claim that names the recipient of the token. It is required even if any value is accepted.",
		"Let the issuer set \"aud\" to {suggested} (in Keycloak with a mapper \"Audience\")." };
	{ "audience-not-accepted", "audience-not-accepted", "token or configuration",
		"The token is for another recipient.",
		"Set \"aud\" to {suggested} (in Keycloak with a mapper \"Audience\"). Or, if it is yours, accept it too: {setting}." };
	{ "audience-empty", "audience-not-accepted", "token",
		"\"aud\" is empty.",
		"Set \"aud\" to {suggested}." };
	{ "audience-unusable", "audience-not-accepted", "token",
		"The token is for another recipient.",
		"Set \"aud\" to {suggested}." };
	{ "audience-array", "audience-not-accepted", "token or configuration",
		"\"aud\" is an array, which is fine, but none of its members is accepted.",
		"Add {suggested} to \"aud\". Or, if it is yours, accept one of its members: {setting}." };
	{ "audience-invalid", "invalid-claim", "token",
		"\"aud\" is neither a string nor an array of strings.",
		"Set \"aud\" to {suggested}." };
	{ "trailing-slash", "issuer-not-accepted", "token or configuration",
		"\"{claim}\" and the accepted {near} differ only in a slash at the end. They must be equal.",
		"Set \"{claim}\" to {suggested}; or accept both: {setting}." };
	{ "other-scheme", "issuer-not-accepted", "token or configuration",
		"\"{claim}\" and the accepted {near} differ only in http:// or https:// in front. They must be equal.",
		"Set \"{claim}\" to {suggested}: if the provider is behind a proxy, configure its public address there (in Keycloak KC_HOSTNAME). "
			.."Or accept both: {setting}." };
	{ "other-case", "issuer-not-accepted", "token or configuration",
		"\"{claim}\" and the accepted {near} differ only in upper and lower case. They must be equal.",
		"Set \"{claim}\" to {suggested}; or accept both: {setting}." };
	{ "claim-blank", "issuer-not-accepted", "token",
		"\"{claim}\" is the accepted {near}, but with blanks, invisible characters or quotes around it.",
		"Set \"{claim}\" to {suggested}." };
	{ "configured-blank", "issuer-not-accepted", "configuration",
		"The accepted {near} has blanks, invisible characters or quotes around it, and \"{claim}\" does not. They must be equal.",
		"Write it without them: {setting}." };
	{ "configured-in-one", "issuer-not-accepted", "configuration",
		"The accepted {near} is one text, but was probably meant as a list. \"{claim}\" is one of the values in it.",
		"Write a list: {setting}." };
	{ "issuer-and-audience-swapped", "issuer-not-accepted", "token",
		"\"iss\" has the value that is accepted as \"aud\", and \"aud\" that of \"iss\": the two are mixed up.",
		"Set \"iss\" to {issuer}, and set \"aud\" to {audience}." };

	-- Room.
	{ "room-missing", "room-missing", "token or configuration",
		"There is no claim \"room\".",
		"Set \"room\" to the name of the room, or to \"*\" for any room; or set asap_require_room_claim = false." };
	{ "room-missing-openid", "room-missing", "token or configuration",
		"This is a token of an OpenID provider. Such tokens have no claim \"room\".",
		"Let the provider add \"room\": \"*\" (in Keycloak a mapper \"Hardcoded claim\"); or set asap_require_room_claim = false. "
			.."Its \"sub\" is a user ID, so check that claim too." };
	{ "room-invalid", "room-invalid", "token",
		"The claim \"room\" is not a string.",
		"Set \"room\" to the name of one room, or to \"*\" for any room. For several rooms, issue one token for each, or use a pattern." };
	{ "room-not-accepted", "room-not-accepted", "token",
		"The token is for another room.",
		"Issue a token for this room, with \"room\": {suggested}; or with \"room\": \"*\" for any room." };
	{ "room-case", "ok", "nowhere",
		"The claim \"room\" has upper-case letters. Rooms are compared in lower case, so this makes no difference.",
		"Nothing: it does no harm." };
	{ "room-full-jid", "room-not-accepted", "token",
		"The claim \"room\" is a JID with a host, but must be only the room's name.",
		"Use the part before the @: \"room\": {suggested}." };
	{ "room-url", "room-not-accepted", "token",
		"The claim \"room\" is a URL, but must be only the room's name.",
		"Use its last part: \"room\": {suggested}." };
	{ "room-with-tenant", "room-not-accepted", "token",
		"The claim \"room\" includes the tenant, but must be only the room's name.",
		"Set \"room\": {suggested}, and put the tenant into \"sub\"." };
	{ "room-url-encoded", "room-not-accepted", "token",
		"The claim \"room\" is URL-encoded in another way than the room's name, and both must be equal.",
		"Write the room's own name: \"room\": {suggested}." };
	{ "room-not-encoded", "room-not-accepted", "token or configuration",
		"Jitsi's page makes {name} of this text (it normalizes, writes in lower case and encodes it), and that is the room's name. The "
			.."claim \"room\" is compared as it is.",
		"Set \"room\": {suggested}; or accept the plain text too with token_room_matching = \"address\"." };
	{ "room-not-of-page", "ok", "token",
		"Jitsi's page makes {suggested} of this text, and enters a room of that name. The claim \"room\" is compared as it is, so it does "
			.."not open that room.",
		"Set \"room\": {suggested}; or accept the plain text too with token_room_matching = \"address\"." };
	{ "room-encoded", "ok", "nowhere",
		"The claim \"room\" is the name that Jitsi's page makes of {text}.",
		"Nothing: it is right so." };
	{ "room-address-without-room", "ok", "command",
		"This address is not that of a room: Jitsi's page shows its start page, or nothing but a file.",
		"Give the address that the user opens: it ends with the room's name, without a slash behind it." };
	{ "room-name-refused", "ok", "command",
		"Prosody accepts no room of the name {name}: no name may contain a blank or one of \" & ' / : < > @. Nobody can enter it.",
		"Use another name for the room." };
	{ "room-name-unusable", "ok", "command",
		"No room can have this name: the text is not UTF-8, makes a name of more than 1023 bytes, or has only characters that Jitsi's page "
			.."removes.",
		"Use another name for the room." };
	{ "room-of-other-site", "ok", "command",
		"This is an address of the website {site}, but the token is checked as {host} does. Whether that website belongs to {host} is not "
			.."known here.",
		"If another host serves {site}, name that host; else this is nothing to fix." };
	{ "room-without-verification", "ok", "nowhere",
		"Nothing verifies tokens in the rooms of {host}, as it does not load token_verification: the user may enter.",
		"Nothing, if it is meant so, as for breakout rooms." };
	{ "tenant-guessed", "ok", "nowhere",
		"The tenant has characters outside ASCII. That Prosody knows it as {tenant} is a guess.",
		"Use only letters of ASCII, digits and _ for tenants." };
	{ "room-pattern-not-declared", "room-not-accepted", "token",
		"The claim \"room\" looks like a pattern, but the token does not declare it as one, so it is compared literally.",
		"Set context.room.regex to true in the token; or \"room\": \"*\" for any room." };
	{ "room-pattern-mismatch", "room-name-does-not-match", "token",
		"The claim \"room\" is a pattern that does not match the whole name of this room.",
		"Fix the pattern, so that it matches {name}. It is a Lua pattern: \"%d\" is a digit, \"%-\" a hyphen, \".*\" any text; names are in "
			.."lower case." };
	{ "room-pattern-of-regex", "room-name-does-not-match", "token",
		"The claim \"room\" is a regular expression, but is read as a Lua pattern, which has no |, \\d, {2} or (?...).",
		"Issue a token for each room, or write a Lua pattern that matches {name}: \"%d\" for \\d, \"%w\" for \\w, \"%-\" for a hyphen; for | "
			.."there is nothing." };
	{ "room-pattern-refused", "invalid-regex", "token or configuration",
		"The claim \"room\" is a pattern that is not used: patterns are off, or it is malformed or too long, or has too many of * + - ?.",
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
		"\"sub\" is the domain, but the room belongs to the tenant {tenant}.",
		"Set \"sub\" to {suggested}, or to \"*\"." };
	{ "sub-tenant-for-domain", "room-mismatch", "token",
		"\"sub\" names a tenant, but the room belongs to no tenant (its URL is not /{sub}/room).",
		"Set \"sub\" to {suggested}, or to \"*\"; or send the client to /{sub}/room." };
	{ "sub-conference-host", "room-mismatch", "token",
		"\"sub\" is the host of the rooms, but must be the domain without \"{prefix}.\" in front.",
		"Set \"sub\" to {suggested}." };
	{ "sub-empty", "room-mismatch", "token",
		"\"sub\" is empty.",
		"Set \"sub\" to {suggested}." };
	{ "sub-address", "room-mismatch", "token",
		"\"sub\" is a web address, or has more than the domain in it. It must be the domain or the tenant, and nothing else.",
		"Set \"sub\" to {suggested}." };
	{ "sub-user", "room-mismatch", "token",
		"\"sub\" looks like a user ID, as in OpenID. Here it must name the domain or the tenant.",
		"Set \"sub\" to {suggested}, with a mapper at the provider; or set enable_domain_verification = false if there are no tenants." };
	{ "muc-prefix", "room-mismatch", "configuration",
		"The rooms are on {host}, but muc_mapper_domain_prefix is {prefix}: only \"sub\": \"*\" can match their address.",
		"Set muc_mapper_domain_prefix = {suggested} in the VirtualHost's block; or enable_domain_verification = false if there are no tenants." };
	{ "room-on-other-host", "room-mismatch", "configuration",
		"The room is on {found}, but the rooms that this token opens are on {host}.",
		"Name the room without its host, or on {host}. If {found} has rooms too, the configuration that was read does not say so." };
	{ "sub-other", "room-mismatch", "token",
		"\"sub\" names another domain or tenant than that of this room.",
		"Set \"sub\" to {suggested}, or to \"*\"; or set enable_domain_verification = false if there are no tenants." };
	{ "tenant-mismatch", "ok", "token",
		"context.tenant is {found}, but the client comes from the pages of {tenant}. This is only a warning, except in rooms that admit "
			.."nobody without a token: they refuse the user.",
		"Set context.tenant to {suggested}." };
	{ "muc-domain-base-missing", "server-missing-config", "configuration",
		"The room belongs to a tenant, but muc_mapper_domain_base is not set.",
		"Set muc_mapper_domain_base to the main domain of the deployment." };

	-- Context.
	{ "context-missing", "missing-claim", "token",
		"There is no \"context\", but it is required here.",
		"Let the issuer add \"context\": { \"user\": { \"name\": \"Ann\" } }, with the user's own name." };
	{ "context-absent", "ok", "nowhere",
		"There is no \"context\": the user has no name, and plugins that require one (lobby, moderation) refuse the token.",
		"Add \"context\": { \"user\": { \"name\": \"Ann\" } } to show names." };
	{ "context-invalid", "missing-claim", "token",
		"\"context\" is not an object, so it counts as missing.",
		"Write it as an object, not as a string that contains JSON." };
};
