// SPDX-License-Identifier: MIT
// What is signed holds, with its own algorithm and key alone; and what signs must be a whole pair.
#include "check.h"
#include "tokens.h"

#include "keys/signature.h"
#include "token/jws.h"
#include "token/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#define INPUT TV_SPAN("the signed bytes")

static struct pair {
    const char *name;
    const char *algorithms; // " " in front of each and behind the last
    struct tv_key *key;
    EVP_PKEY *openssl;
} pairs[] = {
    {"RSA", " RS256 RS384 RS512 PS256 PS384 PS512 ", NULL, NULL},
    {"P-256", " ES256 ", NULL, NULL},
    {"P-384", " ES384 ", NULL, NULL},
    {"P-521", " ES512 ", NULL, NULL},
    {"ED25519", " EdDSA Ed25519 ", NULL, NULL},
    {"ED448", " EdDSA Ed448 ", NULL, NULL},
    {"secret", " HS256 HS384 HS512 ", NULL, NULL},
};

#define PAIR_COUNT (sizeof pairs / sizeof pairs[0])

static const struct tv_algorithm *algorithm(const char *name) {
    return tv_algorithm_find(tv_span_of(name));
}

static bool is_for(const struct pair *pair, const char *name) {
    char searched[16];
    snprintf(searched, sizeof searched, " %s ", name);
    return strstr(pair->algorithms, searched);
}

static char *private_pem(EVP_PKEY *key, size_t *length) {
    char *bytes;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        check_abort("a private key cannot be written");
    long size = BIO_get_mem_data(bio, &bytes);
    char *copy = check_malloc((size_t)size);
    memcpy(copy, bytes, (size_t)size);
    *length = (size_t)size;
    BIO_free(bio);
    return copy;
}

static void make_pairs(void) {
    for (size_t i = 0; i < PAIR_COUNT; i++) {
        struct pair *pair = &pairs[i];
        struct tv_detail detail = {0};
        if (strcmp(pair->name, "secret") == 0) {
            CHECK_STATUS(TV_OK, tv_key_from_secret("secret", 6, &pair->key, &detail), pair->name);
            continue;
        }
        pair->openssl = strcmp(pair->name, "RSA") == 0 // which takes long to make
                            ? token_private_key("test/vectors/keys/rsa.private.pem")
                            : pair->name[0] == 'P' ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", pair->name)
                                                   : EVP_PKEY_Q_keygen(NULL, NULL, pair->name);
        size_t length;
        char *pem = private_pem(pair->openssl, &length);
        struct tv_span text = guard_copy(GUARD_KEY, pem, length);
        CHECK_STATUS(TV_OK, tv_key_load_private(text.data, text.length, &pair->key, &detail),
                     pair->name);
        CHECK(tv_key_pair(pair->key) && tv_key_was_private(pair->key), pair->name);
        free(pem);
    }
}

static enum tv_status verify(const char *name, const struct tv_key *key, struct tv_span input,
                             const unsigned char *signature, size_t length) {
    struct tv_span copy = guard_copy(GUARD_OUTPUT, signature, length);
    struct tv_detail detail = {0};
    return tv_signature_verify(algorithm(name), key, input, (const unsigned char *)copy.data,
                               copy.length, &detail);
}

static enum tv_status make(const char *name, const struct tv_key *key, unsigned char *signature,
                           size_t *length, struct tv_detail *detail) {
    *detail = (struct tv_detail){0};
    return tv_signature_make(algorithm(name), key, INPUT, signature, length, detail);
}

// One signature against every algorithm and key, and against itself with each of its bits turned.
static void check_signature(const struct pair *pair, const char *name, unsigned char *signature,
                            size_t length) {
    for (size_t i = 0; tv_algorithm_at(i); i++) {
        const char *checking = tv_algorithm_at(i)->name;
        bool same = strcmp(checking, name) == 0 ||
                    (strstr(" EdDSA Ed25519 Ed448 ", checking) && strncmp(name, "Ed", 2) == 0);
        for (size_t k = 0; k < PAIR_COUNT; k++) {
            bool fits = is_for(&pairs[k], checking);
            CHECK_STATUS(!fits                       ? TV_KEY_ALGORITHM_MISMATCH
                         : same && &pairs[k] == pair ? TV_OK
                                                     : TV_BAD_SIGNATURE,
                         verify(checking, pairs[k].key, INPUT, signature, length), name);
        }
    }
    CHECK_STATUS(TV_BAD_SIGNATURE,
                 verify(name, pair->key, TV_SPAN("other bytes"), signature, length), name);
    size_t accepted = 0;
    for (size_t bit = 0; bit < 8 * length; bit += 7) {
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
        accepted += verify(name, pair->key, INPUT, signature, length) != TV_BAD_SIGNATURE;
        signature[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    CHECK_NUMBER(0, accepted, name);
    const size_t lengths[] = {0, 1, length / 2, length - 1, length + 1, 2 * length};
    unsigned char longer[2 * TV_SIGNATURE_MAX_SIZE] = {0};
    memcpy(longer, signature, length);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        CHECK_STATUS(TV_BAD_SIGNATURE, verify(name, pair->key, INPUT, longer, lengths[i]), name);
    memmove(longer + 1, longer, length);
    longer[0] = 0;
    CHECK_STATUS(TV_BAD_SIGNATURE, verify(name, pair->key, INPUT, longer, length + 1), name);
}

static void test_make(void) {
    for (size_t k = 0; k < PAIR_COUNT; k++) {
        for (size_t i = 0; tv_algorithm_at(i); i++) {
            const char *name = tv_algorithm_at(i)->name;
            unsigned char signature[TV_SIGNATURE_MAX_SIZE];
            size_t length = 0;
            struct tv_detail detail;
            enum tv_status status = make(name, pairs[k].key, signature, &length, &detail);
            if (!is_for(&pairs[k], name)) {
                CHECK_STATUS(TV_KEY_ALGORITHM_MISMATCH, status, name);
                continue;
            }
            CHECK_STATUS(TV_OK, status, name);
            check_signature(&pairs[k], name, signature, length);
        }
    }
}

// Only a whole pair signs.
static void test_halves(void) {
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t length, size;
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    char *pem = check_read_file("test/vectors/keys/rsa.pem", &size);
    CHECK_STATUS(TV_OK, tv_key_load(pem, size, &key, &detail), "a public key");
    CHECK_STATUS(TV_MALFORMED_KEY, make("RS256", key, signature, &length, &detail), "a public key");
    CHECK(detail.reason == TV_REASON_NOT_PRIVATE, "a public key");
    tv_key_free(key);
    key = NULL;
    detail = (struct tv_detail){0};
    CHECK_STATUS(TV_MALFORMED_KEY, tv_key_load_private(pem, size, &key, &detail), "a public key");
    CHECK(!key && detail.reason == TV_REASON_NOT_PRIVATE, "a public key");
    free(pem);
}

// When OpenSSL cannot sign: nothing of a signature is left, and its error queue, which the server's
// TLS code reads too, is as it was.
static void test_failures(void) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    EVP_set_default_properties(NULL, "provider=none");
    for (size_t k = 0; k < PAIR_COUNT; k++) {
        for (size_t i = 0; tv_algorithm_at(i); i++) {
            const char *name = tv_algorithm_at(i)->name;
            if (!is_for(&pairs[k], name))
                continue;
            unsigned char signature[TV_SIGNATURE_MAX_SIZE], none[TV_SIGNATURE_MAX_SIZE] = {0};
            size_t length = 0;
            struct tv_detail detail;
            memset(signature, 0xaa, sizeof signature);
            CHECK_STATUS(TV_CRYPTO_FAILURE, make(name, pairs[k].key, signature, &length, &detail),
                         name);
            CHECK(memcmp(signature, none, sizeof none) == 0, name);
            CHECK(ERR_peek_last_error() == before, name);
        }
    }
    EVP_set_default_properties(NULL, "");
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
}

// Whole tokens of HS256, whose signature takes 43 characters: up to the longest that is verified.

#define HEADER TV_SPAN("{\"alg\":\"HS256\"}") // 20 characters

static const struct {
    size_t payload;
    enum tv_status status;
    double number;
} tokens[] = {
    {0, TV_OK, 0},
    {1, TV_OK, 0},
    {12239, TV_OK, 0}, // 20 + 1 + 16319 + 1 + 43
    {12240, TV_TOKEN_TOO_LARGE, 16385},
    {12271, TV_TOKEN_TOO_LARGE, 16427}, // a signing input of 16383: no room for more than its dot
    {12272, TV_TOKEN_TOO_LARGE, 16385}, // one of 16384, and no room for that
    {14000, TV_TOKEN_TOO_LARGE, 18689},
};

static void test_tokens(void) {
    static char payload[16384];
    const struct tv_key *secret = pairs[PAIR_COUNT - 1].key;
    memset(payload, 'x', sizeof payload);
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        char name[32], *token = guard_take(GUARD_TOKEN, 16384);
        size_t length = 77;
        struct tv_detail detail = {0};
        snprintf(name, sizeof name, "%zu bytes", tokens[i].payload);
        CHECK_STATUS(tokens[i].status,
                     tv_sign(algorithm("HS256"), secret, HEADER,
                             (struct tv_span){payload, tokens[i].payload}, token, &length, &detail),
                     name);
        bool good = tokens[i].status == TV_OK;
        CHECK_NUMBER(good ? TV_REASON_NONE : TV_REASON_LENGTH, detail.reason, name);
        CHECK_NUMBER(tokens[i].number, detail.number, name);
        CHECK_NUMBER(good ? 0 : 16384, detail.limit, name);
        if (!good) {
            CHECK_NUMBER(77, length, name);
            continue;
        }
        struct tv_arena arena = {.size = tv_jws_arena_size(length)};
        arena.memory = check_malloc(arena.size);
        struct tv_jws jws = {0};
        CHECK_STATUS(TV_OK, tv_jws_parse((struct tv_span){token, length}, &arena, &jws, &detail),
                     name);
        CHECK_SPAN("HS256", jws.algorithm, name);
        CHECK_NUMBER(tokens[i].payload, jws.payload_length, name);
        CHECK(memcmp(jws.payload, payload, jws.payload_length) == 0, name);
        CHECK_STATUS(TV_OK,
                     tv_signature_verify(algorithm("HS256"), secret, jws.signing_input,
                                         jws.signature, jws.signature_length, &detail),
                     name);
        free(arena.memory);
    }
    char token[16384];
    size_t length = 77;
    struct tv_detail detail = {0};
    CHECK_STATUS(
        TV_KEY_ALGORITHM_MISMATCH,
        tv_sign(algorithm("HS256"), pairs[0].key, HEADER, TV_SPAN("{}"), token, &length, &detail),
        "another key");
    CHECK_NUMBER(77, length, "another key");
    CHECK_NUMBER(2048, TV_SIGNATURE_MAX_SIZE, "that of the largest RSA key");
}

// What a header or payload of so many bytes is refused for before it is encoded.
static const struct {
    size_t length;
    enum tv_status status;
    double number;
} text_lengths[] = {
    {0, TV_OK, 0},
    {12287, TV_OK, 0}, // 16383 characters
    {12288, TV_TOKEN_TOO_LARGE, 16385},
    {16384, TV_TOKEN_TOO_LARGE, 21847},
    {16385, TV_TOKEN_TOO_LARGE, 16385}, // not encoded any more
    {SIZE_MAX, TV_TOKEN_TOO_LARGE, (double)SIZE_MAX},
};

static void test_text_lengths(void) {
    for (size_t i = 0; i < sizeof text_lengths / sizeof text_lengths[0]; i++) {
        struct tv_detail detail = {0};
        char name[32];
        snprintf(name, sizeof name, "%zu bytes", text_lengths[i].length);
        CHECK_STATUS(text_lengths[i].status, tv_sign_check_length(text_lengths[i].length, &detail),
                     name);
        CHECK_NUMBER(text_lengths[i].number, detail.number, name);
    }
}

// JWKs

static const char ed25519_jwk[] = // RFC 8037 appendix A.1
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"%s}";

static const struct {
    const char *name, *members;
    enum tv_status load, sign;
} limits[] = {
    {"no limits", "", TV_OK, TV_OK},
    {"alg", ",\"alg\":\"EdDSA\"", TV_OK, TV_OK},
    {"the curve as alg", ",\"alg\":\"Ed25519\"", TV_OK, TV_OK},
    {"another curve as alg", ",\"alg\":\"Ed448\"", TV_OK, TV_KEY_ALGORITHM_MISMATCH},
    {"another alg", ",\"alg\":\"ES256\"", TV_OK, TV_KEY_ALGORITHM_MISMATCH},
    {"unknown alg", ",\"alg\":\"ES256K\"", TV_OK, TV_KEY_ALGORITHM_MISMATCH},
    {"use sig", ",\"use\":\"sig\"", TV_OK, TV_OK},
    {"use enc", ",\"use\":\"enc\"", TV_OK, TV_KEY_ALGORITHM_MISMATCH},
    {"key_ops sign", ",\"key_ops\":[\"sign\"]", TV_OK, TV_OK},
    {"key_ops both", ",\"key_ops\":[\"verify\",\"sign\"]", TV_OK, TV_OK},
    {"key_ops verify", ",\"key_ops\":[\"verify\"]", TV_OK, TV_KEY_ALGORITHM_MISMATCH},
    {"no operation in key_ops", ",\"key_ops\":[]", TV_OK, TV_OK},
    {"d twice", ",\"d\":\"\"", TV_MALFORMED_KEY, TV_OK},
};

static void test_jwks(void) {
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t length;
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char jwk[512];
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        snprintf(jwk, sizeof jwk, ed25519_jwk, limits[i].members);
        struct tv_span text = guard_copy(GUARD_KEY, jwk, strlen(jwk));
        CHECK_STATUS(limits[i].load, tv_key_load_private(text.data, text.length, &key, &detail),
                     limits[i].name);
        if (key)
            CHECK_STATUS(limits[i].sign, make("EdDSA", key, signature, &length, &detail),
                         limits[i].name);
        tv_key_free(key);
    }
    // RFC 8037 appendix A.4.
    struct tv_span input = TV_SPAN("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    char jwk[512];
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    snprintf(jwk, sizeof jwk, ed25519_jwk, "");
    CHECK_STATUS(TV_OK, tv_key_load_private(jwk, strlen(jwk), &key, &detail), "RFC 8037");
    CHECK_STATUS(TV_OK,
                 tv_signature_make(algorithm("EdDSA"), key, input, signature, &length, &detail),
                 "RFC 8037");
    static const unsigned char expected[] = {0x86, 0x0c, 0x98, 0xd2, 0x29, 0x7f, 0x30, 0x60};
    CHECK(length == 64 && memcmp(signature, expected, sizeof expected) == 0, "RFC 8037");
    tv_key_free(key);

    // The public half of another pair.
    static const char mixed[] = "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                                "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2E\","
                                "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";
    key = NULL;
    CHECK_STATUS(TV_OK, tv_key_load_private(mixed, sizeof mixed - 1, &key, &detail), "mixed");
    CHECK_STATUS(TV_MALFORMED_KEY, make("EdDSA", key, signature, &length, &detail), "mixed");
    CHECK(detail.reason == TV_REASON_NOT_A_PAIR, "mixed");
    tv_key_free(key);
}

// OpenSSL refuses to sign with it, and said no more than that.
static void test_number_out_of_range(void) {
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t size, length;
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    char *jwk = check_read_file("fuzz/finds/private/number-out-of-range.json", &size);
    CHECK_STATUS(TV_OK, tv_key_load_private(jwk, size, &key, &detail), "out of range");
    CHECK_STATUS(TV_MALFORMED_KEY, make("RS256", key, signature, &length, &detail), "out of range");
    CHECK(detail.reason == TV_REASON_NOT_A_PAIR, "out of range");
    tv_key_free(key);
    free(jwk);
}

int main(void) {
    make_pairs();
    test_make();
    test_halves();
    test_jwks();
    test_number_out_of_range();
    test_failures();
    test_tokens();
    test_text_lengths();
    for (size_t i = 0; i < PAIR_COUNT; i++) {
        tv_key_free(pairs[i].key);
        EVP_PKEY_free(pairs[i].openssl);
    }
    return check_report("test_sign");
}
