// SPDX-License-Identifier: MIT
// The life of keys, against a real server on a loopback port; the specs drive the same through Lua.
#include "net/fetch_internal.h"
#include "stores.h"

#include "net/fetch.h"

// What the server answers below /<index>/, and what asking for a key then comes to.
enum {
    GOOD,       // for 1000 s
    GOOD_SHORT, // asks for 1 s: clamped to 60
    GOOD_LONG,  // asks for 30 days: clamped to one
    GOOD_PLAIN, // says nothing: 600 s
    GOOD_TWICE, // in two lines
    GOOD_AGED,  // 300 s old, says the first of two lines
    NOT_FOUND,
    GONE,
    FORBIDDEN,
    MOVED,
    PAGE,
    EMPTY,
    WEAK,
    TOO_LARGE,
    TOO_LARGE_UNSAID,
    ERROR,
    BUSY,
    CUT,
    RESET,
    SILENT,
    LONG_HEADER,  // 64 KiB and more
    LONGEST_GOOD, // nearly
    MANY_LINES,   // 257
    MOST_GOOD,    // 256
    LIMITS,
    CLIENTS,
    ANSWER_COUNT
};

static struct server_answer answers[SERVER_ANSWERS] = {
    [GOOD] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\n")},
    [GOOD_SHORT] = {.bytes = OK_WITH("Cache-Control: max-age=1\r\n")},
    [GOOD_LONG] = {.bytes = OK_WITH("Cache-Control: max-age=2592000\r\n")},
    [GOOD_PLAIN] = {.bytes = OK_WITH("Content-Type: text/plain\r\n")},
    [GOOD_TWICE] = {.bytes = OK_WITH("Cache-Control: public\r\nCache-Control: max-age=1000\r\n")},
    [GOOD_AGED] = {.bytes = OK_WITH("Cache-Control: max-age=1000\r\nAge: 300\r\nAge: 900\r\n")},
    [NOT_FOUND] = {.bytes = EMPTY_WITH("404 Not Found")},
    [GONE] = {.bytes = EMPTY_WITH("410 Gone")},
    [FORBIDDEN] = {.bytes = EMPTY_WITH("403 Forbidden")},
    [MOVED] = {.bytes = "HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: /0/x\r\n"
                        "Content-Length: 0\r\n\r\n"},
    [PAGE] = {.bytes = OK_WITH("") "<html>Log in</html>"},
    [EMPTY] = {.bytes = OK_WITH("Content-Length: 0\r\n")},
    [WEAK] = {.bytes = OK_WITH("") "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}"},
    [TOO_LARGE] = {.bytes = OK_WITH("Content-Length: 1048576\r\n"), .filler = 1048576},
    [TOO_LARGE_UNSAID] = {.bytes = OK_WITH(""), .filler = 65537},
    [ERROR] = {.bytes = EMPTY_WITH("500 Internal Server Error")},
    [BUSY] = {.bytes = EMPTY_WITH("429 Too Many Requests")},
    [CUT] = {.bytes = OK_WITH("Content-Length: 1000\r\n") "-----BEGIN PUBLIC KEY-----"},
    [RESET] = {.bytes = ""},
};

static const struct {
    int answer;
    const char *name;
    enum tv_status status;
    enum tv_reason reason;
    double number;
    bool remembered; // for the kid alone, 30 s; else the whole source is left alone for a while
} outcomes[] = {
    {NOT_FOUND, "404", TV_KEY_NOT_FOUND, TV_REASON_HTTP_STATUS, 404, true},
    {GONE, "410", TV_KEY_NOT_FOUND, TV_REASON_HTTP_STATUS, 410, true},
    {FORBIDDEN, "403", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 403, true},
    {MOVED, "a redirect", TV_KEY_UNUSABLE, TV_REASON_HTTP_STATUS, 302, true},
    {PAGE, "a page", TV_KEY_UNUSABLE, TV_REASON_PAGE, 0, true},
    {EMPTY, "nothing", TV_KEY_UNUSABLE, TV_REASON_NO_TEXT, 0, true},
    {WEAK, "a weak key", TV_WEAK_KEY, TV_REASON_BITS, 17, true},
    {TOO_LARGE, "1 MiB", TV_KEY_UNUSABLE, TV_REASON_BODY, 0, true},
    {TOO_LARGE_UNSAID, "64 KiB and a byte", TV_KEY_UNUSABLE, TV_REASON_BODY, 0, true},
    {ERROR, "500", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_HTTP_STATUS, 500, false},
    {BUSY, "429", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_HTTP_STATUS, 429, false},
    {CUT, "half a body", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, false},
    {RESET, "no answer", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, false},
    {SILENT, "silence", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, false},
    {LONG_HEADER, "a long header", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, false},
    {MANY_LINES, "257 lines", TV_KEY_SOURCE_UNAVAILABLE, TV_REASON_NETWORK, 0, false},
};

static struct tv_keystore *open_store(int answer) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(answer, "", url));
    return open_with(&options);
}

// The key of "one" is fetched: asked for, pending, fetched and held.
static void fetch(struct tv_keystore *store, const char *name) {
    struct tv_key *key;
    struct tv_detail detail;
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", now_ms, &key, &detail), name);
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", now_ms, &key, &detail), name);
    struct tv_outcome *outcome = wait_for_outcome();
    if (CHECK(outcome && outcome->key, name)) {
        CHECK(outcome->store == store, name);
        CHECK_SPAN("one", outcome->key_id, name);
    }
    tv_outcome_free(outcome);
    CHECK(!tv_keystores_take_outcome(), name);
}

static const struct {
    int answer;
    const char *name;
    int64_t lifetime_s;
} lives[] = {
    {GOOD, "max-age", 1000},
    {GOOD_SHORT, "a short max-age", 60},
    {GOOD_LONG, "a long max-age", 86400},
    {GOOD_PLAIN, "no max-age", 600},
    {GOOD_TWICE, "max-age in a second line", 1000},
    {GOOD_AGED, "an age in two lines", 700},
    {LONGEST_GOOD, "a header of nearly 64 KiB", 600},
    {MOST_GOOD, "a header of 256 lines", 600},
};

static void test_lives(void) {
    for (size_t i = 0; i < sizeof lives / sizeof lives[0]; i++) {
        const char *name = lives[i].name;
        struct tv_keystore *store = open_store(lives[i].answer);
        struct tv_key *key;
        struct tv_detail detail;
        fetch(store, name);
        CHECK_NUMBER(1, requests(lives[i].answer), name);
        int64_t now_ms = tv_clock_steady_ms(), lifetime_ms = lives[i].lifetime_s * 1000;
        CHECK_STATUS(TV_OK, get_at(store, "one", now_ms, &key, &detail), name);
        CHECK(key && tv_key_type(key) == TV_KEY_RSA, name);

        // Fresh, and before its last tenth nothing is asked.
        now_ms -= 2000; // what the test itself took, at most
        CHECK_STATUS(TV_OK, get_at(store, "one", now_ms + lifetime_ms * 9 / 10, &key, &detail),
                     name);
        CHECK_NUMBER(0, tv_keystore_stats(store, now_ms).in_flight, name);
        // Just before its end it serves, and is asked for in the background.
        CHECK_STATUS(TV_OK, get_at(store, "one", now_ms + lifetime_ms, &key, &detail), name);
        CHECK_NUMBER(1, tv_keystore_stats(store, now_ms).in_flight, name);
        tv_keystore_free(store);
    }
}

// The answer of a source that fails, and what is made of it for those who ask later.
static void test_outcomes(void) {
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        const char *name = outcomes[i].name;
        int answer = outcomes[i].answer;
        struct tv_keystore *store = open_store(answer);
        struct tv_key *key;
        struct tv_detail detail;
        int64_t now_ms = tv_clock_steady_ms();
        CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", now_ms, &key, &detail), name);
        struct tv_outcome *outcome = wait_for_outcome();
        if (CHECK(outcome && !outcome->key, name)) {
            CHECK_STATUS(outcomes[i].status, outcome->absence.status, name);
            CHECK_NUMBER(outcomes[i].reason, outcome->absence.detail.reason, name);
            CHECK_NUMBER(outcomes[i].number, outcome->absence.detail.number, name);
        }
        tv_outcome_free(outcome);

        now_ms = tv_clock_steady_ms();
        CHECK_STATUS(outcomes[i].status, get_at(store, "one", now_ms, &key, &detail), name);
        CHECK_NUMBER(outcomes[i].reason, detail.reason, name);
        CHECK_SPAN("one", detail.key_id, name);
        CHECK_STATUS(outcomes[i].remembered ? TV_KEY_PENDING : outcomes[i].status,
                     get_at(store, "two", now_ms, &key, &detail), name);
        CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", now_ms + 31000, &key, &detail), name);
        CHECK_NUMBER(1, requests(answer), name); // what was asked since has not been sent yet
        tv_keystore_free(store);
        CHECK_NUMBER(0, tv_keystores_step(0), name);
    }
}

// A source that goes away: the key held is waited for, then serves, then does not.
static void test_stale(void) {
    struct tv_keystore *store = open_store(GOOD);
    struct tv_key *key;
    struct tv_detail detail;
    fetch(store, "stale");
    int64_t past_ms = tv_clock_steady_ms() + 1000000;
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", past_ms, &key, &detail), "past freshness");
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", past_ms + 999, &key, &detail), "not yet");
    CHECK_STATUS(TV_OK, get_at(store, "one", past_ms + 1000, &key, &detail), "after a second");
    CHECK_NUMBER(1, tv_keystore_stats(store, past_ms).stale, "stale");
    CHECK_NUMBER(0, tv_keystore_stats(store, past_ms).fresh, "stale");
    CHECK_STATUS(TV_OK, get_at(store, "one", past_ms + 3599000, &key, &detail), "nearly an hour");
    CHECK_NUMBER(1, tv_keystore_stats(store, past_ms).held, "held");
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "one", past_ms + 3600000, &key, &detail), "an hour");
    CHECK_NUMBER(0, tv_keystore_stats(store, past_ms).held, "gone");
    tv_keystore_free(store);
}

static void test_limits(void) {
    struct tv_keystore *store = open_store(LIMITS);
    struct tv_key *key;
    struct tv_detail detail;
    int64_t now_ms = tv_clock_steady_ms();
    char key_id[16];
    int most = 16 + 1024, pending = 0;
    for (int i = 0; i < most; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        pending += get_at(store, key_id, now_ms, &key, &detail) == TV_KEY_PENDING;
    }
    CHECK_NUMBER(most, pending, "as many as may be");
    CHECK_STATUS(TV_KEY_SOURCE_OVERLOADED, get_at(store, "more", now_ms, &key, &detail), "more");
    CHECK_NUMBER(1024, detail.limit, "more");
    CHECK_STATUS(TV_KEY_PENDING, get_at(store, "kid 7", now_ms, &key, &detail), "one of them");
    struct tv_keystore_stats stats = tv_keystore_stats(store, now_ms);
    CHECK_NUMBER(16, stats.in_flight, "in flight");
    CHECK_NUMBER(1024, stats.queued, "queued");
    CHECK_NUMBER(1, stats.overloaded, "overloaded");
    tv_keystore_free(store);
    CHECK_NUMBER(0, tv_keystores_step(0), "closing ends all");
    CHECK(requests(LIMITS) <= 16, "in flight");
}

static void test_clients(void) {
    struct tv_keystore *store = open_store(CLIENTS);
    struct tv_key *key = NULL;
    int64_t now_ms = tv_clock_steady_ms();
    char long_client[512] = "";
    memset(long_client, 'x', sizeof long_client - 1);
    const struct {
        const char *client;
        int count; // unknown kids it may have pending
    } clients[] = {
        {"192.0.2.1", 8}, {"192.0.2.10", 8}, {"192.0.2", 8},
        {"", 9},          {long_client, 9}, // no address: of nobody who is known
    };
    for (size_t i = 0; i < sizeof clients / sizeof clients[0]; i++) {
        struct tv_span client = tv_span_of(clients[i].client);
        char key_id[600];
        for (int n = 0; n < 9; n++) {
            struct tv_detail detail = {0};
            snprintf(key_id, sizeof key_id, "%s/%d", clients[i].client, n);
            struct tv_key_request request = {
                .key_id = tv_span_of(key_id), .client = client, .announce = true};
            CHECK_STATUS(n < clients[i].count ? TV_KEY_PENDING : TV_KEY_SOURCE_OVERLOADED,
                         tv_keystore_get(store, &request, now_ms, &key, &detail), key_id);
            CHECK_NUMBER(n < clients[i].count ? TV_REASON_NONE : TV_REASON_CLIENT, detail.reason,
                         key_id);
            CHECK_NUMBER(n < clients[i].count ? 0 : 8, detail.limit, key_id);
        }
    }
    tv_keystore_free(store);
}

// Of IPv6 a whole network of 64 bits is one client; IPv4 in IPv6's spelling is the IPv4 client.
static void test_client_networks(void) {
    static const struct {
        const char *first, *second;
        bool same;
    } pairs[] = {
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1", true},
        {"2001:db8:1:2::", "2001:DB8:0001:2:0:0:0:1", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"2001:db8::1", "2001:db8:1::1", false},
        {"fe80::1%eth0", "fe80::2%eth1", true},
        {"::1", "::2", true},
        {"0:0:1:2::1", "0:0:1:2::2", true},
        {"::ffff:192.0.2.1", "192.0.2.1", true},
        {"::FFFF:C000:201", "192.0.2.1", true},
        {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
        {"192.0.2.1", "192.0.2.2", false},
        {"192.0.2.1%a", "192.0.2.1%b", false}, // no address: as it is written
        {"somebody", "somebody", true},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        char url[128];
        struct tv_keystore_options options = options_of(url_of(CLIENTS, pairs[i].first, url));
        options.max_per_client = 1;
        struct tv_keystore *store = open_with(&options);
        struct tv_key_request request = {.key_id = TV_SPAN("one"), .announce = true};
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        int64_t now_ms = tv_clock_steady_ms();
        request.client = tv_span_of(pairs[i].first);
        CHECK_STATUS(TV_KEY_PENDING, tv_keystore_get(store, &request, now_ms, &key, &detail),
                     pairs[i].first);
        request.client = tv_span_of(pairs[i].second);
        request.key_id = TV_SPAN("two");
        CHECK_STATUS(pairs[i].same ? TV_KEY_SOURCE_OVERLOADED : TV_KEY_PENDING,
                     tv_keystore_get(store, &request, now_ms, &key, &detail), pairs[i].second);
        tv_keystore_free(store);
    }
}

// Who asks again after an outcome starts nothing: what is not there any more, or never was, is
// no key, also where no server has failed yet.
static void test_again(void) {
    struct tv_keystore *store = open_store(GOOD);
    struct tv_key_request request = {.key_id = TV_SPAN("one"), .again = true};
    struct tv_key *key = NULL;
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE,
                 tv_keystore_get(store, &request, tv_clock_steady_ms(), &key, &detail), "again");
    CHECK(!key, "no key");
    CHECK_TEXT(tv_keystore_source(store), detail.source.data, "again");
    CHECK_NUMBER(0, tv_keystore_stats(store, 0).fetches, "nothing is started");
    tv_keystore_free(store);
}

// A fetch that has ended, and is freed before anybody took it.
static void test_fetch_not_taken(void) {
    char url[128];
    struct tv_fetch *fetch = NULL;
    struct tv_detail detail = {0};
    struct tv_fetch_source source = {0};
    const struct tv_fetch_settings settings = {.source = &source,
                                               .connect_timeout_ms = 300,
                                               .timeout_ms = 5000,
                                               .max_bytes = TV_KEY_MAX_LENGTH};
    CHECK_STATUS(TV_OK,
                 tv_fetch_start(url_of(GOOD, "x", url), &settings, NULL, NULL, &fetch, &detail),
                 "a fetch");
    CHECK_NUMBER(TV_FETCH_QUEUED, fetch->state, "to be started");
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (fetch->state != TV_FETCH_ENDED && tv_clock_steady_ms() < until_ms)
        tv_fetcher_step(50);
    CHECK_NUMBER(TV_FETCH_ENDED, fetch->state, "ended");
    CHECK(tv_fetch_result(fetch)->answered, "with an answer");
    CHECK_NUMBER(0, source.running[false], "in flight no more");
    tv_fetch_free(fetch);
    CHECK(!tv_fetcher_take_ended(), "nothing is left of it");
    tv_fetch_free(NULL);
}

static void test_by_hand(void) {
    struct tv_keystore_options options = options_of(NULL);
    struct tv_keystore *store = NULL, *other = NULL;
    struct tv_detail detail = {0};
    struct tv_key *key = NULL, *found;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &store, NULL, &detail), "no source");
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &other, NULL, &detail), "no source");
    CHECK(store != other, "each a store of its own");
    CHECK_TEXT("", tv_keystore_source(store), "no source");
    CHECK_STATUS(TV_OK, tv_key_from_secret("secret", 6, &key, &detail), "a key");
    CHECK_STATUS(TV_KEY_NOT_FOUND, get_at(store, "one", 0, &found, &detail), "nothing there");
    CHECK_NUMBER(TV_REASON_NO_SOURCE, detail.reason, "nothing there");
    CHECK_STATUS(TV_OK, tv_keystore_put(store, TV_SPAN("one"), key, 0, 5), "put");
    CHECK_STATUS(TV_OK, tv_keystore_put(store, TV_SPAN("two"), key, 10000, 5), "put for 10 s");
    tv_key_free(key);
    CHECK_STATUS(TV_OK, get_at(store, "one", INT64_MAX - 1, &found, &detail), "for ever");
    CHECK(found == key, "the key that was put");
    CHECK_STATUS(TV_OK, get_at(store, "two", 10004, &found, &detail), "10 s");
    CHECK_STATUS(TV_KEY_NOT_FOUND, get_at(store, "two", 10005, &found, &detail), "over");
    CHECK_STATUS(TV_KEY_NOT_FOUND, get_at(other, "one", 5, &found, &detail), "another store");
    tv_keystore_forget(store, NULL);
    CHECK_STATUS(TV_KEY_NOT_FOUND, get_at(store, "one", 5, &found, &detail), "forgotten");
    tv_keystore_free(other);
    tv_keystore_free(store);
}

static void test_sharing(void) {
    struct tv_keystore *store = open_store(GOOD), *again = NULL, *other = open_store(GOOD_LONG);
    struct tv_detail detail = {0};
    const char *differs = "x";
    char url[64];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/%d", server.port, GOOD);
    struct tv_keystore_options options = options_of(url);
    options.cache_size = 200;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &again, &differs, &detail), "without slash");
    CHECK(again == store && other != store, "one for each URL");
    CHECK_TEXT(NULL, differs, "the same settings");
    tv_keystore_free(again);
    options.max_stale_s = 1;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &again, &differs, &detail), "differing");
    CHECK_TEXT("max_stale", differs, "differing");
    tv_keystore_free(again);
    // What one host believes, or shows, must not hang on which of them came first.
    struct tv_keystore_options usual = options_of(url);
    for (size_t i = 0; i < 7; i++) {
        options = usual;
        const char **texts[] = {&options.ca_file,    &options.ca_path,
                                &options.proxy,      &options.client_cert,
                                &options.client_key, &options.bearer_token_file};
        if (i < 6)
            *texts[i] = "/another";
        else
            options.rsa_min_bits = 3072;
        CHECK_STATUS(TV_OK, tv_keystore_open(&options, &again, &differs, &detail), "trust");
        CHECK(again != store, "a store of its own");
        CHECK_TEXT(NULL, differs, "and so its own settings hold");
        tv_keystore_free(again);
    }
    tv_keystore_free(other);
    tv_keystore_free(store);
}

static size_t count_stores(void) {
    size_t count = 0;
    for (struct tv_keystore *store = NULL; (store = tv_keystore_next(store));)
        count++;
    return count;
}

// A store that its last user closed to stay: its keys and what is on its way are there for the next
// one, whose settings hold.
static void test_left(void) {
    char url[128];
    struct tv_keystore_options options = options_of(url_of(GOOD, "left", url));
    struct tv_keystore *store = open_with(&options), *again = NULL;
    struct tv_detail detail = {0};
    const char *differs = "x";
    fetch(store, "left");
    uint64_t id = tv_keystore_id(store);
    struct tv_keystore *reference = tv_keystore_retain(store); // as a verifier has
    int64_t now_ms = tv_clock_steady_ms();
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "two", now_ms), "on its way");
    tv_keystore_close(store, 60000);
    options.max_ttl_s = 500;
    options.max_stale_s = 50;
    options.cache_size = 1000;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &again, &differs, &detail), "again");
    CHECK_TEXT(NULL, differs, "the settings of who has it now");
    CHECK_NUMBER(id, tv_keystore_id(again), "the same");
    tv_keystore_free(reference);
    CHECK_STATUS(TV_OK, ask_at(again, "one", now_ms), "the key held");
    struct tv_outcome *outcome = wait_for_outcome();
    CHECK(outcome && outcome->key, "what was on its way");
    tv_outcome_free(outcome);
    struct tv_key_walk walk = {0};
    while (tv_keystore_walk(again, &walk)) {
        CHECK_NUMBER(500000, walk.life->fresh_until_ms - walk.life->stored_ms, "shortened");
        CHECK_NUMBER(550000, walk.life->stale_until_ms - walk.life->stored_ms, "shortened");
        CHECK(walk.life->refresh_from_ms <= walk.life->fresh_until_ms, "shortened");
    }
    CHECK_NUMBER(1, count_stores(), "one store");
    tv_keystore_close(again, 0);
    CHECK_NUMBER(1, count_stores(), "the first one's wish holds for who only looked at it");
    // While somebody has it open his settings hold.
    options.urls[0] = url_of(GOOD, "left/again", url);
    store = open_with(&options);
    options.max_stale_s = 60;
    CHECK_STATUS(TV_OK, tv_keystore_open(&options, &again, &differs, &detail), "another");
    CHECK_TEXT("max_stale", differs, "differing");
    tv_keystore_close(again, 200);
    tv_keystore_close(store, 100);
    CHECK_NUMBER(2, count_stores(), "it stays");
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (count_stores() > 1 && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(ENDS_WITHIN_MS); // which its end wakes
    CHECK(tv_clock_steady_ms() < until_ms, "gone when its time is over");
}

// Of too many the one that was left first goes, but not while its key is on its way.
// A plugin that is loaded anew asks at once, whatever its former copy was told.
static void test_left_after_failure(void) {
    int path = new_path(ERROR);
    char url[128];
    struct tv_keystore_options options = options_of(url_of(path, "left", url));
    options.back_off_min_ms = options.back_off_max_ms = 60000;
    struct tv_keystore *store = open_with(&options), *again;
    CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", tv_clock_steady_ms()), "on its way");
    tv_outcome_free(wait_for_outcome());
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, ask_at(store, "one", tv_clock_steady_ms()),
                 "it failed");
    again = open_with(&options);
    CHECK_STATUS(TV_KEY_SOURCE_UNAVAILABLE, ask_at(again, "one", tv_clock_steady_ms()),
                 "while somebody has it");
    tv_keystore_close(again, 60000);
    tv_keystore_close(store, 60000);
    server_say(&server, path, GOOD);
    again = open_with(&options);
    CHECK_STATUS(TV_KEY_PENDING, ask_at(again, "one", tv_clock_steady_ms()), "asked at once");
    struct tv_outcome *outcome = wait_for_outcome();
    CHECK(outcome && outcome->key, "and there");
    tv_outcome_free(outcome);
    tv_keystore_close(again, 0);
}

static void test_left_in_number(void) {
    char url[128], rest[16];
    int64_t now_ms = tv_clock_steady_ms();
    struct tv_keystore_options options = options_of(url);
    uint64_t first = 0;
    for (int i = 0; i < TV_KEYSTORES_MAX_LEFT + 10; i++) {
        snprintf(rest, sizeof rest, "many/%d", i);
        url_of(SILENT, rest, url);
        struct tv_keystore *store = open_with(&options);
        if (i == 0) {
            first = tv_keystore_id(store);
            CHECK_STATUS(TV_KEY_PENDING, ask_at(store, "one", now_ms), "on its way");
        }
        tv_keystore_close(store, 60000);
    }
    CHECK_NUMBER(TV_KEYSTORES_MAX_LEFT, count_stores(), "no more");
    CHECK_NUMBER(first, tv_keystore_id(tv_keystore_next(NULL)), "the one that has a look-up");
    CHECK_NUMBER(first + 11, tv_keystore_id(tv_keystore_next(tv_keystore_next(NULL))), "not these");
}

static void test_fetch_limit_of(size_t limit, int running) {
    char url[128];
    int path = new_path(SILENT);
    struct tv_keystore_options options = options_of(url_of(path, "limit", url));
    options.max_fetches = limit;
    options.timeout_ms = ENDS_WITHIN_MS;
    struct tv_keystore *store = open_with(&options);
    for (int i = 0; i < 4; i++) {
        char key_id[16];
        snprintf(key_id, sizeof key_id, "kid %d", i);
        CHECK_STATUS(TV_KEY_PENDING, ask_at(store, key_id, tv_clock_steady_ms()), key_id);
    }
    int64_t until_ms = tv_clock_steady_ms() + ENDS_WITHIN_MS;
    while (requests(path) < running && tv_clock_steady_ms() < until_ms)
        tv_keystores_step(10);
    for (int i = 0; i < 5; i++)
        tv_keystores_step(10);
    CHECK_NUMBER(running, requests(path), "in flight in the process");
    tv_keystore_close(store, 0);
}

// The least that any store asks for, as long as there is one.
static void test_fetch_limits(void) {
    test_fetch_limit_of(64, 4);
    test_fetch_limit_of(2, 1); // the other is for a source that has none
    char url[128];
    struct tv_keystore_options options = options_of(url_of(GOOD, "limits", url));
    options.max_fetches = 1;
    struct tv_keystore *store = open_with(&options), *again;
    test_fetch_limit_of(64, 1);
    tv_keystore_close(store, 60000);
    options.max_fetches = 3;
    again = open_with(&options);
    test_fetch_limit_of(64, 2); // likewise
    tv_keystore_close(again, 0);
    test_fetch_limit_of(64, 4);
}

static void test_urls(void) {
    static const struct {
        const char *url, *source; // NULL: refused
    } urls[] = {
        {"http://keys.example", "http://keys.example/"},
        {"https://keys.example/a/b/", "https://keys.example/a/b"},
        {"https://joe:secret@keys.example/a?token=secret", "https://keys.example/a"},
        {"", NULL},
        {"keys.example", NULL},
        {"http://", NULL},
        {"ftp://keys.example/", NULL},
        {"file:///etc/passwd", NULL},
        {"/etc/passwd", NULL},
        {"http://keys.example:99999/", NULL},
    };
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct tv_keystore_options options = options_of(urls[i].url);
        struct tv_keystore *store = NULL;
        struct tv_detail detail = {0};
        CHECK_STATUS(urls[i].source ? TV_OK : TV_KEY_SOURCE_UNAVAILABLE,
                     tv_keystore_open(&options, &store, NULL, &detail), urls[i].url);
        CHECK((store != NULL) == (urls[i].source != NULL), urls[i].url);
        if (store)
            CHECK_TEXT(urls[i].source, tv_keystore_source(store), urls[i].url);
        else
            CHECK(detail.reason == TV_REASON_NETWORK && detail.text, urls[i].url);
        tv_keystore_free(store);
    }
}

// So many lines of header, of `width` bytes each, and what follows them.
static char *with_header(int lines, int width, const char *body) {
    size_t size = (size_t)lines * (size_t)width + strlen(body) + 3, used = 0;
    char *text = check_malloc(size);
    for (int i = 0; i < lines; i++)
        used += (size_t)snprintf(text + used, size - used, "X: %0*d\r\n", width - 5, i);
    snprintf(text + used, size - used, "\r\n%s", body);
    return text;
}

int main(void) {
    size_t length;
    char *pem = check_read_file(KEYS "rsa.pem", &length);
    for (int i = GOOD; i <= GOOD_AGED; i++)
        answers[i].body = pem;
    char *headers[] = {with_header(66, 1000, pem), with_header(65, 1000, pem),
                       with_header(254, 20, pem), with_header(253, 20, pem)};
    for (int i = 0; i < 4; i++)
        answers[LONG_HEADER + i] = (struct server_answer){
            .bytes = "HTTP/1.1 200 OK\r\nConnection: close\r\n", .body = headers[i]};
    server_listen(&server);
    server_start(&server, answers);
    test_by_hand();
    test_urls();
    test_sharing();
    test_lives();
    test_outcomes();
    test_stale();
    test_limits();
    test_clients();
    test_client_networks();
    test_again();
    test_fetch_not_taken();
    test_left();
    test_left_after_failure();
    test_left_in_number();
    test_fetch_limits();
    server_stop(&server);
    free(pem);
    for (int i = 0; i < 4; i++)
        free(headers[i]);
    tv_keystore_free(NULL);
    return check_report("test_keystore");
}
