-- SPDX-License-Identifier: MIT
-- Names for files and folders that are there for a spec. They lie below $TMPDIR, unlike those of os.tmpname(), and go with the
-- process at the latest.

local M = {};

local kept = setmetatable({ count = 0 }, { __gc = function (self)
	if self.folder then
		os.execute("rm -rf '"..self.folder.."'");
	end
end });

local function new_name()
	if not kept.folder then
		local pipe = io.popen("mktemp -d");
		kept.folder = assert(pipe:read("l"));
		pipe:close();
	end
	kept.count = kept.count + 1;
	return ("%s/%d"):format(kept.folder, kept.count);
end

-- The name of a file with this text, or an empty one.
function M.file(text)
	local name = new_name();
	local file <close> = assert(io.open(name, "wb"));
	file:write(text or "");
	return name;
end

-- The name of an empty folder.
function M.folder()
	local name = new_name();
	assert(os.execute("mkdir '"..name.."'"));
	return name;
end

return M;
