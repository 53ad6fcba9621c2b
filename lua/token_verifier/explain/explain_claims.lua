-- SPDX-License-Identifier: MIT
-- Checks each claim of a token separately with the native module: what was found, what was expected, and how to fix it.

local token_verifier = require "token_verifier";
local context_of = require "token_verifier.plugin.claims".context_of;
local find = require "token_verifier.explain.causes".find;
local has = require "token_verifier.plugin.list".has;
local misspelt = require "token_verifier.explain.explain_names".misspelt;
local names_of = require "token_verifier.plugin.list".names_of;
local quote = require "token_verifier.plugin.report".quote;
local time_words = require "token_verifier.explain.time_words";
local token_options = require "token_verifier.plugin.token_options";

local null = token_verifier.null;

-- Seconds. A larger difference is hardly a badly set clock.
local skew = 300;
local ten_years = 315360000;

local function quoted(value)
	local kind = type(value);
	if value == nil then
		return "nothing";
	elseif value == null then
		return "null";
	elseif kind == "string" then
		return quote(value);
	elseif kind ~= "table" then
		return tostring(value);
	end
	local items = {};
	for i, item in ipairs(value) do
		if i > 8 then
			items[i] = "...";
			break;
		end
		items[i] = type(item) == "table" and "{...}" or quoted(item);
	end
	return #items > 0 and table.concat(items, ", ") or "an empty list or an object";
end

local function one_of(list)
	if #list == 0 then
		return "none is accepted";
	end
	return has(list, "*") and "any" or quoted(list);
end

-- The values that are not nil, as a list.
local function listed(...)
	local list = {};
	for i = 1, select("#", ...) do
		list[#list + 1] = (select(i, ...)) or nil;
	end
	return list;
end

local function found(value, expected)
	return ("found %s; expected %s"):format(quoted(value), expected);
end

-- A temporary secret: single claims are signed with it, to be checked alone.
local own_secret = ("judged by itself "):rep(4);

-- Whether these claims of the token pass one check with its options: true, or nil, message, code.
local function judge(check, claims, names, options, now)
	local part, policy = {}, token_options.about(options, { claims = true, [check] = true });
	for _, name in ipairs(names) do
		part[name] = claims[name];
	end
	local signed, message, code = token_verifier.sign(part, { secret = own_secret });
	if not signed then
		return nil, message, code;
	end
	policy.secret, policy.now = own_secret, now;
	claims, message, code = token_verifier.verify(signed, policy);
	if claims then
		return true;
	end
	return nil, message, code;
end

-- A date of the token in seconds: if milliseconds are accepted, values from 10^11 on are milliseconds.
local function seconds(options, date)
	if math.type(date) == nil then
		return nil;
	end
	return options.accept_milliseconds and date >= 1e11 and date / 1000 or date;
end

local function lifetime(options, claims)
	local issued, expires = seconds(options, claims.iat or claims.nbf), seconds(options, claims.exp);
	if not issued or not expires or expires < issued then
		return "";
	end
	return (", was valid for %s"):format(time_words.span(expires - issued));
end

-- The finding for a value that is not a date.
local function bad_date(claim, value)
	local number = tonumber(value);
	if type(value) == "string" and number and number == number and math.abs(number) < 2^53 then
		return find("date-string", { claim = claim, number = ("%.0f"):format(number < 1e11 and number or number // 1000) });
	elseif type(value) == "number" and value >= 1e11 and value < 2^53 then
		return find("date-milliseconds", { claim = claim, number = ("%.0f"):format(value // 1000) });
	end
	return find("date-invalid");
end

-- The leeway that would be enough, in steps of 30 s; at most the maximum of the option.
local function leeway_for(seconds_off)
	local most = token_options.by_name.token_leeway.most;
	return { leeway = ("%d"):format(math.min(math.ceil((seconds_off + 1) / 30) * 30, most)) };
end

local function expired(now, date)
	if date >= 0 and date < ten_years then
		return find("exp-is-duration");
	end
	return find(now - date < skew and "expired-just-now" or "expired", leeway_for(now - date));
end

-- name of the check: f(claims, options, now) -> whether it passes, what was found and expected, a list of findings.
-- Returns nothing if the options do not ask for this check.
local checks = {};

-- The order of the rows, including those of explain_room.lua.
local order = { "exp", "nbf", "iat", "lifetime", "iss", "aud", "room", "sub", "tenant", "context", "required" };

function checks.exp(claims, options, now)
	local date = seconds(options, claims.exp);
	local ok, message, code = judge("exp", claims, { "exp" }, options, now);
	if claims.exp == nil then
		return ok, "there is none: the token never expires", listed(misspelt(claims, "exp"), find("exp-missing"));
	elseif code == "expired" then
		return ok, ("expired %s ago (%s)%s"):format(time_words.span(now - date), time_words.date(date), lifetime(options, claims)),
			{ expired(now, date) };
	elseif not ok then
		return ok, message, { bad_date("exp", claims.exp) };
	end
	return ok, date > now and ("expires in %s (%s)"):format(time_words.span(date - now), time_words.date(date))
		or ("expired %s ago, within the leeway of %s"):format(time_words.span(now - date), time_words.span(options.leeway));
end

function checks.nbf(claims, options, now)
	local date = seconds(options, claims.nbf);
	local ok, message, code = judge("nbf", claims, { "nbf" }, options, now);
	if claims.nbf == nil then
		return ok, "there is none", { misspelt(claims, "nbf") };
	elseif code == "not-yet-valid" then
		return ok, ("not valid for another %s (until %s)"):format(time_words.span(date - now), time_words.date(date)),
			{ find(date - now < skew and "clock-skew" or "not-yet-valid", leeway_for(date - now)) };
	elseif not ok then
		return ok, message, { bad_date("nbf", claims.nbf) };
	end
	return ok, date <= now and ("valid since %s (%s)"):format(time_words.span(now - date), time_words.date(date))
		or ("valid in %s, within the leeway of %s"):format(time_words.span(date - now), time_words.span(options.leeway));
end

function checks.iat(claims, options, now)
	local date = seconds(options, claims.iat);
	local ok, message = judge("iat", claims, { "iat" }, options, now);
	if claims.iat == nil then
		return ok, "there is none", { misspelt(claims, "iat") };
	elseif not ok then
		return ok, message, { bad_date("iat", claims.iat) };
	end
	local ahead = date > now;
	return ok, (ahead and "issued in %s (%s)" or "issued %s ago (%s)"):format(time_words.span(now - date), time_words.date(date)),
		{ ahead and find("issued-ahead") or nil };
end

-- The lifetime is checked at a time when the token has not expired.
function checks.lifetime(claims, options, now)
	if not options.max_lifetime or options.max_lifetime == 0 then
		return nil;
	end
	local expires = seconds(options, claims.exp);
	local ok, message, code = judge("lifetime", claims, { "iat", "exp" }, options,
		expires and expires <= now and math.max(expires - 1, -2^53) or now);
	local cause = code == "missing-claim" and "lifetime-unknown" or code == "invalid-claim" and "date-invalid" or code;
	return ok, message or ("at most %s"):format(time_words.span(options.max_lifetime)), { cause and find(cause) or nil };
end

-- If two texts differ only in a way that people overlook: the key of the cause; else nil.
local function near_miss(text, accepted)
	local a, b = text:match("^%s*(.-)%s*$"), accepted;
	if a:gsub("/$", "") == b:gsub("/$", "") then
		return a ~= b and "trailing-slash" or "other-case"; -- spaces around
	elseif a:gsub("^https?://", "") == b:gsub("^https?://", "") and a:find("^http") and b:find("^http") then
		return "other-scheme";
	elseif a:lower() == b:lower() then
		return "other-case";
	end
	return nil;
end

-- The finding for a claim whose value is nearly an accepted one, or nil.
local function nearly_accepted(value, accepted, claim, option)
	for _, text in ipairs(type(value) == "table" and value or { value }) do
		for _, candidate in ipairs(accepted) do
			local key = type(text) == "string" and near_miss(text, candidate);
			if key then
				return find(key, { claim = claim, near = quote(candidate), option = option, list = ("{ %s }"):format(quote(text)) });
			end
		end
	end
	return nil;
end

local function suggested(accepted, otherwise)
	if #accepted == 0 or has(accepted, "*") then
		return otherwise;
	end
	return quote(accepted[1]);
end

local function issuer_findings(claims, options, code)
	local value, accepted = claims.iss, options.accepted_issuers;
	local values = { suggested = suggested(accepted, "the value of app_id") };
	if value == nil or value == null then
		return { misspelt(claims, "iss") or find("issuer-missing", values) };
	elseif type(value) == "table" then
		return { find("issuer-array", values) };
	elseif code ~= "issuer-not-accepted" then
		return { find("invalid-claim") };
	elseif value ~= "*" and has(options.accepted_audiences, value) then
		return { find("issuer-and-audience-swapped") };
	end
	return { nearly_accepted(value, accepted, "iss", "asap_accepted_issuers") or find("issuer-not-accepted", values) };
end

-- The check of a claim whose value must be in the list of an option; `findings` finds the cause of a failure.
local function in_list(claim, option, findings)
	return function (claims, options, now)
		local accepted = options[option];
		if not accepted then
			return nil;
		end
		local ok, message, code = judge(claim, claims, { claim }, options, now);
		return ok, message or found(claims[claim], one_of(accepted)), not ok and findings(claims, options, code);
	end;
end

checks.iss = in_list("iss", "accepted_issuers", issuer_findings);

local function audience_findings(claims, options, code)
	local value, accepted = claims.aud, options.accepted_audiences;
	local values = { suggested = suggested(accepted, "\"jitsi\", or whatever names this service") };
	if value == nil or value == null then
		return { misspelt(claims, "aud") or find("audience-missing", values) };
	elseif code ~= "audience-not-accepted" then
		return { find("audience-invalid", values) };
	end
	return { nearly_accepted(value, accepted, "aud", "asap_accepted_audiences")
		or find(type(value) == "table" and "audience-array" or "audience-not-accepted", values) };
end

checks.aud = in_list("aud", "accepted_audiences", audience_findings);

function checks.context(claims)
	local context = claims.context;
	if context == nil or context == null then
		return true, "there is none", { misspelt(claims, "context") or find("context-absent") };
	elseif not context_of(claims) then
		return true, "found no object", { find("context-invalid") };
	end
	local names = names_of(context);
	return true, "an object with "..(#names > 0 and quoted(names) or "nothing in it");
end

function checks.required(claims, options, now)
	local names = options.required_claims;
	if not names or #names == 0 then
		return nil;
	end
	local ok, message = judge("required", claims, names, options, now);
	local findings = {};
	for _, name in ipairs(names) do
		if claims[name] == nil or claims[name] == null then
			findings[#findings + 1] = misspelt(claims, name) or find(name == "context" and "context-missing" or "missing-claim");
			break;
		end
	end
	return ok, message or "found all of "..quoted(names), findings;
end

for name in pairs(checks) do
	assert(has(order, name), name);
end

return { checks = checks, order = order, judge = judge, found = found, one_of = one_of, quoted = quoted, seconds = seconds };
