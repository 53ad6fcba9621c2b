-- SPDX-License-Identifier: MIT
-- What must hold of the module's answers, whatever the token: fuzz_lua.c calls it with each input, and an error is a find.
local tv = require "token_verifier";

local now = 1700000000;
local secret = "a secret that only this target knows, and long enough";
local verifiers = {
	assert(tv.new({ secret = secret, algorithms = { "HS256", "HS384", "HS512" }, now = now, accepted_types = { "*" } }));
	assert(tv.new({
		secret = secret; now = now; accepted_issuers = { "joe", "a" }; accepted_audiences = { "jitsi", "a" }; room = "hall"; require_room = true;
		require_sub = true; required_claims = { "exp" }; leeway = 5; max_lifetime = 3600; accept_milliseconds = true;
	}));
};

-- A refusal can be logged as it is, and its code looked up.
local function check_refusal(message, code)
	assert(tv.codes[code], "no such code");
	assert(type(message) == "string" and #message > 0 and #message < 1024, "the message is no sentence");
	assert(not message:find("[^\x20-\x7e]"), "the message is not fit for a log line");
end

-- Equal, and of the same JSON types.
local function same(a, b)
	if math.type(a) ~= math.type(b) or type(a) ~= type(b) then
		return false;
	elseif type(a) ~= "table" then
		return a == b;
	end
	local type_a, type_b = getmetatable(a), getmetatable(b);
	if next(a) == nil and (type_a and type_a.__jsontype) ~= (type_b and type_b.__jsontype) then
		return false;
	end
	for name, value in pairs(a) do
		if not same(value, b[name]) then
			return false;
		end
	end
	for name in pairs(b) do
		if a[name] == nil then
			return false;
		end
	end
	return true;
end

local function check_round_trip(claims)
	local token, message, code = tv.sign(claims, { secret = secret });
	if not token then
		check_refusal(message, code);
		assert(code == "token-too-large", "what was read cannot be written: "..code);
		return;
	end
	local header, again = tv.inspect(token);
	assert(header and header.alg == "HS256", "what was signed cannot be read");
	assert(same(claims, again), "what was signed is not what is read");
	assert(tv.verify_jws(token, { secret = secret }), "what was signed does not hold");
	for _, verifier in ipairs(verifiers) do
		local verified, words, word = verifier:verify(token);
		if verified then
			assert(same(claims, verified), "what was signed is not what is verified");
		else
			check_refusal(words, word);
		end
	end
end

return function (token)
	for _, verifier in ipairs(verifiers) do
		local claims, message, code = verifier:verify(token);
		assert(not claims, "somebody knows the secret");
		check_refusal(message, code);
	end
	local payload, message, code = tv.verify_jws(token, { secret = secret });
	assert(not payload, "somebody knows the secret");
	check_refusal(message, code);
	local header, claims;
	header, claims, code = tv.inspect(token);
	if header then
		check_round_trip(header);
		check_round_trip(claims);
	else
		check_refusal(claims, code);
	end
end;
