# SPDX-License-Identifier: MIT
"""Project Wycheproof's JSON files, both layouts of them, as lines."""

import base64
import collections
import hashlib
import json

DIGESTS = {"SHA-256": "256", "SHA-384": "384", "SHA-512": "512"}
CURVES = {("secp256r1", "SHA-256"): ("ES256", 32), ("secp384r1", "SHA-384"): ("ES384", 48), ("secp521r1", "SHA-512"): ("ES512", 66)}
MACS = {"HMACSHA256": ("HS256", 256), "HMACSHA384": ("HS384", 384), "HMACSHA512": ("HS512", 512)}
# Flags of "acceptable" cases on which RFC 7518 is stricter than the standards they are checked by: a signature has one form.
STRICT = {"MissingNull", "SigSize", "BER", "MissingZero"}
# Those that are about taste in keys, where the numbers are right.
LAX = {"SmallPublicKey"}


class Conversion:
    def __init__(self, lines, tokens):
        self.lines, self.tokens = lines, tokens  # for raw signatures, and for JSON Web Signatures
        self.skipped = collections.Counter()


def code_of(test):
    if test["result"] == "acceptable":
        flags = set(test.get("flags", []))
        if flags & STRICT:
            return "refused"
        return "ok" if flags and flags <= LAX else None
    return "ok" if test["result"] == "valid" else "refused"


def read_length(der, at):
    """The strict DER length at `at`, and where its contents begin; ValueError for any other form."""
    first = der[at]
    if first < 0x80:
        return first, at + 1
    if first != 0x81 or der[at + 1] < 0x80:
        raise ValueError
    return der[at + 1], at + 2


def raw_of_der(der, size):
    """R || S of a strict DER ECDSA signature whose numbers fit; None for anything else."""
    try:
        if der[0] != 0x30:
            return None
        length, at = read_length(der, 1)
        if at + length != len(der):
            return None
        raw = b""
        for _ in range(2):
            if der[at] != 0x02:
                return None
            length, at = read_length(der, at + 1)
            number = der[at:at + length]
            at += length
            minimal = len(number) == 1 or (len(number) > 1 and (number[0] > 0 or number[1] >= 0x80))
            if len(number) != length or not minimal or number[0] >= 0x80:
                return None
            raw += int.from_bytes(number, "big").to_bytes(size, "big")
        return raw if at == len(der) else None
    except (IndexError, ValueError, OverflowError):
        return None


def pem_of(group):
    """The group's public key in the first form that it has."""
    for name in ("publicKeyPem", "keyPem"):
        if name in group:
            return group[name]
    for name in ("publicKeyDer", "keyDer", "publicKeyAsn", "keyAsn"):
        if name in group:
            return bytes.fromhex(group[name])
    for name in ("publicKeyJwk", "jwk", "keyJwk"):
        if name in group:
            return json.dumps({member: value for member, value in group[name].items() if member != "d"}, separators=(",", ":"))
    return None


def rsa_text(group):
    """PKCS#1 where the key is one for PSS alone by its OID, which JOSE does not have; else as pem_of()."""
    for name in ("publicKeyDer", "keyDer"):
        if name in group and "06092a864886f70d01010a" in group[name][:80]:
            return bytes.fromhex(group.get("publicKeyAsn") or group["keyAsn"])
    return pem_of(group)


def rsa_refusal(group):
    numbers = group.get("publicKey") or group
    modulus, exponent = (int(numbers[a] if a in numbers else numbers[b], 16) for a, b in (("n", "modulus"), ("e", "publicExponent")))
    good = 2048 <= modulus.bit_length() <= 16384 and exponent % 2 == 1 and exponent > 1 and exponent.bit_length() <= 64
    return None if good else "weak-key"


def convert_rsa(add, group):
    digest = DIGESTS.get(group["sha"])
    pss = "Pss" in group["type"]
    if not digest:
        return f"{group['sha']}: not in JOSE"
    # RFC 7518 section 3.5: MGF1 with the same hash, and a salt of its size. Whatever has others must not hold.
    other = pss and (group.get("mgf", "MGF1") != "MGF1" or group["mgfSha"] != group["sha"] or group["sLen"] * 8 != int(digest))
    refusal = rsa_refusal(group)
    for test in group["tests"]:
        code = code_of(test)
        if other:  # of another group's parameters, one may be wrong in just the way that is right here
            right = group["mgfSha"] == group["sha"] and test["comment"] == f"s_len changed to {int(digest) // 8}"
            code = "ok" if right else "refused"
        add(test, refusal or code, "key", rsa_text(group), ("PS" if pss else "RS") + digest,
            bytes.fromhex(test["sig"]))
    return None


def convert_ecdsa(add, group):
    curve = (group.get("publicKey") or group["key"])["curve"]
    if (curve, group["sha"]) not in CURVES:
        return f"{curve} with {group['sha']}: not in JOSE"
    algorithm, size = CURVES[curve, group["sha"]]
    for test in group["tests"]:
        signature = bytes.fromhex(test["sig"])
        if "P1363" in group["type"]:
            add(test, code_of(test), "key", pem_of(group), algorithm, signature)
            continue
        raw = raw_of_der(signature, size)
        if raw is None:  # no such signature can be written down in JOSE: its bytes as they are must not hold
            add(test, "refused", "key", pem_of(group), algorithm, signature)
        else:
            add(test, code_of(test), "key", pem_of(group), algorithm, raw)
    return None


def convert_eddsa(add, group):
    for test in group["tests"]:
        add(test, code_of(test), "key", pem_of(group), "EdDSA", bytes.fromhex(test["sig"]))


def convert_mac(add, group, name):
    if name not in MACS:
        return f"{name}: not in JOSE"
    algorithm, size = MACS[name]
    for test in group["tests"]:
        secret = bytes.fromhex(test["key"])
        # RFC 7518 section 3.2: the whole of the hash. A truncated one must not hold.
        code = code_of(test) if group["tagSize"] == size else "refused"
        add(test, code if secret else "weak-secret", "secret", secret, algorithm, bytes.fromhex(test["tag"]))
    return None


KEY_ALGORITHMS = {
    "oct": ["HS256", "HS384", "HS512"], "RSA": ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"], "OKP": ["EdDSA"],
    "P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"],
}


def header_of(token):
    try:
        part = token.split(".")[0]
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return header if isinstance(header, dict) else {}
    except ValueError:
        return {}


def algorithms_of(jwk):
    return KEY_ALGORITHMS.get(jwk.get("crv")) or KEY_ALGORITHMS.get(jwk.get("kty"), [])


def key_for(jwk_or_set, token):
    """The one JWK that the token means: of a set the one of its kid, or the only one for its alg."""
    if "keys" not in jwk_or_set:
        return jwk_or_set
    header = header_of(token)
    if "kid" in header:
        fitting = [key for key in jwk_or_set["keys"] if key.get("kid") == header["kid"]]
    else:
        fitting = [key for key in jwk_or_set["keys"] if key.get("alg", header.get("alg")) == header.get("alg") and header.get("alg") in algorithms_of(key)]
    return fitting[0] if len(fitting) == 1 else None


def convert_jose(conversion, group, file, tests):
    for test in tests:
        token = test["jws"] if "jws" in test else test.get("jwe")
        public = group.get("public") or group.get("private") or test.get("public") or test.get("jwk")
        if "jws" not in test or public is None:
            conversion.skipped["no JWS, or no key with it"] += 1
            continue
        if not isinstance(token, str):
            if test["result"] != "invalid":
                conversion.skipped["JSON serialization"] += 1
                continue
            token = json.dumps(token)
        jwk = key_for(public, token)
        if jwk is None:
            conversion.skipped["JWK Set of which the token names no key"] += 1
            continue
        name = f"{file} {test['tcId']}: {test['comment']}"
        options = {}
        if "alg" not in jwk:
            options["algorithms"] = algorithms_of(jwk) or ["RS256"]
        code = code_of(test)
        if code is None:
            conversion.skipped["acceptable, and nothing here decides it"] += 1
            continue
        text = json.dumps(jwk, separators=(",", ":"))
        conversion.tokens.token(name, "Wycheproof " + file, "Wycheproof", code, ("key", "k" + str(hash_of(text)), text), token,
                                call="verify_jws", options=options)


def hash_of(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()[:12]


def convert(path, conversion):
    """Adds the cases of one file; what says nothing about this module is counted in conversion.skipped."""
    with open(path, encoding="utf-8") as text:
        document = json.load(text)
    file = path.rsplit("/", 1)[-1].removesuffix(".json").removesuffix("_test")

    def add(test, code, role, key, algorithm, signature):
        if code is None or key is None:
            conversion.skipped["acceptable, and nothing here decides it" if key is not None else "a key in no known form"] += 1
            return
        name = f"{file} {test['tcId']}: {test['comment']}"
        conversion.lines.signature(name, "Wycheproof " + file, "Wycheproof", code, (role, "k" + hash_of(key), key), algorithm,
                                   bytes.fromhex(test["msg"]), signature)

    for group in document["testGroups"]:
        kind = group.get("type", "")
        tests = group["tests"]
        reason = None
        if kind.startswith("Rsassa"):
            reason = convert_rsa(add, group)
        elif kind.startswith("Ecdsa"):
            reason = convert_ecdsa(add, group)
        elif kind.startswith("Eddsa"):
            convert_eddsa(add, group)
        elif kind == "MacTest":
            reason = convert_mac(add, group, document["algorithm"].replace("-", ""))
        elif any("jws" in test for test in tests):
            convert_jose(conversion, group, file, tests)
        else:
            reason = f"{kind or document.get('algorithm')}: not in JOSE"
        if reason:
            conversion.skipped[reason] += len(tests)
