-- SPDX-License-Identifier: MIT
-- What is found where a public key or a JWK Set belongs: rows of the table of causes, see causes.lua. The commands make a PEM of a
-- file; spec/explain_key_texts_spec.lua runs each.

return {
	-- PEM that was spoiled.
	{ "text-utf-16le", "key-unusable", "key server",
		"The key is text in UTF-16, as PowerShell and some editors of Windows write it; UTF-8 is needed.",
		"Convert it: iconv -f UTF-16LE -t UTF-8 {file} >key.pem; then {command}" };
	{ "text-utf-16be", "key-unusable", "key server",
		"The key is text in UTF-16 (big-endian); UTF-8 is needed.",
		"Convert it: iconv -f UTF-16BE -t UTF-8 {file} >key.pem; then {command}" };
	{ "text-pem-escaped", "key-unusable", "key server",
		"It is a PEM whose line breaks are written as \\n, as in JSON and .env files.",
		"Write real line breaks: sed 's/^.*-----BEGIN/-----BEGIN/; s/\\\\r//g; s/\\\\n/\\n/g; s/[\"'\\'']//g' {file} >key.pem; then {command}" };
	{ "text-pem-one-line", "key-unusable", "key server",
		"It is a PEM in one line: its line breaks are lost, as environment variables and templates lose them.",
		"Break the lines again: sed -E 's/-----(BEGIN|END) [A-Z0-9 ]+-----/\\n&\\n/g' {file} | sed '/-----/!s/[^A-Za-z0-9+/=]//g' | "
			.."fold -w 64 | grep . >key.pem; then {command}" };
	{ "text-pem-indented", "key-unusable", "key server",
		"It is a PEM with something in front of its lines: spaces (as in YAML) or a quote.",
		"Remove what is in front: sed -E 's/^.*-----BEGIN/-----BEGIN/; s/^[^A-Za-z0-9+/-]+//; s/[^A-Za-z0-9+/=-]+$//' {file} >key.pem; then "
			.."{command}" };
	{ "text-pem-dashes", "key-unusable", "key server",
		"It is a PEM, but its BEGIN and END lines do not have five hyphens (-----) on each side: word processors and chats make long dashes "
			.."of them.",
		"Write the hyphens again: sed -E 's/^[^A-Za-z]*(BEGIN|END)([A-Z0-9 ]*[A-Z]).*/-----\\1\\2-----/' {file} >key.pem; then {command}" };
	{ "text-pem-url-encoded", "key-unusable", "key server",
		"It is a PEM that is URL-encoded.",
		"Decode it: sed 's/+/ /g; s/%20/ /g; s/%0D//gi; s/%0A/\\n/gi; s/%2B/+/gi; s,%2F,/,gi; s/%3D/=/gi' {file} >key.pem; then {command}" };
	{ "text-pem-cut", "key-unusable", "key server",
		"It is a PEM that is cut off: its END line is missing.",
		"Copy the whole key again, from \"-----BEGIN\" to the end of the line with \"-----END\"; then {publish}" };
	{ "text-pem-damaged", "key-unusable", "key server",
		"It is a damaged PEM: between its BEGIN and END lines is something that is not base64, or the two lines differ.",
		"Copy the whole key again; then {publish}" };
	{ "text-pem-of-key", "key-unusable", "key server",
		"It is a PEM whose BEGIN and END lines name another kind than the public key that is in it.",
		"Correct these lines: sed -E 's/^-----(BEGIN|END) .*/-----\\1 PUBLIC KEY-----/' {file} >key.pem; then {command}" };
	{ "text-pem-of-rsa-key", "key-unusable", "key server",
		"It is a PEM whose BEGIN and END lines name another kind than the RSA public key (PKCS#1) that is in it.",
		"Correct these lines: sed -E 's/^-----(BEGIN|END) .*/-----\\1 RSA PUBLIC KEY-----/' {file} >key.pem; then {command}" };
	{ "text-pem-of-certificate", "key-unusable", "key server",
		"It is a PEM whose BEGIN and END lines name another kind than the certificate that is in it.",
		"Correct these lines: sed -E 's/^-----(BEGIN|END) .*/-----\\1 CERTIFICATE-----/' {file} >key.pem; then {command}" };

	-- The bytes of a key in other digits.
	{ "text-base64-key", "key-unusable", "key server",
		"It is the bare base64 of a public key, as Keycloak's pages show it: a PEM has lines around it.",
		"Make a PEM of it: tr -d '\"[:space:]' <{file} | tr '_-' '/+' | base64 -d | openssl pkey -pubin -inform DER -out key.pem; then "
			.."{command}" };
	{ "text-base64-rsa-key", "key-unusable", "key server",
		"It is the bare base64 of an RSA public key (PKCS#1): a PEM has lines around it.",
		"Make a PEM of it: tr -d '\"[:space:]' <{file} | tr '_-' '/+' | base64 -d | openssl rsa -RSAPublicKey_in -inform DER -pubout -out "
			.."key.pem; then {command}" };
	{ "text-base64-certificate", "key-unusable", "key server",
		"It is the bare base64 of a certificate, as Keycloak's pages and SAML metadata show it: a PEM has lines around it.",
		"Make a PEM of it: tr -d '\"[:space:]' <{file} | tr '_-' '/+' | base64 -d | openssl x509 -inform DER -out key.pem; then {command}" };
	{ "text-base64-pem", "key-unusable", "key server",
		"It is the base64 of a PEM, as Kubernetes shows its secrets.",
		"Decode it: tr -d '\"[:space:]' <{file} | base64 -d >key.pem; then {command}" };
	{ "text-base64-json", "key-unusable", "key server",
		"It is the base64 of JSON.",
		"Decode it: tr -d '\"[:space:]' <{file} | tr '_-' '/+' | base64 -d >key.pem; then {command}" };
	{ "text-hex-key", "key-unusable", "key server",
		"It is a public key in hex digits.",
		"Make a PEM of it: xxd -r -p {file} | openssl pkey -pubin -inform DER -out key.pem; then {command}" };
	{ "text-hex-certificate", "key-unusable", "key server",
		"It is a certificate in hex digits.",
		"Make a PEM of it: xxd -r -p {file} | openssl x509 -inform DER -out key.pem; then {command}" };

	-- Other forms of keys and certificates.
	{ "text-trusted-certificate", "key-unusable", "key server",
		"It is a TRUSTED CERTIFICATE, a form of OpenSSL's own.",
		"Make a certificate of it: openssl x509 -in {file} -out key.pem; then {command}" };
	{ "text-der-certificate", "key-unusable", "key server",
		"It is a certificate in binary form (DER); a PEM is needed.",
		"Make a PEM of it: openssl x509 -inform DER -in {file} -out key.pem; then {command}" };
	{ "text-certificate-request", "key-unusable", "key server",
		"It is a certificate signing request (CSR), not a public key; it has the key in it.",
		"Take the key out of it: openssl req -in {file} -noout -pubkey >key.pem; then {command}" };
	{ "text-pkcs7", "key-unusable", "key server",
		"It is a bundle of certificates (PKCS#7), not a public key.",
		"Take them out of it: openssl pkcs7 -in {file} -print_certs -out key.pem; leave only the issuer's own certificate in key.pem; then "
			.."{command}" };
	{ "text-pkcs12", "key-unusable", "key server",
		"It is a keystore (PKCS#12), which mostly holds the private key, too.",
		"Take the certificate out of it, which asks for the password: openssl pkcs12 -in {file} -clcerts -nokeys -out key.pem; then {command}" };
	{ "text-jks", "key-unusable", "key server",
		"It is a keystore of Java (JKS), which mostly holds the private key, too.",
		"Take the certificate out of it: keytool -exportcert -rfc -keystore {file} -alias ALIAS -file key.pem; then {command}" };
	{ "text-gzip", "key-unusable", "key server",
		"It is a compressed file (gzip).",
		"Unpack it: gzip -dc <{file} >key.pem; then {command}" };
	{ "text-xml-certificate", "key-unusable", "key server",
		"It is XML with a certificate in it, such as SAML metadata.",
		"Take the first one out of it: tr -d '[:space:]' <{file} | sed -E 's/.*X509Certificate>([^<]+)<.*/\\1/' | base64 -d | openssl x509 "
			.."-inform DER -out key.pem; then {command}" };
	{ "text-ssh-key", "key-unusable", "key server",
		"It is an SSH key; a PEM is needed.",
		"Make a PEM of it: ssh-keygen -e -m PKCS8 -f {file} >key.pem; then {command}" };
	{ "text-ssh-ed25519-key", "key-unusable", "key server",
		"It is an SSH key (Ed25519), of which ssh-keygen makes no PEM.",
		"Make a PEM of it: { printf '0*0\\005\\006\\003+ep\\003!\\0'; grep -o 'AAAAC3[A-Za-z0-9+/=]*' {file} | base64 -d | tail -c 32; } | "
			.."openssl pkey -pubin -inform DER -out key.pem; then {command}" };
	{ "text-ssh-bare-key", "key-unusable", "key server",
		"It is an SSH key without the word in front of it; a PEM is needed.",
		"Make a PEM of it: ssh-keygen -i -f {file} >key.pub && ssh-keygen -e -m PKCS8 -f key.pub >key.pem; then {command}" };
	{ "text-ssh2-key", "key-unusable", "key server",
		"It is an SSH key in the form of RFC 4716; a PEM is needed.",
		"Make a PEM of it: ssh-keygen -i -f {file} >key.pub && ssh-keygen -e -m PKCS8 -f key.pub >key.pem; then {command}" };

	-- Private keys.
	{ "text-private-key", "key-unusable", "key server",
		"It is a private key, of a form or type that is not read. Everybody who can read it there can sign tokens.",
		"Remove it, make a new pair (token-verifier keygen), sign with that, and publish its public half: {fresh}" };
	{ "text-encrypted-private-key", "key-unusable", "key server",
		"It is an encrypted private key. Only the public half belongs there.",
		"Take the public half, which asks for the passphrase: openssl pkey -in {file} -pubout -out key.pem; then {command}" };
	{ "text-ssh-private-key", "key-unusable", "key server",
		"It is a private SSH key. Everybody who can read it there can sign tokens.",
		"Remove it, make a new pair (token-verifier keygen), sign with that, and publish its public half: {fresh}" };

	-- No keys at all.
	{ "text-other", "key-unusable", "key server",
		"It is {what}, which cannot verify tokens.",
		"Put the public key of the issuer there, as PEM (\"-----BEGIN PUBLIC KEY-----\"): {publish}" };
	{ "text-lfs-pointer", "key-unusable", "key server",
		"It is a pointer of Git LFS: the file itself was not fetched.",
		"Fetch it where the files come from: git lfs pull; then copy the file again." };
	{ "file-is-page", "key-unusable", "key server",
		"The file {file} is an HTML page, not a key: probably a log-in or error page that was saved instead of the key.",
		"Replace it: {command}" };
	{ "text-error", "key-unusable", "key server",
		"It is an error that the server sends as if it were a file, with HTTP 200: {found}.",
		"Look at it: curl -si {url} (the URL must lead to the folder with the .pem files, and a missing file must give 404)." };
	{ "text-json-key", "key-unusable", "key server",
		"It is JSON that has a PEM in the member {found}.",
		"Take it out: jq -r '.[{found}]' {file} >key.pem; then {command}" };
	{ "text-json-text", "key-unusable", "key server",
		"It is JSON in quotes, as the text of a JSON string.",
		"Take it out of the quotes: jq -r . {file} >key.pem; then {command}" };
	{ "text-json", "key-unusable", "key server",
		"It is JSON, but {what}, not a single JWK or a PEM.",
		"Put one public key there, as PEM or JWK: {publish}" };
	{ "text-set-in-folder", "key-unusable", "key server",
		"It is {what}: several keys, where each file must have one.",
		"Write a file for each key: token-verifier jwks-to-pem {file} --dir {folder}" };
	{ "member-twice", "key-unusable", "key server",
		"The member {found} stands twice in one object, so that it has no clear meaning; a JWK or JWK Set must not have that (RFC 7517, "
			.."sections 4 and 5).",
		"Only the provider can correct it: report it there. Until then, put its key into a folder as PEM: {publish}" };

	-- Keys of types that are not used.
	{ "type-secret", "key-unusable", "key server",
		"It is a shared secret as a JWK (\"oct\"), which is never used as a public key. Everybody who can read it there can sign tokens.",
		"Remove it. For a shared secret set app_secret to a new one (openssl rand -hex 32); or publish a public key: {fresh}" };
	{ "type-rsa-pss", "key-unusable", "key server",
		"It is a public key of type RSA-PSS; a key for RS256 or PS256 is published as a plain RSA key (rsaEncryption).",
		"Publish its numbers as an RSA key (the issuer goes on signing with PS256): openssl rsa -pubin -in {file} -RSAPublicKey_out | sed "
			.."'s/RSA-PSS/RSA/' >key.pem; then {command}" };
	{ "type-curve", "key-unusable", "issuer",
		"It is a public key on the curve {what}{algorithm}, which is not supported.",
		"Make a new key and sign with it: token-verifier keygen --type ec (algorithm ES256); and add \"ES256\" to signature_algorithm." };
	{ "type-agreement", "key-unusable", "issuer",
		"It is a public key of type {what}, which is for key agreement: no such key signs anything.",
		"Publish the key that signs the tokens: {publish}" };
	{ "type-other", "key-unusable", "issuer",
		"It is a public key of type {what}, for which JWTs have no algorithm.",
		"Make a new key and sign with it: token-verifier keygen (RSA), or with --type ec (algorithm ES256)." };

	-- Addresses and folders.
	{ "address-of-other-option", "key-not-found", "configuration",
		"{address} is not an address for {option}: it is {what}.",
		"Set {wanted}{instead}. This was tried: it has keys." };
	{ "discovery-not-there", "key-unusable", "configuration",
		"The address has no OpenID configuration (HTTP {status}).",
		"Check it: curl -si {url}/.well-known/openid-configuration (a realm of Keycloak is https://HOST/realms/REALM, before version 17 "
			.."https://HOST/auth/realms/REALM)." };
	{ "discovery-of-other-issuer", "key-unusable", "configuration",
		"The OpenID configuration is that of another issuer: {found}.",
		"Probably that is the provider: set openid_issuer to {found}, exactly so." };
	{ "address-is-another", "key-unusable", "configuration",
		"{address} does not work as {option}, but {near} does.",
		"Set {wanted}. This was tried: it has keys." };
	{ "address-probably-of-other-option", "key-not-found", "configuration",
		"{address} is probably not an address for {option}: {what}.",
		"Probably {wanted} is meant{instead}; but there are no keys at it now: check the address." };
	{ "address-is-file", "key-not-found", "configuration",
		"{address} is one file. asap_key_server is the folder of such files, in which each name is the SHA-256 of a kid.",
		"{wanted}" };
	{ "key-for-any-kid", "key-not-found", "key server",
		"The server answers with the same key whatever file is asked for, so that a token with any \"kid\" gets it.",
		"Let the web server send a file only under its own name, and 404 for every other one." };
	{ "folder-file-named", "key-not-found", "key server",
		"The folder has the file {found}: {what}. The name is the SHA-256 of the kid in lower-case hex, followed by .pem: {file}.",
		"Rename it: {wanted}" };
	{ "key-file-named-otherwise", "key-not-found", "key server",
		"The key server has {found}, but the name of the file must be {file}: the SHA-256 of the kid in hex, followed by .pem.",
		"Rename it there, or publish it again: {command}" };
	{ "folder-file-by-kid", "key-not-found", "key server",
		"The folder has {found}, which is no name of a key file: that is the SHA-256 of the kid in hex, followed by .pem.",
		"Publish it under its kid: {wanted}" };
	{ "folder-empty", "key-not-found", "key server",
		"The folder has no key file: {found}. The name of one is the SHA-256 of the kid in hex, followed by .pem.",
		"Publish the public key of the issuer: {command}" };
	{ "set-is-key", "key-unusable", "configuration",
		"The URL of the JWK Set returns {what}, not a set of keys.",
		"Put it into a folder: curl -s {url} >key.pem; then {publish}; and set asap_key_server to that folder (file:///FOLDER) instead of "
			.."cache_keys_url." };
	{ "set-in-other-form", "key-unusable", "configuration",
		"The URL of the JWK Set returns {what}, not a JSON object with \"keys\" (RFC 7517, section 5).",
		"Only its server can correct that. Until then, write the keys into a folder: curl -s {url} | {make} >set.json; token-verifier "
			.."jwks-to-pem set.json --dir FOLDER; and set asap_key_server to that folder (file:///FOLDER) instead of cache_keys_url." };
	{ "set-is-error", "key-unusable", "configuration",
		"The URL of the JWK Set returns an error, with HTTP 200: {found}.",
		"Look up jwks_uri in the provider's /.well-known/openid-configuration and set cache_keys_url to it, or set openid_issuer." };
	{ "set-without-keys", "key-not-found", "key server",
		"The set has no key that can be used.",
		"Check that the address is that of the provider who signs the tokens, and that it has made a signing key." };
};
