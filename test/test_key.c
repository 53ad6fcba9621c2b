// SPDX-License-Identifier: MIT
// Keys in every text form, and each weak or broken one refused for its own reason.
#include "check.h"

#include "base/base64url.h"
#include "keys/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#define KEYS "test/vectors/keys/"

static enum tv_status load(const char *text, size_t length, struct tv_key **key,
                           struct tv_detail *detail) {
    struct tv_span copy = guard_copy(GUARD_KEY, text, length);
    *key = NULL;
    *detail = (struct tv_detail){0};
    // A server's TLS code reads the same queue of OpenSSL's errors, which has few places.
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    enum tv_status status = tv_key_load(copy.data, copy.length, key, detail);
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "what stood in the queue stays");
    return status;
}

static struct tv_key *load_file(const char *file, enum tv_status expected,
                                struct tv_detail *detail) {
    char path[128];
    snprintf(path, sizeof path, KEYS "%s", file);
    size_t length;
    char *text = check_read_file(path, &length);
    struct tv_key *key;
    CHECK_STATUS(expected, load(text, length, &key, detail), file);
    CHECK((expected == TV_OK) == (key != NULL), file);
    free(text);
    return key;
}

static const struct {
    const char *file;
    enum tv_key_type type;
    int bits;
    const char *curve;
    bool was_private;
} good_files[] = {
    {"rsa.pem", TV_KEY_RSA, 2048, NULL, false},
    {"rsa.pkcs1.pem", TV_KEY_RSA, 2048, NULL, false},
    {"rsa.certificate.pem", TV_KEY_RSA, 2048, NULL, false},
    {"rsa.private.pem", TV_KEY_RSA, 2048, NULL, true},
    {"rsa.private-pkcs1.pem", TV_KEY_RSA, 2048, NULL, true},
    {"rsa-e3.pem", TV_KEY_RSA, 2048, NULL, false},
    {"ec.pem", TV_KEY_EC, 256, "P-256", false},
    {"ec-p384.pem", TV_KEY_EC, 384, "P-384", false},
    {"ec-p521.pem", TV_KEY_EC, 521, "P-521", false},
    {"ec.private-sec1.pem", TV_KEY_EC, 256, "P-256", true}, // behind a block of its parameters
    {"ed25519.pem", TV_KEY_OKP, 256, "Ed25519", false},
    {"ed448.pem", TV_KEY_OKP, 456, "Ed448", false},
};

static const struct {
    const char *file;
    enum tv_status status;
    enum tv_reason reason;
    const char *text;
} bad_files[] = {
    {"x25519.pem", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "X25519"},
    {"dsa.pem", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "DSA"},
    {"rsa-pss.pem", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "RSA-PSS"},
    {"ec-k256.pem", TV_UNSUPPORTED_KEY, TV_REASON_CURVE, "secp256k1"},
    {"rsa.encrypted-pkcs8.pem", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "an encrypted private key"},
    {"rsa.encrypted-pkcs1.pem", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "an encrypted private key"},
    {"ssh.private.pem", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
     "an SSH key, a private one of OpenSSH"},
    {"ssh.public.txt", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "an SSH key"},
};

// RFC 8410 section 10.1, behind a NUL.
#define DER_AND_PEM                                                                                \
    "0\0\n-----BEGIN PUBLIC KEY-----\n"                                                            \
    "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"

static const struct {
    const char *name;
    const char *text;
    size_t length; // 0: strlen
    const char *looks_like;
} no_keys[] = {
    {"nothing", "", 0, "an empty text"},
    {"white space", " \t\r\n", 0, "an empty text"},
    {"a page", "<!DOCTYPE html><title>404</title>", 0, "an HTML or XML page"},
    {"a page after lines", "\r\n <html>", 0, "an HTML or XML page"},
    {"the first byte of a page", "<", 0, "an HTML or XML page"},
    {"a JSON array", "[]", 0, "a JSON document"},
    {"a JSON string", " \"key\"", 0, "a JSON document"},
    {"words", "Not Found", 0, "an error text"},
    {"other words", "hello", 0, "neither PEM nor JWK"},
    {"SSH's after a line", "\n ssh-ed25519 AAAA", 0, "an SSH key"},
    {"a word like SSH's", "sshd", 0, "neither PEM nor JWK"},
    {"a NUL", "\0", 1, "neither PEM nor JWK"},
    {"in one line", "x\n-----BEGIN PUBLIC KEY----- MIIB -----END PUBLIC KEY-----", 0,
     "a PEM in one line, whose line breaks are lost"},
    {"with \\n", "-----BEGIN PUBLIC KEY-----\\nMIIB\\n-----END PUBLIC KEY-----\\n", 0,
     "a PEM whose line breaks are written as \\n"},
    {"no end", "-----BEGIN PUBLIC KEY-----\nMIIB\n", 0,
     "a PEM that is cut off: it has no \"-----END\""},
    {"no base64", "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----\n", 0,
     "a damaged PEM"},
    {"another end", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END RSA PUBLIC KEY-----\n", 0,
     "a damaged PEM"},
    {"another block", "-----BEGIN DH PARAMETERS-----\nMAYCAQACAQA=\n-----END DH PARAMETERS-----\n",
     0, "a PEM of another kind"},
    {"no DER", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", 0,
     "a PEM whose contents cannot be decoded"},
    {"no DER in PKCS#1", "-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----\n", 0,
     "a PEM whose contents cannot be decoded"},
    {"no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0,
     "a PEM whose contents cannot be decoded"},
    {"DER, and a PEM", DER_AND_PEM, sizeof DER_AND_PEM - 1,
     "DER of something else than a public key"},
    {"no private key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 0,
     "a PEM whose contents cannot be decoded"},
};

static void test_files(void) {
    for (size_t i = 0; i < sizeof good_files / sizeof good_files[0]; i++) {
        const char *file = good_files[i].file;
        struct tv_detail detail;
        struct tv_key *key = load_file(file, TV_OK, &detail);
        if (!key)
            continue;
        CHECK_NUMBER(good_files[i].type, tv_key_type(key), file);
        CHECK_NUMBER(good_files[i].bits, tv_key_bits(key), file);
        CHECK_TEXT(good_files[i].curve, tv_key_curve(key), file);
        CHECK(tv_key_was_private(key) == good_files[i].was_private, file);
        CHECK(tv_key_public(key), file);
        CHECK_NUMBER(0, tv_key_secret(key).length, file);
        CHECK(detail.reason == TV_REASON_NONE && !detail.text, file);
        // Of a key pair only the public half is kept.
        BIGNUM *private_number = NULL;
        CHECK(!EVP_PKEY_get_bn_param(tv_key_public(key), OSSL_PKEY_PARAM_RSA_D, &private_number) &&
                  !EVP_PKEY_get_bn_param(tv_key_public(key), OSSL_PKEY_PARAM_PRIV_KEY,
                                         &private_number),
              file);
        BN_clear_free(private_number);
        tv_key_free(key);
    }
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        struct tv_detail detail;
        tv_key_free(load_file(bad_files[i].file, bad_files[i].status, &detail));
        CHECK_NUMBER(bad_files[i].reason, detail.reason, bad_files[i].file);
        CHECK_TEXT(bad_files[i].text, detail.text, bad_files[i].file);
    }
    for (size_t i = 0; i < sizeof no_keys / sizeof no_keys[0]; i++) {
        const char *name = no_keys[i].name;
        size_t length = no_keys[i].length ? no_keys[i].length : strlen(no_keys[i].text);
        struct tv_detail detail;
        struct tv_key *key;
        CHECK_STATUS(TV_MALFORMED_KEY, load(no_keys[i].text, length, &key, &detail), name);
        CHECK(!key, name);
        const char *looks = no_keys[i].looks_like;
        CHECK_NUMBER(strstr(looks, "page")    ? TV_REASON_PAGE
                     : strstr(looks, "empty") ? TV_REASON_NO_TEXT
                                              : TV_REASON_NOT_A_KEY,
                     detail.reason, name);
        CHECK_TEXT(no_keys[i].looks_like, detail.text, name);
    }
}

// Two halves of a text, with the key's file between them.
static const struct {
    const char *name, *before, *after;
    enum tv_status status;
} surroundings[] = {
    {"text before", "Bag Attributes\n    friendlyName: x\nsubject=CN = x\n", "", TV_OK},
    {"text behind", "", "\nthe end", TV_OK},
    {"blank lines", "\n\n \n", "\n\n", TV_OK},
    {"another kind of block before",
     "-----BEGIN DH PARAMETERS-----\nMAYCAQACAQA=\n-----END DH PARAMETERS-----\n", "", TV_OK},
    {"a broken block before", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "",
     TV_MALFORMED_KEY}, // the first key block is the key
    {"a broken block behind", "", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
     TV_OK},
};

static void test_surroundings(void) {
    size_t length;
    char *pem = check_read_file(KEYS "rsa.pem", &length);
    struct tv_detail detail;
    struct tv_key *key;
    char text[4096];
    for (size_t i = 0; i < sizeof surroundings / sizeof surroundings[0]; i++) {
        int size = snprintf(text, sizeof text, "%s%s%s", surroundings[i].before, pem,
                            surroundings[i].after);
        CHECK_STATUS(surroundings[i].status, load(text, (size_t)size, &key, &detail),
                     surroundings[i].name);
        tv_key_free(key);
    }
    // Line ends of other systems, and an end without a line end.
    size_t size = 0;
    for (size_t i = 0; i < length; i++) {
        if (pem[i] == '\n')
            text[size++] = '\r';
        text[size++] = pem[i];
    }
    CHECK_STATUS(TV_OK, load(text, size, &key, &detail), "CR LF");
    tv_key_free(key);
    CHECK_STATUS(TV_OK, load(pem, length - 1, &key, &detail), "no last line end");
    tv_key_free(key);
    // Cut at every length: a key only once the end marker is whole.
    bool only_whole = true;
    for (size_t cut = 0; cut + 2 < length; cut++) {
        enum tv_status status = load(pem, cut, &key, &detail);
        only_whole = only_whole && status == TV_MALFORMED_KEY && !key && detail.text;
    }
    CHECK(only_whole, "cut PEM");

    char *big = check_malloc(TV_KEY_MAX_LENGTH + 1);
    memset(big, '\n', TV_KEY_MAX_LENGTH + 1);
    memcpy(big, pem, length);
    CHECK_STATUS(TV_OK, load(big, TV_KEY_MAX_LENGTH, &key, &detail), "64 KiB");
    tv_key_free(key);
    CHECK_STATUS(TV_MALFORMED_KEY, load(big, TV_KEY_MAX_LENGTH + 1, &key, &detail), "more");
    CHECK_NUMBER(TV_REASON_LENGTH, detail.reason, "more");
    CHECK_NUMBER(65537, detail.number, "more");
    CHECK_NUMBER(65536, detail.limit, "more");
    free(big);
    free(pem);
}

// The marker that old programs write around certificates.
static void test_old_marker(void) {
    size_t length, size = 0;
    char *pem = check_read_file(KEYS "rsa.certificate.pem", &length), text[4096];
    for (const char *at = pem; *at; at++) {
        if (strncmp(at, "CERTIFICATE", 11) == 0)
            size += (size_t)sprintf(text + size, "X509 ");
        text[size++] = *at;
    }
    struct tv_detail detail;
    struct tv_key *key;
    CHECK_STATUS(TV_OK, load(text, size, &key, &detail), "X509 CERTIFICATE");
    tv_key_free(key);
    free(pem);
}

// A PEM block of DER.
static char *pem_of(const char *name, const unsigned char *der, int length, size_t *size) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes, *copy;
    PEM_write_bio(bio, name, "", der, length);
    *size = (size_t)BIO_get_mem_data(bio, &bytes);
    copy = check_malloc(*size + 1);
    memcpy(copy, bytes, *size);
    copy[*size] = '\0';
    BIO_free(bio);
    return copy;
}

static void test_trailing_bytes(void) {
    struct tv_detail detail;
    struct tv_key *key = load_file("rsa.pem", TV_OK, &detail);
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(tv_key_public(key), &der);
    tv_key_free(key);
    unsigned char *longer = check_malloc((size_t)length + 1);
    memcpy(longer, der, (size_t)length);
    longer[length] = 0;
    for (int more = -1; more <= 1; more++) {
        size_t size;
        char *pem = pem_of(PEM_STRING_PUBLIC, longer, length + more, &size);
        CHECK_STATUS(more == 0 ? TV_OK : TV_MALFORMED_KEY, load(pem, size, &key, &detail), "DER");
        if (more != 0)
            CHECK_NUMBER(more < 0 ? TV_REASON_NOT_A_KEY : TV_REASON_TRAILING, detail.reason, "DER");
        tv_key_free(key);
        free(pem);
    }
    free(longer);
    OPENSSL_free(der);
}

// RSA numbers that are no key pair's, to see each limit: nobody signs with them.
static const struct {
    const char *name;
    int bits;
    const char *exponent; // hexadecimal
    enum tv_status status;
    enum tv_reason reason;
    double number, limit;
    int min_bits; // 0: the default
} moduli[] = {
    {"2048 bits", 2048, "10001", TV_OK, 0, 0, 0, 0},
    {"2047 bits", 2047, "10001", TV_WEAK_KEY, TV_REASON_BITS, 2047, 2048, 0},
    {"1024 bits", 1024, "10001", TV_WEAK_KEY, TV_REASON_BITS, 1024, 2048, 0},
    {"512 bits", 512, "10001", TV_WEAK_KEY, TV_REASON_BITS, 512, 2048, 0},
    {"16384 bits", 16384, "10001", TV_OK, 0, 0, 0, 0},
    {"16385 bits", 16385, "10001", TV_WEAK_KEY, TV_REASON_BITS, 16385, 16384, 0},
    {"exponent 3", 2048, "3", TV_OK, 0, 0, 0, 0},
    {"exponent 1", 2048, "1", TV_WEAK_KEY, TV_REASON_EXPONENT, 0, 0, 0},
    {"exponent 0", 2048, "0", TV_WEAK_KEY, TV_REASON_EXPONENT, 0, 0, 0},
    {"exponent 2", 2048, "2", TV_WEAK_KEY, TV_REASON_EXPONENT, 0, 0, 0},
    {"exponent 65538", 2048, "10002", TV_WEAK_KEY, TV_REASON_EXPONENT, 0, 0, 0},
    {"64 bits of exponent", 2048, "8000000000000001", TV_OK, 0, 0, 0, 0},
    {"65 bits of exponent", 2048, "10000000000000001", TV_WEAK_KEY, TV_REASON_EXPONENT, 0, 0, 0},
    {"2047 bits where they do", 2047, "10001", TV_OK, 0, 0, 0, 2047},
    {"1024 bits where they do", 1024, "10001", TV_OK, 0, 0, 0, 1024},
    {"1023 bits", 1023, "10001", TV_WEAK_KEY, TV_REASON_BITS, 1023, 1024, 1024},
    {"2048 bits where more are wanted", 2048, "10001", TV_WEAK_KEY, TV_REASON_BITS, 2048, 2049,
     2049},
    {"16385 bits where more are wanted", 16385, "10001", TV_WEAK_KEY, TV_REASON_BITS, 16385, 16384,
     4096},
};

static char *number_text(const BIGNUM *number) {
    unsigned char bytes[4096];
    size_t length = (size_t)BN_num_bytes(number);
    BN_bn2bin(number, bytes);
    if (length == 0)
        bytes[length++] = 0; // RFC 7518 section 2: zero is "AA"
    char *text = check_malloc(TV_BASE64URL_ENCODED_LENGTH(length) + 1);
    tv_base64url_encode(bytes, length, text);
    text[TV_BASE64URL_ENCODED_LENGTH(length)] = '\0';
    return text;
}

// The PKCS#1 structure RSAPublicKey, written by hand: OpenSSL would refuse some of the numbers.
static char *pkcs1_pem(const BIGNUM *modulus, const BIGNUM *exponent, size_t *size) {
    unsigned char der[4096], *at = der, numbers[4096], *end = numbers;
    ASN1_INTEGER *n = BN_to_ASN1_INTEGER(modulus, NULL), *e = BN_to_ASN1_INTEGER(exponent, NULL);
    int length = i2d_ASN1_INTEGER(n, &end) + i2d_ASN1_INTEGER(e, &end);
    ASN1_put_object(&at, 1, length, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL);
    memcpy(at, numbers, (size_t)length);
    ASN1_INTEGER_free(n);
    ASN1_INTEGER_free(e);
    return pem_of(PEM_STRING_RSA_PUBLIC, der, (int)(at - der) + length, size);
}

static void test_moduli(void) {
    for (size_t i = 0; i < sizeof moduli / sizeof moduli[0]; i++) {
        const char *name = moduli[i].name;
        BIGNUM *modulus = BN_new(), *exponent = NULL;
        BN_set_bit(modulus, moduli[i].bits - 1);
        BN_add_word(modulus, 0x10f);
        BN_hex2bn(&exponent, moduli[i].exponent);
        char *n = number_text(modulus), *e = number_text(exponent), jwk[8192];
        snprintf(jwk, sizeof jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"%s\"}", n, e);
        size_t size;
        char *pem = pkcs1_pem(modulus, exponent, &size);
        const struct tv_span forms[] = {{jwk, strlen(jwk)}, {pem, size}};
        for (size_t form = 0; form < 2; form++) {
            struct tv_detail detail = {0};
            struct tv_key *key = NULL;
            struct tv_span text = guard_copy(GUARD_KEY, forms[form].data, forms[form].length);
            int min_bits = moduli[i].min_bits;
            CHECK_STATUS(moduli[i].status,
                         min_bits
                             ? tv_key_load_with(text.data, text.length, min_bits, &key, &detail)
                             : tv_key_load(text.data, text.length, &key, &detail),
                         name);
            CHECK_NUMBER(moduli[i].reason, detail.reason, name);
            CHECK_NUMBER(moduli[i].number, detail.number, name);
            CHECK_NUMBER(moduli[i].limit, detail.limit, name);
            if (key)
                CHECK_NUMBER(moduli[i].bits, tv_key_bits(key), name);
            tv_key_free(key);
        }
        free(pem);
        free(n);
        free(e);
        BN_free(modulus);
        BN_free(exponent);
    }
}

// No product of two odd primes.
static void test_even_modulus(void) {
    BIGNUM *modulus = BN_new();
    BN_set_bit(modulus, 2047);
    char *n = number_text(modulus), jwk[1024];
    snprintf(jwk, sizeof jwk, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}", n);
    struct tv_detail detail;
    struct tv_key *key;
    CHECK_STATUS(TV_WEAK_KEY, load(jwk, strlen(jwk), &key, &detail), "an even modulus");
    CHECK_NUMBER(TV_REASON_MODULUS, detail.reason, "an even modulus");
    free(n);
    BN_free(modulus);
}

// JWK members: a line replaces `N`, in its text, by the modulus of rsa.pem.
static const struct {
    const char *jwk;
    enum tv_status status;
    enum tv_reason reason;
    const char *subject, *text;
} jwks[] = {
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\"}", TV_OK, 0, NULL, NULL},
    {" \r\n\t{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"N\",\"kid\":7,\"x\":null}\n", TV_OK, 0, NULL,
     NULL},
    {"{\"kty\":\"RSA\",\"n\":\"AAAAN\",\"e\":\"AAEAAQ\"}", TV_OK, 0, NULL, NULL}, // zeros in front
    {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_MISSING, "n", NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\"}", TV_MALFORMED_KEY, TV_REASON_MISSING, "e", NULL},
    // Without a kty, as Jitsi's library takes it; a null is as good as none, for every member.
    {"{\"n\":\"N\",\"e\":\"AQAB\"}", TV_OK, 0, NULL, NULL},
    {"{\"kty\":null,\"n\":\"N\",\"e\":\"AQAB\"}", TV_OK, 0, NULL, NULL},
    {"{\"kty\":\"rsa\",\"n\":\"N\",\"e\":\"AQAB\"}", TV_OK, 0, NULL, NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\",\"alg\":null,\"use\":null,\"key_ops\":null,"
     "\"x5c\":null,\"d\":null,\"p\":null,\"oth\":null,\"kid\":null}",
     TV_OK, 0, NULL, NULL},
    {"{\"n\":\"N\"}", TV_MALFORMED_KEY, TV_REASON_MISSING, "kty", NULL},
    {"{\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_MISSING, "kty", NULL},
    {"{\"n\":\"N\",\"e\":null}", TV_MALFORMED_KEY, TV_REASON_MISSING, "kty", NULL},
    {"{\"n\":7,\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_TYPE, "n", "number"},
    {"{\"kty\":\"\",\"n\":\"N\",\"e\":\"AQAB\"}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "kty",
     "string"},
    {"{}", TV_MALFORMED_KEY, TV_REASON_MISSING, "kty", NULL},
    {"{\"keys\":[]}", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, NULL, "a JWK Set"},
    {"{\"kty\":1,\"n\":\"N\",\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_TYPE, "kty", "number"},
    {"{\"kty\":\"RSA\",\"n\":7,\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_TYPE, "n", "number"},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":65537}", TV_MALFORMED_KEY, TV_REASON_TYPE, "e", "number"},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":null}", TV_MALFORMED_KEY, TV_REASON_MISSING, "e", NULL},
    {"{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_EMPTY, "n", NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"\"}", TV_MALFORMED_KEY, TV_REASON_EMPTY, "e", NULL},
    // Padded, or in lines.
    {"{\"kty\":\"RSA\",\"n\":\"N==\",\"e\":\"AQAB\"}", TV_OK, 0, NULL, NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB==\"}", TV_OK, 0, NULL, NULL},
    {"{\"kty\":\"RSA\",\"n\":\" N\\r\\n\",\"e\":\"AQ\\n\\tAB = =\"}", TV_OK, 0, NULL, NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N=A\",\"e\":\"AQAB\"}", TV_MALFORMED_KEY, TV_REASON_BASE64URL, "n",
     NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"=AQAB\"}", TV_MALFORMED_KEY, TV_REASON_BASE64URL, "e",
     NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB.\"}", TV_MALFORMED_KEY, TV_REASON_BASE64URL, "e",
     NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQABA\"}", TV_MALFORMED_KEY, TV_REASON_BASE64URL, "e",
     NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\" = \"}", TV_MALFORMED_KEY, TV_REASON_EMPTY, "e", NULL},
    {"{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}", TV_WEAK_KEY, TV_REASON_BITS, NULL, NULL},
    {"{\"kty\":\"RSA\",\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\"}", TV_MALFORMED_KEY,
     TV_REASON_DUPLICATE, "JWK", NULL},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\"", TV_MALFORMED_KEY, TV_REASON_JSON, "JWK", "*"},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\"}x", TV_MALFORMED_KEY, TV_REASON_JSON, "JWK", "*"},
    {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, "kty", "string"},
    {"{\"kty\":\"RSASSA\",\"n\":\"N\",\"e\":\"AQAB\"}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE,
     "kty", "string"},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\",\"alg\":1}", TV_MALFORMED_KEY, TV_REASON_TYPE,
     "alg", "number"},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\",\"use\":[]}", TV_MALFORMED_KEY, TV_REASON_TYPE,
     "use", "array"},
    {"{\"kty\":\"RSA\",\"n\":\"N\",\"e\":\"AQAB\",\"key_ops\":{\"verify\":1}}", TV_MALFORMED_KEY,
     TV_REASON_TYPE, "key_ops", "object"},
};

// What a JWK may be used for: members that follow a good key, and the outcome for RS256 and RS384.
static const struct {
    const char *members;
    enum tv_status rs256, rs384;
    const char *text;
} uses[] = {
    {"", TV_OK, TV_OK, NULL},
    {",\"alg\":\"RS256\"", TV_OK, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"RS384\"", TV_KEY_ALGORITHM_MISMATCH, TV_OK, "alg"},
    {",\"alg\":\"HS256\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"EdDSA\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"Ed25519\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"RSA-OAEP\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"rs256\"", TV_OK, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"RS25\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"alg\":\"\"", TV_OK, TV_OK, NULL},
    {",\"alg\":\"rsa\"", TV_OK, TV_OK, NULL}, // the kty once more
    {",\"alg\":\"EC\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "alg"},
    {",\"use\":\"sig\"", TV_OK, TV_OK, NULL},
    {",\"use\":\"enc\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "use or key_ops"},
    {",\"use\":\"SIG\"", TV_OK, TV_OK, NULL},
    {",\"use\":\"\"", TV_OK, TV_OK, NULL},
    {",\"use\":\"signature\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH,
     "use or key_ops"},
    {",\"key_ops\":\"verify\"", TV_OK, TV_OK, NULL},
    {",\"key_ops\":\"sign\",\"d\":\"AA\"", TV_OK, TV_OK, NULL},
    {",\"key_ops\":\"encrypt\"", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH,
     "use or key_ops"},
    {",\"key_ops\":[1,null,\"verify\",\"verify\"]", TV_OK, TV_OK, NULL},
    {",\"key_ops\":[1]", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH, "use or key_ops"},
    {",\"use\":\"sig\",\"key_ops\":[\"verify\",\"encrypt\"]", TV_OK, TV_OK, NULL},
    {",\"use\":\"sig\",\"key_ops\":[\"deriveBits\"]", TV_KEY_ALGORITHM_MISMATCH,
     TV_KEY_ALGORITHM_MISMATCH, "use or key_ops"},
    {",\"key_ops\":[\"verify\"]", TV_OK, TV_OK, NULL},
    {",\"key_ops\":[\"encrypt\",\"verify\"]", TV_OK, TV_OK, NULL},
    {",\"use\":\"sig\",\"key_ops\":[\"verify\",\"mine\",\"sign\"]", TV_OK, TV_OK, NULL},
    {",\"use\":\"other\",\"key_ops\":[\"verify\",\"encrypt\"]", TV_KEY_ALGORITHM_MISMATCH,
     TV_KEY_ALGORITHM_MISMATCH, "use or key_ops"},
    {",\"key_ops\":[]", TV_OK, TV_OK, NULL},
    {",\"key_ops\":[\"sign\"]", TV_KEY_ALGORITHM_MISMATCH, TV_KEY_ALGORITHM_MISMATCH,
     "use or key_ops"},
    {",\"key_ops\":[\"sign\"],\"d\":\"AA\"", TV_OK, TV_OK, NULL}, // a private key
    {",\"key_ops\":[\"decrypt\"],\"d\":\"AA\"", TV_KEY_ALGORITHM_MISMATCH,
     TV_KEY_ALGORITHM_MISMATCH, "use or key_ops"},
    {",\"use\":\"enc\",\"key_ops\":[\"verify\"]", TV_KEY_ALGORITHM_MISMATCH,
     TV_KEY_ALGORITHM_MISMATCH, "use or key_ops"},
};

// `text` with each `mark` replaced.
static void expand(const char *text, char mark, const char *by, char *out, size_t size) {
    size_t length = 0;
    for (; *text; text++)
        if (*text == mark)
            length += (size_t)snprintf(out + length, size - length, "%s", by);
        else
            out[length++] = *text;
    out[length] = '\0';
}

static char *modulus_of(const char *file) {
    struct tv_detail detail;
    struct tv_key *key = load_file(file, TV_OK, &detail);
    BIGNUM *modulus = NULL;
    EVP_PKEY_get_bn_param(tv_key_public(key), OSSL_PKEY_PARAM_RSA_N, &modulus);
    char *text = number_text(modulus);
    BN_free(modulus);
    tv_key_free(key);
    return text;
}

static void test_jwks(void) {
    char *modulus = modulus_of("rsa.pem"), text[2048];
    struct tv_detail detail;
    struct tv_key *key;
    for (size_t i = 0; i < sizeof jwks / sizeof jwks[0]; i++) {
        const char *name = jwks[i].jwk;
        expand(name, 'N', modulus, text, sizeof text);
        CHECK_STATUS(jwks[i].status, load(text, strlen(text), &key, &detail), name);
        CHECK_NUMBER(jwks[i].reason, detail.reason, name);
        CHECK_TEXT(jwks[i].subject, tv_subject_name(detail.subject), name);
        if (jwks[i].text && jwks[i].text[0] == '*')
            CHECK(detail.text, name);
        else
            CHECK_TEXT(jwks[i].text, detail.text, name);
        CHECK((key != NULL) == (jwks[i].status == TV_OK), name);
        tv_key_free(key);
    }
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        const char *name = uses[i].members;
        snprintf(text, sizeof text, "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"%s}", modulus,
                 name);
        if (!CHECK_STATUS(TV_OK, load(text, strlen(text), &key, &detail), name))
            continue;
        CHECK(tv_key_was_private(key) == (strstr(name, "\"d\"") != NULL), name);
        const struct tv_algorithm *rs256 = tv_algorithm_find(TV_SPAN("RS256"));
        const struct tv_algorithm *rs384 = tv_algorithm_find(TV_SPAN("RS384"));
        CHECK_STATUS(uses[i].rs256, tv_key_check_algorithm(key, rs256, &detail), name);
        if (uses[i].rs256 != TV_OK) {
            CHECK_NUMBER(TV_REASON_KEY_USE, detail.reason, name);
            CHECK_TEXT("RS256", detail.algorithm, name);
            CHECK_TEXT(uses[i].text, detail.text, name);
        }
        detail = (struct tv_detail){0};
        CHECK_STATUS(uses[i].rs384, tv_key_check_algorithm(key, rs384, &detail), name);
        CHECK_TEXT(uses[i].rs384 == TV_OK ? NULL : "RS384", detail.algorithm, name);
        tv_key_free(key);
    }
    free(modulus);
}

static const struct {
    const char *bytes;
    size_t length;
    enum tv_reason reason; // 0: accepted
} secrets[] = {
    {"secret", 6, 0},
    {"x", 1, 0},
    {"\0", 1, 0},
    {"a\0b", 3, 0},
    {" ", 1, 0},
    {"{", 1, 0},
    {"$", 1, 0},
    {"$x{", 3, 0},
    {"<no value> ", 11, 0},
    {"<no valu", 8, 0},
    {"x{{", 3, 0},
    {"", 0, TV_REASON_EMPTY},
    {"<no value>", 10, TV_REASON_TEMPLATE},
    {"{{ .Env.JWT_APP_SECRET }}", 25, TV_REASON_TEMPLATE},
    {"{{", 2, TV_REASON_TEMPLATE},
    {"${JWT_APP_SECRET}", 17, TV_REASON_TEMPLATE},
    {"${", 2, TV_REASON_TEMPLATE},
    {"<app_secret>", 12, TV_REASON_TEMPLATE},
    {"<x>", 3, TV_REASON_TEMPLATE},
    {"<>", 2, 0},
    {"<app_secret", 11, 0},
    {"<app_secret> ", 13, 0},
    {"<app_s3cret>", 12, 0},
    {"<a\0b>", 5, 0},
    {"{tenantid}", 10, TV_REASON_TEMPLATE},
    {"{tenant id}", 11, 0},
    {"%JWT_APP_SECRET%", 16, TV_REASON_TEMPLATE},
    {"%JWT_APP_SECRET", 15, 0},
    {"$(JWT_APP_SECRET)", 17, TV_REASON_TEMPLATE},
    {"$(JWT_APP_SECRET", 16, 0},
    {"__JWT_APP_SECRET__", 18, TV_REASON_TEMPLATE},
    {"__JWT_APP_SECRET", 16, 0},
    {"@JWT_APP_SECRET@", 16, TV_REASON_TEMPLATE},
    {"@jwt_app_secret@", 16, 0},
    {"%jwt%", 5, 0},
    {"$JWT_APP_SECRET", 15, TV_REASON_TEMPLATE},
    {"$jwt", 4, 0},
    {"$5", 2, 0},
    {"$A5", 3, TV_REASON_TEMPLATE},
    {"$2Y$10", 6, 0},
    {"ENV_JWT_APP_SECRET", 18, TV_REASON_TEMPLATE},
    {"ENV_", 4, 0},
    {"null", 4, TV_REASON_TEMPLATE},
    {"undefined", 9, TV_REASON_TEMPLATE},
    {"nulls", 5, 0},
    {"none", 4, 0},
};

static void test_secrets(void) {
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *name = secrets[i].bytes;
        struct tv_span copy = guard_copy(GUARD_KEY, secrets[i].bytes, secrets[i].length);
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(secrets[i].reason ? TV_WEAK_SECRET : TV_OK,
                     tv_key_from_secret(copy.data, copy.length, &key, &detail), name);
        CHECK_NUMBER(secrets[i].reason, detail.reason, name);
        CHECK_TEXT(NULL, detail.text, name);
        if (!CHECK((key != NULL) == !secrets[i].reason, name) || !key)
            continue;
        CHECK(tv_span_equal(tv_key_secret(key), copy), name);
        CHECK(tv_key_secret(key).data != copy.data, "the key has a copy of its own");
        CHECK_NUMBER(TV_KEY_SECRET, tv_key_type(key), name);
        CHECK_NUMBER(8 * secrets[i].length, tv_key_bits(key), name);
        CHECK(!tv_key_public(key) && !tv_key_curve(key) && !tv_key_was_private(key), name);
        tv_key_free(key);
    }
    char *big = check_malloc(TV_KEY_MAX_LENGTH + 1);
    memset(big, 'x', TV_KEY_MAX_LENGTH + 1);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_OK, tv_key_from_secret(big, TV_KEY_MAX_LENGTH, &key, &detail), "64 KiB");
    tv_key_free(key);
    CHECK_STATUS(TV_WEAK_SECRET, tv_key_from_secret(big, TV_KEY_MAX_LENGTH + 1, &key, &detail),
                 "a longer secret");
    CHECK_NUMBER(TV_REASON_LENGTH, detail.reason, "a longer secret");
    CHECK_NUMBER(TV_KEY_MAX_LENGTH + 1, detail.number, "a longer secret");
    CHECK_NUMBER(TV_KEY_MAX_LENGTH, detail.limit, "a longer secret");
    free(big);
}

// A key is for the algorithms of its own family.
static const struct {
    const char *file; // NULL: a secret
    const char *algorithm;
    const char *text; // NULL: accepted
} families[] = {
    {"rsa.pem", "RS256", NULL},
    {"rsa.pem", "RS512", NULL},
    {"rsa.pem", "HS256", "an RSA key"},
    {"ec.pem", "RS256", "an EC key"},
    {"ec.pem", "HS256", "an EC key"},
    {"ed25519.pem", "RS256", "an OKP key"},
    {NULL, "HS256", NULL},
    {NULL, "HS512", NULL},
    {NULL, "RS256", "a shared secret"},
};

static struct tv_key *load_or_secret(const char *file) {
    struct tv_detail detail;
    struct tv_key *key = NULL;
    if (file)
        return load_file(file, TV_OK, &detail);
    CHECK_STATUS(TV_OK, tv_key_from_secret("secret", 6, &key, &detail), "a secret");
    return key;
}

static void test_families(void) {
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        const char *name = families[i].algorithm;
        struct tv_key *key = load_or_secret(families[i].file);
        struct tv_detail detail = {0};
        const struct tv_algorithm *algorithm = tv_algorithm_find(tv_span_of(name));
        CHECK_STATUS(families[i].text ? TV_KEY_ALGORITHM_MISMATCH : TV_OK,
                     tv_key_check_algorithm(key, algorithm, &detail), name);
        CHECK_TEXT(families[i].text, detail.text, name);
        CHECK_TEXT(families[i].text ? name : NULL, detail.algorithm, name);
        CHECK_NUMBER(families[i].text ? TV_REASON_KEY_TYPE : TV_REASON_NONE, detail.reason, name);
        tv_key_free(key);
    }
}

// What is asked of a key before it is used.
static void test_uses(void) {
    struct tv_key *rsa = load_or_secret("rsa.pem"), *ec = load_or_secret("ec.pem");
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_OK, tv_key_check_bits(rsa, 2048, &detail), "2048 bits");
    CHECK_STATUS(TV_OK, tv_key_check_bits(ec, 4096, &detail), "no RSA key");
    CHECK_NUMBER(TV_REASON_NONE, detail.reason, "2048 bits");
    CHECK_STATUS(TV_WEAK_KEY, tv_key_check_bits(rsa, 2049, &detail), "2049 bits");
    CHECK_NUMBER(TV_REASON_BITS, detail.reason, "2049 bits");
    CHECK_NUMBER(2048, detail.number, "2049 bits");
    CHECK_NUMBER(2049, detail.limit, "2049 bits");
    detail = (struct tv_detail){0};
    CHECK_STATUS(TV_MALFORMED_KEY,
                 tv_key_check_signing(rsa, tv_algorithm_find(TV_SPAN("RS256")), &detail),
                 "a public key signs nothing");
    CHECK_NUMBER(TV_REASON_NOT_PRIVATE, detail.reason, "a public key signs nothing");
    CHECK_TEXT("a public key", detail.text, "a public key signs nothing");
    CHECK_TEXT(NULL, detail.algorithm, "a public key signs nothing");
    CHECK(!tv_key_pair(rsa) && !tv_key_own_algorithm(rsa), "rsa.pem");
    CHECK(!tv_key_was_certificate(rsa), "rsa.pem");
    tv_key_free(rsa);
    tv_key_free(ec);
    rsa = load_or_secret("rsa.certificate.pem");
    CHECK(tv_key_was_certificate(rsa), "rsa.certificate.pem");
    tv_key_free(rsa);
}

// RFC 7638 section 3.1.
#define RFC7638_N                                                                                  \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP" \
    "ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY" \
    "368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0f" \
    "M4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

static void test_text_forms(void) {
    static const char jwk[] = "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N
                              "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}";
    static const char canonical[] = "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\"}";
    struct tv_detail detail;
    struct tv_key *key;
    char *text = NULL;
    size_t length = 0;
    CHECK_STATUS(TV_OK, load(jwk, strlen(jwk), &key, &detail), "RFC 7638");
    CHECK_STATUS(TV_OK, tv_key_thumbprint(key, &text, &length), "RFC 7638");
    CHECK_SPAN("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", ((struct tv_span){text, length}),
               "RFC 7638");
    free(text);
    CHECK_STATUS(TV_OK, tv_key_jwk(key, &text, &length), "JWK");
    CHECK_SPAN(canonical, ((struct tv_span){text, length}), "JWK");
    free(text);
    tv_key_free(key);

    // PEM of any form, the private one too, comes back as the SPKI PEM.
    size_t spki_length;
    char *spki = check_read_file(KEYS "rsa.pem", &spki_length);
    static const char *const forms[] = {"rsa.pem", "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "rsa.private.pem", "rsa.private-pkcs1.pem"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        key = load_file(forms[i], TV_OK, &detail);
        CHECK_STATUS(TV_OK, tv_key_pem(key, &text, &length), forms[i]);
        CHECK_SPAN(spki, ((struct tv_span){text, length}), forms[i]);
        free(text);
        tv_key_free(key);
    }
    free(spki);

    key = load_or_secret(NULL);
    text = NULL;
    CHECK_STATUS(TV_UNSUPPORTED_KEY, tv_key_jwk(key, &text, &length), "a secret");
    CHECK_STATUS(TV_UNSUPPORTED_KEY, tv_key_thumbprint(key, &text, &length), "a secret");
    CHECK_STATUS(TV_UNSUPPORTED_KEY, tv_key_pem(key, &text, &length), "a secret");
    CHECK(!text, "a secret");
    tv_key_free(key);
}

// An answer without a body has no bytes to point to.
static void test_no_text(void) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_MALFORMED_KEY, tv_key_load(NULL, 0, &key, &detail), "nothing");
    CHECK_TEXT("an empty text", detail.text, "nothing");
}

static void test_references(void) {
    struct tv_key *key = load_or_secret(NULL);
    CHECK(tv_key_retain(key) == key, "retain");
    tv_key_free(key);
    CHECK_SPAN("secret", tv_key_secret(key), "still there for the other");
    tv_key_free(key);
    tv_key_free(NULL);
}

// As in load().
static void test_error_queue(void) {
    struct tv_key *key = load_or_secret("rsa.pem");
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    char *text;
    size_t length;
    CHECK_STATUS(TV_OK, tv_key_thumbprint(key, &text, &length), "thumbprint");
    free(text);
    CHECK_STATUS(TV_OK, tv_key_pem(key, &text, &length), "PEM");
    free(text);
    tv_key_free(key);
    CHECK(ERR_peek_last_error() == before, "nothing added");
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
}

// What OpenSSL lacks is said, and no other text comes out.
static void test_without_crypto(void) {
    struct tv_key *key = load_or_secret("rsa.pem");
    char *text = NULL;
    size_t length;
    EVP_set_default_properties(NULL, "provider=none");
    CHECK_STATUS(TV_CRYPTO_FAILURE, tv_key_thumbprint(key, &text, &length), "thumbprint");
    CHECK(!text, "thumbprint");
    EVP_set_default_properties(NULL, "");
    tv_key_free(key);
}

int main(void) {
    test_files();
    test_surroundings();
    test_old_marker();
    test_trailing_bytes();
    test_moduli();
    test_even_modulus();
    test_jwks();
    test_secrets();
    test_families();
    test_uses();
    test_text_forms();
    test_no_text();
    test_references();
    test_error_queue();
    test_without_crypto();
    return check_report("test_key");
}
