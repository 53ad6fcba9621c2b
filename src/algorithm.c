// SPDX-License-Identifier: MIT
// The table of signature algorithms.
#include "algorithm.h"

static const struct tv_algorithm algorithms[] = {
    {"HS256", TV_FAMILY_HMAC, TV_SHA256, 32},      {"HS384", TV_FAMILY_HMAC, TV_SHA384, 48},
    {"HS512", TV_FAMILY_HMAC, TV_SHA512, 64},      {"RS256", TV_FAMILY_RSA_PKCS1, TV_SHA256, 32},
    {"RS384", TV_FAMILY_RSA_PKCS1, TV_SHA384, 48}, {"RS512", TV_FAMILY_RSA_PKCS1, TV_SHA512, 64},
};

#define ALGORITHM_COUNT (sizeof algorithms / sizeof algorithms[0])

const struct tv_algorithm *tv_algorithm_find(struct tv_span name) {
    for (size_t i = 0; i < ALGORITHM_COUNT; i++)
        if (tv_span_equal(tv_span_of(algorithms[i].name), name))
            return &algorithms[i];
    return NULL;
}

const struct tv_algorithm *tv_algorithm_at(size_t index) {
    return index < ALGORITHM_COUNT ? &algorithms[index] : NULL;
}

bool tv_algorithm_is_hmac(const struct tv_algorithm *algorithm) {
    return algorithm->family == TV_FAMILY_HMAC;
}
