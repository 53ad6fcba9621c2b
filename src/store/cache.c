// SPDX-License-Identifier: MIT
// A chained hash table whose entries are also in a list, in the order of their last use.
#include "store/cache.h"

#include <stdlib.h>

#define FIRST_BUCKETS 16

struct tv_cache {
    struct tv_cache_entry **buckets;
    size_t bucket_count; // a power of two
    size_t count;
    size_t max_entries;
    uint64_t seed;
    struct tv_cache_entry *newest, *oldest;
};

struct tv_cache *tv_cache_new(size_t max_entries, uint64_t seed) {
    struct tv_cache *cache = calloc(1, sizeof *cache);
    if (!cache)
        return NULL;
    cache->buckets = calloc(FIRST_BUCKETS, sizeof *cache->buckets);
    if (!cache->buckets) {
        free(cache);
        return NULL;
    }
    cache->bucket_count = FIRST_BUCKETS;
    cache->max_entries = max_entries;
    cache->seed = seed;
    return cache;
}

void tv_cache_free(struct tv_cache *cache) {
    if (!cache)
        return;
    tv_cache_clear(cache);
    free(cache->buckets);
    free(cache);
}

void tv_cache_grow(struct tv_cache *cache, size_t max_entries) {
    if (max_entries > cache->max_entries)
        cache->max_entries = max_entries;
}

// FNV-1a with a secret initial value. Kids that are made to collide would only lengthen one chain,
// and the limit on entries bounds that.
static size_t bucket_of(const struct tv_cache *cache, struct tv_span key_id) {
    uint64_t hash = cache->seed ^ 0xcbf29ce484222325u;
    for (size_t i = 0; i < key_id.length; i++) {
        hash ^= (unsigned char)key_id.data[i];
        hash *= 0x100000001b3u;
    }
    return (size_t)(hash ^ hash >> 32) & (cache->bucket_count - 1);
}

// The link that points to the entry of `key_id`, or the last, empty one of its chain.
static struct tv_cache_entry **find_link(struct tv_cache *cache, struct tv_span key_id) {
    struct tv_cache_entry **link = &cache->buckets[bucket_of(cache, key_id)];
    while (*link && !tv_span_equal((*link)->key_id, key_id))
        link = &(*link)->next_in_bucket;
    return link;
}

static void unlink_use(struct tv_cache *cache, struct tv_cache_entry *entry) {
    *(entry->newer ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older ? &entry->older->newer : &cache->oldest) = entry->newer;
}

static void link_newest(struct tv_cache *cache, struct tv_cache_entry *entry) {
    entry->newer = NULL;
    entry->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
}

static void entry_free(struct tv_cache_entry *entry) {
    tv_key_free(entry->key);
    tv_validators_clear(&entry->validators);
    free((char *)entry->key_id.data);
    free(entry);
}

static void remove_at(struct tv_cache *cache, struct tv_cache_entry **link) {
    struct tv_cache_entry *entry = *link;
    if (!entry)
        return;
    *link = entry->next_in_bucket;
    unlink_use(cache, entry);
    cache->count--;
    entry_free(entry);
}

struct tv_cache_entry *tv_cache_get(struct tv_cache *cache, struct tv_span key_id) {
    return *find_link(cache, key_id);
}

struct tv_cache_entry *tv_cache_use(struct tv_cache *cache, struct tv_span key_id) {
    struct tv_cache_entry *entry = tv_cache_get(cache, key_id);
    if (entry && entry != cache->newest) {
        unlink_use(cache, entry);
        link_newest(cache, entry);
    }
    return entry;
}

// Doubles the buckets. Without memory the chains grow instead, which is only slower.
static void grow_buckets(struct tv_cache *cache) {
    size_t count = cache->bucket_count * 2;
    struct tv_cache_entry **buckets = calloc(count, sizeof(struct tv_cache_entry *));
    if (!buckets)
        return;
    free(cache->buckets);
    cache->buckets = buckets;
    cache->bucket_count = count;
    for (struct tv_cache_entry *entry = cache->newest; entry; entry = entry->older) {
        size_t bucket = bucket_of(cache, entry->key_id);
        entry->next_in_bucket = buckets[bucket];
        buckets[bucket] = entry;
    }
}

static bool is_evictable(const struct tv_cache_entry *entry, int64_t now_ms) {
    return entry->waiters == 0 || now_ms >= entry->waiters_until_ms;
}

static void make_room(struct tv_cache *cache, int64_t now_ms) {
    struct tv_cache_entry *entry = cache->oldest;
    while (entry && cache->count >= cache->max_entries) {
        struct tv_cache_entry *newer = entry->newer;
        if (is_evictable(entry, now_ms))
            tv_cache_remove(cache, entry->key_id);
        entry = newer;
    }
}

static struct tv_cache_entry *entry_new(struct tv_span key_id) {
    struct tv_cache_entry *entry = calloc(1, sizeof *entry);
    char *copy = tv_span_copy(key_id);
    if (!entry || !copy) {
        free(copy);
        free(entry);
        return NULL;
    }
    entry->key_id = (struct tv_span){copy, key_id.length};
    return entry;
}

enum tv_status tv_cache_put(struct tv_cache *cache, struct tv_span key_id, struct tv_key *key,
                            int64_t now_ms, struct tv_cache_entry **entry) {
    struct tv_cache_entry *made = entry_new(key_id);
    if (!made)
        return TV_NO_MEMORY;
    made->key = key ? tv_key_retain(key) : NULL;
    made->life.stored_ms = now_ms;
    tv_cache_remove(cache, key_id);
    make_room(cache, now_ms);
    if (cache->count >= cache->bucket_count)
        grow_buckets(cache);
    size_t bucket = bucket_of(cache, key_id);
    made->next_in_bucket = cache->buckets[bucket];
    cache->buckets[bucket] = made;
    link_newest(cache, made);
    cache->count++;
    *entry = made;
    return TV_OK;
}

void tv_cache_remove(struct tv_cache *cache, struct tv_span key_id) {
    remove_at(cache, find_link(cache, key_id));
}

void tv_cache_clear(struct tv_cache *cache) {
    while (cache->newest)
        tv_cache_remove(cache, cache->newest->key_id);
}

struct tv_cache_entry *tv_cache_next(struct tv_cache *cache, struct tv_cache_entry *entry) {
    return entry ? entry->older : cache->newest;
}

bool tv_absence_is_ours(struct tv_absence *absence, enum tv_status status) {
    if (status != TV_NO_MEMORY && status != TV_CRYPTO_FAILURE)
        return false;
    absence->status = TV_KEY_SOURCE_UNAVAILABLE;
    absence->detail.reason = TV_REASON_NONE;
    absence->detail.text = tv_status_explanation(status);
    return true;
}

enum tv_status tv_absence_fail(const struct tv_absence *absence, struct tv_detail *detail) {
    struct tv_span key_id = detail->key_id, source = detail->source;
    *detail = absence->detail;
    detail->key_id = key_id;
    if (!detail->source.data)
        detail->source = source;
    // Never TV_OK without a key, even if somebody forgot to set the status.
    return absence->status == TV_OK ? TV_KEY_SOURCE_UNAVAILABLE : absence->status;
}
