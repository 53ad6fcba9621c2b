-- SPDX-License-Identifier: MIT
-- Reads the options of a token host into the fields of a token_util object, and complains about bad ones.

local token_verifier = require "token_verifier";
local key_options = require "token_verifier.key_options";
local option_reader = require "token_verifier.option_reader";
local source_options = require "token_verifier.source_options";
local is_configured = require "token_verifier.sources".is_configured;

-- Fields that a reload of the configuration may change. Absent options leave some of them nil.
local fields = {
	"appId", "appSecret", "asapKeyServer", "cacheKeysUrl", "signatureAlgorithm", "allowEmptyToken",
	"acceptedIssuers", "acceptedAudiences", "requireRoomClaim", "enableDomainVerification",
	"muc_domain_prefix", "muc_domain_base", "muc_domain",
	"regexEnabled", "regexRoomMaxLength", "regexRoomMaxQuantifiers", "leeway",
	"openidIssuer", "tokenIssuers", "allowMissingKid", "keyOptions",
};

-- The shared secret, unless it is what an unfilled template leaves behind.
local function read_secret(reader)
	local secret = reader:string("app_secret");
	if secret == nil then
		return nil;
	end
	local usable, message = token_verifier.new({ secret = secret, algorithms = { "HS256" } });
	if not usable then
		reader.log("error", "Option 'app_secret' is not used: %s", message);
		return nil;
	end
	return secret;
end

local function is_hmac(name)
	return name:sub(1, 2) == "HS";
end

local function is_known(name)
	local key = is_hmac(name) and { secret = ("x"):rep(64) } or { keys = token_verifier.keystore({}) };
	key.algorithms = { name };
	return (pcall(token_verifier.new, key));
end

-- The accepted algorithms. An empty list accepts none: what cannot be right is not put right by guessing.
local function read_algorithms(reader, has_key_source)
	local value = reader:raw("signature_algorithm");
	if value == nil then
		return has_key_source and "RS256" or "HS256";
	end
	local list = reader:list("signature_algorithm");
	local hmac = 0;
	for _, name in ipairs(list) do
		if not is_known(name) then
			reader.log("error", "Option 'signature_algorithm' names the unknown algorithm %q: no token is accepted", name);
			return {};
		end
		hmac = hmac + (is_hmac(name) and 1 or 0);
	end
	if hmac > 0 and hmac < #list then
		reader.log("error", "Option 'signature_algorithm' mixes HS* with others, "
			.."which would let a public key pass for a secret: no token is accepted");
		return {};
	elseif #list > 0 and (hmac > 0) == has_key_source then
		reader.log("error", "Option 'signature_algorithm' fits no configured key (%s): no token is accepted",
			has_key_source and "public keys cannot check HS*" or "app_secret needs HS*");
	end
	return type(value) == "string" and value or list;
end

local function read_domains(reader, settings)
	settings.muc_domain_prefix = reader:string("muc_mapper_domain_prefix") or "conference";
	settings.muc_domain_base = reader:string("muc_mapper_domain_base");
	if settings.muc_domain_base then
		settings.muc_domain = reader:string("muc_mapper_domain")
			or settings.muc_domain_prefix.."."..settings.muc_domain_base;
	end
end

-- Who is configured with keys of his own is accepted too.
local function read_issuers(reader, settings)
	local accepted = reader:list("asap_accepted_issuers", { settings.appId });
	for _, issuer in ipairs(settings.openidIssuer or {}) do
		accepted[#accepted + 1] = issuer;
	end
	for issuer in pairs(settings.tokenIssuers or {}) do
		accepted[#accepted + 1] = issuer;
	end
	return accepted;
end

local function read_limits(reader, settings)
	settings.regexEnabled = reader:boolean("token_regex_enabled", true, false);
	settings.regexRoomMaxLength = reader:number("token_regex_room_max_length", 128, 0, 1023);
	settings.regexRoomMaxQuantifiers = reader:number("token_regex_max_quantifiers", 3, 0, 256);
	settings.leeway = reader:number("token_leeway", 0, 0, 300, true);
end

-- The options of how keys are fetched and held. Of these, the number of keys held is the loading plugin's own.
local function read_key_options(reader, own_module)
	local options = key_options.read(reader);
	local own_reader = option_reader.new(own_module, function (...) own_module:log(...); end);
	options.cache_size = own_reader:number("jwt_pubkey_cache_size", 128, 1, 1000000, true);
	return options;
end

-- Reads everything through `context` (a module API object), and what is the loading plugin's own through `own_module`.
-- Returns the table of fields, and whether tokens can be verified with them; if not, after an error line that names the
-- option to fix.
local function read(context, own_module, log)
	local reader = option_reader.new(context, log);
	local settings = { appId = reader:string("app_id") };
	local usable = settings.appId ~= nil;
	if not usable then
		log("error", "Option 'app_id' must be set: tokens cannot be verified");
	end
	settings.appSecret = read_secret(reader);
	settings.keyOptions = read_key_options(reader, own_module);
	source_options.read(reader, settings);
	settings.allowEmptyToken = reader:boolean("allow_empty_token", false, false);
	local has_key_source = is_configured(settings);
	if not has_key_source and not settings.appSecret and not settings.allowEmptyToken then
		log("error", "Option 'app_secret' or 'asap_key_server' must be set: there is no key to verify tokens with");
		usable = false;
	end
	if settings.allowEmptyToken then
		log("warn", "Option 'allow_empty_token' is on: guests without a token are let in");
	end
	settings.signatureAlgorithm = read_algorithms(reader, has_key_source);
	settings.allowMissingKid = reader:boolean("token_allow_missing_kid", false, false);
	settings.acceptedIssuers = read_issuers(reader, settings);
	settings.acceptedAudiences = reader:list("asap_accepted_audiences", { "*" });
	settings.requireRoomClaim = reader:boolean("asap_require_room_claim", true, true);
	settings.enableDomainVerification = reader:boolean("enable_domain_verification", true, true);
	read_domains(reader, settings);
	read_limits(reader, settings);
	return settings, usable;
end

return { fields = fields, read = read };
