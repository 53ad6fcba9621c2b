# SPDX-License-Identifier: MIT
"""NIST's, the RFCs' and others' vectors, from the forms in which other projects ship them, as lines."""

import json
import re

import ring
from arithmetic import ED25519, ED448, P256, P384, P521, Ec
from texts import b64u, compact, ec_jwk, ec_pem, okp_pem, rsa_pem

NIST_CURVES = {"P-256": (P256, "SHA-256", "ES256"), "P-384": (P384, "SHA-384", "ES384"), "P-521": (P521, "SHA-512", "ES512")}
SHA = {"SHA256": "256", "SHA384": "384", "SHA512": "512"}


def records(path):
    """The "name = value" lines of a response file: a dict for each run of them between empty lines, and "[...]" lines as they are."""
    record = {}
    with open(path, encoding="latin-1") as text:
        for line in list(text) + [""]:
            line = line.strip()
            if line.startswith("#"):
                continue
            if not line or line.startswith("["):
                if record:
                    yield record
                record = {}
                if line:
                    yield line[1:-1]
                continue
            name, _, value = line.partition("=")
            if name.strip() in record:  # the next one, without an empty line between
                yield record
                record = {}
            record[name.strip()] = value.strip()


def nist_rsa(lines, path, pss_salt=None):
    """SigVer15, SigVer15EM, SigVerPSS, SigGen15 and SigGenPSS."""
    file = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    n = e = None
    for index, record in enumerate(records(path)):
        if isinstance(record, str):
            continue
        if "n" in record:
            n = int(record["n"], 16)
        if "e" in record:
            e = int(record["e"], 16)
        if "S" not in record or record["SHAAlg"] not in SHA or n.bit_length() < 1536:
            continue
        digest = SHA[record["SHAAlg"]]
        signature = bytes.fromhex(record["S"])
        holds = record.get("Result", "P").startswith("P")
        code = "ok" if holds else "bad-signature"
        if pss_salt is not None and pss_salt != int(digest) // 8:
            code = "bad-signature"
        # The shortest moduli are too short here, and some exponents larger than any that is accepted.
        if n.bit_length() < 2048 or e.bit_length() > 64 or e % 2 == 0:
            code = "weak-key"
        signature = signature.rjust((n.bit_length() + 7) // 8, b"\x00")
        why = re.sub(r".*\(|\).*", "", record.get("Result", "")).strip()
        lines.signature(f"{file} {index}: {n.bit_length()} bits{', ' + why if why else ''}", f"NIST {file}", "NIST CAVP", code,
                        ("key", f"n{ring.digest_name(rsa_pem(n, e))}", rsa_pem(n, e)), ("PS" if pss_salt is not None else "RS") + digest,
                        bytes.fromhex(record["Msg"]), signature)


def nist_ecdsa(lines, path):
    file = path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    curve = None
    for index, record in enumerate(records(path)):
        if isinstance(record, str):
            name, _, digest = record.partition(",")
            curve, wanted, algorithm = NIST_CURVES.get(name, (None, None, None))
            if digest != wanted:
                curve = None
            continue
        if curve is None or "R" not in record:
            continue
        q = int(record["Qx"], 16), int(record["Qy"], 16)
        holds = record.get("Result", "P").startswith("P")
        raw = curve.raw(int(record["R"], 16), int(record["S"], 16))
        why = re.sub(r".*\(|\).*", "", record.get("Result", "")).strip()
        lines.signature(f"{file} {index}: {curve.jose}{', ' + why if why else ''}", f"NIST ECDSA {file}", "NIST CAVP",
                        "ok" if holds else "bad-signature" if curve.is_on(q) else "weak-key",
                        ("key", f"q{ring.digest_name(ec_pem(curve, q))}", ec_pem(curve, q)), algorithm, bytes.fromhex(record["Msg"]), raw)


def nist_points(lines, path):
    """PKV: public key validation."""
    curve = None
    for index, record in enumerate(records(path)):
        if isinstance(record, str):
            curve = NIST_CURVES.get(record, (None,))[0]
        elif curve is not None:
            x, y = int(record["Qx"], 16), int(record["Qy"], 16)
            why = re.sub(r".*\(|\).*", "", record["Result"]).strip()
            if max(x, y) >= 1 << 8 * curve.size:
                continue
            lines.key(f"PKV {index}: {curve.jose}, {why}", "NIST ECDSA PKV", "NIST CAVP", "ok" if record["Result"].startswith("P") else "weak-key",
                      ("key", f"point {index}", ec_jwk(curve, (x, y))))


def ed25519(lines, path):
    """The reference implementation's thousand: private and public key, public key, message, signature and message. The first of them are RFC 8032's."""
    with open(path, encoding="ascii") as text:
        for index, line in enumerate(text):
            _, public, message, signed = line.strip().split(":")[:4]
            if index < 64 or index % 16 == 15:
                data = okp_pem(ED25519, bytes.fromhex(public))
                lines.signature(f"sign.input {index}", "Ed25519 reference", "RFC 8032 7.1" if index in (0, 1, 2, 1023) else "ed25519.cr.yp.to", "ok",
                                ("key", f"p{public[:16]}", data), "EdDSA" if index % 2 else "Ed25519", bytes.fromhex(message), bytes.fromhex(signed)[:64])


def ed448(lines, path):
    for record in records(path):
        if isinstance(record, dict) and "SIGNATURE" in record:
            public = bytes.fromhex(record["PUBLIC"])
            count = record["COUNT"]
            code = "bad-signature" if "CONTEXT" in record else "ok"
            for algorithm in ("Ed448", "EdDSA"):
                lines.signature(f"Ed448 {count}, {algorithm}{', of a context' if code != 'ok' else ''}", "RFC 8032 Ed448", "RFC 8032 7.4", code,
                                ("key", f"p{record['PUBLIC'][:16]}", okp_pem(ED448, public)), algorithm, bytes.fromhex(record["MESSAGE"]), bytes.fromhex(record["SIGNATURE"]))


def hmac_4231(lines, path):
    digest = path[-7:-4]
    for index, record in enumerate(records(path)):
        if isinstance(record, dict) and "MD" in record:
            key = bytes.fromhex(record["Key"])
            lines.signature(f"HMAC-SHA-{digest} {index}", "RFC 4231", "RFC 4231 4", "ok", ("secret", f"secret {ring.digest_name(key)}", key), "HS" + digest,
                            bytes.fromhex(record["Msg"]), bytes.fromhex(record["MD"]))


# RFC 6979, appendices A.2.5 to A.2.7: private key, then r and s of "sample" and of "test" with the hash that JOSE has for the curve.
RFC_6979 = {
    P256: ("A.2.5", "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", {
        "sample": ("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716", "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"),
        "test": ("F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367", "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083")}),
    P384: ("A.2.6", "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D896D5724E4C70A825F872C9EA60D2EDF5", {
        "sample": ("94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46",
                   "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8"),
        "test": ("8203B63D3C853E8D77227FB377BCF7B7B772E97892A80F36AB775D509D7A5FEB0542A7F0812998DA8F1DD3CA3CF023DB",
                 "DDD0760448D42D8A43AF45AF836FCE4DE8BE06B485E9B61B827C2F13173923E06A739F040649A667BF3B828246BAA5A5")}),
    P521: ("A.2.7", "00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538", {
        "sample": ("00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
                   "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A"),
        "test": ("013E99020ABF5CEE7525D16B69B229652AB6BDF2AFFCAEF38773B4B7D08725F10CDB93482FDCC54EDCEE91ECA4166B2A7C6265EF0CE2BD7051B7CEF945BABD47EE6D",
                 "01FBD0013C674AA79CB39849527916CE301C66EA7CE8B80682786AD60F98F7E78A19CA69EFF5C57400E3B3A0AD66CE0978214D13BAF4E9AC60752F7B155E2DE4DCE3")}),
}


def rfc6979(lines):
    for curve, (section, secret, signatures) in RFC_6979.items():
        ec = Ec("", curve, int(secret, 16))
        algorithm = next(algorithm for other, _, algorithm in NIST_CURVES.values() if other is curve)
        for message, (r, s) in signatures.items():
            raw = curve.raw(int(r, 16), int(s, 16))
            if ec.sign(message.encode()) != raw:
                raise ValueError(f"RFC 6979 {section}: {message} signs to something else")
            lines.signature(f"{curve.jose}, \"{message}\"", "RFC 6979", f"RFC 6979 {section}", "ok", ("key", curve.jose, ec_pem(curve, ec.q)), algorithm, message.encode(), raw)


# JOSE's own examples, from the test vectors of Debian's source package "jose" (Latchset, Apache-2.0): the texts of the RFCs.

SIGNING = {"rfc7515_A.1": "HS256", "rfc7515_A.2": "RS256", "rfc7515_A.3": "ES256", "rfc7515_A.4": "ES512", "rfc7520_4.1": "RS256", "rfc7520_4.2": "PS384", "rfc7520_4.3": "ES512", "rfc7520_4.4": "HS256"}


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read().strip()


def part_of(name):
    number, _, section = name.partition("_")
    return f"RFC {number[3:]} {section}"


def jose(lines, raw, folder):
    group = "RFC examples"
    for name, algorithm in SIGNING.items():
        token = read(f"{folder}/{name}.jwsc")
        jwk = json.loads(read(f"{folder}/{name}.jwk"))
        text = compact(jwk)
        key = ("secret" if jwk["kty"] == "oct" else "key", name, text)
        source = part_of(name)
        options = {"algorithms": [algorithm]}
        lines.token(f"{source}, {algorithm}", group, source, "ok", key, token, call="verify_jws", options=options)
        head, payload, signature = token.split(".")
        lines.token(f"{source}, changed", group, source, "bad-signature", key, f"{head}.{payload[:-1]}{'A' if payload[-1] != 'A' else 'Q'}.{signature}" if len(payload) % 4 == 0 else f"{head}.AAAA{payload[4:]}.{signature}",
                    call="verify_jws", options=options)
        lines.token(f"{source}, payload detached", group, source, "bad-signature", key, f"{head}..{signature}", call="verify_jws", options=options)
        other = "HS256" if algorithm[0] != "H" else "RS256"
        if key[0] == "key":
            lines.token(f"{source}, where {other} is accepted", group, source, "algorithm-not-accepted", key, token, call="verify_jws", options={"algorithms": [other]})
        public = {member: value for member, value in jwk.items() if member not in ("d", "p", "q", "dp", "dq", "qi")}
        if key[0] == "key":
            lines.token(f"{source}, public JWK with alg", group, source, "ok", ("key", name + " public", compact({**public, "alg": algorithm})), token, call="verify_jws")
            lines.token(f"{source}, the JWK's text as HMAC secret", group, source, "algorithm-not-accepted", ("secret", name + " public", compact({**public, "alg": algorithm})), token, call="verify_jws")
    first = json.loads(read(f"{folder}/rfc7515_A.1.jwk"))
    for now, code in ((1300819379, "ok"), (1300819380, "expired")):
        lines.token(f"RFC 7515 A.1 as a JWT at {now}", group, "RFC 7519 3.1", code, ("secret", "rfc7515_A.1", compact(first)), read(f"{folder}/rfc7515_A.1.jwsc"),
                    options={"now": now, "accepted_types": ["*"], "accepted_issuers": ["joe"]})
    # A.5: unsecured, and refused whoever is asked.
    unsecured = read(f"{folder}/rfc7515_A.5.jwsc")
    for call in ("verify", "verify_jws"):
        for key in (ring.secret(), ring.key("RS256"), ring.key("ES256")):
            lines.token(f"RFC 7515 A.5, unsecured, {call}, {key[1]}", group, "RFC 7515 A.5", "algorithm-not-accepted", key, unsecured, call=call,
                        options={"algorithms": ["ES256"]} if key[1] == "P-256" and call == "verify_jws" else {"accepted_types": ["*"]} if call == "verify" else None)
    for name, key_name in (("rfc7515_A.6.jwsg", "rfc7515_A.6.1.jwk"), ("rfc7515_A.7.jwsf", "rfc7515_A.7.jwk"), ("rfc7520_4.1.jwsf", "rfc7520_4.1.jwk"), ("rfc7520_4.1.jwsg", "rfc7520_4.1.jwk"), ("rfc7520_4.6.jwsf", "rfc7520_4.6.jwk"),
                           ("rfc7520_4.7.jwsf", "rfc7520_4.7.jwk"), ("rfc7520_4.8.jwsg", "rfc7520_4.8.1.jwk")):
        jwk = json.loads(read(f"{folder}/{key_name}"))
        # Dots within the JSON decide which shape it is taken for.
        lines.token(f"{part_of(name)[:-5]}, {name[-4:]}", group, part_of(name)[:-5], "refused" if "4.8" in name else "malformed-token", ("secret" if jwk["kty"] == "oct" else "key", key_name, compact(jwk)), read(f"{folder}/{name}"), call="verify_jws",
                    options={"algorithms": [{"oct": "HS256", "RSA": "RS256", "EC": "ES256"}[jwk["kty"]]]})
    detached = json.loads(read(f"{folder}/rfc7520_4.5.jwk"))
    token = read(f"{folder}/rfc7520_4.5.jwsc")
    lines.token("RFC 7520 4.5, detached", group, "RFC 7520 4.5", "bad-signature", ("secret", "rfc7520_4.5", compact(detached)), token, call="verify_jws")
    head, _, signature = token.split(".")
    lines.token("RFC 7520 4.5, attached again", group, "RFC 7520 4.5", "ok", ("secret", "rfc7520_4.5", compact(detached)), f"{head}.{b64u(read(folder + '/rfc7520_4.5.payl'))}.{signature}", call="verify_jws")
    for section in ("5.1", "5.2", "5.3", "5.4", "5.5", "5.6", "5.7", "5.8", "5.9"):
        for call in ("verify", "verify_jws"):
            lines.token(f"RFC 7520 {section}, encrypted, {call}", group, f"RFC 7520 {section}", "encrypted-token", ring.key("RS256"), read(f"{folder}/rfc7520_{section}.jwec"), call=call)
    # Keys by themselves.
    thumbprint = read(f"{folder}/rfc7638_3.1.thp")
    raw.key("RFC 7638 3.1", "RFC keys", "RFC 7638 3.1", "ok", ("key", "rfc7638", compact(json.loads(read(f"{folder}/rfc7638_3.1.jwk")))), thumbprint=thumbprint)
    for file, title in (("rfc7517_A.1.jwkset", "RFC 7517 A.1"), ("rfc7517_A.2.jwkset", "RFC 7517 A.2"), ("rfc7517_A.3.jwkset", "RFC 7517 A.3")):
        for index, jwk in enumerate(json.loads(read(f"{folder}/{file}"))["keys"]):
            role = "secret" if jwk["kty"] == "oct" else "key"
            # The first of A.3 is for key wrap, which is no reason not to load it; k has 16 bytes.
            raw.key(f"{title}, key {index + 1}", "RFC keys", title, "ok", (role, f"{title} {index}", compact(jwk)), **({"thumbprint": thumbprint} if jwk["kty"] == "RSA" else {}))
    raw.key("RFC 7517 B", "RFC keys", "RFC 7517 B", "ok", ("key", "RFC 7517 B", compact(json.loads(read(f"{folder}/rfc7517_B.jwk")))))
    for section in ("3.1", "3.2", "3.3", "3.4", "3.5", "3.6"):
        jwk = json.loads(read(f"{folder}/rfc7520_{section}.jwk"))
        raw.key(f"RFC 7520 {section}", "RFC keys", f"RFC 7520 {section}", "ok", ("secret" if jwk["kty"] == "oct" else "key", f"RFC 7520 {section}", compact(jwk)))


def cookbook(lines, raw, folder):
    """The cookbook's JSON that lies in ../shared too: RFC 8037 and RFC 7797."""
    with open(f"{folder}/curve25519/jws.json", encoding="utf-8") as text:
        okp = json.load(text)
    jwk = okp["input"]["key"]
    token = okp["output"]["compact"]
    group, source = "RFC examples", "RFC 8037 A.4"
    for algorithm in ("EdDSA", "Ed25519"):
        code = "ok" if algorithm == "EdDSA" else "algorithm-not-accepted"
        lines.token(f"RFC 8037 A.4, {algorithm} accepted", group, source, code, ("key", "RFC 8037", compact(jwk)), token, call="verify_jws", options={"algorithms": [algorithm]})
    lines.token("RFC 8037 A.4, changed", group, source, "bad-signature", ("key", "RFC 8037", compact(jwk)), token[:-4] + "AAAA", call="verify_jws", options={"algorithms": ["EdDSA"]})
    raw.key("RFC 8037 A.3", "RFC keys", "RFC 8037 A.3", "ok", ("key", "RFC 8037", compact({k: jwk[k] for k in ("kty", "crv", "x")})), thumbprint="kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    with open(f"{folder}/rfc7797/4.2.hmac-sha2_b64_false.json", encoding="utf-8") as text:
        document = json.load(text)
    secret = ("secret", "RFC 7797", compact(document["input"]["key"]))
    head = document["signing"]["protected_b64u"]
    signature = document["signing"]["sig"]
    for name, payload, code in (("as it is", document["input"]["payload"], "malformed-token"), ("in base64url", b64u(document["input"]["payload"]), "unsupported-critical"), ("detached", "", "unsupported-critical")):
        lines.token(f"RFC 7797 4.2, payload {name}", group, "RFC 7797 4.2", code, secret, f"{head}.{payload}.{signature}", call="verify_jws")
