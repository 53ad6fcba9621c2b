-- SPDX-License-Identifier: MIT
-- A key server on loopback for specs, which can be told to fail. It serves the same keys as the files of a key server, as a JWK
-- Set, and as an OpenID provider.

local socket = require "socket";
local token_verifier = require "token_verifier";
local keys = require "token_verifier.testing.keys";

local key_server = {};
key_server.__index = key_server;

-- The failures of fail(), and the type of its second argument: a status, or seconds.
local failures = { down = false, silent = false, html = false, slow = "number", status = "number" };

local function quoted(text)
	return "'"..text:gsub("'", [['\'']]).."'";
end

local function start_process(control_port)
	local command = ("LUA_PATH=%s LUA_CPATH=%s %s -e %s </dev/null &"):format(quoted(package.path), quoted(package.cpath),
		os.getenv("LUA") or "lua5.4", quoted(('require "token_verifier.testing.key_server_process"(%d)'):format(control_port)));
	-- A variable for this version of Lua would be used instead of LUA_PATH and LUA_CPATH.
	os.execute("unset LUA_PATH_5_4 LUA_CPATH_5_4 LUA_INIT LUA_INIT_5_4; "..command);
end

local function command(self, line, body)
	if not self.control then
		error("the key server has been closed", 3);
	end
	assert(self.control:send(line.."\n"..(body or "")));
end

local function done(self)
	local answer, problem = self.control:receive("*l");
	assert(answer == "done", problem or answer);
end

local function put_document(self, path, text)
	command(self, ("document %s %d"):format(path, #text), text);
	done(self);
end

local function publish_set(self)
	put_document(self, "/jwks.json", keys.jwk_set(self.keys));
end

-- Starts to serve this text at a path.
function key_server:document(path, text)
	put_document(self, path, text);
end

-- Starts to serve more keys: a list of results of key(), or a table from kid to such a result or to a PEM.
function key_server:publish(more)
	for kid, pem in pairs(keys.by_kid(more)) do
		self.keys[kid] = pem;
		put_document(self, "/keys/"..token_verifier.key_file_name(kid), pem);
	end
	publish_set(self);
end

-- Stops serving the key of this kid.
function key_server:withdraw(kid)
	self.keys[kid] = nil;
	command(self, "withdraw /keys/"..token_verifier.key_file_name(kid));
	done(self);
	publish_set(self);
end

-- From now on it fails: "down" (connections are refused), "silent" (no answer), "html" (200 and a page), "status" and a
-- number, "slow" and seconds.
function key_server:fail(how, number)
	if failures[how] == nil or type(number) ~= (failures[how] or "nil") then
		error('expected is "down", "silent", "html", "status" and a number, or "slow" and seconds', 2);
	end
	command(self, ("behave %s %s"):format(how, number or ""));
	done(self);
end

-- From now on it serves again.
function key_server:recover()
	command(self, "behave good");
	done(self);
end

-- Sets max-age in its answers, in seconds; nil: no Cache-Control header.
function key_server:max_age(seconds)
	command(self, ("max_age %s"):format(seconds or ""));
	done(self);
end

-- A list of the paths that were requested so far; only those of one kid if it is given.
function key_server:requests(kid)
	command(self, "requests");
	local paths = {};
	for _ = 1, tonumber(self.control:receive("*l")) do
		local path = self.control:receive("*l");
		if not kid or path == "/keys/"..token_verifier.key_file_name(kid) then
			paths[#paths + 1] = path;
		end
	end
	done(self);
	return paths;
end

-- Ends the server. It also ends with this process.
function key_server:close()
	if self.control then
		self.control:close();
		self.control = nil;
	end
end

key_server.__close = key_server.close;
key_server.__gc = key_server.close;

-- Starts a server with these keys; the default is the key of key().
local function start(with_keys)
	local listener = assert(socket.bind("127.0.0.1", 0));
	listener:settimeout(10);
	local _, control_port = listener:getsockname();
	start_process(math.tointeger(tonumber(control_port)));
	local control = listener:accept();
	listener:close();
	if not control then
		error("the process of the key server did not start: it needs lua5.4 (or what the variable LUA names) and luasocket", 2);
	end
	control:settimeout(10);
	control:setoption("tcp-nodelay", true);
	local port = assert(control:receive("*l"));
	local self = setmetatable({ control = control, keys = {}, issuer = "http://127.0.0.1:"..port }, key_server);
	self.url, self.jwks_url = self.issuer.."/keys", self.issuer.."/jwks.json";
	put_document(self, "/.well-known/openid-configuration",
		('{"issuer":"%s","jwks_uri":"%s"}'):format(self.issuer, self.jwks_url));
	self:publish(with_keys or { keys.key() });
	return self;
end

return { start = start };
