// SPDX-License-Identifier: MIT
// Reads the type of a key from its DER before OpenSSL gets it. OpenSSL's decoders also know types
// of keys that we do not support, and compute with numbers of any size for them. Only keys that
// this file accepts may reach them. DER must be strict (X.690 section 10.1); the numbers of a key
// are not checked here.
#include "keys/key_internal.h"

#include "keys/key_look.h"

#define TAG_INTEGER 0x02
#define TAG_BIT_STRING 0x03
#define TAG_OCTET_STRING 0x04
#define TAG_NULL 0x05
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_CONTEXT_0 0xa0
#define TAG_CONTEXT_1 0xa1

// The bytes that are still to be read.
struct reader {
    const unsigned char *at, *end;
};

static struct reader reader_of(struct tv_span span) {
    const unsigned char *at = (const unsigned char *)(span.data ? span.data : "");
    return (struct reader){at, at + span.length};
}

static struct tv_span span_of(struct reader in) {
    return (struct tv_span){(const char *)in.at, (size_t)(in.end - in.at)};
}

static bool next_is(const struct reader *in, unsigned char tag) {
    return in->at < in->end && *in->at == tag;
}

// Reads one element with this tag. False, with nothing read, if the next element is another one.
static bool read_element(struct reader *in, unsigned char tag, struct reader *contents) {
    const unsigned char *at = in->at;
    if (in->end - at < 2 || at[0] != tag)
        return false;
    size_t length = at[1];
    at += 2;
    if (length >= 0x80) {
        size_t count = length & 0x7f; // 0: the indefinite length, which DER does not allow
        if (count < 1 || count > 3 || (size_t)(in->end - at) < count || *at == 0)
            return false;
        for (length = 0; count > 0; count--)
            length = length << 8 | *at++;
        if (length < 0x80) // more bytes of length than needed are not DER
            return false;
    }
    if (length > (size_t)(in->end - at))
        return false;
    *contents = (struct reader){at, at + length};
    in->at = at + length;
    return true;
}

static bool skip(struct reader *in, unsigned char tag) {
    struct reader ignored;
    return read_element(in, tag, &ignored);
}

static bool skip_any(struct reader *in) { return in->at < in->end && skip(in, *in->at); }

static bool at_end(const struct reader *in) { return in->at == in->end; }

static bool is_bytes(struct reader in, struct tv_span bytes) {
    return tv_span_equal(span_of(in), bytes);
}

// A positive INTEGER without the zero that stands in front of a high bit.
static bool read_number(struct reader *in, struct tv_span *number) {
    struct reader bytes;
    if (!read_element(in, TAG_INTEGER, &bytes) || at_end(&bytes) || *bytes.at >= 0x80)
        return false;
    if (*bytes.at == 0 && bytes.end - bytes.at > 1)
        bytes.at++;
    *number = span_of(bytes);
    return true;
}

// A version, 0 or 1.
static bool read_version(struct reader *in, unsigned char *version) {
    struct tv_span number;
    if (!read_number(in, &number) || number.length != 1)
        return false;
    *version = (unsigned char)*number.data;
    return *version <= 1;
}

// A BIT STRING of whole bytes.
static bool read_bits(struct reader *in, struct tv_span *bits) {
    struct reader bytes;
    if (!read_element(in, TAG_BIT_STRING, &bytes) || at_end(&bytes) || *bytes.at++ != 0)
        return false;
    *bits = span_of(bytes);
    return true;
}

// Types and curves

static enum tv_status unsupported(struct tv_detail *detail, const char *type) {
    detail->kind = type;
    return tv_key_fail(detail, TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, type);
}

static const struct {
    struct tv_span id; // OBJECT IDENTIFIER
    enum tv_curve curve;
} curves[] = {
    {{"\x2a\x86\x48\xce\x3d\x03\x01\x07", 8}, TV_CURVE_P256},
    {{"\x2b\x81\x04\x00\x22", 5}, TV_CURVE_P384},
    {{"\x2b\x81\x04\x00\x23", 5}, TV_CURVE_P521},
};

// Curves that JOSE does not have, or not for signatures that are checked here.
static const struct {
    struct tv_span id;
    const char *name; // as JWKs and OpenSSL have it
} other_curves[] = {
    {{"\x2b\x81\x04\x00\x0a", 5}, "secp256k1"},
    {{"\x2b\x81\x04\x00\x21", 5}, "P-224"},
    {{"\x2a\x86\x48\xce\x3d\x03\x01\x01", 8}, "P-192"},
    {{"\x2b\x24\x03\x03\x02\x08\x01\x01\x07", 9}, "brainpoolP256r1"},
    {{"\x2b\x24\x03\x03\x02\x08\x01\x01\x0b", 9}, "brainpoolP384r1"},
    {{"\x2b\x24\x03\x03\x02\x08\x01\x01\x0d", 9}, "brainpoolP512r1"},
    {{NULL, 0}, "P-256K"}, // secp256k1 before RFC 8812
    {{NULL, 0}, "X25519"},
    {{NULL, 0}, "X448"},
};

// Fails with the name of the curve, if it is known.
static enum tv_status fail_curve(struct tv_detail *detail, struct tv_span id, struct tv_span name) {
    const char *known = NULL;
    for (size_t i = 0; !known && i < sizeof other_curves / sizeof other_curves[0]; i++)
        if ((id.length > 0 && tv_span_equal(other_curves[i].id, id)) ||
            tv_span_equal(tv_span_of(other_curves[i].name), name))
            known = other_curves[i].name;
    if (known && strcmp(known, "P-256K") == 0)
        known = "secp256k1";
    detail->kind = known;
    return tv_key_fail(detail, TV_UNSUPPORTED_KEY, TV_REASON_CURVE, known);
}

enum tv_status tv_key_fail_curve(struct tv_detail *detail, struct tv_span name) {
    return fail_curve(detail, (struct tv_span){0}, name);
}

// The parameters of an EC key, which fill `in`. RFC 5480 section 2.1.1 allows named curves only.
// For explicit parameters OpenSSL would compute square roots modulo any number.
static enum tv_status read_curve(struct reader *in, struct tv_key_look *look,
                                 struct tv_detail *detail) {
    struct reader id;
    if (next_is(in, TAG_SEQUENCE))
        return unsupported(detail, "EC with the parameters of its curve spelled out");
    if (!read_element(in, TAG_OID, &id) || !at_end(in))
        return TV_MALFORMED_KEY;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (is_bytes(id, curves[i].id)) {
            look->curve = curves[i].curve;
            return TV_OK;
        }
    return fail_curve(detail, span_of(id), (struct tv_span){0});
}

static const struct {
    struct tv_span id;
    const char *name;
    bool is_supported;
    enum tv_key_type type;
    enum tv_curve curve;
} types[] = {
    {{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9}, "RSA", true, TV_KEY_RSA, TV_CURVE_NONE},
    {{"\x2a\x86\x48\xce\x3d\x02\x01", 7}, "EC", true, TV_KEY_EC, TV_CURVE_NONE},
    {{"\x2b\x65\x70", 3}, "Ed25519", true, TV_KEY_OKP, TV_CURVE_ED25519},
    {{"\x2b\x65\x71", 3}, "Ed448", true, TV_KEY_OKP, TV_CURVE_ED448},
    {{"\x2b\x65\x6e", 3}, "X25519", false, 0, 0},
    {{"\x2b\x65\x6f", 3}, "X448", false, 0, 0},
    {{"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a", 9}, "RSA-PSS", false, 0, 0},
    {{"\x2a\x86\x48\xce\x38\x04\x01", 7}, "DSA", false, 0, 0},
    {{"\x2a\x86\x48\x86\xf7\x0d\x01\x03\x01", 9}, "DH", false, 0, 0},
    {{"\x2a\x86\x48\xce\x3e\x02\x01", 7}, "DHX", false, 0, 0}, // X9.42, as OpenSSL calls it
};

// AlgorithmIdentifier (RFC 5280 section 4.1.1.2).
static enum tv_status read_algorithm(struct reader *in, struct tv_key_look *look,
                                     struct tv_detail *detail) {
    struct reader algorithm, id, nothing;
    if (!read_element(in, TAG_SEQUENCE, &algorithm) || !read_element(&algorithm, TAG_OID, &id))
        return TV_MALFORMED_KEY;
    size_t i = 0;
    while (i < sizeof types / sizeof types[0] && !is_bytes(id, types[i].id))
        i++;
    if (i == sizeof types / sizeof types[0])
        return unsupported(detail, NULL);
    if (!types[i].is_supported)
        return unsupported(detail, types[i].name);
    look->type = types[i].type;
    look->curve = types[i].curve;
    if (look->type == TV_KEY_EC)
        return read_curve(&algorithm, look, detail);
    if (look->type == TV_KEY_OKP)
        return at_end(&algorithm) ? TV_OK : TV_MALFORMED_KEY;
    // NULL, or absent (RFC 4055 section 1.2). OpenSSL ignores the parameters of a public key. With
    // other parameters it is still a key, and must not pass as a secret.
    bool is_usual = at_end(&algorithm) || (read_element(&algorithm, TAG_NULL, &nothing) &&
                                           at_end(&nothing) && at_end(&algorithm));
    return is_usual ? TV_OK : unsupported(detail, "RSA with parameters");
}

// Public keys

static enum tv_status look_spki(struct reader *in, struct tv_key_look *look,
                                struct tv_detail *detail) {
    const unsigned char *begin = in->at;
    struct reader info;
    if (!read_element(in, TAG_SEQUENCE, &info))
        return TV_MALFORMED_KEY;
    look->spki_length = (size_t)(in->at - begin);
    enum tv_status status = read_algorithm(&info, look, detail);
    if (status != TV_OK)
        return status;
    return read_bits(&info, &look->key) && at_end(&info) ? TV_OK : TV_MALFORMED_KEY;
}

// Names, dates and extensions are skipped: we do not use them, and OpenSSL is slow with thousands
// of them.
static enum tv_status look_certificate(struct reader *in, struct tv_key_look *look,
                                       struct tv_detail *detail) {
    struct reader certificate, part;
    if (!read_element(in, TAG_SEQUENCE, &certificate) ||
        !read_element(&certificate, TAG_SEQUENCE, &part) || !skip(&certificate, TAG_SEQUENCE) ||
        !skip(&certificate, TAG_BIT_STRING) || !at_end(&certificate))
        return TV_MALFORMED_KEY;
    if (next_is(&part, TAG_CONTEXT_0) && !skip(&part, TAG_CONTEXT_0)) // version
        return TV_MALFORMED_KEY;
    if (!skip(&part, TAG_INTEGER) ||  // serial number
        !skip(&part, TAG_SEQUENCE) || // signature algorithm
        !skip(&part, TAG_SEQUENCE) || // issuer
        !skip(&part, TAG_SEQUENCE) || // validity
        !skip(&part, TAG_SEQUENCE))   // subject
        return TV_MALFORMED_KEY;
    enum tv_status status = look_spki(&part, look, detail);
    while (status == TV_OK && !at_end(&part))
        if (!skip_any(&part))
            return TV_MALFORMED_KEY;
    return status;
}

static enum tv_status look_rsa(struct reader *in, struct tv_key_look *look) {
    struct reader key;
    const unsigned char *begin = in->at;
    look->type = TV_KEY_RSA;
    if (!read_element(in, TAG_SEQUENCE, &key) || !read_number(&key, &look->modulus) ||
        !read_number(&key, &look->exponent) || !at_end(&key))
        return TV_MALFORMED_KEY;
    look->key = span_of((struct reader){begin, in->at});
    return TV_OK;
}

// Private keys

// The numbers of an RSAPrivateKey behind its version. OpenSSL computes with them when it signs.
static enum tv_status read_rsa_private(struct reader *key, unsigned char version,
                                       struct tv_key_look *look, struct tv_detail *detail) {
    enum { NUMBERS = 8 };
    bool is_long = false;
    look->type = TV_KEY_RSA;
    for (int i = 0; i < NUMBERS; i++) {
        struct tv_span number;
        if (!read_number(key, &number))
            return TV_MALFORMED_KEY;
        is_long = is_long || number.length > TV_RSA_MAX_BITS / 8;
    }
    if ((version == 1 && !skip(key, TAG_SEQUENCE)) || !at_end(key))
        return TV_MALFORMED_KEY;
    // RFC 7518 section 6.3.2.7: who supports two primes does not use a key of more.
    if (version == 1)
        return unsupported(detail, "RSA with more than two primes");
    return is_long ? tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                                 "an RSA key with a number of more than 16384 bits")
                   : TV_OK;
}

// What an ECPrivateKey has behind its version. In PKCS#8 the curve is known from around it. Neither
// number is longer than those of the curve: the public half may have to be computed.
static enum tv_status read_ec_private(struct reader *key, struct tv_key_look *look,
                                      struct tv_detail *detail) {
    struct reader scalar, parameters, bits;
    struct tv_span point = {0};
    look->type = TV_KEY_EC;
    if (!read_element(key, TAG_OCTET_STRING, &scalar) || at_end(&scalar))
        return TV_MALFORMED_KEY;
    if (next_is(key, TAG_CONTEXT_0)) {
        enum tv_curve outer = look->curve;
        if (!read_element(key, TAG_CONTEXT_0, &parameters))
            return TV_MALFORMED_KEY;
        enum tv_status status = read_curve(&parameters, look, detail);
        if (status != TV_OK)
            return status;
        if (outer != TV_CURVE_NONE && outer != look->curve)
            return TV_MALFORMED_KEY;
    }
    if (next_is(key, TAG_CONTEXT_1) &&
        (!read_element(key, TAG_CONTEXT_1, &bits) || !read_bits(&bits, &point) || !at_end(&bits)))
        return TV_MALFORMED_KEY;
    size_t size = tv_curve_size(look->curve);
    bool fits = look->curve != TV_CURVE_NONE && span_of(scalar).length <= size &&
                point.length <= 1 + 2 * size;
    return fits && at_end(key) ? TV_OK : TV_MALFORMED_KEY;
}

// What is inside the OCTET STRING of PKCS#8.
static enum tv_status read_wrapped(struct reader *in, struct tv_key_look *look,
                                   struct tv_detail *detail) {
    struct reader key;
    unsigned char version;
    if (look->type == TV_KEY_OKP) { // CurvePrivateKey (RFC 8410 section 7)
        if (!read_element(in, TAG_OCTET_STRING, &key) || !at_end(in))
            return TV_MALFORMED_KEY;
        return span_of(key).length == tv_curve_size(look->curve) ? TV_OK : TV_MALFORMED_KEY;
    }
    if (!read_element(in, TAG_SEQUENCE, &key) || !at_end(in) || !read_version(&key, &version))
        return TV_MALFORMED_KEY;
    if (look->type == TV_KEY_RSA)
        return read_rsa_private(&key, version, look, detail);
    return version == 1 ? read_ec_private(&key, look, detail) : TV_MALFORMED_KEY;
}

// OneAsymmetricKey, whose version has been read; what may follow the key is passed over.
static enum tv_status read_pkcs8(struct reader *info, const unsigned char *begin,
                                 struct tv_key_look *look, struct tv_detail *detail) {
    struct reader wrapped;
    enum tv_status status = read_algorithm(info, look, detail);
    if (status != TV_OK)
        return status;
    if (!read_element(info, TAG_OCTET_STRING, &wrapped))
        return TV_MALFORMED_KEY;
    look->pkcs8 = span_of((struct reader){begin, info->at});
    while (!at_end(info))
        if (!skip_any(info))
            return TV_MALFORMED_KEY;
    return read_wrapped(&wrapped, look, detail);
}

// A DSA key is a row of numbers too, but of fewer.
static enum tv_status look_private(struct reader *in, struct tv_key_look *look,
                                   struct tv_detail *detail) {
    struct reader key;
    unsigned char version;
    if (!read_element(in, TAG_SEQUENCE, &key))
        return TV_MALFORMED_KEY;
    const unsigned char *begin = key.at;
    if (!read_version(&key, &version))
        return TV_MALFORMED_KEY;
    if (next_is(&key, TAG_SEQUENCE))
        return read_pkcs8(&key, begin, look, detail);
    if (next_is(&key, TAG_OCTET_STRING))
        return version == 1 ? read_ec_private(&key, look, detail) : TV_MALFORMED_KEY;
    return read_rsa_private(&key, version, look, detail);
}

enum tv_status tv_key_look(enum tv_key_form form, struct tv_span der, struct tv_key_look *look,
                           struct tv_detail *detail) {
    struct reader in = reader_of(der);
    enum tv_status status;
    *look = (struct tv_key_look){0};
    switch (form) {
    case TV_FORM_SPKI:
        status = look_spki(&in, look, detail);
        break;
    case TV_FORM_CERTIFICATE:
        status = look_certificate(&in, look, detail);
        break;
    case TV_FORM_RSA:
        status = look_rsa(&in, look);
        break;
    default:
        status = look_private(&in, look, detail);
    }
    look->length = (size_t)(in.at - (const unsigned char *)der.data);
    return status;
}
