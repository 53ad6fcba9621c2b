-- SPDX-License-Identifier: MIT
-- Finds the option that an address belongs to, by asking it: what is suggested was tried. It blocks.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local causes = require "token_verifier.explain.causes";
local key_words = require "token_verifier.explain.key_words";

local made_up_kid = "token-verifier-check";
local max_asked = 6; -- addresses, so many time-outs at the most

local well_known, certs = "/.well-known/openid-configuration", "/protocol/openid-connect/certs";

-- Kind of source -> option of the configuration.
local option_of = {
	asap_key_server = "asap_key_server", directory = "asap_key_server", jwks_url = "cache_keys_url", openid_issuer = "openid_issuer",
};

-- Kinds of texts that are a file with a key, good or not.
local function is_key_file(kind)
	return kind ~= nil and (kind == "pem" or kind == "jwk" or kind:find("^pem%-") ~= nil or kind:find("key$") ~= nil
		or kind:find("certificate$") ~= nil);
end

local function without(text, suffix)
	return text:sub(-#suffix) == suffix and text:sub(1, -#suffix - 1) or text;
end

local function authority(url)
	return url:match("^https?://[^/]+");
end

-- An object that asks sources, each once and not too many. `open(source)` opens a store.
local function new_asker(open, kid)
	local asked, count = {}, 0;
	-- Returns whether there are keys, the facts of the failure otherwise, and whether the server cannot be reached.
	return function (kind, value)
		local name = kind.." "..value;
		if asked[name] or count == max_asked then
			return false, {};
		end
		asked[name], count = true, count + 1;
		local store = open({ kind = kind, value = value });
		if not store then
			return false, {};
		end
		local key, _, code, facts = blocking.get(store, kid ~= "" and kid or made_up_kid);
		local has_keys = key ~= nil or code == "key-not-found" and facts.reason == "not-in-set" and #store:keys() > 0;
		store:close(0);
		return has_keys, facts or {}, code == "key-source-unavailable";
	end;
end

-- The issuer's address on a Keycloak from before version 17, or without that.
local function other_keycloak(issuer)
	local before, realm = issuer:match("^(https?://.*)(/realms/[^/]+)$");
	if not before then
		return nil;
	end
	local shorter = without(before, "/auth");
	return (shorter == before and before.."/auth" or shorter)..realm;
end

-- Returns the issuer of a provider that has this address, or one on the same server that it names; or nil.
local function issuer_at(ask, address)
	local works, facts = ask("openid_issuer", address);
	if works then
		return address;
	end
	local named = facts.reason == "discovery" and facts.found;
	if named and #named < 64 and authority(named) == authority(address) and ask("openid_issuer", named) then
		return named;
	end
	local other = facts.status == 404 and other_keycloak(address);
	return other and ask("openid_issuer", other) and other or nil;
end

-- Returns the kind of source and the value with which there are keys, or nil. `facts` are those of `value` as the address of a set.
local function search(ask, kind, value, facts)
	local base = without(without(without(value, "/"), well_known), certs);
	local issuer = issuer_at(ask, base);
	if issuer then
		return "openid_issuer", issuer;
	elseif facts.kind == "realm" and ask("jwks_url", base..certs) then
		return "jwks_url", base..certs;
	elseif kind == "jwks_url" and (facts.status or facts.reason == "web-page") and ask("asap_key_server", value) then
		return "asap_key_server", value;
	end
	return nil;
end

local words = {
	jwks_url = "the address of a JWK Set", openid_issuer = "the address of an OpenID provider",
	asap_key_server = "the address of a key server",
};
local words_of_kind = {
	["realm"] = "the address of a Keycloak realm", ["openid-configuration"] = "the address of a provider's OpenID configuration",
};

local function suggest(kind, value, found_kind, found_value, what)
	local option, wanted = option_of[kind], option_of[found_kind];
	if option == wanted then
		return causes.find("address-is-another", { address = value, option = option, near = found_value,
			wanted = key_words.option(wanted, found_value) });
	end
	return causes.find("address-of-other-option", {
		address = value, option = option, what = what, wanted = key_words.option(wanted, found_value),
		instead = " and remove "..option,
	});
end

-- The finding for an address that is one file; nil if nothing can be said but what the file is.
local function of_file(kind, url, kid)
	local folder, name = url:match("^(.*)/([^/]*)$");
	local instead = kind == "asap_key_server" and "" or " and remove "..option_of[kind];
	local fix = ("Set %s%s."):format(key_words.option("asap_key_server", folder), instead);
	if not name:find("^"..("%x"):rep(64).."%.pem$") then
		if kind == "jwks_url" then
			return nil;
		end
		fix = ("Put it into a folder: curl -s %s >key.pem; then %s; and set asap_key_server to that folder (file:///FOLDER)%s."):format(
			key_words.shell_word(url) or "URL", key_words.publish(kid or "", nil, { file = "key.pem" }), instead);
	end
	return causes.find("address-is-file", { address = url, wanted = fix });
end

-- What an address looks like, whether it answers or not: kind of source, value, words.
local function guess(value, facts)
	local base = without(without(value, "/"), well_known);
	if facts.kind == "realm" or facts.kind == "openid-configuration" then
		return "openid_issuer", base, "it is "..words_of_kind[facts.kind];
	elseif without(value, "/") ~= base then
		return "openid_issuer", base, "it looks like "..words_of_kind["openid-configuration"];
	elseif value:find("/realms/[^/]+/?$") then
		return "openid_issuer", base, "it looks like "..words_of_kind["realm"];
	elseif value:sub(-#certs) == certs or value:find("/jwks%.json$") or value:find("/jwks$") then
		return "jwks_url", value, "it looks like "..words.jwks_url;
	end
	return nil;
end

-- The finding for an address that is probably meant for another option; nil if it may be right.
local function suspect(kind, value, facts)
	local wanted_kind, wanted, what = guess(value, facts);
	if not wanted_kind or wanted_kind == kind and wanted == value then
		return nil;
	end
	local option = option_of[kind];
	return causes.find("address-probably-of-other-option", {
		address = value, option = option, what = what, wanted = key_words.option(option_of[wanted_kind], wanted),
		instead = option ~= option_of[wanted_kind] and ", without "..option or "",
	});
end

-- The finding for a key server that has the key under a name that is not the hash of the kid, or nil.
local function of_name(ask, url, kid)
	local file = token_verifier.key_file_name(kid);
	local names = { token_verifier.key_file_name(kid.."\n"), (file:gsub("%.pem$", "")) };
	if kid:find("^[%w._-]+$") then
		table.insert(names, 1, kid..".pem");
	end
	for _, name in ipairs(names) do
		local _, facts = ask("jwks_url", url:gsub("/*$", "/")..name);
		if is_key_file(facts.kind) then
			return causes.find("key-file-named-otherwise", {
				found = name..(name == names[#names - 1] and ", the hash of this kid with a line end" or ""), file = file,
				command = key_words.publish(kid),
			});
		end
	end
	return nil;
end

-- The finding for an address that belongs to another option, or nil. `kind` is the kind of source that it is configured as, `facts`
-- are those of its failure, `kid` the token's if there is one. Without `open` nothing is asked.
local function find(kind, value, facts, open, kid)
	if not value:find("^https?://") or kind ~= "asap_key_server" and kind ~= "jwks_url" and kind ~= "openid_issuer" then
		return nil;
	end
	if not open then
		return suspect(kind, value, facts);
	end
	local ask = new_asker(open, kid);
	if kind ~= "jwks_url" then
		local works, of_set, unreachable = ask("jwks_url", value);
		if works then
			return suggest(kind, value, "jwks_url", value, words.jwks_url);
		elseif unreachable then
			return nil;
		end
		facts = of_set;
	end
	local found_kind, found_value = search(ask, kind, value, facts);
	if found_kind and not (found_kind == kind and found_value == value) then
		return suggest(kind, value, found_kind, found_value, words_of_kind[facts.kind] or words[found_kind]);
	end
	return is_key_file(facts.kind) and of_file(kind, value, kid) or suspect(kind, value, facts)
		or kind == "asap_key_server" and kid and kid ~= "" and of_name(ask, value, kid) or nil;
end

return { find = find };
