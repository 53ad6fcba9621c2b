-- SPDX-License-Identifier: MIT
-- Finalizers that run in the middle of a call, and remove or change its arguments. Lua may run them at any allocation. With
-- `make collector`, AddressSanitizer finds every use after free.

local tokens = require "spec.support.tokens";
local tv = require "token_verifier";

local secret = "a-secret-that-is-longer-than-the-hash-of-hs256";

local serial = 0;
-- A string that nobody else holds, and a long one: Lua has short ones once.
local function long(text)
	serial = serial + 1;
	return ("%s %s %d"):format(text, ("x"):rep(64), serial);
end

local taken; -- strings that took the place of others

-- Calls `call(prepare())` again and again, with every cycle of the collector that is possible. In the first round the first finalizer
-- that runs during the call does `meddle(prepared)`, in the second the second, and so on; then others' strings take the places that
-- became free. Returns what the calls gave. 12 rounds are more than most calls have such places.
local function meddled(prepare, meddle, call, rounds)
	local target, runs, at, stopped = nil, 0, 0, false;
	taken = {};
	local function litter()
		setmetatable({}, { __gc = function ()
			runs = runs + 1;
			if target and runs == at then
				meddle(target);
			end
			for i = 1, 8 do
				taken[i] = ("y"):rep(60 + 4 * i)..i;
			end
			if not stopped and #taken > 0 then
				litter();
			end
		end });
	end
	litter();
	local mode = collectgarbage("incremental");
	local pause, multiplier = collectgarbage("setpause", 0), collectgarbage("setstepmul", 1000);
	local results = {};
	for round = 1, rounds or 12 do
		local prepared = prepare();
		runs, at, target = 0, round, prepared;
		results[round] = table.pack(pcall(call, prepared));
		target = nil;
	end
	stopped = true;
	collectgarbage("setpause", pause);
	collectgarbage("setstepmul", multiplier);
	collectgarbage(mode);
	collectgarbage();
	return results;
end

local function clear(options)
	for name in pairs(options) do
		options[name] = nil;
	end
end

-- A call whose options are cleared meanwhile gives what it gives without that, or says what is missing.
local function goes_on(prepare, call, check, meddle)
	for _, result in ipairs(meddled(prepare, meddle or clear, call)) do
		check(table.unpack(result, 1, result.n));
	end
end

describe("a finalizer that clears the options of the call that is running", function ()
	it("does not disturb verifier:verify()", function ()
		local verifier = assert(tv.new { secret = secret });
		-- So long that its memory is taken from Lua.
		local token = tokens.hs256({ room = ("r"):rep(8000) }, secret);
		goes_on(function ()
			return { room = long("asked"), client = long("client"), now = 1 };
		end, function (request)
			return verifier:verify(token, request);
		end, function (ok, claims, message, code)
			assert.is_true(ok, claims);
			assert.is_nil(claims);
			assert.equal("room-not-accepted", code);
			assert.truthy(message:find('; asked for is "asked xxx', 1, true), message);
		end);
	end);

	it("does not disturb verify() with a room among its options", function ()
		local token = tokens.hs256({ room = ("r"):rep(8000) }, secret);
		goes_on(function ()
			return { room = long("asked"), secret = secret, now = 1, accepted_types = { "JWT" } };
		end, function (options)
			return tv.verify(token, options);
		end, function (ok, claims, message, code)
			if ok then
				assert.is_nil(claims);
				assert.equal("room-not-accepted", code);
				assert.truthy(message:find('; asked for is "asked xxx', 1, true), message);
			else -- the secret was taken before anything was read
				assert.truthy(claims:find("is needed", 1, true), claims);
			end
		end);
	end);

	it("does not disturb new(), which keeps the room", function ()
		local token = tokens.hs256({ room = "other" }, secret);
		goes_on(function ()
			return { room = long("asked"), secret = secret, now = 1, accepted_types = { "JWT" } };
		end, function (options)
			return tv.new(options);
		end, function (ok, verifier)
			assert.is_true(ok, verifier);
			local claims, message = verifier:verify(token);
			assert.truthy(claims or message:find('; asked for is "asked xxx', 1, true), message); -- it was gone before it was read
		end, function (options)
			options.room = nil;
		end);
	end);

	it("does not disturb sign()", function ()
		local a_key = assert(tv.generate_key { curve = "P-256" });
		for _, case in ipairs { { "HS256", secret = secret..secret }, { "ES256", private_key = a_key } } do
			goes_on(function ()
				local copy = { algorithm = case[1], kid = long("kid"), header = { x = long("member") } };
				copy.secret = case.secret and case.secret.."";
				copy.private_key = case.private_key and case.private_key:gsub("\n+$", "\n\n");
				return copy;
			end, function (options)
				return tv.sign({ sub = long("sub") }, options);
			end, function (ok, token)
				assert.is_true(ok, token);
				local header, claims = tv.inspect(token);
				assert.equal(case[1], header.alg);
				assert.truthy(header.kid:find("^kid xxx"), header.kid);
				assert.truthy(claims.sub:find("^sub xxx"), claims.sub);
			end);
		end
	end);

	it("does not disturb generate_key(), which quotes an unknown curve", function ()
		goes_on(function ()
			return { curve = long("P-2") };
		end, function (options)
			return tv.generate_key(options);
		end, function (ok, message)
			assert.is_false(ok);
			assert.truthy(message:find("'P-2 xxx", 1, true), message);
		end);
	end);

	it("does not disturb keystore(), which reads paths", function ()
		goes_on(function ()
			return {
				asap_key_server = "http://127.0.0.1:1/"..long("a"):gsub(" ", "-"), ca_file = long("/ca"), proxy = "http://127.0.0.1:1/"..long("p"),
				bearer_token_file = long("/bearer"), client_cert = long("/cert"), client_key = long("/key"),
			};
		end, function (options)
			local store, message = tv.keystore(options);
			return store and store:source(), message;
		end, function (ok, source, message)
			if ok and source ~= "" then
				assert.truthy(source and source:find("^http://127.0.0.1:1/a%-xxx"), source or message);
			elseif not ok then
				assert.truthy(source:find("go together", 1, true), source);
			end
		end);
	end);
end);

describe("a finalizer that changes what is being read", function ()
	it("does not turn a list of stores into an invalid one", function ()
		local store, other = tv.keystore(), tv.keystore();
		local token = tokens.hs256({ iss = "app" }, secret, { kid = "x" });
		for _, odd in ipairs { "text", 5, true, { "text" }, {} } do
			for _, result in ipairs(meddled(function ()
				return { app = { store, other }, ["*"] = store };
			end, function (issuers)
				issuers.app, issuers["*"], issuers[long("new")], issuers[odd] = odd, odd, store, store;
			end, function (issuers)
				return tv.new { issuers = issuers };
			end)) do
				if result[1] then
					assert.equal("algorithm-not-accepted", select(3, result[2]:verify(token)));
				else
					assert.truthy(result[2]:find("option 'issuers'", 1, true) or result[2]:find("changed while", 1, true), result[2]);
				end
			end
		end
	end);

	it("leaves no issuer without its store", function ()
		local key = tokens.new_key();
		local mine, others = tv.keystore(), tv.keystore();
		others:put("kid", key.public);
		local token = tokens.rs256({ iss = "app" }, key, "kid");
		for _, result in ipairs(meddled(function ()
			return { app = { mine }, ["*"] = others };
		end, function (issuers)
			issuers.app[1] = nil;
		end, function (issuers)
			return tv.new { issuers = issuers };
		end)) do
			if result[1] then
				assert.equal("issuer-not-accepted", select(3, result[2]:verify(token)));
			else
				assert.truthy(result[2]:find("changed while it was read", 1, true) or result[2]:find("option 'issuers'", 1, true), result[2]);
			end
		end
	end);

	it("does not make verify() find a verifier of other options", function ()
		local token = tokens.hs256({ iss = "app" }, secret);
		local function prepare()
			local options = { secret = secret, accepted_issuers = { "app" }, accepted_types = { "JWT" }, algorithms = { "HS256" } };
			assert(tv.verify(token, options)); -- at the next call it is made to be kept
			return options;
		end
		for _, result in ipairs(meddled(prepare, function (options)
			options.accepted_issuers[1] = "App";
		end, function (options)
			tv.verify(token, options);
			options.accepted_issuers[1] = "app";
			local claims = tv.verify(token, options);
			options.accepted_issuers[1] = "App";
			return claims, select(3, tv.verify(token, options));
		end, 20)) do
			assert.is_true(result[1], result[2]);
			assert.is_table(result[2]);
			assert.equal("issuer-not-accepted", result[3]);
		end
	end);

	it("does not run while claims are written", function ()
		for _, result in ipairs(meddled(function ()
			local claims = {};
			for i = 1, 4 do
				local nested = setmetatable({}, { __jsontype = "array" });
				for _ = 1, 25 do
					nested = { x = nested };
				end
				claims[long("claim")..i] = nested;
			end
			return claims;
		end, function (claims)
			clear(claims);
			for i = 1, 20 do
				claims["more"..i] = {};
			end
		end, function (claims)
			-- With a stack that has to grow meanwhile.
			return coroutine.wrap(function () return tv.sign(claims, { secret = secret }); end)();
		end, 30)) do
			assert.is_true(result[1], result[2]);
			local count = 0;
			for _ in pairs((select(2, tv.inspect(result[2])))) do
				count = count + 1;
			end
			assert.truthy(count == 4 or count == 20, count);
		end
	end);
end);

describe("a finalizer that closes a store that is being asked", function ()
	it("does not disturb the call", function ()
		local folder = "/nonexistent/"..("folder-"):rep(20);
		for _, result in ipairs(meddled(function ()
			return assert(tv.keystore { directory = folder..long("x"):gsub(" ", "-") });
		end, function (store)
			store:close();
		end, function (store)
			return store:get("kid", false);
		end)) do
			if result[1] then
				assert.is_nil(result[2]);
				assert.truthy(result[3]:find("folder-folder-", 1, true), result[3]);
			else
				assert.truthy(result[2]:find("the key store is closed", 1, true), result[2]);
			end
		end
	end);
end);

describe("new()", function ()
	it("accepts more OpenID providers than Lua's stack has slots", function ()
		local issuers = {};
		for i = 1, 300 do
			issuers[i] = ("https://issuer%d.example.org/"):format(i);
		end
		local verifier = assert(tv.new { openid_issuer = issuers });
		assert.equal("malformed-token", select(3, verifier:verify("x")));
	end);
end);
