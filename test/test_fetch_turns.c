// SPDX-License-Identifier: MIT
// Sources that hang, beside others on the same host: whose fetches are in flight, and who waits.
#include "stores.h"

#include <poll.h>

enum { GOOD, SILENT };

static struct server_answer answers[SERVER_ANSWERS] = {
    [GOOD] = {.bytes = OK_WITH("")},
    [SILENT] = {0},
};

// A store that asks for up to 64 kids at a time, and waits for longer than this test takes.
static struct tv_keystore *open_patient(int path, size_t max_fetches) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.connect_timeout_ms = options.timeout_ms = options.wait_ms = 60000;
    options.max_running = 64;
    options.max_fetches = max_fetches;
    return open_with(&options);
}

static void ask_for(struct tv_keystore *store, int kids) {
    for (int i = 0; i < kids; i++) {
        char kid[32];
        snprintf(kid, sizeof kid, "made-up-%d", i);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, kid, tv_clock_steady_ms()), kid);
    }
}

// Drives the fetches until that path has been asked for so many, and looks that it is not for more.
static void check_requests(int path, int count, const char *name) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (requests(path) < count && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(20);
    CHECK_NUMBER(count, requests(path), name);
}

static void check_served(int path, const char *name) {
    struct tv_keystore *store = open_patient(path, 64);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "key", tv_clock_steady_ms()), name);
    struct tv_outcome *outcome = wait_for_outcome();
    CHECK(outcome && outcome->key, name);
    tv_outcome_free(outcome);
    tv_keystore_free(store);
}

// Each source may have a few more than the next, which leaves some to everybody.
static void test_many_hang(void) {
    static const int in_flight[] = {24, 12, 6, 3, 2, 1, 1};
    enum { HANGING = sizeof in_flight / sizeof in_flight[0] };
    struct tv_keystore *stores[HANGING];
    int paths[HANGING];
    for (int i = 0; i < HANGING; i++) {
        stores[i] = open_patient(paths[i] = new_path(SILENT), 64);
        ask_for(stores[i], 64);
        check_requests(paths[i], in_flight[i], "in flight for a source that hangs");
    }
    for (int i = 0; i < 20; i++)
        check_served(new_path(GOOD), "a source beside those that hang");
    for (int i = 0; i < HANGING; i++)
        CHECK_NUMBER(in_flight[i], requests(paths[i]), "no more than its share");
    for (int i = 0; i < HANGING; i++) // what the first leaves, the others may have
        tv_keystore_free(stores[i]);
    CHECK_NUMBER(0, tv_keystores_step(0), "nothing is left of them");
    check_served(new_path(GOOD), "a source behind them");
}

// A limit of the operator's holds.
static void test_few_allowed(void) {
    int hanging = new_path(SILENT), other = new_path(SILENT), third = new_path(SILENT);
    struct tv_keystore *first = open_patient(hanging, 3), *second = open_patient(other, 3);
    struct tv_keystore *last = open_patient(third, 3);
    ask_for(first, 8);
    check_requests(hanging, 2, "two of three");
    ask_for(second, 8);
    check_requests(other, 1, "the third");
    ask_for(last, 8);
    for (int i = 0; i < 5; i++)
        tv_keystores_step(20);
    CHECK_NUMBER(0, requests(third), "none for another");
    tv_keystore_free(second);
    check_requests(third, 1, "until there is room");
    CHECK_NUMBER(2, requests(hanging), "the others as they were");
    tv_keystore_free(first);
    tv_keystore_free(last);
}

// Whether the descriptor says that a step has work.
static bool is_due(void) {
    struct pollfd polled = {.fd = tv_keystores_descriptor(), .events = POLLIN};
    return poll(&polled, 1, 0) == 1;
}

static void step_until_idle(void) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (is_due() && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(0);
    CHECK(!is_due(), "nothing more to do");
}

// A server that polls comes back for whoever may start because another was given up.
static void test_room_wakes(void) {
    int hanging = new_path(SILENT), waiting = new_path(SILENT);
    struct tv_keystore *first = open_patient(hanging, 1), *second = open_patient(waiting, 64);
    ask_for(first, 1);
    check_requests(hanging, 1, "the only one");
    ask_for(second, 1);
    step_until_idle();
    CHECK_NUMBER(0, requests(waiting), "no room");
    tv_keystore_free(first);
    CHECK(is_due(), "room that a store left");
    check_requests(waiting, 1, "and who takes it");
    // Nothing of this one is in flight: only the limit is another without it.
    int third = new_path(SILENT);
    struct tv_keystore *strict = open_patient(new_path(SILENT), 1), *last = open_patient(third, 64);
    ask_for(last, 1);
    step_until_idle();
    CHECK_NUMBER(0, requests(third), "no room under the other's limit");
    tv_keystore_free(strict);
    CHECK(is_due(), "room that a limit left");
    check_requests(third, 1, "and who takes that");
    tv_keystore_free(second);
    tv_keystore_free(last);
}

// What was in flight starts again in the child of a fork, whose descriptor tells of it.
static void test_fork_wakes(void) {
    int path = new_path(SILENT), status = 0;
    struct tv_keystore *store = open_patient(path, 64);
    ask_for(store, 1);
    check_requests(path, 1, "in flight");
    step_until_idle();
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 100 && requests(path) < 2; i++) {
            struct pollfd polled = {.fd = tv_keystores_descriptor(), .events = POLLIN};
            if (poll(&polled, 1, 100) == 1)
                tv_keystores_step(0);
        }
        _exit(requests(path) == 2 ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child && status == 0, "asked for by a child");
    tv_keystore_free(store);
}

// Whoever comes last is not behind all that others have queued.
static void test_turns(size_t limit, int hanging, int kids) {
    struct tv_keystore *stores[64];
    char url[128];
    for (int i = 0; i < hanging; i++) {
        struct tv_keystore_options options = options_of(url_of(new_path(SILENT), "", url));
        options.max_fetches = limit;
        options.timeout_ms = 100;
        stores[i] = open_with(&options);
        ask_for(stores[i], kids);
    }
    int path = new_path(GOOD), before = 0;
    for (int i = 0; i < hanging; i++)
        before -= requests(path - 1 - i);
    struct tv_keystore *store = open_patient(path, 64);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "key", tv_clock_steady_ms()), "a key");
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (requests(path) < 1 && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(20);
    CHECK_NUMBER(1, requests(path), "its turn");
    for (int i = 0; i < hanging; i++)
        before += requests(path - 1 - i);
    CHECK(before <= hanging, "each had one turn before it");
    finish_all();
    tv_keystore_free(store);
    for (int i = 0; i < hanging; i++)
        tv_keystore_free(stores[i]);
}

int main(void) {
    size_t length;
    char *pem = check_read_file(KEYS "rsa.pem", &length);
    answers[GOOD].body = pem;
    server_listen(&server);
    server_start(&server, answers);
    test_many_hang();
    test_few_allowed();
    test_room_wakes();
    test_fork_wakes();
    test_turns(1, 1, 16);
    test_turns(2, 3, 16);
    test_turns(3, 5, 16);
    server_stop(&server);
    free(pem);
    return check_report("test_fetch_turns");
}
