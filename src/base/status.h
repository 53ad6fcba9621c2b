// SPDX-License-Identifier: MIT
// The outcome of every operation that can fail: a status, and a detail that says what was found.
#pragma once

#include "base/span.h"

enum tv_status {
    TV_OK,
    TV_NO_MEMORY,

    // Shape and header: judged before any key is touched.
    TV_TOKEN_TOO_LARGE,
    TV_MALFORMED_TOKEN,
    TV_ENCRYPTED_TOKEN,
    TV_MALFORMED_HEADER,
    TV_UNSUPPORTED_CRITICAL,
    TV_TYPE_NOT_ACCEPTED,
    TV_ALGORITHM_NOT_ACCEPTED,

    // Keys.
    TV_KEY_ID_MISSING,
    TV_KEY_ID_INVALID,
    TV_KEY_PENDING,
    TV_KEY_NOT_FOUND,
    TV_KEY_SOURCE_UNAVAILABLE,
    TV_KEY_SOURCE_OVERLOADED,
    TV_KEY_UNUSABLE,
    TV_KEY_ALGORITHM_MISMATCH,
    TV_MALFORMED_KEY,
    TV_UNSUPPORTED_KEY,
    TV_WEAK_KEY,
    TV_WEAK_SECRET,

    // Signature.
    TV_BAD_SIGNATURE,
    TV_CRYPTO_FAILURE,

    // Claims: judged only after the signature held.
    TV_MALFORMED_PAYLOAD,
    TV_INVALID_CLAIM,
    TV_MISSING_CLAIM,
    TV_EXPIRED,
    TV_NOT_YET_VALID,
    TV_LIFETIME_TOO_LONG,
    TV_ISSUER_NOT_ACCEPTED,
    TV_AUDIENCE_NOT_ACCEPTED,
    TV_ROOM_MISSING,
    TV_ROOM_INVALID,
    TV_ROOM_NOT_ACCEPTED,
    TV_SUB_MISSING,
    TV_SUB_INVALID,

    TV_STATUS_COUNT
};

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

// One line that explains a status to an operator; a string constant.
const char *tv_status_explanation(enum tv_status status);
