# SPDX-License-Identifier: MIT
"""Keys and signatures from integers alone, so that a wrong one is as easily made as a right one. Nothing here is random, or fast."""

import functools
import hashlib
import hmac

HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "1": hashlib.sha1, "224": hashlib.sha224}
SIZES = {"256": 32, "384": 48, "512": 64, "1": 20, "224": 28}


def stream(seed, length):
    """Bytes that depend on the seed alone."""
    out = b""
    counter = 0
    while len(out) < length:
        out += hashlib.sha256(f"token_verifier vectors {seed} {counter}".encode()).digest()
        counter += 1
    return out[:length]


def number(seed, bits):
    return int.from_bytes(stream(seed, (bits + 7) // 8), "big") >> (-bits % 8)


# RSA

SMALL_PRIMES = [p for p in range(3, 2000, 2) if all(p % q for q in range(3, int(p ** 0.5) + 1, 2))]


def is_prime(n):
    if any(n % p == 0 for p in SMALL_PRIMES):
        return False
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37):
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


def prime(seed, bits, exponent):
    """A prime with its two highest bits set, less one coprime to the exponent."""
    p = number(seed, bits) | 3 << (bits - 2) | 1
    while p % exponent == 1 or not is_prime(p):
        p += 2
    return p


class Rsa:
    def __init__(self, seed, bits, exponent=65537):
        self.p, self.q = prime(seed + " p", bits // 2, exponent), prime(seed + " q", bits - bits // 2, exponent)
        self.n, self.e = self.p * self.q, exponent
        if self.n.bit_length() != bits:
            raise ValueError(f"{seed}: {self.n.bit_length()} bits")
        self.d = pow(exponent, -1, (self.p - 1) * (self.q - 1))
        self.size = (bits + 7) // 8

    def raise_to_d(self, encoded):
        """The signature of any encoded message, right or wrong."""
        m = int.from_bytes(encoded, "big")
        # By the Chinese remainder theorem, four times as fast.
        a, b = pow(m, self.d % (self.p - 1), self.p), pow(m, self.d % (self.q - 1), self.q)
        return (b + self.q * ((a - b) * pow(self.q, -1, self.p) % self.p)).to_bytes(self.size, "big")

    @functools.lru_cache(maxsize=64)
    def pkcs1(self, digest, message):
        return self.raise_to_d(pkcs1_encode(self.size, digest_info(digest, message)))

    def pss(self, digest, message, **changes):
        return self.raise_to_d(pss_encode(self.n.bit_length() - 1, digest, message, **changes))


def digest_info(digest, message, null=b"\x05\x00"):
    """RFC 8017 section 9.2 note 1."""
    identifiers = {
        "256": "608648016503040201", "384": "608648016503040202", "512": "608648016503040203", "224": "608648016503040204",
        "1": "2b0e03021a"}
    return sequence(sequence(der(0x06, bytes.fromhex(identifiers[digest])), null), der(0x04, HASHES[digest](message).digest()))


def pkcs1_encode(size, info):
    """RFC 8017 section 9.2."""
    return b"\x00\x01" + b"\xff" * (size - len(info) - 3) + b"\x00" + info


def mgf1(digest, seed, length):
    out = b""
    counter = 0
    while len(out) < length:
        out += HASHES[digest](seed + counter.to_bytes(4, "big")).digest()
        counter += 1
    return out[:length]


def pss_encode(bits, digest, message, salt=None, salt_length=None, mgf=None, trailer=b"\xbc", one=b"\x01", padding=None,
               hash_of_message=None, prefix=b"\x00" * 8, clear_top=True):
    """RFC 8017 section 9.1.1; each argument after the message is a way to get it wrong."""
    size = (bits + 7) // 8
    hashing, hash_size = HASHES[digest], SIZES[digest]
    if salt is None:
        salt = stream("salt", hash_size if salt_length is None else salt_length)
    message_hash = hash_of_message or hashing(message).digest()
    h = hashing(prefix + message_hash + salt).digest()
    zeros = size - len(salt) - hash_size - 2
    db = (b"\x00" * zeros if padding is None else padding(zeros)) + one + salt
    masked = int.from_bytes(db, "big") ^ int.from_bytes(mgf1(mgf or digest, h, len(db)), "big")
    if clear_top:
        masked &= (1 << (8 * len(db) - (8 * size - bits))) - 1
    return masked.to_bytes(len(db), "big") + h + trailer


# ECDSA

class Curve:
    def __init__(self, name, jose, p, a, b, n, x, y, oid, digest):
        self.name, self.jose, self.p, self.a, self.b, self.n, self.g = name, jose, p, a, b, n, (x, y)
        self.oid, self.digest = oid, digest
        self.size = (p.bit_length() + 7) // 8

    def is_on(self, point):
        x, y = point
        return (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def times(self, k, point):
        """In Jacobian coordinates: x / z^2, y / z^3."""
        p, a = self.p, self.a
        x, y, z = 0, 1, 0
        for bit in bin(k % self.n)[2:]:
            if z:
                yy = y * y % p
                s = 4 * x * yy % p
                m = (3 * x * x + a * pow(z, 4, p)) % p
                x, z = (m * m - 2 * s) % p, 2 * y * z % p
                y = (m * (s - x) - 8 * yy * yy) % p
            if bit == "1":
                if not z:
                    x, y, z = point[0], point[1], 1
                    continue
                zz = z * z % p
                h, r = (point[0] * zz - x) % p, (point[1] * zz * z - y) % p
                if h == 0:
                    sum_ = self.add(self.affine(x, y, z), point)
                    x, y, z = (*sum_, 1) if sum_ else (0, 1, 0)
                    continue
                hh = h * h % p
                hhh, v = h * hh % p, x * hh % p
                x = (r * r - hhh - 2 * v) % p
                y, z = (r * (v - x) - y * hhh) % p, z * h % p
        return self.affine(x, y, z)

    def affine(self, x, y, z):
        if not z:
            return None
        inverse = pow(z, -1, self.p)
        return x * inverse * inverse % self.p, y * inverse * inverse * inverse % self.p

    def add(self, one, other):
        if one is None or other is None:
            return one or other
        if one[0] == other[0]:
            if (one[1] + other[1]) % self.p == 0:
                return None
            slope = (3 * one[0] * one[0] + self.a) * pow(2 * one[1], -1, self.p)
        else:
            slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, self.p)
        x = (slope * slope - one[0] - other[0]) % self.p
        return x, (slope * (one[0] - x) - one[1]) % self.p

    def lift(self, x):
        """A point with this x, or None. All these primes are 3 modulo 4."""
        square = (x * x * x + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        return (x, y) if y * y % self.p == square else None

    def hash_number(self, digest, message):
        """FIPS 186-4 section 6.4: the leftmost bits of the hash."""
        hashed = HASHES[digest](message).digest()
        return int.from_bytes(hashed, "big") >> max(0, 8 * len(hashed) - self.n.bit_length())

    def raw(self, r, s):
        """RFC 7518 section 3.4."""
        return r.to_bytes(self.size, "big") + s.to_bytes(self.size, "big")


P256 = Curve(
    "prime256v1", "P-256", 2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5, "2a8648ce3d030107", "256")
P384 = Curve(
    "secp384r1", "P-384", 2**384 - 2**128 - 2**96 + 2**32 - 1, -3,
    0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
    0xAA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A385502F25DBF55296C3A545E3872760AB7,
    0x3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C00A60B1CE1D7E819D7A431D7C90EA0E5F, "2b81040022", "384")
P521 = Curve(
    "secp521r1", "P-521", 2**521 - 1, -3,
    0x0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00,
    0x01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409,
    0x00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66,
    0x011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE72995EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650,
    "2b81040023", "512")
K256 = Curve(
    "secp256k1", "secp256k1", 2**256 - 2**32 - 977, 0, 7, 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8, "2b8104000a", "256")


class Ec:
    def __init__(self, seed, curve, d=None):
        self.curve = curve
        self.d = d or number(seed, curve.n.bit_length() + 64) % (curve.n - 1) + 1
        self.q = curve.times(self.d, curve.g)

    @functools.lru_cache(maxsize=64)
    def r_of(self, k):
        return self.curve.times(k, self.curve.g)[0] % self.curve.n

    def signature_with(self, k, digest, message):
        """r and s."""
        curve, r = self.curve, self.r_of(k)
        return r, pow(k, -1, curve.n) * (curve.hash_number(digest, message) + r * self.d) % curve.n

    def nonce(self, digest, message):
        """RFC 6979 section 3.2."""
        curve, size = self.curve, (self.curve.n.bit_length() + 7) // 8
        hashing = HASHES[digest]
        secret = self.d.to_bytes(size, "big") + (curve.hash_number(digest, message) % curve.n).to_bytes(size, "big")
        v, k = b"\x01" * SIZES[digest], b"\x00" * SIZES[digest]
        for between in (b"\x00", b"\x01"):
            k = hmac.new(k, v + between + secret, hashing).digest()
            v = hmac.new(k, v, hashing).digest()
        while True:
            bits = b""
            while len(bits) < size:
                v = hmac.new(k, v, hashing).digest()
                bits += v
            nonce = int.from_bytes(bits[:size], "big") >> (8 * size - curve.n.bit_length())
            if 0 < nonce < curve.n:
                return nonce
            k = hmac.new(k, v + b"\x00", hashing).digest()
            v = hmac.new(k, v, hashing).digest()

    @functools.lru_cache(maxsize=64)  # the same message is signed for one change after another
    def sign(self, message, digest=None):
        digest = digest or self.curve.digest
        return self.curve.raw(*self.signature_with(self.nonce(digest, message), digest, message))


def recovered(curve, r_point, s, digest, message):
    """The public point under which (x of r_point, s) is a signature of the message: whose private key nobody knows."""
    r = r_point[0] % curve.n
    e = curve.hash_number(digest, message)
    inverse = pow(r, -1, curve.n)
    return curve.add(curve.times(s * inverse, r_point), curve.times(-e * inverse, curve.g))


# EdDSA (RFC 8032), affine

class Edwards:
    """a x^2 + y^2 = 1 + d x^2 y^2"""

    def __init__(self, name, p, a, d, order, base_y, size, oid):
        self.name, self.p, self.a, self.d, self.order, self.size, self.oid = name, p, a, d, order, size, oid
        self.base = self.lift(base_y, 0)

    def lift(self, y, sign):
        p = self.p
        square = (1 - y * y) * pow(self.a - self.d * y * y, -1, p) % p
        x = pow(square, (p + 3) // 8, p) if p % 8 == 5 else pow(square, (p + 1) // 4, p)
        if x * x % p != square and p % 8 == 5:
            x = x * pow(2, (p - 1) // 4, p) % p
        if x * x % p != square or (x == 0 and sign):
            return None
        return (p - x if x % 2 != sign else x), y

    def add(self, one, other):
        p = self.p
        product = self.d * one[0] * other[0] * one[1] * other[1]
        return ((one[0] * other[1] + one[1] * other[0]) * pow(1 + product, -1, p) % p,
                (one[1] * other[1] - self.a * one[0] * other[0]) * pow(1 - product, -1, p) % p)

    def times(self, k, point):
        """In projective coordinates: x / z, y / z."""
        p, a, d = self.p, self.a, self.d
        x, y, z = 0, 1, 1

        def plus(x1, y1, z1, x2, y2, z2):
            zz, xx, yy = z1 * z2 % p, x1 * x2 % p, y1 * y2 % p
            b, e = zz * zz % p, d * xx * yy % p
            f, g = b - e, b + e
            return zz * f * ((x1 + y1) * (x2 + y2) - xx - yy) % p, zz * g * (yy - a * xx) % p, f * g % p

        for bit in bin(k)[2:]:
            x, y, z = plus(x, y, z, x, y, z)
            if bit == "1":
                x, y, z = plus(x, y, z, *point, 1)
        inverse = pow(z, -1, p)
        return x * inverse % p, y * inverse % p

    def encode(self, point):
        return self.encode_raw(point[1], point[0] % 2)

    def encode_raw(self, y, sign):
        """Also of what is no point, and of a y that is not reduced."""
        return (y | sign << (8 * self.size - 1)).to_bytes(self.size, "little")

    @functools.lru_cache(maxsize=1)
    def small(self):
        """The points whose order divides the cofactor."""
        torsion = None
        y = 2
        while torsion is None or self.times(4, torsion) == (0, 1) and self.p % 8 == 5:
            point = self.lift(y, 0)
            y += 1
            torsion = self.times(self.order, point) if point else None
            if torsion == (0, 1) or (torsion and self.times(2, torsion) == (0, 1)):
                torsion = None
        points, point = [], (0, 1)
        while point not in points:
            points.append(point)
            point = self.add(point, torsion)
        return points


ED25519 = Edwards(
    "Ed25519", 2**255 - 19, -1, -121665 * pow(121666, -1, 2**255 - 19) % (2**255 - 19), 2**252 + 27742317777372353535851937790883648493,
    4 * pow(5, -1, 2**255 - 19) % (2**255 - 19), 32, "2b6570")
ED448 = Edwards(
    "Ed448", 2**448 - 2**224 - 1, 1, -39081, 2**446 - 13818066809895115352007386748515426880336692474882178609894547503885,
    298819210078481492676017930443930673437544040154080242095928241372331506189835876003536878655418784733982303233503462500531545062832660,
    57, "2b6571")


class Okp:
    def __init__(self, seed, curve, secret=None):
        self.curve = curve
        self.secret = secret or stream(seed, curve.size)
        hashed = self.hash(self.secret, False)
        low = bytearray(hashed[:curve.size])
        self.prefix = hashed[curve.size:]
        if curve is ED25519:
            low[0] &= 248
            low[31] = low[31] & 127 | 64
        else:
            low[0] &= 252
            low[56], low[55] = 0, low[55] | 128
        self.scalar = int.from_bytes(low, "little")
        self.public = curve.encode(curve.times(self.scalar, curve.base))

    def hash(self, data, dom=True):
        if self.curve is ED25519:
            return hashlib.sha512(data).digest()
        return hashlib.shake_256((b"SigEd448\x00\x00" if dom else b"") + data).digest(114)

    @functools.lru_cache(maxsize=64)
    def parts(self, message, nonce_point=None):
        """R and S, which are encoded by join()."""
        curve = self.curve
        r = int.from_bytes(self.hash(self.prefix + message), "little") % curve.order
        encoded = curve.encode(curve.times(r, curve.base)) if nonce_point is None else nonce_point
        h = int.from_bytes(self.hash(encoded + self.public + message), "little") % curve.order
        return encoded, ((0 if nonce_point is not None else r) + h * self.scalar) % curve.order

    def join(self, encoded, s):
        return encoded + s.to_bytes(self.curve.size, "little")

    def sign(self, message):
        return self.join(*self.parts(message))


# DER

def der(tag, contents):
    length = len(contents)
    if length < 0x80:
        return bytes([tag, length]) + contents
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + contents


def sequence(*parts):
    return der(0x30, b"".join(parts))


def integer(value):
    """Two's complement, as short as it goes."""
    size = (value.bit_length() if value >= 0 else (value + 1).bit_length()) // 8 + 1
    return der(0x02, value.to_bytes(size, "big", signed=True))


def oid(hexadecimal):
    return der(0x06, bytes.fromhex(hexadecimal))


def bits(contents):
    return der(0x03, b"\x00" + contents)


RSA_OID = "2a864886f70d010101"
EC_OID = "2a8648ce3d0201"
