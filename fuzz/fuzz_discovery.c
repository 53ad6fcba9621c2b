// SPDX-License-Identifier: MIT
// An OpenID provider's configuration: the issuer on the first line, the document on the others.
#include "fuzz.h"

#include "store/discovery.h"

#include <strings.h>

static bool is_https(const char *url) { return strncasecmp(url, "https://", 8) == 0; }

static void check_address(const char *issuer) {
    char *url = tv_discovery_url(issuer);
    MUST(url);
    static const char path[] = "/.well-known/openid-configuration";
    size_t length = strlen(url), path_length = sizeof path - 1;
    MUST(length >= path_length && strcmp(url + length - path_length, path) == 0);
    size_t kept = length - path_length;
    MUST(strncmp(url, issuer, kept) == 0 && (kept == 0 || url[kept - 1] != '/'));
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_span line = fuzz_line(&data, &size);
    char *issuer = fuzz_malloc(line.length + 1);
    if (line.length > 0)
        memcpy(issuer, line.data, line.length);
    issuer[line.length] = '\0';
    check_address(issuer);

    struct tv_span text = fuzz_copy(data, size);
    struct tv_detail detail = {0};
    char *url = NULL;
    enum tv_status status = tv_discovery_read(text.data, text.length, issuer, &url, &detail);
    free((char *)text.data);
    MUST(status == TV_OK || (status == TV_KEY_UNUSABLE && !url));
    if (status == TV_OK)
        MUST(url && (is_https(url) || !is_https(issuer)));
    else
        fuzz_read_detail(status, &detail);
    free(url);
    free(issuer);
    return 0;
}
