-- SPDX-License-Identifier: MIT
-- Watches the native module's descriptor in Prosody's event loop, and wakes the log-ins that wait for keys.

local token_verifier = require "token_verifier";
local async = require "util.async";
local server = require "net.server";
local timer = require "util.timer";
local log = require "util.logger".init("token_verifier");

-- Each wake runs a log-in to its end. At most this many run in one turn of the event loop, so that other work gets its turn.
local wakes_per_turn = 8;

local watched; -- { fd, handle }
local warned = {}; -- id of a store -> its current warning
local max_warned = 256; -- beyond this all are forgotten, and may be logged again
local warned_count = 0;
local users, waiters = 0, 0;
local waiting = {}; -- id of a store and kid -> set of waiters
local woken = {}; -- waiters whose session is to be resumed, in order
local first_woken, last_woken = 1, 0;
local drain_scheduled = false;

local function protected(what, f, ...)
	local ok, result = pcall(f, ...);
	if not ok then
		log("error", "Error in %s: %s", what, result);
		return nil;
	end
	return result;
end

local function unwatch()
	if not watched then
		return;
	end
	local handle = watched.handle;
	watched = nil;
	if handle.close then
		protected("unwatch", handle.close, handle);
	else
		protected("unwatch", handle.setflags, handle, false, nil);
	end
end

local function key_of(store_id, kid)
	return ("%d %s"):format(store_id, kid);
end

local function forget(waiter)
	for _, key in ipairs(waiter.keys) do
		local set = waiting[key];
		if set then
			set[waiter] = nil;
			if next(set) == nil then
				waiting[key] = nil;
			end
		end
	end
end

-- Resumes the first woken sessions. Returns whether there are more.
local function resume_some()
	for _ = 1, wakes_per_turn do
		local waiter = woken[first_woken];
		if not waiter then
			return false;
		end
		woken[first_woken] = nil;
		first_woken = first_woken + 1;
		protected("waking a session", waiter.done);
	end
	return first_woken <= last_woken;
end

local schedule_drain;

function schedule_drain()
	if not drain_scheduled then
		drain_scheduled = true;
		timer.add_task(0, function ()
			drain_scheduled = false;
			if resume_some() then
				schedule_drain();
			end
		end);
	end
end

-- Stops watching when no plugin uses the watch and nobody waits.
local function unwatch_unused()
	if users == 0 and waiters == 0 then
		unwatch();
	end
end

-- Ends a wait with `outcome`; a later call of resume_some() resumes the session.
local function wake(waiter, outcome)
	if waiter.outcome then
		return;
	end
	waiter.outcome = outcome;
	timer.stop(waiter.timer);
	forget(waiter);
	last_woken = last_woken + 1;
	woken[last_woken] = waiter;
end

local watch;

-- Logs that a source fails or works again, once for each change, not for every failed refresh.
local function report(item)
	local id = item.store:id();
	if item.warning and warned[id] ~= item.warning then
		log("warn", "%s", item.warning);
	elseif warned[id] and not item.warning then
		log("info", "%s serves keys again", item.store:source());
	end
	if item.warning and not warned[id] then
		warned_count = warned_count + 1;
		if warned_count > max_warned then
			warned, warned_count = {}, 1;
		end
	end
	warned[id] = item.warning;
end

local function on_readable()
	for _, item in ipairs(protected("step", token_verifier.step) or {}) do
		if item.key or item.warning then
			report(item);
		end
		local has_outcome = item.key or item.code; -- otherwise it is about a whole set, for which nobody waits
		for waiter in pairs(has_outcome and waiting[key_of(item.store:id(), item.kid)] or {}) do
			wake(waiter, item);
		end
	end
	if watched then
		watch(); -- the process may have forked: then the descriptor was its parent's
	end
	if resume_some() then -- resumed here, too: a busy event loop runs its timers late
		schedule_drain();
	end
end

-- Watches the descriptor if it is not watched yet. After a fork the process has another descriptor.
function watch()
	local fd = token_verifier.pollfd();
	if watched and watched.fd == fd then
		return;
	end
	unwatch();
	watched = { fd = fd, handle = assert(server.watchfd(fd, function ()
		protected("watch", on_readable);
	end)) };
end

local user_methods = {};
local user_mt = { __index = user_methods };

-- Makes the event loop run the queued fetches, for callers that cannot wait.
function user_methods:start()
	if not self.ended then
		watch();
	end
end

-- Waits in the caller's async runner until one of the stores (ids as from store:id()) has an outcome for `kid`. Returns the item
-- from step(), or { code, message, reason } after `seconds`, or when the plugin was unloaded (not reloaded).
function user_methods:wait(store_ids, kid, seconds)
	if self.ended then
		return { code = "key-source-unavailable", message = "the plugin is being unloaded" };
	end
	watch();
	local wait, done = async.waiter();
	local waiter = { user = self, done = done, keys = {} };
	for i, store_id in ipairs(store_ids) do
		local key = key_of(store_id, kid);
		waiter.keys[i] = key;
		waiting[key] = waiting[key] or {};
		waiting[key][waiter] = true;
	end
	self.waiters[waiter] = true;
	waiters = waiters + 1;
	waiter.timer = timer.add_task(seconds, function ()
		wake(waiter, { code = "key-source-unavailable", message = "the key did not arrive in time", reason = "waited" });
		schedule_drain();
	end);
	wait();
	self.waiters[waiter] = nil;
	waiters = waiters - 1;
	unwatch_unused();
	return waiter.outcome;
end

local function end_waits(self)
	self.ended = true;
	for waiter in pairs(self.waiters) do
		wake(waiter, { code = "key-source-unavailable", message = "the plugin was unloaded" });
	end
	schedule_drain();
end

-- Ends this use. Its waiters get a failure: at once, or if `is_back` is given, in the next turn of the loop unless is_back()
-- returns true: a plugin that is being reloaded is back by then, and its log-ins continue to wait. The watch ends with its last
-- user.
function user_methods:detach(is_back)
	if self.detached then
		return;
	end
	self.detached = true;
	if is_back then
		timer.add_task(0, function ()
			if not protected("detach", is_back) then
				end_waits(self);
			end
		end);
	else
		end_waits(self);
	end
	users = users - 1;
	unwatch_unused();
end

-- Starts a use of the watch, by one plugin. The descriptor is not used before somebody waits: a server may still fork after it
-- has loaded its plugins.
local function attach()
	users = users + 1;
	return setmetatable({ waiters = {} }, user_mt);
end

return { attach = attach };
