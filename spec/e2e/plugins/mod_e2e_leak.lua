-- SPDX-License-Identifier: MIT
-- A plugin that writes whatever it is given into the log, for the check that finds what must not be there.

module:depends("http");
module:provides("http", {
	default_path = "/leak";
	route = {
		GET = function (event)
			module:log("debug", "Token %s is not accepted", event.request.headers.authorization:match("^Bearer (.*)$"));
			return "";
		end;
	};
});
