-- SPDX-License-Identifier: MIT
-- Opens files that options name. Opening a pipe waits for whoever writes into it, and the whole server with it.

local has_lfs, lfs = pcall(require, "lfs");

-- As io.open(path, "rb"), for files and folders only.
local function open(path)
	local mode = has_lfs and lfs.attributes(path, "mode");
	if mode and mode ~= "file" and mode ~= "directory" then
		return nil, ("%s: it is a %s, not a plain file"):format(path, mode);
	end
	return io.open(path, "rb");
end

return { open = open };
