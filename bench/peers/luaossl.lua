-- SPDX-License-Identifier: MIT
-- luaossl and lua-cjson used the plain way: the key is kept, the signature is checked, then the claims.

local worker = require "bench.peers.worker";
local cjson = require "cjson";
local digest = require "openssl.digest";
local hmac = require "openssl.hmac";
local mime = require "mime";
local openssl = require "openssl";
local pkey = require "openssl.pkey";

local function unbase64url(text)
	local plain = text:gsub("[-_]", { ["-"] = "+", ["_"] = "/" });
	return (mime.unb64(plain..("="):rep(-#plain % 4)));
end

-- Compares without telling how much is alike.
local function same(a, b)
	local difference = #a ~ #b;
	for i = 1, math.min(#a, #b) do
		difference = difference | (a:byte(i) ~ b:byte(i));
	end
	return difference == 0;
end

local function der_integer(bytes)
	bytes = bytes:gsub("^\0+", "");
	if bytes:byte() >= 0x80 then
		bytes = "\0"..bytes;
	end
	return string.char(2, #bytes)..bytes;
end

-- R and S side by side as what OpenSSL reads.
local function der_signature(raw)
	local body = der_integer(raw:sub(1, #raw // 2))..der_integer(raw:sub(#raw // 2 + 1));
	return (#body < 0x80 and string.char(0x30, #body) or string.char(0x30, 0x81, #body))..body;
end

local checks = {};

function checks.HS(bits, secret)
	return function (input, signature)
		return same(hmac.new(secret, "sha"..bits):final(input), signature);
	end;
end

function checks.RS(bits, _, pem)
	local key = pkey.new(pem);
	return function (input, signature)
		return key:verify(signature, digest.new("sha"..bits):update(input));
	end;
end

function checks.ES(bits, _, pem)
	local key, size = pkey.new(pem), ({ ["256"] = 64, ["384"] = 96, ["512"] = 132 })[bits];
	return function (input, signature)
		return #signature == size and key:verify(der_signature(signature), digest.new("sha"..bits):update(input));
	end;
end

local function verify(algorithm, base, token_path)
	local family, bits = algorithm:match("^(%u%u)(%d+)$");
	if not checks[family] then
		return nil, worker.unsupported;
	end
	local holds = checks[family](bits, worker.key(base, "secret"), worker.key(base, "pem"));
	local token = worker.read_file(token_path);
	return function ()
		local input, header, payload, signature = token:match("^(([^.]+)%.([^.]+))%.([^.]+)$");
		if not input then
			return false, "malformed";
		elseif cjson.decode(unbase64url(header)).alg ~= algorithm then
			return false, "another algorithm";
		elseif not holds(input, unbase64url(signature)) then
			return false, "signature";
		end
		local claims, now = cjson.decode(unbase64url(payload)), os.time();
		if claims.exp <= now or claims.nbf > now or claims.iss ~= "app" or claims.aud ~= "jitsi" then
			return false, "claims";
		end
		return claims;
	end;
end

-- The binding has no version of its own to tell; the package's comes from the environment.
local name = os.getenv("PEER_VERSION") or "";
assert(openssl);
worker.serve("luaossl "..name.." with lua-cjson "..cjson._VERSION, { verify = verify });
