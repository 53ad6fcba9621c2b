-- SPDX-License-Identifier: MIT
-- token-verifier explain: why a token is accepted or refused, check by check, and how to fix it.

local default_path = require "token_verifier.explain.configuration_file".default_path;
local input = require "token_verifier.command.input";
local verification = require "token_verifier.command.verification";

local function register(parser)
	input.add_token(parser);
	parser:option("--config"):argname("<file>")
		:description("Verify as Prosody does with this configuration; default "..default_path..".");
	parser:option("--host"):argname("<host>")
		:description("The VirtualHost that the token is for; needed if several accept tokens. With a source of keys, the domain.");
	verification.add_sources(parser);
	verification.add_policy(parser);
	verification.add_connection(parser);
	parser:epilog [[
Runs every check, even after one has failed, and says what was found, what was
expected, and how and where to fix it. Without a source of keys, --config or
--host, the signature cannot be checked. The room may be a name as people type
it or as Prosody has it, tenant/name, its JID or its web address.

Examples:
   token-verifier explain @token.txt --host meet.example.org --room planning
   token-verifier explain @token.txt --config ./prosody.cfg.lua --json
   token-verifier explain - --secret-file secret.txt --issuer my-app < token.txt
   token-verifier explain @token.txt --jwks-url https://sso.example.org/certs \
      --room https://meet.example.org/acme/planning]];
end

local function run(arguments, terminal)
	require "token_verifier.command.prosody_libraries";
	return require "token_verifier.command.explain_token".run(arguments, terminal);
end

return {
	name = "explain", summary = "Says why a token is accepted or refused", usage = "[options] [<token>]", register = register, run = run,
};
