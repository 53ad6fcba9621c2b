// SPDX-License-Identifier: MIT
// The libraries of npm behind one face. Each has
//   algorithms                            what it knows, by the type or curve of the key
//   mint(algorithm, key, claims, header)  a token
//   judge(token, key, expected)           the claims, or it throws; expected is { algorithms, issuer, audience, now }

import * as jose from "jose";
import jsonwebtoken from "jsonwebtoken";
import fastJwt from "fast-jwt";
import { p256, p384, p521 } from "@noble/curves/nist.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { ed448 } from "@noble/curves/ed448.js";

const hmac = ["HS256", "HS384", "HS512"];
const rsa = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

const josePeer = {
  algorithms: {
    oct: hmac, RSA: rsa, "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"], Ed25519: ["EdDSA", "Ed25519"],
  },
  mint: (algorithm, key, claims, header) =>
    new jose.SignJWT(claims).setProtectedHeader({ typ: "JWT", ...header, alg: algorithm }).sign(key.private),
  async judge(token, key, { algorithms, issuer, audience, now }) {
    const options = { algorithms, issuer, audience, typ: "JWT", currentDate: new Date(now * 1000) };
    return (await jose.jwtVerify(token, key.public, options)).payload;
  },
};

const jsonwebtokenPeer = {
  algorithms: { oct: hmac, RSA: rsa, "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"] },
  mint: (algorithm, key, claims, header) =>
    jsonwebtoken.sign(claims, key.private, { algorithm, header, noTimestamp: true }),
  judge: (token, key, { algorithms, issuer, audience, now }) =>
    jsonwebtoken.verify(token, key.public, { algorithms, issuer, audience, clockTimestamp: now }),
};

const verifiers = new Map();

const fastJwtPeer = {
  algorithms: {
    oct: hmac, RSA: rsa, "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"], Ed25519: ["EdDSA"], Ed448: ["EdDSA"],
  },
  mint: (algorithm, key, claims, header) =>
    fastJwt.createSigner({ key: key.secret ?? key.privatePem, algorithm, header, noTimestamp: true })(claims),
  judge(token, key, { algorithms, issuer, audience, now }) {
    const text = JSON.stringify([key.jwk, algorithms, issuer, audience, now]);
    if (!verifiers.has(text)) {
      verifiers.set(text, fastJwt.createVerifier({
        key: key.secret ?? key.publicPem, algorithms, allowedIss: issuer, allowedAud: audience, checkTyp: "JWT",
        clockTimestamp: now * 1000, requiredClaims: ["iss", "aud"],
      }));
    }
    return verifiers.get(text)(token);
  },
};

// Curves in JavaScript alone, where all others call OpenSSL: no library of tokens, so the rest is done here.
const curves = { "P-256": p256, "P-384": p384, "P-521": p521, Ed25519: ed25519, Ed448: ed448 };

const bytes = (text) => Buffer.from(text, "base64url");
// Both signatures of a point and its negative are valid (RFC 7518 section 3.4).
const options = (jwk) => (jwk.kty === "EC" ? { lowS: false } : undefined);

const noblePeer = {
  algorithms: {
    "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"], Ed25519: ["EdDSA", "Ed25519"], Ed448: ["EdDSA", "Ed448"],
  },
  mint(algorithm, key, claims, header) {
    const parts = [{ typ: "JWT", ...header, alg: algorithm }, claims];
    const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
    const signature = curves[key.jwk.crv].sign(Buffer.from(input), bytes(key.jwk.d), options(key.jwk));
    return `${input}.${Buffer.from(signature).toString("base64url")}`;
  },
  judge(token, { jwk }, { algorithms }) {
    const [header, payload, signature] = token.split(".");
    const { alg } = JSON.parse(bytes(header));
    const input = Buffer.from(`${header}.${payload}`);
    const publicKey = jwk.kty === "OKP" ? bytes(jwk.x) : Buffer.concat([Buffer.of(4), bytes(jwk.x), bytes(jwk.y)]);
    if (!algorithms.includes(alg) || !curves[jwk.crv].verify(bytes(signature), input, publicKey, options(jwk))) {
      throw new Error("invalid");
    }
    return JSON.parse(bytes(payload));
  },
};

export const libraries = {
  jose: josePeer, jsonwebtoken: jsonwebtokenPeer, "fast-jwt": fastJwtPeer, "@noble/curves": noblePeer,
};
