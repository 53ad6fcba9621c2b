-- SPDX-License-Identifier: MIT
-- The options that say how a token is verified. An invalid value is not corrected by guessing: then no token is accepted.

local token_verifier = require "token_verifier";
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;

-- The accepted algorithms. An empty list accepts none.
local function read_algorithms(reader, has_key_source)
	local value = reader:raw("signature_algorithm");
	if value == nil then
		return has_key_source and "RS256" or "HS256";
	end
	local list = reader:value("signature_algorithm", "list");
	local hmac = 0;
	for _, name in ipairs(list) do
		if not token_verifier.algorithms[name] then
			reader.complain("error", { "option-invalid" },
				"Option 'signature_algorithm' names the unknown algorithm %q: no token is accepted", name);
			return {};
		end
		hmac = hmac + (is_symmetric(name) and 1 or 0);
	end
	if hmac > 0 and hmac < #list then
		reader.complain("error", { "option-invalid" }, "Option 'signature_algorithm' mixes HS* with others, "
			.."which would let a public key pass for a secret: no token is accepted");
		return {};
	elseif #list > 0 and (hmac > 0) == has_key_source then
		reader.complain("error", { "algorithm-fits-no-key" }, "Option 'signature_algorithm' fits no configured key (%s): "
			.."no token is accepted, unless another plugin brings its key",
			has_key_source and "public keys cannot check HS*" or "app_secret needs HS*");
	end
	return type(value) == "string" and value or list;
end

local function is_list_of_strings(value)
	local count = 0;
	for position, entry in pairs(value) do
		if math.type(position) ~= "integer" or type(entry) ~= "string" then
			return false;
		end
		count = count + 1;
	end
	return count == #value;
end

local function read_required_claims(reader)
	local value = reader:raw("token_required_claims");
	if value == nil or type(value) == "string" then
		return { value };
	elseif type(value) ~= "table" or not is_list_of_strings(value) then
		reader.complain("error", { "option-invalid" }, "Option 'token_required_claims' must be a list of strings: no token is accepted");
		return { false }; -- token_verifier.new() refuses this value
	end
	return value;
end

-- Reads the options that have no `read` in their rows into fields of `settings`.
local function read(reader, settings, has_key_source)
	settings.signatureAlgorithm = read_algorithms(reader, has_key_source);
	settings.requiredClaims = read_required_claims(reader);
end

return { read = read };
