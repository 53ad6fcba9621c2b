-- SPDX-License-Identifier: MIT
-- Reading a prosody.cfg.lua without Prosody: the result is the same as with the reader of each installed Prosody.

local explaining = require "spec.support.explaining";
local configuration_file = require "token_verifier.explain.configuration_file";

lazy_teardown(explaining.close);

-- f(value, indent): the sections as text, sorted.
local show_source = [[
local function show(value, indent)
	if type(value) ~= "table" then
		return ("%s %s"):format(math.type(value) or type(value), tostring(value));
	end
	local lines = {};
	for name, item in pairs(value) do
		lines[#lines + 1] = ("\n%s%s: %s"):format(indent, tostring(name), show(item, indent.."  "));
	end
	table.sort(lines);
	return table.concat(lines);
end
return show
]];
local show = load(show_source)();

-- What a Prosody makes of a file, run in a process of its own: the sections as text, or nil and its complaint.
local program = [[
local source, path = ...
package.path, package.cpath = source.."/?.lua;"..package.path, source.."/?.so;"..package.cpath
pcall(require, "loader")
local manager = require "core.configmanager"
local ok, _, problem = manager.load(path, "lua")
if not ok then
	io.write("problem ", tostring(problem))
	return
end
local show = load([==[
]]..show_source..[[]==])()
io.write(show(manager.getconfig(), ""))
]];

local function sources()
	local list = {};
	for _, prefix in ipairs({ "", os.getenv("PROSODY13_ROOT") or "/opt/prosody-13" }) do
		local file = io.open(prefix.."/usr/lib/prosody/prosody.version");
		if file then
			list[#list + 1] = { path = prefix.."/usr/lib/prosody", is_old = file:read("a"):find("^0%.") ~= nil };
			file:close();
		end
	end
	return list;
end

local function prosody_reads(source, path)
	local script = explaining.write_file("reader.lua", program);
	local pipe = io.popen(("lua5.4 %s %s %s"):format(script, source, path));
	local output = pipe:read("a");
	pipe:close();
	return output;
end

-- { what, text, whether only Prosody 13 knows it }
local cases = {
	{ "hosts and components", [[
admins = { "a@b" }; count = 5 + 2; text = ("x"):rep(3)
VirtualHost "Meet.Example.ORG"
	app_id = "app"
	asap_accepted_issuers = { "a", "b" }
VirtualHost "inline.example.org" { app_id = "x", enabled = true }
again_global = 7
Component "conference.meet.example.org" "muc"
	restrict_room_creation = true
Component "ext.example.org"
	component_secret = "x"
Component "inline.meet.example.org" "muc" { a = 1 }
host "old.example.org"
]] },
	{ "variables of the environment", "home = ENV_HOME; app_id = ENV_TOKEN_VERIFIER_UNSET or \"fallback\"" },
	{ "files that are included", "a = 1\nInclude \"included.cfg.lua\"\nb = 2\n" },
	{ "files that a pattern includes", "Include \"inc*ed.cfg.lua\"\n" },
	{ "an option that is set twice", "app_id = 1\napp_id = 2\n" },
	{ "Lua itself", "n = string.rep(\"x\", 3)\nlist = {}\nfor i = 1, 3 do n = (\"y\"):rep(i) end" },
	{ "lists that grow", "modules_enabled = { \"a\" }\nmodules_enabled:append { \"b\" }\nmodules_enabled { \"c\" }\n"
		.."log = { debug = \"x\" }\nlog:append { info = \"y\" }\n", true },
	{ "what files hold",
		"line = FileLine(\"text\"); all = FileContents(\"text\"); lines = FileLines(\"text\"); n = Lua.string.rep(\"x\", 2)", true },
};

describe("a configuration is read as Prosody does:", function ()
	for _, source in ipairs(sources()) do
		for _, case in ipairs(cases) do
			if not (source.is_old and case[3]) then
				it(("%s (%s)"):format(case[1], source.is_old and "0.12" or "13"), function ()
					explaining.write_file("included.cfg.lua", "VirtualHost \"included.example.org\"\n\tapp_id = \"i\"\n");
					explaining.write_file("text", "first\nsecond\n");
					local path = explaining.write_file("read.cfg.lua", case[2]);
					local ours = assert(configuration_file.read(path));
					assert.equal(prosody_reads(source.path, path), show(ours.sections, ""));
				end);
			end
		end
	end

	it("and its default file too", function ()
		for _, source in ipairs(sources()) do
			local path = source.path:gsub("/usr/lib/prosody$", "").."/etc/prosody/prosody.cfg.lua";
			local theirs = prosody_reads(source.path, path);
			local ours, problem = configuration_file.read(path);
			if theirs:find("^problem") then
				assert.is_nil(ours, path);
				assert.is_string(problem);
			else
				assert.equal(theirs, show(assert(ours, problem).sections, ""));
			end
		end
	end);

	-- What Prosody does not read, nor do we: { what, text, words of the complaint }
	for _, case in ipairs({
		{ "no Lua", "a = = 5", "read.cfg.lua:1: unexpected symbol near '='" },
		{ "a host without a name", "VirtualHost(nil)", "Host must have a name" },
		{ "a file that is not there", "Include \"gone.cfg.lua\"", "gone.cfg.lua: No such file or directory" },
		{ "a folder that is not there", "Include \"gone/*.lua\"", "No such file or directory" },
		{ "a host that is a component", "Component \"a\" \"muc\"\nVirtualHost \"a\"", "clashes" },
		{ "a component that is a host", "VirtualHost \"a\"\nComponent \"a\" \"muc\"", "clashes" },
		{ "a call of what is no function", "x()", "read.cfg.lua:1:" },
		{ "an unknown operation", "l = {}\nl:prepend { 1 }", "prepend" },
	}) do
		it("not "..case[1], function ()
			local path = explaining.write_file("read.cfg.lua", case[2]);
			local ours, problem = configuration_file.read(path);
			assert.is_nil(ours);
			assert.truthy(problem:find(case[3], 1, true), problem);
			for _, source in ipairs(sources()) do
				assert.truthy(prosody_reads(source.path, path):find("^problem"));
			end
		end);
	end
end);

describe("the text that Lua's error message quotes", function ()
	for _, text in ipairs({ 'app_secret = "hidden', "app_secret = 'hidden\n", "app_secret = [[hidden", 'x = 1 "hidden"', "x = 1 'hidden'",
		"x = 1 [[hidden]]", 'app_secret = "\\q hidden"', 'app_secret "a" "hidden"', "app_secret = 0hidden", "app_secret = hidden-a",
		"app_secret = hidden.a", 'app_secret = "a"hidden"b"', "app_secret = 'a'hidden", 'app_secret = "a"..hidden', "app_secret = x hidden 1",
		"app_secret = string.hidden.a", 'app_secret = ("a"):hidden()', "goto hidden" }) do
		it(("is not shown where it may be a secret: %s"):format(text:gsub("%s", " ")), function ()
			local path = explaining.write_file("read.cfg.lua", text);
			local ours, problem = configuration_file.read(path);
			assert.is_nil(ours);
			assert.truthy(problem:find("read.cfg.lua:%d", 1), problem);
			assert.is_nil(problem:find("hidden", 1, true), problem);
		end);
	end

	it("is shown if it is only punctuation, or the end of the file", function ()
		local path = explaining.write_file("read.cfg.lua", "a = ~= 5");
		assert.equal(path..":1: unexpected symbol near '~='", select(2, configuration_file.read(path)));
		path = explaining.write_file("read.cfg.lua", "a = {");
		assert.truthy(select(2, configuration_file.read(path)):find("near <eof>", 1, true));
	end);

	it("may be an error that is not a string", function ()
		local path = explaining.write_file("read.cfg.lua", "error(setmetatable({}, { __tostring = error }))");
		assert.equal("it raises an error that is a table", select(2, configuration_file.read(path)));
	end);
end);

describe("the notes about a configuration", function ()
	local function texts_of(notes)
		local texts = {};
		for i, note in ipairs(notes) do
			texts[i] = note.text;
		end
		return texts;
	end

	it("are about options set twice, and values known only to the running Prosody", function ()
		local path = explaining.write_file("read.cfg.lua",
			"a = 1\na = ENV_TOKEN_VERIFIER_UNSET\nb = ENV_TOKEN_VERIFIER_UNSET\nc = Credential(\"x\")\n");
		local ours = assert(configuration_file.read(path));
		assert.same({
			path..":2: the environment variable TOKEN_VERIFIER_UNSET is not set here; Prosody's own environment may have it",
			path..":2: Duplicate option 'a'",
			path..":4: Credential(\"x\") is not known here: systemd gives it to Prosody alone",
		}, texts_of(ours.notes));
	end);

	it("are not about the same option of another host", function ()
		local path = explaining.write_file("read.cfg.lua", "a = 1\nVirtualHost \"x\"\na = 2\n");
		local ours = assert(configuration_file.read(path));
		assert.same({}, ours.notes);
		assert.same({ 1, 2, 1, nil }, { ours:get("*", "a"), ours:get("x", "a"), ours:get("y", "a"), ours:get("x", "b") });
	end);
end);
