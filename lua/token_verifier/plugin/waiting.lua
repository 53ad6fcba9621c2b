-- SPDX-License-Identifier: MIT
-- Asks for what needs a key until it is there, and waits for the key meanwhile.

local async = require "util.async";
local monotonic = require "util.time".monotonic;

-- Waits until a store has the outcome for the key, and returns it. If the caller cannot wait, the fetch continues.
local function await_key(watch, store_ids, kid, deadline)
	if not async.ready() then
		watch:start();
		return { code = "key-pending", message = "key is being fetched" };
	end
	return watch:wait(store_ids, kid, math.max(deadline - monotonic(), 0));
end

-- Goes on asking after a first answer `key-pending`, until `ask` has another one: its key may have to be fetched, from one
-- store after the other. What it answers is returned, or what became of the key, as nil, message, code, facts; `facts` are
-- those of the first answer. `watch` is the caller's loop.attach(); `wait_limit` is counted from here.
local function wait_and_ask(watch, session, stores, wait_limit, facts, ask)
	local store_ids = {};
	for i, store in ipairs(stores) do
		store_ids[i] = store:id();
	end
	local deadline = monotonic() + wait_limit;
	local outcome = { code = "key-source-unavailable", message = "the key was fetched and lost again" };
	for _ = 1, #store_ids do
		-- It only waits without a kid where that is allowed.
		local settled = await_key(watch, store_ids, facts.kid or "", deadline);
		if session.destroyed then
			return nil, "the client has gone", "session-closed", facts;
		elseif settled.code == "key-pending" then
			return nil, settled.message, settled.code, facts;
		elseif settled.code then
			outcome = settled;
		end
		local result, message, code, new_facts = ask();
		if result or code ~= "key-pending" then
			return result, message, code, new_facts;
		end
	end
	facts.reason = outcome.reason;
	return nil, outcome.message, outcome.code, facts;
end

-- Asks, and waits where that is needed.
local function ask_and_wait(watch, session, stores, wait_limit, ask)
	local result, message, code, facts = ask();
	if result or code ~= "key-pending" then
		return result, message, code, facts;
	end
	return wait_and_ask(watch, session, stores, wait_limit, facts, ask);
end

return { ask_and_wait = ask_and_wait, wait_and_ask = wait_and_ask };
