// SPDX-License-Identifier: MIT
// What is secret is nowhere in the memory that our objects free, nor on the stack they leave.
#pragma once

#include "shortage.h"

#include "base/base64url.h"
#include "keys/key_generate.h"
#include "keys/key_internal.h"

// A secret in one spelling.
struct needle {
    const char *name;
    unsigned char bytes[512];
    size_t length;
};

#define NEEDLES 3

static bool is_in(const void *memory, size_t size, const struct needle *needle) {
    return needle->length > 0 && memmem(memory, size, needle->bytes, needle->length) != NULL;
}

#if defined __SANITIZE_ADDRESS__ // which has stacks of its own, and forbids to look
static bool is_on_stack(const struct needle *needle) {
    (void)needle;
    return false;
}
#else
// Where the functions that have returned had their variables.
__attribute__((noinline)) static bool is_on_stack(const struct needle *needle) {
    unsigned char left[48 * 1024];
    __asm__ volatile("" : : "r"(left) : "memory");
    return is_in(left, sizeof left, needle);
}
#endif

static struct needle looked_for[NEEDLES];

static void on_free(const void *memory, size_t size) {
    for (size_t i = 0; i < NEEDLES; i++)
        CHECK(!is_in(memory, size, &looked_for[i]), looked_for[i].name);
}

static void set_needle(struct needle *needle, const char *name, const void *bytes, size_t length) {
    needle->name = name;
    needle->length = length < sizeof needle->bytes ? length : sizeof needle->bytes;
    if (needle->length > 0)
        memcpy(needle->bytes, bytes, needle->length);
}

static void check_stack(const char *name) {
    for (size_t i = 0; i < NEEDLES; i++)
        CHECK(!is_on_stack(&looked_for[i]), name);
}

// Loads what `load` makes of a text, and writes both private forms of it if it has them.
static void check_wiped(const char *name, const char *bytes, size_t length,
                        enum tv_status (*load)(const char *, size_t, struct tv_key **,
                                               struct tv_detail *)) {
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    shortage.on_free = on_free;
    load(bytes, length, &key, &detail);
    check_stack(name);
    if (key && tv_key_pair(key)) {
        char *text = NULL;
        size_t ignored;
        tv_key_private_pem(key, &text, &ignored);
        tv_key_free_private(text);
        check_stack(name);
        tv_key_private_jwk(key, &text, &ignored);
        tv_key_free_private(text);
        check_stack(name);
    }
    tv_key_free(key);
    shortage.on_free = NULL;
}

// The text of a secret, as it is or in base64, or a JWK of it.
static void check_secret_wiped(const char *name, const char *text, size_t length,
                               struct tv_span secret) {
    char encoded[TV_BASE64URL_ENCODED_LENGTH(64)];
    unsigned char decoded[TV_BASE64URL_DECODED_SIZE(64)];
    size_t encoded_length = TV_BASE64URL_ENCODED_LENGTH(secret.length), decoded_length = 0;
    tv_base64url_encode((const unsigned char *)secret.data, secret.length, encoded);
    bool is_base64 = secret.data[secret.length - 1] == '=';
    while (secret.data[secret.length - 1] == '=')
        secret.length--;
    if (is_base64)
        tv_base64url_decode(secret.data, secret.length, decoded, &decoded_length);
    set_needle(&looked_for[0], "the secret", secret.data, secret.length);
    set_needle(&looked_for[1], "the secret's k", encoded, encoded_length);
    set_needle(&looked_for[2], "the secret's bytes", decoded, decoded_length);
    check_wiped(name, text, length, tv_key_from_secret);
}

// The private number of a key pair: as it stands in its JWK, and its bytes.
static void set_private_number(const struct tv_key *key) {
    char *jwk;
    size_t length;
    if (tv_key_private_jwk(key, &jwk, &length) != TV_OK)
        check_abort("no private JWK");
    const char *text = strstr(jwk, "\"d\":\"") + 5;
    unsigned char bytes[2048];
    size_t text_length = strcspn(text, "\"");
    set_needle(&looked_for[0], "d", text, text_length);
    if (tv_base64url_decode(text, text_length, bytes, &length) != TV_OK)
        check_abort("no private number");
    set_needle(&looked_for[1], "the bytes of d", bytes, length);
    OPENSSL_cleanse(bytes, sizeof bytes);
    tv_key_free_private(jwk);
}

// Before anything else stands where the function had its variables.
static void check_jwk_pair(const char *name, const char *text, size_t length) {
    struct tv_arena arena;
    struct tv_detail detail = {0};
    yyjson_val *jwk;
    EVP_PKEY *pair = NULL;
    if (tv_json_parse_copy(text, length, TV_MALFORMED_KEY, TV_SUBJECT_JWK, &arena, &jwk, &detail) !=
        TV_OK)
        check_abort("no JWK");
    tv_key_jwk_pair(jwk, &pair, &detail);
    check_stack(name);
    EVP_PKEY_free(pair);
    tv_key_wipe(&arena);
}

// The PEM or JWK of a key pair.
static void check_pair_wiped(const char *name, const char *text, size_t length,
                             const struct tv_key *key) {
    set_private_number(key);
    const char *line = text[0] == '{' ? NULL : strchr(text, '\n') + 1;
    set_needle(&looked_for[2], "a line of the PEM", line, line ? strcspn(line, "\n") : 0);
    check_wiped(name, text, length, tv_key_load_private);
    check_wiped(name, text, length, tv_key_load);
    if (!line)
        check_jwk_pair(name, text, length);
}
