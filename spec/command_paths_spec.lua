-- SPDX-License-Identifier: MIT
-- Where the command token-verifier searches its modules: never in the current folder.

local command = require "spec.support.command";

local root = io.popen("pwd"):read("l");
local folder, prefix;

local names = {
	"token_verifier", "lfs", "argparse", "init", "token_verifier/init", "token_verifier/command/main", "util/format", "util/encodings",
};

-- A folder in which everything lies that the command may ask for, and tells when it is loaded.
local function plant()
	folder = command.folder();
	os.execute(("mkdir -p '%s/token_verifier/command' '%s/util'"):format(folder, folder));
	for _, name in ipairs(names) do
		command.write(("%s/%s.lua"):format(folder, name), ("io.open('%s/loaded', 'a'):write('%s\\n'):close()"):format(folder, name));
	end
	for _, name in ipairs({ "token_verifier", "lfs", "argparse" }) do
		command.write(("%s/%s.so"):format(folder, name), "no library: it cannot be loaded, and the command says so");
	end
	command.write(folder.."/prosody.cfg.lua", ([[
		Include "conf.d/*.cfg.lua"
		VirtualHost "h.example"
			authentication = "token"
			app_id = "a"
			app_secret = "%s"
	]]):format(("s"):rep(40)));
	os.execute(("mkdir '%s/conf.d'"):format(folder));
end

-- As `make install` leaves it, with the module that is not instrumented: these commands run without what the sanitizers preload.
local function install()
	prefix = command.folder();
	assert(os.execute(([[cd '%s' && mkdir -p '%s/bin' '%s/lib/lua/5.4' '%s/share/lua/5.4/' && cp bin/token-verifier '%s/bin/' &&
		cp build/token_verifier.so '%s/lib/lua/5.4/' && cp -r lua/token_verifier '%s/share/lua/5.4/' &&
		chmod +x '%s/bin/token-verifier']]):format(
		root, prefix, prefix, prefix, prefix, prefix, prefix, prefix)));
end

setup(function ()
	plant();
	install();
end);

local calls = {
	["--version"] = "^token%-verifier %d", ["--completion bash"] = "complete %-F _token%-verifier",
	["inspect eyJhbGciOiJub25lIn0.e30."] = '"alg": "none"', ["check --config ./prosody.cfg.lua"] = "h%.example",
	["explain eyJhbGciOiJub25lIn0.e30. --config prosody.cfg.lua"] = "The token is refused",
};

-- Settings of the shell in which it is called.
local surroundings = {
	["nothing set"] = "unset LUA_PATH LUA_CPATH LUA_PATH_5_4 LUA_CPATH_5_4",
	["relative paths of Lua"] = "export LUA_PATH='./?.lua;?.lua;;' LUA_CPATH='./?.so;?.so;;'; unset LUA_PATH_5_4 LUA_CPATH_5_4",
	["relative paths of Lua 5.4"] = "export LUA_PATH_5_4='?.lua;;' LUA_CPATH_5_4=';;?.so'",
};

describe("in a folder with modules of the same names the command", function ()
	for said, setting in pairs(surroundings) do
		for arguments, expected in pairs(calls) do
			it(("runs its own, installed, with %s: %s"):format(said, arguments), function ()
				local output, errors = command.shell(folder, ("%s\nlua5.4 '%s/bin/token-verifier' %s"):format(setting, prefix, arguments));
				assert.matches(expected, output..errors);
				assert.is_nil(io.open(folder.."/loaded"));
			end);
		end
	end

	it("runs its own, called by a relative path", function ()
		local output, errors, status = command.shell(folder, ([[
			unset LUA_PATH LUA_CPATH
			ln -s '%s' prefix
			lua5.4 prefix/bin/token-verifier --version]]):format(prefix));
		assert.equal("", errors);
		assert.matches("^token%-verifier %d", output);
		assert.equal(0, status);
		assert.is_nil(io.open(folder.."/loaded"));
	end);

	for said, setting in pairs({
		["a symbolic link"] = "ln -sf '%s/bin/token-verifier' bin/verifier; bin/verifier --version",
		["a symbolic link to another one"] = [[ln -sf '%s/bin/token-verifier' "an'other"
			ln -sf "../an'other" bin/verifier; "$PWD/bin/verifier" --version]],
		["a symbolic link on PATH"] = "ln -sf '%s/bin/token-verifier' bin/verifier; PATH=$PWD/bin:$PATH; cd /; verifier --version",
	}) do
		it("runs its own, called by "..said, function ()
			local output, errors, status = command.shell(folder, ([[
				unset LUA_PATH LUA_CPATH
				mkdir -p bin lua share/lua/5.4 && cp -r token_verifier* argparse.lua lua/ && cp -r token_verifier* argparse.lua share/lua/5.4/
				]]..setting):format(prefix));
			os.execute(("cd '%s' && rm -rf lua share"):format(folder));
			assert.equal("", errors);
			assert.matches("^token%-verifier %d", output);
			assert.equal(0, status);
			assert.is_nil(io.open(folder.."/loaded"));
		end);
	end

	it("runs its own when called in its folder", function ()
		local output, errors = command.shell(folder, ([[
			unset LUA_PATH LUA_CPATH
			cp *.lua '%s/bin/' && cd '%s/bin' && lua5.4 token-verifier --version]]):format(prefix, prefix));
		assert.equal("", errors);
		assert.matches("^token%-verifier %d", output);
		assert.is_nil(io.open(folder.."/loaded"));
	end);

	it("completes its own", function ()
		local output, errors = command.shell(folder, ([[
			unset LUA_PATH LUA_CPATH
			PATH='%s/bin':$PATH
			exec bash --norc -c '. %s/completion/token-verifier.bash && complete -p token-verifier']]):format(prefix, root));
		assert.equal("", errors);
		assert.matches("complete .*_token%-verifier", output);
		assert.is_nil(io.open(folder.."/loaded"));
	end);

	it("uses modules in absolute paths", function ()
		local output = command.shell(folder, ([[
			export LUA_PATH="$PWD/?.lua;;"; unset LUA_PATH_5_4
			lua5.4 '%s/bin/token-verifier' --version; cat loaded; rm -f loaded]]):format(prefix));
		assert.matches("command/main", output);
	end);
end);
