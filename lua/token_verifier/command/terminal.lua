-- SPDX-License-Identifier: MIT
-- Output and end of subcommands: standard output with checks for errors, one sentence on standard error, colours, JSON.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local json = require "token_verifier.command.json";
local printable = require "token_verifier.plugin.printable".printable;

local colours = { red = "31", green = "32", yellow = "33", blue = "34", bold = "1", dim = "2" };

-- Lua cannot recognize a terminal, but test(1) can, and inherits our descriptors.
local function is_terminal(descriptor)
	return os.execute("test -t "..descriptor) == true;
end

local function wants_colours(when)
	if when ~= "auto" then
		return when == "always";
	end
	return (os.getenv("NO_COLOR") or "") == "" and os.getenv("TERM") ~= "dumb" and is_terminal(1);
end

-- `program` is the prefix of error messages.
local function new(program)
	local terminal = {};
	local coloured = false;
	local mark = tostring(terminal).." "; -- marks a colour; it contains an address, so that it occurs in no other text
	-- The value of error() when a subcommand ends early.
	local ending = {};

	local function complain(text)
		io.stderr:write(program, ": ", printable(text), "\n");
	end

	-- Ends the command with this status.
	function terminal.leave(status)
		error(setmetatable({ status = status }, ending), 0);
	end

	-- Ends the command with one sentence on standard error. Status 2, the default: incorrect use, or a file that cannot be read or
	-- written.
	function terminal.fail(message, status)
		complain(message);
		terminal.leave(status or 2);
	end

	function terminal.warn(message)
		complain("warning: "..message);
	end

	-- A remark on standard error.
	function terminal.note(message)
		complain("note: "..message);
	end

	local function check(ok, problem)
		if not ok then
			terminal.fail("cannot write to standard output: "..tostring(problem));
		end
	end

	function terminal.write(text)
		check(io.stdout:write(text));
	end

	-- Prints one line. Text from file names, tokens or configurations cannot add another line.
	function terminal.line(text)
		terminal.write((printable(text):gsub(mark.."(%d+);", "\27[%1m")).."\n");
	end

	-- Prints several lines.
	function terminal.lines(text)
		for line in text:gsub("\n*$", "\n"):gmatch("(.-)\n") do
			terminal.line(line);
		end
	end

	-- Prints a value as JSON.
	function terminal.print_json(value)
		terminal.lines(json.encode(value));
	end

	-- Returns the text in a colour ("red", "green", "yellow", "blue", "bold", "dim") if colours are wanted: for line() and lines().
	function terminal.colour(name, text)
		return coloured and ("%s%s;%s%s0;"):format(mark, colours[name], text, mark) or text;
	end

	-- Whether standard input (0), output (1) or error (2) is a terminal.
	terminal.is_terminal = is_terminal;

	local named = {}; -- set of the sources that it was said of

	-- Waits for the answer of ask() for a second or two; if it has not come by then, says on a terminal what is waited for.
	local function say_what_is_waited_for(ask)
		local last = is_terminal(2) and os.time() + 1;
		while last do
			local _, _, code, facts = ask();
			local source = code == "key-pending" and facts.url;
			if not source or named[source] then
				return;
			elseif os.time() > last then
				named[source] = true;
				io.stderr:write(("Waiting for %s ...\n"):format(printable(source)));
				return;
			end
			token_verifier.step(0.2);
		end
	end

	-- For main.lua: the options --color and --json.
	function terminal.configure(when, wants_json)
		blocking.before_waiting = say_what_is_waited_for;
		terminal.wants_json = wants_json or false;
		-- Whether what is found is for another program: without a terminal, and without a wish for colours.
		function terminal.prints_json()
			return wants_json or when ~= "always" and not is_terminal(1);
		end
		coloured = not wants_json and wants_colours(when);
	end

	-- For main.lua: the exit status in the value of error(); nil for an unexpected error.
	function terminal.status_of(problem)
		return getmetatable(problem) == ending and problem.status or nil;
	end

	-- For main.lua: reports a bug of this program, with its place, on one line. Returns EX_SOFTWARE of sysexits.h.
	function terminal.bug(problem, trace)
		if problem:find("interrupted!", 1, true) then -- by Ctrl-C: lua(1) raises this on SIGINT
			return 130;
		end
		complain(("this is a bug of the command, please report it: %s (%s)"):format(problem,
			(trace:gsub("stack traceback:", ""):gsub("%s+", " "))));
		return 70;
	end

	-- For main.lua: writes the rest of the output; returns the exit status.
	function terminal.flush(status)
		local ok, problem = io.stdout:flush();
		if not ok and status ~= 2 then
			complain("cannot write to standard output: "..tostring(problem));
			return 2;
		end
		return status;
	end

	return terminal;
end

return { new = new };
