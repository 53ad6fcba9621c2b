// SPDX-License-Identifier: MIT
// Signatures that come out the same each time (salts and nonces too), and malformed ones that no library would make.

import { constants, createECDH, createHash, createHmac, privateEncrypt, sign as nodeSign } from "node:crypto";
import { key } from "./keys.js";

const hash = (digest, ...data) => data.reduce((sum, part) => sum.update(part), createHash(digest)).digest();

const withoutPadding = (jwk, block) =>
  privateEncrypt({ key: key(jwk).private, padding: constants.RSA_NO_PADDING }, block);

// RFC 8017 appendix B.2.1.
function mask(digest, seed, length) {
  const blocks = [];
  for (let counter = 0; blocks.length * hash(digest, "").length < length; counter++) {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(counter);
    blocks.push(hash(digest, seed, bytes));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

// RFC 8017 section 9.1.1 for moduli of whole bytes. The salt is made of the input.
export function pss(digest, jwk, input, { saltLength = hash(digest, "").length, mgf = digest, trailer = 0xbc } = {}) {
  const size = Buffer.from(jwk.n, "base64url").length;
  const salt = mask("sha512", input, saltLength);
  const digested = hash(digest, Buffer.alloc(8), hash(digest, input), salt);
  const block = Buffer.concat([Buffer.alloc(size - saltLength - digested.length - 2), Buffer.of(1), salt]);
  const masked = mask(mgf, digested, block.length).map((byte, at) => byte ^ block[at]);
  masked[0] &= 0x7f;
  return withoutPadding(jwk, Buffer.concat([masked, digested, Buffer.of(trailer)]));
}

const digestInfo = {
  sha256: Buffer.from("3031300d060960864801650304020105000420", "hex"),
  sha384: Buffer.from("3041300d060960864801650304020205000430", "hex"),
  sha512: Buffer.from("3051300d060960864801650304020305000440", "hex"),
};

// RFC 8017 section 9.2, and ways to get it wrong: `change` gets [start, filling, zero, algorithm, hash].
export function pkcs1(digest, jwk, input, change = (parts) => parts) {
  const size = Buffer.from(jwk.n, "base64url").length;
  const parts = [Buffer.of(0, 1), null, Buffer.of(0), Buffer.from(digestInfo[digest]), hash(digest, input)];
  parts[1] = Buffer.alloc(size - parts.reduce((sum, part) => sum + (part?.length ?? 0), 0), 0xff);
  return withoutPadding(jwk, Buffer.concat(change(parts)).subarray(0, size));
}

export const curves = {
  "P-256": { name: "prime256v1", size: 32, digest: "sha256",
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n },
  "P-384": { name: "secp384r1", size: 48, digest: "sha384",
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n },
  "P-521": { name: "secp521r1", size: 66, digest: "sha512",
    order: BigInt("0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9" +
      "b8899c47aebb6fb71e91386409") },
};

export const numberOf = (bytes) => BigInt(`0x${bytes.toString("hex") || 0}`);
export const bytesOf = (number, size) => Buffer.from(number.toString(16).padStart(2 * size, "0"), "hex");

function inverse(number, modulus) {
  let [a, b, x, y] = [number % modulus, modulus, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b, x, y] = [b % a, a, y - quotient * x, x];
  }
  return ((x % modulus) + modulus) % modulus;
}

// RFC 7518 section 3.4, with a nonce made of key and input: [r, s].
export function ecdsa(jwk, input, digest = curves[jwk.crv].digest) {
  const { name, size, order } = curves[jwk.crv];
  const d = numberOf(Buffer.from(jwk.d, "base64url"));
  const nonce = 1n + (numberOf(mask("sha512", Buffer.concat([bytesOf(d, size), input]), 2 * size)) % (order - 1n));
  const point = createECDH(name);
  point.setPrivateKey(bytesOf(nonce, size));
  const r = numberOf(point.getPublicKey().subarray(1, 1 + size)) % order;
  const digested = numberOf(hash(digest, input)); // never longer than the order here
  return [r, (inverse(nonce, order) * (digested + r * d)) % order];
}

export const digestOf = (algorithm) => `sha${algorithm.slice(2)}`;

// The signature that `algorithm` asks for, also with a key that is none for it if that can be computed at all.
export function sign(algorithm, jwk, input) {
  const { secret, private: privateKey } = key(jwk);
  switch (algorithm.slice(0, 2)) {
    case "HS":
      return createHmac(digestOf(algorithm), secret ?? key(jwk).publicPem).update(input).digest();
    case "RS":
      return pkcs1(digestOf(algorithm), jwk, input);
    case "PS":
      return pss(digestOf(algorithm), jwk, input);
    case "Ed":
      return nodeSign(null, input, privateKey);
    default:
      return Buffer.concat(ecdsa(jwk, input).map((number) => bytesOf(number, curves[jwk.crv].size)));
  }
}
