-- SPDX-License-Identifier: MIT
-- The process of a key server for specs. It gets its documents over a control connection, answers every command there, and ends
-- when this connection ends. It is a separate process, since a spec that waits for a key cannot serve it at the same time.

local socket = require "socket";

local documents, headers, requests = {}, "", {};
local behaviour, argument = "good", 0;
local listener, port;
local connections = {}; -- connection -> what it has sent so far
local due = {}; -- connection -> when it is answered

local function listen()
	listener = assert(socket.bind("127.0.0.1", port or 0));
	listener:settimeout(0);
	local _, given = listener:getsockname();
	port = math.tointeger(tonumber(given));
end

local function close(connection)
	connections[connection], due[connection] = nil, nil;
	connection:close();
end

local function response(path)
	local status, body = 404, "no such document\n";
	if behaviour == "status" then
		status, body = argument, "told to fail\n";
	elseif behaviour == "html" then
		status, body = 200, "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n";
	elseif documents[path] then
		status, body = 200, documents[path];
	end
	return ("HTTP/1.1 %d Whatever\r\n%sContent-Length: %d\r\nConnection: close\r\n\r\n%s"):format(status, headers, #body, body);
end

local function answer(connection)
	connection:settimeout(5);
	connection:send(response(connections[connection]:match("^%u+ (%S+)")));
	close(connection);
end

local function hear(connection)
	local text, problem, part = connection:receive("*a");
	local heard = connections[connection]..(text or part or "");
	connections[connection] = heard;
	if heard:find("\r\n\r\n", 1, true) then
		requests[#requests + 1] = heard:match("^%u+ (%S+)");
		due[connection] = behaviour == "silent" and math.huge or socket.gettime() + (behaviour == "slow" and argument or 0);
	elseif problem == "closed" then
		close(connection);
	end
end

local commands = {};

function commands.document(control, path, length)
	documents[path] = assert(control:receive(tonumber(length)));
end

function commands.withdraw(_, path)
	documents[path] = nil;
end

function commands.max_age(_, seconds)
	headers = seconds and ("Cache-Control: max-age=%s\r\n"):format(seconds) or "";
end

function commands.behave(_, name, number)
	behaviour, argument = name, tonumber(number) or 0;
	if name == "down" and listener then
		for connection in pairs(connections) do
			close(connection);
		end
		listener:close();
		listener = nil;
	elseif name ~= "down" and not listener then
		listen();
	end
end

function commands.requests(control)
	control:send(("%d\n%s"):format(#requests, table.concat(requests, "\n")..(#requests > 0 and "\n" or "")));
end

local function obey(control)
	local line = control:receive("*l");
	if not line then
		os.exit(0);
	end
	local name, first, second = line:match("^(%S+) ?(%S*) ?(%S*)$");
	commands[name](control, first ~= "" and first or nil, second ~= "" and second or nil);
	assert(control:send("done\n"));
end

local function step(control)
	local readable, now, wait = { control, listener }, socket.gettime(), nil;
	for connection in pairs(connections) do
		local at = due[connection];
		if not at then
			readable[#readable + 1] = connection;
		elseif at <= now then
			answer(connection);
		elseif at < math.huge then
			wait = math.min(wait or math.huge, at - now);
		end
	end
	for _, ready in ipairs((socket.select(readable, nil, wait))) do
		if ready == control then
			obey(control);
		elseif ready == listener then
			local connection = listener:accept();
			if connection then
				connection:settimeout(0);
				connections[connection] = "";
			end
		elseif connections[ready] then
			hear(ready);
		end
	end
end

return function (control_port)
	local control = assert(socket.connect("127.0.0.1", control_port));
	listen();
	assert(control:send(("%d\n"):format(port)));
	while true do
		step(control);
	end
end
