// SPDX-License-Identifier: MIT
// What is taken from the header of an answer, line by line as it comes.
#pragma once

#include "base/span.h"

#include <stdbool.h>

// Bytes and lines of one answer: its own, those of answers like 103 before it, and its trailers.
#define TV_HEADER_MAX_LENGTH ((size_t)65536)
#define TV_HEADER_MAX_LINES 256
// Bytes of an ETag or a Last-Modified, which are sent back.
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
    bool ended;             // what follows are trailers, or another answer
    enum tv_field current;  // that a folded line goes on with
    char *texts[TV_FIELDS]; // NULL: not there. They end with a NUL
    size_t lengths[TV_FIELDS];
};

// Takes the next line, its end included. NULL, or why the answer is not to be read on: a string
// constant. What memory lacks for is missing.
const char *tv_header_add(struct tv_header *header, const char *line, size_t length);

// The field's value; that of a list which came in several lines is joined by commas. A NULL span if
// it is not there.
struct tv_span tv_header_value(const struct tv_header *header, enum tv_field field);

// Moves out an ETag or a Last-Modified, which the caller frees. NULL if there is none that can be
// sent back: it is empty, too long, or has control characters.
char *tv_header_take_validator(struct tv_header *header, enum tv_field field);

void tv_header_clear(struct tv_header *header);
