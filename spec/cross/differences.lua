-- SPDX-License-Identifier: MIT
-- Damaged tokens for which other libraries have another result than this module, and why. A row applies only if the damage has its
-- mark (see damage.js), our result is that of the row, and the row names the library. Every row must occur in every run, except
-- those in `perhaps`, which depend on Debian's version of a library.

local all = { "jose", "jsonwebtoken", "fast-jwt", "PyJWT", "jwcrypto" };

return {
	-- We refuse, they accept: the spelling of the token.
	{ mark = "trailing bits", code = "malformed-token", peers = all,
		why = "RFC 4648, section 3.5: bits that no byte takes must be zero, or one token would have several spellings" },
	{ mark = "padding", code = "malformed-token", peers = { "jose", "PyJWT", "jwcrypto" },
		why = "RFC 7515, section 2: base64url without trailing '='" },
	{ mark = "characters", code = "malformed-token", peers = { "jose", "PyJWT" }, perhaps = { "jwcrypto" },
		why = "RFC 7515, section 2: no line breaks, white space or other characters; Python skips them, and takes + and /" },
	{ mark = "length", code = "malformed-token", peers = { "jsonwebtoken", "fast-jwt" }, perhaps = { "PyJWT", "jwcrypto" },
		why = "no bytes have so many characters in base64; node drops the last one" },
	{ mark = "too long", code = "token-too-large", peers = all,
		why = "16 KiB is our limit; they have none" },

	-- JSON.
	{ mark = "duplicate member", code = { "malformed-header", "malformed-payload" }, peers = all,
		why = "RFC 7515, section 4, and RFC 7519, section 4: names must be distinct, or parsers of the latter kind; they take the last" },
	{ mark = "depth", code = { "malformed-header", "malformed-payload" }, peers = all,
		why = "32 levels are our limit; theirs is the stack" },
	{ mark = "lone surrogate", code = { "malformed-header", "malformed-payload" }, peers = all,
		why = "RFC 7493, section 2.1: no character; it could not be passed on as UTF-8" },
	{ mark = "invalid UTF-8", code = { "malformed-header", "malformed-payload" }, peers = { "jsonwebtoken", "fast-jwt", "PyJWT" },
		why = "RFC 7515, section 5.2, step 3: the header must be UTF-8; node's Buffer replaces what is not" },
	{ mark = "byte order mark", code = { "malformed-header", "malformed-payload" }, peers = { "jose", "PyJWT" },
		why = "RFC 8259, section 8.1: none is added; it may be ignored, and is by some" },
	{ mark = "UTF-16", code = { "malformed-header", "malformed-payload" }, peers = { "PyJWT" },
		why = "RFC 7515, section 5.2, step 3: UTF-8; Python guesses the encoding" },
	{ mark = "NaN", code = { "malformed-header", "malformed-payload" }, peers = { "PyJWT", "jwcrypto" },
		why = "RFC 8259, section 6: no number of JSON; Python reads it" },
	{ mark = "overflow", code = { "malformed-header", "malformed-payload" }, peers = all,
		why = "1e999 is no number that we have; they read infinity, and an exp that never comes" },

	-- The header.
	{ mark = "crit", code = "unsupported-critical", peers = all,
		why = "RFC 7515, section 4.1.11: a list of extensions that must be understood, and we know none; some skip what is "
			.."no list, some know b64, jsonwebtoken does not look" },
	{ mark = "b64 without crit", code = "unsupported-critical", peers = { "jose", "jsonwebtoken", "fast-jwt", "PyJWT" },
		why = "RFC 7797, section 6: only with crit; what is signed is not what they read" },
	{ mark = "typ", code = "type-not-accepted", peers = { "jsonwebtoken", "PyJWT", "jwcrypto" },
		why = "RFC 8725, section 3.11: we accept the types that are listed only; these do not look" },
	{ mark = "typ in another spelling", code = "type-not-accepted", peers = all,
		why = "compared exactly, as Jitsi does; media types have no case, and may go without application/" },
	{ mark = "kid of another type", peers = {}, perhaps = { "PyJWT" },
		why = "RFC 7515, section 4.1.4: must be a string; where the key is given, we do not read it" },

	-- Signatures.
	{ mark = "numbers of another size", code = "bad-signature", peers = { "jwcrypto" },
		why = "RFC 7518, section 3.4: R and S have the size of the curve; jwcrypto halves whatever there is" },
	{ mark = "signature without its leading zero", code = "bad-signature", peers = all,
		why = "RFC 8017, section 8.1.2, step 1: as long as the modulus; OpenSSL lets PSS be shorter" },

	-- The claims.
	{ mark = "exp is now", code = "expired", peers = { "fast-jwt", "jwcrypto" },
		why = "RFC 7519, section 4.1.4: not on or after it" },
	{ mark = "exp within this second", peers = { "PyJWT" },
		why = "RFC 7519, section 2: dates may have fractions; PyJWT cuts them off" },
	{ mark = "nbf within this second", code = "not-yet-valid", peers = { "PyJWT" },
		why = "likewise" },
	{ mark = "exp as string", code = "invalid-claim", peers = { "PyJWT" },
		why = "RFC 7519, section 4.1.4: must be a number" },
	{ mark = "nbf as string", code = "invalid-claim", peers = { "PyJWT" },
		why = "RFC 7519, section 4.1.5: must be a number" },
	{ mark = "nbf of another type", code = "invalid-claim", peers = { "PyJWT", "jwcrypto" },
		why = "likewise; Python takes false and true for 0 and 1, and jwcrypto null for none" },
	{ mark = "milliseconds as exp", code = "invalid-claim", peers = all,
		why = "a date past the year 5000 is milliseconds by mistake, and the token would never expire" },
	{ mark = "exp far away", code = "invalid-claim", peers = all,
		why = "beyond 2^53 a double does not tell seconds apart" },
	{ mark = "nbf far away", code = "invalid-claim", peers = all,
		why = "likewise" },
	{ mark = "iat in the future", peers = { "PyJWT" },
		why = "RFC 7519, section 4.1.6, has no such rule; the clocks of issuers differ" },
	{ mark = "iat as string", code = "invalid-claim", peers = { "jsonwebtoken", "fast-jwt", "jwcrypto" }, perhaps = { "PyJWT" },
		why = "RFC 7519, section 4.1.6: must be a number; who does not judge it does not look" },
	{ mark = "iat of another type", code = "invalid-claim", peers = { "jsonwebtoken", "fast-jwt", "PyJWT", "jwcrypto" },
		why = "likewise" },
	{ mark = "other types in aud", code = "invalid-claim", peers = { "jose", "jsonwebtoken", "jwcrypto" },
		why = "RFC 7519, section 4.1.3: an array of strings" },
	{ mark = "sub of another type", code = "sub-invalid", peers = { "jose", "jsonwebtoken", "fast-jwt" }, perhaps = { "PyJWT" },
		why = "RFC 7519, section 4.1.2: a string" },
	{ mark = "sub is null", peers = {}, perhaps = { "PyJWT" },
		why = "we take null for no sub; Debian 13's PyJWT refuses it" },
	{ mark = "room of another type", code = "room-invalid", peers = all,
		why = "Jitsi's claim; they do not know it" },
	{ mark = "NUL in aud", code = "invalid-claim", peers = all,
		why = "C code that reads the claim later would see another audience" },
	{ mark = "NUL in sub", code = "sub-invalid", peers = all, why = "likewise" },
	{ mark = "NUL in room", code = "room-invalid", peers = all, why = "likewise" },
};
