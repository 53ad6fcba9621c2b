// SPDX-License-Identifier: MIT
// Range checks and conversion of ECDSA signatures.
#include "keys/ecdsa.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/ec.h>

#define DER_INTEGER 0x02
#define DER_SEQUENCE 0x30

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

// An INTEGER of DER: the fewest bytes, none of which makes it negative (X.690 section 8.3).
static unsigned char *put_integer(unsigned char *to, const unsigned char *number, size_t size) {
    while (*number == 0) { // in range: one byte is not
        number++;
        size--;
    }
    bool padded = *number & 0x80;
    *to++ = DER_INTEGER;
    *to++ = (unsigned char)(size + padded);
    if (padded)
        *to++ = 0;
    memcpy(to, number, size);
    return to + size;
}

enum tv_status tv_ecdsa_to_der(enum tv_curve curve, const unsigned char *raw, size_t raw_length,
                               unsigned char *der, size_t *der_length) {
    size_t size = tv_curve_size(curve);
    const unsigned char *order = order_of(curve);
    if (raw_length != 2 * size || !in_range(raw, order, size) || !in_range(raw + size, order, size))
        return TV_BAD_SIGNATURE;
    unsigned char numbers[TV_ECDSA_DER_MAX_SIZE], *end = put_integer(numbers, raw, size);
    end = put_integer(end, raw + size, size);
    size_t length = (size_t)(end - numbers);
    unsigned char *to = der;
    *to++ = DER_SEQUENCE;
    if (length >= 0x80)
        *to++ = 0x81; // the length follows in one byte
    *to++ = (unsigned char)length;
    assert(to + length <= der + TV_ECDSA_DER_MAX_SIZE);
    memcpy(to, numbers, length);
    *der_length = (size_t)(to - der) + length;
    return TV_OK;
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
