// SPDX-License-Identifier: MIT
// The room that Jitsi's page makes of a name in its address. Unicode's tables are libunistring's.
#include "token/page_room.h"

#include <stdint.h>
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include <unistr.h>

struct text {
    uint8_t *bytes;
    size_t length;
};

// decodeURIComponent(): decodes everything into `out`, or fails and leaves the text as it is.
static bool decode(struct tv_span part, uint8_t *out, size_t *length) {
    size_t count = 0;
    for (size_t i = 0; i < part.length; i++) {
        if (part.data[i] != '%') {
            out[count++] = (uint8_t)part.data[i];
            continue;
        }
        if (part.length - i < 3)
            return false;
        int byte = tv_hex_byte(part.data + i + 1);
        if (byte < 0)
            return false;
        out[count++] = (uint8_t)byte;
        i += 2;
    }
    *length = count;
    return u8_check(out, count) == NULL;
}

// The same text in NFKC and in lower case, in memory that the caller frees.
static enum tv_status fold(const uint8_t *bytes, size_t length, struct text *out) {
    struct text normal;
    normal.bytes = u8_normalize(UNINORM_NFKC, bytes, length, NULL, &normal.length);
    if (normal.bytes == NULL)
        return TV_NO_MEMORY;
    // Without a language and without another normalization, like toLowerCase().
    out->bytes = u8_tolower(normal.bytes, normal.length, NULL, NULL, NULL, &out->length);
    free(normal.bytes);
    return out->bytes == NULL ? TV_NO_MEMORY : TV_OK;
}

// Whether encodeURIComponent() leaves this byte as it is; upper case is gone already.
static bool is_plain(uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c != 0 && strchr("-_.!~*'()", c));
}

static enum tv_status encode(const struct text *text, char name[TV_PAGE_ROOM_MAX], size_t *length) {
    static const char digits[] = "0123456789abcdef";
    size_t count = 0;
    for (size_t i = 0; i < text->length; i++) {
        uint8_t c = text->bytes[i];
        size_t size = is_plain(c) ? 1 : 3;
        if (TV_PAGE_ROOM_MAX - count < size)
            return TV_ROOM_INVALID;
        if (size == 1) {
            name[count++] = (char)c;
            continue;
        }
        name[count++] = '%';
        name[count++] = digits[c >> 4];
        name[count++] = digits[c & 15];
    }
    *length = count;
    return TV_OK;
}

enum tv_status tv_page_room(struct tv_span part, char name[TV_PAGE_ROOM_MAX], size_t *length) {
    if (part.length == 0 || part.length > TV_PAGE_ROOM_PART_MAX ||
        u8_check((const uint8_t *)part.data, part.length) != NULL)
        return TV_ROOM_INVALID;
    uint8_t *decoded = malloc(part.length);
    if (decoded == NULL)
        return TV_NO_MEMORY;
    size_t decoded_length;
    if (!decode(part, decoded, &decoded_length)) {
        memcpy(decoded, part.data, part.length);
        decoded_length = part.length;
    }
    struct text folded = {.bytes = NULL};
    enum tv_status status = fold(decoded, decoded_length, &folded);
    free(decoded);
    if (status == TV_OK)
        status = encode(&folded, name, length);
    free(folded.bytes);
    return status;
}
