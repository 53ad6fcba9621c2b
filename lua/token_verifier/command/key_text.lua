-- SPDX-License-Identifier: MIT
-- Keys as subcommands read and describe them.

local token_verifier = require "token_verifier";

local max_kid_length = 1024; -- the limit of the native module

-- A short description of a key.
local function describe(key)
	return key:curve() and ("%s %s"):format(key:type(), key:curve()) or ("%s, %d bits"):format(key:type(), key:bits());
end

-- The public half of the key in a text. `name` is that of the file, for error messages.
local function load(text, name, terminal)
	local key, message, code = token_verifier.key(text);
	if not key then
		terminal.fail(("%s: %s: %s"):format(name, code, message));
	end
	return key;
end

-- Returns the kid if it is valid in a token; else ends the command.
local function check_kid(kid, terminal)
	if kid == "" or #kid > max_kid_length then
		terminal.fail(("a kid has 1 to %d bytes, not %d"):format(max_kid_length, #kid));
	end
	return kid;
end

return { check_kid = check_kid, load = load, describe = describe };
