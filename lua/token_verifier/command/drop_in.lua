-- SPDX-License-Identifier: MIT
-- Puts the folders of our plugins into the option plugin_paths of a Prosody configuration, and takes them out again: what the
-- subcommands enable and disable have in common.

local configuration_file = require "token_verifier.explain.configuration_file";
local files = require "token_verifier.command.files";
local is_folder = require "token_verifier.plugin.plain_file".is_folder;
local plugin_paths = require "token_verifier.command.plugin_paths";
local read_configuration = require "token_verifier.command.input".read_configuration;
local read_file = require "token_verifier.plugin.plain_file".read;

local option = "*/plugin_paths";

local own;

-- The folder in which `dropin` and `modules` are: installed, beside the Lua modules; in a checkout, lua/.
local function own_folder()
	if own then
		return own;
	end
	local lua = files.real(files.absolute(debug.getinfo(1, "S").source:sub(2))):match("^(.*/)token_verifier/command/[^/]*$");
	local installed = lua.."token_verifier/plugins/";
	own = is_folder(installed) and installed or lua;
	return own;
end

-- The name of our folder that a path leads to, whatever the prefix: "dropin", "modules"; or nil.
local function name_of(path)
	path = path:gsub("/+$", "");
	for _, name in ipairs({ "dropin", "modules" }) do
		if path == own_folder()..name or path:find("/token_verifier/plugins/"..name.."$") then
			return name;
		end
	end
	return nil;
end

local function is_ours(path)
	return name_of(path) ~= nil;
end

-- The folders of the option, as Prosody needs them.
local function folders_of(configuration, terminal)
	local value = configuration:get("*", "plugin_paths");
	local place = configuration.places[option];
	if place and type(value) ~= "table" then
		terminal.fail(("%s:%d: plugin_paths is a %s, and Prosody needs a list: write plugin_paths = { \"FOLDER\" }"):format(
			place.path, place.line, type(value)));
	end
	for host, section in pairs(configuration.sections) do
		if host ~= "*" and section.plugin_paths ~= nil then
			terminal.note(("plugin_paths of %s has no effect: Prosody reads the global option alone"):format(host));
		end
	end
	local folders = {};
	for i, folder in ipairs(value or {}) do
		folders[i] = tostring(folder);
	end
	return folders;
end

local function same(list, other)
	return table.concat(list, "\n") == table.concat(other, "\n");
end

-- The folders without ours.
local function others(folders)
	local list = {};
	for _, folder in ipairs(folders) do
		list[#list + 1] = not is_ours(folder) and folder or nil;
	end
	return list;
end

local function by_hand(place, wanted, terminal)
	terminal.fail(("%s:%d: plugin_paths is set in a way that this command cannot change; change it by hand, so that it is { %s }"):format(
		place.path, place.line, table.concat(wanted, ", ")));
end

-- The changed text of the file that sets the option. `added` are folders of ours, in front.
local function change(text, place, added)
	if not place then
		return plugin_paths.add_option(text, added);
	end
	local number = plugin_paths.find(text, place.line);
	local changed = number and plugin_paths.remove(text, number, is_ours);
	return changed and #added > 0 and plugin_paths.add(changed, number, added) or changed;
end

-- The lines of a text, as they are printed.
local function lines_of(text)
	local lines = {};
	for line in text:gsub("\n$", ""):gmatch("([^\n]*)") do
		lines[#lines + 1] = line:gsub("\t", "    "):gsub("\r$", "");
	end
	return lines;
end

-- Prints the lines in which two texts differ, like diff -U0: lines around them may have secrets.
local function print_difference(path, old, new, terminal)
	local old_lines, new_lines = lines_of(old), lines_of(new);
	local before, after = 0, 0;
	local least = math.min(#old_lines, #new_lines);
	while before < least and old_lines[before + 1] == new_lines[before + 1] do
		before = before + 1;
	end
	while after < least - before and old_lines[#old_lines - after] == new_lines[#new_lines - after] do
		after = after + 1;
	end
	terminal.line(("--- %s"):format(path));
	terminal.line(("+++ %s"):format(path));
	local removed, added = #old_lines - before - after, #new_lines - before - after;
	terminal.line(("@@ -%d,%d +%d,%d @@"):format(removed > 0 and before + 1 or before, removed, added > 0 and before + 1 or before, added));
	for i = before + 1, #old_lines - after do
		terminal.line(terminal.colour("red", "-"..old_lines[i]));
	end
	for i = before + 1, #new_lines - after do
		terminal.line(terminal.colour("green", "+"..new_lines[i]));
	end
end

-- The name of a copy of `path`. Prosody's Include leaves out names that begin with a dot, whatever its pattern.
local function backup_name(path, number)
	local folder, name = path:match("^(.*/)([^/]*)$");
	return ("%s.%s.before-token-verifier%s"):format(folder, name, number > 1 and "."..number or "");
end

-- The backup with this text, or nil; and the first name that is free.
local function find_backup(path, text)
	for number = 1, 1000 do
		local name = backup_name(path, number);
		if not files.exists(name) then
			return nil, name;
		elseif read_file(name, "a") == text then
			return name;
		end
	end
	error("a thousand backups of "..path);
end

-- Writes the new text, with a backup of the old one, unless that one comes from another backup, which is removed then. Returns the
-- name of the backup, or nil.
local function write(path, old, new, terminal)
	local obsolete = find_backup(path, new);
	local backup, free = find_backup(path, old);
	local made;
	if not obsolete and not backup then
		local ok, problem = files.copy(path, free);
		if not ok then
			terminal.fail(problem.."; nothing was changed");
		end
		made, backup = free, free;
	end
	local ok, problem = files.replace(path, old, new);
	if not ok then
		os.remove(made or "");
		terminal.fail(problem.."; nothing was changed");
	end
	if obsolete then
		os.remove(obsolete);
	end
	return not obsolete and backup or nil;
end

local function finish(result, arguments, terminal)
	if terminal.wants_json then
		terminal.print_json(result);
	elseif not result.changed then
		terminal.line(("Nothing to do: plugin_paths is { %s }."):format(table.concat(result.plugin_paths, ", ")));
	elseif arguments.dry_run then
		terminal.line("Nothing was written.");
	else
		if result.backup then
			terminal.line("The file as it was: "..result.backup);
		end
		terminal.line("Now restart Prosody: it reads plugin_paths only at start.");
	end
	return 0;
end

-- Runs a subcommand. `choose` gets the list of folders and returns those of ours that shall be in front.
local function run(arguments, terminal, choose)
	local main_path = arguments.config or configuration_file.default_path;
	local configuration = read_configuration(main_path, terminal);
	local place = configuration.places[option];
	local folders = folders_of(configuration, terminal);
	local added = choose(folders);
	local rest = others(folders);
	local wanted = table.move(rest, 1, #rest, #added + 1, table.move(added, 1, #added, 1, {}));
	local name = place and place.path or main_path;
	local path = files.real(files.absolute(name));
	local result = { file = path, changed = not same(folders, wanted), plugin_paths = wanted };
	if not result.changed then
		return finish(result, arguments, terminal);
	end
	local old = read_file(path, "a") or "";
	local new = change(old, place, added);
	if not new then
		by_hand(place, wanted, terminal);
	end
	-- Prosody's reading of the new text decides, before it is written.
	local changed = configuration_file.read(main_path, { [name] = new });
	local value = changed and changed:get("*", "plugin_paths") or {};
	if not changed or type(value) ~= "table" or not same(value, wanted) then
		by_hand(place or { path = main_path, line = 1 }, wanted, terminal);
	end
	if not terminal.wants_json then
		print_difference(path, old, new, terminal);
	end
	if not arguments.dry_run then
		result.backup = write(path, old, new, terminal);
	end
	return finish(result, arguments, terminal);
end

-- Adds the options that both subcommands have.
local function add_options(parser)
	parser:option("--config"):argname("<file>"):description("The configuration; default "..configuration_file.default_path..".");
	parser:flag("--dry-run"):description("Show the change, and write nothing.");
end

return { run = run, add_options = add_options, own_folder = own_folder, name_of = name_of };
