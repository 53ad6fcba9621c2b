-- SPDX-License-Identifier: MIT
-- Room patterns: they have the same results as string.match(), in limited time.

require "spec.support.prosody";
local pattern = require "token_verifier.plugin.pattern";

local function match(text, claim)
	return pattern.match(assert(pattern.parse(claim)), text);
end

local function anchored(claim)
	return claim:sub(1, 1) == "^" and claim or "^"..claim;
end

describe("a room pattern", function ()
	it("matches what string.match() does, whatever it is made of", function ()
		local atoms = {
			"a", "b", ".", "%a", "%d", "[ab]", "[^a]", "[%d%s]", "%%", "%.", "*", "+", "-", "?", "$", "(", ")", "()", "^", "]",
			"[a-b]", "%D", "[]a]", "[^]]", "[%]]", "[a-]", "1", "\0", "\xff", "*", "-",
		};
		local letters = { "a", "b", "1", "-", "*", "(", "$", "^", "\0", "]" };
		local function random(list, count)
			local parts = {};
			for i = 1, count do
				parts[i] = list[math.random(#list)];
			end
			return table.concat(parts);
		end
		math.randomseed(20261124);
		local matched = 0;
		for _ = 1, 20000 do
			local claim = random(atoms, math.random(0, 7));
			local items = pattern.parse(claim);
			if items then
				local text = random(letters, math.random(0, 6));
				local expected = text:match(anchored(claim));
				assert.equal(expected, pattern.match(items, text), ("%q against %q"):format(text, claim));
				matched = matched + (expected and 1 or 0);
			end
		end
		assert.is_true(matched > 1500, matched);
	end);

	it("returns the first capture", function ()
		for _, case in ipairs({
			{ "room7", "(room)(%d)", "room" }, { "room7", "((ro)om)%d", "room" }, { "room7", "room()%d", 5 },
			{ "room7", "room(%d)", "7" }, { "room7", "room%d", "room7" }, { "room77", "room%d", "room7" }, { "room7", "()", 1 },
			{ "room7", "(.-)%d", "room" }, { "room7", "x", nil }, { "room7", "oom7", nil }, { "", "", "" },
		}) do
			assert.equal(case[3], match(case[1], case[2]), case[2]);
		end
	end);

	it("is counted by its unescaped quantifiers outside of classes", function ()
		for claim, count in pairs({
			["a*b+c-d?"] = 4, ["[*+-?]"] = 0, ["%*%+%-%?"] = 0, ["**"] = 2, ["(*)"] = 1, [""] = 0, ["%a*"] = 1, ["[a]+"] = 1,
		}) do
			assert.equal(count, pattern.parse(claim).quantifiers, claim);
		end
	end);

	it("has at most as many captures as Lua has", function ()
		assert.truthy(pattern.parse(("()"):rep(32)));
		assert.is_nil(pattern.parse(("()"):rep(33)));
	end);

	-- Patterns that keep string.match() busy, within the limits (128 characters, 256 bytes, 3 quantifiers) and far beyond
	-- them. `LUA_PATH="lua/?.lua;;" lua5.4 bench/pattern.lua` prints what they take.
	it("takes time proportional to its length", function ()
		local steps = 0;
		debug.sethook(function () steps = steps + 1; end, "", 1000);
		for _, case in ipairs({
			{ 128, ".-.-.-["..("%d"):rep(120).."a]c" }, { 128, ".*.*["..("%d"):rep(120).."a]*c" },
			{ 128, "(.-)(.-)(.-)"..("[%d%d%d%d%da]"):rep(18).."b" }, { 128, ".-.-.-"..("a"):rep(100).."b" },
			{ 1023, (".-"):rep(127).."b" }, { 1023, ("[^b]*"):rep(50).."b" }, { 1023, (".+"):rep(127).."b" },
			{ 1023, ("a?"):rep(127).."b" },
		}) do
			steps = 0;
			assert.is_nil(match(("a"):rep(case[1]), case[2]));
			assert.is_true(steps < 5 * case[1] * #case[2] / 100, ("%d for %s"):format(steps, case[2])); -- 50 for each place
		end
		debug.sethook();
	end);
end);
