// SPDX-License-Identifier: MIT
// The keys of one source and their lifetimes: one fetch for all callers; fresh, stale, expired.
#pragma once

#include "base/setting.h"
#include "base/status.h"
#include "keys/key.h"
#include "store/cache.h"

#include <stdbool.h>
#include <stdint.h>

// Most key servers in one list.
#define TV_KEYSTORE_MAX_SERVERS 8

// Most stores that are kept for a while without a reference; the one closed first is dropped.
#define TV_KEYSTORES_MAX_LEFT 256

// Default number of cached keys of key servers.
#define TV_KEYSTORE_CACHE_SIZE 128

enum tv_source {
    TV_SOURCE_HAND,   // keys are put by hand only
    TV_SOURCE_ASAP,   // key servers: one file a key; the next is asked when one fails
    TV_SOURCE_FOLDER, // a local folder with the same file names
    TV_SOURCE_JWKS,   // a JWK Set
    TV_SOURCE_OPENID, // an OpenID provider by its issuer: its JWK Set
};

// A kind of source: its option and its properties.
struct tv_source_kind {
    enum tv_source source;
    bool is_set;               // all its keys come together
    struct tv_setting option;  // of a store; `most` is how many URLs it may name
    const char *brief;         // the option's text for a verifier
    const char *verifier_type; // the option's type for a verifier, if it differs
};

// All kinds except TV_SOURCE_HAND.
const struct tv_source_kind *tv_source_kinds(size_t *count);
bool tv_source_is_set(enum tv_source source);

// Times are in seconds, or in milliseconds where fractions are useful. tv_keystore_defaults() sets
// all of them.
struct tv_keystore_options {
    enum tv_source source;
    const char *urls[TV_KEYSTORE_MAX_SERVERS]; // base URLs, or the one URL, issuer or path
    size_t url_count;
    const char *ca_file, *ca_path, *proxy, *client_cert, *client_key, *bearer_token_file;

    size_t cache_size;     // cached keys; 0: TV_KEYSTORE_CACHE_SIZE, or no limit for TV_SOURCE_HAND
    size_t negative_size;  // missing kids that are remembered
    int64_t default_ttl_s; // freshness if the answer gives none
    int64_t min_ttl_s, max_ttl_s;
    int64_t negative_ttl_s; // how long an absence is remembered
    int64_t max_stale_s;    // how long a key that cannot be refreshed is used after its freshness
    int64_t stale_wait_ms;  // how long a caller waits for a refresh before the old key is used
    int64_t penalty_s;      // how long an unknown kid causes no further fetch of a set
    int64_t back_off_min_ms, back_off_max_ms; // pause after a source failed, doubling
    int64_t wait_ms;                          // longest wait, including the time in the queue
    int64_t connect_timeout_ms;
    int64_t timeout_ms;   // of one fetch
    size_t refresh_ahead; // percent: the last part of the freshness, in which a use refreshes
    size_t max_set_keys;  // of a JWK Set, at most TV_KEY_SET_MAX_KEYS
    int rsa_min_bits;     // of RSA keys, from TV_RSA_FLOOR_BITS to TV_RSA_MAX_BITS
    size_t
        max_fetches; // fetches in flight in the process; the smallest value of all stores applies
    size_t max_running;    // fetches in flight
    size_t max_queued;     // kids waiting for a fetch
    size_t max_per_client; // unknown kids that one client address may have pending
};

void tv_keystore_defaults(struct tv_keystore_options *options);

// The table of a store's settings, without the options of sources. Offsets are into struct
// tv_keystore_options.
const struct tv_setting *tv_keystore_settings(size_t *count);

struct tv_keystore; // reference-counted; one in the process for each source

struct tv_keystore_stats {
    size_t held, fresh, stale, negative, in_flight, queued;
    size_t skipped; // JWKs of the set that cannot be used; `held` is without them
    uint64_t hits, misses, fetches, not_modified, overloaded;
    uint64_t failed_network, failed_status, failed_key; // failed fetches, by kind
};

// The result of the look-up of one kid. The owner frees it.
struct tv_outcome {
    struct tv_keystore *store;
    struct tv_span key_id;
    struct tv_key *key;        // or NULL: `absence` says why
    struct tv_absence absence; // TV_OK: none. With a key: why it could not be refreshed
    bool is_set;               // about the set, for a warning: nobody waits for it
    size_t more;               // keys of the set that cannot be used, besides that of the absence
    struct tv_outcome *next;
};

// Returns the process-wide store of this source, creating it on first use. Different credentials,
// trust anchors or `rsa_min_bits` make separate stores. For every other option the first opener's
// value stays until all openers have closed the store, but the cache grows to the largest size
// requested. `*differs` (may be NULL) becomes the name of an option whose value is not used because
// of that, or NULL. Without a source every call makes a new store.
// TV_KEY_SOURCE_UNAVAILABLE for a URL that cannot be used.
enum tv_status tv_keystore_open(const struct tv_keystore_options *options,
                                struct tv_keystore **store, const char **differs,
                                struct tv_detail *detail);

struct tv_keystore *tv_keystore_retain(struct tv_keystore *store);
// Drops one reference. After the last one, the store ends its fetches and frees its keys, unless
// tv_keystore_close() keeps it for a while. NULL is allowed.
void tv_keystore_free(struct tv_keystore *store);

// Drops the reference that tv_keystore_open() gave. If the last reference goes within `stay_ms`,
// the store is kept until then with its keys and fetches, in case it is opened again.
void tv_keystore_close(struct tv_keystore *store, int64_t stay_ms);

// The source as text for people, without password; "" if there is none. Borrowed.
const char *tv_keystore_source(const struct tv_keystore *store);

// Whether its keys are files of a local folder.
bool tv_keystore_is_folder(const struct tv_keystore *store);

// A number from 1 that no other store of the process ever has.
uint64_t tv_keystore_id(const struct tv_keystore *store);

// The store with the next higher number, or with NULL the first; NULL past the last. Borrowed.
struct tv_keystore *tv_keystore_next(const struct tv_keystore *store);

// Minimum size of its RSA keys, in bits.
int tv_keystore_rsa_min_bits(const struct tv_keystore *store);

// A look-up in a store.
struct tv_key_request {
    struct tv_span key_id; // empty: the only key of a set
    const struct tv_algorithm
        *algorithm;        // selects one of several keys with the same kid; NULL: the first
    size_t nth;            // which of those, from 0. Another than the first is never fetched
    struct tv_span client; // address whose unknown kids are limited, or empty
    bool announce;         // the fetch is to end with an outcome
    bool again;            // the caller has waited: start no new fetch, use the result
};

// Gives the key (borrowed until the next call). Never waits.
// TV_KEY_PENDING: it is being fetched; call again when there is an outcome. TV_KEY_NOT_FOUND,
// TV_KEY_SOURCE_UNAVAILABLE, TV_KEY_SOURCE_OVERLOADED, TV_KEY_UNUSABLE, TV_WEAK_KEY, TV_NO_MEMORY.
enum tv_status tv_keystore_get(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_key **key, struct tv_detail *detail);

// How long a caller waits at most, and when a fetch is given up. Milliseconds.
int64_t tv_keystore_wait_ms(const struct tv_keystore *store);

// Puts a key by hand (a reference is added), fresh for `ttl_ms`, or for ever if it is 0.
enum tv_status tv_keystore_put(struct tv_keystore *store, struct tv_span key_id, struct tv_key *key,
                               int64_t ttl_ms, int64_t now_ms);

// Forgets one kid, or, if `key_id` is NULL, all keys and absences.
void tv_keystore_forget(struct tv_keystore *store, const struct tv_span *key_id);

// Fetches every cached key (or the set) again, in the background.
void tv_keystore_refresh(struct tv_keystore *store, int64_t now_ms);

struct tv_keystore_stats tv_keystore_stats(struct tv_keystore *store, int64_t now_ms);

// A walk over the cached keys, and the keys of a set that cannot be used. Zero it before the first
// call.
struct tv_key_walk {
    size_t in_set;
    struct tv_cache_entry *entry;
    struct tv_span key_id;          // borrowed, like all below
    const char *key_id_type;        // JSON type of a kid that is no string; else NULL
    struct tv_key *key;             // or NULL: `absence` says why
    struct tv_absence absence;      // without `source`
    const struct tv_lifetime *life; // NULL for a key of a folder: it is valid as long as its file
};

// Goes to the next key; false after the last. The store must not change during the walk.
bool tv_keystore_walk(struct tv_keystore *store, struct tv_key_walk *walk);

// The descriptor of all stores, readable when tv_keystores_step() has work; -1 with errno on
// failure. The child of a fork has another one.
int tv_keystores_descriptor(void);

// Runs all fetches of the process and stores their results. Waits up to `wait_ms` for something to
// happen. Returns how many fetches are running or queued.
size_t tv_keystores_step(int64_t wait_ms);

// The oldest outcome that was not yet taken, or NULL.
struct tv_outcome *tv_keystores_take_outcome(void);

// Puts a list of outcomes back in front of the queue.
void tv_keystores_return_outcomes(struct tv_outcome *list);

// Makes the descriptor readable if there are outcomes: for a caller that ran the fetches itself
// and does not collect the outcomes.
void tv_keystores_wake_collector(void);
void tv_outcome_free(struct tv_outcome *outcome);
