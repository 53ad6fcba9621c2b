// SPDX-License-Identifier: MIT
// Generates key pairs.
#include "keys/key_generate.h"

#include "keys/key_internal.h"

static EVP_PKEY *generate(enum tv_curve curve, int rsa_bits) {
    switch (curve) {
    case TV_CURVE_NONE:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
    case TV_CURVE_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case TV_CURVE_ED448:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", tv_curve_name(curve));
    }
}

enum tv_status tv_key_generate(enum tv_curve curve, int rsa_bits, struct tv_key **key,
                               struct tv_detail *detail) {
    EVP_PKEY *pair;
    enum tv_status status = TV_CRYPTO_FAILURE;
    TV_WITHOUT_ERRORS(pair = generate(curve, rsa_bits);
                      if (pair) status = tv_key_wrap_pair(pair, key, detail));
    return status;
}
