-- SPDX-License-Identifier: MIT
-- Keys as subcommands read and describe them.

local token_verifier = require "token_verifier";

local max_kid_length = 1024; -- what the native module takes

-- What a key is, in a few words.
local function describe(key)
	return key:curve() and ("%s %s"):format(key:type(), key:curve()) or ("%s, %d bits"):format(key:type(), key:bits());
end

-- The public half of the key that a text holds. `name` is the file's, for complaints.
local function load(text, name, terminal)
	local key, message, code = token_verifier.key(text);
	if not key then
		terminal.fail(("%s: %s: %s"):format(name, code, message));
	end
	return key;
end

-- A kid that a token can have; ends the command otherwise.
local function check_kid(kid, terminal)
	if kid == "" or #kid > max_kid_length then
		terminal.fail(("a kid has 1 to %d bytes, not %d"):format(max_kid_length, #kid));
	end
	return kid;
end

return { check_kid = check_kid, load = load, describe = describe };
