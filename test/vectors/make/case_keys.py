# SPDX-License-Identifier: MIT
"""Texts that are to be keys: good ones in every form, weak, huge and malformed ones."""

import base64
import json

import ring
from arithmetic import EC_OID, K256, P256, P384, RSA_OID, Ec, Rsa, bits, der, integer, number, oid, sequence, stream
from ring import EC, OKP, RSA, RSA_3, SECRET
from texts import (b64u, certificate, compact, coordinate, ec_jwk, ec_pem, ec_spki, okp_jwk, okp_pem, okp_spki, pem, point, rsa_jwk, rsa_pem,
                   rsa_pkcs1, rsa_spki, uint)

N, E = RSA.n, RSA.e


class Texts:
    def __init__(self, raw, tokens):
        self.raw, self.tokens = raw, tokens

    def case(self, name, group, source, code, text, **members):
        self.raw.key(name, group, source, code, ("key", name, text), **members)

    def secret(self, name, source, code, text):
        self.raw.key(name, "keys: secrets", source, code, ("secret", name, text))


def forms(texts):
    """The same key in every form, by its thumbprint (RFC 7638)."""
    import hashlib
    group = "keys: forms"

    def thumb(canonical):
        return b64u(hashlib.sha256(canonical.encode()).digest())

    rsa = thumb(compact({"e": uint(E), "kty": "RSA", "n": uint(N)}))
    spki, pkcs1 = rsa_spki(N, E), rsa_pkcs1(N, E)
    x509 = certificate(spki)
    jwk = json.loads(rsa_jwk(N, E))
    private = sequence(integer(0), *(integer(x) for x in (N, E, RSA.d, RSA.p, RSA.q, RSA.d % (RSA.p - 1), RSA.d % (RSA.q - 1), pow(RSA.q, -1, RSA.p))))
    pkcs8 = sequence(integer(0), sequence(oid(RSA_OID), b"\x05\x00"), der(0x04, private))
    good = {
        "SPKI": pem("PUBLIC KEY", spki), "SPKI with CR LF": pem("PUBLIC KEY", spki, "\r\n"), "SPKI without its last newline": pem("PUBLIC KEY", spki).rstrip("\n"),
        "SPKI with text before": "subject=CN = x\n\n" + pem("PUBLIC KEY", spki), "SPKI with text behind": pem("PUBLIC KEY", spki) + "\nthat was it\n",
        "SPKI with white space before": "\n \n" + pem("PUBLIC KEY", spki), "PKCS#1": pem("RSA PUBLIC KEY", pkcs1), "certificate": pem("CERTIFICATE", x509), "X.509 certificate": pem("X509 CERTIFICATE", x509),
        "certificate and its chain": pem("CERTIFICATE", x509) + pem("CERTIFICATE", certificate(rsa_spki(RSA_3.n, 3))), "DER of SPKI": spki, "DER of PKCS#1": pkcs1, "JWK": rsa_jwk(N, E), "JWK with spaces": json.dumps(jwk, indent=2),
        "JWK with white space before": "\n\t " + rsa_jwk(N, E), "JWK with its members exchanged": compact(dict(reversed(list(jwk.items())))), "JWK with other members": compact({**jwk, "kid": "x", "use": "sig", "x": [1, {"y": None}]}),
        "JWK with x5c": compact({**jwk, "x5c": [base64.b64encode(x509).decode()]}), "JWK with private numbers": compact({**jwk, "d": uint(RSA.d), "p": uint(RSA.p), "q": uint(RSA.q), "dp": "AQ", "dq": "AQ", "qi": "AQ"}),
        "private PKCS#8": pem("PRIVATE KEY", pkcs8), "private PKCS#1": pem("RSA PRIVATE KEY", private), "JWK with n in escapes": rsa_jwk(N, E).replace('"n"', '"\\u006e"'),
    }
    for name, text in good.items():
        texts.case(f"RSA: {name}", group, "RFC 7638 3", "ok", text, thumbprint=rsa)
    for algorithm, ec in EC.items():
        curve, q = ec.curve, ec.q
        expected = thumb(compact({"crv": curve.jose, "kty": "EC", "x": coordinate(q[0], curve), "y": coordinate(q[1], curve)}))
        sec1 = sequence(integer(1), der(0x04, ec.d.to_bytes(curve.size, "big")), der(0xa0, oid(curve.oid)), der(0xa1, bits(point(curve, *q))))
        for name, text in {"SPKI": ec_pem(curve, q), "JWK": ec_jwk(curve, q), "DER": ec_spki(curve, point(curve, *q)), "private SEC 1": pem("EC PRIVATE KEY", sec1),
                           "certificate": pem("CERTIFICATE", certificate(ec_spki(curve, point(curve, *q)))),
                           "a compressed point": pem("PUBLIC KEY", ec_spki(curve, bytes([2 + q[1] % 2]) + q[0].to_bytes(curve.size, "big")))}.items():
            texts.case(f"{curve.jose}: {name}", group, "RFC 7638 3", "ok", text, thumbprint=expected)
    for name, okp in OKP.items():
        expected = thumb(compact({"crv": name, "kty": "OKP", "x": b64u(okp.public)}))
        pkcs8 = sequence(integer(0), sequence(oid(okp.curve.oid)), der(0x04, der(0x04, okp.secret)))
        for form, text in {"SPKI": okp_pem(okp.curve, okp.public), "JWK": okp_jwk(name, okp.public), "DER": okp_spki(okp.curve, okp.public), "private PKCS#8": pem("PRIVATE KEY", pkcs8),
                           "JWK with d": okp_jwk(name, okp.public, d=b64u(okp.secret))}.items():
            texts.case(f"{name}: {form}", group, "RFC 8037 A.3", "ok", text, thumbprint=expected)


def rsa_sizes(texts):
    group = "keys: weak RSA"
    for size, code in ((512, "weak-key"), (1024, "weak-key"), (2040, "weak-key"), (2047, "weak-key"), (2048, "ok"), (2049, "ok"), (3072, "ok"), (4096, "ok"), (8192, "ok"), (16384, "ok"), (16385, "weak-key"),
                       (20000, "weak-key"), (32768, "weak-key")):
        modulus = number(f"modulus {size}", size) | 1 << (size - 1) | 1
        for form, text in (("PEM", rsa_pem(modulus, 65537)), ("JWK", rsa_jwk(modulus, 65537)), ("PKCS#1", pem("RSA PUBLIC KEY", rsa_pkcs1(modulus, 65537))), ("certificate", pem("CERTIFICATE", certificate(rsa_spki(modulus, 65537))))):
            texts.case(f"{size} bits, {form}", group, "RFC 7518 3.3", code, text)
    weak = Rsa("weak", 1024)
    for algorithm, make in (("RS256", weak.pkcs1), ("PS256", weak.pss)):
        texts.tokens.token(f"{algorithm} signed with 1024 bits", group, "RFC 7518 3.3", "weak-key", ("key", "rsa 1024", rsa_pem(weak.n, weak.e)), ring.sign(ring.header(algorithm), by=lambda m, f=make: f("256", m)),
                           options={"algorithms": [algorithm]})
        texts.tokens.token(f"{algorithm} with 2048 bits where 3072 are asked for", group, "design", "weak-key", ring.rsa_key(), ring.sign(ring.header(algorithm), by=ring.signer(algorithm)),
                           options={"algorithms": [algorithm], "min_rsa_bits": 3072})
        texts.tokens.token(f"{algorithm} signed with 1024 bits, where the operator wants that", group, "design", "ok", ("key", "rsa 1024", rsa_pem(weak.n, weak.e)),
                           ring.sign(ring.header(algorithm), by=lambda m, f=make: f("256", m)), options={"algorithms": [algorithm], "min_rsa_bits": 1024})
    for name, exponent, code in (("0", 0, "weak-key"), ("1", 1, "weak-key"), ("2", 2, "weak-key"), ("3", 3, "ok"), ("4", 4, "weak-key"), ("5", 5, "ok"), ("17", 17, "ok"), ("65536", 65536, "weak-key"), ("65537", 65537, "ok"),
                                 ("2^32 + 1", 2**32 + 1, "ok"), ("2^64 - 1", 2**64 - 1, "ok"), ("2^64 + 1", 2**64 + 1, "weak-key"), ("2^256 + 1", 2**256 + 1, "weak-key"), ("n - 2", N - 2, "weak-key"), ("n", N, "weak-key")):
        texts.case(f"exponent {name}, PEM", "keys: RSA exponents", "RFC 8017 3.1", code, rsa_pem(N, exponent))
        texts.case(f"exponent {name}, JWK", "keys: RSA exponents", "RFC 8017 3.1", code, rsa_jwk(N, exponent))
    for name, exponent in (("-1", -1), ("-3", -3), ("-65537", -65537)):
        # OpenSSL reads the bytes of a negative INTEGER as unsigned; -1 is 255 then.
        texts.case(f"exponent {name}, read as unsigned, PEM", "keys: RSA exponents", "X.690 8.3", "ok", rsa_pem(N, exponent))
    group = "keys: RSA moduli"
    for name, modulus in (("0", 0), ("1", 1), ("even", N + 1), ("a power of two", 1 << 2047), ("15", 15)):
        texts.case(f"modulus {name}, PEM", group, "RFC 8017 3.1", "weak-key", rsa_pem(modulus, E))
        texts.case(f"modulus {name}, JWK", group, "RFC 8017 3.1", "weak-key", rsa_jwk(modulus, E))
    texts.case("modulus negative, read as unsigned, PEM", group, "X.690 8.3", "ok", rsa_pem(-N, E))
    texts.case("modulus without its sign byte, read as unsigned, PEM", group, "X.690 8.3", "ok", pem("PUBLIC KEY", sequence(sequence(oid(RSA_OID), b"\x05\x00"), bits(sequence(der(0x02, N.to_bytes(256, "big")), integer(E))))))


def rsa_jwks(texts):
    group, source = "keys: malformed RSA JWK", "RFC 7518 6.3.1"
    jwk = json.loads(rsa_jwk(N, E))
    n = jwk["n"]
    for name, change in {
            "no n": {"n": ...}, "no e": {"e": ...}, "n empty": {"n": ""}, "e empty": {"e": ""}, "n null": {"n": None}, "e a number": {"e": 65537}, "n a list": {"n": [n]},
            "n padded within": {"n": n[:4] + "=" + n[4:]}, "n padding alone": {"n": "=="}, "n in hexadecimal with 0x": {"n": hex(N) + "!"}, "n in decimal with a comma": {"n": "1,000"}, "n with NUL": {"n": n + "\x00"},
            "e with a full stop": {"e": "AQ.AB"}, "n in other letters": {"n": "\uff21" + n[1:]}}.items():
        texts.case(name, group, source, "malformed-key", compact({k: v for k, v in {**jwk, **change}.items() if v is not ...}))
    # Not RFC 7518 section 2, but what providers publish, and Jitsi's library reads.
    plain = base64.b64encode(N.to_bytes(256, "big")).decode()
    for name, change in {
            "n padded": {"n": n + "=="}, "n with a newline": {"n": n[:64] + "\n" + n[64:]}, "n with a space": {"n": " " + n}, "n in base64": {"n": plain}, "n in base64, not padded": {"n": plain.rstrip("=")},
            "n in base64, in lines": {"n": "\r\n".join(plain[i:i + 76] for i in range(0, len(plain), 76)) + "\r\n"}, "e padded": {"e": "AQAB=="}, "no kty": {"kty": ...}, "kty null": {"kty": None}, "kty rsa": {"kty": "rsa"},
            "nulls": {"alg": None, "use": None, "key_ops": None, "x5c": None, "x5t": None, "kid": None, "d": None, "p": None, "oth": None}}.items():
        texts.case(name, "keys: JWK as providers write it", "RFC 7517 4", "ok", compact({k: v for k, v in {**jwk, **change}.items() if v is not ...}))
    # RFC 7518 section 2: "the minimum number of octets". Some producers write the sign byte; libraries take it.
    texts.case("n with a zero byte before", group, "RFC 7518 6.3.1.1", "ok", compact({**jwk, "n": b64u(b"\x00" + N.to_bytes(256, "big"))}))
    texts.case("e with zero bytes before", group, "RFC 7518 6.3.1.2", "ok", compact({**jwk, "e": b64u(b"\x00\x01\x00\x01")}))
    texts.case("trailing bits in n", group, "RFC 4648 3.5", "malformed-key", compact({**jwk, "n": n[:-1] + chr(ord(n[-1]) + 1)}))
    texts.case("n and e exchanged", group, source, "weak-key", compact({**jwk, "n": jwk["e"], "e": n}))


def curves(texts):
    group = "keys: EC points"
    for algorithm, ec in EC.items():
        curve, (x, y) = ec.curve, ec.q
        p = curve.p
        size = curve.size

        def jwk(name, code, a, b, source="RFC 7518 6.2.1", **changes):
            values = {"kty": "EC", "crv": curve.jose, "x": a if isinstance(a, str) else b64u(a), "y": b if isinstance(b, str) else b64u(b), **changes}
            texts.case(f"{curve.jose}: {name}, JWK", group, source, code, compact({k: v for k, v in values.items() if v is not ...}))

        def spki(name, code, encoded, source="SEC 1 2.3.4"):
            texts.case(f"{curve.jose}: {name}, PEM", group, source, code, pem("PUBLIC KEY", ec_spki(curve, encoded)))

        def full(value):
            return (value % (1 << 8 * size)).to_bytes(size, "big")

        for name, a, b in (("off the curve", x, y ^ 1), ("x and y exchanged", y, x), ("zeros", 0, 0), ("x is zero", 0, y), ("y is zero", x, 0), ("all ones", -1, -1), ("x + p", x + p, y), ("y + p", x, y + p), ("p, p", p, p),
                           ("of the twist", next(v for v in range(1, 99) if not curve.lift(v)), 1)):
            if name in ("x + p", "y + p") and (x + p if name[0] == "x" else y + p) >= 1 << 8 * size:
                continue
            jwk(name, "weak-key", full(a), full(b))
            spki(name, "refused", b"\x04" + full(a) + full(b))
        jwk("-y: another good point", "ok", full(x), full(p - y))
        for name, a, b in (("x a byte short", full(x)[1:], full(y)), ("x a byte short at its end", full(x)[:-1], full(y)), ("y a byte short", full(x), full(y)[1:]), ("x a zero byte too long", b"\x00" + full(x), full(y)),
                           ("y a zero byte too long", full(x), b"\x00" + full(y)), ("x empty", b"", full(y)), ("y empty", full(x), b""), ("a point for x", point(curve, x, y), full(y)), ("x of 1 KiB", full(x) * 20, full(y)),
                           ("x stripped of zeros", b"\x01", full(y)), ("x padded within", "=" + coordinate(x, curve), coordinate(y, curve)), ("y with NUL", coordinate(x, curve), coordinate(y, curve) + "\x00")):
            jwk(name, "malformed-key", a, b, "RFC 7518 6.2.1.2")
        for name, a, b in (("x padded", coordinate(x, curve) + "=", coordinate(y, curve)), ("y with a space", coordinate(x, curve), coordinate(y, curve) + " "),
                           ("in base64", base64.b64encode(full(x)).decode(), base64.b64encode(full(y)).decode())):
            jwk(name, "ok", a, b, "RFC 7518 6.2.1.2")
        jwk("no x", "malformed-key", full(x), full(y), x=...)
        jwk("no y: a compressed point", "malformed-key", full(x), full(y), y=...)
        jwk("no crv", "malformed-key", full(x), full(y), crv=...)
        jwk("y a boolean, as in JWK of compressed points", "malformed-key", full(x), full(y), y=True)
        jwk("x a number", "malformed-key", full(x), full(y), x=5)
        for crv, code in (("P-256K", "unsupported-key"), ("p-" + curve.jose[2:], "unsupported-key"), (curve.name, "unsupported-key"), (curve.jose + "\x00", "unsupported-key"), (" " + curve.jose, "unsupported-key"), ("Ed25519", "unsupported-key"),
                          ("", "unsupported-key"), (None, "malformed-key"), (256, "malformed-key")):
            jwk(f"crv is {crv!a}", code, full(x), full(y), crv=crv)
        other = P384 if curve is P256 else P256
        jwk("of another size's curve", "malformed-key", full(x), full(y), crv=other.jose)
        spki("the point at infinity", "refused", b"\x00")
        spki("no point", "refused", b"")
        spki("a compressed point off the curve", "refused", b"\x02" + full(next(v for v in range(1, 99) if not curve.lift(v))))
        spki("a hybrid point of the wrong sign", "refused", bytes([7 - y % 2]) + full(x) + full(y))
        spki("an unknown form", "refused", b"\x05" + full(x) + full(y))
        spki("a byte short", "refused", b"\x04" + (full(x) + full(y))[:-1])
        spki("a byte too long", "refused", b"\x04" + full(x) + full(y) + b"\x00")
        texts.case(f"{curve.jose}: no parameters", group, "RFC 5480 2.1.1", "refused", pem("PUBLIC KEY", sequence(sequence(oid(EC_OID)), bits(point(curve, x, y)))))
        texts.case(f"{curve.jose}: a NULL parameter", group, "RFC 5480 2.1.1", "refused", pem("PUBLIC KEY", sequence(sequence(oid(EC_OID), b"\x05\x00"), bits(point(curve, x, y)))))
        # CVE-2020-0601: parameters of one's own, with the generator chosen so that the private key is known.
        explicit = explicit_parameters(curve, ec.q)
        texts.case(f"{curve.jose}: parameters of its own, generator moved", group, "CVE-2020-0601", "refused", pem("PUBLIC KEY", sequence(sequence(oid(EC_OID), explicit), bits(point(curve, x, y)))))
    group = "keys: other curves"
    k256 = Ec("k256", K256)
    for name, hexadecimal, size in (("secp256k1", K256.oid, 32), ("brainpoolP256r1", "2b2403030208010107", 32), ("secp224r1", "2b81040021", 28), ("prime192v1", "2a8648ce3d030101", 24), ("sect233k1", "2b8104001a", 30), ("unknown", "2a864886f70d7f", 32)):
        encoded = point(K256, *k256.q) if name == "secp256k1" else b"\x04" + stream(name, 2 * size)
        texts.case(f"{name}, PEM", group, "RFC 7518 6.2.1.1", "unsupported-key" if name == "secp256k1" else "refused", pem("PUBLIC KEY", sequence(sequence(oid(EC_OID), oid(hexadecimal)), bits(encoded))))
    for crv in ("secp256k1", "P-192", "P-224", "BP-256", "brainpoolP256r1", "curve25519", "X25519", "X448", "Ed25519"):
        texts.case(f"EC with crv {crv}, JWK", group, "RFC 7518 6.2.1.1", "unsupported-key", compact({"kty": "EC", "crv": crv, "x": b64u(stream("x", 32)), "y": b64u(stream("y", 32))}))


def explicit_parameters(curve, generator):
    field = sequence(oid("2a8648ce3d0101"), integer(curve.p))
    numbers = sequence(der(0x04, (curve.a % curve.p).to_bytes(curve.size, "big")), der(0x04, curve.b.to_bytes(curve.size, "big")))
    return sequence(integer(1), field, numbers, der(0x04, point(curve, *generator)), integer(curve.n), integer(1))


def okps(texts):
    group = "keys: OKP"
    for name, okp in OKP.items():
        curve, size = okp.curve, okp.curve.size
        public = okp.public
        jwk = {"kty": "OKP", "crv": name, "x": b64u(public)}

        def both(what, code, data, source="RFC 8032 5.1.3" if name == "Ed25519" else "RFC 8032 5.2.3"):
            texts.case(f"{name}: {what}, JWK", group, source, code, compact({**jwk, "x": b64u(data)}))
            texts.case(f"{name}: {what}, PEM", group, source, code if code == "weak-key" else "refused", pem("PUBLIC KEY", okp_spki(curve, data)))

        for what, data in (("a byte short", public[:-1]), ("a byte too long", public + b"\x00"), ("a zero before", b"\x00" + public), ("empty", b""), ("twice", public * 2), ("the other curve's size", stream("other", 89 - size))):
            both(what, "malformed-key", data, "RFC 8037 2")
        # Points under which anybody can sign, and encodings that RFC 8032 does not decode.
        for index, small in enumerate(curve.small()):
            both(f"a point of small order ({index})", "weak-key", curve.encode(small), "RFC 8032 7")
        both("the neutral element, not reduced", "weak-key", curve.encode_raw(curve.p + 1, 0))
        both("the neutral element with a sign", "weak-key", curve.encode_raw(1, 1))
        both("y is p: 0, not reduced", "weak-key", curve.encode_raw(curve.p, 0))
        off = next(y for y in range(2, 99) if not curve.lift(y, 0))
        both("no point", "weak-key", curve.encode_raw(off, 0))
        both("all ones", "weak-key", b"\xff" * size)
        above = next((y for y in range(2, 19) if curve.lift(y, 0)), None) if name == "Ed25519" else next(y for y in range(2, 99) if curve.lift(y, 0))
        both("a good point, not reduced", "weak-key", curve.encode_raw(curve.p + above, 0))
        if name == "Ed448":
            both("a bit in the last byte", "weak-key", public[:-1] + bytes([public[-1] | 1]))
        for what, change, code in (("no x", {"x": ...}, "malformed-key"), ("x null", {"x": None}, "malformed-key"), ("x padded", {"x": b64u(public) + "="}, "ok"), ("x with a newline", {"x": b64u(public) + "\n"}, "ok"), ("x padded twice within", {"x": "==" + b64u(public)}, "malformed-key"),
                                   ("crv in lower case", {"crv": name.lower()}, "unsupported-key"), ("crv of the other", {"crv": "Ed448" if name == "Ed25519" else "Ed25519"}, "malformed-key"), ("crv X25519", {"crv": "X25519"}, "unsupported-key"),
                                   ("crv X448", {"crv": "X448"}, "unsupported-key"), ("crv P-256", {"crv": "P-256"}, "unsupported-key"), ("no crv", {"crv": ...}, "malformed-key"), ("kty EC", {"kty": "EC"}, "unsupported-key"),
                                   ("kty okp", {"kty": "okp"}, "ok"), ("no kty", {"kty": ...}, "malformed-key"), ("a y too", {"y": "AAAA"}, "ok")):
            texts.case(f"{name}: {what}", group, "RFC 8037 2", code, compact({k: v for k, v in {**jwk, **change}.items() if v is not ...}))
        texts.case(f"{name}: a NULL parameter", group, "RFC 8410 3", "refused", pem("PUBLIC KEY", sequence(sequence(oid(curve.oid), b"\x05\x00"), bits(public))))
        # With a key of small order everything is signed: a token that nobody made.
        neutral = curve.encode((0, 1))
        texts.tokens.token(f"{name}: signed by nobody, for a key of small order", group, "RFC 8032 7", "weak-key", ("key", f"{name} small", okp_jwk(name, neutral)),
                           ring.sign(ring.header("EdDSA"), by=lambda m, e=neutral, z=size: e + bytes(z)), options={"algorithms": ["EdDSA"]})
    x25519 = stream("x25519", 32)
    texts.case("X25519, PEM", group, "RFC 8037 3.2", "unsupported-key", pem("PUBLIC KEY", sequence(sequence(oid("2b656e")), bits(x25519))))
    texts.case("X448, PEM", group, "RFC 8037 3.2", "unsupported-key", pem("PUBLIC KEY", sequence(sequence(oid("2b656f")), bits(stream("x448", 56)))))


def malformed(texts):
    group = "keys: malformed texts"
    good_jwk, good_pem = rsa_jwk(N, E), rsa_pem(N, E)
    body = good_pem.split("\n")
    spki = rsa_spki(N, E)
    for name, text in {
            "empty": "", "a space": " ", "newlines": "\n\n\n", "a word": "key", "HTML": "<!DOCTYPE html>\n<html><body>404 Not Found</body></html>", "JSON that is no object": "[]", "a JSON string": compact(good_pem), "an empty object": "{}",
            "a JWK Set": '{"keys":[%s]}' % good_jwk, "a JWK in a list": f"[{good_jwk}]", "two JWKs": good_jwk + good_jwk, "a JWK cut": good_jwk[:-1], "a JWK with a comma more": good_jwk[:-1] + ",}",
            "a JWK with a comment": "/* x */" + good_jwk, "n twice": good_jwk[:-1] + ',"n":"AQAB"}', "kty twice": good_jwk[:-1] + ',"kty":"RSA"}', "n twice, in escapes": good_jwk[:-1] + ',"\\u006e":"AQAB"}',
            "a nested member twice": good_jwk[:-1] + ',"x":{"a":1,"a":2}}', "nested too deep": good_jwk[:-1] + ',"x":' + "[" * 40 + "]" * 40 + "}",
            "kty a list": compact({"kty": ["RSA"], "n": uint(N), "e": uint(E)}), "a PEM's first half": good_pem[:200], "a PEM without its end": "\n".join(body[:-2]), "a PEM without its beginning": "\n".join(body[1:]),
            "a PEM whose end has another name": good_pem.replace("END PUBLIC", "END PRIVATE"), "a PEM with a damaged line": good_pem.replace(body[2], body[2][:-3] + "!!!"), "a PEM without its contents": "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
            "base64 without a PEM's lines": "".join(body[1:-2]), "DER cut": spki[:-1], "DER with a byte behind": spki + b"\x00", "DER of a certificate": certificate(spki), "an SSH key": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 x@y",
            "a PEM with a byte behind its DER": pem("PUBLIC KEY", spki + b"\x00"), "DER that is no key": sequence(integer(1)), "a token": ring.sign(), "a PGP key": "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----\n",
            "parameters": pem("EC PARAMETERS", oid(P256.oid)), "a certificate request": pem("CERTIFICATE REQUEST", spki), "NUL before a PEM": "\x00" + good_pem, "NULs": "\x00" * 10, "a brace": "{", "braces": "{" * 5000, "64 KiB and a byte": "x" * 65537,
            "an encrypted key": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQI\n-----END ENCRYPTED PRIVATE KEY-----\n", "invalid UTF-8 in a JWK": good_jwk.encode()[:-1] + b',"kid":"\xff"}',
            "a lone surrogate in a JWK": good_jwk[:-1] + ',"kid":"\\ud800"}', "a number that is none in a JWK": good_jwk[:-1] + ',"x":NaN}'}.items():
        texts.case(name, group, "RFC 7517 4", "malformed-key", text)
    texts.case("a JWK behind a byte order mark", "keys: JWK as providers write it", "RFC 8259 8.1", "ok", "\ufeff" + good_jwk)
    for name, text in {"kty oct": compact({"kty": "oct", "k": b64u(SECRET)}), "kty RS": good_jwk.replace("RSA", "RS"), "kty unknown": compact({"kty": "PQ", "pub": "AAAA"}), "kty empty": compact({"kty": ""}), "kty with NUL": good_jwk.replace('"RSA"', '"RSA\\u0000"'),
                       "kty AKP": compact({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AAAA"})}.items():
        texts.case(name, group, "RFC 7517 4.1", "unsupported-key", text)
    dsa = pem("PUBLIC KEY", sequence(sequence(oid("2a8648ce380401"), sequence(integer(23), integer(11), integer(4))), bits(integer(8))))
    texts.case("DSA", group, "RFC 7518 3.1", "refused", dsa)
    pss_only = pem("PUBLIC KEY", sequence(sequence(oid("2a864886f70d01010a")), bits(rsa_pkcs1(N, E))))
    texts.case("RSA for PSS alone", group, "RFC 4055 3.1", "refused", pss_only)
    x5c = [base64.b64encode(certificate(rsa_spki(RSA_3.n, 3))).decode()]
    jwk = json.loads(good_jwk)
    for name, value in (("of another key", x5c), ("empty", []), ("a string", x5c[0]), ("null", None), ("of numbers", [1]), ("in base64url", [x5c[0].replace("+", "-").replace("/", "_") + "-"]), ("no certificate", [base64.b64encode(b"x" * 30).decode()])):
        texts.case(f"x5c {name}", "keys: x5c", "RFC 7517 4.7", "ok", compact({**jwk, "x5c": value}))


def secrets(texts):
    texts.secret("a secret", "RFC 7518 3.2", "ok", SECRET)
    texts.secret("one byte", "RFC 7518 3.2", "ok", "x")
    texts.secret("64 KiB", "RFC 7518 3.2", "ok", "x" * 65536)
    for name, text in (("no bytes", ""), ("<no value>", "<no value>"), ("a template", "{{ .Values.x }}"), ("a variable", "${SECRET}"), ("a PEM", rsa_pem(N, E)), ("a certificate", pem("CERTIFICATE", certificate(rsa_spki(N, E)))),
                       ("64 KiB and a byte of secret", "x" * 65537), ("a public JWK", rsa_jwk(N, E)), ("a JWK Set of public keys", '{"keys":[%s]}' % rsa_jwk(N, E)), ("an EC JWK", ec_jwk(P256, EC["ES256"].q)),
                       ("an oct JWK without k", '{"kty":"oct"}'), ("an oct JWK with an empty k", '{"kty":"oct","k":""}'), ("an oct JWK with a padded k", '{"kty":"oct","k":"AAAA="}'), ("an oct JWK with k twice", '{"kty":"oct","k":"AAAA","k":"BBBB"}')):
        texts.secret(name, "RFC 8725 3.5", "weak-secret", text)
    spki, x509 = rsa_spki(N, E), certificate(rsa_spki(N, E))
    for name, text in {
            "DER and a newline": spki + b"\n", "a certificate's DER": x509, "a certificate's DER and a newline": x509 + b"\n", "base64 of DER": base64.b64encode(spki).decode(),
            "base64 of DER and a newline": base64.b64encode(spki).decode() + "\n", "base64 of DER in lines": "\n".join(pem("PUBLIC KEY", spki).split("\n")[1:-2]),
            "base64url of DER": b64u(spki), "base64 of a certificate": base64.b64encode(x509).decode(), "a PEM of a trusted certificate": pem("TRUSTED CERTIFICATE", x509),
            "a PEM of an X.509 certificate": pem("X509 CERTIFICATE", x509), "a certificate request for a secret": pem("CERTIFICATE REQUEST", spki), "a public key as SSH has it": "ssh-rsa AAAAB3NzaC1yc2EAAAADAQAB me",
            "a public JWK behind a byte order mark": "\ufeff" + rsa_jwk(N, E), "a public JWK in a list": f"[{rsa_jwk(N, E)}]", "a public JWK and a NUL": rsa_jwk(N, E) + "\x00",
            "a public JWK and a comment": rsa_jwk(N, E) + "\n# mine\n", "a public JWK with a comma too many": rsa_jwk(N, E)[:-1] + ",}", "an oct JWK cut": '{"kty":"oct","k":"c2VjcmV0"'}.items():
        texts.secret(name, "RFC 8725 2.1", "weak-secret", text)
    texts.secret("base64 of what is no key", "RFC 7518 3.2", "ok", base64.b64encode(spki[26:]).decode())
    texts.secret("a private PEM, which nobody else has", "RFC 7518 3.2", "ok", pem("PRIVATE KEY", b"\x30\x00"))


def make(raw, tokens):
    texts = Texts(raw, tokens)
    forms(texts)
    rsa_sizes(texts)
    rsa_jwks(texts)
    curves(texts)
    okps(texts)
    malformed(texts)
    secrets(texts)


