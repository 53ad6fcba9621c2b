-- SPDX-License-Identifier: MIT
-- The work of token-verifier explain. It needs Prosody's libraries, or the replacements in prosody_libraries.lua.

local token_verifier = require "token_verifier";
local blocking = require "token_verifier.explain.blocking";
local configuration = require "token_verifier.command.configuration";
local explain = require "token_verifier.explain.explain";
local explain_lines = require "token_verifier.explain.explain_lines".lines;
local find = require "token_verifier.explain.causes".find;
local input = require "token_verifier.command.input";
local json = require "token_verifier.command.json";
local muc_domain_of = require "token_verifier.plugin.room".muc_domain_of;
local token_hosts = require "token_verifier.explain.hosts".token_hosts;
local room_domain = require "token_verifier.explain.explain_room".domain_of;
local sources = require "token_verifier.plugin.sources";
local token_options = require "token_verifier.plugin.token_options";
local verification = require "token_verifier.command.verification";

-- Explains a token for a host without app_id.
local function explain_other_host(arguments, file, text, host)
	local authentication = file:get(host, "authentication");
	local hosts = token_hosts(file);
	local finding = find("host-without-tokens", {
		host = host, authentication = authentication and (" (authentication = %q)"):format(tostring(authentication)) or "",
		hosts = #hosts > 0 and table.concat(hosts, " or ") or "a host that does",
	});
	local failure = { code = "key-not-found", message = ("%s takes no tokens"):format(host), finding = finding };
	local result = explain.without_key(text, { now = arguments.now }, failure);
	result.host, result.configuration, result.hopeless = host, {}, true;
	return result;
end

local function explain_by_configuration(arguments, terminal, text)
	local option = verification.option_of_configuration(arguments);
	if option then
		terminal.fail(("%s goes with a source of keys, not with --config: the configuration says it"):format(option));
	end
	local file = input.read_configuration(arguments.config, terminal);
	local hosts, host = token_hosts(file), arguments.host and configuration.find_host(file, arguments.host, terminal);
	if not host and #hosts == 1 then
		host = hosts[1];
	elseif not host then
		terminal.fail(#hosts == 0 and ('no host in %s has authentication = "token" and app_id, so none takes tokens'):format(file.path)
			or ("more than one host takes tokens: name one with --host: %s"):format(table.concat(hosts, ", ")));
	elseif file:get(host, "app_id") == nil then
		return explain_other_host(arguments, file, text, host);
	end
	local view <close> = configuration.view(file, host);
	return view:explain(text, { room = arguments.room, now = arguments.now });
end

-- The settings of the plugins if nothing is configured.
local function default_settings(arguments)
	local domain = arguments.host or arguments.room and room_domain(arguments.room, token_options.by_name.muc_mapper_domain_prefix.default);
	local settings = { host = domain, domain_unknown = domain == nil };
	for _, row in ipairs(token_options.rows) do
		if row.field and not row.within then
			settings[row.field] = token_options.default_of(row);
		end
	end
	settings.muc_domain_base = domain or "invalid";
	settings.muc_domain = muc_domain_of(settings);
	return settings;
end

local no_key = { code = "key-not-found", message = "no key is named", finding = find("no-key-named") };

local function explain_by_options(arguments, terminal, text)
	local has_key = verification.names_a_source(arguments);
	local options = has_key and verification.options_of(arguments, terminal) or verification.policy_of(arguments);
	local more = { settings = default_settings(arguments), room = arguments.room };
	function more.open(source)
		return sources.open(source, verification.connection_of(arguments));
	end
	options.room = nil; -- checked like in the plugins instead, by explain_room.lua
	options.accepted_issuers = options.accepted_issuers or { "*" };
	options.accepted_audiences = options.accepted_audiences or { "*" };
	options.require_room, options.require_sub = true, true;
	if has_key then
		options.stores = { options.keys };
		return explain.explain(text, options, function (token, the_options)
			local verifier, problem, code, facts = verification.call(terminal, token_verifier.new, the_options);
			if not verifier then
				return nil, problem, code, facts;
			end
			return blocking.verify(verifier, the_options, token);
		end, more);
	end
	verification.call(terminal, token_verifier.new, explain.with_any_key(options)); -- ends the command for invalid options, as with a key
	local result = explain.without_key(text, options, no_key, more);
	result.unjudged = true;
	return result;
end

local function as_json(result)
	local checks = json.list({});
	for i, row in ipairs(result.rows) do
		checks[i] = { check = row.check, mark = row.mark, text = row.text, findings = json.list(row.findings) };
	end
	return {
		accepted = result.accepted and (not result.room or result.room.accepted), code = result.code, message = result.message,
		signature_holds = result.proven, room = result.room, checks = checks, host = result.host,
		configuration = result.configuration and json.list(result.configuration),
	};
end

local function run(arguments, terminal)
	local text = input.read_token(arguments, terminal);
	local result;
	if verification.names_a_source(arguments) or not arguments.config and not arguments.host then
		if arguments.config then
			terminal.fail("a source of keys and --config exclude each other: the configuration names its own");
		end
		result = explain_by_options(arguments, terminal, text);
	else
		result = explain_by_configuration(arguments, terminal, text);
	end
	if terminal.wants_json then
		terminal.print_json(as_json(result));
	else
		terminal.lines(table.concat(explain_lines(result, terminal.colour), "\n"));
	end
	if result.accepted then
		return result.room and not result.room.accepted and 1 or 0;
	end
	return result.hopeless and 1 or verification.status_of(result.code);
end

return { run = run };
