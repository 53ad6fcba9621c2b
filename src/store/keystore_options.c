// SPDX-License-Identifier: MIT
// The settings of a store: their defaults, how two differ, and whose their texts are.
#include "store/keystore_internal.h"

#include <stdlib.h>

_Static_assert(TV_KEYSTORE_MAX_SET_KEYS == TV_KEY_SET_MAX_KEYS, "one limit under two names");

void tv_keystore_defaults(struct tv_keystore_options *options) {
    *options = (struct tv_keystore_options){.cache_size = 0,
                                            .negative_size = 1024,
                                            .default_ttl_s = 600,
                                            .min_ttl_s = 60,
                                            .max_ttl_s = 86400,
                                            .negative_ttl_s = 30,
                                            .max_stale_s = 3600,
                                            .stale_wait_ms = 1000,
                                            .penalty_s = 10,
                                            .back_off_min_ms = 1000,
                                            .back_off_max_ms = 60000,
                                            .wait_ms = 6000,
                                            .connect_timeout_ms = 2000,
                                            .timeout_ms = 5000,
                                            .refresh_ahead = 10,
                                            .max_set_keys = TV_KEYSTORE_MAX_SET_KEYS,
                                            .rsa_min_bits = TV_RSA_MIN_BITS,
                                            .max_fetches = TV_FETCH_MAX_RUNNING,
                                            .max_running = 16,
                                            .max_queued = 1024,
                                            .max_per_client = 8};
}

static bool same_text(const char *a, const char *b) { return strcmp(a ? a : "", b ? b : "") == 0; }

bool tv_keystore_options_same_trust(const struct tv_keystore_options *a,
                                    const struct tv_keystore_options *b) {
    return a->rsa_min_bits == b->rsa_min_bits && same_text(a->ca_file, b->ca_file) &&
           same_text(a->ca_path, b->ca_path) && same_text(a->proxy, b->proxy) &&
           same_text(a->client_cert, b->client_cert) && same_text(a->client_key, b->client_key) &&
           same_text(a->bearer_token_file, b->bearer_token_file);
}

const char *tv_keystore_options_difference(const struct tv_keystore_options *a,
                                           const struct tv_keystore_options *b) {
    const struct {
        const char *name;
        bool same;
    } settings[] = {
        {"default_ttl", a->default_ttl_s == b->default_ttl_s},
        {"min_ttl", a->min_ttl_s == b->min_ttl_s},
        {"max_ttl", a->max_ttl_s == b->max_ttl_s},
        {"negative_ttl", a->negative_ttl_s == b->negative_ttl_s},
        {"negative_size", a->negative_size == b->negative_size},
        {"max_stale", a->max_stale_s == b->max_stale_s},
        {"stale_wait", a->stale_wait_ms == b->stale_wait_ms},
        {"penalty", a->penalty_s == b->penalty_s},
        {"back_off_min", a->back_off_min_ms == b->back_off_min_ms},
        {"back_off_max", a->back_off_max_ms == b->back_off_max_ms},
        {"wait_limit", a->wait_ms == b->wait_ms},
        {"connect_timeout", a->connect_timeout_ms == b->connect_timeout_ms},
        {"timeout", a->timeout_ms == b->timeout_ms},
        {"refresh_ahead", a->refresh_ahead == b->refresh_ahead},
        {"max_set_keys", a->max_set_keys == b->max_set_keys},
        {"max_fetches", a->max_fetches == b->max_fetches},
        {"max_running", a->max_running == b->max_running},
        {"max_queued", a->max_queued == b->max_queued},
        {"max_per_client", a->max_per_client == b->max_per_client},
    };
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        if (!settings[i].same)
            return settings[i].name;
    return NULL;
}

void tv_keystore_options_take(struct tv_keystore_options *options,
                              const struct tv_keystore_options *from) {
    struct tv_keystore_options taken = *from;
    taken.ca_file = options->ca_file;
    taken.ca_path = options->ca_path;
    taken.proxy = options->proxy;
    taken.client_cert = options->client_cert;
    taken.client_key = options->client_key;
    taken.bearer_token_file = options->bearer_token_file;
    *options = taken;
}

// False without memory.
static bool own_string(const char **text) {
    if (!*text)
        return true;
    *text = strdup(*text);
    return *text != NULL;
}

bool tv_keystore_options_own(struct tv_keystore_options *options) {
    // Every one, also if another fails: none of the caller's is left to be freed.
    bool owned = own_string(&options->ca_file);
    owned = own_string(&options->ca_path) && owned;
    owned = own_string(&options->proxy) && owned;
    owned = own_string(&options->client_cert) && owned;
    owned = own_string(&options->client_key) && owned;
    return own_string(&options->bearer_token_file) && owned;
}

void tv_keystore_options_clear(struct tv_keystore_options *options) {
    free((char *)options->ca_file);
    free((char *)options->ca_path);
    free((char *)options->proxy);
    free((char *)options->client_cert);
    free((char *)options->client_key);
    free((char *)options->bearer_token_file);
}
