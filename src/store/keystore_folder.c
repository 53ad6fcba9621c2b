// SPDX-License-Identifier: MIT
// Stores on a local folder: each use checks whether the file is unchanged.
#include "store/keystore_internal.h"

#include "store/folder.h"

#include <stdlib.h>

static const char *path_of(const struct tv_keystore *store) { return store->servers[0].url; }

static bool is_same(const struct tv_cache_entry *held, const char *stamp) {
    return held && held->validators.etag && strcmp(held->validators.etag, stamp) == 0;
}

static enum tv_status load(struct tv_keystore *store, const struct tv_key_request *request,
                           const char *stamp, int64_t now_ms, struct tv_key **key,
                           struct tv_detail *detail) {
    struct tv_absence absence = {0};
    struct tv_key *loaded = NULL;
    absence.status = tv_folder_load(path_of(store), request->key_id, store->options.rsa_min_bits,
                                    &loaded, &absence.detail);
    store->misses++;
    store->fetches++;
    tv_cache_remove(store->keys, request->key_id);
    tv_cache_remove(store->absences, request->key_id);
    if (absence.status == TV_NO_MEMORY || absence.status == TV_CRYPTO_FAILURE)
        return absence.status; // our own failure, which says nothing about the file
    store->failed_key += absence.status != TV_OK;
    // This is not remembered either: the file may become readable without a change.
    if (absence.status == TV_KEY_SOURCE_UNAVAILABLE || absence.detail.reason == TV_REASON_FILE)
        return tv_absence_fail(&absence, detail);
    struct tv_cache_entry *entry = NULL;
    enum tv_status kept = tv_cache_put(loaded ? store->keys : store->absences, request->key_id,
                                       loaded, now_ms, &entry);
    tv_key_free(loaded); // the entry has its own reference
    if (kept != TV_OK)
        return kept;
    entry->validators.etag = strdup(stamp); // without memory it is read again
    entry->life.fresh_until_ms = entry->life.stale_until_ms =
        loaded ? INT64_MAX : now_ms + store->options.negative_ttl_s * 1000;
    entry->absence = absence;
    if (absence.status != TV_OK)
        return tv_absence_fail(&absence, detail);
    *key = entry->key;
    return TV_OK;
}

enum tv_status tv_keystore_get_from_folder(struct tv_keystore *store,
                                           const struct tv_key_request *request, int64_t now_ms,
                                           struct tv_key **key, struct tv_detail *detail) {
    char stamp[TV_FOLDER_STAMP_SIZE] = "";
    struct tv_absence absence = {0};
    absence.status = tv_folder_look(path_of(store), request->key_id, stamp, &absence.detail);
    if (absence.status != TV_OK) {
        store->misses++;
        tv_cache_remove(store->keys, request->key_id);
        return tv_absence_fail(&absence, detail);
    }
    struct tv_cache_entry *held = tv_cache_use(store->keys, request->key_id);
    if (is_same(held, stamp)) {
        store->hits++;
        *key = held->key;
        return TV_OK;
    }
    // A broken file, too, is read again only after a change, and from time to time: it may only
    // have seemed broken because OpenSSL had no memory.
    struct tv_cache_entry *absent = tv_cache_use(store->absences, request->key_id);
    if (is_same(absent, stamp) && now_ms < absent->life.fresh_until_ms)
        return tv_absence_fail(&absent->absence, detail);
    return load(store, request, stamp, now_ms, key, detail);
}
