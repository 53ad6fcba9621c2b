-- SPDX-License-Identifier: MIT
-- Lists of names, as options have them.

-- Whether a value is in a list, which may have holes; anything but a table holds nothing.
local function has(list, value)
	for _, item in pairs(type(list) == "table" and list or {}) do
		if item == value then
			return true;
		end
	end
	return false;
end

return { has = has };
