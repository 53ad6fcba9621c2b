-- SPDX-License-Identifier: MIT
-- Results of this module and other libraries for thousands of damaged tokens. CROSS_SEED=n makes others, CROSS_CASES=n more.

local tv = require "token_verifier";
local json = require "dkjson";
local process = require "spec.cross.process";
local differences = require "spec.cross.differences";

local seed = math.tointeger(os.getenv("CROSS_SEED")) or 1;
local wanted = math.tointeger(os.getenv("CROSS_CASES")) or 5000;
local batch = 100;

local function has(list, value)
	for _, element in ipairs(list or {}) do
		if element == value then
			return true;
		end
	end
	return false;
end

local function list_of(value)
	return type(value) == "table" and value or { value };
end

-- Our options for the keys of keys.json.
local function our_keys(jwks)
	local options = {};
	for name, jwk in pairs(jwks) do
		local text = json.encode(jwk);
		options[name] = jwk.kty == "oct" and { secret = text } or { key = assert(tv.key(text)) };
	end
	return options;
end

local function our_verdict(case, keys)
	local options = { algorithms = case.expected.algorithms, accepted_issuers = { case.expected.issuer },
		accepted_audiences = { case.expected.audience }, now = case.expected.now };
	for name, value in pairs(keys[case.key]) do
		options[name] = value;
	end
	local token = case.token:gsub("%x%x", function (digits) return string.char(tonumber(digits, 16)); end);
	local claims, message, code = tv.verify(token, options);
	return { claims = claims or nil, accepted = claims ~= nil, code = code, why = message };
end

-- The row that allows this library to judge otherwise, and whether it must occur.
local function listed(case, ours, peer)
	for _, row in ipairs(differences) do
		if has(case.marks, row.mark) and (ours.accepted and not row.code or has(list_of(row.code), ours.code)) then
			if has(row.peers, peer) then
				return row, true;
			elseif has(row.perhaps, peer) then
				return row, false;
			end
		end
	end
	return nil;
end

-- Whether two JSON values are the same number, string, ... all through.
local function same(ours, theirs)
	if type(ours) ~= "table" or type(theirs) ~= "table" then
		return ours == theirs;
	end
	for name, value in pairs(ours) do
		if not same(value, theirs[name]) then
			return false;
		end
	end
	for name in pairs(theirs) do
		if ours[name] == nil then
			return false;
		end
	end
	return true;
end

local function describe_case(case, ours)
	local lines = { ("case %d of seed %d: %s (key %s, %s)"):format(case.number, seed, case.did, case.key,
		table.concat(case.expected.algorithms, " ")) };
	lines[2] = "  token_verifier: "..(ours.accepted and "accepted" or ours.code..": "..ours.why);
	for peer, verdict in pairs(case.verdicts) do
		lines[#lines + 1] = ("  %s: %s"):format(peer, verdict.accepted and "accepted" or verdict.why);
	end
	lines[#lines + 1] = "  token in hex: "..case.token;
	return table.concat(lines, "\n");
end

-- At most ten, so that the first can be seen.
local function report(cases)
	return #cases == 0 and "" or ("\n%d cases\n%s"):format(#cases, table.concat(cases, "\n", 1, math.min(10, #cases)));
end

describe("damaged tokens", function ()
	local missing;
	local count, judgements, agreed = 0, 0, 0;
	local seen, rows_of_peers = { accepted = 0, refused = 0 }, {};
	local unlisted, outvoted, lonely, read_otherwise, undamaged_refused = {}, {}, {}, {}, {};

	local function judge(case, ours)
		count = count + 1;
		seen[ours.accepted and "accepted" or "refused"] = seen[ours.accepted and "accepted" or "refused"] + 1;
		local against, peers, unexplained = 0, 0, false;
		for peer, verdict in pairs(case.verdicts) do
			peers = peers + 1;
			judgements = judgements + 1;
			if verdict.accepted == ours.accepted then
				agreed = agreed + 1;
			else
				against = against + 1;
				local row, certain = listed(case, ours, peer);
				unexplained = unexplained or not row;
				if row then
					rows_of_peers[row] = rows_of_peers[row] or {};
					rows_of_peers[row][peer] = (rows_of_peers[row][peer] or 0) + 1;
					rows_of_peers[row].certain = rows_of_peers[row].certain or certain;
				end
			end
			if ours.accepted and verdict.claims and not same(ours.claims, verdict.claims) then
				table.insert(read_otherwise, describe_case(case, ours));
			end
		end
		if unexplained then
			table.insert(unlisted, describe_case(case, ours));
		end
		if ours.accepted and against >= 2 then
			table.insert(outvoted, describe_case(case, ours));
		end
		if peers < 2 then
			table.insert(lonely, describe_case(case, ours));
		end
		if case.did:find("^not damaged %b()$") and (not ours.accepted or against > 0) then
			table.insert(undamaged_refused, describe_case(case, ours));
		end
	end

	lazy_setup(function ()
		local node;
		node, missing = process.node();
		if not node then
			return;
		end
		local python = process.python();
		local keys = our_keys(node:ask({ operation = "keys" }));
		-- Fewer would leave out kinds of damage.
		local last = math.max(wanted, node:ask({ operation = "firstRound" }));
		local function send(from)
			node:send({ operation = "damaged", seed = seed, from = from, to = math.min(from + batch, last) });
		end
		send(0);
		for from = 0, last - 1, batch do
			local cases = node:receive();
			if from + batch < last then
				send(from + batch);
			end
			local bare = {};
			for index, case in ipairs(cases) do
				bare[index] = { token = case.token, key = case.key, expected = case.expected };
			end
			python:send({ operation = "damaged", cases = bare });
			local ours = {};
			for index, case in ipairs(cases) do
				ours[index] = our_verdict(case, keys);
			end
			for index, verdicts in ipairs(python:receive()) do
				for peer, verdict in pairs(verdicts) do
					cases[index].verdicts[peer] = verdict;
				end
				judge(cases[index], ours[index]);
			end
		end
		node:close();
		python:close();
		print(("damaged tokens of seed %d: %d, of which %d accepted by us; %d of %d verdicts of other libraries are ours"):format(
			seed, count, seen.accepted, agreed, judgements));
	end);

	local function it_holds(name, check)
		it(name, function ()
			if missing then
				pending(missing);
			end
			check();
		end);
	end

	it_holds("are of both kinds", function ()
		assert.is_true(seen.accepted > count // 20, "few were accepted");
		assert.is_true(seen.refused > count // 2, "few were refused");
	end);

	it_holds("are judged by two other libraries each", function ()
		assert.equal("", report(lonely));
	end);

	it_holds("are accepted by all if they are not damaged", function ()
		assert.equal("", report(undamaged_refused));
	end);

	it_holds("are not accepted if two other libraries refuse them", function ()
		assert.equal("", report(outvoted));
	end);

	it_holds("are judged otherwise by other libraries for a listed reason only", function ()
		assert.equal("", report(unlisted));
	end);

	it_holds("have the claims that PyJWT reads", function ()
		assert.equal("", report(read_otherwise));
	end);

	-- A reason that nothing gives any more would hide the next difference.
	for _, row in ipairs(differences) do
		it_holds(("show the listed difference: %s"):format(row.mark), function ()
			for _, peer in ipairs(row.peers) do
				assert.is_truthy((rows_of_peers[row] or {})[peer], peer.." judges as we do");
			end
		end);
	end
end);
