-- SPDX-License-Identifier: MIT
-- The configurations that the templates of docker-jitsi-meet make of its variables. A log-in has the same outcome with Jitsi's own
-- library and with ours.

local host = require "spec.jitsi.host";
local json = require "dkjson";
local world = require "spec.e2e.world";

package.cpath = "build/?.so;"..package.cpath;
local token_verifier = require "token_verifier";

local folder = os.getenv("DOCKER_JITSI_MEET");
local contributed = os.getenv("JITSI_CONTRIB_PLUGINS");
local secret = "the-shared-secret-of-the-jitsi-docker-spec-0123456789";
local name, muc = "meet.jitsi", "muc.meet.jitsi";

-- What a template makes of the variables.
local function rendered(template, variables)
	local words = {};
	for variable, value in pairs(variables) do
		words[#words + 1] = ("%s='%s'"):format(variable, value);
	end
	local pipe = io.popen(("env -i %s %s spec/jitsi/go_template.py %s/prosody/rootfs/defaults/%s"):format(table.concat(words, " "),
		os.getenv("PYTHON") or "/usr/bin/python3", folder, template));
	local text = pipe:read("a");
	assert(pipe:close(), template);
	return text;
end

-- Where and as what the server runs is the harness's to say.
local of_the_harness = {
	"modules_disabled", "pidfile", "log", "https_ports", "http_ports", "http_interfaces", "c2s_ports", "c2s_interfaces", "data_path",
	"network_backend", "component_ports", "unbound", "Include",
};

-- The global part as text for world.start_prosody().
local function settings(variables)
	local text = "\n"..rendered("prosody.cfg.lua", variables);
	for _, option in ipairs(of_the_harness) do
		text = text:gsub("\n%s*"..option.." *= *%b{};?", "\n"):gsub("\n%s*"..option.."[^\n{]*", "\n");
	end
	return text;
end

local function token(signer, claims)
	return host.token(signer, { iss = "my-app", aud = "jitsi", room = "planning", sub = name }, claims);
end

local function nginx()
	local server = world.start_nginx();
	world.new_key({ kid = "of-the-server", publish = { "nginx" } });
	return server.url;
end

local of_server, of_secret = { key = "of-the-server" }, { secret = secret };
local of_anybody = { { "no token", false, "no log-in" } };

-- What, the variables besides the common ones, how tokens are signed, and log-ins: what, the claims (false: no token), the outcome,
-- the host.
local sets = {
	{ "a shared secret", function () return { JWT_APP_SECRET = secret }; end, of_secret, {
		{ "a token", {}, "joined" }, { "another room", { room = "finance" }, "no entry" }, { "no token", false, "no log-in" },
		{ "another issuer", { iss = "other" }, "no log-in" }, { "any audience", { aud = "other" }, "joined" },
	} };
	{ "a shared secret with guests", function ()
		return { JWT_APP_SECRET = secret, ENABLE_GUESTS = "1", JWT_ALLOW_EMPTY = "1" };
	end, of_secret, {
		{ "a token", {}, "joined" }, { "no token", false, "joined" }, { "another room", { room = "finance" }, "no entry" },
		{ "a guest", false, "joined", "guest.meet.jitsi" },
	} };
	{ "a key server with issuers and audiences", function ()
		return { JWT_ASAP_KEYSERVER = nginx(), JWT_ACCEPTED_ISSUERS = "my-app,another", JWT_ACCEPTED_AUDIENCES = "jitsi,rooms",
			JWT_ENABLE_DOMAIN_VERIFICATION = "true" };
	end, of_server, {
		{ "a token", {}, "joined" }, { "the second issuer", { iss = "another" }, "joined" }, { "another issuer", { iss = "x" }, "no log-in" },
		{ "the second audience", { aud = "rooms" }, "joined" }, { "another audience", { aud = "x" }, "no log-in" },
		{ "another domain", { sub = "other" }, "no entry" }, { "no token", false, "no log-in" },
	} };
	{ "issuers with a blank after the comma", function ()
		return { JWT_ASAP_KEYSERVER = nginx(), JWT_ACCEPTED_ISSUERS = "my-app, another" };
	end, of_server, { { "the first issuer", {}, "joined" }, { "the second issuer", { iss = "another" }, "no log-in" } } };
	{ "JaaS components", function ()
		return { JWT_APP_SECRET = secret, ENABLE_JAAS_COMPONENTS = "1", PUBLIC_URL = "https://meet.example.org" };
	end, of_secret, { { "a token", {}, "joined" }, { "a token of the other host", {}, "no log-in", "jigasi.meet.jitsi" } } };
	{ "visitors", function ()
		return { JWT_APP_SECRET = secret, ENABLE_VISITORS = "1", VISITORS_XMPP_SERVER = "127.0.0.1:5269" };
	end, of_secret, { { "a token", {}, "joined" }, { "another room", { room = "finance" }, "no entry" }, of_anybody[1] } };
};

-- Two ways to give an option that has no variable.
for variable, template in pairs({ XMPP_CONFIGURATION = 'cache_keys_url="%s",app_id="my-app"', GLOBAL_CONFIG = 'cache_keys_url = "%s"' }) do
	table.insert(sets, { "a JWK Set in "..variable, function ()
		local key = world.new_key({ kid = "of-the-set" });
		world.start_bad_server();
		local jwk = json.decode(token_verifier.key(key.public):jwk());
		jwk.kid = "of-the-set";
		local url = world.publish_document({ path = "set", body = json.encode({ keys = { jwk } }) });
		return { [variable] = template:format(url), JWT_ACCEPTED_ISSUERS = "my-app" };
	end, { key = "of-the-set" }, { { "a token", {}, "joined" }, { "another room", { room = "finance" }, "no entry" }, of_anybody[1] } });
end

if contributed then
	table.insert(sets, { "Matrix or tokens", function ()
		return { PROSODY_AUTH_TYPE = "hybrid_matrix_token", JWT_APP_SECRET = secret, MATRIX_UVS_URL = "http://127.0.0.1:1" };
	end, of_secret, {
		{ "a token", {}, "joined" }, { "another room", { room = "finance" }, "no entry" }, of_anybody[1],
		{ "a token of Matrix", { context = { matrix = { room_id = "!room:matrix.example" } } }, "no log-in" },
	} });
end

local function start(front, variables)
	local all = { ENABLE_AUTH = "1", AUTH_TYPE = "jwt", JWT_APP_ID = "my-app" };
	for variable, value in pairs(variables) do
		all[variable] = value;
	end
	host.start(front, rendered("conf.d/jitsi-meet.cfg.lua", all), { settings = settings(all) },
		{ folder.."/prosody/rootfs/prosody-plugins", contributed });
end

for _, set in ipairs(folder and sets or {}) do
	for _, front in ipairs(host.fronts) do
		describe(("docker-jitsi-meet with %s and %s"):format(set[1], front.name), function ()
			lazy_setup(function ()
				start(front, set[2]());
				host.open_rooms("focus@auth."..name, { "planning@"..muc });
			end);

			lazy_teardown(function () host.close(front); end);

			for _, case in ipairs(set[4]) do
				it("as Jitsi's own library does: "..case[1], function ()
					local outcome, result = host.outcome_of({
						host = case[4] or name, token = case[2] and token(set[3], case[2]) or nil, enter = "planning@"..muc,
					});
					assert.equal(case[3], outcome, result.text);
				end);
			end
		end);
	end
end

if not folder then
	pending("docker-jitsi-meet: set DOCKER_JITSI_MEET to a checkout of it");
end
