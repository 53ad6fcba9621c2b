-- SPDX-License-Identifier: MIT
-- Findings about a header's typ or alg.

local token_verifier = require "token_verifier";
local find = require "token_verifier.explain.causes".find;
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;
local provider = require "token_verifier.explain.provider";
local quote = require "token_verifier.plugin.report".quote;
local suggestion = require "token_verifier.explain.suggestion";

-- A temporary secret: a header is signed with it, to be checked alone.
local own_secret = ("judged by itself "):rep(4);

-- Whether a token of this type is accepted with this list of types.
local function is_accepted(typ, list)
	local signed = token_verifier.sign({}, { secret = own_secret, header = { typ = typ } });
	return signed ~= nil and token_verifier.verify(signed, { secret = own_secret, accepted_types = list }) ~= nil;
end

-- The finding for a type that is none of the `accepted` ones.
local function of_type(header, accepted)
	local typ = type(header) == "table" and header.typ;
	if typ == nil or typ == token_verifier.null then
		return find("type-missing");
	elseif not suggestion.is_listable(typ) then
		return find("type-invalid");
	end
	local is_access_token = typ:lower():gsub("^application/", "") == "at+jwt";
	local list = suggestion.with(accepted, { is_access_token and "at+jwt" or typ });
	local values = { setting = suggestion.setting("token_accepted_types", list) };
	if not is_accepted(typ, list) then
		return find("type-invalid");
	end
	return find(is_access_token and "type-access-token" or "type-not-accepted", values);
end

-- The option's value with this algorithm added.
local function with(accepted, alg)
	return suggestion.setting("signature_algorithm", suggestion.with(accepted, { alg }));
end

-- Names of other systems, in lower case and without "_" and "-": { what stands in front of the number, what behind it, our letters }.
local foreign = {
	{ "hmacsha", "", "HS" }, { "hmac", "", "HS" }, { "hssha", "", "HS" }, { "rsa", "", "RS" }, { "rsasha", "", "RS" },
	{ "sha", "withrsa", "RS" }, { "ecdsa", "", "ES" }, { "ecdsasha", "", "ES" }, { "sha", "withecdsa", "ES" },
};

local function misspelt(alg)
	local plain = alg:lower():gsub("[%s_-]", "");
	for name in pairs(token_verifier.algorithms) do
		if name:lower() == plain then
			return name;
		end
	end
	for _, row in ipairs(foreign) do
		local bits = plain:match("^"..row[1].."(%d%d%d)"..row[2].."$");
		if bits and token_verifier.algorithms[row[3]..bits] then
			return row[3]..bits;
		end
	end
	return nil;
end

-- Whether a secret is the private key that signed the token.
local function is_signing_key(secret, token, alg)
	if not secret:find("PRIVATE KEY%-%-%-%-%-") then
		return false;
	end
	local ok, payload = pcall(token_verifier.verify_jws, token, { key = secret, algorithms = { alg } });
	return ok and payload ~= nil;
end

-- The header's kid for the text of a cause, if it can be typed in a shell as it is.
local function key_id(header)
	local kid = type(header) == "table" and header.kid;
	return { kid = type(kid) == "string" and #kid <= 256 and kid:match("^[%w/_.-]+$") or nil };
end

-- `accepted` is the list of algorithms that are accepted with `options`; `more.claims` and `more.provider` are those of the token.
local function of_algorithm(header, options, accepted, more, token)
	local alg = type(header) == "table" and header.alg;
	local names = #accepted > 0 and table.concat(accepted, " or ") or "an algorithm of signature_algorithm";
	if type(alg) ~= "string" then
		return find("algorithm-missing");
	elseif alg:lower() == "none" then
		return find("algorithm-none", { accepted = names });
	elseif not token_verifier.algorithms[alg] then
		local meant = misspelt(alg);
		return meant and find("algorithm-misspelt", { meant = meant }) or find("algorithm-unknown", { alg = quote(alg), accepted = names });
	end
	local values = { alg = alg, accepted = names, setting = with(accepted, alg) };
	if options.secret and not is_symmetric(alg) then
		values.source = provider.source(more.provider, more.claims);
		values.kid = key_id(header).kid;
		if is_signing_key(options.secret, token, alg) then
			return find("secret-is-private-key", values);
		end
		values.provider = values.source and provider.name(more.provider);
		return provider.finding(more.provider, "alg", values) or find(values.source and "provider-source" or "key-token-at-secret", values);
	elseif not options.secret and is_symmetric(alg) and more.provider and more.provider.keys then
		values.provider, values.how = provider.name(more.provider), more.provider.keys;
		return find("provider-signs-with-secret", values);
	elseif not options.secret and is_symmetric(alg) then
		return find("secret-token-at-key-source", values);
	end
	return find("algorithm-not-configured", values);
end

return { of_type = of_type, of_algorithm = of_algorithm, values = key_id };
