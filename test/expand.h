// SPDX-License-Identifier: MIT
// Keys of the vectors put into the JSON of a table's line.
#pragma once

#include "check.h"

#include "keys/key.h"

#define EXPANDED_SIZE ((size_t)192 * 1024)

static inline struct tv_key *expand_load(const char *file) {
    char path[128];
    snprintf(path, sizeof path, "test/vectors/keys/%s", file);
    size_t length;
    char *text = check_read_file(path, &length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    if (tv_key_load(text, length, &key, &detail) != TV_OK)
        check_abort("%s cannot be loaded", file);
    free(text);
    return key;
}

// The members of a key's JWK, without the braces.
static inline size_t expand_jwk(const char *file, char *out, size_t size) {
    struct tv_key *key = expand_load(file);
    char *jwk;
    size_t length;
    if (tv_key_jwk(key, &jwk, &length) != TV_OK || length >= size)
        check_abort("no JWK of %s", file);
    memcpy(out, jwk + 1, length - 2);
    free(jwk);
    tv_key_free(key);
    return length - 2;
}

// A file's text inside a JSON string, or, with `only_base64`, what stands between its markers.
static inline size_t expand_text(const char *file, bool only_base64, char *out, size_t size) {
    char path[128];
    snprintf(path, sizeof path, "test/vectors/keys/%s", file);
    size_t length, used = 0;
    char *text = check_read_file(path, &length);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        if (!only_base64 || line[0] != '-')
            used +=
                (size_t)snprintf(out + used, size - used, "%s%s", line, only_base64 ? "" : "\\n");
    free(text);
    return used;
}

// `text` with, in place of: $R and $S, the members of an RSA JWK (rsa.pem, other.pem); $E of an EC
// one (ec.pem); $O of an OKP one (ed25519.pem); $C, the certificate of rsa.pem in a string; $B, its
// DER as base64. The caller frees it.
static inline char *expand(const char *text) {
    char *out = check_malloc(EXPANDED_SIZE);
    size_t used = 0;
    for (; *text; text++) {
        if (used + 4096 > EXPANDED_SIZE)
            check_abort("expand: too long");
        if (*text != '$') {
            out[used++] = *text;
            continue;
        }
        char *at = out + used;
        size_t left = EXPANDED_SIZE - used;
        switch (*++text) {
        case 'R':
            used += expand_jwk("rsa.pem", at, left);
            break;
        case 'S':
            used += expand_jwk("other.pem", at, left);
            break;
        case 'E':
            used += expand_jwk("ec.pem", at, left);
            break;
        case 'O':
            used += expand_jwk("ed25519.pem", at, left);
            break;
        case 'C':
            used += expand_text("rsa.certificate.pem", false, at, left);
            break;
        case 'B':
            used += expand_text("rsa.certificate.pem", true, at, left);
            break;
        default:
            check_abort("expand: $%c", *text);
        }
    }
    out[used] = '\0';
    return out;
}
