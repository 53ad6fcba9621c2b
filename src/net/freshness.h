// SPDX-License-Identifier: MIT
// How long an HTTP answer stays fresh (RFC 9111 section 4.2), for a private cache, and what it is
// revalidated by (section 4.3).
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

// Header field values of one answer; empty spans and -1 where a field is absent.
struct tv_http_fields {
    struct tv_span cache_control;
    struct tv_span age;
    bool has_expires;  // the field is there, whether or not it is a date
    int64_t expires_s; // Unix time, or -1 where it is no date
    int64_t date_s;    // Unix time, or -1
};

// Seconds of freshness the answer gives itself, its Age taken off; -1 if it says nothing.
// `no-store` and `no-cache` give 0. `s-maxage` is for shared caches and ignored. `now_s` stands in
// for a missing Date.
int64_t tv_freshness_lifetime_s(const struct tv_http_fields *fields, int64_t now_s);

// What an earlier answer said of itself, to be asked about (RFC 9110 section 13.1); may be NULL.
struct tv_validators {
    char *etag;
    char *last_modified;
};

// Moves the strings from one to the other, freeing what was there.
void tv_validators_move(struct tv_validators *from, struct tv_validators *to);
bool tv_validators_any(const struct tv_validators *validators);
void tv_validators_clear(struct tv_validators *validators);
