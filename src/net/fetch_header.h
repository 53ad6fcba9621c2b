// SPDX-License-Identifier: MIT
// Reads the header of an answer, line by line as it arrives.
#pragma once

#include "base/span.h"

#include <stdbool.h>

// Most bytes and lines of one answer, including those of earlier answers such as 103, and trailers.
#define TV_HEADER_MAX_LENGTH ((size_t)65536)
#define TV_HEADER_MAX_LINES 256
// Most bytes of an ETag or a Last-Modified, which we send back.
#define TV_HEADER_MAX_VALIDATOR 1024

enum tv_field {
    TV_FIELD_NONE,
    TV_FIELD_AGE,
    TV_FIELD_CACHE_CONTROL,
    TV_FIELD_DATE,
    TV_FIELD_ETAG,
    TV_FIELD_EXPIRES,
    TV_FIELD_LAST_MODIFIED,
    TV_FIELDS
};

struct tv_header {
    size_t length, lines;
    bool ended;             // trailers or another answer follow
    enum tv_field current;  // the field that a folded line continues
    char *texts[TV_FIELDS]; // NULL: absent. Each ends with a NUL
    size_t lengths[TV_FIELDS];
};

// Takes the next line, including its line end. Returns NULL, or a string constant that says why the
// answer must not be read further. A field for which memory is lacking stays absent.
const char *tv_header_add(struct tv_header *header, const char *line, size_t length);

// The field's value. Values of several lines are joined with commas. A NULL span if it is absent.
struct tv_span tv_header_value(const struct tv_header *header, enum tv_field field);

// Moves out an ETag or a Last-Modified, which the caller frees. NULL if it is absent or cannot be
// sent back: it is empty, too long, or has control characters.
char *tv_header_take_validator(struct tv_header *header, enum tv_field field);

void tv_header_clear(struct tv_header *header);
