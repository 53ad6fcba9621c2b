-- SPDX-License-Identifier: MIT
-- What luacheck accepts: Lua 5.4, Prosody's globals in what Prosody loads, busted's in the specs.

std = "lua54"
max_line_length = 140
cache = false
include_files = { "**/*.lua", "bin/token-verifier", ".luacheckrc" }
exclude_files = { "build", "**/node_modules" }

-- Prosody runs each plugin in an environment that has these besides Lua's own.
local plugin = { read_globals = {
	"prosody", module = { other_fields = true, fields = { unload = { read_only = false }, command = { read_only = false } } },
} }
files["lua/dropin"] = plugin
files["lua/modules"] = plugin

files["docs/examples"] = plugin
files["docs/examples/spec"] = { std = "+busted" }
files["spec"] = { std = "+busted" }
files["spec/e2e/plugins"] = plugin
files["spec/e2e/previous_library"] = plugin
files["spec/e2e/jitsi_plugins"] = plugin
