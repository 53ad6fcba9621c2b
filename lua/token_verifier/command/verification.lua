-- SPDX-License-Identifier: MIT
-- The options that say how a token is verified, for every subcommand that verifies one.

local token_verifier = require "token_verifier";
local files = require "token_verifier.command.files";
local input = require "token_verifier.command.input";

-- The exit status for a code of token_verifier.codes: 3 if the source of keys is the problem, not the token.
local function status_of(code)
	return token_verifier.code_classes[code] == "source" and 3 or 1;
end

-- For argparse's convert(): a whole number.
local function whole(text)
	local number = text:match("^%-?%d+$") and math.tointeger(tonumber(text));
	if not number then
		return nil, ("'%s' is not a whole number"):format(text);
	end
	return number;
end

-- The sources of keys: name of the argument, placeholder of its value, description. Those that are also options of
-- token_verifier.keystore() open a store.
local sources = {
	{ "secret_file", "<file>", "A shared secret; - is standard input." };
	{ "key", "<file>", "One key: PEM, certificate or JWK." };
	{ "asap_key_server", "<url>", "A key server, like Prosody's option asap_key_server." };
	{ "jwks_url", "<url>", "A JWK Set, like Prosody's option cache_keys_url." };
	{ "openid_issuer", "<url>", "An OpenID provider; its issuer is accepted if no other is given." };
	{ "directory", "<dir>", "A folder with the same files as a key server." };
};

-- The option of the command for the name of an argument.
local function flag_of(name)
	return "--"..name:gsub("_", "-");
end

-- Adds the sources of keys as options that exclude each other.
local function add_sources(parser)
	local options = {};
	for i, row in ipairs(sources) do
		options[i] = parser:option(flag_of(row[1])):argname(row[2]):description(row[3]);
	end
	parser:mutex(table.unpack(options));
end

-- Whether the arguments contain a source of keys.
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

-- How a key server is reached, in the same form; the names are those of token_verifier.keystore().
local connection = {
	{ "ca_file", "<file>", "Certificate authorities that are accepted for the server, in PEM." };
	{ "proxy", "<url>", "Use this proxy." };
	{ "bearer_token_file", "<file>", "The first line of the file is sent as Authorization: Bearer." };
	{ "client_cert", "<file>", "Certificate for mutual TLS, in PEM." };
	{ "client_key", "<file>", "Private key of the certificate, in PEM." };
	{ "timeout", "<s>", "Seconds to wait for the server; default 5.", convert = whole };
};

local function add_connection(parser)
	for _, row in ipairs(connection) do
		local option = parser:option(flag_of(row[1])):argname(row[2]):description(row[3]);
		if row.convert then
			option:convert(row.convert);
		end
	end
end

-- What is accepted: name of a list option of token_verifier.new(), the option that adds to it, placeholder of its value,
-- description.
local lists = {
	{ "algorithms", "--alg", "<name>", "An accepted algorithm; default HS256 for a secret, else RS256." };
	{ "accepted_issuers", "--issuer", "<iss>", "An accepted issuer, or *; by default iss is not checked." };
	{ "accepted_audiences", "--audience", "<aud>", "An accepted audience, or *; by default aud is not checked." };
	{ "accepted_types", "--type", "<typ>", "An accepted typ of the header; default JWT." };
	{ "required_claims", "--require", "<claim>", "A claim that must be present." };
};

local function add_policy(parser)
	for _, row in ipairs(lists) do
		parser:option(row[2]):argname(row[3]):count("*"):target(row[1]):description(row[4]);
	end
	parser:option("--room"):argname("<room>"):description("The room to enter.");
	parser:option("--leeway"):argname("<s>"):convert(whole):description("Seconds that clocks may differ, at most 300; default 0.");
	parser:option("--now"):argname("<time>"):convert(whole):description("Use this Unix time instead of the clock.");
end

-- The first option in the arguments that --config replaces, as written on the command line; nil if there is none.
local function option_of_configuration(arguments)
	for _, row in ipairs(lists) do
		if #arguments[row[1]] > 0 then
			return row[2];
		end
	end
	for _, row in ipairs({ { "leeway" }, table.unpack(connection) }) do
		if arguments[row[1]] then
			return flag_of(row[1]);
		end
	end
	return nil;
end

-- The kind of key in a text that was given as a secret; nil if it is not a key.
local function kind_of_key(text)
	local key, is_private = token_verifier.key(text);
	if key then
		return ("%s %s key"):format(is_private and "a private" or "a public", key:type());
	end
	return text:find("PRIVATE KEY-----", 1, true) and "a private key that is encrypted, damaged or of another kind" or nil;
end

-- The secret in a file, without the line end that editors add.
local function read_secret(name, terminal)
	local text = input.read(name, "the secret", terminal):gsub("\r?\n$", "");
	local kind = kind_of_key(text);
	if kind then
		terminal.fail(("weak-secret: the file of --secret-file contains %s, not a shared secret: give a key with --key"):format(kind));
	end
	return text;
end

-- The option of the command for an option of the module, where it has another name.
local other_flags = { secret = "--secret-file", private_key = "--key", algorithm = "--alg" };
for _, row in ipairs(lists) do
	other_flags[row[1]] = row[2];
end

-- Calls a function of token_verifier that raises an error for invalid options: this is incorrect use of the command.
local function call(terminal, made, ...)
	local results = table.pack(pcall(made, ...));
	if not results[1] then
		terminal.fail((tostring(results[2]):gsub("option '([%l_]+)'", function (name)
			return ("option '%s'"):format(other_flags[name] or flag_of(name));
		end)));
	end
	return table.unpack(results, 2, results.n);
end

-- The options of token_verifier.keystore() for how a server is reached.
local function connection_of(arguments)
	local options = { wait_limit = arguments.timeout and arguments.timeout + 1 };
	for _, row in ipairs(connection) do
		options[row[1]] = arguments[row[1]];
	end
	return options;
end

-- Opens the key store of the arguments' source; nil if there is no such source.
local function open_store(arguments, terminal)
	local named;
	for _, row in ipairs(token_verifier.sources) do
		named = arguments[row.name] and row.name or named;
	end
	if not named then
		return nil;
	end
	local value, options = arguments[named], connection_of(arguments);
	options[named] = named == "directory" and files.absolute(value) or value;
	local store, message, code = call(terminal, token_verifier.keystore, options);
	if not store then
		terminal.fail(("%s: %s"):format(code, message));
	end
	return store;
end

-- The options of token_verifier.new() except for the source of keys.
local function policy_of(arguments)
	local options = { room = arguments.room, leeway = arguments.leeway, now = arguments.now };
	for _, row in ipairs(lists) do
		options[row[1]] = #arguments[row[1]] > 0 and arguments[row[1]] or nil;
	end
	return options;
end

-- The options of token_verifier.new() for the arguments. Ends the command if there is no source of keys.
local function options_of(arguments, terminal)
	local options = policy_of(arguments);
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
	connection_of = connection_of,
	add_sources = add_sources, names_a_source = names_a_source, add_connection = add_connection, add_policy = add_policy,
	option_of_configuration = option_of_configuration, options_of = options_of, policy_of = policy_of, open_store = open_store,
	read_secret = read_secret, call = call, status_of = status_of, whole = whole,
};
