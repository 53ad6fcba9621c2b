// SPDX-License-Identifier: MIT
// Pending look-ups, and the outcomes that the caller has not collected yet.
#include "store/keystore_internal.h"

#include "base/clock.h"
#include "store/asap.h"
#include "store/discovery.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>

// In a program that never calls step() nobody collects outcomes; they must not accumulate.
#define OUTCOMES_MAX 4096

static struct {
    struct tv_outcome *first, *last;
    size_t count;
} outcomes;

// Outcomes

void tv_outcome_free(struct tv_outcome *outcome) {
    if (!outcome)
        return;
    tv_key_free(outcome->key);
    free((char *)outcome->key_id.data);
    tv_keystore_free(outcome->store);
    free(outcome);
}

struct tv_outcome *tv_keystores_take_outcome(void) {
    struct tv_outcome *outcome = outcomes.first;
    if (!outcome)
        return NULL;
    outcomes.first = outcome->next;
    if (!outcomes.first)
        outcomes.last = NULL;
    outcomes.count--;
    outcome->next = NULL;
    return outcome;
}

void tv_keystores_return_outcomes(struct tv_outcome *list) {
    struct tv_outcome *last = list;
    if (!list)
        return;
    for (outcomes.count++; last->next; last = last->next)
        outcomes.count++;
    last->next = outcomes.first;
    if (!outcomes.first)
        outcomes.last = last;
    outcomes.first = list;
    tv_keystores_wake_collector();
}

// Without memory there is no outcome, and callers wait until their own limit.
void tv_pending_announce(const struct tv_pending *pending, struct tv_key *key,
                         const struct tv_absence *absence) {
    bool worth_warning = (key && (absence || tv_key_was_private(key))) || pending->is_set;
    if (!pending->announce && !worth_warning)
        return;
    struct tv_outcome *made = calloc(1, sizeof *made);
    char *key_id = tv_span_copy(pending->key_id);
    if (!made || !key_id) {
        free(key_id);
        free(made);
        return;
    }
    made->store = tv_keystore_retain(pending->store);
    made->key_id = (struct tv_span){key_id, pending->key_id.length};
    made->key = key ? tv_key_retain(key) : NULL;
    made->is_set = pending->is_set;
    if (absence)
        made->absence = *absence;
    if (made->is_set && made->absence.detail.asked == TV_ASKED_KEY_OF_SET)
        made->more = pending->store->set->unusable - 1;
    *(outcomes.last ? &outcomes.last->next : &outcomes.first) = made;
    outcomes.last = made;
    if (++outcomes.count > OUTCOMES_MAX)
        tv_outcome_free(tv_keystores_take_outcome());
}

void tv_keystores_wake_collector(void) {
    if (outcomes.first)
        tv_fetcher_wake_by(tv_clock_steady_ms());
}

// The URL that an OpenID provider gave for its set is used no longer than a key may be.
static bool is_discovered(const struct tv_keystore *store, int64_t now_ms) {
    return store->options.source != TV_SOURCE_OPENID ||
           (store->discovered && now_ms < store->discovered_ms + store->options.max_ttl_s * 1000);
}

// The URL to ask now: a new string, which the caller frees.
static enum tv_status make_url(const struct tv_pending *pending, char **url) {
    const struct tv_keystore *store = pending->store;
    if (!pending->is_set)
        return tv_asap_url(store->servers[pending->server].url, pending->key_id, url);
    if (pending->discovering)
        *url = tv_discovery_url(store->servers[0].url);
    else
        *url = strdup(store->discovered ? store->discovered : store->servers[0].url);
    return *url ? TV_OK : TV_NO_MEMORY;
}

// Pending look-ups

struct tv_pending *tv_pending_find(struct tv_keystore *store, struct tv_span key_id) {
    struct tv_pending *pending = store->pendings;
    while (pending && (pending->is_set || !tv_span_equal(pending->key_id, key_id)))
        pending = pending->next;
    return pending;
}

struct tv_pending *tv_pending_find_set(struct tv_keystore *store) {
    struct tv_pending *pending = store->pendings;
    while (pending && !pending->is_set)
        pending = pending->next;
    return pending;
}

static void drop_fetch(struct tv_pending *pending) {
    tv_key_set_reader_free(pending->reader);
    pending->reader = NULL;
    free(pending->url);
    pending->url = NULL;
    pending->conditional = false;
    tv_key_free(pending->refreshed);
    pending->refreshed = NULL;
    if (!pending->fetch)
        return;
    tv_fetch_free(pending->fetch);
    pending->fetch = NULL;
    pending->store->running--;
    pending->store->running_of[pending->class]--;
    pending->store->queued++;
}

void tv_pending_free(struct tv_pending *pending) {
    struct tv_keystore *store = pending->store;
    struct tv_pending **link = &store->pendings;
    while (*link != pending)
        link = &(*link)->next;
    *link = pending->next;
    if (!store->pendings)
        tv_keystores_unlink(TV_LIST_BUSY, store);
    drop_fetch(pending);
    store->queued--;
    free((char *)pending->key_id.data);
    free(pending);
}

// The validators of the held answer, if the request goes to the URL that gave it: a 304 of another
// URL would confirm nothing (RFC 9110 section 8.8). NULL: the request gets no validators.
static const struct tv_validators *find_validators(struct tv_pending *pending) {
    struct tv_keystore *store = pending->store;
    const struct tv_validators *found = NULL;
    struct tv_key *key = NULL;
    if (pending->is_set) {
        if (store->set && store->set_url && strcmp(store->set_url, pending->url) == 0)
            found = &store->set_validators;
    } else {
        struct tv_cache_entry *held = tv_cache_get(store->keys, pending->key_id);
        if (held && pending->server == held->server) {
            found = &held->validators;
            key = held->key;
        }
    }
    if (!found || !tv_validators_any(found))
        return NULL;
    pending->refreshed = key ? tv_key_retain(key) : NULL;
    return found;
}

// Scheme, host and port as they are written.
static struct tv_span origin(const char *url) {
    const char *authority = strstr(url, "://");
    size_t before = authority ? (size_t)(authority - url) + 3 : 0;
    return (struct tv_span){url, before + strcspn(url + before, "/?#")};
}

// Credentials that are configured for one server are not sent to another server that it names.
static bool may_show_credentials(const struct tv_pending *pending, const char *url) {
    const struct tv_keystore *store = pending->store;
    return !pending->is_set || tv_span_equal(origin(url), origin(store->servers[0].url));
}

enum tv_status tv_pending_start(struct tv_pending *pending, int64_t now_ms,
                                struct tv_detail *detail) {
    struct tv_keystore *store = pending->store;
    const struct tv_keystore_options *options = &store->options;
    drop_fetch(pending);
    pending->discovering = pending->is_set && !is_discovered(store, now_ms);
    enum tv_status status = make_url(pending, &pending->url);
    if (status != TV_OK)
        return status;
    assert(pending->url);
    bool known = may_show_credentials(pending, pending->url);
    const struct tv_fetch_settings settings = {
        .source = &store->fetching,
        .ca_file = options->ca_file,
        .ca_path = options->ca_path,
        .proxy = options->proxy,
        .client_cert = known ? options->client_cert : NULL,
        .client_key = known ? options->client_key : NULL,
        .bearer_token_file = known ? options->bearer_token_file : NULL,
        .connect_timeout_ms = options->connect_timeout_ms,
        .timeout_ms = options->timeout_ms,
        .urgent = pending->class == TV_CLASS_HELD,
        .max_bytes = pending->is_set ? TV_KEY_SET_MAX_LENGTH : TV_KEY_MAX_LENGTH};
    const struct tv_validators *validators = find_validators(pending);
    status = tv_fetch_start(pending->url, &settings, validators, pending, &pending->fetch, detail);
    if (status != TV_OK)
        return status;
    pending->conditional = validators != NULL;
    pending->started_ms = now_ms;
    store->running++;
    store->running_of[pending->class]++;
    store->queued--;
    store->fetches++;
    return TV_OK;
}

static struct tv_pending *pending_new(struct tv_keystore *store, enum tv_class class,
                                      struct tv_span key_id, int64_t now_ms) {
    struct tv_pending *pending = calloc(1, sizeof *pending);
    char *copy = tv_span_copy(key_id);
    if (!pending || !copy) {
        free(copy);
        free(pending);
        return NULL;
    }
    pending->store = store;
    pending->class = class;
    pending->key_id = (struct tv_span){copy, key_id.length};
    pending->asked_ms = now_ms;
    struct tv_pending **end = &store->pendings;
    while (*end)
        end = &(*end)->next;
    *end = pending;
    tv_keystores_link(TV_LIST_BUSY, store);
    store->queued++;
    return pending;
}

// Starts a look-up of a key server, if a slot is free.
static enum tv_status start_if_free(struct tv_pending *pending, int64_t now_ms,
                                    struct tv_detail *detail) {
    const struct tv_keystore *store = pending->store;
    pending->server = tv_keystore_usable_server(store, pending->class, 0, now_ms);
    if (pending->server == store->server_count)
        pending->server = 0; // queued, and checked again when its turn comes
    if (!tv_keystore_has_slot(store, pending->class, pending->server))
        return TV_OK;
    return tv_pending_start(pending, now_ms, detail);
}

// Gives it as added, or frees it if it could not be started.
static enum tv_status add(struct tv_pending *pending, enum tv_status started,
                          struct tv_pending **added) {
    if (started == TV_OK)
        *added = pending;
    else
        tv_pending_free(pending);
    return started;
}

enum tv_status tv_pending_add(struct tv_keystore *store, const struct tv_key_request *request,
                              int64_t now_ms, struct tv_pending **added, struct tv_detail *detail) {
    struct tv_pending *pending = pending_new(store, TV_CLASS_UNKNOWN, request->key_id, now_ms);
    if (!pending)
        return TV_NO_MEMORY;
    if (request->client.length > 0)
        memcpy(pending->client, request->client.data, request->client.length);
    pending->algorithm = request->algorithm;
    enum tv_status started = TV_OK;
    if (!tv_keystore_is_set(store))
        started = start_if_free(pending, now_ms, detail);
    return add(pending, started, added);
}

enum tv_status tv_pending_add_refresh(struct tv_keystore *store, struct tv_span key_id,
                                      int64_t now_ms, struct tv_pending **added,
                                      struct tv_detail *detail) {
    struct tv_pending *pending = pending_new(store, TV_CLASS_HELD, key_id, now_ms);
    if (!pending)
        return TV_NO_MEMORY;
    return add(pending, start_if_free(pending, now_ms, detail), added);
}

enum tv_status tv_pending_add_set(struct tv_keystore *store, int64_t now_ms,
                                  struct tv_pending **added, struct tv_detail *detail) {
    struct tv_pending *pending = pending_new(store, TV_CLASS_HELD, (struct tv_span){0}, now_ms);
    if (!pending)
        return TV_NO_MEMORY;
    pending->is_set = true;
    return add(pending, tv_pending_start(pending, now_ms, detail), added);
}

size_t tv_pending_count_of(const struct tv_keystore *store, struct tv_span client) {
    size_t count = 0;
    for (const struct tv_pending *pending = store->pendings; pending; pending = pending->next)
        count += strncmp(pending->client, client.data, client.length) == 0 &&
                 pending->client[client.length] == '\0';
    return count;
}

void tv_keystore_set_discovered(struct tv_keystore *store, char *url, int64_t now_ms) {
    free(store->discovered);
    store->discovered = url;
    store->discovered_ms = now_ms;
}

enum tv_status tv_pending_wait(struct tv_pending *pending, bool announce) {
    if (announce)
        pending->waiters++;
    else
        pending->caller_blocks = true;
    pending->announce = pending->announce || announce;
    return TV_KEY_PENDING;
}

// The name under which a client is counted: for an IPv6 address its /64 network, since one person
// has all addresses of it (RFC 6177); an IPv4-mapped IPv6 address counts as the IPv4 address. Empty
// if there is no address.
static struct tv_span name_client(struct tv_span client, char name[TV_CLIENT_MAX_LENGTH]) {
    struct in6_addr address;
    if (client.length == 0 || client.length >= TV_CLIENT_MAX_LENGTH)
        return (struct tv_span){0};
    memcpy(name, client.data, client.length);
    name[client.length] = '\0';
    char *zone = strchr(name, '%');
    if (zone)
        *zone = '\0';
    if (inet_pton(AF_INET6, name, &address) != 1) {
        memcpy(name, client.data, client.length);
    } else if (IN6_IS_ADDR_V4MAPPED(&address)) {
        inet_ntop(AF_INET, &address.s6_addr[12], name, TV_CLIENT_MAX_LENGTH);
    } else {
        memset(&address.s6_addr[8], 0, 8);
        inet_ntop(AF_INET6, &address, name, TV_CLIENT_MAX_LENGTH);
    }
    return tv_span_of(name);
}

static enum tv_status check_limits(struct tv_keystore *store, struct tv_span client,
                                   struct tv_detail *detail) {
    const struct tv_keystore_options *options = &store->options;
    if (client.length > 0 && tv_pending_count_of(store, client) >= options->max_per_client) {
        detail->reason = TV_REASON_CLIENT;
        detail->limit = (double)options->max_per_client;
    } else if (store->queued >= options->max_queued) {
        detail->reason = TV_REASON_QUEUE;
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
    struct tv_key_request unknown = *request;
    char client[TV_CLIENT_MAX_LENGTH];
    unknown.client = name_client(request->client, client);
    enum tv_status status = check_limits(store, unknown.client, detail);
    if (status == TV_OK)
        status = tv_pending_add(store, &unknown, now_ms, &pending, detail);
    return status == TV_OK ? tv_pending_wait(pending, request->announce) : status;
}
