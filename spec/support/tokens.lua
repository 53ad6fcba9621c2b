-- SPDX-License-Identifier: MIT
-- Tokens and keys for specs, made with Prosody's hashes and the openssl command: nothing that is being tested.

require "spec.support.prosody";
local hashes = require "util.hashes";
local base64 = require "util.encodings".base64;
local json = require "util.json";
local temporary = require "spec.support.temporary";

local M = {};

function M.base64url(text)
	return (base64.encode(text):gsub("[+/=]", { ["+"] = "-", ["/"] = "_", ["="] = "" }));
end

local function signing_input(claims, header)
	local body = type(claims) == "string" and claims or json.encode(claims);
	return M.base64url(json.encode(header)).."."..M.base64url(body);
end

local function with(header, algorithm)
	local copy = { typ = "JWT", alg = algorithm };
	for name, value in pairs(header or {}) do
		copy[name] = value;
	end
	return copy;
end

-- The bytes inside a PEM.
function M.der(pem)
	return base64.decode((pem:gsub("%-%-%-%-%-[^\n]*", ""):gsub("%s", "")));
end

-- `claims` is a table, or the payload's text.
function M.hs256(claims, secret, header)
	local input = signing_input(claims, with(header, "HS256"));
	return input.."."..M.base64url(hashes.hmac_sha256(secret, input));
end

local function write_file(path, text)
	local file = assert(io.open(path, "wb"));
	file:write(text);
	file:close();
end

local function run(command)
	local pipe = assert(io.popen(command.." 2>/dev/null"));
	local output = pipe:read("a");
	assert(pipe:close(), command);
	return output;
end

-- An RSA key: { private, public } as PEM.
function M.new_key(bits)
	local private = run(("openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:%d"):format(bits or 2048));
	local path = temporary.file();
	write_file(path, private);
	local public = run(("openssl pkey -pubout -in %s"):format(path));
	os.remove(path);
	return { private = private, public = public };
end

function M.rs256(claims, key, kid, header)
	header = with(header, "RS256");
	header.kid = kid;
	local input = signing_input(claims, header);
	local key_path, input_path = temporary.file(), temporary.file();
	write_file(key_path, key.private);
	write_file(input_path, input);
	local signature = run(("openssl dgst -sha256 -sign %s %s"):format(key_path, input_path));
	os.remove(key_path);
	os.remove(input_path);
	return input.."."..M.base64url(signature);
end

-- Claims that the defaults of a host with app_id "app" accept, changed by `changes` (json.null for null).
function M.claims(changes)
	local claims = { iss = "app", aud = "jitsi", sub = "example.org", room = "room1", exp = os.time() + 3600 };
	for name, value in pairs(changes or {}) do
		if value == M.absent then
			claims[name] = nil;
		else
			claims[name] = value;
		end
	end
	return claims;
end

M.absent = {};
M.null = json.null;

return M;
