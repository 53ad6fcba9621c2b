-- SPDX-License-Identifier: MIT
-- Writes files whole or not at all, with the mode they should have from their first moment on. Lua's io knows neither
-- modes nor exclusive creation: the shell creates the file, Lua fills it.

local plain_file = require "token_verifier.plugin.plain_file";

local function quoted(path)
	-- What begins with "-" would be taken for an option.
	return "'"..path:gsub("^%-", "./-"):gsub("'", "'\\''").."'";
end

-- Why, of "mkdir: cannot create directory 'x': Permission denied".
local function reason(output)
	return (output:match("([^:\n]+)\n*$") or "it could not be done"):match("^ *(.*)$");
end

-- Runs a shell command. Returns true, or nil and why not.
local function shell(command)
	local pipe = io.popen("exec 2>&1; "..command);
	local output = pipe:read("a");
	if pipe:close() then
		return true;
	end
	return nil, reason(output);
end

local function absolute(path)
	if path:sub(1, 1) == "/" then
		return path;
	end
	local pipe = io.popen("pwd");
	local folder = pipe:read("l");
	pipe:close();
	return (folder or ".").."/"..path;
end

-- A file in a folder; no folder is none, not the root.
local function join(folder, name)
	return (folder == "" and "." or folder:gsub("/+$", "")).."/"..name;
end

local function folder_of(path)
	return path:match("^(.*/)[^/]*$") or "./";
end

-- Whether there is something with this name, be it a link that leads nowhere.
local function exists(path)
	return os.execute(("test -e %s -o -L %s"):format(quoted(path), quoted(path))) == true;
end

-- Whether two names lead to the same file, which is there.
local function is_same(path, other)
	return os.execute(("test %s -ef %s"):format(quoted(path), quoted(other))) == true;
end

-- An empty file beside `path`, with this mode, and its name; or nil and a message.
local function create_beside(path, mode)
	local pipe = io.popen(("umask 077; exec 2>&1; name=$(mktemp %s) && chmod %s \"$name\" && printf '/%%s' \"$name\" || printf %%s \"$name\"")
		:format(quoted(folder_of(path)..".token-verifier.XXXXXXXX"), mode));
	local name = pipe:read("a");
	local ok = pipe:close();
	if ok and name:sub(1, 1) == "/" then
		return name:sub(2);
	end
	return nil, reason(name);
end

local function fill(name, text)
	local file, problem = io.open(name, "wb");
	if not file then
		return nil, problem;
	end
	local ok, write_problem = file:write(text);
	local closed, close_problem = file:close();
	if not ok or not closed then
		return nil, write_problem or close_problem;
	end
	return true;
end

-- Writes `text` to `path` with `mode` ("600"). Whoever reads it meanwhile sees the old file or the new one. Without `force`
-- nothing is overwritten. Returns true, or nil and a message.
local function write(path, text, mode, force)
	if not force and exists(path) then
		return nil, ("%s exists already"):format(path);
	end
	local name, problem = create_beside(path, mode);
	if not name then
		return nil, ("cannot create a file in %s: %s"):format(folder_of(path), problem);
	end
	local ok;
	ok, problem = fill(name, text);
	if ok and force then
		ok, problem = os.rename(name, path);
	elseif ok then
		-- Unlike a rename, a link fails if somebody else was faster.
		ok, problem = shell(("ln -T %s %s"):format(quoted(name), quoted(path)));
		os.remove(name);
	end
	if not ok then
		os.remove(name);
		return nil, ("cannot write %s: %s"):format(path, problem);
	end
	return true;
end

-- Writes a public file, readable for all, unless it holds `text` already: what did not change keeps its date. Returns
-- "new", "replaced" or "unchanged", or nil and a message; also if it holds something else, without `force`.
local function publish(path, text, force)
	local there = exists(path);
	if there and plain_file.read(path, "a") == text then
		return "unchanged";
	elseif there and not force then
		return nil, ("%s exists already and holds another key; --force replaces it"):format(path);
	end
	local ok, problem = write(path, text, "644", force);
	if not ok then
		return nil, problem;
	end
	return there and "replaced" or "new";
end

-- Names in a folder that match a pattern of Lua; or nil and a message.
local function list(folder, pattern)
	local pipe = io.popen(("exec 2>&1; ls -A -- %s"):format(quoted(folder)));
	local output = pipe:read("a");
	if not pipe:close() then
		return nil, ("cannot read the folder %s: %s"):format(folder, reason(output));
	end
	local names = {};
	for name in output:gmatch("[^\n]+") do
		names[#names + 1] = name:match(pattern);
	end
	return names;
end

return { write = write, publish = publish, list = list, join = join, absolute = absolute, exists = exists, is_same = is_same };
