-- SPDX-License-Identifier: MIT
-- What the command explain says about problems with texts, headers, secrets, dates and names of claims: one row per case. The tokens
-- are made here without the module, and the configuration is a prosody.cfg.lua.

local explaining = require "spec.support.explaining";
local tokens = require "spec.support.tokens";
local hashes = require "util.hashes";
local base64 = require "util.encodings".base64;

local now = 1700000000;
local secret = "0123456789abcdef of a shared secret, in plain";
local key = tokens.new_key();

lazy_teardown(explaining.close);

local function claims(changes)
	local all = { iat = now - 60, exp = now + 3540, sub = "meet.example.org", room = "planning", context = { user = { name = "Ann" } } };
	for name, value in pairs(changes or {}) do
		all[name] = value;
	end
	return tokens.claims(all);
end

local function hs256(changes, header, with_secret)
	return tokens.hs256(claims(changes), with_secret or secret, header);
end

local absent = tokens.absent;
local good = hs256();
local lenient = "mysecretkeyofjitsi20240123456789";
local in_plain = ("app_secret = %q"):format(secret);
local function configured(text)
	return ("\tapp_secret = %q"):format(text);
end

local function hex(bytes)
	return (bytes:gsub(".", function (char) return ("%02x"):format(char:byte()); end));
end

-- The good token, with f(bytes of its signature) as the text of its signature.
local function signed_as(f)
	local input, signature = good:match("^(.*)%.(.*)$");
	return input.."."..f(base64.decode(signature:gsub("[-_]", { ["-"] = "+", ["_"] = "/" }).."="));
end

-- { what, token, lines of the configuration or nil for the secret in plain, check, mark, key of the cause, words of the cause,
-- words of the fix [, exit status] }
local cases = {
	-- The text.
	{ "of five parts", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.b.c.d", nil, "form", "FAIL", "encrypted-token", "encrypted (JWE",
		"sign it only" },
	{ "that is opaque", "ya29.a0AfH6SMBx-a-random-text", nil, "form", "FAIL", "opaque-token", "only its issuer can look up", "signed JWT" },
	{ "that is a UUID", "123e4567-e89b-12d3-a456-426614174000", nil, "form", "FAIL", "opaque-token", "opaque", "ID token" },
	{ "with Bearer in front", "Bearer "..good, nil, "form", "WARN", "bearer-prefix", "belongs to the HTTP header", "only the token into ?jwt=",
		0 },
	{ "in quotes", '"'..good..'"', nil, "form", "WARN", "quoted-token", "in quotes", "without quotes", 0 },
	{ "in quotes with Bearer", "'Bearer "..good.."'", nil, "form", "WARN", "bearer-prefix", "HTTP header", "only the token", 0 },
	{ "with line breaks in it", good:sub(1, 64).."\n"..good:sub(65, 100).."\r\n"..good:sub(101), nil, "form", "WARN", "line-breaks",
		"line breaks or spaces", "base64 -w 0", 0 },
	{ "with line breaks around", "\n"..good.."\n\n", nil, "form", "ok", "blanks-around", "line ends around", "refuses the token", 0 },
	{ "cut off in its signature", good:sub(1, -4), nil, "signature", "FAIL", "signature-cut-off", "30 bytes, but a signature of HS256 has 32",
		"Copy the whole token" },
	{ "cut off in a character of its signature", good:sub(1, -3), nil, "form", "FAIL", "cut-off", "in the middle of a character",
		"Copy the whole token" },
	{ "cut off before its signature", good:match("^(.*)%."), nil, "form", "FAIL", "cut-off", "no third part, the signature",
		"Copy the whole token" },
	{ "cut off in its payload", good:match("^[^.]*%......."), nil, "form", "FAIL", "cut-off", "cut off", "length is limited" },
	{ "cut off in its header", good:sub(1, 30), nil, "form", "FAIL", "cut-off", "nothing behind the first part", "Copy the whole token" },
	{ "shortened with dots", good:sub(1, 60).."...", nil, "form", "FAIL", "cut-off", "ends with", "Copy the whole token" },
	{ "with dots for its middle", good:sub(1, 40).."..."..good:sub(-20), nil, "form", "FAIL", "cut-off", "in place of the rest",
		"Copy the whole token" },
	{ "with an ellipsis for its middle", good:sub(1, 40).."\u{2026}"..good:sub(-20), nil, "form", "FAIL", "cut-off", "in place of the rest",
		"Copy the whole token" },
	{ "without its signature", good:match("^(.*%.)"), nil, "signature", "FAIL", "signature-cut-off", "0 bytes", "Copy the whole token" },
	{ "URL-encoded", (good:gsub("%.", "%%2E")), nil, "form", "WARN", "url-encoded-token", "URL-encoded", "Encode it once", 0 },
	{ "in its address", "https://meet.example.org/planning?jwt="..good.."#config", nil, "form", "ok", "token-found",
		'in the parameter "jwt" of an address', "Nothing", 0 },
	{ "in plain base64", (good:gsub("%.", "=.", 1)), nil, "form", "FAIL", "base64-padding", "plain base64", "base64url without padding" },
	{ "by the name of its file", "README.md", nil, "form", "FAIL", "token-is-file-name", "the name of a file", "Put an @ in front" },
	{ "with nothing in it", "", nil, "form", "FAIL", "empty-token", "token is empty", "must omit it" },
	{ "of something else", "eyJhbGciOiJIUzI1NiJ9.e30.*", nil, "form", "FAIL", "malformed-token", "three parts", "copy it from there" },
	{ "that is long for a URL", hs256({ padding = ("x"):rep(7000) }), nil, "form", "WARN", "token-long-for-url", "the log says nothing at all",
		"Make it shorter", 0 },
	{ "that is too long", hs256({ padding = ("x"):rep(16384) }), nil, "form", "FAIL", "token-too-large", "16 KiB", "groups" },

	-- The header.
	{ "whose header is no JSON", tokens.base64url("no JSON").."."..good:match("%.(.*)"), nil, "header", "FAIL", "malformed-header",
		"not the JSON object",
		"JWT library" },
	{ "with crit", hs256({}, { crit = { "exp" } }), nil, "header", "FAIL", "unsupported-critical", "crit", "without \"crit\"" },
	{ "without typ", tokens.hs256(claims(), secret, { typ = tokens.null }), nil, "typ", "FAIL", "type-missing", "no \"typ\"",
		"\"typ\": \"JWT\"" },
	{ "that is an access token", hs256({}, { typ = "at+jwt" }), nil, "typ", "FAIL", "type-access-token", "RFC 9068",
		'token_accepted_types = { "JWT", "at+jwt" }' },
	{ "of another type", hs256({}, { typ = "logout+jwt" }), nil, "typ", "FAIL", "type-not-accepted", "not accepted", "token_accepted_types" },
	{ "of an algorithm that is not configured", hs256(), in_plain.."\nsignature_algorithm = \"HS512\"", "alg", "FAIL",
		"algorithm-not-configured",
		"signed with HS256, but only HS512", 'signature_algorithm = { "HS512", "HS256" }' },
	{ "that is not signed", hs256({}, { alg = "none" }), nil, "alg", "FAIL", "algorithm-none", "not signed at all", "sign it with HS256" },
	{ "of an algorithm as .NET names it", hs256({}, { alg = "HMACSHA256" }), nil, "alg", "FAIL",
		"algorithm-misspelt", "misspelt", '"HS256"' },
	{ "of an algorithm as Java names it", hs256({}, { alg = "SHA256withRSA" }), nil, "alg", "FAIL",
		"algorithm-misspelt", "misspelt", '"RS256"' },
	{ "of an algorithm by its long name", hs256({}, { alg = "ecdsa-sha384" }), nil, "alg", "FAIL",
		"algorithm-misspelt", "misspelt", '"ES384"' },
	{ "of an algorithm in lower case", hs256({}, { alg = "hs256" }), nil, "alg", "FAIL", "algorithm-misspelt", "misspelt", '"HS256"' },
	{ "of an unknown algorithm", hs256({}, { alg = "ES256K" }), nil, "alg", "FAIL", "algorithm-unknown", "ES256K", "Sign it with HS256" },
	{ "without alg", tokens.hs256(claims(), secret, { alg = tokens.null }), nil, "alg", "FAIL", "algorithm-missing", "no usable \"alg\"",
		"JWT library" },
	{ "RS256 for a shared secret", tokens.rs256(claims(), key, "k"), nil, "alg", "FAIL", "key-token-at-secret",
		"signed with a private key (RS256)",
		"Remove app_secret" },
	{ "with a kid for a shared secret", hs256({}, { kid = "k" }), nil, "key", "ok", "key-id-unneeded", "not used", "no harm", 0 },
	{ "with a number as kid for a shared secret", hs256({}, { kid = 5 }), nil, "key", "ok", "key-id-unneeded", "not used", "no harm", 0 },

	-- The secret.
	{ "of another secret", hs256({}, {}, "quite another secret, also rather long"), nil, "signature", "FAIL", "other-secret", "another secret",
		"--secret-file" },
	{ "of the secret decoded", good, configured(base64.encode(secret)), "signature", "FAIL", "secret-base64-decoded",
		"valid with the base64-decoded secret", "app_secret_file" },
	{ "of the secret in base64", hs256({}, {}, base64.encode(secret)), nil, "signature", "FAIL", "secret-base64-encoded",
		"encoded in base64", "base64 text" },
	{ "of the secret as bytes of hex digits", hs256({}, {}, hashes.sha256("x")), configured(hashes.sha256("x", true)), "signature", "FAIL",
		"secret-hex-decoded", "hex digits", "xxd -r -p" },
	{ "for a secret in quotes", good, configured('"'..secret..'"'), "signature", "FAIL", "secret-quoted", "without the quotes", ".env file" },
	{ "of the secret in quotes", hs256({}, {}, "'"..secret.."'"), nil, "signature", "FAIL", "secret-quoted-by-issuer", "with quotes",
		"issuer's setting" },
	{ "for a secret with a line end", good, configured(secret.."\n"), "signature", "FAIL", "secret-line-end", "without the line end",
		"not with echo" },
	{ "for a secret with blanks around", good, configured(" "..secret.." "), "signature", "FAIL", "secret-line-end", "white space", "printf" },
	{ "of the secret with a line end", hs256({}, {}, secret.."\n"), nil, "signature", "FAIL", "secret-line-end-by-issuer", "line end after",
		"strip" },
	{ "of the secret that is URL-encoded", good, configured((secret:gsub(" ", "%%20"))), "signature", "FAIL", "secret-url-encoded",
		"URL-decoded",
		"not URL-encoded" },
	{ "of what lenient decoders make of the secret", hs256({}, {}, base64.decode(lenient)),
		configured("my-secret_key of jitsi 2024! 0123456789"),
		"signature", "FAIL", "secret-base64-leniently", "skips the other characters", "use the text as it is" },
	{ "of what lenient decoders of base64url make", hs256({}, {}, base64.decode("my+"..lenient:sub(3, 8).."/key"..lenient:sub(12).."==")),
		configured("my-secret_key of jitsi 2024! 0123456789"), "signature", "FAIL",
		"secret-base64-leniently", "no base64", "Keys.hmacShaKeyFor" },
	{ "for a secret with a byte order mark", good, configured("\u{feff}"..secret), "signature", "FAIL", "secret-other-text", "(BOM)",
		"UTF-8 without BOM" },
	{ "for a secret in UTF-16", good, configured("\255\254"..secret:gsub(".", "%0\0").."\r\0\n\0"), "signature", "FAIL",
		"secret-other-text",
		"UTF-16", "printf" },
	{ "for a secret in UTF-16, big-endian", good, configured("\254\255"..secret:gsub(".", "\0%0")), "signature", "FAIL",
		"secret-other-text",
		"UTF-16", "printf" },
	{ "for a secret of a compose file", hs256({}, {}, "$a$"..secret), configured("$$a$$"..secret), "signature", "FAIL", "secret-dollars",
		"one \"$\" for each", "app_secret: only in a compose file" },
	{ "of the secret as in a compose file", hs256({}, {}, "$$a"..secret), configured("$a"..secret), "signature", "FAIL",
		"secret-dollars-by-issuer", "\"$$\" for each", "in the issuer's setting" },
	{ "of the example of jwt.io", hs256({}, {}, "your-256-bit-secret"), nil, "signature", "FAIL", "secret-well-known",
		'signed with "your-256-bit-secret"', "the value of app_secret (on jwt.io" },
	{ "of app_id", hs256({}, {}, "app"), nil, "signature", "FAIL", "secret-is-app-id", "signed with app_id", "claim \"iss\"" },
	{ "for the name of a file as secret", good, configured(explaining.write_file("secret-file", secret.."\n")), "signature", "FAIL",
		"secret-is-file-name", "the name of a file", "Use app_secret_file" },
	{ "for options that cannot be right", good, in_plain.."\ntoken_required_claims = 5", "key", "FAIL", "settings-unusable",
		"no token is accepted", "token-verifier check" },
	{ "for a template's left-over", good, configured("${JWT_APP_SECRET}"), "key", "FAIL", "secret-left-over", "a template's placeholder",
		"JWT_APP_SECRET" },
	{ "for another template's left-over", good, configured("<no value>"), "key", "FAIL", "secret-left-over", "a template's placeholder",
		"Set app_secret" },
	{ "for an empty secret", good, configured(""), "key", "FAIL", "secret-left-over", "is empty, or", "Set app_secret" },
	{ "for a public key as secret", good, configured(key.public), "key", "FAIL", "secret-is-public-key", "not a secret",
		"Remove app_secret" },
	{ "of a private key as secret", tokens.rs256(claims(), key, "k"), configured(key.private), "alg", "FAIL", "secret-is-private-key",
		"app_secret is the private key that signed the token (RS256)", 'publish key.pem --kid k --dir /FOLDER' },
	{ "of another key than the private one as secret", tokens.rs256(claims(), tokens.new_key(), "k"), configured(key.private), "alg", "FAIL",
		"key-token-at-secret", "signed with a private key", "Remove app_secret" },
	{ "for a secret that is too long", good, configured(("x"):rep(70000)), "key", "FAIL", "weak-secret", "cannot be used", "openssl rand" },
	{ "for a file that is not there", good, "\tapp_secret_file = \"/nonexistent\"", "key", "FAIL", "secret-file-unreadable", "cannot be read",
		"chown prosody:" },
	{ "for guests only", good, "\tallow_empty_token = true", "key", "FAIL", "guests-only", "accepts guests without a token",
		"without a token" },
	{ "for nothing to verify with", good, "", "key", "FAIL", "no-key-configured", "Nothing is configured", "asap_key_server" },
	{ "for an algorithm that fits no key", good, in_plain.."\nsignature_algorithm = \"RS256\"", "alg", "FAIL", "algorithm-fits-no-key",
		"fits the configured keys",
		"Remove signature_algorithm" },
	{ "whose payload is no object", tokens.hs256('"text"', secret), nil, "payload", "FAIL", "malformed-payload",
		"not the JSON object of claims", "an object" },

	{ "whose payload begins with a mark", tokens.hs256("\u{feff}{}", secret), nil, "payload", "FAIL", "payload-with-mark", "(BOM)",
		"without" },
	{ "whose payload is in Latin-1", tokens.hs256('{"name":"J\246rg"}', secret), nil, "payload", "FAIL", "payload-not-utf-8",
		"is not UTF-8", "convert names" },
	{ "whose payload has a claim twice", tokens.hs256('{"room":"a","room":"b"}', secret), nil, "payload", "FAIL", "payload-not-json",
		"no valid JSON", "only once" },
	{ "whose payload has a comma too many", tokens.hs256('{"room":"a",}', secret), nil, "payload", "FAIL", "payload-not-json",
		"no valid JSON", "JSON encoder" },
	{ "whose payload is base64 of claims", tokens.hs256(base64.encode('{"room":"a"}'), secret), nil, "payload", "FAIL", "malformed-payload",
		"not the JSON object of claims", "an object" },

	-- The form of the signature.
	{ "of hex digits in base64url", signed_as(function (bytes) return tokens.base64url(hex(bytes)); end), nil, "signature", "FAIL",
		"signature-hex", "in hex digits", "hash_hmac" },
	{ "of hex digits", signed_as(hex), nil, "signature", "FAIL", "signature-hex", "The signature is right", "JWT library" },
	{ "of hex digits of another secret", signed_as(function () return ("ab"):rep(32); end), nil, "signature", "FAIL",
		"signature-of-other-algorithm", "48 bytes, as one of HS384", "name one algorithm" },
	{ "of another algorithm than its header says", hs256({}, { alg = "HS384" }), in_plain.."\nsignature_algorithm = \"HS384\"", "signature",
		"FAIL", "signature-of-other-algorithm", "The header says HS384, but the signature has 32 bytes, as one of HS256", "or sign with HS384" },

	-- Dates.
	{ "that has expired", hs256({ iat = now - 15120, exp = now - 11520 }), nil, "exp", "FAIL", "expired", "has expired", "a new token" },
	{ "that has just expired", hs256({ exp = now - 20 }), nil, "exp", "FAIL", "expired-just-now", "less than five minutes",
		"token_leeway = 30 allows" },
	{ "with a duration as exp", hs256({ exp = 3600 }), nil, "exp", "FAIL", "exp-is-duration", "a duration (1 h, if", "plus the duration" },
	{ "with twenty years as exp", hs256({ exp = 630720000 }), nil, "exp", "FAIL", "exp-is-duration", "a duration (20 y",
		"plus the duration" },
	{ "without exp", hs256({ exp = absent }), nil, "exp", "WARN", "exp-missing", "never expires", "token_max_lifetime", 0 },
	{ "not valid yet", hs256({ nbf = now + 3600, exp = now + 7200 }), nil, "nbf", "FAIL", "not-yet-valid", "not valid yet", "time zone" },
	{ "of a clock that is ahead", hs256({ nbf = now + 90 }), nil, "nbf", "FAIL", "clock-skew", "the issuer's clock is ahead",
		"token_leeway = 120 allows" },
	{ "of a clock that is far ahead", hs256({ nbf = now + 299 }), nil, "nbf", "FAIL", "clock-skew", "is ahead", "token_leeway = 300" },
	{ "issued in the future", hs256({ iat = now + 90 }), nil, "iat", "WARN", "issued-ahead", "issuer's clock", "NTP", 0 },
	{ "with a date as a string", hs256({ exp = tostring(now + 60) }), nil, "exp", "FAIL", "date-string", "is a string", '"exp": 1700000060' },
	{ "with a date in milliseconds", hs256({ exp = (now + 60) * 1000 }), nil, "exp", "FAIL", "date-milliseconds", "in milliseconds",
		'"exp": 1700000060. Or accept it with token_accept_milliseconds' },
	{ "with milliseconds as a string", hs256({ nbf = tostring(now * 1000) }), nil, "nbf", "FAIL", "date-string", "is a string",
		'"nbf": 1700000000' },
	{ "with a date in words", hs256({ iat = "2023-11-14T22:13:20Z" }), nil, "iat", "FAIL", "date-calendar", "(2023-11-14 22:13:20 UTC)",
		'"iat": 1700000000,' },
	{ "that expires in words", hs256({ exp = "tomorrow" }), nil, "exp", "FAIL", "date-invalid", "seconds since 1970", "date +%s" },
	{ "with a lifetime as exp", hs256({ exp = "1h" }), nil, "exp", "FAIL", "date-lifetime", "expiresIn", "leave \"exp\" out" },
	{ "with a lifetime as nbf", hs256({ nbf = "10 minutes" }), nil, "nbf", "FAIL", "date-lifetime", "length of time", "date +%s" },
	{ "of the year 9999", hs256({ exp = 253402300799 }), nil, "exp", "ok", nil, nil, nil, 0 },
	{ "after the year 9999", hs256({ exp = 253402300800 }), nil, "exp", "FAIL", "date-invalid", "seconds since 1970",
		"Write the seconds since 1970 as a JSON number" },
	{ "of twelve digits", hs256({ exp = 159084646376 }), nil, "exp", "FAIL", "date-digits", "twelve digits", "date +%s" },
	{ "of nines", hs256({ exp = 9999999999999 }), nil, "exp", "FAIL", "date-nines", "to say \"never\"", '"exp": 253402300799' },
	{ "of nines as nbf", hs256({ nbf = 999999999999 }), nil, "nbf", "FAIL", "date-invalid", "seconds since 1970", "date +%s" },
	{ "in microseconds", hs256({ exp = (now + 60) * 1000000 }), nil, "exp", "FAIL", "date-unit", "in microseconds", '"exp": 1700000060' },
	{ "in nanoseconds", hs256({ exp = (now + 60) * 1000000000 }), nil, "exp", "FAIL", "date-unit", "in nanoseconds", '"exp": 1700000060' },
	{ "in ticks of .NET", hs256({ exp = (now + 60 + 62135596800) * 10000000 }), nil, "exp", "FAIL", "date-unit", "(ticks of .NET)",
		'"exp": 1700000060' },
	{ "in file times of Windows", hs256({ exp = (now + 60 + 11644473600) * 10000000 }), nil, "exp", "FAIL", "date-unit", "Windows",
		'"exp": 1700000060' },
	{ "in digits of a date", hs256({ exp = 20271231235959 }), nil, "exp", "FAIL", "date-calendar", "(2027-12-31 23:59:59 UTC)",
		'"exp": 1830297599' },
	{ "in digits of a day", hs256({ exp = 20271231 }), nil, "exp", "FAIL", "date-calendar", "(2027-12-31 00:00:00 UTC)", '"exp": 1830211200' },
	{ "in digits of a minute", hs256({ exp = 202712312359 }), nil, "exp", "FAIL", "date-calendar", "(2027-12-31 23:59:00 UTC)",
		'"exp": 1830297540' },
	{ "in digits, as a string", hs256({ exp = "20271231235959" }), nil, "exp", "FAIL", "date-calendar", "calendar date", '"exp": 1830297599' },
	{ "with a zone", hs256({ exp = "2027-12-31T23:59:59+05:30" }), nil, "exp", "FAIL", "date-calendar", "(2027-12-31 18:29:59 UTC)",
		'"exp": 1830277799' },
	{ "of a leap day", hs256({ exp = "2028-02-29" }), nil, "exp", "FAIL", "date-calendar", "(2028-02-29 00:00:00 UTC)", '"exp": 1835395200' },
	{ "of no day", hs256({ exp = "2027-02-29" }), nil, "exp", "FAIL", "date-invalid", "seconds since 1970", "date +%s" },
	{ "in milliseconds that have passed", hs256({ exp = (now - 60) * 1000 }), nil, "exp", "FAIL", "date-passed",
		"in milliseconds, but must be the number of seconds since 1970. It means 2023-11-14 22:12:20 UTC", "a new token" },
	{ "from a day that has not come, in digits", hs256({ nbf = 20261130000000 }), nil, "nbf", "FAIL", "date-passed", "2026-11-30 00:00:00 UTC",
		"a new token" },
	{ "from a day in digits", hs256({ nbf = 20221130 }), nil, "nbf", "WARN", "date-calendar", "2022-11-30", '"nbf": 1669766400', 0 },
	{ "with a duration as nbf", hs256({ nbf = 3600 }), nil, "nbf", "WARN", "date-is-duration", "a duration (1 h", "current time", 0 },
	{ "with a duration as iat", hs256({ iat = 60 }), nil, "iat", "WARN", "date-is-duration", "a duration (1 min", "current time", 0 },
	{ "issued in milliseconds", hs256({ iat = now * 1000 }), nil, "iat", "WARN", "date-milliseconds", "in milliseconds",
		'"iat": 1700000000', 0 },
	{ "issued in 9999", hs256({ iat = 253402300799 }), nil, "iat", "WARN", "issued-far-ahead", "7976 y", "current time in UTC", 0 },
	{ "valid from far ahead", hs256({ nbf = 20260000000, exp = 253402300799 }), nil, "nbf", "FAIL", "date-far", "588 y", "omit it" },
	{ "that no clock makes valid", hs256({ nbf = now + 7200 }), nil, "nbf", "FAIL", "never-valid",
		'its "exp" (2023-11-14 23:12:20 UTC) is not after its "nbf" (2023-11-15 00:13:20 UTC)', "time zone" },
	{ "that no clock made valid", hs256({ nbf = now - 60, exp = now - 60, iat = absent }), nil, "exp", "FAIL", "never-valid", "No clock",
		"a later one" },
	{ "that had expired when it was made", hs256({ exp = now - 3600 }), nil, "exp", "FAIL", "expired-when-issued", "had expired when",
		"time zone" },
	{ "that is late, and whose nbf is to come", hs256({ exp = now - 20, nbf = now + 1000, iat = absent }), nil, "exp", "FAIL", "never-valid",
		"No clock", "a later one" },
	{ "whose exp is in its context", hs256({ exp = absent, context = { exp = now + 60 } }), nil, "exp", "WARN", "claim-in-context",
		'inside "context"', "top level", 0 },
	{ "whose exp is its user's", hs256({ exp = absent, context = { user = { exp = now + 60 } } }), nil, "exp", "WARN", "claim-in-context",
		'inside "user" in "context"', "top level", 0 },
	{ "whose exp is in data", hs256({ exp = absent, data = { exp = now + 60 } }), nil, "exp", "WARN", "claim-in-context", 'inside "data"',
		"top level", 0 },
	{ "with expires_in", hs256({ exp = absent, expires_in = 3600 }), nil, "exp", "WARN", "duration-claim", '"expires_in", a length of time',
		'plus "expires_in"', 0 },
	{ "with Exp", hs256({ exp = absent, Exp = now + 60 }), nil, "exp", "WARN", "claim-misspelt", '"Exp"', 'Rename it to "exp"', 0 },
	{ "that lives too long", hs256({ exp = now + 86400 }), in_plain.."\ntoken_max_lifetime = 3600", "lifetime", "FAIL", "lifetime-too-long",
		"exceeds token_max_lifetime", "token_max_lifetime = 86460" },
	{ "that is to be issued some day, and lives until then", hs256({ iat = now + 86400, exp = now + 86460 }),
		in_plain.."\ntoken_max_lifetime = 3600", "lifetime", "FAIL", "lifetime-too-long",
		"exceeds token_max_lifetime", "token_max_lifetime = 86460" },
	{ "of a lifetime of words", hs256({ iat = "now" }), in_plain.."\ntoken_max_lifetime = 3600", "lifetime", "FAIL", "date-invalid",
		"seconds since 1970", "date +%s" },
	{ "of unknown lifetime", hs256({ iat = absent }), in_plain.."\ntoken_max_lifetime = 3600", "lifetime", "FAIL", "lifetime-unknown",
		"not have both", "set both" },

	-- Names of claims.
	{ "with bnf", hs256({ bnf = now }), nil, "nbf", "WARN", "claim-misspelt", 'a claim "bnf", but its name must be "nbf"',
		'Rename it to "nbf"', 0 },
	{ "with nbt", hs256({ nbt = now }), nil, "nbf", "WARN", "claim-misspelt", 'a claim "nbt", but its name must be "nbf"',
		'Rename it to "nbf"', 0 },
	{ "with audience", hs256({ aud = absent, audience = "jitsi" }), nil, "aud", "FAIL", "claim-misspelt", '"audience"', 'Rename it to "aud"' },
	{ "with issuer", hs256({ iss = absent, issuer = "app" }), nil, "iss", "FAIL", "claim-misspelt", '"issuer"', 'Rename it to "iss"' },
	{ "with rooms", hs256({ room = absent, rooms = { "planning" } }), nil, "room", "FAIL", "claim-misspelt", '"rooms"',
		'Rename it to "room"' },
	{ "with subject", hs256({ sub = absent, subject = "x" }), nil, "sub", "FAIL", "claim-misspelt", '"subject"', 'Rename it to "sub"' },
	{ "with expires_at", hs256({ exp = absent, expires_at = now + 60 }), nil, "exp", "WARN", "claim-misspelt", '"expires_at"',
		'Rename it to "exp"', 0 },
	{ "with the room inside of context", hs256({ room = absent, context = { room = { name = "planning" } } }), nil, "room", "FAIL",
		"claim-in-context",
		'inside "context"', "top level of the claims" },
	{ "without context where it is demanded", hs256({ context = absent }), in_plain.."\ntoken_required_claims = { \"context\" }", "required",
		"FAIL",
		"context-missing", "required", '"context": { "user"' },
	{ "without context", hs256({ context = absent }), nil, "context", "ok", "context-absent", "no name", '"context": { "user"', 0 },
	{ "with context as text", hs256({ context = '{"user":{}}' }), nil, "context", "WARN", "context-invalid", "not an object",
		"not as a string", 0 },
	{ "with context as a list", hs256({ context = { "Ann" } }), nil, "context", "WARN", "context-invalid", "not an object",
		"as an object", 0 },
	{ "with context as an empty list",
		tokens.hs256(('{"iss":"app","aud":"jitsi","sub":"meet.example.org","room":"r","exp":%d,"context":[]}'):format(now + 60),
		secret), nil, "context", "WARN", "context-invalid", "not an object", "as an object", 0 },
	{ "with an empty context",
		tokens.hs256(('{"iss":"app","aud":"jitsi","sub":"meet.example.org","room":"r","exp":%d,"context":{}}'):format(now + 60),
		secret), nil, "context", "ok", nil, nil, nil, 0 },
	{ "without another claim that is demanded", hs256(), in_plain.."\ntoken_required_claims = \"email\"", "required", "FAIL",
		"missing-claim", "token_required_claims", 'set "email". Or do not require what it cannot set: token_required_claims = {}' },
};

describe("the command's explain, of a date", function ()
	for _, case in ipairs(cases) do
		local what, token, lines, check, _, cause, _, fix = table.unpack(case, 1, 8);
		local suggested = (cause or ""):find("^date%-") and fix:match('^"%a+": (%d+)');
		if suggested then
			it(what.." suggests one that is accepted", function ()
				local _, payload = require "token_verifier".inspect(token);
				payload[check] = tonumber(suggested);
				local configuration = explaining.configuration(lines or in_plain);
				local answer, ended = explaining.explain(hs256(payload), { "--config", configuration, "--now", tostring(now) }, { secret },
					explaining.quick_command);
				assert.equal(0, ended);
				assert.is_true(answer.accepted);
			end);
		end
	end
end);

describe("the command's explain, of a token", function ()
	for _, case in ipairs(cases) do
		local what, token, lines, check, mark, key_of_cause, cause, fix, status = table.unpack(case, 1, 9);
		it(("%s: %s"):format(what, key_of_cause or "nothing"), function ()
			local configuration = explaining.configuration(lines or in_plain);
			local answer, ended, rows = explaining.explain(token, { "--config", configuration, "--now", tostring(now) }, { secret },
				explaining.quick_command);
			if key_of_cause then
				explaining.finds(rows, check, mark, key_of_cause, cause, fix);
			else
				assert.same({ mark, {} }, { rows[check].mark, rows[check].findings });
			end
			assert.equal(status or 1, ended);
			assert.equal(ended == 0, answer.accepted);
		end);
	end
end);

describe("the command's explain", function ()
	local function run(token, arguments)
		return explaining.command({ "explain", "--file", explaining.write_file("token", token), "--now", tostring(now),
			table.unpack(arguments) });
	end

	it("says times in words, continues after the first failure, and says which claims are not verified", function ()
		local token = hs256({ iat = now - 15120, exp = now - 11520, iss = "else" }, { typ = "x" }, "another secret than is configured here");
		local output, status = run(token, { "--config", explaining.configuration(in_plain) });
		assert.equal(1, status);
		for _, words in ipairs({
			"As meet.example.org verifies tokens:\n", "\nFAIL  typ ", "\nFAIL  signature ", "\n--    payload ",
				"because the signature was not verified:\nFAIL  exp ",
			"expired 3 h 12 min ago (2023-11-14 19:01:20 UTC), was valid for 1 h\n", "\n                 why: The token has expired.\n",
			"\n                 fix (token): Let the issuer make a new token", "\nFAIL  iss ", "\nok    aud ",
			"\nThe token is refused: type-not-accepted: ",
		}) do
			assert.truthy(output:find(words, 1, true), words.." in "..output);
		end
	end);

	it("accepts a valid token with a short text", function ()
		local output, status = run(good, { "--config", explaining.configuration(in_plain), "--room", "planning" });
		assert.equal(0, status);
		assert.is_nil(output:find("FAIL", 1, true) or output:find("WARN", 1, true) or output:find("fix (", 1, true));
		assert.truthy(output:find("\nThe token is accepted.\n", 1, true));
	end);

	it("verifies with the given key, or without any", function ()
		local file = explaining.write_file("secret", secret.."\n");
		local output, status = run(good, { "--secret-file", file, "--issuer", "app", "--room", "planning" });
		assert.equal(0, status, output);
		output, status = run(good, { "--secret-file", file, "--issuer", "app/", "--room", "other" });
		assert.equal(1, status);
		assert.truthy(output:find("differ only in a slash", 1, true), output);
		assert.truthy(output:find("The token is for another room.", 1, true), output);
		local _, _, rows = explaining.explain(good, { "--now", tostring(now) });
		explaining.finds(rows, "key", "FAIL", "no-key-named", "No key was given", "--config and --host");
		output, status = run(good, { "--issuer", "else" });
		assert.equal(1, status);
		assert.truthy(output:find('\nFAIL  iss        iss is "app"; accepted: "else"\n', 1, true), output);
		output, status = run(good, {});
		assert.equal(1, status);
		assert.truthy(output:find("The token was not checked: no key is named.", 1, true), output);
		assert.truthy(output:find("\nok    exp ", 1, true), output);
		assert.truthy(output:find('\nok    alg        found "HS256"; expected "HS256"\n', 1, true), output);
		output, status = run(good, { "--alg", "RS256" });
		assert.equal(1, status);
		assert.truthy(output:find('\nFAIL  alg        the header\'s alg is "HS256"; accepted: "RS256"\n', 1, true), output);
	end);

	for _, case in ipairs({
		{ { "--leeway", "301" }, "option '--leeway' must be from 0 to 300 seconds" },
		{ { "--alg", "none" }, "'none' is no algorithm that is supported" },
		{ { "--alg", "RS256", "--alg", "HS256" }, "mixes HMAC" },
		{ { "--config", "/nonexistent.cfg.lua" }, "the configuration cannot be read: /nonexistent.cfg.lua: No such file" },
		{ { "--config", "CONFIG", "--host", "gone.example.org" }, 'has no host "gone.example.org"; tokens are taken by meet.example.org' },
		{ { "--config", "CONFIG", "--secret-file", "CONFIG" }, "exclude each other" },
		{ { "--config", "CONFIG", "--issuer", "x" }, "--issuer goes with a source of keys" },
	}) do
		it("refuses "..table.concat(case[1], " "), function ()
			local configuration = explaining.configuration(in_plain);
			for i, argument in ipairs(case[1]) do
				case[1][i] = argument == "CONFIG" and configuration or argument;
			end
			local output, status = run(good, case[1]);
			assert.equal(2, status);
			assert.truthy(output:find(case[2], 1, true), output);
		end);
	end

	it("checks the claims even if there is no key", function ()
		local token = hs256({ exp = now - 11520, iss = "else" }, {}, ("?"):rep(64)); -- which must not pass for good
		for _, lines in ipairs({ "", "\tallow_empty_token = true", configured("<no value>") }) do
			local output, status = run(token, { "--config", explaining.configuration(lines) });
			assert.equal(1, status);
			for _, words in ipairs({ "\nFAIL  key ", "\n--    signature ", "\nFAIL  exp        expired 3 h 12 min ago", "\nFAIL  iss ",
				"\nok    aud ",
				"\nEvery token is refused: " }) do
				assert.truthy(output:find(words, 1, true), words.." in "..output);
			end
		end
		local output = run(token, {});
		assert.truthy(output:find("\n--    signature ", 1, true), output);
	end);

	it("knows the hosts that accept no tokens, and asks for one of several", function ()
		local configuration = explaining.configuration(in_plain, 'VirtualHost "guest.meet.example.org"\n\tauthentication = "anonymous"\n');
		local _, status, rows = explaining.explain(good, { "--config", configuration, "--host", "guest.meet.example.org" });
		assert.equal(1, status);
		explaining.finds(rows, "key", "FAIL", "host-without-tokens", '(authentication = "anonymous")', "Use the token on meet.example.org");
		configuration = explaining.configuration(in_plain, 'VirtualHost "two.example.org"\n\tapp_id = "x"\n');
		local output;
		output, status = run(good, { "--config", configuration });
		assert.equal(2, status);
		assert.truthy(output:find("name one with --host: meet.example.org, two.example.org", 1, true), output);
	end);
end);
