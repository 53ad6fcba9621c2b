-- SPDX-License-Identifier: MIT
-- What token-verifier check says of values of options: left-over variables, names that no token can have, issuers that do not belong
-- to the source of keys.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local find = require "token_verifier.explain.causes".find;
local issuers = require "token_verifier.explain.issuers";
local list = require "token_verifier.plugin.list";
local quote = require "token_verifier.plugin.report".quote;
local sources = require "token_verifier.plugin.sources";
local token_options = require "token_verifier.plugin.token_options";

local no_break_space = "\194\160";
-- Soft hyphen, zero-width characters and marks of direction, word joiner, byte order mark.
local invisible = { "\194\173", "\226\128[\139-\143]", "\226\129\160", "\239\187\191" };

-- Examples in the manuals of Jitsi.
local of_manuals = { app_id = true, change_me = true, changeme = true, example_app_id = true, my_app_id = true, my_jitsi_app_id = true,
	your_app_id = true };

local function row(check, mark, text, finding)
	return { check = check, mark = mark, text = text, findings = { finding } };
end

-- Whether a text is what templates leave behind. The native module refuses such a secret, so its list is used here too.
local function is_left_over(text)
	local _, _, _, facts = token_verifier.new({ secret = text, detail = true });
	return facts ~= nil and (facts.reason == "template" or facts.reason == "empty");
end

-- The part of a text that templates leave behind, or nil.
local function left_over_in(text)
	if is_left_over(text) then
		return text;
	end
	local of_manual = text:match("YOUR[_-][%u%d_-]+");
	if of_manual then
		return of_manual;
	end
	for _, pattern in ipairs({ "%$?%b{}", "%b<>", "%$%b()" }) do
		for piece in text:gmatch(pattern) do
			if is_left_over(piece) then
				return piece;
			end
		end
	end
	return nil;
end

-- A name without invisible characters, and without blanks and quotes around it.
local function bare(text)
	local before;
	for _, pattern in ipairs(invisible) do
		text = text:gsub(pattern, "");
	end
	repeat
		before = text;
		text = text:gsub("^%s+", ""):gsub("%s+$", ""):gsub("^"..no_break_space, ""):gsub(no_break_space.."$", "")
			:gsub('^"(.*)"$', "%1"):gsub("^'(.*)'$", "%1");
	until text == before;
	return text;
end

-- The names in a text with commas; only itself if it is the name of a directory like "CN=a,DC=b", or has none.
local function split(text)
	local names = {};
	if text:find("=", 1, true) then
		return { text };
	end
	for part in text:gmatch("[^,]+") do
		names[#names + 1] = bare(part) ~= "" and bare(part) or nil;
	end
	return names;
end

-- A list as it is written in the configuration.
local function written(values)
	local parts = {};
	for i, value in ipairs(values) do
		parts[i] = ("%q"):format(value):gsub("\\\n", "\\n");
	end
	return #parts > 0 and ("{ %s }"):format(table.concat(parts, ", ")) or "{}";
end

local function add_once(values, value)
	if not list.has(values, value) then
		values[#values + 1] = value;
	end
end

-- Sorts the values of an option: returns those that are good as they are, the list as it should be, and the others as a list of
-- { cause, value, the part that is wrong }.
local function sorted(values)
	local good, better, bad = {}, {}, {};
	for _, value in ipairs(values) do
		local part, names = left_over_in(value), split(value);
		if part then
			bad[#bad + 1] = { "value-left-over", value, part };
		elseif bare(value) ~= value then
			bad[#bad + 1] = { "value-with-blanks", value };
			for _, name in ipairs(split(bare(value))) do
				add_once(better, name);
			end
		else
			if #names ~= 1 then
				bad[#bad + 1] = { "value-with-commas", value };
			end
			good[#good + 1] = value;
			for _, name in ipairs(names) do
				add_once(better, name);
			end
		end
	end
	return good, better, bad;
end

-- `about`: { option, claim, also: whether something else is accepted too, default: what removing the option means, is_single }
local function judge_names(rows, values, about)
	local good, better, bad = sorted(values);
	local works = #good > 0 or about.also;
	local suggested = ("%s = %s"):format(about.option, about.is_single and ("%q"):format(better[1] or "") or written(better));
	for _, one in ipairs(bad) do
		local cause = one[1];
		if cause == "value-left-over" and #better > 0 then
			cause = "value-unneeded";
		end
		rows[#rows + 1] = row("options", (works or cause == "value-with-commas") and "WARN" or "FAIL",
			("%s has %s"):format(about.option, quote(one[2])), find(cause, {
				option = about.option, claim = about.claim, found = quote(one[3] or one[2]), suggested = suggested, default = about.default,
			}));
	end
	if #values == 0 and not about.also then
		rows[#rows + 1] = row("options", "FAIL", about.option.." is empty", find("value-not-accepted", {
			option = about.option, claim = about.claim, default = about.default,
		}));
	end
end

-- The strings of a list option, or nil if it is not set.
local function strings(value)
	local found = {};
	for _, entry in ipairs(list.as_list(value)) do
		found[#found + 1] = type(entry) == "string" and entry or nil;
	end
	return value ~= nil and found or nil;
end

local function check_app_id(rows, file, host, accepted, also)
	local app_id = file:get(host, "app_id");
	if type(app_id) ~= "string" then
		return;
	end
	judge_names(rows, { app_id }, { option = "app_id", claim = "iss", is_single = true, also = also or accepted ~= nil, default = "" });
	if of_manuals[app_id:lower():gsub("-", "_")] and not accepted then
		rows[#rows + 1] = row("options", "WARN", "app_id is "..quote(app_id), find("value-of-a-manual", {
			found = quote(app_id), list = written({ app_id }),
		}));
	end
end

-- Adds rows about the names that are accepted on a host.
local function add_names(rows, file, host)
	local also = file:get(host, "openid_issuer") ~= nil or file:get(host, "token_issuers") ~= nil;
	local accepted = strings(file:get(host, "asap_accepted_issuers"));
	check_app_id(rows, file, host, accepted, also);
	local app_id = tostring(file:get(host, "app_id"));
	for _, about in ipairs({
		{ option = "asap_accepted_issuers", claim = "iss", also = also,
			default = not left_over_in(app_id) and (", or remove it: then app_id, %s, is accepted"):format(quote(app_id)) or "" };
		{ option = "asap_accepted_audiences", claim = "aud", default = ", or remove it: then any is accepted" };
		{ option = "allowner_issuers", claim = "iss", also = true, default = ", or remove it" };
	}) do
		local values = strings(file:get(host, about.option));
		if values and not list.has(values, "*") then
			judge_names(rows, values, about);
		end
	end
end

-- The first left-over in a value of an option that names a source of keys, or nil.
local function left_over_of(value)
	if type(value) == "string" and value ~= "" then
		return left_over_in(value);
	end
	for key, entry in pairs(type(value) == "table" and value or {}) do
		local found = type(key) == "string" and key ~= "" and left_over_in(key) or left_over_of(entry);
		if found then
			return found;
		end
	end
	return nil;
end

-- Adds rows about left-overs in the options that name sources. Returns whether there are any.
local function add_left_over_sources(rows, file, host)
	local count = #rows;
	for _, source in ipairs(token_options.sources) do
		local found = left_over_of(file:get(host, source[1]));
		if found then
			rows[#rows + 1] = row("keys", "FAIL", ("%s has %s"):format(source[1], quote(found)),
				find("source-left-over", { option = source[1], found = quote(found) }));
		end
	end
	return #rows > count;
end

-- Asks the provider whether it is the issuer that its address suggests.
local function confirms(issuer, key_options)
	local store = sources.open({ kind = "openid_issuer", value = issuer }, key_options);
	if not store then
		return false;
	end
	local _, _, code, facts = blocking.get(store, "token-verifier-check");
	store:close();
	return code == "key-not-found" and facts.reason == "not-in-set";
end

local function has_url(values)
	for _, value in ipairs(values) do
		if value:find("^https?://") then
			return true;
		end
	end
	return false;
end

-- The row about the issuer of an address's tokens, if it is known and is not accepted.
local function of_source(file, host, settings, url)
	local expected = issuers.of_address(url);
	if not expected or issuers.is_accepted(expected, settings.acceptedIssuers) then
		return nil;
	end
	local how = expected.sure;
	local is_sure = how ~= "usual" or confirms(expected.issuer, settings.keyOptions);
	local key = how == "begins" and "issuer-of-source-begins" or is_sure and "issuer-of-source" or "issuer-of-source-guessed";
	local kept = strings(file:get(host, "asap_accepted_issuers")) or #sources.single_sources(settings) > 1 and { settings.appId } or {};
	local _, better = sorted(kept);
	add_once(better, expected.issuer);
	local shown = ("%q"):format(how == "begins" and (expected.anywhere and "..." or "")..expected.issuer.."..." or expected.issuer);
	if expected.also and how ~= "begins" then
		add_once(better, expected.also);
		shown = ("%s or %q"):format(shown, expected.also);
	end
	local text = ("%s: its tokens %s the issuer %s"):format(url, is_sure and "have" or "probably have", shown);
	local is_hopeless = is_sure or expected.is_url and not has_url(settings.acceptedIssuers);
	return row("issuer", is_hopeless and "FAIL" or "WARN", text,
		find(key, { url = url, issuer = shown, list = written(better) }));
end

-- Adds rows about issuers that no token of a configured source can have.
local function add_issuers(rows, file, host, settings)
	for _, field in ipairs({ "cacheKeysUrl", "asapKeyServer" }) do
		for _, url in ipairs(list.as_list(settings[field])) do
			rows[#rows + 1] = of_source(file, host, settings, url);
		end
	end
	for _, issuer in ipairs(list.names_of(settings.tokenIssuers or {})) do
		local source = settings.tokenIssuers[issuer];
		local url = (source.kind == "jwks_url" or source.kind == "asap_key_server") and source.value;
		local expected = issuers.of_address(url);
		if expected and not issuers.is_accepted(expected, { issuer }) then
			local shown = expected.sure == "begins" and expected.issuer.."..." or expected.issuer;
			rows[#rows + 1] = row("issuer", expected.sure == "usual" and "WARN" or "FAIL",
				("token_issuers binds %s to %s"):format(quote(issuer), url),
				find("issuer-bound-to-another", { found = ("%q"):format(issuer), url = url, issuer = ("%q"):format(shown) }));
		end
	end
end

return { add_names = add_names, add_left_over_sources = add_left_over_sources, add_issuers = add_issuers, written = written };
