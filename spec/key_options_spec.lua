-- SPDX-License-Identifier: MIT
-- The options for the life of keys: ranges, defaults, and that each of them reaches the key store.

local prosody = require "spec.support.prosody";
local temporary = require "spec.support.temporary";
local token_options = require "token_verifier.plugin.token_options";
local token_verifier = require "token_verifier";

local url = "http://127.0.0.1:1/keys";

local function new(options)
	return prosody.new_token_util(setmetatable({ app_id = "app", asap_key_server = url }, { __index = options }));
end

local function error_lines()
	return #prosody.logged("error");
end

-- Whether the key store knows of it that an option has another value than these: it says so, or is another one.
local function differs_by(taken, name, value)
	local options = { asap_key_server = ("%s/%s/%s"):format(url, name, taken[name]) };
	for key, option in pairs(taken) do
		options[key] = option;
	end
	local store = assert(token_verifier.keystore(options));
	options[name] = value;
	local other, warning = token_verifier.keystore(options);
	local is_other = other:id() ~= store:id();
	store:close();
	other:close();
	return is_other or warning and warning:find("'"..name.."'", 1, true) ~= nil;
end

describe("the option", function ()
	local function rows(is_number)
		local list = {};
		for _, row in ipairs(token_options.of_keystore) do
			list[#list + 1] = (row.read == "number") == is_number and row[1] ~= "jwt_pubkey_cache_size" and row or nil;
		end
		return ipairs(list);
	end

	for _, row in rows(true) do
		local option, name, default, min, max, whole = row[1], row.keystore, row.default, row.least, row.most, row.whole;

		it(option.." has the range and default that are listed", function ()
			assert.equal(default, new({}).keyOptions[name]);
			assert.equal(0, error_lines());
			local bad = { min - 0.001, -1, max + 1, 0 / 0, "many", true, {}, whole and default + 0.5 or math.huge };
			for _, value in ipairs(bad) do
				assert.equal(default, new({ [option] = value }).keyOptions[name]);
				assert.equal(1, error_lines(), tostring(value));
				assert.truthy(prosody.logged("error", ("'%s' must be a"):format(option))[1]);
			end
			assert.truthy(row.unit == "s" or whole);
		end);

		it(option.." reaches the key store, up to the ends of its range", function ()
			for _, value in ipairs({ min, max }) do
				local options = { [option] = value };
				options.token_key_max_ttl = name == "min_ttl" and max or options.token_key_max_ttl;
				options.token_key_min_ttl = name == "max_ttl" and min or options.token_key_min_ttl;
				options.token_key_back_off_max = name == "back_off_min" and max or options.token_key_back_off_max;
				options.token_key_back_off_min = name == "back_off_max" and min or options.token_key_back_off_min;
				local token_util = new(options);
				assert.equal(0, error_lines());
				assert.equal(value, token_util.keyOptions[name]);
				if value ~= default then
					assert.truthy(differs_by(token_util.keyOptions, name, default));
				end
			end
		end);
	end

	for _, row in rows(false) do
		local option, name, kind = row[1], row.keystore, row.read;
		local partner = ({ client_cert = "token_key_client_key", client_key = "token_key_client_cert" })[name];

		it(option.." is used, and a wrong value is logged", function ()
			local path = temporary.file();
			local taken = new({ [option] = path, [partner or "x"] = path }).keyOptions;
			assert.equal(path, taken[name]);
			assert.equal(0, error_lines());
			assert.truthy(differs_by(taken, name, "/another"));
			os.remove(path);
			if kind == "path" then
				assert.equal(path, new({ [option] = path, [partner or "x"] = path }).keyOptions[name]);
				assert.truthy(prosody.logged("error", option)[1]); -- it is not there
			end
			assert.is_nil(new({ [option] = {} }).keyOptions[name]);
			assert.truthy(prosody.logged("error", option)[1]);
		end);
	end

	it("that is a relative path is relative to the folder of the configuration", function ()
		local all = { ["example.org"] = { app_id = "app", asap_key_server = url, token_key_ca_file = "ca.pem" } };
		prosody.new_server(all).paths = { config = "/etc/somewhere" };
		local module = prosody.new_module("example.org", all);
		assert.equal("/etc/somewhere/ca.pem", module:require "token/util".new(module).keyOptions.ca_file);
	end);

	it("that contradicts another one is logged, and neither is used", function ()
		local file = temporary.file();
		for _, case in ipairs({
			{ { token_key_min_ttl = 100, token_key_max_ttl = 99 }, { min_ttl = 60, max_ttl = 86400 } },
			{ { token_key_min_ttl = 86401 }, { min_ttl = 60, max_ttl = 86400 } },
			{ { token_key_back_off_min = 61 }, { back_off_min = 1, back_off_max = 60 } },
			{ { token_key_client_cert = file }, {} },
			{ { token_key_client_key = file }, {} },
			{ { token_key_ca_file = file, token_key_ca_path = "/" }, { ca_file = file } },
		}) do
			local key_opts = new(case[1]).keyOptions;
			assert.equal(1, error_lines(), case[1]);
			for option in pairs(case[1]) do
				assert.equal(1, #prosody.logged("error", option));
			end
			for _, name in ipairs({ "min_ttl", "max_ttl", "back_off_min", "back_off_max" }) do
				assert.is_true(key_opts[name] == (case[2][name] or key_opts[name]));
			end
			for _, name in ipairs({ "client_cert", "client_key", "ca_file", "ca_path" }) do
				assert.equal(case[2][name], key_opts[name]);
			end
			assert(token_verifier.keystore(key_opts)):close();
		end
		os.remove(file);
	end);
end);

it("the defaults are those of the key store", function ()
	local _, module = new({});
	local store = assert(token_verifier.keystore({ asap_key_server = url.."/default" }));
	local options = new({}).keyOptions;
	options.asap_key_server = url.."/default";
	local same, warning = token_verifier.keystore(options);
	assert.is_nil(warning);
	assert.equal(store:id(), same:id());
	module:unload();
end);

it("the number of cached keys is an integer, and belongs to the loading plugin", function ()
	local all = { ["example.org"] = { app_id = "app", asap_key_server = url, jwt_pubkey_cache_size = 5 },
		["conference.example.org"] = { jwt_pubkey_cache_size = 7 } };
	prosody.new_server(all);
	local module = prosody.new_module("conference.example.org", all);
	assert.equal(7, module:require "token/util".new(module:context("example.org")).keyOptions.cache_size);
	all["conference.example.org"].jwt_pubkey_cache_size = 7.5;
	assert.equal(128, module:require "token/util".new(module:context("example.org")).keyOptions.cache_size);
	assert.equal(1, #prosody.logged("error", "jwt_pubkey_cache_size"));
end);
