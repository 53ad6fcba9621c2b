-- SPDX-License-Identifier: MIT
-- Contradictions between the options for the life of keys and their fetching.

local token_options = require "token_verifier.plugin.token_options";

local row_of = {};
for _, row in ipairs(token_options.of_keystore) do
	row_of[row.keystore] = row;
end

-- Checks a pair of numbers: the first must not be greater than the second.
local function check_order(options, reader, lesser, greater)
	if options[lesser] > options[greater] then
		local a, b = row_of[lesser], row_of[greater];
		reader.complain("error", { "option-invalid" }, "Option '%s' (%.10g) must not be greater than '%s' (%.10g): %.10g and %.10g are taken",
			a[1], options[lesser], b[1], options[greater], a.default, b.default);
		options[lesser], options[greater] = a.default, b.default;
	end
end

-- Removes from `options` what token_verifier.keystore() would refuse.
local function check(options, reader)
	check_order(options, reader, "min_ttl", "max_ttl");
	check_order(options, reader, "back_off_min", "back_off_max");
	if options.ca_file and options.ca_path then
		reader.complain("error", { "options-exclude-each-other" },
			"Options 'token_key_ca_file' and 'token_key_ca_path' exclude each other: the latter is ignored");
		options.ca_path = nil;
	end
	if (options.client_cert == nil) ~= (options.client_key == nil) then
		reader.complain("error", { "option-invalid" },
			"Options 'token_key_client_cert' and 'token_key_client_key' must both be set: neither is used");
		options.client_cert, options.client_key = nil, nil;
	end
end

return { check = check };
