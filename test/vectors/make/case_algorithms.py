# SPDX-License-Identifier: MIT
"""Tokens about alg and keys: what signs, who chooses, and what the token itself brings along."""

import ring
from arithmetic import K256, P256, Ec, bits, sequence
from ring import EC_NAMES, HMAC_NAMES, NAMES, OKP_NAMES, OTHER_RSA, RSA, RSA_NAMES, SECRET, claims, header, hs, key, secret, sign, signer
from texts import (b64u, certificate, coordinate, compact, ec_jwk, ec_pem, ec_spki, okp_spki, pem, point, rsa_jwk, rsa_pem, rsa_pkcs1,
                   rsa_spki)


def options(algorithm):
    return {"algorithms": [algorithm]}


def every_algorithm(lines):
    for name in NAMES:
        token = sign(header(name), by=signer(name))
        source = "RFC 9864" if name in ("Ed25519", "Ed448") else "RFC 8037 3.1" if name == "EdDSA" else "RFC 7518 3.1"
        lines.token(f"{name} holds", "algorithms", source, "ok", key(name), token, options=options(name))
        lines.token(f"{name} holds as a JWS", "algorithms", source, "ok", key(name), token, call="verify_jws", options=options(name))
        lines.token(f"{name} with a JWK that says so", "algorithms", "RFC 7517 4.4", "ok",
                    ("key", f"jwk {name}", ring.jwk(name, alg=name)), token, call="verify_jws")
        lines.token(f"{name} where another is accepted", "algorithms", "RFC 8725 3.1", "algorithm-not-accepted",
                    key(name), token, options=options(next(n for n in NAMES if n != name and n in family(name))))
        damaged = token[:-6] + ("A" if token[-6] != "A" else "B") + token[-5:]
        lines.token(f"{name} with a changed signature", "algorithms", "RFC 7515 5.2", "bad-signature", key(name), damaged,
                    options=options(name))
        head, payload, signature = token.split(".")
        lines.token(f"{name} with a changed payload", "algorithms", "RFC 7515 5.2", "bad-signature", key(name),
                    ".".join((head, ring.part(claims(room="room2")), signature)), options=options(name))
        lines.token(f"{name} with a changed header", "algorithms", "RFC 7515 5.2", "bad-signature", key(name),
                    ".".join((ring.part(header(name, kid="other")), payload, signature)), options=options(name))
        lines.token(f"{name} without its signature", "algorithms", "RFC 7515 5.2", "bad-signature", key(name), f"{head}.{payload}.",
                    options=options(name))
    ed448 = sign(header("EdDSA"), by=signer("Ed448"))
    lines.token("EdDSA with an Ed448 key", "algorithms", "RFC 8037 3.1", "ok", key("Ed448"), ed448, options=options("EdDSA"))


def family(name):
    return next(names for names in (HMAC_NAMES, RSA_NAMES, EC_NAMES, OKP_NAMES) if name in names)


def alg_none(lines):
    group, source = "alg none", "RFC 8725 3.2"
    spellings = ["none", "None", "NONE", "nOnE", "none ", " none", "none\x00", "\x00none", "", " ", "null", "nil", "undefined", "n\u043ene",
                 "\uff4eone", "none\n", "no ne", "plain", "unsecured", "HS256,none", "none,HS256"]
    for spelling in spellings:
        for how, by in (("empty signature", ring.no_signature), ("HMAC", hs())):
            lines.token(f"{spelling!a}, {how}", group, source, "algorithm-not-accepted", secret(), sign(header(spelling), by=by))
        lines.token(f"{spelling!a} for a public key", group, source, "algorithm-not-accepted", key("RS256"),
                    sign(header(spelling), by=ring.no_signature))
        lines.token(f"{spelling!a} as a JWS", group, source, "algorithm-not-accepted", key("RS256"),
                    sign(header(spelling), by=ring.no_signature), call="verify_jws")
    escaped = '{"typ":"JWT","alg":"\\u006e\\u006f\\u006e\\u0065"}'
    lines.token("spelled in escapes", group, source, "algorithm-not-accepted", secret(), sign(escaped, by=ring.no_signature))
    for value in ("null", "0", "1", "true", "false", "[]", "{}", '["none"]', '["HS256"]', '{"HS256":1}', '[["HS256"]]', "1.5"):
        lines.token(f"alg is {value}", group, "RFC 7515 4.1.1", "algorithm-not-accepted", secret(), sign('{"typ":"JWT","alg":%s}' % value))
    lines.token("alg is missing", group, "RFC 7515 4.1.1", "algorithm-not-accepted", secret(), sign('{"typ":"JWT"}'))
    lines.token("alg is missing, no signature", group, "RFC 7515 4.1.1", "algorithm-not-accepted", secret(),
                sign('{"typ":"JWT"}', by=ring.no_signature))
    for other in ("Alg", "ALG", "alg ", "\\u0000alg", "algorithm"):
        lines.token(f"alg spelled {other!a}", group, "RFC 7515 4", "algorithm-not-accepted", secret(),
                    sign('{"typ":"JWT","%s":"HS256"}' % other))
    for first, second in (("none", "HS256"), ("HS256", "none"), ("HS256", "HS256")):
        lines.token(f"alg twice: {first}, {second}", group, "RFC 7515 4", "malformed-header", secret(),
                    sign('{"typ":"JWT","alg":"%s","alg":"%s"}' % (first, second)))
    lines.token("alg twice, once in escapes", group, "RFC 7515 4", "malformed-header", secret(),
                sign('{"typ":"JWT","alg":"HS256","\\u0061lg":"none"}'))


def alg_unknown(lines):
    group = "alg unknown"
    for name in ("hs256", "Hs256", "HS256 ", " HS256", "HS256\x00", "HS256\x00none", "HS256\n", "HS-256", "HS1", "HS224", "HS256/64", "HMAC",
                 "SHA256", "\uff28S256", "HS2\u066056", "HS0256", "HS256.", "HS512/256", "hmac-sha256"):
        lines.token(f"{name!a}", group, "RFC 7515 4.1.1", "algorithm-not-accepted", secret(), sign(header(name)))
    for name in ("ES256K", "RS1", "RSA", "RSA1_5", "RSA-OAEP", "dir", "A128GCM", "ES256K1", "EdDSA", "ES256", "PS256", "XMSS", "ML-DSA-65",
                 "rs256", "RS256 "):
        lines.token(f"{name!a} for RS256", group, "RFC 7518 3.1", "algorithm-not-accepted", key("RS256"),
                    sign(header(name), by=signer("RS256")))
    k256 = Ec("k256", K256)
    for name, code in (("ES256K", "algorithm-not-accepted"), ("ES256", "unsupported-key")):
        lines.token(f"{name} of secp256k1", group, "RFC 8812 3.2", code, ("key", "secp256k1", ec_pem(K256, k256.q)),
                    sign(header(name), by=lambda m: k256.sign(m, "256")), options=options("ES256"))
    lines.token("ES256 with a secp256k1 key", group, "RFC 7518 3.4", "unsupported-key", ("key", "secp256k1", ec_pem(K256, k256.q)),
                sign(header("ES256"), by=lambda m: k256.sign(m, "256")), options=options("ES256"))


def public_forms():
    """Everything that somebody may take for the HMAC secret who has the public key."""
    spki = rsa_spki(RSA.n, RSA.e)
    text = rsa_pem(RSA.n, RSA.e)
    jwk = rsa_jwk(RSA.n, RSA.e)
    return {
        "PEM": text, "PEM without its last newline": text.rstrip("\n"), "PEM with another newline": text + "\n",
        "PEM with CR LF": pem("PUBLIC KEY", spki, "\r\n"), "PEM with a space before": " " + text, "PEM in one line": text.replace("\n", ""),
        "PEM with literal \\n": text.replace("\n", "\\n"),
        "PEM of PKCS#1": pem("RSA PUBLIC KEY", rsa_pkcs1(RSA.n, RSA.e)), "PEM of a certificate": pem("CERTIFICATE", certificate(spki)),
        "DER": spki, "DER of PKCS#1": rsa_pkcs1(RSA.n, RSA.e), "JWK": jwk, "JWK with a newline": jwk + "\n", "JWK with a newline before": "\n" + jwk,
        "JWK with spaces": jwk.replace(":", ": ").replace(",", ", "), "JWK Set": '{"keys":[%s]}' % jwk,
        "JWK Set with spaces before": ' \t{"keys": [ %s ]}' % jwk, "base64 of the DER": "".join(text.split("\n")[1:-2]),
        "the modulus": RSA.n.to_bytes(256, "big"), "the modulus in base64url": b64u(RSA.n.to_bytes(256, "big")),
    }


# What no configuration can tell from a secret.
JUST_BYTES = ("base64 of the DER", "the modulus", "the modulus in base64url")


def public_key_as_secret(lines):
    group, source = "HMAC with the public key", "RFC 8725 2.1"
    for name, form in public_forms().items():
        token = sign(by=hs(text=form))
        lines.token(f"{name}, for a key", group, source, "algorithm-not-accepted", key("RS256"), token)
        lines.token(f"{name}, for a JWK", group, source, "algorithm-not-accepted", ("key", "rsa jwk", rsa_jwk(RSA.n, RSA.e)), token)
        lines.token(f"{name}, for a key and HS256", group, source, "key-algorithm-mismatch", key("RS256"), token, options=options("HS256"))
        lines.token(f"{name}, as a JWS", group, source, "algorithm-not-accepted", key("RS256"), token, call="verify_jws")
        if name not in JUST_BYTES:
            lines.token(f"{name}, for itself as secret", group, source, "weak-secret", secret(form, f"secret: {name}"), token)
            lines.token(f"{name}, for itself as secret of a JWS", group, source, "weak-secret", secret(form, f"secret: {name}"), token,
                        call="verify_jws")
    for name in EC_NAMES + OKP_NAMES[1:]:
        form = key(name)[2]
        lines.token(f"PEM of {name}, for itself as secret", group, source, "weak-secret", secret(form, f"secret: {name}"),
                    sign(by=hs(text=form)))
        lines.token(f"JWK of {name}, for itself as secret", group, source, "weak-secret", secret(ring.jwk(name), f"secret: jwk {name}"),
                    sign(by=hs(text=ring.jwk(name))))
    spki = ec_spki(P256, point(P256, *ring.EC["ES256"].q))
    lines.token("DER of ES256, for itself as secret", group, source, "weak-secret", secret(spki, "secret: EC DER"), sign(by=hs(text=spki)))
    spki = okp_spki(ring.OKP["Ed25519"].curve, ring.OKP["Ed25519"].public)
    lines.token("DER of Ed25519, for itself as secret", group, source, "weak-secret", secret(spki, "secret: OKP DER"), sign(by=hs(text=spki)))


def other_family(lines):
    group, source = "key of another family", "RFC 8725 3.1"
    for name in NAMES:
        token = sign(header(name), by=signer(name))
        for other in ("HS256", "RS256", "ES256", "ES384", "ES512", "Ed25519", "Ed448"):
            fits = key(other) == key(name) or (name == "EdDSA" and other == "Ed448")
            if not fits:
                lines.token(f"{name} with the key of {other}", group, source, "key-algorithm-mismatch", key(other), token,
                            options=options(name))
    for name, other in (("ES256", "RS256"), ("PS256", "EdDSA"), ("EdDSA", "ES384")):
        lines.token(f"{name} accepted too, with the key of {other}", group, source, "key-algorithm-mismatch", key(other),
                    sign(header(name), by=signer(name)), options={"algorithms": [name, other]})
    token = sign(header("RS256"), by=signer("RS256"))
    lines.token("PS256 where RS256 signed", group, source, "bad-signature", key("RS256"), sign(header("PS256"), by=signer("RS256")),
                options=options("PS256"))
    lines.token("RS256 where PS256 signed", group, source, "bad-signature", key("RS256"), sign(header("RS256"), by=signer("PS256")))
    for digest in ("384", "512"):
        lines.token(f"RS256 where RS{digest} signed", group, source, "bad-signature", key("RS256"),
                    sign(header("RS256"), by=signer("RS" + digest)))
        lines.token(f"HS256 where HS{digest} signed", group, source, "bad-signature", secret(), sign(header(), by=hs(digest)))
        lines.token(f"HS256 where HS{digest} signed, cut", group, source, "bad-signature", secret(),
                    sign(header(), by=lambda m, d=digest: hs(d)(m)[:32]))
    lines.token("RS256 with another key", group, source, "bad-signature", ring.rsa_key(OTHER_RSA, "another rsa"), token)
    lines.token("HS256 with another secret", group, source, "bad-signature", secret(ring.OTHER_SECRET, "another secret"), sign())
    lines.token("Ed448 as Ed25519", group, "RFC 9864", "key-algorithm-mismatch", key("Ed448"), sign(header("Ed25519"), by=signer("Ed448")),
                options=options("Ed25519"))
    lines.token("Ed25519 as Ed448", group, "RFC 9864", "key-algorithm-mismatch", key("Ed25519"), sign(header("Ed448"), by=signer("Ed25519")),
                options=options("Ed448"))


def jwk_limits(lines):
    group = "what a JWK is for"
    rsa = lambda **members: ("key", "rsa jwk " + compact(members), ring.jwk("RS256", **members))  # noqa: E731
    rs, ps = (sign(header(name), by=signer(name)) for name in ("RS256", "PS256"))
    both = {"algorithms": ["RS256", "PS256"]}
    mismatch = "key-algorithm-mismatch"
    for members, source, for_rs, for_ps in (
            ({}, "RFC 7517 4.4", "ok", "ok"), ({"alg": "RS256"}, "RFC 7517 4.4", "ok", mismatch), ({"alg": "PS256"}, "RFC 7517 4.4", mismatch, "ok"),
            ({"alg": "RS512"}, "RFC 7517 4.4", mismatch, mismatch), ({"alg": "RSA-OAEP"}, "RFC 7517 4.4", mismatch, mismatch),
            ({"alg": "none"}, "RFC 7517 4.4", mismatch, mismatch), ({"alg": "rs256"}, "RFC 7517 4.4", "ok", mismatch),
            ({"alg": ""}, "RFC 7517 4.4", "ok", "ok"), ({"alg": None}, "RFC 7517 4.4", "ok", "ok"), ({"alg": "RSA"}, "RFC 7517 4.4", "ok", "ok"),
            ({"alg": "EC"}, "RFC 7517 4.4", mismatch, mismatch), ({"alg": "HS256"}, "RFC 7517 4.4", mismatch, mismatch),
            ({"use": "sig"}, "RFC 7517 4.2", "ok", "ok"), ({"use": "enc"}, "RFC 7517 4.2", mismatch, mismatch),
            ({"use": "Sig"}, "RFC 7517 4.2", "ok", "ok"), ({"use": ""}, "RFC 7517 4.2", "ok", "ok"), ({"use": None}, "RFC 7517 4.2", "ok", "ok"),
            ({"use": "tls"}, "RFC 7517 4.2", mismatch, mismatch),
            ({"key_ops": ["verify"]}, "RFC 7517 4.3", "ok", "ok"), ({"key_ops": ["encrypt", "verify"]}, "RFC 7517 4.3", "ok", "ok"),
            ({"key_ops": ["encrypt"]}, "RFC 7517 4.3", mismatch, mismatch), ({"key_ops": []}, "RFC 7517 4.3", "ok", "ok"),
            ({"key_ops": "verify"}, "RFC 7517 4.3", "ok", "ok"), ({"key_ops": "encrypt"}, "RFC 7517 4.3", mismatch, mismatch),
            ({"key_ops": ["verify", 1]}, "RFC 7517 4.3", "ok", "ok"), ({"key_ops": ["verify", "verify"]}, "RFC 7517 4.3", "ok", "ok"),
            ({"key_ops": ["verify", "x", "x"]}, "RFC 7517 4.3", "ok", "ok"), ({"use": "sig", "key_ops": ["encrypt"]}, "RFC 7517 4.3", mismatch, mismatch),
            ({"use": "sig", "key_ops": ["verify", "deriveBits"]}, "RFC 7517 4.3", "ok", "ok"), ({"key_ops": [1]}, "RFC 7517 4.3", mismatch, mismatch),
            ({"key_ops": ["Verify"]}, "RFC 7517 4.3", mismatch, mismatch), ({"key_ops": ["sign"]}, "RFC 7517 4.3", mismatch, mismatch),
            ({"use": "enc", "key_ops": ["verify"]}, "RFC 7517 4.3", mismatch, mismatch),
            ({"use": "sig", "key_ops": ["verify", "sign", "of my own"]}, "RFC 7517 4.3", "ok", "ok"),
            ({"kid": "x", "x5u": "https://example.org/", "ext": True}, "RFC 7517 4", "ok", "ok")):
        lines.token(f"{compact(members)} and RS256", group, source, for_rs, rsa(**members), rs, options=both)
        lines.token(f"{compact(members)} and PS256", group, source, for_ps, rsa(**members), ps, options=both)
    for members in ({"alg": 5}, {"alg": ["RS256"]}, {"use": 1}, {"use": ["sig"]}, {"key_ops": {}}, {"key_ops": True}):
        lines.token(f"{compact(members)}", group, "RFC 7517 4", "malformed-key", rsa(**members), rs)
    # Without alg the caller says what is accepted, never the token: RS256, unless told otherwise.
    lines.token("RS256 and no alg", group, "RFC 8725 3.1", "ok", rsa(), rs, call="verify_jws")
    lines.token("PS256 and no alg", group, "RFC 8725 3.1", "algorithm-not-accepted", rsa(), ps, call="verify_jws")
    lines.token("PS256 and alg RS256", group, "RFC 8725 3.1", "algorithm-not-accepted", rsa(alg="RS256"), ps, call="verify_jws")
    lines.token("PS256 and alg PS256", group, "RFC 8725 3.1", "ok", rsa(alg="PS256"), ps, call="verify_jws")
    lines.token("HS256 and no alg", group, "RFC 8725 3.1", "algorithm-not-accepted", rsa(), sign(by=hs(text=ring.jwk("RS256"))),
                call="verify_jws")
    ec = ("key", "ec jwk", ring.jwk("ES256"))
    lines.token("ES256 and no alg", group, "RFC 8725 3.1", "algorithm-not-accepted", ec, sign(header("ES256"), by=signer("ES256")),
                call="verify_jws")
    for name in ("ES384", "ES512"):
        lines.token(f"P-256 that says {name}", group, "RFC 7518 3.4", mismatch, ("key", "ec jwk " + name, ring.jwk("ES256", alg=name)),
                    sign(header("ES256"), by=signer("ES256")), options=options("ES256"))
    for crv, other in (("P-384", "ES256"), ("secp256k1", "ES256"), ("p-256", "ES256"), ("Ed25519", "ES256"), ("", "ES256")):
        q = ring.EC[other].q
        text = compact({"kty": "EC", "crv": crv, "x": coordinate(q[0], P256), "y": coordinate(q[1], P256)})
        lines.token(f"crv {crv!a} for a point of P-256", group, "RFC 7518 6.2.1", "malformed-key" if crv == "P-384" else "unsupported-key",
                    ("key", f"crv {crv}", text), sign(header("ES256"), by=signer("ES256")), options=options("ES256"))


def hmac_secrets(lines):
    group = "HMAC secrets"
    for text, name in (("", "empty"), ("<no value>", "template's left-over"), ("{{ .Values.secret }}", "template"), ("${APP_SECRET}", "variable")):
        lines.token(f"{name}", group, "RFC 8725 3.5", "weak-secret", secret(text, name), sign(by=hs(text=text)))
        lines.token(f"{name}, as a JWS", group, "RFC 8725 3.5", "weak-secret", secret(text, name), sign(by=hs(text=text)), call="verify_jws")
    for digest, size in (("256", 32), ("384", 48), ("512", 64)):
        for length in (1, size - 1, size, size + 1, 200):
            text = SECRET[:1] * length if length == 1 else (SECRET * 2)[:length]
            token = sign(header("HS" + digest), by=hs(digest, text))
            name = f"HS{digest}, {length} bytes"
            lines.token(name, group, "RFC 7518 3.2", "ok", secret(text, f"{length} bytes"), token, options=options("HS" + digest))
            lines.token(f"{name}, strict", group, "RFC 7518 3.2", "ok" if length >= size else "weak-secret", secret(text, f"{length} bytes"),
                        token, options={"algorithms": ["HS" + digest], "strict_secrets": True})
    # A secret is its bytes, whatever they look like.
    for text, name in (("\x00" * 32, "NULs"), (SECRET + "\n", "newline at its end"), (SECRET + "\x00", "NUL at its end"), (" " + SECRET, "space before"),
                       ("{not JSON", "a brace"), ('{"a":1}', "JSON, but no JWK"), ("\u00e9" * 20, "UTF-8")):
        lines.token(f"{name}", group, "RFC 7518 3.2", "ok", secret(text, "secret with " + name), sign(by=hs(text=text)))
    for text, name in ((SECRET + "\n", "newline"), (SECRET + "\x00", "NUL"), (SECRET[:-1], "one byte less"), (SECRET.upper(), "upper case")):
        lines.token(f"signed with {name}", group, "RFC 7518 3.2", "bad-signature", secret(), sign(by=hs(text=text)))
    # RFC 2104: a key is filled up with zeros to the block, and a longer one is hashed: known twins of the same HMAC.
    lines.token("a twin that ends in NUL", group, "RFC 2104 2", "ok", secret("a" * 40, "40 bytes a"), sign(by=hs(text="a" * 40 + "\x00")))
    for members, code, name in (
            ({"k": b64u(SECRET)}, "ok", "k"), ({"k": b64u(SECRET), "alg": "HS256"}, "ok", "alg HS256"),
            ({"k": b64u(SECRET), "alg": "HS384"}, "key-algorithm-mismatch", "alg HS384"), ({"k": b64u(SECRET), "use": "enc"}, "key-algorithm-mismatch", "use enc"),
            ({"k": b64u(SECRET), "key_ops": ["sign"]}, "ok", "key_ops sign"), ({"k": b64u(SECRET), "key_ops": ["deriveKey"]}, "key-algorithm-mismatch", "key_ops deriveKey"),
            ({"k": ""}, "weak-secret", "k empty"), ({}, "weak-secret", "no k"), ({"k": 5}, "weak-secret", "k a number"), ({"k": None}, "weak-secret", "k null"),
            ({"k": b64u(SECRET) + "="}, "weak-secret", "k padded"), ({"k": b64u(SECRET) + "\n"}, "weak-secret", "k with a newline"),
            ({"k": " " + b64u(SECRET)}, "weak-secret", "k with a space"), ({"k": SECRET[:63] + "/"}, "weak-secret", "k in base64"),
            ({"k": b64u("<no value>")}, "weak-secret", "k a template's left-over"), ({"k": b64u(SECRET), "alg": None}, "ok", "alg null"), ({"k": b64u(SECRET), "alg": 5}, "weak-secret", "alg a number")):
        lines.token(f"oct JWK, {name}", group, "RFC 7518 6.4", code, secret(compact({"kty": "oct", **members}), "oct " + name), sign())
    lines.token("oct JWK with k twice", group, "RFC 7517 4", "weak-secret",
                secret('{"kty":"oct","k":"%s","k":"%s"}' % (b64u("x" * 32), b64u(SECRET)), "oct twice"), sign())
    lines.token("oct JWK whose text signs", group, "RFC 7518 6.4", "bad-signature", secret(compact({"kty": "oct", "k": b64u(SECRET)}), "oct k"),
                sign(by=hs(text=compact({"kty": "oct", "k": b64u(SECRET)}))))
    oct_key = ("key", "oct as key", compact({"kty": "oct", "k": b64u(SECRET)}))
    lines.token("oct JWK as key", group, "RFC 7518 6.4", "ok", oct_key, sign())
    lines.token("oct JWK as key, as a JWS", group, "RFC 7518 6.4", "ok", oct_key, sign(), call="verify_jws")
    lines.token("oct JWK as key, for RS256", group, "RFC 8725 3.1", "key-algorithm-mismatch", oct_key, sign(header("RS256"), by=signer("RS256")),
                options=options("RS256"))


def embedded(lines):
    """RFC 7515 section 10.3 and RFC 8725 section 3.10: what the token itself says of its key is not believed, and not followed."""
    group = "embedded keys"
    attacker = OTHER_RSA
    spki = rsa_spki(attacker.n, attacker.e)
    chain = [__import__("base64").b64encode(certificate(spki)).decode()]
    import json
    public = json.loads(rsa_jwk(attacker.n, attacker.e, kid="attacker"))
    bring = {
        "jwk": {"jwk": public}, "jwk with private numbers": {"jwk": {**public, "d": b64u(b"\x01" * 256)}},
        "oct jwk": {"jwk": {"kty": "oct", "k": b64u(ring.OTHER_SECRET)}},
        "jku": {"jku": "https://attacker.example/jwks.json"}, "jku to a file": {"jku": "file:///etc/passwd"},
        "x5u": {"x5u": "https://attacker.example/chain.pem"}, "x5c": {"x5c": chain}, "x5t": {"x5t": b64u(b"\x00" * 20)},
        "x5t#S256": {"x5t#S256": b64u(b"\x00" * 32)}, "jwk and kid": {"jwk": public, "kid": "attacker"},
        "jwk null": {"jwk": None}, "jku a number": {"jku": 5}, "x5c a string": {"x5c": "MIIB"}, "zip": {"zip": "DEF"},
        "epk and enc": {"epk": public, "enc": "A128GCM"},
    }
    for name, members in bring.items():
        by_attacker = sign(header("RS256", **members), by=lambda m: attacker.pkcs1("256", m))
        lines.token(f"{name}, signed by the attacker", group, "RFC 7515 10.3", "bad-signature", key("RS256"), by_attacker)
        lines.token(f"{name}, signed by the key", group, "RFC 7515 4.1", "ok", key("RS256"), sign(header("RS256", **members), by=signer("RS256")))
        lines.token(f"{name}, signed with another secret", group, "RFC 7515 10.3", "bad-signature", secret(),
                    sign(header(**members), by=hs(text=ring.OTHER_SECRET)))
    lines.token("jwk for a secret that is its PEM", group, "RFC 8725 2.1", "bad-signature", secret(),
                sign(header(jwk=public), by=hs(text=rsa_pem(attacker.n, attacker.e))))


def critical(lines):
    group, source = "crit and b64", "RFC 7515 4.1.11"
    values = ['["exp"]', '["b64"]', "[]", '"b64"', "null", "{}", "true", "0", '["alg"]', '["typ"]', '[""]', "[1]", '["exp","exp"]', '["crit"]',
              '["http://example.invalid/UNDEFINED"]', '["b64",null]']
    for value in values:
        lines.token(f"crit is {value}", group, source, "unsupported-critical", secret(), sign('{"typ":"JWT","alg":"HS256","exp":1,"crit":%s}' % value))
    lines.token("crit spelled in escapes", group, source, "unsupported-critical", secret(),
                sign('{"typ":"JWT","alg":"HS256","\\u0063rit":["exp"],"exp":1}'))
    lines.token("crit for a public key", group, source, "unsupported-critical", key("RS256"),
                sign({**header("RS256"), "crit": ["exp"], "exp": 1}, by=signer("RS256")))
    lines.token("crit with alg none", group, source, "unsupported-critical", secret(), sign(header("none", crit=["b64"]), by=ring.no_signature))
    lines.token("Crit is another member", group, source, "ok", secret(), sign(header(Crit=["exp"])))
    lines.token("an unknown member is ignored", group, "RFC 7515 4", "ok", secret(), sign(header(exp=1, iss="x", **{"http://example.com/x": [1]})))
    for call in ("verify", "verify_jws"):
        lines.token(f"b64 false with crit, {call}", group, "RFC 7797 6", "unsupported-critical", secret(), sign(header(b64=False, crit=["b64"])),
                    call=call)
        lines.token(f"b64 false without crit, {call}", group, "RFC 7797 6", "unsupported-critical", secret(), sign(header(b64=False)), call=call)
        lines.token(f"b64 true with crit, {call}", group, "RFC 7797 6", "unsupported-critical", secret(), sign(header(b64=True, crit=["b64"])),
                    call=call)
    for payload, code in (("payloads", "unsupported-critical"), ("$ 02", "malformed-token")):
        message = ring.part(header(b64=False, crit=["b64"])) + "." + payload
        lines.token(f"b64 false with {payload!a} as it is", group, "RFC 7797 4", code, secret(), message + "." + b64u(hs()(message.encode())),
                    call="verify_jws")


def make(lines):
    every_algorithm(lines)
    alg_none(lines)
    alg_unknown(lines)
    public_key_as_secret(lines)
    other_family(lines)
    jwk_limits(lines)
    hmac_secrets(lines)
    embedded(lines)
    critical(lines)
