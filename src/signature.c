// SPDX-License-Identifier: MIT
// Checks signatures with OpenSSL.
#include "signature.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/hmac.h>

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

// RFC 7518 section 3.3, RFC 8017 section 8.2.2.
static enum tv_status verify_rsa(const struct tv_algorithm *algorithm, EVP_PKEY *public_key,
                                 struct tv_span input, const unsigned char *signature,
                                 size_t signature_length) {
    if (signature_length != (size_t)EVP_PKEY_get_size(public_key))
        return TV_BAD_SIGNATURE; // RFC 8017 section 8.2.2 step 1
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return TV_NO_MEMORY;
    enum tv_status status = TV_CRYPTO_FAILURE;
    if (EVP_DigestVerifyInit(context, NULL, digest_of(algorithm), NULL, public_key) == 1) {
        int answer = EVP_DigestVerify(context, signature, signature_length,
                                      (const unsigned char *)input.data, input.length);
        status = answer == 1 ? TV_OK : answer == 0 ? TV_BAD_SIGNATURE : TV_CRYPTO_FAILURE;
    }
    EVP_MD_CTX_free(context);
    return status;
}

enum tv_status tv_signature_verify(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length, struct tv_detail *detail) {
    enum tv_status status = tv_key_check_algorithm(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    // The queue is shared with the server's TLS code, where an entry left over reads as a failure
    // of its own connection.
    ERR_set_mark();
    switch (algorithm->family) {
    case TV_FAMILY_HMAC:
        status = verify_hmac(algorithm, tv_key_secret(key), input, signature, signature_length);
        break;
    case TV_FAMILY_RSA_PKCS1:
        status = verify_rsa(algorithm, tv_key_public(key), input, signature, signature_length);
        break;
    }
    ERR_pop_to_mark();
    return status;
}
