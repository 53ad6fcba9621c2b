// SPDX-License-Identifier: MIT
// The text forms of keys: PEM, JWK (RFC 7517, RFC 7518 section 6, RFC 8037) and thumbprint (RFC
// 7638).
#include "base/base64url.h"
#include "base/sha256.h"
#include "keys/key_generate.h"
#include "keys/key_internal.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <stdlib.h>

// Bytes of the longest number, an RSA modulus.
#define NUMBER_MAX_SIZE ((size_t)TV_RSA_MAX_BITS / 8)

void tv_key_free_private(char *text) {
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

// PEM

static enum tv_status write_pem(const struct tv_key *key, bool is_private, char **text,
                                size_t *length) {
    char *bytes = NULL, *copy = NULL;
    size_t size = 0;
    BIO *bio = BIO_new(BIO_s_mem());
    bool written = bio && (is_private ? PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0,
                                                                      NULL, NULL)
                                      : PEM_write_bio_PUBKEY(bio, key->public_key)) == 1;
    if (written) {
        size = (size_t)BIO_get_mem_data(bio, &bytes);
        copy = malloc(size + 1);
    }
    if (copy) {
        memcpy(copy, bytes, size);
        copy[size] = '\0';
        *text = copy;
        *length = size;
    }
    OPENSSL_cleanse(bytes, size);
    BIO_free(bio);
    return copy ? TV_OK : written ? TV_NO_MEMORY : TV_CRYPTO_FAILURE;
}

enum tv_status tv_key_pem(const struct tv_key *key, char **text, size_t *length) {
    enum tv_status status = TV_UNSUPPORTED_KEY;
    if (key->public_key)
        TV_WITHOUT_ERRORS(status = write_pem(key, false, text, length));
    return status;
}

enum tv_status tv_key_private_pem(const struct tv_key *key, char **text, size_t *length) {
    enum tv_status status = TV_UNSUPPORTED_KEY;
    if (key->pair)
        TV_WITHOUT_ERRORS(status = write_pem(key, true, text, length));
    return status;
}

// JWK

// All numbers of an RSA pair, of which n and d are as long as the modulus and five half as long.
#define JWK_MAX_SIZE (TV_BASE64URL_ENCODED_LENGTH(NUMBER_MAX_SIZE) * 5 + 256)

// A JWK that grows in JWK_MAX_SIZE bytes, all of them zero at first.
struct writer {
    char *text;
    size_t length;
};

static void add_text(struct writer *out, const char *text) {
    size_t length = strlen(text);
    assert(length < JWK_MAX_SIZE - out->length);
    memcpy(out->text + out->length, text, length);
    out->length += length;
}

static void begin_member(struct writer *out, const char *name) {
    add_text(out, out->length == 0 ? "{\"" : ",\"");
    add_text(out, name);
    add_text(out, "\":\"");
}

static void add_string(struct writer *out, const char *name, const char *value) {
    begin_member(out, name);
    add_text(out, value);
    add_text(out, "\"");
}

static void add_bytes(struct writer *out, const char *name, const unsigned char *bytes,
                      size_t length) {
    begin_member(out, name);
    tv_base64url_encode(bytes, length, out->text + out->length);
    out->length += TV_BASE64URL_ENCODED_LENGTH(length);
    add_text(out, "\"");
}

// Takes `number`, of which NULL is none: false. It gets as many bytes as it needs (RFC 7518 section
// 2), or exactly `size` (sections 6.2.1.2 and 6.2.2.1).
static bool add_number(struct writer *out, const char *name, BIGNUM *number, size_t size) {
    unsigned char bytes[NUMBER_MAX_SIZE];
    size_t length = size > 0 ? size : number ? (size_t)BN_num_bytes(number) : 0;
    bool fits = number && length <= sizeof bytes && BN_bn2binpad(number, bytes, (int)length) >= 0;
    if (fits)
        add_bytes(out, name, bytes, length);
    OPENSSL_cleanse(bytes, sizeof bytes);
    BN_clear_free(number);
    return fits;
}

static BIGNUM *number_of(const EVP_PKEY *key, const char *parameter) {
    BIGNUM *number = NULL;
    return EVP_PKEY_get_bn_param(key, parameter, &number) == 1 ? number : NULL;
}

// RFC 7518 section 6.3.2: with d, a producer should include the others too. All are read in one
// call: asked for a single factor without having memory for it, OpenSSL silently returns the next
// one. In one list, the last factor would be missing instead, and that is noticed.
static bool add_rsa_private(struct writer *out, const EVP_PKEY *pair) {
    static const struct {
        const char *name, *parameter;
    } numbers[] = {
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
    };
    OSSL_PARAM *list = NULL;
    bool added = EVP_PKEY_todata(pair, EVP_PKEY_KEYPAIR, &list) == 1;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        BIGNUM *number = NULL;
        const OSSL_PARAM *found =
            added ? OSSL_PARAM_locate_const(list, numbers[i].parameter) : NULL;
        added = found && OSSL_PARAM_get_BN(found, &number) == 1 &&
                add_number(out, numbers[i].name, number, 0);
    }
    for (const OSSL_PARAM *listed = list; listed && listed->key; listed++)
        OPENSSL_cleanse(listed->data, listed->data_size);
    OSSL_PARAM_free(list);
    return added;
}

// The public members are in RFC 7638's order, without white space: a thumbprint is taken of them.
static bool add_rsa(struct writer *out, const struct tv_key *key, bool is_private) {
    bool added = add_number(out, "e", number_of(key->public_key, OSSL_PKEY_PARAM_RSA_E), 0);
    add_string(out, "kty", "RSA");
    return added && add_number(out, "n", number_of(key->public_key, OSSL_PKEY_PARAM_RSA_N), 0) &&
           (!is_private || add_rsa_private(out, key->pair));
}

static bool add_ec(struct writer *out, const struct tv_key *key, bool is_private) {
    size_t size = tv_curve_size(key->curve);
    add_string(out, "crv", tv_key_curve(key));
    add_string(out, "kty", "EC");
    return add_number(out, "x", number_of(key->public_key, OSSL_PKEY_PARAM_EC_PUB_X), size) &&
           add_number(out, "y", number_of(key->public_key, OSSL_PKEY_PARAM_EC_PUB_Y), size) &&
           (!is_private ||
            add_number(out, "d", number_of(key->pair, OSSL_PKEY_PARAM_PRIV_KEY), size));
}

static bool add_okp(struct writer *out, const struct tv_key *key, bool is_private) {
    unsigned char bytes[TV_CURVE_MAX_SIZE];
    size_t length = sizeof bytes;
    bool added = EVP_PKEY_get_raw_public_key(key->public_key, bytes, &length) == 1;
    add_string(out, "crv", tv_key_curve(key));
    add_string(out, "kty", "OKP");
    if (added)
        add_bytes(out, "x", bytes, length);
    if (added && is_private) {
        length = sizeof bytes;
        added = EVP_PKEY_get_raw_private_key(key->pair, bytes, &length) == 1;
        if (added)
            add_bytes(out, "d", bytes, length);
        OPENSSL_cleanse(bytes, sizeof bytes);
    }
    return added;
}

static enum tv_status write_jwk(const struct tv_key *key, bool is_private, char **text,
                                size_t *length) {
    static bool (*const adders[])(struct writer *, const struct tv_key *, bool) = {
        [TV_KEY_RSA] = add_rsa, [TV_KEY_EC] = add_ec, [TV_KEY_OKP] = add_okp};
    struct writer out = {.text = calloc(1, JWK_MAX_SIZE)};
    if (!out.text)
        return TV_NO_MEMORY;
    bool added;
    TV_WITHOUT_ERRORS(added = adders[key->type](&out, key, is_private));
    if (!added) {
        tv_key_free_private(out.text);
        return TV_CRYPTO_FAILURE;
    }
    add_text(&out, "}");
    *text = out.text;
    *length = out.length;
    return TV_OK;
}

enum tv_status tv_key_jwk(const struct tv_key *key, char **text, size_t *length) {
    return key->public_key ? write_jwk(key, false, text, length) : TV_UNSUPPORTED_KEY;
}

enum tv_status tv_key_private_jwk(const struct tv_key *key, char **text, size_t *length) {
    return key->pair ? write_jwk(key, true, text, length) : TV_UNSUPPORTED_KEY;
}

enum tv_status tv_key_thumbprint(const struct tv_key *key, char **text, size_t *length) {
    char *jwk = NULL;
    size_t jwk_length;
    enum tv_status status = tv_key_jwk(key, &jwk, &jwk_length);
    if (status != TV_OK)
        return status;
    unsigned char hash[TV_SHA256_SIZE];
    status = tv_sha256((struct tv_span){jwk, jwk_length}, hash);
    free(jwk);
    if (status != TV_OK)
        return status;
    char *made = malloc(TV_BASE64URL_ENCODED_LENGTH(sizeof hash));
    if (!made)
        return TV_NO_MEMORY;
    tv_base64url_encode(hash, sizeof hash, made);
    *text = made;
    *length = TV_BASE64URL_ENCODED_LENGTH(sizeof hash);
    return TV_OK;
}
