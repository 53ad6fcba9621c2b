// SPDX-License-Identifier: MIT
// (algorithm, key, signed bytes, signature) to yes or no (RFC 7515 section 5.2 step 8), and signing
// (section 5.1 step 5).
#pragma once

#include "base/status.h"
#include "keys/algorithm.h"
#include "keys/key.h"

// TV_OK if `signature` is valid for `input`. TV_KEY_ALGORITHM_MISMATCH if the key does not fit the
// algorithm, TV_BAD_SIGNATURE, or TV_CRYPTO_FAILURE when OpenSSL failed and nothing was checked.
enum tv_status tv_signature_verify(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                   struct tv_span input, const unsigned char *signature,
                                   size_t signature_length, struct tv_detail *detail);

// Bytes of the longest signature: that of an RSA key of TV_RSA_MAX_BITS.
#define TV_SIGNATURE_MAX_SIZE ((size_t)TV_RSA_MAX_BITS / 8)

// Signs `input` with a shared secret or a key of tv_key_load_private(); `signature` has room for
// TV_SIGNATURE_MAX_SIZE bytes. The signature is verified with the public half before it is
// returned. TV_KEY_ALGORITHM_MISMATCH; TV_MALFORMED_KEY for a key without its private half, or
// whose halves do not belong together; TV_NO_MEMORY, TV_CRYPTO_FAILURE.
enum tv_status tv_signature_make(const struct tv_algorithm *algorithm, const struct tv_key *key,
                                 struct tv_span input, unsigned char *signature,
                                 size_t *signature_length, struct tv_detail *detail);
