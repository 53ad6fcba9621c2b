// SPDX-License-Identifier: MIT
// Public keys from their numbers, which are judged on the way.
#include "keys/key_internal.h"

#include <openssl/core_names.h>

void tv_key_makers_clear(struct tv_key_makers *makers) {
    EVP_PKEY_CTX_free(makers->rsa);
    EVP_PKEY_CTX_free(makers->ec);
}

// Makes a key of OpenSSL's type `type` with the context at `kept`, which is made once.
static enum tv_status make(EVP_PKEY_CTX **kept, const char *type, OSSL_PARAM *parameters,
                           EVP_PKEY **key) {
    if (!*kept) {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
        if (EVP_PKEY_fromdata_init(context) != 1) { // not of NULL
            EVP_PKEY_CTX_free(context);
            return TV_CRYPTO_FAILURE;
        }
        *kept = context;
    }
    bool made = EVP_PKEY_fromdata(*kept, key, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    return made ? TV_OK : TV_CRYPTO_FAILURE;
}

static int bits_of(struct tv_key_number number) {
    int bits = 0;
    for (size_t i = 0; i < number.length; i++)
        if (bits > 0)
            bits += 8;
        else
            for (unsigned highest = number.bytes[i]; highest > 0; highest >>= 1)
                bits++;
    return bits;
}

// OpenSSL's parameters have numbers in the machine's order.
static void to_machine_order(struct tv_key_number number) {
    const uint16_t one = 1;
    if (*(const unsigned char *)&one == 0)
        return;
    for (size_t i = 0; i < number.length / 2; i++) {
        unsigned char byte = number.bytes[i];
        number.bytes[i] = number.bytes[number.length - 1 - i];
        number.bytes[number.length - 1 - i] = byte;
    }
}

enum tv_status tv_key_make_rsa(struct tv_key_makers *makers, struct tv_key_number modulus,
                               struct tv_key_number exponent, int min_bits, EVP_PKEY **key,
                               struct tv_detail *detail) {
    uint64_t small_exponent = 0;
    if (bits_of(exponent) <= 64)
        for (size_t i = 0; i < exponent.length; i++)
            small_exponent = small_exponent << 8 | exponent.bytes[i];
    enum tv_status status =
        tv_key_check_rsa(bits_of(modulus), modulus.bytes[modulus.length - 1] % 2 == 1,
                         small_exponent, min_bits, detail);
    if (status != TV_OK)
        return status;
    to_machine_order(modulus);
    to_machine_order(exponent);
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, modulus.bytes, modulus.length),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, exponent.bytes, exponent.length),
        OSSL_PARAM_construct_end()};
    return make(&makers->rsa, "RSA", parameters, key);
}

enum tv_status tv_key_make_ec(struct tv_key_makers *makers, enum tv_curve curve,
                              const unsigned char *point, size_t length, EVP_PKEY **key) {
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)tv_curve_name(curve),
                                         0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)point, length),
        OSSL_PARAM_construct_end()};
    return make(&makers->ec, "EC", parameters, key);
}
