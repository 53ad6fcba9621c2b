-- SPDX-License-Identifier: MIT
-- The command run again and again in one process, for specs of hundreds of rows. Each line of standard input is a Lua list of
-- arguments; the answer goes to the pipe that the argument names: exit status and length, then what was printed.

local main = require "token_verifier.command.main".main;
local temporary = require "spec.support.temporary";

local answers = assert(io.open(arg[1], "wb"));
local path = temporary.file();

for line in io.stdin:lines() do
	local file = assert(io.open(path, "w+b"));
	io.stdout, io.stderr = file, file; -- luacheck: ignore 122
	local status = main(assert(load("return "..line))());
	file:seek("set");
	local output = file:read("a");
	file:close();
	answers:write(("%d %d\n"):format(status, #output), output);
	answers:flush();
end
os.remove(path);
