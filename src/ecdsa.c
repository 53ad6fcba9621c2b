// SPDX-License-Identifier: MIT
// Range checks and conversion of ECDSA signatures.
#include "ecdsa.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/ec.h>

// The orders of the groups (FIPS 186-4 appendix D.1.2), with as many bytes as a coordinate.
static const unsigned char order_p256[32] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const unsigned char order_p384[48] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73};
static const unsigned char order_p521[66] = {
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b,
    0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09, 0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c,
    0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38, 0x64, 0x09};

static const unsigned char *order_of(enum tv_curve curve) {
    switch (curve) {
    case TV_CURVE_P384:
        return order_p384;
    case TV_CURVE_P521:
        return order_p521;
    default:
        return order_p256;
    }
}

// Whether 1 <= number < order. Both are public.
static bool in_range(const unsigned char *number, const unsigned char *order, size_t size) {
    unsigned char any = 0;
    for (size_t i = 0; i < size; i++)
        any |= number[i];
    return any != 0 && memcmp(number, order, size) < 0;
}

enum tv_status tv_ecdsa_to_der(enum tv_curve curve, const unsigned char *raw, size_t raw_length,
                               unsigned char *der, size_t *der_length) {
    size_t size = tv_curve_size(curve);
    const unsigned char *order = order_of(curve);
    if (raw_length != 2 * size || !in_range(raw, order, size) || !in_range(raw + size, order, size))
        return TV_BAD_SIGNATURE;
    enum tv_status status = TV_NO_MEMORY;
    BIGNUM *r = BN_bin2bn(raw, (int)size, NULL), *s = BN_bin2bn(raw + size, (int)size, NULL);
    ECDSA_SIG *signature = ECDSA_SIG_new();
    if (!r || !s || !signature || !ECDSA_SIG_set0(signature, r, s))
        goto out;
    r = s = NULL; // the signature's
    int length = i2d_ECDSA_SIG(signature, NULL);
    assert(length <= TV_ECDSA_DER_MAX_SIZE);
    if (length > 0 && i2d_ECDSA_SIG(signature, &der) == length) {
        *der_length = (size_t)length;
        status = TV_OK;
    }
out:
    ECDSA_SIG_free(signature);
    BN_free(s);
    BN_free(r);
    return status;
}

enum tv_status tv_ecdsa_from_der(enum tv_curve curve, const unsigned char *der, size_t der_length,
                                 unsigned char *raw) {
    int size = (int)tv_curve_size(curve);
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)der_length);
    bool good = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), raw, size) == size &&
                BN_bn2binpad(ECDSA_SIG_get0_s(signature), raw + size, size) == size;
    ECDSA_SIG_free(signature);
    return good ? TV_OK : TV_CRYPTO_FAILURE;
}
