-- SPDX-License-Identifier: MIT
-- Whose token does not count for the rooms of a component is there a user without one, for every plugin that looks: while such a
-- user's stanza is handled, the session has no claims. Plugins read them by themselves, and ask nobody whether they count.

local verified = require "token_verifier.verified";

-- By a plugin's module API: the object that decides. The plugin makes another one if it gets another host to ask.
local deciding = setmetatable({}, { __mode = "k" });

-- `token_util` decides, an object that was made for the plugin that guards the rooms: a component may have other plugins with
-- objects for other purposes. Nothing happens for these.
local function install(module, token_util)
	local host = _G.prosody.hosts[module.host];
	if module.name ~= "token_verification" or not host or host.type ~= "component" then
		return;
	end
	local installed = deciding[module] ~= nil;
	deciding[module] = token_util;
	if installed then
		return;
	end
	local function handle(handlers, event, data)
		local origin = data.origin;
		if origin == nil or verified.is_guest(origin) or verified.counts(deciding[module], origin) then
			return handlers(event, data);
		end
		return verified.without(origin, handlers, event, data);
	end
	for _, kind in ipairs({ "presence", "message", "iq" }) do
		for _, address in ipairs({ "full", "bare", "host" }) do
			module:wrap_event(kind.."/"..address, handle);
		end
	end
end

return { install = install };
