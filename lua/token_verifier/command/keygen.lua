-- SPDX-License-Identifier: MIT
-- token-verifier keygen: a new key pair, or a new shared secret.

local token_verifier = require "token_verifier";
local algorithms = require "token_verifier.plugin.algorithms";
local files = require "token_verifier.command.files";
local json = require "token_verifier.command.json";
local key_text = require "token_verifier.command.key_text";
local verification = require "token_verifier.command.verification";

local secret_size = 32; -- RFC 7518, section 3.2: the size of HS256's hash; in hex it is long enough for HS512, too

-- The names of types, and their curves.
local types, curves = { "rsa", "ec" }, { ec = "P-256" };
for _, curve in ipairs(algorithms.curves()) do
	types[#types + 1], curves[curve:lower()] = curve:lower(), curve;
end
types[#types + 1] = "secret";

local function register(parser)
	parser:option("--type"):argname("<type>"):default("rsa"):show_default(false)
		:choices(types)
		:description(("rsa (the default), ec (P-256), %s, or secret."):format(table.concat(types, ", ", 3, #types - 1)));
	parser:option("--bits"):argname("<n>"):convert(verification.whole):description("The size of an RSA key; default 2048.");
	parser:option("--format"):argname("<form>"):choices({ "pem", "jwk" }):default("pem"):show_default(false)
		:description("pem (the default) or jwk.");
	parser:option("--kid"):argname("<kid>"):description("The kid of the JWK; default its thumbprint.");
	parser:option("--out"):argname("<file>"):description("The file for the private key or the secret, mode 0600.");
	parser:option("--public"):argname("<file>"):description("The file for the public key.");
	parser:flag("--force"):description("Overwrite existing files.");
	parser:epilog [[
Without --out the private key goes to standard output. It is not encrypted.

Examples:
   token-verifier keygen --out my-key.private.pem --public my-key.pem
   token-verifier keygen --type ec --format jwk --kid my-key --out my-key.jwk
   token-verifier keygen --type secret --out token-secret]];
end

local function random_secret(terminal)
	local file, problem = io.open("/dev/urandom", "rb");
	local bytes = file and file:read(secret_size);
	if not bytes or #bytes < secret_size then
		terminal.fail("cannot read /dev/urandom: "..tostring(problem or "too few bytes"));
	end
	file:close();
	return (bytes:gsub(".", function (char) return ("%02x"):format(char:byte()); end));
end

-- The JWK with members that tell others how the key is used (RFC 7517, section 4).
local function complete_jwk(text, key, kid)
	local jwk = assert(token_verifier.decode_json(text));
	jwk.kid, jwk.use = kid or key:thumbprint(), "sig";
	return json.encode(jwk).."\n";
end

-- Returns the text of the private key or the secret; for a key pair also the text of the public key, and the key.
local function make(arguments, terminal)
	if arguments.type == "secret" then
		if arguments.public or arguments.kid or arguments.format ~= "pem" then
			terminal.fail("a secret has no public half, no kid and no format");
		end
		return random_secret(terminal).."\n";
	end
	local curve = curves[arguments.type];
	if curve and arguments.bits then
		terminal.fail("--bits is for RSA keys only");
	end
	local pem, jwk, code = verification.call(terminal, token_verifier.generate_key,
		{ curve = curve, bits = not curve and (arguments.bits or 2048) or nil });
	if not pem then
		terminal.fail(("%s: %s"):format(code, jwk));
	end
	local key = assert(token_verifier.key(pem));
	if arguments.format == "jwk" then
		return complete_jwk(jwk, key, arguments.kid), complete_jwk(key:jwk(), key, arguments.kid), key;
	elseif arguments.kid then
		terminal.fail("only a JWK holds a kid: give --format jwk too, or the kid to 'token-verifier publish'");
	end
	return pem, key:pem(), key;
end

-- Both files are checked before either is written, so that there is never only one of them.
local function check_files(arguments, terminal)
	if arguments.out and arguments.out == arguments.public then
		terminal.fail("--out and --public name the same file");
	end
	for _, path in ipairs { arguments.out or arguments.public, arguments.public } do
		if not arguments.force and files.exists(path) then
			terminal.fail(("%s exists already; --force overwrites it"):format(path));
		end
	end
end

local function write(path, text, mode, arguments, terminal)
	local ok, problem = files.write(path, text, mode, arguments.force);
	if not ok then
		terminal.fail(problem);
	end
end

local function run(arguments, terminal)
	check_files(arguments, terminal);
	local private, public, key = make(arguments, terminal);
	if arguments.out then
		write(arguments.out, private, "600", arguments, terminal);
	end
	if arguments.public then
		if arguments.out and files.is_same(arguments.out, arguments.public) then -- with different spellings
			terminal.fail("--out and --public name the same file, which holds the private key now");
		end
		write(arguments.public, public, "644", arguments, terminal);
	end
	if terminal.wants_json then
		terminal.print_json {
			[key and "private" or "secret"] = arguments.out or private, public = arguments.public or public,
			thumbprint = key and key:thumbprint(),
		};
	elseif not arguments.out then
		terminal.write(private);
	else
		terminal.line(("%s (%s, for its owner only)"):format(arguments.out, key and "private key" or "secret"));
		if arguments.public then
			terminal.line(("%s (public key: %s)"):format(arguments.public, key_text.describe(key)));
		end
	end
	return 0;
end

return { name = "keygen", summary = "Makes a key pair or a shared secret", usage = "[options]", register = register, run = run };
