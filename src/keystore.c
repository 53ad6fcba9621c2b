// SPDX-License-Identifier: MIT
// The life of keys: what is asked for, what came back, and what holds for how long.
#include "keystore.h"

#include "clock.h"
#include "fetch.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#define BACK_OFF_MIN_MS 1000
#define BACK_OFF_MAX_MS 60000
#define CLIENT_MAX_LENGTH 64
// An outcome is kept for its waiters a little longer than they wait.
#define WAITERS_GRACE_MS (TV_KEYSTORE_WAIT_MS + 1000)
// Outcomes nobody collects, in a program that never steps, must not pile up.
#define SETTLEMENTS_MAX 4096

// A kid that is being fetched, or queued for it.
struct pending {
    struct tv_keystore *store;
    struct tv_span key_id; // owned
    char client[CLIENT_MAX_LENGTH];
    struct tv_fetch *fetch; // NULL: queued
    size_t waiters;
    bool announce;
    int64_t asked_ms;
    int64_t started_ms;
    int64_t serve_stale_at_ms; // a waiter wants the old key then; 0: none does
    struct pending *next;
};

struct tv_keystore {
    size_t references;
    struct tv_keystore_options options; // strings owned
    char *base;                         // of key URLs, without slash at the end; NULL: no source
    char *printable;
    struct tv_cache *keys, *absences;
    struct pending *pendings;
    size_t running, queued;
    struct tv_absence last_failure;
    int failures; // rounds in a row
    int64_t failed_ms;
    int64_t back_off_until_ms;
    uint64_t hits, misses, fetches, failed_fetches, overloaded;
    uint64_t random;
    struct tv_keystore *next;
};

static struct tv_keystore *stores;

static struct {
    struct tv_settlement *first, *last;
    size_t count;
} settlements;

// Between 0 and 1; spreads load, nothing depends on its being unforeseeable.
static double next_random(struct tv_keystore *store) {
    store->random ^= store->random << 13;
    store->random ^= store->random >> 7;
    store->random ^= store->random << 17;
    return (double)(store->random >> 11) / 9007199254740992.0;
}

static char *copy_text(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

enum tv_status tv_key_file_name(struct tv_span key_id, char name[TV_KEY_FILE_NAME_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[32];
    size_t length;
    ERR_set_mark();
    int hashed = EVP_Q_digest(NULL, "SHA256", NULL, key_id.data, key_id.length, hash, &length);
    ERR_pop_to_mark();
    if (hashed != 1)
        return TV_CRYPTO_FAILURE;
    for (size_t i = 0; i < sizeof hash; i++) {
        name[2 * i] = digits[hash[i] >> 4];
        name[2 * i + 1] = digits[hash[i] & 0x0f];
    }
    memcpy(name + 2 * sizeof hash, ".pem", sizeof ".pem");
    return TV_OK;
}

// Settlements

void tv_settlement_free(struct tv_settlement *settlement) {
    if (!settlement)
        return;
    tv_key_free(settlement->key);
    free((char *)settlement->key_id.data);
    tv_keystore_free(settlement->store);
    free(settlement);
}

struct tv_settlement *tv_keystores_take_settlement(void) {
    struct tv_settlement *settlement = settlements.first;
    if (!settlement)
        return NULL;
    settlements.first = settlement->next;
    if (!settlements.first)
        settlements.last = NULL;
    settlements.count--;
    settlement->next = NULL;
    return settlement;
}

// Without memory nobody is told, and waiters run into their own limit.
static void announce(struct pending *pending, struct tv_key *key,
                     const struct tv_absence *absence) {
    struct tv_settlement *made = calloc(1, sizeof *made);
    char *key_id = copy_text(pending->key_id.data, pending->key_id.length);
    if (!made || !key_id) {
        free(key_id);
        free(made);
        return;
    }
    made->store = tv_keystore_retain(pending->store);
    made->key_id = (struct tv_span){key_id, pending->key_id.length};
    made->key = key ? tv_key_retain(key) : NULL;
    if (absence)
        made->absence = *absence;
    *(settlements.last ? &settlements.last->next : &settlements.first) = made;
    settlements.last = made;
    if (++settlements.count > SETTLEMENTS_MAX)
        tv_settlement_free(tv_keystores_take_settlement());
    // Whoever watches the descriptor is to collect it, also when another caller drove the fetch.
    tv_fetcher_wake_by(tv_clock_steady_ms());
}

// Pending look-ups

static struct pending *find_pending(struct tv_keystore *store, struct tv_span key_id) {
    struct pending *pending = store->pendings;
    while (pending && !tv_span_equal(pending->key_id, key_id))
        pending = pending->next;
    return pending;
}

static void pending_free(struct pending *pending) {
    struct tv_keystore *store = pending->store;
    struct pending **link = &store->pendings;
    while (*link != pending)
        link = &(*link)->next;
    *link = pending->next;
    if (pending->fetch)
        store->running--;
    else
        store->queued--;
    tv_fetch_free(pending->fetch);
    free((char *)pending->key_id.data);
    free(pending);
}

static enum tv_status start_fetch(struct pending *pending, int64_t now_ms,
                                  struct tv_detail *detail) {
    struct tv_keystore *store = pending->store;
    char name[TV_KEY_FILE_NAME_SIZE];
    enum tv_status status = tv_key_file_name(pending->key_id, name);
    if (status != TV_OK)
        return status;
    size_t size = strlen(store->base) + 1 + sizeof name;
    char *url = malloc(size);
    if (!url)
        return TV_NO_MEMORY;
    snprintf(url, size, "%s/%s", store->base, name);
    struct tv_fetch_settings settings = {.ca_file = store->options.ca_file,
                                         .ca_path = store->options.ca_path,
                                         .connect_timeout_ms = store->options.connect_timeout_ms,
                                         .timeout_ms = store->options.timeout_ms,
                                         .max_bytes = TV_KEY_MAX_LENGTH};
    status = tv_fetch_start(url, &settings, pending, &pending->fetch, detail);
    free(url);
    if (status != TV_OK)
        return status;
    pending->started_ms = now_ms;
    store->running++;
    store->queued--;
    store->fetches++;
    return TV_OK;
}

// Adds a look-up of `key_id` and starts it if a slot is free.
static enum tv_status add_pending(struct tv_keystore *store, struct tv_span key_id,
                                  struct tv_span client, int64_t now_ms, struct pending **added,
                                  struct tv_detail *detail) {
    struct pending *pending = calloc(1, sizeof *pending);
    char *copy = copy_text(key_id.data, key_id.length);
    if (!pending || !copy) {
        free(copy);
        free(pending);
        return TV_NO_MEMORY;
    }
    pending->store = store;
    pending->key_id = (struct tv_span){copy, key_id.length};
    pending->asked_ms = now_ms;
    if (client.length > 0)
        memcpy(pending->client, client.data,
               client.length < CLIENT_MAX_LENGTH ? client.length : CLIENT_MAX_LENGTH - 1);
    struct pending **end = &store->pendings;
    while (*end)
        end = &(*end)->next;
    *end = pending;
    store->queued++;
    enum tv_status status = TV_OK;
    if (store->running < TV_KEYSTORE_MAX_RUNNING)
        status = start_fetch(pending, now_ms, detail);
    if (status != TV_OK)
        pending_free(pending);
    else
        *added = pending;
    return status;
}

static size_t count_of_client(const struct tv_keystore *store, struct tv_span client) {
    size_t count = 0;
    for (const struct pending *pending = store->pendings; pending; pending = pending->next)
        count += strncmp(pending->client, client.data, client.length) == 0 &&
                 pending->client[client.length] == '\0';
    return count;
}

// Asking

static enum tv_status fail_absent(const struct tv_absence *absence, struct tv_detail *detail) {
    struct tv_span key_id = detail->key_id, source = detail->source;
    *detail = absence->detail;
    detail->key_id = key_id;
    detail->source = source;
    return absence->status;
}

static enum tv_status wait_for(struct pending *pending, bool announce_it) {
    pending->waiters++;
    pending->announce = pending->announce || announce_it;
    return TV_KEY_PENDING;
}

static bool may_refresh(const struct tv_keystore *store, const struct tv_cache_entry *entry,
                        int64_t now_ms) {
    return store->base && now_ms >= entry->refresh_from_ms && now_ms >= store->back_off_until_ms &&
           store->queued < TV_KEYSTORE_MAX_QUEUED;
}

static enum tv_status get_held(struct tv_keystore *store, struct tv_cache_entry *entry,
                               bool announce_it, int64_t now_ms, struct tv_key **key) {
    bool fresh = now_ms < entry->fresh_until_ms;
    struct pending *pending = NULL;
    if (now_ms >= entry->refresh_from_ms || !fresh) {
        struct tv_detail ignored = {0}; // the key held serves in any case
        pending = find_pending(store, entry->key_id);
        if (!pending && may_refresh(store, entry, now_ms))
            add_pending(store, entry->key_id, (struct tv_span){0}, now_ms, &pending, &ignored);
    }
    if (!fresh && pending && now_ms < pending->asked_ms + TV_KEYSTORE_STALE_WAIT_MS) {
        pending->serve_stale_at_ms = pending->asked_ms + TV_KEYSTORE_STALE_WAIT_MS;
        tv_fetcher_wake_by(pending->serve_stale_at_ms);
        return wait_for(pending, announce_it);
    }
    store->hits++;
    if (entry->waiters > 0)
        entry->waiters--;
    *key = entry->key;
    return TV_OK;
}

static enum tv_status ask(struct tv_keystore *store, struct tv_span key_id, struct tv_span client,
                          bool announce_it, int64_t now_ms, struct tv_detail *detail) {
    struct pending *pending = find_pending(store, key_id);
    if (pending)
        return wait_for(pending, announce_it);
    store->misses++;
    if (now_ms < store->back_off_until_ms)
        return fail_absent(&store->last_failure, detail);
    if (client.length > 0 && client.length < CLIENT_MAX_LENGTH &&
        count_of_client(store, client) >= TV_KEYSTORE_MAX_PER_CLIENT) {
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
    enum tv_status status = add_pending(store, key_id, client, now_ms, &pending, detail);
    return status == TV_OK ? wait_for(pending, announce_it) : status;
}

enum tv_status tv_keystore_get(struct tv_keystore *store, struct tv_span key_id,
                               struct tv_span client, bool announce_it, int64_t now_ms,
                               struct tv_key **key, struct tv_detail *detail) {
    detail->key_id = key_id;
    detail->source = tv_span_of(store->printable);
    struct tv_cache_entry *held = tv_cache_use(store->keys, key_id);
    if (held && now_ms < held->stale_until_ms)
        return get_held(store, held, announce_it, now_ms, key);
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
    return ask(store, key_id, client, announce_it, now_ms, detail);
}

// Answers

static void note_failure(struct tv_keystore *store, const struct pending *pending,
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

static void keep_for_waiters(struct tv_cache_entry *entry, const struct pending *pending,
                             int64_t now_ms) {
    entry->waiters = pending->waiters;
    entry->waiters_until_ms = now_ms + WAITERS_GRACE_MS;
}

static void settle_found(struct pending *pending, struct tv_key *key, int64_t lifetime_s,
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
    if (pending->announce)
        announce(pending, key, NULL);
}

static void settle_absent(struct pending *pending, const struct tv_absence *absence,
                          int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_cache_entry *entry;
    tv_cache_remove(store->keys, pending->key_id);
    if (tv_cache_put(store->absences, pending->key_id, NULL, now_ms, &entry) == TV_OK) {
        entry->absence = *absence;
        entry->fresh_until_ms = now_ms + store->options.negative_ttl_s * 1000;
        keep_for_waiters(entry, pending, now_ms);
    }
    if (pending->announce)
        announce(pending, NULL, absence);
}

// The key held goes on serving, and is not asked for again before `retry_ms`. False: none is held.
static bool settle_stale(struct pending *pending, int64_t retry_ms) {
    struct tv_cache_entry *held = tv_cache_get(pending->store->keys, pending->key_id);
    if (!held)
        return false;
    held->refresh_from_ms = retry_ms;
    if (pending->announce)
        announce(pending, held->key, NULL);
    return true;
}

static void settle_unusable(struct pending *pending, const struct tv_absence *absence,
                            int64_t now_ms) {
    pending->store->failures = 0;
    pending->store->back_off_until_ms = 0;
    pending->store->failed_fetches++;
    if (!settle_stale(pending, now_ms + pending->store->options.negative_ttl_s * 1000))
        settle_absent(pending, absence, now_ms);
}

// What waits behind a source that just failed would only fail later: it is told at once.
static void fail_queued(struct tv_keystore *store, const struct tv_absence *absence) {
    struct pending *next;
    for (struct pending *pending = store->pendings; pending; pending = next) {
        next = pending->next;
        if (pending->fetch)
            continue;
        if (!settle_stale(pending, store->back_off_until_ms) && pending->announce)
            announce(pending, NULL, absence);
        pending_free(pending);
    }
}

static void settle_failed(struct pending *pending, const struct tv_absence *absence,
                          int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    note_failure(store, pending, absence, now_ms);
    if (!settle_stale(pending, store->back_off_until_ms) && pending->announce)
        announce(pending, NULL, absence);
    fail_queued(store, absence);
}

static struct tv_absence absence_of(enum tv_status status, enum tv_reason reason, double number) {
    struct tv_absence absence = {.status = status};
    absence.detail.reason = reason;
    absence.detail.number = number;
    return absence;
}

static void settle_answer(struct pending *pending, const struct tv_fetch_result *result,
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
        settle_found(pending, key,
                     tv_freshness_lifetime_s(&result->fields, tv_clock_wall_s()), now_ms);
    else
        settle_unusable(pending, &absence, now_ms);
    tv_key_free(key);
}

static void settle(struct pending *pending, int64_t now_ms) {
    const struct tv_fetch_result *result = tv_fetch_result(pending->fetch);
    if (result->answered) {
        settle_answer(pending, result, now_ms);
    } else {
        struct tv_absence absence =
            absence_of(TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0);
        absence.detail.text = result->error;
        settle_failed(pending, &absence, now_ms);
    }
    pending_free(pending);
}

// Starts what is queued as slots are free; what has waited too long is not worth a fetch any more.
static void start_queued(struct tv_keystore *store, int64_t now_ms) {
    struct pending *next;
    for (struct pending *pending = store->pendings;
         pending && store->queued > 0 && store->running < TV_KEYSTORE_MAX_RUNNING; pending = next) {
        next = pending->next;
        if (pending->fetch)
            continue;
        struct tv_absence absence = absence_of(TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_WAITED, 0);
        absence.detail.limit = TV_KEYSTORE_WAIT_MS / 1000.0;
        enum tv_status status = TV_KEY_SOURCE_UNAVAILABLE;
        if (now_ms < pending->asked_ms + TV_KEYSTORE_WAIT_MS)
            status = start_fetch(pending, now_ms, &absence.detail);
        if (status == TV_OK)
            continue;
        if (pending->announce)
            announce(pending, NULL, &absence);
        pending_free(pending);
    }
}

// Wakes who has waited long enough for the refresh of a key that is still held.
static void serve_stale(struct tv_keystore *store, int64_t now_ms) {
    for (struct pending *pending = store->pendings; pending; pending = pending->next) {
        if (pending->serve_stale_at_ms == 0)
            continue;
        if (now_ms < pending->serve_stale_at_ms) {
            tv_fetcher_wake_by(pending->serve_stale_at_ms);
            continue;
        }
        pending->serve_stale_at_ms = 0;
        struct tv_cache_entry *held = tv_cache_get(store->keys, pending->key_id);
        if (held && pending->announce)
            announce(pending, held->key, NULL);
    }
}

size_t tv_keystores_step(int64_t wait_ms) {
    tv_fetcher_step(wait_ms);
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_fetch *fetch;
    while ((fetch = tv_fetcher_take_ended()))
        settle(tv_fetch_owner(fetch), now_ms);
    size_t under_way = 0;
    for (struct tv_keystore *store = stores; store; store = store->next) {
        start_queued(store, now_ms);
        serve_stale(store, now_ms);
        under_way += store->running + store->queued;
    }
    return under_way;
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
    struct tv_keystore *store = stores;
    while (store && !(store->base && tv_span_equal(tv_span_of(store->base), base)))
        store = store->next;
    return store;
}

static bool own_string(const char **string) {
    if (!*string)
        return true;
    *string = copy_text(*string, strlen(*string));
    return *string != NULL;
}

static void store_destroy(struct tv_keystore *store) {
    while (store->pendings)
        pending_free(store->pendings);
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
        made->base = copy_text(url, base_length(url));
    if (url && !made->base)
        goto out;
    if (url) {
        detail->found = tv_span_of(url);
        status = tv_fetch_check_url(url, &made->printable, detail);
    } else {
        made->printable = copy_text("", 0);
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
    made->next = stores;
    stores = made;
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
    struct tv_keystore **link = &stores;
    while (*link != store)
        link = &(*link)->next;
    *link = store->next;
    store_destroy(store);
}

const char *tv_keystore_source(const struct tv_keystore *store) { return store->printable; }

enum tv_status tv_keystore_put(struct tv_keystore *store, struct tv_span key_id,
                               struct tv_key *key, int64_t ttl_s, int64_t now_ms) {
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
        struct pending *pending = find_pending(store, entry->key_id);
        if (!pending && store->queued < TV_KEYSTORE_MAX_QUEUED)
            add_pending(store, entry->key_id, (struct tv_span){0}, now_ms, &pending, &ignored);
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

struct tv_cache *tv_keystore_keys(struct tv_keystore *store) { return store->keys; }
