// SPDX-License-Identifier: MIT
// What the files of the key store share: the store, its servers, and the look-ups that are under
// way.
#pragma once

#include "keys/keyset.h"
#include "net/fetch.h"
#include "store/keystore.h"

#define TV_CLIENT_MAX_LENGTH 64

// How asking an address has been going.
struct tv_health {
    int failures; // rounds in a row
    int64_t failed_ms;
    int64_t back_off_until_ms;
};

// Whom a look-up is for. Unknown kids, which anybody can make up, have caps; they must neither take
// the place of what is held nor decide whether its source is asked.
enum tv_class { TV_CLASS_UNKNOWN, TV_CLASS_HELD, TV_CLASSES };

// One address that is asked, and how it has been doing.
struct tv_server {
    char *url;       // without slash at the end for a key server
    char *printable; // without user, password and query
    struct tv_absence last_failure;
    int64_t last_failed_ms;
    struct tv_health health[TV_CLASSES];
};

// A kid that is being fetched, queued, or waiting for the set; or the fetch of the set itself.
struct tv_pending {
    struct tv_keystore *store;
    struct tv_span key_id; // owned
    const struct tv_algorithm *algorithm;
    enum tv_class class;
    bool is_set;
    bool discovering; // its fetch is for the provider's configuration
    bool repeated;    // its fetch is the second, for those who came during the first
    char client[TV_CLIENT_MAX_LENGTH];
    struct tv_fetch *fetch;           // NULL: queued, or waiting for the set
    char *url;                        // that it asks; owned
    bool conditional;                 // it carries validators, without which 304 says nothing
    struct tv_key_set_reader *reader; // of the set that the fetch brought; NULL: not yet
    size_t server;                    // index of the one asked
    struct tv_key *refreshed;         // with `conditional`: the key that a 304 confirms
    size_t waiters;                   // that will come back once it has settled
    bool caller_blocks;               // one more, who drives the fetch and asks again and again
    bool announce;                    // whoever collects settlements is to be told
    int64_t asked_ms;
    int64_t started_ms;
    int64_t serve_stale_at_ms; // a waiter wants the old key then; 0: none does
    struct tv_pending *next;
};

// The lists that a store stands in.
enum tv_list {
    TV_LIST_ALL,  // by number
    TV_LIST_BUSY, // those that have a look-up
    TV_LIST_LEFT, // those that nobody holds, the one left first in front
    TV_LISTS
};

struct tv_link {
    struct tv_keystore *before, *after;
    bool linked;
};

struct tv_keystore {
    size_t references;
    size_t openers;         // of these, those whose settings hold
    int64_t stays_until_ms; // also without a reference
    uint64_t id;
    struct tv_link links[TV_LISTS];
    struct tv_keystore *next_in_bucket;
    struct tv_keystore_options options; // strings owned
    char *printable;                    // all its servers, or the folder
    struct tv_server servers[TV_KEYSTORE_MAX_SERVERS];
    size_t server_count;
    struct tv_cache *keys, *absences;

    // Of a JWK Set, or an OpenID provider.
    struct tv_key_set *set; // NULL: not fetched yet
    struct tv_lifetime set_life;
    struct tv_validators set_validators;
    char *set_url; // that the set and its validators are of
    int64_t penalty_until_ms;
    char *discovered; // the provider's jwks_uri; NULL: to be asked for
    int64_t discovered_ms;

    struct tv_pending *pendings;
    struct tv_fetch_source fetching;
    size_t running, queued;
    size_t running_of[TV_CLASSES]; // of those that are running
    uint64_t hits, misses, fetches, not_modified, overloaded;
    uint64_t failed_network, failed_status, failed_key;
    uint64_t random;
};

// keystore.c

// The first store of a list; the next is its link's `after`.
struct tv_keystore *tv_keystores_first(enum tv_list list);

// Puts a store at the end of a list, or takes it out; does nothing if it is there, or not.
void tv_keystores_link(enum tv_list list, struct tv_keystore *store);
void tv_keystores_unlink(enum tv_list list, struct tv_keystore *store);

// Between the two no store is destroyed: whoever walks a list may drop references. The end lets
// those go whose time is over.
void tv_keystores_begin_walk(void);
void tv_keystores_end_walk(int64_t now_ms);

static inline bool tv_keystore_is_set(const struct tv_keystore *store) {
    return tv_source_is_set(store->options.source);
}

// keystore_options.c

// Whether both say the same about whose answers are believed, who asks, and which keys are good
// enough: stores that differ there are two, though they ask the same source.
bool tv_keystore_options_same_trust(const struct tv_keystore_options *a,
                                    const struct tv_keystore_options *b);

// The name of an option in which they differ, or NULL. Sources and cache sizes are not compared.
const char *tv_keystore_options_difference(const struct tv_keystore_options *a,
                                           const struct tv_keystore_options *b);

// Takes over what `from` says, but for sources and whose answers are believed.
void tv_keystore_options_take(struct tv_keystore_options *options,
                              const struct tv_keystore_options *from);

// Replaces the strings, which are borrowed, by copies that tv_keystore_options_clear() frees, also
// after a failure. False without memory. The URLs are left alone.
bool tv_keystore_options_own(struct tv_keystore_options *options);
void tv_keystore_options_clear(struct tv_keystore_options *options);

// keystore_server.c

// Index of the first server from `first` on that may be asked now, or server_count.
size_t tv_keystore_usable_server(const struct tv_keystore *store, enum tv_class class, size_t first,
                                 int64_t now_ms);

// Whether one more fetch from that server may start; server_count: where none may be asked now.
bool tv_keystore_has_slot(const struct tv_keystore *store, enum tv_class class, size_t server);

// The server that was asked failed: it is left alone for a while, for `retry_after_s` at least.
void tv_server_note_failure(const struct tv_pending *pending, const struct tv_absence *absence,
                            int64_t retry_after_s, int64_t now_ms);

void tv_lifetime_set(struct tv_keystore *store, struct tv_lifetime *life,
                     const struct tv_fetch_result *result, int64_t now_ms);

void tv_server_note_success(struct tv_pending *pending);

// Until when none of the store's servers is to be asked for what is held.
int64_t tv_server_back_off_end(const struct tv_keystore *store);

// What the server said that failed last.
const struct tv_absence *tv_server_last_failure(const struct tv_keystore *store);

// keystore_pending.c

// Joins a look-up that is under way.
enum tv_status tv_pending_wait(struct tv_pending *pending, bool announce);

// Finds or adds a look-up of the request's kid and joins it, within the limits on unknown kids.
enum tv_status tv_keystore_ask(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_detail *detail);

struct tv_pending *tv_pending_find(struct tv_keystore *store, struct tv_span key_id);
struct tv_pending *tv_pending_find_set(struct tv_keystore *store);

// Adds a look-up, counted for the request's client, which is shorter than TV_CLIENT_MAX_LENGTH. One
// of a key server starts if a slot is free; one of a set waits for the set's.
// On failure nothing is added.
enum tv_status tv_pending_add(struct tv_keystore *store, const struct tv_key_request *request,
                              int64_t now_ms, struct tv_pending **added, struct tv_detail *detail);

// Adds a look-up of a kid that is held, whatever else is asked for.
enum tv_status tv_pending_add_refresh(struct tv_keystore *store, struct tv_span key_id,
                                      int64_t now_ms, struct tv_pending **added,
                                      struct tv_detail *detail);

// Adds and starts the fetch of the set.
enum tv_status tv_pending_add_set(struct tv_keystore *store, int64_t now_ms,
                                  struct tv_pending **added, struct tv_detail *detail);

// Starts the fetch of a look-up, or, after one has ended, the next one for it.
enum tv_status tv_pending_start(struct tv_pending *pending, int64_t now_ms,
                                struct tv_detail *detail);

// Another jwks_uri than before (a string that is taken over), or none that is known any more.
void tv_keystore_set_discovered(struct tv_keystore *store, char *url, int64_t now_ms);

// Unlinks and frees it, and ends its fetch.
void tv_pending_free(struct tv_pending *pending);

// Look-ups under way that this client asked for first.
size_t tv_pending_count_of(const struct tv_keystore *store, struct tv_span client);

// Queues the outcome as a settlement: a key, or an absence, or both if a key is still used although
// its refresh failed. If nobody is waiting, only outcomes worth a log warning are queued: a failed
// refresh, a published private key, an unusable set.
void tv_pending_announce(const struct tv_pending *pending, struct tv_key *key,
                         const struct tv_absence *absence);

// keystore_folder.c
enum tv_status tv_keystore_get_from_folder(struct tv_keystore *store,
                                           const struct tv_key_request *request, int64_t now_ms,
                                           struct tv_key **key, struct tv_detail *detail);

// keystore_set.c
enum tv_status tv_keystore_get_from_set(struct tv_keystore *store,
                                        const struct tv_key_request *request, int64_t now_ms,
                                        struct tv_key **key, struct tv_detail *detail);

// What an answer to the set's fetch means; `absence` says the answer's status. True: `pending` has
// ended; false: another fetch follows, or tv_keystore_read_set() is to read the set.
bool tv_keystore_settle_set(struct tv_pending *pending, struct tv_fetch_result *result,
                            struct tv_absence *absence, int64_t now_ms);

// Goes on reading the set that has come, if one has, within `*effort` (see tv_key_set_read()). The
// old one serves until the new one is whole.
void tv_keystore_read_set(struct tv_keystore *store, size_t *effort, int64_t now_ms);

// The set could not be fetched: everybody who waits is told, or gets the key of the old set.
void tv_keystore_fail_set(struct tv_keystore *store, const struct tv_absence *absence,
                          int64_t now_ms);

// A waiter has waited long enough: the key of the old set serves.
void tv_keystore_serve_stale_set(struct tv_pending *pending);
