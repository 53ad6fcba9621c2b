// SPDX-License-Identifier: MIT
// How long one step of the fetcher takes at the most, in signature checks, whatever a key server
// answers: each answer to sixteen requests at once. No part of the product.
#include "../test/hostile.h"

#include "base/clock.h"
#include "store/keystore.h"

#include <curl/curl.h>
#include <openssl/rsa.h>
#include <time.h>

#define ROUNDS 3
#define REQUESTS 16
#define ASKED_FOR_MS 20000

static double now_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

// What a check of an RS256 signature takes.
static double check_us(void) {
    EVP_PKEY *key = EVP_RSA_gen(2048);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    unsigned char digest[32] = {1}, signature[256];
    size_t length = sizeof signature;
    hostile_must(EVP_PKEY_sign_init(context) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                     EVP_PKEY_sign(context, signature, &length, digest, sizeof digest) == 1 &&
                     EVP_PKEY_verify_init(context) == 1 &&
                     EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1,
                 "signing");
    double least_us = 1e9;
    for (int round = 0; round < 20; round++) {
        double from_us = now_us();
        for (int i = 0; i < 100; i++)
            hostile_must(EVP_PKEY_verify(context, signature, length, digest, sizeof digest) == 1,
                         "signature");
        double us = (now_us() - from_us) / 100;
        least_us = us < least_us ? us : least_us;
    }
    EVP_PKEY_CTX_free(context);
    EVP_PKEY_free(key);
    return least_us;
}

struct figures {
    double longest, all; // in checks
    int keys;
    char problem[64];
};

static void ask(struct tv_keystore *store) {
    char kid[16];
    for (int i = 0; i < REQUESTS; i++) {
        struct tv_key *key;
        struct tv_detail detail = {0};
        snprintf(kid, sizeof kid, "kid-%d", i);
        struct tv_key_request request = {.key_id = tv_span_of(kid), .announce = true};
        tv_keystore_get(store, &request, tv_clock_steady_ms(), &key, &detail);
    }
}

static void collect(struct figures *figures) {
    struct tv_outcome *outcome;
    while ((outcome = tv_keystores_take_outcome())) {
        figures->keys += outcome->key != NULL;
        if (outcome->absence.detail.text)
            snprintf(figures->problem, sizeof figures->problem, "%s", outcome->absence.detail.text);
        tv_outcome_free(outcome);
    }
}

static struct figures measure(const struct hostile_server *server, size_t index, double check) {
    char url[64];
    struct figures figures = {0};
    struct tv_keystore_options options;
    struct tv_keystore *store;
    struct tv_detail detail = {0};
    tv_keystore_defaults(&options);
    options.source = TV_SOURCE_ASAP;
    options.urls[options.url_count++] = hostile_url(server, index, url);
    options.ca_file = server->ca_file;
    options.timeout_ms = ASKED_FOR_MS;
    hostile_must(tv_keystore_open(&options, &store, NULL, &detail) == TV_OK, "store");
    ask(store);
    int64_t from_ms = tv_clock_steady_ms();
    size_t left;
    do {
        double from_us = now_us();
        left = tv_keystores_step(50);
        double took = (now_us() - from_us) / check;
        figures.longest = took > figures.longest ? took : figures.longest;
        figures.all += took / REQUESTS;
        collect(&figures);
    } while (left > 0 && tv_clock_steady_ms() < from_ms + 2 * ASKED_FOR_MS);
    tv_keystore_free(store);
    return figures;
}

static int by_longest(const void *a, const void *b) {
    double difference = ((const struct figures *)a)->longest - ((const struct figures *)b)->longest;
    return (difference > 0) - (difference < 0);
}

static void print(const struct hostile_server *server, size_t index, double check) {
    struct figures rounds[ROUNDS];
    for (int i = 0; i < ROUNDS; i++)
        rounds[i] = measure(server, index, check);
    qsort(rounds, ROUNDS, sizeof *rounds, by_longest);
    const struct figures *median = &rounds[ROUNDS / 2];
    printf("| %s | %.0f | %.0f | %s |\n", hostile_answers[index].name, median->longest, median->all,
           median->keys == REQUESTS ? "the key" : median->problem);
    fflush(stdout);
}

int main(int count, char **words) {
    static struct hostile_server server;
    static char pem[4096];
    FILE *file = fopen("test/vectors/keys/rsa.pem", "r");
    hostile_must(file && fread(pem, 1, sizeof pem - 1, file) > 0 && fclose(file) == 0, "a key");
    hostile_start(&server, pem);
    double check = check_us();
    printf("%s, %s; an RS256 check takes %.1f us\n\n", OpenSSL_version(OPENSSL_VERSION),
           curl_version(), check);
    printf("| 16 requests at once are answered with | longest step | all steps, for one request "
           "| result |\n|---|---:|---:|---|\n");
    for (size_t i = 0; i < HOSTILE_COUNT; i++)
        if (count < 2 || strstr(hostile_answers[i].name, words[1]))
            print(&server, i, check);
    hostile_stop(&server);
    return 0;
}
