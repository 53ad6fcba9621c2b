-- SPDX-License-Identifier: MIT
-- Reads the options of a token host into the fields of a token_util object, and complains about bad ones.

local token_verifier = require "token_verifier";

-- Fields that a reload of the configuration may change. Absent options leave some of them nil.
local fields = {
	"appId", "appSecret", "asapKeyServer", "cacheKeysUrl", "signatureAlgorithm", "allowEmptyToken",
	"acceptedIssuers", "acceptedAudiences", "requireRoomClaim", "enableDomainVerification",
	"muc_domain_prefix", "muc_domain_base", "muc_domain",
	"regexEnabled", "regexRoomMaxLength", "regexRoomMaxQuantifiers", "leeway",
};

local reader = {};
reader.__index = reader;

function reader:wrong(name, expected, value, consequence)
	self.log("error", "Option '%s' must be %s, not a %s: %s", name, expected, type(value), consequence);
end

function reader:string(name)
	local value = self.context:get_option(name);
	if type(value) == "number" then
		return tostring(value); -- as Prosody's own get_option_string() does
	elseif value ~= nil and type(value) ~= "string" then
		self:wrong(name, "a string", value, "it is ignored");
		return nil;
	end
	return value;
end

local booleans = { [true] = true, ["true"] = true, [1] = true, [false] = false, ["false"] = false, [0] = false };

-- `safe` is taken in place of what is no boolean; it is the value that lets fewer people in.
function reader:boolean(name, default, safe)
	local value = self.context:get_option(name);
	if value == nil then
		return default;
	end
	local known = booleans[value];
	if known == nil then
		self:wrong(name, "true or false", value, ("%s is taken"):format(safe));
		return safe;
	end
	return known;
end

function reader:number(name, default, min, max)
	local value = self.context:get_option(name);
	if value == nil then
		return default;
	end
	local number = tonumber(value);
	if not number or number < min or number > max then
		self.log("error", "Option '%s' must be a number from %d to %d: %d is taken", name, min, max, default);
		return default;
	end
	return number;
end

-- A list of strings; what is no string is left out, so that it accepts nothing.
function reader:list(name, default)
	local value = self.context:get_option(name);
	if value == nil then
		return default;
	elseif type(value) == "string" then
		return { value };
	elseif type(value) ~= "table" then
		self:wrong(name, "a list of strings", value, "nothing is accepted");
		return {};
	end
	local list = {};
	for _, entry in ipairs(value) do
		if type(entry) == "string" then
			list[#list + 1] = entry;
		else
			self:wrong(name, "a list of strings", entry, "that entry is ignored");
		end
	end
	if next(value) ~= nil and #list == 0 then
		self.log("error", "Option '%s' holds no string: nothing is accepted", name);
	end
	return list;
end

-- The shared secret, unless it is what an unfilled template leaves behind.
function reader:secret()
	local secret = self:string("app_secret");
	if secret == nil then
		return nil;
	end
	local usable, message = token_verifier.new({ secret = secret, algorithms = { "HS256" } });
	if not usable then
		self.log("error", "Option 'app_secret' is not used: %s", message);
		return nil;
	end
	return secret;
end

-- The base URL or a list of them, or nil. A server that cannot be asked becomes one that holds no key: tokens must not
-- be verified with something else for it.
function reader:key_server()
	local value = self.context:get_option("asap_key_server");
	if value == true or value == "true" then
		self.log("warn", "Option 'asap_key_server' is not a URL but 'true': it is ignored");
		return nil;
	elseif value == nil then
		return nil;
	end
	local servers = type(value) == "table" and value or { value };
	for _, server in ipairs(servers) do
		local ok, store, message = pcall(token_verifier.keystore, { asap_key_server = server });
		if not ok or not store then
			self.log("error", "Option 'asap_key_server' is not a usable URL, so no token can be verified: %s",
				ok and message or store);
			return "";
		end
		store:close();
	end
	if #servers == 0 then
		self.log("error", "Option 'asap_key_server' is an empty list, so no token can be verified");
		return "";
	end
	return value;
end

-- The JWK Set's URL. Nothing reads it yet, and that must be heard.
function reader:key_set()
	local url = self:string("cache_keys_url");
	if url ~= nil then
		self.log("error", "Option 'cache_keys_url' is not supported by this version: no key is read from it, "
			.."and no token is verified with 'app_secret' in its place");
	end
	return url;
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
function reader:algorithms(has_key_source)
	local value = self.context:get_option("signature_algorithm");
	if value == nil then
		return has_key_source and "RS256" or "HS256";
	end
	local list = self:list("signature_algorithm");
	local hmac = 0;
	for _, name in ipairs(list) do
		if not is_known(name) then
			self.log("error", "Option 'signature_algorithm' names the unknown algorithm %q: no token is accepted", name);
			return {};
		end
		hmac = hmac + (is_hmac(name) and 1 or 0);
	end
	if hmac > 0 and hmac < #list then
		self.log("error", "Option 'signature_algorithm' mixes HS* with others, "
			.."which would let a public key pass for a secret: no token is accepted");
		return {};
	elseif #list > 0 and (hmac > 0) == has_key_source then
		self.log("error", "Option 'signature_algorithm' fits no configured key (%s): no token is accepted",
			has_key_source and "a key server needs RS*" or "app_secret needs HS*");
	end
	return type(value) == "string" and value or list;
end

function reader:domains(settings)
	settings.muc_domain_prefix = self:string("muc_mapper_domain_prefix") or "conference";
	settings.muc_domain_base = self:string("muc_mapper_domain_base");
	if settings.muc_domain_base then
		settings.muc_domain = self:string("muc_mapper_domain")
			or settings.muc_domain_prefix.."."..settings.muc_domain_base;
	end
end

-- Reads everything through `context` (a module API object). Returns the table of fields, or nil after an error line
-- that names the option to fix.
local function read(context, log)
	local options = setmetatable({ context = context, log = log }, reader);
	local settings = { appId = options:string("app_id") };
	if not settings.appId then
		log("error", "Option 'app_id' must be set: tokens cannot be verified");
		return nil;
	end
	settings.appSecret = options:secret();
	settings.asapKeyServer = options:key_server();
	settings.cacheKeysUrl = options:key_set();
	settings.allowEmptyToken = options:boolean("allow_empty_token", false, false);
	local has_key_source = settings.asapKeyServer ~= nil or settings.cacheKeysUrl ~= nil;
	if not has_key_source and not settings.appSecret and not settings.allowEmptyToken then
		log("error", "Option 'app_secret' or 'asap_key_server' must be set: there is no key to verify tokens with");
		return nil;
	end
	if settings.allowEmptyToken then
		log("warn", "Option 'allow_empty_token' is on: guests without a token are let in");
	end
	settings.signatureAlgorithm = options:algorithms(has_key_source);
	settings.acceptedIssuers = options:list("asap_accepted_issuers", { settings.appId });
	settings.acceptedAudiences = options:list("asap_accepted_audiences", { "*" });
	settings.requireRoomClaim = options:boolean("asap_require_room_claim", true, true);
	settings.enableDomainVerification = options:boolean("enable_domain_verification", true, true);
	options:domains(settings);
	settings.regexEnabled = options:boolean("token_regex_enabled", true, false);
	settings.regexRoomMaxLength = options:number("token_regex_room_max_length", 128, 0, 1023);
	settings.regexRoomMaxQuantifiers = options:number("token_regex_max_quantifiers", 3, 0, 256);
	settings.leeway = options:number("token_leeway", 0, 0, 300);
	return settings;
end

-- Of the loading plugin's own host: the number of keys held per key server.
local function read_cache_size(own_module)
	local options = setmetatable({ context = own_module, log = function (...) own_module:log(...); end }, reader);
	return options:number("jwt_pubkey_cache_size", 128, 1, 1000000);
end

return { fields = fields, read = read, read_cache_size = read_cache_size };
