// SPDX-License-Identifier: MIT
// The keys of keys.json in the forms that the libraries want. Keys of a request come as JWKs, and are looked up by content.

import { readFileSync } from "node:fs";
import { createPrivateKey, createPublicKey, createSecretKey } from "node:crypto";

export const jwks = JSON.parse(readFileSync(new URL("keys.json", import.meta.url), "utf8"));

const made = new Map();

// { jwk, secret | private, public, privatePem, publicPem } of a private JWK, or of an "oct" one.
export function key(jwk) {
  const text = JSON.stringify(jwk);
  let forms = made.get(text);
  if (!forms) {
    if (jwk.kty === "oct") {
      const bytes = Buffer.from(jwk.k, "base64url");
      forms = { jwk, secret: bytes, private: createSecretKey(bytes), public: createSecretKey(bytes) };
    } else {
      const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
      const publicKey = createPublicKey(privateKey);
      forms = {
        jwk, private: privateKey, public: publicKey,
        privatePem: privateKey.export({ format: "pem", type: "pkcs8" }),
        publicPem: publicKey.export({ format: "pem", type: "spki" }),
        publicJwk: publicKey.export({ format: "jwk" }),
      };
    }
    made.set(text, forms);
  }
  return forms;
}
