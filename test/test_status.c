// SPDX-License-Identifier: MIT
// Every status has a code, an explanation and a case that produces it.
#include "check.h"

#include <ctype.h>

static bool is_kebab_case(const char *code) {
    if (!islower((unsigned char)code[0]))
        return false;
    for (const char *at = code; *at; at++)
        if (!islower((unsigned char)*at) && !(*at == '-' && islower((unsigned char)at[1])))
            return false;
    return true;
}

static bool is_one_line(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length <= 80 && !strpbrk(text, "\t\r\n") && text[0] != ' ' &&
           text[length - 1] != ' ' && text[length - 1] != '.';
}

// Whether no status before the index-th has its code or its explanation.
static bool is_distinct(int index) {
    enum tv_status status = (enum tv_status)index;
    for (int i = 0; i < index; i++)
        if (strcmp(tv_status_code(status), tv_status_code((enum tv_status)i)) == 0 ||
            strcmp(tv_status_explanation(status), tv_status_explanation((enum tv_status)i)) == 0)
            return false;
    return true;
}

// Whether `program` stands beside this one.
static bool is_built(const char *self, const char *program) {
    char path[4096];
    const char *slash = strrchr(self, '/');
    int folder = slash ? (int)(slash - self + 1) : 0;
    snprintf(path, sizeof path, "%.*s%s", folder, self, program);
    return access(path, X_OK) == 0;
}

static bool is_class(const char *class) {
    static const char *const classes[] = {"token", "claim", "key", "source", "internal"};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strcmp(classes[i], class) == 0)
            return true;
    return false;
}

int main(int count, char **arguments) {
    (void)count;
    for (int i = 0; i < TV_STATUS_COUNT; i++) {
        const char *code = tv_status_code((enum tv_status)i);
        const char *explanation = tv_status_explanation((enum tv_status)i);
        if (!check_that(code && explanation, __FILE__, __LINE__, "status %d has no text", i))
            continue;
        CHECK(is_kebab_case(code), code);
        CHECK(is_one_line(explanation), code);
        CHECK(is_distinct(i), code);
        CHECK(is_class(tv_status_class((enum tv_status)i)), code);
        const char *program = producer_of((enum tv_status)i);
        CHECK(is_built(arguments[0], program), program);
    }
    // Codes are API: operators' log filters and other plugins know these.
    CHECK_NUMBER(0, TV_OK, "TV_OK");
    CHECK_TEXT("ok", tv_status_code(TV_OK), "TV_OK");
    CHECK_TEXT("bad-signature", tv_status_code(TV_BAD_SIGNATURE), "TV_BAD_SIGNATURE");
    CHECK_TEXT("key-pending", tv_status_code(TV_KEY_PENDING), "TV_KEY_PENDING");
    CHECK_TEXT("token", tv_status_class(TV_BAD_SIGNATURE), "TV_BAD_SIGNATURE");
    CHECK_TEXT("source", tv_status_class(TV_KEY_PENDING), "TV_KEY_PENDING");
    CHECK_TEXT("not-yet-valid", tv_status_code(TV_NOT_YET_VALID), "TV_NOT_YET_VALID");
    return check_report("test_status");
}
