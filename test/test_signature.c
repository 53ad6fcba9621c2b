// SPDX-License-Identifier: MIT
// Signatures: those of the RFCs hold, and whatever is changed in one does not.
#include "check.h"
#include "tokens.h"

#include "base/json.h"
#include "keys/prepared.h"
#include "keys/signature.h"

#include <openssl/err.h>
#include <openssl/rsa.h>

#define KEYS "test/vectors/keys/"
#define INPUT TV_SPAN("the signed bytes")

static struct tv_key *load_key(const char *path) {
    size_t length;
    char *text = check_read_file(path, &length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_OK, tv_key_load(text, length, &key, &detail), path);
    free(text);
    return key;
}

static struct tv_key *secret_key(const void *bytes, size_t length) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_OK, tv_key_from_secret(bytes, length, &key, &detail), "secret");
    return key;
}

static enum tv_status verify(const char *algorithm, const struct tv_key *key, struct tv_span input,
                             const unsigned char *signature, size_t length) {
    struct tv_span signed_bytes = guard_copy(GUARD_TOKEN, input.data, input.length);
    struct tv_span copy = guard_copy(GUARD_OUTPUT, signature, length);
    struct tv_detail detail = {0};
    return tv_signature_verify(tv_algorithm_find(tv_span_of(algorithm)), key, signed_bytes,
                               (const unsigned char *)copy.data, copy.length, &detail);
}

// Examples

static struct tv_span string_at(yyjson_doc *document, const char *pointer) {
    yyjson_val *value = yyjson_doc_ptr_get(document, pointer);
    if (!value || !yyjson_is_str(value))
        check_abort("an example has no string %s", pointer);
    return tv_json_string(value);
}

static size_t decode(struct tv_span text, unsigned char *out) {
    size_t length = 0;
    CHECK_STATUS(TV_OK, tv_base64url_decode(text.data, text.length, out, &length), "an example");
    return length;
}

static struct tv_key *example_key(yyjson_doc *document, const char *pointer) {
    yyjson_val *jwk = yyjson_doc_ptr_get(document, pointer);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    if (yyjson_equals_str(tv_json_member(jwk, TV_SPAN("kty")), "oct")) {
        unsigned char secret[256];
        size_t length = decode(tv_json_string(tv_json_member(jwk, TV_SPAN("k"))), secret);
        return secret_key(secret, length);
    }
    size_t length;
    char *text = yyjson_val_write(jwk, 0, &length);
    CHECK_STATUS(TV_OK, tv_key_load(text, length, &key, &detail), "an example's key");
    free(text);
    return key;
}

static const struct {
    const char *file, *key, *compact, *algorithm;
} examples[] = {
    {"rfc7515/a1.json", "/key", "/compact", "HS256"},
    {"rfc7515/a2.json", "/key", "/compact", "RS256"},
    {"rfc7520/4_1.rsa_v15_signature.json", "/input/key", "/output/compact", "RS256"},
    {"rfc7520/4_4.hmac-sha2_integrity_protection.json", "/input/key", "/output/compact", "HS256"},
};

// The example holds, and no longer once one bit of its input or its signature is turned.
static void test_examples(void) {
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        char path[128];
        size_t size;
        const char *name = examples[i].file, *algorithm = examples[i].algorithm;
        snprintf(path, sizeof path, "test/vectors/%s", name);
        char *text = check_read_file(path, &size);
        yyjson_doc *document = yyjson_read(text, size, 0);
        struct tv_span compact = string_at(document, examples[i].compact);
        struct tv_key *key = example_key(document, examples[i].key);
        const char *dot = memrchr(compact.data, '.', compact.length);
        struct tv_span input = {compact.data, (size_t)(dot - compact.data)};
        unsigned char signature[1024];
        size_t length =
            decode((struct tv_span){dot + 1, compact.length - input.length - 1}, signature);
        CHECK_STATUS(TV_OK, verify(algorithm, key, input, signature, length), name);
        size_t accepted = 0;
        for (size_t byte = 0; byte < length; byte++) {
            signature[byte] ^= (unsigned char)(1 << byte % 8);
            accepted += verify(algorithm, key, input, signature, length) != TV_BAD_SIGNATURE;
            signature[byte] ^= (unsigned char)(1 << byte % 8);
        }
        CHECK_NUMBER(0, accepted, name);
        char *changed = check_malloc(input.length);
        memcpy(changed, input.data, input.length);
        changed[input.length - 1] ^= 1;
        CHECK_STATUS(
            TV_BAD_SIGNATURE,
            verify(algorithm, key, (struct tv_span){changed, input.length}, signature, length),
            name);
        free(changed);
        tv_key_free(key);
        yyjson_doc_free(document);
        free(text);
    }
}

// One key for all of them: the algorithms that signatures of each other may be tried on.
static bool is_tried(const struct tv_algorithm *algorithm) {
    return algorithm->family == TV_FAMILY_HMAC || algorithm->family == TV_FAMILY_RSA_PKCS1;
}

// Every algorithm, against a signature of every algorithm.
static void test_algorithms(void) {
    EVP_PKEY *private_key = token_private_key(KEYS "rsa.private.pem");
    struct tv_key *public_key = load_key(KEYS "rsa.pem"), *secret = secret_key("secret", 6);
    struct tv_key *other = load_key(KEYS "other.pem"), *other_secret = secret_key("secreT", 6);
    for (size_t i = 0; tv_algorithm_at(i); i++) {
        const struct tv_algorithm *signing = tv_algorithm_at(i);
        if (!is_tried(signing))
            continue;
        const char *name = signing->name;
        bool hmac = tv_algorithm_is_hmac(signing);
        unsigned char signature[2048];
        size_t length = token_sign_bytes(name, TV_SPAN("secret"), private_key, INPUT, signature);
        for (size_t j = 0; tv_algorithm_at(j); j++) {
            const struct tv_algorithm *checking = tv_algorithm_at(j);
            if (!is_tried(checking))
                continue;
            bool same_key = tv_algorithm_is_hmac(checking) == hmac;
            CHECK_STATUS(
                i == j     ? TV_OK
                : same_key ? TV_BAD_SIGNATURE
                           : TV_KEY_ALGORITHM_MISMATCH,
                verify(checking->name, hmac ? secret : public_key, INPUT, signature, length), name);
        }
        CHECK_STATUS(TV_BAD_SIGNATURE,
                     verify(name, hmac ? other_secret : other, INPUT, signature, length), name);
        CHECK_STATUS(
            TV_BAD_SIGNATURE,
            verify(name, hmac ? secret : public_key, TV_SPAN("other bytes"), signature, length),
            name);
        // Every other length: cut, with a byte in front, with bytes behind.
        for (size_t cut = 0; cut != length; cut += length - cut == 1 ? 1 : length - cut - 1)
            CHECK_STATUS(TV_BAD_SIGNATURE,
                         verify(name, hmac ? secret : public_key, INPUT, signature, cut), name);
        unsigned char longer[2048] = {0};
        memcpy(longer + 1, signature, length);
        CHECK_STATUS(TV_BAD_SIGNATURE,
                     verify(name, hmac ? secret : public_key, INPUT, longer, length + 1), name);
        signature[length] = 0;
        CHECK_STATUS(TV_BAD_SIGNATURE,
                     verify(name, hmac ? secret : public_key, INPUT, signature, length + 1), name);
    }
    tv_key_free(other_secret);
    tv_key_free(other);
    tv_key_free(secret);
    tv_key_free(public_key);
    EVP_PKEY_free(private_key);
}

// The same key as HMAC secret: its PEM is text that everybody has.
static void test_confusion(void) {
    size_t length;
    char *pem = check_read_file(KEYS "rsa.pem", &length);
    unsigned char signature[2048];
    size_t signature_length =
        token_sign_bytes("HS256", (struct tv_span){pem, length}, NULL, INPUT, signature);
    struct tv_key *key = load_key(KEYS "rsa.pem");
    CHECK_STATUS(TV_KEY_ALGORITHM_MISMATCH,
                 verify("HS256", key, INPUT, signature, signature_length), "HS256 by the PEM");
    CHECK_STATUS(TV_BAD_SIGNATURE, verify("RS256", key, INPUT, signature, signature_length),
                 "HS256 by the PEM");
    tv_key_free(key);
    free(pem);
}

// Forged paddings (RFC 8017 section 9.2 EM: 00 01 FF.. 00 DigestInfo hash), made with the private
// key's bare operation, so that only the check of the padding can refuse them.

#define SHA256_INFO "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
#define SHA256_INFO_WITHOUT_NULL                                                                   \
    "\x30\x2f\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x04\x20"
#define SHA384_INFO "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00\x04\x20"
#define SHA1_INFO "\x30\x2d\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x20"
#define LONG_FORM_INFO                                                                             \
    "\x30\x81\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

// clang-format off
#define INFO(text) {text, sizeof text - 1}
// clang-format on

static const struct {
    const char *name;
    unsigned char first, type, fill;
    size_t padding; // bytes of it; 0: as many as fit
    unsigned char separator;
    struct tv_span info;
    size_t garbage; // bytes behind the hash
    bool good;
} paddings[] = {
    {"as it must be", 0, 1, 0xff, 0, 0, INFO(SHA256_INFO), 0, true},
    {"garbage behind (Bleichenbacher 2006)", 0, 1, 0xff, 8, 0, INFO(SHA256_INFO), 194, false},
    {"one byte of garbage", 0, 1, 0xff, 0, 0, INFO(SHA256_INFO), 1, false},
    {"type 2", 0, 2, 0xff, 0, 0, INFO(SHA256_INFO), 0, false},
    {"type 0", 0, 0, 0xff, 0, 0, INFO(SHA256_INFO), 0, false},
    {"first byte 1", 1, 1, 0xff, 0, 0, INFO(SHA256_INFO), 0, false},
    {"padding of zeros", 0, 1, 0x00, 0, 0, INFO(SHA256_INFO), 0, false},
    {"padding of FE", 0, 1, 0xfe, 0, 0, INFO(SHA256_INFO), 0, false},
    {"separator FF", 0, 1, 0xff, 0, 0xff, INFO(SHA256_INFO), 0, false},
    {"separator 1", 0, 1, 0xff, 0, 1, INFO(SHA256_INFO), 0, false},
    {"DigestInfo of SHA-384", 0, 1, 0xff, 0, 0, INFO(SHA384_INFO), 0, false},
    {"DigestInfo of SHA-1", 0, 1, 0xff, 0, 0, INFO(SHA1_INFO), 0, false},
    {"DigestInfo without NULL", 0, 1, 0xff, 0, 0, INFO(SHA256_INFO_WITHOUT_NULL), 0, false},
    {"DigestInfo with a long length", 0, 1, 0xff, 0, 0, INFO(LONG_FORM_INFO), 0, false},
    {"no DigestInfo", 0, 1, 0xff, 0, 0, {"", 0}, 0, false},
};

static void bare_sign(EVP_PKEY *private_key, const unsigned char block[256],
                      unsigned char signature[256]) {
    size_t length = 256;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(private_key, NULL);
    if (EVP_PKEY_sign_init(context) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING) != 1 ||
        EVP_PKEY_sign(context, signature, &length, block, 256) != 1 || length != 256)
        check_abort("the bare RSA operation");
    EVP_PKEY_CTX_free(context);
}

static void test_paddings(void) {
    static const char *const keys[][2] = {{KEYS "rsa.private.pem", KEYS "rsa.pem"},
                                          {KEYS "rsa-e3.private.pem", KEYS "rsa-e3.pem"}};
    for (size_t k = 0; k < 2; k++) {
        EVP_PKEY *private_key = token_private_key(keys[k][0]);
        struct tv_key *key = load_key(keys[k][1]);
        for (size_t i = 0; i < sizeof paddings / sizeof paddings[0]; i++) {
            unsigned char block[256], signature[256], hash[32];
            size_t hash_length, tail = 1 + paddings[i].info.length + 32 + paddings[i].garbage;
            EVP_Q_digest(NULL, "SHA256", NULL, INPUT.data, INPUT.length, hash, &hash_length);
            size_t padding = paddings[i].padding ? paddings[i].padding : 254 - tail;
            block[0] = paddings[i].first;
            block[1] = paddings[i].type;
            memset(block + 2, paddings[i].fill, 254);
            unsigned char *at = block + 2 + padding;
            *at++ = paddings[i].separator;
            memcpy(at, paddings[i].info.data, paddings[i].info.length);
            memcpy(at + paddings[i].info.length, hash, sizeof hash);
            if (at + paddings[i].info.length + sizeof hash > block + sizeof block)
                check_abort("%s: a block too long", paddings[i].name);
            bare_sign(private_key, block, signature);
            CHECK_STATUS(paddings[i].good ? TV_OK : TV_BAD_SIGNATURE,
                         verify("RS256", key, INPUT, signature, sizeof signature),
                         paddings[i].name);
        }
        // A signature that is not smaller than the modulus.
        unsigned char all[256];
        memset(all, 0xff, sizeof all);
        CHECK_STATUS(TV_BAD_SIGNATURE, verify("RS256", key, INPUT, all, sizeof all), "FF...");
        memset(all, 0, sizeof all);
        CHECK_STATUS(TV_BAD_SIGNATURE, verify("RS256", key, INPUT, all, sizeof all), "00...");
        all[255] = 1;
        CHECK_STATUS(TV_BAD_SIGNATURE, verify("RS256", key, INPUT, all, sizeof all), "...01");
        tv_key_free(key);
        EVP_PKEY_free(private_key);
    }
}

// RFC 7518 section 3.5: PSS whose salt is as long as the hash, and with MGF1 of the same hash;
// OpenSSL by itself takes a salt of any length.
static const struct {
    const char *name, *digest, *mgf1_digest;
    int salt_length;
    bool good;
} salts[] = {
    {"as it must be", "SHA256", "SHA256", 32, true},
    {"no salt", "SHA256", "SHA256", 0, false},
    {"a salt of 20 bytes", "SHA256", "SHA256", 20, false},
    {"a byte less", "SHA256", "SHA256", 31, false},
    {"a byte more", "SHA256", "SHA256", 33, false},
    {"the longest salt", "SHA256", "SHA256", RSA_PSS_SALTLEN_MAX, false},
    {"MGF1 of SHA-1", "SHA256", "SHA1", 32, false},
    {"MGF1 of SHA-384", "SHA256", "SHA384", 32, false},
    {"SHA-384 with a salt of 32 bytes", "SHA384", "SHA256", 32, false},
    {"SHA-384", "SHA384", "SHA384", 48, false},
};

// A PSS signature over INPUT by rsa.private.pem that begins with a zero byte, without it: the same
// number, which OpenSSL takes, and another spelling (RFC 8017 section 8.1.2 step 1).
static const char short_pss[] =
    "b6ff33f4562e146b553dc3ad807c3cc7e1ea1616f98ccd6314d223fa8d28df8842282146624df86fce5d"
    "af8dc78de74fd8ba4770641d095bd606eab98ce13a63d706346547badd15ee68068a5cc5aa077d0bcf9f"
    "4e0c34c8b7c62dcf19dcfbc891a14414ce98c77b3f4b92490f5bf8b7132b8664c685e24b0c8eabd49a52"
    "5c66a6b78450c5907dd655acfd906f64f46392b8eb358fa2cb97be75883492b90da6eaf1b2c2bc9f4672"
    "9406839ddbc69c6f47a5d2c978f2fe98f4242fbcb14facd92230dd402457a76f35830e577918317e99d4"
    "4c83614dd4ec6c89424772106eeb7c24e8f2b5889dee0a7c8ec97d1e49bad925c7aca5af506e002e3a21"
    "a5ce22";

static void test_short_pss(void) {
    unsigned char signature[256] = {0};
    size_t length = 0;
    struct tv_key *key = load_key(KEYS "rsa.pem");
    if (!OPENSSL_hexstr2buf_ex(signature + 1, 255, &length, short_pss, '\0') || length != 255)
        check_abort("no hexadecimal digits");
    CHECK_STATUS(TV_OK, verify("PS256", key, INPUT, signature, 256), "256 bytes");
    CHECK_STATUS(TV_BAD_SIGNATURE, verify("PS256", key, INPUT, signature + 1, 255), "255 bytes");
    tv_key_free(key);
}

static void test_salts(void) {
    EVP_PKEY *private_key = token_private_key(KEYS "rsa.private.pem");
    struct tv_key *key = load_key(KEYS "rsa.pem");
    for (size_t i = 0; i < sizeof salts / sizeof salts[0]; i++) {
        unsigned char signature[256];
        size_t length = sizeof signature;
        EVP_PKEY_CTX *parameters = NULL;
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        if (EVP_DigestSignInit_ex(context, &parameters, salts[i].digest, NULL, NULL, private_key,
                                  NULL) != 1 ||
            EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) != 1 ||
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, salts[i].salt_length) != 1 ||
            EVP_PKEY_CTX_set_rsa_mgf1_md_name(parameters, salts[i].mgf1_digest, NULL) != 1 ||
            EVP_DigestSign(context, signature, &length, (const unsigned char *)INPUT.data,
                           INPUT.length) != 1)
            check_abort("%s: no signature", salts[i].name);
        EVP_MD_CTX_free(context);
        CHECK_STATUS(salts[i].good ? TV_OK : TV_BAD_SIGNATURE,
                     verify("PS256", key, INPUT, signature, length), salts[i].name);
        CHECK_STATUS(TV_BAD_SIGNATURE, verify("RS256", key, INPUT, signature, length),
                     salts[i].name);
    }
    tv_key_free(key);
    EVP_PKEY_free(private_key);
}

// When OpenSSL cannot check, that is not a signature that is bad; and its error queue, which the
// server's TLS code reads too, is as it was.
static void test_openssl(void) {
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    struct tv_key *public_key = load_key(KEYS "rsa.pem"), *secret = secret_key("secret", 6);
    unsigned char signature[256] = {0};
    CHECK_STATUS(TV_BAD_SIGNATURE, verify("RS256", public_key, INPUT, signature, 256), "zeros");
    CHECK(ERR_peek_last_error() == before, "nothing added");
    EVP_set_default_properties(NULL, "provider=none");
    CHECK_STATUS(TV_CRYPTO_FAILURE, verify("RS384", public_key, INPUT, signature, 256), "RS384");
    CHECK_STATUS(TV_CRYPTO_FAILURE, verify("HS256", secret, INPUT, signature, 32), "HS256");
    char *text = NULL;
    size_t length;
    CHECK_STATUS(TV_CRYPTO_FAILURE, tv_key_thumbprint(public_key, &text, &length), "thumbprint");
    CHECK(!text, "no text");
    EVP_set_default_properties(NULL, "");
    CHECK_STATUS(TV_BAD_SIGNATURE, verify("HS256", secret, INPUT, signature, 32), "HS256");
    CHECK(ERR_peek_last_error() == before, "nothing added");
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
    tv_key_free(secret);
    tv_key_free(public_key);
}

int main(void) {
    test_examples();
    test_algorithms();
    test_confusion();
    test_paddings();
    test_salts();
    test_short_pss();
    test_openssl();
    return check_report("test_signature");
}
