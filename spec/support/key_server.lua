-- SPDX-License-Identifier: MIT
-- A key server for specs, in the same event loop, so that nothing happens between two steps of a spec: it answers when and what
-- the spec says, and counts. It has JWK Sets and OpenID providers too. Others are in processes of their own: http_server.lua.

local prosody = require "spec.support.prosody";
local hashes = require "util.hashes";
local json = require "util.json";
local socket = require "socket";
local jwk_set = require "token_verifier.testing.keys".jwk_set;

local server = prosody.server;

local M = {};

-- A port that the system gives, and gives nobody else soon. The key stores of the process are told apart by URL, and one
-- may outlive the spec that made it until the collector comes: the next file must not meet its keys.
local function free_port()
	local listener = assert(socket.bind("127.0.0.1", 0));
	local _, port = listener:getsockname();
	listener:close();
	return math.tointeger(tonumber(port));
end

local function listen(listener)
	for _ = 1, 100 do
		local port = free_port();
		local handle = server.listen("127.0.0.1", port, listener, {});
		if handle then
			return handle, port;
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
	local self = { keys = keys or {}, requests = {}, delay = 0, documents = {} };
	local function answer(conn, path)
		if self.documents[path] then
			conn:write(response(200, self.documents[path]));
			return conn:close();
		end
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
	self.base = ("http://127.0.0.1:%d"):format(port);
	self.url = self.base.."/keys";

	-- Publishes a JWK Set of the keys, and gives its URL.
	function self.publish_set(name, set_keys)
		local path = "/sets/"..name;
		self.documents[path] = jwk_set(set_keys);
		return self.base..path;
	end

	-- Publishes an OpenID provider whose keys they are, and gives its issuer.
	function self.publish_provider(name, provider_keys)
		local issuer = self.base.."/"..name;
		self.documents["/"..name.."/.well-known/openid-configuration"] = json.encode({
			issuer = issuer, jwks_uri = self.publish_set(name, provider_keys),
		});
		return issuer;
	end

	-- How often `part` of a path was asked for.
	function self.count(part)
		local count = 0;
		for _, path in ipairs(self.requests) do
			count = count + (path:find(part, 1, true) and 1 or 0);
		end
		return count;
	end

	function self.stop()
		handle:close();
	end
	return self;
end

return M;
