// SPDX-License-Identifier: MIT
// The public key of an X.509 certificate (RFC 5280 section 4.1). All of it is read with OpenSSL's
// own items, as d2i_X509() does, but for the key: there OpenSSL runs its decoder, which takes ten
// times as long as the rest.
#include "key_internal.h"

#include <openssl/asn1t.h>
#include <openssl/x509.h>

struct tbs_certificate {
    ASN1_INTEGER *version, *serial;
    X509_ALGOR *algorithm;
    X509_NAME *issuer, *subject;
    X509_VAL *validity;
    ASN1_STRING *key; // the whole SubjectPublicKeyInfo, not looked into
    ASN1_BIT_STRING *issuer_id, *subject_id;
    STACK_OF(X509_EXTENSION) * extensions;
};

struct certificate {
    struct tbs_certificate *signed_part;
    X509_ALGOR *algorithm;
    ASN1_BIT_STRING *signature;
};

ASN1_SEQUENCE(tbs_certificate) = {
    ASN1_EXP_OPT(struct tbs_certificate, version, ASN1_INTEGER, 0),
    ASN1_SIMPLE(struct tbs_certificate, serial, ASN1_INTEGER),
    ASN1_SIMPLE(struct tbs_certificate, algorithm, X509_ALGOR),
    ASN1_SIMPLE(struct tbs_certificate, issuer, X509_NAME),
    ASN1_SIMPLE(struct tbs_certificate, validity, X509_VAL),
    ASN1_SIMPLE(struct tbs_certificate, subject, X509_NAME),
    ASN1_SIMPLE(struct tbs_certificate, key, ASN1_SEQUENCE),
    ASN1_IMP_OPT(struct tbs_certificate, issuer_id, ASN1_BIT_STRING, 1),
    ASN1_IMP_OPT(struct tbs_certificate, subject_id, ASN1_BIT_STRING, 2),
    ASN1_EXP_SEQUENCE_OF_OPT(struct tbs_certificate, extensions, X509_EXTENSION, 3),
} static_ASN1_SEQUENCE_END_name(struct tbs_certificate, tbs_certificate)

ASN1_SEQUENCE(certificate) = {
    ASN1_SIMPLE(struct certificate, signed_part, tbs_certificate),
    ASN1_SIMPLE(struct certificate, algorithm, X509_ALGOR),
    ASN1_SIMPLE(struct certificate, signature, ASN1_BIT_STRING),
} static_ASN1_SEQUENCE_END_name(struct certificate, certificate)

EVP_PKEY *tv_key_decode_certificate(const unsigned char **end, long length, bool *is_judged) {
    const ASN1_ITEM *item = ASN1_ITEM_rptr(certificate);
    struct certificate *read = (struct certificate *)ASN1_item_d2i(NULL, end, length, item);
    if (!read)
        return NULL;
    const ASN1_STRING *key = read->signed_part->key;
    const unsigned char *der = ASN1_STRING_get0_data(key);
    int der_length = ASN1_STRING_length(key);
    EVP_PKEY *public_key = tv_key_decode_spki(der, (size_t)der_length, is_judged);
    if (!public_key)
        public_key = d2i_PUBKEY(NULL, &der, der_length);
    ASN1_item_free((ASN1_VALUE *)read, item);
    return public_key;
}
