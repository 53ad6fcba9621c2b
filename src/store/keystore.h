// SPDX-License-Identifier: MIT
// The keys of one source, and their life: fetched once however many ask, fresh, stale, gone.
#pragma once

#include "base/setting.h"
#include "base/status.h"
#include "keys/key.h"
#include "store/cache.h"

#include <stdbool.h>
#include <stdint.h>

// Key servers in one list.
#define TV_KEYSTORE_MAX_SERVERS 8

// Keys of a JWK Set.
#define TV_KEYSTORE_MAX_SET_KEYS 256

// Stores that nobody holds any more and that stay for a while: the one left first goes for another.
#define TV_KEYSTORES_MAX_LEFT 256

// Keys held of key servers, if nothing is said.
#define TV_KEYSTORE_CACHE_SIZE 128

enum tv_source {
    TV_SOURCE_HAND,   // keys are put by hand only
    TV_SOURCE_ASAP,   // key servers: one file a key; the next is asked when one fails
    TV_SOURCE_FOLDER, // a local folder with the same file names
    TV_SOURCE_JWKS,   // a JWK Set
    TV_SOURCE_OPENID, // an OpenID provider by its issuer: its JWK Set
};

// A kind of source: the option that names it, and what it is.
struct tv_source_kind {
    enum tv_source source;
    bool is_set;               // all its keys come together
    struct tv_setting option;  // of a store; `most` is how many URLs it may name
    const char *brief;         // the option's text for a verifier
    const char *verifier_type; // its type there, where it is another
};

// All kinds, but for keys that are put by hand.
const struct tv_source_kind *tv_source_kinds(size_t *count);
bool tv_source_is_set(enum tv_source source);

// Times in seconds or, where a fraction is of use, milliseconds. tv_keystore_defaults() gives all.
struct tv_keystore_options {
    enum tv_source source;
    const char *urls[TV_KEYSTORE_MAX_SERVERS]; // base URLs, or the one URL, issuer or path
    size_t url_count;
    const char *ca_file, *ca_path, *proxy, *client_cert, *client_key, *bearer_token_file;

    size_t cache_size;     // keys held; 0: TV_KEYSTORE_CACHE_SIZE, or any number of those by hand
    size_t negative_size;  // kids remembered as not there
    int64_t default_ttl_s; // freshness where the answer says nothing
    int64_t min_ttl_s, max_ttl_s;
    int64_t negative_ttl_s; // an absence is remembered so long
    int64_t max_stale_s;    // what cannot be refreshed serves so long beyond its freshness
    int64_t stale_wait_ms;  // a refresh is waited for so long before the old key serves
    int64_t penalty_s;      // a set that lacked a kid is not fetched for another one so long
    int64_t back_off_min_ms, back_off_max_ms; // pause after a source failed, doubling
    int64_t wait_ms;                          // a waiter waits so long, queueing included
    int64_t connect_timeout_ms;
    int64_t timeout_ms;    // of one fetch
    size_t refresh_ahead;  // percent of the freshness at its end in which a use refreshes
    size_t max_set_keys;   // of a JWK Set, at most TV_KEYSTORE_MAX_SET_KEYS
    int rsa_min_bits;      // of RSA keys, from TV_RSA_FLOOR_BITS to TV_RSA_MAX_BITS
    size_t max_fetches;    // in flight in the process: the least that any store asks for holds
    size_t max_running;    // fetches in flight
    size_t max_queued;     // kids waiting for one
    size_t max_per_client; // unknown kids that one client address may have pending
};

void tv_keystore_defaults(struct tv_keystore_options *options);

// The table of a store's settings, without those that name its source. Offsets are into struct
// tv_keystore_options.
const struct tv_setting *tv_keystore_settings(size_t *count);

struct tv_keystore; // reference-counted; one in the process for each source

struct tv_keystore_stats {
    size_t held, fresh, stale, negative, in_flight, queued;
    size_t skipped; // JWKs of the set that are not usable
    uint64_t hits, misses, fetches, not_modified, overloaded;
    uint64_t failed_network, failed_status, failed_key; // fetches that brought nothing, by kind
};

// One kid's fetch has ended. The owner frees it.
struct tv_settlement {
    struct tv_keystore *store;
    struct tv_span key_id;
    struct tv_key *key;        // or NULL: `absence` says why
    struct tv_absence absence; // TV_OK: none; with a key, why it could not be refreshed
    bool is_set;               // of the set as a whole, for a warning: nobody waits for it
    struct tv_settlement *next;
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
// Drops one reference. With the last its fetches end and its keys go, unless it was closed to stay
// for a while. NULL is fine.
void tv_keystore_free(struct tv_keystore *store);

// Drops the reference that tv_keystore_open() gave. If it turns out to be the last within `stay_ms`
// the store, its keys and its fetches stay until then for whoever opens it again.
void tv_keystore_close(struct tv_keystore *store, int64_t stay_ms);

// The source for people, without password; "" if there is none. Borrowed.
const char *tv_keystore_source(const struct tv_keystore *store);

// Whether its keys are files of a local folder.
bool tv_keystore_is_folder(const struct tv_keystore *store);

// A number from 1 that no other store of the process ever has.
uint64_t tv_keystore_id(const struct tv_keystore *store);

// The store with the next higher number, or with NULL the first; NULL past the last. Borrowed.
struct tv_keystore *tv_keystore_next(const struct tv_keystore *store);

// Least bits of its RSA keys.
int tv_keystore_rsa_min_bits(const struct tv_keystore *store);

// What is asked of a store.
struct tv_key_request {
    struct tv_span key_id;                // empty: the only key of a set
    const struct tv_algorithm *algorithm; // tells keys of one kid apart; NULL: the first
    struct tv_span client;                // address whose unknown kids are counted, or empty
    bool announce;                        // the outcome of a fetch becomes a settlement
    bool again;                           // after waiting: no new fetch, what came is the answer
};

// The key (borrowed until the next call), never waiting for it.
// TV_KEY_PENDING: being fetched, ask again once it has settled. TV_KEY_NOT_FOUND,
// TV_KEY_SOURCE_UNAVAILABLE, TV_KEY_SOURCE_OVERLOADED, TV_KEY_UNUSABLE, TV_NO_MEMORY.
enum tv_status tv_keystore_get(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_key **key, struct tv_detail *detail);

// How long a waiter is to wait, and when a fetch is given up. Milliseconds.
int64_t tv_keystore_wait_ms(const struct tv_keystore *store);

// Puts a key by hand (a reference is added), fresh for `ttl_ms`, or for ever if it is 0.
enum tv_status tv_keystore_put(struct tv_keystore *store, struct tv_span key_id, struct tv_key *key,
                               int64_t ttl_ms, int64_t now_ms);

// Forgets one kid, or with `key_id` NULL everything held, absences too.
void tv_keystore_forget(struct tv_keystore *store, const struct tv_span *key_id);

// Fetches every key held (or the set) anew, in the background.
void tv_keystore_refresh(struct tv_keystore *store, int64_t now_ms);

struct tv_keystore_stats tv_keystore_stats(struct tv_keystore *store, int64_t now_ms);

// A walk over the keys held; starts zeroed.
struct tv_key_walk {
    size_t in_set;
    struct tv_cache_entry *entry;
    struct tv_span key_id; // borrowed, as the rest
    struct tv_key *key;
    const struct tv_lifetime *life; // NULL for a key of a folder, which holds as long as its file
};

// Goes to the next key; false past the last. The store must not change meanwhile.
bool tv_keystore_walk(struct tv_keystore *store, struct tv_key_walk *walk);

// The one descriptor of all stores, readable when tv_keystores_step() has work; -1 with errno if
// the process cannot have one. In the child of a fork it is another.
int tv_keystores_descriptor(void);

// Drives all fetches of the process, waiting up to `wait_ms` for something to happen, and stores
// what they brought. Returns how many are still under way.
size_t tv_keystores_step(int64_t wait_ms);

// The oldest settlement not yet handed out, or NULL.
struct tv_settlement *tv_keystores_take_settlement(void);

// Takes a list of them back, to be handed out first.
void tv_keystores_return_settlements(struct tv_settlement *list);

// Makes the descriptor readable if there are any: for a caller that drove the fetches for itself
// and leaves the collecting to whoever watches.
void tv_keystores_wake_collector(void);
void tv_settlement_free(struct tv_settlement *settlement);
