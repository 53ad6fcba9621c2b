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

-- Where keys come from: the name of an argument, what it is given, and a description. Those that token_verifier.keystore() has
-- too name a store.
local sources = {
	{ "secret_file", "<file>", "The shared secret is in this file; - is standard input." };
	{ "key", "<file>", "The key is in this file: PEM, certificate or JWK." };
	{ "asap_key_server", "<url>", "A key server, as Prosody's asap_key_server." };
	{ "jwks_url", "<url>", "A JWK Set, as Prosody's cache_keys_url." };
	{ "openid_issuer", "<url>", "An OpenID provider; its issuer is accepted." };
	{ "directory", "<dir>", "A folder with the files of a key server." };
};

-- How the command has the name of an argument.
local function flag_of(name)
	return "--"..name:gsub("_", "-");
end

-- Options that exclude each other.
local function add_sources(parser)
	local options = {};
	for i, row in ipairs(sources) do
		options[i] = parser:option(flag_of(row[1])):argname(row[2]):description(row[3]);
	end
	parser:mutex(table.unpack(options));
end

-- Whether the arguments say where keys come from.
local function names_a_source(arguments)
	for _, row in ipairs(sources) do
		if arguments[row[1]] then
			return true;
		end
	end
	return false;
end

local function fail_without_source(terminal)
	local flags = {};
	for i, row in ipairs(sources) do
		flags[i] = flag_of(row[1]);
	end
	terminal.fail(("no key is named: give one of %s and %s"):format(table.concat(flags, ", ", 1, #flags - 1), flags[#flags]));
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
	local named;
	for _, row in ipairs(token_verifier.sources) do
		named = arguments[row.name] and row.name or named;
	end
	if not named then
		return nil;
	end
	local value = arguments[named];
	local store, message, code = call(terminal, token_verifier.keystore, {
		[named] = named == "directory" and files.absolute(value) or value, ca_file = arguments.ca_file, proxy = arguments.proxy,
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
			fail_without_source(terminal);
		end
	end
	return options;
end

return {
	add_sources = add_sources, names_a_source = names_a_source, add_connection = add_connection, add_policy = add_policy,
	options_of = options_of, open_store = open_store, read_secret = read_secret, call = call, status_of = status_of, whole = whole,
};
