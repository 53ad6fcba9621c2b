// SPDX-License-Identifier: MIT
// Shared secrets, also from JWKs. Refuses template left-overs, and public keys, which everybody may
// have.
#include "keys/key_internal.h"

#include "base/base64url.h"
#include "base/json.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

// What manuals and templates write where a value belongs: these around a name of these characters.
static const struct {
    const char *before, *after, *name;
} placeholders[] = {
    {"<", ">", UPPER LOWER "_-. "}, // <app_secret>
    {"{", "}", UPPER LOWER "_-"},   // {tenantid}
    {"%", "%", UPPER DIGITS "_"},   // %JWT_APP_SECRET%
    {"$", "", UPPER DIGITS "_"},    // $JWT_APP_SECRET
    {"$(", ")", UPPER DIGITS "_"},  // $(JWT_APP_SECRET)
    {"__", "__", UPPER DIGITS "_"}, // __JWT_APP_SECRET__
    {"@", "@", UPPER DIGITS "_"},   // @JWT_APP_SECRET@
    {"ENV_", "", UPPER DIGITS "_"}, // Prosody's name of a variable, in quotes
};

static bool is_name(struct tv_span text, const char *characters) {
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] == '\0' || !strchr(characters, text.data[i]))
            return false;
    return text.length > 0 && !strchr(DIGITS, text.data[0]);
}

static bool is_placeholder(struct tv_span text) {
    for (size_t i = 0; i < sizeof placeholders / sizeof placeholders[0]; i++) {
        struct tv_span before = tv_span_of(placeholders[i].before);
        struct tv_span after = tv_span_of(placeholders[i].after);
        if (text.length <= before.length + after.length || !tv_span_starts_with(text, before))
            continue;
        struct tv_span name = {text.data + before.length,
                               text.length - before.length - after.length};
        struct tv_span end = {name.data + name.length, after.length};
        if (tv_span_equal(end, after) && is_name(name, placeholders[i].name))
            return true;
    }
    return false;
}

// How programs print that there is no value.
static const char *const nothings[] = {"null", "NULL", "undefined", "None", "nil"};

// What container images and deployment templates write where a value is missing.
static bool is_template_left_over(struct tv_span text) {
    for (size_t i = 0; i < sizeof nothings / sizeof nothings[0]; i++)
        if (tv_span_equal(text, tv_span_of(nothings[i])))
            return true;
    return tv_span_starts_with(text, TV_SPAN("{{")) || tv_span_starts_with(text, TV_SPAN("${")) ||
           is_placeholder(text);
}

static enum tv_status fail(struct tv_detail *detail, enum tv_reason reason) {
    return tv_key_fail(detail, TV_WEAK_SECRET, reason, NULL);
}

static enum tv_status check_bytes(struct tv_span text, struct tv_detail *detail) {
    if (text.length == 0)
        return fail(detail, TV_REASON_EMPTY);
    if (is_template_left_over(text))
        return fail(detail, TV_REASON_TEMPLATE);
    if (tv_key_has_public_mark(text))
        return fail(detail, TV_REASON_PUBLIC);
    // A JWK that is none: with text around it, in a list, damaged.
    if (tv_span_contains(text, TV_SPAN("\"kty\"")))
        return fail(detail, TV_REASON_JSON);
    if (text.length > TV_KEY_MAX_LENGTH)
        return tv_key_fail_length(detail, TV_WEAK_SECRET, text.length);
    bool is_published;
    enum tv_status status = tv_key_is_published(text, &is_published);
    return status == TV_OK && is_published ? fail(detail, TV_REASON_PUBLIC) : status;
}

static enum tv_status decode_secret(yyjson_val *jwk, char **secret, size_t *secret_length,
                                    struct tv_detail *detail) {
    yyjson_val *value = tv_json_member(jwk, TV_SPAN("k"));
    detail->subject = TV_SUBJECT_K;
    if (!yyjson_is_str(value))
        return fail(detail, TV_REASON_MISSING);
    struct tv_span text = tv_json_string(value);
    unsigned char *bytes = malloc(TV_BASE64URL_DECODED_SIZE(text.length));
    if (!bytes)
        return TV_NO_MEMORY;
    if (tv_base64url_decode(text.data, text.length, bytes, secret_length) != TV_OK) {
        free(bytes);
        return fail(detail, TV_REASON_BASE64URL);
    }
    detail->subject = TV_SUBJECT_NONE;
    *secret = (char *)bytes;
    return TV_OK;
}

static enum tv_status read_secret(yyjson_val *jwk, struct tv_key_limits *limits, char **secret,
                                  size_t *secret_length, struct tv_detail *detail) {
    yyjson_val *type = tv_json_member(jwk, TV_SPAN("kty"));
    if (!type && !tv_json_member(jwk, TV_SPAN("keys")) && !tv_key_is_bare_rsa(jwk))
        return TV_OK; // JSON, but no JWK
    if (!yyjson_equals_str(type, "oct"))
        return fail(detail, TV_REASON_PUBLIC);
    // Who can verify with a secret can also sign, so either operation allows both.
    enum tv_status status = tv_key_read_limits(jwk, true, limits, detail);
    return status == TV_OK ? decode_secret(jwk, secret, secret_length, detail) : TV_WEAK_SECRET;
}

// The secret of an "oct" JWK as fresh bytes, and what it may be used for into `limits`;
// or nothing if the text is no JWK and so means itself. TV_WEAK_SECRET for a JWK (or JWK
// Set) that is no good secret: another kty, a member twice, k not there or not base64url.
static enum tv_status decode_jwk(const char *text, size_t length, struct tv_key_limits *limits,
                                 char **secret, size_t *secret_length, struct tv_detail *detail) {
    if (!tv_key_looks_like_json(text, length) || length > TV_KEY_MAX_LENGTH)
        return TV_OK;
    struct tv_arena arena;
    yyjson_val *jwk;
    struct tv_detail problem = {0};
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, TV_SUBJECT_JWK, &arena, &jwk, &problem);
    if (status == TV_OK) {
        status = read_secret(jwk, limits, secret, secret_length, detail);
    } else if (problem.reason == TV_REASON_JSON) {
        status = TV_OK; // a secret that begins with a brace
    } else if (status != TV_NO_MEMORY) {
        status = fail(detail, TV_REASON_DUPLICATE);
    }
    tv_key_wipe(&arena);
    return status;
}

static enum tv_status wrap_secret(const char *bytes, size_t length, struct tv_key **key,
                                  struct tv_detail *detail) {
    enum tv_status status = check_bytes((struct tv_span){bytes, length}, detail);
    if (status != TV_OK)
        return status;
    struct tv_key *made = tv_key_new(TV_KEY_SECRET);
    char *copy = malloc(length);
    if (!made || !copy) {
        free(copy);
        tv_key_free(made);
        return TV_NO_MEMORY;
    }
    memcpy(copy, bytes, length);
    made->secret = copy;
    made->secret_length = length;
    *key = made;
    return TV_OK;
}

enum tv_status tv_key_from_secret(const char *bytes, size_t length, struct tv_key **key,
                                  struct tv_detail *detail) {
    struct tv_key_limits limits = {0};
    char *secret = NULL;
    size_t secret_length = 0;
    enum tv_status status = decode_jwk(bytes, length, &limits, &secret, &secret_length, detail);
    if (status != TV_OK)
        return status;
    if (!secret)
        return wrap_secret(bytes, length, key, detail);
    status = wrap_secret(secret, secret_length, key, detail);
    if (status == TV_OK)
        (*key)->limits = limits;
    OPENSSL_cleanse(secret, secret_length);
    free(secret);
    return status;
}

enum tv_status tv_key_load_any(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    enum tv_status status = tv_key_load_with(text, length, rsa_min_bits, key, detail);
    if (status != TV_UNSUPPORTED_KEY || !tv_key_looks_like_json(text, length))
        return status;
    struct tv_detail secret_detail = {0};
    enum tv_status secret_status = tv_key_from_secret(text, length, key, &secret_detail);
    if (secret_status == TV_WEAK_SECRET && secret_detail.reason == TV_REASON_PUBLIC)
        return status; // of yet another type
    *detail = secret_detail;
    return secret_status;
}
