// SPDX-License-Identifier: MIT
// Shared secrets: the bytes themselves or a JWK's k, and never what everybody knows.
#include "fuzz.h"

#include "base/base64url.h"
#include "keys/key.h"

#include <openssl/err.h>

static bool has(struct tv_span text, struct tv_span part) {
    return memmem(text.data, text.length, part.data, part.length) != NULL;
}

// The secret is what came, or what the text spells in base64url.
static void check_origin(struct tv_span text, struct tv_span secret) {
    if (tv_span_equal(text, secret))
        return;
    size_t blank = 0;
    while (blank < text.length && strchr(" \t\n\v\f\r", text.data[blank]) && text.data[blank])
        blank++;
    MUST(blank < text.length && text.data[blank] == '{');
    struct tv_span spelled = {fuzz_malloc(TV_BASE64URL_ENCODED_LENGTH(secret.length)),
                              TV_BASE64URL_ENCODED_LENGTH(secret.length)};
    tv_base64url_encode((const unsigned char *)secret.data, secret.length, (char *)spelled.data);
    MUST(has(text, spelled) || has(text, TV_SPAN("\\"))); // JSON may spell it with escapes
    free((char *)spelled.data);
}

static void check_secret(struct tv_span text, const struct tv_key *key) {
    struct tv_span secret = tv_key_secret(key);
    MUST(tv_key_type(key) == TV_KEY_SECRET && !tv_key_public(key) && !tv_key_curve(key));
    MUST(secret.length > 0 && secret.length <= TV_KEY_MAX_LENGTH);
    MUST(tv_key_bits(key) == (int)secret.length * 8);
    MUST(!has(secret, TV_SPAN("-----BEGIN PUBLIC KEY-----")));
    MUST(!has(secret, TV_SPAN("-----BEGIN CERTIFICATE-----")));
    check_origin(text, secret);
    struct tv_detail detail = {0};
    const struct tv_algorithm *algorithm;
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++)
        MUST(tv_algorithm_is_hmac(algorithm) ||
             tv_key_check_algorithm(key, algorithm, &detail) == TV_KEY_ALGORITHM_MISMATCH);
    char *form = NULL;
    size_t length;
    MUST(tv_key_pem(key, &form, &length) == TV_UNSUPPORTED_KEY && !form);
    MUST(tv_key_jwk(key, &form, &length) == TV_UNSUPPORTED_KEY && !form);
    MUST(tv_key_thumbprint(key, &form, &length) == TV_UNSUPPORTED_KEY && !form);
}

// RFC 8725 section 2.1: in whichever form, everybody has it.
static void check_not_public(struct tv_span text) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    if (tv_key_load(text.data, text.length, &key, &detail) == TV_OK)
        MUST(tv_key_was_private(key));
    tv_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_span text = {(const char *)data, size};
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    enum tv_status status = tv_key_from_secret(text.data, text.length, &key, &detail);
    MUST((status == TV_OK) == (key != NULL));
    if (status == TV_OK) {
        check_secret(text, key);
        check_not_public(text);
    } else {
        fuzz_read_detail(status, &detail);
    }
    tv_key_free(key);
    MUST(ERR_peek_error() == 0); // the queue is shared with the server's TLS code
    return 0;
}
