-- SPDX-License-Identifier: MIT
-- Finds libraries of other projects that Prosody loads instead of ours: it searches the folder of its plugin installer
-- ("custom_plugins") first.

local plain_file = require "token_verifier.plugin.plain_file";

local ours = { "token/util", "luajwtjitsi", "token/jwk" };

-- The first file that module:require(name) finds, and its contents.
local function first_of(name, folders)
	for folder in folders:gmatch("[^"..package.config:sub(3, 3).."]+") do
		for _, place in ipairs({ "%s/%s.lib.lua", "%s/share/lua/5.4/%s.lib.lua" }) do
			local path = place:format(folder, name);
			local text = plain_file.read(path, "a");
			if text then
				return path, text;
			end
		end
	end
	return nil;
end

-- Warns about each. `folders` is where plugins are searched; the default is the folders of the running Prosody.
local function check(complain, folders)
	folders = folders or _G.prosody.paths.plugins or "";
	for _, name in ipairs(ours) do
		local path, text = first_of(name, folders);
		if path and not text:find('require "token_verifier', 1, true) then
			complain("warn", { "library-elsewhere" }, "'%s' is loaded from %s, not from prosody-token-verifier: "
				.."put our folder in front in 'plugin_paths', and keep other copies out of 'custom_plugins'", name, path);
		end
	end
end

return { check = check };
