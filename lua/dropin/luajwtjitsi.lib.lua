-- SPDX-License-Identifier: MIT
-- Token functions with the names and arguments of luajwtjitsi.

local base64 = require "util.encodings".base64;
local token_verifier = require "token_verifier";

local function check_type(name, value, expected)
	if type(value) ~= expected then
		error(("%s must be a %s, not a %s"):format(name, expected, type(value)), 0);
	end
end

local function check_optional(name, value, expected)
	if value ~= nil then
		check_type(name, value, expected);
	end
end

local function is_hmac(algorithm)
	return algorithm:sub(1, 2) == "HS";
end

-- Calls f, which raises what is wrong with its arguments. Returns its first result, or nil and a message.
local function protected(f, ...)
	local ok, result, message = pcall(f, ...);
	if not ok then
		return nil, result;
	elseif result == nil then
		return nil, message;
	end
	return result;
end

local function verify(token, algorithm, key, accepted_issuers, accepted_audiences)
	check_type("token", token, "string");
	check_type("algorithm", algorithm, "string");
	check_type("key", key, "string");
	check_optional("accepted issuers", accepted_issuers, "table");
	check_optional("accepted audiences", accepted_audiences, "table");
	return token_verifier.verify(token, {
		[is_hmac(algorithm) and "secret" or "key"] = key,
		algorithms = { algorithm },
		accepted_issuers = accepted_issuers,
		accepted_audiences = accepted_audiences,
	});
end

local function encode(claims, key, algorithm, header)
	algorithm = algorithm == nil and "HS256" or algorithm;
	check_type("claims", claims, "table");
	check_type("key", key, "string");
	check_type("algorithm", algorithm, "string");
	check_optional("header", header, "table");
	local members = {};
	for name, value in pairs(header or {}) do
		members[name] = value;
	end
	members.typ, members.alg = "JWT", nil;
	return token_verifier.sign(claims, {
		[is_hmac(algorithm) and "secret" or "private_key"] = key,
		algorithm = algorithm,
		header = members,
	});
end

local M = { _internals = {} };

-- Verifies a token with one algorithm and its key, a secret for HS* and a PEM for the others. `iss` and `aud` are only
-- judged if the list for them is given. Returns the claims, or nil and a message, also for arguments that are wrong.
function M.verify(...)
	return protected(verify, ...);
end

-- Makes a token of a table of claims with a secret for HS*, or with the PEM of a private key for other algorithms.
-- `header` may have members besides `typ` and `alg`. Returns the token, or nil and a message.
function M.encode(...)
	return protected(encode, ...);
end

-- What comes between the dots.
function M._internals.split_token(token)
	local segments = {};
	for segment in (token.."."):gmatch("([^.]*)%.") do
		segments[#segments + 1] = segment;
	end
	return segments;
end

-- Reads a token without verifying it: its header, its claims and the bytes of its signature, or nil, nil, nil, message.
function M._internals.parse_token(token)
	local ok, header, claims = pcall(token_verifier.inspect, token);
	if not ok then
		return nil, nil, nil, header;
	elseif not header then
		return nil, nil, nil, claims;
	end
	local signature = M._internals.split_token(token)[3]:gsub("[-_]", { ["-"] = "+", ["_"] = "/" });
	return header, claims, base64.decode(signature..("="):rep(-#signature % 4));
end

-- What is signed: the first two segments with their dot, or nil, nil, nil, message.
function M._internals.strip_signature(token)
	local segments = type(token) == "string" and M._internals.split_token(token) or {};
	if #segments ~= 3 then
		return nil, nil, nil, "the token does not have three segments";
	end
	return segments[1].."."..segments[2];
end

-- Whether a value is in a list, which may hold "*" for any.
function M._internals.verify_claim(value, accepted)
	for _, entry in ipairs(accepted) do
		if entry == "*" or entry == value then
			return true;
		end
	end
	return false;
end

return M;
