// SPDX-License-Identifier: MIT
// How long a hostile source of keys holds a server up: the slowest text of each kind that is known,
// up to the longest that is read, in checks of an RS256 signature. No part of the product.
#include "keys/keyset.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define LIMIT 100 // checks, of one step of the loop
#define ROUNDS 25
#define SET_ROUNDS 9
#define DER_SIZE ((size_t)48 * 1024) // of which base64 makes the longest text

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "bench/slow_keys: %s\n", what);
    exit(1);
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

// Signature checks

static double check_us(int bits, unsigned long exponent) {
    EVP_PKEY *key = NULL;
    BIGNUM *e = BN_new(), *n = BN_new();
    unsigned char digest[32] = {1}, signature[TV_RSA_MAX_BITS / 8] = {0};
    must(BN_set_word(e, exponent) && BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD),
         "numbers");
    OSSL_PARAM parameters[3];
    unsigned char number[TV_RSA_MAX_BITS / 8], small[8];
    BN_bn2nativepad(n, number, bits / 8);
    BN_bn2nativepad(e, small, sizeof small);
    parameters[0] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, number, (size_t)bits / 8);
    parameters[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, small, sizeof small);
    parameters[2] = OSSL_PARAM_construct_end();
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    must(EVP_PKEY_fromdata_init(make) == 1 &&
             EVP_PKEY_fromdata(make, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1,
         "a key");
    signature[bits / 8 - 2] = 1; // below any modulus
    EVP_PKEY_CTX *check = EVP_PKEY_CTX_new(key, NULL);
    must(EVP_PKEY_verify_init(check) == 1 &&
             EVP_PKEY_CTX_set_signature_md(check, EVP_sha256()) == 1,
         "a check");
    int calls = bits > 4096 ? 3 : 200;
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double from_us = now_us();
        for (int i = 0; i < calls; i++)
            must(EVP_PKEY_verify(check, signature, (size_t)bits / 8, digest, 32) != 1,
                 "no forgery");
        double us = (now_us() - from_us) / calls;
        best = round == 0 || us < best ? us : best;
    }
    EVP_PKEY_CTX_free(make);
    EVP_PKEY_CTX_free(check);
    EVP_PKEY_free(key);
    BN_free(e);
    BN_free(n);
    return best;
}

// Texts

struct text {
    char *data;
    size_t length;
};

static void put(struct text *text, const void *bytes, size_t length) {
    text->data = realloc(text->data, text->length + length + 1);
    must(text->data != NULL, "memory");
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

static void put_words(struct text *text, const char *words) { put(text, words, strlen(words)); }

// An element around what was put in `inner`, which is freed.
static void put_element(struct text *text, unsigned char tag, struct text *inner) {
    unsigned char head[5] = {tag, (unsigned char)inner->length};
    size_t size = 2;
    if (inner->length >= 0x10000) {
        head[1] = 0x83;
        head[size++] = (unsigned char)(inner->length >> 16);
    } else if (inner->length >= 0x100) {
        head[1] = 0x82;
    } else if (inner->length >= 0x80) {
        head[1] = 0x81;
    }
    if (inner->length >= 0x100)
        head[size++] = (unsigned char)(inner->length >> 8);
    if (inner->length >= 0x80)
        head[size++] = (unsigned char)inner->length;
    put(text, head, size);
    put(text, inner->data ? inner->data : "", inner->length);
    free(inner->data);
    *inner = (struct text){0};
}

static void put_hex(struct text *text, const char *hex) {
    long length;
    unsigned char *bytes = OPENSSL_hexstr2buf(hex, &length);
    must(bytes != NULL, hex);
    put(text, bytes, (size_t)length);
    OPENSSL_free(bytes);
}

// A positive number of so many bytes.
static void put_number(struct text *text, size_t length) {
    struct text bytes = {0};
    for (size_t i = 0; i < length; i++)
        put(&bytes, i == 0 ? "\x51" : i + 1 < length ? "\xa7" : "\xef", 1);
    put_element(text, 0x02, &bytes);
}

#define RSA_ALGORITHM "300d06092a864886f70d0101010500"

static struct text pem(const char *label, struct text *der) {
    BIO *bio = BIO_new(BIO_s_mem());
    char *written;
    struct text text = {0};
    must(PEM_write_bio(bio, label, "", (unsigned char *)der->data, (long)der->length) > 0, "PEM");
    long length = BIO_get_mem_data(bio, &written);
    put(&text, written, (size_t)length);
    BIO_free(bio);
    free(der->data);
    *der = (struct text){0};
    return text;
}

static struct text pem_of(BIO *bio) {
    char *written;
    struct text text = {0};
    long length = BIO_get_mem_data(bio, &written);
    put(&text, written, (size_t)length);
    BIO_free(bio);
    return text;
}

// Each makes a text of about `size` bytes of DER, or of text.

static struct text rsa_public(size_t size) {
    struct text key = {0}, der = {0};
    put_number(&key, size - 600);
    put_number(&key, 512);
    put_element(&der, 0x30, &key);
    return pem("RSA PUBLIC KEY", &der);
}

static struct text rsa_exponent(size_t size) {
    struct text key = {0}, der = {0};
    put_number(&key, 256);
    put_number(&key, size - 300);
    put_element(&der, 0x30, &key);
    return pem("RSA PUBLIC KEY", &der);
}

static struct text rsa_spki_of(size_t modulus, size_t exponent) {
    struct text key = {0}, bits = {0}, info = {0}, der = {0};
    put_number(&key, modulus);
    put_number(&key, exponent);
    put(&bits, "\0", 1);
    put_element(&bits, 0x30, &key);
    put_hex(&info, RSA_ALGORITHM);
    put_element(&info, 0x03, &bits);
    put_element(&der, 0x30, &info);
    return pem("PUBLIC KEY", &der);
}

static struct text rsa_spki(size_t size) { return rsa_spki_of(size - 600, 512); }
static struct text rsa_spki_exponent(size_t size) { return rsa_spki_of(256, size - 400); }

// The largest that is taken.
static struct text rsa_16384(size_t size) { return (void)size, rsa_spki_of(2048, 8); }

static void put_rsa_private(struct text *text, size_t modulus, size_t others) {
    struct text key = {0};
    put_hex(&key, "020100");
    put_number(&key, modulus);
    put_number(&key, 3);
    for (int i = 0; i < 6; i++)
        put_number(&key, others);
    put_element(text, 0x30, &key);
}

static struct text rsa_private(size_t size) {
    struct text der = {0};
    put_rsa_private(&der, size < 4096 ? 256 : 2048, (size - (size < 4096 ? 300 : 2100)) / 6);
    return pem("RSA PRIVATE KEY", &der);
}

static struct text rsa_pkcs8(size_t size) {
    struct text key = {0}, info = {0}, der = {0};
    put_rsa_private(&key, size < 4096 ? 256 : 2048, (size - (size < 4096 ? 400 : 2200)) / 6);
    put_hex(&info, "020100" RSA_ALGORITHM);
    put_element(&info, 0x04, &key);
    put_element(&der, 0x30, &info);
    return pem("PRIVATE KEY", &der);
}

// A private key as OpenSSL writes it, which is asked to leave the point out, and to spell the
// parameters of the curve out.
static struct text ec_private(const char *curve, bool has_point, bool is_explicit) {
    EVP_PKEY *key = EVP_EC_gen(curve);
    BIO *bio = BIO_new(BIO_s_mem());
    int include = has_point;
    must(key && EVP_PKEY_set_int_param(key, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, include) == 1 &&
             (!is_explicit ||
              EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit") == 1) &&
             PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1,
         curve);
    EVP_PKEY_free(key);
    return pem_of(bio);
}

static struct text p256_private(size_t size) {
    return (void)size, ec_private("P-256", true, false);
}
static struct text p256_scalar(size_t size) {
    return (void)size, ec_private("P-256", false, false);
}
static struct text p384_scalar(size_t size) {
    return (void)size, ec_private("P-384", false, false);
}
static struct text p521_scalar(size_t size) {
    return (void)size, ec_private("P-521", false, false);
}
static struct text p521_explicit(size_t size) {
    return (void)size, ec_private("P-521", true, true);
}

// Attributes of PKCS#8 beside a scalar that OpenSSL must multiply with.
static struct text ec_attributes(size_t size) {
    struct text key = {0}, info = {0}, attributes = {0}, der = {0};
    put_hex(&info, "020100"
                   "301006072a8648ce3d020106052b81040023");
    put_hex(&key, "30470201010442"
                  "01");
    for (int i = 0; i < 65; i++)
        put(&key, "\x55", 1);
    put_element(&info, 0x04, &key);
    while (attributes.length + 300 < size)
        put_hex(&attributes, "300906035504033102"
                             "0500");
    put_element(&info, 0xa0, &attributes);
    put_element(&der, 0x30, &info);
    return pem("PRIVATE KEY", &der);
}

static struct text p521_compressed(size_t size) {
    (void)size;
    EVP_PKEY *key = EVP_EC_gen("P-521");
    BIO *bio = BIO_new(BIO_s_mem());
    must(key &&
             EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                            "compressed") == 1 &&
             PEM_write_bio_PUBKEY(bio, key) == 1,
         "P-521");
    EVP_PKEY_free(key);
    return pem_of(bio);
}

// Parameters of no curve that is known, with the longest other numbers.
static struct text p521_other(size_t size) {
    (void)size;
    struct text algorithm = {0}, parameters = {0}, field = {0}, curve = {0}, info = {0}, der = {0};
    struct text bits = {0}, prime = {0}, octets = {0};
    put_hex(&algorithm, "06072a8648ce3d0201");
    put_hex(&parameters, "020101");
    put_hex(&field, "06072a8648ce3d0101");
    put_hex(&prime, "01");
    for (int i = 0; i < 65; i++)
        put(&prime, "\xff", 1);
    put_element(&field, 0x02, &prime);
    put_element(&parameters, 0x30, &field);
    for (int number = 0; number < 2; number++) {
        for (int i = 0; i < 65; i++)
            put(&octets, "\x5d", 1);
        put_element(&curve, 0x04, &octets);
    }
    put_element(&parameters, 0x30, &curve);
    put(&octets, "\x02", 1); // compressed: a square root is taken
    for (int i = 0; i < 66; i++)
        put(&octets, i == 0 ? "\0" : "\x77", 1);
    put_element(&parameters, 0x04, &octets);
    put_number(&parameters, 64);
    put_number(&parameters, 1);
    put_element(&algorithm, 0x30, &parameters);
    put_element(&info, 0x30, &algorithm);
    put(&bits, "\0\x02", 2);
    for (int i = 0; i < 66; i++)
        put(&bits, i == 0 ? "\0" : "\x77", 1);
    put_element(&info, 0x03, &bits);
    put_element(&der, 0x30, &info);
    return pem("PUBLIC KEY", &der);
}

static struct text ed448_private(size_t size) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED448");
    BIO *bio = BIO_new(BIO_s_mem());
    (void)size;
    must(key && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1, "Ed448");
    EVP_PKEY_free(key);
    return pem_of(bio);
}

// DSA, whose public number is a power that OpenSSL computes.
static struct text dsa_private(size_t size) {
    struct text key = {0}, domain = {0}, algorithm = {0}, info = {0}, der = {0};
    put_hex(&info, "020100");
    put_hex(&algorithm, "06072a8648ce380401");
    put_number(&domain, size / 4);
    put_number(&domain, size / 4);
    put_number(&domain, size / 4);
    put_element(&algorithm, 0x30, &domain);
    put_element(&info, 0x30, &algorithm);
    put_number(&key, size / 4 - 100);
    put_element(&info, 0x04, &key);
    put_element(&der, 0x30, &info);
    return pem("PRIVATE KEY", &der);
}

static struct text dh_private(size_t size) {
    struct text key = {0}, domain = {0}, algorithm = {0}, info = {0}, der = {0};
    put_hex(&info, "020100");
    put_hex(&algorithm, "06092a864886f70d010301");
    put_number(&domain, size / 3);
    put_number(&domain, size / 3);
    put_element(&algorithm, 0x30, &domain);
    put_element(&info, 0x30, &algorithm);
    put_number(&key, size / 3 - 100);
    put_element(&info, 0x04, &key);
    put_element(&der, 0x30, &info);
    return pem("PRIVATE KEY", &der);
}

// A certificate of a compressed point, with names and extensions by the thousand.
static struct text certificate(size_t size) {
    struct text tbs = {0}, certificate = {0}, der = {0}, part = {0}, signature = {0};
    struct text spki = p521_compressed(0);
    BIO *bio = BIO_new_mem_buf(spki.data, (int)spki.length);
    char *name, *header;
    unsigned char *bytes;
    long length;
    must(PEM_read_bio(bio, &name, &header, &bytes, &length) == 1, "SPKI");
    put_hex(&tbs, "a003020102020101300a06082a8648ce3d040302");
    while (part.length < size / 2 - 500)
        put_hex(&part, "310c300a06035504030c03616263");
    put_element(&tbs, 0x30, &part);
    put_hex(&tbs, "301e170d3235303130313030303030305a170d3335303130313030303030305a");
    put_hex(&tbs, "3000");
    put(&tbs, bytes, (size_t)length);
    while (part.length < size / 2 - 500)
        put_hex(&part, "3009"
                       "0603551d11"
                       "04023000");
    struct text extensions = {0};
    put_element(&extensions, 0x30, &part);
    put_element(&tbs, 0xa3, &extensions);
    put_element(&certificate, 0x30, &tbs);
    put_hex(&certificate, "300a06082a8648ce3d040302");
    put(&signature, "\0", 2);
    put_element(&certificate, 0x03, &signature);
    put_element(&der, 0x30, &certificate);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    BIO_free(bio);
    free(spki.data);
    return pem("CERTIFICATE", &der);
}

static struct text repeat(const char *words, size_t size) {
    struct text text = {0};
    while (text.length + strlen(words) <= size * 4 / 3)
        put_words(&text, words);
    return text;
}

static struct text many_blocks(size_t size) {
    return repeat("-----BEGIN A-----\nAAAA\n-----END A-----\n", size);
}

static struct text many_beginnings(size_t size) { return repeat("-----BEGIN A-----\n", size); }

static struct text many_headers(size_t size) {
    struct text text = {0}, headers = repeat("A: b\n", size - 100);
    put_words(&text, "-----BEGIN PUBLIC KEY-----\n");
    put(&text, headers.data, headers.length);
    put_words(&text, "\nAAAA\n-----END PUBLIC KEY-----\n");
    free(headers.data);
    return text;
}

static struct text short_lines(size_t size) {
    struct text text = {0}, lines = repeat("AAAA\n", size - 100);
    put_words(&text, "-----BEGIN PUBLIC KEY-----\n");
    put(&text, lines.data, lines.length);
    put_words(&text, "-----END PUBLIC KEY-----\n");
    free(lines.data);
    return text;
}

static struct text empty_lines(size_t size) { return repeat("\n", size); }
static struct text dashes(size_t size) { return repeat("-----BEGIN ", size); }

static struct text nested_der(size_t size) {
    struct text inner = {0};
    for (size_t i = 0; inner.length + 10 < size && i < 4000; i++) {
        struct text outer = {0};
        put_element(&outer, 0x30, &inner);
        inner = outer;
    }
    return pem("PUBLIC KEY", &inner);
}

static struct text jwk_members(size_t size) {
    struct text text = {0};
    put_words(&text, "{\"kty\":\"RSA\"");
    for (unsigned i = 0; text.length + 40 < size * 4 / 3; i++) {
        char member[32];
        snprintf(member, sizeof member, ",\"%x\":0", i);
        put_words(&text, member);
    }
    put_words(&text, "}");
    return text;
}

static struct text jwk_modulus(size_t size) {
    struct text text = {0}, number = repeat("q83v", size - 200);
    put_words(&text, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
    put(&text, number.data, number.length);
    put_words(&text, "\"}");
    free(number.data);
    return text;
}

static struct text jwk_x5c(size_t size) {
    struct text text = {0}, chain = certificate(size - 2000);
    put_words(&text, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"x5c\":[\"");
    char *at = strchr(chain.data, '\n'), *end = strstr(chain.data, "\n-----END");
    for (; at < end; at++)
        if (*at != '\n')
            put(&text, at, 1);
    put_words(&text, "\"]}");
    free(chain.data);
    return text;
}

static struct text jwk_operations(size_t size) {
    struct text text = {0}, names = repeat("\"ab\",", size - 200);
    put_words(&text, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
                     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"key_ops\":[");
    put(&text, names.data, names.length);
    put_words(&text, "\"a\"]}");
    free(names.data);
    return text;
}

static const struct {
    const char *name;
    struct text (*make)(size_t size);
    bool grows;
} kinds[] = {
    {"RSA PUBLIC KEY, its modulus", rsa_public, true},
    {"RSA PUBLIC KEY, its exponent", rsa_exponent, true},
    {"PUBLIC KEY, RSA, its modulus", rsa_spki, true},
    {"PUBLIC KEY, RSA, its exponent", rsa_spki_exponent, true},
    {"PUBLIC KEY, RSA of 16384 bits", rsa_16384, false},
    {"RSA PRIVATE KEY, its numbers", rsa_private, true},
    {"PRIVATE KEY, RSA, its numbers", rsa_pkcs8, true},
    {"PRIVATE KEY, DSA (refused)", dsa_private, true},
    {"PRIVATE KEY, DH (refused)", dh_private, true},
    {"PRIVATE KEY, P-256", p256_private, false},
    {"PRIVATE KEY, P-256, without its point", p256_scalar, false},
    {"PRIVATE KEY, P-384, without its point", p384_scalar, false},
    {"PRIVATE KEY, P-521, without its point", p521_scalar, false},
    {"the same with attributes", ec_attributes, true},
    {"PRIVATE KEY, P-521, explicit (refused)", p521_explicit, false},
    {"PRIVATE KEY, Ed448", ed448_private, false},
    {"PUBLIC KEY, P-521, compressed", p521_compressed, false},
    {"PUBLIC KEY, explicit, of no known curve (refused)", p521_other, false},
    {"CERTIFICATE, names and extensions, compressed P-521", certificate, true},
    {"PUBLIC KEY, nested", nested_der, true},
    {"PEM, blocks of another kind", many_blocks, true},
    {"PEM, beginnings", many_beginnings, true},
    {"PEM, beginnings in one line", dashes, true},
    {"PEM, headers", many_headers, true},
    {"PEM, short lines", short_lines, true},
    {"PEM, empty lines", empty_lines, true},
    {"JWK, members", jwk_members, true},
    {"JWK, modulus", jwk_modulus, true},
    {"JWK, x5c", jwk_x5c, true},
    {"JWK, key_ops", jwk_operations, true},
};

static int over;

static void print_ratio(double ratio) {
    printf(" %.1f |", ratio);
    over += ratio > LIMIT;
}

static double load_us(const struct text *text) {
    double best = 0;
    must(text->length <= TV_KEY_MAX_LENGTH, "too long");
    for (int round = 0; round < ROUNDS; round++) {
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        double from_us = now_us();
        tv_key_load(text->data, text->length, &key, &detail);
        double us = now_us() - from_us;
        best = round == 0 || us < best ? us : best;
        tv_key_free(key);
    }
    return best;
}

static void print_texts(double unit_us) {
    static const size_t sizes[] = {3 * 1024, 12 * 1024, 24 * 1024, 46 * 1024};
    printf("| a text, in RS256 checks | 4 KiB | 16 KiB | 32 KiB | 62 KiB "
           "|\n|---|---:|---:|---:|---:|\n");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        printf("| %s |", kinds[i].name);
        for (size_t j = 0; j < sizeof sizes / sizeof sizes[0]; j++) {
            if (j > 0 && !kinds[i].grows) {
                printf(" |");
                continue;
            }
            struct text text = kinds[i].make(sizes[j]);
            print_ratio(load_us(&text) / unit_us);
            free(text.data);
        }
        printf("\n");
    }
}

// Sets

// As many members as fit, each what `make` makes, as Google's map or within a JWK's members.
static struct text make_set(struct text (*make)(size_t), size_t size, bool is_jwk) {
    struct text text = {0};
    struct text one = make(size);
    put_words(&text, is_jwk ? "{\"keys\":[" : "{");
    for (unsigned i = 0; i < TV_KEY_SET_MAX_KEYS &&
                         text.length + one.length * 11 / 10 + 100 < TV_KEY_SET_MAX_LENGTH;
         i++) {
        char name[16];
        snprintf(name, sizeof name, "%s\"%u\":\"", i > 0 ? "," : "", i);
        if (is_jwk)
            put_words(&text, i > 0 ? "," : "");
        else
            put_words(&text, name);
        for (const char *at = one.data; *at; at++)
            put(&text, *at == '\n' ? "\\n" : at, *at == '\n' ? 2 : 1);
        put_words(&text, is_jwk ? "" : "\"");
    }
    put_words(&text, is_jwk ? "]}" : "}");
    free(one.data);
    return text;
}

// The longest part of a set, with its parsing; each part's time is the shortest of all rounds.
static double longest_us(const struct text *text) {
    enum { PARTS = TV_KEY_SET_MAX_KEYS + 8 };
    double best[PARTS] = {0}, longest = 0;
    for (int round = 0; round < SET_ROUNDS; round++) {
        struct tv_detail detail = {0};
        struct tv_key_set_reader *reader = NULL;
        struct tv_key_set *set = NULL;
        size_t left = TV_KEY_SET_STEP_EFFORT, parsing = 4 + text->length / 4096, part = 0;
        left -= parsing < left ? parsing : left; // as tv_keystores_step() has it
        double from_us = now_us();
        bool is_set = tv_key_set_reader_new(text->data, text->length, TV_RSA_MIN_BITS,
                                            TV_KEY_SET_MAX_KEYS, &reader, &detail) == TV_OK;
        do {
            if (is_set)
                must(tv_key_set_read(reader, &left, &set) == TV_OK, "a part of a set");
            double us = now_us() - from_us;
            best[part] = round == 0 || us < best[part] ? us : best[part];
            left = TV_KEY_SET_STEP_EFFORT;
            from_us = now_us();
        } while (is_set && !set && ++part < PARTS);
        tv_key_set_reader_free(reader);
        tv_key_set_free(set);
    }
    for (size_t part = 0; part < PARTS; part++)
        longest = best[part] > longest ? best[part] : longest;
    return longest;
}

static void print_set(const char *name, struct text text, double unit_us) {
    printf("| %s | %zu |", name, text.length / 1024);
    print_ratio(longest_us(&text) / unit_us);
    printf("\n");
    free(text.data);
}

static struct text nested_json(size_t size, const char *open, const char *close) {
    struct text text = {0};
    put_words(&text, "{\"keys\":[");
    while (text.length + 200 < size) {
        for (int i = 0; i < 28; i++)
            put_words(&text, open);
        put_words(&text, "0");
        for (int i = 0; i < 28; i++)
            put_words(&text, close);
        put_words(&text, ",");
    }
    put_words(&text, "0]}");
    return text;
}

static struct text json_members(size_t size) {
    struct text text = {0};
    put_words(&text, "{\"keys\":[],\"a\":{\"b\":0");
    for (unsigned i = 0; text.length + 40 < size; i++) {
        char member[32];
        snprintf(member, sizeof member, ",\"%x\":0", i);
        put_words(&text, member);
    }
    put_words(&text, "}}");
    return text;
}

static void print_sets(double unit_us) {
    printf("\n| longest step of a set, in RS256 checks | KiB | |\n|---|---:|---:|\n");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        bool is_jwk = strncmp(kinds[i].name, "JWK", 3) == 0;
        char name[128];
        snprintf(name, sizeof name, "%s%s", kinds[i].name, kinds[i].grows ? ", of 4 KiB" : "");
        print_set(name, make_set(kinds[i].make, 3000, is_jwk), unit_us);
        if (!kinds[i].grows)
            continue;
        snprintf(name, sizeof name, "%s, of 62 KiB", kinds[i].name);
        print_set(name, make_set(kinds[i].make, 46 * 1024, is_jwk), unit_us);
    }
    print_set("arrays in arrays", nested_json(TV_KEY_SET_MAX_LENGTH, "[", "]"), unit_us);
    print_set("objects in objects", nested_json(TV_KEY_SET_MAX_LENGTH, "{\"a\":", "}"), unit_us);
    print_set("members of one object", json_members(TV_KEY_SET_MAX_LENGTH), unit_us);
}

static void print_checks(double unit_us) {
    printf("\n| one check with an RSA key, in RS256 checks | |\n|---|---:|\n");
    static const struct {
        int bits;
        unsigned long exponent;
        bool is_refused;
    } keys[] = {{4096, 65537, false},        {4096, ~0UL, false},   {8192, 65537, false},
                {8192, ~0UL, false},         {16384, 65537, false}, {16384, 0x1ffff, true},
                {16384, 0xffffffffUL, true}, {16384, ~0UL, true}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        double ratio = check_us(keys[i].bits, keys[i].exponent) / unit_us;
        printf("| %d bits, exponent %lx%s | %.1f |\n", keys[i].bits, keys[i].exponent,
               keys[i].is_refused ? " (refused when it is loaded)" : "", ratio);
        over += !keys[i].is_refused && ratio > LIMIT;
    }
}

int main(void) {
    double unit_us = check_us(2048, 65537);
    printf("%s; an RS256 check takes %.1f us\n\n", OpenSSL_version(OPENSSL_VERSION), unit_us);
    print_texts(unit_us);
    print_sets(unit_us);
    print_checks(unit_us);
    printf("\n%d over %d checks\n", over, LIMIT);
    return over > 0;
}
