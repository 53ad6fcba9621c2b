-- SPDX-License-Identifier: MIT
-- Reads the options of a token host into the fields of a token_util object, and logs invalid ones.

local advice = require "token_verifier.options.advice";
local check_options = require "token_verifier.options.check_options";
local host_log = require "token_verifier.options.host_log";
local key_options = require "token_verifier.options.key_options";
local muc_domain_of = require "token_verifier.plugin.room".muc_domain_of;
local option_reader = require "token_verifier.options.option_reader";
local secret_options = require "token_verifier.options.secret_options";
local shadow = require "token_verifier.plugin.shadow";
local source_options = require "token_verifier.options.source_options";
local sources = require "token_verifier.plugin.sources";
local token_options = require "token_verifier.plugin.token_options";
local unknown_options = require "token_verifier.options.unknown_options";

-- Reads the options that have `read` in their rows. `own_reader` reads from the host of the loading plugin (rows with `own`).
local function read_plain(reader, own_reader)
	local settings = { keyOptions = {}, asapToken = {} };
	for _, row in ipairs(token_options.rows) do
		if row.field and row.read then
			local place = row.within and settings[row.within] or settings;
			place[row.field] = (row.own and own_reader or reader):value(row[1]);
		end
	end
	return settings;
end

-- Issuers that have their own key source are accepted as well.
local function complete_issuers(settings)
	local accepted = settings.acceptedIssuers or { settings.appId };
	for _, issuer in ipairs(settings.openidIssuer or {}) do
		accepted[#accepted + 1] = issuer;
	end
	for issuer in pairs(settings.tokenIssuers or {}) do
		accepted[#accepted + 1] = issuer;
	end
	settings.acceptedIssuers = accepted;
end

-- Reads the secret, and the options about who is let in. Returns whether tokens can be verified at all; if not, it has logged an
-- error with the option to fix.
local function read_keys(reader, settings, complain)
	local has_key_source = sources.is_configured(settings);
	check_options.read(reader, settings, has_key_source);
	local problem, warning;
	settings.appSecret, problem, warning = secret_options.read(reader, settings);
	settings.secretProblem = not has_key_source and problem or nil; -- for explanations
	if warning and not has_key_source then
		reader.complain("warn", { "secret-short" }, "The shared secret is weak: %s", warning);
	end
	if settings.appId == nil then
		complain("error", { "option-of-another-type", option = "app_id", expected = "a text in quotes" },
			"Option 'app_id' must be set: tokens cannot be verified");
		return false;
	elseif not has_key_source and not settings.appSecret and not settings.allowEmptyToken then
		if problem then
			complain("error", { "no-key-configured" }, "There is no key to verify tokens with: %s", problem.message);
		else
			complain("error", { "no-key-configured" },
				"Option 'app_secret' or 'asap_key_server' must be set: there is no key to verify tokens with");
		end
		return false;
	elseif problem then
		reader.complain("error", { "no-key-configured" }, "The shared secret counts as unset: %s", problem.message);
	end
	return true;
end

-- A log line shows the host of the plugin. If the plugin reads the options of another host, the message must say so.
local function with_host(host, own_module, log)
	if host == own_module.host then
		return host_log.logged_by(log);
	end
	return function (level, _, text, ...)
		log(level, "%s: "..text, host, ...);
	end;
end

-- Reads the options through `context` (a module API object, or a stand-in that has also `plugin_folders` and `sections`, the
-- options by host), and those with `own` through `own_module`. Returns the table of fields, and whether tokens can be verified
-- with them; if not, it has logged an error with the option to fix. With `complain` (see host_log.lua) it gets all complaints, even
-- those that were logged before, and nothing is logged.
local function read(context, own_module, log, complain)
	local notes, own_notes = host_log.new(), host_log.new();
	local reader = option_reader.new(context, function (...) notes:add(...); end);
	local own_reader = option_reader.new(own_module, function (...) own_notes:add(...); end);
	local settings = read_plain(reader, own_reader);
	key_options.check(settings.keyOptions, reader);
	local found = source_options.read(reader, settings);
	local of_host = complain or with_host(context.host, own_module, log);
	local usable = read_keys(reader, settings, of_host);
	complete_issuers(settings);
	settings.muc_domain = muc_domain_of(settings);
	for i, host in ipairs(settings.verificationHosts) do
		settings.verificationHosts[i] = host:lower(); -- like all names of hosts in Prosody
	end
	shadow.check(reader.complain, context.plugin_folders);
	unknown_options.check(context.host, reader.complain, context.sections);
	unknown_options.check_hosts("token_verification_hosts", settings.verificationHosts, reader.complain, context.sections);
	advice.warn(settings, found, reader.complain);
	advice.warn_of_domain(settings, own_module, own_reader.complain);
	if usable then
		advice.say_what_is_in_force(context.host, settings, found, reader.complain);
	end
	notes:say(not complain and context.host, "as read", of_host, usable);
	own_notes:say(not complain and own_module.host, "its own", complain or host_log.logged_by(log), usable);
	return settings, usable;
end

return { read = read };
