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

local is_a_directory = 21; -- EISDIR: a folder can be opened, but not be read

local function is_folder(path)
	if has_lfs then
		return lfs.attributes(path, "mode") == "directory";
	end
	local file = io.open(path, "rb");
	local number = file and select(3, file:read(1));
	if file then
		file:close();
	end
	return number == is_a_directory;
end

-- The names in a folder, sorted; or nil if it cannot be read. Without LuaFileSystem it runs a command.
local function list(path)
	local names = {};
	if has_lfs then
		local ok, next_name, folder = pcall(lfs.dir, path);
		if not ok then
			return nil;
		end
		for name in next_name, folder do
			names[#names + 1] = name ~= "." and name ~= ".." and name or nil;
		end
	else
		local pipe = io.popen("exec 2>/dev/null; ls -A -- '"..path:gsub("'", "'\\''").."'");
		for name in pipe:lines() do
			names[#names + 1] = name;
		end
		if not pipe:close() then
			return nil;
		end
	end
	table.sort(names);
	return names;
end

return { can_open = can_open, read = read, is_folder = is_folder, list = list };
