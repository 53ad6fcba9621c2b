// SPDX-License-Identifier: MIT
// Makes key pairs: OpenSSL's generator, and the text forms of what it made.
#pragma once

#include "keys/key.h"

// Makes a key pair on `curve`, or, if that is TV_CURVE_NONE, an RSA key of `rsa_bits` bits, from
// TV_RSA_MIN_BITS to TV_RSA_MAX_BITS. It is as one of tv_key_load_private(). TV_NO_MEMORY,
// TV_CRYPTO_FAILURE; the latter also where OpenSSL is set up to refuse the kind of key.
enum tv_status tv_key_generate(enum tv_curve curve, int rsa_bits, struct tv_key **key,
                               struct tv_detail *detail);

// Text forms of both halves of such a key, each in a fresh buffer of `*length` bytes and a NUL.
// The caller frees it with tv_key_free_private(). TV_UNSUPPORTED_KEY for a key without both halves.
enum tv_status tv_key_private_pem(const struct tv_key *key, char **text, size_t *length); // PKCS#8
enum tv_status tv_key_private_jwk(const struct tv_key *key, char **text, size_t *length);
void tv_key_free_private(char *text); // NULL is fine
