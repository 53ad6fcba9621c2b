-- SPDX-License-Identifier: MIT
-- Key servers that are slow, silent, down or wrong: the log-in that waits gets its answer in time, and no other one is delayed.

local world = require "spec.e2e.world";

local wait_limit = 6; -- seconds a log-in may wait for its key
local at_once = 3; -- what is not waited for is told within this, even where the machine is busy
local longest_ping = 1; -- of a bystander, in seconds
local largest_gap = 500; -- of the loop, in milliseconds that it had a processor

local secret = "the-shared-secret-of-the-key-server-spec-0123456789";
local bystander = { host = "shared.example" };

-- host -> behaviour
local behaviours = {
	slow = "slow-1500", hesitant = "slow-5000", silent = "silent", held = "held", drip = "drip",
	huge = "huge", flood = "flood", endless = "endless", reset = "reset",
	unauthorized = "status-401", moved = "status-302", gone = "status-410", broken = "status-500", busy = "status-429",
	garbage = "garbage", crowd = "slow-1000",
};

-- host -> seconds, where other than by default
local timeouts = { held = 60 };

local function host(behaviour)
	return behaviour..".example";
end

lazy_setup(function ()
	local nginx = world.start_nginx();
	local bad = world.start_bad_server();
	world.new_key({ kid = "key", publish = { "nginx", "bad" } });
	world.new_key({ kid = "second", publish = { "nginx", "bad" } });
	local hosts = {
		world.host("shared.example", { app_secret = secret, modules_enabled = { "e2e_loop_gap" } });
		world.host("nginx.example", { asap_key_server = nginx.url, token_key_timeout = 2 });
		world.host("closed.example", { asap_key_server = world.closed_url() });
		world.host("lost.example", { asap_key_server = (bad.url:gsub("127.0.0.1", "keys.slow.test")).."/good" });
	};
	for name, path in pairs(behaviours) do
		-- A key server is known by its URL, so each host has one of its own.
		hosts[#hosts + 1] = world.host(host(name), {
			asap_key_server = ("%s/%s/%s"):format(bad.url, path, name), token_key_timeout = timeouts[name],
			token_key_wait_limit = timeouts[name] });
	end
	world.start_prosody({
		hosts = table.concat(hosts, "\n"), preload = world.compile({ source = "slow_dns.c", name = "slow_dns.so" });
	});
	bystander.token = world.mint({ secret = secret });
end);

lazy_teardown(world.close);

-- Whoever else is on the server notices nothing: neither its clients nor its timers.
local function assert_loop_went_on(row, result, requests)
	assert.is_true(result.pings > 2 and result.gap > 0);
	world.note({ row = row, gap_ms = result.gap, slowest_ping_ms = result.longest_wait * 1000, requests = requests });
	assert.is_true(result.longest_wait < longest_ping, "longest ping: "..result.longest_wait);
	assert.is_true(result.gap < largest_gap, "largest gap: "..result.gap);
end

local function log_in(name, kid)
	local token = world.mint({ key = "key", kid = kid });
	return world.logged("main", function () return world.log_in({ host = host(name), token = token }); end);
end

it("the loop alone has its usual gap", function ()
	local result = world.log_ins({ bystander = bystander, logins = { bystander } });
	world.run({ seconds = 0.5 });
	assert_loop_went_on("idle, one log-in with a secret", result, 0);
end);

describe("a key server that does not answer in time", function ()
	it("makes its log-ins fail in time and delays nobody else", function ()
		-- All at a time: a log-in over each transport at each server.
		local names = { "hesitant", "silent", "drip", "lost" };
		local logins = {};
		for _, transport in ipairs({ "websocket", "bosh" }) do
			for _, name in ipairs(names) do
				local token = world.mint({ key = "key", kid = "unanswered-"..transport });
				logins[#logins + 1] = { host = host(name), token = token, transport = transport };
			end
		end
		local result = world.log_ins({ logins = logins, bystander = bystander });
		for i, outcome in ipairs(result.outcomes) do
			assert.equal("refused", outcome.outcome, logins[i].host);
			assert.equal("not-allowed", outcome.condition);
			assert.is_true(outcome.seconds < wait_limit + 2, logins[i].host..": "..outcome.seconds);
		end
		assert.is_true(result.pings > 10, "pings: "..result.pings);
		for _, name in ipairs({ "hesitant", "silent", "drip" }) do
			assert.equal(2, #world.bad_requests({ part = ("/%s/"):format(name) }), name); -- one a kid
		end
		assert_loop_went_on("slow-5000, silent, drip and a DNS look-up of 25 s, all at a time", result, 6);
	end);
end);

describe("a key server that breaks off or never ends", function ()
	for _, case in ipairs({
		{ "reset", "key-source-unavailable" }, { "huge", "key-unusable" }, { "flood", "key-unusable" },
		{ "endless", "key-unusable" }, { "closed", "key-source-unavailable" },
	}) do
		local name, code = table.unpack(case);
		it(("(%s) is given up at once, with %s"):format(name, code), function ()
			local token = world.mint({ key = "key" });
			local logins = {};
			for i, transport in ipairs({ "websocket", "websocket", "bosh" }) do
				logins[i] = { host = host(name), token = token, transport = transport };
			end
			local log, result = world.logged("main", function ()
				return world.log_ins({ logins = logins, bystander = bystander });
			end);
			for _, outcome in ipairs(result.outcomes) do
				assert.equal("refused", outcome.outcome);
				assert.is_true(outcome.seconds < at_once, "seconds: "..outcome.seconds);
			end
			assert.truthy(log:find(code, 1, true), log);
			local requests = #world.bad_requests({ part = ("/%s/"):format(name) });
			assert.equal(name == "closed" and 0 or 1, requests);
			assert_loop_went_on(behaviours[name] or name, result, requests);
		end);
	end
end);

describe("a slow key server", function ()
	it("delays only its own log-ins", function ()
		local token = world.mint({ key = "key" });
		local result = world.log_ins({ bystander = bystander, logins = {
			{ host = host("slow"), token = token };
			{ host = host("slow"), token = token, transport = "bosh" };
		} });
		for _, outcome in ipairs(result.outcomes) do
			assert.equal("accepted", outcome.outcome);
			assert.is_true(outcome.seconds > 1.4, "waited: "..outcome.seconds);
		end
		assert.equal(1, #world.bad_requests({ part = "/slow/" }));
		assert_loop_went_on("slow-1500, waited for", result, 1);
	end);

	it("gets one request for a hundred log-ins with one new kid", function ()
		local token = world.mint({ key = "key" });
		local logins = {};
		for i = 1, 100 do
			logins[i] = { host = host("crowd"), token = token, transport = i % 10 == 0 and "bosh" or "websocket" };
		end
		local result = world.log_ins({ logins = logins, bystander = bystander });
		local accepted = 0;
		for _, outcome in ipairs(result.outcomes) do
			accepted = accepted + (outcome.outcome == "accepted" and 1 or 0);
		end
		assert.equal(100, accepted);
		assert.equal(1, #world.bad_requests({ part = "/crowd/" }));
		-- Not the timers: Prosody runs them when no socket is ready, so a crowd alone makes a gap.
		world.note({ row = "100 log-ins, one unknown kid", gap_ms = result.gap, slowest_ping_ms = result.longest_wait * 1000, requests = 1 });
		assert.is_true(result.longest_wait < longest_ping, "longest ping: "..result.longest_wait);
	end);
end);

describe("a key server that answers with no key", function ()
	for _, case in ipairs({
		{ "garbage", "key-unusable" }, { "unauthorized", "key-unusable" }, { "moved", "key-unusable" },
		{ "gone", "key-not-found" }, { "broken", "key-source-unavailable" }, { "busy", "key-source-unavailable" },
	}) do
		local name, code = table.unpack(case);
		it(("%s gives %s, and is not asked again by the next log-in"):format(behaviours[name], code), function ()
			for _ = 1, 2 do
				local log, outcome = log_in(name);
				assert.equal("refused", outcome.outcome);
				assert.is_true(outcome.seconds < at_once, "seconds: "..outcome.seconds);
				assert.truthy(log:find(code, 1, true), log);
			end
			assert.equal(1, #world.bad_requests({ part = ("/%s/"):format(name) }));
		end);
	end
end);

describe("unknown kids", function ()
	it("are each requested once, and displace no real key", function ()
		assert.equal("accepted", select(2, log_in("nginx")).outcome);
		local logins = {};
		for i = 1, 40 do
			local token = world.mint({ key = "key", kid = "made-up-"..i });
			logins[i] = { host = host("nginx"), token = token };
		end
		for _ = 1, 2 do
			for _, outcome in ipairs(world.log_ins({ logins = logins, bystander = bystander }).outcomes) do
				assert.equal("refused", outcome.outcome);
			end
		end
		assert.equal("accepted", select(2, log_in("nginx")).outcome);
		assert.equal(41, #world.requests());
	end);
end);

describe("a client that goes away while its log-in waits", function ()
	it("leaves no trace and no error", function ()
		world.loop_gap();
		local log = world.logged("main", function ()
			local token = world.mint({ key = "key", kid = "waited-for-in-vain" });
			local clients = {};
			for i = 1, 5 do
				clients[i] = world.begin({ host = host("held"), token = token });
			end
			for _, client in ipairs(clients) do
				world.drop({ client = client });
			end
			world.release();
			world.run({ seconds = 1 });
		end);
		assert.is_nil(log:match("\terror\t[^\n]*"), log);
		assert.is_nil(log:lower():match("traceback"));
		local gap, requests = world.loop_gap(), #world.bad_requests({ part = "/held/" });
		world.note({ row = "5 clients gone while they wait", gap_ms = gap, requests = requests });
		assert.equal(1, requests);
		assert.is_true(gap < largest_gap, "largest gap: "..gap);
		assert.equal("accepted", world.log_in(bystander).outcome);
	end);
end);

describe("nginx", function ()
	it("frozen or stopped, does not matter to a key that is held", function ()
		assert.equal("accepted", select(2, log_in("nginx")).outcome);
		world.signal_nginx({ name = "STOP" });
		assert.equal("accepted", select(2, log_in("nginx")).outcome);
		local token = world.mint({ key = "second" });
		local result = world.log_ins({ logins = { { host = host("nginx"), token = token } }, bystander = bystander });
		assert.equal("refused", result.outcomes[1].outcome);
		assert.is_true(result.outcomes[1].seconds < wait_limit + 2, "seconds: "..result.outcomes[1].seconds);
		assert_loop_went_on("nginx frozen", result);
		world.stop_nginx();
		local _, outcome = log_in("nginx");
		assert.equal("accepted", outcome.outcome);
		assert.is_true(outcome.seconds < at_once);
	end);

	it("back again, returns the key that could not be fetched", function ()
		world.restart_nginx();
		local token, outcome = world.mint({ key = "second" }), nil;
		for _ = 1, 20 do -- the source is left alone for some seconds after a failure
			outcome = world.log_in({ host = host("nginx"), token = token });
			if outcome.outcome == "accepted" then
				break;
			end
			world.run({ seconds = 0.25 });
		end
		assert.equal("accepted", outcome.outcome);
	end);
end);

it("a Prosody that still looks up a name stops at once", function ()
	local started = os.time();
	world.stop_prosody();
	assert.is_true(os.time() - started < 5); -- after 5 s it is killed
end);
