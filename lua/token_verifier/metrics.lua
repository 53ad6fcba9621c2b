-- SPDX-License-Identifier: MIT
-- Counts what becomes of tokens. The metrics have the same names whichever plugin counts, so that copies of token_util
-- in several plugins add to the same ones, and nothing is counted twice.

-- Seconds: a signature takes some 50 µs, a key that must be fetched up to the 6 s that anybody waits for one.
local buckets = { 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.05, 0.25, 1, 2.5, 6 };

-- name: { type, unit, description, labels besides `host` }
local families = {
	tokens_accepted = { "counter", "", "Tokens that were verified" };
	tokens_refused = { "counter", "", "Tokens that were refused, by the code of the log line", "code" };
	guests_accepted = { "counter", "", "Sessions without a token that were let in" };
	rooms_refused = { "counter", "", "Rooms that were refused to a session, by the name of the error", "error" };
	verification = { "histogram", "seconds", "Time that a token took, waiting for its key included" };
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
	return setmetatable({
		host = host, families = opened,
		tokens_accepted = tokens_accepted, verification = opened.verification:with_labels(host), -- what each token counts in
	}, mt);
end

return { new = new, families = families, common = common };
