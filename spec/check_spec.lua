-- SPDX-License-Identifier: MIT
-- What the command's check says of a configuration as a whole, one row a case: what it finds, that its fix makes it content, and that it
-- is silent about what works.

local explaining = require "spec.support.explaining";
local http_server = require "spec.support.http_server";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local json = require "util.json";
local shell = require "spec.support.command";
local token_verifier = require "token_verifier";

local folder, server, url; -- of keys; what has sets, and where

local secret = 'app_secret = "a long random text, of 32 bytes or more"';
local log_in, id, guard = 'authentication = "token"', 'app_id = "my-app"', 'modules_enabled = { "token_verification" }';

local function block(line)
	return function (...)
		return line.."\n\t"..table.concat({ ... }, "\n\t").."\n";
	end;
end

local function host(name)
	return block(("VirtualHost %q"):format(name));
end

local function muc(name)
	return block(("Component %q \"muc\""):format(name));
end

local meet = host "meet.example.org";
local good = meet(log_in, id, secret);
local rooms = muc "conference.meet.example.org" (guard);

-- A configuration with one token host, with these lines instead of its app_id.
local function named(...)
	return meet(log_in, secret, ...)..rooms;
end

-- The one of docker-jitsi-meet, with these lines in its main host.
local function container(log_in_lines, of_muc)
	return 'muc_mapper_domain_base = "meet.jitsi"\nmuc_mapper_domain_prefix = "muc"\n'
		..host "meet.jitsi" (log_in_lines, 'main_muc = "muc.meet.jitsi"', 'lobby_muc = "lobby.meet.jitsi"',
			'breakout_rooms_muc = "breakout.meet.jitsi"')
		..host "guest.meet.jitsi" ('authentication = "jitsi-anonymous"', 'main_muc = "muc.meet.jitsi"')
		..host "auth.meet.jitsi" ('authentication = "internal_hashed"')..host "hidden.meet.jitsi" ('authentication = "internal_hashed"')
		..muc "internal-muc.meet.jitsi" ('modules_enabled = { "muc_hide_all" }')..muc "muc.meet.jitsi" (of_muc or guard)
		..muc "lobby.meet.jitsi" ('modules_enabled = { "muc_hide_all" }')..muc "breakout.meet.jitsi" ('modules_enabled = { "muc_meeting_id" }');
end

local of_jaas = host "jigasi.meet.jitsi" (log_in, 'app_id = "jitsi"', 'asap_key_server = "file://FOLDER"',
	'asap_accepted_issuers = { "jaas-components" }', 'asap_accepted_audiences = { "jigasi.meet.example.org" }');

-- Debian's packages of Jitsi Meet, with these lines for the log-in.
local function of_debian(...)
	return 'plugin_paths = { "/usr/share/jitsi-meet/prosody-plugins/" }\nmuc_mapper_domain_base = "meet.example.org"\n'
		..'unlimited_jids = { "focus@auth.meet.example.org", "jvb@auth.meet.example.org" }\n'
		..meet('modules_enabled = { "bosh"; "websocket"; "smacks"; "muc_lobby_rooms"; "muc_breakout_rooms" }',
			'lobby_muc = "lobby.meet.example.org"', 'breakout_rooms_muc = "breakout.meet.example.org"',
			'main_muc = "conference.meet.example.org"', ...)
		..muc "conference.meet.example.org" ('modules_enabled = { "muc_hide_all"; "token_verification"; }', 'restrict_room_creation = true')
		..muc "breakout.meet.example.org" ('modules_enabled = { "muc_hide_all" }')
		..muc "internal.auth.meet.example.org" ('modules_enabled = { "muc_hide_all" }')
		..host "auth.meet.example.org" ('authentication = "internal_hashed"')
		..host "recorder.meet.example.org" ('authentication = "internal_hashed"')
		..block 'Component "focus.meet.example.org" "client_proxy"' ('target_address = "focus@auth.meet.example.org"')
		..muc "lobby.meet.example.org" ('restrict_room_creation = true');
end

-- { what, configuration }
local works = {
	{ "one host with a secret", good..rooms },
	{ "guests beside it", good..host "guest.meet.example.org" ('authentication = "jitsi-anonymous"')..rooms },
	{ "guests with a copy of app_id", good..host "guest.meet.example.org" ('authentication = "anonymous"', id)..rooms },
	{ "guests on one host", meet(log_in, id, secret, "allow_empty_token = true")..rooms },
	{ "breakout rooms and a lobby, where nothing verifies tokens", good..rooms..muc "breakout.meet.example.org" ()
		..muc "lobby.meet.example.org" () },
	{ "Debian's packages", of_debian(log_in, id, secret) },
	{ "another module's log-in with tokens", of_debian('authentication = "jitsi_token"', id, secret) },
	{ "docker-jitsi-meet", container(log_in.."\n"..id.."\n"..secret) },
	{ "AUTH_TYPE=matrix", container('authentication = "matrix_user_verification"\napp_id = "issuer"\nuvs_base_url = "http://127.0.0.1:1"',
		'modules_enabled = { "matrix_power_sync" }') },
	{ "AUTH_TYPE=hybrid_matrix_token", container('authentication = "hybrid_matrix_token"\n'..id.."\n"..secret) },
	{ "ENABLE_JAAS_COMPONENTS", container(log_in.."\n"..id.."\n"..secret)..of_jaas },
	{ "JaaS components and a log-in without tokens", container('authentication = "jitsi-anonymous"', "")..of_jaas },
	{ "the host of Jitsi's parts under global options", log_in.."\n"..id.."\n"..secret.."\n"..meet()
		..host "auth.meet.example.org" ('authentication = "internal_hashed"')
		..host "recorder.meet.example.org" ('authentication = "internal_hashed"')..rooms },
	{ "a host that is switched off", good..host "off.example.org" (log_in, "enabled = false")..rooms },
	{ "two hosts with rooms of their own", good..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms
		..muc "conference.b.example.org" (guard) },
	{ "a second host whose tokens count", meet(log_in, id, secret, 'token_verification_hosts = { "b.example.org" }')
		..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms },
	{ "tokens that another host asks for", meet('authentication = "internal_hashed"', id, secret,
		'token_verification_hosts = { "b.example.org" }')
		..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms },
	{ "rooms under another host's name", good..muc "conference.other.example.org" (guard, 'token_verification_host = "meet.example.org"') },
	{ "a left-over beside any issuer", named(id, 'asap_accepted_audiences = { "*", "<no value>" }') },
	{ "the name of a directory as issuer", named('app_id = "CN=idp,DC=example"') },
	{ "the issuer of the source", meet(log_in, id, 'cache_keys_url = "SERVER/realms/meet/protocol/openid-connect/certs"',
		'asap_accepted_issuers = { "https://sso.example.org/realms/meet" }')..rooms },
	{ "the issuer of its provider", meet(log_in, id, 'openid_issuer = "SERVER/realms/meet"')..rooms },
	{ "another module's option", meet(log_in, id, 'asap_key_server = "file://FOLDER"', 'jwt_secret = "x"', 'appid = "x"')..rooms },
	{ "a second token host of the same deployment", container(log_in.."\n"..id.."\n"..secret)
		..host "partners.meet.jitsi" (log_in, 'app_id = "b"', secret) },
};

-- Fixes that are the same in several cases: { Lua pattern, replacement }.
local no_app_id = { 'app_id = "[^\n]*"\n', 'app_id = "my-app"\n' };

-- { what, configuration, mark, key of the cause, words of the cause, words of the fix, what doing it means: { pattern, replacement } ...
-- or a text to append }
local cases = {
	-- Log-ins.
	{ "a guest host without app_id", good..host "guest.meet.example.org" (log_in, "allow_empty_token = true")..rooms, "FAIL",
		"app-id-missing-for-guests", "Nobody can log in on guest.meet.example.org",
		'set authentication = "anonymous" in its block, and token_verification_allowlist = { "guest.meet.example.org" } in the',
		{ '("guest.-authentication = )"token"', '%1"anonymous"' }, '\ttoken_verification_allowlist = { "guest.meet.example.org" }\n' },
	{ "a second host without app_id", good..host "b.example.org" (log_in, secret)..rooms..muc "conference.b.example.org" (guard), "FAIL",
		"app-id-missing", "Nobody can log in on b.example.org", "Set app_id in its block",
		{ '("b.example.org"\n)', '%1\tapp_id = "b"\n' } },
	{ "the only host without app_id", meet(log_in, secret)..rooms, "FAIL", "app-id-missing", "needs app_id", "Set app_id in its block",
		{ '("meet.example.org"\n)', '%1\tapp_id = "b"\n' } },
	{ "the host of Jitsi's parts, which asks for tokens", log_in.."\n"..meet(id, secret)..host "auth.meet.example.org" ()..rooms, "FAIL",
		"service-asks-for-tokens", "log in with passwords", 'Set authentication = "internal_hashed"',
		{ '("auth.meet.example.org"\n)', '%1\tauthentication = "internal_hashed"\n' } },
	{ "the same with all options", log_in.."\n"..id.."\n"..secret.."\n"..meet()..host "auth.meet.example.org" ()..rooms, "WARN",
		"service-asks-for-tokens", "On auth.meet.example.org,", 'Set authentication = "internal_hashed"',
		{ '("auth.meet.example.org"\n)', '%1\tauthentication = "internal_hashed"\n' } },
	{ "nobody who asks for the tokens that rooms demand", meet('authentication = "jitsi-anonymous"', id, secret)..rooms, "FAIL",
		"nobody-enters",
		'authentication of meet.example.org is "jitsi-anonymous"', 'Set authentication = "token" in the block of meet.example.org.',
		{ '"jitsi%-anonymous"', '"token"' } },
	{ "the same with the default", meet(id, secret)..rooms, "FAIL", "nobody-enters", "is not set", 'Set authentication = "token"',
		{ '(app_id)', 'authentication = "token"\n%1' } },
	{ "tokens that another host asks for, and that do not count", meet('authentication = "internal_hashed"', id, secret)
		..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms, "FAIL", "nobody-enters", "Nobody can enter",
		'Set authentication = "token"',
		{ '"internal_hashed"', '"token"\ntoken_verification_hosts = { "b.example.org" }' } },
	{ "the same without app_id", meet('authentication = "anonymous"')..rooms, "FAIL", "rooms-of-host-without-tokens",
		"No token opens a room of conference.meet.example.org", 'Set authentication = "token", app_id, and app_secret',
		{ '"anonymous"', ('"token"\n%s\n%s'):format(id, secret) } },
	{ "the same, with rooms for the allow-list alone", meet('authentication = "anonymous"')
		..muc "conference.meet.example.org" (guard, 'token_verification_allowlist = { "meet.example.org" }'), "WARN",
		"rooms-of-host-without-tokens", "No token opens a room of conference.meet.example.org", "or remove token_verification",
		{ '"anonymous"', ('"token"\n%s\n%s'):format(id, secret) } },
	{ "keys, but no log-in with tokens", meet('authentication = "internal_hashed"', id,
		secret)..muc "conference.meet.example.org" (), "WARN",
		"authentication-takes-no-tokens", 'authentication is "internal_hashed"', 'Set authentication = "token"',
		{ '"internal_hashed"', '"token"' }, "\t"..guard },
	{ "authentication = jwt", named(id):gsub('"token"', '"jwt"', 1), "FAIL", "authentication-misspelt", "nobody can log in",
		'Set authentication = "token"', { '"jwt"', '"token"' } },
	{ "authentication = Token", named(id):gsub('"token"', '"Token"', 1), "FAIL", "authentication-misspelt", '"Token"',
		'Set authentication = "token"', { '"Token"', '"token"' } },

	-- Misnamed options.
	{ "authentication with a blank", named(id):gsub('"token"', '"token "', 1), "FAIL", "authentication-misspelt", '"token "',
		'Set authentication = "token"', { '"token "', '"token"' } },
	{ "authentication as a list", named(id):gsub('"token"', '{ "token" }', 1), "FAIL", "authentication-misspelt", "is a list",
		'Set authentication = "token"', { '{ "token" }', '"token"', 1 } },
	{ "APP_ID", named('APP_ID = "my-app"'), "FAIL", "app-id-misspelt", "APP_ID is", "Write app_id instead of APP_ID", { "APP_ID", "app_id" } },
	{ "App_Secret", named(id):gsub("app_secret", "App_Secret"), "FAIL", "option-misspelt", "option App_Secret",
		"Write app_secret instead of App_Secret", { "App_Secret", "app_secret" } },
	{ "ap_id", named('ap_id = "my-app"'), "FAIL", "app-id-misspelt", "ap_id is, which no module reads", "Write app_id instead of ap_id",
		{ "ap_id", "app_id" } },
	{ "appid", named('appid = "my-app"'), "FAIL", "app-id-misspelt", "appid is", "Write app_id instead of appid", { "appid", "app_id" } },
	{ "JWT_APP_ID", named('JWT_APP_ID = "my-app"'), "FAIL", "app-id-misspelt", "JWT_APP_ID is", "Write app_id instead",
		{ "JWT_APP_ID", "app_id" } },
	{ "secret_key", named(id):gsub("app_secret", "secret_key"), "FAIL", "option-misspelt", "option secret_key",
		"Write app_secret instead of secret_key",
		{ "secret_key", "app_secret" } },
	{ "jwt_secret", named(id):gsub("app_secret", "jwt_secret"), "FAIL", "option-misspelt", "option jwt_secret",
		"Write app_secret instead of jwt_secret",
		{ "jwt_secret", "app_secret" } },
	{ "app_secrect", named(id):gsub("app_secret", "app_secrect"), "FAIL", "option-misspelt", "option app_secrect",
		"Write app_secret instead",
		{ "app_secrect", "app_secret" } },
	{ "asap_accepted_issuer", named(id, 'asap_accepted_issuer = { "my-app" }'), "WARN", "option-misspelt", "asap_accepted_issuer.",
		"Write asap_accepted_issuers instead", { "asap_accepted_issuer", "asap_accepted_issuers" } },
	{ "an option of ours that there is not", named(id, "token_colour = 5"), "WARN", "option-unknown", "token_colour", "Remove it",
		{ "token_colour = 5", "" } },
	{ "an option with a wrong type", named(id, 'token_leeway = "long"'), "FAIL", "option-of-another-type", "token_leeway has",
		"Set token_leeway to a whole number from 0 to 300", { '"long"', "30" } },
	{ "app_id behind the line of a Component", meet(log_in)..rooms.."\t"..id.."\n\t"..secret.."\n", "FAIL", "options-misplaced",
		"app_id is set for the component conference.meet.example.org", "Move it into the VirtualHost's block",
		{ "^(.-\n)(.*)\t(app_id.*)$", "%1\t%3%2" } },
	{ "two options for the secret", named(id, 'app_secret_file = "FOLDER/secret"'), "FAIL", "options-exclude-each-other",
		"Only one of these",
		"Remove the other one", { "app_secret_file[^\n]*", "" } },
	{ "an entry with two sources", meet(log_in, id, 'cache_keys_url = "SERVER/set"',
		'token_issuers = { ["a"] = { directory = "FOLDER", jwks_url = "SERVER/set" } }')..rooms, "FAIL", "option-invalid", "cannot be used",
		"Correct what the line says", { ', jwks_url = "SERVER/set"', "" } },
	{ "a library of another package", 'plugin_paths = { "FOLDER/plugins" }\n'..good..rooms, "WARN", "library-elsewhere",
		"is loaded instead of ours",
		"Put our folder in front", { "^[^\n]*", "" } },
	{ "a credential of systemd", named(id, 'asap_accepted_issuers = Credential("issuer")'), "WARN", "credential-not-here",
		"to Prosody alone",
		"CREDENTIALS_DIRECTORY", { 'Credential%("issuer"%)', '"my-app"' } },
	{ "a text without quotes", named("app_id = myapp"), "WARN", "text-without-quotes", "app_id is not set", "Put the value in quotes",
		{ "myapp", '"myapp"' } },
	{ "an option that is set twice", named(id, id), "WARN", "option-twice", "set twice", "Remove one", { 'app_id = "my%-app"\n', "\n", 1 } },

	-- Values.
	{ "a list as app_id", named('app_id = { "my-app" }'), "FAIL", "option-of-another-type", "app_id has a value",
		"Set app_id to a text in quotes",
		{ '{ "my%-app" }', '"my-app"' } },
	{ "a left-over in app_id", named('app_id = "<no value>"'), "FAIL", "value-left-over", 'app_id has "<no value>"',
		'Set app_id to what your tokens have in "iss".', no_app_id },
	{ "a shell's variable", named('app_id = "${JWT_APP_ID}"'), "FAIL", "value-left-over", "${JWT_APP_ID}", "Set app_id to what", no_app_id },
	{ "a template's", named('app_id = "{{ .Env.JWT_APP_ID }}"'), "FAIL", "value-left-over", "JWT_APP_ID }}", "Set app_id to what",
		no_app_id },
	{ "a manual's", named('app_id = "<app_id>"'), "FAIL", "value-left-over", "<app_id>", "Set app_id to what", no_app_id },
	{ "a variable of Windows", named('app_id = "%APP_ID%"'), "FAIL", "value-left-over", "%APP_ID%", "Set app_id to what", no_app_id },
	{ "a variable of Prosody in quotes", named('app_id = "ENV_JWT_APP_ID"'), "FAIL", "value-left-over", "ENV_JWT",
		"Set app_id to what", no_app_id },
	{ "a variable of make", named('app_id = "$(JWT_APP_ID)"'), "FAIL", "value-left-over", "$(JWT_APP_ID)", "Set app_id to what", no_app_id },
	{ "a variable of autoconf", named('app_id = "@JWT_APP_ID@"'), "FAIL", "value-left-over", "@JWT_APP_ID@", "Set app_id to what", no_app_id },
	{ "a name to be replaced", named('app_id = "__APP_ID__"'), "FAIL", "value-left-over", "__APP_ID__", "Set app_id to what", no_app_id },
	{ "a variable of a program", named('app_id = "undefined"'), "FAIL", "value-left-over", '"undefined"', "Set app_id to what", no_app_id },
	{ "an empty app_id", named('app_id = ""'), "FAIL", "value-left-over", 'app_id has ""', "Set app_id to what", no_app_id },
	{ "a left-over in app_id beside issuers", named('app_id = "<no value>"', 'asap_accepted_issuers = { "a" }'), "WARN", "value-left-over",
		'app_id has "<no value>"', "Set app_id to what", no_app_id },
	{ "the example of a manual", named('app_id = "example_app_id"'), "WARN", "value-of-a-manual", '"example_app_id"',
		'asap_accepted_issuers = { "example_app_id" }', { "(app_id)", 'asap_accepted_issuers = { "example_app_id" }\n%1' } },
	{ "another example", named('app_id = "your-app-id"'), "WARN", "value-of-a-manual", '"your-app-id"', "set app_id to that", no_app_id },
	{ "blanks around app_id", named('app_id = " my-app"'), "FAIL", "value-with-blanks", '" my-app"', 'Write app_id = "my-app"', no_app_id },
	{ "quotes around app_id", named([[app_id = '"my-app"']]), "FAIL", "value-with-blanks", "quotes around", 'Write app_id = "my-app"',
		{ "'\"my%-app\"'", '"my-app"' } },
	{ "a left-over as only issuer", named(id, 'asap_accepted_issuers = { "${ISSUERS}" }'), "FAIL", "value-left-over", "${ISSUERS}",
		'or remove it: then app_id, "my-app", is accepted', { "asap_accepted_issuers[^\n]*", "" } },
	{ "a left-over among issuers", named(id, 'asap_accepted_issuers = { "a", "$ISSUER" }'), "WARN", "value-unneeded", '"$ISSUER"',
		'Write asap_accepted_issuers = { "a" }', { ', "$ISSUER"', "" } },
	{ "no issuer", named(id, "asap_accepted_issuers = {}"), "FAIL", "value-not-accepted", "every token is refused", "or remove it",
		{ "asap_accepted_issuers = {}", "" } },
	{ "issuers in one text", named(id, 'asap_accepted_issuers = "a,b"'), "WARN", "value-with-commas", '"a,b"',
		'Write asap_accepted_issuers = { "a", "b" }', { '"a,b"', '{ "a", "b" }' } },
	{ "issuers that were split at commas alone", named(id, 'asap_accepted_issuers = { "a"," b" }'), "WARN", "value-with-blanks", '" b"',
		'Write asap_accepted_issuers = { "a", "b" }', { '" b"', '"b"' } },
	{ "a blank that cannot be seen", named(id, 'asap_accepted_issuers = { "a\194\160" }'), "FAIL", "value-with-blanks", [["a\xc2\xa0"]],
		'Write asap_accepted_issuers = { "a" }', { "\194\160", "" } },
	{ "characters in an issuer that cannot be seen", named(id, 'asap_accepted_issuers = { "my\226\128\139-app" }'), "FAIL",
		"value-with-blanks", "characters that cannot be seen in it", 'Write asap_accepted_issuers = { "my-app" }', { "\226\128\139", "" } },
	{ "a left-over as audience", named(id, 'asap_accepted_audiences = { "<no value>" }'), "FAIL", "value-left-over",
		'No token has this "aud"',
		"or remove it: then any is accepted", { '"<no value>"', '"jitsi"' } },
	{ "a left-over as issuer of owners", named(id, 'allowner_issuers = { "<no value>" }'), "WARN", "value-left-over", "allowner_issuers has",
		"or remove it", { "allowner_issuers[^\n]*", "" } },
	{ "a secret's left-over beside keys", meet(log_in, id, 'app_secret = "<no value>"', 'asap_key_server = "file://FOLDER"')..rooms, "WARN",
		"option-to-remove", "app_secret has a value", "Remove app_secret", { 'app_secret = "<no value>"', "" } },
	{ "a secret's file that is not there, beside keys", meet(log_in, id, 'app_secret_file = "FOLDER/gone"',
		'asap_key_server = "file://FOLDER"')
		..rooms, "WARN", "option-to-remove", "app_secret_file has a value", "Remove app_secret_file", { "app_secret_file[^\n]*", "" } },
	{ "a secret's file that is not there, beside guests", meet(log_in, id, 'app_secret_file = "FOLDER/gone"',
		"allow_empty_token = true")..rooms,
		"FAIL", "secret-file-unreadable", "cannot be read", "Fix the path", { "/gone", "/secret" } },
	{ "guests, and no key", meet(log_in, id, "allow_empty_token = true")..rooms, "WARN", "guests-only", "every token is refused",
		"set app_secret", { "allow_empty_token", secret.."\nallow_empty_token" } },
	{ "a secret's left-over alone", meet(log_in, id, 'app_secret = "<app_secret>"')..rooms, "FAIL", "secret-left-over", "placeholder",
		"Set app_secret", { '"<app_secret>"', '"a long random text, of 32 bytes or more"' } },
	{ "a short secret", meet(log_in, id, "token_strict_secrets = false", 'app_secret = "short"')..rooms, "WARN", "secret-short",
		"easier to guess",
		"32 bytes or more", { '"short"', '"a long random text, of 32 bytes or more"' } },
	{ "a secret that a manual has", meet(log_in, id, "token_strict_secrets = false", 'app_secret = "my_jitsi_app_secret"')..rooms, "WARN",
		"secret-of-a-manual", "everybody can make tokens with it", "Use a random text", { 'app_secret = "[^"]*"', secret } },
	{ "a secret that is a number", meet(log_in, id, "app_secret = 12345678901234567890123456789012345678901")..rooms, "WARN",
		"secret-not-quoted",
		"get lost", "Put it in quotes", { "(app_secret = )(%d+)", '%1"%2"' } },
	{ "any issuer", named(id, 'asap_accepted_issuers = { "*" }'), "WARN", "any-issuer", "can name any issuer", "List the issuers",
		{ '"%*"', '"a"' } },
	{ "asap_key_server = true", meet(log_in, id, "asap_key_server = true", 'cache_keys_url = "SERVER/set"')..rooms, "WARN",
		"option-to-remove",
		"asap_key_server has", "Remove asap_key_server", { "asap_key_server = true", "" } },
	{ "another host that there is not", named(id, 'token_verification_hosts = { "gone.example.org" }'), "WARN", "host-unknown",
		"gone.example.org",
		"Remove", { '"gone.example.org"', "" } },
	{ "a variable that is not set", named("asap_accepted_issuers = ENV_TOKEN_VERIFIER_UNSET", id), "WARN", "variable-not-set",
		"reads the variable TOKEN_VERIFIER_UNSET", "Run the command where", { "ENV_TOKEN_VERIFIER_UNSET", '"my-app"' } },
	{ "keys that are fetched over http", meet(log_in, id, 'cache_keys_url = "http://keys.example.org/set"')..rooms, "WARN", "keys-over-http",
		"put in a key of his own", "Use https:// instead of http:// in http://keys.example.org/set", { "http:", "https:" } },
	{ "a placeholder in an address", meet(log_in, id, 'openid_issuer = "https://login.microsoftonline.com/{tenantid}/v2.0"')..rooms, "FAIL",
		"source-left-over", '"{tenantid}"', "Write the real value", { 'https://login.microsoftonline.com/{tenantid}/v2.0',
		"SERVER/realms/meet" } },
	{ "a manual's name in an address", meet(log_in, id, 'cache_keys_url = "https://YOUR_DOMAIN.auth0.com/.well-known/jwks.json"')..rooms,
		"FAIL",
		"source-left-over", '"YOUR_DOMAIN"', "Write the real value", { "https://YOUR_DOMAIN[^\"]*", "SERVER/set" } },
	{ "a variable where a host belongs", meet(log_in, id, 'token_issuers = { ["my-app"] = { jwks_url = "https://${HOST}/set" } }')..rooms,
		"FAIL",
		"source-left-over", '"${HOST}"', "Write the real value", { "https://${HOST}/set", "SERVER/set" } },
	{ "a placeholder in a folder", meet(log_in, id, 'asap_key_server = "file:///etc/<appid>/keys"')..rooms, "FAIL", "source-left-over",
		'"<appid>"', "Write the real value", { "file:///etc/<appid>/keys", "file://FOLDER" } },

	-- Issuers of sources.
	{ "keys of another algorithm than the default", meet(log_in, id, 'cache_keys_url = "SERVER/es256"')..rooms, "FAIL",
		"set-fits-no-algorithm", "with an accepted algorithm (RS256)", 'signature_algorithm = "ES256"',
		{ "(app_id)", 'signature_algorithm = "ES256"\n%1' } },
	{ "Google's keys", meet(log_in, id, 'cache_keys_url = "https://www.googleapis.com/oauth2/v3/certs"')..rooms, "FAIL", "issuer-of-source",
		'their "iss" is "https://accounts.google.com" or', 'Set asap_accepted_issuers = { "https://accounts.google.com", "accounts.google.com" }',
		{ "(app_id)", 'asap_accepted_issuers = { "https://accounts.google.com", "accounts.google.com" }\n%1' } },
	{ "Keycloak's keys, which it confirms", meet(log_in, id, 'asap_accepted_issuers = { "my-app", "https://sso.example.org" }',
		'cache_keys_url = "SERVER/realms/meet/protocol/openid-connect/certs"')..rooms, "FAIL", "issuer-of-source",
		'their "iss" is "http://127.0.0.1', 'Set asap_accepted_issuers = { "my-app", "https://sso.example.org", "http://127.0.0.1',
		{ 'sso.example.org"', 'sso.example.org", "SERVER/realms/meet"' } },
	{ "Keycloak's keys, and nothing that confirms it", meet(log_in, id,
		'cache_keys_url = "SERVER/realms/other/protocol/openid-connect/certs"')..rooms, "FAIL", "issuer-of-source-guessed",
		"are probably refused",
		'Set asap_accepted_issuers = { "http://127.0.0.1', { "(app_id)", 'asap_accepted_issuers = { "SERVER/realms/other" }\n%1' } },
	{ "Zitadel's keys", meet(log_in, id, 'cache_keys_url = "https://id.example.org/oauth/v2/keys"')..rooms, "WARN",
		"issuer-of-source-guessed",
		"are probably refused", 'Set asap_accepted_issuers = { "https://id.example.org" }',
		{ "(app_id)", 'asap_accepted_issuers = { "https://id.example.org" }\n%1' } },
	{ "Firebase's keys", meet(log_in, id,
		'cache_keys_url = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"')
		..rooms, "FAIL", "issuer-of-source-begins", 'one of "https://securetoken.google.com/..."', 'the "iss" of your tokens',
		{ "(app_id)", 'asap_accepted_issuers = { "https://securetoken.google.com/my-project" }\n%1' } },
	{ "an issuer that is bound to another's keys", meet(log_in, id,
		'token_issuers = { ["https://a.example"] = { jwks_url = "https://a.auth0.com/.well-known/jwks.json" } }')..rooms, "FAIL",
		"issuer-bound-to-another", 'token_issuers binds "https://a.example"', 'Write "https://a.auth0.com/" instead of "https://a.example"',
		{ '"https://a.example"', '"https://a.auth0.com/"' } },

	-- Rooms.
	{ "rooms that nothing guards", good..muc "conference.meet.example.org" (), "WARN", "rooms-not-verified", "open to everybody",
		'Add "token_verification" to modules_enabled', "\t"..guard },
	{ "modules in round brackets", good..muc "conference.meet.example.org" ('modules_enabled = ( "token_verification" )'), "FAIL",
		"modules-not-a-list", "Prosody loads nothing of it", 'modules_enabled = { "token_verification" }', { "%(( .- )%)", "{%1}" } },
	{ "a module of somebody's own", good..muc "conference.meet.example.org" ('modules_enabled = { "my_token_verification" }'), "WARN",
		"rooms-not-verified", "open to everybody", 'Add "token_verification"', { "}", '; "token_verification" }', 1 } },
	{ "the module misspelt", good..muc "conference.meet.example.org" ('modules_enabled = { "token_verifcation" }'), "FAIL",
		"rooms-module-misspelt", '"token_verifcation", which is not', 'Write "token_verification" instead', { "verifcation", "verification" } },
	{ "the module disabled", good..muc "conference.meet.example.org" (guard, 'modules_disabled = { "token_verification" }'), "FAIL",
		"rooms-module-disabled", "counts more", "Remove \"token_verification\" from modules_disabled", { "modules_disabled[^\n]*", "" } },
	{ "a component without its kind", good..block 'Component "conference.meet.example.org"' (guard), "FAIL", "rooms-without-kind",
		'is not of the kind "muc"', 'Write Component "conference.meet.example.org" "muc"', { '(Component "[^"]*")', '%1 "muc"' } },
	{ "the same where options name it", meet(log_in, id, secret, 'main_muc = "conference.meet.example.org"')
		..block 'Component "conference.meet.example.org"' (guard), "FAIL", "rooms-without-kind", "has no rooms",
		'"muc" in its first line', { '(Component "[^"]*")', '%1 "muc"' } },
	{ "the module on the host", meet(log_in, id, secret, guard)
		..muc "conference.meet.example.org" ('modules_enabled = { "muc_meeting_id" }'), "FAIL",
		"rooms-module-elsewhere", "modules_enabled of meet.example.org", 'modules_enabled = { "muc_meeting_id", "token_verification" }',
		{ '"muc_meeting_id"', '"muc_meeting_id", "token_verification"' } },
	{ "the module for all hosts", guard.."\n"..good..muc "conference.meet.example.org" (), "FAIL", "rooms-module-elsewhere", "for all hosts",
		'modules_enabled = { "token_verification" }', "\t"..guard },
	{ "rooms whose host there is not", good..muc "conference.other.example.org" (guard), "FAIL", "rooms-judge-elsewhere",
		'with the options of "other.example.org"', 'Set token_verification_host = "meet.example.org"',
		'\ttoken_verification_host = "meet.example.org"\n' },
	{ "the host's name misspelt in that of its rooms", good..muc "conference.meet.exmaple.org" (guard), "FAIL", "rooms-misspelt",
		'with the options of "meet.exmaple.org", and there is no such host', 'Write Component "conference.meet.example.org" instead of',
		{ "exmaple", "example" } },
	{ "rooms whose host may be one of several", good..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms
		..muc "conference.b.example.org" (guard)..muc "conference.somewhere.net" (guard), "FAIL", "rooms-without-judge",
		'with the options of "somewhere.net"', "to the host where users log in", '\ttoken_verification_host = "meet.example.org"\n' },
	{ "a host's name misspelt", good..muc "conference.meet.example.org" (guard, 'token_verification_host = "meet.exmaple.org"'), "FAIL",
		"rooms-judge-elsewhere", '"meet.exmaple.org"', '= "meet.example.org"', { "exmaple", "example" } },
	{ "no rooms", good, "WARN", "no-rooms", "no Component of the kind", 'Add Component "conference.meet.example.org" "muc"', rooms },
	{ "no rooms but those of Jitsi's parts", good..muc "internal.auth.meet.example.org" (), "WARN", "no-rooms",
		"meet.example.org has no rooms",
		'Add Component "conference.meet.example.org" "muc"', rooms },
	{ "main_muc on what there is not", meet(log_in, id, secret, 'main_muc = "muc.meet.example.org"')..rooms, "FAIL", "rooms-not-there",
		"main_muc says that the rooms are on muc.meet.example.org", 'Set main_muc = "conference.meet.example.org"', { '"muc.meet',
		'"conference.meet' } },
	{ "a base where no rooms are", meet(log_in, id, secret, 'muc_mapper_domain_base = "example.org"')..rooms, "FAIL", "rooms-not-there",
		"on conference.example.org", 'muc_mapper_domain_prefix = "conference" and muc_mapper_domain_base = "meet.example.org"',
		{ '= "example.org"', '= "meet.example.org"' } },
	{ "a base, and no rooms at all", meet(log_in, id, secret, 'muc_mapper_domain_base = "meet.example.org"'), "FAIL", "rooms-to-add",
		"on conference.meet.example.org", 'Add Component "conference.meet.example.org" "muc"', rooms },
	{ "muc_mapper_domain on what there is not", meet(log_in, id, secret, 'muc_mapper_domain_base = "meet.example.org"',
		'muc_mapper_domain = "rooms.meet.example.org"')..muc "muc.meet.example.org" (guard), "FAIL", "rooms-not-there",
		"muc_mapper_domain says",
		'Set muc_mapper_domain = "muc.meet.example.org" and muc_mapper_domain_prefix = "muc"',
		{ '"rooms.meet.example.org"', '"muc.meet.example.org"\nmuc_mapper_domain_prefix = "muc"' } },
	{ "rooms that only any domain can name", good..muc "muc.meet.example.org" (guard), "WARN", "muc-prefix", "are on muc.meet.example.org",
		'Set muc_mapper_domain_prefix = "muc"', { "(app_id)", 'muc_mapper_domain_prefix = "muc"\n%1' } },
	{ "rooms on two components that only any domain can name", good..muc "a.meet.example.org" (guard)..muc "b.meet.example.org" (guard),
		"WARN",
		"muc-prefix", "are on a.meet.example.org", "muc_mapper_domain_prefix",
		{ "(app_id)", "enable_domain_verification = false\n%1" } },
	{ "the same with a base", meet(log_in, id, secret, 'muc_mapper_domain_base = "meet.example.org"',
		'muc_mapper_domain = "muc.meet.example.org"')
		..muc "muc.meet.example.org" (guard), "WARN", "muc-prefix", "are on muc.meet.example.org", 'Set muc_mapper_domain_prefix = "muc"',
		{ "(app_id)", 'muc_mapper_domain_prefix = "muc"\n%1' } },
	{ "a second host without rooms", meet(log_in, id, secret, 'token_verification_hosts = { "c.example.org" }')..host "c.example.org" ()
		..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms, "WARN", "host-without-rooms", "b.example.org has no rooms of its own",
		'set token_verification_hosts = { "c.example.org", "b.example.org" } in the block of meet.example.org',
		{ '"c.example.org" }', '"c.example.org", "b.example.org" }' } },
	{ "a second host with guests without rooms", meet(log_in, id, secret)
		..host "b.example.org" (log_in, 'app_id = "b"', secret, "allow_empty_token = true")..rooms, "WARN", "host-and-guests-without-rooms",
		"b.example.org has no rooms of its own", 'set token_verification_hosts = { "b.example.org" } in the block of meet.example.org',
		{ "app_secret", 'token_verification_hosts = { "b.example.org" }\n\tallow_empty_token = true\n\tapp_secret' } },
	{ "guests that no room admits", good..host "guest.meet.example.org" (log_in, id, "allow_empty_token = true")..rooms, "WARN",
		"guests-without-rooms", "guest.meet.example.org lets guests in", 'token_verification_allowlist = { "guest.meet.example.org" }',
		'\ttoken_verification_allowlist = { "guest.meet.example.org" }\n' },
	{ "options for tokens, and no host that takes them", log_in.."\n"..id.."\n"..host "a.example.org" ('authentication = "internal_hashed"'),
		"FAIL", "no-token-host", "No VirtualHost takes tokens", "Set both", { '.*', function () return (good..rooms); end } },
	{ "nothing about tokens", host "a.example.org" ('authentication = "internal_hashed"'), "WARN", "no-token-host",
		"No VirtualHost takes tokens",
		"Set both", { '.*', function () return (good..rooms); end } },
};

lazy_setup(function ()
	local key, of_curve = tokens.new_key(), token_verifier.key(token_verifier.generate_key({ curve = "P-256" }));
	folder, server = temporary.folder(), http_server.start(temporary.folder());
	url = server.url.."/document";
	shell.write(folder.."/"..token_verifier.key_file_name("k1"), key.public);
	shell.write(folder.."/secret", "a long random text, of 32 bytes or more");
	assert(os.execute(("mkdir -p '%s/plugins/token'"):format(folder)));
	shell.write(folder.."/plugins/token/util.lib.lua", "return {}\n");
	local set = ('{"keys":[%s]}'):format((token_verifier.key(key.public):jwk():gsub("^{", '{"kid":"k1",')));
	for _, path in ipairs({ "set", "realms/meet/protocol/openid-connect/certs", "realms/other/protocol/openid-connect/certs" }) do
		server.publish_document({ path = path, body = set });
	end
	server.publish_document({ path = "es256", body = ('{"keys":[%s]}'):format(of_curve:jwk()) });
	server.publish_document({ path = "realms/meet/.well-known/openid-configuration",
		body = ('{"issuer":"%s/realms/meet","jwks_uri":"%s/set"}'):format(url, url) });
end);

lazy_teardown(function ()
	explaining.close();
	server.close();
end);

-- Checks a configuration. Returns the rows that are not "ok", the exit status, and what was printed. Sources that are not on `server` are
-- not asked: the proxy refuses, and the rows about that are left out.
local function check(text)
	local proxy = not text:find("SERVER", 1, true) and 'token_key_proxy = "http://127.0.0.1:1"\n' or "";
	text = proxy..text:gsub("FOLDER", folder):gsub("SERVER", url);
	local output, status = explaining.quick_command({ "check", "--json", "--config", explaining.write_file("check.cfg.lua", text) });
	local rows = {};
	for _, one in ipairs(assert(json.decode(output), output).hosts) do
		for _, row in ipairs(one.checks) do
			local is_elsewhere = row.findings[1] and row.findings[1].key == "source-refused";
			rows[#rows + 1] = row.mark ~= "ok" and not is_elsewhere and row or nil;
		end
	end
	return rows, status, output;
end

local function texts_of(rows)
	local texts = {};
	for i, row in ipairs(rows) do
		texts[i] = explaining.text_of(row);
	end
	return table.concat(texts, "\n");
end

local function changed(text, changes)
	for _, change in ipairs(changes) do
		if type(change) == "string" then
			text = text..change;
		else
			local count;
			text, count = text:gsub(change[1], change[2], 1);
			assert(count == 1, "nothing to change: "..change[1]);
		end
	end
	return text;
end

describe("the command's check", function ()
	for _, case in ipairs(works) do
		it("has nothing to say about "..case[1], function ()
			local rows = check(case[2]);
			assert.equal("", texts_of(rows));
		end);
	end

	for _, case in ipairs(cases) do
		local what, text, mark, key, cause, fix = table.unpack(case, 1, 6);
		it("finds "..what, function ()
			local rows, status, output = check(text);
			local found;
			for _, row in ipairs(rows) do
				assert.truthy(row.findings[1], "no fix: "..explaining.text_of(row));
				found = found or row.findings[1].key == key and row;
			end
			assert.truthy(found, "no "..key.." in: "..texts_of(rows));
			assert.equal(mark, found.mark, texts_of(rows));
			explaining.finds({ it = found }, "it", mark, key, cause, fix);
			assert.is_nil(output:find("a long random text", 1, true));
			if mark == "FAIL" then
				assert.equal(1, status, texts_of(rows));
			end
			assert.equal("", texts_of((check(changed(text, table.move(case, 7, #case, 1, {}))))));
		end);
	end
end);

describe("the command's check, of a file that Lua cannot read,", function ()
	for what, lines in pairs({
		["in one line"] = 'modules_enabled = ( "muc_meeting_id"; "token_verification" )',
		["in several lines"] = 'modules_enabled = (\n\t"muc_meeting_id",\n\t"token_verification",\n)',
	}) do
		it("says how a list is written that is in round brackets "..what, function ()
			local output, status = explaining.quick_command({ "check", "--config", explaining.write_file("check.cfg.lua", good
				..muc "conference.meet.example.org" (lines)) });
			assert.truthy(output:find("a list is written in braces, { ... }, and not in round brackets", 1, true), output);
			assert.equal(2, status);
		end);
	end

	it("does not say so of another bracket", function ()
		local output = explaining.quick_command({ "check", "--config", explaining.write_file("check.cfg.lua", good.."x = 5\nprint((5;\n") });
		assert.is_nil(output:find("braces", 1, true));
		assert.truthy(output:find("')' expected", 1, true), output);
	end);
end);

describe("the command's explain", function ()
	-- { what, configuration }
	for _, case in ipairs({
		{ "beside a lobby and breakout rooms", (of_debian(log_in, id, secret):gsub("muc_mapper_domain_base[^\n]*", "")) },
		{ "beside a lobby, with nothing that names them", good..muc "lobby.meet.example.org" ()..muc "breakout.meet.example.org" ()..rooms },
		{ "on the component that main_muc names", meet(log_in, id, secret, 'main_muc = "conference.meet.example.org"')
			..muc "a.meet.example.org" (guard)..rooms },
		{ "on the only one that may be meant", good..muc "lobby.meet.example.org" ()
			..muc "conference.meet.example.org" (guard, 'token_verification_host = "meet.example.org"') },
	}) do
		it("knows the rooms "..case[1], function ()
			local claims = tokens.claims({ iss = "my-app", aud = "jitsi", sub = "meet.example.org", room = "planning" });
			local answer, status = explaining.explain(tokens.hs256(claims, "a long random text, of 32 bytes or more"), {
				"--config", explaining.write_file("explain.cfg.lua", case[2]), "--host", "meet.example.org", "--room", "planning",
			}, {}, explaining.quick_command);
			assert.same({ true, 0 }, { answer.room.accepted, status });
		end);
	end

	it("says that a host has no rooms of its own", function ()
		local claims = tokens.claims({ iss = "b", aud = "jitsi", sub = "b.example.org", room = "planning" });
		local answer = explaining.explain(tokens.hs256(claims, "a long random text, of 32 bytes or more"), {
			"--config", explaining.write_file("explain.cfg.lua", good..host "b.example.org" (log_in, 'app_id = "b"', secret)..rooms),
			"--host", "b.example.org", "--room", "planning",
		}, {}, explaining.quick_command);
		assert.truthy(table.concat(answer.configuration, "\n"):find("b.example.org has no rooms of its own", 1, true));
		assert.is_false(answer.room.accepted);
	end);
end);
