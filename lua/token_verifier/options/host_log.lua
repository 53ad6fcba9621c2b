-- SPDX-License-Identifier: MIT
-- Logs messages about the configuration of a host only once, although each plugin on the host reads the same options.

local format = require "util.format".format;

-- The last messages: server -> name of the host and topic -> set of texts. The host is a name, since a plugin on another host may
-- read the options of a host that is not activated yet.
local said = setmetatable({}, { __mode = "k" });

local notes = {};
notes.__index = notes;

-- Takes the arguments of module:log(); the message is logged later, by say().
function notes:add(level, ...)
	self[#self + 1] = { level = level, text = format(...), arguments = table.pack(...) };
end

-- Logs the messages that were not logged before. A message that is missing this time is logged again when it returns. Without a
-- host, all messages are logged, with the arguments that add() got, and none is remembered. Without `with_errors`, errors are left out.
function notes:say(host, topic, log, with_errors)
	local by_topic, name = said[_G.prosody] or {}, ("%s %s"):format(host, topic);
	local former, now = host and by_topic[name] or {}, {};
	for _, note in ipairs(self) do
		if with_errors or note.level ~= "error" then
			if not former[note.text] and not now[note.text] then
				if host then
					log(note.level, "%s", note.text);
				else
					log(note.level, table.unpack(note.arguments, 1, note.arguments.n));
				end
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

return { new = new };
