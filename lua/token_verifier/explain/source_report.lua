-- SPDX-License-Identifier: MIT
-- Fetches from a source of keys, and reports what it has. It blocks, so it is for the command line, not for a server.

local blocking = require "token_verifier.explain.blocking";
local find = require "token_verifier.explain.causes".find;
local key_findings = require "token_verifier.explain.explain_key";
local key_folder = require "token_verifier.explain.key_folder";
local other_option = require "token_verifier.explain.other_option";
local plain_file = require "token_verifier.plugin.plain_file";
local sources = require "token_verifier.plugin.sources";

-- A kid that nobody has published, to see how a key server answers.
local made_up_kid = "token-verifier-check";

local function describe_key(held)
	return ("%s (%s)"):format(key_findings.name_of(held), key_findings.kind_of(held.key));
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
	if not names[1] then
		return find("set-without-keys");
	end
	for _, name in ipairs(accepted) do
		if seen[name] then
			return nil;
		end
	end
	return find("set-fits-no-algorithm", {
		accepted = #accepted > 0 and table.concat(accepted, ", ") or "none", suggested = ("%q"):format(names[1]),
	});
end

local function of_set(store, accepted)
	local keys, unusable = store:keys();
	local findings, differing, unfit = {}, {}, nil;
	if unusable[1] then
		findings[1] = find(keys[1] and "set-skips-keys" or "set-has-no-usable-key", {
			kids = key_findings.list_keys(unusable, key_findings.describe_unusable),
		});
	end
	if keys[1] or not unusable[1] then
		unfit = judge_algorithms(keys, accepted);
		findings[#findings + 1] = unfit;
	end
	for _, held in ipairs(keys) do
		differing[#differing + 1] = held.warning and held or nil;
	end
	if differing[1] then
		findings[#findings + 1] = find("key-certificate-differs", { kids = key_findings.list_keys(differing) });
	end
	for _, held in ipairs(keys) do
		if held.came_as == "private key" then
			findings[#findings + 1] = find("key-private");
			break;
		end
	end
	local list = key_findings.list_keys(keys, describe_key);
	list = list and "it has "..list or unusable[1] and "it has no key that can be used" or "it answers, but has no key";
	return ("%s: %s"):format(store:source(), list), findings, #keys > 0 and not unfit;
end

-- Returns the text about a folder, findings, and whether it is one with a key.
local function of_folder(path, kids)
	if not plain_file.can_open(path) then
		return path..": there is no such folder", { find("folder-missing") }, false;
	elseif not plain_file.is_folder(path) then
		return path..": it is a file, not a folder", { key_folder.of_file(path) }, false;
	end
	local text, findings, ok = key_folder.look(path, kids);
	return ("%s: %s"):format(path, text), findings, ok;
end

-- Fetches from a source, { kind, value } with a kind of token_verifier.sources. `accepted` is the list of accepted algorithms;
-- `kids` are names that might be a kid.
-- Returns a row { check, mark, text, findings } as in an explanation, and whether the source was unreachable.
local function ask(source, key_options, accepted, kids)
	local store, problem = sources.open(source, key_options);
	if not store then
		return { check = "keys", mark = "FAIL", text = problem, findings = { find("no-source") } }, false;
	end
	local function open(other)
		return sources.open(other, key_options);
	end
	local key, message, code, facts = blocking.get(store, made_up_kid);
	local text, findings, ok;
	if code == "key-not-found" and facts.reason == "not-in-set" then
		text, findings, ok = of_set(store, accepted);
	elseif facts and facts.folder then
		text, findings, ok = of_folder(store:source(), kids or {});
	elseif code == "key-not-found" then
		findings = { other_option.find(source.kind, source.value, facts, open) };
		ok = not findings[1];
		text = store:source()..(ok and ": it answers, and says 404 for a kid that nobody has, as it should"
			or ": it answers, but not as a key server");
	elseif key then
		text, findings, ok = ("%s: it has a key for a kid that nobody has"):format(store:source()), { find("key-for-any-kid") }, false;
	else
		text, findings, ok = message, { key_findings.of_failure(code, facts, {}, nil, open) }, false;
	end
	store:close();
	local mark = ok and (findings[1] and "WARN" or "ok") or "FAIL";
	return { check = "keys", mark = mark, text = text, findings = findings }, code == "key-source-unavailable";
end

return { ask = ask };
