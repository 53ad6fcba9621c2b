// SPDX-License-Identifier: MIT
// The outcome of every operation that can fail: a status, and a detail that says what was found.
#pragma once

#include "base/span.h"

// Every status: X(NAME, class, code, explanation). The class says whose fault it is: the token's,
// one of its claims', the key's, the source of keys', or the machine's (internal). The explanation
// is one line of at most 80 bytes, without a full stop.
#define TV_STATUSES(X)                                                                             \
    X(OK, internal, "ok", "the token holds")                                                       \
    X(NO_MEMORY, internal, "no-memory", "memory ran out")                                          \
    /* Shape and header: judged before any key is touched. */                                      \
    X(TOKEN_TOO_LARGE, token, "token-too-large", "the token is longer than 16 KiB")                \
    X(MALFORMED_TOKEN, token, "malformed-token",                                                   \
      "the text is not three base64url parts joined by two dots")                                  \
    X(ENCRYPTED_TOKEN, token, "encrypted-token",                                                   \
      "the token has five parts: it is encrypted (JWE), not signed (JWS)")                         \
    X(MALFORMED_HEADER, token, "malformed-header",                                                 \
      "the header is not a JSON object with distinct members")                                     \
    X(UNSUPPORTED_CRITICAL, token, "unsupported-critical",                                         \
      "the header demands an extension (crit, b64), and none is known")                            \
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
    X(WEAK_SECRET, key, "weak-secret", "the shared secret is empty or a template's left-over")     \
    /* Signature. */                                                                               \
    X(BAD_SIGNATURE, token, "bad-signature",                                                       \
      "the signature does not hold: another key signed, or bytes were changed")                    \
    X(CRYPTO_FAILURE, internal, "crypto-failure",                                                  \
      "the crypto library failed; the token was not judged")                                       \
    /* Claims: judged only after the signature held. */                                            \
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

// Why exactly, where one status has several causes an operator would tell apart. Which fields of
// struct tv_detail a reason fills is said beside it.
enum tv_reason {
    TV_REASON_NONE,
    TV_REASON_PARTS,        // number: dot-separated parts found
    TV_REASON_EMPTY,        // subject
    TV_REASON_BASE64URL,    // subject: the part
    TV_REASON_JSON,         // subject, text: the parser's words, number: byte position
    TV_REASON_NOT_OBJECT,   // subject, text: the JSON type found
    TV_REASON_DUPLICATE,    // subject, found: the member's name
    TV_REASON_DEPTH,        // subject, limit
    TV_REASON_NOT_JSON,     // subject, text: what a table to be signed holds
    TV_REASON_MISSING,      // subject
    TV_REASON_TYPE,         // subject, text: the JSON type found
    TV_REASON_NUL,          // subject
    TV_REASON_RANGE,        // subject, number, limit
    TV_REASON_MILLISECONDS, // subject, number
    TV_REASON_LENGTH,       // number: found, limit
    TV_REASON_NOT_A_KEY,    // text: what it looks like
    TV_REASON_NOT_PRIVATE,  // text: what it is, where a private key is expected
    TV_REASON_KEY_TYPE,     // text: the type found
    TV_REASON_KEY_USE,      // subject: the JWK member, found
    TV_REASON_OPERATIONS,   // a JWK's key_ops that are no names, name one twice, contradict its use
    TV_REASON_TRAILING,     // bytes follow the key's DER
    TV_REASON_EXPONENT,     // RSA public exponent even, 1 or too long
    TV_REASON_MODULUS,      // RSA modulus even
    TV_REASON_FIELD_LENGTH, // subject: the JWK member, limit: bytes it must have
    TV_REASON_POINT,        // an EC point that is not on its curve
    TV_REASON_CURVE,        // a curve that JOSE does not have; or, text: not the algorithm's
    TV_REASON_NOT_A_PAIR,   // the private key is not that of the public one beside it
    TV_REASON_SHORT,        // number: bytes of the secret, limit: as many as the hash has, subject
    TV_REASON_CERTIFICATE,  // a JWK whose x5c is not of its own key
    TV_REASON_TEMPLATE,     // a secret that is a template's left-over
    TV_REASON_PUBLIC,       // a public key where a secret belongs
    TV_REASON_HTTP_STATUS,  // number
    TV_REASON_NETWORK,      // text: libcurl's words
    TV_REASON_BODY,         // number: HTTP status, limit: bytes
    TV_REASON_CLIENT,       // limit: unknown keys one client may have pending
    TV_REASON_WAITED,       // limit: seconds waited
    TV_REASON_DISCOVERY,    // text: what is wrong with the OpenID provider's configuration
    TV_REASON_FILE,         // text: what is wrong with the file, in words that follow its name
    TV_REASON_NOT_IN_SET,   // the JWK Set lacks the kid
    TV_REASON_BINDING,      // found: the issuer, for which another source of keys speaks
    TV_REASON_NO_SOURCE,    // the store has no source to ask
};

// What a source was asked for.
enum tv_asked { TV_ASKED_KEY, TV_ASKED_SET, TV_ASKED_CONFIGURATION };

// What a failure was judged by. Text is built from it by the binding alone; spans point into the
// judged input or into the key store, and are valid until the next call.
struct tv_detail {
    enum tv_reason reason;
    const char *subject;   // claim, header member or part, a string constant
    const char *text;      // words of a library or a type name, a string constant
    struct tv_span found;  // attacker's bytes: to be escaped and cut before they are shown
    struct tv_span key_id; // of the key that was asked for
    struct tv_span source; // URL asked
    enum tv_asked asked;
    double number;
    double limit;
    const struct tv_span *expected; // what would have been accepted, or NULL
    size_t expected_count;
};

// The stable kebab-case word of a status, e.g. "bad-signature"; a string constant.
const char *tv_status_code(enum tv_status status);

// "token", "claim", "key", "source" or "internal"; a string constant.
const char *tv_status_class(enum tv_status status);

// One line that explains a status to an operator; a string constant.
const char *tv_status_explanation(enum tv_status status);
