-- SPDX-License-Identifier: MIT
-- What the test kit keeps for the whole run: in the registry, since busted loads modules again for each file.

local registry = debug.getregistry();
registry["token_verifier.testing"] = registry["token_verifier.testing"] or { keys = {} };
return registry["token_verifier.testing"];
