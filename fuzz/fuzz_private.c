// SPDX-License-Identifier: MIT
// Private keys: what loads makes signatures that its public half holds for good.
#include "fuzz.h"

#include "keys/key.h"
#include "keys/signature.h"

#include <openssl/err.h>

#define SIGNING_MAX_BITS 3072 // a longer RSA key takes its time, and its path is no other

static const struct tv_span text = {"header.payload", 14};

static void check_signing(const struct tv_key *key, const struct tv_key *public_key,
                          const struct tv_algorithm *algorithm) {
    unsigned char *signature = fuzz_malloc(TV_SIGNATURE_MAX_SIZE);
    size_t length = 0;
    struct tv_detail detail = {0};
    enum tv_status status = tv_signature_make(algorithm, key, text, signature, &length, &detail);
    if (status == TV_OK)
        MUST(tv_signature_verify(algorithm, public_key, text, signature, length, &detail) == TV_OK);
    else
        MUST(status == TV_MALFORMED_KEY); // numbers that do not belong together
    free(signature);
}

// The public half alone, as PEM has it.
static struct tv_key *public_half(const struct tv_key *key) {
    char *pem = NULL;
    size_t length = 0;
    MUST(tv_key_pem(key, &pem, &length) == TV_OK);
    MUST(!memmem(pem, length, "PRIVATE KEY", 11)); // base64 has no blank
    struct tv_key *loaded = NULL;
    struct tv_detail detail = {0};
    MUST(tv_key_load(pem, length, &loaded, &detail) == TV_OK);
    free(pem);
    return loaded;
}

static void check_private(const struct tv_key *key) {
    MUST(tv_key_pair(key) && tv_key_type(key) != TV_KEY_SECRET);
    if (tv_key_bits(key) > SIGNING_MAX_BITS)
        return;
    struct tv_key *public_key = public_half(key);
    const struct tv_algorithm *algorithm;
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++) {
        struct tv_detail detail = {0};
        if (tv_key_check_signing(key, algorithm, &detail) != TV_OK)
            continue;
        MUST(!tv_algorithm_is_hmac(algorithm));
        check_signing(key, public_key, algorithm);
    }
    tv_key_free(public_key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    enum tv_status status = tv_key_load_private((const char *)data, size, &key, &detail);
    MUST((status == TV_OK) == (key != NULL));
    if (status == TV_OK)
        check_private(key);
    else
        fuzz_read_detail(status, &detail);
    tv_key_free(key);
    MUST(ERR_peek_error() == 0); // the queue is shared with the server's TLS code
    return 0;
}
