// SPDX-License-Identifier: MIT
// The header of an HTTP answer, line by line.
#include "fuzz.h"

#include "net/fetch_header.h"

// Nothing that was not in a line of that name is given, and it ends with a NUL.
static void check_values(const struct tv_header *header, size_t given) {
    for (enum tv_field field = TV_FIELD_NONE + 1; field < TV_FIELDS; field++) {
        struct tv_span value = tv_header_value(header, field);
        MUST(value.data || value.length == 0);
        MUST(value.length <= given && (!value.data || value.data[value.length] == '\0'));
        fuzz_read_span(value);
    }
}

// What is sent back is no more than one line.
static void check_validator(struct tv_header *header, enum tv_field field) {
    char *text = tv_header_take_validator(header, field);
    if (!text)
        return;
    MUST(text[0] != '\0' && strlen(text) <= TV_HEADER_MAX_VALIDATOR);
    MUST(!strpbrk(text, "\r\n\t\x7f"));
    MUST(!tv_header_value(header, field).data);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_header header = {0};
    size_t given = 0, lines = 0;
    const char *problem = NULL;
    while (size > 0 && !problem) {
        const uint8_t *start = data;
        fuzz_line(&data, &size);
        struct tv_span line = fuzz_copy(start, (size_t)(data - start));
        given += line.length;
        lines++;
        problem = tv_header_add(&header, line.data, line.length);
        free((char *)line.data);
        MUST(problem || (given <= TV_HEADER_MAX_LENGTH && lines <= TV_HEADER_MAX_LINES));
        check_values(&header, given);
    }
    check_validator(&header, TV_FIELD_ETAG);
    check_validator(&header, TV_FIELD_LAST_MODIFIED);
    tv_header_clear(&header);
    check_values(&header, 0);
    return 0;
}
