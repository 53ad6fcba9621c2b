-- SPDX-License-Identifier: MIT
-- Where luarocks and `make install` install files, and that these are sufficient for log-ins at each of PROSODIES.

local folder, copy, tree;

-- Runs a shell command; gives back what it printed, and fails with it if the command failed.
local function run(command)
	local pipe = io.popen("{ "..command.."\n} 2>&1 </dev/null");
	local output = pipe:read("a");
	assert(pipe:close(), command.."\n"..output);
	return output;
end

local function files_in(root)
	local files = {};
	for file in run(("cd '%s' && find . -type f | LC_ALL=C sort"):format(root)):gmatch("%./([^\n]+)") do
		files[#files + 1] = file;
	end
	return files;
end

-- Where each folder of lua/ belongs below a prefix, whoever installs it.
local places = { token_verifier = "", dropin = "token_verifier/plugins/", modules = "token_verifier/plugins/" };

local function expected_files(...)
	local files = { "bin/token-verifier", "lib/lua/5.4/token_verifier.so", ... };
	for _, file in ipairs(files_in("lua")) do
		local place = places[file:match("^(.-)/")];
		if place then
			files[#files + 1] = "share/lua/5.4/"..place..file;
		end
	end
	table.sort(files);
	return files;
end

lazy_setup(function ()
	folder = run("mktemp -d"):match("[^\n]+");
	copy, tree = folder.."/source", folder.."/tree";
	run(("mkdir '%s' && tar --exclude=./build --exclude=./.git --exclude=node_modules -cf - . | tar -C '%s' -xf -"):format(copy, copy));
end);

lazy_teardown(function ()
	run(("rm -rf '%s'"):format(folder));
end);

describe("luarocks make into an empty tree", function ()
	local version;

	lazy_setup(function ()
		run(("cd '%s' && MAKEFLAGS=-j$(nproc) luarocks --lua-version 5.4 make --deps-mode none --tree '%s'"):format(copy, tree));
		version = run(("'%s/bin/token-verifier' --version"):format(tree));
		run(("rm -r '%s/lib/luarocks'"):format(tree));
	end);

	it("installs the command, which finds its modules", function ()
		assert.matches("^token%-verifier %d+%.%d+", version);
	end);

	it("installs every file under its own name, and nothing else", function ()
		assert.same(expected_files(), files_in(tree));
	end);

	it("leaves a module that Lua finds", function ()
		local output = run(([[cd / && LUA_CPATH="%s/lib/lua/5.4/?.so" lua5.4 -e 'print(require "token_verifier"._VERSION)']]):format(tree));
		assert.matches("^%d+%.%d+", output);
	end);

	-- To build it takes long, so each version of Prosody has its turn with the one tree.
	for prosody in (os.getenv("PROSODIES") or ""):gmatch("%S+") do
		it("is sufficient for log-ins at Prosody "..prosody, function ()
			-- Busted starts itself anew with --lua, and loses quotes on the way: no blank in the filter.
			run(("rm -rf '%s/lua' '%s/build'"):format(copy, copy));
			local output = run(("cd '%s' && PROSODY=%s TOKEN_VERIFIER_PREFIX='%s' busted --lua=lua5.4 -o plainTerminal %s %s"):format(
				copy, prosody, tree, "--filter=end.epoll", "spec/e2e/log_in_spec.lua"));
			assert.matches("[1-9]%d* successes / 0 failures / 0 errors / 0 pending", output);
		end);
	end
end);

describe("make install", function ()
	local stage;

	lazy_setup(function ()
		stage = folder.."/stage";
		run(("make install DESTDIR='%s' PREFIX=/usr"):format(stage));
	end);

	it("installs the same files below DESTDIR and PREFIX", function ()
		assert.same(expected_files("share/man/man1/token-verifier.1", "share/bash-completion/completions/token-verifier",
			"share/zsh/site-functions/_token-verifier", "share/fish/vendor_completions.d/token-verifier.fish"),
			files_in(stage.."/usr"));
	end);

	it("replaces the module by another file, since a server may have the old one mapped", function ()
		local module = stage.."/usr/lib/lua/5.4/token_verifier.so";
		run(("ln '%s' '%s/mapped'"):format(module, folder));
		run(("make install DESTDIR='%s' PREFIX=/usr"):format(stage));
		assert.equal("1\n", run(("stat -c %%h '%s'"):format(module)));
	end);

	it("is undone by make uninstall", function ()
		run(("make uninstall DESTDIR='%s' PREFIX=/usr"):format(stage));
		assert.same({}, files_in(stage));
	end);
end);
