-- SPDX-License-Identifier: MIT
-- Every option that the plugins read from Prosody's configuration, one row each. This table is used to read the options, to make
-- the options of the native module, to identify a kept verifier, to find misspelt names, and to write docs/configuration.md.
--
-- A row:
--   [1]       the option's name
--   field     of a token_util object that holds its value (names that Jitsi's object has too are fixed). Without one, only the
--             code that reads the option sees the value
--   within    the field is in this table of the object, and not in the object itself
--   verifier  what token_verifier.new() calls it
--   keystore  what token_verifier.keystore() calls it
--   source    the option is a source of keys: its name in keystore(). `common`: used for tokens of every accepted issuer
--   about     with `verifier`: "token" (header, key and signature), "claims" (how all claims are read), or the name of the
--             check in explain_claims.lua that the option controls
--   read      the method of option_reader that reads it. Without one, a special function in options/ reads it
--   unchecked with read = "path": do not check that the file can be opened
--   own       read from the host of the plugin that loads token_util, not from the host whose tokens are verified
--   default   absent: none, which is nil
--   least, most, whole, unit   of a number. Without a unit it counts something, which `unit` may name
--   choices   with read = "choice": the values that it may have
--   safe      used instead of an invalid value: the stricter choice. Without it, the default is used
--   type, shown   the columns "type" and "default" in the documents, if they differ from `read` and `default`
--   text      what it does, for the documents
-- A row without default, range, unit or text takes it from the native option, as in token_verifier.settings.

local settings = require "token_verifier".settings;

-- The tables of docs/configuration.md: { name, rows }. What all rows of a section have in common is given once, before them.
local sections, rows, by_name = {}, {}, {};

-- The native options by kind and name.
local native = { keystore = {}, verifier = {} };
for kind, options in pairs(native) do
	for _, setting in ipairs(settings[kind]) do
		options[setting.name] = setting;
	end
end

local inherited = { "unit", "whole", "default", "default_text", "least", "most", "text" };

local function complete(row, setting)
	for _, key in ipairs(setting and inherited or {}) do
		if row[key] == nil then
			row[key] = setting[key];
		end
	end
end

local function section(name, common)
	return function (list)
		sections[#sections + 1] = { name = name, rows = list };
		for _, row in ipairs(list) do
			for key, value in pairs(common) do
				row[key] = value;
			end
			row.field = row.field or row.keystore;
			complete(row, native.keystore[row.keystore]);
			complete(row, native.verifier[row.verifier]);
			rows[#rows + 1], by_name[row[1]] = row, row;
		end
	end
end

section("keys", {}) {
	{ "app_id", field = "appId", read = "string", shown = "required",
		text = "the issuer accepted by default. A host without it takes no tokens" };
	{ "app_secret", field = "appSecret", type = "string",
		text = "shared secret, for HS*. Empty secrets and template placeholders are ignored. If a source of keys is set "
			.."(one of the options `cache_keys_url` to `token_issuers`), log-ins never use the secret" };
	{ "app_secret_file", type = "path",
		text = "a file that contains the secret, used instead of `app_secret`; a line end at the end of the file is "
			.."ignored. Read again when the configuration is reloaded" };
	{ "cache_keys_url", field = "cacheKeysUrl", source = "jwks_url", common = true, type = "URL",
		text = "a JWK Set, or Google's map of certificates. Sets are fetched as soon as the server runs" };
	{ "asap_key_server", field = "asapKeyServer", source = "asap_key_server", common = true, type = "URL or list",
		text = "base URL of a key server, or up to 8 of them; `file:///folder` is a local folder. If a JWK Set is "
			.."configured too, the set is asked first" };
	{ "openid_issuer", field = "openidIssuer", source = "openid_issuer", type = "URL or list",
		text = "issuer of an OpenID provider: its JWK Set is found and used, and this issuer is accepted. If there are "
			.."several providers, or other sources too, the keys of a provider are valid only for tokens with its own "
			.."`iss`" };
	{ "token_issuers", field = "tokenIssuers", source = "issuers", type = "table",
		text = "maps each issuer to the source of its keys: a table with exactly one of `jwks_url`, `asap_key_server`, "
			.."`directory` and `openid_issuer = true`. This `iss` is accepted, and the keys are valid only for it: see "
			.."[bound issuers](api.md#issuers-bound-to-their-source)" };
	{ "signature_algorithm", field = "signatureAlgorithm", verifier = "algorithms", about = "token", type = "name or list",
		shown = "`RS256` with a source of keys, else `HS256`",
		text = "the accepted algorithms, from [this list](api.md#algorithms). With an unknown name, or HS* mixed with "
			.."others, no token is accepted" };
	{ "token_allow_missing_kid", field = "allowMissingKid", verifier = "allow_missing_kid", about = "token",
		read = "boolean", safe = false,
		text = "a token without `kid` is accepted if the JWK Set has exactly one key for its `alg`" };
	{ "token_strict_secrets", field = "strictSecrets", verifier = "strict_secrets", about = "token",
		read = "boolean", safe = true,
		text = "a secret shorter than the hash is never used. If false, it is used with a warning" };
};

section("accepted", {}) {
	{ "asap_accepted_issuers", field = "acceptedIssuers", verifier = "accepted_issuers", about = "iss", read = "list",
		shown = "`{ app_id }`", text = "values of `iss`; `\"*\"` accepts any" };
	{ "asap_accepted_audiences", field = "acceptedAudiences", verifier = "accepted_audiences", about = "aud",
		read = "list", default = { "*" }, text = "values of `aud`; `\"*\"` accepts any, but the claim must be present" };
	{ "allow_empty_token", field = "allowEmptyToken", read = "boolean", default = false, safe = false,
		text = "guests without a token are let in. A user whose token is refused is never let in as a guest" };
	{ "token_leeway", field = "leeway", verifier = "leeway", about = "claims",
		read = "number",
		text = "how far clocks may differ, for `exp` and `nbf`" };
	{ "token_max_lifetime", field = "maxLifetime", verifier = "max_lifetime", about = "lifetime",
		read = "number", safe = 1, -- nearly none
		text = "longest time from `iat` to `exp`; tokens must then have both claims. If `iat` is more than 300 s in the "
			.."future, the time is counted from now. 0 means no limit" };
	{ "token_accepted_types", field = "acceptedTypes", verifier = "accepted_types", about = "token", read = "list", default = { "JWT" },
		text = "values of the header's `typ`; `\"*\"` accepts any value and a missing `typ`" };
	{ "token_accept_milliseconds", field = "acceptMilliseconds", verifier = "accept_milliseconds", about = "claims",
		read = "boolean", safe = false, text = "a date after the year 9999 in seconds is read as milliseconds" };
	{ "token_required_claims", field = "requiredClaims", verifier = "required_claims", about = "required",
		type = "list", shown = "`{}`", text = "names of claims that must be present and not null" };
	{ "token_min_rsa_bits", field = "min_rsa_bits", within = "keyOptions", verifier = "min_rsa_bits", keystore = "min_rsa_bits",
		about = "token", read = "number",
		text = "minimum size of an RSA key" };
};

section("rooms", {}) {
	{ "asap_require_room_claim", field = "requireRoomClaim", verifier = "require_room", about = "room",
		read = "boolean", default = true, safe = true, text = "whether the claim `room` is required" };
	{ "enable_domain_verification", field = "enableDomainVerification", read = "boolean", default = true, safe = true,
		text = "whether the room's address must fit the claims `sub` and `room`; otherwise only the name must fit `room`" };
	{ "muc_mapper_domain_base", field = "muc_domain_base", read = "string",
		text = "main domain of a Jitsi deployment; with it a room must exist before it is entered" };
	{ "muc_mapper_domain_prefix", field = "muc_domain_prefix", read = "string", default = "conference",
		text = "first part of the MUC's host" };
	{ "muc_mapper_domain", field = "muc_domain", read = "string", shown = "prefix.base",
		text = "the MUC's host; only with `muc_mapper_domain_base`" };
	{ "token_verification_hosts", field = "verificationHosts", read = "list", default = {},
		text = "other hosts of this server whose verified tokens count for this host's rooms. Hosts with the same "
			.."`muc_mapper_domain_base` need not be named" };
	{ "token_room_matching", field = "roomMatching", read = "choice", choices = { "claim", "address" }, default = "claim", safe = "claim",
		type = "`\"claim\"` or `\"address\"`", text = "`\"address\"`: the claim `room` also opens the room that Jitsi's page makes of that "
			.."text, as `my%20room` of `My room`. "
			.."`\"claim\"`: only the room of exactly this name. See [rooms](#rooms-in-addresses)" };
	{ "token_regex_enabled", field = "regexEnabled", read = "boolean", default = true, safe = false,
		text = "whether a `room` claim may be a Lua pattern, where `context.room.regex` says that it is one" };
	{ "token_regex_room_max_length", field = "regexRoomMaxLength", read = "number", default = 128, least = 0, most = 1023,
		text = "longest room name matched with a pattern" };
	{ "token_regex_max_quantifiers", field = "regexRoomMaxQuantifiers", read = "number", default = 3, least = 0, most = 256,
		text = "most `*`, `+`, `-` and `?` in a pattern" };
};

section("life of keys", { read = "number", within = "keyOptions" }) {
	{ "token_key_default_ttl", keystore = "default_ttl", most = 2592000,
		text = "how long a key is fresh if the answer does not say so" };
	{ "token_key_min_ttl", keystore = "min_ttl", most = 2592000,
		text = "minimum of that time, whatever the answer says" };
	{ "token_key_max_ttl", keystore = "max_ttl", most = 2592000,
		text = "maximum of that time" };
	{ "token_key_negative_ttl", keystore = "negative_ttl", most = 3600,
		text = "how long a missing key is remembered as missing" };
	{ "token_key_negative_size", keystore = "negative_size", most = 1000000,
		text = "how many missing keys are remembered" };
	{ "token_key_max_stale", keystore = "max_stale", most = 2592000,
		text = "how long a key is used after its freshness ends, while its source is down" };
	{ "token_key_stale_wait", keystore = "stale_wait", least = 0.01, most = 60,
		text = "how long a log-in waits for a slow source before the old key is used" };
	{ "token_key_penalty", keystore = "penalty", most = 3600,
		text = "after an unknown `kid` caused a fetch of a JWK Set, the next one can do so after this time" };
	{ "token_key_back_off_min", keystore = "back_off_min", least = 0.1, most = 3600,
		text = "pause after a source failed; it doubles each time" };
	{ "token_key_back_off_max", keystore = "back_off_max", least = 0.1, most = 3600,
		text = "longest pause" };
	{ "token_key_wait_limit", keystore = "wait_limit", least = 0.1, most = 60,
		text = "longest time that a log-in waits for a key" };
	{ "token_key_connect_timeout", keystore = "connect_timeout", least = 0.1, most = 60, text = "longest time to connect" };
	{ "token_key_timeout", keystore = "timeout", least = 0.1, most = 60, text = "longest time for a whole fetch" };
	{ "token_key_refresh_ahead", keystore = "refresh_ahead",
		text = "a key that is used in the last part of its freshness, of this length, is fetched again in the background" };
	{ "token_key_max_set_keys", keystore = "max_set_keys",
		text = "most keys in a JWK Set; a larger set is not used" };
	{ "token_key_max_fetches", keystore = "max_fetches",
		text = "most fetches that run at the same time in the process, and as many again for cached keys. How stores "
			.."share them: see [`max_fetches`](api.md#sources)" };
	{ "token_key_max_running", keystore = "max_running", most = 64,
		text = "most fetches that run at the same time for one source; only one after the last one failed. As many again "
			.."can run for cached keys" };
	{ "token_key_max_queued", keystore = "max_queued", most = 100000,
		text = "most `kid`s that wait for a fetch" };
	{ "token_key_max_per_client", keystore = "max_per_client", most = 100000,
		text = "most unknown `kid`s of one client's address that wait at the same time. With IPv6, a client is its "
			.."network of 64 bits" };
	{ "jwt_pubkey_cache_size", keystore = "cache_size", own = true, default = 128, most = 1000000,
		text = "how many keys are cached for each key server. A JWK Set is always kept as a whole" };
};

section("key servers", { within = "keyOptions" }) {
	{ "token_key_ca_file", keystore = "ca_file", read = "path",
		text = "PEM file of authorities, if a private authority certifies the key servers" };
	{ "token_key_ca_path", keystore = "ca_path", read = "path",
		text = "directory of such files, hashed by `openssl rehash`. Only one of the two" };
	{ "token_key_proxy", keystore = "proxy", read = "string", type = "URL",
		text = "URL of a proxy. Variables like `http_proxy` are never used" };
	{ "token_key_client_cert", keystore = "client_cert", read = "path", text = "PEM file of a certificate for mutual TLS" };
	{ "token_key_client_key", keystore = "client_key", read = "path",
		text = "PEM file of the certificate's private key. Give both or neither" };
	{ "token_key_bearer_token_file", keystore = "bearer_token_file", read = "path",
		text = "file whose first line is sent as `Authorization: Bearer`. Read for every fetch" };
};

-- Read by mod_auth_token.
section("session", {}) {
	{ "region_header_name", read = "string", default = "x_proxy_region",
		text = "HTTP header, in lower case with `_`, whose value becomes `session.user_region`" };
};

-- Read by mod_token_verification, from its component.
section("moderation", {}) {
	{ "token_verification_require_token_for_moderation", read = "boolean", default = false, safe = true,
		text = "requests of room owners (for example, to change the configuration) need a token" };
	{ "token_verification_allowlist", read = "list", default = {}, type = "set", shown = "empty",
		text = "domains and bare JIDs that need no token; `admins` need none either" };
	{ "token_verification_host", read = "string", shown = "the component's name without its first label",
		text = "the VirtualHost whose options are used to verify tokens" };
};

-- The tokens that generateAsapToken() makes.
section("own tokens", { within = "asapToken", own = true }) {
	{ "asap_key_path", field = "key_path", read = "path", unchecked = true, default = "/etc/prosody/certs/asap.key",
		text = "private RSA key, PEM" };
	{ "asap_key_id", field = "key_id", read = "string", default = "jitsi", text = "the token's `kid`" };
	{ "asap_issuer", field = "issuer", read = "string", default = "jitsi", text = "`iss`" };
	{ "asap_audience", field = "audience", read = "string", default = "jitsi", text = "`aud` if the caller names none" };
	{ "asap_ttl", field = "ttl", read = "number", unit = "s", whole = true, default = 3600, least = 1, most = 315360000,
		text = "how long a token is valid" };
	{ "asap_ttl_threshold", field = "ttl_threshold", read = "number", unit = "s", whole = true, default = 600, least = 0, most = 315360000,
		text = "a new token is made when fewer seconds remain" };
};

local function rows_with(key)
	local list = {};
	for _, row in ipairs(rows) do
		list[#list + 1] = row[key] ~= nil and row or nil;
	end
	return list;
end

-- The fields of a token_util object that are read from the configuration, each once.
local fields, seen = {}, {};
for _, row in ipairs(rows_with("field")) do
	local name = row.within or row.field;
	if not seen[name] then
		fields[#fields + 1], seen[name] = name, true;
	end
end

-- The default of a row; a list is copied.
local function default_of(row)
	return type(row.default) == "table" and table.move(row.default, 1, #row.default, 1, {}) or row.default;
end

-- Options of token_verifier.new() without a row: `require_sub` is always set, `room` comes with a request.
local others = { { verifier = "require_sub", about = "sub" }, { verifier = "room", about = "room" } };

-- A new table with those `options` of token_verifier.new() whose `about` is a key of `subjects`.
local function about(options, subjects)
	local result = {};
	for _, list in ipairs({ rows, others }) do
		for _, row in ipairs(list) do
			if subjects[row.about] then
				result[row.verifier] = options[row.verifier];
			end
		end
	end
	return result;
end

return {
	sections = sections, rows = rows, by_name = by_name, fields = fields, default_of = default_of, about = about,
	of_verifier = rows_with("verifier"), of_keystore = rows_with("keystore"), sources = rows_with("source"),
};
