# SPDX-License-Identifier: MIT
"""Tokens about the compact serialization: parts, base64url, sizes."""

import ring
from ring import claims, header, hs, key, part, secret, sign, signer
from texts import b64u, compact

MAX_LENGTH = 16 * 1024
# Of RFC 7516 appendix A.1: five parts.
JWE = ("eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcS"
       "r4qKAq7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaVmqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56Y"
       "J7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQr66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TAvtu6UG9oMo4v"
       "pzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A.XFBoMYUZodetZdvTiFvSkQ")


def split_token(token):
    return token.split(".")


def parts(lines):
    group = "parts"
    token = sign()
    head, payload, signature = split_token(token)

    def case(name, text, code="malformed-token", source="RFC 7515 7.1"):
        for call in ("verify", "verify_jws"):
            lines.token(f"{name}, {call}", group, source, code, secret(), text, call=call)
        lines.token(f"{name}, inspect", group, source, code, None, text, call="inspect")

    case("empty", "")
    case("one part", head)
    case("two parts", f"{head}.{payload}")
    case("four parts", f"{token}.{signature}")
    case("four parts, the last empty", token + ".")
    case("a dot before", "." + token)
    case("dots doubled", token.replace(".", ".."))
    case("five parts: a JWE", JWE, "encrypted-token", "RFC 7516 9")
    case("five parts: a token and two more", token + ".a.b")
    case("five parts, all empty", "....")
    case("six parts", token + ".a.b.c")
    case("one dot", ".")
    case("two dots", "..", "malformed-header")
    case("three dots", "...")
    case("thousands of dots", [(".", 16000)])
    case("dots up to the limit", [(".", MAX_LENGTH)])
    case("dots beyond the limit", [(".", MAX_LENGTH + 1)], "token-too-large", "design")
    case("thousands of parts", [("a.", 8000)])
    case("empty header", f".{payload}.{signature}", "malformed-header")
    case("a space", " ")
    case("Bearer before it", "Bearer " + token)
    case("quotes around it", f'"{token}"')
    case("a comma and another", f"{token},{token}")
    case("JSON, flattened", compact({"protected": head, "payload": payload, "signature": signature}), source="RFC 7515 7.2.2")
    case("JSON, general", compact({"payload": payload, "signatures": [{"protected": head, "signature": signature}]}), source="RFC 7515 7.2.1")
    case("JSON with three parts by its dots", '{"protected":"a.b.c"}')
    case("backslashes for dots", token.replace(".", "\\"))
    case("commas for dots", token.replace(".", ","))
    case("escaped dots", token.replace(".", "%2E"))
    case("full stops of other scripts", token.replace(".", "\uff0e"))
    for name, text in (("detached payload", f"{head}..{signature}"), ("detached signature", f"{head}.{payload}.")):
        lines.token(name, group, "RFC 7515 F", "bad-signature", secret(), text)
        lines.token(f"{name}, as a JWS", group, "RFC 7515 F", "bad-signature", secret(), text, call="verify_jws")
    empty = sign(payload="")
    lines.token("empty payload", group, "RFC 7519 7.2", "malformed-payload", secret(), empty)
    lines.token("empty payload, as a JWS", group, "RFC 7515 5.2", "ok", secret(), empty, call="verify_jws", payload="")
    lines.token("empty payload, inspect", group, "RFC 7519 7.2", "malformed-payload", None, empty, call="inspect")
    lines.token("a good token, inspect", group, "design", "ok", None, token, call="inspect")
    lines.token("a token that nobody signed, inspect", group, "design", "ok", None, f"{head}.{payload}.", call="inspect")
    lines.token("nested: the payload is a token", group, "RFC 7519 5.2", "malformed-payload", secret(),
                sign(header(cty="JWT"), token))
    lines.token("nested, as a JWS", group, "RFC 7515 5.2", "ok", secret(), sign(header(cty="JWT"), token), call="verify_jws", payload=token)
    for other in ("two tokens of one key", sign(payload=claims(room="room2"))),:
        swapped = ".".join((head, split_token(other[1])[1], signature))
        lines.token("payload of another token", group, "RFC 7515 5.2", "bad-signature", secret(), swapped)
        lines.token("signature of another token", group, "RFC 7515 5.2", "bad-signature", secret(),
                    ".".join((head, payload, split_token(other[1])[2])))
    for text, name in ((f"{payload}.{head}.{signature}", "header and payload exchanged"), (f"{signature}.{payload}.{head}", "signature first")):
        code = "algorithm-not-accepted" if name.startswith("header") else "malformed-header"
        lines.token(name, group, "RFC 7515 7.1", code, secret(), text)


def base64url(lines):
    group = "base64url"
    # Payload and signature of one length each, so that each kind of rest (0, 2 and 3 characters) comes up.
    payloads = {len(part(claims(x="x" * i))) % 4: claims(x="x" * i) for i in range(3)}
    by_rest = {rest: sign(payload=payload) for rest, payload in payloads.items()}
    token = by_rest[2]

    def damage(name, change, source="RFC 7515 2", code="malformed-token"):
        for index, where in enumerate(("header", "payload", "signature")):
            pieces = split_token(token)
            pieces[index] = change(pieces[index])
            lines.token(f"{name} in the {where}", group, source, code, secret(), ".".join(pieces))
        lines.token(f"{name}, as a JWS", group, source, code, secret(), ".".join(pieces), call="verify_jws")
        lines.token(f"{name}, inspect", group, source, code, None, ".".join(pieces), call="inspect")

    for padding in ("=", "==", "===", "%3D", "%3D%3D", "\uff1d"):
        damage(f"{padding!a} behind", lambda p, x=padding: p + x)
    damage("padding to a multiple of four", lambda p: p + "=" * (-len(p) % 4 or 4))
    damage("padding before", lambda p: "=" + p)
    damage("padding in the middle", lambda p: p[:4] + "=" + p[4:])
    spaces = {"space": " ", "tab": "\t", "newline": "\n", "CR": "\r", "CR LF": "\r\n", "vertical tab": "\v", "form feed": "\f", "NUL": "\x00",
              "no-break space": "\u00a0", "zero-width space": "\u200b", "byte order mark": "\ufeff", "line separator": "\u2028", "DEL": "\x7f"}
    for name, space in spaces.items():
        damage(f"{name} behind", lambda p, x=space: p + x)
        damage(f"{name} before", lambda p, x=space: x + p)
        damage(f"{name} within", lambda p, x=space: p[:5] + x + p[5:])
    for character in "+/,!\"#$%&'()*:;<>?@[]^`{|}~\\":
        damage(f"{character} for a character", lambda p, x=character: p[:3] + x + p[4:])
    for name, character in {"Cyrillic a": "\u0430", "fullwidth A": "\uff21", "Greek Alpha": "\u0391", "e with acute": "\u00e9", "hyphen": "\u2010",
                            "minus sign": "\u2212", "fullwidth low line": "\uff3f", "Arabic digit one": "\u0661", "emoji": "\U0001f600",
                            "mathematical A": "\U0001d400"}.items():
        damage(f"{name} for a character", lambda p, x=character: p[:3] + x + p[4:])
    for byte in ("80", "ff", "c1", "e9", "fe"):
        pieces = split_token(token)
        for index, where in enumerate(("header", "payload", "signature")):
            before = ".".join(pieces[:index] + [pieces[index][:4]])
            after = ".".join([pieces[index][5:]] + pieces[index + 1:])
            lines.token(f"byte {byte} in the {where}", group, "RFC 7515 2", "malformed-token", secret(), [before, {"hex": byte}, after])
    damage("percent encoding", lambda p: "%" + p[0].encode().hex() + p[1:])
    damage("a length that no bytes have", lambda p: p[:len(p) // 4 * 4] + "A")

    # The same bytes in base64 proper: where - or _ stands.
    for attempt in range(200):
        other = sign(payload=claims(x=attempt, y="??>>~~\u00ff"))
        pieces = split_token(other)
        if all("-" in p or "_" in p for p in pieces[1:]):
            break
    for index, where in ((1, "payload"), (2, "signature")):
        changed = list(pieces)
        changed[index] = changed[index].replace("-", "+").replace("_", "/")
        lines.token(f"base64's alphabet in the {where}", group, "RFC 4648 5", "malformed-token", secret(), ".".join(changed))
    lines.token("the same in base64url", group, "RFC 4648 5", "ok", secret(), other)

    # Non-zero bits behind the last byte: the same bytes in another spelling, signed as they stand, so that only the spelling is wrong.
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for rest, good in sorted(by_rest.items()):
        head, payload, signature = split_token(good)
        lines.token(f"payload of 4n+{rest} characters", group, "RFC 4648 3.5", "ok", secret(), good)
        if rest == 0:
            continue
        for bit in range(4 if rest == 2 else 2):
            last = alphabet[alphabet.index(payload[-1]) | 1 << bit]
            message = f"{head}.{payload[:-1]}{last}"
            lines.token(f"trailing bit {bit} in a payload of 4n+{rest}", group, "RFC 4648 3.5", "malformed-token", secret(),
                        message + "." + b64u(hs()(message.encode())))
    head, payload, signature = split_token(token)  # 43 characters: two bits are left over
    for bit in range(2):
        last = alphabet[alphabet.index(signature[-1]) | 1 << bit]
        lines.token(f"trailing bit {bit} in the signature", group, "RFC 4648 3.5", "malformed-token", secret(),
                    f"{head}.{payload}.{signature[:-1]}{last}")
    for name in ring.NAMES:
        good = sign(header(name), by=signer(name))
        if len(split_token(good)[2]) % 4 == 0:
            continue
        last = alphabet[alphabet.index(good[-1]) | 1]
        lines.token(f"trailing bit in the signature of {name}", group, "RFC 4648 3.5", "malformed-token", key(name), good[:-1] + last,
                    options={"algorithms": [name]})
    for size in range(0, 8):
        payload = b"\x00" * size
        lines.token(f"a payload of {size} bytes, as a JWS", group, "RFC 4648 5", "ok", secret(), sign(payload=payload), call="verify_jws")
    everything = bytes(range(256))
    lines.token("a payload of every byte, as a JWS", group, "RFC 7515 5.2", "ok", secret(), sign(payload=everything), call="verify_jws")
    lines.token("a payload of every byte", group, "RFC 7519 7.2", "malformed-payload", secret(), sign(payload=everything))


def filled(length, members="", **options):
    """A good token of exactly `length` bytes, in pieces: the payload is filled with white space behind its brace."""
    for extra in range(4):  # a header that makes the rest come out even
        head = '{"typ":"JWT","alg":"HS256"}' + " " * extra
        overhead = len(part(head)) + 2 + 43
        room = length - overhead
        if room % 4 == 1:
            continue
        size = room // 4 * 3 + (0, 0, 1, 2)[room % 4]
        body = '{"exp":%d}' % (ring.NOW + 60)
        token = sign(head, body + " " * (size - len(body)))
        if len(token) == length:
            return token
    raise ValueError(length)


def in_pieces(token):
    """What spaces in base64url repeat, as a repetition: so that the line stays short."""
    run = "ICAg"
    start = token.find(run * 20)
    if start < 0:
        return token
    end = start
    while token.startswith(run, end):
        end += len(run)
    return [token[:start], (run, (end - start) // len(run)), token[end:]]


def sizes(lines):
    group = "sizes"
    for length, code in ((MAX_LENGTH - 1, "ok"), (MAX_LENGTH, "ok"), (MAX_LENGTH + 1, "token-too-large"), (MAX_LENGTH * 2, "token-too-large")):
        token = in_pieces(filled(length))
        for call in ("verify", "verify_jws"):
            lines.token(f"{length} bytes, {call}", group, "design", code, secret(), token, call=call)
        lines.token(f"{length} bytes, inspect", group, "design", code, None, token, call="inspect")
    for length, code in ((MAX_LENGTH, "malformed-token"), (MAX_LENGTH + 1, "token-too-large"), (1 << 20, "token-too-large")):
        lines.token(f"{length} bytes of one letter", group, "design", code, secret(), [("A", length)])
    lines.token("a signature that fills the token", group, "design", "bad-signature", secret(),
                [part(header()) + "." + part(claims()) + ".", ("A", 15000)])
    lines.token("a header that fills the token", group, "design", "malformed-header", secret(), [("A", 16000), "..A" + "A"])
    lines.token("two megabytes of token", group, "design", "token-too-large", secret(), [("eyJhbGciOiJub25lIn0.", 100000)])


def make(lines):
    parts(lines)
    base64url(lines)
    sizes(lines)
