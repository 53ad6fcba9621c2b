// SPDX-License-Identifier: MIT
// Keys from JWKs (RFC 7517, RFC 7518 section 6, RFC 8037).
#include "keys/key_internal.h"

#include "base/base64url.h"
#include "base/json.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <stdlib.h>
#include <strings.h>

static enum tv_status fail_member(struct tv_detail *detail, enum tv_status status,
                                  enum tv_subject member, enum tv_reason reason,
                                  yyjson_val *value) {
    detail->subject = member;
    return tv_key_fail(detail, status, reason, value ? tv_json_type_name(value) : NULL);
}

// A string member, which must be there.
static enum tv_status required_string(yyjson_val *jwk, enum tv_subject member, struct tv_span *text,
                                      struct tv_detail *detail) {
    yyjson_val *value = tv_key_member(jwk, tv_span_of(tv_subject_name(member)));
    if (!value)
        return fail_member(detail, TV_MALFORMED_KEY, member, TV_REASON_MISSING, NULL);
    if (!yyjson_is_str(value))
        return fail_member(detail, TV_MALFORMED_KEY, member, TV_REASON_TYPE, value);
    *text = tv_json_string(value);
    return TV_OK;
}

// Rewrites base64, padded or not, in one line or in several, as base64url. False for a text with
// something behind its padding.
static bool as_base64url(struct tv_span text, char *out, size_t *length) {
    bool ended = false;
    *length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (tv_is_space(c))
            continue;
        if (ended && c != '=')
            return false;
        ended = c == '=';
        if (!ended)
            out[(*length)++] = tv_base64url_of(c);
    }
    return true;
}

// Decodes base64url, or what people and providers write in its place (a token has one way), into
// `*bytes`, which the caller frees; NULL for anything else.
static enum tv_status decode(struct tv_span text, unsigned char **bytes, size_t *length) {
    size_t size = text.length + TV_BASE64URL_DECODED_SIZE(0), count = 0;
    unsigned char *out = malloc(size);
    if (!out)
        return TV_NO_MEMORY;
    bool good = tv_base64url_decode(text.data, text.length, out, length) == TV_OK;
    if (!good && text.length <= TV_KEY_MAX_LENGTH)
        good = as_base64url(text, (char *)out, &count) &&
               tv_base64url_decode((char *)out, count, out, length) == TV_OK;
    size_t used = good ? *length : 0;
    OPENSSL_cleanse(out + used, size - used); // it may be a private number
    *bytes = good ? out : NULL;
    if (!good)
        free(out);
    return TV_OK;
}

// A Base64urlUInt member (RFC 7518 section 2) as bytes the caller frees.
static enum tv_status read_bytes(yyjson_val *jwk, enum tv_subject member, unsigned char **bytes,
                                 size_t *length, struct tv_detail *detail) {
    struct tv_span text;
    enum tv_status status = required_string(jwk, member, &text, detail);
    if (status == TV_OK)
        status = decode(text, bytes, length);
    if (status == TV_OK && !*bytes)
        return fail_member(detail, TV_MALFORMED_KEY, member, TV_REASON_BASE64URL, NULL);
    return status;
}

// Likewise as a number the caller frees.
static enum tv_status read_number(yyjson_val *jwk, enum tv_subject member, BIGNUM **number,
                                  struct tv_detail *detail) {
    unsigned char *bytes;
    size_t length;
    enum tv_status status = read_bytes(jwk, member, &bytes, &length, detail);
    if (status != TV_OK)
        return status;
    if (length > 0)
        *number = BN_bin2bn(bytes, (int)length, NULL);
    OPENSSL_cleanse(bytes, length); // it may be a private one
    free(bytes);
    if (length == 0)
        return fail_member(detail, TV_MALFORMED_KEY, member, TV_REASON_EMPTY, NULL);
    return *number ? TV_OK : TV_NO_MEMORY;
}

// RFC 7518 section 6.3: n and e of a public key. A pair has d alone too, or all of p, q, dp, dq, qi
// beside it (section 6.3.2).
static enum tv_status make_rsa(yyjson_val *jwk, bool is_pair, EVP_PKEY **key,
                               struct tv_detail *detail) {
    static const struct {
        enum tv_subject member;
        const char *parameter;
    } numbers[] = {
        {TV_SUBJECT_N, OSSL_PKEY_PARAM_RSA_N},
        {TV_SUBJECT_E, OSSL_PKEY_PARAM_RSA_E},
        {TV_SUBJECT_D, OSSL_PKEY_PARAM_RSA_D},
        {TV_SUBJECT_P, OSSL_PKEY_PARAM_RSA_FACTOR1},
        {TV_SUBJECT_Q, OSSL_PKEY_PARAM_RSA_FACTOR2},
        {TV_SUBJECT_DP, OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {TV_SUBJECT_DQ, OSSL_PKEY_PARAM_RSA_EXPONENT2},
        {TV_SUBJECT_QI, OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
    };
    enum { ALL = sizeof numbers / sizeof numbers[0] };
    // RFC 7518 section 6.3.2.7: who supports two primes does not use a key of more.
    if (is_pair && tv_key_member(jwk, TV_SPAN("oth")))
        return tv_key_fail(detail, TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE,
                           "RSA with more than two primes");
    size_t count = !is_pair ? 2 : tv_key_member(jwk, TV_SPAN("p")) ? ALL : 3;
    BIGNUM *values[ALL] = {NULL};
    enum tv_status status = TV_OK;
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    bool added = builder != NULL;
    for (size_t i = 0; i < count; i++) {
        status = read_number(jwk, numbers[i].member, &values[i], detail);
        if (status == TV_OK && is_pair && BN_num_bits(values[i]) > TV_RSA_MAX_BITS)
            status = tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
                                 "an RSA key with a number of more than 16384 bits");
        if (status != TV_OK)
            goto out;
        added = added && OSSL_PARAM_BLD_push_BN(builder, numbers[i].parameter, values[i]);
    }
    *key = added ? tv_key_make("RSA", builder, is_pair) : NULL;
    status = *key ? TV_OK : TV_CRYPTO_FAILURE;
out:
    OSSL_PARAM_BLD_free(builder);
    for (size_t i = 0; i < ALL; i++)
        BN_clear_free(values[i]);
    return status;
}

// Decodes the member into `out`; it must have exactly `length` bytes.
static enum tv_status read_fixed(yyjson_val *jwk, enum tv_subject member, unsigned char *out,
                                 size_t length, struct tv_detail *detail) {
    unsigned char *bytes;
    size_t found;
    enum tv_status status = read_bytes(jwk, member, &bytes, &found, detail);
    if (status != TV_OK)
        return status;
    if (found == length) {
        memcpy(out, bytes, length);
    } else {
        detail->limit = (double)length;
        status = fail_member(detail, TV_MALFORMED_KEY, member, TV_REASON_FIELD_LENGTH, NULL);
    }
    OPENSSL_cleanse(bytes, found);
    free(bytes);
    return status;
}

// The curve that crv names, if the kty has it: those of EC have two coordinates.
static enum tv_status read_curve(yyjson_val *jwk, bool is_ec, enum tv_curve *curve,
                                 struct tv_detail *detail) {
    struct tv_span name;
    enum tv_status status = required_string(jwk, TV_SUBJECT_CRV, &name, detail);
    if (status != TV_OK)
        return status;
    *curve = tv_curve_find(name);
    bool is_okp = *curve == TV_CURVE_ED25519 || *curve == TV_CURVE_ED448;
    if (*curve == TV_CURVE_NONE || is_okp == is_ec) {
        detail->subject = TV_SUBJECT_CRV;
        return tv_key_fail_curve(detail, name);
    }
    return TV_OK;
}

// RFC 7518 section 6.2: coordinates and d with as many bytes as the curve's field.
static enum tv_status make_ec(yyjson_val *jwk, bool is_pair, EVP_PKEY **key,
                              struct tv_detail *detail) {
    enum tv_curve curve;
    enum tv_status status = read_curve(jwk, true, &curve, detail);
    if (status != TV_OK)
        return status;
    size_t size = tv_curve_size(curve);
    unsigned char point[1 + 2 * TV_CURVE_MAX_SIZE] = {POINT_CONVERSION_UNCOMPRESSED};
    unsigned char scalar[TV_CURVE_MAX_SIZE];
    status = read_fixed(jwk, TV_SUBJECT_X, point + 1, size, detail);
    if (status == TV_OK)
        status = read_fixed(jwk, TV_SUBJECT_Y, point + 1 + size, size, detail);
    if (status == TV_OK && is_pair)
        status = read_fixed(jwk, TV_SUBJECT_D, scalar, size, detail);
    if (status == TV_OK) {
        *key = tv_key_make_ec(curve, (struct tv_span){(char *)point, 1 + 2 * size},
                              (struct tv_span){(char *)scalar, is_pair ? size : 0});
        if (!*key) // numbers of the right size
            status = tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_POINT, NULL);
    }
    OPENSSL_cleanse(scalar, sizeof scalar);
    return status;
}

// RFC 8037 section 2.
static enum tv_status make_okp(yyjson_val *jwk, bool is_pair, EVP_PKEY **key,
                               struct tv_detail *detail) {
    enum tv_curve curve;
    enum tv_status status = read_curve(jwk, false, &curve, detail);
    if (status != TV_OK)
        return status;
    unsigned char bytes[TV_CURVE_MAX_SIZE];
    size_t size = tv_curve_size(curve);
    status = read_fixed(jwk, is_pair ? TV_SUBJECT_D : TV_SUBJECT_X, bytes, size, detail);
    if (status != TV_OK)
        return status;
    *key = tv_key_make_okp(curve, (struct tv_span){(char *)bytes, size}, is_pair);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return *key ? TV_OK : TV_CRYPTO_FAILURE;
}

// RFC 7517 section 4.7: the first certificate beside a key is of this very key. Only its numbers
// are used, so one of another key is worth no more than a warning, and what is no certificate
// nothing.
static enum tv_status read_certificate(yyjson_val *jwk, EVP_PKEY *public_key, bool *differs) {
    yyjson_val *chain = tv_key_member(jwk, TV_SPAN("x5c"));
    struct tv_span text =
        tv_json_string(yyjson_is_arr(chain) ? yyjson_arr_get_first(chain) : chain);
    unsigned char *der = NULL;
    size_t length;
    EVP_PKEY *certified = NULL;
    struct tv_detail ignored = {0};
    *differs = false;
    if (text.length == 0 || text.length > TV_KEY_MAX_LENGTH)
        return TV_OK;
    enum tv_status status = decode(text, &der, &length);
    if (der)
        tv_key_decode(TV_FORM_CERTIFICATE, (struct tv_span){(char *)der, length}, &certified,
                      &ignored);
    *differs = certified && EVP_PKEY_eq(certified, public_key) != 1;
    EVP_PKEY_free(certified);
    free(der);
    return status;
}

// RFC 7517 section 4.3: whether key_ops, if there are any, name the operation. A string is a list
// of one; what stands twice or is no name says nothing.
static bool has_operation(yyjson_val *operations, const char *name) {
    size_t index, max;
    yyjson_val *operation;
    yyjson_arr_foreach(operations, index, max, operation) {
        if (yyjson_equals_str(operation, name))
            return true;
    }
    return yyjson_is_str(operations) ? yyjson_equals_str(operations, name)
                                     : yyjson_arr_size(operations) == 0;
}

static bool equal_without_case(struct tv_span a, struct tv_span b) {
    return a.length == b.length && strncasecmp(a.data, b.data, a.length) == 0;
}

// The alg of a JWK. One that is empty, or only repeats the kty, names no algorithm.
static void read_algorithm(struct tv_span name, struct tv_span type, struct tv_key_limits *limits) {
    const struct tv_algorithm *algorithm;
    if (name.length == 0 || equal_without_case(name, type))
        return;
    limits->algorithm_unknown = true;
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++) {
        if (!equal_without_case(tv_span_of(algorithm->name), name))
            continue;
        limits->only_algorithm = algorithm;
        limits->algorithm_unknown = false;
    }
}

enum tv_status tv_key_read_limits(yyjson_val *jwk, bool is_private, struct tv_key_limits *limits,
                                  struct tv_detail *detail) {
    yyjson_val *algorithm = tv_key_member(jwk, TV_SPAN("alg"));
    yyjson_val *use = tv_key_member(jwk, TV_SPAN("use"));
    yyjson_val *operations = tv_key_member(jwk, TV_SPAN("key_ops"));
    if (algorithm && !yyjson_is_str(algorithm))
        return fail_member(detail, TV_MALFORMED_KEY, TV_SUBJECT_ALG, TV_REASON_TYPE, algorithm);
    if (use && !yyjson_is_str(use))
        return fail_member(detail, TV_MALFORMED_KEY, TV_SUBJECT_USE, TV_REASON_TYPE, use);
    if (operations && !yyjson_is_arr(operations) && !yyjson_is_str(operations))
        return fail_member(detail, TV_MALFORMED_KEY, TV_SUBJECT_KEY_OPS, TV_REASON_TYPE,
                           operations);
    read_algorithm(tv_json_string(algorithm), tv_json_string(tv_key_member(jwk, TV_SPAN("kty"))),
                   limits);
    struct tv_span purpose = tv_json_string(use);
    bool other_use = purpose.length > 0 && !equal_without_case(purpose, TV_SPAN("sig"));
    bool may_sign = has_operation(operations, "sign");
    // The key_ops of a private key have "sign"; its public half verifies.
    bool may_verify = has_operation(operations, "verify") || (is_private && may_sign);
    limits->not_for_verifying = other_use || !may_verify;
    limits->not_for_signing = other_use || !may_sign;
    return TV_OK;
}

// Makes the key of the JWK's numbers: public, or with its private half.
static enum tv_status make(yyjson_val *jwk, bool is_pair, EVP_PKEY **key,
                           struct tv_detail *detail) {
    static const struct {
        struct tv_span type;
        enum tv_status (*make)(yyjson_val *, bool, EVP_PKEY **, struct tv_detail *);
    } types[] = {{{"RSA", 3}, make_rsa}, {{"EC", 2}, make_ec}, {{"OKP", 3}, make_okp}};
    struct tv_span type = TV_SPAN("RSA");
    // Jitsi's library reads n and e alone.
    enum tv_status status =
        tv_key_is_bare_rsa(jwk) ? TV_OK : required_string(jwk, TV_SUBJECT_KTY, &type, detail);
    if (status != TV_OK)
        return status;
    size_t i = 0;
    while (i < sizeof types / sizeof types[0] && !equal_without_case(types[i].type, type))
        i++;
    detail->kind = tv_span_equal(type, TV_SPAN("oct")) ? "oct" : NULL;
    if (i == sizeof types / sizeof types[0]) // also "oct": a secret never comes as a public key
        return fail_member(detail, TV_UNSUPPORTED_KEY, TV_SUBJECT_KTY, TV_REASON_KEY_TYPE,
                           tv_json_member(jwk, TV_SPAN("kty")));
    return types[i].make(jwk, is_pair, key, detail);
}

enum tv_status tv_key_jwk_pair(yyjson_val *jwk, EVP_PKEY **pair, struct tv_detail *detail) {
    return make(jwk, true, pair, detail);
}

enum tv_status tv_key_load_jwk_object(yyjson_val *jwk, int rsa_min_bits, struct tv_key **key,
                                      struct tv_detail *detail) {
    EVP_PKEY *public_key = NULL;
    struct tv_key *made = NULL;
    enum tv_status status = make(jwk, false, &public_key, detail);
    if (status != TV_OK)
        return status;
    bool certificate_differs;
    status = read_certificate(jwk, public_key, &certificate_differs);
    if (status != TV_OK) {
        EVP_PKEY_free(public_key);
        return status;
    }
    status = tv_key_wrap(public_key, rsa_min_bits, &made, detail);
    if (status != TV_OK)
        return status;
    made->certificate_differs = certificate_differs;
    made->was_private = tv_key_member(jwk, TV_SPAN("d")) != NULL;
    status = tv_key_read_limits(jwk, made->was_private, &made->limits, detail);
    if (status == TV_OK)
        *key = made;
    else
        tv_key_free(made);
    return status;
}

void tv_key_wipe(struct tv_arena *arena) {
    if (arena->memory)
        OPENSSL_cleanse(arena->memory, arena->size); // a JWK may hold private numbers
    free(arena->memory);
}

enum tv_status tv_key_load_jwk(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    struct tv_arena arena;
    yyjson_val *jwk;
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, TV_SUBJECT_JWK, &arena, &jwk, detail);
    if (status == TV_OK)
        status = tv_key_load_jwk_object(jwk, rsa_min_bits, key, detail);
    tv_key_wipe(&arena);
    return status;
}
