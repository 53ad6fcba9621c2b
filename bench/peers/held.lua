-- SPDX-License-Identifier: MIT
-- What it takes to get a key that is held, with few keys held and with many; and the memory of a key.

local worker = require "bench.peers.worker";
local measure = require "bench.measure";
local tv = require "token_verifier";

math.randomseed(1);
local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

-- An RSA key of 2048 bits as a JWK: numbers that differ from key to key and are no product of two primes.
local function random_jwk()
	local digits = { "x" }; -- the first bit of the modulus is set
	for i = 2, 340 do
		local at = math.random(64);
		digits[i] = alphabet:sub(at, at);
	end
	return ('{"kty":"RSA","e":"AQAB","n":"%s_w"}'):format(table.concat(digits));
end

local function shuffle(list)
	for i = #list, 2, -1 do
		local j = math.random(i);
		list[i], list[j] = list[j], list[i];
	end
	return list;
end

-- A store of so many keys, its kids in random order, and the bytes by which each key has made the process grow.
local function fill(size)
	collectgarbage();
	local before = measure.resident();
	local store, kids = tv.keystore({ cache_size = size }), {};
	for i = 1, size do
		kids[i] = ("key-%d-of-%d"):format(i, size);
		assert(store:put(kids[i], random_jwk()));
	end
	collectgarbage();
	local list = size * 80; -- what the kids themselves take in Lua, about
	return { store = store, kids = shuffle(kids), bytes = (measure.resident() - before - list) / size };
end

local filled = {};
local function store_of(size)
	filled[size] = filled[size] or fill(tonumber(size));
	return filled[size];
end

local kinds = {};

-- The stores are filled as they are first asked for. So the largest should be the first: it takes memory that nothing has used.
function kinds.fill(size)
	local bytes = store_of(size).bytes;
	return { call = function () return true; end, once = function () return true, ("%.0f"):format(bytes); end };
end

local function getter(store, kids)
	local at = 0;
	return function ()
		at = at % #kids + 1;
		return store:get(kids[at], false);
	end;
end

function kinds.one(size)
	local held = store_of(size);
	return getter(held.store, { held.kids[1] });
end

function kinds.any(size)
	local held = store_of(size);
	return getter(held.store, held.kids);
end

-- A Lua table with as many entries, read in the same order.
function kinds.table(size)
	local kids, values, at = store_of(size).kids, {}, 0;
	for _, kid in ipairs(kids) do
		values[kid] = {};
	end
	return function ()
		at = at % #kids + 1;
		return values[kids[at]];
	end;
end

worker.serve("token_verifier "..tv._VERSION, kinds);
