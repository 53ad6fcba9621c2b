-- SPDX-License-Identifier: MIT
-- The options that say how a token is verified, for every subcommand that does.

local token_verifier = require "token_verifier";
local files = require "token_verifier.command.files";
local input = require "token_verifier.command.input";

-- Which exit status a code of token_verifier.codes has: 3 where the source of keys is to blame, not the token.
local function status_of(code)
	return token_verifier.code_classes[code] == "source" and 3 or 1;
end

-- For argparse's convert: a whole number.
local function whole(text)
	local number = text:match("^%-?%d+$") and math.tointeger(tonumber(text));
	if not number then
		return nil, ("'%s' is not a whole number"):format(text);
	end
	return number;
end

-- Where keys come from: options that exclude each other, and how their servers are reached.
local function add_sources(parser)
	parser:mutex(
		parser:option("--secret-file"):argname("<file>"):description("The shared secret is in this file; - is standard input."),
		parser:option("--key"):argname("<file>"):description("The key is in this file: PEM, certificate or JWK."),
		parser:option("--asap-key-server"):argname("<url>"):description("A key server, as Prosody's asap_key_server."),
		parser:option("--jwks-url"):argname("<url>"):description("A JWK Set, as Prosody's cache_keys_url."),
		parser:option("--openid-issuer"):argname("<url>"):description("An OpenID provider; its issuer is accepted."),
		parser:option("--directory"):argname("<dir>"):description("A folder with the files of a key server.")
	);
end

local function add_connection(parser)
	parser:option("--ca-file"):argname("<file>"):description("Authorities that certify the key server, in PEM.");
	parser:option("--proxy"):argname("<url>"):description("Ask the key server through this proxy.");
	parser:option("--bearer-token-file"):argname("<file>"):description("The file's first line goes along as Authorization: Bearer.");
	parser:option("--client-cert"):argname("<file>"):description("Certificate to show to the key server, in PEM.");
	parser:option("--client-key"):argname("<file>"):description("Its private key.");
	parser:option("--timeout"):argname("<s>"):convert(whole):description("Seconds that the key server may take; default 5.");
end

-- What is accepted.
local function add_policy(parser)
	parser:option("--alg"):argname("<name>"):count("*"):target("algorithms")
		:description("An algorithm that is accepted; default HS256 for a secret, else RS256.");
	parser:option("--issuer"):argname("<iss>"):count("*"):target("accepted_issuers")
		:description("An issuer that is accepted; default any or none.");
	parser:option("--audience"):argname("<aud>"):count("*"):target("accepted_audiences")
		:description("An audience that is accepted; default any or none.");
	parser:option("--type"):argname("<typ>"):count("*"):target("accepted_types")
		:description("A typ that is accepted; default JWT.");
	parser:option("--require"):argname("<claim>"):count("*"):target("required_claims")
		:description("A claim that must be there.");
	parser:option("--room"):argname("<room>"):description("The room to be entered.");
	parser:option("--leeway"):argname("<s>"):convert(whole):description("Seconds that clocks may differ by, up to 300; default 0.");
	parser:option("--now"):argname("<time>"):convert(whole):description("Judge as of this Unix time.");
end

-- What key a text is that was given as a secret; nil if it is none.
local function kind_of_key(text)
	local key, is_private = token_verifier.key(text);
	if key then
		return ("%s %s key"):format(is_private and "a private" or "a public", key:type());
	end
	return text:find("PRIVATE KEY-----", 1, true) and "a private key that is encrypted, damaged or of another kind" or nil;
end

-- The secret of a file, without the end of line that editors put there.
local function read_secret(name, terminal)
	local text = input.read(name, "the secret", terminal):gsub("\r?\n$", "");
	local kind = kind_of_key(text);
	if kind then
		terminal.fail(("weak-secret: what --secret-file names holds %s, not a shared secret: give a key with --key"):format(kind));
	end
	return text;
end

-- Calls a function of token_verifier that raises for options out of range: those are wrong use.
local function call(terminal, made, ...)
	local results = table.pack(pcall(made, ...));
	if not results[1] then
		terminal.fail(tostring(results[2]));
	end
	return table.unpack(results, 2, results.n);
end

-- Opens the store of keys that is named; nil if none is.
local function open_store(arguments, terminal)
	local directory = arguments.directory;
	if directory then
		directory = files.absolute(directory);
	end
	if not (arguments.asap_key_server or arguments.jwks_url or arguments.openid_issuer or directory) then
		return nil;
	end
	local store, message, code = call(terminal, token_verifier.keystore, {
		asap_key_server = arguments.asap_key_server, jwks_url = arguments.jwks_url, openid_issuer = arguments.openid_issuer,
		directory = directory, ca_file = arguments.ca_file, proxy = arguments.proxy,
		bearer_token_file = arguments.bearer_token_file, client_cert = arguments.client_cert, client_key = arguments.client_key,
		timeout = arguments.timeout, wait_limit = arguments.timeout and arguments.timeout + 1,
	});
	if not store then
		terminal.fail(("%s: %s"):format(code, message));
	end
	return store;
end

local function filled(list)
	return list and #list > 0 and list or nil;
end

-- The options of token_verifier.new() that the arguments stand for. Ends the command if no source of keys is named.
local function options_of(arguments, terminal)
	local options = {
		algorithms = filled(arguments.algorithms), accepted_issuers = filled(arguments.accepted_issuers),
		accepted_audiences = filled(arguments.accepted_audiences), accepted_types = filled(arguments.accepted_types),
		required_claims = filled(arguments.required_claims),
		room = arguments.room, leeway = arguments.leeway, now = arguments.now,
	};
	if arguments.secret_file then
		options.secret = read_secret(arguments.secret_file, terminal);
	elseif arguments.key then
		options.key = input.read(arguments.key, "the key", terminal);
	else
		options.keys = open_store(arguments, terminal);
		if arguments.openid_issuer and not options.accepted_issuers then
			options.accepted_issuers = { arguments.openid_issuer };
		end
		if not options.keys then
			terminal.fail("no key is named: give one of --secret-file, --key, --asap-key-server, --jwks-url, --openid-issuer and --directory");
		end
	end
	return options;
end

return {
	add_sources = add_sources, add_connection = add_connection, add_policy = add_policy, options_of = options_of,
	open_store = open_store, read_secret = read_secret, call = call, status_of = status_of, whole = whole,
};
