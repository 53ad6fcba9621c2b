// SPDX-License-Identifier: MIT
// What the tests of key stores share: stores on the tests' server, asked at a time of their own.
#pragma once

#include "check.h"
#include "server.h"

#include "base/clock.h"
#include "store/keystore.h"

#define KEYS "test/vectors/keys/"
#define ENDS_WITHIN_MS 10000

#define OK_WITH(fields) "HTTP/1.1 200 OK\r\nConnection: close\r\n" fields "\r\n"
#define EMPTY_WITH(status) "HTTP/1.1 " status "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

static struct server server;

static inline int requests(int path) { return atomic_load(&server.paths[path].requests); }

static inline int conditional(int path) { return atomic_load(&server.paths[path].conditional); }

// The first path that no answer has to itself.
#define FIRST_FREE_PATH 40

// A path that no other test asks for, with this answer.
static inline int new_path(int answer) {
    static int next_path = FIRST_FREE_PATH;
    int path = next_path++;
    if (path >= SERVER_ANSWERS)
        check_abort("no path left");
    server_say(&server, path, answer);
    return path;
}

// Options with a short patience, and as a source the one URL, or none.
static inline struct tv_keystore_options options_of(const char *url) {
    struct tv_keystore_options options;
    tv_keystore_defaults(&options);
    options.connect_timeout_ms = ENDS_WITHIN_MS; // a busy machine may be slow to connect
    options.timeout_ms = 600;
    if (url) {
        options.source = TV_SOURCE_ASAP;
        options.urls[options.url_count++] = url;
    }
    return options;
}

// "http://127.0.0.1:<port>/<path>/<rest>"
static inline const char *url_of(int path, const char *rest, char url[128]) {
    snprintf(url, 128, "http://127.0.0.1:%d/%d/%s", server.port, path, rest);
    return url;
}

static inline struct tv_keystore *open_with(const struct tv_keystore_options *options) {
    struct tv_keystore *store = NULL;
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_OK, tv_keystore_open(options, &store, NULL, &detail), options->urls[0]);
    return store;
}

static inline enum tv_status get_at(struct tv_keystore *store, const char *key_id, int64_t now_ms,
                                    struct tv_key **key, struct tv_detail *detail) {
    *detail = (struct tv_detail){0};
    *key = NULL;
    struct tv_span copy = guard_copy(GUARD_KEY, key_id, strlen(key_id));
    struct tv_key_request request = {.key_id = copy, .announce = true};
    return tv_keystore_get(store, &request, now_ms, key, detail);
}

// Its status alone.
static inline enum tv_status ask_at(struct tv_keystore *store, const char *key_id, int64_t now_ms) {
    struct tv_key *key;
    struct tv_detail detail;
    return get_at(store, key_id, now_ms, &key, &detail);
}

// Drives the fetches until one has an outcome; NULL if none has.
static inline struct tv_outcome *wait_for_outcome(void) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    struct tv_outcome *outcome = tv_keystores_take_outcome();
    while (!outcome && tv_clock_steady_ms() < until_ms) {
        tv_keystores_step(50);
        outcome = tv_keystores_take_outcome();
    }
    return outcome;
}

// Drives them until none is under way.
static inline void drive(void) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (tv_keystores_step(0) > 0 && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(50);
}

// Likewise, and drops what is told.
static inline void finish_all(void) {
    drive();
    struct tv_outcome *outcome;
    while ((outcome = tv_keystores_take_outcome()))
        tv_outcome_free(outcome);
}

// Asks for a kid that is to be fetched, and gives the time after its outcome.
static inline int64_t fetch_key(struct tv_keystore *store, const char *key_id, int64_t now_ms,
                                const char *name) {
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, now_ms), name);
    finish_all();
    return tv_clock_steady_ms();
}

// Options of a store whose keys are never fresh, for check_stale_wait().
static inline struct tv_keystore_options never_fresh(struct tv_keystore_options options) {
    options.default_ttl_s = options.min_ttl_s = 0;
    options.stale_wait_ms = 100;
    options.timeout_ms = 5000;
    return options;
}

// Real time: a refresh is waited for a little, then the old key is handed to who waits. The store
// holds `key_id`; `silent` is an answer that never comes.
static inline void check_stale_wait(struct tv_keystore *store, int path, int silent,
                                    const char *key_id) {
    server_say(&server, path, silent);
    int64_t asked_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, asked_ms), "not fresh any more");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, asked_ms), "nor for somebody else");
    struct tv_outcome *outcome = wait_for_outcome();
    CHECK(outcome && outcome->key, "the old key");
    CHECK(tv_clock_steady_ms() >= asked_ms + 100, "after its wait");
    CHECK(tv_clock_steady_ms() < asked_ms + 4000, "and not at the end of the fetch");
    tv_outcome_free(outcome);
    CHECK(!tv_keystores_take_outcome(), "told once to all who wait");
    CHECK_NUMBER(1, tv_keystore_stats(store, asked_ms).in_flight, "the refresh goes on");
    CHECK_STATUS(TV_OK, ask_at(store, key_id, tv_clock_steady_ms()), "nobody waits twice");
}
