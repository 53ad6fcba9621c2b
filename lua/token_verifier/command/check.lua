-- SPDX-License-Identifier: MIT
-- token-verifier check: what is wrong with the token options of a Prosody configuration, and whether its keys can be fetched.

local default_path = require "token_verifier.explain.configuration_file".default_path;

local function register(parser)
	parser:option("--config"):argname("<file>"):description("The configuration; default "..default_path..".");
	parser:option("--host"):argname("<host>"):count("*"):target("hosts"):description("Only this VirtualHost.");
	parser:epilog [[
Reads the configuration of Prosody, contacts every source of keys, and says what
is wrong. The exit status is 0 if nothing is wrong (there may be warnings), 1 if
something is wrong, and 3 if the only problem is a source of keys that cannot be
reached.

Run it on the same machine and as the same user as Prosody: on other machines or
as other users it may reach other servers and read other files.

Examples:
   token-verifier check
   sudo -u prosody token-verifier check --config /etc/prosody/prosody.cfg.lua
   token-verifier check --config ./prosody.cfg.lua --json]];
end

local function run(arguments, terminal)
	require "token_verifier.command.prosody_libraries";
	return require "token_verifier.command.check_configuration".run(arguments, terminal);
end

return {
	name = "check", summary = "Says what is wrong with a configuration and its sources of keys", usage = "[options]", register = register,
	run = run,
};
