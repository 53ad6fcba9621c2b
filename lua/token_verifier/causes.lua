-- SPDX-License-Identifier: MIT
-- What commonly is the matter with a token, its key or the configuration, and what mends it: data, for explanations and
-- for docs/troubleshooting.md alike.

-- { key, code, where to change something, cause, mend }. The code is one of token_verifier.codes, or of the log; "ok" is what
-- refuses no token. A word in braces stands for what was found or is configured.
local rows = {
	-- The text that was given as the token.
	{ "token-too-large", "token-too-large", "token",
		"The token is longer than 16 KiB.",
		"Leave lists of groups and the like out of it, or name them by a short id. A token in a URL should stay below 4 KiB anyway." };
	{ "malformed-token", "malformed-token", "token",
		"This is not the text of a signed token: three parts of base64url, joined by two dots, with nothing else in it.",
		"Compare it with what the issuer gave out, byte by byte; copy it from there anew." };
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

	-- The key's name.
	{ "key-id-missing", "key-id-missing", "token",
		"The header has no \"kid\", so there is nothing to find the key by.",
		"Have the issuer put \"kid\" into the header: the name under which the key is published. With a JWK Set that has one key, "
			.."token_allow_missing_kid = true does without." };
	{ "key-id-empty", "key-id-invalid", "token",
		"The header's \"kid\" is an empty text.",
		"Have the issuer set \"kid\" to the name under which the key is published." };
	{ "key-id-number", "key-id-invalid", "token",
		"The header's \"kid\" is a number, and must be a string (RFC 7515, section 4.1.4).",
		"Put it in quotes: \"kid\": \"{kid}\"." };
	{ "key-id-invalid", "key-id-invalid", "token",
		"The header's \"kid\" is not a string that could name a key.",
		"Have the issuer set \"kid\" to the name under which the key is published, at most 1024 bytes." };
	{ "key-id-unneeded", "ok", "nowhere",
		"The header has a \"kid\", which is not looked at: there is only one key here.",
		"Nothing: it does no harm." };

	-- The key's source.
	{ "key-not-found", "key-not-found", "key server",
		"The source of keys does not have this key.",
		"Publish the key under this \"kid\", or sign with one that is published." };
	{ "key-file-missing", "key-not-found", "key server",
		"The key server has no file for this \"kid\". It was asked for {file}, which is the SHA-256 of the kid in hex, and .pem.",
		"Put the public key there: {command}" };
	{ "key-file-missing-locally", "key-not-found", "key server",
		"The folder has no file for this \"kid\". It was looked for as {file}, which is the SHA-256 of the kid in hex, and .pem.",
		"Put the public key there: {command}" };
	{ "folder-missing", "key-not-found", "configuration",
		"There is no such folder, or it may not be read.",
		"Make it, readable for the user that Prosody runs as, or mend the path in asap_key_server or token_issuers." };
	{ "key-file-unreadable", "key-unusable", "key server",
		"The folder's file for this \"kid\" cannot be read.",
		"Make it and its folder readable for the user that Prosody runs as: chmod a+r {file}" };
	{ "key-id-near", "key-not-found", "token",
		"There is no such \"kid\", but there is {near}, which is nearly the same: case, spaces and every character count.",
		"Write \"kid\" in the header as the key is published." };
	{ "not-in-set", "key-not-found", "token or key server",
		"The JWK Set does not have this \"kid\". It has {kids}.",
		"Sign with one of its keys, or look whether the set is that of the issuer (of the same realm or tenant). A key that was just "
			.."added is found within token_key_penalty seconds." };
	{ "no-key-named", "key-not-found", "command",
		"No key was named to check the signature with.",
		"Give --config and --host, or one of --secret-file, --key, --asap-key-server, --jwks-url, --openid-issuer and --directory." };
	{ "no-source", "key-not-found", "configuration",
		"The configured source of keys is empty or no usable URL, so it holds no key.",
		"Mend asap_key_server, cache_keys_url, openid_issuer or token_issuers: an error line at start says what is wrong with it." };
	{ "no-key-configured", "key-not-found", "configuration",
		"Nothing is configured to verify tokens with.",
		"Set app_secret (or app_secret_file), asap_key_server, cache_keys_url or openid_issuer." };
	{ "algorithm-fits-no-key", "algorithm-not-accepted", "configuration",
		"signature_algorithm names none that goes with what is configured to verify with: HS needs a secret, all others a public key.",
		"Take signature_algorithm away: HS256 with a secret and RS256 with public keys are the defaults. Or let it fit." };
	{ "guests-only", "key-not-found", "configuration",
		"This host lets in guests without a token, and has no key to verify one with: every token is refused.",
		"Let the client go there without a token, or use it on the host that takes tokens; or set app_secret or asap_key_server." };
	{ "host-without-tokens", "ok", "configuration",
		"The host {host} takes no tokens{authentication}: it has no app_id.",
		"Use the token on {hosts}; or set authentication = \"token\" and app_id there." };
	{ "key-forbidden", "key-unusable", "key server",
		"The key server refuses to give the key out (HTTP {status}).",
		"Let it be read: file mode 0644, folders 0755, no authentication on this path. If it must ask for credentials, set "
			.."token_key_bearer_token_file or token_key_client_cert." };
	{ "key-redirect", "key-unusable", "configuration",
		"The key server redirects (HTTP {status}), and redirects are not followed.",
		"Configure the address that it redirects to; see it with: curl -sI {url}" };
	{ "key-status", "key-unusable", "key server",
		"The key server answered with HTTP {status}, which is neither a key nor \"there is none\".",
		"Look at what it says: curl -si {url}" };
	{ "key-is-page", "key-unusable", "key server",
		"The key server answered with an HTML page, not with a key: a start page, an error page or a log-in page.",
		"Look at it: curl -si {url} The address must lead to the folder with the .pem files; a missing file must be 404." };
	{ "key-empty", "key-unusable", "key server",
		"The key server's file is empty.",
		"Write the public key into it anew: {command}" };
	{ "key-no-key", "key-unusable", "key server",
		"What the source of keys has under this \"kid\" is no public key.",
		"Publish the public key as PEM (\"-----BEGIN PUBLIC KEY-----\"): {command}" };
	{ "key-private", "ok", "key server",
		"A private key is published! Whoever reads it can sign tokens. It works, since its public half is taken.",
		"Take it away now, make a new pair of keys under a new \"kid\", and publish its public half only: {command}" };
	{ "key-certificate", "ok", "nowhere",
		"A certificate is published, of which the key is used.",
		"Nothing: that is fine. Its dates and its issuer are not looked at." };
	{ "set-not-there", "key-unusable", "configuration",
		"The address of the JWK Set does not answer with one (HTTP {status}).",
		"Look up jwks_uri in the provider's /.well-known/openid-configuration and set cache_keys_url to it, or set openid_issuer." };
	{ "set-is-page", "key-unusable", "configuration",
		"The address of the JWK Set answers with something else: JSON with \"keys\" is expected.",
		"Look up jwks_uri in the provider's /.well-known/openid-configuration and set cache_keys_url to it, or set openid_issuer." };
	{ "discovery-unusable", "key-unusable", "configuration",
		"The OpenID provider's configuration does not do.",
		"Set openid_issuer to the very \"issuer\" that its /.well-known/openid-configuration names, to the last slash." };
	{ "key-unusable", "key-unusable", "key server",
		"The source of keys answered with something that cannot be used.",
		"Look at what it says, with curl -si and the address named above." };
	{ "source-refused", "key-source-unavailable", "key server",
		"Nobody listens there: the connection was refused, or there is no way to {host}.",
		"Start the key server; look at host and port, and at the firewall, from the machine (or container) that Prosody runs on." };
	{ "source-dns", "key-source-unavailable", "configuration",
		"The name {host} cannot be resolved.",
		"Look at its spelling, and at /etc/resolv.conf of the machine (or container) that Prosody runs on: getent hosts {host}" };
	{ "source-time-out", "key-source-unavailable", "key server",
		"{host} did not answer in time.",
		"Look at the firewall and at how busy it is. token_key_connect_timeout and token_key_timeout say how long is waited." };
	{ "source-tls-name", "key-source-unavailable", "key server",
		"The TLS certificate is not for the name {host}.",
		"Use the name that is in the certificate, or have one issued for this name; see it with: "
			.."openssl s_client -connect {host}:{port} </dev/null" };
	{ "source-tls-authority", "key-source-unavailable", "configuration",
		"The TLS certificate of {host} is not signed by an authority that is trusted here.",
		"Name the authority's certificate in token_key_ca_file, or have the server send its whole chain." };
	{ "source-tls-expired", "key-source-unavailable", "key server",
		"The TLS certificate of {host} has expired, or is not valid yet.",
		"Renew it, and reload the server; look at the clocks too." };
	{ "source-tls", "key-source-unavailable", "key server",
		"TLS with {host} fails.",
		"Look at it: openssl s_client -connect {host}:{port} </dev/null TLS 1.2 at least is needed, and https only where it is spoken." };
	{ "source-error", "key-source-unavailable", "key server",
		"The key server has a fault of its own or is too busy (HTTP {status}).",
		"Look into its log." };
	{ "key-source-unavailable", "key-source-unavailable", "key server",
		"The source of keys could not be asked.",
		"Look at the address, and whether it can be reached from the machine (or container) that Prosody runs on." };
	{ "key-source-overloaded", "key-source-overloaded", "key server",
		"Too many keys that nobody knows are being asked for.",
		"Wait, and ask again. Look who sends made-up \"kid\"s; token_key_max_per_client and token_key_max_queued are the limits." };
	{ "key-pending", "key-pending", "nowhere",
		"The key is still being fetched.",
		"Ask again." };

	{ "set-fits-no-algorithm", "key-algorithm-mismatch", "configuration",
		"None of the set's keys is one for an algorithm that is accepted ({accepted}).",
		"Set signature_algorithm to what the provider signs with: signature_algorithm = {suggested}." };
	{ "set-skips-keys", "ok", "key server",
		"Some keys of the set are not used: they are broken, weak, symmetric or of an unknown type.",
		"Nothing, if tokens are signed with the others." };

	-- The configuration as a whole.
	{ "authentication-takes-no-tokens", "ok", "configuration",
		"Nobody asks for a token on this host: authentication is {found}.",
		"Set authentication = \"token\", unless another plugin verifies tokens here." };
	{ "rooms-not-verified", "ok", "configuration",
		"The rooms of {host} are open to everybody who is logged in: nothing holds them against the token.",
		"Add \"token_verification\" to modules_enabled of that Component." };
	{ "settings-unusable", "key-source-unavailable", "configuration",
		"An option has a value that it must not have, and what cannot be right accepts no token.",
		"Mend what the error lines at start, or token-verifier check, name." };
	{ "no-token-host", "ok", "configuration",
		"No VirtualHost has the option app_id, so none takes tokens.",
		"Set app_id, and app_secret or a source of keys, in the VirtualHost's block." };

	-- The key itself.
	{ "key-algorithm-mismatch", "key-algorithm-mismatch", "token or key server",
		"The key published under this \"kid\" is not one for the token's algorithm.",
		"Sign with the algorithm of the key; or the \"kid\" names another key than the one that signed." };
	{ "malformed-key", "malformed-key", "configuration",
		"The configured key cannot be read.",
		"Give a public key as PEM, or a JWK." };
	{ "unsupported-key", "unsupported-key", "key server",
		"This kind of key is not supported.",
		"Use RSA of 2048 bits or more, EC on P-256, P-384 or P-521, Ed25519 or Ed448." };
	{ "weak-key", "weak-key", "key server",
		"The key is too weak.",
		"Make a new one of 2048 bits or more, under a new \"kid\". For the time until then token_min_rsa_bits lowers the limit." };
	{ "secret-left-over", "weak-secret", "configuration",
		"The shared secret is what a template leaves where no value was given, or empty.",
		"Give app_secret its value: the variable (JWT_APP_SECRET in containers) is not set where the configuration is made." };
	{ "weak-secret", "weak-secret", "configuration",
		"The shared secret cannot be used.",
		"Use a random text of 32 bytes or more: openssl rand -hex 32" };

	-- The signature. The first ones by a change of the configured secret with which it holds.
	{ "secret-base64-decoded", "bad-signature", "configuration",
		"The signature holds with the base64-decoded secret: the issuer decodes it before use.",
		"Set app_secret to the decoded bytes, or app_secret_file to a file with them (base64 -d); or have the issuer use the text as it is." };
	{ "secret-base64-encoded", "bad-signature", "configuration",
		"The signature holds with the secret encoded in base64: the issuer has it in that form.",
		"Set app_secret to the base64 text that the issuer uses, or have the issuer decode it before use." };
	{ "secret-hex-decoded", "bad-signature", "configuration",
		"The signature holds with the secret read as hex digits: the issuer turns them into bytes before use.",
		"Set app_secret_file to a file with these bytes (xxd -r -p); or have the issuer use the text as it is." };
	{ "secret-quoted", "bad-signature", "configuration",
		"The signature holds without the quotes that the configured secret has around it.",
		"Take the inner quotes out of app_secret: the quotes of an .env file have become part of the secret." };
	{ "secret-quoted-by-issuer", "bad-signature", "issuer",
		"The signature holds with quotes around the secret: at the issuer they have become part of it.",
		"Take the quotes out of the issuer's setting (an .env file read by Docker keeps them)." };
	{ "secret-line-end", "bad-signature", "configuration",
		"The signature holds without the line end (or white space) at the end of the configured secret.",
		"Take it away: write files with printf %s, not with echo." };
	{ "secret-line-end-by-issuer", "bad-signature", "issuer",
		"The signature holds with a line end behind the secret: at the issuer it has become part of it.",
		"Have the issuer strip what it reads from its file; write the file with printf %s, not with echo." };
	{ "secret-url-encoded", "bad-signature", "configuration",
		"The signature holds with the URL-decoded secret.",
		"Write app_secret as the issuer has it, not URL-encoded." };
	{ "secret-is-app-id", "bad-signature", "issuer",
		"The token is signed with app_id, not with the secret: the two were mixed up.",
		"Have the issuer sign with app_secret; app_id is for the claim \"iss\"." };
	{ "secret-is-file-name", "bad-signature", "configuration",
		"The configured secret is the name of a file, and the signature holds with what is in that file.",
		"Use app_secret_file in place of app_secret." };
	{ "other-secret", "bad-signature", "token or configuration",
		"The token was signed with another secret, or something in it was changed afterwards.",
		"Compare the secret of the issuer with app_secret: token-verifier verify --secret-file FILE tells whether one fits. Decoded, "
			.."encoded, quoted and with a line end it was tried." };
	{ "key-of-other-kid", "bad-signature", "token",
		"The signature holds with the key of {near}: the token names another key than the one that signed.",
		"Have the issuer set \"kid\" to the name of the key that it signs with." };
	{ "key-changed", "bad-signature", "key server",
		"The key was changed under the same \"kid\": the signature holds with the key that the source has now, and not with the one held.",
		"It has been fetched anew just now. Publish a new key under a new \"kid\": one that is held serves until its freshness ends." };
	{ "other-key", "bad-signature", "token or key server",
		"Another key signed than the one that is published under this \"kid\" ({thumbprint}), or something in the token was changed. "
			.."Perhaps the key was changed under the same \"kid\", and the token is from before.",
		"Compare the published key with the public half of the issuer's: token-verifier verify --key FILE tells whether one fits. Publish "
			.."a new key under a new \"kid\", never under the old one." };
	{ "other-configured-key", "bad-signature", "token or configuration",
		"Another key signed than the one that is configured ({thumbprint}), or something in the token was changed.",
		"Compare it with the public half of the issuer's key." };
	{ "signature-cut-off", "bad-signature", "token",
		"The token is cut off: its signature has {found} bytes, and one of {alg} {expected}.",
		"Copy it whole. Look for a column of a database, a cookie or a URL whose length is limited." };
	{ "crypto-failure", "crypto-failure", "server",
		"The crypto library failed; the token was not judged.",
		"Look at the server's memory, and at what OpenSSL is configured to allow (FIPS, security level)." };
	{ "malformed-payload", "malformed-payload", "token",
		"The second part is not the JSON object of claims.",
		"Give the JWT library an object, not a text that was encoded already." };

	-- Dates.
	{ "expired", "expired", "token",
		"The token's time is over.",
		"Have the issuer make a new one for each visit. If that is too short, let it set \"exp\" further ahead." };
	{ "expired-just-now", "expired", "clock or token",
		"The token's time has been over for less than five minutes: it was used late, or the clocks differ.",
		"Have both clocks set by NTP; token_leeway = 60 forgives a minute." };
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
		"Have both clocks set by NTP (timedatectl, chronyc tracking); token_leeway = 60 forgives a minute, or let \"nbf\" begin earlier." };
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
		"Sign with a key of the issuer's own source, or mend token_issuers: it says whose keys count for whom." };
	{ "audience-missing", "missing-claim", "token",
		"There is no \"aud\", the claim that names whom the token is for. It must be there even where any is accepted.",
		"Have the issuer set \"aud\" to {suggested}." };
	{ "audience-not-accepted", "audience-not-accepted", "token or configuration",
		"The token is for somebody else.",
		"Set \"aud\" to {suggested}; or add it to asap_accepted_audiences." };
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
		"Mend the pattern. It is a Lua pattern: \"%d\" a digit, \"%-\" a hyphen, \".*\" anything; names are in lower case." };
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

local list, by_key = {}, {};
for i, row in ipairs(rows) do
	local cause = { key = row[1], code = row[2], where = row[3], cause = row[4], mend = row[5] };
	list[i], by_key[cause.key] = cause, cause;
end

-- The text with the words in braces replaced by `values`. What is not known stays in capitals: FILE.
local function fill(text, values)
	return (text:gsub("{([a-z]+)}", function (name)
		local value = values and values[name];
		return value ~= nil and tostring(value) or name:upper();
	end));
end

-- A finding for an explanation: what is the matter, with the words filled in.
local function find(key, values)
	local cause = assert(by_key[key], key);
	return { key = key, where = cause.where, cause = fill(cause.cause, values), mend = fill(cause.mend, values) };
end

return { list = list, by_key = by_key, find = find };
