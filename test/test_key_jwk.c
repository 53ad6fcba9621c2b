// SPDX-License-Identifier: MIT
// EC and OKP keys, certificates in JWKs, and DER: each good form, and each weak one with its
// reason.
#include "check.h"
#include "expand.h"

#include "base/base64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>

// RFC 7515 appendices A.3.1 and A.4.1.
#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P521_X                                                                                     \
    "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk"
#define P521_Y                                                                                     \
    "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2"
// RFC 8037 appendix A.2; its thumbprint is in A.3.
#define ED25519_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
// RFC 8032 section 7.4, the first key, as base64url.
#define ED448_X "X9dEm1m0Yf0s54fsYWrUah2hNCSFpw4fig6nXYDpZ3jt8SR2m0bHBhvWeD3x5Q9s0foavq_oJWGA"

#define EC(crv, x, y) "{\"kty\":\"EC\",\"crv\":\"" crv "\",\"x\":\"" x "\",\"y\":\"" y "\"}"
#define OKP(crv, x) "{\"kty\":\"OKP\",\"crv\":\"" crv "\",\"x\":\"" x "\"}"
#define ZERO_32 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static enum tv_status load(const char *text, size_t length, struct tv_key **key,
                           struct tv_detail *detail) {
    struct tv_span copy = guard_copy(GUARD_KEY, text, length);
    *key = NULL;
    *detail = (struct tv_detail){0};
    return tv_key_load(copy.data, copy.length, key, detail);
}

// clang-format off
static const struct {
    const char *jwk;
    enum tv_key_type type;
    int bits;
    const char *curve;
    const char *canonical;  // members in RFC 7638's order
    const char *thumbprint; // NULL: no example that others published
    bool was_private;
} good[] = {
    {EC("P-256", P256_X, P256_Y), TV_KEY_EC, 256, "P-256",
     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", NULL, false},
    {"{\"d\":\"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI\",\"y\":\"" P256_Y "\",\"x\":\"" P256_X
     "\",\"crv\":\"P-256\",\"kty\":\"EC\",\"alg\":\"ES256\",\"kid\":1}", TV_KEY_EC, 256, "P-256",
     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", NULL, true},
    // As other programs write base64, and people lines.
    {EC("P-256", " f83OJ3D2xF1Bg8vub9tLe1gHMzV7\\n6e8Tus9uPHvRVEU=\\n",
        "x/FEzRu9m36HLN/tue659LNpXW6pCyStikYjKIWI5a0="), TV_KEY_EC, 256, "P-256",
     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", NULL, false},
    {"{\"kty\":\"ec\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\",\"alg\":null}",
     TV_KEY_EC, 256, "P-256",
     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}", NULL, false},
    {EC("P-521", P521_X, P521_Y), TV_KEY_EC, 521, "P-521",
     "{\"crv\":\"P-521\",\"kty\":\"EC\",\"x\":\"" P521_X "\",\"y\":\"" P521_Y "\"}", NULL, false},
    {OKP("Ed25519", ED25519_X), TV_KEY_OKP, 256, "Ed25519",
     "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED25519_X "\"}",
     "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", false},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
     "\"x\":\"" ED25519_X "\"}", TV_KEY_OKP, 256, "Ed25519",
     "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED25519_X "\"}",
     "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", true},
    {OKP("Ed448", ED448_X), TV_KEY_OKP, 456, "Ed448",
     "{\"crv\":\"Ed448\",\"kty\":\"OKP\",\"x\":\"" ED448_X "\"}", NULL, false},
};

static const struct {
    const char *jwk;
    enum tv_status status;
    enum tv_reason reason;
    const char *subject;
    double limit;
} bad[] = {
    {"{\"kty\":\"EC\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
     TV_MALFORMED_KEY, TV_REASON_MISSING, "crv", 0},
    {"{\"kty\":\"EC\",\"crv\":7,\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
     TV_MALFORMED_KEY, TV_REASON_TYPE, "crv", 0},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"" P256_Y "\"}",
     TV_MALFORMED_KEY, TV_REASON_MISSING, "x", 0},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}",
     TV_MALFORMED_KEY, TV_REASON_MISSING, "y", 0},
    {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":null}",
     TV_MALFORMED_KEY, TV_REASON_MISSING, "y", 0},
    {EC("P-256", P256_X, "!"), TV_MALFORMED_KEY, TV_REASON_BASE64URL, "y", 0},
    // RFC 7518 section 6.2.1.2: all bytes of the field, the zeros in front too, and no more.
    {EC("P-256", "", P256_Y), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    {EC("P-256", P256_X, "AA"), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "y", 32},
    {EC("P-256", "AAB_zc4ncPbEXUGDy-5v20t7WAczNXvp7xO6z248e9FURQ", P256_Y),
     TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    {EC("P-384", P256_X, P256_Y), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 48},
    {EC("P-521", P256_X, P256_Y), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 66},
    {EC("P-256", P521_X, P521_Y), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    {EC("P-256", P521_X P256_X "!", P256_Y), TV_MALFORMED_KEY, TV_REASON_BASE64URL, "x", 0},
    {EC("P-256", P521_X P521_X, P256_Y), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    {EC("P-256", P521_X P521_X P521_X, P256_Y), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    // Points that are none of the curve's.
    {EC("P-256", P256_Y, P256_X), TV_WEAK_KEY, TV_REASON_POINT, NULL, 0},
    {EC("P-256", P256_X, P256_X), TV_WEAK_KEY, TV_REASON_POINT, NULL, 0},
    {EC("P-256", ZERO_32, ZERO_32), TV_WEAK_KEY, TV_REASON_POINT, NULL, 0},
    {EC("P-256", "__________________________________________8", P256_Y),
     TV_WEAK_KEY, TV_REASON_POINT, NULL, 0},
    // Curves by their names in JOSE only, to the letter.
    {EC("secp256k1", P256_X, P256_Y), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {EC("prime256v1", P256_X, P256_Y), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {EC("p-256", P256_X, P256_Y), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {EC("P-2567", P256_X, P256_Y), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {EC("", P256_X, P256_Y), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {EC("Ed25519", ED25519_X, ED25519_X), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},

    {"{\"kty\":\"OKP\",\"x\":\"" ED25519_X "\"}", TV_MALFORMED_KEY, TV_REASON_MISSING, "crv", 0},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", TV_MALFORMED_KEY, TV_REASON_MISSING, "x", 0},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":1}", TV_MALFORMED_KEY, TV_REASON_TYPE, "x", 0},
    {OKP("Ed25519", ED25519_X "=-"), TV_MALFORMED_KEY, TV_REASON_BASE64URL, "x", 0},
    {OKP("Ed25519", ""), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    {OKP("Ed25519", ED448_X), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 32},
    {OKP("Ed448", ED25519_X), TV_MALFORMED_KEY, TV_REASON_FIELD_LENGTH, "x", 57},
    {OKP("Ed25519", ZERO_32), TV_WEAK_KEY, TV_REASON_POINT, NULL, 0}, // of small order
    {OKP("X25519", ED25519_X), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {OKP("ed25519", ED25519_X), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {OKP("P-256", ED25519_X), TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "crv", 0},
    {"{\"kty\":\"ecc\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}",
     TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "kty", 0},
};

// Certificates: the first is to be of this very key (RFC 7517 section 4.7). The numbers are used in
// any case.
static const struct {
    const char *jwk;
    bool differs;
} certified[] = {
    {"{$R}", false},
    {"{$R,\"x5c\":[\"$B\"]}", false},
    {"{$R,\"x5c\":[\"$B\",\"another\"]}", false},
    {"{$R,\"x5c\":\"$B\"}", false},
    {"{$S,\"x5c\":[\"$B\"]}", true},
    {"{$S,\"x5c\":[\"\\n $B\\r\\n=\"]}", true},
    {"{$S,\"x5c\":\"$B\"}", true},
    {"{$E,\"x5c\":[\"$B\"]}", true},
    // What is no certificate says nothing.
    {"{$R,\"x5c\":[\"AAAA\",\"$B\"]}", false},
    {"{$R,\"x5c\":[\"\"]}", false},
    {"{$R,\"x5c\":[\"A\"]}", false},
    {"{$S,\"x5c\":[\"$C\"]}", false},
    {"{$R,\"x5c\":[]}", false},
    {"{$R,\"x5c\":[7]}", false},
    {"{$R,\"x5c\":[null]}", false},
    {"{$R,\"x5c\":{\"a\":\"$B\"}}", false},
    {"{$R,\"x5c\":null}", false},
};
// clang-format on

static void check_forms(const char *name, const struct tv_key *key, const char *canonical,
                        const char *thumbprint) {
    char *text = NULL;
    size_t length = 0;
    CHECK_STATUS(TV_OK, tv_key_jwk(key, &text, &length), name);
    CHECK_SPAN(canonical, ((struct tv_span){text, length}), name);
    // What comes out goes in again.
    struct tv_detail detail;
    struct tv_key *again;
    CHECK_STATUS(TV_OK, load(text, length, &again, &detail), name);
    CHECK(again && EVP_PKEY_eq(tv_key_public(key), tv_key_public(again)) == 1, name);
    tv_key_free(again);
    free(text);
    CHECK_STATUS(TV_OK, tv_key_pem(key, &text, &length), name);
    CHECK_STATUS(TV_OK, load(text, length, &again, &detail), name);
    CHECK(again && EVP_PKEY_eq(tv_key_public(key), tv_key_public(again)) == 1, name);
    tv_key_free(again);
    free(text);

    unsigned char hash[32];
    char encoded[TV_BASE64URL_ENCODED_LENGTH(32) + 1] = "";
    EVP_Digest(canonical, strlen(canonical), hash, NULL, EVP_sha256(), NULL);
    tv_base64url_encode(hash, sizeof hash, encoded);
    CHECK_STATUS(TV_OK, tv_key_thumbprint(key, &text, &length), name);
    CHECK_SPAN(thumbprint ? thumbprint : encoded, ((struct tv_span){text, length}), name);
    free(text);
}

// Of a key pair only the public half is kept.
static bool has_private_half(const struct tv_key *key) {
    BIGNUM *number = NULL;
    unsigned char bytes[64];
    size_t length = sizeof bytes;
    bool has = EVP_PKEY_get_bn_param(tv_key_public(key), OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1 ||
               EVP_PKEY_get_raw_private_key(tv_key_public(key), bytes, &length) == 1;
    BN_clear_free(number);
    return has;
}

static void test_good(void) {
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        const char *name = good[i].jwk;
        struct tv_detail detail;
        struct tv_key *key;
        if (!CHECK_STATUS(TV_OK, load(name, strlen(name), &key, &detail), name))
            continue;
        CHECK_NUMBER(good[i].type, tv_key_type(key), name);
        CHECK_NUMBER(good[i].bits, tv_key_bits(key), name);
        CHECK_TEXT(good[i].curve, tv_key_curve(key), name);
        CHECK(tv_key_was_private(key) == good[i].was_private, name);
        CHECK(!has_private_half(key), name);
        CHECK(detail.reason == TV_REASON_NONE && !detail.subject && !detail.text, name);
        check_forms(name, key, good[i].canonical, good[i].thumbprint);
        tv_key_free(key);
    }
}

static void test_bad(void) {
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const char *name = bad[i].jwk;
        char *text = expand(name);
        struct tv_detail detail;
        struct tv_key *key;
        CHECK_STATUS(bad[i].status, load(text, strlen(text), &key, &detail), name);
        CHECK((key != NULL) == (bad[i].status == TV_OK), name);
        CHECK_NUMBER(bad[i].reason, detail.reason, name);
        CHECK_TEXT(bad[i].subject, tv_subject_name(detail.subject), name);
        CHECK_NUMBER(bad[i].limit, detail.limit, name);
        tv_key_free(key);
        free(text);
    }
}

static void test_certified(void) {
    for (size_t i = 0; i < sizeof certified / sizeof certified[0]; i++) {
        const char *name = certified[i].jwk;
        char *text = expand(name);
        struct tv_detail detail;
        struct tv_key *key;
        if (CHECK_STATUS(TV_OK, load(text, strlen(text), &key, &detail), name))
            CHECK(tv_key_certificate_differs(key) == certified[i].differs, name);
        tv_key_free(key);
        free(text);
    }
}

// A coordinate that begins with a zero byte keeps it on the way out. One key in 256 has such an x.
static void test_zeros_in_front(void) {
    bool found = false;
    for (int i = 0; i < 8192 && !found; i++) {
        EVP_PKEY *made = EVP_EC_gen("P-256");
        unsigned char der[256], *end = der;
        int size = i2d_PUBKEY(made, &end);
        struct tv_detail detail;
        struct tv_key *key, *again;
        char *text = NULL;
        size_t length = 0;
        if (load((char *)der, (size_t)size, &key, &detail) != TV_OK ||
            tv_key_jwk(key, &text, &length) != TV_OK)
            check_abort("no key");
        const char *x = strstr(text, "\"x\":\"") + 5;
        found = x[0] == 'A' && x[1] >= 'A' && x[1] <= 'P';
        if (found) {
            CHECK_NUMBER(43, strcspn(x, "\""), "x");
            CHECK_STATUS(TV_OK, load(text, length, &again, &detail), "x");
            CHECK(again && EVP_PKEY_eq(made, tv_key_public(again)) == 1, "x");
            tv_key_free(again);
        }
        free(text);
        tv_key_free(key);
        EVP_PKEY_free(made);
    }
    CHECK(found, "a zero in front");
}

static size_t spki_of(const struct tv_key *key, unsigned char *der) {
    unsigned char *end = der;
    return (size_t)i2d_PUBKEY(tv_key_public(key), &end);
}

static size_t pkcs1_of(const struct tv_key *key, unsigned char *der) {
    unsigned char *end = der;
    return (size_t)i2d_PublicKey(tv_key_public(key), &end);
}

static void check_der(const char *name, const struct tv_key *key, unsigned char *der,
                      size_t length) {
    struct tv_detail detail;
    struct tv_key *loaded;
    const char *text = (const char *)der;
    CHECK_STATUS(TV_OK, load(text, length, &loaded, &detail), name);
    CHECK(loaded && EVP_PKEY_eq(tv_key_public(key), tv_key_public(loaded)) == 1, name);
    CHECK(loaded && !tv_key_was_private(loaded), name);
    tv_key_free(loaded);
    der[length] = 0;
    CHECK_STATUS(TV_MALFORMED_KEY, load(text, length + 1, &loaded, &detail), name);
    CHECK_NUMBER(TV_REASON_NOT_A_KEY, detail.reason, name);
    CHECK_TEXT("DER of something else than a public key", detail.text, name);
    CHECK(!loaded, name);
    bool never = true;
    for (size_t cut = 0; cut < length; cut++)
        never = never && load(text, cut, &loaded, &detail) == TV_MALFORMED_KEY && !loaded;
    CHECK(never, name);
}

static void test_der(void) {
    static const char *const files[] = {"rsa.pem",     "rsa-e3.pem",  "ec.pem",   "ec-p384.pem",
                                        "ec-p521.pem", "ed25519.pem", "ed448.pem"};
    unsigned char der[4096];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct tv_key *key = expand_load(files[i]);
        check_der(files[i], key, der, spki_of(key, der));
        if (tv_key_type(key) == TV_KEY_RSA)
            check_der("PKCS#1", key, der, pkcs1_of(key, der));
        tv_key_free(key);
    }
    // Certificates and private keys come as PEM only.
    struct tv_detail detail;
    struct tv_key *key;
    char *base64 = expand("$B");
    int length = EVP_DecodeBlock(der, (unsigned char *)base64, (int)strlen(base64));
    CHECK_STATUS(TV_MALFORMED_KEY, load((char *)der, (size_t)length - 1, &key, &detail), "a cert");
    CHECK_TEXT("DER of a certificate", detail.text, "a certificate");
    free(base64);
    // "0" begins both DER and text around a PEM.
    size_t pem_length;
    char *pem = check_read_file("test/vectors/keys/rsa.pem", &pem_length), text[4096];
    int size = snprintf(text, sizeof text, "0: the key\n%s", pem);
    CHECK_STATUS(TV_OK, load(text, (size_t)size, &key, &detail), "text that begins with 0");
    tv_key_free(key);
    CHECK_STATUS(TV_MALFORMED_KEY, load("0", 1, &key, &detail), "0 alone");
    free(pem);
}

// A point off the curve in an SPKI, and curves without name or outside of JOSE.
static void test_weak_der(void) {
    unsigned char der[512];
    struct tv_detail detail;
    struct tv_key *key = expand_load("ec.pem"), *loaded;
    size_t length = spki_of(key, der);
    tv_key_free(key);
    der[length - 1] ^= 1;
    enum tv_status status = load((char *)der, length, &loaded, &detail);
    CHECK(status != TV_OK && !loaded, "a point off the curve");

    // The point at infinity, in one byte.
    static const unsigned char infinity[] = {0x30, 0x19, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                             0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                             0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x02, 0x00, 0x00};
    status = load((const char *)infinity, sizeof infinity, &loaded, &detail);
    CHECK_STATUS(TV_WEAK_KEY, status, "infinity");
    CHECK_NUMBER(TV_REASON_POINT, detail.reason, "infinity");

    EVP_PKEY *explicit_curve = EVP_EC_gen("P-256");
    EVP_PKEY_set_utf8_string_param(explicit_curve, "encoding", "explicit");
    unsigned char *end = der;
    length = (size_t)i2d_PUBKEY(explicit_curve, &end);
    EVP_PKEY_free(explicit_curve);
    status = load((char *)der, length, &loaded, &detail);
    if (status == TV_OK) // its numbers are those of a curve that has a name
        CHECK_TEXT("P-256", tv_key_curve(loaded), "explicit parameters");
    tv_key_free(loaded);

    EVP_PKEY *other = EVP_EC_gen("brainpoolP256r1");
    end = der;
    length = (size_t)i2d_PUBKEY(other, &end);
    EVP_PKEY_free(other);
    CHECK_STATUS(TV_UNSUPPORTED_KEY, load((char *)der, length, &loaded, &detail), "brainpool");
    CHECK_NUMBER(TV_REASON_CURVE, detail.reason, "brainpool");
}

// EC and OKP keys check none of the algorithms there are.
static void test_families(void) {
    static const char *const files[] = {"ec.pem", "ed25519.pem", "ed448.pem"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct tv_key *key = expand_load(files[i]);
        static const char *const names[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512"};
        for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
            struct tv_detail detail = {0};
            CHECK_STATUS(
                TV_KEY_ALGORITHM_MISMATCH,
                tv_key_check_algorithm(key, tv_algorithm_find(tv_span_of(names[n])), &detail),
                names[n]);
            CHECK_NUMBER(TV_REASON_KEY_TYPE, detail.reason, names[n]);
        }
        tv_key_free(key);
    }
}

// A JWK's own alg among those that say the same of a curve (RFC 9864 section 2.2).
static const struct {
    const char *curve, *x, *own;
    bool eddsa, ed25519, ed448; // may be checked by these
} owns[] = {
    {"Ed25519", ED25519_X, "EdDSA", true, true, false},
    {"Ed25519", ED25519_X, "Ed25519", true, true, false},
    {"Ed25519", ED25519_X, "Ed448", false, false, false},
    {"Ed25519", ED25519_X, "ES256", false, false, false},
    {"Ed448", ED448_X, "EdDSA", true, false, true},
    {"Ed448", ED448_X, "Ed448", true, false, true},
    {"Ed448", ED448_X, "Ed25519", false, false, false},
};

static void test_own_algorithms(void) {
    static const char *const names[] = {"EdDSA", "Ed25519", "Ed448"};
    for (size_t i = 0; i < sizeof owns / sizeof owns[0]; i++) {
        char jwk[512];
        struct tv_detail detail;
        struct tv_key *key;
        snprintf(jwk, sizeof jwk, "{\"kty\":\"OKP\",\"crv\":\"%s\",\"x\":\"%s\",\"alg\":\"%s\"}",
                 owns[i].curve, owns[i].x, owns[i].own);
        CHECK_STATUS(TV_OK, load(jwk, strlen(jwk), &key, &detail), jwk);
        const bool may[] = {owns[i].eddsa, owns[i].ed25519, owns[i].ed448};
        for (size_t n = 0; key && n < sizeof names / sizeof names[0]; n++) {
            bool other_curve = names[n][2] != 'D' && strcmp(names[n], owns[i].curve) != 0;
            detail = (struct tv_detail){0};
            CHECK_STATUS(
                may[n] ? TV_OK : TV_KEY_ALGORITHM_MISMATCH,
                tv_key_check_algorithm(key, tv_algorithm_find(tv_span_of(names[n])), &detail), jwk);
            CHECK_TEXT(may[n] ? NULL : names[n], detail.algorithm, jwk);
            CHECK_NUMBER(may[n]        ? TV_REASON_NONE
                         : other_curve ? TV_REASON_CURVE
                                       : TV_REASON_KEY_USE,
                         detail.reason, jwk);
            CHECK_TEXT(may[n] ? NULL : other_curve ? owns[i].curve : "alg", detail.text, jwk);
        }
        tv_key_free(key);
    }
}

static void test_error_queue(void) {
    ERR_clear_error();
    test_bad();
    CHECK_NUMBER(0, ERR_get_error(), "nothing added");
}

int main(void) {
    test_good();
    test_bad();
    test_certified();
    test_zeros_in_front();
    test_der();
    test_weak_der();
    test_families();
    test_own_algorithms();
    test_error_queue();
    return check_report("test_key_jwk");
}
