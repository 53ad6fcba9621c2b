-- SPDX-License-Identifier: MIT
-- token-verifier pem-to-jwks: makes one JWK Set from keys in files.

local token_verifier = require "token_verifier";
local files = require "token_verifier.command.files";
local input = require "token_verifier.command.input";
local json = require "token_verifier.command.json";
local key_text = require "token_verifier.command.key_text";
local quote = require "token_verifier.plugin.report".quote;

local function register(parser)
	parser:argument("keys"):args("+"):argname("[<kid>=]<file>")
		:description("The file of a key (PEM, certificate or JWK), with its kid in front; the default kid is the key's thumbprint.");
	parser:option("--alg"):argname("<name>"):description("Limit the keys to this algorithm.");
	parser:option("--out"):argname("<file>"):description("Write the set to this file, completely or not at all; default standard output.");
	parser:epilog [[
Only the public half of a private key is used. File names of a key server do not
contain the kid, so give it in front of the file.

Examples:
   token-verifier pem-to-jwks my-key=my-key.pem old-key=old-key.pem \
      --out /srv/www/jwks.json
   token-verifier pem-to-jwks fullchain.pem | jq .]];
end

local function read_key(argument, arguments, terminal)
	local kid, path = argument:match("^([^=]*)=(.*)$");
	path = path or argument;
	local key = key_text.load(input.read(path, "the key", terminal), path, terminal);
	local jwk = assert(token_verifier.decode_json(assert(key:jwk())));
	jwk.kid, jwk.use = kid ~= "" and kid or key:thumbprint(), "sig";
	local algorithms = key:algorithms();
	for _, algorithm in ipairs(arguments.alg and algorithms or {}) do
		jwk.alg = algorithm == arguments.alg and algorithm or jwk.alg;
	end
	if arguments.alg and not jwk.alg then
		terminal.fail(("%s: %s is no algorithm for this key; there is %s"):format(path, arguments.alg, table.concat(algorithms, ", ")));
	end
	return jwk;
end

local function run(arguments, terminal)
	local set, taken = json.list {}, {};
	for i, argument in ipairs(arguments.keys) do
		local jwk = read_key(argument, arguments, terminal);
		if taken[jwk.kid] then
			terminal.fail(("two keys have the kid %s"):format(quote(jwk.kid)));
		end
		taken[jwk.kid], set[i] = true, jwk;
	end
	local text = json.encode({ keys = set }).."\n";
	if not arguments.out then
		terminal.write(text);
		return 0;
	end
	local ok, problem = files.write(arguments.out, text, "644", true);
	if not ok then
		terminal.fail(problem);
	elseif terminal.wants_json then
		terminal.print_json { file = arguments.out, keys = #set };
	else
		terminal.line(("%s (%d key%s)"):format(arguments.out, #set, #set == 1 and "" or "s"));
	end
	return 0;
end

return {
	name = "pem-to-jwks", summary = "Makes a JWK Set from keys in files", usage = "[options] [<kid>=]<file> ...",
	register = register, run = run,
};
