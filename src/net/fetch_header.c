// SPDX-License-Identifier: MIT
// Reads the needed fields of a header, line by line. Searching libcurl's own list of lines would
// take time that grows with the square of their number.
#include "net/fetch_header.h"

#include <stdlib.h>
#include <strings.h>

// A folded line counts as so many: libcurl copies the whole value again for each one.
#define FOLDED_COUNTS 8

// Lines of a list are one value (RFC 9110 section 5.3); of the others the first line counts.
static const struct {
    const char *name;
    bool is_list;
} known[TV_FIELDS] = {
    [TV_FIELD_AGE] = {"age", true},          [TV_FIELD_CACHE_CONTROL] = {"cache-control", true},
    [TV_FIELD_DATE] = {"date", false},       [TV_FIELD_ETAG] = {"etag", false},
    [TV_FIELD_EXPIRES] = {"expires", false}, [TV_FIELD_LAST_MODIFIED] = {"last-modified", false},
};

static bool is_named(struct tv_span text, const char *name) {
    return text.length == strlen(name) && strncasecmp(text.data, name, text.length) == 0;
}

static enum tv_field find_field(struct tv_span name) {
    for (enum tv_field field = TV_FIELD_NONE + 1; field < TV_FIELDS; field++)
        if (is_named(name, known[field].name))
            return field;
    return TV_FIELD_NONE;
}

static void drop_fields(struct tv_header *header) {
    for (enum tv_field field = TV_FIELD_NONE + 1; field < TV_FIELDS; field++) {
        free(header->texts[field]);
        header->texts[field] = NULL;
        header->lengths[field] = 0;
    }
    header->current = TV_FIELD_NONE;
}

// Appends to the value of a field, after `separator` if there is already a value.
static void append(struct tv_header *header, enum tv_field field, char separator,
                   struct tv_span text) {
    size_t held = header->lengths[field];
    bool separated = header->texts[field] != NULL;
    char *grown = realloc(header->texts[field], held + separated + text.length + 1);
    if (!grown)
        return;
    if (separated)
        grown[held++] = separator;
    memcpy(grown + held, text.data, text.length);
    grown[held + text.length] = '\0';
    header->texts[field] = grown;
    header->lengths[field] = held + text.length;
}

// libcurl before 8.7 decodes every transfer coding, also several layers, and a zlib layer can
// expand few bytes to very many.
static bool is_coded(struct tv_span name, struct tv_span value) {
    return is_named(name, "transfer-encoding") && !is_named(value, "chunked");
}

static const char *add_field(struct tv_header *header, const char *line, size_t length) {
    const char *colon = memchr(line, ':', length);
    header->current = TV_FIELD_NONE;
    if (!colon)
        return NULL;
    size_t before = (size_t)(colon - line);
    struct tv_span name = {line, before};
    struct tv_span value = tv_span_trim((struct tv_span){colon + 1, length - before - 1});
    enum tv_field field = find_field(name);
    if (is_coded(name, value))
        return "its answer has a Transfer-Encoding that nobody asked for";
    if (field == TV_FIELD_NONE || (header->texts[field] && !known[field].is_list))
        return NULL;
    header->current = field;
    append(header, field, ',', value);
    return NULL;
}

const char *tv_header_add(struct tv_header *header, const char *line, size_t length) {
    bool folded = line[0] == ' ' || line[0] == '\t';
    bool first = header->lines == 0;
    header->length += length;
    header->lines += folded ? FOLDED_COUNTS : 1;
    if (header->length > TV_HEADER_MAX_LENGTH)
        return "the header of its answer is longer than 64 KiB";
    if (header->lines > TV_HEADER_MAX_LINES)
        return "the header of its answer has more than 256 lines";
    bool starts = (first || header->ended) && length >= 5 &&
                  memcmp(line, "HTTP/", 5) == 0; // a new header: the last was a 103, or the proxy's
    if (starts) {
        header->ended = false;
        drop_fields(header);
    } else if (header->ended) {
        return NULL; // trailers say nothing here (RFC 9110 section 6.5.1)
    } else if (tv_span_trim((struct tv_span){line, length}).length == 0) {
        header->ended = true;
    } else if (!folded) {
        return add_field(header, line, length);
    } else if (header->current != TV_FIELD_NONE) { // RFC 9112 section 5.2: as if by a space
        append(header, header->current, ' ', tv_span_trim((struct tv_span){line, length}));
    }
    return NULL;
}

struct tv_span tv_header_value(const struct tv_header *header, enum tv_field field) {
    return (struct tv_span){header->texts[field], header->lengths[field]};
}

char *tv_header_take_validator(struct tv_header *header, enum tv_field field) {
    char *text = header->texts[field];
    if (!text || text[0] == '\0' || header->lengths[field] > TV_HEADER_MAX_VALIDATOR)
        return NULL;
    // We send validators back, and some servers take a carriage return for the end of a line.
    for (size_t i = 0; i < header->lengths[field]; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return NULL;
    header->texts[field] = NULL;
    header->lengths[field] = 0;
    return text;
}

void tv_header_clear(struct tv_header *header) {
    drop_fields(header);
    *header = (struct tv_header){0};
}
