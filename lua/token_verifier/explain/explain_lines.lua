-- SPDX-License-Identifier: MIT
-- The lines of an explanation, for a terminal or the shell.

local printable = require "token_verifier.plugin.printable".printable;

local function plain(_, text)
	return text;
end

local colour_of = { ok = "green", WARN = "yellow", FAIL = "red", ["--"] = "dim" };

local function add_finding(list, finding, colour)
	if finding.where == "nowhere" then
		list[#list + 1] = "                 "..colour("dim", "note: ")..printable(finding.cause);
		return;
	end
	list[#list + 1] = "                 "..colour("bold", "why: ")..printable(finding.cause);
	list[#list + 1] = ("                 %s%s"):format(colour("bold", ("fix (%s): "):format(finding.where)), printable(finding.fix));
end

local function verdict(result, paint)
	local function colour(name, text)
		return paint(name, printable(text));
	end
	if result.unjudged then
		return colour("yellow", ("The token was not checked: %s."):format(result.message));
	elseif result.hopeless then
		return colour("red", ("Every token is refused: %s: %s"):format(result.code, result.message));
	elseif result.pasted then
		return colour("red", ("The address as it was pasted is refused: %s The token in it is %s."):format(result.message,
			result.pasted.accepted and "accepted" or "refused, too: "..result.pasted.code));
	elseif not result.accepted then
		return colour("red", ("The token is refused: %s: %s"):format(result.code, result.message));
	elseif result.room and not result.room.accepted then
		return colour("red", ("The token is accepted, but not for this room: %s: %s"):format(result.room.error,
			result.room.reason or "the token is for another room or tenant"));
	end
	return colour("green", "The token is accepted.");
end

local function add_row(list, row, colour)
	list[#list + 1] = ("%s  %-9s  %s"):format(colour(colour_of[row.mark], ("%-4s"):format(row.mark)), row.check, printable(row.text));
	for _, finding in ipairs(row.findings) do
		add_finding(list, finding, colour);
	end
end

-- The lines of some rows, for other reports. `colour(name, text)` returns the text in a colour; without it, no colours are used.
local function of_rows(rows, colour)
	local list = {};
	for _, row in ipairs(rows) do
		add_row(list, row, colour or plain);
	end
	return list;
end

-- The lines of an explanation; `colour` as above.
local function lines(result, colour)
	colour = colour or plain;
	local list = {};
	if result.host then
		list[1] = colour("bold", ("As %s verifies tokens:"):format(printable(result.host)));
		for _, text in ipairs(result.configuration) do
			list[#list + 1] = "      configuration: "..printable(text);
		end
	end
	for _, row in ipairs(result.rows) do
		if row.check == "exp" and not result.proven then
			list[#list + 1] = "      The following claims are not proven, because the signature was not verified:";
		end
		add_row(list, row, colour);
	end
	list[#list + 1] = verdict(result, colour);
	return list;
end

return { lines = lines, of_rows = of_rows };
