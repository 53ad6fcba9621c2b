-- SPDX-License-Identifier: MIT
-- The life of keys inside Prosody: rotated, replaced, withdrawn, servers that go and come back; and servers that need
-- a CA, a certificate, a bearer token or a proxy. The times are set short, since the clock cannot be moved.

local gettime = require "socket".gettime;
local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-key-life-spec-0123456789";
local bystander = { host = "shared.example" };
local bad;

lazy_setup(function ()
	local nginx = world.start_nginx();
	bad = world.start_bad_server();
	local tls = world.start_tls_servers();
	for _, kid in ipairs({ "old", "replaced", "withdrawn", "key" }) do
		world.new_key({ kid = kid, publish = { "bad" } });
	end
	world.new_key({ kid = "held", publish = { "nginx" } });
	local function host(name, url, options)
		options = options or {};
		options.asap_key_server = url;
		return world.host(name, options);
	end
	local bearer_file = world.write_file({ name = "bearer", text = world.bearer() });
	world.start_prosody({ hosts = table.concat({
		world.host("shared.example", { app_secret = secret, modules_enabled = { "e2e_loop_gap" } });
		host("life.example", bad.url.."/slow-50/life", {
			token_key_default_ttl = 1, token_key_min_ttl = 1, token_key_negative_ttl = 1 });
		host("gone.example", nginx.url, {
			token_key_default_ttl = 1, token_key_min_ttl = 1, token_key_max_stale = 3,
			token_key_back_off_min = 0.2, token_key_back_off_max = 0.4 });
		host("once.example", bad.url.."/once-500/once", { token_key_back_off_min = 0.2 });
		host("trusted.example", tls.urls.good.."/good/trusted", { token_key_ca_file = tls.ca_file });
		host("untrusted.example", tls.urls.good.."/good/untrusted");
		host("mutual.example", tls.urls.mutual.."/good/mutual", {
			token_key_ca_file = tls.ca_file, token_key_client_cert = tls.client_cert, token_key_client_key = tls.client_cert });
		host("bearer.example", bad.url.."/bearer/with", { token_key_bearer_token_file = bearer_file });
		host("no-bearer.example", bad.url.."/bearer/without");
		host("proxy.example", bad.url.."/good/by-proxy", { token_key_proxy = world.start_proxy() });
	}) });
	bystander.token = world.mint({ secret = secret });
end);

lazy_teardown(world.close);

local function log_in(name, kid)
	local token = world.mint({ key = kid or "key" });
	local log, outcome = world.logged("main", function () return world.log_in({ host = name..".example", token = token }); end);
	return outcome.outcome, log;
end

local function requests_of(kid)
	return #world.bad_requests({ part = "/life/"..world.key_file_name({ kid = kid }) });
end

describe("a key", function ()
	it("that is rotated refuses no valid log-in", function ()
		world.new_key({ kid = "new" });
		local function crowd(kids)
			local logins = {};
			for i = 1, 20 do
				logins[i] = { host = "life.example", token = world.mint({ key = kids[i % #kids + 1] }) };
			end
			local result = world.log_ins({ logins = logins, bystander = bystander });
			for _, outcome in ipairs(result.outcomes) do
				assert.equal("accepted", outcome.outcome);
			end
			assert.is_true(result.gap < 500, "largest gap: "..result.gap);
			return result;
		end
		crowd({ "old" });
		world.publish({ key = "new", kids = { "new" }, places = { "bad" } });
		local started = gettime();
		local result = crowd({ "old", "new" });
		local requests, freshness = requests_of("new"), 0.9; -- in the last tenth of its second it is asked for anew
		assert.is_true(requests >= 1 and requests <= 1 + (gettime() - started) / freshness, requests);
		world.note({ row = "key rotated, 20 log-ins", gap_ms = result.gap, requests = requests });
		world.withdraw({ kid = "old", place = "bad" });
		world.run({ seconds = 1.1 });
		crowd({ "new" });
		assert.equal("refused", (log_in("life", "old")));
	end);

	it("that is replaced under its kid is used within its freshness", function ()
		assert.equal("accepted", (log_in("life", "replaced")));
		world.new_key({ kid = "replaced", publish = { "bad" } });
		world.run({ seconds = 1.1 });
		assert.equal("accepted", (log_in("life", "replaced")));
		assert.equal(2, requests_of("replaced"));
	end);

	it("that is withdrawn is refused within its freshness", function ()
		assert.equal("accepted", (log_in("life", "withdrawn")));
		world.withdraw({ kid = "withdrawn", place = "bad" });
		world.run({ seconds = 1.1 });
		local outcome, log = log_in("life", "withdrawn");
		assert.equal("refused", outcome);
		assert.truthy(log:find("key-not-found", 1, true), log);
	end);
end);

describe("a key server that goes down", function ()
	it("is not needed until the stale limit, and used again when it is back", function ()
		assert.equal("accepted", (log_in("gone", "held")));
		world.stop_nginx();
		world.run({ seconds = 1.5 });
		assert.equal("accepted", (log_in("gone", "held")));
		world.run({ seconds = 3 });
		local outcome, log = log_in("gone", "held");
		assert.equal("refused", outcome);
		assert.truthy(log:find("key-source-unavailable", 1, true), log);
		world.restart_nginx();
		world.run({ seconds = 0.8 });
		assert.equal("accepted", (log_in("gone", "held")));
	end);

	it("that answers with 500 is asked again after the back-off", function ()
		assert.equal("refused", (log_in("once")));
		world.run({ seconds = 0.5 });
		assert.equal("accepted", (log_in("once")));
		assert.equal(2, #world.bad_requests({ part = "/once/" }));
	end);
end);

describe("a key server with requirements", function ()
	for _, name in ipairs({ "trusted", "mutual", "bearer", "proxy" }) do
		it(("(%s) is reached with the options"):format(name), function ()
			local outcome, log = log_in(name);
			assert.equal("accepted", outcome, log);
		end);
	end

	for name, words in pairs({ untrusted = "certificate", ["no-bearer"] = "401" }) do
		it(("(%s) is refused, and the log says why"):format(name), function ()
			local outcome, log = log_in(name);
			assert.equal("refused", outcome);
			assert.truthy(log:lower():find(words, 1, true), log);
		end);
	end

	it("is asked through the proxy", function ()
		assert.equal(1, #world.bad_requests({ part = "proxy "..bad.url.."/good/by-proxy/" }));
	end);
end);
