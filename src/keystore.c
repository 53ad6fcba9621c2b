// SPDX-License-Identifier: MIT
// The stores of the process, and what asking one for a key answers.
#include "keystore_internal.h"

#include <openssl/rand.h>
#include <stdlib.h>

struct tv_keystore *tv_keystores;

// Asking

static enum tv_status fail_absent(const struct tv_absence *absence, struct tv_detail *detail) {
    struct tv_span key_id = detail->key_id, source = detail->source;
    *detail = absence->detail;
    detail->key_id = key_id;
    detail->source = source;
    return absence->status;
}

static enum tv_status wait_for(struct tv_pending *pending, bool announce) {
    if (announce)
        pending->waiters++;
    else
        pending->caller_blocks = true;
    pending->announce = pending->announce || announce;
    return TV_KEY_PENDING;
}

static bool may_refresh(const struct tv_keystore *store, const struct tv_cache_entry *entry,
                        int64_t now_ms) {
    return store->base && now_ms >= entry->refresh_from_ms && now_ms >= store->back_off_until_ms &&
           store->queued < TV_KEYSTORE_MAX_QUEUED;
}

static enum tv_status get_held(struct tv_keystore *store, struct tv_cache_entry *entry,
                               bool announce, int64_t now_ms, struct tv_key **key) {
    bool fresh = now_ms < entry->fresh_until_ms;
    struct tv_pending *pending = NULL;
    if (now_ms >= entry->refresh_from_ms || !fresh) {
        struct tv_detail ignored = {0}; // the key held serves in any case
        pending = tv_pending_find(store, entry->key_id);
        if (!pending && may_refresh(store, entry, now_ms))
            tv_pending_add(store, entry->key_id, (struct tv_span){0}, now_ms, &pending, &ignored);
    }
    if (!fresh && pending && now_ms < pending->asked_ms + TV_KEYSTORE_STALE_WAIT_MS) {
        pending->serve_stale_at_ms = pending->asked_ms + TV_KEYSTORE_STALE_WAIT_MS;
        tv_fetcher_wake_by(pending->serve_stale_at_ms);
        return wait_for(pending, announce);
    }
    store->hits++;
    if (entry->waiters > 0)
        entry->waiters--;
    *key = entry->key;
    return TV_OK;
}

static enum tv_status ask(struct tv_keystore *store, struct tv_span key_id, struct tv_span client,
                          bool announce, int64_t now_ms, struct tv_detail *detail) {
    struct tv_pending *pending = tv_pending_find(store, key_id);
    if (pending)
        return wait_for(pending, announce);
    store->misses++;
    if (now_ms < store->back_off_until_ms)
        return fail_absent(&store->last_failure, detail);
    if (client.length > 0 && client.length < TV_CLIENT_MAX_LENGTH &&
        tv_pending_count_of(store, client) >= TV_KEYSTORE_MAX_PER_CLIENT) {
        store->overloaded++;
        detail->reason = TV_REASON_CLIENT;
        detail->limit = TV_KEYSTORE_MAX_PER_CLIENT;
        return TV_KEY_SOURCE_OVERLOADED;
    }
    if (store->queued >= TV_KEYSTORE_MAX_QUEUED) {
        store->overloaded++;
        detail->limit = TV_KEYSTORE_MAX_QUEUED;
        return TV_KEY_SOURCE_OVERLOADED;
    }
    enum tv_status status = tv_pending_add(store, key_id, client, now_ms, &pending, detail);
    return status == TV_OK ? wait_for(pending, announce) : status;
}

enum tv_status tv_keystore_get(struct tv_keystore *store, struct tv_span key_id,
                               struct tv_span client, bool announce, int64_t now_ms,
                               struct tv_key **key, struct tv_detail *detail) {
    detail->key_id = key_id;
    detail->source = tv_span_of(store->printable);
    struct tv_cache_entry *held = tv_cache_use(store->keys, key_id);
    if (held && now_ms < held->stale_until_ms)
        return get_held(store, held, announce, now_ms, key);
    if (held)
        tv_cache_remove(store->keys, key_id);
    if (!store->base) {
        store->misses++;
        detail->reason = TV_REASON_NO_SOURCE;
        return TV_KEY_NOT_FOUND;
    }
    struct tv_cache_entry *absent = tv_cache_use(store->absences, key_id);
    if (absent && now_ms < absent->fresh_until_ms) {
        store->hits++;
        return fail_absent(&absent->absence, detail);
    }
    return ask(store, key_id, client, announce, now_ms, detail);
}

// Stores

static const char *first_difference(const struct tv_keystore_options *a,
                                    const struct tv_keystore_options *b) {
    const struct {
        const char *name;
        bool same;
    } settings[] = {
        {"default_ttl", a->default_ttl_s == b->default_ttl_s},
        {"min_ttl", a->min_ttl_s == b->min_ttl_s},
        {"max_ttl", a->max_ttl_s == b->max_ttl_s},
        {"negative_ttl", a->negative_ttl_s == b->negative_ttl_s},
        {"max_stale", a->max_stale_s == b->max_stale_s},
        {"connect_timeout", a->connect_timeout_ms == b->connect_timeout_ms},
        {"timeout", a->timeout_ms == b->timeout_ms},
        {"ca_file", strcmp(a->ca_file ? a->ca_file : "", b->ca_file ? b->ca_file : "") == 0},
        {"ca_path", strcmp(a->ca_path ? a->ca_path : "", b->ca_path ? b->ca_path : "") == 0},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (!settings[i].same)
            return settings[i].name;
    return NULL;
}

static size_t base_length(const char *url) {
    size_t length = strlen(url);
    while (length > 0 && url[length - 1] == '/')
        length--;
    return length;
}

static struct tv_keystore *find_store(const char *url) {
    struct tv_span base = {url, base_length(url)};
    struct tv_keystore *store = tv_keystores;
    while (store && !(store->base && tv_span_equal(tv_span_of(store->base), base)))
        store = store->next;
    return store;
}

static bool own_string(const char **string) {
    if (!*string)
        return true;
    *string = strdup(*string);
    return *string != NULL;
}

static void store_destroy(struct tv_keystore *store) {
    while (store->pendings)
        tv_pending_free(store->pendings);
    tv_cache_free(store->absences);
    tv_cache_free(store->keys);
    free((char *)store->options.ca_path);
    free((char *)store->options.ca_file);
    free(store->printable);
    free(store->base);
    free(store);
}

static enum tv_status store_new(const struct tv_keystore_options *options,
                                struct tv_keystore **store, struct tv_detail *detail) {
    struct tv_keystore *made = calloc(1, sizeof *made);
    if (!made)
        return TV_NO_MEMORY;
    enum tv_status status = TV_NO_MEMORY;
    made->references = 1;
    made->options = *options;
    made->options.asap_key_server = NULL; // `base` is what is used of it
    bool owned = own_string(&made->options.ca_file);
    owned = own_string(&made->options.ca_path) && owned;
    uint64_t seed = 0;
    RAND_bytes((unsigned char *)&seed, sizeof seed);
    made->random = seed | 1; // never 0, where it would stay
    made->keys = tv_cache_new(options->cache_size, seed);
    made->absences = tv_cache_new(TV_KEYSTORE_MAX_ABSENCES, seed);
    const char *url = options->asap_key_server;
    if (!owned || !made->keys || !made->absences)
        goto out;
    if (url)
        made->base = strndup(url, base_length(url));
    if (url && !made->base)
        goto out;
    if (url) {
        detail->found = tv_span_of(url);
        status = tv_fetch_check_url(url, &made->printable, detail);
    } else {
        made->printable = strdup("");
        status = made->printable ? TV_OK : TV_NO_MEMORY;
    }
out:
    if (status == TV_OK)
        *store = made;
    else
        store_destroy(made);
    return status;
}

enum tv_status tv_keystore_open(const struct tv_keystore_options *options,
                                struct tv_keystore **store, const char **differs,
                                struct tv_detail *detail) {
    struct tv_keystore *found =
        options->asap_key_server ? find_store(options->asap_key_server) : NULL;
    if (differs)
        *differs = found ? first_difference(&found->options, options) : NULL;
    if (found) {
        tv_cache_grow(found->keys, options->cache_size);
        *store = tv_keystore_retain(found);
        return TV_OK;
    }
    struct tv_keystore *made = NULL;
    enum tv_status status = store_new(options, &made, detail);
    if (status != TV_OK)
        return status;
    made->next = tv_keystores;
    tv_keystores = made;
    *store = made;
    return TV_OK;
}

struct tv_keystore *tv_keystore_retain(struct tv_keystore *store) {
    store->references++;
    return store;
}

void tv_keystore_free(struct tv_keystore *store) {
    if (!store || --store->references > 0)
        return;
    struct tv_keystore **link = &tv_keystores;
    while (*link != store)
        link = &(*link)->next;
    *link = store->next;
    store_destroy(store);
}

const char *tv_keystore_source(const struct tv_keystore *store) { return store->printable; }

enum tv_status tv_keystore_put(struct tv_keystore *store, struct tv_span key_id, struct tv_key *key,
                               int64_t ttl_s, int64_t now_ms) {
    struct tv_cache_entry *entry;
    enum tv_status status = tv_cache_put(store->keys, key_id, key, now_ms, &entry);
    if (status != TV_OK)
        return status;
    entry->fresh_until_ms = ttl_s > 0 ? now_ms + ttl_s * 1000 : INT64_MAX;
    entry->refresh_from_ms = entry->stale_until_ms = entry->fresh_until_ms;
    tv_cache_remove(store->absences, key_id);
    return TV_OK;
}

void tv_keystore_forget(struct tv_keystore *store, const struct tv_span *key_id) {
    if (key_id) {
        tv_cache_remove(store->keys, *key_id);
        tv_cache_remove(store->absences, *key_id);
    } else {
        tv_cache_clear(store->keys);
        tv_cache_clear(store->absences);
    }
}

void tv_keystore_refresh(struct tv_keystore *store, int64_t now_ms) {
    if (!store->base)
        return;
    struct tv_cache_entry *entry = NULL;
    while ((entry = tv_cache_next(store->keys, entry))) {
        struct tv_detail ignored = {0}; // what cannot be started now is refreshed by its next use
        struct tv_pending *pending = tv_pending_find(store, entry->key_id);
        if (!pending && store->queued < TV_KEYSTORE_MAX_QUEUED)
            tv_pending_add(store, entry->key_id, (struct tv_span){0}, now_ms, &pending, &ignored);
        if (pending)
            pending->announce = true;
    }
}

struct tv_keystore_stats tv_keystore_stats(struct tv_keystore *store, int64_t now_ms) {
    struct tv_keystore_stats stats = {.held = tv_cache_count(store->keys),
                                      .in_flight = store->running,
                                      .queued = store->queued,
                                      .hits = store->hits,
                                      .misses = store->misses,
                                      .fetches = store->fetches,
                                      .failures = store->failed_fetches,
                                      .overloaded = store->overloaded};
    struct tv_cache_entry *entry = NULL;
    while ((entry = tv_cache_next(store->keys, entry))) {
        stats.fresh += now_ms < entry->fresh_until_ms;
        stats.stale += now_ms >= entry->fresh_until_ms && now_ms < entry->stale_until_ms;
    }
    while ((entry = tv_cache_next(store->absences, entry)))
        stats.negative += now_ms < entry->fresh_until_ms;
    return stats;
}

struct tv_cache *tv_keystore_keys(struct tv_keystore *store) {
    return store->keys;
}
