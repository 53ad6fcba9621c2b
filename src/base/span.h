// SPDX-License-Identifier: MIT
// A borrowed run of bytes: pointer and length, never NUL-terminated, never owned.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct tv_span {
    const char *data;
    size_t length;
};

// A span over a string literal.
#define TV_SPAN(literal) ((struct tv_span){(literal), sizeof(literal) - 1})

static inline bool tv_span_equal(struct tv_span a, struct tv_span b) {
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

// The span of a NUL-terminated string.
static inline struct tv_span tv_span_of(const char *text) {
    return (struct tv_span){text, strlen(text)};
}

static inline bool tv_span_starts_with(struct tv_span text, struct tv_span prefix) {
    return text.length >= prefix.length && memcmp(text.data, prefix.data, prefix.length) == 0;
}

static inline bool tv_span_contains(struct tv_span text, struct tv_span part) {
    return memmem(text.data, text.length, part.data, part.length) != NULL;
}

// As isspace(3) in the locale "C".
static inline bool tv_is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// The value of a hexadecimal digit, in either case; -1: it is none.
static inline int tv_hex_digit(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

// The byte that two of them write; -1 if one is none.
static inline int tv_hex_byte(const char *digits) {
    int high = tv_hex_digit(digits[0]), low = tv_hex_digit(digits[1]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Without the white space around it.
static inline struct tv_span tv_span_trim(struct tv_span text) {
    while (text.length > 0 && tv_is_space(text.data[0]))
        text.data++, text.length--;
    while (text.length > 0 && tv_is_space(text.data[text.length - 1]))
        text.length--;
    return text;
}

// A copy of the bytes, which the caller frees with free(); NULL without memory, never for none.
char *tv_span_copy(struct tv_span span);
