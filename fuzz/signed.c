// SPDX-License-Identifier: MIT
// Reads fuzz/signed/.
#include "signed.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define FOLDER "fuzz/signed/"

static char *read_file(const char *file, size_t *length) {
    char path[256];
    snprintf(path, sizeof path, FOLDER "%s", file);
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        fprintf(stderr, "%s cannot be read: run this in the project's top folder\n", path);
        exit(2);
    }
    size_t room = (size_t)1 << 20;
    char *text = fuzz_malloc(room);
    *length = fread(text, 1, room - 1, stream);
    text[*length] = '\0';
    fclose(stream);
    return text;
}

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

// The key of this file, read if it is new.
static const struct signed_key *key_of(struct signed_seeds *seeds, const char *file) {
    for (size_t i = 0; i < seeds->key_count; i++)
        if (strcmp(seeds->keys[i].file, file) == 0)
            return &seeds->keys[i];
    MUST(seeds->key_count < SIGNED_MAX);
    struct signed_key *made = &seeds->keys[seeds->key_count++];
    made->file = strdup(file);
    made->text = read_file(file, &made->length);
    made->is_secret = ends_with(file, ".secret") || ends_with(file, ".oct.jwk");
    struct tv_detail detail = {0};
    enum tv_status status = made->is_secret
                                ? tv_key_from_secret(made->text, made->length, &made->key, &detail)
                                : tv_key_load(made->text, made->length, &made->key, &detail);
    if (status != TV_OK) {
        fprintf(stderr, FOLDER "%s is no key: %s\n", file, tv_status_code(status));
        exit(2);
    }
    return made;
}

// Lines of a key's file and a token; returns how many.
static size_t read_tokens(struct signed_seeds *seeds, const char *file,
                          struct signed_token tokens[SIGNED_MAX]) {
    size_t length, count = 0;
    char *rest = NULL, *text = read_file(file, &length); // the tokens point into it
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *space = strchr(line, ' ');
        MUST(space && count < SIGNED_MAX);
        *space = '\0';
        tokens[count++] = (struct signed_token){key_of(seeds, line), tv_span_of(space + 1)};
    }
    return count;
}

const struct signed_seeds *signed_seeds(void) {
    static struct signed_seeds seeds;
    if (seeds.key_count == 0) {
        seeds.token_count = read_tokens(&seeds, "tokens.txt", seeds.tokens);
        seeds.forged_count = read_tokens(&seeds, "forged.txt", seeds.forged);
    }
    return &seeds;
}

size_t signed_hmac(const char *algorithm, struct tv_span secret, struct tv_span input,
                   unsigned char mac[64]) {
    const EVP_MD *digest = strcmp(algorithm, "HS512") == 0   ? EVP_sha512()
                           : strcmp(algorithm, "HS384") == 0 ? EVP_sha384()
                                                             : EVP_sha256();
    unsigned int length = 0;
    MUST(HMAC(digest, secret.data, (int)secret.length, (const unsigned char *)input.data,
              input.length, mac, &length));
    return length;
}
