-- SPDX-License-Identifier: MIT
-- token_util: verifies the token of a session and decides which rooms it may enter.

if _VERSION ~= "Lua 5.4" then -- whose modules this Lua does not even find
	module:log("error", "token_verifier needs Lua 5.4, this Prosody runs on %s", _VERSION:match("%S+$"));
	return { new = function () end };
end

local asap_token = require "token_verifier.plugin.asap_token";
local claims_fields = require "token_verifier.plugin.claims";
local config = require "token_verifier.options.config";
local guard = require "token_verifier.plugin.guard";
local keys = require "token_verifier.plugin.keys";
local loop = require "token_verifier.loop";
local metrics = require "token_verifier.plugin.metrics";
local monotonic = require "util.time".monotonic;
local report = require "token_verifier.plugin.report";
local room_rules = require "token_verifier.plugin.room";
local token_options = require "token_verifier.plugin.token_options";
local verified = require "token_verifier.plugin.verified";
local waiting = require "token_verifier.plugin.waiting";
local pcall, type = pcall, type;

local function log(level, ...)
	module:log(level, ...);
end

-- As in Jitsi's library.
local count_pattern = module:measure("regex_room_claim", "counter");

-- Whether the plugin is loaded, perhaps as a new copy after a reload.
local function is_loaded()
	local host = prosody.hosts[module.host];
	local manager = package.loaded["core.modulemanager"] or package.loaded["prosody.core.modulemanager"];
	if not host and manager then -- a global plugin
		return manager.is_loaded(module.host, module.name);
	end
	return host ~= nil and host.modules ~= nil and host.modules[module.name] ~= nil;
end

-- This copy of the library belongs to one plugin and must clean up when the plugin is unloaded. Prosody then removes the plugin's
-- event handlers: the object below has no events, but remove_handler() tells that the plugin is being unloaded.
local watch = loop.attach();
local key_sets = setmetatable({}, { __mode = "k" });
module:hook_object_event({
	add_handler = function () end;
	remove_handler = function ()
		watch:detach(is_loaded);
		for key_set in pairs(key_sets) do
			key_set:close();
		end
	end;
}, "unload", function () end);

-- High priority: this must be recorded before any plugin decides whether the resumed session takes the token over.
module:hook_global("c2s-session-updated", function (event)
	verified.resume(event.session, event.from_session);
end, 1000);

-- COMPAT Prosody 0.12. In 13 the connection's session is already empty here, so this does nothing.
module:hook("smacks-hibernation-end", function (event)
	verified.resume(event.resumed, event.origin);
end, 1000);

local util = {};

-- The client's address, for the limits per client. Nil for loopback: that is a reverse proxy which does not forward addresses.
local function client_of(session)
	local ip = session.ip;
	if type(ip) ~= "string" or ip == "::1" or ip:find("^127%.") or ip:find("^::ffff:127%.") then
		return nil;
	end
	return ip;
end

-- Options of a call that does not wait; reused.
local request = { detail = true };

-- Returns the claims and the header, or nil, message, code, and the facts if the token was parsed.
local function verify(self, session, token)
	if type(token) ~= "string" then
		return nil, ("the token is a %s, not a string"):format(type(token)), "malformed-token";
	end
	local verifier, stores, code = self._keys:verifier(self._values, session);
	if not verifier then
		return nil, stores, code;
	end
	local client = #stores > 0 and client_of(session) or nil; -- only fetches are limited
	request.client = client;
	local claims, message, facts;
	claims, message, code, facts = verifier:verify(token, request);
	if claims or code ~= "key-pending" then
		return claims, message, code, facts;
	end
	local began = monotonic();
	claims, message, code, facts = waiting.wait_and_ask(watch, session, stores, self.keyOptions.wait_limit, facts, function ()
		return verifier:verify(token, { client = client, detail = true });
	end);
	if code ~= "key-pending" then -- the code if the caller cannot wait
		self._count:waited(monotonic() - began);
	end
	return claims, message, code, facts;
end

-- Session -> { code, facts, had_token }, until it is accepted: why it was last refused, for why_refused(), and whether a token was
-- refused. A session with `had_token` must not become a guest when something removes its token.
local refused = setmetatable({}, { __mode = "k" });

-- `seconds` is how long the verification took, nil if there was no token; `facts` are what is known about the token.
local function refuse(self, session, token, seconds, code, message, facts)
	self._count:refused(code, seconds);
	module:log("info", "Token refused: %s: %s (%s)", code, message, report.refused_token(session, token, facts));
	local former = refused[session];
	refused[session] = { code = code, facts = facts, had_token = token ~= nil or former ~= nil and former.had_token };
	verified.refuse(session, self._host);
	return false, report.answer(code, message);
end

-- Informs other plugins. An error in one of them must not leave the client without an answer.
local function announce(session, claims)
	local ok, err = pcall(prosody.events.fire_event, "jitsi-authentication-token-verified", {
		session = session, claims = claims,
	});
	if not ok then
		module:log("error", "Error in a handler of jitsi-authentication-token-verified: %s", err);
	end
	return ok;
end

-- Verifies `session.auth_token` and sets the session's fields from its claims.
-- Returns true, or false, a SASL condition and a text.
function util:process_and_verify_token(session)
	local token = session.auth_token;
	if token == nil then
		local former = refused[session];
		if self.allowEmptyToken == true and not (former and former.had_token) then
			refused[session] = nil;
			self._count:guest();
			return true;
		end
		return refuse(self, session, nil, nil, "token-required", "token required");
	end
	local began = monotonic();
	local ok, claims, message, code, facts = pcall(verify, self, session, token);
	if not ok then
		module:log("error", "Error while a token was verified: %s", claims);
		claims, message, code = nil, "the token could not be verified", "internal-error";
	end
	if not claims then
		return refuse(self, session, token, monotonic() - began, code, message, facts);
	end
	local header = message;
	local context = claims_fields.assign(session, claims);
	verified.set(session, self._host);
	if not announce(session, claims) then
		code, message = "internal-error", "the token could not be processed";
	elseif session.contextRequired and not context then
		code, message = "missing-claim", "the token has no context";
	end
	if code then
		claims_fields.assign(session, {});
		verified.clear(session);
		return refuse(self, session, token, monotonic() - began, code, message, { kid = header.kid, issuer = claims.iss });
	end
	refused[session] = nil;
	self._count:accepted(monotonic() - began);
	return true;
end

-- Why the last call of process_and_verify_token() refused the session: a code, and the facts, if any, as from verify() with
-- `detail`. Nil if it was accepted.
function util.why_refused(_, session)
	local refusal = refused[session];
	if refusal then
		return refusal.code, refusal.facts;
	end
	return nil;
end

-- Decides whether the session may enter the room. Returns true, or false, the name of an error and a reason.
function util:verify_room(session, room_address)
	local ok, allowed, error_name, reason, words, code = pcall(room_rules.verify, self, session, room_address, room_rules.find);
	if not ok then -- because of a field that another plugin has set, or in the MUC
		module:log("error", "Error while a room was checked: %s", allowed);
		allowed, error_name, reason, words, code = false, nil, "the room could not be checked", nil, nil;
	end
	if allowed then
		if room_rules.is_pattern(session.jitsi_meet_context_room) then
			count_pattern(1);
			module:log("info", "Room claim is a pattern that names the room: %s", report.quote(tostring(session.jitsi_meet_room)));
		end
		guard.note(session, room_address);
		return true;
	end
	code = error_name or code or "room-mismatch";
	self._count:room_refused(code);
	module:log("info", "Room refused: %s: %s (%s)", code,
		words or reason or "the token is for another room or tenant", report.refused_room(session, room_address));
	return false, error_name, reason;
end

function util:set_asap_accepted_issuers(issuers)
	self.acceptedIssuers = issuers;
end

function util:set_asap_accepted_audiences(audiences)
	self.acceptedAudiences = audiences;
end

function util:set_asap_require_room_claim(required)
	self.requireRoomClaim = required;
end

-- `""` is a key server that holds no key; only nil means that there is none.
function util:set_asap_key_server(url)
	self.asapKeyServer = url;
end

-- Forgets all fetched keys, so that they are fetched again.
function util:clear_asap_cache()
	self._keys:clear();
	for _, store in ipairs(self._keys.sources:all(self) or {}) do
		store:forget();
	end
end

-- The key of `kid` in the first store that has it, or nil, message, code. After a store whose fetch is pending, the result is
-- `key-pending`, but the later stores are asked too, so that their fetches start now.
local function find_key(stores, kid)
	local message, code;
	for _, store in ipairs(stores) do
		local key, key_message, key_code = store:get(kid, false);
		if code ~= "key-pending" then
			if key then
				return key;
			elseif not code or key_code ~= "key-not-found" then
				message, code = key_message, key_code;
			end
		end
	end
	return nil, message, code, { kid = kid };
end

local function fetch_key(self, kid)
	local sources = self._keys.sources;
	local list = sources:in_force(self); -- read once: another log-in may set another URL while this one waits
	local stores, message, code = sources:stores_of(list);
	if not stores then
		return nil, message, code;
	end
	return waiting.ask_and_wait(watch, {}, stores, self.keyOptions.wait_limit, function ()
		return find_key(sources:stores_of(list) or stores, kid);
	end);
end

-- The public key of `kid` as PEM, or nil. Waits for it if the caller can wait.
function util:get_public_key(kid)
	if type(kid) ~= "string" then
		return nil;
	end
	local ok, key, message, code = pcall(fetch_key, self, kid);
	if ok and key then
		return key:pem();
	end
	module:log("info", "No public key: %s: %s", ok and code or "internal-error", ok and message or key);
	return nil;
end

-- "Bearer " and a token that this server signs for another service; "" after a warning if it cannot be made.
function util:generateAsapToken(audience)
	audience = audience == nil and self.asapToken.audience or audience;
	local token, message;
	if type(audience) == "string" then
		token, message = self._asap_tokens:token(self.asapToken, audience);
	else
		message = ("the audience is a %s, not a string"):format(type(audience));
	end
	if not token then
		module:log("warn", "No ASAP token could be made: %s", message);
		return "";
	end
	return "Bearer "..token;
end

-- A key server that is set at run time replaces the sources bound to issuers: a plugin that sets one does not want tokens of
-- those issuers.
local replaced_by = { asapKeyServer = {} };
for _, row in ipairs(token_options.sources) do
	table.insert(replaced_by.asapKeyServer, not row.common and row.field or nil);
end

-- The object that plugins get. Assignments to its fields are recorded, so that a reload of the configuration does not undo them.
local function new_object(values, assigned)
	return setmetatable({}, {
		__index = setmetatable(values, { __index = util });
		__newindex = function (_, name, value)
			values[name], assigned[name] = value, true;
			values._changes = values._changes + 1;
			for _, other in ipairs(value ~= nil and replaced_by[name] or {}) do
				values[other], assigned[other] = nil, true;
			end
		end;
	});
end

local function same_list(a, b)
	for i = 1, math.max(#a, #b) do
		if a[i] ~= b[i] then
			return false;
		end
	end
	return true;
end

-- Takes over the configuration, except for fields that were assigned, and lists that were changed, since it was last read.
local function configure(values, assigned, settings)
	values._changes = values._changes + 1;
	for _, field in ipairs(token_options.fields) do
		local value, last = values[field], values._configured[field];
		if type(value) == "table" and type(last) == "table" and not same_list(value, last) then
			assigned[field] = true;
		end
		if not assigned[field] then
			local new_value = settings[field];
			values._configured[field] = type(new_value) == "table" and table.move(new_value, 1, #new_value, 1, {})
				or new_value;
			values[field] = new_value;
		end
	end
end

-- Fetches the JWK Sets once the event loop runs: a server may still fork after it has loaded its plugins.
local function prefetch(key_set, object)
	module:add_timer(0, function ()
		local ok, begun = pcall(key_set.sources.prefetch, key_set.sources, object);
		if not ok then
			module:log("error", "Error while keys were to be fetched: %s", begun);
		elseif begun then
			watch:start();
		end
	end);
end

-- `context` is the module API object of the host whose options are read. Returns nil after logging an error if tokens cannot be
-- verified.
local function new(context)
	local settings, usable = config.read(context, module, log);
	if not usable then
		return nil;
	end
	local key_set = keys.new(settings.keyOptions, log);
	key_sets[key_set] = true;
	local values, assigned = {
		log = log, _keys = key_set, _changes = 0, _configured = {}, _count = metrics.new(module, context.host), _asap_tokens = asap_token.new(),
		_host = context.host, _base_of = function (host) return module:context(host):get_option("muc_mapper_domain_base"); end,
	}, {};
	values._values = values; -- direct access, without the metatable
	local object = new_object(values, assigned);
	configure(values, assigned, settings);
	key_set.sources:note_configured(settings);
	prefetch(key_set, object);
	guard.install(module, object);
	module:hook_global("config-reloaded", function ()
		local configured = config.read(context, module, log);
		configure(values, assigned, configured); -- even if unusable: removed settings must not stay in force
		key_set:configure(object, configured);
		prefetch(key_set, object);
	end);
	return object;
end

return { new = new };
