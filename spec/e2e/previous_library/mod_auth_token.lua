-- SPDX-License-Identifier: MIT
-- Stands for the plugin that an operator continues to use: it uses the first token/util in the plugin paths.

local formdecode = require "util.http".formdecode;
local generate_uuid = require "util.uuid".generate;
local new_sasl = require "util.sasl".new;

local host = module.host;
local token_util = module:require "token/util".new(module);

module:hook_global("websocket-session", function (event)
	event.session.auth_token = formdecode(event.request.url.query or "=").token;
end);

module:provides("auth", {
	get_sasl_handler = function (session)
		local handler = new_sasl(host, { mechanisms = { ANONYMOUS = true } });
		function handler:process()
			local ok, condition, text = token_util:process_and_verify_token(session);
			if not ok then
				return "failure", condition, text;
			end
			self.username = generate_uuid();
			return "success";
		end
		return handler;
	end;
});
