-- SPDX-License-Identifier: MIT
-- Keys and tokens for the benchmarks, signed by the openssl command: nothing that is being measured. The payload is a text of
-- as many bytes as are asked for, with the claims that Jitsi's tokens have.

local temporary = require "spec.support.temporary";
local tokens = require "spec.support.tokens";

local M = {};

local commands = {
	RS256 = { new = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", sign = "dgst -sha256 -sign %s %s" };
	PS256 = {
		new = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
		sign = "dgst -sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest -sign %s %s",
	};
	ES256 = { new = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", sign = "dgst -sha256 -sign %s %s", coordinate = 32 };
	ES384 = { new = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384", sign = "dgst -sha384 -sign %s %s", coordinate = 48 };
	ES512 = { new = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", sign = "dgst -sha512 -sign %s %s", coordinate = 66 };
	EdDSA = { new = "-algorithm ed25519", sign = "pkeyutl -sign -rawin -inkey %s -in %s" };
};

local function with_files(texts, f)
	local paths = {};
	for i, text in ipairs(texts) do
		paths[i] = temporary.file();
		local file = assert(io.open(paths[i], "wb"));
		file:write(text);
		file:close();
	end
	local result = f(table.unpack(paths));
	for _, path in ipairs(paths) do
		os.remove(path);
	end
	return result;
end

local function openssl(arguments)
	local pipe = assert(io.popen("openssl "..arguments.." 2>/dev/null"));
	local output = pipe:read("a");
	assert(pipe:close(), arguments);
	return output;
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

-- A key pair for an algorithm, { algorithm, private, public }: PEM. `bits` is for RSA.
function M.new_key(algorithm, bits)
	local new = commands[algorithm].new;
	local private = openssl("genpkey "..(bits and new:gsub("2048", ("%d"):format(bits)) or new));
	local public = with_files({ private }, function (path)
		return openssl("pkey -pubout -in "..path);
	end);
	return { algorithm = algorithm, private = private, public = public };
end

local payload = '{"aud":"jitsi","iss":"app","sub":"example.org","room":"*","nbf":1500000000,"exp":4102444800,"iat":1500000000,'
	..'"context":{"tenant":"example","group":"a-group-of-people","user":{"id":"3c1d9c6e-8a43-4a51-9d4b-6f1a1c3c2b4f",'
	..'"name":"Ada Lovelace","email":"ada@example.org","avatar":"https:\\/\\/example.org\\/avatars\\/%s.png","moderator":true,'
	..'"affiliation":"owner","hidden-from-recorder":false},"features":{"recording":true,"livestreaming":false,'
	..'"transcription":true,"outbound-call":false,"sip-outbound-call":false,"flip":true},'
	..'"room":{"regex":false,"lobby":true,"password":null}}}';

-- Claims as a JSON text of exactly so many bytes.
function M.payload(size)
	return payload:format(("a"):rep(size - #payload:format("")));
end

-- A token: { text, input, signature (bytes), payload }.
function M.token(key, text, header)
	local names = { typ = "JWT", alg = key.algorithm, kid = "key" };
	for name, value in pairs(header or {}) do
		names[name] = value;
	end
	local input = ('%s.%s'):format(tokens.base64url(('{"alg":"%s","typ":"%s","kid":"%s"}'):format(names.alg, names.typ, names.kid)),
		tokens.base64url(text));
	local signature;
	if key.secret then
		signature = require "util.hashes".hmac_sha256(key.secret, input);
	else
		local command = commands[key.algorithm];
		signature = with_files({ key.private, input }, function (key_path, input_path)
			return openssl(command.sign:format(key_path, input_path));
		end);
		if command.coordinate then
			signature = side_by_side(signature, command.coordinate);
		end
	end
	return { text = input.."."..tokens.base64url(signature), input = input, signature = signature, payload = text };
end

-- The token with one bit of its signature changed, and that signature.
function M.damaged(token)
	local signature = token.signature:sub(1, -2)..string.char(token.signature:byte(-1) ~ 1);
	return token.input.."."..tokens.base64url(signature), signature;
end

return M;
