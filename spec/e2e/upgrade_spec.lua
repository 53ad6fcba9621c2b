-- SPDX-License-Identifier: MIT
-- Installation, removal and upgrade: the drop-in put before another library and removed again, with a restart and in a running
-- server; and the native module replaced under a running server.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-upgrade-spec-0123456789";

-- Runs a shell command; gives back what it printed.
local function run(command)
	local pipe = io.popen("{ "..command.."\n} 2>&1 </dev/null");
	local output = pipe:read("a");
	assert(pipe:close(), command.."\n"..output);
	return output;
end

local here = run("pwd"):match("[^\n]+");
local other, dropin = here.."/spec/e2e/previous_library", here.."/lua/dropin";

local function paths(...)
	local quoted = {};
	for i, path in ipairs({ ... }) do
		quoted[i] = ("%q"):format(path);
	end
	return ("plugin_paths = { %s }"):format(table.concat(quoted, ", "));
end

local function host(options)
	options.app_secret = secret;
	return world.host("meet.example", options, { modules_enabled = {} });
end

local function shell(...)
	local output = world.shell({ command = { ... } });
	assert.is_nil(output:match("[Ee]rror[^\n]*"));
	return output;
end

local function log_in(token)
	return world.log_in({ host = "meet.example", token = token });
end

-- Which library judges now: each is asked with a good token and with a bad one, and has its own words.
local function judge()
	local good = log_in(world.mint({ secret = secret }));
	assert.equal("accepted", good.outcome, good.text);
	local bad = log_in(world.mint({ secret = secret:reverse() }));
	assert.equal("refused", bad.outcome);
	return bad.text == "refused by the other library" and "other" or bad.text:find("signature", 1, true) and "ours" or bad.text;
end

describe("the drop-in in front of another library", function ()
	lazy_setup(function ()
		world.start_prosody({ settings = paths(other), hosts = host({}) });
	end);

	lazy_teardown(world.close);

	it("is loaded from the next start on, and no longer after it was removed from the plugin paths", function ()
		assert.equal("other", judge());
		world.configure({ settings = paths(dropin, other), hosts = host({ modules_enabled = { "token_verifier" } }) });
		shell("config", "reload");
		shell("module", "reload", "auth_token", "meet.example");
		assert.equal("other", judge(), "Prosody reads plugin_paths when it starts");
		local log = world.logged("main", world.restart_prosody);
		assert.truthy(log:find("Tokens of meet.example are verified with the shared secret", 1, true), log);
		assert.is_nil(log:find("The other library", 1, true));
		assert.equal("ours", judge());
		-- Beside modules that are not ours too.
		assert.truthy(shell("token", "explain", world.mint({ secret = secret }), "meet.example"):find("The token is accepted.", 1, true));
		world.configure({ settings = paths(other), hosts = host({}) });
		log = world.logged("main", world.restart_prosody);
		assert.is_nil(log:find("Tokens of meet.example are verified", 1, true));
		assert.equal("other", judge());
		assert.same({}, world.mapped({ part = "token_verifier" }));
	end);
end);

describe("the drop-in in a running server", function ()
	local folder, current;

	lazy_setup(function ()
		local bad = world.start_bad_server();
		world.new_key({ kid = "key", publish = { "bad" } });
		folder = world.folder();
		current = folder.."/current";
		world.start_prosody({
			settings = paths(current, other);
			hosts = host({})..world.host("keys.example", { app_secret = secret, asap_key_server = bad.url.."/slow-500" });
		});
	end);

	lazy_teardown(world.close);

	local function swap(command)
		run(command);
		for _, name in ipairs({ "meet.example", "keys.example" }) do
			shell("module", "reload", "auth_token", name);
		end
	end

	it("comes and goes with a reload, while a client stays and another one waits", function ()
		local log = world.logged("main", function ()
			local client = world.begin({ host = "meet.example", token = world.mint({ secret = secret }) });
			assert.equal("accepted", world.outcome({ client = client }).outcome);
			for _ = 1, 2 do
				assert.equal("other", judge());
				swap(("ln -s '%s' '%s'"):format(dropin, current));
				assert.equal("ours", judge());
				assert.equal("accepted", world.log_in({ host = "keys.example", token = world.mint({ key = "key" }) }).outcome);
				local waiting = world.begin({ host = "keys.example", token = world.mint({ key = "key", kid = "unknown" }) });
				swap(("rm '%s'"):format(current));
				assert.equal("refused", world.outcome({ client = waiting }).outcome);
				world.leave({ client = waiting });
				assert.equal("refused by the other library", world.log_in({ host = "keys.example", token = world.mint({ key = "key" }) }).text);
			end
			assert.equal("joined", world.enter({ client = client, room = "hall@conference.meet.example" }).outcome);
			world.leave({ client = client });
			return judge();
		end);
		assert.truthy(log:find("Tokens of meet.example are verified with the shared secret", 1, true), log);
		assert.is_nil(log:match("\terror\t[^\n]*"));
		assert.is_nil(log:lower():match("traceback"));
	end);
end);

describe("our own modules", function ()
	lazy_setup(function ()
		world.start_prosody({ hosts = world.host("meet.example", { app_secret = secret }) });
	end);

	lazy_teardown(world.close);

	local function enter_room()
		return world.log_in({
			host = "meet.example", token = world.mint({ secret = secret, claims = { room = "hall", sub = "meet.example" } }),
			enter = "office@conference.meet.example",
		}).entry.outcome;
	end

	local function configure(authentication)
		world.configure({ hosts = world.host("meet.example", { app_secret = secret, authentication = authentication }) });
		shell("config", "reload");
	end

	it("are replaced by Prosody's own and come back, without a restart", function ()
		assert.equal("ours", judge());
		assert.equal("refused", enter_room());
		configure("anonymous");
		shell("module", "unload", "token_verification", "conference.meet.example");
		shell("module", "unload", "auth_token", "meet.example");
		shell("module", "load", "auth_anonymous", "meet.example");
		assert.equal("accepted", log_in(nil).outcome);
		assert.equal("joined", enter_room());
		configure("token");
		shell("module", "unload", "auth_anonymous", "meet.example");
		shell("module", "load", "auth_token", "meet.example");
		shell("module", "load", "token_verification", "conference.meet.example");
		assert.equal("ours", judge());
		assert.equal("refused", log_in(nil).outcome);
		assert.equal("refused", enter_room());
	end);
end);

describe("the native module", function ()
	local prefix;

	lazy_setup(function ()
		local bad = world.start_bad_server();
		world.new_key({ kid = "key", publish = { "bad" } });
		prefix = world.folder().."/prefix";
		run(("make install PREFIX=%s"):format(prefix));
		world.start_prosody({
			prefix = prefix;
			hosts = host({})..world.host("keys.example", { asap_key_server = bad.url.."/good" });
		});
	end);

	lazy_teardown(world.close);

	local function log_in_everywhere()
		assert.equal("ours", judge());
		assert.equal("accepted", world.log_in({ host = "keys.example", token = world.mint({ key = "key" }) }).outcome);
	end

	local function loaded()
		local mapped = world.mapped({ part = "/token_verifier.so" });
		local file = run(("stat -c %%i %s/lib/lua/5.4/token_verifier.so 2>&1 || true"):format(prefix));
		assert.equal(1, #mapped);
		return mapped[1][1] == tonumber(file) and "the new one" or mapped[1][2]:match("%(deleted%)") or mapped[1][2];
	end

	local function reload()
		return world.shell({ command = { "module", "reload", "auth_token", "keys.example" } });
	end

	it("replaced by another, continues to work, also after a reload, until the next start", function ()
		log_in_everywhere();
		assert.equal("the new one", loaded());
		local log = world.logged("main", function ()
			run(("make install PREFIX=%s"):format(prefix));
			log_in_everywhere();
			reload();
			log_in_everywhere();
		end);
		assert.equal("(deleted)", loaded());
		assert.is_nil(log:match("\terror\t[^\n]*"));
		world.restart_prosody();
		log_in_everywhere();
		assert.equal("the new one", loaded());
	end);

	it("removed from a running server, continues to work, also after a reload; from the next start on nobody gets in", function ()
		run(("make uninstall PREFIX=%s"):format(prefix));
		log_in_everywhere();
		reload();
		log_in_everywhere();
		assert.equal("(deleted)", loaded());
		local log, outcome = world.logged("main", function ()
			world.restart_prosody();
			return log_in(world.mint({ secret = secret }));
		end);
		assert.equal("connection lost", outcome.outcome);
		assert.truthy(log:find("Unable to load module 'auth_token'", 1, true), log);
	end);
end);
