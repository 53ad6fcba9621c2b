// SPDX-License-Identifier: MIT
// Makes tokens for the tests: parts joined, and signed with OpenSSL.
#pragma once

#include "check.h"

#include "base/base64url.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#define TOKEN_SIZE ((size_t)64 * 1024)

struct token {
    char text[TOKEN_SIZE];
    size_t length;
};

static inline void token_add(struct token *token, const void *bytes, size_t length) {
    if (token->length + TV_BASE64URL_ENCODED_LENGTH(length) + 1 >= TOKEN_SIZE)
        check_abort("token_add: too long");
    tv_base64url_encode(bytes, length, token->text + token->length);
    token->length += TV_BASE64URL_ENCODED_LENGTH(length);
    token->text[token->length] = '\0';
}

static inline void token_add_dot(struct token *token) {
    token->text[token->length++] = '.';
    token->text[token->length] = '\0';
}

// header "." payload
static inline void token_begin(struct token *token, struct tv_span header, struct tv_span payload) {
    token->length = 0;
    token_add(token, header.data, header.length);
    token_add_dot(token);
    token_add(token, payload.data, payload.length);
}

static inline void token_end(struct token *token, const void *signature, size_t length) {
    token_add_dot(token);
    token_add(token, signature, length);
}

static inline EVP_PKEY *token_private_key(const char *path) {
    FILE *file = fopen(path, "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
    if (!key)
        check_abort("%s cannot be read (the tests run in the project's top folder)", path);
    fclose(file);
    return key;
}

// "SHA256" of "HS256".
static inline const EVP_MD *token_digest(const char *algorithm) {
    char name[] = "SHA000";
    memcpy(name + 3, algorithm + 2, 3);
    return EVP_get_digestbyname(name);
}

// The signature of `input`: by `secret` for an HS algorithm, else by `private_key`.
static inline size_t token_sign_bytes(const char *algorithm, struct tv_span secret,
                                      EVP_PKEY *private_key, struct tv_span input,
                                      unsigned char signature[2048]) {
    size_t length = 2048;
    const EVP_MD *digest = token_digest(algorithm);
    if (algorithm[0] == 'H') {
        unsigned int hmac_length;
        if (!HMAC(digest, secret.data, (int)secret.length, (const unsigned char *)input.data,
                  input.length, signature, &hmac_length))
            check_abort("HMAC");
        return hmac_length;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(context, NULL, digest, NULL, private_key) != 1 ||
        EVP_DigestSign(context, signature, &length, (const unsigned char *)input.data,
                       input.length) != 1)
        check_abort("EVP_DigestSign");
    EVP_MD_CTX_free(context);
    return length;
}

static inline void token_sign(struct token *token, const char *algorithm, struct tv_span secret,
                              EVP_PKEY *private_key) {
    unsigned char signature[2048];
    struct tv_span input = {token->text, token->length};
    size_t length = token_sign_bytes(algorithm, secret, private_key, input, signature);
    token_end(token, signature, length);
}
