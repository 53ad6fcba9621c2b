// SPDX-License-Identifier: MIT
// OpenID providers' configurations: which are taken, and where they are asked for.
#include "check.h"

#include "store/discovery.h"

static const struct {
    const char *issuer, *url;
} urls[] = {
    {"https://sso.example", "https://sso.example/.well-known/openid-configuration"},
    {"https://sso.example/", "https://sso.example/.well-known/openid-configuration"},
    {"https://sso.example//", "https://sso.example/.well-known/openid-configuration"},
    {"https://sso.example/realms/meet",
     "https://sso.example/realms/meet/.well-known/openid-configuration"},
    {"https://sso.example:8443/realms/meet/",
     "https://sso.example:8443/realms/meet/.well-known/openid-configuration"},
    {"/", "/.well-known/openid-configuration"},
    {"", "/.well-known/openid-configuration"},
};

#define ANOTHER "it names another issuer"
#define NO_ISSUER "it has no issuer"
#define NO_URI "it has no jwks_uri"
#define NO_URL "its jwks_uri is no URL"
#define NO_HTTPS "its jwks_uri is not https"
#define NO_OBJECT "it is not a JSON object"

// clang-format off
// `words` NULL: taken, with `url`.
static const struct {
    const char *issuer, *text, *url, *words;
} cases[] = {
    {"https://a",
     "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://b/set\"}", "https://b/set", NULL},
    {"https://a",
     " {\"x\":[{}],\"jwks_uri\":\"https://b/set\",\"issuer\":\"https://a\"}\n",
     "https://b/set", NULL},
    {"https://a",
     "{\"issuer\":\"https:\\/\\/a\",\"jwks_uri\":\"https://b/\\u0073et\"}", "https://b/set", NULL},
    {"http://a", "{\"issuer\":\"http://a\",\"jwks_uri\":\"http://a/set\"}", "http://a/set", NULL},
    {"http://a", "{\"issuer\":\"http://a\",\"jwks_uri\":\"https://a/set\"}", "https://a/set", NULL},

    // Schemes are without case.
    {"HTTPS://a", "{\"issuer\":\"HTTPS://a\",\"jwks_uri\":\"http://a/set\"}", NULL, NO_HTTPS},
    {"HTTPS://a",
     "{\"issuer\":\"HTTPS://a\",\"jwks_uri\":\"httpS://a/set\"}", "httpS://a/set", NULL},

    // The issuer, to the letter (OpenID Connect Discovery 1.0 section 4.3).
    {"https://a", "{\"issuer\":\"https://a/\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a/", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a/",
     "{\"issuer\":\"https://a/\",\"jwks_uri\":\"https://a/set\"}", "https://a/set", NULL},
    {"https://a", "{\"issuer\":\"https://A\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a", "{\"issuer\":\"http://a\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a", "{\"issuer\":\"https://ab\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a",
     "{\"issuer\":\"https://a\\u0000\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a", "{\"issuer\":\"\",\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a", "{\"issuer\":[\"https://a\"],\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a", "{\"issuer\":null,\"jwks_uri\":\"https://a/set\"}", NULL, ANOTHER},
    {"https://a", "{\"Issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\"}", NULL, NO_ISSUER},
    {"https://a", "{\"jwks_uri\":\"https://a/set\"}", NULL, NO_ISSUER},
    {"https://a", "{}", NULL, NO_ISSUER},

    // The set.
    {"https://a", "{\"issuer\":\"https://a\"}", NULL, NO_URI},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":null}", NULL, NO_URI},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":7}", NULL, NO_URI},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":[\"https://a/set\"]}", NULL, NO_URI},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":{}}", NULL, NO_URI},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\\u0000\"}", NULL, NO_URL},
    {"http://a", "{\"issuer\":\"http://a\",\"jwks_uri\":\"\\u0000\"}", NULL, NO_URL},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"http://a/set\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"file:///etc/passwd\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\" https://a/set\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"/set\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://b\"}", "https://b", NULL},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https:/set\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https:/:set\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"h\"}", NULL, NO_HTTPS},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"\"}", NULL, NO_HTTPS},

    // No configuration at all.
    {"https://a", "", NULL, NO_OBJECT},
    {"https://a", "<html>", NULL, NO_OBJECT},
    {"https://a", "[]", NULL, NO_OBJECT},
    {"https://a", "\"https://a\"", NULL, NO_OBJECT},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\"", NULL, NO_OBJECT},
    {"https://a", "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\"}}", NULL, NO_OBJECT},
    {"https://a",
     "{\"issuer\":\"https://a\",\"jwks_uri\":\"https://a/set\",\"jwks_uri\":\"https://b/set\"}",
     NULL, NO_OBJECT},
};
// clang-format on

static void test_cases(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *name = cases[i].text;
        struct tv_span text = guard_copy(GUARD_JSON, name, strlen(name));
        size_t size = strlen(cases[i].issuer) + 1;
        struct tv_span issuer = guard_copy(GUARD_TOKEN, cases[i].issuer, size);
        char *url = NULL;
        struct tv_detail detail = {0};
        CHECK_STATUS(cases[i].words ? TV_KEY_UNUSABLE : TV_OK,
                     tv_discovery_read(text.data, text.length, issuer.data, &url, &detail), name);
        CHECK_TEXT(cases[i].url, url, name);
        CHECK_TEXT(cases[i].words, detail.text, name);
        CHECK_NUMBER(cases[i].words ? TV_REASON_DISCOVERY : TV_REASON_NONE, detail.reason, name);
        CHECK(!detail.subject && detail.number == 0, name);
        free(url);
    }
}

int main(void) {
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        size_t size = strlen(urls[i].issuer) + 1;
        char *url = tv_discovery_url(guard_copy(GUARD_TOKEN, urls[i].issuer, size).data);
        CHECK_TEXT(urls[i].url, url, urls[i].issuer);
        free(url);
    }
    test_cases();
    CHECK_NUMBER(65536, TV_DISCOVERY_MAX_LENGTH, "longest configuration");
    return check_report("test_discovery");
}
