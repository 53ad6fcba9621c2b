-- SPDX-License-Identifier: MIT
-- Counts what the key stores of the process do, by source. Stores count from when they were opened, and are closed and
-- opened again; here only what was added since the last look is counted. This file is loaded once in the process, so a
-- plugin that is loaded anew goes on where it was.

local token_verifier = require "token_verifier";

-- { name, description, what stats() calls it [, label, its value] }
local counters = {
	{ "key_cache_hits", "Questions for a key answered from what is held, known absences included", "hits" },
	{ "key_cache_misses", "Questions for a key that was neither held nor being fetched", "misses" },
	{ "key_questions_refused", "Questions for a key refused because too much was asked for", "overloaded" },
	{ "key_fetches", "Fetches started", "fetches" },
	{ "key_fetches_not_modified", "Fetches answered with 304", "not_modified" },
	{ "key_fetches_failed", "Fetches that brought neither a key nor its absence", "failed_network", "reason", "network" },
	{ "key_fetches_failed", "Fetches that brought neither a key nor its absence", "failed_status", "reason", "status" },
	{ "key_fetches_failed", "Fetches that brought neither a key nor its absence", "failed_key", "reason", "key" },
};

local gauges = {
	{ "keys_held", "Keys held", "fresh", "state", "fresh" },
	{ "keys_held", "Keys held", "stale", "state", "stale" },
	{ "key_absences_held", "Key ids known to have no key", "negative" },
	{ "key_fetches_running", "Fetches under way", "in_flight" },
	{ "key_fetches_queued", "Key ids that wait for a fetch", "queued" },
};

-- Sources that have a label of their own; what came later is counted together. Plugins may set a URL for each tenant, and
-- a label is never dropped.
local max_sources = 256;
local others = "others";

local last = {}; -- number of a store -> what stats() said of it
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

-- What is to be added and shown for each source.
local function look()
	local added, shown, seen = {}, {}, {};
	for source in pairs(sources) do
		added[source], shown[source] = {}, {}; -- a source that nobody uses any more holds nothing
	end
	for _, store in ipairs(token_verifier.stores()) do
		local id, source, stats = store:id(), store:source(), store:stats();
		if source ~= "" then -- keys put by hand are of no source
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

-- Opens the metrics. Returns a function that brings them up to date. `module` is a global plugin.
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
