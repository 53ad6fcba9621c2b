-- SPDX-License-Identifier: MIT
-- What one match of a room pattern takes at worst, beside string.match().

local pattern = require "token_verifier.plugin.pattern";

local function milliseconds(f, ...)
	local began, runs = os.clock(), 0;
	repeat
		f(...);
		runs = runs + 1;
	until os.clock() - began > 0.2;
	return (os.clock() - began) / runs * 1000;
end

local function match(text, claim)
	return pattern.match(pattern.parse(claim), text);
end

local name = ("a"):rep(128);

print(("%-44s %12s %12s"):format("pattern, for a name of 128 letters", "here", "string.match"));
for _, case in ipairs({
	{ "[a-z]+%-%d+" }, { ".*.*.*b" },
	{ ".-.-.-["..("%d"):rep(120).."a]c", '.-.-.-[, 120 times "%d", a]c' },
	{ ".-.-.-"..("a"):rep(100).."b", '.-.-.-, 100 times "a", b' },
	{ "(.-)(.-)(.-)"..("[%d%d%d%d%da]"):rep(18).."b", '(.-)(.-)(.-), 18 times "[%d%d%d%d%da]", b' },
}) do
	local claim = case[1];
	print(("%-44s %9.3f ms %9.3f ms"):format(case[2] or claim, milliseconds(match, name, claim),
		milliseconds(string.match, name, "^"..claim)));
end
