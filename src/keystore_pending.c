// SPDX-License-Identifier: MIT
// Look-ups under way, and the outcomes that are waiting to be collected.
#include "keystore_internal.h"

#include "asap.h"
#include "clock.h"

#include <stdlib.h>

// Outcomes nobody collects, in a program that never steps, must not pile up.
#define SETTLEMENTS_MAX 4096

static struct {
    struct tv_settlement *first, *last;
    size_t count;
} settlements;

static char *copy_bytes(struct tv_span bytes) {
    char *copy = malloc(bytes.length + 1); // +1: never of no size
    if (copy)
        memcpy(copy, bytes.data, bytes.length);
    return copy;
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
void tv_pending_announce(const struct tv_pending *pending, struct tv_key *key,
                         const struct tv_absence *absence) {
    if (!pending->announce)
        return;
    struct tv_settlement *made = calloc(1, sizeof *made);
    char *key_id = copy_bytes(pending->key_id);
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
}

void tv_keystores_wake_collector(void) {
    if (settlements.first)
        tv_fetcher_wake_by(tv_clock_steady_ms());
}

// Pending look-ups

struct tv_pending *tv_pending_find(struct tv_keystore *store, struct tv_span key_id) {
    struct tv_pending *pending = store->pendings;
    while (pending && !tv_span_equal(pending->key_id, key_id))
        pending = pending->next;
    return pending;
}

void tv_pending_free(struct tv_pending *pending) {
    struct tv_keystore *store = pending->store;
    struct tv_pending **link = &store->pendings;
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

enum tv_status tv_pending_start(struct tv_pending *pending, int64_t now_ms,
                                struct tv_detail *detail) {
    struct tv_keystore *store = pending->store;
    char *url = NULL;
    enum tv_status status = tv_asap_url(store->base, pending->key_id, &url);
    if (status != TV_OK)
        return status;
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

enum tv_status tv_pending_add(struct tv_keystore *store, struct tv_span key_id,
                              struct tv_span client, int64_t now_ms, struct tv_pending **added,
                              struct tv_detail *detail) {
    struct tv_pending *pending = calloc(1, sizeof *pending);
    char *copy = copy_bytes(key_id);
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
               client.length < TV_CLIENT_MAX_LENGTH ? client.length : TV_CLIENT_MAX_LENGTH - 1);
    struct tv_pending **end = &store->pendings;
    while (*end)
        end = &(*end)->next;
    *end = pending;
    store->queued++;
    enum tv_status status = TV_OK;
    if (store->running < TV_KEYSTORE_MAX_RUNNING)
        status = tv_pending_start(pending, now_ms, detail);
    if (status != TV_OK)
        tv_pending_free(pending);
    else
        *added = pending;
    return status;
}

size_t tv_pending_count_of(const struct tv_keystore *store, struct tv_span client) {
    size_t count = 0;
    for (const struct tv_pending *pending = store->pendings; pending; pending = pending->next)
        count += strncmp(pending->client, client.data, client.length) == 0 &&
                 pending->client[client.length] == '\0';
    return count;
}
