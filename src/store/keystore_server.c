// SPDX-License-Identifier: MIT
// Which servers of a store may be asked, after failures and within the slots; how long an answer of
// them is used.
#include "store/keystore_internal.h"

#include "base/clock.h"

size_t tv_keystore_usable_server(const struct tv_keystore *store, enum tv_class class, size_t first,
                                 int64_t now_ms) {
    size_t index = first;
    while (index < store->server_count &&
           now_ms < store->servers[index].health[class].back_off_until_ms)
        index++;
    return index;
}

// A server that has just failed gets one fetch at a time until one succeeds: more would wait for it
// too, and block slots of other sources, and threads that resolve its name. If all servers have
// failed, the running fetch finds out for the others.
bool tv_keystore_has_slot(const struct tv_keystore *store, enum tv_class class, size_t server) {
    bool failed =
        server == store->server_count || store->servers[server].health[class].failures > 0;
    return store->running_of[class] < (failed ? 1 : store->options.max_running);
}

const struct tv_absence *tv_server_last_failure(const struct tv_keystore *store) {
    const struct tv_server *last = &store->servers[0];
    for (size_t i = 1; i < store->server_count; i++)
        if (store->servers[i].last_failed_ms >= last->last_failed_ms)
            last = &store->servers[i];
    return &last->last_failure;
}

// Between 0 and 1. It only spreads load, so it may be predictable.
static double next_random(struct tv_keystore *store) {
    store->random ^= store->random << 13;
    store->random ^= store->random >> 7;
    store->random ^= store->random << 17;
    return (double)(store->random >> 11) / 9007199254740992.0;
}

void tv_lifetime_set(struct tv_keystore *store, struct tv_lifetime *life,
                     const struct tv_fetch_result *result, int64_t now_ms) {
    const struct tv_keystore_options *options = &store->options;
    int64_t ttl_s = tv_freshness_lifetime_s(&result->fields, tv_clock_wall_s());
    ttl_s = ttl_s < 0 ? options->default_ttl_s : ttl_s;
    ttl_s = ttl_s < options->min_ttl_s ? options->min_ttl_s : ttl_s;
    ttl_s = ttl_s > options->max_ttl_s ? options->max_ttl_s : ttl_s;
    int64_t ttl_ms = ttl_s * 1000;
    life->stored_ms = now_ms;
    life->fresh_until_ms = now_ms + ttl_ms;
    life->stale_until_ms = life->fresh_until_ms + options->max_stale_s * 1000;
    // A random time in that last part, so that servers started together do not ask together.
    double ahead_ms = (double)ttl_ms * (double)options->refresh_ahead / 100;
    life->refresh_from_ms =
        life->fresh_until_ms - (int64_t)(ahead_ms * (0.5 + 0.5 * next_random(store)));
}

void tv_server_forget_failures(struct tv_server *server) {
    memset(server->health, 0, sizeof server->health);
}

// Counts one more failed round. The pause doubles; `spread`, from 0 to 1, is for up to a quarter
// of it.
static void record_failed_round(struct tv_health *health, const struct tv_keystore_options *options,
                                double spread, int64_t asked_ms, int64_t now_ms) {
    int shift = health->failures < 20 ? health->failures : 20;
    int64_t delay_ms = options->back_off_min_ms << shift;
    delay_ms = delay_ms < options->back_off_max_ms ? delay_ms : options->back_off_max_ms;
    delay_ms = (int64_t)((double)delay_ms * (0.75 + 0.25 * spread));
    health->failures++;
    health->failed_ms = now_ms;
    health->back_off_until_ms = now_ms + (asked_ms > delay_ms ? asked_ms : delay_ms);
}

void tv_server_record_failure(const struct tv_pending *pending, const struct tv_absence *absence,
                              int64_t retry_after_s, int64_t now_ms) {
    struct tv_keystore *store = pending->store;
    struct tv_server *server = &store->servers[pending->server];
    const struct tv_keystore_options *options = &store->options;
    // The server's Retry-After is respected (RFC 9110 section 10.2.3), up to our limit.
    int64_t asked_ms = retry_after_s < options->back_off_max_ms / 1000 ? retry_after_s * 1000
                                                                       : options->back_off_max_ms;
    server->last_failure = *absence;
    server->last_failed_ms = now_ms;
    double spread = next_random(store);
    // If a held key cannot be fetched, unknown ones cannot either, but not the other way round.
    for (int class = 0; class <= (int)pending->class; class ++) {
        struct tv_health *health = &server->health[class];
        // Of several fetches that ran at the same time only the first failure counts.
        if (health->failures == 0 || pending->started_ms > health->failed_ms)
            record_failed_round(health, options, spread, asked_ms, now_ms);
    }
}

int64_t tv_server_back_off_end(const struct tv_keystore *store) {
    int64_t end_ms = INT64_MAX;
    for (size_t i = 0; i < store->server_count; i++) {
        int64_t until_ms = store->servers[i].health[TV_CLASS_HELD].back_off_until_ms;
        end_ms = until_ms < end_ms ? until_ms : end_ms;
    }
    return end_ms;
}
