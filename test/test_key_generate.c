// SPDX-License-Identifier: MIT
// Key pairs that are made here: both texts of each are read again, belong together and sign.
#include "check.h"

#include "base/base64url.h"
#include "keys/key_generate.h"
#include "keys/signature.h"

#include <openssl/err.h>

static const struct {
    const char *name, *algorithm, *type; // type: how its JWK begins
    enum tv_curve curve;
    int rsa_bits;
} kinds[] = {
    {"RSA", "RS256", "{\"e\":\"AQAB\",\"kty\":\"RSA\"", TV_CURVE_NONE, 2048},
    {"RSA, an odd size", "PS256", "{\"e\":\"AQAB\",\"kty\":\"RSA\"", TV_CURVE_NONE, 2056},
    {"P-256", "ES256", "{\"crv\":\"P-256\"", TV_CURVE_P256, 0},
    {"P-384", "ES384", "{\"crv\":\"P-384\"", TV_CURVE_P384, 0},
    {"P-521", "ES512", "{\"crv\":\"P-521\"", TV_CURVE_P521, 0},
    {"Ed25519", "Ed25519", "{\"crv\":\"Ed25519\"", TV_CURVE_ED25519, 0},
    {"Ed448", "Ed448", "{\"crv\":\"Ed448\"", TV_CURVE_ED448, 0},
};

static const struct {
    const char *name, *begins;
    enum tv_status (*make)(const struct tv_key *, char **, size_t *);
} forms[] = {
    {"PEM", "-----BEGIN PRIVATE KEY-----\n", tv_key_private_pem},
    {"JWK", NULL, tv_key_private_jwk},
};

// A text of `key` loads, is of the same key, and signs what the key itself verifies.
static void check_form(size_t kind, size_t form, const struct tv_key *key) {
    const char *name = kinds[kind].name;
    const struct tv_algorithm *algorithm = tv_algorithm_find(tv_span_of(kinds[kind].algorithm));
    char *text = NULL, *thumbprint = NULL, *same = NULL;
    size_t length = 0, signature_length, ignored;
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    struct tv_key *read = NULL;
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_OK, forms[form].make(key, &text, &length), name);
    if (!text)
        return;
    const char *begins = forms[form].begins ? forms[form].begins : kinds[kind].type;
    CHECK(strncmp(text, begins, strlen(begins)) == 0 && strlen(text) == length, name);
    CHECK_STATUS(TV_OK, tv_key_load_private(text, length, &read, &detail), name);
    tv_key_free_private(text);
    if (!read)
        return;
    if (tv_key_thumbprint(key, &thumbprint, &ignored) == TV_OK &&
        tv_key_thumbprint(read, &same, &ignored) == TV_OK)
        CHECK(strncmp(thumbprint, same, ignored) == 0, name);
    free(thumbprint);
    free(same);
    CHECK_STATUS(
        TV_OK,
        tv_signature_make(algorithm, read, TV_SPAN("input"), signature, &signature_length, &detail),
        name);
    CHECK_STATUS(
        TV_OK,
        tv_signature_verify(algorithm, key, TV_SPAN("input"), signature, signature_length, &detail),
        name);
    tv_key_free(read);
}

static void test_kinds(void) {
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        CHECK_STATUS(TV_OK, tv_key_generate(kinds[i].curve, kinds[i].rsa_bits, &key, &detail),
                     kinds[i].name);
        if (!key)
            continue;
        CHECK(tv_key_was_private(key), kinds[i].name);
        if (kinds[i].rsa_bits > 0)
            CHECK_NUMBER(kinds[i].rsa_bits, tv_key_bits(key), kinds[i].name);
        for (size_t form = 0; form < sizeof forms / sizeof forms[0]; form++)
            check_form(i, form, key);
        tv_key_free(key);
    }
}

// The numbers of EC keys have their full length also where they begin with zeros, which one of 256
// does.
static void test_lengths(void) {
    bool all = true;
    for (int i = 0; i < 2000; i++) {
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        char *text = NULL;
        size_t length = 0;
        if (tv_key_generate(TV_CURVE_P256, 0, &key, &detail) != TV_OK ||
            tv_key_private_jwk(key, &text, &length) != TV_OK)
            check_abort("no key");
        const char *d = strstr(text, ",\"d\":\"");
        all = all && d && strlen(d) == strlen(",\"d\":\"\"}") + TV_BASE64URL_ENCODED_LENGTH(32);
        tv_key_free_private(text);
        tv_key_free(key);
    }
    CHECK(all, "numbers of EC keys");
}

// A public key has no private text; and nothing is left in OpenSSL's queue of errors.
static void test_halves(void) {
    struct tv_key *key = NULL, *public_key = NULL;
    struct tv_detail detail = {0};
    char *text = NULL;
    size_t length = 0;
    ERR_clear_error();
    CHECK_STATUS(TV_OK, tv_key_generate(TV_CURVE_P256, 0, &key, &detail), "P-256");
    CHECK_STATUS(TV_OK, tv_key_pem(key, &text, &length), "its public half");
    CHECK_STATUS(TV_OK, tv_key_load(text, length, &public_key, &detail), "its public half");
    free(text);
    text = NULL;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        CHECK_STATUS(TV_UNSUPPORTED_KEY, forms[i].make(public_key, &text, &length), forms[i].name);
    CHECK(!text, "nothing is given");
    CHECK_STATUS(TV_CRYPTO_FAILURE, tv_key_generate(TV_CURVE_NONE, 8, &public_key, &detail),
                 "a size that OpenSSL refuses");
    CHECK(ERR_peek_error() == 0, "no error is left in the queue");
    tv_key_free(public_key);
    tv_key_free(key);
}

// The queue of OpenSSL's errors is the server's too.
static void test_errors(void) {
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    char *text = NULL;
    size_t length;
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    CHECK_STATUS(TV_OK, tv_key_generate(TV_CURVE_P256, 0, &key, &detail), "P-256");
    CHECK_STATUS(TV_OK, tv_key_private_pem(key, &text, &length), "PEM");
    tv_key_free_private(text);
    CHECK_STATUS(TV_OK, tv_key_private_jwk(key, &text, &length), "JWK");
    tv_key_free_private(text);
    tv_key_free_private(NULL);
    tv_key_free(key);
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "what stood in the queue stays");
}

int main(void) {
    test_errors();
    test_kinds();
    test_lengths();
    test_halves();
    return check_report("test_key_generate");
}
