// SPDX-License-Identifier: MIT
// What a program for one C library gives worker.c, which has its main().
#pragma once

#include <stddef.h>

#define PEER_UNSUPPORTED "unsupported"

// A key ready for use, and the token to check with it. `secret`, or else `pem` and `jwk`, are set.
struct peer_case {
    const char *algorithm;
    const char *secret, *pem, *jwk;
    const char *token;
    size_t token_length;
    void *key; // the peer's own, kept from one verification to the next
};

// Name and version of the library.
const char *peer_version(void);

// Gets the key ready, and says why it cannot; NULL if it can. PEER_UNSUPPORTED: the library has no
// such algorithm.
const char *peer_load(struct peer_case *that);

// Checks signature, exp, nbf, iss and aud with the claims as a tree in hand, which is freed again.
// NULL, or why not.
const char *peer_verify(struct peer_case *that);
