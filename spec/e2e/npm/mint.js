// SPDX-License-Identifier: MIT
// Mints tokens with jose or jsonwebtoken, which people use and which share no code with ours: see serve.js.

import { createPrivateKey } from "node:crypto";
import { SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { serve } from "./serve.js";

await serve(({ library, claims, key, secret, algorithm, kid }) => {
  if (library === "jose") {
    const signer = new SignJWT(claims).setProtectedHeader({ typ: "JWT", alg: algorithm, ...(kid && { kid }) });
    return signer.sign(secret ? new TextEncoder().encode(secret) : createPrivateKey(key));
  }
  return jsonwebtoken.sign(claims, secret ?? key, { algorithm, ...(kid && { keyid: kid }) });
});
