-- SPDX-License-Identifier: MIT
-- token-verifier key-name: under which name a key server has the key of a kid.

local token_verifier = require "token_verifier";
local key_text = require "token_verifier.command.key_text";

local function register(parser)
	parser:argument("kid"):description("The kid, as it stands in the header of tokens.");
	parser:epilog [[
The name is the SHA-256 of the kid in hex, and ".pem". The kid is taken as it
is: no line break belongs behind it, and no quotes around it.

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
	name = "key-name", summary = "Prints the file name that a key server has for a kid", usage = "[options] <kid>",
	register = register, run = run,
};
