// SPDX-License-Identifier: MIT
// How long an HTTP answer stays fresh in a private cache (RFC 9111 section 4.2), and its validators
// (section 4.3).
#pragma once

#include "base/span.h"

#include <stdbool.h>
#include <stdint.h>

// Header field values of one answer; empty spans and -1 where a field is absent.
struct tv_http_fields {
    struct tv_span cache_control;
    struct tv_span age;
    bool has_expires;  // the field is present, even if it is not a date
    int64_t expires_s; // Unix time, or -1 if it is not a date
    int64_t date_s;    // Unix time, or -1
};

// Seconds of freshness that the answer states, minus its Age; -1 if it states none.
// `no-store` and `no-cache` give 0. `s-maxage` is for shared caches, so it is ignored. `now_s` is
// used if Date is missing.
int64_t tv_freshness_lifetime_s(const struct tv_http_fields *fields, int64_t now_s);

// Validators of an earlier answer (RFC 9110 section 13.1); each may be NULL.
struct tv_validators {
    char *etag;
    char *last_modified;
};

// Moves the strings from one to the other, and frees the old ones.
void tv_validators_move(struct tv_validators *from, struct tv_validators *to);
bool tv_validators_any(const struct tv_validators *validators);
void tv_validators_clear(struct tv_validators *validators);
