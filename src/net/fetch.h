// SPDX-License-Identifier: MIT
// HTTP GETs that never block. All transfers of the process share one descriptor.
#pragma once

#include "base/status.h"
#include "net/freshness.h"

#include <stdint.h>

// Most transfers that run in the process, and as many again that are urgent; the others are queued.
#define TV_FETCH_MAX_RUNNING 64

// The slots for transfers are shared among sources, so that a source that hangs does not block the
// others, on the same host or on another.
struct tv_fetch_source {
    size_t running[2];     // not urgent, and urgent transfers
    uint64_t last_turn[2]; // likewise: the number of the transfer started last
};

// How a source is reached. The strings may be NULL, and are borrowed until the fetch is freed.
struct tv_fetch_settings {
    struct tv_fetch_source *source; // borrowed too
    const char *ca_file;
    const char *ca_path;                  // both NULL: /etc/ssl/certs
    const char *proxy;                    // URL; NULL: none, the environment is ignored
    const char *client_cert, *client_key; // PEM files for mutual TLS
    const char *bearer_token_file;        // read again for each fetch
    int64_t connect_timeout_ms;
    int64_t timeout_ms; // whole transfer
    bool urgent;        // uses the slots for urgent transfers
    size_t max_bytes;   // of body
};

struct tv_fetch; // one transfer

// The result of a transfer; borrowed from it.
struct tv_fetch_result {
    bool answered;  // false: `network` and `error` say why there is no answer
    bool too_large; // the body passed max_bytes and was cut off
    enum tv_network network;
    const char *error; // a string constant, of a library or ours
    long http_status;
    struct tv_span body;
    struct tv_http_fields fields;
    int64_t retry_after_s;           // 0: not given
    struct tv_validators validators; // owned by the fetch; tv_validators_move() takes them
};

// Checks that a source's URL is http or https and has a host. On TV_OK `*printable` is a new copy
// without user, password and query, for messages; the caller frees it. Otherwise
// TV_KEY_SOURCE_UNAVAILABLE, with libcurl's text in the detail.
enum tv_status tv_fetch_check_url(const char *url, char **printable, struct tv_detail *detail);

// Stores a URL that cannot be used in `detail->found`, without user and password.
void tv_fetch_set_found(struct tv_detail *detail, const char *url);

// Queues a GET of `url`; nothing is sent before the next tv_fetcher_step(). With `validators` (or
// NULL) the answer may be 304. tv_fetch_owner() returns `owner`. TV_NO_MEMORY, or
// TV_KEY_SOURCE_UNAVAILABLE if the process has no descriptor left.
enum tv_status tv_fetch_start(const char *url, const struct tv_fetch_settings *settings,
                              const struct tv_validators *validators, void *owner,
                              struct tv_fetch **fetch, struct tv_detail *detail);

void *tv_fetch_owner(const struct tv_fetch *fetch);
struct tv_fetch_result *tv_fetch_result(struct tv_fetch *fetch);

// Ends the transfer if it is still running, and frees it. NULL is allowed.
void tv_fetch_free(struct tv_fetch *fetch);

// The descriptor that becomes readable when tv_fetcher_step() has work, or -1 (errno says why). It
// stays the same for the life of the process; the child of a fork has another one.
int tv_fetcher_descriptor(void);

// Waits up to `wait_ms` (0: does not wait) for something to do, and does it.
void tv_fetcher_step(int64_t wait_ms);

// Makes the descriptor readable at this time of tv_clock_steady_ms(), or earlier. This applies
// once, to the first step at or after that time.
void tv_fetcher_wake_by(int64_t time_ms);

// The next transfer that has ended, or NULL. The caller frees it.
struct tv_fetch *tv_fetcher_take_ended(void);

// Whether there is one.
bool tv_fetcher_has_ended(void);

// Sets how many transfers of each kind (urgent or not) may run, at most TV_FETCH_MAX_RUNNING.
// Running ones continue. A quarter of the slots is reserved for sources without a running transfer;
// a source that has some takes at most half of the others that are free.
void tv_fetcher_limit(size_t limit);
