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

-- What file:read(format) gives of a file. Nil and a message: it cannot be read; nil alone: it is empty. `open_with` takes the place
-- of open(): io.open, where pipes may be waited for.
local function read(path, format, open_with)
	local file, problem = (open_with or open)(path, "rb");
	if not file then
		return nil, problem;
	end
	local text;
	text, problem = file:read(format);
	file:close();
	return text, problem and ("%s: %s"):format(path, problem);
end

-- Whether a file or folder can be opened; otherwise nil and a message.
local function can_open(path)
	local file, problem = open(path);
	if not file then
		return nil, problem;
	end
	file:close();
	return true;
end

return { can_open = can_open, read = read };
