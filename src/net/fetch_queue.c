// SPDX-License-Identifier: MIT
// The lists of transfers: queued, running and ended; and which queued one may start next.
#include "net/fetch_internal.h"

#include <assert.h>

struct list {
    struct tv_fetch *first, *last;
};

// They stay after a fork: the child goes on with the parent's transfers.
static struct {
    struct list queued[2], running, ended; // queued[true]: the urgent ones
    size_t running_count[2];
    uint64_t turns; // given so far
} lists;

static size_t max_running = TV_FETCH_MAX_RUNNING;

static void list_append(struct list *list, struct tv_fetch *fetch) {
    fetch->next = NULL;
    *(list->last ? &list->last->next : &list->first) = fetch;
    list->last = fetch;
}

static void list_remove(struct list *list, struct tv_fetch *fetch) {
    struct tv_fetch *before = NULL;
    for (struct tv_fetch *at = list->first; at != fetch; at = at->next) {
        assert(at);
        before = at;
    }
    *(before ? &before->next : &list->first) = fetch->next;
    if (list->last == fetch)
        list->last = before;
}

// NULL if the list is empty.
static struct tv_fetch *list_take(struct list *list) {
    struct tv_fetch *fetch = list->first;
    if (fetch)
        list_remove(list, fetch);
    return fetch;
}

static struct list *queue_of(const struct tv_fetch *fetch) {
    return &lists.queued[fetch->settings.urgent];
}

// Whether the source may start one more transfer. Urgent ones have slots of their own.
static bool has_turn(const struct tv_fetch_source *source, bool urgent) {
    size_t shared = max_running - max_running / 4, own = source->running[urgent];
    return own == 0 || own + lists.running_count[urgent] < shared;
}

struct tv_fetch *tv_queue_next(bool urgent) {
    struct tv_fetch *next = NULL;
    if (lists.running_count[urgent] >= max_running)
        return NULL;
    for (struct tv_fetch *fetch = lists.queued[urgent].first; fetch; fetch = fetch->next) {
        const struct tv_fetch_source *source = fetch->settings.source;
        if (has_turn(source, urgent) &&
            (!next || source->last_turn[urgent] < next->settings.source->last_turn[urgent]))
            next = fetch;
    }
    return next;
}

bool tv_queue_has_queued(void) { return lists.queued[true].first || lists.queued[false].first; }

struct tv_fetch *tv_queue_first_running(void) {
    struct tv_fetch *first = lists.running.first;
    return first;
}

struct tv_fetch *tv_queue_first_ended(void) {
    struct tv_fetch *first = lists.ended.first;
    return first;
}

void tv_queue_add(struct tv_fetch *fetch) {
    fetch->state = TV_FETCH_QUEUED;
    list_append(queue_of(fetch), fetch);
}

void tv_queue_start(struct tv_fetch *fetch) {
    struct tv_fetch_source *source = fetch->settings.source;
    bool urgent = fetch->settings.urgent;
    list_remove(queue_of(fetch), fetch);
    list_append(&lists.running, fetch);
    lists.running_count[urgent]++;
    source->running[urgent]++;
    source->last_turn[urgent] = ++lists.turns;
    fetch->state = TV_FETCH_RUNNING;
}

void tv_queue_remove(struct tv_fetch *fetch) {
    bool urgent = fetch->settings.urgent;
    if (fetch->state == TV_FETCH_QUEUED) {
        list_remove(queue_of(fetch), fetch);
    } else if (fetch->state == TV_FETCH_RUNNING) {
        list_remove(&lists.running, fetch);
        lists.running_count[urgent]--;
        fetch->settings.source->running[urgent]--;
    } else if (fetch->state == TV_FETCH_ENDED) {
        list_remove(&lists.ended, fetch);
    }
    fetch->state = TV_FETCH_UNLISTED;
}

void tv_queue_end(struct tv_fetch *fetch) {
    tv_queue_remove(fetch);
    fetch->state = TV_FETCH_ENDED;
    list_append(&lists.ended, fetch);
}

void tv_queue_restart_running(void) {
    struct list queued[] = {lists.queued[false], lists.queued[true]};
    struct tv_fetch *fetch;
    lists.queued[false] = lists.queued[true] = (struct list){0};
    while ((fetch = lists.running.first)) {
        tv_queue_remove(fetch);
        tv_queue_add(fetch);
    }
    for (int urgent = 0; urgent < 2; urgent++)
        while ((fetch = list_take(&queued[urgent])))
            list_append(&lists.queued[urgent], fetch);
}

void tv_queue_limit(size_t limit) {
    max_running = limit < TV_FETCH_MAX_RUNNING ? limit : TV_FETCH_MAX_RUNNING;
}
