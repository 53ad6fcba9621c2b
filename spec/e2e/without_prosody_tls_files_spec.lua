-- SPDX-License-Identifier: MIT
-- The files with the authorities, the certificate and the key for TLS: changed, removed, damaged and encrypted while the process
-- runs, from plain Lua.

local world = require "spec.e2e.world";

package.cpath = (os.getenv("LUA_CPATH") or "build/?.so;;"):gsub(";;", ";"..package.cpath);
local tv = require "token_verifier";

local function read(path)
	local file = assert(io.open(path));
	local text = file:read("a");
	file:close();
	return text;
end

local nginx, bad, tls, key, stranger_ca;

lazy_setup(function ()
	nginx = world.start_nginx();
	bad = world.start_bad_server();
	tls = world.start_tls_servers();
	stranger_ca = read((tls.stranger_cert:gsub("client%.pem$", "ca.pem")));
	key = world.new_key({ kid = "key", publish = { "nginx", "bad" } });
end);

lazy_teardown(world.close);

-- In place: the file stays the same one.
local function write(path, text)
	local file = assert(io.open(path, "w"));
	file:write(text);
	file:close();
end

local function run(command)
	assert(os.execute(command.." 2>/dev/null"), command);
end

-- A store that nobody has used, with the same settings as before, so that connections that stand could serve it.
local names = 0;
local function ask(url, options)
	names = names + 1;
	options.asap_key_server = ("%s/good/files-%d"):format(url, names);
	local store = assert(tv.keystore(options));
	local found, message, code = store:get("key", true);
	store:close();
	return found and found:pem(), message, code;
end

local function fails(words, url, options)
	local found, message, code = ask(url, options);
	assert.is_nil(found);
	assert.equal("key-source-unavailable", code, message);
	assert.truthy(message:find(words, 1, true), message);
end

describe("a file of authorities", function ()
	local file, options;

	before_each(function ()
		file = world.write_file({ name = "authorities.pem", text = read(tls.ca_file) });
		options = { ca_file = file };
	end);

	it("is used with its current content, also for open connections", function ()
		local url = tls.urls.good;
		assert.equal(key.public, ask(url, options));
		write(file, stranger_ca); -- the first is withdrawn
		fails("certificate", url, options);
		write(file, stranger_ca..read(tls.ca_file));
		assert.equal(key.public, ask(url, options));
		local replaced = world.write_file({ name = "replaced.pem", text = stranger_ca });
		assert(os.rename(replaced, file));
		fails("certificate", url, options);
		write(file, read(tls.ca_file));
		assert.equal(key.public, ask(url, options));
	end);

	it("is used with its current content with a real nginx", function ()
		fails("", nginx.https_url.."/.", options);
		write(file, read(nginx.ca_file));
		assert.equal(key.public, assert(tv.keystore({ asap_key_server = nginx.https_url, ca_file = file }):get("key", true)):pem());
		write(file, stranger_ca);
		fails("certificate", nginx.https_url.."/.", options);
	end);

	it("that cannot be used is reported", function ()
		local url = tls.urls.good;
		local what = "the file with the CA certificates (ca_file) ";
		assert.equal(key.public, ask(url, options));
		os.remove(file);
		fails(what.."cannot be read", url, options);
		write(file, "");
		fails(what.."has none that can be read", url, options);
		write(file, (read(tls.ca_file):gsub("M", "!", 1)));
		fails(what.."is damaged", url, options);
		write(file, ("x"):rep((4 << 20) + 1));
		fails(what.."is too large", url, options);
		run(("openssl rsa -traditional -aes256 -in '%s' -out '%s' -passout pass:secret"):format(tls.client_cert, file));
		write(file, (read(file):gsub("RSA PRIVATE KEY", "CERTIFICATE")));
		fails(what.."is encrypted", url, options);
		write(file, read(tls.ca_file));
		assert.equal(key.public, ask(url, options));
	end);

	it("counts as it is now, also where there are more of them than are kept", function ()
		for _ = 1, 2 do
			for i = 1, 20 do
				local copy = world.write_file({ name = ("copy-%d.pem"):format(i), text = read(tls.ca_file) });
				assert.equal(key.public, ask(tls.urls.good, { ca_file = copy }));
			end
		end
		fails("certificate", tls.urls.good, { ca_file = world.write_file({ name = "copy-20.pem", text = stranger_ca }) });
		fails("certificate", tls.urls.good, { ca_file = world.write_file({ name = "copy-1.pem", text = stranger_ca }) });
	end);

	it("is not needed without TLS", function ()
		os.remove(file);
		assert.equal(key.public, ask(bad.url, options));
	end);
end);

it("a folder of authorities is used with its current content", function ()
	local folder = world.write_file({ name = "folder-of", text = "" }).."-authorities";
	run(("mkdir '%s' && cp '%s' '%s/ca.pem' && openssl rehash '%s'"):format(folder, tls.ca_file, folder, folder));
	local options = { ca_path = folder };
	assert.equal(key.public, ask(tls.urls.good, options));
	run(("rm '%s'/*.0"):format(folder));
	fails("certificate", tls.urls.good, options);
	run(("openssl rehash '%s'"):format(folder));
	assert.equal(key.public, ask(tls.urls.good, options));
end);

describe("the files of a client's certificate", function ()
	local certificate, options;

	before_each(function ()
		certificate = world.write_file({ name = "client.pem", text = read(tls.client_cert) });
		options = { ca_file = tls.ca_file, client_cert = certificate, client_key = certificate };
	end);

	it("are used with their current content, also for open connections", function ()
		assert.equal(key.public, ask(tls.urls.mutual, options));
		write(certificate, read(tls.stranger_cert));
		fails("", tls.urls.mutual, options);
		write(certificate, read(tls.client_cert));
		assert.equal(key.public, ask(tls.urls.mutual, options));
	end);

	it("may have others behind it, up to an authority, that are read too", function ()
		local chain = read(tls.client_cert)..read(tls.ca_file);
		write(certificate, chain);
		assert.equal(key.public, ask(tls.urls.mutual, options));
		write(certificate, (chain:gsub("^(.*)M", "%1!")));
		fails("the file with the client's certificate (client_cert) is damaged", tls.urls.mutual, options);
	end);

	it("that cannot be used are reported", function ()
		options.client_key = world.write_file({ name = "client.key", text = read(tls.stranger_cert) });
		fails("the file with the client's key (client_key) has one that is not the certificate's", tls.urls.mutual, options);
		write(options.client_key, "no key");
		fails("the file with the client's key (client_key) has none that can be read", tls.urls.mutual, options);
		os.remove(options.client_key);
		fails("the file with the client's key (client_key) cannot be read", tls.urls.mutual, options);
		write(certificate, "no certificate");
		options.client_key = tls.client_cert;
		fails("the file with the client's certificate (client_cert) has none that can be read", tls.urls.mutual, options);
	end);

	for form, command in pairs({ pkcs8 = "pkey -aes256", traditional = "rsa -traditional -aes256" }) do
		it(("(%s) whose key is encrypted are refused, and nobody is asked at the terminal"):format(form), function ()
			local encrypted = certificate..".encrypted";
			run(("openssl %s -in '%s' -out '%s' -passout pass:secret"):format(command, certificate, encrypted));
			options.client_key = encrypted;
			fails("the file with the client's key (client_key) is encrypted", tls.urls.mutual, options);
			local program = world.write_file({ name = "encrypted.lua", text = ([[
				local tv = require "token_verifier";
				local store = tv.keystore{ asap_key_server = %q, ca_file = %q, client_cert = %q, client_key = %q };
				print("said:", select(3, store:get("key", true)));
			]]):format(tls.urls.mutual, tls.ca_file, certificate, encrypted) });
			-- With a terminal of its own, at which nobody types.
			local cpath = package.cpath:gsub(";;.*", "");
			local pipe = io.popen(("LUA_CPATH='%s' timeout 20 script -qec 'lua5.4 %s' /dev/null </dev/null"):format(cpath, program));
			local output = pipe:read("a");
			pipe:close();
			assert.truthy(output:find("said:%s+key%-source%-unavailable"), output);
			assert.falsy(output:find("Enter", 1, true), output);
		end);
	end
end);

it("nobody is asked at the terminal for the pass phrase of a key that is to sign", function ()
	local encrypted = world.write_file({ name = "encrypted.pem", text = "" });
	run(("openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:secret -out '%s'"):format(encrypted));
	local cpath, path = package.cpath:gsub(";;.*", ""), package.path:gsub(";;.*", "");
	for _, command in ipairs({ "sign --key %s {}", "sign --secret-file %s {}", "publish %s --kid k --dir /nowhere", "pem-to-jwks %s" }) do
		local pipe = io.popen(("LUA_CPATH='%s' LUA_PATH='%s' timeout 20 script -qec 'bin/token-verifier %s' /dev/null </dev/null"):format(
			cpath, path, command:format(encrypted)));
		local output = pipe:read("a");
		pipe:close();
		assert.falsy(output:find("Enter", 1, true), output);
		if not command:find("secret", 1, true) then
			assert.truthy(output:find("encrypted", 1, true), output);
		end
	end
end);

describe("a proxy behind TLS", function ()
	it("is verified with the system's authorities, not with those of the key server", function ()
		local proxy = world.start_proxy({ certificate = (tls.client_cert:gsub("client%.pem$", "good.pem")) });
		fails("certificate", bad.url, { ca_file = tls.ca_file, proxy = proxy });
		fails("certificate", tls.urls.good, { ca_file = tls.ca_file, proxy = proxy });
		assert.equal(0, #world.bad_requests({ part = "proxy" }));
	end);
end);
