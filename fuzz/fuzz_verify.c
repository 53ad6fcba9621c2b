// SPDX-License-Identifier: MIT
// The straight line from token to claims. The input is verified as it came, then signed, so that
// what lies behind the signature is reached, and then damaged.
#include "fuzz.h"
#include "signed.h"

#include "base/base64url.h"
#include "token/verify.h"

#include <openssl/err.h>

static const struct tv_span secret = {"a secret that only this target knows", 36};
static struct tv_key *key;

static const struct tv_span types[] = {{"JWT", 3}, {"at+jwt", 6}};
static const struct tv_span issuers[] = {{"joe", 3}, {"https://issuer.example.com", 26}};
static const struct tv_span audiences[] = {{"jitsi", 5}, {"a", 1}};
static struct tv_policy policy = {
    .types = {.values = types, .count = 2},
    .claims = {.issuers = {.values = issuers, .count = 2, .configured = true},
               .audiences = {.values = audiences, .count = 2, .configured = true},
               .leeway_s = 5},
};
static const struct tv_claims_request request = {
    .now_s = 1700000000, .room = {"hall", 4}, .has_room = true};

static bool mac_holds(const struct tv_verification *verification) {
    const struct tv_jws *jws = &verification->jws;
    unsigned char mac[64];
    size_t length = signed_hmac(verification->algorithm->name, secret, jws->signing_input, mac);
    return jws->signature_length == length && memcmp(jws->signature, mac, length) == 0;
}

static void check_claims(struct tv_verification *verification, struct tv_arena *arena) {
    struct tv_detail detail = {0};
    yyjson_val *claims = NULL, *again = NULL;
    enum tv_status status = tv_verify_claims(verification, &request, arena, &claims, &detail);
    MUST((status == TV_OK) == (claims != NULL));
    if (status != TV_OK) {
        fuzz_read_detail(status, &detail);
        return;
    }
    fuzz_check_tree(claims, 1);
    // Another source's issuers may be asked about: the payload is not parsed a second time.
    MUST(tv_verify_claims(verification, &request, arena, &again, &detail) == TV_OK);
    MUST(claims == again);
}

// Returns whether the signature held; `algorithm` is what the policy chose, or NULL.
static bool verify(struct tv_span token, const struct tv_algorithm **algorithm) {
    struct tv_arena arena = {.size = tv_jws_arena_size(token.length)};
    arena.memory = fuzz_malloc(arena.size);
    struct tv_verification verification;
    struct tv_detail detail = {0};
    *algorithm = NULL;
    bool held = false;
    enum tv_status status = tv_verify_begin(&policy, token, &arena, &verification, &detail);
    if (status == TV_OK) {
        *algorithm = verification.algorithm;
        status = tv_verify_signature(&verification, key, &detail);
        held = status == TV_OK;
        MUST(held == mac_holds(&verification) && (held || status == TV_BAD_SIGNATURE));
    }
    if (held)
        check_claims(&verification, &arena);
    else
        fuzz_read_detail(status, &detail);
    free(arena.memory);
    return held;
}

// The token with a good signature in the place of what it had for one.
static struct tv_span sign(struct tv_span token, const struct tv_algorithm *algorithm) {
    const char *dot = memrchr(token.data, '.', token.length);
    struct tv_span input = {token.data, (size_t)(dot - token.data)};
    unsigned char mac[64];
    size_t length = signed_hmac(algorithm->name, secret, input, mac);
    size_t total = input.length + 1 + TV_BASE64URL_ENCODED_LENGTH(length);
    char *text = fuzz_malloc(total);
    memcpy(text, token.data, input.length + 1);
    tv_base64url_encode(mac, length, text + input.length + 1);
    return (struct tv_span){text, total};
}

int LLVMFuzzerInitialize(int *argument_count, char ***arguments) {
    (void)argument_count, (void)arguments;
    const struct tv_algorithm *algorithm;
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++) {
        if (!tv_algorithm_is_hmac(algorithm))
            continue;
        policy.algorithm_names[policy.algorithm_count] = tv_span_of(algorithm->name);
        policy.algorithms[policy.algorithm_count++] = algorithm;
    }
    struct tv_detail detail = {0};
    MUST(tv_key_from_secret(secret.data, secret.length, &key, &detail) == TV_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_span token = {(const char *)data, size};
    const struct tv_algorithm *algorithm;
    verify(token, &algorithm);
    if (algorithm) {
        struct tv_span good = sign(token, algorithm);
        const struct tv_algorithm *same;
        MUST(verify(good, &same) || good.length > TV_JWS_MAX_LENGTH);
        // Any one bit less, in any of the parts; which one the input itself decides.
        size_t at = (size_t)good.data[good.length - 1] * good.length / 256;
        ((char *)good.data)[at] ^= 1;
        MUST(!verify(good, &same));
        free((char *)good.data);
    }
    MUST(ERR_peek_error() == 0); // the queue is shared with the server's TLS code
    return 0;
}
