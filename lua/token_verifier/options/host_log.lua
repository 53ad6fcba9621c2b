-- SPDX-License-Identifier: MIT
-- What there is to say about the configuration of a host: said once, though each plugin on it reads the same options.

local format = require "util.format".format;

-- What was said last: server -> name of the host and what it is about -> texts. A plugin on another host, which is loaded
-- sooner, may read the options of a host that is not there yet.
local said = setmetatable({}, { __mode = "k" });

local notes = {};
notes.__index = notes;

-- As module:log() and the like take it; it is said later.
function notes:add(level, ...)
	self[#self + 1] = { level = level, text = format(...) };
end

-- Says what was not said before; what no longer holds will be said again when it does. Without a host all is said, and
-- nothing remembered. Without `with_errors` these are left out.
function notes:say(host, topic, log, with_errors)
	local by_topic, name = said[_G.prosody] or {}, ("%s %s"):format(host, topic);
	local former, now = host and by_topic[name] or {}, {};
	for _, note in ipairs(self) do
		if with_errors or note.level ~= "error" then
			if not former[note.text] and not now[note.text] then
				log(note.level, "%s", note.text);
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
