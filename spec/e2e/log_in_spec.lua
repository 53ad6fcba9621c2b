-- SPDX-License-Identifier: MIT
-- Log-ins with tokens at a real Prosody: what is accepted, what is refused, and why.

local world = require "spec.e2e.world";

local secret = "the-shared-secret-of-the-log-in-spec-0123456789";
local now = os.time();
local main, other;

-- host, what it is, the token, then the code expected in the log (nil: accepted) and a word of the text the client gets.
local cases = {
	{ "shared.example", "HS256 with the shared secret", function () return world.mint({ secret = secret }); end },
	{ "shared.example", "HS256 with another secret", function ()
		return world.mint({ secret = "another-secret-another-secret-another" });
	end, "bad-signature" },
	{ "shared.example", "RS256 where a secret is shared", function () return world.mint({ key = "main-key" }); end,
		"algorithm-not-accepted" },
	{ "shared.example", "HS384 where HS256 is expected", function ()
		return world.mint({ secret = secret, algorithm = "HS384" });
	end, "algorithm-not-accepted" },
	{ "keys.example", "RS256 by a key of the key server", function () return world.mint({ key = "main-key" }); end },
	{ "keys.example", "the second accepted issuer", function ()
		return world.mint({ key = "main-key", claims = { iss = "second-issuer" } });
	end },
	{ "keys.example", "an audience in a list", function ()
		return world.mint({ key = "main-key", claims = { aud = { "else", "meet" } } });
	end },
	{ "keys.example", "a turned bit in the signature", function ()
		return world.with_wrong_signature({ token = world.mint({ key = "main-key" }) });
	end, "bad-signature" },
	{ "keys.example", "another's key under this kid", function ()
		return world.mint({ key = "stranger", kid = "main-key" });
	end, "bad-signature" },
	{ "keys.example", "expired", function ()
		return world.mint({ key = "main-key", claims = { exp = now - 60 } });
	end, "expired", "exp" },
	{ "keys.example", "not yet valid", function ()
		return world.mint({ key = "main-key", claims = { nbf = now + 3600, exp = now + 7200 } });
	end, "not-yet-valid", "nbf" },
	{ "keys.example", "wrong issuer", function ()
		return world.mint({ key = "main-key", claims = { iss = "somebody" } });
	end, "issuer-not-accepted" },
	{ "keys.example", "no issuer", function ()
		return world.mint({ key = "main-key", without = { "iss" } });
	end, "missing-claim" },
	{ "keys.example", "wrong audience", function ()
		return world.mint({ key = "main-key", claims = { aud = "elsewhere" } });
	end, "audience-not-accepted" },
	{ "keys.example", "no audience", function ()
		return world.mint({ key = "main-key", without = { "aud" } });
	end, "missing-claim" },
	{ "keys.example", "no room claim", function ()
		return world.mint({ key = "main-key", without = { "room" } });
	end, "room-missing", nil, "not-authorized" },
	{ "keys.example", "no sub claim", function ()
		return world.mint({ key = "main-key", without = { "sub" } });
	end, "sub-missing", nil, "not-authorized" },
	{ "keys.example", "a kid the key server does not have", function ()
		return world.mint({ key = "main-key", kid = "made-up" });
	end, "key-not-found" },
	{ "keys.example", "no kid", function () return world.mint({ key = "main-key", kid = false }); end, "key-id-missing" },
	{ "keys.example", "alg none", function ()
		return world.forge({ header = { typ = "JWT", alg = "none", kid = "main-key" } });
	end, "algorithm-not-accepted" },
	{ "keys.example", "HS256 signed with the public key's PEM", function ()
		return world.forge({ header = { typ = "JWT", alg = "HS256", kid = "main-key" }, secret = main.public });
	end, "algorithm-not-accepted" },
	{ "keys.example", "a key of the other host's key server", function ()
		return world.mint({ key = "other-key", claims = { aud = "meet" } });
	end, "key-not-found" },
	{ "keys.example", "an empty token", function () return ""; end, "malformed-token" },
	{ "keys.example", "something that is no token", function () return "not.a.token"; end, "malformed" },
	{ "keys.example", "no token", function () return nil; end, "token required" },
	{ "other.example", "a key of its own key server", function () return world.mint({ key = "other-key" }); end },
	{ "other.example", "a key of the first host's key server", function ()
		return world.mint({ key = "main-key" });
	end, "key-not-found" },
	{ "other.example", "HS256 signed with its key's PEM", function ()
		return world.forge({ header = { typ = "JWT", alg = "HS256", kid = "other-key" }, secret = other.public });
	end, "algorithm-not-accepted" },
	{ "guests.example", "no token, where guests may enter", function () return nil; end },
	{ "guests.example", "a bad token, where guests may enter", function ()
		return world.mint({ secret = "another-secret-another-secret-another" });
	end, "bad-signature" },
};

local function start(backend)
	local nginx = world.start_nginx();
	local second = world.start_bad_server();
	main = world.new_key({ kid = "main-key", publish = { "nginx" } });
	other = world.new_key({ kid = "other-key", publish = { "bad" } });
	world.new_key({ kid = "stranger" });
	world.start_prosody({
		backend = backend;
		hosts = world.host("shared.example", { app_secret = secret })
			..world.host("keys.example", {
				asap_key_server = nginx.url;
				asap_accepted_issuers = { "issuer", "second-issuer" };
				asap_accepted_audiences = { "meet" };
			})
			..world.host("other.example", { asap_key_server = second.url.."/good/" })
			..world.host("guests.example", { app_secret = secret, allow_empty_token = true });
	});
end

for _, backend in ipairs({ "epoll", "event", "select" }) do
	describe("on the network back end "..backend, function ()
		lazy_setup(function ()
			start(backend);
		end);

		lazy_teardown(world.close);

		for _, transport in ipairs({ "websocket", "bosh" }) do
			describe("over "..transport, function ()
				for _, case in ipairs(cases) do
					local host, what, make_token, code, word, condition = table.unpack(case, 1, 6);
					it(("%s: %s is %s"):format(host, what, code and "refused" or "accepted"), function ()
						local token = make_token();
						local log, outcome = world.logged("main", function ()
							return world.log_in({ host = host, token = token, transport = transport });
						end);
						if code then
							assert.equal("refused", outcome.outcome);
							assert.equal(condition or "not-allowed", outcome.condition);
							assert.truthy(log:find(code, 1, true), "no "..code.." in: "..log);
							assert.truthy(outcome.text and outcome.text:find(word or ".", 1), "text: "..tostring(outcome.text));
						else
							assert.equal("accepted", outcome.outcome, tostring(outcome.condition).." "..log);
						end
					end);
				end
			end);
		end

		describe("a token", function ()
			for _, transport in ipairs({ "websocket", "bosh" }) do
				it("is taken from the Authorization header over "..transport, function ()
					local outcome = world.log_in({ host = "shared.example", bearer = world.mint({ secret = secret }), transport = transport });
					assert.equal("accepted", outcome.outcome);
					outcome = world.log_in({ host = "shared.example", bearer = world.mint({ secret = secret:reverse() }), transport = transport });
					assert.equal("refused", outcome.outcome);
				end);
			end
		end);

		describe("the key server", function ()
			it("is asked once for a key, and once for a kid it does not have", function ()
				assert.same({ 1, 1 }, { #world.requests({ kid = "main-key" }), #world.requests({ kid = "made-up" }) });
			end);

			it("of one host is never asked for the keys of another", function ()
				assert.equal(0, #world.bad_requests({ part = "made-up" }));
				assert.equal(2, #world.bad_requests(), "its own key and the first host's, each once");
			end);
		end);
	end);
end
