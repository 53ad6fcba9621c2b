-- SPDX-License-Identifier: MIT
-- Deliberate differences of token_util from Jitsi's that no other spec shows: input that Jitsi's accepts, or raises an error for.

local prosody = require "spec.support.prosody";
local tokens = require "spec.support.tokens";
local hashes = require "util.hashes";
local token_verifier = require "token_verifier";

local secret = ("s"):rep(32);
local base64url = tokens.base64url;

local function sign(input)
	return tokens.sign_hs256(input, secret);
end

-- A token of these texts, with a signature that holds.
local function signed(header, payload)
	return sign(base64url(header).."."..base64url(payload));
end

local good_header = '{"typ":"JWT","alg":"HS256"}';
local good_claims = '"iss":"app","aud":"jitsi","sub":"example.org","room":"room1"';
local good_payload = "{"..good_claims.."}";
local good = signed(good_header, good_payload);
local input, signature = good:match("^(.*)%.([^.]*)$");

local function process(token, options, session)
	local all = { app_id = "app", app_secret = secret };
	for name, value in pairs(options or {}) do
		all[name] = value;
	end
	local token_util, module = prosody.new_token_util(all);
	session = session or {};
	session.auth_token = token;
	local result = table.pack(prosody.run(token_util.process_and_verify_token, token_util, session));
	module:unload();
	return result[1], result[2], result[3], session;
end

-- The same bytes with another last character, the extra bits of which are not zero.
local function with_trailing_bits(segment)
	local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	assert(#segment % 4 ~= 0);
	local last = alphabet:find(segment:sub(-1), 1, true);
	return segment:sub(1, -2)..alphabet:sub(last + 1, last + 1);
end

local function nested(depth)
	return '{'..good_claims..',"x":'..("["):rep(depth - 1)..("]"):rep(depth - 1).."}";
end

it("the token that is changed below is valid", function ()
	assert.is_true(process(good));
	assert.is_true(process(signed(good_header, nested(32))));
end);

describe("a clean refusal, with a condition and a reason, of", function ()
	local padded = input:gsub("%.", "=.")..".";
	-- { what, token }
	for _, case in ipairs({
		-- what raises there
		{ "a header null", signed("null", good_payload) },
		{ "a header that is a number", signed("5", good_payload) },
		{ "a header that is a string", signed('"x"', good_payload) },
		{ "a header that is a list", signed("[]", good_payload) },
		{ "a header that is no JSON", signed("{", good_payload) },
		{ "a header without alg", signed('{"typ":"JWT"}', good_payload) },
		{ "an alg that is a number", signed('{"typ":"JWT","alg":5}', good_payload) },
		{ "an alg null", signed('{"typ":"JWT","alg":null}', good_payload) },
		{ "a payload null", signed(good_header, "null") },
		{ "a payload that is a number", signed(good_header, "5") },
		{ "a payload that is a list", signed(good_header, "[]") },
		{ "a payload that is no JSON", signed(good_header, "{") },
		{ "a payload that is empty", signed(good_header, "") },
		{ "bad base64 in the header", sign("!!!!."..base64url(good_payload)) },
		{ "bad base64 in the payload", sign(base64url(good_header)..".!!!!") },
		{ "bad base64 in the signature", input..".!!!!" },
		{ "one character of base64", sign("e."..base64url(good_payload)) },
		{ "an expired token with a string as iat", signed(good_header, "{"..good_claims..',"iat":"x","exp":1}') },
		-- what is accepted there
		{ "a payload that is a JSON string", signed(good_header, '"{}"') },
		{ "doubled dots", (good:gsub("%.", "..", 1)) },
		{ "a dot at the end", good.."." },
		{ "a dot at the start", "."..good },
		{ "a backslash for a dot", (good:gsub("%.", "\\")) },
		{ "padding in the parts that are signed", padded..base64url(hashes.hmac_sha256(secret, padded:sub(1, -2))) },
		{ "padding of the signature", good.."=" },
		{ "bits behind the end of the signature", input.."."..with_trailing_bits(signature) },
		{ "white space around it", " "..good.." " },
		{ "a line end behind it", good.."\n" },
		{ "raw control characters in JSON", signed(good_header, "{"..good_claims..',"x":"\1"}') },
		{ "Latin-1 in JSON", signed(good_header, "{"..good_claims..',"x":"\xe4"}') },
		{ "an iat that is a string", signed(good_header, "{"..good_claims..',"iat":"1700000000"}') },
		{ "an iat null", signed(good_header, "{"..good_claims..',"iat":null}') },
		{ "crit", signed('{"typ":"JWT","alg":"HS256","crit":["x"],"x":1}', good_payload) },
		{ "an empty crit", signed('{"typ":"JWT","alg":"HS256","crit":[]}', good_payload) },
		{ "duplicate members in the header", signed('{"typ":"JWT","alg":"HS256","alg":"HS256"}', good_payload) },
		{ "duplicate members in the payload", signed(good_header, "{"..good_claims..',"iss":"app"}') },
		{ "duplicate members deep inside", signed(good_header, "{"..good_claims..',"context":{"a":{"b":1,"b":1}}}') },
		{ "exp false", signed(good_header, "{"..good_claims..',"exp":false}') },
		{ "more than 16 KiB", signed(good_header, "{"..good_claims..',"x":"'..("x"):rep(16384)..'"}') },
		{ "JSON 33 deep", signed(good_header, nested(33)) },
		{ "a number that is none", signed(good_header, "{"..good_claims..',"x":NaN}') },
		{ "text behind the JSON", signed(good_header, good_payload.."x") },
		{ "a comment in JSON", signed(good_header, "{/**/"..good_claims.."}") },
	}) do
		it(case[1], function ()
			local result, condition, reason, session = process(case[2]);
			assert.is_false(result);
			assert.equal("not-allowed", condition);
			assert.is_true(#reason > 0);
			assert.is_nil(session.jitsi_meet_room);
			assert.equal(1, #prosody.logged("info", "Token refused: "));
			assert.equal(0, #prosody.logged("error"));
		end);
	end

	-- Whatever any issuer and any audience may be, they are texts.
	for _, claim in ipairs({ "iss", "aud" }) do
		for _, value in ipairs({ "5", "true", "null", "{}", "[5]", "[]" }) do
			it(("%s %s, where any is accepted"):format(claim, value), function ()
				local claims = good_claims:gsub('"'..claim..'":"%a+"', ('"%s":%s'):format(claim, value));
				local any = { asap_accepted_issuers = { "*" }, asap_accepted_audiences = { "*" } };
				assert.is_true((process(good, any)));
				local result, condition, reason = process(signed(good_header, "{"..claims.."}"), any);
				assert.same({ false, "not-allowed" }, { result, condition });
				assert.truthy(reason:find(claim, 1, true), reason);
			end);
		end
	end

	for what, context in pairs({ null = "null", ["a number"] = "5", ["a list"] = "[]", ["a string"] = '"x"', ["true"] = "true" }) do
		it("nothing if the context is "..what..": it counts as absent", function ()
			local token = signed(good_header, "{"..good_claims..',"user_id":"u","context":'..context.."}");
			local result, _, _, session = process(token);
			assert.is_true(result);
			assert.same({ id = "u" }, session.jitsi_meet_context_user);
			assert.is_false((process(token, nil, { contextRequired = true })));
		end);
	end
end);

it("a PEM is parsed once, not for every token", function ()
	local rsa = tokens.new_key();
	local token_util = prosody.new_token_util({ app_id = "app", app_secret = secret, signature_algorithm = "RS256" });
	local token = tokens.rs256(tokens.claims(), rsa);
	local made, new, key = 0, token_verifier.new, token_verifier.key;
	token_verifier.new = function (...) made = made + 1; return new(...); end;
	token_verifier.key = function () error("parsed"); end;
	for _ = 1, 20 do
		assert.is_true(token_util:process_and_verify_token({ auth_token = token, public_key = rsa.public }));
	end
	token_verifier.new, token_verifier.key = new, key;
	assert.equal(1, made);
end);

it("no log line contains a token, accepted or refused", function ()
	for _, token in ipairs({ good, good.."x", input..".AAAA", signed(good_header, "{}") }) do
		local _, _, reason = process(token);
		for _, line in ipairs({ reason or "", table.unpack(prosody.log_lines) }) do
			for part in token:gmatch("[^.]+") do
				assert.falsy(#part > 8 and line:find(part, 1, true), line);
			end
		end
	end
end);
