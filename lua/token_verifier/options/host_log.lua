-- SPDX-License-Identifier: MIT
-- Collects complaints about the configuration of a host, and logs each only once, although each plugin on the host reads the same
-- options.
--
-- A complaint is made by complain(level, cause, text, ...): `level`, `text` and the values as module:log() takes them; `cause` is
-- { the key of a row of explain/causes, values of its words }, or nil if there is nothing to fix.

local format = require "util.format".format;

-- The last messages: server -> name of the host and topic -> set of texts. The host is a name, since a plugin on another host may
-- read the options of a host that is not activated yet.
local said = setmetatable({}, { __mode = "k" });

local notes = {};
notes.__index = notes;

-- Takes a complaint, which is passed on later, by say().
function notes:add(level, cause, ...)
	self[#self + 1] = { level = level, cause = cause, text = format(...) };
end

-- Passes on, to `complain`, the complaints that were not passed on before. One that is missing this time is passed on again when it
-- returns. Without a host, all are passed on, and none is remembered. Without `with_errors`, errors are left out.
function notes:say(host, topic, complain, with_errors)
	local by_topic, name = said[_G.prosody] or {}, ("%s %s"):format(host, topic);
	local former, now = host and by_topic[name] or {}, {};
	for _, note in ipairs(self) do
		if with_errors or note.level ~= "error" then
			if not former[note.text] and not now[note.text] then
				complain(note.level, note.cause, "%s", note.text);
			end
			now[note.text] = true;
		end
	end
	if host then
		by_topic[name] = now;
		said[_G.prosody] = by_topic;
	end
end

local function new()
	return setmetatable({}, notes);
end

-- Returns a function for complaints that only logs them.
local function logged_by(log)
	return function (level, _, ...)
		log(level, ...);
	end;
end

return { new = new, logged_by = logged_by };
