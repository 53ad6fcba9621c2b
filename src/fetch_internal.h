// SPDX-License-Identifier: MIT
// What the files that fetch share: a transfer.
#pragma once

#include "fetch.h"
#include "fetch_header.h"

#include <curl/curl.h>

enum tv_fetch_state { TV_FETCH_UNLISTED, TV_FETCH_QUEUED, TV_FETCH_RUNNING, TV_FETCH_ENDED };

struct tv_fetch {
    enum tv_fetch_state state;
    CURL *easy; // while running
    bool lost_socket;
    char *url;
    struct tv_fetch_settings settings;
    struct curl_slist *headers;
    void *owner;
    char *body;
    size_t body_size;
    struct tv_header header;
    struct tv_fetch_result result;
    struct tv_fetch *next;
};

// A handle set up for it, which the caller cleans up. NULL: `result.error` says why, or there is no
// memory.
CURL *tv_fetch_open_easy(struct tv_fetch *fetch);

// Takes what is needed of the answer's header from the handle. What memory lacks for is missing.
void tv_fetch_read_answer(struct tv_fetch *fetch);

// Words for why a transfer failed: a string constant.
const char *tv_fetch_error_text(CURL *easy, CURLcode code);
