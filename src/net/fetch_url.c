// SPDX-License-Identifier: MIT
// Checks URLs of sources, and removes passwords from them for messages.
#include "net/fetch.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

void tv_fetch_set_found(struct tv_detail *detail, const char *url) {
    const char *after_scheme = strstr(url, "://");
    const char *authority = after_scheme ? after_scheme + strlen("://") : url;
    size_t length = strcspn(authority, "/?#");
    const char *at = memrchr(authority, '@', length);
    if (!at) {
        tv_detail_set_found(detail, tv_span_of(url));
        return;
    }
    char shown[2 * TV_EXCERPT_MAX];
    int scheme = authority - url < 16 ? (int)(authority - url) : 0;
    int size = snprintf(shown, sizeof shown, "%.*s...%s", scheme, url, at);
    tv_detail_set_found(
        detail,
        (struct tv_span){shown, (size_t)size < sizeof shown ? (size_t)size : sizeof shown - 1});
}

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
        detail->network = TV_NETWORK_URL;
        // libcurl says "Bad scheme" to a URL that has none.
        bool no_scheme = code == CURLUE_BAD_SCHEME || code == CURLUE_UNSUPPORTED_SCHEME;
        detail->text = url[0] == '/' || strncasecmp(url, "file:", 5) == 0
                           ? "it is a path, and only a folder can be one: asap_key_server = "
                             "\"file:///FOLDER\""
                       : no_scheme ? "it does not begin with https:// or http://"
                                   : curl_url_strerror(code);
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
