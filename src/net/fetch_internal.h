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
    bool no_common_version;   // TLS ended because there is none
    int socket;               // that libcurl asked us to watch last; 0: none
    uint64_t received_before; // over that socket
    char *url;
    struct tv_fetch_settings settings;
    struct curl_slist *headers;
    void *owner;
    char *body;
    size_t body_size;
    size_t pieces; // of the body so far
    struct tv_header header;
    struct tv_fetch_result result;
    struct tv_fetch *next;
};

// fetch_queue.c. The state of a transfer says which list it is in; these functions set it.

// Puts a transfer at the end of its queue: that of the urgent ones, or the other.
void tv_queue_add(struct tv_fetch *fetch);

// The transfer that starts next: of the source whose last turn is longest ago, the first one. NULL:
// none is queued that may start now.
struct tv_fetch *tv_queue_next(bool urgent);

// Move a transfer from its queue to the running ones, or from these to the ended ones.
void tv_queue_start(struct tv_fetch *fetch);
void tv_queue_end(struct tv_fetch *fetch);

// Takes a transfer out of its list, if it is in one.
void tv_queue_remove(struct tv_fetch *fetch);

// Puts the running transfers back into the queues, in front of the others.
void tv_queue_restart_running(void);

bool tv_queue_has_queued(void);
struct tv_fetch *tv_queue_first_running(void); // or NULL; its `next` is the next one
struct tv_fetch *tv_queue_first_ended(void);   // likewise

// See tv_fetcher_limit().
void tv_queue_limit(size_t limit);

// fetch_tls.c

// Sets up a handle for TLS as the fetch's settings say, and stores `tls` in the fetch. On failure,
// the fetch's result says why.
void tv_tls_set(struct tv_fetch *fetch, CURL *easy);
void tv_tls_free(struct tv_tls *tls);

// Resets the number of bytes that TLS may read until the next call.
void tv_tls_begin_step(void);

// fetch_transfer.c

// A new handle for the fetch, which the caller cleans up. NULL: `result.error` says why, or memory
// is lacking.
CURL *tv_fetch_open_easy(struct tv_fetch *fetch);

// Records the socket of the transfer.
void tv_fetch_record_socket(struct tv_fetch *fetch, int socket);

// Copies the needed parts of the answer's header from the handle. Parts for which memory is lacking
// stay absent.
void tv_fetch_read_answer(struct tv_fetch *fetch);

// Stores in the result why a transfer failed, unless it already says so.
void tv_fetch_explain(struct tv_fetch *fetch, CURLcode code);
