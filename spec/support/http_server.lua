-- SPDX-License-Identifier: MIT
-- A key server in its own process. The first part of a path selects its behaviour, correct or wrong: http_server_process.lua has the
-- behaviours, and the control requests; `server.X{ ... }` sends the one with op = "X".

local json = require "dkjson";
local socket = require "socket";
local token_verifier = require "token_verifier";

local M = {};

-- Starts one. `folder` is where it has files: those of /file/NAME, and the keys that it serves.
function M.start(folder)
	local listener = assert(socket.bind("127.0.0.1", 0));
	listener:settimeout(30);
	os.execute(("lua5.4 spec/support/http_server_process.lua %d '%s' </dev/null &"):format(
		math.tointeger(tonumber((select(2, listener:getsockname())))), folder or ""));
	local control = assert(listener:accept(), "the process of the HTTP server did not start");
	listener:close();
	control:settimeout(60);
	control:setoption("tcp-nodelay", true);
	local server = { url = "http://127.0.0.1:"..assert(control:receive("*l")) };

	local function ask(op, request)
		local fields = { op = op };
		for name, value in pairs(request or {}) do
			fields[name] = value;
		end
		assert(control:send(json.encode(fields).."\n"));
		local answer = json.decode(assert(control:receive("*l")));
		if not answer.fine then
			error(answer.result, 3);
		end
		return answer.result;
	end

	-- Serves the PEM under this kid.
	function server.publish(kid, pem)
		ask("publish", { name = token_verifier.key_file_name(kid), text = pem });
	end

	function server.close()
		control:close();
	end

	return setmetatable(server, { __index = function (_, op)
		return function (request)
			return ask(op, request);
		end;
	end });
end

local held = {};

-- A key server's address where nothing listens, and nobody will: the port stays bound.
function M.closed_url()
	local bound = socket.tcp4();
	assert(bound:bind("127.0.0.1", 0));
	held[#held + 1] = bound;
	return "http://127.0.0.1:"..select(2, bound:getsockname());
end

return M;
