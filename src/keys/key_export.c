// SPDX-License-Identifier: MIT
// The text forms of public keys: PEM, JWK (RFC 7517, RFC 7518 section 6, RFC 8037) and thumbprint
// (RFC 7638).
#include "keys/key_internal.h"

#include "base/base64url.h"
#include "base/sha256.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

static enum tv_status write_pem(const struct tv_key *key, char **text, size_t *length) {
    enum tv_status status = TV_NO_MEMORY;
    char *bytes = NULL, *copy = NULL;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio)
        goto out;
    if (!PEM_write_bio_PUBKEY(bio, key->public_key)) {
        status = TV_CRYPTO_FAILURE;
        goto out;
    }
    long size = BIO_get_mem_data(bio, &bytes);
    copy = malloc((size_t)size);
    if (!copy)
        goto out;
    memcpy(copy, bytes, (size_t)size);
    *text = copy;
    *length = (size_t)size;
    status = TV_OK;
out:
    BIO_free(bio);
    return status;
}

enum tv_status tv_key_pem(const struct tv_key *key, char **text, size_t *length) {
    if (!key->public_key)
        return TV_UNSUPPORTED_KEY;
    enum tv_status status;
    struct tv_memory_tries tries = {0};
    do {
        ERR_set_mark();
        status = write_pem(key, text, length);
        ERR_pop_to_mark();
    } while (tv_key_try_again(&tries, &status));
    return status;
}

// `length` bytes as base64url, NUL-terminated, or NULL.
static char *bytes_text(const unsigned char *bytes, size_t length) {
    char *text = malloc(TV_BASE64URL_ENCODED_LENGTH(length) + 1);
    if (text) {
        tv_base64url_encode(bytes, length, text);
        text[TV_BASE64URL_ENCODED_LENGTH(length)] = '\0';
    }
    return text;
}

// One of the key's numbers as text: with as many bytes as it needs (RFC 7518 section 2), or with
// exactly `size` (section 6.2.1.2). NULL if there is no memory.
static char *number_text(const EVP_PKEY *public_key, const char *parameter, size_t size) {
    BIGNUM *number = NULL;
    if (!EVP_PKEY_get_bn_param(public_key, parameter, &number))
        return NULL;
    size_t length = size > 0 ? size : (size_t)BN_num_bytes(number);
    unsigned char *bytes = malloc(length);
    char *text = NULL;
    if (bytes && BN_bn2binpad(number, bytes, (int)length) >= 0)
        text = bytes_text(bytes, length);
    free(bytes);
    BN_free(number);
    return text;
}

static char *raw_text(const EVP_PKEY *public_key) {
    unsigned char bytes[TV_CURVE_MAX_SIZE];
    size_t length = sizeof bytes;
    return EVP_PKEY_get_raw_public_key(public_key, bytes, &length) ? bytes_text(bytes, length)
                                                                   : NULL;
}

// The members in RFC 7638's order, without white space: a JWK, and what a thumbprint is taken of.
static char *format_jwk(const char *format, const char *a, const char *b, const char *c) {
    size_t size = strlen(format) + strlen(a) + strlen(b) + (c ? strlen(c) : 0) + 1;
    char *made = malloc(size);
    if (made)
        snprintf(made, size, format, a, b, c); // NOLINT(clang-diagnostic-format-nonliteral)
    return made;
}

enum tv_status tv_key_jwk(const struct tv_key *key, char **text, size_t *length) {
    char *first = NULL, *second = NULL, *made = NULL;
    const EVP_PKEY *public_key = key->public_key;
    ERR_set_mark();
    const char *curve = tv_key_curve(key);
    switch (key->type) {
    case TV_KEY_RSA:
        first = number_text(public_key, OSSL_PKEY_PARAM_RSA_E, 0);
        second = number_text(public_key, OSSL_PKEY_PARAM_RSA_N, 0);
        if (first && second)
            made = format_jwk("{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", first, second, NULL);
        break;
    case TV_KEY_EC: {
        size_t size = tv_curve_size(key->curve);
        first = number_text(public_key, OSSL_PKEY_PARAM_EC_PUB_X, size);
        second = number_text(public_key, OSSL_PKEY_PARAM_EC_PUB_Y, size);
        if (first && second)
            made = format_jwk("{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", curve,
                              first, second);
        break;
    }
    case TV_KEY_OKP:
        first = raw_text(public_key);
        if (first)
            made = format_jwk("{\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"}", curve, first, NULL);
        break;
    case TV_KEY_SECRET:
        break;
    }
    ERR_pop_to_mark();
    free(second);
    free(first);
    if (!made)
        return key->type == TV_KEY_SECRET ? TV_UNSUPPORTED_KEY : TV_NO_MEMORY;
    *text = made;
    *length = strlen(made);
    return TV_OK;
}

enum tv_status tv_key_thumbprint(const struct tv_key *key, char **text, size_t *length) {
    char *jwk = NULL;
    size_t jwk_length;
    enum tv_status status = tv_key_jwk(key, &jwk, &jwk_length);
    if (status != TV_OK)
        return status;
    unsigned char hash[TV_SHA256_SIZE];
    status = tv_sha256((struct tv_span){jwk, jwk_length}, hash);
    free(jwk);
    if (status != TV_OK)
        return status;
    char *made = malloc(TV_BASE64URL_ENCODED_LENGTH(sizeof hash));
    if (!made)
        return TV_NO_MEMORY;
    tv_base64url_encode(hash, sizeof hash, made);
    *text = made;
    *length = TV_BASE64URL_ENCODED_LENGTH(sizeof hash);
    return TV_OK;
}
