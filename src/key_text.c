// SPDX-License-Identifier: MIT
// Keys from the texts they come in: PEM, DER, JWK.
#include "key_internal.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

static enum tv_status fail(struct tv_detail *detail, enum tv_status status, enum tv_reason reason,
                           const char *text) {
    detail->reason = reason;
    detail->text = text;
    return status;
}

static bool is_certificate(const char *name) {
    return strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0;
}

// Decodes the DER of one PEM block; `*end` is left behind the last byte used.
static EVP_PKEY *decode_der(const char *name, const unsigned char **end, long length,
                            bool *is_private, bool *is_judged) {
    *is_private = *is_judged = false;
    if (strcmp(name, PEM_STRING_PUBLIC) == 0) {
        EVP_PKEY *public_key = tv_key_decode_spki(*end, (size_t)length, is_judged);
        if (!public_key)
            return d2i_PUBKEY(NULL, end, length);
        *end += length;
        return public_key;
    }
    if (strcmp(name, PEM_STRING_RSA_PUBLIC) == 0)
        return tv_key_decode_rsa(end, length, is_judged);
    if (is_certificate(name))
        return tv_key_decode_certificate(end, length, is_judged);
    *is_private = true;
    return d2i_AutoPrivateKey(NULL, end, length);
}

static bool is_key_block(const char *name) {
    static const char *const names[] = {
        PEM_STRING_PUBLIC,   PEM_STRING_RSA_PUBLIC, PEM_STRING_X509,        PEM_STRING_X509_OLD,
        PEM_STRING_PKCS8INF, PEM_STRING_RSA,        PEM_STRING_ECPRIVATEKEY};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

EVP_PKEY *tv_key_public_half(EVP_PKEY *pair) {
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pair, &der);
    const unsigned char *at = der;
    EVP_PKEY *public_key = length > 0 ? d2i_PUBKEY(NULL, &at, length) : NULL;
    OPENSSL_free(der);
    return public_key;
}

EVP_PKEY *tv_key_decode_der(const unsigned char *der, size_t length, bool *is_judged) {
    static const char *const names[] = {PEM_STRING_PUBLIC, PEM_STRING_RSA_PUBLIC};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const unsigned char *end = der;
        bool is_private;
        EVP_PKEY *public_key = decode_der(names[i], &end, (long)length, &is_private, is_judged);
        if (public_key && end == der + length)
            return public_key;
        EVP_PKEY_free(public_key);
    }
    return NULL;
}

static enum tv_status load_der(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    bool is_judged;
    EVP_PKEY *public_key = tv_key_decode_der((const unsigned char *)text, length, &is_judged);
    if (!public_key)
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                    "DER of something else than a public key");
    return tv_key_wrap(public_key, is_judged, rsa_min_bits, key, detail);
}

// What the text of a failed look-up usually is, said in words.
static const char *looks_like(const char *text, size_t length) {
    size_t start = strspn(text, " \t\r\n");
    if (start == length)
        return "an empty text";
    if (text[start] == '<')
        return "an HTML or XML page";
    if (text[start] == '[' || text[start] == '"')
        return "a JSON document";
    if (strstr(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----"))
        return "an encrypted private key";
    if (strstr(text, "-----BEGIN OPENSSH") || strncmp(text + start, "ssh-", 4) == 0)
        return "an SSH key";
    const char *begin = strstr(text, "-----BEGIN ");
    if (begin && !strchr(begin, '\n')) // environment variables and templates do that
        return "a PEM in one line, whose line breaks are lost";
    if (begin)
        return "a damaged PEM, or one of another kind";
    return "neither PEM nor JWK";
}

static enum tv_status load_block(const char *name, const unsigned char *der, long length,
                                 int rsa_min_bits, struct tv_key **key, struct tv_detail *detail) {
    const unsigned char *end = der;
    bool is_private, is_judged;
    EVP_PKEY *public_key = decode_der(name, &end, length, &is_private, &is_judged);
    if (!public_key)
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                    "a PEM whose contents cannot be decoded");
    if (end != der + length) {
        EVP_PKEY_free(public_key);
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_TRAILING, NULL);
    }
    if (is_private) {
        EVP_PKEY *pair = public_key;
        public_key = tv_key_public_half(pair);
        EVP_PKEY_free(pair);
        if (!public_key)
            return TV_CRYPTO_FAILURE;
    }
    enum tv_status status = tv_key_wrap(public_key, is_judged, rsa_min_bits, key, detail);
    if (status == TV_OK) {
        (*key)->was_private = is_private;
        (*key)->was_certificate = is_certificate(name);
    }
    return status;
}

// `text` ends with a NUL behind its `length` bytes.
static enum tv_status load_pem(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    BIO *bio = BIO_new_mem_buf(text, (int)length);
    if (!bio)
        return TV_NO_MEMORY;
    enum tv_status status = TV_MALFORMED_KEY;
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long der_length = 0;
    bool found = false;
    while (!found && PEM_read_bio(bio, &name, &header, &der, &der_length) == 1) {
        found = is_key_block(name);
        if (found && header[0] != '\0') // Proc-Type: an encrypted block
            fail(detail, status, TV_REASON_NOT_A_KEY, "an encrypted private key");
        else if (found)
            status = load_block(name, der, der_length, rsa_min_bits, key, detail);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)der_length);
    }
    BIO_free(bio);
    return found ? status : fail(detail, status, TV_REASON_NOT_A_KEY, looks_like(text, length));
}

bool tv_key_looks_like_json(const char *text, size_t length) {
    for (const char *end = text + length; text < end; text++)
        if (*text != ' ' && (*text < '\t' || *text > '\r'))
            return *text == '{';
    return false;
}

// `text` ends with a NUL behind its `length` bytes.
static enum tv_status load_text(const char *text, size_t length, int rsa_min_bits,
                                struct tv_key **key, struct tv_detail *detail) {
    if (tv_key_looks_like_json(text, length))
        return tv_key_load_jwk(text, length, rsa_min_bits, key, detail);
    if (text[0] == DER_SEQUENCE && !strstr(text, "-----BEGIN "))
        return load_der(text, length, rsa_min_bits, key, detail);
    return load_pem(text, length, rsa_min_bits, key, detail);
}

enum tv_status tv_key_load_with(const char *text, size_t length, int rsa_min_bits,
                                struct tv_key **key, struct tv_detail *detail) {
    if (length > TV_KEY_MAX_LENGTH) {
        detail->number = (double)length;
        detail->limit = (double)TV_KEY_MAX_LENGTH;
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_LENGTH, "key text");
    }
    // A copy that ends with a NUL, for the string functions above and for yyjson's padding.
    char *copy = malloc(length + 1);
    if (!copy)
        return TV_NO_MEMORY;
    if (length > 0) // an empty answer has no bytes to point to
        memcpy(copy, text, length);
    copy[length] = '\0';
    enum tv_status status;
    struct tv_detail before = *detail;
    struct tv_memory_tries tries = {0};
    do {
        *detail = before;
        ERR_set_mark();
        status = load_text(copy, length, rsa_min_bits, key, detail);
        ERR_pop_to_mark();
    } while (tv_key_try_again(&tries, &status));
    OPENSSL_cleanse(copy, length);
    free(copy);
    return status;
}

enum tv_status tv_key_load(const char *text, size_t length, struct tv_key **key,
                           struct tv_detail *detail) {
    return tv_key_load_with(text, length, TV_RSA_MIN_BITS, key, detail);
}

enum tv_status tv_key_load_any(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    enum tv_status status = tv_key_load_with(text, length, rsa_min_bits, key, detail);
    if (status != TV_UNSUPPORTED_KEY || !tv_key_looks_like_json(text, length))
        return status;
    struct tv_detail secret_detail = {0};
    enum tv_status secret_status = tv_key_from_secret(text, length, key, &secret_detail);
    if (secret_status == TV_WEAK_SECRET && secret_detail.reason == TV_REASON_PUBLIC)
        return status; // of yet another type
    *detail = secret_detail;
    return secret_status;
}
