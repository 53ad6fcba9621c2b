// SPDX-License-Identifier: MIT
// A claims policy written as one line of a table.
#pragma once

#include "check.h"

#include "token/claims.h"

struct policy_line {
    const char *issuers;   // words, "*" any; NULL: not checked
    const char *audiences; // likewise
    const char *required;
    int leeway_s, max_lifetime_s;
    bool room, sub, milliseconds;
};

struct policy_words {
    struct tv_span issuers[8], audiences[8], required[8];
};

// Words between single spaces; an empty text has none.
static inline size_t policy_split(const char *text, struct tv_span words[8]) {
    size_t count = 0;
    while (text && *text && count < 8) {
        size_t length = strcspn(text, " ");
        words[count++] = (struct tv_span){text, length};
        text += length + (text[length] == ' ');
    }
    return count;
}

static inline struct tv_accepted policy_accepted(const char *text, struct tv_span words[8]) {
    struct tv_accepted accepted = {.values = words, .configured = text != NULL};
    accepted.count = policy_split(text, words);
    for (size_t i = 0; i < accepted.count; i++)
        accepted.any = accepted.any || tv_span_equal(words[i], TV_SPAN("*"));
    return accepted;
}

// The policy of a line; its lists are in `words`.
static inline struct tv_claims_policy policy_of(const struct policy_line *line,
                                                struct policy_words *words) {
    struct tv_claims_policy policy = {
        .issuers = policy_accepted(line->issuers, words->issuers),
        .audiences = policy_accepted(line->audiences, words->audiences),
        .required = words->required,
        .required_count = policy_split(line->required, words->required),
        .leeway_s = line->leeway_s,
        .max_lifetime_s = line->max_lifetime_s,
        .require_room = line->room,
        .require_sub = line->sub,
        .accept_milliseconds = line->milliseconds,
    };
    return policy;
}
