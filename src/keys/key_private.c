// SPDX-License-Identifier: MIT
// Private keys, for signing: PEM and JWK.
#include "keys/key_internal.h"

#include <openssl/crypto.h>

static enum tv_status fail(struct tv_detail *detail, const char *text) {
    return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE, text);
}

static enum tv_status load_jwk(const char *text, size_t length, struct tv_key **key,
                               struct tv_detail *detail) {
    struct tv_arena arena;
    yyjson_val *jwk;
    struct tv_key *made = NULL;
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, TV_SUBJECT_JWK, &arena, &jwk, detail);
    if (status == TV_OK)
        status = tv_key_load_jwk_object(jwk, TV_RSA_MIN_BITS, &made, detail);
    if (status == TV_OK)
        status = tv_key_was_private(made) ? tv_key_jwk_pair(jwk, &made->pair, detail)
                                          : fail(detail, "the JWK of a public key");
    tv_key_wipe(&arena);
    if (status == TV_OK)
        *key = made;
    else
        tv_key_free(made);
    return status;
}

enum tv_status tv_key_wrap_pair(EVP_PKEY *pair, struct tv_key **key, struct tv_detail *detail) {
    EVP_PKEY *public_key = tv_key_public_half(pair);
    enum tv_status status =
        public_key ? tv_key_wrap(public_key, TV_RSA_MIN_BITS, key, detail) : TV_CRYPTO_FAILURE;
    if (status != TV_OK) {
        EVP_PKEY_free(pair);
        return status;
    }
    (*key)->was_private = true;
    (*key)->pair = pair;
    return TV_OK;
}

static enum tv_status load_pem(const char *text, size_t length, struct tv_key **key,
                               struct tv_detail *detail) {
    struct tv_key_block block;
    EVP_PKEY *pair = NULL;
    enum tv_status status = tv_key_read_block((struct tv_span){text, length}, true, &block, detail);
    if (status == TV_NO_MEMORY)
        return status;
    if (status != TV_OK)
        return fail(detail, detail->text ? detail->text : "something else");
    status = block.is_encrypted ? fail(detail, "encrypted")
                                : tv_key_decode_pair(block.der, &pair, detail);
    OPENSSL_clear_free((char *)block.der.data, block.der.length);
    if (status == TV_MALFORMED_KEY)
        return fail(detail, detail->text ? detail->text : "a PEM whose contents cannot be decoded");
    return status == TV_OK ? tv_key_wrap_pair(pair, key, detail) : status;
}

enum tv_status tv_key_load_private(const char *text, size_t length, struct tv_key **key,
                                   struct tv_detail *detail) {
    if (length > TV_KEY_MAX_LENGTH)
        return tv_key_fail_length(detail, TV_MALFORMED_KEY, length);
    enum tv_status status;
    TV_WITHOUT_ERRORS(status = tv_key_looks_like_json(text, length)
                                   ? load_jwk(text, length, key, detail)
                                   : load_pem(text, length, key, detail));
    return status;
}
