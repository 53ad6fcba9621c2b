// SPDX-License-Identifier: MIT
// The stores of the process, and what asking one for a key answers.
#include "keystore_internal.h"

#include <openssl/rand.h>
#include <stdlib.h>

struct tv_keystore *tv_keystores;

_Static_assert(TV_KEYSTORE_MAX_SET_KEYS == TV_KEY_SET_MAX_KEYS, "one limit under two names");

// Asking

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
    // Never "it is there" without a key, whatever was forgotten to be noted.
    return absence->status == TV_OK ? TV_KEY_SOURCE_UNAVAILABLE : absence->status;
}

enum tv_status tv_pending_wait(struct tv_pending *pending, bool announce) {
    if (announce)
        pending->waiters++;
    else
        pending->caller_blocks = true;
    pending->announce = pending->announce || announce;
    return TV_KEY_PENDING;
}

// What was fetched for somebody is handed to them, whatever has become of its freshness meanwhile.
static bool is_waited_for(const struct tv_cache_entry *entry, int64_t now_ms) {
    return entry->waiters > 0 && now_ms < entry->waiters_until_ms;
}

static void note_waiter_served(struct tv_cache_entry *entry) {
    if (entry->waiters > 0)
        entry->waiters--;
}

static enum tv_status get_held(struct tv_keystore *store, struct tv_cache_entry *entry,
                               const struct tv_key_request *request, int64_t now_ms,
                               struct tv_key **key) {
    bool fresh = now_ms < entry->life.fresh_until_ms || is_waited_for(entry, now_ms);
    struct tv_pending *pending = NULL;
    if (now_ms >= entry->life.refresh_from_ms || !fresh) {
        struct tv_detail ignored = {0}; // the key held serves in any case
        struct tv_key_request refresh = {.key_id = entry->key_id};
        bool wanted = now_ms >= entry->life.refresh_from_ms &&
                      store->queued < store->options.max_queued &&
                      tv_keystore_usable_server(store, 0, now_ms) < store->server_count;
        pending = tv_pending_find(store, entry->key_id);
        if (!pending && wanted)
            tv_pending_add(store, &refresh, now_ms, &pending, &ignored);
    }
    if (!fresh && pending && now_ms < pending->asked_ms + store->options.stale_wait_ms) {
        pending->serve_stale_at_ms = pending->asked_ms + store->options.stale_wait_ms;
        tv_fetcher_wake_by(pending->serve_stale_at_ms);
        return tv_pending_wait(pending, request->announce);
    }
    store->hits++;
    note_waiter_served(entry);
    *key = entry->key;
    return TV_OK;
}

static enum tv_status check_limits(struct tv_keystore *store, struct tv_span client,
                                   struct tv_detail *detail) {
    const struct tv_keystore_options *options = &store->options;
    if (client.length > 0 && client.length < TV_CLIENT_MAX_LENGTH &&
        tv_pending_count_of(store, client) >= options->max_per_client) {
        detail->reason = TV_REASON_CLIENT;
        detail->limit = (double)options->max_per_client;
    } else if (store->queued >= options->max_queued) {
        detail->limit = (double)options->max_queued;
    } else {
        return TV_OK;
    }
    store->overloaded++;
    return TV_KEY_SOURCE_OVERLOADED;
}

enum tv_status tv_keystore_ask(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_detail *detail) {
    struct tv_pending *pending = tv_pending_find(store, request->key_id);
    if (pending)
        return tv_pending_wait(pending, request->announce);
    enum tv_status status = check_limits(store, request->client, detail);
    if (status == TV_OK)
        status = tv_pending_add(store, request, now_ms, &pending, detail);
    return status == TV_OK ? tv_pending_wait(pending, request->announce) : status;
}

// What the server said that failed last.
static const struct tv_absence *last_failure(const struct tv_keystore *store) {
    const struct tv_server *last = &store->servers[0];
    for (size_t i = 1; i < store->server_count; i++)
        if (store->servers[i].failed_ms >= last->failed_ms)
            last = &store->servers[i];
    return &last->last_failure;
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
        note_waiter_served(absent);
        return tv_absence_fail(&absent->absence, detail);
    }
    store->misses++;
    bool none_usable = tv_keystore_usable_server(store, 0, now_ms) == store->server_count;
    if (!tv_pending_find(store, request->key_id) && (none_usable || request->again))
        return tv_absence_fail(last_failure(store), detail);
    return tv_keystore_ask(store, request, now_ms, detail);
}

enum tv_status tv_keystore_get(struct tv_keystore *store, const struct tv_key_request *request,
                               int64_t now_ms, struct tv_key **key, struct tv_detail *detail) {
    detail->key_id = request->key_id;
    detail->source = tv_span_of(store->printable);
    if (tv_keystore_is_set(store)) {
        struct tv_cache_entry *by_hand = tv_cache_use(store->keys, request->key_id);
        if (by_hand && now_ms < by_hand->life.stale_until_ms) {
            *key = by_hand->key;
            return TV_OK;
        }
        return tv_keystore_get_from_set(store, request, now_ms, key, detail);
    }
    if (request->key_id.length == 0) {
        detail->subject = "kid";
        detail->reason = TV_REASON_MISSING;
        return TV_KEY_ID_MISSING; // only a set can have an only key
    }
    if (store->options.source == TV_SOURCE_FOLDER)
        return tv_keystore_get_from_folder(store, request, now_ms, key, detail);
    return get_from_cache(store, request, now_ms, key, detail);
}

int64_t tv_keystore_wait_ms(const struct tv_keystore *store) { return store->options.wait_ms; }

// Stores

void tv_keystore_defaults(struct tv_keystore_options *options) {
    *options = (struct tv_keystore_options){.cache_size = 0,
                                            .negative_size = 1024,
                                            .default_ttl_s = 600,
                                            .min_ttl_s = 60,
                                            .max_ttl_s = 86400,
                                            .negative_ttl_s = 30,
                                            .max_stale_s = 3600,
                                            .stale_wait_ms = 1000,
                                            .penalty_s = 10,
                                            .back_off_min_ms = 1000,
                                            .back_off_max_ms = 60000,
                                            .wait_ms = 6000,
                                            .connect_timeout_ms = 2000,
                                            .timeout_ms = 5000,
                                            .refresh_ahead = 10,
                                            .max_set_keys = TV_KEYSTORE_MAX_SET_KEYS,
                                            .rsa_min_bits = TV_RSA_MIN_BITS,
                                            .max_fetches = TV_FETCH_MAX_RUNNING,
                                            .max_running = 16,
                                            .max_queued = 1024,
                                            .max_per_client = 8};
}

static bool same_text(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") == 0; }

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
        {"negative_size", a->negative_size == b->negative_size},
        {"max_stale", a->max_stale_s == b->max_stale_s},
        {"stale_wait", a->stale_wait_ms == b->stale_wait_ms},
        {"penalty", a->penalty_s == b->penalty_s},
        {"back_off_min", a->back_off_min_ms == b->back_off_min_ms},
        {"back_off_max", a->back_off_max_ms == b->back_off_max_ms},
        {"wait_limit", a->wait_ms == b->wait_ms},
        {"connect_timeout", a->connect_timeout_ms == b->connect_timeout_ms},
        {"timeout", a->timeout_ms == b->timeout_ms},
        {"refresh_ahead", a->refresh_ahead == b->refresh_ahead},
        {"max_set_keys", a->max_set_keys == b->max_set_keys},
        {"min_rsa_bits", a->rsa_min_bits == b->rsa_min_bits},
        {"max_fetches", a->max_fetches == b->max_fetches},
        {"max_running", a->max_running == b->max_running},
        {"max_queued", a->max_queued == b->max_queued},
        {"max_per_client", a->max_per_client == b->max_per_client},
        {"ca_file", same_text(a->ca_file, b->ca_file)},
        {"ca_path", same_text(a->ca_path, b->ca_path)},
        {"proxy", same_text(a->proxy, b->proxy)},
        {"client_cert", same_text(a->client_cert, b->client_cert)},
        {"client_key", same_text(a->client_key, b->client_key)},
        {"bearer_token_file", same_text(a->bearer_token_file, b->bearer_token_file)},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (!settings[i].same)
            return settings[i].name;
    return NULL;
}

// The URL as it names a source: slashes at the end of a base tell nothing apart; an issuer and the
// URL of a set are taken to the letter.
static struct tv_span identity(enum tv_source source, const char *url) {
    struct tv_span text = tv_span_of(url);
    if (source == TV_SOURCE_ASAP || source == TV_SOURCE_FOLDER)
        while (text.length > 1 && text.data[text.length - 1] == '/')
            text.length--;
    return text;
}

static bool is_same_source(const struct tv_keystore *store,
                           const struct tv_keystore_options *options) {
    if (store->options.source != options->source || store->server_count != options->url_count)
        return false;
    for (size_t i = 0; i < options->url_count; i++)
        if (!tv_span_equal(tv_span_of(store->servers[i].url),
                           identity(options->source, options->urls[i])))
            return false;
    return true;
}

static struct tv_keystore *find_store(const struct tv_keystore_options *options) {
    struct tv_keystore *store = options->source == TV_SOURCE_HAND ? NULL : tv_keystores;
    while (store && !is_same_source(store, options))
        store = store->next;
    return store;
}

// False without memory.
static bool own_string(const char **text) {
    if (!*text)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

// Every one, also if another fails: free_strings() frees them all.
static bool own_strings(struct tv_keystore_options *options) {
    bool owned = own_string(&options->ca_file);
    owned = own_string(&options->ca_path) && owned;
    owned = own_string(&options->proxy) && owned;
    owned = own_string(&options->client_cert) && owned;
    owned = own_string(&options->client_key) && owned;
    return own_string(&options->bearer_token_file) && owned;
}

static void free_strings(struct tv_keystore_options *options) {
    free((char *)options->ca_file);
    free((char *)options->ca_path);
    free((char *)options->proxy);
    free((char *)options->client_cert);
    free((char *)options->client_key);
    free((char *)options->bearer_token_file);
}

static void store_destroy(struct tv_keystore *store) {
    while (store->pendings)
        tv_pending_free(store->pendings);
    tv_cache_free(store->absences);
    tv_cache_free(store->keys);
    tv_key_set_free(store->set);
    tv_validators_clear(&store->set_validators);
    free(store->discovered);
    for (size_t i = 0; i < store->server_count; i++) {
        free(store->servers[i].url);
        free(store->servers[i].printable);
    }
    free_strings(&store->options);
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
    detail->found = tv_span_of(url);
    enum tv_status status = tv_fetch_check_url(server->url, &server->printable, detail);
    if (status == TV_OK)
        detail->found = (struct tv_span){0};
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

// Keys that somebody put by hand must not make room for others.
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
    bool owned = own_strings(&made->options);
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

// The least that any store asks for.
static void settle_fetch_limit(void) {
    size_t limit = TV_FETCH_MAX_RUNNING;
    for (const struct tv_keystore *store = tv_keystores; store; store = store->next)
        if (store->options.max_fetches < limit)
            limit = store->options.max_fetches;
    tv_fetcher_limit(limit);
}

enum tv_status tv_keystore_open(const struct tv_keystore_options *options,
                                struct tv_keystore **store, const char **differs,
                                struct tv_detail *detail) {
    struct tv_keystore *found = find_store(options);
    if (differs)
        *differs = found ? first_difference(&found->options, options) : NULL;
    if (found) {
        tv_cache_grow(found->keys, cache_size(options));
        *store = tv_keystore_retain(found);
        return TV_OK;
    }
    struct tv_keystore *made = NULL;
    enum tv_status status = store_new(options, &made, detail);
    if (status != TV_OK)
        return status;
    made->next = tv_keystores;
    tv_keystores = made;
    settle_fetch_limit();
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
    settle_fetch_limit();
}

const char *tv_keystore_source(const struct tv_keystore *store) { return store->printable; }

bool tv_keystore_is_folder(const struct tv_keystore *store) {
    return store->options.source == TV_SOURCE_FOLDER;
}

uint64_t tv_keystore_id(const struct tv_keystore *store) { return store->id; }

struct tv_keystore *tv_keystore_after(uint64_t id) {
    struct tv_keystore *found = NULL;
    for (struct tv_keystore *store = tv_keystores; store; store = store->next)
        if (store->id > id && (!found || store->id < found->id))
            found = store;
    return found;
}

int tv_keystore_rsa_min_bits(const struct tv_keystore *store) {
    return store->options.rsa_min_bits;
}

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
        if (!store->set || !tv_key_set_find(store->set, *key_id, NULL))
            return;
    } else {
        tv_cache_clear(store->keys);
        tv_cache_clear(store->absences);
    }
    // One key of a set does not come alone.
    tv_key_set_free(store->set);
    store->set = NULL;
}

void tv_keystore_refresh(struct tv_keystore *store, int64_t now_ms) {
    struct tv_detail ignored = {0}; // what cannot be started now is refreshed by its next use
    struct tv_pending *pending = NULL;
    if (tv_keystore_is_set(store)) {
        if (!tv_pending_find_set(store))
            tv_pending_add_set(store, now_ms, &pending, &ignored);
        return;
    }
    if (store->options.source != TV_SOURCE_ASAP)
        return;
    struct tv_cache_entry *entry = NULL;
    while ((entry = tv_cache_next(store->keys, entry))) {
        struct tv_key_request request = {.key_id = entry->key_id};
        pending = tv_pending_find(store, entry->key_id);
        if (!pending && store->queued < store->options.max_queued)
            tv_pending_add(store, &request, now_ms, &pending, &ignored);
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
        count_lifetime(&store->set_life, store->set->count, now_ms, &stats);
        stats.skipped = store->set->skipped;
    }
    while ((entry = tv_cache_next(store->absences, entry)))
        stats.negative += now_ms < entry->life.fresh_until_ms;
    return stats;
}

bool tv_keystore_walk(struct tv_keystore *store, struct tv_key_walk *walk) {
    if (store->set && walk->in_set < store->set->count) {
        const struct tv_key_set_entry *found = &store->set->entries[walk->in_set++];
        walk->key_id = found->key_id;
        walk->key = found->key;
        walk->life = &store->set_life;
        return true;
    }
    walk->entry = tv_cache_next(store->keys, walk->entry);
    if (!walk->entry)
        return false;
    walk->key_id = walk->entry->key_id;
    walk->key = walk->entry->key;
    walk->life = store->options.source == TV_SOURCE_FOLDER ? NULL : &walk->entry->life;
    return true;
}
