-- SPDX-License-Identifier: MIT
-- The subcommands of token-verifier that make tokens and keys, and publish keys.

local tv = require "token_verifier";
local command = require "spec.support.command";
local http_server = require "spec.support.http_server";

local folder;

setup(function ()
	folder = command.folder();
	command.write(folder.."/secret", "a shared secret of more than 32 bytes\n");
	command.write(folder.."/ec.pem", (tv.generate_key({ curve = "P-256" })));
	command.write(folder.."/other.pem", (tv.generate_key({ curve = "P-256" })));
	local _, jwk = tv.generate_key({ curve = "Ed25519" });
	command.write(folder.."/ed.jwk", (jwk:gsub("}$", ',"kid":"ed","alg":"EdDSA"}')));
	command.write(folder.."/rsa.pem", (tv.generate_key({ bits = 2048 })));
	command.write(folder.."/public.pem", tv.key(command.read(folder.."/ec.pem")):pem());
	command.shell(folder, "openssl req -x509 -key rsa.pem -subj /CN=x -out certificate.pem 2>/dev/null; "
		.."openssl genrsa -out weak.pem 1024 2>/dev/null");
	command.shell(folder, "openssl pkey -in ec.pem -aes256 -passout pass:x -out encrypted.pem 2>/dev/null; "
		.."base64 -w 0 public.pem > disguised; : > empty");
	command.write(folder.."/claims", '{"iss":"my-app","exp":2000000000,"iat":1,"list":[]}\n');
end);

local function mode(path)
	return io.popen(("stat -c %%a '%s/%s' 2>&1"):format(folder, path)):read("l");
end

local function assert_answer(expected_output, expected_message, expected_status, output, errors, status)
	assert.matches(expected_output, output);
	if expected_message then
		assert.matches("^token%-verifier: [^\n]+\n$", errors);
		assert.matches(expected_message, errors, 1, true);
	else
		assert.equal("", errors);
	end
	assert.equal(expected_status, status);
end

describe("sign", function ()
	-- what, arguments, header and claims that are expected (iat and exp at 1000)
	for _, case in ipairs({
		{ "nothing but a secret", { "--secret-file", "secret" }, { alg = "HS256", typ = "JWT" }, { iat = 1000, exp = 4600 } };
		{ "under its other name", { "--secret-file", "secret" }, { alg = "HS256", typ = "JWT" }, { iat = 1000, exp = 4600 }, "mint" };
		{ "with an EC key", { "--key", "ec.pem", "--kid", "my-key" }, { alg = "ES256", kid = "my-key", typ = "JWT" },
			{ iat = 1000, exp = 4600 } };
		{ "with an RSA key", { "--key", "rsa.pem", "--alg", "PS384" }, { alg = "PS384", typ = "JWT" },
			{ iat = 1000, exp = 4600 } };
		{ "with a JWK, whose kid and alg it takes", { "--key", "ed.jwk" }, { alg = "EdDSA", kid = "ed", typ = "JWT" },
			{ iat = 1000, exp = 4600 } };
		{ "with a JWK, under another kid", { "--key", "ed.jwk", "--kid", "x" }, { alg = "EdDSA", kid = "x", typ = "JWT" },
			{ iat = 1000, exp = 4600 } };
		{ "claims by their options", { "--secret-file", "secret", "--iss", "a", "--aud", "b", "--sub", "*", "--room", "c", "--nbf", "5",
			"--expires", "7d" },
			{ alg = "HS256", typ = "JWT" }, { iss = "a", aud = "b", sub = "*", room = "c", nbf = 5, iat = 1000, exp = 605800 } };
		{ "a list of audiences", { "--secret-file", "secret", "--aud", "a", "--aud", "b" }, { alg = "HS256", typ = "JWT" },
			{ aud = { "a", "b" }, iat = 1000, exp = 4600 } };
		{ "a token that never expires", { "--secret-file", "secret", "--expires", "never" }, { alg = "HS256", typ = "JWT" }, { iat = 1000 } };
		{ "claims as JSON, and options that win", { "--secret-file", "secret", '{"room":"a","aud":"b","exp":5}', "--room", "c" },
			{ alg = "HS256", typ = "JWT" }, { room = "c", aud = "b", iat = 1000, exp = 5 } };
		{ "claims of a file", { "--secret-file", "secret", "@claims" }, { alg = "HS256", typ = "JWT" },
			{ iss = "my-app", exp = 2000000000, iat = 1, list = {} } };
		{ "any claims and header", { "--secret-file", "secret", "--claim", "context:={\"user\":{\"id\":7}}", "--claim", "a=b=c",
			"--claim", "https://example.org/x:=true", "--header", "cty=x", "--header", "typ=at+jwt" }, { alg = "HS256", cty = "x", typ = "at+jwt" },
			{ context = { user = { id = 7 } }, a = "b=c", ["https://example.org/x"] = true, iat = 1000, exp = 4600 } };
	}) do
		local what, arguments, header, claims, name = table.unpack(case, 1, 5);
		it("makes "..what, function ()
			local output, errors, status = command.run(folder, { name or "sign", "--now", "1000", table.unpack(arguments) });
			assert_answer("^[%w_-]+%.[%w_-]+%.[%w_-]+\n$", nil, 0, output, errors, status);
			local found_header, found_claims = tv.inspect(output:sub(1, -2));
			assert.same({ header, claims }, { found_header, found_claims });
		end);
	end

	it("reads claims and secret from standard input, and writes JSON", function ()
		local output, _, status = command.run(folder, { "sign", "-", "--secret-file", "secret", "--json" }, '{"room":"a"}');
		local result = assert(tv.decode_json(output));
		assert.equal("a", result.claims.room);
		assert.equal("HS256", result.header.alg);
		assert.truthy(tv.verify(result.token, { secret = "a shared secret of more than 32 bytes" }));
		assert.equal(0, status);
		output = command.run(folder, { "sign", "--secret-file", "-" }, "another shared secret, as long as it should be\r\n");
		assert.truthy(tv.verify(output:sub(1, -2), { secret = "another shared secret, as long as it should be" }));
	end);

	it("warns of a short secret, and goes on", function ()
		for algorithm, length in pairs({ HS256 = 32, HS512 = 64 }) do
			for _, shorter in ipairs({ 0, 1 }) do
				local secret = ("s"):rep(length - shorter);
				local output, errors, status = command.run(folder, { "sign", "--secret-file", "-", "--alg", algorithm }, secret.."\n");
				assert.truthy(tv.verify(output:sub(1, -2), { secret = secret, algorithms = { algorithm } }));
				assert.equal(0, status);
				local expected = shorter == 0 and "" or ("token-verifier: warning: the shared secret is %d bytes long"):format(length - 1);
				assert.equal(expected, errors:sub(1, #expected));
				assert.equal(shorter == 0, errors == "");
			end
		end
	end);

	-- what, arguments, message
	for _, case in ipairs({
		{ "no key", {}, "there is no key to sign with: give --secret-file or --key" };
		{ "two keys", { "--key", "ec.pem", "--secret-file", "secret" }, "can not be used together" };
		{ "a public key", { "--key", "public.pem" }, "malformed-key: " };
		{ "a private key for a secret", { "--secret-file", "rsa.pem" },
			"weak-secret: the file of --secret-file contains a private RSA key, not a shared secret: give a key with --key" };
		{ "a private JWK for a secret", { "--secret-file", "ed.jwk" }, "contains a private OKP key, not a shared secret: give a key" };
		{ "a public key for a secret", { "--secret-file", "public.pem" },
			"contains a public EC key, not a shared secret: give a key" };
		{ "a certificate for a secret", { "--secret-file", "certificate.pem" }, "contains a public RSA key, not a shared secret" };
		{ "an encrypted key for a secret", { "--secret-file", "encrypted.pem" },
			"contains a private key that is encrypted, damaged or of another kind, not a shared secret: give a key with --key" };
		{ "a public key in disguise for a secret", { "--secret-file", "disguised" },
			"weak-secret: the shared secret is a public key or certificate" };
		{ "an empty file for a secret", { "--secret-file", "empty" }, "weak-secret: " };
		{ "no such key", { "--key", "none" }, "cannot read the key from none: No such file or directory" };
		{ "another family's algorithm", { "--key", "ec.pem", "--alg", "RS256" }, "key-algorithm-mismatch: " };
		{ "an unknown algorithm", { "--key", "ec.pem", "--alg", "none" }, "'none' is no algorithm that is supported" };
		{ "broken claims", { "--key", "ec.pem", "{" }, "malformed-payload: the claims: the JSON text is not JSON" };
		{ "claims that are a list", { "--key", "ec.pem", "[]" }, "the JSON text is a JSON array where an object is expected" };
		{ "claims twice", { "--key", "ec.pem", '{"a":1,"a":2}' }, 'has the member "a" twice' };
		{ "a claim without value", { "--key", "ec.pem", "--claim", "room" }, "--claim 'room': name=text or name:=JSON is expected" };
		{ "a claim without name", { "--key", "ec.pem", "--claim", "=x" }, "--claim '=x': name=text or name:=JSON is expected" };
		{ "a claim that is no JSON", { "--key", "ec.pem", "--claim", "a:={" }, "--claim 'a:={': what follows := is not JSON" };
		{ "more than one claim", { "--key", "ec.pem", "--claim", 'a:=1,"b":2' }, "what follows := is not JSON" };
		{ "a claim that ends the object", { "--key", "ec.pem", "--claim", "a:=1}" }, "what follows := is not JSON" };
		{ "alg in the header", { "--key", "ec.pem", "--header", "alg=none" }, "option '--header' must not have 'alg'" };
		{ "crit in the header", { "--key", "ec.pem", "--header", "crit:=[]" }, "unsupported-critical" };
		{ "an unknown unit of time", { "--key", "ec.pem", "--expires", "5y" }, "'5y' is not a length of time" };
		{ "a negative time", { "--key", "ec.pem", "--expires=-5" }, "'-5' is not a length of time" };
		{ "a claim that is not UTF-8", { "--key", "ec.pem", "--room", "\xff" }, "malformed-payload: " };
		{ "too many claims", { "--key", "ec.pem", "--room", ("x"):rep(20000) }, "token-too-large" };
	}) do
		it("refuses "..case[1], function ()
			assert_answer("^$", case[3], 2, command.run(folder, { "sign", table.unpack(case[2]) }));
		end);
	end
end);

describe("keygen", function ()
	-- arguments, type of the key, curve or bits, algorithm
	for _, case in ipairs({
		{ {}, "RSA", 2048, "RS256" };
		{ { "--bits", "2056" }, "RSA", 2056, "RS256" };
		{ { "--type", "ec" }, "EC", "P-256", "ES256" };
		{ { "--type", "p-384" }, "EC", "P-384", "ES384" };
		{ { "--type", "p-521" }, "EC", "P-521", "ES512" };
		{ { "--type", "ed25519" }, "OKP", "Ed25519", "EdDSA" };
		{ { "--type", "ed448" }, "OKP", "Ed448", "EdDSA" };
	}) do
		for _, form in ipairs({ "pem", "jwk" }) do
			local arguments, key_type, size, algorithm = table.unpack(case);
			it(("makes %s %s as %s"):format(key_type, size, form), function ()
				assert_answer("^private %(private key, for its owner only%)\npublic %(public key: "..key_type, nil, 0, command.run(folder,
					{ "keygen", "--format", form, "--out", "private", "--public", "public", "--force", table.unpack(arguments) }));
				assert.same({ "600", "644" }, { mode "private", mode "public" });
				local private, public = command.read(folder.."/private"), command.read(folder.."/public");
				local key, was_private = tv.key(public);
				assert.is_nil(was_private);
				assert.equal(size, key:curve() or key:bits());
				local token = assert(tv.sign({ a = 1 }, { private_key = private }));
				assert.truthy(tv.verify(token, { key = key, algorithms = { algorithm } }));
				if form == "jwk" then
					local jwk = assert(tv.decode_json(public));
					assert.same({ key:thumbprint(), "sig" }, { jwk.kid, jwk.use });
				end
			end);
		end
	end

	it("prints only the private key if no file is given", function ()
		assert_answer("^%-%-%-%-%-BEGIN PRIVATE KEY%-%-%-%-%-\n[%w+/=\n]+%-%-%-%-%-END PRIVATE KEY%-%-%-%-%-\n$", nil, 0,
			command.run(folder, { "keygen", "--type", "ec" }));
	end);

	it("makes a different secret each time, of 256 bits in hex", function ()
		local one, other = command.run(folder, { "keygen", "--type", "secret" }), command.run(folder, { "keygen", "--type", "secret" });
		assert.matches("^"..("%x"):rep(64).."\n$", one);
		assert.not_equal(one, other);
		assert_answer("^new%-secret %(secret, for its owner only%)\n$", nil, 0,
			command.run(folder, { "keygen", "--type", "secret", "--out", "new-secret" }));
		assert.equal("600", mode "new-secret");
	end);

	it("writes both halves as JSON", function ()
		local result = assert(tv.decode_json((command.run(folder, { "keygen", "--type", "ec", "--json" }))));
		assert.equal(result.thumbprint, tv.key(result.private):thumbprint());
		assert.equal(result.public, tv.key(result.private):pem());
	end);

	it("creates the private key readable only for its owner, with any umask", function ()
		-- strace would say it better: a file that another name leads to keeps its mode and content.
		command.shell(folder, "umask 0; $tv keygen --type ec --out owned --public owned.pem");
		assert.same({ "600", "644" }, { mode "owned", mode "owned.pem" });
		command.shell(folder, "echo mine >target && chmod 666 target && ln -sf target link && $tv keygen --type ec --out link --force");
		assert.equal("mine\n", command.read(folder.."/target"));
		assert.equal("600", mode "link");
	end);

	it("does not overwrite a file that appears after the check", function ()
		local files = require "token_verifier.command.files";
		local execute = os.execute;
		os.execute = function () return nil, "exit", 1; end -- luacheck: ignore 122
		local ok, problem = files.write(folder.."/secret", "another", "600", false);
		os.execute = execute; -- luacheck: ignore 122
		assert.is_nil(ok);
		assert.matches("cannot write .*/secret: File exists$", problem);
		assert.equal("a shared secret of more than 32 bytes\n", command.read(folder.."/secret"));
	end);

	-- what, arguments, message; none may leave a file "left" or "left.pem"
	for _, case in ipairs({
		{ "a file that is there", { "--out", "secret" }, "secret exists already; --force overwrites it" };
		{ "a public file that is there", { "--out", "left", "--public", "secret" }, "secret exists already; --force overwrites it" };
		{ "a link that leads nowhere", { "--out", "dangling" }, "dangling exists already; --force overwrites it" };
		{ "the same file twice", { "--out", "left", "--public", "left" }, "--out and --public name the same file" };
		{ "a folder that is not there", { "--out", "none/left" }, "cannot create a file in none/: No such file or directory" };
		{ "a folder in the place of the file", { "--out", ".", "--force" }, "cannot write .: " };
		{ "too few bits", { "--bits", "1024", "--out", "left" }, "option '--bits' must be 2048 at least" };
		{ "no number of bits", { "--bits", "many", "--out", "left" }, "'many' is not a whole number" };
		{ "bits of a curve", { "--type", "ec", "--bits", "2048" }, "--bits is for RSA keys only" };
		{ "an unknown type", { "--type", "dsa" }, "argument for option '--type' must be one of" };
		{ "the kid of a PEM", { "--kid", "x", "--out", "left" }, "only a JWK holds a kid" };
		{ "the public half of a secret", { "--type", "secret", "--public", "left" }, "a secret has no public half, no kid and no format" };
	}) do
		it("refuses "..case[1], function ()
			command.shell(folder, "ln -sf nowhere dangling");
			assert_answer("^$", case[3], 2, command.run(folder, { "keygen", table.unpack(case[2]) }));
			assert_answer("^$", nil, 0, command.shell(folder, "ls | grep -x left; ls -A | grep token-verifier; true"));
			assert.equal("a shared secret of more than 32 bytes\n", command.read(folder.."/secret"));
		end);
	end

	it("does not overwrite the private key with the public key if both names are one file", function ()
		assert_answer("^$", "the same file, which holds the private key now", 2,
			command.run(folder, { "keygen", "--type", "ec", "--out", "twice.pem", "--public", "./twice.pem", "--force" }));
		assert.matches("PRIVATE KEY", command.read(folder.."/twice.pem"));
		assert.equal("600", mode("twice.pem"));
	end);
end);

describe("key-name", function ()
	for _, case in ipairs({
		{ { "my-key" }, "^5e78863ed1ffb9fc66b1d61634b126bf8eb20267e7996297eeeb9b19c8c0f732%.pem\n$", nil, 0 };
		{ { "--json", "my-key" }, '"file": "5e78863e.*"kid": "my%-key"', nil, 0 };
		{ { "--", "-x" }, "^%x+%.pem\n$", nil, 0 };
		{ { "" }, "^$", "a kid has 1 to 1024 bytes, not 0", 2 };
		{ { ("x"):rep(1025) }, "^$", "a kid has 1 to 1024 bytes, not 1025", 2 };
		{ {}, "^$", "missing argument 'kid'", 2 };
	}) do
		it("answers "..table.concat(case[1], " "):sub(1, 20), function ()
			assert_answer(case[2], case[3], case[4], command.run(folder, { "key-name", table.unpack(case[1]) }));
		end);
	end
end);

describe("publish", function ()
	local file = "5e78863ed1ffb9fc66b1d61634b126bf8eb20267e7996297eeeb9b19c8c0f732.pem";

	before_each(function ()
		command.shell(folder, "rm -rf keys; mkdir keys");
	end);

	it("writes only the public half, readable for all, and does not write it again", function ()
		assert_answer("^keys/"..file.." %(EC P%-256, new%)\n$", nil, 0,
			command.shell(folder, "umask 077; $tv publish ec.pem --kid my-key --dir keys"));
		assert.equal(command.read(folder.."/public.pem"), command.read(folder.."/keys/"..file));
		assert.equal("644", mode("keys/"..file));
		assert_answer("unchanged", nil, 0, command.run(folder, { "publish", "public.pem", "--kid", "my-key", "--dir", "keys/" }));
		assert_answer('"changed": false', nil, 0, command.run(folder, { "publish", "--json", "public.pem", "--kid", "my-key", "--dir", "keys" }));
		assert.equal(file.."\n", (command.shell(folder, "ls -A keys")));
	end);

	it("replaces another key only if told to", function ()
		assert_answer("new", nil, 0, command.run(folder, { "publish", "ec.pem", "--kid", "my-key", "--dir", "keys" }));
		assert_answer("^$", "exists already and holds another key; --force replaces it", 2,
			command.run(folder, { "publish", "other.pem", "--kid", "my-key", "--dir", "keys" }));
		assert.equal(command.read(folder.."/public.pem"), command.read(folder.."/keys/"..file));
		assert_answer("replaced", nil, 0, command.run(folder, { "publish", "other.pem", "--kid", "my-key", "--dir", "keys", "--force" }));
		assert.equal(tv.key(command.read(folder.."/other.pem")):pem(), command.read(folder.."/keys/"..file));
	end);

	it("prints JSON in UTF-8 even if names are not UTF-8", function ()
		local output, errors, status = command.run(folder, { "publish", "--json", "public.pem", "--kid", "caf\233-\195\169", "--dir", "." });
		assert.equal("", errors);
		assert.equal(0, status);
		assert.truthy(utf8.len(output), output);
		assert.truthy(tv.decode_json(output), output);
	end);

	it("takes a certificate, a JWK and standard input", function ()
		assert_answer("RSA, 2048 bits, new", nil, 0, command.run(folder, { "publish", "certificate.pem", "--kid", "c", "--dir", "keys" }));
		assert_answer("OKP Ed25519, new", nil, 0, command.run(folder, { "publish", "ed.jwk", "--kid", "e", "--dir", "keys" }));
		assert_answer("OKP Ed25519, new", nil, 0,
			command.run(folder, { "publish", "-", "--kid", "f", "--dir", "keys" }, command.read(folder.."/ed.jwk")));
	end);

	for _, case in ipairs({
		{ "no kid", { "ec.pem", "--dir", "keys" }, "missing option '--kid'" };
		{ "no folder", { "ec.pem", "--kid", "x" }, "missing option '--dir'" };
		{ "an empty kid", { "ec.pem", "--kid", "", "--dir", "keys" }, "a kid has 1 to 1024 bytes" };
		{ "a folder that is not there", { "ec.pem", "--kid", "x", "--dir", "none" }, "cannot create a file in none/: No such file or directory" };
		{ "a file as folder", { "ec.pem", "--kid", "x", "--dir", "secret" }, "cannot create a file in secret/: Not a directory" };
		{ "a secret", { "secret", "--kid", "x", "--dir", "keys" }, "secret: malformed-key" };
		{ "a folder as key", { "keys", "--kid", "x", "--dir", "keys" }, "cannot read the key from keys: Is a directory" };
		{ "a weak key", { "weak.pem", "--kid", "x", "--dir", "keys" }, "weak.pem: weak-key" };
	}) do
		it("refuses "..case[1], function ()
			assert_answer("^$", case[3], 2, command.run(folder, { "publish", table.unpack(case[2]) }));
		end);
	end
end);

describe("pem-to-jwks and jwks-to-pem", function ()
	local server, base;

	setup(function ()
		command.shell(folder, "mkdir www pem ready; "
			.."$tv pem-to-jwks one=ec.pem two=certificate.pem ed.jwk --out www/jwks.json; $tv jwks-to-pem www/jwks.json --dir pem; "
			.."cp -a www pem ready");
		server = http_server.start(folder.."/www");
		base = server.url.."/file";
	end);

	-- A set, and its files beside it.
	before_each(function ()
		command.shell(folder, "rm -f www/* pem/*; cp -a ready/. .");
	end);

	teardown(function ()
		server.close();
	end);

	it("turn files into a set, and the set into files again", function ()
		command.shell(folder, "rm www/jwks.json");
		assert_answer("^www/jwks%.json %(3 keys%)\n$", nil, 0,
			command.run(folder, { "pem-to-jwks", "one=ec.pem", "two=certificate.pem", "ed.jwk", "--out", "www/jwks.json" }));
		local set = assert(tv.decode_json(command.read(folder.."/www/jwks.json")));
		local thumbprint = tv.key(command.read(folder.."/ed.jwk")):thumbprint();
		assert.same({ "one", "two", thumbprint }, { set.keys[1].kid, set.keys[2].kid, set.keys[3].kid });
		for _, jwk in ipairs(set.keys) do
			assert.same({ "sig" }, { jwk.use, jwk.d, jwk.p });
		end
		assert.equal("644", mode "www/jwks.json");
		for _, source in ipairs({ "www/jwks.json", base.."/jwks.json" }) do
			command.shell(folder, "rm -f pem/*");
			assert_answer('kid "one": EC P%-256, new.*kid "two": RSA, 2048 bits, new.*OKP Ed25519, new', nil, 0,
				command.run(folder, { "jwks-to-pem", source, "--dir", "pem" }));
			assert.equal(command.read(folder.."/public.pem"), command.read(folder.."/pem/"..tv.key_file_name("one")));
			assert.equal("644", mode("pem/"..tv.key_file_name("one")));
			local token = command.run(folder, { "sign", "--key", "ec.pem", "--kid", "one" });
			assert_answer('"valid": true\n}\n$', nil, 0, command.run(folder, { "verify", "--alg", "ES256", "--directory", "pem" }, token));
		end
	end);

	it("brings the files up to date, and deletes those of other keys if told to", function ()
		command.shell(folder, "touch -d @1000 pem/*.pem; echo mine >pem/README; echo old >pem/$(printf %064d 1).pem; "
			.."$tv pem-to-jwks one=other.pem two=certificate.pem --out www/jwks.json");
		assert_answer('kid "one": EC P%-256, replaced.*kid "two": RSA, 2048 bits, unchanged', nil, 0,
			command.run(folder, { "jwks-to-pem", base.."/jwks.json", "--dir", "pem" }));
		assert.equal("5\n", (command.shell(folder, "ls pem | wc -l")));
		assert.equal("1000\n", (command.shell(folder, "stat -c %Y pem/"..tv.key_file_name("two"))));
		local output = command.run(folder, { "jwks-to-pem", base.."/jwks.json", "--dir", "pem", "--delete-others", "--json" });
		local result = assert(tv.decode_json(output));
		assert.same({ 2, 2, 0 }, { #result.keys, #result.deleted, #result.skipped });
		assert.equal("3\n", (command.shell(folder, "ls pem | wc -l")));
		assert.equal("mine\n", command.read(folder.."/pem/README"));
	end);

	it("leaves out keys that cannot check signatures, and says so", function ()
		local rsa = assert(tv.key(command.read(folder.."/rsa.pem"))):jwk():gsub("}$", "");
		command.write(folder.."/www/mixed.json", ('{"keys":[%s,"kid":"enc","use":"enc"},{"kty":"oct","k":"AAAA","kid":"s"},%s},'
			..'%s,"kid":"good"},%s,"kid":"good"},7,{"kty":"RSA","kid":"weak","n":"AQAB","e":"AQAB"}]}'):format(rsa, rsa, rsa, rsa));
		local output, errors, status = command.run(folder, { "jwks-to-pem", "www/mixed.json", "--dir", "pem" });
		assert.equal(tv.key_file_name("good")..' (kid "good": RSA, 2048 bits, new)\n', output);
		assert.equal(0, status);
		for _, expected in ipairs({ 'kid "enc": it is not for checking signatures', 'kid "s": the key is a JWK whose kty',
			"it has no kid, so it has no file name", 'kid "good": another key before it has the same kid',
			'kid "weak": the key has an RSA modulus of 17 bits' }) do
			assert.matches(expected, errors, 1, true);
		end
		output, errors, status = command.run(folder, { "jwks-to-pem", base.."/mixed.json", "--dir", "pem" });
		assert.matches('kid "good": RSA, 2048 bits, unchanged', output, 1, true);
		for _, expected in ipairs({ 'left out: kid "s": the key is a JWK whose kty', "left out: the key is number",
			'left out: kid "weak": the key has an RSA modulus of 17 bits' }) do
			assert.matches(expected, errors, 1, true);
		end
		assert.equal(0, status);
	end);

	it("says of each key why it cannot be used, if none can", function ()
		command.write(folder.."/www/useless.json", '{"keys":[{"kty":"oct","kid":"s"},{"kty":"RSA","kid":"w","n":"AQAB","e":"AQAB"},'
			..'{"kty":"RSA"}]}');
		for _, source in ipairs({ "www/useless.json", base.."/useless.json" }) do
			assert_answer("^$", 'can be used: kid "s": the key is a JWK whose kty is none of RSA, EC and OKP, kid "w": the key has an RSA '
				..'modulus of 17 bits; at least 2048 are accepted, the key is a JWK without "n"; nothing was changed', 1,
				command.run(folder, { "jwks-to-pem", source, "--dir", "pem" }));
		end
	end);

	it("warns of a certificate of another key", function ()
		local jwk = assert(tv.key(command.read(folder.."/ec.pem"))):jwk():gsub("^{", '{"kid":"odd","x5c":["CERT"],');
		local body = command.read(folder.."/certificate.pem"):match("BEGIN CERTIFICATE%-+\n(.-)%-"):gsub("%s", "");
		command.write(folder.."/www/odd.json", ('{"keys":[%s]}'):format((jwk:gsub("CERT", body))));
		for _, source in ipairs({ "www/odd.json", base.."/odd.json" }) do
			local output, errors, status = command.run(folder, { "jwks-to-pem", source, "--dir", "pem" });
			assert.matches('kid "odd": EC P%-256', output);
			assert.matches('kid "odd": its JWK has a certificate of another key in "x5c"', errors, 1, true);
			assert.equal(0, status);
		end
	end);

	it("reads Google's map of certificates", function ()
		command.write(folder.."/www/map.json", ('{"b":"%s"}')
			:format((command.read(folder.."/certificate.pem"):gsub("\n", "\\n"))));
		for _, source in ipairs({ "www/map.json", base.."/map.json" }) do
			assert_answer('kid "b": RSA, 2048 bits', nil, 0, command.run(folder, { "jwks-to-pem", source, "--dir", "pem" }));
		end
	end);

	-- what, arguments, message, status; none may change a file
	for _, case in ipairs({
		{ "a server that is down", { "http://127.0.0.1:1/jwks", "--dir", "pem" }, "key-source-unavailable: the JWK Set of http", 3 };
		{ "a set that is not there", { "BASE/none", "--dir", "pem", "--delete-others" }, "answered HTTP 404", 3 };
		{ "a page", { "BASE/", "--dir", "pem", "--delete-others" }, "is an HTML or XML page", 3 };
		{ "an empty set", { "-", "--dir", "pem", "--delete-others" }, "no key of - can be used; nothing was changed", 1, '{"keys":[]}' };
		{ "no object", { "-", "--dir", "pem" }, "- is no JWK Set: the JSON text is a JSON array", 2, "[]" };
		{ "no JSON", { "secret", "--dir", "pem" }, "secret is no JWK Set: the JSON text is not JSON", 2 };
		{ "no file", { "none", "--dir", "pem" }, "cannot read the JWK Set from none: No such file or directory", 2 };
		{ "no folder", { "www/jwks.json", "--dir", "none" }, "cannot create a file in none/", 2 };
		{ "another scheme", { "file:///etc/passwd", "--dir", "pem" }, "cannot read the JWK Set from file:///etc/passwd", 2 };
	}) do
		it("change nothing because of "..case[1], function ()
			command.write(folder.."/before", (command.shell(folder, "sha256sum pem/*")));
			local arguments = { "jwks-to-pem", table.unpack(case[2]) };
			arguments[2] = arguments[2]:gsub("BASE", base);
			assert_answer("^$", case[3], case[4], command.run(folder, arguments, case[5]));
			assert.equal(command.read(folder.."/before"), (command.shell(folder, "sha256sum pem/*")));
		end);
	end

	for _, case in ipairs({
		{ "one kid twice", { "a=ec.pem", "a=rsa.pem" }, 'two keys have the kid "a"' };
		{ "an algorithm of another family", { "a=ec.pem", "--alg", "RS256" }, "ec.pem: RS256 is no algorithm for this key; there is ES256" };
		{ "no key", { "secret" }, "secret: malformed-key" };
		{ "nothing", {}, "missing argument 'keys'" };
		{ "a folder that is not there", { "ec.pem", "--out", "none/set" }, "cannot create a file in none/" };
	}) do
		it("make no set of "..case[1], function ()
			assert_answer("^$", case[3], 2, command.run(folder, { "pem-to-jwks", table.unpack(case[2]) }));
		end);
	end

	it("limit keys to an algorithm", function ()
		local set = assert(tv.decode_json((command.run(folder, { "pem-to-jwks", "a=rsa.pem", "--alg", "PS256" }))));
		assert.equal("PS256", set.keys[1].alg);
	end);
end);
