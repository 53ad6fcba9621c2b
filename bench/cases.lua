-- SPDX-License-Identifier: MIT
-- What is measured of this module, and what it is measured by: each kind makes a function that does the work once and gives
-- something true if it came out as wanted. For the worker of `make bench` and for counting instructions.

local cjson = require "cjson";
local floor = require "floor";
local mime = require "mime";
local tv = require "token_verifier";

local kinds = {};

local function unbase64url(text)
	local plain = text:gsub("[-_]", { ["-"] = "+", ["_"] = "/" });
	return (mime.unb64(plain..("="):rep(-#plain % 4)));
end

local function options(algorithm, key)
	return {
		secret = key.secret, key = key.pem, keys = key.store, algorithms = { algorithm },
		accepted_issuers = { "app" }, accepted_audiences = { "jitsi" },
	};
end

-- The key and the token of a case are { secret | pem } and a text.

function kinds.verify(algorithm, key, token)
	local verifier = assert(tv.new(options(algorithm, key)));
	return function () return verifier:verify(token); end;
end

-- The signature check alone, with the key and the contexts ready and the signature decoded.
function kinds.floor(algorithm, key, token)
	local input, signature = token:match("^(.*)%.([^.]*)$");
	return floor.check(algorithm, key.secret or key.pem, unbase64url(signature), input);
end

function kinds.cjson(_, _, token)
	local payload = unbase64url(token:match("%.(.*)%."));
	return function () return cjson.decode(payload); end;
end

local function store_with(key)
	local store = tv.keystore();
	assert(store:put("key", key.pem));
	return { store = store };
end

-- The key by the token's kid.
function kinds.kid(algorithm, key, token)
	return kinds.verify(algorithm, store_with(key), token);
end

-- In one call, with a table of options that does not change.
function kinds.options(algorithm, key, token)
	local given = options(algorithm, key);
	return function () return tv.verify(token, given); end;
end

local key_server = "http://127.0.0.1:9/keys/";

-- What plugins call, which sets the fields of the session: by a secret, or by a key server whose key is held.
-- With `other_token` the call is about that one.
function kinds.token_util(_, key, token, other_token)
	local prosody = require "spec.support.prosody"; -- only here is a Prosody needed
	local token_util = assert(prosody.new_token_util({
		app_id = "app", asap_accepted_audiences = { "jitsi" },
		app_secret = key.secret, asap_key_server = key.pem and key_server,
	}));
	local store = key.pem and tv.keystore({ asap_key_server = key_server });
	assert(not store or store:put("key", key.pem));
	local session = { auth_token = token, ip = "192.0.2.1" };
	assert(token_util:process_and_verify_token(session));
	assert(session.jitsi_meet_context_features.recording and session.jitsi_meet_context_user.name == "Ada Lovelace");
	session.auth_token = other_token or token;
	return function () return token_util:process_and_verify_token(session), store; end;
end

-- A token whose signature does not hold.
function kinds.damaged(algorithm, key, token)
	local verifier = assert(tv.new(options(algorithm, key)));
	return function ()
		local _, _, found = verifier:verify(token);
		return found == "bad-signature";
	end;
end

-- A token that is refused with this code.
function kinds.refuse(code, key, token)
	local verifier = assert(tv.new(options("RS256", store_with(key))));
	return function ()
		local _, _, found = verifier:verify(token);
		return found == code;
	end;
end

return kinds;
