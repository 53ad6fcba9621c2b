-- SPDX-License-Identifier: MIT
-- What the command explain says about keys and their sources, with misbehaving servers and wrong TLS: one row per case.

local explaining = require "spec.support.explaining";
local http_server = require "spec.support.http_server";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local json = require "util.json";
local token_verifier = require "token_verifier";

local key, other_key = tokens.new_key(), tokens.new_key();
local urls = {};
local bad; -- the key server
local folder; -- of its files

local function vector(name)
	local file = assert(io.open("test/vectors/keys/"..name));
	local text = file:read("a");
	file:close();
	return text;
end

local function publish(kid, text)
	local file = assert(io.open(folder.."/"..token_verifier.key_file_name(kid), "wb"));
	file:write(text);
	file:close();
end

-- RFC 8037, appendix A.1.
local private_jwk = '{"kid":"p","kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",'
	..'"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}';

local function jwk(pem, kid)
	return (token_verifier.key(pem):jwk():gsub("^{", ('{"kid":"%s",'):format(kid)));
end

local strange_key = tokens.new_key();
local ec_key, long_ec_key = tokens.new_key(nil, "ES256"), tokens.new_key(nil, "ES512");

lazy_setup(function ()
	folder = temporary.folder();
	bad = http_server.start(folder);
	urls.files, urls.bad, urls.tls = bad.url.."/file", bad.url, bad.start_tls({ folder = folder });
	urls.closed = http_server.closed_url();
	publish("good", key.public);
	publish("private", key.private);
	publish("certificate", vector("rsa.certificate.pem"));
	publish("empty", "");
	publish("error", "404 page not found\n");
	publish("ssh", vector("ssh.public.txt"));
	publish("weak", tokens.new_key(1024).public);
	publish("ec", vector("ec.pem"));
	publish("changed", other_key.public);
	publish("es", ec_key.public);
	publish("long", long_ec_key.public);
	assert(os.execute(("mkdir '%s/%s'"):format(folder, token_verifier.key_file_name("no file"))));
	urls.set = bad.publish_document({ path = "set", body = ('{"keys":[%s,%s]}'):format(jwk(key.public, "first-key"), jwk(other_key.public,
		"second-key")) });
	urls.mixed = bad.publish_document({ path = "mixed", body = ('{"keys":[%s,{"kty":"oct","k":"AAAA","kid":"x"}]}'):format(jwk(key.public,
		"first-key")) });
	local file <close> = assert(io.open("test/vectors/keys/rsa.certificate.pem"));
	local body = file:read("a"):match("BEGIN CERTIFICATE%-+\n(.-)%-"):gsub("%s", "");
	urls.odd = bad.publish_document({ path = "odd", body = ('{"keys":[%s,%s,%s,%s,%s,{"kty":"RSA","kid":5},{"kty":"RSA"}]}'):format(
		jwk(key.public, "alg"):gsub("}$", ',"alg":256}'), '{"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}',
		'{"kty":"EC","crv":"P-256","kid":"point","x":"'..("A"):rep(43)..'","y":"'..("A"):rep(43)..'"}',
		jwk(key.public, "x5c"):gsub("}$", ',"x5c":["'..body..'"]}'), (jwk(key.public, "enc"):gsub("}$", ',"use":"enc"}'))) });
	urls.twice = bad.publish_document({ path = "twice", body = ('{"keys":[%s,%s]}'):format(jwk(other_key.public, "k"),
		jwk(key.public, "k")) });
	urls.nameless = bad.publish_document({ path = "nameless", body = ('{"keys":[%s]}'):format(token_verifier.key(key.public):jwk()) });
	urls.numbered = bad.publish_document({ path = "numbered", body = ('{"keys":[%s]}'):format((jwk(key.public, "7"):gsub('"7"', "7"))) });
	urls.useless = bad.publish_document({ path = "useless", body = '{"keys":[{"kty":"RSA","kid":"a"},{"kty":"oct","kid":"b"}]}' });
	urls.private = bad.publish_document({ path = "private", body = ('{"keys":[%s]}'):format(private_jwk) });
	urls.none = bad.publish_document({ path = "none", body = '{"keys":[]}' });
	urls.page = bad.publish_document({ path = "page", body = "<html>Sign in</html>" });
	urls.gone = urls.bad.."/status-404/set";
	local issuer = bad.publish_document({ path = "provider", body = "" });
	bad.publish_document({ path = "provider/.well-known/openid-configuration", body = ('{"issuer":"%s/","jwks_uri":"%s"}'):format(issuer,
		urls.set) });
	urls.provider = issuer;
end);

lazy_teardown(function ()
	explaining.close();
	bad.close();
end);

local function rs256(kid, signer, header, changes)
	return tokens.rs256(tokens.claims(changes or { sub = "meet.example.org" }), signer or key, kid, header);
end

-- A token whose signature is in DER, as a program makes it that does not know JWTs.
local function in_der(signer, kid)
	local function number(bytes)
		bytes = bytes:gsub("^%z+", "");
		bytes = (bytes:byte(1) >= 0x80 and "\0" or "")..bytes;
		return "\2"..string.char(#bytes)..bytes;
	end
	local input = tokens.base64url(('{"typ":"JWT","alg":"%s","kid":"%s"}'):format(signer.algorithm, kid)).."."
		..tokens.base64url(json.encode(tokens.claims({ sub = "meet.example.org" })));
	local signature = tokens.signature(input, signer);
	local numbers = number(signature:sub(1, #signature // 2))..number(signature:sub(#signature // 2 + 1));
	local length = #numbers < 0x80 and string.char(#numbers) or "\x81"..string.char(#numbers);
	return input.."."..tokens.base64url("\x30"..length..numbers);
end

-- The configuration of a key server: one of `urls`, and what follows it. Its value is only known once the servers run.
local function server(name, path, more)
	return function ()
		return ('asap_key_server = "%s%s"\n%s'):format(urls[name], path or "", more or "");
	end;
end

local function key_set(name)
	return function ()
		return ('cache_keys_url = "%s"'):format(urls[name]);
	end;
end

local function tls(name)
	return function ()
		return ('asap_key_server = "%s/good"\ntoken_key_ca_file = "%s"'):format(urls.tls.urls[name], urls.tls.ca_file);
	end;
end

local hash = token_verifier.key_file_name("lost key");

-- { what, kid of the token, lines of the configuration, check, mark, key of the cause, words of the cause, words of the fix
-- [, exit status [, the token]] }
local cases = {
	{ "that is there", "good", server("files"), "key", "ok", nil, nil, nil, 0 },
	{ "whose file is missing", "lost key", server("files"), "key", "FAIL", "key-file-missing", hash,
		"token-verifier publish PUBLIC-KEY.pem --kid 'lost key' --dir FOLDER-OF-THE-KEYS" },
	{ "of a hostile kid", "$(id)'`x`", server("files"), "key", "FAIL", "key-file-missing", "no file", [[--kid '$(id)'\''`x`' --dir]] },
	{ "that is published with its private half", "private", server("files"), "key", "WARN", "key-private", "A private key is published!",
		"--kid NEW-KID", 0 },
	{ "that is a certificate", "certificate", server("files"), "key", "ok", "key-certificate", "certificate is published", "that is fine" },
	{ "whose file is empty", "empty", server("files"), "key", "FAIL", "key-empty", "file is empty", "--kid empty", 3 },
	{ "that is an SSH key", "ssh", server("files"), "key", "FAIL", "text-ssh-ed25519-key", "an SSH key", "base64 -d | tail -c 32", 3 },
	{ "that is weak", "weak", server("files"), "key", "FAIL", "weak-key", "too weak", "with a new \"kid\"" },
	{ "of another type", "ec", server("files"), "key", "FAIL", "key-algorithm-mismatch", "cannot be used with the token's algorithm",
		"to the key that signed" },
	{ "that was changed under its kid", "changed", server("files"), "signature", "FAIL", "other-key", "changed under the same \"kid\"",
		"under a new \"kid\"" },
	{ "of a signature in DER", "es", server("files", "", 'signature_algorithm = "ES256"'), "signature", "FAIL", "signature-der",
		"form of OpenSSL", "SHA256withECDSAinP1363Format", 1, in_der(ec_key, "es") },
	{ "of a long signature in DER", "long", server("files", "", 'signature_algorithm = "ES512"'), "signature", "FAIL", "signature-der",
		"side by side", "JWT library", 1, in_der(long_ec_key, "long") },
	{ "of a signature in DER by another key", "es", server("files", "", 'signature_algorithm = "ES256"'), "signature", "FAIL", "other-key",
		"was not signed with the key", "Compare", 1, in_der(tokens.new_key(nil, "ES256"), "es") },
	{ "that a token without kid wants", nil, server("files"), "key", "FAIL", "key-id-missing", 'no "kid"', "token_allow_missing_kid" },
	{ "of an empty kid", "", server("files"), "key", "FAIL", "key-id-empty", "an empty string", "under which the key is published" },
	{ "whose kid is a number", 5, server("files"), "key", "FAIL", "key-id-number", "is a number", '"kid": "5"' },
	{ "whose kid is a list", { "k" }, server("files"), "key", "FAIL", "key-id-invalid", "not a valid key name",
		"at most 1024 bytes" },
	{ "for a token of a shared secret", nil, server("files"), "alg", "FAIL", "secret-token-at-key-source",
		"signed with a shared secret (HS256)",
		"set app_secret", 1, tokens.hs256(tokens.claims(), ("s"):rep(40)) },
	{ "for an algorithm that is not configured", "good", server("files", "", 'signature_algorithm = { "RS512", "ES256" }'), "alg", "FAIL",
		"algorithm-not-configured", "only RS512 or ES256", '{ "RS512", "ES256", "RS256" }' },

	{ "that is refused", "k", server("bad", "/status-403"), "key", "FAIL", "key-forbidden", "HTTP 403", "0644", 3 },
	{ "in whose place is a page", "k", server("bad", "/garbage"), "key", "FAIL", "key-is-page", "HTML page",
		"/garbage/"..token_verifier.key_file_name("k").." (the URL must", 3 },
	{ "in whose place is an error", "error", server("files"), "key", "FAIL", "text-error", 'HTTP 200: "404 page not found"',
		"curl -si http", 3 },
	{ "to which the server redirects", "k", server("bad", "/to-http"), "key", "FAIL", "key-redirect", "redirects (HTTP 302)",
		"curl -sI http://127.0.0.1", 3 },
	{ "for which the server has an odd answer", "k", server("bad", "/status-418"), "key", "FAIL", "key-status", "HTTP 418", "curl -si http",
		3 },
	{ "whose server has a fault", "k", server("bad", "/status-500"), "key", "FAIL", "source-error", "HTTP 500", "its log", 3 },
	{ "whose server is overloaded", "k", server("bad", "/status-429"), "key", "FAIL", "source-error", "overloaded", "its log", 3 },
	{ "whose server does not answer", "k", server("bad", "/silent", "token_key_timeout = 0.3"), "key", "FAIL", "source-time-out", "in time",
		"token_key_timeout", 3 },
	{ "whose server is not there", "k", server("closed"), "key", "FAIL", "source-refused", "refused", "Start the key server", 3 },
	{ "whose server has no address", "k", function () return ('asap_key_server = "http://%s.example"'):format(("x"):rep(64)); end, "key",
		"FAIL",
		"source-dns", "cannot be resolved", "resolv.conf", 3 },
	{ "whose server has the certificate of another", "k", tls("wrong_name"), "key", "FAIL", "source-tls-name", "not for the name localhost",
		"openssl s_client -connect localhost:", 3 },
	{ "whose server is certified by a stranger", "k", tls("unknown_ca"), "key", "FAIL", "source-tls-authority", "not signed by an authority",
		"token_key_ca_file", 3 },
	{ "whose server's certificate has expired", "k", tls("expired"), "key", "FAIL", "source-tls-expired", "has expired", "Renew it", 3 },
	{ "whose server speaks an old TLS", "k", tls("tls_1_1"), "key", "FAIL", "source-tls", "TLS with localhost fails",
		"TLS 1.2 is required", 3 },

	{ "that is in the set", "first-key", key_set("set"), "signature", "ok", nil, nil, nil, 0 },
	{ "that is not in the set", "third", key_set("set"), "key", "FAIL", "not-in-set", 'It has "first-key", "second-key"',
		"belongs to the issuer", 1, rs256("third", strange_key) },
	{ "that is nearly in the set", "First_Key", key_set("set"), "key", "FAIL", "key-id-near", '"first-key", which is nearly',
		"under which the key is published", 1, rs256("First_Key", strange_key) },
	{ "that the set has under another name", "third", key_set("set"), "key", "FAIL", "key-under-other-kid", 'with its key "first-key"',
		'set "kid" to "first-key" in the header' },
	{ "that the set has without a name", "third", key_set("nameless"), "key", "FAIL", "key-without-kid", 'no usable "kid"',
		'add "kid": "third" to that key' },
	{ "that the set has under a number", "7", key_set("numbered"), "key", "FAIL", "key-with-number", "a JSON number there",
		'in quotes: "kid": "7"' },
	{ "that goes by another name in the set", "second-key", key_set("set"), "signature", "FAIL", "key-of-other-kid",
		'the key of "first-key"', 'set "kid"' },
	{ "of a set that has it twice", "k", key_set("twice"), "signature", "ok", nil, nil, nil, 0 },
	{ "that cannot be used", "alg", key_set("odd"), "key", "FAIL", "key-of-set", 'has this "kid"', "at the provider", 3 },
	{ "of a set that is weak", "weak", key_set("odd"), "key", "FAIL", "weak-key", "too weak", "token_min_rsa_bits" },
	{ "of a set whose numbers are bad", "point", key_set("odd"), "key", "FAIL", "key-numbers", "not those of a good key", "keygen" },
	{ "of a set that is for encryption", "enc", key_set("odd"), "key", "FAIL", "key-algorithm-mismatch", "cannot be used",
		'If only "use", "key_ops" or "alg" of a JWK', 1 },
	{ "beside a certificate of another", "x5c", key_set("odd"), "key", "WARN", "key-certificate-differs", "of another key",
		'leave "x5c" out', 0 },
	{ "that is not in a set of odd keys", "none", key_set("odd"), "key", "FAIL", "not-in-set",
		'It has "x5c", "enc", "alg", "weak", "point", a key whose "kid" is a JSON number, a key without "kid".', "belongs to the issuer", 1,
		rs256("none", strange_key) },
	{ "of a set that is a page", "k", key_set("page"), "key", "FAIL", "set-is-page", "something else", "jwks_uri", 3 },
	{ "of a set that is not there", "k", key_set("gone"), "key", "FAIL", "set-not-there", "(HTTP 404)", "openid_issuer", 3 },
	{ "of a provider that calls itself otherwise", "k", function () return ('openid_issuer = "%s"'):format(urls.provider); end, "key", "FAIL",
		"address-is-another", "does not work as openid_issuer, but", '/document/provider/". This was tried', 3 },
	{ "of a source that does not speak for the issuer", "first-key", function ()
		return ('token_issuers = { app = { directory = "/tmp" }, other = { jwks_url = "%s" } }'):format(urls.set);
	end, "binding", "FAIL", "issuer-not-bound", "not configured for this issuer", "token_issuers" },

	{ "that a folder does not have", "lost", function () return ('asap_key_server = "file://%s"'):format(folder); end, "key", "FAIL",
		"key-file-missing-locally", token_verifier.key_file_name("lost"), "--kid lost --dir /" },
	{ "of a folder that is weak", "weak", function () return ('asap_key_server = "file://%s"'):format(folder); end, "key", "FAIL", "weak-key",
		"too weak", "with a new \"kid\"" },
	{ "of a folder that is not there", "k", function () return 'asap_key_server = "file:///nonexistent"'; end, "key", "FAIL",
		"folder-missing", "no such folder", "fix the path" },
	{ "whose file cannot be read", "no file", function () return ('asap_key_server = "file://%s"'):format(folder); end, "key", "FAIL",
		"key-file-unreadable", "cannot be read", "chmod a+r", 3 },
	{ "of a source that is none", "k", function () return 'asap_key_server = ""'; end, "key", "FAIL", "no-source", "has no key",
		"error line" },
};

describe("the command's explain, of a key", function ()
	for _, case in ipairs(cases) do
		local what, kid, lines, check, mark, cause_key, cause, fix, status, token = table.unpack(case, 1, 10);
		it(("%s: %s"):format(what, cause_key or "nothing"), function ()
			local _, ended, rows = explaining.explain(token or rs256(kid), { "--config", explaining.configuration(lines()) });
			if cause_key then
				explaining.finds(rows, check, mark, cause_key, cause, fix);
			else
				assert.same({ mark, {} }, { rows[check].mark, rows[check].findings });
			end
			assert.equal(status or 1, ended, rows[check].text);
		end);
	end

	-- { file of test/vectors/keys, check, key of the cause, words of the cause, words of the fix }
	for _, case in ipairs({
		{ "ed25519.pem", "key", "key-algorithm-mismatch", "cannot be used with", "Sign with an algorithm that fits" },
		{ "other.pem", "signature", "other-configured-key", "its thumbprint is ", "Compare the configured key" },
		{ "x25519.pem", "key", "type-agreement", "key agreement", "give that to --key" },
		{ "ssh.private.pem", "key", "text-ssh-private-key", "a private SSH key", "token-verifier keygen" },
		{ "../../../LICENSE", "key", "malformed-key", "cannot be read", "as PEM" },
	}) do
		it(("given by an option: %s: %s"):format(case[1], case[3]), function ()
			local _, ended, rows = explaining.explain(rs256("k"), { "--key", "test/vectors/keys/"..case[1] });
			explaining.finds(rows, case[2], "FAIL", case[3], case[4], case[5]);
			assert.equal(1, ended);
		end);
	end

	it("that is too weak says so", function ()
		local _, ended, rows = explaining.explain(rs256("k"), { "--key", explaining.write_file("weak", tokens.new_key(1024).public) });
		explaining.finds(rows, "key", "FAIL", "weak-key", "too weak", "token_min_rsa_bits");
		assert.equal(1, ended);
	end);
end);

describe("the command's check", function ()
	local function check(lines, more)
		local output, status = explaining.command({ "check", "--config", explaining.configuration(lines, more) });
		return output, status;
	end

	local function has(output, words)
		assert.truthy(output:find(words, 1, true), ("no %q in: %s"):format(words, output));
	end

	it("contacts every source, and reports its keys", function ()
		local output, status = check(("asap_key_server = { %q, %q }\ncache_keys_url = %q"):format(urls.files, urls.files.."/./", urls.set));
		has(output, '\nok    keys       '..urls.set..': it has "first-key" (RSA, 2048 bits), "second-key" (RSA, 2048 bits)\n');
		has(output, "\nok    keys       "..urls.files..": it answers, and says 404 for a kid that nobody has, as it should\n");
		has(output, "\nNothing is wrong.\n");
		assert.equal(0, status);
	end);

	it("says which source cannot be reached, and how to fix that", function ()
		local output, status = check(("asap_key_server = { %q, %q }"):format(urls.closed, urls.files));
		has(output, "\nFAIL  keys       "..urls.closed);
		has(output, "fix (key server): Start the key server");
		has(output, "\nOne thing is wrong.\n");
		assert.equal(3, status);
	end);

	-- What it answers as JSON, a line a finding: its key, then its sentences.
	local function rows_of(lines, more)
		local output, status = explaining.command({ "check", "--json", "--config", explaining.configuration(lines, more) });
		local texts = {};
		for _, host in ipairs(assert(json.decode(output), output).hosts) do
			for _, row in ipairs(host.checks) do
				texts[#texts + 1] = explaining.text_of(row);
			end
		end
		return table.concat(texts, "\n"), status;
	end

	local in_plain = 'app_secret = "'..("s"):rep(32)..'"\n';

	-- { what, lines of the configuration, exit status, key of the cause or nil, words of the answer }
	for _, case in ipairs({
		{ "a page for each kid", server("bad", "/garbage"), 1, "key-is-page", "a missing file must give 404" },
		{ "keys that no accepted algorithm is for", function () return key_set("set")()..'\nsignature_algorithm = "ES256"'; end, 1,
			"set-fits-no-algorithm", "can be used with an accepted algorithm (ES256)" },
		{ "keys that are not used", function () return ('cache_keys_url = "%s"'):format(urls.mixed); end, 0, "set-skips-keys",
			'cannot be used: "x": the key is a JWK whose kty is none of RSA, EC and OKP' },
		{ "keys of a set that cannot be used", function () return ('cache_keys_url = "%s"'):format(urls.useless); end, 1,
			"set-has-no-usable-key", '"a": the key is a JWK without "n", "b": the key is a JWK whose kty' },
		{ "a certificate of another key", function () return ('cache_keys_url = "%s"'):format(urls.odd); end, 0, "key-certificate-differs",
			'the JWK beside it: "x5c"' },
		{ "a private key in a set", function () return ('cache_keys_url = "%s"\nsignature_algorithm = "EdDSA"'):format(urls.private); end, 0,
			"key-private", "A private key is published!" },
		{ "a provider whose address is none", function () return 'openid_issuer = "ftp://x.example"'; end, 1, "no-source",
			"names no usable source of keys" },
		{ "a key server without https://", function () return 'asap_key_server = "keys.example.org/asap"'; end, 1, nil,
			'the URL "keys.example.org/asap" cannot be asked for keys: it does not begin with https:// or http://' },
		{ "a set without a key", function () return ('cache_keys_url = "%s"'):format(urls.none); end, 1, "set-without-keys",
			"it answers, but has no key" },
		{ "a misspelt option", function () return in_plain.."token_leway = 5"; end, 0, nil, "did you mean 'token_leeway'?" },
		{ "a misspelt option of another name", function () return in_plain..'signature_algoritm = "HS512"'; end, 0, nil,
			"did you mean 'signature_algorithm'?" },
		{ "a wrong type", function () return in_plain.."asap_accepted_issuers = 5"; end, 1, nil, "must be a list of strings" },
		{ "an option that is set twice", function () return in_plain..'app_id = "other"'; end, 0, nil, "Duplicate option 'app_id'" },
		{ "a secret without quotes", function () return "app_secret = 12345678901234567890123456789012345678901"; end, 0, nil,
			"Option 'app_secret' is a number: put it in quotes" },
		{ "a secret that is a left-over", function () return 'app_secret = "${JWT_APP_SECRET}"'; end, 1, "secret-left-over",
			"the variable (JWT_APP_SECRET" },
		{ "that there is no key", function () return ""; end, 1, "no-key-configured", "Set app_secret" },
		{ "a variable that is not set", function () return "asap_accepted_issuers = ENV_TOKEN_VERIFIER_UNSET\n"..in_plain; end, 0, nil,
			"the environment variable TOKEN_VERIFIER_UNSET is not set here" },
		{ "a folder that is not there", function () return 'asap_key_server = "file:///nonexistent"'; end, 1, "folder-missing",
			"there is no such folder" },
		{ "an empty source", function () return 'asap_key_server = ""'; end, 1, nil, "names no usable source of keys" },
	}) do
		it("finds "..case[1], function ()
			local output, status = rows_of(case[2]());
			has(output, case[5]);
			has(output, case[4] and "\n"..case[4].." (" or "");
			assert.equal(case[3], status, output);
		end);
	end

	it("finds a host whose log-ins need no token, and rooms without a guard", function ()
		local output, status = rows_of(in_plain, [[
VirtualHost "open.example.org"
	app_id = "app"
	app_secret = "012345678901234567890123456789012"
	authentication = "internal_hashed"
Component "rooms.open.example.org" "muc"
]]);
		has(output, "authentication-takes-no-tokens (configuration): "
			..'No module asks for a token on this host: authentication is "internal_hashed".');
		has(output, 'WARN log-in: authentication is "internal_hashed"\n');
		has(output, "rooms-not-verified (configuration): The rooms of rooms.open.example.org are open to everybody");
		assert.is_nil(output:find("conference.meet.example.org are open", 1, true));
		assert.equal(0, status);
	end);

	it("knows that components do not load modules enabled for all hosts", function ()
		local output = explaining.command({ "check", "--config", explaining.write_file("everywhere.cfg.lua", [[
modules_enabled = { "token_verification" }
VirtualHost "meet.example.org"
	app_id = "app"
	app_secret = "012345678901234567890123456789012"
Component "conference.meet.example.org" "muc"
]]) });
		has(output, "conference.meet.example.org does not load token_verification");
	end);

	it("finds rooms for which no host verifies tokens", function ()
		local output, status = rows_of(in_plain, [[
Component "conference-meet.example.org" "muc"
	modules_enabled = { "token_verification" }
Component "rooms.other.example.org" "muc"
	modules_enabled = { "token_verification" }
	token_verification_host = "Meet.example.org"
VirtualHost "misspelt.example.org"
	ap_id = "app"
Component "conference.misspelt.example.org" "muc"
	modules_enabled = { "token_verification" }
Component "open.misspelt.example.org" "muc"
	token_verification_hosts = { "partners.example.org" }
Component "listed.meet.example.org" "muc"
	modules_enabled = { "token_verification" }
	token_verification_host = { "meet.example.org" }
]]);
		has(output, "FAIL rooms: no token opens a room of conference-meet.example.org\n");
		has(output, "rooms-judge-elsewhere (configuration): No token opens a room of conference-meet.example.org: "
			..'its tokens are verified with the options of "example.org"');
		has(output, "FAIL log-in: misspelt.example.org has no app_id"); -- and so no token opens a room there
		local _, count = output:gsub("FAIL rooms", "");
		assert.same({ 2, 1 }, { count, status }, output);
		has(output, 'No token opens a room of listed.meet.example.org: its tokens are verified with the options of ""');
		has(output, "token_verification_hosts is set for open.misspelt.example.org");
	end);

	it("finds a library that is loaded instead of ours, from the folder of the installer or another", function ()
		local path = explaining.write_file("x", ""):match("^(.*)/x$");
		assert(os.execute(("mkdir -p %s/custom_plugins/token %s/mine/token"):format(path, path)));
		explaining.write_file("mine/token/util.lib.lua", "return {}\n");
		local output = rows_of(in_plain);
		assert.is_nil(output:find("is loaded from", 1, true));
		explaining.write_file("custom_plugins/token/util.lib.lua", "return {}\n");
		output = explaining.command({ "check", "--config", explaining.write_file("own.cfg.lua",
			('data_path = "%s"\nplugin_paths = { "mine" }\nVirtualHost "a.example.org"\napp_id = "a"\n%s'):format(path, in_plain)) });
		has(output, ("'token/util' is loaded from %s/custom_plugins/token/util.lib.lua"):format(path));
		output = explaining.command({ "check", "--config", explaining.write_file("own.cfg.lua",
			('data_path = "/nonexistent"\nplugin_paths = { "mine" }\nVirtualHost "a.example.org"\napp_id = "a"\n%s'):format(in_plain)) });
		has(output, ("'token/util' is loaded from %s/mine/token/util.lib.lua"):format(path));
	end);

	it("finds options after the line of a component", function ()
		local output, status = rows_of(in_plain, '	app_secret = "x"\n');
		has(output, "options-misplaced (configuration): app_secret is set for the component conference.meet.example.org");
		has(output, "above the Component line");
		assert.equal(0, status);
	end);

	it("reports a file that is not a configuration, or has no host", function ()
		local output, status = explaining.command({ "check", "--config", explaining.write_file("broken.cfg.lua",
			"VirtualHost \"a\"\napp_id = = 5\n") });
		has(output, "broken.cfg.lua:2: unexpected symbol near '='");
		assert.equal(2, status);
		output, status = explaining.command({ "check", "--json", "--config", explaining.write_file("empty.cfg.lua", "VirtualHost \"a\"\n") });
		has(output, '"key": "no-token-host"');
		has(output, "No VirtualHost takes tokens");
		assert.equal(0, status);
		output, status = explaining.command({ "check", "--config", explaining.configuration(""), "--host", "b" });
		has(output, 'has no host "b"; tokens are taken by meet.example.org');
		assert.equal(2, status);
	end);

	it("is JSON for scripts, and never shows the secret", function ()
		local secret = "0123456789abcdef of a shared secret, in plain";
		local output, status = explaining.command({ "check", "--json", "--config",
			explaining.configuration(("app_secret = %q"):format(secret)) });
		local answer = assert(json.decode(output), output);
		assert.same({ 0, 0, "meet.example.org" }, { status, answer.failures, answer.hosts[2].host });
		assert.is_nil(output:find(secret, 1, true));
	end);
end);
