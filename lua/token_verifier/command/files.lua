-- SPDX-License-Identifier: MIT
-- Writes files completely or not at all, with the right mode from the beginning. Lua's io has neither modes nor exclusive
-- creation, so the shell creates the file and Lua fills it.

local plain_file = require "token_verifier.plugin.plain_file";

local function quoted(path)
	-- A path that starts with "-" would be read as an option.
	return "'"..path:gsub("^%-", "./-"):gsub("'", "'\\''").."'";
end

-- The reason in an error message: "Permission denied" in "mkdir: cannot create directory 'x': Permission denied".
local function reason(output)
	return (output:match("([^:\n]+)\n*$") or "it could not be done"):match("^ *(.*)$");
end

-- Runs a shell command. Returns true, or nil and why it failed.
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

-- The path of a file in a folder; an empty folder is the current one, not the root.
local function join(folder, name)
	return (folder == "" and "." or folder:gsub("/+$", "")).."/"..name;
end

local function folder_of(path)
	return path:match("^(.*/)[^/]*$") or "./";
end

-- Whether something with this name exists, even a dangling link.
local function exists(path)
	return os.execute(("test -e %s -o -L %s"):format(quoted(path), quoted(path))) == true;
end

-- Whether two names are the same, existing file.
local function is_same(path, other)
	return os.execute(("test %s -ef %s"):format(quoted(path), quoted(other))) == true;
end

-- Creates an empty file beside `path` with this mode. Returns its name, or nil and a message.
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

-- Writes `text` to `path` with `mode` ("600"). Other processes see either the old file or the new one. Without `force` nothing is
-- overwritten. Returns true, or nil and a message.
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
		-- Unlike a rename, a link fails if another process has created the file.
		ok, problem = shell(("ln -T %s %s"):format(quoted(name), quoted(path)));
		os.remove(name);
	end
	if not ok then
		os.remove(name);
		return nil, ("cannot write %s: %s"):format(path, problem);
	end
	return true;
end

-- The name of the file itself, if `path` leads to it by links; nil if there is none.
local function real(path)
	local pipe = io.popen(("readlink -f -- %s 2>/dev/null"):format(quoted(path)));
	local name = pipe:read("l");
	pipe:close();
	return name;
end

-- Copies a file to a name that is free, with its owner and mode. Returns true, or nil and a message.
local function copy(path, new)
	local ok, problem = shell(("cp -p %s %s"):format(quoted(path), quoted(new)));
	if not ok then
		os.remove(new);
		return nil, ("cannot write %s: %s"):format(new, problem);
	end
	return true;
end

local function has_same_owner(path, other)
	return os.execute(('test "$(stat -c %%u:%%g:%%a %s)" = "$(stat -c %%u:%%g:%%a %s)"'):format(quoted(path), quoted(other))) == true;
end

-- Replaces the text of a file that has the text `old`; owner and mode stay. Other processes see either the old file or the new one.
-- Returns true, or nil and a message: the file is unchanged then.
local function replace(path, old, text)
	local name, problem = create_beside(path, "600");
	if not name then
		return nil, ("cannot create a file in %s: %s"):format(folder_of(path), problem);
	end
	local ok;
	ok, problem = copy(path, name);
	if ok then
		ok, problem = fill(name, text);
	end
	if ok and not has_same_owner(path, name) then
		ok, problem = nil, ("%s: its owner or group would change; call this as root"):format(path);
	elseif ok and plain_file.read(path, "a") ~= old then
		ok, problem = nil, ("%s was changed by somebody else meanwhile"):format(path);
	end
	if ok then
		ok, problem = os.rename(name, path);
	end
	if not ok then
		os.remove(name);
		return nil, problem;
	end
	return true;
end

-- Writes a file that everybody can read, unless it already contains `text`: an unchanged file keeps its date. Returns "new",
-- "replaced" or "unchanged"; or nil and a message, for example if it contains something else and `force` is not set.
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

-- The names in a folder that match a Lua pattern; or nil and a message.
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

return {
	write = write, publish = publish, list = list, join = join, absolute = absolute, exists = exists, is_same = is_same, real = real,
	copy = copy, replace = replace,
};
