-- SPDX-License-Identifier: MIT
-- Metrics of the key stores of the process, by source. A store's own counters start at 0 when it is opened, and stores are
-- closed and opened again, so only the increase since the last call is added here. This file is loaded once per process, so a
-- reloaded plugin continues with the same counts.

local token_verifier = require "token_verifier";

-- { name, description, name in store:stats() [, label, value of the label] }
local counters = {
	{ "key_cache_hits", "Look-ups of a key answered from the cache, including keys known to be missing", "hits" },
	{ "key_cache_misses", "Look-ups of a key that was neither cached nor being fetched", "misses" },
	{ "key_questions_refused", "Look-ups of a key refused because of a limit", "overloaded" },
	{ "key_fetches", "Fetches started", "fetches" },
	{ "key_fetches_not_modified", "Fetches answered with 304", "not_modified" },
	{ "key_fetches_failed", "Fetches that brought neither a key nor its absence", "failed_network", "reason", "network" },
	{ "key_fetches_failed", "Fetches that brought neither a key nor its absence", "failed_status", "reason", "status" },
	{ "key_fetches_failed", "Fetches that brought neither a key nor its absence", "failed_key", "reason", "key" },
};

local gauges = {
	{ "keys_held", "Cached keys", "fresh", "state", "fresh" },
	{ "keys_held", "Cached keys", "stale", "state", "stale" },
	{ "key_absences_held", "Key ids known to have no key", "negative" },
	{ "key_fetches_running", "Running fetches", "in_flight" },
	{ "key_fetches_queued", "Key ids that wait for a fetch", "queued" },
};

-- Maximum number of sources with their own label; all later ones share one. Plugins may set a URL for each tenant, and labels
-- are never removed.
local max_sources = 256;
local others = "others";

local last = {}; -- id of a store -> its stats() at the last call
local sources, source_count = {}, 0; -- every source with a label

-- The label of a source.
local function label_of(source)
	if not sources[source] then
		if source_count >= max_sources then
			source = others;
		end
		source_count = source_count + (sources[source] and 0 or 1);
		sources[source] = true;
	end
	return source;
end

-- Returns two tables by source: what to add to the counters, and what to show in the gauges.
local function look()
	local added, shown, seen = {}, {}, {};
	for source in pairs(sources) do
		added[source], shown[source] = {}, {}; -- a source that is no longer in use shows 0
	end
	for _, store in ipairs(token_verifier.stores()) do
		local id, source, stats = store:id(), store:source(), store:stats();
		if source ~= "" then -- a store filled with put() has no source
			source, seen[id] = label_of(source), stats;
			added[source], shown[source] = added[source] or {}, shown[source] or {};
			for name, value in pairs(stats) do
				added[source][name] = (added[source][name] or 0) + value - (last[id] and last[id][name] or 0);
				shown[source][name] = (shown[source][name] or 0) + value;
			end
		end
	end
	last = seen;
	return added, shown;
end

-- Registers the metrics. Returns a function that updates them. `module` is a global plugin.
local function open(module)
	local families = {};
	local function family(kind, row)
		local name, description, _, label = table.unpack(row);
		families[name] = families[name] or module:metric(kind, name, "", description, { "source", label });
		return families[name];
	end
	local function of(kind, row, source)
		return family(kind, row):with_labels(source, table.unpack(row, 5)); -- Prosody counts the arguments
	end
	for kind, rows in pairs({ counter = counters, gauge = gauges }) do
		for _, row in ipairs(rows) do
			family(kind, row);
		end
	end
	return function ()
		local added, shown = look();
		for source in pairs(sources) do
			for _, row in ipairs(counters) do
				of("counter", row, source):add(added[source][row[3]] or 0);
			end
			for _, row in ipairs(gauges) do
				of("gauge", row, source):set(shown[source][row[3]] or 0);
			end
		end
	end;
end

return { open = open };
