// SPDX-License-Identifier: MIT
// What the fuzz targets share: claims that must hold whatever the input, and checks of results.
#pragma once

#include "base/json.h"
#include "base/status.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// What a fuzzer calls: libFuzzer, or replay.c in its place.
int LLVMFuzzerInitialize(int *argument_count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// A claim about our code; one that fails is a find.
#define MUST(condition) ((condition) ? (void)0 : fuzz_fail(__FILE__, __LINE__, #condition))

__attribute__((noreturn)) static inline void fuzz_fail(const char *file, int line,
                                                       const char *claim) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, claim);
    abort();
}

// Memory that ends where it is used up, so that AddressSanitizer sees one byte too many.
static inline void *fuzz_malloc(size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    MUST(memory);
    return memory;
}

static inline struct tv_span fuzz_copy(const void *bytes, size_t length) {
    char *copy = fuzz_malloc(length);
    if (length > 0)
        memcpy(copy, bytes, length);
    return (struct tv_span){copy, length};
}

// An input as lines: the next one, without its end. A last line without an end is one too.
static inline struct tv_span fuzz_line(const uint8_t **data, size_t *size) {
    const uint8_t *start = *data, *end = *size > 0 ? memchr(start, '\n', *size) : NULL;
    size_t length = end ? (size_t)(end - start) : *size;
    *data += end ? length + 1 : length;
    *size -= end ? length + 1 : length;
    return (struct tv_span){(const char *)start, length};
}

static inline void fuzz_read_span(struct tv_span span) {
    volatile char sink;
    for (size_t i = 0; i < span.length; i++)
        sink = span.data[i];
    (void)sink;
}

static inline void fuzz_read_text(const char *text) {
    if (text)
        fuzz_read_span(tv_span_of(text));
}

// Whatever a failure points to must still be readable when its message is written.
static inline void fuzz_read_detail(enum tv_status status, const struct tv_detail *detail) {
    MUST(status > TV_OK && status < TV_STATUS_COUNT);
    MUST(status != TV_NO_MEMORY && status != TV_CRYPTO_FAILURE);
    MUST(detail->reason < TV_REASON_COUNT && detail->subject < TV_SUBJECT_COUNT);
    MUST(detail->network < TV_NETWORK_COUNT && detail->found.length <= TV_EXCERPT_MAX);
    fuzz_read_text(detail->text);
    fuzz_read_text(detail->algorithm);
    fuzz_read_span(detail->key_id);
    fuzz_read_span(detail->source);
    for (size_t i = 0; i < detail->expected_count; i++)
        fuzz_read_span(detail->expected[i]);
}

// RFC 7515 section 4, RFC 7519 section 4, the slow and simple way: no name stands twice in an
// object that was accepted, at any depth, and no more than TV_JSON_MAX_DEPTH are nested.
static inline void fuzz_check_tree(yyjson_val *value, int depth) {
    if (!yyjson_is_ctn(value))
        return;
    MUST(depth <= TV_JSON_MAX_DEPTH);
    yyjson_val *name, *other, *member;
    yyjson_arr_iter elements = yyjson_arr_iter_with(value);
    while ((member = yyjson_arr_iter_next(&elements)))
        fuzz_check_tree(member, depth + 1);
    yyjson_obj_iter members = yyjson_obj_iter_with(value);
    while ((name = yyjson_obj_iter_next(&members))) {
        yyjson_obj_iter rest = members;
        while ((other = yyjson_obj_iter_next(&rest)))
            MUST(!tv_span_equal(tv_json_string(name), tv_json_string(other)));
        fuzz_check_tree(yyjson_obj_iter_get_val(name), depth + 1);
    }
}
