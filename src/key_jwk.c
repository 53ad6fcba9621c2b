// SPDX-License-Identifier: MIT
// Keys from JWK text (RFC 7517, RFC 7518 section 6.3), and back; thumbprints (RFC 7638).
#include "key_internal.h"

#include "base64url.h"
#include "json.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>

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

static enum tv_status make_rsa(const BIGNUM *modulus, const BIGNUM *exponent,
                               EVP_PKEY **public_key) {
    enum tv_status status = TV_NO_MEMORY;
    OSSL_PARAM *numbers = NULL;
    EVP_PKEY_CTX *context = NULL;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    if (!builder || !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) ||
        !OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent))
        goto out;
    numbers = OSSL_PARAM_BLD_to_param(builder);
    context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    if (!numbers || !context)
        goto out;
    status = EVP_PKEY_fromdata_init(context) == 1 &&
                     EVP_PKEY_fromdata(context, public_key, EVP_PKEY_PUBLIC_KEY, numbers) == 1
                 ? TV_OK
                 : TV_CRYPTO_FAILURE;
out:
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(numbers);
    OSSL_PARAM_BLD_free(builder);
    return status;
}

static enum tv_status load_rsa(yyjson_val *jwk, struct tv_key **key, struct tv_detail *detail) {
    BIGNUM *modulus = NULL, *exponent = NULL;
    EVP_PKEY *public_key = NULL;
    enum tv_status status = read_number(jwk, "n", &modulus, detail);
    if (status == TV_OK)
        status = read_number(jwk, "e", &exponent, detail);
    if (status == TV_OK)
        status = make_rsa(modulus, exponent, &public_key);
    if (status == TV_OK)
        status = tv_key_wrap(public_key, key, detail);
    BN_free(exponent);
    BN_free(modulus);
    return status;
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

static enum tv_status load_parsed(yyjson_val *jwk, struct tv_key **key, struct tv_detail *detail) {
    struct tv_span type;
    enum tv_status status = required_string(jwk, "kty", &type, detail);
    if (status != TV_OK)
        return status;
    if (!tv_span_equal(type, TV_SPAN("RSA")))
        return fail_member(detail, TV_UNSUPPORTED_KEY, "kty", TV_REASON_KEY_TYPE,
                           tv_json_member(jwk, TV_SPAN("kty")));
    struct tv_key *made = NULL;
    status = load_rsa(jwk, &made, detail);
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

enum tv_status tv_key_load_jwk(const char *text, size_t length, struct tv_key **key,
                               struct tv_detail *detail) {
    size_t text_size = TV_ARENA_ROUND(length + TV_JSON_PADDING);
    struct tv_arena arena = {.size = text_size + tv_json_arena_size(length)};
    arena.memory = malloc(arena.size);
    if (!arena.memory)
        return TV_NO_MEMORY;
    char *copy = tv_arena_take(&arena, text_size);
    assert(copy); // the first taken of a block made for it
    memcpy(copy, text, length);
    yyjson_val *jwk;
    enum tv_status status =
        tv_json_parse_object(&arena, copy, length, TV_MALFORMED_KEY, "JWK", &jwk, detail);
    if (status == TV_OK)
        status = load_parsed(jwk, key, detail);
    // What was found stood in the arena.
    detail->found = (struct tv_span){0};
    OPENSSL_cleanse(arena.memory, arena.size); // a JWK may hold private numbers
    free(arena.memory);
    return status;
}

// The key's number as Base64urlUInt text (RFC 7518 section 2), NUL-terminated, or NULL.
static char *number_text(const EVP_PKEY *public_key, const char *parameter) {
    BIGNUM *number = NULL;
    unsigned char *bytes = NULL;
    char *text = NULL;
    if (!EVP_PKEY_get_bn_param(public_key, parameter, &number))
        return NULL;
    size_t length = (size_t)BN_num_bytes(number);
    bytes = malloc(length);
    text = malloc(TV_BASE64URL_ENCODED_LENGTH(length) + 1);
    if (bytes && text) {
        BN_bn2bin(number, bytes);
        tv_base64url_encode(bytes, length, text);
        text[TV_BASE64URL_ENCODED_LENGTH(length)] = '\0';
    } else {
        free(text);
        text = NULL;
    }
    free(bytes);
    BN_free(number);
    return text;
}

// The members in RFC 7638's order, without white space: a JWK, and what a thumbprint is taken of.
enum tv_status tv_key_jwk(const struct tv_key *key, char **text, size_t *length) {
    static const char format[] = "{\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"}";
    if (key->type != TV_KEY_RSA)
        return TV_UNSUPPORTED_KEY;
    enum tv_status status = TV_NO_MEMORY;
    char *exponent = number_text(key->public_key, OSSL_PKEY_PARAM_RSA_E);
    char *modulus = number_text(key->public_key, OSSL_PKEY_PARAM_RSA_N);
    if (exponent && modulus) {
        size_t size = sizeof format + strlen(exponent) + strlen(modulus);
        char *made = malloc(size);
        if (made) {
            *length = (size_t)snprintf(made, size, format, exponent, modulus);
            *text = made;
            status = TV_OK;
        }
    }
    free(modulus);
    free(exponent);
    return status;
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
