// SPDX-License-Identifier: MIT
// Keys from the texts they come in: PEM, DER, JWK.
#include "key_internal.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>

// Of a private EC key whose parameters are spelled out, twice and with its point: no attributes
// beside it, by the thousand.
#define EXPLICIT_MAX_LENGTH 2048

// All numbers of an RSA key of 16384 bits take 9 KiB.
#define DER_MAX_LENGTH ((size_t)16 * 1024)
#define BLOCK_MAX_LENGTH ((size_t)24 * 1024) // so much in base64, with the ends of LINES_MAX lines

// Of a PEM block: twice as many as the longest text has as usual.
#define LINES_MAX 2048

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

// The point that the scalar makes, for a private key that does not have it.
static size_t multiply(const struct tv_key_look *look,
                       unsigned char point[1 + 2 * TV_CURVE_MAX_SIZE]) {
    static const int ids[TV_CURVE_COUNT] = {[TV_CURVE_P256] = NID_X9_62_prime256v1,
                                            [TV_CURVE_P384] = NID_secp384r1,
                                            [TV_CURVE_P521] = NID_secp521r1};
    EC_GROUP *group = EC_GROUP_new_by_curve_name(ids[look->curve]);
    EC_POINT *made = group ? EC_POINT_new(group) : NULL;
    BIGNUM *scalar =
        BN_bin2bn((const unsigned char *)look->scalar.data, (int)look->scalar.length, NULL);
    size_t length = 0;
    if (made && scalar && EC_POINT_mul(group, made, scalar, NULL, NULL, NULL) == 1)
        length = EC_POINT_point2oct(group, made, POINT_CONVERSION_UNCOMPRESSED, point,
                                    1 + 2 * TV_CURVE_MAX_SIZE, NULL);
    BN_clear_free(scalar);
    EC_POINT_free(made);
    EC_GROUP_free(group);
    return length;
}

static EVP_PKEY *make_okp(const struct tv_key_look *look) {
    unsigned char point[TV_CURVE_MAX_SIZE];
    size_t length = sizeof point;
    int type = look->curve == TV_CURVE_ED448 ? EVP_PKEY_ED448 : EVP_PKEY_ED25519;
    EVP_PKEY *pair = EVP_PKEY_new_raw_private_key(
        type, NULL, (const unsigned char *)look->scalar.data, look->scalar.length);
    bool read = pair && EVP_PKEY_get_raw_public_key(pair, point, &length) == 1;
    EVP_PKEY_free(pair);
    return read ? EVP_PKEY_new_raw_public_key(type, NULL, point, length) : NULL;
}

// An EC key whose parameters are spelled out, by OpenSSL's decoder.
static EVP_PKEY *decode_explicit(struct tv_span der) {
    EVP_PKEY *pair = der.length <= EXPLICIT_MAX_LENGTH ? decode_any(der, true) : NULL;
    EVP_PKEY *public_key = pair ? tv_key_public_half(pair) : NULL;
    EVP_PKEY_free(pair);
    return public_key;
}

// The public half, without a look at any private number where it stands beside them.
static enum tv_status make_public_half(struct tv_span der, struct tv_key_look *look,
                                       int rsa_min_bits, struct tv_key_decoded *decoded,
                                       struct tv_detail *detail) {
    unsigned char point[1 + 2 * TV_CURVE_MAX_SIZE] = {0};
    decoded->is_judged = look->type != TV_KEY_OKP && !look->is_explicit;
    if (look->type == TV_KEY_RSA)
        return make_rsa(look, rsa_min_bits, &decoded->key, detail);
    if (decoded->is_judged && look->point.length == 0)
        look->point = (struct tv_span){(char *)point, multiply(look, point)};
    if (decoded->is_judged) {
        // OpenSSL takes the point at infinity, too, which is a byte.
        decoded->is_judged = look->point.length == 1 + 2 * tv_curve_size(look->curve) &&
                             look->point.data[0] == POINT_CONVERSION_UNCOMPRESSED;
        return make_ec(look, &decoded->key, detail);
    }
    decoded->key = look->type == TV_KEY_OKP ? make_okp(look) : decode_explicit(der);
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
    if ((form == TV_FORM_CERTIFICATE ? look.spki.length : der.length) > DER_MAX_LENGTH)
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                    "a key of more than 16 KiB of DER");
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

// Whether a PEM block that begins there holds a key, and in which form.
static bool find_form(struct tv_span text, enum tv_key_form *form) {
    static const struct tv_span end = {"-----", 5};
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        size_t length = strlen(blocks[i].label);
        if (text.length < length + end.length || memcmp(text.data, blocks[i].label, length) != 0 ||
            memcmp(text.data + length, end.data, end.length) != 0)
            continue;
        *form = blocks[i].form;
        return true;
    }
    return false;
}

// Moves `text` to the first block that holds a key. OpenSSL would decode all that are before it,
// and read a text without any line by line.
static bool find_block(struct tv_span *text, bool only_private, enum tv_key_form *form) {
    static const struct tv_span begin = {"-----BEGIN ", 11};
    const char *from = text->data, *end = from + text->length;
    if (text->length >= 3 && memcmp(from, "\xef\xbb\xbf", 3) == 0) // a byte order mark
        from += 3;
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
        if (end - at >= 9 && memcmp(at, "-----END ", 9) == 0)
            return false;
        if (lines == LINES_MAX)
            return true;
    }
    return false;
}

enum tv_status tv_key_read_block(struct tv_span text, bool only_private, struct tv_key_block *block,
                                 struct tv_detail *detail) {
    static const char encrypted[] = "-----BEGIN " PEM_STRING_PKCS8 "-----";
    if (!find_block(&text, only_private, &block->form)) {
        if (only_private && memmem(text.data, text.length, encrypted, sizeof encrypted - 1))
            return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "encrypted");
        return TV_MALFORMED_KEY;
    }
    if (has_many_lines(text))
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, "a PEM of more than 2048 lines");
    // Whose DER is longer than that of any key need not be decoded.
    const char *end = memmem(text.data, text.length, "-----END ", 9);
    if (block->form != TV_FORM_CERTIFICATE && end && (size_t)(end - text.data) > BLOCK_MAX_LENGTH)
        return fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
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

// `text` ends with a NUL behind its `length` bytes.
static enum tv_status load_pem(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail) {
    struct tv_key_block block;
    enum tv_status status =
        tv_key_read_block((struct tv_span){text, length}, false, &block, detail);
    if (status == TV_MALFORMED_KEY && detail->reason == TV_REASON_NONE)
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
