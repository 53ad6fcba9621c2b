-- SPDX-License-Identifier: MIT
-- Reads a prosody.cfg.lua without Prosody. It supports the language of core/configmanager in Prosody 13, which includes that of
-- 0.12. The file is a program, and is run as Prosody would run it.

local has = require "token_verifier.plugin.list".has;
local names_of = require "token_verifier.plugin.list".names_of;
local plain_file = require "token_verifier.plugin.plain_file";

local global = "*";

local methods = {};
local mt = { __index = methods };

-- Resolves a path as Prosody does: relative to a folder.
local function resolve(folder, path)
	if path:sub(1, 1) == "/" then
		return path;
	end
	return (folder == "" and "" or folder:gsub("/*$", "/"))..path:gsub("^%./", "");
end

local function folder_of(path)
	return path:match("^(.*/)[^/]*$") or "";
end

-- The line of a configuration file that is being executed.
local function line_of(file)
	for level = 3, 20 do
		local info = debug.getinfo(level, "Sl");
		if not info then
			break;
		elseif info.source == "@"..file then
			return info.currentline;
		end
	end
	return 0;
end

local function set(self, host, name, value)
	self.sections[host] = self.sections[host] or {};
	self.sections[host][name] = value;
end

-- The value of a list option when it is read within the file: values can be appended to it.
local function list_proxy(self, host, name)
	local function append(proxy, values)
		if type(values) ~= "table" then
			error("'append' operation expects a list of values to append to the existing list", 2);
		end
		local list = self.sections[host][name];
		if values[1] ~= nil then
			table.move(values, 1, #values, #list + 1, list);
		else
			for key, value in pairs(values) do
				list[key] = value;
			end
		end
		return proxy;
	end
	return setmetatable({}, {
		__index = function (_, operation)
			if operation == "append" then
				return append;
			elseif operation == "value" then
				return function () return self.sections[host][name]; end;
			elseif operation == "values" then
				return function () return coroutine.wrap(function ()
					for _, value in pairs(self.sections[host][name]) do coroutine.yield(value); end
				end); end;
			end
			error("Unknown config option operation: '"..tostring(operation).."'", 2);
		end;
		__call = function (proxy, values)
			if type(values) ~= "table" then
				error("Invalid syntax - missing '=' perhaps?", 2);
			end
			return append(proxy, values);
		end;
	});
end

local function read_file(path, mode)
	local text, problem = plain_file.read(path, mode, io.open);
	if not text and problem then
		error(problem, 3);
	end
	return text;
end

local execute;

-- The files that match a pattern with * and ? in its last part, in the order of the folder.
local function expand(folder, pattern)
	local has_lfs, lfs = pcall(require, "lfs");
	if not has_lfs then
		error(("Error expanding wildcard pattern in Include %q - LuaFileSystem not available"):format(pattern), 0);
	end
	local directory, glob = pattern:match("^(.-)/?([^/]+)$");
	directory = directory ~= "" and resolve(folder, directory) or folder ~= "" and folder or ".";
	local lua_pattern = "^"..glob:gsub("[%p%c]", function (char)
		return char == "*" and ".*" or char == "?" and "." or "%"..char;
	end).."$";
	local ok, iterate, folder_object = pcall(lfs.dir, directory);
	if not ok then
		error(("Error expanding wildcard pattern in Include %q - %s"):format(pattern, iterate:gsub("^%S+:%d+: ", "")), 0);
	end
	local paths = {};
	for name in iterate, folder_object do
		if name:sub(1, 1) ~= "." and name:find(lua_pattern) then
			paths[#paths + 1] = directory:gsub("/*$", "/")..name;
		end
	end
	return paths;
end

local function host_name(name, what)
	if type(name) ~= "string" then
		error(what.." must have a name", 3);
	end
	return name:lower();
end

-- Adds the words of the language that open a section; `state.host` is the section where options are stored.
local function add_sections(self, words, state)
	function words.VirtualHost(name)
		name = host_name(name, "Host");
		if self.sections[name] and self.sections[name].component_module then
			error(("Host %q clashes with previously defined Component %q"):format(name, name), 0);
		end
		state.host = name;
		set(self, name, "defined", true);
		return function (options)
			state.host = global;
			if type(options) ~= "table" then
				error("Invalid syntax following VirtualHost, expected options but received a "..type(options), 2);
			end
			for option, value in pairs(options) do
				set(self, name, option, value);
			end
		end;
	end

	function words.Component(name)
		name = host_name(name, "Component");
		local section = self.sections[name];
		if section and section.defined and not section.component_module then
			error(("Component %q clashes with previously defined VirtualHost %q"):format(name, name), 0);
		end
		set(self, name, "component_module", "component");
		set(self, name, "load_global_modules", false);
		state.host = name;
		local function take_options(options)
			state.host = global;
			for option, value in pairs(options) do
				set(self, name, option, value);
			end
		end
		return function (module)
			if type(module) == "string" then
				set(self, name, "component_module", module);
				return take_options;
			end
			return take_options(module);
		end;
	end
	words.Host, words.host, words.component = words.VirtualHost, words.VirtualHost, words.Component;
end

local function add_files(self, words, path)
	local folder = folder_of(path);
	function words.Include(name)
		if name:find("[*?]") then
			for _, found in ipairs(expand(folder, name)) do
				execute(self, found);
			end
			return;
		end
		execute(self, resolve(folder, name));
	end
	words.include = words.Include;

	function words.RunScript(name)
		return dofile(resolve(folder, name));
	end
	function words.FileContents(name, mode)
		return read_file(resolve(folder, name), mode or "a");
	end
	function words.FileLine(name, mode)
		return read_file(resolve(folder, name), mode or "l");
	end
	function words.FileLines(name)
		local lines = {};
		for line in io.lines(resolve(folder, name)) do
			lines[#lines + 1] = line;
		end
		return lines;
	end
	function words.Credential(name, mode)
		local credentials = os.getenv("CREDENTIALS_DIRECTORY");
		if not credentials then
			self:note({ "credential-not-here" },
				"%s:%d: Credential(%q) is not known here: systemd gives it to Prosody alone", path, line_of(path), name);
			return nil;
		end
		return read_file(resolve(credentials, name), mode or "a");
	end
end

local function environment_variable(self, name, path)
	local value = os.getenv(name);
	if value == nil and not self.unset[name] then
		self.unset[name] = true;
		local line = line_of(path);
		self:note({ "variable-not-set", path = path, line = line, found = name },
			"%s:%d: the environment variable %s is not set here; Prosody's own environment may have it", path, line, name);
	end
	return value;
end

-- The environment of the file: the words of the language, options that are already set, and Lua's own library.
local function new_environment(self, path)
	local words, state, assigned = {}, { host = global }, {};
	local unknown_in; -- the line of a name that means nothing
	add_sections(self, words, state);
	add_files(self, words, path);
	return setmetatable({}, {
		__index = function (_, name)
			if words[name] then
				return words[name];
			elseif type(name) == "string" and name:find("^ENV_") then
				return environment_variable(self, name:sub(5), path);
			elseif name == "Lua" then
				return _G;
			end
			local value = (self.sections[state.host] or {})[name];
			if type(value) == "table" then
				return list_proxy(self, state.host, name);
			elseif value ~= nil then
				return value;
			end
			value = rawget(_G, name);
			unknown_in = value == nil and line_of(path) or nil;
			return value;
		end;
		__newindex = function (_, name, value)
			local option = state.host.."/"..tostring(name);
			if assigned[option] then
				local line = line_of(path);
				self:note({ "option-twice", path = path, line = line, option = name }, "%s:%d: Duplicate option '%s'", path, line, name);
			end
			assigned[option] = true;
			if value == nil and unknown_in == line_of(path) then -- its text is not shown: it may be a secret
				local line = line_of(path);
				self:note({ "text-without-quotes", path = path, line = line, option = name },
					"%s:%d: option '%s' gets no value: a text is written in quotes", path, line, name);
			end
			self.places[option] = { path = path, line = line_of(path) };
			set(self, state.host, name, value);
		end;
	});
end

-- Runs one file; raises an error if it is wrong.
function execute(self, path)
	local file, problem = io.open(path, "rb");
	if not file then
		error("Error loading included "..problem, 0);
	end
	local text = self.texts[path] or file:read("a");
	file:close();
	if not text then
		error(path.." cannot be read", 0);
	end
	self.files[#self.files + 1] = path;
	local chunk, message = load(text, "@"..path, "t", new_environment(self, path));
	if not chunk then
		error(message, 0);
	end
	chunk();
end

function methods:note(cause, text, ...)
	self.notes[#self.notes + 1] = { cause = cause, text = text:format(...) };
end

-- The option in force for a host, or globally for "*".
function methods:get(host, name)
	local value = self.sections[host] and self.sections[host][name];
	if value == nil then
		value = self.sections[global][name];
	end
	return value;
end

-- The names of the components with this `module`, or of the VirtualHosts if it is nil, in alphabetical order.
function methods:hosts(module)
	return names_of(self.sections, function (name, section)
		return name ~= global and section.component_module == module and section.enabled ~= false; -- else Prosody leaves it out
	end);
end

-- Whether a component loads a module. Modules enabled for all hosts do not count: of these, Prosody loads only some of its own for
-- components.
function methods:loads(component, name)
	local section = self.sections[component];
	return has(section.modules_enabled, name) and not has(section.modules_disabled, name);
end

-- Lua's error message about a file, without the text that it quotes: that may be a secret whose quotes are missing or wrong, or
-- the part of one that looks like a name or a number. Only punctuation is shown.
local function without_texts(message)
	return (message:gsub("^(.-unfinished string).*$", "%1")
		:gsub(" near '(.*)$", function (rest)
			return not rest:find("^[^%w%s_\"'%[\128-\255]+'$") and " near a text" or nil;
		end)
		:gsub(" %((%l+) '[^\n]*'%)", function (kind)
			return (kind == "global" or kind == "field" or kind == "method") and " (no such name, or a text without quotes)" or nil;
		end)
		:gsub("no visible label '.-' for", "no visible label for"));
end

-- What is probably meant where Lua expects a round bracket: a list that was not written in braces; else "".
local function hint(message)
	local path, line = message:match("^(.-):(%d+): '%)' expected");
	local count, opened = 0, false;
	for content in (path and plain_file.read(path, "a", io.open) or ""):gmatch("([^\n]*)\n") do
		count = count + 1;
		if count > tonumber(line) then
			break;
		elseif content:find("^%s*[%a_][%w_]*%s*=") then
			opened = content:find("^%s*[%a_][%w_]*%s*=%s*%(") ~= nil;
		end
	end
	return opened and ": a list is written in braces, { ... }, and not in round brackets" or "";
end

-- Reads a file. Returns an object with `sections` (name of the host or "*" -> options), `folder`, `files`, `places` ("HOST/OPTION" ->
-- { path, line } where it was set last by itself), and `notes`, a list of { cause, text } (see options/host_log.lua); or nil and a
-- message. `texts` (path -> text) is read in the place of files.
local function read(path, texts)
	local self = setmetatable({
		path = path, folder = folder_of(path):gsub("(.)/$", "%1"), sections = { [global] = {} }, files = {},
		notes = {}, unset = {}, places = {}, texts = texts or {},
	}, mt);
	if self.folder == "" then
		self.folder = ".";
	end
	local file, problem = io.open(path, "rb");
	if not file then
		return nil, problem;
	end
	file:close();
	local ok, message = pcall(execute, self, path);
	if not ok then
		return nil, type(message) == "string" and without_texts(message)..hint(message) or "it raises an error that is a "..type(message);
	end
	return self;
end

return { read = read, resolve = resolve, default_path = "/etc/prosody/prosody.cfg.lua" };
