-- SPDX-License-Identifier: MIT
-- The specs' way to the harness: world.X{ ... } asks the driver (harness/driver.py) for the request X.

local json = require "dkjson";

local python = os.getenv("PYTHON") or "/usr/bin/python3";
local folder = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$");

local driver, answers, pipe;

local function quoted(text)
	return "'"..text:gsub("'", "'\\''").."'";
end

local function start_driver()
	local name = io.popen("mktemp -u"):read("l");
	pipe = name..".answers";
	assert(os.execute("mkfifo -m 600 "..quoted(pipe)));
	-- The shell opens the pipe, so that a driver that cannot start ends it instead of leaving us to wait.
	driver = assert(io.popen(("exec %s %s/harness/driver.py /dev/fd/3 3>%s"):format(
		quoted(python), quoted(folder), quoted(pipe)), "w"));
	driver:setvbuf("line");
	answers = assert(io.open(pipe, "r"));
	os.remove(pipe);
	if not answers:read("l") then -- it says that it is there
		driver:close();
		answers:close();
		driver, answers = nil, nil;
		error("the harness does not start: what it wrote stands above", 0);
	end
end

local function ask(op, request)
	if not driver then
		start_driver();
	end
	local fields = { op = op };
	for name, value in pairs(request or {}) do
		fields[name] = value;
	end
	driver:write(json.encode(fields), "\n");
	local line = answers:read("l");
	if not line then
		error("the harness ended at "..op, 3);
	end
	local answer = assert(json.decode(line));
	if answer.error then
		error(answer.error, 3);
	end
	return answer.result;
end

local world = {};

-- Ends every server; the next request begins a new world. Fails if a Prosody of this one wrote down what nobody may see, or
-- that a module raised. `is_known`: f(line) -> whether such a line is expected.
function world.close(is_known)
	if not driver then
		return;
	end
	local ok, leaks = pcall(ask, "leaks");
	for i = ok and is_known and #leaks or 0, 1, -1 do
		if is_known(leaks[i]) then
			table.remove(leaks, i);
		end
	end
	local looked, tracebacks = pcall(ask, "tracebacks");
	driver:close();
	answers:close();
	driver, answers = nil, nil;
	if not ok or #leaks > 0 then
		error(ok and "a token, a signature or a secret is in the log:\n"..table.concat(leaks, "\n") or leaks, 0);
	elseif not looked or #tracebacks > 0 then
		error(looked and "a module raised:\n"..table.concat(tracebacks, "\n") or tracebacks, 0);
	end
end

local function literal(value)
	if type(value) == "table" then
		local items = {};
		for i, item in ipairs(value) do
			items[i] = literal(item);
		end
		return "{ "..table.concat(items, ", ").." }";
	end
	return type(value) == "string" and ("%q"):format(value) or tostring(value);
end

local function options_of(options)
	local lines = {};
	for name, value in pairs(options or {}) do
		lines[#lines + 1] = ("\t%s = %s\n"):format(name, literal(value));
	end
	table.sort(lines);
	return table.concat(lines);
end

-- Configuration of a host that takes tokens, and of its rooms; options override the common ones.
function world.host(name, options, muc_options)
	local all = { authentication = "token", app_id = "issuer" };
	for option, value in pairs(options) do
		all[option] = value;
	end
	local muc = { modules_enabled = { "token_verification" } };
	for option, value in pairs(muc_options or {}) do
		muc[option] = value;
	end
	return ("VirtualHost %q\n%s\nComponent %q \"muc\"\n%s\n"):format(
		name, options_of(all), "conference."..name, options_of(muc));
end

-- What Prosody logged at info or above while the function ran, and what the function returned.
function world.logged(name, action)
	local position = world.log_size({ name = name });
	local result = action();
	local lines = {};
	for line in world.log_since({ name = name, position = position }):gmatch("[^\n]+") do
		if line:find("\tinfo\t") or line:find("\twarn\t") or line:find("\terror\t") then
			lines[#lines + 1] = line;
		end
	end
	return table.concat(lines, "\n"), result;
end

return setmetatable(world, {
	__index = function (_, op)
		return function (request)
			return ask(op, request);
		end;
	end;
});
