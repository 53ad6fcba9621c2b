// SPDX-License-Identifier: MIT
// Keys from the texts they come in: PEM, DER, JWK.
#include "keys/key_internal.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

#define BLOCK_MAX_LENGTH ((size_t)24 * 1024) // so much in base64, with the ends of LINES_MAX lines

// Of a PEM block: twice as many as the longest text has as usual.
#define LINES_MAX 2048

// Loads DER in this form; `words` say what it is if it is none, and what else it is they cannot.
static enum tv_status load_form(enum tv_key_form form, struct tv_span der, int rsa_min_bits,
                                const char *words, struct tv_key **key, struct tv_detail *detail) {
    EVP_PKEY *public_key = NULL;
    enum tv_status status = tv_key_decode(form, der, &public_key, detail);
    if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NONE)
        return tv_key_fail(detail, status, TV_REASON_NOT_A_KEY, words);
    if (status != TV_OK)
        return status;
    status = tv_key_wrap(public_key, rsa_min_bits, key, detail); // takes it
    if (status == TV_OK) {
        (*key)->was_private = form == TV_FORM_PRIVATE;
        (*key)->was_certificate = form == TV_FORM_CERTIFICATE;
    }
    return status;
}

static enum tv_status load_der(struct tv_span der, int rsa_min_bits, struct tv_key **key,
                               struct tv_detail *detail) {
    static const char words[] = "DER of something else than a public key";
    struct tv_key_look look;
    struct tv_detail ignored = {0};
    bool is_rsa = tv_key_look(TV_FORM_RSA, der, &look, &ignored) == TV_OK;
    enum tv_status status =
        load_form(is_rsa ? TV_FORM_RSA : TV_FORM_SPKI, der, rsa_min_bits, words, key, detail);
    if (detail->reason == TV_REASON_TRAILING) // which is said of a PEM block alone
        tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, words);
    if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NOT_A_KEY)
        tv_key_name_der(der, false, detail);
    return status;
}

static const struct {
    const char *label; // and what ends it
    enum tv_key_form form;
} blocks[] = {{PEM_STRING_PUBLIC "-----", TV_FORM_SPKI},
              {PEM_STRING_RSA_PUBLIC "-----", TV_FORM_RSA},
              {PEM_STRING_X509 "-----", TV_FORM_CERTIFICATE},
              {PEM_STRING_X509_OLD "-----", TV_FORM_CERTIFICATE},
              {PEM_STRING_PKCS8INF "-----", TV_FORM_PRIVATE},
              {PEM_STRING_RSA "-----", TV_FORM_PRIVATE},
              {PEM_STRING_ECPRIVATEKEY "-----", TV_FORM_PRIVATE}};

// Whether a PEM block that begins there holds a key, and in which form.
static bool find_form(struct tv_span text, enum tv_key_form *form) {
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (tv_span_starts_with(text, tv_span_of(blocks[i].label))) {
            *form = blocks[i].form;
            return true;
        }
    return false;
}

bool tv_key_is_read_label(struct tv_span text) {
    enum tv_key_form form;
    return find_form(text, &form);
}

// Moves `text` to the first block that holds a key. OpenSSL would decode all that are before it,
// and read a text without any line by line.
static bool find_block(struct tv_span *text, bool only_private, enum tv_key_form *form) {
    static const struct tv_span begin = {"-----BEGIN ", 11};
    const char *from = tv_key_without_mark(*text).data, *end = text->data + text->length;
    for (const char *at = from;
         (at = memmem(at, (size_t)(end - at), begin.data, begin.length)) != NULL;) {
        struct tv_span label = {at + begin.length, (size_t)(end - at) - begin.length};
        if ((at == from || at[-1] == '\n') && find_form(label, form) &&
            (!only_private || *form == TV_FORM_PRIVATE)) {
            *text = (struct tv_span){at, (size_t)(end - at)};
            return true;
        }
        at += begin.length;
    }
    return false;
}

// Whether a block has so many lines that OpenSSL takes its time, headers and empty ones included.
static bool has_many_lines(struct tv_span block) {
    const char *at = block.data, *end = at + block.length;
    for (size_t lines = 0; (at = memchr(at, '\n', (size_t)(end - at))) != NULL; lines++) {
        at++;
        if (tv_span_starts_with((struct tv_span){at, (size_t)(end - at)}, TV_SPAN("-----END ")))
            return false;
        if (lines == LINES_MAX)
            return true;
    }
    return false;
}

enum tv_status tv_key_read_block(struct tv_span text, bool only_private, struct tv_key_block *block,
                                 struct tv_detail *detail) {
    if (!find_block(&text, only_private, &block->form)) {
        if (only_private && tv_span_contains(text, TV_SPAN("-----BEGIN " PEM_STRING_PKCS8 "-----")))
            return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "encrypted");
        return TV_MALFORMED_KEY;
    }
    if (has_many_lines(text))
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                           "a PEM of more than 2048 lines");
    // DER that is longer than any key need not be decoded.
    const char *end = memmem(text.data, text.length, "-----END ", 9);
    if (block->form != TV_FORM_CERTIFICATE && end && (size_t)(end - text.data) > BLOCK_MAX_LENGTH)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                           "a key of more than 16 KiB of DER");
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.length);
    if (!bio)
        return TV_NO_MEMORY;
    char *label, *header;
    unsigned char *der;
    long length;
    bool found = PEM_read_bio(bio, &label, &header, &der, &length) == 1;
    if (found) {
        block->der = (struct tv_span){(char *)der, (size_t)length};
        block->is_encrypted = header[0] != '\0'; // Proc-Type
        OPENSSL_free(label);
        OPENSSL_free(header);
    }
    BIO_free(bio);
    return found ? TV_OK : TV_MALFORMED_KEY;
}

static enum tv_status load_pem(struct tv_span text, int rsa_min_bits, struct tv_key **key,
                               struct tv_detail *detail) {
    struct tv_key_block block;
    enum tv_status status = tv_key_read_block(text, false, &block, detail);
    if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NONE) {
        tv_key_name_text(text, detail);
        return status;
    }
    if (status != TV_OK)
        return status;
    if (block.is_encrypted) {
        detail->kind = "encrypted-private-key";
        status =
            tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "an encrypted private key");
    } else {
        status = load_form(block.form, block.der, rsa_min_bits,
                           "a PEM whose contents cannot be decoded", key, detail);
        if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NOT_A_KEY)
            tv_key_name_der(block.der, true, detail);
    }
    OPENSSL_clear_free((char *)block.der.data, block.der.length);
    return status;
}

bool tv_key_looks_like_json(const char *text, size_t length) {
    return tv_span_starts_with(tv_span_trim((struct tv_span){text, length}), TV_SPAN("{"));
}

// Text around a PEM may begin with that digit too, but has no NUL in front of the PEM.
static bool looks_like_der(struct tv_span text) {
    struct tv_span before_nul = {text.data, strnlen(text.data, text.length)};
    return text.length > 0 && *text.data == DER_SEQUENCE &&
           !tv_span_contains(before_nul, TV_SPAN("-----BEGIN "));
}

static enum tv_status load_text(struct tv_span text, int rsa_min_bits, struct tv_key **key,
                                struct tv_detail *detail) {
    struct tv_span json = tv_key_without_mark(text);
    if (tv_key_looks_like_json(json.data, json.length)) {
        enum tv_status status = tv_key_load_jwk(json.data, json.length, rsa_min_bits, key, detail);
        if (status == TV_MALFORMED_KEY &&
            (detail->reason == TV_REASON_MISSING || detail->reason == TV_REASON_JSON))
            tv_key_name_text(text, detail); // unless it is a JWK
        return status;
    }
    return looks_like_der(text) ? load_der(text, rsa_min_bits, key, detail)
                                : load_pem(text, rsa_min_bits, key, detail);
}

enum tv_status tv_key_load_with(const char *text, size_t length, int rsa_min_bits,
                                struct tv_key **key, struct tv_detail *detail) {
    if (length > TV_KEY_MAX_LENGTH)
        return tv_key_fail_length(detail, TV_MALFORMED_KEY, length);
    // An empty answer has no bytes to point to.
    struct tv_span bytes = length > 0 ? (struct tv_span){text, length} : TV_SPAN("");
    enum tv_status status;
    TV_WITHOUT_ERRORS(status = load_text(bytes, rsa_min_bits, key, detail));
    return status;
}

enum tv_status tv_key_load(const char *text, size_t length, struct tv_key **key,
                           struct tv_detail *detail) {
    return tv_key_load_with(text, length, TV_RSA_MIN_BITS, key, detail);
}
