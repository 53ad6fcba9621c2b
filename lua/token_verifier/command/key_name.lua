-- SPDX-License-Identifier: MIT
-- token-verifier key-name: the file name that a key server uses for a kid.

local token_verifier = require "token_verifier";
local key_text = require "token_verifier.command.key_text";

local function register(parser)
	parser:argument("kid"):description("The kid, as in the header of tokens.");
	parser:epilog [[
The name is the SHA-256 of the kid in hex, followed by ".pem". Give the kid
exactly as it is, without quotes or a line break.

Examples:
   token-verifier key-name my-key
   curl https://keys.example.org/asap/$(token-verifier key-name my-key)]];
end

local function run(arguments, terminal)
	local name = token_verifier.key_file_name(key_text.check_kid(arguments.kid, terminal));
	if terminal.wants_json then
		terminal.print_json { kid = arguments.kid, file = name };
	else
		terminal.line(name);
	end
	return 0;
end

return {
	name = "key-name", summary = "Prints the file name of a kid on a key server", usage = "[options] <kid>",
	register = register, run = run,
};
