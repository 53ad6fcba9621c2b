// SPDX-License-Identifier: MIT
// Checks and makes signatures with OpenSSL.
#include "signature.h"

#include "ecdsa.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>
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

// RFC 7518 section 3.2.
static enum tv_status verify_hmac(const struct tv_algorithm *algorithm, struct tv_span secret,
                                  struct tv_span input, const unsigned char *signature,
                                  size_t signature_length) {
    unsigned char expected[EVP_MAX_MD_SIZE];
    unsigned int expected_length;
    if (!HMAC(digest_of(algorithm), secret.data, (int)secret.length,
              (const unsigned char *)input.data, input.length, expected, &expected_length))
        return TV_CRYPTO_FAILURE;
    // The length is public; the bytes are compared in constant time.
    bool equal = signature_length == expected_length &&
                 CRYPTO_memcmp(expected, signature, expected_length) == 0;
    OPENSSL_cleanse(expected, sizeof expected);
    return equal ? TV_OK : TV_BAD_SIGNATURE;
}

// Whether OpenSSL lacked memory in the middle of a judgement, which then comes out as a refusal.
// Its error is not the last: the queue is emptied of ours, if it held none before.
static bool lacked_memory(bool queue_was_empty) {
    unsigned long error = queue_was_empty ? ERR_get_error() : ERR_peek_last_error();
    while (error != 0 && ERR_GET_REASON(error) != ERR_R_MALLOC_FAILURE)
        error = queue_was_empty ? ERR_get_error() : 0;
    return error != 0;
}

// What OpenSSL's answer to a check means. Numbers in range can make ECDSA's point at infinity, for
// which it gives the answer of a failure: whoever signed chose them so.
static enum tv_status judge_answer(const struct tv_algorithm *algorithm, int answer,
                                   bool queue_was_empty) {
    if (answer == 1)
        return TV_OK;
    if (lacked_memory(queue_was_empty))
        return TV_NO_MEMORY;
    return answer == 0 || algorithm->family == TV_FAMILY_ECDSA ? TV_BAD_SIGNATURE
                                                               : TV_CRYPTO_FAILURE;
}

// Makes `context` one that signs or checks as the algorithm says.
static bool start(EVP_MD_CTX *context, const struct tv_algorithm *algorithm, EVP_PKEY *key,
                  int (*init)(EVP_MD_CTX *, EVP_PKEY_CTX **, const EVP_MD *, ENGINE *,
                              EVP_PKEY *)) {
    EVP_PKEY_CTX *parameters = NULL; // the context's own
    const EVP_MD *digest = algorithm->family == TV_FAMILY_EDDSA ? NULL : digest_of(algorithm);
    if (init(context, &parameters, digest, NULL, key) != 1)
        return false;
    // RFC 7518 section 3.5: the salt is as long as the hash, which is that of MGF1 too.
    return algorithm->family != TV_FAMILY_RSA_PSS ||
           (EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST) == 1 &&
            EVP_PKEY_CTX_set_rsa_mgf1_md(parameters, digest) == 1);
}

// Any signature that the key pair's owner makes, in the form that OpenSSL takes.
static enum tv_status verify_public(const struct tv_algorithm *algorithm, EVP_PKEY *public_key,
                                    struct tv_span input, const unsigned char *signature,
                                    size_t signature_length) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return TV_NO_MEMORY;
    enum tv_status status = TV_CRYPTO_FAILURE;
    if (start(context, algorithm, public_key, EVP_DigestVerifyInit)) {
        bool queue_was_empty = ERR_peek_error() == 0;
        int answer = EVP_DigestVerify(context, signature, signature_length,
                                      (const unsigned char *)input.data, input.length);
        status = judge_answer(algorithm, answer, queue_was_empty);
    }
    EVP_MD_CTX_free(context);
    return status;
}

// RFC 7518 sections 3.3 and 3.5.
static enum tv_status verify_rsa(const struct tv_algorithm *algorithm, EVP_PKEY *public_key,
                                 struct tv_span input, const unsigned char *signature,
                                 size_t signature_length) {
    if (signature_length != (size_t)EVP_PKEY_get_size(public_key))
        return TV_BAD_SIGNATURE; // RFC 8017 sections 8.1.2 and 8.2.2, step 1
    return verify_public(algorithm, public_key, input, signature, signature_length);
}

// RFC 7518 section 3.4.
static enum tv_status verify_ecdsa(const struct tv_algorithm *algorithm, EVP_PKEY *public_key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length) {
    unsigned char der[TV_ECDSA_DER_MAX_SIZE];
    size_t der_length;
    enum tv_status status =
        tv_ecdsa_to_der(algorithm->curve, signature, signature_length, der, &der_length);
    return status == TV_OK ? verify_public(algorithm, public_key, input, der, der_length) : status;
}

// RFC 8037 section 3.1.
static enum tv_status verify_eddsa(const struct tv_algorithm *algorithm, EVP_PKEY *public_key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length) {
    if (signature_length != (size_t)EVP_PKEY_get_size(public_key))
        return TV_BAD_SIGNATURE; // RFC 8032 sections 5.1.7 and 5.2.7, step 1
    return verify_public(algorithm, public_key, input, signature, signature_length);
}

enum tv_status tv_signature_verify(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length, struct tv_detail *detail) {
    enum tv_status status = tv_key_check_algorithm(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    EVP_PKEY *public_key = tv_key_public(key);
    // The queue is shared with the server's TLS code, where an entry left over reads as a failure
    // of its own connection.
    ERR_set_mark();
    switch (algorithm->family) {
    case TV_FAMILY_HMAC:
        status = verify_hmac(algorithm, tv_key_secret(key), input, signature, signature_length);
        break;
    case TV_FAMILY_RSA_PKCS1:
    case TV_FAMILY_RSA_PSS:
        status = verify_rsa(algorithm, public_key, input, signature, signature_length);
        break;
    case TV_FAMILY_ECDSA:
        status = verify_ecdsa(algorithm, public_key, input, signature, signature_length);
        break;
    case TV_FAMILY_EDDSA:
        status = verify_eddsa(algorithm, public_key, input, signature, signature_length);
        break;
    }
    ERR_pop_to_mark();
    return status;
}

static enum tv_status sign_hmac(const struct tv_algorithm *algorithm, struct tv_span secret,
                                struct tv_span input, unsigned char *signature,
                                size_t *signature_length) {
    unsigned int length;
    if (!HMAC(digest_of(algorithm), secret.data, (int)secret.length,
              (const unsigned char *)input.data, input.length, signature, &length))
        return TV_CRYPTO_FAILURE;
    *signature_length = length;
    return TV_OK;
}

// In the form that OpenSSL gives; `*length` is the room at first.
static enum tv_status sign_private(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                   struct tv_span input, unsigned char *signature, size_t *length) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return TV_NO_MEMORY;
    bool made = start(context, algorithm, pair, EVP_DigestSignInit) &&
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
    if (status != TV_BAD_SIGNATURE)
        return status;
    detail->reason = TV_REASON_NOT_A_PAIR;
    return TV_MALFORMED_KEY;
}

enum tv_status tv_signature_make(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                 struct tv_span input, unsigned char *signature,
                                 size_t *signature_length, struct tv_detail *detail) {
    enum tv_status status = tv_key_check_signing(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    ERR_set_mark();
    status = tv_algorithm_is_hmac(algorithm)
                 ? sign_hmac(algorithm, tv_key_secret(key), input, signature, signature_length)
                 : sign_pair(algorithm, key, input, signature, signature_length, detail);
    ERR_pop_to_mark();
    if (status != TV_OK)
        OPENSSL_cleanse(signature, TV_SIGNATURE_MAX_SIZE);
    return status;
}
