-- SPDX-License-Identifier: MIT
-- Questions about the table of algorithms.

local rows = require "token_verifier".algorithms;

-- Whether the algorithm with this name uses a shared secret; false for an unknown name.
local function is_symmetric(name)
	return rows[name] ~= nil and rows[name].symmetric == true;
end

-- The curves of their keys, in the order of the algorithms.
local function curves()
	local list = {};
	for _, row in pairs(rows) do
		list[#list + 1] = row.curve and row;
	end
	table.sort(list, function (a, b) return a.order < b.order; end);
	for i, row in ipairs(list) do
		list[i] = row.curve;
	end
	return list;
end

return { is_symmetric = is_symmetric, curves = curves };
