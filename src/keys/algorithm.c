// SPDX-License-Identifier: MIT
// The table of signature algorithms.
#include "keys/algorithm.h"

static const struct tv_algorithm algorithms[] = {
    {"HS256", TV_FAMILY_HMAC, TV_SHA256, 32, TV_CURVE_NONE},
    {"HS384", TV_FAMILY_HMAC, TV_SHA384, 48, TV_CURVE_NONE},
    {"HS512", TV_FAMILY_HMAC, TV_SHA512, 64, TV_CURVE_NONE},
    {"RS256", TV_FAMILY_RSA_PKCS1, TV_SHA256, 32, TV_CURVE_NONE},
    {"RS384", TV_FAMILY_RSA_PKCS1, TV_SHA384, 48, TV_CURVE_NONE},
    {"RS512", TV_FAMILY_RSA_PKCS1, TV_SHA512, 64, TV_CURVE_NONE},
    {"ES256", TV_FAMILY_ECDSA, TV_SHA256, 32, TV_CURVE_P256},
    {"ES384", TV_FAMILY_ECDSA, TV_SHA384, 48, TV_CURVE_P384},
    {"ES512", TV_FAMILY_ECDSA, TV_SHA512, 64, TV_CURVE_P521},
    {"PS256", TV_FAMILY_RSA_PSS, TV_SHA256, 32, TV_CURVE_NONE},
    {"PS384", TV_FAMILY_RSA_PSS, TV_SHA384, 48, TV_CURVE_NONE},
    {"PS512", TV_FAMILY_RSA_PSS, TV_SHA512, 64, TV_CURVE_NONE},
    {"EdDSA", TV_FAMILY_EDDSA, TV_SHA512, 0, TV_CURVE_NONE},
    {"Ed25519", TV_FAMILY_EDDSA, TV_SHA512, 0, TV_CURVE_ED25519},
    {"Ed448", TV_FAMILY_EDDSA, TV_SHA512, 0, TV_CURVE_ED448},
};

#define ALGORITHM_COUNT (sizeof algorithms / sizeof algorithms[0])
_Static_assert(ALGORITHM_COUNT <= TV_ALGORITHMS_MAX, "a policy has room for all");

const struct tv_algorithm *tv_algorithm_find(struct tv_span name) {
    for (size_t i = 0; i < ALGORITHM_COUNT; i++)
        if (tv_span_equal(tv_span_of(algorithms[i].name), name))
            return &algorithms[i];
    return NULL;
}

const struct tv_algorithm *tv_algorithm_at(size_t index) {
    return index < ALGORITHM_COUNT ? &algorithms[index] : NULL;
}

bool tv_algorithm_is_hmac(const struct tv_algorithm *algorithm) {
    return algorithm->family == TV_FAMILY_HMAC;
}

static const struct {
    const char *name;
    enum tv_key_type key_type;
} families[] = {
    [TV_FAMILY_HMAC] = {"HMAC", TV_KEY_SECRET},
    [TV_FAMILY_RSA_PKCS1] = {"RSASSA-PKCS1-v1_5", TV_KEY_RSA},
    [TV_FAMILY_ECDSA] = {"ECDSA", TV_KEY_EC},
    [TV_FAMILY_RSA_PSS] = {"RSASSA-PSS", TV_KEY_RSA},
    [TV_FAMILY_EDDSA] = {"EdDSA", TV_KEY_OKP},
};

const char *tv_algorithm_family(const struct tv_algorithm *algorithm) {
    return families[algorithm->family].name;
}

enum tv_key_type tv_algorithm_key_type(const struct tv_algorithm *algorithm) {
    return families[algorithm->family].key_type;
}

const char *tv_key_type_name(enum tv_key_type type) {
    static const char *const names[] = {"oct", "RSA", "EC", "OKP"};
    return names[type];
}

const char *tv_algorithm_hash(const struct tv_algorithm *algorithm) {
    static const char *const names[TV_DIGEST_COUNT] = {"SHA-256", "SHA-384", "SHA-512"};
    return algorithm->digest_size > 0 ? names[algorithm->digest] : NULL;
}

// RFC 7518 sections 3.2 and 3.4, RFC 8032 sections 5.1.6 and 5.2.6.
size_t tv_algorithm_signature_size(const struct tv_algorithm *algorithm) {
    return tv_algorithm_is_hmac(algorithm) ? algorithm->digest_size
                                           : 2 * tv_curve_size(algorithm->curve);
}

static const struct {
    const char *name;
    size_t size;
} curves[TV_CURVE_COUNT] = {
    [TV_CURVE_P256] = {"P-256", 32},  [TV_CURVE_P384] = {"P-384", 48},
    [TV_CURVE_P521] = {"P-521", 66},  [TV_CURVE_ED25519] = {"Ed25519", 32},
    [TV_CURVE_ED448] = {"Ed448", 57},
};

const char *tv_curve_name(enum tv_curve curve) { return curves[curve].name; }

enum tv_curve tv_curve_find(struct tv_span name) {
    for (enum tv_curve curve = TV_CURVE_NONE + 1; curve < TV_CURVE_COUNT; curve++)
        if (tv_span_equal(tv_span_of(curves[curve].name), name))
            return curve;
    return TV_CURVE_NONE;
}

size_t tv_curve_size(enum tv_curve curve) { return curves[curve].size; }
