// SPDX-License-Identifier: MIT
// Algorithms are found by their exact name, and each is what its name says.
#include "check.h"

#include "keys/algorithm.h"

static const struct {
    const char *name;
    enum tv_family family;
    enum tv_digest digest;
    size_t digest_size;
    enum tv_curve curve;
    const char *family_name, *key_type, *hash;
    size_t signature_size;
} known[] = {
    {"HS256", TV_FAMILY_HMAC, TV_SHA256, 32, TV_CURVE_NONE, "HMAC", "oct", "SHA-256", 32},
    {"HS384", TV_FAMILY_HMAC, TV_SHA384, 48, TV_CURVE_NONE, "HMAC", "oct", "SHA-384", 48},
    {"HS512", TV_FAMILY_HMAC, TV_SHA512, 64, TV_CURVE_NONE, "HMAC", "oct", "SHA-512", 64},
    {"RS256", TV_FAMILY_RSA_PKCS1, TV_SHA256, 32, TV_CURVE_NONE, "RSASSA-PKCS1-v1_5", "RSA",
     "SHA-256", 0},
    {"RS384", TV_FAMILY_RSA_PKCS1, TV_SHA384, 48, TV_CURVE_NONE, "RSASSA-PKCS1-v1_5", "RSA",
     "SHA-384", 0},
    {"RS512", TV_FAMILY_RSA_PKCS1, TV_SHA512, 64, TV_CURVE_NONE, "RSASSA-PKCS1-v1_5", "RSA",
     "SHA-512", 0},
    {"ES256", TV_FAMILY_ECDSA, TV_SHA256, 32, TV_CURVE_P256, "ECDSA", "EC", "SHA-256", 64},
    {"ES384", TV_FAMILY_ECDSA, TV_SHA384, 48, TV_CURVE_P384, "ECDSA", "EC", "SHA-384", 96},
    {"ES512", TV_FAMILY_ECDSA, TV_SHA512, 64, TV_CURVE_P521, "ECDSA", "EC", "SHA-512", 132},
    {"PS256", TV_FAMILY_RSA_PSS, TV_SHA256, 32, TV_CURVE_NONE, "RSASSA-PSS", "RSA", "SHA-256", 0},
    {"PS384", TV_FAMILY_RSA_PSS, TV_SHA384, 48, TV_CURVE_NONE, "RSASSA-PSS", "RSA", "SHA-384", 0},
    {"PS512", TV_FAMILY_RSA_PSS, TV_SHA512, 64, TV_CURVE_NONE, "RSASSA-PSS", "RSA", "SHA-512", 0},
    {"EdDSA", TV_FAMILY_EDDSA, TV_SHA512, 0, TV_CURVE_NONE, "EdDSA", "OKP", NULL, 0},
    {"Ed25519", TV_FAMILY_EDDSA, TV_SHA512, 0, TV_CURVE_ED25519, "EdDSA", "OKP", NULL, 64},
    {"Ed448", TV_FAMILY_EDDSA, TV_SHA512, 0, TV_CURVE_ED448, "EdDSA", "OKP", NULL, 114},
};

static const struct {
    const char *name;
    enum tv_curve curve;
    size_t size;
} curves[] = {{"P-256", TV_CURVE_P256, 32},
              {"P-384", TV_CURVE_P384, 48},
              {"P-521", TV_CURVE_P521, 66},
              {"Ed25519", TV_CURVE_ED25519, 32},
              {"Ed448", TV_CURVE_ED448, 57}};

static const char *const no_curves[] = {"",       "P-25",      "P-2566", "p-256",   "P256",
                                        "X25519", "secp256k1", "X448",   "ed25519", "prime256v1"};

static const char *const unknown[] = {
    "",        "none",    "None",   "NONE",   "nOnE",      "hs256",      "Hs256",  "rs256",
    "RS256 ",  " RS256",  "RS25",   "RS2566", "HS128",     "HMACSHA256", "SHA256", "RS1",
    "HS",      "dir",     "RSA1_5", "RS-256", "ES256K",    "ES255",      "EDDSA",  "Eddsa",
    "ed25519", "ED25519", "PS1",    "ES521",  "Ed25519ph",
};

int main(void) {
    size_t count = 0;
    for (; tv_algorithm_at(count); count++)
        CHECK(tv_algorithm_find(tv_span_of(tv_algorithm_at(count)->name)) == tv_algorithm_at(count),
              tv_algorithm_at(count)->name);
    CHECK_NUMBER(sizeof known / sizeof known[0], count, "count");
    CHECK(!tv_algorithm_at(count + 1) && !tv_algorithm_at((size_t)-1), "past the last");

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        struct tv_span name = guard_copy(GUARD_TOKEN, known[i].name, strlen(known[i].name));
        const struct tv_algorithm *found = tv_algorithm_find(name);
        if (!CHECK(found, known[i].name))
            continue;
        CHECK_TEXT(known[i].name, found->name, known[i].name);
        CHECK(found->family == known[i].family, known[i].name);
        CHECK(found->digest == known[i].digest, known[i].name);
        CHECK_NUMBER(known[i].digest_size, found->digest_size, known[i].name);
        CHECK(found->curve == known[i].curve, known[i].name);
        CHECK_TEXT(known[i].family_name, tv_algorithm_family(found), known[i].name);
        CHECK_TEXT(known[i].key_type, tv_key_type_name(tv_algorithm_key_type(found)),
                   known[i].name);
        CHECK_TEXT(known[i].hash, tv_algorithm_hash(found), known[i].name);
        CHECK_NUMBER(known[i].signature_size, tv_algorithm_signature_size(found), known[i].name);
        CHECK(tv_algorithm_is_hmac(found) == (known[i].family == TV_FAMILY_HMAC), known[i].name);
    }
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        struct tv_span name = guard_copy(GUARD_TOKEN, unknown[i], strlen(unknown[i]));
        CHECK(!tv_algorithm_find(name), unknown[i]);
    }
    CHECK(!tv_algorithm_find((struct tv_span){"HS256", 6}), "HS256 and a NUL");

    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++) {
        struct tv_span name = guard_copy(GUARD_TOKEN, curves[i].name, strlen(curves[i].name));
        CHECK(tv_curve_find(name) == curves[i].curve, curves[i].name);
        CHECK_TEXT(curves[i].name, tv_curve_name(curves[i].curve), curves[i].name);
        CHECK_NUMBER(curves[i].size, tv_curve_size(curves[i].curve), curves[i].name);
        CHECK(curves[i].size <= TV_CURVE_MAX_SIZE, curves[i].name);
    }
    for (size_t i = 0; i < sizeof no_curves / sizeof no_curves[0]; i++) {
        struct tv_span name = guard_copy(GUARD_TOKEN, no_curves[i], strlen(no_curves[i]));
        CHECK(tv_curve_find(name) == TV_CURVE_NONE, no_curves[i]);
    }
    CHECK_NUMBER(66, TV_CURVE_MAX_SIZE, "the largest curve");
    CHECK(!tv_curve_name(TV_CURVE_NONE), "no curve has no name");
    return check_report("test_algorithm");
}
