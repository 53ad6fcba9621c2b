-- SPDX-License-Identifier: MIT
-- What is to be done about each message about a configuration file, and about its options as they are read.

local find = require "token_verifier.explain.causes".find;

local function of_range(option, kind, least, most)
	return { option = option, expected = ("a %s from %.10g to %.10g"):format(kind, least, most) };
end

local function named(...)
	local names = { ... };
	return function (...)
		local values = {};
		for i, value in ipairs({ ... }) do
			values[names[i] or "_"] = value;
		end
		return values;
	end;
end

local nothing = named();

-- The message's format -> the key of the cause, and f(the values in the message) -> the values of the cause. What is not here gets the
-- cause "option-invalid".
local rows = {
	["Option '%s' is unknown here: did you mean '%s'?"] = { "option-misspelt", named("found", "expected") };
	["Option '%s' is unknown here"] = { "option-unknown", named("found") };
	["Option '%s' must be %s, not a %s: %s"] = { "option-of-another-type", named("option", "expected") };
	["Option '%s' must be a %s from %.10g to %.10g: %.10g is taken"] = { "option-of-another-type", of_range };
	["Options 'app_secret' and 'app_secret_file' exclude each other: the file is used"] = { "options-exclude-each-other", nothing };
	["Options 'token_key_ca_file' and 'token_key_ca_path' exclude each other: the latter is ignored"] = {
		"options-exclude-each-other", nothing };
	["Option 'app_id' must be set: tokens cannot be verified"] = { "option-of-another-type", function () -- it is set, but not to a text
		return { option = "app_id", expected = "a text in quotes" };
	end };
	["Option 'asap_accepted_issuers' has \"*\": a token may come from any issuer whose key is found"] = { "any-issuer", nothing };
	["Keys are fetched over plain http from %s: anybody on the network path can replace them"] = { "keys-over-http", named("url") };
	["The bearer token of 'token_key_bearer_token_file' goes over plain http to %s"] = { "keys-over-http", named("url") };
	["The shared secret is weak: %s"] = { "secret-short", nothing };
	["Option 'app_secret' is a number: put it in quotes, since Lua changes long numbers and a 0 at the start"] = {
		"secret-not-quoted", nothing };
	["Option 'asap_key_server' is not a URL but 'true': it is ignored"] = { "option-to-remove", function ()
		return { option = "asap_key_server" };
	end };
	["Option '%s' names no usable source of keys, so none comes from it: %s"] = { "no-source", nothing };
	["Option 'signature_algorithm' fits no configured key (%s): no token is accepted, unless another plugin brings its key"] = {
		"algorithm-fits-no-key", nothing };
	["'%s' is loaded from %s, not from prosody-token-verifier: "
		.."put our folder in front in 'plugin_paths', and keep other copies out of 'custom_plugins'"] = { "library-elsewhere", nothing };
	["Option '%s' names %q, and there is no such host"] = { "host-unknown", named("option", "found") };
	["Domain verification is on, but only tokens whose sub is \"*\" can name a room on %s: its name is not "
		.."'%s.' followed by a domain (see 'muc_mapper_domain_prefix' and 'muc_mapper_domain')"] = {
		"muc-prefix", function (host, prefix)
			host = host:gsub('"', "");
			return { host = host, prefix = ("%q"):format(prefix), suggested = ("%q"):format(host:match("^[^.]*")) };
		end };
	["%s:%d: the environment variable %s is not set here; Prosody's own environment may have it"] = {
		"variable-not-set", named("path", "line", "found") };
	["%s:%d: Credential(%q) is not known here: systemd gives it to Prosody alone"] = { "credential-not-here", nothing };
	["%s:%d: option '%s' gets no value: a text is written in quotes"] = { "text-without-quotes", named("path", "line", "option") };
	["%s:%d: Duplicate option '%s'"] = { "option-twice", named("path", "line", "option") };
};

-- Meant to be so.
local no_problems = { ["Option 'allow_empty_token' is on: guests without a token are let in"] = true };

-- Returns the finding for a message, of which `arguments` are the format and the values, or nil if there is nothing to do.
local function finding_of(arguments)
	if no_problems[arguments[1]] then
		return nil;
	end
	local row = rows[arguments[1]];
	return row and find(row[1], row[2](table.unpack(arguments, 2))) or find("option-invalid");
end

return { finding_of = finding_of };
