// SPDX-License-Identifier: MIT
// Parts that sentences about failures have in common: numbers, quoted text, lists, JSON errors.
#include "lua/lua_sentence.h"

#include <assert.h>
#include <stdio.h>

void add_format(luaL_Buffer *out, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    luaL_addstring(out, text);
}

void add_number(luaL_Buffer *out, double number) {
    push_double(out->L, number);
    luaL_addvalue(out);
}

void add_byte(luaL_Buffer *out, char byte) {
    unsigned char c = (unsigned char)byte;
    if (c < 0x20 || c >= 0x7f)
        add_format(out, "\\x%02x", c);
    else
        luaL_addchar(out, byte);
}

void add_bytes(luaL_Buffer *out, struct tv_span text, bool is_cut) {
    assert(text.data || text.length == 0);
    luaL_addchar(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            luaL_addchar(out, '\\');
        add_byte(out, text.data[i]);
    }
    luaL_addstring(out, is_cut ? "...\"" : "\"");
}

void add_quoted(luaL_Buffer *out, struct tv_span text) {
    bool is_cut = text.length > TV_EXCERPT_MAX;
    add_bytes(out, (struct tv_span){text.data, is_cut ? TV_EXCERPT_MAX : text.length}, is_cut);
}

void add_found(luaL_Buffer *out, const struct tv_detail *detail) {
    add_bytes(out, tv_excerpt_span(&detail->found), detail->found.is_cut);
}

void add_expected(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->expected_count == 0) {
        luaL_addstring(out, "; none is accepted");
        return;
    }
    luaL_addstring(out, "; accepted: ");
    for (size_t i = 0; i < detail->expected_count && i < LISTED_MAX; i++) {
        if (i > 0)
            luaL_addstring(out, ", ");
        add_quoted(out, detail->expected[i]);
    }
    if (detail->expected_count > LISTED_MAX)
        luaL_addstring(out, ", ...");
}

void add_key_id(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->key_id.length == 0) {
        luaL_addstring(out, "a token without kid");
        return;
    }
    luaL_addstring(out, "kid ");
    add_quoted(out, detail->key_id);
}

void add_json_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    const char *name = tv_subject_name(detail->subject), *subject = name ? name : "text";
    switch (detail->reason) {
    case TV_REASON_EMPTY:
        add_format(out, "the %s is empty", subject);
        break;
    case TV_REASON_LENGTH:
        add_format(out, "the %s is %.0f bytes long; at most %.0f are read", subject, detail->number,
                   detail->limit);
        break;
    case TV_REASON_JSON:
        luaL_addstring(out, "the ");
        luaL_addstring(out, subject);
        luaL_addstring(out, " is not JSON: ");
        luaL_addstring(out, detail->text);
        luaL_addstring(out, " at byte ");
        add_number(out, detail->number);
        break;
    case TV_REASON_NOT_OBJECT:
        add_format(out, "the %s is a JSON %s where an object is expected", subject, detail->text);
        break;
    case TV_REASON_DUPLICATE:
        add_format(out, "the %s has the member ", subject);
        add_found(out, detail);
        luaL_addstring(out, " twice in one object");
        break;
    case TV_REASON_NOT_JSON:
        add_format(out, "the %s to be signed holds %s, which JSON does not have", subject,
                   detail->text);
        break;
    case TV_REASON_DEPTH:
        add_format(out, "the %s nests objects and arrays more than %.0f deep", subject,
                   detail->limit);
        break;
    default:
        add_format(out, "the %s is not a JSON object", subject);
    }
}
