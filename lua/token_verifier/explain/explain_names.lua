-- SPDX-License-Identifier: MIT
-- Finds claims with a wrong name, such as "audience" instead of "aud".

local find = require "token_verifier.explain.causes".find;
local names_of = require "token_verifier.plugin.list".names_of;
local quote = require "token_verifier.plugin.report".quote;
local spelling = require "token_verifier.options.spelling";

-- What people write, in lower case and without "_" and "-", and the claim that they mean.
local known_slips = {
	iss = { "issuer", "issuedby" };
	aud = { "audience", "audiences" };
	sub = { "subject", "domain", "tenant" };
	room = { "rooms", "roomname", "roomid", "roomjid" };
	exp = { "expires", "expiry", "expiration", "expire", "expiresat", "expiresin", "expiresafter", "expirationtime" };
	nbf = { "notbefore", "bnf", "nfb", "validfrom" };
	iat = { "issuedat", "issued" };
	context = { "ctx" };
};

-- Claims with a similar name but another meaning (RFC 7519, OpenID, and additions of providers).
local others = {};
for _, name in ipairs({
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "acr", "amr", "sid", "typ", "act", "cnf", "uid", "oid", "tid", "ver", "rol",
	"name", "user", "room", "context", "nonce", "scope", "roles", "email", "moderator", "auth_time", "kid", "alg", "uti", "rh",
}) do
	others[name] = true;
end

local function is_slip(name, expected)
	local plain = name:lower():gsub("[_-]", "");
	for _, slip in ipairs(known_slips[expected] or {}) do
		if plain == slip then
			return true;
		end
	end
	return plain == expected or #name <= 256 and name:match("^https?://.*[/#]([^/#]+)$") == expected -- an address in front, as for Auth0
		or not others[name] and #name <= #expected + 2 and spelling.distance(plain, expected) <= 1;
end

local dates = { exp = true, nbf = true, iat = true };

-- The types that a claim may have inside another object to be called misplaced.
local function is_meant(value, expected)
	return type(value) == "string" or dates[expected] and type(value) == "number"
		or expected == "room" and type(value) == "table" and type(value.name) == "string";
end

-- Where a claim is that is not at the top: the names of the objects that it is in, or nil. Only objects that people put claims into.
local function misplaced(claims, expected)
	for _, outer in ipairs({ "context", "data", "payload", "claims", "user" }) do
		local object = claims[outer];
		local user = type(object) == "table" and object.user;
		if type(object) == "table" and is_meant(object[expected], expected) then
			return ("%q"):format(outer);
		elseif type(user) == "table" and dates[expected] and is_meant(user[expected], expected) then
			return ("\"user\" in %q"):format(outer);
		end
	end
	return nil;
end

-- A finding for a missing claim if another claim may be meant as it; else nil.
local function misspelt(claims, expected)
	local slip = names_of(claims, function (name) return name ~= expected and is_slip(name, expected); end)[1];
	local value = slip and claims[slip];
	local is_short = type(value) == "number" and value < 1e9 or type(value) == "string" and not tonumber(value);
	if slip then
		return find(expected == "exp" and is_short and "duration-claim" or "claim-misspelt",
			{ found = quote(slip):sub(2, -2), expected = expected });
	end
	local path = misplaced(claims, expected);
	return path and find("claim-in-context", { expected = expected, path = path }) or nil;
end

return { misspelt = misspelt };
