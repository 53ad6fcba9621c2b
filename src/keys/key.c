// SPDX-License-Identifier: MIT
// Keys and shared secrets: whether they are strong enough, what they may be used for, their
// lifetime.
#include "keys/key_internal.h"

#include "keys/okp.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <stdlib.h>

// Life

struct tv_key *tv_key_new(enum tv_key_type type) {
    struct tv_key *key = calloc(1, sizeof *key);
    if (key) {
        key->references = 1;
        key->type = type;
    }
    return key;
}

struct tv_key *tv_key_retain(struct tv_key *key) {
    key->references++;
    return key;
}

void tv_key_free(struct tv_key *key) {
    if (!key || --key->references > 0)
        return;
    tv_prepared_free(key->prepared);
    EVP_PKEY_free(key->public_key);
    EVP_PKEY_free(key->pair);
    if (key->secret)
        OPENSSL_cleanse(key->secret, key->secret_length);
    free(key->secret);
    free(key);
}

// Public keys

// Reads a number of an RSA key as `size` unsigned bytes in the machine's order; false if it is
// longer. (EVP_PKEY_get_bn_param() would convert two thousand bytes for any number.)
static bool get_number(const EVP_PKEY *public_key, const char *name, void *bytes, size_t size) {
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_BN(name, bytes, size),
                               OSSL_PARAM_construct_end()};
    return EVP_PKEY_get_params(public_key, parameters) == 1 && OSSL_PARAM_modified(parameters);
}

static enum tv_status check_bits(int bits, int min_bits, struct tv_detail *detail) {
    if (bits >= min_bits && bits <= TV_RSA_MAX_BITS)
        return TV_OK;
    detail->number = bits;
    detail->limit = bits < min_bits ? min_bits : TV_RSA_MAX_BITS;
    return tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_BITS, NULL);
}

// A modulus is the product of two odd primes. A public exponent is small and odd: an even one is
// not invertible, 1 signs nothing, and one over 64 bits only makes the check slow (CVE-2006-2940).
static enum tv_status check_rsa(const EVP_PKEY *public_key, int min_bits,
                                struct tv_detail *detail) {
    int bits = EVP_PKEY_get_bits(public_key);
    enum tv_status status = check_bits(bits, min_bits, detail);
    if (status != TV_OK)
        return status;
    unsigned char modulus[TV_RSA_MAX_BITS / 8];
    size_t size = (size_t)EVP_PKEY_get_size(public_key);
    uint64_t exponent;
    const uint16_t one = 1;
    bool lowest_first = *(const unsigned char *)&one == 1;
    if (size > sizeof modulus || !get_number(public_key, OSSL_PKEY_PARAM_RSA_N, modulus, size) ||
        modulus[lowest_first ? 0 : size - 1] % 2 == 0)
        return tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_MODULUS, NULL);
    if (!get_number(public_key, OSSL_PKEY_PARAM_RSA_E, &exponent, sizeof exponent) ||
        exponent % 2 == 0 || exponent == 1)
        return tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_EXPONENT, NULL);
    if (bits > TV_RSA_LONG_BITS && exponent > TV_RSA_LONG_EXPONENT)
        return tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_EXPONENT_F4, NULL);
    return TV_OK;
}

// The curve as JOSE knows it (RFC 7518 section 6.2.1.1), or none for one that it does not have.
static enum tv_curve ec_curve(const EVP_PKEY *public_key) {
    static const struct {
        const char *openssl;
        enum tv_curve curve;
    } curves[] = {
        {"prime256v1", TV_CURVE_P256}, {"secp384r1", TV_CURVE_P384}, {"secp521r1", TV_CURVE_P521}};
    char name[64];
    size_t length;
    if (!EVP_PKEY_get_group_name(public_key, name, sizeof name, &length))
        return TV_CURVE_NONE;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (strcmp(name, curves[i].openssl) == 0)
            return curves[i].curve;
    return TV_CURVE_NONE;
}

// RFC 7518 section 6.2.2, SP 800-56A section 5.6.2.3: with a point that is not on the curve,
// anybody could forge signatures.
static enum tv_status check_ec(EVP_PKEY *public_key, enum tv_curve *curve,
                               struct tv_detail *detail) {
    *curve = ec_curve(public_key);
    if (*curve == TV_CURVE_NONE)
        return tv_key_fail(detail, TV_UNSUPPORTED_KEY, TV_REASON_CURVE, NULL);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, public_key, NULL);
    // On a curve with cofactor 1 every point has the right order.
    bool good = context && EVP_PKEY_public_check_quick(context) == 1;
    EVP_PKEY_CTX_free(context);
    return good ? TV_OK : tv_key_fail(detail, TV_WEAK_KEY, TV_REASON_POINT, NULL);
}

static enum tv_status check_okp(EVP_PKEY *public_key, enum tv_curve curve,
                                struct tv_detail *detail) {
    unsigned char point[TV_CURVE_MAX_SIZE];
    size_t length = sizeof point;
    if (EVP_PKEY_get_raw_public_key(public_key, point, &length) != 1)
        return TV_CRYPTO_FAILURE;
    enum tv_status status = tv_okp_check_point(curve == TV_CURVE_ED448, point, length);
    return status == TV_WEAK_KEY ? tv_key_fail(detail, status, TV_REASON_POINT, NULL) : status;
}

enum tv_status tv_key_wrap(EVP_PKEY *public_key, int rsa_min_bits, struct tv_key **key,
                           struct tv_detail *detail) {
    enum tv_status status = TV_OK;
    enum tv_key_type type = TV_KEY_RSA;
    enum tv_curve curve = TV_CURVE_NONE;
    switch (EVP_PKEY_get_base_id(public_key)) {
    case EVP_PKEY_RSA:
        status = check_rsa(public_key, rsa_min_bits, detail);
        break;
    case EVP_PKEY_EC:
        type = TV_KEY_EC;
        status = check_ec(public_key, &curve, detail);
        break;
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        type = TV_KEY_OKP;
        curve =
            EVP_PKEY_get_base_id(public_key) == EVP_PKEY_ED448 ? TV_CURVE_ED448 : TV_CURVE_ED25519;
        status = check_okp(public_key, curve, detail);
        break;
    default:
        status = tv_key_fail(detail, TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE,
                             EVP_PKEY_get0_type_name(public_key));
    }
    struct tv_key *made = status == TV_OK ? tv_key_new(type) : NULL;
    if (!made) {
        EVP_PKEY_free(public_key);
        return status == TV_OK ? TV_NO_MEMORY : status;
    }
    made->public_key = public_key;
    made->curve = curve;
    *key = made;
    return TV_OK;
}

// What a key is and may do

enum tv_key_type tv_key_type(const struct tv_key *key) { return key->type; }

int tv_key_bits(const struct tv_key *key) {
    return key->public_key ? EVP_PKEY_get_bits(key->public_key) : (int)key->secret_length * 8;
}

const char *tv_key_curve(const struct tv_key *key) { return tv_curve_name(key->curve); }

bool tv_key_was_private(const struct tv_key *key) { return key->was_private; }

bool tv_key_was_certificate(const struct tv_key *key) { return key->was_certificate; }

bool tv_key_certificate_differs(const struct tv_key *key) { return key->certificate_differs; }

static const char *type_name(enum tv_key_type type) {
    static const char *const names[] = {"a shared secret", "an RSA key", "an EC key", "an OKP key"};
    return names[type];
}

// Whether the JWK's own alg lets it check signatures of `algorithm`, which is one for its type and
// curve: two that differ by the curve alone are then the same (EdDSA: RFC 9864 section 2.2).
static bool own_algorithm_allows(const struct tv_key *key, const struct tv_algorithm *algorithm) {
    const struct tv_algorithm *own = key->limits.only_algorithm;
    if (!own)
        return !key->limits.algorithm_unknown;
    bool by_curve = own->family == algorithm->family && own->digest == algorithm->digest &&
                    own->curve != algorithm->curve;
    return own == algorithm ||
           (by_curve && (own->curve == TV_CURVE_NONE || own->curve == key->curve));
}

enum tv_status tv_key_check_algorithm(const struct tv_key *key,
                                      const struct tv_algorithm *algorithm,
                                      struct tv_detail *detail) {
    detail->algorithm = algorithm->name;
    if (key->type != tv_algorithm_key_type(algorithm))
        return tv_key_fail(detail, TV_KEY_ALGORITHM_MISMATCH, TV_REASON_KEY_TYPE,
                           type_name(key->type));
    if (algorithm->curve != TV_CURVE_NONE && algorithm->curve != key->curve)
        return tv_key_fail(detail, TV_KEY_ALGORITHM_MISMATCH, TV_REASON_CURVE, tv_key_curve(key));
    if (key->limits.not_for_verifying)
        return tv_key_fail(detail, TV_KEY_ALGORITHM_MISMATCH, TV_REASON_KEY_USE, "use or key_ops");
    if (!own_algorithm_allows(key, algorithm))
        return tv_key_fail(detail, TV_KEY_ALGORITHM_MISMATCH, TV_REASON_KEY_USE, "alg");
    detail->algorithm = NULL;
    return TV_OK;
}

enum tv_status tv_key_check_signing(const struct tv_key *key, const struct tv_algorithm *algorithm,
                                    struct tv_detail *detail) {
    enum tv_status status = tv_key_check_algorithm(key, algorithm, detail);
    if (status != TV_OK)
        return status;
    if (key->type != TV_KEY_SECRET && !key->pair)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE, "a public key");
    if (key->limits.not_for_signing) {
        detail->algorithm = algorithm->name;
        return tv_key_fail(detail, TV_KEY_ALGORITHM_MISMATCH, TV_REASON_KEY_USE, "use or key_ops");
    }
    return TV_OK;
}

enum tv_status tv_key_check_bits(const struct tv_key *key, int rsa_min_bits,
                                 struct tv_detail *detail) {
    return key->type == TV_KEY_RSA ? check_bits(tv_key_bits(key), rsa_min_bits, detail) : TV_OK;
}

const struct tv_algorithm *tv_key_own_algorithm(const struct tv_key *key) {
    return key->limits.only_algorithm;
}

EVP_PKEY *tv_key_public(const struct tv_key *key) { return key->public_key; }

EVP_PKEY *tv_key_pair(const struct tv_key *key) { return key->pair; }

struct tv_span tv_key_secret(const struct tv_key *key) {
    return (struct tv_span){key->secret, key->secret_length};
}

struct tv_prepared **tv_key_prepared(const struct tv_key *key) {
    return (struct tv_prepared **)&key->prepared; // no key object is really const
}
