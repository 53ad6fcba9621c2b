// SPDX-License-Identifier: MIT
// The time to load keys, compared with OpenSSL's fastest way, and how long a large JWK Set
// holds a server up, in one process, in turns. No part of the product.
#include "keys/algorithm.h"
#include "keys/keyset.h"

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS 41
#define SLICE_US 2000

static void must(bool holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "bench/keys: %s\n", what);
    exit(1);
}

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

// Something that is measured: `run` is called with `argument`.
struct work {
    void (*run)(const void *argument);
    const void *argument;
    size_t calls; // of a slice
    double us[ROUNDS];
};

static double slice(const struct work *work) {
    double from_us = now_us();
    for (size_t i = 0; i < work->calls; i++)
        work->run(work->argument);
    return (now_us() - from_us) / (double)work->calls;
}

static int by_size(const void *a, const void *b) {
    double difference = *(const double *)a - *(const double *)b;
    return (difference > 0) - (difference < 0);
}

static double median(double *values) {
    qsort(values, ROUNDS, sizeof *values, by_size);
    return values[ROUNDS / 2];
}

// Measures them in turns.
static void measure(struct work *works, size_t count) {
    for (size_t i = 0; i < count; i++) {
        works[i].calls = 1;
        double us = slice(&works[i]); // also what is only done the first time
        us = slice(&works[i]);
        works[i].calls = us < SLICE_US ? (size_t)(SLICE_US / us) + 1 : 1;
    }
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < count; i++)
            works[i].us[round] = slice(&works[i]);
}

// The median of the ratios within a round.
static double ratio(const struct work *work, const struct work *to) {
    double ratios[ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        ratios[round] = work->us[round] / to->us[round];
    return median(ratios);
}

// One signature check

struct signature {
    EVP_PKEY_CTX *context;
    unsigned char digest[32], bytes[256];
};

static void check_signature(const void *argument) {
    const struct signature *made = argument;
    must(EVP_PKEY_verify(made->context, made->bytes, sizeof made->bytes, made->digest,
                         sizeof made->digest) == 1,
         "a signature");
}

static void sign(struct signature *made) {
    EVP_PKEY *key = EVP_RSA_gen(2048);
    size_t length = sizeof made->bytes;
    made->context = EVP_PKEY_CTX_new(key, NULL);
    memset(made->digest, 1, sizeof made->digest);
    must(EVP_PKEY_sign_init(made->context) == 1 &&
             EVP_PKEY_CTX_set_signature_md(made->context, EVP_sha256()) == 1 &&
             EVP_PKEY_sign(made->context, made->bytes, &length, made->digest,
                           sizeof made->digest) == 1 &&
             EVP_PKEY_verify_init(made->context) == 1 &&
             EVP_PKEY_CTX_set_signature_md(made->context, EVP_sha256()) == 1,
         "signing");
    EVP_PKEY_free(key);
}

// Keys of every kind

static const struct kind {
    const char *name, *type, *curve;
} kinds[] = {{"RSA-2048", "RSA", NULL}, {"P-256", "EC", "P-256"},     {"P-384", "EC", "P-384"},
             {"P-521", "EC", "P-521"},  {"Ed25519", "ED25519", NULL}, {"Ed448", "ED448", NULL}};

static EVP_PKEY *generate(const struct kind *kind) {
    EVP_PKEY *key = kind->curve                      ? EVP_EC_gen(kind->curve)
                    : strcmp(kind->type, "RSA") == 0 ? EVP_RSA_gen(2048)
                                                     : EVP_PKEY_Q_keygen(NULL, NULL, kind->type);
    must(key != NULL, kind->name);
    return key;
}

static struct tv_span text_of(BIO *out) {
    char *text;
    long length = BIO_get_mem_data(out, &text);
    char *copy = malloc((size_t)length + 1);
    must(copy != NULL, "memory");
    memcpy(copy, text, (size_t)length);
    copy[length] = '\0';
    BIO_free(out);
    return (struct tv_span){copy, (size_t)length};
}

static struct tv_span spki(EVP_PKEY *key) {
    BIO *out = BIO_new(BIO_s_mem());
    must(PEM_write_bio_PUBKEY(out, key) == 1, "PEM");
    return text_of(out);
}

static struct tv_span pkcs1(EVP_PKEY *key) {
    BIO *out = BIO_new(BIO_s_mem());
    unsigned char *der = NULL;
    int length = i2d_PublicKey(key, &der);
    must(length > 0 && PEM_write_bio(out, "RSA PUBLIC KEY", "", der, length) > 0, "PKCS#1");
    OPENSSL_free(der);
    return text_of(out);
}

static struct tv_span certificate(EVP_PKEY *key, const EVP_MD *digest) {
    BIO *out = BIO_new(BIO_s_mem());
    X509 *made = X509_new();
    X509_NAME *name = X509_NAME_new();
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"keys", -1, -1,
                                    0) == 1 &&
             X509_set_version(made, 2) == 1 &&
             ASN1_INTEGER_set(X509_get_serialNumber(made), 1) == 1 &&
             X509_set_issuer_name(made, name) == 1 && X509_set_subject_name(made, name) == 1 &&
             X509_gmtime_adj(X509_getm_notBefore(made), 0) &&
             X509_gmtime_adj(X509_getm_notAfter(made), 86400) && X509_set_pubkey(made, key) == 1 &&
             X509_sign(made, key, digest) > 0 && PEM_write_bio_X509(out, made) == 1,
         "certificate");
    X509_NAME_free(name);
    X509_free(made);
    return text_of(out);
}

static struct tv_span jwk(EVP_PKEY *key) {
    struct tv_span pem = spki(key);
    struct tv_detail detail = {0};
    struct tv_key *loaded;
    char *text = NULL;
    size_t length = 0;
    must(tv_key_load(pem.data, pem.length, &loaded, &detail) == TV_OK &&
             tv_key_jwk(loaded, &text, &length) == TV_OK,
         "JWK");
    tv_key_free(loaded);
    free((char *)pem.data);
    return (struct tv_span){text, length};
}

// A key from a text

static void load_ours(const void *argument) {
    const struct tv_span *text = argument;
    struct tv_detail detail = {0};
    struct tv_key *key;
    must(tv_key_load(text->data, text->length, &key, &detail) == TV_OK, "loading");
    tv_key_free(key);
}

static void load_pem(const void *argument) {
    const struct tv_span *text = argument;
    BIO *in = BIO_new_mem_buf(text->data, (int)text->length);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    must(key != NULL, "PEM_read_bio_PUBKEY");
    EVP_PKEY_free(key);
    BIO_free(in);
}

// Its DER, which is freed with OPENSSL_free().
static long read_der(const struct tv_span *text, unsigned char **der) {
    char *name, *header;
    long length;
    BIO *in = BIO_new_mem_buf(text->data, (int)text->length);
    must(PEM_read_bio(in, &name, &header, der, &length) == 1, "PEM_read_bio");
    OPENSSL_free(name);
    OPENSSL_free(header);
    BIO_free(in);
    return length;
}

static void load_d2i(const void *argument) {
    unsigned char *der;
    long length = read_der(argument, &der);
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, length);
    must(key != NULL, "d2i_PUBKEY");
    EVP_PKEY_free(key);
    OPENSSL_free(der);
}

static void load_d2i_pkcs1(const void *argument) {
    unsigned char *der;
    long length = read_der(argument, &der);
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, length);
    must(key != NULL, "d2i_PublicKey");
    EVP_PKEY_free(key);
    OPENSSL_free(der);
}

// A decoder that is told everything there is to know.
static void decode(const void *argument, const char *structure) {
    const struct tv_span *text = argument;
    EVP_PKEY *key = NULL;
    const unsigned char *at = (const unsigned char *)text->data;
    size_t length = text->length;
    OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", structure, "RSA",
                                                              EVP_PKEY_PUBLIC_KEY, NULL, NULL);
    must(OSSL_DECODER_from_data(context, &at, &length) == 1 && key, "OSSL_DECODER");
    OSSL_DECODER_CTX_free(context);
    EVP_PKEY_free(key);
}

static void load_decoder_pkcs1(const void *argument) { decode(argument, "type-specific"); }

static void load_x509(const void *argument) {
    const struct tv_span *text = argument;
    BIO *in = BIO_new_mem_buf(text->data, (int)text->length);
    X509 *read = PEM_read_bio_X509(in, NULL, NULL, NULL);
    EVP_PKEY *key = read ? X509_get_pubkey(read) : NULL;
    must(key != NULL, "PEM_read_bio_X509");
    EVP_PKEY_free(key);
    X509_free(read);
    BIO_free(in);
}

static void print_loading(const char *name, struct tv_span text, void (*one)(const void *),
                          void (*other)(const void *)) {
    struct work works[] = {{.run = load_ours, .argument = &text},
                           {.run = one, .argument = &text},
                           {.run = other ? other : one, .argument = &text}};
    measure(works, 3);
    double to_one = ratio(&works[0], &works[1]), to_other = ratio(&works[0], &works[2]);
    double first = median(works[1].us), second = median(works[2].us);
    printf("| %s | %.1f | %.1f | %.2f |\n", name, median(works[0].us),
           first < second ? first : second, to_one > to_other ? to_one : to_other);
    free((char *)text.data);
}

static void print_keys(void) {
    printf("| a public key from | us | OpenSSL's fastest | ratio |\n|---|---:|---:|---:|\n");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        EVP_PKEY *key = generate(&kinds[i]);
        char name[64];
        bool signs_whole = !kinds[i].curve && i > 0;
        snprintf(name, sizeof name, "PEM (SubjectPublicKeyInfo), %s", kinds[i].name);
        print_loading(name, spki(key), load_pem, load_d2i);
        if (i == 0)
            print_loading("PEM (PKCS#1), RSA-2048", pkcs1(key), load_d2i_pkcs1, load_decoder_pkcs1);
        snprintf(name, sizeof name, "PEM (certificate), %s", kinds[i].name);
        print_loading(name, certificate(key, signs_whole ? NULL : EVP_sha256()), load_x509, NULL);
        EVP_PKEY_free(key);
    }
}

// Sets

#define SET_SIZE ((size_t)TV_KEY_SET_MAX_LENGTH)

// `count` keys of the kind, each another, as a JWK Set or as certificates; the RSA keys among them
// are four, since making them takes long.
static struct tv_span make_set(const struct kind *kind, int count, bool as_certificates) {
    BIO *out = BIO_new(BIO_s_mem());
    EVP_PKEY *keys[4] = {NULL};
    BIO_puts(out, as_certificates ? "{" : "{\"keys\":[");
    for (int i = 0; i < count; i++) {
        EVP_PKEY **key = &keys[i % 4];
        if (!*key || strcmp(kind->type, "RSA") != 0) {
            EVP_PKEY_free(*key);
            *key = generate(kind);
        }
        struct tv_span text = as_certificates ? certificate(*key, EVP_sha256()) : jwk(*key);
        if (as_certificates)
            BIO_printf(out, "%s\"%d\":\"", i > 0 ? "," : "", i);
        else
            BIO_printf(out, "%s{\"kid\":\"%d\",", i > 0 ? "," : "", i);
        for (const char *at = text.data + !as_certificates; *at; at++) // JWK: past its brace
            *at == '\n' ? BIO_puts(out, "\\n") : BIO_write(out, at, 1);
        BIO_puts(out, as_certificates ? "\"" : "");
        free((char *)text.data);
    }
    BIO_puts(out, as_certificates ? "}" : "]}");
    for (int i = 0; i < 4; i++)
        EVP_PKEY_free(keys[i]);
    return text_of(out);
}

// Reads it in parts of `effort`, and gives the longest part's time.
static double read_in_parts(struct tv_span text, size_t effort) {
    struct tv_detail detail = {0};
    struct tv_key_set_reader *reader;
    struct tv_key_set *set = NULL;
    double from_us = now_us(), longest_us = 0;
    must(tv_key_set_reader_new(text.data, text.length, TV_RSA_MIN_BITS, TV_KEY_SET_MAX_KEYS,
                               &reader, &detail) == TV_OK,
         "a set");
    while (!set) {
        size_t left = effort;
        must(tv_key_set_read(reader, &left, &set) == TV_OK, "a part of a set");
        double part_us = now_us() - from_us; // with the first, its parsing
        longest_us = part_us > longest_us ? part_us : longest_us;
        from_us = now_us();
    }
    must(set->count > 0 && set->unusable == 0, "all of a set");
    tv_key_set_reader_free(reader);
    tv_key_set_free(set);
    return longest_us;
}

static void load_set(const void *argument) {
    read_in_parts(*(const struct tv_span *)argument, SIZE_MAX);
}

// The numbers of RSA keys as OpenSSL takes them.
struct numbers {
    OSSL_PARAM *parameters[4];
    size_t count;
};

// With one context for all of them, which is the fastest.
static void make_from_numbers(const void *argument) {
    const struct numbers *numbers = argument;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    must(EVP_PKEY_fromdata_init(context) == 1, "EVP_PKEY_fromdata_init");
    for (size_t i = 0; i < numbers->count; i++) {
        EVP_PKEY *key = NULL;
        must(EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, numbers->parameters[i % 4]) == 1,
             "EVP_PKEY_fromdata");
        EVP_PKEY_free(key);
    }
    EVP_PKEY_CTX_free(context);
}

static void print_rsa_set(void) {
    struct numbers numbers = {.count = 100};
    for (int i = 0; i < 4; i++) {
        EVP_PKEY *key = generate(&kinds[0]);
        must(EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &numbers.parameters[i]) == 1, "numbers");
        EVP_PKEY_free(key);
    }
    struct tv_span text = make_set(&kinds[0], 100, false);
    struct work works[] = {{.run = load_set, .argument = &text},
                           {.run = make_from_numbers, .argument = &numbers}};
    measure(works, 2);
    double times = ratio(&works[0], &works[1]);
    printf("| JWK Set of 100 RSA keys | %.1f | %.1f | %.2f |\n", median(works[0].us),
           median(works[1].us), times);
    for (int i = 0; i < 4; i++)
        OSSL_PARAM_free(numbers.parameters[i]);
    free((char *)text.data);
}

static void print_set(const struct kind *kind, bool as_certificates, struct work *check) {
    struct tv_span text = make_set(kind, TV_KEY_SET_MAX_KEYS, as_certificates);
    double whole[ROUNDS], longest[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
        double unit_us = slice(check);
        whole[round] = read_in_parts(text, SIZE_MAX) / unit_us;
        longest[round] = read_in_parts(text, TV_KEY_SET_STEP_EFFORT) / unit_us;
    }
    double whole_median = median(whole), longest_median = median(longest);
    printf("| %s of %s | %.0f | %.0f | %.0f |\n", as_certificates ? "certificates" : "JWKs",
           kind->name, whole_median, longest_median, longest[ROUNDS * 9 / 10]);
    free((char *)text.data);
}

int main(void) {
    struct signature signature;
    sign(&signature);
    printf("%s\n\n", OpenSSL_version(OPENSSL_VERSION));
    print_keys();
    print_rsa_set();
    printf("\n| 256 keys, in RS256 checks | all at once | longest step | its 90th percentile |\n"
           "|---|---:|---:|---:|\n");
    struct work check = {.run = check_signature, .argument = &signature, .calls = 100};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        print_set(&kinds[i], false, &check);
    print_set(&kinds[0], true, &check);
    print_set(&kinds[1], true, &check);
    EVP_PKEY_CTX_free(signature.context);
    return 0;
}
