-- SPDX-License-Identifier: MIT
-- A plugin as operators have them: a component that signs tokens for other services with a key of its own, and hands out the
-- public keys of the host whose users it serves.

local formdecode = require "util.http".formdecode;

local util = module:require "token/util".new(module:context(module:get_option_string("e2e_users")));

module:depends("http");
module:provides("http", {
	default_path = "/";
	route = {
		["GET /asap-token"] = function (event)
			local asked = formdecode(event.request.url.query or "=");
			return util:generateAsapToken(asked.audience);
		end;
		["GET /public-key"] = function (event)
			return util:get_public_key(formdecode(event.request.url.query).kid) or "none";
		end;
	};
});
