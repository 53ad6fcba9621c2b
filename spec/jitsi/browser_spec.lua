-- SPDX-License-Identifier: MIT
-- Jitsi's browser library in a real browser, at a host of Jitsi's Debian packages with nginx in front of Prosody. The focus is a
-- client of ours, which answers the library's request for a conference.

local debian = require "spec.jitsi.debian";
local host = require "spec.jitsi.host";
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-jitsi-browser-spec-0123456789";
local missing = not world.has_browser() and "chromium and chromium-driver are not installed: scripts/install-deps jitsi"
	or os.execute("command -v npm >/dev/null") == nil and "npm is not installed: scripts/install-deps jitsi" or nil;

-- The builds that npm has, and what each needs to be loaded before it: package, digest, script. LIB_JITSI_MEET is the file of another
-- one, for example the server's own; a current one also passes on the server's words.
local jquery = { "jquery@3.7.1", "sha512-m4avr8yL8kmFN8psrbFFFmB/If14iN5o9nw/NgnnM+kybDJpRsAynV2BsfpTYrTRysYUdADVD7CkUUizgkpLfg==",
	"dist/jquery.min.js" };
local builds = {
	{ name = "lib-jitsi-meet 1.0.6", transport = "bosh", scripts = {
		jquery,
		{ "strophe.js@1.2.16", "sha512-r/Uq7aqrusg25Y0qHwV48cFnMY6K/CuZdGt3EggRx3kY4sMv8lG+AFoMlrmTcYVMG1BaJvQfv9Cthw4Ll8z7fQ==",
			"strophe.js" },
		{ "strophejs-plugin-disco@0.0.2", "sha512-T9pJFzn1ZUqZ/we9+OvI5pFdrjeb4IBMbEjK+ZWEZV036wEl8l8GOtF8AJ3sIqOMtdIiFLdFu99JiGWd7yapAQ==",
			"lib/strophe.disco.js" },
		{ "strophejs-plugin-caps@1.1.3", "sha512-TsnZiU7fKFv8J/jU8wFI+7kJv3zlv0Ny0PYg5zIazyprmfVbxjZxNft7GzSo20L1+Gp25Aq/zsw0YAmzhdY+DQ==",
			"lib/strophe.caps.js" },
		{ "lib-jitsi-meet@1.0.6", "sha512-Hnp8F7btmIFBGh5hgli1uTzb7c7IgWBgTMFu4GnSasE8sx23RcTerXBjH+XZcsGsxnoW3pFKlU77za1a0o3qhw==",
			"dist/lib-jitsi-meet.min.js" },
	} };
	{ name = "@lyno/lib-jitsi-meet 1.5142.0", transport = "websocket", scripts = {
		jquery,
		{ "@lyno/lib-jitsi-meet@1.5142.0",
			"sha512-SZgjszMtLf+lIfaj3vH2AxK5prq5Kny6/+UFFKQafCA2muEeH2T/dschyaio0hUyQetFfDWxznaGUxNe+FPCqw==", "lib-jitsi-meet.min.js" },
	} };
};
if os.getenv("LIB_JITSI_MEET") then
	builds[#builds + 1] = { name = "the library of LIB_JITSI_MEET", transport = "websocket",
		scripts = { { file = os.getenv("LIB_JITSI_MEET") } }, says_why = true };
end

-- Serves the page with a build of the library; gives back where it is, with what every visit says.
local function open_site(build)
	local pages, names = { "spec/jitsi/page/conference.html", "spec/jitsi/page/conference.js" }, {};
	for i, script in ipairs(build.scripts) do
		local file = script.file or world.unpack_npm({ package = script[1], integrity = script[2] }).."/"..script[3];
		pages[#pages + 1], names[i] = file, file:match("[^/]*$");
	end
	return ("%s/planning?host=%s&transport=%s&scripts=%s"):format(
		world.start_browser({ pages = pages }), debian.name, build.transport, table.concat(names, ","));
end

-- What, the claims (false: no token), what the page shows, and of a refusal the library's reason and the server's words behind it.
local cases = {
	{ "a token of the room", {}, "joined" };
	{ "a token of another room", { room = "finance" }, "no entry", "conference.connectionError.notAllowed",
		"general: Room and token mismatched" };
	{ "an expired token", { exp = 1600000000 }, "no log-in", "connection.passwordRequired", "exp is 1600000000, which has passed %d+ s ago" };
	{ "no token", false, "no log-in", "connection.passwordRequired", "token required" };
};

for _, front in ipairs(host.fronts) do
	for _, build in ipairs(builds) do
		describe(("%s in a browser, at a Jitsi host with %s"):format(build.name, front.name), function ()
			local page;

			lazy_setup(function ()
				if missing then
					return;
				end
				world.start_nginx();
				host.start(front, debian.configuration(('app_secret="%s"'):format(secret)));
				local focus = host.open_rooms("focus@auth."..debian.name, { "planning@conference."..debian.name });
				world.lead_conferences({ client = focus, component = "focus."..debian.name });
				page = open_site(build);
			end);

			lazy_teardown(function () host.close(front); end);

			for _, case in ipairs(cases) do
				local what, claims, state, reason, words = table.unpack(case, 1, 5);
				it(("with %s: %s"):format(what, state), function ()
					if missing then
						pending(missing);
					end
					local token = claims and world.mint({ secret = secret, claims = {
						room = claims.room or "planning", exp = claims.exp, sub = debian.name, context = { user = { id = "u1", name = "Ann" } } } });
					local shown = world.show_page({ url = page..(token and "&jwt="..token or "") });
					world.note({ row = ("%s, %s, %s"):format(build.name, front.name, what), shows = shown.state.." "..shown.reason });
					assert.equal(state, shown.state, shown.reason);
					if build.says_why and #front.folders > 0 then
						assert.matches("^"..(reason and reason..": "..words or "").."$", shown.reason);
					else
						assert.equal(reason or "", shown.reason:match("^[^:]*"));
					end
				end);
			end
		end);
	end
end
