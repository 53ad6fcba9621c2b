// SPDX-License-Identifier: MIT
// What a key keeps from one check to the next: it checks the next signature by itself, whatever
// came before, and fetches nothing again.
#include "check.h"
#include "tokens.h"

#include "keys/signature.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <pthread.h>
#include <sys/mman.h>

#define INPUT TV_SPAN("the signed bytes")
#define OTHER_INPUT TV_SPAN("the signed Bytes")
#define SECRET "a secret that nobody else has got"

// OpenSSL's memory, looked into when it is freed.

static long freed_with_secret;

static void *memory_get(size_t size, const char *file, int line) {
    (void)file, (void)line;
    return size > 0 ? malloc(size) : NULL;
}

static void memory_free(void *memory, const char *file, int line) {
    (void)file, (void)line;
    if (memory && memmem(memory, malloc_usable_size(memory), SECRET, 16))
        freed_with_secret++;
    free(memory);
}

static void *memory_resize(void *memory, size_t size, const char *file, int line) {
    if (size == 0) {
        memory_free(memory, file, line);
        return NULL;
    }
    return realloc(memory, size);
}

// Key pairs, and what they sign.

static struct pair {
    const char *name, *type, *curve;
    const char *algorithms[8];
    struct tv_key *key; // with the private half
} pairs[] = {
    {"a secret", NULL, NULL, {"HS256", "HS512", "HS384"}, NULL},
    {"RSA", "RSA", NULL, {"RS256", "PS384", "RS384", "PS256", "RS512", "PS512"}, NULL},
    {"P-256", "EC", "P-256", {"ES256"}, NULL},
    {"P-384", "EC", "P-384", {"ES384"}, NULL},
    {"P-521", "EC", "P-521", {"ES512"}, NULL},
    {"Ed25519", "ED25519", NULL, {"EdDSA", "Ed25519"}, NULL},
    {"Ed448", "ED448", NULL, {"EdDSA", "Ed448"}, NULL},
};

#define PAIRS (sizeof pairs / sizeof pairs[0])
#define ALGORITHMS 8

struct made {
    const struct tv_algorithm *algorithm;
    unsigned char bytes[TV_SIGNATURE_MAX_SIZE];
    size_t length;
};

static EVP_PKEY *generate(const struct pair *pair) {
    return pair->curve ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", pair->curve)
           : strcmp(pair->type, "RSA") == 0 // which takes long to make
               ? token_private_key("test/vectors/keys/rsa.private.pem")
               : EVP_PKEY_Q_keygen(NULL, NULL, pair->type);
}

static void make_key(struct pair *pair) {
    struct tv_detail detail = {0};
    if (!pair->type) {
        CHECK_STATUS(TV_OK, tv_key_from_secret(SECRET, strlen(SECRET), &pair->key, &detail),
                     pair->name);
        return;
    }
    EVP_PKEY *generated = generate(pair);
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    if (!generated || !bio || !PEM_write_bio_PrivateKey(bio, generated, NULL, NULL, 0, NULL, NULL))
        check_abort("no key of %s", pair->name);
    size_t length = (size_t)BIO_get_mem_data(bio, &pem);
    CHECK_STATUS(TV_OK, tv_key_load_private(pem, length, &pair->key, &detail), pair->name);
    BIO_free(bio);
    EVP_PKEY_free(generated);
}

static size_t sign_all(const struct pair *pair, struct made made[ALGORITHMS]) {
    size_t count = 0;
    for (; pair->algorithms[count]; count++) {
        struct tv_detail detail = {0};
        made[count].algorithm = tv_algorithm_find(tv_span_of(pair->algorithms[count]));
        CHECK_STATUS(TV_OK,
                     tv_signature_make(made[count].algorithm, pair->key, INPUT, made[count].bytes,
                                       &made[count].length, &detail),
                     pair->algorithms[count]);
    }
    return count;
}

static enum tv_status check(const struct pair *pair, const struct made *made,
                            struct tv_span input) {
    struct tv_detail detail = {0};
    return tv_signature_verify(made->algorithm, pair->key, input, made->bytes, made->length,
                               &detail);
}

// Right, wrong, right again; and so with all algorithms of the key in turn, in both directions.
static void test_turns(const struct pair *pair, struct made *made, size_t count) {
    for (size_t turn = 0; turn < 4 * count; turn++) {
        size_t at = turn < 2 * count ? turn % count : count - 1 - turn % count;
        const char *name = made[at].algorithm->name;
        CHECK_STATUS(TV_OK, check(pair, &made[at], INPUT), name);
        CHECK_STATUS(TV_BAD_SIGNATURE, check(pair, &made[at], OTHER_INPUT), name);
        CHECK_STATUS(TV_OK, check(pair, &made[at], INPUT), name);
        unsigned char *bytes = made[at].bytes;
        for (size_t byte = 0; byte < made[at].length; byte += made[at].length / 4) {
            bytes[byte] ^= 0x10;
            CHECK_STATUS(TV_BAD_SIGNATURE, check(pair, &made[at], INPUT), name);
            bytes[byte] ^= 0x10;
            CHECK_STATUS(TV_OK, check(pair, &made[at], INPUT), name);
        }
        // A signature of another algorithm with the same key.
        struct made other = made[(at + 1) % count];
        bool same = other.algorithm->family == TV_FAMILY_EDDSA || count == 1;
        other.algorithm = made[at].algorithm;
        CHECK_STATUS(same ? TV_OK : TV_BAD_SIGNATURE, check(pair, &other, INPUT), name);
    }
}

// One key in two places keeps one set of contexts; two keys of the same numbers keep their own.
static void test_references(const struct pair *pair, const struct made *made) {
    struct tv_key *same = tv_key_retain(pair->key);
    CHECK(tv_key_prepared(same) == tv_key_prepared(pair->key), pair->name);
    tv_key_free(same);
    CHECK_STATUS(TV_OK, check(pair, made, INPUT), pair->name);
    if (!pair->type)
        return;
    char *pem;
    size_t length;
    struct tv_detail detail = {0};
    struct pair copy = *pair;
    CHECK_STATUS(TV_OK, tv_key_pem(pair->key, &pem, &length), pair->name);
    CHECK_STATUS(TV_OK, tv_key_load(pem, length, &copy.key, &detail), pair->name);
    free(pem);
    CHECK(*tv_key_prepared(copy.key) == NULL, pair->name);
    CHECK_STATUS(TV_OK, check(&copy, made, INPUT), pair->name);
    CHECK(*tv_key_prepared(copy.key) != *tv_key_prepared(pair->key), pair->name);
    tv_key_free(copy.key);
    CHECK_STATUS(TV_OK, check(pair, made, INPUT), pair->name);
}

// With nothing left to fetch from: what was fetched for the first check serves the later ones.
// (OpenSSL's Ed25519 and Ed448 fetch their hash by themselves.)
static void test_nothing_fetched(const struct pair *pair, const struct made *made, size_t count) {
    EVP_set_default_properties(NULL, "provider=none");
    for (size_t i = 0; i < count; i++) {
        if (made[i].algorithm->family == TV_FAMILY_EDDSA)
            continue;
        CHECK_STATUS(TV_OK, check(pair, &made[i], INPUT), made[i].algorithm->name);
        // Newer releases of OpenSSL say too little of what ECDSA refuses: it is looked at anew.
        if (made[i].algorithm->family != TV_FAMILY_ECDSA)
            CHECK_STATUS(TV_BAD_SIGNATURE, check(pair, &made[i], OTHER_INPUT),
                         made[i].algorithm->name);
    }
    EVP_set_default_properties(NULL, "");
}

// Contexts that cannot be made check nothing, and are not kept half made.
static void test_not_made(const struct pair *pair, const struct made *made) {
    struct tv_prepared **kept = tv_key_prepared(pair->key);
    tv_prepared_free(*kept);
    *kept = NULL;
    EVP_set_default_properties(NULL, "provider=none");
    CHECK_STATUS(TV_CRYPTO_FAILURE, check(pair, made, INPUT), pair->name);
    CHECK(!*kept, pair->name);
    // What needs none is checked: a length that no signature of the key has.
    struct made longer = *made;
    longer.length++;
    CHECK_STATUS(pair->type ? TV_BAD_SIGNATURE : TV_CRYPTO_FAILURE, check(pair, &longer, INPUT),
                 pair->name);
    EVP_set_default_properties(NULL, "");
    CHECK_STATUS(TV_OK, check(pair, made, INPUT), pair->name);
}

// What others left in OpenSSL's queue stays, and nothing is added: with a queue that was empty too.
static void test_errors(const struct pair *pair, const struct made *made) {
    for (int others = 0; others < 3; others++) {
        ERR_clear_error();
        for (int i = 0; i < others; i++)
            ERR_raise(ERR_LIB_USER, 100 + i);
        for (int i = 0; i < 3; i++) {
            CHECK_STATUS(TV_OK, check(pair, made, INPUT), pair->name);
            CHECK_STATUS(TV_BAD_SIGNATURE, check(pair, made, OTHER_INPUT), pair->name);
        }
        for (int i = 0; i < others; i++)
            CHECK(ERR_GET_REASON(ERR_get_error()) == 100 + i, pair->name);
        CHECK(ERR_get_error() == 0, pair->name);
    }
}

// The HMAC that would have been right is nowhere on the stack once another has been refused.

#define STACK_SIZE ((size_t)1024 * 1024)

static void *check_forged(void *pair) {
    struct made forged = {.algorithm = tv_algorithm_find(TV_SPAN("HS256")), .length = 32};
    CHECK_STATUS(TV_BAD_SIGNATURE, check(pair, &forged, INPUT), "on a stack of its own");
    return NULL;
}

static void test_stack(struct pair *pair, const struct made *made) {
    pthread_attr_t attributes;
    pthread_t thread;
    void *stack =
        mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack == MAP_FAILED || pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstack(&attributes, stack, STACK_SIZE) != 0 ||
        pthread_create(&thread, &attributes, check_forged, pair) != 0 ||
        pthread_join(thread, NULL) != 0)
        check_abort("no thread");
    CHECK(!memmem(stack, STACK_SIZE, made->bytes, 16), made->algorithm->name);
    pthread_attr_destroy(&attributes);
    munmap(stack, STACK_SIZE);
}

int main(void) {
    if (CRYPTO_set_mem_functions(memory_get, memory_resize, memory_free) != 1)
        check_abort("OpenSSL has allocated already");
    for (size_t i = 0; i < PAIRS; i++) {
        struct made made[ALGORITHMS];
        make_key(&pairs[i]);
        size_t count = sign_all(&pairs[i], made);
        test_turns(&pairs[i], made, count);
        test_references(&pairs[i], made);
        test_nothing_fetched(&pairs[i], made, count);
        test_not_made(&pairs[i], made);
        test_errors(&pairs[i], made);
        if (!pairs[i].type)
            test_stack(&pairs[i], made);
        tv_key_free(pairs[i].key);
    }
    CHECK_NUMBER(0, freed_with_secret, "a secret in memory that was freed");
    return check_report("test_prepared");
}
