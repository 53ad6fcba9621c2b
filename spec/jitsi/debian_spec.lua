-- SPDX-License-Identifier: MIT
-- The configuration that Jitsi's Debian packages write: their template with the changes that jitsi-meet-tokens makes, and what an
-- operator adds to it for keys and guests. A log-in has the same outcome with Jitsi's own library and with ours.

local debian = require "spec.jitsi.debian";
local host = require "spec.jitsi.host";
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-jitsi-debian-spec-0123456789";
local name, guests = debian.name, "guest.meet.example";

-- The address of a room. "ROOM@TENANT" is a room of a tenant, as its pages write it.
local function address_of(room)
	local node, tenant = room:match("^(.*)@(.*)$");
	return node and ("%s@conference.%s.%s"):format(node, tenant, name) or room.."@conference."..name;
end

local rooms = { "planning", "planning@acme", "finance" };

-- How tokens are verified: what is said of it, what opens it and gives the options, and what world.mint() needs to sign.
local sources = {
	{ "a shared secret", function () return ('app_secret="%s"'):format(secret); end, { secret = secret } };
	{ "a key server", function ()
		local nginx = world.start_nginx();
		world.new_key({ kid = "of-the-server", publish = { "nginx" } });
		return ('asap_key_server = "%s"'):format(nginx.url);
	end, { key = "of-the-server" } };
};

local function token(signer, claims, without)
	return host.token(signer, { room = "planning", sub = name, context = { user = { id = "u1", name = "Ann" } } }, claims, without);
end

-- What, the claims (false: no token), those that are left out, the room, and the outcome.
local cases = {
	{ "a token of the room", {}, nil, "planning", "joined" };
	{ "a moderator's token", { context = { user = { id = "u2", name = "Bob", moderator = "true", affiliation = "owner" } } }, nil, "planning",
		"joined" };
	{ "a token without context", {}, { "context" }, "planning", "joined" };
	{ "a token of another room", {}, nil, "finance", "no entry" };
	{ "a token of all rooms", { room = "*" }, nil, "finance", "joined" };
	{ "a token of a pattern of rooms", { room = "plan.*", context = { room = { regex = true } } }, nil, "planning", "joined" };
	{ "a token of a tenant", { sub = "acme" }, nil, "planning@acme", "joined" };
	{ "a token of another tenant", { sub = "other" }, nil, "planning@acme", "no entry" };
	{ "a token of all tenants", { sub = "*" }, nil, "planning@acme", "joined" };
	{ "an expired token", { exp = 1600000000 }, nil, "planning", "no log-in" };
	{ "another issuer's token", { iss = "other" }, nil, "planning", "no log-in" };
	{ "a token without a room", {}, { "room" }, "planning", "no log-in" };
	{ "no token", false, nil, "planning", "no log-in" };
};

for _, front in ipairs(host.fronts) do
	for _, source in ipairs(sources) do
		describe(("a Jitsi host of Debian's packages with %s and %s"):format(front.name, source[1]), function ()
			local signer = source[3];

			lazy_setup(function ()
				host.start(front, debian.configuration(source[2]()));
				local addresses = {};
				for i, room in ipairs(rooms) do
					addresses[i] = address_of(room);
				end
				host.open_rooms("focus@auth."..name, addresses);
			end);

			lazy_teardown(function () host.close(front); end);

			for _, case in ipairs(cases) do
				it("as Jitsi's own library does: "..case[1], function ()
					local outcome, result = host.outcome_of({
						host = name, token = case[2] and token(signer, case[2], case[3]) or nil, enter = address_of(case[4]),
					});
					assert.equal(case[5], outcome, result.text);
				end);
			end

			it("refuses a token with a wrong signature", function ()
				local outcome = host.outcome_of({
					host = name, token = world.with_wrong_signature({ token = token(signer, {}) }), enter = address_of("planning"),
				});
				assert.equal("no log-in", outcome);
			end);
		end);
	end

	-- The host for guests is what Jitsi's documentation adds.
	describe(("a Jitsi host for guests with %s"):format(front.name), function ()
		lazy_setup(function ()
			host.start(front, debian.configuration(('app_secret="%s"'):format(secret))..([[

VirtualHost %q
	authentication = "jitsi-anonymous"
	c2s_require_encryption = false
	main_muc = "conference.%s"
]]):format(guests, name));
			host.open_rooms("focus@auth."..name, { address_of("planning") });
		end);

		lazy_teardown(function () host.close(front); end);

		for _, case in ipairs({
			{ "a guest", guests, false, "no entry" }, { "a user", name, true, "joined" }, { "a user without a token", name, false, "no log-in" },
		}) do
			it("as Jitsi's own library does: "..case[1], function ()
				local outcome = host.outcome_of({ host = case[2], token = case[3] and token({ secret = secret }, {}) or nil,
					enter = address_of("planning") });
				assert.equal(case[4], outcome);
			end);
		end
	end);
end
