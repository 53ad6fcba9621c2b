// SPDX-License-Identifier: MIT
// How long an answer stays fresh, by its header fields.
#include "check.h"

#include "net/freshness.h"

#define NOW 1700000000

static const struct {
    const char *cache_control, *age;
    bool has_expires;
    int64_t expires_s, date_s;
    int64_t lifetime_s;
} cases[] = {
    {NULL, NULL, false, -1, -1, -1},
    {"", "", false, -1, -1, -1},
    {"public", NULL, false, -1, -1, -1},
    {"s-maxage=60", NULL, false, -1, -1, -1}, // for shared caches
    {"max-age=60", NULL, false, -1, -1, 60},
    {"MAX-AGE=60", NULL, false, -1, -1, 60},
    {"max-age=0", NULL, false, -1, -1, 0},
    {"max-age=1", NULL, false, -1, -1, 1},
    {"public, max-age=60", NULL, false, -1, -1, 60},
    {"public,max-age=60,immutable", NULL, false, -1, -1, 60},
    {"\t max-age = 60 \t", NULL, false, -1, -1, 60},
    {",,max-age=60,,", NULL, false, -1, -1, 60},
    {"max-age=\"60\"", NULL, false, -1, -1, 60},
    {"s-maxage=5, max-age=60", NULL, false, -1, -1, 60},
    {"max-age=2147483648", NULL, false, -1, -1, 2147483648},
    {"max-age=99999999999999999999999999", NULL, false, -1, -1, 2147483648},
    // A max-age that is no number is best taken as stale.
    {"max-age", NULL, false, -1, -1, 0},
    {"max-age=", NULL, false, -1, -1, 0},
    {"max-age=x", NULL, false, -1, -1, 0},
    {"max-age=60x", NULL, false, -1, -1, 0},
    {"max-age=-60", NULL, false, -1, -1, 0},
    {"max-age=6.0", NULL, false, -1, -1, 0},
    {"max-age=\"", NULL, false, -1, -1, 0},
    {"max-age=\"\"", NULL, false, -1, -1, 0},
    {"max-age=\"60", NULL, false, -1, -1, 0},
    {"max-age=60\"", NULL, false, -1, -1, 0},
    {"max-age=6/", NULL, false, -1, -1, 0},
    {"max-age=6:", NULL, false, -1, -1, 0},
    // Not the directive.
    {"max-ag=60", NULL, false, -1, -1, -1},
    {"max-agee=60", NULL, false, -1, -1, -1},
    {"x-max-age=60", NULL, false, -1, -1, -1},
    {"private=\"max-age=60, no-store\"", NULL, false, -1, -1, -1},
    {"private=\"a, max-age=60, b\"", NULL, false, -1, -1, -1},
    {"x=\"a, no-store, b\", max-age=60", NULL, false, -1, -1, 60},
    {"\"a, max-age=60, b\"", NULL, false, -1, -1, -1},
    {"private=\"a\\\", max-age=5\", max-age=60", NULL, false, -1, -1, 60},
    {"x=\"a\\\\\", max-age=60", NULL, false, -1, -1, 60},
    {"x=\"max-age=60\\", NULL, false, -1, -1, -1},
    {"x=a\\, max-age=60", NULL, false, -1, -1, 60}, // a backslash outside quotes escapes nothing
    // Revalidation is asked for.
    {"no-store", NULL, false, -1, -1, 0},
    {"no-cache", NULL, false, -1, -1, 0},
    {"No-Cache, max-age=60", NULL, false, -1, -1, 0},
    {"max-age=60, no-store", NULL, false, -1, -1, 0},
    {"no-cache=\"Set-Cookie\", max-age=60", NULL, false, -1, -1, 0},
    {"no-cach, max-age=60", NULL, false, -1, -1, 60},
    {"no-store", NULL, true, NOW + 600, NOW, 0},
    // Age
    {"max-age=60", "20", false, -1, -1, 40},
    {"max-age=60", " 20 ", false, -1, -1, 40},
    {"max-age=60", "1", false, -1, -1, 59},
    {"max-age=60", "60", false, -1, -1, 0},
    {"max-age=60", "61", false, -1, -1, 0},
    {"max-age=60", "0", false, -1, -1, 60},
    {"max-age=60", "-20", false, -1, -1, 60},
    {"max-age=60", "x", false, -1, -1, 60},
    // RFC 9111 section 5.1: of a list, or of several lines, the first.
    {"max-age=60", "20, 5", false, -1, -1, 40},
    {"max-age=60", "20,5", false, -1, -1, 40},
    {"max-age=60", "20 ,", false, -1, -1, 40},
    {"max-age=60", "0,20", false, -1, -1, 60},
    {"max-age=60", "x,20", false, -1, -1, 60},
    {"max-age=60", ",20", false, -1, -1, 60},
    {"max-age=60", ",", false, -1, -1, 60},
    {"max-age=60", "99999999999999999999", false, -1, -1, 0},
    {NULL, "20", false, -1, -1, -1},
    // Expires
    {NULL, NULL, true, NOW + 600, NOW + 100, 500},
    {NULL, NULL, true, NOW + 600, -1, 600},
    {NULL, NULL, true, NOW + 600, 0, NOW + 600},
    {NULL, NULL, true, NOW, NOW, 0},
    {NULL, NULL, true, NOW - 1, NOW, 0},
    {NULL, NULL, true, -1, NOW, 0}, // "0" and whatever is no date: in the past
    {NULL, NULL, true, -1, -1, 0},
    {NULL, NULL, true, 0, -1, 0},
    {NULL, "20", true, NOW + 600, NOW, 580},
    {"max-age=60", NULL, true, NOW + 600, NOW, 60}, // max-age wins
    {"max-age=0", NULL, true, NOW + 600, NOW, 0},
    {"public", NULL, true, NOW + 600, NOW, 600},
    {NULL, NULL, false, NOW + 600, NOW, -1},
};

static void test_validators(void) {
    struct tv_validators none = {0}, both = {strdup("a"), strdup("b")}, moved = {0};
    struct tv_validators tag = {.etag = strdup("c")}, date = {.last_modified = strdup("d")};
    CHECK(!tv_validators_any(&none) && tv_validators_any(&both), "none and both");
    CHECK(tv_validators_any(&tag) && tv_validators_any(&date), "one of them");
    tv_validators_move(&both, &moved);
    CHECK(!tv_validators_any(&both), "moved away");
    CHECK_TEXT("a", moved.etag, "moved");
    CHECK_TEXT("b", moved.last_modified, "moved");
    tv_validators_move(&tag, &moved); // over others, of which nothing is left
    CHECK_TEXT("c", moved.etag, "moved over others");
    CHECK(!moved.last_modified, "moved over others");
    tv_validators_clear(&moved);
    CHECK(!tv_validators_any(&moved), "cleared");
    tv_validators_clear(&date);
    tv_validators_clear(&date); // once more does no harm
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tv_http_fields fields = {.has_expires = cases[i].has_expires,
                                        .expires_s = cases[i].expires_s,
                                        .date_s = cases[i].date_s};
        const char *text = cases[i].cache_control, *age = cases[i].age;
        if (text)
            fields.cache_control = guard_copy(GUARD_TOKEN, text, strlen(text));
        if (age)
            fields.age = guard_copy(GUARD_KEY, age, strlen(age));
        char name[128];
        snprintf(name, sizeof name, "line %zu: Cache-Control %s, Age %s", i, text ? text : "none",
                 age ? age : "none");
        CHECK_NUMBER(cases[i].lifetime_s, tv_freshness_lifetime_s(&fields, NOW), name);
    }
    test_validators();
    return check_report("test_freshness");
}
