// SPDX-License-Identifier: MIT
// Private keys: which texts are taken for signing, and what is wrong with the others.
#include "check.h"
#include "tokens.h"

#include "keys/signature.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#define KEYS "test/vectors/keys/"

static enum tv_status load(const char *text, size_t length, struct tv_key **key,
                           struct tv_detail *detail) {
    struct tv_span copy = guard_copy(GUARD_KEY, text, length);
    *key = NULL;
    *detail = (struct tv_detail){0};
    return tv_key_load_private(copy.data, copy.length, key, detail);
}

static enum tv_status sign(const char *algorithm, const struct tv_key *key,
                           struct tv_detail *detail) {
    unsigned char signature[TV_SIGNATURE_MAX_SIZE];
    size_t length;
    *detail = (struct tv_detail){0};
    return tv_signature_make(tv_algorithm_find(tv_span_of(algorithm)), key, TV_SPAN("input"),
                             signature, &length, detail);
}

// Texts

static const struct {
    const char *name;
    const char *before, *file, *behind; // what the text is joined of; the file below KEYS, or NULL
    enum tv_status status;
    enum tv_reason reason;
    const char *text; // of the detail
} texts[] = {
    {"PKCS#8", "", "rsa.private.pem", "", TV_OK, 0, NULL},
    {"PKCS#1", "", "rsa.private-pkcs1.pem", "", TV_OK, 0, NULL},
    {"SEC 1", "", "ec.private-sec1.pem", "", TV_OK, 0, NULL},
    {"text around it", "my key:\n", "rsa.private.pem", "\nand more\n", TV_OK, 0, NULL},
    {"a certificate before it", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
     "rsa.private.pem", "", TV_OK, 0, NULL},
    {"encrypted PKCS#8", "", "rsa.encrypted-pkcs8.pem", "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
     "encrypted"},
    {"encrypted PKCS#1", "", "rsa.encrypted-pkcs1.pem", "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
     "encrypted"},
    {"a key of SSH", "", "ssh.private.pem", "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
     "something else"},
    {"a public key", "", "rsa.pem", "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE, "something else"},
    {"a certificate", "", "rsa.certificate.pem", "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
     "something else"},
    {"nothing", "", NULL, "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE, "something else"},
    {"white space", " \t\n\v\f\r", NULL, "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
     "something else"},
    {"no word", "secret", NULL, "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE, "something else"},
    {"a brace", "{", NULL, "", TV_MALFORMED_KEY, TV_REASON_JSON, NULL},
    {"a brace behind white space", " \t\n\v\f\r{", NULL, "", TV_MALFORMED_KEY, TV_REASON_JSON,
     NULL},
    {"a brace behind a byte below the white space", "\b{", NULL, "", TV_MALFORMED_KEY,
     TV_REASON_NOT_PRIVATE, "something else"},
    {"a brace behind a byte above the white space", "\016{", NULL, "", TV_MALFORMED_KEY,
     TV_REASON_NOT_PRIVATE, "something else"},
    {"a brace behind another byte", "-{", NULL, "", TV_MALFORMED_KEY, TV_REASON_NOT_PRIVATE,
     "something else"},
    {"a member twice", "{\"kty\":\"RSA\",\"kty\":\"RSA\"}", NULL, "", TV_MALFORMED_KEY,
     TV_REASON_DUPLICATE, NULL},
    {"an empty object", "{}", NULL, "", TV_MALFORMED_KEY, TV_REASON_MISSING, NULL},
    {"a secret's JWK", "{\"kty\":\"oct\",\"k\":\"AAAA\"}", NULL, "", TV_UNSUPPORTED_KEY,
     TV_REASON_KEY_TYPE, "string"},
};

static void test_texts(void) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *name = texts[i].name;
        char path[128], joined[8192];
        size_t length = 0;
        snprintf(path, sizeof path, KEYS "%s", texts[i].file ? texts[i].file : "");
        char *file = texts[i].file ? check_read_file(path, &length) : NULL;
        snprintf(joined, sizeof joined, "%s%s%s", texts[i].before, file ? file : "",
                 texts[i].behind);
        struct tv_key *key;
        struct tv_detail detail;
        CHECK_STATUS(texts[i].status, load(joined, strlen(joined), &key, &detail), name);
        CHECK_NUMBER(texts[i].reason, detail.reason, name);
        if (texts[i].reason != TV_REASON_JSON)
            CHECK_TEXT(texts[i].text, detail.text, name);
        if (CHECK((key != NULL) == (texts[i].status == TV_OK), name) && key) {
            CHECK(tv_key_was_private(key), name);
            CHECK_STATUS(TV_OK,
                         sign(tv_key_type(key) == TV_KEY_RSA ? "RS256" : "ES256", key, &detail),
                         name);
        }
        tv_key_free(key);
        free(file);
    }
}

static void test_length(void) {
    enum { MOST = 64 * 1024 };
    static char text[MOST + 1];
    memset(text, ' ', sizeof text);
    for (size_t length = MOST; length <= MOST + 1; length++) {
        struct tv_key *key;
        struct tv_detail detail;
        CHECK_STATUS(TV_MALFORMED_KEY, load(text, length, &key, &detail), "length");
        CHECK_NUMBER(length > MOST ? TV_REASON_LENGTH : TV_REASON_NOT_PRIVATE, detail.reason,
                     "length");
        CHECK_NUMBER(length > MOST ? MOST + 1 : 0, detail.number, "length");
        CHECK_NUMBER(length > MOST ? MOST : 0, detail.limit, "length");
        CHECK_TEXT(length > MOST ? NULL : "something else", detail.text, "length");
    }
}

// JWKs of key pairs

enum pair { RSA_2048, P256, P384, P521, ED25519, ED448, RSA_1024, PAIRS };

static EVP_PKEY *pairs[PAIRS];

static const struct {
    const char *name, *parameter;
} numbers[] = {
    {"n", OSSL_PKEY_PARAM_RSA_N},
    {"e", OSSL_PKEY_PARAM_RSA_E},
    {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
    {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},
    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2},
    {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
    {"x", OSSL_PKEY_PARAM_EC_PUB_X},
    {"y", OSSL_PKEY_PARAM_EC_PUB_Y},
    {"d", OSSL_PKEY_PARAM_RSA_D},
};

// The bytes of a JWK's member.
static size_t member_bytes(enum pair pair, const char *name, unsigned char bytes[1024]) {
    size_t length = 1024;
    EVP_PKEY *key = pairs[pair];
    if (pair == ED25519 || pair == ED448) {
        if (!(name[0] == 'd' ? EVP_PKEY_get_raw_private_key(key, bytes, &length)
                             : EVP_PKEY_get_raw_public_key(key, bytes, &length)))
            check_abort("no member \"%s\"", name);
        return length;
    }
    bool ec = pair != RSA_2048 && pair != RSA_1024;
    const char *parameter = NULL;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (strcmp(numbers[i].name, name) == 0)
            parameter = numbers[i].parameter;
    BIGNUM *number = NULL;
    if (!parameter ||
        !EVP_PKEY_get_bn_param(key, ec && name[0] == 'd' ? OSSL_PKEY_PARAM_PRIV_KEY : parameter,
                               &number))
        check_abort("no member \"%s\"", name);
    length = ec ? ((size_t)EVP_PKEY_get_bits(key) + 7) / 8 : (size_t)BN_num_bytes(number);
    BN_bn2binpad(number, bytes, (int)length);
    BN_clear_free(number);
    return length;
}

static const struct {
    enum pair pair;
    const char *head;    // kty, and crv
    const char *members; // the pair's, each between spaces
    const char *more;    // others
    const char *algorithm;
    enum tv_status load, sign;
    const char *subject;
    enum tv_reason reason;
    double limit;
} jwks[] = {
    {RSA_2048, "RSA", " n e d p q dp dq qi ", "", "RS256", TV_OK, TV_OK, NULL, 0, 0},
    {RSA_2048, "RSA", " n e d p q dp dq qi ", ",\"alg\":\"PS512\",\"use\":\"sig\"", "PS512", TV_OK,
     TV_OK, NULL, 0, 0},
    {RSA_2048, "RSA", " n e d ", "", "RS256", TV_OK, TV_OK, NULL, 0, 0},
    {RSA_2048, "RSA", " n e d q dp dq qi ", "", "RS256", TV_OK, TV_OK, NULL, 0, 0},
    {RSA_2048, "RSA", " n e d p dp dq qi ", "", "", TV_MALFORMED_KEY, TV_OK, "q", TV_REASON_MISSING,
     0},
    {RSA_2048, "RSA", " n e d p q dp dq ", "", "", TV_MALFORMED_KEY, TV_OK, "qi", TV_REASON_MISSING,
     0},
    {RSA_2048, "RSA", " n e d p q dp dq qi ", ",\"oth\":[]", "", TV_UNSUPPORTED_KEY, TV_OK, NULL,
     TV_REASON_KEY_TYPE, 0},
    {RSA_2048, "RSA", " n e ", "", "", TV_MALFORMED_KEY, TV_OK, NULL, TV_REASON_NOT_PRIVATE, 0},
    {RSA_2048, "RSA", " n d ", "", "", TV_MALFORMED_KEY, TV_OK, "e", TV_REASON_MISSING, 0},
    {RSA_2048, "RSA", " n e ", ",\"d\":\"\"", "", TV_MALFORMED_KEY, TV_OK, "d", TV_REASON_EMPTY, 0},
    {RSA_2048, "RSA", " n e ", ",\"d\":\"A\"", "", TV_MALFORMED_KEY, TV_OK, "d",
     TV_REASON_BASE64URL, 0},
    {RSA_2048, "RSA", " n e ", ",\"d\":7", "", TV_MALFORMED_KEY, TV_OK, "d", TV_REASON_TYPE, 0},
    {RSA_2048, "RSA", " n e ", ",\"d\":null", "", TV_MALFORMED_KEY, TV_OK, NULL,
     TV_REASON_NOT_PRIVATE, 0},
    {RSA_2048, "RSA", " n e ", ",\"d\":7", "", TV_MALFORMED_KEY, TV_OK, "d", TV_REASON_TYPE, 0},
    {RSA_2048, "RSA", " n e d ", ",\"alg\":7", "", TV_MALFORMED_KEY, TV_OK, "alg", TV_REASON_TYPE,
     0},
    {RSA_1024, "RSA", " n e d p q dp dq qi ", "", "", TV_WEAK_KEY, TV_OK, NULL, TV_REASON_BITS,
     2048},

    {P256, "EC\",\"crv\":\"P-256", " x y d ", "", "ES256", TV_OK, TV_OK, NULL, 0, 0},
    {P384, "EC\",\"crv\":\"P-384", " x y d ", "", "ES384", TV_OK, TV_OK, NULL, 0, 0},
    {P256, "EC\",\"crv\":\"P-256", " x y d ", ",\"key_ops\":[\"sign\"]", "ES256", TV_OK, TV_OK,
     NULL, 0, 0},
    {P256, "EC\",\"crv\":\"P-256", " x y d ", ",\"key_ops\":[\"verify\"]", "ES256", TV_OK,
     TV_KEY_ALGORITHM_MISMATCH, NULL, 0, 0},
    {P521, "EC\",\"crv\":\"P-521", " x y d ", "", "ES512", TV_OK, TV_OK, NULL, 0, 0},
    {P256, "EC\",\"crv\":\"P-256", " x y ", "", "", TV_MALFORMED_KEY, TV_OK, NULL,
     TV_REASON_NOT_PRIVATE, 0},
    {P256, "EC\",\"crv\":\"P-256", " x y ", ",\"d\":\"AAAA\"", "", TV_MALFORMED_KEY, TV_OK, "d",
     TV_REASON_FIELD_LENGTH, 32},
    {P256, "EC\",\"crv\":\"P-256", " x d ", "", "", TV_MALFORMED_KEY, TV_OK, "y", TV_REASON_MISSING,
     0},
    {P384, "EC\",\"crv\":\"P-256", " x y d ", "", "", TV_MALFORMED_KEY, TV_OK, "x",
     TV_REASON_FIELD_LENGTH, 32},

    {ED25519, "OKP\",\"crv\":\"Ed25519", " x d ", "", "Ed25519", TV_OK, TV_OK, NULL, 0, 0},
    {ED448, "OKP\",\"crv\":\"Ed448", " x d ", "", "Ed448", TV_OK, TV_OK, NULL, 0, 0},
    {ED25519, "OKP\",\"crv\":\"Ed25519", " d ", "", "", TV_MALFORMED_KEY, TV_OK, "x",
     TV_REASON_MISSING, 0},
    {ED25519, "OKP\",\"crv\":\"Ed25519", " x ", ",\"d\":\"AAAA\"", "", TV_MALFORMED_KEY, TV_OK, "d",
     TV_REASON_FIELD_LENGTH, 32},
    {ED448, "OKP\",\"crv\":\"Ed448", " x ", ",\"d\":\"AAAA\"", "", TV_MALFORMED_KEY, TV_OK, "d",
     TV_REASON_FIELD_LENGTH, 57},
};

static void make_pairs(void) {
    pairs[RSA_2048] = token_private_key(KEYS "rsa.private.pem");
    pairs[P256] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    pairs[P384] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384");
    pairs[P521] = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521");
    pairs[ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    pairs[ED448] = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    pairs[RSA_1024] = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", 1024UL);
}

static void test_jwks(void) {
    for (size_t i = 0; i < sizeof jwks / sizeof jwks[0]; i++) {
        char jwk[8192], name[256];
        size_t used = (size_t)snprintf(jwk, sizeof jwk, "{\"kty\":\"%s\"", jwks[i].head);
        for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
            char word[8];
            snprintf(word, sizeof word, " %s ", numbers[n].name);
            if (!strstr(jwks[i].members, word))
                continue;
            unsigned char bytes[1024];
            size_t length = member_bytes(jwks[i].pair, numbers[n].name, bytes);
            char text[TV_BASE64URL_ENCODED_LENGTH(1024) + 1] = "";
            tv_base64url_encode(bytes, length, text);
            used += (size_t)snprintf(jwk + used, sizeof jwk - used, ",\"%s\":\"%s\"",
                                     numbers[n].name, text);
        }
        snprintf(jwk + used, sizeof jwk - used, "%s}", jwks[i].more);
        snprintf(name, sizeof name, "\"%s\" with%sand %s", jwks[i].head, jwks[i].members,
                 jwks[i].more);
        struct tv_key *key;
        struct tv_detail detail;
        CHECK_STATUS(jwks[i].load, load(jwk, strlen(jwk), &key, &detail), name);
        CHECK_TEXT(jwks[i].subject, tv_subject_name(detail.subject), name);
        CHECK_NUMBER(jwks[i].reason, detail.reason, name);
        CHECK_NUMBER(jwks[i].limit, detail.limit, name);
        if (jwks[i].reason == TV_REASON_NOT_PRIVATE)
            CHECK_TEXT("the JWK of a public key", detail.text, name);
        if (jwks[i].load == TV_UNSUPPORTED_KEY)
            CHECK_TEXT("RSA with more than two primes", detail.text, name);
        if (CHECK((key != NULL) == (jwks[i].load == TV_OK), name) && key) {
            CHECK_STATUS(jwks[i].sign, sign(jwks[i].algorithm, key, &detail), name);
            bool refused = jwks[i].sign != TV_OK;
            CHECK_NUMBER(refused ? TV_REASON_KEY_USE : TV_REASON_NONE, detail.reason, name);
            CHECK_TEXT(refused ? "use or key_ops" : NULL, detail.text, name);
            CHECK_TEXT(refused ? jwks[i].algorithm : NULL, detail.algorithm, name);
            CHECK_NUMBER(EVP_PKEY_get_bits(pairs[jwks[i].pair]), tv_key_bits(key), name);
        }
        tv_key_free(key);
    }
}

// OpenSSL would compute with any of these numbers when it signs.
static void test_long_numbers(void) {
    enum { MOST = TV_RSA_MAX_BITS / 8 };
    unsigned char bytes[MOST + 1];
    memset(bytes, 0x55, sizeof bytes);
    for (size_t length = MOST; length <= MOST + 1; length++) {
        char jwk[8192], n[512] = "", d[TV_BASE64URL_ENCODED_LENGTH(MOST + 1) + 1] = "";
        unsigned char modulus[1024];
        tv_base64url_encode(modulus, member_bytes(RSA_2048, "n", modulus), n);
        tv_base64url_encode(bytes, length, d);
        snprintf(jwk, sizeof jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\",\"d\":\"%s\"}", n,
                 d);
        struct tv_key *key;
        struct tv_detail detail;
        load(jwk, strlen(jwk), &key, &detail);
        bool is_named = detail.text && strcmp(detail.text, "an RSA key with a number of more than "
                                                           "16384 bits") == 0;
        // Of those that are not too long for us, OpenSSL 3.5 refuses some itself.
        CHECK(is_named == (length > MOST) && !(is_named && key), "a long number");
        tv_key_free(key);
    }
}

// PEM of a key pair that is too weak; and OpenSSL's errors, which the server's TLS code reads too.
static void test_openssl(void) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    struct tv_key *key;
    struct tv_detail detail;
    if (!PEM_write_bio_PrivateKey(bio, pairs[RSA_1024], NULL, NULL, 0, NULL, NULL))
        check_abort("a private key cannot be written");
    long size = BIO_get_mem_data(bio, &pem);
    CHECK_STATUS(TV_WEAK_KEY, load(pem, (size_t)size, &key, &detail), "1024 bits");
    CHECK_NUMBER(TV_REASON_BITS, detail.reason, "1024 bits");
    CHECK(!key, "1024 bits");
    BIO_free(bio);

    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    CHECK_STATUS(TV_MALFORMED_KEY, load("x", 1, &key, &detail), "errors");
    CHECK(ERR_peek_last_error() == before, "nothing added");
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
}

int main(void) {
    make_pairs();
    test_texts();
    test_length();
    test_jwks();
    test_long_numbers();
    test_openssl();
    for (int i = 0; i < PAIRS; i++)
        EVP_PKEY_free(pairs[i]);
    return check_report("test_key_private");
}
