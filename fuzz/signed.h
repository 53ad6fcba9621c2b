// SPDX-License-Identifier: MIT
// Keys whose private halves are gone, and the only tokens that these ever signed: fuzz/signed/.
#pragma once

#include "fuzz.h"
#include "keys/key.h"

#define SIGNED_MAX 256

struct signed_key {
    char *file;
    char *text;
    size_t length;
    struct tv_key *key;
    bool is_secret;
};

struct signed_token {
    const struct signed_key *key;
    struct tv_span text;
};

struct signed_seeds {
    struct signed_key keys[SIGNED_MAX];
    size_t key_count;
    struct signed_token tokens[SIGNED_MAX];
    size_t token_count;
    struct signed_token forged[SIGNED_MAX]; // made by somebody without the private halves
    size_t forged_count;
};

// Read once, for the life of the program.
const struct signed_seeds *signed_seeds(void);

// The bytes behind "HS256" and its like; returns how many.
size_t signed_hmac(const char *algorithm, struct tv_span secret, struct tv_span input,
                   unsigned char mac[64]);
