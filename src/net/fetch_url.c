// SPDX-License-Identifier: MIT
// Whether a URL can be asked, and how it is shown.
#include "net/fetch.h"

#include <curl/curl.h>
#include <stdlib.h>

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
        // libcurl says "Bad scheme" to a URL that has none.
        detail->text = code == CURLUE_BAD_SCHEME || code == CURLUE_UNSUPPORTED_SCHEME
                           ? "it does not begin with https:// or http://"
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
