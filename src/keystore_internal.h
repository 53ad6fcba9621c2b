// SPDX-License-Identifier: MIT
// What the files of the key store share: the store, and the look-ups that are under way.
#pragma once

#include "fetch.h"
#include "keystore.h"

#define TV_CLIENT_MAX_LENGTH 64
// An outcome is kept for its waiters a little longer than they wait.
#define TV_WAITERS_GRACE_MS (TV_KEYSTORE_WAIT_MS + 1000)

// A kid that is being fetched, or queued for it.
struct tv_pending {
    struct tv_keystore *store;
    struct tv_span key_id; // owned
    char client[TV_CLIENT_MAX_LENGTH];
    struct tv_fetch *fetch; // NULL: queued
    size_t waiters;         // that will come back once it has settled
    bool caller_blocks;     // one more, who drives the fetch and asks again and again
    bool announce;          // whoever collects settlements is to be told
    int64_t asked_ms;
    int64_t started_ms;
    int64_t serve_stale_at_ms; // a waiter wants the old key then; 0: none does
    struct tv_pending *next;
};

struct tv_keystore {
    size_t references;
    struct tv_keystore_options options; // strings owned
    char *base;                         // of key URLs, without slash at the end; NULL: no source
    char *printable;
    struct tv_cache *keys, *absences;
    struct tv_pending *pendings;
    size_t running, queued;
    struct tv_absence last_failure;
    int failures; // rounds in a row
    int64_t failed_ms;
    int64_t back_off_until_ms;
    uint64_t hits, misses, fetches, failed_fetches, overloaded;
    uint64_t random;
    struct tv_keystore *next;
};

// Every store of the process.
extern struct tv_keystore *tv_keystores;

// keystore_pending.c

struct tv_pending *tv_pending_find(struct tv_keystore *store, struct tv_span key_id);

// Adds a look-up of `key_id`, and starts it if a slot is free. On failure nothing is added.
enum tv_status tv_pending_add(struct tv_keystore *store, struct tv_span key_id,
                              struct tv_span client, int64_t now_ms, struct tv_pending **added,
                              struct tv_detail *detail);

// Starts the fetch of a queued look-up.
enum tv_status tv_pending_start(struct tv_pending *pending, int64_t now_ms,
                                struct tv_detail *detail);

// Unlinks and frees it, and ends its fetch.
void tv_pending_free(struct tv_pending *pending);

// Look-ups under way that this client asked for first.
size_t tv_pending_count_of(const struct tv_keystore *store, struct tv_span client);

// Hands the outcome to whoever collects settlements, if somebody asked for that: a key, or with
// `key` NULL an absence.
void tv_pending_announce(const struct tv_pending *pending, struct tv_key *key,
                         const struct tv_absence *absence);
