// SPDX-License-Identifier: MIT
// OpenSSL contexts that are set up once for a key and used again.
#include "keys/prepared.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/rsa.h>
#include <stdlib.h>

struct tv_prepared {
    const struct tv_algorithm *algorithm;
    EVP_MAC_CTX *mac; // holds the secret
    EVP_MD *digest;
    EVP_MD_CTX *hash;
    EVP_PKEY_CTX *context;
    EVP_MD_CTX *whole; // of EdDSA, which hashes by itself: copied into `hash` for each check
    struct tv_prepared *next;
};

// RFC 7518 section 3.2.
static bool prepare_hmac(struct tv_prepared *made, struct tv_span secret) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    made->mac = mac ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac); // the context has a reference
    const OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                         (char *)tv_algorithm_hash(made->algorithm), 0),
        OSSL_PARAM_construct_end()};
    return made->mac && EVP_MAC_init(made->mac, (const unsigned char *)secret.data, secret.length,
                                     parameters) == 1;
}

// RFC 7518 sections 3.3 and 3.5: the salt is as long as the hash, which is that of MGF1 too.
static bool set_rsa(const struct tv_prepared *made) {
    bool pss = made->algorithm->family == TV_FAMILY_RSA_PSS;
    int padding = pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING;
    if (EVP_PKEY_CTX_set_rsa_padding(made->context, padding) != 1 ||
        EVP_PKEY_CTX_set_signature_md(made->context, made->digest) != 1)
        return false;
    return !pss || (EVP_PKEY_CTX_set_rsa_pss_saltlen(made->context, RSA_PSS_SALTLEN_DIGEST) == 1 &&
                    EVP_PKEY_CTX_set_rsa_mgf1_md(made->context, made->digest) == 1);
}

static bool prepare_key(struct tv_prepared *made, EVP_PKEY *key, bool signs) {
    made->hash = EVP_MD_CTX_new();
    if (!made->hash)
        return false;
    if (made->algorithm->family == TV_FAMILY_EDDSA) {
        made->whole = EVP_MD_CTX_new();
        return made->whole &&
               (signs ? EVP_DigestSignInit(made->whole, NULL, NULL, NULL, key)
                      : EVP_DigestVerifyInit(made->whole, NULL, NULL, NULL, key)) == 1;
    }
    made->digest = EVP_MD_fetch(NULL, tv_algorithm_hash(made->algorithm), NULL);
    made->context = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (!made->digest || !made->context ||
        (signs ? EVP_PKEY_sign_init(made->context) : EVP_PKEY_verify_init(made->context)) != 1)
        return false;
    return made->algorithm->family == TV_FAMILY_ECDSA
               ? EVP_PKEY_CTX_set_signature_md(made->context, made->digest) == 1
               : set_rsa(made);
}

static void prepared_free(struct tv_prepared *prepared) {
    EVP_MAC_CTX_free(prepared->mac);
    EVP_PKEY_CTX_free(prepared->context);
    EVP_MD_CTX_free(prepared->whole);
    EVP_MD_CTX_free(prepared->hash);
    EVP_MD_free(prepared->digest);
    free(prepared);
}

// `key` is NULL for HMAC.
static enum tv_status prepare(const struct tv_algorithm *algorithm, EVP_PKEY *key,
                              struct tv_span secret, bool signs, struct tv_prepared **prepared) {
    struct tv_prepared *made = calloc(1, sizeof *made);
    if (!made)
        return TV_NO_MEMORY;
    made->algorithm = algorithm;
    if (!(key ? prepare_key(made, key, signs) : prepare_hmac(made, secret))) {
        prepared_free(made);
        return TV_CRYPTO_FAILURE;
    }
    *prepared = made;
    return TV_OK;
}

enum tv_status tv_prepared_get(struct tv_prepared **kept, const struct tv_algorithm *algorithm,
                               EVP_PKEY *public_key, struct tv_span secret,
                               struct tv_prepared **prepared) {
    struct tv_prepared *found = *kept;
    while (found && found->algorithm != algorithm)
        found = found->next;
    if (found) {
        *prepared = found;
        return TV_OK;
    }
    struct tv_prepared *made;
    enum tv_status status = prepare(algorithm, public_key, secret, false, &made);
    if (status != TV_OK)
        return status;
    made->next = *kept;
    *prepared = *kept = made;
    return TV_OK;
}

static bool make_mac(struct tv_prepared *prepared, struct tv_span input, unsigned char *mac,
                     size_t *length) {
    // Without a key argument, OpenSSL uses the key of the last call.
    return EVP_MAC_init(prepared->mac, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(prepared->mac, (const unsigned char *)input.data, input.length) == 1 &&
           EVP_MAC_final(prepared->mac, mac, length, EVP_MAX_MD_SIZE) == 1;
}

static int check_mac(struct tv_prepared *prepared, struct tv_span input,
                     const unsigned char *signature, size_t signature_length) {
    unsigned char expected[EVP_MAX_MD_SIZE];
    size_t length = 0;
    int answer = -1;
    // The length is public; the bytes are compared in constant time.
    if (make_mac(prepared, input, expected, &length))
        answer = signature_length == length && CRYPTO_memcmp(expected, signature, length) == 0;
    OPENSSL_cleanse(expected, sizeof expected);
    return answer;
}

static bool hash(struct tv_prepared *prepared, struct tv_span input,
                 unsigned char digest[EVP_MAX_MD_SIZE], unsigned int *length) {
    return EVP_DigestInit_ex2(prepared->hash, prepared->digest, NULL) == 1 &&
           EVP_DigestUpdate(prepared->hash, input.data, input.length) == 1 &&
           EVP_DigestFinal_ex(prepared->hash, digest, length) == 1;
}

static int check_digest(struct tv_prepared *prepared, struct tv_span input,
                        const unsigned char *signature, size_t signature_length) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length;
    if (!hash(prepared, input, digest, &length))
        return -1;
    int answer = EVP_PKEY_verify(prepared->context, signature, signature_length, digest, length);
    // R and S in range can lead to the point at infinity. OpenSSL then reports an internal failure,
    // but the signature is simply bad.
    return answer < 0 && prepared->algorithm->family == TV_FAMILY_ECDSA ? 0 : answer;
}

// A context can be used for one such call only. EVP_DigestVerifyInit() without a key would reset
// it, but leaves a mark in the error queue (OpenSSL 3.0), and so ours would no longer be the last
// mark.
static int check_message(struct tv_prepared *prepared, struct tv_span input,
                         const unsigned char *signature, size_t signature_length) {
    if (EVP_MD_CTX_copy_ex(prepared->hash, prepared->whole) != 1)
        return -1;
    return EVP_DigestVerify(prepared->hash, signature, signature_length,
                            (const unsigned char *)input.data, input.length);
}

int tv_prepared_check(struct tv_prepared *prepared, struct tv_span input,
                      const unsigned char *signature, size_t signature_length) {
    if (prepared->mac)
        return check_mac(prepared, input, signature, signature_length);
    return prepared->context ? check_digest(prepared, input, signature, signature_length)
                             : check_message(prepared, input, signature, signature_length);
}

static bool sign(struct tv_prepared *prepared, struct tv_span input, unsigned char *signature,
                 size_t *length) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int digest_length;
    if (prepared->mac)
        return make_mac(prepared, input, signature, length);
    if (!prepared->context)
        return EVP_DigestSign(prepared->whole, signature, length, (const unsigned char *)input.data,
                              input.length) == 1;
    return hash(prepared, input, digest, &digest_length) &&
           EVP_PKEY_sign(prepared->context, signature, length, digest, digest_length) == 1;
}

enum tv_status tv_prepared_sign(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                struct tv_span secret, struct tv_span input,
                                unsigned char *signature, size_t *length) {
    struct tv_prepared *prepared;
    enum tv_status status = prepare(algorithm, pair, secret, true, &prepared);
    if (status != TV_OK)
        return status;
    status = sign(prepared, input, signature, length) ? TV_OK : TV_CRYPTO_FAILURE;
    prepared_free(prepared);
    return status;
}

void tv_prepared_drop(struct tv_prepared **kept, struct tv_prepared *prepared) {
    while (*kept != prepared)
        kept = &(*kept)->next;
    *kept = prepared->next;
    prepared_free(prepared);
}

void tv_prepared_free(struct tv_prepared *kept) {
    while (kept) {
        struct tv_prepared *next = kept->next;
        prepared_free(kept);
        kept = next;
    }
}
