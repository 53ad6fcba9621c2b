-- SPDX-License-Identifier: MIT
-- Where subcommands take tokens, keys and secrets from: an argument, a file or standard input.

-- Longer than anything that is read whole: a JWK Set is at most 512 KiB.
local max_length = 1024 * 1024;

local taken_by;

-- The whole of a file, or of standard input for "-". `what` is for complaints: "the token", "the secret".
local function read(name, what, terminal)
	if name == "-" then
		if taken_by then
			terminal.fail(("standard input can only be read once: it was taken for %s already"):format(taken_by));
		end
		taken_by = what;
		name = "standard input";
	end
	local file, problem = io.stdin, nil;
	if name ~= "standard input" then
		file, problem = io.open(name, "rb");
	end
	local text;
	if file then
		text, problem = file:read(max_length + 1);
		if not text and not problem then
			text = "";
		end
	end
	if file and file ~= io.stdin then
		file:close();
	end
	if not text then
		-- io.open() has the name in front, read() has not.
		problem = tostring(problem):gsub("^"..name:gsub("%W", "%%%0")..": ", "");
		terminal.fail(("cannot read %s from %s: %s"):format(what, name, problem));
	elseif #text > max_length then
		terminal.fail(("%s in %s is longer than 1 MiB"):format(what, name));
	end
	return text;
end

-- Adds the argument TOKEN and the option --file to a subcommand.
local function add_token(parser)
	parser:mutex(
		parser:argument("token"):args("?"):description("The token; @FILE: a file that holds it; - or nothing: standard input."),
		parser:option("--file"):argname("<file>"):description("A file that holds the token.")
	);
end

-- The token as it was given, with whatever is around it. To be judged, it is trimmed.
local function read_token(arguments, terminal)
	local token = arguments.token or "-";
	if arguments.file then
		return read(arguments.file, "the token", terminal);
	elseif token:sub(1, 1) == "@" then
		return read(token:sub(2), "the token", terminal);
	elseif token ~= "-" then
		return token;
	end
	if terminal.is_terminal(0) then
		io.stderr:write("Paste the token, then Enter and Ctrl-D:\n");
	end
	return read("-", "the token", terminal);
end

-- Without the line breaks and blanks that a file or a paste has around a token.
local function trim(text)
	local first = text:find("%S"); -- one pattern for all takes quadratic time for blanks by the megabyte
	return first and text:sub(first, -1 - #text:reverse():match("^%s*")) or "";
end

return { add_token = add_token, read_token = read_token, read = read, trim = trim };
