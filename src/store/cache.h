// SPDX-License-Identifier: MIT
// A cache of look-up results by kid: keys and absences, their lifetimes, and LRU eviction.
#pragma once

#include "base/status.h"
#include "keys/key.h"
#include "net/freshness.h"

#include <stdint.h>

// Why a kid has no key: the answer of its source, kept for the message.
struct tv_absence {
    enum tv_status status;
    struct tv_detail detail; // `source` is the key store's, `key_id` and `expected` are empty
};

// Lifetime of a fetched key, set or absence. Monotonic milliseconds.
struct tv_lifetime {
    int64_t stored_ms;
    int64_t refresh_from_ms; // from here on, a use starts a refresh in the background
    int64_t fresh_until_ms;
    int64_t stale_until_ms; // end of use if it could not be refreshed
};

// The result for one kid.
struct tv_cache_entry {
    struct tv_span key_id;     // owned by the entry
    struct tv_key *key;        // NULL for an absence
    struct tv_absence absence; // of an absence
    struct tv_lifetime life;   // an absence is dropped when it is no longer fresh
    struct tv_validators validators;
    size_t server;            // index of the server that sent the validators
    size_t waiters;           // callers that got TV_KEY_PENDING and have not come back
    int64_t waiters_until_ms; // then the entry is no longer kept for them

    struct tv_cache_entry *next_in_bucket;
    struct tv_cache_entry *newer, *older; // by use
};

struct tv_cache;

// A cache of at most `max_entries`. `seed` makes bucket positions unpredictable. NULL: no memory.
struct tv_cache *tv_cache_new(size_t max_entries, uint64_t seed);
void tv_cache_free(struct tv_cache *cache);

// Raises the maximum; never lowers it.
void tv_cache_grow(struct tv_cache *cache, size_t max_entries);

// The entry of `key_id`, or NULL; borrowed until the next put, remove or free.
struct tv_cache_entry *tv_cache_get(struct tv_cache *cache, struct tv_span key_id);

// As tv_cache_get(), and the entry counts as used just now.
struct tv_cache_entry *tv_cache_use(struct tv_cache *cache, struct tv_span key_id);

// Stores a result, replacing that of the same kid: `key` (a reference is added), or, if `key` is
// NULL, an absence that the caller fills in. `waiters` and all times except stored_ms start at 0;
// the caller sets them. If the cache is full, the least recently used entry without waiters is
// dropped; if every entry has waiters, the cache grows for a while. After TV_NO_MEMORY nothing has
// changed.
enum tv_status tv_cache_put(struct tv_cache *cache, struct tv_span key_id, struct tv_key *key,
                            int64_t now_ms, struct tv_cache_entry **entry);

void tv_cache_remove(struct tv_cache *cache, struct tv_span key_id);
void tv_cache_clear(struct tv_cache *cache);

// Entries from the most to the least recently used: NULL starts, NULL ends.
struct tv_cache_entry *tv_cache_next(struct tv_cache *cache, struct tv_cache_entry *entry);

// Whether loading a source's answer failed for lack of memory, or in OpenSSL. Then `absence` says
// so, and its status is one after which the source is asked again soon.
bool tv_absence_is_ours(struct tv_absence *absence, enum tv_status status);

// The status of a key that its source has and that cannot be used, from why it could not be loaded.
static inline enum tv_status tv_absence_of_key(enum tv_status status) {
    return status == TV_WEAK_KEY ? status : TV_KEY_UNUSABLE;
}

// Fails with a remembered absence.
enum tv_status tv_absence_fail(const struct tv_absence *absence, struct tv_detail *detail);
