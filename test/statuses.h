// SPDX-License-Identifier: MIT
// Which program has the case that produces a status: every status has one, or the tests fail.
#pragma once

#include "base/status.h"

// check_report() fails in the program named if no case of it produced the status, and test_status
// fails if a status has no program or a program of that name is not there.
static const char *const producers[TV_STATUS_COUNT] = {
    [TV_OK] = "test_verify",
    [TV_NO_MEMORY] = "test_verify",
    [TV_TOKEN_TOO_LARGE] = "test_verify",
    [TV_MALFORMED_TOKEN] = "test_verify",
    [TV_ENCRYPTED_TOKEN] = "test_verify",
    [TV_MALFORMED_HEADER] = "test_verify",
    [TV_UNSUPPORTED_CRITICAL] = "test_verify",
    [TV_TYPE_NOT_ACCEPTED] = "test_verify",
    [TV_ALGORITHM_NOT_ACCEPTED] = "test_verify",
    [TV_KEY_ID_MISSING] = "test_jws",
    [TV_KEY_ID_INVALID] = "test_jws",
    [TV_KEY_PENDING] = "test_keystore",
    [TV_KEY_NOT_FOUND] = "test_keystore",
    [TV_KEY_SOURCE_UNAVAILABLE] = "test_keystore",
    [TV_KEY_SOURCE_OVERLOADED] = "test_keystore",
    [TV_KEY_UNUSABLE] = "test_keystore",
    [TV_KEY_ALGORITHM_MISMATCH] = "test_verify",
    [TV_MALFORMED_KEY] = "test_key",
    [TV_UNSUPPORTED_KEY] = "test_key",
    [TV_WEAK_KEY] = "test_key",
    [TV_WEAK_SECRET] = "test_key",
    [TV_BAD_SIGNATURE] = "test_verify",
    [TV_CRYPTO_FAILURE] = "test_signature",
    [TV_MALFORMED_PAYLOAD] = "test_verify",
    [TV_INVALID_CLAIM] = "test_verify",
    [TV_MISSING_CLAIM] = "test_verify",
    [TV_EXPIRED] = "test_verify",
    [TV_NOT_YET_VALID] = "test_verify",
    [TV_LIFETIME_TOO_LONG] = "test_verify",
    [TV_ISSUER_NOT_ACCEPTED] = "test_verify",
    [TV_AUDIENCE_NOT_ACCEPTED] = "test_verify",
    [TV_ROOM_MISSING] = "test_verify",
    [TV_ROOM_INVALID] = "test_verify",
    [TV_ROOM_NOT_ACCEPTED] = "test_verify",
    [TV_SUB_MISSING] = "test_verify",
    [TV_SUB_INVALID] = "test_verify",
};
