-- SPDX-License-Identifier: MIT
-- Reads the command line, runs its subcommand, and returns the exit status.
--
-- A subcommand is a file beside this one (its name with "_" for "-"), which returns
--   { name =, summary =, usage =, aliases = { ... }, register = function (parser), run = function (arguments, terminal) }
-- `register` adds options, arguments and examples to the subcommand's own argparse parser. `run` returns the exit status; it
-- prints only through `terminal`, and ends early with terminal.fail(message [, status]).

local argparse = require "argparse";
local token_verifier = require "token_verifier";
local new_terminal = require "token_verifier.command.terminal".new;

-- In the order of the help. A subcommand whose file is not installed is left out.
local names = {
	"verify", "explain", "inspect", "sign", "keygen", "key-name", "publish", "jwks-to-pem", "pem-to-jwks", "check",
};

local program = "token-verifier";

local description = "Verifies, explains and makes JSON Web Tokens for Prosody and Jitsi Meet, and manages their keys.";

local epilog = [[
Exit status:
   0   the token is valid, or the command succeeded
   1   the token is refused, or the command found a problem
   2   the command was used incorrectly, or a file could not be read or written
   3   a source of keys could not be reached, or did not answer with keys

Everybody who can list processes can see the arguments of all of them. Give
tokens as @FILE or - (standard input), and secrets in files.

'token-verifier COMMAND --help' shows examples; 'man token-verifier' says more.]];

local function load_subcommands()
	local list = {};
	for _, name in ipairs(names) do
		local module_name = "token_verifier.command."..name:gsub("-", "_");
		if package.searchpath(module_name, package.path) then
			list[#list + 1] = require(module_name);
		end
	end
	return list;
end

-- Our own help and version, since argparse prints them without checking for write errors.
local function add_help(parser, terminal)
	parser:add_help(false);
	parser:flag("-h --help"):description("Show this help."):action(function ()
		terminal.lines(parser:get_help());
		terminal.leave(0);
	end);
end

local function add_common_options(parser)
	parser:flag("--json"):description("Print JSON, for scripts.");
	parser:option("--color"):argname("<when>"):choices({ "auto", "always", "never" }):default("auto"):show_default(false)
		:description("Use colours: auto (the default: on a terminal, unless NO_COLOR is set), always or never.");
end

local function new_parser(terminal)
	local root = argparse(program, description, epilog);
	root:command_target("command"):require_command(true):help_max_width(80);
	root:help_vertical_space(0):help_description_margin(24);
	add_help(root, terminal);
	root:flag("--version"):description("Show the version."):action(function ()
		terminal.line(program.." "..token_verifier._VERSION);
		terminal.leave(0);
	end);
	-- Called by the installed completion.
	root:option("--completion"):argname("<shell>"):choices({ "bash", "zsh", "fish" }):hidden(true)
		:action(function (_, _, shell)
			terminal.write(root["get_"..shell.."_complete"](root));
			terminal.leave(0);
		end);
	local subcommands = {};
	for _, subcommand in ipairs(load_subcommands()) do
		local aliases = subcommand.aliases or {};
		local parser = root:command(table.concat({ subcommand.name, table.unpack(aliases) }, " "), subcommand.summary..".");
		parser:summary(subcommand.summary):help_max_width(80);
		if subcommand.usage then -- argparse's own usage lists every option
			parser:usage(("Usage: %s %s %s"):format(program, subcommand.name, subcommand.usage));
		end
		for _, alias in ipairs(aliases) do
			subcommands[alias] = subcommand;
		end
		subcommands[subcommand.name] = subcommand;
		add_help(parser, terminal);
		subcommand.register(parser);
		add_common_options(parser);
	end
	return root, subcommands;
end

-- The help to recommend after an error: that of the subcommand if the command line has one.
local function help_hint(arguments, subcommands)
	for _, argument in ipairs(arguments) do
		if subcommands[argument] then
			return ("%s %s --help"):format(program, argument);
		elseif argument:sub(1, 1) ~= "-" then
			break;
		end
	end
	return program.." --help";
end

local function run(arguments, terminal)
	local parser, subcommands = new_parser(terminal);
	function parser.error(_, message)
		terminal.fail(("%s; see '%s'"):format(message:gsub("\n(Did you mean)", ". %1"), help_hint(arguments, subcommands)));
	end
	local parsed = parser:parse(arguments);
	terminal.configure(parsed.color, parsed.json);
	return subcommands[parsed.command].run(parsed, terminal);
end

-- Runs the command line `arguments`; returns the exit status.
local function main(arguments)
	local terminal = new_terminal(program);
	return terminal.flush(select(2, xpcall(run, function (problem)
		return terminal.status_of(problem) or terminal.bug(tostring(problem), debug.traceback("", 2));
	end, arguments, terminal)));
end

return { main = main, new_parser = new_parser };
