// SPDX-License-Identifier: MIT
// What the look at a key's DER lets through to OpenSSL, and what it keeps away.
#include "check.h"

#include "keys/key_internal.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

// DER, as hexadecimal digits with elements in braces: "30{0201{05}}" counts lengths itself where
// nothing stands between tag and brace.
struct der {
    size_t length;
    unsigned char bytes[4096];
};

static const char *put_elements(const char *text, struct der *out) {
    while (*text && *text != '}') {
        unsigned byte;
        if (sscanf(text, "%2x", &byte) != 1)
            check_abort("no byte at %s", text);
        out->bytes[out->length++] = (unsigned char)byte;
        text += 2;
        if (*text != '{')
            continue;
        struct der inner = {0};
        text = put_elements(text + 1, &inner) + 1;
        if (inner.length >= 0x100) {
            out->bytes[out->length++] = 0x82;
            out->bytes[out->length++] = (unsigned char)(inner.length >> 8);
        } else if (inner.length >= 0x80) {
            out->bytes[out->length++] = 0x81;
        }
        out->bytes[out->length++] = (unsigned char)inner.length;
        memcpy(out->bytes + out->length, inner.bytes, inner.length);
        out->length += inner.length;
    }
    return text;
}

#define RSA_ID "06{2a864886f70d010101}"
#define EC_ID "06{2a8648ce3d0201}"
#define P256_ID "06{2a8648ce3d030107}"
#define P384_ID "06{2b81040022}"
#define PRIME "00ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"
#define EXPLICIT "EC with the parameters of its curve spelled out"
#define MORE_PRIMES "RSA with more than two primes"
#define POINT "03{0004}" // nothing looks into it
#define SCALAR "0101010101010101010101010101010101010101010101010101010101010101"
#define LONG_SCALAR SCALAR "01"
#define RSA_NUMBERS "02{0081}02{03}02{05}02{07}02{09}02{0b}02{0d}02{0f}"

static const struct {
    const char *name;
    enum tv_key_form form;
    const char *der;
    enum tv_status status;
    enum tv_reason reason;
    const char *text; // of the detail
} looks[] = {
    // SubjectPublicKeyInfo
    {"RSA", TV_FORM_SPKI, "30{30{" RSA_ID "05{}}" POINT "}", TV_OK, 0, NULL},
    {"RSA without NULL", TV_FORM_SPKI, "30{30{" RSA_ID "}" POINT "}", TV_OK, 0, NULL},
    {"RSA with a NULL that holds a byte", TV_FORM_SPKI, "30{30{" RSA_ID "05{00}}" POINT "}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "RSA with parameters"},
    {"RSA with another element", TV_FORM_SPKI, "30{30{" RSA_ID "1f00}" POINT "}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "RSA with parameters"},
    {"RSA with two NULLs", TV_FORM_SPKI, "30{30{" RSA_ID "05{}05{}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "RSA with parameters"},
    {"P-256", TV_FORM_SPKI, "30{30{" EC_ID P256_ID "}" POINT "}", TV_OK, 0, NULL},
    {"P-384", TV_FORM_SPKI, "30{30{" EC_ID P384_ID "}" POINT "}", TV_OK, 0, NULL},
    {"P-521", TV_FORM_SPKI, "30{30{" EC_ID "06{2b81040023}}" POINT "}", TV_OK, 0, NULL},
    {"Ed25519", TV_FORM_SPKI, "30{30{06{2b6570}}" POINT "}", TV_OK, 0, NULL},
    {"Ed448", TV_FORM_SPKI, "30{30{06{2b6571}}" POINT "}", TV_OK, 0, NULL},
    {"Ed25519 with parameters", TV_FORM_SPKI, "30{30{06{2b6570}05{}}" POINT "}", TV_MALFORMED_KEY,
     0, NULL},
    {"secp256k1", TV_FORM_SPKI, "30{30{" EC_ID "06{2b8104000a}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_CURVE, "secp256k1"},
    {"EC without a curve", TV_FORM_SPKI, "30{30{" EC_ID "}" POINT "}", TV_MALFORMED_KEY, 0, NULL},
    {"EC with NULL", TV_FORM_SPKI, "30{30{" EC_ID "05{}}" POINT "}", TV_MALFORMED_KEY, 0, NULL},
    {"two curves", TV_FORM_SPKI, "30{30{" EC_ID P256_ID P384_ID "}" POINT "}", TV_MALFORMED_KEY, 0,
     NULL},
    {"X25519", TV_FORM_SPKI, "30{30{06{2b656e}}" POINT "}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE,
     "X25519"},
    {"X448", TV_FORM_SPKI, "30{30{06{2b656f}}" POINT "}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE,
     "X448"},
    {"RSA-PSS", TV_FORM_SPKI, "30{30{06{2a864886f70d01010a}30{}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "RSA-PSS"},
    {"DSA", TV_FORM_SPKI, "30{30{06{2a8648ce380401}30{}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "DSA"},
    {"DH", TV_FORM_SPKI, "30{30{06{2a864886f70d010301}30{}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "DH"},
    {"X9.42", TV_FORM_SPKI, "30{30{06{2a8648ce3e0201}30{}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "DHX"},
    {"a type of nobody", TV_FORM_SPKI, "30{30{06{2a03}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, NULL},
    {"more behind the key", TV_FORM_SPKI, "30{30{" RSA_ID "}" POINT "0500}", TV_MALFORMED_KEY, 0,
     NULL},
    {"unused bits", TV_FORM_SPKI, "30{30{" RSA_ID "}03{0104}}", TV_MALFORMED_KEY, 0, NULL},
    {"no bits", TV_FORM_SPKI, "30{30{" RSA_ID "}03{}}", TV_MALFORMED_KEY, 0, NULL},
    {"no key", TV_FORM_SPKI, "30{30{" RSA_ID "}}", TV_MALFORMED_KEY, 0, NULL},
    {"nothing", TV_FORM_SPKI, "", TV_MALFORMED_KEY, 0, NULL},
    {"a tag", TV_FORM_SPKI, "30", TV_MALFORMED_KEY, 0, NULL},
    // Lengths
    {"without a length", TV_FORM_SPKI, "308030{" RSA_ID "}" POINT "0000", TV_MALFORMED_KEY, 0,
     NULL},
    {"a length in two bytes", TV_FORM_SPKI, "30811030{" RSA_ID "}030004", TV_MALFORMED_KEY, 0,
     NULL},
    {"a length with a zero in front", TV_FORM_SPKI, "3082001330{" RSA_ID "}" POINT,
     TV_MALFORMED_KEY, 0, NULL},
    {"four gigabytes", TV_FORM_SPKI, "3084ffffffff30{" RSA_ID "}" POINT, TV_MALFORMED_KEY, 0, NULL},
    {"a length of 127 bytes", TV_FORM_SPKI, "30ff30{" RSA_ID "}" POINT, TV_MALFORMED_KEY, 0, NULL},
    {"sixteen megabytes", TV_FORM_SPKI, "3083ffffff30{" RSA_ID "}" POINT, TV_MALFORMED_KEY, 0,
     NULL},
    // Parameters that are spelled out
    {"explicit", TV_FORM_SPKI,
     "30{30{" EC_ID "30{02{01}30{06{2a8648ce3d0101}02{" PRIME "}}}}" POINT "}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, EXPLICIT},
    // Certificates
    {"a certificate", TV_FORM_CERTIFICATE,
     "30{30{02{01}30{}30{}30{}30{}30{30{06{2b6570}}" POINT "}}30{}03{00}}", TV_OK, 0, NULL},
    {"with everything", TV_FORM_CERTIFICATE,
     "30{30{a0{02{02}}02{01}30{}30{}30{}30{}30{30{06{2b6570}}" POINT
     "}81{00}82{00}a3{30{}}}30{}03{00}}",
     TV_OK, 0, NULL},
    {"of a DSA key", TV_FORM_CERTIFICATE,
     "30{30{02{01}30{}30{}30{}30{}30{30{06{2a8648ce380401}30{}}" POINT "}}30{}03{00}}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "DSA"},
    {"without a signature", TV_FORM_CERTIFICATE,
     "30{30{02{01}30{}30{}30{}30{}30{30{06{2b6570}}" POINT "}}30{}}", TV_MALFORMED_KEY, 0, NULL},
    {"with a field too many", TV_FORM_CERTIFICATE,
     "30{30{02{01}30{}30{}30{}30{}30{}30{30{06{2b6570}}" POINT "}}30{}03{00}}", TV_MALFORMED_KEY, 0,
     NULL},
    {"with a broken extension", TV_FORM_CERTIFICATE,
     "30{30{02{01}30{}30{}30{}30{}30{30{06{2b6570}}" POINT "}a380}30{}03{00}}", TV_MALFORMED_KEY, 0,
     NULL},
    // RSAPublicKey
    {"two numbers", TV_FORM_RSA, "30{02{0081}02{03}}", TV_OK, 0, NULL},
    {"one number", TV_FORM_RSA, "30{02{0081}}", TV_MALFORMED_KEY, 0, NULL},
    {"three numbers", TV_FORM_RSA, "30{02{0081}02{03}02{03}}", TV_MALFORMED_KEY, 0, NULL},
    {"a negative number", TV_FORM_RSA, "30{02{81}02{03}}", TV_MALFORMED_KEY, 0, NULL},
    {"an empty number", TV_FORM_RSA, "30{02{}02{03}}", TV_MALFORMED_KEY, 0, NULL},
    // RSAPrivateKey
    {"PKCS#1", TV_FORM_PRIVATE, "30{02{00}" RSA_NUMBERS "}", TV_OK, 0, NULL},
    {"more primes", TV_FORM_PRIVATE, "30{02{01}" RSA_NUMBERS "30{}}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, MORE_PRIMES},
    {"more primes that are not there", TV_FORM_PRIVATE, "30{02{01}" RSA_NUMBERS "}",
     TV_MALFORMED_KEY, 0, NULL},
    {"more primes in version 0", TV_FORM_PRIVATE, "30{02{00}" RSA_NUMBERS "30{}}", TV_MALFORMED_KEY,
     0, NULL},
    {"DSA's six numbers", TV_FORM_PRIVATE, "30{02{00}02{05}02{05}02{05}02{05}02{05}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"version 2", TV_FORM_PRIVATE, "30{02{02}" RSA_NUMBERS "}", TV_MALFORMED_KEY, 0, NULL},
    {"a version of two bytes", TV_FORM_PRIVATE, "30{02{0100}" RSA_NUMBERS "}", TV_MALFORMED_KEY, 0,
     NULL},
    // ECPrivateKey
    {"SEC 1", TV_FORM_PRIVATE, "30{02{01}04{" SCALAR "}a0{" P256_ID "}}", TV_OK, 0, NULL},
    {"SEC 1 with its point", TV_FORM_PRIVATE,
     "30{02{01}04{" SCALAR "}a0{" P256_ID "}a1{" POINT "}}", TV_OK, 0, NULL},
    {"SEC 1 of version 0", TV_FORM_PRIVATE, "30{02{00}04{" SCALAR "}a0{" P256_ID "}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"SEC 1 without a curve", TV_FORM_PRIVATE, "30{02{01}04{" SCALAR "}}", TV_MALFORMED_KEY, 0,
     NULL},
    {"SEC 1 of another curve", TV_FORM_PRIVATE, "30{02{01}04{" SCALAR "}a0{06{2b8104000a}}}",
     TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "secp256k1"},
    {"SEC 1 of a curve that is spelled out", TV_FORM_PRIVATE,
     "30{02{01}04{" SCALAR "}a0{30{02{01}30{06{2a8648ce3d0101}02{" PRIME "}}}}}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, EXPLICIT},
    {"a scalar too long", TV_FORM_PRIVATE, "30{02{01}04{" LONG_SCALAR "}a0{" P256_ID "}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"a scalar of the larger curve", TV_FORM_PRIVATE,
     "30{02{01}04{" LONG_SCALAR "}a0{" P384_ID "}}", TV_OK, 0, NULL},
    {"no scalar", TV_FORM_PRIVATE, "30{02{01}04{}a0{" P256_ID "}}", TV_MALFORMED_KEY, 0, NULL},
    {"a point too long", TV_FORM_PRIVATE,
     "30{02{01}04{01}a0{" P256_ID "}a1{03{0004" SCALAR SCALAR "01}}}", TV_MALFORMED_KEY, 0, NULL},
    {"more behind the point", TV_FORM_PRIVATE, "30{02{01}04{01}a0{" P256_ID "}a1{" POINT "05{}}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"more behind all", TV_FORM_PRIVATE, "30{02{01}04{01}a0{" P256_ID "}a1{" POINT "}05{}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"a point that is no string of bits", TV_FORM_PRIVATE,
     "30{02{01}04{01}a0{" P256_ID "}a1{04{04}}}", TV_MALFORMED_KEY, 0, NULL},
    {"a point past the end", TV_FORM_PRIVATE, "30{02{01}04{01}a0{" P256_ID "}a17f}",
     TV_MALFORMED_KEY, 0, NULL},
    {"a curve past the end", TV_FORM_PRIVATE, "30{02{01}04{01}a07f}", TV_MALFORMED_KEY, 0, NULL},
    // PKCS#8
    {"PKCS#8 RSA", TV_FORM_PRIVATE, "30{02{00}30{" RSA_ID "05{}}04{30{02{00}" RSA_NUMBERS "}}}",
     TV_OK, 0, NULL},
    {"PKCS#8 EC", TV_FORM_PRIVATE, "30{02{00}30{" EC_ID P256_ID "}04{30{02{01}04{" SCALAR "}}}}",
     TV_OK, 0, NULL},
    {"PKCS#8 EC that names its curve twice", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{02{01}04{" SCALAR "}a0{" P256_ID "}}}}", TV_OK, 0, NULL},
    {"PKCS#8 EC whose scalar is no string", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{02{01}05{" SCALAR "}}}}", TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 EC without a version inside", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{04{01}}}}", TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 EC that holds no sequence", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{04{01}}}", TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 EC with more behind the key", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{02{01}04{" SCALAR "}}05{}}}", TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 Ed25519", TV_FORM_PRIVATE, "30{02{00}30{06{2b6570}}04{04{" SCALAR "}}}", TV_OK, 0,
     NULL},
    {"PKCS#8 Ed25519 that holds no string", TV_FORM_PRIVATE,
     "30{02{00}30{06{2b6570}}04{05{" SCALAR "}}}", TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 Ed25519 with more behind the key", TV_FORM_PRIVATE,
     "30{02{00}30{06{2b6570}}04{04{" SCALAR "}05{}}}", TV_MALFORMED_KEY, 0, NULL},
    {"with attributes and public key", TV_FORM_PRIVATE,
     "30{02{01}30{06{2b6570}}04{04{" SCALAR "}}a0{31{}}81{00}}", TV_OK, 0, NULL},
    {"PKCS#8 Ed25519, too long", TV_FORM_PRIVATE, "30{02{00}30{06{2b6570}}04{04{" LONG_SCALAR "}}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 Ed448, too short", TV_FORM_PRIVATE, "30{02{00}30{06{2b6571}}04{04{" SCALAR "}}}",
     TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 EC of two curves", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{02{01}04{01}a0{" P384_ID "}}}}", TV_MALFORMED_KEY, 0,
     NULL},
    {"PKCS#8 EC, and a curve that is spelled out inside", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{02{01}04{01}a0{30{02{01}30{06{2a8648ce3d0101}02{" PRIME
     "}}}}}}}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, EXPLICIT},
    {"PKCS#8 EC of version 0 inside", TV_FORM_PRIVATE,
     "30{02{00}30{" EC_ID P256_ID "}04{30{02{00}04{01}}}}", TV_MALFORMED_KEY, 0, NULL},
    {"PKCS#8 DSA", TV_FORM_PRIVATE,
     "30{02{00}30{06{2a8648ce380401}30{02{05}02{05}02{05}}}04{02{05}}}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "DSA"},
    {"PKCS#8 DH", TV_FORM_PRIVATE, "30{02{00}30{06{2a864886f70d010301}30{02{05}02{02}}}04{02{05}}}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "DH"},
    {"PKCS#8 X9.42", TV_FORM_PRIVATE,
     "30{02{00}30{06{2a8648ce3e0201}30{02{05}02{02}02{03}}}04{02{05}}}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "DHX"},
    {"PKCS#8 RSA that holds DSA's numbers", TV_FORM_PRIVATE,
     "30{02{00}30{" RSA_ID "05{}}04{30{02{00}02{05}02{05}02{05}02{05}02{05}}}}", TV_MALFORMED_KEY,
     0, NULL},
    {"PKCS#8 without a key", TV_FORM_PRIVATE, "30{02{00}30{" RSA_ID "05{}}}", TV_MALFORMED_KEY, 0,
     NULL},
    {"PKCS#8 with a broken attribute", TV_FORM_PRIVATE,
     "30{02{00}30{06{2b6570}}04{04{" SCALAR "}}a080}", TV_MALFORMED_KEY, 0, NULL},
    {"encrypted PKCS#8", TV_FORM_PRIVATE, "30{30{06{2a864886f70d01050d}30{}}04{00}}",
     TV_MALFORMED_KEY, 0, NULL},
};

static void test_looks(void) {
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        struct der der = {0};
        put_elements(looks[i].der, &der);
        for (size_t more = 0; more < 2; more++) { // what follows is not looked at
            struct tv_span exact = guard_copy(GUARD_TOKEN, der.bytes, der.length + more);
            struct tv_key_look look;
            struct tv_detail detail = {0};
            CHECK_STATUS(looks[i].status, tv_key_look(looks[i].form, exact, &look, &detail),
                         looks[i].name);
            CHECK_NUMBER(looks[i].reason, detail.reason, looks[i].name);
            CHECK_TEXT(looks[i].text, detail.text, looks[i].name);
            CHECK(looks[i].status != TV_OK || look.length == der.length, looks[i].name);
        }
        for (size_t cut = 0; cut < der.length && looks[i].status == TV_OK; cut++) {
            struct tv_span exact = guard_copy(GUARD_TOKEN, der.bytes, cut);
            struct tv_key_look look;
            struct tv_detail detail = {0};
            CHECK_STATUS(TV_MALFORMED_KEY, tv_key_look(looks[i].form, exact, &look, &detail),
                         looks[i].name);
        }
    }
}

static void put_long(struct der *out, size_t length) { // SEQUENCE of more than fits in two bytes
    out->bytes[0] = 0x30;
    out->bytes[1] = 0x83;
    out->bytes[2] = (unsigned char)(length >> 16);
    out->bytes[3] = (unsigned char)(length >> 8);
    out->bytes[4] = (unsigned char)length;
    out->length = 5;
}

// The longest element that there may be, and one of a byte more.
static void test_long(void) {
    enum { LENGTH = 0x10000 };
    unsigned char *der = check_malloc(LENGTH + 5);
    struct der head = {0};
    put_long(&head, LENGTH);
    memcpy(der, head.bytes, head.length);
    memset(der + 5, 0, LENGTH);
    // 02 82 ff f8: all of it but a last number.
    memcpy(der + 5, (unsigned char[]){0x02, 0x82, 0xff, 0xf9, 0x01}, 5);
    memcpy(der + 5 + LENGTH - 3, (unsigned char[]){0x02, 0x01, 0x03}, 3);
    struct tv_key_look look;
    struct tv_detail detail = {0};
    struct tv_span whole = {(char *)der, LENGTH + 5};
    CHECK_STATUS(TV_OK, tv_key_look(TV_FORM_RSA, whole, &look, &detail), "long");
    CHECK_NUMBER(0xfff9, look.modulus.length, "long");
    CHECK_NUMBER(1, look.exponent.length, "long");
    whole.length--;
    CHECK_STATUS(TV_MALFORMED_KEY, tv_key_look(TV_FORM_RSA, whole, &look, &detail), "cut");
    free(der);
}

// Real keys

static enum tv_status load(BIO *bio, struct tv_key **key, struct tv_detail *detail) {
    char *text;
    size_t length = (size_t)BIO_get_mem_data(bio, &text);
    *key = NULL;
    *detail = (struct tv_detail){0};
    return tv_key_load(text, length, key, detail);
}

static const struct {
    const char *type, *curve, *encoding;
    enum tv_status status;
} pairs[] = {
    {"RSA", NULL, NULL, TV_OK},
    {"EC", "P-256", NULL, TV_OK},
    {"EC", "P-384", NULL, TV_OK},
    {"EC", "P-521", NULL, TV_OK},
    {"EC", "P-256", "explicit", TV_UNSUPPORTED_KEY},
    {"EC", "P-384", "explicit", TV_UNSUPPORTED_KEY},
    {"EC", "P-521", "explicit", TV_UNSUPPORTED_KEY},
    {"ED25519", NULL, NULL, TV_OK},
    {"ED448", NULL, NULL, TV_OK},
    {"X25519", NULL, NULL, TV_UNSUPPORTED_KEY},
    {"EC", "secp256k1", NULL, TV_UNSUPPORTED_KEY},
    {"EC", "secp256k1", "explicit", TV_UNSUPPORTED_KEY},
};

static EVP_PKEY *generate(size_t i, bool has_point) {
    EVP_PKEY *key = pairs[i].curve ? EVP_EC_gen(pairs[i].curve)
                    : i == 0       ? EVP_RSA_gen(2048)
                                   : EVP_PKEY_Q_keygen(NULL, NULL, pairs[i].type);
    if (!key || (pairs[i].encoding && !EVP_PKEY_set_utf8_string_param(
                                          key, OSSL_PKEY_PARAM_EC_ENCODING, pairs[i].encoding)))
        check_abort("no key of %s", pairs[i].type);
    if (!has_point && EVP_PKEY_set_int_param(key, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 0) != 1)
        check_abort("no key of %s", pairs[i].type);
    return key;
}

// The private text's public half is the public text's key.
static void test_pair(size_t i, bool is_traditional, bool has_point) {
    const char *name = pairs[i].curve ? pairs[i].curve : pairs[i].type;
    EVP_PKEY *pair = generate(i, has_point);
    BIO *secret = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
    bool written =
        is_traditional
            ? PEM_write_bio_PrivateKey_traditional(secret, pair, NULL, NULL, 0, NULL, NULL) == 1
            : PEM_write_bio_PKCS8PrivateKey(secret, pair, NULL, NULL, 0, NULL, NULL) == 1;
    if (!written || PEM_write_bio_PUBKEY(public, pair) != 1)
        check_abort("%s cannot be written", name);
    struct tv_key *from_secret, *from_public, *signing = NULL;
    struct tv_detail detail;
    CHECK_STATUS(pairs[i].status, load(secret, &from_secret, &detail), name);
    CHECK_STATUS(pairs[i].status, load(public, &from_public, &detail), name);
    if (from_secret && from_public) {
        CHECK(EVP_PKEY_eq(tv_key_public(from_secret), tv_key_public(from_public)) == 1, name);
        CHECK(tv_key_was_private(from_secret) && !tv_key_was_private(from_public), name);
        CHECK(EVP_PKEY_eq(tv_key_public(from_public), pair) == 1, name);
    }
    char *text;
    size_t length = (size_t)BIO_get_mem_data(secret, &text);
    detail = (struct tv_detail){0};
    CHECK_STATUS(pairs[i].status, tv_key_load_private(text, length, &signing, &detail), name);
    tv_key_free(signing);
    tv_key_free(from_secret);
    tv_key_free(from_public);
    BIO_free(secret);
    BIO_free(public);
    EVP_PKEY_free(pair);
}

// Hostile texts

static BIO *pem(const char *label, const char *elements) {
    struct der der = {0};
    put_elements(elements, &der);
    BIO *bio = BIO_new(BIO_s_mem());
    if (PEM_write_bio(bio, label, "", der.bytes, (long)der.length) <= 0)
        check_abort("no PEM");
    return bio;
}

static const struct {
    const char *name, *label, *der;
    enum tv_status status;
    enum tv_reason reason;
} hostile[] = {
    {"PKCS#8 DSA", "PRIVATE KEY",
     "30{02{00}30{06{2a8648ce380401}30{02{05}02{05}02{05}}}04{02{05}}}", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE},
    {"DSA's numbers", "RSA PRIVATE KEY", "30{02{00}02{05}02{05}02{05}02{05}02{05}}",
     TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"DSA's numbers, labelled EC", "EC PRIVATE KEY", "30{02{00}02{05}02{05}02{05}02{05}02{05}}",
     TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"DSA's own label", "DSA PRIVATE KEY", "30{02{00}02{05}02{05}02{05}02{05}02{05}}",
     TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"DSA parameters", "DSA PARAMETERS", "30{02{05}02{05}02{05}}", TV_MALFORMED_KEY,
     TV_REASON_NOT_A_KEY},
    {"DH parameters", "DH PARAMETERS", "30{02{05}02{02}}", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"EC parameters", "EC PARAMETERS", P256_ID, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"PKCS#8 X25519", "PRIVATE KEY", "30{02{00}30{06{2b656e}}04{04{" SCALAR "}}}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE},
    {"a scalar of nothing", "EC PRIVATE KEY", "30{02{01}04{00}a0{" P256_ID "}}", TV_WEAK_KEY,
     TV_REASON_POINT},
    {"the point at infinity", "EC PRIVATE KEY", "30{02{01}04{01}a0{" P256_ID "}a1{03{0000}}}",
     TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"a compressed point of nothing", "EC PRIVATE KEY",
     "30{02{01}04{01}a0{" P256_ID "}a1{03{0002"
     "ff" SCALAR "}}}",
     TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY},
    {"the order as a scalar", "EC PRIVATE KEY",
     "30{02{01}04{ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551}a0{" P256_ID
     "}}",
     TV_WEAK_KEY, TV_REASON_POINT},
    {"a point of nothing", "EC PRIVATE KEY",
     "30{02{01}04{01}a0{" P256_ID "}a1{03{0004" SCALAR SCALAR "}}}", TV_MALFORMED_KEY,
     TV_REASON_NOT_A_KEY},
    {"a small modulus", "RSA PRIVATE KEY", "30{02{00}" RSA_NUMBERS "}", TV_WEAK_KEY,
     TV_REASON_BITS},
    {"trailing bytes", "PUBLIC KEY", "30{30{06{2b6570}}03{00" SCALAR "}}00", TV_MALFORMED_KEY,
     TV_REASON_TRAILING},
};

static void test_hostile(void) {
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        BIO *bio = pem(hostile[i].label, hostile[i].der);
        struct tv_key *key;
        struct tv_detail detail;
        ERR_clear_error();
        CHECK_STATUS(hostile[i].status, load(bio, &key, &detail), hostile[i].name);
        CHECK_NUMBER(hostile[i].reason, detail.reason, hostile[i].name);
        CHECK(!key && ERR_peek_error() == 0, hostile[i].name);
        tv_key_free(key);
        BIO_free(bio);
    }
}

// RFC 5958 section 2: what may stand behind the private key, of which OpenSSL 3.0 refuses the last.
static void test_behind_private_key(void) {
    static const char *const keys[] = {"30{02{01}30{06{2b6570}}04{04{" SCALAR "}}%s}",
                                       "30{02{01}30{" EC_ID P256_ID "}04{30{02{01}04{" SCALAR
                                       "}}}%s}"};
    static const char *const rests[] = {"", "a0{30{06{551d0f}31{03{0780}}}}", "81{00" SCALAR "}",
                                        "a0{}81{00" SCALAR "}"};
    for (size_t i = 0; i < 8; i++) {
        char der[512], *text;
        snprintf(der, sizeof der, keys[i / 4], rests[i % 4]);
        BIO *bio = pem("PRIVATE KEY", der);
        struct tv_key *key = NULL;
        struct tv_detail detail;
        CHECK_STATUS(TV_OK, load(bio, &key, &detail), der);
        CHECK(key && tv_key_was_private(key), der);
        tv_key_free(key);
        size_t length = (size_t)BIO_get_mem_data(bio, &text);
        key = NULL;
        CHECK_STATUS(TV_OK, tv_key_load_private(text, length, &key, &detail), der);
        tv_key_free(key);
        BIO_free(bio);
    }
}

// A PEM of short lines, which OpenSSL reads one by one; what is around the block does not count.
static void test_lines(void) {
    size_t length;
    char *pem_text = check_read_file("test/vectors/keys/rsa.pem", &length);
    for (size_t lines = 2040; lines <= 2060; lines += 20)
        for (int where = 0; where < 3; where++) { // in front of the block, in it, behind it
            BIO *bio = BIO_new(BIO_s_mem());
            char *body = strchr(pem_text, '\n') + 1;
            if (where > 0)
                BIO_write(bio, pem_text, where == 1 ? (int)(body - pem_text) : (int)length);
            for (size_t i = 0; i < lines; i++)
                BIO_puts(bio, where == 1 && i + 1 < lines ? "A: b\n" : "\n");
            BIO_puts(bio, where == 0 ? pem_text : where == 1 ? body : "");
            struct tv_key *key;
            struct tv_detail detail;
            bool many = where == 1 && lines > 2048;
            enum tv_status status = load(bio, &key, &detail);
            // Headers are those of an encrypted key.
            CHECK_STATUS(where == 1 ? TV_MALFORMED_KEY : TV_OK, status, "lines");
            CHECK_TEXT(many         ? "a PEM of more than 2048 lines"
                       : where == 1 ? "an encrypted private key"
                                    : NULL,
                       detail.text, "lines");
            tv_key_free(key);
            BIO_free(bio);
        }
    free(pem_text);
}

// A byte order mark is no part of the first line, as OpenSSL has it; anything else in front of a
// block is.
static void test_marks(void) {
    static const struct {
        const char *before;
        enum tv_status status;
    } cases[] = {{"\xef\xbb\xbf", TV_OK},
                 {"\xef\xbb\xbf\n", TV_OK},
                 {"\xef\xbb\xbf\xef\xbb\xbf", TV_MALFORMED_KEY},
                 {"\n\xef\xbb\xbf", TV_MALFORMED_KEY},
                 {"\xef\xbb\xbe", TV_MALFORMED_KEY},
                 {" ", TV_MALFORMED_KEY},
                 {"abc", TV_MALFORMED_KEY}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length;
        char *pem_text = check_read_file("test/vectors/keys/rsa.private.pem", &length), *text;
        BIO *bio = BIO_new(BIO_s_mem());
        struct tv_key *key, *signing = NULL;
        struct tv_detail detail;
        BIO_puts(bio, cases[i].before);
        BIO_write(bio, pem_text, (int)length);
        CHECK_STATUS(cases[i].status, load(bio, &key, &detail), cases[i].before);
        length = (size_t)BIO_get_mem_data(bio, &text);
        detail = (struct tv_detail){0};
        CHECK_STATUS(cases[i].status, tv_key_load_private(text, length, &signing, &detail),
                     cases[i].before);
        tv_key_free(signing);
        tv_key_free(key);
        BIO_free(bio);
        free(pem_text);
    }
}

// Checks that take a hundred times as long as others.
static void test_exponents(void) {
    static const struct {
        int bits;
        unsigned long exponent;
        enum tv_status status;
    } cases[] = {{8192, 0xffffffffffffffff, TV_OK},
                 {8200, 65537, TV_OK},
                 {8200, 65539, TV_WEAK_KEY},
                 {16384, 65537, TV_OK},
                 {16384, 0xffffffffffffffff, TV_WEAK_KEY}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tv_detail detail = {0};
        unsigned char modulus[2048], exponent[8];
        size_t size = (size_t)cases[i].bits / 8;
        memset(modulus, 0xa5, size);
        for (size_t byte = 0; byte < 8; byte++)
            exponent[byte] = (unsigned char)(cases[i].exponent >> 8 * byte);
        OSSL_PARAM parameters[] = {
            OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus, size),
            OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent, sizeof exponent),
            OSSL_PARAM_construct_end()};
        EVP_PKEY *made = NULL;
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
        if (EVP_PKEY_fromdata_init(context) != 1 ||
            EVP_PKEY_fromdata(context, &made, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
            check_abort("no key");
        BIO *bio = BIO_new(BIO_s_mem());
        struct tv_key *key;
        if (PEM_write_bio_PUBKEY(bio, made) != 1)
            check_abort("no PEM");
        CHECK_STATUS(cases[i].status, load(bio, &key, &detail), "exponents");
        CHECK_NUMBER(cases[i].status == TV_OK ? TV_REASON_NONE : TV_REASON_EXPONENT_F4,
                     detail.reason, "exponents");
        tv_key_free(key);
        BIO_free(bio);
        EVP_PKEY_CTX_free(context);
        EVP_PKEY_free(made);
    }
}

// A key with more DER than any needs.
static void test_der_length(void) {
    enum { MOST = 16 * 1024 };
    static unsigned char der[MOST + 1];
    for (size_t length = MOST; length <= MOST + 1; length++) {
        size_t modulus = length - 4 - 4 - 3;
        memset(der, 0x5b, sizeof der);
        memcpy(der,
               (unsigned char[]){0x30, 0x82, (unsigned char)((length - 4) >> 8),
                                 (unsigned char)(length - 4), 0x02, 0x82,
                                 (unsigned char)(modulus >> 8), (unsigned char)modulus},
               8);
        memcpy(der + length - 3, (unsigned char[]){0x02, 0x01, 0x03}, 3);
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        CHECK_STATUS(length == MOST ? TV_WEAK_KEY : TV_MALFORMED_KEY,
                     tv_key_load((char *)der, length, &key, &detail), "DER's length");
        CHECK_TEXT(length == MOST ? NULL : "a key of more than 16 KiB of DER", detail.text,
                   "DER's length");
        // Far longer ones are not decoded: these are no base64.
        BIO *bio = BIO_new(BIO_s_mem());
        BIO_puts(bio, "-----BEGIN RSA PUBLIC KEY-----\n");
        for (size_t i = 0; i < (length == MOST ? 23 : 24) * 1024; i++)
            BIO_puts(bio, i % 64 == 63 ? "\n" : "!");
        BIO_puts(bio, "-----END RSA PUBLIC KEY-----\n");
        CHECK_STATUS(TV_MALFORMED_KEY, load(bio, &key, &detail), "text's length");
        CHECK((strcmp(detail.text, "a key of more than 16 KiB of DER") == 0) == (length > MOST),
              "text's length");
        BIO_free(bio);
    }
}

// Numbers that OpenSSL would compute with when it signs.
static void test_signing(void) {
    static char der[4000 * 2 + 200] = "30{02{00}02{0081}02{03}02{";
    for (size_t i = 0; i < 2049; i++)
        strcat(der, "55");
    strcat(der, "}02{07}02{09}02{0b}02{0d}02{0f}}");
    static const struct {
        const char *name, *der, *text;
        enum tv_status status;
    } cases[] = {
        {"a number too long", der, "an RSA key with a number of more than 16384 bits",
         TV_MALFORMED_KEY},
        {"more primes", "30{02{01}" RSA_NUMBERS "30{}}", MORE_PRIMES, TV_UNSUPPORTED_KEY},
        {"DSA's numbers", "30{02{00}02{05}02{05}02{05}02{05}02{05}}",
         "a PEM whose contents cannot be decoded", TV_MALFORMED_KEY},
        {"trailing bytes", "30{02{00}30{06{2b6570}}04{04{" SCALAR "}}}00",
         "a PEM whose contents cannot be decoded", TV_MALFORMED_KEY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        BIO *bio = pem("PRIVATE KEY", cases[i].der);
        char *text;
        size_t length = (size_t)BIO_get_mem_data(bio, &text);
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        CHECK_STATUS(cases[i].status, tv_key_load_private(text, length, &key, &detail),
                     cases[i].name);
        CHECK_TEXT(cases[i].text, detail.text, cases[i].name);
        tv_key_free(key);
        BIO_free(bio);
    }
}

int main(void) {
    test_looks();
    test_long();
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        test_pair(i, false, true);
        if (pairs[i].curve || i == 0)
            test_pair(i, true, true);
        if (pairs[i].curve) {
            test_pair(i, false, false);
            test_pair(i, true, false);
        }
    }
    test_hostile();
    test_behind_private_key();
    test_lines();
    test_marks();
    test_der_length();
    test_exponents();
    test_signing();
    return check_report("test_key_look");
}
