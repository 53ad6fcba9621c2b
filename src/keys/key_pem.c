// SPDX-License-Identifier: MIT
// The blocks of a PEM, and what a text begins with.
#include "keys/key_internal.h"

#include <openssl/crypto.h>
#include <openssl/pem.h>

#define BLOCK_MAX_LENGTH ((size_t)24 * 1024) // so much in base64, with the ends of LINES_MAX lines

// Of a PEM block: twice as many as the longest text has as usual.
#define LINES_MAX 2048

struct tv_span tv_key_without_mark(struct tv_span text) {
    static const struct tv_span mark = {"\xef\xbb\xbf", 3}; // U+FEFF in UTF-8
    return tv_span_starts_with(text, mark)
               ? (struct tv_span){text.data + mark.length, text.length - mark.length}
               : text;
}

bool tv_key_looks_like_json(const char *text, size_t length) {
    return tv_span_starts_with(tv_span_trim((struct tv_span){text, length}), TV_SPAN("{"));
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
    // Whose DER is longer than that of any key need not be decoded.
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
