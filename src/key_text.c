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

// Decoding DER. Each is called with what tv_key_look() has let through.

// What OpenSSL's decoder makes of it, which tries every type that it has.
static EVP_PKEY *decode_any(struct tv_span der, bool is_private) {
    const unsigned char *at = (const unsigned char *)der.data;
    return is_private ? d2i_AutoPrivateKey(NULL, &at, (long)der.length)
                      : d2i_PUBKEY(NULL, &at, (long)der.length);
}

static enum tv_status copy_number(struct tv_span bytes, struct tv_key_number *number) {
    number->bytes = (unsigned char *)tv_span_copy(bytes);
    number->length = bytes.length;
    return number->bytes ? TV_OK : TV_NO_MEMORY;
}

static enum tv_status make_rsa(const struct tv_key_look *look, int rsa_min_bits, EVP_PKEY **key,
                               struct tv_detail *detail) {
    struct tv_key_makers makers = {0};
    struct tv_key_number modulus = {0}, exponent = {0};
    enum tv_status status = copy_number(look->modulus, &modulus);
    if (status == TV_OK)
        status = copy_number(look->exponent, &exponent);
    if (status == TV_OK)
        status = tv_key_make_rsa(&makers, modulus, exponent, rsa_min_bits, key, detail);
    free(exponent.bytes);
    free(modulus.bytes);
    tv_key_makers_clear(&makers);
    return status;
}

static enum tv_status make_ec(const struct tv_key_look *look, EVP_PKEY **key,
                              struct tv_detail *detail) {
    struct tv_key_makers makers = {0};
    enum tv_status status = tv_key_make_ec(
        &makers, look->curve, (const unsigned char *)look->point.data, look->point.length, key);
    tv_key_makers_clear(&makers);
    if (status == TV_CRYPTO_FAILURE) // what OpenSSL refuses in a point of the right length
        return fail(detail, TV_WEAK_KEY, TV_REASON_POINT, NULL);
    return status;
}

EVP_PKEY *tv_key_public_half(EVP_PKEY *pair) {
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pair, &der);
    const unsigned char *at = der;
    EVP_PKEY *public_key = length > 0 ? d2i_PUBKEY(NULL, &at, length) : NULL;
    OPENSSL_free(der);
    return public_key;
}

// The public half, without a look at any private number where it stands beside them.
static enum tv_status make_public_half(struct tv_span der, const struct tv_key_look *look,
                                       int rsa_min_bits, struct tv_key_decoded *decoded,
                                       struct tv_detail *detail) {
    decoded->is_judged = true;
    if (look->type == TV_KEY_RSA)
        return make_rsa(look, rsa_min_bits, &decoded->key, detail);
    if (look->type == TV_KEY_EC && look->point.length > 0 && !look->is_explicit)
        return make_ec(look, &decoded->key, detail);
    decoded->is_judged = false;
    EVP_PKEY *pair = decode_any(der, true);
    decoded->key = pair ? tv_key_public_half(pair) : NULL;
    EVP_PKEY_free(pair);
    return decoded->key ? TV_OK : TV_MALFORMED_KEY;
}

enum tv_status tv_key_decode(enum tv_key_form form, struct tv_span der, int rsa_min_bits,
                             struct tv_key_decoded *decoded, struct tv_detail *detail) {
    struct tv_key_look look;
    *decoded = (struct tv_key_decoded){0};
    enum tv_status status = tv_key_look(form, der, &look, detail);
    if (status != TV_OK)
        return status;
    if (look.length != der.length)
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_TRAILING, NULL);
    if (form == TV_FORM_PRIVATE)
        return make_public_half(der, &look, rsa_min_bits, decoded, detail);
    const unsigned char *at = (const unsigned char *)der.data;
    if (form == TV_FORM_RSA) {
        decoded->key = tv_key_decode_rsa(&at, (long)der.length, &decoded->is_judged);
        return decoded->key ? TV_OK : TV_MALFORMED_KEY;
    }
    decoded->key = tv_key_decode_spki((const unsigned char *)look.spki.data, look.spki.length,
                                      &decoded->is_judged);
    if (!decoded->key)
        decoded->key = decode_any(look.spki, false);
    return decoded->key ? TV_OK : TV_MALFORMED_KEY;
}

// Loads DER in this form; `words` say what it is if it is none, and what else it is they cannot.
static enum tv_status load_form(enum tv_key_form form, struct tv_span der, int rsa_min_bits,
                                const char *words, struct tv_key **key, struct tv_detail *detail) {
    struct tv_key_decoded decoded;
    enum tv_status status = tv_key_decode(form, der, rsa_min_bits, &decoded, detail);
    if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NONE)
        return fail(detail, status, TV_REASON_NOT_A_KEY, words);
    if (status != TV_OK)
        return status;
    status = tv_key_wrap(decoded.key, decoded.is_judged, rsa_min_bits, key, detail);
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
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, words);
    return status;
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

static const struct {
    const char *label;
    enum tv_key_form form;
} blocks[] = {{PEM_STRING_PUBLIC, TV_FORM_SPKI},         {PEM_STRING_RSA_PUBLIC, TV_FORM_RSA},
              {PEM_STRING_X509, TV_FORM_CERTIFICATE},    {PEM_STRING_X509_OLD, TV_FORM_CERTIFICATE},
              {PEM_STRING_PKCS8INF, TV_FORM_PRIVATE},    {PEM_STRING_RSA, TV_FORM_PRIVATE},
              {PEM_STRING_ECPRIVATEKEY, TV_FORM_PRIVATE}};

// Whether a PEM block of this label holds a key, and in which form.
static bool find_form(const char *label, enum tv_key_form *form) {
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        if (strcmp(label, blocks[i].label) == 0) {
            *form = blocks[i].form;
            return true;
        }
    return false;
}

enum tv_status tv_key_read_block(struct tv_span text, bool only_private,
                                 struct tv_key_block *block) {
    BIO *bio = BIO_new_mem_buf(text.data, (int)text.length);
    if (!bio)
        return TV_NO_MEMORY;
    char *label, *header;
    unsigned char *der;
    long length;
    bool found = false;
    while (!found && PEM_read_bio(bio, &label, &header, &der, &length) == 1) {
        found = find_form(label, &block->form) && (!only_private || block->form == TV_FORM_PRIVATE);
        if (found) {
            block->der = (struct tv_span){(char *)der, (size_t)length};
            block->is_encrypted = header[0] != '\0'; // Proc-Type
        } else {
            OPENSSL_clear_free(der, (size_t)length);
        }
        OPENSSL_free(label);
        OPENSSL_free(header);
    }
    BIO_free(bio);
    return found ? TV_OK : TV_MALFORMED_KEY;
}

// `text` ends with a NUL behind its `length` bytes.
static enum tv_status load_pem(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    struct tv_key_block block;
    enum tv_status status = tv_key_read_block((struct tv_span){text, length}, false, &block);
    if (status == TV_MALFORMED_KEY)
        return fail(detail, status, TV_REASON_NOT_A_KEY, looks_like(text, length));
    if (status != TV_OK)
        return status;
    if (block.is_encrypted)
        status = fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "an encrypted private key");
    else
        status = load_form(block.form, block.der, rsa_min_bits,
                           "a PEM whose contents cannot be decoded", key, detail);
    OPENSSL_clear_free((char *)block.der.data, block.der.length);
    return status;
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
        return load_der((struct tv_span){text, length}, rsa_min_bits, key, detail);
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
