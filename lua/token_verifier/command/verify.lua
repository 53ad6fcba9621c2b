-- SPDX-License-Identifier: MIT
-- token-verifier verify: says whether a token is valid, also by its exit status.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local input = require "token_verifier.command.input";
local json = require "token_verifier.command.json";
local verification = require "token_verifier.command.verification";

local function register(parser)
	input.add_token(parser);
	verification.add_sources(parser);
	verification.add_policy(parser);
	verification.add_connection(parser);
	parser:flag("-q --quiet"):description("Print nothing; the exit status is the result.");
	parser:epilog [[
Prints the claims of a valid token; without a terminal, JSON as with --json. The
exit status is 0 if it is valid, 1 if it is refused, and 3 if its key could not
be fetched. The token may stand in an address, a header, JSON or other text;
what was left out is said on standard error. An address that a server refuses as
it stands there is refused here, too.

Examples:
   token-verifier verify @token.txt --secret-file /etc/prosody/token-secret
   token-verifier verify @token.txt --key public.pem --alg ES256 --room planning
   token-verifier verify @token.txt --issuer my-app --audience jitsi \
      --asap-key-server https://keys.example.org/asap
   mint-token | token-verifier verify --json --require room \
      --openid-issuer https://sso.example.org/realms/meet]];
end

-- `more` is added to the sentence for people.
local function refuse(arguments, terminal, message, code, more)
	local status = verification.status_of(code);
	if terminal.wants_json and not arguments.quiet then
		terminal.print_json { valid = false, code = code, message = message };
		return status;
	elseif not arguments.quiet then
		terminal.fail(("refused: %s: %s%s"):format(code, message, more or ""), status);
	end
	return status;
end

local function run(arguments, terminal)
	local options = verification.options_of(arguments, terminal);
	local token, wrong_address, no_token = input.find_token(arguments, terminal, arguments.quiet);
	local verifier, problem, problem_code = verification.call(terminal, token_verifier.new, options);
	if not verifier then -- because of the key or the secret; the token was not checked
		terminal.fail(("%s: %s"):format(problem_code, problem));
	elseif problem then
		terminal.warn(problem);
	end
	local claims, header_or_message, code = blocking.verify(verifier, options, token);
	if not claims then
		return refuse(arguments, terminal, header_or_message, code, no_token);
	elseif wrong_address then
		return refuse(arguments, terminal, "the token is good, but not as it was pasted. "..wrong_address.cause, "malformed-token");
	elseif arguments.quiet then
		return 0;
	elseif terminal.prints_json() then
		terminal.print_json { valid = true, header = header_or_message, claims = claims };
		return 0;
	end
	terminal.line(terminal.colour("green", "The token is valid."));
	terminal.lines(json.encode(claims));
	return 0;
end

return { name = "verify", summary = "Says whether a token is valid", usage = "[options] [<token>]", register = register, run = run };
