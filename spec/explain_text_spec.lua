-- SPDX-License-Identifier: MIT
-- What is found in the texts that people paste: one row a text. The token was made by the test kit; what Jitsi's page and a server
-- do with an address is as their sources say.

local explaining = require "spec.support.explaining";
local shell = require "spec.support.command";
local tokens = require "spec.support.tokens";
local read = require "token_verifier.explain.pasted_text".read;
local explain = require "token_verifier.explain.explain".explain;
local token_verifier = require "token_verifier";

lazy_teardown(explaining.close);

local secret = "0123456789abcdef of a shared secret, in plain";
local key = tokens.new_key();
local claims = { sub = "meet.example.org", room = "planning", exp = 4102444800, context = { user = { name = "Ann" } } };
local token = tokens.hs256(tokens.claims(claims), secret);
local long = tokens.rs256(tokens.claims(claims), key, "k");
local other = tokens.hs256(tokens.claims({ room = "other" }), secret);
local header, payload, signature = token:match("^(.-)%.(.-)%.(.*)$");
local jwe = tokens.base64url('{"alg":"dir","enc":"A128GCM"}').."..AAAA.AAAA.AAAA";

local function wrapped(text, width, between)
	return (text:gsub(("."):rep(width), "%0"..between));
end

local function utf16(text, order)
	return (text:gsub(".", order == "<" and "%0\0" or "\0%0"));
end

-- Percent-encodes each character in a list.
local function encoded(text, characters)
	return (text:gsub("["..characters.."]", function (char) return ("%%%02X"):format(char:byte()); end));
end

local page = "https://meet.example.org/planning";

-- { text, keys of the findings [, cause why the address is refused] }, with @@ for the token.
local found = {
	{ "@@", "" }, { "@@\n", "" }, { "@@\r\n", "" }, { "\n @@ \n\n", "blanks-around" },
	-- Addresses.
	{ page.."?jwt=@@", "token-found" }, { "meet.example.org/planning?jwt=@@", "token-found" },
	{ "localhost:8443/p?jwt=@@", "token-found" },
	{ "//meet.example.org/p?jwt=@@", "token-found" }, { "/planning?jwt=@@", "token-found" }, { "?jwt=@@", "token-found" },
	{ "jwt=@@", "token-found" }, { "wss://meet.example.org/xmpp-websocket?room=planning&token=@@", "token-found" },
	{ "org.jitsi.meet://meet.example.org/p?jwt=@@", "token-found" }, { page.."?lang=de&jwt=@@&x=1#config.prejoin=false", "token-found" },
	{ page.."?x=1&amp;jwt=@@", "address-escaped" }, { page.."?x=1&#38;jwt=@@", "address-escaped" },
	{ page.."?x=1\\u0026jwt=@@", "address-escaped" }, { page.."#jwt=%22@@%22", "token-found" },
	{ page..'#jwt="@@"', "token-found" },
	{ page.."#config.x=%22y%22&jwt=%22@@%22&userInfo.displayName=%22Ann%22", "token-found" },
	{ page.."#jwt=\226\128\156@@\226\128\157", "token-found" }, -- which the page reads as quotes
	{ "https://app.example.org/cb#state=1&id_token=@@&session_state=x", "token-found" },
	{ "https://app.example.org/cb#access_token=opaque123&id_token=@@", "token-found" },
	{ "https://app.example.org/cb#access_token=@@&token_type=bearer", "token-found" },
	{ "https://app.example.org/?to="..encoded(page.."?jwt=", ":/?=").."@@", "token-found" },
	{ '<a href="'..page..'?jwt=@@">Join</a>', "token-found" }, { "[join]("..page.."?jwt=@@)", "token-found" },
	{ '{"url":"https:\\/\\/meet.example.org\\/p?jwt=@@"}', "token-found" }, { page.."?jwt="..encoded(token, "."), "token-found" },
	{ page.."?token=@@", "link-token-parameter" }, { page.."?lang=de&token=@@", "link-token-parameter" },
	{ "https://meet.example.org/http-bind?room=p&token=@@", "token-found" }, { "https://jwt.io/?token=@@", "token-found" },
	{ "https://meet.example.org/xmpp-websocket?token=@@", "token-found" }, { page.."#token=@@", "token-found" },
	{ page.."#jwt=@@", "", "hash-without-quotes" }, { page.."#jwt=@@&config.x=1", "", "hash-without-quotes" },
	{ page.."#jwt='@@'", "", "hash-not-json" }, { page.."#jwt=%2522@@%2522", "", "hash-not-json" },
	{ page..'?jwt="@@"', "", "link-quoted" }, { page.."?jwt=%22@@%22", "", "link-quoted" },
	{ page.."?jwt=b'@@'", "", "link-quoted" }, { page.."?jwt=Bearer%20@@", "", "link-bearer" },
	{ page.."?jwt=bearer+@@", "", "link-bearer" },
	{ "wss://meet.example.org/x?token=Bearer @@", "", "link-bearer" },
	{ page.."?jwt="..encoded(token, "."):gsub("%%", "%%25"), "", "link-encoded-twice" },
	{ page.."?jwt=@@%0A", "", "link-other-characters" }, { page.."#jwt=%22Bearer%20@@%22", "", "link-bearer" },
	{ page.."?jwt="..token:sub(1, 40).."\226\128\139"..token:sub(41), "invisible-characters", "link-other-characters" },
	{ "~~@@~~", "token-found" }, { "```\n@@\n```", "quoted-token" }, { '{"Authorization": "Bearer @@"}', "token-found" },
 { page.."?JWT=@@", "", "link-parameter-case" },
	-- A parameter that is there more than once: the last one counts.
	{ page.."?jwt=@other&jwt=@@", "several-tokens" }, { page.."?jwt=@other&lang=de&jwt=@@&x=1", "several-tokens" },
	{ "wss://meet.example.org/x?token=@other&room=r&token=@@", "several-tokens" }, { page.."?jwt=@@&jwt=@@", "token-found" },
	{ page.."?jwt=@other#jwt=%22@@%22", "several-tokens" }, { page.."?jwt=@@#jwt=@other", "several-tokens" },
	{ page.."?token=@other&jwt=@@", "several-tokens" }, { page.."?jwt=@@ "..page.."?jwt=@other", "several-tokens" },
	{ page.."?jwt=@@&jwt=", "", "link-parameter-twice" }, { page.."?jwt=@@&jwt=eyJhbGciOiJI.e&x=1", "", "link-parameter-twice" },
	{ page.."?jwt=@@&jwt="..encoded(token, "."), "token-found" }, { page.."?jwt=&jwt=@@", "token-found" },
	-- JSON, headers, logs, code.
	{ '{"access_token":"x","id_token":"@@"}', "token-found" }, { '{\n  "access_token": "@@",\n  "expires_in": 3\n}', "token-found" },
	{ '{"data":{"token":"@@"}}', "token-found" }, { '{"jwt":"@@"}', "token-found" }, { '["@@"]', "quoted-token" },
	{ '{"refresh_token":"@@"}', "refresh-token" }, { '{"body":"{\\"id_token\\":\\"@@\\"}"}', "token-found" },
	{ '{"access_token":"@other","id_token":"@@"}', "several-tokens" }, { "@@\n@other", "several-tokens" },
	{ "access_token=@other; id_token=@@", "several-tokens" }, { '{"refresh_token":"@other","access_token":"@@"}', "several-tokens" },
	{ "Cookie: session=abc; jwt=@@; lang=de", "token-found" }, { "Set-Cookie: access_token=@@; Path=/; HttpOnly", "token-found" },
	{ "X-Auth-Token: @@", "token-found" }, { "Authorization: Token @@", "token-found" }, { "Authorization: Bearer @@", "token-found" },
	{ 'authorization: "Bearer @@"', "token-found" }, { "curl -H 'Authorization: Bearer @@' https://x", "token-found" },
	{ '1.2.3.4 - - "GET /p?jwt=@@ HTTP/1.1" 200 5 "'..page..'?jwt=@@" "Mozilla/5.0"', "token-found" },
	{ "2026-11-30 12:00:00 INFO issued token @@ for ann", "token-found" }, { "New BOSH session with token=@@", "token-found" },
	{ "TOKEN=@@", "token-found" }, { 'export JWT_TOKEN="@@"', "token-found" }, { "token: @@", "token-found" },
	{ "const token = '@@';", "token-found" }, { "b'@@'", "python-bytes" }, { 'b"@@"', "python-bytes" }, { "u'@@'", "quoted-token" },
	{ "('@@',)", "quoted-token" }, { '"@@"', "quoted-token" }, { "\226\128\156@@\226\128\157", "quoted-token" },
	{ "(@@)", "token-found" },
	{ "@@.", "token-found" }, { "@@,", "token-found" }, { "**@@**", "token-found" }, { "_@@_", "token-found" },
	{ "Bearer @@", "bearer-prefix" }, { "bearer @@", "bearer-prefix" }, { "BEARER @@", "bearer-prefix" },
	{ "Bearer%20@@", "bearer-prefix" },
	-- What copying does.
	{ "\239\187\191@@", "invisible-characters" }, { "\194\160@@\194\160", "invisible-characters" },
	{ "\226\128\139@@", "invisible-characters" },
	{ token:sub(1, 40).."\194\160"..token:sub(41), "invisible-characters" },
	{ token:sub(1, 40).."\194\173"..token:sub(41), "invisible-characters" },
	{ wrapped(token, 9, "\226\128\139"), "invisible-characters" }, { wrapped(token, 64, "\n"), "line-breaks" },
	{ wrapped(token, 7, "\r\n"), "line-breaks" }, { "> "..wrapped(token, 64, "\n> "), "line-breaks" },
	{ wrapped(token, 64, "\\\n"), "line-breaks" }, { wrapped(token, 75, "=\n"), "line-breaks" },
	{ wrapped(token, 50, " "), "line-breaks" },
	{ page.."?jwt="..wrapped(token, 60, "\n"), "line-breaks" },
	{ "See "..page.."?jwt=3D"..wrapped(token, 60, "=\n"), "token-found" }, -- a mail's source
	{ '"'..wrapped(token, 60, '" +\n  "')..'"', "quoted-token line-breaks" },
	{ "\255\254"..utf16(token, "<"), "utf-16-text" }, { utf16(token.."\r\n", "<"), "utf-16-text" },
	{ utf16(token, ">"), "utf-16-text" }, { encoded(token, "."), "url-encoded-token" },
	{ tokens.base64url(token), "encoded-again" }, { "@@~AAAA~", "selective-disclosure" },
};

describe("the token in a pasted text", function ()
	for _, case in ipairs(found) do
		local text = case[1]:gsub("@@", token):gsub("@other", other);
		it("is found in "..case[1]:gsub("[%c\128-\255]", "?"):sub(1, 70), function ()
			local result = read(text);
			assert.equal(token, result.token);
			local keys = {};
			for i, finding in ipairs(result.findings) do
				keys[i] = finding.key;
				assert.is_nil((finding.cause..finding.fix):find(signature, 1, true));
			end
			assert.equal(case[2], table.concat(keys, " "));
			assert.equal(case[3], result.refused and result.refused.key or nil);
			assert.is_nil(result.named);
		end);
	end

	it("may be long, and wrapped anywhere", function ()
		for width = 11, 120, 7 do
			for _, between in ipairs({ "\n", "\r\n    ", "\\\n", " " }) do
				assert.equal(long, read("token: "..wrapped(long, width, between).."\n").token);
			end
		end
	end);

	it("is taken by its name, and says why", function ()
		local result = read('{"access_token":"'..other..'","id_token":"'..token..'"}');
		assert.truthy(result.findings[1].cause:find('2 tokens in the text. The one in the member "id_token" of JSON was taken: an ID', 1, true));
		assert.truthy(read(token.."\n"..other).findings[1].cause:find("The one that comes first was taken", 1, true));
		assert.truthy(read("\239\187\191"..token).findings[1].cause:find("byte order mark", 1, true));
	end);

	it("gets its hyphens back", function ()
		local with_hyphen = "";
		for i = 1, 100 do
			with_hyphen = with_hyphen:find("-", 1, true) and with_hyphen or tokens.hs256(tokens.claims({ room = "r"..i }), secret);
		end
		for _, dash in ipairs({ "\226\128\147", "\226\128\145", "\226\136\146" }) do
			local result = read("Use "..with_hyphen:gsub("%-", dash).." to enter");
			assert.same({ with_hyphen, "dash-in-token" }, { result.token, result.findings[1].key });
		end
	end);

	it("is encrypted only with enc", function ()
		assert.equal(jwe, read("https://meet.example.org/p?jwt="..jwe).token);
		assert.equal(jwe, read('{"id_token":"'..jwe..'"}').token);
		assert.equal(token..".AAAA.AAAA", read(token..".AAAA.AAAA").token);
	end);
end);

-- { text, key of the cause, words of it }
local without = {
	{ "undefined", "unset-variable", "JavaScript" }, { "null", "unset-variable", "null" }, { "None", "unset-variable", "Python" },
	{ "nil", "unset-variable", "Lua" }, { "NaN", "unset-variable", "NaN" }, { "false", "unset-variable", "false" },
	{ "Bearer undefined", "unset-variable", "undefined" }, { page.."?jwt=undefined", "unset-variable", "undefined" },
	{ page.."?lang=de&jwt=null#config", "unset-variable", "null" }, { 'TOKEN="undefined"', "unset-variable", "undefined" },
	{ "jwt: null", "unset-variable", "null" }, { '{"token":null}', "unset-variable", "null" },
	{ "Authorization: Bearer null", "unset-variable", "null" },
	{ "{jwt}", "placeholder", "{jwt}" }, { "${JWT}", "placeholder", "${JWT}" }, { "{{ .Env.JWT }}", "placeholder", ".Env.JWT" },
	{ "%JWT%", "placeholder", "%JWT%" }, { "$JWT", "placeholder", "$JWT" }, { "<no value>", "placeholder", "<no value>" },
	{ "<token>", "placeholder", "<token>" }, { "YOUR_JWT_TOKEN", "placeholder", "YOUR_JWT_TOKEN" },
	{ "your-token-here", "placeholder", "your" },
	{ page.."?jwt={jwt}", "placeholder", "{jwt}" }, { page.."?jwt=%7Bjwt%7D", "placeholder", "{jwt}" },
	{ page.."?jwt=<token>", "placeholder", "<token>" },
	{ "JWT=${JWT}", "placeholder", "${JWT}" }, { "<%= jwt %>", "placeholder", "jwt" }, { "__JWT__", "placeholder", "__JWT__" },
	{ "[object Object]", "object-as-text", "[object Object]" }, { page.."?jwt=[object%20Object]", "object-as-text", "[object Object]" },
	{ "function () { [native code] }", "object-as-text", "native code" },
	{ "<function get_token at 0x7f12>", "object-as-text", "function" },
	{ "[object Promise]", "not-awaited", "did not wait" }, { "<coroutine object make at 0x7f>", "not-awaited", "did not wait" },
	{ "Promise { <pending> }", "not-awaited", "did not wait" },
	{ "", nil }, { "  \n", nil }, { page.."?jwt=", "empty-token", "empty" }, { page.."?jwt=&lang=de", "empty-token", "empty" },
	{ page.."#jwt=%22%22", "empty-token", "empty" }, { "TOKEN=", "empty-variable", "no value" },
	{ "export JWT=", "empty-variable", "no value" },
	{ page, "address-without-token", "no token in it" }, { "meet.example.org/planning", "address-without-token", "no token in it" },
	{ "meet.example.org", "address-without-token", "address" }, { page.."?lang=de#config.x=1", "address-without-token", "address" },
	{ '{"error":"invalid_grant","error_description":"Code not valid"}', "json-error", '"invalid_grant": "Code not valid"' },
	{ '{"error":{"code":"x","message":"gone"}}', "json-error", "gone" }, { '{"message":"hello"}', "json-without-token", "JSON" },
	{ '{"access_token":"ya29.a0AfH6SMBx","expires_in":3599}', "opaque-token", "opaque" },
	{ '{"iss":"my-app","aud":"jitsi","exp":1}', "claims-as-token", "the claims" },
	{ '{"alg":"HS256","typ":"JWT"}', "claims-as-token", "the header" },
	{ '{"payload":"'..payload..'","protected":"'..header..'","signature":"'..signature..'"}', "json-serialization", "compact" },
	{ '{"keys":[]}', "key-as-token", "JWK Set" }, { '{"kty":"oct","k":"AAAA"}', "key-as-token", "JWK" },
	{ '{"code":401,"message":"Unauthorized"}', "json-error", "Unauthorized" }, { '{"errors":[{"message":"bad"}]}', "json-error", "bad" },
	{ '{"header":"'..header..'","payload":"'..payload..'","signature":"'..signature..'"}', "json-serialization", "compact" },
	{ token:lower(), "letters-changed", "one case" }, { page.."?jwt="..token:upper(), "letters-changed", "one case" },
	{ "header.payload.signature", "placeholder", "payload" }, { "process.env.JWT", "placeholder", "process.env" },
	{ "localhost:8443/planning", "address-without-token", "address" }, { "Authorization: Basic YW5uOnB3", "other-token", "password" },
	{ "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A", "key-as-token", "probably a key" }, { "Error: jwt malformed", nil },
	{ key.public, "key-as-token", "PUBLIC KEY" }, { "ssh-rsa AAAA ann@host", "key-as-token", "SSH" },
	{ "v2.public.eyJkYXRhIjoidGhpcyJ9AAAA", "other-token", "PASETO" }, { "v4.local.AAAA", "other-token", "PASETO" },
	{ "PHNhbWxwOlJlc3BvbnNlIA==", "other-token", "SAML" }, { '<samlp:Response xmlns="x">', "other-token", "SAML" },
	{ "gAAAAABhZ0Y=", "other-token", "Fernet" }, { "<!DOCTYPE html><html></html>", "html-page", "HTML" },
	{ ("x "):rep(40000), "text-too-long", "64 KiB" }, { "hello", nil }, { "a.b.c.d.e", nil }, { "ya29.a0AfH6SMBx", nil },
};

describe("a text without a token", function ()
	for _, case in ipairs(without) do
		it("is named: "..case[1]:gsub("%c", "?"):sub(1, 60), function ()
			local named = read(case[1]).named;
			assert.equal(case[2], named and named.key);
			assert.truthy(not named or named.cause:find(case[3], 1, true), named and named.cause);
		end);
	end

	it("is explained by that", function ()
		local result = explain(page.."?jwt=undefined", { secret = secret }, token_verifier.verify);
		assert.equal("unset-variable", result.rows[1].findings[1].key);
		result = explain(token..".AAAA.AAAA", { secret = secret }, token_verifier.verify);
		assert.same({ "malformed-token", "more-than-three-parts" }, { result.code, result.rows[1].findings[1].key });
	end);
end);

describe("an address that is refused as it stands", function ()
	it("is refused by explain, though the token in it is good", function ()
		local configuration = explaining.configuration(("\tapp_secret = %q"):format(secret));
		for _, case in ipairs({ { '?jwt="'..token..'"', "link-quoted", "quotes" }, { "#jwt="..token, "hash-without-quotes", "%22TOKEN%22" } }) do
			local answer, status, rows = explaining.explain(page..case[1], { "--config", configuration });
			assert.same({ false, "malformed-token", true, 1 }, { answer.accepted, answer.code, answer.signature_holds, status });
			explaining.finds(rows, "form", "FAIL", case[2], "", case[3]);
			local output = explaining.command({ "explain", page..case[1], "--config", configuration });
			assert.truthy(output:find("\nThe address as it was pasted is refused: ", 1, true), output);
			assert.truthy(output:find("The token in it is accepted.\n", 1, true), output);
		end
	end);
end);

describe("verify and inspect", function ()
	local file = explaining.write_file("secret", secret);
	local function run(command, text, redirection)
		local pipe = io.popen(("bin/token-verifier %s --file %s %s"):format(command,
			shell.quoted(explaining.write_file("pasted", text)), redirection));
		local output = pipe:read("a");
		local _, _, status = pipe:close();
		return output, status;
	end

	it("find the token, and say on standard error what they left out", function ()
		for _, command in ipairs({ "verify --secret-file "..file, "inspect", "inspect --json" }) do
			local plain = run(command, token, "2>&1");
			for _, text in ipairs({ page.."?jwt="..token, "Bearer "..token, wrapped(token, 64, "\n"), '{"id_token":"'..token..'"}' }) do
				local output, status = run(command, text, "2>/dev/null");
				assert.same({ plain, 0 }, { output, status });
				local remarks = run(command, text, "2>&1 >/dev/null");
				assert.truthy(remarks:find("^token%-verifier: note: The"), remarks);
				assert.is_nil(remarks:find(signature, 1, true));
			end
		end
	end);

	it("refuse an address that a server refuses, and name what is no token", function ()
		local output, status = run("verify --secret-file "..file, page..'?jwt="'..token..'"', "2>&1");
		assert.equal(1, status);
		assert.truthy(output:find("refused: malformed-token: the token is good, but not as it was pasted. There are quotes", 1, true), output);
		output, status = run("verify --quiet --secret-file "..file, page..'?jwt="'..token..'"', "2>&1");
		assert.same({ "", 1 }, { output, status });
		output, status = run("verify --secret-file "..file, "undefined", "2>&1");
		assert.equal(1, status);
		assert.truthy(output:find('joined by dots. This is not a token but "undefined"', 1, true), output);
		output = run("inspect", page..'?jwt="'..token..'"', "2>&1");
		assert.truthy(output:find("note: There are quotes around the token", 1, true), output);
		output = run("inspect", "[object Promise]", "2>&1");
		assert.truthy(output:find("did not wait", 1, true), output);
	end);
end);
