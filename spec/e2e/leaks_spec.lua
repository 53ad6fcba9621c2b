-- SPDX-License-Identifier: MIT
-- The check at the end of every world finds tokens, signatures and secrets in Prosody's log.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-leaks-spec-0123456789";

lazy_setup(function ()
	local bad = world.start_bad_server();
	world.new_key({ kid = "key", publish = { "bad" } });
	world.start_prosody({
		hosts = world.host("shared.example", { app_secret = secret, modules_enabled = { "e2e_leak" } })
			..world.host("keys.example", { asap_key_server = bad.url.."/good" });
	});
end);

local token;

local function log_in()
	token = world.mint({ key = "key" });
	assert.equal("accepted", world.log_in({ host = "keys.example", token = token }).outcome);
	assert.equal("accepted", world.log_in({ host = "shared.example", token = world.mint({ secret = secret }) }).outcome);
	assert.equal("refused", world.log_in({ host = "keys.example", token = world.with_wrong_signature({ token = token }) }).outcome);
end

it("finds nothing after log-ins", function ()
	log_in();
	assert.same({}, world.leaks());
end);

for _, case in ipairs({
	{ "a whole token", function () return token; end },
	{ "the claims of a token", function () return (token:match("%.(.*)%.")); end },
	{ "the signature of a token", function () return (token:match("[^.]*$")); end },
	{ "a piece of a signature", function () return token:sub(-100, -69); end },
	{ "the signature of a refused token", function ()
		return (world.with_wrong_signature({ token = token }):match("[^.]*$"));
	end },
	{ "a secret", function () return secret; end },
	{ "most of a secret", function () return secret:sub(1, 20).."..."; end },
}) do
	local what, text = table.unpack(case);
	it("finds "..what, function ()
		local found = #world.leaks();
		world.http({ path = "/leak", host = "shared.example", bearer = text() });
		assert.equal(found + 1, #world.leaks());
	end);
end

it("finds nothing in output that may be shown", function ()
	local found = #world.leaks();
	world.http({ path = "/leak", host = "shared.example", bearer = "kid=key iss=issuer "..token:match("^[^.]*") });
	assert.equal(found, #world.leaks());
end);

it("fails a spec that leaks one", function ()
	local ok, message = pcall(world.close);
	assert.is_false(ok);
	assert.matches("is in the log", message);
end);
