-- SPDX-License-Identifier: MIT
-- Explains to people, check by check, why a token is accepted or refused. The native module makes every decision: it verifies the
-- token with the options as they are, then without the requirements that the token fails, and each claim separately.

local token_verifier = require "token_verifier";
local causes = require "token_verifier.explain.causes";
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;
local judging = require "token_verifier.explain.explain_claims";
local header_findings = require "token_verifier.explain.explain_header";
local header_of = require "token_verifier.plugin.report".header_of;
local read_text = require "token_verifier.explain.pasted_text".read;
local key_findings = require "token_verifier.explain.explain_key";
local names_of = require "token_verifier.plugin.list".names_of;
local provider = require "token_verifier.explain.provider";
local room_checks = require "token_verifier.explain.explain_room";
local signature_findings = require "token_verifier.explain.explain_signature";
local text_findings = require "token_verifier.explain.explain_text";
local token_options = require "token_verifier.plugin.token_options";

local find = causes.find;

-- In bytes. Web servers refuse URLs of more than 8 KiB: from this length on a token may not fit.
local longest_in_url, longest_token = 8000, 16384;

-- The checks up to the payload in the order of the native module, and the codes of their failures. All codes about keys and their
-- sources belong to the check "key", too.
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

-- The checks that need no key.
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

-- The text of a check that the token passes.
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
	signature = function () return "it is valid"; end;
	payload = function () return "a JSON object"; end;
};

-- How to fix a check that the token fails: f(failure, token, header, options, more) -> a finding. `more` has the token's header,
-- claims and provider, too.
local fix = {
	form = function (failure, token) return text_findings.of_shape(token, failure.code, failure.named); end;
	header = function (failure) return find(failure.code); end;
	typ = function (_, _, header, options) return header_findings.of_type(header, options.accepted_types or { "JWT" }); end;
	alg = function (_, token, header, options, more)
		return header_findings.of_algorithm(header, options, accepted_algorithms(options), more, token);
	end;
	key = function (failure, token, header, options, more)
		local code = failure.code;
		local facts = failure.facts or {};
		return code == "key-not-found" and (signature_findings.of_missing_kid(token, header, facts, options.stores)
			or facts.reason == "not-in-set" and provider.finding(more.provider, "key of set", provider.entra(more.claims))
			or provider.finding(more.provider, "key", header_findings.values(header)))
			or key_findings.of_failure(code, facts, header, options.stores, more.open);
	end;
	signature = function (failure, token, header, options, more)
		if failure.code ~= "bad-signature" then
			return find(failure.code);
		end
		return provider.finding(more.provider, "signature") or signature_findings.of_failure(token, header, options, more);
	end;
	payload = function (_, token) return text_findings.of_payload(token); end;
};

-- Removes the requirement that the token failed, so that the later checks can run. Returns whether that was possible.
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

-- Checks the token up to its payload. Returns a table from the name of a check to its failure ({ code, message, facts }); the last
-- check that was reached; the remaining options; the native module's answer for the original options; and the failure of a claim
-- with the remaining options ({ code, message }), or nil.
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

-- A row of the explanation. "WARN": the check passes, but there is something to fix.
local function new_row(check, ok, text, findings)
	local mark = ok and "ok" or "FAIL";
	for _, finding in ipairs(findings or {}) do
		if ok and finding.where ~= "nowhere" then
			mark = "WARN";
		end
	end
	return { check = check, mark = mark, text = text, findings = findings or {} };
end

-- Findings about a check that the token passes.
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

-- Whether the key's source is bound to the token's issuer. This can only be checked with the token itself: without all other
-- requirements, at a time when the token is valid. Returns nil if that is not possible. `issuers` are those to check with.
local function judge_binding(token, left, claims, verify, issuers)
	local expires = judging.seconds(left, claims.exp);
	local options = token_options.about(left, { token = true, claims = true });
	options.issuers, options.wait = issuers, left.wait;
	options.now = expires and expires - 1 or judging.seconds(left, claims.nbf);
	local _, message, code = verify(token, options);
	if code == "issuer-not-accepted" then
		return false, message;
	end
	return not code or nil;
end

-- The issuer to whose source the key belongs, if the source is bound to another one than the token's; else nil.
local function issuer_of_key(token, left, claims, verify)
	if type(claims.iss) ~= "string" or judge_binding(token, left, claims, verify, left.issuers) ~= false then
		return nil;
	end
	for _, issuer in ipairs(names_of(left.issuers)) do
		if judge_binding(token, left, claims, verify, { [claims.iss] = left.issuers[issuer] }) then
			return issuer;
		end
	end
	return nil;
end

-- The rows of the claims. `refused` is the failure of a claim from judge_token(); if no row fails (the check has no row), a row
-- for its code is added.
local function claim_rows(token, left, claims, proven, now, verify, of_rooms, refused, more)
	local rows, failed = {}, false;
	more.issuer_of_key = left.issuers and proven and issuer_of_key(token, left, claims, verify) or nil;
	for _, name in ipairs(judging.order) do
		local ok, text, findings = (of_rooms[name] or judging.checks[name])(claims, left, now, more);
		if text then
			rows[#rows + 1] = new_row(name, ok, text, findings or nil);
			failed = failed or not ok;
		end
	end
	if left.issuers and proven then
		local ok, message = judge_binding(token, left, claims, verify, left.issuers);
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

-- The header and the claims, each nil if it cannot be decoded.
local function inspect(token)
	local header, claims = token_verifier.inspect(token);
	if header then
		return header, claims;
	end
	return header_of(token), nil;
end

-- Adds what was found around the token to the first row. A token that is good in an address that is not is refused.
local function add_findings_of_text(result, pasted)
	local form, around = result.rows[1], pasted.findings;
	if pasted.refused then
		table.insert(around, 1, pasted.refused);
	end
	local length = #pasted.token;
	if length > longest_in_url and length <= longest_token then
		around[#around + 1] = find("token-long-for-url", { length = length });
	end
	local row = new_row("form", form.mark ~= "FAIL" and not pasted.refused, form.text, around);
	form.mark = form.mark == "ok" and row.mark or form.mark;
	form.findings = table.move(form.findings, 1, #form.findings, #around + 1, around);
	if pasted.refused then
		result.pasted = { code = result.code, message = result.message, accepted = result.accepted };
		result.accepted, result.code, result.message = false, "malformed-token", pasted.refused.cause;
	end
end

-- The checks that fail if nobody but the provider can verify the token.
local of_signature = { alg = true, key = true, signature = true };

-- If nobody but the provider `maker` (a row, or nil) can verify the token, nothing else that is changed would help: this is then the
-- only cause.
local function keep_only_cause(result, maker)
	local key = not result.proven and maker and maker.never;
	for _, row in ipairs(key and result.rows or {}) do
		if row.mark ~= "ok" then
			row.mark, row.findings = row.mark == "WARN" and "ok" or row.mark, {};
		end
		if row.mark == "FAIL" and of_signature[row.check] and key then
			row.findings, key = { find(key) }, nil;
		end
	end
end

-- Explains a text that is given as a token. `options` are those of token_verifier.new(), plus `stores`, the list of their key
-- stores, to describe the key. `verify(token, options)` returns the same as token_verifier.verify() with `detail`, and may wait
-- for the key. `more` may be absent; its fields:
--   settings    fields of a token_util object, with `host`, and `muc_host` if the host of the rooms is known
--   room        the room to enter, as people write it
--   app_id      the option of the configuration
--   renew       f(stores): fetches the cached keys again, and waits for that
--   open        f(source): opens the store of { kind, value }, to try addresses as other options; only where it may block
-- Returns { accepted, code, message, proven, rows, room }. Each row is { check, mark, text, findings }; marks are "ok", "WARN",
-- "FAIL", and "--" for a check that could not run; a finding is { key, where, cause, fix } of the table of causes. `proven`: the
-- signature is valid, so the claims are really the issuer's. `room`, if more.room is given: { accepted, error, reason }, whether
-- the plugins would let the user in.
local function explain(text, options, verify, more)
	more = setmetatable({}, { __index = more });
	local now = options.now or os.time();
	local pasted = read_text(text);
	local token = pasted.token;
	local header, claims = inspect(token);
	more.header, more.claims, more.provider = header, claims, provider.of(header, claims);
	local failures, last, left, result, refused = judge_token(token, options, header, verify);
	if failures.form then
		failures.form.named = pasted.named;
	end
	result.rows = token_rows(token, header, options, failures, last, more);
	add_findings_of_text(result, pasted);
	result.proven = last == "payload" and not failures.payload;
	if claims then
		local of_rooms = room_checks.open(more);
		local rows = claim_rows(token, left, claims, result.proven, now, verify, of_rooms, refused, more);
		table.move(rows, 1, #rows, #result.rows + 1, result.rows);
		local allowed, error_name, reason = of_rooms.verdict(claims);
		if allowed ~= nil then
			result.room = { accepted = allowed, error = not allowed and (error_name or "room-mismatch") or nil, reason = reason };
		end
	end
	keep_only_cause(result, more.provider);
	return result;
end

-- Options with a dummy key, to check the header and the claims of a token whose key is missing. Without `algorithms`, the header's
-- algorithm is accepted. `header` may be nil.
local function with_any_key(options, header)
	local result = copy(options);
	local alg = type(header) == "table" and type(header.alg) == "string" and header.alg or "RS256";
	result.algorithms = options.algorithms or { alg };
	local is_secret = is_symmetric(result.algorithms[1]);
	result.secret, result.keys = is_secret and ("?"):rep(64) or nil, not is_secret and token_verifier.keystore() or nil;
	if not options.algorithms and not pcall(token_verifier.new, result) then -- an unknown algorithm
		result.algorithms, result.secret, result.keys = nil, nil, token_verifier.keystore();
	end
	return result;
end

-- Explains a text as far as that is possible without a key. `options` contain no key; `failure` is { code, message, finding }: why
-- there is none. Returns the same as explain(); no token is accepted.
local function without_key(text, options, failure, more)
	local header, claims = inspect(read_text(text).token);
	local result = explain(text, with_any_key(options, header), function (token, the_options)
		local _, message, code, facts = token_verifier.verify(token, the_options);
		if code and before_key[stage_of[code]] then
			return nil, message, code, facts;
		end
		return nil, failure.message, failure.code; -- even if the token is signed with the dummy secret
	end, more);
	-- The failure is true for every token, so it is shown even if the checks did not get that far.
	local position = position_of[stage_of[failure.code]];
	result.rows[position] = new_row(stages[position][1], false, failure.message, { failure.finding });
	result.accepted, result.code, result.message, result.pasted = false, failure.code, failure.message, nil;
	keep_only_cause(result, provider.of(header, claims));
	return result;
end

return { explain = explain, with_any_key = with_any_key, without_key = without_key };
