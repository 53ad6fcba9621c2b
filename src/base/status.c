// SPDX-License-Identifier: MIT
// One table gives each status its stable code and its explanation.
#include "base/status.h"

#include <assert.h>

static const struct {
    const char *code;
    const char *explanation;
} statuses[TV_STATUS_COUNT] = {
    [TV_OK] = {"ok", "the token holds"},
    [TV_NO_MEMORY] = {"no-memory", "memory ran out"},

    [TV_TOKEN_TOO_LARGE] = {"token-too-large", "the token is longer than 16 KiB"},
    [TV_MALFORMED_TOKEN] = {"malformed-token",
                            "the text is not three base64url parts joined by two dots"},
    [TV_ENCRYPTED_TOKEN] = {"encrypted-token",
                            "the token has five parts: it is encrypted (JWE), not signed (JWS)"},
    [TV_MALFORMED_HEADER] = {"malformed-header",
                             "the header is not a JSON object with distinct members"},
    [TV_UNSUPPORTED_CRITICAL] = {"unsupported-critical",
                                 "the header demands an extension (crit, b64), and none is known"},
    [TV_TYPE_NOT_ACCEPTED] = {"type-not-accepted", "the header's typ is not an accepted one"},
    [TV_ALGORITHM_NOT_ACCEPTED] = {"algorithm-not-accepted",
                                   "the header's alg is not among the configured algorithms"},

    [TV_KEY_ID_MISSING] = {"key-id-missing", "the header has no kid to find the key by"},
    [TV_KEY_ID_INVALID] = {"key-id-invalid", "the header's kid is not a usable string"},
    [TV_KEY_PENDING] = {"key-pending", "the key is being fetched: ask again when it has arrived"},
    [TV_KEY_NOT_FOUND] = {"key-not-found", "the key source does not have this kid"},
    [TV_KEY_SOURCE_UNAVAILABLE] = {"key-source-unavailable",
                                   "the key source did not answer, or answered with an error"},
    [TV_KEY_SOURCE_OVERLOADED] = {"key-source-overloaded",
                                  "too many unknown keys are being asked for at once"},
    [TV_KEY_UNUSABLE] = {"key-unusable", "the key source answered with something that is no key"},
    [TV_KEY_ALGORITHM_MISMATCH] = {"key-algorithm-mismatch",
                                   "the key is not one for the token's algorithm"},
    [TV_MALFORMED_KEY] = {"malformed-key", "the text is not a key"},
    [TV_UNSUPPORTED_KEY] = {"unsupported-key", "the key is of a type that is not supported"},
    [TV_WEAK_KEY] = {"weak-key", "the key is too weak, or its numbers are not those of a good key"},
    [TV_WEAK_SECRET] = {"weak-secret", "the shared secret is empty or a template's left-over"},

    [TV_BAD_SIGNATURE] = {"bad-signature",
                          "the signature does not hold: another key signed, or bytes were changed"},
    [TV_CRYPTO_FAILURE] = {"crypto-failure", "the crypto library failed; the token was not judged"},

    [TV_MALFORMED_PAYLOAD] = {"malformed-payload",
                              "the payload is not a JSON object with distinct members"},
    [TV_INVALID_CLAIM] = {"invalid-claim", "a claim has a type or value that it must not have"},
    [TV_MISSING_CLAIM] = {"missing-claim", "a claim that must be there is missing"},
    [TV_EXPIRED] = {"expired", "exp has passed"},
    [TV_NOT_YET_VALID] = {"not-yet-valid", "nbf is still to come"},
    [TV_LIFETIME_TOO_LONG] = {"lifetime-too-long", "exp is further from iat than is allowed"},
    [TV_ISSUER_NOT_ACCEPTED] = {"issuer-not-accepted", "iss is not among the accepted issuers"},
    [TV_AUDIENCE_NOT_ACCEPTED] = {"audience-not-accepted",
                                  "aud is not among the accepted audiences"},
    [TV_ROOM_MISSING] = {"room-missing", "the room claim must be there and is missing"},
    [TV_ROOM_INVALID] = {"room-invalid", "the room claim is not a string"},
    [TV_ROOM_NOT_ACCEPTED] = {"room-not-accepted", "the room claim names another room"},
    [TV_SUB_MISSING] = {"sub-missing", "the sub claim must be there and is missing"},
    [TV_SUB_INVALID] = {"sub-invalid", "the sub claim is not a string"},
};

const char *tv_status_code(enum tv_status status) {
    assert(status < TV_STATUS_COUNT);
    return statuses[status].code;
}

const char *tv_status_explanation(enum tv_status status) {
    assert(status < TV_STATUS_COUNT);
    return statuses[status].explanation;
}
