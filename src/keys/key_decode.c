// SPDX-License-Identifier: MIT
// Keys from DER, with OpenSSL's decoder for the type that tv_key_look() has found.
#include "keys/key_internal.h"

#include "keys/key_look.h"

#include <openssl/x509.h>

// All numbers of an RSA key of 16384 bits take 9 KiB.
#define DER_MAX_LENGTH ((size_t)16 * 1024)

static EVP_PKEY *decode_rsa(struct tv_span der) {
    const unsigned char *at = (const unsigned char *)der.data, *end = at + der.length;
    EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &at, (long)der.length);
    if (at == end)
        return key;
    EVP_PKEY_free(key);
    return NULL;
}

// d2i_PUBKEY() of OpenSSL 3.0 would try every type of key, which takes as long as four RSA
// verifications.
static EVP_PKEY *decode_public(const struct tv_key_look *look) {
    switch (look->type) {
    case TV_KEY_RSA:
        return decode_rsa(look->key);
    case TV_KEY_EC:
        return tv_key_make_ec(look->curve, look->key, (struct tv_span){0});
    default:
        return tv_key_make_okp(look->curve, look->key, false);
    }
}

EVP_PKEY *tv_key_public_half(EVP_PKEY *pair) {
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(pair, &der);
    struct tv_key_look look;
    struct tv_detail ignored = {0};
    struct tv_span info = {(char *)der, length > 0 ? (size_t)length : 0};
    enum tv_status status = tv_key_look(TV_FORM_SPKI, info, &look, &ignored);
    EVP_PKEY *key = status == TV_OK ? decode_public(&look) : NULL;
    OPENSSL_free(der);
    return key;
}

// Looks at DER that a key of this form must fill.
static enum tv_status look_at(enum tv_key_form form, struct tv_span der, struct tv_key_look *look,
                              struct tv_detail *detail) {
    enum tv_status status = tv_key_look(form, der, look, detail);
    if (status != TV_OK)
        return status;
    if (look->length != der.length)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_TRAILING, NULL);
    if ((form == TV_FORM_CERTIFICATE ? look->spki_length : der.length) > DER_MAX_LENGTH)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                           "a key of more than 16 KiB of DER");
    return TV_OK;
}

static int openssl_type(const struct tv_key_look *look) {
    switch (look->type) {
    case TV_KEY_RSA:
        return EVP_PKEY_RSA;
    case TV_KEY_EC:
        return EVP_PKEY_EC;
    default:
        return look->curve == TV_CURVE_ED448 ? EVP_PKEY_ED448 : EVP_PKEY_ED25519;
    }
}

// PKCS#8 without what stands behind the key: OpenSSL 3.0 knows of no public key there (RFC 5958
// section 2). The contents are shorter than DER_MAX_LENGTH.
static EVP_PKEY *decode_pkcs8(int type, struct tv_span contents) {
    long length = (long)contents.length + 4;
    unsigned char *der = OPENSSL_malloc((size_t)length);
    if (!der)
        return NULL;
    const unsigned char *at = der;
    der[0] = DER_SEQUENCE;
    der[1] = 0x82;
    der[2] = (unsigned char)(contents.length >> 8);
    der[3] = (unsigned char)contents.length;
    memcpy(der + 4, contents.data, contents.length);
    EVP_PKEY *pair = d2i_PrivateKey(type, NULL, &at, length);
    OPENSSL_clear_free(der, (size_t)length);
    return pair;
}

enum tv_status tv_key_decode_pair(struct tv_span der, EVP_PKEY **pair, struct tv_detail *detail) {
    struct tv_key_look look;
    enum tv_status status = look_at(TV_FORM_PRIVATE, der, &look, detail);
    if (status != TV_OK)
        return status;
    const unsigned char *at = (const unsigned char *)der.data;
    *pair = look.pkcs8.length > 0
                ? decode_pkcs8(openssl_type(&look), look.pkcs8)
                : d2i_PrivateKey(openssl_type(&look), NULL, &at, (long)der.length);
    return *pair ? TV_OK : TV_MALFORMED_KEY;
}

enum tv_status tv_key_decode(enum tv_key_form form, struct tv_span der, EVP_PKEY **key,
                             struct tv_detail *detail) {
    struct tv_key_look look;
    EVP_PKEY *pair = NULL;
    enum tv_status status = form == TV_FORM_PRIVATE ? tv_key_decode_pair(der, &pair, detail)
                                                    : look_at(form, der, &look, detail);
    if (status != TV_OK)
        return status;
    *key = pair ? tv_key_public_half(pair) : decode_public(&look);
    EVP_PKEY_free(pair);
    return *key ? TV_OK : TV_MALFORMED_KEY;
}
