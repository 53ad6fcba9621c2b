# SPDX-License-Identifier: MIT
"""Writes tokens.json: the public keys and tokens that the benchmarks use, so that each run and each library has the same ones.

    make_tokens.py > tokens.json      only when the set changes: instructions per verification depend on keys and signatures
"""

import json
import pathlib
import secrets
import sys

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fuzz"))

from mint import b64, compact, jwk, pem, sign, signing_input  # noqa: E402

CLAIMS_LENGTH = 714
YEAR_2100 = 4102444800


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


def mint(algorithm, key, payload, **header):
    data = signing_input({"alg": algorithm, "typ": "JWT", **header}, payload)
    return f"{data}.{b64(sign(key, algorithm, data))}"


def main():
    secret = secrets.token_hex(32)
    keys = {f"rsa{bits}": rsa.generate_private_key(65537, bits) for bits in (2048, 3072, 4096)}
    keys.update({"p256": ec.generate_private_key(ec.SECP256R1()), "p384": ec.generate_private_key(ec.SECP384R1()),
                 "p521": ec.generate_private_key(ec.SECP521R1()), "ed25519": ed25519.Ed25519PrivateKey.generate()})
    forms = {name: {"pem": pem(key).decode(), "jwk": compact(jwk(key)).decode()} for name, key in keys.items()}
    keys["secret"] = secret.encode()
    forms["secret"] = {"secret": secret, "jwk": compact({"kty": "oct", "k": b64(secret.encode())}).decode()}

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
    print(json.dumps({"claims": compact(usual).decode(), "keys": forms, "tokens": tokens}, indent=1))


if __name__ == "__main__":
    main()
