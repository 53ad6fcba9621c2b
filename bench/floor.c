// SPDX-License-Identifier: MIT
// What OpenSSL alone takes to check a signature: `floor hs256|rs256 MILLISECONDS` prints ns a call.
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIGNED_LENGTH 280 // bytes of header and payload of the token that bench/verify.lua verifies
#define DIGEST_LENGTH 32

static const unsigned char message[SIGNED_LENGTH];
static const unsigned char secret[DIGEST_LENGTH];

static void die(const char *what) {
    fprintf(stderr, "floor: %s failed\n", what);
    exit(1);
}

static double now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

// HMAC-SHA256 with a context that keeps its key.
static void compute_hmac(EVP_MAC_CTX *context, unsigned char found[DIGEST_LENGTH]) {
    size_t length;
    if (EVP_MAC_init(context, NULL, 0, NULL) != 1 ||
        EVP_MAC_update(context, message, sizeof message) != 1 ||
        EVP_MAC_final(context, found, &length, DIGEST_LENGTH) != 1)
        die("HMAC");
}

static void check_hmac(EVP_MAC_CTX *context, const unsigned char expected[DIGEST_LENGTH]) {
    unsigned char found[DIGEST_LENGTH];
    compute_hmac(context, found);
    if (CRYPTO_memcmp(found, expected, sizeof found) != 0)
        die("comparing HMACs");
}

static EVP_MAC_CTX *open_hmac(void) {
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = EVP_MAC_CTX_new(mac);
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                           OSSL_PARAM_construct_end()};
    if (!context || EVP_MAC_init(context, secret, sizeof secret, params) != 1)
        die("setting HMAC up");
    EVP_MAC_free(mac);
    return context;
}

static size_t sign(EVP_PKEY *key, unsigned char *signature, size_t size) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestSign(context, signature, &size, message, sizeof message) != 1)
        die("signing");
    EVP_MD_CTX_free(context);
    return size;
}

static void check_rsa(EVP_MD_CTX *context, EVP_PKEY *key, const unsigned char *signature,
                      size_t length) {
    if (EVP_MD_CTX_reset(context) != 1 ||
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) != 1 ||
        EVP_DigestVerify(context, signature, length, message, sizeof message) != 1)
        die("RSA");
}

int main(int argc, char **argv) {
    if (argc != 3 || (strcmp(argv[1], "hs256") != 0 && strcmp(argv[1], "rs256") != 0)) {
        fprintf(stderr, "usage: floor hs256|rs256 MILLISECONDS\n");
        return 2;
    }
    int rsa = strcmp(argv[1], "rs256") == 0;
    EVP_MAC_CTX *hmac = open_hmac();
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY *key = rsa ? EVP_RSA_gen(2048) : NULL;
    unsigned char signature[512];
    size_t length = 0;
    if (rsa)
        length = sign(key, signature, sizeof signature);
    else
        compute_hmac(hmac, signature);
    double start = now_ns(), end = start + atof(argv[2]) * 1e6, now = start;
    long calls = 0;
    while (now < end) {
        for (int i = 0; i < 100; i++, calls++) {
            if (rsa)
                check_rsa(context, key, signature, length);
            else
                check_hmac(hmac, signature);
        }
        now = now_ns();
    }
    printf("%.1f\n", (now - start) / (double)calls);
    EVP_PKEY_free(key);
    EVP_MD_CTX_free(context);
    EVP_MAC_CTX_free(hmac);
    return 0;
}
