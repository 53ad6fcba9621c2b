// SPDX-License-Identifier: MIT
// What the files of the key store share: the store, its servers, and the pending look-ups.
#pragma once

#include "keys/keyset.h"
#include "net/fetch.h"
#include "store/keystore.h"

#define TV_CLIENT_MAX_LENGTH 64

// The recent failures of a server, for the back-off.
struct tv_health {
    int failures; // consecutive failed rounds
    int64_t failed_ms;
    int64_t back_off_until_ms;
};

// The class of a look-up. Anybody can invent unknown kids, so they are limited: they must neither
// take the slots of held keys nor stop requests for them.
enum tv_class { TV_CLASS_UNKNOWN, TV_CLASS_HELD, TV_CLASSES };

// One URL of a source, and its failures.
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
    bool repeated;    // its fetch is the second one, for look-ups that came during the first
    char client[TV_CLIENT_MAX_LENGTH];
    struct tv_fetch *fetch; // NULL: queued, or waiting for the set
    char *url;              // of the fetch; owned
    bool conditional;       // the request has validators; without them a 304 means nothing
    struct tv_key_set_reader *reader; // of the fetched set; NULL: nothing fetched yet
    size_t server;                    // index of the server of the fetch
    struct tv_key *refreshed;         // with `conditional`: the key that a 304 confirms
    size_t waiters;                   // callers that got TV_KEY_PENDING and will come back
    bool caller_blocks; // one more caller, who runs the fetch and calls again and again
    bool announce;      // an outcome is wanted
    int64_t asked_ms;
    int64_t started_ms;
    int64_t serve_stale_at_ms; // when waiting callers get the old key; 0: no caller waits
    struct tv_pending *next;
};

// The lists of stores.
enum tv_list {
    TV_LIST_ALL,  // by number
    TV_LIST_BUSY, // stores with a pending look-up
    TV_LIST_LEFT, // stores without a reference, the one closed first in front
    TV_LISTS
};

struct tv_link {
    struct tv_keystore *before, *after;
    bool linked;
};

struct tv_keystore {
    size_t references;
    size_t openers;         // of these, the ones from tv_keystore_open()
    int64_t stays_until_ms; // until then it is kept without a reference
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
    char *set_url; // URL of the set and its validators
    int64_t penalty_until_ms;
    char *discovered; // the provider's jwks_uri; NULL: not known
    int64_t discovered_ms;

    struct tv_pending *pendings;
    struct tv_fetch_source fetching;
    size_t running, queued;
    size_t running_of[TV_CLASSES]; // of `running`
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

// Between these two calls no store is destroyed, so a walk over a list may drop references. The
// second one destroys the stores whose time is over.
void tv_keystores_begin_walk(void);
void tv_keystores_end_walk(int64_t now_ms);

static inline bool tv_keystore_is_set(const struct tv_keystore *store) {
    return tv_source_is_set(store->options.source);
}

// Why a key of the set cannot be used.
static inline struct tv_absence tv_keystore_unusable_key(const struct tv_key_set_entry *entry) {
    struct tv_absence absence = {.status = tv_absence_of_key(entry->status),
                                 .detail = entry->detail};
    absence.detail.asked = TV_ASKED_KEY_OF_SET;
    return absence;
}

// keystore_options.c

// Whether both have the same trust anchors, credentials, proxy and `rsa_min_bits`. If not, they are
// options of two separate stores, even for the same source.
bool tv_keystore_options_same_trust(const struct tv_keystore_options *a,
                                    const struct tv_keystore_options *b);

// The name of an option in which they differ, or NULL. Sources, cache sizes, and what
// tv_keystore_options_same_trust() compares are left out.
const char *tv_keystore_options_difference(const struct tv_keystore_options *a,
                                           const struct tv_keystore_options *b);

// Copies all options of `from` except sources and strings.
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

// Whether one more fetch from that server may start. `server` is server_count if no server may be
// asked now.
bool tv_keystore_has_slot(const struct tv_keystore *store, enum tv_class class, size_t server);

// Records that the server of `pending` failed: it gets no request for a while, at least for
// `retry_after_s`.
void tv_server_record_failure(const struct tv_pending *pending, const struct tv_absence *absence,
                              int64_t retry_after_s, int64_t now_ms);

void tv_lifetime_set(struct tv_keystore *store, struct tv_lifetime *life,
                     const struct tv_fetch_result *result, int64_t now_ms);

// The server may be asked at once: it answered, or a store is opened anew.
void tv_server_forget_failures(struct tv_server *server);

// The time until which no server of the store may be asked for held keys.
int64_t tv_server_back_off_end(const struct tv_keystore *store);

// The answer of the server that failed last.
const struct tv_absence *tv_server_last_failure(const struct tv_keystore *store);

// keystore_pending.c

// Joins a pending look-up.
enum tv_status tv_pending_wait(struct tv_pending *pending, bool announce);

// Finds or adds a look-up of the request's kid and joins it. The limits on unknown kids apply.
enum tv_status tv_keystore_ask(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_detail *detail);

struct tv_pending *tv_pending_find(struct tv_keystore *store, struct tv_span key_id);
struct tv_pending *tv_pending_find_set(struct tv_keystore *store);

// Adds a look-up and counts it for the request's client, which is shorter than
// TV_CLIENT_MAX_LENGTH. With a key server, its fetch starts if a slot is free; with a set, it waits
// for the fetch of the set. On failure nothing is added.
enum tv_status tv_pending_add(struct tv_keystore *store, const struct tv_key_request *request,
                              int64_t now_ms, struct tv_pending **added, struct tv_detail *detail);

// Adds a look-up of a held key. The limits on unknown kids do not apply.
enum tv_status tv_pending_add_refresh(struct tv_keystore *store, struct tv_span key_id,
                                      int64_t now_ms, struct tv_pending **added,
                                      struct tv_detail *detail);

// Adds and starts the fetch of the set.
enum tv_status tv_pending_add_set(struct tv_keystore *store, int64_t now_ms,
                                  struct tv_pending **added, struct tv_detail *detail);

// Starts the fetch of a look-up, or, after one has ended, the next one for it.
enum tv_status tv_pending_start(struct tv_pending *pending, int64_t now_ms,
                                struct tv_detail *detail);

// Sets the jwks_uri (takes ownership of the string), or, with NULL, forgets it.
void tv_keystore_set_discovered(struct tv_keystore *store, char *url, int64_t now_ms);

// Unlinks and frees a look-up, and ends its fetch.
void tv_pending_free(struct tv_pending *pending);

// Number of pending look-ups that this client started.
size_t tv_pending_count_of(const struct tv_keystore *store, struct tv_span client);

// Queues the outcome of a look-up: a key, or an absence, or both if a key is still used although
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

// Handles the answer to the fetch of the set; `absence` has the status of the answer. True:
// `pending` has ended. False: another fetch follows, or tv_keystore_read_set() reads the set.
bool tv_keystore_handle_set(struct tv_pending *pending, struct tv_fetch_result *result,
                            struct tv_absence *absence, int64_t now_ms);

// Reads a part of a fetched set, if there is one, within `*effort` (see tv_key_set_read()). The old
// set is used until the new one is complete.
void tv_keystore_read_set(struct tv_keystore *store, size_t *effort, int64_t now_ms);

// The set could not be fetched: every waiting look-up fails, or gets the key of the old set.
void tv_keystore_fail_set(struct tv_keystore *store, const struct tv_absence *absence,
                          int64_t now_ms);

// A caller has waited long enough: look-ups get the key of the old set.
void tv_keystore_serve_stale_set(struct tv_pending *pending);
