// SPDX-License-Identifier: MIT
// The straight line from a token to its claims, in three parts: the caller finds the key in
// between.
#pragma once

#include "keys/key.h"
#include "token/claims.h"
#include "token/jws.h"

struct tv_policy {
    const struct tv_algorithm *algorithms[TV_ALGORITHMS_MAX]; // all HMAC, or none
    struct tv_span algorithm_names[TV_ALGORITHMS_MAX];        // theirs, in the same order
    size_t algorithm_count;
    int rsa_min_bits;         // minimum size of RSA keys, whoever loaded them
    struct tv_accepted types; // of the header's typ: media types; "JWT" is compared exactly
    struct tv_claims_policy claims;
};

// The state between the three parts. It points into the policy, the token and the arena.
struct tv_verification {
    const struct tv_policy *policy;
    struct tv_jws jws;
    const struct tv_algorithm *algorithm; // from the policy, never chosen by the token
    yyjson_val *payload;                  // NULL until it is parsed
};

// First, without a key: the token's form, its header, typ, and that alg is in the policy.
// Statuses as tv_jws_parse(), TV_TYPE_NOT_ACCEPTED, TV_ALGORITHM_NOT_ACCEPTED.
// `arena` has at least tv_jws_arena_size(token.length) bytes and lives as long as the result.
enum tv_status tv_verify_begin(const struct tv_policy *policy, struct tv_span token,
                               struct tv_arena *arena, struct tv_verification *verification,
                               struct tv_detail *detail);

// Second, with a key: the signature. May be called again with another key that has the same kid.
// TV_WEAK_KEY if an RSA key is shorter than the policy requires; else as tv_signature_verify().
enum tv_status tv_verify_signature(const struct tv_verification *verification,
                                   const struct tv_key *key, struct tv_detail *detail);

// Third, and only after the second returned TV_OK: the payload and its claims. May be called again
// with the issuers of another source. On TV_OK `*claims` is a JSON object in the arena.
enum tv_status tv_verify_claims(struct tv_verification *verification,
                                const struct tv_claims_request *request, struct tv_arena *arena,
                                yyjson_val **claims, struct tv_detail *detail);
