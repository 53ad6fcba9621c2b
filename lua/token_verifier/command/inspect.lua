-- SPDX-License-Identifier: MIT
-- token-verifier inspect: what a token contains, without verifying it.

local token_verifier = require "token_verifier";
local input = require "token_verifier.command.input";
local json = require "token_verifier.command.json";
local time_words = require "token_verifier.explain.time_words";

local function register(parser)
	input.add_token(parser);
	parser:epilog [[
Nothing is verified: anybody can write anything into a token. Without a
terminal, the output is JSON.

Examples:
   token-verifier inspect @token.txt
   token-verifier inspect --json - < token.txt | jq .claims.exp]];
end

local function run(arguments, terminal)
	local token, wrong_address, no_token = input.find_token(arguments, terminal);
	if wrong_address then
		terminal.note(wrong_address.cause);
	end
	local header, claims, code = token_verifier.inspect(token);
	if not header then
		if terminal.wants_json then
			terminal.print_json { code = code, message = claims };
			return 1;
		end
		terminal.fail(("%s: %s%s"):format(code, claims, no_token), 1);
	end
	if terminal.prints_json() then
		terminal.print_json { header = header, claims = claims };
		return 0;
	end
	terminal.lines(terminal.colour("bold", "Header").." "..json.encode(header));
	terminal.lines(terminal.colour("bold", "Claims").." "..json.encode(claims));
	for _, name in ipairs({ "iat", "nbf", "exp" }) do
		local time = claims[name];
		if type(time) == "number" then
			local left = time - os.time();
			terminal.line(("%s is %s, %s"):format(name, time_words.date(time),
				(left < 0 and "%s ago" or "in %s"):format(time_words.span(left))));
		end
	end
	terminal.line(terminal.colour("yellow", "Nobody has verified this token."));
	return 0;
end

return { name = "inspect", summary = "Shows the header and the claims of a token, unverified", usage = "[options] [<token>]",
	register = register, run = run };
