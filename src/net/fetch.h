// SPDX-License-Identifier: MIT
// HTTP GETs that never block: every transfer of the process behind one pollable descriptor.
#pragma once

#include "base/status.h"
#include "net/freshness.h"

#include <stdint.h>

// Transfers in flight in the process, and as many again of urgent ones; the others queue.
#define TV_FETCH_MAX_RUNNING 64

// Who asks: transfers in flight are shared out among sources, so that those of one that hangs do
// not stand in the way of others, on the same host or on another.
struct tv_fetch_source {
    size_t running[2];     // those that are not urgent, and those that are
    uint64_t last_turn[2]; // likewise: the number of the last that was started
};

// How to ask a source. The strings, each of which may be NULL, are borrowed until the fetch is
// freed.
struct tv_fetch_settings {
    struct tv_fetch_source *source; // borrowed likewise
    const char *ca_file;
    const char *ca_path;                  // both NULL: /etc/ssl/certs
    const char *proxy;                    // URL; NULL: none, whatever the environment says
    const char *client_cert, *client_key; // PEM files for mutual TLS
    const char *bearer_token_file;        // read anew for each fetch
    int64_t connect_timeout_ms;
    int64_t timeout_ms; // whole transfer
    bool urgent;        // has slots of its own, which others cannot take
    size_t max_bytes;   // of body
};

struct tv_fetch; // one transfer

// What a transfer brought; borrowed from it.
struct tv_fetch_result {
    bool answered;  // false: `network` and `error` say why there is no answer
    bool too_large; // the body passed max_bytes and was cut off
    enum tv_network network;
    const char *error; // a string constant, a library's or ours
    long http_status;
    struct tv_span body;
    struct tv_http_fields fields;
    int64_t retry_after_s;           // 0: not said
    struct tv_validators validators; // owned by the fetch; tv_validators_move() takes them
};

// Judges a source's URL: http or https, with a host. On TV_OK `*printable` is a fresh copy without
// user, password and query, for messages; the caller frees it. TV_KEY_SOURCE_UNAVAILABLE with
// libcurl's words in the detail otherwise.
enum tv_status tv_fetch_check_url(const char *url, char **printable, struct tv_detail *detail);

// Puts a URL that cannot be asked into a detail as what was found, without user and password.
void tv_fetch_set_found(struct tv_detail *detail, const char *url);

// Queues a GET of `url`; nothing is sent before the next tv_fetcher_step(). With `validators` (or
// NULL) the answer may be 304. `owner` is given back by tv_fetch_owner(). TV_NO_MEMORY, or
// TV_KEY_SOURCE_UNAVAILABLE when the process has no descriptor left.
enum tv_status tv_fetch_start(const char *url, const struct tv_fetch_settings *settings,
                              const struct tv_validators *validators, void *owner,
                              struct tv_fetch **fetch, struct tv_detail *detail);

void *tv_fetch_owner(const struct tv_fetch *fetch);
struct tv_fetch_result *tv_fetch_result(struct tv_fetch *fetch);

// Ends the transfer if it is still under way, and frees it; NULL is fine.
void tv_fetch_free(struct tv_fetch *fetch);

// The descriptor that becomes readable when tv_fetcher_step() has work, or -1 (errno says why). It
// stays the same for the life of the process; in the child of a fork it is another.
int tv_fetcher_descriptor(void);

// Waits up to `wait_ms` (0: not at all) for something to do, and does it.
void tv_fetcher_step(int64_t wait_ms);

// Makes the descriptor readable at this time of tv_clock_steady_ms(), or earlier. It holds once: a
// step at or after that time ends it.
void tv_fetcher_wake_by(int64_t time_ms);

// The next transfer that has ended, or NULL. The caller frees it.
struct tv_fetch *tv_fetcher_take_ended(void);

// Whether there is one.
bool tv_fetcher_has_ended(void);

// Sets how many transfers of either kind may be in flight, at most TV_FETCH_MAX_RUNNING; those that
// are go on. A quarter of them is for sources that have none, and of the others a source that has
// some takes no more than it leaves.
void tv_fetcher_limit(size_t limit);
