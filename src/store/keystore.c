// SPDX-License-Identifier: MIT
// The stores of the process: opening, sharing by source, inspecting and closing them.
#include "store/keystore_internal.h"

#include "base/clock.h"

#include <openssl/rand.h>
#include <stdlib.h>

static struct {
    struct {
        struct tv_keystore *first, *last;
        size_t count;
    } lists[TV_LISTS];
    struct tv_keystore *buckets[1024];       // by source
    size_t limits[TV_FETCH_MAX_RUNNING + 1]; // how many ask for each max_fetches
    bool walking;
} stores;

// Lists

struct tv_keystore *tv_keystores_first(enum tv_list list) {
    struct tv_keystore *first = stores.lists[list].first;
    return first;
}

void tv_keystores_link(enum tv_list list, struct tv_keystore *store) {
    struct tv_link *link = &store->links[list];
    if (link->linked)
        return;
    struct tv_keystore *last = stores.lists[list].last;
    *link = (struct tv_link){.before = last, .linked = true};
    *(last ? &last->links[list].after : &stores.lists[list].first) = store;
    stores.lists[list].last = store;
    stores.lists[list].count++;
}

void tv_keystores_unlink(enum tv_list list, struct tv_keystore *store) {
    struct tv_link *link = &store->links[list];
    if (!link->linked)
        return;
    *(link->before ? &link->before->links[list].after : &stores.lists[list].first) = link->after;
    *(link->after ? &link->after->links[list].before : &stores.lists[list].last) = link->before;
    *link = (struct tv_link){0};
    stores.lists[list].count--;
}

// The URL as it identifies a source: slashes at the end of a base URL make no difference, but an
// issuer and the URL of a set are compared exactly.
static struct tv_span identity(enum tv_source source, const char *url) {
    struct tv_span text = tv_span_of(url);
    if (source == TV_SOURCE_ASAP || source == TV_SOURCE_FOLDER)
        while (text.length > 1 && text.data[text.length - 1] == '/')
            text.length--;
    return text;
}

static bool is_same_source(const struct tv_keystore *store,
                           const struct tv_keystore_options *options) {
    if (store->options.source != options->source || store->server_count != options->url_count ||
        !tv_keystore_options_same_trust(&store->options, options))
        return false;
    for (size_t i = 0; i < options->url_count; i++)
        if (!tv_span_equal(tv_span_of(store->servers[i].url),
                           identity(options->source, options->urls[i])))
            return false;
    return true;
}

// FNV-1a over what identifies the source. Sources with equal hashes share a chain.
static struct tv_keystore **bucket_of(const struct tv_keystore_options *options) {
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)options->source;
    for (size_t i = 0; i < options->url_count; i++) {
        struct tv_span text = identity(options->source, options->urls[i]);
        for (size_t at = 0; at < text.length; at++)
            hash = (hash ^ (unsigned char)text.data[at]) * 0x100000001b3u;
    }
    size_t count = sizeof stores.buckets / sizeof stores.buckets[0];
    return &stores.buckets[(hash ^ hash >> 32) % count];
}

static struct tv_keystore *find_store(const struct tv_keystore_options *options) {
    if (options->source == TV_SOURCE_HAND)
        return NULL;
    struct tv_keystore *store = *bucket_of(options);
    while (store && !is_same_source(store, options))
        store = store->next_in_bucket;
    return store;
}

// The store's own options with its own URLs, by which it is found.
static struct tv_keystore **own_bucket(struct tv_keystore *store) {
    for (size_t i = 0; i < store->server_count; i++)
        store->options.urls[i] = store->servers[i].url;
    return bucket_of(&store->options);
}

static void store_destroy(struct tv_keystore *store) {
    while (store->pendings)
        tv_pending_free(store->pendings);
    tv_cache_free(store->absences);
    tv_cache_free(store->keys);
    tv_key_set_free(store->set);
    tv_validators_clear(&store->set_validators);
    free(store->set_url);
    free(store->discovered);
    for (size_t i = 0; i < store->server_count; i++) {
        free(store->servers[i].url);
        free(store->servers[i].printable);
    }
    tv_keystore_options_clear(&store->options);
    free(store->printable);
    free(store);
}

static enum tv_status add_server(struct tv_keystore *store, const char *url,
                                 struct tv_detail *detail) {
    struct tv_server *server = &store->servers[store->server_count++];
    struct tv_span text = identity(store->options.source, url);
    server->url = strndup(text.data, text.length);
    if (!server->url)
        return TV_NO_MEMORY;
    if (store->options.source == TV_SOURCE_FOLDER) {
        server->printable = strdup(server->url);
        return server->printable ? TV_OK : TV_NO_MEMORY;
    }
    enum tv_status status = tv_fetch_check_url(server->url, &server->printable, detail);
    if (status == TV_KEY_SOURCE_UNAVAILABLE)
        tv_fetch_set_found(detail, url);
    return status;
}

static char *append(char *end, struct tv_span text) {
    memcpy(end, text.data, text.length);
    return end + text.length;
}

static enum tv_status join_printables(struct tv_keystore *store) {
    size_t size = 1;
    for (size_t i = 0; i < store->server_count; i++)
        size += strlen(store->servers[i].printable) + 2;
    store->printable = malloc(size);
    if (!store->printable)
        return TV_NO_MEMORY;
    char *end = store->printable;
    for (size_t i = 0; i < store->server_count; i++) {
        if (i > 0)
            end = append(end, TV_SPAN(", "));
        end = append(end, tv_span_of(store->servers[i].printable));
    }
    *end = '\0';
    return TV_OK;
}

// Keys that were put by hand must not be evicted by others.
static size_t cache_size(const struct tv_keystore_options *options) {
    if (options->cache_size > 0)
        return options->cache_size;
    return options->source == TV_SOURCE_HAND ? SIZE_MAX : TV_KEYSTORE_CACHE_SIZE;
}

static enum tv_status store_new(const struct tv_keystore_options *options,
                                struct tv_keystore **store, struct tv_detail *detail) {
    struct tv_keystore *made = calloc(1, sizeof *made);
    if (!made)
        return TV_NO_MEMORY;
    made->references = 1;
    static uint64_t last_id;
    made->id = ++last_id;
    made->options = *options;
    bool owned = tv_keystore_options_own(&made->options);
    uint64_t seed = 0;
    RAND_bytes((unsigned char *)&seed, sizeof seed);
    made->random = seed | 1; // never 0, where it would stay
    made->keys = tv_cache_new(cache_size(options), seed);
    made->absences = tv_cache_new(options->negative_size, seed);
    enum tv_status status = owned && made->keys && made->absences ? TV_OK : TV_NO_MEMORY;
    for (size_t i = 0; i < options->url_count && status == TV_OK; i++)
        status = add_server(made, options->urls[i], detail);
    if (status == TV_OK)
        status = join_printables(made);
    if (status == TV_OK)
        *store = made;
    else
        store_destroy(made);
    return status;
}

// The smallest limit of all stores applies.
static void apply_fetch_limit(void) {
    size_t limit = 1;
    while (limit < TV_FETCH_MAX_RUNNING && stores.limits[limit] == 0)
        limit++;
    tv_fetcher_limit(limit);
}

static size_t *limit_of(const struct tv_keystore *store) {
    size_t limit = store->options.max_fetches;
    return &stores.limits[limit < TV_FETCH_MAX_RUNNING ? limit : TV_FETCH_MAX_RUNNING];
}

static void enlist(struct tv_keystore *store) {
    tv_keystores_link(TV_LIST_ALL, store);
    struct tv_keystore **bucket = own_bucket(store);
    store->next_in_bucket = *bucket;
    *bucket = store;
    ++*limit_of(store);
    apply_fetch_limit();
}

static void discard(struct tv_keystore *store) {
    struct tv_keystore **link = own_bucket(store);
    while (*link != store)
        link = &(*link)->next_in_bucket;
    *link = store->next_in_bucket;
    tv_keystores_unlink(TV_LIST_ALL, store);
    tv_keystores_unlink(TV_LIST_LEFT, store);
    --*limit_of(store);
    store_destroy(store);
    apply_fetch_limit();
}

static void shorten(struct tv_lifetime *life, const struct tv_keystore_options *options) {
    int64_t longest_ms = life->stored_ms + options->max_ttl_s * 1000;
    if (life->fresh_until_ms == life->stale_until_ms) // put by hand
        return;
    if (life->fresh_until_ms > longest_ms)
        life->fresh_until_ms = longest_ms;
    if (life->refresh_from_ms > longest_ms)
        life->refresh_from_ms = longest_ms;
    life->stale_until_ms = life->fresh_until_ms + options->max_stale_s * 1000;
}

// All openers of the store have closed it, so the settings of the new one apply.
static void take_settings(struct tv_keystore *store, const struct tv_keystore_options *options) {
    --*limit_of(store);
    tv_keystore_options_take(&store->options, options);
    ++*limit_of(store);
    apply_fetch_limit();
    tv_cache_grow(store->absences, options->negative_size);
    shorten(&store->set_life, options);
    struct tv_cache_entry *entry = NULL;
    while ((entry = tv_cache_next(store->keys, entry)))
        shorten(&entry->life, options);
}

// A store that is opened again after all have closed it may ask its servers at once, like a new
// one: often a plugin was reloaded because something had failed.
static void forget_failures(struct tv_keystore *store) {
    for (size_t i = 0; i < store->server_count; i++)
        tv_server_forget_failures(&store->servers[i]);
    store->penalty_until_ms = 0;
}

enum tv_status tv_keystore_open(const struct tv_keystore_options *options,
                                struct tv_keystore **store, const char **differs,
                                struct tv_detail *detail) {
    struct tv_keystore *found = find_store(options);
    if (found && found->openers == 0) {
        take_settings(found, options);
        forget_failures(found);
    }
    if (differs)
        *differs = found ? tv_keystore_options_difference(&found->options, options) : NULL;
    if (found) {
        tv_cache_grow(found->keys, cache_size(options));
        found->openers++;
        *store = tv_keystore_retain(found);
        return TV_OK;
    }
    struct tv_keystore *made = NULL;
    enum tv_status status = store_new(options, &made, detail);
    if (status != TV_OK)
        return status;
    enlist(made);
    made->openers = 1;
    *store = made;
    return TV_OK;
}

struct tv_keystore *tv_keystore_retain(struct tv_keystore *store) {
    tv_keystores_unlink(TV_LIST_LEFT, store);
    store->references++;
    return store;
}

// If too many stores are kept, drops the one closed first, preferably one without waiters.
static void make_room(void) {
    struct tv_keystore *first = tv_keystores_first(TV_LIST_LEFT), *store = first;
    if (stores.lists[TV_LIST_LEFT].count <= TV_KEYSTORES_MAX_LEFT || stores.walking)
        return;
    while (store && store->pendings)
        store = store->links[TV_LIST_LEFT].after;
    discard(store ? store : first);
}

void tv_keystore_free(struct tv_keystore *store) {
    if (!store || --store->references > 0)
        return;
    if (!stores.walking && tv_clock_steady_ms() >= store->stays_until_ms) {
        discard(store);
        return;
    }
    tv_keystores_link(TV_LIST_LEFT, store);
    make_room();
    tv_fetcher_wake_by(store->stays_until_ms);
}

void tv_keystore_close(struct tv_keystore *store, int64_t stay_ms) {
    int64_t until_ms = tv_clock_steady_ms() + stay_ms;
    store->openers--;
    if (stay_ms > 0 && until_ms > store->stays_until_ms)
        store->stays_until_ms = until_ms;
    tv_keystore_free(store);
}

void tv_keystores_begin_walk(void) { stores.walking = true; }

void tv_keystores_end_walk(int64_t now_ms) {
    stores.walking = false;
    struct tv_keystore *next;
    for (struct tv_keystore *store = tv_keystores_first(TV_LIST_LEFT); store; store = next) {
        next = store->links[TV_LIST_LEFT].after;
        if (now_ms >= store->stays_until_ms)
            discard(store);
        else
            tv_fetcher_wake_by(store->stays_until_ms);
    }
}

const char *tv_keystore_source(const struct tv_keystore *store) { return store->printable; }

bool tv_keystore_is_folder(const struct tv_keystore *store) {
    return store->options.source == TV_SOURCE_FOLDER;
}

uint64_t tv_keystore_id(const struct tv_keystore *store) { return store->id; }

struct tv_keystore *tv_keystore_next(const struct tv_keystore *store) {
    return store ? store->links[TV_LIST_ALL].after : tv_keystores_first(TV_LIST_ALL);
}

int tv_keystore_rsa_min_bits(const struct tv_keystore *store) {
    return store->options.rsa_min_bits;
}

int64_t tv_keystore_wait_ms(const struct tv_keystore *store) { return store->options.wait_ms; }

enum tv_status tv_keystore_put(struct tv_keystore *store, struct tv_span key_id, struct tv_key *key,
                               int64_t ttl_ms, int64_t now_ms) {
    struct tv_cache_entry *entry;
    enum tv_status status = tv_cache_put(store->keys, key_id, key, now_ms, &entry);
    if (status != TV_OK)
        return status;
    struct tv_lifetime *life = &entry->life;
    life->fresh_until_ms = ttl_ms > 0 ? now_ms + ttl_ms : INT64_MAX;
    life->refresh_from_ms = life->stale_until_ms = life->fresh_until_ms;
    tv_cache_remove(store->absences, key_id);
    return TV_OK;
}

void tv_keystore_forget(struct tv_keystore *store, const struct tv_span *key_id) {
    if (key_id) {
        tv_cache_remove(store->keys, *key_id);
        tv_cache_remove(store->absences, *key_id);
        if (!store->set || !tv_key_set_find(store->set, *key_id, NULL, 0))
            return;
    } else {
        tv_cache_clear(store->keys);
        tv_cache_clear(store->absences);
    }
    // A single key of a set cannot be fetched.
    tv_key_set_free(store->set);
    store->set = NULL;
}

void tv_keystore_refresh(struct tv_keystore *store, int64_t now_ms) {
    struct tv_detail ignored = {0}; // if it cannot start now, the next use refreshes the key
    struct tv_pending *pending = NULL;
    if (tv_keystore_is_set(store)) {
        if (tv_pending_find_set(store))
            return;
        tv_keystore_set_discovered(store, NULL, 0); // the URL of the set is asked for again, too
        tv_pending_add_set(store, now_ms, &pending, &ignored);
        return;
    }
    if (store->options.source != TV_SOURCE_ASAP)
        return;
    struct tv_cache_entry *entry = NULL;
    while ((entry = tv_cache_next(store->keys, entry))) {
        pending = tv_pending_find(store, entry->key_id);
        if (!pending)
            tv_pending_add_refresh(store, entry->key_id, now_ms, &pending, &ignored);
        if (pending)
            pending->announce = true;
    }
}

static void count_lifetime(const struct tv_lifetime *life, size_t count, int64_t now_ms,
                           struct tv_keystore_stats *stats) {
    stats->held += count;
    if (now_ms < life->fresh_until_ms)
        stats->fresh += count;
    else if (now_ms < life->stale_until_ms)
        stats->stale += count;
}

struct tv_keystore_stats tv_keystore_stats(struct tv_keystore *store, int64_t now_ms) {
    struct tv_keystore_stats stats = {.in_flight = store->running,
                                      .queued = store->queued,
                                      .hits = store->hits,
                                      .misses = store->misses,
                                      .fetches = store->fetches,
                                      .not_modified = store->not_modified,
                                      .overloaded = store->overloaded,
                                      .failed_network = store->failed_network,
                                      .failed_status = store->failed_status,
                                      .failed_key = store->failed_key};
    struct tv_cache_entry *entry = NULL;
    while ((entry = tv_cache_next(store->keys, entry)))
        count_lifetime(&entry->life, 1, now_ms, &stats);
    if (store->set) {
        count_lifetime(&store->set_life, store->set->count - store->set->unusable, now_ms, &stats);
        stats.skipped = store->set->unusable;
    }
    while ((entry = tv_cache_next(store->absences, entry)))
        stats.negative += now_ms < entry->life.fresh_until_ms;
    return stats;
}

bool tv_keystore_walk(struct tv_keystore *store, struct tv_key_walk *walk) {
    if (store->set && walk->in_set < store->set->count) {
        const struct tv_key_set_entry *found = &store->set->entries[walk->in_set++];
        walk->key_id = found->key_id;
        walk->key_id_type = found->key_id_type;
        walk->key = found->key;
        if (!found->key)
            walk->absence = tv_keystore_unusable_key(found);
        walk->life = &store->set_life;
        return true;
    }
    walk->key_id_type = NULL;
    walk->entry = tv_cache_next(store->keys, walk->entry);
    if (!walk->entry)
        return false;
    walk->key_id = walk->entry->key_id;
    walk->key = walk->entry->key;
    walk->life = store->options.source == TV_SOURCE_FOLDER ? NULL : &walk->entry->life;
    return true;
}
