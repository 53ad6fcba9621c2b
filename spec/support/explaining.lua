-- SPDX-License-Identifier: MIT
-- Runs the command's explain and check for specs: a configuration and a token in files, the answer as JSON.

require "spec.support.prosody";
local json = require "util.json";
local shell = require "spec.support.command";
local temporary = require "spec.support.temporary";

local M = {};

local folder = temporary.folder();
local requests, answers; -- of the process that runs the command for rows

function M.close()
	if requests then
		requests:close();
		answers:close();
		requests, answers = nil, nil;
	end
end

function M.write_file(name, text)
	shell.write(folder.."/"..name, text);
	return folder.."/"..name;
end

-- Runs bin/token-verifier with a list of arguments. Returns what it printed, and its exit status.
function M.command(arguments)
	local words = {};
	for i, argument in ipairs(arguments) do
		words[i] = shell.quoted(argument);
	end
	local pipe = io.popen("exec bin/token-verifier "..table.concat(words, " ").." 2>&1");
	local output = pipe:read("a");
	local _, _, status = pipe:close();
	return output, status;
end

-- The same in a process that goes on, which costs a tenth. For what asks no servers.
function M.quick_command(arguments)
	if not requests then
		local pipe = folder.."/answers";
		assert(os.execute("mkfifo '"..pipe.."'"));
		-- The shell opens the pipe, so that a program that cannot start ends it instead of leaving us to wait.
		requests = io.popen("exec lua5.4 spec/support/command_loop.lua /dev/fd/3 3>'"..pipe.."'", "w");
		answers = assert(io.open(pipe, "rb"));
	end
	local words = {};
	for i, argument in ipairs(arguments) do
		words[i] = ("%q"):format(argument):gsub("\\\n", "\\n");
	end
	requests:write("{ ", table.concat(words, ", "), " }\n");
	requests:flush();
	local status, length = answers:read("n", "n");
	assert(length, "the program that runs the command has ended");
	answers:read(1);
	return answers:read(length), math.tointeger(status);
end

-- Fails if the output shows the token, its signature or a secret.
local function keeps_secrets(output, token, secrets)
	local signature = token:match("%.([^%.]*)$");
	for _, hidden in ipairs({ #token > 60 and token or nil, signature and #signature > 20 and signature or nil, table.unpack(secrets) }) do
		assert(not output:find(hidden, 1, true), "shown: "..output);
	end
end

-- Explains a text under the arguments. Returns the answer as JSON has it, the exit status, and the rows by their check.
-- `command` is M.command, or M.quick_command.
function M.explain(token, arguments, secrets, command)
	local all = { "explain", "--json", "--file", M.write_file("token", token), table.unpack(arguments) };
	local output, status = (command or M.command)(all);
	keeps_secrets(output, token, secrets or {});
	local answer = assert(json.decode(output), output);
	local rows = {};
	for _, row in ipairs(answer.checks) do
		rows[row.check] = row;
	end
	return answer, status, rows;
end

-- The row as text, for comparison and for what a spec that fails shows.
function M.text_of(row)
	local lines = { ("%s %s: %s"):format(row.mark, row.check, row.text) };
	for _, finding in ipairs(row.findings) do
		lines[#lines + 1] = ("%s (%s): %s -> %s"):format(finding.key, finding.where, finding.cause, finding.fix);
	end
	return table.concat(lines, "\n");
end

-- A configuration with one host that takes tokens, meet.example.org, and these lines in its block.
function M.configuration(lines, more)
	return M.write_file("prosody.cfg.lua", ([[
VirtualHost "meet.example.org"
	authentication = "token"
	app_id = "app"
	asap_accepted_audiences = { "jitsi" }
	muc_mapper_domain_base = "meet.example.org"
%s
Component "conference.meet.example.org" "muc"
	modules_enabled = { "token_verification" }
%s]]):format(lines, more or ""));
end

-- Checks a case: { key of the cause, words of the cause, words of the fix } for the row of `check` with this mark.
function M.finds(rows, check, mark, key, cause, fix)
	local row = assert(rows[check], "there is no row "..check);
	assert(row.mark == mark, M.text_of(row));
	for _, finding in ipairs(row.findings) do
		if finding.key == key then
			assert(finding.cause:find(cause, 1, true), M.text_of(row));
			assert(finding.fix:find(fix, 1, true), M.text_of(row));
			return;
		end
	end
	error(("no %s in: %s"):format(key, M.text_of(row)), 2);
end

return M;
