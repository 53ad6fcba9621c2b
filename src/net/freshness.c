// SPDX-License-Identifier: MIT
// Reads Cache-Control, Age, Expires and Date; keeps validators.
#include "net/freshness.h"

#include <stdlib.h>
#include <strings.h>

// RFC 9111 section 1.2.2: larger values count as this.
#define DELTA_SECONDS_MAX 2147483648

// delta-seconds, also quoted; 0 if it is not a number.
static int64_t read_seconds(struct tv_span text) {
    text = tv_span_trim(text);
    if (text.length >= 2 && text.data[0] == '"' && text.data[text.length - 1] == '"')
        text.data++, text.length -= 2;
    int64_t seconds = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return 0;
        seconds = seconds * 10 + (text.data[i] - '0');
        if (seconds > DELTA_SECONDS_MAX)
            seconds = DELTA_SECONDS_MAX;
    }
    return seconds;
}

static bool is_named(struct tv_span text, struct tv_span name) {
    return text.length == name.length && strncasecmp(text.data, name.data, name.length) == 0;
}

// The length of the directive at the start: to the next comma that is not inside quotes.
static size_t directive_length(struct tv_span text) {
    bool quoted = false;
    for (size_t i = 0; i < text.length; i++) {
        if (quoted && text.data[i] == '\\')
            i++;
        else if (text.data[i] == '"')
            quoted = !quoted;
        else if (text.data[i] == ',' && !quoted)
            return i;
    }
    return text.length;
}

struct directives {
    bool must_revalidate_always; // no-store, no-cache
    int64_t max_age_s;           // -1: none
};

// RFC 9111 section 4.2.1: an invalid max-age should make the answer stale.
static int64_t read_max_age(struct tv_span directive, size_t name_length) {
    if (name_length == directive.length)
        return 0;
    size_t value_at = name_length + 1; // after the "="
    return read_seconds((struct tv_span){directive.data + value_at, directive.length - value_at});
}

static struct directives read_cache_control(struct tv_span text) {
    struct directives found = {.max_age_s = -1};
    while (text.length > 0) {
        size_t length = directive_length(text);
        struct tv_span directive = tv_span_trim((struct tv_span){text.data, length});
        size_t used = length < text.length ? length + 1 : length;
        text.data += used;
        text.length -= used;

        const char *equals = memchr(directive.data, '=', directive.length);
        size_t name_length = equals ? (size_t)(equals - directive.data) : directive.length;
        struct tv_span name = tv_span_trim((struct tv_span){directive.data, name_length});
        if (is_named(name, TV_SPAN("no-store")) || is_named(name, TV_SPAN("no-cache")))
            found.must_revalidate_always = true;
        else if (is_named(name, TV_SPAN("max-age")))
            found.max_age_s = read_max_age(directive, name_length);
    }
    return found;
}

// RFC 9111 section 5.1: a single number; of a list, or of several lines, the first counts.
static int64_t read_age(struct tv_span text) {
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] == ',')
            text.length = i; // ends this, too
    return read_seconds(text);
}

int64_t tv_freshness_lifetime_s(const struct tv_http_fields *fields, int64_t now_s) {
    struct directives directives = read_cache_control(fields->cache_control);
    if (directives.must_revalidate_always)
        return 0;
    int64_t lifetime_s = directives.max_age_s;
    if (lifetime_s < 0) {
        if (!fields->has_expires)
            return -1;
        // RFC 9111 section 5.3: max-age overrides Expires; an invalid date counts as one in the
        // past.
        lifetime_s = fields->expires_s - (fields->date_s >= 0 ? fields->date_s : now_s);
    }
    lifetime_s -= read_age(fields->age);
    return lifetime_s > 0 ? lifetime_s : 0;
}

bool tv_validators_any(const struct tv_validators *validators) {
    return validators->etag || validators->last_modified;
}

void tv_validators_clear(struct tv_validators *validators) {
    free(validators->etag);
    free(validators->last_modified);
    *validators = (struct tv_validators){0};
}

void tv_validators_move(struct tv_validators *from, struct tv_validators *to) {
    tv_validators_clear(to);
    *to = *from;
    *from = (struct tv_validators){0};
}
