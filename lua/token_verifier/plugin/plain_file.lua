-- SPDX-License-Identifier: MIT
-- Opens files named by options, but never a pipe: opening one blocks the whole server until somebody writes into it.

local has_lfs, lfs = pcall(require, "lfs");

-- The same as io.open(path, "rb"), but only for files and folders.
local function open(path)
	local mode = has_lfs and lfs.attributes(path, "mode");
	if mode and mode ~= "file" and mode ~= "directory" then
		return nil, ("%s: it is a %s, not a plain file"):format(path, mode);
	end
	return io.open(path, "rb");
end

-- The result of file:read(format) for the file at `path`. Nil and a message: the file cannot be read; nil alone: it is empty.
-- `open_with` is used instead of open(): io.open where blocking on a pipe is acceptable.
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

-- Whether a file or folder can be opened; if not, nil and a message.
local function can_open(path)
	local file, problem = open(path);
	if not file then
		return nil, problem;
	end
	file:close();
	return true;
end

return { can_open = can_open, read = read };
