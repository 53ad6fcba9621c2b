// SPDX-License-Identifier: MIT
// Public keys made by parts: the same that OpenSSL's decoder makes, and none where it makes none.
#include "check.h"

#include "keys/key_internal.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static const struct {
    const char *name, *type, *curve;
    size_t bits;
} kinds[] = {
    {"RSA 2048", "RSA", NULL, 2048}, {"RSA 3072", "RSA", NULL, 3072},
    {"P-256", "EC", "P-256", 0},     {"P-384", "EC", "P-384", 0},
    {"P-521", "EC", "P-521", 0},     {"Ed25519", "ED25519", NULL, 0},
    {"Ed448", "ED448", NULL, 0},
};

static EVP_PKEY *generate(size_t i) {
    return kinds[i].bits    ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", kinds[i].bits)
           : kinds[i].curve ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[i].curve)
                            : EVP_PKEY_Q_keygen(NULL, NULL, kinds[i].type);
}

// What tv_key_wrap() asks of an RSA key besides its length, by OpenSSL's numbers.
static bool has_good_numbers(EVP_PKEY *key) {
    BIGNUM *modulus = NULL, *exponent = NULL;
    bool good = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
                EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                BN_is_odd(modulus) && BN_is_odd(exponent) && !BN_is_one(exponent) &&
                BN_num_bits(exponent) <= 64;
    BN_free(modulus);
    BN_free(exponent);
    return good;
}

// What is made of a key text that begins with `der`: `*same` unless OpenSSL makes another of it.
static bool is_made(const unsigned char *der, size_t length, bool *same) {
    struct tv_span exact = guard_copy(GUARD_TOKEN, der, length);
    const unsigned char *at = der;
    bool is_judged;
    EVP_PKEY *ours = tv_key_decode_spki((const unsigned char *)exact.data, length, &is_judged);
    EVP_PKEY *theirs = d2i_PUBKEY(NULL, &at, (long)length);
    bool made = ours != NULL;
    // Whoever wraps it need not look at the numbers again.
    int type = made ? EVP_PKEY_get_base_id(ours) : 0;
    CHECK(type == EVP_PKEY_RSA ? !is_judged || has_good_numbers(ours)
                               : is_judged == (type == EVP_PKEY_EC),
          "judged");
    *same = !ours || (theirs && at == der + length && EVP_PKEY_eq(ours, theirs) == 1);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    ERR_clear_error();
    return made;
}

// Bytes that stand in front of the numbers of any key, at least.
#define FRONT 12

static void test_kind(size_t i) {
    const char *name = kinds[i].name;
    unsigned char *der = NULL;
    bool same;
    EVP_PKEY *key = generate(i);
    int written = i2d_PUBKEY(key, &der);
    if (written <= 0)
        check_abort("no key of %s", name);
    size_t length = (size_t)written, others = 0, made = 0;
    CHECK(is_made(der, length, &same) && same, name);
    for (size_t cut = 0; cut < length; cut += cut < 40 ? 1 : 31) {
        CHECK(!is_made(der, cut, &same), name);
        others += !same;
    }
    // One bit after the other of what stands in front, and some of the numbers.
    for (size_t bit = 0; bit < 8 * length; bit += bit < 320 ? 1 : 37) {
        der[bit / 8] ^= (unsigned char)(1 << bit % 8);
        bool is = is_made(der, length, &same);
        made += is && bit < 8 * FRONT;
        others += !same;
        der[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK_NUMBER(0, others, name);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) { // the hybrid form, which OpenSSL reads
        size_t size = ((size_t)EVP_PKEY_get_bits(key) + 7) / 8;
        unsigned char *point = der + length - 1 - 2 * size;
        *point = (unsigned char)(6 | (der[length - 1] & 1));
        CHECK(!is_made(der, length, &same), name);
        *point = 4;
        // No other point is on the curve that shares a coordinate, but for the one below.
        size_t beside = 0;
        for (size_t at = 1; at <= 2 * size; at++)
            for (int bit = 0; bit < 8; bit += 3) {
                point[at] ^= (unsigned char)(1 << bit);
                beside += !is_made(der, length, &same);
                point[at] ^= (unsigned char)(1 << bit);
            }
        CHECK_NUMBER(2 * size * 3, beside, name);
        memset(point + 1, 0, 2 * size);
        CHECK(!is_made(der, length, &same), name);
        memset(point + 1, 0xff, 2 * size);
        CHECK(!is_made(der, length, &same), name);
    }
    CHECK(made < 8 * length / 37,
          name); // numbers of RSA, and points of OKP, are good in any spelling
    unsigned char *longer = check_malloc(length + 1);
    memcpy(longer, der, length);
    longer[length] = 0;
    CHECK(!is_made(longer, length + 1, &same) && same, name);
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) { // the byte is inside of the BIT STRING
        longer[3]++;
        longer[4 + 15 + 3]++;
        CHECK(!is_made(longer, length + 1, &same), name);
    }
    free(longer);
    OPENSSL_free(der);
    EVP_PKEY_free(key);
}

// A length below 256 takes no two bytes, whatever OpenSSL says to it.
static void test_lengths(void) {
    static const unsigned char algorithm[] = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                              0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
    enum { PREFIX = 4 + sizeof algorithm + 5 };
    unsigned char der[512], *end = der + PREFIX;
    bool same;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)512);
    int written = i2d_PublicKey(key, &end);
    if (written <= 0 || written > 200)
        check_abort("no short key");
    size_t length = PREFIX + (size_t)written;
    memcpy(der, (unsigned char[]){0x30, 0x82, 0, (unsigned char)(length - 4)}, 4);
    memcpy(der + 4, algorithm, sizeof algorithm);
    memcpy(der + 4 + sizeof algorithm,
           (unsigned char[]){0x03, 0x82, 0, (unsigned char)(written + 1), 0}, 5);
    CHECK(!is_made(der, length, &same), "a length that is longer than it must be");
    EVP_PKEY_free(key);
}

// RSAPublicKeys in hexadecimal; N: a modulus of 64 bytes that begins with 0x51 and ends with 0x51.
#define N                                                                                          \
    "0240"                                                                                         \
    "51515151515151515151515151515151515151515151515151515151515151515151515151515151515151515151" \
    "515151515151515151515151515151515151"

static const struct {
    const char *name, *hex;
    bool is_made, is_judged;
} rsa_keys[] = {
    {"good", "3047" N "0203010001", true, true},
    {"three", "3045" N "020103", true, true},
    {"63 bits", "304c" N "02087fffffffffffffff", true, true},
    {"a large and a small bit", "304c" N "02080200000000000001", true, true},
    {"64 bits", "304d" N "020900ffffffffffffffff", true, false}, // OpenSSL is asked
    {"71 bits", "304d" N "02097fffffffffffffffff", true, false},
    {"an even exponent", "3047" N "0203010002", true, false},
    {"an exponent of one", "3045" N "020101", true, false},
    {"an exponent of zero", "3045" N "020100", true, false},
    {"an empty exponent", "3044" N "0200", true, false},
    {"a negative exponent", "3045" N "020181", true, false},
    {"an even modulus", "300a02035151500203010001", true, false},
    {"a short modulus", "300a02035151510203010001", true, true}, // its bits are judged behind
    {"a negative modulus", "300a02038151510203010001", true, false},
    {"a modulus that is just negative", "300a02038051510203010001", true, false},
    {"a modulus of zero", "30080201000203010001", true, false},
    {"a length of more bytes than it needs", "308147" N "0203010001", true, true},
    {"without a length", "3080" N "02030100010000", true, false},
    {"another tag", "3047" N "0403010001", false, false},
    {"no exponent", "3042" N, false, false},
    {"a number more", "304a" N "0203010001020101", false, false},
};

static void test_rsa(void) {
    for (size_t i = 0; i < sizeof rsa_keys / sizeof rsa_keys[0]; i++) {
        const char *name = rsa_keys[i].name;
        long length;
        unsigned char *der = OPENSSL_hexstr2buf(rsa_keys[i].hex, &length);
        if (!der)
            check_abort("%s", name);
        struct tv_span exact = guard_copy(GUARD_TOKEN, der, (size_t)length);
        const unsigned char *end = (const unsigned char *)exact.data;
        bool is_judged = true;
        EVP_PKEY *key = tv_key_decode_rsa(&end, length, &is_judged);
        CHECK((key != NULL) == rsa_keys[i].is_made, name);
        CHECK(is_judged == rsa_keys[i].is_judged, name);
        CHECK(!is_judged || has_good_numbers(key), name);
        CHECK(!key || end == (const unsigned char *)exact.data + length, name);
        EVP_PKEY_free(key);
        OPENSSL_free(der);
        ERR_clear_error();
    }
}

int main(void) {
    test_lengths();
    test_rsa();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        test_kind(i);
    return check_report("test_key_spki");
}
