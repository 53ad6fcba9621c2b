-- SPDX-License-Identifier: MIT
-- What the test kit keeps for the whole run. busted loads modules anew for each file; the registry it leaves alone.

local registry = debug.getregistry();
registry["token_verifier.testing"] = registry["token_verifier.testing"] or { keys = {} };
return registry["token_verifier.testing"];
