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
    struct tv_span key_id;   // owned by the set; empty if the JWK has none
    const char *key_id_type; // JSON type of a kid that is no string, a constant; else NULL
    struct tv_key *key;      // NULL for a member that cannot be used, and
    enum tv_status status;   // why
    struct tv_detail detail;
};

struct tv_key_set {
    struct tv_key_set_entry *entries; // in the order of the set
    size_t count;
    size_t unusable; // of these
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

// Reads on until `*effort` is spent, counted in signature checks of RSA with 2048 bits; what is
// left is given back. Once the set is whole `*set` is it, and the reader is only good for
// tv_key_set_reader_free(); until then it stays as it was. A JWK that is broken, weak, of a type
// that is not supported or symmetric gets an entry without a key, and so does one that OpenSSL
// fails at (as its FIPS provider may at EdDSA). TV_NO_MEMORY: the set cannot be read.
enum tv_status tv_key_set_read(struct tv_key_set_reader *reader, size_t *effort,
                               struct tv_key_set **set);

void tv_key_set_reader_free(struct tv_key_set_reader *reader); // NULL is fine

void tv_key_set_free(struct tv_key_set *set);

// The entry of `key_id` whose key may check `algorithm` (NULL: any); `nth` counts those, from 0. If
// there is no such key at all, the 0th is the first usable key of that kid, or else the first that
// cannot be used: the refusal says what is wrong with it. NULL: there is none. Borrowed.
const struct tv_key_set_entry *tv_key_set_find(const struct tv_key_set *set, struct tv_span key_id,
                                               const struct tv_algorithm *algorithm, size_t nth);

// The entry of the only key that may check `algorithm`, for tokens without kid, or else of the only
// key that cannot be used; NULL if there is none or a second. Borrowed.
const struct tv_key_set_entry *tv_key_set_only(const struct tv_key_set *set,
                                               const struct tv_algorithm *algorithm);
