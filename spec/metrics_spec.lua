-- SPDX-License-Identifier: MIT
-- The metrics of tokens, as mod_http_openmetrics would show them.

local prosody = require "spec.support.prosody";
local metrics = require "token_verifier.plugin.metrics";
local tokens = require "spec.support.tokens";

local function counter(name, labels)
	return ("prosody_mod_token_verifier__%s_total{%s}"):format(name, labels);
end

describe("the counters", function ()
	local server_options = { ["example.org"] = {}, ["other.org"] = {} };

	before_each(function ()
		prosody.new_server(server_options);
	end);

	it("count accepted and refused tokens, by host and code", function ()
		local count = metrics.new(prosody.new_module("example.org", server_options, "auth_token"), "example.org");
		count:accepted(0.0002);
		count:accepted(0.3);
		count:refused("expired", 0.0002);
		count:refused("token-required");
		count:guest();
		count:room_refused("room-mismatch");
		local values = prosody.metrics();
		assert.equal(2, values[counter("tokens_accepted", 'host="example.org"')]);
		assert.equal(1, values[counter("tokens_refused", 'host="example.org",code="expired"')]);
		assert.equal(1, values[counter("tokens_refused", 'host="example.org",code="token-required"')]);
		assert.equal(1, values[counter("guests_accepted", 'host="example.org"')]);
		assert.equal(1, values[counter("rooms_refused", 'host="example.org",error="room-mismatch"')]);
		assert.equal(3, values['prosody_mod_token_verifier__verification_seconds_count{host="example.org"}']);
		assert.is_true(math.abs(values['prosody_mod_token_verifier__verification_seconds_sum{host="example.org"}'] - 0.3004) < 1e-9);
	end);

	it("measure how long log-ins waited for keys", function ()
		local count = metrics.new(prosody.new_module("example.org", server_options, "auth_token"), "example.org");
		local function waits(suffix, labels)
			return prosody.metrics()[('prosody_mod_token_verifier__key_wait_seconds%s{host="example.org"%s}'):format(suffix, labels or "")];
		end
		assert.equal(0, waits("_count")); -- there before the first one
		count:waited(0.02);
		count:waited(0.3);
		count:waited(7);
		assert.equal(3, waits("_count"));
		assert.is_true(math.abs(waits("_sum") - 7.32) < 1e-9);
		assert.equal(0, waits("_bucket", ',le="0.01"'));
		assert.equal(1, waits("_bucket", ',le="0.025"'));
		assert.equal(2, waits("_bucket", ',le="0.5"'));
		assert.equal(2, waits("_bucket", ',le="5"'));
		assert.equal(3, waits("_bucket", ',le="10"'));
		assert.equal(3, waits("_bucket", ',le="+Inf"'));
	end);

	it("start at 0, so that a rate includes the first token", function ()
		metrics.new(prosody.new_module("example.org", server_options, "auth_token"), "example.org");
		assert.equal(0, prosody.metrics()[counter("tokens_accepted", 'host="example.org"')]);
	end);

	it("are shared by all plugins, also of another host and global ones", function ()
		for _, place in ipairs({ { "example.org", "auth_token" }, { "conference.example.org", "token_verification" },
			{ "example.org", "system_api" }, { "*", "global_api" } }) do
			metrics.new(prosody.new_module(place[1], server_options, place[2]), "example.org"):accepted(0.001);
		end
		metrics.new(prosody.new_module("*", server_options, "global_api"), "other.org"):accepted(0.001);
		local values = prosody.metrics();
		assert.equal(4, values[counter("tokens_accepted", 'host="example.org"')]);
		assert.equal(1, values[counter("tokens_accepted", 'host="other.org"')]);
	end);

	it("continue when a plugin is loaded again", function ()
		local module = prosody.new_module("example.org", server_options, "auth_token");
		local before = metrics.new(module, "example.org");
		before:refused("expired", 0.001);
		metrics.new(module, "example.org"):refused("expired", 0.001);
		before:refused("expired", 0.001);
		assert.equal(3, prosody.metrics()[counter("tokens_refused", 'host="example.org",code="expired"')]);
	end);

	it("never replace a family by another one", function ()
		metrics.new(prosody.new_module("example.org", server_options, "auth_token"), "example.org");
		metrics.new(prosody.new_module("*", server_options, "global_api"), "example.org");
		assert.same({}, prosody.logged("debug", "replacing incompatible"));
	end);

	it("grow by one with each result of the library", function ()
		local secret = ("s"):rep(32);
		local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, allow_empty_token = true });
		local function try(claims)
			local session = { auth_token = claims and tokens.hs256(tokens.claims(claims), secret) };
			return prosody.run(token_util.process_and_verify_token, token_util, session), session;
		end
		local function counted()
			local values = prosody.metrics();
			return {
				values[counter("tokens_accepted", 'host="example.org"')],
				values[counter("tokens_refused", 'host="example.org",code="expired"')] or 0,
				values[counter("guests_accepted", 'host="example.org"')] or 0,
				values[counter("rooms_refused", 'host="example.org",error="invalid-room-address"')] or 0,
				values['prosody_mod_token_verifier__verification_seconds_count{host="example.org"}'] or 0,
			};
		end
		assert.same({ 0, 0, 0, 0, 0 }, counted());
		assert.is_true(try({}));
		assert.same({ 1, 0, 0, 0, 1 }, counted());
		assert.is_false(try({ exp = 1 }));
		assert.same({ 1, 1, 0, 0, 2 }, counted());
		local ok, session = try(nil);
		assert.is_true(ok);
		assert.same({ 1, 1, 1, 0, 2 }, counted());
		assert.is_false((token_util:verify_room(session, "conference.example.org")));
		assert.same({ 1, 1, 1, 1, 2 }, counted());
	end);
end);
