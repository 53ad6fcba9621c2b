-- SPDX-License-Identifier: MIT
-- Why a token is accepted or refused, check by check, for people. The native module judges everything here: the token
-- itself with the options as they are, then with those lifted that it fails by, and each claim alone.

local token_verifier = require "token_verifier";
local causes = require "token_verifier.explain.causes";
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;
local judging = require "token_verifier.explain.explain_claims";
local header_findings = require "token_verifier.explain.explain_header";
local header_of = require "token_verifier.plugin.report".header_of;
local key_findings = require "token_verifier.explain.explain_key";
local room_checks = require "token_verifier.explain.explain_room";
local signature_findings = require "token_verifier.explain.explain_signature";
local text_findings = require "token_verifier.explain.explain_text";
local token_options = require "token_verifier.plugin.token_options";

local find = causes.find;

-- The checks up to the payload in the order of the native module, and the codes that they fail with: that of the key also with
-- all that are about keys and their sources.
local stages = {
	{ "form", "token-too-large", "malformed-token", "encrypted-token" };
	{ "header", "malformed-header", "unsupported-critical" };
	{ "typ", "type-not-accepted" };
	{ "alg", "algorithm-not-accepted" };
	{ "key", "key-id-missing", "key-id-invalid", "key-algorithm-mismatch" };
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
for code, class in pairs(token_verifier.code_classes) do
	stage_of[code] = stage_of[code] or (class == "key" or class == "source") and "key" or nil;
end

-- The stages that need no key.
local before_key = { form = true, header = true, typ = true, alg = true };

local function copy(options)
	local result = {};
	for name, value in pairs(options) do
		result[name] = value;
	end
	return result;
end

local function accepted_algorithms(options)
	return options.algorithms or { options.secret and "HS256" or "RS256" };
end

-- What is said of a check that the token passes.
local describe = {
	form = function (_, _, token) return ("three parts of base64url, %d bytes"):format(#token); end;
	header = function () return "a JSON object"; end;
	typ = function (options, header)
		return judging.found(header and header.typ, judging.one_of(options.accepted_types or { "JWT" }));
	end;
	alg = function (options, header)
		return judging.found(header and header.alg, judging.one_of(accepted_algorithms(options)));
	end;
	key = key_findings.describe;
	signature = function () return "it holds"; end;
	payload = function () return "a JSON object"; end;
};

-- What fixes a check that the token fails: f(failure, token, header, options, more) -> a finding.
local fix = {
	form = function (failure, token) return text_findings.of_shape(token, failure.code); end;
	header = function (failure) return find(failure.code); end;
	typ = function (_, _, header) return header_findings.of_type(header); end;
	alg = function (_, _, header, options) return header_findings.of_algorithm(header, options, accepted_algorithms(options)); end;
	key = function (failure, _, header, options)
		return key_findings.of_failure(failure.code, failure.facts or {}, header, options.stores);
	end;
	signature = function (failure, token, header, options, more)
		if failure.code ~= "bad-signature" then
			return find(failure.code);
		end
		return signature_findings.of_failure(token, header, options, more);
	end;
	payload = function (failure) return find(failure.code); end;
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

-- Judges the token up to its payload. Returns by the name of the check why it failed ({ code, message, facts }), the last check that
-- was reached, the options that were left, the native module's answer to the options as they are, and the claim that it refused with
-- those that were left ({ code, message }), or nil.
local function judge_token(token, options, header, verify)
	local failures, left = {}, copy(options);
	left.stores, left.detail = nil, true;
	local answer;
	while true do
		local claims, message, code, facts = verify(token, left);
		answer = answer or { accepted = claims ~= nil, message = not claims and message or nil, code = code };
		local stage = not claims and stage_of[code];
		if not stage then
			return failures, "payload", left, answer, not claims and { code = code, message = message } or nil;
		elseif failures[stage] then
			return failures, stage, left, answer;
		end
		failures[stage] = { code = code, message = message, facts = facts };
		if not lift[stage] or not lift[stage](left, header) then
			return failures, stage, left, answer;
		end
	end
end

-- A row of the explanation. "WARN": it passes, but not everything is as it should be.
local function new_row(check, ok, text, findings)
	local mark = ok and "ok" or "FAIL";
	for _, finding in ipairs(findings or {}) do
		if ok and finding.where ~= "nowhere" then
			mark = "WARN";
		end
	end
	return { check = check, mark = mark, text = text, findings = findings or {} };
end

-- What is remarkable about a check that the token passes.
local function remarks(name, header, options)
	if name == "key" and type(header) == "table" then
		return key_findings.of_success(header, options);
	end
	return {};
end

local function token_rows(token, header, options, failures, last, more)
	local rows = {};
	for position, stage in ipairs(stages) do
		local name = stage[1];
		local failure = failures[name];
		if failure then
			rows[position] = new_row(name, false, failure.message, { fix[name](failure, token, header, options, more) });
		elseif position > position_of[last] then
			rows[position] = { check = name, mark = "--", text = "not checked, because of "..last, findings = {} };
		else
			rows[position] = new_row(name, true, describe[name](options, header, token), remarks(name, header, options));
		end
	end
	return rows;
end

-- Whether the key's source speaks for the issuer, which only the token itself can tell: with all else lifted, at a time
-- at which it is valid. Returns nil where that cannot be told.
local function judge_binding(token, left, claims, verify)
	local expires = judging.seconds(left, claims.exp);
	local options = token_options.about(left, { token = true, claims = true });
	options.issuers, options.wait = left.issuers, left.wait;
	options.now = expires and expires - 1 or judging.seconds(left, claims.nbf);
	local _, message, code = verify(token, options);
	if code == "issuer-not-accepted" then
		return false, message;
	end
	return not code or nil;
end

-- The rows of the claims. `refused` is what judge_token() gives: if no row fails by it, as of a check that has no row of its own, the code
-- has one.
local function claim_rows(token, left, claims, proven, now, verify, of_rooms, refused)
	local rows, failed = {}, false;
	for _, name in ipairs(judging.order) do
		local ok, text, findings = (of_rooms[name] or judging.checks[name])(claims, left, now);
		if text then
			rows[#rows + 1] = new_row(name, ok, text, findings or nil);
			failed = failed or not ok;
		end
	end
	if left.issuers and proven then
		local ok, message = judge_binding(token, left, claims, verify);
		if ok ~= nil then
			rows[#rows + 1] = new_row("binding", ok, message or "the source of the key speaks for this issuer",
				not ok and { find("issuer-not-bound") } or nil);
			failed = failed or not ok;
		end
	end
	if refused and not failed then
		rows[#rows + 1] = new_row("claims", false, refused.message, { causes.by_key[refused.code] and find(refused.code) or nil });
	end
	return rows;
end

-- The header as far as it can be read, and the claims likewise.
local function inspect(token)
	local header, claims = token_verifier.inspect(token);
	if header then
		return header, claims;
	end
	return header_of(token), nil;
end

-- Judges a text that is given as a token. `options` are those of token_verifier.new(), and `stores` is the list of key stores
-- among them, for what is said of the key. `verify(token, options)` answers as token_verifier.verify() with `detail`, and may
-- wait for the key. `more`, which may be absent, has what else is known:
--   settings    fields of a token_util object, with `host`, and `muc_host` where the host of the rooms is known
--   room        the room to be entered, as people name it
--   app_id      that of the configuration
--   renew       f(stores): fetches the keys that are held anew, and waits for it
-- Returns { accepted, code, message, proven, rows, room }. Each of the rows is { check, mark, text, findings }; marks are
-- "ok", "WARN", "FAIL" and "--" for what could not be judged; a finding is { key, where, cause, fix } of the table of
-- causes. `proven`: the signature holds, so the claims are the issuer's. `room`, if one is asked for: { accepted, error,
-- reason }, whether the plugins would let the user in.
local function explain(text, options, verify, more)
	more = more or {};
	local now = options.now or os.time();
	local token, around = text_findings.clean(text);
	local header, claims = inspect(token);
	local failures, last, left, result, refused = judge_token(token, options, header, verify);
	result.rows = token_rows(token, header, options, failures, last, more);
	if around[1] then
		local form = result.rows[1];
		form.findings = table.move(form.findings, 1, #form.findings, #around + 1, around);
		form.mark = form.mark == "ok" and "WARN" or form.mark;
	end
	result.proven = last == "payload" and not failures.payload;
	if claims then
		local of_rooms = room_checks.open(more);
		local rows = claim_rows(token, left, claims, result.proven, now, verify, of_rooms, refused);
		table.move(rows, 1, #rows, #result.rows + 1, result.rows);
		local allowed, error_name, reason = of_rooms.verdict(claims);
		if allowed ~= nil then
			result.room = { accepted = allowed, error = not allowed and (error_name or "room-mismatch") or nil, reason = reason };
		end
	end
	return result;
end

-- Options that can judge a header and claims, for a token whose key there is not. Without a word about algorithms that of the
-- header is accepted, which may be nil.
local function with_any_key(options, header)
	local result = copy(options);
	local alg = type(header) == "table" and type(header.alg) == "string" and header.alg or "RS256";
	result.algorithms = options.algorithms or { alg };
	local is_secret = is_symmetric(result.algorithms[1]);
	result.secret, result.keys = is_secret and ("?"):rep(64) or nil, not is_secret and token_verifier.keystore() or nil;
	if not options.algorithms and not pcall(token_verifier.new, result) then -- for an algorithm that is not known
		result.algorithms, result.secret, result.keys = nil, nil, token_verifier.keystore();
	end
	return result;
end

-- Explains a text as far as that goes without a key. `options` have none; `failure` is { code, message, finding }: why not.
-- Returns what explain() does; no token is accepted.
local function without_key(text, options, failure, more)
	local header = inspect((text_findings.clean(text)));
	local result = explain(text, with_any_key(options, header), function (token, the_options)
		local _, message, code, facts = token_verifier.verify(token, the_options);
		if code and before_key[stage_of[code]] then
			return nil, message, code, facts;
		end
		return nil, failure.message, failure.code; -- also for who signed with the secret that stands in
	end, more);
	-- It holds for every token, and so also where this one was not judged as far as that.
	local position = position_of[stage_of[failure.code]];
	result.rows[position] = new_row(stages[position][1], false, failure.message, { failure.finding });
	result.accepted, result.code, result.message = false, failure.code, failure.message;
	return result;
end

return { explain = explain, with_any_key = with_any_key, without_key = without_key };
