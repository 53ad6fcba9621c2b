// SPDX-License-Identifier: MIT
// What the files that fetch share: a transfer.
#pragma once

#include "net/fetch.h"
#include "net/fetch_header.h"

#include <curl/curl.h>

enum tv_fetch_state { TV_FETCH_UNLISTED, TV_FETCH_QUEUED, TV_FETCH_RUNNING, TV_FETCH_ENDED };

struct tv_fetch {
    enum tv_fetch_state state;
    CURL *easy;         // while running
    struct tv_tls *tls; // likewise, with https
    bool lost_socket;
    bool no_common_version;   // TLS ended for want of one
    int socket;               // the last that libcurl asked to be watched for it; 0: none
    uint64_t received_before; // there
    char *url;
    struct tv_fetch_settings settings;
    struct curl_slist *headers;
    void *owner;
    char *body;
    size_t body_size;
    size_t pieces; // that the body came in so far
    struct tv_header header;
    struct tv_fetch_result result;
    struct tv_fetch *next;
};

// fetch_tls.c

// Sets a handle up for TLS with what the fetch's settings name, and notes that in the fetch; or,
// in its result, why it cannot be.
void tv_tls_set(struct tv_fetch *fetch, CURL *easy);
void tv_tls_free(struct tv_tls *tls);

// What TLS may read until the next call is bounded from now on.
void tv_tls_begin_step(void);

// fetch_transfer.c

// A handle set up for it, which the caller cleans up. NULL: `result.error` says why, or there is no
// memory.
CURL *tv_fetch_open_easy(struct tv_fetch *fetch);

// Notes the socket that it goes over.
void tv_fetch_note_socket(struct tv_fetch *fetch, int socket);

// Takes what is needed of the answer's header from the handle. What memory lacks for is missing.
void tv_fetch_read_answer(struct tv_fetch *fetch);

// Puts into the result why a transfer failed, if it is not there already.
void tv_fetch_explain(struct tv_fetch *fetch, CURLcode code);
