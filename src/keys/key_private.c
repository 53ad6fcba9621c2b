// SPDX-License-Identifier: MIT
// Private keys, for signing: PEM and JWK.
#include "keys/key_internal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

static enum tv_status fail(struct tv_detail *detail, const char *text) {
    detail->reason = TV_REASON_NOT_PRIVATE;
    detail->text = text;
    return TV_MALFORMED_KEY;
}

static enum tv_status load_jwk(const char *text, size_t length, struct tv_key **key,
                               struct tv_detail *detail) {
    struct tv_arena arena;
    yyjson_val *jwk;
    struct tv_key *made = NULL;
    struct tv_key_makers makers = {0};
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, TV_SUBJECT_JWK, &arena, &jwk, detail);
    if (status == TV_OK)
        status = tv_key_load_jwk_object(jwk, TV_RSA_MIN_BITS, &makers, &made, detail);
    tv_key_makers_clear(&makers);
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

// The private numbers of what may be one: OpenSSL computes with them, so none is longer than those
// of a key that is used.
static enum tv_status decode(struct tv_span der, EVP_PKEY **pair, struct tv_detail *detail) {
    struct tv_key_look look;
    enum tv_status status = tv_key_look(TV_FORM_PRIVATE, der, &look, detail);
    if (status == TV_UNSUPPORTED_KEY)
        return status;
    if (status == TV_OK && look.has_more_primes) { // as with a JWK that has "oth"
        detail->reason = TV_REASON_KEY_TYPE;
        detail->text = "RSA with more than two primes";
        return TV_UNSUPPORTED_KEY;
    }
    if (status != TV_OK || look.length != der.length)
        return fail(detail, "a PEM whose contents cannot be decoded");
    if (look.longest.length > TV_RSA_MAX_BITS / 8)
        return fail(detail, "an RSA key with a number of more than 16384 bits");
    const unsigned char *at = (const unsigned char *)der.data;
    *pair = d2i_AutoPrivateKey(NULL, &at, (long)der.length);
    return *pair ? TV_OK : fail(detail, "a PEM whose contents cannot be decoded");
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
    status = block.is_encrypted ? fail(detail, "encrypted") : decode(block.der, &pair, detail);
    OPENSSL_clear_free((char *)block.der.data, block.der.length);
    if (status != TV_OK)
        return status;
    EVP_PKEY *public_key = tv_key_public_half(pair);
    status = public_key ? tv_key_wrap(public_key, false, TV_RSA_MIN_BITS, key, detail) // takes it
                        : TV_CRYPTO_FAILURE;
    if (status != TV_OK) {
        EVP_PKEY_free(pair);
        return status;
    }
    (*key)->was_private = true;
    (*key)->pair = pair;
    return TV_OK;
}

enum tv_status tv_key_load_private(const char *text, size_t length, struct tv_key **key,
                                   struct tv_detail *detail) {
    if (length > TV_KEY_MAX_LENGTH) {
        detail->reason = TV_REASON_LENGTH;
        detail->number = (double)length;
        detail->limit = (double)TV_KEY_MAX_LENGTH;
        return TV_MALFORMED_KEY;
    }
    struct tv_detail before = *detail;
    enum tv_status status;
    struct tv_memory_tries tries = {0};
    do {
        *detail = before;
        ERR_set_mark();
        status = tv_key_looks_like_json(text, length) ? load_jwk(text, length, key, detail)
                                                      : load_pem(text, length, key, detail);
        ERR_pop_to_mark();
    } while (tv_key_try_again(&tries, &status));
    return status;
}
