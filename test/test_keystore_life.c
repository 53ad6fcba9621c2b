// SPDX-License-Identifier: MIT
// How keys of key servers go on: servers that stand in for each other, revalidation, back-off, and
// what is held for whom.
#include "stores.h"

enum {
    GOOD,      // for 1000 s, with an ETag
    GOOD_DATE, // with Last-Modified
    GOOD_BARE, // without either
    OTHER,     // another key
    SAME,      // 304, for 500 s
    SAME_PLAIN,
    NOT_FOUND,
    FORBIDDEN,
    PAGE,
    ERROR,
    BUSY,
    RESET,
    SILENT,
    RETRY_20,
    RETRY_LONG,
    RETRY_0,
    ANSWER_COUNT
};

static struct server_answer answers[SERVER_ANSWERS] = {
    [GOOD] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\nETag: \"one\"\r\n")},
    [GOOD_DATE] = {.bytes = OK_WITH("Last-Modified: Mon, 06 Jan 2025 10:00:00 GMT\r\n")},
    [GOOD_BARE] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\n")},
    [OTHER] = {.bytes = OK_WITH("ETag: \"two\"\r\n")},
    [SAME] = {.bytes = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n"
                       "Cache-Control: max-age=500\r\nETag: \"one\"\r\n\r\n"},
    [SAME_PLAIN] = {.bytes = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n"},
    [NOT_FOUND] = {.bytes = EMPTY_WITH("404 Not Found")},
    [FORBIDDEN] = {.bytes = EMPTY_WITH("403 Forbidden")},
    [PAGE] = {.bytes = OK_WITH("") "<html>Log in</html>"},
    [ERROR] = {.bytes = EMPTY_WITH("500 Internal Server Error")},
    [BUSY] = {.bytes = EMPTY_WITH("429 Too Many Requests")},
    [RESET] = {.bytes = ""},
    [RETRY_20] = {.bytes = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                           "Retry-After: 20\r\nContent-Length: 0\r\n\r\n"},
    [RETRY_LONG] = {.bytes = "HTTP/1.1 429 Too Many Requests\r\nConnection: close\r\n"
                             "Retry-After: 86400\r\nContent-Length: 0\r\n\r\n"},
    [RETRY_0] = {.bytes = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"
                          "Retry-After: 0\r\nContent-Length: 0\r\n\r\n"},
};

static struct tv_keystore *open_path(int path) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    return open_with(&options);
}

// Two servers in one list: what the first answers, and who is then asked.
static const struct {
    int first, second;
    const char *name;
    enum tv_status status;
    bool second_asked;
} lists[] = {
    {GOOD, ERROR, "good", TV_OK, false},
    {ERROR, GOOD, "500", TV_OK, true},
    {BUSY, GOOD, "429", TV_OK, true},
    {RESET, GOOD, "no answer", TV_OK, true},
    {SILENT, GOOD, "silence", TV_OK, true},
    {ERROR, SILENT, "500 and silence", TV_KEY_SOURCE_UNAVAILABLE, true},
    {ERROR, NOT_FOUND, "500 and 404", TV_KEY_NOT_FOUND, true},
    {ERROR, PAGE, "500 and a page", TV_KEY_UNUSABLE, true},
    // These are answers: nobody else is asked for another.
    {NOT_FOUND, GOOD, "404", TV_KEY_NOT_FOUND, false},
    {FORBIDDEN, GOOD, "403", TV_KEY_UNUSABLE, false},
    {PAGE, GOOD, "a page", TV_KEY_UNUSABLE, false},
};

static void test_lists(void) {
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        const char *name = lists[i].name;
        int first = new_path(lists[i].first), second = new_path(lists[i].second);
        char urls[2][128];
        struct tv_keystore_options options = options_of(url_of(first, "", urls[0]));
        options.urls[options.url_count++] = url_of(second, "", urls[1]);
        struct tv_keystore *store = open_with(&options);
        CHECK(strchr(tv_keystore_source(store), ','), "both are named");
        int64_t now_ms = tv_clock_steady_ms();
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", now_ms), name);
        struct tv_outcome *outcome = wait_for_outcome();
        if (CHECK(outcome != NULL, name)) {
            CHECK((outcome->key != NULL) == (lists[i].status == TV_OK), name);
            CHECK_STATUS(lists[i].status, outcome->absence.status, name);
        }
        tv_outcome_free(outcome);
        outcome = tv_keystores_take_outcome();
        CHECK(!outcome, name);
        tv_outcome_free(outcome);
        now_ms = tv_clock_steady_ms();
        CHECK_STATUS(lists[i].status, ask_at(store, "one", now_ms), name);
        CHECK_NUMBER(1, requests(first), name);
        CHECK_NUMBER(lists[i].second_asked ? 1 : 0, requests(second), name);
        // Who failed is left alone for a while, and the other is asked at once.
        if (lists[i].second_asked && lists[i].status == TV_OK) {
            fetch_key(store, "two", now_ms, name);
            CHECK_NUMBER(1, requests(first), name);
            CHECK_NUMBER(2, requests(second), name);
        }
        tv_keystore_free(store);
    }
}

// What one server said of its key is not asked of another, whose key may differ.
static void test_list_refresh(void) {
    int first = new_path(ERROR), second = new_path(GOOD);
    char urls[2][128];
    struct tv_keystore_options options = options_of(url_of(first, "", urls[0]));
    options.urls[options.url_count++] = url_of(second, "", urls[1]);
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "one", tv_clock_steady_ms(), "from the second");
    server_say(&server, first, OTHER);
    tv_keystore_refresh(store, tv_clock_steady_ms() + 2000); // past the first one's back-off
    finish_all();
    CHECK_NUMBER(2, requests(first), "the first is asked again");
    CHECK_NUMBER(0, conditional(first), "without what the second said");
    CHECK_NUMBER(1, requests(second), "the second is not");
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    CHECK_NUMBER(1, conditional(first), "its own key");
    tv_keystore_free(store);
}

// The first fails at a refresh, and the second says that nothing has changed: it was not asked.
static void test_list_not_modified(void) {
    int first = new_path(GOOD), second = new_path(SAME);
    char urls[2][128];
    struct tv_keystore_options options = options_of(url_of(first, "", urls[0]));
    options.urls[options.url_count++] = url_of(second, "", urls[1]);
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "one", tv_clock_steady_ms(), "from the first");
    struct tv_key_walk walk = {0};
    CHECK(tv_keystore_walk(store, &walk), "a key");
    int64_t until_ms = walk.life->fresh_until_ms;
    server_say(&server, first, ERROR);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    struct tv_outcome *outcome = wait_for_outcome();
    if (CHECK(outcome && outcome->key, "the old key"))
        CHECK_NUMBER(304, outcome->absence.detail.number, "what the second said");
    tv_outcome_free(outcome);
    CHECK_NUMBER(1, conditional(first), "its own answer");
    CHECK_NUMBER(1, requests(second), "asked next");
    CHECK_NUMBER(0, conditional(second), "not about the answer of the first");
    CHECK_NUMBER(0, tv_keystore_stats(store, 0).not_modified, "it confirms nothing");
    CHECK_NUMBER(until_ms, walk.life->fresh_until_ms, "nor makes anything fresh");
    tv_keystore_free(store);
}

// What is confirmed is what was asked about, and not the key that was put there meanwhile.
static void test_not_modified_but_put(struct tv_key *mine) {
    int path = new_path(GOOD);
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = fetch_key(store, "one", tv_clock_steady_ms(), "one");
    server_say(&server, path, SAME);
    tv_keystore_refresh(store, now_ms);
    CHECK_STATUS(TV_OK, tv_keystore_put(store, TV_SPAN("one"), mine, 0, now_ms), "put");
    finish_all();
    CHECK_NUMBER(1, tv_keystore_stats(store, 0).not_modified, "304");
    struct tv_key_walk walk = {0};
    CHECK(tv_keystore_walk(store, &walk) && walk.key == mine, "the one that was put");
    CHECK_NUMBER(INT64_MAX, walk.life->fresh_until_ms, "for ever, as it was put");
    tv_keystore_free(store);
}

static struct tv_key_walk only_key(struct tv_keystore *store) {
    struct tv_key_walk walk = {0}, past = {0};
    CHECK(tv_keystore_walk(store, &walk), "a key");
    past = walk;
    CHECK(!tv_keystore_walk(store, &past), "only one");
    return walk;
}

// What a refresh brings, for a key that was fetched and is about to end.
static const struct {
    int first, then;
    const char *name;
    enum tv_status status;
    int64_t lifetime_s; // of what is held afterwards; 0: as before
    int conditional;
    bool replaced;
} refreshes[] = {
    {GOOD, SAME, "304", TV_OK, 500, 1, false},
    {GOOD, SAME_PLAIN, "304 that says nothing", TV_OK, 600, 1, false},
    {GOOD_DATE, SAME, "304 by date", TV_OK, 500, 1, false},
    {GOOD, GOOD, "200", TV_OK, 1000, 1, true},
    {OTHER, GOOD, "another key", TV_OK, 1000, 1, true},
    {PAGE, SAME, "304 for nothing", TV_KEY_UNUSABLE, 0, 0, false},
    {GOOD_BARE, SAME, "304 that nobody asked for", TV_OK, 0, 0, false},
    {GOOD, NOT_FOUND, "404", TV_KEY_NOT_FOUND, 0, 1, false},
    {GOOD, ERROR, "500", TV_OK, 0, 1, false},
    {GOOD, RESET, "no answer", TV_OK, 0, 1, false},
    {GOOD, FORBIDDEN, "403", TV_OK, 0, 1, false},
    {GOOD, PAGE, "a page", TV_OK, 0, 1, false},
};

static void test_refreshes(void) {
    for (size_t i = 0; i < sizeof refreshes / sizeof refreshes[0]; i++) {
        const char *name = refreshes[i].name;
        int path = new_path(refreshes[i].first);
        struct tv_keystore *store = open_path(path);
        int64_t now_ms = fetch_key(store, "one", tv_clock_steady_ms(), name);
        bool held = refreshes[i].first != PAGE;
        struct tv_key *before = held ? tv_key_retain(only_key(store).key) : NULL;
        int64_t until_ms = held ? only_key(store).life->fresh_until_ms : 0;
        server_say(&server, path, refreshes[i].then);
        if (held) {
            // In the last tenth it serves, and is refreshed in the background.
            int64_t late_ms = only_key(store).life->fresh_until_ms - 1;
            CHECK_STATUS(TV_OK, ask_at(store, "one", late_ms), name);
            CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, name);
            finish_all();
        } else {
            fetch_key(store, "one", now_ms + 31000, name);
        }
        CHECK_NUMBER(2, requests(path), name);
        CHECK_NUMBER(refreshes[i].conditional, conditional(path), name);
        now_ms = tv_clock_steady_ms();
        CHECK_STATUS(refreshes[i].status, ask_at(store, "one", now_ms), name);
        if (refreshes[i].status == TV_OK) {
            struct tv_key_walk after = only_key(store);
            CHECK((after.key != before) == refreshes[i].replaced, name);
            if (refreshes[i].lifetime_s > 0)
                CHECK_NUMBER(refreshes[i].lifetime_s * 1000,
                             after.life->fresh_until_ms - after.life->stored_ms, name);
            else // left alone for a while, though it is due
                CHECK_STATUS(TV_OK, ask_at(store, "one", now_ms + 500), name);
            if (refreshes[i].lifetime_s == 0)
                CHECK_NUMBER(until_ms, after.life->fresh_until_ms, name);
        }
        CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).in_flight, name);
        CHECK_NUMBER(refreshes[i].lifetime_s > 0 && !refreshes[i].replaced,
                     tv_keystore_stats(store, now_ms).not_modified, name);
        tv_key_free(before);
        tv_keystore_free(store);
    }
}

// A key that could not be refreshed serves until the limit of staleness, and not longer.
static void test_stale_limit(void) {
    int path = new_path(GOOD);
    struct tv_keystore *store = open_path(path);
    fetch_key(store, "one", tv_clock_steady_ms(), "stale");
    server_say(&server, path, ERROR);
    const struct tv_lifetime life = *only_key(store).life;
    CHECK_NUMBER(3600000, life.stale_until_ms - life.fresh_until_ms, "an hour");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", life.fresh_until_ms), "waited for");
    finish_all();
    CHECK_STATUS(TV_OK, ask_at(store, "one", tv_clock_steady_ms() + 700), "stale");
    CHECK_NUMBER(2, requests(path), "stale");
    // The source is asked again whenever its back-off is over, and the key serves meanwhile.
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", life.stale_until_ms - 1), "the last moment");
    finish_all();
    CHECK_NUMBER(1, tv_keystore_stats(store, life.stale_until_ms - 1).stale, "stale");
    CHECK_NUMBER(0, tv_keystore_stats(store, life.stale_until_ms).stale, "over");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", life.stale_until_ms), "over");
    CHECK_NUMBER(0, tv_keystore_stats(store, life.stale_until_ms).held, "dropped");
    tv_keystore_free(store);
}

static void test_stale_wait(void) {
    char url[128];
    int path = new_path(GOOD_DATE);
    struct tv_keystore_options options = never_fresh(options_of(url_of(path, "", url)));
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = fetch_key(store, "one", tv_clock_steady_ms(), "stale wait");
    CHECK_STATUS(TV_OK, ask_at(store, "one", now_ms + 100), "who waited gets it, fresh or not");
    check_stale_wait(store, path, SILENT, "one");
    tv_keystore_free(store);
}

// The pause after a failure doubles up to its cap, and is a quarter shorter at the most.
static void test_back_off(void) {
    int path = new_path(ERROR);
    struct tv_keystore *store = open_path(path);
    int64_t ask_ms = tv_clock_steady_ms();
    char name[32];
    for (int round = 0; round < 9; round++) {
        int64_t delay_ms = round < 6 ? (int64_t)1000 << round : 60000;
        snprintf(name, sizeof name, "round %d", round);
        int64_t from_ms = tv_clock_steady_ms();
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", ask_ms), name);
        finish_all();
        struct tv_key *key;
        struct tv_detail detail;
        CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE,
                     get_at(store, "one", from_ms + delay_ms * 3 / 4 - 1, &key, &detail), name);
        CHECK_NUMBER(500, detail.number, name);
        CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE,
                     ask_at(store, "another", from_ms + delay_ms * 3 / 4 - 1), name);
        ask_ms = tv_clock_steady_ms() + delay_ms;
    }
    CHECK_NUMBER(9, requests(path), "a request for each");
    // One answer, and all is forgotten.
    server_say(&server, path, NOT_FOUND);
    fetch_key(store, "one", ask_ms, "back");
    server_say(&server, path, ERROR);
    fetch_key(store, "two", tv_clock_steady_ms(), "again");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "two", tv_clock_steady_ms() + 1000), "a second");
    tv_keystore_free(store);
}

// After a failure one look-up tries the source; the others follow if that goes well, or fail with
// it.
static void test_probe(void) {
    char url[128];
    int path = new_path(ERROR);
    struct tv_keystore_options options = options_of(url_of(path, "keys", url));
    options.back_off_min_ms = options.back_off_max_ms = 1;
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "first", tv_clock_steady_ms(), "first");
    for (int round = 0; round < 2; round++) {
        server_say(&server, path, round == 0 ? ERROR : NOT_FOUND);
        usleep(3000); // past the back-off
        int64_t now_ms = tv_clock_steady_ms();
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", now_ms), "a");
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "b", now_ms), "b");
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "c", now_ms), "c");
        struct tv_keystore_stats stats = tv_keystore_stats(store, now_ms);
        CHECK_NUMBER(1, stats.in_flight, "one tries");
        CHECK_NUMBER(2, stats.queued, "the others wait");
        finish_all();
        CHECK_NUMBER(round == 0 ? 2 : 5, requests(path), "requests");
        CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).queued, "all are answered");
    }
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "c", tv_clock_steady_ms()), "c");
    tv_keystore_free(store);
}

// Fetches that were under way together fail together: that is one failure.
static void test_one_round(void) {
    struct tv_keystore *store = open_path(new_path(RESET));
    int64_t now_ms = tv_clock_steady_ms() - 1; // before any of them ends
    char key_id[16];
    for (int i = 0; i < 12; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, now_ms), key_id);
    }
    finish_all();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "kid 0", tv_clock_steady_ms() + 1000), "a second");
    tv_keystore_free(store);
}

// RFC 9110 section 10.2.3, up to the longest pause.
static const struct {
    int answer;
    const char *name;
    int64_t not_before_ms, at_last_ms;
} retries[] = {
    {RETRY_20, "20 s", 20000, 20000},
    {RETRY_LONG, "a day", 60000, 60000},
    {RETRY_0, "at once", 750, 1000},
};

static void test_retry_after(void) {
    for (size_t i = 0; i < sizeof retries / sizeof retries[0]; i++) {
        const char *name = retries[i].name;
        struct tv_keystore *store = open_path(new_path(retries[i].answer));
        int64_t from_ms = tv_clock_steady_ms();
        fetch_key(store, "one", from_ms, name);
        CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE,
                     ask_at(store, "one", from_ms + retries[i].not_before_ms - 1), name);
        int64_t at_last_ms = tv_clock_steady_ms() + retries[i].at_last_ms + 5000;
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", at_last_ms), name);
        tv_keystore_free(store);
    }
}

// Made-up kids, however many, push no key out, and are remembered up to a limit of their own.
static void test_absences(void) {
    int path = new_path(GOOD);
    char url[128], key_id[16];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.negative_size = 4;
    options.cache_size = 2;
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "one", tv_clock_steady_ms(), "a key");
    server_say(&server, path, NOT_FOUND);
    for (int i = 0; i < 10; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        int64_t now_ms = fetch_key(store, key_id, tv_clock_steady_ms(), key_id);
        CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, key_id, now_ms), key_id);
    }
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_keystore_stats stats = tv_keystore_stats(store, now_ms);
    CHECK_NUMBER(4, stats.negative, "the last four");
    CHECK_NUMBER(1, stats.held, "held");
    CHECK_STATUS(TV_OK, ask_at(store, "one", now_ms), "the key");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "kid 9", now_ms), "the last of them");
    CHECK_NUMBER(10, requests(path) - 1, "one request for each");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "kid 9", now_ms + 30000), "30 s later");
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms + 30000).negative, "30 s later");
    tv_keystore_free(store);
}

// What was fetched is there for who waited for it, whatever the size of the cache.
static void test_pinning(void) {
    int path = new_path(GOOD);
    char url[128], key_id[16];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.cache_size = 2;
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = tv_clock_steady_ms();
    for (int i = 0; i < 8; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, now_ms), key_id);
    }
    finish_all();
    now_ms = tv_clock_steady_ms();
    CHECK_NUMBER(8, tv_keystore_stats(store, now_ms).held, "all");
    for (int i = 0; i < 8; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        CHECK_STATUS(TV_OK, ask_at(store, key_id, now_ms), key_id);
    }
    CHECK_NUMBER(8, requests(path), "none twice");
    // Now nobody waits.
    fetch_key(store, "more", now_ms, "more");
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).held, "as many as may be");
    // Who does not come back is not waited for, for ever.
    fetch_key(store, "and", tv_clock_steady_ms(), "and");
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).held, "who waited has not come back yet");
    tv_keystore_free(store);
}

// A client's place is free again once the look-up of its kid has ended; a kid that others asked for
// takes none.
static void test_client_again(void) {
    int path = new_path(NOT_FOUND);
    char url[128], key_id[16];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.max_per_client = 2;
    struct tv_keystore *store = open_with(&options);
    struct tv_detail detail = {0};
    struct tv_key *key;
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "shared", tv_clock_steady_ms()), "another's");
    for (int i = 0; i < 4; i++) {
        int64_t now_ms = tv_clock_steady_ms();
        enum tv_status expected[] = {TV_KEY_PENDING, TV_KEY_PENDING, TV_KEY_SOURCE_OVERLOADED};
        struct tv_key_request request = {.client = TV_SPAN("192.0.2.1"), .announce = true};
        if (i == 0) {
            request.key_id = TV_SPAN("shared");
            CHECK_STATUS(TV_KEY_PENDING, tv_keystore_get(store, &request, now_ms, &key, &detail),
                         "shared");
        }
        for (int n = 0; n < 3; n++) {
            snprintf(key_id, sizeof key_id, "kid %d/%d", i, n);
            request.key_id = tv_span_of(key_id);
            CHECK_STATUS(expected[n], tv_keystore_get(store, &request, now_ms, &key, &detail),
                         key_id);
        }
        finish_all();
    }
    CHECK_NUMBER(4, tv_keystore_stats(store, 0).overloaded, "overloaded");
    tv_keystore_free(store);
}

// What has been queued for longer than anybody waits is not worth a fetch.
static void test_queue(void) {
    int path = new_path(GOOD);
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.max_running = 1;
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", now_ms), "in flight");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "late", now_ms - 6000), "queued too long");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "two", now_ms), "queued");
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, "one at a time");
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).queued, "the others");
    for (int i = 0; i < 3; i++) {
        struct tv_outcome *outcome = wait_for_outcome();
        if (!CHECK(outcome != NULL, "has an outcome"))
            break;
        if (tv_span_equal(outcome->key_id, TV_SPAN("late"))) {
            CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, outcome->absence.status, "late");
            CHECK_NUMBER(TV_REASON_WAITED, outcome->absence.detail.reason, "late");
            CHECK_NUMBER(6, outcome->absence.detail.limit, "late");
        } else {
            CHECK(outcome->key != NULL, "the others");
        }
        tv_outcome_free(outcome);
    }
    CHECK_NUMBER(2, requests(path), "not for the late one");
    tv_keystore_free(store);
}

// Behind a source that has just failed nothing waits any longer.
static void test_queue_fails(void) {
    int path = new_path(ERROR);
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.max_running = 1;
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = tv_clock_steady_ms();
    for (int i = 0; i < 5; i++) {
        char key_id[16];
        snprintf(key_id, sizeof key_id, "kid %d", i);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, now_ms), key_id);
    }
    for (int i = 0; i < 5; i++) {
        struct tv_outcome *outcome = wait_for_outcome();
        CHECK(outcome && !outcome->key && outcome->absence.status == TV_KEY_SOURCE_UNAVAILABLE,
              "told");
        tv_outcome_free(outcome);
    }
    CHECK_NUMBER(1, requests(path), "one request");
    tv_keystore_free(store);
}

// As a person calls it: asked at once, whatever pause was meant for the source.
static void test_refresh_in_pause(void) {
    int path = new_path(GOOD);
    struct tv_keystore *store = open_path(path);
    fetch_key(store, "one", tv_clock_steady_ms(), "one");
    server_say(&server, path, ERROR);
    for (int i = 2; i <= 3; i++) {
        tv_keystore_refresh(store, tv_clock_steady_ms());
        finish_all();
        CHECK_NUMBER(i, requests(path), "asked again");
    }
    CHECK_STATUS(TV_OK, ask_at(store, "one", tv_clock_steady_ms()), "the key held");
    // Of several keys one finds out whether the source is back, and the others are told.
    server_say(&server, path, GOOD);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    fetch_key(store, "two", tv_clock_steady_ms(), "two");
    server_say(&server, path, ERROR);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    int before = requests(path);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    for (int i = 0; i < 2; i++) {
        struct tv_outcome *outcome = wait_for_outcome();
        if (CHECK(outcome && outcome->key, "the key held"))
            CHECK_NUMBER(TV_REASON_HTTP_STATUS, outcome->absence.detail.reason, "why");
        tv_outcome_free(outcome);
    }
    CHECK_NUMBER(before + 1, requests(path), "one request");
    tv_keystore_free(store);
}

// Steps until as many requests have come as that, or a second has passed.
static void step_to(int path, int count) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (requests(path) < count && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(10);
    CHECK_NUMBER(count, requests(path), "asked so often");
}

static void step_until_held(struct tv_keystore *store, size_t held) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (tv_keystore_stats(store, 0).held != held && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(10);
    CHECK_NUMBER(held, tv_keystore_stats(store, 0).held, "held");
}

// Made-up kids that hang, until nobody can ask for one more.
static void flood(struct tv_keystore *store, int64_t now_ms) {
    static int made_up;
    char key_id[24];
    enum tv_status status = TV_KEY_PENDING;
    for (int i = 0; i < 2000 && status == TV_KEY_PENDING; i++) {
        snprintf(key_id, sizeof key_id, "made up %d", made_up++);
        status = ask_at(store, key_id, now_ms);
    }
    CHECK_STATUS(TV_KEY_SOURCE_OVERLOADED, status, "full");
}

// However many kids are made up, a key that is withdrawn is dropped as if nobody did.
static void test_withdrawn_under_flood(void) {
    int path = new_path(GOOD);
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.timeout_ms = ENDS_WITHIN_MS;
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = fetch_key(store, "one", tv_clock_steady_ms(), "one");
    int64_t late_ms = only_key(store).life->fresh_until_ms - 1;
    server_say(&server, path, SILENT);
    flood(store, now_ms);
    step_to(path, 1 + 16);
    server_say(&server, path, NOT_FOUND);
    CHECK_STATUS(TV_OK, ask_at(store, "one", late_ms), "it serves, and is asked about");
    CHECK_NUMBER(17, tv_keystore_stats(store, now_ms).in_flight, "at once");
    CHECK_NUMBER(1024, tv_keystore_stats(store, now_ms).queued, "those wait on");
    step_until_held(store, 0);
    CHECK_NUMBER(18, requests(path), "for it alone");
    tv_keystore_free(store);
}

// The limits of the process are none for it either, nor the hanging of other sources.
static void test_withdrawn_under_flood_elsewhere(void) {
    int path = new_path(GOOD);
    struct tv_keystore *store = open_path(path), *others[24]; // 22 have all
    fetch_key(store, "one", tv_clock_steady_ms(), "one");
    int64_t late_ms = only_key(store).life->fresh_until_ms - 1;
    int other_path = 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char url[128];
        other_path = new_path(SILENT);
        struct tv_keystore_options options = options_of(url_of(other_path, "", url));
        options.timeout_ms = 10 * ENDS_WITHIN_MS;
        others[i] = open_with(&options);
        flood(others[i], tv_clock_steady_ms());
        for (int step = 0; step < 20; step++) // each has its own before the next one comes
            tv_keystores_step(0);
    }
    for (int i = 0; i < 20; i++)
        tv_keystores_step(10);
    CHECK_NUMBER(0, requests(other_path), "no slot is left for the last of them");
    server_say(&server, path, NOT_FOUND);
    CHECK_STATUS(TV_OK, ask_at(store, "one", late_ms), "it serves, and is asked about");
    step_until_held(store, 0);
    CHECK_NUMBER(2, requests(path), "asked");
    CHECK_NUMBER(0, requests(other_path), "and still none for others");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        tv_keystore_free(others[i]);
    tv_keystore_free(store);
}

// A source that fails for made-up kids is asked about those that are held.
static void test_withdrawn_under_failing_flood(void) {
    int path = new_path(GOOD_DATE);
    char url[128];
    struct tv_keystore_options options = never_fresh(options_of(url_of(path, "", url)));
    options.back_off_min_ms = 60000;
    struct tv_keystore *store = open_with(&options);
    int64_t now_ms = fetch_key(store, "one", tv_clock_steady_ms(), "one");
    server_say(&server, path, ERROR);
    now_ms = fetch_key(store, "made up", now_ms, "made up");
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, ask_at(store, "made up", now_ms), "left alone");
    server_say(&server, path, NOT_FOUND);
    CHECK_STATUS(TV_OK, ask_at(store, "one", now_ms), "who waited has it; it is asked about");
    step_until_held(store, 0);
    CHECK_NUMBER(3, requests(path), "asked");
    // The other way round: what fails for those that are held is not asked about made-up ones.
    server_say(&server, path, GOOD);
    now_ms = fetch_key(store, "two", tv_clock_steady_ms() + 60000, "two");
    server_say(&server, path, ERROR);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, ask_at(store, "made up", tv_clock_steady_ms()),
                 "left alone for a while");
    tv_keystore_free(store);
}

// In the queue they stand in front, and what fails in front of them is not their failure.
static void test_refresh_when_full(void) {
    int path = new_path(GOOD);
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.max_queued = options.max_running = 1;
    options.timeout_ms = ENDS_WITHIN_MS;
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "one", tv_clock_steady_ms(), "one");
    int64_t now_ms = fetch_key(store, "two", tv_clock_steady_ms(), "two");
    server_say(&server, path, SILENT);
    flood(store, now_ms);
    step_to(path, 3);
    server_say(&server, path, NOT_FOUND);
    tv_keystore_refresh(store, now_ms);
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).in_flight, "one of each kind");
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).queued, "one of each kind");
    step_until_held(store, 0);
    CHECK_NUMBER(5, requests(path), "both were asked about");
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).queued, "the made-up one waits on");
    tv_keystore_free(store);
    // The one that runs fails, with one that is held in the queue.
    path = new_path(GOOD);
    options.urls[0] = url_of(path, "", url);
    options.timeout_ms = 600;
    store = open_with(&options);
    fetch_key(store, "one", tv_clock_steady_ms(), "one");
    now_ms = fetch_key(store, "two", tv_clock_steady_ms(), "two");
    server_say(&server, path, SILENT);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "three", now_ms), "three");
    step_to(path, 3);
    server_say(&server, path, NOT_FOUND);
    tv_keystore_refresh(store, now_ms);
    usleep(700000); // its time is up before anything else can happen
    finish_all();
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).failed_network, "three has failed");
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).held, "both were asked about");
    tv_keystore_free(store);
}

// forget() and refresh() as a person calls them.
static void test_by_hand(void) {
    int path = new_path(GOOD);
    struct tv_keystore *store = open_path(path);
    fetch_key(store, "one", tv_clock_steady_ms(), "one");
    int64_t now_ms = fetch_key(store, "two", tv_clock_steady_ms(), "two");
    tv_keystore_forget(store, &TV_SPAN("one"));
    CHECK_STATUS(TV_OK, ask_at(store, "two", now_ms), "two");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", now_ms), "forgotten");
    finish_all();
    CHECK_NUMBER(3, requests(path), "asked for again");
    server_say(&server, path, SAME);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).in_flight, "both");
    tv_keystore_refresh(store, tv_clock_steady_ms());
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).in_flight, "not twice");
    // Forgotten while it was asked about: the answer is about what was held then.
    tv_keystore_forget(store, NULL);
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).held, "nothing");
    finish_all();
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).not_modified, "304");
    CHECK_STATUS(TV_OK, ask_at(store, "one", tv_clock_steady_ms()), "confirmed");
    tv_keystore_free(store);
}

int main(void) {
    size_t length;
    char *pem = check_read_file(KEYS "rsa.pem", &length);
    char *other = check_read_file(KEYS "other.pem", &length);
    answers[GOOD].body = answers[GOOD_DATE].body = answers[GOOD_BARE].body = pem;
    answers[OTHER].body = other;
    server_listen(&server);
    server_start(&server, answers);
    test_lists();
    test_list_refresh();
    test_list_not_modified();
    struct tv_key *mine = NULL;
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_OK, tv_key_load(other, length, &mine, &detail), "a key");
    test_not_modified_but_put(mine);
    tv_key_free(mine);
    test_refreshes();
    test_stale_limit();
    test_stale_wait();
    test_back_off();
    test_probe();
    test_one_round();
    test_retry_after();
    test_absences();
    test_pinning();
    test_client_again();
    test_queue();
    test_queue_fails();
    test_by_hand();
    test_refresh_in_pause();
    test_refresh_when_full();
    test_withdrawn_under_flood();
    test_withdrawn_under_flood_elsewhere();
    test_withdrawn_under_failing_flood();
    server_stop(&server);
    free(pem);
    free(other);
    return check_report("test_keystore_life");
}
