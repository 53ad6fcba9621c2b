// SPDX-License-Identifier: MIT
// Reads the type of a key from its DER, and where its parts are, without OpenSSL.
#pragma once

#include "keys/key.h"

// How a key is wrapped.
enum tv_key_form {
    TV_FORM_SPKI,        // SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7)
    TV_FORM_CERTIFICATE, // X.509 (RFC 5280 section 4.1)
    TV_FORM_RSA,         // RSAPublicKey (RFC 8017 appendix A.1.1)
    TV_FORM_PRIVATE,     // PKCS#8 (RFC 5958), RSAPrivateKey (RFC 8017), ECPrivateKey (RFC 5915)
};

// Spans point into the DER. Parts that a form or type does not have are empty.
struct tv_key_look {
    enum tv_key_type type;
    enum tv_curve curve;
    size_t length;           // of the whole, which may be less than there is
    size_t spki_length;      // of the SubjectPublicKeyInfo in it
    struct tv_span key;      // public: what is inside of that, or all of an RSAPublicKey, whose
    struct tv_span modulus;  // numbers these are: highest byte first,
    struct tv_span exponent; // both positive
    struct tv_span pkcs8;    // contents of a PKCS#8 up to the private key, which is their last
};

// TV_OK if the DER at `der` begins with this form of an RSA key, an EC key on P-256, P-384 or
// P-521, an Ed25519 or an Ed448 key: these may reach OpenSSL's decoders. TV_UNSUPPORTED_KEY, with a
// reason, for another type or curve, explicit curve parameters, or more than two primes.
// TV_MALFORMED_KEY, with a reason for private numbers of more than TV_RSA_MAX_BITS, without one for
// anything else. DER must be strict: no indefinite length, and none in more bytes than needed.
enum tv_status tv_key_look(enum tv_key_form form, struct tv_span der, struct tv_key_look *look,
                           struct tv_detail *detail);

// Fails with TV_REASON_CURVE and the name of a JWK's curve, if it is a known one that is not
// supported.
enum tv_status tv_key_fail_curve(struct tv_detail *detail, struct tv_span name);
