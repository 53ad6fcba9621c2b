// SPDX-License-Identifier: MIT
// (algorithm, key, signed bytes, signature) to yes or no (RFC 7515 section 5.2 step 8).
#pragma once

#include "algorithm.h"
#include "key.h"
#include "status.h"

// TV_OK if `signature` holds over `input`. TV_KEY_ALGORITHM_MISMATCH if the key is not one for the
// algorithm, TV_BAD_SIGNATURE, or TV_CRYPTO_FAILURE when OpenSSL failed and nothing was judged.
enum tv_status tv_signature_verify(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length, struct tv_detail *detail);
