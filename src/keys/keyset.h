// SPDX-License-Identifier: MIT
// A JWK Set (RFC 7517 section 5), or Google's map of kid to X.509 certificate, as keys with their
// kids.
#pragma once

#include "base/status.h"
#include "keys/key.h"

// Longest set read, in bytes, and keys taken from it.
#define TV_KEY_SET_MAX_LENGTH ((size_t)512 * 1024)
#define TV_KEY_SET_MAX_KEYS 256

// Most values in it, names among them: 128 a key.
#define TV_KEY_SET_MAX_VALUES 32768

struct tv_key_set_entry {
    struct tv_span key_id; // owned by the set; empty if the JWK has none
    struct tv_key *key;
};

struct tv_key_set {
    struct tv_key_set_entry *entries;
    size_t count;
    size_t skipped;                // JWKs that are not usable; the others are used
    enum tv_status skipped_status; // of the first of them
    struct tv_detail skipped_detail;
};

// Reads a set in parts, since reading all its keys at once would block a server for too long. No
// key can be used before all are read.
struct tv_key_set_reader;

// Begins to read a set, of which it keeps a copy; `rsa_min_bits` as for tv_key_load_with().
// TV_MALFORMED_KEY if the text is neither form, or has more than `max_keys` keys, of which
// TV_KEY_SET_MAX_KEYS is the most that are taken; TV_NO_MEMORY.
enum tv_status tv_key_set_reader_new(const char *text, size_t length, int rsa_min_bits,
                                     size_t max_keys, struct tv_key_set_reader **reader,
                                     struct tv_detail *detail);

// The effort of one step of a server's loop: less than a millisecond.
#define TV_KEY_SET_STEP_EFFORT ((size_t)48)

// Continues until `*effort`, in RSA-2048 verifications, is used up; `*effort` becomes what is left.
// When the set is complete, it is stored in `*set`, and the reader can only be freed; until then
// `*set` is unchanged. A JWK that is broken, weak, of a type
// that is not supported or symmetric is skipped and counted, and so is one that OpenSSL fails at
// (as its FIPS provider may at EdDSA). TV_NO_MEMORY: the set cannot be read.
enum tv_status tv_key_set_read(struct tv_key_set_reader *reader, size_t *effort,
                               struct tv_key_set **set);

void tv_key_set_reader_free(struct tv_key_set_reader *reader); // NULL is fine

void tv_key_set_free(struct tv_key_set *set);

// The first key of `key_id` that may check `algorithm` (NULL: any), or else the first of that kid,
// or NULL. Borrowed.
struct tv_key *tv_key_set_find(const struct tv_key_set *set, struct tv_span key_id,
                               const struct tv_algorithm *algorithm);

// The only key that may check `algorithm`, for tokens without kid; NULL if there is none or a
// second.
struct tv_key *tv_key_set_only(const struct tv_key_set *set, const struct tv_algorithm *algorithm);
