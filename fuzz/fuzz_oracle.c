// SPDX-License-Identifier: MIT
// Forgery: of all inputs there are, only those are accepted that the keys' owners have signed.
#include "signed.h"

#include "base/base64url.h"
#include "token/verify.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

// As generous as can be, so that nothing but the signature stands in the way.
static struct tv_policy shared_secrets = {.types = {.any = true}};
static struct tv_policy public_keys = {.types = {.any = true}};

static void accept(struct tv_policy *policy, const struct tv_algorithm *algorithm) {
    MUST(policy->algorithm_count < TV_ALGORITHMS_MAX);
    policy->algorithm_names[policy->algorithm_count] = tv_span_of(algorithm->name);
    policy->algorithms[policy->algorithm_count++] = algorithm;
}

static size_t decode_signature(struct tv_span token, unsigned char signature[2048]) {
    const char *dot = memrchr(token.data, '.', token.length);
    size_t length = (size_t)(token.data + token.length - dot) - 1, decoded = 0;
    MUST(TV_BASE64URL_DECODED_SIZE(length) <= 2048);
    MUST(tv_base64url_decode(dot + 1, length, signature, &decoded) == TV_OK);
    return decoded;
}

// Whoever has an ECDSA signature (r, s) has (r, n - s) too, and the standard (FIPS 186-5 section
// 6.4.2) holds both for good. It says nothing new: the signed bytes are the same.
static bool is_mirrored(const struct tv_key *key, const unsigned char *signature,
                        const unsigned char *known, size_t length) {
    static const struct {
        const char *curve;
        int id;
    } curves[] = {
        {"P-256", NID_X9_62_prime256v1}, {"P-384", NID_secp384r1}, {"P-521", NID_secp521r1}};
    size_t i = 0, half = length / 2;
    while (strcmp(tv_key_curve(key), curves[i].curve) != 0)
        MUST(++i < sizeof curves / sizeof curves[0]);
    EC_GROUP *group = EC_GROUP_new_by_curve_name(curves[i].id);
    BIGNUM *ours = BN_bin2bn(signature + half, (int)half, NULL);
    BIGNUM *theirs = BN_bin2bn(known + half, (int)half, NULL);
    MUST(group && ours && theirs && BN_add(ours, ours, theirs));
    bool mirrored =
        memcmp(signature, known, half) == 0 && BN_cmp(ours, EC_GROUP_get0_order(group)) == 0;
    BN_free(theirs);
    BN_free(ours);
    EC_GROUP_free(group);
    return mirrored;
}

static bool was_signed_as(const struct signed_key *key, struct tv_span token,
                          struct tv_span known) {
    if (tv_span_equal(token, known))
        return true;
    if (tv_key_type(key->key) != TV_KEY_EC || token.length != known.length)
        return false;
    const char *dot = memrchr(known.data, '.', known.length);
    if (memcmp(token.data, known.data, (size_t)(dot - known.data) + 1) != 0)
        return false;
    unsigned char ours[2048], theirs[2048];
    size_t length = decode_signature(token, ours);
    return decode_signature(known, theirs) == length && is_mirrored(key->key, ours, theirs, length);
}

static bool was_signed(const struct signed_key *key, struct tv_span token) {
    const struct signed_seeds *seeds = signed_seeds();
    for (size_t i = 0; i < seeds->token_count; i++)
        if (seeds->tokens[i].key == key && was_signed_as(key, token, seeds->tokens[i].text))
            return true;
    return false;
}

// How many keys take the token for theirs.
static size_t count_acceptances(const struct tv_policy *policy, struct tv_span token,
                                struct tv_arena *arena) {
    const struct signed_seeds *seeds = signed_seeds();
    struct tv_verification verification;
    struct tv_detail detail = {0};
    arena->used = 0;
    enum tv_status status = tv_verify_begin(policy, token, arena, &verification, &detail);
    if (status != TV_OK) {
        fuzz_read_detail(status, &detail);
        return 0;
    }
    size_t accepted = 0;
    for (size_t i = 0; i < seeds->key_count; i++) {
        detail = (struct tv_detail){0};
        status = tv_verify_signature(&verification, seeds->keys[i].key, &detail);
        if (status != TV_OK) {
            fuzz_read_detail(status, &detail);
            continue;
        }
        MUST(was_signed(&seeds->keys[i], token));
        accepted++;
    }
    return accepted;
}

static size_t count_all_acceptances(struct tv_span token) {
    struct tv_arena arena = {.size = tv_jws_arena_size(token.length)};
    arena.memory = fuzz_malloc(arena.size);
    size_t accepted = count_acceptances(&shared_secrets, token, &arena) +
                      count_acceptances(&public_keys, token, &arena);
    free(arena.memory);
    MUST(ERR_peek_error() == 0); // the queue is shared with the server's TLS code
    return accepted;
}

// The oracle would be worth nothing if it refused everything.
int LLVMFuzzerInitialize(int *argument_count, char ***arguments) {
    (void)argument_count, (void)arguments;
    const struct tv_algorithm *algorithm;
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++)
        accept(tv_algorithm_is_hmac(algorithm) ? &shared_secrets : &public_keys, algorithm);
    const struct signed_seeds *seeds = signed_seeds();
    for (size_t i = 0; i < seeds->token_count; i++)
        MUST(count_all_acceptances(seeds->tokens[i].text) > 0);
    for (size_t i = 0; i < seeds->forged_count; i++)
        MUST(count_all_acceptances(seeds->forged[i].text) == 0);
    // What everybody knows is no secret to sign with.
    for (size_t i = 0; i < seeds->key_count; i++) {
        const struct signed_key *known = &seeds->keys[i];
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        MUST(known->is_secret ||
             tv_key_from_secret(known->text, known->length, &key, &detail) == TV_WEAK_SECRET);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    count_all_acceptances((struct tv_span){(const char *)data, size});
    return 0;
}
