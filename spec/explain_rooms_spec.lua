-- SPDX-License-Identifier: MIT
-- What the command explain says about issuers, audiences, rooms, domains and tenants: one row per case.

local explaining = require "spec.support.explaining";
local tokens = require "spec.support.tokens";

local now = 1700000000;
local secret = "0123456789abcdef of a shared secret, in plain";
local absent = tokens.absent;

lazy_teardown(explaining.close);

local function token(changes)
	local all = { iat = now - 60, exp = now + 3540, sub = "meet.example.org", room = "planning", context = { user = { name = "Ann" } } };
	for name, value in pairs(changes) do
		all[name] = value;
	end
	return tokens.hs256(tokens.claims(all), secret);
end

local pattern = { room = { regex = true } };
local of_muc = 'muc_mapper_domain_base = nil\nmain_muc = "muc.meet.example.org"\n'
	..'Component "muc.meet.example.org" "muc"\nmodules_enabled = { "token_verification" }';
local breakout = 'Component "breakout.meet.example.org" "muc"';
local open_rooms = 'muc_mapper_domain_base = nil\nmuc_mapper_domain_prefix = "muc"\nmain_muc = "muc.meet.example.org"\n'
	..'Component "muc.meet.example.org" "muc"';
local by_address = 'token_room_matching = "address"';

-- { what, changes of the claims, lines of the configuration, room asked for, check, mark, key of the cause, words of the cause,
-- words of the fix [, exit status] }
local cases = {
	{ "no iss", { iss = absent }, "", nil, "iss", "FAIL", "issuer-missing", 'no "iss"', 'Let the issuer set "iss" to "app"' },
	{ "iss of null", { iss = tokens.null }, "", nil, "iss", "FAIL", "issuer-missing", 'no "iss"', '"app"' },
	{ "another iss", { iss = "else" }, "", nil, "iss", "FAIL", "issuer-not-accepted", "is not accepted", "asap_accepted_issuers" },
	{ "iss as an array", { iss = { "app" } }, "", nil, "iss", "FAIL", "issuer-array", "must be one string", 'Set "iss" to "app"' },
	{ "iss as a number", { iss = 5 }, "", nil, "iss", "FAIL", "issuer-invalid", "not a string", 'Set "iss" to "app"' },
	{ "iss with a slash at the end", { iss = "https://kc/realms/a/" }, 'asap_accepted_issuers = { "https://kc/realms/a" }', nil, "iss", "FAIL",
		"trailing-slash", 'accepted "https://kc/realms/a" differ only in a slash',
		'asap_accepted_issuers = { "https://kc/realms/a", "https://kc/realms/a/" }' },
	{ "iss without the slash at the end", { iss = "https://kc/realms/a" }, 'asap_accepted_issuers = { "x", "https://kc/realms/a/" }', nil,
		"iss", "FAIL",
		"trailing-slash", 'accepted "https://kc/realms/a/"', '{ "x", "https://kc/realms/a/", "https://kc/realms/a" }' },
	{ "iss of http for https", { iss = "http://kc/realms/a" }, 'asap_accepted_issuers = { "https://kc/realms/a" }', nil, "iss", "FAIL",
		"other-scheme", "differ only in http:// or https://", "KC_HOSTNAME" },
	{ "iss in another case", { iss = "App" }, "", nil, "iss", "FAIL", "other-case", "upper and lower case", 'Set "iss" to "app"' },
	{ "iss with a blank", { iss = "app " }, "", nil, "iss", "FAIL", "claim-blank",
		"blanks, invisible characters or quotes", 'Set "iss" to "app"' },
	{ "iss and aud mixed up", { iss = "jitsi", aud = "app" }, "", nil, "iss", "FAIL", "issuer-and-audience-swapped", "mixed up",
		'Set "iss" to "app", and set "aud" to "jitsi"' },
	{ "no aud", { aud = absent }, "", nil, "aud", "FAIL", "audience-missing", 'no "aud"', 'set "aud" to "jitsi"' },
	{ "no aud where any will do", { aud = absent }, 'asap_accepted_audiences = "*"', nil, "aud", "FAIL", "audience-missing",
		"even if any value is accepted",
		'set "aud" to "jitsi", or' },
	{ "another aud", { aud = "else" }, "", nil, "aud", "FAIL", "audience-not-accepted", "another recipient", "asap_accepted_audiences" },
	{ "aud as an array without it", { aud = { "a", "b" } }, "", nil, "aud", "FAIL", "audience-array", "an array, which is fine",
		'Add "jitsi" to "aud"' },
	{ "aud as an array with it", { aud = { "a", "jitsi" } }, "", nil, "aud", "ok", nil, nil, nil, 0 },
	{ "aud as a number", { aud = 5 }, "", nil, "aud", "FAIL", "audience-invalid", "neither a string nor an array", 'Set "aud" to "jitsi"' },
	{ "aud in another case", { aud = "Jitsi" }, "", nil, "aud", "FAIL", "other-case", "upper and lower case", '{ "jitsi", "Jitsi" }' },
	{ "aud of http for https", { aud = "http://meet" }, 'asap_accepted_audiences = { "https://meet" }', nil, "aud", "FAIL", "other-scheme",
		"differ only in http:// or https://", '{ "https://meet", "http://meet" }' },
	{ "aud with a slash at the end", { aud = { "https://meet/" } }, 'asap_accepted_audiences = { "https://meet" }', nil, "aud", "FAIL",
		"trailing-slash",
		"slash at the end", "asap_accepted_audiences = " },

	{ "no room", { room = absent }, "", nil, "room", "FAIL", "room-missing", 'no claim "room"', "asap_require_room_claim = false" },
	{ "no room in a token of an OpenID provider", { room = absent, azp = "meet", preferred_username = "ann" }, "", nil, "room", "FAIL",
		"room-missing-openid", "have no claim", "asap_require_room_claim = false" },
	{ "no room in a token with a nonce", { room = absent, nonce = "x" }, "", nil, "room", "FAIL", "room-missing-openid", "OpenID provider",
		"mapper" },
	{ "no room where it may be absent", { room = absent }, "asap_require_room_claim = false", "planning", "room", "ok", nil, nil, nil, 0 },
	{ "room as a list", { room = { "planning" } }, "", nil, "room", "FAIL", "room-invalid", "not a string", "one token for each" },
	{ "another room", { room = "finance" }, "", "planning", "room", "FAIL", "room-not-accepted", "another room", '"room": "*"' },
	{ "a room in another case", { room = "Planning" }, "", "PLANNING", "room", "ok", "room-case", "compared in lower case", "no harm", 0 },
	{ "a full JID as room", { room = "planning@conference.meet.example.org" }, "", "planning", "room", "FAIL", "room-full-jid",
		"a JID with a host",
		'"room": "planning"' },
	{ "a full JID as room, none asked for", { room = "planning@conference.meet.example.org" }, "", nil, "room", "WARN", "room-full-jid",
		"only the room's name",
		"before the @", 0 },
	{ "a URL as room", { room = "https://meet.example.org/acme/planning" }, "", "planning", "room", "FAIL", "room-url",
		"URL", '"room": "planning"' },
	{ "tenant and room as room", { room = "acme/planning", sub = "acme" }, "", "acme/planning", "room", "FAIL", "room-with-tenant",
		"includes the tenant",
		'"room": "planning"' },
	{ "a room as the page names it", { room = "my%20room" }, "", "my room", "room", "ok", nil, nil, nil, 0 },
	{ "a room as the page names it, none asked for", { room = "my%20room" }, "", nil, "room", "ok", "room-encoded", 'makes of "my room"',
		"it is right so", 0 },
	{ "a room as the page names it, of letters in other hexadecimal digits", { room = "%C3%A4" }, "", "Ä",
		"room", "ok", "room-case", "no difference", "no harm", 0 },
	{ "a room that is encoded twice", { room = "r%25c3%25a4ksm" }, "", "Räksm", "room", "FAIL", "room-url-encoded", "in another way",
		'"room": "r%c3%a4ksm"' },
	{ "a room that is encoded, where its JID is not", { room = "r%c3%a4ksm" }, "", "räksm@conference.meet.example.org", "room", "FAIL",
		"room-url-encoded", "in another way", '"room": "räksm"' },
	{ "a room of plain text, none asked for", { room = "Räksmörgås" }, "", nil, "room", "WARN", "room-not-of-page",
		'makes "r%c3%a4ksm%c3%b6rg%c3%a5s" of this', '"room": "r%c3%a4ksm%c3%b6rg%c3%a5s"', 0 },
	{ "a room of plain text, none asked for, where it matches", { room = "räksmörgås" }, by_address, nil, "room", "ok", nil, nil, nil, 0 },
	{ "a room of plain text", { room = "Räksmörgås" }, "", "https://meet.example.org/Räksmörgås", "room", "FAIL", "room-not-encoded",
		'makes "r%c3%a4ksm%c3%b6rg%c3%a5s" of this', 'Set "room": "r%c3%a4ksm%c3%b6rg%c3%a5s"; or' },
	{ "a room of plain text where it matches", { room = "Räksmörgås" }, by_address, "https://meet.example.org/R%C3%A4ksmo%CC%88rg%C3%A5s",
		"room", "ok", nil, nil, nil, 0 },
	{ "another room of plain text where it matches", { room = "Räksmörgås" }, by_address, "Raksmorgas", "room", "FAIL",
		"room-not-accepted", "another room", '"room": "raksmorgas"' },
	{ "a room with a +, by an address with a +", { room = "a+b" }, "", "https://meet.example.org/a+b", "room", "FAIL", "room-not-accepted",
		"another room", '"room": "ab"' },
	{ "the room of an address with a +", { room = "ab" }, "", "https://meet.example.org/a+b", "room", "ok", nil, nil, nil, 0 },
	{ "a room with a +, by the name with a +", { room = "a+b" }, "", "a+b", "room", "FAIL", "room-not-encoded", '"a%2bb"', '"a%2bb"' },
	{ "a long room of plain text", { room = ("Д"):rep(60) }, "", ("Д"):rep(60), "room", "FAIL", "room-not-encoded", "page",
		'"room": "'..("%d0%b4"):rep(60)..'"' },
	{ "a room of plain text in capitals", { room = "ПЛАН" }, "", "план@conference.meet.example.org", "room", "FAIL", "room-not-accepted",
		"another room", '"room": "план"' },
	{ "a start page", {}, "", "https://meet.example.org/planning/", "room", "FAIL", "room-address-without-room", "start page",
		"without a slash" },
	{ "a website alone", { room = "*" }, "", "meet.example.org", "room", "FAIL", "room-address-without-room", "start page", "ends with" },
	{ "a file of the page", { room = "*" }, "", "https://meet.example.org/static/close3.html", "room", "FAIL",
		"room-address-without-room", "a file", "ends with" },
	{ "a name that Prosody refuses", { room = "*" }, "", "it%27s", "room", "FAIL", "room-name-refused", '"it\'s"', "another name" },
	{ "a JID with a blank", { room = "*" }, "", "my room@conference.meet.example.org", "room", "FAIL", "room-name-refused", '"my room"',
		"another name" },
	{ "a name too long", { room = "*" }, "", ("ä"):rep(200), "room", "FAIL", "room-name-unusable", "1023 bytes", "another name" },
	{ "a name of which nothing is left", { room = "*" }, "", "(!)", "room", "FAIL", "room-name-unusable", "removes", "another name" },
	{ "another website", {}, "", "https://other.example.com/planning", "room", "WARN", "room-of-other-site", "other.example.com",
		"other.example.com", 0 },
	{ "a tenant with other letters", { sub = "förening" }, "", "https://meet.example.org/F%C3%B6rening/planning", "room", "ok",
		"tenant-guessed", '"förening"', "ASCII", 0 },
	{ "a tenant of two levels", { sub = "acme" }, "", "https://meet.example.org/acme/emea/planning", "sub", "FAIL", "sub-other", "tenant",
		'"emea"' },
	{ "a tenant with a dot", { sub = "my.tenant" }, "", "https://meet.example.org/my.tenant/planning", "sub", "FAIL", "sub-other", "tenant",
		'"my_tenant"' },
	{ "a tenant with a dot, in context", { sub = "my_tenant", context = { tenant = "my.tenant" } }, "",
		"https://meet.example.org/my.tenant/planning", "tenant", "ok", nil, nil, nil, 0 },
	{ "a breakout room", { sub = "other" }, breakout, "bb747194@breakout.meet.example.org", "room", "ok", "room-without-verification",
		"the user may enter", "breakout", 0 },
	{ "a breakout room, as to sub", { sub = "other" }, breakout, "bb747194@breakout.meet.example.org", "sub", "ok", nil, nil, nil, 0 },
	{ "a breakout room without a main domain", { sub = "other" }, "muc_mapper_domain_base = nil\n"..breakout,
		"bb747194@breakout.meet.example.org", "room", "ok", "room-without-verification", "the user may enter", "breakout", 0 },
	{ "rooms that nothing guards", { room = "finance" }, open_rooms, "planning", "room", "WARN", "rooms-not-verified", "open to everybody",
		"token_verification", 0 },
	{ "a room that is not encoded as its address is", { room = "my room" }, "", "https://meet.example.org/my%20room", "room", "FAIL",
		"room-not-encoded",
		'makes "my%20room" of this', '"room": "my%20room"' },
	{ "a pattern that nothing declares", { room = "plan.*" }, "", "planning", "room", "FAIL", "room-pattern-not-declared",
		"looks like a pattern",
		"context.room.regex" },
	{ "a regular expression of two names", { room = "planning|daily", context = pattern }, "", "planning", "room", "FAIL",
		"room-pattern-of-regex", "has no |", 'for | there is nothing' },
	{ "a regular expression", { room = [[plan\w+]], context = pattern }, "", "planning", "room", "FAIL", "room-pattern-of-regex",
		"read as a Lua pattern", 'matches "planning": "%d" for' },
	{ "a regular expression with a count", { room = "[a-z]{8}", context = pattern }, "", "planning", "room", "FAIL", "room-pattern-of-regex",
		"regular expression", "a token for each room" },
	{ "a pattern that does not match", { room = "plan%d+", context = pattern }, "", "planning", "room", "FAIL", "room-pattern-mismatch",
		"does not match",
		"Lua pattern" },
	{ "a pattern that matches", { room = "plan.*", context = pattern }, "", "planning", "room", "ok", nil, nil, nil, 0 },
	{ "a pattern where they are off", { room = "plan.*", context = pattern }, "token_regex_enabled = false", "planning", "room", "FAIL",
		"room-pattern-refused",
		"patterns are off", "token_regex_enabled" },

	{ "no sub", { sub = absent }, "", nil, "sub", "FAIL", "sub-missing", 'no claim "sub"', 'Set "sub" to "meet.example.org"' },
	{ "sub as a number", { sub = 5 }, "", nil, "sub", "FAIL", "sub-invalid", "not a string", '"meet.example.org"' },
	{ "sub as the domain for a tenant's room", {}, "", "acme/planning", "sub", "FAIL", "sub-domain-for-tenant", 'to the tenant "acme"',
		'Set "sub" to "acme"' },
	{ "sub as a tenant for a room without", { sub = "acme" }, "", "planning", "sub", "FAIL", "sub-tenant-for-domain", "names a tenant",
		"/acme/room" },
	{ "sub as the host of the rooms", { sub = "conference.meet.example.org" }, "", "planning", "sub", "FAIL", "sub-conference-host",
		"host of the rooms",
		'Set "sub" to "meet.example.org"' },
	{ "sub as the host of the rooms, none asked for", { sub = "conference.meet.example.org" }, "", nil, "sub", "WARN", "sub-conference-host",
		'without "conference."', '"meet.example.org"', 0 },
	{ "sub as a user's id", { sub = "2d1e5c4a-7c1b-4c55-9e0d-0f6a4f3b2a10" }, "", "planning", "sub", "FAIL", "sub-user", "a user ID",
		"enable_domain_verification = false" },
	{ "rooms on a host of another prefix", {}, of_muc, "planning", "sub", "FAIL", "muc-prefix",
		'are on muc.meet.example.org, but muc_mapper_domain_prefix is "conference"', '= "muc" in' },
	{ "rooms on a host of another prefix, none asked for", {}, of_muc, nil, "sub", "WARN", "muc-prefix", 'only "sub": "*"',
		"muc_mapper_domain_prefix = ", 0 },
	{ "any sub for rooms on a host of another prefix", { sub = "*" }, of_muc, "planning", "sub", "ok", nil, nil, nil, 0 },
	{ "a room on a host that is not the rooms'", {}, "", "planning@breakout.meet.example.org", "sub", "FAIL", "room-on-other-host",
		"on breakout.meet.example.org, but the rooms that this token opens are on conference.meet.example.org", "without its host" },
	{ "sub as another domain", { sub = "other.example.org" }, "", "planning", "sub", "FAIL", "sub-other", "another domain or tenant",
		'"meet.example.org"' },
	{ "any sub without domain verification", { sub = "whatever" }, "enable_domain_verification = false", "planning", "sub", "ok", nil, nil,
		nil, 0 },
	{ "the tenant's sub", { sub = "Acme" }, "", "https://meet.example.org/acme/planning", "sub", "ok", nil, nil, nil, 0 },
	{ "any sub", { sub = "*", room = "*" }, "", "planning@conference.acme.meet.example.org", "sub", "ok", nil, nil, nil, 0 },
	{ "another tenant", { sub = "acme", context = { tenant = "other" } }, "", "acme/planning", "tenant", "WARN", "tenant-mismatch",
		'context.tenant is "other"', 'context.tenant to "acme"', 0 },
	{ "a tenant where there are none", { sub = "acme" }, "muc_mapper_domain_base = nil", "acme/planning", "sub", "FAIL",
		"muc-domain-base-missing",
		"muc_mapper_domain_base is not set", "main domain" },
};

describe("the command's explain, of", function ()
	for _, case in ipairs(cases) do
		local what, changes, lines, room, check, mark, key, cause, fix, status = table.unpack(case, 1, 10);
		it(("%s: %s"):format(what, key or "nothing"), function ()
			local configuration = explaining.configuration(("app_secret = %q\n%s"):format(secret, lines));
			local answer, ended, rows = explaining.explain(token(changes), {
				"--config", configuration, "--now", tostring(now), table.unpack(room and { "--room", room } or {}),
			}, { secret }, explaining.quick_command);
			if key then
				explaining.finds(rows, check, mark, key, cause, fix);
			else
				assert.same({ mark, {} }, { rows[check].mark, rows[check].findings });
			end
			assert.equal(status or 1, ended);
			if ended == 0 and room then
				assert.same({ accepted = true }, answer.room);
			end
		end);
	end
end);

describe("the wanted room", function ()
	local function last_line(changes, room)
		local output = explaining.command({ "explain", "--file", explaining.write_file("token", token(changes)), "--now", tostring(now),
			"--config", explaining.configuration(("app_secret = %q"):format(secret)), "--room", room });
		return output:match("([^\n]*)\n$");
	end

	it("is separate from the log-in, for which the token may be valid", function ()
		assert.equal("The token is accepted, but not for this room: room-mismatch: the token is for another room or tenant",
			last_line({ room = "finance" }, "planning"));
		assert.equal("The token is accepted, but not for this room: room-name-does-not-match: the token's room claim does not cover this room",
			last_line({ room = "fin.*", context = pattern }, "planning"));
		assert.equal("The token is accepted.", last_line({}, "planning"));
	end);

	-- Each names the same room.
	for _, name in ipairs({
		"acme/planning", "[acme]planning", "Acme/Planning", "https://meet.example.org/acme/planning",
			"https://meet.example.org:8443/acme/planning?x#y",
		"planning@conference.acme.meet.example.org", "[acme]planning@conference.meet.example.org/nick",
	}) do
		it("may be given as "..name, function ()
			assert.equal("The token is accepted.", last_line({ sub = "acme" }, name));
			assert.truthy(last_line({}, name):find("but not for this room", 1, true));
		end);
	end
end);
