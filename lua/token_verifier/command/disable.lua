-- SPDX-License-Identifier: MIT
-- token-verifier disable: takes the folders of our plugins out of the option plugin_paths of a Prosody configuration.

local drop_in = require "token_verifier.command.drop_in";

local function register(parser)
	drop_in.add_options(parser);
	parser:epilog [[
Shows the change, and writes it. What 'token-verifier enable' has added goes, to
the last byte, and so does its copy of the file, if the file is as before.
Changes that were made in between stay. Prosody must be restarted.

Example:
   token-verifier disable --config /etc/prosody/prosody.cfg.lua]];
end

local function run(arguments, terminal)
	return drop_in.run(arguments, terminal, function () return {}; end);
end

return {
	name = "disable", summary = "Takes the plugins out of plugin_paths of a configuration", usage = "[options]", register = register,
	run = run,
};
