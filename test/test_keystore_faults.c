// SPDX-License-Identifier: MIT
// Fetches that fail for want of something in this process.
#include "stores.h"

#include <sys/resource.h>

enum { NOT_FOUND };

static struct server_answer answers[SERVER_ANSWERS] = {
    [NOT_FOUND] = {.bytes = EMPTY_WITH("404 Not Found")},
};

static struct tv_keystore *open_path(int path) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    return open_with(&options);
}

// A source is told apart from ourselves: without a descriptor it was not even asked.
static void test_no_socket(void) {
    struct tv_keystore *store = open_path(new_path(NOT_FOUND));
    fetch_key(store, "first", tv_clock_steady_ms(), "first"); // what the process needs once
    struct rlimit usual, none;
    getrlimit(RLIMIT_NOFILE, &usual);
    none = usual;
    none.rlim_cur = 0;
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "second", tv_clock_steady_ms()), "second");
    setrlimit(RLIMIT_NOFILE, &none);
    struct tv_outcome *outcome = wait_for_outcome();
    setrlimit(RLIMIT_NOFILE, &usual);
    if (CHECK(outcome && !outcome->key, "second")) {
        CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, outcome->absence.status, "second");
        CHECK_TEXT("this process has no descriptor left", outcome->absence.detail.text, "why");
    }
    tv_outcome_free(outcome);
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "first", tv_clock_steady_ms()), "first");
    tv_keystore_free(store);
}

int main(void) {
    server_listen(&server);
    server_start(&server, answers);
    test_no_socket();
    server_stop(&server);
    return check_report("test_keystore_faults");
}
