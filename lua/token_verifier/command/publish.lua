-- SPDX-License-Identifier: MIT
-- token-verifier publish: writes the public half of a key into the folder of a key server.

local token_verifier = require "token_verifier";
local files = require "token_verifier.command.files";
local input = require "token_verifier.command.input";
local key_text = require "token_verifier.command.key_text";

local function register(parser)
	parser:argument("key"):description("File of the key: PEM, certificate or JWK, public or private; - is standard input.");
	parser:option("--kid"):argname("<kid>"):count(1):description("The kid of the key in tokens.");
	parser:option("--dir"):argname("<dir>"):count(1):description("The folder that the web server serves.");
	parser:flag("--force"):description("Replace another key that has this kid.");
	parser:epilog [[
Only the public half is written, readable by everybody, under the file name that
'token-verifier key-name' prints. The file is never incomplete. To change a key,
publish the new one with a new kid: servers may use the old one for as long as
the web server's max-age says.

Example:
   token-verifier publish my-key.private.pem --kid my-key --dir /srv/keys]];
end

local function run(arguments, terminal)
	local key = key_text.load(input.read(arguments.key, "the key", terminal), arguments.key, terminal);
	local path = files.join(arguments.dir, token_verifier.key_file_name(key_text.check_kid(arguments.kid, terminal)));
	local outcome, problem = files.publish(path, key:pem(), arguments.force);
	if not outcome then
		terminal.fail(problem);
	elseif terminal.wants_json then
		terminal.print_json { kid = arguments.kid, file = path, changed = outcome ~= "unchanged", thumbprint = key:thumbprint() };
	else
		terminal.line(("%s (%s, %s)"):format(path, key_text.describe(key), outcome));
	end
	return 0;
end

return {
	name = "publish", summary = "Writes a public key into the folder of a key server", usage = "[options] <key> --kid <kid> --dir <dir>",
	register = register, run = run,
};
