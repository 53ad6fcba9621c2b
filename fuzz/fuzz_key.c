// SPDX-License-Identifier: MIT
// Public keys from PEM, DER and JWK: what loads is a good key, and survives every form it has.
#include "fuzz.h"

#include "keys/key.h"

#include <openssl/err.h>

struct text {
    char *bytes;
    size_t length;
};

static struct text written(enum tv_status (*write)(const struct tv_key *, char **, size_t *),
                           const struct tv_key *key) {
    struct text text = {0};
    MUST(write(key, &text.bytes, &text.length) == TV_OK);
    MUST(text.bytes && text.length > 0);
    return text;
}

static void check_same(struct text text, const struct tv_key *key, struct text thumbprint) {
    struct tv_span copy = fuzz_copy(text.bytes, text.length);
    struct tv_detail detail = {0};
    struct tv_key *again = NULL;
    MUST(tv_key_load(copy.data, copy.length, &again, &detail) == TV_OK);
    MUST(EVP_PKEY_eq(tv_key_public(key), tv_key_public(again)) == 1);
    MUST(tv_key_type(again) == tv_key_type(key) && tv_key_bits(again) == tv_key_bits(key));
    MUST(tv_key_curve(again) == tv_key_curve(key) && !tv_key_was_private(again));
    struct text other = written(tv_key_thumbprint, again);
    MUST(other.length == thumbprint.length &&
         memcmp(other.bytes, thumbprint.bytes, other.length) == 0);
    free(other.bytes);
    tv_key_free(again);
    free((char *)copy.data);
}

static void check_key(const struct tv_key *key) {
    MUST(tv_key_public(key) && tv_key_secret(key).length == 0);
    switch (tv_key_type(key)) {
    case TV_KEY_RSA:
        MUST(tv_key_bits(key) >= TV_RSA_MIN_BITS && tv_key_bits(key) <= TV_RSA_MAX_BITS);
        MUST(!tv_key_curve(key));
        break;
    case TV_KEY_EC:
    case TV_KEY_OKP:
        MUST(tv_key_curve(key));
        break;
    case TV_KEY_SECRET:
        MUST(tv_key_type(key) != TV_KEY_SECRET);
    }
    struct tv_detail detail = {0};
    const struct tv_algorithm *algorithm;
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++)
        MUST(!tv_algorithm_is_hmac(algorithm) ||
             tv_key_check_algorithm(key, algorithm, &detail) == TV_KEY_ALGORITHM_MISMATCH);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    enum tv_status status = tv_key_load((const char *)data, size, &key, &detail);
    MUST((status == TV_OK) == (key != NULL));
    if (status != TV_OK) {
        fuzz_read_detail(status, &detail);
    } else {
        check_key(key);
        struct text thumbprint = written(tv_key_thumbprint, key);
        struct text pem = written(tv_key_pem, key), jwk = written(tv_key_jwk, key);
        check_same(pem, key, thumbprint);
        check_same(jwk, key, thumbprint);
        free(jwk.bytes);
        free(pem.bytes);
        free(thumbprint.bytes);
        tv_key_free(key);
    }
    MUST(ERR_peek_error() == 0); // the queue is shared with the server's TLS code
    return 0;
}
