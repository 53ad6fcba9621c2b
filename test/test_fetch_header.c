// SPDX-License-Identifier: MIT
// What is taken from a header, line by line, and when it is not read on.
#include "check.h"

#include "base/clock.h"
#include "net/fetch_header.h"

#define OK "HTTP/1.1 200 OK\r\n"

// Feeds the lines of `text`, each ending with "\n"; NULL, or why one was refused.
static const char *feed(struct tv_header *header, const char *text) {
    const char *problem = NULL;
    while (*text && !problem) {
        size_t length = strcspn(text, "\n") + 1;
        struct tv_span line = guard_copy(GUARD_TOKEN, text, length);
        problem = tv_header_add(header, line.data, line.length);
        text += length;
    }
    return problem;
}

// One field of a header: its value, NULL where there is none.
static const struct {
    const char *name, *text;
    enum tv_field field;
    const char *value;
} cases[] = {
    {"a field", OK "Age: 5\r\n\r\n", TV_FIELD_AGE, "5"},
    {"of any case", OK "cAcHe-CONTROL:no-store\r\n\r\n", TV_FIELD_CACHE_CONTROL, "no-store"},
    {"without a carriage return", "HTTP/1.1 200\nAge: 5\n\n", TV_FIELD_AGE, "5"},
    {"white space around it", OK "Age: \t 5 \t\r\n\r\n", TV_FIELD_AGE, "5"},
    {"empty", OK "Expires:\r\n\r\n", TV_FIELD_EXPIRES, ""},
    {"with colons", OK "Date: 08:49:37\r\n\r\n", TV_FIELD_DATE, "08:49:37"},
    {"without a colon", OK "Age\r\n\r\n", TV_FIELD_AGE, NULL},
    {"a shorter name", OK "Ag: 5\r\n\r\n", TV_FIELD_AGE, NULL},
    {"a longer name", OK "Aged: 5\r\n\r\n", TV_FIELD_AGE, NULL},
    {"a space before the colon", OK "Age : 5\r\n\r\n", TV_FIELD_AGE, NULL},
    {"no name", OK ": 5\r\n\r\n", TV_FIELD_AGE, NULL},
    {"another field", OK "X: 5\r\n\r\n", TV_FIELD_AGE, NULL},
    {"a list in lines", OK "Age: 1\r\nX: 2\r\nAge: 3\r\n\r\n", TV_FIELD_AGE, "1,3"},
    {"a list, empty first", OK "Age:\r\nAge: 3\r\n\r\n", TV_FIELD_AGE, ",3"},
    {"another list", OK "Cache-Control: a\r\nCache-Control: b, c\r\n\r\n", TV_FIELD_CACHE_CONTROL,
     "a,b, c"},
    {"no list: the first", OK "Expires: 1\r\nExpires: 2\r\n 3\r\n\r\n", TV_FIELD_EXPIRES, "1"},
    {"nor this", OK "Date: 1\r\nDate: 2\r\n\r\n", TV_FIELD_DATE, "1"},
    {"folded", OK "Age: 1\r\n \t2 \r\n\t3\r\n\r\n", TV_FIELD_AGE, "1 2 3"},
    {"folded behind another", OK "Age: 1\r\nX: 2\r\n 3\r\n\r\n", TV_FIELD_AGE, "1"},
    {"folded behind nothing", OK " Age: 1\r\n\r\n", TV_FIELD_AGE, NULL},
    {"folded at the start", " Age: 1\r\n\r\n", TV_FIELD_AGE, NULL},
    {"a line of white space ends it", OK " \r\nAge: 1\r\n\r\n", TV_FIELD_AGE, NULL},
    {"a trailer", OK "\r\nAge: 1\r\n", TV_FIELD_AGE, NULL},
    {"a trailer of the same name", OK "Age: 1\r\n\r\nAge: 2\r\n", TV_FIELD_AGE, "1"},
    {"a folded trailer", OK "Age: 1\r\n\r\n 2\r\n", TV_FIELD_AGE, "1"},
    {"of a 103", "HTTP/1.1 103 Hints\r\nAge: 1\r\n\r\n" OK "\r\n", TV_FIELD_AGE, NULL},
    {"behind a 103", "HTTP/1.1 103 Hints\r\nAge: 1\r\n\r\n" OK "Age: 2\r\n\r\n", TV_FIELD_AGE, "2"},
    {"a status line amidst", OK "Age: 1\r\nHTTP/1.1 200\r\n\r\n", TV_FIELD_AGE, "1"},
    {"the end of the header as a trailer", OK "Age: 1\r\n\r\nHTTP\r\n", TV_FIELD_AGE, "1"},
};

static void check_case(size_t i) {
    struct tv_header header = {0};
    CHECK_TEXT(NULL, feed(&header, cases[i].text), cases[i].name);
    struct tv_span value = tv_header_value(&header, cases[i].field);
    CHECK_TEXT(cases[i].value, value.data, cases[i].name);
    CHECK_NUMBER(cases[i].value ? strlen(cases[i].value) : 0, value.length, cases[i].name);
    tv_header_clear(&header);
}

// What is sent back.
static void check_validator(const char *name, const char *value, bool good) {
    static const enum tv_field fields[] = {TV_FIELD_ETAG, TV_FIELD_LAST_MODIFIED};
    static const char *const names[] = {"ETag", "Last-Modified"};
    for (size_t i = 0; i < 2; i++) {
        char text[4096];
        struct tv_header header = {0};
        snprintf(text, sizeof text, OK "%s: %s\r\n\r\n", names[i], value);
        CHECK_TEXT(NULL, feed(&header, text), name);
        char *taken = tv_header_take_validator(&header, fields[i]);
        CHECK_TEXT(good ? value : NULL, taken, name);
        if (good)
            CHECK_TEXT(NULL, tv_header_take_validator(&header, fields[i]), "taken once");
        free(taken);
        tv_header_clear(&header);
    }
}

static void test_validators(void) {
    char longest[TV_HEADER_MAX_VALIDATOR + 2];
    memset(longest, 'x', sizeof longest);
    longest[TV_HEADER_MAX_VALIDATOR + 1] = '\0';
    check_validator("too long", longest, false);
    longest[TV_HEADER_MAX_VALIDATOR] = '\0';
    check_validator("as long as may be", longest, true);
    check_validator("an ETag", "W/\"a\xff b~\"", true);
    check_validator("empty", "", false);
    check_validator("the end of a line for some", "a\rX-Evil: b", false);
    check_validator("a tab", "a\tb", false);
    check_validator("the last control character", "a\x1f", false);
    check_validator("the control character behind the letters", "a\x7f", false);
}

static void test_limits(void) {
    struct tv_header header = {0};
    // Answers before the answer count, and trailers.
    for (int i = 0; i < TV_HEADER_MAX_LINES / 4; i++)
        CHECK_TEXT(NULL, feed(&header, "HTTP/1.1 103 Hints\r\n\r\n"), "a line in two");
    for (int i = 0; i < TV_HEADER_MAX_LINES / 2; i++)
        CHECK_TEXT(NULL, feed(&header, "X: 1\r\n"), "as many lines as may be");
    CHECK_TEXT("the header of its answer has more than 256 lines", feed(&header, "X: 1\r\n"), "");
    tv_header_clear(&header);
    CHECK_NUMBER(0, header.lines, "cleared");

    CHECK_TEXT(NULL, feed(&header, OK "Age: 1\r\n"), "two lines");
    for (int i = 0; i < 31; i++)
        CHECK_TEXT(NULL, feed(&header, i % 2 ? " 2\r\n" : "\t2\r\n"), "31 folded ones");
    CHECK_TEXT("the header of its answer has more than 256 lines", feed(&header, " 2\r\n"), "32");
    tv_header_clear(&header);

    char long_line[4096 + 1];
    memset(long_line, 'x', sizeof long_line);
    memcpy(long_line + 4095, "\n", 2);
    for (int i = 0; i < 16; i++)
        CHECK_TEXT(NULL, feed(&header, long_line), "as many bytes as may be");
    CHECK_NUMBER(TV_HEADER_MAX_LENGTH, header.length, "which they are");
    CHECK_TEXT("the header of its answer is longer than 64 KiB", feed(&header, "\n"), "more");
    tv_header_clear(&header);
}

static void test_transfer_codings(void) {
    static const struct {
        const char *line;
        bool good;
    } codings[] = {
        {"Transfer-Encoding: chunked\r\n", true},
        {"transfer-encoding:CHUNKED \r\n", true},
        {"Transfer-Encodings: gzip\r\n", true},
        {"Transfer-Encoding: gzip\r\n", false},
        {"Transfer-Encoding: identity\r\n", false},
        {"TRANSFER-ENCODING: gzip, chunked\r\n", false},
        {"Transfer-Encoding: chunked, br\r\n", false},
        {"Transfer-Encoding:\r\n", false},
    };
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        struct tv_header header = {0};
        CHECK_TEXT(NULL, feed(&header, OK), codings[i].line);
        CHECK_TEXT(codings[i].good ? NULL
                                   : "its answer has a Transfer-Encoding that nobody asked for",
                   feed(&header, codings[i].line), codings[i].line);
        tv_header_clear(&header);
    }
}

// A wait ends when its time has passed in full, however its beginning is rounded.
static void test_end(void) {
    static const struct {
        long nanoseconds;
        int64_t end_ms;
    } ends[] = {{0, 10200},       {1, 10201},       {999999, 10201},
                {1000000, 10201}, {1000001, 10202}, {999999999, 11200}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        CHECK_NUMBER(ends[i].end_ms,
                     tv_clock_end_ms((struct timespec){10, ends[i].nanoseconds}, 200), "end");
    CHECK(tv_clock_steady_in_ms(1000) > tv_clock_steady_ms(), "not yet");
}

int main(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_case(i);
    test_validators();
    test_limits();
    test_transfer_codings();
    test_end();
    return check_report("test_fetch_header");
}
