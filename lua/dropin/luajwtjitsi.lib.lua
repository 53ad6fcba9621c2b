-- SPDX-License-Identifier: MIT
-- Token functions with the names and arguments of luajwtjitsi.

local base64 = require "util.encodings".base64;
local has = require "token_verifier.plugin.list".has;
local log = require "util.logger".init("luajwtjitsi");
local token_verifier = require "token_verifier";

-- Messages of Jitsi's library for these failures, which specs of plugins compare. Our own message, which says more, is logged.
local words = {
	["token-too-large"] = "Invalid token", ["encrypted-token"] = "Invalid token", ["malformed-header"] = "Invalid header",
	["unsupported-critical"] = "Invalid header", ["type-not-accepted"] = "Invalid typ",
	["algorithm-not-accepted"] = "Invalid or incorrect alg", ["bad-signature"] = "Invalid signature",
	["malformed-payload"] = "Invalid body", ["expired"] = "Not acceptable by exp", ["not-yet-valid"] = "Not acceptable by nbf",
	["issuer-not-accepted"] = "invalid 'iss' claim", ["audience-not-accepted"] = "invalid 'aud' claim",
};

local words_of_parts = { header = "Invalid header", payload = "Invalid body", signature = "Invalid signature" };

local function in_their_words(message, code, facts)
	if code == "malformed-token" then
		return words_of_parts[facts.part] or "Invalid token";
	elseif code == "missing-claim" then
		return ("'%s' claim is missing"):format(facts.claim);
	elseif code == "invalid-claim" then
		local is_date = facts.claim == "exp" or facts.claim == "nbf";
		return is_date and facts.reason == "wrong-type" and ("%s must be number"):format(facts.claim) or message;
	end
	return words[code] or message;
end

local function check_type(name, value, expected)
	if type(value) ~= expected then
		error(("%s must be %s"):format(name, expected), 0);
	end
end

local function check_optional(name, value, expected)
	if value ~= nil then
		check_type(name, value, expected);
	end
end

-- Whether the algorithm uses a shared secret. Raises an error for an unknown algorithm.
local function is_symmetric(name)
	local row = token_verifier.algorithms[name];
	if not row then
		error("Algorithm not supported", 0);
	end
	return row.symmetric;
end

-- Calls f, which raises an error for wrong arguments. Returns its first result, or nil and a message.
local function protected(f, ...)
	local ok, result, message, code, facts = pcall(f, ...);
	if not ok then
		return nil, result;
	elseif result == nil then
		log("debug", "%s: %s", code, message);
		return nil, in_their_words(message, code, facts);
	end
	return result;
end

local function verify(token, algorithm, key, accepted_issuers, accepted_audiences)
	check_type("token argument", token, "string");
	check_type("algorithm argument", algorithm, "string");
	check_type("key argument", key, "string");
	check_optional("acceptedIssuers argument", accepted_issuers, "table");
	check_optional("acceptedAudiences argument", accepted_audiences, "table");
	return token_verifier.verify(token, {
		[is_symmetric(algorithm) and "secret" or "key"] = key,
		algorithms = { algorithm },
		accepted_issuers = accepted_issuers,
		accepted_audiences = accepted_audiences,
		detail = true,
	});
end

local function encode(claims, key, algorithm, header)
	algorithm = algorithm == nil and "HS256" or algorithm;
	check_type("Argument #1", claims, "table");
	check_type("Argument #2", key, "string");
	local is_secret = is_symmetric(algorithm);
	check_optional("Argument #4", header, "table");
	local members = {};
	for name, value in pairs(header or {}) do
		members[name] = value;
	end
	members.typ, members.alg = "JWT", nil;
	return token_verifier.sign(claims, {
		[is_secret and "secret" or "private_key"] = key,
		algorithm = algorithm,
		header = members,
	});
end

local M = { _internals = {} };

-- Verifies a token with one algorithm and its key: a secret for HS*, a PEM for the others. `iss` and `aud` are only checked if
-- their list is given. Returns the claims, or nil and a message, also for wrong arguments.
function M.verify(...)
	return protected(verify, ...);
end

-- Makes a token of a table of claims with a secret for HS*, or with the PEM of a private key for other algorithms.
-- `header` may have members besides `typ` and `alg`. Returns the token, or nil and a message.
function M.encode(...)
	return protected(encode, ...);
end

-- The segments between the dots.
function M._internals.split_token(token)
	local segments = {};
	for segment in (token.."."):gmatch("([^.]*)%.") do
		segments[#segments + 1] = segment;
	end
	return segments;
end

-- Decodes a token without verifying it: returns its header, its claims and the bytes of its signature, or nil, nil, nil, message.
function M._internals.parse_token(token)
	if type(token) ~= "string" then
		return nil, nil, nil, "Invalid token";
	end
	local header, claims, code, facts = token_verifier.inspect(token, { detail = true });
	if not header then
		return nil, nil, nil, in_their_words(claims, code, facts);
	end
	local signature = M._internals.split_token(token)[3]:gsub("[-_]", { ["-"] = "+", ["_"] = "/" });
	return header, claims, base64.decode(signature..("="):rep(-#signature % 4));
end

-- The signed part: the first two segments with their dot, or nil, nil, nil, message.
function M._internals.strip_signature(token)
	local segments = type(token) == "string" and M._internals.split_token(token) or {};
	if #segments ~= 3 then
		return nil, nil, nil, "Invalid token";
	end
	return segments[1].."."..segments[2];
end

-- Whether a value is in a list; "*" in the list stands for any value.
function M._internals.verify_claim(value, accepted)
	return has(accepted, "*") or has(accepted, value);
end

return M;
