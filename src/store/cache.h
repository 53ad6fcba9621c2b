// SPDX-License-Identifier: MIT
// Look-up outcomes by kid: keys and absences, how long they hold, and which goes when it is full.
#pragma once

#include "base/status.h"
#include "keys/key.h"
#include "net/freshness.h"

#include <stdint.h>

// Why a kid has no key; the answer of its source, kept for the sentence.
struct tv_absence {
    enum tv_status status;
    struct tv_detail detail; // `source` is the key store's, `key_id` and `expected` are empty
};

// How long something fetched holds. Monotonic milliseconds.
struct tv_lifetime {
    int64_t stored_ms;
    int64_t refresh_from_ms; // a use from here on wants a refresh in the background
    int64_t fresh_until_ms;
    int64_t stale_until_ms; // what could not be refreshed serves until here
};

// One kid's outcome.
struct tv_cache_entry {
    struct tv_span key_id;     // owned by the entry
    struct tv_key *key;        // NULL for an absence
    struct tv_absence absence; // of an absence
    struct tv_lifetime life;   // an absence ends with its freshness
    struct tv_validators validators;
    size_t server;            // index of the server that they are of
    size_t waiters;           // asks that were told to wait for this outcome and have not had it
    int64_t waiters_until_ms; // after which they are no longer counted on

    struct tv_cache_entry *next_in_bucket;
    struct tv_cache_entry *newer, *older; // by use
};

struct tv_cache;

// A cache of at most `max_entries`. `seed` makes bucket positions unforeseeable. NULL: no memory.
struct tv_cache *tv_cache_new(size_t max_entries, uint64_t seed);
void tv_cache_free(struct tv_cache *cache);

// Raises the maximum; never lowers it.
void tv_cache_grow(struct tv_cache *cache, size_t max_entries);

// The entry of `key_id`, or NULL; borrowed until the next put, remove or free.
struct tv_cache_entry *tv_cache_get(struct tv_cache *cache, struct tv_span key_id);

// As tv_cache_get(), and the entry counts as used just now.
struct tv_cache_entry *tv_cache_use(struct tv_cache *cache, struct tv_span key_id);

// Stores an outcome over the one of the same kid, if any: with `key` (a reference is added), or, if
// `key` is NULL, an absence to be filled in. All times but stored_ms and `waiters` start at 0 for
// the caller to set. When full, the least recently used entry that no waiter is about to use goes;
// if every entry has waiters the cache holds more for a while. TV_NO_MEMORY leaves everything as it
// was.
enum tv_status tv_cache_put(struct tv_cache *cache, struct tv_span key_id, struct tv_key *key,
                            int64_t now_ms, struct tv_cache_entry **entry);

void tv_cache_remove(struct tv_cache *cache, struct tv_span key_id);
void tv_cache_clear(struct tv_cache *cache);

// Entries from the most to the least recently used: NULL starts, NULL ends.
struct tv_cache_entry *tv_cache_next(struct tv_cache *cache, struct tv_cache_entry *entry);

// Whether loading what a source answered failed for want of memory, or in OpenSSL: then the absence
// becomes one that is asked about again soon, and says so.
bool tv_absence_is_ours(struct tv_absence *absence, enum tv_status status);

// Fails with a remembered absence.
enum tv_status tv_absence_fail(const struct tv_absence *absence, struct tv_detail *detail);
