-- SPDX-License-Identifier: MIT
-- The options with the shared secret. An unusable value counts as unset, and is never used.

local token_verifier = require "token_verifier";
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;
local as_list = require "token_verifier.plugin.list".as_list;
local plain_file = require "token_verifier.plugin.plain_file";

local max_size = 65536; -- the limit of the native module

-- The content of a file, without the line end that editors add; or nil and what is wrong.
local function read_file(path)
	local text, problem = plain_file.read(path, max_size + 3); -- enough to see that it is too long
	if not text then
		return nil, problem or "it is empty";
	end
	return (text:gsub("\r?\n$", ""));
end

-- Returns the secret as it is written, nil, and the option's name; or nil and, if a secret was intended, what is wrong, the
-- option's name and the facts.
local function find(reader)
	local value = reader:raw("app_secret");
	if reader:raw("app_secret_file") == nil then
		if value ~= nil and type(value) ~= "string" and type(value) ~= "number" then
			return nil, ("option 'app_secret' must be a string, not a %s"):format(type(value));
		end
		if type(value) == "number" then
			reader.complain("warn", { "secret-not-quoted" },
				"Option 'app_secret' is a number: put it in quotes, since Lua changes long numbers and a 0 at the start");
		end
		return value and tostring(value), nil, "app_secret"; -- a number like in Prosody's get_option_string()
	elseif value ~= nil then
		reader.complain("error", { "options-exclude-each-other" },
			"Options 'app_secret' and 'app_secret_file' exclude each other: the file is used");
	end
	local name = reader:value("app_secret_file", "string");
	if not name then
		return nil, "option 'app_secret_file' must be a path";
	end
	local text, problem = read_file(reader.context:get_option_path("app_secret_file", nil, "config"));
	return text, text == nil and ("option 'app_secret_file' names a file that cannot be read: %s"):format(problem),
		"app_secret_file", { reason = "unreadable" };
end

-- The algorithm that the secret must be long enough for. A default is needed: without an accepted HS* algorithm now, the secret may
-- still be used later.
local function algorithms_of(settings)
	local names = {};
	for _, name in ipairs(as_list(settings.signatureAlgorithm)) do
		names[#names + 1] = is_symmetric(name) and name or nil;
	end
	return #names > 0 and names or { "HS256" };
end

-- Returns the secret, nil and perhaps a warning; or nil and, if a secret was intended, what is wrong: { message, facts }.
local function read(reader, settings)
	local secret, problem, name, facts = find(reader);
	if not secret then
		return nil, problem and { message = problem, facts = facts or {} };
	end
	local usable, message, _, found = token_verifier.new({
		secret = secret, algorithms = algorithms_of(settings), strict_secrets = settings.strictSecrets, detail = true,
	});
	if not usable then
		return nil, { message = ("option '%s' is not used: %s"):format(name, message), facts = found };
	end
	return secret, nil, message;
end

return { read = read };
