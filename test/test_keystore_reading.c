// SPDX-License-Identifier: MIT
// Large sets are read over several steps, between which the server does other things.
#include "net/fetch_internal.h"
#include "store/keystore_internal.h"
#include "stores.h"

#include "expand.h"

#include <poll.h>

enum { LARGE, SMALL, UNREADABLE, LONG };

// Of JSON around the keys.
#define LONG_LENGTH 300000

// Of two in effort each: 24 a step, and then the rest.
#define LARGE_COUNT 100
#define LARGE_STEPS 5

static struct server_answer answers[SERVER_ANSWERS] = {
    [LARGE] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\n")},
    [SMALL] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\n")},
    [UNREADABLE] = {.bytes = OK_WITH("") "{\"keys\":[]"},
};

// Keys of EC with the kids 0 to LARGE_COUNT - 1.
static char *large_set(void) {
    char *key = expand("$E"), *text = check_malloc(EXPANDED_SIZE);
    size_t used = (size_t)snprintf(text, EXPANDED_SIZE, "{\"keys\":[");
    for (int i = 0; i < LARGE_COUNT; i++)
        used += (size_t)snprintf(text + used, EXPANDED_SIZE - used, "%s{%s,\"kid\":\"%d\"}",
                                 i > 0 ? "," : "", key, i);
    snprintf(text + used, EXPANDED_SIZE - used, "]}");
    free(key);
    return text;
}

static struct tv_keystore *open_set(int path) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "set.json", url));
    options.source = TV_SOURCE_JWKS;
    return open_with(&options);
}

static bool is_reading(struct tv_keystore *store) {
    const struct tv_pending *pending = tv_pending_find_set(store);
    return pending && pending->reader;
}

// Steps until the set has come, and the first part of it is read.
static void step_to_reading(struct tv_keystore *store) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (!is_reading(store) && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(50);
    CHECK(is_reading(store), "it is being read");
}

// Whether whoever watches the descriptor would step again at once.
static bool is_woken(void) {
    struct pollfd watched = {.fd = tv_keystores_descriptor(), .events = POLLIN};
    return poll(&watched, 1, 0) == 1;
}

// Steps until it is read; how many that took.
static int finish(struct tv_keystore *store) {
    int steps = 0;
    for (; is_reading(store) && steps < LARGE_COUNT; steps++) {
        CHECK(is_woken(), "woken to go on");
        tv_keystores_step(0);
    }
    return steps;
}

static void test_first(void) {
    struct tv_keystore *store = open_set(new_path(LARGE));
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "0", now_ms), "before it came");
    step_to_reading(store);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "0", now_ms), "read, but not the others");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "99", now_ms), "not read yet");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "100", now_ms), "not there");
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).held, "none held");
    CHECK(!tv_keystores_take_outcome(), "nobody is told");
    int steps = finish(store);
    CHECK_NUMBER(LARGE_STEPS - 1, steps, "steps");
    CHECK_NUMBER(LARGE_COUNT, tv_keystore_stats(store, now_ms).held, "all held");
    for (int i = 0; i < 3; i++) {
        struct tv_outcome *outcome = tv_keystores_take_outcome();
        if (CHECK(outcome != NULL, "each is told"))
            CHECK((outcome->key != NULL) != tv_span_equal(outcome->key_id, TV_SPAN("100")),
                  "what it asked for");
        tv_outcome_free(outcome);
    }
    CHECK_STATUS(TV_OK, ask_at(store, "0", now_ms), "0");
    CHECK_STATUS(TV_OK, ask_at(store, "99", now_ms), "99");
    CHECK_NUMBER(0, tv_keystores_step(0), "nothing is under way");
    tv_keystore_free(store);
}

// The old set serves until the new one is whole, and nothing is fetched twice.
static void test_refresh(void) {
    int path = new_path(SMALL);
    struct tv_keystore *store = open_set(path);
    fetch_key(store, "a", tv_clock_steady_ms(), "a");
    server_say(&server, path, LARGE);
    int64_t now_ms = tv_clock_steady_ms();
    tv_keystore_refresh(store, now_ms);
    step_to_reading(store);
    CHECK_STATUS(TV_OK, ask_at(store, "a", now_ms), "the old key serves");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "0", now_ms), "the new one waits");
    tv_keystore_refresh(store, now_ms);
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, "one under way");
    int steps = finish(store);
    CHECK_NUMBER(LARGE_STEPS - 1, steps, "steps");
    CHECK_STATUS(TV_OK, ask_at(store, "0", now_ms), "the new key");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", now_ms), "the old one is gone");
    CHECK_NUMBER(2, requests(path), "requests");
    finish_all();
    tv_keystore_free(store);
}

static void test_forgotten(void) {
    int path = new_path(LARGE);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "0", now_ms), "0");
    step_to_reading(store);
    tv_keystore_forget(store, NULL);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "0", now_ms), "still being read");
    finish_all();
    CHECK_STATUS(TV_OK, ask_at(store, "0", now_ms), "what came afterwards");
    CHECK_NUMBER(1, requests(path), "requests");
    tv_keystore_free(store);
}

static void test_closed(void) {
    struct tv_keystore *store = open_set(new_path(LARGE));
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "0", tv_clock_steady_ms()), "0");
    step_to_reading(store);
    tv_keystore_free(store);
    CHECK_NUMBER(0, tv_keystores_step(0), "nothing is left of it");
}

// Several at once take no more of a step than one.
static void test_several(void) {
    struct tv_keystore *stores[4];
    enum { COUNT = sizeof stores / sizeof stores[0] };
    int64_t now_ms = tv_clock_steady_ms(), until_ms = now_ms + ENDS_WITHIN_MS;
    for (int i = 0; i < COUNT; i++) {
        stores[i] = open_set(new_path(LARGE));
        CHECK_STATUS(TV_KEY_PENDING, ask_at(stores[i], "0", now_ms), "0");
    }
    int steps = 0; // in which something was read
    bool before = false;
    while (tv_keystores_step(50) > 0 && tv_clock_steady_ms() < until_ms) {
        bool after = false;
        for (int i = 0; i < COUNT; i++)
            after = after || is_reading(stores[i]);
        steps += before || after;
        before = after;
    }
    steps += before;
    CHECK(steps > COUNT * (LARGE_STEPS - 1), "steps");
    for (int i = 0; i < COUNT; i++) {
        CHECK_STATUS(TV_OK, ask_at(stores[i], "99", now_ms), "99");
        tv_keystore_free(stores[i]);
    }
}

// A caller that drives the fetches itself is not held up.
static void test_blocking(void) {
    struct tv_keystore *store = open_set(new_path(LARGE));
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    struct tv_key_request request = {.key_id = TV_SPAN("99")};
    enum tv_status status;
    int64_t from_ms = tv_clock_steady_ms();
    while ((status = tv_keystore_get(store, &request, from_ms, &key, &detail)) == TV_KEY_PENDING &&
           tv_clock_steady_ms() < from_ms + ENDS_WITHIN_MS)
        tv_keystores_step(ENDS_WITHIN_MS);
    CHECK_STATUS(TV_OK, status, "99");
    tv_keystore_free(store);
}

// What is no set is known at once.
static void test_unreadable(void) {
    int path = new_path(SMALL);
    struct tv_keystore *store = open_set(path);
    fetch_key(store, "a", tv_clock_steady_ms(), "a");
    server_say(&server, path, UNREADABLE);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    CHECK(!is_reading(store), "nothing to read");
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), "the old key serves");
    CHECK_NUMBER(1, tv_keystore_stats(store, 0).failed_key, "counted");
    tv_keystore_free(store);
}

static char *long_set(void) {
    char *small = expand("{\"keys\":[{$R,\"kid\":\"a\"}],\"more\":\""),
         *text = check_malloc(LONG_LENGTH);
    size_t start = (size_t)snprintf(text, LONG_LENGTH, "%s", small);
    memset(text + start, 'x', LONG_LENGTH - start);
    snprintf(text + LONG_LENGTH - 3, 3, "\"}");
    free(small);
    return text;
}

// Whether the answer to its fetch is there to be looked at.
static bool has_come(struct tv_keystore *store) {
    return tv_pending_find_set(store)->fetch->state == TV_FETCH_ENDED;
}

// Parsing long JSON is work too: of many that come together one is parsed in a step.
static void test_together(void) {
    enum { COUNT = 3 };
    struct tv_keystore *stores[COUNT];
    for (int i = 0; i < COUNT; i++) {
        stores[i] = open_set(new_path(LONG));
        CHECK_STATUS(TV_KEY_PENDING, ask_at(stores[i], "a", tv_clock_steady_ms()), "a");
    }
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    for (int i = 0; i < COUNT; i++)
        while (!has_come(stores[i]) && tv_clock_steady_ms() < until_ms)
            tv_fetcher_step(50);
    for (int parsed = 1; parsed <= COUNT; parsed++) {
        tv_keystores_step(0);
        int reading = 0;
        for (int i = 0; i < COUNT; i++)
            reading += is_reading(stores[i]);
        CHECK_NUMBER(parsed, reading, "parsed so far");
        CHECK(is_woken(), "woken to go on");
    }
    finish_all();
    for (int i = 0; i < COUNT; i++) {
        CHECK_STATUS(TV_OK, ask_at(stores[i], "a", tv_clock_steady_ms()), "a");
        tv_keystore_free(stores[i]);
    }
}

int main(void) {
    server_listen(&server);
    char *bodies[] = {large_set(), expand("{\"keys\":[{$R,\"kid\":\"a\"}]}"), long_set()};
    answers[LARGE].body = bodies[0];
    answers[SMALL].body = bodies[1];
    answers[LONG] = (struct server_answer){.bytes = OK_WITH(""), .body = bodies[2]};
    server_start(&server, answers);
    test_first();
    test_refresh();
    test_forgotten();
    test_closed();
    test_several();
    test_blocking();
    test_unreadable();
    test_together();
    server_stop(&server);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        free(bodies[i]);
    return check_report("test_keystore_reading");
}
