-- SPDX-License-Identifier: MIT
-- Findings about a header's typ or alg.

local token_verifier = require "token_verifier";
local find = require "token_verifier.explain.causes".find;
local is_symmetric = require "token_verifier.plugin.algorithms".is_symmetric;
local quote = require "token_verifier.plugin.report".quote;

local function of_type(header)
	local typ = type(header) == "table" and header.typ;
	if typ == nil or typ == token_verifier.null then
		return find("type-missing");
	elseif type(typ) == "string" and typ:lower():gsub("^application/", "") == "at+jwt" then
		return find("type-access-token");
	end
	return find("type-not-accepted");
end

-- The option's value with this algorithm added.
local function with(accepted, alg)
	local parts = {};
	for i, name in ipairs(accepted) do
		parts[i] = ("%q"):format(name);
	end
	parts[#parts + 1] = ("%q"):format(alg);
	return ("{ %s }"):format(table.concat(parts, ", "));
end

local function misspelt(alg)
	for name in pairs(token_verifier.algorithms) do
		if name:lower() == alg:lower():gsub("[%s_-]", "") then
			return name;
		end
	end
	return nil;
end

-- `accepted` is the list of algorithms that are accepted with `options`.
local function of_algorithm(header, options, accepted)
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
	local values = { alg = alg, accepted = names, suggested = with(accepted, alg) };
	if options.secret and not is_symmetric(alg) then
		return find("key-token-at-secret", values);
	elseif not options.secret and is_symmetric(alg) then
		return find("secret-token-at-key-source", values);
	end
	return find("algorithm-not-configured", values);
end

return { of_type = of_type, of_algorithm = of_algorithm };
