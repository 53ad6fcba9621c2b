// SPDX-License-Identifier: MIT
// The type of a row in a table of options: the struct member that the option sets, its default, its
// range, and its meaning. Code reads options, publishes tables and compares stores row by row.
#pragma once

#include "base/span.h"

#include <stdint.h>

// The type of the member. A number is whole unless the kind says otherwise.
enum tv_setting_kind {
    TV_SETTING_OTHER,        // no member: the table's owner reads the option itself
    TV_SETTING_BOOLEAN,      // bool
    TV_SETTING_STRING,       // struct tv_span
    TV_SETTING_TEXT,         // const char *, without a NUL inside; NULL: not set
    TV_SETTING_ACCEPTED,     // struct tv_accepted, of a list of strings
    TV_SETTING_NUMBER,       // double: any finite one
    TV_SETTING_INT,          // int
    TV_SETTING_SIZE,         // size_t
    TV_SETTING_SECONDS,      // int64_t
    TV_SETTING_MILLISECONDS, // int64_t; callers give seconds, with fractions
};

struct tv_setting {
    struct tv_span name; // of the option, as callers write it
    size_t offset;       // of the member

    // For numbers, in the unit that callers use.
    double initial, least, most;
    const char *unit; // if the kind does not say it

    const char *type;    // the Lua type, if the kind does not say it
    const char *instead; // the default in words, if it is not a fixed value
    const char *text; // what it means: a sentence for docs/api.md, without a full stop at its end

    enum tv_setting_kind kind;
    bool jws;       // for a verifier: verify_jws() has the option too
    bool separates; // for a store: another value makes a separate store of the same source
    bool grows;     // for a store: the largest value requested is used
};

// Largest number of seconds: ten years.
#define TV_SETTING_MOST_S 315360000

// Bytes of the member; 0 for TV_SETTING_OTHER and TV_SETTING_ACCEPTED.
size_t tv_setting_size(const struct tv_setting *setting);

// "s", "%", "bits", "keys" ...; NULL if there is none.
const char *tv_setting_unit(const struct tv_setting *setting);

// Whether the member is a number, and whether it is a whole one in the unit of callers.
bool tv_setting_is_number(const struct tv_setting *setting);
bool tv_setting_is_whole(const struct tv_setting *setting);

// Stores a number, in the unit that callers use and within the range, in the member. Does nothing
// if the member is not a number.
void tv_setting_put(const struct tv_setting *setting, double number, void *member);

// For initializers.
#define TV_OPTION(literal) .name = {literal, sizeof(literal) - 1}
#define TV_MEMBER(type, member) .offset = offsetof(type, member)
