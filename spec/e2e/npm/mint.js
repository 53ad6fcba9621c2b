// SPDX-License-Identifier: MIT
// Mints tokens with jose or jsonwebtoken: one JSON request on standard input, the token on standard output.

import { readFileSync } from "node:fs";
import { createPrivateKey } from "node:crypto";
import { SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";

const { library, claims, key, secret, algorithm, kid } = JSON.parse(readFileSync(0, "utf8"));

if (library === "jose") {
  const signer = new SignJWT(claims).setProtectedHeader({ typ: "JWT", alg: algorithm, ...(kid && { kid }) });
  console.log(await signer.sign(secret ? new TextEncoder().encode(secret) : createPrivateKey(key)));
} else {
  console.log(jsonwebtoken.sign(claims, secret ?? key, { algorithm, ...(kid && { keyid: kid }) }));
}
