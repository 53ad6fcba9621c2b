-- SPDX-License-Identifier: MIT
-- Reads the options of a token host into the fields of a token_util object, and complains about bad ones.

local advice = require "token_verifier.options.advice";
local check_options = require "token_verifier.options.check_options";
local host_log = require "token_verifier.options.host_log";
local key_options = require "token_verifier.options.key_options";
local option_reader = require "token_verifier.options.option_reader";
local secret_options = require "token_verifier.options.secret_options";
local shadow = require "token_verifier.plugin.shadow";
local source_options = require "token_verifier.options.source_options";
local sources = require "token_verifier.plugin.sources";
local unknown_options = require "token_verifier.options.unknown_options";

-- Fields that a reload of the configuration may change. Absent options leave some of them nil.
local fields = {
	"appId", "appSecret", "asapKeyServer", "cacheKeysUrl", "signatureAlgorithm", "allowEmptyToken",
	"acceptedIssuers", "acceptedAudiences", "requireRoomClaim", "enableDomainVerification",
	"muc_domain_prefix", "muc_domain_base", "muc_domain",
	"regexEnabled", "regexRoomMaxLength", "regexRoomMaxQuantifiers", "verificationHosts",
	"leeway", "maxLifetime", "acceptedTypes", "acceptMilliseconds", "requiredClaims", "strictSecrets",
	"allowMissingKid",
	"openidIssuer", "tokenIssuers", "keyOptions", "asapToken",
};

local function read_domains(reader, settings)
	settings.muc_domain_prefix = reader:string("muc_mapper_domain_prefix") or "conference";
	settings.muc_domain_base = reader:string("muc_mapper_domain_base");
	local domain = reader:string("muc_mapper_domain");
	if settings.muc_domain_base then
		settings.muc_domain = domain or settings.muc_domain_prefix.."."..settings.muc_domain_base;
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

-- The other hosts whose verified tokens count for this host's rooms. The names of hosts are in lower case.
local function read_verification_hosts(reader)
	local hosts = reader:list("token_verification_hosts", {});
	for i, host in ipairs(hosts) do
		hosts[i] = host:lower();
	end
	return hosts;
end

local function read_patterns(reader, settings)
	settings.regexEnabled = reader:boolean("token_regex_enabled", true, false);
	settings.regexRoomMaxLength = reader:number("token_regex_room_max_length", 128, 0, 1023);
	settings.regexRoomMaxQuantifiers = reader:number("token_regex_max_quantifiers", 3, 0, 256);
end

-- What the tokens are like that generateAsapToken() makes.
local function read_asap_token(reader)
	local has_path = reader:string("asap_key_path") ~= nil;
	return {
		key_path = has_path and reader.context:get_option_path("asap_key_path", nil, "config")
			or "/etc/prosody/certs/asap.key",
		key_id = reader:string("asap_key_id") or "jitsi",
		issuer = reader:string("asap_issuer") or "jitsi",
		audience = reader:string("asap_audience") or "jitsi",
		ttl = reader:number("asap_ttl", 3600, 1, 315360000, true),
		ttl_threshold = reader:number("asap_ttl_threshold", 600, 0, 315360000, true),
	};
end

-- The secret, and who is let in with what. Returns whether tokens can be verified at all; if not, after an error line
-- that names the option to fix.
local function read_keys(reader, settings, log)
	local has_key_source = sources.is_configured(settings);
	check_options.read(reader, settings, has_key_source);
	settings.allowEmptyToken = reader:boolean("allow_empty_token", false, false);
	local problem, warning;
	settings.appSecret, problem, warning = secret_options.read(reader, settings);
	settings.secretProblem = not has_key_source and problem or nil; -- for explanations
	if warning and not has_key_source then
		reader.log("warn", "The shared secret is weak: %s", warning);
	end
	if settings.appId == nil then
		log("error", "Option 'app_id' must be set: tokens cannot be verified");
		return false;
	elseif not has_key_source and not settings.appSecret and not settings.allowEmptyToken then
		if problem then
			log("error", "There is no key to verify tokens with: %s", problem);
		else
			log("error", "Option 'app_secret' or 'asap_key_server' must be set: there is no key to verify tokens with");
		end
		return false;
	elseif problem then
		reader.log("error", "The shared secret counts as unset: %s", problem);
	end
	return true;
end

-- The log line itself tells the host of the plugin. It may read the options of another one, which must be said.
local function with_host(host, own_module, log)
	if host == own_module.host then
		return log;
	end
	return function (level, text, ...)
		log(level, "%s: "..text, host, ...);
	end;
end

-- Reads everything through `context` (a module API object, or a stand-in that has also `plugin_folders` and `sections`, the
-- options by host), and what is the loading plugin's own through `own_module`.
-- Returns the table of fields, and whether tokens can be verified with them; if not, after an error line that names the
-- option to fix. With `aside` all there is to say goes to `log`, whether or not it was said before.
local function read(context, own_module, log, aside)
	local asked, notes, own_notes = {}, host_log.new(), host_log.new();
	local reader = option_reader.new(context, function (...) notes:add(...); end, asked);
	local own_reader = option_reader.new(own_module, function (...) own_notes:add(...); end, asked);
	local settings = { appId = reader:string("app_id"), keyOptions = key_options.read(reader) };
	settings.keyOptions.cache_size = own_reader:number("jwt_pubkey_cache_size", 128, 1, 1000000, true);
	settings.asapToken = read_asap_token(own_reader);
	local found = source_options.read(reader, settings);
	local log_for_host = aside and log or with_host(context.host, own_module, log);
	local usable = read_keys(reader, settings, log_for_host);
	settings.acceptedIssuers = read_issuers(reader, settings);
	settings.acceptedAudiences = reader:list("asap_accepted_audiences", { "*" });
	settings.requireRoomClaim = reader:boolean("asap_require_room_claim", true, true);
	settings.enableDomainVerification = reader:boolean("enable_domain_verification", true, true);
	read_domains(reader, settings);
	read_patterns(reader, settings);
	settings.verificationHosts = read_verification_hosts(reader);
	shadow.check(reader.log, context.plugin_folders);
	unknown_options.check(context.host, asked, reader.log, context.sections);
	unknown_options.check_hosts("token_verification_hosts", settings.verificationHosts, reader.log, context.sections);
	advice.warn(settings, found, reader.log);
	advice.warn_of_domain(settings, own_module, own_reader.log);
	if usable then
		advice.say_what_is_in_force(context.host, settings, found, reader.log);
	end
	notes:say(not aside and context.host, "as read", log_for_host, usable);
	own_notes:say(not aside and own_module.host, "its own", log, usable);
	return settings, usable;
end

return { fields = fields, read = read };
