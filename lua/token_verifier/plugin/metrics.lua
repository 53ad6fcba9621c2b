-- SPDX-License-Identifier: MIT
-- Metrics about tokens: accepted, refused, times. They have the same names in every plugin, so that the copies of token_util in
-- several plugins add to the same metrics, and nothing is counted twice.

-- Buckets in seconds for waiting for a key. The longest wait is token_key_wait_limit: 6 s by default, at most 60 s.
local buckets = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60 };

-- name: { type, unit, description, labels besides `host` }
local families = {
	tokens_accepted = { "counter", "", "Tokens that were verified" };
	tokens_refused = { "counter", "", "Tokens that were refused, by the code of the log line", "code" };
	guests_accepted = { "counter", "", "Sessions without a token that were let in" };
	rooms_refused = { "counter", "", "Rooms that were refused to a session, by the name of the error", "error" };
	-- A summary, not a histogram: a token whose key is cached always takes about the same few microseconds, and a sample in a
	-- histogram, where Prosody updates each bucket, would cost another one.
	verification = { "summary", "seconds", "Time to verify tokens, including waiting for their keys" };
	key_wait = { "histogram", "seconds", "Time that tokens waited for a key that was not cached" };
};

-- The module API under the name "token_verifier" and as a global module, so that the metrics have the same labels in every
-- plugin: Prosody would replace a family whose labels differ.
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

-- One token has waited for its key, with any result.
function methods:waited(seconds)
	self.families.key_wait:with_labels(self.host):sample(seconds);
end

function methods:guest()
	self.families.guests_accepted:with_labels(self.host):add(1);
end

function methods:room_refused(error_name)
	self.families.rooms_refused:with_labels(self.host, error_name):add(1);
end

-- Returns the metrics for the tokens of `host`. If statistics are disabled, Prosody's families count nothing.
local function new(module, host)
	local api, opened = common(module), {};
	for name, family in pairs(families) do
		local type_, unit, description, label = table.unpack(family);
		-- A copy, since Prosody keeps the list of buckets and appends to it.
		local conf = type_ == "histogram" and { buckets = table.move(buckets, 1, #buckets, 1, {}) } or nil;
		opened[name] = api:metric(type_, name, unit, description, { "host", label }, conf);
	end
	local tokens_accepted = opened.tokens_accepted:with_labels(host);
	tokens_accepted:add(0); -- a rate needs a value before the first event
	opened.key_wait:with_labels(host); -- and so do its quantiles
	return setmetatable({
		host = host, families = opened,
		tokens_accepted = tokens_accepted, verification = opened.verification:with_labels(host), -- used for every token, so looked up once
	}, mt);
end

return { new = new };
