-- SPDX-License-Identifier: MIT
-- Does one case so many times, for callgrind to count: `instructions.lua CASE TIMES`. Without arguments the names of the cases, each
-- tried once, and how many times make a count that what differs from start to start does not move.

local cases = require "bench.cases";
local cjson = require "cjson";

local file = assert(io.open("bench/tokens.json"));
local fixed = cjson.decode(file:read("a"));
file:close();

local function given(name)
	local entry = fixed.tokens[name];
	return entry.algorithm, fixed.keys[entry.key], entry.token;
end

local names, makers, enough = {}, {}, {};
local function add(name, make, times)
	names[#names + 1], makers[name], enough[name] = name, make, times or 50;
end

for _, name in ipairs({ "HS256", "RS256", "PS256", "ES256", "Ed25519" }) do
	add(name, function () return cases.verify(given(name)); end, name == "HS256" and 300);
end
-- For scale: the signature alone, the claims alone.
for _, name in ipairs({ "HS256", "RS256", "PS256", "ES256", "Ed25519" }) do
	add("bare check: "..name, function () return cases.floor(given(name)); end, name == "HS256" and 1000);
end
add("lua-cjson decode", function () return cases.cjson(given("HS256")); end, 300);
add("RS256, key by kid", function () return cases.kid(given("kid")); end);
add("RS256, options in each call", function () return cases.options(given("kid")); end);
add("process_and_verify_token, RS256, key server", function () return cases.token_util(given("kid")); end, 200);
add("process_and_verify_token, HS256", function () return cases.token_util(given("HS256")); end, 300);

-- Another character in the signature.
local function damaged(token)
	return token:sub(1, -15)..(token:sub(-14, -14) == "A" and "B" or "A")..token:sub(-13);
end

local function refused(name, code, change)
	add("refused: "..name, function ()
		local _, _, token = given(change and "kid" or "refused-"..name:gsub(".* ", ""));
		return cases.refuse(code, fixed.keys.rsa2048, change and change(token) or token);
	end, code ~= "bad-signature" and code ~= "expired" and code ~= "issuer-not-accepted" and 1000);
end
refused("no token at all", "malformed-token", function () return "undefined"; end);
refused("signature missing", "malformed-token", function (token) return (token:gsub("%.[^.]*$", "")); end);
refused("padding in the signature", "malformed-token", function (token) return token.."=="; end);
refused("another character at the end", "malformed-token", function (token) return token:sub(1, -2).."*"; end);
refused("header that is not JSON", "malformed-header", function (token) return "x"..token:sub(2); end);
refused("over 16 KiB", "token-too-large", function (token) return token..("A"):rep(16384); end);
refused("wrong alg", "algorithm-not-accepted");
refused("wrong typ", "type-not-accepted");
refused("unknown kid", "key-not-found");
refused("damaged signature", "bad-signature", damaged);
for _, name in ipairs({ "HS256", "ES256", "Ed25519" }) do
	add("refused: damaged signature, "..name, function ()
		local algorithm, key, token = given(name);
		return cases.damaged(algorithm, key, damaged(token));
	end, name == "HS256" and 300);
end
refused("expired", "expired");
refused("another issuer", "issuer-not-accepted");

local name, times = arg[1], tonumber(arg[2]);
if not name then
	for _, each in ipairs(names) do
		assert(makers[each]()(), each);
		print(("%d %s"):format(enough[each], each));
	end
	return;
end
local call = assert(makers[name], "no such case")();
collectgarbage();
for _ = 1, times do
	assert(call());
end
