# SPDX-License-Identifier: MIT
"""Tokens about JSON: what header and payload are made of."""

import ring
from ring import NOW, hs, secret, sign
from texts import compact

EXP = f'"exp":{NOW + 60}'
HEAD = '"typ":"JWT","alg":"HS256"'


def both(lines, group, name, source, text_of, header_code="malformed-header", payload_code="malformed-payload"):
    """`text_of` makes a JSON text, as str or bytes, around the members it is given."""
    lines.token(f"{name}, header", group, source, header_code, secret(), sign(text_of(HEAD)))
    lines.token(f"{name}, payload", group, source, payload_code, secret(), sign(payload=text_of(EXP)))
    lines.token(f"{name}, payload, inspect", group, source, payload_code, None, sign(payload=text_of(EXP)), call="inspect")


def not_objects(lines):
    group = "no JSON object"
    texts = ["null", "true", "false", "0", "1", "-1", "1.5", '""', '"string"', "[]", "[{}]", '["alg"]', " ", "\n", "{", "}", "{}{}", "{},", "{} {}",
             "[{}", '{"a"}', '{"a":}', "{a:1}", "{'a':1}", "{,}", '{"a":1,}', '{"a":1,,"b":2}', '{"a" 1}', '{"a":1 "b":2}', "undefined", "NaN", "nul",
             "{}x", "{}\x00", "\x00{}", "{}}", "()", "<a/>", "a=b", "{}//", "/**/{}", "#{}", "\ufeff{}", "\ufeff", "---\n{}"]
    for text in texts:
        source = "RFC 7519 7.2"
        lines.token(f"payload {text!a}", group, source, "malformed-payload", secret(), sign(payload=text))
        lines.token(f"payload {text!a}, inspect", group, source, "malformed-payload", None, sign(payload=text), call="inspect")
        lines.token(f"payload {text!a}, as a JWS", group, "RFC 7515 5.2", "ok", secret(), sign(payload=text), call="verify_jws")
        lines.token(f"header {text!a}", group, "RFC 7515 5.2", "malformed-header", secret(), sign(text))
    lines.token("payload {}", group, "RFC 7519 7.2", "ok", secret(), sign(payload="{}"))
    lines.token("payload with white space around", group, "RFC 8259 2", "ok", secret(), sign(payload=" \t\r\n{ \n} \r\n"))
    lines.token("header with white space", group, "RFC 8259 2", "ok", secret(), sign('\r\n{ "typ" : "JWT" ,\n\t"alg":"HS256" }\n'))


def syntax(lines):
    group, source = "JSON syntax", "RFC 8259"
    insert = {
        "a trailing comma": "%s,", "a comma before": ",%s", "a comment": "%s/* x */", "a line comment": "%s // x\n", "single quotes": "%s,'x':1",
        "a bare name": "%s,x:1", "a semicolon": "%s;", "NaN": '%s,"x":NaN', "Infinity": '%s,"x":Infinity', "-Infinity": '%s,"x":-Infinity',
        "a plus sign": '%s,"x":+1', "a leading zero": '%s,"x":01', "a leading point": '%s,"x":.5', "a trailing point": '%s,"x":1.', "hexadecimal": '%s,"x":0x10',
        "an exponent without digits": '%s,"x":1e', "two points": '%s,"x":1.2.3', "a lone minus": '%s,"x":-', "1e999": '%s,"x":1e999', "-1e999": '%s,"x":-1e999',
        "True": '%s,"x":True', "nil": '%s,"x":nil', "a single quote string": "%s,\"x\":'y'", "a backquote string": '%s,"x":`y`',
        "a raw newline in a string": '%s,"x":"a\nb"', "a raw tab in a string": '%s,"x":"a\tb"', "a raw NUL in a string": '%s,"x":"a\x00b"',
        "a raw NUL in a name": '%s,"x\x00":1', "a raw DEL-1 in a string": '%s,"x":"a\x1fb"', "an unknown escape": '%s,"x":"\\q"', "an escaped quote": "%s,\"x\":\"\\'\"",
        "a hexadecimal escape": '%s,"x":"\\x41"', "a short \\u": '%s,"x":"\\u12"', "\\u with no digits": '%s,"x":"\\uZZZZ"', "a line continued": '%s,"x":"a\\\nb"',
        "an unclosed string": '%s,"x":"', "an unclosed object": '%s,"x":{', "an unclosed array": '%s,"x":[1', "a mismatched bracket": '%s,"x":[1}', "a name that is null": "%s,null:1",
        "a name that is a number": "%s,1:1", "no value": '%s,"x"', "two values": '%s,"x":1 2', "two colons": '%s,"x"::1', "an escape at the end": '%s,"x":"\\',
        "a vertical tab": "%s\v", "a form feed": "%s\f", "a no-break space": "%s\u00a0",
    }
    for name, pattern in insert.items():
        both(lines, group, name, source, lambda members, p=pattern: "{" + p % members + "}")
    good = {
        "all escapes": '%s,"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041"', "an escaped NUL": '%s,"x":"a\\u0000b"', "DEL": '%s,"x":"\x7f"', "numbers": '%s,"x":[0,-0,1e5,1E-5,1.5e+3,123456789012]',
        "a surrogate pair in escapes": '%s,"x":"\\ud83d\\ude00"', "text of other scripts": '%s,"x":"\u65e5\u672c \u0416 \U0001f600"', "literals": '%s,"x":[true,false,null]',
        "an empty name": '%s,"":1', "a noncharacter": '%s,"x":"\uffff"', "the largest code point": '%s,"x":"\U0010ffff"', "an escaped slash in a name": '%s,"\\/":1',
    }
    for name, pattern in good.items():
        both(lines, group, name, source, lambda members, p=pattern: "{" + p % members + "}", "ok", "ok")


def duplicates(lines):
    group, source = "duplicate members", "RFC 7519 4"
    insert = {
        "at once": '%s,"x":1,"x":1', "with others between": '%s,"x":1,"y":2,"z":3,"x":1', "of different types": '%s,"x":1,"x":null', "empty names": '%s,"":1,"":2',
        "one in escapes": '%s,"x":1,"\\u0078":2', "both in escapes": '%s,"\\u0078":1,"\\u0078":2', "an escaped slash": '%s,"/":1,"\\/":2', "a surrogate pair": '%s,"\U0001f600":1,"\\ud83d\\ude00":2',
        "with NUL": '%s,"a\\u0000b":1,"a\\u0000b":2', "capital hexadecimal": '%s,"\\u00e9":1,"\\u00E9":2', "nested": '%s,"x":{"a":1,"a":2}', "nested in escapes": '%s,"x":{"a":1,"\\u0061":2}',
        "in an array": '%s,"x":[1,{"a":1,"a":2}]', "in an array of arrays": '%s,"x":[[[{"a":1,"a":2}]]]', "deep": '%s,"x":{"a":{"b":{"c":{"d":1,"d":2}}}}',
        "among nine": '%s,"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"a":1', "the last of twenty": "%s," + ",".join(f'"m{i}":1' for i in range(20)) + ',"m19":2',
        "among many": "%s," + ",".join(f'"m{i}":1' for i in range(300)) + ',"m150":2', "objects": '%s,"x":{},"x":{}',
    }
    for name, pattern in insert.items():
        both(lines, group, name, source, lambda members, p=pattern: "{" + p % members + "}")
    for claim, values in {"exp": (NOW + 60, NOW - 60), "exp ": None, "nbf": (NOW - 60, NOW + 60), "iss": ("app", "evil"), "aud": ("jitsi", "other"),
                          "room": ("room1", "room2"), "sub": ("a", "b"), "context": ({}, {"user": {"moderator": True}})}.items():
        if values is None:
            continue
        for first, second in (values, values[::-1]):
            text = '{"%s":%s,"%s":%s}' % (claim, compact(first), claim, compact(second))
            lines.token(f"{claim}: {compact(first)}, {compact(second)}", group, source, "malformed-payload", secret(), sign(payload=text))
        text = '{"%s":%s,"\\u%04x%s":%s}' % (claim, compact(values[0]), ord(claim[0]), claim[1:], compact(values[1]))
        lines.token(f"{claim} in escapes", group, source, "malformed-payload", secret(), sign(payload=text))
    for name in ("typ", "kid", "crit", "cty"):
        lines.token(f"{name} twice in the header", group, "RFC 7515 4", "malformed-header", secret(), sign('{%s,"%s":"x","%s":"y"}' % (HEAD, name, name)))
    good = {
        "different case": '%s,"x":1,"X":2', "the same name at two depths": '%s,"x":{"x":{"x":1}}', "the same in two objects": '%s,"x":[{"a":1},{"a":2}]',
        "composed and decomposed": '%s,"\u00e9":1,"e\u0301":2', "with and without NUL": '%s,"a":1,"a\\u0000":2', "with a space": '%s,"a":1,"a ":2', "many": "%s," + ",".join(f'"m{i}":1' for i in range(300)),
        "prefixes of each other": '%s,"a":1,"aa":1,"aaa":1,"aaaa":1,"aaaaa":1,"aaaaaa":1,"aaaaaaa":1,"aaaaaaaa":1,"b":1',
    }
    for name, pattern in good.items():
        both(lines, group, "none: " + name, source, lambda members, p=pattern: "{" + p % members + "}", "ok", "ok")


def nesting(lines):
    group, source = "nesting", "design"
    for depth, header_code, payload_code in ((31, "ok", "ok"), (32, "ok", "ok"), (33, "malformed-header", "malformed-payload"), (34, "malformed-header", "malformed-payload"),
                                             (1000, "malformed-header", "malformed-payload")):
        # The object around is the first.
        inner = depth - 1
        both(lines, group, f"arrays {depth} deep", source, lambda m: '{%s,"x":%s}' % (m, "[" * inner + "]" * inner), header_code, payload_code)
        both(lines, group, f"objects {depth} deep", source, lambda m: '{%s,"x":%s}' % (m, '{"a":' * inner + "1" + "}" * inner if inner else "1"), header_code, payload_code)
        both(lines, group, f"both {depth} deep", source, lambda m: '{%s,"x":%s}' % (m, ('[{"a":' * (inner // 2) + ("[]" if inner % 2 else "1") + "}]" * (inner // 2)) if inner > 1 else "[]"),
             header_code, payload_code)
    both(lines, group, "brackets that are never closed", source, lambda m: '{%s,"x":%s' % (m, "[" * 5000))
    both(lines, group, "braces that are never closed", source, lambda m: '{%s,"x":%s' % (m, '{"a":' * 2000))
    both(lines, group, "brackets that are never opened", source, lambda m: '{%s,"x":%s}' % (m, "]" * 5000))
    many = ",".join(["[]"] * 3000)
    both(lines, group, "thousands side by side", source, lambda m: '{%s,"x":[%s]}' % (m, many), "ok", "ok")


def utf8(lines):
    group, source = "UTF-8", "RFC 3629 3"
    bad = {
        "a continuation byte alone": "80", "two continuation bytes": "8080", "a lead byte alone": "c3", "two lead bytes": "c3c3", "Latin-1": "e9", "cut in the middle": "e282", "cut short of four": "f09f98",
        "overlong NUL": "c080", "overlong slash": "c0af", "overlong slash of three": "e080af", "overlong slash of four": "f08080af", "overlong quote": "c0a2", "overlong of two": "c1bf", "overlong of three": "e09fbf",
        "overlong of four": "f08fbfbf", "a lone high surrogate": "eda080", "a lone low surrogate": "edb080", "a surrogate pair (CESU-8)": "eda0bdedb880", "beyond Unicode": "f4908080", "f5": "f5808080",
        "five bytes": "f888808080", "six bytes": "fc8480808080", "fe": "fe", "ff": "ff", "UTF-16": "6100", "a byte order mark of UTF-16": "fffe", "followed by ASCII": "c341", "0xfffe at the end": "efbf",
        "Windows quotes": "9394",
    }
    for name, digits in bad.items():
        data = bytes.fromhex(digits)
        if digits == "6100":
            both(lines, group, "all in UTF-16", source, lambda m: ("{" + m + "}").encode("utf-16-le"))
            both(lines, group, "all in UTF-16 with its mark", source, lambda m: ("{" + m + "}").encode("utf-16"))
            both(lines, group, "all in UTF-32", source, lambda m: ("{" + m + "}").encode("utf-32-le"))
            continue
        both(lines, group, f"{name} in a string", source, lambda m: b"{" + m.encode() + b',"x":"a' + data + b'b"}')
        both(lines, group, f"{name} in a name", source, lambda m: b"{" + m.encode() + b',"a' + data + b'":1}')
    escapes = {"a lone high surrogate": "\\ud800", "a lone low surrogate": "\\udc00", "two high surrogates": "\\ud83d\\ud83d", "low before high": "\\ude00\\ud83d", "high, then a letter": "\\ud83dx",
               "high, then another escape": "\\ud83d\\n", "high, then \\u0041": "\\ud83d\\u0041", "high at the end of a pair": "\\ud83d\\ude00\\ud83d"}
    for name, escape in escapes.items():
        both(lines, group, f"{name} in escapes", "RFC 8259 8.2", lambda m, e=escape: '{%s,"x":"%s"}' % (m, e))
        both(lines, group, f"{name} in escapes of a name", "RFC 8259 8.2", lambda m, e=escape: '{%s,"%s":1}' % (m, e))
    for name, digits in {"U+0080": "c280", "U+07FF": "dfbf", "U+0800": "e0a080", "U+D7FF": "ed9fbf", "U+E000": "ee8080", "U+FFFD": "efbfbd", "U+10000": "f0908080", "U+10FFFF": "f48fbfbf"}.items():
        both(lines, group, f"{name} in a string", source, lambda m, d=digits: b"{" + m.encode() + b',"x":"' + bytes.fromhex(d) + b'"}', "ok", "ok")


def typ_and_kid(lines):
    group = "typ"
    for value, code in (('"JWT"', "ok"), ('"jwt"', "type-not-accepted"), ('"Jwt"', "type-not-accepted"), ('"application/jwt"', "type-not-accepted"), ('"JWT "', "type-not-accepted"), ('"JWTx"', "type-not-accepted"),
                        ('"JW"', "type-not-accepted"), ('""', "type-not-accepted"), ('"at+jwt"', "type-not-accepted"), ('"JOSE"', "type-not-accepted"), ('"secevent+jwt"', "type-not-accepted"), ("null", "type-not-accepted"),
                        ("0", "type-not-accepted"), ("true", "type-not-accepted"), ("[]", "type-not-accepted"), ('["JWT"]', "type-not-accepted"), ("{}", "type-not-accepted"), ('"JWT\\u0000"', "type-not-accepted"),
                        ('"J\\u0057T"', "ok"), ('"\uff2aWT"', "type-not-accepted")):
        lines.token(f"typ is {value!a}", group, "RFC 8725 3.11", code, secret(), sign('{"typ":%s,"alg":"HS256"}' % value))
    lines.token("typ is missing", group, "RFC 8725 3.11", "type-not-accepted", secret(), sign('{"alg":"HS256"}'))
    lines.token("typ is missing, any is accepted", group, "RFC 7519 5.1", "ok", secret(), sign('{"alg":"HS256"}'), options={"accepted_types": ["*"]})
    lines.token("typ is a number, any is accepted", group, "RFC 7519 5.1", "ok", secret(), sign('{"alg":"HS256","typ":1}'), options={"accepted_types": ["*"]})
    lines.token("at+jwt where it is accepted", group, "RFC 9068 4", "ok", secret(), sign('{"alg":"HS256","typ":"at+jwt"}'), options={"accepted_types": ["at+jwt"]})
    accepted = {"accepted_types": ["JWT", "at+jwt", "application/x+jwt", "a/b"]}
    for value, code in (("application/at+jwt", "ok"), ("Application/AT+JWT", "ok"), ("X+jwt", "ok"), ("A/B", "ok"), ("application/JWT", "type-not-accepted"),
                        ("jwt", "type-not-accepted"), ("application/a/b", "type-not-accepted"), ("application/", "type-not-accepted"),
                        ("at+jwt ", "type-not-accepted"), ("b", "type-not-accepted"), ("xpplication/at+jwt", "type-not-accepted")):
        lines.token(f"typ is {value}, at+jwt is accepted", group, "RFC 7515 4.1.9", code, secret(), sign('{"alg":"HS256","typ":"%s"}' % value), options=accepted)
    lines.token("JWT where at+jwt is accepted", group, "RFC 9068 4", "type-not-accepted", secret(), sign(), options={"accepted_types": ["at+jwt"]})
    lines.token("typ is missing, as a JWS", group, "RFC 7515 4.1.9", "ok", secret(), sign('{"alg":"HS256"}'), call="verify_jws")

    group = "kid"
    rsa = ring.rsa_key()
    kids = {"jitsi": rsa, "a/b": rsa, "../x": rsa, "ke\u00fd": rsa}
    by = ring.signer("RS256")

    def case(name, value, code, source="RFC 7515 4.1.4"):
        lines.token(name, group, source, code, None, sign('{"typ":"JWT","alg":"RS256","kid":%s}' % value, by=by), kids=kids)

    for value in ("0", "1", "1.5", "null", "true", "false", "[]", "{}", '["jitsi"]', '{"jitsi":1}', '""'):
        case(f"kid is {value}", value, "key-id-invalid")
    for kid in kids:
        case(f"kid is {kid!a}", compact(kid), "ok")
    for kid in ("Jitsi", "JITSI", "jitsi ", " jitsi", "jitsi\x00", "jitsi\x00x", "\x00", "jits", "jitsi/", "jitsi.pem", "/", "..", "../", "../../../etc/passwd", "..\\..\\x", "/etc/passwd", "file:///etc/passwd",
                "https://attacker.example/", "?x=y", "#x", "%2e%2e%2f", "a%2fb", "*", "jitsi' OR '1'='1", "'; DROP TABLE keys; --", "$(id)", "`id`", "| id", "jitsi\n", "\r\nHost: x", "ji\u200btsi", "\u0458itsi",
                "key\u0301", "x" * 1024, "jitsi" * 50, "\U0001f600"):
        case(f"kid is {kid[:40]!a}{' and so on' if len(kid) > 40 else ''}", compact(kid), "key-not-found")
    case("kid of 1025 bytes", compact("x" * 1025), "key-id-invalid", "design")
    case("kid of 8 KiB", compact("x" * 8192), "key-id-invalid", "design")
    case("kid twice", '"jitsi","kid":"jitsi"', "malformed-header", "RFC 7515 4")
    long_kid = sign({"typ": "JWT", "alg": "RS256", "kid": "A" * 65536}, by=by)
    start, end = long_kid.index("QUFB" * 9), long_kid.rindex("QUFB" * 9)
    count = (end - start) // 4
    lines.token("kid of 64 KiB", group, "design", "token-too-large", None, [long_kid[:start], ("QUFB", count), long_kid[start + 4 * count:]], kids=kids)
    lines.token("kid is missing", group, "RFC 7515 4.1.4", "key-id-missing", None, sign('{"typ":"JWT","alg":"RS256"}', by=by), kids=kids)
    lines.token("kid of a key that another signed with", group, "RFC 7515 5.2", "bad-signature", None,
                sign('{"typ":"JWT","alg":"RS256","kid":"jitsi"}', by=lambda m: ring.OTHER_RSA.pkcs1("256", m)), kids=kids)
    lines.token("HMAC with the PEM of the kid's key", group, "RFC 8725 2.1", "algorithm-not-accepted", None,
                sign('{"typ":"JWT","alg":"HS256","kid":"jitsi"}', by=hs(text=rsa[2])), kids=kids)
    lines.token("HMAC accepted, with the PEM of the kid's key", group, "RFC 8725 2.1", "key-algorithm-mismatch", None,
                sign('{"typ":"JWT","alg":"HS256","kid":"jitsi"}', by=hs(text=rsa[2])), kids=kids, options={"algorithms": ["HS256"]})
    lines.token("ES256 with the kid of an RSA key", group, "RFC 8725 3.1", "key-algorithm-mismatch", None,
                sign('{"typ":"JWT","alg":"ES256","kid":"jitsi"}', by=ring.signer("ES256")), kids=kids, options={"algorithms": ["RS256", "ES256"]})
    for kid in ("anything", ""):
        lines.token(f"kid is not looked at where there is one key, {kid!r}", group, "design", "ok", secret(), sign({**ring.header(), "kid": kid}))
    for kid in (0, 5, None, True, ["anything"], {"anything": 1}):
        for call in ("verify", "verify_jws"):
            lines.token(f"kid is {kid!r} where there is one key, {call}", group, "design", "ok", secret(), sign({**ring.header(), "kid": kid}), call=call)


def make(lines):
    not_objects(lines)
    syntax(lines)
    duplicates(lines)
    nesting(lines)
    utf8(lines)
    typ_and_kid(lines)


