// SPDX-License-Identifier: MIT
// The cache: what was put is found, and the right entry goes when it is full.
#include "check.h"

#include "store/cache.h"

static struct tv_key *key;

static struct tv_cache_entry *put(struct tv_cache *cache, const char *key_id, bool has_key,
                                  int64_t now_ms) {
    struct tv_cache_entry *entry = NULL;
    struct tv_span copy = guard_copy(GUARD_KEY, key_id, strlen(key_id));
    CHECK_STATUS(TV_OK, tv_cache_put(cache, copy, has_key ? key : NULL, now_ms, &entry), key_id);
    return entry;
}

static size_t count_entries(struct tv_cache *cache) {
    size_t count = 0;
    for (struct tv_cache_entry *entry = NULL; (entry = tv_cache_next(cache, entry));)
        count++;
    return count;
}

// The kids from the most to the least recently used.
static void check_order(struct tv_cache *cache, const char *expected, const char *name) {
    char found[256] = "";
    for (struct tv_cache_entry *entry = NULL; (entry = tv_cache_next(cache, entry));) {
        strncat(found, entry->key_id.data, entry->key_id.length);
        strcat(found, " ");
    }
    CHECK_TEXT(expected, found, name);
    size_t backwards = 0;
    for (struct tv_cache_entry *entry = NULL, *last = NULL; (entry = tv_cache_next(cache, entry));
         last = entry)
        backwards += entry->newer == last;
    CHECK_NUMBER(count_entries(cache), backwards, name);
}

// Each line does one thing, in this order, to a cache of 3.
static const struct {
    char what; // '+' put, '?' use, '!' get, '-' remove, 'w' set waiters, '*' clear
    const char *key_id;
    int64_t now_ms;
    const char *order;
} steps[] = {
    {'+', "a", 0, "a "},         {'+', "b", 0, "b a "},
    {'+', "c", 0, "c b a "},     {'?', "a", 0, "a c b "}, // the oldest
    {'?', "c", 0, "c a b "},                              // one in the middle
    {'?', "c", 0, "c a b "},                              // the newest
    {'?', "x", 0, "c a b "},                              // one that is not there
    {'!', "b", 0, "c a b "},                              // a look that is no use
    {'+', "d", 0, "d c a "},                              // full: the least recently used goes
    {'+', "c", 0, "c d a "},                              // over itself: nothing goes
    {'+', "c", 0, "c d a "},     {'-', "x", 0, "c d a "},
    {'-', "d", 0, "c a "},       {'-', "c", 0, "a "},
    {'-', "a", 0, ""},           {'?', "a", 0, ""},
    {'+', "a", 0, "a "},         {'+', "b", 0, "b a "},
    {'+', "c", 0, "c b a "},     {'w', "a", 100, "c b a "}, // waited for, until 100
    {'+', "d", 50, "d c a "},                               // so the next goes instead
    {'w', "c", 100, "d c a "},   {'w', "d", 100, "d c a "},
    {'+', "e", 50, "e d c a "}, // all are: the cache holds more for a while
    {'w', "e", 100, "e d c a "}, {'+', "f", 99, "f e d c a "},
    {'+', "g", 100, "g f e "}, // their time is over: back to the size
    {'+', "h", 101, "h g f "},   {'*', "", 0, ""},
    {'+', "a", 0, "a "},         {'+', "b", 0, "b a "},
    {'+', "c", 0, "c b a "},     {'+', "d", -1, "d c b "}, // nobody waits, at whatever time
};

static void test_steps(void) {
    struct tv_cache *cache = tv_cache_new(3, 12345);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct tv_span key_id = tv_span_of(steps[i].key_id);
        struct tv_cache_entry *entry;
        char name[64];
        snprintf(name, sizeof name, "step %zu: %c%s", i, steps[i].what, steps[i].key_id);
        switch (steps[i].what) {
        case '+':
            put(cache, steps[i].key_id, true, steps[i].now_ms);
            break;
        case '?':
        case '!':
            entry =
                steps[i].what == '?' ? tv_cache_use(cache, key_id) : tv_cache_get(cache, key_id);
            CHECK((entry != NULL) == (strstr(steps[i].order, steps[i].key_id) != NULL), name);
            break;
        case '-':
            tv_cache_remove(cache, key_id);
            CHECK(!tv_cache_get(cache, key_id), name);
            break;
        case 'w':
            entry = tv_cache_get(cache, key_id);
            entry->waiters = 1;
            entry->waiters_until_ms = steps[i].now_ms;
            break;
        default:
            tv_cache_clear(cache);
        }
        check_order(cache, steps[i].order, name);
    }
    tv_cache_free(cache);
}

static void test_entries(void) {
    struct tv_cache *cache = tv_cache_new(4, 0);
    struct tv_cache_entry *entry = put(cache, "a", true, 77);
    CHECK_NUMBER(77, entry->life.stored_ms, "stored");
    CHECK(entry->key == key, "key");
    CHECK_SPAN("a", entry->key_id, "kid");
    CHECK(entry->life.fresh_until_ms == 0 && entry->life.stale_until_ms == 0 &&
              entry->waiters == 0 && entry->life.refresh_from_ms == 0,
          "the rest is the caller's");
    entry->waiters = 5;
    entry->validators.etag = strdup("\"one\""); // the entry's from now on
    entry->validators.last_modified = strdup("Mon, 06 Jan 2025 10:00:00 GMT");
    entry = put(cache, "a", false, 78);
    CHECK(!entry->key && entry->waiters == 0 && entry->life.stored_ms == 78,
          "an absence over a key");
    CHECK_NUMBER(1, count_entries(cache), "over itself");

    // The kid may be any bytes, and the one that was put may be its own entry's.
    struct tv_span nul = {"a\0b", 3}, empty = {"", 0};
    CHECK_STATUS(TV_OK, tv_cache_put(cache, nul, key, 0, &entry), "NUL");
    CHECK(tv_cache_get(cache, nul) == entry && entry->key_id.data != nul.data, "NUL");
    CHECK_STATUS(TV_OK, tv_cache_put(cache, empty, key, 0, &entry), "empty");
    CHECK(tv_cache_get(cache, empty) == entry, "empty");
    CHECK_STATUS(TV_OK, tv_cache_put(cache, entry->key_id, key, 9, &entry), "its own");
    CHECK(tv_cache_get(cache, empty) == entry && entry->life.stored_ms == 9, "its own");
    tv_cache_remove(cache, entry->key_id);
    CHECK(!tv_cache_get(cache, empty), "removed by its own kid");
    CHECK_NUMBER(2, count_entries(cache), "two are left");
    tv_cache_free(cache);
    tv_cache_free(NULL);
}

// Puts the kids `from` to `to` - 1, each stored at its number.
static void put_range(struct tv_cache *cache, int from, int to) {
    for (int i = from; i < to; i++) {
        char key_id[16];
        snprintf(key_id, sizeof key_id, "kid %d", i);
        put(cache, key_id, true, i);
    }
}

// Growing beyond the first buckets, with every kid still found, and no key lost or kept too long.
static void test_many(void) {
    enum { MANY = 500 };
    struct tv_cache *cache = tv_cache_new(10, 99);
    put_range(cache, 0, 11);
    CHECK_NUMBER(10, count_entries(cache), "size");
    tv_cache_grow(cache, 5);
    put_range(cache, 11, 12);
    CHECK_NUMBER(10, count_entries(cache), "never smaller");
    tv_cache_grow(cache, MANY);
    put_range(cache, 0, MANY);
    char key_id[16];
    int found = 0;
    for (int i = 0; i < MANY; i++) {
        snprintf(key_id, sizeof key_id, "kid %d", i);
        struct tv_cache_entry *entry = tv_cache_get(cache, tv_span_of(key_id));
        found +=
            entry && entry->life.stored_ms == i && tv_span_equal(entry->key_id, tv_span_of(key_id));
    }
    CHECK_NUMBER(MANY, found, "all are found");
    put_range(cache, MANY, MANY + 100);
    CHECK_NUMBER(MANY, count_entries(cache), "full");
    CHECK(!tv_cache_get(cache, TV_SPAN("kid 99")), "the oldest went");
    CHECK(tv_cache_get(cache, TV_SPAN("kid 100")), "the others did not");
    // A key that was used once more is not the oldest.
    tv_cache_use(cache, TV_SPAN("kid 100"));
    put(cache, "one more", true, 0);
    CHECK(tv_cache_get(cache, TV_SPAN("kid 100")), "used");
    CHECK(!tv_cache_get(cache, TV_SPAN("kid 101")), "not used");
    struct tv_key *held = tv_key_retain(key);
    tv_cache_free(cache);
    CHECK_SPAN("secret", tv_key_secret(held), "a key lives as long as somebody has it");
    tv_key_free(held);
}

// Kids that meet in one bucket: a single bucket's chain, in both orders of removal.
static void test_chains(void) {
    struct tv_cache *cache = tv_cache_new(64, 7);
    char key_id[2] = "A";
    for (key_id[0] = 'A'; key_id[0] < 'A' + 16; key_id[0]++)
        put(cache, key_id, false, key_id[0]); // as many as there are buckets: some must meet
    for (key_id[0] = 'A' + 1; key_id[0] < 'A' + 16; key_id[0] = (char)(key_id[0] + 2))
        tv_cache_remove(cache, tv_span_of(key_id));
    int right = 0;
    for (key_id[0] = 'A'; key_id[0] < 'A' + 16; key_id[0]++) {
        struct tv_cache_entry *entry = tv_cache_get(cache, tv_span_of(key_id));
        right += (key_id[0] - 'A') % 2 ? !entry : entry && entry->life.stored_ms == key_id[0];
    }
    CHECK_NUMBER(16, right, "every second is there");
    CHECK_NUMBER(8, count_entries(cache), "every second is there");
    tv_cache_free(cache);
}

int main(void) {
    struct tv_detail detail = {0};
    CHECK_STATUS(TV_OK, tv_key_from_secret("secret", 6, &key, &detail), "a key");
    test_steps();
    test_entries();
    test_many();
    test_chains();
    tv_key_free(key);
    key = NULL; // so that LeakSanitizer finds a reference that the cache kept
    return check_report("test_cache");
}
