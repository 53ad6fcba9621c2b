-- SPDX-License-Identifier: MIT
-- A key server on loopback for specs, which can be told to fail: the files of a key server, a JWK Set and an OpenID provider's
-- configuration of the same keys.

local socket = require "socket";
local token_verifier = require "token_verifier";
local keys = require "token_verifier.testing.keys";

local key_server = {};
key_server.__index = key_server;

-- What fail() knows; the number is a status, or seconds.
local failures = { down = false, silent = false, html = false, slow = "number", status = "number" };

local function quoted(text)
	return "'"..text:gsub("'", [['\'']]).."'";
end

local function start_process(control_port)
	local command = ("LUA_PATH=%s LUA_CPATH=%s %s -e %s </dev/null &"):format(quoted(package.path), quoted(package.cpath),
		os.getenv("LUA") or "lua5.4", quoted(('require "token_verifier.testing.key_server_process"(%d)'):format(control_port)));
	-- A variable for one version of Lua would come before the others.
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

-- Serves this text at a path.
function key_server:document(path, text)
	put_document(self, path, text);
end

-- Serves more keys: a list of those of key(), or a table from kid to them or to PEM texts.
function key_server:publish(more)
	for kid, pem in pairs(keys.by_kid(more)) do
		self.keys[kid] = pem;
		put_document(self, "/keys/"..token_verifier.key_file_name(kid), pem);
	end
	publish_set(self);
end

-- Serves the key of this kid no longer.
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

-- How long its answers say that they are good for, in seconds; nil: they do not say.
function key_server:max_age(seconds)
	command(self, ("max_age %s"):format(seconds or ""));
	done(self);
end

-- The paths that it was asked for so far, in a list; of one kid if it is given.
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

-- Ends it. So does the end of the process.
function key_server:close()
	if self.control then
		self.control:close();
		self.control = nil;
	end
end

key_server.__close = key_server.close;
key_server.__gc = key_server.close;

-- Starts one with these keys; without any it has that of key().
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
