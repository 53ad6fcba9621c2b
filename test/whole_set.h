// SPDX-License-Identifier: MIT
// Sets of keys read in one go.
#pragma once

#include "keys/keyset.h"

// Reads it with `effort` at a time, 0: without end.
static inline enum tv_status whole_set(struct tv_span text, size_t max_keys, size_t effort,
                                       struct tv_key_set **set, struct tv_detail *detail) {
    struct tv_key_set_reader *reader = NULL;
    enum tv_status status =
        tv_key_set_reader_new(text.data, text.length, TV_RSA_MIN_BITS, max_keys, &reader, detail);
    for (*set = NULL; status == TV_OK && !*set;) {
        size_t left = effort > 0 ? effort : SIZE_MAX;
        status = tv_key_set_read(reader, &left, set);
    }
    tv_key_set_reader_free(reader);
    return status;
}
