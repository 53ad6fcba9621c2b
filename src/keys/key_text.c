// SPDX-License-Identifier: MIT
// Keys from the texts they come in: PEM, DER, JWK.
#include "keys/key_internal.h"

#include <openssl/crypto.h>

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
        status = TV_MALFORMED_KEY;
        tv_key_name_encrypted(detail);
    } else {
        status = load_form(block.form, block.der, rsa_min_bits,
                           "a PEM whose contents cannot be decoded", key, detail);
        if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NOT_A_KEY)
            tv_key_name_der(block.der, true, detail);
        if (status == TV_UNSUPPORTED_KEY && block.form == TV_FORM_PRIVATE)
            detail->kind = "private-key";
    }
    OPENSSL_clear_free((char *)block.der.data, block.der.length);
    return status;
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
