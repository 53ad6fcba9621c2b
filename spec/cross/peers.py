# SPDX-License-Identifier: MIT
"""The libraries of Debian, behind the same face as those of libraries.js: one JSON request a line, one answer a line.

PyJWT and jwcrypto stand on OpenSSL; PyCryptodome computes by itself; latchset's `jose` is a program in C.
"""

import base64
import datetime
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import types

HMAC = ["HS256", "HS384", "HS512"]
RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
NIST = {"P-256": ["ES256"], "P-384": ["ES384"], "P-521": ["ES512"]}


def decode(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def encode(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def public_of(jwk):
    return jwk if jwk["kty"] == "oct" else {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}


class Clock(datetime.datetime):
    """What PyJWT asks for the time."""

    at = 0

    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(cls.at, tz)


class PyJwt:
    algorithms = {"oct": HMAC, "RSA": RSA, **NIST, "Ed25519": ["EdDSA"], "Ed448": ["EdDSA"]}

    def __init__(self):
        import jwt
        import jwt.algorithms
        import jwt.api_jwt
        self.jwt = jwt
        self.version = jwt.__version__
        jwt.api_jwt.datetime = Clock

    @functools.lru_cache(maxsize=None)
    def key(self, text):
        algorithms = self.jwt.algorithms
        kind = {"RSA": algorithms.RSAAlgorithm, "EC": algorithms.ECAlgorithm, "OKP": algorithms.OKPAlgorithm}
        jwk = json.loads(text)
        return decode(jwk["k"]) if jwk["kty"] == "oct" else kind[jwk["kty"]].from_jwk(text)

    def mint(self, algorithm, jwk, claims, header):
        return self.jwt.encode(claims, self.key(json.dumps(jwk)), algorithm=algorithm, headers=header)

    def judge(self, token, jwk, algorithms, issuer, audience, now):
        Clock.at = now
        key = self.key(json.dumps(public_of(jwk)))
        return self.jwt.decode(token, key, algorithms=algorithms, issuer=issuer, audience=audience)


class JwCrypto:
    algorithms = {"oct": HMAC, "RSA": RSA, **NIST, "Ed25519": ["EdDSA"], "Ed448": ["EdDSA"]}

    def __init__(self):
        import jwcrypto.jwk
        import jwcrypto.jwt
        self.jwk = jwcrypto.jwk
        self.jwt = jwcrypto.jwt
        self.jwt.time = types.SimpleNamespace(time=lambda: self.now)
        self.now = 0

    @functools.lru_cache(maxsize=None)
    def key(self, text):
        return self.jwk.JWK.from_json(text)

    def mint(self, algorithm, jwk, claims, header):
        token = self.jwt.JWT(header={"typ": "JWT", **header, "alg": algorithm}, claims=claims)
        token.make_signed_token(self.key(json.dumps(jwk)))
        return token.serialize()

    def judge(self, token, jwk, algorithms, issuer, audience, now):
        self.now = now
        key = self.key(json.dumps(public_of(jwk)))
        # Dates are judged where they are there if no claims are asked for, and others where they are.
        dated = self.jwt.JWT(algs=algorithms)
        dated.leeway = 0
        dated.deserialize(token, key)
        checked = self.jwt.JWT(algs=algorithms, check_claims={"iss": issuer, "aud": audience})
        checked.deserialize(token, key)
        return json.loads(checked.claims)


class PyCryptodome:
    """Signatures only; the rest of the token is done here."""

    algorithms = {"oct": HMAC, "RSA": RSA, **NIST}

    def __init__(self):
        from Cryptodome.Hash import HMAC as hmac, SHA256, SHA384, SHA512
        from Cryptodome.PublicKey import ECC, RSA as rsa
        from Cryptodome.Signature import DSS, pkcs1_15, pss
        self.hmac, self.ecc, self.rsa, self.dss, self.pkcs1_15, self.pss = hmac, ECC, rsa, DSS, pkcs1_15, pss
        self.hashes = {"256": SHA256, "384": SHA384, "512": SHA512}

    def signer(self, family, jwk):
        numbers = {name: int.from_bytes(decode(jwk[name]), "big") for name in ("n", "e", "d", "x", "y") if name in jwk}
        if family == "ES":
            key = self.ecc.construct(curve=jwk["crv"], point_x=numbers["x"], point_y=numbers["y"], d=numbers.get("d"))
            return self.dss.new(key, "fips-186-3")
        key = self.rsa.construct(tuple(numbers[name] for name in ("n", "e", "d") if name in numbers))
        return {"RS": self.pkcs1_15, "PS": self.pss}[family].new(key)

    def mint(self, algorithm, jwk, claims, header):
        parts = ({"typ": "JWT", **header, "alg": algorithm}, claims)
        signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
        family, hash_ = algorithm[:2], self.hashes[algorithm[2:]]
        if family == "HS":
            signature = self.hmac.new(decode(jwk["k"]), signed.encode(), hash_).digest()
        else:
            signature = self.signer(family, jwk).sign(hash_.new(signed.encode()))
        return f"{signed}.{encode(signature)}"

    def judge(self, token, jwk, algorithms, issuer, audience, now):
        signed, signature = token.rsplit(".", 1)
        header, payload = (json.loads(decode(part)) for part in signed.split("."))
        if header["alg"] not in algorithms:
            raise ValueError("alg")
        family, hash_ = header["alg"][:2], self.hashes[header["alg"][2:]]
        if family == "HS":
            self.hmac.new(decode(jwk["k"]), signed.encode(), hash_).verify(decode(signature))
        else:
            self.signer(family, public_of(jwk)).verify(hash_.new(signed.encode()), decode(signature))
        return payload


class LatchsetJose:
    """The `jose` program."""

    algorithms = {"oct": HMAC, "RSA": RSA, **NIST}

    def __init__(self):
        self.run("alg")

    @staticmethod
    def run(*arguments, given=""):
        done = subprocess.run(["jose", *arguments], input=given, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout

    def with_key(self, jwk, *arguments, given):
        with tempfile.NamedTemporaryFile("w", suffix=".jwk") as file:
            json.dump(jwk, file)
            file.flush()
            return self.run(*arguments, "-k", file.name, given=given)

    def mint(self, algorithm, jwk, claims, header):
        template = json.dumps({"protected": {"typ": "JWT", **header, "alg": algorithm}})
        return self.with_key(jwk, "jws", "sig", "-c", "-s", template, "-I", "-", given=json.dumps(claims)).strip()

    def judge(self, token, jwk, algorithms, issuer, audience, now):
        if json.loads(decode(token.split(".")[0]))["alg"] not in algorithms:
            raise ValueError("alg")
        return json.loads(self.with_key(public_of(jwk), "jws", "ver", "-i", "-", "-O", "-", given=token))


LIBRARIES = {"PyJWT": PyJwt, "jwcrypto": JwCrypto, "PyCryptodome": PyCryptodome, "latchset jose": LatchsetJose}


@functools.lru_cache(maxsize=None)
def library(name):
    return LIBRARIES[name]()


def judge(name, token, jwk, expected):
    try:
        claims = library(name).judge(token, jwk, **expected)
        return {"accepted": True, "claims": json.loads(json.dumps(claims), parse_constant=lambda name: None)}
    except Exception as error:  # whatever a library raises, it does not accept
        return {"accepted": False, "why": f"{type(error).__name__}: {error}"}


def judge_case(token, key, expected):
    """What PyJWT and jwcrypto say of a damaged token, in hex."""
    jwk = keys()[key]
    text = bytes.fromhex(token).decode("utf-8", errors="replace")
    verdicts = {}
    for name in ("PyJWT", "jwcrypto"):
        if can_be_loaded(name) and jwk.get("crv", jwk["kty"]) in LIBRARIES[name].algorithms:
            verdict = judge(name, text, jwk, expected)
            if name != "PyJWT":
                verdict.pop("claims", None)
            verdicts[name] = verdict
    return verdicts


@functools.lru_cache(maxsize=None)
def keys():
    with open(pathlib.Path(__file__).with_name("keys.json"), encoding="utf-8") as file:
        return json.load(file)


def same_json(left, right):
    """Whether two values of JSON are the same, 1 and 1.0 and true being three."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same_json(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same_json, left, right))
    return repr(left) == repr(right)


def answer(request):
    operation = request.pop("operation")
    if operation == "stop":
        sys.exit()
    if operation == "libraries":
        return {name: LIBRARIES[name].algorithms for name in LIBRARIES if can_be_loaded(name)}
    if operation == "mint":
        return library(request.pop("library")).mint(**request)
    if operation == "judge":
        return judge(request["library"], request["token"], request["jwk"], request["expected"])
    if operation == "damaged":
        return [judge_case(case["token"], case["key"], case["expected"]) for case in request["cases"]]
    if operation == "same_json":
        return same_json(json.loads(request["left"]), json.loads(request["right"]))
    raise ValueError(operation)


@functools.lru_cache(maxsize=None)
def can_be_loaded(name):
    try:
        library(name)
    except (ImportError, OSError):
        return False
    return True


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
