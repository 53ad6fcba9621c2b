-- SPDX-License-Identifier: MIT
-- What is the matter with a key, its name, its source, a signature or the configuration: rows of the table of causes, see causes.lua.

return {
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
		"Make it, readable for the user that Prosody runs as, or fix the path in asap_key_server or token_issuers." };
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
		"Fix asap_key_server, cache_keys_url, openid_issuer or token_issuers: an error line at start says what is wrong with it. A URL "
			.."begins with https://, and a folder as asap_key_server with file:///." };
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
		"Let it be read: file mode 0644, folders 0755, no authentication on this path (S3 says 403 of a missing file, unless it may be "
			.."listed). If it must ask for credentials, set "
			.."token_key_bearer_token_file or token_key_client_cert." };
	{ "key-redirect", "key-unusable", "configuration",
		"The key server redirects (HTTP {status}), and redirects are not followed.",
		"Configure the address that it redirects to; see it with: curl -sI {url}" };
	{ "key-status", "key-unusable", "key server",
		"The key server answered with HTTP {status}, which is neither a key nor \"there is none\".",
		"Look at what it says: curl -si {url}" };
	{ "key-is-page", "key-unusable", "key server",
		"The key server answered with an HTML page, not with a key: a start page, an error page or a log-in page.",
		"Look at it: curl -si {url} (the address must lead to the folder with the .pem files, and a missing file be 404)." };
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
		"Look at the firewall and at how busy it is. token_key_connect_timeout and token_key_timeout say how long is waited "
			.."(a change of them takes a restart)." };
	{ "source-tls-name", "key-source-unavailable", "key server",
		"The TLS certificate is not for the name {host}.",
		"Use the name that is in the certificate, or have one issued for this name; see it with: "
			.."openssl s_client -connect {host}:{port} </dev/null" };
	{ "source-tls-authority", "key-source-unavailable", "configuration",
		"The TLS certificate of {host} is not signed by an authority that is trusted here.",
		"Name the authority's certificate in token_key_ca_file and reload Prosody, or have the server send its "
			.."whole chain." };
	{ "source-tls-expired", "key-source-unavailable", "key server",
		"The TLS certificate of {host} has expired, or is not valid yet.",
		"Renew it, and reload the server; look at the clocks too." };
	{ "source-tls", "key-source-unavailable", "key server",
		"TLS with {host} fails.",
		"Look at it: openssl s_client -connect {host}:{port} </dev/null (TLS 1.2 at least is needed, and https only where it is spoken)." };
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
	{ "rooms-without-judge", "server-missing-config", "configuration",
		"No token opens a room of {host}: the options of {found} should judge it, and that is no host with an app_id.",
		"Set token_verification_host in the block of that Component to the host where people log in; or set app_id there." };
	{ "options-misplaced", "ok", "configuration",
		"{found} is set for the component {host}, where nothing reads it.",
		"Move it into the VirtualHost's block, above the Component line: what follows that line belongs to the component." };
	{ "settings-unusable", "key-source-unavailable", "configuration",
		"An option has a value that it must not have, and what cannot be right accepts no token.",
		"Fix what the error lines at start, or token-verifier check, name." };
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
	{ "secret-file-unreadable", "weak-secret", "configuration",
		"The file that app_secret_file names cannot be read.",
		"Fix the path (it is relative to the folder of the configuration), or let the user that Prosody runs as read the file: "
			.."chown prosody: FILE" };
	{ "secret-is-public-key", "weak-secret", "configuration",
		"app_secret is a public key or certificate. It verifies tokens signed with its private half, but is no secret.",
		"Take app_secret away, and put the key where keys are looked for: asap_key_server = \"file:///FOLDER\", token-verifier publish "
			.."PUBLIC-KEY.pem --kid KID --dir /FOLDER, and the kid in the token's header." };
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
};
