// SPDX-License-Identifier: MIT
// Looks a key up in a store: the answer is a held key, a remembered absence, or that the key is
// being fetched.
#include "store/keystore_internal.h"

// A key that was fetched for waiting callers is given to them even if it is no longer fresh.
static bool is_waited_for(const struct tv_cache_entry *entry, int64_t now_ms) {
    return entry->waiters > 0 && now_ms < entry->waiters_until_ms;
}

static void count_waiter_served(struct tv_cache_entry *entry) {
    if (entry->waiters > 0)
        entry->waiters--;
}

static enum tv_status get_held(struct tv_keystore *store, struct tv_cache_entry *entry,
                               const struct tv_key_request *request, int64_t now_ms,
                               struct tv_key **key) {
    bool fresh = now_ms < entry->life.fresh_until_ms || is_waited_for(entry, now_ms);
    struct tv_pending *pending = NULL;
    if (now_ms >= entry->life.refresh_from_ms || !fresh) {
        struct tv_detail ignored = {0}; // the held key is used in any case
        bool wanted =
            now_ms >= entry->life.refresh_from_ms &&
            tv_keystore_usable_server(store, TV_CLASS_HELD, 0, now_ms) < store->server_count;
        pending = tv_pending_find(store, entry->key_id);
        if (!pending && wanted)
            tv_pending_add_refresh(store, entry->key_id, now_ms, &pending, &ignored);
    }
    if (!fresh && pending && now_ms < pending->asked_ms + store->options.stale_wait_ms) {
        pending->serve_stale_at_ms = pending->asked_ms + store->options.stale_wait_ms;
        tv_fetcher_wake_by(pending->serve_stale_at_ms);
        return tv_pending_wait(pending, request->announce);
    }
    store->hits++;
    count_waiter_served(entry);
    *key = entry->key;
    return TV_OK;
}

static enum tv_status get_from_cache(struct tv_keystore *store,
                                     const struct tv_key_request *request, int64_t now_ms,
                                     struct tv_key **key, struct tv_detail *detail) {
    struct tv_cache_entry *held = tv_cache_use(store->keys, request->key_id);
    if (held && (now_ms < held->life.stale_until_ms || is_waited_for(held, now_ms)))
        return get_held(store, held, request, now_ms, key);
    if (held)
        tv_cache_remove(store->keys, request->key_id);
    if (store->server_count == 0) {
        store->misses++;
        detail->reason = TV_REASON_NO_SOURCE;
        return TV_KEY_NOT_FOUND;
    }
    struct tv_cache_entry *absent = tv_cache_use(store->absences, request->key_id);
    if (absent && (now_ms < absent->life.fresh_until_ms || is_waited_for(absent, now_ms))) {
        store->hits++;
        count_waiter_served(absent);
        return tv_absence_fail(&absent->absence, detail);
    }
    store->misses++;
    bool none_usable =
        tv_keystore_usable_server(store, TV_CLASS_UNKNOWN, 0, now_ms) == store->server_count;
    if (!tv_pending_find(store, request->key_id) && (none_usable || request->again))
        return tv_absence_fail(tv_server_last_failure(store), detail);
    return tv_keystore_ask(store, request, now_ms, detail);
}

enum tv_status tv_keystore_get(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_key **key, struct tv_detail *detail) {
    detail->key_id = request->key_id;
    detail->source = tv_span_of(store->printable);
    if (tv_keystore_is_set(store)) {
        struct tv_cache_entry *by_hand = tv_cache_use(store->keys, request->key_id);
        if (!by_hand || now_ms >= by_hand->life.stale_until_ms)
            return tv_keystore_get_from_set(store, request, now_ms, key, detail);
        *key = by_hand->key;
        return request->nth == 0 ? TV_OK : TV_KEY_NOT_FOUND;
    }
    if (request->nth > 0) // a file is one key
        return TV_KEY_NOT_FOUND;
    if (request->key_id.length == 0) {
        detail->subject = TV_SUBJECT_KID;
        detail->reason = TV_REASON_MISSING;
        return TV_KEY_ID_MISSING; // only a set can be asked for its only key
    }
    if (store->options.source == TV_SOURCE_FOLDER)
        return tv_keystore_get_from_folder(store, request, now_ms, key, detail);
    return get_from_cache(store, request, now_ms, key, detail);
}
