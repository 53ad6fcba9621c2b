// SPDX-License-Identifier: MIT
// What a failed check says: why, about what, what was found, and what was expected.
#pragma once

#include "base/span.h"

// Why exactly. Which fields of struct tv_detail a reason fills is said beside it.
enum tv_reason {
    TV_REASON_NONE, // the status says it all

    // Tokens and JSON
    TV_REASON_PARTS,      // number: dot-separated parts found
    TV_REASON_EMPTY,      // subject
    TV_REASON_BASE64URL,  // subject
    TV_REASON_JSON,       // subject, text: the parser's words, number: byte position
    TV_REASON_NOT_OBJECT, // subject, text: the JSON type found
    TV_REASON_DUPLICATE,  // subject, found: the member's name
    TV_REASON_DEPTH,      // subject, limit
    TV_REASON_NOT_JSON,   // subject, text: what a table to be signed holds
    TV_REASON_LENGTH,     // subject, number: bytes, or keys of a set; limit

    // Claims and members of the header
    TV_REASON_MISSING,      // subject, or found: the name of a claim that an option requires
    TV_REASON_TYPE,         // subject, text: the JSON type found; found: a string
    TV_REASON_NUL,          // subject
    TV_REASON_RANGE,        // subject, number, limit
    TV_REASON_MILLISECONDS, // subject, number
    TV_REASON_DIGITS,       // subject, number: a date of twelve digits
    TV_REASON_TIME,         // subject, number: the date, limit: the time that it was compared with
    TV_REASON_LIFETIME,     // number: seconds from iat to exp, limit
    TV_REASON_AHEAD,        // likewise, but from now: iat is to come
    TV_REASON_NOT_LISTED,   // subject, found, expected
    TV_REASON_NO_ELEMENT,   // likewise of an array; found: its first, number: how many
    TV_REASON_BINDING,      // found: the issuer, for which another source of keys speaks

    // Keys and secrets
    TV_REASON_NOT_A_KEY,    // text, kind: what it looks like, found: words of its own
    TV_REASON_PAGE,         // text: it is a web page
    TV_REASON_NO_TEXT,      // likewise: there is nothing
    TV_REASON_NOT_PRIVATE,  // text: what it is, where a private key is expected
    TV_REASON_KEY_TYPE,     // text, kind: the type found, algorithm; or, subject: a JWK's kty
    TV_REASON_KEY_USE,      // text: the JWK member, algorithm
    TV_REASON_TRAILING,     // bytes follow the key's DER
    TV_REASON_BITS,         // RSA modulus; number: its bits, limit: the least or the most
    TV_REASON_EXPONENT,     // RSA public exponent even, 1 or too long
    TV_REASON_EXPONENT_F4,  // RSA public exponent over 65537 beside a modulus over 8192 bits
    TV_REASON_MODULUS,      // RSA modulus even
    TV_REASON_FIELD_LENGTH, // subject: the JWK member, limit: bytes it must have
    TV_REASON_POINT,        // an EC point that is not on its curve
    TV_REASON_CURVE,        // text, kind: a curve that is not used; or, text: not the algorithm's
    TV_REASON_NOT_A_PAIR,   // the private key is not that of the public one beside it
    TV_REASON_SHORT,    // number: bytes of the secret, limit: as many as the hash has, algorithm
    TV_REASON_TEMPLATE, // a secret that is a template's left-over
    TV_REASON_PUBLIC,   // a public key where a secret belongs

    // Sources of keys
    TV_REASON_HTTP_STATUS, // number
    TV_REASON_NETWORK,    // network, text: words of a library or ours; found: a URL not to be asked
    TV_REASON_BODY,       // limit: bytes
    TV_REASON_CLIENT,     // limit: unknown keys one client may have pending
    TV_REASON_QUEUE,      // limit: unknown keys a source may have pending
    TV_REASON_WAITED,     // limit: seconds waited
    TV_REASON_DISCOVERY,  // text: what is wrong with the OpenID provider's configuration, found
    TV_REASON_FILE,       // text: what is wrong with the file, in words that follow its name
    TV_REASON_NOT_IN_SET, // a set lacks the kid; number: its keys, text: type of a wrong kid
    TV_REASON_NO_SOURCE,  // the store has no source to ask

    TV_REASON_COUNT
};

// What a failure is about: ROW(NAME, kind, name in messages).
#define TV_SUBJECTS(ROW)                                                                           \
    ROW(NONE, PART, NULL)                                                                          \
    /* Parts of a token, and texts. */                                                             \
    ROW(HEADER, PART, "header")                                                                    \
    ROW(PAYLOAD, PART, "payload")                                                                  \
    ROW(SIGNATURE, PART, "signature")                                                              \
    ROW(JWK, PART, "JWK")                                                                          \
    ROW(JWK_SET, PART, "JWK Set")                                                                  \
    ROW(CONFIGURATION, PART, "configuration")                                                      \
    ROW(JSON_TEXT, PART, "JSON text")                                                              \
    /* Claims. */                                                                                  \
    ROW(EXP, CLAIM, "exp")                                                                         \
    ROW(NBF, CLAIM, "nbf")                                                                         \
    ROW(IAT, CLAIM, "iat")                                                                         \
    ROW(ISS, CLAIM, "iss")                                                                         \
    ROW(AUD, CLAIM, "aud")                                                                         \
    ROW(AUD_ELEMENT, CLAIM, "aud")                                                                 \
    ROW(ROOM, CLAIM, "room")                                                                       \
    ROW(SUB, CLAIM, "sub")                                                                         \
    /* Members of a token's header and of a JWK. */                                                \
    ROW(TYP, MEMBER, "typ")                                                                        \
    ROW(ALG, MEMBER, "alg")                                                                        \
    ROW(KID, MEMBER, "kid")                                                                        \
    ROW(CRIT, MEMBER, "crit")                                                                      \
    ROW(B64, MEMBER, "b64")                                                                        \
    ROW(KTY, MEMBER, "kty")                                                                        \
    ROW(CRV, MEMBER, "crv")                                                                        \
    ROW(N, MEMBER, "n")                                                                            \
    ROW(E, MEMBER, "e")                                                                            \
    ROW(X, MEMBER, "x")                                                                            \
    ROW(Y, MEMBER, "y")                                                                            \
    ROW(D, MEMBER, "d")                                                                            \
    ROW(P, MEMBER, "p")                                                                            \
    ROW(Q, MEMBER, "q")                                                                            \
    ROW(DP, MEMBER, "dp")                                                                          \
    ROW(DQ, MEMBER, "dq")                                                                          \
    ROW(QI, MEMBER, "qi")                                                                          \
    ROW(K, MEMBER, "k")                                                                            \
    ROW(USE, MEMBER, "use")                                                                        \
    ROW(KEY_OPS, MEMBER, "key_ops")                                                                \
    ROW(X5C, MEMBER, "x5c")

#define TV_SUBJECT_NAME(name, ...) TV_SUBJECT_##name,
enum tv_subject { TV_SUBJECTS(TV_SUBJECT_NAME) TV_SUBJECT_COUNT };
#undef TV_SUBJECT_NAME

enum tv_subject_kind { TV_SUBJECT_IS_PART, TV_SUBJECT_IS_CLAIM, TV_SUBJECT_IS_MEMBER };

// What a source was asked for.
enum tv_asked { TV_ASKED_KEY, TV_ASKED_SET, TV_ASKED_KEY_OF_SET, TV_ASKED_CONFIGURATION };

// Why there was no usable answer from a server.
enum tv_network {
    TV_NETWORK_NONE,
    TV_NETWORK_URL,         // it cannot be asked
    TV_NETWORK_CREDENTIALS, // a file with what we show it cannot be read
    TV_NETWORK_RESOURCES,   // this process has no memory or descriptor
    TV_NETWORK_RESOLVE,
    TV_NETWORK_CONNECT,
    TV_NETWORK_TIMEOUT,
    TV_NETWORK_TLS_NAME,      // the certificate is for another host
    TV_NETWORK_TLS_AUTHORITY, // nobody whom we trust signed the certificate
    TV_NETWORK_TLS_EXPIRED,   // or is not valid yet
    TV_NETWORK_TLS_VERSION,   // no version of TLS in common
    TV_NETWORK_TLS,           // anything else about TLS
    TV_NETWORK_REDIRECT,      // an HTTP status from 300 to 399 where none is followed
    TV_NETWORK_TOO_LARGE,
    TV_NETWORK_BROKEN, // it ended early, or is not HTTP
    TV_NETWORK_COUNT
};

// Bytes from outside that messages show at most.
#define TV_EXCERPT_MAX 64

// The first bytes of something found, as they came: to be escaped before they are shown.
struct tv_excerpt {
    bool is_there; // nothing was found, or nothing that may be shown, otherwise
    bool is_cut;   // it went on
    unsigned char length;
    char bytes[TV_EXCERPT_MAX];
};

// What a failed check found and expected. It owns a copy of what was found. The other pointers are
// to constants, or to memory of the caller: `expected` to the policy or the request, `key_id` to
// the request, `source` to the store. None is into the token or an answer. Only the binding makes
// sentences of it.
struct tv_detail {
    enum tv_reason reason;
    enum tv_subject subject;
    enum tv_asked asked;
    enum tv_network network;
    const char *text;      // words of a library or a type name, a string constant
    const char *kind;      // what is there instead of a usable key, a word; a string constant
    const char *algorithm; // its name, a string constant
    struct tv_span key_id; // of the key that was asked for
    struct tv_span source; // URL or folder asked
    double number;
    double limit;
    const struct tv_span *expected; // what would have been accepted
    size_t expected_count;
    struct tv_excerpt found;
};

// Copies what was found into the detail. `bytes.data` may be NULL: then nothing was.
void tv_detail_set_found(struct tv_detail *detail, struct tv_span bytes);

// The bytes of an excerpt; borrowed from it.
static inline struct tv_span tv_excerpt_span(const struct tv_excerpt *excerpt) {
    return excerpt->is_there ? (struct tv_span){excerpt->bytes, excerpt->length}
                             : (struct tv_span){0};
}

// The stable kebab-case word of a reason, e.g. "wrong-type", and of a network failure, e.g.
// "tls-name"; string constants, NULL for TV_REASON_NONE and TV_NETWORK_NONE.
const char *tv_reason_word(enum tv_reason reason);
const char *tv_network_word(enum tv_network network);

// Whether a reason fills `number` with something to be shown, and `limit`. A status code of HTTP is
// no such number.
bool tv_reason_has_number(enum tv_reason reason);
bool tv_reason_has_limit(enum tv_reason reason);

// What a subject is called in messages, a string constant; NULL for TV_SUBJECT_NONE.
const char *tv_subject_name(enum tv_subject subject);
enum tv_subject_kind tv_subject_kind(enum tv_subject subject);
