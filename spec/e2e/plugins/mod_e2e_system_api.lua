-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: an HTTP API for systems, guarded by tokens of a key server of its own.
-- Like those, it sets the key server to "" where none is configured.

local util = module:require "token/util".new(module);
util:set_asap_key_server(module:get_option_string("e2e_system_key_server", ""));
util:set_asap_accepted_issuers({ "system" });
util:set_asap_require_room_claim(false);

module:depends("http");
module:provides("http", {
	default_path = "/system-api";
	route = {
		GET = function (event)
			local token = (event.request.headers.authorization or ""):match("^Bearer (.+)$");
			local ok, condition, reason = util:process_and_verify_token({ auth_token = token });
			return ("%s %s %s"):format(tostring(ok), condition or "-", reason or "-");
		end;
	};
});
