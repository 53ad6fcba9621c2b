// SPDX-License-Identifier: MIT
// One transfer of libcurl: the request, the limits on the answer, and the result.
#include "net/fetch_internal.h"

#include "base/version.h"
#include "net/plain_file.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#define BEARER_TOKEN_MAX 16384
#define READ_AT_ONCE 2048 // on_progress() is called at the latest after 100 times as much
// Bytes that may come besides the body; half of the body's limit is added for chunk headers.
#define AROUND_MAX ((size_t)131072)
// Pieces of a body: so many of any size, plus one for each PIECE_MIN bytes of the body's limit.
#define PIECES_MAX 1024
#define PIECE_MIN 64
#define DATE_MAX 64 // the longest of the three date formats of HTTP has 33

static void fail(struct tv_fetch *fetch, enum tv_network network, const char *words) {
    fetch->result.network = network;
    fetch->result.error = words;
}

// What libcurl calls

static curl_socket_t open_socket(void *argument, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
    (void)purpose;
    struct tv_fetch *fetch = argument;
    int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (made < 0 && (errno == EMFILE || errno == ENFILE)) // libcurl would blame the server
        fail(fetch, TV_NETWORK_RESOURCES, "this process has no descriptor left");
    return made;
}

// libcurl keeps every line of header, and bounds neither answers like 103 nor trailers.
static size_t on_header(const char *bytes, size_t size, size_t count, void *argument) {
    struct tv_fetch *fetch = argument;
    fail(fetch, TV_NETWORK_BROKEN, tv_header_add(&fetch->header, bytes, size * count));
    return fetch->result.error ? CURL_WRITEFUNC_ERROR : size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *argument) {
    struct tv_fetch *fetch = argument;
    size_t length = size * count, held = fetch->result.body.length;
    if (++fetch->pieces > PIECES_MAX + fetch->settings.max_bytes / PIECE_MIN) {
        fail(fetch, TV_NETWORK_BROKEN, "its answer comes in far too many small pieces");
        return CURL_WRITEFUNC_ERROR;
    }
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

// All bytes that were received over a TCP connection; 0 if the socket is none.
static uint64_t received(int socket) {
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_bytes_received
                                                                        : 0;
}

void tv_fetch_record_socket(struct tv_fetch *fetch, int socket) {
    if (fetch->socket == socket)
        return;
    fetch->socket = socket;
    fetch->received_before = received(socket);
}

// libcurl does not limit bytes that are neither header nor body: chunk extensions, and messages of
// TLS itself.
static int on_progress(void *argument, curl_off_t to_come, curl_off_t come, curl_off_t to_go,
                       curl_off_t gone) {
    (void)to_come, (void)come, (void)to_go, (void)gone;
    struct tv_fetch *fetch = argument;
    size_t max_bytes = fetch->settings.max_bytes;
    if (fetch->socket == 0 ||
        received(fetch->socket) <= fetch->received_before + max_bytes + max_bytes / 2 + AROUND_MAX)
        return 0;
    fail(fetch, TV_NETWORK_TOO_LARGE, "it sends far more than its answer needs");
    return 1;
}

// Asking

// False if configured credentials cannot be read: no request is sent without them.
static bool set_credentials(CURL *easy, const struct tv_fetch_settings *settings) {
    curl_easy_setopt(easy, CURLOPT_PROXY, settings->proxy ? settings->proxy : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
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
    // Without this option, closing a handle waits for the thread of a slow DNS look-up.
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
    // If a kept connection has ended, libcurl sends the request again, but not over HTTP/2.
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)READ_AT_ONCE);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)settings->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)settings->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)settings->max_bytes);
}

CURL *tv_fetch_open_easy(struct tv_fetch *fetch) {
    CURL *easy = curl_easy_init();
    if (!easy)
        return NULL;
    curl_easy_setopt(easy, CURLOPT_URL, fetch->url);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "prosody-token-verifier/" TV_VERSION);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, fetch);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, fetch->headers);
    set_limits(easy, &fetch->settings);
    if (strncasecmp(fetch->url, "https:", 6) == 0)
        tv_tls_set(fetch, easy);
    if (!set_credentials(easy, &fetch->settings))
        fail(fetch, TV_NETWORK_CREDENTIALS, "the file with the bearer token cannot be read");
    if (!fetch->result.error)
        return easy;
    curl_easy_cleanup(easy);
    return NULL;
}

// The answer

static int64_t read_date(const struct tv_header *header, enum tv_field field) {
    struct tv_span text = tv_header_value(header, field);
    return text.length > 0 && text.length <= DATE_MAX ? (int64_t)curl_getdate(text.data, NULL) : -1;
}

void tv_fetch_read_answer(struct tv_fetch *fetch) {
    struct tv_header *header = &fetch->header;
    struct tv_fetch_result *result = &fetch->result;
    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &result->http_status);
    result->fields.cache_control = tv_header_value(header, TV_FIELD_CACHE_CONTROL);
    result->fields.age = tv_header_value(header, TV_FIELD_AGE);
    result->fields.has_expires = tv_header_value(header, TV_FIELD_EXPIRES).data != NULL;
    result->fields.expires_s = read_date(header, TV_FIELD_EXPIRES);
    result->fields.date_s = read_date(header, TV_FIELD_DATE);
    result->validators.etag = tv_header_take_validator(header, TV_FIELD_ETAG);
    result->validators.last_modified = tv_header_take_validator(header, TV_FIELD_LAST_MODIFIED);
    curl_off_t retry_after_s = 0;
    curl_easy_getinfo(fetch->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
    result->retry_after_s = (int64_t)retry_after_s;
}

// Other results of verifying a certificate are TV_NETWORK_TLS.
static const struct {
    long verdict;
    enum tv_network network;
} verdicts[] = {
    // libcurl compares the host name itself, before it asks OpenSSL for the result of the chain.
    {X509_V_ERR_UNSPECIFIED, TV_NETWORK_TLS_NAME},
    {X509_V_ERR_HOSTNAME_MISMATCH, TV_NETWORK_TLS_NAME},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, TV_NETWORK_TLS_NAME},
    {X509_V_ERR_CERT_HAS_EXPIRED, TV_NETWORK_TLS_EXPIRED},
    {X509_V_ERR_CERT_NOT_YET_VALID, TV_NETWORK_TLS_EXPIRED},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TV_NETWORK_TLS_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TV_NETWORK_TLS_AUTHORITY},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TV_NETWORK_TLS_AUTHORITY},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TV_NETWORK_TLS_AUTHORITY},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TV_NETWORK_TLS_AUTHORITY},
    {X509_V_ERR_CERT_UNTRUSTED, TV_NETWORK_TLS_AUTHORITY},
};

// Other codes of libcurl are TV_NETWORK_BROKEN.
static const struct {
    CURLcode code;
    enum tv_network network;
} codes[] = {
    {CURLE_COULDNT_RESOLVE_HOST, TV_NETWORK_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, TV_NETWORK_RESOLVE},
    {CURLE_COULDNT_CONNECT, TV_NETWORK_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, TV_NETWORK_TIMEOUT},
    {CURLE_PEER_FAILED_VERIFICATION, TV_NETWORK_TLS},
    {CURLE_SSL_CONNECT_ERROR, TV_NETWORK_TLS},
    {CURLE_SSL_CERTPROBLEM, TV_NETWORK_TLS},
    {CURLE_SSL_CIPHER, TV_NETWORK_TLS},
    {CURLE_SSL_CACERT_BADFILE, TV_NETWORK_TLS_AUTHORITY},
    {CURLE_OUT_OF_MEMORY, TV_NETWORK_RESOURCES},
    {CURLE_FAILED_INIT, TV_NETWORK_RESOURCES},
    {CURLE_URL_MALFORMAT, TV_NETWORK_URL},
};

static enum tv_network class_of(const struct tv_fetch *fetch, CURLcode code, long verdict) {
    for (size_t i = 0; i < sizeof verdicts / sizeof verdicts[0]; i++)
        if (verdicts[i].verdict == verdict)
            return verdicts[i].network;
    if (code == CURLE_SSL_CONNECT_ERROR && fetch->no_common_version)
        return TV_NETWORK_TLS_VERSION;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].network;
    return TV_NETWORK_BROKEN;
}

void tv_fetch_explain(struct tv_fetch *fetch, CURLcode code) {
    struct tv_fetch_result *result = &fetch->result;
    long verdict = X509_V_OK;
    if (result->error) // our own check has set it
        return;
    if (code == CURLE_PEER_FAILED_VERIFICATION)
        curl_easy_getinfo(fetch->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    result->network = class_of(fetch, code, verdict);
    if (verdict == X509_V_ERR_UNSPECIFIED)
        result->error = "the certificate is for another host name";
    else
        result->error = verdict != X509_V_OK ? X509_verify_cert_error_string(verdict)
                                             : curl_easy_strerror(code);
}
