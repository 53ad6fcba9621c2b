// SPDX-License-Identifier: MIT
// libcurl's multi interface on one epoll set with one timer, one of each in the process.
#include "fetch.h"

#include "clock.h"
#include "plain_file.h"
#include "version.h"

#include <assert.h>
#include <curl/curl.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define DEFAULT_CA_PATH "/etc/ssl/certs"
#define EVENTS_PER_STEP 4 // others of the loop get their turn in between
#define NEVER (-1)
#define BEARER_TOKEN_MAX 16384

enum state { UNLISTED, QUEUED, RUNNING, ENDED };

struct tv_fetch {
    enum state state;
    CURL *easy; // while running
    char *url;
    struct tv_fetch_settings settings;
    struct curl_slist *headers;
    void *owner;
    char *body;
    size_t body_size;
    size_t header_length; // so far: of the answer, of those before it, and of trailers
    char *cache_control, *age;
    struct tv_fetch_result result;
    struct tv_fetch *next;
};

struct list {
    struct tv_fetch *first, *last;
};

static struct fetcher {
    pid_t pid; // 0: not set up
    int epoll_fd;
    int timer_fd;
    CURLM *multi;
    struct list queued, running, ended;
    size_t running_count, queued_count;
    int64_t curl_deadline_ms;
    int64_t wake_at_ms;
    int64_t armed_ms; // what the timer is set to
} fetcher;

static size_t max_running = TV_FETCH_MAX_RUNNING;

// Lists

static void list_append(struct list *list, struct tv_fetch *fetch) {
    fetch->next = NULL;
    *(list->last ? &list->last->next : &list->first) = fetch;
    list->last = fetch;
}

static void list_remove(struct list *list, struct tv_fetch *fetch) {
    struct tv_fetch *before = NULL;
    for (struct tv_fetch *at = list->first; at != fetch; at = at->next) {
        assert(at);
        before = at;
    }
    *(before ? &before->next : &list->first) = fetch->next;
    if (list->last == fetch)
        list->last = before;
}

// NULL if the list is empty.
static struct tv_fetch *list_take(struct list *list) {
    struct tv_fetch *fetch = list->first;
    if (fetch)
        list_remove(list, fetch);
    return fetch;
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
    (void)easy, (void)unused, (void)known;
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

static curl_socket_t open_socket(void *unused, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
    (void)unused, (void)purpose;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// libcurl keeps every line of header, and bounds neither answers like 103 nor trailers.
static size_t on_header(const char *bytes, size_t size, size_t count, void *argument) {
    (void)bytes;
    struct tv_fetch *fetch = argument;
    size_t length = size * count;
    fetch->header_length += length;
    if (fetch->header_length <= TV_FETCH_MAX_HEADER)
        return length;
    fetch->result.error = "the header of its answer is longer than 64 KiB";
    return CURL_WRITEFUNC_ERROR;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *argument) {
    struct tv_fetch *fetch = argument;
    size_t length = size * count, held = fetch->result.body.length;
    if (length > fetch->settings.max_bytes - held) {
        fetch->result.too_large = true;
        return CURL_WRITEFUNC_ERROR;
    }
    if (held + length > fetch->body_size) {
        size_t wanted = (held + length) * 2;
        char *grown = realloc(fetch->body, wanted);
        if (!grown)
            return CURL_WRITEFUNC_ERROR;
        fetch->body = grown;
        fetch->body_size = wanted;
    }
    memcpy(fetch->body + held, bytes, length);
    fetch->result.body = (struct tv_span){fetch->body, held + length};
    return length;
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
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)TV_FETCH_MAX_HOST_CONNECTIONS);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)TV_FETCH_MAX_RUNNING);
    return multi;
}

// After a fork, what was under way starts again in the child with handles of its own. The inherited
// ones are left as they are: their sockets and the epoll set are the parent's too, and closing a
// TLS connection would write to it.
static void adopt_fetches(struct list *inherited) {
    struct tv_fetch *fetch;
    while ((fetch = list_take(inherited))) {
        fetch->state = QUEUED;
        fetch->easy = NULL;
        fetch->header_length = 0;
        fetch->result = (struct tv_fetch_result){0};
        list_append(&fetcher.queued, fetch);
        fetcher.queued_count++;
    }
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
    struct fetcher inherited = fetcher;
    fetcher = made;
    fetcher.wake_at_ms = inherited.pid != 0 ? inherited.wake_at_ms : NEVER;
    fetcher.ended = inherited.ended;
    adopt_fetches(&inherited.running);
    adopt_fetches(&inherited.queued);
    arm_timer();
    return true;
}

// One transfer

static void set_tls(CURL *easy, const struct tv_fetch_settings *settings) {
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    // Never both: the distribution's default of both loads the whole bundle for every connection.
    const char *path = settings->ca_path || settings->ca_file ? settings->ca_path : DEFAULT_CA_PATH;
    curl_easy_setopt(easy, CURLOPT_CAINFO, path ? NULL : settings->ca_file);
    curl_easy_setopt(easy, CURLOPT_CAPATH, path);
}

// False if the credentials that were asked for cannot be had: never a request without them.
static bool set_credentials(CURL *easy, const struct tv_fetch_settings *settings) {
    curl_easy_setopt(easy, CURLOPT_PROXY, settings->proxy ? settings->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    if (settings->client_cert)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, settings->client_cert);
    if (settings->client_key)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, settings->client_key);
    if (!settings->bearer_token_file)
        return true;
    char token[BEARER_TOKEN_MAX];
    bool found = tv_plain_file_read_line(settings->bearer_token_file, token, sizeof token);
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
    curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, token);
    OPENSSL_cleanse(token, sizeof token);
    return found;
}

static void set_limits(CURL *easy, const struct tv_fetch_settings *settings) {
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if LIBCURL_VERSION_NUM >= 0x075700
    // Or closing a handle during a slow DNS look-up waits for its thread.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)settings->max_bytes);
}

// Words for a file that OpenSSL would wait for, or NULL.
static const char *find_odd_file(const struct tv_fetch_settings *settings) {
    if (settings->ca_file && tv_plain_file_is_other(settings->ca_file))
        return "the file with the CA certificates is no plain file";
    if (settings->client_cert && tv_plain_file_is_other(settings->client_cert))
        return "the file with the client's certificate is no plain file";
    if (settings->client_key && tv_plain_file_is_other(settings->client_key))
        return "the file with the client's key is no plain file";
    return NULL;
}

static CURL *open_easy(struct tv_fetch *fetch) {
    fetch->result.error = find_odd_file(&fetch->settings);
    CURL *easy = fetch->result.error ? NULL : curl_easy_init();
    if (!easy)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_URL, fetch->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "prosody-token-verifier/" TV_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers);
    set_limits(easy, &fetch->settings);
    set_tls(easy, &fetch->settings);
    if (set_credentials(easy, &fetch->settings))
        return easy;
    fetch->result.error = "the file with the bearer token cannot be read";
    curl_easy_cleanup(easy);
    return NULL;
}

static char *header_copy(CURL *easy, const char *name) {
    struct curl_header *header;
    // The field may stand more than once; its lines are one list (RFC 9110 section 5.3).
    char *joined = NULL;
    size_t amount = 1;
    for (size_t i = 0; i < amount; i++) {
        if (curl_easy_header(easy, name, i, CURLH_HEADER, -1, &header) != CURLHE_OK)
            break;
        amount = header->amount;
        size_t held = joined ? strlen(joined) : 0, length = strlen(header->value);
        char *grown = realloc(joined, held + length + 2);
        if (!grown)
            break;
        joined = grown;
        if (held > 0)
            joined[held++] = ',';
        memcpy(joined + held, header->value, length + 1);
    }
    return joined;
}

static int64_t header_date(CURL *easy, const char *name, bool *found) {
    struct curl_header *header;
    *found = curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &header) == CURLHE_OK;
    return *found ? (int64_t)curl_getdate(header->value, NULL) : -1;
}

static void read_answer(struct tv_fetch *fetch) {
    struct tv_http_fields *fields = &fetch->result.fields;
    bool has_date;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &fetch->result.http_status);
    fetch->cache_control = header_copy(fetch->easy, "Cache-Control");
    fetch->age = header_copy(fetch->easy, "Age");
    if (fetch->cache_control)
        fields->cache_control = tv_span_of(fetch->cache_control);
    if (fetch->age)
        fields->age = tv_span_of(fetch->age);
    fields->expires_s = header_date(fetch->easy, "Expires", &fields->has_expires);
    fields->date_s = header_date(fetch->easy, "Date", &has_date);
    fetch->result.validators.etag = header_copy(fetch->easy, "ETag");
    fetch->result.validators.last_modified = header_copy(fetch->easy, "Last-Modified");
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    fetch->result.retry_after_s = (int64_t)retry_after_s;
}

static const char *error_text(CURL *easy, CURLcode code) {
    long verified = X509_V_OK;
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    // libcurl compares the name itself, before it asks OpenSSL for what it makes of the chain.
    if (verified == X509_V_ERR_UNSPECIFIED)
        return "the certificate is for another host name";
    return verified != X509_V_OK ? X509_verify_cert_error_string(verified)
                                 : curl_easy_strerror(code);
}

static void close_easy(struct tv_fetch *fetch) {
    if (!fetch->easy)
        return;
    curl_multi_remove_handle(fetcher.multi, fetch->easy);
    curl_easy_cleanup(fetch->easy);
    fetch->easy = NULL;
}

static void end_fetch(struct tv_fetch *fetch, CURLcode code) {
    struct tv_fetch_result *result = &fetch->result;
    result->too_large = result->too_large || code == CURLE_FILESIZE_EXCEEDED;
    result->answered = code == CURLE_OK || result->too_large;
    if (result->answered)
        read_answer(fetch);
    else if (!result->error)
        result->error = error_text(fetch->easy, code);
    close_easy(fetch);
    list_remove(&fetcher.running, fetch);
    fetcher.running_count--;
    fetch->state = ENDED;
    list_append(&fetcher.ended, fetch);
}

static void start_queued(void) {
    while (fetcher.queued.first && fetcher.running_count < max_running) {
        struct tv_fetch *fetch = list_take(&fetcher.queued);
        fetcher.queued_count--;
        list_append(&fetcher.running, fetch);
        fetcher.running_count++;
        fetch->state = RUNNING;
        fetch->easy = open_easy(fetch);
        if (!fetch->easy || curl_multi_add_handle(fetcher.multi, fetch->easy) != CURLM_OK)
            end_fetch(fetch, CURLE_OUT_OF_MEMORY);
    }
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

// The interface

enum tv_status tv_fetch_check_url(const char *url, char **printable, struct tv_detail *detail) {
    enum tv_status status = TV_NO_MEMORY;
    char *scheme = NULL, *text = NULL, *copy = NULL;
    CURLU *parsed = curl_url();
    if (!parsed)
        return status;
    CURLUcode code = curl_url_set(parsed, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    if (code == CURLUE_OK)
        code = curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0);
    if (code == CURLUE_OK && strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)
        code = CURLUE_UNSUPPORTED_SCHEME;
    if (code != CURLUE_OK) {
        detail->reason = TV_REASON_NETWORK;
        detail->text = curl_url_strerror(code);
        status = TV_KEY_SOURCE_UNAVAILABLE;
        goto out;
    }
    curl_url_set(parsed, CURLUPART_USER, NULL, 0);
    curl_url_set(parsed, CURLUPART_PASSWORD, NULL, 0);
    curl_url_set(parsed, CURLUPART_QUERY, NULL, 0);
    if (curl_url_get(parsed, CURLUPART_URL, &text, 0) != CURLUE_OK)
        goto out;
    copy = strdup(text);
    if (copy) {
        *printable = copy;
        status = TV_OK;
    }
out:
    curl_free(text);
    curl_free(scheme);
    curl_url_cleanup(parsed);
    return status;
}

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
    made->state = QUEUED;
    list_append(&fetcher.queued, made);
    fetcher.queued_count++;
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
    if (fetch->state != UNLISTED)
        set_up(); // so that a child's handles, not its parent's, are closed
    if (fetch->state == RUNNING) {
        close_easy(fetch);
        list_remove(&fetcher.running, fetch);
        fetcher.running_count--;
    } else if (fetch->state == QUEUED) {
        list_remove(&fetcher.queued, fetch);
        fetcher.queued_count--;
    } else if (fetch->state == ENDED) {
        list_remove(&fetcher.ended, fetch);
    }
    free(fetch->age);
    free(fetch->cache_control);
    free(fetch->body);
    tv_validators_clear(&fetch->result.validators);
    curl_slist_free_all(fetch->headers);
    free(fetch->url);
    free(fetch);
}

int tv_fetcher_descriptor(void) { return set_up() ? fetcher.epoll_fd : -1; }

static void run_timer_if_due(void) {
    int running;
    // libcurl may ask for "at once" again from inside; bounded, as the timer is armed anyway.
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

void tv_fetcher_step(int64_t wait_ms) {
    if (!set_up())
        return;
    struct epoll_event events[EVENTS_PER_STEP];
    ERR_set_mark(); // libcurl's TLS shares the queue with the server's
    start_queued();
    run_timer_if_due();
    collect_ended();
    arm_timer();
    int wait = fetcher.ended.first ? 0 : wait_ms > INT32_MAX ? INT32_MAX : (int)wait_ms;
    int count = epoll_wait(fetcher.epoll_fd, events, EVENTS_PER_STEP, wait);
    for (int i = 0; i < count; i++)
        handle_event(&events[i]);
    run_timer_if_due();
    collect_ended();
    start_queued();
    if (fetcher.wake_at_ms != NEVER && fetcher.wake_at_ms <= tv_clock_steady_ms())
        fetcher.wake_at_ms = NEVER; // this was it
    arm_timer();
    ERR_pop_to_mark();
}

void tv_fetcher_wake_by(int64_t time_ms) {
    if (!set_up() || (fetcher.wake_at_ms != NEVER && fetcher.wake_at_ms <= time_ms))
        return;
    fetcher.wake_at_ms = time_ms;
    arm_timer();
}

struct tv_fetch *tv_fetcher_take_ended(void) {
    struct tv_fetch *fetch = list_take(&fetcher.ended);
    if (fetch)
        fetch->state = UNLISTED;
    return fetch;
}

void tv_fetcher_limit(size_t limit) {
    max_running = limit < TV_FETCH_MAX_RUNNING ? limit : TV_FETCH_MAX_RUNNING;
}

size_t tv_fetcher_running(void) { return fetcher.running_count + fetcher.queued_count; }
