// SPDX-License-Identifier: MIT
// The keys of one source, and their life: fetched once however many ask, fresh, stale, gone.
#pragma once

#include "cache.h"
#include "key.h"
#include "status.h"

#include <stdbool.h>
#include <stdint.h>

// Fetches of one store in flight, and kids waiting for one.
#define TV_KEYSTORE_MAX_RUNNING 16
#define TV_KEYSTORE_MAX_QUEUED 1024
// Kids remembered as not there.
#define TV_KEYSTORE_MAX_ABSENCES 1024
// Unknown kids that one client address may have pending.
#define TV_KEYSTORE_MAX_PER_CLIENT 8
// How long a waiter waits from asking, queueing included.
#define TV_KEYSTORE_WAIT_MS 6000
// How long a key past its freshness is waited for before the old one serves.
#define TV_KEYSTORE_STALE_WAIT_MS 1000

struct tv_keystore_options {
    const char *asap_key_server; // base URL, or NULL: keys are put by hand only
    const char *ca_file;         // PEM bundle, or NULL
    const char *ca_path;         // hashed directory, or NULL; both NULL: the system's
    size_t cache_size;           // keys held
    int64_t default_ttl_s;       // freshness where the answer says nothing
    int64_t min_ttl_s, max_ttl_s;
    int64_t negative_ttl_s; // an absence is remembered so long
    int64_t max_stale_s;    // a key that cannot be refreshed serves so long beyond its freshness
    int64_t connect_timeout_ms;
    int64_t timeout_ms; // of one fetch
};

struct tv_keystore; // reference-counted; one in the process for each source

struct tv_keystore_stats {
    size_t held, fresh, stale, negative, in_flight, queued;
    uint64_t hits, misses, fetches, failures, overloaded;
};

// One kid's fetch has ended. The owner frees it.
struct tv_settlement {
    struct tv_keystore *store;
    struct tv_span key_id;
    struct tv_key *key; // or NULL: `absence` says why
    struct tv_absence absence;
    struct tv_settlement *next;
};

// Gives the process' store of this source, or makes it. The first settings win, but the cache grows
// to the largest asked for; `*differs` (may be NULL) is set to the name of an option that does not
// hold because the store had other settings, or to NULL. Without a source every call makes a store
// of its own. TV_KEY_SOURCE_UNAVAILABLE for a URL that cannot be asked.
enum tv_status tv_keystore_open(const struct tv_keystore_options *options,
                                struct tv_keystore **store, const char **differs,
                                struct tv_detail *detail);

struct tv_keystore *tv_keystore_retain(struct tv_keystore *store);
// Drops one reference. With the last its fetches end and its keys go. NULL is fine.
void tv_keystore_free(struct tv_keystore *store);

// The source for people, without password; "" if there is none. Borrowed.
const char *tv_keystore_source(const struct tv_keystore *store);

// The key of `key_id` (borrowed until the next call), never waiting for it. `client` is the address
// whose unknown kids are counted, or empty. With `announce` the outcome of a fetch is also handed
// out by tv_keystores_take_settlement().
// TV_KEY_PENDING: being fetched, ask again once it has settled. TV_KEY_NOT_FOUND,
// TV_KEY_SOURCE_UNAVAILABLE, TV_KEY_SOURCE_OVERLOADED, TV_KEY_UNUSABLE, TV_NO_MEMORY.
enum tv_status tv_keystore_get(struct tv_keystore *store, struct tv_span key_id,
                               struct tv_span client, bool announce, int64_t now_ms,
                               struct tv_key **key, struct tv_detail *detail);

// Puts a key by hand (a reference is added), fresh for `ttl_s`, or for ever if it is 0.
enum tv_status tv_keystore_put(struct tv_keystore *store, struct tv_span key_id, struct tv_key *key,
                               int64_t ttl_s, int64_t now_ms);

// Forgets one kid, or with `key_id` NULL everything held, absences too.
void tv_keystore_forget(struct tv_keystore *store, const struct tv_span *key_id);

// Fetches every key held anew, in the background.
void tv_keystore_refresh(struct tv_keystore *store, int64_t now_ms);

struct tv_keystore_stats tv_keystore_stats(struct tv_keystore *store, int64_t now_ms);

// The keys held, for listing.
struct tv_cache *tv_keystore_keys(struct tv_keystore *store);

// The one descriptor of all stores, readable when tv_keystores_step() has work; -1 with errno if
// the process cannot have one. In the child of a fork it is another.
int tv_keystores_descriptor(void);

// Drives all fetches of the process, waiting up to `wait_ms` for something to happen, and stores
// what they brought. Returns how many are still under way.
size_t tv_keystores_step(int64_t wait_ms);

// The oldest settlement not yet handed out, or NULL.
struct tv_settlement *tv_keystores_take_settlement(void);

// Makes the descriptor readable if there are any: for a caller that drove the fetches for itself
// and leaves the collecting to whoever watches.
void tv_keystores_wake_collector(void);
void tv_settlement_free(struct tv_settlement *settlement);
