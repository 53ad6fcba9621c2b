// SPDX-License-Identifier: MIT
// Stores whose keys come in one document: a JWK Set, at its URL or that of an OpenID provider.
#include "store/keystore_internal.h"

#include "store/discovery.h"

#include <stdlib.h>

// Look-ups within this time after the start of the set's fetch are answered by that fetch, so that
// many log-ins at once cause one request.
#define TOGETHER_MS 500

static const struct tv_key_set_entry *find(const struct tv_keystore *store, struct tv_span key_id,
                                           const struct tv_algorithm *algorithm, size_t nth) {
    if (!store->set)
        return NULL;
    if (key_id.length > 0)
        return tv_key_set_find(store->set, key_id, algorithm, nth);
    return nth == 0 ? tv_key_set_only(store->set, algorithm) : NULL;
}

static struct tv_absence not_in_set(const struct tv_keystore *store) {
    struct tv_absence absence = {.status = TV_KEY_NOT_FOUND};
    absence.detail.reason = TV_REASON_NOT_IN_SET;
    absence.detail.number = (double)store->set->count;
    for (size_t i = 0; i < store->set->count && !absence.detail.text; i++)
        absence.detail.text = store->set->entries[i].key_id_type;
    return absence;
}

// The set's fetch, started if there is none, `wanted` and its source may be asked; else NULL.
static enum tv_status find_fetch(struct tv_keystore *store, bool wanted, int64_t now_ms,
                                 struct tv_pending **fetch, struct tv_detail *detail) {
    *fetch = tv_pending_find_set(store);
    if (*fetch || !wanted ||
        tv_keystore_usable_server(store, TV_CLASS_HELD, 0, now_ms) == store->server_count)
        return TV_OK;
    return tv_pending_add_set(store, now_ms, fetch, detail);
}

// A key of the set, which may be due for a refresh.
static enum tv_status serve(struct tv_keystore *store, const struct tv_key_request *request,
                            struct tv_key *found, int64_t now_ms, struct tv_key **key,
                            struct tv_detail *detail) {
    const struct tv_lifetime *life = &store->set_life;
    bool fresh = now_ms < life->fresh_until_ms;
    if (now_ms >= life->refresh_from_ms || !fresh) {
        struct tv_pending *fetch = NULL;
        struct tv_detail ignored = {0}; // the held key is used in any case
        find_fetch(store, now_ms >= life->refresh_from_ms, now_ms, &fetch, &ignored);
        if (!fresh && fetch && now_ms < fetch->asked_ms + store->options.stale_wait_ms) {
            struct tv_pending *pending = tv_pending_find(store, request->key_id);
            struct tv_key_request known = *request;
            enum tv_status status = TV_OK;
            known.client = (struct tv_span){0}; // a known kid does not count for the client
            if (!pending)
                status = tv_pending_add(store, &known, now_ms, &pending, detail);
            if (status != TV_OK)
                return status;
            pending->serve_stale_at_ms = fetch->asked_ms + store->options.stale_wait_ms;
            tv_fetcher_wake_by(pending->serve_stale_at_ms);
            return tv_pending_wait(pending, request->announce);
        }
    }
    store->hits++;
    *key = found;
    return TV_OK;
}

enum tv_status tv_keystore_get_from_set(struct tv_keystore *store,
                                        const struct tv_key_request *request, int64_t now_ms,
                                        struct tv_key **key, struct tv_detail *detail) {
    if (store->set && now_ms >= store->set_life.stale_until_ms) {
        tv_key_set_free(store->set);
        store->set = NULL;
    }
    const struct tv_key_set_entry *found =
        find(store, request->key_id, request->algorithm, request->nth);
    if (request->nth > 0) {
        *key = found ? found->key : NULL;
        return found ? TV_OK : TV_KEY_NOT_FOUND;
    }
    if (found && found->key)
        return serve(store, request, found->key, now_ms, key, detail);
    store->misses++;
    bool punished = store->set && (now_ms < store->penalty_until_ms || request->again);
    struct tv_pending *fetch;
    enum tv_status status = find_fetch(store, !punished && !request->again, now_ms, &fetch, detail);
    if (status != TV_OK)
        return status;
    if (fetch)
        return tv_keystore_ask(store, request, now_ms, detail);
    if (!punished && !found)
        return tv_absence_fail(&store->servers[0].last_failure, detail);
    struct tv_absence absence = found ? tv_keystore_unusable_key(found) : not_in_set(store);
    return tv_absence_fail(&absence, detail);
}

// Tells everybody who waits for a key of the set what became of it; who waits for one that it lacks
// is told `absence`. With `fetch`, those who came later than it go on waiting: the key may be newer
// than the answer. Returns how many were told that there is none to use.
static size_t announce_to_waiters(struct tv_keystore *store, const struct tv_absence *absence,
                                  const struct tv_pending *fetch, size_t *late) {
    size_t absent = 0;
    struct tv_pending *next;
    *late = 0;
    for (struct tv_pending *pending = store->pendings; pending; pending = next) {
        next = pending->next;
        if (pending->is_set)
            continue;
        const struct tv_key_set_entry *found = find(store, pending->key_id, pending->algorithm, 0);
        struct tv_key *key = found ? found->key : NULL;
        if (!key && fetch && pending->asked_ms > fetch->started_ms + TOGETHER_MS) {
            ++*late;
            continue;
        }
        absent += !key;
        struct tv_absence unusable = {0};
        if (found && !key)
            unusable = tv_keystore_unusable_key(found);
        tv_pending_announce(pending, key, key ? NULL : found ? &unusable : absence);
        tv_pending_free(pending);
    }
    return absent;
}

void tv_keystore_fail_set(struct tv_keystore *store, const struct tv_absence *absence,
                          int64_t now_ms) {
    struct tv_health *health = &store->servers[0].health[TV_CLASS_HELD];
    int64_t retry_ms = health->back_off_until_ms;
    if (retry_ms <= now_ms) // the source answered, but not with a set
        retry_ms = now_ms + store->options.negative_ttl_s * 1000;
    store->set_life.refresh_from_ms = retry_ms;
    store->penalty_until_ms = now_ms + store->options.penalty_s * 1000;
    if (!store->set) {
        store->servers[0].last_failure = *absence;
        health->back_off_until_ms = retry_ms;
    }
    size_t late;
    announce_to_waiters(store, absence, NULL, &late);
    tv_keystore_set_discovered(store, NULL, 0); // it may have moved
    struct tv_pending *fetch = tv_pending_find_set(store);
    if (fetch && store->set)
        tv_pending_announce(fetch, NULL, absence);
}

void tv_keystore_serve_stale_set(struct tv_pending *pending) {
    const struct tv_key_set_entry *found =
        find(pending->store, pending->key_id, pending->algorithm, 0);
    if (!found || !found->key)
        return;
    tv_pending_announce(pending, found->key, NULL);
    tv_pending_free(pending);
}

// Warns of the first key that cannot be used.
static void report_unusable(const struct tv_pending *pending) {
    const struct tv_key_set *set = pending->store->set;
    const struct tv_key_set_entry *entry = set->entries;
    if (set->unusable == 0)
        return;
    while (entry->key)
        entry++;
    struct tv_pending about = *pending; // but of this kid
    about.key_id = entry->key_id;
    struct tv_absence absence = tv_keystore_unusable_key(entry);
    tv_pending_announce(&about, NULL, &absence);
}

// Ends the waiting look-ups with the set that is held now. True: `pending` has ended; false: the
// set is fetched once more, for look-ups that came during the fetch.
static bool answer_waiters(struct tv_pending *pending, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_absence absence = not_in_set(store);
    struct tv_detail ignored = {0};
    size_t late;
    size_t absent = announce_to_waiters(store, &absence, pending->repeated ? NULL : pending, &late);
    pending->repeated = late > 0;
    bool again = late > 0 && tv_pending_start(pending, now_ms, &ignored) == TV_OK;
    if (late > 0 && !again)
        absent += announce_to_waiters(store, &absence, NULL, &late);
    if (absent > 0) {
        store->penalty_until_ms = now_ms + store->options.penalty_s * 1000;
        // A provider that moves its set may leave the old one at the old URL.
        if (now_ms >= store->discovered_ms + store->options.default_ttl_s * 1000)
            tv_keystore_set_discovered(store, NULL, 0);
    }
    return !again;
}

// Remembers the URL that the held set came from.
static void keep_set_url(struct tv_keystore *store, struct tv_pending *pending) {
    free(store->set_url);
    store->set_url = pending->url;
    pending->url = NULL;
}

// Makes `set` the held set; NULL: the held one was confirmed. Returns as answer_waiters().
static bool keep_set(struct tv_pending *pending, struct tv_key_set *set,
                     struct tv_fetch_result *result, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    if (set) {
        tv_key_set_free(store->set);
        store->set = set;
        keep_set_url(store, pending);
        tv_validators_move(&result->validators, &store->set_validators);
    } else {
        store->not_modified++;
    }
    tv_lifetime_set(store, &store->set_life, result, now_ms);
    if (set)
        report_unusable(pending);
    return answer_waiters(pending, now_ms);
}

static enum tv_status read_configuration(struct tv_pending *pending,
                                         const struct tv_fetch_result *result, int64_t now_ms,
                                         struct tv_detail *detail) {
    struct tv_keystore *store = pending->store;
    char *url = NULL, *printable = NULL;
    if (result->http_status != 200)
        return TV_KEY_UNUSABLE;
    *detail = (struct tv_detail){.source = detail->source, .asked = detail->asked};
    if (result->too_large || result->body.length > TV_DISCOVERY_MAX_LENGTH) {
        detail->reason = TV_REASON_BODY;
        detail->network = TV_NETWORK_TOO_LARGE;
        detail->limit = (double)TV_DISCOVERY_MAX_LENGTH;
        return TV_KEY_UNUSABLE;
    }
    enum tv_status status = tv_discovery_read(result->body.data, result->body.length,
                                              store->servers[0].url, &url, detail);
    if (status == TV_OK)
        status = tv_fetch_check_url(url, &printable, detail);
    free(printable);
    if (status == TV_OK)
        tv_keystore_set_discovered(store, url, now_ms);
    else
        free(url);
    return status;
}

// A failure of our own is tried again soon, as if the source had not answered.
static void record_if_ours(struct tv_pending *pending, struct tv_absence *absence,
                           enum tv_status status, int64_t now_ms) {
    if (tv_absence_is_ours(absence, status))
        tv_server_record_failure(pending, absence, 0, now_ms);
}

// Handles the provider's configuration, then starts the fetch of the set. True: that failed.
static bool handle_configuration(struct tv_pending *pending, const struct tv_fetch_result *result,
                                 struct tv_absence *absence, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_span source = absence->detail.source;
    enum tv_status status = read_configuration(pending, result, now_ms, &absence->detail);
    *(result->http_status == 200 ? &store->failed_key : &store->failed_status) += status != TV_OK;
    if (status == TV_OK) {
        status = tv_pending_start(pending, now_ms, &absence->detail); // ends `result`
        if (status == TV_OK)
            return false;
        absence->status = TV_KEY_SOURCE_UNAVAILABLE;
    }
    record_if_ours(pending, absence, status, now_ms);
    absence->detail.source = source;
    absence->detail.asked = TV_ASKED_CONFIGURATION;
    tv_keystore_fail_set(store, absence, now_ms);
    return true;
}

// The set was forgotten during the request that would confirm it: fetches it again, without
// validators. True: that failed.
static bool restart(struct tv_pending *pending, struct tv_absence *absence, int64_t now_ms) {
    absence->detail = (struct tv_detail){.source = absence->detail.source, .asked = TV_ASKED_SET};
    enum tv_status status = tv_pending_start(pending, now_ms, &absence->detail); // ends the answer
    if (status == TV_OK)
        return false;
    absence->status = TV_KEY_SOURCE_UNAVAILABLE;
    record_if_ours(pending, absence, status, now_ms);
    tv_keystore_fail_set(pending->store, absence, now_ms);
    return true;
}

// The answer is no set, or one that cannot be used.
static void handle_unusable_set(struct tv_pending *pending, struct tv_absence *absence,
                                enum tv_status status, int64_t now_ms) {
    record_if_ours(pending, absence, status, now_ms);
    tv_keystore_fail_set(pending->store, absence, now_ms);
}

static struct tv_absence unusable_set(const struct tv_keystore *store) {
    struct tv_absence absence = {.status = TV_KEY_UNUSABLE};
    absence.detail.source = tv_span_of(store->servers[0].printable);
    absence.detail.asked = TV_ASKED_SET;
    return absence;
}

bool tv_keystore_handle_set(struct tv_pending *pending, struct tv_fetch_result *result,
                            struct tv_absence *absence, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    if (pending->discovering)
        return handle_configuration(pending, result, absence, now_ms);
    if (result->http_status == 304 && pending->conditional)
        return store->set ? keep_set(pending, NULL, result, now_ms)
                          : restart(pending, absence, now_ms);
    if (result->http_status != 200) {
        store->failed_status++;
        handle_unusable_set(pending, absence, absence->status, now_ms);
        return true;
    }
    enum tv_status status = TV_MALFORMED_KEY;
    if (result->too_large) {
        absence->detail.reason = TV_REASON_BODY;
        absence->detail.network = TV_NETWORK_TOO_LARGE;
        absence->detail.limit = (double)TV_KEY_SET_MAX_LENGTH;
    } else {
        *absence = unusable_set(store);
        status = tv_key_set_reader_new(result->body.data, result->body.length,
                                       store->options.rsa_min_bits, store->options.max_set_keys,
                                       &pending->reader, &absence->detail);
    }
    if (status == TV_OK)
        return false;
    store->failed_key++;
    handle_unusable_set(pending, absence, status, now_ms);
    return true;
}

void tv_keystore_read_set(struct tv_keystore *store, size_t *effort, int64_t now_ms) {
    struct tv_pending *pending = tv_pending_find_set(store);
    if (!pending || !pending->reader)
        return;
    struct tv_key_set *set = NULL;
    enum tv_status status = tv_key_set_read(pending->reader, effort, &set);
    if (status == TV_OK && !set) {
        tv_fetcher_wake_by(now_ms); // continues after the other events of the loop
        return;
    }
    bool ended = true;
    if (set) {
        ended = keep_set(pending, set, tv_fetch_result(pending->fetch), now_ms);
    } else {
        struct tv_absence absence = unusable_set(store);
        store->failed_key++;
        handle_unusable_set(pending, &absence, status, now_ms);
    }
    if (ended)
        tv_pending_free(pending);
}
