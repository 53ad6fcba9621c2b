-- SPDX-License-Identifier: MIT
-- A key server for specs, in the same event loop: it answers when and what a spec says, and counts.

local prosody = require "spec.support.prosody";
local hashes = require "util.hashes";

local server = prosody.server;

local M = {};

local next_port = 24100;

local function listen(listener)
	for _ = 1, 100 do
		next_port = next_port + 1;
		local handle = server.listen("127.0.0.1", next_port, listener, {});
		if handle then
			return handle, next_port;
		end
	end
	error("no free port");
end

local function response(status, body)
	return ("HTTP/1.1 %d Whatever\r\nContent-Type: application/x-pem-file\r\nContent-Length: %d\r\n"
		.."Connection: close\r\n\r\n%s"):format(status, #body, body);
end

-- Starts a server with `keys` (kid -> PEM). `delay` seconds pass before an answer; nil keys are 404.
function M.start(keys)
	local self = { keys = keys or {}, requests = {}, delay = 0 };
	local function answer(conn, path)
		for kid, pem in pairs(self.keys) do
			if path == "/keys/"..hashes.sha256(kid, true)..".pem" then
				conn:write(response(200, pem));
				return conn:close();
			end
		end
		conn:write(response(404, "no such key"));
		conn:close();
	end
	local handle, port = listen({
		onconnect = function () end;
		onincoming = function (conn, data)
			local path = data:match("^GET (%S+) HTTP");
			self.requests[#self.requests + 1] = path;
			if self.delay == 0 then
				return answer(conn, path);
			elseif self.delay then
				server.add_task(self.delay, function () answer(conn, path); end);
			end -- delay = false: never
		end;
		ondisconnect = function () end;
	});
	self.url = ("http://127.0.0.1:%d/keys"):format(port);
	function self.stop()
		handle:close();
	end
	return self;
end

return M;
