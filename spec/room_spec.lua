-- SPDX-License-Identifier: MIT
-- Which rooms a verified session may enter: the address rules, row by row.

require "spec.support.prosody";
local room_rules = require "token_verifier.plugin.room";

local tenant_token = { auth_token = "t", jitsi_meet_room = "room1", jitsi_meet_domain = "tenant1" };
local closed_room = { _data = { allowUnauthenticatedAccess = false } };
local open_room = { _data = {} };

local function settings(changes)
	local result = {
		enableDomainVerification = true, requireRoomClaim = true, allowEmptyToken = false,
		muc_domain_prefix = "conference", muc_domain_base = "example.org", muc_domain = "conference.example.org",
		regexEnabled = true, regexRoomMaxLength = 128, regexRoomMaxQuantifiers = 3,
		log = function () end,
	};
	for name, value in pairs(changes or {}) do
		if value == "none" then
			result[name] = nil;
		else
			result[name] = value;
		end
	end
	return result;
end

local function session(changes)
	local result = {};
	for name, value in pairs(tenant_token) do
		result[name] = value;
	end
	for name, value in pairs(changes or {}) do
		result[name] = value;
	end
	return result;
end

local function verify(case)
	local asked_for;
	local room = case.room == nil and open_room or case.room;
	local who = case.session or session(case.claims);
	local allowed, error_name, _, words = room_rules.verify(settings(case.settings), who, case.address, function (jid)
		asked_for = jid;
		return room or nil;
	end);
	return allowed, error_name, asked_for, who, words;
end

local plain = { muc_domain_base = "none", muc_domain = "none" };
local names_only = { enableDomainVerification = false };

local by_address = { roomMatching = "address" };
local names_by_address = { roomMatching = "address", enableDomainVerification = false };

local function with_pattern(claim, regex)
	return { jitsi_meet_room = claim, jitsi_meet_context_room = { regex = regex == nil and true or regex } };
end

local cases = {
	-- the address
	{ "an address without a node", address = "conference.example.org", expect = "invalid-room-address" },
	{ "an address that is no address", address = "@@", expect = "invalid-room-address" },
	{ "no address", address = nil, expect = "invalid-room-address" },
	{ "a nick is left out of it", address = "room1@conference.tenant1/nick", expect = true },
	-- the room
	{ "a room that does not exist", address = "room1@conference.tenant1", room = false, expect = "room-does-not-exist" },
	{ "a room that does not exist, for guests", address = "room1@conference.tenant1", room = false, session = {},
		settings = { allowEmptyToken = true }, expect = "room-does-not-exist" },
	{ "without a base a token creates its room", address = "room1@conference.tenant1", room = false, settings = plain,
		expect = true },
	-- plain text
	{ "the room that the page makes of it", address = "my%20room@conference.tenant1", claims = { jitsi_meet_room = "My Room" },
		settings = by_address, expect = true },
	{ "the same by default", address = "my%20room@conference.tenant1", claims = { jitsi_meet_room = "My Room" }, expect = false },
	{ "the same, and no other matching is asked for", address = "my%20room@conference.tenant1", claims = { jitsi_meet_room = "My Room" },
		settings = { roomMatching = "claim" }, expect = false },
	{ "plain text and a tenant", address = "[tenant1]r%c3%a4ksm@conference.example.org", claims = { jitsi_meet_room = "R\u{e4}ksm" },
		settings = by_address, expect = true },
	{ "plain text and another tenant", address = "[tenant2]r%c3%a4ksm@conference.example.org", claims = { jitsi_meet_room = "R\u{e4}ksm" },
		settings = by_address, expect = false },
	{ "plain text, and the room of exactly that name", address = "c++@conference.tenant1", claims = { jitsi_meet_room = "C++" },
		settings = by_address, expect = true },
	{ "what the page made already", address = "my%20room@conference.tenant1", claims = { jitsi_meet_room = "my%20room" },
		settings = by_address, expect = true },
	{ "it is not made twice", address = "my%2520room@conference.tenant1", claims = { jitsi_meet_room = "my%20room" },
		settings = by_address, expect = false },
	{ "it is not undone", address = "my room@conference.tenant1", claims = { jitsi_meet_room = "my%20room" },
		settings = by_address, expect = false },
	{ "a name that only begins like it", address = "my%20room2@conference.tenant1", claims = { jitsi_meet_room = "My Room" },
		settings = by_address, expect = false },
	{ "plain text that is a tenant's room", address = "[tenant1]room1@conference.example.org", claims = { jitsi_meet_room = "[tenant1]Room1" },
		settings = by_address, expect = false },
	{ "a pattern is no plain text", address = "a%20b@conference.tenant1", claims = with_pattern("A b"), settings = by_address,
		expect = "room-name-does-not-match" },
	{ "a pattern matches as ever", address = "a%20b@conference.tenant1", claims = with_pattern("a%%20b"), settings = by_address,
		expect = true },
	{ "names only: the room that the page makes of it", address = "my%20room@muc.anywhere", claims = { jitsi_meet_room = "My Room" },
		settings = names_by_address, expect = true },
	{ "names only: that of a tenant", address = "[acme]my%20room@muc.anywhere", claims = { jitsi_meet_room = "My Room" },
		settings = names_by_address, expect = true },
	{ "names only: the same by default", address = "my%20room@muc.anywhere", claims = { jitsi_meet_room = "My Room" }, settings = names_only,
		expect = "room-mismatch" },
	{ "names only: a text of which the page makes nothing, and no name", address = "[acme]@muc.anywhere", claims = { jitsi_meet_room = "(!)" },
		settings = names_by_address, expect = "room-mismatch" },
	-- guests
	{ "a guest", address = "any@conference.x", session = {}, settings = { allowEmptyToken = true }, expect = true },
	{ "a guest where the room asks for a token", address = "any@conference.x", session = {}, room = closed_room,
		settings = { allowEmptyToken = true }, expect = "authentication-required" },
	{ "a guest where none are allowed", address = "any@conference.x", session = {},
		expect = "room-name-does-not-match" },
	{ "allow_empty_token does not cover those with a token", address = "other@conference.tenant1",
		settings = { allowEmptyToken = true }, expect = false },
	-- domain verification off
	{ "names only: the claim", address = "room1@muc.anywhere", settings = names_only, expect = true },
	{ "names only: the claim in another case", address = "room1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "ROOM1" }, expect = true },
	{ "names only: the claim behind a tenant", address = "[x]room1@muc.anywhere", settings = names_only, expect = true },
	{ "names only: another room", address = "room2@muc.anywhere", settings = names_only, expect = "room-mismatch" },
	{ "names only: ends like it", address = "aroom1@muc.anywhere", settings = names_only, expect = "room-mismatch" },
	{ "names only: any room", address = "room2@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "*" }, expect = true },
	{ "names only: a pattern is no pattern", address = "room2@muc.anywhere", settings = names_only,
		claims = with_pattern("room."), expect = "room-mismatch" },
	{ "names only: a pattern's text", address = "room.@muc.anywhere", settings = names_only,
		claims = with_pattern("room."), expect = true },
	{ "names only: no claim", address = "room2@muc.anywhere", settings = names_only,
		session = { auth_token = "t", jitsi_meet_domain = "d" }, expect = true },
	{ "names only: a claim that is no string", address = "1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = 1 }, expect = "room-mismatch" },
	{ "names only: an empty claim, and a name that ends in a bracket", address = "[x]@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "" }, expect = "room-mismatch" },
	{ "names only: an empty claim", address = "room1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "" }, expect = "room-mismatch" },
	{ "names only: the end of another room's name", address = "[x]a]room1@muc.anywhere", settings = names_only,
		expect = "room-mismatch" },
	{ "names only: the whole of that name", address = "[x]a]room1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "a]room1" }, expect = true },
	{ "names only: behind a bracket and no tenant", address = "x]room1@muc.anywhere", settings = names_only,
		expect = "room-mismatch" },
	{ "names only: behind an empty tenant", address = "[]room1@muc.anywhere", settings = names_only, expect = "room-mismatch" },
	{ "names only: behind a tenant with a bracket", address = "[[x]room1@muc.anywhere", settings = names_only,
		expect = "room-mismatch" },
	{ "names only: a claim that names a tenant too", address = "[x]room1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "[X]room1" }, expect = true },
	{ "names only: a claim that begins with the end of a tenant", address = "[x]room1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "]room1" }, expect = "room-mismatch" },
	{ "names only: a claim with a NUL", address = "room1@muc.anywhere", settings = names_only,
		claims = { jitsi_meet_room = "room1\0" }, expect = "room-mismatch" },
	-- no claim
	{ "no claim, and it is required", address = "room1@conference.tenant1",
		session = { auth_token = "t", jitsi_meet_domain = "tenant1" }, expect = "room-name-does-not-match" },
	{ "no claim, and it is not required", address = "any@conference.other",
		session = { auth_token = "t", jitsi_meet_domain = "tenant1" }, settings = { requireRoomClaim = false },
		expect = true },
	-- plain addresses
	{ "the room", address = "room1@conference.tenant1", expect = true },
	{ "the room in another case", address = "room1@conference.tenant1",
		claims = { jitsi_meet_room = "Room1", jitsi_meet_domain = "TENANT1" }, expect = true },
	{ "another room", address = "room2@conference.tenant1", expect = false },
	{ "another host", address = "room1@conference.tenant2", expect = false },
	{ "another prefix", address = "room1@muc.tenant1", expect = false },
	{ "the configured prefix", address = "room1@muc.tenant1", settings = { muc_domain_prefix = "muc" }, expect = true },
	{ "any room", address = "room9@conference.tenant1", claims = { jitsi_meet_room = "*" }, expect = true },
	{ "any tenant", address = "room1@conference.example.org", claims = { jitsi_meet_domain = "*" }, expect = true },
	{ "any tenant, elsewhere", address = "room1@conference.other.org", claims = { jitsi_meet_domain = "*" },
		expect = false },
	{ "any tenant, without a base", address = "room1@conference.other.org", claims = { jitsi_meet_domain = "*" },
		settings = plain, expect = true },
	{ "no sub", address = "room1@conference.tenant1", session = { auth_token = "t", jitsi_meet_room = "room1" },
		expect = false },
	-- addresses with a tenant
	{ "a tenant's room", address = "[tenant1]room1@conference.example.org", expect = true },
	{ "another tenant's room", address = "[tenant2]room1@conference.example.org", expect = false },
	{ "a tenant's other room", address = "[tenant1]room2@conference.example.org", expect = false },
	{ "any room of a tenant", address = "[tenant1]room2@conference.example.org", claims = { jitsi_meet_room = "*" },
		expect = true },
	{ "a room of any tenant", address = "[tenant2]room1@conference.example.org", claims = { jitsi_meet_domain = "*" },
		expect = true },
	{ "a tenant's room on another host", address = "[tenant1]room1@conference.other.org", expect = false },
	{ "a tenant's room without a base", address = "[tenant1]room1@conference.example.org", settings = plain,
		expect = "server-missing-config" },
	-- odd names
	{ "a tenant's name with a bracket reaches no neighbour's room", address = "[a]b]room1@conference.example.org",
		claims = { jitsi_meet_domain = "a]b" }, expect = false },
	{ "the neighbour's own token does", address = "[a]b]room1@conference.example.org",
		claims = { jitsi_meet_domain = "a", jitsi_meet_room = "b]room1" }, expect = true },
	{ "a tenant's name that begins with a bracket", address = "[[a]room1@conference.example.org",
		claims = { jitsi_meet_domain = "[a" }, expect = false },
	{ "a tenant with a bracket, for any tenant's token", address = "[[a]room1@conference.example.org",
		claims = { jitsi_meet_domain = "*" }, expect = false },
	{ "a tenant with a bracket, for any room's token", address = "[[a]room1@conference.example.org",
		claims = { jitsi_meet_domain = "*", jitsi_meet_room = "*" }, expect = false },
	{ "an empty tenant", address = "[]room1@conference.example.org", claims = { jitsi_meet_domain = "" }, expect = false },
	{ "an empty tenant in the address", address = "[]room1@conference.tenant1", claims = { jitsi_meet_room = "*" },
		expect = false },
	{ "an empty name behind a tenant", address = "[tenant1]@conference.example.org", claims = { jitsi_meet_room = "" },
		expect = false },
	{ "an empty name behind a tenant, for any room's token", address = "[tenant1]@conference.tenant1",
		claims = { jitsi_meet_room = "*" }, expect = false },
	{ "a pattern that matches an empty name", address = "[tenant1]@conference.example.org", claims = with_pattern("a*"),
		expect = false },
	{ "a bracket that no other closes is a name", address = "[room1@conference.tenant1", claims = { jitsi_meet_room = "[room1" },
		expect = true },
	{ "an empty sub", address = "room1@conference.", claims = { jitsi_meet_domain = "" }, settings = plain, expect = false },
	{ "a sub that goes on behind a slash", address = "room1@conference.a/b", claims = { jitsi_meet_domain = "a/b" },
		settings = plain, expect = false },
	{ "a sub with an @", address = "room1@conference.a", claims = { jitsi_meet_domain = "a@conference.a" }, settings = plain,
		expect = false },
	{ "a room claim with an @", address = "room1@conference.a",
		claims = { jitsi_meet_room = "room1@conference.a/", jitsi_meet_domain = "b" }, settings = plain, expect = false },
	{ "a sub below the tenant's domain", address = "room1@conference.tenant1", claims = { jitsi_meet_domain = "x.tenant1" },
		expect = false },
	{ "a sub that begins with the prefix", address = "room1@conference.tenant1",
		claims = { jitsi_meet_domain = "conference.tenant1" }, expect = false },
	{ "a wildcard among others", address = "[tenant1]room1@conference.example.org", claims = { jitsi_meet_domain = "tenant*" },
		expect = false },
	{ "a tenant's room named in the claim", address = "[tenant2]room1@conference.example.org",
		claims = { jitsi_meet_room = "[tenant2]room1" }, expect = false },
	{ "a NUL in the sub", address = "[tenant1]room1@conference.example.org", claims = { jitsi_meet_domain = "tenant1\0" },
		expect = false },
	-- the tenant of the URL
	{ "the tenant of the URL", address = "room1@conference.tenant1",
		claims = { jitsi_meet_str_tenant = "ACME", jitsi_web_query_prefix = "acme" }, expect = true, mismatch = nil },
	{ "another tenant than the URL's", address = "room1@conference.tenant1",
		claims = { jitsi_meet_str_tenant = "acme", jitsi_web_query_prefix = "" }, expect = true, mismatch = true },
	{ "another tenant than the URL's, where the room asks for more", address = "room1@conference.tenant1",
		claims = { jitsi_meet_str_tenant = "acme", jitsi_web_query_prefix = "" }, room = closed_room, expect = false,
		mismatch = true },
	-- patterns
	{ "a pattern", address = "room7@conference.tenant1", claims = with_pattern("room%d"), expect = true },
	{ "a pattern, by the word true", address = "room7@conference.tenant1", claims = with_pattern("room%d", "true"),
		expect = true },
	{ "no pattern unless it says so", address = "room7@conference.tenant1", claims = with_pattern("room%d", 1),
		expect = false },
	{ "a pattern in its own case", address = "rooma@conference.tenant1", claims = with_pattern("room%D"),
		expect = true },
	{ "a pattern that does not match", address = "roomx@conference.tenant1", claims = with_pattern("room%d"),
		expect = "room-name-does-not-match" },
	{ "a pattern that does not match, no claim required", address = "roomx@conference.tenant1",
		settings = { requireRoomClaim = false }, claims = with_pattern("room%d"), expect = "room-name-does-not-match" },
	{ "a pattern that matches only a part", address = "room77@conference.tenant1", claims = with_pattern("room%d"),
		expect = false },
	{ "a pattern that matches only the end", address = "xroom7@conference.tenant1", claims = with_pattern("room%d"),
		expect = "room-name-does-not-match" },
	{ "a capture that is the whole name", address = "room7@conference.tenant1", claims = with_pattern("(room%d)$"),
		expect = true },
	{ "a capture that is a part of the name", address = "room7@conference.tenant1", claims = with_pattern("room(%d)"),
		expect = false },
	{ "a pattern in a tenant's room", address = "[tenant1]room7@conference.example.org",
		claims = with_pattern("^room%d$"), expect = true },
	{ "any room is no pattern", address = "room7@conference.tenant1", claims = with_pattern("*"), expect = true },
	{ "patterns off", address = "room7@conference.tenant1", claims = with_pattern("room%d"),
		settings = { regexEnabled = false }, expect = "invalid-regex" },
	{ "a room name at the limit", address = ("a"):rep(128).."@conference.tenant1", claims = with_pattern("a*"),
		expect = true },
	{ "a room name over the limit", address = ("a"):rep(129).."@conference.tenant1", claims = with_pattern("a*"),
		expect = "invalid-regex" },
	{ "three quantifiers", address = "aaa@conference.tenant1", claims = with_pattern("a*a+a?"), expect = true },
	{ "four quantifiers", address = "aaa@conference.tenant1", claims = with_pattern("a*a+a?a-"),
		expect = "invalid-regex" },
	{ "quantifiers in a class and escaped are none", address = "a+@conference.tenant1",
		claims = with_pattern("[*+?-][]*+?-]*%+%-?%*?") , expect = "room-name-does-not-match" },
	{ "256 bytes", address = "a@conference.tenant1", claims = with_pattern("["..("a"):rep(254).."]"), expect = true },
	{ "257 bytes", address = "a@conference.tenant1", claims = with_pattern("["..("a"):rep(255).."]"),
		expect = "invalid-regex" },
	{ "a back-reference", address = "aa@conference.tenant1", claims = with_pattern("(a)%1"), expect = "invalid-regex" },
	{ "%f", address = "aa@conference.tenant1", claims = with_pattern("%f[a]a*"), expect = "invalid-regex" },
	{ "%b", address = "aa@conference.tenant1", claims = with_pattern("%bab"), expect = "invalid-regex" },
	{ "a pattern that is no string", address = "1@conference.tenant1", claims = with_pattern(1),
		expect = "invalid-regex" },
};

-- Malformed at a place that matching never reaches: they must be refused all the same.
for _, pattern in ipairs({ "x[", "x[a", "x[]", "x[^]", "x%", "x(", "x)", "x(()", "x%0", "x[%" }) do
	table.insert(cases, { "malformed: "..pattern, address = "room1@conference.tenant1", claims = with_pattern(pattern),
		expect = "invalid-regex" });
end

describe("the rooms of a token", function ()
	for _, case in ipairs(cases) do
		it(case[1], function ()
			local allowed, error_name, _, who = verify(case);
			if type(case.expect) == "string" then
				assert.same({ false, case.expect }, { allowed, error_name });
			else
				assert.same({ case.expect, nil }, { allowed, error_name });
			end
			assert.equal(case.mismatch, who.jitsi_meet_tenant_mismatch);
		end);
	end

	it("looks the room up on the MUC host", function ()
		local _, _, asked_for = verify({ address = "[tenant1]room1@conference.tenant1/nick" });
		assert.equal("[tenant1]room1@conference.example.org", asked_for);
		_, _, asked_for = verify({ address = "room1@muc.other.org/nick", settings = plain });
		assert.equal("room1@muc.other.org", asked_for);
	end);

	it("continues with a warning if the tenant is not that of the URL", function ()
		local warnings = {};
		local log = function (level, ...) warnings[#warnings + 1] = level.." "..string.format(...); end
		local claims = { jitsi_meet_str_tenant = "acme", jitsi_web_query_prefix = "other" };
		assert.is_true((verify({ address = "room1@conference.tenant1", claims = claims, settings = { log = log } })));
		assert.same({ "warn The token's context.tenant is \"acme\", and the URL's is \"other\"" }, warnings);
	end);

	it("has a text for the log that says what the token is for", function ()
		local mismatch = "the token is for another room or tenant: its room and sub make ";
		local url = { jitsi_meet_str_tenant = "acme", jitsi_web_query_prefix = "other" };
		for _, case in ipairs({
			{ "room2@conference.tenant1", mismatch..'"room1@conference.tenant1"' },
			{ "room1@muc.tenant1", mismatch..'"room1@conference.tenant1"' },
			{ "[tenant2]room1@conference.example.org", mismatch..'"[tenant1]room1@conference.example.org"' },
			{ "room2@muc.anywhere", 'the token is for another room: its room is "room1"', settings = names_only },
			{ "b@conference.tenant1", "the token's room claim does not cover this room: it is the pattern \"a+\"",
				claims = with_pattern("a+") },
			{ "room1@conference.tenant1", "the room does not exist; where muc_mapper_domain_base is set, Jitsi's focus must have made it",
				room = false },
			{ "room1@conference.tenant1", "the token's context.tenant is \"acme\", and the URL's is \"other\"",
				claims = url, room = closed_room },
		}) do
			case.address = case[1];
			local _, _, _, _, words = verify(case);
			assert.equal(case[2], words, case[1]);
		end
	end);

	it("accepts no sub that another plugin set and that is not a string", function ()
		for _, sub in ipairs({ 5, false, {} }) do
			local address = "room1@conference."..tostring(sub);
			assert.is_false((verify({ address = address, claims = { jitsi_meet_domain = sub } })));
		end
	end);

	it("accepts the same names with ^ put in front", function ()
		local names = { "a", "aa", "ab", "ba", "bab", "", "aab", "b" };
		for _, pattern in ipairs({ "a", "a*", "(a*)b?", "b?(a+)", ".-a", "[ab]b", "a$", "(b)a", "(.)" }) do
			for _, name in ipairs(names) do
				local unanchored = name ~= "" and name:match(pattern) == name;
				local allowed = verify({ address = name.."@conference.tenant1", claims = with_pattern(pattern) });
				assert.equal(unanchored, allowed, ("%s against %s"):format(name, pattern));
			end
		end
	end);

	it("limits the time of a match", function ()
		for _, pattern in ipairs({ ".*.*.*b", ".-.-.-b", ("[a-z]"):rep(50)..".*", "(.*)(.*)(.*)b" }) do
			local start = os.clock();
			verify({ address = ("a"):rep(128).."@conference.tenant1", claims = with_pattern(pattern) });
			assert.is_true(os.clock() - start < 0.1, pattern);
		end
	end);
end);
