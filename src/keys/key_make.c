// SPDX-License-Identifier: MIT
// Keys from their numbers.
#include "keys/key_internal.h"

#include <openssl/core_names.h>

EVP_PKEY *tv_key_make(const char *type, OSSL_PARAM_BLD *builder, bool is_pair) {
    EVP_PKEY *made = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    int selection = is_pair ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (parameters && EVP_PKEY_fromdata_init(context) == 1) // not of NULL
        EVP_PKEY_fromdata(context, &made, selection, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return made;
}

EVP_PKEY *tv_key_make_ec(enum tv_curve curve, struct tv_span point, struct tv_span scalar) {
    EVP_PKEY *made = NULL;
    BIGNUM *number = BN_bin2bn((const unsigned char *)scalar.data, (int)scalar.length, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (number && builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, tv_curve_name(curve),
                                        0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
                                         point.length) &&
        (scalar.length == 0 || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, number)))
        made = tv_key_make("EC", builder, scalar.length > 0);
    OSSL_PARAM_BLD_free(builder);
    BN_clear_free(number);
    return made;
}

EVP_PKEY *tv_key_make_okp(enum tv_curve curve, struct tv_span bytes, bool is_pair) {
    int type = curve == TV_CURVE_ED448 ? EVP_PKEY_ED448 : EVP_PKEY_ED25519;
    const unsigned char *at = (const unsigned char *)bytes.data;
    return is_pair ? EVP_PKEY_new_raw_private_key(type, NULL, at, bytes.length)
                   : EVP_PKEY_new_raw_public_key(type, NULL, at, bytes.length);
}
