-- SPDX-License-Identifier: MIT
-- Findings about a token's key: why there is none, or what to know about the one that was found. They follow from the code and the
-- facts of the native module; each cause has a spec that produces it with a real server.

local token_verifier = require "token_verifier";
local find = require "token_verifier.explain.causes".find;
local key_folder = require "token_verifier.explain.key_folder";
local key_words = require "token_verifier.explain.key_words";
local other_option = require "token_verifier.explain.other_option";
local plain_file = require "token_verifier.plugin.plain_file";
local quote = require "token_verifier.plugin.report".quote;
local spelling = require "token_verifier.options.spelling";
local text_findings = require "token_verifier.explain.explain_key_texts";

local max_listed = 8;

-- Both lists of store:keys(), of all stores: the keys, and those that cannot be used.
local function held_keys(stores)
	local list, unusable = {}, {};
	for _, store in ipairs(stores or {}) do
		local keys, others = store:keys();
		table.move(keys, 1, #keys, #list + 1, list);
		table.move(others, 1, #others, #unusable + 1, unusable);
	end
	return list, unusable;
end

-- The kid of an element of store:keys(), or what it has instead.
local function name_of(held)
	if held.kid ~= "" then
		return quote(held.kid);
	end
	return held.kid_type and ('a key whose "kid" is a JSON %s'):format(held.kid_type) or 'a key without "kid"';
end

-- Names a key that cannot be used, and why.
local function describe_unusable(held)
	return ("%s: %s"):format(name_of(held), held.message);
end

-- The first keys, each described by `describe_one(held)` or by its kid, and the number of the others; nil if there is none.
local function list_keys(keys, describe_one)
	local texts = {};
	for i = 1, math.min(#keys, max_listed) do
		texts[i] = (describe_one or name_of)(keys[i]);
	end
	if #keys > max_listed then
		texts[#texts + 1] = ("and %d more"):format(#keys - max_listed);
	end
	return texts[1] and table.concat(texts, ", ");
end

local function squeeze(kid)
	return (kid:lower():gsub("[%s_-]", ""));
end

-- A held kid that is nearly the same as the missing one.
local function near_kid(kid, keys)
	for _, held in ipairs(keys) do
		local comparable = #kid >= 6 and #kid <= 128 and math.abs(#kid - #held.kid) <= 2;
		local distance = comparable and spelling.distance(kid, held.kid) or math.huge;
		if squeeze(held.kid) == squeeze(kid) or distance <= 2 and distance < #kid / 3 then
			return held.kid;
		end
	end
	return nil;
end

-- Values for the texts of causes: a URL, its host and port, an HTTP status, a file. Of several servers, the first one.
local function named_in(facts, kid)
	local url = facts.url and facts.url:match("^[^,]+");
	local authority = url and url:match("^https?://([^/]+)") or "";
	local address = url and facts.file and url:gsub("/*$", "/"..facts.file) or url;
	return {
		url = address and key_words.shell_word(address) or address, host = authority:match("^(.-):%d+$") or authority ~= "" and authority,
		port = authority:match(":(%d+)$") or (url and url:find("^https") and "443" or "80"),
		status = facts.status and tostring(facts.status), file = facts.file, command = key_words.publish(kid, facts.folder),
	};
end

-- Class of a network failure -> cause.
local unavailable = {
	["timeout"] = "source-time-out", ["resolve"] = "source-dns", ["connect"] = "source-refused",
	["tls-expired"] = "source-tls-expired", ["tls-authority"] = "source-tls-authority", ["tls-name"] = "source-tls-name",
	["tls-version"] = "source-tls", ["tls"] = "source-tls",
};

local function of_unavailable(code, facts)
	if facts.reason == "waited" then
		return "source-time-out";
	elseif facts.reason == "http-status" then
		return "source-error";
	end
	return unavailable[facts.class] or code;
end

-- Reason why an answer is not a key -> cause.
local unusable = {
	["file"] = "key-file-unreadable", ["http-status"] = "key-status", ["web-page"] = "key-is-page", ["no-text"] = "key-empty",
};

-- The key of the cause why an answer cannot be used.
local function unusable_as(facts)
	if facts.class == "redirect" then
		return "key-redirect";
	elseif facts.asked == "configuration" then
		local other = facts.found and #facts.found < 64 and facts.reason == "discovery";
		return facts.status and "discovery-not-there" or other and "discovery-of-other-issuer" or "discovery-unusable";
	elseif facts.status == 401 or facts.status == 403 then
		return "key-forbidden";
	elseif facts.asked == "set" then
		return facts.status and "set-not-there" or "set-is-page";
	elseif facts.asked == "key-of-set" then
		return "key-of-set";
	end
	if facts.folder and facts.reason == "web-page" then
		return "file-is-page";
	end
	return unusable[facts.reason] or facts.reason == "key-type" and "unsupported-key" or facts.asked == "key" and "key-no-key"
		or "key-unusable";
end

-- Which kind of source was asked.
local kind_of_asked = { key = "asap_key_server", set = "jwks_url", configuration = "openid_issuer" };

-- Kinds of texts in the place of a key that the address of another option may answer with.
local of_other_addresses = {
	["jwk-set"] = true, ["certificate-map"] = true, ["realm"] = true, ["openid-configuration"] = true, ["json"] = true,
	["json-error"] = true, ["error-text"] = true,
};

-- The finding for an address that belongs to another option, or nil. `open` is nil where nothing may block.
local function misplaced(facts, kid, open)
	local url = facts.url and facts.url:match("^[^,]+");
	local may_be = facts.asked ~= "key" or facts.status or facts.reason == "web-page" or of_other_addresses[facts.kind];
	return url and may_be and other_option.find(kind_of_asked[facts.asked], url, facts, open, kid);
end

local function of_unusable(facts, kid, values, open)
	local finding = misplaced(facts, kid, open);
	if finding then
		return finding;
	elseif facts.asked == "key" then
		local place = { folder = facts.folder, kid = kid, url = values.url };
		finding = text_findings.of_key(facts, place);
	elseif not (facts.status or facts.class) then
		finding = text_findings.of_set(facts, { kid = kid, url = values.url });
	end
	values.command = key_words.publish(kid, facts.folder, { replaces = true });
	values.found = facts.found and quote(facts.found);
	return finding or find(unusable_as(facts), values);
end

local bad_secrets = {
	["unreadable"] = "secret-file-unreadable", ["public-key"] = "secret-is-public-key", ["template"] = "secret-left-over",
	["empty"] = "secret-left-over",
};

local function not_found(facts, kid, values, stores, open)
	if facts.folder then
		if not plain_file.can_open(facts.folder) then
			return find("folder-missing");
		elseif not plain_file.is_folder(facts.folder) then
			return key_folder.of_file(facts.folder, kid);
		end
		return key_folder.of_kid(facts.folder, kid) or find("key-file-missing-locally", values);
	elseif facts.file then
		return misplaced(facts, kid, open) or find("key-file-missing", values);
	elseif facts.reason ~= "not-in-set" then
		return find("key-not-found");
	end
	local keys, others = held_keys(stores);
	table.move(others, 1, #others, #keys + 1, keys);
	local near = near_kid(kid, keys);
	if near then
		return find("key-id-near", { near = quote(near) });
	end
	return find("not-in-set", { kids = list_keys(keys) or "none" });
end

local function bad_kid(code, kid)
	if kid == "" then
		return find("key-id-empty");
	elseif type(kid) == "number" then
		return find("key-id-number", { kid = tostring(kid) });
	end
	return find(code);
end

-- The finding for a missing key, from the native module's code and facts. `header` is the token's, `stores` are those asked. `open(source)`
-- opens a store to try another option with; without it nothing is asked.
local function of_failure(code, facts, header, stores, open)
	local kid = header and header.kid;
	if code == "key-id-missing" or code == "key-id-invalid" then
		return bad_kid(code, kid);
	end
	kid = type(kid) == "string" and kid or "";
	local values = named_in(facts, kid);
	if code == "key-not-found" then
		return not_found(facts, kid, values, stores, open);
	elseif code == "key-source-unavailable" then
		return find(of_unavailable(code, facts), values);
	elseif code == "key-unusable" then
		return of_unusable(facts, kid, values, open);
	elseif code == "weak-key" then
		return find(facts.reason == "modulus-bits" and code or "key-numbers", values);
	elseif code == "weak-secret" then
		return find(bad_secrets[facts.reason] or code);
	elseif code == "malformed-key" or code == "unsupported-key" then
		return text_findings.of_key(facts, { configured = true }) or find(code, values);
	end
	return find(code, values);
end

local function fits(key, alg)
	for _, name in ipairs(key:algorithms()) do
		if name == alg then
			return true;
		end
	end
	return false;
end

-- The keys of the token's kid in the stores, as in store:keys(): those for its algorithm, or else all of that kid.
local function of_kid(stores, header)
	local fitting, others = {}, {};
	for _, key in ipairs(held_keys(stores)) do
		if header and key.kid == header.kid then
			local list = fits(key.key, header.alg) and fitting or others;
			list[#list + 1] = key;
		end
	end
	return fitting[1] and fitting or others;
end

-- A list of findings about the key that was found.
local function of_success(header, options)
	local findings = {};
	if options.secret or options.key then
		if header.kid ~= nil then
			findings[1] = find("key-id-unneeded");
		end
		return findings;
	end
	local key = of_kid(options.stores, header)[1];
	if key and key.came_as == "private key" then
		findings[1] = find("key-private", { command = key_words.publish() });
	elseif key and key.came_as == "certificate" then
		findings[1] = find("key-certificate");
	elseif key and key.warning then
		findings[1] = find("key-certificate-differs", { kids = name_of(key) });
	end
	return findings;
end

-- "RSA, 2048 bits" or "EC, P-256".
local function kind_of(key)
	return ("%s, %s"):format(key:type(), key:curve() or ("%d bits"):format(key:bits()));
end

-- Describes the key of a token and where it was found.
local function describe(options, header)
	if options.secret then
		return "the shared secret";
	elseif options.key then
		return "the key that is configured";
	end
	local kid = header and header.kid;
	local keys = of_kid(options.stores, header);
	if not keys[1] then
		return ("kid %s"):format(type(kid) == "string" and quote(kid) or tostring(kid));
	end
	local text = list_keys(keys, function (key) return kind_of(key.key); end);
	return ("kid %s is %s%s, from %s"):format(quote(kid), #keys > 1 and #keys.." keys: " or "", text, keys[1].source);
end

-- The key objects used for the token's signature that are public and held.
local function objects(options, header)
	if options.key then
		return { type(options.key) == "string" and token_verifier.key(options.key) or nil };
	end
	local list = {};
	for i, key in ipairs(of_kid(options.stores, header)) do
		list[i] = key.key;
	end
	return list;
end

return {
	of_failure = of_failure, of_success = of_success, describe = describe, objects = objects, of_kid = of_kid, held_keys = held_keys,
	kind_of = kind_of, list_keys = list_keys, name_of = name_of, describe_unusable = describe_unusable,
};
