// SPDX-License-Identifier: MIT
// Runs the transfers: libcurl's multi interface on one epoll set with one timer, one of each in the
// process.
#include "net/fetch_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <openssl/err.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

// A step returns to the event loop after so many events, or after this time.
#define EVENTS_PER_STEP 4
#define STARTS_PER_STEP 2 // at its beginning, and at its end
#define STEP_US 500
#define NEVER (-1)

static struct fetcher {
    pid_t pid; // 0: not set up
    int epoll_fd;
    int timer_fd;
    CURLM *multi;
    int64_t curl_deadline_ms;
    int64_t wake_at_ms;
    int64_t armed_ms; // what the timer is set to
} fetcher;

static int64_t now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

// The timer

static void arm_timer(void) {
    int64_t due_ms = fetcher.curl_deadline_ms;
    if (fetcher.wake_at_ms != NEVER && (due_ms == NEVER || fetcher.wake_at_ms < due_ms))
        due_ms = fetcher.wake_at_ms;
    if (due_ms == fetcher.armed_ms)
        return;
    struct itimerspec at = {0}; // all zero disarms
    if (due_ms != NEVER) {
        at.it_value.tv_sec = (time_t)(due_ms / 1000);
        at.it_value.tv_nsec = (long)(due_ms % 1000) * 1000000 + 1;
    }
    timerfd_settime(fetcher.timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
    fetcher.armed_ms = due_ms;
}

static void drain_timer(void) {
    uint64_t expirations;
    if (read(fetcher.timer_fd, &expirations, sizeof expirations) > 0)
        fetcher.armed_ms = NEVER; // an absolute time fires once
}

// What libcurl calls

static int on_timer_wanted(CURLM *multi, long timeout_ms, void *unused) {
    (void)multi, (void)unused;
    fetcher.curl_deadline_ms = timeout_ms < 0 ? NEVER : tv_clock_steady_ms() + timeout_ms;
    return 0;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *unused, void *known) {
    (void)unused, (void)known;
    char *private = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
    struct tv_fetch *fetch = (struct tv_fetch *)(void *)private; // NULL: a handle of libcurl itself
    if (fetch)
        fetch->lost_socket = what == CURL_POLL_REMOVE;
    if (fetch && what != CURL_POLL_REMOVE)
        tv_fetch_record_socket(fetch, fd);
    struct epoll_event event = {.data.fd = fd};
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(fetcher.epoll_fd, EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    event.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0u) |
                   (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0u);
    if (epoll_ctl(fetcher.epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0)
        return 0;
    return epoll_ctl(fetcher.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -1;
}

// Set-up, once a process

static void init_curl(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

static bool open_descriptors(struct fetcher *made) {
    made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    made->timer_fd = timerfd_create(TV_CLOCK_STEADY, TFD_CLOEXEC | TFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = made->timer_fd};
    if (made->epoll_fd >= 0 && made->timer_fd >= 0 &&
        epoll_ctl(made->epoll_fd, EPOLL_CTL_ADD, made->timer_fd, &event) == 0)
        return true;
    int reason = errno;
    if (made->epoll_fd >= 0)
        close(made->epoll_fd);
    if (made->timer_fd >= 0)
        close(made->timer_fd);
    errno = reason;
    return false;
}

static CURLM *open_multi(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, init_curl); // never cleaned up: other modules may use libcurl too
    CURLM *multi = curl_multi_init();
    if (!multi)
        return NULL;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 2L * TV_FETCH_MAX_RUNNING);
    return multi;
}

static void wake_by(int64_t time_ms) {
    if (fetcher.wake_at_ms != NEVER && fetcher.wake_at_ms <= time_ms)
        return;
    fetcher.wake_at_ms = time_ms;
    arm_timer();
}

static void drop_tls(struct tv_fetch *fetch) {
    tv_tls_free(fetch->tls);
    fetch->tls = NULL;
}

// After a fork the running transfers start again in the child, with new handles. The inherited
// handles are not touched: the parent uses their sockets and the epoll set too, and closing a TLS
// connection would write to it.
static void restart_running(void) {
    for (struct tv_fetch *fetch = tv_queue_first_running(); fetch; fetch = fetch->next) {
        fetch->easy = NULL;
        tv_header_clear(&fetch->header);
        fetch->pieces = 0;
        fetch->lost_socket = false;
        fetch->socket = 0;
        drop_tls(fetch);
        fetch->result = (struct tv_fetch_result){0};
    }
    tv_queue_restart_running();
}

// Makes sure that this process has a fetcher. False, with errno, if it cannot have one.
static bool set_up(void) {
    pid_t pid = getpid();
    if (fetcher.pid == pid)
        return true;
    struct fetcher made = {.curl_deadline_ms = NEVER, .wake_at_ms = NEVER, .armed_ms = NEVER};
    if (!open_descriptors(&made))
        return false;
    made.multi = open_multi();
    if (!made.multi) {
        close(made.epoll_fd);
        close(made.timer_fd);
        errno = ENOMEM;
        return false;
    }
    made.pid = pid;
    made.wake_at_ms = fetcher.pid != 0 ? fetcher.wake_at_ms : NEVER;
    fetcher = made;
    restart_running();
    arm_timer();
    if (tv_queue_has_queued())
        wake_by(tv_clock_steady_ms());
    return true;
}

// Queued transfers may start in the next step, and no event of a socket announces that.
static void wake_queued(void) {
    if (tv_queue_has_queued())
        tv_fetcher_wake_by(tv_clock_steady_ms());
}

static void stop_running(struct tv_fetch *fetch) {
    if (fetch->easy) {
        curl_multi_remove_handle(fetcher.multi, fetch->easy);
        curl_easy_cleanup(fetch->easy);
        fetch->easy = NULL;
    }
    drop_tls(fetch);
}

static void end_fetch(struct tv_fetch *fetch, CURLcode code) {
    struct tv_fetch_result *result = &fetch->result;
    result->too_large = result->too_large || code == CURLE_FILESIZE_EXCEEDED;
    result->answered = code == CURLE_OK || result->too_large;
    if (result->answered)
        tv_fetch_read_answer(fetch);
    else
        tv_fetch_explain(fetch, code);
    stop_running(fetch);
    tv_queue_end(fetch);
}

static void start(struct tv_fetch *fetch) {
    tv_queue_start(fetch);
    fetch->easy = tv_fetch_open_easy(fetch);
    if (!fetch->easy || curl_multi_add_handle(fetcher.multi, fetch->easy) != CURLM_OK)
        end_fetch(fetch, CURLE_OUT_OF_MEMORY);
}

// False: the others have to wait for the next step, because libcurl works on all started transfers
// in one call.
static bool start_queue(bool urgent, int *started) {
    struct tv_fetch *next;
    while ((next = tv_queue_next(urgent))) {
        if ((*started)++ == STARTS_PER_STEP)
            return false;
        start(next);
    }
    return true;
}

static bool start_queued(void) {
    int started = 0;
    return start_queue(true, &started) && start_queue(false, &started);
}

static void collect_ended(void) {
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(fetcher.multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        char *fetch = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        end_fetch((struct tv_fetch *)(void *)fetch, message->data.result);
    }
}

// libcurl 7.88 gives up an address that does not answer, but tries the next one only at the next
// event of that transfer. Without a socket there is none, so the transfer would wait until it times
// out.
static void continue_without_socket(void) {
    bool any = false;
    for (struct tv_fetch *fetch = tv_queue_first_running(); fetch; fetch = fetch->next) {
        any = any || fetch->lost_socket;
        fetch->lost_socket = false;
    }
    int running;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations" // there is no other way to drive one
    if (any)
        curl_multi_socket_all(fetcher.multi, &running);
#pragma GCC diagnostic pop
}

static void collect_all_ended(void) {
    collect_ended();
    continue_without_socket();
    collect_ended();
}

// The interface

// Adds "name: value"; false without memory.
static bool add_header(struct curl_slist **headers, const char *name, const char *value) {
    if (!value)
        return true;
    size_t size = strlen(name) + 2 + strlen(value) + 1;
    char *line = malloc(size);
    struct curl_slist *grown = NULL;
    if (line) {
        snprintf(line, size, "%s: %s", name, value);
        grown = curl_slist_append(*headers, line);
    }
    free(line);
    if (grown)
        *headers = grown;
    return grown != NULL;
}

enum tv_status tv_fetch_start(const char *url, const struct tv_fetch_settings *settings,
                              const struct tv_validators *validators, void *owner,
                              struct tv_fetch **fetch, struct tv_detail *detail) {
    if (!set_up()) {
        detail->reason = TV_REASON_NETWORK;
        detail->network = TV_NETWORK_RESOURCES;
        detail->text = "this process has no descriptor or memory left for a fetch";
        return TV_KEY_SOURCE_UNAVAILABLE;
    }
    struct tv_fetch *made = calloc(1, sizeof *made);
    if (!made)
        return TV_NO_MEMORY;
    made->settings = *settings;
    made->owner = owner;
    made->url = strdup(url);
    if (!made->url ||
        (validators &&
         (!add_header(&made->headers, "If-None-Match", validators->etag) ||
          !add_header(&made->headers, "If-Modified-Since", validators->last_modified)))) {
        tv_fetch_free(made);
        return TV_NO_MEMORY;
    }
    tv_queue_add(made);
    tv_fetcher_wake_by(tv_clock_steady_ms());
    *fetch = made;
    return TV_OK;
}

void *tv_fetch_owner(const struct tv_fetch *fetch) { return fetch->owner; }

struct tv_fetch_result *tv_fetch_result(struct tv_fetch *fetch) {
    return &fetch->result; // lives as long as the fetch
}

void tv_fetch_free(struct tv_fetch *fetch) {
    if (!fetch)
        return;
    if (fetch->state != TV_FETCH_UNLISTED)
        set_up(); // so that a child's handles, not its parent's, are closed
    bool was_running = fetch->state == TV_FETCH_RUNNING;
    if (was_running)
        stop_running(fetch);
    tv_queue_remove(fetch);
    if (was_running)
        wake_queued();
    tv_header_clear(&fetch->header);
    free(fetch->body);
    tv_validators_clear(&fetch->result.validators);
    curl_slist_free_all(fetch->headers);
    free(fetch->url);
    free(fetch);
}

int tv_fetcher_descriptor(void) { return set_up() ? fetcher.epoll_fd : -1; }

static void run_timer_if_due(void) {
    int running;
    // libcurl may set the time-out to 0 again in this call. The loop is bounded, because the timer
    // is armed anyway.
    for (int i = 0; i < 8; i++) {
        if (fetcher.curl_deadline_ms == NEVER || fetcher.curl_deadline_ms > tv_clock_steady_ms())
            return;
        fetcher.curl_deadline_ms = NEVER;
        curl_multi_socket_action(fetcher.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static void handle_event(const struct epoll_event *event) {
    int running, what = 0;
    if (event->data.fd == fetcher.timer_fd) {
        drain_timer();
        return;
    }
    if (event->events & EPOLLIN)
        what |= CURL_CSELECT_IN;
    if (event->events & EPOLLOUT)
        what |= CURL_CSELECT_OUT;
    if (event->events & (EPOLLERR | EPOLLHUP))
        what |= CURL_CSELECT_ERR;
    curl_multi_socket_action(fetcher.multi, event->data.fd, what, &running);
}

// The next epoll_wait() reports the events that are not handled now.
static void handle_events(int64_t wait_ms, int64_t until_us) {
    struct epoll_event events[EVENTS_PER_STEP];
    int wait = tv_queue_first_ended() ? 0 : wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;
    int count = epoll_wait(fetcher.epoll_fd, events, EVENTS_PER_STEP, wait);
    if (wait > 0)
        until_us = now_us() + STEP_US; // waiting does not count as work
    for (int i = 0; i < count && (i == 0 || now_us() <= until_us); i++)
        handle_event(&events[i]);
}

void tv_fetcher_step(int64_t wait_ms) {
    if (!set_up())
        return;
    int64_t until_us = now_us() + STEP_US;
    ERR_set_mark(); // libcurl's TLS shares the queue with the server's
    tv_tls_begin_step();
    bool all_started = start_queued();
    run_timer_if_due();
    collect_all_ended();
    arm_timer();
    handle_events(all_started ? wait_ms : 0, until_us);
    run_timer_if_due();
    collect_all_ended();
    all_started = all_started && start_queued();
    if (fetcher.wake_at_ms != NEVER && fetcher.wake_at_ms <= tv_clock_steady_ms())
        fetcher.wake_at_ms = NEVER; // this step was for it
    if (!all_started)
        tv_fetcher_wake_by(tv_clock_steady_ms());
    arm_timer();
    ERR_pop_to_mark();
}

void tv_fetcher_wake_by(int64_t time_ms) {
    if (set_up())
        wake_by(time_ms);
}

bool tv_fetcher_has_ended(void) { return tv_queue_first_ended() != NULL; }

struct tv_fetch *tv_fetcher_take_ended(void) {
    struct tv_fetch *fetch = tv_queue_first_ended();
    if (fetch)
        tv_queue_remove(fetch);
    return fetch;
}

void tv_fetcher_limit(size_t limit) {
    tv_queue_limit(limit);
    wake_queued();
}
