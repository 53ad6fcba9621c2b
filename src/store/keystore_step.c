// SPDX-License-Identifier: MIT
// A step of all stores: what the answers of sources mean for held keys and for waiting look-ups.
#include "store/keystore_internal.h"

#include "base/clock.h"

// Answers of a key server

static void keep_for_waiters(struct tv_cache_entry *entry, const struct tv_pending *pending,
                             int64_t now_ms) {
    entry->waiters = pending->waiters + pending->caller_blocks;
    // A little longer than the callers wait.
    entry->waiters_until_ms = now_ms + pending->store->options.wait_ms + 1000;
}

static void handle_found(struct tv_pending *pending, struct tv_key *key,
                         struct tv_fetch_result *result, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_cache_entry *entry;
    tv_cache_remove(store->absences, pending->key_id);
    if (tv_cache_put(store->keys, pending->key_id, key, now_ms, &entry) == TV_OK) {
        tv_lifetime_set(store, &entry->life, result, now_ms);
        tv_validators_move(&result->validators, &entry->validators);
        entry->server = pending->server;
        keep_for_waiters(entry, pending, now_ms);
    }
    tv_pending_announce(pending, key, NULL);
}

// RFC 9111 section 4.3.4: the held key is fresh again. It may have been evicted during the fetch.
static void handle_not_modified(struct tv_pending *pending, struct tv_fetch_result *result,
                                int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_cache_entry *held = tv_cache_get(store->keys, pending->key_id);
    store->not_modified++;
    if (!held) {
        handle_found(pending, pending->refreshed, result, now_ms);
        return;
    }
    if (held->key == pending->refreshed) // not a key that was put by hand during the fetch
        tv_lifetime_set(store, &held->life, result, now_ms);
    keep_for_waiters(held, pending, now_ms);
    tv_pending_announce(pending, held->key, NULL);
}

static void handle_absent(struct tv_pending *pending, const struct tv_absence *absence,
                          int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_cache_entry *entry;
    tv_cache_remove(store->keys, pending->key_id);
    if (tv_cache_put(store->absences, pending->key_id, NULL, now_ms, &entry) == TV_OK) {
        entry->absence = *absence;
        entry->life.fresh_until_ms = now_ms + store->options.negative_ttl_s * 1000;
        keep_for_waiters(entry, pending, now_ms);
    }
    tv_pending_announce(pending, NULL, absence);
}

// The held key stays in use and is not refreshed before `retry_ms`. False: no key is held.
static bool use_stale_key(struct tv_pending *pending, const struct tv_absence *absence,
                          int64_t retry_ms) {
    struct tv_cache_entry *held = tv_cache_get(pending->store->keys, pending->key_id);
    if (!held)
        return false;
    held->life.refresh_from_ms = retry_ms;
    tv_pending_announce(pending, held->key, absence);
    return true;
}

static void handle_unusable(struct tv_pending *pending, const struct tv_absence *absence,
                            int64_t now_ms) {
    if (!use_stale_key(pending, absence, now_ms + pending->store->options.negative_ttl_s * 1000))
        handle_absent(pending, absence, now_ms);
}

// Queued look-ups of a source that has just failed would only fail later, so they fail now.
static void fail_queued(struct tv_keystore *store, enum tv_class class,
                        const struct tv_absence *absence) {
    struct tv_pending *next;
    for (struct tv_pending *pending = store->pendings; pending; pending = next) {
        next = pending->next;
        if (pending->fetch || pending->class > class)
            continue;
        if (!use_stale_key(pending, absence, tv_server_back_off_end(store)))
            tv_pending_announce(pending, NULL, absence);
        tv_pending_free(pending);
    }
}

// The server failed. True: the look-up has ended; false: the next server is asked.
static bool handle_failure(struct tv_pending *pending, const struct tv_absence *absence,
                           int64_t retry_after_s, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    tv_server_record_failure(pending, absence, retry_after_s, now_ms);
    if (pending->is_set) {
        tv_keystore_fail_set(store, absence, now_ms);
        return true;
    }
    size_t next = tv_keystore_usable_server(store, pending->class, pending->server + 1, now_ms);
    if (next < store->server_count) {
        struct tv_detail ignored = {0};
        pending->server = next;
        if (tv_pending_start(pending, now_ms, &ignored) == TV_OK)
            return false;
    }
    if (!use_stale_key(pending, absence, tv_server_back_off_end(store)))
        tv_pending_announce(pending, NULL, absence);
    if (tv_keystore_usable_server(store, pending->class, 0, now_ms) == store->server_count)
        fail_queued(store, pending->class, absence);
    return true;
}

static struct tv_absence absence_of(const struct tv_pending *pending, enum tv_status status,
                                    enum tv_reason reason, double number) {
    struct tv_absence absence = {.status = status};
    absence.detail.reason = reason;
    absence.detail.number = number;
    absence.detail.source = tv_span_of(pending->store->servers[pending->server].printable);
    absence.detail.asked = pending->discovering ? TV_ASKED_CONFIGURATION
                           : pending->is_set    ? TV_ASKED_SET
                                                : TV_ASKED_KEY;
    return absence;
}

// 200 from a key server: a key, or something that is none. True: the look-up has ended.
static bool handle_body(struct tv_pending *pending, struct tv_fetch_result *result,
                        int64_t now_ms) {
    struct tv_absence absence = absence_of(pending, TV_KEY_UNUSABLE, TV_REASON_BODY, 0);
    struct tv_key *key = NULL;
    enum tv_status status = TV_KEY_UNUSABLE;
    absence.detail.limit = (double)TV_KEY_MAX_LENGTH;
    absence.detail.network = TV_NETWORK_TOO_LARGE;
    if (!result->too_large) {
        struct tv_detail problem = {.source = absence.detail.source};
        status = tv_key_load_with(result->body.data, result->body.length,
                                  pending->store->options.rsa_min_bits, &key, &problem);
        absence.detail = problem;
    }
    absence.status = tv_absence_of_key(status);
    if (tv_absence_is_ours(&absence, status))
        return handle_failure(pending, &absence, 0, now_ms);
    if (status == TV_OK) {
        handle_found(pending, key, result, now_ms);
    } else {
        pending->store->failed_key++;
        handle_unusable(pending, &absence, now_ms);
    }
    tv_key_free(key);
    return true;
}

// True: the look-up has ended.
static bool handle_answer(struct tv_pending *pending, struct tv_fetch_result *result,
                          int64_t now_ms) {
    struct tv_absence absence =
        absence_of(pending, TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, (double)result->http_status);
    if (result->http_status >= 300 && result->http_status < 400)
        absence.detail.network = TV_NETWORK_REDIRECT;
    if (result->http_status >= 500 || result->http_status == 429) {
        absence.status = TV_KEY_SOURCE_UNAVAILABLE;
        pending->store->failed_status++;
        return handle_failure(pending, &absence, result->retry_after_s, now_ms);
    }
    if (!pending->discovering) // the configuration may work while the set does not
        tv_server_forget_failures(&pending->store->servers[pending->server]);
    if (pending->is_set)
        return tv_keystore_handle_set(pending, result, &absence, now_ms);
    if (result->http_status == 304 && pending->conditional) {
        handle_not_modified(pending, result, now_ms);
    } else if (result->http_status == 404 || result->http_status == 410) {
        absence.status = TV_KEY_NOT_FOUND;
        handle_absent(pending, &absence, now_ms);
    } else if (result->http_status == 200) {
        return handle_body(pending, result, now_ms);
    } else {
        pending->store->failed_status++;
        handle_unusable(pending, &absence, now_ms);
    }
    return true;
}

// Cost estimate in units of one RSA-2048 verification: a whole step for a key, which may be of any
// kind; for a set 4, plus 1 per 4 KiB of JSON.
static size_t effort_of(struct tv_fetch *fetch) {
    const struct tv_pending *pending = tv_fetch_owner(fetch);
    size_t length = tv_fetch_result(fetch)->body.length;
    return pending->is_set ? 4 + length / 4096 : TV_KEY_SET_STEP_EFFORT;
}

static void complete_fetch(struct tv_pending *pending, int64_t now_ms) {
    struct tv_fetch_result *result = tv_fetch_result(pending->fetch);
    bool ended;
    if (result->answered) {
        ended = handle_answer(pending, result, now_ms);
    } else {
        struct tv_absence absence =
            absence_of(pending, TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0);
        absence.detail.text = result->error;
        absence.detail.network = result->network;
        pending->store->failed_network++;
        ended = handle_failure(pending, &absence, 0, now_ms);
    }
    if (ended)
        tv_pending_free(pending);
}

// Starts queued look-ups while slots are free. Those that have waited too long fail instead.
static void start_queued(struct tv_keystore *store, enum tv_class class, int64_t now_ms) {
    if (tv_keystore_is_set(store))
        return; // there, look-ups without a fetch wait for that of the set
    struct tv_pending *next;
    for (struct tv_pending *pending = store->pendings; pending && store->queued > 0;
         pending = next) {
        size_t server = tv_keystore_usable_server(store, class, 0, now_ms);
        if (!tv_keystore_has_slot(store, class, server))
            return;
        next = pending->next;
        if (pending->fetch || pending->class != class)
            continue;
        struct tv_absence absence =
            absence_of(pending, TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_WAITED, 0);
        absence.detail.limit = (double)store->options.wait_ms / 1000;
        enum tv_status status = TV_KEY_SOURCE_UNAVAILABLE;
        if (server < store->server_count && now_ms < pending->asked_ms + store->options.wait_ms) {
            pending->server = server;
            status = tv_pending_start(pending, now_ms, &absence.detail);
        }
        if (status == TV_OK)
            continue;
        tv_absence_is_ours(&absence, status);
        if (!use_stale_key(pending, &absence, now_ms))
            tv_pending_announce(pending, NULL, &absence);
        tv_pending_free(pending);
    }
}

// Callers that have waited long enough for a refresh get the held key.
static void serve_stale(struct tv_keystore *store, int64_t now_ms) {
    struct tv_pending *next;
    for (struct tv_pending *pending = store->pendings; pending; pending = next) {
        next = pending->next;
        if (pending->serve_stale_at_ms == 0)
            continue;
        if (now_ms < pending->serve_stale_at_ms) {
            tv_fetcher_wake_by(pending->serve_stale_at_ms);
            continue;
        }
        pending->serve_stale_at_ms = 0;
        if (tv_keystore_is_set(store)) {
            tv_keystore_serve_stale_set(pending);
            continue;
        }
        struct tv_cache_entry *held = tv_cache_get(store->keys, pending->key_id);
        if (held)
            tv_pending_announce(pending, held->key, NULL);
    }
}

int tv_keystores_descriptor(void) { return tv_fetcher_descriptor(); }

size_t tv_keystores_step(int64_t wait_ms) {
    tv_fetcher_step(wait_ms);
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_fetch *fetch;
    tv_keystores_begin_walk();
    size_t under_way = 0, effort = TV_KEY_SET_STEP_EFFORT;
    while (effort > 0 && (fetch = tv_fetcher_take_ended())) {
        size_t takes = effort_of(fetch);
        effort -= takes < effort ? takes : effort;
        complete_fetch(tv_fetch_owner(fetch), now_ms);
    }
    if (tv_fetcher_has_ended())
        tv_fetcher_wake_by(now_ms); // continues after the other events of the loop
    struct tv_keystore *next;
    for (struct tv_keystore *store = tv_keystores_first(TV_LIST_BUSY); store; store = next) {
        next = store->links[TV_LIST_BUSY].after; // this one may have nothing to do afterwards
        tv_keystore_read_set(store, &effort, now_ms);
        start_queued(store, TV_CLASS_HELD, now_ms);
        start_queued(store, TV_CLASS_UNKNOWN, now_ms);
        serve_stale(store, now_ms);
        under_way += store->running + store->queued;
    }
    tv_keystores_end_walk(now_ms);
    return under_way;
}
