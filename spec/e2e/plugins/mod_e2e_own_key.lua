-- SPDX-License-Identifier: MIT
-- A plugin that brings the key for a log-in by itself, as Jitsi's plugins may.

local json = require "util.json";
local to_pem = module:require "token/jwk".jwk_to_pem;

local key = module:get_option_string("e2e_own_key");
local jwk = module:get_option_string("e2e_own_jwk");
if jwk then
	key = assert(to_pem(json.decode(jwk)));
end

module:hook_global("pre-jitsi-authentication-fetch-key", function (session)
	if session.host == module.host then
		session.public_key = key;
	end
end);
