-- SPDX-License-Identifier: MIT
-- Why a token is accepted or refused, check by check, for people. The native module judges everything here: the token
-- itself with the options as they are, then with those lifted that it fails by, and each claim alone.

local token_verifier = require "token_verifier";
local quote = require "token_verifier.report".quote;
local time_words = require "token_verifier.time_words";

-- The checks up to the payload in the order of the native module, and the codes that they fail with.
local stages = {
	{ "form", "token-too-large", "malformed-token", "encrypted-token" };
	{ "header", "malformed-header", "unsupported-critical" };
	{ "typ", "type-not-accepted" };
	{ "alg", "algorithm-not-accepted" };
	{ "key", "key-id-missing", "key-id-invalid", "key-pending", "key-not-found", "key-source-unavailable",
		"key-source-overloaded", "key-unusable", "key-algorithm-mismatch", "malformed-key", "unsupported-key", "weak-key",
		"weak-secret" };
	{ "signature", "bad-signature", "crypto-failure" };
	{ "payload", "malformed-payload" };
};

local stage_of, position_of = {}, {};
for position, stage in ipairs(stages) do
	position_of[stage[1]] = position;
	for i = 2, #stage do
		stage_of[stage[i]] = stage[1];
	end
end

local function copy(options)
	local result = {};
	for name, value in pairs(options) do
		result[name] = value;
	end
	return result;
end

local function quoted(value)
	local kind = type(value);
	if value == nil then
		return "nothing";
	elseif value == token_verifier.null then
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
	for _, value in ipairs(list) do
		if value == "*" then
			return "any";
		end
	end
	return quoted(list);
end

local function found(value, expected)
	return ("found %s; expected %s"):format(quoted(value), expected);
end

-- Where the key of `kid` was found, as far as it can be told: the stores are asked for nothing new.
local function describe_key(options, header)
	if options.secret then
		return "the shared secret";
	elseif options.key then
		return "the key that is configured";
	end
	local kid = header and header.kid;
	for _, store in ipairs(options.stores or {}) do
		for _, held in ipairs(store:keys()) do
			if held.kid == kid then
				local size = held.key:curve() or ("%d bits"):format(held.key:bits());
				return ("kid %s is %s, %s, from %s"):format(quote(kid), held.key:type(), size, held.source);
			end
		end
	end
	return ("kid %s"):format(quoted(kid));
end

-- What is said of a check that the token passes.
local describe = {
	form = function (_, _, token) return ("three parts of base64url, %d bytes"):format(#token); end;
	header = function () return "a JSON object"; end;
	typ = function (options, header)
		return found(header and header.typ, one_of(options.accepted_types or { "JWT" }));
	end;
	alg = function (options, header)
		return found(header and header.alg, one_of(options.algorithms or { options.secret and "HS256" or "RS256" }));
	end;
	key = describe_key;
	signature = function () return "it holds"; end;
	payload = function () return "a JSON object"; end;
};

-- Lifts the requirement that the token has failed by, so that it can be judged further. Returns whether it could.
local lift = {
	typ = function (options)
		options.accepted_types = { "*" };
		return true;
	end;
	alg = function (options, header)
		if type(header) ~= "table" or type(header.alg) ~= "string" then
			return false;
		end
		options.algorithms = { header.alg };
		local ok, verifier = pcall(token_verifier.new, options);
		return ok and verifier ~= nil;
	end;
};

-- Judges the token up to its payload. Returns by the name of the check why it failed, the last check that was reached,
-- the options that were left, and the native module's answer to the options as they are.
local function judge_token(token, options, header, verify)
	local failures, left = {}, copy(options);
	left.stores = nil;
	local answer;
	while true do
		local claims, message, code = verify(token, left);
		answer = answer or { accepted = claims ~= nil, message = not claims and message or nil, code = code };
		local stage = not claims and stage_of[code];
		if not stage then
			return failures, "payload", left, answer;
		elseif failures[stage] then
			return failures, stage, left, answer;
		end
		failures[stage] = message;
		if not lift[stage] or not lift[stage](left, header) then
			return failures, stage, left, answer;
		end
	end
end

local function token_rows(token, options, header, failures, last)
	local rows = {};
	for position, stage in ipairs(stages) do
		local name = stage[1];
		local row = { check = name };
		if failures[name] then
			row.mark, row.text = "FAIL", failures[name];
		elseif position > position_of[last] then
			row.mark, row.text = "--", "not judged, because of "..last;
		else
			row.mark, row.text = "ok", describe[name](options, header, token);
		end
		rows[position] = row;
	end
	return rows;
end

-- What claims are signed with to be judged alone, for as long as that takes.
local own_secret = ("judged by itself "):rep(4);

-- Whether these claims of the token satisfy `policy`: true, or nil, message, code.
local function judge_claims(claims, names, policy, now)
	local part = {};
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

-- A date in the unit of the token: from 10^11 on they are milliseconds, where those are accepted.
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

local checks = {};

function checks.exp(claims, options, now)
	local date = seconds(options, claims.exp);
	local ok, message, code = judge_claims(claims, { "exp" },
		{ leeway = options.leeway, accept_milliseconds = options.accept_milliseconds }, now);
	if claims.exp == nil then
		return ok, "there is none: the token never expires";
	elseif code == "expired" then
		return ok, ("expired %s ago (%s)%s"):format(time_words.span(now - date), time_words.date(date), lifetime(options, claims));
	end
	return ok, message or date > now and ("expires in %s (%s)"):format(time_words.span(date - now), time_words.date(date))
		or ("expired %s ago, within the leeway of %s"):format(time_words.span(now - date), time_words.span(options.leeway));
end

function checks.nbf(claims, options, now)
	local date = seconds(options, claims.nbf);
	local ok, message, code = judge_claims(claims, { "nbf" },
		{ leeway = options.leeway, accept_milliseconds = options.accept_milliseconds }, now);
	if claims.nbf == nil then
		return ok, "there is none";
	elseif code == "not-yet-valid" then
		return ok, ("not valid for another %s (until %s)"):format(time_words.span(date - now), time_words.date(date));
	end
	return ok, message or date <= now and ("valid since %s (%s)"):format(time_words.span(now - date), time_words.date(date))
		or ("valid in %s, within the leeway of %s"):format(time_words.span(date - now), time_words.span(options.leeway));
end

function checks.iat(claims, options, now)
	local date = seconds(options, claims.iat);
	local ok, message = judge_claims(claims, { "iat" }, { accept_milliseconds = options.accept_milliseconds }, now);
	if claims.iat == nil then
		return ok, "there is none";
	end
	return ok, message or not date and "not a number" or (date <= now and "issued %s ago (%s)" or "issued in %s (%s)")
		:format(time_words.span(now - date), time_words.date(date));
end

-- A lifetime is judged at a time at which nothing has expired.
checks["lifetime"] = function (claims, options)
	if not options.max_lifetime or options.max_lifetime == 0 then
		return nil;
	end
	local ok, message = judge_claims(claims, { "iat", "exp" },
		{ max_lifetime = options.max_lifetime, accept_milliseconds = options.accept_milliseconds }, -2^53);
	return ok, message or ("at most %s"):format(time_words.span(options.max_lifetime));
end;

function checks.iss(claims, options, now)
	if not options.accepted_issuers then
		return nil;
	end
	local ok, message = judge_claims(claims, { "iss" }, { accepted_issuers = options.accepted_issuers }, now);
	return ok, message or found(claims.iss, one_of(options.accepted_issuers));
end

function checks.aud(claims, options, now)
	if not options.accepted_audiences then
		return nil;
	end
	local ok, message = judge_claims(claims, { "aud" }, { accepted_audiences = options.accepted_audiences }, now);
	return ok, message or found(claims.aud, one_of(options.accepted_audiences));
end

function checks.room(claims, options, now)
	local ok, message = judge_claims(claims, { "room" }, { room = options.room, require_room = options.require_room }, now);
	return ok, message or found(claims.room, options.room and quote(options.room) or options.require_room and "a name" or "anything");
end

function checks.sub(claims, options, now)
	local ok, message = judge_claims(claims, { "sub" }, { require_sub = options.require_sub }, now);
	return ok, message or found(claims.sub, options.require_sub and "a name" or "anything");
end

function checks.required(claims, options, now)
	local names = options.required_claims;
	if not names or #names == 0 then
		return nil;
	end
	local ok, message = judge_claims(claims, names, { required_claims = names }, now);
	return ok, message or "found all of "..quoted(names);
end

local order_of_checks = { "exp", "nbf", "iat", "lifetime", "iss", "aud", "room", "sub", "required" };

-- Whether the key's source speaks for the issuer, which only the token itself can tell: with all else lifted, at a time
-- at which it is valid. Returns nil where that cannot be told.
local function judge_binding(token, left, claims, verify)
	local expires = seconds(left, claims.exp);
	local options = { issuers = left.issuers, algorithms = left.algorithms, accepted_types = left.accepted_types,
		allow_missing_kid = left.allow_missing_kid, accept_milliseconds = left.accept_milliseconds, wait = left.wait,
		now = expires and expires - 1 or seconds(left, claims.nbf), min_rsa_bits = left.min_rsa_bits };
	local _, message, code = verify(token, options);
	if code == "issuer-not-accepted" then
		return false, message;
	end
	return not code or nil;
end

local function claim_rows(token, left, claims, proven, now, verify)
	local rows = {};
	for _, name in ipairs(order_of_checks) do
		local ok, text = checks[name](claims, left, now);
		if text then
			rows[#rows + 1] = { check = name, mark = ok and "ok" or "FAIL", text = text };
		end
	end
	if left.issuers and proven then
		local ok, message = judge_binding(token, left, claims, verify);
		if ok ~= nil then
			rows[#rows + 1] = { check = "binding", mark = ok and "ok" or "FAIL",
				text = message or "the source of the key speaks for this issuer" };
		end
	end
	return rows;
end

-- Judges a token. `options` are those of token_verifier.new(), and `stores` is the list of key stores among them, for
-- what is said of the key. `verify(token, options)` answers as token_verifier.verify(), and may wait for the key.
-- Returns { accepted, code, message, proven, rows }, where each of the rows is { check, mark, text }, and marks are
-- "ok", "FAIL" and "--" for what could not be judged. `proven`: the signature holds, so the claims are the issuer's.
local function explain(token, options, verify)
	local now = options.now or os.time();
	local header, claims = token_verifier.inspect(token);
	if not header then
		claims = nil;
	end
	local failures, last, left, result = judge_token(token, options, header, verify);
	result.rows = token_rows(token, options, header, failures, last);
	result.proven = last == "payload";
	if claims then
		local rows = claim_rows(token, left, claims, result.proven, now, verify);
		table.move(rows, 1, #rows, #result.rows + 1, result.rows);
	end
	return result;
end

-- The lines of an explanation, for a terminal.
local function lines(result)
	local list = {};
	for _, row in ipairs(result.rows) do
		if row.check == "exp" and not result.proven then
			list[#list + 1] = "      What follows is what the token says. Nobody has vouched for it:";
		end
		list[#list + 1] = ("%-4s  %-9s  %s"):format(row.mark, row.check, row.text);
	end
	list[#list + 1] = result.accepted and "The token is accepted."
		or ("The token is refused: %s: %s"):format(result.code, result.message);
	return list;
end

-- A token as people paste it.
local function clean(text)
	return (text:gsub("^%s+", ""):gsub("^[Bb]earer%s+", ""):gsub("%s+$", ""));
end

return { explain = explain, lines = lines, clean = clean };
