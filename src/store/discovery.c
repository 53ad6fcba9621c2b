// SPDX-License-Identifier: MIT
// Reads an OpenID provider's configuration.
#include "store/discovery.h"

#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define WELL_KNOWN "/.well-known/openid-configuration"

char *tv_discovery_url(const char *issuer) {
    size_t length = strlen(issuer);
    while (length > 0 && issuer[length - 1] == '/') // section 4.1: before the path is appended
        length--;
    size_t size = length + sizeof WELL_KNOWN;
    char *url = malloc(size);
    if (url)
        snprintf(url, size, "%.*s" WELL_KNOWN, (int)length, issuer);
    return url;
}

static bool is_https(struct tv_span url) {
    return url.length > 8 && strncasecmp(url.data, "https://", 8) == 0;
}

static enum tv_status fail(struct tv_detail *detail, const char *words) {
    *detail = (struct tv_detail){.reason = TV_REASON_DISCOVERY, .text = words};
    return TV_KEY_UNUSABLE;
}

static enum tv_status read_configuration(yyjson_val *configuration, const char *issuer, char **url,
                                         struct tv_detail *detail) {
    yyjson_val *own_name = tv_json_member(configuration, TV_SPAN("issuer"));
    yyjson_val *set = tv_json_member(configuration, TV_SPAN("jwks_uri"));
    if (!own_name)
        return fail(detail, "it has no issuer");
    if (!yyjson_is_str(own_name) || !tv_span_equal(tv_json_string(own_name), tv_span_of(issuer))) {
        fail(detail, "it names another issuer");
        tv_detail_set_found(detail, tv_json_string(own_name));
        return TV_KEY_UNUSABLE;
    }
    if (!yyjson_is_str(set))
        return fail(detail, "it has no jwks_uri");
    struct tv_span found = tv_json_string(set);
    if (memchr(found.data, '\0', found.length))
        return fail(detail, "its jwks_uri is no URL");
    if (is_https(tv_span_of(issuer)) && !is_https(found))
        return fail(detail, "its jwks_uri is not https");
    *url = strndup(found.data, found.length);
    return *url ? TV_OK : TV_NO_MEMORY;
}

enum tv_status tv_discovery_read(const char *text, size_t length, const char *issuer, char **url,
                                 struct tv_detail *detail) {
    struct tv_arena arena;
    yyjson_val *configuration;
    enum tv_status status = tv_json_parse_copy(
        text, length, TV_KEY_UNUSABLE, TV_SUBJECT_CONFIGURATION, &arena, &configuration, detail);
    if (status == TV_KEY_UNUSABLE)
        fail(detail, "it is not a JSON object");
    else if (status == TV_OK)
        status = read_configuration(configuration, issuer, url, detail);
    free(arena.memory);
    return status;
}
