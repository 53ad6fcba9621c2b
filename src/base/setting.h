// SPDX-License-Identifier: MIT
// A row of a table of settings: the member of a struct that an option fills, the option's default
// and range, and what it means. The tables are read, published and compared row by row.
#pragma once

#include "base/span.h"

#include <stdint.h>

// What the member is. A number is whole unless said otherwise.
enum tv_setting_kind {
    TV_SETTING_OTHER,        // none: whoever has the table reads the option in a way of its own
    TV_SETTING_BOOLEAN,      // bool
    TV_SETTING_STRING,       // struct tv_span
    TV_SETTING_TEXT,         // const char *, without a NUL inside; NULL: not set
    TV_SETTING_ACCEPTED,     // struct tv_accepted, of a list of strings
    TV_SETTING_NUMBER,       // double: any finite one
    TV_SETTING_INT,          // int
    TV_SETTING_SIZE,         // size_t
    TV_SETTING_SECONDS,      // int64_t
    TV_SETTING_MILLISECONDS, // int64_t; callers give seconds, also parts of one
};

struct tv_setting {
    struct tv_span name; // of the option, as callers write it
    size_t offset;       // of the member

    // Of numbers, in the unit of callers.
    double initial, least, most;
    const char *unit; // where the kind does not say it

    const char *type;    // what callers give, where the kind does not say it
    const char *instead; // the default in words, where it is no value
    const char *text; // what it means: a sentence for docs/api.md, without a full stop at its end

    enum tv_setting_kind kind;
    bool jws;       // of a verifier: verify_jws() has it too
    bool separates; // of a store: stores that differ there are two, though they ask the same source
    bool grows;     // of a store: the largest asked for counts, and is no difference
};

// The greatest number of seconds: ten years.
#define TV_SETTING_MOST_S 315360000

// Bytes of the member; 0 for TV_SETTING_OTHER and TV_SETTING_ACCEPTED.
size_t tv_setting_size(const struct tv_setting *setting);

// "s", "%", "bits", "keys" ...; NULL if there is none.
const char *tv_setting_unit(const struct tv_setting *setting);

// Whether the member is a number, and whether it is a whole one in the unit of callers.
bool tv_setting_is_number(const struct tv_setting *setting);
bool tv_setting_is_whole(const struct tv_setting *setting);

// Puts a number, in the unit of callers and in the range, into the member; does nothing if that is
// no number.
void tv_setting_put(const struct tv_setting *setting, double number, void *member);

// For initializers.
#define TV_OPTION(literal) .name = {literal, sizeof(literal) - 1}
#define TV_MEMBER(type, member) .offset = offsetof(type, member)
