#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Mints fuzz/signed/: public keys, the only tokens their private halves ever signed, and forgeries that must be refused.

Called by hand when an algorithm or a forgery is added: `fuzz/mint.py` in the project's top folder. The private halves are
not written anywhere, so all of it is new then. Nothing of ours is used to sign.
"""
import base64
import hashlib
import hmac
import json
import os
import secrets
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa, utils

FOLDER = "fuzz/signed"
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
PAYLOADS = [
    {},
    {"iss": "joe", "aud": "jitsi", "sub": "a.example.com", "room": "*", "exp": 4000000000},
    {"iss": "joe", "aud": ["jitsi", "a"], "room": "hall", "nbf": 1, "iat": 1.5, "exp": 4000000000,
     "context": {"user": {"name": "Zo\u00eb", "id": None, "affiliation": "owner"}, "features": {"recording": True}}},
]
# DigestInfo of SHA-256 (RFC 8017 section 9.2), whole and with what no verifier may take for it.
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SHA256_INFO_WITHOUT_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
SHA256_INFO_LONG_LENGTH = bytes.fromhex("308131300d060960864801650304020105000420")
SHA512_INFO = bytes.fromhex("3051300d060960864801650304020305000440")

lines = {"tokens.txt": [], "forged.txt": []}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def number(value, size=None):
    return value.to_bytes(size or (value.bit_length() + 7) // 8, "big")


def signing_input(header, payload):
    """Each a dict, or bytes taken as they are."""
    parts = [part if isinstance(part, bytes) else compact(part) for part in (header, payload)]
    return b64(parts[0]) + "." + b64(parts[1])


def mac(secret, text, digest="sha256"):
    return hmac.new(secret, text.encode(), digest).digest()


def sign(key, algorithm, text):
    data = text.encode()
    if algorithm.startswith("HS"):
        return mac(key, text, "sha" + algorithm[2:])
    if algorithm.startswith("Ed"):
        return key.sign(data)
    digest = HASHES[algorithm[2:]]
    if algorithm.startswith("RS"):
        return key.sign(data, padding.PKCS1v15(), digest)
    if algorithm.startswith("PS"):
        return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    size = (key.curve.key_size + 7) // 8
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    return number(r, size) + number(s, size)


def signed(file, key, algorithm, header, payload):
    text = signing_input({"alg": algorithm, **header}, payload)
    signature = sign(key, algorithm, text)
    lines["tokens.txt"].append(f"{file} {text}.{b64(signature)}")
    return text, signature


# What a fuzzer could make whole again (a signature cut or padded) must be of a token in tokens.txt.
def forged(file, text, signature=b""):
    lines["forged.txt"].append(f"{file} {text}.{b64(signature) if isinstance(signature, bytes) else signature}")


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(key):
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def jwk(key):
    if isinstance(key, rsa.RSAPrivateKey):
        public = key.public_key().public_numbers()
        return {"kty": "RSA", "n": b64(number(public.n)), "e": b64(number(public.e))}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        public, size = key.public_key().public_numbers(), (key.curve.key_size + 7) // 8
        return {"kty": "EC", "crv": f"P-{key.curve.key_size}", "x": b64(number(public.x, size)), "y": b64(number(public.y, size))}
    raw = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519" if len(raw) == 32 else "Ed448", "x": b64(raw)}


def write(file, content):
    with open(f"{FOLDER}/{file}", "wb") as stream:
        stream.write(content)


def raw_rsa(key, block):
    numbers = key.private_numbers()
    return number(pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n), 256)


def pkcs1(info, digest, size=256, after=b""):
    content = b"\0" + info + digest + after
    return b"\0\1" + b"\xff" * (size - 2 - len(content)) + content


def cube_root(value):
    low, high = 0, 1 << (value.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle ** 3 < value else (low, middle)
    return low


def mint_rsa():
    key = rsa.generate_private_key(65537, 2048)
    write("rsa.pem", pem(key))
    for family in ("RS", "PS"):
        for bits in HASHES:
            for i, payload in enumerate(PAYLOADS):
                signed("rsa.pem", key, family + bits, {"typ": "JWT", "kid": "rsa"} if i else {}, payload)
    other = {"RS256": "PS256", "PS256": "RS256", "RS512": "RS256"}
    for algorithm, name in other.items():
        text = signing_input({"alg": algorithm, "typ": "JWT"}, PAYLOADS[1])
        forged("rsa.pem", text, sign(key, name, text))
    # Paddings that only a careless verifier takes; the private half itself made them.
    text = signing_input({"alg": "RS256", "typ": "JWT"}, PAYLOADS[1])
    digest = hashlib.sha256(text.encode()).digest()
    for block in (pkcs1(SHA256_INFO_WITHOUT_NULL, digest), pkcs1(SHA256_INFO_LONG_LENGTH, digest),
                  pkcs1(SHA512_INFO, digest), pkcs1(b"", digest), pkcs1(SHA256_INFO, digest, after=b"\0"),
                  b"\0\1\xff\0" + SHA256_INFO + digest + bytes(201), b"\0\2" + pkcs1(SHA256_INFO, digest)[2:],
                  b"\0\1" + b"\xff" * 8 + b"\0" + SHA256_INFO + digest + bytes(194)):
        assert len(block) == 256
        forged("rsa.pem", text, raw_rsa(key, block))
    text = signing_input({"alg": "PS256", "typ": "JWT"}, PAYLOADS[1])
    for mask, salt in ((hashes.SHA256(), 0), (hashes.SHA256(), 20), (hashes.SHA256(), 33), (hashes.SHA1(), 32),
                       (hashes.SHA512(), 32), (hashes.SHA256(), padding.PSS.MAX_LENGTH)):
        forged("rsa.pem", text, key.sign(text.encode(), padding.PSS(padding.MGF1(mask), salt), hashes.SHA256()))
    # What the owner signed, and no verifier may take all the same (RFC 7515 sections 4 and 4.1.11).
    for header in (b'{"alg":"RS256","alg":"RS256"}', b'{"alg":"RS256","\\u0061lg":"none"}',
                   b'{"alg":"RS256","crit":["b64"],"b64":false}', b'{"alg":"RS256","crit":[]}', b'{"alg":"rs256"}',
                   b'{"alg":["RS256"]}', b'["RS256"]', b'{"alg":"RS256"} x', b'\xef\xbb\xbf{"alg":"RS256"}'):
        text = signing_input(header, PAYLOADS[1])
        forged("rsa.pem", text, sign(key, "RS256", text))
    return key


def mint_rsa_e3():
    key = rsa.generate_private_key(3, 2048)
    write("rsa-e3.jwk", compact({**jwk(key), "alg": "RS256", "use": "sig"}))
    signed("rsa-e3.jwk", key, "RS256", {"typ": "JWT"}, PAYLOADS[1])
    # Bleichenbacher 2006: a cube whose first bytes are the padding, without the private half.
    text = signing_input({"alg": "RS256", "typ": "JWT"}, {"exp": 4000000000})
    digest = hashlib.sha256(text.encode()).digest()
    for ones in (1, 8):
        start = b"\0\1" + b"\xff" * ones + b"\0" + SHA256_INFO + digest
        root = cube_root(int.from_bytes(start + bytes(256 - len(start)), "big"))
        assert number(root ** 3, 256).startswith(start)
        forged("rsa-e3.jwk", text, number(root, 256))


def mint_ec():
    for curve, bits, file in ((ec.SECP256R1(), "256", "p256.pem"), (ec.SECP384R1(), "384", "p384.jwk"),
                              (ec.SECP521R1(), "512", "p521.pem")):
        key = ec.generate_private_key(curve)
        algorithm = "ES" + bits
        write(file, pem(key) if file.endswith("pem") else compact({**jwk(key), "alg": algorithm}))
        for i, payload in enumerate(PAYLOADS):
            text, good = signed(file, key, algorithm, {"typ": "JWT", "kid": "ec"} if i else {}, payload)
        size, group = (curve.key_size + 7) // 8, ORDERS[curve.key_size]
        der_form = utils.encode_dss_signature(int.from_bytes(good[:size], "big"), int.from_bytes(good[size:], "big"))
        for signature in (bytes(2 * size), number(group, size) * 2, number(1, size) * 2, der_form, b"\0" + good,
                          good + b"\0", good[:-1], good[:size], good[size:] + good[:size],
                          bytes(size) + good[size:], good[:size] + bytes(size)):
            forged(file, text, signature)


ORDERS = {
    256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    384: int("FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973", 16),
    521: int("01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC"
             "0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409", 16),
}
ED25519_ORDER = 2 ** 252 + 27742317777372353535851937790883648493


def mint_edwards():
    for kind, file, name in ((ed25519.Ed25519PrivateKey, "ed25519.jwk", "Ed25519"), (ed448.Ed448PrivateKey, "ed448.pem", "Ed448")):
        key = kind.generate()
        write(file, pem(key) if file.endswith("pem") else compact(jwk(key)))
        for algorithm in ("EdDSA", name):
            for payload in PAYLOADS[:2]:
                text, good = signed(file, key, algorithm, {"typ": "JWT"}, payload)
        half = len(good) // 2
        identity = b"\1" + bytes(half - 1)
        variants = [bytes(2 * half), identity + bytes(half), good[:-1], good + b"\0", good[half:] + good[:half]]
        if name == "Ed25519":
            beyond = (int.from_bytes(good[32:], "little") + ED25519_ORDER).to_bytes(32, "little")
            variants.append(good[:32] + beyond)
        for signature in variants:
            forged(file, text, signature)
        wrong = {"Ed25519": "Ed448", "Ed448": "Ed25519"}[name]
        text = signing_input({"alg": wrong}, PAYLOADS[1])
        forged(file, text, key.sign(text.encode()))


def mint_hmac():
    short, long = secrets.token_bytes(32), secrets.token_bytes(64)
    # No byte that an editor of text files would change.
    short = base64.b64encode(short)[:40]
    write("hmac.secret", short)
    write("hmac.oct.jwk", compact({"kty": "oct", "k": b64(long)}))
    for file, key in (("hmac.secret", short), ("hmac.oct.jwk", long)):
        for bits in HASHES:
            for i, payload in enumerate(PAYLOADS[:2]):
                signed(file, key, "HS" + bits, {"typ": "JWT", "kid": "hmac"} if i else {}, payload)
    text, good = signed("hmac.secret", short, "HS256", {"typ": "JWT"}, PAYLOADS[1])
    for signature in (b"", good[:16], good[:31], good + b"\0", bytes(32), mac(b"", text), mac(short + b"\n", text),
                      mac(short, text, "sha512"), mac(short, text, "sha512")[:32]):
        forged("hmac.secret", text, signature)
    for signature in (b64(good) + "=", b64(good)[:-1] + chr(ord(b64(good)[-1]) + 1), b64(good) + "\\n", b64(good) + ".",
                      b64(good) + "..", "." + b64(good), b64(good)[:20] + "+" + b64(good)[21:]):
        forged("hmac.secret", text, signature)


def forge_with_public(key):
    """What everybody can sign: with the public key as a secret, with a key of one's own, or not at all."""
    attacker = rsa.generate_private_key(65537, 2048)
    for name in ("none", "None", "NONE", "nOnE", "", "RS256"):
        forged("rsa.pem", signing_input({"alg": name, "typ": "JWT"}, PAYLOADS[1]))
    public = [pem(key), pem(key).rstrip(b"\n"), der(key), compact(jwk(key)), json.dumps(jwk(key)).encode(), b""]
    for secret in public:
        text = signing_input({"alg": "HS256", "typ": "JWT"}, PAYLOADS[1])
        forged("rsa.pem", text, mac(secret, text))
    certificate = b64(der(attacker))
    for header in ({"jwk": jwk(attacker)}, {"jku": "https://attacker.example/jwks.json", "kid": "a"}, {"x5c": [certificate]},
                   {"x5u": "https://attacker.example/a.pem"}, {"kid": "../../dev/null"}, {"kid": "rsa"}):
        text = signing_input({"alg": "RS256", "typ": "JWT", **header}, PAYLOADS[1])
        forged("rsa.pem", text, sign(attacker, "RS256", text))


def take_examples():
    """The examples of the RFCs, whose keys everybody has, but who knows what one finds with them."""
    for name in ("rfc7515/a1.json", "rfc7515/a2.json"):
        with open("test/vectors/" + name, encoding="utf-8") as stream:
            example = json.load(stream)
        public = {member: value for member, value in example["key"].items() if member in ("kty", "k", "n", "e", "crv", "x", "y")}
        file = name.replace("/", "-").replace(".json", ".oct.jwk" if public["kty"] == "oct" else ".jwk")
        write(file, compact(public))
        lines["tokens.txt"].append(f"{file} {example['compact']}")


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    os.makedirs(FOLDER, exist_ok=True)
    key = mint_rsa()
    mint_rsa_e3()
    mint_ec()
    mint_edwards()
    mint_hmac()
    forge_with_public(key)
    take_examples()
    for file, content in lines.items():
        write(file, "".join(line + "\n" for line in content).encode())
    print(f"{len(lines['tokens.txt'])} signed, {len(lines['forged.txt'])} forged", file=sys.stderr)


if __name__ == "__main__":
    main()
