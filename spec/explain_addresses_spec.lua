-- SPDX-License-Identifier: MIT
-- Addresses that belong to another option, and folders in which no key is found: each is named, and what fixes it has been tried.

local http_server = require "spec.support.http_server";
local key_findings = require "token_verifier.explain.explain_key";
local key_words = require "token_verifier.explain.key_words";
local shell = require "spec.support.command";
local source_report = require "token_verifier.explain.source_report";
local sources = require "token_verifier.plugin.sources";
local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";
local token_verifier = require "token_verifier";

local key = tokens.new_key();
local server, urls = nil, {};
local hash = token_verifier.key_file_name("k1");

local function jwk(kid)
	return (token_verifier.key(key.public):jwk():gsub("^{", ('{"kid":"%s",'):format(kid)));
end

lazy_setup(function ()
	server = http_server.start(temporary.folder());
	local function publish(path, text, status)
		return server.publish_document({ path = path, body = text, status = status });
	end
	local function provide(path, issuer, set)
		local url = publish(path..".not", "");
		url = url:gsub("%.not$", "");
		publish(path.."/.well-known/openid-configuration", ('{"issuer":"%s","jwks_uri":"%s"}'):format(issuer or url, set));
		return url;
	end
	urls.set = publish("set", ('{"keys":[%s]}'):format(jwk("k1")));
	urls.certs = publish("realms/meet/protocol/openid-connect/certs", ('{"keys":[%s]}'):format(jwk("k1")));
	urls.realm = publish("realms/meet", '{"realm":"meet","public_key":"MIIB","token-service":"x"}');
	urls.configuration = publish("realms/meet/.well-known/openid-configuration",
		('{"issuer":"%s","jwks_uri":"%s"}'):format(urls.realm, urls.certs));
	urls.lone_realm = publish("lone/realm", '{"realm":"lone","public_key":"MIIB"}');
	publish("lone/realm/protocol/openid-connect/certs", ('{"keys":[%s]}'):format(jwk("k1")));
	urls.slash = provide("slash", nil, urls.set);
	publish("slash/.well-known/openid-configuration", ('{"issuer":"%s/","jwks_uri":"%s"}'):format(urls.slash, urls.set));
	urls.elsewhere = provide("elsewhere", "https://elsewhere.example/", urls.set);
	urls.pem = publish("public.pem", key.public);
	urls.hashed = publish("keys/"..hash, key.public);
	urls.keys = urls.hashed:match("^(.*)/");
	urls.any = publish("any/"..token_verifier.key_file_name("token-verifier-check"), key.public):match("^(.*)/");
	urls.jwk = publish("jwk", jwk("k1"));
	urls.error = publish("error", '{"error":"no such realm"}');
	urls.twice = publish("twice", '{"keys":[],"keys":[]}');
	urls.array = publish("array", ('[%s]'):format(jwk("k1")));
	urls.string = publish("string", ('"%s"'):format(('{"keys":[%s]}'):format(jwk("k1")):gsub('"', '\\"')));
	local wide = ('{"keys":[%s]}'):format(jwk("k1"));
	urls.utf16, urls.utf16be = publish("utf16", "\255\254"..wide:gsub(".", "%0\0")), publish("utf16be", "\254\255"..wide:gsub(".", "\0%0"));
	urls.page = publish("page", "<html>");
	urls.old = provide("auth/realms/old", nil, urls.set):gsub("/auth/", "/");
	urls.marked = publish("marked", ('\239\187\191{"keys":[%s]}'):format(jwk("k1")));
	urls.empty = publish("empty", '{"keys":[]}');
	urls.list = provide("list", nil, "7");
	publish("list/.well-known/openid-configuration", "[]");
	urls.dead_realm = publish("realms/dead", '{"realm":"dead","public_key":"MIIB"}');
	urls.nothing = urls.set.."/nothing";
end);

lazy_teardown(function ()
	server.close();
end);

local function ask(kind, value)
	return (source_report.ask({ kind = kind, value = value }, {}, { "RS256" }));
end

-- { kind of source, its address, key of the cause or nil, what the fix begins with or nil }. A word in braces is one of `urls`.
local addresses = {
	{ "asap_key_server", "{set}", "address-of-other-option", 'Set cache_keys_url = "{set}" and remove asap_key_server.' };
	{ "asap_key_server", "{certs}", "address-of-other-option", 'Set cache_keys_url = "{certs}" and remove asap_key_server.' };
	{ "asap_key_server", "{realm}", "address-of-other-option", 'Set openid_issuer = "{realm}" and remove asap_key_server.' };
	{ "asap_key_server", "{configuration}", "address-of-other-option", 'Set openid_issuer = "{realm}" and remove asap_key_server.' };
	{ "asap_key_server", "{lone_realm}", "address-of-other-option",
		'Set cache_keys_url = "{lone_realm}/protocol/openid-connect/certs" and remove asap_key_server.' };
	{ "asap_key_server", "{slash}", "address-of-other-option", 'Set openid_issuer = "{slash}/" and remove asap_key_server.' };
	{ "asap_key_server", "{hashed}", "address-is-file", 'Set asap_key_server = "{keys}".' };
	{ "asap_key_server", "{pem}", "address-is-file", "Put it into a folder: curl -s {pem} >key.pem; then token-verifier publish key.pem" };
	{ "asap_key_server", "{dead_realm}", "address-probably-of-other-option",
		'Probably openid_issuer = "{dead_realm}" is meant, without asap_key_server; but there are no keys at it now' };
	{ "asap_key_server", "{nothing}/.well-known/openid-configuration", "address-probably-of-other-option",
		'Probably openid_issuer = "{nothing}" is meant' };
	{ "asap_key_server", "{nothing}/protocol/openid-connect/certs", "address-probably-of-other-option",
		'Probably cache_keys_url = "{nothing}/protocol/openid-connect/certs" is meant' };
	{ "asap_key_server", "{nothing}/jwks.json", "address-probably-of-other-option", 'cache_keys_url = "{nothing}/jwks.json" is meant' };
	{ "asap_key_server", "{nothing}" };
	{ "jwks_url", "{dead_realm}", "address-probably-of-other-option", 'Probably openid_issuer = "{dead_realm}" is meant' };
	{ "asap_key_server", "{any}", "key-for-any-kid", "404 for every other one" };
	{ "asap_key_server", "{keys}" };
	{ "jwks_url", "{realm}", "address-of-other-option", 'Set openid_issuer = "{realm}" and remove cache_keys_url.' };
	{ "jwks_url", "{lone_realm}", "address-is-another",
		'Set cache_keys_url = "{lone_realm}/protocol/openid-connect/certs". This was tried' };
	{ "jwks_url", "{configuration}", "address-of-other-option", 'Set openid_issuer = "{realm}" and remove cache_keys_url.' };
	{ "jwks_url", "{hashed}", "address-is-file", 'Set asap_key_server = "{keys}" and remove cache_keys_url.' };
	{ "jwks_url", "{pem}", "set-is-key", "Put it into a folder: curl -s {pem} >key.pem; then token-verifier publish key.pem --kid KID" };
	{ "jwks_url", "{jwk}", "set-is-key", "Put it into a folder: curl -s {jwk} >key.pem" };
	{ "jwks_url", "{error}", "set-is-error", "Look up jwks_uri" };
	{ "jwks_url", "{twice}", "member-twice", "Only the provider can correct it" };
	{ "jwks_url", "{array}", "set-in-other-form", "curl -s {array} | jq '{keys: .}' >set.json" };
	{ "jwks_url", "{string}", "set-in-other-form", "curl -s {string} | jq -r . >set.json" };
	{ "jwks_url", "{utf16}", "set-in-other-form", "curl -s {utf16} | iconv -f UTF-16 -t UTF-8 >set.json" };
	{ "jwks_url", "{utf16be}", "set-in-other-form", "curl -s {utf16be} | iconv -f UTF-16BE" };
	{ "jwks_url", "{page}", "set-is-page", "Look up jwks_uri" };
	{ "openid_issuer", "{old}", "address-is-another", "/auth/realms/old\". This was tried" };
	{ "jwks_url", "{empty}", "set-without-keys", "Check that the address" };
	{ "jwks_url", "{marked}" };
	{ "openid_issuer", "{certs}", "address-of-other-option", 'Set cache_keys_url = "{certs}" and remove openid_issuer.' };
	{ "openid_issuer", "{configuration}", "address-is-another", 'Set openid_issuer = "{realm}". This was tried' };
	{ "openid_issuer", "{realm}/", "address-is-another", 'Set openid_issuer = "{realm}". This was tried' };
	{ "openid_issuer", "{hashed}", "address-is-file", 'Set asap_key_server = "{keys}" and remove openid_issuer.' };
	{ "openid_issuer", "{elsewhere}", "discovery-of-other-issuer", 'set openid_issuer to "https://elsewhere.example/"' };
	{ "openid_issuer", "{list}", "discovery-unusable", "a slash at the end" };
	{ "openid_issuer", "{nothing}", "discovery-not-there", "curl -si {nothing}/.well-known/openid-configuration" };
	{ "openid_issuer", "{realm}" };
};

local function fill(text)
	return (text:gsub("{([%l%d_]+)}", urls));
end

describe("an address", function ()
	for _, case in ipairs(addresses) do
		local kind, address, cause, fix = table.unpack(case, 1, 4);
		it(("%s = %s: %s"):format(kind, address, cause or "nothing"), function ()
			local row = ask(kind, fill(address));
			local finding = row.findings[1];
			assert.equal(cause, finding and finding.key, row.text);
			if cause then
				assert.equal("FAIL", row.mark);
				assert.truthy(finding.fix:find(fill(fix), 1, true), finding.fix);
				assert.is_nil((row.text..finding.fix):find("....", 1, true), finding.fix);
			end
		end);
	end

	it("that is the folder of a key server is found by the token's kid", function ()
		local store = token_verifier.keystore({ jwks_url = urls.keys });
		local _, _, code, facts = store:get("k1", { wait = true, detail = true });
		store:close(0);
		local finding = key_findings.of_failure(code, facts, { kid = "k1" }, nil, function (source) return sources.open(source, {}); end);
		assert.equal("address-of-other-option", finding.key);
		assert.truthy(finding.fix:find(('Set asap_key_server = "%s" and remove cache_keys_url'):format(urls.keys), 1, true), finding.fix);
	end);

	for _, name in ipairs({ "array", "string", "utf16", "utf16be" }) do
		it("of a set in another form has a command that makes a folder of keys: "..name, function ()
			local folder, finding = temporary.folder(), ask("jwks_url", urls[name]).findings[1];
			local command = finding.fix:match("folder: (.-); and set"):gsub("FOLDER", folder);
			assert(os.execute(('PATH="$PWD/bin:$PATH"; cd %s && { %s; } >/dev/null'):format(folder, command)), command);
			local file = assert(io.open(folder.."/"..hash));
			assert.equal(key.public, file:read("a"));
			file:close();
		end);
	end

	for name, kid in pairs({ ["k1.pem"] = "k1", [token_verifier.key_file_name("k2\n")] = "k2",
		[(token_verifier.key_file_name("k3"):gsub("%.pem$", ""))] = "k3" }) do
		it("of a key server that has the key of "..kid.." under another name", function ()
			local url = server.publish_document({ path = "named/"..name, body = key.public }):match("^(.*)/");
			local store = token_verifier.keystore({ asap_key_server = url });
			local _, _, code, facts = store:get(kid, { wait = true, detail = true });
			store:close(0);
			local finding = key_findings.of_failure(code, facts, { kid = kid }, nil, function (source) return sources.open(source, {}); end);
			assert.equal("key-file-named-otherwise", finding.key);
			assert.truthy(finding.cause:find("The key server has "..name, 1, true), finding.cause);
			assert.equal(kid == "k2", finding.cause:find("with a line end", 1, true) ~= nil);
		end);
	end

	it("is not asked where nothing may block", function ()
		local store = token_verifier.keystore({ asap_key_server = urls.set });
		local _, _, code, facts = store:get("k1", { wait = true, detail = true });
		store:close(0);
		assert.equal("key-file-missing", key_findings.of_failure(code, facts, { kid = "k1" }).key);
	end);
end);

local function of_kid(folder, kid)
	local store = token_verifier.keystore({ directory = folder });
	local found, _, code, facts = store:get(kid, { detail = true });
	store:close(0);
	return not found and key_findings.of_failure(code, facts, { kid = kid }) or nil;
end

local function private_pss()
	local pipe = io.popen("openssl genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 2>/dev/null");
	local text = pipe:read("a");
	pipe:close();
	return text;
end

local line_end = token_verifier.key_file_name("k1\n");
local plain, upper = hash:gsub("%.pem$", ""), hash:upper():gsub("PEM$", "pem");

-- { what the folder has, { name = text }, cause of a token's kid k1, that of check }; an empty text is the key.
local folders = {
	{ "nothing", {}, "key-file-missing-locally", "folder-empty" };
	{ "a file of the kid", { ["k1.pem"] = "" }, "folder-file-by-kid", "folder-file-by-kid" };
	{ "the kid without ending", { ["k1"] = "" }, "folder-file-by-kid", "folder-file-by-kid" };
	{ "the hash of the kid with a line end", { [line_end] = "" }, "folder-file-named", "folder-file-named" };
	{ "the hash in upper case", { [upper] = "" }, "folder-file-named", "folder-file-named" };
	{ "the hash without .pem", { [plain] = "" }, "folder-file-named", "folder-file-named" };
	{ "the hash with another ending", { [plain..".crt"] = "" }, "folder-file-named", "folder-file-named" };
	{ "a hash by MD5", { [("0a"):rep(16)..".pem"] = "" }, "key-file-missing-locally", "folder-file-by-kid" };
	{ "no key", { ["README.txt"] = "x" }, "key-file-missing-locally", "folder-empty" };
	{ "a page", { [hash] = "<html>" }, "file-is-page", "file-is-page" };
	{ "an empty key", { [hash] = " " }, "key-empty", "key-empty" };
	{ "a key that is too weak", { [hash] = tokens.new_key(1024).public }, "weak-key", "weak-key" };
	{ "words", { [hash] = "hello" }, "key-no-key", "key-no-key" };
	{ "bare base64", { [hash] = key.public:gsub("%-%-%-%-%-[A-Z ]+%-%-%-%-%-\n", "") }, "text-base64-key", "text-base64-key" };
	{ "a private key", { [hash] = key.private }, nil, "key-private" };
	{ "the key under both names", { [hash] = "", ["k1.pem"] = "" }, nil, nil };
	{ "the key, and another by its kid", { [hash] = "", ["k2.pem"] = "" }, nil, "folder-file-by-kid", "WARN" };
	{ "a private key of another type", { [hash] = "PSS" }, "text-private-key", "text-private-key" };
	{ "the key", { [hash] = "" }, nil, nil };
};

describe("a folder of keys with", function ()
	for _, case in ipairs(folders) do
		it(("%s: %s, and check says %s"):format(case[1], case[3] or "nothing", case[4] or "nothing"), function ()
			local folder = temporary.folder();
			for name, text in pairs(case[2]) do
				shell.write(folder.."/"..name, text == "" and key.public or text == "PSS" and private_pss() or text);
			end
			local row = ask("directory", folder);
			assert.equal(case[4], row.findings[1] and row.findings[1].key, row.text);
			assert.equal(case[5] or case[4] and (case[4] == "key-private" and "WARN" or "FAIL") or "ok", row.mark);
			local finding = of_kid(folder, "k1");
			assert.equal(case[3], finding and finding.key);
			for _, suggested in ipairs({ finding or {}, row.findings[1] or {} }) do
				local command = (suggested.key or ""):find("^folder%-file") and suggested.fix:match(": (.*)$");
				if command and not command:find("KID", 1, true) then
					assert(os.execute(("PATH=\"$PWD/bin:$PATH\"; %s >/dev/null 2>&1 || test -e '%s/%s'"):format(command, folder, hash)));
					assert.is_nil(of_kid(folder, "k1"), command);
				end
			end
		end);
	end

	it("is told from a file", function ()
		local folder = temporary.folder();
		shell.write(folder.."/public.pem", key.public);
		shell.write(folder.."/"..hash, key.public);
		shell.write(folder.."/base64", (key.public:gsub("%-%-%-%-%-[A-Z ]+%-%-%-%-%-\n", "")));
		shell.write(folder.."/set.json", ('{"keys":[%s]}'):format(jwk("k1")));
		local option = key_words.option("asap_key_server", "file://"..folder);
		for name, fix in pairs({
			["public.pem"] = ("token-verifier publish %s/public.pem --kid KID --dir %s; and set %s."):format(folder, folder, option);
			[hash] = ("Set %s."):format(option);
			["base64"] = ("-inform DER -out key.pem; then token-verifier publish key.pem --kid KID --dir %s --force; and set %s."):format(
				folder, option);
			["set.json"] = ("token-verifier jwks-to-pem %s/set.json --dir %s; and set %s."):format(folder, folder, option);
		}) do
			local row = ask("directory", folder.."/"..name);
			assert.equal("FAIL", row.mark);
			assert.equal("address-is-file", row.findings[1].key);
			assert.truthy(row.findings[1].fix:find(fix, 1, true), row.findings[1].fix);
			assert.equal("address-is-file", of_kid(folder.."/"..name, "k1").key);
		end
		assert.equal("folder-missing", ask("directory", folder.."/none").findings[1].key);
	end);
end);
