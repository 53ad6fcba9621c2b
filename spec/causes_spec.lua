-- SPDX-License-Identifier: MIT
-- The table of causes is complete, and each cause has a spec that produces it.

local causes = require "token_verifier.explain.causes";
local token_verifier = require "token_verifier";

-- What the log knows besides the codes of the native module.
local of_the_log = {
	ok = true, ["room-name-does-not-match"] = true, ["room-mismatch"] = true, ["invalid-regex"] = true,
	["server-missing-config"] = true, ["room-does-not-exist"] = true, ["token-required"] = true,
};

local places = {};
for _, word in ipairs({ "token", "text", "configuration", "key server", "issuer", "clock", "server", "command", "nowhere" }) do
	places[word] = true;
end

describe("the table of causes", function ()
	it("has one for every code", function ()
		local found = {};
		for _, cause in ipairs(causes.list) do
			assert.is_true(token_verifier.codes[cause.code] ~= nil or of_the_log[cause.code] == true, cause.key);
			found[cause.code] = true;
		end
		for code in pairs(token_verifier.codes) do
			assert.is_true(found[code] == true, code);
		end
	end);

	it("has the cause, the fix and where to apply it for each, under a unique key", function ()
		local seen = {};
		for _, cause in ipairs(causes.list) do
			assert.is_nil(seen[cause.key], cause.key);
			seen[cause.key] = true;
			assert.truthy(cause.key:match("^[a-z0-9%-]+$"), cause.key);
			for place in (cause.where.." or "):gmatch("(.-) or ") do
				assert.is_true(places[place] == true, cause.where);
			end
			for _, text in ipairs({ cause.cause, cause.fix }) do
				assert.truthy(text:match("^[A-Z\"{a-z].*[^%s]$"), text);
				assert.is_nil(text:find("[^\32-\126]"), text);
				assert.is_true(#text < 340, text);
			end
		end
	end);

	it("has only causes that a spec produces", function ()
		local pipe = io.popen("cat spec/explain*_spec.lua spec/check_spec.lua spec/waiting_commands_spec.lua");
		local specs = pipe:read("a");
		pipe:close();
		for _, cause in ipairs(causes.list) do
			assert.truthy(specs:find('"'..cause.key..'"', 1, true) or specs:find('"'..cause.key..' (', 1, true)
				or specs:find("'"..cause.key.." (", 1, true) or specs:find('\\"'..cause.key..'\\"', 1, true), cause.key);
		end
	end);

	it("has the one that each complaint about a configuration names", function ()
		local pipe = io.popen("cat lua/token_verifier/options/*.lua lua/token_verifier/plugin/shadow.lua "
			.."lua/token_verifier/explain/configuration_file.lua");
		local code = pipe:read("a");
		pipe:close();
		local count = 0;
		for rest in code:gmatch("[.%s]complain%(\"%l+\",%s*([^,]+)") do
			local key = rest:match('^{ "([^"]*)"');
			assert.is_true(rest == "nil" or causes.by_key[key] ~= nil, rest);
			count = count + 1;
		end
		for key in code:gmatch('self:note%({ "([^"]*)"') do
			assert.is_table(causes.by_key[key], key);
			count = count + 1;
		end
		local _, complaints = code:gsub('[.%s]complain%("', "");
		local _, notes = code:gsub(":note%({", "");
		assert.equal(complaints + notes, count);
	end);

	it("fills in what was found, and shows unknown words in capitals", function ()
		assert.equal('"exp" looks like a duration', causes.find("exp-is-duration").cause:match('^"exp" looks like a duration'));
		assert.equal("The key server refuses access to the key (HTTP 403).", causes.find("key-forbidden", { status = 403 }).cause);
		assert.equal("The key server refuses access to the key (HTTP STATUS).", causes.find("key-forbidden").cause);
		assert.has_error(function () causes.find("no such cause"); end);
	end);
end);
