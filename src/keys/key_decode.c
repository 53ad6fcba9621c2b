// SPDX-License-Identifier: MIT
// Keys from DER, which tv_key_look() has let through.
#include "keys/key_internal.h"

#include "keys/key_look.h"

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdlib.h>

// Of a private EC key whose parameters are spelled out, twice and with its point: no attributes
// beside it, by the thousand.
#define EXPLICIT_MAX_LENGTH 2048

// All numbers of an RSA key of 16384 bits take 9 KiB.
#define DER_MAX_LENGTH ((size_t)16 * 1024)

// What OpenSSL's decoder makes of it, which tries every type that it has.
static EVP_PKEY *decode_any(struct tv_span der, bool is_private) {
    const unsigned char *at = (const unsigned char *)der.data;
    return is_private ? d2i_AutoPrivateKey(NULL, &at, (long)der.length)
                      : d2i_PUBKEY(NULL, &at, (long)der.length);
}

static enum tv_status copy_number(struct tv_span bytes, struct tv_key_number *number) {
    number->bytes = (unsigned char *)tv_span_copy(bytes);
    number->length = bytes.length;
    return number->bytes ? TV_OK : TV_NO_MEMORY;
}

static enum tv_status make_rsa(const struct tv_key_look *look, int rsa_min_bits, EVP_PKEY **key,
                               struct tv_detail *detail) {
    struct tv_key_makers makers = {0};
    struct tv_key_number modulus = {0}, exponent = {0};
    enum tv_status status = copy_number(look->modulus, &modulus);
    if (status == TV_OK)
        status = copy_number(look->exponent, &exponent);
    if (status == TV_OK)
        status = tv_key_make_rsa(&makers, modulus, exponent, rsa_min_bits, key, detail);
    free(exponent.bytes);
    free(modulus.bytes);
    tv_key_makers_clear(&makers);
    return status;
}

static enum tv_status make_ec(const struct tv_key_look *look, EVP_PKEY **key,
                              struct tv_detail *detail) {
    struct tv_key_makers makers = {0};
    enum tv_status status = tv_key_make_ec(
        &makers, look->curve, (const unsigned char *)look->point.data, look->point.length, key);
    tv_key_makers_clear(&makers);
    if (status == TV_CRYPTO_FAILURE) // what OpenSSL refuses in a point of the right length
        return tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_POINT, NULL);
    return status;
}

EVP_PKEY *tv_key_public_half(EVP_PKEY *pair) {
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pair, &der);
    const unsigned char *at = der;
    EVP_PKEY *public_key = length > 0 ? d2i_PUBKEY(NULL, &at, length) : NULL;
    OPENSSL_free(der);
    return public_key;
}

// The point that the scalar makes, for a private key that does not have it.
static size_t multiply(const struct tv_key_look *look,
                       unsigned char point[1 + 2 * TV_CURVE_MAX_SIZE]) {
    static const int ids[TV_CURVE_COUNT] = {[TV_CURVE_P256] = NID_X9_62_prime256v1,
                                            [TV_CURVE_P384] = NID_secp384r1,
                                            [TV_CURVE_P521] = NID_secp521r1};
    EC_GROUP *group = EC_GROUP_new_by_curve_name(ids[look->curve]);
    EC_POINT *made = group ? EC_POINT_new(group) : NULL;
    BIGNUM *scalar =
        BN_bin2bn((const unsigned char *)look->scalar.data, (int)look->scalar.length, NULL);
    size_t length = 0;
    if (made && scalar && EC_POINT_mul(group, made, scalar, NULL, NULL, NULL) == 1)
        length = EC_POINT_point2oct(group, made, POINT_CONVERSION_UNCOMPRESSED, point,
                                    1 + 2 * TV_CURVE_MAX_SIZE, NULL);
    BN_clear_free(scalar);
    EC_POINT_free(made);
    EC_GROUP_free(group);
    return length;
}

static EVP_PKEY *make_okp(const struct tv_key_look *look) {
    unsigned char point[TV_CURVE_MAX_SIZE];
    size_t length = sizeof point;
    int type = look->curve == TV_CURVE_ED448 ? EVP_PKEY_ED448 : EVP_PKEY_ED25519;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(
        type, NULL, (const unsigned char *)look->scalar.data, look->scalar.length);
    bool read = pair && EVP_PKEY_get_raw_public_key(pair, point, &length) == 1;
    EVP_PKEY_free(pair);
    return read ? EVP_PKEY_new_raw_public_key(type, NULL, point, length) : NULL;
}

// An EC key whose parameters are spelled out, by OpenSSL's decoder.
static EVP_PKEY *decode_explicit(struct tv_span der) {
    EVP_PKEY *pair = der.length <= EXPLICIT_MAX_LENGTH ? decode_any(der, true) : NULL;
    EVP_PKEY *public_key = pair ? tv_key_public_half(pair) : NULL;
    EVP_PKEY_free(pair);
    return public_key;
}

// The public half, without a look at any private number where it stands beside them.
static enum tv_status make_public_half(struct tv_span der, const struct tv_key_look *found,
                                       int rsa_min_bits, struct tv_key_decoded *decoded,
                                       struct tv_detail *detail) {
    unsigned char point[1 + 2 * TV_CURVE_MAX_SIZE] = {0};
    struct tv_key_look look = *found; // which may get a point
    decoded->is_judged = look.type != TV_KEY_OKP && !look.is_explicit;
    if (look.type == TV_KEY_RSA)
        return make_rsa(&look, rsa_min_bits, &decoded->key, detail);
    if (decoded->is_judged && look.point.length == 0)
        look.point = (struct tv_span){(char *)point, multiply(&look, point)};
    if (decoded->is_judged) {
        // OpenSSL takes the point at infinity, too, which is a byte.
        decoded->is_judged = look.point.length == 1 + 2 * tv_curve_size(look.curve) &&
                             look.point.data[0] == POINT_CONVERSION_UNCOMPRESSED;
        return make_ec(&look, &decoded->key, detail);
    }
    decoded->key = look.type == TV_KEY_OKP ? make_okp(&look) : decode_explicit(der);
    return decoded->key ? TV_OK : TV_MALFORMED_KEY;
}

enum tv_status tv_key_decode(enum tv_key_form form, struct tv_span der, int rsa_min_bits,
                             struct tv_key_decoded *decoded, struct tv_detail *detail) {
    struct tv_key_look look;
    *decoded = (struct tv_key_decoded){0};
    enum tv_status status = tv_key_look(form, der, &look, detail);
    if (status != TV_OK)
        return status;
    if (look.length != der.length)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_TRAILING, NULL);
    if ((form == TV_FORM_CERTIFICATE ? look.spki.length : der.length) > DER_MAX_LENGTH)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                           "a key of more than 16 KiB of DER");
    if (form == TV_FORM_PRIVATE)
        return make_public_half(der, &look, rsa_min_bits, decoded, detail);
    const unsigned char *at = (const unsigned char *)der.data;
    if (form == TV_FORM_RSA) {
        decoded->key = tv_key_decode_rsa(&at, (long)der.length, &decoded->is_judged);
        return decoded->key ? TV_OK : TV_MALFORMED_KEY;
    }
    decoded->key = tv_key_decode_spki((const unsigned char *)look.spki.data, look.spki.length,
                                      &decoded->is_judged);
    if (!decoded->key)
        decoded->key = decode_any(look.spki, false);
    return decoded->key ? TV_OK : TV_MALFORMED_KEY;
}
