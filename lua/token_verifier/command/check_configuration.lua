-- SPDX-License-Identifier: MIT
-- The work of token-verifier check. It needs Prosody's libraries, or the replacements in prosody_libraries.lua.

local configuration = require "token_verifier.command.configuration";
local find = require "token_verifier.explain.causes".find;
local host_view = require "token_verifier.explain.host_view";
local key_findings = require "token_verifier.explain.explain_key";
local list = require "token_verifier.plugin.list";
local json = require "token_verifier.command.json";
local of_rows = require "token_verifier.explain.explain_lines".of_rows;
local parent_of = require "token_verifier.plugin.verified".parent_of;
local quote = require "token_verifier.plugin.report".quote;
local source_report = require "token_verifier.explain.source_report";
local sources = require "token_verifier.plugin.sources";

local mark_of = { error = "FAIL", warn = "WARN", info = "ok" };

local function row(check, mark, text, finding)
	return { check = check, mark = mark, text = text, findings = { finding } };
end

-- Whether a component loads a module. Modules enabled for all hosts do not count: of these, Prosody loads only some of
-- its own for components.
local function loads(file, component, name)
	local section = file.sections[component];
	return list.has(section.modules_enabled, name) and not list.has(section.modules_disabled, name);
end

-- Adds what the options alone do not show: whether the host and its rooms use tokens.
local function add_surroundings(rows, file, host)
	local authentication = file:get(host, "authentication");
	if authentication ~= "token" then
		rows[#rows + 1] = row("log-in", "WARN", ("authentication is %s"):format(authentication and quote(tostring(authentication)) or "not set"),
			find("authentication-takes-no-tokens", { found = authentication and quote(tostring(authentication)) or "not set" }));
	end
	local muc_host = host_view.muc_host_of(file, host);
	if muc_host and not loads(file, muc_host, "token_verification") then
		rows[#rows + 1] = row("rooms", "WARN", ("%s does not load token_verification"):format(muc_host),
			find("rooms-not-verified", { host = muc_host }));
	end
end

-- The finding for a host that cannot verify tokens.
local function why_unusable(settings)
	local problem = settings.secretProblem;
	return problem and key_findings.of_failure("weak-secret", problem.facts) or find("no-key-configured");
end

-- Checks a host. Returns { host, rows }, and the number of sources of keys that could not be reached.
local function check_host(file, host)
	local settings, complaints, usable = configuration.settings_of(file, host);
	local rows, unreachable = {}, 0;
	for _, complaint in ipairs(complaints) do
		rows[#rows + 1] = row("options", mark_of[complaint.level] or "WARN", complaint.text);
	end
	if usable then
		local accepted = list.as_list(settings.signatureAlgorithm);
		for _, source in ipairs(sources.single_sources(settings)) do
			local answer, is_unreachable = source_report.ask(source, settings.keyOptions, accepted);
			rows[#rows + 1], unreachable = answer, unreachable + (is_unreachable and 1 or 0);
		end
	else
		rows[#rows].findings = { why_unusable(settings) };
	end
	add_surroundings(rows, file, host);
	return { host = host, rows = rows }, unreachable;
end

-- Rows for options of a VirtualHost that were written after the line of a Component. Options for signing tokens belong to a
-- component, so they are not reported.
local function misplaced(file)
	local rows = {};
	for host, section in pairs(file.sections) do
		for _, name in ipairs(section.component_module and { "app_id", "app_secret", "app_secret_file", "token_verification_hosts" } or {}) do
			if section[name] ~= nil then
				rows[#rows + 1] = row("file", "WARN", ("%s is set for %s"):format(name, host),
					find("options-misplaced", { found = name, host = host }));
			end
		end
	end
	table.sort(rows, function (a, b) return a.text < b.text; end);
	return rows;
end

-- Rows for components that require tokens which no host can verify.
local function unguarded(file)
	local rows = {};
	for _, host in ipairs(file:hosts("muc")) do
		local named = file:get(host, "token_verification_host");
		local judge = named == nil and parent_of(host) or type(named) == "table" and "" or tostring(named):lower();
		if loads(file, host, "token_verification") and not (judge ~= "*" and file.sections[judge] and file:get(judge, "app_id") ~= nil) then
			rows[#rows + 1] = row("rooms", "FAIL", ("no token opens a room of %s"):format(host),
				find("rooms-without-judge", { host = host, found = quote(judge) }));
		end
	end
	return rows;
end

local function hosts_to_check(arguments, file, terminal)
	if #arguments.hosts == 0 then
		return host_view.token_hosts(file);
	end
	for i, host in ipairs(arguments.hosts) do
		arguments.hosts[i] = configuration.find_host(file, host, terminal);
	end
	return arguments.hosts;
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
	local file = configuration.read(arguments.config, terminal);
	local reports, unreachable = { { rows = misplaced(file) } }, 0;
	for _, note in ipairs(file.notes) do
		table.insert(reports[1].rows, row("file", "WARN", note));
	end
	for _, one in ipairs(unguarded(file)) do
		table.insert(reports[1].rows, one);
	end
	local hosts = hosts_to_check(arguments, file, terminal);
	if #hosts == 0 then
		table.insert(reports[1].rows, row("file", "FAIL", "no host takes tokens", find("no-token-host")));
	end
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
