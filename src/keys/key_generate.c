// SPDX-License-Identifier: MIT
// Generates key pairs; writes them as PEM (PKCS#8) and JWK (RFC 7518 section 6, RFC 8037).
#include "keys/key_generate.h"

#include "base/base64url.h"
#include "keys/key_internal.h"

#include <assert.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>

// Bytes of one private number: of an RSA modulus, which is the longest.
#define NUMBER_MAX_SIZE ((size_t)TV_RSA_MAX_BITS / 8)

static EVP_PKEY *generate(enum tv_curve curve, int rsa_bits) {
    switch (curve) {
    case TV_CURVE_NONE:
        return EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)rsa_bits);
    case TV_CURVE_ED25519:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    case TV_CURVE_ED448:
        return EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    default:
        return EVP_PKEY_Q_keygen(NULL, NULL, "EC", tv_curve_name(curve));
    }
}

static enum tv_status generate_once(enum tv_curve curve, int rsa_bits, struct tv_key **key,
                                    struct tv_detail *detail) {
    enum tv_status status = TV_CRYPTO_FAILURE;
    EVP_PKEY *public_key = NULL;
    EVP_PKEY *pair = generate(curve, rsa_bits);
    if (!pair)
        goto out;
    public_key = tv_key_public_half(pair);
    if (!public_key)
        goto out;
    status = tv_key_wrap(public_key, false, TV_RSA_MIN_BITS, key, detail); // takes it
    if (status != TV_OK)
        goto out;
    (*key)->was_private = true;
    (*key)->pair = pair;
    pair = NULL;
out:
    EVP_PKEY_free(pair);
    return status;
}

enum tv_status tv_key_generate(enum tv_curve curve, int rsa_bits, struct tv_key **key,
                               struct tv_detail *detail) {
    enum tv_status status;
    struct tv_memory_tries tries = {0};
    do {
        ERR_set_mark();
        status = generate_once(curve, rsa_bits, key, detail);
        ERR_pop_to_mark();
    } while (tv_key_try_again(&tries, &status));
    return status;
}

void tv_key_free_private(char *text) {
    if (text)
        OPENSSL_cleanse(text, strlen(text));
    free(text);
}

static enum tv_status write_private_pem(const struct tv_key *key, char **text, size_t *length) {
    enum tv_status status = TV_NO_MEMORY;
    char *bytes = NULL;
    long size = 0;
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio)
        goto out;
    if (!PEM_write_bio_PKCS8PrivateKey(bio, key->pair, NULL, NULL, 0, NULL, NULL)) {
        status = TV_CRYPTO_FAILURE;
        goto out;
    }
    size = BIO_get_mem_data(bio, &bytes);
    char *copy = malloc((size_t)size + 1);
    if (!copy)
        goto out;
    memcpy(copy, bytes, (size_t)size);
    copy[size] = '\0';
    *text = copy;
    *length = (size_t)size;
    status = TV_OK;
out:
    if (bytes)
        OPENSSL_cleanse(bytes, (size_t)size);
    BIO_free(bio);
    return status;
}

enum tv_status tv_key_private_pem(const struct tv_key *key, char **text, size_t *length) {
    if (!key->pair)
        return TV_UNSUPPORTED_KEY;
    enum tv_status status;
    struct tv_memory_tries tries = {0};
    do {
        ERR_set_mark();
        status = write_private_pem(key, text, length);
        ERR_pop_to_mark();
    } while (tv_key_try_again(&tries, &status));
    return status;
}

// A JWK that grows: `length` of `size` bytes are written, and the rest of the members has room.
struct writer {
    char *text;
    size_t length, size;
};

static void add_text(struct writer *out, const char *text, size_t length) {
    assert(length <= out->size - out->length);
    memcpy(out->text + out->length, text, length);
    out->length += length;
}

static void add_member(struct writer *out, const char *name, const unsigned char *bytes,
                       size_t length) {
    add_text(out, ",\"", 2);
    add_text(out, name, strlen(name));
    add_text(out, "\":\"", 3);
    tv_base64url_encode(bytes, length, out->text + out->length);
    out->length += TV_BASE64URL_ENCODED_LENGTH(length);
    add_text(out, "\"", 1);
}

static bool get_number(const struct tv_key *key, const char *parameter, size_t size,
                       unsigned char bytes[NUMBER_MAX_SIZE], size_t *length) {
    BIGNUM *number = NULL;
    bool got = false;
    if (EVP_PKEY_get_bn_param(key->pair, parameter, &number)) {
        *length = size > 0 ? size : (size_t)BN_num_bytes(number);
        got = *length <= NUMBER_MAX_SIZE && BN_bn2binpad(number, bytes, (int)*length) >= 0;
    }
    BN_clear_free(number);
    return got;
}

// Adds one of the key's numbers: with as many bytes as it needs (RFC 7518 section 2), or with
// exactly `size` (section 6.2.2.1). All of them pass through the one buffer that is wiped.
static bool add_number(struct writer *out, const struct tv_key *key, const char *name,
                       const char *parameter, size_t size) {
    unsigned char bytes[NUMBER_MAX_SIZE];
    size_t length = sizeof bytes;
    bool got = key->type == TV_KEY_OKP
                   ? EVP_PKEY_get_raw_private_key(key->pair, bytes, &length) == 1
                   : get_number(key, parameter, size, bytes, &length);
    if (got)
        add_member(out, name, bytes, length);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return got;
}

// RFC 7518 section 6.3.2: with d, a producer should include the others too.
static bool add_rsa_numbers(struct writer *out, const struct tv_key *key) {
    static const struct {
        const char *name, *parameter;
    } numbers[] = {
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
    };
    bool added = true;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        added = added && add_number(out, key, numbers[i].name, numbers[i].parameter, 0);
    return added;
}

static bool add_private_numbers(struct writer *out, const struct tv_key *key) {
    switch (key->type) {
    case TV_KEY_RSA:
        return add_rsa_numbers(out, key);
    case TV_KEY_EC:
    case TV_KEY_OKP:
        return add_number(out, key, "d", OSSL_PKEY_PARAM_PRIV_KEY, tv_curve_size(key->curve));
    case TV_KEY_SECRET:
        break;
    }
    return false;
}

// Room for the private members: six numbers, of which only d is as long as the modulus, the others
// half of it, in base64url, with their names.
#define PRIVATE_MEMBERS_SIZE (TV_BASE64URL_ENCODED_LENGTH(NUMBER_MAX_SIZE) * 4 + 128)

static enum tv_status write_private_jwk(const struct tv_key *key, char **text, size_t *length) {
    char *public_text = NULL;
    size_t public_length;
    enum tv_status status = tv_key_jwk(key, &public_text, &public_length);
    if (status != TV_OK)
        return status;
    struct writer out = {.size = public_length + PRIVATE_MEMBERS_SIZE};
    out.text = calloc(1, out.size);
    if (!out.text) {
        free(public_text);
        return TV_NO_MEMORY;
    }
    add_text(&out, public_text, public_length);
    out.length--; // its closing brace
    free(public_text);
    ERR_set_mark();
    bool added = add_private_numbers(&out, key);
    ERR_pop_to_mark();
    if (!added) {
        tv_key_free_private(out.text);
        return TV_NO_MEMORY;
    }
    add_text(&out, "}", 1);
    *text = out.text;
    *length = out.length;
    return TV_OK;
}

// Where OpenSSL has no memory for one of an RSA key's factors, exponents or coefficients it gives
// the next in its place, and says nothing: what the key has is what it gives twice.
enum tv_status tv_key_private_jwk(const struct tv_key *key, char **text, size_t *length) {
    if (!key->pair)
        return TV_UNSUPPORTED_KEY;
    char *first = NULL, *second = NULL;
    size_t first_length = 0, second_length = 0;
    enum tv_status status = write_private_jwk(key, &first, &first_length);
    if (status == TV_OK)
        status = write_private_jwk(key, &second, &second_length);
    if (status == TV_OK &&
        (first_length != second_length || CRYPTO_memcmp(first, second, first_length) != 0))
        status = TV_NO_MEMORY;
    if (status == TV_OK) {
        *text = first;
        *length = first_length;
        first = NULL;
    }
    tv_key_free_private(second);
    tv_key_free_private(first);
    return status;
}
