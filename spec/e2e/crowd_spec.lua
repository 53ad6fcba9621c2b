-- SPDX-License-Identifier: MIT
-- Hundreds of log-ins at once, and a client that invents thousands of kids: no log-in is lost, no key is requested twice, and the
-- event loop continues.

local world = require "spec.e2e.world";

local crowd = 500;
-- More than there is room for in what is remembered of kids that are not there.
local made_up, remembered = 600, 50;
local secret = "the-shared-secret-of-the-crowd-spec-0123456789";

local load_kids = { "load-1", "load-2", "load-3", "load-4" };

lazy_setup(function ()
	local nginx = world.start_nginx();
	local bad = world.start_bad_server();
	world.new_key({ kid = "key", publish = { "nginx", "bad" } });
	world.new_key({ kid = "late", publish = { "bad" } });
	for _, kid in ipairs(load_kids) do
		world.new_key({ kid = kid, publish = { "nginx" } });
	end
	world.start_prosody({
		hosts = world.host("small.example", { asap_key_server = bad.url.."/good/small", jwt_pubkey_cache_size = 4 })
			..world.host("shared.example", { app_secret = secret, modules_enabled = { "e2e_loop_gap" } })
			..world.host("one.example", { asap_key_server = bad.url.."/slow-500/one" })
			..world.host("many.example", { asap_key_server = nginx.url })
			..world.host("load.example", { asap_key_server = nginx.url.."/", asap_accepted_audiences = { "meet" } })
			..world.host("flood.example", { asap_key_server = bad.url.."/slow-100/flood", token_key_negative_size = remembered });
	});
end);

lazy_teardown(world.close);

local function note(row, result, requests)
	world.note({
		row = row, accepted = result.accepted, refused = result.refused, requests = requests,
		seconds = result.seconds, slowest = result.slowest, gap_ms = result.gap,
	});
end

local function kids(prefix, count)
	local list = {};
	for i = 1, count do
		list[i] = prefix and prefix..i or "key";
	end
	return list;
end

describe("five hundred log-ins at once", function ()
	-- Prosody runs its timers when no socket is ready, so a crowd alone makes a gap: the yardstick is what it is with the
	-- key held. In 0.12 it may be any length.
	local usual_gap = 500;

	local function assert_usual_gap(result)
		if os.getenv("PROSODY") ~= "0.12" then
			assert.is_true(result.gap < 2 * usual_gap, "largest gap: "..result.gap);
		end
	end

	it("with one unknown kid make one request", function ()
		local first;
		for _, row in ipairs({ "500 log-ins, one unknown kid", "500 log-ins, key held" }) do
			local result = world.crowd({ host = "one.example", kids = kids(nil, crowd), key = "key" });
			local requests = #world.bad_requests({ part = "/one/" });
			note(row, result, requests);
			assert.same({ crowd, 0, 1 }, { result.accepted, result.refused, requests });
			first = first or result;
			usual_gap = math.max(usual_gap, result.gap);
		end
		assert_usual_gap(first);
		assert.is_true(first.slowest < 15, "slowest log-in: "..first.slowest);
	end);

	-- Woken in turns, the log-ins need their keys for longer than a small cache would keep them.
	for _, case in ipairs({ { "many", 128 }, { "small", 4 } }) do
		local name, size = table.unpack(case);
		it(("with five hundred kids lose none and ask for none twice, though the cache holds %d"):format(size), function ()
			local list = kids("kid-", crowd);
			world.publish({ key = "key", kids = list, places = { "nginx", "bad" } });
			local result = world.crowd({ host = name..".example", kids = list, key = "key" });
			local requests = name == "many" and world.requests() or world.bad_requests({ part = "/small/" });
			note(("500 log-ins, 500 kids, cache %d"):format(size), result, #requests);
			assert.same({ crowd, 0, crowd }, { result.accepted, result.refused, #requests });
			local seen = {};
			for _, line in ipairs(requests) do
				assert.is_nil(seen[line], line);
				seen[line] = true;
			end
			assert.is_true(result.slowest < 15, "slowest log-in: "..result.slowest);
			assert_usual_gap(result);
		end);
	end
end);

describe(made_up.." unknown kids of one client address", function ()
	it("stop at its limit, and do not prevent others from logging in", function ()
		assert.equal("accepted", world.log_in({ host = "flood.example", token = world.mint({ key = "key" }) }).outcome);
		local memory = world.memory();
		local log, result = world.logged("main", function ()
			return world.flood({
				host = "flood.example", kids = kids("made-up-", made_up), key = "key", address = "192.0.2.1",
				others = { kid = "key", address = "192.0.2.2" };
			});
		end);
		local requests, seconds = #world.bad_requests({ part = "/flood/" }), result.seconds;
		local grown = world.memory() - memory;
		note(made_up.." made-up kids", result, requests);
		world.note({ row = "others meanwhile", log_ins = result.others.accepted, slowest = result.others.slowest, grown_kib = grown });
		assert.same({ made_up, 0 }, { result.refused, result.lost });
		assert.truthy(log:find("key-source-overloaded", 1, true));
		-- At most 8 at once, each of which takes 0.1 s.
		assert.is_true(requests > remembered and requests <= 1 + 8 * (seconds / 0.1 + 1), ("%d requests in %.1f s"):format(requests, seconds));
		assert.is_true(result.others.accepted > 5);
		assert.same({ 0, 0 }, { result.others.refused, result.others.lost });
		assert.is_true(result.others.slowest < 3, "slowest: "..result.others.slowest);
		assert.is_true(grown < 8 * made_up, "KiB: "..grown); -- a log-in of whatever kind leaves some 3 KiB in Prosody
		assert.equal(1, #world.bad_requests({ part = "/flood/"..world.key_file_name({ kid = "key" }) }));
	end);

	it("do not prevent the address from logging in with a held key, nor others from using a new one", function ()
		assert.equal("accepted", world.log_in({ host = "flood.example", token = world.mint({ key = "late" }) }).outcome);
	end);
end);

describe("a thousand log-ins, a hundred at a time", function ()
	it("of several kids, some invalid, lose none, accept no invalid one, and leak no memory", function ()
		local function run(count)
			local before = #world.requests();
			local result = world.load({ host = "load.example", kids = load_kids, count = count, parallel = 100 });
			note(count.." log-ins, 100 at a time", result, #world.requests() - before);
			assert.same({}, result.wrong);
			assert.same({ count - result.bad, result.bad, 0 }, { result.accepted, result.refused, result.lost });
			assert.equal(count // 5, result.bad);
			assert.is_true(result.slowest < 15, "slowest log-in: "..result.slowest);
		end
		run(400);
		local memory = world.memory();
		run(1000);
		local grown = world.memory() - memory;
		world.note({ row = "1000 log-ins, 100 at a time", grown_kib = grown });
		assert.is_true(grown < 5000, "KiB: "..grown);
	end);
end);
