-- SPDX-License-Identifier: MIT
-- Tells the settings in force for the tokens of a host, in one line, and warnings about common problems.

local nameprep = require "util.encodings".stringprep.nameprep;
local quote = require "token_verifier.plugin.report".quote;
local as_list = require "token_verifier.plugin.list".as_list;

local function list_of(values)
	local parts, named = {}, {};
	for _, value in ipairs(values) do
		if value == "*" then
			return "any";
		elseif not named[value] then
			parts[#parts + 1] = quote(tostring(value));
			named[value] = true;
		end
	end
	return #parts > 0 and table.concat(parts, ", ") or "none";
end

local function sources_of(settings, sources)
	local parts = {};
	for i, source in ipairs(sources) do
		local is_named = source.issuer == nil or source.text == source.issuer;
		parts[i] = source.text..(not is_named and (" (for %s)"):format(quote(source.issuer)) or "");
	end
	if #parts == 0 then
		return settings.appSecret and "the shared secret" or "no key";
	end
	return "keys from "..table.concat(parts, ", ");
end

-- `sources` is a list of { text, issuer }, without credentials.
local function say_what_is_in_force(host, settings, sources, complain)
	complain("info", nil, "Tokens of %s are verified with %s; algorithms: %s; issuers: %s; audiences: %s; leeway: %d s; guests: %s; "
		.."domain verification: %s", host, sources_of(settings, sources),
		table.concat(as_list(settings.signatureAlgorithm), ", "), list_of(settings.acceptedIssuers),
		list_of(settings.acceptedAudiences), settings.leeway, settings.allowEmptyToken and "let in" or "refused",
		settings.enableDomainVerification and "on" or "off");
end

-- Whether others on the network path can read and change what is fetched from a URL.
local function is_open(url)
	local host = url:match("^http://%[([^%]]*)%]") or url:match("^http://([^/:]*)");
	return host ~= nil and host ~= "::1" and not host:find("^127%.[%d.]+$") and host ~= "localhost"
		and not host:find("%.localhost$");
end

local function warn_of_open_sources(settings, sources, complain)
	for _, source in ipairs(sources) do
		for url in source.text:gmatch("[^, ]+") do
			if is_open(url) then
				complain("warn", { "keys-over-http", url = url },
					"Keys are fetched over plain http from %s: anybody on the network path can replace them", url);
				if settings.keyOptions.bearer_token_file then
					complain("warn", { "keys-over-http", url = url },
						"The bearer token of 'token_key_bearer_token_file' goes over plain http to %s", url);
				end
			end
		end
	end
end

-- Whether a token can name rooms on `muc_domain`: tokens allow rooms on "<prefix>.<sub>", in lower case.
local function can_be_named(settings, muc_domain)
	local prefix = settings.muc_domain_prefix..".";
	return nameprep(muc_domain) == muc_domain and muc_domain:sub(1, #prefix) == prefix;
end

local function warn_of_domain(settings, own_module, complain)
	local muc_domain = settings.muc_domain;
	if not muc_domain and own_module:get_option("component_module") == "muc" then
		muc_domain = own_module.host;
	end
	if settings.enableDomainVerification and muc_domain and not can_be_named(settings, muc_domain) then
		complain("warn", { "muc-prefix", host = muc_domain, prefix = ("%q"):format(settings.muc_domain_prefix),
			suggested = ("%q"):format(muc_domain:match("^[^.]*")) },
			"Domain verification is on, but only tokens whose sub is \"*\" can name a room on %s: its name is not "
				.."'%s.' followed by a domain (see 'muc_mapper_domain_prefix' and 'muc_mapper_domain')",
			quote(muc_domain), settings.muc_domain_prefix);
	end
end

-- Tells about settings that work, but perhaps not as intended.
local function warn(settings, sources, complain)
	if settings.allowEmptyToken then
		complain("warn", nil, "Option 'allow_empty_token' is on: guests without a token are let in");
	end
	for _, issuer in ipairs(settings.acceptedIssuers) do
		if issuer == "*" then
			complain("warn", { "any-issuer" },
				"Option 'asap_accepted_issuers' has \"*\": a token may come from any issuer whose key is found");
		end
	end
	warn_of_open_sources(settings, sources, complain);
end

return { say_what_is_in_force = say_what_is_in_force, warn = warn, warn_of_domain = warn_of_domain };
