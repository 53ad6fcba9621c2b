// SPDX-License-Identifier: MIT
// Answers for the libraries of npm: one JSON request a line on standard input, one answer a line on standard output.

import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { createInterface } from "node:readline";
import { isDeepStrictEqual } from "node:util";
import * as jose from "jose";
import { audience, damaged, firstRound, issuer, now } from "./damage.js";
import { jwks, key } from "./keys.js";
import { libraries } from "./libraries.js";

async function judge(name, token, jwk, expected) {
  try {
    return { accepted: true, claims: await libraries[name].judge(token, key(jwk), expected) };
  } catch (error) {
    // Whatever a library throws, it does not accept.
    return { accepted: false, why: `${error.name}: ${error.message}` };
  }
}

// Those that know tokens and not only signatures.
const judges = ["jose", "jsonwebtoken", "fast-jwt"];

async function judgedCase(seed, number) {
  const { token, key: keyName, algorithms, did, marks } = damaged(seed, number);
  const jwk = jwks[keyName];
  const expected = { algorithms, issuer, audience, now };
  const verdicts = {};
  for (const name of judges.filter((name) => libraries[name].algorithms[jwk.crv ?? jwk.kty])) {
    const { accepted, why } = await judge(name, token.toString("utf8"), jwk, expected);
    verdicts[name] = { accepted, why };
  }
  return { number, token: token.toString("hex"), key: keyName, expected, did, marks, verdicts };
}

const members = { RSA: ["e", "kty", "n"], EC: ["crv", "kty", "x", "y"], OKP: ["crv", "kty", "x"] };

// All that node and jose can write of a new key, by node's type and its options, or by "jose" and an algorithm.
async function newKey([type, options]) {
  let forms;
  if (type === "jose") {
    const { publicKey, privateKey } = await jose.generateKeyPair(options, { extractable: true });
    const spki = await jose.exportSPKI(publicKey);
    forms = {
      jwk: await jose.exportJWK(publicKey), privateJwk: await jose.exportJWK(privateKey),
      spki: `${spki}\n`, pkcs8: await jose.exportPKCS8(privateKey),
      der: createPublicKey(spki).export({ format: "der", type: "spki" }).toString("hex"),
    };
  } else {
    const { publicKey, privateKey } = generateKeyPairSync(type, options);
    const pem = (key, form) => key.export({ format: "pem", type: form });
    forms = {
      jwk: publicKey.export({ format: "jwk" }), privateJwk: privateKey.export({ format: "jwk" }),
      spki: pem(publicKey, "spki"), pkcs8: pem(privateKey, "pkcs8"),
      ...(type === "rsa" && { pkcs1: pem(publicKey, "pkcs1"), privatePkcs1: pem(privateKey, "pkcs1") }),
      ...(type === "ec" && { sec1: pem(privateKey, "sec1") }),
      der: publicKey.export({ format: "der", type: "spki" }).toString("hex"),
    };
  }
  forms.canonical = JSON.stringify(Object.fromEntries(members[forms.jwk.kty].map((name) => [name, forms.jwk[name]])));
  forms.thumbprint = await jose.calculateJwkThumbprint(forms.jwk);
  return forms;
}

const operations = {
  libraries: () => Object.fromEntries(Object.entries(libraries).map(([name, { algorithms }]) => [name, algorithms])),

  mint: ({ library, algorithm, jwk, claims, header }) => libraries[library].mint(algorithm, key(jwk), claims, header),

  judge: ({ library, token, jwk, expected }) => judge(library, token, jwk, expected),

  // Damaged tokens and what each library says of them.
  damaged: ({ seed, from, to }) =>
    Promise.all(Array.from({ length: to - from }, (_, index) => judgedCase(seed, from + index))),

  firstRound: () => firstRound,

  keys: () => jwks,

  // JSON texts that jose signs and gives back as they are.
  signText: ({ algorithm, jwk, payload }) =>
    new jose.CompactSign(Buffer.from(payload)).setProtectedHeader({ alg: algorithm, typ: "JWT" }).sign(key(jwk).private),
  payloadText: async ({ token, jwk }) => Buffer.from((await jose.compactVerify(token, key(jwk).public)).payload).toString(),
  sameJson: ({ left, right }) => isDeepStrictEqual(JSON.parse(left), JSON.parse(right)),
  rewritten: ({ text }) => JSON.stringify(JSON.parse(text)),

  newKeys: ({ kinds }) => Promise.all(kinds.map(newKey)),
  // The claims of a token that was signed with the private half of a key of ours. jose knows no Ed448, but node does.
  async readBack({ pem, jwk, algorithm, token }) {
    const publicKey = createPublicKey(pem ?? { key: jwk, format: "jwk" });
    if (publicKey.asymmetricKeyType === "ed448") {
      const [, input, signature] = token.match(/^(.*)\.(.*)$/);
      const holds = verify(null, Buffer.from(input), publicKey, Buffer.from(signature, "base64url"));
      return holds && JSON.parse(Buffer.from(input.split(".")[1], "base64url"));
    }
    const read = pem ? await jose.importSPKI(pem, algorithm) : await jose.importJWK(jwk, algorithm);
    return (await jose.jwtVerify(token, read)).payload;
  },

  stop: () => process.exit(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, ...request } = JSON.parse(line);
  process.stdout.write(`${JSON.stringify(await operations[operation](request))}\n`);
}
