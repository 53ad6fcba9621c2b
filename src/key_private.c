// SPDX-License-Identifier: MIT
// Private keys, for signing: PEM and JWK.
#include "key_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

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
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, "JWK", &arena, &jwk, detail);
    if (status == TV_OK)
        status = tv_key_load_jwk_object(jwk, TV_RSA_MIN_BITS, &makers, &made, detail);
    tv_key_makers_clear(&makers);
    if (status == TV_OK)
        status = tv_key_was_private(made) ? tv_key_jwk_pair(jwk, &made->pair, detail)
                                          : fail(detail, "the JWK of a public key");
    detail->found = (struct tv_span){0}; // it stood in the arena
    tv_key_wipe(&arena);
    if (status == TV_OK)
        *key = made;
    else
        tv_key_free(made);
    return status;
}

// Without it OpenSSL asks on the terminal; that it asks says that the key is encrypted.
// NOLINTNEXTLINE(readability-non-const-parameter): the type is OpenSSL's
static int no_passphrase(char *buffer, int size, int writing, void *asked) {
    (void)buffer, (void)size, (void)writing;
    *(bool *)asked = true;
    return -1;
}

static enum tv_status load_pem(const char *text, size_t length, struct tv_key **key,
                               struct tv_detail *detail) {
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    if (!bio)
        return TV_NO_MEMORY;
    bool asked = false;
    EVP_PKEY *pair = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
    BIO_free(bio);
    if (!pair)
        return fail(detail, asked ? "encrypted" : "something else");
    EVP_PKEY *public_key = tv_key_public_half(pair);
    enum tv_status status = public_key
                                ? tv_key_wrap(public_key, false, TV_RSA_MIN_BITS, key, detail)
                                : TV_CRYPTO_FAILURE; // takes it
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
        detail->text = "key text";
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
