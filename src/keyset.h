// SPDX-License-Identifier: MIT
// A JWK Set (RFC 7517 section 5), or Google's map of kid to X.509 certificate, as keys with their
// kids.
#pragma once

#include "key.h"
#include "status.h"

// Longest set read, in bytes, and keys taken from it.
#define TV_KEY_SET_MAX_LENGTH ((size_t)512 * 1024)
#define TV_KEY_SET_MAX_KEYS 256

struct tv_key_set_entry {
    struct tv_span key_id; // owned by the set; empty if the JWK has none
    struct tv_key *key;
};

struct tv_key_set {
    struct tv_key_set_entry *entries;
    size_t count;
    size_t skipped;                  // JWKs that are not usable; the others are used
    enum tv_status skipped_status;   // of the first of them
    struct tv_detail skipped_detail; // without spans
};

// Loads a set, `rsa_min_bits` as for tv_key_load_with(). A JWK that is broken, weak, of a type that
// is not supported or symmetric is skipped and counted. TV_MALFORMED_KEY if the text is neither
// form, or has more than TV_KEY_SET_MAX_KEYS keys.
enum tv_status tv_key_set_load(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key_set **set, struct tv_detail *detail);
void tv_key_set_free(struct tv_key_set *set);

// The first key of `key_id` that may check `algorithm` (NULL: any), or else the first of that kid,
// or NULL. Borrowed.
struct tv_key *tv_key_set_find(const struct tv_key_set *set, struct tv_span key_id,
                               const struct tv_algorithm *algorithm);

// The only key that may check `algorithm`, for tokens without kid; NULL if there is none or a
// second.
struct tv_key *tv_key_set_only(const struct tv_key_set *set, const struct tv_algorithm *algorithm);
