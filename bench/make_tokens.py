# SPDX-License-Identifier: MIT
"""Writes tokens.json: the public keys and tokens that the benchmarks use, so that each run and each library has the same ones.

    make_tokens.py > tokens.json      only when the set changes: instructions per verification depend on keys and signatures
"""

import base64
import hashlib
import hmac
import json
import secrets

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

CLAIMS_LENGTH = 714
YEAR_2100 = 4102444800
HASHES = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def claims(**changes):
    """What a conference server's token carries, of CLAIMS_LENGTH bytes."""
    value = {
        "iss": "app", "aud": "jitsi", "sub": "example.org", "room": "weekly-planning",
        "exp": YEAR_2100, "nbf": 1700000000, "iat": 1700000000, "jti": "0f9f2c1e-5d4b-4a7e-9a3b-6f1f0c2d7e81",
        "context": {
            "user": {
                "id": "7c2a1f4e-93d0-4c67-8b7e-2f5a6d1c9b30", "name": "Ada Lovelace", "email": "ada.lovelace@example.org",
                "avatar": "https://avatars.example.org/7c2a1f4e-93d0-4c67-8b7e-2f5a6d1c9b30.png", "affiliation": "owner",
                "moderator": True, "lobby_bypass": False, "roles": ["staff", "engineering", "on-call"],
            },
            "group": "engineering",
            "features": {"livestreaming": True, "recording": True, "transcription": False, "outbound-call": False},
        },
        **changes,
    }
    missing = CLAIMS_LENGTH - len(compact(value)) - len(',"note":""')
    value["note"] = "n" * missing
    assert len(compact(value)) == CLAIMS_LENGTH
    return value


def signature(algorithm, key, data):
    if algorithm == "EdDSA":
        return key.sign(data)
    digest = HASHES[algorithm[2:]]()
    if algorithm.startswith("HS"):
        return hmac.new(key, data, getattr(hashlib, f"sha{algorithm[2:]}")).digest()
    if algorithm.startswith("RS"):
        return key.sign(data, padding.PKCS1v15(), digest)
    if algorithm.startswith("PS"):
        return key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(digest)))
    size = (key.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def mint(algorithm, key, payload, **header):
    data = f"{base64url(compact({'alg': algorithm, 'typ': 'JWT', **header}).encode())}.{base64url(compact(payload).encode())}"
    return f"{data}.{base64url(signature(algorithm, key, data.encode()))}"


def number(value, size=None):
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def public_forms(key):
    public = key.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = public.public_numbers()
        jwk = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    elif isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = public.public_numbers(), (key.key_size + 7) // 8
        jwk = {"kty": "EC", "crv": f"P-{key.key_size}", "x": number(numbers.x, size), "y": number(numbers.y, size)}
    else:
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)}
    return {"pem": pem, "jwk": compact(jwk)}


def main():
    secret = secrets.token_hex(32)
    keys = {f"rsa{bits}": rsa.generate_private_key(65537, bits) for bits in (2048, 3072, 4096)}
    keys.update({"p256": ec.generate_private_key(ec.SECP256R1()), "p384": ec.generate_private_key(ec.SECP384R1()),
                 "p521": ec.generate_private_key(ec.SECP521R1()), "ed25519": ed25519.Ed25519PrivateKey.generate()})
    forms = {name: public_forms(key) for name, key in keys.items()}
    keys["secret"] = secret.encode()
    forms["secret"] = {"secret": secret, "jwk": compact({"kty": "oct", "k": base64url(secret.encode())})}

    tokens = {}

    def add(name, algorithm, key, payload, **header):
        tokens[name] = {"algorithm": algorithm, "key": key, "token": mint(algorithm, keys[key], payload, **header)}

    usual = claims()
    for name, algorithm, key in (
        ("HS256", "HS256", "secret"), ("RS256", "RS256", "rsa2048"), ("PS256", "PS256", "rsa2048"), ("ES256", "ES256", "p256"),
        ("Ed25519", "EdDSA", "ed25519"), ("RS256-3072", "RS256", "rsa3072"), ("RS256-4096", "RS256", "rsa4096"),
        ("ES384", "ES384", "p384"), ("ES512", "ES512", "p521"),
    ):
        add(name, algorithm, key, usual)
    # The same by kid, and what is refused: with a good signature wherever the header has the right alg.
    add("kid", "RS256", "rsa2048", usual, kid="key")
    add("refused-kid", "RS256", "rsa2048", usual, kid="another-key")
    add("refused-typ", "RS256", "rsa2048", usual, kid="key", typ="at+jwt")
    add("refused-alg", "HS256", "secret", usual, kid="key")
    add("refused-expired", "RS256", "rsa2048", claims(exp=1700003600), kid="key")
    add("refused-issuer", "RS256", "rsa2048", claims(iss="other"), kid="key")
    print(json.dumps({"claims": compact(usual), "keys": forms, "tokens": tokens}, indent=1))


if __name__ == "__main__":
    main()
