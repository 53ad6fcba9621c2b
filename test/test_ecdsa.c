// SPDX-License-Identifier: MIT
// ECDSA's two forms of a signature: which numbers are in range, and the DER that OpenSSL takes.
#include "check.h"

#include "keys/ecdsa.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rand.h>

// What is checked before OpenSSL sees the numbers.

static void add_order(enum tv_curve curve, unsigned char *number, int plus) {
    const char *group = curve == TV_CURVE_P256   ? "prime256v1"
                        : curve == TV_CURVE_P384 ? "secp384r1"
                                                 : "secp521r1";
    EC_GROUP *made = EC_GROUP_new_by_curve_name(OBJ_txt2nid(group));
    BIGNUM *order = BN_dup(EC_GROUP_get0_order(made));
    if (plus < 0 ? !BN_sub_word(order, (BN_ULONG)-plus) : !BN_add_word(order, (BN_ULONG)plus))
        check_abort("BN_add_word");
    BN_bn2binpad(order, number, (int)tv_curve_size(curve));
    BN_free(order);
    EC_GROUP_free(made);
}

static void test_ranges(void) {
    static const enum tv_curve curves[] = {TV_CURVE_P256, TV_CURVE_P384, TV_CURVE_P521};
    static const char *const cases[] = {"r", "s"};
    for (size_t c = 0; c < 3; c++) {
        size_t size = tv_curve_size(curves[c]);
        const char *name = tv_curve_name(curves[c]);
        unsigned char raw[2 * TV_CURVE_MAX_SIZE], der[TV_ECDSA_DER_MAX_SIZE];
        unsigned char back[2 * TV_CURVE_MAX_SIZE];
        size_t length;
        for (size_t i = 0; i < 2; i++) {
            unsigned char *changed = raw + i * size;
            memset(raw, 0, sizeof raw);
            raw[size - 1] = raw[2 * size - 1] = 1; // both 1: the least
            CHECK_STATUS(TV_OK, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length), name);
            CHECK_STATUS(TV_OK, tv_ecdsa_from_der(curves[c], der, length, back), name);
            CHECK(memcmp(raw, back, 2 * size) == 0, name);
            changed[size - 1] = 0;
            CHECK_STATUS(TV_BAD_SIGNATURE, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length),
                         cases[i]);
            changed[0] = curves[c] == TV_CURVE_P521 ? 1 : 0x80; // not zero by its first byte alone
            CHECK_STATUS(TV_OK, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length), cases[i]);
            add_order(curves[c], changed, -1);
            CHECK_STATUS(TV_OK, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length), cases[i]);
            for (int plus = 0; plus < 2; plus++) {
                add_order(curves[c], changed, plus);
                CHECK_STATUS(TV_BAD_SIGNATURE,
                             tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length), cases[i]);
            }
            memset(changed, 0xff, size);
            CHECK_STATUS(TV_BAD_SIGNATURE, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length),
                         cases[i]);
        }
        // A number that is zero between bytes that are not.
        memset(raw, 1, sizeof raw);
        memset(raw, 0, size);
        CHECK_STATUS(TV_BAD_SIGNATURE, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length),
                     "r");
        memset(raw, 1, sizeof raw);
        memset(raw + size, 0, size);
        CHECK_STATUS(TV_BAD_SIGNATURE, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length),
                     "s");
        // The longest DER form.
        for (size_t i = 0; i < 2; i++)
            add_order(curves[c], raw + i * size, -1);
        CHECK_STATUS(TV_OK, tv_ecdsa_to_der(curves[c], raw, 2 * size, der, &length), name);
        CHECK(length <= sizeof der, name);
        CHECK_STATUS(TV_CRYPTO_FAILURE, tv_ecdsa_from_der(curves[c], der, length - 1, back), name);
        CHECK_STATUS(TV_BAD_SIGNATURE, tv_ecdsa_to_der(curves[c], raw, 2 * size - 1, der, &length),
                     name);
        CHECK_STATUS(TV_BAD_SIGNATURE, tv_ecdsa_to_der(curves[c], der, length, der, &length), name);
    }
}

// DER whose numbers have more bytes than the curve's.
static void test_large_numbers(void) {
    unsigned char raw[2 * TV_CURVE_MAX_SIZE], back[2 * TV_CURVE_MAX_SIZE];
    unsigned char der[TV_ECDSA_DER_MAX_SIZE];
    size_t size = tv_curve_size(TV_CURVE_P521), length;
    for (size_t i = 0; i < 4; i++) {
        memset(raw, 0, sizeof raw);
        raw[size - 1] = raw[2 * size - 1] = 1;
        raw[0] = i & 1;
        raw[size] = i >> 1 & 1;
        CHECK_STATUS(TV_OK, tv_ecdsa_to_der(TV_CURVE_P521, raw, 2 * size, der, &length), "P-521");
        CHECK_STATUS(i == 0 ? TV_OK : TV_CRYPTO_FAILURE,
                     tv_ecdsa_from_der(TV_CURVE_P384, der, length, back), "for P-384");
    }
}

// The DER that OpenSSL writes, whatever zeros the numbers begin with.
static void test_der(void) {
    static const enum tv_curve curves[] = {TV_CURVE_P256, TV_CURVE_P384, TV_CURVE_P521};
    for (size_t i = 0; i < 3000; i++) {
        enum tv_curve curve = curves[i % 3];
        size_t size = tv_curve_size(curve), length = 0;
        unsigned char raw[2 * TV_CURVE_MAX_SIZE], der[TV_ECDSA_DER_MAX_SIZE], *expected = NULL;
        unsigned char zeros[2];
        if (RAND_bytes(raw, sizeof raw) != 1 || RAND_bytes(zeros, 2) != 1)
            check_abort("no random bytes");
        for (size_t n = 0; n < 2; n++)
            memset(raw + n * size, 0, 1 + zeros[n] % (size - 1)); // below the order
        raw[size - 1] |= 1;
        raw[2 * size - 1] |= 1;
        ECDSA_SIG *pair = ECDSA_SIG_new();
        ECDSA_SIG_set0(pair, BN_bin2bn(raw, (int)size, NULL),
                       BN_bin2bn(raw + size, (int)size, NULL));
        int expected_length = i2d_ECDSA_SIG(pair, &expected);
        CHECK_STATUS(TV_OK, tv_ecdsa_to_der(curve, raw, 2 * size, der, &length), "DER");
        CHECK(length == (size_t)expected_length && memcmp(der, expected, length) == 0, "DER");
        OPENSSL_free(expected);
        ECDSA_SIG_free(pair);
    }
}

int main(void) {
    test_ranges();
    test_large_numbers();
    test_der();
    return check_report("test_ecdsa");
}
