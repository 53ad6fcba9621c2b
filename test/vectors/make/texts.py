# SPDX-License-Identifier: MIT
"""Numbers of keys as the texts that keys come in."""

import base64
import json

from arithmetic import EC_OID, RSA_OID, bits, der, integer, oid, sequence


def b64u(data):
    if isinstance(data, str):
        data = data.encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def uint(value):
    return b64u(value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def pem(label, contents, newline="\n"):
    text = base64.b64encode(contents).decode()
    lines = [f"-----BEGIN {label}-----", *(text[i:i + 64] for i in range(0, len(text), 64)), f"-----END {label}-----", ""]
    return newline.join(lines)


# RSA

def rsa_pkcs1(n, e):
    return sequence(integer(n), integer(e))


def rsa_spki(n, e):
    return sequence(sequence(oid(RSA_OID), b"\x05\x00"), bits(rsa_pkcs1(n, e)))


def rsa_pem(n, e):
    return pem("PUBLIC KEY", rsa_spki(n, e))


def rsa_jwk(n, e, **members):
    return compact({"kty": "RSA", "n": uint(n), "e": uint(e), **members})


# EC

def coordinate(value, curve):
    return b64u(value.to_bytes(curve.size, "big"))


def point(curve, x, y):
    return b"\x04" + x.to_bytes(curve.size, "big") + y.to_bytes(curve.size, "big")


def ec_spki(curve, encoded):
    return sequence(sequence(oid(EC_OID), oid(curve.oid)), bits(encoded))


def ec_pem(curve, q):
    return pem("PUBLIC KEY", ec_spki(curve, point(curve, *q)))


def ec_jwk(curve, q, **members):
    return compact({"kty": "EC", "crv": curve.jose, "x": coordinate(q[0], curve), "y": coordinate(q[1], curve), **members})


# OKP

def okp_spki(curve, public):
    return sequence(sequence(oid(curve.oid)), bits(public))


def okp_pem(curve, public):
    return pem("PUBLIC KEY", okp_spki(curve, public))


def okp_jwk(name, public, **members):
    return compact({"kty": "OKP", "crv": name, "x": b64u(public), **members})


# A self-signed certificate without a signature that anybody would check: keys are taken out of it, trust is not.
def certificate(spki):
    algorithm = sequence(oid("2a864886f70d01010b"), b"\x05\x00")
    name = sequence(der(0x31, sequence(oid("550403"), der(0x0c, b"vector"))))
    validity = sequence(der(0x17, b"240101000000Z"), der(0x17, b"340101000000Z"))
    contents = sequence(der(0xa0, integer(2)), integer(1), algorithm, name, validity, name, spki)
    return sequence(contents, algorithm, bits(b"\x00" * 256))
