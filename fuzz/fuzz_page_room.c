// SPDX-License-Identifier: MIT
// Names of rooms in addresses: whatever the text, the name is one that an address may end with.
#include "fuzz.h"

#include "token/page_room.h"

static bool is_plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-_.!~*'()", c));
}

static bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Whether it is what encodeURIComponent() writes, in lower case.
static bool is_encoded(const char *name, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (is_plain(name[i]))
            continue;
        if (name[i] != '%' || length - i < 3 || !is_digit(name[i + 1]) || !is_digit(name[i + 2]))
            return false;
        i += 2;
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_span part = fuzz_copy(data, size);
    char *name = fuzz_malloc(TV_PAGE_ROOM_MAX), *again = fuzz_malloc(TV_PAGE_ROOM_MAX);
    size_t length = 0, again_length = 0;
    enum tv_status status = tv_page_room(part, name, &length);
    MUST(status == TV_OK || status == TV_ROOM_INVALID);
    MUST(size > 0 || status == TV_ROOM_INVALID);
    if (status == TV_OK) {
        MUST(length > 0 && length <= TV_PAGE_ROOM_MAX && is_encoded(name, length));
        // Every name can be in an address itself; without encoding it stays as it is.
        status = tv_page_room((struct tv_span){name, length}, again, &again_length);
        MUST(status == TV_OK || status == TV_ROOM_INVALID);
        if (!memchr(name, '%', length))
            MUST(status == TV_OK && again_length == length && memcmp(name, again, length) == 0);
    }
    free(again);
    free(name);
    free((char *)part.data);
    return 0;
}
