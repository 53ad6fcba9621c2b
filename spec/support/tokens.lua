-- SPDX-License-Identifier: MIT
-- Tokens and keys for specs, made with Prosody's hashes and the openssl command, not with the code that is tested.

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

-- The first two parts of a token, with an HMAC-SHA256 of them as the third.
function M.sign_hs256(input, secret)
	return input.."."..M.base64url(hashes.hmac_sha256(secret, input));
end

-- `claims` is a table, or the payload's text.
function M.hs256(claims, secret, header)
	return M.sign_hs256(signing_input(claims, with(header, "HS256")), secret);
end

-- How openssl makes a key for an algorithm, and signs with it; `size` is that of R and of S.
local commands = {
	RS256 = { new = "-algorithm RSA -pkeyopt rsa_keygen_bits:%d", sign = "dgst -sha256 -sign %s %s" };
	PS256 = {
		new = "-algorithm RSA -pkeyopt rsa_keygen_bits:%d",
		sign = "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign %s %s",
	};
	ES256 = { new = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", sign = "dgst -sha256 -sign %s %s", size = 32 };
	ES384 = { new = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", sign = "dgst -sha384 -sign %s %s", size = 48 };
	ES512 = { new = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", sign = "dgst -sha512 -sign %s %s", size = 66 };
	EdDSA = { new = "-algorithm ed25519", sign = "pkeyutl -sign -rawin -inkey %s -in %s" };
};

-- What openssl prints; each %s of the arguments is a file with one of the texts.
local function openssl(arguments, ...)
	local paths = {};
	for i, text in ipairs({ ... }) do
		paths[i] = temporary.file(text);
	end
	local pipe = assert(io.popen("openssl "..arguments:format(table.unpack(paths)).." 2>/dev/null"));
	local output = pipe:read("a");
	assert(pipe:close(), arguments);
	for _, path in ipairs(paths) do
		os.remove(path);
	end
	return output;
end

-- A key pair for an algorithm (RS256): { algorithm, private, public }, PEM. `bits` (2048) are for RSA.
function M.new_key(bits, algorithm)
	algorithm = algorithm or "RS256";
	local private = openssl("genpkey "..commands[algorithm].new:format(bits or 2048));
	return { algorithm = algorithm, private = private, public = openssl("pkey -pubout -in %s", private) };
end

-- R and S side by side out of the DER of an ECDSA signature.
local function side_by_side(der, size)
	local at, numbers = der:byte(2) < 0x80 and 3 or 4, {};
	for i = 1, 2 do
		local length = der:byte(at + 1);
		numbers[i] = der:sub(at + 2, at + 1 + length):gsub("^\0+", "");
		numbers[i] = ("\0"):rep(size - #numbers[i])..numbers[i];
		at = at + 2 + length;
	end
	return numbers[1]..numbers[2];
end

-- The bytes of a signature by a key of new_key().
function M.signature(input, key)
	local command = commands[key.algorithm];
	local signature = openssl(command.sign, key.private, input);
	return command.size and side_by_side(signature, command.size) or signature;
end

function M.rs256(claims, key, kid, header)
	header = with(header, "RS256");
	header.kid = kid;
	local input = signing_input(claims, header);
	return input.."."..M.base64url(M.signature(input, { algorithm = "RS256", private = key.private }));
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
