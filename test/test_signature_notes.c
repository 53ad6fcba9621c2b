// SPDX-License-Identifier: MIT
// What OpenSSL notes while it refuses a signature: which refusals count at once, and which only if
// they come again. The notes are made whenever it takes memory. And what it refuses for want of
// memory alone.
#include "check.h"
#include "tokens.h"

#include "keys/prepared.h"
#include "keys/signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#define INPUT TV_SPAN("the signed bytes")
#define OTHER_INPUT TV_SPAN("other bytes")

#define PROVIDER_SIGNATURE_FAILURE 234 // of OpenSSL 3.2 and later

static struct {
    int library, reason;
    int times; // that it is made, yet
} note;

static long allocations, failing; // counted; the one that fails

static void *memory_get(size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (++allocations == failing)
        return NULL;
    if (note.times > 0) {
        int times = note.times - 1;
        note.times = 0; // a note takes memory itself
        ERR_raise(note.library, note.reason);
        note.times = times;
    }
    return size > 0 ? malloc(size) : NULL;
}

static void memory_free(void *memory, const char *file, int line) {
    (void)file, (void)line;
    free(memory);
}

static void *memory_resize(void *memory, size_t size, const char *file, int line) {
    (void)file, (void)line;
    if (size > 0)
        return realloc(memory, size);
    free(memory);
    return NULL;
}

// Keys, each with a signature of one algorithm.

static struct pair {
    const char *algorithm_name, *type, *curve;
    const struct tv_algorithm *algorithm;
    struct tv_key *key; // with the private half
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t length;
} pairs[] = {
    {.algorithm_name = "RS256", .type = "RSA"},
    {.algorithm_name = "PS256", .type = "RSA"},
    {.algorithm_name = "ES256", .curve = "P-256"},
    {.algorithm_name = "Ed25519", .type = "ED25519"},
    {.algorithm_name = "HS256"},
};

#define PAIRS (sizeof pairs / sizeof pairs[0])

static EVP_PKEY *generate(const struct pair *pair) {
    return pair->curve ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", pair->curve)
           : strcmp(pair->type, "RSA") == 0 // which takes long to make
               ? token_private_key("test/vectors/keys/rsa.private.pem")
               : EVP_PKEY_Q_keygen(NULL, NULL, pair->type);
}

static void make_pair(struct pair *pair) {
    struct tv_detail detail = {0};
    pair->algorithm = tv_algorithm_find(tv_span_of(pair->algorithm_name));
    if (pair->type || pair->curve) {
        EVP_PKEY *generated = generate(pair);
        BIO *bio = BIO_new(BIO_s_mem());
        char *pem = NULL;
        if (!generated || !bio ||
            !PEM_write_bio_PrivateKey(bio, generated, NULL, NULL, 0, NULL, NULL))
            check_abort("no key for %s", pair->algorithm_name);
        size_t length = (size_t)BIO_get_mem_data(bio, &pem);
        CHECK_STATUS(TV_OK, tv_key_load_private(pem, length, &pair->key, &detail),
                     pair->algorithm_name);
        BIO_free(bio);
        EVP_PKEY_free(generated);
    } else
        CHECK_STATUS(TV_OK, tv_key_from_secret("secret", 6, &pair->key, &detail),
                     pair->algorithm_name);
    CHECK_STATUS(TV_OK,
                 tv_signature_make(pair->algorithm, pair->key, INPUT, pair->signature,
                                   &pair->length, &detail),
                 pair->algorithm_name);
}

static enum tv_status check(const struct pair *pair, struct tv_span input) {
    struct tv_detail detail = {0};
    return tv_signature_verify(pair->algorithm, pair->key, input, pair->signature, pair->length,
                               &detail);
}

// Refuses a forged signature while `times` notes are made, with `others` errors in the queue that
// are not ours. Whether that counted at once: what is doubted is thrown away, and made anew in
// front of what the key keeps.
static bool refuse(const struct pair *pair, enum tv_status expected, int times, int others,
                   const char *name) {
    struct tv_prepared **kept = tv_key_prepared(pair->key), *front;
    tv_prepared_free(*kept);
    *kept = NULL;
    CHECK_STATUS(TV_OK, check(pair, INPUT), name);
    CHECK_STATUS(
        TV_OK,
        tv_prepared_get(kept, tv_algorithm_find(TV_SPAN("HS384")), NULL, TV_SPAN("secret"), &front),
        name);
    ERR_clear_error();
    for (int i = 0; i < others; i++)
        ERR_raise(ERR_LIB_USER, 100 + i);
    note.times = times;
    CHECK_STATUS(expected, check(pair, OTHER_INPUT), name);
    note.times = 0;
    for (int i = 0; i < others; i++)
        CHECK(ERR_GET_REASON(ERR_get_error()) == 100 + i, name);
    CHECK(ERR_get_error() == 0, name);
    bool at_once = *kept == front;
    CHECK_STATUS(TV_OK, check(pair, INPUT), name);
    return at_once && *kept == front;
}

static const struct {
    const char *name;
    int library, reason;
    bool plain_rsa, plain_ecdsa;
} notes[] = {
    {"of RSA", ERR_LIB_RSA, RSA_R_BAD_SIGNATURE, true, true},
    {"of the provider", ERR_LIB_PROV, ERR_R_INTERNAL_ERROR, true, true},
    {"of the provider, with another's number", ERR_LIB_PROV, PROVIDER_SIGNATURE_FAILURE, true,
     true},
    {"that it did not hold", ERR_LIB_EVP, PROVIDER_SIGNATURE_FAILURE, true, false},
    {"the reason before that", ERR_LIB_EVP, PROVIDER_SIGNATURE_FAILURE - 1, false, false},
    {"the reason behind that", ERR_LIB_EVP, PROVIDER_SIGNATURE_FAILURE + 1, false, false},
    {"of another library", ERR_LIB_BN, PROVIDER_SIGNATURE_FAILURE, false, false},
};

// Whether this OpenSSL says of ECDSA that a signature did not hold: then no refusal is plain.
static bool notes_ecdsa(const struct pair *pair) {
    struct tv_prepared **kept = tv_key_prepared(pair->key), *prepared;
    unsigned char digest_info[] = {0x30, 6, 2, 1, 1, 2, 1, 1}; // r and s both 1
    ERR_clear_error();
    CHECK_STATUS(TV_OK,
                 tv_prepared_get(kept, pair->algorithm, tv_key_public(pair->key),
                                 (struct tv_span){0}, &prepared),
                 "ECDSA");
    CHECK_NUMBER(0, tv_prepared_check(prepared, INPUT, digest_info, sizeof digest_info), "ECDSA");
    bool noted = ERR_peek_error() != 0;
    ERR_clear_error();
    return noted;
}

static bool is_plain(const struct pair *pair, bool rsa, bool ecdsa) {
    return pair->algorithm->family == TV_FAMILY_ECDSA   ? ecdsa && !notes_ecdsa(pair)
           : pair->algorithm->family == TV_FAMILY_EDDSA ? false
                                                        : rsa;
}

static void test_notes(const struct pair *pair) {
    char name[128];
    snprintf(name, sizeof name, "%s, nothing", pair->algorithm_name);
    CHECK(refuse(pair, TV_BAD_SIGNATURE, 0, 0, name) == is_plain(pair, true, true), name);
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        note.library = notes[i].library;
        note.reason = notes[i].reason;
        for (int times = 1; times < 3; times++) {
            snprintf(name, sizeof name, "%s, %s, %d times", pair->algorithm_name, notes[i].name,
                     times);
            CHECK(refuse(pair, TV_BAD_SIGNATURE, times, 0, name) ==
                      is_plain(pair, notes[i].plain_rsa, notes[i].plain_ecdsa),
                  name);
        }
    }
}

// A lack of memory that passes changes nothing; one that stays is none of the signature's.
static void test_memory(const struct pair *pair) {
    char name[128];
    note.library = ERR_LIB_PROV;
    note.reason = ERR_R_MALLOC_FAILURE;
    for (int times = 1; times < 3; times++) {
        snprintf(name, sizeof name, "%s, memory, %d times", pair->algorithm_name, times);
        CHECK(!refuse(pair, TV_BAD_SIGNATURE, times, 0, name), name);
    }
    snprintf(name, sizeof name, "%s, memory", pair->algorithm_name);
    CHECK(!refuse(pair, TV_NO_MEMORY, 1000000, 0, name), name);
}

// Notes that cannot be told from those of others tell nothing.
static void test_others(const struct pair *pair) {
    for (int others = 1; others < 3; others++)
        CHECK(!refuse(pair, TV_BAD_SIGNATURE, 0, others, pair->algorithm_name),
              pair->algorithm_name);
}

// What is noted of a signature that holds.
static void test_good(const struct pair *pair) {
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        note.library = notes[i].library;
        note.reason = notes[i].reason;
        note.times = 1000000;
        CHECK_STATUS(TV_OK, check(pair, INPUT), notes[i].name);
        note.times = 0;
        CHECK(*tv_key_prepared(pair->key) && ERR_get_error() == 0, notes[i].name);
    }
}

// With nothing to sign with, where an RSA pair is looked at for a reason: it is not to blame, and
// that one allocation of many fails changes nothing.
static void test_good_pair(const struct pair *pair) {
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t length;
    long all = 0;
    EVP_set_default_properties(NULL, "provider=none");
    for (int i = 0; i < 5; i++) {
        struct tv_detail detail = {0};
        failing = i * all / 5;
        allocations = 0;
        CHECK_STATUS(
            TV_CRYPTO_FAILURE,
            tv_signature_make(pair->algorithm, pair->key, INPUT, signature, &length, &detail),
            pair->algorithm_name);
        CHECK(detail.reason == TV_REASON_NONE, pair->algorithm_name);
        if (i == 0)
            all = allocations;
    }
    failing = 0;
    EVP_set_default_properties(NULL, "");
}

int main(void) {
    if (CRYPTO_set_mem_functions(memory_get, memory_resize, memory_free) != 1)
        check_abort("OpenSSL has allocated already");
    for (size_t i = 0; i < PAIRS; i++) {
        make_pair(&pairs[i]);
        if (pairs[i].algorithm->family != TV_FAMILY_HMAC) {
            test_notes(&pairs[i]);
            test_memory(&pairs[i]);
            test_others(&pairs[i]);
        } else {
            note.library = ERR_LIB_PROV;
            note.reason = ERR_R_MALLOC_FAILURE;
            CHECK(refuse(&pairs[i], TV_BAD_SIGNATURE, 1000000, 0, "HS256"), "an HMAC's no is sure");
        }
        test_good(&pairs[i]);
        if (i == 0)
            test_good_pair(&pairs[i]);
        tv_key_free(pairs[i].key);
    }
    return check_report("test_signature_notes");
}
