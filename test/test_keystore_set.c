// SPDX-License-Identifier: MIT
// The life of a JWK Set, and of the OpenID provider that names one.
#include "stores.h"

#include "expand.h"
#include "store/keystore_internal.h"

#include <poll.h>
#include <sys/resource.h>

enum {
    SET,       // keys a (RSA) and b (another), for 1000 s
    LATER,     // b and c
    ONE,       // one usable key without a kid, and an oct
    EMPTY_SET, // no key at all
    SAME,
    NOT_FOUND,
    FORBIDDEN,
    PAGE,
    TOO_LARGE,
    ERROR,
    RESET,
    SILENT,
    CONFIGURATION, // names the set below MOVED_TO
    WRONG_ISSUER,
    NO_URI,
    FILE_URI,
    LARGE_CONFIGURATION,
    LARGE_AS_ANNOUNCED,
    PLAIN,               // as SET, without validators
    MOVED_CONFIGURATION, // names the set below MOVED_AGAIN
    UNUSABLE,            // a broken key "u" and a weak one "w"
    WRONG_KID,           // a kid that is a number, and another key
    ANSWER_COUNT,
    MOVED_TO = 30, // where the provider's set is
    MOVED_AGAIN,
};

static struct server_answer answers[SERVER_ANSWERS] = {
    [SET] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\nETag: \"one\"\r\n")},
    [LATER] = {.bytes = OK_WITH("ETag: \"two\"\r\n")},
    [ONE] = {.bytes = OK_WITH("")},
    [EMPTY_SET] = {.bytes = OK_WITH("") "{\"keys\":[]}"},
    [SAME] = {.bytes = "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n"
                       "Cache-Control: max-age=500\r\n\r\n"},
    [NOT_FOUND] = {.bytes = EMPTY_WITH("404 Not Found")},
    [FORBIDDEN] = {.bytes = EMPTY_WITH("403 Forbidden")},
    [PAGE] = {.bytes = OK_WITH("") "<html>Log in</html>"},
    [TOO_LARGE] = {.bytes = OK_WITH(""), .filler = 524289},
    [ERROR] = {.bytes = EMPTY_WITH("500 Internal Server Error")},
    [RESET] = {.bytes = ""},
    [CONFIGURATION] = {.bytes = OK_WITH("")},
    [WRONG_ISSUER] = {.bytes = OK_WITH("") "{\"issuer\":\"http://127.0.0.1\","
                                           "\"jwks_uri\":\"http://127.0.0.1/\"}"},
    [NO_URI] = {.bytes = OK_WITH("")},
    [FILE_URI] = {.bytes = OK_WITH("")},
    [LARGE_CONFIGURATION] = {.bytes = OK_WITH(""), .filler = 65537},
    [PLAIN] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\n")},
    [MOVED_CONFIGURATION] = {.bytes = OK_WITH("")},
    [UNUSABLE] = {.bytes = OK_WITH("") "{\"keys\":[{\"kty\":1,\"kid\":\"u\"},{\"kty\":\"RSA\","
                                       "\"kid\":\"w\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}"},
    [WRONG_KID] = {.bytes = OK_WITH("") "{\"keys\":[{\"kid\":7},{\"kid\":\"y\"}]}"},
    [LARGE_AS_ANNOUNCED] = {.bytes = OK_WITH("Content-Length: 1048576\r\n")},
};

static struct tv_keystore_options set_options(int path, char url[128]) {
    struct tv_keystore_options options = options_of(url_of(path, "set.json", url));
    options.source = TV_SOURCE_JWKS;
    return options;
}

static struct tv_keystore *open_set(int path) {
    char url[128];
    struct tv_keystore_options options = set_options(path, url);
    return open_with(&options);
}

// When the set held ends.
static int64_t fresh_until(struct tv_keystore *store) {
    struct tv_key_walk walk = {0};
    CHECK(tv_keystore_walk(store, &walk), "a key is held");
    return walk.life->fresh_until_ms;
}

// Before the first fetch of the process: one that cannot start is no answer of the source.
static void test_no_descriptor(void) {
    struct tv_keystore *store = open_set(new_path(SET));
    struct rlimit usual, none;
    getrlimit(RLIMIT_NOFILE, &usual);
    none = usual;
    none.rlim_cur = 0;
    setrlimit(RLIMIT_NOFILE, &none);
    struct tv_key *key;
    struct tv_detail detail;
    enum tv_status status = get_at(store, "a", tv_clock_steady_ms(), &key, &detail);
    setrlimit(RLIMIT_NOFILE, &usual);
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, status, "no descriptor");
    CHECK_NUMBER(TV_NETWORK_RESOURCES, detail.network, "no descriptor");
    int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "a descriptor again");
    CHECK_STATUS(TV_OK, ask_at(store, "a", now_ms), "a descriptor again");
    tv_keystore_free(store);
}

static void test_kids(void) {
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_key *key, *again;
    struct tv_detail detail;
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "a", now_ms, &key, &detail), "a");
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "b", now_ms, &key, &detail), "b");
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "c", now_ms, &key, &detail), "c");
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, "one fetch for all");
    // Each is told for itself.
    for (int i = 0; i < 3; i++) {
        struct tv_outcome *outcome = wait_for_outcome();
        if (!CHECK(outcome != NULL, "has an outcome"))
            break;
        bool absent = tv_span_equal(outcome->key_id, TV_SPAN("c"));
        CHECK((outcome->key == NULL) == absent, "has an outcome");
        if (absent) {
            CHECK_STATUS(TV_KEY_NOT_FOUND, outcome->absence.status, "c");
            CHECK_NUMBER(TV_REASON_NOT_IN_SET, outcome->absence.detail.reason, "c");
            CHECK_NUMBER(2, outcome->absence.detail.number, "keys in the set");
        }
        tv_outcome_free(outcome);
    }
    CHECK(!tv_keystores_take_outcome(), "no more");
    now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_OK, get_at(store, "a", now_ms, &key, &detail), "a");
    CHECK_STATUS(TV_OK, get_at(store, "b", now_ms, &again, &detail), "b");
    CHECK(key && again && EVP_PKEY_eq(tv_key_public(key), tv_key_public(again)) == 0, "two keys");
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).held, "held");

    // The penalty: a kid that was not in it fails fast, as does any other, and known ones go on.
    CHECK_STATUS(TV_KEY_NOT_FOUND, get_at(store, "c", now_ms, &key, &detail), "c");
    CHECK_NUMBER(TV_REASON_NOT_IN_SET, detail.reason, "c");
    CHECK_SPAN("c", detail.key_id, "c");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "d", now_ms + 9000), "d");
    CHECK_STATUS(TV_OK, ask_at(store, "a", now_ms + 9000), "a");
    CHECK_NUMBER(1, requests(path), "requests");
    // Past it a new key is found as soon as it is used.
    server_say(&server, path, LATER);
    now_ms = fetch_key(store, "c", now_ms + 10000, "c");
    CHECK_STATUS(TV_OK, ask_at(store, "c", now_ms), "c");
    CHECK_STATUS(TV_OK, ask_at(store, "b", now_ms), "b");
    CHECK_NUMBER(2, requests(path), "requests");
    CHECK_NUMBER(1, conditional(path), "asked whether it has changed");
    // All were found, so there is no new penalty; and a key that is withdrawn is not there.
    fetch_key(store, "a", now_ms + 10000, "a");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "a", tv_clock_steady_ms()), "a is withdrawn");
    CHECK_NUMBER(3, requests(path), "requests");
    tv_keystore_free(store);
}

// Drives the fetches until the source has been asked so often; what it answers then is still to be
// looked at.
static void drive_to(int path, int count) {
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (requests(path) < count && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(10);
    CHECK_NUMBER(count, requests(path), "asked so often");
}

// A key is published, and used, while an answer without it is on its way: its users must not run
// into the penalty.
static void test_newer_than_answer(void) {
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "a");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "nobody", now_ms), "nobody");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "c", now_ms + 501), "c");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "somebody", now_ms + 501), "somebody");
    drive_to(path, 2);
    server_say(&server, path, LATER);
    struct tv_outcome *outcome = wait_for_outcome();
    if (CHECK(outcome && !outcome->key, "nobody"))
        CHECK_SPAN("nobody", outcome->key_id, "nobody");
    tv_outcome_free(outcome);
    // Whoever comes now is answered by the second fetch, or unknown kids could keep a source busy.
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "z", tv_clock_steady_ms() + 9000), "z");
    finish_all();
    CHECK_NUMBER(3, requests(path), "one more request");
    now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_OK, ask_at(store, "c", now_ms), "c");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "somebody", now_ms), "somebody");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "z", now_ms), "z");
    CHECK_NUMBER(3, requests(path), "a penalty now");
    // The same once more, past the penalty, and this time the source fails at the second fetch.
    now_ms += 10000;
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "nobody", now_ms), "nobody");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "somebody", now_ms + 501), "somebody");
    drive_to(path, 4);
    server_say(&server, path, ERROR);
    finish_all();
    CHECK_NUMBER(5, requests(path), "one more request");
    CHECK_STATUS(TV_OK, ask_at(store, "c", tv_clock_steady_ms()), "c");
    tv_keystore_free(store);
}

// Many different kids that come at once, while the answer is on its way, make one request.
static void test_crowd(void) {
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "a");
    char key_id[16];
    for (int i = 0; i < 300; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, now_ms + i * 500 / 299), key_id);
    }
    finish_all();
    CHECK_NUMBER(2, requests(path), "refetched once");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "another", tv_clock_steady_ms()), "a penalty now");
    tv_keystore_free(store);
}

// What the first fetch of a set comes to, and how long the source is then left alone.
static const struct {
    int answer;
    const char *name;
    enum tv_status status;
    enum tv_reason reason;
    double number;
    int64_t pause_ms;
} failures[] = {
    {NOT_FOUND, "404", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 404, 30000},
    {FORBIDDEN, "403", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 403, 30000},
    {SAME, "304", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 304, 30000},
    {PAGE, "a page", TV_KEY_UNUSABLE, TV_REASON_PAGE, 0, 30000},
    {TOO_LARGE, "512 KiB and a byte", TV_KEY_UNUSABLE, TV_REASON_BODY, 200, 30000},
    {ERROR, "500", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_HTTP_STATUS, 500, 1000},
    {RESET, "no answer", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, 1000},
    {SILENT, "silence", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, 1000},
};

static void check_failure(size_t i) {
    const char *name = failures[i].name;
    int path = new_path(failures[i].answer);
    struct tv_keystore *store = open_set(path);
    int64_t from_ms = tv_clock_steady_ms();
    struct tv_key *key;
    struct tv_detail detail;
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", from_ms), name);
    struct tv_outcome *outcome = wait_for_outcome();
    if (CHECK(outcome && !outcome->key, name)) {
        CHECK_STATUS(failures[i].status, outcome->absence.status, name);
        CHECK_NUMBER(failures[i].reason, outcome->absence.detail.reason, name);
        CHECK_NUMBER(failures[i].number, outcome->absence.detail.number, name);
    }
    tv_outcome_free(outcome);
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(failures[i].status, get_at(store, "b", now_ms, &key, &detail), name);
    CHECK_NUMBER(failures[i].reason, detail.reason, name);
    CHECK_SPAN("b", detail.key_id, name);
    CHECK(detail.source.length > 0, name);
    CHECK_STATUS(failures[i].status, ask_at(store, "b", from_ms + failures[i].pause_ms * 3 / 4 - 1),
                 name);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "b", now_ms + failures[i].pause_ms), name);
    // It comes back.
    server_say(&server, path, SET);
    finish_all();
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), name);
    CHECK_NUMBER(2, requests(path), name);
    tv_keystore_free(store);
}

// What a refresh of a good set comes to: the old one serves, and the source is left alone a while.
static void check_failed_refresh(size_t i) {
    const char *name = failures[i].name;
    if (failures[i].answer == SAME)
        return; // that is no failure of a refresh
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path);
    fetch_key(store, "a", tv_clock_steady_ms(), name);
    int64_t late_ms = fresh_until(store) - 1;
    server_say(&server, path, failures[i].answer);
    CHECK_STATUS(TV_OK, ask_at(store, "a", late_ms), name);
    CHECK_NUMBER(1, tv_keystore_stats(store, late_ms).in_flight, name);
    finish_all();
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_OK, ask_at(store, "a", now_ms), name);
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).in_flight, name);
    CHECK_NUMBER(2, tv_keystore_stats(store, now_ms).held, name);
    enum tv_status unknown = ask_at(store, "zz", now_ms);
    CHECK(unknown == TV_KEY_NOT_FOUND || unknown == failures[i].status, "unknown kids fail fast");
    CHECK(ask_at(store, "zz", now_ms + 9000) != TV_KEY_PENDING, "as long as the penalty lasts");
    CHECK_NUMBER(2, requests(path), name);
    // Past its freshness a refresh is waited for; when that fails too, the old set serves.
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", late_ms + 1), name);
    struct tv_outcome *outcome = wait_for_outcome();
    CHECK(outcome && outcome->key, name);
    tv_outcome_free(outcome);
    finish_all();
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), name);
    // Until it is too old.
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", late_ms + 1 + 3600000), name);
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).held, name);
    tv_keystore_free(store);
}

static void test_not_modified(void) {
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "304");
    struct tv_key *before, *after;
    struct tv_detail detail;
    CHECK_STATUS(TV_OK, get_at(store, "a", now_ms, &before, &detail), "304");
    server_say(&server, path, SAME);
    // An unknown kid asks anew, and learns that nothing has changed.
    fetch_key(store, "zz", now_ms, "304");
    now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "zz", now_ms), "304");
    CHECK_STATUS(TV_OK, get_at(store, "a", now_ms, &after, &detail), "304");
    CHECK(before == after, "the same set");
    CHECK_NUMBER(1, conditional(path), "304");
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).not_modified, "304");
    int64_t left_ms = fresh_until(store) - now_ms;
    CHECK(left_ms > 490000 && left_ms <= 500000, "fresh for as long as the 304 says");
    tv_keystore_free(store);
}

// The refresh that was under way has brought a 304 that nobody asked for: `held_until_ms` stays
// the end of what is held, it is said, and nothing is confirmed.
static void check_unasked(struct tv_keystore *store, int64_t held_until_ms, const char *name) {
    struct tv_outcome *outcome = wait_for_outcome();
    if (CHECK(outcome && outcome->is_set, name)) {
        CHECK_STATUS(TV_KEY_UNUSABLE, outcome->absence.status, name);
        CHECK_NUMBER(TV_REASON_HTTP_STATUS, outcome->absence.detail.reason, name);
        CHECK_NUMBER(304, outcome->absence.detail.number, name);
    }
    tv_outcome_free(outcome);
    finish_all();
    CHECK_NUMBER(0, tv_keystore_stats(store, 0).not_modified, name);
    CHECK_NUMBER(1, tv_keystore_stats(store, 0).failed_status, name);
    CHECK_NUMBER(held_until_ms, fresh_until(store), name);
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), name);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", held_until_ms + 3600000), name);
    CHECK_NUMBER(0, tv_keystore_stats(store, 0).held, name);
    finish_all();
}

// A 304 means the answer that was asked about. Where none was, it confirms nothing.
static void test_unasked_not_modified(void) {
    int path = new_path(PLAIN);
    struct tv_keystore *store = open_set(path);
    fetch_key(store, "a", tv_clock_steady_ms(), "unasked 304");
    int64_t held_until_ms = fresh_until(store);
    server_say(&server, path, SAME);
    CHECK_STATUS(TV_OK, ask_at(store, "a", held_until_ms - 1), "the refresh begins");
    check_unasked(store, held_until_ms, "unasked 304");
    CHECK_NUMBER(0, conditional(path), "there was nothing to be asked about");
    server_say(&server, path, LATER);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    CHECK_STATUS(TV_OK, ask_at(store, "c", tv_clock_steady_ms()), "refreshed");
    CHECK_NUMBER(0, conditional(path), "nor now");
    tv_keystore_free(store);
}

// A token without a kid: the only key that can check it, if there is just one.
static void test_without_kid(void) {
    static const struct {
        int answer;
        enum tv_status status;
    } cases[] = {{ONE, TV_OK}, {SET, TV_KEY_NOT_FOUND}, {EMPTY_SET, TV_KEY_NOT_FOUND}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tv_keystore *store = open_set(new_path(cases[i].answer));
        fetch_key(store, "", tv_clock_steady_ms(), "no kid");
        struct tv_key *key = NULL;
        struct tv_detail detail = {0};
        struct tv_key_request request = {.algorithm = tv_algorithm_find(TV_SPAN("RS256"))};
        CHECK_STATUS(cases[i].status,
                     tv_keystore_get(store, &request, tv_clock_steady_ms(), &key, &detail),
                     "no kid");
        CHECK((key != NULL) == (cases[i].status == TV_OK), "no kid");
        request.nth = 1;
        CHECK_STATUS(TV_KEY_NOT_FOUND,
                     tv_keystore_get(store, &request, tv_clock_steady_ms(), &key, &detail),
                     "there is no second key without a kid");
        CHECK(!key, "no second key");
        CHECK_NUMBER(cases[i].answer == ONE, tv_keystore_stats(store, 0).skipped, "skipped");
        tv_keystore_free(store);
    }
}

// A set that lacks a kid, and has one of a wrong type: that type is named.
static void test_wrong_kid(void) {
    struct tv_keystore *store = open_set(new_path(WRONG_KID));
    int64_t now_ms = fetch_key(store, "x", tv_clock_steady_ms(), "wrong kid");
    struct tv_key *key;
    struct tv_detail detail;
    CHECK_STATUS(TV_KEY_NOT_FOUND, get_at(store, "x", now_ms, &key, &detail), "wrong kid");
    CHECK_TEXT("number", detail.text, "wrong kid");
    CHECK_NUMBER(2, detail.number, "wrong kid");
    tv_keystore_free(store);
}

// Past the penalty, and while the source may not be asked, an unusable key is still that.
static void test_unusable_in_pause(void) {
    char url[128];
    int path = new_path(UNUSABLE);
    struct tv_keystore_options options = set_options(path, url);
    options.back_off_min_ms = options.back_off_max_ms = 60000;
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "u", tv_clock_steady_ms(), "unusable");
    server_say(&server, path, ERROR);
    fetch_key(store, "u", tv_clock_steady_ms() + options.penalty_s * 1000 + 1000, "fails");
    int64_t now_ms = tv_clock_steady_ms() + options.penalty_s * 1000 + 1000;
    struct tv_key *key;
    struct tv_detail detail;
    enum tv_status status = get_at(store, "u", now_ms, &key, &detail);
    CHECK_STATUS(TV_KEY_UNUSABLE, status, "in the pause");
    CHECK_NUMBER(TV_REASON_TYPE, detail.reason, "in the pause");
    CHECK_NUMBER(2, requests(path), "in the pause");
    tv_keystore_free(store);
}

// What the outcome or the look-up of a kid says of a key that cannot be used.
static void check_unusable(struct tv_span key_id, enum tv_status status,
                           const struct tv_detail *detail) {
    bool weak = tv_span_equal(key_id, TV_SPAN("w"));
    CHECK_STATUS(weak ? TV_WEAK_KEY : TV_KEY_UNUSABLE, status, "unusable");
    CHECK_NUMBER(weak ? TV_REASON_BITS : TV_REASON_TYPE, detail->reason, "unusable");
    CHECK_NUMBER(TV_ASKED_KEY_OF_SET, detail->asked, "unusable");
}

static void test_unusable(void) {
    int path = new_path(UNUSABLE);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "u", now_ms), "u");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "w", now_ms), "w");
    for (int i = 0; i < 3; i++) {
        struct tv_outcome *outcome = wait_for_outcome();
        if (!CHECK(outcome && !outcome->key, "unusable"))
            break;
        check_unusable(outcome->key_id, outcome->absence.status, &outcome->absence.detail);
        CHECK(outcome->is_set == (i == 0), "first a warning");
        CHECK_NUMBER(outcome->is_set, outcome->more, "of both");
        tv_outcome_free(outcome);
    }
    now_ms = tv_clock_steady_ms();
    for (int i = 0; i < 2; i++) { // the second time the source cannot be asked
        struct tv_key *key;
        struct tv_detail detail;
        enum tv_status status = get_at(store, "u", now_ms, &key, &detail);
        check_unusable(TV_SPAN("u"), status, &detail);
        status = get_at(store, "w", now_ms, &key, &detail);
        check_unusable(TV_SPAN("w"), status, &detail);
        CHECK_NUMBER(i + 1, requests(path), "no fetch for them");
        server_say(&server, path, ERROR);
        now_ms += 11000; // the penalty is over
        if (i == 0)
            fetch_key(store, "u", now_ms, "asked for again, once");
        now_ms = tv_clock_steady_ms();
    }
    struct tv_keystore_stats stats = tv_keystore_stats(store, now_ms);
    CHECK_NUMBER(0, stats.held, "unusable");
    CHECK_NUMBER(2, stats.skipped, "unusable");
    struct tv_key_walk walk = {0};
    while (tv_keystore_walk(store, &walk)) {
        CHECK(!walk.key, "unusable");
        check_unusable(walk.key_id, walk.absence.status, &walk.absence.detail);
    }
    tv_keystore_forget(store, &TV_SPAN("w"));
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).skipped, "forgotten, and the others with it");
    tv_keystore_free(store);
}

static void test_stale_wait(void) {
    char url[128];
    int path = new_path(LATER); // says nothing of its freshness
    struct tv_keystore_options options = never_fresh(set_options(path, url));
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "b", tv_clock_steady_ms(), "stale wait");
    check_stale_wait(store, path, SILENT, "b");
    tv_keystore_free(store);
}

// Whoever watches the descriptor is woken for the old key, even if the refresh was under way
// already and nothing comes of it.
static void test_woken_for_stale_key(void) {
    char url[128];
    int path = new_path(LATER);
    struct tv_keystore_options options = never_fresh(set_options(path, url));
    options.timeout_ms = ENDS_WITHIN_MS;
    struct tv_keystore *store = open_with(&options);
    fetch_key(store, "b", tv_clock_steady_ms(), "woken");
    server_say(&server, path, SILENT);
    int64_t now_ms = tv_clock_steady_ms();
    tv_keystore_refresh(store, now_ms);
    drive_to(path, 2);
    struct pollfd watched = {.fd = tv_keystores_descriptor(), .events = POLLIN};
    // Until libcurl's own timers have passed, too.
    for (int i = 0; i < 100 && poll(&watched, 1, 400) == 1; i++)
        tv_keystores_step(0);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "b", now_ms), "waits for the refresh");
    struct tv_outcome *outcome = NULL;
    while (!outcome && poll(&watched, 1, ENDS_WITHIN_MS / 2) == 1) {
        tv_keystores_step(0);
        outcome = tv_keystores_take_outcome();
    }
    CHECK(outcome && outcome->key, "the old key");
    tv_outcome_free(outcome);
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, "the refresh goes on");
    tv_keystore_free(store);
}

static void test_limits(void) {
    int path = new_path(SILENT);
    char url[128], key_id[16];
    struct tv_keystore_options options = set_options(path, url);
    options.max_per_client = 3;
    options.max_queued = 5;
    struct tv_keystore *store = open_with(&options);
    struct tv_key *key;
    int64_t now_ms = tv_clock_steady_ms();
    for (int i = 0; i < 7; i++) {
        struct tv_detail detail = {0};
        snprintf(key_id, sizeof key_id, "kid %d", i);
        struct tv_key_request request = {.key_id = tv_span_of(key_id), .announce = true};
        if (i < 4)
            request.client = TV_SPAN("192.0.2.1");
        bool accepted = i < 3 || i == 4 || i == 5;
        CHECK_STATUS(accepted ? TV_KEY_PENDING : TV_KEY_SOURCE_OVERLOADED,
                     tv_keystore_get(store, &request, now_ms, &key, &detail), key_id);
        CHECK_NUMBER(accepted ? TV_REASON_NONE
                     : i == 3 ? TV_REASON_CLIENT
                              : TV_REASON_QUEUE,
                     detail.reason, key_id);
    }
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, "one fetch");
    tv_keystore_free(store);
    CHECK_NUMBER(0, tv_keystores_step(0), "closing ends it");
}

// However many kids are made up, in this set and elsewhere, one that was withdrawn goes; and who
// waits for a key that is held has no unknown one for that.
static void test_withdrawn_under_flood(void) {
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path), *others[6];
    int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "a");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char url[128], key_id[16];
        struct tv_keystore_options options = options_of(url_of(new_path(SILENT), "", url));
        options.timeout_ms = ENDS_WITHIN_MS;
        others[i] = open_with(&options);
        for (int n = 0; n < 16; n++) {
            snprintf(key_id, sizeof key_id, "kid %d", n);
            ask_at(others[i], key_id, now_ms);
        }
    }
    tv_keystores_step(10);
    server_say(&server, path, LATER);
    int64_t over_ms = fresh_until(store);
    struct tv_key *key;
    struct tv_key_request request = {
        .key_id = TV_SPAN("a"), .client = TV_SPAN("192.0.2.1"), .announce = true};
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_KEY_PENDING, tv_keystore_get(store, &request, over_ms, &key, &detail), "held");
    CHECK_NUMBER(0, tv_pending_count_of(store, request.client), "not unknown");
    for (int i = 0; i < 1024; i++) {
        char key_id[16];
        snprintf(key_id, sizeof key_id, "kid %d", i);
        ask_at(store, key_id, over_ms);
    }
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "b", over_ms), "held, behind a full queue");
    struct tv_outcome *outcome = wait_for_outcome();
    if (CHECK(outcome != NULL, "has an outcome"))
        CHECK_STATUS(TV_KEY_NOT_FOUND, outcome->absence.status, "a is gone");
    tv_outcome_free(outcome);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        tv_keystore_free(others[i]);
    finish_all();
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "a", tv_clock_steady_ms()), "a is gone");
    CHECK_STATUS(TV_OK, ask_at(store, "b", tv_clock_steady_ms()), "b is not");
    tv_keystore_free(store);
}

static void test_by_hand(void) {
    int path = new_path(SET);
    struct tv_keystore *store = open_set(path);
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_key *key = expand_load("other.pem"), *found;
    struct tv_detail detail;
    CHECK_STATUS(TV_OK, tv_keystore_put(store, TV_SPAN("mine"), key, 0, now_ms), "put");
    CHECK_STATUS(TV_OK, get_at(store, "mine", now_ms, &found, &detail), "put");
    CHECK(found == key, "put");
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).in_flight, "nothing is asked for");
    tv_key_free(key);
    fetch_key(store, "a", now_ms, "a");
    CHECK_NUMBER(3, tv_keystore_stats(store, now_ms).held, "both");
    struct tv_key_walk walk = {0};
    int count = 0;
    while (tv_keystore_walk(store, &walk))
        count += walk.key && walk.life && walk.key_id.length > 0;
    CHECK_NUMBER(3, count, "walk");

    tv_keystore_refresh(store, tv_clock_steady_ms());
    tv_keystore_refresh(store, tv_clock_steady_ms());
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, "once");
    finish_all();
    CHECK_NUMBER(2, requests(path), "refreshed");
    tv_keystore_forget(store, &TV_SPAN("another"));
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), "another was forgotten");
    tv_keystore_forget(store, &TV_SPAN("a"));
    CHECK_STATUS(TV_OK, ask_at(store, "mine", tv_clock_steady_ms()), "put by hand");
    fetch_key(store, "a", tv_clock_steady_ms(), "forgotten");
    // Forgotten while it was asked whether it has changed: what comes is a whole set.
    server_say(&server, path, SAME);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    tv_keystore_forget(store, NULL);
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).held, "everything");
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", tv_clock_steady_ms()), "asked for again");
    int before = requests(path);
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (requests(path) == before && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(0); // until the question has gone out
    CHECK_NUMBER(before + 1, requests(path), "asked");
    server_say(&server, path, SET);
    finish_all();
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), "a whole set");
    tv_keystore_free(store);
}

// What was put for a time is the set's to have afterwards.
static void test_by_hand_for_a_time(void) {
    struct tv_keystore *store = open_set(new_path(SET));
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_key *key = expand_load("other.pem"), *found;
    struct tv_detail detail;
    CHECK_STATUS(TV_OK, tv_keystore_put(store, TV_SPAN("a"), key, 10000, now_ms), "put");
    CHECK_STATUS(TV_OK, get_at(store, "a", now_ms + 9999, &found, &detail), "as long as it holds");
    CHECK(found == key, "the one that was put");
    CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).in_flight, "nothing is asked for");
    fetch_key(store, "a", now_ms + 10000, "over");
    CHECK_STATUS(TV_OK, get_at(store, "a", now_ms + 10000, &found, &detail), "the set's");
    CHECK(found && found != key, "the set's");
    tv_key_free(key);
    tv_keystore_free(store);
}

// OpenID providers

static struct tv_keystore *open_provider_for(int path, int64_t default_ttl_s) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "", url));
    options.source = TV_SOURCE_OPENID;
    options.default_ttl_s = default_ttl_s;
    ((char *)options.urls[0])[strlen(url) - 1] = '\0'; // an issuer, to the letter
    return open_with(&options);
}

static struct tv_keystore *open_provider(int path) { return open_provider_for(path, 600); }

static const struct {
    int configuration, set;
    const char *name;
    enum tv_status status;
    enum tv_reason reason;
    int set_requests;
} providers[] = {
    {CONFIGURATION, SET, "good", TV_OK, TV_REASON_NONE, 1},
    {WRONG_ISSUER, SET, "another issuer", TV_KEY_UNUSABLE, TV_REASON_DISCOVERY, 0},
    {NO_URI, SET, "no jwks_uri", TV_KEY_UNUSABLE, TV_REASON_DISCOVERY, 0},
    {FILE_URI, SET, "file:", TV_KEY_UNUSABLE, TV_REASON_NETWORK, 0},
    {PAGE, SET, "a page", TV_KEY_UNUSABLE, TV_REASON_DISCOVERY, 0},
    {NOT_FOUND, SET, "404", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 0},
    {LARGE_CONFIGURATION, SET, "64 KiB and a byte", TV_KEY_UNUSABLE, TV_REASON_BODY, 0},
    {LARGE_AS_ANNOUNCED, SET, "1 MiB announced", TV_KEY_UNUSABLE, TV_REASON_BODY, 0},
    {ERROR, SET, "500", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_HTTP_STATUS, 0},
    {CONFIGURATION, NOT_FOUND, "no set", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 1},
    {CONFIGURATION, PAGE, "a set that is a page", TV_KEY_UNUSABLE, TV_REASON_PAGE, 1},
    {CONFIGURATION, ERROR, "a set that fails", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_HTTP_STATUS, 1},
};

static void test_providers(void) {
    for (size_t i = 0; i < sizeof providers / sizeof providers[0]; i++) {
        const char *name = providers[i].name;
        int path = CONFIGURATION; // the one whose issuer the configurations name
        server_say(&server, path, providers[i].configuration);
        server_say(&server, MOVED_TO, providers[i].set);
        int before = requests(path), set_before = requests(MOVED_TO);
        struct tv_keystore *store = open_provider(path);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "a", tv_clock_steady_ms()), name);
        struct tv_outcome *outcome = wait_for_outcome();
        if (CHECK(outcome && (outcome->key != NULL) == (providers[i].status == TV_OK), name)) {
            // It says why only where there is no key.
            struct tv_absence none = {0}, *absence = outcome->key ? &none : &outcome->absence;
            CHECK_STATUS(providers[i].status, absence->status, name);
            CHECK_NUMBER(providers[i].reason, absence->detail.reason, name);
        }
        tv_outcome_free(outcome);
        CHECK_NUMBER(1, requests(path) - before, name);
        CHECK_NUMBER(providers[i].set_requests, requests(MOVED_TO) - set_before, name);
        tv_keystore_free(store);
    }
}

// The configuration is asked for once; again, when its set has failed, for it may have moved.
static void test_provider_life(void) {
    int path = CONFIGURATION, before = requests(path), set_before = requests(MOVED_TO);
    server_say(&server, path, CONFIGURATION);
    server_say(&server, MOVED_TO, SET);
    struct tv_keystore *store = open_provider(path);
    int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "provider");
    server_say(&server, MOVED_TO, SAME);
    fetch_key(store, "zz", now_ms, "an unknown kid");
    CHECK_NUMBER(1, requests(path) - before, "configuration");
    CHECK_NUMBER(2, requests(MOVED_TO) - set_before, "set");
    CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).not_modified, "304");
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), "a");

    server_say(&server, MOVED_TO, NOT_FOUND);
    fetch_key(store, "zz", tv_clock_steady_ms() + 10000, "past the penalty");
    CHECK_STATUS(TV_OK, ask_at(store, "a", tv_clock_steady_ms()), "the old set serves");
    server_say(&server, MOVED_TO, LATER);
    now_ms = fetch_key(store, "c", tv_clock_steady_ms() + 31000, "later");
    CHECK_NUMBER(2, requests(path) - before, "configuration again");
    CHECK_NUMBER(4, requests(MOVED_TO) - set_before, "set");
    CHECK_STATUS(TV_OK, ask_at(store, "c", now_ms), "c");
    // And after a day, the longest that a set may be held.
    int64_t day_ms = (int64_t)24 * 3600 * 1000;
    now_ms = fetch_key(store, "c", now_ms + day_ms - 60000, "nearly a day later");
    CHECK_NUMBER(2, requests(path) - before, "configuration");
    fetch_key(store, "c", now_ms + day_ms, "a day later");
    CHECK_NUMBER(3, requests(path) - before, "configuration once more");
    CHECK_NUMBER(6, requests(MOVED_TO) - set_before, "set");
    tv_keystore_free(store);
}

// A provider that moves its set: what the old address said of it is not asked of the new one, which
// confirms nothing by a 304; and refresh() goes to the new one.
static void test_provider_moves(void) {
    int path = CONFIGURATION, before = requests(path);
    server_say(&server, path, CONFIGURATION);
    server_say(&server, MOVED_TO, SET);
    server_say(&server, MOVED_AGAIN, SAME);
    int set_before = requests(MOVED_TO), set_conditional = conditional(MOVED_TO);
    struct tv_keystore *store = open_provider(path);
    fetch_key(store, "a", tv_clock_steady_ms(), "provider");
    int64_t held_until_ms = fresh_until(store);
    server_say(&server, path, MOVED_CONFIGURATION);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    check_unasked(store, held_until_ms, "304 at the new address");
    CHECK(requests(path) - before >= 2, "the configuration is asked for");
    CHECK(requests(MOVED_AGAIN) >= 1, "the new address is asked");
    CHECK_NUMBER(0, conditional(MOVED_AGAIN), "without what the old one said");
    CHECK_NUMBER(1, requests(MOVED_TO) - set_before, "the old one is not");
    server_say(&server, MOVED_AGAIN, LATER);
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_OK, ask_at(store, "c", now_ms), "the new set");
    CHECK_STATUS(TV_KEY_NOT_FOUND, ask_at(store, "a", now_ms), "what was withdrawn is gone");
    // The same address once more: now it is its own answer that it is asked about.
    tv_keystore_refresh(store, tv_clock_steady_ms());
    finish_all();
    CHECK(conditional(MOVED_AGAIN) >= 1, "its own answer");
    CHECK_NUMBER(set_conditional, conditional(MOVED_TO), "the old one never");
    tv_keystore_free(store);
}

// An address that stops to answer is not asked for as long as it was believed: the provider may
// have moved away from it. Nor is one whose set lacks what tokens are signed with.
static void test_provider_left(void) {
    int path = CONFIGURATION;
    for (int round = 0; round < 2; round++) {
        server_say(&server, path, CONFIGURATION);
        server_say(&server, MOVED_TO, SET);
        server_say(&server, MOVED_AGAIN, LATER);
        struct tv_keystore *store = open_provider_for(path, round == 0 ? 600 : 0);
        int64_t now_ms = fetch_key(store, "a", tv_clock_steady_ms(), "provider");
        server_say(&server, path, MOVED_CONFIGURATION);
        if (round == 0)
            server_say(&server, MOVED_TO, RESET);
        fetch_key(store, "c", now_ms, "the old address fails, or has no such key");
        int set_before = requests(MOVED_TO);
        now_ms = fetch_key(store, "c", tv_clock_steady_ms() + 10000, "past the pause");
        CHECK_STATUS(TV_OK, ask_at(store, "c", now_ms), "the new address");
        CHECK_NUMBER(set_before, requests(MOVED_TO), "the old one is not asked again");
        tv_keystore_free(store);
    }
}

// With the port, the provider's path and that of its set.
static char *with_ports(const char *format, int set) {
    char *text = check_malloc(512);
    snprintf(text, 512, format, server.port, CONFIGURATION, server.port, set);
    return text;
}

#define CONFIGURATION_TEXT                                                                         \
    "{\"issuer\":\"http://127.0.0.1:%d/%d\",\"jwks_uri\":\"http://127.0.0.1:%d/%d/set\"}"

int main(void) {
    server_listen(&server);
    char *bodies[] = {
        expand("{\"keys\":[{$R,\"kid\":\"a\"},{$S,\"kid\":\"b\"}]}"),
        expand("{\"keys\":[{$S,\"kid\":\"b\"},{$R,\"kid\":\"c\"}]}"),
        expand("{\"keys\":[{$R},{$E},{\"kty\":\"oct\",\"k\":\"AAAA\"}]}"),
        with_ports(CONFIGURATION_TEXT, MOVED_TO),
        with_ports("{\"issuer\":\"http://127.0.0.1:%d/%d\"}", 0),
        with_ports("{\"issuer\":\"http://127.0.0.1:%d/%d\",\"jwks_uri\":\"file:///etc/passwd\"}",
                   0),
        with_ports(CONFIGURATION_TEXT, MOVED_AGAIN),
    };
    const int owners[] = {SET, LATER, ONE, CONFIGURATION, NO_URI, FILE_URI, MOVED_CONFIGURATION};
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
        answers[owners[i]].body = bodies[i];
    answers[PLAIN].body = bodies[0];
    server_start(&server, answers);
    test_no_descriptor();
    test_kids();
    test_newer_than_answer();
    test_crowd();
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        check_failure(i);
        check_failed_refresh(i);
    }
    test_not_modified();
    test_unasked_not_modified();
    test_without_kid();
    test_wrong_kid();
    test_unusable();
    test_unusable_in_pause();
    test_stale_wait();
    test_woken_for_stale_key();
    test_limits();
    test_withdrawn_under_flood();
    test_by_hand();
    test_by_hand_for_a_time();
    test_providers();
    test_provider_life();
    test_provider_moves();
    test_provider_left();
    server_stop(&server);
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        free(bodies[i]);
    return check_report("test_keystore_set");
}
