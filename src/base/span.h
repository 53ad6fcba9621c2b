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

// A copy of the bytes, which the caller frees with free(); NULL without memory, never for none.
char *tv_span_copy(struct tv_span span);
