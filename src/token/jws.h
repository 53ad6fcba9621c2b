// SPDX-License-Identifier: MIT
// A JWS in compact serialization (RFC 7515 section 7.1): split, decoded, its header read.
#pragma once

#include "base/arena.h"
#include "base/json.h"
#include "base/status.h"

// Longest token that is checked, in bytes.
#define TV_JWS_MAX_LENGTH ((size_t)16 * 1024)

struct tv_jws {
    struct tv_span signing_input; // header "." payload, unchanged (RFC 7515 section 5.2)
    struct tv_span header_part;   // the three parts, still base64url
    struct tv_span payload_part;
    struct tv_span signature_part;

    const unsigned char *signature; // decoded; in the arena
    size_t signature_length;
    char *payload; // decoded, not yet parsed; in the arena, followed by TV_JSON_PADDING bytes
    size_t payload_length;

    yyjson_val *header;
    struct tv_span algorithm; // alg; always present
    yyjson_val *type;         // typ, or NULL
    yyjson_val *key_id;       // kid, or NULL
};

// Most bytes of arena that one token of `length` bytes needs, including its payload.
size_t tv_jws_arena_size(size_t length);

// Splits `token` and reads its header. Everything in `jws` points into `token` and `arena`.
// TV_TOKEN_TOO_LARGE, TV_MALFORMED_TOKEN, TV_ENCRYPTED_TOKEN, TV_MALFORMED_HEADER,
// TV_UNSUPPORTED_CRITICAL (RFC 7515 section 4.1.11: no extension is supported, nor b64), or
// TV_ALGORITHM_NOT_ACCEPTED if there is no alg. Of the payload, only the base64url is checked.
enum tv_status tv_jws_parse(struct tv_span token, struct tv_arena *arena, struct tv_jws *jws,
                            struct tv_detail *detail);

// Parses the payload as a JSON object, in place: call it only once. Only for tv_verify_claims(),
// after the signature was valid, and for diagnosis of tokens that nobody trusts.
// TV_MALFORMED_PAYLOAD.
enum tv_status tv_jws_parse_payload(const struct tv_jws *jws, struct tv_arena *arena,
                                    yyjson_val **payload, struct tv_detail *detail);

// The header's kid as a string that can name a key: TV_KEY_ID_MISSING, or TV_KEY_ID_INVALID for
// another type, the empty string or one longer than TV_KEY_ID_MAX_LENGTH bytes.
enum tv_status tv_jws_key_id(const struct tv_jws *jws, struct tv_span *key_id,
                             struct tv_detail *detail);

#define TV_KEY_ID_MAX_LENGTH 1024
