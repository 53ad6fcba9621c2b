-- SPDX-License-Identifier: MIT
-- Texts that are no usable key: each has its name in the message and a finding, whose commands are run as they stand, and make a key.

local key_findings = require "token_verifier.explain.explain_key";
local shell = require "spec.support.command";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local token_verifier = require "token_verifier";

local rsa, ec = tokens.new_key(), {};
local folder, place; -- of the keys; where commands are run

-- Runs commands of a shell in `place`, with our command in the path. Fails unless they succeed.
local function run(commands)
	local pipe = io.popen(("cd '%s' && PATH=\"%s/bin:$PATH\" && set -e; { %s\n} 2>&1"):format(place, os.getenv("PWD"), commands));
	local output = pipe:read("a");
	assert(pipe:close(), commands.."\n"..output);
end

local function read(name)
	local file = assert(io.open(place.."/"..name, "rb"));
	local text = file:read("a");
	file:close();
	return text;
end

lazy_setup(function ()
	folder, place = temporary.folder(), temporary.folder();
	shell.write(place.."/rsa.private.pem", rsa.private);
	shell.write(place.."/rsa.pem", rsa.public);
	run [[
		openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ec.private.pem
		openssl pkey -in ec.private.pem -pubout -out ec.pem
		openssl genpkey -algorithm ed25519 -out ed.private.pem
		openssl req -new -x509 -key rsa.private.pem -subj /CN=x -out certificate.pem
		chmod 600 *.private.pem
		openssl pkey -pubin -in rsa.pem -outform DER -out rsa.der
		openssl x509 -in certificate.pem -outform DER -out certificate.der
		openssl rsa -pubin -in rsa.pem -RSAPublicKey_out -outform DER -out pkcs1.der
		ssh-keygen -y -f rsa.private.pem >rsa.ssh
		ssh-keygen -y -f ec.private.pem >ec.ssh
		cut -d' ' -f2 rsa.ssh >bare.ssh
		ssh-keygen -q -t ed25519 -N '' -f ed.ssh
		openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss.private.pem
		openssl pkey -in pss.private.pem -pubout -out pss.pem]];
	ec.public = read("ec.pem");
end);

-- Publishes a text, and returns the finding, and the message.
local function finding_of(text, kid)
	local path = folder.."/"..token_verifier.key_file_name(kid);
	shell.write(path, text);
	local store = token_verifier.keystore({ directory = folder });
	local key, message, code, facts = store:get(kid, { detail = true });
	store:close(0);
	assert(not key, "it is a key");
	return key_findings.of_failure(code, facts, { kid = kid }), message;
end

local function rsa_key() return rsa.public; end
local function any() return nil; end

-- { what it is, commands that write it to the file `it`, key of the cause, words of the message, the key that the fix makes }
local cases = {
	{ "UTF-16 with a mark", "{ printf '\\377\\376'; iconv -f UTF-8 -t UTF-16LE rsa.pem; } >it", "text-utf-16le", "UTF-16", rsa_key };
	{ "UTF-16 without a mark", "iconv -f UTF-8 -t UTF-16LE rsa.pem >it", "text-utf-16le", "UTF-16", rsa_key };
	{ "UTF-16 of the other order", "{ printf '\\376\\377'; iconv -f UTF-8 -t UTF-16BE rsa.pem; } >it", "text-utf-16be", "UTF-16", rsa_key };
	{ "UTF-16BE without a mark", "iconv -f UTF-8 -t UTF-16BE certificate.pem >it", "text-utf-16be", "UTF-16", rsa_key };
	{ "a PEM with \\n", "sed 's/$/\\\\n/' rsa.pem | tr -d '\\n' >it", "text-pem-escaped", "written as \\n", rsa_key };
	{ "a PEM with \\r\\n in quotes", "{ printf '\"'; sed 's/$/\\\\r\\\\n/' rsa.pem | tr -d '\\n'; printf '\"'; } >it", "text-pem-escaped",
		"written as \\n", rsa_key };
	{ "a PEM with blanks for line breaks", "tr '\\n' ' ' <rsa.pem >it", "text-pem-one-line", "in one line", rsa_key };
	{ "a PEM without line breaks", "tr -d '\\n' <certificate.pem >it", "text-pem-one-line", "in one line", rsa_key };
	{ "a PEM with the line breaks of old Macs", "tr '\\n' '\\r' <rsa.pem >it", "text-pem-one-line", "in one line", rsa_key };
	{ "an indented PEM", "sed 's/^/    /' rsa.pem >it", "text-pem-indented", "in front of", rsa_key };
	{ "a quoted PEM", "{ printf \"'\"; cat rsa.pem; printf \"'\"; } >it", "text-pem-indented", "in front of", rsa_key };
	{ "a PEM behind a name", "{ printf 'key: '; cat rsa.pem; } >it", "text-pem-indented", "in front of", rsa_key };
	{ "a PEM with long dashes", "sed 's/-----/–––––/g' rsa.pem >it", "text-pem-dashes", "hyphens", rsa_key };
	{ "a certificate with four hyphens", "sed 's/-----/----/g' certificate.pem >it", "text-pem-dashes", "hyphens", rsa_key };
	{ "a PEM that is cut off", "head -3 rsa.pem >it", "text-pem-cut", "cut off" };
	{ "a damaged PEM", "sed '3s/..../!!!!/' rsa.pem >it", "text-pem-damaged", "a damaged PEM" };
	{ "a certificate as PUBLIC KEY", "sed 's/CERTIFICATE/PUBLIC KEY/' certificate.pem >it", "text-pem-of-certificate", "the certificate in it",
		rsa_key };
	{ "a key as CERTIFICATE", "sed 's/PUBLIC KEY/CERTIFICATE/' rsa.pem >it", "text-pem-of-key", "the public key in it", rsa_key };
	{ "a key as RSA PUBLIC KEY", "sed 's/PUBLIC KEY/RSA PUBLIC KEY/' rsa.pem >it", "text-pem-of-key", "the public key in it", rsa_key };
	{ "PKCS#1 as PUBLIC KEY", "{ echo -----BEGIN PUBLIC KEY-----; base64 pkcs1.der; echo -----END PUBLIC KEY-----; } >it",
		"text-pem-of-rsa-key", "PKCS#1", rsa_key };
	{ "bare base64", "base64 -w0 rsa.der >it", "text-base64-key", "bare base64 of a public key", rsa_key };
	{ "bare base64 in lines", "base64 rsa.der >it", "text-base64-key", "bare base64 of a public key", rsa_key };
	{ "bare base64 in quotes", "{ printf '\"'; base64 -w0 rsa.der; printf '\"'; } >it", "text-base64-key", "bare base64", rsa_key };
	{ "bare base64url without padding", "base64 -w0 rsa.der | tr '+/' '-_' | tr -d '=' >it", "text-base64-key",
		"bare base64", rsa_key };
	{ "bare base64 of an EC key", "openssl pkey -pubin -in ec.pem -outform DER | base64 -w0 >it", "text-base64-key", "bare base64",
		function () return ec.public; end };
	{ "bare base64 of PKCS#1", "base64 -w0 pkcs1.der >it", "text-base64-rsa-key", "PKCS#1", rsa_key };
	{ "bare base64 of a certificate", "base64 certificate.der >it", "text-base64-certificate", "bare base64 of a certificate", rsa_key };
	{ "base64 of a PEM", "base64 rsa.pem >it", "text-base64-pem", "base64 of a PEM", rsa_key };
	{ "base64 of a JWK", "token-verifier keygen --format jwk | base64 -w0 >it", "text-base64-json", "base64 of JSON", any };
	{ "hex", "xxd -p rsa.der >it", "text-hex-key", "in hex digits", rsa_key };
	{ "hex in one line", "xxd -p certificate.der | tr -d '\\n' | tr a-f A-F >it", "text-hex-certificate", "in hex digits", rsa_key };
	{ "a private key in hex", "openssl pkey -in rsa.private.pem -outform DER | xxd -p >it", "text-private-key", "private key in hex" };
	{ "bare base64 of a private key", "openssl pkey -in rsa.private.pem -outform DER | base64 >it", "text-private-key", "private key" };
	{ "DER of a private key", "openssl pkey -in rsa.private.pem -outform DER >it", "text-private-key", "DER of a private key" };
	{ "a TRUSTED CERTIFICATE", "openssl x509 -in certificate.pem -trustout -addtrust serverAuth >it", "text-trusted-certificate", "TRUSTED",
		rsa_key };
	{ "a certificate as DER", "cat certificate.der >it", "text-der-certificate", "DER of a certificate", rsa_key };
	{ "a signing request", "openssl req -new -key rsa.private.pem -subj /CN=x >it", "text-certificate-request", "signing request", rsa_key };
	{ "PKCS#7", "openssl crl2pkcs7 -nocrl -certfile certificate.pem >it", "text-pkcs7", "PKCS#7" };
	{ "an SSH key of RSA", "cat rsa.ssh >it", "text-ssh-key", "an SSH key", rsa_key };
	{ "an SSH key of ECDSA", "cat ec.ssh >it", "text-ssh-key", "an SSH key", function () return ec.public; end };
	{ "an SSH key of Ed25519", "cat ed.ssh.pub >it", "text-ssh-ed25519-key", "an SSH key", any };
	{ "an SSH key without its word", "cat bare.ssh >it", "text-ssh-bare-key", "an SSH key", rsa_key };
	{ "an SSH2 key", "ssh-keygen -e -f rsa.ssh >it", "text-ssh2-key", "an SSH key", rsa_key };
	{ "a private key of OpenSSH", "cat ed.ssh >it", "text-ssh-private-key", "a private one of OpenSSH" };
	{ "a private key of PuTTY", "printf 'PuTTY-User-Key-File-3: ssh-rsa\\nEncryption: none\\n' >it", "text-ssh-private-key", "of PuTTY" };
	{ "an encrypted private key", "openssl pkey -in rsa.private.pem -aes128 -passout pass:x >it", "text-encrypted-private-key", "encrypted" };
	{ "a PGP key", "printf -- '-----BEGIN PGP PUBLIC KEY BLOCK-----\\nAAAA\\n-----END PGP PUBLIC KEY BLOCK-----\\n' >it",
		"text-other", "a PGP key" };
	{ "another PEM", "openssl ecparam -name prime256v1 >it", "text-other", 'a PEM of another kind "EC PARAMETERS"' };
	{ "a pointer of Git LFS", "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:ab\\nsize 451\\n' >it", "text-lfs-pointer",
		"Git LFS" };
	{ "an error text", "echo '404 page not found' >it", "text-other", 'an error text "404 page not found"' };
	{ "a JSON error", [[echo '{"code":7,"error":{"message":"no such\u001b key"}}' >it]], "text-other",
		[[a JSON error "no such\x1b key"]] };
	{ "a JSON error with a token in it", [[printf '{"error":"bad token %s"}' $(head -c 40 /dev/zero | tr '\0' a) >it]], "text-other",
		"a JSON error;" };
	{ "a JWK Set", "token-verifier pem-to-jwks k=rsa.pem >it 2>/dev/null || echo '{\"keys\":[]}' >it", "text-set-in-folder", "a JWK Set" };
	{ "a realm", [[echo '{"realm":"meet","public_key":"MIIB","token-service":"x"}' >it]], "text-json", "Keycloak realm" };
	{ "a provider's configuration", [[echo '{"issuer":"https://a.example","jwks_uri":"https://a.example/k"}' >it]], "text-json",
		'the configuration of an OpenID provider "https://a.example"' };
	{ "a map of certificates", [[{ c=$(sed 's/$/\\n/' certificate.pem | tr -d '\n'); printf '{"k":"%s","l":"%s"}' "$c" "$c"; } >it]],
		"text-set-in-folder",
		"map of certificates" };
	{ "JSON with nothing but a PEM", [[{ printf '{"public_key":"'; sed 's/$/\\n/' rsa.pem | tr -d '\n'; printf '"}'; } >it]], "text-json-key",
		'in the member "public_key"' };
	{ "JSON with a PEM", [[{ printf '{"id":7,"public_key":"'; sed 's/$/\\n/' rsa.pem | tr -d '\n'; printf '"}'; } >it]], "text-json-key",
		'in the member "public_key"', rsa_key };
	{ "a list of JWKs", [[echo '[{"kty":"RSA"}]' >it]], "text-json", "a JSON array of JWKs" };
	{ "a JWK in quotes", [[token-verifier keygen --format jwk | sed 's/"/\\"/g; s/^/"/; s/$/"/' >it]], "text-json-text", "a JSON string",
		any };
	{ "a token", "echo eyJhbGciOiJub25lIn0.e30.AAAA >it", "text-other", "a token" };
	{ "a member that stands twice", [[echo '{"kty":"RSA","alg":"RS256","alg":"RS256"}' >it]], "member-twice", '"alg"' };
	{ "a private key of RSA-PSS", "cat pss.private.pem >it", "text-private-key", "type RSA-PSS" };
	{ "a PEM in an .env file", "{ printf 'KEY=\"'; sed 's/$/\\\\n/' rsa.pem | tr -d '\\n'; printf '\"'; } >it", "text-pem-escaped",
		"written as \\n", rsa_key };
	{ "a PEM in YAML", "{ echo 'key: |'; sed 's/^/  /' rsa.pem; } >it", "text-pem-indented", "in front of", rsa_key };
	{ "a PEM in a URL", "tr ' ' '+' <certificate.pem | sed '1!{$!s/+/%2B/g}; s/$/%0A/; s,/,%2F,g; s/=/%3D/g' | tr -d '\\n' >it",
		"text-pem-url-encoded", "URL-encoded", rsa_key };
	{ "PKCS#12", "openssl pkcs12 -export -inkey rsa.private.pem -in certificate.pem -passout pass:x -out it", "text-pkcs12", "PKCS#12" };
	{ "a keystore of Java", "printf '\\376\\355\\376\\355AAAAAAAAAAAAAAAAAAAA' >it", "text-jks", "JKS" };
	{ "a compressed key", "gzip -c rsa.pem >it", "text-gzip", "gzip", rsa_key };
	{ "SAML metadata", "{ printf '<md:X>\\n<ds:X509Certificate>'; base64 certificate.der; echo '</ds:X509Certificate></md:X>'; } >it",
		"text-xml-certificate", "XML with a certificate", rsa_key };
	{ "an error of another form", [[echo '{"code":404,"msg":"no such key"}' >it]], "text-other", 'a JSON error "no such key"' };
	{ "a key of RSA-PSS", "cat pss.pem >it", "type-rsa-pss", "type RSA-PSS", any };
	{ "a key on secp256k1", "openssl ecparam -name secp256k1 -genkey -noout | openssl pkey -pubout >it", "type-curve", "secp256k1" };
	{ "a JWK on secp256k1", [[echo '{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}' >it]], "type-curve", "secp256k1" };
	{ "a key of brainpool", "openssl ecparam -name brainpoolP256r1 -genkey -noout | openssl pkey -pubout >it", "type-curve",
		"brainpoolP256r1" };
	{ "a key of X25519", "openssl genpkey -algorithm X25519 | openssl pkey -pubout >it", "type-agreement", "X25519" };
	{ "a secret as JWK", [[echo '{"kty":"oct","k":"AAAA"}' >it]], "type-secret", "kty" };
	{ "a JWK of another type", [[echo '{"kty":"X"}' >it]], "unsupported-key", "kty" };
	{ "a key of DSA", "cat $OLDPWD/test/vectors/keys/dsa.pem >it", "type-other", "DSA" };
	{ "a page", "echo '<!doctype html>' >it", "file-is-page", "HTML" };
	{ "words", "echo hello >it", "key-no-key", "neither PEM nor JWK" };
};

describe("a text that is no key:", function ()
	for number, case in ipairs(cases) do
		local what, commands, cause, words, made = table.unpack(case, 1, 5);
		it(what, function ()
			local kid = "key "..number;
			run("rm -f key.pem key.pub; "..commands);
			local finding, message = finding_of(read("it"), kid);
			assert.equal(cause, finding.key, message);
			assert.truthy(message:find(words, 1, true), message);
			assert.is_nil((finding.cause..finding.fix):find("{%l+}"), finding.fix);
			if not made then
				return;
			end
			local make, publish = finding.fix:match("^[^:]*: (.*); then (token%-verifier publish .- %-%-force)");
			run(assert(make, finding.fix).."\n"..publish);
			local store = token_verifier.keystore({ directory = folder });
			local key, problem = store:get(kid);
			store:close(0);
			assert(key, problem);
			assert.equal(made() or key:pem(), key:pem());
		end);
	end
end);
