-- SPDX-License-Identifier: MIT
-- token-verifier enable and disable: our folders in plugin_paths, whatever its form, and out again to the byte.

local command = require "spec.support.command";
local configuration_file = require "token_verifier.explain.configuration_file";
local json = require "token_verifier".decode_json;
local explaining = require "spec.support.explaining";

local root = io.popen("pwd"):read("l");
local dropin, modules = root.."/lua/dropin", root.."/lua/modules";
local jitsi = "/usr/share/jitsi-meet/prosody-plugins/";

local folder;

before_each(function ()
	folder = command.folder();
end);

lazy_teardown(explaining.close);

local function read()
	return command.read(folder.."/cfg");
end

local function shell(text)
	local output = command.shell(folder, text);
	return (output:gsub("\n$", ""));
end

local function run(name, ...)
	return command.run(folder, { name, "--config", "cfg", ... });
end

-- The same, in a process that goes on. Returns the exit status.
local function run_quickly(name, ...)
	return select(2, explaining.quick_command({ name, "--config", folder.."/cfg", ... }));
end

local function plugin_paths()
	return assert(configuration_file.read(folder.."/cfg")):get("*", "plugin_paths");
end

-- What the subcommands leave besides what was there.
local function left_over()
	local pipe = io.popen("ls -A "..command.quoted(folder));
	local names = {};
	for name in pipe:lines() do
		names[#names + 1] = name ~= ".tv" and name ~= ".stderr" and name ~= ".stdin" and name or nil;
	end
	pipe:close();
	return table.concat(names, " ");
end

local hosts = 'VirtualHost "meet.example.org"\n\tauthentication = "token"\n';

-- Text of the option, what it becomes, and the folders that it has then, after ours.
local forms = {
	{ "one line", 'plugin_paths = { "/a" }\n', 'plugin_paths = { "DROPIN", "/a" }\n', { "/a" } },
	{ "without blanks", "plugin_paths={'/a'}\n", "plugin_paths={\"DROPIN\", '/a'}\n", { "/a" } },
	{ "several lines", 'plugin_paths = {\n\t"/a",\n\t"/b",\n}\n', 'plugin_paths = {\n\t"DROPIN",\n\t"/a",\n\t"/b",\n}\n', { "/a", "/b" } },
	{ "lines that end as on Windows", 'plugin_paths = {\r\n  "/a";\r\n}\r\n',
		'plugin_paths = {\r\n  "DROPIN",\r\n  "/a";\r\n}\r\n', { "/a" } },
	{ "semicolons", 'plugin_paths = { "/a"; "/b"; };\n', 'plugin_paths = { "DROPIN", "/a"; "/b"; };\n', { "/a", "/b" } },
	{ "an empty list", "plugin_paths = {}\n", 'plugin_paths = {"DROPIN",}\n', {} },
	{ "an empty list with a blank", "plugin_paths = { }\n", 'plugin_paths = {"DROPIN", }\n', {} },
	{ "a comment in it", 'plugin_paths = { -- { "/no" }\n\t"/a", --[[ "/no", ]] "/b" }\n',
		'plugin_paths = { -- { "/no" }\n\t"DROPIN",\n\t"/a", --[[ "/no", ]] "/b" }\n', { "/a", "/b" } },
	{ "a comment at the end of it", 'plugin_paths = { "/a" -- mine\n}\n', 'plugin_paths = { "DROPIN", "/a" -- mine\n}\n', { "/a" } },
	{ "commented out before", '--plugin_paths = { "/no" }\n--[[\nplugin_paths = { "/no" }\n]]\nplugin_paths = { "/a" }\n',
		'--plugin_paths = { "/no" }\n--[[\nplugin_paths = { "/no" }\n]]\nplugin_paths = { "DROPIN", "/a" }\n', { "/a" } },
	{ "in a text before", 'x = [==[\nplugin_paths = { "/no" }\n]==] y = "plugin_paths = { \\"/no\\" }" plugin_paths = { "/a" }\n',
		'x = [==[\nplugin_paths = { "/no" }\n]==] y = "plugin_paths = { \\"/no\\" }" plugin_paths = { "DROPIN", "/a" }\n', { "/a" } },
	{ "set twice", 'plugin_paths = { "/no" }\nplugin_paths = { "/a" }\n',
		'plugin_paths = { "/no" }\nplugin_paths = { "DROPIN", "/a" }\n', { "/a" } },
	{ "set twice in a line", 'plugin_paths = { "/no" } plugin_paths = { "/a" }\n',
		'plugin_paths = { "/no" } plugin_paths = { "DROPIN", "/a" }\n',
		{ "/a" } },
	{ "long brackets", "plugin_paths = {[[/a]], [=[/b]=]}\n", 'plugin_paths = {"DROPIN", [[/a]], [=[/b]=]}\n', { "/a", "/b" } },
	{ "computed folders", 'local at = "/x"\nplugin_paths = { at.."/a", (at), at.."/b" }\n',
		'local at = "/x"\nplugin_paths = { "DROPIN", at.."/a", (at), at.."/b" }\n', { "/x/a", "/x", "/x/b" } },
	{ "a variable", 'local mine = { "/a", "/b" }\nplugin_paths = mine\n',
		'local mine = { "/a", "/b" }\nplugin_paths = { "DROPIN", table.unpack(--[[token-verifier]] mine) }\n', { "/a", "/b" } },
	{ "one of two lists", 'plugin_paths = nil and { "/no" } or { "/a" } -- mine\n',
		'plugin_paths = { "DROPIN", table.unpack(--[[token-verifier]] nil and { "/no" } or { "/a" }) } -- mine\n', { "/a" } },
	{ "a list or another", 'plugin_paths = { "/a" } or { "/no" }\n',
		'plugin_paths = { "DROPIN", table.unpack(--[[token-verifier]] { "/a" } or { "/no" }) }\n', { "/a" } },
	{ "a function's result", 'local function f(x) return { x } end\nplugin_paths = f "/a"\n',
		'local function f(x) return { x } end\nplugin_paths = { "DROPIN", table.unpack(--[[token-verifier]] f "/a") }\n', { "/a" } },
	{ "in a condition", 'if true then plugin_paths = { "/a" } else plugin_paths = { "/no" } end\n',
		nil, nil }, -- two on a line: the reading of what was changed finds it
	{ "in a condition of several lines", 'if true then\n\tplugin_paths = { "/a" }\nelse\n\tplugin_paths = { "/no" }\nend\n',
		'if true then\n\tplugin_paths = { "DROPIN", "/a" }\nelse\n\tplugin_paths = { "/no" }\nend\n', { "/a" } },
	{ "appended to", 'plugin_paths = { "/a" }\nplugin_paths:append { "/b" }\nplugin_paths { "/c" }\n',
		'plugin_paths = { "DROPIN", "/a" }\nplugin_paths:append { "/b" }\nplugin_paths { "/c" }\n', { "/a", "/b", "/c" } },
	{ "not set", "-- a comment\nadmins = {}\n", '-- a comment\nplugin_paths = { "DROPIN" } -- by token-verifier enable\nadmins = {}\n', {} },
	{ "not set, ends of lines as on Windows", "admins = {}\r\n",
		'plugin_paths = { "DROPIN" } -- by token-verifier enable\r\nadmins = {}\r\n', {} },
	{ "set for a host alone", hosts..'\tplugin_paths = { "/no" }\n',
		'plugin_paths = { "DROPIN" } -- by token-verifier enable\n'..hosts..'\tplugin_paths = { "/no" }\n', {} },
	{ "compared", 'x = plugin_paths == nil\nplugin_paths = { "/a" }\n',
		'x = plugin_paths == nil\nplugin_paths = { "DROPIN", "/a" }\n', { "/a" } },
	{ "with an index", 'plugin_paths = { [1] = "/a" }\n', nil, nil },
	{ "two options at once", 'plugin_paths, x = { "/a" }, 1\n', nil, nil },
	{ "a text", 'plugin_paths = "/a"\n', nil, nil, "is a string, and Prosody needs a list" },
	{ "nothing", "plugin_paths = ENV_NOT_SET\n", nil, nil, "is a nil, and Prosody needs a list" },
	{ "from a global function", "Lua.rawset(Lua._G, 'x', 1)\nlocal t = _ENV\nt.plugin_paths = { '/a' }\n", nil, nil },
};

-- One form for each way of adding a folder.
local with_modules = { ["one line"] = true, ["several lines"] = true, ["an empty list"] = true, ["a variable"] = true, ["not set"] = true };

describe("token-verifier enable", function ()
	for _, form in ipairs(forms) do
		local name, text, expected, others, problem = table.unpack(form, 1, 5);
		text = text:find("VirtualHost") and text or text..hosts;
		if expected then
			expected = expected:find("VirtualHost") and expected or expected..hosts;
			it("changes the option, and disable changes it back to the byte: "..name, function ()
				command.write(folder.."/cfg", text);
				assert.equal(0, run_quickly("enable"));
				assert.equal((expected:gsub("DROPIN", dropin)), read());
				assert.same({ dropin, table.unpack(others) }, plugin_paths());
				assert.equal(text, command.read(folder.."/.cfg.before-token-verifier"));
				assert.equal(0, run_quickly("disable"));
				assert.equal(text, read());
				assert.equal("cfg", left_over());
			end);
			if with_modules[name] then
				it("does so with our modules: "..name, function ()
					command.write(folder.."/cfg", text);
					run_quickly("enable", "--modules");
					assert.same({ dropin, modules, table.unpack(others) }, plugin_paths());
					run_quickly("disable");
					assert.equal(text, read());
				end);
			end
		else
			it("changes nothing, and says what to do by hand: "..name, function ()
				command.write(folder.."/cfg", text);
				local output, errors, status = run("enable");
				assert.equal(2, status);
				assert.equal("", output);
				assert.matches("^token%-verifier: cfg:%d+: plugin_paths [^\n]+\n$", errors);
				assert.matches(problem or "change it by hand, so that it is { "..dropin..", ", errors, 1, true);
				assert.equal(text, read());
				assert.equal("cfg", left_over());
			end);
		end
	end

	it("shows the lines that change, and no others, since these may have secrets", function ()
		command.write(folder.."/cfg", 'app_secret = "secret"\nplugin_paths = {\n\t"/a",\n}\napp_secret = "secret"\n'..hosts);
		local output = run("enable", "--dry-run");
		assert.equal(("--- %s/cfg\n+++ %s/cfg\n@@ -2,0 +3,1 @@\n+    \"%s\",\nNothing was written.\n"):format(folder, folder, dropin), output);
		assert.equal("cfg", left_over());
		assert.same({ "/a" }, plugin_paths());
	end);

	it("answers in JSON", function ()
		command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
		assert.same({ file = folder.."/cfg", changed = true, plugin_paths = { dropin, "/a" }, backup = folder.."/.cfg.before-token-verifier" },
			json((run("enable", "--json"))));
		assert.same({ file = folder.."/cfg", changed = false, plugin_paths = { dropin, "/a" } }, json((run("enable", "--json"))));
	end);

	it("does nothing twice", function ()
		command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
		run("enable", "--modules");
		local text = read();
		for _, arguments in ipairs({ { "enable" }, { "enable", "--modules" } }) do
			local output, errors, status = run(table.unpack(arguments));
			assert.equal(("Nothing to do: plugin_paths is { %s, %s, /a }.\n"):format(dropin, modules), output);
			assert.equal("", errors);
			assert.equal(0, status);
		end
		assert.equal(text, read());
		run("disable");
		assert.matches("Nothing to do", (run("disable")), 1, true);
	end);

	it("puts in front what is behind, and replaces folders of another prefix", function ()
		command.write(folder.."/cfg", ('plugin_paths = { %q, "/opt/x/token_verifier/plugins/modules/", %q }\n'):format(jitsi, dropin));
		run("enable");
		assert.same({ dropin, modules, jitsi }, plugin_paths());
		run("disable");
		assert.same({ jitsi }, plugin_paths());
		assert.equal("cfg", left_over():match("cfg$")); -- the copy of the file as it was stays, since the file is not the same
		assert.matches("%.cfg%.before%-token%-verifier", left_over());
	end);

	it("notes an option that Prosody does not read", function ()
		command.write(folder.."/cfg", hosts..'\tplugin_paths = { "/no" }\n');
		local _, errors = run("enable");
		assert.equal("token-verifier: note: plugin_paths of meet.example.org has no effect: Prosody reads the global option alone\n", errors);
	end);
end);

describe("a configuration of several files", function ()
	before_each(function ()
		shell("mkdir conf.d conf.avail && ln -s ../conf.avail/meet.cfg.lua conf.d/");
		command.write(folder.."/cfg", 'plugin_paths = { "/usr/local/lib/prosody/modules" }\nInclude "conf.d/*.cfg.lua"\n');
		command.write(folder.."/conf.avail/meet.cfg.lua", ('plugin_paths = { %q }\n'):format(jitsi)..hosts);
	end);

	it("is changed in the file that counts, and a link stays a link", function ()
		local output = run("enable");
		assert.matches("--- "..folder.."/conf.avail/meet.cfg.lua\n", output, 1, true);
		assert.same({ dropin, jitsi }, plugin_paths());
		assert.equal("../conf.avail/meet.cfg.lua", shell("readlink conf.d/meet.cfg.lua"));
		assert.equal(".meet.cfg.lua.before-token-verifier meet.cfg.lua", shell("ls -A conf.avail | paste -sd' '"));
		run("disable");
		assert.same({ jitsi }, plugin_paths());
		assert.equal("meet.cfg.lua", shell("ls -A conf.avail"));
	end);

	it("does not include the copy, whatever its pattern", function ()
		shell("rm conf.d/* && mv conf.avail/meet.cfg.lua conf.d/");
		command.write(folder.."/cfg", 'Include "conf.d/*"\n');
		assert.equal(0, select(3, run("enable")));
		assert.same({ dropin, jitsi }, plugin_paths());
		assert.same({ folder.."/cfg", folder.."/conf.d/meet.cfg.lua" }, configuration_file.read(folder.."/cfg").files);
	end);
end);

describe("what somebody else wrote meanwhile", function ()
	it("stays: disable takes out its own alone, and keeps the copies", function ()
		command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
		run("enable", "--modules");
		command.write(folder.."/cfg", read():gsub('"/a"', '"/a", "/b"').."admins = {}\n");
		local output, _, status = run("disable");
		assert.equal(0, status);
		assert.equal('plugin_paths = { "/a", "/b" }\nadmins = {}\n', read());
		assert.equal('plugin_paths = { "/a" }\n', command.read(folder.."/.cfg.before-token-verifier"));
		assert.matches("The file as it was: "..folder.."/.cfg.before-token-verifier.2\n", output, 1, true);
	end);

	it("stays in the line of enable", function ()
		command.write(folder.."/cfg", hosts);
		run("enable");
		command.write(folder.."/cfg", (read():gsub('dropin"', 'dropin", "/a"')));
		run("disable");
		assert.equal('plugin_paths = { "/a" } -- by token-verifier enable\n'..hosts, read());
	end);
end);

describe("the file", function ()
	it("keeps its mode, and so does its copy", function ()
		command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
		shell("chmod 640 cfg");
		run("enable");
		assert.equal("640 640", shell("stat -c %a cfg .cfg.before-token-verifier | paste -sd' '"));
	end);

	if io.popen("id -u"):read("l") == "0" then
		it("keeps its owner and group", function ()
			command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
			shell("chown 1:2 cfg && chmod 640 cfg");
			run("enable");
			run("disable");
			assert.equal("1:2 640", shell("stat -c '%u:%g %a' cfg"));
		end);

		it("is not changed by somebody to whom it would belong then", function ()
			command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
			local _, errors, status = command.shell(folder, ("chmod 777 . && chmod 755 '%s'; chmod 644 cfg; "
				.."setpriv --reuid 65534 --regid 65534 --clear-groups $tv enable --config cfg"):format(folder:match("^(.*)/")));
			assert.matches("^token%-verifier: [^\n]+/cfg: its owner or group would change; call this as root; nothing was changed\n$", errors);
			assert.equal(2, status);
			assert.equal('plugin_paths = { "/a" }\n', read());
			assert.equal("cfg", left_over());
		end);
	end

	it("is not changed if its folder cannot be written", function ()
		command.write(folder.."/cfg", 'plugin_paths = { "/a" }\n');
		-- Root may write into any folder, but not where the file system has none.
		local output, errors, status = command.shell(folder, "ln -s /proc/self/status status; $tv enable --config status");
		assert.equal("", output);
		assert.matches("^token%-verifier: the configuration cannot be read: status:%d+: [^\n]+\n$", errors);
		assert.equal(2, status);
	end);

	for name, case in pairs({
		["is not there"] = { "", "no-such-file", "No such file or directory" },
		["is a folder"] = { "mkdir cfg", "cfg", "cfg cannot be read" },
		["is no configuration"] = { "echo 'plugin_paths = { \"secret\"' >cfg", "cfg", "cfg:2: '}' expected" },
		["raises an error"] = { "echo 'error(\"x\")' >cfg", "cfg", "cfg:1: x" },
		["includes a file that is not there"] = { "echo 'Include \"other\"' >cfg", "cfg", "other: No such file" },
	}) do
		it("is not changed, with one clear line, if it "..name, function ()
			local output, errors, status = command.shell(folder, case[1].."\n$tv enable --config "..case[2]);
			assert.equal("", output);
			assert.matches("^token%-verifier: the configuration cannot be read: [^\n]+\n$", errors);
			assert.matches(case[3], errors, 1, true);
			assert.equal(2, status);
			assert.is_nil(errors:find("secret", 1, true));
			assert.is_nil(left_over():find("before", 1, true));
		end);
	end
end);
