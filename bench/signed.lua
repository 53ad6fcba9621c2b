-- SPDX-License-Identifier: MIT
-- Tokens for the benchmarks, signed by the openssl command: nothing that is being measured. The payload is a text of as many bytes
-- as are asked for, with the claims that Jitsi's tokens have.

local tokens = require "spec.support.tokens";

local M = {};

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
	local signature = key.secret and require "util.hashes".hmac_sha256(key.secret, input) or tokens.signature(input, key);
	return { text = input.."."..tokens.base64url(signature), input = input, signature = signature, payload = text };
end

-- The token with one bit of its signature changed, and that signature.
function M.damaged(token)
	local signature = token.signature:sub(1, -2)..string.char(token.signature:byte(-1) ~ 1);
	return token.input.."."..tokens.base64url(signature), signature;
end

return M;
