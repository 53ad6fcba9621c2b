// SPDX-License-Identifier: MIT
// A library of npm, the argument, as it is told on standard input: see bench/README.md, "Workers". Those of spec/cross serve.

import { createPublicKey, createSecretKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../../spec/cross/", import.meta.url));
const library = process.argv[2];
const policy = { issuer: "app", audience: "jitsi" };

// Each makes a function that gives the claims, or throws; or a promise that does. The key is kept.
const libraries = {
  jsonwebtoken(algorithm, key, token) {
    const { verify } = require("jsonwebtoken");
    return () => verify(token, key, { algorithms: [algorithm], ...policy });
  },
  async jose(algorithm, key, token) {
    const { jwtVerify } = await import(new URL("../../spec/cross/node_modules/jose/dist/webapi/index.js", import.meta.url));
    return async () => (await jwtVerify(token, key, { algorithms: [algorithm], ...policy })).payload;
  },
  "fast-jwt"(algorithm, key, token, text) {
    const { createVerifier } = require("fast-jwt");
    // Its cache would answer for a token seen before.
    return createVerifier({ key: text, algorithms: [algorithm], allowedIss: "app", allowedAud: "jitsi", cache: false });
  },
};

const cases = new Map();
const read = (path) => (existsSync(path) ? readFileSync(path, "utf8") : undefined);

const commands = {
  version() {
    const { version } = JSON.parse(readFileSync(new URL(`../../spec/cross/node_modules/${library}/package.json`, import.meta.url)));
    return `ok\t${library} ${version}, node ${process.version}, OpenSSL ${process.versions.openssl}`;
  },
  async load(name, kind, algorithm, base, tokenPath) {
    const secret = read(`${base}.secret`);
    const text = secret ?? read(`${base}.pem`);
    const key = secret ? createSecretKey(Buffer.from(secret)) : createPublicKey(text);
    const token = readFileSync(tokenPath, "utf8");
    try {
      const verify = await libraries[library](algorithm, key, token, text);
      cases.set(name, () => verify(token));
    } catch (error) {
      return `no\t${error.message}`;
    }
    return "ok";
  },
  async once(name) {
    try {
      await cases.get(name)();
      return "accepted";
    } catch (error) {
      return `refused\t${error.message.replaceAll(/\s+/g, " ")}`;
    }
  },
  async run(name, calls) {
    const verify = cases.get(name);
    const start = process.cpuUsage();
    for (let i = 0; i < calls; i++) {
      const result = verify();
      if (result instanceof Promise) await result;
    }
    const { user, system } = process.cpuUsage(start);
    return `ok\t${(user + system) * 1000}`;
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...fields] = line.split("\t");
  process.stdout.write(`${await commands[command](...fields)}\n`);
}
