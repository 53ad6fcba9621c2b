-- SPDX-License-Identifier: MIT
-- A Jitsi host: a Prosody with Jitsi's own modules, and in front of them none of ours, our drop-in, or both of our folders. It is
-- run by scripts/jitsi, which sets the variables.

local world = require "spec.e2e.world";

local here = assert(io.popen("pwd")):read("l");
local plugins = assert(os.getenv("JITSI_PLUGINS"), "spec/jitsi is run by scripts/jitsi");

-- What is in front of Jitsi's modules.
local fronts = {
	{ name = "Jitsi's own library", folders = {} };
	{ name = "the drop-in", folders = { "lua/dropin" } };
	{ name = "the drop-in and our modules", folders = { "lua/dropin", "lua/modules" } };
};

local function plugin_paths(front, more)
	local folders = {};
	for i, folder in ipairs(front.folders) do
		folders[i] = ("%q"):format(here.."/"..folder);
	end
	for _, folder in ipairs({ plugins, table.unpack(more or {}) }) do
		folders[#folders + 1] = ("%q"):format(folder);
	end
	return "plugin_paths = { "..table.concat(folders, ", ").." }";
end

-- Starts a Prosody with a configuration as Jitsi writes it, `plugin_paths` apart. `options`: more of world.start_prosody(),
-- `more`: further folders with modules.
local function start(front, configuration, options, more)
	local all = { lua_path = os.getenv("JITSI_LUA_PATH") };
	for name, value in pairs(options or {}) do
		all[name] = value;
	end
	local count;
	all.hosts, count = configuration:gsub("plugin_paths *= *%b{}", function () return plugin_paths(front, more); end);
	assert(count == 1, "the configuration must have one plugin_paths");
	return world.start_prosody(all);
end

-- Jitsi's module writes the token of a refused join and the secret into the log; with our modules it is not loaded.
local function is_known_leak(line)
	return line:find(":token_verification\t", 1, true) ~= nil;
end

-- Ends the servers. Fails for a token or a secret in the log, unless it is a line of Jitsi's own module.
local function close(front)
	world.close(#front.folders < 2 and is_known_leak or nil);
end

-- Creates an account.
local function register(name, password)
	world.shell({ command = { "user", "create", name, password } });
end

-- Makes the rooms at these addresses, as Jitsi's focus does, and gives back its client. `focus` is its address.
local function open_rooms(focus, addresses)
	local name, domain = focus:match("^(.*)@(.*)$");
	register(focus, "a-password");
	local client = world.begin({ host = domain, username = name, password = "a-password" });
	assert(world.outcome({ client = client }).outcome == "accepted", "the focus cannot log in");
	for _, address in ipairs(addresses) do
		local entry = world.enter({ client = client, room = address, nick = "focus" });
		assert(entry.outcome == "joined", address..": "..tostring(entry.text));
	end
	return client;
end

-- A token with the claims `common`, changed by `claims`. `signer`: what world.mint() needs to sign; `without`: the names of its claims
-- that are left out.
local function token(signer, common, claims, without)
	local request = { claims = {}, without = without };
	for _, fields in ipairs({ common, claims }) do
		for claim, value in pairs(fields) do
			request.claims[claim] = value;
		end
	end
	for field, value in pairs(signer) do
		request[field] = value;
	end
	return world.mint(request);
end

-- What becomes of a log-in that would enter a room: "no log-in", "no entry" or "joined"; and what the server said.
local function outcome_of(login)
	local result = world.log_in(login);
	if result.outcome ~= "accepted" then
		return "no log-in", result;
	end
	return result.entry.outcome == "joined" and "joined" or "no entry", result.entry;
end

return {
	fronts = fronts, start = start, close = close, register = register, open_rooms = open_rooms, token = token, outcome_of = outcome_of,
};
