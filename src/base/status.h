// SPDX-License-Identifier: MIT
// The outcome of every operation that can fail: a status, and a detail that says what was found.
#pragma once

#include "base/detail.h"

// Every status: X(NAME, class, code, explanation). The class says whose fault it is: the token's,
// one of its claims', the key's, the source of keys', or the machine's (internal). The explanation
// is one line of at most 80 bytes, without a full stop.
#define TV_STATUSES(X)                                                                             \
    X(OK, internal, "ok", "the token holds")                                                       \
    X(NO_MEMORY, internal, "no-memory", "memory ran out")                                          \
    /* Shape and header: checked before any key is touched. */                                     \
    X(TOKEN_TOO_LARGE, token, "token-too-large", "the token is longer than 16 KiB")                \
    X(MALFORMED_TOKEN, token, "malformed-token",                                                   \
      "the text is not three base64url parts joined by two dots")                                  \
    X(ENCRYPTED_TOKEN, token, "encrypted-token",                                                   \
      "the token has five parts: it is encrypted (JWE), not signed (JWS)")                         \
    X(MALFORMED_HEADER, token, "malformed-header",                                                 \
      "the header is not a JSON object with distinct members")                                     \
    X(UNSUPPORTED_CRITICAL, token, "unsupported-critical",                                         \
      "the header requires an extension (crit, b64), and none is supported")                       \
    X(TYPE_NOT_ACCEPTED, token, "type-not-accepted", "the header's typ is not an accepted one")    \
    X(ALGORITHM_NOT_ACCEPTED, token, "algorithm-not-accepted",                                     \
      "the header's alg is not among the configured algorithms")                                   \
    /* Keys. */                                                                                    \
    X(KEY_ID_MISSING, token, "key-id-missing", "the header has no kid to find the key by")         \
    X(KEY_ID_INVALID, token, "key-id-invalid", "the header's kid is not a usable string")          \
    X(KEY_PENDING, source, "key-pending",                                                          \
      "the key is being fetched: ask again when it has arrived")                                   \
    X(KEY_NOT_FOUND, key, "key-not-found", "the key source does not have this kid")                \
    X(KEY_SOURCE_UNAVAILABLE, source, "key-source-unavailable",                                    \
      "the key source did not answer, or answered with an error")                                  \
    X(KEY_SOURCE_OVERLOADED, source, "key-source-overloaded",                                      \
      "too many unknown keys are being asked for at once")                                         \
    X(KEY_UNUSABLE, source, "key-unusable",                                                        \
      "the key source answered with something that is no key")                                     \
    X(KEY_ALGORITHM_MISMATCH, token, "key-algorithm-mismatch",                                     \
      "the key is not one for the token's algorithm")                                              \
    X(MALFORMED_KEY, key, "malformed-key", "the text is not a key")                                \
    X(UNSUPPORTED_KEY, key, "unsupported-key", "the key is of a type that is not supported")       \
    X(WEAK_KEY, key, "weak-key",                                                                   \
      "the key is too weak, or its numbers are not those of a good key")                           \
    X(WEAK_SECRET, key, "weak-secret", "the shared secret is empty or a template's placeholder")   \
    /* Signature. */                                                                               \
    X(BAD_SIGNATURE, token, "bad-signature",                                                       \
      "the signature does not hold: another key signed, or bytes were changed")                    \
    X(CRYPTO_FAILURE, internal, "crypto-failure",                                                  \
      "the crypto library failed; the token was not checked")                                      \
    /* Claims: checked only after the signature held. */                                           \
    X(MALFORMED_PAYLOAD, token, "malformed-payload",                                               \
      "the payload is not a JSON object with distinct members")                                    \
    X(INVALID_CLAIM, claim, "invalid-claim", "a claim has a type or value that it must not have")  \
    X(MISSING_CLAIM, claim, "missing-claim", "a claim that must be there is missing")              \
    X(EXPIRED, claim, "expired", "exp has passed")                                                 \
    X(NOT_YET_VALID, claim, "not-yet-valid", "nbf is still to come")                               \
    X(LIFETIME_TOO_LONG, claim, "lifetime-too-long", "exp is further from iat than is allowed")    \
    X(ISSUER_NOT_ACCEPTED, claim, "issuer-not-accepted", "iss is not among the accepted issuers")  \
    X(AUDIENCE_NOT_ACCEPTED, claim, "audience-not-accepted",                                       \
      "aud is not among the accepted audiences")                                                   \
    X(ROOM_MISSING, claim, "room-missing", "the room claim must be there and is missing")          \
    X(ROOM_INVALID, claim, "room-invalid", "the room claim is not a string")                       \
    X(ROOM_NOT_ACCEPTED, claim, "room-not-accepted", "the room claim names another room")          \
    X(SUB_MISSING, claim, "sub-missing", "the sub claim must be there and is missing")             \
    X(SUB_INVALID, claim, "sub-invalid", "the sub claim is not a string")

#define TV_STATUS_NAME(name, ...) TV_##name,
enum tv_status { TV_STATUSES(TV_STATUS_NAME) TV_STATUS_COUNT };
#undef TV_STATUS_NAME

// The stable kebab-case word of a status, e.g. "bad-signature"; a string constant.
const char *tv_status_code(enum tv_status status);

// "token", "claim", "key", "source" or "internal"; a string constant.
const char *tv_status_class(enum tv_status status);

// One line that explains a status to an operator; a string constant.
const char *tv_status_explanation(enum tv_status status);
