-- SPDX-License-Identifier: MIT
-- Builds and installs module, shim and plugins through the Makefile: `luarocks make`, in a checkout.

rockspec_format = "3.0";
package = "prosody-token-verifier";
version = "scm-1";

source = {
	-- The checkout itself; `luarocks make` fetches nothing.
	url = "git+file://.";
};

description = {
	summary = "Verifies JSON Web Tokens natively for Prosody and Jitsi Meet";
	detailed = [[
A native Lua module, token_verifier, on OpenSSL, libcurl, yyjson and libunistring, and the Prosody plugins that put it
in the place of Jitsi's token_util, so that waiting for a key never holds up the server.]];
	license = "MIT";
	labels = { "prosody", "xmpp", "jwt", "jitsi", "authentication" };
};

dependencies = { "lua >= 5.4, < 5.5", "argparse >= 0.7.1" };

external_dependencies = {
	OPENSSL = { header = "openssl/evp.h", library = "crypto" };
	-- No header: distributions keep curl/curl.h in a folder per architecture, where luarocks does not look.
	CURL = { library = "curl" };
	YYJSON = { header = "yyjson.h", library = "yyjson" };
	UNISTRING = { header = "uninorm.h", library = "unistring" };
};

build = {
	type = "make";
	build_variables = {
		CC = "$(CC)";
		CFLAGS = "$(CFLAGS)";
		LUA_INCDIR = "$(LUA_INCDIR)";
	};
	install_variables = {
		LUA_CMODULE_DIR = "$(LIBDIR)";
		LUA_MODULE_DIR = "$(LUADIR)";
		BINDIR = "$(BINDIR)";
		PREFIX = "$(PREFIX)"; -- the rock's own folder, for man page and completion
	};
};

test = {
	type = "command";
	command = "make check";
};
