-- SPDX-License-Identifier: MIT
-- The examples of docs/configuration.md, read as the plugins read them, have no errors.

local prosody = require "spec.support.prosody";

-- Reads a piece of Prosody's configuration: the options by host, "*" for those outside.
local function read_configuration(text)
	local options = { ["*"] = {} };
	local current = options["*"];
	local function begin(host)
		options[host] = options[host] or {};
		current = options[host];
	end
	local sections = {
		VirtualHost = begin;
		Component = function (host)
			begin(host);
			return function (kind) current.component_module = kind; end;
		end;
	};
	assert(load(text, "=docs/configuration.md", "t", setmetatable({}, {
		__index = sections;
		__newindex = function (_, name, value) current[name] = value; end;
	})))();
	return options;
end

local file = assert(io.open("docs/configuration.md"));
local page = file:read("a");
file:close();

describe("docs/configuration.md", function ()
	local count = 0;
	for block in page:gmatch("\n```lua\n(.-)\n```") do
		local options = read_configuration(block);
		for host, own in pairs(options) do
			if own.app_id then
				count = count + 1;
				it(("has an example whose settings are as described: %s, %d"):format(host, count), function ()
					prosody.new_server(options);
					for name, value in pairs(own) do
						if type(value) == "string" and value:find("^/etc/prosody/") then
							own[name] = "LICENSE"; -- any file that is there
						end
					end
					local module = prosody.new_module(host, options);
					assert.is_truthy(module:require "token/util".new(module));
					for _, level in ipairs({ "error", "warn" }) do
						assert.same({}, prosody.logged(level));
					end
					assert.equal(1, #prosody.logged("info", "Tokens of "..host));
				end);
			end
		end
	end

	it("has exactly these examples", function ()
		assert.is_true(count >= 9, count);
	end);
end);
