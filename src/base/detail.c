// SPDX-License-Identifier: MIT
// The tables of words for reasons and classes of network failure; those of subjects are made from
// TV_SUBJECTS.
#include "base/detail.h"

#include <assert.h>

enum { NEITHER = 0, NUMBER = 1, LIMIT = 2, BOTH = 3 };

static const struct {
    const char *word;
    unsigned char fills;
} reasons[TV_REASON_COUNT] = {
    [TV_REASON_NONE] = {NULL, NEITHER},

    [TV_REASON_PARTS] = {"parts", NUMBER},
    [TV_REASON_EMPTY] = {"empty", NEITHER},
    [TV_REASON_BASE64URL] = {"not-base64url", NEITHER},
    [TV_REASON_JSON] = {"not-json", NUMBER},
    [TV_REASON_NOT_OBJECT] = {"not-an-object", NEITHER},
    [TV_REASON_DUPLICATE] = {"duplicate-member", NEITHER},
    [TV_REASON_DEPTH] = {"too-deep", LIMIT},
    [TV_REASON_NOT_JSON] = {"not-a-json-value", NEITHER},
    [TV_REASON_LENGTH] = {"length", BOTH},

    [TV_REASON_MISSING] = {"missing", NEITHER},
    [TV_REASON_TYPE] = {"wrong-type", NEITHER},
    [TV_REASON_NUL] = {"nul-character", NEITHER},
    [TV_REASON_RANGE] = {"out-of-range", BOTH},
    [TV_REASON_MILLISECONDS] = {"milliseconds", NUMBER},
    [TV_REASON_DIGITS] = {"twelve-digits", NUMBER},
    [TV_REASON_TIME] = {"time", BOTH},
    [TV_REASON_LIFETIME] = {"lifetime", BOTH},
    [TV_REASON_AHEAD] = {"lifetime-from-now", BOTH},
    [TV_REASON_NOT_LISTED] = {"not-accepted", NEITHER},
    [TV_REASON_NO_ELEMENT] = {"no-element-accepted", NUMBER},
    [TV_REASON_BINDING] = {"issuer-of-another-source", NEITHER},

    [TV_REASON_NOT_A_KEY] = {"not-a-key", NEITHER},
    [TV_REASON_PAGE] = {"web-page", NEITHER},
    [TV_REASON_NO_TEXT] = {"no-text", NEITHER},
    [TV_REASON_NOT_PRIVATE] = {"not-private", NEITHER},
    [TV_REASON_KEY_TYPE] = {"key-type", NEITHER},
    [TV_REASON_KEY_USE] = {"key-use", NEITHER},
    [TV_REASON_TRAILING] = {"trailing-bytes", NEITHER},
    [TV_REASON_BITS] = {"modulus-bits", BOTH},
    [TV_REASON_EXPONENT] = {"exponent", NEITHER},
    [TV_REASON_EXPONENT_F4] = {"exponent-of-long-modulus", NEITHER},
    [TV_REASON_MODULUS] = {"modulus-even", NEITHER},
    [TV_REASON_FIELD_LENGTH] = {"member-length", LIMIT},
    [TV_REASON_POINT] = {"point", NEITHER},
    [TV_REASON_CURVE] = {"curve", NEITHER},
    [TV_REASON_NOT_A_PAIR] = {"not-a-pair", NEITHER},
    [TV_REASON_SHORT] = {"short-secret", BOTH},
    [TV_REASON_TEMPLATE] = {"template", NEITHER},
    [TV_REASON_PUBLIC] = {"public-key", NEITHER},

    [TV_REASON_HTTP_STATUS] = {"http-status", NEITHER},
    [TV_REASON_NETWORK] = {"network", NEITHER},
    [TV_REASON_BODY] = {"answer-length", LIMIT},
    [TV_REASON_CLIENT] = {"client-limit", LIMIT},
    [TV_REASON_QUEUE] = {"source-limit", LIMIT},
    [TV_REASON_WAITED] = {"waited", LIMIT},
    [TV_REASON_DISCOVERY] = {"discovery", NEITHER},
    [TV_REASON_FILE] = {"file", NEITHER},
    [TV_REASON_NOT_IN_SET] = {"not-in-set", NUMBER},
    [TV_REASON_NO_SOURCE] = {"no-source", NEITHER},
};

static const char *const networks[TV_NETWORK_COUNT] = {
    [TV_NETWORK_URL] = "url",
    [TV_NETWORK_CREDENTIALS] = "credentials",
    [TV_NETWORK_RESOURCES] = "resources",
    [TV_NETWORK_RESOLVE] = "resolve",
    [TV_NETWORK_CONNECT] = "connect",
    [TV_NETWORK_TIMEOUT] = "timeout",
    [TV_NETWORK_TLS_NAME] = "tls-name",
    [TV_NETWORK_TLS_AUTHORITY] = "tls-authority",
    [TV_NETWORK_TLS_EXPIRED] = "tls-expired",
    [TV_NETWORK_TLS_VERSION] = "tls-version",
    [TV_NETWORK_TLS] = "tls",
    [TV_NETWORK_REDIRECT] = "redirect",
    [TV_NETWORK_TOO_LARGE] = "too-large",
    [TV_NETWORK_BROKEN] = "broken",
};

static const struct {
    const char *name;
    enum tv_subject_kind kind;
} subjects[] = {
#define ROW(name, kind, word) [TV_SUBJECT_##name] = {word, TV_SUBJECT_IS_##kind},
    TV_SUBJECTS(ROW)
#undef ROW
};

void tv_detail_set_found(struct tv_detail *detail, struct tv_span bytes) {
    struct tv_excerpt *found = &detail->found;
    assert(bytes.data || bytes.length == 0);
    found->is_there = bytes.data != NULL;
    found->is_cut = bytes.length > TV_EXCERPT_MAX;
    found->length = (unsigned char)(found->is_cut ? TV_EXCERPT_MAX : bytes.length);
    if (found->length > 0)
        memcpy(found->bytes, bytes.data, found->length);
}

const char *tv_reason_word(enum tv_reason reason) {
    assert(reason < TV_REASON_COUNT);
    return reasons[reason].word;
}

bool tv_reason_has_number(enum tv_reason reason) { return reasons[reason].fills & NUMBER; }

bool tv_reason_has_limit(enum tv_reason reason) { return reasons[reason].fills & LIMIT; }

const char *tv_network_word(enum tv_network network) {
    assert(network < TV_NETWORK_COUNT);
    return networks[network];
}

const char *tv_subject_name(enum tv_subject subject) {
    assert(subject < TV_SUBJECT_COUNT);
    return subjects[subject].name;
}

enum tv_subject_kind tv_subject_kind(enum tv_subject subject) { return subjects[subject].kind; }
