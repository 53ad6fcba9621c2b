// SPDX-License-Identifier: MIT
// Fetches that fail for want of something in this process, or at an answer without end: what is said of it.
#include "stores.h"

#include <sys/resource.h>

enum { NOT_FOUND, LONG_HEADER };

static struct server_answer answers[SERVER_ANSWERS] = {
    [NOT_FOUND] = {.bytes = EMPTY_WITH("404 Not Found")},
    [LONG_HEADER] = {.bytes = "HTTP/1.1 200 OK\r\n"},
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
    struct tv_settlement *settlement = settle();
    setrlimit(RLIMIT_NOFILE, &usual);
    if (CHECK(settlement && !settlement->key, "second")) {
        CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, settlement->absence.status, "second");
        CHECK_TEXT("this process has no descriptor left", settlement->absence.detail.text, "why");
    }
    tv_settlement_free(settlement);
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "first", tv_clock_steady_ms()), "first");
    tv_keystore_free(store);
}

// Short lines, of which libcurl takes any number.
static char *long_header(void) {
    const char *line = "X-Line: 0123456789012345678901234567890123456789\r\n";
    size_t count = 0x10000 / strlen(line) + 1, size = count * strlen(line) + 1;
    char *text = check_malloc(size);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * strlen(line), line, strlen(line) + 1);
    return text;
}

static void test_long_header(void) {
    struct tv_keystore *store = open_path(new_path(LONG_HEADER));
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", tv_clock_steady_ms()), "one");
    struct tv_settlement *settlement = settle();
    if (CHECK(settlement && !settlement->key, "one"))
        CHECK_TEXT("the header of its answer is longer than 64 KiB",
                   settlement->absence.detail.text, "why");
    tv_settlement_free(settlement);
    tv_keystore_free(store);
}

int main(void) {
    char *header = long_header();
    answers[LONG_HEADER].body = header;
    server_listen(&server);
    server_start(&server, answers);
    test_no_socket();
    test_long_header();
    server_stop(&server);
    free(header);
    return check_report("test_keystore_faults");
}
