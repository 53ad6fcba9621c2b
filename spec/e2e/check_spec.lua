-- SPDX-License-Identifier: MIT
-- What check says of a configuration is what Prosody does with it: each configuration as it is, and after its fix.

local json = require "dkjson";
local temporary = require "spec.support.temporary";
local world = require "spec.e2e.world";

local secret = "the-secret-of-the-spec-of-check-0123456789";
local log_in = ('\tauthentication = "token"\n\tapp_id = "issuer"\n\tapp_secret = "%s"\n'):format(secret);
local guard = '\tmodules_enabled = { "token_verification" }\n';

local function host(name, lines)
	return ("VirtualHost %q\n%s"):format(name, lines);
end

local function rooms(name, lines)
	return ("Component %q \"muc\"\n%s"):format(name, lines);
end

-- { key of the cause, configuration of DOMAIN, the fixed one, where a client logs in, whether it has a token, what it meets before and
-- after: "accepted" or "refused" at the log-in, "joined" or "kept out" in the room `planning`, or in another }
local cases = {
	{ "app-id-missing-for-guests",
		host("DOMAIN", log_in)..host("guest.DOMAIN", '\tauthentication = "token"\n')..rooms("conference.DOMAIN", guard),
		host("DOMAIN", log_in)..host("guest.DOMAIN", '\tauthentication = "anonymous"\n')
			..rooms("conference.DOMAIN", guard..'\ttoken_verification_allowlist = { "guest.DOMAIN" }\n'),
		"guest.DOMAIN", false, "refused", "joined" },
	{ "nobody-enters",
		host("DOMAIN", (log_in:gsub('"token"', '"anonymous"')))..rooms("conference.DOMAIN", guard),
		host("DOMAIN", log_in)..rooms("conference.DOMAIN", guard), "DOMAIN", true, "kept out", "joined" },
	{ "modules-not-a-list",
		host("DOMAIN", log_in)..rooms("conference.DOMAIN", '\tmodules_enabled = ( "token_verification" )\n'),
		host("DOMAIN", log_in)..rooms("conference.DOMAIN", guard), "DOMAIN", true, "joined", "kept out", room = "finance" },
	{ "rooms-module-elsewhere",
		host("DOMAIN", log_in..guard)..rooms("conference.DOMAIN", ""),
		host("DOMAIN", log_in..guard)..rooms("conference.DOMAIN", guard), "DOMAIN", true, "joined", "kept out", room = "finance" },
	{ "host-without-rooms",
		host("DOMAIN", log_in)..host("b.DOMAIN", log_in)..rooms("conference.DOMAIN", guard),
		host("DOMAIN", log_in..'\ttoken_verification_hosts = { "b.DOMAIN" }\n')..host("b.DOMAIN", log_in)..rooms("conference.DOMAIN", guard),
		"b.DOMAIN", true, "kept out", "joined" },
	{ "muc-prefix",
		host("DOMAIN", log_in)..rooms("muc.DOMAIN", guard),
		host("DOMAIN", log_in..'\tmuc_mapper_domain_prefix = "muc"\n')..rooms("muc.DOMAIN", guard),
		"DOMAIN", true, "kept out", "joined", prefix = "muc" },
	{ "rooms-judge-elsewhere",
		host("DOMAIN", log_in)..rooms("conference.DOMAIN", guard..'\ttoken_verification_host = "x.DOMAIN"\n'),
		host("DOMAIN", log_in)..rooms("conference.DOMAIN", guard..'\ttoken_verification_host = "DOMAIN"\n'),
		"DOMAIN", true, "kept out", "joined" },
	-- Nothing to say, and nothing to fix.
	{ nil, host("DOMAIN", log_in)..rooms("lobby.DOMAIN", "")..rooms("breakout.DOMAIN", "")..rooms("conference.DOMAIN", guard), nil,
		"DOMAIN", true, "joined", nil },
};

local function domain_of(i, is_fixed)
	return ("%s%d.example"):format(is_fixed and "fixed" or "found", i);
end

local function text_of(i, is_fixed)
	return ((cases[i][is_fixed and 3 or 2] or ""):gsub("DOMAIN", domain_of(i, is_fixed)));
end

-- What the client of a case meets.
local function visit(i, is_fixed)
	local case, domain = cases[i], domain_of(i, is_fixed);
	local token = case[5] and world.mint({ secret = secret, claims = { room = "planning", sub = domain } }) or nil;
	local client = world.begin({ host = case[4]:gsub("DOMAIN", domain), token = token });
	local outcome = world.outcome({ client = client });
	if outcome.outcome ~= "accepted" then
		return "refused";
	end
	local entry = world.enter({ client = client, room = ("%s@%s.%s"):format(case.room or "planning", case.prefix or "conference", domain) });
	return entry.outcome == "joined" and "joined" or "kept out";
end

-- The keys of what check finds that is wrong or suspicious.
local function found_by_check(i, is_fixed)
	local pipe = io.popen(("bin/token-verifier check --json --config '%s' 2>&1"):format(temporary.file(text_of(i, is_fixed))));
	local output = pipe:read("a");
	pipe:close();
	local keys = {};
	for _, one in ipairs(assert(json.decode(output), output).hosts) do
		for _, row in ipairs(one.checks) do
			keys[#keys + 1] = row.mark ~= "ok" and row.findings[1].key or nil;
		end
	end
	return keys;
end

describe("check", function ()
	lazy_setup(function ()
		local all = {};
		for i in ipairs(cases) do
			all[#all + 1] = text_of(i, false)..text_of(i, true);
		end
		world.start_prosody({ hosts = table.concat(all) });
	end);

	lazy_teardown(world.close);

	for i, case in ipairs(cases) do
		it("is right about "..(case[1] or "a lobby and breakout rooms"), function ()
			assert.same({ case[1] }, found_by_check(i, false));
			assert.equal(case[6], visit(i, false));
			if case[1] then
				assert.same({}, found_by_check(i, true));
				assert.equal(case[7], visit(i, true));
			end
		end);
	end
end);
