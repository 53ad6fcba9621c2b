// SPDX-License-Identifier: MIT
// Public keys made by parts: the same that OpenSSL's decoder makes, and none where it makes none.
#include "check.h"

#include "key_internal.h"

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

// What is made of a key text that begins with `der`: `*same` unless OpenSSL makes another of it.
static bool is_made(const unsigned char *der, size_t length, bool *same) {
    struct tv_span exact = guard_copy(GUARD_TOKEN, der, length);
    const unsigned char *at = der;
    bool is_judged;
    EVP_PKEY *ours = tv_key_decode_spki((const unsigned char *)exact.data, length, &is_judged);
    EVP_PKEY *theirs = d2i_PUBKEY(NULL, &at, (long)length);
    bool made = ours != NULL;
    // Whoever wraps it need not look at the point again.
    CHECK(is_judged == (made && EVP_PKEY_get_base_id(ours) == EVP_PKEY_EC), "judged");
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

int main(void) {
    test_lengths();
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        test_kind(i);
    return check_report("test_key_spki");
}
