-- SPDX-License-Identifier: MIT
-- The fixes that the command's explain prints are followed literally, one round after the other, until the token is accepted: what
-- is to be set in the token is set there, what is to be set in the configuration is appended to it.

local explaining = require "spec.support.explaining";
local http_server = require "spec.support.http_server";
local tokens = require "spec.support.tokens";
local jwk_set = require "token_verifier.testing.keys".jwk_set;
local json = require "util.json";

local now = 1700000000;
local secret = "0123456789abcdef of a shared secret, in plain";
local absent = tokens.absent;
local tenant = "11111111-2222-3333-4444-555555555555";
local other = "https://sts.windows.net/22222222-2222-3333-4444-555555555555/";
local azure_v1, azure_v2 = "https://sts.windows.net/"..tenant.."/", "https://login.microsoftonline.com/"..tenant.."/v2.0";

lazy_teardown(explaining.close);

local function claims_with(changes)
	local all = { iat = now - 60, exp = now + 3540, sub = "meet.example.org", room = "planning", context = { user = { name = "Ann" } } };
	for name, value in pairs(changes) do
		all[name] = value;
	end
	return tokens.claims(all);
end

-- The JSON string that a text begins with, decoded, or nil.
local function json_string(text)
	local at = 2;
	while text:sub(1, 1) == '"' and at <= #text and text:sub(at, at) ~= '"' do
		at = at + (text:sub(at, at) == "\\" and 2 or 1);
	end
	return text:sub(1, 1) == '"' and json.decode(text:sub(1, at)) or nil;
end

-- What a fix says to set: a table of claims (and typ), and a list of lines for the configuration.
local function suggestions(finding)
	local claims, lines = {}, {};
	for _, pattern in ipairs({ '[Ss]et "(%l+)" to ()', '"(%l+)": ()' }) do
		for name, at in finding.fix:gmatch(pattern) do
			claims[name] = claims[name] or json_string(finding.fix:sub(at));
		end
	end
	local added = finding.fix:match('^Add (.*)');
	claims.aud = claims.aud or added and json_string(added);
	for option, value in finding.fix:gmatch("([%l_]+) = (%b{})") do
		lines[#lines + 1] = option.." = "..value;
	end
	for option, value in finding.fix:gmatch("([%l_]+) = (%w+)") do
		lines[#lines + 1] = option.." = "..value;
	end
	for _, line in ipairs(lines) do
		assert(load(line), line);
	end
	return claims, lines;
end

-- Follows the fixes of every row that fails, those for `place` first. Returns whether the token is accepted in the end, the rows of
-- the last answer, and all that was set on the way.
local function follow(case, place)
	local claims, header, lines, log = claims_with(case.claims or {}), {}, { case.lines }, {};
	for name, value in pairs(case.header or {}) do
		header[name] = value;
	end
	for _ = 1, 6 do
		local configuration = explaining.configuration(("app_secret = %q\n%s"):format(secret, table.concat(lines, "\n")));
		local answer, _, rows = explaining.explain(tokens.hs256(claims, secret, header),
			{ "--config", configuration, "--now", tostring(now), "--room", "planning" }, { secret }, explaining.quick_command);
		local changed = false;
		for _, row in ipairs(answer.checks) do
			for _, finding in ipairs(row.mark == "FAIL" and row.findings or {}) do
				local of_token, of_configuration = suggestions(finding);
				if place == "token" and next(of_token) or not of_configuration[1] then
					for name, value in pairs(of_token) do
						changed, (name == "typ" and header or claims)[name] = true, value;
						log[#log + 1] = name.." = "..value;
					end
				else
					changed = true;
					table.move(of_configuration, 1, #of_configuration, #lines + 1, lines);
					table.move(of_configuration, 1, #of_configuration, #log + 1, log);
				end
			end
		end
		if not changed then
			return answer.accepted and (answer.room or {}).accepted, rows, table.concat(log, "; ");
		end
	end
	return false, {}, "still changing: "..table.concat(log, "; ");
end

-- { what, key of the first cause, what is set in the configuration by its fixes, claims =, header =, lines = }. The last text may be
-- absent.
local cases = {
	{ "typ of an access token", "type-access-token", 'token_accepted_types = { "JWT", "at+jwt" }', header = { typ = "at+jwt" } };
	{ "typ of an access token in full", "type-access-token", 'token_accepted_types = { "JWT", "at+jwt" }',
		header = { typ = "Application/AT+JWT" } };
	{ "another typ", "type-not-accepted", 'token_accepted_types = { "JWT", "at+jwt", "ID" }', header = { typ = "ID" },
		lines = 'token_accepted_types = { "JWT", "at+jwt" }' };
	{ "typ in lower case", "type-not-accepted", 'token_accepted_types = { "JWT", "jwt" }', header = { typ = "jwt" } };
	{ "typ with application", "type-not-accepted", 'token_accepted_types = { "JWT", "application/jwt" }',
		header = { typ = "application/jwt" } };
	{ "typ with a quote", "type-not-accepted", [[token_accepted_types = { "JWT", "a\"\\b" }]], header = { typ = 'a"\\b' } };
	{ "no typ", "type-missing", 'token_accepted_types = { "*" }', header = { typ = tokens.null } };
	{ "typ as a number", "type-invalid", nil, header = { typ = 1 } };
	{ "typ of any", "type-invalid", nil, header = { typ = "*" } };

	{ "another iss", "issuer-not-accepted", 'asap_accepted_issuers = { "web", "mobile", "desktop" }', claims = { iss = "desktop" },
		lines = 'asap_accepted_issuers = { "web", "mobile" }' };
	{ "iss that is long", "issuer-not-accepted", 'asap_accepted_issuers = { "app", "'..("https://sso/"):rep(20)..'" }',
		claims = { iss = ("https://sso/"):rep(20) } };
	{ "iss of odd characters", "issuer-not-accepted", [[asap_accepted_issuers = { "app", "a\"\\\x0a\u{202e}b ü" }]],
		claims = { iss = 'a"\\\n\u{202e}b ü' } };
	{ "iss that is too long to accept", "issuer-unusable", nil, claims = { iss = ("x"):rep(1100) } };
	{ "iss of any", "issuer-unusable", nil, claims = { iss = "*" } };
	{ "iss where none is accepted", "issuer-not-accepted", 'asap_accepted_issuers = { "app" }', lines = "asap_accepted_issuers = {}" };
	{ "iss that is empty", "issuer-empty", nil, claims = { iss = " " } };
	{ "iss as a number", "issuer-invalid", nil, claims = { iss = 5 } };
	{ "a slash too many", "trailing-slash",
		'asap_accepted_issuers = { "web", "app/", "app" }', lines = 'asap_accepted_issuers = { "web", "app/" }' };
	{ "a slash too many in aud", "trailing-slash", 'asap_accepted_audiences = { "web", "https://m", "https://m/" }',
		claims = { aud = "https://m/" }, lines = 'asap_accepted_audiences = { "web", "https://m" }' };
	{ "http for https", "other-scheme", 'asap_accepted_issuers = { "https://s/x", "http://s/x" }', claims = { iss = "http://s/x" },
		lines = 'asap_accepted_issuers = { "https://s/x" }' };
	{ "iss in another case", "other-case", 'asap_accepted_issuers = { "app", "App" }', claims = { iss = "App" } };
	{ "Keycloak's old path", "keycloak-path",
		'asap_accepted_issuers = { "https://sso.example.net/realms/m", "https://sso.example.net/auth/realms/m" }',
		claims = { iss = "https://sso.example.net/auth/realms/m" }, lines = 'asap_accepted_issuers = { "https://sso.example.net/realms/m" }' };
	{ "a blank in the configuration", "configured-blank", 'asap_accepted_issuers = { "web", "app" }',
		lines = 'asap_accepted_issuers = { "web", " app" }' };
	{ "a no-break space in the configuration", "configured-blank", 'asap_accepted_issuers = { "app" }',
		lines = 'asap_accepted_issuers = { "app\u{a0}" }' };
	{ "a tab in the configuration", "configured-blank", 'asap_accepted_audiences = { "jitsi", "web" }',
		lines = 'asap_accepted_audiences = { "\\tjitsi", "web" }' };
	{ "quotes in the configuration", "configured-blank", 'asap_accepted_issuers = { "app" }',
		lines = "asap_accepted_issuers = { '\"app\"' }" };
	{ "a list in one text", "configured-in-one", 'asap_accepted_issuers = { "web", "app" }',
		lines = 'asap_accepted_issuers = { "web, app" }' };
	{ "a blank in app_id", "configured-blank", 'asap_accepted_issuers = { "app" }', lines = 'app_id = " app"' };
	{ "a line end in iss", "claim-blank", nil, claims = { iss = "app\n" } };
	{ "iss and aud mixed up", "issuer-and-audience-swapped", nil, claims = { iss = "jitsi", aud = "app" } };
	{ "iss and aud mixed up where any aud will do", "issuer-and-audience-swapped", nil, claims = { iss = "jitsi", aud = "app" },
		lines = 'asap_accepted_audiences = { "*" }' };

	{ "aud that is empty", "audience-empty", nil, claims = { aud = "" } };
	{ "aud of nobody", "audience-empty", nil, claims = { aud = setmetatable({}, { __jsontype = "array" }) } };
	{ "aud of nobody where any will do", "audience-empty", nil, claims = { aud = setmetatable({}, { __jsontype = "array" }) },
		lines = 'asap_accepted_audiences = { "*" }' };
	{ "aud with an empty text", "audience-empty", nil, claims = { aud = { "" } } };
	{ "another aud", "audience-not-accepted", 'asap_accepted_audiences = { "jitsi", "https://meet.example.org" }',
		claims = { aud = "https://meet.example.org" } };
	{ "aud of any", "audience-unusable", nil, claims = { aud = "*" } };
	{ "aud of several", "audience-array", 'asap_accepted_audiences = { "jitsi", "a" }', claims = { aud = { "a", "b" } } };
	{ "aud as an object", "audience-invalid", nil, claims = { aud = { a = 1 } } };
	{ "Keycloak's account", "keycloak-account", 'asap_accepted_audiences = { "jitsi", "account" }', claims = { aud = "account" } };

	{ "sub as an address", "sub-address", nil, claims = { sub = "https://meet.example.org/" } };
	{ "sub with a port", "sub-address", nil, claims = { sub = "meet.example.org:443" } };
	{ "sub with a room", "sub-address", nil, claims = { sub = "meet.example.org/planning" } };
	{ "sub with www", "sub-address", nil, claims = { sub = "www.meet.example.org" } };
	{ "sub with a dot at the end", "sub-address", nil, claims = { sub = "Meet.example.org." } };
	{ "sub with a blank", "sub-address", nil, claims = { sub = " meet.example.org" } };
	{ "sub that is empty", "sub-empty", nil, claims = { sub = "" } };
	{ "sub of a mail address", "sub-user", "enable_domain_verification = false", claims = { sub = "ann@example.org" } };

	{ "Azure's other version", "azure-version", ('asap_accepted_issuers = { %q, %q }'):format(azure_v2, azure_v1), claims = { iss = azure_v1 },
		lines = ("asap_accepted_issuers = { %q }"):format(azure_v2) };
	{ "Azure's placeholder", "azure-tenant", ('asap_accepted_issuers = { "app", %q }'):format(azure_v2), claims = { iss = azure_v2 },
		lines = 'asap_accepted_issuers = { "app", "https://login.microsoftonline.com/{tenantid}/v2.0" }' };
	{ "Azure's domain of a tenant", "azure-tenant", ('asap_accepted_issuers = { %q }'):format(azure_v1), claims = { iss = azure_v1 },
		lines = 'asap_accepted_issuers = { "https://login.microsoftonline.com/contoso.onmicrosoft.com" }' };
	{ "Azure's v1 issuer without its slash", "trailing-slash", nil, claims = { iss = azure_v1 },
		lines = ("asap_accepted_issuers = { %q }"):format((azure_v1:gsub("/$", ""))) };
	{ "Azure's common", "azure-tenant", ('asap_accepted_issuers = { %q }'):format(azure_v2), claims = { iss = azure_v2 },
		lines = 'asap_accepted_issuers = { "https://login.microsoftonline.com/common/v2.0" }' };
	{ "Azure of another tenant", "provider-issuer", ('asap_accepted_issuers = { %q, %q }'):format(other, azure_v2),
		claims = { iss = azure_v2 }, lines = ("asap_accepted_issuers = { %q }"):format(other) };
	{ "Google without https", "other-scheme", nil, claims = { iss = "accounts.google.com" },
		lines = 'asap_accepted_issuers = { "https://accounts.google.com" }' };
	{ "a lifetime that is too long", "lifetime-too-long", "token_max_lifetime = 3600", lines = "token_max_lifetime = 600" };
	{ "a lifetime of a hundred years", "lifetime-too-long", "token_max_lifetime = 0", claims = { exp = now + 3153600000 },
		lines = "token_max_lifetime = 600" };
	{ "claims that are required", "missing-claim",
		'token_required_claims = { "iss" }', lines = 'token_required_claims = { "email", "iss", "name" }' };
	{ "the only claim that is required", "missing-claim", "token_required_claims = {}", lines = 'token_required_claims = "email"' };
	{ "JaaS", "issuer-not-accepted", 'asap_accepted_issuers = { "app", "chat" }; enable_domain_verification = false',
		claims = { iss = "chat", sub = "vpaas-magic-cookie-1" }, header = { kid = "vpaas-magic-cookie-1/2" } };
	{ "Cognito's access token", "provider-issuer", nil, claims = { iss = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC",
		aud = absent, client_id = "7abc", token_use = "access", room = absent, sub = "0b1f6d3c-6c8e-4d2a-9f1e-1234567890ab" } };
	{ "Google", "provider-issuer", 'asap_accepted_issuers = { "app", "https://accounts.google.com" }; '
			..'asap_accepted_audiences = { "jitsi", "1.apps.googleusercontent.com" }; asap_require_room_claim = false; '
			.."enable_domain_verification = false",
		claims = { iss = "https://accounts.google.com", aud = "1.apps.googleusercontent.com", sub = "110169484474386276334", room = absent } };
	{ "Auth0", "provider-issuer", 'asap_accepted_issuers = { "app", "https://x.eu.auth0.com/" }; '
			..'asap_accepted_audiences = { "jitsi", "https://api" }; asap_require_room_claim = false; enable_domain_verification = false',
		claims = { iss = "https://x.eu.auth0.com/", aud = { "https://x.eu.auth0.com/userinfo", "https://api" },
			sub = "auth0|5f7c", room = absent } };
	{ "Firebase", "provider-issuer", nil, claims = { iss = "https://securetoken.google.com/p", aud = "p", sub = "Xy1", room = absent } };
	{ "Supabase", "provider-issuer", nil,
		claims = { iss = "https://x.supabase.co/auth/v1", aud = "authenticated", sub = "0b1f6d3c-6c8e-4d2a-9f1e-1234567890ab", room = absent } };
	{ "Okta", "provider-issuer", nil, claims = { iss = "https://dev-1.okta.com/oauth2/default", aud = "api://default", cid = "0oa1",
		sub = "ann@example.org", room = absent } };
	{ "AD FS", "provider-issuer", nil, claims = { iss = "http://adfs.example.net/adfs/services/trust", aud = "microsoft:identityserver:1",
		sub = "x=", room = absent } };
	{ "authentik", "provider-issuer", nil, claims = { iss = "https://sso.example.net/application/o/jitsi/", aud = "a1", sub = "ann",
		room = absent } };
	{ "ZITADEL", "provider-issuer", nil, claims = { iss = "https://x.zitadel.cloud", aud = { "1", "2" }, sub = "17", room = absent } };
	{ "GitLab", "provider-issuer", nil, claims = { iss = "https://gitlab.example.net", aud = "a1", sub = "42", room = absent } };
	{ "GitHub Actions", "provider-issuer", nil, claims = { iss = "https://token.actions.githubusercontent.com", aud = "https://github.com/o",
		sub = "repo:o/r:ref:refs/heads/main", room = absent } };
	{ "Apple", "provider-issuer", nil, claims = { iss = "https://appleid.apple.com", aud = "net.example.app", sub = "1.a", room = absent } };
	{ "Clerk", "provider-issuer", nil, claims = { iss = "https://x.clerk.accounts.dev", aud = "a", sub = "user_2", room = absent } };
	{ "Entra External ID", "provider-issuer", nil, claims = { iss = "https://t.ciamlogin.com/"..tenant.."/v2.0", aud = "a", sub = "Ab",
		room = absent } };
	{ "a provider that is not known", "issuer-not-accepted", nil, claims = { iss = "https://cloud.example.net", aud = "a", sub = "ann",
		context = absent } };
	{ "Keycloak", "provider-issuer", nil,
		claims = { iss = "https://sso.example.net/realms/meet", aud = { "account", "meet" }, azp = "meet", room = absent } };
};

describe("the fixes of the command's explain, followed,", function ()
	for _, case in ipairs(cases) do
		for _, place in ipairs({ "token", "configuration" }) do
			it(("make good %s, in the %s first (%s)"):format(case[1], place, case[2]), function ()
				local configuration = explaining.configuration(("app_secret = %q\n%s"):format(secret, case.lines or ""));
				local answer = explaining.explain(tokens.hs256(claims_with(case.claims or {}), secret, case.header),
					{ "--config", configuration, "--now", tostring(now), "--room", "planning" }, { secret }, explaining.quick_command);
				local first;
				for _, row in ipairs(answer.checks) do
					first = first or row.mark == "FAIL" and row.findings[1].key or nil;
				end
				assert.equal(case[2], first);
				local accepted, _, log = follow(case, place);
				assert.is_true(accepted, log);
				if place == "configuration" and case[3] then
					assert.equal(case[3], log);
				end
			end);
		end
	end
end);

describe("the command's explain, of a provider,", function ()
	local key = tokens.new_key();
	local function explain(token, lines)
		return explaining.explain(token, { "--config", explaining.configuration(lines), "--now", tostring(now), "--room", "planning" },
			{ secret });
	end

	-- Nothing else is to be fixed: it would not help.
	local function finds_only(rows, check)
		explaining.finds(rows, check, "FAIL", "graph-token", "only Microsoft Graph can verify it", "Request a token for your own application");
		for name, row in pairs(rows) do
			assert.equal(name == check and 1 or 0, #row.findings, name);
			assert.not_equal("WARN", row.mark);
		end
	end

	it("says that a token for Microsoft Graph cannot be verified", function ()
		local folder = explaining.write_file("folder", ""):gsub("folder$", "keys");
		local public = explaining.write_file("public.pem", key.public);
		assert(os.execute("mkdir -p "..folder));
		explaining.command({ "publish", public, "--kid", "k", "--dir", folder });
		local claims = claims_with({ iss = azure_v1, aud = "https://graph.microsoft.com" });
		local signed = tokens.rs256(claims, key, "k", { nonce = "hashed" });
		local sent = tokens.rs256(claims, key, "k", { nonce = "plain" }):match("^[^.]*")..signed:match("(%..*)$");
		local lines = ('asap_key_server = "file://%s"\nasap_accepted_issuers = { "app" }\n'):format(folder);
		local answer, status, rows = explain(sent, lines);
		assert.same({ 1, "bad-signature" }, { status, answer.code });
		assert.equal("FAIL", rows.iss.mark);
		finds_only(rows, "signature");
		rows = select(3, explain(sent, ("app_secret = %q"):format(secret)));
		finds_only(rows, "alg");
		rows = select(3, explain(tokens.rs256(claims_with({ iss = azure_v1, aud = "x" }), key, "other", { nonce = "plain" }), lines));
		finds_only(rows, "key");
		rows = select(3, explain(signed, lines)); -- its signature is valid here: the token is not what it looks like
		explaining.finds(rows, "iss", "FAIL", "provider-issuer", "The issuer is not accepted", "asap_accepted_issuers");
	end);

	it("says how a token of JaaS is verified on an own server, and that is so", function ()
		local claims = claims_with({ iss = "chat", sub = "vpaas-magic-cookie-1" });
		local token = tokens.rs256(claims, key, "vpaas-magic-cookie-1/4f4910");
		local _, _, rows = explain(token, ("app_secret = %q"):format(secret));
		explaining.finds(rows, "alg", "FAIL", "jaas-key", "gave the public key to 8x8", "--kid vpaas-magic-cookie-1/4f4910 --dir FOLDER");
		explaining.finds(rows, "sub", "FAIL", "jaas-sub", "AppID", "enable_domain_verification = false");
		local public = explaining.write_file("public.pem", key.public);
		local folder = public:gsub("public.pem$", "jaas-keys");
		assert(os.execute("mkdir -p "..folder));
		local lines = 'asap_key_server = "file://'..folder..'"\nenable_domain_verification = false\nasap_accepted_issuers = { "app", "chat" }';
		_, _, rows = explain(token, lines);
		explaining.finds(rows, "key", "FAIL", "jaas-key", "does not know that key", 'asap_key_server = "file://FOLDER"');
		for command in rows.key.findings[1].fix:gmatch("%((token%-verifier publish [^)]*)%)") do
			local kid = command:match("%-%-kid (%S+)");
			explaining.command({ "publish", public, "--kid", kid, "--dir", folder });
		end
		local answer = explain(token, lines);
		assert.is_true(answer.accepted and answer.room.accepted);
	end);

	it("names the issuer to whose source the key belongs, and accepts the token of that issuer", function ()
		local public = explaining.write_file("public.pem", key.public);
		local folder = public:gsub("public.pem$", "bound-keys");
		assert(os.execute("mkdir -p "..folder));
		explaining.command({ "publish", public, "--kid", "k", "--dir", folder });
		local issuers = 'token_issuers = { ["https://sso/x"] = { directory = "%s" }, ["https://a"] = { jwks_url = "http://127.0.0.1:9/" } }';
		local _, _, rows = explain(tokens.rs256(claims_with({ iss = "https://sso/x/" }), key, "k"), issuers:format(folder));
		explaining.finds(rows, "iss", "FAIL", "issuer-of-other-key", 'the source of another one in token_issuers: "https://sso/x"',
			'write ["https://sso/x/"] for ["https://sso/x"] in token_issuers');
		local claims = suggestions(rows.iss.findings[1]);
		assert.is_true((explain(tokens.rs256(claims_with(claims), key, "k"), issuers:format(folder))).accepted);
		local renamed = issuers:gsub("sso/x", "sso/x/"):format(folder);
		assert.is_true((explain(tokens.rs256(claims_with({ iss = "https://sso/x/" }), key, "k"), renamed)).accepted);
	end);

	-- { what, claims, words of the cause, words of the fix }
	for _, case in ipairs({
		{ "an application of Entra ID", { iss = azure_v2, aud = tenant:reverse() }, "a signing key of its own",
			('Set cache_keys_url = "https://login.microsoftonline.com/%s/discovery/v2.0/keys?appid=%s"'):format(tenant, tenant:reverse()) },
		{ "an access token of Okta's own server", { iss = "https://dev-1.okta.com", cid = "0oa1" }, "Only Okta can verify it", "the ID token" },
	}) do
		it("says where the key is of "..case[1], function ()
			local server = http_server.start();
			local address = server.publish_document({ path = "set", body = jwk_set({ k = tokens.new_key().public }) });
			local _, _, rows = explain(tokens.rs256(claims_with(case[2]), key, "other"), ("cache_keys_url = %q"):format(address));
			server.close();
			explaining.finds(rows, "key", "FAIL", case[1]:find("Okta") and "okta-access-token" or "entra-application-key", case[3], case[4]);
		end);
	end

	it("says that Firebase's custom token is for Firebase", function ()
		local claims = claims_with({ aud = "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit" });
		local _, _, rows = explain(tokens.rs256(claims, key, "k"), ("app_secret = %q"):format(secret));
		explaining.finds(rows, "alg", "FAIL", "firebase-custom-token", "only good for signing in", "getIdToken");
	end);

	it("says how a provider is made to sign with a private key", function ()
		local token = tokens.hs256(claims_with({ iss = "https://sso.example.net/application/o/jitsi/" }), secret);
		local _, _, rows = explain(token, 'cache_keys_url = "http://127.0.0.1:9/"');
		explaining.finds(rows, "alg", "FAIL", "provider-signs-with-secret", "is authentik. It signed with the secret of the client (HS256)",
			"choose a Signing Key");
	end);

	it("names the source of keys as a guess", function ()
		for issuer, setting in pairs({
			["https://accounts.google.com"] = 'probably openid_issuer = "https://accounts.google.com"',
			["https://x.supabase.co/auth/v1"] = 'probably cache_keys_url = "https://x.supabase.co/auth/v1/.well-known/jwks.json"',
			["https://dev-1.okta.com"] = 'probably openid_issuer = "https://dev-1.okta.com"',
			["http://adfs.example.net/adfs/services/trust"] = 'probably cache_keys_url = "https://adfs.example.net/adfs/discovery/keys"',
			["https://adfs.example.net/adfs"] = 'probably cache_keys_url = "https://adfs.example.net/adfs/discovery/keys"',
			["https://sso.example.net/application/o/j/"] = 'probably openid_issuer = "https://sso.example.net/application/o/j/"',
			["https://sso.example.net/realms/m"] = 'probably openid_issuer = "https://sso.example.net/realms/m"',
		}) do
			local _, _, rows = explain(tokens.rs256(claims_with({ iss = issuer }), key, "k"), ("app_secret = %q"):format(secret));
			explaining.finds(rows, "alg", "FAIL", "provider-source", "verifies tokens with a shared secret", setting);
		end
	end);

	-- { what, claims, check, key, words of the cause, words of the fix }
	for _, case in ipairs({
		{ "Cognito's access token where its client is accepted", { aud = absent, token_use = "access", client_id = "jitsi",
			iss = "https://cognito-idp.eu-west-1.amazonaws.com/x" }, "aud", "cognito-access-token", 'which has no "aud"', '"aud": "jitsi"' },
		{ "Cognito's access token", { aud = absent, token_use = "access", client_id = "7abc",
			iss = "https://cognito-idp.eu-west-1.amazonaws.com/x" }, "aud", "cognito-access-token-accept", 'which has no "aud"',
			'Set asap_accepted_audiences = { "jitsi", "7abc" }, and send the ID token' },
		{ "Google's token without room", { iss = "https://accounts.google.com", room = absent }, "room", "provider-room-never", "cannot add it",
			"asap_require_room_claim = false" },
		{ "Firebase's token without room", { iss = "https://securetoken.google.com/p", room = absent }, "room", "provider-room",
			"Firebase does not", "setCustomUserClaims" },
		{ "Auth0's sub", { sub = "auth0|5f7c" }, "sub", "provider-sub", "an ID that Auth0 sets itself",
			"enable_domain_verification = false" },
		{ "Supabase's aud", { iss = "https://x.supabase.co/auth/v1", aud = "authenticated" }, "aud", "provider-audience",
			'Supabase sets "aud" itself', 'asap_accepted_audiences = { "jitsi", "authenticated" }' },
		{ "a user of an unknown provider", { iss = "https://cloud.example.net", sub = "ann", context = absent }, "sub", "sub-user",
			"looks like a user ID", "enable_domain_verification = false" },
		{ "a tenant of an issuer that is an address", { iss = "https://cloud.example.net", sub = "acme" }, "sub", "sub-tenant-for-domain",
			"names a tenant", "send the client to /acme/room" },
		{ "a room with an address in its name", { room = absent, ["https://meet.example.org/room"] = "planning" }, "room", "claim-misspelt",
			'"https://meet.example.org/room"', 'Rename it to "room"' },
	}) do
		it("names "..case[1], function ()
			local _, _, rows = explain(tokens.hs256(claims_with(case[2]), secret), ("app_secret = %q"):format(secret));
			explaining.finds(rows, case[3], "FAIL", table.unpack(case, 4, 6));
		end);
	end
end);

describe("what Jitsi's page finds wrong", function ()
	-- { what, claims, words of the note, or nil for no note }
	for _, case in ipairs({
		{ "in nothing", { context = { user = {}, features = { recording = true, livestreaming = "false", ["sip-inbound-call"] = false } } } },
		{ "in a token without exp", { exp = absent }, '"exp", which is missing' },
		{ "in an nbf with a part of a millisecond", { nbf = 1.00005 }, '"nbf", which is no date' },
		{ "in an exp of the year 9999", { exp = 253402300799 } },
		{ "in an nbf of zero", { nbf = 0 } },
		{ "in a token without context", { context = absent }, '"context", which is missing' },
		{ "in an unknown feature", { context = { features = { recordings = true } } },
			'the unknown feature "recordings" (probably "recording" is meant)' },
		{ "in a feature that is like none", { context = { features = { ["token_bypass"] = true } } }, 'the unknown feature "token_bypass"' },
		{ "in a value", { context = { features = { recording = "yes" } } }, 'the value of the feature "recording"' },
		{ "in a list of features", { context = { features = { "recording" } } }, '"features", which must be an object' },
		{ "in a number of things", { context = { features = { a = 1, b = 1, c = 1, d = 1, e = 1, f = 1 } } }, "and 1 more" },
		{ "in a token of JaaS", { sub = "vpaas-magic-cookie-1", aud = "else" },
			'"kid", which must begin with the AppID in "sub" and a slash; "aud", which must be "jitsi" for JaaS; "iss", which must be "chat"' },
	}) do
		it("is said: "..case[1], function ()
			local _, _, rows = explaining.explain(tokens.hs256(claims_with(case[2]), secret), { "--config",
				explaining.configuration(("app_secret = %q"):format(secret)), "--now", tostring(now) }, { secret }, explaining.quick_command);
			if case[3] then
				explaining.finds(rows, "context", "ok", "page-complains", case[3], "the server does not look at it");
				return;
			end
			for _, finding in ipairs(rows.context.findings) do
				assert.not_equal("page-complains", finding.key, finding.cause);
			end
		end);
	end
end);
