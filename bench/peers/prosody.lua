-- SPDX-License-Identifier: MIT
-- Prosody's util.jwt with its own verifier, which keeps the key and checks exp; the other claims are for its claim_verifier.
-- The first argument is the folder with Prosody 13's util/.

local root = arg[1];
package.path = root.."/?.lua;"..package.path;
package.cpath = root.."/?.so;"..package.cpath;
-- Prosody's loader makes both names of a module one; here the old ones are enough.
table.insert(package.searchers, 2, function (name)
	local old = name:match("^prosody%.(.*)");
	return old and function () return require(old); end;
end);

local worker = require "bench.peers.worker";
local jwt = require "util.jwt";

local function claim_verifier(claims)
	return claims.iss == "app" and claims.aud == "jitsi" and (claims.nbf or 0) <= os.time();
end

local function verify(algorithm, base, token_path)
	local key = worker.key(base, "secret") or worker.key(base, "pem");
	if not jwt._algorithms[algorithm] then
		return nil, worker.unsupported;
	end
	local check = jwt.new_verifier(algorithm, key, { claim_verifier = claim_verifier });
	local token = worker.read_file(token_path);
	return function () return check(token); end;
end

worker.serve("Prosody "..worker.read_file(root.."/prosody.version"):match("%S+").." util.jwt", { verify = verify });
