-- SPDX-License-Identifier: MIT
-- Checks each claim of a token separately with the native module: what was found, what was expected, and how to fix it.

local token_verifier = require "token_verifier";
local context_of = require "token_verifier.plugin.claims".context_of;
local dates = require "token_verifier.explain.dates";
local find = require "token_verifier.explain.causes".find;
local has = require "token_verifier.plugin.list".has;
local misspelt = require "token_verifier.explain.explain_names".misspelt;
local names_of = require "token_verifier.plugin.list".names_of;
local page = require "token_verifier.explain.page";
local parties = require "token_verifier.explain.explain_parties";
local quote = require "token_verifier.plugin.printable".shown;
local suggestion = require "token_verifier.explain.suggestion";
local time_words = require "token_verifier.explain.time_words";
local token_options = require "token_verifier.plugin.token_options";

local null = token_verifier.null;
local seconds = dates.seconds;

-- Seconds. A larger difference is hardly a badly set clock.
local skew = 300;
local one_day, ten_years = 86400, 315360000;

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

-- Whether these dates are accepted with the options, of which `leeway` may be another one.
local function dates_pass(part, options, now, leeway)
	local others = setmetatable({ leeway = leeway }, { __index = options });
	return judge("dates", part, { "exp", "nbf", "iat" }, others, now) == true;
end

local function lifetime(options, claims)
	local issued, expires = seconds(options, claims.iat or claims.nbf), seconds(options, claims.exp);
	if not issued or not expires or expires < issued then
		return "";
	end
	return (", was valid for %s"):format(time_words.span(expires - issued));
end

-- A function that tells whether a date would be accepted as this claim.
local function accepts(claim, options, now)
	return function (date) return dates_pass({ [claim] = date }, options, now); end;
end

local function unusable(claim, claims, options, now)
	return dates.of_unusable(claim, claims[claim], accepts(claim, options, now));
end

local function small(claim, date, options, now)
	return dates.of_small(claim, date, accepts(claim, options, now));
end

-- The finding that two dates of the token contradict each other, or nil.
local function contradiction(claims, options)
	local expires, from, issued = seconds(options, claims.exp), seconds(options, claims.nbf), seconds(options, claims.iat);
	local leeway = options.leeway or 0;
	if expires and from and expires + leeway <= from - leeway then
		return find("never-valid", { exp = time_words.date(expires), nbf = time_words.date(from) });
	elseif expires and issued and expires <= issued then
		return find("expired-when-issued", { exp = time_words.date(expires), iat = time_words.date(issued) });
	end
	return nil;
end

-- The finding `key` that suggests a leeway (in steps of 30 s) for clocks that differ by `off` seconds, if the dates are accepted with it;
-- else the finding `otherwise`.
local function with_leeway(key, otherwise, off, claims, options, now)
	local leeway = math.ceil((off + 1) / 30) * 30;
	if off < skew and leeway <= token_options.by_name.token_leeway.most and dates_pass(claims, options, now, leeway) then
		return find(key, { leeway = ("%d"):format(leeway) });
	end
	return find(otherwise);
end

-- name of the check: f(claims, options, now, more) -> whether it passes, what was found and expected, a list of findings.
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
			{ small("exp", date, options, now) or contradiction(claims, options)
				or with_leeway("expired-just-now", "expired", now - date, claims, options, now) };
	elseif not ok then
		return ok, message, { unusable("exp", claims, options, now) };
	end
	return ok, date > now and ("expires in %s (%s)"):format(time_words.span(date - now), time_words.date(date))
		or ("expired %s ago, within the leeway of %s"):format(time_words.span(now - date), time_words.span(options.leeway)),
		listed(contradiction(claims, options));
end

function checks.nbf(claims, options, now)
	local date = seconds(options, claims.nbf);
	local ok, message, code = judge("nbf", claims, { "nbf" }, options, now);
	if claims.nbf == nil then
		return ok, "there is none", { misspelt(claims, "nbf") };
	elseif code == "not-yet-valid" then
		local off = date - now;
		return ok, ("not valid for another %s (until %s)"):format(time_words.span(off), time_words.date(date)),
			{ off > ten_years and find("date-far", { span = time_words.span(off) }) or contradiction(claims, options)
				or with_leeway("clock-skew", "not-yet-valid", off, claims, options, now) };
	elseif not ok then
		return ok, message, { unusable("nbf", claims, options, now) };
	end
	return ok, date <= now and ("valid since %s (%s)"):format(time_words.span(now - date), time_words.date(date))
		or ("valid in %s, within the leeway of %s"):format(time_words.span(date - now), time_words.span(options.leeway)),
		listed(small("nbf", date, options, now));
end

function checks.iat(claims, options, now)
	local date = seconds(options, claims.iat);
	local ok, message = judge("iat", claims, { "iat" }, options, now);
	if claims.iat == nil then
		return ok, "there is none", { misspelt(claims, "iat") };
	elseif not ok or not date then
		return ok, message or ("found %.0f, which is no date in seconds"):format(claims.iat), { unusable("iat", claims, options, now) };
	end
	local ahead = date - now;
	local words = (ahead > 0 and "issued in %s (%s)" or "issued %s ago (%s)"):format(time_words.span(ahead), time_words.date(date));
	return ok, words, listed(ahead > one_day and find("issued-far-ahead", { span = time_words.span(ahead) })
		or ahead > 0 and find("issued-ahead") or small("iat", date, options, now));
end

-- The lifetime is checked at a time when the token has not expired.
function checks.lifetime(claims, options, now)
	if not options.max_lifetime or options.max_lifetime == 0 then
		return nil;
	end
	local expires = seconds(options, claims.exp);
	local at = expires and expires <= now and math.max(expires - 1, -2^53) or now;
	local ok, message, code = judge("lifetime", claims, { "iat", "exp" }, options, at);
	if code == "invalid-claim" then
		return ok, message, { unusable(expires and "iat" or "exp", claims, options, now) };
	elseif code ~= "lifetime-too-long" then
		return ok, message or ("at most %s"):format(time_words.span(options.max_lifetime)),
			listed(code == "missing-claim" and find("lifetime-unknown"));
	end
	local allowed = 0; -- no limit
	for _, from in ipairs({ at, seconds(options, claims.iat) }) do -- an "iat" that is to come does not count
		local length = math.max(1, math.ceil(expires - from));
		if length <= token_options.by_name.token_max_lifetime.most
			and judge("lifetime", claims, { "iat", "exp" }, setmetatable({ max_lifetime = length }, { __index = options }), at) then
			allowed = length;
		end
	end
	return ok, message, { find(code, { limit = ("%d"):format(options.max_lifetime), allowed = ("%d"):format(allowed) }) };
end

-- What people compare is shown whole: so many bytes of a value, and so many values.
local max_compared, max_listed = 1024, 16;

local function whole(values)
	local items = {};
	for i, value in ipairs(values) do
		if i > max_listed then
			items[i] = ("and %d more"):format(#values - max_listed);
			break;
		end
		items[i] = type(value) == "string" and quote(value, max_compared) or quoted(value);
	end
	return table.concat(items, ", ");
end

-- As the native module says it, whose messages are for logs and cut off what is long.
local function not_accepted(claim, value, accepted)
	if type(value) == "table" then
		value = ("an array: %s"):format(whole(value));
	else
		value = whole({ value });
	end
	return ("%s is %s; accepted: %s"):format(claim, value, whole(accepted));
end

-- The check of a claim whose value must be in the list of an option, else the code is `refusal`; `findings` of explain_parties.lua
-- finds the cause of a failure.
-- It gets functions that try a fix: list(values) for the option, claim(value, values) for the claim and, if given, the option, too.
local function in_list(claim, option, refusal, findings)
	return function (claims, options, now, more)
		local accepted = options[option];
		if not accepted then
			return nil;
		end
		local function with(list)
			return setmetatable({ [option] = list }, { __index = options });
		end
		local ok, message, code = judge(claim, claims, { claim }, options, now);
		if code == refusal and #accepted > 0 and (type(claims[claim]) == "string" or claims[claim][1]) then
			message = not_accepted(claim, claims[claim], accepted);
		end
		return ok, message or found(claims[claim], one_of(accepted)), not ok and findings(claims, options, code, {
			list = function (list) return judge(claim, claims, { claim }, with(list), now) == true; end;
			claim = function (value, list) return judge(claim, { [claim] = value }, { claim }, with(list or accepted), now) == true; end;
		}, more or {});
	end;
end

checks.iss = in_list("iss", "accepted_issuers", "issuer-not-accepted", parties.of_issuer);
checks.aud = in_list("aud", "accepted_audiences", "audience-not-accepted", parties.of_audience);

function checks.context(claims, _, _, more)
	local context = claims.context;
	local complaints = page.of(claims, more and more.header);
	if context == nil or context == null then
		return true, "there is none", listed(misspelt(claims, "context") or find("context-absent"), complaints);
	elseif not context_of(claims) then
		return true, "found no object", listed(find("context-invalid"), complaints);
	end
	local names = names_of(context);
	return true, "an object with "..(#names > 0 and quoted(names) or "nothing in it"), listed(complaints);
end

function checks.required(claims, options, now)
	local names = options.required_claims;
	if not names or #names == 0 then
		return nil;
	end
	local ok, message = judge("required", claims, names, options, now);
	local findings, missing, kept = {}, {}, {};
	for _, name in ipairs(names) do
		local is_missing = claims[name] == nil or claims[name] == null;
		table.insert(is_missing and missing or kept, name);
	end
	if missing[1] then
		local values = { names = quoted(missing), setting = suggestion.setting("token_required_claims", kept) };
		findings[1] = misspelt(claims, missing[1]) or find(missing[1] == "context" and "context-missing" or "missing-claim", values);
	end
	return ok, message or "found all of "..quoted(names), findings;
end

for name in pairs(checks) do
	assert(has(order, name), name);
end

return { checks = checks, order = order, judge = judge, found = found, one_of = one_of, quoted = quoted, seconds = seconds };
