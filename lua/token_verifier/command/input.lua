-- SPDX-License-Identifier: MIT
-- Reads tokens, keys, secrets and configurations for subcommands: from an argument, a file or standard input.

local configuration_file = require "token_verifier.explain.configuration_file";
local plain_file = require "token_verifier.plugin.plain_file";
local pasted_text = require "token_verifier.explain.pasted_text";

-- Larger than any valid input: a JWK Set has at most 512 KiB.
local max_length = 1024 * 1024;

local taken_by;

-- Reads a whole file, or standard input for "-". `what` is for error messages: "the token", "the secret".
local function read(name, what, terminal)
	local text, problem;
	if name ~= "-" then
		text, problem = plain_file.read(name, max_length + 1, io.open);
	elseif taken_by then
		terminal.fail(("standard input can only be read once: it was taken for %s already"):format(taken_by));
	else
		taken_by, name = what, "standard input";
		text, problem = io.stdin:read(max_length + 1);
	end
	text = text or not problem and "";
	if not text then
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
		parser:argument("token"):args("?"):description("The token; FILE or @FILE: a file that contains it; - or nothing: standard input."),
		parser:option("--file"):argname("<file>"):description("A file that contains the token.")
	);
end

-- Whether somebody has given a file's name without the @. A token begins with eyJ, and is no such name.
local function is_file(text)
	local file = not text:find("^eyJ") and #text < 4096 and io.open(text);
	if file then
		file:close();
	end
	return file ~= nil and file ~= false;
end

-- The token as it was given, with whatever is around it.
local function read_token(arguments, terminal)
	local token = arguments.token or "-";
	if arguments.file then
		return read(arguments.file, "the token", terminal);
	elseif token:sub(1, 1) == "@" then
		return read(token:sub(2), "the token", terminal);
	elseif token ~= "-" then
		return is_file(token) and read(token, "the token", terminal) or token;
	end
	if terminal.is_terminal(0) then
		io.stderr:write("Paste the token, then Enter and Ctrl-D:\n");
	end
	return read("-", "the token", terminal);
end

-- The token in the text that was given; the finding why a server refuses that text although it contains a token, or nil; and what
-- is added to an error message about a text without one, or "". Says on standard error what was left out, except for blanks around
-- the token, unless `quiet`.
local function find_token(arguments, terminal, quiet)
	local pasted = pasted_text.read(read_token(arguments, terminal));
	for _, finding in ipairs(quiet and {} or pasted.findings) do
		if finding.key ~= "blanks-around" then
			terminal.note(finding.cause);
		end
	end
	return pasted.token, pasted.refused, pasted.named and ". "..pasted.named.cause or "";
end

-- Reads Prosody's configuration; `path` may be nil. Ends the command if it cannot be read.
local function read_configuration(path, terminal)
	local configuration, problem = configuration_file.read(path or configuration_file.default_path);
	if not configuration then
		terminal.fail(("the configuration cannot be read: %s"):format(problem));
	end
	return configuration;
end

return {
	find_token = find_token, add_token = add_token, read_token = read_token, read = read, read_configuration = read_configuration,
	trim = pasted_text.trim,
};
