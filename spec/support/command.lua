-- SPDX-License-Identifier: MIT
-- Runs the command token-verifier with a shell, in its own folder.

local temporary = require "spec.support.temporary";

local root = io.popen("pwd"):read("l");
local program = root.."/bin/token-verifier";

local function quoted(text)
	return "'"..text:gsub("'", "'\\''").."'";
end

local command = { quoted = quoted };

function command.write(path, text)
	local file = assert(io.open(path, "wb"));
	assert(file:write(text) and file:close());
end

-- A folder that has nothing to be seen in it.
function command.folder()
	local folder = temporary.folder();
	-- The program is run by the Lua that runs the specs, with the modules that they test.
	command.write(folder.."/.tv", "#!/bin/sh\nexec lua5.4 "..quoted(program).." \"$@\"\n");
	os.execute("chmod +x "..quoted(folder).."/.tv");
	return folder;
end

function command.read(path)
	local file = assert(io.open(path, "rb"));
	local text = file:read("a");
	file:close();
	return text;
end

-- Runs a shell command in `folder`, in which $tv runs the program, and $program is its file. Returns what came on standard output
-- and on standard error, and the exit status.
function command.shell(folder, text)
	local pipe = io.popen(("cd %s && tv=\"$PWD/.tv\" program=%s && exec 2>.stderr </dev/null\n%s"):format(
		quoted(folder), quoted(program), text));
	local output = pipe:read("a");
	local _, _, status = pipe:close();
	return output, command.read(folder.."/.stderr"), status;
end

-- Runs the program with these arguments, a list of strings.
function command.run(folder, arguments, input)
	local parts = { "$tv" };
	for i, argument in ipairs(arguments) do
		parts[i + 1] = quoted(argument);
	end
	if input then
		command.write(folder.."/.stdin", input);
		parts[#parts + 1] = "<.stdin";
	end
	return command.shell(folder, table.concat(parts, " "));
end

return command;
