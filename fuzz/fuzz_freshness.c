// SPDX-License-Identifier: MIT
// HTTP freshness: lines of Cache-Control, Age, Expires, Date, now; the last three in seconds.
#include "fuzz.h"

#include "net/freshness.h"

#define SECONDS_MAX ((int64_t)1 << 40)
#define DELTA_SECONDS_MAX ((int64_t)1 << 31) // RFC 9111 section 1.2.2

// As many digits as libcurl makes of any date it can read; -1 for a text that is no number.
static int64_t read_number(struct tv_span text) {
    int64_t number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = (number * 10 + (text.data[i] - '0')) % SECONDS_MAX;
    }
    return text.length > 0 ? number : -1;
}

// What comes after it is a directive of its own, where no quotes are open.
static void check_no_store(struct tv_http_fields fields, int64_t now_s) {
    struct tv_span given = fields.cache_control;
    if (given.length > 0 && memchr(given.data, '"', given.length))
        return;
    static const char more[] = " , No-Store";
    char *text = fuzz_malloc(given.length + sizeof more);
    if (given.length > 0)
        memcpy(text, given.data, given.length);
    memcpy(text + given.length, more, sizeof more);
    fields.cache_control = (struct tv_span){text, given.length + sizeof more - 1};
    MUST(tv_freshness_lifetime_s(&fields, now_s) == 0);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_http_fields fields = {0};
    struct tv_span control = fuzz_line(&data, &size), age = fuzz_line(&data, &size);
    struct tv_span expires = fuzz_line(&data, &size);
    fields.cache_control = fuzz_copy(control.data, control.length);
    fields.age = fuzz_copy(age.data, age.length);
    fields.has_expires = expires.length > 0;
    fields.expires_s = read_number(expires);
    fields.date_s = read_number(fuzz_line(&data, &size));
    int64_t now_s = read_number(fuzz_line(&data, &size));

    int64_t lifetime_s = tv_freshness_lifetime_s(&fields, now_s);
    MUST(lifetime_s >= (fields.has_expires ? 0 : -1));
    MUST(lifetime_s <= (fields.has_expires ? SECONDS_MAX : DELTA_SECONDS_MAX));
    struct tv_http_fields young = fields;
    young.age = (struct tv_span){0};
    MUST(lifetime_s <= tv_freshness_lifetime_s(&young, now_s));
    check_no_store(fields, now_s);

    free((char *)fields.cache_control.data);
    free((char *)fields.age.data);
    return 0;
}
