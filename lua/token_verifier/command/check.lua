-- SPDX-License-Identifier: MIT
-- token-verifier check: what is wrong with a Prosody configuration as far as tokens go, and whether its keys can be had.

local default_path = require "token_verifier.explain.configuration_file".default_path;

local function register(parser)
	parser:option("--config"):argname("<file>"):description("The configuration; default "..default_path..".");
	parser:option("--host"):argname("<host>"):count("*"):target("hosts"):description("Only this VirtualHost.");
	parser:epilog [[
Reads the configuration as Prosody does, and each option as the plugins do; asks
every source of keys; and says what is wrong. The exit status is 0 if nothing is
(there may be warnings), 1 if something is, and 3 if all that is wrong is a
source of keys that cannot be reached.

Run it where and as whom Prosody runs: other machines and users may reach other
servers, and may read other files.

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
