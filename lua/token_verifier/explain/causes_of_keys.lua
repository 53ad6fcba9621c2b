-- SPDX-License-Identifier: MIT
-- Problems of a key, its kid, its source, a signature or the configuration: rows of the table of causes, see causes.lua.

return {
	-- The key's kid.
	{ "key-id-missing", "key-id-missing", "token",
		"The header has no \"kid\", so the key cannot be looked up.",
		"Let the issuer put \"kid\" into the header: the name under which the key is published. If a JWK Set has only one key, you can "
			.."set token_allow_missing_kid = true instead." };
	{ "key-id-empty", "key-id-invalid", "token",
		"The header's \"kid\" is an empty string.",
		"Let the issuer set \"kid\" to the name under which the key is published." };
	{ "key-id-number", "key-id-invalid", "token",
		"The header's \"kid\" is a number, but must be a string (RFC 7515, section 4.1.4).",
		"Put it in quotes: \"kid\": \"{kid}\"." };
	{ "key-id-invalid", "key-id-invalid", "token",
		"The header's \"kid\" is not a valid key name.",
		"Let the issuer set \"kid\" to the name under which the key is published, at most 1024 bytes." };
	{ "key-id-unneeded", "ok", "nowhere",
		"The header has a \"kid\", which is not used: there is only one key here.",
		"Nothing: it does no harm." };

	-- The key's source.
	{ "key-not-found", "key-not-found", "key server",
		"The source of keys does not have this key.",
		"Publish the key under this \"kid\", or sign with one that is published." };
	{ "key-file-missing", "key-not-found", "key server",
		"The key server has no file for this \"kid\". The file name is {file}: the SHA-256 of the kid in hex, followed by .pem.",
		"Put the public key there: {command}" };
	{ "key-file-missing-locally", "key-not-found", "key server",
		"The folder has no file for this \"kid\". The file name is {file}: the SHA-256 of the kid in hex, followed by .pem.",
		"Put the public key there: {command}" };
	{ "folder-missing", "key-not-found", "configuration",
		"There is no such folder, or it cannot be read.",
		"Create it and let the user that Prosody runs as read it, or fix the path in asap_key_server or token_issuers." };
	{ "key-file-unreadable", "key-unusable", "key server",
		"The folder's file for this \"kid\" cannot be read.",
		"Let the user that Prosody runs as read the file and its folder: chmod a+r {file}" };
	{ "key-id-near", "key-not-found", "token",
		"There is no such \"kid\", but there is {near}, which is nearly the same. Both must be equal, including case and spaces.",
		"Set \"kid\" in the header to the name under which the key is published." };
	{ "not-in-set", "key-not-found", "token or key server",
		"The JWK Set does not have this \"kid\". It has {kids}.",
		"Sign with one of its keys, or check that the set belongs to the issuer (same realm or tenant). A new key in the set is found "
			.."within token_key_penalty seconds." };
	{ "key-under-other-kid", "key-not-found", "token or key server",
		"The set does not have this \"kid\", but the signature is valid with its key {near}.",
		"Let the issuer set \"kid\" to {near} in the header; or let the provider publish that key as {kid}." };
	{ "key-without-kid", "key-not-found", "token or key server",
		"The set does not have this \"kid\", but the signature is valid with a key of the set that has no usable \"kid\".",
		"Let the provider add \"kid\": {kid} to that key in the set. Or, if it is the only key there, let the issuer leave out \"kid\" in "
			.."the header, and set token_allow_missing_kid = true." };
	{ "key-with-number", "key-not-found", "key server",
		"The signature is valid with a key of the set, but its \"kid\" is a JSON number there, and must be a string (RFC 7517, section 4.5).",
		"Let the provider write it in quotes: \"kid\": {kid}." };
	{ "no-key-named", "key-not-found", "command",
		"No key was given to check the signature with.",
		"Give --config and --host, or one of --secret-file, --key, --asap-key-server, --jwks-url, --openid-issuer and --directory." };
	{ "no-source", "key-not-found", "configuration",
		"The configured source of keys is empty or not a valid URL, so it has no key.",
		"Fix asap_key_server, cache_keys_url, openid_issuer or token_issuers: an error line at start says what is wrong. A URL begins "
			.."with https://, and a folder in asap_key_server with file:///." };
	{ "no-key-configured", "key-not-found", "configuration",
		"Nothing is configured to verify tokens with.",
		"Set app_secret (or app_secret_file), asap_key_server, cache_keys_url or openid_issuer." };
	{ "algorithm-fits-no-key", "algorithm-not-accepted", "configuration",
		"No algorithm in signature_algorithm fits the configured keys: HS needs a secret, all others need a public key.",
		"Remove signature_algorithm (the default is HS256 with a secret and RS256 with public keys), or set it to algorithms that fit." };
	{ "guests-only", "key-not-found", "configuration",
		"This host accepts guests without a token, but has no key to verify tokens with: every token is refused.",
		"Let the client connect without a token, or use the token on the host that accepts tokens; or set app_secret or asap_key_server." };
	{ "host-without-tokens", "ok", "configuration",
		"The host {host} accepts no tokens{authentication}: it has no app_id.",
		"Use the token on {hosts}; or set authentication = \"token\" and app_id on this host." };
	{ "key-forbidden", "key-unusable", "key server",
		"The key server refuses access to the key (HTTP {status}).",
		"Allow reading: file mode 0644, folders 0755, no authentication on this path (S3 answers 403 for a missing file unless listing "
			.."is allowed). If the server must require credentials, set token_key_bearer_token_file or token_key_client_cert." };
	{ "key-redirect", "key-unusable", "configuration",
		"The key server redirects (HTTP {status}), but redirects are not followed.",
		"Configure the URL that it redirects to; this shows it: curl -sI {url}" };
	{ "key-status", "key-unusable", "key server",
		"The key server answered with HTTP {status}, which means neither a key nor a missing key.",
		"Look at the answer: curl -si {url}" };
	{ "key-is-page", "key-unusable", "key server",
		"The key server answered with an HTML page, not with a key: a start page, an error page or a log-in page.",
		"Look at it: curl -si {url} (the URL must lead to the folder with the .pem files, and a missing file must give 404)." };
	{ "key-empty", "key-unusable", "key server",
		"The key server's file is empty.",
		"Write the public key into it again: {command}" };
	{ "key-no-key", "key-unusable", "key server",
		"The source of keys has something under this \"kid\" that is not a public key.",
		"Publish the public key as PEM (\"-----BEGIN PUBLIC KEY-----\"): {command}" };
	{ "key-private", "ok", "key server",
		"A private key is published! Everybody who reads it can sign tokens. It works, because its public half is used.",
		"Remove it now, make a new key pair with a new \"kid\", and publish only the public key: {command}" };
	{ "key-certificate", "ok", "nowhere",
		"A certificate is published, and its key is used.",
		"Nothing: that is fine. Its dates and its issuer are not checked." };
	{ "key-certificate-differs", "ok", "key server",
		"The certificate in \"x5c\" is of another key than the JWK beside it: {kids}. Only the JWK's own numbers are used.",
		"Publish the certificate of this key, or leave \"x5c\" out. Other programs may refuse the key." };
	{ "key-of-set", "key-unusable", "key server",
		"The JWK Set has this \"kid\", but its key cannot be used for the reason given above.",
		"Correct the key at the provider, or sign with another key of the set." };
	{ "set-not-there", "key-unusable", "configuration",
		"The URL of the JWK Set does not return a JWK Set (HTTP {status}).",
		"Look up jwks_uri in the provider's /.well-known/openid-configuration and set cache_keys_url to it, or set openid_issuer." };
	{ "set-is-page", "key-unusable", "configuration",
		"The URL of the JWK Set returns something else: JSON with \"keys\" is expected.",
		"Look up jwks_uri in the provider's /.well-known/openid-configuration and set cache_keys_url to it, or set openid_issuer. A server of "
			.."your own must answer with { \"keys\": [ JWK, JWK ] }, and nothing around it." };
	{ "discovery-unusable", "key-unusable", "configuration",
		"The OpenID provider's configuration cannot be used.",
		"Set openid_issuer to exactly the \"issuer\" in its /.well-known/openid-configuration, including a slash at the end." };
	{ "key-unusable", "key-unusable", "key server",
		"The source of keys answered with something that cannot be used.",
		"Look at the answer, with curl -si and the URL named above." };
	{ "source-refused", "key-source-unavailable", "key server",
		"No server listens there: the connection was refused, or there is no route to {host}.",
		"Start the key server; check host, port and firewall from the machine (or container) that Prosody runs on." };
	{ "source-dns", "key-source-unavailable", "configuration",
		"The name {host} cannot be resolved.",
		"Check its spelling, and /etc/resolv.conf of the machine (or container) that Prosody runs on: getent hosts {host}" };
	{ "source-time-out", "key-source-unavailable", "key server",
		"{host} did not answer in time.",
		"Check the firewall and the load of the server. token_key_connect_timeout and token_key_timeout are the limits (a change needs a "
			.."restart)." };
	{ "source-tls-name", "key-source-unavailable", "key server",
		"The TLS certificate is not for the name {host}.",
		"Use the name that is in the certificate, or get a certificate for this name; this shows it: "
			.."openssl s_client -connect {host}:{port} </dev/null" };
	{ "source-tls-authority", "key-source-unavailable", "configuration",
		"The TLS certificate of {host} is not signed by an authority that is trusted here.",
		"Set token_key_ca_file to the authority's certificate and reload Prosody, or let the server send its whole chain." };
	{ "source-tls-expired", "key-source-unavailable", "key server",
		"The TLS certificate of {host} has expired, or is not valid yet.",
		"Renew it, and reload the server; check the clocks too." };
	{ "source-tls", "key-source-unavailable", "key server",
		"TLS with {host} fails.",
		"Look at it: openssl s_client -connect {host}:{port} </dev/null (TLS 1.2 is required; use https only if the server supports it)." };
	{ "source-error", "key-source-unavailable", "key server",
		"The key server has an internal error or is overloaded (HTTP {status}).",
		"Look into its log." };
	{ "key-source-unavailable", "key-source-unavailable", "key server",
		"The source of keys could not be reached.",
		"Check the URL, and whether the machine (or container) that Prosody runs on can reach it." };
	{ "key-source-overloaded", "key-source-overloaded", "key server",
		"Too many unknown keys are being requested.",
		"Wait and try again. Find out who sends invented \"kid\"s; token_key_max_per_client and token_key_max_queued are the limits." };
	{ "key-pending", "key-pending", "nowhere",
		"The key is still being fetched.",
		"Try again." };

	{ "set-fits-no-algorithm", "key-algorithm-mismatch", "configuration",
		"No key of the set can be used with an accepted algorithm ({accepted}).",
		"Set signature_algorithm to the algorithm of the provider: signature_algorithm = {suggested}." };
	{ "set-skips-keys", "ok", "key server",
		"Some keys of the set cannot be used: {kids}.",
		"Nothing, if tokens are signed with the others. If not, correct these keys at the provider." };
	{ "set-has-no-usable-key", "key-unusable", "key server",
		"No key of the set can be used: {kids}.",
		"Correct these keys at the provider, or publish another one there." };

	-- The configuration as a whole.
	{ "authentication-takes-no-tokens", "ok", "configuration",
		"No module asks for a token on this host: authentication is {found}.",
		"Set authentication = \"token\" in its block; or remove its app_id and keys, if its users need no token." };
	{ "authentication-misspelt", "ok", "configuration",
		"authentication is {found}: neither Prosody nor Jitsi has such a module, so nobody can log in on this host.",
		"Set authentication = \"token\"." };
	{ "nobody-enters", "token-required", "configuration",
		"Nobody can enter a room of {rooms}: they demand tokens, but no host asks its users for one. authentication of {host} is {found}.",
		"Set authentication = \"token\" in the block of {host}." };
	{ "app-id-missing", "ok", "configuration",
		"Nobody can log in on {host}: authentication = \"token\" needs app_id, which is not set there.",
		"Set app_id in its block to what your tokens have in \"iss\", and set app_secret or a source of keys." };
	{ "app-id-missing-for-guests", "ok", "configuration",
		"Nobody can log in on {host}: authentication = \"token\" needs app_id, which is not set there.",
		"For guests without a token, set authentication = \"anonymous\" in its block, and token_verification_allowlist = {list} in the block "
			.."of {rooms}." };
	{ "service-asks-for-tokens", "ok", "configuration",
		"On {host}, Jitsi's own parts log in with passwords, but authentication is \"token\" there.",
		"Set authentication = \"internal_hashed\" in its block." };
	{ "app-id-misspelt", "ok", "configuration",
		"app_id is not set for {host}, but {found} is, which no module reads.",
		"Write app_id instead of {found}." };
	{ "rooms-not-verified", "ok", "configuration",
		"The rooms of {host} are open to everybody who is logged in: no module compares them with the token.",
		"Add \"token_verification\" to modules_enabled of that Component." };
	{ "rooms-module-misspelt", "ok", "configuration",
		"The rooms of {host} are open to everybody who is logged in: its modules_enabled has {found}, which is not the name of a module.",
		"Write \"token_verification\" instead of {found}." };
	{ "rooms-module-disabled", "ok", "configuration",
		"The rooms of {host} are open to everybody who is logged in: token_verification is in its modules_disabled too, which counts more.",
		"Remove \"token_verification\" from modules_disabled of that Component." };
	{ "rooms-module-elsewhere", "ok", "configuration",
		"The rooms of {host} are open to everybody who is logged in: token_verification is in modules_enabled {place}, where it guards nothing.",
		"Write it into the block of the Component: {suggested}." };
	{ "modules-not-a-list", "ok", "configuration",
		"modules_enabled {place} is a text, not a list: Prosody loads nothing of it. Round brackets do not make a list.",
		"Write it in braces: modules_enabled = {suggested}" };
	{ "rooms-without-judge", "server-missing-config", "configuration",
		"No token opens a room of {host}: its tokens are verified with the options of {found}, which is not a host with an app_id.",
		"Set token_verification_host in the block of that Component to the host where users log in; or set app_id there." };
	{ "rooms-of-host-without-tokens", "server-missing-config", "configuration",
		"No token opens a room of {host}: its tokens are verified with the options of {found}, which has no app_id and no log-in with tokens.",
		"Set authentication = \"token\", app_id, and app_secret or a source of keys in the block of {found}; or remove token_verification." };
	{ "rooms-judge-elsewhere", "server-missing-config", "configuration",
		"No token opens a room of {host}: its tokens are verified with the options of {found}, which is not a host with an app_id.",
		"Set token_verification_host = {suggested} in the block of that Component." };
	{ "rooms-misspelt", "server-missing-config", "configuration",
		"No token opens a room of {host}: its tokens are verified with the options of {found}, and there is no such host.",
		"Write Component {suggested} instead of {host}." };
	{ "rooms-not-there", "room-does-not-exist", "configuration",
		"{option} says that the rooms are on {host}, but there is no such Component of the kind \"muc\".",
		"Set {suggested}." };
	{ "rooms-to-add", "room-does-not-exist", "configuration",
		"{option} says that the rooms are on {host}, but there is no such Component of the kind \"muc\".",
		"Add Component \"{host}\" \"muc\" with modules_enabled = { \"token_verification\" }." };
	{ "rooms-without-kind", "ok", "configuration",
		"Component \"{host}\" is not of the kind \"muc\", so it has no rooms.",
		"Write Component \"{host}\" \"muc\" in its first line." };
	{ "no-rooms", "ok", "configuration",
		"{host} has no rooms: the configuration has no Component of the kind \"muc\" for it.",
		"Add Component \"conference.{host}\" \"muc\" with modules_enabled = { \"token_verification\" }." };
	{ "host-without-rooms", "token-required", "configuration",
		"{host} has no rooms of its own, and those of {rooms} refuse its users: the rooms accept tokens that {judge} has verified.",
		"To let them in, set token_verification_hosts = {list} in the block of {judge}." };
	{ "host-and-guests-without-rooms", "token-required", "configuration",
		"{host} has no rooms of its own, and those of {rooms} refuse its users: the rooms accept tokens that {judge} has verified.",
		"To let users with a token in, set token_verification_hosts = {list} in the block of {judge}. Guests without one stay out, unless "
			.."allow_empty_token = true is set there, too." };
	{ "guests-without-rooms", "token-required", "configuration",
		"{host} lets guests in, but the rooms of {rooms} refuse users without a token.",
		"To let them in, set token_verification_allowlist = {list} in the block of {rooms}." };
	{ "options-misplaced", "ok", "configuration",
		"{found} is set for the component {host}, but no module reads it there.",
		"Move it into the VirtualHost's block, above the Component line: everything after that line belongs to the component." };

	-- Options, and their values.
	{ "option-misspelt", "ok", "configuration",
		"No module reads an option {found}.",
		"Write {expected} instead of {found}." };
	{ "option-unknown", "ok", "configuration",
		"No module reads an option {found}.",
		"Remove it, or correct its name: docs/configuration.md has all names." };
	{ "option-of-another-type", "ok", "configuration",
		"{option} has a value that it cannot have.",
		"Set {option} to {expected}." };
	{ "options-exclude-each-other", "ok", "configuration",
		"Only one of these options can be used.",
		"Remove the other one." };
	{ "option-to-remove", "ok", "configuration",
		"{option} has a value that means nothing, and is not used.",
		"Remove {option}: the keys come from another source." };
	{ "text-without-quotes", "ok", "configuration",
		"The value of {option} is a name that means nothing, so {option} is not set.",
		"Put the value in quotes: {option} = \"...\"." };
	{ "option-twice", "ok", "configuration",
		"{option} is set twice in one block, and only the later value counts.",
		"Remove one of the two lines." };
	{ "variable-not-set", "ok", "configuration",
		"The configuration reads the variable {found}, which has no value here, so this answer may differ from what Prosody does.",
		"Run the command where Prosody runs and with its variables: in the container, or with {found}=VALUE in front of it." };
	{ "credential-not-here", "ok", "configuration",
		"The configuration reads a credential that systemd gives to Prosody alone, so this answer may differ from what Prosody does.",
		"Run it with CREDENTIALS_DIRECTORY set to a folder that has the file." };
	{ "option-invalid", "ok", "configuration",
		"The value of an option cannot be used.",
		"Correct what the line says; docs/configuration.md describes the option." };
	{ "any-issuer", "ok", "configuration",
		"Whoever has one of the keys can name any issuer.",
		"List the issuers of your tokens instead of \"*\" in asap_accepted_issuers." };
	{ "keys-over-http", "ok", "configuration",
		"Whoever can change what is sent on the way can put in a key of his own, and then sign tokens.",
		"Use https:// instead of http:// in {url}." };
	{ "secret-short", "weak-secret", "configuration",
		"A secret that is shorter than the hash is easier to guess. It is used, as token_strict_secrets is off.",
		"Use a random text of 32 bytes or more here and at the issuer: openssl rand -hex 32" };
	{ "secret-not-quoted", "ok", "configuration",
		"A number is not kept as it is written: a zero in front and digits after the fifteenth get lost.",
		"Put it in quotes." };
	{ "library-elsewhere", "ok", "configuration",
		"A library of another package is loaded instead of ours.",
		"Put our folder in front of the others in plugin_paths, and remove the copy from custom_plugins." };
	{ "host-unknown", "ok", "configuration",
		"{option} names {found}, and there is no such host.",
		"Remove {found} from {option}, or correct it." };
	{ "value-left-over", "issuer-not-accepted", "configuration",
		"{option} has {found}: a variable that was not set where the configuration is made. No token has this \"{claim}\".",
		"Set {option} to what your tokens have in \"{claim}\"{default}." };
	{ "value-unneeded", "ok", "configuration",
		"{option} has {found}: a variable that was not set where the configuration is made. No token has this \"{claim}\".",
		"Write {suggested}" };
	{ "value-not-accepted", "issuer-not-accepted", "configuration",
		"{option} accepts no \"{claim}\" at all, so every token is refused.",
		"Set {option} to what your tokens have in \"{claim}\"{default}." };
	{ "value-with-blanks", "issuer-not-accepted", "configuration",
		"{option} has {found}, with blanks or quotes around the name, or characters that cannot be seen in it. Values are compared exactly, so "
			.."no token fits.",
		"Write {suggested}" };
	{ "value-with-commas", "issuer-not-accepted", "configuration",
		"{option} has {found}: that is one name with a comma in it, and not several names.",
		"Write {suggested}" };
	{ "secret-of-a-manual", "ok", "configuration",
		"The shared secret is {found}, the example of a page or a manual: everybody can make tokens with it.",
		"Use a random text of 32 bytes or more here and at the issuer: openssl rand -hex 32" };
	{ "value-of-a-manual", "ok", "configuration",
		"app_id is {found}, the example of a manual.",
		"If your tokens have another \"iss\", set app_id to that. If they really have this one: nothing, but say so with "
			.."asap_accepted_issuers = {list}." };
	{ "source-left-over", "key-not-found", "configuration",
		"{option} has {found}: a variable or placeholder that was not replaced, so no key comes from there.",
		"Write the real value instead of {found}." };
	{ "issuer-of-source", "issuer-not-accepted", "configuration",
		"Tokens that are signed with the keys of {url} are refused: their \"iss\" is {issuer}, which is not accepted.",
		"Set asap_accepted_issuers = {list}" };
	{ "issuer-of-source-guessed", "issuer-not-accepted", "configuration",
		"Tokens that are signed with the keys of {url} are probably refused: their \"iss\" should be {issuer}, which is not accepted.",
		"Set asap_accepted_issuers = {list} (first compare it with the \"iss\" of a token: token-verifier inspect)." };
	{ "issuer-of-source-begins", "issuer-not-accepted", "configuration",
		"Tokens that are signed with the keys of {url} are refused: their \"iss\" is one of {issuer}, and none of these is accepted.",
		"Set asap_accepted_issuers to the \"iss\" of your tokens: token-verifier inspect shows it." };
	{ "issuer-bound-to-another", "issuer-not-accepted", "configuration",
		"token_issuers binds {found} to {url}, but the tokens that are signed with those keys have \"iss\": {issuer}.",
		"Write {issuer} instead of {found} in token_issuers." };
	{ "settings-unusable", "key-source-unavailable", "configuration",
		"An option has an invalid value, so no token is accepted.",
		"Fix the options that the error lines at start or token-verifier check name." };
	{ "no-token-host", "ok", "configuration",
		"No VirtualHost takes tokens: none has authentication = \"token\" and the option app_id.",
		"Set both, and app_secret or a source of keys, in the block of the VirtualHost where users log in." };

	-- The key itself.
	{ "key-algorithm-mismatch", "key-algorithm-mismatch", "token or key server",
		"The key published under this \"kid\" cannot be used with the token's algorithm.",
		"Sign with an algorithm that fits the key, or set \"kid\" to the key that signed the token. If only \"use\", \"key_ops\" or "
			.."\"alg\" of a JWK do not allow it, correct or remove them where the key is published." };
	{ "malformed-key", "malformed-key", "configuration",
		"The configured key cannot be read.",
		"Give a public key as PEM, or a JWK." };
	{ "unsupported-key", "unsupported-key", "key server",
		"This kind of key is not supported.",
		"Use RSA of 2048 bits or more, EC on P-256, P-384 or P-521, Ed25519 or Ed448." };
	{ "weak-key", "weak-key", "key server",
		"The key is too weak.",
		"Make a new key of 2048 bits or more, with a new \"kid\". Until then, you can lower the limit with token_min_rsa_bits." };
	{ "key-numbers", "weak-key", "key server",
		"The numbers of the key are not those of a good key, so anybody may be able to sign, or nobody.",
		"Make a new key pair (token-verifier keygen), with a new \"kid\", and publish its public key: {command}" };
	{ "secret-left-over", "weak-secret", "configuration",
		"The shared secret is empty, or a template's placeholder for a missing value.",
		"Set app_secret: the variable (JWT_APP_SECRET in containers) is not set where the configuration is made." };
	{ "secret-file-unreadable", "weak-secret", "configuration",
		"The file that app_secret_file names cannot be read.",
		"Fix the path (it is relative to the folder of the configuration), or let the user that Prosody runs as read the file: "
			.."chown prosody: FILE" };
	{ "secret-is-public-key", "weak-secret", "configuration",
		"app_secret is a public key or certificate. It verifies tokens signed with its private key, but is not a secret.",
		"Remove app_secret and publish the key: asap_key_server = \"file:///FOLDER\", token-verifier publish PUBLIC-KEY.pem --kid KID "
			.."--dir /FOLDER, and the kid in the token's header." };
	{ "secret-is-private-key", "algorithm-not-accepted", "configuration",
		"app_secret is the private key that signed the token ({alg}). A server needs only its public half, and as a file of a key source.",
		"Write it to a file and take the public half: openssl pkey -in PRIVATE.pem -pubout -out key.pem; then token-verifier publish key.pem "
			.."--kid {kid} --dir /FOLDER. Remove app_secret, and set asap_key_server = \"file:///FOLDER\" and signature_algorithm = \"{alg}\"." };
	{ "weak-secret", "weak-secret", "configuration",
		"The shared secret cannot be used.",
		"Use a random text of 32 bytes or more: openssl rand -hex 32" };

	-- The signature. First the cases where it is valid with a changed form of the configured secret.
	{ "secret-base64-decoded", "bad-signature", "configuration",
		"The signature is valid with the base64-decoded secret: the issuer decodes it before use.",
		"Set app_secret to the decoded bytes, or app_secret_file to a file with them (base64 -d); or let the issuer use the text as it is." };
	{ "secret-base64-leniently", "bad-signature", "issuer",
		"The signature is valid with what a decoder of base64 makes of the secret, which is no base64: it skips the other characters.",
		"Let the issuer use the text as it is: the string itself, or its bytes in UTF-8 (in Java, Keys.hmacShaKeyFor(text.getBytes(UTF_8)))." };
	{ "secret-base64-encoded", "bad-signature", "configuration",
		"The signature is valid with the secret encoded in base64: the issuer has it in that form.",
		"Set app_secret to the base64 text that the issuer uses, or let the issuer decode it before use." };
	{ "secret-hex-decoded", "bad-signature", "configuration",
		"The signature is valid with the secret read as hex digits: the issuer converts them to bytes before use.",
		"Set app_secret_file to a file with these bytes (xxd -r -p); or let the issuer use the text as it is." };
	{ "secret-quoted", "bad-signature", "configuration",
		"The signature is valid without the quotes around the configured secret.",
		"Remove the inner quotes from app_secret: the quotes of an .env file have become part of the secret." };
	{ "secret-quoted-by-issuer", "bad-signature", "issuer",
		"The signature is valid with quotes around the secret: at the issuer they have become part of it.",
		"Remove the quotes from the issuer's setting (an .env file read by Docker keeps them)." };
	{ "secret-line-end", "bad-signature", "configuration",
		"The signature is valid without the line end (or white space) at the end of the configured secret.",
		"Remove it: write files with printf %s, not with echo." };
	{ "secret-line-end-by-issuer", "bad-signature", "issuer",
		"The signature is valid with a line end after the secret: at the issuer it has become part of it.",
		"Let the issuer strip the line end when it reads its file, or write the file with printf %s, not with echo." };
	{ "secret-other-text", "bad-signature", "configuration",
		"The signature is valid with the secret as plain UTF-8. The configured one has a byte order mark (BOM) or is in UTF-16, as editors of "
			.."Windows and PowerShell write files.",
		"Write the file again as UTF-8 without BOM, for example with printf %s 'SECRET' >FILE." };
	{ "secret-dollars", "bad-signature", "configuration",
		"The signature is valid with one \"$\" for each \"$$\" in the configured secret.",
		"Write one $ for each $$ in app_secret: only in a compose file $$ stands for $, not in an .env file." };
	{ "secret-dollars-by-issuer", "bad-signature", "issuer",
		"The signature is valid with \"$$\" for each \"$\" in the configured secret.",
		"Write one $ for each $$ in the issuer's setting: only in a compose file $$ stands for $, not in an .env file." };
	{ "secret-url-encoded", "bad-signature", "configuration",
		"The signature is valid with the URL-decoded secret.",
		"Set app_secret to the issuer's secret, not URL-encoded." };
	{ "secret-is-app-id", "bad-signature", "issuer",
		"The token is signed with app_id, not with the secret: the two are mixed up.",
		"Let the issuer sign with app_secret; app_id is for the claim \"iss\"." };
	{ "secret-is-file-name", "bad-signature", "configuration",
		"The configured secret is the name of a file, and the signature is valid with the content of that file.",
		"Use app_secret_file instead of app_secret." };
	{ "secret-well-known", "bad-signature", "issuer",
		"The token is signed with {found}, the example of a page or a manual, and not with app_secret.",
		"Let the issuer sign with the value of app_secret (on jwt.io, write it into the field of the secret). Do not set app_secret to the "
			.."example: everybody knows it." };
	{ "other-secret", "bad-signature", "token or configuration",
		"The token was signed with another secret, or it was changed afterwards.",
		"Compare the secret of the issuer with app_secret: token-verifier verify --secret-file FILE says whether a secret fits. The "
			.."decoded, encoded and quoted secret, and the secret with a line end, were already tried." };
	{ "key-of-other-kid", "bad-signature", "token",
		"The signature is valid with the key of {near}: the token names another key than the one that signed it.",
		"Let the issuer set \"kid\" to the name of the key that it signs with." };
	{ "key-changed", "bad-signature", "key server",
		"The key was changed under the same \"kid\": the signature is valid with the key that the source has now, not with the cached one.",
		"The key has just been fetched again. Publish a new key under a new \"kid\": a cached key is used until its freshness ends." };
	{ "other-key", "bad-signature", "token or key server",
		"The token was not signed with the key published under this \"kid\" ({thumbprint}), or it was changed. Perhaps the key was "
			.."changed under the same \"kid\" after the token was made.",
		"Compare the published key with the issuer's public key: token-verifier verify --key FILE says whether a key fits. Publish a new "
			.."key under a new \"kid\", never under the old one." };
	{ "other-configured-key", "bad-signature", "token or configuration",
		"The token was not signed with the configured key ({thumbprint}), or it was changed.",
		"Compare the configured key with the issuer's public key." };
	{ "signature-cut-off", "bad-signature", "token",
		"The token is cut off: its signature has {found} bytes, but a signature of {alg} has {expected}.",
		"Copy the whole token. Look for a database column, a cookie or a URL whose length is limited." };
	{ "signature-of-other-algorithm", "bad-signature", "issuer",
		"The header says {alg}, but the signature has {found} bytes, as one of {near} has (one of {alg} has {expected}).",
		"Let the issuer name one algorithm to its JWT library, which writes \"alg\" itself; or sign with {alg}, if \"alg\" is right." };
	{ "signature-hex", "bad-signature", "issuer",
		"The signature is right, but is written in hex digits. It must be the bytes themselves in base64url.",
		"Encode the bytes, not their hex digits: in PHP hash_hmac(\"sha256\", $text, $secret, true), in Python .digest() for .hexdigest(), "
			.."in Node .digest(\"base64url\"). Or use a JWT library." };
	{ "signature-der", "bad-signature", "issuer",
		"The signature is right, but in the form of OpenSSL and Java (DER). It must be the two numbers side by side (RFC 7518, section 3.4).",
		"Use a JWT library; or convert it: in Node dsaEncoding: \"ieee-p1363\", in Java \"SHA256withECDSAinP1363Format\"." };
	{ "crypto-failure", "crypto-failure", "server",
		"The crypto library failed; the token was not checked.",
		"Check the server's memory, and what OpenSSL is configured to allow (FIPS, security level)." };
	{ "payload-with-mark", "malformed-payload", "token",
		"The second part begins with a byte order mark (BOM), which no JSON may have (RFC 8259, section 8.1).",
		"Read the file with the claims as UTF-8 with BOM (utf-8-sig), or save it without; or give the JWT library an object." };
	{ "payload-not-utf-8", "malformed-payload", "token",
		"The second part has text that is not UTF-8: probably a name in Latin-1 (Windows-1252).",
		"Let the issuer convert names to UTF-8 before it signs them (in PHP mb_convert_encoding), or use UTF-8 for its database connection." };
	{ "payload-not-json", "malformed-payload", "token",
		"The second part looks like an object of claims, but is no valid JSON for the reason given above.",
		"Let a JWT library or a JSON encoder write it, instead of joining texts; each claim may stand only once." };
	{ "malformed-payload", "malformed-payload", "token",
		"The second part is not the JSON object of claims.",
		"Give the JWT library an object, not text that is already encoded." };
};
