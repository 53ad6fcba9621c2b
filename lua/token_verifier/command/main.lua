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
	"enable", "disable",
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

-- What people type out of habit instead of a subcommand; "help" may have the name of one after it.
local habits = { decode = "inspect", encode = "sign", version = "--version", help = "--help" };

-- What people type instead of an option -> the option that is meant, if the subcommand has it -> what to say.
local other_options = {
	["--secret"] = { ["--secret-file"] = "put the secret into a file, since everybody can list arguments, and give --secret-file FILE" };
	["--exp"] = { ["--expires"] = "give --expires 1h, or --claim exp:=UNIXTIME" };
	["--iss"] = { ["--issuer"] = "give --issuer" };
	["--issuer"] = { ["--iss"] = "give --iss" };
	["--aud"] = { ["--audience"] = "give --audience" };
	["--audience"] = { ["--aud"] = "give --aud" };
	["--algorithm"] = { ["--alg"] = "give --alg" };
	["--subject"] = { ["--sub"] = "give --sub" };
	["--public-key"] = { ["--key"] = "give --key" };
	["--private-key"] = { ["--key"] = "give --key" };
	["--jwks"] = { ["--jwks-url"] = "give --jwks-url" };
};

-- The command line with a habit replaced: by a subcommand, or by an option of the program or of the subcommand that follows.
local function without_habit(arguments)
	local result = table.move(arguments, 1, #arguments, 1, {});
	for i, argument in ipairs(result) do
		local meant = habits[argument];
		if argument:sub(1, 1) ~= "-" and result[i - 1] ~= "--color" then
			if meant == "--help" and result[i + 1] then
				result[i], result[i + 1] = result[i + 1], meant;
			end
			result[i] = habits[result[i]] or result[i];
			break;
		end
	end
	return result;
end

-- What to type instead of an option that the subcommand does not have; nil if that is not known.
local function advice_of(arguments, parser)
	local help = parser:get_help();
	for _, argument in ipairs(arguments) do
		local typed = argument:match("^%-%-[^=]*") or "";
		for option, words in pairs(other_options[typed] or {}) do
			if help:find(option, 1, true) and not help:find(typed:gsub("%-", "%%-").."[^%w-]") then
				return ("unknown option '%s': %s"):format(typed, words);
			end
		end
	end
	return nil;
end

-- Our own help and version, since argparse prints them without checking for write errors.
local function add_help(parser, terminal)
	parser:add_help(false);
	parser:flag("-h --help"):description("Show this help."):action(function ()
		terminal.lines(parser:get_help());
		terminal.leave(0);
	end);
end

-- `before` is the beginning of the arguments' names for options before the subcommand, else "".
local function add_common_options(parser, before)
	parser:flag("--json"):target(before.."json"):description("Print JSON, for scripts.");
	parser:option("--color"):target(before.."color"):argname("<when>"):choices({ "auto", "always", "never" })
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
	add_common_options(root, "before_");
	-- Called by the installed completion.
	root:option("--completion"):argname("<shell>"):choices({ "bash", "zsh", "fish" }):hidden(true)
		:action(function (_, _, shell)
			terminal.write(root["get_"..shell.."_complete"](root));
			terminal.leave(0);
		end);
	local subcommands, parsers = {}, {};
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
		parsers[subcommand.name] = parser;
		add_common_options(parser, "");
	end
	return root, subcommands, parsers;
end

-- The subcommand of a command line, as it was typed; nil if there is none.
local function typed_subcommand(arguments, subcommands)
	for i, argument in ipairs(arguments) do
		if subcommands[argument] then
			return argument;
		elseif argument:sub(1, 1) ~= "-" and arguments[i - 1] ~= "--color" then
			break;
		end
	end
	return nil;
end

-- A subcommand that stands behind something else: an option of its own, put in front of it.
local function later_subcommand(arguments, subcommands)
	for i, argument in ipairs(arguments) do
		if subcommands[argument] and i > 1 then
			return argument;
		end
	end
	return nil;
end

-- The message about a value that an option cannot have, with that option as it was typed.
local function with_option(message, arguments)
	local value = message:match("^'(.-)' is not a ");
	for i, argument in ipairs(value and arguments or {}) do
		local option = argument:match("^(%-%-[^=]+)=(.*)$");
		if option and argument:sub(#option + 2) == value then
			return ("option '%s': %s"):format(option, message);
		elseif argument == value and (arguments[i - 1] or ""):find("^%-%-") then
			return ("option '%s': %s"):format(arguments[i - 1], message);
		end
	end
	return message;
end

local function run(arguments, terminal)
	local parser, subcommands, parsers = new_parser(terminal);
	arguments = without_habit(arguments);
	function parser.error(_, message)
		local typed = typed_subcommand(arguments, subcommands);
		local option = not typed and message:match("^unknown option '(%-%-[^']*)'");
		typed = typed or option and later_subcommand(arguments, subcommands);
		local own = typed and parsers[subcommands[typed].name];
		if option and own and own:get_help():find(option:gsub("%-", "%%-").."[^%w-]") then
			message = ("option '%s' belongs behind '%s'"):format(option, typed);
		else
			message = own and advice_of(arguments, own) or with_option((message:gsub("\n(Did you mean)", ". %1")), arguments);
		end
		terminal.fail(("%s; see '%s%s --help'"):format(message, program, typed and " "..typed or ""));
	end
	local parsed = parser:parse(arguments);
	terminal.configure(parsed.color or parsed.before_color or "auto", parsed.json or parsed.before_json);
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
