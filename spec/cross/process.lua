-- SPDX-License-Identifier: MIT
-- A process that answers each line with a JSON request by a line with a JSON answer, as long as the specs run.

local json = require "dkjson";
local null = require "token_verifier".null;
local temporary = require "spec.support.temporary";

local folder = debug.getinfo(1, "S").source:match("^@(.*/)");

local M = {};
M.__index = M;

local function succeeds(command)
	return (os.execute(command.." >/dev/null 2>&1"));
end

-- io.popen() goes one way: requests take a FIFO. What a sanitizer preloads is not for others.
local function start(command)
	local fifo = temporary.file();
	os.remove(fifo);
	assert(succeeds("mkfifo -m 600 "..fifo));
	local answers = assert(io.popen(("env -u LD_PRELOAD %s <%s"):format(command, fifo)));
	local requests = assert(io.open(fifo, "w"));
	os.remove(fifo);
	requests:setvbuf("full");
	return setmetatable({ requests = requests, answers = answers }, M);
end

-- Requests may be sent before earlier ones are answered.
function M:send(request)
	self.requests:write(json.encode(request), "\n");
	self.requests:flush();
end

function M:receive()
	local answer = assert(self.answers:read("l"), "a process of spec/cross has died");
	local value, _, message = json.decode(answer, 1, null);
	assert(value ~= nil, message);
	return value;
end

function M:ask(request)
	self:send(request);
	return self:receive();
end

-- Told, since a process started later holds the FIFO of an earlier one open too.
function M:close()
	self:send({ operation = "stop" });
	self.requests:close();
	self.answers:close();
end

-- The libraries of npm, or nil and the reason.
function M.node()
	if not succeeds("node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)'") then
		return nil, "node 20 is not installed";
	elseif not succeeds("test -d "..folder.."node_modules/jose") then
		return nil, "the libraries of npm are not installed: make cross";
	end
	return start("node "..folder.."peers.js");
end

-- The libraries of Debian.
function M.python()
	return start((os.getenv("PYTHON") or "/usr/bin/python3").." "..folder.."peers.py");
end

return M;
