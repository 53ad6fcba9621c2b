-- SPDX-License-Identifier: MIT
-- This module, the bare signature check and lua-cjson in one process.

local worker = require "bench.peers.worker";
local cases = require "bench.cases";
local tv = require "token_verifier";

local kinds = {};
for kind, make in pairs(cases) do
	kinds[kind] = function (subject, base, token_path)
		local key = { secret = worker.key(base, "secret"), pem = worker.key(base, "pem") };
		return make(subject, key, worker.read_file(token_path));
	end;
end

worker.serve("token_verifier "..tv._VERSION, kinds);
