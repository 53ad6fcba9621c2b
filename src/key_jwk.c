// SPDX-License-Identifier: MIT
// Keys from JWKs (RFC 7517, RFC 7518 section 6, RFC 8037), and back; thumbprints (RFC 7638).
#include "key_internal.h"

#include "base64url.h"
#include "json.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

// Bytes of the largest coordinate (P-521).
#define COORDINATE_MAX 66

static enum tv_status fail_member(struct tv_detail *detail, enum tv_status status,
                                  const char *member, enum tv_reason reason, yyjson_val *value) {
    detail->subject = member;
    detail->reason = reason;
    detail->text = value ? tv_json_type_name(value) : NULL;
    if (yyjson_is_str(value))
        detail->found = tv_json_string(value);
    return status;
}

// The string member `name`, which must be there.
static enum tv_status required_string(yyjson_val *jwk, const char *name, struct tv_span *text,
                                      struct tv_detail *detail) {
    yyjson_val *value = tv_json_member(jwk, tv_span_of(name));
    if (!value)
        return fail_member(detail, TV_MALFORMED_KEY, name, TV_REASON_MISSING, NULL);
    if (!yyjson_is_str(value))
        return fail_member(detail, TV_MALFORMED_KEY, name, TV_REASON_TYPE, value);
    *text = tv_json_string(value);
    return TV_OK;
}

// A Base64urlUInt member (RFC 7518 section 2) as a number the caller frees.
static enum tv_status read_number(yyjson_val *jwk, const char *name, BIGNUM **number,
                                  struct tv_detail *detail) {
    struct tv_span text;
    enum tv_status status = required_string(jwk, name, &text, detail);
    if (status != TV_OK)
        return status;
    unsigned char *bytes = malloc(TV_BASE64URL_DECODED_SIZE(text.length));
    if (!bytes)
        return TV_NO_MEMORY;
    size_t length;
    status = tv_base64url_decode(text.data, text.length, bytes, &length);
    if (status != TV_OK || length == 0) {
        detail->subject = name;
        detail->reason = status != TV_OK ? TV_REASON_BASE64URL : TV_REASON_EMPTY;
        status = TV_MALFORMED_KEY;
    } else {
        *number = BN_bin2bn(bytes, (int)length, NULL);
        status = *number ? TV_OK : TV_NO_MEMORY;
    }
    free(bytes);
    return status;
}

// Makes a public key of OpenSSL's type `type` from the builder's parameters.
static enum tv_status make_public(const char *type, OSSL_PARAM_BLD *builder,
                                  EVP_PKEY **public_key) {
    enum tv_status status = TV_NO_MEMORY;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (parameters && context)
        status =
            EVP_PKEY_fromdata_init(context) == 1 &&
                    EVP_PKEY_fromdata(context, public_key, EVP_PKEY_PUBLIC_KEY, parameters) == 1
                ? TV_OK
                : TV_CRYPTO_FAILURE;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return status;
}

// RFC 7518 section 6.3.1.
static enum tv_status make_rsa(yyjson_val *jwk, EVP_PKEY **public_key, struct tv_detail *detail) {
    BIGNUM *modulus = NULL, *exponent = NULL;
    OSSL_PARAM_BLD *builder = NULL;
    enum tv_status status = read_number(jwk, "n", &modulus, detail);
    if (status == TV_OK)
        status = read_number(jwk, "e", &exponent, detail);
    if (status != TV_OK)
        goto out;
    builder = OSSL_PARAM_BLD_new();
    status = TV_NO_MEMORY;
    if (builder && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent))
        status = make_public("RSA", builder, public_key);
out:
    OSSL_PARAM_BLD_free(builder);
    BN_free(exponent);
    BN_free(modulus);
    return status;
}

// The member's bytes into `out`, of which there must be exactly `length`.
static enum tv_status read_fixed(yyjson_val *jwk, const char *name, unsigned char *out,
                                 size_t length, struct tv_detail *detail) {
    struct tv_span text;
    enum tv_status status = required_string(jwk, name, &text, detail);
    if (status != TV_OK)
        return status;
    unsigned char bytes[TV_BASE64URL_DECODED_SIZE(COORDINATE_MAX * 2)];
    size_t found = 0;
    if (text.length <= (size_t)COORDINATE_MAX * 2)
        status = tv_base64url_decode(text.data, text.length, bytes, &found);
    if (status != TV_OK || found != length) {
        detail->subject = name;
        detail->reason = status != TV_OK ? TV_REASON_BASE64URL : TV_REASON_FIELD_LENGTH;
        detail->limit = (double)length;
        return TV_MALFORMED_KEY;
    }
    memcpy(out, bytes, length);
    return TV_OK;
}

// RFC 7518 section 6.2.1: both coordinates with as many bytes as the curve's field.
static enum tv_status make_ec(yyjson_val *jwk, EVP_PKEY **public_key, struct tv_detail *detail) {
    static const struct {
        struct tv_span curve;
        const char *group;
        size_t size;
    } curves[] = {
        {{"P-256", 5}, "P-256", 32}, {{"P-384", 5}, "P-384", 48}, {{"P-521", 5}, "P-521", 66}};
    struct tv_span curve;
    enum tv_status status = required_string(jwk, "crv", &curve, detail);
    if (status != TV_OK)
        return status;
    size_t i = 0;
    while (i < sizeof curves / sizeof curves[0] && !tv_span_equal(curves[i].curve, curve))
        i++;
    if (i == sizeof curves / sizeof curves[0])
        return fail_member(detail, TV_UNSUPPORTED_KEY, "crv", TV_REASON_CURVE, NULL);

    size_t size = curves[i].size;
    unsigned char point[1 + 2 * COORDINATE_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    status = read_fixed(jwk, "x", point + 1, size, detail);
    if (status == TV_OK)
        status = read_fixed(jwk, "y", point + 1 + size, size, detail);
    if (status != TV_OK)
        return status;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    status = TV_NO_MEMORY;
    if (builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curves[i].group, 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * size))
        status = make_public("EC", builder, public_key);
    OSSL_PARAM_BLD_free(builder);
    if (status != TV_CRYPTO_FAILURE)
        return status;
    detail->reason = TV_REASON_POINT; // what OpenSSL refuses in numbers of the right size
    return TV_WEAK_KEY;
}

// RFC 8037 section 2.
static enum tv_status make_okp(yyjson_val *jwk, EVP_PKEY **public_key, struct tv_detail *detail) {
    struct tv_span curve;
    enum tv_status status = required_string(jwk, "crv", &curve, detail);
    if (status != TV_OK)
        return status;
    bool ed25519 = tv_span_equal(curve, TV_SPAN("Ed25519"));
    if (!ed25519 && !tv_span_equal(curve, TV_SPAN("Ed448")))
        return fail_member(detail, TV_UNSUPPORTED_KEY, "crv", TV_REASON_CURVE, NULL);
    unsigned char bytes[COORDINATE_MAX];
    size_t size = ed25519 ? 32 : 57;
    status = read_fixed(jwk, "x", bytes, size, detail);
    if (status != TV_OK)
        return status;
    *public_key =
        EVP_PKEY_new_raw_public_key(ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_ED448, NULL, bytes, size);
    return *public_key ? TV_OK : TV_CRYPTO_FAILURE;
}

// RFC 7517 section 4.7: where there is a certificate chain, its first is of this very key.
static enum tv_status check_certificate(yyjson_val *jwk, EVP_PKEY *public_key,
                                        struct tv_detail *detail) {
    yyjson_val *chain = tv_json_member(jwk, TV_SPAN("x5c"));
    if (!chain)
        return TV_OK;
    if (!yyjson_is_arr(chain) || !yyjson_is_str(yyjson_arr_get_first(chain)))
        return fail_member(detail, TV_MALFORMED_KEY, "x5c", TV_REASON_TYPE, chain);
    struct tv_span text = tv_json_string(yyjson_arr_get_first(chain));
    unsigned char *der = malloc(text.length + 1); // base64, not base64url: more than it decodes to
    if (!der)
        return TV_NO_MEMORY;
    int length = EVP_DecodeBlock(der, (const unsigned char *)text.data, (int)text.length);
    const unsigned char *at = der;
    X509 *certificate = length > 0 ? d2i_X509(NULL, &at, length) : NULL;
    bool same = certificate && EVP_PKEY_eq(X509_get0_pubkey(certificate), public_key) == 1;
    X509_free(certificate);
    free(der);
    return same ? TV_OK : fail_member(detail, TV_MALFORMED_KEY, "x5c", TV_REASON_CERTIFICATE, NULL);
}

// RFC 7517 section 4.3: whether key_ops allow verifying; a private key's says "sign" instead.
static bool operations_allow(yyjson_val *operations, bool is_private) {
    size_t index, max;
    yyjson_val *operation;
    yyjson_arr_foreach(operations, index, max, operation) {
        if (yyjson_equals_str(operation, "verify") ||
            (is_private && yyjson_equals_str(operation, "sign")))
            return true;
    }
    return false;
}

static enum tv_status read_limits(yyjson_val *jwk, struct tv_key *key, struct tv_detail *detail) {
    yyjson_val *algorithm = tv_json_member(jwk, TV_SPAN("alg"));
    yyjson_val *use = tv_json_member(jwk, TV_SPAN("use"));
    yyjson_val *operations = tv_json_member(jwk, TV_SPAN("key_ops"));
    if (algorithm && !yyjson_is_str(algorithm))
        return fail_member(detail, TV_MALFORMED_KEY, "alg", TV_REASON_TYPE, algorithm);
    if (use && !yyjson_is_str(use))
        return fail_member(detail, TV_MALFORMED_KEY, "use", TV_REASON_TYPE, use);
    if (operations && !yyjson_is_arr(operations))
        return fail_member(detail, TV_MALFORMED_KEY, "key_ops", TV_REASON_TYPE, operations);
    if (algorithm) {
        key->only_algorithm = tv_algorithm_find(tv_json_string(algorithm));
        key->algorithm_unknown = !key->only_algorithm;
    }
    key->not_for_verifying = (use && !yyjson_equals_str(use, "sig")) ||
                             (operations && !operations_allow(operations, key->was_private));
    return TV_OK;
}

enum tv_status tv_key_load_jwk_object(yyjson_val *jwk, struct tv_key **key,
                                      struct tv_detail *detail) {
    static const struct {
        struct tv_span type;
        enum tv_status (*make)(yyjson_val *, EVP_PKEY **, struct tv_detail *);
    } types[] = {{{"RSA", 3}, make_rsa}, {{"EC", 2}, make_ec}, {{"OKP", 3}, make_okp}};
    struct tv_span type;
    enum tv_status status = required_string(jwk, "kty", &type, detail);
    if (status != TV_OK)
        return status;
    size_t i = 0;
    while (i < sizeof types / sizeof types[0] && !tv_span_equal(types[i].type, type))
        i++;
    if (i == sizeof types / sizeof types[0]) // also "oct": a secret never comes as a public key
        return fail_member(detail, TV_UNSUPPORTED_KEY, "kty", TV_REASON_KEY_TYPE,
                           tv_json_member(jwk, TV_SPAN("kty")));
    EVP_PKEY *public_key = NULL;
    struct tv_key *made = NULL;
    status = types[i].make(jwk, &public_key, detail);
    if (status != TV_OK)
        return status;
    status = check_certificate(jwk, public_key, detail);
    if (status != TV_OK) {
        EVP_PKEY_free(public_key);
        return status;
    }
    status = tv_key_wrap(public_key, &made, detail);
    if (status != TV_OK)
        return status;
    made->was_private = tv_json_member(jwk, TV_SPAN("d")) != NULL;
    status = read_limits(jwk, made, detail);
    if (status == TV_OK)
        *key = made;
    else
        tv_key_free(made);
    return status;
}

static void wipe(struct tv_arena *arena) {
    if (arena->memory)
        OPENSSL_cleanse(arena->memory, arena->size); // a JWK may hold private numbers
    free(arena->memory);
}

enum tv_status tv_key_load_jwk(const char *text, size_t length, struct tv_key **key,
                               struct tv_detail *detail) {
    struct tv_arena arena;
    yyjson_val *jwk;
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, "JWK", &arena, &jwk, detail);
    if (status == TV_OK)
        status = tv_key_load_jwk_object(jwk, key, detail);
    detail->found = (struct tv_span){0}; // it stood in the arena
    wipe(&arena);
    return status;
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
    enum tv_status status = read_limits(jwk, limits, detail);
    limits->was_private = false;
    return status == TV_OK ? decode_secret(jwk, secret, secret_length, detail) : TV_WEAK_SECRET;
}

enum tv_status tv_key_decode_jwk_secret(const char *text, size_t length, struct tv_key *limits,
                                        char **secret, size_t *secret_length,
                                        struct tv_detail *detail) {
    *secret = NULL;
    if (length < 2 || text[0] != '{' || length > TV_KEY_MAX_LENGTH)
        return TV_OK;
    struct tv_arena arena;
    yyjson_val *jwk;
    struct tv_detail problem = {0};
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, "JWK", &arena, &jwk, &problem);
    if (status == TV_OK) {
        status = read_secret(jwk, limits, secret, secret_length, detail);
        detail->found = (struct tv_span){0}; // it stood in the arena
    } else if (status != TV_NO_MEMORY && problem.reason == TV_REASON_JSON) {
        status = TV_OK; // a secret that begins with a brace
    } else if (status != TV_NO_MEMORY) {
        detail->reason = TV_REASON_DUPLICATE;
        status = TV_WEAK_SECRET;
    }
    wipe(&arena);
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
    unsigned char bytes[COORDINATE_MAX];
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
    const char *curve = tv_key_curve(key); // NULL where there is none, or no memory to ask for it
    switch (key->type) {
    case TV_KEY_RSA:
        first = number_text(public_key, OSSL_PKEY_PARAM_RSA_E, 0);
        second = number_text(public_key, OSSL_PKEY_PARAM_RSA_N, 0);
        if (first && second)
            made = format_jwk("{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}", first, second, NULL);
        break;
    case TV_KEY_EC: {
        size_t size = ((size_t)EVP_PKEY_get_bits(public_key) + 7) / 8;
        first = number_text(public_key, OSSL_PKEY_PARAM_EC_PUB_X, size);
        second = number_text(public_key, OSSL_PKEY_PARAM_EC_PUB_Y, size);
        if (curve && first && second)
            made = format_jwk("{\"crv\":\"%s\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", curve,
                              first, second);
        break;
    }
    case TV_KEY_OKP:
        first = raw_text(public_key);
        if (curve && first)
            made = format_jwk("{\"crv\":\"%s\",\"kty\":\"OKP\",\"x\":\"%s\"}", curve, first, NULL);
        break;
    case TV_KEY_SECRET:
        return TV_UNSUPPORTED_KEY;
    }
    free(second);
    free(first);
    if (!made)
        return TV_NO_MEMORY;
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
    unsigned char hash[EVP_MAX_MD_SIZE];
    size_t hash_length;
    ERR_set_mark();
    bool hashed = EVP_Q_digest(NULL, "SHA256", NULL, jwk, jwk_length, hash, &hash_length) == 1;
    ERR_pop_to_mark();
    free(jwk);
    if (!hashed)
        return TV_CRYPTO_FAILURE;
    char *made = malloc(TV_BASE64URL_ENCODED_LENGTH(hash_length));
    if (!made)
        return TV_NO_MEMORY;
    tv_base64url_encode(hash, hash_length, made);
    *text = made;
    *length = TV_BASE64URL_ENCODED_LENGTH(hash_length);
    return TV_OK;
}
