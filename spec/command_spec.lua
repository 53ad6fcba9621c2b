-- SPDX-License-Identifier: MIT
-- The real command token-verifier: behaviour common to its subcommands, and the subcommands that read tokens.

local tv = require "token_verifier";
local command = require "spec.support.command";
local http_server = require "spec.support.http_server";

local secret = "a shared secret of more than sixty-four bytes, which HS512 wants it to have";
local folder;

local function token_of(claims, options)
	options = options or {};
	options.secret = options.secret or secret;
	return assert(tv.sign(claims, options));
end

local good = { iss = "my-app", aud = "jitsi", room = "planning", exp = 4102444800 };

setup(function ()
	folder = command.folder();
	command.write(folder.."/secret", secret.."\n");
	command.write(folder.."/token", token_of(good).."\n");
	command.write(folder.."/old", token_of({ exp = 1000 }));
	command.write(folder.."/empty", "");
	os.execute(("mkdir '%s/folder' && printf x >'%s/unreadable' && chmod 0 '%s/unreadable'"):format(folder, folder, folder));
end);

-- One sentence on standard error, from this program, and no traceback.
local function assert_sentence(expected, errors)
	assert.matches("^token%-verifier: [^\n]+\n$", errors);
	assert.not_matches("traceback", errors);
	assert.not_matches("this is a bug", errors);
	assert.matches(expected, errors, 1, true);
end

-- What a command is to answer, and its output, errors and status. Without a message there must be no errors.
local function assert_answer(output_pattern, message, expected_status, output, errors, status)
	assert.matches(output_pattern, output);
	if message then
		assert_sentence(message, errors);
	else
		assert.equal("", errors);
	end
	assert.equal(expected_status, status);
end

describe("the command", function ()
	-- what, shell command, standard output (a pattern), standard error (plain text), status
	for _, case in ipairs({
		{ "no arguments", "$tv", "^$", "a command is required; see 'token-verifier --help'", 2 };
		{ "an unknown command", "$tv verifi", "^$", "unknown command 'verifi'. Did you mean 'verify'?; see 'token-verifier --help'", 2 };
		{ "an unknown option", "$tv verify --secret x", "^$",
			"unknown option '--secret': put the secret into a file, since everybody can list arguments, and give --secret-file FILE", 2 };
		{ "its version", "$tv --version", "^token%-verifier %d+%.%d+%.%d+\n$", nil, 0 };
		{ "its help", "$tv --help", "Usage: token%-verifier.*verify.*Exit status:", nil, 0 };
		{ "help of a command", "$tv verify --help", "Usage: token%-verifier verify %[options%] %[<token>%]\n.*Examples:", nil, 0 };
		{ "a completion", "$tv --completion bash", "complete %-F _token%-verifier", nil, 0 };
		{ "a full disk", "$tv inspect @token >/dev/full", "^$", "cannot write to standard output: No space left on device", 2 };
		{ "a full disk, help", "$tv --help >/dev/full", "^$", "cannot write to standard output: No space left on device", 2 };
		{ "a full disk, JSON", "$tv inspect --json @token >/dev/full", "^$", "cannot write to standard output", 2 };
		{ "closed output", "$tv inspect @token >&-", "^$", "cannot write to standard output: Bad file descriptor", 2 };
		{ "closed input", "$tv inspect - <&-", "^$", "cannot read the token from standard input: Bad file descriptor", 2 };
		{ "a pipe that nobody reads", "$tv sign --help | head -c 1", "^U$", nil, 0 };
		{ "a folder as token", "$tv inspect @folder", "^$", "cannot read the token from folder: Is a directory", 2 };
		{ "no such file", "$tv inspect --file none", "^$", "cannot read the token from none: No such file or directory", 2 };
		{ "an empty file", "$tv inspect --file empty", "^$", "malformed-token", 1 };
		{ "a file that is called standard input", "printf x >'standard input'; $tv inspect --file 'standard input' <token", "^$",
			"the token has 1 part", 1 };
		{ "a name without a file", "$tv inspect @", "^$", "cannot read the token from : No such file or directory", 2 };
		{ "endless input", "$tv inspect --file /dev/zero", "^$", "the token in /dev/zero is longer than 1 MiB", 2 };
		{ "endless standard input", "yes 2>/dev/null | $tv verify --secret-file secret", "^$", "in standard input is longer than 1 MiB", 2 };
		{ "standard input twice", "$tv verify --secret-file - <token", "^$",
			"standard input can only be read once: it was taken for the secret already", 2 };
		{ "a token and a file", "$tv inspect x --file token", "^$", "can not be used together", 2 };
		{ "what a terminal would obey", "$tv \"$(printf 'a\\033[31m\\nb')\"", "^$", [[unknown command 'a\x1b[31m\x0ab']], 2 };
		{ "JSON for a terminal", "$tv inspect --json --color always @token", "^{\n", nil, 0 };
		{ "colours that are asked for", "$tv inspect --color always @token", "\27%[1mHeader\27%[0m", nil, 0 };
		{ "only JSON in a pipe", "$tv inspect @token", "^{\n.*\n}\n$", nil, 0 };
		{ "--json before the command", "$tv --json inspect a.b", '^{\n  "code": "malformed%-token"', nil, 1 };
		{ "--color before the command", "$tv --color always inspect @token", "\27%[1mHeader", nil, 0 };
		{ "decode", "$tv decode @token", '"room": "planning"', nil, 0 };
		{ "encode", "$tv --color never encode --secret-file secret", "^eyJ[%w_.-]+\n$", nil, 0 };
		{ "version", "$tv version", "^token%-verifier %d", nil, 0 };
		{ "help", "$tv help", "^Usage: token%-verifier %[%-h%]", nil, 0 };
		{ "help for a command", "$tv help decode", "^Usage: token%-verifier inspect", nil, 0 };
		{ "help for no command", "$tv help unheard", "^$", "unknown command 'unheard'; see 'token-verifier --help'", 2 };
		{ "an option of another command", "$tv verify --iss=x", "^$",
			"unknown option '--iss': give --issuer; see 'token-verifier verify --help'", 2 };
		{ "an option that this command has no like of", "$tv keygen --secret x", "^$",
			"unknown option '--secret'; see 'token-verifier keygen --help'", 2 };
		{ "an option of a subcommand in front of it", "$tv --secret-file secret verify token", "^$",
			"option '--secret-file' belongs behind 'verify'; see 'token-verifier verify --help'", 2 },
		{ "a secret as option in front of it", "$tv --secret x verify token", "^$", "--secret-file FILE; see 'token-verifier verify --help'", 2 },
		{ "a value that an option cannot have", "$tv verify --leeway x token", "^$", "option '--leeway': 'x' is not a whole number", 2 },
		{ "such a value after =", "$tv sign --expires=5y", "^$", "option '--expires': '5y' is not a length of time", 2 },
		{ "a date as option", "$tv sign --exp 1h", "^$", "unknown option '--exp': give --expires 1h, or --claim exp:=UNIXTIME", 2 };
		{ "a token's file", "$tv inspect token", '"room": "planning"', nil, 0 };
		{ "an option of the module by its own name", "$tv sign --secret-file secret --alg x", "^$", "option '--alg': 'x' is no algorithm", 2 };
		{ "colours on a terminal", "script -qec \"$tv inspect @token\" /dev/null", "\27%[1mHeader", nil, 0 };
		{ "NO_COLOR on a terminal", "NO_COLOR=1 script -qec \"$tv inspect @token\" /dev/null", "^Header", nil, 0 };
		{ "a dumb terminal", "TERM=dumb script -qec \"$tv inspect @token\" /dev/null", "^Header", nil, 0 };
	}) do
		local what, line, output_pattern, message, expected_status = table.unpack(case, 1, 5);
		it("answers "..what, function ()
			assert_answer(output_pattern, message, expected_status, command.shell(folder, line));
		end);
	end

	it("says that argparse is missing, where it is", function ()
		local _, errors, status = command.shell(folder, "LUA_PATH=./none lua5.4 \"$program\"");
		assert_sentence("the Lua module argparse is missing: install Debian's package lua-argparse", errors);
		assert.equal(2, status);
	end);

	it("says so if its own modules cannot be loaded", function ()
		local _, errors, status = command.shell(folder,
			"mkdir bin && cp \"$program\" bin/ && LUA_PATH=/usr/share/lua/5.4/?.lua LUA_CPATH=./none lua5.4 bin/token-verifier");
		assert_sentence("its modules cannot be loaded: module 'token_verifier.command.main' not found", errors);
		assert.equal(2, status);
	end);

	it("fits its help into 80 columns, and leaves examples as they are written", function ()
		local parser = require "token_verifier.command.main".new_parser({});
		for _, subcommand in ipairs({ parser, table.unpack(parser._commands) }) do
			local help = subcommand:get_help();
			for line in help:gmatch("[^\n]+") do
				assert.is_true(#line <= 80, line);
			end
			assert.matches(subcommand._epilog:gsub("%s+$", ""), help, 1, true);
		end
	end);
end);

describe("verify", function ()
	local with_secret = { "verify", "--secret-file", "secret" };

	-- what, arguments, standard input, standard output (a pattern), standard error (plain text), status
	for _, case in ipairs({
		{ "a good token", { "@token" }, nil, '^{\n.*"iss": "my%-app".*"valid": true\n}\n$', nil, 0 };
		{ "one from --file", { "--file", "token" }, nil, '"valid": true\n}\n$', nil, 0 };
		{ "one from standard input", { "-" }, token_of(good).."\r\n\n", '"valid": true\n}\n$', nil, 0 };
		{ "one from standard input, unnamed", {}, "  "..token_of(good), '"valid": true\n}\n$', nil, 0 };
		{ "one from an argument", { token_of(good) }, nil, '"valid": true\n}\n$', nil, 0 };
		{ "a good one, quietly", { "-q", "@token" }, nil, "^$", nil, 0 };
		{ "a good one as JSON", { "--json", "@token" }, nil, '"valid": true', nil, 0 };
		{ "an expired one", { "@old" }, nil, "^$", "refused: expired: exp is 1000, which has passed", 1 };
		{ "an expired one, quietly", { "-q", "@old" }, nil, "^$", nil, 1 };
		{ "an expired one as JSON", { "--json", "@old" }, nil, '"code": "expired".*"valid": false', nil, 1 };
		{ "an expired one at its time", { "@old", "--now", "999" }, nil, '"valid": true\n}\n$', nil, 0 };
		{ "what is no token", { "x" }, nil, "^$", "refused: malformed-token", 1 };
		{ "an empty argument", { "" }, nil, "^$", "refused: malformed-token", 1 };
		{ "another room", { "@token", "--room", "finance" }, nil, "^$", "refused: room-not-accepted", 1 };
		{ "another issuer", { "@token", "--issuer", "a", "--issuer", "b" }, nil, "^$",
			"refused: issuer-not-accepted: iss is \"my-app\"; accepted: \"a\", \"b\"", 1 };
		{ "an accepted audience", { "@token", "--audience", "a", "--audience", "jitsi" }, nil, '"valid": true\n}\n$', nil, 0 };
		{ "a missing claim", { "@token", "--require", "sub" }, nil, "^$", "refused: missing-claim", 1 };
		{ "another type", { "@token", "--type", "at+jwt" }, nil, "^$", "refused: type-not-accepted", 1 };
		{ "another algorithm", { "@token", "--alg", "HS512" }, nil, "^$", "refused: algorithm-not-accepted", 1 };
		{ "an unknown algorithm", { "@token", "--alg", "none" }, nil, "^$", "'none' is no algorithm that is supported", 2 };
		{ "a leeway out of range", { "@token", "--leeway", "301" }, nil, "^$", "option '--leeway' must be from 0 to 300 seconds", 2 };
		{ "a time that is no number", { "@token", "--now", "noon" }, nil, "^$", "'noon' is not a whole number", 2 };
		{ "a time beyond numbers", { "@token", "--now", ("9"):rep(40) }, nil, "^$", "is not a whole number", 2 };
	}) do
		local what, arguments, input, output_pattern, message, expected_status = table.unpack(case, 1, 6);
		it("judges "..what, function ()
			local all = table.move(arguments, 1, #arguments, #with_secret + 1, { table.unpack(with_secret) });
			assert_answer(output_pattern, message, expected_status, command.run(folder, all, input));
		end);
	end

	-- what, arguments, standard error, status
	for _, case in ipairs({
		{ "no key", {}, "no key is named", 2 };
		{ "two keys", { "--key", "x", "--secret-file", "secret" }, "can not be used together", 2 };
		{ "a key file that is none", { "--key", "token" }, "malformed-key: the key is a token", 2 };
		{ "an empty secret", { "--secret-file", "empty" }, "weak-secret", 2 };
		{ "no such secret file", { "--secret-file", "none" }, "cannot read the secret from none: No such file or directory", 2 };
		{ "a key server that is no URL", { "--asap-key-server", "keys" }, "cannot be asked for keys", 2 };
		{ "a key server that is down", { "--asap-key-server", "http://127.0.0.1:1/keys" }, "refused: key-source-unavailable", 3 };
		{ "a JWK Set that is down", { "--jwks-url", "http://127.0.0.1:1/jwks" }, "refused: key-source-unavailable", 3 };
		{ "an issuer that is down", { "--openid-issuer", "http://127.0.0.1:1/realm" }, "refused: key-source-unavailable", 3 };
		{ "a folder without the key", { "--directory", "folder" }, "refused: key-not-found: the file /", 1 };
		{ "a certificate without its key", { "--jwks-url", "https://127.0.0.1:1/", "--client-cert", "none" }, "client_key", 2 };
		{ "no time", { "--jwks-url", "http://127.0.0.1:1/", "--timeout", "0" }, "timeout", 2 };
	}) do
		local what, arguments, message, expected_status = table.unpack(case, 1, 4);
		it("says what is wrong with "..what, function ()
			local key = tv.generate_key({ curve = "P-256" });
			local token = assert(tv.sign(good, { private_key = key, kid = "my-key" }));
			local output, errors, status = command.run(folder, { "verify", "--alg", "ES256", token, table.unpack(arguments) });
			assert.equal("", output);
			assert_sentence(message, errors);
			assert.equal(expected_status, status);
		end);
	end

	it("warns of a short secret, and goes on", function ()
		command.write(folder.."/short", "short");
		local output, errors, status = command.run(folder, { "verify", "--secret-file", "short", token_of(good, { secret = "short" }) });
		assert.matches('"valid": true\n}\n$', output);
		assert_sentence("warning: the shared secret is 5 bytes long", errors);
		assert.equal(0, status);
	end);
end);

describe("inspect", function ()
	it("shows the content of a token, its dates in words, and that it is not verified", function ()
		local output, errors, status = command.shell(folder, "script -qec \"$tv inspect --color never @old\" /dev/null");
		assert.matches('^Header {\n  "alg": "HS256",\n  "typ": "JWT"\n}\nClaims {\n.*\n}\nexp is 1970%-01%-01 00:16:40 UTC, %d+ y[%d d]* ago\n'
			..'Nobody has verified this token%.\n$', (output:gsub("\r", "")));
		assert.equal("", errors);
		assert.equal(0, status);
	end);

	it("writes JSON with the types of the token", function ()
		local claims = { integer = 1, float = 1.5, whole = 2.0, large = 2^70, tiny = 1e-7, yes = true, null = tv.null, text = 'a"\\\n\1é',
			list = { 1, { a = 1 } }, none = setmetatable({}, { __jsontype = "array" }), object = {} };
		local output = command.run(folder, { "inspect", "--json", token_of(claims) });
		local read = assert(tv.decode_json(output)).claims;
		assert.same(claims, read);
		for name, value in pairs(claims) do
			assert.equal(math.type(value), math.type(read[name]), name);
		end
		assert.equal("array", getmetatable(read.none).__jsontype);
	end);

	it("says what is wrong, as JSON too", function ()
		local output, _, status = command.run(folder, { "inspect", "--json", "a.b" });
		assert.equal("malformed-token", assert(tv.decode_json(output)).code);
		assert.equal(1, status);
	end);
end);

describe("a source of keys that does not answer", function ()
	local server, certs = nil, "/silent/realms/meet/protocol/openid-connect/certs";
	local configuration = 'authentication = "token"\napp_id = "my-app"\nsignature_algorithm = "ES256"\ntoken_key_timeout = 2.5\n';
	local host = '\nVirtualHost "%s"\n';
	-- what, the command, which sources it names on a terminal, what it says anyway
	local cases = {
		{ "verify", "verify @with-kid --alg ES256 --timeout 3 --asap-key-server SERVER/silent", { "/silent" },
			"refused: key-source-unavailable" };
		{ "explain with a source", "explain @with-kid --alg ES256 --timeout 3 --asap-key-server SERVER/silent", { "/silent" },
			"is refused: key-source-unavailable" };
		{ "explain with a configuration", "explain @with-kid --config two.cfg.lua", { "/silent, SERVER/silent/b" },
			"is refused: key-source-unavailable" };
		{ "check", "check --config two.cfg.lua", { "/silent", "/silent/b" }, "SERVER/silent/b could not be asked: Timeout" };
		{ "check, of an issuer, for two hosts", "check --config issuer.cfg.lua", { certs, "/silent/realms/meet" }, "4 things are wrong" };
		{ "check, of another address", "check --config address.cfg.lua", { "/silent/issuer" }, "One thing is wrong" };
		{ "jwks-to-pem", "jwks-to-pem --timeout 3 --dir folder SERVER/silent", { "/silent" }, "key-source-unavailable" };
	};

	lazy_setup(function ()
		server = http_server.start();
		command.write(folder.."/with-kid", assert(tv.sign(good, { private_key = tv.generate_key({ curve = "P-256" }), kid = "a" })));
		server.publish_document({ path = "realm/.well-known/openid-configuration",
			body = ('{"issuer":"%s/silent/issuer"}'):format(server.url) });
		for name, source in pairs({ two = 'asap_key_server = { "SERVER/silent", "SERVER/silent/b" }',
			issuer = 'cache_keys_url = "SERVER'..certs..'"', address = 'openid_issuer = "SERVER/document/realm"' }) do
			command.write(("%s/%s.cfg.lua"):format(folder, name), configuration..source:gsub("SERVER", server.url)..host:format("example.org")
				..(name == "issuer" and host:format("example.com") or ""));
		end
		local commands = {};
		for i, case in ipairs(cases) do -- all at the same time, since each waits
			local line = "$tv "..case[2]:gsub("SERVER", server.url);
			commands[i] = ("script -qec \"%s\" /dev/null >%d.terminal & %s >%d.file 2>&1 &"):format(line, i, line, i);
		end
		command.shell(folder, table.concat(commands, "\n").."\nwait");
	end);

	lazy_teardown(function ()
		server.close();
	end);

	for i, case in ipairs(cases) do
		local what, _, names, words = table.unpack(case);
		it("is named on a terminal while it is waited for, and nowhere else, by "..what, function ()
			local named, expected = {}, {};
			for name in command.read(("%s/%d.terminal"):format(folder, i)):gmatch("Waiting for ([^\r\n]*) %.%.%.\r?\n") do
				named[#named + 1] = name;
			end
			for j, name in ipairs(names) do
				expected[j] = server.url..name:gsub("SERVER", server.url);
			end
			assert.same(expected, named);
			for _, kind in ipairs({ "terminal", "file" }) do
				local text = command.read(("%s/%d.%s"):format(folder, i, kind));
				assert.matches(words:gsub("SERVER", server.url), text, 1, true);
				assert.equal(kind == "terminal", text:find("Waiting", 1, true) ~= nil);
			end
		end);
	end
end);
