-- SPDX-License-Identifier: MIT
-- Common problems of a token, its key or the configuration, and how to fix them: data for explanations and for
-- docs/troubleshooting.md.

-- Rows of { key, code, where to change something, cause, fix }. The code is one of token_verifier.codes, or of the log; "ok" for
-- a problem that does not refuse the token. A word in braces is replaced by what was found or is configured.
local of_texts = require "token_verifier.explain.causes_of_texts";
local of_tokens = require "token_verifier.explain.causes_of_tokens";
local of_providers = require "token_verifier.explain.causes_of_providers";
local of_keys = require "token_verifier.explain.causes_of_keys";
local of_key_texts = require "token_verifier.explain.causes_of_key_texts";

local list, by_key = {}, {};
for _, rows in ipairs({ of_texts, of_tokens, of_providers, of_keys, of_key_texts }) do
	for _, row in ipairs(rows) do
		local cause = { key = row[1], code = row[2], where = row[3], cause = row[4], fix = row[5] };
		list[#list + 1], by_key[cause.key] = cause, cause;
	end
end

-- Replaces the words in braces by `values`. A word without a value is shown in capitals: FILE.
local function fill(text, values)
	return (text:gsub("{([a-z]+)}", function (name)
		local value = values and values[name];
		return value ~= nil and tostring(value) or name:upper();
	end));
end

-- A finding for an explanation: a row of the table with the words filled in.
local function find(key, values)
	local cause = assert(by_key[key], key);
	return { key = key, where = cause.where, cause = fill(cause.cause, values), fix = fill(cause.fix, values) };
end

return { list = list, by_key = by_key, find = find };
