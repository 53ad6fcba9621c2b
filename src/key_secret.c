// SPDX-License-Identifier: MIT
// Shared secrets: those of JWKs, and which texts are none, as nobody gave them or everybody may
// have them.
#include "key_internal.h"

#include "base64url.h"
#include "json.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>

static bool starts_with(struct tv_span text, struct tv_span prefix) {
    return text.length >= prefix.length && memcmp(text.data, prefix.data, prefix.length) == 0;
}

static bool contains(struct tv_span text, struct tv_span part) {
    return memmem(text.data, text.length, part.data, part.length) != NULL;
}

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// What container images and deployment templates write where a value was not given.
static bool is_template_left_over(struct tv_span text) {
    return tv_span_equal(text, TV_SPAN("<no value>")) || starts_with(text, TV_SPAN("{{")) ||
           starts_with(text, TV_SPAN("${"));
}

// Whoever has the public key could sign with it: RFC 8725 section 2.1, without even a choice of
// alg. PEM, also of kinds that are not loaded as keys, and what SSH writes.
static bool has_public_key(struct tv_span text) {
    const struct tv_span marks[] = {
        TV_SPAN(" PUBLIC KEY-----"),          TV_SPAN(" CERTIFICATE-----"),
        TV_SPAN(" CERTIFICATE REQUEST-----"), TV_SPAN("-----BEGIN PKCS7-----"),
        TV_SPAN(" PUBLIC KEY ----"),          TV_SPAN("ssh-rsa AAAA"),
        TV_SPAN("ssh-ed25519 AAAA"),          TV_SPAN("ecdsa-sha2-nistp")};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (contains(text, marks[i]))
            return true;
    return false;
}

// Each try by itself, since OpenSSL's queue has room for sixteen errors, the server's among them.
static bool is_public_der(const unsigned char *der, size_t length) {
    ERR_set_mark();
    bool is_judged;
    EVP_PKEY *public_key = tv_key_decode_der(der, length, &is_judged);
    ERR_pop_to_mark();
    ERR_set_mark();
    const unsigned char *end = der;
    X509 *certificate = d2i_X509(NULL, &end, (long)length);
    ERR_pop_to_mark();
    bool is = public_key || (certificate && end == der + length);
    EVP_PKEY_free(public_key);
    X509_free(certificate);
    return is;
}

// Base64 of DER as it stands between a PEM's lines, in one piece or in several. Some consoles show
// a public key so.
static enum tv_status check_base64(struct tv_span text) {
    size_t size = text.length + TV_BASE64URL_DECODED_SIZE(text.length);
    char *written = malloc(size);
    if (!written)
        return TV_NO_MEMORY;
    unsigned char *der = (unsigned char *)written + text.length;
    size_t count = 0, length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!is_space(c) && c != '=')
            written[count++] = (char)(c == '+' ? '-' : c == '/' ? '_' : c);
    }
    bool is_public =
        tv_base64url_decode(written, count, der, &length) == TV_OK && is_public_der(der, length);
    OPENSSL_cleanse(written, size); // what was decoded before it failed too
    free(written);
    return is_public ? TV_WEAK_SECRET : TV_MALFORMED_KEY;
}

// TV_WEAK_SECRET for the DER of a public key or certificate, with or without white space around it;
// TV_MALFORMED_KEY for anything else.
static enum tv_status check_der(struct tv_span text) {
    const unsigned char *der = (const unsigned char *)text.data;
    if (text.data[0] == DER_SEQUENCE && is_public_der(der, text.length))
        return TV_WEAK_SECRET;
    while (text.length > 1 && is_space(text.data[text.length - 1]))
        text.length--;
    if (text.data[0] == DER_SEQUENCE)
        return is_public_der(der, text.length) ? TV_WEAK_SECRET : TV_MALFORMED_KEY;
    while (text.length > 1 && is_space(text.data[0])) {
        text.data++;
        text.length--;
    }
    // A SEQUENCE in base64.
    return text.data[0] == 'M' ? check_base64(text) : TV_MALFORMED_KEY;
}

static enum tv_status fail(struct tv_detail *detail, enum tv_reason reason) {
    detail->reason = reason;
    return TV_WEAK_SECRET;
}

enum tv_status tv_key_check_secret(struct tv_span text, struct tv_detail *detail) {
    if (text.length == 0)
        return fail(detail, TV_REASON_EMPTY);
    if (is_template_left_over(text))
        return fail(detail, TV_REASON_TEMPLATE);
    if (has_public_key(text))
        return fail(detail, TV_REASON_PUBLIC);
    // A JWK that is none: with text around it, in a list, damaged.
    if (contains(text, TV_SPAN("\"kty\"")))
        return fail(detail, TV_REASON_JSON);
    if (text.length > TV_KEY_MAX_LENGTH) {
        detail->number = (double)text.length;
        detail->limit = (double)TV_KEY_MAX_LENGTH;
        return fail(detail, TV_REASON_LENGTH);
    }
    enum tv_status status;
    struct tv_memory_tries tries = {0};
    do
        status = check_der(text);
    while (tv_key_try_again(&tries, &status));
    if (status == TV_WEAK_SECRET)
        return fail(detail, TV_REASON_PUBLIC);
    return status == TV_MALFORMED_KEY ? TV_OK : status;
}

static enum tv_status decode_secret(yyjson_val *jwk, char **secret, size_t *secret_length,
                                    struct tv_detail *detail) {
    yyjson_val *value = tv_json_member(jwk, TV_SPAN("k"));
    if (!yyjson_is_str(value)) {
        detail->reason = TV_REASON_MISSING;
        return TV_WEAK_SECRET;
    }
    struct tv_span text = tv_json_string(value);
    unsigned char *bytes = malloc(TV_BASE64URL_DECODED_SIZE(text.length));
    if (!bytes)
        return TV_NO_MEMORY;
    if (tv_base64url_decode(text.data, text.length, bytes, secret_length) != TV_OK) {
        free(bytes);
        detail->reason = TV_REASON_BASE64URL;
        return TV_WEAK_SECRET;
    }
    *secret = (char *)bytes;
    return TV_OK;
}

static enum tv_status read_secret(yyjson_val *jwk, struct tv_key *limits, char **secret,
                                  size_t *secret_length, struct tv_detail *detail) {
    yyjson_val *type = tv_json_member(jwk, TV_SPAN("kty"));
    if (!type && !tv_json_member(jwk, TV_SPAN("keys")))
        return TV_OK; // JSON, but no JWK
    if (!yyjson_equals_str(type, "oct")) {
        detail->reason = TV_REASON_PUBLIC;
        return TV_WEAK_SECRET;
    }
    limits->was_private = true; // whoever may check with it may sign: "sign" allows both
    enum tv_status status = tv_key_read_limits(jwk, limits, detail);
    return status == TV_OK ? decode_secret(jwk, secret, secret_length, detail) : TV_WEAK_SECRET;
}

enum tv_status tv_key_decode_jwk_secret(const char *text, size_t length, struct tv_key *limits,
                                        char **secret, size_t *secret_length,
                                        struct tv_detail *detail) {
    *secret = NULL;
    if (!tv_key_looks_like_json(text, length) || length > TV_KEY_MAX_LENGTH)
        return TV_OK;
    struct tv_arena arena;
    yyjson_val *jwk;
    struct tv_detail problem = {0};
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, "JWK", &arena, &jwk, &problem);
    if (status == TV_OK) {
        status = read_secret(jwk, limits, secret, secret_length, detail);
    } else if (problem.reason == TV_REASON_JSON) {
        status = TV_OK; // a secret that begins with a brace
    } else if (status != TV_NO_MEMORY) {
        detail->reason = TV_REASON_DUPLICATE;
        status = TV_WEAK_SECRET;
    }
    tv_key_wipe(&arena);
    return status;
}
