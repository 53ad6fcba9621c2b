-- SPDX-License-Identifier: MIT
-- Names for files that are there for a spec. They lie below $TMPDIR, unlike those of os.tmpname(), and go with the process at the latest.

local M = {};

local kept = setmetatable({ count = 0 }, { __gc = function (self)
	if self.folder then
		os.execute("rm -rf '"..self.folder.."'");
	end
end });

-- The name of an empty file.
function M.file()
	if not kept.folder then
		local pipe = io.popen("mktemp -d");
		kept.folder = assert(pipe:read("l"));
		pipe:close();
	end
	kept.count = kept.count + 1;
	local name = ("%s/%d"):format(kept.folder, kept.count);
	assert(io.open(name, "w")):close();
	return name;
end

return M;
