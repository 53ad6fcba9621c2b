-- SPDX-License-Identifier: MIT
-- Fetches from a source of keys, and reports what it has. It blocks, so it is for the command line, not for a server.

local find = require "token_verifier.explain.causes".find;
local key_findings = require "token_verifier.explain.explain_key";
local plain_file = require "token_verifier.plugin.plain_file";
local quote = require "token_verifier.plugin.report".quote;
local sources = require "token_verifier.plugin.sources";

-- A kid that nobody has published, to see how a key server answers.
local made_up_kid = "token-verifier-check";

local function describe_key(held)
	return ("%s (%s)"):format(quote(held.kid), key_findings.kind_of(held.key));
end

local function algorithms_of(keys)
	local names, seen = {}, {};
	for _, held in ipairs(keys) do
		for _, name in ipairs(held.key:algorithms()) do
			if not seen[name] then
				seen[name], names[#names + 1] = true, name;
			end
		end
	end
	return names, seen;
end

-- The finding if no key of a set fits the accepted algorithms.
local function judge_algorithms(keys, accepted)
	local names, seen = algorithms_of(keys);
	for _, name in ipairs(accepted) do
		if seen[name] then
			return nil;
		end
	end
	return find("set-fits-no-algorithm", {
		accepted = #accepted > 0 and table.concat(accepted, ", ") or "none", suggested = names[1] and ("%q"):format(names[1]) or "...",
	});
end

local function of_set(store, accepted)
	local keys, findings = store:keys(), {};
	findings[1] = judge_algorithms(keys, accepted);
	if store:stats().skipped > 0 then
		findings[#findings + 1] = find("set-skips-keys");
	end
	for _, held in ipairs(keys) do
		if held.came_as == "private key" then
			findings[#findings + 1] = find("key-private");
			break;
		end
	end
	local list = key_findings.list_keys(keys, describe_key);
	return ("%s: %s"):format(store:source(), list and "it has "..list or "it answers, but has no key"), findings, #keys > 0;
end

local function of_folder(path)
	if not plain_file.can_open(path) then
		return path..": there is no such folder", false;
	end
	return path..": the folder is there", true;
end

-- Fetches from a source, { kind, value } with a kind of token_verifier.sources. `accepted` is the list of accepted algorithms.
-- Returns a row { check, mark, text, findings } as in an explanation, and whether the source was unreachable.
local function ask(source, key_options, accepted)
	local store, problem = sources.open(source, key_options);
	if not store then
		return { check = "keys", mark = "FAIL", text = problem, findings = { find("no-source") } }, false;
	end
	local key, message, code, facts = store:get(made_up_kid, { wait = true, detail = true });
	local text, findings, ok = message, {}, true;
	if code == "key-not-found" and facts.reason == "not-in-set" then
		text, findings, ok = of_set(store, accepted);
	elseif facts and facts.folder then
		text, ok = of_folder(store:source());
		findings[1] = not ok and find("folder-missing") or nil;
	elseif code == "key-not-found" then
		text = ("%s: it answers, and says 404 for a kid that nobody has, as it should"):format(store:source());
	elseif key then
		text, ok = ("%s: it has a key for a kid that nobody has"):format(store:source()), false;
	else
		findings, ok = { key_findings.of_failure(code, facts, { kid = made_up_kid }) }, false;
	end
	store:close();
	local mark = ok and (findings[1] and "WARN" or "ok") or "FAIL";
	return { check = "keys", mark = mark, text = text, findings = findings }, code == "key-source-unavailable";
end

return { ask = ask };
