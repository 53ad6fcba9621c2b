# SPDX-License-Identifier: MIT
"""The keys of the vectors, and how to sign tokens with them. All private numbers come from fixed seeds, so all of them are public."""

import hashlib
import hmac
import json

from arithmetic import ED25519, ED448, HASHES, P256, P384, P521, Ec, Okp, Rsa, stream
from texts import b64u, compact, ec_jwk, ec_pem, okp_jwk, okp_pem, rsa_jwk, rsa_pem

NOW = 1700000000

SECRET = stream("hmac", 64).hex()  # 128 characters, as they are
OTHER_SECRET = stream("another hmac", 64).hex()

RSA = Rsa("rsa", 2048)
RSA_3 = Rsa("rsa with exponent 3", 2048, 3)
OTHER_RSA = Rsa("another rsa", 2048)
EC = {"ES256": Ec("p256", P256), "ES384": Ec("p384", P384), "ES512": Ec("p521", P521)}
OTHER_EC = Ec("another p256", P256)
OKP = {"Ed25519": Okp("ed25519", ED25519), "Ed448": Okp("ed448", ED448)}

HMAC_NAMES = ["HS256", "HS384", "HS512"]
RSA_NAMES = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
EC_NAMES = ["ES256", "ES384", "ES512"]
OKP_NAMES = ["EdDSA", "Ed25519", "Ed448"]
NAMES = HMAC_NAMES + RSA_NAMES + EC_NAMES + OKP_NAMES


def secret(text=SECRET, name="secret"):
    return "secret", name, text


def rsa_key(rsa=RSA, name="rsa"):
    return "key", name, rsa_pem(rsa.n, rsa.e)


def key(algorithm):
    """What checks the signatures that signer(algorithm) makes, as Lines.token() takes it."""
    if algorithm in HMAC_NAMES:
        return secret()
    if algorithm in RSA_NAMES:
        return rsa_key()
    if algorithm in EC_NAMES:
        ec = EC[algorithm]
        return "key", ec.curve.jose, ec_pem(ec.curve, ec.q)
    okp = OKP["Ed448" if algorithm == "Ed448" else "Ed25519"]
    return "key", okp.curve.name, okp_pem(okp.curve, okp.public)


def jwk(algorithm, **members):
    if algorithm in HMAC_NAMES:
        return compact({"kty": "oct", "k": b64u(SECRET), **members})
    if algorithm in RSA_NAMES:
        return rsa_jwk(RSA.n, RSA.e, **members)
    if algorithm in EC_NAMES:
        return ec_jwk(EC[algorithm].curve, EC[algorithm].q, **members)
    okp = OKP["Ed448" if algorithm == "Ed448" else "Ed25519"]
    return okp_jwk(okp.curve.name, okp.public, **members)


def hs(digest="256", text=SECRET):
    data = text.encode() if isinstance(text, str) else text
    return lambda message: hmac.new(data, message, HASHES[digest]).digest()


def signer(algorithm):
    digest = algorithm[2:]
    if algorithm in HMAC_NAMES:
        return hs(digest)
    if algorithm.startswith("RS"):
        return lambda message: RSA.pkcs1(digest, message)
    if algorithm.startswith("PS"):
        return lambda message: RSA.pss(digest, message)
    if algorithm in EC_NAMES:
        return EC[algorithm].sign
    return OKP["Ed448" if algorithm == "Ed448" else "Ed25519"].sign


def no_signature(message):
    return b""


def part(value):
    """A part of a token: bytes, the text of JSON, or what JSON is made of."""
    if isinstance(value, dict):
        value = compact(value)
    return b64u(value)


def header(algorithm="HS256", **members):
    return {"typ": "JWT", "alg": algorithm, **members}


def claims(**members):
    return {"iss": "app", "aud": "jitsi", "sub": "example.org", "room": "room1", "exp": NOW + 60, "nbf": NOW - 60, **members}


def sign(head=None, payload=None, by=None):
    message = part(header() if head is None else head) + "." + part(claims() if payload is None else payload)
    return message + "." + b64u((by or hs())(message.encode()))


def digest_name(text):
    return hashlib.sha256(text if isinstance(text, bytes) else text.encode()).hexdigest()[:8]


def json_text(value):
    return json.dumps(value)
