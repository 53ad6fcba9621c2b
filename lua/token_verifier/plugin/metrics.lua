-- SPDX-License-Identifier: MIT
-- Counts what becomes of tokens. The metrics have the same names whichever plugin counts, so that copies of token_util
-- in several plugins add to the same ones, and nothing is counted twice.

-- Seconds that a key which is not held is waited for: up to the 6 of token_key_wait_limit, or what it is set to, at most 60.
local buckets = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60 };

-- name: { type, unit, description, labels besides `host` }
local families = {
	tokens_accepted = { "counter", "", "Tokens that were verified" };
	tokens_refused = { "counter", "", "Tokens that were refused, by the code of the log line", "code" };
	guests_accepted = { "counter", "", "Sessions without a token that were let in" };
	rooms_refused = { "counter", "", "Rooms that were refused to a session, by the name of the error", "error" };
	-- A sum and a count: a token whose key is held always takes the same few microseconds, and a sample of a histogram, which
	-- Prosody does by itself for each of its buckets, one more.
	verification = { "summary", "seconds", "Time that tokens took, waiting for their keys included" };
	key_wait = { "histogram", "seconds", "Time that tokens waited for a key that was not held" };
};

-- The module API with another name, and as a global module sees it: the labels are settled here, because a family
-- whose labels differ from plugin to plugin would be thrown away each time.
local function common(module)
	return setmetatable({ host = "*", name = "token_verifier" }, { __index = module, __newindex = module });
end

local methods = {};
local mt = { __index = methods };

function methods:accepted(seconds)
	self.tokens_accepted:add(1);
	self.verification:sample(seconds);
end

-- `seconds` is nil where there was no token.
function methods:refused(code, seconds)
	self.families.tokens_refused:with_labels(self.host, code):add(1);
	if seconds then
		self.verification:sample(seconds);
	end
end

-- By one token, whatever came of it.
function methods:waited(seconds)
	self.families.key_wait:with_labels(self.host):sample(seconds);
end

function methods:guest()
	self.families.guests_accepted:with_labels(self.host):add(1);
end

function methods:room_refused(error_name)
	self.families.rooms_refused:with_labels(self.host, error_name):add(1);
end

-- What counts for the tokens of `host`. Statistics may be off: then Prosody's families count nothing.
local function new(module, host)
	local api, opened = common(module), {};
	for name, family in pairs(families) do
		local type_, unit, description, label = table.unpack(family);
		-- Prosody takes the list of buckets for its own, and appends to it.
		local conf = type_ == "histogram" and { buckets = table.move(buckets, 1, #buckets, 1, {}) } or nil;
		opened[name] = api:metric(type_, name, unit, description, { "host", label }, conf);
	end
	local tokens_accepted = opened.tokens_accepted:with_labels(host);
	tokens_accepted:add(0); -- a rate needs a value before the first event
	opened.key_wait:with_labels(host); -- and so do its quantiles
	return setmetatable({
		host = host, families = opened,
		tokens_accepted = tokens_accepted, verification = opened.verification:with_labels(host), -- what each token counts in
	}, mt);
end

return { new = new };
