-- SPDX-License-Identifier: MIT
-- The configuration that Jitsi's Debian packages write: their template with the changes that jitsi-meet-tokens makes.

local name = "meet.example";

local function template()
	local file <close> = assert(io.open(os.getenv("JITSI_CONFIGURATION")));
	return file:read("a");
end

-- What the packages' scripts do to the template; every change must find its place. `options` stand where the secret is.
local function configuration(options)
	local text = template():gsub("jitmeet%.example%.com", name):gsub("focusUser", "focus"):gsub("__turnSecret__", "turn-secret");
	for _, change in ipairs({
		{ 'authentication = "jitsi-anonymous" -- do not delete me', 'authentication = "token" -- do not delete me' },
		{ '--app_id="example_app_id"', 'app_id="issuer"' },
		{ '--app_secret="example_app_secret"', options },
		{ '--"token_verification"', '"token_verification"' },
	}) do
		local from, to = text:find(change[1], 1, true);
		text = text:sub(1, assert(from, change[1]) - 1)..change[2]..text:sub(to + 1);
	end
	return text;
end

return { name = name, configuration = configuration };
