// SPDX-License-Identifier: MIT
// The signature algorithms of RFC 7518 section 3 that exist here.
#pragma once

#include "status.h"

#include <stdbool.h>

enum tv_family {
    TV_FAMILY_HMAC,      // RFC 7518 section 3.2
    TV_FAMILY_RSA_PKCS1, // RFC 7518 section 3.3
};

enum tv_digest { TV_SHA256, TV_SHA384, TV_SHA512, TV_DIGEST_COUNT };

struct tv_algorithm {
    const char *name; // exactly as in the header's alg
    enum tv_family family;
    enum tv_digest digest;
    size_t digest_size; // bytes
};

// The algorithm of this exact name (case-sensitive, RFC 7515 section 4.1.1), or NULL. "none" is
// no algorithm.
const struct tv_algorithm *tv_algorithm_find(struct tv_span name);

// The index-th algorithm, or NULL past the last.
const struct tv_algorithm *tv_algorithm_at(size_t index);

// Whether keys of this algorithm are shared secrets.
bool tv_algorithm_is_hmac(const struct tv_algorithm *algorithm);
