// SPDX-License-Identifier: MIT
// Checks and makes signatures with OpenSSL.
#include "keys/signature.h"

#include "base/error_queue.h"
#include "keys/ecdsa.h"
#include "keys/prepared.h"

#include <openssl/crypto.h>

static bool is_rsa(const struct tv_algorithm *algorithm) {
    return tv_algorithm_key_type(algorithm) == TV_KEY_RSA;
}

// Checks with the key's contexts; `signature` is in OpenSSL's form. Without memory OpenSSL may
// refuse a good signature without saying why; it is then refused like a bad one.
static enum tv_status verify_prepared(const struct tv_algorithm *algorithm,
                                      const struct tv_key *key, struct tv_span input,
                                      const unsigned char *signature, size_t signature_length) {
    struct tv_prepared **kept = tv_key_prepared(key), *prepared;
    enum tv_status status =
        tv_prepared_get(kept, algorithm, tv_key_public(key), tv_key_secret(key), &prepared);
    if (status != TV_OK)
        return status;
    int answer = tv_prepared_check(prepared, input, signature, signature_length);
    if (answer >= 0)
        return answer == 1 ? TV_OK : TV_BAD_SIGNATURE;
    tv_prepared_drop(kept, prepared); // incomplete: must not be used for another check
    return TV_CRYPTO_FAILURE;
}

// ECDSA of RFC 7518 section 3.4.
static enum tv_status verify_ecdsa(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length) {
    unsigned char der[TV_ECDSA_DER_MAX_SIZE];
    size_t der_length;
    enum tv_status status =
        tv_ecdsa_to_der(algorithm->curve, signature, signature_length, der, &der_length);
    return status == TV_OK ? verify_prepared(algorithm, key, input, der, der_length) : status;
}

// A signature of the wrong length is refused before anything is computed: step 1 in RFC 8017
// sections 8.1.2 and 8.2.2, and in RFC 8032 sections 5.1.7 and 5.2.7.
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
    TV_WITHOUT_ERRORS(
        status = algorithm->family == TV_FAMILY_ECDSA
                     ? verify_ecdsa(algorithm, key, input, signature, signature_length)
                     : verify_prepared(algorithm, key, input, signature, signature_length));
    return status;
}

static enum tv_status sign_ecdsa(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                 struct tv_span input, unsigned char *signature,
                                 size_t *signature_length) {
    unsigned char der[TV_ECDSA_DER_MAX_SIZE];
    size_t der_length = sizeof der;
    enum tv_status status =
        tv_prepared_sign(algorithm, pair, (struct tv_span){0}, input, der, &der_length);
    if (status == TV_OK)
        status = tv_ecdsa_from_der(algorithm->curve, der, der_length, signature);
    *signature_length = 2 * tv_curve_size(algorithm->curve);
    return status;
}

static enum tv_status fail_pair(struct tv_detail *detail) {
    detail->reason = TV_REASON_NOT_A_PAIR;
    return TV_MALFORMED_KEY;
}

// Whether OpenSSL accepts the numbers of an RSA pair. This is slow.
static bool is_good_pair(EVP_PKEY *pair) {
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pair, NULL);
    bool good = context && EVP_PKEY_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return good;
}

// A pair whose halves do not belong together signs too, and a wrong RSA signature can reveal the
// private key (Boneh, DeMillo, Lipton 1997). So each new signature is verified before it is
// returned.
static enum tv_status sign(const struct tv_algorithm *algorithm, const struct tv_key *key,
                           struct tv_span input, unsigned char *signature, size_t *length,
                           struct tv_detail *detail) {
    EVP_PKEY *pair = tv_key_pair(key);
    *length = TV_SIGNATURE_MAX_SIZE;
    enum tv_status status =
        algorithm->family == TV_FAMILY_ECDSA
            ? sign_ecdsa(algorithm, pair, input, signature, length)
            : tv_prepared_sign(algorithm, pair, tv_key_secret(key), input, signature, length);
    if (status == TV_OK && pair)
        status = tv_signature_verify(algorithm, key, input, signature, *length, detail);
    // OpenSSL does not even sign with an RSA pair whose numbers are out of range.
    bool is_bad = status == TV_BAD_SIGNATURE ||
                  (status == TV_CRYPTO_FAILURE && is_rsa(algorithm) && !is_good_pair(pair));
    return is_bad ? fail_pair(detail) : status;
}

enum tv_status tv_signature_make(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                 struct tv_span input, unsigned char *signature,
                                 size_t *signature_length, struct tv_detail *detail) {
    enum tv_status status = tv_key_check_signing(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    TV_WITHOUT_ERRORS(status = sign(algorithm, key, input, signature, signature_length, detail));
    if (status != TV_OK)
        OPENSSL_cleanse(signature, TV_SIGNATURE_MAX_SIZE);
    return status;
}
