// SPDX-License-Identifier: MIT
// Checks claims against a policy and a request; names the first claim that fails (RFC 7519
// section 4.1).
#pragma once

#include "base/json.h"
#include "base/status.h"

#include <stdbool.h>
#include <stdint.h>

#define TV_LEEWAY_MAX_S 300

// Strings of which one must match exactly.
struct tv_accepted {
    const struct tv_span *values;
    size_t count;
    bool configured; // false: the claim is not checked
    bool any;        // "*" is among them: any string is accepted, but the claim must be present
};

// Whether `value` is one of the accepted strings.
bool tv_accepted_has(const struct tv_accepted *accepted, struct tv_span value);

struct tv_claims_policy {
    struct tv_accepted issuers;
    struct tv_accepted audiences;
    const struct tv_span *required; // names of claims that must be present and not null
    size_t required_count;
    int64_t leeway_s;       // 0..TV_LEEWAY_MAX_S, for exp and nbf
    int64_t max_lifetime_s; // longest time from iat to exp; 0: no limit
    bool require_room;
    bool require_sub;
    bool accept_milliseconds; // dates too large to be seconds are read as milliseconds
};

// The values of one call.
struct tv_claims_request {
    double now_s; // Unix time
    struct tv_span room;
    bool has_room;
    // If the key's source is bound to issuers (RFC 8725 section 3.8): the only issuers that its
    // keys may sign for, or those that they may not sign for. NULL: no such limit. The policy's
    // issuers are checked too.
    const struct tv_accepted *issuers;
    const struct tv_accepted *others_issuers;
};

// Checks in the order that docs/api.md gives for tv.verify. Returns the status of the first that
// fails; `detail` names the claim and what was found in it. JSON null counts as absent, except in
// dates.
enum tv_status tv_claims_check(yyjson_val *claims, const struct tv_claims_policy *policy,
                               const struct tv_claims_request *request, struct tv_detail *detail);
