-- SPDX-License-Identifier: MIT
-- A page in a real browser that logs in as Jitsi Meet does: strophe.js, nginx in front of Prosody, the token in the page's URL.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-browser-spec-0123456789";
local missing = not world.has_browser() and "chromium and chromium-driver are not installed: scripts/install-deps browser"
	or not world.install_npm() and "node and npm are not installed: scripts/install-deps browser";
local now = os.time();
local site;

lazy_setup(function ()
	if missing then
		return;
	end
	local nginx = world.start_nginx();
	world.new_key({ kid = "key", publish = { "nginx" } });
	world.start_prosody({
		hosts = world.host("shared.example", { app_secret = secret })
			..world.host("keys.example", { asap_key_server = nginx.url })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true })
			..world.host("tenants.example", {
				app_secret = secret, muc_mapper_domain_base = "tenants.example", modules_enabled = { "e2e_domain_mapper" } })
			..'VirtualHost "auth.example"\n\tauthentication = "internal_hashed"\n';
		settings = 'admins = { "focus@auth.example" }';
	});
	world.shell({ command = { "user", "create", "focus@auth.example", "a-password" } });
	local focus = world.begin({ host = "auth.example", username = "focus", password = "a-password" });
	assert.equal("accepted", world.outcome({ client = focus }).outcome);
	assert.equal("joined", world.enter({ client = focus, room = "[acme]planning@conference.tenants.example" }).outcome);
	site = world.start_browser({
		pages = { "spec/browser/page/meet.html", "spec/browser/page/meet.js", "spec/e2e/npm/strophe_log_in.js",
			"spec/e2e/npm/node_modules/strophe.js/dist/strophe.esm.js" } });
end);

lazy_teardown(world.close);

local function minted(claims, key)
	return function ()
		return world.mint({ secret = not key and secret or nil, key = key, claims = claims });
	end;
end

-- What is opened with which token, at which host, and what the page shows: its state and, of a refusal, the reason.
local cases = {
	{ "a shared secret's token", "planning", minted({}), "shared.example", "joined" };
	{ "a key server's token", "planning", minted({}, "key"), "keys.example", "joined" };
	{ "a tenant's token at the tenant's page", "acme/planning", minted({ room = "planning", sub = "acme" }), "tenants.example", "joined" };
	{ "another tenant's token there", "acme/planning", minted({ room = "planning", sub = "other" }), "tenants.example", "refused",
		"not%-allowed: Room and token mismatched" };
	{ "an expired token", "planning", minted({ exp = now - 60 }), "shared.example", "refused",
		"not%-allowed: exp is "..now - 60 ..", which has passed %d+ s ago" };
	{ "a token that is not valid yet", "planning", minted({ nbf = now + 3600 }), "shared.example", "refused",
		"not%-allowed: nbf is "..now + 3600 ..".*" };
	{ "a forged token", "planning", function () return world.with_wrong_signature({ token = world.mint({ key = "key" }) }); end,
		"keys.example", "refused", "not%-allowed: the signature does not hold: .*" };
	{ "a kid that nobody knows", "planning", function () return world.mint({ key = "key", kid = "unknown" }); end,
		"keys.example", "refused", "not%-allowed: could not obtain public key" };
	{ "another issuer's token", "planning", minted({ iss = "somebody" }), "shared.example", "refused", "not%-allowed: iss is not accepted" };
	{ "something that is no token", "planning", function () return "junk"; end, "shared.example", "refused", "not%-allowed: .+" };
	{ "no token", "planning", function () return nil; end, "shared.example", "refused", "not%-allowed: token required" };
	{ "no token, where guests may enter", "planning", function () return nil; end, "guests.example", "joined" };
	{ "another room's token", "finance", minted({ room = "planning", sub = "shared.example" }), "shared.example", "refused",
		"not%-allowed: Room and token mismatched" };
};

for _, transport in ipairs({ "websocket", "bosh" }) do
	describe("a page in a browser, over "..transport, function ()
		for _, case in ipairs(cases) do
			local what, path, make_token, host, state, reason = table.unpack(case, 1, 6);
			it(("with %s: %s"):format(what, state), function ()
				if missing then
					pending(missing);
				end
				local token = make_token();
				local shown = world.show_page({ url = ("%s/%s?host=%s&transport=%s%s"):format(
					site, path, host, transport, token and "&jwt="..token or "") });
				world.note({ row = ("browser over %s, %s"):format(transport, what), shows = shown.state.." "..shown.reason });
				assert.equal(state, shown.state, shown.reason);
				assert.matches("^"..(reason or "").."$", shown.reason);
			end);
		end
	end);
end
