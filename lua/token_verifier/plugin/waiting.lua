-- SPDX-License-Identifier: MIT
-- Repeats a question that needs a key, and waits for the key in between.

local async = require "util.async";
local monotonic = require "util.time".monotonic;

-- Waits until a store has an outcome for the key (the key or a failure), and returns it. If the caller cannot wait, the fetch
-- continues in the background.
local function await_key(watch, store_ids, kid, deadline)
	if not async.ready() then
		watch:start();
		return { code = "key-pending", message = "key is being fetched" };
	end
	return watch:wait(store_ids, kid, math.max(deadline - monotonic(), 0));
end

-- After a first answer `key-pending`: waits for the key and calls ask() again, until it has another answer; each store may have to
-- fetch the key in turn. Returns the answer of ask(), or the outcome of the fetch as nil, message, code, facts. `facts` are those
-- of the first answer, `watch` is the caller's loop.attach(), and `wait_limit` (s) starts now.
local function wait_and_ask(watch, session, stores, wait_limit, facts, ask)
	local store_ids = {};
	for i, store in ipairs(stores) do
		store_ids[i] = store:id();
	end
	local deadline = monotonic() + wait_limit;
	local outcome = { code = "key-source-unavailable", message = "the key was fetched and lost again" };
	for _ = 1, #store_ids do
		-- A token without kid gets here only if allow_missing_kid is set.
		local found = await_key(watch, store_ids, facts.kid or "", deadline);
		if session.destroyed then
			return nil, "the client has gone", "session-closed", facts;
		elseif found.code == "key-pending" then
			return nil, found.message, found.code, facts;
		elseif found.code then
			outcome = found;
		end
		local result, message, code, new_facts = ask();
		if result or code ~= "key-pending" then
			return result, message, code, new_facts;
		end
	end
	facts.reason = outcome.reason;
	return nil, outcome.message, outcome.code, facts;
end

-- Calls ask(), and waits for the key if necessary.
local function ask_and_wait(watch, session, stores, wait_limit, ask)
	local result, message, code, facts = ask();
	if result or code ~= "key-pending" then
		return result, message, code, facts;
	end
	return wait_and_ask(watch, session, stores, wait_limit, facts, ask);
end

return { ask_and_wait = ask_and_wait, wait_and_ask = wait_and_ask };
