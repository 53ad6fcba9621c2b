// SPDX-License-Identifier: MIT
// Spans compare by bytes alone; an arena never hands out more than it has.
#include "check.h"

#include "base/arena.h"

#include <stdint.h>

static void test_spans(void) {
    struct tv_span nothing = {0}, empty = {"x", 0};
    CHECK(tv_span_equal(nothing, nothing), "nothing");
    CHECK(tv_span_equal(nothing, empty) && tv_span_equal(empty, TV_SPAN("")), "empty");
    CHECK(!tv_span_equal(nothing, TV_SPAN("x")), "nothing and something");
    CHECK(tv_span_equal(TV_SPAN("abc"), tv_span_of("abc")), "equal");
    CHECK(!tv_span_equal(TV_SPAN("abc"), TV_SPAN("abd")), "last byte");
    CHECK(!tv_span_equal(TV_SPAN("abc"), TV_SPAN("abcd")), "a prefix");
    CHECK(!tv_span_equal(TV_SPAN("abcd"), TV_SPAN("abc")), "a longer one");
    CHECK(!tv_span_equal(TV_SPAN("a\0b"), TV_SPAN("a\0c")), "behind a NUL");
    CHECK_NUMBER(3, TV_SPAN("a\0b").length, "a NUL counts");
    struct tv_span guarded = guard_copy(GUARD_TOKEN, "abc", 3);
    CHECK(!tv_span_equal(guarded, TV_SPAN("abcd")), "at the end of memory");
}

static void test_parts(void) {
    CHECK(tv_span_starts_with(TV_SPAN("ab"), TV_SPAN("a")), "begins so");
    CHECK(tv_span_starts_with(TV_SPAN("a"), TV_SPAN("a")), "is that");
    CHECK(!tv_span_starts_with(TV_SPAN("ba"), TV_SPAN("a")), "behind");
    CHECK(!tv_span_starts_with(guard_copy(GUARD_TOKEN, "a", 1), TV_SPAN("ab")), "cut");
    CHECK(!tv_span_starts_with((struct tv_span){0}, TV_SPAN("a")), "nothing");
    CHECK(tv_span_contains(TV_SPAN("a\0bc"), TV_SPAN("bc")), "behind a NUL");
    CHECK(!tv_span_contains(guard_copy(GUARD_TOKEN, "ab", 2), TV_SPAN("bc")), "cut");
}

static void test_trim(void) {
    for (int c = 0; c < 256; c++)
        CHECK(tv_is_space((char)c) == (c == ' ' || (c >= 9 && c <= 13)), "white space");
    CHECK_SPAN("a b", tv_span_trim(guard_copy(GUARD_TOKEN, " \t\na b\v\f\r", 9)), "around");
    CHECK_SPAN("a", tv_span_trim(TV_SPAN("a")), "none");
    CHECK_NUMBER(0, tv_span_trim(guard_copy(GUARD_TOKEN, " ", 1)).length, "one alone");
    CHECK_NUMBER(0, tv_span_trim((struct tv_span){0}).length, "nothing");
}

static void test_arena(void) {
    _Alignas(TV_ARENA_ALIGNMENT) unsigned char memory[64];
    struct tv_arena arena = {memory, sizeof memory, 0};
    CHECK(tv_arena_take(&arena, 1) == memory, "the first byte");
    CHECK(tv_arena_take(&arena, 16) == memory + 16, "aligned");
    CHECK(!tv_arena_take(&arena, 33), "one byte more than is left");
    CHECK(!tv_arena_take(&arena, SIZE_MAX), "far more than is left");
    CHECK_NUMBER(32, arena.used, "what was refused takes nothing");
    CHECK(tv_arena_take(&arena, 32) == memory + 32, "exactly what is left");
    CHECK(!tv_arena_take(&arena, 1), "one byte of a full arena");
    CHECK(tv_arena_take(&arena, 0), "nothing of a full arena");

    // A block whose size is no multiple of the alignment: rounding must not pass its end.
    arena = (struct tv_arena){memory, 20, 0};
    CHECK(tv_arena_take(&arena, 20) == memory, "all of 20");
    CHECK_NUMBER(20, arena.used, "all of 20");
    CHECK(!tv_arena_take(&arena, 1), "one more than 20");
    CHECK_NUMBER(0, TV_ARENA_ROUND(0), "rounding");
    CHECK_NUMBER(16, TV_ARENA_ROUND(1), "rounding");
    CHECK_NUMBER(16, TV_ARENA_ROUND(16), "rounding");
    CHECK_NUMBER(32, TV_ARENA_ROUND(17), "rounding");
}

static void test_copy(void) {
    char bytes[] = "a\0b";
    char *copy = tv_span_copy((struct tv_span){bytes, 3});
    bytes[2] = 'c';
    CHECK(copy && memcmp(copy, "a\0b", 3) == 0, "NUL and what is behind it, and it is its own");
    free(copy);
    copy = tv_span_copy((struct tv_span){0});
    CHECK(copy, "of nothing: something to free");
    free(copy);
}

int main(void) {
    test_spans();
    test_parts();
    test_trim();
    test_copy();
    test_arena();
    return check_report("test_span");
}
