# SPDX-License-Identifier: MIT
"""Tokens about claims: dates, iss, aud, room, sub, and what else a policy asks for. The clock says ring.NOW."""

from ring import NOW, secret, sign
from texts import compact

SOURCES = {"exp": "RFC 7519 4.1.4", "nbf": "RFC 7519 4.1.5", "iat": "RFC 7519 4.1.6", "iss": "RFC 7519 4.1.1", "aud": "RFC 7519 4.1.3", "sub": "RFC 7519 4.1.2", "room": "compatibility", "jti": "RFC 7519 4.1.7"}


def dates(lines):
    group = "dates"

    def case(claim, value, code, options=None, note=""):
        lines.token(f"{claim} is {value}{note}", group, SOURCES[claim], code, secret(), sign(payload='{"%s":%s}' % (claim, value)), options=options)

    for claim, late, early in (("exp", "expired", "ok"), ("nbf", "ok", "not-yet-valid")):
        for value, code in (
                (NOW - 1, late), (NOW, late if claim == "exp" else "ok"), (NOW + 1, early), (f"{NOW}.0", late if claim == "exp" else "ok"), (f"{NOW}.5", early), (f"{NOW - 1}.999", late),
                (f"{NOW}.000001", early), (f"{NOW - 1}.999999", late), (0, late), (-0.0, late), ("-0", late), (1, late), (-1, late), (-1.5, late), (-NOW, late), ("1.7e9", late if claim == "exp" else "ok"),
                ("1.7000000001e9", early), ("1.8E+9", early), ("17e8", late if claim == "exp" else "ok"), ("2e9", early), ("1e-999", late), ("99999999999", early), (253370764800, early), (253402300799, early), ("253402300799.9", early), (-9007199254740992, late)):
            case(claim, value, code)
        for value in ("null", "true", "false", '""', '"0"', f'"{NOW + 60}"', '"2099-01-01T00:00:00Z"', '"never"', "[]", f"[{NOW + 60}]", "{}", '{"seconds":1}'):
            case(claim, value, "invalid-claim")
        for value in (100000000000, 159084646376, 253370764799, 253402300800, (NOW + 60) * 1000, (NOW - 60) * 1000, 9007199254740991, 9007199254740992, 9007199254740993, 9223372036854775807, 9223372036854775808, 18446744073709551615,
                      18446744073709551616, "1e300", "1e16", "-1e300", "-9007199254740994", "-9223372036854775809", "1" + "0" * 300):
            case(claim, value, "invalid-claim")
        for value in ("1e999", "-1e999", "NaN", "Infinity", "1" + "0" * 400, "0x7fffffff", "1_000", "01", f"+{NOW}", f"{NOW},0", f"'{NOW}'"):
            case(claim, value, "malformed-payload", note="" if len(str(value)) < 400 else " (a number of 401 digits)")
    for seconds in (1, 30, 300):
        case("exp", NOW - seconds + 1, "ok", {"leeway": seconds}, f", leeway {seconds}")
        case("exp", NOW - seconds, "expired", {"leeway": seconds}, f", leeway {seconds}")
        case("nbf", NOW + seconds, "ok", {"leeway": seconds}, f", leeway {seconds}")
        case("nbf", NOW + seconds + 1, "not-yet-valid", {"leeway": seconds}, f", leeway {seconds}")
    for claim, value, code in (("exp", (NOW + 60) * 1000, "ok"), ("exp", (NOW - 60) * 1000, "expired"), ("nbf", (NOW - 60) * 1000, "ok"), ("nbf", (NOW + 60) * 1000, "not-yet-valid"), ("exp", NOW + 60, "ok"), ("exp", 253402300799, "ok"), ("exp", 159084646376, "invalid-claim"),
                               ("exp", 9007199254740993 * 2, "invalid-claim"), ("exp", '"1700000060000"', "invalid-claim")):
        case(claim, value, code, {"accept_milliseconds": True}, ", milliseconds accepted")
    lines.token("neither exp nor nbf", group, "RFC 7519 4.1", "ok", secret(), sign(payload="{}"))
    for claim, code in (("exp", "ok"), ("Exp", "ok"), ("EXP", "ok"), ("exp\\u0000", "ok"), (" exp", "ok")):
        lines.token(f"{claim} is another name", group, "RFC 7519 4", "ok" if claim != "exp" else "expired", secret(), sign(payload='{"%s":1}' % claim))
    lines.token("exp in escapes", group, "RFC 7519 4", "expired", secret(), sign(payload='{"\\u0065xp":1}'))
    lines.token("exp nested is no exp", group, "RFC 7519 4", "ok", secret(), sign(payload='{"context":{"exp":1}}'))
    lines.token("exp in the header is no claim", group, "RFC 7519 5.3", "ok", secret(), sign({"typ": "JWT", "alg": "HS256", "exp": 1}))
    lines.token("exp is checked before nbf", group, "design", "expired", secret(), sign(payload={"exp": NOW - 1, "nbf": NOW + 1}))
    for value in (NOW - 1000, NOW + 1000, 0, -1, f"{NOW}.5", NOW * 1000, "1e300"):  # RFC 7519 gives no rule for one that is still to come
        case("iat", value, "ok")
    for value in ("null", "true", '"x"', f'"{NOW}"', "[]", "{}"):
        case("iat", value, "invalid-claim")
    life = {"max_lifetime": 3600}
    for exp, iat, code in ((60, -3540, "ok"), (60, -3541, "lifetime-too-long"), (60, 0, "ok"), (3600, 0, "ok"), (3601, 0, "lifetime-too-long"), (3600, 10, "ok"), (10**8, 0, "lifetime-too-long"),
                           (3900, 300, "ok"), (3601, 301, "lifetime-too-long"), (10**8 + 3600, 10**8, "lifetime-too-long")):
        lines.token(f"exp {exp:+} s, iat {iat:+} s", group, "design", code, secret(), sign(payload={"exp": NOW + exp, "iat": NOW + iat}), options=life)
    lines.token("no exp where a lifetime is checked", group, "design", "missing-claim", secret(), sign(payload={"iat": NOW}), options=life)
    lines.token("no iat where a lifetime is checked", group, "design", "missing-claim", secret(), sign(payload={"exp": NOW + 60}), options=life)
    lines.token("iat null where a lifetime is checked", group, "design", "invalid-claim", secret(), sign(payload={"exp": NOW + 60, "iat": None}), options=life)


def issuers(lines):
    group = "iss"
    accepted = {"accepted_issuers": ["app", "https://id.example.org/", "\u00fcber"]}

    def case(value, code, options=None, note=""):
        lines.token(f"iss is {value!a}{note}", group, SOURCES["iss"], code, secret(), sign(payload='{"iss":%s}' % value), options=accepted if options is None else options)

    for value in ('"app"', '"\\u0061pp"', '"https://id.example.org/"', '"https:\\/\\/id.example.org\\/"', '"\u00fcber"', '"\\u00fcber"'):
        case(value, "ok")
    for value in ('""', '"ap"', '"appl"', '"app "', '" app"', '"App"', '"APP"', '"pp"', '"a"', '"app,app"', '"app\\n"', '"https://id.example.org"', '"https://id.example.org//"', '"https://ID.example.org/"',
                  '"http://id.example.org/"', '"https://id.example.org/ "', '"https://id.example.org/x"', '"https://id.example.org.attacker.example/"', '"https://id.example.org:443/"', '"u\u0308ber"', '"*"', '".*"',
                  '"%"', '"\uff41pp"', '"\u0430pp"', '"UBER"'):
        case(value, "issuer-not-accepted")
    for value in ('"app\\u0000"', '"app\\u0000evil"', '"\\u0000app"', '"\\u0000"', "0", "1", "true", "false", "[]", '["app"]', '["app","app"]', "{}", '{"app":1}'):
        case(value, "invalid-claim")
    case("null", "missing-claim")
    lines.token("iss is missing", group, SOURCES["iss"], "missing-claim", secret(), sign(payload="{}"), options=accepted)
    lines.token("iss is missing, any accepted", group, SOURCES["iss"], "missing-claim", secret(), sign(payload="{}"), options={"accepted_issuers": ["*"]})
    lines.token("iss is missing, not checked", group, SOURCES["iss"], "ok", secret(), sign(payload="{}"))
    lines.token("Iss is another name", group, SOURCES["iss"], "missing-claim", secret(), sign(payload={"Iss": "app"}), options=accepted)
    for value, code in (('"anybody"', "ok"), ('""', "ok"), ("null", "missing-claim"), ("1", "invalid-claim"), ('"a\\u0000b"', "invalid-claim")):
        case(value, code, {"accepted_issuers": ["*"]}, ", any accepted")
    case('"app"', "issuer-not-accepted", {"accepted_issuers": []}, ", none accepted")
    case('"a*"', "issuer-not-accepted", {"accepted_issuers": ["a.*", "ap?"]}, ", patterns are none")
    case('"app"', "issuer-not-accepted", {"accepted_issuers": ["ap*", "a.p", "%a+"]}, ", patterns are none")
    case('"x"', "ok", {}, ", not checked")
    case("[]", "ok", {}, ", not checked")


def audiences(lines):
    group = "aud"
    accepted = {"accepted_audiences": ["jitsi", "meet.example.org"]}

    def case(value, code, options=None, note=""):
        lines.token(f"aud is {value!a}{note}", group, SOURCES["aud"], code, secret(), sign(payload='{"aud":%s}' % value), options=accepted if options is None else options)

    for value in ('"jitsi"', '["jitsi"]', '["other","jitsi"]', '["jitsi","other"]', '["jitsi","jitsi"]', '["a","b","c","d","meet.example.org"]', '"j\\u0069tsi"'):
        case(value, "ok")
    for value in ('""', '"jits"', '"jitsix"', '"Jitsi"', '"JITSI"', '" jitsi"', '"jitsi "', '"itsi"', '"other"', '"*"', '"jitsi,other"', '"jitsi other"', '"j*"', '"meet.example"', '"meetXexample.org"', "[]", '[""]',
                  '["other"]', '["Jitsi","JITSI"]', '["jits","i"]', '["*"]', '["jitsi,other"]'):
        case(value, "audience-not-accepted")
    for value in ("0", "1", "true", "false", "{}", '{"jitsi":true}', '{"0":"jitsi"}', '["jitsi",1]', '[1,"jitsi"]', '["jitsi",null]', '[null]', '["jitsi",["jitsi"]]', '[["jitsi"]]', '["jitsi",{}]', '["jitsi",true]',
                  '"jitsi\\u0000"', '"jitsi\\u0000x"', '["jitsi\\u0000"]', '["jitsi","x\\u0000"]'):
        case(value, "invalid-claim")
    case("null", "missing-claim")
    lines.token("aud is missing", group, SOURCES["aud"], "missing-claim", secret(), sign(payload="{}"), options=accepted)
    lines.token("aud is missing, any accepted", group, SOURCES["aud"], "missing-claim", secret(), sign(payload="{}"), options={"accepted_audiences": ["*"]})
    lines.token("aud is missing, not checked", group, SOURCES["aud"], "ok", secret(), sign(payload="{}"))
    for value, code in (('"anybody"', "ok"), ('["a","b"]', "ok"), ("[]", "audience-not-accepted"), ('["a",1]', "invalid-claim"), ("null", "missing-claim"), ("1", "invalid-claim")):
        case(value, code, {"accepted_audiences": ["*"]}, ", any accepted")
    case('"jitsi"', "audience-not-accepted", {"accepted_audiences": []}, ", none accepted")
    many = compact([f"a{i}" for i in range(500)] + ["jitsi"])
    lines.token("aud is the last of many", group, SOURCES["aud"], "ok", secret(), sign(payload='{"aud":%s}' % many), options=accepted)


def rooms(lines):
    group = "room and sub"
    for value, room, code in (
            ('"room1"', "room1", "ok"), ('"Room1"', "room1", "ok"), ('"room1"', "ROOM1", "ok"), ('"*"', "anything", "ok"), ('"room1"', "room2", "room-not-accepted"), ('"room"', "room1", "room-not-accepted"),
            ('"room12"', "room1", "room-not-accepted"), ('""', "room1", "room-not-accepted"), ('"room*"', "room1", "room-not-accepted"), ('".*"', "room1", "room-not-accepted"), ('"room1 "', "room1", "room-not-accepted"),
            ('"* "', "room1", "room-not-accepted"), ('"**"', "room1", "room-not-accepted"), ('"room1"', "*", "room-not-accepted"), ('"r\u00f6om"', "r\u00d6om", "room-not-accepted"), ('"\u212aelvin"', "kelvin", "room-not-accepted"),
            ("null", "room1", "ok"), ("1", "room1", "room-invalid"), ("true", "room1", "room-invalid"), ('["room1"]', "room1", "room-invalid"), ("{}", "room1", "room-invalid"), ('"room1\\u0000"', "room1", "room-invalid"),
            ('"*\\u0000"', "room1", "room-invalid"), ('"room1\\u0000x"', "room1", "room-invalid")):
        lines.token(f"room is {value!a} for {room!a}", group, SOURCES["room"], code, secret(), sign(payload='{"room":%s}' % value), options={"room": room})
    lines.token("room is missing", group, SOURCES["room"], "ok", secret(), sign(payload="{}"), options={"room": "room1"})
    for claim in ("room", "sub"):
        required = {"require_" + claim: True}
        lines.token(f"{claim} is missing where it is required", group, SOURCES[claim], f"{claim}-missing", secret(), sign(payload="{}"), options=required)
        lines.token(f"{claim} is null where it is required", group, SOURCES[claim], f"{claim}-missing", secret(), sign(payload={claim: None}), options=required)
        lines.token(f"{claim} is empty where it is required", group, SOURCES[claim], "ok", secret(), sign(payload={claim: ""}), options=required)
        lines.token(f"{claim} is there where it is required", group, SOURCES[claim], "ok", secret(), sign(payload={claim: "x"}), options=required)
        for value in ("0", "false", "true", "[]", "{}", '["x"]', '"x\\u0000"', '"\\u0000"', "1.5"):
            for options, note in ((required, "where it is required"), (None, "where it is not")):
                lines.token(f"{claim} is {value} {note}", group, SOURCES[claim], f"{claim}-invalid", secret(), sign(payload='{"%s":%s}' % (claim, value)), options=options)
        lines.token(f"{claim.capitalize()} is another name", group, SOURCES[claim], f"{claim}-missing", secret(), sign(payload={claim.capitalize(): "x"}), options=required)
    needs = {"required_claims": ["jti", "context", "http://example.org/x"]}
    whole = {"jti": "1", "context": {}, "http://example.org/x": 0}
    lines.token("required claims are there", group, "design", "ok", secret(), sign(payload=whole), options=needs)
    for name in whole:
        lines.token(f"{name} is missing", group, "design", "missing-claim", secret(), sign(payload={n: v for n, v in whole.items() if n != name}), options=needs)
        lines.token(f"{name} is null", group, "design", "missing-claim", secret(), sign(payload={**whole, name: None}), options=needs)
    for value in (False, 0, "", [], {}):
        lines.token(f"{compact(value)} is there", group, "design", "ok", secret(), sign(payload={"x": value}), options={"required_claims": ["x"]})
    # What is wrong with a token is not said before its signature holds.
    from ring import OTHER_SECRET, hs
    for name, payload in (("expired", {"exp": 1}), ("no object", "[]"), ("duplicates", '{"a":1,"a":2}'), ("no UTF-8", b'{"a":"\xff"}'), ("iss a number", {"iss": 1})):
        lines.token(f"{name}, but the signature is wrong", "order", "design", "bad-signature", secret(), sign(payload=payload, by=hs(text=OTHER_SECRET)), options={"accepted_issuers": ["app"]})


def types(lines):
    """Values come back with their JSON types: the runner compares them."""
    group = "types of values"
    values = ["0", "-0", "1", "-1", "9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551615", "1.5", "1e5", "1.0", "-1.5e-7", "null", "true", "false", '""', '"1"', '"true"', "[]", "{}", "[[]]",
              '[{}]', '{"a":[]}', "[1,2,3]", '[null,null]', '["a",null,1.5,false,{"b":[1]}]', '"\\u0000"', '"\\ud83d\\ude00"', '"\u00e9"', '{"":1}', '{"1":1}', '{"a":{"b":{"c":null}}}']
    for value in values:
        lines.token(f"{value!a}", group, "compatibility", "ok", secret(), sign(payload='{"x":%s}' % value))
        lines.token(f"{value!a} in the header", group, "compatibility", "ok", secret(), sign('{"typ":"JWT","alg":"HS256","x":%s}' % value))
        lines.token(f"{value!a}, inspect", group, "compatibility", "ok", None, sign(payload='{"x":%s}' % value), call="inspect")


def make(lines):
    dates(lines)
    issuers(lines)
    audiences(lines)
    rooms(lines)
    types(lines)
