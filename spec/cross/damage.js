// SPDX-License-Identifier: MIT
// Damaged tokens. A case depends on nothing but the seed and its number: the first ones are each kind of damage once, in turn,
// the others are drawn.

import { createHash } from "node:crypto";
import { jwks } from "./keys.js";
import { bytesOf, curves, digestOf, ecdsa, numberOf, pkcs1, pss, sign } from "./signing.js";

export const now = 1700000000;
export const issuer = "app";
export const audience = "jitsi";

// A draw after the other of one case.
class Dice {
  constructor(seed, number) {
    this.block = createHash("sha256").update(`${seed}:${number}`).digest();
    this.at = 0;
  }

  below(limit) {
    if (this.at === this.block.length) {
      this.block = createHash("sha256").update(this.block).digest();
      this.at = 0;
    }
    const drawn = this.block.readUInt32BE(this.at);
    this.at += 4;
    return drawn % limit;
  }

  pick(list) {
    return list[this.below(list.length)];
  }

  chance(percent) {
    return this.below(100) < percent;
  }
}

const base64url = (data) => Buffer.from(data).toString("base64url");
const bytes = (text) => Buffer.from(text, "base64url");
const json = JSON.stringify;

const algorithmsOf = {
  oct: ["HS256", "HS384", "HS512"],
  RSA: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"], Ed25519: ["EdDSA"], Ed448: ["EdDSA"],
};
const asymmetric = [...new Set(Object.values(algorithmsOf).flat())].filter((name) => !name.startsWith("HS"));
const kind = (name) => jwks[name].crv ?? jwks[name].kty;
const names = Object.keys(jwks).filter((name) => !name.endsWith("-other"));
const other = (name) => `${name}-other`;

// Names and values of members are JSON texts, so that they can be wrong ones, or there twice.
class Members {
  constructor(object) {
    this.list = Object.entries(object).map(([name, value]) => [json(name), json(value)]);
  }

  set(name, text) {
    const found = this.list.find((member) => member[0] === json(name));
    if (found) {
      found[1] = text;
    } else {
      this.list.push([json(name), text]);
    }
  }

  remove(name) {
    this.list = this.list.filter((member) => member[0] !== json(name));
  }

  add(name, text, place) {
    this.list.splice(place === "first" ? 0 : this.list.length, 0, [name, text]);
  }

  text() {
    return `{${this.list.map(([name, value]) => `${name}:${value}`).join(",")}}`;
  }
}

// A token in the making: what is not changed is as it should be.
class Draft {
  constructor(keyName, algorithm, dice) {
    this.key = keyName;
    this.verifier = { key: keyName, algorithms: [algorithm] };
    this.algorithm = algorithm;
    this.header = new Members({ alg: algorithm, typ: "JWT", kid: "a-key" });
    this.payload = new Members({
      iss: issuer, aud: audience, sub: "example.org", room: "planning", iat: now - 60, nbf: now - 60, exp: now + 3600,
      context: { user: { id: `user-${dice.below(1e6)}`, name: "Zoë" }, features: { recording: true }, group: null },
    });
    this.rewrite = { header: (text) => text, payload: (text) => text };
    this.spelling = { header: (text) => text, payload: (text) => text, signature: (text) => text };
    this.signature = (input) => sign(this.algorithm, jwks[this.key], input);
    this.finish = (parts) => parts.join(".");
  }

  token() {
    const parts = ["header", "payload"].map((part) => this.spelling[part](base64url(this.rewrite[part](this[part].text()))));
    const signature = this.signature(Buffer.from(parts.join(".")));
    return this.finish([...parts, this.spelling.signature(base64url(signature))]);
  }
}

// Damage to the structure: { mark, what, change(draft, dice), on }. The mark names what may be judged differently; `on` is the
// algorithm that it is done to, or key and algorithm, if it is not for any.
const structural = [];

function damage(mark, what, change, on) {
  structural.push({ mark, what, change, on });
}

const values = ["null", "true", "0", "1.5", '""', '"text"', "[]", '["text"]', "{}", '{"alg":"RS256"}'];

// Each part as JSON.
for (const part of ["header", "payload"]) {
  const rewrite = (mark, what, change) =>
    damage(mark, `${what} (${part})`, (draft, dice) => (draft.rewrite[part] = (text) => change(text, dice)));
  const add = (mark, name, value) => damage(mark, `the member ${name}: ${value} (${part})`, (draft) => draft[part].add(name, value));

  for (const value of values.filter((text) => text !== "{}")) {
    rewrite(part === "header" && value.includes("alg") ? "typ" : "", `only ${value}`, () => value);
  }
  rewrite("", "no members", () => "{}");
  rewrite("", "nothing", () => "");
  rewrite("", "white space around", (text) => ` \t\r\n${text}\n`);
  rewrite("byte order mark", "", (text) => `\ufeff${text}`);
  rewrite("UTF-16", "", (text) => Buffer.from(text, "utf16le"));
  rewrite("", "something behind", (text) => `${text}x`);
  rewrite("", "a second object behind", (text) => `${text}{}`);
  rewrite("", "NUL behind", (text) => `${text}\0`);
  rewrite("", "form feed in front", (text) => `\f${text}`);
  rewrite("", "cut short", (text, dice) => text.slice(0, 1 + dice.below(text.length - 1)));
  rewrite("", "a comma at the end", (text) => text.replace(/}$/, ",}"));
  rewrite("", "a comment", (text) => text.replace(/}$/, "/**/}"));
  rewrite("", "single quotes", (text) => text.replaceAll('"', "'"));
  rewrite("invalid UTF-8", "a lone byte", (text) => Buffer.from(text.replace(/}$/, ',"x":"\xff"}'), "latin1"));
  rewrite("invalid UTF-8", "an overlong form", (text) => Buffer.from(text.replace(/}$/, ',"x":"\xc0\xaf"}'), "latin1"));
  rewrite("invalid UTF-8", "a surrogate in three bytes", (text) => Buffer.from(text.replace(/}$/, ',"x":"\xed\xa0\x80"}'), "latin1"));
  add("lone surrogate", '"x"', '"\\ud800"');
  add("lone surrogate", '"\\udc00"', "1");
  add("", '"x"', '"\\ud83d\\ude00"');
  add("", '"x"', '"\u{1f600}"');
  add("", '"x"', '"\\u0000"');
  add("", '"x"', '"\n"');
  add("", '"x"', '"\u007f"');
  add("", '"x"', '"\\x41"');
  add("", '""', "0");
  add("", "x", "0");
  add("NaN", '"x"', "NaN");
  add("NaN", '"x"', "-Infinity");
  add("overflow", '"x"', "1e999");
  add("", '"x"', "1e-999");
  add("", '"x"', "18446744073709551616");
  add("", '"x"', "-0");
  add("", '"x"', "01");
  add("", '"x"', "+1");
  add("", '"x"', ".5");
  add("", '"x"', "0x10");
  add("", '"__proto__"', '{"iss":"other","typ":"other"}');
  add("", '"x"', "[".repeat(31) + "]".repeat(31));
  add("depth", '"x"', "[".repeat(32) + "]".repeat(32));
  add("depth", '"x"', '{"x":'.repeat(32) + "0" + "}".repeat(32));
  add("duplicate member", '"x"', '{"y":1,"y":1}');
  add("duplicate member", '"x"', '[{"y":1,"z":0,"\\u0079":2}]');
  for (const place of ["first", "last"]) {
    damage("duplicate member", `one member twice, the other value ${place} (${part})`, (draft, dice) => {
      const [name] = dice.pick(draft[part].list);
      draft[part].add(name, dice.pick(values), place);
    });
    damage("duplicate member", `one member twice, its name escaped (${part}, ${place})`, (draft, dice) => {
      const [name, value] = dice.pick(draft[part].list);
      const at = 1 + dice.below(name.length - 2);
      const code = name.charCodeAt(at).toString(16).padStart(4, "0");
      draft[part].add(`${name.slice(0, at)}\\u${code}${name.slice(at + 1)}`, value, place);
    });
  }
  damage("", `a name with an escape (${part})`, (draft) => {
    for (const member of draft[part].list) member[0] = member[0].replace("i", "\\u0069").replace("a", "\\u0061");
  });
  damage("", `members in another order (${part})`, (draft) => draft[part].list.reverse());
}

// The header.
for (const name of ["alg", "typ", "kid"]) {
  damage(name === "typ" ? "typ" : "", `${name} removed`, (draft) => draft.header.remove(name));
  for (const value of values) {
    const mark = { alg: "", typ: "typ", kid: value.startsWith('"') ? "" : "kid of another type" }[name];
    damage(mark, `${name}: ${value}`, (draft) => draft.header.set(name, value));
  }
}
for (const value of ["jwt", "application/jwt", "application/JWT"]) {
  damage("typ in another spelling", value, (draft) => draft.header.set("typ", json(value)));
}
for (const value of ["JOSE", "at+jwt", "JWT ", " JWT", "JWT\0", "JW"]) {
  damage("typ", json(value), (draft) => draft.header.set("typ", json(value)));
}
for (const value of ["none", "None", "NONE", "nOnE", "rs256", "RS256 ", "RS256\0", "RS25", "RS2566", "ES256K", "RSA1_5", "dir"]) {
  damage("", `alg: ${json(value)}`, (draft) => draft.header.set("alg", json(value)));
  damage("", `alg: ${json(value)}, no signature`, (draft) => {
    draft.header.set("alg", json(value));
    draft.signature = () => "";
  });
}
damage("", 'alg: ["RS256"]', (draft) => draft.header.set("alg", '["RS256"]'));
for (const value of ["null", "false", "true", "0", '""', "[]", "{}", '"b64"', '["exp"]', '["kid"]', '["x"]', '["b64"]', "[0]", "[null]"]) {
  damage("crit", value, (draft) => draft.header.set("crit", value));
}
damage("crit", '["x"], and x there', (draft) => {
  draft.header.set("crit", '["x"]');
  draft.header.set("x", "1");
});
for (const value of ["true", "false"]) {
  damage("crit", `["b64"], b64: ${value}`, (draft) => {
    draft.header.set("crit", '["b64"]');
    draft.header.set("b64", value);
  });
  damage("crit", `["b64"], b64: ${value}, payload as it is`, (draft) => {
    draft.header.set("crit", '["b64"]');
    draft.header.set("b64", value);
    const payload = draft.payload.text();
    draft.signature = (input) => sign(draft.algorithm, jwks[draft.key], Buffer.from(`${input.toString().split(".")[0]}.${payload}`));
    draft.finish = ([header, , signature]) => `${header}.${payload}.${signature}`;
  });
}
for (const value of ["true", "false", "null", "0", '"false"']) {
  damage("b64 without crit", value, (draft) => draft.header.set("b64", value));
}
for (const name of ["jwk", "jku", "x5u", "x5c", "x5t", "zip", "enc", "cty", "x"]) {
  const value = (key) => (name === "jwk" ? json({ ...jwks[key], d: undefined }) : name === "x5c" ? '["AAAA"]' : '"http://127.0.0.1:1/"');
  damage("", `${name}: the own key`, (draft) => draft.header.set(name, value(draft.key)));
  damage("", `${name}: another key, which signed`, (draft) => {
    draft.key = other(draft.key);
    draft.header.set(name, value(draft.key));
  });
}
damage("", "zip: DEF", (draft) => draft.header.set("zip", '"DEF"'));
damage("too long", "a header of 17 KiB", (draft) => draft.header.set("x", json("x".repeat(17 * 1024))));
damage("too long", "a payload of 17 KiB", (draft) => draft.payload.set("x", json("x".repeat(17 * 1024))));
damage("", "a payload of 9 KiB", (draft) => draft.payload.set("x", json("x".repeat(9 * 1024))));

// The claims.
for (const name of ["iss", "aud"]) {
  damage("", `${name} removed`, (draft) => draft.payload.remove(name));
  const accepted = name === "iss" ? issuer : audience;
  const spellings = [accepted.toUpperCase(), accepted.slice(0, -1), `${accepted}x`, `${accepted}\0`, `\0${accepted}`, ` ${accepted}`, "*"];
  for (const value of [...values, ...spellings.map((text) => json(text))]) {
    damage("", `${name}: ${value}`, (draft) => draft.payload.set(name, value));
  }
}
damage("array as iss", "", (draft) => draft.payload.set("iss", json([issuer])));
for (const value of [`["${audience}"]`, `["other","${audience}"]`, `["${audience}","${audience}"]`, '["other"]', `[["${audience}"]]`]) {
  damage("", `aud: ${value}`, (draft) => draft.payload.set("aud", value));
}
for (const value of ["null", "7", "{}", "true", '["x"]']) {
  damage("other types in aud", value, (draft) => draft.payload.set("aud", `["${audience}",${value}]`));
  damage("other types in aud", `${value} first`, (draft) => draft.payload.set("aud", `[${value},"${audience}"]`));
}
damage("NUL in aud", "", (draft) => draft.payload.set("aud", `["${audience}","x\\u0000"]`));
for (const name of ["sub", "room"]) {
  damage("", `${name} removed`, (draft) => draft.payload.remove(name));
  for (const value of values) {
    const text = value === "null" || value.startsWith('"');
    damage(value === "null" ? `${name} is null` : text ? "" : `${name} of another type`, value, (draft) => draft.payload.set(name, value));
  }
  damage(`NUL in ${name}`, "", (draft) => draft.payload.set(name, '"x\\u0000"'));
}
for (const name of ["exp", "nbf", "iat"]) {
  damage("", `${name} removed`, (draft) => draft.payload.remove(name));
  const future = (text) => (name === "iat" ? "iat in the future" : text);
  const good = name === "exp" ? now + 60 : now - 60, bad = name === "exp" ? now - 60 : now + 60;
  for (const [what, at] of Object.entries({ good, bad })) {
    damage(what === "bad" ? future("") : "", `${name} is ${what}`, (draft) => draft.payload.set(name, String(at)));
    damage(what === "bad" ? future("") : "", `${name} is ${what}, with a fraction`, (draft) => draft.payload.set(name, `${at}.25`));
    damage(what === "bad" ? future("") : "", `${name} is ${what}, with an exponent`, (draft) => draft.payload.set(name, `${at}e0`));
    damage(`${name} as string`, what, (draft) => draft.payload.set(name, `"${at}"`));
    damage(`${name} of another type`, `an array, ${what}`, (draft) => draft.payload.set(name, `[${at}]`));
    damage(future(`milliseconds as ${name}`), `milliseconds, ${what}`, (draft) => draft.payload.set(name, `${at}000`));
  }
  for (const value of ["null", "true", "false", "{}", "[]"]) {
    damage(`${name} of another type`, value, (draft) => draft.payload.set(name, value));
  }
  for (const value of ['""', '"tomorrow"', '"NaN"']) {
    damage(`${name} as string`, value, (draft) => draft.payload.set(name, value));
  }
  damage(`${name} is now`, "", (draft) => draft.payload.set(name, String(now)));
  damage(future(`${name} within this second`), "within this second", (draft) => draft.payload.set(name, `${now}.5`));
  for (const value of ["9007199254740994", "1e300", "9223372036854775807", "18446744073709551616"]) {
    damage(future(`${name} far away`), value, (draft) => draft.payload.set(name, value));
    damage(name === "iat" ? "" : `${name} far away`, `${name}: -${value}`, (draft) => draft.payload.set(name, `-${value}`));
  }
  damage("overflow", name, (draft) => draft.payload.set(name, "1e999"));
  damage("", `${name} is 0`, (draft) => draft.payload.set(name, "0"));
  damage("", `${name} is -0.0`, (draft) => draft.payload.set(name, "-0.0"));
  damage("", `${name} is -1`, (draft) => draft.payload.set(name, "-1"));
}

// Keys and algorithms.
for (const keyName of names) {
  for (const algorithm of algorithmsOf[kind(keyName)]) {
    damage("", `not damaged (${keyName})`, () => {}, [keyName, algorithm]);
    damage("", `another ${keyName} key`, (draft) => (draft.key = other(draft.key)), [keyName, algorithm]);
    damage("", `a ${keyName} key for another hash`, (draft) => {
      const family = { ES: ["sha256", "sha384", "sha512"] }[draft.algorithm.slice(0, 2)];
      const wrong = family?.find((digest) => digest !== curves[kind(draft.key)].digest);
      if (wrong) {
        // As ecdsa() would: the hash is all that differs.
        const jwk = jwks[draft.key];
        draft.signature = (input) =>
          Buffer.concat(ecdsa(jwk, input, wrong).map((number) => bytesOf(number, curves[jwk.crv].size)));
      } else if (draft.algorithm !== "EdDSA") {
        draft.algorithm = draft.algorithm.slice(0, 2) + (draft.algorithm.endsWith("256") ? "384" : "256");
      } else {
        draft.signature = (input) => sign("EdDSA", jwks[draft.key], createHash("sha512").update(input).digest());
      }
    }, [keyName, algorithm]);
  }
  damage("", `signed by ${keyName}, checked by another type`, (draft, dice) => {
    draft.key = keyName;
    draft.algorithm = dice.pick(algorithmsOf[kind(keyName)]);
    draft.header.set("alg", json(draft.algorithm));
    const checker = dice.pick(names.filter((name) => kind(name) !== kind(keyName) && name !== "secret"));
    draft.verifier = { key: checker, algorithms: asymmetric };
  });
  if (keyName !== "secret") {
    damage("", `HMAC with the PEM of ${keyName}`, (draft, dice) => {
      draft.key = keyName;
      draft.algorithm = dice.pick(algorithmsOf.oct);
      draft.header.set("alg", json(draft.algorithm));
      draft.verifier = { key: keyName, algorithms: asymmetric };
    });
  }
}
for (const algorithm of [...algorithmsOf.oct, ...asymmetric, "Ed25519", "Ed448", "ES256K"]) {
  damage("", `alg: ${algorithm}, signed as before`, (draft) => draft.header.set("alg", json(algorithm)));
  damage("", `alg: ${algorithm}, signed as before, all algorithms accepted`, (draft) => {
    draft.header.set("alg", json(algorithm));
    draft.verifier = { ...draft.verifier, algorithms: asymmetric };
  }, "EdDSA");
}
damage("", "PS256 where RS256 is accepted", (draft) => {
  draft.header.set("alg", '"PS256"');
  draft.algorithm = "PS256";
}, "RS256");
damage("", "PS256 where all are accepted", (draft) => {
  draft.header.set("alg", '"PS256"');
  draft.algorithm = "PS256";
  draft.verifier = { ...draft.verifier, algorithms: asymmetric };
}, "RS256");

// Signatures of RSA.
const rsaSignature = (mark, what, algorithm, make) =>
  damage(mark, what, (draft) => (draft.signature = (input) => make(jwks[draft.key], input, digestOf(draft.algorithm))), algorithm);

rsaSignature("", "a wrong hash in DigestInfo", "RS256", (jwk, input) => pkcs1("sha384", jwk, input));
for (const [what, change] of Object.entries({
  "block type 0": ([, filling, ...rest]) => [Buffer.of(0, 0), filling, ...rest],
  "block type 2": ([, filling, ...rest]) => [Buffer.of(0, 2), filling, ...rest],
  "other filling": ([start, filling, ...rest]) => [start, filling.fill(0xfe, 20, 21), ...rest],
  "short filling, garbage behind": ([start, filling, ...rest]) => [start, filling.subarray(0, 8), ...rest, filling.subarray(8)],
  "garbage inside": ([start, filling, zero, algorithm, digest]) =>
    [start, filling.subarray(16), zero, algorithm, filling.subarray(0, 16), digest],
  "no zero": ([start, filling, , ...rest]) => [start, filling, Buffer.of(0xff), ...rest],
  "no DigestInfo": ([start, filling, zero, algorithm, digest]) => [start, Buffer.concat([filling, algorithm.fill(0xff)]), zero, digest],
  "no parameters": ([start, filling, zero, , digest]) =>
    [start, filling, Buffer.of(0xff, 0xff), zero, Buffer.from("302f300b0609608648016503040201" + "0420", "hex"), digest],
  "the OID of SHA-1": ([start, filling, zero, , digest]) =>
    [start, filling, zero, Buffer.concat([Buffer.of(0x30, 0x2d, 0x30, 0x0d), Buffer.from("06052b0e03021a05000420", "hex"), Buffer.alloc(4)]), digest],
  "a long form of length": ([start, filling, zero, algorithm, digest]) =>
    [start, filling.subarray(1), zero, Buffer.concat([Buffer.of(0x30, 0x81), algorithm.subarray(1)]), digest],
  "another hash value": ([start, filling, zero, algorithm, digest]) => [start, filling, zero, algorithm, digest.reverse()],
})) {
  rsaSignature("", `PKCS#1 with ${what}`, "RS256", (jwk, input) => pkcs1("sha256", jwk, input, change));
}
for (const saltLength of [0, 20, 31, 33, 64, 222]) {
  rsaSignature("", `a salt of ${saltLength} bytes`, "PS256", (jwk, input) => pss("sha256", jwk, input, { saltLength }));
}
rsaSignature("", "MGF1 with another hash", "PS256", (jwk, input) => pss("sha256", jwk, input, { mgf: "sha512" }));
rsaSignature("", "another trailer", "PS256", (jwk, input) => pss("sha256", jwk, input, { trailer: 0xcc }));
rsaSignature("", "another hash", "PS256", (jwk, input) => pss("sha384", jwk, input));
for (const algorithm of ["RS256", "PS256"]) {
  const change = (mark, what, make) => rsaSignature(mark, `${what} (${algorithm})`, algorithm, (jwk, input) =>
    make(sign(algorithm, jwk, input), numberOf(bytes(jwk.n)), jwk, input));
  change("", "a zero byte in front", (signature) => Buffer.concat([Buffer.of(0), signature]));
  change("", "a byte behind", (signature) => Buffer.concat([signature, Buffer.of(0)]));
  change("", "without its last byte", (signature) => signature.subarray(0, -1));
  change("", "all zeros", (signature) => Buffer.alloc(signature.length));
  change("", "one", (signature) => bytesOf(1n, signature.length));
  change("", "the modulus", (signature, modulus) => bytesOf(modulus, signature.length));
  change("", "the modulus less one", (signature, modulus) => bytesOf(modulus - 1n, signature.length));
  change("", "the signature's negative", (signature, modulus) => bytesOf(modulus - numberOf(signature), signature.length));
  change("", "all ones", (signature) => Buffer.alloc(signature.length, 0xff));
  // Of a modulus less than twice as large as the smallest of its length, every other signature fits in twice.
  change("", "the signature and the modulus", (signature, modulus) => {
    const sum = numberOf(signature) + modulus;
    return bytesOf(sum, Math.max(signature.length, Math.ceil(sum.toString(16).length / 2)));
  });
  damage("signature without its leading zero", algorithm, (draft) => {
    // One in 256 begins with a zero: look for it.
    for (let jti = 0, found = false; !found; jti++) {
      draft.payload.set("jti", `"${jti}"`);
      const input = [draft.header, draft.payload].map((part) => base64url(part.text())).join(".");
      found = sign(draft.algorithm, jwks[draft.key], Buffer.from(input))[0] === 0;
    }
    const honest = draft.signature;
    draft.signature = (input) => honest(input).subarray(1);
  }, algorithm);
}

// Signatures of ECDSA.
for (const [crv, algorithm] of [["P-256", "ES256"], ["P-384", "ES384"], ["P-521", "ES512"]]) {
  const { size, order } = curves[crv];
  const raw = (r, s) => Buffer.concat([bytesOf(r, size), bytesOf(s, size)]);
  const change = (what, make) =>
    damage("", `${what} (${algorithm})`, (draft) =>
      (draft.signature = (input) => make(...ecdsa(jwks[draft.key], input), sign(draft.algorithm, jwks[draft.key], input))), algorithm);
  const integer = (number) => {
    const hex = number.toString(16);
    const content = Buffer.from(hex.length % 2 ? `0${hex}` : /^[89a-f]/.test(hex) ? `00${hex}` : hex, "hex");
    return Buffer.concat([Buffer.of(2, content.length), content]);
  };
  change("DER", (r, s) => {
    const content = Buffer.concat([integer(r), integer(s)]);
    return Buffer.concat([Buffer.from(content.length < 128 ? [0x30, content.length] : [0x30, 0x81, content.length]), content]);
  });
  change("the other s", (r, s) => raw(r, order - s));
  for (const [what, number] of Object.entries({ 0: 0n, 1: 1n, n: order, "n + 1": order + 1n, "n - 1": order - 1n, "2^bits - 1": 256n ** BigInt(size) - 1n })) {
    change(`r is ${what}`, (r, s) => raw(number, s));
    change(`s is ${what}`, (r, s) => raw(r, number));
    change(`both are ${what}`, () => raw(number, number));
  }
  damage("numbers of another size", `a zero byte before each (${algorithm})`, (draft) => {
    draft.signature = (input) => Buffer.concat(ecdsa(jwks[draft.key], input).map((number) => bytesOf(number, size + 1)));
  }, algorithm);
  change("r and s changed over", (r, s) => raw(s, r));
  change("a zero byte in front", (r, s, signature) => Buffer.concat([Buffer.of(0), signature]));
  change("a zero byte behind", (r, s, signature) => Buffer.concat([signature, Buffer.of(0)]));
  change("without its last byte", (r, s, signature) => signature.subarray(0, -1));
  change("half", (r, s, signature) => signature.subarray(0, size));
  change("twice", (r, s, signature) => Buffer.concat([signature, signature]));
}
damage("numbers of another size", "without their leading zeros (ES512)", (draft) => {
  draft.signature = (input) => Buffer.concat(ecdsa(jwks[draft.key], input).map((number) => bytesOf(number, 66).subarray(1)));
}, "ES512");

// Signatures of EdDSA: R and s, little endian (RFC 8032).
const edwards = {
  Ed25519: { size: 32, order: 2n ** 252n + 27742317777372353535851937790883648493n },
  Ed448: { size: 57, order: 2n ** 446n - 13818066809895115352007386748515426880336692474882178609894547503885n },
};
for (const [crv, { size, order }] of Object.entries(edwards)) {
  const little = (number) => bytesOf(number, size).reverse();
  const change = (what, make) =>
    damage("", `${what} (${crv})`, (draft) => {
      const honest = draft.signature;
      draft.signature = (input) => {
        const signature = honest(input);
        return make(signature.subarray(0, size), numberOf(Buffer.from(signature.subarray(size)).reverse()), signature);
      };
    }, [crv.toLowerCase(), "EdDSA"]);
  change("s and the order", (point, s) => Buffer.concat([point, little(s + order)]));
  change("the order less s", (point, s) => Buffer.concat([point, little(order - s)]));
  change("s is 0", (point) => Buffer.concat([point, little(0n)]));
  change("all zeros", () => Buffer.alloc(2 * size));
  change("the neutral point and 0", () => Buffer.concat([little(1n), little(0n)]));
  change("the sign of R", (point, s) => Buffer.concat([Buffer.from(point.map((byte, at) => (at === size - 1 ? byte ^ 0x80 : byte))), little(s)]));
  change("a byte behind", (point, s, signature) => Buffer.concat([signature, Buffer.of(0)]));
  change("without its last byte", (point, s, signature) => signature.subarray(0, -1));
}

// HMACs.
for (const [what, change] of Object.entries({
  "half of it": (mac) => mac.subarray(0, mac.length / 2), "one byte of it": (mac) => mac.subarray(0, 1),
  "all but its last byte": (mac) => mac.subarray(0, -1), "a byte behind": (mac) => Buffer.concat([mac, Buffer.of(0)]),
  "its hex": (mac) => mac.toString("hex"), "all zeros": (mac) => Buffer.alloc(mac.length),
})) {
  damage("", `of the HMAC ${what}`, (draft) => {
    const honest = draft.signature;
    draft.signature = (input) => change(honest(input));
  }, ["secret", "HS256"]);
}

// The token as text.
const whole = (what, finish) => damage("", what, (draft, dice) => (draft.finish = (parts) => finish(parts, dice)));
whole("no signature", ([header, payload]) => `${header}.${payload}.`);
whole("no payload", ([header, , signature]) => `${header}..${signature}`);
whole("no header", ([, payload, signature]) => `.${payload}.${signature}`);
whole("two parts", ([header, payload]) => `${header}.${payload}`);
whole("one part", ([header]) => header);
whole("dots alone", () => "..");
whole("nothing", () => "");
whole("four parts", (parts) => [...parts, parts[0]].join("."));
whole("five parts", ([header, payload, signature]) => [header, payload, payload, payload, signature].join("."));
whole("five parts, three empty", ([header, payload, signature]) => `${header}.${payload}.${signature}..`);
whole("a dot in front", (parts) => `.${parts.join(".")}`);
whole("a dot behind", (parts) => `${parts.join(".")}.`);
whole("two dots", (parts) => parts.join(".."));
whole("a thousand dots", () => ".".repeat(1000));
whole("JSON serialization", ([header, payload, signature]) => json({ protected: header, payload, signature }));
whole("in quotes", (parts) => `"${parts.join(".")}"`);
whole("as bearer", (parts) => `Bearer ${parts.join(".")}`);
whole("parts in another order", ([header, payload, signature]) => [payload, header, signature].join("."));
whole("commas for dots", (parts) => parts.join(","));
// The spelling of a part, before it is signed.
for (const part of ["header", "payload", "signature"]) {
  const change = (what, rewrite) =>
    damage("", `${what} (${part})`, (draft, dice) => (draft.spelling[part] = (text) => rewrite(text, dice)));
  const insert = (text, dice, what) => {
    const place = dice.below(text.length + 1);
    return text.slice(0, place) + what + text.slice(place);
  };
  change("padding", (text) => `${text}${"=".repeat((4 - (text.length % 4)) % 4)}`);
  change("padding where none belongs", (text) => `${text}=`);
  change("padding inside", (text, dice) => insert(text, dice, "="));
  change("a last character more", (text) => `${text}A`);
  change("trailing bits", (text) => {
    // The alphabet's next character has the same bits but the last.
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return text.length % 4 === 0 ? text : text.slice(0, -1) + alphabet[alphabet.indexOf(text.at(-1)) ^ 1];
  });
  change("plus for minus", (text) => text.replaceAll("-", "+"));
  change("a stroke for an underscore", (text) => text.replaceAll("_", "/"));
  change("the other alphabet", (text) => text.replaceAll("-", "+").replaceAll("_", "/"));
  for (const [name, character] of Object.entries({
    space: " ", tab: "\t", "line feed": "\n", "CR LF": "\r\n", NUL: "\0", "no-break space": "\u00a0", "Cyrillic A": "\u0410",
    "fullwidth A": "\uff21", percent: "%41", "byte 255": "\xff", comma: ",", "zero-width space": "\u200b", "long s": "\u017f",
  })) {
    change(`${name} inside`, (text, dice) => insert(text, dice, character));
    change(`${name} behind`, (text) => text + character);
    change(`${name} in front`, (text) => character + text);
  }
}

// Damage to bytes that does not know what they are; the signature is left as it is.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const blind = {
  "bit changed": (token, dice) => {
    const at = dice.below(token.length);
    token[at] ^= 1 << dice.below(8);
    return token;
  },
  "character replaced": (token, dice) => {
    token[dice.below(token.length)] = alphabet.charCodeAt(dice.below(64));
    return token;
  },
  "last characters replaced": (token, dice) => {
    const ends = [token.indexOf("."), token.lastIndexOf("."), token.length];
    token[dice.pick(ends) - 1] = alphabet.charCodeAt(dice.below(64));
    return token;
  },
  "byte removed": (token, dice) => {
    const at = dice.below(token.length);
    return Buffer.concat([token.subarray(0, at), token.subarray(at + 1)]);
  },
  "byte inserted": (token, dice) => {
    const at = dice.below(token.length + 1);
    return Buffer.concat([token.subarray(0, at), Buffer.of(dice.below(256)), token.subarray(at)]);
  },
  "cut short": (token, dice) => token.subarray(0, dice.below(token.length)),
  "beginning lost": (token, dice) => token.subarray(1 + dice.below(token.length)),
  "piece twice": (token, dice) => {
    const from = dice.below(token.length), to = from + dice.below(token.length - from) + 1;
    return Buffer.concat([token.subarray(0, to), token.subarray(from)]);
  },
  "piece moved": (token, dice) => {
    const [a, b, c] = [0, 0, 0].map(() => dice.below(token.length + 1)).sort((left, right) => left - right);
    return Buffer.concat([token.subarray(0, a), token.subarray(b, c), token.subarray(a, b), token.subarray(c)]);
  },
  "case changed": (token, dice) => {
    const at = dice.below(token.length);
    if (/[a-z]/i.test(String.fromCharCode(token[at]))) token[at] ^= 0x20;
    return token;
  },
};

// What of a token's text is judged differently, however it came about.
function textualMarks(token) {
  const parts = token.split(".");
  const stripped = parts.map((part) => part.replaceAll(/[^A-Za-z0-9_-]/g, ""));
  return [
    parts.some((part) => part.includes("=")) && "padding",
    parts.some((part) => /[^A-Za-z0-9_=-]/.test(part)) && "characters",
    stripped.some((part) => part.length % 4 === 1) && "length",
    stripped.some((part) => part.length % 4 > 1 && base64url(bytes(part)) !== part) && "trailing bits",
    parts.length !== 3 && "parts",
  ].filter(Boolean);
}

const draw = (dice) => {
  const keyName = dice.pick(names);
  return [keyName, dice.pick(algorithmsOf[kind(keyName)])];
};

const withKey = (on) => (Array.isArray(on) ? on : [names.find((name) => algorithmsOf[kind(name)].includes(on)), on]);

export const firstRound = structural.length;

// { token (a Buffer), key, algorithms, did: what was done, marks }
export function damaged(seed, number) {
  const dice = new Dice(seed, number);
  const first = number < firstRound;
  const chosen = first ? structural[number] : dice.chance(65) ? dice.pick(structural) : undefined;
  const draft = new Draft(...(chosen?.on ? withKey(chosen.on) : first ? withKey("RS256") : draw(dice)), dice);
  const did = [], marks = new Set();
  const apply = (what) => {
    what.change(draft, dice);
    did.push([what.mark, what.what].filter(Boolean).join(": "));
    marks.add(what.mark);
  };
  if (chosen) apply(chosen);
  if (!first && dice.chance(30) && kind(draft.verifier.key) !== "oct") {
    draft.verifier.algorithms = asymmetric;
    did.push("all algorithms accepted");
  }
  let token = Buffer.from(draft.token(), "utf8");
  if (!first && !chosen && dice.chance(15)) {
    // Parts of two good tokens, perhaps of another key.
    const second = new Draft(...(dice.chance(50) ? [draft.key, draft.algorithm] : draw(dice)), dice).token().split(".");
    const from = dice.pick([[0], [1], [2], [0, 1], [1, 2], [0, 2]]);
    token = Buffer.from(token.toString().split(".").map((part, at) => (from.includes(at) ? second[at] : part)).join("."));
    did.push(`parts ${from} of another token`);
  } else if (!first && (!chosen || dice.chance(10)) && dice.chance(95) && token.length > 0) {
    const how = dice.pick(Object.keys(blind));
    token = blind[how](Buffer.from(token), dice);
    did.push(how);
  }
  return {
    token, ...draft.verifier, did: did.join(", then ") || "nothing",
    marks: [...marks, ...textualMarks(token.toString("latin1"))].filter(Boolean),
  };
}
