// SPDX-License-Identifier: MIT
// OpenSSL's contexts of one key, kept from one check to the next. Fetching algorithms and setting
// up contexts takes as long as everything else that reading a token needs.
#pragma once

#include "base/status.h"
#include "keys/algorithm.h"

#include <openssl/evp.h>

struct tv_prepared; // for one key and one algorithm; a list of them belongs to the key

// Finds the contexts for `algorithm` in the list `*kept`, or makes and adds them, with `public_key`
// or, for HMAC, `secret`. TV_CRYPTO_FAILURE (OpenSSL's error queue says why), TV_NO_MEMORY.
enum tv_status tv_prepared_get(struct tv_prepared **kept, const struct tv_algorithm *algorithm,
                               EVP_PKEY *public_key, struct tv_span secret,
                               struct tv_prepared **prepared);

// Whether `signature`, in OpenSSL's form, is valid for `input`: 1 or 0; less than 0 if nothing was
// checked. OpenSSL may also return 0 when it lacks memory.
int tv_prepared_check(struct tv_prepared *prepared, struct tv_span input,
                      const unsigned char *signature, size_t signature_length);

// Signs `input` once with a secret or both halves of a pair, into `signature`, which has room for
// `*length` bytes, in OpenSSL's form. TV_CRYPTO_FAILURE, TV_NO_MEMORY.
enum tv_status tv_prepared_sign(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                struct tv_span secret, struct tv_span input,
                                unsigned char *signature, size_t *length);

// Removes one from the list: after an incomplete check it must not be used again.
void tv_prepared_drop(struct tv_prepared **kept, struct tv_prepared *prepared);

// Frees a list; NULL is allowed. What derives from a secret is overwritten.
void tv_prepared_free(struct tv_prepared *kept);
