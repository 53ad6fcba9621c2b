// SPDX-License-Identifier: MIT
// Checks and makes signatures with OpenSSL.
#include "keys/signature.h"

#include "base/memory.h"
#include "keys/ecdsa.h"
#include "keys/prepared.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

static const EVP_MD *digest_of(const struct tv_algorithm *algorithm) {
    switch (algorithm->digest) {
    case TV_SHA384:
        return EVP_sha384();
    case TV_SHA512:
        return EVP_sha512();
    default:
        return EVP_sha256();
    }
}

// Why OpenSSL did not say yes, as far as its queue tells. It is emptied.
struct notes {
    bool memory;   // it lacked some
    bool rsa;      // RSA's own words on what is wrong with a signature
    bool provider; // that a signature did not hold, for whatever reason
    bool others;   // of what a plain refusal has nothing to do with
    bool all_met;  // no allocation failed, which the queue alone does not tell
};

// EVP_R_PROVIDER_SIGNATURE_FAILURE, which the headers of OpenSSL 3.0 do not have.
#define PROVIDER_SIGNATURE_FAILURE 234

static struct notes read_notes(void) {
    struct notes notes = {0};
    unsigned long error;
    while ((error = ERR_get_error()) != 0) {
        int library = ERR_GET_LIB(error), reason = ERR_GET_REASON(error);
        bool provider = library == ERR_LIB_EVP && reason == PROVIDER_SIGNATURE_FAILURE;
        notes.memory = notes.memory || reason == ERR_R_MALLOC_FAILURE;
        notes.rsa = notes.rsa || library == ERR_LIB_RSA;
        notes.provider = notes.provider || provider;
        notes.others =
            notes.others || !(library == ERR_LIB_RSA || library == ERR_LIB_PROV || provider);
    }
    return notes;
}

static bool is_rsa(const struct tv_algorithm *algorithm) {
    return algorithm->family == TV_FAMILY_RSA_PKCS1 || algorithm->family == TV_FAMILY_RSA_PSS;
}

// Whether every allocation was met since errno was 0. OpenSSL takes memory with malloc(), which
// leaves ENOMEM there (POSIX); what a program has put in its place may not.
static bool all_allocations_met(void) {
    CRYPTO_malloc_fn allocate;
    CRYPTO_get_mem_functions(&allocate, NULL, NULL);
    return errno == 0 && allocate == CRYPTO_malloc;
}

// What OpenSSL notes of a bad signature and nothing else: for RSA what is wrong with it, for ECDSA
// nothing (3.0; later ones say that it did not hold, also where memory was short). For EdDSA
// nothing too, but also where its hash found no memory.
static bool is_plain(const struct tv_algorithm *algorithm, const struct notes *notes) {
    if (notes->memory || notes->others)
        return false;
    if (is_rsa(algorithm))
        return notes->rsa;
    return notes->all_met || (algorithm->family == TV_FAMILY_ECDSA && !notes->provider);
}

// The answer of tv_prepared_check(); `*all_met` as above. errno is left as it was.
static int check_watched(struct tv_prepared *prepared, struct tv_span input,
                         const unsigned char *signature, size_t signature_length, bool *all_met) {
    int before = errno;
    errno = 0;
    int answer = tv_prepared_check(prepared, input, signature, signature_length);
    *all_met = all_allocations_met();
    errno = before;
    return answer;
}

// With the key's contexts; `signature` in the form that OpenSSL takes. OpenSSL that lacks memory
// refuses good signatures, and does not always say why: a refusal counts at once if what it noted
// is what it notes of a bad signature. Any other, and one whose notes cannot be told from those
// that others had left in the queue, counts if it comes again with contexts made anew and memory
// to be had.
static enum tv_status verify_prepared(const struct tv_algorithm *algorithm,
                                      const struct tv_key *key, struct tv_span input,
                                      const unsigned char *signature, size_t signature_length,
                                      bool queue_was_empty) {
    struct tv_prepared **kept = tv_key_prepared(key), *prepared;
    struct tv_memory_tries tries = {0};
    enum tv_status status;
    do {
        struct notes notes = {0};
        status =
            tv_prepared_get(kept, algorithm, tv_key_public(key), tv_key_secret(key), &prepared);
        if (status == TV_NO_MEMORY)
            return status;
        bool all_met = false;
        int answer = status == TV_OK
                         ? check_watched(prepared, input, signature, signature_length, &all_met)
                         : -1;
        if (answer == 1)
            return TV_OK;
        if (answer == 0 && algorithm->family == TV_FAMILY_HMAC)
            return TV_BAD_SIGNATURE;
        if (queue_was_empty)
            notes = read_notes();
        notes.all_met = all_met;
        if (answer == 0 && queue_was_empty && is_plain(algorithm, &notes))
            return TV_BAD_SIGNATURE;
        if (status == TV_OK) // half-way: nothing of it may serve another check
            tv_prepared_drop(kept, prepared);
        status = notes.memory ? TV_NO_MEMORY : answer == 0 ? TV_BAD_SIGNATURE : TV_CRYPTO_FAILURE;
    } while (tv_memory_try_again(&tries, &status));
    return status;
}

// Makes `context` one that signs as the algorithm says.
static bool start_signing(EVP_MD_CTX *context, const struct tv_algorithm *algorithm,
                          EVP_PKEY *pair) {
    EVP_PKEY_CTX *parameters = NULL; // the context's own
    const EVP_MD *digest = algorithm->family == TV_FAMILY_EDDSA ? NULL : digest_of(algorithm);
    if (EVP_DigestSignInit(context, &parameters, digest, NULL, pair) != 1)
        return false;
    // RFC 7518 section 3.5: the salt is as long as the hash, which is that of MGF1 too.
    return algorithm->family != TV_FAMILY_RSA_PSS ||
           (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, digest) == 1);
}

// ECDSA of RFC 7518 section 3.4.
static enum tv_status verify_ecdsa(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length, bool queue_was_empty) {
    unsigned char der[TV_ECDSA_DER_MAX_SIZE];
    size_t der_length;
    enum tv_status status =
        tv_ecdsa_to_der(algorithm->curve, signature, signature_length, der, &der_length);
    return status == TV_OK
               ? verify_prepared(algorithm, key, input, der, der_length, queue_was_empty)
               : status;
}

// Whether a signature of another length is refused before anything is computed: RFC 8017 sections
// 8.1.2 and 8.2.2, RFC 8032 sections 5.1.7 and 5.2.7, step 1 of each.
static bool has_fixed_length(const struct tv_algorithm *algorithm) {
    return is_rsa(algorithm) || algorithm->family == TV_FAMILY_EDDSA;
}

enum tv_status tv_signature_verify(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length, struct tv_detail *detail) {
    enum tv_status status = tv_key_check_algorithm(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    if (has_fixed_length(algorithm) &&
        signature_length != (size_t)EVP_PKEY_get_size(tv_key_public(key)))
        return TV_BAD_SIGNATURE;
    // The queue is shared with the server's TLS code, where an entry left over reads as a failure
    // of its own connection.
    bool queue_was_empty = ERR_set_mark() == 0;
    status =
        algorithm->family == TV_FAMILY_ECDSA
            ? verify_ecdsa(algorithm, key, input, signature, signature_length, queue_was_empty)
            : verify_prepared(algorithm, key, input, signature, signature_length, queue_was_empty);
    ERR_pop_to_mark();
    return status;
}

// RFC 7518 section 3.2.
static enum tv_status sign_hmac(const struct tv_algorithm *algorithm, struct tv_span secret,
                                struct tv_span input, unsigned char *signature,
                                size_t *signature_length) {
    struct tv_prepared *own = NULL, *prepared;
    enum tv_status status = tv_prepared_get(&own, algorithm, NULL, secret, &prepared);
    if (status == TV_OK && !tv_prepared_mac(prepared, input, signature, signature_length))
        status = TV_CRYPTO_FAILURE;
    tv_prepared_free(own);
    return status;
}

// In the form that OpenSSL gives; `*length` is the room at first.
static enum tv_status sign_private(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                   struct tv_span input, unsigned char *signature, size_t *length) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool made = context && start_signing(context, algorithm, pair) &&
                EVP_DigestSign(context, signature, length, (const unsigned char *)input.data,
                               input.length) == 1;
    EVP_MD_CTX_free(context);
    return made ? TV_OK : TV_CRYPTO_FAILURE;
}

static enum tv_status sign_ecdsa(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                 struct tv_span input, unsigned char *signature,
                                 size_t *signature_length) {
    unsigned char der[TV_ECDSA_DER_MAX_SIZE];
    size_t der_length = sizeof der;
    enum tv_status status = sign_private(algorithm, pair, input, der, &der_length);
    if (status == TV_OK)
        status = tv_ecdsa_from_der(algorithm->curve, der, der_length, signature);
    *signature_length = 2 * tv_curve_size(algorithm->curve);
    return status;
}

static enum tv_status sign_and_check(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                     EVP_PKEY *pair, struct tv_span input, unsigned char *signature,
                                     size_t *signature_length, struct tv_detail *detail) {
    size_t length = TV_SIGNATURE_MAX_SIZE;
    enum tv_status status = algorithm->family == TV_FAMILY_ECDSA
                                ? sign_ecdsa(algorithm, pair, input, signature, &length)
                                : sign_private(algorithm, pair, input, signature, &length);
    *signature_length = length;
    return status == TV_OK ? tv_signature_verify(algorithm, key, input, signature, length, detail)
                           : status;
}

static enum tv_status fail_pair(struct tv_detail *detail) {
    detail->reason = TV_REASON_NOT_A_PAIR;
    return TV_MALFORMED_KEY;
}

// A pair whose halves do not belong together signs too, and a faulty computation gives the private
// key away (Boneh, DeMillo, Lipton 1997): nothing leaves unchecked. What does not hold is made once
// more with a copy of the pair, which has none of the blinding that OpenSSL left half done when it
// lacked memory.
static enum tv_status sign_pair(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                struct tv_span input, unsigned char *signature,
                                size_t *signature_length, struct tv_detail *detail) {
    enum tv_status status = sign_and_check(algorithm, key, tv_key_pair(key), input, signature,
                                           signature_length, detail);
    if (status != TV_BAD_SIGNATURE)
        return status;
    EVP_PKEY *copy = EVP_PKEY_dup(tv_key_pair(key));
    if (!copy)
        return TV_NO_MEMORY;
    status = sign_and_check(algorithm, key, copy, input, signature, signature_length, detail);
    EVP_PKEY_free(copy);
    return status == TV_BAD_SIGNATURE ? fail_pair(detail) : status;
}

// OpenSSL does not even sign with an RSA pair whose numbers are out of range. This takes long.
static enum tv_status check_pair(const struct tv_key *key, struct tv_detail *detail) {
    struct tv_memory_tries tries = {0};
    enum tv_status status;
    do {
        EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, tv_key_pair(key), NULL);
        bool good = context && EVP_PKEY_check(context) == 1;
        EVP_PKEY_CTX_free(context);
        status = good ? TV_CRYPTO_FAILURE : TV_MALFORMED_KEY;
    } while (status == TV_MALFORMED_KEY && tv_memory_try_again(&tries, &status));
    return status == TV_MALFORMED_KEY ? fail_pair(detail) : status;
}

enum tv_status tv_signature_make(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                 struct tv_span input, unsigned char *signature,
                                 size_t *signature_length, struct tv_detail *detail) {
    enum tv_status status = tv_key_check_signing(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    struct tv_memory_tries tries = {0};
    ERR_set_mark();
    do {
        status = tv_algorithm_is_hmac(algorithm)
                     ? sign_hmac(algorithm, tv_key_secret(key), input, signature, signature_length)
                     : sign_pair(algorithm, key, input, signature, signature_length, detail);
    } while (status == TV_CRYPTO_FAILURE && tv_memory_try_again(&tries, &status));
    if (status == TV_CRYPTO_FAILURE && is_rsa(algorithm))
        status = check_pair(key, detail);
    ERR_pop_to_mark();
    if (status != TV_OK)
        OPENSSL_cleanse(signature, TV_SIGNATURE_MAX_SIZE);
    return status;
}
