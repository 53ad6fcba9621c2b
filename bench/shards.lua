-- SPDX-License-Identifier: MIT
-- A hundred key stores, one a shard, as bench/shards.py commands them: a line "ask KID", "hold SECONDS" or "end" on standard
-- input, a line of counts back. A kid that was held once goes on being used. The first argument is the number of stores,
-- the second a URL with %d for the number of the shard.

local tv = require "token_verifier";

local count, url = tonumber(arg[1]), arg[2];
local stores, kids = {}, {};
for i = 1, count do
	-- Short lives, so that minutes stand for hours: the server's max-age counts from 1 s on.
	stores[i] = assert(tv.keystore({ asap_key_server = url:format(i), min_ttl = 1, default_ttl = 1, negative_ttl = 5, max_stale = 3600,
		back_off_min = 1, back_off_max = 2 }));
end
tv.pollfd(); -- from now on get() never waits

local function ask(store, kid)
	local key, _, code = store:get(kid, false);
	return key and "held" or code;
end

-- Asks every store for the kid until none says "pending"; the answers, counted.
local function settle(kid)
	local answers, open = {}, {};
	for i = 1, count do
		open[i] = stores[i];
	end
	local deadline = os.time() + 20;
	while #open > 0 and os.time() < deadline do
		local still = {};
		for _, store in ipairs(open) do
			local answer = ask(store, kid);
			if answer == "key-pending" then
				still[#still + 1] = store;
			else
				answers[answer] = (answers[answer] or 0) + 1;
			end
		end
		open = still;
		tv.step(0.02);
	end
	answers["key-pending"] = #open > 0 and #open or nil;
	return answers;
end

local function tell(answers)
	local parts = {};
	for answer, number in pairs(answers) do
		parts[#parts + 1] = ("%s %d"):format(answer, number);
	end
	table.sort(parts);
	print(table.concat(parts, ", "));
	io.stdout:flush();
end

for line in io.lines() do
	local command, argument = line:match("^(%S+) ?(.*)$");
	if command == "ask" then
		local answers = settle(argument);
		kids[argument] = answers.held and true or kids[argument];
		tell(answers);
	elseif command == "hold" then
		-- Log-ins go on in every shard, so the keys are used all the time.
		local until_, answers = os.time() + tonumber(argument), {};
		while os.time() < until_ do
			for kid in pairs(kids) do
				for i = 1, count do
					local answer = ask(stores[i], kid);
					answers[answer] = (answers[answer] or 0) + 1;
				end
			end
			tv.step(0.05);
		end
		tell(answers);
	else
		break;
	end
end
