#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Writes what fuzzing begins with into FOLDER/<target>/: the test vectors in every form a target reads, and signed tokens.

    fuzz/seeds.py FOLDER
"""
import base64
import glob
import hashlib
import itertools
import json
import os
import re
import sys

NOW = 1700000000
TOKEN = re.compile(r"[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----\n(.*?)-----END", re.S)

PAYLOADS = [
    "{}",
    '{"exp":1700000100,"nbf":1699999990,"iat":1699999999,"iss":"a","aud":"b","sub":"x","room":"Hall"}',
    '{"exp":1700000100.5,"iat":1700000000,"iss":"https://a.example/","aud":["b","a"],"room":"*","nested":{"a":[1]}}',
    '{"exp":1700000100000,"nbf":1699999990000,"iat":0}',
    '{"iss":null,"aud":[],"room":null,"sub":null}', '{"aud":["a",7]}', '{"aud":{"a":1}}', '{"iss":"a\\u0000"}',
    '{"exp":"1700000100"}', '{"exp":null}', '{"exp":true}', '{"exp":[1]}', '{"exp":1e999}', '{"exp":9007199254740993}',
    '{"nbf":18446744073709551615}', '{"exp":-1}', '{"nbf":1700000005}', '{"room":7}', '{"sub":{}}', '{"room":"hALL"}',
    '{"iss":"joe","aud":"jitsi","exp":1700000100,"room":"hall"}', '{"exp":1,"\\u0065xp":2}', '{"a":{"b":1,"b":2}}',
    "{" + ",".join(f'"m{i}":{i}' for i in range(20)) + "}", "{" + ",".join(f'"m{i % 19}":{i}' for i in range(20)) + "}",
    '{"a":' + "[" * 31 + "]" * 31 + "}", '{"a":' + "[" * 32 + "]" * 32 + "}", '{"a":"\\ud800"}', "[]", "7", "", "{", '{"a":\xff}',
]
HEADERS = [
    '{"alg":"HS256","typ":"JWT"}', '{"alg":"HS512","typ":"at+jwt","kid":"a"}', '{"alg":"HS384","kid":7}', '{"alg":"none"}',
    '{"alg":"HS256","typ":7}', '{"alg":["HS256"]}', '{"typ":"JWT"}', '{"alg":"HS256","crit":["exp"]}', '{"alg":"HS256","kid":""}',
    '{"alg":"HS256","alg":"none"}', '{"alg":"HS256","kid":"' + "k" * 1025 + '"}', "[]", "{}", "7",
]
CHOICES = [
    b"\0" * 9, b"\x81\x81\0\0\0\0\0\0\0", b"\x82\x82\1\7\x20\3\1\0\0", b"\xc1\xc1\5\x0f\xff\2\1\1\0", b"\x83\x83\4\x1c\5\4\2\0\1",
    b"\0\0\0\x2f\0\1\3\0\x81", b"\0\0\6\x3b\0\0\1\4\2", b"\x84\x84\0\4\0\4\0\2\0",
]
CONTROLS = [
    "", "max-age=600", "max-age=600, must-revalidate", "no-store", "No-Cache", 'no-cache="a,b", max-age=60', 'max-age="60"', "max-age",
    "max-age=", "max-age=-1", "s-maxage=9, max-age = 7", "max-age=99999999999999999999", 'x="\\",max-age=5", max-age=6', ",,max-age=1,",
]
NO_KEYS = ["", " \r\n", "<html>", "[]", '"a"', "Not Found", "ssh-rsa AAAA a@b", "-----BEGIN OPENSSH PRIVATE KEY-----\n",
           "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", "0", "{}", "{", '{"kty":1}', '{"kty":"oct","k":"c2VjcmV0"}']
SECRETS = ["secret", "<no value>", "{{ .Secret }}", "${SECRET}", '{"kty":"oct","k":"c2VjcmV0"}', '{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}',
           '{"kty":"oct","k":""}', '{"kty":"oct","k":"c2Vjcm="}', '{"kty":"oct","k":"c2VjcmV0","use":"sig","key_ops":["verify"]}', "{a",
           '{"kty":"oct","k":"c2VjcmV0","use":"enc"}', '{"kty":"oct","k":"c2VjcmV0","alg":"A128KW"}', '{"kty":"oct","kty":"RSA"}',
           '{"kty":"oct","k":"\\u0063"}', '{"keys":[]}', '{"a":1}', "\0", "a" * 64]


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def jwks_in(value):
    """Every JWK anywhere in a JSON value."""
    if isinstance(value, dict) and "kty" in value:
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from jwks_in(member)


def texts():
    """The test vectors and the signed seeds as text."""
    for path in sorted(glob.glob("test/vectors/**/*", recursive=True) + glob.glob("fuzz/signed/*")):
        if os.path.isfile(path):
            yield read(path).decode("utf-8", "replace")


def all_jwks():
    for text in texts():
        try:
            yield from jwks_in(json.loads(text))
        except ValueError:
            pass


def all_pems():
    for path in sorted(glob.glob("test/vectors/keys/*") + glob.glob("fuzz/signed/*.pem")):
        yield read(path).decode()


def limited(jwk):
    """A JWK with what may limit its use, right and wrong."""
    yield jwk
    for members in ({"use": "sig"}, {"use": "enc"}, {"key_ops": ["verify"]}, {"key_ops": ["encrypt"]}, {"alg": "RS256"}, {"alg": "ES256"},
                    {"alg": "none"}, {"use": 7}, {"alg": 7}, {"key_ops": "verify"}, {"x5c": []}, {"x5c": ["AAAA"]}, {"d": "AA"}, {"x": "AA"}, {"n": "AA"},
                    {"e": "Ag"}, {"e": "AQ"}, {"crv": "secp256k1"}, {"y": "!"}):
        yield {**jwk, **members}


def with_certificate():
    certificate = read("test/vectors/keys/rsa.certificate.pem").decode()
    der = "".join(PEM.search(certificate).group(2).split())
    for jwk in all_jwks():
        if jwk.get("kty") == "RSA":
            yield {**jwk, "x5c": [der]}
            return


def keys():
    yield from NO_KEYS
    for text in all_pems():
        yield text
        for match in PEM.finditer(text):
            try:
                yield base64.b64decode(match.group(2))
            except ValueError:
                pass
    kinds = {}
    for jwk in all_jwks():
        kinds.setdefault((jwk["kty"], jwk.get("crv")), jwk)
        yield compact(jwk)
    for jwk in kinds.values():
        yield from map(compact, limited(jwk))
    yield from map(compact, with_certificate())


def keysets():
    yield from NO_KEYS
    jwks = list(itertools.islice(all_jwks(), 16))
    yield compact({"keys": []})
    yield compact({"keys": jwks})
    yield compact({"keys": [7, None, [], "key", {}] + jwks[:2]})
    yield compact({"keys": jwks[:1] * 3})
    yield compact({"keys": [{}] * 257})
    for jwk in jwks:
        yield compact({"keys": [{**jwk, "kid": "a"}]})
        yield compact({"keys": [{**jwk, "kid": 7}, {**jwk, "kid": ""}, {**jwk, "use": "enc", "kid": "a"}, {**jwk, "kid": "a", "alg": "ES256"}]})
    certificate = read("test/vectors/keys/rsa.certificate.pem").decode()
    yield compact({"a": certificate})
    yield compact({"a": certificate, "b": read("test/vectors/keys/ec.pem").decode(), "c": "-----BEGIN nothing"})
    yield compact({"a": certificate, "b": 7})


def tokens():
    for header in HEADERS:
        yield ".".join((b64(header.encode()), b64(b"{}"), b64(bytes(32))))
    for payload in PAYLOADS:
        yield ".".join((b64(b'{"alg":"HS256","typ":"JWT"}'), b64(payload.encode("latin-1")), b64(bytes(32))))
    yield from ("", ".", "..", "...", "....", "a.b.c", "e30.e30", "e30.e30.", ".e30.", "e30..", "." * 100)
    yield b64(b'{"alg":"HS256","typ":"JWT"}') + "." + "A" * 16344 + ".AAAA"
    yield b64(b'{"alg":"HS256","typ":"JWT"}') + "." + "A" * 16400 + ".AAAA"


def vector_tokens():
    for text in texts():
        yield from TOKEN.findall(text)


def discoveries():
    for issuer in ("https://a.example", "http://a/", "", "https://a.example//"):
        for document in ({"issuer": issuer, "jwks_uri": "https://a.example/keys"}, {"issuer": issuer, "jwks_uri": "http://a/keys"}, {"issuer": issuer},
                         {"issuer": "https://b", "jwks_uri": "https://b/"}, {"jwks_uri": "https://a/"}, {"issuer": 7}, {"issuer": issuer, "jwks_uri": 7},
                         {"issuer": issuer, "jwks_uri": "https://a\0"}, []):
            yield issuer + "\n" + compact(document)
    yield "a\n<html>"


def freshnesses():
    for i, control in enumerate(CONTROLS):
        yield control
        yield "\n".join((control, ("", "10", '"5"', "x")[i % 4], ("", "x", str(NOW + 600))[i % 3], ("", str(NOW))[i % 2], str(NOW + 1)))


def answer_headers():
    ok = "HTTP/1.1 200 OK\r\n"
    for control in CONTROLS:
        yield ok + f"Cache-Control: {control}\r\nAge: 1\r\n\r\n"
    yield ok + 'ETag: "a"\r\netag: "b"\r\nAge: 1\r\nAge: 2\r\nLast-Modified: Mon, 06 Jan 2025 10:00:00 GMT\r\n\r\nETag: "trailer"\r\n'
    yield 'HTTP/1.1 103 Early Hints\r\nETag: "a"\r\n\r\n' + ok + "Date: x\r\nExpires: 0\r\n\r\n"
    yield ok + "Cache-Control: a\r\n b\r\n\tc\r\nX: y\r\n z\r\n\r\n"
    yield ok + "Transfer-Encoding: gzip, chunked\r\n\r\n"
    yield ok + "transfer-encoding: Chunked\r\nETag: a\rb\r\nLast-Modified: \0\r\n\r\n"
    yield ok + "Age: 1\r\n" * 300
    yield ok + " a\r\n" * 40 + "no colon\n:\n"
    yield ok + "ETag: " + "e" * 1025 + "\r\n\r\n"


TARGETS = {
    "base64url": lambda: itertools.chain(("", "A", "AA", "AB", "AAA", "AAB", "AAAA", "A" * 7, "AA==", "+/", "-_"), itertools.islice(vector_tokens(), 5)),
    "jws": lambda: itertools.chain(tokens(), vector_tokens()),
    "page_room": lambda: ("planning", "My Room", "R%C3%A4ksm", "%F6", "100%", "\u03a3\u0391\u03a3", "\ufb01ne", "H\u0331", "%F0%9D%90%80" * 9),
    "verify": tokens,
    "oracle": lambda: itertools.chain(tokens(), vector_tokens()),
    "key": keys,
    "secret": lambda: itertools.chain(SECRETS, keys()),
    "keyset": keysets,
    "private": keys,
    "lua": lambda: itertools.chain(tokens(), vector_tokens()),
    "discovery": discoveries,
    "freshness": freshnesses,
    "header": answer_headers,
    "claims": lambda: (choice + payload.encode("latin-1") for choice in CHOICES for payload in PAYLOADS),
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    top = os.path.abspath(sys.argv[1])
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    for target, make in TARGETS.items():
        os.makedirs(f"{top}/{target}", exist_ok=True)
        for seed in make():
            data = seed if isinstance(seed, bytes) else seed.encode("utf-8", "surrogatepass")
            with open(f"{top}/{target}/{hashlib.sha1(data).hexdigest()}", "wb") as stream:
                stream.write(data)


if __name__ == "__main__":
    main()
