-- SPDX-License-Identifier: MIT
-- The options for the life of keys and for how they are fetched: names, units, defaults and ranges.

-- { option, what token_verifier.keystore() calls it, unit, default, min, max }. Numbers without a unit count things,
-- and have no fraction; nor have seconds where the last member is "whole".
local numbers = {
	{ "token_key_default_ttl", "default_ttl", "s", 600, 1, 2592000, "whole" },
	{ "token_key_min_ttl", "min_ttl", "s", 60, 1, 2592000, "whole" },
	{ "token_key_max_ttl", "max_ttl", "s", 86400, 1, 2592000, "whole" },
	{ "token_key_negative_ttl", "negative_ttl", "s", 30, 1, 3600, "whole" },
	{ "token_key_negative_size", "negative_size", nil, 1024, 1, 1000000, "whole" },
	{ "token_key_max_stale", "max_stale", "s", 3600, 0, 2592000, "whole" },
	{ "token_key_stale_wait", "stale_wait", "s", 1, 0.01, 60 },
	{ "token_key_penalty", "penalty", "s", 10, 1, 3600, "whole" },
	{ "token_key_back_off_min", "back_off_min", "s", 1, 0.1, 3600 },
	{ "token_key_back_off_max", "back_off_max", "s", 60, 0.1, 3600 },
	{ "token_key_wait_limit", "wait_limit", "s", 6, 0.1, 60 },
	{ "token_key_connect_timeout", "connect_timeout", "s", 2, 0.1, 60 },
	{ "token_key_timeout", "timeout", "s", 5, 0.1, 60 },
	{ "token_key_refresh_ahead", "refresh_ahead", "%", 10, 0, 50, "whole" },
	{ "token_key_max_set_keys", "max_set_keys", nil, 256, 1, 256, "whole" },
	{ "token_key_max_fetches", "max_fetches", nil, 64, 1, 64, "whole" },
	{ "token_key_max_running", "max_running", nil, 16, 1, 64, "whole" },
	{ "token_key_max_queued", "max_queued", nil, 1024, 1, 100000, "whole" },
	{ "token_key_max_per_client", "max_per_client", nil, 8, 1, 100000, "whole" },
	{ "token_min_rsa_bits", "min_rsa_bits", "bits", 2048, 1024, 16384, "whole" },
};

-- { option, what token_verifier.keystore() calls it, kind }. They have no default.
local texts = {
	{ "token_key_ca_file", "ca_file", "path" },
	{ "token_key_ca_path", "ca_path", "path" },
	{ "token_key_proxy", "proxy", "string" },
	{ "token_key_client_cert", "client_cert", "path" },
	{ "token_key_client_key", "client_key", "path" },
	{ "token_key_bearer_token_file", "bearer_token_file", "path" },
};

local default_of, option_of = {}, {};
for _, row in ipairs(numbers) do
	default_of[row[2]], option_of[row[2]] = row[4], row[1];
end
for _, row in ipairs(texts) do
	option_of[row[2]] = row[1];
end

-- A pair of numbers of which the first must not be the greater one.
local function settle_order(options, reader, lesser, greater)
	if options[lesser] > options[greater] then
		reader.log("error", "Option '%s' (%.10g) must not be greater than '%s' (%.10g): %.10g and %.10g are taken",
			option_of[lesser], options[lesser], option_of[greater], options[greater], default_of[lesser],
			default_of[greater]);
		options[lesser], options[greater] = default_of[lesser], default_of[greater];
	end
end

-- What token_verifier.keystore() would refuse.
local function settle_contradictions(options, reader)
	settle_order(options, reader, "min_ttl", "max_ttl");
	settle_order(options, reader, "back_off_min", "back_off_max");
	if options.ca_file and options.ca_path then
		reader.log("error", "Options 'token_key_ca_file' and 'token_key_ca_path' exclude each other: the latter is ignored");
		options.ca_path = nil;
	end
	if (options.client_cert == nil) ~= (options.client_key == nil) then
		reader.log("error", "Options 'token_key_client_cert' and 'token_key_client_key' go together: neither is used");
		options.client_cert, options.client_key = nil, nil;
	end
end

-- Reads them all into the form that token_verifier.keystore() takes.
local function read(reader)
	local options = {};
	for _, row in ipairs(numbers) do
		local option, name, _, default, min, max, whole = table.unpack(row, 1, 7);
		options[name] = reader:number(option, default, min, max, whole);
	end
	for _, row in ipairs(texts) do
		local option, name, kind = table.unpack(row);
		options[name] = reader[kind](reader, option);
	end
	settle_contradictions(options, reader);
	return options;
end

return { numbers = numbers, texts = texts, read = read };
