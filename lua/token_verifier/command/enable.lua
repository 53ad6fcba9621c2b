-- SPDX-License-Identifier: MIT
-- token-verifier enable: puts the folders of our plugins in front in the option plugin_paths of a Prosody configuration.

local drop_in = require "token_verifier.command.drop_in";
local is_folder = require "token_verifier.plugin.plain_file".is_folder;

local function register(parser)
	drop_in.add_options(parser);
	parser:flag("--modules"):description("Put our modules in front, too: mod_auth_token and mod_token_verification.");
	parser:epilog [[
Shows the change, and writes it into the file that sets the option, which may be
an included one. A copy of the file as it was is kept beside it, until
'token-verifier disable' has made the file the same again. Prosody must be
restarted.

A Prosody without Jitsi's plugins needs --modules.

Examples:
   token-verifier enable
   token-verifier enable --modules --config /etc/prosody/prosody.cfg.lua
   token-verifier enable --dry-run]];
end

local function run(arguments, terminal)
	return drop_in.run(arguments, terminal, function (folders)
		local names = { "dropin", arguments.modules and "modules" or nil };
		for _, folder in ipairs(folders) do
			names[2] = names[2] or drop_in.name_of(folder) == "modules" and "modules" or nil;
		end
		for i, name in ipairs(names) do
			names[i] = drop_in.own_folder()..name;
			if not is_folder(names[i]) then
				terminal.fail(("%s is no folder: the plugins are not installed beside this command"):format(names[i]));
			end
		end
		return names;
	end);
end

return {
	name = "enable", summary = "Puts the plugins into plugin_paths of a configuration", usage = "[options]", register = register, run = run,
};
