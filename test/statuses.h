// SPDX-License-Identifier: MIT
// Which program has the case that produces a status: test_verify, unless it is listed here.
#pragma once

#include "base/status.h"

// check_report() fails in the program named if no case of it produced the status, and test_status
// fails if a program of that name is not there.
static const char *const other_producers[TV_STATUS_COUNT] = {
    [TV_KEY_ID_MISSING] = "test_jws",
    [TV_KEY_ID_INVALID] = "test_jws",
    [TV_KEY_PENDING] = "test_keystore",
    [TV_KEY_NOT_FOUND] = "test_keystore",
    [TV_KEY_SOURCE_UNAVAILABLE] = "test_keystore",
    [TV_KEY_SOURCE_OVERLOADED] = "test_keystore",
    [TV_KEY_UNUSABLE] = "test_keystore",
    [TV_MALFORMED_KEY] = "test_key",
    [TV_UNSUPPORTED_KEY] = "test_key",
    [TV_WEAK_KEY] = "test_key",
    [TV_WEAK_SECRET] = "test_key",
    [TV_CRYPTO_FAILURE] = "test_signature",
};

static inline const char *producer_of(enum tv_status status) {
    return other_producers[status] ? other_producers[status] : "test_verify";
}
