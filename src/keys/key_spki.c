// SPDX-License-Identifier: MIT
// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) in the spelling that everybody writes, made into
// a key by parts: OpenSSL's own decoder tries every type of key that it has, which takes longer
// than four checks of an RSA signature.
#include "keys/key_internal.h"

#include <openssl/ec.h>
#include <openssl/x509.h>

#define SPELLED(bytes) (bytes), sizeof(bytes) - 1

// All of the DER in front of the point.
static const struct {
    struct tv_span prefix;
    enum tv_curve curve;
    int type; // of OpenSSL
} forms[] = {
    {{SPELLED("\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03"
              "\x01\x07\x03\x42\x00")},
     TV_CURVE_P256,
     EVP_PKEY_EC},
    {{SPELLED("\x30\x76\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22\x03"
              "\x62\x00")},
     TV_CURVE_P384,
     EVP_PKEY_EC},
    {{SPELLED("\x30\x81\x9b\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"
              "\x03\x81\x86\x00")},
     TV_CURVE_P521,
     EVP_PKEY_EC},
    {{SPELLED("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00")},
     TV_CURVE_ED25519,
     EVP_PKEY_ED25519},
    {{SPELLED("\x30\x43\x30\x05\x06\x03\x2b\x65\x71\x03\x3a\x00")}, TV_CURVE_ED448, EVP_PKEY_ED448},
};

// rsaEncryption with NULL, as RFC 3279 section 2.3.1 wants it.
#define RSA_ALGORITHM TV_SPAN("\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00")

static bool begins_with(const unsigned char *der, size_t length, struct tv_span prefix) {
    return length >= prefix.length && memcmp(der, prefix.data, prefix.length) == 0;
}

// The contents of a tag whose length takes two bytes and which ends with the DER; or NULL.
static const unsigned char *open_long(const unsigned char *at, const unsigned char *end,
                                      unsigned char tag) {
    if (end - at < 4 || at[0] != tag || at[1] != 0x82 || end - at - 4 != (at[2] << 8 | at[3]) ||
        at[2] == 0)
        return NULL;
    return at + 4;
}

// The contents of a positive INTEGER, which `*at` is moved behind; or NULL.
static const unsigned char *read_integer(const unsigned char **at, const unsigned char *end,
                                         long *length) {
    int tag, class;
    if (ASN1_get_object(at, length, &tag, &class, end - *at) != 0 || *length == 0 || **at >= 0x80)
        return NULL;
    const unsigned char *number = *at;
    *at += *length;
    return number;
}

// Whether tv_key_check_rsa() would find nothing but the number of bits to object to in what OpenSSL
// has read as an RSAPublicKey, and so is one. It takes as long to give the numbers back as to read
// them. False also for spellings that nobody writes.
static bool is_good_rsa(const unsigned char *at, const unsigned char *end) {
    long length;
    int tag, class;
    if (ASN1_get_object(&at, &length, &tag, &class, end - at) != V_ASN1_CONSTRUCTED)
        return false; // of no length, for one
    const unsigned char *modulus = read_integer(&at, end, &length);
    if (!modulus || modulus[length - 1] % 2 == 0)
        return false;
    const unsigned char *number = read_integer(&at, end, &length);
    uint64_t exponent = 0;
    if (!number || length > (long)sizeof exponent)
        return false;
    for (long i = 0; i < length; i++)
        exponent = exponent << 8 | number[i];
    return exponent % 2 == 1 && exponent != 1;
}

EVP_PKEY *tv_key_decode_rsa(const unsigned char **end, long length, bool *is_judged) {
    const unsigned char *der = *end;
    EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, end, length);
    *is_judged = key && is_good_rsa(der, *end);
    return key;
}

static EVP_PKEY *make_rsa(const unsigned char *der, size_t length, bool *is_judged) {
    const unsigned char *end = der + length, *at = open_long(der, end, 0x30);
    if (!at || !begins_with(at, (size_t)(end - at), RSA_ALGORITHM))
        return NULL;
    at = open_long(at + RSA_ALGORITHM.length, end, 0x03); // BIT STRING
    if (!at || *at != 0)                                  // no bits unused
        return NULL;
    at++;
    EVP_PKEY *key = tv_key_decode_rsa(&at, end - at, is_judged);
    if (key && at != end) {
        EVP_PKEY_free(key);
        key = NULL;
        *is_judged = false;
    }
    return key;
}

EVP_PKEY *tv_key_decode_spki(const unsigned char *der, size_t length, bool *is_judged) {
    *is_judged = false;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        size_t size = tv_curve_size(forms[i].curve), before = forms[i].prefix.length;
        bool is_ec = forms[i].type == EVP_PKEY_EC;
        size_t point_length = is_ec ? 1 + 2 * size : size;
        if (length != before + point_length || !begins_with(der, length, forms[i].prefix))
            continue;
        const unsigned char *point = der + before;
        if (!is_ec)
            return EVP_PKEY_new_raw_public_key(forms[i].type, NULL, point, point_length);
        if (*point != POINT_CONVERSION_UNCOMPRESSED)
            return NULL;
        struct tv_key_makers makers = {0};
        EVP_PKEY *key = NULL;
        *is_judged = tv_key_make_ec(&makers, forms[i].curve, point, point_length, &key) == TV_OK;
        tv_key_makers_clear(&makers);
        return key;
    }
    return make_rsa(der, length, is_judged);
}
