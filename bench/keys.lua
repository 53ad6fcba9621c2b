-- SPDX-License-Identifier: MIT
-- What it takes to get a key that is held, with few keys held and with many; and the memory of a key.

local measure = require "bench.measure";
local tv = require "token_verifier";

local sizes = { 1, 100, 10000, 100000 };
local calls, slices = 20000, 31;

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

local function fill(size)
	local store, kids = tv.keystore{ cache_size = size }, {};
	for i = 1, size do
		kids[i] = ("key-%d-of-%d"):format(i, size);
		assert(store:put(kids[i], random_jwk()));
	end
	return { store = store, kids = shuffle(kids), size = size };
end

-- Asks for the kids of a list, one after the other.
local function getter(store, kids)
	local at = 0;
	return function (count)
		for _ = 1, count do
			at = at % #kids + 1;
			assert(store:get(kids[at], false));
		end
	end;
end

local function table_reader(kids)
	local held, at = {}, 0;
	for _, kid in ipairs(kids) do
		held[kid] = {};
	end
	return function (count)
		for _ = 1, count do
			at = at % #kids + 1;
			assert(held[kids[at]]);
		end
	end;
end

local function fill_and_weigh()
	local held, memory = {}, {};
	for i = #sizes, 1, -1 do -- the largest first: it takes memory that nothing has used before
		collectgarbage();
		local before = measure.resident();
		held[i] = fill(sizes[i]);
		collectgarbage();
		local kids = sizes[i] * 80; -- what the list of kids itself takes in Lua, about
		memory[i] = (measure.resident() - before - kids) / sizes[i];
	end
	return held, memory;
end

local function run()
	math.randomseed(1);
	local held, memory = fill_and_weigh();
	local one, all, floor = {}, {}, {};
	for i, each in ipairs(held) do
		local same = getter(each.store, { each.kids[1] });
		local any = getter(each.store, each.kids);
		local plain = table_reader(each.kids);
		one[i] = function () return measure.ns(same, calls); end;
		all[i] = function () return measure.ns(any, calls); end;
		floor[i] = function () return measure.ns(plain, calls); end;
	end
	local cases = {};
	for _, list in ipairs{ one, all, floor } do
		table.move(list, 1, #list, #cases + 1, cases);
	end
	local results = measure.in_turns(cases, slices);
	print(("keystore:get of a key that is held, ns per call: medians of %d slices of %d calls in turns"):format(slices, calls));
	print("");
	print("| keys held | one kid | all kids, in random order | a Lua table, in the same order | memory per key |");
	print("|---:|---:|---:|---:|---:|");
	for i, size in ipairs(sizes) do
		local bytes = size >= 10000 and ("%.0f bytes"):format(memory[i]) or "";
		print(("| %d | %.0f | %.0f | %.0f | %s |"):format(size, results[i], results[i + #sizes], results[i + 2 * #sizes], bytes));
	end
end

run();
