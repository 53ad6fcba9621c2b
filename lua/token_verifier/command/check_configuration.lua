-- SPDX-License-Identifier: MIT
-- The work of token-verifier check. It needs Prosody's libraries, or the replacements in prosody_libraries.lua.

local check_rooms = require "token_verifier.command.check_rooms";
local check_values = require "token_verifier.command.check_values";
local configuration = require "token_verifier.command.configuration";
local find = require "token_verifier.explain.causes".find;
local hosts_of = require "token_verifier.explain.hosts";
local key_findings = require "token_verifier.explain.explain_key";
local list = require "token_verifier.plugin.list";
local input = require "token_verifier.command.input";
local json = require "token_verifier.command.json";
local of_rows = require "token_verifier.explain.explain_lines".of_rows;
local quote = require "token_verifier.plugin.report".quote;
local source_report = require "token_verifier.explain.source_report";
local sources = require "token_verifier.plugin.sources";
local well_known_secrets = require "token_verifier.explain.explain_signature".well_known;

local mark_of = { error = "FAIL", warn = "WARN" };

local function row(check, mark, text, finding)
	return { check = check, mark = mark, text = text, findings = { finding } };
end

-- The finding for a host that cannot verify tokens. `misspelt` is about a misspelt option that names a key, or nil.
local function why_unusable(settings, misspelt)
	local problem = settings.secretProblem;
	return problem and key_findings.of_failure("weak-secret", problem.facts) or misspelt or find("no-key-configured");
end

local is_key = {};
for _, option in ipairs(hosts_of.key_options) do
	is_key[option] = true;
end

-- The finding for a complaint; nil if there is nothing to fix.
local function finding_of(complaint)
	return complaint.cause and find(complaint.cause[1], complaint.cause);
end

local function is_about(complaint, key)
	return complaint.cause ~= nil and complaint.cause[1] == key;
end

-- The complaint about a misspelt option that names a key; or nil.
local function misspelt_key(complaints)
	for _, complaint in ipairs(complaints) do
		if is_about(complaint, "option-misspelt") and is_key[complaint.cause.expected] then
			return complaint;
		end
	end
	return nil;
end

-- The row for a complaint about a secret that cannot be used, or a host without a key. A secret that
-- is not used is no failure beside a source of keys. `misspelt` as above.
local function of_missing_key(complaint, file, host, settings, misspelt)
	if sources.is_configured(settings) then
		local option = file:get(host, "app_secret_file") ~= nil and "app_secret_file" or "app_secret";
		return row("options", "WARN", complaint.text, find("option-to-remove", { option = option }));
	end
	return row("options", "FAIL", complaint.text, why_unusable(settings, misspelt));
end

-- The row for another complaint about the options.
local function of_complaint(complaint)
	local finding = finding_of(complaint);
	return row("options", finding and mark_of[complaint.level] or "ok", complaint.text, finding);
end

-- Adds a row for each source of keys. Returns how many could not be reached.
local function ask_sources(rows, settings)
	local accepted, unreachable = list.as_list(settings.signatureAlgorithm), 0;
	for _, source in ipairs(sources.single_sources(settings)) do
		local answer, is_unreachable = source_report.ask(source, settings.keyOptions, accepted, { settings.appId });
		rows[#rows + 1], unreachable = answer, unreachable + (is_unreachable and 1 or 0);
	end
	return unreachable;
end

-- The row about a host that was asked for by its name and takes no tokens.
local function of_other_host(file, host)
	local token_hosts, authentication = hosts_of.token_hosts(file), file:get(host, "authentication");
	return row("file", "WARN", ("%s has no app_id"):format(host), find("host-without-tokens", {
		host = host, authentication = authentication and (" (authentication = %q)"):format(tostring(authentication)) or "",
		hosts = #token_hosts > 0 and table.concat(token_hosts, " or ") or "a host that does",
	}));
end

-- Checks a host. Returns { host, rows }, and the number of sources of keys that could not be reached.
local function check_host(file, host)
	if file:get(host, "app_id") == nil then
		return { host = host, rows = { of_other_host(file, host) } }, 0;
	end
	local settings, complaints, usable = configuration.settings_of(file, host);
	local rows, unreachable = {}, 0;
	local misspelt = not usable and misspelt_key(complaints) or nil;
	local left_overs = check_values.add_left_over_sources(rows, file, host);
	for _, complaint in ipairs(complaints) do
		if is_about(complaint, "no-key-configured") then
			rows[#rows + 1] = of_missing_key(complaint, file, host, settings, misspelt and finding_of(misspelt));
		elseif complaint ~= misspelt and not (left_overs and is_about(complaint, "no-source")) then -- a left-over has a row already
			rows[#rows + 1] = of_complaint(complaint);
		end
	end
	if usable and not left_overs then
		unreachable = ask_sources(rows, settings);
		check_values.add_issuers(rows, file, host, settings);
	end
	if usable and not settings.appSecret and not sources.is_configured(settings) and #hosts_of.guarded_by(file, host) > 0 then
		rows[#rows + 1] = row("keys", "WARN", "there is no key: guests are let in, and tokens are refused", find("guests-only"));
	end
	if list.has(well_known_secrets, settings.appSecret) then
		rows[#rows + 1] = row("options", "WARN", "everybody knows the shared secret",
			find("secret-of-a-manual", { found = quote(settings.appSecret) }));
	end
	check_values.add_names(rows, file, host);
	check_rooms.add(rows, file, host, settings);
	return { host = host, rows = rows }, unreachable;
end

-- Rows for options of a VirtualHost that were written after the line of a Component. Options for signing tokens belong to a
-- component, so they are not reported. `is_missing`: without them, no host takes tokens.
local function misplaced(file, is_missing)
	local rows = {};
	for host, section in pairs(file.sections) do
		for _, name in ipairs(section.component_module and { "app_id", "app_secret", "app_secret_file", "authentication",
			"token_verification_hosts" } or {}) do
			if section[name] ~= nil then
				rows[#rows + 1] = row("file", is_missing and name == "app_id" and "FAIL" or "WARN", ("%s is set for %s"):format(name, host),
					find("options-misplaced", { found = name, host = host }));
			end
		end
	end
	table.sort(rows, function (a, b) return a.text < b.text; end);
	return rows;
end

local token_names = { "app_id", "asap_accepted_issuers", "asap_accepted_audiences", table.unpack(hosts_of.key_options) };

-- Whether something in a block is meant for tokens.
local function is_about_tokens(file, host, section)
	for _, name in ipairs(token_names) do
		if section[name] ~= nil then
			return true;
		end
	end
	return section.authentication == "token" or section.component_module == "muc" and file:loads(host, "token_verification");
end

-- The row about a configuration where no host takes tokens; nil if it has app_id for Jitsi's log-in with Matrix, and nothing else
-- is meant for tokens.
local function without_token_host(file)
	local is_meant, is_matrix = false, false;
	for host, section in pairs(file.sections) do
		if section.authentication == "matrix_user_verification" then
			is_matrix = true;
		else
			is_meant = is_meant or is_about_tokens(file, host, section);
		end
	end
	if is_matrix and not is_meant then
		return nil;
	end
	return row("file", is_meant and "FAIL" or "WARN", "no host takes tokens", find("no-token-host"));
end

local function count_of(reports, mark)
	local found = 0;
	for _, report in ipairs(reports) do
		for _, one in ipairs(report.rows) do
			found = found + (one.mark == mark and 1 or 0);
		end
	end
	return found;
end

-- Rows about the configuration as a whole; `token_hosts` are its hosts that take tokens.
local function of_file(file, token_hosts)
	local rows = misplaced(file, #token_hosts == 0);
	for _, note in ipairs(file.notes) do
		table.insert(rows, row("file", "WARN", note.text, finding_of(note)));
	end
	local of_log_ins, without_app_id = check_rooms.without_app_id(file);
	for _, more in ipairs({ check_rooms.not_lists(file), of_log_ins, check_rooms.unjudged(file, without_app_id) }) do
		table.move(more, 1, #more, #rows + 1, rows);
	end
	if #token_hosts == 0 and count_of({ { rows = rows } }, "FAIL") == 0 then
		table.insert(rows, without_token_host(file));
	end
	return rows;
end

local function named_hosts(arguments, file, terminal)
	for i, host in ipairs(arguments.hosts) do
		arguments.hosts[i] = configuration.find_host(file, host, terminal);
	end
	return arguments.hosts;
end

local function verdict(terminal, failures, warnings)
	if failures > 0 then
		return terminal.colour("red", failures == 1 and "One thing is wrong." or ("%d things are wrong."):format(failures));
	elseif warnings > 0 then
		return terminal.colour("yellow", ("Nothing is wrong, but there %s."):format(
			warnings == 1 and "is a warning" or ("are %d warnings"):format(warnings)));
	end
	return terminal.colour("green", "Nothing is wrong.");
end

local function print_reports(terminal, file, reports, failures)
	terminal.line(terminal.colour("bold", file.path..":"));
	for _, report in ipairs(reports) do
		if report.host then
			terminal.line(terminal.colour("bold", report.host..":"));
		end
		if #report.rows > 0 then
			terminal.lines(table.concat(of_rows(report.rows, terminal.colour), "\n"));
		end
	end
	terminal.line(verdict(terminal, failures, count_of(reports, "WARN")));
end

local function print_json(terminal, file, reports, failures)
	local hosts = json.list({});
	for _, report in ipairs(reports) do
		for _, one in ipairs(report.rows) do
			json.list(one.findings);
		end
		hosts[#hosts + 1] = { host = report.host, checks = json.list(report.rows) };
	end
	terminal.print_json({ configuration = file.path, files = json.list(file.files), hosts = hosts, failures = failures });
end

local function run(arguments, terminal)
	local file = input.read_configuration(arguments.config, terminal);
	local token_hosts = hosts_of.token_hosts(file);
	local reports, unreachable = { { rows = of_file(file, token_hosts) } }, 0;
	local hosts = #arguments.hosts == 0 and token_hosts or named_hosts(arguments, file, terminal);
	for _, host in ipairs(hosts) do
		local report, missed = check_host(file, host);
		reports[#reports + 1], unreachable = report, unreachable + missed;
	end
	local failures = count_of(reports, "FAIL");
	if terminal.wants_json then
		print_json(terminal, file, reports, failures);
	else
		print_reports(terminal, file, reports, failures);
	end
	return failures > unreachable and 1 or failures > 0 and 3 or 0;
end

return { run = run };
