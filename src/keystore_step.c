// SPDX-License-Identifier: MIT
// What the answers of a source mean for the keys held, and for whoever waits.
#include "keystore_internal.h"

#include "clock.h"

#define BACK_OFF_MIN_MS 1000
#define BACK_OFF_MAX_MS 60000

// Between 0 and 1; spreads load, nothing depends on its being unforeseeable.
static double next_random(struct tv_keystore *store) {
    store->random ^= store->random << 13;
    store->random ^= store->random >> 7;
    store->random ^= store->random << 17;
    return (double)(store->random >> 11) / 9007199254740992.0;
}

// Answers

static void note_failure(struct tv_keystore *store, const struct tv_pending *pending,
                         const struct tv_absence *absence, int64_t now_ms) {
    store->failed_fetches++;
    store->last_failure = *absence;
    // Of many that were under way together only the first counts as a round.
    if (store->failures > 0 && pending->started_ms < store->failed_ms)
        return;
    int shift = store->failures < 6 ? store->failures : 6;
    double delay_ms = (double)BACK_OFF_MIN_MS * (double)(1 << shift);
    delay_ms = delay_ms < BACK_OFF_MAX_MS ? delay_ms : BACK_OFF_MAX_MS;
    store->failures++;
    store->failed_ms = now_ms;
    store->back_off_until_ms = now_ms + (int64_t)(delay_ms * (0.75 + 0.25 * next_random(store)));
}

static void set_times(struct tv_keystore *store, struct tv_cache_entry *entry, int64_t lifetime_s,
                      int64_t now_ms) {
    const struct tv_keystore_options *options = &store->options;
    int64_t ttl_s = lifetime_s < 0 ? options->default_ttl_s : lifetime_s;
    ttl_s = ttl_s < options->min_ttl_s ? options->min_ttl_s : ttl_s;
    ttl_s = ttl_s > options->max_ttl_s ? options->max_ttl_s : ttl_s;
    int64_t ttl_ms = ttl_s * 1000;
    entry->fresh_until_ms = now_ms + ttl_ms;
    entry->stale_until_ms = entry->fresh_until_ms + options->max_stale_s * 1000;
    // Somewhere in the last tenth, so that servers started together do not ask together.
    entry->refresh_from_ms =
        entry->fresh_until_ms - (int64_t)((double)ttl_ms * 0.1 * (0.5 + 0.5 * next_random(store)));
}

static void keep_for_waiters(struct tv_cache_entry *entry, const struct tv_pending *pending,
                             int64_t now_ms) {
    entry->waiters = pending->waiters + pending->caller_blocks;
    entry->waiters_until_ms = now_ms + TV_WAITERS_GRACE_MS;
}

static void settle_found(struct tv_pending *pending, struct tv_key *key, int64_t lifetime_s,
                         int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_cache_entry *entry;
    store->failures = 0;
    store->back_off_until_ms = 0;
    tv_cache_remove(store->absences, pending->key_id);
    if (tv_cache_put(store->keys, pending->key_id, key, now_ms, &entry) == TV_OK) {
        set_times(store, entry, lifetime_s, now_ms);
        keep_for_waiters(entry, pending, now_ms);
    }
    tv_pending_announce(pending, key, NULL);
}

static void settle_absent(struct tv_pending *pending, const struct tv_absence *absence,
                          int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_cache_entry *entry;
    tv_cache_remove(store->keys, pending->key_id);
    if (tv_cache_put(store->absences, pending->key_id, NULL, now_ms, &entry) == TV_OK) {
        entry->absence = *absence;
        entry->fresh_until_ms = now_ms + store->options.negative_ttl_s * 1000;
        keep_for_waiters(entry, pending, now_ms);
    }
    tv_pending_announce(pending, NULL, absence);
}

// The key held goes on serving, and is not asked for again before `retry_ms`. False: none is held.
static bool settle_stale(struct tv_pending *pending, int64_t retry_ms) {
    struct tv_cache_entry *held = tv_cache_get(pending->store->keys, pending->key_id);
    if (!held)
        return false;
    held->refresh_from_ms = retry_ms;
    tv_pending_announce(pending, held->key, NULL);
    return true;
}

static void settle_unusable(struct tv_pending *pending, const struct tv_absence *absence,
                            int64_t now_ms) {
    pending->store->failures = 0;
    pending->store->back_off_until_ms = 0;
    pending->store->failed_fetches++;
    if (!settle_stale(pending, now_ms + pending->store->options.negative_ttl_s * 1000))
        settle_absent(pending, absence, now_ms);
}

// What waits behind a source that just failed would only fail later: it is told at once.
static void fail_queued(struct tv_keystore *store, const struct tv_absence *absence) {
    struct tv_pending *next;
    for (struct tv_pending *pending = store->pendings; pending; pending = next) {
        next = pending->next;
        if (pending->fetch)
            continue;
        if (!settle_stale(pending, store->back_off_until_ms))
            tv_pending_announce(pending, NULL, absence);
        tv_pending_free(pending);
    }
}

static void settle_failed(struct tv_pending *pending, const struct tv_absence *absence,
                          int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    note_failure(store, pending, absence, now_ms);
    if (!settle_stale(pending, store->back_off_until_ms))
        tv_pending_announce(pending, NULL, absence);
    fail_queued(store, absence);
}

static struct tv_absence absence_of(enum tv_status status, enum tv_reason reason, double number) {
    struct tv_absence absence = {.status = status};
    absence.detail.reason = reason;
    absence.detail.number = number;
    return absence;
}

static void settle_answer(struct tv_pending *pending, const struct tv_fetch_result *result,
                          int64_t now_ms) {
    struct tv_absence absence =
        absence_of(TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, (double)result->http_status);
    if (result->http_status == 404 || result->http_status == 410) {
        absence.status = TV_KEY_NOT_FOUND;
        pending->store->failures = 0;
        pending->store->back_off_until_ms = 0;
        settle_absent(pending, &absence, now_ms);
        return;
    }
    if (result->http_status >= 500 || result->http_status == 429) {
        absence.status = TV_KEY_SOURCE_UNAVAILABLE;
        settle_failed(pending, &absence, now_ms);
        return;
    }
    if (result->http_status != 200) {
        settle_unusable(pending, &absence, now_ms);
        return;
    }
    struct tv_key *key = NULL;
    enum tv_status status = TV_MALFORMED_KEY;
    if (result->too_large) {
        absence = absence_of(TV_KEY_UNUSABLE, TV_REASON_BODY, 0);
        absence.detail.limit = (double)TV_KEY_MAX_LENGTH;
    } else {
        absence.detail = (struct tv_detail){0};
        status = tv_key_load(result->body.data, result->body.length, &key, &absence.detail);
        absence.detail.found = (struct tv_span){0}; // it stood in the body
    }
    if (status == TV_OK)
        settle_found(pending, key, tv_freshness_lifetime_s(&result->fields, tv_clock_wall_s()),
                     now_ms);
    else
        settle_unusable(pending, &absence, now_ms);
    tv_key_free(key);
}

static void settle(struct tv_pending *pending, int64_t now_ms) {
    const struct tv_fetch_result *result = tv_fetch_result(pending->fetch);
    if (result->answered) {
        settle_answer(pending, result, now_ms);
    } else {
        struct tv_absence absence = absence_of(TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0);
        absence.detail.text = result->error;
        settle_failed(pending, &absence, now_ms);
    }
    tv_pending_free(pending);
}

// Starts what is queued as slots are free; what has waited too long is not worth a fetch any more.
static void start_queued(struct tv_keystore *store, int64_t now_ms) {
    struct tv_pending *next;
    for (struct tv_pending *pending = store->pendings;
         pending && store->queued > 0 && store->running < TV_KEYSTORE_MAX_RUNNING; pending = next) {
        next = pending->next;
        if (pending->fetch)
            continue;
        struct tv_absence absence = absence_of(TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_WAITED, 0);
        absence.detail.limit = TV_KEYSTORE_WAIT_MS / 1000.0;
        enum tv_status status = TV_KEY_SOURCE_UNAVAILABLE;
        if (now_ms < pending->asked_ms + TV_KEYSTORE_WAIT_MS)
            status = tv_pending_start(pending, now_ms, &absence.detail);
        if (status == TV_OK)
            continue;
        tv_pending_announce(pending, NULL, &absence);
        tv_pending_free(pending);
    }
}

// Wakes who has waited long enough for the refresh of a key that is still held.
static void serve_stale(struct tv_keystore *store, int64_t now_ms) {
    for (struct tv_pending *pending = store->pendings; pending; pending = pending->next) {
        if (pending->serve_stale_at_ms == 0)
            continue;
        if (now_ms < pending->serve_stale_at_ms) {
            tv_fetcher_wake_by(pending->serve_stale_at_ms);
            continue;
        }
        pending->serve_stale_at_ms = 0;
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
    while ((fetch = tv_fetcher_take_ended()))
        settle(tv_fetch_owner(fetch), now_ms);
    size_t under_way = 0;
    for (struct tv_keystore *store = tv_keystores; store; store = store->next) {
        start_queued(store, now_ms);
        serve_stale(store, now_ms);
        under_way += store->running + store->queued;
    }
    return under_way;
}
