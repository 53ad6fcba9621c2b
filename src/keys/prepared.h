// SPDX-License-Identifier: MIT
// OpenSSL's contexts for the checks that one key makes, kept from one check to the next: fetching
// the algorithms and setting contexts up takes as long as the whole rest of reading a token.
#pragma once

#include "base/status.h"
#include "keys/algorithm.h"

#include <openssl/evp.h>

struct tv_prepared; // for one key and one algorithm; a list of them belongs to the key

// Those for `algorithm` out of the list `*kept`, made and added if they are not there yet.
// `public_key` or, for HMAC, `secret` is the key's. TV_CRYPTO_FAILURE with OpenSSL's errors noted;
// TV_NO_MEMORY.
enum tv_status tv_prepared_get(struct tv_prepared **kept, const struct tv_algorithm *algorithm,
                               EVP_PKEY *public_key, struct tv_span secret,
                               struct tv_prepared **prepared);

// Whether `signature`, in OpenSSL's form, holds over `input`: 1 or 0; less than 0 if nothing was
// checked. 0 may also be what comes out when OpenSSL lacks memory.
int tv_prepared_check(struct tv_prepared *prepared, struct tv_span input,
                      const unsigned char *signature, size_t signature_length);

// Signs `input` once with a secret or both halves of a pair, into `signature`, which has room for
// `*length` bytes, in OpenSSL's form. TV_CRYPTO_FAILURE, TV_NO_MEMORY.
enum tv_status tv_prepared_sign(const struct tv_algorithm *algorithm, EVP_PKEY *pair,
                                struct tv_span secret, struct tv_span input,
                                unsigned char *signature, size_t *length);

// Throws away one of the list: after a failure half-way it must not serve the next check.
void tv_prepared_drop(struct tv_prepared **kept, struct tv_prepared *prepared);

// All of a list; NULL is fine. What derives from a secret is cleansed.
void tv_prepared_free(struct tv_prepared *kept);
