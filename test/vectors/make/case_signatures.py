# SPDX-License-Identifier: MIT
"""Signatures that are wrong in one way each, made with the private key where one is needed, as raw bytes and as tokens."""

import ring
from arithmetic import (HASHES, SIZES, Ec, Okp, der, digest_info, integer, oid, pkcs1_encode, pss_encode, recovered,
                        sequence, stream)
from ring import EC, EC_NAMES, OKP, OTHER_RSA, RSA, RSA_3, header, hs, key, rsa_key, secret, signer
from texts import b64u, ec_pem

MESSAGE = b"the signed bytes"


class Both:
    """Adds each case to the raw lines and, with a signature over a token, to the tokens."""

    def __init__(self, raw, tokens):
        self.raw, self.tokens = raw, tokens

    def case(self, name, group, source, code, with_key, algorithm, make):
        """`make` gives the signature of the bytes it is given."""
        self.raw.signature(f"{algorithm}: {name}", group, source, code, with_key, algorithm, MESSAGE, make(MESSAGE))
        message = ring.part(header(algorithm)) + "." + ring.part(ring.claims())
        self.tokens.token(f"{algorithm}: {name}", group, source, code, with_key, message + "." + b64u(make(message.encode())),
                          options={"algorithms": [algorithm]})


def cube_root(n):
    """The smallest integer whose cube is not less than n."""
    low, high = 0, 1 << (n.bit_length() // 3 + 2)
    while low < high:
        middle = (low + high) // 2
        if middle ** 3 < n:
            low = middle + 1
        else:
            high = middle
    return low


def pkcs1_infos(digest, message):
    """DigestInfos that are wrong: RFC 8017 section 9.2 knows one, byte by byte."""
    good = digest_info(digest, message)
    hashed = HASHES[digest](message).digest()
    names = {"256": "608648016503040201", "384": "608648016503040202", "512": "608648016503040203"}
    name, null = oid(names[digest]), b"\x05\x00"
    yield "no NULL parameter", digest_info(digest, message, b"")
    yield "two NULL parameters", digest_info(digest, message, null + null)
    yield "NULL with a byte in it", digest_info(digest, message, b"\x05\x01\x00")
    yield "NULL in long form", digest_info(digest, message, b"\x05\x81\x00")
    yield "a sequence for NULL", digest_info(digest, message, b"\x30\x00")
    yield "garbage as parameter", digest_info(digest, message, der(0x04, b"garbage" * 4))
    yield "a long garbage parameter", digest_info(digest, message, der(0x04, b"\xaa" * 120))
    yield "a byte behind", good + b"\x00"
    yield "garbage behind", good + stream("garbage", 40)
    yield "the hash again behind", good + hashed
    yield "no DigestInfo, the hash alone", hashed
    yield "the hash as an octet string alone", der(0x04, hashed)
    yield "an empty hash", sequence(sequence(name, null), der(0x04, b""))
    yield "an empty DigestInfo", b"\x30\x00"
    yield "nothing", b""
    yield "a hash that lacks a byte", sequence(sequence(name, null), der(0x04, hashed[:-1]))
    yield "a hash with a byte more", sequence(sequence(name, null), der(0x04, hashed + b"\x00"))
    yield "a hash with a byte before", sequence(sequence(name, null), der(0x04, b"\x00" + hashed))
    yield "a bit string for the hash", sequence(sequence(name, null), der(0x03, b"\x00" + hashed))
    yield "a constructed octet string", sequence(sequence(name, null), der(0x24, der(0x04, hashed)))
    yield "an indefinite length", b"\x30\x80" + sequence(name, null) + der(0x04, hashed) + b"\x00\x00"
    yield "a length in long form outside", b"\x30\x81" + bytes([len(good) - 2]) + good[2:]
    yield "a length in long form inside", sequence(b"\x30\x81" + bytes([len(name) + 2]) + name + null, der(0x04, hashed))
    yield "a length in long form of the hash", sequence(sequence(name, null), b"\x04\x81" + bytes([len(hashed)]) + hashed)
    yield "BERserk: a length of many bytes", b"\x30\x84\x00\x00\x00" + bytes([len(good) - 2]) + good[2:]
    yield "BERserk: a length that overflows", b"\x30\x89\x01" + b"\x00" * 7 + bytes([len(good) - 2]) + good[2:]
    yield "a length that is too small", b"\x30" + bytes([good[1] - 1]) + good[2:]
    yield "a length that is too large", b"\x30" + bytes([good[1] + 1]) + good[2:]
    yield "a set for the sequence", b"\x31" + good[1:]
    yield "other order", sequence(der(0x04, hashed), sequence(name, null))
    yield "a third element", sequence(sequence(name, null), der(0x04, hashed), null)
    for other in ("1", "224", "256", "384", "512"):
        if other != digest:
            yield f"the whole of SHA-{other}", digest_info(other, message)
            if other in names:
                yield f"the name of SHA-{other}", sequence(sequence(oid(names[other]), null), der(0x04, hashed))
    yield "an unknown name", sequence(sequence(oid("608648016503040299"), null), der(0x04, hashed))
    yield "the name of MD5", sequence(sequence(oid("2a864886f70d0205"), null), der(0x04, hashed))
    yield "the name of sha256WithRSAEncryption", sequence(sequence(oid("2a864886f70d01010b"), null), der(0x04, hashed))
    yield "no name", sequence(sequence(null), der(0x04, hashed))
    yield "the hash of another message", digest_info(digest, message + b"!")
    for bit in (0, 8 * len(good) - 1, 8 * (len(good) - len(hashed)), 8 * 17 + 3):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        yield f"bit {bit} turned", bytes(changed)


def pkcs1_encodings(size, digest, message):
    """Whole encoded messages that are wrong around a good DigestInfo."""
    info = digest_info(digest, message)
    good = pkcs1_encode(size, info)
    room = size - len(info)
    yield "block type 0", b"\x00\x00" + b"\xff" * (room - 3) + b"\x00" + info
    yield "block type 0 and zeros", b"\x00\x00" + b"\x00" * (room - 2) + info
    yield "block type 2", b"\x00\x02" + bytes(x % 255 + 1 for x in stream("padding", room - 3)) + b"\x00" + info
    yield "no separator", b"\x00\x01" + b"\xff" * (room - 2) + info
    yield "another separator", b"\x00\x01" + b"\xff" * (room - 3) + b"\x01" + info
    yield "a second separator", b"\x00\x01" + b"\xff" * (room - 4) + b"\x00\x00" + info
    yield "padding of 0x00", b"\x00\x01" + b"\x00" * (room - 3) + b"\x00" + info
    yield "padding of 0xfe", b"\x00\x01" + b"\xff" * (room - 4) + b"\xfe\x00" + info
    yield "padding with a zero at its start", b"\x00\x01\x00" + b"\xff" * (room - 4) + b"\x00" + info
    yield "padding with a hole", b"\x00\x01" + b"\xff" * 100 + b"\x00" + b"\xff" * (room - 104) + b"\x00" + info
    yield "padding and block type exchanged", b"\x00\xff\x01" + b"\xff" * (room - 4) + b"\x00" + info
    for length in (0, 1, 7, 8, 9):
        start = b"\x00\x01" + b"\xff" * length + b"\x00" + info
        yield f"{length} bytes of padding, garbage behind", start + stream("garbage", size - len(start))
        yield f"{length} bytes of padding, zeros behind", start + b"\x00" * (size - len(start))
    start = b"\x00\x01" + b"\xff" * 100 + b"\x00" + info
    yield "the hash in the middle", start + b"\x00" * (size - len(start))
    yield "the DigestInfo twice", b"\x00\x01" + b"\xff" * (room - 3 - len(info)) + b"\x00" + info + info
    yield "one byte behind", good[:2] + good[3:] + b"\x00"
    yield "one byte too early, ending in 0xff", good[:2] + good[3:] + b"\xff"
    yield "no padding at all: the DigestInfo", b"\x00" * room + info
    yield "the hash alone", b"\x00" * (size - SIZES[digest]) + HASHES[digest](message).digest()
    yield "PSS", pss_encode(8 * size - 1, digest, message)
    yield "zero", b"\x00" * size
    yield "one", b"\x00" * (size - 1) + b"\x01"


def pkcs1(both):
    group, source = "PKCS#1 v1.5 padding", "RFC 8017 8.2.2"
    for digest in ("256", "384", "512"):
        algorithm = "RS" + digest
        for rsa, name, note in ((RSA, "rsa", ""), (RSA_3, "rsa with exponent 3", ", exponent 3")):
            if note and digest != "256":
                continue
            with_key = rsa_key(rsa, name)
            both.case("good" + note, group, source, "ok", with_key, algorithm, lambda m, r=rsa: r.pkcs1(digest, m))
            for what, _ in pkcs1_infos(digest, MESSAGE):
                both.case(what + note, group, source, "bad-signature", with_key, algorithm,
                          lambda m, r=rsa, w=what: r.raise_to_d(pkcs1_encode(r.size, dict(pkcs1_infos(digest, m))[w])))
            for what, _ in pkcs1_encodings(rsa.size, digest, MESSAGE):
                both.case("encoding: " + what + note, group, source, "bad-signature", with_key, algorithm,
                          lambda m, r=rsa, w=what: r.raise_to_d(dict(pkcs1_encodings(r.size, digest, m))[w]))


def without_private_key(both):
    """Bleichenbacher's forgery of 2006 and its heirs: with exponent 3 a cube root is enough where a verifier does not look at all bytes."""
    group = "forged without the private key"
    with_key = rsa_key(RSA_3, "rsa with exponent 3")
    size = RSA_3.size

    def rooted(prefix):
        """A number whose cube begins with these bytes."""
        root = cube_root(int.from_bytes(prefix, "big") << 8 * (size - len(prefix)))
        if (root ** 3).to_bytes(size, "big")[:len(prefix)] != prefix:
            raise ValueError("no such root")
        return root.to_bytes(size, "big")

    for digest in ("256", "384", "512"):
        algorithm = "RS" + digest
        for padding in (8, 1, 0) if digest == "256" else (0,):
            if 3 + padding + len(digest_info(digest, b"")) > size // 3 - 2:
                continue
            both.case(f"Bleichenbacher '06, {padding} bytes of padding", group, "CVE-2006-4339", "bad-signature", with_key, algorithm,
                      lambda m, d=digest, p=padding: rooted(b"\x00\x01" + b"\xff" * p + b"\x00" + digest_info(d, m)))
        both.case("garbage in a parameter", group, "CVE-2006-4340", "bad-signature", with_key, algorithm,
                  lambda m, d=digest: rooted(b"\x00\x01" + b"\xff" * 8 + b"\x00" + digest_info(d, m)[:4]))
        # A number whose cube ends in the hash: the low bits are chosen, the padding is not looked at.
        def ending(message, d=digest):
            suffix = HASHES[d](message).digest()
            modulus = 1 << 8 * len(suffix)
            target = int.from_bytes(suffix, "big") | 1  # an odd number has a cube root modulo every power of two
            root = pow(target, pow(3, -1, modulus // 4), modulus)
            return root.to_bytes(size, "big")
        both.case("only the end is right", group, "CVE-2014-1568", "bad-signature", with_key, algorithm, ending)
    for name, with_rsa, rsa in (("", rsa_key(), RSA), (", exponent 3", with_key, RSA_3)):
        for algorithm in ("RS256", "PS256"):
            for what, number in (("zero", 0), ("one", 1), ("n - 1", rsa.n - 1), ("n", rsa.n), ("n + 1", rsa.n + 1), ("all ones", (1 << 2048) - 1)):
                both.case(f"{what}{name}", "signatures as numbers", "RFC 8017 5.2.2", "bad-signature", with_rsa, algorithm,
                          lambda m, n=number, r=rsa: n.to_bytes(r.size, "big"))


def as_numbers(both):
    group, source = "signatures as numbers", "RFC 8017 8.1.2"
    for algorithm in ("RS256", "PS256", "RS512", "PS512"):
        good = signer(algorithm)

        def plus_n(message, g=good):
            number = int.from_bytes(g(message), "big") + RSA.n
            return number.to_bytes(RSA.size + (number.bit_length() > 8 * RSA.size), "big")
        both.case("plus n", group, source, "bad-signature", rsa_key(), algorithm, plus_n)
        both.case("n minus it", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: (RSA.n - int.from_bytes(g(m), "big")).to_bytes(RSA.size, "big"))
        both.case("a zero before", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: b"\x00" + g(m))
        both.case("a zero behind", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: g(m) + b"\x00")
        both.case("a byte less", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: g(m)[:-1])
        both.case("without its first byte", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: g(m)[1:])
        both.case("empty", group, source, "bad-signature", rsa_key(), algorithm, lambda m: b"")
        both.case("backwards", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: g(m)[::-1])
        both.case("twice", group, source, "bad-signature", rsa_key(), algorithm, lambda m, g=good: g(m) * 2)
        both.case("of another key", group, source, "bad-signature", rsa_key(), algorithm,
                  lambda m, a=algorithm: OTHER_RSA.pkcs1(a[2:], m) if a[0] == "R" else OTHER_RSA.pss(a[2:], m))
        both.case("8 KiB of zeros", group, source, "bad-signature", rsa_key(), algorithm, lambda m: b"\x00" * 8192)

    # Where a signature begins with a zero byte, that byte is part of it.
    for counter in range(2000):
        message = b"leading zero %d" % counter
        signature = RSA.pkcs1("256", message)
        if signature[0] == 0:
            break
    both.raw.signature("RS256: a signature that begins with zero", group, source, "ok", rsa_key(), "RS256", message, signature)
    both.raw.signature("RS256: the same without its zero", group, source, "bad-signature", rsa_key(), "RS256", message, signature[1:])


def pss(both):
    group, source = "PSS parameters", "RFC 7518 3.5"
    for digest in ("256", "384", "512"):
        algorithm, size = "PS" + digest, SIZES[digest]
        for rsa, name, note in ((RSA, "rsa", ""), (RSA_3, "rsa with exponent 3", ", exponent 3")):
            if note and digest != "256":
                continue

            def case(what, code="bad-signature", which=rsa, with_name=name, with_note=note, **changes):
                both.case(what + with_note, group, source, code, rsa_key(which, with_name), algorithm, lambda m: which.pss(digest, m, **changes))

            case("good", "ok")
            case("a salt of zeros", "ok", salt=b"\x00" * size)
            for length in sorted({0, 1, 20, size - 1, size + 1, 32, 48, 64, rsa.size - size - 2}):
                case(f"a salt of {length} bytes", "ok" if length == size else "bad-signature", salt_length=length)
            for other in ("1", "224", "256", "384", "512"):
                if other != digest:
                    case(f"MGF1 with SHA-{other}", mgf=other)
                    hashed = HASHES[other]
                    both.case(f"all with SHA-{other}{note}", group, source, "bad-signature", rsa_key(rsa, name), algorithm, lambda m, o=other, r=rsa: r.pss(o, m))
                    both.case(f"the message hashed with SHA-{other}{note}", group, source, "bad-signature", rsa_key(rsa, name), algorithm,
                              lambda m, h=hashed, r=rsa: r.pss(digest, m, hash_of_message=h(m).digest()))
            for trailer in (0x00, 0xbb, 0xbd, 0xcc, 0xff, 0x3c):
                case(f"trailer {trailer:02x}", trailer=bytes([trailer]))
            case("trailer of two bytes (ISO 9796-2)", salt=stream("salt", size - 1), trailer=b"\x34\xcc")
            case("0x02 before the salt", one=b"\x02")
            case("0x00 before the salt", one=b"\x00")
            case("0x81 before the salt", one=b"\x81")
            case("padding of 0xff", padding=lambda n: b"\x7f" + b"\xff" * (n - 1))
            case("a bit in the padding's first byte", padding=lambda n: b"\x01" + b"\x00" * (n - 1))
            case("a bit in the padding's last byte", padding=lambda n: b"\x00" * (n - 1) + b"\x01")
            case("0x01 early in the padding", padding=lambda n: b"\x00" * (n - 5) + b"\x01\x00\x00\x00\x00")
            case("no zeros before the message's hash", prefix=b"")
            case("seven zeros before the message's hash", prefix=b"\x00" * 7)
            case("ones before the message's hash", prefix=b"\xff" * 8)
            case("the hash of another message", hash_of_message=HASHES[digest](b"another").digest())
            both.case("the highest bit set" + note, group, source, "bad-signature", rsa_key(rsa, name), algorithm, lambda m, r=rsa: with_top_bit(r, digest, m))
            for what, change in (("the last byte of H", -2), ("the first byte", 0), ("the middle", 100)):
                def turned(message, r=rsa, at=change):
                    encoded = bytearray(pss_encode(2047, digest, message))
                    encoded[at] ^= 1
                    return r.raise_to_d(bytes(encoded))
                both.case(f"a bit of {what} turned{note}", group, source, "bad-signature", rsa_key(rsa, name), algorithm, turned)
            both.case(f"PKCS#1 v1.5{note}", group, source, "bad-signature", rsa_key(rsa, name), algorithm, lambda m, r=rsa: r.pkcs1(digest, m))
            both.case(f"no encoding, the hash{note}", group, source, "bad-signature", rsa_key(rsa, name), algorithm,
                      lambda m, r=rsa: r.raise_to_d(HASHES[digest](m).digest().rjust(r.size, b"\x00")))


def with_top_bit(rsa, digest, message):
    """The bit that RFC 8017 section 9.1.2 step 6 wants clear, set, for a salt with which the number stays below n."""
    for counter in range(1000):
        encoded = pss_encode(2047, digest, message, salt=stream(f"salt {counter}", SIZES[digest]))
        number = int.from_bytes(encoded, "big") | 1 << 2047
        if number < rsa.n:
            return rsa.raise_to_d(number.to_bytes(rsa.size, "big"))
    raise ValueError("no salt")


def numbers(curve, raw):
    return int.from_bytes(raw[:curve.size], "big"), int.from_bytes(raw[curve.size:], "big")


def ecdsa(both):
    group, source = "ECDSA numbers", "RFC 7518 3.4"
    for algorithm in EC_NAMES:
        ec = EC[algorithm]
        curve, n, size = ec.curve, ec.curve.n, ec.curve.size
        with_key = key(algorithm)

        def case(what, code, change, origin=source):
            """`change` makes a signature of the good r and s."""
            both.case(what, group, origin, code, with_key, algorithm, lambda m: change(*numbers(curve, ec.sign(m))))

        top = 1 << 8 * size
        case("good", "ok", curve.raw)
        case("n - s, the other one that holds", "ok", lambda r, s: curve.raw(r, n - s), "FIPS 186-4 6.4")
        odd = [("0", 0), ("1", 1), ("n - 1", n - 1), ("n", n), ("n + 1", n + 1), ("p", curve.p), ("2^k - 1", top - 1), ("n / 2", n // 2)]
        for what, number in odd:
            case(f"r is {what}", "bad-signature", lambda r, s, x=number: curve.raw(x, s))
            case(f"s is {what}", "bad-signature", lambda r, s, x=number: curve.raw(r, x))
            for other, second in odd:
                case(f"r is {what}, s is {other}", "bad-signature", lambda r, s, x=number, y=second: curve.raw(x, y))
        case("r + n", "bad-signature", lambda r, s: (r + n).to_bytes(size, "big") + s.to_bytes(size, "big") if r + n < top else curve.raw((r + n) % top, s))
        case("s + n", "bad-signature", lambda r, s: curve.raw(r, (s + n) % top))
        case("r + n, a byte longer", "bad-signature", lambda r, s: (r + n).to_bytes(size + 1, "big") + s.to_bytes(size + 1, "big"))
        case("s + n, a byte longer", "bad-signature", lambda r, s: r.to_bytes(size + 1, "big") + (s + n).to_bytes(size + 1, "big"))
        case("-r", "bad-signature", lambda r, s: curve.raw(top - r, s))
        case("-s", "bad-signature", lambda r, s: curve.raw(r, top - s))
        case("n - r", "bad-signature", lambda r, s: curve.raw(n - r, s))
        case("s before r", "bad-signature", lambda r, s: curve.raw(s, r))
        case("little-endian", "bad-signature", lambda r, s: r.to_bytes(size, "little") + s.to_bytes(size, "little"))
        case("r twice", "bad-signature", lambda r, s: curve.raw(r, r))
        case("s inverted", "bad-signature", lambda r, s: curve.raw(r, pow(s, -1, n)))

        group_of = "ECDSA forms"

        def form(what, change, code="bad-signature"):
            both.case(what, group_of, source, code, with_key, algorithm, lambda m: change(*numbers(curve, ec.sign(m))))

        form("DER", lambda r, s: sequence(integer(r), integer(s)))
        form("DER, filled up behind", lambda r, s: sequence(integer(r), integer(s)).ljust(2 * size, b"\x00")[:max(2 * size, len(sequence(integer(r), integer(s))))])
        form("DER cut to the raw length", lambda r, s: sequence(integer(r), integer(s))[:2 * size])
        form("DER of negative numbers", lambda r, s: sequence(integer(-r), integer(-s)))
        form("DER behind the raw", lambda r, s: curve.raw(r, s) + sequence(integer(r), integer(s)))
        form("r alone", lambda r, s: r.to_bytes(size, "big"))
        form("empty", lambda r, s: b"")
        form("a byte less", lambda r, s: curve.raw(r, s)[:-1])
        form("a zero behind", lambda r, s: curve.raw(r, s) + b"\x00")
        form("a zero before", lambda r, s: b"\x00" + curve.raw(r, s))
        form("a zero before each", lambda r, s: r.to_bytes(size + 1, "big") + s.to_bytes(size + 1, "big"))
        form("twice", lambda r, s: curve.raw(r, s) * 2)
        form("with a recovery byte before", lambda r, s: b"\x1b" + curve.raw(r, s))
        form("with a recovery byte behind", lambda r, s: curve.raw(r, s) + b"\x01")
        form("in hexadecimal", lambda r, s: curve.raw(r, s).hex().encode())
        for other in (64, 96, 132):
            if other != 2 * size:
                form(f"{other} bytes, filled up", lambda r, s, o=other: (r % (1 << 4 * o)).to_bytes(o // 2, "big") + (s % (1 << 4 * o)).to_bytes(o // 2, "big"))
        if algorithm == "ES512":
            form("128 bytes, with the hash's size", lambda r, s: (r % (1 << 512)).to_bytes(64, "big") + (s % (1 << 512)).to_bytes(64, "big"))
            form("131 bytes", lambda r, s: r.to_bytes(65 if r < 1 << 520 else 66, "big") + s.to_bytes(65 if s < 1 << 520 else 66, "big")[-65:])
        for digest in ("256", "384", "512"):
            if digest != curve.digest:
                both.case(f"hashed with SHA-{digest}", group_of, source, "bad-signature", with_key, algorithm, lambda m, d=digest: ec.sign(m, d))
        both.case("of another key", group_of, source, "bad-signature", with_key, algorithm, Ec("another", curve).sign)
        both.case("of the message's hash", group_of, source, "bad-signature", with_key, algorithm, lambda m: ec.sign(HASHES[curve.digest](m).digest()))
        # Numbers that begin with zero bytes keep them. An r comes of a nonce, an s of the message: one of a few hundred of each.
        limit = 1 << 8 * (size - (2 if algorithm == "ES512" else 1))  # of P-521 the first byte has one bit
        point, nonce = curve.times(1000, curve.g), 1000
        while point[0] % n >= limit:
            point, nonce = curve.add(point, curve.g), nonce + 1
        message = next(m for m in (b"leading zero of s, %d" % i for i in range(5000)) if ec.signature_with(1000, curve.digest, m)[1] < limit)
        for what, message, raw in (("r", b"leading zero of r", ec.signature_with(nonce, curve.digest, b"leading zero of r")),
                                   ("s", message, ec.signature_with(1000, curve.digest, message))):
            both.raw.signature(f"{algorithm}: {what} begins with zero", group_of, source, "ok", with_key, algorithm, message, curve.raw(*raw))
            short = b"".join(x.to_bytes((x.bit_length() + 7) // 8, "big") for x in raw)
            both.raw.signature(f"{algorithm}: {what} without its zero", group_of, source, "bad-signature", with_key, algorithm, message, short)


def special_points(raw):
    """Signatures of keys that are made for them: their private keys are unknown, or chosen to get an r or s that is rare."""
    group, source = "ECDSA rare numbers", "FIPS 186-4 6.4"
    for algorithm in EC_NAMES:
        curve = EC[algorithm].curve
        n, size = curve.n, curve.size
        top = 1 << 8 * size
        digest = curve.digest

        def case(what, code, point, s, r_written, s_written):
            q = recovered(curve, point, s, digest, MESSAGE)
            raw.signature(f"{algorithm}, a key made for it: {what}", group, source, code, ("key", f"{curve.jose} {q[0]:x}"[:24], ec_pem(curve, q)), algorithm, MESSAGE,
                          r_written.to_bytes(size, "big") + s_written.to_bytes(size, "big"))

        small = next(point for point in map(curve.lift, range(1, 1000)) if point)
        case("a small r", "ok", small, 12345, small[0], 12345)
        case("a small r, plus n", "bad-signature", small, 12345, small[0] + n, 12345)
        case("s is 1", "ok", small, 1, small[0], 1)
        case("s is 1, plus n", "bad-signature", small, 1, small[0], 1 + n)
        case("s is 2", "ok", small, 2, small[0], 2)
        case("s is n - 1", "ok", small, n - 1, small[0], n - 1)
        case("s is n - 1, plus n", "bad-signature", small, n - 1, small[0], (2 * n - 1) % top)
        case("r and s both plus n", "bad-signature", small, 7, small[0] + n, 7 + n)
        # The x of R may be n or more; r is then what is left of it.
        if n < curve.p:
            above = next((point for point in map(curve.lift, range(n, min(curve.p, n + 1000))) if point and point[0] > n), None)
            if above:
                case("x of R is beyond n", "ok", above, 99, above[0] - n, 99)
                case("x of R is beyond n, and r too", "bad-signature", above, 99, above[0], 99)


def eddsa(both):
    for name, other in (("Ed25519", "Ed448"), ("Ed448", "Ed25519")):
        okp = OKP[name]
        curve, size = okp.curve, okp.curve.size
        order, base = curve.order, curve.base
        group, source = f"{name} signatures", "RFC 8032 5.1.7" if name == "Ed25519" else "RFC 8032 5.2.7"
        top = 1 << 8 * size
        with_key = key(name)
        for algorithm in (name, "EdDSA"):
            def case(what, code, make):
                both.case(f"{name}, {what}", group, source, code, with_key, algorithm, make)

            def numbers_of(change, code_name, code="bad-signature"):
                def make(message):
                    encoded, s = okp.parts(message)
                    return change(encoded, s)
                case(code_name, code, make)

            case("good", "ok", okp.sign)
            factor = 1
            while (factor + 1) * order < top and factor < 9:
                numbers_of(lambda r, s, f=factor: r + (s + f * order).to_bytes(size, "little"), f"S + {factor} L")
                factor += 1
            numbers_of(lambda r, s: r + b"\x00" * size, "S is 0")
            numbers_of(lambda r, s: r + (1).to_bytes(size, "little"), "S is 1")
            numbers_of(lambda r, s: r + order.to_bytes(size, "little"), "S is L")
            numbers_of(lambda r, s: r + (order - s).to_bytes(size, "little"), "L - S")
            numbers_of(lambda r, s: r + b"\xff" * size, "S is all ones")
            numbers_of(lambda r, s: r + s.to_bytes(size, "big"), "S big-endian")
            numbers_of(lambda r, s: r + (s | 1 << (8 * size - 1)).to_bytes(size, "little"), "the highest bit of S")
            numbers_of(lambda r, s: r + (s | 1 << (8 * size - 3)).to_bytes(size, "little"), "the third highest bit of S")
            numbers_of(lambda r, s: bytes(size) + s.to_bytes(size, "little"), "R is zeros")
            numbers_of(lambda r, s: curve.encode((0, 1)) + s.to_bytes(size, "little"), "R is the neutral element")
            numbers_of(lambda r, s: curve.encode_raw(curve.p + 1, 0) + s.to_bytes(size, "little"), "R is the neutral element, not reduced")
            numbers_of(lambda r, s: curve.encode_raw(1, 1) + s.to_bytes(size, "little"), "R is the neutral element with a sign")
            numbers_of(lambda r, s: r[:-1] + bytes([r[-1] ^ 0x80]) + s.to_bytes(size, "little"), "the sign of R turned")
            numbers_of(lambda r, s: curve.encode(base) + s.to_bytes(size, "little"), "R is the base point")
            numbers_of(lambda r, s: s.to_bytes(size, "little") + r, "S before R")
            numbers_of(lambda r, s: (r + s.to_bytes(size, "little"))[:-1], "a byte less")
            numbers_of(lambda r, s: r + s.to_bytes(size, "little") + b"\x00", "a zero behind")
            numbers_of(lambda r, s: b"\x00" + r + s.to_bytes(size, "little"), "a zero before")
            numbers_of(lambda r, s: r, "R alone")
            numbers_of(lambda r, s: b"", "empty")
            numbers_of(lambda r, s: (r + s.to_bytes(size, "little")) * 2, "twice")
            case("of another key", "bad-signature", Okp("another", curve).sign)
            case("of the hash of the message (prehash)", "bad-signature", lambda m: okp.sign(HASHES["512"](m).digest()))
            case("zeros", "bad-signature", lambda m: bytes(2 * size))
            case("ones", "bad-signature", lambda m: b"\xff" * (2 * size))
            # R of small order, with the S that fits the equation multiplied by the cofactor: RFC 8032 lets a verifier choose, and only the key's
            # owner can make it. For Ed25519 OpenSSL compares R itself; what it does for Ed448 differs from point to point.
            for index, point in enumerate(curve.small() if name == "Ed25519" else []):
                if index == 0:
                    continue
                encoded = curve.encode(point)
                case(f"R of small order {index}", "bad-signature", lambda m, e=encoded: okp.join(*okp.parts(m, nonce_point=e)))
            case("the neutral element for R, not reduced, and its S", "bad-signature",
                 lambda m: okp.join(*okp.parts(m, nonce_point=curve.encode_raw(curve.p + 1, 0))))
            if name == "Ed25519":
                case("of Ed25519ctx", "bad-signature", lambda m: with_domain(okp, m, b"SigEd25519 no Ed25519 collisions\x00\x03foo"))
                case("of Ed25519ph", "bad-signature", lambda m: with_domain(okp, HASHES["512"](m).digest(), b"SigEd25519 no Ed25519 collisions\x01\x00"))
        both.case(f"{name} signature under the other name's key", group, source, "bad-signature", key(other), "EdDSA", okp.sign)


def with_domain(okp, message, domain):
    """RFC 8032 section 5.1: the variants with a domain."""
    import hashlib
    curve = okp.curve
    r = int.from_bytes(hashlib.sha512(domain + okp.prefix + message).digest(), "little") % curve.order
    encoded = curve.encode(curve.times(r, curve.base))
    h = int.from_bytes(hashlib.sha512(domain + encoded + okp.public + message).digest(), "little") % curve.order
    return okp.join(encoded, (r + h * okp.scalar) % curve.order)


def hmacs(both):
    group, source = "HMAC tags", "RFC 7518 3.2"
    for digest in ("256", "384", "512"):
        algorithm, size = "HS" + digest, SIZES[digest]
        good = hs(digest)

        def case(what, make, code="bad-signature"):
            both.case(what, group, source, code, secret(), algorithm, make)

        case("good", good, "ok")
        for bit in (0, 7, 8 * size // 2, 8 * size - 1):
            case(f"bit {bit} turned", lambda m, b=bit: bytes(x ^ (1 << b % 8 if i == b // 8 else 0) for i, x in enumerate(good(m))))
        for length in (0, 1, 10, size // 2, size - 1):
            case(f"cut to {length} bytes", lambda m, n=length: good(m)[:n])
        case("a zero behind", lambda m: good(m) + b"\x00")
        case("a zero before", lambda m: b"\x00" + good(m))
        case("twice", lambda m: good(m) * 2)
        case("zeros", lambda m: bytes(size))
        case("ones", lambda m: b"\xff" * size)
        case("in hexadecimal", lambda m: good(m).hex().encode())
        case("the hash without a key", lambda m: HASHES[digest](m).digest())
        case("the hash of the secret and the message", lambda m: HASHES[digest](ring.SECRET.encode() + m).digest())
        case("with an empty secret", hs(digest, ""))
        case("with half the secret", hs(digest, ring.SECRET[:64]))
        case("with the secret from hexadecimal", hs(digest, bytes.fromhex(ring.SECRET)))
        case("backwards", lambda m: good(m)[::-1])


def make(raw, tokens):
    both = Both(raw, tokens)
    hmacs(both)
    pkcs1(both)
    without_private_key(both)
    as_numbers(both)
    pss(both)
    ecdsa(both)
    special_points(raw)
    eddsa(both)
