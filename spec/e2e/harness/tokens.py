# SPDX-License-Identifier: MIT
"""Makes keys with openssl, mints tokens with PyJWT, which shares no code with ours, and forges by hand what PyJWT refuses to make."""

import base64
import functools
import hashlib
import hmac
import json
import subprocess
import time

import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class KeyPair:
    """A key made by openssl, RSA unless `curve` names one: `private` and `public` are PEM texts."""

    def __init__(self, kid, bits=2048, curve=None):
        self.kid = kid
        if not curve:
            arguments = ["RSA", "-pkeyopt", f"rsa_keygen_bits:{bits}"]
        elif curve.startswith("P-"):
            arguments = ["EC", "-pkeyopt", f"ec_paramgen_curve:{curve}"]
        else:
            arguments = [curve]
        self.private = _openssl("genpkey", "-quiet", "-algorithm", *arguments)
        self.public = _openssl("pkey", "-pubout", stdin=self.private)


def _openssl(*arguments, stdin=None):
    return subprocess.run(
        ["openssl", *arguments], input=stdin, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def key_file_name(kid):
    """The name under which a key server publishes the key `kid`."""
    return hashlib.sha256(kid.encode()).hexdigest() + ".pem"


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def default_claims(**changes):
    """Claims of a good token for five minutes; a change to None leaves the claim out."""
    now = int(time.time())
    claims = {"iss": "issuer", "aud": "meet", "sub": "*", "room": "*", "iat": now, "nbf": now - 5, "exp": now + 300}
    claims.update(changes)
    return {name: value for name, value in claims.items() if value is not None}


@functools.lru_cache
def _loaded(private):
    """Loading a private key takes OpenSSL a hundred times as long as signing with it."""
    return load_pem_private_key(private.encode(), None)


def mint(claims, key, algorithm="RS256", kid=None):
    """A signed token; `key` is a secret or a private PEM."""
    headers = {"kid": kid} if kid is not None else None
    key = _loaded(key) if key.startswith("-----BEGIN") else key
    return jwt.encode(claims, key, algorithm=algorithm, headers=headers)


def forge(claims, header, secret=None):
    """A token with exactly this header, signed by HMAC-SHA256 with any bytes at all, or with an empty signature."""
    signed = ".".join(base64url(json.dumps(part).encode()) for part in (header, claims))
    signature = b"" if secret is None else hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return signed + "." + base64url(signature)


def with_wrong_signature(token):
    """The same token with one bit of its signature turned."""
    signed, signature = token.rsplit(".", 1)
    data = bytearray(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
    data[len(data) // 2] ^= 1
    return signed + "." + base64url(bytes(data))
