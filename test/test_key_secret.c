// SPDX-License-Identifier: MIT
// Texts that everybody may have, and those like them that may be secrets.
#include "check.h"

#include "key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

static void check_secret(const char *name, const char *text, size_t length, enum tv_reason reason) {
    struct tv_span copy = guard_copy(GUARD_KEY, text, length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(reason ? TV_WEAK_SECRET : TV_OK,
                 tv_key_from_secret(copy.data, copy.length, &key, &detail), name);
    CHECK_NUMBER(reason, detail.reason, name);
    CHECK((key != NULL) == !reason, name);
    CHECK(!key || tv_span_equal(tv_key_secret(key), copy), name);
    tv_key_free(key);
}

static const struct {
    const char *text;
    enum tv_reason reason; // 0: accepted
} texts[] = {
    {"-----BEGIN PUBLIC KEY-----", TV_REASON_PUBLIC},
    {"x\n-----BEGIN RSA PUBLIC KEY-----", TV_REASON_PUBLIC},
    {"-----BEGIN CERTIFICATE-----", TV_REASON_PUBLIC},
    {"-----BEGIN X509 CERTIFICATE-----", TV_REASON_PUBLIC},
    {"-----BEGIN TRUSTED CERTIFICATE-----", TV_REASON_PUBLIC},
    {"-----BEGIN CERTIFICATE REQUEST-----", TV_REASON_PUBLIC},
    {"-----BEGIN PKCS7-----", TV_REASON_PUBLIC},
    {"---- BEGIN SSH2 PUBLIC KEY ----", TV_REASON_PUBLIC},
    {"ssh-rsa AAAAB3", TV_REASON_PUBLIC},
    {"ssh-ed25519 AAAAC3", TV_REASON_PUBLIC},
    {"# me\necdsa-sha2-nistp256 AAAAE2", TV_REASON_PUBLIC},
    // A JWK, but not it alone.
    {"[{\"kty\":\"RSA\"}]", TV_REASON_JSON},
    {"{\"kty\":\"oct\",\"k\":\"AAAA\"", TV_REASON_JSON},
    {"\xef\xbb\xbf{\"kty\":\"oct\",\"k\":\"AAAA\"}", TV_REASON_JSON},
    {"{\"key\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", TV_REASON_JSON},
    // Nobody else has these.
    {"-----BEGIN RSA PRIVATE KEY-----", 0},
    {"ssh-rsa", 0},
    {"kty", 0},
    // What begins as the DER of a key does, or as base64 of it.
    {"0", 0},
    {"0 \n", 0},
    {"\x30\x03\x02\x01\x01", 0},
    {"M", 0},
    {"MAMCAQE=", 0},
    {"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", 0},
    {" M!", 0},
    {" \n", 0},
};

// Of Ed25519, and ends with a space that belongs to it.
static const char ends_with_space[] =
    "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
    "\x94\x0f\x4b\x9c\x1f\xec\x7b\xed\xde\xcd\x11\x64\x3c\x97\xcd\xa5"
    "\x6f\x92\x81\x55\x54\x46\xa4\x34\x35\xbc\xa7\x82\xe3\xd4\xea\x20";

// What may stand around a key, and how it may be written.
static const struct {
    const char *before, *behind;
} covers[] = {{"", ""}, {"", "\n"}, {"", " \r\n\t"}, {"\n ", "\n"}};

enum { DER, BASE64, BASE64_LINES, BASE64URL, SPELLINGS };

static const char *const spellings[] = {"DER", "base64", "base64 in lines", "base64url"};

// `text` has room for twice the DER.
static size_t spell(int spelling, const unsigned char *der, size_t length, char *text) {
    if (spelling == DER) {
        memcpy(text, der, length);
        return length;
    }
    size_t count = (size_t)EVP_EncodeBlock((unsigned char *)text, der, (int)length);
    if (spelling == BASE64)
        return count;
    if (spelling == BASE64_LINES) {
        for (size_t at = 64; at < count; at += 65) {
            memmove(text + at + 1, text + at, count - at);
            text[at] = '\n';
            count++;
        }
        return count;
    }
    while (text[count - 1] == '=')
        count--;
    for (char *at = text; at < text + count; at++)
        *at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
    return count;
}

static void test_file(const char *file) {
    char path[128], *label, *header, text[8192];
    unsigned char *der;
    long length;
    size_t pem_length;
    snprintf(path, sizeof path, "test/vectors/keys/%s", file);
    char *pem = check_read_file(path, &pem_length);
    BIO *bio = BIO_new_mem_buf(pem, (int)pem_length);
    if (PEM_read_bio(bio, &label, &header, &der, &length) != 1 || length > 2048)
        check_abort("%s cannot be read", file);
    for (int spelling = DER; spelling < SPELLINGS; spelling++) {
        for (size_t i = 0; i < sizeof covers / sizeof covers[0]; i++) {
            if (spelling == DER && covers[i].before[0])
                continue; // nobody writes that
            size_t before = strlen(covers[i].before), behind = strlen(covers[i].behind);
            size_t all = before + spell(spelling, der, (size_t)length, text + before);
            memcpy(text, covers[i].before, before);
            memcpy(text + all, covers[i].behind, behind);
            char name[256];
            snprintf(name, sizeof name, "%s as %s, cover %zu", file, spellings[spelling], i);
            check_secret(name, text, all + behind, TV_REASON_PUBLIC);
        }
    }
    // One byte less, or another one behind, and it is anybody's bytes.
    check_secret(file, (const char *)der, (size_t)length - 1, 0);
    memcpy(text, der, (size_t)length);
    text[length] = 'x';
    check_secret(file, text, (size_t)length + 1, 0);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    free(pem);
}

// JWKs of secrets, and other JSON that is given as a secret. `secret` NULL: the text itself.
// clang-format off
#define OCT(members) "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"" members "}"
#define NO TV_KEY_ALGORITHM_MISMATCH

static const struct {
    const char *jwk;
    enum tv_reason reason; // 0: accepted
    const char *secret;
    enum tv_status hs256, hs512, sign; // whether it may check by these, and sign by HS256
    const char *own; // algorithm
} jwks[] = {
    {OCT(""), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {" \r\n" OCT("") "\n", 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {OCT(",\"alg\":\"HS256\""), 0, "secret", TV_OK, NO, TV_OK, "HS256"},
    {OCT(",\"alg\":\"HS512\""), 0, "secret", NO, TV_OK, NO, "HS512"},
    {OCT(",\"alg\":\"A128KW\""), 0, "secret", NO, NO, NO, NULL},
    {OCT(",\"use\":\"sig\""), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {OCT(",\"use\":\"enc\""), 0, "secret", NO, NO, NO, NULL},
    {OCT(",\"key_ops\":[\"sign\"]"), 0, "secret", TV_OK, TV_OK, TV_OK, NULL}, // it checks, too
    {OCT(",\"key_ops\":[\"verify\"]"), 0, "secret", TV_OK, TV_OK, NO, NULL},
    {OCT(",\"key_ops\":[\"encrypt\"]"), 0, "secret", NO, NO, NO, NULL},
    {OCT(",\"alg\":7"), TV_REASON_TYPE, NULL, 0, 0, 0, NULL},
    {OCT(",\"alg\":null"), TV_REASON_TYPE, NULL, 0, 0, 0, NULL},
    {OCT(",\"kty\":\"oct\""), TV_REASON_DUPLICATE, NULL, 0, 0, 0, NULL},
    {OCT(",\"kid\":7"), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {"{\"kty\":\"oct\"}", TV_REASON_MISSING, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":7}", TV_REASON_MISSING, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":\"AAAA=\"}", TV_REASON_BASE64URL, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":\"\"}", TV_REASON_EMPTY, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":\"e3sgeCB9fQ\"}", TV_REASON_TEMPLATE, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"RSA\",\"k\":\"c2VjcmV0\"}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"kty\":7,\"k\":\"c2VjcmV0\"}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"keys\":[]}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"k\":\"c2VjcmV0\"}", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
    {"{}", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
    {"{\"k", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
};
// clang-format on

static const struct tv_algorithm *algorithm(const char *name) {
    return tv_algorithm_find(tv_span_of(name));
}

static void test_jwks(void) {
    for (size_t i = 0; i < sizeof jwks / sizeof jwks[0]; i++) {
        const char *name = jwks[i].jwk, *secret = jwks[i].secret ? jwks[i].secret : name;
        struct tv_span copy = guard_copy(GUARD_KEY, name, strlen(name));
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(jwks[i].reason ? TV_WEAK_SECRET : TV_OK,
                     tv_key_from_secret(copy.data, copy.length, &key, &detail), name);
        CHECK_NUMBER(jwks[i].reason, detail.reason, name);
        CHECK(!detail.found.data, name); // it would point into freed memory
        if (!CHECK((key != NULL) == !jwks[i].reason, name) || !key)
            continue;
        CHECK_SPAN(secret, tv_key_secret(key), name);
        CHECK_STATUS(jwks[i].hs256, tv_key_check_algorithm(key, algorithm("HS256"), &detail), name);
        CHECK_STATUS(jwks[i].hs512, tv_key_check_algorithm(key, algorithm("HS512"), &detail), name);
        CHECK_STATUS(jwks[i].sign, tv_key_check_signing(key, algorithm("HS256"), &detail), name);
        const struct tv_algorithm *own = tv_key_own_algorithm(key);
        CHECK_TEXT(jwks[i].own, own ? own->name : NULL, name);
        tv_key_free(key);
    }
}

// A JWK as long as a key may be, and a longer one.
static void test_long_jwk(void) {
    char *text = check_malloc(TV_KEY_MAX_LENGTH + 1);
    for (size_t length = TV_KEY_MAX_LENGTH; length <= TV_KEY_MAX_LENGTH + 1; length++) {
        bool fits = length == TV_KEY_MAX_LENGTH;
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        memset(text, ' ', length);
        memcpy(text, OCT(""), strlen(OCT("")));
        CHECK_STATUS(fits ? TV_OK : TV_WEAK_SECRET, tv_key_from_secret(text, length, &key, &detail),
                     "length");
        CHECK_NUMBER(fits ? TV_REASON_NONE : TV_REASON_JSON, detail.reason, "length");
        CHECK(!fits || tv_span_equal(tv_key_secret(key), TV_SPAN("secret")), "length");
        tv_key_free(key);
    }
    free(text);
}

// Keys of any kind, as their owner has them.
static const struct {
    const char *text;
    enum tv_status status;
    enum tv_reason reason;
    enum tv_key_type type;
} any[] = {
    {OCT(""), TV_OK, 0, TV_KEY_SECRET},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
     TV_OK, 0, TV_KEY_OKP},
    {"{\"kty\":\"oct\",\"k\":\"AAAA=\"}", TV_WEAK_SECRET, TV_REASON_BASE64URL, 0},
    {"{\"kty\":\"oct\",\"k\":\"\"}", TV_WEAK_SECRET, TV_REASON_EMPTY, 0},
    {"{\"kty\":\"other\"}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, 0},
    {"{\"kty\":\"OKP\",\"crv\":\"X25519\"}", TV_UNSUPPORTED_KEY, TV_REASON_CURVE, 0},
    {"{}", TV_MALFORMED_KEY, TV_REASON_MISSING, 0},
    {"secret", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, 0},
};

static void test_any(void) {
    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++) {
        const char *name = any[i].text;
        struct tv_span copy = guard_copy(GUARD_KEY, name, strlen(name));
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(any[i].status,
                     tv_key_load_any(copy.data, copy.length, TV_RSA_MIN_BITS, &key, &detail), name);
        CHECK_NUMBER(any[i].reason, detail.reason, name);
        CHECK((key != NULL) == (any[i].status == TV_OK), name);
        CHECK(key || detail.reason, name);
        CHECK(!key || (!detail.subject && !detail.text && tv_key_type(key) == any[i].type), name);
        tv_key_free(key);
    }
    size_t length;
    char *pem = check_read_file("test/vectors/keys/x25519.pem", &length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_UNSUPPORTED_KEY, tv_key_load_any(pem, length, TV_RSA_MIN_BITS, &key, &detail),
                 "X25519");
    CHECK_TEXT("X25519", detail.text, "X25519");
    free(pem);
}

// The queue of OpenSSL's errors is the server's too.
static void test_errors(void) {
    static const char *const bytes[] = {"MAMCAQE=", "0 \n", "secret"};
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        ERR_clear_error();
        ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
        unsigned long before = ERR_peek_last_error();
        check_secret(bytes[i], bytes[i], strlen(bytes[i]), 0);
        CHECK(ERR_peek_last_error() == before, bytes[i]);
        CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
    }
}

int main(void) {
    check_secret("a key that ends with a space", ends_with_space, sizeof ends_with_space - 1,
                 TV_REASON_PUBLIC);
    test_errors();
    static const char *const files[] = {"rsa.pem",  "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "ec.pem",   "ec-p521.pem",   "ed25519.pem",
                                        "ed448.pem"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_secret(texts[i].text, texts[i].text, strlen(texts[i].text), texts[i].reason);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        test_file(files[i]);
    test_jwks();
    test_long_jwk();
    test_any();
    return check_report("test_key_secret");
}
